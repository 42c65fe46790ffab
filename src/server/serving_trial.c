#include "serving_trial.h"

#include <errno.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include <podfit/buf.h>
#include <podfit/limits.h>

/* A handshake takes three; more means that both wait for each other. */
#define ROUNDS_MAX 16
/* The chain, which may fill its limit, and the rest of a handshake. */
#define FLIGHT_MAX_BYTES (PF_CERT_PEM_MAX_BYTES + (size_t)64 * 1024)

/* A client or a server: what has come for it waits in `in`. */
struct side {
    struct side *peer;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    struct pf_buf in;
    size_t taken;
    int result; /* of the last step */
};

static ssize_t on_push(gnutls_transport_ptr_t opaque, const void *bytes, size_t len)
{
    const struct side *side = opaque;
    pf_buf_append(&side->peer->in, bytes, len);
    if (side->peer->in.failed != PF_OK) {
        gnutls_transport_set_errno(side->session, ENOMEM);
        return -1;
    }
    return (ssize_t)len;
}

static ssize_t on_pull(gnutls_transport_ptr_t opaque, void *bytes, size_t room)
{
    struct side *side = opaque;
    const size_t left = side->in.len - side->taken;
    const size_t len = left < room ? left : room;
    if (len == 0) {
        gnutls_transport_set_errno(side->session, EAGAIN);
        return -1;
    }
    memcpy(bytes, side->in.data + side->taken, len);
    side->taken += len;
    return (ssize_t)len;
}

/* NOLINTNEXTLINE(readability-function-size): GnuTLS fixes the parameters */
static int on_certificate(gnutls_session_t session, const gnutls_datum_t *issuers PF_UNUSED,
                          int issuer_count PF_UNUSED,
                          const gnutls_pk_algorithm_t *algorithms PF_UNUSED,
                          int algorithm_count PF_UNUSED, gnutls_pcert_st **ret_chain,
                          unsigned *ret_count, gnutls_privkey_t *ret_key)
{
    pf_serving_pair(gnutls_session_get_ptr(session), ret_chain, ret_count, ret_key);
    return 0;
}

/* @return 0 or an error of GnuTLS */
static int open_side(struct side *side, struct side *peer, unsigned role)
{
    side->peer = peer;
    side->result = GNUTLS_E_AGAIN;
    pf_buf_init(&side->in, FLIGHT_MAX_BYTES);
    int result = gnutls_certificate_allocate_credentials(&side->credentials);
    if (result == 0) {
        result = gnutls_init(&side->session,
                             role | (unsigned)GNUTLS_NONBLOCK | (unsigned)GNUTLS_NO_SIGNAL);
    }
    if (result == 0) {
        result = gnutls_priority_set_direct(side->session, PF_SERVING_PRIORITIES, NULL);
    }
    if (result == 0) {
        result = gnutls_credentials_set(side->session, GNUTLS_CRD_CERTIFICATE, side->credentials);
    }
    if (result == 0) {
        gnutls_transport_set_ptr(side->session, side);
        gnutls_transport_set_push_function(side->session, on_push);
        gnutls_transport_set_pull_function(side->session, on_pull);
    }
    return result;
}

static void close_side(struct side *side)
{
    if (side->session != NULL) {
        gnutls_deinit(side->session);
    }
    if (side->credentials != NULL) {
        gnutls_certificate_free_credentials(side->credentials);
    }
    pf_buf_done(&side->in);
}

static void step(struct side *side)
{
    if (side->result != 0) {
        side->result = gnutls_handshake(side->session);
    }
}

static bool is_over(const struct side *side)
{
    return side->result != 0 && gnutls_error_is_fatal(side->result) != 0;
}

/* @return 0 or the error of the side that ended it: the server's, unless only the client has one */
static int shake_hands(struct side *client, struct side *server)
{
    for (unsigned i = 0; i < ROUNDS_MAX && (client->result != 0 || server->result != 0); i++) {
        step(client);
        step(server);
        if (is_over(server)) {
            return server->result;
        }
        if (is_over(client)) {
            return client->result;
        }
    }
    return server->result != 0 ? server->result : client->result;
}

enum pf_code pf_serving_try(struct pf_serving_generation *generation, struct pf_err *err)
{
    struct side client = {.session = NULL};
    struct side server = {.session = NULL};
    int result = open_side(&client, &server, GNUTLS_CLIENT);
    if (result == 0) {
        result = open_side(&server, &client, GNUTLS_SERVER);
    }
    if (result == 0) {
        gnutls_session_set_ptr(server.session, generation);
        gnutls_certificate_set_retrieve_function2(server.credentials, on_certificate);
        result = shake_hands(&client, &server);
    }
    const bool memory = result == GNUTLS_E_MEMORY_ERROR || client.in.failed == PF_E_NO_MEMORY ||
                        server.in.failed == PF_E_NO_MEMORY;
    close_side(&client);
    close_side(&server);
    if (result == 0) {
        return PF_OK;
    }
    return memory ? pf_err_set(err, PF_E_NO_MEMORY, "out of memory for a handshake")
                  : pf_err_set(err, PF_E_INVALID,
                               "nobody could connect with this certificate and key: %s",
                               gnutls_strerror(result));
}

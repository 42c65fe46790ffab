#include <errno.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "listener_internal.h"
#include <podfit/mem.h>

struct pf_link *pf_connection_link(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

/* GnuTLS calls this for every Finished message; the one that comes in ends the handshake of a server in TLS 1.3, in 1.2 all but. */
static int on_finished(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                       const gnutls_datum_t *message)
{
    (void)type;
    (void)when;
    (void)message;
    struct pf_link *link = gnutls_db_get_ptr(session);
    if (incoming != 0 && link != NULL && !link->handshake_done) {
        link->handshake_done = true;
        atomic_fetch_add_explicit(&link->listener->handshakes, 1, memory_order_relaxed);
    }
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): GnuTLS fixes the parameters */
static int on_certificate(gnutls_session_t session, const gnutls_datum_t *issuers, int issuer_count,
                          const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                          gnutls_pcert_st **ret_chain, unsigned *ret_count,
                          gnutls_privkey_t *ret_key)
{
    (void)issuers;
    (void)issuer_count;
    (void)algorithms;
    (void)algorithm_count;
    struct pf_link *link = gnutls_db_get_ptr(session);
    if (link == NULL) {
        return -1;
    }
    pf_serving_release(link->generation);
    link->generation = pf_serving_acquire(link->listener->options.serving);
    if (link->generation == NULL) {
        return -1;
    }
    pf_serving_pair(link->generation, ret_chain, ret_count, ret_key);
    return 0;
}

void *pf_connection_certificate_callback(void)
{
    gnutls_certificate_retrieve_function2 *function = on_certificate;
    void *pointer = NULL;
    memcpy(&pointer, &function,
           sizeof(pointer)); /* POSIX: a function pointer fits a void pointer */
    return pointer;
}

static int socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info != NULL ? info->connect_fd : -1;
}

/* gnutls_vec_push_func; GnuTLS reads errno */
static ssize_t on_send(gnutls_transport_ptr_t opaque, const giovec_t *pieces, int count)
{
    struct pf_link *link = opaque;
    if (link == NULL) { /* closed: nothing is sent any more */
        errno = EPIPE;
        return -1;
    }
    return pf_outgoing_send(&link->outgoing, pieces, count);
}

/* The session reads from the socket by itself, as libmicrohttpd set it up, and sends through the link. */
static void send_through(struct pf_link *link, int fd)
{
    link->outgoing.fd = fd;
    /* GnuTLS's own reader takes the socket for its pointer, as gnutls_transport_set_int() hands it over */
    gnutls_transport_set_ptr2(
        link->session, (gnutls_transport_ptr_t)(intptr_t)fd, /* NOLINT(performance-no-int-to-ptr) */
        link);
    gnutls_transport_set_vec_push_function(link->session, on_send);
}

static struct pf_link *link_new(struct pf_listener *listener, struct MHD_Connection *connection)
{
    struct pf_link *link = pf_mem_calloc(1, sizeof(*link));
    if (link == NULL) {
        return NULL; /* the handshake or the first request then fails */
    }
    link->listener = listener;
    if (listener->options.serving != NULL) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
        link->session = info != NULL ? info->tls_session : NULL;
    }
    if (link->session != NULL) {
        /* the session-cache pointer is free: podfit keeps no sessions, as API servers never resume one (webhook practice T-04) */
        gnutls_db_set_ptr(link->session, link);
        gnutls_handshake_set_hook_function(link->session, GNUTLS_HANDSHAKE_FINISHED,
                                           GNUTLS_HOOK_POST, on_finished);
        send_through(link, socket_of(connection));
        if (listener->options.clientca != NULL) {
            pf_clientca_request(link->session);
        }
    }
    return link;
}

void pf_connection_notify(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct pf_listener *listener = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct pf_link *link = link_new(listener, connection);
        *socket_context = link;
        if (link != NULL) {
            pf_conntable_add(listener->table, &link->conn, socket_of(connection));
        }
        return;
    }
    struct pf_link *link = *socket_context;
    if (link == NULL) {
        return;
    }
    *socket_context = NULL;
    pf_conntable_remove(listener->table, &link->conn);
    if (link->session != NULL) {
        gnutls_db_set_ptr(link->session, NULL);
        gnutls_transport_ptr_t socket = NULL;
        gnutls_transport_get_ptr2(link->session, &socket, &(gnutls_transport_ptr_t){NULL});
        gnutls_transport_set_ptr2(link->session, socket, NULL);
        if (!link->handshake_done) {
            atomic_fetch_add_explicit(&listener->handshake_errors, 1, memory_order_relaxed);
        }
    }
    pf_serving_release(link->generation);
    free(link);
}

void *pf_connection_request_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
    (void)uri;
    struct pf_listener *listener = cls;
    struct pf_link *link = pf_connection_link(connection);
    if (link != NULL) {
        link->request_start_ns = pf_clock_mono_ns(listener->options.clock);
        pf_conntable_begin(listener->table, &link->conn);
    }
    return NULL;
}

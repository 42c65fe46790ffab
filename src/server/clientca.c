#include <pthread.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <podfit/clientca.h>
#include <podfit/clock.h>
#include <podfit/limits.h>
#include <podfit/mem.h>

/* A certificate may expire while its connection stays open. */
#define ASK_AGAIN_NS (60 * PF_NS_PER_S)

struct pf_clientca {
    pthread_mutex_t
        lock; /* guards the rest; held while a chain is verified, some 100 us once a minute and connection */
    uint64_t generation;
    gnutls_x509_trust_list_t trust;
};

enum pf_code pf_clientca_new(struct pf_clientca **ret_ca, struct pf_err *err)
{
    struct pf_clientca *ca = pf_mem_calloc(1, sizeof(*ca));
    if (ca == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the client CA");
    }
    (void)pthread_mutex_init(&ca->lock, NULL); /* cannot fail with default attributes */
    *ret_ca = ca;
    return PF_OK;
}

static void trust_free(gnutls_x509_trust_list_t trust)
{
    if (trust != NULL) {
        gnutls_x509_trust_list_deinit(trust, /* all= */ 1);
    }
}

void pf_clientca_free(struct pf_clientca *ca)
{
    if (ca == NULL) {
        return;
    }
    trust_free(ca->trust);
    (void)pthread_mutex_destroy(&ca->lock);
    free(ca);
}

enum pf_code pf_clientca_install(struct pf_clientca *ca, struct pf_sv pem, struct pf_err *err)
{
    if (pem.len > PF_CERT_PEM_MAX_BYTES) {
        return pf_err_set(err, PF_E_TOO_BIG, "the client CA is over %zu bytes",
                          PF_CERT_PEM_MAX_BYTES);
    }
    gnutls_x509_trust_list_t fresh = NULL;
    if (gnutls_x509_trust_list_init(&fresh, 0) < 0) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the client CA");
    }
    const gnutls_datum_t text = {.data = (unsigned char *)(uintptr_t)pem.ptr,
                                 .size = (unsigned)pem.len};
    const int count =
        gnutls_x509_trust_list_add_trust_mem(fresh, &text, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
    if (count <= 0) {
        trust_free(fresh);
        return pf_err_set(err, PF_E_INVALID,
                          "the client CA holds no certificate that can be read (PEM is expected)");
    }
    pthread_mutex_lock(&ca->lock);
    gnutls_x509_trust_list_t old = ca->trust;
    ca->trust = fresh;
    ca->generation++;
    pthread_mutex_unlock(&ca->lock);
    trust_free(old);
    return PF_OK;
}

void pf_clientca_request(struct gnutls_session_int *session)
{
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
}

/* Import the chain the client sent. Returns the number of certificates, 0 on failure. */
static unsigned import_chain(const gnutls_datum_t *sent, unsigned sent_count,
                             gnutls_x509_crt_t chain[PF_CERT_CHAIN_MAX])
{
    if (sent_count > PF_CERT_CHAIN_MAX) {
        return 0;
    }
    for (unsigned i = 0; i < sent_count; i++) {
        bool good = gnutls_x509_crt_init(&chain[i]) == 0;
        if (good && gnutls_x509_crt_import(chain[i], &sent[i], GNUTLS_X509_FMT_DER) != 0) {
            gnutls_x509_crt_deinit(chain[i]);
            good = false;
        }
        if (!good) {
            while (i > 0) {
                gnutls_x509_crt_deinit(chain[--i]);
            }
            return 0;
        }
    }
    return sent_count;
}

static enum pf_clientca_answer verify(gnutls_x509_trust_list_t trust,
                                      struct gnutls_session_int *session)
{
    unsigned sent_count = 0;
    const gnutls_datum_t *sent = gnutls_certificate_get_peers(session, &sent_count);
    if (sent == NULL || sent_count == 0) {
        return PF_CLIENTCA_NONE;
    }
    gnutls_x509_crt_t chain[PF_CERT_CHAIN_MAX];
    const unsigned count = import_chain(sent, sent_count, chain);
    if (trust == NULL || count == 0) {
        return PF_CLIENTCA_BAD;
    }
    static char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
    gnutls_typed_vdata_st wanted = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                    .data = (unsigned char *)purpose};
    unsigned problems = 0;
    const int result =
        gnutls_x509_trust_list_verify_crt2(trust, chain, count, &wanted, 1, 0, &problems, NULL);
    for (unsigned i = 0; i < count; i++) {
        gnutls_x509_crt_deinit(chain[i]);
    }
    return result == 0 && problems == 0 ? PF_CLIENTCA_GOOD : PF_CLIENTCA_BAD;
}

enum pf_clientca_answer pf_clientca_check(struct pf_clientca *ca,
                                          struct gnutls_session_int *session,
                                          struct pf_clientca_memory *memory, int64_t mono_ns)
{
    pthread_mutex_lock(&ca->lock);
    const bool known = memory->generation != 0 && memory->generation == ca->generation &&
                       mono_ns - memory->asked_mono_ns < ASK_AGAIN_NS;
    if (!known) {
        memory->answer = verify(ca->trust, session);
        memory->generation = ca->generation;
        memory->asked_mono_ns = mono_ns;
    }
    pthread_mutex_unlock(&ca->lock);
    return memory->answer;
}

#include <pthread.h>
#include <stdatomic.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "serving_trial.h"
#include <podfit/limits.h>
#include <podfit/mem.h>
#include <podfit/serving.h>

struct pf_serving_generation {
    atomic_uint refs;
    unsigned count;
    gnutls_pcert_st chain[PF_CERT_CHAIN_MAX];
    gnutls_privkey_t key;
};

struct pf_serving {
    pthread_mutex_t lock; /* guards the pointer only */
    struct pf_serving_generation *current;
};

enum pf_code pf_serving_new(struct pf_serving **ret_serving, struct pf_err *err)
{
    struct pf_serving *serving = pf_mem_calloc(1, sizeof(*serving));
    if (serving == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the certificate");
    }
    (void)pthread_mutex_init(&serving->lock, NULL); /* cannot fail with default attributes */
    *ret_serving = serving;
    return PF_OK;
}

void pf_serving_release(struct pf_serving_generation *generation)
{
    if (generation == NULL || atomic_fetch_sub(&generation->refs, 1) != 1) {
        return;
    }
    for (unsigned i = 0; i < generation->count; i++) {
        gnutls_pcert_deinit(&generation->chain[i]);
    }
    if (generation->key != NULL) {
        gnutls_privkey_deinit(generation->key);
    }
    free(generation);
}

void pf_serving_free(struct pf_serving *serving)
{
    if (serving == NULL) {
        return;
    }
    pf_serving_release(serving->current);
    (void)pthread_mutex_destroy(&serving->lock);
    free(serving);
}

static gnutls_datum_t datum(struct pf_sv text)
{
    /* GnuTLS takes a pointer to non-const bytes and only reads them; a cast through uintptr_t says so */
    return (gnutls_datum_t){.data = (unsigned char *)(uintptr_t)text.ptr,
                            .size = (unsigned)text.len};
}

static enum pf_code gnutls_failure(struct pf_err *err, int result, const char *what)
{
    const enum pf_code code = result == GNUTLS_E_MEMORY_ERROR ? PF_E_NO_MEMORY : PF_E_INVALID;
    return pf_err_set(err, code, "cannot use the %s: %s", what, gnutls_strerror(result));
}

static enum pf_code load(struct pf_serving_generation *generation, struct pf_sv cert_pem,
                         struct pf_sv key_pem, struct pf_err *err)
{
    const gnutls_datum_t cert = datum(cert_pem);
    unsigned count = PF_CERT_CHAIN_MAX;
    int result =
        gnutls_pcert_list_import_x509_raw(generation->chain, &count, &cert, GNUTLS_X509_FMT_PEM, 0);
    if (result < 0) {
        return gnutls_failure(err, result, "certificate");
    }
    generation->count = count;
    result = gnutls_privkey_init(&generation->key);
    if (result < 0) {
        return gnutls_failure(err, result, "key");
    }
    const gnutls_datum_t key = datum(key_pem);
    result = gnutls_privkey_import_x509_raw(generation->key, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
    return result < 0 ? gnutls_failure(err, result, "key") : PF_OK;
}

enum pf_code pf_serving_install(struct pf_serving *serving, struct pf_sv cert_pem,
                                struct pf_sv key_pem, struct pf_err *err)
{
    if (cert_pem.len > PF_CERT_PEM_MAX_BYTES || key_pem.len > PF_CERT_PEM_MAX_BYTES) {
        return pf_err_set(err, PF_E_TOO_BIG, "certificate or key is over %zu bytes",
                          PF_CERT_PEM_MAX_BYTES);
    }
    struct pf_serving_generation *fresh = pf_mem_calloc(1, sizeof(*fresh));
    if (fresh == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the certificate");
    }
    atomic_init(&fresh->refs, 1);
    enum pf_code code = load(fresh, cert_pem, key_pem, err);
    if (code == PF_OK) {
        code = pf_serving_try(fresh, err);
    }
    if (code != PF_OK) {
        pf_serving_release(fresh);
        return code;
    }
    pthread_mutex_lock(&serving->lock);
    struct pf_serving_generation *old = serving->current;
    serving->current = fresh;
    pthread_mutex_unlock(&serving->lock);
    pf_serving_release(old);
    return PF_OK;
}

struct pf_serving_generation *pf_serving_acquire(struct pf_serving *serving)
{
    pthread_mutex_lock(&serving->lock);
    struct pf_serving_generation *generation = serving->current;
    if (generation != NULL) {
        atomic_fetch_add(&generation->refs, 1);
    }
    pthread_mutex_unlock(&serving->lock);
    return generation;
}

void pf_serving_pair(struct pf_serving_generation *generation, struct gnutls_pcert_st **ret_chain,
                     unsigned *ret_count, struct gnutls_privkey_st **ret_key)
{
    *ret_chain = generation->chain;
    *ret_count = generation->count;
    *ret_key = generation->key;
}

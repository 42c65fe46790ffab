#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "odd_cert.h"
#include <podfit/certmake.h>
#include <podfit/clientca.h>
#include <podfit/clock.h>
#include <podfit/serving.h>

struct pairs {
    struct pf_cert_pair ca;
    struct pf_cert_pair leaf[2];
};

static void make(struct pairs *pairs)
{
    static const char *const names[] = {"localhost"};
    const int64_t now = pf_clock_wall_ns(pf_clock_system());
    const struct pf_certmake_ca ca = {.lifetime_s = 3600};
    const struct pf_certmake_leaf leaf = {.names = names, .names_count = 1, .lifetime_s = 600};
    *pairs = (struct pairs){.ca = {.cert_pem = {.len = 0}}};
    assert_int_equal(pf_certmake_ca(&ca, now, &pairs->ca, NULL), PF_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pf_certmake_leaf(&pairs->ca, &leaf, now, &pairs->leaf[i], NULL), PF_OK);
    }
}

static void done(struct pairs *pairs)
{
    pf_cert_pair_done(&pairs->ca);
    pf_cert_pair_done(&pairs->leaf[0]);
    pf_cert_pair_done(&pairs->leaf[1]);
}

static enum pf_code install(struct pf_serving *serving, const struct pf_cert_pair *pair)
{
    return pf_serving_install(serving, pf_buf_view(&pair->cert_pem), pf_buf_view(&pair->key_pem),
                              NULL);
}

static void generations(void **state)
{
    (void)state;
    struct pairs pairs;
    make(&pairs);
    struct pf_serving *serving = NULL;
    assert_int_equal(pf_serving_new(&serving, NULL), PF_OK);
    assert_null(pf_serving_acquire(serving));
    assert_int_equal(install(serving, &pairs.leaf[0]), PF_OK);
    struct pf_serving_generation *old = pf_serving_acquire(serving);
    assert_int_equal(install(serving, &pairs.leaf[1]), PF_OK);
    struct pf_serving_generation *young = pf_serving_acquire(serving);
    assert_ptr_not_equal(old, young);
    struct gnutls_pcert_st *chain = NULL;
    struct gnutls_privkey_st *key = NULL;
    unsigned count = 0;
    pf_serving_pair(old, &chain, &count, &key); /* alive: a handshake is using it */
    assert_int_equal(count, 1);
    assert_non_null(key);
    assert_int_equal(pf_serving_install(serving, PF_SV("nonsense"), PF_SV("x"), NULL),
                     PF_E_INVALID);
    assert_int_equal(
        pf_serving_install(serving, pf_buf_view(&pairs.leaf[0].cert_pem), PF_SV(""), NULL),
        PF_E_INVALID);
    struct pf_serving_generation *still = pf_serving_acquire(serving);
    assert_ptr_equal(still, young); /* a bad pair keeps the old one */
    pf_serving_release(still);
    pf_serving_release(young);
    pf_serving_release(old);
    pf_serving_release(NULL);
    old = pf_serving_acquire(serving);
    pf_serving_free(serving);
    pf_serving_release(old); /* a connection may outlive the server's own share */
    done(&pairs);
}

/* Whatever pf_cert_check_pair() knows of a pair: what no handshake succeeds with is not put in force. */
static void nobody_could_connect(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *usage;
        enum odd_key key;
        enum pf_code code;
    } rows[] = {
        {"EC", NULL, ODD_P256, PF_OK},
        {"EC that signs", "critical,digitalSignature", ODD_P256, PF_OK},
        {"EC that does not", "critical,keyEncipherment", ODD_P256, PF_E_INVALID},
        {"RSA", NULL, ODD_RSA2048, PF_OK},
        {"RSA that signs", "critical,digitalSignature,keyEncipherment", ODD_RSA2048, PF_OK},
        {"RSA that does not", "critical,keyEncipherment", ODD_RSA2048, PF_E_INVALID},
        {"Ed25519", NULL, ODD_ED25519, PF_OK},
    };
    const int64_t now_s = pf_clock_wall_ns(pf_clock_system()) / 1000000000;
    struct pf_serving *serving = NULL;
    assert_int_equal(pf_serving_new(&serving, NULL), PF_OK);
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct odd_recipe recipe = {.key = rows[i].key,
                                          .usage = rows[i].usage,
                                          .sans = "DNS:localhost",
                                          .common_name = "leaf",
                                          .not_before_s = now_s - 3600,
                                          .not_after_s = now_s + 3600};
        struct odd_cert *cert = odd_cert_new(&recipe, NULL);
        pf_autobuf struct pf_buf chain = {0};
        pf_autobuf struct pf_buf key = {0};
        struct pf_err err = {0};
        pf_buf_init(&chain, 65536);
        pf_buf_init(&key, 65536);
        odd_cert_append_pem(cert, &chain);
        odd_cert_append_key(cert, NULL, /* traditional= */ false, &key);
        odd_cert_free(cert);
        if (pf_serving_install(serving, pf_buf_view(&chain), pf_buf_view(&key), &err) !=
            rows[i].code) {
            fail_msg("%s: '%s'", rows[i].name, err.text);
        }
        if (rows[i].code != PF_OK) {
            assert_non_null(strstr(err.text, "nobody could connect"));
        }
    }
    pf_serving_free(serving);
}

struct racer {
    struct pf_serving *serving;
    int rounds;
};

static void *acquire_for_ever(void *opaque)
{
    const struct racer *racer = opaque;
    for (int i = 0; i < racer->rounds; i++) {
        struct pf_serving_generation *generation = pf_serving_acquire(racer->serving);
        struct gnutls_pcert_st *chain = NULL;
        struct gnutls_privkey_st *key = NULL;
        unsigned count = 0;
        pf_serving_pair(generation, &chain, &count, &key);
        pf_serving_release(generation);
    }
    return NULL;
}

static void exchange_while_used(void **state)
{
    (void)state;
    struct pairs pairs;
    make(&pairs);
    struct racer racer = {.rounds = 20000};
    assert_int_equal(pf_serving_new(&racer.serving, NULL), PF_OK);
    assert_int_equal(install(racer.serving, &pairs.leaf[0]), PF_OK);
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, acquire_for_ever, &racer), 0);
    }
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(install(racer.serving, &pairs.leaf[i % 2]), PF_OK);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    pf_serving_free(racer.serving);
    done(&pairs);
}

static void authorities(void **state)
{
    (void)state;
    struct pairs pairs;
    make(&pairs);
    struct pf_clientca *ca = NULL;
    struct pf_err err = {0};
    assert_int_equal(pf_clientca_new(&ca, NULL), PF_OK);
    assert_int_equal(pf_clientca_install(ca, PF_SV("nothing"), &err), PF_E_INVALID);
    assert_non_null(strstr(err.text, "no certificate"));
    assert_int_equal(pf_clientca_install(ca, pf_buf_view(&pairs.ca.cert_pem), NULL), PF_OK);
    assert_int_equal(pf_clientca_install(ca, pf_buf_view(&pairs.ca.cert_pem), NULL), PF_OK);
    pf_clientca_free(ca);
    pf_clientca_free(NULL);
    done(&pairs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generations),
        cmocka_unit_test(nobody_could_connect),
        cmocka_unit_test(exchange_while_used),
        cmocka_unit_test(authorities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

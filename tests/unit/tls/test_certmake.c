#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <podfit/certmake.h>
#include <podfit/limits.h>

#define NS_PER_S INT64_C(1000000000)
#define DAY_S    INT64_C(86400)
#define NOW_S    INT64_C(1800000000)
#define NOW_NS   (NOW_S * NS_PER_S)

static const char *const names[] = {"podfit.podfit.svc", "podfit.podfit", "10.96.0.10", "fd00::10"};

struct made {
    struct pf_cert_pair ca;
    struct pf_cert_pair leaf;
};

static void make(struct made *made)
{
    struct pf_err err = {0};
    *made = (struct made){0};
    const struct pf_certmake_ca ca = {.lifetime_s = 365 * DAY_S};
    const struct pf_certmake_leaf leaf = {
        .names = names, .names_count = PF_ARRAY_LEN(names), .lifetime_s = 90 * DAY_S};
    assert_int_equal(pf_certmake_ca(&ca, NOW_NS, &made->ca, &err), PF_OK);
    assert_int_equal(pf_certmake_leaf(&made->ca, &leaf, NOW_NS, &made->leaf, &err), PF_OK);
}

static void unmake(struct made *made)
{
    pf_cert_pair_done(&made->ca);
    pf_cert_pair_done(&made->leaf);
}

static X509 *parse(const struct pf_buf *pem)
{
    BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_non_null(cert);
    assert_int_equal(BIO_free(bio), 1);
    return cert;
}

static bool is_critical(const X509 *cert, int nid)
{
    const int at = X509_get_ext_by_NID(cert, nid, -1);
    assert_true(at >= 0);
    return X509_EXTENSION_get_critical(X509_get_ext(cert, at)) == 1;
}

static void check_common(X509 *cert, int64_t lifetime_s)
{
    assert_int_equal(X509_get_version(cert), X509_VERSION_3);
    time_t when = NOW_S - 3600;
    assert_int_equal(X509_cmp_time(X509_get0_notBefore(cert), &when),
                     -1); /* equal counts as past */
    when = NOW_S - 3601;
    assert_int_equal(X509_cmp_time(X509_get0_notBefore(cert), &when), 1);
    when = NOW_S + lifetime_s - 1;
    assert_int_equal(X509_cmp_time(X509_get0_notAfter(cert), &when), 1);
    when = NOW_S + lifetime_s;
    assert_int_equal(X509_cmp_time(X509_get0_notAfter(cert), &when), -1);
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    assert_int_equal(BN_num_bits(serial), 128);
    assert_false(BN_is_negative(serial));
    BN_free(serial);
    assert_int_equal(X509_get_signature_nid(cert), NID_ecdsa_with_SHA256);
    char group[32] = "";
    assert_int_equal(EVP_PKEY_get_group_name(X509_get0_pubkey(cert), group, sizeof(group), NULL),
                     1);
    assert_string_equal(group, "prime256v1");
    assert_non_null(X509_get0_subject_key_id(cert));
    assert_non_null(X509_get0_authority_key_id(cert));
    assert_true(is_critical(cert, NID_basic_constraints));
    assert_true(is_critical(cert, NID_key_usage));
}

static void test_contents(void **state)
{
    (void)state;
    struct made made;
    make(&made);
    X509 *ca = parse(&made.ca.cert_pem);
    X509 *leaf = parse(&made.leaf.cert_pem);
    check_common(ca, 365 * DAY_S);
    assert_int_equal(X509_check_ca(ca), 1);
    assert_int_equal(X509_get_pathlen(ca), 0);
    assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    check_common(leaf, 90 * DAY_S);
    assert_int_equal(X509_check_ca(leaf), 0);
    assert_int_equal(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER);
    assert_int_equal(
        ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(leaf), X509_get0_subject_key_id(ca)), 0);
    assert_int_equal(X509_verify(leaf, X509_get0_pubkey(ca)), 1);
    X509_free(ca);
    X509_free(leaf);
    unmake(&made);
}

static void test_checks_accept(void **state)
{
    (void)state;
    struct made made;
    make(&made);
    struct pf_cert_list chain = {0};
    struct pf_err err = {0};
    const struct pf_sv cert = pf_buf_view(&made.leaf.cert_pem);
    assert_int_equal(
        pf_cert_check_pair(cert, pf_buf_view(&made.leaf.key_pem), NOW_NS, &chain, &err), PF_OK);
    assert_string_equal(chain.items[0].subject, "CN=podfit.podfit.svc");
    assert_int_equal(chain.items[0].sans_count, PF_ARRAY_LEN(names));
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        assert_string_equal(chain.items[0].sans[i].text, names[i]);
        assert_int_equal(
            pf_cert_verify(cert, pf_buf_view(&made.ca.cert_pem), names[i], NOW_NS, &err), PF_OK);
    }
    assert_non_null(strstr(chain.items[0].issuer, "CN=podfit webhook CA "));
    pf_cert_list_done(&chain);
    unmake(&made);
}

/* GnuTLS is what serves the pair; it must load it, and accept it as a client. */
static void test_gnutls(void **state)
{
    (void)state;
    struct made made;
    make(&made);
    const gnutls_datum_t ca = {.data = (unsigned char *)made.ca.cert_pem.data,
                               .size = (unsigned)made.ca.cert_pem.len};
    const gnutls_datum_t cert = {.data = (unsigned char *)made.leaf.cert_pem.data,
                                 .size = (unsigned)made.leaf.cert_pem.len};
    const gnutls_datum_t key = {.data = (unsigned char *)made.leaf.key_pem.data,
                                .size = (unsigned)made.leaf.key_pem.len};
    gnutls_certificate_credentials_t credentials = NULL;
    assert_int_equal(gnutls_certificate_allocate_credentials(&credentials), 0);
    assert_true(
        gnutls_certificate_set_x509_key_mem(credentials, &cert, &key, GNUTLS_X509_FMT_PEM) >= 0);
    gnutls_certificate_free_credentials(credentials);

    gnutls_x509_crt_t leaf = NULL;
    gnutls_x509_trust_list_t trust = NULL;
    assert_int_equal(gnutls_x509_crt_init(&leaf), 0);
    assert_int_equal(gnutls_x509_crt_import(leaf, &cert, GNUTLS_X509_FMT_PEM), 0);
    assert_int_equal(gnutls_x509_trust_list_init(&trust, 0), 0);
    assert_int_equal(
        gnutls_x509_trust_list_add_trust_mem(trust, &ca, NULL, GNUTLS_X509_FMT_PEM, 0, 0), 1);
    unsigned verdict = 0;
    assert_int_equal(gnutls_x509_trust_list_verify_crt(trust, &leaf, 1,
                                                       GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
                                                           GNUTLS_VERIFY_DO_NOT_ALLOW_SAME,
                                                       &verdict, NULL),
                     0);
    assert_int_equal(verdict, 0);
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        assert_true(gnutls_x509_crt_check_hostname(leaf, names[i]));
    }
    gnutls_x509_crt_deinit(leaf);
    gnutls_x509_trust_list_deinit(trust, 1);
    unmake(&made);
}

static void test_unique(void **state)
{
    (void)state;
    struct made one;
    struct made two;
    make(&one);
    make(&two);
    struct pf_cert_list a = {0};
    struct pf_cert_list b = {0};
    assert_int_equal(pf_cert_list_read(pf_buf_view(&one.ca.cert_pem), &a, NULL), PF_OK);
    assert_int_equal(pf_cert_list_read(pf_buf_view(&two.ca.cert_pem), &b, NULL), PF_OK);
    assert_string_not_equal(a.items[0].serial, b.items[0].serial);
    assert_string_not_equal(a.items[0].subject, b.items[0].subject);
    assert_false(pf_sv_eq(pf_buf_view(&one.ca.key_pem), pf_buf_view(&two.ca.key_pem)));
    /* neither trusts the other's leaf */
    assert_int_equal(pf_cert_verify(pf_buf_view(&one.leaf.cert_pem), pf_buf_view(&two.ca.cert_pem),
                                    NULL, NOW_NS, NULL),
                     PF_E_STATE);
    pf_cert_list_done(&a);
    pf_cert_list_done(&b);
    unmake(&one);
    unmake(&two);
}

static void test_cut_to_ca(void **state)
{
    (void)state;
    struct made made;
    make(&made);
    const struct pf_certmake_leaf leaf = {
        .names = names, .names_count = 1, .lifetime_s = 1000 * DAY_S};
    struct pf_cert_pair longer = {0};
    struct pf_cert_list info = {0};
    assert_int_equal(pf_certmake_leaf(&made.ca, &leaf, NOW_NS, &longer, NULL), PF_OK);
    assert_int_equal(pf_cert_list_read(pf_buf_view(&longer.cert_pem), &info, NULL), PF_OK);
    assert_true(info.items[0].not_after_wall_ns == NOW_NS + 365 * DAY_S * NS_PER_S);
    pf_cert_list_done(&info);
    pf_cert_pair_done(&longer);
    unmake(&made);
}

#define LONG_LABEL "a23456789012345678901234567890123456789012345678901234567890123"

static void test_bad_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum pf_code code;
    } rows[] = {
        {"a", PF_OK},
        {"*.a.b", PF_OK},
        {"_x.a-b", PF_OK},
        {LONG_LABEL ".b", PF_OK},
        {"::1", PF_OK},
        {"", PF_E_INVALID},
        {".", PF_E_INVALID},
        {"a.", PF_E_INVALID},
        {"a..b", PF_E_INVALID},
        {"*", PF_E_INVALID},
        {"a.*", PF_E_INVALID},
        {"-a", PF_E_INVALID},
        {"a b", PF_E_INVALID},
        {"a,DNS:b", PF_E_INVALID},
        {"a\nb", PF_E_INVALID},
        {"\xc3\xa4", PF_E_INVALID},
        {LONG_LABEL "x.b", PF_E_INVALID},
        {LONG_LABEL "." LONG_LABEL "." LONG_LABEL "." LONG_LABEL, PF_E_INVALID},
    };
    struct made made;
    make(&made);
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const char *const one[] = {rows[i].name};
        const struct pf_certmake_leaf leaf = {.names = one, .names_count = 1, .lifetime_s = DAY_S};
        struct pf_cert_pair pair = {0};
        const enum pf_code code = pf_certmake_leaf(&made.ca, &leaf, NOW_NS, &pair, NULL);
        if (code != rows[i].code) {
            fail_msg("'%s': %s", rows[i].name, pf_code_name(code));
        }
        if (code == PF_OK) {
            assert_int_equal(pf_cert_check_name(pf_buf_view(&pair.cert_pem),
                                                rows[i].name[0] == '*' ? "x.a.b" : rows[i].name,
                                                NULL),
                             PF_OK);
        }
        pf_cert_pair_done(&pair);
    }
    unmake(&made);
}

static void test_bad_options(void **state)
{
    (void)state;
    struct made made;
    make(&made);
    static const struct {
        const char *name;
        int64_t lifetime_s;
        int64_t now_ns;
        size_t names_count;
        enum pf_code code;
    } rows[] = {
        {"shortest", PF_CERTMAKE_LIFETIME_MIN_S, NOW_NS, 1, PF_OK},
        {"too short", PF_CERTMAKE_LIFETIME_MIN_S - 1, NOW_NS, 1, PF_E_RANGE},
        {"longest", PF_CERTMAKE_LIFETIME_MAX_S, NOW_NS, 1, PF_OK},
        {"too long", PF_CERTMAKE_LIFETIME_MAX_S + 1, NOW_NS, 1, PF_E_RANGE},
        {"huge", INT64_MAX, NOW_NS, 1, PF_E_RANGE},
        {"negative", -1, NOW_NS, 1, PF_E_RANGE},
        {"end of time", DAY_S, INT64_MAX, 1, PF_E_RANGE},
        {"before time", DAY_S, INT64_MIN, 1, PF_E_RANGE},
        {"no names", DAY_S, NOW_NS, 0, PF_E_INVALID},
        {"too many names", DAY_S, NOW_NS, PF_CERT_SANS_MAX + 1, PF_E_TOO_BIG},
        {"CA not yet valid", DAY_S, NOW_NS - DAY_S * NS_PER_S, 1, PF_E_STATE},
        {"CA expired", DAY_S, NOW_NS + 366 * DAY_S * NS_PER_S, 1, PF_E_STATE},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_certmake_leaf leaf = {
            .names = names, .names_count = rows[i].names_count, .lifetime_s = rows[i].lifetime_s};
        struct pf_cert_pair pair = {0};
        const enum pf_code code = pf_certmake_leaf(&made.ca, &leaf, rows[i].now_ns, &pair, NULL);
        if (code != rows[i].code || (pair.key_pem.data != NULL) != (code == PF_OK)) {
            fail_msg("%s: %s", rows[i].name, pf_code_name(code));
        }
        pf_cert_pair_done(&pair);
    }
    unmake(&made);
}

static void test_bad_ca(void **state)
{
    (void)state;
    struct made one;
    struct made two;
    make(&one);
    make(&two);
    const struct {
        const char *name;
        struct pf_cert_pair ca;
        enum pf_code code;
    } rows[] = {
        {"key of another CA",
         {.cert_pem = one.ca.cert_pem, .key_pem = two.ca.key_pem},
         PF_E_INVALID},
        {"a leaf", one.leaf, PF_E_INVALID},
        {"nothing", {.cert_pem = one.ca.cert_pem}, PF_E_INVALID},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_certmake_leaf leaf = {
            .names = names, .names_count = 1, .lifetime_s = DAY_S};
        struct pf_cert_pair pair = {0};
        const enum pf_code code = pf_certmake_leaf(&rows[i].ca, &leaf, NOW_NS, &pair, NULL);
        if (code != rows[i].code) {
            fail_msg("%s: %s", rows[i].name, pf_code_name(code));
        }
    }
    const struct {
        const char *name;
        enum pf_code code;
    } ca_rows[] = {
        {"1234567890123456789012345678901234567890", PF_OK},
        {"12345678901234567890123456789012345678901", PF_E_INVALID},
        {"", PF_E_INVALID},
        {"a\nb", PF_E_INVALID},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(ca_rows); i++) {
        const struct pf_certmake_ca ca = {.common_name = ca_rows[i].name, .lifetime_s = DAY_S};
        struct pf_cert_pair pair = {0};
        assert_int_equal(pf_certmake_ca(&ca, NOW_NS, &pair, NULL), ca_rows[i].code);
        pf_cert_pair_done(&pair);
    }
    unmake(&one);
    unmake(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contents),    cmocka_unit_test(test_checks_accept),
        cmocka_unit_test(test_gnutls),      cmocka_unit_test(test_unique),
        cmocka_unit_test(test_cut_to_ca),   cmocka_unit_test(test_bad_names),
        cmocka_unit_test(test_bad_options), cmocka_unit_test(test_bad_ca),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "odd_pair.h"
#include <podfit/cert.h>
#include <podfit/file.h>
#include <podfit/limits.h>

static const struct odd_case good = {"good", {{LEAF}, {CA}}, {0, 1, -1}, 0, PF_OK, NULL};

static void test_pem_forms(void **state)
{
    (void)state;
    struct odd_pair made;
    odd_pair_make(&good, &made);
    const struct pf_sv chain = pf_buf_view(&made.chain);
    const struct pf_sv key = pf_buf_view(&made.key);
    const struct pf_sv empty = {0};
    const struct pf_sv words = PF_SV("no PEM at all\n");
    const struct pf_sv block =
        PF_SV("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    const struct pf_sv letters =
        PF_SV("-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n");
    const struct {
        const char *name;
        struct pf_sv cert;
        struct pf_sv key;
        const char *text;
    } rows[] = {
        {"empty certificate", empty, key, "certificate is empty"},
        {"empty key", chain, empty, "key is empty"},
        {"words for a certificate", words, key, "certificate has no block"},
        {"words for a key", chain, words, "key is no private key"},
        {"key for a certificate", key, key, "certificate has no block"},
        {"certificate for a key", chain, chain, "key is no private key"},
        {"not DER", block, key, "block 1 is not a certificate"},
        {"not base64", letters, key, "certificate is cut off or not PEM"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_err err = {0};
        const enum pf_code code = pf_cert_check_pair(rows[i].cert, rows[i].key, NOW_NS, NULL, &err);
        odd_pair_expect(rows[i].name, code, &err, PF_E_INVALID, rows[i].text);
    }
    odd_pair_unmake(&made);
}

/* Every cut of the chain and of the key is refused, except at the end of a whole certificate. */
static void test_truncated(void **state)
{
    (void)state;
    struct odd_pair made;
    odd_pair_make(&good, &made);
    const struct pf_sv chain = pf_buf_view(&made.chain);
    const struct pf_sv key = pf_buf_view(&made.key);
    const size_t first = pf_sv_find(chain, PF_SV("-----END CERTIFICATE-----")) + 25;
    for (size_t len = 0; len + 1 < chain.len; len++) {
        const struct pf_sv cut = {.ptr = chain.ptr, .len = len};
        const enum pf_code code = pf_cert_check_pair(cut, key, NOW_NS, NULL, NULL);
        const bool at_end = len >= first && len < first + 1 + 5; /* up to four dashes of the next */
        if ((code == PF_OK) != at_end) {
            fail_msg("chain cut to %zu of %zu bytes: %s", len, chain.len, pf_code_name(code));
        }
    }
    for (size_t len = 0; len + 1 < key.len; len++) {
        const struct pf_sv cut = {.ptr = key.ptr, .len = len};
        assert_int_equal(pf_cert_check_pair(chain, cut, NOW_NS, NULL, NULL), PF_E_INVALID);
    }
    odd_pair_unmake(&made);
}

static void test_key_forms(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum odd_key key;
        const char *password;
        bool traditional;
        enum pf_code code;
        const char *text;
    } rows[] = {
        {"PKCS #8", ODD_P256, NULL, false, PF_OK, NULL},
        {"EC form", ODD_P256, NULL, true, PF_OK, NULL},
        {"RSA form", ODD_RSA2048, NULL, true, PF_OK, NULL},
        {"PKCS #8 encrypted", ODD_P256, "secret", false, PF_E_UNSUPPORTED, "key is encrypted"},
        {"EC form encrypted", ODD_P256, "secret", true, PF_E_UNSUPPORTED, "key is encrypted"},
        {"RSA form encrypted", ODD_RSA2048, "secret", true, PF_E_UNSUPPORTED, "key is encrypted"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct odd_recipe recipe = {.key = rows[i].key, LEAF};
        struct odd_cert *cert = odd_cert_new(&recipe, NULL);
        pf_autobuf struct pf_buf chain = {0};
        pf_autobuf struct pf_buf key = {0};
        pf_buf_init(&chain, TEXT_MAX);
        pf_buf_init(&key, TEXT_MAX);
        odd_cert_append_pem(cert, &chain);
        odd_cert_append_key(cert, rows[i].password, rows[i].traditional, &key);
        struct pf_err err = {0};
        const enum pf_code code =
            pf_cert_check_pair(pf_buf_view(&chain), pf_buf_view(&key), NOW_NS, NULL, &err);
        odd_pair_expect(rows[i].name, code, &err, rows[i].code, rows[i].text);
        odd_cert_free(cert);
    }
}

/* A combined file and text between the blocks are fine; the key may have its parameters in front. */
static void test_other_blocks(void **state)
{
    (void)state;
    struct odd_pair made;
    odd_pair_make(&good, &made);
    pf_autobuf struct pf_buf both = {0};
    pf_buf_init(&both, TEXT_MAX);
    pf_buf_append_cstr(&both, "the key\n");
    pf_buf_append_sv(&both, pf_buf_view(&made.key));
    pf_buf_append_cstr(&both, "subject=leaf\n");
    pf_buf_append_sv(&both, pf_buf_view(&made.chain));
    pf_buf_append_cstr(&both, "# end\n");
    struct pf_err err = {0};
    struct pf_cert_list chain = {0};
    const enum pf_code code =
        pf_cert_check_pair(pf_buf_view(&both), pf_buf_view(&both), NOW_NS, &chain, &err);
    odd_pair_expect("combined", code, &err, PF_OK, NULL);
    assert_int_equal(chain.count, 2);
    pf_cert_list_done(&chain);
    odd_pair_unmake(&made);
}

static void test_limits(void **state)
{
    (void)state;
    struct odd_pair made;
    odd_pair_make(&good, &made);
    pf_autobuf struct pf_buf pem = {0};
    pf_buf_init(&pem, TEXT_MAX);
    for (int i = 0; i < PF_CERT_CHAIN_MAX; i++) {
        odd_cert_append_pem(made.certs[1], &pem);
    }
    struct pf_cert_list list = {0};
    assert_int_equal(pf_cert_list_read(pf_buf_view(&pem), &list, NULL), PF_OK);
    assert_int_equal(list.count, PF_CERT_CHAIN_MAX);
    pf_cert_list_done(&list);
    odd_cert_append_pem(made.certs[1], &pem);
    assert_int_equal(pf_cert_list_read(pf_buf_view(&pem), &list, NULL), PF_E_TOO_BIG);

    pf_buf_reset(&pem);
    odd_cert_append_pem(made.certs[0], &pem);
    while (pem.len < PF_CERT_PEM_MAX_BYTES) {
        pf_buf_append_char(&pem, '\n');
    }
    const struct pf_sv key = pf_buf_view(&made.key);
    assert_int_equal(pf_cert_check_pair(pf_buf_view(&pem), key, NOW_NS, NULL, NULL), PF_OK);
    pf_buf_append_char(&pem, '\n');
    assert_int_equal(pf_cert_check_pair(pf_buf_view(&pem), key, NOW_NS, NULL, NULL), PF_E_TOO_BIG);
    const struct pf_sv cert = pf_buf_view(&made.chain);
    assert_int_equal(pf_cert_check_pair(cert, pf_buf_view(&pem), NOW_NS, NULL, NULL), PF_E_TOO_BIG);
    odd_pair_unmake(&made);
}

static void test_many_names(void **state)
{
    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        pf_autobuf struct pf_buf sans = {0};
        pf_autobuf struct pf_buf pem = {0};
        pf_buf_init(&sans, TEXT_MAX);
        pf_buf_init(&pem, TEXT_MAX);
        for (int i = 0; i < PF_CERT_SANS_MAX + extra; i++) {
            pf_buf_printf(&sans, "%sDNS:n%d.example", i != 0 ? "," : "", i);
        }
        const struct odd_recipe recipe = {.common_name = "leaf", .sans = sans.data, VALID};
        struct odd_cert *cert = odd_cert_new(&recipe, NULL);
        odd_cert_append_pem(cert, &pem);
        struct pf_cert_list list = {0};
        assert_int_equal(pf_cert_list_read(pf_buf_view(&pem), &list, NULL),
                         extra != 0 ? PF_E_TOO_BIG : PF_OK);
        pf_cert_list_done(&list);
        odd_cert_free(cert);
    }
}

static void test_info(void **state)
{
    (void)state;
    const struct odd_recipe recipe = {
        .key = ODD_RSA2048,
        .common_name = "a, b\n\xc3\xa4",
        .sans = "DNS:podfit.svc,IP:10.1.2.3,email:a@b.c,IP:fe80::1,DNS:*.x.y,DNS:bad\x01name",
        .is_ca = true,
        .not_before_s = NOW_S,
        .not_after_s = INT64_C(253402300799), /* 9999-12-31, what "no end" looks like */
    };
    struct odd_cert *cert = odd_cert_new(&recipe, NULL);
    pf_autobuf struct pf_buf pem = {0};
    pf_buf_init(&pem, TEXT_MAX);
    odd_cert_append_pem(cert, &pem);
    struct pf_cert_list list = {0};
    assert_int_equal(pf_cert_list_read(pf_buf_view(&pem), &list, NULL), PF_OK);
    assert_int_equal(list.count, 1);
    const struct pf_cert_info *info = &list.items[0];
    static const struct pf_cert_san sans[] = {
        {.text = "podfit.svc"},
        {.is_ip = true, .text = "10.1.2.3"},
        {.is_ip = true, .text = "fe80::1"},
        {.text = "*.x.y"},
        {.text = "bad\\x01name"},
    };
    assert_int_equal(info->sans_count, PF_ARRAY_LEN(sans));
    for (size_t i = 0; i < PF_ARRAY_LEN(sans); i++) {
        assert_string_equal(info->sans[i].text, sans[i].text);
        assert_int_equal(info->sans[i].is_ip, sans[i].is_ip);
    }
    assert_null(strchr(info->subject, '\n'));
    assert_string_equal(info->subject, info->issuer);
    assert_string_equal(info->serial, "1234");
    assert_true(info->is_ca);
    assert_int_equal(info->key_type, PF_CERT_KEY_RSA);
    assert_int_equal(info->key_bits, 2048);
    assert_true(info->not_before_wall_ns == NOW_NS);
    assert_true(info->not_after_wall_ns == INT64_MAX / NS_PER_S * NS_PER_S);
    assert_int_equal(strlen(info->sha256), 64);
    pf_cert_list_done(&list);
    pf_cert_list_done(&list);
    odd_cert_free(cert);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum pf_code code;
    } rows[] = {
        {"podfit.podfit.svc", PF_OK},
        {"PODFIT.podfit.svc", PF_OK},
        {"a.wild.example", PF_OK},
        {"10.0.0.1", PF_OK},
        {"fe80::1", PF_OK},
        {"fe80:0::1", PF_OK},
        {"leaf", PF_E_NOT_FOUND},
        {"podfit", PF_E_NOT_FOUND},
        {"10.0.0.2", PF_E_NOT_FOUND},
        {"a.b.wild.example", PF_E_NOT_FOUND},
        {"wild.example", PF_E_NOT_FOUND},
    };
    const struct odd_recipe recipe = {
        .common_name = "leaf",
        .sans = "DNS:podfit.podfit.svc,DNS:*.wild.example,IP:10.0.0.1,IP:fe80::1",
        VALID};
    struct odd_cert *cert = odd_cert_new(&recipe, NULL);
    pf_autobuf struct pf_buf pem = {0};
    pf_buf_init(&pem, TEXT_MAX);
    odd_cert_append_pem(cert, &pem);
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const enum pf_code code = pf_cert_check_name(pf_buf_view(&pem), rows[i].name, NULL);
        if (code != rows[i].code) {
            fail_msg("'%s': %s", rows[i].name, pf_code_name(code));
        }
    }
    odd_cert_free(cert);
}

static void test_verify(void **state)
{
    (void)state;
    struct odd_pair made;
    odd_pair_make(&(struct odd_case){"",
                                     {{LEAF},
                                      {.common_name = "intermediate", .is_ca = true, VALID},
                                      {CA},
                                      {.common_name = "stranger", .is_ca = true, VALID}},
                                     {0, 1, -1},
                                     0,
                                     PF_OK,
                                     NULL},
                  &made);
    pf_autobuf struct pf_buf root = {0};
    pf_autobuf struct pf_buf stranger = {0};
    pf_buf_init(&root, TEXT_MAX);
    pf_buf_init(&stranger, TEXT_MAX);
    odd_cert_append_pem(made.certs[3], &stranger);
    odd_cert_append_pem(made.certs[3], &root);
    odd_cert_append_pem(made.certs[2], &root);
    const struct pf_sv chain = pf_buf_view(&made.chain);
    const struct {
        const char *name;
        const struct pf_buf *bundle;
        const char *host;
        int64_t now_ns;
        enum pf_code code;
    } rows[] = {
        {"root in the bundle", &root, "podfit.podfit.svc", NOW_NS, PF_OK},
        {"no name asked", &root, NULL, NOW_NS, PF_OK},
        {"other name", &root, "other", NOW_NS, PF_E_STATE},
        {"other address", &root, "10.0.0.1", NOW_NS, PF_E_STATE},
        {"unknown root", &stranger, NULL, NOW_NS, PF_E_STATE},
        {"too late", &root, NULL, NOW_NS + 2 * DAY_S * NS_PER_S, PF_E_STATE},
        {"too early", &root, NULL, NOW_NS - 2 * DAY_S * NS_PER_S, PF_E_STATE},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const enum pf_code code =
            pf_cert_verify(chain, pf_buf_view(rows[i].bundle), rows[i].host, rows[i].now_ns, NULL);
        if (code != rows[i].code) {
            fail_msg("%s: %s", rows[i].name, pf_code_name(code));
        }
    }
    odd_pair_unmake(&made);
}

static void test_load_pair(void **state)
{
    (void)state;
    char dir[] = "/tmp/podfit-cert-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char cert[64];
    char key[64];
    char fifo[64];
    (void)snprintf(cert, sizeof(cert), "%s/a.crt", dir);
    (void)snprintf(key, sizeof(key), "%s/a.key", dir);
    (void)snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
    struct odd_pair made;
    odd_pair_make(&good, &made);
    assert_int_equal(pf_file_write_atomic(cert, pf_buf_view(&made.chain), 0644, NULL), PF_OK);
    assert_int_equal(pf_file_write_atomic(key, pf_buf_view(&made.key), 0600, NULL), PF_OK);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const struct {
        const char *name;
        const char *cert;
        const char *key;
        enum pf_code code;
        const char *file; /* that the error names */
    } rows[] = {
        {"good", cert, key, PF_OK, NULL},
        {"exchanged", key, cert, PF_E_INVALID, key},
        {"certificate as key", cert, cert, PF_E_INVALID, cert},
        {"no such file", cert, "/nonexistent/a.key", PF_E_NOT_FOUND, "/nonexistent/a.key"},
        {"folder", dir, key, PF_E_IO, dir},
        {"fifo", cert, fifo, PF_E_IO, fifo},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_err err = {0};
        struct pf_cert_list chain = {0};
        struct pf_cert_pair pair = {0};
        const enum pf_code code =
            pf_cert_load_pair(rows[i].cert, rows[i].key, NOW_NS, &pair, &chain, &err);
        odd_pair_expect(rows[i].name, code, &err, rows[i].code, rows[i].file);
        assert_int_equal(pair.key_pem.len != 0, code == PF_OK);
        pf_cert_pair_done(&pair);
        pf_cert_pair_done(&pair);
        pf_cert_list_done(&chain);
    }
    odd_pair_unmake(&made);
    (void)unlink(cert);
    (void)unlink(key);
    (void)unlink(fifo);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pem_forms), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_key_forms), cmocka_unit_test(test_other_blocks),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_info),      cmocka_unit_test(test_names),
        cmocka_unit_test(test_verify),    cmocka_unit_test(test_load_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

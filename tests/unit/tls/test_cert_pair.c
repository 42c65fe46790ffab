#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "odd_pair.h"

static const struct odd_case pair_cases[] = {
    {"leaf alone", {{LEAF}, {CA}}, {0, -1}, 0, PF_OK, NULL},
    {"leaf and its CA", {{LEAF}, {CA}}, {0, 1, -1}, 0, PF_OK, NULL},
    {"leaf, intermediate, root", {{LEAF}, {CA}, {CA}}, {0, 1, 2, -1}, 0, PF_OK, NULL},
    {"RSA of 2048 bits", {{.key = ODD_RSA2048, LEAF}, {CA}}, {0, -1}, 0, PF_OK, NULL},
    {"signed by an RSA CA", {{LEAF}, {.key = ODD_RSA2048, CA}}, {0, 1, -1}, 0, PF_OK, NULL},
    {"Ed25519", {{.key = ODD_ED25519, LEAF}, {CA}}, {0, -1}, 0, PF_OK, NULL},
    {"signed by an Ed25519 CA", {{LEAF}, {.key = ODD_ED25519, CA}}, {0, 1, -1}, 0, PF_OK, NULL},
    {"SHA-384", {{.digest = "sha384", LEAF}, {CA}}, {0, -1}, 0, PF_OK, NULL},
    {"serverAuth among others",
     {{.eku = "clientAuth,serverAuth", LEAF}, {CA}},
     {0, -1},
     0,
     PF_OK,
     NULL},
    {"address only",
     {{.common_name = "leaf", .sans = "IP:10.0.0.1", VALID}, {CA}},
     {0, -1},
     0,
     PF_OK,
     NULL},
    {"root signed with SHA-1, nobody verifies that",
     {{LEAF}, {CA, .digest = "sha1"}},
     {0, 1, -1},
     0,
     PF_OK,
     NULL},
    {"key of another", {{LEAF}, {CA}, {CA}, {LEAF}}, {0, -1}, 3, PF_E_INVALID, "does not belong"},
    {"key of another kind",
     {{LEAF}, {CA}, {CA}, {.key = ODD_RSA2048, LEAF}},
     {0, -1},
     3,
     PF_E_INVALID,
     "does not belong"},
    {"CA first", {{LEAF}, {CA}}, {1, 0, -1}, 0, PF_E_INVALID, "certificate 2 is the one the key"},
    {"chain of a stranger",
     {{LEAF}, {CA}, {CA}, {CA}},
     {0, 3, -1},
     0,
     PF_E_INVALID,
     "certificate 1 was not issued by certificate 2"},
    {"intermediate left out",
     {{LEAF}, {CA}, {.common_name = "root", .is_ca = true, VALID}},
     {0, 2, -1},
     0,
     PF_E_INVALID,
     "certificate 1 was not issued by certificate 2"},
    {"followed by itself", {{LEAF}, {CA}}, {0, 0, -1}, 0, PF_E_INVALID, "no CA"},
    {"SHA-1", {{.digest = "sha1", LEAF}, {CA}}, {0, -1}, 0, PF_E_UNSUPPORTED, "SHA1"},
    {"MD5",
     {{.digest = "md5", LEAF}, {.key = ODD_RSA2048, CA}},
     {0, -1},
     0,
     PF_E_UNSUPPORTED,
     "MD5"},
    {"intermediate with SHA-1",
     {{LEAF}, {CA, .digest = "sha1"}, {CA}},
     {0, 1, 2, -1},
     0,
     PF_E_UNSUPPORTED,
     "certificate 2 is signed with SHA1"},
    {"RSA of 1024 bits",
     {{.key = ODD_RSA1024, LEAF}, {CA}},
     {0, -1},
     0,
     PF_E_UNSUPPORTED,
     "1024 bits"},
    {"P-224", {{.key = ODD_P224, LEAF}, {CA}}, {0, -1}, 0, PF_E_UNSUPPORTED, "not served"},
    {"expired",
     {{.common_name = "leaf",
       .sans = "DNS:a",
       .not_before_s = NOW_S - 2 * DAY_S,
       .not_after_s = NOW_S - 1},
      {CA}},
     {0, -1},
     0,
     PF_E_STATE,
     "certificate 1 expired at '2027-01-15T07:59:59.000Z'"},
    {"not yet valid",
     {{.common_name = "leaf",
       .sans = "DNS:a",
       .not_before_s = NOW_S + 1,
       .not_after_s = NOW_S + DAY_S},
      {CA}},
     {0, -1},
     0,
     PF_E_STATE,
     "certificate 1 is not valid before '2027-01-15T08:00:01.000Z'"},
    {"last second",
     {{.common_name = "leaf", .sans = "DNS:a", .not_before_s = NOW_S, .not_after_s = NOW_S}, {CA}},
     {0, -1},
     0,
     PF_OK,
     NULL},
    {"valid from 1500 to 9999",
     {{.common_name = "leaf",
       .sans = "DNS:a",
       .not_before_s = INT64_C(-14831769600),
       .not_after_s = INT64_C(253402300799)},
      {CA}},
     {0, -1},
     0,
     PF_OK,
     NULL},
    {"expired in 1600",
     {{.common_name = "leaf",
       .sans = "DNS:a",
       .not_before_s = INT64_C(-14831769600),
       .not_after_s = INT64_C(-11676096000)},
      {CA}},
     {0, -1},
     0,
     PF_E_STATE,
     "certificate 1 expired"},
    {"begins in 9999",
     {{.common_name = "leaf",
       .sans = "DNS:a",
       .not_before_s = INT64_C(253402300000),
       .not_after_s = INT64_C(253402300799)},
      {CA}},
     {0, -1},
     0,
     PF_E_STATE,
     "certificate 1 is not valid before"},
    {"expired CA in the chain",
     {{LEAF},
      {.common_name = "test CA",
       .is_ca = true,
       .not_before_s = NOW_S - 2 * DAY_S,
       .not_after_s = NOW_S - DAY_S}},
     {0, 1, -1},
     0,
     PF_E_STATE,
     "certificate 2 expired"},
    {"no names", {{.common_name = "leaf", VALID}, {CA}}, {0, -1}, 0, PF_E_INVALID, "CN=leaf"},
    {"only a mail address",
     {{.common_name = "leaf", .sans = "email:a@b.c", VALID}, {CA}},
     {0, -1},
     0,
     PF_E_INVALID,
     "no DNS name or IP address"},
    {"for clients only",
     {{.eku = "clientAuth", LEAF}, {CA}},
     {0, -1},
     0,
     PF_E_UNSUPPORTED,
     "serverAuth"},
    {"a key usage that includes signatures",
     {{.usage = "critical,digitalSignature,keyEncipherment", LEAF}, {CA}},
     {0, -1},
     0,
     PF_OK,
     NULL},
    {"a key usage without signatures",
     {{.key = ODD_RSA2048, .usage = "critical,keyEncipherment", LEAF}, {CA}},
     {0, -1},
     0,
     PF_E_UNSUPPORTED,
     "lacks digitalSignature"},
};

static void test_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(pair_cases); i++) {
        const struct odd_case *row = &pair_cases[i];
        struct odd_pair made;
        odd_pair_make(row, &made);
        struct pf_err err = {0};
        struct pf_cert_list chain = {.count = 77};
        const enum pf_code code = pf_cert_check_pair(pf_buf_view(&made.chain),
                                                     pf_buf_view(&made.key), NOW_NS, &chain, &err);
        odd_pair_expect(row->name, code, &err, row->code, row->text);
        if (code == PF_OK) {
            assert_string_equal(chain.items[0].subject, "CN=leaf");
            pf_cert_list_done(&chain);
        } else {
            assert_int_equal(chain.count, 77); /* untouched */
        }
        odd_pair_unmake(&made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

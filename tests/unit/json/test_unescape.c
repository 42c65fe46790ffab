/* Escapes of JSON strings, surrogates as Go's encoding/json decodes them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/macro.h>
#include <podfit/unescape.h>

static const struct {
    const char *name;
    struct pf_sv raw;
    struct pf_sv want;
} rows[] = {
    {"nothing", PF_SV_INIT(""), PF_SV_INIT("")},
    {"no escape", PF_SV_INIT("abc"), PF_SV_INIT("abc")},
    {"letters", PF_SV_INIT("\\b\\f\\n\\r\\t\\\"\\\\\\/"), PF_SV_INIT("\b\f\n\r\t\"\\/")},
    {"one byte", PF_SV_INIT("x\\u0041y"), PF_SV_INIT("xAy")},
    {"NUL", PF_SV_INIT("a\\u0000b"), PF_SV_INIT("a\0b")},
    {"two bytes", PF_SV_INIT("\\u00e9\\u07FF"), PF_SV_INIT("\xC3\xA9\xDF\xBF")},
    {"three bytes", PF_SV_INIT("\\u0800\\uFFFF"), PF_SV_INIT("\xE0\xA0\x80\xEF\xBF\xBF")},
    {"pair", PF_SV_INIT("\\ud83d\\uDE00"), PF_SV_INIT("\xF0\x9F\x98\x80")},
    {"first pair", PF_SV_INIT("\\uD800\\uDC00"), PF_SV_INIT("\xF0\x90\x80\x80")},
    {"last pair", PF_SV_INIT("\\uDBFF\\uDFFF"), PF_SV_INIT("\xF4\x8F\xBF\xBF")},
    {"lone high", PF_SV_INIT("\\ud800"), PF_SV_INIT("\xEF\xBF\xBD")},
    {"lone low", PF_SV_INIT("\\udc00x"), PF_SV_INIT("\xEF\xBF\xBDx")},
    {"high before text", PF_SV_INIT("\\ud800abcdefgh"),
     PF_SV_INIT("\xEF\xBF\xBD"
                "abcdefgh")},
    {"high before other escape", PF_SV_INIT("\\ud800\\n23456"), PF_SV_INIT("\xEF\xBF\xBD\n23456")},
    {"high before a letter", PF_SV_INIT("\\ud800\\u0041"),
     PF_SV_INIT("\xEF\xBF\xBD"
                "A")},
    {"two highs, then low", PF_SV_INIT("\\ud800\\ud83d\\ude00"),
     PF_SV_INIT("\xEF\xBF\xBD\xF0\x9F\x98\x80")},
    {"low before high", PF_SV_INIT("\\ude00\\ud83d"), PF_SV_INIT("\xEF\xBF\xBD\xEF\xBF\xBD")},
    {"escaped backslash before u", PF_SV_INIT("\\\\u0041"), PF_SV_INIT("\\u0041")},
};

static void test_escapes(void **state PF_UNUSED)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        char out[64] = {0};
        assert_true(rows[i].raw.len <= sizeof(out));
        const struct pf_sv got = {.ptr = out, .len = pf_unescape_text(rows[i].raw, out)};
        if (!pf_sv_eq(got, rows[i].want)) {
            fail_msg("%s: '%.*s'", rows[i].name, PF_SV_ARG(got));
        }
        assert_true(got.len <= rows[i].raw.len);
    }
}

static void test_hex4(void **state PF_UNUSED)
{
    assert_int_equal(pf_unescape_hex4("0000"), 0);
    assert_int_equal(pf_unescape_hex4("fFaA"), 0xFFAA);
    assert_int_equal(pf_unescape_hex4("1289"), 0x1289);
    assert_int_equal(pf_unescape_hex4("12g9"), -1);
    assert_int_equal(pf_unescape_hex4("@000"), -1);
    assert_int_equal(pf_unescape_hex4("00`0"), -1);
    assert_int_equal(pf_unescape_hex4("000/"), -1);
    assert_int_equal(pf_unescape_hex4("000:"), -1);
    assert_int_equal(pf_unescape_hex4("-001"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_hex4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

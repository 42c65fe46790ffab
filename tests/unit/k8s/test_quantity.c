/* Contract of the quantities: what is accepted and refused, limits, wraps, texts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/macro.h>
#include <podfit/quantity.h>

/* 2^256 - 1 and 2^256 in nano */
#define MAX_NANO  "115792089237316195423570985008687907853269984665640564039457584007913129639935n"
#define OVER_NANO "115792089237316195423570985008687907853269984665640564039457584007913129639936n"

static struct pf_quantity parse(const char *text)
{
    struct pf_quantity quantity = pf_quantity_zero;
    if (pf_quantity_parse(pf_sv_from(text), &quantity, NULL) != PF_OK) {
        fail_msg("'%s' is refused", text);
    }
    return quantity;
}

static void assert_text(const char *name, const struct pf_quantity *quantity, const char *want)
{
    char text[PF_QUANTITY_TEXT_BYTES];
    const size_t len = pf_quantity_format(quantity, text);
    if (strcmp(text, want) != 0) {
        fail_msg("%s: '%s', not '%s'", name, text, want);
    }
    assert_int_equal(len, strlen(want));
}

/* A value that no function writes. */
static struct pf_quantity pattern(void)
{
    struct pf_quantity quantity;
    memset(&quantity, 0xa5, sizeof(quantity));
    return quantity;
}

static void assert_untouched(const struct pf_quantity *quantity)
{
    const struct pf_quantity untouched = pattern();
    assert_memory_equal(quantity, &untouched, sizeof(untouched));
}

static void test_parse_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        enum pf_code code;
    } rows[] = {
        {"empty", "", PF_E_INVALID},
        {"space", " ", PF_E_INVALID},
        {"space before", " 1", PF_E_INVALID},
        {"space inside", "1 Ki", PF_E_INVALID},
        {"two points", "1..2", PF_E_INVALID},
        {"two signs", "+-1", PF_E_INVALID},
        {"sign after", "1+", PF_E_INVALID},
        {"underscore", "1_000", PF_E_INVALID},
        {"hex", "0x10", PF_E_INVALID},
        {"lower-case binary", "1ki", PF_E_INVALID},
        {"upper-case kilo", "1K", PF_E_INVALID},
        {"milli binary", "1mi", PF_E_INVALID},
        {"bytes", "1KB", PF_E_INVALID},
        {"binary and bytes", "1Kib", PF_E_INVALID},
        {"lone e", "1e", PF_E_INVALID},
        {"sign without exponent", "1e+", PF_E_INVALID},
        {"two exponent signs", "1e+-1", PF_E_INVALID},
        {"broken exponent", "1e1.5", PF_E_INVALID},
        {"exponent and suffix", "1e3Ki", PF_E_INVALID},
        {"suffix and exponent", "1ke3", PF_E_INVALID},
        {"exponent over int64", "1e9223372036854775808", PF_E_INVALID},
        {"wide digit", "\xef\xbc\x91", PF_E_INVALID},
        {"pebi without a digit", "Pi", PF_E_INVALID},
        {"exbi without a digit", "+.Ei", PF_E_INVALID},
        {"small exponent without a digit", "e-15", PF_E_INVALID},
        {"exponent over the limit", "1e10001", PF_E_TOO_BIG},
        {"exponent under the limit", "1e-10001", PF_E_TOO_BIG},
        {"exponent of gigabytes", "1e2000000000", PF_E_TOO_BIG},
        {"exponent of minus gigabytes", "1e-2000000000", PF_E_TOO_BIG},
        {"exponent, many digits", "1234567890123456789e10001", PF_E_TOO_BIG},
        {"2^256", OVER_NANO, PF_E_TOO_BIG},
        {"-2^256", "-" OVER_NANO, PF_E_TOO_BIG},
        {"79 digits", "1" MAX_NANO, PF_E_TOO_BIG},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_quantity quantity = pattern();
        struct pf_err err = {0};
        const enum pf_code code = pf_quantity_parse(pf_sv_from(rows[i].text), &quantity, &err);
        if (code != rows[i].code || err.code != code || err.text[0] == '\0') {
            fail_msg("%s: %s", rows[i].name, pf_code_name(code));
        }
        assert_untouched(&quantity);
    }
}

static void test_parse_accepts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *canonical;
        const char *string;
    } rows[] = {
        {"0", "0", "0"},
        {"+", "0", "0"},
        {".", "0", "0"},
        {"-.m", "0", "0"},
        {"Ki", "0", "0"},
        {"0Pi", "0", "0"},
        {"e-9", "0", "0"},
        {"E", "0", "0"},
        {"0e2000000000", "0", "0"},
        {"0e-2000000000", "0", "0"},
        {"0.000000000000000000000000e2000000000", "0", "0"},
        {"1E", "1E", "1E"},
        {"1E3", "1e3", "1E3"},
        {"1e+3", "1e3", "1e+3"},
        {"5.", "5", "5."},
        {"00001", "1", "00001"},
        {"1.500", "1500m", "1.500"},
        {"1.5", "1500m", "1500m"},
        {"1500", "1500", "1500"},
        {"1000", "1k", "1k"},
        {"3Ki", "3Ki", "3Ki"},
        {"1032Ki", "1032Ki", "1032Ki"},
        {"7Gi", "7Gi", "7Gi"},
        {"1025Mi", "1025Mi", "1025Mi"},
        {"1E4294967297", "10", "10"},
        {"1e10000", "10e9999", "10e9999"},
        {"1e-10000", "1e-9", "1e-9"},
        {"-1e-10000", "-1e-9", "-1e-9"},
        {"1000000000000000000000", "1", "1"}, /* the defect of upstream */
        {"8Ei", "9223372036854775807", "9223372036854775807"},
        {"-8Ei", "-9223372036854775807", "-9223372036854775807"},
        {"99999999999999999999999999Ki", "9223372036854775807", "9223372036854775807"},
        {"0.0000000001Ki", "103n", "103n"},
        {MAX_NANO, MAX_NANO, MAX_NANO},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_quantity quantity = parse(rows[i].text);
        assert_text(rows[i].text, &quantity, rows[i].canonical);
        char text[PF_QUANTITY_TEXT_BYTES];
        const struct pf_sv string = pf_quantity_string(&quantity, pf_sv_from(rows[i].text), text);
        if (!pf_sv_eq_cstr(string, rows[i].string)) {
            fail_msg("%s: string '%.*s'", rows[i].text, PF_SV_ARG(string));
        }
    }
}

static void test_parse_hostile_lengths(void **state)
{
    (void)state;
    enum { LEN = 1024 * 1024 };
    static char text[LEN];
    struct pf_quantity quantity;
    memset(text, '0', LEN);
    text[LEN - 1] = '7';
    assert_int_equal(pf_quantity_parse((struct pf_sv){text, LEN}, &quantity, NULL), PF_OK);
    assert_int_equal(pf_quantity_value(&quantity), 7);
    text[1] = '.';
    assert_int_equal(pf_quantity_parse((struct pf_sv){text, LEN}, &quantity, NULL), PF_OK);
    assert_text("rounded up", &quantity, "1n");
    memset(text, '9', LEN);
    assert_int_equal(pf_quantity_parse((struct pf_sv){text, LEN}, &quantity, NULL), PF_E_TOO_BIG);
    text[LEN - 2] = 'E';
    text[LEN - 1] = 'i';
    assert_int_equal(pf_quantity_parse((struct pf_sv){text, LEN}, &quantity, NULL), PF_OK);
    assert_int_equal(pf_quantity_value(&quantity), INT64_MAX);
}

/* The nano boundary of a binary number is decided by a digit far behind. */
static void test_parse_binary_far_digit(void **state)
{
    (void)state;
    char text[256];
    memset(text, '0', sizeof(text));
    text[0] = '1';
    text[1] = '.';
    text[200] = '1';
    text[201] = 'K';
    text[202] = 'i';
    struct pf_quantity quantity;
    assert_int_equal(pf_quantity_parse((struct pf_sv){text, 203}, &quantity, NULL), PF_OK);
    assert_text("above", &quantity, "1024000000001n");
    text[200] = '0';
    assert_int_equal(pf_quantity_parse((struct pf_sv){text, 203}, &quantity, NULL), PF_OK);
    assert_text("equal", &quantity, "1Ki");
}

static void test_parse_message(void **state)
{
    (void)state;
    struct pf_quantity quantity;
    struct pf_err err = {0};
    assert_int_equal(pf_quantity_parse(PF_SV("1\n\x01Q"), &quantity, &err), PF_E_INVALID);
    assert_non_null(strstr(err.text, "'1??Q'"));
    assert_null(strchr(err.text, '\n'));
    pf_err_clear(&err);
    assert_int_equal(pf_quantity_parse(PF_SV("1e10001"), &quantity, &err), PF_E_TOO_BIG);
    assert_non_null(strstr(err.text, "'1e10001'"));
    pf_err_clear(&err);
    assert_int_equal(pf_quantity_parse_json(PF_SV("true"), &quantity, &err), PF_E_INVALID);
    assert_non_null(strstr(err.text, "'t'"));
}

static void test_parse_json(void **state)
{
    (void)state;
    static const struct {
        const char *token;
        const char *canonical; /* NULL: invalid */
    } rows[] = {
        {"\"1.5\"", "1500m"},
        {"\" 1\\t\"", NULL}, /* escapes are not decoded */
        {"\"\\u0031\"", NULL},
        {"\" 2Gi \"", "2Gi"},
        {"\"\xc2\xa0\xe2\x80\x83"
         "2Gi\xe3\x80\x80\"",
         "2Gi"},
        {"10", "10"},
        {" 10\n", "10"},
        {"-1", "-1"},
        {"0.1", "100m"},
        {"1e3", "1e3"},
        {"1E+3", "1e3"},
        {"null", "0"},
        {"\"null\"", NULL},
        {"true", NULL},
        {"false", NULL},
        {"{}", NULL},
        {"[1]", NULL},
        {"\"\"", NULL},
        {"\" \"", NULL},
        {"\"", NULL},
        {"\"1", NULL},
        {"", NULL},
        {"01", NULL},
        {"+1", NULL},
        {".5", NULL},
        {"5.", NULL},
        {"1e", NULL},
        {"1Ki", NULL},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_quantity quantity = pattern();
        const enum pf_code code =
            pf_quantity_parse_json(pf_sv_from(rows[i].token), &quantity, NULL);
        if (code != (rows[i].canonical != NULL ? PF_OK : PF_E_INVALID)) {
            fail_msg("token %s: %s", rows[i].token, pf_code_name(code));
        }
        if (rows[i].canonical != NULL) {
            assert_text(rows[i].token, &quantity, rows[i].canonical);
        } else {
            assert_untouched(&quantity);
        }
    }
    assert_true(pf_sv_eq(pf_quantity_json_text(PF_SV(" \" 1E3\" ")), PF_SV("1E3")));
    assert_true(pf_sv_eq(pf_quantity_json_text(PF_SV("7 ")), PF_SV("7")));
}

static void test_conversion_wraps(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
        int64_t milli;
    } rows[] = {
        {"3M", 3000000, 3000000000},
        {"1m", 1, 1},
        {"10E", 0, 0},
        {"1E", 1000000000000000000, 0},
        {"10P", 10000000000000000, 0},
        {"999999999999999999k", 3875820019684211736, 2003764205205896640},
        {"99999999999G", 7766279630452241920, 0},
        {"99999999999e8", 0, 0},
        {"999999999999999999e1", -8446744073709551626, 0},
        {"999999999999999999e2", 7766279631452241820, 0},
        {"999999999999999999e4", 0, 0},
        {"9223372036854775807", INT64_MAX, -1000},
        {"9Ei", INT64_MAX, -1000},
        {"1Ei", 1152921504606846976, INT64_MIN},
        {"12345678901234567890", -6101065172474983726, 4807115922877858896},
        {"12345678901234567890e40", -2300334455958536192, 5508553255157760000},
        {"12345678901234567890e100", 0, 0},
        {"-1.5", -2, -1500},
        {"-1.1Ki", -1125, -1126400},
        {"-0.1n", 1, 1},
        {"-4Pi", 6917529028, 6917529027642},
        {"0e10000", 0, 0},
        {"1e10000", 0, 0},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_quantity quantity = parse(rows[i].text);
        const int64_t value = pf_quantity_value(&quantity);
        const int64_t milli = pf_quantity_milli(&quantity);
        if (value != rows[i].value || milli != rows[i].milli) {
            fail_msg("%s: value %lld, milli %lld", rows[i].text, (long long)value,
                     (long long)milli);
        }
    }
    /* a sum that left int64 at 10^30: Go makes -2^63 of that power of ten */
    struct pf_quantity product = parse("999999999999999999e30");
    assert_int_equal(pf_quantity_mul(&product, 9, &product), PF_OK);
    assert_int_equal(pf_quantity_value(&product), INT64_MIN);
    assert_int_equal(pf_quantity_milli(&product), INT64_MIN);
}

static void test_parse_form(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_big;
    } rows[] = {
        {"99999999999Ki", false},
        {"100000000000Ki", true},
        {"0000099999999Mi", false},
        {"100000000Mi", true},
        {"99999Gi", false},
        {"100000Gi", true},
        {"99Ti", false},
        {"100Ti", true},
        {"0Ti", false},
        {"0Pi", true},
        {"1.Ki", false},
        {"1.0Ki", true},
        {"999999999999999999", false},
        {"1000000000000000000", true},
        {"0.00000000", false},
        {"0.1234567890", true},
        {".12345678901234567G", false},
        {".123456789012345678G", true},
        {"12345678901234567.8k", false},
        {"123456789012345678.9k", true},
        {"1n", false},
        {"1.0n", true},
        {"1e-9", false},
        {"1e-10", true},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_quantity quantity = parse(rows[i].text);
        if (quantity.is_big != rows[i].is_big) {
            fail_msg("%s", rows[i].text);
        }
    }
}

static void test_as_i64(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-5k", true, -5000},
        {"2Ti", true, 2199023255552},
        {"0e2000000000", true, 0},
        {"1E", true, 1000000000000000000},
        {"9E", true, 9000000000000000000},
        {"10E", false, 0},
        {"1000m", false, 0},
        {"1.0", false, 0},
        {"1Pi", false, 0},
        {"1000000000000000000", false, 0},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_quantity quantity = parse(rows[i].text);
        int64_t value = -77;
        if (pf_quantity_as_i64(&quantity, &value) != rows[i].ok ||
            value != (rows[i].ok ? rows[i].value : -77)) {
            fail_msg("%s: %lld", rows[i].text, (long long)value);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_parse_accepts),
        cmocka_unit_test(test_parse_hostile_lengths),
        cmocka_unit_test(test_parse_binary_far_digit),
        cmocka_unit_test(test_parse_message),
        cmocka_unit_test(test_parse_json),
        cmocka_unit_test(test_conversion_wraps),
        cmocka_unit_test(test_parse_form),
        cmocka_unit_test(test_as_i64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

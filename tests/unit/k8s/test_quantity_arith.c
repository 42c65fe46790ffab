/* Arithmetic of the quantities: results, limits, which text they print. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/macro.h>
#include <podfit/quantity.h>

/* 2^256 - 1 in nano */
#define MAX_NANO "115792089237316195423570985008687907853269984665640564039457584007913129639935n"

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

/* One operation; operand is a quantity for + - and < (comparison), a factor for *, a scale for ^ (round up). */
struct operation {
    const char *left;
    char sign;
    const char *operand;
    const char *result;
};

static bool operate(const struct operation *row, struct pf_quantity *quantity)
{
    int64_t number = 0;
    const bool is_number = pf_sv_to_i64(pf_sv_from(row->operand), &number);
    struct pf_quantity other = pf_quantity_zero;
    if (row->sign == '+' || row->sign == '-') {
        other = parse(row->operand);
    } else {
        assert_true(is_number);
    }
    switch (row->sign) {
    case '+':
        return pf_quantity_add(quantity, &other, quantity) == PF_OK;
    case '-':
        return pf_quantity_sub(quantity, &other, quantity) == PF_OK;
    case '*':
        return pf_quantity_mul(quantity, number, quantity) == PF_OK;
    default:
        (void)pf_quantity_round_up(quantity, (int32_t)number);
        return true;
    }
}

static void test_arithmetic(void **state)
{
    (void)state;
    static const struct operation rows[] = {
        {"10", '+', "1", "11"},
        {"1k", '+', "1Ki", "2024"},
        {"1Ki", '+', "1k", "2024"},
        {"1Ki", '+', "1024", "2Ki"},
        {"0", '+', "1Ki", "1Ki"},
        {"0Pi", '+', "1k", "1k"},
        {"0Ki", '-', "1k", "-1k"},
        {"500m", '+', "2500u", "502500u"},
        {"4e18", '+', "8e18", "12e18"},
        {"9Ei", '+', "1", "8Ei"},
        {"1e30", '+', "1", "1000000000000000000000000000001"},
        {"1e10000", '+', "1e10000", "20e9999"},
        {"1e10000", '-', "1e10000", "0"},
        {"1e100", '+', "0.5n", "(too big)"},
        {"1e10000", '+', "1", "(too big)"},
        {"1", '-', "1e10000", "(too big)"},
        {MAX_NANO, '+', "1n", "(too big)"},
        {"-" MAX_NANO, '-', "1n", "(too big)"},
        {MAX_NANO, '*', "-1", "-" MAX_NANO},
        {MAX_NANO, '*', "3", "(too big)"},
        {MAX_NANO, '-', MAX_NANO, "0"},
        {"1m", '*', "3", "3m"},
        {"-50", '*', "0", "0"},
        {"9223372036854775807", '*', "2", "18446744073709551614"},
        {"1", '*', "-9223372036854775808", "-9223372036854775808"},
        {"2", '*', "-9223372036854775808", "-18446744073709551616"},
        {"1Ei", '*', "1024", "1"}, /* the defect of upstream */
        {"9.01", '^', "1", "10"},
        {"-9.01", '^', "-1", "-9100m"},
        {"1.1Ki", '^', "3", "2000"},
        {"1e-9", '^', "10000", "10e9999"},
        {"1.5Gi", '^', "-10000", "1536Mi"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_quantity quantity = parse(rows[i].left);
        const struct pf_quantity before = quantity;
        if (operate(&rows[i], &quantity)) {
            assert_text(rows[i].left, &quantity, rows[i].result);
        } else {
            assert_string_equal(rows[i].result, "(too big)");
            assert_memory_equal(&quantity, &before, sizeof(before));
        }
    }
}

/* Multiplying again and again cannot run the exponent over. */
static void test_mul_exponent_limit(void **state)
{
    (void)state;
    struct pf_quantity product = parse(MAX_NANO);
    enum pf_code code = PF_OK;
    unsigned rounds = 0;
    while (code == PF_OK && rounds < 10000) {
        code = pf_quantity_mul(&product, 1000000000000000000, &product);
        rounds++;
    }
    assert_int_equal(code, PF_E_TOO_BIG);
    assert_in_range(rounds, 1000, 2000);
    assert_true(product.scale <= 2 * PF_QUANTITY_MAX_EXPONENT);
}

static void test_mul_fits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t factor;
        bool want;
    } rows[] = {
        {"10", 10, true},
        {"1m", 3, true},
        {"1e30", 1, true},
        {"1e30", INT64_MAX, true},
        {"1000000000000000000000", 1, false},
        {"12345678901234567890e60", 1, false},
        {"0e100", 5, true},
        {"9223372036854775807", 1, true},
        {"9223372036854775807", 2, false},
        {"-9223372036854775808", 1, true},
        {"-9223372036854775808", -1, false},
        {"9223372036854775.807", 1, true},
        {"9223372036854775.808", 1, false},
        {"1k", 9223372036854775, true},
        {"1k", 9223372036854776, true},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_quantity left = parse(rows[i].text);
        struct pf_quantity product;
        assert_int_equal(pf_quantity_mul(&left, rows[i].factor, &product), PF_OK);
        if (pf_quantity_fits_i64(&product) != rows[i].want) {
            fail_msg("%s x %lld", rows[i].text, (long long)rows[i].factor);
        }
    }
}

static void test_neg(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"0", "0"},      {"0Pi", "0"},         {"1.500", "-1500m"},
        {"-1Gi", "1Gi"}, {"1.5Gi", "-1536Mi"}, {"-" MAX_NANO, MAX_NANO},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_quantity quantity = parse(rows[i][0]);
        const int sign = pf_quantity_sign(&quantity);
        pf_quantity_neg(&quantity);
        assert_int_equal(pf_quantity_sign(&quantity), -sign);
        char text[PF_QUANTITY_TEXT_BYTES];
        const struct pf_sv string = pf_quantity_string(&quantity, PF_SV("unused"), text);
        assert_true(pf_sv_eq_cstr(string, rows[i][1]));
    }
    struct pf_quantity min = pf_quantity_from_i64(INT64_MIN, 0, PF_QUANTITY_BINARY_SI);
    assert_text("small", &min, "-9223372036854775808"); /* upstream cannot divide this one */
    pf_quantity_neg(&min);
    assert_text("big", &min, "8Ei");
}

static void test_cmp(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        int want;
    } rows[] = {
        {"0", "0Pi", 0},
        {"0e10000", "-1n", 1},
        {"1", "1000m", 0},
        {"1024Mi", "1Gi", 0},
        {"1.5Gi", "1536Mi", 0},
        {"1k", "1Ki", -1},
        {"-1k", "-1Ki", 1},
        {"10", "11e-1", 1},
        {"1e10000", "1e-9", 1},
        {"-1e10000", "1", -1},
        {"1e10000", "999999999999999999e9982", 1},
        {"1e10000", "1000000000000000000e9982", 0},
        {"1e10000", MAX_NANO, 1},
        {"1e69", MAX_NANO, 1},
        {"1e68", MAX_NANO, -1},
        {"12345678901234567890e60", "12345678901234567891e60", -1},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_quantity a = parse(rows[i].a);
        const struct pf_quantity b = parse(rows[i].b);
        const int got = pf_quantity_cmp(&a, &b);
        const int mirrored = pf_quantity_cmp(&b, &a);
        if ((got > 0) - (got < 0) != rows[i].want ||
            (mirrored > 0) - (mirrored < 0) != -rows[i].want) {
            fail_msg("%s and %s: %d, %d", rows[i].a, rows[i].b, got, mirrored);
        }
    }
}

static void test_verbatim_is_lost(void **state)
{
    (void)state;
    const struct pf_sv original = PF_SV("1.000500");
    char text[PF_QUANTITY_TEXT_BYTES];
    struct pf_quantity quantity = parse("1.000500");
    assert_true(pf_sv_eq(pf_quantity_string(&quantity, original, text), original));
    pf_quantity_round_up_milli(&quantity);
    assert_true(pf_sv_eq_cstr(pf_quantity_string(&quantity, original, text), "1001m"));
    quantity = parse("1E3");
    pf_quantity_round_up_milli(&quantity); /* changes nothing, so the text stays */
    assert_true(pf_sv_eq_cstr(pf_quantity_string(&quantity, PF_SV("1E3"), text), "1E3"));
    assert_int_equal(pf_quantity_add(&quantity, &pf_quantity_zero, &quantity), PF_OK);
    assert_true(pf_sv_eq_cstr(pf_quantity_string(&quantity, PF_SV("1E3"), text), "1e3"));
}

static void test_format_of_huge_binary(void **state)
{
    (void)state;
    const struct pf_quantity quantity = pf_quantity_from_i64(5, 10000, PF_QUANTITY_BINARY_SI);
    assert_text("no digits of it", &quantity, "50e9999");
    const struct pf_quantity many = pf_quantity_from_i64(7, 70, PF_QUANTITY_BINARY_SI);
    assert_text("1024^7 x", &many, "59292306307801023734782575047574937343597412109375");
    struct pf_quantity power = pf_quantity_from_i64(1023, 0, PF_QUANTITY_BINARY_SI);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(pf_quantity_mul(&power, (int64_t)1 << 40, &power), PF_OK);
    }
    assert_text("1024^24 x", &power, "1023");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_mul_exponent_limit),
        cmocka_unit_test(test_mul_fits),
        cmocka_unit_test(test_neg),
        cmocka_unit_test(test_cmp),
        cmocka_unit_test(test_verbatim_is_lost),
        cmocka_unit_test(test_format_of_huge_binary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

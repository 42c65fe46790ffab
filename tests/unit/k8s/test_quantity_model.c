/* Random quantities against a second implementation that shares nothing with the first: schoolbook arithmetic on rows of digits. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/macro.h>
#include <podfit/quantity.h>

/* Digits of a model number and how many of them stand behind the point. */
#define MODEL_DIGITS   240
#define MODEL_FRACTION 100
#define MODEL_NANO     (MODEL_FRACTION - 9)
#define MODEL_MILLI    (MODEL_FRACTION - 3)
#define ROUNDS         20000

struct model {
    bool negative;
    uint8_t digit[MODEL_DIGITS]; /* least significant first */
};

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static bool model_is_zero(const struct model *model)
{
    for (size_t i = 0; i < MODEL_DIGITS; i++) {
        if (model->digit[i] != 0) {
            return false;
        }
    }
    return true;
}

static void model_mul(struct model *model, uint32_t factor)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < MODEL_DIGITS; i++) {
        carry += (uint64_t)model->digit[i] * factor;
        model->digit[i] = (uint8_t)(carry % 10);
        carry /= 10;
    }
    assert_true(carry == 0);
}

static void model_carry_at(struct model *model, size_t at)
{
    while (model->digit[at] == 9) {
        model->digit[at] = 0;
        at++;
    }
    model->digit[at]++;
}

/* Away from zero to a multiple of the digit at @p at. */
static void model_round_up(struct model *model, size_t at)
{
    bool is_cut = false;
    for (size_t i = 0; i < at; i++) {
        is_cut = is_cut || model->digit[i] != 0;
        model->digit[i] = 0;
    }
    if (is_cut) {
        model_carry_at(model, at);
    }
}

static int model_cmp_magnitude(const struct model *a, const struct model *b)
{
    for (size_t i = MODEL_DIGITS; i-- > 0;) {
        if (a->digit[i] != b->digit[i]) {
            return a->digit[i] < b->digit[i] ? -1 : 1;
        }
    }
    return 0;
}

static int model_cmp(const struct model *a, const struct model *b)
{
    const int sign_a = model_is_zero(a) ? 0 : (a->negative ? -1 : 1);
    const int sign_b = model_is_zero(b) ? 0 : (b->negative ? -1 : 1);
    if (sign_a != sign_b) {
        return sign_a < sign_b ? -1 : 1;
    }
    return sign_a * model_cmp_magnitude(a, b);
}

static struct model model_add(const struct model *a, const struct model *b)
{
    const bool swap = model_cmp_magnitude(a, b) < 0;
    struct model sum = swap ? *b : *a;
    const struct model *other = swap ? a : b;
    const int sign = a->negative == b->negative ? 1 : -1;
    int carry = 0;
    for (size_t i = 0; i < MODEL_DIGITS; i++) {
        const int digit = sum.digit[i] + sign * other->digit[i] + carry;
        carry = digit < 0 ? -1 : digit / 10;
        sum.digit[i] = (uint8_t)(digit < 0 ? digit + 10 : digit % 10);
    }
    return sum;
}

static struct model model_neg(const struct model *model)
{
    struct model result = *model;
    result.negative = !result.negative;
    return result;
}

/* Read a text known to be well formed; suffix only `eN`, a binary one, or none. No rounding yet. */
static struct model model_read(const char *text)
{
    struct model model = {.negative = text[0] == '-'};
    const char *p = text + (text[0] == '-' || text[0] == '+' ? 1 : 0);
    const size_t len = strspn(p, "0123456789.");
    const char *point = memchr(p, '.', len);
    const char *suffix = p + len;
    long place = (long)MODEL_FRACTION + (point != NULL ? point - p : (long)len) - 1;
    uint32_t kibis = 0;
    if (suffix[0] == 'e') {
        long exponent = 0;
        assert_int_equal(sscanf(suffix + 1, "%ld", &exponent), 1); /* NOLINT(cert-err34-c) */
        place += exponent;
    } else if (suffix[0] != '\0') {
        kibis = (uint32_t)(strchr("KMGTPE", suffix[0]) - "KMGTPE") + 1;
    }
    for (size_t i = 0; i < len; i++) {
        if (p[i] == '.') {
            continue;
        }
        assert_true(place >= 0 && place < MODEL_DIGITS);
        model.digit[place] = (uint8_t)(p[i] - '0');
        place--;
    }
    for (uint32_t i = 0; i < kibis; i++) {
        model_mul(&model, 1024);
    }
    return model;
}

/* What parsing makes of a text: rounded to nano, a binary number capped. */
static struct model model_parse(const char *text)
{
    struct model model = model_read(text);
    model_round_up(&model, MODEL_NANO);
    struct model cap = model_read("9223372036854775807");
    if (strchr(text, 'i') != NULL && model_cmp_magnitude(&model, &cap) > 0) {
        cap.negative = model.negative;
        return cap;
    }
    return model;
}

/* The number that a quantity holds, by its text with an exponent (which has no defects). */
static struct model model_from(const struct pf_quantity *quantity)
{
    struct pf_quantity copy = *quantity;
    copy.format = PF_QUANTITY_DECIMAL_EXPONENT;
    char text[PF_QUANTITY_TEXT_BYTES];
    assert_in_range(pf_quantity_format(&copy, text), 1, PF_QUANTITY_TEXT_BYTES - 1);
    return model_read(text);
}

static void random_digits(uint64_t *seed, size_t max, char **at)
{
    const size_t len = (size_t)(next_random(seed) % (max + 1));
    for (size_t i = 0; i < len; i++) {
        **at = (char)(next_random(seed) % 3 == 0 ? '0' : '0' + next_random(seed) % 10);
        (*at)++;
    }
}

static void random_text(uint64_t *seed, char text[128])
{
    static const char *const suffixes[] = {"",   "",   "",   "Ki",  "Mi",  "Gi",   "Ti",   "Pi",
                                           "Ei", "e3", "e6", "e18", "e-3", "e-15", "e-40", "e-9"};
    static const char signs[] = {'\0', '\0', '\0', '-', '+'};
    char *at = text;
    *at = signs[next_random(seed) % PF_ARRAY_LEN(signs)];
    at += *at != '\0' ? 1 : 0;
    *at = (char)('0' + next_random(seed) % 10); /* at least one digit */
    at++;
    const bool is_long = next_random(seed) % 4 == 0;
    random_digits(seed, is_long ? 28 : 6, &at);
    if (next_random(seed) % 3 == 0) {
        *at = '.';
        at++;
        random_digits(seed, is_long ? 30 : 6, &at);
    }
    const char *suffix = suffixes[next_random(seed) % PF_ARRAY_LEN(suffixes)];
    memcpy(at, suffix, strlen(suffix) + 1);
}

static void assert_same(const char *what, const char *text, const struct model *want,
                        const struct pf_quantity *got)
{
    const struct model found = model_from(got);
    if (model_cmp(want, &found) != 0) {
        char shown[PF_QUANTITY_TEXT_BYTES];
        (void)pf_quantity_format(got, shown);
        fail_msg("%s of '%s' is '%s'", what, text, shown);
    }
}

/* ceil() in units of the digit at @p at, where that is below 10^18; at is MODEL_FRACTION or MODEL_MILLI. */
static void check_ceiling(const char *text, const struct model *model, size_t at, int64_t got)
{
    struct model rounded = *model;
    model_round_up(&rounded, at);
    int64_t want = 0;
    for (size_t i = MODEL_DIGITS; i-- > at;) {
        if (i >= at + 18 && rounded.digit[i] != 0) {
            return; /* may wrap: the reference rows check that */
        }
        want = want * 10 + rounded.digit[i];
    }
    if (want != got) {
        fail_msg("'%s' at digit %zu is %lld, not %lld", text, at, (long long)got, (long long)want);
    }
}

static void check_round_trip(const char *text, const struct pf_quantity *quantity)
{
    const struct model model = model_from(quantity);
    struct model limit = model_read("1e21"); /* DecimalSI has no suffix from here on */
    if (model_cmp_magnitude(&model, &limit) >= 0) {
        return;
    }
    char canonical[PF_QUANTITY_TEXT_BYTES];
    const size_t len = pf_quantity_format(quantity, canonical);
    struct pf_quantity back;
    assert_int_equal(pf_quantity_parse((struct pf_sv){.ptr = canonical, .len = len}, &back, NULL),
                     PF_OK);
    if (pf_quantity_cmp(quantity, &back) != 0) {
        fail_msg("'%s' is written '%s', which is not the same", text, canonical);
    }
}

static void check_one(const char *text, const struct pf_quantity *quantity,
                      const struct model *model)
{
    assert_same("parse", text, model, quantity);
    if (pf_quantity_sign(quantity) >= 0) {
        check_ceiling(text, model, MODEL_FRACTION, pf_quantity_value(quantity));
        check_ceiling(text, model, MODEL_MILLI, pf_quantity_milli(quantity));
    }
    check_round_trip(text, quantity);
    struct pf_quantity rounded = *quantity;
    pf_quantity_round_up_milli(&rounded);
    struct model want = *model;
    model_round_up(&want, MODEL_MILLI);
    assert_same("round up", text, &want, &rounded);
    struct pf_quantity negated = *quantity;
    pf_quantity_neg(&negated);
    want = model_neg(model);
    assert_same("neg", text, &want, &negated);
}

static void check_pair(const char *text, const struct pf_quantity *a, const struct pf_quantity *b,
                       uint32_t factor)
{
    const struct model x = model_from(a);
    const struct model y = model_from(b);
    const struct model minus_y = model_neg(&y);
    assert_int_equal(pf_quantity_cmp(a, b), model_cmp(&x, &y));
    struct pf_quantity result;
    assert_int_equal(pf_quantity_add(a, b, &result), PF_OK);
    struct model want = model_add(&x, &y);
    assert_same("sum", text, &want, &result);
    struct pf_quantity back;
    assert_int_equal(pf_quantity_sub(&result, b, &back), PF_OK);
    assert_int_equal(pf_quantity_cmp(a, &back), 0);
    assert_int_equal(pf_quantity_sub(a, b, &result), PF_OK);
    want = model_add(&x, &minus_y);
    assert_same("difference", text, &want, &result);
    assert_int_equal(pf_quantity_mul(a, factor, &result), PF_OK);
    want = x;
    model_mul(&want, factor);
    assert_same("product", text, &want, &result);
}

static void test_against_model(void **state)
{
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15U;
    struct pf_quantity previous = pf_quantity_zero;
    for (int i = 0; i < ROUNDS; i++) {
        char text[128];
        random_text(&seed, text);
        struct pf_quantity quantity;
        if (pf_quantity_parse(pf_sv_from(text), &quantity, NULL) != PF_OK) {
            fail_msg("'%s' is refused", text);
        }
        const struct model model = model_parse(text);
        check_one(text, &quantity, &model);
        check_pair(text, &quantity, &previous, (uint32_t)(next_random(&seed) % 100000));
        previous = quantity;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

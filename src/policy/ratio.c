#include "ratio_internal.h"

/** 10^exponent. @param exponent at most 18, the largest scale of a pf_decimal */
static uint64_t power_of_ten(unsigned exponent)
{
    uint64_t power = 1;

    for (unsigned i = 0; i < exponent; i++) {
        power *= 10;
    }
    return power;
}

struct pf_ratio pf_ratio_make(uint64_t num, uint64_t den)
{
    return (struct pf_ratio){.num = num, .den = den};
}

struct pf_ratio pf_ratio_of(const struct pf_decimal *decimal)
{
    return pf_ratio_make((uint64_t)decimal->digits, power_of_ten(decimal->scale));
}

struct pf_ratio pf_ratio_of_part(const struct pf_decimal *decimal, uint32_t divisor)
{
    struct pf_ratio ratio = pf_ratio_of(decimal);

    ratio.den *= divisor;
    return ratio;
}

struct pf_ratio pf_ratio_div(struct pf_ratio a, const struct pf_decimal *decimal)
{
    return (struct pf_ratio){
        .num = a.num * power_of_ten(decimal->scale),
        .den = a.den * (uint64_t)decimal->digits,
    };
}

int pf_ratio_cmp(struct pf_ratio a, struct pf_ratio b)
{
    int sign = 1;

    for (;;) {
        const pf_u128 whole_a = a.num / a.den;
        const pf_u128 whole_b = b.num / b.den;
        const pf_u128 rest_a = a.num % a.den;
        const pf_u128 rest_b = b.num % b.den;

        if (whole_a != whole_b) {
            return whole_a < whole_b ? -sign : sign;
        }
        if (rest_a == 0 || rest_b == 0) {
            return rest_a == rest_b ? 0 : (rest_a == 0 ? -sign : sign);
        }
        /* rest_a / a.den < rest_b / b.den exactly when the inverse is larger */
        a = (struct pf_ratio){.num = a.den, .den = rest_a};
        b = (struct pf_ratio){.num = b.den, .den = rest_b};
        sign = -sign;
    }
}

struct pf_ratio pf_ratio_min(struct pf_ratio a, struct pf_ratio b)
{
    return pf_ratio_cmp(a, b) <= 0 ? a : b;
}

struct pf_ratio pf_ratio_max(struct pf_ratio a, struct pf_ratio b)
{
    return pf_ratio_cmp(a, b) >= 0 ? a : b;
}

static int64_t saturate(pf_u128 value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

int64_t pf_ratio_floor(struct pf_ratio a)
{
    return saturate(a.num / a.den);
}

int64_t pf_ratio_round(struct pf_ratio a)
{
    const pf_u128 whole = a.num / a.den;
    const pf_u128 rest = a.num % a.den;

    return saturate(rest * 2 >= a.den ? whole + 1 : whole);
}

int64_t pf_ratio_milli_ceil(struct pf_ratio a)
{
    pf_u128 value = a.num / a.den;
    pf_u128 rest = a.num % a.den;

    if (value > INT64_MAX / 1000) {
        return INT64_MAX;
    }
    for (int digit = 0; digit < 3; digit++) {
        rest *= 10; /* digit by digit: times 1000 at once would not fit */
        value = value * 10 + rest / a.den;
        rest %= a.den;
    }
    return saturate(rest != 0 ? value + 1 : value);
}

struct pf_fraction pf_ratio_fraction(struct pf_ratio a)
{
    pf_u128 x = a.num;
    pf_u128 y = a.den;

    while (y != 0) {
        const pf_u128 rest = x % y;

        x = y;
        y = rest;
    }
    a.num /= x;
    a.den /= x;
    while (a.num > INT64_MAX || a.den > INT64_MAX) {
        a.num /= 2;
        a.den = a.den / 2 + a.den % 2;
        if (a.den == 1 && a.num > INT64_MAX) {
            a.num = INT64_MAX;
        }
    }
    return (struct pf_fraction){.num = (int64_t)a.num, .den = (int64_t)a.den};
}

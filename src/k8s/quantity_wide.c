/* Unsigned numbers of up to 576 bits: no more than the quantities need. */

#include <assert.h>

#include "quantity_internal.h"
#include <podfit/num.h>

uint64_t pf_quantity_wide_pow10(uint32_t power)
{
    static const uint64_t powers[QUANTITY_U64_POW10 + 1] = {
        1U,
        10U,
        100U,
        1000U,
        10000U,
        100000U,
        1000000U,
        10000000U,
        100000000U,
        1000000000U,
        10000000000U,
        100000000000U,
        1000000000000U,
        10000000000000U,
        100000000000000U,
        1000000000000000U,
        10000000000000000U,
        100000000000000000U,
        1000000000000000000U,
        10000000000000000000U,
    };
    assert(power <= QUANTITY_U64_POW10);
    return powers[power];
}

struct quantity_wide pf_quantity_wide_from(uint64_t value)
{
    return (struct quantity_wide){.len = value != 0 ? 1 : 0, .limb = {value}};
}

static void trim(struct quantity_wide *wide)
{
    while (wide->len != 0 && wide->limb[wide->len - 1] == 0) {
        wide->len--;
    }
}

static void push(struct quantity_wide *wide, uint64_t limb)
{
    if (limb != 0) {
        assert(wide->len < QUANTITY_WIDE_LIMBS);
        wide->limb[wide->len] = limb;
        wide->len++;
    }
}

void pf_quantity_wide_mul_add(struct quantity_wide *wide, uint64_t factor, uint64_t addend)
{
    uint64_t carry = addend;
    for (size_t i = 0; i < wide->len; i++) {
        const pf_u128 product = (pf_u128)wide->limb[i] * factor + carry;
        wide->limb[i] = (uint64_t)product;
        carry = (uint64_t)(product >> 64);
    }
    push(wide, carry);
    trim(wide);
}

void pf_quantity_wide_mul_pow10(struct quantity_wide *wide, uint32_t power)
{
    while (power != 0) {
        const uint32_t step = power < QUANTITY_U64_POW10 ? power : QUANTITY_U64_POW10;
        pf_quantity_wide_mul_add(wide, pf_quantity_wide_pow10(step), 0);
        power -= step;
    }
}

void pf_quantity_wide_shift(struct quantity_wide *wide, uint32_t bits)
{
    pf_quantity_wide_mul_add(wide, (uint64_t)1 << bits, 0);
}

uint64_t pf_quantity_wide_div(struct quantity_wide *wide, uint64_t divisor)
{
    uint64_t rest = 0;
    for (size_t i = wide->len; i-- > 0;) {
        if (rest == 0) { /* the usual case needs no 128-bit division */
            rest = wide->limb[i] % divisor;
            wide->limb[i] /= divisor;
            continue;
        }
        const pf_u128 part = ((pf_u128)rest << 64) | wide->limb[i];
        wide->limb[i] = (uint64_t)(part / divisor);
        rest = (uint64_t)(part % divisor);
    }
    trim(wide);
    return rest;
}

bool pf_quantity_wide_div_pow10(struct quantity_wide *wide, uint32_t power)
{
    bool cut = false;
    while (power != 0 && wide->len != 0) {
        const uint32_t step = power < QUANTITY_U64_POW10 ? power : QUANTITY_U64_POW10;
        if (pf_quantity_wide_div(wide, pf_quantity_wide_pow10(step)) != 0) {
            cut = true;
        }
        power -= step;
    }
    return cut;
}

int32_t pf_quantity_wide_strip(struct quantity_wide *wide, uint64_t base, int32_t max)
{
    int32_t times = 0;
    if (wide->len == 1) { /* nearly always; never 0 */
        while (times < max && wide->limb[0] % base == 0) {
            wide->limb[0] /= base;
            times++;
        }
        return times;
    }
    while (times < max && wide->len != 0) {
        struct quantity_wide quotient = *wide;
        if (pf_quantity_wide_div(&quotient, base) != 0) {
            break;
        }
        *wide = quotient;
        times++;
    }
    return times;
}

size_t pf_quantity_wide_bits(const struct quantity_wide *wide)
{
    if (wide->len == 0) {
        return 0;
    }
    return wide->len * 64 - (size_t)__builtin_clzll(wide->limb[wide->len - 1]);
}

uint64_t pf_quantity_wide_low(const struct quantity_wide *wide)
{
    return wide->len != 0 ? wide->limb[0] : 0;
}

int pf_quantity_wide_cmp(const struct quantity_wide *a, const struct quantity_wide *b)
{
    if (a->len != b->len) {
        return a->len < b->len ? -1 : 1;
    }
    for (size_t i = a->len; i-- > 0;) {
        if (a->limb[i] != b->limb[i]) {
            return a->limb[i] < b->limb[i] ? -1 : 1;
        }
    }
    return 0;
}

void pf_quantity_wide_add(struct quantity_wide *a, const struct quantity_wide *b)
{
    while (a->len < b->len) {
        a->limb[a->len] = 0;
        a->len++;
    }
    uint64_t carry = 0;
    for (size_t i = 0; i < a->len; i++) {
        const pf_u128 sum = (pf_u128)a->limb[i] + (i < b->len ? b->limb[i] : 0) + carry;
        a->limb[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    push(a, carry);
}

void pf_quantity_wide_sub(struct quantity_wide *a, const struct quantity_wide *b)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < a->len; i++) {
        const pf_u128 difference = (pf_u128)a->limb[i] - (i < b->len ? b->limb[i] : 0) - borrow;
        a->limb[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    assert(borrow == 0);
    trim(a);
}

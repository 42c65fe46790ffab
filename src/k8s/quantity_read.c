/* The digits of a text as a number of the big form. */

#include "quantity_internal.h"

/* A binary value with more whole digits is over 2^63-1 and capped. */
#define BINARY_WHOLE_DIGITS 20
/*
 * Fraction digits of a binary value that are read one by one; of the rest it counts only whether it is 0. With
 * 9 + 60 digits x 10^60 is a multiple of 2^60, so no nano boundary lies between two neighbours.
 */
#define BINARY_FRACTION_DIGITS 69
/* Digit number @p i of the whole and the fraction in a row. */
static char digit_at(const struct quantity_parts *parts, size_t i)
{
    if (i < parts->whole.len) {
        return parts->whole.ptr[i];
    }
    return parts->fraction.ptr[i - parts->whole.len];
}

static bool has_nonzero(const struct quantity_parts *parts, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (digit_at(parts, i) != '0') {
            return true;
        }
    }
    return false;
}

bool pf_quantity_read_nonzero(const struct quantity_parts *parts)
{
    return has_nonzero(parts, 0, parts->whole.len + parts->fraction.len);
}

static void append_digits(const struct quantity_parts *parts, size_t from, size_t to,
                          struct quantity_wide *wide)
{
    for (size_t i = from; i < to; i++) {
        pf_quantity_wide_mul_add(wide, 10, (uint64_t)(digit_at(parts, i) - '0'));
    }
}

bool pf_quantity_read_decimal(const struct quantity_parts *parts, int32_t exponent,
                              struct quantity_number *ret_number)
{
    const size_t count = parts->whole.len + parts->fraction.len;
    const int64_t last_power = (int64_t)exponent - (int64_t)parts->fraction.len;
    struct quantity_number number = {
        .scale = QUANTITY_NANO,
        .nominal = QUANTITY_NANO,
        .negative = parts->negative,
    };
    size_t first = 0;
    while (digit_at(parts, first) == '0') {
        first++;
    }
    size_t end = count;
    bool is_cut = false;
    if (last_power < QUANTITY_NANO) {
        const uint64_t drop = (uint64_t)(QUANTITY_NANO - last_power);
        end = drop < count - first ? count - (size_t)drop : first;
        is_cut = has_nonzero(parts, end, count);
    }
    while (!is_cut && end > first && digit_at(parts, end - 1) == '0') {
        end--;
    }
    if (end - first > QUANTITY_BIG_DIGITS) {
        return false;
    }
    if (!is_cut) {
        number.scale = (int32_t)(last_power + (int64_t)(count - end));
    }
    append_digits(parts, first, end, &number.mag);
    pf_quantity_wide_mul_add(&number.mag, 1, is_cut ? 1 : 0);
    *ret_number = number;
    return true;
}

struct quantity_number pf_quantity_read_binary(const struct quantity_parts *parts,
                                               struct quantity_scale *scale)
{
    struct quantity_number number = {
        .scale = QUANTITY_NANO,
        .nominal = QUANTITY_NANO,
        .negative = parts->negative,
    };
    const struct quantity_number cap = {
        .mag = pf_quantity_wide_from(INT64_MAX),
        .negative = parts->negative,
    };
    if (parts->whole.len > BINARY_WHOLE_DIGITS) {
        return cap;
    }
    const size_t fraction_len =
        parts->fraction.len < BINARY_FRACTION_DIGITS ? parts->fraction.len : BINARY_FRACTION_DIGITS;
    const size_t end = parts->whole.len + fraction_len;
    bool is_cut = has_nonzero(parts, end, parts->whole.len + parts->fraction.len);
    append_digits(parts, 0, end, &number.mag);
    pf_quantity_wide_shift(&number.mag, (uint32_t)scale->exponent);
    const int32_t excess = (int32_t)fraction_len + QUANTITY_NANO;
    if (excess < 0) {
        pf_quantity_wide_mul_pow10(&number.mag, (uint32_t)-excess);
    } else if (pf_quantity_wide_div_pow10(&number.mag, (uint32_t)excess)) {
        is_cut = true;
    }
    pf_quantity_wide_mul_add(&number.mag, 1, is_cut ? 1 : 0);
    struct quantity_wide limit = cap.mag;
    pf_quantity_wide_mul_pow10(&limit, -QUANTITY_NANO);
    if (pf_quantity_wide_cmp(&number.mag, &limit) > 0) {
        return cap;
    }
    const struct quantity_wide one = pf_quantity_wide_from(pf_quantity_wide_pow10(-QUANTITY_NANO));
    if (pf_quantity_wide_cmp(&number.mag, &one) < 0) {
        scale->format = PF_QUANTITY_DECIMAL_SI; /* as upstream: nobody reads 0.5Ki of a byte */
    }
    return number;
}

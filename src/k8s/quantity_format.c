/* Canonical text. */

#include <stdio.h>
#include <string.h>

#include "quantity_internal.h"
#include <podfit/macro.h>

/* Where a BinarySI number is written as if it were DecimalSI. */
#define BINARY_MIN 1024
/* 118 digits: what leaves room for sign and suffix in PF_QUANTITY_TEXT_BYTES. */
#define BINARY_MAX_BITS 390

static size_t put_u64(uint64_t value, char *out)
{
    char digits[20]; /* 2^64 - 1 has 20 */
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    memcpy(out, digits + at, sizeof(digits) - at);
    return sizeof(digits) - at;
}

/* Digits of mag, most significant first, without NUL. @return how many */
static size_t put_digits(const struct quantity_wide *mag, char *out)
{
    char digits[QUANTITY_WIDE_LIMBS * 20];
    size_t len = 0;
    if (mag->len == 1) {
        return put_u64(mag->limb[0], out);
    }
    struct quantity_wide rest = *mag;
    while (rest.len != 0) {
        uint64_t part = pf_quantity_wide_div(&rest, pf_quantity_wide_pow10(QUANTITY_U64_POW10));
        for (int i = 0; i < QUANTITY_U64_POW10 && (rest.len != 0 || part != 0); i++) {
            digits[len] = (char)('0' + part % 10);
            part /= 10;
            len++;
        }
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = digits[len - 1 - i];
    }
    return len;
}

/* Sign, digits and suffix as one text. The suffix is at most `e` and an int32. */
static size_t put_number(const struct quantity_number *number, const char *suffix,
                         char text[PF_QUANTITY_TEXT_BYTES])
{
    size_t len = 0;
    if (number->negative) {
        text[len] = '-';
        len++;
    }
    len += put_digits(&number->mag, text + len);
    const size_t suffix_len = strlen(suffix);
    memcpy(text + len, suffix, suffix_len + 1);
    return len + suffix_len;
}

static const char *decimal_suffix(int32_t exponent)
{
    static const char suffixes[][2] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
    const int32_t index = exponent / 3 + 3;
    if (index < 0 || index >= (int32_t)PF_ARRAY_LEN(suffixes)) {
        return ""; /* upstream drops an exponent that has no suffix */
    }
    return suffixes[index];
}

static size_t format_decimal(struct quantity_number number, bool use_exponent,
                             char text[PF_QUANTITY_TEXT_BYTES])
{
    int32_t exponent = number.scale + pf_quantity_wide_strip(&number.mag, 10, INT32_MAX);
    while (exponent % 3 != 0) {
        pf_quantity_wide_mul_add(&number.mag, 10, 0);
        exponent--;
    }
    if (!use_exponent) {
        return put_number(&number, decimal_suffix(exponent), text);
    }
    char suffix[16] = "";
    if (exponent != 0) {
        (void)snprintf(suffix, sizeof(suffix), "e%d", (int)exponent);
    }
    return put_number(&number, suffix, text);
}

/* Is the number whole and of a magnitude of at least BINARY_MIN? Then *ret_number is it at scale 0, unless it is too big for that. */
static bool is_binary(const struct pf_quantity *quantity, struct quantity_number *ret_number)
{
    const struct pf_quantity max = {.value = BINARY_MIN};
    const struct pf_quantity min = {.value = -BINARY_MIN};
    if (pf_quantity_cmp(quantity, &max) < 0 && pf_quantity_cmp(quantity, &min) > 0) {
        return false;
    }
    struct quantity_number number = pf_quantity_unpack(quantity);
    if (number.scale < 0 && pf_quantity_wide_div_pow10(&number.mag, (uint32_t)-number.scale)) {
        return false;
    }
    if (number.scale < 0) {
        number.scale = 0;
    }
    if (number.scale > 0 && number.scale < QUANTITY_BIG_DIGITS) {
        pf_quantity_wide_mul_pow10(&number.mag, (uint32_t)number.scale);
        number.scale = 0;
    }
    *ret_number = number;
    return true;
}

static size_t format_binary(const struct pf_quantity *quantity, struct quantity_number number,
                            char text[PF_QUANTITY_TEXT_BYTES])
{
    static const char suffixes[][3] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    /* upstream cannot negate -2^63 of the small form and so leaves it whole */
    const bool is_min = !quantity->is_big && quantity->value == INT64_MIN && quantity->scale == 0;
    const int32_t times = is_min ? 0 : pf_quantity_wide_strip(&number.mag, BINARY_MIN, INT32_MAX);
    if (number.scale != 0 || pf_quantity_wide_bits(&number.mag) > BINARY_MAX_BITS) {
        return format_decimal(pf_quantity_unpack(quantity), /* use_exponent= */ true, text);
    }
    const char *suffix = times < (int32_t)PF_ARRAY_LEN(suffixes) ? suffixes[times] : "";
    return put_number(&number, suffix, text);
}

size_t pf_quantity_format(const struct pf_quantity *quantity, char text[PF_QUANTITY_TEXT_BYTES])
{
    if (pf_quantity_sign(quantity) == 0) {
        memcpy(text, "0", 2);
        return 1;
    }
    struct quantity_number number;
    if (quantity->format != PF_QUANTITY_BINARY_SI || !is_binary(quantity, &number)) {
        return format_decimal(pf_quantity_unpack(quantity),
                              quantity->format == PF_QUANTITY_DECIMAL_EXPONENT, text);
    }
    return format_binary(quantity, number, text);
}

struct pf_sv pf_quantity_string(const struct pf_quantity *quantity, struct pf_sv original,
                                char text[PF_QUANTITY_TEXT_BYTES])
{
    if (quantity->is_verbatim) {
        return original;
    }
    const size_t len = pf_quantity_format(quantity, text);
    return (struct pf_sv){.ptr = text, .len = len};
}

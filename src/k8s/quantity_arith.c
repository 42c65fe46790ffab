/* Exact comparison, sum, difference and product; which form the result has is decided as upstream does. */

#include "quantity_internal.h"

/* Compare the magnitudes of two numbers, neither of them 0. */
static int cmp_magnitude(const struct quantity_number *a, const struct quantity_number *b)
{
    const int64_t power = (int64_t)a->scale - b->scale;
    if (power < 0) {
        return -cmp_magnitude(b, a);
    }
    if (power >= QUANTITY_BIG_DIGITS) { /* 10^78 is more than any digits of b */
        return 1;
    }
    struct quantity_wide aligned = a->mag;
    pf_quantity_wide_mul_pow10(&aligned, (uint32_t)power);
    return pf_quantity_wide_cmp(&aligned, &b->mag);
}

int pf_quantity_cmp(const struct pf_quantity *a, const struct pf_quantity *b)
{
    const int sign = pf_quantity_sign(a);
    const int other = pf_quantity_sign(b);
    if (sign != other) {
        return sign < other ? -1 : 1;
    }
    if (sign == 0) {
        return 0;
    }
    if (!a->is_big && !b->is_big && a->scale == b->scale) {
        return (a->value > b->value) - (a->value < b->value);
    }
    const struct quantity_number x = pf_quantity_unpack(a);
    const struct quantity_number y = pf_quantity_unpack(b);
    return sign * cmp_magnitude(&x, &y);
}

/* int64Amount.Add of apimachinery. False and untouched when the sum leaves int64. */
static bool add_small(struct pf_quantity *sum, int64_t value, int32_t scale)
{
    if (value == 0) {
        return true;
    }
    if (sum->value == 0) {
        sum->value = value;
        sum->scale = scale;
        return true;
    }
    int64_t left = sum->value;
    int64_t right = value;
    int32_t common = scale;
    if (sum->scale > scale) {
        if (!pf_quantity_scale_up(left, (uint32_t)(sum->scale - scale), &left)) {
            return false;
        }
    } else {
        common = sum->scale;
        if (!pf_quantity_scale_up(right, (uint32_t)(scale - sum->scale), &right)) {
            return false;
        }
    }
    if (__builtin_add_overflow(left, right, &left)) {
        return false;
    }
    sum->value = left;
    sum->scale = common;
    return true;
}

/* a = a + b by sign and magnitude at the same scale. */
static void add_signed(struct quantity_number *a, const struct quantity_number *b)
{
    if (a->negative == b->negative) {
        pf_quantity_wide_add(&a->mag, &b->mag);
        return;
    }
    if (pf_quantity_wide_cmp(&a->mag, &b->mag) >= 0) {
        pf_quantity_wide_sub(&a->mag, &b->mag);
        return;
    }
    struct quantity_wide difference = b->mag;
    pf_quantity_wide_sub(&difference, &a->mag);
    a->mag = difference;
    a->negative = b->negative;
}

static void strip_zeros(struct quantity_number *number)
{
    number->scale += pf_quantity_wide_strip(&number->mag, 10, INT32_MAX);
}

static enum pf_code finish(const struct quantity_number *number, const struct pf_quantity *like,
                           struct pf_quantity *ret_quantity)
{
    struct pf_quantity result;
    if (!pf_quantity_pack(number, like->format, &result) ||
        result.scale > 2 * PF_QUANTITY_MAX_EXPONENT) {
        return PF_E_TOO_BIG;
    }
    *ret_quantity = result;
    return PF_OK;
}

/* x + y in the big form; like gives the format. */
static enum pf_code add_big(struct quantity_number x, struct quantity_number y,
                            const struct pf_quantity *like, struct pf_quantity *ret_sum)
{
    const int32_t nominal = x.nominal < y.nominal ? x.nominal : y.nominal;
    if (x.mag.len == 0 || y.mag.len == 0) {
        struct quantity_number sum = x.mag.len == 0 ? y : x;
        sum.nominal = nominal;
        return finish(&sum, like, ret_sum);
    }
    strip_zeros(&x);
    strip_zeros(&y);
    struct quantity_number *coarse = x.scale > y.scale ? &x : &y;
    const struct quantity_number *fine = x.scale > y.scale ? &y : &x;
    const int64_t power = (int64_t)coarse->scale - fine->scale;
    if (power >= QUANTITY_BIG_DIGITS) { /* the last digit of the sum is not 0 and 78 places below */
        return PF_E_TOO_BIG;
    }
    pf_quantity_wide_mul_pow10(&coarse->mag, (uint32_t)power);
    coarse->scale = fine->scale;
    add_signed(coarse, fine);
    coarse->nominal = nominal;
    return finish(coarse, like, ret_sum);
}

enum pf_code pf_quantity_add(const struct pf_quantity *a, const struct pf_quantity *b,
                             struct pf_quantity *ret_sum)
{
    struct pf_quantity sum = *a;
    sum.is_verbatim = false;
    if (pf_quantity_sign(a) == 0) {
        sum.format = b->format;
    }
    if (!a->is_big && !b->is_big && add_small(&sum, b->value, b->scale)) {
        *ret_sum = sum;
        return PF_OK;
    }
    return add_big(pf_quantity_unpack(a), pf_quantity_unpack(b), &sum, ret_sum);
}

enum pf_code pf_quantity_sub(const struct pf_quantity *a, const struct pf_quantity *b,
                             struct pf_quantity *ret_difference)
{
    struct pf_quantity difference = *a;
    difference.is_verbatim = false;
    if (pf_quantity_sign(a) == 0) {
        difference.format = b->format;
    }
    if (!a->is_big && !b->is_big && b->value != INT64_MIN &&
        add_small(&difference, -b->value, b->scale)) {
        *ret_difference = difference;
        return PF_OK;
    }
    struct quantity_number subtrahend = pf_quantity_unpack(b);
    subtrahend.negative = !subtrahend.negative;
    return add_big(pf_quantity_unpack(a), subtrahend, &difference, ret_difference);
}

/* int64Amount.Mul of apimachinery. False and untouched when the product is not exact as a whole unit in int64. */
static bool mul_small(struct pf_quantity *product, int64_t factor)
{
    if (product->value == 0) {
        return true;
    }
    if (factor == 0) {
        product->value = 0;
        product->scale = 0;
        return true;
    }
    int64_t value = 0;
    if (__builtin_mul_overflow(product->value, factor, &value)) {
        return false;
    }
    int64_t ignored = 0;
    if (product->scale > 0 && !pf_quantity_scale_up(value, (uint32_t)product->scale, &ignored)) {
        return false;
    }
    if (product->scale < 0 &&
        (product->scale < -QUANTITY_I64_POW10 ||
         value % (int64_t)pf_quantity_wide_pow10((uint32_t)-product->scale) != 0)) {
        return false;
    }
    product->value = value;
    return true;
}

enum pf_code pf_quantity_mul(const struct pf_quantity *a, int64_t factor,
                             struct pf_quantity *ret_product)
{
    struct pf_quantity product = *a;
    product.is_verbatim = false;
    if (!a->is_big && mul_small(&product, factor)) {
        *ret_product = product;
        return PF_OK;
    }
    struct quantity_number number = pf_quantity_unpack(a);
    const uint64_t magnitude = factor < 0 ? 0 - (uint64_t)factor : (uint64_t)factor;
    pf_quantity_wide_mul_add(&number.mag, magnitude, 0);
    number.negative = number.negative != (factor < 0);
    return finish(&number, &product, ret_product);
}

void pf_quantity_neg(struct pf_quantity *quantity)
{
    quantity->is_verbatim = false;
    if (quantity->is_big) {
        quantity->negative = !quantity->negative && pf_quantity_sign(quantity) != 0;
        return;
    }
    if (quantity->value != INT64_MIN) {
        quantity->value = -quantity->value;
        return;
    }
    struct quantity_number number = pf_quantity_unpack(quantity);
    number.negative = false;
    (void)pf_quantity_pack(&number, quantity->format, quantity); /* one limb always fits */
}

/* Conversions and rounding. Where apimachinery wraps, so does this (scheduler-fit section 4.3). */

#include <assert.h>
#include <string.h>

#include "quantity_internal.h"

const struct pf_quantity pf_quantity_zero = {.format = PF_QUANTITY_DECIMAL_SI};

struct pf_quantity pf_quantity_from_i64(int64_t value, int32_t scale,
                                        enum pf_quantity_format format)
{
    assert(scale >= -PF_QUANTITY_MAX_EXPONENT && scale <= PF_QUANTITY_MAX_EXPONENT);
    return (struct pf_quantity){.value = value, .scale = scale, .format = (uint8_t)format};
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

struct quantity_number pf_quantity_unpack(const struct pf_quantity *quantity)
{
    if (!quantity->is_big) {
        return (struct quantity_number){
            .mag = pf_quantity_wide_from(magnitude(quantity->value)),
            .scale = quantity->scale,
            .nominal = quantity->scale,
            .negative = quantity->value < 0,
        };
    }
    struct quantity_number number = {
        .mag = {.len = PF_QUANTITY_LIMBS},
        .scale = quantity->scale,
        .nominal = quantity->nominal,
        .negative = quantity->negative,
    };
    memcpy(number.mag.limb, quantity->limbs, sizeof(quantity->limbs));
    while (number.mag.len != 0 && number.mag.limb[number.mag.len - 1] == 0) {
        number.mag.len--;
    }
    return number;
}

/* Bring the number to its nominal scale. False and unchanged when it is not of QUANTITY_BIG_BITS there. */
static bool expand(struct quantity_number *number)
{
    const int64_t power = (int64_t)number->scale - number->nominal;
    if (power >= QUANTITY_BIG_DIGITS || pf_quantity_wide_bits(&number->mag) > QUANTITY_BIG_BITS) {
        return false;
    }
    struct quantity_wide mag = number->mag;
    pf_quantity_wide_mul_pow10(&mag, (uint32_t)power);
    if (pf_quantity_wide_bits(&mag) > QUANTITY_BIG_BITS) {
        return false;
    }
    number->mag = mag;
    number->scale = number->nominal;
    return true;
}

bool pf_quantity_pack(const struct quantity_number *number, enum pf_quantity_format format,
                      struct pf_quantity *ret_quantity)
{
    struct quantity_number packed = *number;
    if (packed.mag.len == 0) {
        packed.scale = packed.nominal;
        packed.negative = false;
    }
    if (!expand(&packed)) {
        packed.scale += pf_quantity_wide_strip(&packed.mag, 10, INT32_MAX);
        if (pf_quantity_wide_bits(&packed.mag) > QUANTITY_BIG_BITS) {
            return false;
        }
    }
    struct pf_quantity quantity = {
        .scale = packed.scale,
        .nominal = packed.nominal,
        .format = (uint8_t)format,
        .is_big = true,
        .negative = packed.negative,
    };
    memcpy(quantity.limbs, packed.mag.limb, packed.mag.len * sizeof(packed.mag.limb[0]));
    *ret_quantity = quantity;
    return true;
}

bool pf_quantity_scale_up(int64_t base, uint32_t power, int64_t *ret_value)
{
    if (base == 0 || power == 0) {
        *ret_value = base;
        return true;
    }
    int64_t product = 0;
    if (base == INT64_MIN || power > QUANTITY_I64_POW10) {
        *ret_value = 0;
        return false;
    }
    const uint64_t factor = pf_quantity_wide_pow10(power);
    if (!__builtin_mul_overflow(base, (int64_t)factor, &product)) {
        *ret_value = product;
        return true;
    }
    /* upstream multiplies at once, and keeps the wrapped product, for these powers only */
    const bool is_direct = power <= 3 || power == 6 || power == 9;
    *ret_value = is_direct ? (int64_t)((uint64_t)base * factor) : 0;
    return false;
}

/* base / 10^power, away from zero. @return was that exact? */
static bool scale_down(int64_t base, uint32_t power, int64_t *ret_value)
{
    if (power > QUANTITY_I64_POW10) {
        *ret_value = (base > 0) - (base < 0);
        return base == 0;
    }
    const int64_t divisor = (int64_t)pf_quantity_wide_pow10(power);
    const int64_t rest = base % divisor;
    *ret_value = base / divisor + (rest > 0) - (rest < 0);
    return rest == 0;
}

/* number x 10^-target, toward zero, its lowest 64 bits. @return was anything cut off? */
static bool low_bits(const struct quantity_number *number, int32_t target, uint64_t *ret_low)
{
    const int64_t power = (int64_t)number->scale - target;
    if (power < 0) {
        struct quantity_wide mag = number->mag;
        const bool cut = pf_quantity_wide_div_pow10(&mag, (uint32_t)-power);
        *ret_low = pf_quantity_wide_low(&mag);
        return cut;
    }
    uint64_t low = pf_quantity_wide_low(&number->mag);
    for (int64_t i = 0; i < power && low != 0; i++) {
        low *= 10; /* 0 after 64 rounds: 10^64 is a multiple of 2^64 */
    }
    *ret_low = low;
    return false;
}

/* Is the number at its nominal scale below 2^63-1? */
static bool is_below_max(const struct quantity_number *number)
{
    if (number->negative || number->mag.len == 0) {
        return true;
    }
    const struct quantity_wide max = pf_quantity_wide_from(INT64_MAX);
    return number->scale == number->nominal && pf_quantity_wide_cmp(&number->mag, &max) < 0;
}

static uint64_t negate_if(bool negative, uint64_t low)
{
    return negative ? 0 - low : low;
}

/* scaledValue() of apimachinery: the big form in units of 10^target. */
static int64_t scaled_big(const struct pf_quantity *quantity, int32_t target)
{
    const struct quantity_number number = pf_quantity_unpack(quantity);
    const int64_t down = (int64_t)target - number.nominal;
    uint64_t low = 0;
    if (down <= 0) {
        (void)low_bits(&number, number.nominal, &low); /* exact at this scale */
        /* Go on amd64 converts a power of ten that is too big for int64 to -2^63 */
        const uint64_t factor = -down <= QUANTITY_I64_POW10
                                    ? pf_quantity_wide_pow10((uint32_t)-down)
                                    : (uint64_t)INT64_MIN;
        return (int64_t)(negate_if(number.negative, low) * factor);
    }
    if (down <= QUANTITY_I64_POW10 && is_below_max(&number)) {
        (void)low_bits(&number, number.nominal, &low);
        const int64_t digits = (int64_t)negate_if(number.negative, low);
        const int64_t divisor = (int64_t)pf_quantity_wide_pow10((uint32_t)down);
        return digits / divisor + (digits % divisor != 0 ? 1 : 0);
    }
    const bool cut = low_bits(&number, target, &low);
    if (number.negative) { /* floor and then + 1 is toward zero */
        return (int64_t)(0 - low);
    }
    return (int64_t)(low + (cut ? 1 : 0));
}

static int64_t scaled_value(const struct pf_quantity *quantity, int32_t target)
{
    if (quantity->is_big) {
        return scaled_big(quantity, target);
    }
    int64_t value = 0;
    if (quantity->scale < target) {
        (void)scale_down(quantity->value, (uint32_t)(target - quantity->scale), &value);
    } else {
        (void)pf_quantity_scale_up(quantity->value, (uint32_t)(quantity->scale - target), &value);
    }
    return value;
}

int64_t pf_quantity_value(const struct pf_quantity *quantity)
{
    return scaled_value(quantity, 0);
}

int64_t pf_quantity_milli(const struct pf_quantity *quantity)
{
    return scaled_value(quantity, QUANTITY_MILLI);
}

static bool round_up_big(struct pf_quantity *quantity, int32_t scale)
{
    struct quantity_number number = pf_quantity_unpack(quantity);
    bool cut = false;
    if (number.scale < scale) {
        cut = pf_quantity_wide_div_pow10(&number.mag, (uint32_t)(scale - number.scale));
        pf_quantity_wide_mul_add(&number.mag, 1, cut ? 1 : 0);
        number.scale = scale;
    }
    number.nominal = scale;
    const bool fits = pf_quantity_pack(&number, quantity->format, quantity);
    assert(fits); /* no more digits than before */
    (void)fits;
    return !cut;
}

bool pf_quantity_round_up(struct pf_quantity *quantity, int32_t scale)
{
    assert(scale >= -PF_QUANTITY_MAX_EXPONENT && scale <= PF_QUANTITY_MAX_EXPONENT);
    if (quantity->is_big) {
        return round_up_big(quantity, scale);
    }
    if (quantity->scale >= scale) {
        return true;
    }
    const bool exact =
        scale_down(quantity->value, (uint32_t)(scale - quantity->scale), &quantity->value);
    quantity->scale = scale;
    quantity->is_verbatim = false;
    return exact;
}

void pf_quantity_round_up_milli(struct pf_quantity *quantity)
{
    (void)pf_quantity_round_up(quantity,
                               QUANTITY_MILLI); /* whether it was exact is of no interest */
}

int pf_quantity_sign(const struct pf_quantity *quantity)
{
    if (!quantity->is_big) {
        return (quantity->value > 0) - (quantity->value < 0);
    }
    if (pf_quantity_unpack(quantity).mag.len == 0) {
        return 0;
    }
    return quantity->negative ? -1 : 1;
}

bool pf_quantity_as_i64(const struct pf_quantity *quantity, int64_t *ret_value)
{
    int64_t value = 0;
    if (quantity->is_big || quantity->scale < 0 ||
        !pf_quantity_scale_up(quantity->value, (uint32_t)quantity->scale, &value)) {
        return false;
    }
    *ret_value = value;
    return true;
}

bool pf_quantity_fits_i64(const struct pf_quantity *quantity)
{
    struct quantity_number number = pf_quantity_unpack(quantity);
    const int32_t target = number.nominal > 0 ? number.nominal : 0;
    if (number.scale < 0) {
        (void)pf_quantity_wide_strip(&number.mag, 10, -number.scale);
    } else if (number.scale - target > QUANTITY_I64_POW10) {
        return number.mag.len == 0;
    } else {
        pf_quantity_wide_mul_pow10(&number.mag, (uint32_t)(number.scale - target));
    }
    const struct quantity_wide max =
        pf_quantity_wide_from((uint64_t)INT64_MAX + (number.negative ? 1 : 0));
    return pf_quantity_wide_cmp(&number.mag, &max) <= 0;
}

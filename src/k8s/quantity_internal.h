#ifndef PODFIT_K8S_QUANTITY_INTERNAL_H
#define PODFIT_K8S_QUANTITY_INTERNAL_H

/** Shared by the quantity sources only: numbers of up to 576 bits and the unpacked form of a quantity. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <podfit/quantity.h>

/** Two magnitudes of 256 bits multiplied, and one bit of carry. */
#define QUANTITY_WIDE_LIMBS (2 * PF_QUANTITY_LIMBS + 1)
/** Bits and decimal digits that the big form holds. */
#define QUANTITY_BIG_BITS   ((size_t)PF_QUANTITY_LIMBS * 64)
#define QUANTITY_BIG_DIGITS 78
/** Powers of ten of the suffixes n and m. */
#define QUANTITY_NANO  (-9)
#define QUANTITY_MILLI (-3)
/** Largest power of ten in an int64 and in a uint64. */
#define QUANTITY_I64_POW10 18
#define QUANTITY_U64_POW10 19

/** Unsigned number, little-endian. Limbs from len up are not to be read; limb[len - 1] is not 0. */
struct quantity_wide {
    size_t len;
    uint64_t limb[QUANTITY_WIDE_LIMBS];
};

/** A quantity of either form: (-1)^negative x mag x 10^scale; nominal as in struct pf_quantity. */
struct quantity_number {
    struct quantity_wide mag;
    int32_t scale;
    int32_t nominal;
    bool negative;
};

/** The pieces of a text. */
struct quantity_parts {
    struct pf_sv whole;    /**< digits before the point without leading zeros */
    struct pf_sv fraction; /**< digits after it */
    struct pf_sv suffix;
    uint64_t
        digits; /**< whole and fraction as a number; wrapped if they have more than 19 digits */
    bool negative;
    bool has_digit; /**< leading zeros count */
};

/** What a suffix means: x 2^exponent for BinarySI, x 10^exponent for the others. */
struct quantity_scale {
    enum pf_quantity_format format;
    int32_t exponent;
};

/** Is there a digit that is not 0? */
bool pf_quantity_read_nonzero(const struct quantity_parts *parts);
/** A decimal number that is not 0, away from zero to a whole nano. @return false (output untouched) when it has too many digits */
bool pf_quantity_read_decimal(const struct quantity_parts *parts, int32_t exponent,
                              struct quantity_number *ret_number);
/**
 * A binary number, away from zero to a whole nano and capped (the sign changes nothing of that).
 *
 * @param[in,out] scale  its format becomes DecimalSI for a number below 1, as upstream
 */
struct quantity_number pf_quantity_read_binary(const struct quantity_parts *parts,
                                               struct quantity_scale *scale);

/** 10^@p power for 0 <= power <= QUANTITY_U64_POW10. */
uint64_t pf_quantity_wide_pow10(uint32_t power);
struct quantity_wide pf_quantity_wide_from(uint64_t value);
/** wide = wide x factor + addend. The caller keeps the result below 576 bits. */
void pf_quantity_wide_mul_add(struct quantity_wide *wide, uint64_t factor, uint64_t addend);
/** wide = wide x 10^power; the same bound. */
void pf_quantity_wide_mul_pow10(struct quantity_wide *wide, uint32_t power);
/** wide = wide x 2^bits, bits < 64; the same bound. */
void pf_quantity_wide_shift(struct quantity_wide *wide, uint32_t bits);
/** wide = wide / divisor. @return the remainder */
uint64_t pf_quantity_wide_div(struct quantity_wide *wide, uint64_t divisor);
/** wide = wide / 10^power, any power. @return was anything cut off? */
bool pf_quantity_wide_div_pow10(struct quantity_wide *wide, uint32_t power);
/** Divide by @p base while that is exact, at most @p max times. @return how often */
int32_t pf_quantity_wide_strip(struct quantity_wide *wide, uint64_t base, int32_t max);
size_t pf_quantity_wide_bits(const struct quantity_wide *wide);
/** The lowest 64 bits. */
uint64_t pf_quantity_wide_low(const struct quantity_wide *wide);
int pf_quantity_wide_cmp(const struct quantity_wide *a, const struct quantity_wide *b);
/** a = a + b; the same bound. */
void pf_quantity_wide_add(struct quantity_wide *a, const struct quantity_wide *b);
/** a = a - b; a is not the smaller one. */
void pf_quantity_wide_sub(struct quantity_wide *a, const struct quantity_wide *b);

struct quantity_number pf_quantity_unpack(const struct pf_quantity *quantity);
/**
 * Make the big form: at the nominal scale when its digits fit, otherwise with the trailing zeros in the scale.
 *
 * @param number  scale >= nominal
 * @return false (output untouched) when the digits do not fit
 */
bool pf_quantity_pack(const struct quantity_number *number, enum pf_quantity_format format,
                      struct pf_quantity *ret_quantity);
/** base x 10^power as positiveScaleInt64() of apimachinery: on overflow false and what it answers then. */
bool pf_quantity_scale_up(int64_t base, uint32_t power, int64_t *ret_value);

#endif

#ifndef PODFIT_RATIO_INTERNAL_H
#define PODFIT_RATIO_INTERNAL_H

/**
 * Internal to policy: exact non-negative fractions of 128-bit integers, just wide enough for one division of two pf_decimal or of an
 * int64 by a pf_decimal. Pure, thread-safe.
 *
 * Bound of every num and den made here: 2^63 x 10^18 < 10^37, so that a factor of ten still fits 128 bits.
 */

#include <podfit/num.h>
#include <podfit/quota.h>

/** num / den; den > 0. */
struct pf_ratio {
    pf_u128 num;
    pf_u128 den;
};

/** @param den > 0 */
struct pf_ratio pf_ratio_make(uint64_t num, uint64_t den);
struct pf_ratio pf_ratio_of(const struct pf_decimal *decimal);
/** decimal / divisor. @param divisor 1 to 2^20 */
struct pf_ratio pf_ratio_of_part(const struct pf_decimal *decimal, uint32_t divisor);
/** a / decimal. @param a from one of the above  @param decimal > 0 */
struct pf_ratio pf_ratio_div(struct pf_ratio a, const struct pf_decimal *decimal);

/** Exact comparison without products (continued fractions). @return <0, 0, >0 */
int pf_ratio_cmp(struct pf_ratio a, struct pf_ratio b);
struct pf_ratio pf_ratio_min(struct pf_ratio a, struct pf_ratio b);
struct pf_ratio pf_ratio_max(struct pf_ratio a, struct pf_ratio b);

/** Rounded down; INT64_MAX when it is larger. */
int64_t pf_ratio_floor(struct pf_ratio a);
/** Rounded to the nearest whole number, halves up; saturates likewise. */
int64_t pf_ratio_round(struct pf_ratio a);
/** Thousandths, rounded up; saturates likewise. */
int64_t pf_ratio_milli_ceil(struct pf_ratio a);

/** In lowest terms; when they do not fit 64 bits the nearest fraction below that does. */
struct pf_fraction pf_ratio_fraction(struct pf_ratio a);

#endif

#ifndef PODFIT_QUANTITY_H
#define PODFIT_QUANTITY_H

/**
 * Kubernetes resource quantities: text such as `500m`, `2Gi`, `1e3` as exact numbers.
 * Source: k8s.io/apimachinery pkg/api/resource (quantity.go, amount.go, math.go, scale_int.go, suffix.go), 1.33 to 1.36.
 *
 * A quantity is a plain value: copy it freely, nothing to release, thread-safe. Where apimachinery holds a number as int64 x 10^scale and
 * where as an arbitrary-precision decimal decides what its wrapping conversions answer; pf_quantity keeps that distinction (`is_big`).
 * Numbers that need more than PF_QUANTITY_LIMBS x 64 bits of digits, or an exponent beyond +-PF_QUANTITY_MAX_EXPONENT, are refused (PF_E_TOO_BIG): they
 * are never rounded and never expanded.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <podfit/error.h>
#include <podfit/sv.h>

/** 4 x 64 bits: 77 decimal digits, that is every sum of valid Kubernetes amounts at nano scale. */
#define PF_QUANTITY_LIMBS 4
/** Decimal exponents beyond this are refused; upstream would expand them digit by digit. */
#define PF_QUANTITY_MAX_EXPONENT 10000
/** Longest canonical text with NUL: 118 digits, sign, suffix; or 80 digits, sign, exponent. */
#define PF_QUANTITY_TEXT_BYTES 128

/** How a quantity is written; decides the suffix family of its canonical text. */
enum pf_quantity_format {
    PF_QUANTITY_DECIMAL_SI,       /**< n u m k M G T P E */
    PF_QUANTITY_BINARY_SI,        /**< Ki Mi Gi Ti Pi Ei */
    PF_QUANTITY_DECIMAL_EXPONENT, /**< e3 */
};

/** An exact number: value x 10^scale (small), or (-1)^negative x limbs x 10^scale (big). */
struct pf_quantity {
    int64_t value; /**< small form only */
    int32_t scale; /**< power of ten of value or limbs; -9 at the least after parsing */
    int32_t
        nominal; /**< big form only: the power of ten at which apimachinery holds the number; scale is above it when the digits would not fit there */
    uint8_t format; /**< enum pf_quantity_format */
    bool is_big;
    bool negative; /**< big form only */
    bool
        is_verbatim; /**< unchanged since parsing, and apimachinery prints the text that was parsed; see pf_quantity_string() */
    uint64_t limbs[PF_QUANTITY_LIMBS]; /**< big form only; little-endian magnitude */
};

/** The number 0 in DecimalSI. */
extern const struct pf_quantity pf_quantity_zero;

/**
 * Parse the text of a quantity (the grammar of scheduler-fit section 4.1: wider than the documented one, no white space).
 * Finer than 1 nano is rounded away from zero; binary suffixes are capped at 2^63-1. Zero is accepted with any exponent.
 *
 * @param text  borrowed
 * @param[out] ret_quantity  untouched on failure
 * @return PF_OK, PF_E_INVALID (not a quantity) or PF_E_TOO_BIG (see above)
 */
enum pf_code pf_quantity_parse(struct pf_sv text, struct pf_quantity *ret_quantity,
                               struct pf_err *err) PF_MUST_CHECK;

/**
 * Parse a JSON value as Kubernetes does: a string (white space around the text is trimmed), a bare number (its literal text), or null (zero).
 *
 * @param token  borrowed; the raw JSON token, quotes included. Kubernetes does not decode escapes here, so a string with one is invalid.
 * @return as pf_quantity_parse(); PF_E_INVALID for booleans, objects, arrays and ""
 */
enum pf_code pf_quantity_parse_json(struct pf_sv token, struct pf_quantity *ret_quantity,
                                    struct pf_err *err) PF_MUST_CHECK;

/** The text of the quantity in a JSON token: without quotes and white space; what pf_quantity_string() takes. @return part of @p token */
struct pf_sv pf_quantity_json_text(struct pf_sv token);

/**
 * Small quantity value x 10^scale.
 *
 * @param scale  within +-PF_QUANTITY_MAX_EXPONENT
 */
struct pf_quantity pf_quantity_from_i64(int64_t value, int32_t scale,
                                        enum pf_quantity_format format);

/** Value(): rounded up (away from zero) to a whole unit; wraps exactly as apimachinery does on overflow (section 4.3). */
int64_t pf_quantity_value(const struct pf_quantity *quantity);
/** MilliValue(): the same in thousandths. */
int64_t pf_quantity_milli(const struct pf_quantity *quantity);

/** RoundUp(Milli): away from zero to a whole thousandth, in place. API defaulting does this to every quantity of a pod or node. */
void pf_quantity_round_up_milli(struct pf_quantity *quantity);
/**
 * RoundUp(scale): away from zero to a multiple of 10^scale, in place.
 *
 * @param scale  within +-PF_QUANTITY_MAX_EXPONENT
 * @return did the number stay the same?
 */
bool pf_quantity_round_up(struct pf_quantity *quantity, int32_t scale);

/** Sign(). @return -1, 0 or 1 */
int pf_quantity_sign(const struct pf_quantity *quantity);
/** Exact comparison; never expands exponents. @return <0, 0, >0 */
int pf_quantity_cmp(const struct pf_quantity *a, const struct pf_quantity *b);

/** Exact a + b; format is a's (b's when a is zero), as upstream. @return PF_OK or PF_E_TOO_BIG (output untouched); aliasing allowed */
enum pf_code pf_quantity_add(const struct pf_quantity *a, const struct pf_quantity *b,
                             struct pf_quantity *ret_sum) PF_MUST_CHECK;
/** Exact a - b; as pf_quantity_add(). */
enum pf_code pf_quantity_sub(const struct pf_quantity *a, const struct pf_quantity *b,
                             struct pf_quantity *ret_difference) PF_MUST_CHECK;
/** Exact a x factor; as Quantity.Mul; whether that calls the product exact: pf_quantity_fits_i64(). @return as pf_quantity_add() */
enum pf_code pf_quantity_mul(const struct pf_quantity *a, int64_t factor,
                             struct pf_quantity *ret_product) PF_MUST_CHECK;
/** Neg(), in place. Exact for every number, also for -2^63 (where upstream wraps). */
void pf_quantity_neg(struct pf_quantity *quantity);

/**
 * Canonical text (CanonicalizeBytes), such as `1536Mi`, `500m`, `0`; for equal inputs equal to the text that the API server writes.
 * That includes a defect of 1.33 to 1.36: above 999E in DecimalSI and above 1023Ei in BinarySI the exponent is lost (10^21 is `1`), and so it is
 * below 1n. Only BinarySI numbers of more than 117 digits differ: they are written with a decimal exponent.
 *
 * @param[out] text  NUL-terminated
 * @return length without NUL
 */
size_t pf_quantity_format(const struct pf_quantity *quantity, char text[PF_QUANTITY_TEXT_BYTES]);

/**
 * String(), that is what the API server writes: the text that was parsed when that was near enough to canonical (`1.500`, `5.`, `1E3`) and the number
 * was not changed since, else the canonical text.
 *
 * @param original  the text @p quantity was parsed from (see pf_quantity_json_text()); borrowed by the result
 * @param[out] text  room for the canonical text; borrowed by the result
 */
struct pf_sv pf_quantity_string(const struct pf_quantity *quantity, struct pf_sv original,
                                char text[PF_QUANTITY_TEXT_BYTES]);

/** AsInt64(): @return true and the exact int64 when the quantity is a whole number held in the small form at a scale >= 0; output untouched otherwise */
bool pf_quantity_as_i64(const struct pf_quantity *quantity, int64_t *ret_value);
/**
 * Do the digits of the number fit int64, without zeros behind the point? What Quantity.Mul answers, except that upstream counts those zeros too
 * (it holds what is not in the small form at nano scale).
 */
bool pf_quantity_fits_i64(const struct pf_quantity *quantity);

#endif

#include <podfit/quota.h>

/** Significant digits of a pf_decimal, and its largest scale: 10^18 - 1 is the largest run of nines in an int64. */
#define DIGITS_MAX 18
/** Largest value of a pf_decimal: 10^15. */
#define VALUE_MAX INT64_C(1000000000000000)
/** Exponents are cut here while they are read; anything near is out of range anyway. */
#define EXPONENT_MAX INT64_C(1000000)

/** What is left of the text, and the number read so far: digits x 10^exponent. */
struct scan {
    const char *at;
    const char *end;
    int64_t digits;
    int64_t exponent;
    unsigned significant; /**< digits of `digits` */
    int64_t zeros;        /**< zeros read after them, not yet multiplied in */
    bool too_long;
};

static bool at_digit(const struct scan *scan)
{
    return scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9';
}

static void take_digit(struct scan *scan)
{
    const int digit = *scan->at++ - '0';

    if (digit == 0) {
        scan->zeros += scan->digits != 0 ? 1 : 0;
        return;
    }
    if (scan->digits != 0 && scan->significant + scan->zeros >= DIGITS_MAX) {
        scan->too_long = true;
        return;
    }
    for (; scan->zeros > 0; scan->zeros--) {
        scan->digits *= 10;
        scan->significant++;
    }
    scan->digits = scan->digits * 10 + digit;
    scan->significant++;
}

static bool scan_mantissa(struct scan *scan)
{
    if (!at_digit(scan)) {
        return false;
    }
    while (at_digit(scan)) {
        take_digit(scan);
    }
    if (scan->at < scan->end && *scan->at == '.') {
        scan->at++;
        if (!at_digit(scan)) {
            return false;
        }
        while (at_digit(scan)) {
            take_digit(scan);
            scan->exponent--;
        }
    }
    return true;
}

static bool scan_exponent(struct scan *scan)
{
    int64_t exponent = 0;
    bool negative = false;

    if (scan->at == scan->end || (*scan->at != 'e' && *scan->at != 'E')) {
        return scan->at == scan->end;
    }
    scan->at++;
    if (scan->at < scan->end && (*scan->at == '+' || *scan->at == '-')) {
        negative = *scan->at++ == '-';
    }
    if (!at_digit(scan)) {
        return false;
    }
    while (at_digit(scan)) {
        const int digit = *scan->at++ - '0';

        exponent = exponent < EXPONENT_MAX ? exponent * 10 + digit : exponent;
    }
    scan->exponent += negative ? -exponent : exponent;
    return scan->at == scan->end;
}

/** Bring a number that is not 0 into digits x 10^-scale with 0 <= scale <= 18. @return false: out of range */
static bool normalise(const struct scan *scan, struct pf_decimal *ret_decimal)
{
    int64_t digits = scan->digits;
    int64_t exponent = scan->exponent + scan->zeros;
    int64_t limit = VALUE_MAX;

    if (scan->too_long || exponent < -DIGITS_MAX) {
        return false;
    }
    for (; exponent > 0; exponent--) {
        if (digits > VALUE_MAX / 10) {
            return false;
        }
        digits *= 10;
    }
    for (int64_t scale = -exponent; scale > 0 && limit <= INT64_MAX / 10; scale--) {
        limit *= 10;
    }
    if (digits > limit) {
        return false;
    }
    *ret_decimal = (struct pf_decimal){.digits = digits, .scale = (uint8_t)-exponent};
    return true;
}

/** Bytes of @p text that a message repeats. */
static int shown(struct pf_sv text)
{
    return text.len < 64 ? (int)text.len : 64;
}

enum pf_code pf_decimal_parse(struct pf_sv text, struct pf_decimal *ret_decimal, struct pf_err *err)
{
    const bool negative = text.len != 0 && text.ptr[0] == '-';
    struct scan scan = {.at = text.ptr, .end = text.len != 0 ? text.ptr + text.len : text.ptr};

    if (negative) {
        scan.at++;
    }
    if (!scan_mantissa(&scan) || !scan_exponent(&scan)) {
        return pf_err_set(err, PF_E_INVALID, "'%.*s' is not a decimal number", shown(text),
                          text.len != 0 ? text.ptr : "");
    }
    if (scan.digits == 0) {
        *ret_decimal = (struct pf_decimal){.digits = 0};
        return PF_OK;
    }
    if (negative) {
        return pf_err_set(err, PF_E_INVALID, "'%.*s' is negative, allowed: 0 or more", shown(text),
                          text.ptr);
    }
    if (!normalise(&scan, ret_decimal)) {
        return pf_err_set(
            err, PF_E_RANGE,
            "'%.*s' is out of range, allowed: at most 18 digits and decimals, up to 10^15",
            shown(text), text.ptr);
    }
    return PF_OK;
}

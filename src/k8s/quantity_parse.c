/* Text to quantity. Grammar and rounding: scheduler-fit sections 4.1 to 4.3. */

#include "quantity_internal.h"
#include <podfit/macro.h>

/* Digits (before and after the point) and precision that the small form takes. */
#define SMALL_DIGITS           18
#define SMALL_BINARY_PRECISION 14
/* Bytes of a text that an error message shows. */
#define SHOWN_BYTES 64

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Take the digits at offset *at and append them to parts->digits. */
static struct pf_sv take_digits(struct pf_sv text, size_t *at, struct quantity_parts *parts)
{
    const size_t start = *at;
    size_t i = start;
    uint64_t digits = parts->digits;
    while (i < text.len && is_digit(text.ptr[i])) {
        digits = digits * 10 + (uint64_t)(text.ptr[i] - '0'); /* wraps where it is not used */
        i++;
    }
    parts->digits = digits;
    parts->has_digit = parts->has_digit || i != start;
    *at = i;
    return (struct pf_sv){.ptr = text.ptr + start, .len = i - start};
}

static struct quantity_parts split(struct pf_sv text)
{
    struct quantity_parts parts = {.negative = text.ptr[0] == '-'};
    size_t at = parts.negative || text.ptr[0] == '+' ? 1 : 0;
    while (at < text.len && text.ptr[at] == '0') {
        parts.has_digit = true;
        at++;
    }
    parts.whole = take_digits(text, &at, &parts);
    if (at < text.len && text.ptr[at] == '.') {
        at++;
        parts.fraction = take_digits(text, &at, &parts);
    }
    parts.suffix = (struct pf_sv){.ptr = text.ptr + at, .len = text.len - at};
    return parts;
}

static bool decimal_scale(char c, struct quantity_scale *ret_scale)
{
    static const struct {
        char suffix;
        int8_t exponent;
    } suffixes[] = {{'m', -3}, {'k', 3},  {'M', 6},  {'G', 9}, {'T', 12},
                    {'P', 15}, {'E', 18}, {'u', -6}, {'n', -9}};
    for (size_t i = 0; i < PF_ARRAY_LEN(suffixes); i++) {
        if (suffixes[i].suffix == c) {
            *ret_scale = (struct quantity_scale){.format = PF_QUANTITY_DECIMAL_SI,
                                                 .exponent = suffixes[i].exponent};
            return true;
        }
    }
    return false;
}

static bool binary_scale(char c, struct quantity_scale *ret_scale)
{
    static const char letters[] = "KMGTPE";
    for (int32_t i = 0; letters[i] != '\0'; i++) {
        if (letters[i] == c) {
            *ret_scale =
                (struct quantity_scale){.format = PF_QUANTITY_BINARY_SI, .exponent = 10 * (i + 1)};
            return true;
        }
    }
    return false;
}

/* The meaning of a suffix; false when it is none. */
static bool interpret(struct pf_sv suffix, struct quantity_scale *ret_scale)
{
    if (suffix.len == 0) {
        *ret_scale = (struct quantity_scale){.format = PF_QUANTITY_DECIMAL_SI};
        return true;
    }
    if (suffix.len == 1) {
        return decimal_scale(suffix.ptr[0], ret_scale);
    }
    if (suffix.len == 2 && suffix.ptr[1] == 'i') {
        return binary_scale(suffix.ptr[0], ret_scale);
    }
    if (suffix.ptr[0] != 'e' && suffix.ptr[0] != 'E') {
        return false;
    }
    struct pf_sv number = {.ptr = suffix.ptr + 1, .len = suffix.len - 1};
    if (number.ptr[0] == '+' && number.len > 1 && is_digit(number.ptr[1])) {
        number = (struct pf_sv){.ptr = number.ptr + 1, .len = number.len - 1};
    }
    int64_t exponent = 0;
    if (!pf_sv_to_i64(number, &exponent)) {
        return false;
    }
    /* upstream cuts it to 32 bits: 1E4294967297 is 1E1 */
    *ret_scale = (struct quantity_scale){
        .format = PF_QUANTITY_DECIMAL_EXPONENT,
        .exponent = (int32_t)(uint32_t)(uint64_t)exponent,
    };
    return true;
}

static int32_t clamp_exponent(int64_t exponent)
{
    if (exponent > PF_QUANTITY_MAX_EXPONENT) {
        return PF_QUANTITY_MAX_EXPONENT;
    }
    return exponent < -PF_QUANTITY_MAX_EXPONENT ? -PF_QUANTITY_MAX_EXPONENT : (int32_t)exponent;
}

/* Does upstream keep the text of this small decimal number instead of making the canonical one? */
static bool is_decimal_verbatim(const struct quantity_parts *parts, int32_t scale)
{
    return scale % 3 == 0 && parts->whole.len != 0 &&
           (parts->digits % 1000 != 0 || parts->whole.len + parts->fraction.len < 3);
}

/* Parse to the small form. False when the number belongs to the big one. */
static bool parse_small(const struct quantity_parts *parts, struct quantity_scale scale,
                        struct pf_quantity *ret_quantity)
{
    const size_t whole_len = parts->whole.len != 0 ? parts->whole.len : 1;
    uint64_t magnitude = parts->digits;
    int64_t power = 0;
    bool is_verbatim = false;
    if (scale.format == PF_QUANTITY_BINARY_SI) {
        const size_t precision = (size_t)scale.exponent * 3 / 10;
        if (parts->fraction.len != 0 || whole_len + precision > SMALL_BINARY_PRECISION) {
            return false;
        }
        is_verbatim = (magnitude & 7) != 0;
        magnitude <<= (uint32_t)scale.exponent;
    } else {
        if (whole_len > SMALL_DIGITS || parts->fraction.len > SMALL_DIGITS - whole_len) {
            return false;
        }
        power = (int64_t)scale.exponent - (int64_t)parts->fraction.len;
        if (power < QUANTITY_NANO) {
            return false;
        }
        is_verbatim = is_decimal_verbatim(parts, (int32_t)power);
    }
    *ret_quantity = (struct pf_quantity){
        .value = parts->negative ? -(int64_t)magnitude : (int64_t)magnitude,
        .scale = magnitude != 0 ? (int32_t)power : clamp_exponent(power),
        .format = (uint8_t)scale.format,
        .is_verbatim = is_verbatim,
    };
    return true;
}

/* Parse to the big form. */
static enum pf_code parse_big(const struct quantity_parts *parts, struct quantity_scale scale,
                              struct pf_quantity *ret_quantity)
{
    if (!parts->has_digit) {
        return PF_E_INVALID; /* `Pi` and `e-15`, though `Ki` and `e-9` are 0 */
    }
    struct quantity_number number = {0};
    if (!pf_quantity_read_nonzero(parts)) {
        const int32_t exponent = scale.format == PF_QUANTITY_BINARY_SI ? 0 : scale.exponent;
        number.nominal = clamp_exponent((int64_t)exponent - (int64_t)parts->fraction.len);
    } else if (scale.format == PF_QUANTITY_BINARY_SI) {
        number = pf_quantity_read_binary(parts, &scale);
    } else if (clamp_exponent(scale.exponent) != scale.exponent ||
               !pf_quantity_read_decimal(parts, scale.exponent, &number)) {
        return PF_E_TOO_BIG;
    }
    return pf_quantity_pack(&number, scale.format, ret_quantity) ? PF_OK : PF_E_TOO_BIG;
}

/* The text for a message: one line of printable characters. */
static const char *shown(struct pf_sv text, char out[SHOWN_BYTES])
{
    const size_t len = text.len < SHOWN_BYTES - 1 ? text.len : SHOWN_BYTES - 1;
    for (size_t i = 0; i < len; i++) {
        out[i] = text.ptr[i];
        if (out[i] < ' ' || out[i] > '~') {
            out[i] = '?';
        }
    }
    out[len] = '\0';
    return out;
}

static enum pf_code refuse(enum pf_code code, struct pf_sv text, struct pf_err *err)
{
    char out[SHOWN_BYTES];
    if (code == PF_E_TOO_BIG) {
        return pf_err_set(err, code,
                          "quantity '%s' needs more than %zu bits or an exponent beyond %d",
                          shown(text, out), QUANTITY_BIG_BITS, PF_QUANTITY_MAX_EXPONENT);
    }
    return pf_err_set(
        err, code,
        "'%s' is not a quantity, that is a number with a suffix such as 'm', 'Mi', 'G' "
        "or 'e3'",
        shown(text, out));
}

enum pf_code pf_quantity_parse(struct pf_sv text, struct pf_quantity *ret_quantity,
                               struct pf_err *err)
{
    if (text.len == 0) {
        return refuse(PF_E_INVALID, text, err);
    }
    const struct quantity_parts parts = split(text);
    struct quantity_scale scale;
    if (!interpret(parts.suffix, &scale)) {
        return refuse(PF_E_INVALID, text, err);
    }
    struct pf_quantity quantity;
    if (parse_small(&parts, scale, &quantity)) {
        if (quantity.value != 0 && clamp_exponent(scale.exponent) != scale.exponent) {
            return refuse(PF_E_TOO_BIG, text, err);
        }
    } else {
        const enum pf_code code = parse_big(&parts, scale, &quantity);
        if (code != PF_OK) {
            return refuse(code, text, err);
        }
    }
    *ret_quantity = quantity;
    return PF_OK;
}

/* A JSON token to a quantity, as Quantity.UnmarshalJSON reads it. */

#include "quantity_internal.h"

/* Length of the white space (as Go's unicode.IsSpace) that starts at ptr, 0 if none does. */
static size_t space_at(const char *ptr, size_t left)
{
    const unsigned char *p = (const unsigned char *)ptr;
    if (left >= 1 && (p[0] == ' ' || (p[0] >= '\t' && p[0] <= '\r'))) {
        return 1;
    }
    if (left >= 2 && p[0] == 0xc2 && (p[1] == 0x85 || p[1] == 0xa0)) {
        return 2;
    }
    if (left < 3) {
        return 0;
    }
    const uint32_t code = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
    /* U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000 in UTF-8 */
    const bool is_space = code == 0xe19a80 || (code >= 0xe28080 && code <= 0xe2808a) ||
                          code == 0xe280a8 || code == 0xe280a9 || code == 0xe280af ||
                          code == 0xe2819f || code == 0xe38080;
    return is_space ? 3 : 0;
}

/* Length of the white space that ends the text. */
static size_t space_before_end(struct pf_sv text)
{
    for (size_t len = 1; len <= 3 && len <= text.len; len++) {
        if (space_at(text.ptr + text.len - len, len) == len) {
            return len;
        }
    }
    return 0;
}

static struct pf_sv trim_space(struct pf_sv text)
{
    for (size_t len = space_at(text.ptr, text.len); len != 0; len = space_at(text.ptr, text.len)) {
        text = (struct pf_sv){.ptr = text.ptr + len, .len = text.len - len};
    }
    for (size_t len = space_before_end(text); len != 0; len = space_before_end(text)) {
        text.len -= len;
    }
    return text;
}

static size_t skip_digits(struct pf_sv text, size_t at)
{
    while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9') {
        at++;
    }
    return at;
}

/* A number of RFC 8259 section 6. */
static bool is_json_number(struct pf_sv text)
{
    const size_t start = text.len != 0 && text.ptr[0] == '-' ? 1 : 0;
    size_t at = skip_digits(text, start);
    if (at == start || (text.ptr[start] == '0' && at != start + 1)) {
        return false;
    }
    if (at < text.len && text.ptr[at] == '.') {
        const size_t fraction = at + 1;
        at = skip_digits(text, fraction);
        if (at == fraction) {
            return false;
        }
    }
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        at++;
        if (at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-')) {
            at++;
        }
        const size_t exponent = at;
        at = skip_digits(text, exponent);
        if (at == exponent) {
            return false;
        }
    }
    return at == text.len;
}

struct pf_sv pf_quantity_json_text(struct pf_sv token)
{
    const struct pf_sv text = pf_sv_trim(token);
    if (text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"') {
        return trim_space((struct pf_sv){.ptr = text.ptr + 1, .len = text.len - 2});
    }
    return text;
}

enum pf_code pf_quantity_parse_json(struct pf_sv token, struct pf_quantity *ret_quantity,
                                    struct pf_err *err)
{
    const struct pf_sv value = pf_sv_trim(token);
    if (pf_sv_eq(value, PF_SV("null"))) {
        *ret_quantity = pf_quantity_zero;
        return PF_OK;
    }
    char first = ' ';
    if (value.len != 0) {
        first = value.ptr[0];
    }
    if (first != '"' && !is_json_number(value)) {
        return pf_err_set(
            err, PF_E_INVALID,
            "a quantity is a JSON string, a number or null, not what starts with '%c'",
            first > ' ' && first <= '~' ? first : '?');
    }
    return pf_quantity_parse(pf_quantity_json_text(value), ret_quantity, err);
}

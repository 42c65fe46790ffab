#include <podfit/scan.h>
#include <podfit/skip.h>
#include <podfit/unescape.h>

const char *pf_skip_fail(struct pf_cursor *c, const char *at, enum pf_code code, const char *text)
{
    if (c->fault == NULL) {
        c->fault = text;
        c->code = code;
        c->at = at;
    }
    return NULL;
}

static const char *invalid(struct pf_cursor *c, const char *at, const char *text)
{
    return pf_skip_fail(c, at, PF_E_INVALID, text);
}

/* @p p stands on the backslash */
static const char *skip_escape(struct pf_cursor *c, const char *p)
{
    if (c->end - p < 2) {
        return invalid(c, p, "string is not closed");
    }
    switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return p + 2;
    case 'u':
        if (c->end - p >= 6 && pf_unescape_hex4(p + 2) >= 0) {
            return p + 6;
        }
        return invalid(c, p, "escape '\\u' needs four hexadecimal digits");
    default:
        return invalid(c, p, "unknown escape in a string");
    }
}

/* from a byte on that is not plain text: escapes, and the faults of strings */
static const char *string_rest(struct pf_cursor *c, const char *p, struct pf_skip_text *text)
{
    for (;;) {
        if (p == c->end) {
            return invalid(c, p, "string is not closed");
        }
        if (*p == '"') {
            return p + 1;
        }
        if (*p != '\\') {
            return invalid(c, p, "raw control character in a string");
        }
        text->escapes = 1;
        p = skip_escape(c, p);
        if (p == NULL) {
            return NULL;
        }
        p = pf_scan_text(p, c->end, &text->high);
    }
}

const char *pf_skip_string(struct pf_cursor *c, const char *p, struct pf_skip_text *ret_text)
{
    *ret_text = (struct pf_skip_text){0};
    p = pf_scan_text(p, c->end, &ret_text->high);
    if (PF_LIKELY(p < c->end && *p == '"')) {
        return p + 1;
    }
    return string_rest(c, p, ret_text);
}

static inline const char *skip_digits(const char *p, const char *end)
{
    while (p < end && (unsigned)(*p - '0') <= 9) {
        p++;
    }
    return p;
}

const char *pf_skip_number(struct pf_cursor *c, const char *p, bool *ret_integer)
{
    const char *const end = c->end;
    *ret_integer = true;
    p += *p == '-';
    const char *digits = p;
    p = skip_digits(p, end);
    if (p == digits) {
        return invalid(c, p, "number without digits");
    }
    if (*digits == '0' && p - digits > 1) {
        return invalid(c, digits, "number with a leading zero");
    }
    if (p < end && *p == '.') {
        *ret_integer = false;
        digits = ++p;
        p = skip_digits(p, end);
        if (p == digits) {
            return invalid(c, p, "number without digits after the point");
        }
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        *ret_integer = false;
        p++;
        p += p < end && (*p == '+' || *p == '-');
        digits = p;
        p = skip_digits(p, end);
        if (p == digits) {
            return invalid(c, p, "number without digits in the exponent");
        }
    }
    return p;
}

const char *pf_skip_literal(struct pf_cursor *c, const char *p)
{
    const size_t left = (size_t)(c->end - p);
    if (left >= 4 && (memcmp(p, "true", 4) == 0 || memcmp(p, "null", 4) == 0)) {
        return p + 4;
    }
    if (left >= 5 && memcmp(p, "false", 5) == 0) {
        return p + 5;
    }
    return invalid(c, p, "expected a value");
}

bool pf_skip_push(struct pf_cursor *c, const char *at, bool object)
{
    if (c->depth >= c->max_depth) {
        (void)pf_skip_fail(c, at, PF_E_TOO_BIG, "objects and arrays are nested too deep");
        return false;
    }
    uint64_t *word = &c->objects[c->depth / 64];
    const unsigned bit = c->depth % 64;
    const uint64_t below = *word & ((1ULL << bit) - 1); /* levels above are leftovers */
    *word = below | (uint64_t)object << bit;
    c->depth++;
    return true;
}

/* pf_skip_string() of which nobody reads the text */
static inline const char *skip_string(struct pf_cursor *c, const char *p)
{
    unsigned high = 0;
    p = pf_scan_text(p, c->end, &high);
    if (PF_LIKELY(p < c->end && *p == '"')) {
        return p + 1;
    }
    struct pf_skip_text text = {0};
    return string_rest(c, p, &text);
}

/* anything but a container */
static inline const char *skip_scalar(struct pf_cursor *c, const char *p)
{
    if (*p == '"') {
        return skip_string(c, p + 1);
    }
    if (*p == '-' || (unsigned)(*p - '0') <= 9) {
        bool integer = false;
        return pf_skip_number(c, p, &integer);
    }
    return pf_skip_literal(c, p);
}

/* Does @p mark stand at @p p, and no white space behind it? As machines write. */
static inline bool is_mark(const struct pf_cursor *c, const char *p, char mark)
{
    return PF_LIKELY(c->end - p > 1 && *p == mark && (unsigned char)p[1] > ' ');
}

/* @p p stands after a key; returns the first byte of the value */
static inline const char *skip_colon(struct pf_cursor *c, const char *p)
{
    if (is_mark(c, p, ':')) {
        return p + 1;
    }
    p = pf_scan_space(p, c->end);
    if (PF_UNLIKELY(p == c->end || *p != ':')) {
        return invalid(c, p, "expected ':' after a key");
    }
    return pf_scan_space(p + 1, c->end);
}

static inline const char *skip_key(struct pf_cursor *c, const char *p)
{
    if (PF_UNLIKELY(p == c->end || *p != '"')) {
        return invalid(c, p, "expected a key");
    }
    return skip_string(c, p + 1);
}

/* `}` of `{`, `]` of `[`: in ASCII two places on */
static inline char closing(char bracket)
{
    return (char)(bracket + 2);
}

/* after a value: closes what ends here; returns the next key or item, or the place after the last close */
static inline const char *skip_after(struct pf_cursor *c, const char *p, uint32_t floor)
{
    for (;;) {
        if (is_mark(c, p, ',')) {
            return p + 1;
        }
        p = pf_scan_space(p, c->end);
        if (PF_UNLIKELY(p == c->end)) {
            return invalid(c, p, "text ends inside an object or array");
        }
        if (*p == ',') {
            return pf_scan_space(p + 1, c->end);
        }
        if (PF_UNLIKELY(*p != (pf_skip_in_object(c) ? '}' : ']'))) {
            return invalid(c, p, "expected ',' or the end of the object or array");
        }
        p++;
        c->depth--;
        if (c->depth == floor) {
            return p;
        }
    }
}

/* @p p stands on a bracket; returns the first key or item, or, of an empty container, the place after it */
static inline const char *skip_open(struct pf_cursor *c, const char *p, bool *ret_opened)
{
    const char bracket = *p;
    const char *const inside = pf_scan_space(p + 1, c->end);
    const bool empty = inside < c->end && *inside == closing(bracket);
    if (PF_UNLIKELY(!pf_skip_push(c, p, bracket == '{'))) {
        return NULL;
    }
    c->depth -= empty;
    *ret_opened = !empty;
    return inside + empty;
}

/* `:{}` after a key, which is what managedFields are made of; its level would not be too deep */
static inline bool is_empty_set(const struct pf_cursor *c, const char *p)
{
    return c->end - p > 3 && memcmp(p, ":{}", 3) == 0 && c->depth < c->max_depth;
}

/* a value inside of a container that is skipped, and what closes after it; returns the next key or item */
static inline const char *skip_item(struct pf_cursor *c, const char *p, uint32_t floor)
{
    if (PF_UNLIKELY(p == c->end)) {
        return invalid(c, p, "expected a value");
    }
    if (*p == '{' || *p == '[') {
        bool opened = false;
        p = skip_open(c, p, &opened);
        if (opened) {
            return p;
        }
    } else {
        p = skip_scalar(c, p);
    }
    return PF_LIKELY(p != NULL) ? skip_after(c, p, floor) : NULL;
}

/* @p p stands on the first key or item of a container that is open; returns the place after it, when the level is @p floor again */
static const char *skip_members(struct pf_cursor *c, const char *p, uint32_t floor)
{
    while (p != NULL && c->depth != floor) {
        if (!pf_skip_in_object(c)) {
            p = skip_item(c, p, floor);
            continue;
        }
        p = skip_key(c, p);
        if (PF_LIKELY(p != NULL) && is_empty_set(c, p)) {
            p = skip_after(c, p + 3, floor);
        } else if (PF_LIKELY(p != NULL)) {
            p = skip_colon(c, p);
            p = PF_LIKELY(p != NULL) ? skip_item(c, p, floor) : NULL;
        }
    }
    return p;
}

const char *pf_skip_value(struct pf_cursor *c, const char *p)
{
    p = pf_scan_space(p, c->end);
    if (PF_UNLIKELY(p == c->end)) {
        return invalid(c, p, "expected a value");
    }
    if (*p != '{' && *p != '[') {
        return skip_scalar(c, p);
    }
    const uint32_t floor = c->depth;
    bool opened = false;
    p = skip_open(c, p, &opened);
    return p != NULL && opened ? skip_members(c, p, floor) : p;
}

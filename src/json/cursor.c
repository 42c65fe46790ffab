#include <podfit/cursor.h>
#include <podfit/scan.h>
#include <podfit/skip.h>
#include <podfit/unescape.h>

void pf_cursor_init_depth(struct pf_cursor *c, struct pf_sv text, uint32_t max_depth)
{
    /* field by field: the bit stack and the key need no clearing, and 1.6 KB of zeros would cost more than a small object */
    c->begin = text.len != 0 ? text.ptr : "";
    c->at = c->begin;
    c->end = c->begin + text.len;
    c->fault = NULL;
    c->code = PF_OK;
    c->state = PF_CURSOR_VALUE;
    c->depth = 0;
    c->max_depth = max_depth <= PF_JSON_MAX_DEPTH ? max_depth : PF_JSON_MAX_DEPTH;
    c->objects[0] = 0;
}

void pf_cursor_init(struct pf_cursor *c, struct pf_sv text)
{
    pf_cursor_init_depth(c, text, PF_JSON_MAX_DEPTH);
}

enum pf_code pf_cursor_error(const struct pf_cursor *c, struct pf_err *err)
{
    if (c->fault == NULL) {
        return PF_OK;
    }
    return pf_err_set(err, c->code, "byte %zu: %s", pf_cursor_offset(c), c->fault);
}

bool pf_cursor_fail(struct pf_cursor *c, enum pf_code code, const char *text)
{
    (void)pf_skip_fail(c, c->at, code, text);
    return false;
}

/* a value may be read here: the white space before it is passed */
static inline bool at_value(struct pf_cursor *c)
{
    if (c->fault != NULL) {
        return false;
    }
    if (c->state != PF_CURSOR_VALUE) {
        return pf_cursor_fail(c, PF_E_INTERNAL, "the decoder reads a value where none is due");
    }
    c->at = pf_scan_space(c->at, c->end);
    return true;
}

/* a value that ends at @p p was passed, unless p is NULL */
static inline bool passed(struct pf_cursor *c, const char *p)
{
    if (p == NULL) {
        return false;
    }
    c->at = p;
    c->state = PF_CURSOR_AFTER;
    return true;
}

static bool expected(struct pf_cursor *c, const char *text)
{
    return pf_cursor_fail(c, PF_E_INVALID, text);
}

static inline char peek(const struct pf_cursor *c)
{
    if (c->at == c->end) {
        return '\0';
    }
    return *c->at;
}

enum pf_json_kind pf_cursor_kind(struct pf_cursor *c)
{
    if (c->fault != NULL || c->state != PF_CURSOR_VALUE) {
        return PF_JSON_NONE;
    }
    c->at = pf_scan_space(c->at, c->end);
    switch (peek(c)) {
    case '{':
        return PF_JSON_OBJECT;
    case '[':
        return PF_JSON_ARRAY;
    case '"':
        return PF_JSON_STRING;
    case 't':
    case 'f':
        return PF_JSON_BOOL;
    case 'n':
        return PF_JSON_NULL;
    default:
        return peek(c) == '-' || (unsigned)(peek(c) - '0') <= 9 ? PF_JSON_NUMBER : PF_JSON_NONE;
    }
}

static bool enter(struct pf_cursor *c, bool object)
{
    if (!at_value(c)) {
        return false;
    }
    if (peek(c) == 'n') {
        if (!passed(c, pf_skip_literal(c, c->at))) {
            return false;
        }
        c->state = PF_CURSOR_EMPTY;
        return true;
    }
    if (peek(c) != (object ? '{' : '[')) {
        return expected(c, object ? "expected an object" : "expected an array");
    }
    if (!pf_skip_push(c, c->at, object)) {
        return false;
    }
    c->at++;
    c->state = PF_CURSOR_FIRST;
    return true;
}

bool pf_cursor_enter_object(struct pf_cursor *c)
{
    return enter(c, /* object= */ true);
}

bool pf_cursor_enter_array(struct pf_cursor *c)
{
    return enter(c, /* object= */ false);
}

/* no member is due: a fault before, a null, a fault of the caller */
static bool no_member(struct pf_cursor *c)
{
    if (c->fault != NULL) {
        return false;
    }
    if (c->state == PF_CURSOR_EMPTY) {
        c->state = PF_CURSOR_AFTER;
        return false;
    }
    return pf_cursor_fail(c, PF_E_INTERNAL, "the decoder is in another object or array");
}

static bool no_comma(struct pf_cursor *c)
{
    return expected(c, c->at == c->end ? "text ends inside an object or array"
                                       : "expected ',' or the end of the object or array");
}

/* pass the comma before the next member, or leave the container at its end (false) */
static inline bool next_member(struct pf_cursor *c, bool object)
{
    if (PF_UNLIKELY(c->fault != NULL || c->state == PF_CURSOR_EMPTY || c->depth == 0 ||
                    pf_skip_in_object(c) != object)) {
        return no_member(c);
    }
    const char *p = c->at;
    if (c->state == PF_CURSOR_VALUE) {
        p = pf_skip_value(c, p);
        if (PF_UNLIKELY(p == NULL)) {
            return false;
        }
        c->state = PF_CURSOR_AFTER;
    }
    p = pf_scan_space(p, c->end);
    c->at = p;
    if (PF_UNLIKELY(p == c->end)) {
        return c->state == PF_CURSOR_AFTER ? no_comma(c) : true;
    }
    if (*p == (object ? '}' : ']')) {
        c->at = p + 1;
        c->depth--;
        c->state = PF_CURSOR_AFTER;
        return false;
    }
    if (c->state == PF_CURSOR_AFTER) {
        if (PF_UNLIKELY(*p != ',')) {
            return no_comma(c);
        }
        c->at = pf_scan_space(p + 1, c->end);
    }
    return true;
}

/* pass a key and its colon; @p ret_raw is the inside of the key */
static inline bool next_raw_key(struct pf_cursor *c, struct pf_sv *ret_raw, bool *ret_escapes)
{
    if (!next_member(c, /* object= */ true)) {
        return false;
    }
    if (PF_UNLIKELY(peek(c) != '"')) {
        return expected(c, "expected a key");
    }
    const char *const start = c->at + 1;
    struct pf_skip_text text = {0};
    const char *p = pf_skip_string(c, start, &text);
    if (PF_UNLIKELY(p == NULL)) {
        return false;
    }
    const struct pf_sv raw = {.ptr = start, .len = (size_t)(p - 1 - start)};
    if (PF_UNLIKELY(text.high != 0) && !pf_sv_is_utf8(raw)) {
        return expected(c, "key is not UTF-8");
    }
    c->at = pf_scan_space(p, c->end);
    if (PF_UNLIKELY(peek(c) != ':')) {
        return expected(c, "expected ':' after a key");
    }
    c->at++;
    c->state = PF_CURSOR_VALUE;
    *ret_raw = raw;
    *ret_escapes = text.escapes != 0;
    return true;
}

/* escapes of a key into the cursor; false when it does not fit. A surrogate pair is 12 characters for 4 bytes, others less */
static bool key_unescape(struct pf_cursor *c, struct pf_sv *key)
{
    if (key->len > PF_CURSOR_KEY_BYTES) {
        char piece[PF_CURSOR_KEY_BYTES * 6];
        if (key->len > sizeof(piece)) {
            return false;
        }
        const size_t len = pf_unescape_text(*key, piece);
        if (len > PF_CURSOR_KEY_BYTES) {
            return false;
        }
        memcpy(c->key, piece, len);
        *key = (struct pf_sv){.ptr = c->key, .len = len};
        return true;
    }
    *key = (struct pf_sv){.ptr = c->key, .len = pf_unescape_text(*key, c->key)};
    return true;
}

bool pf_cursor_next_key(struct pf_cursor *c, struct pf_sv *ret_key)
{
    struct pf_sv key = {0};
    bool escapes = false;
    if (!next_raw_key(c, &key, &escapes)) {
        return false;
    }
    if (escapes && !key_unescape(c, &key)) {
        return pf_cursor_fail(c, PF_E_TOO_BIG, "key with escapes is too long");
    }
    *ret_key = key;
    return true;
}

/* copy the text of a string with escapes into the arena */
static bool arena_unescape(struct pf_cursor *c, struct pf_arena *arena, struct pf_sv *text)
{
    char *copy = pf_arena_alloc(arena, text->len);
    if (copy == NULL) {
        return pf_cursor_fail(c, PF_E_NO_MEMORY, "no memory for a string");
    }
    *text = (struct pf_sv){.ptr = copy, .len = pf_unescape_text(*text, copy)};
    return true;
}

bool pf_cursor_next_key_in(struct pf_cursor *c, struct pf_arena *arena, struct pf_sv *ret_key)
{
    struct pf_sv key = {0};
    bool escapes = false;
    if (!next_raw_key(c, &key, &escapes) || (escapes && !arena_unescape(c, arena, &key))) {
        return false;
    }
    *ret_key = key;
    return true;
}

size_t pf_cursor_match(struct pf_sv key, const struct pf_sv *keys, size_t count)
{
    if (key.len == 0) {
        size_t i = 0;
        while (i < count && keys[i].len != 0) {
            i++;
        }
        return i;
    }
    for (size_t i = 0; i < count; i++) {
        /* length and last byte tell nearly all keys apart, and cost no call */
        if (keys[i].len == key.len && keys[i].ptr[key.len - 1] == key.ptr[key.len - 1] &&
            memcmp(keys[i].ptr, key.ptr, key.len) == 0) {
            return i;
        }
    }
    return count;
}

bool pf_cursor_next_field(struct pf_cursor *c, const struct pf_sv *keys, size_t count,
                          uint64_t *seen, size_t *ret_index)
{
    struct pf_sv key = {0};
    bool escapes = false;
    while (next_raw_key(c, &key, &escapes)) {
        if (escapes && !key_unescape(c, &key)) {
            continue; /* longer than any key of a table */
        }
        const size_t index = pf_cursor_match(key, keys, count);
        if (index == count) {
            continue;
        }
        const uint64_t bit = 1ULL << (index % 64);
        if ((*seen & bit) != 0) {
            return expected(c, "key appears twice in an object");
        }
        *seen |= bit;
        *ret_index = index;
        return true;
    }
    return false;
}

bool pf_cursor_next_item(struct pf_cursor *c)
{
    if (!next_member(c, /* object= */ false)) {
        return false;
    }
    c->state = PF_CURSOR_VALUE;
    return true;
}

bool pf_cursor_leave(struct pf_cursor *c)
{
    if (c->state == PF_CURSOR_EMPTY) {
        c->state = PF_CURSOR_AFTER;
        return pf_cursor_ok(c);
    }
    if (pf_cursor_ok(c) && c->depth == 0) {
        return pf_cursor_fail(c, PF_E_INTERNAL, "the decoder leaves where nothing was entered");
    }
    struct pf_sv key = {0};
    bool escapes = false;
    bool more = pf_cursor_ok(c);
    while (more) {
        more = pf_skip_in_object(c) ? next_raw_key(c, &key, &escapes) : pf_cursor_next_item(c);
    }
    return pf_cursor_ok(c);
}

bool pf_cursor_skip(struct pf_cursor *c)
{
    return at_value(c) && passed(c, pf_skip_value(c, c->at));
}

bool pf_cursor_span(struct pf_cursor *c, struct pf_sv *ret_span)
{
    if (!at_value(c)) {
        return false;
    }
    const char *const start = c->at;
    if (!passed(c, pf_skip_value(c, start))) {
        return false;
    }
    *ret_span = (struct pf_sv){.ptr = start, .len = (size_t)(c->at - start)};
    return true;
}

bool pf_cursor_string(struct pf_cursor *c, struct pf_arena *arena, struct pf_sv *ret_text)
{
    if (!at_value(c)) {
        return false;
    }
    if (peek(c) == 'n') {
        return passed(c, pf_skip_literal(c, c->at));
    }
    if (peek(c) != '"') {
        return expected(c, "expected a string");
    }
    const char *const start = c->at + 1;
    struct pf_skip_text flags = {0};
    const char *p = pf_skip_string(c, start, &flags);
    if (p == NULL) {
        return false;
    }
    struct pf_sv text = {.ptr = start, .len = (size_t)(p - 1 - start)};
    if (flags.high != 0 && !pf_sv_is_utf8(text)) {
        return expected(c, "string is not UTF-8");
    }
    if (flags.escapes != 0 && !arena_unescape(c, arena, &text)) {
        return false;
    }
    *ret_text = text;
    return passed(c, p);
}

bool pf_cursor_i64(struct pf_cursor *c, int64_t *ret_value)
{
    const enum pf_json_kind kind = pf_cursor_kind(c);
    if (!at_value(c)) {
        return false;
    }
    if (kind == PF_JSON_NULL) {
        return passed(c, pf_skip_literal(c, c->at));
    }
    if (kind != PF_JSON_NUMBER) {
        return expected(c, "expected an integer");
    }
    bool integer = false;
    const char *p = pf_skip_number(c, c->at, &integer);
    if (p == NULL) {
        return false;
    }
    if (!integer) {
        return expected(c, "expected an integer, this number has a fraction or an exponent");
    }
    const struct pf_sv digits = {.ptr = c->at, .len = (size_t)(p - c->at)};
    int64_t value = 0;
    if (!pf_sv_to_i64(digits, &value)) {
        return pf_cursor_fail(c, PF_E_RANGE, "integer does not fit in 64 bits");
    }
    *ret_value = value;
    return passed(c, p);
}

bool pf_cursor_bool(struct pf_cursor *c, bool *ret_value)
{
    const enum pf_json_kind kind = pf_cursor_kind(c);
    if (!at_value(c)) {
        return false;
    }
    if (kind != PF_JSON_BOOL && kind != PF_JSON_NULL) {
        return expected(c, "expected true or false");
    }
    const bool value = peek(c) == 't';
    if (!passed(c, pf_skip_literal(c, c->at))) {
        return false;
    }
    if (kind == PF_JSON_BOOL) {
        *ret_value = value;
    }
    return true;
}

bool pf_cursor_null(struct pf_cursor *c)
{
    return pf_cursor_kind(c) == PF_JSON_NULL && passed(c, pf_skip_literal(c, c->at));
}

bool pf_cursor_end(struct pf_cursor *c)
{
    if (c->fault == NULL && c->state == PF_CURSOR_VALUE && c->depth == 0) {
        (void)pf_cursor_skip(c);
    }
    if (c->fault != NULL) {
        return false;
    }
    if (c->depth != 0 || c->state != PF_CURSOR_AFTER) {
        return pf_cursor_fail(c, PF_E_INTERNAL, "the decoder ends inside an object or array");
    }
    c->at = pf_scan_space(c->at, c->end);
    if (c->at != c->end) {
        return expected(c, "text goes on after the value");
    }
    return true;
}

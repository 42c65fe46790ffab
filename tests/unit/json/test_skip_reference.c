/*
 * The skipper and the cursor, which pass 8 or 16 bytes a step and know shortcuts, against a checker that looks at one byte at a time: random JSON, changed at
 * random places, cut at every byte, at every alignment. Verdict, place and text of the error must be the same. Each text ends where its memory ends.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/buf.h>
#include <podfit/cursor.h>

#define MAX_DEPTH  5
#define TEXT_BYTES 400
#define ROUNDS     600

/* The reference: RFC 8259 byte by byte. */
struct reference {
    const char *at;
    const char *end;
    const char *fault;
    unsigned depth;
};

static bool fail_here(struct reference *r, const char *text)
{
    if (r->fault == NULL) {
        r->fault = text;
    }
    return false;
}

static int byte_here(const struct reference *r)
{
    return r->at < r->end ? (unsigned char)*r->at : -1;
}

static void spaces(struct reference *r)
{
    while (byte_here(r) == ' ' || byte_here(r) == '\n' || byte_here(r) == '\r' ||
           byte_here(r) == '\t') {
        r->at++;
    }
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool reference_escape(struct reference *r)
{
    if (r->end - r->at < 2) {
        return fail_here(r, "string is not closed");
    }
    if (r->at[1] != 'u') {
        if (r->at[1] == '\0' || strchr("\"\\/bfnrt", r->at[1]) == NULL) {
            return fail_here(r, "unknown escape in a string");
        }
        r->at += 2;
        return true;
    }
    for (int i = 2; i < 6; i++) {
        if (r->end - r->at <= i || !is_hex(r->at[i])) {
            return fail_here(r, "escape '\\u' needs four hexadecimal digits");
        }
    }
    r->at += 6;
    return true;
}

static bool reference_string(struct reference *r)
{
    r->at++;
    for (;;) {
        const int byte = byte_here(r);
        if (byte < 0) {
            return fail_here(r, "string is not closed");
        }
        if (byte < 0x20) {
            return fail_here(r, "raw control character in a string");
        }
        if (byte == '\\') {
            if (!reference_escape(r)) {
                return false;
            }
            continue;
        }
        r->at++;
        if (byte == '"') {
            return true;
        }
    }
}

static bool digits(struct reference *r, const char *fault)
{
    const char *const start = r->at;
    while (byte_here(r) >= '0' && byte_here(r) <= '9') {
        r->at++;
    }
    return r->at != start || fail_here(r, fault);
}

static bool reference_number(struct reference *r)
{
    r->at += byte_here(r) == '-';
    const char *const start = r->at;
    if (!digits(r, "number without digits")) {
        return false;
    }
    if (*start == '0' && r->at - start > 1) {
        r->at = start;
        return fail_here(r, "number with a leading zero");
    }
    if (byte_here(r) == '.') {
        r->at++;
        if (!digits(r, "number without digits after the point")) {
            return false;
        }
    }
    if (byte_here(r) == 'e' || byte_here(r) == 'E') {
        r->at++;
        r->at += byte_here(r) == '+' || byte_here(r) == '-';
        return digits(r, "number without digits in the exponent");
    }
    return true;
}

static bool reference_literal(struct reference *r)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < PF_ARRAY_LEN(words); i++) {
        const size_t len = strlen(words[i]);
        if ((size_t)(r->end - r->at) >= len && memcmp(r->at, words[i], len) == 0) {
            r->at += len;
            return true;
        }
    }
    return fail_here(r, "expected a value");
}

static bool reference_value(struct reference *r);

static bool reference_key(struct reference *r)
{
    if (byte_here(r) != '"') {
        return fail_here(r, "expected a key");
    }
    if (!reference_string(r)) {
        return false;
    }
    spaces(r);
    if (byte_here(r) != ':') {
        return fail_here(r, "expected ':' after a key");
    }
    r->at++;
    return true;
}

static bool reference_container(struct reference *r, bool object)
{
    const int close = object ? '}' : ']';
    if (r->depth == MAX_DEPTH) {
        return fail_here(r, "objects and arrays are nested too deep");
    }
    r->depth++;
    r->at++;
    spaces(r);
    bool more = byte_here(r) != close;
    while (more) {
        spaces(r);
        if ((object && !reference_key(r)) || !reference_value(r)) {
            return false;
        }
        spaces(r);
        if (byte_here(r) < 0) {
            return fail_here(r, "text ends inside an object or array");
        }
        more = byte_here(r) == ',';
        if (!more && byte_here(r) != close) {
            return fail_here(r, "expected ',' or the end of the object or array");
        }
        r->at += more;
    }
    r->at++;
    r->depth--;
    return true;
}

static bool reference_value(struct reference *r)
{
    spaces(r);
    const int byte = byte_here(r);
    if (byte == '{' || byte == '[') {
        return reference_container(r, byte == '{');
    }
    if (byte == '"') {
        return reference_string(r);
    }
    return byte == '-' || (byte >= '0' && byte <= '9') ? reference_number(r) : reference_literal(r);
}

/* The reading side: every key and item by itself. */
static void walk(struct pf_cursor *c)
{
    struct pf_sv key = {0};
    const enum pf_json_kind kind = pf_cursor_kind(c);
    if (kind == PF_JSON_OBJECT) {
        (void)pf_cursor_enter_object(c);
        while (pf_cursor_next_key(c, &key)) {
            walk(c);
        }
    } else if (kind == PF_JSON_ARRAY) {
        (void)pf_cursor_enter_array(c);
        while (pf_cursor_next_item(c)) {
            walk(c);
        }
    } else {
        (void)pf_cursor_skip(c);
    }
}

static void expect_same(const struct reference *want, const struct pf_cursor *got,
                        struct pf_sv text, const char *what)
{
    const char *const fault = want->fault != NULL ? want->fault : "none";
    const char *const found = got->fault != NULL ? got->fault : "none";
    if (got->at != want->at || strcmp(fault, found) != 0) {
        fail_msg("%s of '%.*s': byte %td, %s, instead of byte %td, %s", what, PF_SV_ARG(text),
                 got->at - text.ptr, found, want->at - text.ptr, fault);
    }
}

static bool has_high(struct pf_sv text)
{
    bool high = false;
    for (size_t i = 0; i < text.len; i++) {
        high = high || (unsigned char)text.ptr[i] >= 0x80;
    }
    return high;
}

/* @p text ends at the end of a block of memory that begins @p align bytes before it */
static void compare(struct pf_sv text, size_t align)
{
    pf_autofree char *block = malloc(align + text.len + (text.len == 0));
    assert_non_null(block);
    char *const copy = block + align;
    if (text.len != 0) {
        memcpy(copy, text.ptr, text.len);
    }
    const struct pf_sv view = {.ptr = copy, .len = text.len};
    struct reference want = {.at = text.len != 0 ? copy : "", .end = copy + text.len};
    struct pf_cursor got;
    pf_cursor_init_depth(&got, view, MAX_DEPTH);
    if (text.len == 0) {
        want.at = got.at;
        want.end = got.end;
    }
    const bool good = reference_value(&want);
    assert_int_equal(pf_cursor_skip(&got), good);
    expect_same(&want, &got, view, "skip");
    if (!has_high(view)) { /* keys that are read must be UTF-8, too */
        pf_cursor_init_depth(&got, view, MAX_DEPTH);
        walk(&got);
        expect_same(&want, &got, view, "walk");
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return *seed >> 33;
}

static void put_spaces(struct pf_buf *buf, uint64_t *seed)
{
    static const char blanks[] = " \n\r\t";
    for (uint64_t n = next_random(seed) % 16; n > 13; n--) {
        pf_buf_append_char(buf, blanks[next_random(seed) % 4]);
    }
}

static void put_string(struct pf_buf *buf, uint64_t *seed)
{
    static const char *const pieces[] = {"\\\"", "\\\\", "\\n", "\\u00e9", "\xC3\xA9", "/", "\\/"};
    pf_buf_append_char(buf, '"');
    for (uint64_t n = next_random(seed) % 40; n > 0; n--) {
        if (next_random(seed) % 16 == 0) {
            pf_buf_append_cstr(buf, pieces[next_random(seed) % PF_ARRAY_LEN(pieces)]);
        } else {
            pf_buf_append_char(buf, (char)('a' + next_random(seed) % 26));
        }
    }
    pf_buf_append_char(buf, '"');
}

static void put_value(struct pf_buf *buf, uint64_t *seed, unsigned depth)
{
    static const char *const plain[] = {"true", "false", "null", "0",    "-1.5e+3", "17",
                                        "{}",   "[]",    "{ }",  "[\t]", "01",      "-"};
    const uint64_t kind = next_random(seed) % 8;
    put_spaces(buf, seed);
    if (kind < 2 || buf->len > TEXT_BYTES / 2) {
        put_string(buf, seed);
    } else if (kind < 4 || depth > MAX_DEPTH) {
        /* the last two are wrong, and rare */
        const uint64_t choice = next_random(seed) % 40;
        pf_buf_append_cstr(buf, plain[choice < PF_ARRAY_LEN(plain) ? choice : choice % 10]);
    } else {
        const bool object = kind < 7;
        pf_buf_append_char(buf, object ? '{' : '[');
        for (uint64_t n = next_random(seed) % 5, i = 0; i < n; i++) {
            pf_buf_append_cstr(buf, i != 0 ? "," : "");
            put_spaces(buf, seed);
            if (object) {
                put_string(buf, seed);
                put_spaces(buf, seed);
                pf_buf_append_char(buf, ':');
            }
            put_value(buf, seed, depth + 1);
            put_spaces(buf, seed);
        }
        pf_buf_append_char(buf, object ? '}' : ']');
    }
}

static void spoil(struct pf_buf *buf, uint64_t *seed)
{
    static const char bytes[] = "\"\\{}[]:, 0-tu\x1F\x7Fx";
    for (uint64_t n = next_random(seed) % 3; n > 0; n--) {
        buf->data[next_random(seed) % buf->len] = bytes[next_random(seed) % (sizeof(bytes) - 1)];
    }
}

static void test_random_json_cut_at_every_byte(void **state PF_UNUSED)
{
    uint64_t seed = 20261122;
    size_t good = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, (size_t)64 * 1024);
        put_value(&buf, &seed, 0);
        if (round % 2 != 0) {
            spoil(&buf, &seed);
        }
        assert_int_equal(pf_buf_status(&buf, NULL), PF_OK);
        const size_t step = buf.len < TEXT_BYTES ? 1 : buf.len / TEXT_BYTES + 1;
        for (size_t len = 0; len < buf.len; len += step) {
            compare((struct pf_sv){.ptr = buf.data, .len = len}, (round + len) % 16);
        }
        compare(pf_buf_view(&buf), round % 16);
        struct pf_cursor c;
        pf_cursor_init_depth(&c, pf_buf_view(&buf), MAX_DEPTH);
        good += pf_cursor_end(&c);
    }
    /* neither all right nor all wrong, or the comparison says little */
    assert_in_range(good, ROUNDS / 10, ROUNDS - ROUNDS / 10);
}

static void test_crafted_text_at_every_alignment(void **state PF_UNUSED)
{
    static const char *const texts[] = {
        "{\"f:a\":{},\"f:b\":{}}",
        "{\"f:a\":{},\"f:b\":{}",
        "{\"a\":{}",
        "{\"a\":{ },\"b\":{}]",
        "{\"a\":{}\"b\":1}",
        "[[[[[]]]]]",
        "[[[[[{}]]]]]",
        "{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}",
        "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}",
        "{\"a\":{\"a\":{\"a\":{\"a\":[{}]}}}}",
        "{\"0123456789abcde\":\"0123456789abcdef\",\"0123456789abcdef0\":\"0123456789abcdef0123456789abcdef\"}",
        "{\"0123456789abcd\\u00e9\":\"0123456789abcdef\\\\\\\"0123456789abcdef0\\/\"}",
        "{\"a\" :\t{}\n,\r\"b\" : [ ] }",
        "{\"a\":{},}",
        "{,}",
        "[,]",
        "[1,]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\",1}",
        "{a:1}",
        "{\"a\":}",
        "\"0123456789abcdef\x1F\"",
        "\"0123456789abcde\\x\"",
        "\"0123456789abcde\\u12g4\"",
        "tru",
        "nul",
        "+1",
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(texts); i++) {
        const struct pf_sv text = pf_sv_from(texts[i]);
        for (size_t align = 0; align < 16; align++) {
            for (size_t len = 0; len <= text.len; len++) {
                compare((struct pf_sv){.ptr = text.ptr, .len = len}, align);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crafted_text_at_every_alignment),
        cmocka_unit_test(test_random_json_cut_at_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the cursor accepts when it skips: RFC 8259 grammar, byte for byte. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <podfit/cursor.h>
#include <podfit/skip.h>

struct row {
    const char *name;
    struct pf_sv text;
    enum pf_code code;
    size_t offset;     /* of the fault */
    const char *fault; /* part of its text */
};

#define OK(name, text)                       \
    {                                        \
        name, PF_SV_INIT(text), PF_OK, 0, "" \
    }
#define BAD(name, text, offset, fault)                      \
    {                                                       \
        name, PF_SV_INIT(text), PF_E_INVALID, offset, fault \
    }

static const struct row rows[] = {
    OK("null", "null"),
    OK("true", " true "),
    OK("false", "\tfalse\r\n"),
    OK("zero", "0"),
    OK("minus zero", "-0"),
    OK("number with everything", "-12.50e+07"),
    OK("exponent", "1E5"),
    OK("negative exponent", "1e-5"),
    OK("long number", "123456789012345678901234567890123456789012345678901234567890123456789"),
    OK("empty string", "\"\""),
    OK("all escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u12aF\""),
    OK("escape at the end", "\"0123456789abcde\\n\""),
    OK("DEL in a string", "\"\x7F\""),
    OK("invalid UTF-8 in a skipped string", "\"\xFF\xC0\""),
    OK("lone surrogate in a skipped string", "\"\\ud800\""),
    OK("empty object", "{}"),
    OK("empty array", "[]"),
    OK("empty containers with space", "[ { } , [ ] ]"),
    OK("members", "{\"a\":1,\"b\":[1,2,{\"c\":null}],\"d\":{\"e\":\"f\"}}"),
    OK("space everywhere", " { \"a\" : 1 , \"b\" : [ 1 , 2 ] } "),
    OK("duplicate keys in skipped text", "{\"a\":1,\"a\":2}"),
    OK("empty key", "{\"\":0}"),
    OK("brackets in strings", "{\"}]\":\"[{\\\"\"}"),
    BAD("nothing", "", 0, "expected a value"),
    BAD("space only", "  ", 2, "expected a value"),
    BAD("NUL byte", "\0", 0, "expected a value"),
    BAD("NUL after the value", "1\0", 1, "text goes on"),
    BAD("second value", "1 2", 2, "text goes on"),
    BAD("garbage after", "{}x", 2, "text goes on"),
    BAD("byte order mark", "\xEF\xBB\xBF{}", 0, "expected a value"),
    BAD("capital literal", "True", 0, "expected a value"),
    BAD("cut literal", "nul", 0, "expected a value"),
    BAD("cut false", "fals", 0, "expected a value"),
    BAD("NaN", "NaN", 0, "expected a value"),
    BAD("nan", "nan", 0, "expected a value"),
    BAD("Infinity", "-Infinity", 1, "without digits"),
    BAD("literal goes on", "nullx", 4, "text goes on"),
    BAD("leading zero", "01", 0, "leading zero"),
    BAD("leading zero, negative", "-012", 1, "leading zero"),
    BAD("two zeros", "00", 0, "leading zero"),
    BAD("plus", "+1", 0, "expected a value"),
    BAD("minus only", "-", 1, "without digits"),
    BAD("two minus", "--1", 1, "without digits"),
    BAD("no digit after the point", "1.", 2, "after the point"),
    BAD("no digit between point and exponent", "1.e5", 2, "after the point"),
    BAD("no digit before the point", ".5", 0, "expected a value"),
    BAD("no exponent digit", "1e", 2, "exponent"),
    BAD("sign without exponent digit", "1e+", 3, "exponent"),
    BAD("hexadecimal", "0x10", 1, "text goes on"),
    BAD("open string", "\"abc", 4, "not closed"),
    BAD("open string after escaped quote", "\"abc\\\"", 6, "not closed"),
    BAD("backslash last", "\"abc\\", 4, "not closed"),
    BAD("open long string", "\"0123456789abcdef0123456789abcdef", 33, "not closed"),
    BAD("raw newline", "\"a\nb\"", 2, "control character"),
    BAD("raw NUL", "\"a\0b\"", 2, "control character"),
    BAD("raw 1F", "\"\x1F\"", 1, "control character"),
    BAD("unknown escape", "\"\\x\"", 1, "unknown escape"),
    BAD("escaped quote mark '", "\"\\'\"", 1, "unknown escape"),
    BAD("short unicode escape", "\"\\u12\"", 1, "hexadecimal"),
    BAD("cut unicode escape", "\"\\u123", 1, "hexadecimal"),
    BAD("bad unicode escape", "\"\\u12g4\"", 1, "hexadecimal"),
    BAD("upper case U", "\"\\U0041\"", 1, "unknown escape"),
    BAD("single quotes", "'a'", 0, "expected a value"),
    BAD("open object", "{", 1, "expected a key"),
    BAD("open array", "[", 1, "expected a value"),
    BAD("open array after item", "[1", 2, "text ends"),
    BAD("open object after member", "{\"a\":1", 6, "text ends"),
    BAD("open inside", "[[1]", 4, "text ends"),
    BAD("comma last in array", "[1,]", 3, "expected a value"),
    BAD("comma last in object", "{\"a\":1,}", 7, "expected a key"),
    BAD("comma first in array", "[,1]", 1, "expected a value"),
    BAD("comma first in object", "{,\"a\":1}", 1, "expected a key"),
    BAD("two commas", "[1,,2]", 3, "expected a value"),
    BAD("no comma", "[1 2]", 3, "expected ','"),
    BAD("no comma in object", "{\"a\":1 \"b\":2}", 7, "expected ','"),
    BAD("colon in array", "[\"a\":1]", 4, "expected ','"),
    BAD("no colon", "{\"a\" 1}", 5, "expected ':'"),
    BAD("comma for colon", "{\"a\",1}", 4, "expected ':'"),
    BAD("two colons", "{\"a\"::1}", 5, "expected a value"),
    BAD("no value", "{\"a\":}", 5, "expected a value"),
    BAD("key without anything", "{\"a\"}", 4, "expected ':'"),
    BAD("number as key", "{1:2}", 1, "expected a key"),
    BAD("bare key", "{a:2}", 1, "expected a key"),
    BAD("null as key", "{null:2}", 1, "expected a key"),
    BAD("wrong close of array", "[1}", 2, "expected ','"),
    BAD("wrong close of object", "{\"a\":1]", 6, "expected ','"),
    BAD("wrong close of empty", "[}", 1, "expected a value"),
    BAD("wrong close of empty object", "{]", 1, "expected a key"),
    BAD("close only", "]", 0, "expected a value"),
    BAD("one close too many", "[]]", 2, "text goes on"),
    BAD("crossed brackets", "[{\"a\":[1}]}", 8, "expected ','"),
    BAD("comment", "[1/*x*/]", 2, "expected ','"),
    BAD("form feed as space", "[\f1]", 1, "expected a value"),
};

static void check_end(const struct row *row, struct pf_cursor *c, const char *how)
{
    struct pf_err err = {0};
    const bool ended = pf_cursor_end(c);
    if (ended != (row->code == PF_OK) || pf_cursor_error(c, &err) != row->code) {
        fail_msg("%s, %s: '%s'", row->name, how, err.text);
    }
    if (row->code == PF_OK) {
        return;
    }
    if (strstr(err.text, row->fault) == NULL || pf_cursor_offset(c) != row->offset) {
        fail_msg("%s, %s: '%s', expected '%s' at %zu", row->name, how, err.text, row->fault,
                 row->offset);
    }
}

/* go into everything with the pull functions */
static void walk(struct pf_cursor *c)
{
    bool objects[16] = {false};
    size_t depth = 0;
    struct pf_sv key = {0};
    bool value = true;
    do {
        if (value) {
            const enum pf_json_kind kind = pf_cursor_kind(c);
            if (kind == PF_JSON_OBJECT || kind == PF_JSON_ARRAY) {
                objects[depth++] = kind == PF_JSON_OBJECT;
                (void)(kind == PF_JSON_OBJECT ? pf_cursor_enter_object(c)
                                              : pf_cursor_enter_array(c));
            } else {
                (void)pf_cursor_skip(c);
            }
        }
        if (depth != 0) {
            value = objects[depth - 1] ? pf_cursor_next_key(c, &key) : pf_cursor_next_item(c);
            depth -= !value;
        }
    } while (depth != 0 && pf_cursor_ok(c));
}

static void test_grammar(void **state PF_UNUSED)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        /* a copy of the exact size: the sanitizer sees a read past the end */
        char *copy = malloc(row->text.len != 0 ? row->text.len : 1);
        assert_non_null(copy);
        memcpy(copy, row->text.ptr, row->text.len);
        const struct pf_sv text = {.ptr = copy, .len = row->text.len};
        struct pf_cursor c;
        pf_cursor_init(&c, text);
        check_end(row, &c, "skipped");
        pf_cursor_init(&c, text);
        walk(&c);
        check_end(row, &c, "walked");
        free(copy);
    }
}

/* every prefix of a good text is bad (but for white space at its end), and none reads past its end */
static void test_every_prefix_is_refused(void **state PF_UNUSED)
{
    const struct pf_sv text =
        PF_SV("{\"a\":[1,-2.5e3,true,false,null,\"\\u00e9\\\\\"],\"b\":{\"c\":{},\"d\":[]}}");
    for (size_t len = 0; len <= text.len; len++) {
        char *copy = malloc(len != 0 ? len : 1);
        assert_non_null(copy);
        memcpy(copy, text.ptr, len);
        struct pf_cursor c;
        pf_cursor_init(&c, (struct pf_sv){.ptr = copy, .len = len});
        assert_int_equal(pf_cursor_end(&c), len == text.len);
        pf_cursor_init(&c, (struct pf_sv){.ptr = copy, .len = len});
        walk(&c);
        assert_int_equal(pf_cursor_end(&c), len == text.len);
        free(copy);
    }
}

static void nest(char *text, size_t depth, bool objects)
{
    const struct pf_sv open = objects ? PF_SV("{\"\":") : PF_SV("[");
    const size_t step = open.len;
    for (size_t i = 0; i < depth; i++) {
        memcpy(text + i * step, open.ptr, step);
        text[depth * step + 1 + i] = objects ? '}' : ']';
    }
    text[depth * step] = '7';
}

static void test_depth_limit(void **state PF_UNUSED)
{
    static char text[((size_t)PF_JSON_MAX_DEPTH + 1) * 5 + 1];
    static const struct {
        const char *name;
        size_t depth;
        enum pf_code code;
        bool objects;
    } cases[] = {
        {"arrays at the limit", PF_JSON_MAX_DEPTH, PF_OK, false},
        {"arrays over the limit", PF_JSON_MAX_DEPTH + 1, PF_E_TOO_BIG, false},
        {"objects at the limit", PF_JSON_MAX_DEPTH, PF_OK, true},
        {"objects over the limit", PF_JSON_MAX_DEPTH + 1, PF_E_TOO_BIG, true},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(cases); i++) {
        nest(text, cases[i].depth, cases[i].objects);
        const size_t len = cases[i].depth * (cases[i].objects ? 5 : 2) + 1;
        struct pf_cursor c;
        struct pf_err err = {0};
        pf_cursor_init(&c, (struct pf_sv){.ptr = text, .len = len});
        (void)pf_cursor_end(&c);
        if (pf_cursor_error(&c, &err) != cases[i].code) {
            fail_msg("%s: '%s'", cases[i].name, err.text);
        }
        assert_int_equal(
            pf_cursor_offset(&c),
            cases[i].code == PF_OK ? len : PF_JSON_MAX_DEPTH * (cases[i].objects ? 4UL : 1UL));
    }
}

static void test_smaller_depth_limit(void **state PF_UNUSED)
{
    struct pf_cursor c;
    pf_cursor_init_depth(&c, PF_SV("[[[]]]"), 3);
    assert_true(pf_cursor_end(&c));
    pf_cursor_init_depth(&c, PF_SV("[[[[]]]]"), 3);
    assert_false(pf_cursor_end(&c));
    assert_int_equal(c.code, PF_E_TOO_BIG);
    pf_cursor_init_depth(&c, PF_SV("7"), 0);
    assert_true(pf_cursor_end(&c));
    pf_cursor_init_depth(&c, PF_SV("[]"), UINT32_MAX); /* cut to PF_JSON_MAX_DEPTH */
    assert_int_equal(c.max_depth, PF_JSON_MAX_DEPTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_every_prefix_is_refused),
        cmocka_unit_test(test_depth_limit),
        cmocka_unit_test(test_smaller_depth_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Decoders on the wire cursor: values, null, spans, sticky errors. Keys are in test_cursor_keys.c, the grammar in test_skip.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/cursor.h>

#define ARENA_BYTES ((size_t)64 * 1024)

static void assert_view(struct pf_sv got, const char *want)
{
    if (!pf_sv_eq_cstr(got, want)) {
        fail_msg("'%.*s' instead of '%s'", PF_SV_ARG(got), want);
    }
}

static void assert_fault(const struct pf_cursor *c, enum pf_code code, const char *text)
{
    struct pf_err err = {0};
    assert_int_equal(pf_cursor_error(c, &err), code);
    assert_int_equal(err.code, code);
    assert_string_equal(err.text, text);
}

static void test_decode_an_object(void **state PF_UNUSED)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    struct pf_cursor c;
    struct pf_sv key = {0};
    struct pf_sv name = {0};
    struct pf_sv args[4] = {{0}};
    size_t count = 0;
    int64_t port = 0;
    bool ready = false;
    pf_cursor_init(
        &c, PF_SV(" { \"skipped\" : [{}, {\"a\": [1]}], \"name\" : \"web\", \"port\": -8080, "
                  "\"args\":[\"a\",\"b\\n\"], \"ready\" : true, \"last\":{\"name\":\"no\"} } "));
    assert_true(pf_cursor_enter_object(&c));
    while (pf_cursor_next_key(&c, &key)) {
        if (pf_sv_eq_cstr(key, "name")) {
            assert_true(pf_cursor_string(&c, &arena, &name));
        } else if (pf_sv_eq_cstr(key, "port")) {
            assert_true(pf_cursor_i64(&c, &port));
        } else if (pf_sv_eq_cstr(key, "ready")) {
            assert_true(pf_cursor_bool(&c, &ready));
        } else if (pf_sv_eq_cstr(key, "args")) {
            assert_true(pf_cursor_enter_array(&c));
            while (pf_cursor_next_item(&c)) {
                assert_true(pf_cursor_string(&c, &arena, &args[count++]));
            }
        }
    }
    assert_true(pf_cursor_end(&c));
    assert_int_equal(pf_cursor_error(&c, NULL), PF_OK);
    assert_view(name, "web");
    assert_view(args[0], "a");
    assert_view(args[1], "b\n");
    assert_int_equal(count, 2);
    assert_int_equal(port, -8080);
    assert_true(ready);
}

static void test_kind(void **state PF_UNUSED)
{
    static const struct {
        const char *text;
        enum pf_json_kind kind;
    } rows[] = {
        {" {", PF_JSON_OBJECT}, {"[", PF_JSON_ARRAY},  {"\"", PF_JSON_STRING},
        {"-", PF_JSON_NUMBER},  {"0", PF_JSON_NUMBER}, {"9", PF_JSON_NUMBER},
        {"t", PF_JSON_BOOL},    {"f", PF_JSON_BOOL},   {"n", PF_JSON_NULL},
        {"", PF_JSON_NONE},     {" ", PF_JSON_NONE},   {"x", PF_JSON_NONE},
        {"]", PF_JSON_NONE},    {"+", PF_JSON_NONE},   {":", PF_JSON_NONE},
        {"/", PF_JSON_NONE},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_cursor c;
        pf_cursor_init(&c, pf_sv_from(rows[i].text));
        assert_int_equal(pf_cursor_kind(&c), rows[i].kind);
        assert_true(pf_cursor_ok(&c));
    }
    struct pf_cursor c;
    pf_cursor_init(&c, PF_SV("1"));
    assert_true(pf_cursor_skip(&c));
    assert_int_equal(pf_cursor_kind(&c), PF_JSON_NONE); /* no value is due */
}

enum reader { STRING, INTEGER, BOOLEAN };

static const struct {
    const char *name;
    struct pf_sv text;
    enum reader reader;
    enum pf_code code;
    const char *want; /* the value as text, or the error */
} value_rows[] = {
    {"string", PF_SV_INIT("\"a b\""), STRING, PF_OK, "a b"},
    {"string with escapes", PF_SV_INIT("\"\\u00e9\\\\\""), STRING, PF_OK, "\xC3\xA9\\"},
    {"lone surrogate", PF_SV_INIT("\"\\udead\""), STRING, PF_OK, "\xEF\xBF\xBD"},
    {"UTF-8", PF_SV_INIT("\"\xE2\x82\xAC\""), STRING, PF_OK, "\xE2\x82\xAC"},
    {"empty string", PF_SV_INIT("\"\""), STRING, PF_OK, ""},
    {"null string", PF_SV_INIT("null"), STRING, PF_OK, "untouched"},
    {"invalid UTF-8", PF_SV_INIT("\"\xC0\xAF\""), STRING, PF_E_INVALID,
     "byte 0: string is not UTF-8"},
    {"surrogate in UTF-8", PF_SV_INIT("\"\xED\xA0\x80\""), STRING, PF_E_INVALID,
     "byte 0: string is not UTF-8"},
    {"number as string", PF_SV_INIT(" 1"), STRING, PF_E_INVALID, "byte 1: expected a string"},
    {"bad null", PF_SV_INIT("nill"), STRING, PF_E_INVALID, "byte 0: expected a value"},
    {"zero", PF_SV_INIT("0"), INTEGER, PF_OK, "0"},
    {"minus zero", PF_SV_INIT("-0"), INTEGER, PF_OK, "0"},
    {"largest", PF_SV_INIT("9223372036854775807"), INTEGER, PF_OK, "9223372036854775807"},
    {"smallest", PF_SV_INIT("-9223372036854775808"), INTEGER, PF_OK, "-9223372036854775808"},
    {"2^53 + 1", PF_SV_INIT("9007199254740993"), INTEGER, PF_OK, "9007199254740993"},
    {"null integer", PF_SV_INIT("null"), INTEGER, PF_OK, "-77"},
    {"one over", PF_SV_INIT("9223372036854775808"), INTEGER, PF_E_RANGE,
     "byte 0: integer does not fit in 64 bits"},
    {"one under", PF_SV_INIT("-9223372036854775809"), INTEGER, PF_E_RANGE,
     "byte 0: integer does not fit in 64 bits"},
    {"fraction", PF_SV_INIT("1.0"), INTEGER, PF_E_INVALID,
     "byte 0: expected an integer, this number has a fraction or an exponent"},
    {"exponent", PF_SV_INIT("1e3"), INTEGER, PF_E_INVALID,
     "byte 0: expected an integer, this number has a fraction or an exponent"},
    {"string as integer", PF_SV_INIT("\"1\""), INTEGER, PF_E_INVALID,
     "byte 0: expected an integer"},
    {"leading zero", PF_SV_INIT("01"), INTEGER, PF_E_INVALID, "byte 0: number with a leading zero"},
    {"true", PF_SV_INIT("true"), BOOLEAN, PF_OK, "true"},
    {"false", PF_SV_INIT("false"), BOOLEAN, PF_OK, "false"},
    {"null boolean", PF_SV_INIT("null"), BOOLEAN, PF_OK, "true"},
    {"number as boolean", PF_SV_INIT("0"), BOOLEAN, PF_E_INVALID, "byte 0: expected true or false"},
    {"cut boolean", PF_SV_INIT("tru"), BOOLEAN, PF_E_INVALID, "byte 0: expected a value"},
    {"nothing", PF_SV_INIT(""), BOOLEAN, PF_E_INVALID, "byte 0: expected true or false"},
};

static void test_values(void **state PF_UNUSED)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    for (size_t i = 0; i < PF_ARRAY_LEN(value_rows); i++) {
        struct pf_cursor c;
        struct pf_sv text = PF_SV("untouched");
        int64_t number = -77;
        bool boolean = true;
        pf_cursor_init(&c, value_rows[i].text);
        bool done = false;
        if (value_rows[i].reader == STRING) {
            done = pf_cursor_string(&c, &arena, &text);
        } else if (value_rows[i].reader == INTEGER) {
            done = pf_cursor_i64(&c, &number);
        } else {
            done = pf_cursor_bool(&c, &boolean);
        }
        if (done != (value_rows[i].code == PF_OK)) {
            fail_msg("%s: %d", value_rows[i].name, (int)done);
        }
        if (!done) {
            assert_fault(&c, value_rows[i].code, value_rows[i].want);
            assert_view(text, "untouched");
            assert_int_equal(number, -77);
            assert_true(boolean);
            continue;
        }
        assert_true(pf_cursor_end(&c));
        if (value_rows[i].reader == INTEGER) {
            text = pf_sv_from(pf_arena_printf(&arena, "%lld", (long long)number));
        } else if (value_rows[i].reader == BOOLEAN) {
            text = pf_sv_from(boolean ? "true" : "false");
        }
        assert_view(text, value_rows[i].want);
    }
}

static void test_string_borrows_unless_it_has_escapes(void **state PF_UNUSED)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    const struct pf_sv text = PF_SV("[\"plain\",\"a\\u0000b\"]");
    struct pf_cursor c;
    struct pf_sv got = {0};
    pf_cursor_init(&c, text);
    assert_true(pf_cursor_enter_array(&c));
    assert_true(pf_cursor_next_item(&c));
    assert_true(pf_cursor_string(&c, &arena, &got));
    assert_ptr_equal(got.ptr, text.ptr + 2);
    assert_int_equal(arena.used_bytes, 0);
    assert_true(pf_cursor_next_item(&c));
    assert_true(pf_cursor_string(&c, &arena, &got));
    assert_true(pf_sv_eq(got, PF_SV("a\0b")));
    assert_int_not_equal(arena.used_bytes, 0);
    assert_false(pf_cursor_next_item(&c));
    assert_true(pf_cursor_end(&c));
}

static void test_string_without_memory(void **state PF_UNUSED)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 16);
    struct pf_cursor c;
    struct pf_sv got = PF_SV("before");
    pf_cursor_init(&c, PF_SV("\"0123456789\\n0123456789\""));
    assert_false(pf_cursor_string(&c, &arena, &got));
    assert_fault(&c, PF_E_NO_MEMORY, "byte 0: no memory for a string");
    assert_view(got, "before");
}

static void test_null_is_an_empty_container(void **state PF_UNUSED)
{
    struct pf_cursor c;
    struct pf_sv key = {0};
    pf_cursor_init(&c, PF_SV("{\"a\":null,\"b\":null,\"c\":[null,[]],\"d\":null}"));
    assert_true(pf_cursor_enter_object(&c));
    assert_true(pf_cursor_next_key(&c, &key));
    assert_true(pf_cursor_enter_object(&c));
    assert_false(pf_cursor_next_key(&c, &key));
    assert_true(pf_cursor_next_key(&c, &key));
    assert_view(key, "b");
    assert_true(pf_cursor_enter_array(&c));
    assert_false(pf_cursor_next_item(&c));
    assert_true(pf_cursor_next_key(&c, &key));
    assert_true(pf_cursor_enter_array(&c));
    assert_true(pf_cursor_next_item(&c));
    assert_true(pf_cursor_enter_array(&c));
    assert_true(pf_cursor_leave(&c));
    assert_true(pf_cursor_next_item(&c));
    assert_false(pf_cursor_null(&c));
    assert_false(pf_cursor_null(&c));
    assert_true(pf_cursor_leave(&c));
    assert_true(pf_cursor_next_key(&c, &key));
    assert_view(key, "d");
    assert_true(pf_cursor_null(&c));
    assert_false(pf_cursor_next_key(&c, &key));
    assert_true(pf_cursor_end(&c));
}

static void test_null_root(void **state PF_UNUSED)
{
    struct pf_cursor c;
    struct pf_sv key = {0};
    pf_cursor_init(&c, PF_SV("null"));
    assert_true(pf_cursor_enter_object(&c));
    assert_false(pf_cursor_next_key(&c, &key));
    assert_true(pf_cursor_end(&c));
    pf_cursor_init(&c, PF_SV("nul"));
    assert_false(pf_cursor_null(&c));
    assert_fault(&c, PF_E_INVALID, "byte 0: expected a value");
}

static void test_wrong_container(void **state PF_UNUSED)
{
    struct pf_cursor c;
    pf_cursor_init(&c, PF_SV(" []"));
    assert_false(pf_cursor_enter_object(&c));
    assert_fault(&c, PF_E_INVALID, "byte 1: expected an object");
    pf_cursor_init(&c, PF_SV("{}"));
    assert_false(pf_cursor_enter_array(&c));
    assert_fault(&c, PF_E_INVALID, "byte 0: expected an array");
    pf_cursor_init_depth(&c, PF_SV("[[]]"), 1);
    assert_true(pf_cursor_enter_array(&c));
    assert_true(pf_cursor_next_item(&c));
    assert_false(pf_cursor_enter_array(&c));
    assert_fault(&c, PF_E_TOO_BIG, "byte 1: objects and arrays are nested too deep");
}

static void test_span_and_leave(void **state PF_UNUSED)
{
    const struct pf_sv text =
        PF_SV("{ \"a\" : [ 1 , 2 ] , \"b\" : {\"c\":[{\"d\":1},2]} , \"e\" : null }");
    struct pf_cursor c;
    struct pf_sv key = {0};
    struct pf_sv span = {0};
    pf_cursor_init(&c, text);
    assert_true(pf_cursor_enter_object(&c));
    assert_true(pf_cursor_next_key(&c, &key));
    assert_true(pf_cursor_span(&c, &span));
    assert_view(span, "[ 1 , 2 ]");
    assert_true(pf_cursor_next_key(&c, &key));
    assert_true(pf_cursor_enter_object(&c));
    assert_true(pf_cursor_next_key(&c, &key));
    assert_true(pf_cursor_enter_array(&c));
    assert_true(pf_cursor_next_item(&c));
    assert_true(pf_cursor_enter_object(&c));
    assert_true(pf_cursor_leave(&c));
    assert_true(pf_cursor_leave(&c)); /* the array */
    assert_true(pf_cursor_leave(&c)); /* b */
    assert_true(pf_cursor_next_key(&c, &key));
    assert_view(key, "e");
    assert_true(pf_cursor_span(&c, &span));
    assert_view(span, "null");
    assert_true(pf_cursor_leave(&c));
    assert_true(pf_cursor_end(&c));
    pf_cursor_init(&c, PF_SV("[1,2,}"));
    assert_true(pf_cursor_enter_array(&c));
    assert_false(pf_cursor_leave(&c));
    assert_fault(&c, PF_E_INVALID, "byte 5: expected a value");
}

static void test_errors_are_sticky(void **state PF_UNUSED)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    struct pf_cursor c;
    struct pf_sv view = PF_SV("before");
    int64_t number = 5;
    bool boolean = true;
    uint64_t seen = 0;
    size_t index = 7;
    pf_cursor_init(&c, PF_SV("{\"a\":\"x\",\"b\":1}"));
    assert_true(pf_cursor_enter_object(&c));
    assert_true(pf_cursor_next_key(&c, &view));
    assert_false(pf_cursor_fail(&c, PF_E_UNSUPPORTED, "cannot use this"));
    view = PF_SV("before");
    assert_false(pf_cursor_fail(&c, PF_E_RANGE, "second error"));
    assert_false(pf_cursor_string(&c, &arena, &view));
    assert_false(pf_cursor_i64(&c, &number));
    assert_false(pf_cursor_bool(&c, &boolean));
    assert_false(pf_cursor_null(&c));
    assert_false(pf_cursor_skip(&c));
    assert_false(pf_cursor_span(&c, &view));
    assert_false(pf_cursor_enter_object(&c));
    assert_false(pf_cursor_enter_array(&c));
    assert_false(pf_cursor_next_key(&c, &view));
    assert_false(pf_cursor_next_key_in(&c, &arena, &view));
    assert_false(pf_cursor_next_field(&c, &view, 1, &seen, &index));
    assert_false(pf_cursor_next_item(&c));
    assert_false(pf_cursor_leave(&c));
    assert_false(pf_cursor_end(&c));
    assert_int_equal(pf_cursor_kind(&c), PF_JSON_NONE);
    assert_fault(&c, PF_E_UNSUPPORTED, "byte 5: cannot use this");
    assert_view(view, "before");
    assert_int_equal(number, 5);
    assert_int_equal(index, 7);
    assert_true(boolean);
}

static void test_misuse_is_an_internal_error(void **state PF_UNUSED)
{
    struct pf_cursor c;
    struct pf_sv key = {0};
    pf_cursor_init(&c, PF_SV("1"));
    assert_true(pf_cursor_skip(&c));
    assert_false(pf_cursor_skip(&c));
    assert_fault(&c, PF_E_INTERNAL, "byte 1: the decoder reads a value where none is due");
    pf_cursor_init(&c, PF_SV("[1]"));
    assert_true(pf_cursor_enter_array(&c));
    assert_false(pf_cursor_next_key(&c, &key));
    assert_fault(&c, PF_E_INTERNAL, "byte 1: the decoder is in another object or array");
    pf_cursor_init(&c, PF_SV("[1]"));
    assert_false(pf_cursor_next_item(&c));
    assert_int_equal(c.code, PF_E_INTERNAL);
    pf_cursor_init(&c, PF_SV("[1]"));
    assert_false(pf_cursor_leave(&c));
    assert_fault(&c, PF_E_INTERNAL, "byte 0: the decoder leaves where nothing was entered");
    pf_cursor_init(&c, PF_SV("[1]"));
    assert_true(pf_cursor_enter_array(&c));
    assert_false(pf_cursor_end(&c));
    assert_fault(&c, PF_E_INTERNAL, "byte 1: the decoder ends inside an object or array");
}

static void test_empty_view(void **state PF_UNUSED)
{
    struct pf_cursor c;
    pf_cursor_init(&c, (struct pf_sv){0});
    assert_int_equal(pf_cursor_kind(&c), PF_JSON_NONE);
    assert_false(pf_cursor_end(&c));
    assert_fault(&c, PF_E_INVALID, "byte 0: expected a value");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_an_object),
        cmocka_unit_test(test_kind),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_string_borrows_unless_it_has_escapes),
        cmocka_unit_test(test_string_without_memory),
        cmocka_unit_test(test_null_is_an_empty_container),
        cmocka_unit_test(test_null_root),
        cmocka_unit_test(test_wrong_container),
        cmocka_unit_test(test_span_and_leave),
        cmocka_unit_test(test_errors_are_sticky),
        cmocka_unit_test(test_misuse_is_an_internal_error),
        cmocka_unit_test(test_empty_view),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Keys on the wire cursor: escapes, lengths, tables, duplicates. Values are in test_cursor.c. */

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

static void test_keys_with_escapes(void **state PF_UNUSED)
{
    struct pf_cursor c;
    struct pf_sv key = {0};
    pf_cursor_init(&c, PF_SV("{\"\\u006eame\":1,\"a\\u0000\":2,\"\xC3\xA9\":3,\"\xFF\":4}"));
    assert_true(pf_cursor_enter_object(&c));
    assert_true(pf_cursor_next_key(&c, &key));
    assert_view(key, "name");
    assert_true(pf_cursor_next_key(&c, &key));
    assert_true(pf_sv_eq(key, PF_SV("a\0")));
    assert_true(pf_cursor_next_key(&c, &key));
    assert_view(key, "\xC3\xA9");
    assert_false(pf_cursor_next_key(&c, &key));
    assert_view(key, "\xC3\xA9");
    assert_fault(&c, PF_E_INVALID, "byte 34: key is not UTF-8");
}

/* {"kkk...\u006b": 1} whose key has @p len bytes without the escapes; @p escaped letters are written as \u006b */
static struct pf_sv long_key(struct pf_arena *arena, size_t len, size_t escaped)
{
    char *text = pf_arena_alloc(arena, len * 6 + 8);
    assert_non_null(text);
    size_t at = 0;
    text[at++] = '{';
    text[at++] = '"';
    for (size_t i = 0; i < len; i++) {
        const size_t step = i < escaped ? 6 : 1;
        memcpy(text + at, i < escaped ? "\\u006b" : "k", step);
        at += step;
    }
    for (const char *tail = "\":1}"; *tail != '\0'; tail++) {
        text[at++] = *tail;
    }
    return (struct pf_sv){.ptr = text, .len = at};
}

static void test_long_keys(void **state PF_UNUSED)
{
    static const struct {
        const char *name;
        size_t len;
        size_t escaped;
        bool fits;
    } rows[] = {
        {"one escape, at the limit", PF_CURSOR_KEY_BYTES, 1, true},
        {"one escape, over the limit", PF_CURSOR_KEY_BYTES + 1, 1, false},
        {"all escaped, at the limit", PF_CURSOR_KEY_BYTES, PF_CURSOR_KEY_BYTES, true},
        {"all escaped, over the limit", PF_CURSOR_KEY_BYTES + 1, PF_CURSOR_KEY_BYTES + 1, false},
        {"no escape has no limit", 5000, 0, true},
    };
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES * 4);
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_sv text = long_key(&arena, rows[i].len, rows[i].escaped);
        static const struct pf_sv table[] = {PF_SV_INIT("x")};
        struct pf_cursor c;
        struct pf_sv key = {0};
        uint64_t seen = 0;
        size_t index = 0;
        pf_cursor_init(&c, text);
        assert_true(pf_cursor_enter_object(&c));
        if (pf_cursor_next_key(&c, &key) != rows[i].fits) {
            fail_msg("%s", rows[i].name);
        }
        assert_int_equal(rows[i].fits ? rows[i].len : 0, key.len);
        assert_int_equal(c.code, rows[i].fits ? PF_OK : PF_E_TOO_BIG);
        pf_cursor_init(&c, text);
        assert_true(pf_cursor_enter_object(&c));
        assert_true(pf_cursor_next_key_in(&c, &arena, &key));
        assert_int_equal(key.len, rows[i].len);
        assert_int_equal(key.ptr[rows[i].len - 1], 'k');
        pf_cursor_init(&c, text); /* in a table it is just another key */
        assert_true(pf_cursor_enter_object(&c));
        assert_false(pf_cursor_next_field(&c, table, 1, &seen, &index));
        assert_true(pf_cursor_end(&c));
    }
}

static void test_key_without_memory(void **state PF_UNUSED)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 0);
    struct pf_cursor c;
    struct pf_sv key = PF_SV("before");
    pf_cursor_init(&c, PF_SV("{\"\\n\":1}"));
    assert_true(pf_cursor_enter_object(&c));
    assert_false(pf_cursor_next_key_in(&c, &arena, &key));
    assert_int_equal(c.code, PF_E_NO_MEMORY);
    assert_view(key, "before");
}

static void test_fields(void **state PF_UNUSED)
{
    static const struct pf_sv table[] = {PF_SV_INIT("name"), PF_SV_INIT("uid"), PF_SV_INIT("x")};
    static const struct {
        const char *name;
        const char *text;
        const char *want; /* indexes in order */
        uint64_t seen;
        enum pf_code code;
    } rows[] = {
        {"in order", "{\"name\":1,\"uid\":2}", "01", 3, PF_OK},
        {"other order, others between", "{\"a\":{},\"uid\":2,\"b\":[],\"name\":3,\"c\":1}", "10", 3,
         PF_OK},
        {"case counts", "{\"Name\":1,\"UID\":2,\"namex\":1,\"nam\":1}", "", 0, PF_OK},
        {"escaped key", "{\"\\u006eame\":1}", "0", 1, PF_OK},
        {"other key twice", "{\"a\":1,\"a\":2,\"x\":1}", "2", 4, PF_OK},
        {"twice", "{\"name\":1,\"uid\":2,\"name\":1}", "01", 3, PF_E_INVALID},
        {"twice, one escaped", "{\"name\":1,\"\\u006eame\":1}", "0", 1, PF_E_INVALID},
        {"fault in skipped value", "{\"a\":[1,],\"name\":1}", "", 0, PF_E_INVALID},
        {"empty", "{}", "", 0, PF_OK},
        {"null", "null", "", 0, PF_OK},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_cursor c;
        uint64_t seen = 0;
        size_t index = 99;
        char got[8] = {0};
        size_t count = 0;
        pf_cursor_init(&c, pf_sv_from(rows[i].text));
        assert_true(pf_cursor_enter_object(&c));
        while (pf_cursor_next_field(&c, table, PF_ARRAY_LEN(table), &seen, &index)) {
            got[count++] = (char)('0' + index);
        }
        if (strcmp(got, rows[i].want) != 0 || seen != rows[i].seen || c.code != rows[i].code) {
            fail_msg("%s: '%s', seen %llu, %s", rows[i].name, got, (unsigned long long)seen,
                     pf_code_name(c.code));
        }
    }
}

static void test_field_64(void **state PF_UNUSED)
{
    struct pf_sv table[64];
    for (size_t i = 0; i < PF_ARRAY_LEN(table); i++) {
        table[i] = i == 63 ? PF_SV("last") : PF_SV("other");
    }
    struct pf_cursor c;
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_init(&c, PF_SV("{\"last\":1}"));
    assert_true(pf_cursor_enter_object(&c));
    assert_true(pf_cursor_next_field(&c, table, PF_ARRAY_LEN(table), &seen, &index));
    assert_int_equal(index, 63);
    assert_true(seen == 1ULL << 63);
}

/* keys of every length that differ in one byte, wherever it stands */
static void test_match_looks_at_every_byte(void **state PF_UNUSED)
{
    char text[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN";
    for (size_t len = 0; len < sizeof(text); len++) {
        pf_autofree char *copy = malloc(len + (len == 0));
        assert_non_null(copy);
        memcpy(copy, text, len);
        const struct pf_sv keys[] = {PF_SV_INIT("another"), {.ptr = copy, .len = len}};
        const struct pf_sv key = {.ptr = text, .len = len};
        assert_int_equal(pf_cursor_match(key, keys, PF_ARRAY_LEN(keys)), 1);
        for (size_t at = 0; at < len; at++) {
            copy[at] = '-';
            assert_int_equal(pf_cursor_match(key, keys, PF_ARRAY_LEN(keys)), PF_ARRAY_LEN(keys));
            copy[at] = text[at];
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_with_escapes),  cmocka_unit_test(test_long_keys),
        cmocka_unit_test(test_key_without_memory), cmocka_unit_test(test_fields),
        cmocka_unit_test(test_field_64),           cmocka_unit_test(test_match_looks_at_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

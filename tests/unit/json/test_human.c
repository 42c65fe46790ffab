/* JSON that people write: strictness, line and column, members as written, every allocation fails once. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include <podfit/human.h>
#include <podfit/limits.h>

#define MAX_BYTES   ((size_t)1024 * 1024)
#define ARENA_BYTES ((size_t)64 * 1024)

/* Number of allocations that still succeed, podfit's and jansson's; negative: no limit. */
static long allocations_left = -1;

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);

void *__wrap_malloc(size_t bytes)
{
    if (allocations_left == 0) {
        return NULL;
    }
    allocations_left -= allocations_left > 0;
    return __real_malloc(bytes);
}

#define OK(name, text)                    \
    {                                     \
        name, PF_SV_INIT(text), PF_OK, "" \
    }
#define BAD(name, text, code, fault)        \
    {                                       \
        name, PF_SV_INIT(text), code, fault \
    }

static const struct {
    const char *name;
    struct pf_sv text;
    enum pf_code code;
    const char *fault;
} rows[] = {
    OK("object", "{\"cpu\":1}"),
    OK("space around", "\n {} \n"),
    OK("UTF-8", "{\"a\":\"\xC3\xA9\"}"),
    BAD("nothing", "", PF_E_INVALID, "line 1, column 0: '[' or '{' expected"),
    BAD("array", "[]", PF_E_INVALID, "line 1, column 1: expected an object"),
    BAD("scalar", "5", PF_E_INVALID, "'[' or '{' expected"),
    BAD("key twice", "{\n \"cpu\": 1,\n \"cpu\": 2}", PF_E_INVALID,
        "line 3, column 6: duplicate object key"),
    BAD("key twice, one escaped", "{\"a\":1,\"\\u0061\":2}", PF_E_INVALID, "duplicate object key"),
    BAD("comma last", "{\"a\":1,}", PF_E_INVALID, "line 1, column 8: "),
    BAD("comment", "{/* no */}", PF_E_INVALID, "line 1, column 2: "),
    BAD("single quotes", "{'a':1}", PF_E_INVALID, "line 1, column 2: "),
    BAD("trailing garbage", "{} x", PF_E_INVALID, "end of file expected"),
    BAD("escaped NUL", "{\"a\":\"\\u0000\"}", PF_E_INVALID, "\\u0000 is not allowed"),
    BAD("escaped NUL in a key", "{\"a\\u0000\":1}", PF_E_INVALID, ""),
    BAD("lone surrogate", "{\"a\":\"\\ud800\"}", PF_E_INVALID, "line 1"),
    BAD("invalid UTF-8", "{\"a\":\"\xFF\"}", PF_E_INVALID, "line 1"),
    BAD("leading zero", "{\"a\":01}", PF_E_INVALID, "line 1"),
    BAD("raw newline", "{\"a\":\"x\ny\"}", PF_E_INVALID, "line 1"),
    BAD("NUL byte after", "{}\0", PF_E_INVALID, "line 1, column 3: a NUL byte"),
    BAD("NUL byte after a number", "{\n\"a\":5\0}", PF_E_INVALID, "line 2, column 6: a NUL byte"),
    BAD("integer over int64", "{\"a\":9223372036854775808}", PF_E_RANGE, "too big integer"),
    BAD("real over double", "{\"a\":1e999}", PF_E_RANGE, "real number overflow"),
};

static enum pf_code read_text(struct pf_sv text, size_t max_bytes, struct pf_err *err)
{
    pf_autoarena struct pf_arena arena = {0};
    struct pf_human_member *members = NULL;
    size_t count = 0;
    pf_arena_init(&arena, ARENA_BYTES);
    return pf_human_members(text, max_bytes, &arena, &members, &count, err);
}

static void test_acceptance(void **state PF_UNUSED)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_err err = {0};
        const enum pf_code code = read_text(rows[i].text, MAX_BYTES, &err);
        if (code != rows[i].code || err.code != code || strstr(err.text, rows[i].fault) == NULL) {
            fail_msg("%s: %s '%s'", rows[i].name, pf_code_name(code), err.text);
        }
    }
}

static void test_size_limit(void **state PF_UNUSED)
{
    struct pf_err err = {0};
    assert_int_equal(read_text(PF_SV("{ }"), 3, &err), PF_OK);
    assert_int_equal(read_text(PF_SV("{ }"), 2, &err), PF_E_TOO_BIG);
    assert_string_equal(err.text, "JSON has 3 bytes, at most 2 are allowed");
}

static void test_depth_limit(void **state PF_UNUSED)
{
    static const char start[] = "{\"a\":"; /* one level */
    static char text[sizeof(start) + (size_t)2 * 2048];
    const size_t start_len = sizeof(start) - 1;
    for (size_t depth = 2047; depth <= 2048; depth++) {
        memcpy(text, start, start_len);
        memset(text + start_len, '[', depth);
        memset(text + start_len + depth, ']', depth);
        text[start_len + 2 * depth] = '}';
        const struct pf_sv all = {.ptr = text, .len = start_len + 2 * depth + 1};
        assert_int_equal(read_text(all, MAX_BYTES, NULL), depth == 2047 ? PF_OK : PF_E_TOO_BIG);
    }
}

struct member_row {
    const char *key;
    enum pf_json_kind kind;
    const char *text;
    const char *raw;
    uint32_t line;
    uint32_t column;
};

static void assert_member(const struct pf_human_member *got, const struct member_row *want)
{
    if (!pf_sv_eq_cstr(got->key, want->key) || got->kind != want->kind ||
        !pf_sv_eq_cstr(got->text, want->text) || !pf_sv_eq_cstr(got->raw, want->raw)) {
        fail_msg("%s: '%.*s' '%.*s' '%.*s'", want->key, PF_SV_ARG(got->key), PF_SV_ARG(got->text),
                 PF_SV_ARG(got->raw));
    }
    if (got->line != want->line || got->column != want->column) {
        fail_msg("%s: line %u, column %u", want->key, got->line, got->column);
    }
}

static void test_members(void **state PF_UNUSED)
{
    static const struct member_row want[] = {
        {"cpu", PF_JSON_NUMBER, "", "6.66", 1, 2},
        {"memory", PF_JSON_STRING, "1Gi", "\"1Gi\"", 1, 13},
        {"a\"b", PF_JSON_NUMBER, "", "2.50e+0", 2, 1},
        {"\xC3\xA9\xC3\xA9", PF_JSON_STRING, "x\ny", "\"x\\ny\"", 3, 3},
        {"after", PF_JSON_NUMBER, "", "-0.10", 3, 17},
        {"list", PF_JSON_ARRAY, "", "[1, {\"cpu\": 2}]", 4, 3},
        {"null", PF_JSON_NULL, "", "null", 5, 1},
        {"bool", PF_JSON_BOOL, "", "false", 5, 13},
    };
    const struct pf_sv text =
        PF_SV("{\"cpu\":6.66,\"memory\":\"1Gi\",\n\"a\\\"b\": 2.50e+0,\n"
              "  \"\xC3\xA9\xC3\xA9\": \"x\\ny\", \"after\": -0.10 \n"
              " ,\"list\":[1, {\"cpu\": 2}],\n\"null\":null,\"bool\":false}\n");
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    struct pf_human_member *members = NULL;
    size_t count = 0;
    struct pf_err err = {0};
    if (pf_human_members(text, MAX_BYTES, &arena, &members, &count, &err) != PF_OK) {
        fail_msg("'%s'", err.text);
    }
    assert_int_equal(count, PF_ARRAY_LEN(want));
    for (size_t i = 0; i < PF_ARRAY_LEN(want); i++) {
        assert_member(&members[i], &want[i]);
    }
}

static void test_members_of_none(void **state PF_UNUSED)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    struct pf_human_member other = {0};
    struct pf_human_member *members = &other;
    size_t count = 7;
    struct pf_err err = {0};
    assert_int_equal(pf_human_members(PF_SV("[1]"), MAX_BYTES, &arena, &members, &count, &err),
                     PF_E_INVALID);
    assert_string_equal(err.text, "line 1, column 1: expected an object");
    assert_int_equal(
        pf_human_members(PF_SV("{\"a\":1,\"a\":1}"), MAX_BYTES, &arena, &members, &count, NULL),
        PF_E_INVALID);
    assert_ptr_equal(members, &other);
    assert_int_equal(count, 7);
    assert_int_equal(pf_human_members(PF_SV(" { } "), MAX_BYTES, &arena, &members, &count, NULL),
                     PF_OK);
    assert_null(members);
    assert_int_equal(count, 0);
}

static void test_every_allocation_fails_once(void **state PF_UNUSED)
{
    const struct pf_sv text =
        PF_SV("{\"a\\n\":[1,2.5,\"x\"],\"b\":{\"c\":\"x\\ny\",\"d\":null},\"e\":\"a\\tb\"}");
    json_set_alloc_funcs(__wrap_malloc, free);
    enum pf_code code = PF_E_NO_MEMORY;
    long allowed = 0;
    for (; code != PF_OK; allowed++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, ARENA_BYTES);
        struct pf_human_member *members = NULL;
        size_t count = 77;
        allocations_left = allowed;
        code = pf_human_members(text, MAX_BYTES, &arena, &members, &count, NULL);
        allocations_left = -1;
        assert_true(code == PF_OK || code == PF_E_NO_MEMORY);
        assert_int_equal(count, code == PF_OK ? 3 : 77);
        assert_int_equal(members != NULL, code == PF_OK);
    }
    assert_true(allowed > 10);
    json_set_alloc_funcs(malloc, free);
}

static void test_members_at_every_arena_limit(void **state PF_UNUSED)
{
    enum pf_code code = PF_E_NO_MEMORY;
    size_t limit = 0;
    for (; code != PF_OK; limit += 16) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, limit);
        struct pf_human_member *members = NULL;
        size_t count = 77;
        code = pf_human_members(PF_SV("{\"a\\n\":\"x\\ny\"}"), MAX_BYTES, &arena, &members, &count,
                                NULL);
        assert_true(code == PF_OK || code == PF_E_NO_MEMORY);
        assert_int_equal(count, code == PF_OK ? 1 : 77);
    }
    assert_true(limit > sizeof(struct pf_human_member) + 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acceptance),
        cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_depth_limit),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_members_of_none),
        cmocka_unit_test(test_every_allocation_fails_once),
        cmocka_unit_test(test_members_at_every_arena_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* cJSON trees in an arena: what cJSON alone would let through is refused; getters; every allocation fails once. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/buf.h>
#include <podfit/limits.h>
#include <podfit/wire.h>

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

/* Number of allocations that still succeed; negative: no limit. */
static _Thread_local long allocations_left = -1;

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);

static bool allocation_fails(void)
{
    if (allocations_left == 0) {
        return true;
    }
    allocations_left -= allocations_left > 0;
    return false;
}

void *__wrap_malloc(size_t bytes)
{
    return allocation_fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return allocation_fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
    return allocation_fails() ? NULL : __real_realloc(memory, bytes);
}

#define OK(name, text)                    \
    {                                     \
        name, PF_SV_INIT(text), PF_OK, "" \
    }
#define BAD(name, text, code, fault)        \
    {                                       \
        name, PF_SV_INIT(text), code, fault \
    }
#define NINES_60 "999999999999999999999999999999999999999999999999999999999999"

static const struct {
    const char *name;
    struct pf_sv text;
    enum pf_code code;
    const char *fault;
} rows[] = {
    OK("scalar", "1"),
    OK("null", "null"),
    OK("space around", " {\"a\":1} \n"),
    OK("escaped backslash before u0000", "\"\\\\u0000\""),
    OK("surrogate pair", "\"\\ud83d\\ude00\""),
    OK("same key in two objects", "{\"a\":{\"a\":1},\"b\":{\"a\":1}}"),
    OK("keys that differ in case", "{\"a\":1,\"A\":2}"),
    OK("number of 63 characters", NINES_60 "999"),
    OK("number beyond double", "[1e999]"),
    BAD("nothing", "", PF_E_INVALID, "expected a value"),
    BAD("trailing garbage", "{}x", PF_E_INVALID, "byte 2: text goes on"),
    BAD("leading zero", "01", PF_E_INVALID, "leading zero"),
    BAD("no digit after the point", "1.", PF_E_INVALID, "after the point"),
    BAD("raw control character", "\"a\nb\"", PF_E_INVALID, "control character"),
    BAD("invalid UTF-8", "\"\xFF\"", PF_E_INVALID, "JSON is not UTF-8"),
    BAD("escaped NUL", "\"a\\u0000\"", PF_E_INVALID, "NUL character"),
    BAD("escaped NUL in a key", "{\"a\\u0000\":1}", PF_E_INVALID, "NUL character"),
    BAD("escaped NUL after a backslash", "\"\\\\\\u0000\"", PF_E_INVALID, "NUL character"),
    BAD("escaped NUL after an innocent one", "[\"\\\\u0000\",\"\\u0000\"]", PF_E_INVALID,
        "NUL character"),
    BAD("lone surrogate", "[\"\\ud800\"]", PF_E_INVALID, "lone surrogate"),
    BAD("lone low surrogate", "[\"\\udc00x\"]", PF_E_INVALID, "lone surrogate"),
    BAD("key twice", "{\"a\":1,\"b\":2,\"a\":3}", PF_E_INVALID, "key 'a' appears twice"),
    BAD("key twice inside", "[{\"x\":{\"b\":1,\"b\":1}}]", PF_E_INVALID, "key 'b' appears twice"),
    BAD("key twice, one escaped", "{\"a\":1,\"\\u0061\":3}", PF_E_INVALID, "key 'a' appears twice"),
    BAD("number of 64 characters", "[" NINES_60 "9999]", PF_E_INVALID,
        "byte 1: number has 64 characters"),
};

static void test_acceptance(void **state PF_UNUSED)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, ARENA_BYTES);
        const struct cJSON *tree = NULL;
        struct pf_err err = {0};
        const enum pf_code code = pf_wire_parse(rows[i].text, &arena, &tree, &err);
        if (code != rows[i].code || err.code != code || strstr(err.text, rows[i].fault) == NULL) {
            fail_msg("%s: %s '%s'", rows[i].name, pf_code_name(code), err.text);
        }
        assert_int_equal(tree != NULL, code == PF_OK);
    }
}

static const struct cJSON *parse(struct pf_arena *arena, struct pf_sv text)
{
    const struct cJSON *tree = NULL;
    struct pf_err err = {0};
    if (pf_wire_parse(text, arena, &tree, &err) != PF_OK) {
        fail_msg("'%s'", err.text);
    }
    return tree;
}

static void test_getters(void **state PF_UNUSED)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    const struct cJSON *tree = parse(
        &arena,
        PF_SV(
            "{\"s\":\"a\\\"7,-1\",\"S\":2,\"list\":[true,false,null,{},[]],\"o\":{\"k\":\"v\"},\"n\":-5}"));
    int64_t number = 0;
    bool boolean = false;
    assert_true(pf_wire_is_object(tree));
    assert_int_equal(pf_wire_size(tree), 5);
    assert_true(pf_sv_eq_cstr(pf_wire_string(pf_wire_get(tree, "s")), "a\"7,-1"));
    assert_true(pf_wire_i64(pf_wire_get(tree, "S"), &number));
    assert_int_equal(number, 2);
    assert_true(pf_wire_i64(pf_wire_get(tree, "n"), &number));
    assert_int_equal(number, -5);
    assert_null(pf_wire_get(tree, "LIST"));
    assert_null(pf_wire_get(tree, "lis"));
    assert_true(pf_sv_eq_cstr(pf_wire_string(pf_wire_get(pf_wire_get(tree, "o"), "k")), "v"));
    static const enum pf_json_kind kinds[] = {PF_JSON_BOOL, PF_JSON_BOOL, PF_JSON_NULL,
                                              PF_JSON_OBJECT, PF_JSON_ARRAY};
    size_t count = 0;
    const struct cJSON *list = pf_wire_get_sv(tree, PF_SV("list"));
    for (const struct cJSON *item = pf_wire_first(list); item != NULL; item = pf_wire_next(item)) {
        assert_int_equal(pf_wire_kind(item), kinds[count++]);
        assert_int_equal(pf_wire_key(item).len, 0);
    }
    assert_int_equal(count, PF_ARRAY_LEN(kinds));
    assert_true(pf_wire_bool(pf_wire_first(list), &boolean));
    assert_true(boolean);
    assert_true(pf_wire_bool(pf_wire_next(pf_wire_first(list)), &boolean));
    assert_false(boolean);
    assert_true(pf_sv_eq_cstr(pf_wire_key(pf_wire_first(tree)), "s"));
    assert_true(pf_wire_is_null(parse(&arena, PF_SV("null"))));
    assert_true(pf_wire_is_array(list));
    assert_true(pf_wire_is_bool(pf_wire_first(list)));
    assert_true(pf_wire_is_number(pf_wire_get(tree, "n")));
    assert_true(pf_wire_is_string(pf_wire_get(tree, "s")));
}

static void test_getters_say_no(void **state PF_UNUSED)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    const struct cJSON *values[] = {NULL, parse(&arena, PF_SV("\"7\"")), parse(&arena, PF_SV("[]")),
                                    parse(&arena, PF_SV("null"))};
    for (size_t i = 0; i < PF_ARRAY_LEN(values); i++) {
        int64_t number = 77;
        bool boolean = true;
        assert_null(pf_wire_get(values[i], "a"));
        assert_false(pf_wire_i64(values[i], &number));
        assert_int_equal(number, 77);
        assert_false(pf_wire_bool(values[i], &boolean));
        assert_true(boolean);
        assert_null(pf_wire_number(values[i]).ptr);
        assert_int_equal(pf_wire_string(values[i]).ptr != NULL, i == 1);
        assert_null(pf_wire_first(values[i]));
        assert_null(pf_wire_next(values[i]));
        assert_int_equal(pf_wire_size(values[i]), 0);
    }
    assert_int_equal(pf_wire_kind(NULL), PF_JSON_NONE);
    assert_null(pf_wire_key(NULL).ptr);
}

static void test_numbers_are_exact(void **state PF_UNUSED)
{
    static const struct {
        const char *name;
        const char *text;
        bool integer;
        int64_t value;
    } numbers[] = {
        {"2^53 + 1", "9007199254740993", true, 9007199254740993},
        {"largest", "9223372036854775807", true, INT64_MAX},
        {"smallest", "-9223372036854775808", true, INT64_MIN},
        {"one over", "9223372036854775808", false, 0},
        {"1.0", "1.0", false, 0},
        {"1e3", "1e3", false, 0},
        {"almost one", "0.99999999999999999999999", false, 0},
        {"minus zero", "-0", true, 0},
        {"ratio", "6.66", false, 0},
    };
    pf_autoarena struct pf_arena arena = {0};
    pf_autobuf struct pf_buf text = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    pf_buf_init(&text, 4096);
    pf_buf_append_cstr(&text, "{\"5\":\"-1\\\"2\"");
    for (size_t i = 0; i < PF_ARRAY_LEN(numbers); i++) {
        pf_buf_printf(&text, ",\"k%zu\":[{\"x\":%s}, null]", i, numbers[i].text);
    }
    pf_buf_append_char(&text, '}');
    const struct cJSON *member = pf_wire_next(pf_wire_first(parse(&arena, pf_buf_view(&text))));
    for (size_t i = 0; i < PF_ARRAY_LEN(numbers); i++) {
        const struct cJSON *number = pf_wire_get(pf_wire_first(member), "x");
        int64_t value = 77;
        assert_true(pf_sv_eq_cstr(pf_wire_number(number), numbers[i].text));
        if (pf_wire_i64(number, &value) != numbers[i].integer ||
            value != (numbers[i].integer ? numbers[i].value : 77)) {
            fail_msg("%s: %lld", numbers[i].name, (long long)value);
        }
        member = pf_wire_next(member);
    }
    assert_null(member);
}

static void test_depth_limit(void **state PF_UNUSED)
{
    char text[(PF_JSON_TREE_MAX_DEPTH + 1) * 2];
    for (size_t depth = PF_JSON_TREE_MAX_DEPTH; depth <= PF_JSON_TREE_MAX_DEPTH + 1; depth++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, ARENA_BYTES);
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        const struct cJSON *tree = NULL;
        const struct pf_sv span = {.ptr = text, .len = depth * 2};
        assert_int_equal(pf_wire_parse(span, &arena, &tree, NULL),
                         depth <= PF_JSON_TREE_MAX_DEPTH ? PF_OK : PF_E_TOO_BIG);
    }
}

static void test_size_limit(void **state PF_UNUSED)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    char *text = test_malloc(PF_OBJECT_MAX_BYTES + 1);
    memset(text, ' ', PF_OBJECT_MAX_BYTES + 1);
    text[0] = '7';
    const struct cJSON *tree = NULL;
    struct pf_err err = {0};
    assert_int_equal(
        pf_wire_parse((struct pf_sv){.ptr = text, .len = PF_OBJECT_MAX_BYTES}, &arena, &tree, &err),
        PF_OK);
    assert_int_equal(pf_wire_parse((struct pf_sv){.ptr = text, .len = PF_OBJECT_MAX_BYTES + 1},
                                   &arena, &tree, &err),
                     PF_E_TOO_BIG);
    assert_string_equal(err.text, "JSON has 8388609 bytes, at most 8388608 are allowed");
    test_free(text);
}

/* 100,000 keys: pair by pair that would be 5 thousand million comparisons, and the test would run into its time limit */
static void test_many_keys(void **state PF_UNUSED)
{
    pf_autobuf struct pf_buf text = {0};
    pf_autoarena struct pf_arena arena = {0};
    pf_buf_init(&text, PF_OBJECT_MAX_BYTES);
    pf_arena_init(&arena, ARENA_BYTES);
    pf_buf_append_char(&text, '{');
    for (int i = 0; i < 100000; i++) {
        pf_buf_printf(&text, "\"k%d\":0,", i);
    }
    const size_t len = text.len;
    pf_buf_append_cstr(&text, "\"k\":0}");
    assert_int_equal(pf_wire_size(parse(&arena, pf_buf_view(&text))), 100001);
    pf_buf_truncate(&text, len);
    pf_buf_append_cstr(&text, "\"k777\":0}");
    const struct cJSON *tree = NULL;
    struct pf_err err = {0};
    assert_int_equal(pf_wire_parse(pf_buf_view(&text), &arena, &tree, &err), PF_E_INVALID);
    assert_string_equal(err.text, "key 'k777' appears twice in an object");
}

/* both ways of looking for duplicates, around the number where they change */
static void test_duplicates_by_count(void **state PF_UNUSED)
{
    for (int count = 1; count < 40; count++) {
        pf_autobuf struct pf_buf text = {0};
        pf_autoarena struct pf_arena arena = {0};
        pf_buf_init(&text, 4096);
        pf_arena_init(&arena, ARENA_BYTES);
        for (int i = 0; i < count; i++) {
            pf_buf_printf(&text, "%c\"k%d\":0", i != 0 ? ',' : '{', i);
        }
        const size_t len = text.len;
        pf_buf_append_char(&text, '}');
        assert_int_equal(pf_wire_size(parse(&arena, pf_buf_view(&text))), count);
        pf_buf_truncate(&text, len);
        pf_buf_append_cstr(&text, ",\"k0\":1}");
        const struct cJSON *tree = NULL;
        assert_int_equal(pf_wire_parse(pf_buf_view(&text), &arena, &tree, NULL), PF_E_INVALID);
    }
}

/* parse the own number again and again; the answer must not come from another thread's arena */
static void *parse_often(void *argument)
{
    const int64_t *mine = argument;
    for (int round = 0; round < 300; round++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, ARENA_BYTES);
        const char *text = pf_arena_printf(&arena, "[{\"n\":%lld}]", (long long)*mine);
        const struct cJSON *tree = NULL;
        int64_t number = 0;
        if (text == NULL || pf_wire_parse(pf_sv_from(text), &arena, &tree, NULL) != PF_OK ||
            !pf_wire_i64(pf_wire_get(pf_wire_first(tree), "n"), &number) || number != *mine) {
            return argument;
        }
    }
    return NULL;
}

static void test_threads(void **state PF_UNUSED)
{
    int64_t numbers[4] = {1, 22, 333, 4444};
    pthread_t threads[PF_ARRAY_LEN(numbers)];
    for (size_t i = 0; i < PF_ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, parse_often, &numbers[i]), 0);
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(threads); i++) {
        void *failed = &numbers[0];
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

static void test_every_allocation_fails_once(void **state PF_UNUSED)
{
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, 1 << 20);
    for (int i = 0; i < 2000; i++) {
        pf_buf_printf(&text, "%c\"key number %d\":[%d,\"some text\"]", i != 0 ? ',' : '{', i, i);
    }
    pf_buf_append_char(&text, '}');
    enum pf_code code = PF_E_NO_MEMORY;
    long allowed = 0;
    for (; code != PF_OK; allowed++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, ARENA_BYTES);
        const struct cJSON *tree = NULL;
        struct pf_err err = {0};
        allocations_left = allowed;
        code = pf_wire_parse(pf_buf_view(&text), &arena, &tree, &err);
        allocations_left = -1;
        assert_true(code == PF_OK || code == PF_E_NO_MEMORY);
        assert_int_equal(tree != NULL, code == PF_OK);
        assert_int_equal(err.code, code);
    }
    assert_true(allowed > 5); /* several chunks of the arena and the key table were refused */
}

static void test_every_arena_limit(void **state PF_UNUSED)
{
    const struct pf_sv text = PF_SV("{\"a\":[1,2.5,\"x\"],\"b\":{\"c\":true}}");
    enum pf_code code = PF_E_NO_MEMORY;
    size_t limit = 0;
    for (; code != PF_OK; limit += 16) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, limit);
        const struct cJSON *tree = NULL;
        code = pf_wire_parse(text, &arena, &tree, NULL);
        assert_true(code == PF_OK || code == PF_E_NO_MEMORY);
        assert_int_equal(tree != NULL, code == PF_OK);
    }
    assert_true(limit > 512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acceptance),
        cmocka_unit_test(test_getters),
        cmocka_unit_test(test_getters_say_no),
        cmocka_unit_test(test_numbers_are_exact),
        cmocka_unit_test(test_depth_limit),
        cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_duplicates_by_count),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_every_allocation_fails_once),
        cmocka_unit_test(test_every_arena_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

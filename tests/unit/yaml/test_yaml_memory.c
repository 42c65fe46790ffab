#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <podfit/yaml_split.h>

/* every allocation of ours fails once; libyaml's own are out of reach of --wrap */

static size_t calls_until_failure; /* 0: never fail */

static bool fails(void)
{
    if (calls_until_failure == 0) {
        return false;
    }
    calls_until_failure--;
    return calls_until_failure == 0;
}

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes_each);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes_each);
void *__wrap_realloc(void *old, size_t bytes);

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes_each)
{
    return fails() ? NULL : __real_calloc(count, bytes_each);
}

void *__wrap_realloc(void *old, size_t bytes)
{
    return fails() ? NULL : __real_realloc(old, bytes);
}

static const char yaml[] =
    "a: &x {p: 1, q: [1, 2, 3]}\nb: {<<: *x, c: 1_000}\n"
    "items:\n- {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1, l: 1, m: 1,\n"
    "   o: 1, p: 1, q: 1, r: 1, s: 1, 7: &z [x], t: *z}\n- [1]\n---\nkind: Pod\n";

static enum pf_code parse(void)
{
    struct pf_arena arena = {.head = NULL};
    struct pf_yaml_docs docs = {.count = 77};
    struct pf_err err = {.code = PF_OK};
    pf_arena_init(&arena, (size_t)1024 * 1024);
    enum pf_code code = pf_yaml_parse("f", PF_SV(yaml), sizeof(yaml), &arena, &docs, &err);
    assert_int_equal(docs.count, code == PF_OK ? 2 : 77);
    assert_int_equal(err.code, code);
    pf_arena_done(&arena);
    return code;
}

static enum pf_code read_text(void *opaque, char *bytes, size_t cap, size_t *ret_len,
                              PF_UNUSED struct pf_err *err)
{
    struct pf_sv *rest = opaque;
    size_t len = rest->len < cap ? rest->len : cap;
    memcpy(bytes, rest->ptr, len);
    rest->ptr += len;
    rest->len -= len;
    *ret_len = len;
    return PF_OK;
}

static enum pf_code on_item(PF_UNUSED void *opaque, PF_UNUSED const struct pf_yaml_node *item,
                            PF_UNUSED struct pf_err *err)
{
    return PF_OK;
}

static enum pf_code split(void)
{
    static const struct pf_yaml_split_limits limits = {
        .max_bytes = 100000, .max_object_bytes = 100000, .max_arena_bytes = 1000000};
    static const struct pf_yaml_split_handler handler = {.on_item = on_item};
    struct pf_sv rest = PF_SV(yaml);
    return pf_yaml_split("f", read_text, &rest, &limits, &handler, NULL);
}

static void sweep(enum pf_code (*body)(void))
{
    size_t failing = 0;
    for (size_t n = 1; n < 10000; n++) {
        calls_until_failure = n;
        enum pf_code code = body();
        bool reached = calls_until_failure == 0;
        calls_until_failure = 0;
        if (!reached) {
            assert_int_equal(code, PF_OK);
            break;
        }
        assert_int_equal(code, PF_E_NO_MEMORY);
        failing++;
    }
    assert_true(failing >= 3); /* arena, stack, anchors at the least */
    assert_true(failing < 9999);
}

static void test_parse(PF_UNUSED void **state)
{
    sweep(parse);
}

static void test_split(PF_UNUSED void **state)
{
    sweep(split);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

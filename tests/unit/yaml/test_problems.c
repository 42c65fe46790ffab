#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/problems.h>

#define MAX_BYTES ((size_t)1024 * 1024)

static struct pf_yaml_mark at(uint32_t line, uint32_t column)
{
    return (struct pf_yaml_mark){.line = line, .column = column};
}

static void test_format(PF_UNUSED void **state)
{
    pf_autoarena struct pf_arena arena = {.head = NULL};
    pf_autobuf struct pf_buf out = {.data = NULL};
    struct pf_problems problems;
    const struct pf_problems_path classes = {.key = PF_SV("classes")};
    const struct pf_problems_path first = {.parent = &classes, .index = 0};
    const struct pf_problems_path on_full = {.parent = &first, .key = PF_SV("onFull")};
    const struct pf_problems_path label = {.parent = &first, .key = PF_SV("a.b/c")};
    struct pf_err err = {.code = PF_OK};
    pf_arena_init(&arena, MAX_BYTES);
    pf_buf_init(&out, MAX_BYTES);
    pf_problems_init(&problems, &arena, "f.yaml");
    assert_int_equal(pf_problems_status(&problems, &err), PF_OK);
    pf_problems_format(&problems, &out);
    assert_int_equal(out.len, 0);
    pf_problems_add(&problems, at(9, 2), &on_full, "is '%d'", 5);
    assert_int_equal(pf_problems_status(&problems, &err), PF_E_INVALID);
    assert_string_equal(err.text, "f.yaml:9:2: classes[0].onFull: is '5'");
    pf_problems_add(&problems, at(3, 7), &label, "evil \x1b[31m\n text");
    pf_problems_add(&problems, at(3, 1), NULL, "at the root");
    pf_problems_add(&problems, at(0, 0), NULL, "nowhere");
    pf_err_clear(&err);
    assert_int_equal(pf_problems_status(&problems, &err), PF_E_INVALID);
    assert_string_equal(err.text, "f.yaml: nowhere (and 3 more problems)");
    pf_problems_format(&problems, &out);
    assert_string_equal(out.data, "f.yaml: nowhere\n"
                                  "f.yaml:3:1: at the root\n"
                                  "f.yaml:3:7: classes[0]['a.b/c']: evil ?[31m? text\n"
                                  "f.yaml:9:2: classes[0].onFull: is '5'\n");
}

static void test_bound(PF_UNUSED void **state)
{
    for (size_t total = PF_PROBLEMS_MAX; total <= PF_PROBLEMS_MAX + 2; total += 2) {
        pf_autoarena struct pf_arena arena = {.head = NULL};
        pf_autobuf struct pf_buf out = {.data = NULL};
        struct pf_problems problems;
        pf_arena_init(&arena, MAX_BYTES);
        pf_buf_init(&out, MAX_BYTES);
        pf_problems_init(&problems, &arena, "-");
        for (size_t i = 0; i < total; i++) {
            pf_problems_add(&problems, at(1, 1), NULL, "p");
        }
        assert_int_equal(problems.count, PF_PROBLEMS_MAX);
        assert_int_equal(problems.total, total);
        pf_problems_format(&problems, &out);
        bool more = strstr(out.data, "and 2 more\n") != NULL;
        assert_int_equal(more, total > PF_PROBLEMS_MAX);
        assert_int_equal(strncmp(out.data, "stdin:1:1: p\n", 13), 0);
    }
}

static void test_no_memory(PF_UNUSED void **state)
{
    pf_autoarena struct pf_arena arena = {.head = NULL};
    struct pf_problems problems;
    struct pf_err err = {.code = PF_OK};
    pf_arena_init(&arena, 0);
    pf_problems_init(&problems, &arena, "f");
    pf_problems_add(&problems, at(1, 1), NULL, "p");
    assert_true(problems.no_memory);
    assert_int_equal(pf_problems_status(&problems, &err), PF_E_NO_MEMORY);
}

static const char *candidate(const void *opaque, size_t i)
{
    const char *const *words = opaque;
    return words[i];
}

static void test_nearest(PF_UNUSED void **state)
{
    static const char *const words[] = {"onFull",     "onNever", "observe", "maxModelAge",
                                        "containers", "name",    "a",       NULL};
    static const struct {
        const char *word;
        const char *expected;
    } rows[] = {
        {"onFul", "onFull"},
        {"onfull", "onFull"},
        {"noFull", "onFull"},
        {"onnever", "onNever"},
        {"container", "containers"},
        {"maxModleAge", "maxModelAge"},
        {"nmae", "name"},
        {"b", "a"},
        {"zzz", NULL},
        {"", NULL},
        {"completelyOther", NULL},
        {"onFullyWrong", NULL},
        {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NULL},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const char *got =
            pf_problems_nearest(pf_sv_from(rows[i].word), candidate, (const void *)words);
        if (rows[i].expected == NULL) {
            assert_null(got);
        } else {
            assert_non_null(got);
            assert_string_equal(got, rows[i].expected);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

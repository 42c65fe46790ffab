#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shape.h"

static void test_defaults(PF_UNUSED void **state)
{
    static const char *const inputs[] = {"", "{}", "~", "port:\npool: ~\n"};
    for (size_t i = 0; i < PF_ARRAY_LEN(inputs); i++) {
        struct shape_fixture f = {.node = NULL};
        assert_int_equal(shape_decode(&f, inputs[i]), PF_OK);
        assert_int_equal(f.shape.class_count, 0);
        assert_null(f.shape.classes);
        assert_int_equal(f.shape.disabled.count, 2);
        assert_string_equal(f.shape.disabled.items[1].ptr, "b c");
        assert_int_equal(f.shape.colours.count, 0);
        assert_int_equal(f.shape.port, 8443);
        assert_int_equal(f.shape.big, 5);
        assert_int_equal(f.shape.max_age_ms, 60000);
        assert_false(f.shape.observe);
        assert_true(f.shape.pool.inject);
        assert_null(f.shape.pool.taint.ptr);
        assert_int_equal(f.shape.custom, 8);
        pf_arena_done(&f.arena);
    }
}

static void test_values(PF_UNUSED void **state)
{
    struct shape_fixture f = {.node = NULL};
    assert_int_equal(shape_decode(&f, "classes:\n"
                                      "- name: a\n"
                                      "  onFull: off\n"
                                      "  pool: {taint: x}\n"
                                      "  podSelector: {matchLabels: {a: b}, matchExpressions: []}\n"
                                      "  labels: {k: v, l: ''}\n"
                                      "- name: b\n"
                                      "disabled: []\n"
                                      "colours: [green, red, green]\n"
                                      "port: 0x50\n"
                                      "percent: -7\n"
                                      "big: 4294967295\n"
                                      "maxAge: 1h\n"
                                      "observe: yes\n"
                                      "pool: {taint: z, inject: false}\n"
                                      "custom: 21\n"),
                     PF_OK);
    assert_string_equal(f.err.text, "");
    assert_int_equal(f.shape.class_count, 2);
    assert_string_equal(f.shape.classes[0].name.ptr, "a");
    assert_int_equal(f.shape.classes[0].action, SHAPE_OFF);
    assert_true(f.shape.classes[0].pool_given);
    assert_string_equal(f.shape.classes[0].pool.taint.ptr, "x");
    assert_true(f.shape.classes[0].pool.inject);
    assert_int_equal(f.shape.classes[0].selector_members, 2);
    assert_int_equal(f.shape.classes[0].labels.count, 2);
    assert_string_equal(f.shape.classes[0].labels.items[0].value.ptr, "v");
    assert_int_equal(f.shape.classes[1].action, SHAPE_REJECT);
    assert_false(f.shape.classes[1].pool_given);
    assert_int_equal(f.shape.disabled.count, 0);
    assert_int_equal(f.shape.colours.count, 3);
    assert_int_equal(f.shape.port, 80);
    assert_int_equal(f.shape.percent, -7);
    assert_true(f.shape.big == UINT32_MAX);
    assert_int_equal(f.shape.max_age_ms, 3600000);
    assert_true(f.shape.observe);
    assert_false(f.shape.pool.inject);
    assert_int_equal(f.shape.custom, 42);
    pf_arena_done(&f.arena);
}

static const struct {
    const char *name;
    const char *yaml;
    const char *expected;
} problem_rows[] = {
    {"misspelt", "prot: 1", "f.yaml:1:1: prot: unknown key 'prot' (did you mean 'port'?)\n"},
    {"misspelt inside", "classes:\n- name: a\n  onFul: off\n",
     "f.yaml:3:3: classes[0].onFul: unknown key 'onFul' (did you mean 'onFull'?)\n"},
    {"case", "OBSERVE: true",
     "f.yaml:1:1: OBSERVE: unknown key 'OBSERVE' (did you mean 'observe'?)\n"},
    {"unknown", "pool: {taint: a, nothingLikeIt: 1}",
     "f.yaml:1:18: pool.nothingLikeIt: unknown key 'nothingLikeIt', allowed are taint, inject\n"},
    {"missing", "classes: [{}]", "f.yaml:1:11: classes[0].name: required key 'name' is missing\n"},
    {"null is missing", "classes: [{name: }]",
     "f.yaml:1:11: classes[0].name: required key 'name' is missing\n"},
    {"missing inside", "pool: {}", "f.yaml:1:7: pool.taint: required key 'taint' is missing\n"},
    {"no boolean", "observe: 'yes'",
     "f.yaml:1:10: observe: found 'yes', allowed is true or false\n"},
    {"no integer", "port: 1.5",
     "f.yaml:1:7: port: found the number '1.5', allowed is an integer from 1 to 65535\n"},
    {"too small", "port: 0",
     "f.yaml:1:7: port: found the integer '0', allowed is an integer from 1 to 65535\n"},
    {"too large", "port: 65536",
     "f.yaml:1:7: port: found the integer '65536', allowed is an integer from 1 to 65535\n"},
    {"over 64 bits", "port: 99999999999999999999",
     "f.yaml:1:7: port: found the number '99999999999999999999', allowed is an integer from 1 to "
     "65535\n"},
    {"no upper bound", "big: 4",
     "f.yaml:1:6: big: found the integer '4', allowed is an integer of at least 5\n"},
    {"over the member", "big: 4294967296",
     "f.yaml:1:6: big: found the integer '4294967296', allowed is an integer of at least 5\n"},
    {"no duration", "maxAge: fast",
     "f.yaml:1:9: maxAge: found 'fast', allowed is a duration from 1s to 1h, such as '60s' or "
     "'1h30m'\n"},
    {"no unit", "maxAge: 60",
     "f.yaml:1:9: maxAge: found the integer '60', allowed is a duration from 1s to 1h, such as "
     "'60s' or '1h30m'\n"},
    {"short duration", "maxAge: 999ms",
     "f.yaml:1:9: maxAge: found '999ms', allowed is a duration from 1s to 1h\n"},
    {"negative duration", "maxAge: -5s",
     "f.yaml:1:9: maxAge: found '-5s', allowed is a duration from 1s to 1h\n"},
    {"number as name", "classes: [{name: 5}]",
     "f.yaml:1:18: classes[0].name: found the integer '5', allowed is a string (put it in "
     "quotes)\n"},
    {"map as name", "classes: [{name: {}}]",
     "f.yaml:1:18: classes[0].name: found a map, allowed is a string\n"},
    {"long string", "pool: {taint: abcdefghijklmnopqrstu}",
     "f.yaml:1:15: pool.taint: found 'abcdefghijklmnopqrstu', allowed is a string with 1 to 20 "
     "bytes\n"},
    {"value is cut", "observe: 0123456789a0123456789a0123456789a0123456789a0123456789a0123456789a",
     "f.yaml:1:10: observe: found '0123456789a0123456789a0123456789a0123456789a0123456789a01234...'"
     ", allowed is true or false\n"},
    {"cut between characters",
     "observe: 0123456789a0123456789a0123456789a0123456789a0123456789a0123\xc3\xa9z",
     "f.yaml:1:10: observe: found '0123456789a0123456789a0123456789a0123456789a0123456789a0123...', "
     "allowed is true or false\n"},
    {"check of a value", "classes: [{name: a b}]",
     "f.yaml:1:18: classes[0].name: a name has no blanks\n"},
    {"check of an object", "classes: [{name: bad, onFull: off}]",
     "f.yaml:1:11: classes[0]: a bad class cannot be off\n"},
    {"no choice", "classes: [{name: a, onFull: rejct}]",
     "f.yaml:1:29: classes[0].onFull: found 'rejct', allowed is one of reject, annotate, off (did "
     "you mean 'reject'?)\n"},
    {"boolean as choice", "classes: [{name: a, onFull: on}]",
     "f.yaml:1:29: classes[0].onFull: found the boolean 'on', allowed is one of reject, annotate, "
     "off\n"},
    {"list as choice", "classes: [{name: a, onFull: [off]}]",
     "f.yaml:1:29: classes[0].onFull: found a list, allowed is one of reject, annotate, off\n"},
    {"no list", "disabled: a", "f.yaml:1:11: disabled: found 'a', allowed is a list of strings\n"},
    {"no strings", "disabled: [a, 1, [], ~]",
     "f.yaml:1:15: disabled[1]: found the integer '1', allowed is a string (put it in quotes)\n"
     "f.yaml:1:18: disabled[2]: found a list, allowed is a string\n"
     "f.yaml:1:22: disabled[3]: found nothing, allowed is a string\n"},
    {"no such element", "colours: [red, gren, blue]",
     "f.yaml:1:16: colours[1]: found 'gren', allowed is a list, each one of red, green (did you "
     "mean 'green'?)\n"
     "f.yaml:1:22: colours[2]: found 'blue', allowed is a list, each one of red, green\n"},
    {"no list of objects", "classes: {name: a}",
     "f.yaml:1:10: classes: found a map, allowed is a list of maps with at most 3 elements\n"},
    {"no object", "classes: [a]", "f.yaml:1:11: classes[0]: found 'a', allowed is a map\n"},
    {"too many", "classes: [{name: a}, {name: a}, {name: a}, {name: a}]",
     "f.yaml:1:10: classes: found 4, allowed is a list of maps with at most 3 elements\n"},
    {"no map", "classes: [{name: a, labels: []}]",
     "f.yaml:1:29: classes[0].labels: found a list, allowed is a map of strings with at most 2 "
     "members\n"},
    {"no strings in a map", "classes: [{name: a, labels: {a: true, b: {}}}]",
     "f.yaml:1:33: classes[0].labels.a: found the boolean 'true', allowed is a string (put it in "
     "quotes)\n"
     "f.yaml:1:42: classes[0].labels.b: found a map, allowed is a string\n"},
    {"large map", "classes: [{name: a, labels: {a: x, b: x, c: x}}]",
     "f.yaml:1:29: classes[0].labels: found 3, allowed is a map of strings with at most 2 "
     "members\n"},
    {"selector", "classes: [{name: a, podSelector: x}]",
     "f.yaml:1:34: classes[0].podSelector: found 'x', allowed is a map with matchLabels, "
     "matchExpressions\n"},
    {"keys of a selector",
     "classes:\n- name: a\n  podSelector:\n    matchLabels: {'a/b': 1}\n    matchExpressions: {}\n"
     "    matchlabels: 1\n- name: b\n  podSelector: {matchLabels: 1}\n",
     "f.yaml:4:26: classes[0].podSelector.matchLabels['a/b']: found the integer '1', allowed is a "
     "string (put it in quotes)\n"
     "f.yaml:5:23: classes[0].podSelector.matchExpressions: found a map, allowed is a list of "
     "maps\n"
     "f.yaml:6:5: classes[0].podSelector.matchlabels: unknown key 'matchlabels', allowed are "
     "matchLabels, matchExpressions\n"
     "f.yaml:8:30: classes[1].podSelector.matchLabels: found the integer '1', allowed is a map of "
     "strings\n"},
    {"custom", "custom: x", "f.yaml:1:9: custom: no number\n"},
    {"no map at all", "[]", "f.yaml:1:1: found a list, allowed is a map\n"},
    {"all at once", "observe: 5\nprot: 1\nclasses:\n- onFull: x\n",
     "f.yaml:1:10: observe: found the integer '5', allowed is true or false\n"
     "f.yaml:2:1: prot: unknown key 'prot' (did you mean 'port'?)\n"
     "f.yaml:4:3: classes[0].name: required key 'name' is missing\n"
     "f.yaml:4:11: classes[0].onFull: found 'x', allowed is one of reject, annotate, off\n"},
};

static void test_problems(PF_UNUSED void **state)
{
    int failures = 0;
    for (size_t i = 0; i < PF_ARRAY_LEN(problem_rows); i++) {
        struct shape_fixture f = {.shape = {.port = 4711}};
        pf_autobuf struct pf_buf out = {.data = NULL};
        pf_buf_init(&out, SHAPE_MAX_BYTES);
        enum pf_code code = shape_decode(&f, problem_rows[i].yaml);
        pf_problems_format(&f.problems, &out);
        bool untouched = f.shape.port == 4711 && f.shape.max_age_ms == 0;
        if (code != PF_E_INVALID || !untouched || out.data == NULL ||
            strcmp(out.data, problem_rows[i].expected) != 0) {
            print_error("%s: %s\n%s", problem_rows[i].name, pf_code_name(code), out.data);
            failures++;
        }
        pf_arena_done(&f.arena);
    }
    assert_int_equal(failures, 0);
}

static void test_hooks(PF_UNUSED void **state)
{
    int flag = 1;
    struct shape_fixture f = {.run = {.opaque = &flag}};
    assert_int_equal(shape_decode(&f, "classes: [{name: a, podSelector: {}}]"), PF_E_INVALID);
    assert_string_equal(f.err.text, "f.yaml:1:34: classes[0].podSelector: hook says no");
    pf_arena_done(&f.arena);
    assert_int_equal(shape_decode(&f, "custom: 13"), PF_E_STATE);
    assert_string_equal(f.err.text, "the hook failed");
    pf_arena_done(&f.arena);
}

/* a thousand problems: the first hundred are kept */
static void test_many_problems(PF_UNUSED void **state)
{
    struct shape_fixture f = {.node = NULL};
    pf_autobuf struct pf_buf yaml = {.data = NULL};
    pf_autobuf struct pf_buf out = {.data = NULL};
    pf_buf_init(&yaml, SHAPE_MAX_BYTES);
    pf_buf_init(&out, SHAPE_MAX_BYTES);
    for (int i = 0; i < 1000; i++) {
        pf_buf_printf(&yaml, "unknown-key-%d: 1\n", i);
    }
    assert_int_equal(shape_decode(&f, yaml.data), PF_E_INVALID);
    assert_int_equal(f.problems.total, 1000);
    pf_problems_format(&f.problems, &out);
    assert_non_null(strstr(out.data, "\nand 900 more\n"));
    pf_arena_done(&f.arena);
}

/* a table with a default that its own range forbids is our fault */
static void test_bad_default(PF_UNUSED void **state)
{
    static const char *const fallbacks[] = {"0", "x", "[", ""};
    for (size_t i = 0; i < PF_ARRAY_LEN(fallbacks); i++) {
        const struct pf_option bad_rows[] = {
            {.key = "n", .type = PF_OPTION_INT, .min = 1, .max = 2, .fallback = fallbacks[i]}};
        const struct pf_option_table bad_table = PF_OPTION_TABLE(bad_rows, int64_t);
        struct shape_fixture f = {.node = NULL};
        int64_t value = 4711;
        assert_int_equal(shape_decode(&f, ""), PF_OK);
        assert_int_equal(pf_options_decode(&bad_table, NULL, &f.run, &value), PF_E_INTERNAL);
        assert_non_null(strstr(f.err.text, "of option 'n': "));
        assert_int_equal(value, 4711);
        pf_arena_done(&f.arena);
    }
}

/* with any smaller arena there is an error and nothing is written */
static void test_small_arenas(PF_UNUSED void **state)
{
    static const char yaml[] = "classes: [{name: a, labels: {a: b}}]\ndisabled: [x]\n";
    bool fitted = false;
    for (size_t bytes = 0; bytes < 20000 && !fitted; bytes += 16) {
        pf_autoarena struct pf_arena tree = {.head = NULL};
        pf_autoarena struct pf_arena arena = {.head = NULL};
        const struct pf_yaml_node *root = NULL;
        struct pf_problems problems;
        struct pf_err err = {.code = PF_OK};
        struct shape shape = {.port = 4711};
        pf_arena_init(&tree, SHAPE_MAX_BYTES);
        pf_arena_init(&arena, bytes);
        pf_problems_init(&problems, &arena, "f");
        struct pf_option_run run = {.arena = &arena, .problems = &problems, .err = &err};
        assert_int_equal(pf_yaml_parse_one("f", PF_SV(yaml), SHAPE_MAX_BYTES, &tree, &root, &err),
                         PF_OK);
        enum pf_code code = pf_options_decode(&shape_table, root, &run, &shape);
        fitted = code == PF_OK;
        assert_true(fitted || code == PF_E_NO_MEMORY);
        assert_int_equal(shape.port, fitted ? 8443 : 4711);
    }
    assert_true(fitted);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),      cmocka_unit_test(test_values),
        cmocka_unit_test(test_problems),      cmocka_unit_test(test_hooks),
        cmocka_unit_test(test_many_problems), cmocka_unit_test(test_bad_default),
        cmocka_unit_test(test_small_arenas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <podfit/options.h>

#define MAX_BYTES ((size_t)4 * 1024 * 1024)

/* a configuration with every type */

enum shape_action { SHAPE_REJECT, SHAPE_ANNOTATE, SHAPE_OFF };

struct shape_pool {
    struct pf_sv taint;
    bool inject;
};

struct shape_class {
    struct pf_sv name;
    int action;
    struct shape_pool pool;
    bool pool_given;
    size_t selector_members;
    struct pf_option_pairs labels;
};

struct shape {
    struct shape_class *classes; /* pointer and count, as struct pf_option_objects */
    size_t class_count;
    struct pf_option_strings disabled;
    struct pf_option_strings colours;
    int64_t port;
    int32_t percent;
    uint32_t big;
    int64_t max_age_ms;
    bool observe;
    struct shape_pool pool;
    int64_t custom;
};

static const struct pf_option_choice actions[] = {
    {.name = "reject", .value = SHAPE_REJECT, .help = "refuse the pod"},
    {.name = "annotate", .value = SHAPE_ANNOTATE, .help = "let it in"},
    {.name = "off", .value = SHAPE_OFF},
    {.name = NULL},
};

static const struct pf_option_choice colours[] = {
    {.name = "red"}, {.name = "green"}, {.name = NULL}};

static const struct pf_option pool_rows[] = {
    {.key = "taint",
     .type = PF_OPTION_STRING,
     .offset = offsetof(struct shape_pool, taint),
     .min = 1,
     .max = 20,
     .required = true,
     .help = "key=value:effect"},
    {.key = "inject",
     .type = PF_OPTION_BOOL,
     .offset = offsetof(struct shape_pool, inject),
     .fallback = "true",
     .help = "add the toleration"},
};
static const struct pf_option_table pool_table = PF_OPTION_TABLE(pool_rows, struct shape_pool);

static enum pf_code decode_selector(struct pf_option_run *run, const struct pf_yaml_node *node,
                                    const struct pf_problems_path *path, void *field)
{
    size_t *members = field;
    *members = node->count;
    if (run->opaque != NULL) {
        pf_problems_add(run->problems, node->mark, path, "hook says no");
    }
    return PF_OK;
}

static enum pf_code check_class(struct pf_option_run *run, const struct pf_yaml_node *node,
                                const struct pf_problems_path *path, void *field)
{
    const struct shape_class *class = field;
    if (pf_sv_eq(class->name, PF_SV("bad")) && class->action == SHAPE_OFF) {
        pf_problems_add(run->problems, node->mark, path, "a bad class cannot be off");
    }
    return PF_OK;
}

static enum pf_code check_name(struct pf_option_run *run, const struct pf_yaml_node *node,
                               const struct pf_problems_path *path, void *field)
{
    const struct pf_sv *name = field;
    if (memchr(name->ptr, ' ', name->len) != NULL) {
        pf_problems_add(run->problems, node->mark, path, "a name has no blanks");
    }
    return PF_OK;
}

static const struct pf_option class_rows[] = {
    {.key = "name",
     .type = PF_OPTION_STRING,
     .offset = offsetof(struct shape_class, name),
     .required = true,
     .check = check_name,
     .help = "of the class"},
    {.key = "onFull",
     .type = PF_OPTION_ENUM,
     .offset = offsetof(struct shape_class, action),
     .choices = actions,
     .fallback = "reject",
     .help = "when there is no room now"},
    {.key = "pool",
     .type = PF_OPTION_OBJECT,
     .offset = offsetof(struct shape_class, pool),
     .given_offset = PF_OPTION_GIVEN(struct shape_class, pool_given),
     .table = &pool_table,
     .help = "dedicated nodes"},
    {.key = "podSelector",
     .type = PF_OPTION_SELECTOR,
     .offset = offsetof(struct shape_class, selector_members),
     .decode = decode_selector,
     .help = "which pods"},
    {.key = "labels",
     .type = PF_OPTION_STRING_MAP,
     .offset = offsetof(struct shape_class, labels),
     .max = 2,
     .help = "to add"},
};
static const struct pf_option_table class_table =
    PF_OPTION_TABLE_CHECKED(class_rows, struct shape_class, check_class);

/* twice the number */
static enum pf_code decode_twice(struct pf_option_run *run, const struct pf_yaml_node *node,
                                 const struct pf_problems_path *path, void *field)
{
    int64_t value = 0;
    if (!pf_yaml_to_i64(node, &value)) {
        pf_problems_add(run->problems, node->mark, path, "no number");
        return PF_OK;
    }
    if (value == 13) {
        return pf_err_set(run->err, PF_E_STATE, "the hook failed");
    }
    value *= 2;
    memcpy(field, &value, sizeof(value));
    return PF_OK;
}

static void print_half(const void *field, unsigned indent, struct pf_buf *buf)
{
    int64_t value = 0;
    memcpy(&value, field, sizeof(value));
    assert_int_equal(indent, 0);
    pf_buf_printf(buf, " %lld\n", (long long)value / 2);
}

static const struct pf_option rows[] = {
    {.key = "classes",
     .type = PF_OPTION_OBJECT_LIST,
     .offset = offsetof(struct shape, classes),
     .table = &class_table,
     .min = 0,
     .max = 3,
     .help = "the first that matches wins"},
    {.key = "disabled",
     .type = PF_OPTION_STRING_LIST,
     .offset = offsetof(struct shape, disabled),
     .fallback = "[a, 'b c']",
     .help = "filters"},
    {.key = "colours",
     .type = PF_OPTION_STRING_LIST,
     .offset = offsetof(struct shape, colours),
     .choices = colours,
     .help = "some | all"},
    {.key = "port",
     .type = PF_OPTION_INT,
     .offset = offsetof(struct shape, port),
     .fallback = "8443",
     .min = 1,
     .max = 65535,
     .help = "to listen on"},
    {.key = "percent",
     .type = PF_OPTION_INT,
     .int_bytes = 4,
     .offset = offsetof(struct shape, percent),
     .min = -10,
     .max = 10,
     .help = "of four bytes"},
    {.key = "big",
     .type = PF_OPTION_INT,
     .int_bytes = 4,
     .offset = offsetof(struct shape, big),
     .min = 5,
     .max = 0,
     .fallback = "5",
     .help = "unsigned, of four bytes"},
    {.key = "maxAge",
     .type = PF_OPTION_DURATION,
     .offset = offsetof(struct shape, max_age_ms),
     .fallback = "60s",
     .min = 1000,
     .max = 3600000,
     .help = "of the model"},
    {.key = "observe",
     .type = PF_OPTION_BOOL,
     .offset = offsetof(struct shape, observe),
     .help = "change nothing"},
    {.key = "pool",
     .type = PF_OPTION_OBJECT,
     .offset = offsetof(struct shape, pool),
     .table = &pool_table,
     .help = "for all classes"},
    {.key = "custom",
     .type = PF_OPTION_CUSTOM,
     .offset = offsetof(struct shape, custom),
     .decode = decode_twice,
     .print = print_half,
     .fallback = "4",
     .allowed = "a number but 13",
     .help = "is doubled"},
};
static const struct pf_option_table table = PF_OPTION_TABLE(rows, struct shape);

/* one decoding with all it needs */
struct fixture {
    struct pf_arena arena;
    struct pf_problems problems;
    struct pf_err err;
    struct pf_option_run run;
    const struct pf_yaml_node *node;
    struct shape shape;
};

static enum pf_code decode(struct fixture *f, const char *yaml)
{
    struct pf_yaml_docs docs = {.count = 0};
    f->err = (struct pf_err){.code = PF_OK};
    f->node = NULL;
    pf_arena_init(&f->arena, MAX_BYTES);
    pf_problems_init(&f->problems, &f->arena, "f.yaml");
    f->run = (struct pf_option_run){
        .arena = &f->arena, .problems = &f->problems, .opaque = f->run.opaque, .err = &f->err};
    enum pf_code code =
        pf_yaml_parse("f.yaml", pf_sv_from(yaml), MAX_BYTES, &f->arena, &docs, &f->err);
    if (code != PF_OK) {
        print_error("%s\n", f->err.text);
        return code;
    }
    f->node = docs.count != 0 ? docs.roots[0] : NULL;
    code = pf_options_decode(&table, f->node, &f->run, &f->shape);
    assert_int_equal(f->err.code, code);
    return code;
}

static void test_defaults(PF_UNUSED void **state)
{
    static const char *const inputs[] = {"", "{}", "~", "port:\npool: ~\n"};
    for (size_t i = 0; i < PF_ARRAY_LEN(inputs); i++) {
        struct fixture f = {.node = NULL};
        assert_int_equal(decode(&f, inputs[i]), PF_OK);
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
    struct fixture f = {.node = NULL};
    assert_int_equal(decode(&f, "classes:\n"
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
        struct fixture f = {.shape = {.port = 4711}};
        pf_autobuf struct pf_buf out = {.data = NULL};
        pf_buf_init(&out, MAX_BYTES);
        enum pf_code code = decode(&f, problem_rows[i].yaml);
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
    struct fixture f = {.run = {.opaque = &flag}};
    assert_int_equal(decode(&f, "classes: [{name: a, podSelector: {}}]"), PF_E_INVALID);
    assert_string_equal(f.err.text, "f.yaml:1:34: classes[0].podSelector: hook says no");
    pf_arena_done(&f.arena);
    assert_int_equal(decode(&f, "custom: 13"), PF_E_STATE);
    assert_string_equal(f.err.text, "the hook failed");
    pf_arena_done(&f.arena);
}

/* a thousand problems: the first hundred are kept */
static void test_many_problems(PF_UNUSED void **state)
{
    struct fixture f = {.node = NULL};
    pf_autobuf struct pf_buf yaml = {.data = NULL};
    pf_autobuf struct pf_buf out = {.data = NULL};
    pf_buf_init(&yaml, MAX_BYTES);
    pf_buf_init(&out, MAX_BYTES);
    for (int i = 0; i < 1000; i++) {
        pf_buf_printf(&yaml, "unknown-key-%d: 1\n", i);
    }
    assert_int_equal(decode(&f, yaml.data), PF_E_INVALID);
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
        struct fixture f = {.node = NULL};
        int64_t value = 4711;
        assert_int_equal(decode(&f, ""), PF_OK);
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
        pf_arena_init(&tree, MAX_BYTES);
        pf_arena_init(&arena, bytes);
        pf_problems_init(&problems, &arena, "f");
        struct pf_option_run run = {.arena = &arena, .problems = &problems, .err = &err};
        assert_int_equal(pf_yaml_parse_one("f", PF_SV(yaml), MAX_BYTES, &tree, &root, &err), PF_OK);
        enum pf_code code = pf_options_decode(&table, root, &run, &shape);
        fitted = code == PF_OK;
        assert_true(fitted || code == PF_E_NO_MEMORY);
        assert_int_equal(shape.port, fitted ? 8443 : 4711);
    }
    assert_true(fitted);
}

static void test_print(PF_UNUSED void **state)
{
    static const char expected[] = "classes:\n"
                                   "- name: \"a:\"\n"
                                   "  onFull: \"off\"\n"
                                   "  pool:\n"
                                   "    taint: x\n"
                                   "    inject: true\n"
                                   "  podSelector:\n"
                                   "    matchLabels:\n"
                                   "      a: b\n"
                                   "  labels:\n"
                                   "    k: v\n"
                                   "- name: b\n"
                                   "  onFull: reject\n"
                                   "  pool: null\n"
                                   "  podSelector: null\n"
                                   "  labels: {}\n"
                                   "disabled:\n"
                                   "- a\n"
                                   "- b c\n"
                                   "colours: []\n"
                                   "port: 80\n"
                                   "percent: -3\n"
                                   "big: 5\n"
                                   "maxAge: 1m\n"
                                   "observe: false\n"
                                   "pool:\n"
                                   "  taint: z\n"
                                   "  inject: true\n"
                                   "custom: 4\n";
    struct fixture f = {.node = NULL};
    struct fixture again = {.node = NULL};
    pf_autobuf struct pf_buf first = {.data = NULL};
    pf_autobuf struct pf_buf second = {.data = NULL};
    pf_buf_init(&first, MAX_BYTES);
    pf_buf_init(&second, MAX_BYTES);
    assert_int_equal(decode(&f, "classes: [{name: 'a:', onFull: off, pool: {taint: x}, labels: "
                                "{k: v}, podSelector: {matchLabels: {a: b}}}, {name: b, labels: }]"
                                "\nport: 80\npercent: -3\npool: {taint: z}\n"),
                     PF_OK);
    assert_int_equal(pf_options_print(&table, f.node, &f.shape, &first, NULL), PF_OK);
    assert_string_equal(first.data, expected);
    /* what was printed decodes to the same */
    assert_int_equal(decode(&again, first.data), PF_OK);
    assert_int_equal(pf_options_print(&table, again.node, &again.shape, &second, NULL), PF_OK);
    assert_string_equal(second.data, expected);
    pf_buf_done(&second);
    pf_buf_init(&second, 10);
    assert_int_equal(pf_options_print(&table, f.node, &f.shape, &second, NULL), PF_E_TOO_BIG);
    pf_arena_done(&f.arena);
    pf_arena_done(&again.arena);
}

static void test_markdown(PF_UNUSED void **state)
{
    static const char *const lines[] = {
        "| key | type | default | allowed | what it does |\n| --- | --- | --- | --- | --- |\n",
        "| `classes` | list of objects |  | a list of maps with at most 3 elements | the first that "
        "matches wins |\n| `classes[].name` | string | required | a string | of the class |\n",
        "\n| `classes[].pool.taint` | string | required | a string with 1 to 20 bytes | "
        "key=value:effect |\n",
        "\n| `disabled` | list of strings | `[a, 'b c']` | a list of strings | filters |\n",
        "\n| `colours` | list of strings |  | a list, each one of red, green | some \\| all |\n",
        "\n| `maxAge` | duration | `60s` | a duration from 1s to 1h | of the model |\n",
        "\n| `pool.inject` | boolean | `true` | true or false | add the toleration |\n",
        "\n| `custom` | value | `4` | a number but 13 | is doubled |\n",
    };
    pf_autobuf struct pf_buf out = {.data = NULL};
    pf_buf_init(&out, MAX_BYTES);
    assert_int_equal(pf_options_docs_markdown(&table, &out, NULL), PF_OK);
    for (size_t i = 0; i < PF_ARRAY_LEN(lines); i++) {
        if (strstr(out.data, lines[i]) == NULL) {
            print_error("no '%s' in\n%s", lines[i], out.data);
        }
        assert_non_null(strstr(out.data, lines[i]));
    }
}

static void test_explain(PF_UNUSED void **state)
{
    static const struct {
        const char *path;
        enum pf_code code;
        const char *expected;
    } paths[] = {
        {"port", PF_OK,
         "port: to listen on\n  type:     integer\n  default:  8443\n  allowed:  an integer from 1 "
         "to 65535\n"},
        {"classes[0].onFull", PF_OK,
         "classes[0].onFull: when there is no room now\n  type:     enum\n  default:  reject\n"
         "  allowed:  one of reject, annotate, off\n    reject: refuse the pod\n    annotate: let "
         "it in\n"},
        {"classes.pool", PF_OK,
         "classes.pool: dedicated nodes\n  type:     object\n  allowed:  a map\nkeys:\n"
         "  taint   <string> required  key=value:effect\n  inject  <boolean>  add the "
         "toleration\n"},
        {"classes[].pool.taint", PF_OK,
         "classes[].pool.taint: key=value:effect\n  type:     string\n  required: yes\n"
         "  allowed:  a string with 1 to 20 bytes\n"},
        {"classes.onFul", PF_E_NOT_FOUND,
         "no option 'classes.onFul': there is no key 'onFul' (did you mean 'onFull'?)"},
        {"port.x", PF_E_NOT_FOUND, "no option 'port.x': there is no key 'x'"},
        {".", PF_E_NOT_FOUND, "no option '.': there is no key ''"},
        {"[", PF_E_NOT_FOUND, "no option '[': there is no key ''"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(paths); i++) {
        pf_autobuf struct pf_buf out = {.data = NULL};
        struct pf_err err = {.code = PF_OK};
        pf_buf_init(&out, MAX_BYTES);
        enum pf_code code = pf_options_docs_explain(&table, pf_sv_from(paths[i].path), &out, &err);
        assert_int_equal(code, paths[i].code);
        assert_string_equal(code == PF_OK ? out.data : err.text, paths[i].expected);
    }
    pf_autobuf struct pf_buf all = {.data = NULL};
    pf_buf_init(&all, MAX_BYTES);
    assert_int_equal(pf_options_docs_explain(&table, PF_SV(""), &all, NULL), PF_OK);
    assert_non_null(strstr(all.data, "  maxAge    <duration>  of the model\n"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),      cmocka_unit_test(test_values),
        cmocka_unit_test(test_problems),      cmocka_unit_test(test_hooks),
        cmocka_unit_test(test_many_problems), cmocka_unit_test(test_bad_default),
        cmocka_unit_test(test_small_arenas),  cmocka_unit_test(test_print),
        cmocka_unit_test(test_markdown),      cmocka_unit_test(test_explain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shape.h"

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
    struct shape_fixture f = {.node = NULL};
    struct shape_fixture again = {.node = NULL};
    pf_autobuf struct pf_buf first = {.data = NULL};
    pf_autobuf struct pf_buf second = {.data = NULL};
    pf_buf_init(&first, SHAPE_MAX_BYTES);
    pf_buf_init(&second, SHAPE_MAX_BYTES);
    assert_int_equal(
        shape_decode(&f, "classes: [{name: 'a:', onFull: off, pool: {taint: x}, labels: "
                         "{k: v}, podSelector: {matchLabels: {a: b}}}, {name: b, labels: }]"
                         "\nport: 80\npercent: -3\npool: {taint: z}\n"),
        PF_OK);
    assert_int_equal(pf_options_print(&shape_table, f.node, &f.shape, &first, NULL), PF_OK);
    assert_string_equal(first.data, expected);
    /* what was printed decodes to the same */
    assert_int_equal(shape_decode(&again, first.data), PF_OK);
    assert_int_equal(pf_options_print(&shape_table, again.node, &again.shape, &second, NULL),
                     PF_OK);
    assert_string_equal(second.data, expected);
    pf_buf_done(&second);
    pf_buf_init(&second, 10);
    assert_int_equal(pf_options_print(&shape_table, f.node, &f.shape, &second, NULL), PF_E_TOO_BIG);
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
    pf_buf_init(&out, SHAPE_MAX_BYTES);
    assert_int_equal(pf_options_docs_markdown(&shape_table, &out, NULL), PF_OK);
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
         "unknown key 'classes.onFul': there is no 'onFul' (did you mean 'onFull'?)"},
        {"port.x", PF_E_NOT_FOUND, "unknown key 'port.x': there is no 'x'"},
        {".", PF_E_NOT_FOUND,
         "unknown key '.': there is no '', allowed: classes, disabled, "
         "colours, port, percent, big, maxAge, observe, pool, custom"},
        {"[", PF_E_NOT_FOUND,
         "unknown key '[': there is no '', allowed: classes, disabled, "
         "colours, port, percent, big, maxAge, observe, pool, custom"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(paths); i++) {
        pf_autobuf struct pf_buf out = {.data = NULL};
        struct pf_err err = {.code = PF_OK};
        pf_buf_init(&out, SHAPE_MAX_BYTES);
        enum pf_code code =
            pf_options_docs_explain(&shape_table, pf_sv_from(paths[i].path), &out, &err);
        assert_int_equal(code, paths[i].code);
        assert_string_equal(code == PF_OK ? out.data : err.text, paths[i].expected);
    }
    pf_autobuf struct pf_buf all = {.data = NULL};
    pf_buf_init(&all, SHAPE_MAX_BYTES);
    assert_int_equal(pf_options_docs_explain(&shape_table, PF_SV(""), &all, NULL), PF_OK);
    assert_non_null(strstr(all.data, "  maxAge    <duration>  of the model\n"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_explain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

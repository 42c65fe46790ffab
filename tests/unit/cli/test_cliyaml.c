/* JSON as YAML: what is read back is the same. */

#include <cliyaml.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/yaml.h>

#define ARENA_BYTES ((size_t)1024 * 1024)

static void test_round_trip(void **state)
{
    static const char *const cases[] = {
        "{}",
        "[]",
        "\"text\"",
        "null",
        "true",
        "{\"a\":1,\"b\":-2,\"c\":18446744073709551615}",
        "{\"a\":0.5,\"b\":1e3}",
        "[1,[2,[3,[]]],{}]",
        "{\"a\":{\"b\":{\"c\":[\"x\",\"y\",\"z\"]}},\"d\":null}",
        "{\"yes\":\"no\",\"1\":\"1\",\"\":\"\",\"null\":\"null\",\"a: b\":\"# c\"}",
        "{\"name\":\"a\\u001b[31m\\u0000\\n\\u009b\\u2028 \xF0\x9F\x98\x80\"}",
        "[{\"a\":\"1\"},{\"a\":\"true\"},{\"a\":\"- x\"}]",
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(cases); i++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, ARENA_BYTES);
        pf_autobuf struct pf_buf yaml = {0};
        pf_buf_init(&yaml, ARENA_BYTES);
        assert_int_equal(pf_cliyaml_put(&yaml, pf_sv_from(cases[i]), 0, &arena, NULL), PF_OK);
        const struct pf_yaml_node *back = NULL;
        struct pf_err err = {0};
        if (pf_yaml_parse_one("x", pf_buf_view(&yaml), ARENA_BYTES, &arena, &back, &err) != PF_OK) {
            fail_msg("%s: %s in '%s'", cases[i], err.text, yaml.data);
        }
        /* both written as YAML again: the tree of the JSON text and the tree of its YAML are equal */
        const struct pf_yaml_node *direct = NULL;
        assert_int_equal(
            pf_yaml_parse_one("x", pf_sv_from(cases[i]), ARENA_BYTES, &arena, &direct, NULL),
            PF_OK);
        pf_autobuf struct pf_buf one = {0};
        pf_autobuf struct pf_buf two = {0};
        pf_buf_init(&one, ARENA_BYTES);
        pf_buf_init(&two, ARENA_BYTES);
        assert_int_equal(pf_yaml_json_write(back, &one, NULL), PF_OK);
        assert_int_equal(pf_yaml_json_write(direct, &two, NULL), PF_OK);
        assert_string_equal(one.data, two.data);
    }
}

static void test_indent(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    pf_autobuf struct pf_buf yaml = {0};
    pf_buf_init(&yaml, ARENA_BYTES);
    assert_int_equal(pf_cliyaml_put(&yaml, PF_SV("[{\"a\":1,\"b\":[\"c\"]}]"), 2, &arena, NULL),
                     PF_OK);
    assert_string_equal(yaml.data, "  - a: 1\n    b:\n    - c\n");
}

static void test_errors(void **state)
{
    static const struct {
        const char *json;
        size_t arena_bytes;
        enum pf_code code;
    } cases[] = {
        {"", ARENA_BYTES, PF_E_INVALID},      {"{\"a\":}", ARENA_BYTES, PF_E_INVALID},
        {"[1 2]", ARENA_BYTES, PF_E_INVALID}, {"{} {}", ARENA_BYTES, PF_E_INVALID},
        {"[1,2,3]", 64, PF_E_NO_MEMORY},      {"{\"a\":{\"b\":\"c\"}}", 200, PF_E_NO_MEMORY},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(cases); i++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, cases[i].arena_bytes);
        pf_autobuf struct pf_buf yaml = {0};
        pf_buf_init(&yaml, ARENA_BYTES);
        struct pf_err err = {0};
        assert_int_equal(pf_cliyaml_put(&yaml, pf_sv_from(cases[i].json), 0, &arena, &err),
                         cases[i].code);
        assert_true(err.text[0] != '\0');
    }
}

static void test_depth(void **state)
{
    (void)state;
    for (size_t depth = 63; depth <= 66; depth++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, ARENA_BYTES);
        pf_autobuf struct pf_buf json = {0};
        pf_buf_init(&json, ARENA_BYTES);
        for (size_t i = 0; i < depth; i++) {
            pf_buf_append_char(&json, '[');
        }
        for (size_t i = 0; i < depth; i++) {
            pf_buf_append_char(&json, ']');
        }
        pf_autobuf struct pf_buf yaml = {0};
        pf_buf_init(&yaml, ARENA_BYTES);
        assert_int_equal(pf_cliyaml_put(&yaml, pf_buf_view(&json), 0, &arena, NULL),
                         depth <= 64 ? PF_OK : PF_E_TOO_BIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_indent),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

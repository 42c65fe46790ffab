#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/yaml.h>

#define MAX_BYTES ((size_t)1024 * 1024)

static const struct pf_yaml_node *parse(struct pf_sv yaml, struct pf_arena *arena)
{
    const struct pf_yaml_node *root = NULL;
    struct pf_err err = {.code = PF_OK};
    if (pf_yaml_parse_one("f", yaml, MAX_BYTES, arena, &root, &err) != PF_OK) {
        print_error("%s\n%.*s\n", err.text, PF_SV_ARG(yaml));
    }
    assert_non_null(root);
    return root;
}

static void test_write(PF_UNUSED void **state)
{
    static const struct {
        const char *name;
        const char *yaml;
        unsigned indent;
        const char *expected;
    } rows[] = {
        {"map", "{a: 1, b: [x, {c: d}], e: {}, f: [], g: }", 0,
         "a: 1\nb:\n- x\n- c: d\ne: {}\nf: []\ng: null\n"},
        {"indented", "{a: {b: [1]}}", 2, "  a:\n    b:\n    - 1\n"},
        {"root scalar", "x", 0, "x\n"},
        {"root list", "[[1, [2]], []]", 0, "- - 1\n  - - 2\n- []\n"},
        {"empty root", "{}", 2, "  {}\n"},
        {"numbers", "[0x10, 1_0, -5]", 0, "- 16\n- 10\n- -5\n"},
        {"booleans", "[yes, 'yes', \"no\", off]", 0, "- true\n- \"yes\"\n- \"no\"\n- false\n"},
        {"quoting",
         "['', '1', 'null', 'a: b', 'a #b', '- x', 'a:', ' a', 'a ', '*x', '2026-01-01']", 0,
         "- \"\"\n- \"1\"\n- \"null\"\n- \"a: b\"\n- \"a #b\"\n- \"- x\"\n- \"a:\"\n- \" a\"\n- \"a "
         "\"\n- \"*x\"\n- \"2026-01-01\"\n"},
        {"plain", "['a b', 'a:b', a=b, 'key/x.y', 'a@b', '@a']", 0,
         "- a b\n- a:b\n- a=b\n- key/x.y\n- a@b\n- \"@a\"\n"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autoarena struct pf_arena arena = {.head = NULL};
        pf_autobuf struct pf_buf out = {.data = NULL};
        pf_arena_init(&arena, MAX_BYTES);
        pf_buf_init(&out, MAX_BYTES);
        assert_int_equal(
            pf_yaml_write(parse(pf_sv_from(rows[i].yaml), &arena), rows[i].indent, &out, NULL),
            PF_OK);
        if (strcmp(out.data, rows[i].expected) != 0) {
            print_error("%s:\n%s", rows[i].name, out.data);
        }
        assert_string_equal(out.data, rows[i].expected);
    }
}

/* any UTF-8 string comes back as it was */
static void test_strings(PF_UNUSED void **state)
{
    static const struct pf_sv texts[] = {
        PF_SV_INIT(""),
        PF_SV_INIT("a\nb\n"),
        PF_SV_INIT("\t\r\x01\x7f\x1b[31m"),
        PF_SV_INIT("a\0b"),
        PF_SV_INIT("\"\\'"),
        PF_SV_INIT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
        PF_SV_INIT("\xc2\x80\xc2\x85\xc2\xa0"),
        PF_SV_INIT("\xe2\x80\xa8\xe2\x80\xa9"),
        PF_SV_INIT("\xef\xbb\xbf\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd"),
        PF_SV_INIT("---"),
        PF_SV_INIT("..."),
        PF_SV_INIT("<<"),
        PF_SV_INIT("="),
        PF_SV_INIT("a,b"),
        PF_SV_INIT("[a]"),
        PF_SV_INIT("{a}"),
        PF_SV_INIT("%a"),
        PF_SV_INIT("a  b"),
        PF_SV_INIT("a :b"),
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(texts); i++) {
        pf_autoarena struct pf_arena arena = {.head = NULL};
        pf_autobuf struct pf_buf out = {.data = NULL};
        pf_arena_init(&arena, MAX_BYTES);
        pf_buf_init(&out, MAX_BYTES);
        pf_buf_append_cstr(&out, "- ");
        pf_yaml_write_string(texts[i], &out);
        pf_buf_append_cstr(&out, "\n");
        const struct pf_yaml_node *root = parse(pf_buf_view(&out), &arena);
        assert_int_equal(root->count, 1);
        assert_int_equal(root->value.items[0]->type, PF_YAML_STRING);
        assert_true(pf_sv_eq(root->value.items[0]->text, texts[i]));
    }
}

/* a tree written and read again is the same tree */
static void test_round_trip(PF_UNUSED void **state)
{
    static const char *const trees[] = {
        "{a: {b: {c: [[[1]], {d: []}]}}, 'x y': \"\\n\", '1': 2, 'true': ~}",
        "[1.5, .5, 1e3, !!float 3, !!float '7', 018446744073709551616]",
        "- - a\n  - b\n- c: 1\n  d: 2\n",
        "? kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\n: {a: 1}\n",
        "s: |\n  line\n    more\n\n  end\n",
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(trees); i++) {
        pf_autoarena struct pf_arena arena = {.head = NULL};
        pf_autobuf struct pf_buf yaml = {.data = NULL};
        pf_autobuf struct pf_buf before = {.data = NULL};
        pf_autobuf struct pf_buf after = {.data = NULL};
        pf_arena_init(&arena, MAX_BYTES);
        pf_buf_init(&yaml, MAX_BYTES);
        pf_buf_init(&before, MAX_BYTES);
        pf_buf_init(&after, MAX_BYTES);
        const struct pf_yaml_node *root = parse(pf_sv_from(trees[i]), &arena);
        assert_int_equal(pf_yaml_json_write(root, &before, NULL), PF_OK);
        assert_int_equal(pf_yaml_write(root, 0, &yaml, NULL), PF_OK);
        const struct pf_yaml_node *again = parse(pf_buf_view(&yaml), &arena);
        assert_int_equal(again->nodes, root->nodes);
        assert_int_equal(pf_yaml_json_write(again, &after, NULL), PF_OK);
        assert_string_equal(after.data, before.data);
    }
}

static void test_full_buffer(PF_UNUSED void **state)
{
    pf_autoarena struct pf_arena arena = {.head = NULL};
    pf_autobuf struct pf_buf out = {.data = NULL};
    struct pf_err err = {.code = PF_OK};
    pf_arena_init(&arena, MAX_BYTES);
    const struct pf_yaml_node *root = parse(PF_SV("[abc, def]"), &arena);
    pf_buf_init(&out, 4);
    assert_int_equal(pf_yaml_write(root, 0, &out, &err), PF_E_TOO_BIG);
    pf_err_clear(&err);
    pf_buf_reset(&out);
    assert_int_equal(pf_yaml_json_write(root, &out, &err), PF_E_TOO_BIG);
    assert_string_equal(pf_yaml_type_name(PF_YAML_MAP), "map");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_full_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <podfit/limits.h>
#include <podfit/yaml.h>

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

/* the JSON of all documents, one a line, or the error text */
static enum pf_code convert(struct pf_sv yaml, struct pf_buf *out)
{
    pf_autoarena struct pf_arena arena = {.head = NULL};
    struct pf_yaml_docs docs = {.count = 77};
    struct pf_err err = {.code = PF_OK};
    pf_arena_init(&arena, ARENA_BYTES);
    pf_buf_init(out, ARENA_BYTES);
    enum pf_code code = pf_yaml_parse("f.yaml", yaml, ARENA_BYTES, &arena, &docs, &err);
    if (code != PF_OK) {
        assert_int_equal(docs.count, 77); /* untouched */
        assert_int_equal(err.code, code);
    }
    for (size_t i = 0; code == PF_OK && i < docs.count; i++) {
        if (i != 0) {
            pf_buf_append_char(out, '\n');
        }
        code = pf_yaml_json_write(docs.roots[i], out, &err);
    }
    if (code != PF_OK) {
        pf_buf_reset(out);
        pf_buf_append_cstr(out, err.text);
    }
    return code;
}

struct row {
    const char *name;
    const char *yaml;
    enum pf_code code;
    const char *expected; /* JSON, or the error text */
};

static void check_rows(const struct row *rows, size_t count)
{
    int failures = 0;
    for (size_t i = 0; i < count; i++) {
        pf_autobuf struct pf_buf out = {.data = NULL};
        enum pf_code code = convert(pf_sv_from(rows[i].yaml), &out);
        const char *got = out.data != NULL ? out.data : "";
        if (code != rows[i].code || strcmp(got, rows[i].expected) != 0) {
            print_error("%s: got %s '%s', expected %s '%s'\n", rows[i].name, pf_code_name(code),
                        got, pf_code_name(rows[i].code), rows[i].expected);
            failures++;
        }
    }
    assert_int_equal(failures, 0);
}

static void test_scalars(PF_UNUSED void **state)
{
    static const struct row rows[] = {
        {"booleans", "[y, Y, yes, Yes, YES, true, True, TRUE, on, On, ON]", PF_OK,
         "[true,true,true,true,true,true,true,true,true,true,true]"},
        {"false", "[n, N, no, No, NO, false, False, FALSE, off, Off, OFF]", PF_OK,
         "[false,false,false,false,false,false,false,false,false,false,false]"},
        {"no booleans", "[yEs, tRUE, oN, oFF]", PF_OK, "[\"yEs\",\"tRUE\",\"oN\",\"oFF\"]"},
        {"nulls", "[~, null, Null, NULL, ]", PF_OK, "[null,null,null,null]"},
        {"null value", "a:\nb: x", PF_OK, "{\"a\":null,\"b\":\"x\"}"},
        {"quoted", "[\"true\", 'null', \"1\", '', \"\"]", PF_OK,
         "[\"true\",\"null\",\"1\",\"\",\"\"]"},
        {"block scalar", "a: |\n  1\n  2\nb: >-\n  x\n  y\n", PF_OK,
         "{\"a\":\"1\\n2\\n\",\"b\":\"x y\"}"},
        {"decimal", "[0, 1, -1, +1, 10, -0]", PF_OK, "[0,1,-1,1,10,-0]"},
        {"hex", "[0x1F, 0X1f, -0x10]", PF_OK, "[31,31,-16]"},
        {"octal", "[017, 0o17, 0O17, 00, -010]", PF_OK, "[15,15,15,0,-8]"},
        {"binary", "[0b101, -0b11]", PF_OK, "[5,-3]"},
        {"leading zero, no octal", "[08, 0.50, 09.5]", PF_OK, "[8,0.50,9.5]"},
        {"underscores", "[1_000, 1_0.5, 0x_f]", PF_OK, "[1000,10.5,15]"},
        {"64 bits",
         "[9223372036854775807, -9223372036854775808, 18446744073709551615, "
         "18446744073709551616, -9223372036854775809]",
         PF_OK,
         "[9223372036854775807,-9223372036854775808,18446744073709551615,18446744073709551616,"
         "-9223372036854775809]"},
        {"hex over 64 bits", "0x10000000000000000", PF_OK, "\"0x10000000000000000\""},
        {"floats keep their text", "[0.5, 1e3, 1E-3, 1.50, -0.0, 1e+3]", PF_OK,
         "[0.5,1e3,1E-3,1.50,-0.0,1e+3]"},
        {"floats that are no JSON", "[.5, 5., +.5, -.5e3, 1.e3, +1.5, 00.5]", PF_OK,
         "[0.5,5,0.5,-0.5e3,1e3,1.5,0.5]"},
        {"over double", "[1e400, -1e400, 1e-400]", PF_OK, "[\"1e400\",\"-1e400\",1e-400]"},
        {"no numbers", "[1.2.3, 10.0.0.1, 1e, e1, -, +, 0x, 0b, 0o, ., 1k, 100Mi, 0b2, 1-2, --1]",
         PF_OK,
         "[\"1.2.3\",\"10.0.0.1\",\"1e\",\"e1\",\"-\",\"+\",\"0x\",\"0b\",\"0o\",\".\",\"1k\","
         "\"100Mi\",\"0b2\",\"1-2\",\"--1\"]"},
        {"dates are strings", "[2026-11-22, 2026-11-22T04:37:00Z, 12:30]", PF_OK,
         "[\"2026-11-22\",\"2026-11-22T04:37:00Z\",\"12:30\"]"},
        {"inf", "a: .inf", PF_E_UNSUPPORTED, "1:4: '.inf' cannot be said in JSON"},
        {"nan", "- .NaN", PF_E_UNSUPPORTED, "1:3: '.NaN' cannot be said in JSON"},
        {"escapes", "\"a\\\"\\\\\\n\\0\\u00e9\"", PF_OK, "\"a\\\"\\\\\\n\\u0000\xc3\xa9\""},
        {"single root", "abc", PF_OK, "\"abc\""},
    };
    check_rows(rows, PF_ARRAY_LEN(rows));
}

static void test_tags(PF_UNUSED void **state)
{
    static const struct row rows[] = {
        {"str", "[!!str 5, !!str true, !!str ]", PF_OK, "[\"5\",\"true\",\"\"]"},
        {"int", "[!!int \"5\", !!int 0x10]", PF_OK, "[5,16]"},
        {"float", "[!!float 5, !!float 0x10, !!float -2]", PF_OK, "[5,16,-2]"},
        {"bool", "!!bool yes", PF_OK, "true"},
        {"null", "!!null ''", PF_OK, "null"},
        {"timestamp", "!!timestamp 2026-11-22", PF_OK, "\"2026-11-22\""},
        {"collections", "!!map {a: !!seq [], b: ! [], c: ! {}}", PF_OK,
         "{\"a\":[],\"b\":[],\"c\":{}}"},
        {"verbatim tag", "!<tag:yaml.org,2002:str> 1", PF_OK, "\"1\""},
        {"int that is none", "a: !!int foo", PF_E_INVALID,
         "f.yaml:1:4: 'foo' is not what its tag 'tag:yaml.org,2002:int' says"},
        {"null that is none", "!!null x", PF_E_INVALID,
         "f.yaml:1:1: 'x' is not what its tag 'tag:yaml.org,2002:null' says"},
        {"binary", "a: !!binary aGk=", PF_E_UNSUPPORTED,
         "f.yaml:1:4: tag 'tag:yaml.org,2002:binary' is not known here, allowed are !!str, !!int, "
         "!!float, !!bool, !!null, !!timestamp, !!seq and !!map"},
        {"application", "a: !python/object x", PF_E_UNSUPPORTED,
         "f.yaml:1:4: tag '!python/object' is not known here, allowed are !!str, !!int, !!float, "
         "!!bool, !!null, !!timestamp, !!seq and !!map"},
        {"seq as map", "!!map []", PF_E_UNSUPPORTED,
         "f.yaml:1:1: tag 'tag:yaml.org,2002:map' is not known here, allowed are !!str, !!int, "
         "!!float, !!bool, !!null, !!timestamp, !!seq and !!map"},
        {"undefined handle", "!e!x y", PF_E_INVALID,
         "f.yaml:1:1: found undefined tag handle (while parsing a node that begins at line 1, "
         "column 1)"},
    };
    check_rows(rows, PF_ARRAY_LEN(rows));
}

static void test_documents(PF_UNUSED void **state)
{
    static const struct row rows[] = {
        {"empty", "", PF_OK, ""},
        {"only comments", "# nothing\n\n", PF_OK, ""},
        {"two", "a: 1\n---\nb: 2\n", PF_OK, "{\"a\":1}\n{\"b\":2}"},
        {"empty ones", "---\n---\na: 1\n---\n...\n---\n", PF_OK, "{\"a\":1}"},
        {"explicit null", "--- ~\n", PF_OK, "null"},
        {"byte order mark",
         "\xef\xbb\xbf"
         "a: 1",
         PF_OK, "{\"a\":1}"},
        {"carriage returns", "a: 1\r\nb: 2\r\n", PF_OK, "{\"a\":1,\"b\":2}"},
        {"JSON", "{\"a\":[1,\"x\",{\"b\":null}],\n\t\"c\":true}", PF_OK,
         "{\"a\":[1,\"x\",{\"b\":null}],\"c\":true}"},
        {"directive", "%YAML 1.1\n---\na: 1\n", PF_OK, "{\"a\":1}"},
        {"version", "%YAML 2.0\n---\na: 1\n", PF_E_INVALID,
         "f.yaml:1:1: found incompatible YAML document"},
        {"anchors end with their document", "a: &x 1\n---\nb: *x\n", PF_E_INVALID,
         "f.yaml:3:4: alias 'x' has no anchor before it"},
    };
    check_rows(rows, PF_ARRAY_LEN(rows));
}

static void test_aliases(PF_UNUSED void **state)
{
    static const struct row rows[] = {
        {"alias", "a: &x {b: 1}\nc: *x\n", PF_OK, "{\"a\":{\"b\":1},\"c\":{\"b\":1}}"},
        {"scalar", "[&x 1, *x, &x 2, *x]", PF_OK, "[1,1,2,2]"},
        {"as a key", "a: &x k\n*x : v\n", PF_OK, "{\"a\":\"k\",\"k\":\"v\"}"},
        {"anchored key", "&x k: 1\nb: *x\n", PF_OK, "{\"k\":1,\"b\":\"k\"}"},
        {"unknown", "a: *x\n", PF_E_INVALID, "f.yaml:1:4: alias 'x' has no anchor before it"},
        {"later", "a: *x\nb: &x 1\n", PF_E_INVALID,
         "f.yaml:1:4: alias 'x' has no anchor before it"},
        {"itself", "a: &x [*x]\n", PF_E_INVALID, "f.yaml:1:8: anchor 'x' contains itself"},
        {"itself through a key", "&x a: &y {b: *y}\n", PF_E_INVALID,
         "f.yaml:1:14: anchor 'y' contains itself"},
        {"merge", "a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n", PF_OK,
         "{\"a\":{\"p\":1,\"q\":2},\"b\":{\"q\":3,\"p\":1}}"},
        {"merge last", "a: &x {p: 1, q: 2}\nb:\n  q: 3\n  <<: *x\n", PF_OK,
         "{\"a\":{\"p\":1,\"q\":2},\"b\":{\"q\":3,\"p\":1}}"},
        {"merge list", "- &x {p: 1}\n- &y {p: 2, q: 2}\n- {<<: [*x, *y, {r: 3}]}\n", PF_OK,
         "[{\"p\":1},{\"p\":2,\"q\":2},{\"p\":1,\"q\":2,\"r\":3}]"},
        {"merge tag", "- &x {p: 1}\n- {!!merge <<: *x}\n", PF_OK, "[{\"p\":1},{\"p\":1}]"},
        {"quoted is no merge", "\"<<\": 1", PF_OK, "{\"<<\":1}"},
        {"value is no merge", "a: <<", PF_OK, "{\"a\":\"<<\"}"},
        {"merge of a scalar", "<<: 1", PF_E_INVALID,
         "f.yaml:1:1: merge key '<<' needs a map or a list of maps"},
        {"merge of scalars", "a: 1\n<<: [1]", PF_E_INVALID,
         "f.yaml:2:1: merge key '<<' needs a map or a list of maps"},
        {"merge twice", "<<: {a: 1}\n<<: {b: 1}", PF_E_INVALID,
         "f.yaml:2:1: key '<<' is there twice, first at line 1, column 1"},
    };
    check_rows(rows, PF_ARRAY_LEN(rows));
}

static void test_keys(PF_UNUSED void **state)
{
    static const struct row rows[] = {
        {"twice", "a: 1\nb: 2\na: 3\n", PF_E_INVALID,
         "f.yaml:3:1: key 'a' is there twice, first at line 1, column 1"},
        {"twice in flow", "x: {a: 1, a: 1}\n", PF_E_INVALID,
         "f.yaml:1:11: key 'a' is there twice, first at line 1, column 5"},
        {"twice, other spelling", "1: a\n\"1\": b\n", PF_E_INVALID,
         "f.yaml:2:1: key '1' is there twice, first at line 1, column 1"},
        {"twice in a large map",
         "{a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1, l: 1, m: 1, o: 1, "
         "p: 1, q: 1, r: 1, s: 1, a: 2}",
         PF_E_INVALID, "f.yaml:1:110: key 'a' is there twice, first at line 1, column 2"},
        {"merge into a large map",
         "- &x {a: 2, z: 2}\n- {<<: *x, a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: "
         "1, k: 1, l: 1, m: 1, o: 1, p: 1, q: 1}",
         PF_OK,
         "[{\"a\":2,\"z\":2},{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,"
         "\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,\"o\":1,\"p\":1,\"q\":1,\"z\":2}]"},
        {"converted", "{1: a, 0x10: b, yes: c, 1.5: d, -7: e, 2026-01-01: f}", PF_OK,
         "{\"1\":\"a\",\"16\":\"b\",\"true\":\"c\",\"1.5\":\"d\",\"-7\":\"e\",\"2026-01-01\":\"f\"}"},
        {"null key", "~: 1", PF_E_UNSUPPORTED, "f.yaml:1:1: a key is a null, it must be a string"},
        {"list key", "? [a]\n: 1\n", PF_E_UNSUPPORTED,
         "f.yaml:1:3: a key is a list, it must be a string"},
        {"map key", "{{a: 1}: 2}", PF_E_UNSUPPORTED,
         "f.yaml:1:2: a key is a map, it must be a string"},
        {"alias of a list as key", "- &x []\n- {*x : 1}", PF_E_UNSUPPORTED,
         "f.yaml:2:4: a key is a list, it must be a string"},
    };
    check_rows(rows, PF_ARRAY_LEN(rows));
}

static void test_broken(PF_UNUSED void **state)
{
    static const struct row rows[] = {
        {"open list", "a: [1, 2\n", PF_E_INVALID,
         "f.yaml:2:1: did not find expected ',' or ']' (while parsing a flow sequence that begins "
         "at line 1, column 4)"},
        {"indentation", "a:\n  b: 1\n c: 2\n", PF_E_INVALID,
         "f.yaml:3:2: did not find expected key (while parsing a block mapping that begins at line "
         "1, column 1)"},
        {"tab", "a:\n\tb: 1\n", PF_E_INVALID, "f.yaml:2:1: a tab cannot indent, use spaces"},
        {"reserved character", "a: @b\n", PF_E_INVALID,
         "f.yaml:1:4: found character that cannot start any token (while scanning for the next "
         "token that begins at line 1, column 4)"},
        {"open quote", "a: \"x\n", PF_E_INVALID,
         "f.yaml:2:1: found unexpected end of stream (while scanning a quoted scalar that begins "
         "at line 1, column 4)"},
        {"no UTF-8", "a: \xff\n", PF_E_INVALID,
         "f.yaml:1:1: invalid leading UTF-8 octet (byte 3 of the input)"},
        {"overlong", "a: \xc0\x80\n", PF_E_INVALID,
         "f.yaml:1:1: invalid length of a UTF-8 sequence (byte 3 of the input)"},
        {"surrogate", "a: \xed\xa0\x80\n", PF_E_INVALID,
         "f.yaml:1:1: invalid Unicode character (byte 3 of the input)"},
        {"control", "a: \x01\n", PF_E_INVALID,
         "f.yaml:1:1: control characters are not allowed (byte 3 of the input)"},
    };
    check_rows(rows, PF_ARRAY_LEN(rows));
}

static void test_utf16(PF_UNUSED void **state)
{
    static const char little[] = "\xff\xfe"
                                 "a\0:\0 \0\xe9\0\n\0";
    static const char big[] = "\xfe\xff"
                              "\0a\0:\0 \0\xe9\0\n";
    pf_autobuf struct pf_buf out = {.data = NULL};
    assert_int_equal(convert(PF_SV(little), &out), PF_OK);
    assert_string_equal(out.data, "{\"a\":\"\xc3\xa9\"}");
    pf_buf_done(&out);
    assert_int_equal(convert((struct pf_sv){.ptr = big, .len = sizeof(big) - 1}, &out), PF_OK);
    assert_string_equal(out.data, "{\"a\":\"\xc3\xa9\"}");
}

static void test_marks(PF_UNUSED void **state)
{
    pf_autoarena struct pf_arena arena = {.head = NULL};
    const struct pf_yaml_node *root = NULL;
    struct pf_err err = {.code = PF_OK};
    pf_arena_init(&arena, ARENA_BYTES);
    assert_int_equal(pf_yaml_parse_one("f", PF_SV("# c\na: 1\nlist:\n- x\n- {k:   'v'}\n"), 1000,
                                       &arena, &root, &err),
                     PF_OK);
    assert_int_equal(root->mark.line, 2);
    assert_int_equal(root->mark.column, 1);
    assert_int_equal(root->style, PF_YAML_BLOCK);
    assert_int_equal(root->height, 4);
    assert_int_equal(root->nodes, 9); /* root, 2 keys, 1, list, x, map, k, v */
    const struct pf_yaml_node *list = pf_yaml_get(root, "list");
    assert_int_equal(root->value.members[1].key_mark.line, 3);
    assert_int_equal(list->count, 2);
    assert_int_equal(list->value.items[1]->mark.line, 5);
    assert_int_equal(list->value.items[1]->mark.column, 3);
    assert_int_equal(list->value.items[1]->style, PF_YAML_FLOW);
    const struct pf_yaml_node *value = pf_yaml_get(list->value.items[1], "k");
    assert_int_equal(value->mark.column, 9);
    assert_int_equal(value->style, PF_YAML_QUOTED);
    assert_null(pf_yaml_get(root, "nothing"));
    assert_null(pf_yaml_get(list, "a"));
    assert_null(pf_yaml_get(NULL, "a"));
}

static void test_integers(PF_UNUSED void **state)
{
    static const struct {
        const char *yaml;
        bool ok;
        int64_t value;
    } rows[] = {
        {"5", true, 5},
        {"-5", true, -5},
        {"-0", true, 0},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"5.0", false, 0},
        {"'5'", false, 0},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autoarena struct pf_arena arena = {.head = NULL};
        const struct pf_yaml_node *root = NULL;
        int64_t value = 4711;
        pf_arena_init(&arena, ARENA_BYTES);
        assert_int_equal(pf_yaml_parse_one("f", pf_sv_from(rows[i].yaml), 100, &arena, &root, NULL),
                         PF_OK);
        assert_int_equal(pf_yaml_to_i64(root, &value), rows[i].ok);
        assert_true(value == (rows[i].ok ? rows[i].value : 4711));
    }
    int64_t value = 4711;
    assert_false(pf_yaml_to_i64(NULL, &value));
}

static void test_one(PF_UNUSED void **state)
{
    static const struct {
        const char *yaml;
        const char *text;
    } rows[] = {
        {"", "stdin: there is no YAML document in it"},
        {"a: 1\n---\nb: 2\n", "stdin:3:1: a second YAML document, only one is allowed"},
        {"a: [", "stdin:2:1: did not find expected node content (while parsing a flow node that "
                 "begins at line 2, column 1)"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autoarena struct pf_arena arena = {.head = NULL};
        const struct pf_yaml_node *root = NULL;
        struct pf_err err = {.code = PF_OK};
        pf_arena_init(&arena, ARENA_BYTES);
        assert_int_equal(pf_yaml_parse_one("-", pf_sv_from(rows[i].yaml), 100, &arena, &root, &err),
                         PF_E_INVALID);
        assert_string_equal(err.text, rows[i].text);
        assert_null(root);
    }
}

/* @p depth lists in one another */
static enum pf_code parse_nested(size_t depth, struct pf_err *err)
{
    pf_autobuf struct pf_buf yaml = {.data = NULL};
    pf_autoarena struct pf_arena arena = {.head = NULL};
    struct pf_yaml_docs docs = {.count = 0};
    pf_arena_init(&arena, ARENA_BYTES);
    pf_buf_init(&yaml, ARENA_BYTES);
    for (size_t i = 0; i < depth; i++) {
        pf_buf_append_char(&yaml, '[');
    }
    for (size_t i = 0; i < depth; i++) {
        pf_buf_append_char(&yaml, ']');
    }
    return pf_yaml_parse("f", pf_buf_view(&yaml), ARENA_BYTES, &arena, &docs, err);
}

static void test_depth(PF_UNUSED void **state)
{
    struct pf_err err = {.code = PF_OK};
    assert_int_equal(parse_nested(PF_YAML_MAX_DEPTH, &err), PF_OK);
    assert_int_equal(parse_nested(PF_YAML_MAX_DEPTH + 1, &err), PF_E_TOO_BIG);
    assert_string_equal(err.text, "f:1:201: nested deeper than the limit of 200 levels");
    pf_err_clear(&err);
    assert_int_equal(parse_nested(100000, &err), PF_E_TOO_BIG);
}

/* each level of anchors doubles the depth: 2^n */
static void test_depth_by_aliases(PF_UNUSED void **state)
{
    pf_autobuf struct pf_buf yaml = {.data = NULL};
    pf_autobuf struct pf_buf out = {.data = NULL};
    pf_buf_init(&yaml, ARENA_BYTES);
    pf_buf_append_cstr(&yaml, "- &a0 [1]\n");
    for (int i = 1; i < 300; i++) {
        pf_buf_printf(&yaml, "- &a%d [*a%d]\n", i, i - 1);
    }
    assert_int_equal(convert(pf_buf_view(&yaml), &out), PF_E_TOO_BIG);
    assert_string_equal(out.data, "f.yaml:199:10: nested deeper than the limit of 200 levels");
}

/* a list or map of nine aliases to the level below */
static void append_level(struct pf_buf *yaml, int level, bool as_map)
{
    pf_buf_printf(yaml, "a%d: &a%d %c", level, level, as_map ? '{' : '[');
    for (int i = 0; i < 9; i++) {
        if (as_map) {
            pf_buf_printf(yaml, "k%d: ", i);
        }
        pf_buf_printf(yaml, "*a%d, ", level - 1);
    }
    pf_buf_append_cstr(yaml, as_map ? "}\n" : "]\n");
}

/* nine levels of nine aliases: 9^9 values from 500 bytes */
static void test_billion_laughs(PF_UNUSED void **state)
{
    static const bool forms[] = {false, true};
    for (size_t i = 0; i < PF_ARRAY_LEN(forms); i++) {
        pf_autobuf struct pf_buf yaml = {.data = NULL};
        pf_autobuf struct pf_buf out = {.data = NULL};
        pf_buf_init(&yaml, ARENA_BYTES);
        pf_buf_append_cstr(&yaml, "a0: &a0 [lol]\n");
        for (int level = 1; level < 10; level++) {
            append_level(&yaml, level, forms[i]);
        }
        assert_int_equal(convert(pf_buf_view(&yaml), &out), PF_E_TOO_BIG);
        assert_non_null(strstr(out.data, "more than 4000000 values after aliases are expanded"));
    }
}

/* exactly at the limit and one over it: a list of 1000 x 3996 values through an alias */
static void test_nodes(PF_UNUSED void **state)
{
    for (size_t extra = 0; extra < 2; extra++) {
        pf_autobuf struct pf_buf yaml = {.data = NULL};
        pf_autoarena struct pf_arena arena = {.head = NULL};
        struct pf_yaml_docs docs = {.count = 0};
        struct pf_err err = {.code = PF_OK};
        pf_arena_init(&arena, ARENA_BYTES);
        pf_buf_init(&yaml, ARENA_BYTES);
        /* 1 root + 1 inner list with 997 scalars (998) + 4006 aliases to it (4006 x 998 = 3997988) */
        pf_buf_append_cstr(&yaml, "- &a [");
        for (int i = 0; i < 997; i++) {
            pf_buf_append_cstr(&yaml, "x,");
        }
        pf_buf_append_cstr(&yaml, "]\n");
        for (int i = 0; i < 4006; i++) {
            pf_buf_append_cstr(&yaml, "- *a\n");
        }
        size_t rest = PF_YAML_MAX_NODES - 1 - 998 - (size_t)4006 * 998 + extra;
        for (size_t i = 0; i < rest; i++) {
            pf_buf_append_cstr(&yaml, "- x\n");
        }
        enum pf_code code =
            pf_yaml_parse("f", pf_buf_view(&yaml), ARENA_BYTES, &arena, &docs, &err);
        assert_int_equal(code, extra == 0 ? PF_OK : PF_E_TOO_BIG);
        if (extra == 0) {
            assert_int_equal(docs.roots[0]->nodes, PF_YAML_MAX_NODES);
        }
    }
}

static void test_bytes(PF_UNUSED void **state)
{
    pf_autoarena struct pf_arena arena = {.head = NULL};
    struct pf_yaml_docs docs = {.count = 0};
    struct pf_err err = {.code = PF_OK};
    pf_arena_init(&arena, ARENA_BYTES);
    assert_int_equal(pf_yaml_parse("f", PF_SV("a: 1"), 4, &arena, &docs, &err), PF_OK);
    assert_int_equal(pf_yaml_parse("f", PF_SV("a: 1\n"), 4, &arena, &docs, &err), PF_E_TOO_BIG);
    assert_string_equal(err.text, "f: input has 5 bytes, the limit is 4");
    pf_err_clear(&err);
    pf_arena_done(&arena);
    pf_arena_init(&arena, 100);
    assert_int_equal(pf_yaml_parse("f", PF_SV("[a, b, c, d]"), 100, &arena, &docs, &err),
                     PF_E_NO_MEMORY);
    assert_string_equal(
        err.text, "f: the tree needs more memory than there is or than its limit of 100 bytes");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_documents),      cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_keys),           cmocka_unit_test(test_broken),
        cmocka_unit_test(test_utf16),          cmocka_unit_test(test_marks),
        cmocka_unit_test(test_integers),       cmocka_unit_test(test_one),
        cmocka_unit_test(test_depth),          cmocka_unit_test(test_depth_by_aliases),
        cmocka_unit_test(test_billion_laughs), cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

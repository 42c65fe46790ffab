#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include <podfit/file.h>
#include <podfit/yaml_split.h>

#define MEBIBYTE ((size_t)1024 * 1024)

/* a source that gives at most chunk bytes at a time and can fail or go on for ever */
struct source {
    struct pf_sv rest;
    size_t chunk;
    bool fail_at_end;
};

static enum pf_code read_source(void *opaque, char *bytes, size_t cap, size_t *ret_len,
                                struct pf_err *err)
{
    struct source *source = opaque;
    size_t len = source->rest.len < cap ? source->rest.len : cap;
    len = len < source->chunk ? len : source->chunk;
    if (len == 0 && source->fail_at_end) {
        return pf_err_set(err, PF_E_IO, "the disk is gone");
    }
    memcpy(bytes, source->rest.ptr, len);
    source->rest.ptr += len;
    source->rest.len -= len;
    *ret_len = len;
    return PF_OK;
}

/* writes down what it is told */
struct recorder {
    struct pf_buf log;
    size_t items;
    size_t fail_at_item; /* 0: never */
};

static enum pf_code on_item(void *opaque, const struct pf_yaml_node *item, struct pf_err *err)
{
    struct recorder *recorder = opaque;
    recorder->items++;
    if (recorder->items == recorder->fail_at_item) {
        return pf_err_set(err, PF_E_EXISTS, "enough");
    }
    pf_buf_append_cstr(&recorder->log, "item ");
    enum pf_code code = pf_yaml_json_write(item, &recorder->log, err);
    pf_buf_append_char(&recorder->log, '\n');
    return code;
}

static enum pf_code on_field(void *opaque, struct pf_sv key, const struct pf_yaml_node *value,
                             PF_UNUSED struct pf_err *err)
{
    struct recorder *recorder = opaque;
    const bool scalar = value->type != PF_YAML_MAP && value->type != PF_YAML_SEQ;
    pf_buf_printf(&recorder->log, "field %.*s=%s\n", PF_SV_ARG(key),
                  scalar ? value->text.ptr : pf_yaml_type_name(value->type));
    return PF_OK;
}

static enum pf_code on_document(void *opaque, bool is_list, PF_UNUSED struct pf_err *err)
{
    struct recorder *recorder = opaque;
    pf_buf_append_cstr(&recorder->log, is_list ? "end list\n" : "end object\n");
    return PF_OK;
}

static const struct pf_yaml_split_limits generous = {
    .max_bytes = UINT64_MAX, .max_object_bytes = 64 * MEBIBYTE, .max_arena_bytes = 64 * MEBIBYTE};

static enum pf_code run(struct source *source, const struct pf_yaml_split_limits *limits,
                        struct recorder *recorder, struct pf_err *err)
{
    const struct pf_yaml_split_handler handler = {
        .on_item = on_item, .on_field = on_field, .on_document = on_document, .opaque = recorder};
    pf_buf_init(&recorder->log, 64 * MEBIBYTE);
    return pf_yaml_split("f.yaml", read_source, source, limits, &handler, err);
}

static const struct {
    const char *name;
    const char *yaml;
    enum pf_code code;
    const char *expected; /* log, then error text */
} split_rows[] = {
    {"kubectl list",
     "apiVersion: v1\nitems:\n- kind: Pod\n  metadata: {name: a}\n- kind: Node\nkind: List\n"
     "metadata:\n  resourceVersion: \"\"\n",
     PF_OK,
     "field apiVersion=v1\nitem {\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}\n"
     "item {\"kind\":\"Node\"}\nfield kind=List\nfield metadata=map\nend list\n"},
    {"JSON list", "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{\"a\":1},{\"b\":2}]}",
     PF_OK, "field kind=List\nfield apiVersion=v1\nitem {\"a\":1}\nitem {\"b\":2}\nend list\n"},
    {"documents", "kind: Pod\na: 1\n---\n---\nkind: Node\n", PF_OK,
     "item {\"kind\":\"Pod\",\"a\":1}\nend object\nitem {\"kind\":\"Node\"}\nend object\n"},
    {"mixed", "kind: Pod\n---\nitems: [{x: 1}]\n", PF_OK,
     "item {\"kind\":\"Pod\"}\nend object\nitem {\"x\":1}\nend list\n"},
    {"empty list", "items: []\nkind: List\n", PF_OK, "field kind=List\nend list\n"},
    {"null items", "items:\nkind: List\n", PF_OK,
     "item {\"items\":null,\"kind\":\"List\"}\nend object\n"},
    {"nothing", "# only a comment\n", PF_OK, ""},
    {"no map", "kind: Pod\n---\n- a\n", PF_E_INVALID,
     "item {\"kind\":\"Pod\"}\nend object\nf.yaml:3:1: a document must be an object (a map)"},
    {"anchors in an item", "items: [{a: &x 1, b: *x}, {c: &x 2, d: *x}]", PF_OK,
     "item {\"a\":1,\"b\":1}\nitem {\"c\":2,\"d\":2}\nend list\n"},
    {"anchor of the head", "m: &x {l: 1}\nitems: [{a: *x}, {b: *x}]", PF_OK,
     "field m=map\nitem {\"a\":{\"l\":1}}\nitem {\"b\":{\"l\":1}}\nend list\n"},
    {"anchor of another item", "items: [{a: &x 1}, {b: *x}]", PF_E_INVALID,
     "item {\"a\":1}\nf.yaml:1:24: alias 'x' has no anchor before it in this item"},
    {"alias as items", "x: &l [{a: 1}]\nitems: *l\nkind: List", PF_OK,
     "field x=list\nfield kind=List\nitem {\"a\":1}\nend list\n"},
    {"items twice", "items: [{a: 1}]\nitems: [{b: 1}]\n", PF_E_INVALID,
     "item {\"a\":1}\nf.yaml:2:1: key 'items' is there twice, first at line 1, column 1"},
    {"key twice", "kind: a\nitems: []\nkind: b\n", PF_E_INVALID,
     "field kind=a\nfield kind=b\nf.yaml:3:1: key 'kind' is there twice, first at line 1, "
     "column 1"},
    {"broken item", "items:\n- a: 1\n- b: [\n", PF_E_INVALID,
     "item {\"a\":1}\nf.yaml:4:1: did not find expected node content (while parsing a flow "
     "node that begins at line 4, column 1)"},
    {"tag", "items: !x []", PF_E_UNSUPPORTED,
     "f.yaml:1:8: tag '!x' is not known here, allowed are !!str, !!int, !!float, !!bool, "
     "!!null, !!timestamp, !!seq and !!map"},
};

static void test_split(PF_UNUSED void **state)
{
    static const size_t chunks[] = {1, 2, 3, 7, 4096};
    for (size_t i = 0; i < PF_ARRAY_LEN(split_rows) * PF_ARRAY_LEN(chunks); i++) {
        size_t row = i / PF_ARRAY_LEN(chunks);
        struct recorder recorder = {.items = 0};
        struct source source = {.rest = pf_sv_from(split_rows[row].yaml),
                                .chunk = chunks[i % PF_ARRAY_LEN(chunks)]};
        struct pf_err err = {.code = PF_OK};
        enum pf_code code = run(&source, &generous, &recorder, &err);
        pf_buf_append_cstr(&recorder.log, err.text);
        if (code != split_rows[row].code ||
            !pf_sv_eq_cstr(pf_buf_view(&recorder.log), split_rows[row].expected)) {
            print_error("%s: got %s\n%s\n", split_rows[row].name, pf_code_name(code),
                        recorder.log.data);
            assert_true(false);
        }
        pf_buf_done(&recorder.log);
    }
}

static void test_handler_stops(PF_UNUSED void **state)
{
    struct recorder recorder = {.fail_at_item = 2};
    struct source source = {.rest = PF_SV("items: [{a: 1}, {b: 1}, {c: 1}]"), .chunk = 100};
    struct pf_err err = {.code = PF_OK};
    assert_int_equal(run(&source, &generous, &recorder, &err), PF_E_EXISTS);
    assert_string_equal(err.text, "enough");
    assert_int_equal(recorder.items, 2);
    pf_buf_done(&recorder.log);
}

static void test_reader_fails(PF_UNUSED void **state)
{
    struct recorder recorder = {.items = 0};
    struct source source = {.rest = PF_SV("a: 1\n"), .chunk = 100, .fail_at_end = true};
    struct pf_err err = {.code = PF_OK};
    assert_int_equal(run(&source, &generous, &recorder, &err), PF_E_IO);
    assert_string_equal(err.text, "the disk is gone");
    pf_buf_done(&recorder.log);
}

/* a list of @p items pods, each with @p bytes of text */
static void make_list(size_t items, size_t bytes, struct pf_buf *yaml)
{
    pf_buf_init(yaml, 256 * MEBIBYTE);
    pf_buf_append_cstr(yaml, "apiVersion: v1\nitems:\n");
    for (size_t i = 0; i < items; i++) {
        pf_buf_printf(yaml, "- kind: Pod\n  metadata:\n    name: pod-%zu\n    text: ", i);
        for (size_t j = 0; j < bytes; j++) {
            pf_buf_append_char(yaml, 'x');
        }
        pf_buf_append_char(yaml, '\n');
    }
    pf_buf_append_cstr(yaml, "kind: List\n");
}

static void test_limits(PF_UNUSED void **state)
{
    static const struct {
        const char *name;
        size_t items;
        size_t bytes;
        struct pf_yaml_split_limits limits;
        enum pf_code code;
    } rows[] = {
        /* 4 MiB of items through 64 KiB of everything: only one item is held at a time */
        {"many small ones", 4096, 1000, {8 * MEBIBYTE, 65536, 65536}, PF_OK},
        {"an object at the limit", 3, 65000, {MEBIBYTE, 65536, MEBIBYTE}, PF_OK},
        {"an object over the limit", 3, 400000, {8 * MEBIBYTE, 65536, MEBIBYTE}, PF_E_TOO_BIG},
        {"input over the limit", 100, 1000, {50000, 65536, MEBIBYTE}, PF_E_TOO_BIG},
        {"tree over the limit", 3, 60000, {MEBIBYTE, MEBIBYTE, 50000}, PF_E_NO_MEMORY},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autobuf struct pf_buf yaml = {.data = NULL};
        struct recorder recorder = {.items = 0};
        struct pf_err err = {.code = PF_OK};
        make_list(rows[i].items, rows[i].bytes, &yaml);
        struct source source = {.rest = pf_buf_view(&yaml), .chunk = SIZE_MAX};
        enum pf_code code = run(&source, &rows[i].limits, &recorder, &err);
        if (code != rows[i].code) {
            print_error("%s: got %s '%s'\n", rows[i].name, pf_code_name(code), err.text);
        }
        assert_int_equal(code, rows[i].code);
        if (code == PF_OK) {
            assert_int_equal(recorder.items, rows[i].items);
        }
        pf_buf_done(&recorder.log);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_handler_stops),
        cmocka_unit_test(test_reader_fails),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "model_fixture.h"
#include <podfit/buf.h>
#include <podfit/limits.h>
#include <podfit/snapshot.h>

#define N1 "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\"}}"
#define P1                                                                                        \
    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"a\",\"name\":\"p1\"}," \
    "\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":\"c\"}]}}"
#define NS         "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\"}}"
#define OTHER      "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"}}"
#define BARE_NODE  "{\"metadata\":{\"name\":\"n1\"}}"
#define BARE_NODE2 "{\"metadata\":{\"name\":\"n2\"}}"

/* Good inputs and what is in them. */
struct good_row {
    const char *name;
    const char *text;
    uint32_t nodes;
    uint32_t pods;
    uint32_t namespaces;
    uint32_t skipped;
    const char *resource_version;
};

static const struct good_row good_rows[] = {
    {"kubectl's order",
     "{\"apiVersion\":\"v1\",\"items\":[" N1 "," P1 "," NS "," OTHER
     "],\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"\"}}",
     1, 1, 1, 1, ""},
    {"the API server's order, items without kind",
     "{\"kind\":\"NodeList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"77\"},\"items\":[" BARE_NODE
     "," BARE_NODE2 "]}",
     2, 0, 0, 0, "77"},
    {"items without kind before the list's kind",
     "{\"items\":[" BARE_NODE "," BARE_NODE2
     "],\"metadata\":{\"resourceVersion\":\"5\"},\"kind\":\"NodeList\"}",
     2, 0, 0, 0, "5"},
    {"the same in the second document",
     N1 "\n{\"items\":[" BARE_NODE2 "],\"x\":{\"kind\":\"PodList\"},\"kind\":\"NodeList\"}", 2, 0,
     0, 0, ""},
    {"empty list", "{\"kind\":\"PodList\",\"items\":[]}", 0, 0, 0, 0, ""},
    {"list of null",
     "{\"kind\":\"PodList\",\"items\":null,\"metadata\":{\"resourceVersion\":\"9\"}}", 0, 0, 0, 0,
     "9"},
    {"one object, its own version is not the list's",
     "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\",\"resourceVersion\":\"4\"}}",
     1, 0, 0, 0, ""},
    {"objects one after the other", N1 P1 "\n" NS "\r\n\t " OTHER "\n", 1, 1, 1, 1, ""},
    {"white space everywhere", " \n{ \"items\" : [ " N1 " , " P1 " ] , \"kind\" : \"List\" } ", 1,
     1, 0, 0, ""},
    {"byte order mark", "\xEF\xBB\xBF" N1, 1, 0, 0, 0, ""},
    {"escaped keys", "{\"it\\u0065ms\":[" N1 "],\"k\\u0069nd\":\"List\"}", 1, 0, 0, 0, ""},
    {"brackets and quotes in strings",
     "{\"kind\":\"List\",\"note\":\"]}\\\"{[\\\\\",\"items\":[{\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\"},\"x\":\"}]\\\\\\\"\"}]}",
     1, 0, 0, 0, ""},
    {"a Node of another group is none",
     "{\"apiVersion\":\"management.example.com/v3\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\"}}",
     0, 0, 0, 1, ""},
    {"the last of equal names wins", N1 N1 P1 P1, 1, 1, 0, 0, ""},
    {"a pod without namespace",
     "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"containers\":[]}}", 0, 1, 0, 0,
     ""},
    {"lists in a list",
     "{\"kind\":\"List\",\"items\":[{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[" N1
     "," OTHER "]},{\"items\":[" BARE_NODE2
     "],\"kind\":\"NodeList\",\"apiVersion\":\"v1\"},{\"kind\":\"List\"}," P1 "]}",
     2, 1, 0, 1, ""},
    {"a kind that only ends in List",
     "{\"kind\":\"List\",\"items\":[{\"kind\":\"AllowList\",\"items\":[7]},{\"apiVersion\":\"x/"
     "v1\",\"kind\":\"NodeList\",\"items\":[" BARE_NODE "]}]}",
     0, 0, 0, 2, ""},
    {"YAML, a list in a list",
     "kind: List\nitems:\n- kind: NodeList\n  items:\n  - metadata: {name: n1}\n  - metadata: {name: n2}\n- kind: Node\n  metadata: {name: n3}\n",
     3, 0, 0, 0, ""},
    {"YAML, several documents",
     "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n---\nkind: Pod\nmetadata: {name: p}\nspec: {nodeName: n1, containers: [{name: c, resources: {requests: {cpu: 0.5}}}]}\n",
     1, 1, 0, 0, ""},
    {"YAML list as kubectl writes it",
     "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Node\n  metadata:\n    name: n1\n- kind: Secret\n  metadata: {name: s}\nkind: List\nmetadata:\n  resourceVersion: \"\"\n",
     1, 0, 0, 1, ""},
    {"YAML list, items without kind before the list's",
     "items:\n- metadata: {name: n1}\n- metadata: {name: n2}\nkind: NodeList\n", 2, 0, 0, 0, ""},
    {"YAML list, its version behind the items",
     "items:\n- kind: Node\n  metadata: {name: n1, resourceVersion: \"3\"}\nkind: List\nmetadata:\n  resourceVersion: \"77\"\n",
     1, 0, 0, 0, "77"},
    {"YAML list, its version before the items, kind behind",
     "metadata: {resourceVersion: \"5\"}\nitems:\n- metadata: {name: n1}\nkind: NodeList\n", 1, 0,
     0, 0, "5"},
    {"YAML list by alias",
     "x: &l\n- kind: Node\n  metadata: {name: n1}\nitems: *l\nmetadata: {resourceVersion: \"6\"}\n",
     1, 0, 0, 0, "6"},
    {"YAML, one object, its own version is not the list's",
     "kind: Node\nmetadata: {name: n1, resourceVersion: \"4\"}\n", 1, 0, 0, 0, ""},
    {"YAML, a version that is no text or too long",
     "items: []\nmetadata: {resourceVersion: 9}\n---\nitems: []\nmetadata: {resourceVersion: \"123456789012345678901234567890123\"}\n---\nitems: []\nmetadata: x\n",
     0, 0, 0, 0, ""},
    {"YAML, the same in the second document",
     "kind: Namespace\nmetadata: {name: a}\n---\nitems:\n- metadata: {name: n2}\nkind: NodeList\n",
     1, 0, 1, 0, ""},
};

static void load(struct model_fixture *f, const char *name, struct pf_sv text,
                 struct pf_snapshot_stats *stats)
{
    struct pf_err err = {0};
    if (pf_snapshot_load_bytes(f->model, text, "mem", stats, &err) != PF_OK) {
        fail_msg("%s: %s", name, err.text);
    }
    model_fixture_check(f);
}

static void test_good(void **state)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(good_rows); i++) {
        const struct good_row *row = &good_rows[i];
        struct pf_snapshot_stats stats = {0};
        assert_int_equal(model_fixture_setup(state), 0);
        struct model_fixture *f = *state;
        load(f, row->name, pf_sv_from(row->text), &stats);
        const struct pf_model_stats model = pf_model_stats(f->model);
        if (model.nodes != row->nodes || model.pods != row->pods ||
            model.namespaces != row->namespaces || stats.skipped != row->skipped ||
            strcmp(stats.resource_version, row->resource_version) != 0) {
            fail_msg("%s: %u nodes %u pods %u namespaces, %u skipped, version '%s'", row->name,
                     model.nodes, model.pods, model.namespaces, (unsigned)stats.skipped,
                     stats.resource_version);
        }
        assert_true(pf_model_origin(f->model).synced);
        assert_false(pf_model_origin(f->model).live);
        assert_string_equal(pf_model_origin(f->model).resource_version, row->resource_version);
        (void)model_fixture_teardown(state);
    }
}

#define IN_LIST  "{\"kind\":\"List\",\"items\":["
#define IN_LISTS IN_LIST IN_LIST IN_LIST IN_LIST

/* Bad inputs, what is said, and how many nodes stay. */
struct bad_row {
    const char *name;
    const char *text;
    const char *says;
    enum pf_code code;
    uint32_t nodes;
};

static const struct bad_row bad_rows[] = {
    {"empty", "", "cannot load snapshot 'mem': it is empty", PF_E_INVALID, 0},
    {"white space", " \n", "it is empty", PF_E_INVALID, 0},
    {"cut in an item", "{\"kind\":\"List\",\"items\":[" N1 ",{\"kind\":\"Pod\"",
     "expected the end of an object", PF_E_INVALID, 1},
    {"cut in a string", "{\"kind\":\"Li", "expected the end of a string", PF_E_INVALID, 0},
    {"cut after an escape", "{\"kind\":\"Li\\", "expected the end of a string", PF_E_INVALID, 0},
    {"cut after the items", "{\"kind\":\"List\",\"items\":[" N1 "]", "expected ',' or '}'",
     PF_E_INVALID, 1},
    {"no comma between items", "{\"kind\":\"List\",\"items\":[" N1 N1 "]}", "expected ',' or ']'",
     PF_E_INVALID, 1},
    {"comma before the end", "{\"kind\":\"List\",\"items\":[" N1 ",]}", "item 2", PF_E_INVALID, 1},
    {"key without quotes", "{kind:\"List\"}", "expected a key", PF_E_INVALID, 0},
    {"no colon", "{\"kind\" \"List\"}", "expected ':'", PF_E_INVALID, 0},
    {"brackets that do not match", "{\"kind\":\"List\",\"x\":{\"a\":[}]}", "", PF_E_INVALID, 0},
    {"bad value behind the items", "{\"items\":[" N1 "],\"x\":nul}", "a value before byte",
     PF_E_INVALID, 1},
    {"garbage after it", N1 "x", "expected an object", PF_E_INVALID, 1},
    {"NUL after it", N1 "\x01", "expected an object", PF_E_INVALID, 1},
    {"item names kind, namespace, name and path",
     "{\"kind\":\"List\",\"items\":[" N1
     ",{\"metadata\":{\"namespace\":\"a\",\"name\":\"p\"},\"kind\":\"Pod\",\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"x\"}}}]}}," N1
     "]}",
     "item 2 (Pod a/p): spec.containers[0].resources.requests", PF_E_INVALID, 1},
    {"no kind anywhere", "{\"items\":[" BARE_NODE "]}",
     "item 1: neither the object nor its list has a kind", PF_E_INVALID, 0},
    {"no kind in a List", "{\"kind\":\"List\",\"items\":[" BARE_NODE "]}",
     "item 1 (n1): the object has no kind", PF_E_INVALID, 0},
    {"no kind in one object", BARE_NODE, "the object has no kind", PF_E_INVALID, 0},
    {"item is no object", "{\"kind\":\"PodList\",\"items\":[7]}", "item 1", PF_E_INVALID, 0},
    {"wrong type in an object nobody reads", "{\"kind\":\"Secret\",\"data\":[1,}", "", PF_E_INVALID,
     0},
    {"items twice", "{\"kind\":\"List\",\"items\":[" N1 "],\"items\":[]}",
     "key 'items' is there twice", PF_E_INVALID, 1},
    {"a Status is no empty cluster",
     "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"message\":\"nodes is forbidden\"}",
     "the API server refused, this is no list of objects: 'nodes is forbidden'", PF_E_INVALID, 0},
    {"item in a list in a list",
     "{\"kind\":\"List\",\"items\":[" N1 ",{\"kind\":\"List\",\"items\":[" OTHER
     ",{\"kind\":\"Node\",\"metadata\":{\"name\":7}}]}]}",
     "item 3 (Node): metadata.name", PF_E_INVALID, 1},
    {"items of a list in a list are no array",
     "{\"kind\":\"List\",\"items\":[" N1 ",{\"kind\":\"List\",\"items\":7}]}", "after item 1: byte",
     PF_E_INVALID, 1},
    {"lists nested too deep", IN_LISTS IN_LISTS IN_LISTS N1 "]}]}]}]}]}]}]}]}]}]}]}]}",
     "lists stand in more than 8 lists", PF_E_TOO_BIG, 0},
    {"YAML that is none", "a: [", "mem:2:1", PF_E_INVALID, 0},
    {"YAML item",
     "kind: Node\nmetadata: {name: n1}\n---\nkind: Pod\nmetadata: {name: p}\nspec: {containers: 3}\n",
     "item 2 (Pod p): spec.containers", PF_E_INVALID, 1},
    {"YAML without a kind", "items:\n- metadata: {name: n1}\n",
     "neither the object nor its list has a kind", PF_E_INVALID, 0},
    {"not a snapshot at all", "hello", "", PF_E_INVALID, 0},
};

static void test_bad(void **state)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(bad_rows); i++) {
        const struct bad_row *row = &bad_rows[i];
        struct pf_snapshot_stats stats = {.skipped = 99};
        struct pf_err err = {0};
        assert_int_equal(model_fixture_setup(state), 0);
        struct model_fixture *f = *state;
        const enum pf_code code =
            pf_snapshot_load_bytes(f->model, pf_sv_from(row->text), "mem", &stats, &err);
        if (code != row->code || strstr(err.text, row->says) == NULL ||
            pf_model_stats(f->model).nodes != row->nodes || stats.skipped != 99) {
            fail_msg("%s: %d, %u nodes: %s", row->name, code, pf_model_stats(f->model).nodes,
                     err.text);
        }
        assert_false(pf_model_origin(f->model).synced);
        model_fixture_check(f);
        (void)model_fixture_teardown(state);
    }
}

/* A list longer than the window, cut at places that fall anywhere in an item. */
static void test_long_list(void **state)
{
    struct model_fixture *f = *state;
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, (size_t)64 << 20);
    pf_buf_append_cstr(&text, "{\"kind\":\"List\",\"items\":[");
    for (int i = 0; i < 3000; i++) {
        pf_buf_printf(
            &text,
            "%s{\"kind\":\"Node\",\"metadata\":{\"name\":\"n%d\",\"managedFields\":[\"%*s\\\"\"]}}",
            i != 0 ? "," : "", i, i % 500, "]}");
    }
    pf_buf_append_cstr(&text, "]}");
    assert_int_equal(pf_buf_status(&text, NULL), PF_OK);
    struct pf_snapshot_stats stats = {0};
    load(f, "long", pf_buf_view(&text), &stats);
    assert_int_equal(stats.nodes, 3000);
    assert_true(stats.peak_item_bytes < 1000);
}

static void append_big(struct pf_buf *text, size_t bytes)
{
    static const char head[] = "{\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\"},\"x\":\"";
    pf_buf_append_cstr(text, head);
    char *room = pf_buf_reserve(text, bytes - sizeof(head) + 1 - 2);
    assert_non_null(room);
    memset(room, 'x', bytes - sizeof(head) + 1 - 2);
    text->len += bytes - sizeof(head) + 1 - 2;
    pf_buf_append_cstr(text, "\"}");
}

static void test_item_limit(void **state)
{
    struct model_fixture *f = *state;
    pf_autobuf struct pf_buf text = {0};
    struct pf_snapshot_stats stats = {0};
    struct pf_err err = {0};
    pf_buf_init(&text, (size_t)64 << 20);
    append_big(&text, PF_OBJECT_MAX_BYTES);
    load(f, "at the limit", pf_buf_view(&text), &stats);
    assert_int_equal(stats.peak_item_bytes, PF_OBJECT_MAX_BYTES);
    pf_buf_reset(&text);
    append_big(&text, PF_OBJECT_MAX_BYTES + 1);
    assert_int_equal(pf_snapshot_load_bytes(f->model, pf_buf_view(&text), "mem", &stats, &err),
                     PF_E_TOO_BIG);
    assert_non_null(strstr(err.text, "limit"));
    pf_buf_reset(&text);
    append_big(&text, 3 * PF_OBJECT_MAX_BYTES);
    assert_int_equal(pf_snapshot_load_bytes(f->model, pf_buf_view(&text), "mem", &stats, NULL),
                     PF_E_TOO_BIG);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_files(void **state)
{
    struct model_fixture *f = *state;
    char folder[] = "/tmp/podfit-snapshot-XXXXXX";
    char path[64];
    struct pf_snapshot_stats stats = {0};
    struct pf_err err = {0};
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/s.json", folder);
    assert_int_equal(pf_snapshot_load(f->model, path, &stats, &err), PF_E_NOT_FOUND);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(pf_snapshot_load(f->model, folder, &stats, NULL), PF_E_IO);
    write_file(path, "{\"items\":[" BARE_NODE "],\"kind\":\"NodeList\"}");
    assert_int_equal(pf_snapshot_load(f->model, path, &stats, NULL), PF_OK);
    assert_int_equal(stats.nodes, 1);
    write_file(path, "items:\n- metadata: {name: n9}\nkind: NodeList\n");
    assert_int_equal(pf_snapshot_load(f->model, path, &stats, NULL), PF_OK);
    assert_int_equal(pf_model_stats(f->model).nodes, 2);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* The recorded clusters of a real API server. */
static void test_recorded(void **state)
{
    (void)state;
    static const char *const names[] = {"cocalc-memory",  "coditect",   "coditect-burst",
                                        "coditect-pvc",   "jupyterhub", "mixed-api",
                                        "mixed-resources"};
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        struct model_fixture f;
        struct pf_snapshot_stats stats = {0};
        struct pf_err err = {0};
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/reference/recorded/%s/initial.json", PF_TEST_DATA,
                       names[i]);
        assert_true(model_fixture_init(&f));
        if (pf_snapshot_load(f.model, path, &stats, &err) != PF_OK) {
            fail_msg("%s", err.text);
        }
        assert_true(stats.nodes != 0 && stats.namespaces != 0);
        assert_int_equal(pf_model_stats(f.model).nodes, stats.nodes);
        assert_true(strlen(stats.resource_version) != 0);
        model_fixture_check(&f);
        model_fixture_done(&f);
    }
}

static void write_pipe(int fd, const char *text)
{
    const size_t len = strlen(text);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
}

static void test_pipes(void **state)
{
    struct model_fixture *f = *state;
    static const struct {
        const char *text;
        enum pf_code code;
        const char *says;
    } rows[] = {
        {"  \n{\"kind\":\"NodeList\",\"items\":[" BARE_NODE "]}", PF_OK, ""},
        {"kind: NodeList\nitems:\n- metadata: {name: n2}\n", PF_OK, ""},
        {"{\"items\":[" BARE_NODE "],\"kind\":\"NodeList\"}", PF_E_UNSUPPORTED,
         "kind of a list must stand before its items: a pipe cannot be read twice"},
        {"items:\n- metadata: {name: n2}\nkind: NodeList\n", PF_E_UNSUPPORTED,
         "a pipe cannot be read twice"},
        {"", PF_E_INVALID, "'stdin': it is empty"},
    };
    const int saved = dup(STDIN_FILENO);
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        int fds[2] = {-1, -1};
        struct pf_snapshot_stats stats = {0};
        struct pf_err err = {0};
        assert_int_equal(pipe(fds), 0);
        write_pipe(fds[1], rows[i].text);
        (void)close(fds[1]);
        assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
        (void)close(fds[0]);
        const enum pf_code code = pf_snapshot_load(f->model, "-", &stats, &err);
        if (code != rows[i].code || strstr(err.text, rows[i].says) == NULL) {
            fail_msg("%s: %d %s", rows[i].text, code, err.text);
        }
    }
    assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    (void)close(saved);
    assert_int_equal(pf_model_stats(f->model).nodes, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test_setup_teardown(test_long_list, model_fixture_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_item_limit, model_fixture_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_files, model_fixture_setup, model_fixture_teardown),
        cmocka_unit_test(test_recorded),
        cmocka_unit_test_setup_teardown(test_pipes, model_fixture_setup, model_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include <podfit/mem.h>
#include <podfit/pools.h>
#include <podfit/snapshot.h>

#define NODE(name, extra, spec, amounts)                                \
    "- {apiVersion: v1, kind: Node, metadata: {name: " name             \
    ", labels: {kubernetes.io/hostname: " name extra "}}, spec: {" spec \
    "}, status: {allocatable: {" amounts "}}}\n"
#define AMOUNTS            "cpu: 1500m, memory: 1Gi, ephemeral-storage: 2Gi, pods: 10"
#define TAINT(key, effect) "taints: [{key: " key ", value: projects, effect: " effect "}]"

static const char world[] =
    "apiVersion: v1\nkind: List\nitems:\n" /* two of a pool, one of them cordoned */
    NODE("a", ", pool: projects", TAINT("use", "NoSchedule"), AMOUNTS ", example.com/gpu: 2")
        NODE("b", ", pool: projects", "unschedulable: true", AMOUNTS)
    /* of another pool, and three that take nothing or would rather not */
    NODE("c", ", pool: web", "", "cpu: 4, memory: 4Gi, pods: 20, hugepages-2Mi: 6Mi") NODE(
        "d", "", TAINT("node.kubernetes.io/not-ready", "NoExecute"), AMOUNTS)
        NODE("e", "", TAINT("node.kubernetes.io/odd", "PreferNoSchedule"), AMOUNTS) NODE(
            "f", "", TAINT("use", "NoExecute"),
            AMOUNTS) "- {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: web, uid: u}, spec: {nodeName: a, "
                     "containers: [{name: c, image: i, resources: {requests: {cpu: 250m, memory: 1Mi, "
                     "example.com/gpu: 1}, limits: {example.com/gpu: 1}}}]}}\n";

static struct pf_model *model_of(const char *yaml)
{
    const struct pf_model_options options = {.features =
                                                 pf_kube_features_default(PF_KUBE_MINOR_NEWEST),
                                             .clock = pf_clock_system(),
                                             .reservation_ttl_ms = 15000,
                                             .reservations_max = 100};
    struct pf_model *model = NULL;
    struct pf_err err = {0};
    struct pf_snapshot_stats stats = {.nodes = 0};
    assert_int_equal(pf_model_new(&options, &model, NULL), PF_OK);
    if (pf_snapshot_load_bytes(model, pf_sv_from(yaml), "world", &stats, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    return model;
}

struct row {
    const char *name;
    const char *selector[2][2]; /* key, value; in order of the keys */
    const char *taint[3];       /* key, value, effect */
    const char *lines;          /* samples, in order */
};

#define EMPTY                                                                               \
    "podfit_pool_nodes{class=\"x\",state=\"usable\"} 0\n"                                   \
    "podfit_pool_nodes{class=\"x\",state=\"unusable\"} 0\n"                                 \
    "podfit_pool_allocatable{class=\"x\",resource=\"cpu\",unit=\"core\"} 0.000000000\n"     \
    "podfit_pool_allocatable{class=\"x\",resource=\"memory\",unit=\"byte\"} 0\n"            \
    "podfit_pool_allocatable{class=\"x\",resource=\"ephemeral-storage\",unit=\"byte\"} 0\n" \
    "podfit_pool_allocatable{class=\"x\",resource=\"pods\",unit=\"integer\"} 0\n"           \
    "podfit_pool_requested{class=\"x\",resource=\"cpu\",unit=\"core\"} 0.000000000\n"       \
    "podfit_pool_requested{class=\"x\",resource=\"memory\",unit=\"byte\"} 0\n"              \
    "podfit_pool_requested{class=\"x\",resource=\"ephemeral-storage\",unit=\"byte\"} 0\n"   \
    "podfit_pool_requested{class=\"x\",resource=\"pods\",unit=\"integer\"} 0\n"

static const struct row rows[] = {
    {"by label: the cordoned node's room is none",
     {{"pool", "projects"}},
     {"not", "asked", "for"},
     "podfit_pool_nodes{class=\"x\",state=\"usable\"} 1\n"
     "podfit_pool_nodes{class=\"x\",state=\"unusable\"} 1\n"
     "podfit_pool_allocatable{class=\"x\",resource=\"cpu\",unit=\"core\"} 1.500000000\n"
     "podfit_pool_allocatable{class=\"x\",resource=\"memory\",unit=\"byte\"} 1073741824\n"
     "podfit_pool_allocatable{class=\"x\",resource=\"ephemeral-storage\",unit=\"byte\"} "
     "2147483648\n"
     "podfit_pool_allocatable{class=\"x\",resource=\"pods\",unit=\"integer\"} 10\n"
     "podfit_pool_allocatable{class=\"x\",resource=\"example.com/gpu\",unit=\"integer\"} 2\n"
     "podfit_pool_requested{class=\"x\",resource=\"cpu\",unit=\"core\"} 0.250000000\n"
     "podfit_pool_requested{class=\"x\",resource=\"memory\",unit=\"byte\"} 1048576\n"
     "podfit_pool_requested{class=\"x\",resource=\"ephemeral-storage\",unit=\"byte\"} 0\n"
     "podfit_pool_requested{class=\"x\",resource=\"pods\",unit=\"integer\"} 1\n"
     "podfit_pool_requested{class=\"x\",resource=\"example.com/gpu\",unit=\"integer\"} 1\n"},
    {"by taint: key, value and effect",
     {{0}},
     {"use", "projects", "NoExecute"},
     "podfit_pool_nodes{class=\"x\",state=\"usable\"} 1\n"
     "podfit_pool_nodes{class=\"x\",state=\"unusable\"} 0\n"
     "podfit_pool_allocatable{class=\"x\",resource=\"cpu\",unit=\"core\"} 1.500000000\n"
     "podfit_pool_allocatable{class=\"x\",resource=\"memory\",unit=\"byte\"} 1073741824\n"
     "podfit_pool_allocatable{class=\"x\",resource=\"ephemeral-storage\",unit=\"byte\"} "
     "2147483648\n"
     "podfit_pool_allocatable{class=\"x\",resource=\"pods\",unit=\"integer\"} 10\n"
     "podfit_pool_requested{class=\"x\",resource=\"cpu\",unit=\"core\"} 0.000000000\n"
     "podfit_pool_requested{class=\"x\",resource=\"memory\",unit=\"byte\"} 0\n"
     "podfit_pool_requested{class=\"x\",resource=\"ephemeral-storage\",unit=\"byte\"} 0\n"
     "podfit_pool_requested{class=\"x\",resource=\"pods\",unit=\"integer\"} 0\n"},
    {"by the node's own name",
     {{"kubernetes.io/hostname", "c"}},
     {0},
     "podfit_pool_nodes{class=\"x\",state=\"usable\"} 1\n"
     "podfit_pool_nodes{class=\"x\",state=\"unusable\"} 0\n"
     "podfit_pool_allocatable{class=\"x\",resource=\"cpu\",unit=\"core\"} 4.000000000\n"
     "podfit_pool_allocatable{class=\"x\",resource=\"memory\",unit=\"byte\"} 4294967296\n"
     "podfit_pool_allocatable{class=\"x\",resource=\"ephemeral-storage\",unit=\"byte\"} 0\n"
     "podfit_pool_allocatable{class=\"x\",resource=\"pods\",unit=\"integer\"} 20\n"
     "podfit_pool_allocatable{class=\"x\",resource=\"hugepages-2Mi\",unit=\"byte\"} 6291456\n"
     "podfit_pool_requested{class=\"x\",resource=\"cpu\",unit=\"core\"} 0.000000000\n"
     "podfit_pool_requested{class=\"x\",resource=\"memory\",unit=\"byte\"} 0\n"
     "podfit_pool_requested{class=\"x\",resource=\"ephemeral-storage\",unit=\"byte\"} 0\n"
     "podfit_pool_requested{class=\"x\",resource=\"pods\",unit=\"integer\"} 0\n"
     "podfit_pool_requested{class=\"x\",resource=\"hugepages-2Mi\",unit=\"byte\"} 0\n"},
    {"two labels that no node has both",
     {{"kubernetes.io/hostname", "a"}, {"pool", "web"}},
     {0},
     EMPTY},
    {"a label nobody has", {{"nobody", "has this"}}, {0}, EMPTY},
};

/* The samples of a text, without HELP and TYPE. */
static void samples(const struct pf_buf *text, struct pf_buf *out)
{
    struct pf_sv rest = pf_buf_view(text);
    while (rest.len != 0) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        const size_t len = end != NULL ? (size_t)(end - rest.ptr) + 1 : rest.len;
        if (rest.ptr[0] != '#') {
            pf_buf_append(out, rest.ptr, len);
        }
        rest = (struct pf_sv){rest.ptr + len, rest.len - len};
    }
}

/* @param labels  room for two */
static struct pf_class class_of(const struct row *row, struct pf_label labels[2])
{
    struct pf_class rules = {.name = PF_SV("x"), .has_pool = true, .pool_selector = {labels, 0}};
    for (size_t i = 0; i < 2 && row->selector[i][0] != NULL; i++) {
        labels[i] =
            (struct pf_label){pf_sv_from(row->selector[i][0]), pf_sv_from(row->selector[i][1])};
        rules.pool_selector.count++;
    }
    if (row->taint[0] != NULL) {
        rules.pool_taint = (struct pf_taint){pf_sv_from(row->taint[0]), pf_sv_from(row->taint[1]),
                                             pf_sv_from(row->taint[2])};
    }
    return rules;
}

static void each_row(void **state)
{
    (void)state;
    struct pf_model *model = model_of(world);
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_label labels[2] = {{.key = {0}}};
        const struct pf_class rules = class_of(&rows[i], labels);
        pf_autobuf struct pf_buf text = {0};
        pf_autobuf struct pf_buf got = {0};
        pf_buf_init(&text, 65536);
        pf_buf_init(&got, 65536);
        assert_int_equal(pf_pools_write(model, &rules, 1, &text, NULL), PF_OK);
        samples(&text, &got);
        if (!pf_sv_eq_cstr(pf_buf_view(&got), rows[i].lines)) {
            fail_msg("%s:\n%.*s", rows[i].name, PF_SV_ARG(pf_buf_view(&got)));
        }
    }
    pf_model_free(model);
}

static bool has(const struct pf_buf *text, const char *line)
{
    return memmem(text->data, text->len, line, strlen(line)) != NULL;
}

/* A class without a pool has every node; more classes than bits, more resources than places. */
static void limits(void **state)
{
    (void)state;
    struct pf_model *model = model_of("apiVersion: v1\nkind: List\nitems:\n" NODE(
        "a", "", "",
        "pods: 9223372036854775807, cpu: 9007199254740992, x/0: 1, x/1: 1, "
        "x/2: 1, x/3: 1, x/4: 1, x/5: 1, x/6: 1, x/7: 1, x/8: 1, x/9: 1, "
        "x/a: 1, x/b: 1, x/c: 1, x/d: 1, x/e: 1, x/f: 1, x/g: 1")
                                          NODE("b", "", "", "pods: 9223372036854775807"));
    const size_t count = PF_POOLS_CLASSES_MAX + 1;
    pf_autofree struct pf_class *rules = pf_mem_calloc(count, sizeof(*rules));
    assert_non_null(rules);
    for (size_t i = 0; i < count; i++) {
        rules[i].name = PF_SV("same");
    }
    rules[PF_POOLS_CLASSES_MAX - 1].name = PF_SV("last");
    rules[PF_POOLS_CLASSES_MAX].name = PF_SV("over");
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, 1 << 20);
    assert_int_equal(pf_pools_write(model, rules, count, &text, NULL), PF_OK);
    assert_true(has(&text, "podfit_pool_nodes{class=\"last\",state=\"usable\"} 2\n"));
    assert_false(has(&text, "\"over\""));
    assert_true(has(&text, "class=\"last\",resource=\"x/f\",unit=\"integer\"} 1\n"));
    assert_false(has(&text, "\"x/g\""));
    assert_true(has(&text, "podfit_pool_allocatable{class=\"last\",resource=\"pods\","
                           "unit=\"integer\"} 9223372036854775807\n"));
    assert_true(has(&text, "podfit_pool_allocatable{class=\"last\",resource=\"cpu\","
                           "unit=\"core\"} 9223372036.85"));
    pf_model_free(model);
}

/* Whichever allocation fails, nothing is written, and the next call answers. */
static void memory(void **state)
{
    (void)state;
    struct pf_model *model = model_of(world);
    const struct pf_class rules = {.name = PF_SV("x")};
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, 65536);
    pf_buf_append_char(&text, 'x'); /* its memory is there */
    for (long n = 0; n < 4; n++) {
        struct pf_err err = {0};
        fail_alloc_after(n);
        const enum pf_code code = pf_pools_write(model, &rules, 1, &text, &err);
        fail_alloc_after(-1);
        assert_int_equal(code, PF_E_NO_MEMORY);
        assert_string_equal(err.text, "out of memory for pools");
        assert_int_equal(text.len, 1);
    }
    assert_int_equal(pf_pools_write(model, &rules, 1, &text, NULL), PF_OK);
    pf_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row),
        cmocka_unit_test(limits),
        cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

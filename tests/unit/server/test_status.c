#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/headroom.h>
#include <podfit/nodemap.h>
#include <podfit/snapshot.h>

/* Three nodes of one pool and one that is alone; the third of the pool is cordoned. */
static const char cluster[] =
    "apiVersion: v1\nkind: List\nitems:\n"
    "- {kind: Node, metadata: {name: b, labels: {pool: p}}, status: {allocatable: {cpu: 2, memory: 4Gi, pods: 10}}}\n"
    "- {kind: Node, metadata: {name: a, labels: {pool: p}}, status: {allocatable: {cpu: 2, memory: 4Gi, pods: 10}}}\n"
    "- {kind: Node, metadata: {name: c, labels: {pool: p}}, spec: {unschedulable: true}, status: {allocatable: {cpu: 2, memory: 4Gi, pods: 10}}}\n"
    "- {kind: Node, metadata: {name: lone}, spec: {taints: [{key: k, value: v, effect: NoSchedule}, {key: node.kubernetes.io/not-ready, effect: NoExecute}]}, "
    "status: {allocatable: {cpu: 1, memory: 1Gi, pods: 10}}}\n"
    "- {kind: Pod, metadata: {name: pod, namespace: ns, uid: u1}, spec: {nodeName: a, containers: [{name: c, resources: {requests: {cpu: 1900m, memory: 1Gi}}}]}, "
    "status: {phase: Running}}\n";

static const char classes[] =
    "apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses:\n"
    "- name: small\n  match: {namespaces: [s]}\n  defaultQuotas: {mem: 1024, mem_oc: 1, cpu: 1, cpu_oc: 2}\n"
    "  requests: replace\n  pool: {nodeSelector: {pool: p}}\n"
    "- name: huge\n  match: {namespaces: [h]}\n  defaultQuotas: {mem: 16000, mem_oc: 1, cpu: 1, cpu_oc: 1}\n"
    "  maxUpgrades: {memory: 16000, memory_request: 16000}\n  requests: replace\n"
    "- name: kept\n  match: {namespaces: [k]}\n  requests: keep\n";

struct world {
    struct pf_model *model;
    struct pf_config *config;
    struct pf_recent *recent;
    struct pf_clock clock;
    int64_t now_ns;
};

static int64_t now(void *opaque)
{
    return ((const struct world *)opaque)->now_ns;
}

static int setup(void **state)
{
    static struct world world;
    world = (struct world){.now_ns = 1000000000};
    world.clock = (struct pf_clock){.mono_ns = now, .wall_ns = now, .opaque = &world};
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 1 << 20);
    struct pf_problems *problems = pf_arena_calloc(&arena, 1, sizeof(*problems));
    if (problems == NULL) {
        return -1;
    }
    pf_problems_init(problems, &arena, "test");
    if (pf_config_parse(pf_sv_from(classes), "test", problems, &world.config) != PF_OK) {
        print_error("%s\n", problems->items[0].text);
        return -1;
    }
    const struct pf_model_options options = {.features = world.config->fit.features,
                                             .clock = &world.clock};
    struct pf_snapshot_stats stats = {0};
    struct pf_err err = {0};
    if (pf_model_new(&options, &world.model, &err) != PF_OK ||
        pf_snapshot_load_bytes(world.model, pf_sv_from(cluster), "test", &stats, &err) != PF_OK ||
        pf_recent_new(&world.clock, &world.recent, &err) != PF_OK) {
        print_error("%s\n", err.text);
        return -1;
    }
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    pf_recent_free(world->recent);
    pf_model_free(world->model);
    pf_config_unref(world->config);
    return 0;
}

static void percents(void **state)
{
    (void)state;
    static const struct {
        struct pf_nodemap_amount amount;
        unsigned wanted;
    } rows[] = {
        {{.allocatable = 0, .used = 0}, 0},
        {{.allocatable = 0, .used = 1}, 100},
        {{.allocatable = 3, .used = 1}, 33},
        {{.allocatable = 100, .used = 99}, 99},
        {{.allocatable = 100, .used = 500}, 100},
        {{.allocatable = 100, .used = -5}, 0},
        {{.allocatable = INT64_MAX, .used = INT64_MAX / 2}, 49},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(pf_nodemap_percent(&rows[i].amount), rows[i].wanted);
    }
}

static void map(void **state)
{
    struct world *world = *state;
    struct pf_nodemap nodes = {.node_count = 0};
    assert_int_equal(pf_nodemap_take(world->model, world->config, &nodes, NULL), PF_OK);
    assert_int_equal(nodes.pool_count, 2);
    assert_int_equal(nodes.node_count, 4);
    assert_int_equal(nodes.left_out, 0);
    assert_null(pf_nodemap_find(&nodes, PF_SV("none")));
    const struct pf_nodemap_pool *pool = pf_nodemap_find(&nodes, PF_SV("pool=p"));
    assert_non_null(pool);
    assert_int_equal(pool->nodes, 3);
    assert_int_equal(pool->cordoned, 1);
    assert_int_equal(pool->cpu.allocatable, 6000);
    assert_int_equal(pool->cpu.used, 1900);
    assert_int_equal(pool->taint_count, 0);
    assert_int_equal(pool->steps[9], 1);
    assert_int_equal(pool->steps[0], 2);
    const struct pf_nodemap_node *first = &nodes.nodes[pool->first];
    assert_true(pf_sv_eq_cstr(first->name, "a"));
    assert_int_equal(first->fullness, 95);
    assert_string_equal(first->fullest, "cpu");
    const struct pf_nodemap_pool *other = pf_nodemap_find(&nodes, PF_SV("other"));
    assert_non_null(other);
    const struct pf_nodemap_node *lone = &nodes.nodes[other->first];
    assert_true(lone->broken);
    assert_int_equal(other->taint_count, 2);
    assert_true(pf_nodemap_is_common(other, PF_SV("k=v:NoSchedule")));
    assert_false(pf_nodemap_is_common(other, PF_SV("k=v")));
    assert_int_equal(lone->taint_count, 2);
    assert_true(pf_sv_eq_cstr(lone->taints[0], "k=v:NoSchedule"));
    assert_true(pf_sv_eq_cstr(lone->taints[1], "node.kubernetes.io/not-ready:NoExecute"));
    pf_nodemap_done(&nodes);
    pf_nodemap_done(&nodes);
}

static void headroom(void **state)
{
    struct world *world = *state;
    const struct pf_headroom_options options = {
        .model = world->model, .recent = world->recent, .clock = &world->clock};
    struct pf_headroom *headroom = NULL;
    assert_int_equal(pf_headroom_new(&options, &headroom, NULL), PF_OK);
    struct pf_headroom_view view = pf_headroom_look(headroom, world->config);
    assert_int_equal(view.count, 3);
    /* half a core and 1 GiB: none on a (0.1 of a core left), four on b, c is cordoned */
    assert_string_equal(view.classes[0].name, "small");
    assert_true(view.classes[0].known);
    assert_int_equal(view.classes[0].milli_cpu, 500);
    assert_int_equal(view.classes[0].projects, 4);
    assert_int_equal(view.classes[0].nodes, 1);
    assert_int_equal(view.classes[0].constraint_count, 3);
    assert_int_equal(view.classes[1].projects, 0);
    assert_int_equal(view.classes[1].verdict, PF_VERDICT_NEVER);
    assert_string_equal(view.classes[1].binding, "memory");
    assert_false(view.classes[2].known);
    assert_true(view.classes[2].cause[0] != '\0');
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 4096);
    pf_headroom_metrics(&view, &buf);
    assert_non_null(strstr(buf.data, "\npodfit_class_headroom_pods{class=\"small\"} 4\n"));
    assert_non_null(strstr(
        buf.data, "\npodfit_class_headroom_binding{class=\"huge\",constraint=\"memory\"} 1\n"));
    assert_null(strstr(buf.data, "kept"));
    pf_headroom_free(headroom);
}

/* Whoever asks how often, it is counted once in five seconds; a class without quota is counted in its latest pod. */
static void counted_seldom(void **state)
{
    struct world *world = *state;
    const struct pf_headroom_options options = {
        .model = world->model, .recent = world->recent, .clock = &world->clock};
    struct pf_headroom *headroom = NULL;
    assert_int_equal(pf_headroom_new(&options, &headroom, NULL), PF_OK);
    (void)pf_headroom_look(headroom, world->config);
    const struct pf_decision decision = {
        .covered = true,
        .class_name = PF_SV("kept"),
        .judgement = {.verdict = PF_VERDICT_FITS, .request = {.milli_cpu = 2000, .memory = 1}}};
    pf_recent_put(world->recent, &decision, 0);
    world->now_ns += (PF_HEADROOM_EVERY_MS - 1) * INT64_C(1000000);
    struct pf_headroom_view view = pf_headroom_look(headroom, world->config);
    assert_false(view.classes[2].known);
    assert_int_equal(view.counted_ms, PF_HEADROOM_EVERY_MS - 1);
    world->now_ns += 1000000;
    view = pf_headroom_look(headroom, world->config);
    assert_true(view.classes[2].known);
    assert_true(view.classes[2].from_latest);
    assert_int_equal(view.classes[2].projects,
                     1); /* b alone is empty and neither cordoned nor tainted */
    assert_int_equal(view.counted_ms, 0);
    pf_headroom_free(headroom);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percents),
        cmocka_unit_test_setup_teardown(map, setup, teardown),
        cmocka_unit_test_setup_teardown(headroom, setup, teardown),
        cmocka_unit_test_setup_teardown(counted_seldom, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "status_world.h"

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
    struct status_world *world = *state;
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
    struct status_world *world = *state;
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
    struct status_world *world = *state;
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
        cmocka_unit_test_setup_teardown(map, status_world_setup, status_world_teardown),
        cmocka_unit_test_setup_teardown(headroom, status_world_setup, status_world_teardown),
        cmocka_unit_test_setup_teardown(counted_seldom, status_world_setup, status_world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

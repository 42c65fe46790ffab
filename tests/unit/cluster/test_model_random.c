#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "random_pod.h"
#include "random_world.h"

/*
 * Random events against a second, naive model that keeps objects only and adds everything up anew each time. Both must agree, and the checker with both:
 * after every event in small models, now and then in large ones.
 */

static void run(uint32_t nodes, uint32_t pods, uint32_t events, uint32_t check_each)
{
    static struct random_world world;
    static void (*const table[])(struct random_world *) = {
        random_world_apply_pod,       random_world_apply_pod,   random_world_apply_pod,
        random_world_apply_pod,       random_world_apply_pod,   random_world_apply_pod,
        random_world_place,           random_world_place,       random_world_remove_pod,
        random_world_remove_pod,      random_world_reserve,     random_world_apply_node,
        random_world_apply_node,      random_world_remove_node, random_world_order,
        random_world_end_reservation, random_world_time,        random_world_object,
        random_world_object};
    struct model_fixture fixture;
    assert_true(model_fixture_init(&fixture));
    memset(&world, 0, sizeof(world));
    world.f = &fixture;
    world.random = 88172645463325252ULL + nodes;
    world.node_count = nodes;
    world.pod_count = pods;
    for (uint32_t i = 0; i < pods; i++) {
        world.pods[i].node = NOWHERE;
    }
    for (uint32_t i = 1; i <= events; i++) {
        table[random_world_draw(&world, PF_ARRAY_LEN(table))](&world);
        if (i % check_each == 0) {
            random_world_compare(&world);
        }
    }
    /* take everything out again: nothing may be left but the tables */
    for (uint32_t i = 0; i < pods; i++) {
        struct random_pod parts;
        random_pod_init(&parts, i, 0, 0);
        (void)pf_model_remove_pod(fixture.model, parts.pod.meta.namespace_, parts.pod.meta.name,
                                  PF_SV(""));
    }
    fixture.now_ns += 2 * TTL_NS;
    (void)pf_reservation_expire(fixture.model);
    for (uint32_t i = 0; i < nodes; i++) {
        char name[16];
        (void)pf_model_remove_node(fixture.model, random_node_name(i, name));
    }
    model_fixture_check(&fixture);
    assert_int_equal(pf_model_strings(fixture.model)->map.count, 1); /* the empty string */
    assert_int_equal(pf_model_stats(fixture.model).shapes, 0);
    model_fixture_done(&fixture);
}

static void test_small(void **state)
{
    (void)state;
    run(6, 40, 40000, 1);
}

static void test_tiny(void **state)
{
    (void)state;
    run(2, 4, 20000, 1);
}

static void test_large(void **state)
{
    (void)state;
    run(NODES_MAX, PODS_MAX, 40000, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiny),
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

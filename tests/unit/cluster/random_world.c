/* The naive model: what it makes of its objects, and that the other one agrees. */

#include "random_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "random_pod.h"
#include <podfit/residents.h>

uint32_t random_world_draw(struct random_world *w, uint32_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (uint32_t)((w->random >> 20) % below);
}

uint32_t random_world_slot(const struct random_world *w, uint32_t node)
{
    char name[16];
    (void)random_node_name(node, name);
    return model_fixture_slot(w->f, name);
}

struct sums {
    uint64_t milli_cpu;
    uint64_t memory;
    uint64_t gpus;
    uint32_t pods;
    uint32_t ports;
};

static void add(struct sums *sums, uint32_t node, unsigned request)
{
    if (node == NOWHERE) {
        return;
    }
    sums[node].milli_cpu += (uint64_t)random_requests[request].milli_cpu;
    sums[node].memory += (uint64_t)random_requests[request].memory;
    sums[node].gpus += (uint64_t)random_requests[request].gpus;
    sums[node].ports += random_requests[request].port != 0;
    sums[node].pods++;
}

static void compare_node(const struct random_world *w, uint32_t node, const struct sums *sums)
{
    char name[16];
    const uint32_t slot = random_world_slot(w, node);
    assert_int_equal(slot != PF_NODE_NONE, w->nodes[node].exists);
    if (slot == PF_NODE_NONE) {
        return;
    }
    const struct pf_columns *c = pf_model_columns(w->f->model);
    const struct pf_shape *shape = pf_model_shape(w->f->model, c->shape[slot]);
    const struct pf_node_extra *extra = c->extra[slot];
    const unsigned variant = w->nodes[node].variant;
    uint32_t ports = 0;
    for (size_t i = 0; extra != NULL && i < extra->port_count; i++) {
        ports += extra->ports[i].count;
    }
    (void)random_node_name(node, name);
    const int64_t gpus = model_fixture_scalar(w->f, name, "example.com/gpu");
    assert_int_equal(c->used_milli_cpu[slot], sums->milli_cpu);
    assert_int_equal((uint64_t)c->used_memory[slot], sums->memory);
    assert_int_equal(c->used_pods[slot], sums->pods);
    assert_int_equal(gpus == -1 ? 0 : gpus, sums->gpus);
    assert_int_equal(ports, sums->ports);
    assert_int_equal(shape->unschedulable, variant == 2);
    assert_int_equal(shape->taint_count, variant == 3);
    assert_int_equal(shape->label_count, 2);
}

/* Bound pods of a node with the sum of their priorities, and nominated ones. */
struct crowd {
    uint32_t pods;
    uint32_t nominated;
    int64_t priorities;
    int32_t lowest;
};

static void compare_crowd(const struct random_world *w, uint32_t node, const struct crowd *crowd)
{
    const uint32_t slot = random_world_slot(w, node);
    struct crowd found = {.lowest = INT32_MAX};
    struct pf_resident pod;
    const void *cursor = NULL;
    if (slot == PF_NODE_NONE) {
        return;
    }
    while (pf_model_residents_next(w->f->model, slot, PF_RESIDENT_BOUND, &cursor, &pod)) {
        found.pods++;
        found.priorities += pod.priority;
    }
    cursor = NULL;
    while (pf_model_residents_next(w->f->model, slot, PF_RESIDENT_NOMINATED, &cursor, &pod)) {
        found.nominated++;
    }
    assert_int_equal(found.pods, crowd->pods);
    assert_int_equal(found.priorities, crowd->priorities);
    assert_int_equal(found.nominated, crowd->nominated);
    assert_int_equal(pf_model_nominated(w->f->model, slot), crowd->nominated);
    assert_true(pf_model_lowest_on(w->f->model, slot) <= crowd->lowest);
}

static void compare_residents(const struct random_world *w)
{
    static struct crowd crowds[NODES_MAX];
    int32_t lowest = INT32_MAX;
    uint32_t nominated = 0;
    for (uint32_t i = 0; i < w->node_count; i++) {
        crowds[i] = (struct crowd){.lowest = INT32_MAX};
    }
    for (uint32_t i = 0; i < w->pod_count; i++) {
        const struct ref_pod *pod = &w->pods[i];
        if (pod->kind == REF_BOUND) {
            struct crowd *crowd = &crowds[pod->node];
            crowd->pods++;
            crowd->priorities += pod->priority;
            crowd->lowest = pod->priority < crowd->lowest ? pod->priority : crowd->lowest;
            lowest = pod->priority < lowest ? pod->priority : lowest;
        } else if (pod->kind == REF_PENDING && pod->nominated) {
            crowds[pod->node].nominated++;
            nominated++;
        }
    }
    assert_int_equal(pf_model_lowest_priority(w->f->model), lowest);
    assert_int_equal(pf_model_nominated_total(w->f->model), nominated);
    for (uint32_t i = 0; i < w->node_count; i++) {
        compare_crowd(w, i, &crowds[i]);
    }
}

void random_world_compare(const struct random_world *w)
{
    static struct sums sums[NODES_MAX];
    uint32_t pods = 0;
    uint32_t pending = 0;
    uint32_t held = 0;
    memset(sums, 0, sizeof(sums));
    for (uint32_t i = 0; i < w->pod_count; i++) {
        pods += w->pods[i].kind != REF_ABSENT;
        pending += w->pods[i].kind == REF_PENDING;
        add(sums, w->pods[i].nominated ? NOWHERE : w->pods[i].node, w->pods[i].request);
    }
    for (uint32_t i = 0; i < REVIEWS_MAX; i++) {
        if (w->reviews[i].held) {
            held++;
            add(sums, w->reviews[i].node, w->reviews[i].request);
        }
    }
    for (uint32_t i = 0; i < w->node_count; i++) {
        compare_node(w, i, &sums[i]);
    }
    const struct pf_model_stats stats = pf_model_stats(w->f->model);
    assert_int_equal(stats.pods, pods);
    assert_int_equal(stats.pods_pending, pending);
    assert_int_equal(stats.reservations, held);
    compare_residents(w);
    model_fixture_check(w->f);
}

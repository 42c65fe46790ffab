/* The dry run of preemption: a node judged as if pods had come and gone equals the judgement after they really did. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../../src/fit/engine.h"
#include "naive.h"
#include "world.h"

#define ROUNDS 4000

struct run {
    struct world world;
    struct naive naive;
    uint64_t random;
    unsigned faults[PF_TOPOLOGY_FAULTS];
};

static unsigned below(struct run *run, unsigned limit)
{
    run->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = run->random;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ z >> 31) % limit);
}

/* Selectors 2 and up are not empty: of those the two ways of counting agree. */
static struct naive_term draw_term(struct run *run)
{
    return (struct naive_term){.selector = 2 + below(run, NAIVE_SELECTORS - 2),
                               .key = below(run, NAIVE_KEYS),
                               .spaces = below(run, NAIVE_NAMESPACES)};
}

static struct naive_pod draw_pod(struct run *run, bool asks)
{
    struct naive_pod pod = {.exists = true,
                            .node = (int)below(run, NAIVE_NODES),
                            .space = below(run, NAIVE_SPACES),
                            .app = below(run, 4),
                            .tier = below(run, 3)};
    pod.anti_count = asks || below(run, 3) == 0 ? 1 : 0;
    pod.affinity_count = asks && below(run, 3) == 0 ? 1 : 0;
    pod.spread_count = asks ? below(run, 3) : 0;
    for (unsigned i = 0; i < NAIVE_TERMS_MAX; i++) {
        pod.affinity[i] = draw_term(run);
        pod.anti[i] = draw_term(run);
        pod.spreads[i] = (struct naive_spread){.term = draw_term(run),
                                               .max_skew = 1 + (int)below(run, 2),
                                               .min_domains = (int)below(run, 3)};
    }
    return pod;
}

static struct pf_sv print_pod(struct run *run, const struct naive_pod *pod, int name)
{
    pf_autobuf struct pf_buf out = {0};
    pf_buf_init(&out, (size_t)64 * 1024);
    pf_buf_append_cstr(&out, "{\"metadata\":{");
    if (name >= 0) {
        pf_buf_printf(&out, "\"name\":\"p%d\",", name);
    }
    naive_print_meta(pod, &out);
    pf_buf_append_cstr(&out, "},\"spec\":{");
    if (name >= 0) {
        pf_buf_printf(&out, "\"nodeName\":\"n%d\",", pod->node);
    }
    naive_print_spec(pod, &out);
    pf_buf_append_cstr(&out, "\"containers\":[{\"name\":\"c\"}]}}");
    struct pf_sv text = {0};
    assert_true(pf_arena_dup_sv(&run->world.arena, pf_buf_view(&out), &text));
    return text;
}

static void fill(struct run *run)
{
    for (unsigned i = 0; i < NAIVE_SPACES; i++) {
        pf_autobuf struct pf_buf out = {0};
        pf_buf_init(&out, 1024);
        run->naive.teams[i] = i;
        naive_print_namespace(&run->naive, i, &out);
        world_namespace(&run->world, pf_buf_view(&out));
    }
    for (int i = 0; i < NAIVE_NODES; i++) {
        pf_autobuf struct pf_buf out = {0};
        pf_buf_init(&out, 4096);
        struct naive_node *node = &run->naive.nodes[i];
        *node = (struct naive_node){.exists = true,
                                    .values = {i, below(run, 8) == 0 ? -1 : (int)below(run, 3),
                                               below(run, 6) == 0 ? -1 : (int)below(run, 4)}};
        naive_print_node(node, i, &out);
        world_node(&run->world, pf_buf_view(&out));
    }
}

static uint32_t slot_of(const struct run *run, int node)
{
    const struct pf_columns *columns = pf_model_columns(run->world.model);
    char name[16];
    (void)snprintf(name, sizeof(name), "n%d", node);
    for (uint32_t i = 0; i < columns->count; i++) {
        if (columns->shape[i] != PF_SHAPE_NONE &&
            pf_sv_eq_cstr(pf_intern_text(pf_model_strings(run->world.model), columns->name[i]),
                          name)) {
            return i;
        }
    }
    fail();
    return PF_NODE_NONE;
}

static struct pf_sv space_of(struct run *run, int pod)
{
    return pf_sv_from(pf_arena_printf(&run->world.arena, "ns%u", run->naive.pods[pod].space));
}

static struct pf_sv name_of(struct run *run, int pod)
{
    return pf_sv_from(pf_arena_printf(&run->world.arena, "p%d", pod));
}

static void put_pod(struct run *run, int number)
{
    if (run->naive.pods[number].exists) {
        assert_true(pf_model_remove_pod(run->world.model, space_of(run, number),
                                        name_of(run, number), PF_SV("")));
    }
    run->naive.pods[number] = draw_pod(run, false);
    world_pod(&run->world, print_pod(run, &run->naive.pods[number], number));
}

/* The fault of a node by its explanation. */
static enum pf_topology_fault fault_of(const struct naive_answer *answer)
{
    static const struct {
        const char *part;
        enum pf_topology_fault fault;
    } rows[] = {{"missing required label", PF_TOPOLOGY_SPREAD_LABEL},
                {"spread constraints", PF_TOPOLOGY_SPREAD_SKEW},
                {"pod affinity rules", PF_TOPOLOGY_AFFINITY},
                {"match pod anti-affinity rules", PF_TOPOLOGY_ANTI_AFFINITY},
                {"existing pods", PF_TOPOLOGY_EXISTING}};
    for (size_t i = 0; answer->plugin != NULL && i < PF_ARRAY_LEN(rows); i++) {
        if (strstr(answer->reason, rows[i].part) != NULL) {
            return rows[i].fault;
        }
    }
    assert_null(answer->plugin);
    return PF_TOPOLOGY_PASSES;
}

/* What has changed on one node. */
struct plan {
    struct naive after;
    struct pf_topology_change changes[NAIVE_PODS + 1];
    size_t count;
};

/* A pod of any node comes; the entry of one that was taken away is used for it. */
static void add_copy(struct plan *plan, const struct naive_pod *pod, int node, uint32_t group)
{
    for (int i = 0; i < NAIVE_PODS; i++) {
        if (!plan->after.pods[i].exists) {
            plan->after.pods[i] = *pod;
            plan->after.pods[i].node = node;
            plan->changes[plan->count++] = (struct pf_topology_change){.group = group, .pods = 1};
            return;
        }
    }
}

/* Some pods of the node go, and a copy of one comes. */
static void make_plan(struct run *run, int node, struct plan *plan)
{
    const int moved = (int)below(run, NAIVE_PODS);
    *plan = (struct plan){.after = run->naive};
    for (int i = 0; i < NAIVE_PODS; i++) {
        const uint32_t group =
            pf_model_group_of_pod(run->world.model, space_of(run, i), name_of(run, i));
        assert_true(group != PF_GROUP_NONE);
        if (run->naive.pods[i].node == node && below(run, 2) == 0) {
            plan->changes[plan->count++] = (struct pf_topology_change){.group = group, .pods = -1};
            plan->after.pods[i].exists = false;
        } else if (i == moved) {
            add_copy(plan, &run->naive.pods[i], node, group);
        }
    }
}

static void compare(struct run *run)
{
    const struct naive_pod asked = draw_pod(run, true);
    const struct pf_pod pod = world_incoming(&run->world, print_pod(run, &asked, -1));
    const int node = (int)below(run, NAIVE_NODES);
    struct plan plan;
    make_plan(run, node, &plan);
    pf_autoanswer struct pf_answer answer = {.outcomes = NULL};
    assert_int_equal(
        pf_answer_find(run->world.fit, &pod, PF_ANSWER_CACHED, &run->world.arena, &answer, NULL),
        PF_OK);
    assert_non_null(answer.topology);
    enum pf_topology_fault fault = PF_TOPOLOGY_FAULTS;
    assert_int_equal(pf_topology_check_changed(answer.topology, &answer.input, slot_of(run, node),
                                               plan.changes, plan.count, &fault),
                     PF_OK);
    const struct naive_answer wanted = naive_ask(&plan.after, &asked, node);
    assert_int_equal(fault, fault_of(&wanted));
    run->faults[fault]++;
}

static void test_dry_run(void **state)
{
    (void)state;
    struct run run = {.random = 5, .naive = {.minor = 36}};
    world_init(&run.world, 36, NULL);
    fill(&run);
    for (int i = 0; i < NAIVE_PODS; i++) {
        put_pod(&run, i);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        pf_arena_reset(&run.world.arena);
        put_pod(&run, (int)below(&run, NAIVE_PODS));
        compare(&run);
    }
    for (unsigned i = 0; i < PF_TOPOLOGY_FAULTS; i++) {
        print_message("fault %u: %u times\n", i, run.faults[i]);
        assert_true(run.faults[i] > 20);
    }
    world_done(&run.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_dry_run)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

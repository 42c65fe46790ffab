/*
 * Random clusters with random events: what the engine remembers always equals asking every node, however small its memory is, and
 * a fresh engine says the same.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"
#include <podfit/buf.h>
#include <podfit/columns.h>

#define NODE_NAMES   14
#define POD_NAMES    24
#define REVIEWS      20
#define MODEL_CHECKS 2000 /* steps between two runs of the model's own checker */
#define FRESH_CHECKS 97   /* steps between two comparisons with a new engine */

struct random {
    uint64_t state;
};

/* splitmix64 */
static uint64_t next(struct random *random)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random->state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static unsigned below(struct random *random, unsigned limit)
{
    return (unsigned)(next(random) % limit);
}

static const char *pick(struct random *random, const char *const *texts, size_t count)
{
    return texts[below(random, (unsigned)count)];
}

#define PICK(random, table) pick((random), (table), PF_ARRAY_LEN(table))

static const char *const cpus[] = {"0", "100m", "1", "2", "4", "8"};
static const char *const memories[] = {"0", "64Mi", "1Gi", "2Gi", "4Gi", "16Gi"};

static const char *taints_of(struct world *world, struct random *random)
{
    static const char *const taints[] = {
        "",
        "",
        "",
        "{\"key\":\"dedicated\",\"value\":\"a\",\"effect\":\"NoSchedule\"}",
        "{\"key\":\"dedicated\",\"value\":\"b\",\"effect\":\"NoExecute\"}",
        "{\"key\":\"node.kubernetes.io/not-ready\",\"effect\":\"NoSchedule\"}",
        "{\"key\":\"soft\",\"effect\":\"PreferNoSchedule\"}",
    };
    if (below(random, 12) == 0) {
        /* as an autoscaler does: each value another one */
        return pf_arena_printf(
            &world->arena, "{\"key\":\"ToBeDeleted\",\"value\":\"%u\",\"effect\":\"NoSchedule\"}",
            below(random, 100000));
    }
    return PICK(random, taints);
}

static void apply_node(struct world *world, struct random *random)
{
    static const char *const zones[] = {"a", "b", "c"};
    static const char *const pod_limits[] = {"0", "3", "10", "110"};
    static const char *const node_cpus[] = {"0", "2", "8", "16", "32"};
    static const char *const node_memories[] = {"0", "4Gi", "16Gi", "64Gi"};
    static const char *const gpus[] = {"0", "1", "4"};
    const unsigned name = below(random, NODE_NAMES);
    world_node(
        world,
        pf_sv_from(pf_arena_printf(
            &world->arena,
            "{\"metadata\":{\"name\":\"n%u\",\"labels\":{\"kubernetes.io/hostname\":\"n%u\","
            "\"zone\":\"%s\",\"rank\":\"%u\"}},\"spec\":{\"unschedulable\":%s,\"taints\":[%s]},"
            "\"status\":{\"allocatable\":{\"cpu\":\"%s\",\"memory\":\"%s\",\"pods\":\"%s\","
            "\"example.com/gpu\":\"%s\"},\"images\":[{\"names\":[\"i:%u\"],\"sizeBytes\":"
            "800000000}]}}",
            name, name, PICK(random, zones), below(random, 3),
            below(random, 5) == 0 ? "true" : "false", taints_of(world, random),
            PICK(random, node_cpus), PICK(random, node_memories), PICK(random, pod_limits),
            PICK(random, gpus), below(random, 3))));
}

static const char *placement_of(struct world *world, struct random *random)
{
    switch (below(random, 8)) {
    case 0:
        return "";
    case 1:
        return "\"schedulingGates\":[{\"name\":\"wait\"}],";
    default:
        return pf_arena_printf(&world->arena, "\"nodeName\":\"n%u\",", below(random, NODE_NAMES));
    }
}

/* The parts that filters read, from few values, so that questions come again. */
static const char *spec_of(struct world *world, struct random *random)
{
    static const char *const parts[] = {
        "",
        "",
        "\"tolerations\":[{\"operator\":\"Exists\"}],",
        "\"affinity\":{\"nodeAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{"
        "\"weight\":3,\"preference\":{\"matchExpressions\":[{\"key\":\"zone\",\"operator\":"
        "\"In\",\"values\":[\"a\"]}]}}]},\"podAntiAffinity\":{"
        "\"preferredDuringSchedulingIgnoredDuringExecution\":[{\"weight\":9,\"podAffinityTerm\":{"
        "\"topologyKey\":\"zone\",\"labelSelector\":{}}}]}},",
        "\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":\"rank\","
        "\"whenUnsatisfiable\":\"ScheduleAnyway\",\"labelSelector\":{\"matchExpressions\":[{"
        "\"key\":\"none\",\"operator\":\"DoesNotExist\"}]}}],",
        "\"tolerations\":[{\"key\":\"dedicated\",\"value\":\"a\"}],",
        "\"nodeSelector\":{\"zone\":\"a\"},",
        "\"nodeSelector\":{\"kubernetes.io/hostname\":\"n3\"},",
        "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":"
        "{\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"rank\",\"operator\":\"Gt\","
        "\"values\":[\"0\"]}]},{\"matchExpressions\":[{\"key\":\"zone\",\"operator\":\"NotIn\","
        "\"values\":[\"a\",\"b\"]}]}]}}},",
        "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":"
        "{\"nodeSelectorTerms\":[{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"In\","
        "\"values\":[\"n5\"]}]}]}}},",
        "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":"
        "{\"nodeSelectorTerms\":[{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":"
        "\"NotIn\",\"values\":[\"n5\"]}]}]}}},",
    };
    static const char *const port_lists[] = {
        "",
        "",
        "",
        "\"ports\":[{\"containerPort\":80,\"hostPort\":80}],",
        "\"ports\":[{\"containerPort\":80,\"hostPort\":80,\"hostIP\":\"10.0.0.1\"}],",
    };
    static const char *const gpus[] = {"", "", ",\"example.com/gpu\":\"1\""};
    const char *part = PICK(random, parts);
    const char *ports = PICK(random, port_lists);
    return pf_arena_printf(
        &world->arena,
        "%s\"containers\":[{\"name\":\"c\",\"image\":\"i:1\",%s\"resources\":{\"requests\":{"
        "\"cpu\":\"%s\",\"memory\":\"%s\"%s}}}]",
        part, ports, PICK(random, cpus), PICK(random, memories), PICK(random, gpus));
}

static void apply_pod(struct world *world, struct random *random)
{
    static const char *const phases[] = {"Running", "Running", "Running", "Pending", "Succeeded"};
    world_pod(world, pf_sv_from(pf_arena_printf(
                         &world->arena,
                         "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"p%u\",\"uid\":\"u\"},"
                         "\"spec\":{%s%s},\"status\":{\"phase\":\"%s\"}}",
                         below(random, POD_NAMES), placement_of(world, random),
                         spec_of(world, random), PICK(random, phases))));
}

static struct pf_sv review_uid(struct world *world, struct random *random)
{
    return pf_sv_from(pf_arena_printf(&world->arena, "review-%u", below(random, REVIEWS)));
}

static void reserve(struct world *world, struct random *random, const struct pf_pod *pod,
                    const struct pf_judgement *judgement)
{
    if (judgement->verdict != PF_VERDICT_FITS) {
        return;
    }
    const struct pf_reservation_spec spec = {
        .review_uid = review_uid(world, random),
        .namespace_ = PF_SV("ns"),
        .pod = pod,
        .request = &judgement->request,
        .node = judgement->node,
    };
    assert_int_equal(pf_reservation_put(world->model, &spec, NULL), PF_OK);
}

static void remove_something(struct world *world, struct random *random)
{
    if (below(random, 4) == 0) {
        (void)pf_model_remove_node(
            world->model,
            pf_sv_from(pf_arena_printf(&world->arena, "n%u", below(random, NODE_NAMES))));
    } else {
        (void)pf_model_remove_pod(
            world->model, PF_SV("ns"),
            pf_sv_from(pf_arena_printf(&world->arena, "p%u", below(random, POD_NAMES))),
            (struct pf_sv){0});
    }
}

static void change_something(struct world *world, struct random *random)
{
    switch (below(random, 8)) {
    case 0:
    case 1:
        apply_node(world, random);
        break;
    case 2:
        remove_something(world, random);
        break;
    case 3:
        (void)pf_reservation_drop(world->model, review_uid(world, random));
        break;
    case 4:
        world->now_ns += (int64_t)below(random, 2000) * 1000000;
        break;
    default:
        apply_pod(world, random);
        break;
    }
}

static struct pf_pod make_question(struct world *world, struct random *random)
{
    return world_incoming(
        world, pf_sv_from(pf_arena_printf(&world->arena,
                                          "{\"metadata\":{\"namespace\":\"ns\"},\"spec\":{%s}}",
                                          spec_of(world, random))));
}

/* @return the judgement of @p fit, after it was compared with asking every node */
static struct pf_judgement compare(struct world *world, struct pf_fit *fit,
                                   const struct pf_pod *pod)
{
    struct pf_judgement judgement;
    struct pf_explanation explanation;
    assert_int_equal(pf_fit_judge(fit, pod, &world->arena, &judgement, NULL), PF_OK);
    assert_int_equal(pf_fit_explain(fit, pod, &world->arena, &explanation, NULL), PF_OK);
    assert_true(world_same(&judgement, &explanation.judgement));
    uint32_t fits = 0;
    for (size_t i = 0; i < explanation.node_count; i++) {
        const struct pf_fit_node *node = &explanation.nodes[i];
        fits += node->fits ? 1 : 0;
        assert_true(node->fits == (node->slots != 0));
        assert_true(node->could || !node->fits);
    }
    assert_int_equal(fits, judgement.nodes_fit);
    return judgement;
}

static void compare_fresh(struct world *world, const struct pf_pod *pod)
{
    struct pf_fit *fresh = world_engine(world, NULL);
    (void)compare(world, fresh, pod);
    pf_fit_free(fresh);
}

static void check_model(const struct world *world, unsigned step)
{
    struct pf_err err = {0};
    if (pf_model_check(world->model, &err) != PF_OK) {
        fail_msg("step %u: %s", step, err.text);
    }
}

/* Verdicts met: a run that never sees one tests less than it says. */
struct met {
    unsigned verdicts[PF_VERDICT_NOT_JUDGED + 1];
};

static void check_met(const struct met *met, int minor, unsigned steps)
{
    print_message("minor %d: %u fit, %u full, %u never\n", minor, met->verdicts[PF_VERDICT_FITS],
                  met->verdicts[PF_VERDICT_FULL], met->verdicts[PF_VERDICT_NEVER]);
    assert_true(met->verdicts[PF_VERDICT_FITS] > steps / 20);
    assert_true(met->verdicts[PF_VERDICT_FULL] > steps / 20);
    assert_true(met->verdicts[PF_VERDICT_NEVER] > steps / 20);
}

static void run(uint64_t seed, int minor, unsigned steps)
{
    struct met met = {.verdicts = {0}};
    struct random random = {.state = seed};
    struct world world;
    world_init(&world, minor, NULL);
    const struct pf_fit_options tiny_options = {.cache_max_bytes = 1, .max_model_age_ms = 60000};
    struct pf_fit *tiny = world_engine(&world, &tiny_options);
    for (unsigned i = 0; i < steps; i++) {
        pf_arena_reset(&world.arena);
        change_something(&world, &random);
        const struct pf_pod pod = make_question(&world, &random);
        const struct pf_judgement judgement =
            compare(&world, below(&random, 3) == 0 ? tiny : world.fit, &pod);
        met.verdicts[judgement.verdict]++;
        if (i % FRESH_CHECKS == 0) {
            compare_fresh(&world, &pod);
        }
        if (below(&random, 3) == 0) {
            reserve(&world, &random, &pod, &judgement);
        }
        if (i % MODEL_CHECKS == 0) {
            check_model(&world, i);
        }
    }
    check_met(&met, minor, steps);
    pf_fit_free(tiny);
    world_done(&world);
}

static void test_remembered_equals_asked(void **state)
{
    (void)state;
    run(/* seed= */ 1, /* minor= */ 36, /* steps= */ 60000);
}

static void test_remembered_equals_asked_where_texts_name_taints(void **state)
{
    (void)state;
    run(/* seed= */ 2, /* minor= */ 33, /* steps= */ 40000);
}

/* The number of slots grows while questions are remembered. */
static void test_growing_cluster(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 36, NULL);
    for (unsigned i = 0; i < 700; i++) {
        pf_arena_reset(&world.arena);
        world_node(&world, pf_sv_from(pf_arena_printf(
                               &world.arena,
                               "{\"metadata\":{\"name\":\"n%u\"},\"status\":{\"allocatable\":{"
                               "\"cpu\":\"%u\",\"memory\":\"8Gi\",\"pods\":\"10\"}}}",
                               i, i % 7)));
        const struct pf_pod pod = world_incoming(
            &world, PF_SV("{\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":"
                          "{\"cpu\":\"3\"}}}]}}"));
        const struct pf_judgement judgement = compare(&world, world.fit, &pod);
        assert_int_equal(judgement.nodes, i + 1);
    }
    world_done(&world);
}

/* A node with many taints that only score: it keeps their strings, so that no id is given again. */
static void keep_values(struct world *world, unsigned count)
{
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, (size_t)1024 * 1024);
    pf_buf_append_cstr(&text, "{\"metadata\":{\"name\":\"keeper\"},\"spec\":{\"taints\":[{\"key\":"
                              "\"k\",\"value\":\"all\",\"effect\":\"NoSchedule\"}");
    for (unsigned i = 0; i < count; i++) {
        pf_buf_printf(&text, ",{\"key\":\"k\",\"value\":\"%u\",\"effect\":\"PreferNoSchedule\"}",
                      i);
    }
    pf_buf_append_cstr(&text, "]}}");
    world_node(world, pf_buf_view(&text));
}

/* Taints with another value each time, which 1.33 names: outcomes that no node has any more are given again. */
static void test_changing_taints(void **state)
{
    (void)state;
    const unsigned values = 500;
    struct world world;
    world_init(&world, 33, NULL);
    keep_values(&world, values);
    const struct pf_sv question = PF_SV("{\"spec\":{\"containers\":[{\"name\":\"c\"}]}}");
    for (unsigned i = 0; i < 10000; i++) {
        pf_arena_reset(&world.arena);
        world_node(&world,
                   pf_sv_from(pf_arena_printf(
                       &world.arena,
                       "{\"metadata\":{\"name\":\"n%u\"},\"spec\":{\"taints\":[{\"key\":\"k\","
                       "\"value\":\"%u\",\"effect\":\"NoSchedule\"}]}}",
                       i % NODE_NAMES, i % values)));
        const struct pf_pod pod = world_incoming(&world, question);
        const struct pf_judgement judgement = compare(&world, world.fit, &pod);
        assert_int_equal(judgement.reason_count, judgement.nodes);
    }
    world_done(&world);
}

/* More changes than the log of the model remembers: the engine starts over. */
static void test_log_overrun(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 36, NULL);
    struct random random = {.state = 3};
    for (unsigned i = 0; i < NODE_NAMES * 3; i++) {
        apply_node(&world, &random);
    }
    const struct pf_pod pod = make_question(&world, &random);
    (void)compare(&world, world.fit, &pod);
    struct pf_arena objects = world.arena;
    pf_arena_init(&world.arena, objects.max_bytes);
    for (unsigned i = 0; i < 70000; i++) {
        pf_arena_reset(&world.arena);
        apply_node(&world, &random);
    }
    (void)compare(&world, world.fit, &pod);
    pf_arena_done(&objects);
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remembered_equals_asked),
        cmocka_unit_test(test_remembered_equals_asked_where_texts_name_taints),
        cmocka_unit_test(test_growing_cluster),
        cmocka_unit_test(test_changing_taints),
        cmocka_unit_test(test_log_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

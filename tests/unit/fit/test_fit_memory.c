/* Every allocation of a judgement fails once: an error or a right answer, outputs untouched, and the engine goes on. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include "world.h"
#include <podfit/limits.h>
#include <podfit/volumes.h>

#define MANY 400

static const char *const pods[] = {
    "{\"metadata\":{\"namespace\":\"ns\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":{"
    "\"requests\":{\"cpu\":\"1\",\"example.com/gpu\":\"1\"}},\"ports\":[{\"containerPort\":80,"
    "\"hostPort\":80}]}],\"tolerations\":[{\"key\":\"a\"}],\"nodeSelector\":{\"zone\":\"a\"}}}",
    "{\"metadata\":{\"namespace\":\"ns\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":{"
    "\"requests\":{\"cpu\":\"99\"}}}]}}",
    "{\"metadata\":{\"namespace\":\"ns\"},\"spec\":{\"affinity\":{\"nodeAffinity\":{"
    "\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[{\"matchFields\":[{"
    "\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"n1\"]}]}]}}},\"containers\":[{"
    "\"name\":\"c\"}]}}",
    "{\"metadata\":{\"namespace\":\"ns\"},\"spec\":{\"affinity\":{\"nodeAffinity\":{"
    "\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[{"
    "\"matchExpressions\":[{\"key\":\"zone\",\"operator\":\"In\",\"values\":[\"a\",\"b\"]}]}]}}},"
    "\"containers\":[{\"name\":\"c\"}]}}",
    "{\"metadata\":{\"namespace\":\"ns\",\"labels\":{\"app\":\"x\"}},\"spec\":{\"affinity\":{"
    "\"podAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":\"zone\","
    "\"labelSelector\":{\"matchLabels\":{\"app\":\"x\"}},\"matchLabelKeys\":[\"app\"],"
    "\"namespaces\":[\"ns\"],\"namespaceSelector\":{\"matchLabels\":{\"t\":\"1\"}}}]},"
    "\"podAntiAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":"
    "\"host\",\"labelSelector\":{\"matchLabels\":{\"app\":\"x\"}}}]}},"
    "\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":\"host\",\"whenUnsatisfiable\":"
    "\"DoNotSchedule\",\"labelSelector\":{\"matchLabels\":{\"app\":\"x\"}}}],"
    "\"containers\":[{\"name\":\"c\"}]}}",
    "{\"metadata\":{\"namespace\":\"ns\",\"labels\":{\"app\":\"kept-away\"}},\"spec\":{"
    "\"containers\":[{\"name\":\"c\"}]}}",
    "{\"metadata\":{\"namespace\":\"ns\",\"labels\":{\"app\":\"x\"}},\"spec\":{\"affinity\":{"
    "\"nodeAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{\"weight\":7,"
    "\"preference\":{\"matchExpressions\":[{\"key\":\"host\",\"operator\":\"In\",\"values\":["
    "\"n4\"]}]}}]},\"podAntiAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{"
    "\"weight\":5,\"podAffinityTerm\":{\"topologyKey\":\"host\",\"labelSelector\":{"
    "\"matchLabels\":{\"app\":\"x\"}}}}]}},\"topologySpreadConstraints\":[{\"maxSkew\":1,"
    "\"topologyKey\":\"zone\",\"whenUnsatisfiable\":\"ScheduleAnyway\",\"labelSelector\":{"
    "\"matchLabels\":{\"app\":\"x\"}}}],\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}",
    "{\"metadata\":{\"namespace\":\"ns\",\"labels\":{\"app\":\"served\"}},\"spec\":{"
    "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}",
    /* who evicts: the node is full of one that is less important, and another pod is nominated to it */
    "{\"metadata\":{\"namespace\":\"ns\"},\"spec\":{\"priority\":50,\"nodeSelector\":{\"host\":"
    "\"n0\"},\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"2\"}}}]}}",
    /* a claim, on nodes that attach one volume */
    "{\"metadata\":{\"namespace\":\"ns\"},\"spec\":{\"priority\":50,\"volumes\":[{\"name\":\"v\","
    "\"persistentVolumeClaim\":{\"claimName\":\"c\"}}],\"containers\":[{\"name\":\"c\"}]}}",
};

static void fill_for_claims(struct world *world)
{
    for (unsigned i = 0; i < PF_KIND_COUNT; i++) {
        pf_model_mark_kind(world->model, (enum pf_kind)i);
    }
    world_object(world, PF_KIND_STORAGE_CLASS,
                 PF_SV("{\"metadata\":{\"name\":\"fast\"},\"provisioner\":\"csi.example.com\","
                       "\"volumeBindingMode\":\"WaitForFirstConsumer\"}"));
    world_object(world, PF_KIND_CLAIM,
                 PF_SV("{\"metadata\":{\"namespace\":\"ns\",\"name\":\"c\"},\"spec\":{"
                       "\"storageClassName\":\"fast\",\"resources\":{\"requests\":{\"storage\":"
                       "\"1Gi\"}}},\"status\":{\"phase\":\"Pending\"}}"));
    world_object(world, PF_KIND_CSI_NODE,
                 PF_SV("{\"metadata\":{\"name\":\"n2\"},\"spec\":{\"drivers\":[{\"name\":"
                       "\"csi.example.com\",\"nodeID\":\"n\",\"allocatable\":{\"count\":1}}]}}"));
}

static void fill_for_eviction(struct world *world)
{
    struct pf_requirement all = {.key = PF_SV("app"), .operator_ = PF_SELECTOR_EXISTS};
    pf_requirement_validate(&all, /* node= */ false);
    const struct pf_budget budget = {
        .namespace_ = PF_SV("ns"),
        .name = PF_SV("b"),
        .selector = {.present = true, .requirements = &all, .requirement_count = 1}};
    assert_int_equal(pf_model_apply_budget(world->model, &budget, NULL), PF_OK);
    world_pod(world,
              PF_SV("{\"metadata\":{\"namespace\":\"ns\",\"name\":\"low\",\"labels\":{\"app\":"
                    "\"low\"}},\"spec\":{\"nodeName\":\"n0\",\"priority\":-5,\"containers\":[{"
                    "\"name\":\"c\",\"ports\":[{\"containerPort\":1,\"hostPort\":1}],"
                    "\"resources\":{\"requests\":{\"cpu\":\"3\"}}}]}}"));
    world_pod(
        world,
        PF_SV("{\"metadata\":{\"namespace\":\"ns\",\"name\":\"nominated\"},\"spec\":{"
              "\"priority\":60,\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{"
              "\"cpu\":\"1\",\"example.com/gpu\":\"1\"}}}]},\"status\":{\"nominatedNodeName\":"
              "\"n0\"}}"));
}

static void fill(struct world *world)
{
    for (unsigned i = 0; i < 20; i++) {
        world_node(
            world,
            pf_sv_from(pf_arena_printf(
                &world->arena,
                "{\"metadata\":{\"name\":\"n%u\",\"labels\":{\"zone\":\"a\",\"host\":\"n%u\"}},"
                "\"spec\":{\"taints\":[{\"key\":\"k\",\"value\":\"%u\",\"effect\":\"%s\"}]},"
                "\"status\":{\"allocatable\":{\"cpu\":\"4\",\"memory\":\"8Gi\",\"pods\":"
                "\"10\",\"example.com/gpu\":\"1\"},\"images\":[{\"names\":[\"i:%s\"],"
                "\"sizeBytes\":900000000}]}}",
                i, i, i, i % 2 != 0 ? "NoSchedule" : "PreferNoSchedule",
                i % 4 != 0 ? "latest" : "1")));
    }
    struct pf_requirement served = {.key = PF_SV("app"), .operator_ = PF_SELECTOR_EXISTS};
    pf_requirement_validate(&served, /* node= */ false);
    const struct pf_workload service = {
        .namespace_ = PF_SV("ns"),
        .name = PF_SV("s"),
        .selector = {.present = true, .requirements = &served, .requirement_count = 1}};
    assert_int_equal(pf_model_apply_workload(world->model, PF_KIND_SERVICE, &service, NULL), PF_OK);
    fill_for_eviction(world);
    fill_for_claims(world);
    world_pod(world, PF_SV("{\"metadata\":{\"namespace\":\"ns\",\"name\":\"p\"},\"spec\":{"
                           "\"containers\":[{\"name\":\"c\"}]}}"));
    world_namespace(world, PF_SV("{\"metadata\":{\"name\":\"ns\",\"labels\":{\"t\":\"1\"}}}"));
    world_pod(world,
              PF_SV("{\"metadata\":{\"namespace\":\"ns\",\"name\":\"x\",\"labels\":{\"app\":"
                    "\"x\"}},\"spec\":{\"nodeName\":\"n2\",\"affinity\":{\"podAntiAffinity\":{"
                    "\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":"
                    "\"host\",\"namespaceSelector\":{\"matchLabels\":{\"t\":\"1\"}},"
                    "\"labelSelector\":{\"matchLabels\":{\"app\":\"kept-away\"}}}]},"
                    "\"podAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{"
                    "\"weight\":3,\"podAffinityTerm\":{\"topologyKey\":\"host\","
                    "\"labelSelector\":{}}}]}},"
                    "\"containers\":[{\"name\":\"c\"}]}}"));
}

/* @return allocations of a run without failures */
static long sweep_step(struct pf_fit *fit, const struct pf_pod *pod, bool explain, long failing,
                       enum pf_code *ret_code, uint32_t *ret_node)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    struct pf_err err = {0};
    struct pf_judgement judgement = {.nodes = MANY};
    struct pf_explanation explanation = {.node_count = MANY};
    fail_alloc_after(failing);
    *ret_code = explain ? pf_fit_explain(fit, pod, &arena, &explanation, &err)
                        : pf_fit_judge(fit, pod, &arena, &judgement, &err);
    const long count = fail_alloc_count();
    fail_alloc_after(-1);
    if (*ret_code != PF_OK) {
        assert_int_equal(*ret_code, PF_E_NO_MEMORY);
        assert_int_equal(err.code, PF_E_NO_MEMORY);
        assert_int_equal(judgement.nodes, MANY);
        assert_int_equal(explanation.node_count, MANY);
    } else {
        assert_int_equal(explain ? explanation.judgement.nodes : judgement.nodes, 20);
        *ret_node = explain ? explanation.judgement.node : judgement.node;
    }
    return count;
}

static void sweep(const char *text, int minor, bool explain)
{
    struct world world;
    world_init(&world, minor, NULL);
    fill(&world);
    const struct pf_pod pod = world_incoming(&world, pf_sv_from(text));
    const struct pf_judgement truth = world_judge(&world, pf_sv_from(text));
    unsigned failed = 0;
    for (long i = 0;; i++) {
        /* a new engine each time, so that every allocation of a first question is met */
        struct pf_fit *fit = world_engine(&world, NULL);
        enum pf_code code = PF_OK;
        uint32_t node = truth.node;
        const long count = sweep_step(fit, &pod, explain, i, &code, &node);
        failed += code != PF_OK ? 1 : 0;
        assert_int_equal(node, truth.node);
        struct pf_judgement after;
        assert_int_equal(pf_fit_judge(fit, &pod, &world.arena, &after, NULL), PF_OK);
        assert_true(world_same(&after, &truth));
        pf_fit_free(fit);
        if (count <= i) {
            break; /* nothing failed any more */
        }
    }
    assert_true(failed > 0);
    world_done(&world);
}

static void test_judge(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(pods); i++) {
        sweep(pods[i], 36, /* explain= */ false);
        sweep(pods[i], 33, /* explain= */ false);
    }
}

static void test_explain(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(pods); i++) {
        sweep(pods[i], 33, /* explain= */ true);
    }
}

/* Hints and resizes: the answer, or no memory and nothing touched. */
static void test_hints_and_resize(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 36, NULL);
    fill(&world);
    struct pf_pod pod = world_incoming(&world, pf_sv_from(pods[1]));
    struct pf_pod resized = world_incoming(
        &world,
        PF_SV("{\"metadata\":{\"namespace\":\"ns\",\"name\":\"x\"},\"spec\":{\"nodeName\":\"n2\","
              "\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"9\"}}}]}}"));
    unsigned failed = 0;
    bool more = true;
    for (long i = 0; more; i++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
        struct pf_fit *fit = world_engine(&world, NULL);
        struct pf_fit_hints hints = {.leaving = MANY};
        struct pf_judgement judgement = {.nodes = MANY};
        fail_alloc_after(i);
        const enum pf_code code = pf_fit_hints(fit, &pod, &arena, &hints, NULL);
        const enum pf_code resize = pf_fit_judge_resize(fit, &resized, &arena, &judgement, NULL);
        more = fail_alloc_count() > i;
        fail_alloc_after(-1);
        assert_true(code == PF_OK || (code == PF_E_NO_MEMORY && hints.leaving == MANY));
        assert_true(resize == PF_OK || (resize == PF_E_NO_MEMORY && judgement.nodes == MANY));
        failed += code != PF_OK || resize != PF_OK ? 1 : 0;
        pf_fit_free(fit);
    }
    assert_true(failed > 5);
    world_done(&world);
}

/* An arena that is too small at whatever point: the same contract. */
static void test_small_arena(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 33, NULL);
    fill(&world);
    const struct pf_pod pod = world_incoming(&world, pf_sv_from(pods[1]));
    const struct pf_explanation truth = world_explain(&world, pf_sv_from(pods[1]));
    unsigned failed = 0;
    for (size_t limit = 0;; limit += 16) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, limit);
        struct pf_explanation explanation = {.node_count = MANY};
        const enum pf_code code = pf_fit_explain(world.fit, &pod, &arena, &explanation, NULL);
        if (code == PF_OK) {
            assert_true(world_same(&explanation.judgement, &truth.judgement));
            break;
        }
        assert_int_equal(code, PF_E_NO_MEMORY);
        assert_int_equal(explanation.node_count, MANY);
        failed++;
    }
    assert_true(failed > 50);
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_hints_and_resize),
        cmocka_unit_test(test_small_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

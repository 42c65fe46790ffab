/* pods/resize: the kubelet's answers. Sources: pkg/kubelet/allocation and lifecycle of 1.33 to 1.36, plugin/pkg/admission/podresize of 1.36 (facts). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"

#define NODE(more_)                                                                               \
    "{\"metadata\":{\"name\":\"n\",\"labels\":{\"zone\":\"a\"}},\"spec\":{" more_ "},\"status\":" \
    "{\"allocatable\":{\"cpu\":\"4\",\"memory\":\"8Gi\",\"pods\":\"10\"}}}"
#define R(cpu_, memory_) \
    "\"resources\":{\"requests\":{\"cpu\":\"" cpu_ "\",\"memory\":\"" memory_ "\"}}"
#define POD(name_, more_, resources_)                                                           \
    "{\"metadata\":{\"namespace\":\"s\",\"name\":\"" name_ "\",\"uid\":\"u\"},\"spec\":{" more_ \
    "\"nodeName\":\"n\",\"containers\":[{\"name\":\"c\"," resources_ "}]}}"
/* beside 500m and 2Gi of another one, 3500m and 6Gi are free for it */
#define OTHER                                                                                                             \
    "{\"metadata\":{\"namespace\":\"s\",\"name\":\"o\"},\"spec\":{\"nodeName\":\"n\",\"containers\":[{\"name\":\"c\"," R( \
        "500m", "2Gi") "}]}}"

static const struct row {
    const char *name;
    int minor;
    enum pf_verdict verdict;
    const char *node;    /* NULL: the plain one */
    const char *pod;     /* with what it shall have */
    const char *message; /* or the cause */
    const char *binding;
} rows[] = {
    {"own room is given back", 36, PF_VERDICT_FITS, NULL, POD("p", "", R("3500m", "6Gi")), "", ""},
    {"less", 36, PF_VERDICT_FITS, NULL, POD("p", "", R("1m", "1Mi")), "", ""},
    {"cpu deferred", 36, PF_VERDICT_FULL, NULL, POD("p", "", R("3501m", "6Gi")),
     "Node didn't have enough resource: cpu, requested: 3501, used: 500, capacity: 4000", "cpu"},
    {"memory deferred", 33, PF_VERDICT_FULL, NULL, POD("p", "", R("1", "7Gi")),
     "Node didn't have enough resource: memory, requested: 7516192768, used: 2147483648, capacity: "
     "8589934592",
     "memory"},
    {"all of the node, deferred", 35, PF_VERDICT_FULL, NULL, POD("p", "", R("4", "8Gi")),
     "Node didn't have enough resource: cpu, requested: 4000, used: 500, capacity: 4000", "cpu"},
    {"cpu infeasible, kubelet", 33, PF_VERDICT_NEVER, NULL, POD("p", "", R("5", "1Gi")),
     "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000", "cpu"},
    {"memory infeasible before cpu, kubelet", 35, PF_VERDICT_NEVER, NULL,
     POD("p", "", R("5", "9Gi")),
     "Node didn't have enough capacity: memory, requested: 9663676416, capacity: 8589934592",
     "memory"},
    {"cpu infeasible, API server", 36, PF_VERDICT_NEVER, NULL, POD("p", "", R("5", "1Gi")),
     "node didn't have enough allocatable resources: cpu, requested: 5000, allocatable: 4000",
     "cpu"},
    {"both infeasible, API server", 36, PF_VERDICT_NEVER, NULL, POD("p", "", R("5", "9Gi")),
     "node didn't have enough allocatable resources: cpu, requested: 5000, allocatable: 4000; memory, "
     "requested: 9663676416, allocatable: 8589934592",
     "memory"},
    {"memory infeasible, API server", 36, PF_VERDICT_NEVER, NULL, POD("p", "", R("1", "9Gi")),
     "node didn't have enough allocatable resources: memory, requested: 9663676416, allocatable: "
     "8589934592",
     "memory"},
    {"critical pods are given room", 36, PF_VERDICT_UNKNOWN, NULL,
     POD("p", "\"priority\":2000000000,", R("3501m", "1Gi")),
     "the kubelet may evict other pods for a critical one, which podfit does not predict", ""},
    {"nearly critical", 36, PF_VERDICT_FULL, NULL,
     POD("p", "\"priority\":1999999999,", R("3501m", "1Gi")),
     "Node didn't have enough resource: cpu, requested: 3501, used: 500, capacity: 4000", "cpu"},
    {"cordon and NoSchedule do not matter", 36, PF_VERDICT_FITS,
     NODE("\"unschedulable\":true,\"taints\":[{\"key\":\"k\",\"effect\":\"NoSchedule\"}]"),
     POD("p", "", R("2", "1Gi")), "", ""},
    {"NoExecute", 36, PF_VERDICT_FULL,
     NODE("\"taints\":[{\"key\":\"k\",\"effect\":\"NoExecute\"}]"), POD("p", "", R("2", "1Gi")),
     "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
     "TaintToleration"},
    {"NoExecute tolerated", 36, PF_VERDICT_FITS,
     NODE("\"taints\":[{\"key\":\"k\",\"effect\":\"NoExecute\"}]"),
     POD("p", "\"tolerations\":[{\"operator\":\"Exists\"}],", R("2", "1Gi")), "", ""},
    {"selector no longer matches", 36, PF_VERDICT_FULL, NULL,
     POD("p", "\"nodeSelector\":{\"zone\":\"b\"},", R("2", "1Gi")),
     "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
     "NodeAffinity"},
    {"unknown pod", 36, PF_VERDICT_UNKNOWN, NULL, POD("q", "", R("2", "1Gi")),
     "the model of the cluster does not have the pod, nor what it takes now", ""},
    {"no node yet", 36, PF_VERDICT_NOT_JUDGED, NULL,
     "{\"metadata\":{\"namespace\":\"s\",\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\"}]}}",
     "the pod has no node yet: kube-scheduler looks for one that holds what it asks for then", ""},
    {"being deleted", 36, PF_VERDICT_NOT_JUDGED, NULL,
     "{\"metadata\":{\"namespace\":\"s\",\"name\":\"p\",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"},"
     "\"spec\":{\"nodeName\":\"n\",\"containers\":[{\"name\":\"c\"}]}}",
     "the pod is being deleted", ""},
};

static struct pf_judgement judge(struct world *world, struct pf_sv json)
{
    struct pf_pod pod;
    struct pf_judgement judgement;
    struct pf_err err = {0};
    assert_int_equal(pf_pod_decode(json, &world->arena, &pod, &err), PF_OK);
    assert_int_equal(
        pf_pod_apply_defaults(&pod, &world->features, /* stored= */ true, &world->arena, &err),
        PF_OK);
    assert_int_equal(pf_fit_judge_resize(world->fit, &pod, &world->arena, &judgement, &err), PF_OK);
    return judgement;
}

static void check_row(struct world *world, const struct row *row)
{
    const struct pf_judgement judgement = judge(world, pf_sv_from(row->pod));
    const struct pf_sv text = judgement.message.len != 0 ? judgement.message : judgement.cause;
    if (judgement.verdict != row->verdict || !pf_sv_eq_cstr(text, row->message) ||
        !pf_sv_eq_cstr(judgement.binding, row->binding) ||
        (judgement.node != PF_NODE_NONE) != (row->verdict == PF_VERDICT_FITS)) {
        fail_msg("%s: %s, '%.*s', binds '%.*s'", row->name, pf_verdict_name(judgement.verdict),
                 PF_SV_ARG(text), PF_SV_ARG(judgement.binding));
    }
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct world world;
        world_init(&world, rows[i].minor, NULL);
        world_node(&world, pf_sv_from(rows[i].node != NULL ? rows[i].node : NODE("")));
        world_pod(&world, PF_SV(OTHER));
        world_pod(&world, PF_SV(POD("p", "", R("1", "2Gi"))));
        check_row(&world, &rows[i]);
        assert_int_equal(pf_model_check(world.model, NULL), PF_OK);
        world_done(&world);
    }
}

/* On a node that is overcommitted since, a pod keeps what is allocated to it, and nothing more. */
static void test_overcommitted(void **state)
{
    static const struct {
        const char *name, *request;
        enum pf_verdict verdict;
    } cases[] = {
        {"as allocated", "1", PF_VERDICT_FITS},
        {"a little less", "900m", PF_VERDICT_FULL},
        {"far less", "400m", PF_VERDICT_FITS},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(cases); i++) {
        struct world world;
        char text[600];
        world_init(&world, 36, NULL);
        world_node(&world, PF_SV(NODE("")));
        world_pod(&world, PF_SV(POD("p", "", R("1", "1Gi"))));
        world_pod(&world,
                  PF_SV("{\"metadata\":{\"namespace\":\"s\",\"name\":\"o\"},\"spec\":{\"nodeName\":"
                        "\"n\",\"containers\":[{\"name\":\"c\"," R("3500m", "1Gi") "}]}}"));
        (void)snprintf(
            text, sizeof(text),
            "{\"metadata\":{\"namespace\":\"s\",\"name\":\"p\"},\"spec\":{\"nodeName\":\"n\","
            "\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"%s\"}}}]},"
            "\"status\":{\"containerStatuses\":[{\"name\":\"c\",\"resources\":{},\"allocatedResources\":{\"cpu\":"
            "\"1\"}}]}}",
            cases[i].request);
        const struct pf_judgement judgement = judge(&world, pf_sv_from(text));
        if (judgement.verdict != cases[i].verdict) {
            fail_msg("%s: %s", cases[i].name, pf_verdict_name(judgement.verdict));
        }
        world_done(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_overcommitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Hints of misfits: what they say, and that the pod fits when they are followed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"

#define POD(more_, containers_)                                                              \
    "{\"metadata\":{\"namespace\":\"s\",\"name\":\"p\"},\"spec\":{" more_ "\"containers\":[" \
    "{\"name\":\"c\"" containers_ "}]}}"
#define R(cpu_, memory_) \
    ",\"resources\":{\"requests\":{\"cpu\":\"" cpu_ "\",\"memory\":\"" memory_ "\"}}"

/* a: 4 cores, 8Gi, 1 and 2Gi of them taken by two pods; b: 2 cores, 16Gi, tainted; c: 16 cores, 2Gi, label disk=ssd */
static void init(struct world *world)
{
    static const char *const nodes[] = {
        "{\"metadata\":{\"name\":\"a\"},\"status\":{\"allocatable\":{\"cpu\":\"4\",\"memory\":\"8Gi\","
        "\"pods\":\"3\",\"e.com/g\":\"2\"}}}",
        "{\"metadata\":{\"name\":\"b\"},\"spec\":{\"taints\":[{\"key\":\"k\",\"value\":\"v\",\"effect\":"
        "\"NoSchedule\"}]},\"status\":{\"allocatable\":{\"cpu\":\"2\",\"memory\":\"16Gi\",\"pods\":\"9\"}}}",
        "{\"metadata\":{\"name\":\"c\",\"labels\":{\"disk\":\"ssd\"}},\"status\":{\"allocatable\":{\"cpu\":"
        "\"16\",\"memory\":\"2Gi\",\"pods\":\"9\"}}}",
    };
    world_init(world, 36, NULL);
    for (size_t i = 0; i < PF_ARRAY_LEN(nodes); i++) {
        world_node(world, pf_sv_from(nodes[i]));
    }
    for (int i = 0; i < 2; i++) {
        char pod[400];
        (void)snprintf(
            pod, sizeof(pod),
            "{\"metadata\":{\"namespace\":\"s\",\"name\":\"o%d\"},\"spec\":{\"nodeName\":\"a\","
            "\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"500m\","
            "\"memory\":\"1Gi\",\"e.com/g\":\"1\"},\"limits\":{\"e.com/g\":\"1\"}}}]}}",
            i);
        world_pod(world, pf_sv_from(pod));
    }
}

static const struct row {
    const char *name, *pod;
    int64_t milli_cpu; /* -1: no hint */
    int64_t memory;
    int64_t together; /* 1: both are lowered */
    const char *rule; /* NULL: no hint */
    enum pf_hint_rule kind;
    uint32_t rule_nodes;
    uint32_t rule_fits;
    uint64_t leaving; /* 0: no hint */
    const char *leaving_node;
} rows[] = {
    {"fits", POD("", R("1", "1Gi")), -1, -1, false, NULL, 0, 0, 0, 0, ""},
    {"not judged", POD("\"nodeName\":\"a\",", R("9", "9Gi")), -1, -1, false, NULL, 0, 0, 0, 0, ""},
    {"a little too much cpu", POD("", R("3500m", "4Gi")), 3000, INT64_C(2) << 30, false, NULL, 0, 0,
     0, 1, "a"},
    {"too much memory", POD("", R("1", "7Gi")), -1, INT64_C(6) << 30, false, "k=v:NoSchedule",
     PF_HINT_TOLERATION, 1, 1, 1, "a"},
    {"memory that no node has", POD("", R("1", "100Gi")), -1, INT64_C(6) << 30, false, NULL, 0, 0,
     0, 0, ""},
    {"both far too much", POD("", R("100", "100Gi")), 3000, INT64_C(6) << 30, true, NULL, 0, 0, 0,
     0, ""},
    {"label that no node has", POD("\"nodeSelector\":{\"disk\":\"hdd\"},", R("1", "1Gi")), -1, -1,
     false, "disk=hdd", PF_HINT_NODE_SELECTOR, 3, 2, 0, ""},
    {"label of another node", POD("\"nodeSelector\":{\"disk\":\"ssd\"},", R("1", "4Gi")), -1,
     INT64_C(2) << 30, false, "disk=ssd", PF_HINT_NODE_SELECTOR, 2, 1, 0, ""},
    {"affinity",
     POD("\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{"
         "\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"x\",\"operator\":\"Exists\"}]}]}}},",
         R("1", "1Gi")),
     -1, -1, false, "requiredDuringSchedulingIgnoredDuringExecution", PF_HINT_NODE_AFFINITY, 2, 2,
     0, ""},
    {"scalar has to be given back",
     POD("", ",\"resources\":{\"requests\":{\"e.com/g\":\"1\"},\"limits\":{\"e.com/g\":\"1\"}}"),
     -1, -1, false, NULL, 0, 0, 0, 1, "a"},
    {"small pods, more of them",
     POD("", ",\"resources\":{\"requests\":{\"cpu\":\"100m\",\"memory\":\"3Gi\",\"e.com/g\":\"1\"},"
             "\"limits\":{\"e.com/g\":\"1\"}}"),
     -1, -1, false, NULL, 0, 0, 0, 1, "a"},
};

static struct pf_fit_hints hints_of(struct world *world, const char *json)
{
    const struct pf_pod pod = world_incoming(world, pf_sv_from(json));
    struct pf_fit_hints hints;
    struct pf_err err = {0};
    if (pf_fit_hints(world->fit, &pod, &world->arena, &hints, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    return hints;
}

static bool same_rule(const struct pf_fit_hints *hints, const struct row *row)
{
    if (row->rule == NULL || !hints->has_rule) {
        return hints->has_rule == (row->rule != NULL);
    }
    return pf_sv_eq_cstr(hints->rule_text, row->rule) && hints->rule == row->kind &&
           hints->rule_nodes == row->rule_nodes && hints->rule_fits == row->rule_fits;
}

static bool same_amounts(const struct pf_fit_hints *hints, const struct row *row)
{
    return (hints->has_cpu ? hints->milli_cpu : -1) == row->milli_cpu &&
           (hints->has_memory ? hints->memory : -1) == row->memory &&
           hints->together == (row->together != 0);
}

static bool same_leaving(const struct pf_fit_hints *hints, const struct row *row)
{
    return hints->has_leaving == (row->leaving != 0) && hints->leaving == row->leaving &&
           pf_sv_eq_cstr(hints->leaving_node, row->leaving_node);
}

static void test_rows(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_fit_hints hints = hints_of(&world, rows[i].pod);
        if (!same_rule(&hints, &rows[i]) || !same_amounts(&hints, &rows[i]) ||
            !same_leaving(&hints, &rows[i])) {
            fail_msg("%s: cpu %d %lld, memory %d %lld, together %d, rule '%.*s' of %u, fits %u, "
                     "leaving %llu '%.*s'",
                     rows[i].name, hints.has_cpu, (long long)hints.milli_cpu, hints.has_memory,
                     (long long)hints.memory, hints.together, PF_SV_ARG(hints.rule_text),
                     hints.rule_nodes, hints.rule_fits, (unsigned long long)hints.leaving,
                     PF_SV_ARG(hints.leaving_node));
        }
    }
    world_done(&world);
}

static unsigned next(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (unsigned)(*random % 20000);
}

static bool fits(struct world *world, long long milli_cpu, unsigned mebi)
{
    char text[400];
    (void)snprintf(text, sizeof(text),
                   POD("", ",\"resources\":{\"requests\":{\"cpu\":\"%lldm\",\"memory\":\"%uMi\"}}"),
                   milli_cpu, mebi);
    return world_judge(world, pf_sv_from(text)).verdict == PF_VERDICT_FITS;
}

/* The largest request fits and the next one does not. */
static void test_largest_is_largest(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    uint64_t random = 88172645463325252U;
    unsigned checked = 0;
    for (int i = 0; i < 300; i++) {
        const unsigned cpu = next(&random);
        const unsigned mebi = next(&random);
        char text[400];
        (void)snprintf(
            text, sizeof(text),
            POD("", ",\"resources\":{\"requests\":{\"cpu\":\"%um\",\"memory\":\"%uMi\"}}"), cpu,
            mebi);
        const struct pf_fit_hints hints = hints_of(&world, text);
        if (hints.has_cpu && !hints.together) {
            assert_true(fits(&world, hints.milli_cpu, mebi));
            assert_false(fits(&world, hints.milli_cpu + 1, mebi));
            checked++;
        }
        pf_arena_reset(&world.arena);
    }
    assert_true(checked > 20);
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_largest_is_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

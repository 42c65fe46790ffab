#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rewrite_case.h"
#include <podfit/buf.h>

struct row {
    const char *name;
    struct rewrite_setup setup;
    const char *spec;   /**< of the pod */
    const char *expect; /**< rewrite_case_describe() afterwards */
    enum pf_rule rule;  /**< of the first container */
};

static const struct row rows[] = {
    {"seed on nothing",
     {.quotas = SEED},
     "{\"containers\":[{\"name\":\"main\"}]}",
     "main: 50m 200Mi / 1 2000Mi",
     PF_RULE_RATIO},
    {"seed on its limits",
     {.quotas = SEED},
     ONE(CM("1", "2000Mi"), CM("1", "2000Mi")),
     "main: 50m 200Mi / 1 2000Mi",
     PF_RULE_RATIO},
    {"decimal unit",
     {.quotas = SEED, .decimal = true},
     "{\"containers\":[{\"name\":\"main\"}]}",
     "main: 50m 200M / 1 2G",
     PF_RULE_RATIO},
    {"rounded default",
     {.quotas = THIRDS},
     "{\"containers\":[{\"name\":\"main\"}]}",
     "main: 334m 667Mi / 1 2000Mi",
     PF_RULE_DEFAULT},
    {"upgraded",
     {.quotas = THIRDS},
     ONE("", CM("3", "5000Mi")),
     "main: 1 1666Mi / 3 5000Mi",
     PF_RULE_RATIO},
    {"floor",
     {.quotas = SEED},
     ONE("", CM("1", "500Mi")),
     "main: 50m 200Mi / 1 500Mi",
     PF_RULE_FLOOR},
    {"member floor",
     {.quotas = SEED, .member = true},
     ONE("", CM("500m", "500Mi")),
     "main: 50m 300Mi / 500m 500Mi",
     PF_RULE_FLOOR},
    {"clamp",
     {.quotas = SEED},
     ONE(CM("2", "3Gi"), CM("10m", "100Mi")),
     "main: 10m 100Mi / 10m 100Mi",
     PF_RULE_LIMIT},
    {"cap",
     {.quotas = THIRDS, .upgrades = "{\"memory_request\":500}"},
     ONE("", CM("1", "8000Mi")),
     "main: 334m 500Mi / 1 8000Mi",
     PF_RULE_CAP},
    {"one limit is missing",
     {.quotas = SEED},
     ONE("", "\"memory\":\"4000Mi\""),
     "main: 50m 400Mi / 1 4000Mi",
     PF_RULE_RATIO},
    {"keep",
     {.quotas = SEED, .requests = PF_REQUESTS_KEEP},
     ONE(CM("1", "1Gi"), ""),
     "main: 1 1Gi / - -",
     PF_RULE_KEEP},
    {"raise keeps what is larger",
     {.quotas = SEED, .requests = PF_REQUESTS_RAISE},
     ONE(CM("20m", "1Gi"), CM("1", "2000Mi")),
     "main: 50m 1Gi / 1 2000Mi",
     PF_RULE_OWN},
    {"raise sees through defaulting",
     {.quotas = SEED, .requests = PF_REQUESTS_RAISE},
     ONE(CM("1", "2000Mi"), CM("1000m", "2097152000")),
     "main: 50m 200Mi / 1 2097152k",
     PF_RULE_RATIO},
    {"raise to the limit at most",
     {.quotas = SEED, .requests = PF_REQUESTS_RAISE},
     ONE(CM("7", "1Gi"), CM("1", "2000Mi")),
     "main: 1 1Gi / 1 2000Mi",
     PF_RULE_OWN},
    {"listed container only",
     {.quotas = SEED, .container = "project"},
     "{\"containers\":[" C("a", CM("1", "1Gi"), CM("1", "8Gi")) "," C(
         "project", "", "") "],"
                            "\"initContainers\":[" C("i", "", CM("1", "1Gi")) "]}",
     "i: - - / 1 1Gi; a: 1 1Gi / 1 8Gi; project: 50m 200Mi / 1 2000Mi",
     PF_RULE_KEEP},
    {"listed init container",
     {.quotas = SEED, .container = "i"},
     "{\"containers\":[" C("a", CM("1", "1Gi"),
                           CM("1", "8Gi")) "],"
                                           "\"initContainers\":[" C("i", "",
                                                                    CM("1", "1000Mi")) "]}",
     "i: 50m 200Mi / 1 1000Mi; a: 1 1Gi / 1 8Gi",
     PF_RULE_FLOOR},
    {"no list: floors for the largest",
     {.quotas = SEED},
     "{\"containers\":[" C("small", "", CM("100m", "500Mi")) "," C(
         "large", "",
         CM("100m", "1000Mi")) "," C("none", CM("1", "1Gi"),
                                     "") "],\"initContainers\":[" C("i", "",
                                                                    CM("2", "4000Mi")) "]}",
     "i: 100m 400Mi / 2 4000Mi; small: 5m 50Mi / 100m 500Mi; large: 20m 200Mi / 100m 1000Mi; "
     "none: 1 1Gi / - -",
     PF_RULE_RATIO},
    {"no list: the first of equals",
     {.quotas = SEED},
     "{\"containers\":[" C("a", "", CM("1", "1000Mi")) "," C("b", "", CM("1", "1000Mi")) "]}",
     "a: 50m 200Mi / 1 1000Mi; b: 50m 100Mi / 1 1000Mi",
     PF_RULE_FLOOR},
    {"never 0",
     {.quotas = "{\"mem_oc\":1e9,\"cpu_oc\":1e9}"},
     "{\"containers\":[" C("a", "", CM("1", "1000Mi")) "," C("b", "", CM("1", "100Mi")) "," C(
         "c", "", CM("1", "5k")) "]}",
     "a: 20m 200Mi / 1 1000Mi; b: 1m 1Mi / 1 100Mi; c: 1m 5k / 1 5k",
     PF_RULE_FLOOR},
    {"no ratio: others are kept",
     {.quotas = "{}"},
     "{\"containers\":[" C("a", "", CM("1", "1000Mi")) "," C("b", "", CM("1", "100Mi")) "]}",
     "a: 20m 200Mi / 1 1000Mi; b: - - / 1 100Mi",
     PF_RULE_FLOOR},
    {"limit 0",
     {.quotas = SEED},
     ONE(CM("1", "1Gi"), CM("0", "0")),
     "main: 0 0 / 0 0",
     PF_RULE_LIMIT},
    {"negative is kept",
     {.quotas = SEED},
     ONE("", CM("-1", "1Gi")),
     "main: - - / -1 1Gi",
     PF_RULE_KEEP},
    {"huge is kept",
     {.quotas = SEED},
     ONE("", CM("1", "1e30")),
     "main: - - / 1 1e30",
     PF_RULE_KEEP},
    {"largest int64",
     {.quotas = SEED},
     ONE("", CM("1", "9223372036854775807")),
     "main: 50m 8000Mi / 1 9223372036854775807",
     PF_RULE_CAP},
    {"a fraction of a milli",
     {.quotas = SEED},
     ONE("", CM("100u", "0.5")),
     "main: 100u 500m / 100u 500m",
     PF_RULE_LIMIT},
    {"other resources",
     {.quotas = SEED},
     ONE(CM("1", "1Gi") ",\"nvidia.com/gpu\":1", CM("1", "1Gi") ",\"nvidia.com/gpu\":1"),
     "main: 50m 200Mi / 1 1Gi",
     PF_RULE_FLOOR},
    {"sidecar and init without list",
     {.quotas = SEED},
     "{\"containers\":[" C(
         "main", "",
         CM("1",
            "2000Mi")) "],\"initContainers\":["
                       "{\"name\":\"side\",\"restartPolicy\":\"Always\",\"resources\":{\"limits\":{" CM(
                           "1", "500Mi") "}}}]}",
     "side: 50m 50Mi / 1 500Mi; main: 50m 200Mi / 1 2000Mi",
     PF_RULE_RATIO},
};

static const struct row percent_rows[] = {
    {"all fields",
     {.percents = {25, 10, 200, 0}},
     ONE("", CM("1", "1Gi")),
     "main: 200m 256Mi / 2 1Gi",
     PF_RULE_PERCENT},
    {"whole Mi, rounded down",
     {.percents = {.memory_request_to_limit = 33}},
     ONE("", CM("1", "100Mi")),
     "main: - 33Mi / 1 100Mi",
     PF_RULE_PERCENT},
    {"whole MB, rounded down",
     {.percents = {.memory_request_to_limit = 33}},
     ONE("", CM("1", "101M")),
     "main: - 33M / 1 101M",
     PF_RULE_PERCENT},
    {"29 percent",
     {.percents = {.cpu_request_to_limit = 29}},
     ONE("", CM("1", "1Gi")),
     "main: 290m - / 1 1Gi",
     PF_RULE_PERCENT},
    {"57 percent",
     {.percents = {.cpu_request_to_limit = 57}},
     ONE("", CM("1", "1Gi")),
     "main: 570m - / 1 1Gi",
     PF_RULE_PERCENT},
    {"58 percent",
     {.percents = {.memory_request_to_limit = 58}},
     ONE("", CM("1", "100Mi")),
     "main: - 58Mi / 1 100Mi",
     PF_RULE_PERCENT},
    {"floors",
     {.percents = {1, 1, 0, 0}},
     ONE("", CM("10m", "20Mi")),
     "main: 1m 1Mi / 10m 20Mi",
     PF_RULE_PERCENT},
    {"floor above a tiny limit",
     {.percents = {.memory_request_to_limit = 50}},
     ONE("", CM("1", "1M")),
     "main: - 1M / 1 1M",
     PF_RULE_LIMIT},
    {"request to request wins",
     {.percents = {.cpu_request_to_limit = 10, .cpu_request_to_request = 50}},
     ONE(CM("600m", "1Gi"), CM("1", "1Gi")),
     "main: 300m 1Gi / 1 1Gi",
     PF_RULE_PERCENT},
    {"never above the new limit",
     {.percents = {.limit_cpu_to_memory = 25, .cpu_request_to_request = 100}},
     ONE(CM("4", "1Gi"), CM("4", "1Gi")),
     "main: 250m 1Gi / 250m 1Gi",
     PF_RULE_LIMIT},
    {"a request nobody rewrites is clamped",
     {.percents = {.limit_cpu_to_memory = 25}},
     ONE(CM("4", "1Gi"), CM("4", "1Gi")),
     "main: 250m 1Gi / 250m 1Gi",
     PF_RULE_LIMIT},
    {"no memory limit",
     {.percents = {50, 0, 100, 0}},
     ONE(CM("1", "1Gi"), "\"cpu\":\"1\""),
     "main: 1 1Gi / 1 -",
     PF_RULE_KEEP},
    {"no request to take a part of",
     {.percents = {.cpu_request_to_request = 50}},
     ONE("", "\"cpu\":\"1\""),
     "main: - - / 1 -",
     PF_RULE_KEEP},
    {"raise",
     {.percents = {10, 10, 0, 0}, .requests = PF_REQUESTS_RAISE},
     ONE(CM("500m", "1Gi"), CM("1", "1Gi")),
     "main: 500m 102Mi / 1 1Gi",
     PF_RULE_PERCENT},
    {"init containers too",
     {.percents = {10, 10, 0, 0}},
     "{\"containers\":[" C("m", "", CM("1", "1000Mi")) "],\"initContainers\":[" C(
         "i", "", CM("2", "2000Mi")) "]}",
     "i: 200m 200Mi / 2 2000Mi; m: 100m 100Mi / 1 1000Mi",
     PF_RULE_PERCENT},
    {"largest",
     {.percents = {100, 0, 4000000000U, 0}},
     ONE("", CM("1", "9223372036854775807")),
     "main: - 9223372036854M / 9223372036854775807m 9223372036854775807",
     PF_RULE_PERCENT},
};

static const struct row level_rows[] = {
    {"the pod level carries the quota",
     {.quotas = SEED},
     LEVEL("{\"name\":\"a\"}", CM("4", "8000Mi"), CM("4", "8000Mi")),
     "a: - - / - -; pod: 200m 800Mi / 4 8000Mi",
     PF_RULE_KEEP},
    {"containers get limit / ratio",
     {.quotas = SEED},
     LEVEL(C("a", "", CM("2", "2000Mi")) "," C("b", "", CM("2", "4000Mi")), CM("4", "8000Mi"),
           CM("4", "8000Mi")),
     "a: 100m 200Mi / 2 2000Mi; b: 100m 400Mi / 2 4000Mi; pod: 200m 800Mi / 4 8000Mi",
     PF_RULE_RATIO},
    {"containers shrink to the pod level",
     {.quotas = SEED},
     LEVEL(C("a", "", CM("4", "8000Mi")) "," C("b", "", CM("4", "8000Mi")), CM("4", "8000Mi"),
           CM("4", "8000Mi")),
     "a: 100m 400Mi / 4 8000Mi; b: 100m 400Mi / 4 8000Mi; pod: 200m 800Mi / 4 8000Mi",
     PF_RULE_LIMIT},
    {"requests without limits shrink",
     {.quotas = SEED},
     LEVEL(C("a", CM("1", "3000Mi"), "") "," C("b", CM("1", "1000Mi"), ""), CM("2", "4000Mi"),
           CM("4", "8000Mi")),
     "a: 100m 600Mi / - -; b: 100m 200Mi / - -; pod: 200m 800Mi / 4 8000Mi",
     PF_RULE_LIMIT},
    {"an unlisted container is kept, the pod level grows",
     {.quotas = SEED, .container = "a"},
     LEVEL(C("a", "", CM("1", "2000Mi")) "," C("b", CM("1", "1000Mi"), ""), CM("2", "4000Mi"),
           CM("4", "8000Mi")),
     "a: 50m 200Mi / 1 2000Mi; b: 1 1000Mi / - -; pod: 1050m 1200Mi / 4 8000Mi",
     PF_RULE_RATIO},
    {"pod level without limits follows",
     {.quotas = SEED},
     LEVEL(C("a", CM("1", "1000Mi"), CM("1", "2000Mi")), CM("2", "3000Mi"), ""),
     "a: 50m 200Mi / 1 2000Mi; pod: 50m 200Mi / - -",
     PF_RULE_RATIO},
    {"raise: own pod-level request",
     {.quotas = SEED, .requests = PF_REQUESTS_RAISE},
     LEVEL(C("a", "", CM("1", "1000Mi")), CM("2", "3000Mi"), CM("4", "8000Mi")),
     "a: 50m 100Mi / 1 1000Mi; pod: 2 3000Mi / 4 8000Mi",
     PF_RULE_RATIO},
    {"raise: a pod-level request filled by the API server",
     {.quotas = SEED, .requests = PF_REQUESTS_RAISE},
     LEVEL(C("a", CM("1", "1000Mi"), CM("1", "1000Mi")), CM("1", "1000Mi"), CM("4", "8000Mi")),
     "a: 50m 100Mi / 1 1000Mi; pod: 200m 800Mi / 4 8000Mi",
     PF_RULE_RATIO},
    {"one resource at the pod level",
     {.quotas = SEED},
     LEVEL(C("a", "", "\"memory\":\"1000Mi\""), "", "\"cpu\":\"2\""),
     "a: - 200Mi / - 1000Mi; pod: 100m - / 2 -",
     PF_RULE_FLOOR},
    {"a container that is kept",
     {.quotas = SEED},
     LEVEL(C("a", "", CM("-1", "1000Mi")), "", CM("2", "2000Mi")),
     "a: - - / -1 1000Mi; pod: - - / 2 2000Mi",
     PF_RULE_KEEP},
    {"no room for the containers' least",
     {.quotas = SEED},
     LEVEL(C("a", CM("1m", "600k"), "") "," C("b", CM("1m", "600k"), ""), "", CM("1m", "1Mi")),
     "a: 1m 600k / - -; b: 1m 600k / - -; pod: - - / 1m 1Mi",
     PF_RULE_KEEP},
    {"percents",
     {.percents = {10, 10, 100, 0}},
     LEVEL(C("a", "", CM("4", "1Gi")), "", CM("4", "2Gi")),
     "a: 100m 102Mi / 1 1Gi; pod: 200m 204Mi / 2 2Gi",
     PF_RULE_PERCENT},
    {"a pod-level request of a binary format gets a decimal amount",
     {.quotas = SEED},
     LEVEL(C("a", "", CM("500k", "500k")), CM("2", "1Gi"), ""),
     "a: 2 500k / 500k 500k; pod: 2 500k / - -",
     PF_RULE_LIMIT},
    {"what follows from a limit comes first, other requests share the rest",
     {.quotas = SEED},
     LEVEL(C("a", CM("64Mi", "1Gi"), "") "," C("b", "", CM("1", "1000Mi")), "",
           CM("1500m", "8000Mi")),
     "a: 25m 700Mi / - -; b: 50m 100Mi / 1 1000Mi; pod: 75m 800Mi / 1500m 8000Mi",
     PF_RULE_LIMIT},
    {"no rest: other requests get the least there is",
     {.quotas = SEED},
     LEVEL(C("a", CM("2", "3000Mi"), "") "," C("b", "", CM("4", "8000Mi")) "," C("c", "",
                                                                                 CM("4", "8000Mi")),
           "", CM("4", "8000Mi")),
     "a: 1m 1Mi / - -; b: 99m 399Mi / 4 8000Mi; c: 99m 399Mi / 4 8000Mi; pod: 200m 800Mi / 4 "
     "8000Mi",
     PF_RULE_LIMIT},
    {"percents: cpu limit within the pod level's",
     {.percents = {.limit_cpu_to_memory = 100}},
     LEVEL(C("a", "", "\"memory\":\"4Gi\""), "", "\"cpu\":\"2\""),
     "a: - - / 2 4Gi; pod: - - / 2 -",
     PF_RULE_KEEP},
};

static void reread_list(struct pf_resource_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        char text[PF_QUANTITY_TEXT_BYTES];
        const size_t len = pf_quantity_format(&list->items[i].amount, text);

        assert_int_equal(pf_quantity_parse((struct pf_sv){.ptr = text, .len = len},
                                           &list->items[i].amount, NULL),
                         PF_OK);
    }
}

/** Quantities as they are once they have been written into a patch: a format may change on the way. */
static void reread(struct pf_pod *pod)
{
    for (size_t i = 0; i < pod->container_count; i++) {
        reread_list(&pod->containers[i].requests);
        reread_list(&pod->containers[i].limits);
    }
    reread_list(&pod->requests);
    reread_list(&pod->limits);
}

/** A resize carries no record; what came out must lead to itself all the same. */
static void check_without_record(const struct row *row, struct pf_pod *pod, struct pf_arena *arena)
{
    struct pf_rewrite again = {0};

    rewrite_case_run(&row->setup, pod, arena, &again);
    if (again.change_count != 0) {
        fail_msg("%s: without a record %zu changes, %.*s", row->name, again.change_count,
                 PF_SV_ARG(again.annotation));
    }
}

static void check_row(const struct row *row, struct pf_arena *arena)
{
    pf_autobuf struct pf_buf got = {0};
    struct pf_pod pod = {0};
    struct pf_rewrite first = {0};
    struct pf_rewrite second = {0};
    const char *const json = pf_arena_printf(arena, "{\"spec\":%s}", row->spec);

    pf_buf_init(&got, 10000);
    rewrite_case_pod(pf_sv_from(json), arena, &pod);
    rewrite_case_run(&row->setup, &pod, arena, &first);
    rewrite_case_describe(&pod, &got);
    if (strcmp(got.data, row->expect) != 0) {
        fail_msg("%s: %s", row->name, got.data);
    }
    for (size_t i = 0; i < first.container_count; i++) {
        const struct pf_container *const container = first.containers[i].container;

        if (container != NULL && container->kind == PF_CONTAINER_MAIN && container->index == 0 &&
            row->setup.container == NULL && first.containers[i].rule != row->rule) {
            fail_msg("%s: rule %s", row->name, pf_rule_name(first.containers[i].rule));
        }
    }
    reread(&pod);
    /* raise takes a request that equals its limit for a defaulted one; a part of a request is another part the next time */
    if (row->setup.requests != PF_REQUESTS_RAISE &&
        row->setup.percents.cpu_request_to_request == 0) {
        check_without_record(row, &pod, arena);
    }
    rewrite_case_annotate(&pod, first.annotation, arena);
    rewrite_case_run(&row->setup, &pod, arena, &second);
    if (second.change_count != 0 || !pf_sv_eq(first.annotation, second.annotation) ||
        second.annotation_trusted != (first.annotation.len != 0)) {
        fail_msg("%s: not idempotent: %zu changes, %.*s", row->name, second.change_count,
                 PF_SV_ARG(second.annotation));
    }
}

static void check_rows(const struct row *table, size_t count)
{
    pf_autoarena struct pf_arena arena = {0};

    pf_arena_init(&arena, 1 << 22);
    for (size_t i = 0; i < count; i++) {
        check_row(&table[i], &arena);
        pf_arena_reset(&arena);
    }
}

static void test_quota(void **state)
{
    (void)state;
    check_rows(rows, PF_ARRAY_LEN(rows));
}

static void test_percent(void **state)
{
    (void)state;
    check_rows(percent_rows, PF_ARRAY_LEN(percent_rows));
}

static void test_pod_level(void **state)
{
    (void)state;
    check_rows(level_rows, PF_ARRAY_LEN(level_rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quota),
        cmocka_unit_test(test_percent),
        cmocka_unit_test(test_pod_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rewrite_case.h"
#include <podfit/buf.h>
#include <podfit/request.h>

#define RUNS 20000

/** splitmix64: the same pods in every run. */
static uint64_t next(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint32_t below(uint64_t *seed, uint32_t bound)
{
    return (uint32_t)(next(seed) % bound);
}

static const char *pick(uint64_t *seed, const char *const *texts, size_t count)
{
    return texts[below(seed, (uint32_t)count)];
}
#define PICK(seed, texts) pick((seed), (texts), PF_ARRAY_LEN(texts))

static const char *const cpus[] = {"0",     "1m", "20m", "50m", "100m", "0.3", "500m", "1",
                                   "1500m", "2",  "3.7", "8",   "1u",   "1e3", "100",  "64000m"};
static const char *const memories[] = {"0",     "1",   "512Ki",     "1Mi",    "100Mi",    "100M",
                                       "200Mi", "1Gi", "2G",        "2000Mi", "5000Mi",   "16Gi",
                                       "1.5Gi", "3e9", "128974848", "1Ti",    "999999999"};
static const char *const odd[] = {"-1", "1e30", "9223372036854775807", "1e-9", "8Ei", "100E"};

static void put_list(uint64_t *seed, const char *key, struct pf_buf *json)
{
    pf_buf_printf(json, "\"%s\":{\"ephemeral-storage\":\"1Gi\"", key);
    if (below(seed, 4) != 0) {
        pf_buf_printf(json, ",\"cpu\":\"%s\"",
                      below(seed, 100) == 0 ? PICK(seed, odd) : PICK(seed, cpus));
    }
    if (below(seed, 4) != 0) {
        pf_buf_printf(json, ",\"memory\":\"%s\"",
                      below(seed, 100) == 0 ? PICK(seed, odd) : PICK(seed, memories));
    }
    pf_buf_append_cstr(json, ",\"nvidia.com/gpu\":\"1\"}");
}

static void put_resources(uint64_t *seed, struct pf_buf *json)
{
    pf_buf_append_cstr(json, "\"resources\":{");
    if (below(seed, 3) != 0) {
        put_list(seed, "requests", json);
        if (below(seed, 4) != 0) {
            pf_buf_append_char(json, ',');
            put_list(seed, "limits", json);
        }
    } else if (below(seed, 3) != 0) {
        put_list(seed, "limits", json);
    }
    pf_buf_append_char(json, '}');
}

static void put_containers(uint64_t *seed, const char *key, uint32_t count, bool init,
                           struct pf_buf *json)
{
    static const char *const names[] = {"project", "main", "side", "x"};

    pf_buf_printf(json, "\"%s\":[", key);
    for (uint32_t i = 0; i < count; i++) {
        pf_buf_printf(json, "%s{\"name\":\"%s\",", i != 0 ? "," : "", PICK(seed, names));
        if (init && below(seed, 2) == 0) {
            pf_buf_append_cstr(json, "\"restartPolicy\":\"Always\",");
        }
        put_resources(seed, json);
        pf_buf_append_char(json, '}');
    }
    pf_buf_append_char(json, ']');
}

static void make_pod(uint64_t *seed, struct pf_buf *json)
{
    pf_buf_append_cstr(json, "{\"spec\":{");
    put_containers(seed, "containers", 1 + below(seed, 4), false, json);
    pf_buf_append_char(json, ',');
    put_containers(seed, "initContainers", below(seed, 3), true, json);
    if (below(seed, 3) == 0) {
        pf_buf_append_char(json, ',');
        put_resources(seed, json);
    }
    pf_buf_append_cstr(json, "}}");
}

static struct rewrite_setup make_setup(uint64_t *seed)
{
    static const char *const quotas[] = {
        "{}",
        "{\"mem\":2000,\"cpu\":1,\"cpu_oc\":20,\"mem_oc\":10}",
        "{\"mem\":2000,\"mem_oc\":3,\"cpu\":1,\"cpu_oc\":3}",
        "{\"mem\":2000.5,\"mem_oc\":6.66,\"cpu\":0.0005,\"cpu_oc\":2.5}",
        "{\"mem_oc\":1e9,\"cpu_oc\":1e9}",
        "{\"mem\":32000,\"mem_oc\":1,\"cpu\":8,\"cpu_oc\":1}",
        "{\"mem\":0,\"cpu\":0,\"mem_oc\":2,\"cpu_oc\":2}",
    };
    static const char *const upgrades[] = {
        "{}", "{\"memory\":100}", "{\"memory_request\":500,\"cpu_shares\":102.4}",
        "{\"memory\":0.5,\"cores\":0.0001}", "{\"memory\":0,\"cores\":0,\"cpu_shares\":0}"};
    static const uint32_t percents[] = {0, 0, 1, 29, 50, 57, 58, 99, 100};
    struct rewrite_setup setup = {
        .quotas = below(seed, 4) != 0 ? PICK(seed, quotas) : NULL,
        .upgrades = below(seed, 2) != 0 ? PICK(seed, upgrades) : NULL,
        .decimal = below(seed, 4) == 0,
        .container = below(seed, 2) == 0 ? "project" : NULL,
        .requests = below(seed, 6) == 0
                        ? PF_REQUESTS_KEEP
                        : (below(seed, 2) == 0 ? PF_REQUESTS_RAISE : PF_REQUESTS_REPLACE),
        .member = below(seed, 4) == 0,
    };

    if (setup.quotas == NULL) {
        setup.upgrades = NULL;
        setup.percents = (struct pf_percents){
            percents[below(seed, PF_ARRAY_LEN(percents))],
            percents[below(seed, PF_ARRAY_LEN(percents))],
            percents[below(seed, PF_ARRAY_LEN(percents))] * 3,
            percents[below(seed, PF_ARRAY_LEN(percents))],
        };
    }
    return setup;
}

static const struct pf_quantity *amount(const struct pf_resource_list *list, struct pf_sv name)
{
    const struct pf_resource *const item = pf_resource_list_find(list, name);

    return item != NULL ? &item->amount : NULL;
}

static struct pf_resource_list *list_of(struct pf_pod *pod, const struct pf_rewrite_change *change,
                                        const struct pf_pod *owner, bool limit)
{
    if (change->container == NULL) {
        return limit ? &pod->limits : &pod->requests;
    }
    struct pf_container *const container = &pod->containers[change->container - owner->containers];

    return limit ? &container->limits : &container->requests;
}

/** Each change is sane: request <= limit, and 0 only with a limit of 0. */
static bool is_sane(struct pf_pod *pod, const struct pf_rewrite *rewrite)
{
    for (size_t i = 0; i < rewrite->change_count; i++) {
        const struct pf_rewrite_change *const change = &rewrite->changes[i];
        const struct pf_quantity *const request =
            amount(list_of(pod, change, pod, false), change->resource);
        const struct pf_quantity *const limit =
            amount(list_of(pod, change, pod, true), change->resource);

        if (pf_quantity_sign(&change->after) < 0 ||
            (request != NULL && limit != NULL && pf_quantity_cmp(request, limit) > 0)) {
            return false;
        }
        if (!change->limit && pf_quantity_sign(&change->after) == 0 &&
            (limit == NULL || pf_quantity_sign(limit) != 0)) {
            return false;
        }
        if (change->had_before && pf_quantity_cmp(&change->before, &change->after) == 0) {
            return false;
        }
    }
    return true;
}

/** The changes, applied to the pod as it came, give the pod as it is now, and nothing else was touched. */
static bool replays(struct pf_pod *original, const struct pf_pod *rewritten,
                    const struct pf_rewrite *rewrite, struct pf_arena *arena)
{
    pf_autobuf struct pf_buf a = {0};
    pf_autobuf struct pf_buf b = {0};

    pf_buf_init(&a, 100000);
    pf_buf_init(&b, 100000);
    for (size_t i = 0; i < rewrite->change_count; i++) {
        const struct pf_rewrite_change *const change = &rewrite->changes[i];
        struct pf_resource_list *const list = list_of(original, change, rewritten, change->limit);

        if ((amount(list, change->resource) != NULL) != change->had_before ||
            pf_resource_list_set(list, change->resource, &change->after, arena) != PF_OK) {
            return false;
        }
    }
    rewrite_case_describe(original, &a);
    rewrite_case_describe(rewritten, &b);
    for (size_t i = 0; i < rewritten->container_count; i++) {
        const struct pf_container *const x = &original->containers[i];
        const struct pf_container *const y = &rewritten->containers[i];

        if (x->requests.count != y->requests.count || x->limits.count != y->limits.count ||
            (amount(&x->limits, PF_SV("nvidia.com/gpu")) == NULL) !=
                (amount(&y->limits, PF_SV("nvidia.com/gpu")) == NULL)) {
            return false;
        }
    }
    return strcmp(a.data, b.data) == 0;
}

/** Give a list items of its own, with room for what defaulting adds. */
static void copy_list(struct pf_resource_list *list, struct pf_arena *arena)
{
    struct pf_resource *const items = pf_arena_calloc(arena, list->count + 4, sizeof(*items));

    assert_non_null(items);
    if (list->count != 0) {
        memcpy(items, list->items, list->count * sizeof(*items));
    }
    list->items = items;
    list->cap = list->count + 4;
}

/** What the API server checks of pod-level resources (ValidatePodResources), for one resource after defaulting. */
static bool is_level_valid(const struct pf_pod *pod, struct pf_sv name)
{
    static const struct pf_kube_features none = {.minor = PF_KUBE_MINOR_NEWEST};
    const struct pf_quantity *const limit = amount(&pod->limits, name);
    const struct pf_quantity *const request = amount(&pod->requests, name);
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod plain = *pod;
    struct pf_request total = {0};
    int64_t asked = 0;

    for (size_t i = 0; i < pod->container_count; i++) {
        const struct pf_quantity *const own = amount(&pod->containers[i].limits, name);

        if (own != NULL && limit != NULL && pf_quantity_cmp(own, limit) > 0) {
            return false;
        }
    }
    /* the sum of the containers alone: pod-level resources are ignored with their gate off */
    pf_arena_init(&arena, 1 << 20);
    plain.containers = pf_arena_calloc(&arena, pod->container_count, sizeof(*plain.containers));
    assert_non_null(plain.containers);
    memcpy(plain.containers, pod->containers, pod->container_count * sizeof(*plain.containers));
    for (size_t i = 0; i < plain.container_count; i++) {
        copy_list(&plain.containers[i].requests, &arena);
        copy_list(&plain.containers[i].limits, &arena);
    }
    plain.requests = (struct pf_resource_list){0};
    plain.limits = (struct pf_resource_list){0};
    assert_int_equal(pf_pod_apply_defaults(&plain, &none, false, &arena, NULL), PF_OK);
    assert_int_equal(pf_request_of_incoming(&plain, &none, &arena, &total, NULL), PF_OK);
    asked = pf_sv_eq_cstr(name, "cpu") ? total.milli_cpu : total.memory;
    if (request != NULL) {
        const int64_t room =
            pf_sv_eq_cstr(name, "cpu") ? pf_quantity_milli(request) : pf_quantity_value(request);

        return asked <= room && (limit == NULL || pf_quantity_cmp(request, limit) <= 0);
    }
    return limit == NULL || asked <= (pf_sv_eq_cstr(name, "cpu") ? pf_quantity_milli(limit)
                                                                 : pf_quantity_value(limit));
}

/** Both resources, as a bit set. */
static unsigned valid_levels(const struct pf_pod *pod)
{
    return (is_level_valid(pod, PF_SV("cpu")) ? 1U : 0U) |
           (is_level_valid(pod, PF_SV("memory")) ? 2U : 0U);
}

static void check_first(struct pf_pod *original, struct pf_pod *pod,
                        const struct pf_rewrite *rewrite, struct pf_arena *arena)
{
    const unsigned valid = valid_levels(original);

    if (!is_sane(pod, rewrite)) {
        fail_msg("not sane: %.*s", PF_SV_ARG(rewrite->annotation));
    }
    if (!replays(original, pod, rewrite, arena)) {
        fail_msg("does not replay: %.*s", PF_SV_ARG(rewrite->annotation));
    }
    if (pod->resources_present && (valid & ~valid_levels(pod)) != 0) {
        fail_msg("refused: %.*s", PF_SV_ARG(rewrite->annotation));
    }
}

static void check(const struct rewrite_setup *setup, struct pf_sv json, struct pf_arena *arena)
{
    struct pf_class class_ = {0};
    struct pf_pod original = {0};
    struct pf_pod pod = {0};
    struct pf_rewrite first = {0};
    struct pf_rewrite second = {0};

    rewrite_case_class(setup, &class_);
    rewrite_case_pod(json, arena, &original);
    rewrite_case_pod(json, arena, &pod);
    assert_int_equal(pf_rewrite_pod(&class_, &pod, arena, &first, NULL), PF_OK);
    check_first(&original, &pod, &first, arena);
    rewrite_case_annotate(&pod, first.annotation, arena);
    assert_int_equal(pf_rewrite_pod(&class_, &pod, arena, &second, NULL), PF_OK);
    if (second.change_count != 0 || !pf_sv_eq(first.annotation, second.annotation) ||
        (first.annotation.len != 0 && !second.annotation_trusted)) {
        fail_msg("not idempotent: %.*s", PF_SV_ARG(second.annotation));
    }
}

static void test_random(void **state)
{
    pf_autoarena struct pf_arena arena = {0};
    uint64_t seed = 20261122;

    (void)state;
    pf_arena_init(&arena, 1 << 22);
    for (int run = 0; run < RUNS; run++) {
        const struct rewrite_setup setup = make_setup(&seed);
        pf_autobuf struct pf_buf json = {0};

        pf_buf_init(&json, 100000);
        make_pod(&seed, &json);
        check(&setup, pf_buf_view(&json), &arena);
        pf_arena_reset(&arena);
    }
}

/** Whatever annotation a pod carries: under `replace` it gets what it would have got without one. */
static void test_hostile_annotation(void **state)
{
    static const char *const values[] = {"null", "\"1\"",  "\"200Mi\"", "\"2000Mi\"", "\"100Mi\"",
                                         "1e9",  "\"-1\"", "\"50m\"",   "{}",         "\"1Gi\""};
    static const struct rewrite_setup setup = {
        .quotas = "{\"mem\":2000,\"cpu\":1,\"cpu_oc\":20,\"mem_oc\":10}"};
    static const char json[] =
        "{\"spec\":{\"containers\":[{\"name\":\"a\",\"resources\":{\"requests\":{\"cpu\":\"1\",\"memory\":"
        "\"100Mi\"},\"limits\":{\"cpu\":\"1\",\"memory\":\"2000Mi\"}}}]}}";
    pf_autoarena struct pf_arena arena = {0};
    uint64_t seed = 7;

    (void)state;
    pf_arena_init(&arena, 1 << 22);
    for (int run = 0; run < RUNS / 4; run++) {
        pf_autobuf struct pf_buf got = {0};
        const char *const text = pf_arena_printf(
            &arena,
            "[{\"container\":\"a\",\"%s\":{\"%s\":{\"before\":%s,\"after\":%s},\"%s\":{\"before\":%s,\"after\":%s}}}]",
            below(&seed, 2) != 0 ? "requests" : "limits", below(&seed, 2) != 0 ? "cpu" : "memory",
            PICK(&seed, values), PICK(&seed, values), below(&seed, 2) != 0 ? "cpu" : "memory",
            PICK(&seed, values), PICK(&seed, values));
        struct pf_class class_ = {0};
        struct pf_pod pod = {0};
        struct pf_rewrite rewrite = {0};

        pf_buf_init(&got, 1000);
        rewrite_case_class(&setup, &class_);
        rewrite_case_pod(PF_SV(json), &arena, &pod);
        rewrite_case_annotate(&pod, pf_sv_from(text), &arena);
        assert_int_equal(pf_rewrite_pod(&class_, &pod, &arena, &rewrite, NULL), PF_OK);
        rewrite_case_describe(&pod, &got);
        if (strcmp(got.data, "a: 50m 200Mi / 1 2000Mi") != 0) {
            fail_msg("%s: %s", text, got.data);
        }
        pf_arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_hostile_annotation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Cost of one judgement where other pods matter, with a reservation after each: 5,000 nodes with 150,000 pods, of which 10,000 have required anti-affinity
 * by hostname. Prints nanoseconds a judgement, and bytes a pod and a node of the model.
 */

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <podfit/fit.h>
#include <podfit/limits.h>
#include <podfit/reservation.h>

#define NODES          5000U
#define PODS           150000U
#define LONERS         10000U /* pods with anti-affinity */
#define LONER_APPS     4U
#define APPS           200U
#define TTL_JUDGEMENTS 1000U /* reservations that are held at any time */
#define IMAGES         50U   /* of a node */
#define IMAGES_COMMON \
    20U /* of them that every node has; the others are of half the nodes or fewer */

#define ANTI                                                                                   \
    "\"affinity\":{\"podAntiAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{" \
    "\"topologyKey\":\"kubernetes.io/hostname\",\"labelSelector\":{\"matchLabels\":{\"app\":"  \
    "\"%s\"}}}]}},"
#define NEAR                                                                               \
    "\"affinity\":{\"podAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{" \
    "\"topologyKey\":\"topology.kubernetes.io/zone\",\"labelSelector\":{\"matchLabels\":{" \
    "\"app\":\"%s\"}}}]}},"
#define SPREAD(key)                                                                           \
    "\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":\"" key                    \
    "\",\"whenUnsatisfiable\":\"DoNotSchedule\",\"labelSelector\":{\"matchLabels\":{\"app\":" \
    "\"%s\"}}}],"

#define SOFT_NODES                                                                                 \
    "\"affinity\":{\"nodeAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{"       \
    "\"weight\":1,\"preference\":{\"matchExpressions\":[{\"key\":\"topology.kubernetes.io/zone\"," \
    "\"operator\":\"In\",\"values\":[\"z1\"]}]}}]}},"
#define SOFT_ANTI                                                                               \
    "\"affinity\":{\"podAntiAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{" \
    "\"weight\":1,\"podAffinityTerm\":{\"topologyKey\":\"kubernetes.io/hostname\","             \
    "\"labelSelector\":{\"matchLabels\":{\"app\":\"%s\"}}}}]}},"
#define SOFT_SPREAD                                                             \
    "\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":"            \
    "\"topology.kubernetes.io/zone\",\"whenUnsatisfiable\":\"ScheduleAnyway\"," \
    "\"labelSelector\":{\"matchLabels\":{\"app\":\"%s\"}}}],"

struct bench {
    struct pf_kube_features features;
    struct pf_model *model;
    struct pf_fit *fit;
    struct pf_arena arena;  /* of one judgement or object */
    struct pf_arena object; /* of the pod in question */
};

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void require(enum pf_code code, const struct pf_err *err)
{
    if (code != PF_OK) {
        (void)fprintf(stderr, "bench_topology: %s: %s\n", pf_code_name(code), err->text);
        abort();
    }
}

/* Names by tag and by digest, as kubelets report them. */
static const char *list_images(struct bench *bench, uint32_t node)
{
    const char *list = "";
    for (uint32_t i = 0; i < IMAGES && list != NULL; i++) {
        const uint32_t number = i < IMAGES_COMMON ? i : i * 1000 + node % (2 + i / 4);
        list = pf_arena_printf(&bench->arena,
                               "%s%s{\"names\":[\"registry.example.com/image@sha256:%032" PRIu32
                               "%032" PRIu32 "\",\"registry.example.com/image:v%" PRIu32
                               "\"],\"sizeBytes\":%" PRIu32 "}",
                               list, i != 0 ? "," : "", number, number, number, 700000000 + number);
    }
    return list;
}

static void add_node(struct bench *bench, uint32_t number, bool with_images)
{
    struct pf_err err = {0};
    struct pf_node node;
    pf_arena_reset(&bench->arena);
    const char *json = pf_arena_printf(
        &bench->arena,
        "{\"metadata\":{\"name\":\"node-%" PRIu32 "\",\"labels\":{\"kubernetes.io/hostname\":"
        "\"node-%" PRIu32 "\",\"topology.kubernetes.io/zone\":\"z%" PRIu32 "\"}},"
        "\"status\":{\"allocatable\":{\"cpu\":\"64\",\"memory\":\"256Gi\",\"pods\":\"250\"},"
        "\"images\":[%s]}}",
        number, number, number % 3, with_images ? list_images(bench, number) : "");
    require(pf_node_decode(pf_sv_from(json), &bench->arena, &node, &err), &err);
    require(pf_model_apply_node(bench->model, &node, &err), &err);
}

static struct pf_pod make_pod(struct pf_arena *arena, const char *meta, const char *spec)
{
    struct pf_err err = {0};
    struct pf_pod pod;
    const char *json = pf_arena_printf(
        arena,
        "{\"metadata\":{\"namespace\":\"apps\",%s},\"spec\":{%s\"containers\":[{\"name\":\"c\",%s"
        "\"resources\":{\"requests\":{\"cpu\":\"50m\",\"memory\":\"200Mi\"}}}]}}",
        meta, spec,
        strchr(meta, '!') != NULL ? "\"image\":\"registry.example.com/image:v20000\"," : "");
    require(pf_pod_decode(pf_sv_from(json), arena, &pod, &err), &err);
    return pod;
}

static void add_pod(struct bench *bench, uint32_t number)
{
    struct pf_err err = {0};
    char app[32];
    char meta[128];
    char spec[512] = "";
    pf_arena_reset(&bench->arena);
    const bool loner = number < LONERS;
    (void)snprintf(app, sizeof(app), loner ? "loner-%u" : "app-%u",
                   loner ? number / (LONERS / LONER_APPS) : number % APPS);
    (void)snprintf(meta, sizeof(meta), "\"name\":\"pod-%u\",\"labels\":{\"app\":\"%s\"}", number,
                   app);
    const int used = snprintf(spec, sizeof(spec), "\"nodeName\":\"node-%u\",",
                              (number * 7U + number / NODES) % NODES);
    if (loner) {
        (void)snprintf(spec + used, sizeof(spec) - (size_t)used, ANTI, app);
    }
    const struct pf_pod pod = make_pod(&bench->arena, meta, spec);
    require(pf_model_apply_pod(bench->model, &pod, &err), &err);
}

static void fill(struct bench *bench)
{
    struct pf_err err = {0};
    const struct pf_model_options model_options = {
        .features = bench->features,
        .clock = pf_clock_system(),
        .reservation_ttl_ms = 3600000,
        .reservations_max = PF_RESERVATIONS_MAX,
    };
    require(pf_model_new(&model_options, &bench->model, &err), &err);
    const struct pf_model_origin origin = {.synced = true};
    pf_model_set_origin(bench->model, &origin);
    const size_t empty = pf_model_stats(bench->model).bytes;
    for (uint32_t i = 0; i < NODES; i++) {
        add_node(bench, i, false);
    }
    const size_t nodes = pf_model_stats(bench->model).bytes;
    for (uint32_t i = 0; i < PODS; i++) {
        add_pod(bench, i);
    }
    const size_t all = pf_model_stats(bench->model).bytes;
    (void)printf("%u nodes, %u pods: %zu bytes a node, %zu bytes a pod\n", NODES, PODS,
                 (nodes - empty) / NODES, (all - nodes) / PODS);
    for (uint32_t i = 0; i < NODES; i++) {
        add_node(bench, i, true);
    }
    (void)printf("%u images a node: %zu bytes more a node\n", IMAGES,
                 (pf_model_stats(bench->model).bytes - all) / NODES);
    const struct pf_fit_options options = {.features = bench->features, .max_model_age_ms = 60000};
    require(pf_fit_new(bench->model, &options, &bench->fit, &err), &err);
}

/* @return nanoseconds of the judgement alone; the reservation that follows is not timed */
static int64_t judge(struct bench *bench, const struct pf_pod *pod, uint64_t number, bool *ret_fits)
{
    struct pf_err err = {0};
    struct pf_judgement judgement;
    char uid[32];
    pf_arena_reset(&bench->arena);
    const int64_t begin = now_ns();
    require(pf_fit_judge(bench->fit, pod, &bench->arena, &judgement, &err), &err);
    const int64_t spent = now_ns() - begin;
    (void)snprintf(uid, sizeof(uid), "review-%" PRIu64, number % TTL_JUDGEMENTS);
    const struct pf_reservation_spec spec = {
        .review_uid = pf_sv_from(uid),
        .namespace_ = PF_SV("apps"),
        .pod = pod,
        .request = &judgement.request,
        .node = judgement.node,
    };
    require(pf_reservation_put(bench->model, &spec, &err), &err);
    *ret_fits = judgement.verdict == PF_VERDICT_FITS;
    return spent;
}

static void measure(struct bench *bench, const char *what, const char *app, const char *format)
{
    struct pf_err err = {0};
    char meta[128];
    char spec[512];
    const unsigned rounds = 3000;
    bool fits = false;
    pf_arena_reset(&bench->object);
    (void)snprintf(meta, sizeof(meta), "\"labels\":{\"app\":\"%s\"}", app);
    const size_t at = pf_sv_find(pf_sv_from(format), PF_SV("%s"));
    (void)snprintf(spec, sizeof(spec), "%.*s%s%s", at != SIZE_MAX ? (int)at : (int)strlen(format),
                   format, at != SIZE_MAX ? app : "", at != SIZE_MAX ? format + at + 2 : "");
    struct pf_pod pod = make_pod(&bench->object, meta, spec);
    require(
        pf_pod_apply_defaults(&pod, &bench->features, /* stored= */ false, &bench->object, &err),
        &err);
    const int64_t first = judge(bench, &pod, 0, &fits);
    int64_t total = 0;
    unsigned fit = 0;
    for (unsigned i = 0; i < rounds; i++) {
        total += judge(bench, &pod, i, &fits);
        fit += fits ? 1 : 0;
    }
    (void)printf("%-42s %12" PRId64 " %12" PRId64 " %8u\n", what, first, total / rounds,
                 fit * 100 / rounds);
}

int main(void)
{
    struct bench bench = {.features = pf_kube_features_default(PF_KUBE_MINOR_NEWEST)};
    pf_arena_init(&bench.arena, PF_REVIEW_ARENA_MAX_BYTES);
    pf_arena_init(&bench.object, PF_REVIEW_ARENA_MAX_BYTES);
    fill(&bench);
    (void)printf("%-42s %12s %12s %8s\n", "question", "first, ns", "again, ns", "fits, %");
    measure(&bench, "plain pod", "plain", "");
    measure(&bench, "anti-affinity by hostname, 2,500 of its own", "loner-0", ANTI);
    measure(&bench, "kept away by anti-affinity of others", "loner-1", "");
    measure(&bench, "anti-affinity by hostname, none of its own", "new", ANTI);
    measure(&bench, "zone spread", "app-7", SPREAD("topology.kubernetes.io/zone"));
    measure(&bench, "hostname spread", "app-8", SPREAD("kubernetes.io/hostname"));
    measure(&bench, "zone affinity", "app-9", NEAR);
    measure(&bench, "image that some nodes have", "!", "");
    measure(&bench, "preferred node affinity", "plain", SOFT_NODES);
    measure(&bench, "zone spread, ScheduleAnyway", "app-7", SOFT_SPREAD);
    measure(&bench, "preferred anti-affinity by hostname", "app-8", SOFT_ANTI);
    pf_fit_free(bench.fit);
    pf_model_free(bench.model);
    pf_arena_done(&bench.object);
    pf_arena_done(&bench.arena);
    return 0;
}

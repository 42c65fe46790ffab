/*
 * bench_cluster [--bytes] NODES...   for each size a cluster of 150,000 pods, of which 10,000 have required anti-affinity by hostname and as many as there are nodes are
 * of a higher priority than the pods in question. Each question is judged again and again, with a reservation after each judgement, then asked as a whole review
 * (bytes to bytes). Prints medians in nanoseconds, so that other programs on the machine hardly count, and bytes a node and a pod of the model (with --bytes nothing else).
 * tests/oracle/bench.go makes the same clusters for kube-scheduler itself.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <podfit/admission.h>
#include <podfit/limits.h>
#include <podfit/reservation.h>

#define PODS            150000U
#define LONERS          10000U /* pods with anti-affinity */
#define LONER_APPS      4U
#define APPS            200U
#define POOL            500U  /* nodes of the label pool=small: as many as soft rules compare */
#define RESERVATIONS    1000U /* that are held at any time */
#define ROUNDS          3000U
#define BUDGET_NS       3000000000 /* of one question: no further round after it */
#define LONG_NS         20000
#define IMAGES          50U /* of a node */
#define REVIEW_UID_TAIL "000000"

#define ANTI                                                                                   \
    "\"affinity\":{\"podAntiAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{" \
    "\"topologyKey\":\"kubernetes.io/hostname\",\"labelSelector\":{\"matchLabels\":{\"app\":"  \
    "\"%s\"}}}]}},"
#define NEAR                                                                               \
    "\"affinity\":{\"podAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{" \
    "\"topologyKey\":\"topology.kubernetes.io/zone\",\"labelSelector\":{\"matchLabels\":{" \
    "\"app\":\"%s\"}}}]}},"
#define SPREAD(key, what)                                                        \
    "\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":\"" key       \
    "\",\"whenUnsatisfiable\":\"" what "\",\"labelSelector\":{\"matchLabels\":{" \
    "\"app\":\"%s\"}}}],"
#define SOFT_ANTI                                                                               \
    "\"affinity\":{\"podAntiAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{" \
    "\"weight\":1,\"podAffinityTerm\":{\"topologyKey\":\"kubernetes.io/hostname\","             \
    "\"labelSelector\":{\"matchLabels\":{\"app\":\"%s\"}}}}]}},"
#define SMALL_POOL "\"nodeSelector\":{\"pool\":\"small\"},"
#define IMPORTANT  "\"priority\":1000,"
#define HOSTNAME   "kubernetes.io/hostname"
#define ZONE       "topology.kubernetes.io/zone"

static const struct question {
    const char *what; /* the same in tests/oracle/bench.go */
    const char *app;  /* label, also put in place of %s */
    const char *spec; /* format */
    const char *cpu;
} questions[] = {
    {"plain", "plain", "", "50m"},
    {"anti-affinity by hostname", "loner-0", ANTI, "50m"},
    {"anti-affinity by hostname, first of its kind", "new", ANTI, "50m"},
    {"kept away by others' anti-affinity", "loner-1", "", "50m"},
    {"zone spread", "app-7", SPREAD(ZONE, "DoNotSchedule"), "50m"},
    {"hostname spread", "app-8", SPREAD(HOSTNAME, "DoNotSchedule"), "50m"},
    {"zone affinity", "app-9", NEAR, "50m"},
    {"soft zone spread, 500 nodes fit", "app-10", SMALL_POOL SPREAD(ZONE, "ScheduleAnyway"), "50m"},
    {"preferred anti-affinity, 500 nodes fit", "app-11", SMALL_POOL SOFT_ANTI, "50m"},
    {"fits nowhere", "plain", "", "65"},
    {"fits nowhere, eviction is in vain", "plain", IMPORTANT, "64"},
    {"fits by eviction", "plain", IMPORTANT, "63999m"},
};

struct bench {
    struct pf_kube_features features;
    struct pf_model *model;
    struct pf_fit *fit;
    struct pf_admission *admission;
    struct pf_arena arena;  /* of one judgement or object */
    struct pf_arena object; /* of the pod in question */
    struct pf_buf response;
    uint32_t nodes;
    uint64_t reviews;
    clockid_t
        clock; /* CPU time for what takes long enough to be interrupted; it costs 0.3 us itself */
    int64_t samples[ROUNDS];
};

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void require(enum pf_code code, const struct pf_err *err)
{
    if (code != PF_OK) {
        (void)fprintf(stderr, "bench_cluster: %s: %s\n", pf_code_name(code), err->text);
        abort();
    }
}

/* Names by tag and by digest, as kubelets report them; the same on every node. */
static void list_images(struct pf_buf *list)
{
    for (uint32_t i = 0; i < IMAGES; i++) {
        pf_buf_printf(list,
                      "%s{\"names\":[\"registry.example.com/image@sha256:%032" PRIu32 "%032" PRIu32
                      "\",\"registry.example.com/image:v%" PRIu32 "\"],\"sizeBytes\":%" PRIu32 "}",
                      i != 0 ? "," : "", i, i, i, 700000000 + i);
    }
    pf_buf_append_cstr(list, "]}}");
}

static void add_node(struct bench *bench, uint32_t number, struct pf_sv images)
{
    struct pf_err err = {0};
    struct pf_node node;
    pf_arena_reset(&bench->arena);
    struct pf_buf json;
    pf_buf_init(&json, PF_REVIEW_ARENA_MAX_BYTES);
    pf_buf_printf(&json,
                  "{\"metadata\":{\"name\":\"node-%" PRIu32 "\",\"labels\":{\"" HOSTNAME
                  "\":\"node-%" PRIu32 "\",\"" ZONE "\":\"z%" PRIu32
                  "\",\"pool\":\"%s\"}},\"status\":{\"allocatable\":{\"cpu\":\"64\",\"memory\":"
                  "\"256Gi\",\"pods\":\"4000\"},\"images\":[",
                  number, number, number % 3, number < POOL ? "small" : "large");
    pf_buf_append_sv(&json, images);
    require(pf_node_decode(pf_buf_view(&json), &bench->arena, &node, &err), &err);
    require(pf_model_apply_node(bench->model, &node, &err), &err);
    pf_buf_done(&json);
}

/* The text of a pod with its app's name in place of %s. */
static const char *print_spec(struct pf_arena *arena, const char *format, const char *app)
{
    const size_t at = pf_sv_find(pf_sv_from(format), PF_SV("%s"));
    return at == SIZE_MAX
               ? format
               : pf_arena_printf(arena, "%.*s%s%s", (int)at, format, app, format + at + 2);
}

static void add_pod(struct bench *bench, uint32_t number)
{
    struct pf_err err = {0};
    struct pf_pod pod;
    const bool loner = number < LONERS;
    const bool daemon = number + bench->nodes >= PODS; /* the last ones: one on each node */
    pf_arena_reset(&bench->arena);
    const char *app = pf_arena_printf(&bench->arena, loner ? "loner-%u" : "app-%u",
                                      loner ? number / (LONERS / LONER_APPS) : number % APPS);
    const char *json = pf_arena_printf(
        &bench->arena,
        "{\"metadata\":{\"namespace\":\"apps\",\"name\":\"pod-%" PRIu32
        "\",\"labels\":{\"app\":\"%s\"}},\"spec\":{\"nodeName\":\"node-%" PRIu32
        "\",\"priority\":%u,%s\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{"
        "\"cpu\":\"1m\",\"memory\":\"4Mi\"}}}]}}",
        number, app, (uint32_t)((number * UINT64_C(7) + number / bench->nodes) % bench->nodes),
        daemon ? 2000U : 0U, loner ? print_spec(&bench->arena, ANTI, app) : "");
    require(pf_pod_decode(pf_sv_from(json), &bench->arena, &pod, &err), &err);
    require(pf_model_apply_pod(bench->model, &pod, &err), &err);
}

static void make_admission(struct bench *bench)
{
    static const char yaml[] =
        "apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses:\n- name: projects\n"
        "  requests: keep\n  onFull: annotate\n  onNever: annotate\n";
    struct pf_err err = {0};
    struct pf_problems problems;
    struct pf_config *config = NULL;
    pf_arena_reset(&bench->arena);
    pf_problems_init(&problems, &bench->arena, "bench.yaml");
    if (pf_config_parse(pf_sv_from(yaml), "bench.yaml", &problems, &config) != PF_OK) {
        abort();
    }
    require(pf_admission_new(bench->model, config, &bench->admission, &err), &err);
    pf_config_unref(config);
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
    struct pf_buf images;
    pf_buf_init(&images, PF_REVIEW_ARENA_MAX_BYTES);
    list_images(&images);
    for (uint32_t i = 0; i < bench->nodes; i++) {
        add_node(bench, i, pf_buf_view(&images));
    }
    pf_buf_done(&images);
    const size_t nodes = pf_model_stats(bench->model).bytes;
    for (uint32_t i = 0; i < PODS; i++) {
        add_pod(bench, i);
    }
    const size_t all = pf_model_stats(bench->model).bytes;
    (void)printf("bytes %" PRIu32 " %zu %zu\n", bench->nodes, (nodes - empty) / bench->nodes,
                 (all - nodes) / PODS);
    const struct pf_fit_options options = {.features = bench->features, .max_model_age_ms = 60000};
    require(pf_fit_new(bench->model, &options, &bench->fit, &err), &err);
    make_admission(bench);
}

static const char *print_pod(struct pf_arena *arena, const struct question *question)
{
    return pf_arena_printf(
        arena,
        "{\"metadata\":{\"namespace\":\"apps\",\"generateName\":\"bench-\",\"labels\":{\"app\":"
        "\"%s\"}},\"spec\":{%s\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{"
        "\"cpu\":\"%s\",\"memory\":\"200Mi\"}}}]}}",
        question->app, print_spec(arena, question->spec, question->app), question->cpu);
}

/* @return nanoseconds of the judgement alone; the reservation that follows is not timed */
static int64_t judge(struct bench *bench, const struct pf_pod *pod, bool *ret_fits)
{
    struct pf_err err = {0};
    struct pf_judgement judgement;
    char uid[32];
    pf_arena_reset(&bench->arena);
    const int64_t begin = now_ns(bench->clock);
    require(pf_fit_judge(bench->fit, pod, &bench->arena, &judgement, &err), &err);
    const int64_t spent = now_ns(bench->clock) - begin;
    (void)snprintf(uid, sizeof(uid), "review-%" PRIu64, bench->reviews++ % RESERVATIONS);
    const struct pf_reservation_spec spec = {
        .review_uid = pf_sv_from(uid),
        .namespace_ = PF_SV("apps"),
        .pod = pod,
        .request = &judgement.request,
        .node = judgement.node,
    };
    /* room that is held is never evicted, so that each of these would be the last one of its node */
    if (judgement.preemption == NULL) {
        require(pf_reservation_put(bench->model, &spec, &err), &err);
    }
    *ret_fits = judgement.verdict == PF_VERDICT_FITS;
    return spent;
}

static int64_t review(struct bench *bench, const char *text, size_t len, char *uid_tail)
{
    char digits[sizeof(REVIEW_UID_TAIL)];
    (void)snprintf(digits, sizeof(digits), "%06" PRIu64, bench->reviews++ % 1000000);
    memcpy(uid_tail, digits, sizeof(digits) - 1);
    pf_arena_reset(&bench->arena);
    pf_buf_reset(&bench->response);
    const int64_t begin = now_ns(bench->clock);
    const enum pf_admission_status status =
        pf_admission_review(bench->admission, (struct pf_sv){.ptr = text, .len = len},
                            &bench->arena, &bench->response, NULL);
    const int64_t spent = now_ns(bench->clock) - begin;
    if (status != PF_ADMISSION_OK) {
        (void)fprintf(stderr, "bench_cluster: %s\n", bench->response.data);
        abort();
    }
    return spent;
}

static int compare_samples(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static int64_t median(struct bench *bench, unsigned count)
{
    qsort(bench->samples, count, sizeof(*bench->samples), compare_samples);
    return bench->samples[count / 2];
}

static int64_t measure_reviews(struct bench *bench, const char *pod)
{
    /* dryRun: a review's reservation lives as long as the bench, and would fill the cluster */
    char *text = (char *)(uintptr_t)pf_arena_printf(
        &bench->object,
        "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{\"uid\":"
        "\"0b8a1d6e-5f0e-4f7e-9d5a-0d9f6a" REVIEW_UID_TAIL
        "\",\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},\"resource\":{\"group\":"
        "\"\",\"version\":\"v1\",\"resource\":\"pods\"},\"namespace\":\"apps\",\"operation\":"
        "\"CREATE\",\"dryRun\":true,\"object\":%s}}",
        pod);
    char *tail = strstr(text, REVIEW_UID_TAIL "\"");
    const int64_t begin = now_ns(CLOCK_MONOTONIC);
    unsigned count = 0;
    (void)review(bench, text, strlen(text), tail);
    do {
        bench->samples[count++] = review(bench, text, strlen(text), tail);
    } while (count < ROUNDS && now_ns(CLOCK_MONOTONIC) - begin < BUDGET_NS);
    return median(bench, count);
}

static void measure(struct bench *bench, const struct question *question)
{
    struct pf_err err = {0};
    struct pf_pod pod;
    bool fits = false;
    unsigned count = 0;
    unsigned fit = 0;
    pf_arena_reset(&bench->object);
    const char *json = print_pod(&bench->object, question);
    require(pf_pod_decode(pf_sv_from(json), &bench->object, &pod, &err), &err);
    require(
        pf_pod_apply_defaults(&pod, &bench->features, /* stored= */ false, &bench->object, &err),
        &err);
    bench->clock = CLOCK_THREAD_CPUTIME_ID;
    const int64_t first = judge(bench, &pod, &fits);
    bench->clock = judge(bench, &pod, &fits) > LONG_NS ? bench->clock : CLOCK_MONOTONIC;
    const int64_t begin = now_ns(CLOCK_MONOTONIC);
    do {
        bench->samples[count++] = judge(bench, &pod, &fits);
        fit += fits ? 1 : 0;
    } while (count < ROUNDS && now_ns(CLOCK_MONOTONIC) - begin < BUDGET_NS);
    const int64_t again = median(bench, count);
    (void)printf("fit %" PRIu32 " %" PRId64 " %" PRId64 " %" PRId64 " %u %s\n", bench->nodes, first,
                 again, measure_reviews(bench, json), fit * 100 / count, question->what);
    (void)fflush(stdout);
}

static void run(uint32_t nodes, bool bytes_only)
{
    static struct bench bench;
    bench =
        (struct bench){.features = pf_kube_features_default(PF_KUBE_MINOR_NEWEST), .nodes = nodes};
    pf_arena_init(&bench.arena, PF_REVIEW_ARENA_MAX_BYTES);
    pf_arena_init(&bench.object, PF_REVIEW_ARENA_MAX_BYTES);
    pf_buf_init(&bench.response, PF_RESPONSE_MAX_BYTES);
    fill(&bench);
    for (size_t i = 0; i < PF_ARRAY_LEN(questions) && !bytes_only; i++) {
        measure(&bench, &questions[i]);
    }
    pf_admission_free(bench.admission);
    pf_fit_free(bench.fit);
    pf_model_free(bench.model);
    pf_buf_done(&bench.response);
    pf_arena_done(&bench.object);
    pf_arena_done(&bench.arena);
}

int main(int argc, char **argv)
{
    const bool bytes_only = argc > 1 && strcmp(argv[1], "--bytes") == 0;
    for (int i = bytes_only ? 2 : 1; i < argc; i++) {
        int64_t nodes = 0;
        if (!pf_sv_to_i64(pf_sv_from(argv[i]), &nodes) || nodes < 1 || nodes > PODS) {
            (void)fprintf(stderr, "usage: bench_cluster [--bytes] NODES...   each 1 to %u\n", PODS);
            return 2;
        }
        run((uint32_t)nodes, bytes_only);
    }
    return 0;
}

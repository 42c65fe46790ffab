/*
 * Cost of one judgement with a reservation after each, as a server does it: questions that were asked before and questions that
 * are new, at 100, 5,000 and 130,000 nodes. Prints nanoseconds and the ratio of the largest cluster to the smallest. Then, at 5,000 nodes and 150,000 pods, medians of
 * CPU time of the questions that look at most when they are new: eviction in vain, eviction that helps, claims.
 */

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <podfit/fit.h>
#include <podfit/limits.h>
#include <podfit/reservation.h>
#include <podfit/volumes.h>

#define TTL_JUDGEMENTS 1000 /* reservations that are held at any time */
#define QUESTIONS      8    /* distinct pods that are asked in turn */
#define LONG_NODES     5000U
#define LONG_PODS      30U /* of a node; the last one is important */
#define LONG_FIRST     9U  /* new questions that a median is of */
#define LONG_REPEATED \
    999U /* fewer than reservations are held, so that each has a claim of its own */

struct bench {
    struct pf_model *model;
    struct pf_fit *fit;
    struct pf_arena arena;  /* of one judgement */
    struct pf_arena object; /* of the pods in question */
    clockid_t clock;
};

static int64_t now_ns(const struct bench *bench)
{
    struct timespec now;
    (void)clock_gettime(bench->clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void require(enum pf_code code, const struct pf_err *err)
{
    if (code != PF_OK) {
        (void)fprintf(stderr, "bench_fit: %s: %s\n", pf_code_name(code), err->text);
        abort();
    }
}

static void add_node(struct bench *bench, uint32_t number)
{
    struct pf_err err = {0};
    struct pf_node node;
    pf_arena_reset(&bench->arena);
    const char *json = pf_arena_printf(
        &bench->arena,
        "{\"metadata\":{\"name\":\"node-%" PRIu32 "\",\"labels\":{\"kubernetes.io/hostname\":"
        "\"node-%" PRIu32 "\",\"zone\":\"z%" PRIu32
        "\",\"role\":\"%s\"}},\"spec\":{\"taints\":[%s]},"
        "\"status\":{\"allocatable\":{\"cpu\":\"%" PRIu32 "\",\"memory\":\"256Gi\","
        "\"ephemeral-storage\":\"100Gi\",\"pods\":\"250\"}}}",
        number, number, number % 3, number % 4 == 0 ? "system" : "projects",
        number % 4 == 0 ? ""
                        : "{\"key\":\"projects\",\"value\":\"true\",\"effect\":\"NoSchedule\"}",
        32 + number % 5 * 16);
    require(pf_node_decode(pf_sv_from(json), &bench->arena, &node, &err), &err);
    require(pf_model_apply_node(bench->model, &node, &err), &err);
}

static struct pf_pod make_pod(struct bench *bench, const struct pf_kube_features *features,
                              unsigned number)
{
    struct pf_err err = {0};
    struct pf_pod pod;
    const char *json = pf_arena_printf(
        &bench->object,
        "{\"metadata\":{\"namespace\":\"projects\"},\"spec\":{\"nodeSelector\":{\"role\":\"projects\"},"
        "\"tolerations\":[{\"key\":\"projects\",\"operator\":\"Exists\"},{\"key\":"
        "\"node.kubernetes.io/not-ready\",\"operator\":\"Exists\",\"effect\":\"NoExecute\"},{\"key\":"
        "\"node.kubernetes.io/unreachable\",\"operator\":\"Exists\",\"effect\":\"NoExecute\"}],"
        "\"containers\":[{\"name\":\"project\",\"resources\":{\"requests\":{\"cpu\":\"%um\","
        "\"memory\":\"%uMi\"}}}]}}",
        50 + number, 200 + number);
    require(pf_pod_decode(pf_sv_from(json), &bench->object, &pod, &err), &err);
    require(pf_pod_apply_defaults(&pod, features, /* stored= */ false, &bench->object, &err), &err);
    return pod;
}

static struct pf_sv review_uid(char text[32], uint64_t number)
{
    const int len = snprintf(text, 32, "review-%" PRIu64, number % TTL_JUDGEMENTS);
    return (struct pf_sv){.ptr = text, .len = (size_t)len};
}

/* @return nanoseconds of the judgement alone; the reservation that follows is not timed */
static int64_t judge_and_reserve(struct bench *bench, const struct pf_pod *pod, uint64_t number)
{
    struct pf_err err = {0};
    struct pf_judgement judgement;
    pf_arena_reset(&bench->arena);
    const int64_t begin = now_ns(bench);
    require(pf_fit_judge(bench->fit, pod, &bench->arena, &judgement, &err), &err);
    const int64_t spent = now_ns(bench) - begin;
    char uid[32];
    const struct pf_reservation_spec spec = {
        .review_uid = review_uid(uid, number),
        .namespace_ = PF_SV("projects"),
        .pod = pod,
        .request = &judgement.request,
        .node = judgement.node,
        .binds = judgement.binds,
    };
    require(pf_reservation_put(bench->model, &spec, &err), &err);
    return spent;
}

static double measure(struct bench *bench, const struct pf_kube_features *features, bool repeated,
                      unsigned rounds)
{
    struct pf_pod pods[QUESTIONS];
    pf_arena_reset(&bench->object);
    for (unsigned i = 0; i < QUESTIONS; i++) {
        pods[i] = make_pod(bench, features, i);
        (void)judge_and_reserve(bench, &pods[i], i);
    }
    int64_t total = 0;
    for (unsigned i = 0; i < rounds; i++) {
        if (repeated) {
            total += judge_and_reserve(bench, &pods[i % QUESTIONS], i);
            continue;
        }
        pf_arena_reset(&bench->object);
        const struct pf_pod pod = make_pod(bench, features, QUESTIONS + i);
        total += judge_and_reserve(bench, &pod, i);
    }
    return (double)total / rounds;
}

static void begin(struct bench *bench, const struct pf_kube_features *features, uint32_t nodes)
{
    struct pf_err err = {0};
    pf_arena_init(&bench->arena, PF_REVIEW_ARENA_MAX_BYTES);
    pf_arena_init(&bench->object, PF_REVIEW_ARENA_MAX_BYTES);
    const struct pf_model_options model_options = {
        .features = *features,
        .clock = pf_clock_system(),
        .reservation_ttl_ms = 3600000,
        .reservations_max = PF_RESERVATIONS_MAX,
    };
    require(pf_model_new(&model_options, &bench->model, &err), &err);
    const struct pf_model_origin origin = {.synced = true};
    pf_model_set_origin(bench->model, &origin);
    for (uint32_t i = 0; i < nodes; i++) {
        add_node(bench, i);
    }
    const struct pf_fit_options options = {.features = *features, .max_model_age_ms = 60000};
    require(pf_fit_new(bench->model, &options, &bench->fit, &err), &err);
}

static void end(struct bench *bench)
{
    pf_fit_free(bench->fit);
    pf_model_free(bench->model);
    pf_arena_done(&bench->object);
    pf_arena_done(&bench->arena);
}

static double run(uint32_t nodes, bool repeated, unsigned rounds)
{
    struct bench bench = {.clock = CLOCK_MONOTONIC};
    const struct pf_kube_features features = pf_kube_features_default(PF_KUBE_MINOR_NEWEST);
    begin(&bench, &features, nodes);
    const double ns = measure(&bench, &features, repeated, rounds);
    end(&bench);
    return ns;
}

/* ---- questions that look at most ---- */

static const struct {
    const char *what;
    const char *spec; /* NULL: a claim */
    unsigned memory_gi;
} long_questions[] = {
    /* important pods have 200 GiB of 256 on each node, the others 45 */
    {"eviction in vain", "\"priority\":1000,", 100},
    {"eviction that helps", "\"priority\":1000,", 30},
    {"a claim of its own, volume still to be made", NULL, 1},
};

static void add_resident(struct bench *bench, uint32_t node, uint32_t number)
{
    struct pf_err err = {0};
    struct pf_pod pod;
    const bool important = number + 1 == LONG_PODS;
    pf_arena_reset(&bench->arena);
    const char *json = pf_arena_printf(
        &bench->arena,
        "{\"metadata\":{\"namespace\":\"projects\",\"name\":\"pod-%" PRIu32 "-%" PRIu32
        "\"},\"spec\":{\"nodeName\":\"node-%" PRIu32 "\",\"priority\":%d,\"containers\":[{\"name\":"
        "\"c\",\"resources\":{\"requests\":{\"cpu\":\"10m\",\"memory\":\"%uMi\"}}}]}}",
        node, number, node, important ? 2000 : 0, important ? 204800U : 1600U);
    require(pf_pod_decode(pf_sv_from(json), &bench->arena, &pod, &err), &err);
    require(pf_model_apply_pod(bench->model, &pod, &err), &err);
}

/* A driver with a limit on every node, a class, and a claim for each question. */
static void add_storage(struct bench *bench)
{
    struct pf_err err = {0};
    const struct pf_storage_class class_ = {.name = PF_SV("fast"),
                                            .provisioner = PF_SV("csi.example.com"),
                                            .wait_for_first_consumer = true};
    require(pf_model_apply_storage_class(bench->model, &class_, &err), &err);
    for (unsigned i = 0; i < PF_KIND_COUNT; i++) {
        pf_model_mark_kind(bench->model, (enum pf_kind)i);
    }
    struct pf_csi_limit limit = {.driver = class_.provisioner, .limited = true, .count = 30};
    for (uint32_t i = 0; i < LONG_NODES; i++) {
        pf_arena_reset(&bench->arena);
        const struct pf_csi_node node = {
            .name = pf_sv_from(pf_arena_printf(&bench->arena, "node-%" PRIu32, i)),
            .limits = &limit,
            .limit_count = 1};
        require(pf_model_apply_csi_node(bench->model, &node, &err), &err);
    }
    for (unsigned i = 0; i < TTL_JUDGEMENTS; i++) {
        pf_arena_reset(&bench->arena);
        const struct pf_claim claim = {
            .namespace_ = PF_SV("projects"),
            .name = pf_sv_from(pf_arena_printf(&bench->arena, "claim-%u", i)),
            .class_name = class_.name,
        };
        require(pf_model_apply_claim(bench->model, &claim, &err), &err);
    }
}

/* @param number  of the claim @param variant  makes another question of it */
static struct pf_pod make_long_pod(struct bench *bench, const struct pf_kube_features *features,
                                   size_t question, unsigned number, unsigned variant)
{
    struct pf_err err = {0};
    struct pf_pod pod;
    pf_arena_reset(&bench->object);
    const char *claim = pf_arena_printf(
        &bench->object,
        "\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"claim-%u\"}}],",
        number);
    const char *json = pf_arena_printf(
        &bench->object,
        "{\"metadata\":{\"namespace\":\"projects\"},\"spec\":{\"tolerations\":[{\"operator\":"
        "\"Exists\"}],%s\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"%um\","
        "\"memory\":\"%uGi\"}}}]}}",
        long_questions[question].spec != NULL ? long_questions[question].spec : claim, 50 + variant,
        long_questions[question].memory_gi);
    require(pf_pod_decode(pf_sv_from(json), &bench->object, &pod, &err), &err);
    require(pf_pod_apply_defaults(&pod, features, /* stored= */ false, &bench->object, &err), &err);
    return pod;
}

static int compare_samples(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static double to_us(int64_t ns)
{
    return (double)ns / 1000;
}

static void measure_long(struct bench *bench, const struct pf_kube_features *features,
                         size_t question)
{
    int64_t first[LONG_FIRST];
    int64_t repeated[LONG_REPEATED];
    for (unsigned i = 0; i < LONG_FIRST; i++) {
        const struct pf_pod pod = make_long_pod(bench, features, question, i, i);
        first[i] = judge_and_reserve(bench, &pod, i);
    }
    for (unsigned i = 0; i < LONG_REPEATED; i++) {
        const struct pf_pod pod = make_long_pod(bench, features, question, i, 0);
        repeated[i] = judge_and_reserve(bench, &pod, i);
    }
    qsort(first, LONG_FIRST, sizeof(*first), compare_samples);
    qsort(repeated, LONG_REPEATED, sizeof(*repeated), compare_samples);
    (void)printf("%-46s %12.1f %12.1f\n", long_questions[question].what,
                 to_us(first[(LONG_FIRST - 1) / 2]), to_us(repeated[(LONG_REPEATED - 1) / 2]));
}

static void run_long(void)
{
    struct bench bench = {.clock = CLOCK_THREAD_CPUTIME_ID};
    const struct pf_kube_features features = pf_kube_features_default(PF_KUBE_MINOR_NEWEST);
    begin(&bench, &features, LONG_NODES);
    for (uint32_t i = 0; i < LONG_NODES * LONG_PODS; i++) {
        add_resident(&bench, i / LONG_PODS, i % LONG_PODS);
    }
    add_storage(&bench);
    (void)printf("%-46s %12s %12s\n", "5,000 nodes, 150,000 pods; us of CPU time", "new",
                 "repeated");
    for (size_t i = 0; i < PF_ARRAY_LEN(long_questions); i++) {
        measure_long(&bench, &features, i);
    }
    end(&bench);
}

int main(void)
{
    static const uint32_t sizes[] = {100, 5000, 130000};
    double repeated[PF_ARRAY_LEN(sizes)];
    (void)printf("%10s %22s %22s\n", "nodes", "repeated, ns/judgement", "new, ns/judgement");
    for (size_t i = 0; i < PF_ARRAY_LEN(sizes); i++) {
        repeated[i] = run(sizes[i], /* repeated= */ true, 200000);
        const double fresh = run(sizes[i], /* repeated= */ false, sizes[i] > 5000 ? 200 : 2000);
        (void)printf("%10" PRIu32 " %22.0f %22.0f\n", sizes[i], repeated[i], fresh);
    }
    (void)printf("repeated question, %" PRIu32 " nodes : %" PRIu32 " nodes = %.2f\n", sizes[2],
                 sizes[0], repeated[2] / repeated[0]);
    run_long();
    return 0;
}

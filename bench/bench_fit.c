/*
 * Cost of one judgement with a reservation after each, as a server does it: questions that were asked before and questions that
 * are new, at 100, 5,000 and 130,000 nodes. Prints nanoseconds and the ratio of the largest cluster to the smallest.
 */

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <podfit/fit.h>
#include <podfit/limits.h>
#include <podfit/reservation.h>

#define TTL_JUDGEMENTS 1000 /* reservations that are held at any time */
#define QUESTIONS      8    /* distinct pods that are asked in turn */

struct bench {
    struct pf_model *model;
    struct pf_fit *fit;
    struct pf_arena arena;  /* of one judgement */
    struct pf_arena object; /* of the pods in question */
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
    const int64_t begin = now_ns();
    require(pf_fit_judge(bench->fit, pod, &bench->arena, &judgement, &err), &err);
    const int64_t spent = now_ns() - begin;
    char uid[32];
    const struct pf_reservation_spec spec = {
        .review_uid = review_uid(uid, number),
        .namespace_ = PF_SV("projects"),
        .pod = pod,
        .request = &judgement.request,
        .node = judgement.node,
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

static double run(uint32_t nodes, bool repeated, unsigned rounds)
{
    struct pf_err err = {0};
    struct bench bench = {.model = NULL};
    pf_arena_init(&bench.arena, PF_REVIEW_ARENA_MAX_BYTES);
    pf_arena_init(&bench.object, PF_REVIEW_ARENA_MAX_BYTES);
    const struct pf_kube_features features = pf_kube_features_default(PF_KUBE_MINOR_NEWEST);
    const struct pf_model_options model_options = {
        .features = features,
        .clock = pf_clock_system(),
        .reservation_ttl_ms = 3600000,
        .reservations_max = PF_RESERVATIONS_MAX,
    };
    require(pf_model_new(&model_options, &bench.model, &err), &err);
    const struct pf_model_origin origin = {.synced = true};
    pf_model_set_origin(bench.model, &origin);
    for (uint32_t i = 0; i < nodes; i++) {
        add_node(&bench, i);
    }
    const struct pf_fit_options options = {.features = features, .max_model_age_ms = 60000};
    require(pf_fit_new(bench.model, &options, &bench.fit, &err), &err);
    const double ns = measure(&bench, &features, repeated, rounds);
    pf_fit_free(bench.fit);
    pf_model_free(bench.model);
    pf_arena_done(&bench.object);
    pf_arena_done(&bench.arena);
    return ns;
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
    return 0;
}

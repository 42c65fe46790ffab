/*
 * Bytes as a review, against a small cluster and the configuration of tests/cases: the answer is one that an API server accepts, its patch applies to the
 * object, a reinvocation with the patched object changes nothing, and the model is sound.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "answer.h"
#include <podfit/admission.h>
#include <podfit/limits.h>
#include <podfit/snapshot.h>

#define NEW_KEY                                                                            \
    "[{\"op\":\"replace\",\"path\":\"/metadata/annotations/podfit.io~1review\",\"value\":" \
    "\"again\"}]"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pf_sv config_text =
    PF_SV_INIT("apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses:\n"
               "- name: projects\n  match: {namespaces: [cocalc]}\n"
               "  defaultQuotas: {mem: 2000, mem_oc: 10, cpu: 1, cpu_oc: 20}\n"
               "  pool: {taint: 'p=true:NoSchedule', nodeSelector: {role: p}, inject: true}\n"
               "  onFull: gate\n  onNever: annotate\n"
               "- name: percent\n  match: {namespaces: [percent]}\n"
               "  memoryRequestToLimitPercent: 50\n  cpuRequestToLimitPercent: 25\n"
               "  limitCPUToMemoryPercent: 200\n  onFull: annotate\n"
               "- name: raise\n  match: {namespaces: [raise]}\n  requests: raise\n"
               "  defaultQuotas: {mem: 500, mem_oc: 3, cpu: 0.3, cpu_oc: 7}\n  onFull: annotate\n"
               "- name: rest\n  requests: keep\n");
static const struct pf_sv cluster_text = PF_SV_INIT(
    "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{\"kind\":\"Node\",\"apiVersion\":\"v1\","
    "\"metadata\":{\"name\":\"n1\",\"labels\":{\"role\":\"p\"}},\"spec\":{\"taints\":[{\"key\":\"p\","
    "\"value\":\"true\",\"effect\":\"NoSchedule\"}]},\"status\":{\"allocatable\":{\"cpu\":\"4\","
    "\"memory\":\"8Gi\",\"pods\":\"2\"}}},{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{"
    "\"name\":\"n2\"},\"status\":{\"allocatable\":{\"cpu\":\"8\",\"memory\":\"16Gi\",\"pods\":\"110\"}}}]}");

/* What the target works on; fresh for each input, so that no input depends on another. */
struct ground {
    struct pf_model *model;
    struct pf_admission *admission;
    struct pf_arena arena;
    struct pf_buf response;
    struct pf_decision decision;
};

static void require(bool condition, const char *what)
{
    if (!condition) {
        (void)fprintf(stderr, "fuzz_admission: %s\n", what);
        abort();
    }
}

static int64_t no_time(void *opaque)
{
    (void)opaque;
    return 0;
}

/* Parsed once: immutable, and not what is fuzzed here. */
static struct pf_config *config(void)
{
    static struct pf_config *kept;
    if (kept == NULL) {
        struct pf_arena arena;
        struct pf_problems problems;
        pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
        pf_problems_init(&problems, &arena, "fuzz");
        require(pf_config_parse(config_text, "fuzz", &problems, &kept) == PF_OK, "configuration");
        pf_arena_done(&arena);
    }
    return kept;
}

static void ground_init(struct ground *ground)
{
    static const struct pf_clock clock = {.mono_ns = no_time, .wall_ns = no_time};
    const struct pf_model_options options = {
        .features = pf_kube_features_default(PF_KUBE_MINOR_NEWEST),
        .clock = &clock,
        .reservation_ttl_ms = 15000,
        .reservations_max = 16,
    };
    const struct pf_model_origin origin = {.synced = true};
    struct pf_snapshot_stats stats = {0};
    *ground = (struct ground){0};
    require(pf_model_new(&options, &ground->model, NULL) == PF_OK &&
                pf_snapshot_load_bytes(ground->model, cluster_text, "fuzz", &stats, NULL) == PF_OK,
            "cluster");
    pf_model_set_origin(ground->model, &origin);
    require(pf_admission_new(ground->model, config(), &ground->admission, NULL) == PF_OK,
            "admission");
    pf_arena_init(&ground->arena, PF_REVIEW_ARENA_MAX_BYTES);
    pf_buf_init(&ground->response, PF_RESPONSE_MAX_BYTES);
}

static void ground_done(struct ground *ground)
{
    pf_admission_free(ground->admission);
    pf_model_free(ground->model);
    pf_arena_done(&ground->arena);
    pf_buf_done(&ground->response);
}

/* @return was it answered? */
static bool post(struct ground *ground, struct pf_sv body, struct answer *ret_answer)
{
    pf_arena_reset(&ground->arena);
    pf_buf_reset(&ground->response);
    *ret_answer = (struct answer){0};
    const enum pf_admission_status status = pf_admission_review(
        ground->admission, body, &ground->arena, &ground->response, &ground->decision);
    require(pf_model_check(ground->model, NULL) == PF_OK, "the model is not sound");
    if (status == PF_ADMISSION_OK) {
        require(answer_read(pf_buf_view(&ground->response), (struct pf_sv){0}, ret_answer),
                ret_answer->why);
        return true;
    }
    require(status == PF_ADMISSION_BAD_REQUEST || status == PF_ADMISSION_TOO_LARGE,
            "neither an answer nor a refusal of the bytes");
    require(memcmp(ground->response.data, "podfit: ", 8) == 0 &&
                strchr(ground->response.data, '\n') ==
                    ground->response.data + ground->response.len - 1,
            "a refusal is not one line of text");
    return false;
}

/* @p tree has been through jansson once, so that numbers and texts are what jansson can hold. */
static void check_reinvocation(struct ground *ground, struct answer *answer, const json_t *tree)
{
    char *text = answer_reinvoke(answer, tree, "again");
    require(text != NULL, answer->why);
    struct answer second;
    require(post(ground, pf_sv_from(text), &second), "the patched object is refused");
    /* nothing is held for a pod whose requests podfit cannot hold: its key becomes the new review's */
    require(second.allowed &&
                (second.patch == NULL || (pf_model_stats(ground->model).reservations == 0 &&
                                          strcmp(second.patch, NEW_KEY) == 0)),
            "the patched object is patched again");
    answer_done(&second);
    free(text);
}

static void check_tree(const char *text)
{
    struct ground ground;
    struct answer answer;
    json_t *tree = json_loads(text, JSON_ALLOW_NUL, NULL);
    ground_init(&ground);
    if (tree != NULL && post(&ground, pf_sv_from(text), &answer)) {
        if (answer.patch != NULL && !ground.decision.dry_run) {
            check_reinvocation(&ground, &answer, tree);
        }
        answer_done(&answer);
    }
    json_decref(tree);
    ground_done(&ground);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pf_sv body = {.ptr = (const char *)data, .len = size};
    struct ground ground;
    struct answer answer;
    ground_init(&ground);
    (void)post(&ground, body, &answer);
    answer_done(&answer);
    ground_done(&ground);
    json_t *tree = json_loadb(body.ptr, body.len, JSON_ALLOW_NUL, NULL);
    char *text = tree != NULL ? json_dumps(tree, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (text != NULL) {
        check_tree(text);
    }
    free(text);
    json_decref(tree);
    return 0;
}

#include "sink_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/limits.h>
#include <podfit/mem.h>
#include <podfit/snapshot.h>

#define SNAPSHOT_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define MINOR              36

static int64_t read_clock(void *opaque)
{
    return *(const int64_t *)opaque;
}

static struct pf_model *make_model(struct sink_bench *bench)
{
    struct pf_err err = {0};
    struct pf_model *model = NULL;
    const struct pf_model_options options = {.features = pf_kube_features_default(MINOR),
                                             .clock = &bench->clock,
                                             .reservation_ttl_ms = 15000,
                                             .reservations_max = PF_RESERVATIONS_MAX};
    assert_int_equal(pf_model_new(&options, &model, &err), PF_OK);
    pf_model_set_origin(model, &(struct pf_model_origin){.synced = true});
    return model;
}

static struct pf_fit *make_fit(struct sink_bench *bench, struct pf_model *model)
{
    struct pf_err err = {0};
    struct pf_fit *fit = NULL;
    const struct pf_fit_options options = {.features = pf_kube_features_default(MINOR),
                                           .clock = &bench->clock,
                                           .claims_now = true,
                                           .max_model_age_ms = 60000};
    assert_int_equal(pf_fit_new(model, &options, &fit, &err), PF_OK);
    return fit;
}

void sink_bench_open(struct sink_bench *bench, size_t max)
{
    const struct pf_live_spec *specs[PF_LIVE_KINDS_MAX] = {NULL};
    *bench = (struct sink_bench){.now_ns = 1000000000, .max = max};
    bench->clock =
        (struct pf_clock){.mono_ns = read_clock, .wall_ns = read_clock, .opaque = &bench->now_ns};
    bench->objects = pf_mem_calloc(max, sizeof(*bench->objects));
    assert_non_null(bench->objects);
    pf_arena_init(&bench->arena, PF_REVIEW_ARENA_MAX_BYTES);
    struct pf_live *live = &bench->live;
    live->options.model = make_model(bench);
    live->options.clock = &bench->clock;
    assert_int_equal(pf_outcomes_new(&bench->clock, NULL, &live->options.outcomes), PF_OK);
    pf_arena_init(&live->arena, PF_REVIEW_ARENA_MAX_BYTES);
    live->gate = pf_live_gate_new(live);
    assert_non_null(live->gate);
    live->follow_count = pf_live_specs(MINOR, specs);
    for (size_t i = 0; i < live->follow_count; i++) {
        live->follows[i] =
            (struct pf_live_follow){.live = live,
                                    .spec = specs[i],
                                    .kind = {.feed = specs[i]->feed,
                                             .api_version = pf_sv_from(specs[i]->api_version),
                                             .kind = pf_sv_from(specs[i]->kind)}};
    }
    bench->fit = make_fit(bench, live->options.model);
}

static void drop(struct sink_bench *bench, size_t at)
{
    free(bench->objects[at].key);
    free(bench->objects[at].json);
    bench->objects[at] = bench->objects[--bench->count];
}

void sink_bench_close(struct sink_bench *bench)
{
    while (bench->count != 0) {
        drop(bench, 0);
    }
    free(bench->objects);
    pf_fit_free(bench->fit);
    pf_live_gate_free(bench->live.gate);
    pf_outcomes_free(bench->live.options.outcomes);
    pf_model_free(bench->live.options.model);
    pf_arena_done(&bench->live.arena);
    pf_arena_done(&bench->arena);
}

size_t sink_bench_kind(const struct sink_bench *bench, struct pf_sv kind)
{
    for (size_t i = 0; i < bench->live.follow_count; i++) {
        if (pf_sv_eq(bench->live.follows[i].kind.kind, kind)) {
            return i;
        }
    }
    return SIZE_MAX;
}

size_t sink_bench_find(const struct sink_bench *bench, size_t kind, struct pf_sv key)
{
    for (size_t i = 0; i < bench->count; i++) {
        if (bench->objects[i].kind == kind && pf_sv_eq_cstr(key, bench->objects[i].key)) {
            return i;
        }
    }
    return SIZE_MAX;
}

void sink_bench_forget(struct sink_bench *bench, size_t kind, struct pf_sv key)
{
    const size_t at = sink_bench_find(bench, kind, key);
    if (at != SIZE_MAX) {
        drop(bench, at);
    }
}

void sink_bench_store(struct sink_bench *bench, size_t kind, struct pf_sv key, struct pf_sv json,
                      uint64_t version)
{
    sink_bench_forget(bench, kind, key);
    assert_true(bench->count < bench->max);
    struct sink_object *object = &bench->objects[bench->count++];
    *object = (struct sink_object){.kind = kind,
                                   .key = pf_mem_dup(key.ptr, key.len),
                                   .json = pf_mem_dup(json.ptr, json.len),
                                   .version = version};
    assert_true(object->key != NULL && object->json != NULL);
}

void sink_bench_event(struct sink_bench *bench, size_t kind, enum pf_watch_type type,
                      struct pf_sv json)
{
    assert_true(pf_live_sink.object(&bench->live.follows[kind], type, json));
    pf_live_sink.alive(&bench->live.follows[kind], PF_SV("1"));
    if (bench->live.follows[kind].rejected != 0) {
        fail_msg("%s: %.*s", bench->live.follows[kind].failure, PF_SV_ARG(json));
    }
}

void sink_bench_list(struct sink_bench *bench, size_t kind, bool complete)
{
    struct pf_live_follow *follow = &bench->live.follows[kind];
    size_t of_kind = 0;
    pf_live_sink.replace_begin(follow);
    for (size_t i = 0; i < bench->count; i++) {
        of_kind += bench->objects[i].kind == kind;
    }
    size_t left = complete ? of_kind : of_kind / 2;
    for (size_t i = 0; i < bench->count && left != 0; i++) {
        if (bench->objects[i].kind == kind) {
            sink_bench_event(bench, kind, PF_WATCH_ADDED, pf_sv_from(bench->objects[i].json));
            left--;
        }
    }
    pf_live_sink.replace_end(follow, complete);
}

void sink_bench_check(struct sink_bench *bench)
{
    struct pf_err err = {0};
    pf_model_lock(bench->live.options.model);
    const enum pf_code code = pf_model_check(bench->live.options.model, &err);
    pf_model_unlock(bench->live.options.model);
    if (code != PF_OK) {
        fail_msg("the checker: %s", err.text);
    }
}

/* ---- the twin ---- */

void sink_twin_open(struct sink_twin *twin, struct sink_bench *bench)
{
    struct pf_err err = {0};
    struct pf_snapshot_stats stats = {0};
    pf_autobuf struct pf_buf list = {0};
    pf_buf_init(&list, SNAPSHOT_MAX_BYTES);
    pf_buf_append_cstr(&list, "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[");
    for (size_t i = 0; i < bench->count; i++) {
        pf_buf_append_cstr(&list, i != 0 ? "," : "");
        pf_buf_append_cstr(&list, bench->objects[i].json);
    }
    pf_buf_append_cstr(&list, "]}");
    *twin = (struct sink_twin){.model = make_model(bench)};
    pf_arena_init(&twin->arena, PF_REVIEW_ARENA_MAX_BYTES);
    if (pf_snapshot_load_bytes(twin->model, pf_buf_view(&list), "state", &stats, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(stats.skipped, 0);
    for (size_t i = 0; i < bench->live.follow_count;
         i++) { /* kinds without objects are known, too */
        const unsigned feed = bench->live.follows[i].spec->feed;
        if (feed >= PF_FEED_OBJECT) {
            pf_model_mark_kind(twin->model, (enum pf_kind)(feed - PF_FEED_OBJECT));
        }
    }
    pf_model_set_origin(twin->model, &(struct pf_model_origin){.synced = true});
    twin->fit = make_fit(bench, twin->model);
    const struct pf_model_stats a = pf_model_stats(bench->live.options.model);
    const struct pf_model_stats b = pf_model_stats(twin->model);
    assert_int_equal(a.nodes, b.nodes);
    assert_int_equal(a.pods, b.pods);
    assert_int_equal(a.pods_bound, b.pods_bound);
    assert_int_equal(a.pods_pending, b.pods_pending);
    assert_int_equal(a.namespaces, b.namespaces);
    assert_int_equal(a.shapes, b.shapes);
}

void sink_twin_close(struct sink_twin *twin)
{
    pf_fit_free(twin->fit);
    pf_model_free(twin->model);
    pf_arena_done(&twin->arena);
}

static struct pf_judgement judge(struct pf_model *model, struct pf_fit *fit, struct pf_arena *arena,
                                 struct pf_sv json)
{
    struct pf_err err = {0};
    struct pf_pod pod = {.phase = PF_PHASE_PENDING};
    struct pf_judgement judgement = {.verdict = PF_VERDICT_UNKNOWN};
    const struct pf_kube_features features = pf_kube_features_default(MINOR);
    pf_arena_reset(arena);
    enum pf_code code = pf_pod_decode(json, arena, &pod, &err);
    if (code == PF_OK) {
        code = pf_pod_apply_defaults(&pod, &features, /* stored= */ false, arena, &err);
    }
    pf_model_lock(model);
    if (code == PF_OK) {
        code = pf_fit_judge(fit, &pod, arena, &judgement, &err);
    }
    pf_model_unlock(model);
    if (code != PF_OK) {
        fail_msg("%s: %.*s", err.text, PF_SV_ARG(json));
    }
    return judgement;
}

enum pf_verdict sink_twin_compare(struct sink_twin *twin, struct sink_bench *bench,
                                  struct pf_sv pod, const char *where)
{
    const struct pf_judgement a = judge(bench->live.options.model, bench->fit, &bench->arena, pod);
    const struct pf_judgement b = judge(twin->model, twin->fit, &twin->arena, pod);
    if (a.verdict != b.verdict || a.nodes != b.nodes || a.nodes_fit != b.nodes_fit ||
        !pf_sv_eq(a.message, b.message) || !pf_sv_eq(a.cause, b.cause) ||
        !pf_sv_eq(a.post_filter, b.post_filter)) {
        fail_msg("%s: followed: %s, %u of %u: '%.*s%.*s'; loaded: %s, %u of %u: '%.*s%.*s'; pod "
                 "%.*s",
                 where, pf_verdict_name(a.verdict), a.nodes_fit, a.nodes, PF_SV_ARG(a.message),
                 PF_SV_ARG(a.cause), pf_verdict_name(b.verdict), b.nodes_fit, b.nodes,
                 PF_SV_ARG(b.message), PF_SV_ARG(b.cause), PF_SV_ARG(pod));
    }
    return a.verdict;
}

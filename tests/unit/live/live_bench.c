#include "live_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "live_internal.h"
#include <podfit/limits.h>
#include <podfit/mem.h>

#define HEAD                                                       \
    "apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\n" \
    "classes:\n- name: a\n  match: {namespaces: [space]}\n  requests: keep\n  onFull: gate\n"
#define PATIENCE_NS (INT64_C(20) * 1000000000)

static int64_t read_clock(void *opaque)
{
    return atomic_load((_Atomic int64_t *)opaque);
}

/* JSON of a text with single quotes; lives as long as the bench. */
static const char *quoted(struct live_bench *bench, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    char *copy = pf_arena_dup(&bench->texts, pf_sv_from(text));
    assert_non_null(copy);
    for (char *at = copy; *at != '\0'; at++) {
        if (*at == '\'') {
            *at = '"';
        }
    }
    return copy;
}

static struct pf_live_resource resource_of(const char *name)
{
    struct pf_live_resource all[PF_LIVE_KINDS_MAX];
    const size_t count = pf_live_resources(PF_KUBE_MINOR_NEWEST, all, PF_LIVE_KINDS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].name, name) == 0) {
            return all[i];
        }
    }
    fail_msg("no resource '%s'", name);
    return all[0];
}

static const char *pattern_of(struct live_bench *bench, const char *path, const char *query)
{
    const char *text = pf_arena_printf(&bench->texts, "%s?%s", path, query);
    assert_non_null(text);
    return text;
}

static void put_answer(struct live_bench *bench, const struct fake_api_answer *answer)
{
    assert_true(bench->first > 0);
    bench->script[--bench->first] = *answer;
    fake_api_script(bench->api, bench->script + bench->first);
}

void bench_answer(struct live_bench *bench, const char *expect, int status, const char *body)
{
    const struct fake_api_answer answer = {
        .expect = expect, .status = status, .body = quoted(bench, body)};
    put_answer(bench, &answer);
}

void bench_answer_headers(struct live_bench *bench, const char *expect, int status,
                          const char *headers)
{
    const struct fake_api_answer answer = {
        .expect = expect, .status = status, .headers = headers, .body = ""};
    put_answer(bench, &answer);
}

void bench_answer_end(struct live_bench *bench, const char *expect, const char *body,
                      enum fake_api_end end)
{
    const struct fake_api_answer answer = {
        .expect = expect, .status = 200, .body = quoted(bench, body), .end = end};
    put_answer(bench, &answer);
}

void bench_initial(struct live_bench *bench, const char *resource, const char *version,
                   const char *events)
{
    const char *body =
        pf_arena_printf(&bench->texts,
                        "%s{'type':'BOOKMARK','object':{'metadata':{'resourceVersion':'%s',"
                        "'annotations':{'k8s.io/initial-events-end':'true'}}}}\n",
                        events, version);
    assert_non_null(body);
    bench_answer_end(
        bench, pattern_of(bench, resource_of(resource).path, "watch=1&sendInitialEvents=true&**"),
        body, FAKE_API_STALL);
}

void bench_refuse(struct live_bench *bench, const char *resource, int status, const char *body)
{
    bench_answer(bench, pattern_of(bench, resource_of(resource).path, "**"), status, body);
}

static void answer_resources(struct live_bench *bench, int minor)
{
    struct pf_live_resource all[PF_LIVE_KINDS_MAX];
    const size_t count = pf_live_resources(minor, all, PF_LIVE_KINDS_MAX);
    for (size_t i = 0; i < count; i++) {
        bench_answer_end(bench, pattern_of(bench, all[i].path, "watch=1&sendInitialEvents=true&**"),
                         INITIAL_END("10"), FAKE_API_STALL);
        bench_answer_end(
            bench,
            pattern_of(bench, all[i].path, "watch=1&allowWatchBookmarks=true&resourceVersion=*&**"),
            NULL, FAKE_API_STALL);
    }
}

void bench_open(struct live_bench *bench, int minor)
{
    char version[64];
    *bench = (struct live_bench){.first = BENCH_ANSWERS - 1, .pace_ms = 1, .follow = true};
    atomic_init(&bench->now_ns, INT64_C(1000000000000));
    bench->clock =
        (struct pf_clock){.mono_ns = read_clock, .wall_ns = read_clock, .opaque = &bench->now_ns};
    pf_arena_init(&bench->texts, (size_t)16 * 1024 * 1024);
    pf_arena_init(&bench->arena, PF_REVIEW_ARENA_MAX_BYTES);
    bench->api = fake_api_new(bench->script + bench->first);
    assert_non_null(bench->api);
    fake_api_any_order(bench->api);
    (void)snprintf(version, sizeof(version), "{'major':'1','minor':'%d'}", minor);
    bench_answer(bench, "/version", 200, version);
    bench_answer(bench, "/api/v1/namespaces?limit=1", 200,
                 "{'kind':'NamespaceList','metadata':{'resourceVersion':'10'},'items':[]}");
    answer_resources(bench, minor);
    bench->kube = (struct pf_kube_config){
        .server = pf_arena_printf(&bench->texts, "http://127.0.0.1:%d", fake_api_port(bench->api)),
        .origin = "test"};
    assert_non_null(bench->kube.server);
}

void bench_close(struct live_bench *bench)
{
    pf_live_free(bench->live);
    assert_string_equal(fake_api_fault(bench->api), "");
    bench_check(bench);
    pf_fit_free(bench->fit);
    pf_outcomes_free(bench->outcomes);
    pf_model_free(bench->model);
    pf_config_unref(bench->config);
    fake_api_free(bench->api);
    pf_arena_done(&bench->arena);
    pf_arena_done(&bench->texts);
}

/* Whatever file is named: two profiles. */
static enum pf_code read_scheduler(void *opaque, const char *path, struct pf_buf *buf,
                                   struct pf_err *err)
{
    (void)opaque;
    (void)path;
    pf_buf_append_cstr(buf,
                       "apiVersion: kubescheduler.config.k8s.io/v1\n"
                       "kind: KubeSchedulerConfiguration\n"
                       "profiles: [{schedulerName: default-scheduler}, {schedulerName: mine}]\n");
    return pf_buf_status(buf, err);
}

struct pf_config *bench_config(const char *fit)
{
    struct pf_arena arena = {0};
    struct pf_problems problems;
    struct pf_config *config = NULL;
    char yaml[4096];
    (void)snprintf(yaml, sizeof(yaml), "%s%s", HEAD, fit != NULL ? fit : "");
    pf_arena_init(&arena, (size_t)4 * 1024 * 1024);
    pf_problems_init(&problems, &arena, "test.yaml");
    const struct pf_config_source source = {
        .yaml = pf_sv_from(yaml), .name = "test.yaml", .read = read_scheduler};
    assert_int_equal(pf_config_parse_source(&source, &problems, &config), PF_OK);
    pf_arena_done(&arena);
    return config;
}

static void on_version(void *ctx, int minor)
{
    struct live_bench *bench = ctx;
    pf_model_lock(bench->model);
    assert_int_equal(pf_model_stats(bench->model).nodes, 0); /* before anything is listed */
    pf_model_unlock(bench->model);
    atomic_store(&bench->minor, minor);
    if (bench->on_thread != NULL) {
        bench->on_thread(bench);
    }
}

static void make_model(struct live_bench *bench)
{
    struct pf_err err = {0};
    const struct pf_model_options options = {.features = bench->config->fit.features,
                                             .clock = &bench->clock,
                                             .reservation_ttl_ms = 15000,
                                             .reservations_max = PF_RESERVATIONS_MAX};
    struct pf_fit_options fit = bench->config->fit;
    fit.clock = &bench->clock;
    assert_int_equal(pf_model_new(&options, &bench->model, &err), PF_OK);
    assert_int_equal(pf_fit_new(bench->model, &fit, &bench->fit, &err), PF_OK);
    assert_int_equal(pf_outcomes_new(&bench->clock, NULL, &bench->outcomes), PF_OK);
}

void bench_start(struct live_bench *bench, const char *fit)
{
    struct pf_err err = {0};
    bench->config = bench_config(fit);
    make_model(bench);
    const struct pf_live_options options = {.model = bench->model,
                                            .kube = &bench->kube,
                                            .clock = &bench->clock,
                                            .outcomes = bench->outcomes,
                                            .user_agent = "podfit-test",
                                            .follow = bench->follow,
                                            .ungate = bench->ungate,
                                            .on_version = on_version,
                                            .ctx = bench};
    assert_int_equal(pf_live_new(&options, &bench->live, &err), PF_OK);
    pf_live_set_config(bench->live, bench->config);
    assert_int_equal(pf_live_start(bench->live, &err), PF_OK);
}

void bench_sync(struct live_bench *bench)
{
    bench_start(bench, NULL);
    bench_wait(bench, bench_is_synced(bench));
}

void bench_send(struct live_bench *bench, const char *resource, const char *events)
{
    const char *open = pattern_of(bench, resource_of(resource).path, "watch=1&**");
    assert_int_equal(fake_api_push(bench->api, open, quoted(bench, events)), 1);
}

void bench_advance(struct live_bench *bench, int64_t ms)
{
    (void)atomic_fetch_add(&bench->now_ns, ms * PF_NS_PER_MS);
    if (bench->live != NULL) {
        pf_kube_client_wake(bench->live->client);
    }
}

int64_t bench_until_ns(void)
{
    return pf_clock_mono_ns(pf_clock_system()) + PATIENCE_NS;
}

void bench_step(struct live_bench *bench, int64_t until_ns, const char *what, int line)
{
    struct pf_err err = {0};
    const bool busy = fake_api_step(bench->api, 1);
    if (!busy && bench->pace_ms != 0) {
        bench_advance(bench, bench->pace_ms);
    }
    if (pf_clock_mono_ns(pf_clock_system()) > until_ns) {
        const enum pf_code code = pf_live_wait_synced(bench->live, /* timeout_ms= */ 0, &err);
        fail_msg("line %d: not %s: %s '%s', '%s', said '%s'\n%s", line, what, pf_code_name(code),
                 err.text, fake_api_fault(bench->api), bench->said, fake_api_log(bench->api));
    }
}

static enum pf_code judge(struct live_bench *bench, const char *pod,
                          struct pf_judgement *ret_judgement, struct pf_err *err)
{
    struct pf_pod decoded = {.phase = PF_PHASE_PENDING};
    const struct pf_kube_features *features = &bench->config->fit.features;
    pf_arena_reset(&bench->arena);
    enum pf_code code = pf_pod_decode(pf_sv_from(pod), &bench->arena, &decoded, err);
    if (code == PF_OK) {
        code = pf_pod_apply_defaults(&decoded, features, /* stored= */ false, &bench->arena, err);
    }
    pf_model_lock(bench->model);
    if (code == PF_OK) {
        code = pf_fit_judge(bench->fit, &decoded, &bench->arena, ret_judgement, err);
    }
    pf_model_unlock(bench->model);
    return code;
}

enum pf_verdict bench_verdict(struct live_bench *bench, const char *pod)
{
    struct pf_err err = {0};
    struct pf_judgement judgement = {.verdict = PF_VERDICT_UNKNOWN};
    pf_autofree char *json = pf_mem_dup(pod, strlen(pod));
    assert_non_null(json);
    for (char *at = json; *at != '\0'; at++) {
        if (*at == '\'') {
            *at = '"';
        }
    }
    if (judge(bench, json, &judgement, &err) != PF_OK) {
        fail_msg("%s: %s", err.text, json);
    }
    (void)snprintf(bench->said, sizeof(bench->said), "%.*s%.*s", PF_SV_ARG(judgement.message),
                   PF_SV_ARG(judgement.cause));
    return judgement.verdict;
}

struct pf_model_stats bench_stats(struct live_bench *bench)
{
    pf_model_lock(bench->model);
    const struct pf_model_stats stats = pf_model_stats(bench->model);
    pf_model_unlock(bench->model);
    return stats;
}

struct pf_live_kind bench_kind(struct live_bench *bench, const char *name)
{
    struct pf_live_kind kinds[PF_LIVE_KINDS_MAX];
    const size_t count = pf_live_kinds(bench->live, kinds, PF_LIVE_KINDS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return kinds[i];
        }
    }
    return (struct pf_live_kind){.name = name};
}

bool bench_is_synced(struct live_bench *bench)
{
    struct pf_err err = {0};
    return pf_live_wait_synced(bench->live, /* timeout_ms= */ 0, &err) == PF_OK;
}

size_t bench_count(const struct live_bench *bench, const char *pattern)
{
    return fake_api_count(bench->api, pattern);
}

void bench_check(struct live_bench *bench)
{
    struct pf_err err = {0};
    pf_model_lock(bench->model);
    const enum pf_code code = pf_model_check(bench->model, &err);
    pf_model_unlock(bench->model);
    if (code != PF_OK) {
        fail_msg("the checker: %s", err.text);
    }
}

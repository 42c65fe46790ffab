#include "reflector_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int64_t clock_now(void *opaque)
{
    return *(int64_t *)opaque;
}

static void on_begin(void *ctx)
{
    struct bench *bench = ctx;
    pf_buf_append_cstr(&bench->log, "begin ");
}

static struct pf_sv member(struct pf_sv object, const char *key)
{
    const size_t at = pf_sv_find(object, pf_sv_from(key));
    assert_true(at != SIZE_MAX);
    const char *begin = object.ptr + at + strlen(key);
    const char *end = memchr(begin, '"', (size_t)(object.ptr + object.len - begin));
    assert_non_null(end);
    return (struct pf_sv){.ptr = begin, .len = (size_t)(end - begin)};
}

static bool on_object(void *ctx, enum pf_watch_type type, struct pf_sv object)
{
    static const char signs[] = {
        [PF_WATCH_ADDED] = '+', [PF_WATCH_MODIFIED] = '=', [PF_WATCH_DELETED] = '-'};
    struct bench *bench = ctx;
    assert_true(type <= PF_WATCH_DELETED);
    pf_buf_append_sv(&bench->log, member(object, "\"name\":\""));
    pf_buf_append_char(&bench->log, signs[type]);
    pf_buf_append_sv(&bench->log, member(object, "\"resourceVersion\":\""));
    pf_buf_append_char(&bench->log, ' ');
    const bool taken = !bench->full;
    bench->full = false;
    return taken;
}

static void on_end(void *ctx, bool complete)
{
    struct bench *bench = ctx;
    pf_buf_append_cstr(&bench->log, complete ? "end " : "broken ");
}

static void on_alive(void *ctx, struct pf_sv version)
{
    struct bench *bench = ctx;
    pf_buf_printf(&bench->log, "@%.*s ", PF_SV_ARG(version));
}

static void on_denied(void *ctx, int status, struct pf_sv message)
{
    struct bench *bench = ctx;
    assert_true(message.len != 0);
    pf_buf_printf(&bench->log, "denied%d ", status);
}

const struct pf_reflector_sink bench_sink = {
    .replace_begin = on_begin,
    .object = on_object,
    .replace_end = on_end,
    .alive = on_alive,
    .denied = on_denied,
};

void bench_open(struct bench *bench, const struct fake_api_answer *script, bool streaming)
{
    static char server[64];
    static struct pf_kube_config config;
    struct pf_err err = {0};
    *bench = (struct bench){.now_ns = 1000000000};
    bench->clock = (struct pf_clock){clock_now, clock_now, &bench->now_ns};
    pf_buf_init(&bench->log, 1 << 20);
    bench->api = fake_api_new(script);
    assert_non_null(bench->api);
    (void)snprintf(server, sizeof(server), "http://127.0.0.1:%d", fake_api_port(bench->api));
    config = (struct pf_kube_config){.server = server, .origin = "test"};
    const struct pf_kube_client_options client = {
        .config = &config, .clock = &bench->clock, .user_agent = "podfit-test"};
    if (pf_kube_client_new(&client, &bench->client, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    const struct pf_reflector_options options = {.client = bench->client,
                                                 .clock = &bench->clock,
                                                 .name = "pods",
                                                 .path = "/api/v1/pods",
                                                 .streaming_lists = streaming,
                                                 .page_limit = 2,
                                                 .seed = 7,
                                                 .sink = &bench_sink,
                                                 .ctx = bench};
    assert_int_equal(pf_reflector_new(&options, &bench->reflector, &err), PF_OK);
}

void bench_close(struct bench *bench)
{
    pf_reflector_free(bench->reflector);
    pf_kube_client_free(bench->client);
    fake_api_free(bench->api);
    pf_buf_done(&bench->log);
}

/* what has been done so far, to see whether anything is going on */
static uint64_t activity(const struct bench *bench)
{
    const struct pf_kube_client_stats stats = pf_kube_client_stats(bench->client);
    return stats.requests + stats.failures + stats.bytes_received + bench->log.len;
}

int64_t bench_round(struct bench *bench)
{
    int64_t wish = 0;
    for (int idle = 0; idle < 6; idle++) {
        const uint64_t before = activity(bench);
        wish = pf_reflector_tick(bench->reflector);
        assert_true(wish >= 1);
        pf_kube_client_step(bench->client, idle != 0 ? 1 : 0);
        const bool served = fake_api_step(bench->api, 0);
        if (served || activity(bench) != before) {
            return 0;
        }
    }
    return wish;
}

void bench_play(struct bench *bench)
{
    for (int rounds = 0; rounds < 200000 && fake_api_fault(bench->api)[0] == '\0'; rounds++) {
        const int64_t wish = bench_round(bench);
        if (wish != 0 && fake_api_played(bench->api)) {
            return;
        }
        bench->now_ns += wish * 1000000;
    }
    fail_msg("does not end: '%s', %zu requests, log '%s', last failure '%s'",
             fake_api_fault(bench->api), fake_api_requests(bench->api), bench->log.data,
             pf_reflector_stats(bench->reflector).last_failure);
}

static void check_row(const struct bench_row *row, const struct bench *bench)
{
    const struct pf_reflector_stats stats = pf_reflector_stats(bench->reflector);
    const int64_t ms = (bench->now_ns - 1000000000) / 1000000;
    if (!pf_sv_eq_cstr(pf_buf_view(&bench->log), row->log)) {
        fail_msg("%s: log '%s' instead of '%s'", row->name, bench->log.data, row->log);
    }
    if (row->max_ms != 0 && (ms < row->min_ms || ms > row->max_ms)) {
        fail_msg("%s: %lld ms, not %lld to %lld", row->name, (long long)ms, (long long)row->min_ms,
                 (long long)row->max_ms);
    }
    if (stats.failures != row->failures || stats.restarts != row->restarts ||
        stats.watches != row->watches) {
        fail_msg("%s: %llu failures, %llu restarts, %llu watches; last failure '%s'", row->name,
                 (unsigned long long)stats.failures, (unsigned long long)stats.restarts,
                 (unsigned long long)stats.watches, stats.last_failure);
    }
    if (row->failure != NULL && strstr(stats.last_failure, row->failure) == NULL) {
        fail_msg("%s: last failure '%s' without '%s'", row->name, stats.last_failure, row->failure);
    }
    if (!stats.synced || !stats.watching || !stats.open || stats.alive_mono_ns == 0) {
        fail_msg("%s: not in sync at the end", row->name);
    }
}

void bench_check_rows(const struct bench_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bench bench;
        bench_open(&bench, rows[i].script, rows[i].streaming);
        bench_play(&bench);
        check_row(&rows[i], &bench);
        bench_close(&bench);
    }
}

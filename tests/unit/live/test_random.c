/*
 * Random sequences of events over all kinds: late, twice, missed and made good by a list, pods re-created under their name. The checker agrees with the model, and it gives
 * the verdicts of a model that is loaded fresh from what the cluster is then.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "random_cluster.h"
#include "sink_bench.h"
#include <podfit/log.h>
#include <podfit/mem.h>

#define OBJECTS    200
#define OBJECT_MAX ((size_t)64 * 1024)
#define COMPARE    20U /* steps between two comparisons */
#define ASKED      6U  /* pods of each */

struct run {
    struct sink_bench bench;
    struct random_draw draw;
    struct pf_buf json;
    uint64_t version;
    bool pending;
    size_t verdicts[PF_VERDICT_NOT_JUDGED + 1];
    size_t late; /* events that were sent too late */
};

static size_t draw_kind(struct run *run)
{
    const size_t pods = sink_bench_kind(&run->bench, PF_SV("Pod"));
    const size_t nodes = sink_bench_kind(&run->bench, PF_SV("Node"));
    switch (random_below(&run->draw, 4)) {
    case 0:
        return pods;
    case 1:
        return random_below(&run->draw, 3) == 0 ? nodes : pods;
    default:
        return random_below(&run->draw, (uint32_t)run->bench.live.follow_count);
    }
}

/* What the cluster has under this name; NULL: nothing. Owned. */
static char *former(const struct run *run, size_t kind, const char *key)
{
    const size_t at = sink_bench_find(&run->bench, kind, pf_sv_from(key));
    if (at == SIZE_MAX) {
        return NULL;
    }
    char *copy = pf_mem_dup(run->bench.objects[at].json, strlen(run->bench.objects[at].json));
    assert_non_null(copy);
    return copy;
}

/* The next content of an object, not yet stored. */
static void write_next(struct run *run, size_t kind, unsigned number, char key[64])
{
    const struct pf_live_spec *spec = run->bench.live.follows[kind].spec;
    const struct random_object object = {.kind = spec->kind,
                                         .api_version = spec->api_version,
                                         .version = ++run->version,
                                         .number = number,
                                         .uid = random_below(&run->draw, 3)};
    random_object_write(&run->draw, &object, run->pending, &run->json, key);
}

static unsigned draw_number(struct run *run, size_t kind)
{
    const bool pod = run->bench.live.follows[kind].spec->feed == PF_FEED_POD;
    return random_below(&run->draw, pod ? RANDOM_PODS : RANDOM_NUMBERS);
}

/* @param told  the watch brings it; else it was missed */
static void upsert(struct run *run, size_t kind, bool told)
{
    char key[64];
    write_next(run, kind, draw_number(run, kind), key);
    pf_autofree char *before = former(run, kind, key);
    const struct pf_sv json = pf_buf_view(&run->json);
    sink_bench_store(&run->bench, kind, pf_sv_from(key), json, run->version);
    if (!told) {
        return;
    }
    const enum pf_watch_type type = before != NULL ? PF_WATCH_MODIFIED : PF_WATCH_ADDED;
    sink_bench_event(&run->bench, kind, type, json);
    if (random_below(&run->draw, 5) == 0) {
        sink_bench_event(&run->bench, kind, type, json); /* twice */
    }
    if (before != NULL && random_below(&run->draw, 4) == 0) { /* late: what was before */
        run->late++;
        sink_bench_event(&run->bench, kind,
                         random_below(&run->draw, 3) == 0 ? PF_WATCH_DELETED : PF_WATCH_MODIFIED,
                         pf_sv_from(before));
    }
}

static void take_out(struct run *run, size_t kind, bool told)
{
    char key[64];
    /* a DELETED event has the last content, with a version of its own */
    write_next(run, kind, draw_number(run, kind), key);
    pf_autofree char *before = former(run, kind, key);
    if (before == NULL) {
        return;
    }
    sink_bench_forget(&run->bench, kind, pf_sv_from(key));
    if (!told) {
        return;
    }
    /* the uid of a pod is that of the pod which goes: anything else is another pod's event */
    const char *last = strstr(before, "\"resourceVersion\":\"");
    const struct pf_sv head = {.ptr = before, .len = (size_t)(last - before)};
    const char *rest = strchr(last + strlen("\"resourceVersion\":\""), '"');
    pf_buf_reset(&run->json);
    pf_buf_printf(&run->json, "%.*s\"resourceVersion\":\"%llu%s", PF_SV_ARG(head),
                  (unsigned long long)run->version, rest);
    sink_bench_event(&run->bench, kind, PF_WATCH_DELETED, pf_buf_view(&run->json));
    if (random_below(&run->draw, 3) == 0) { /* late: it is not born again */
        run->late++;
        sink_bench_event(&run->bench, kind, PF_WATCH_ADDED, pf_sv_from(before));
    }
}

/* The watch was gone for a while: some events are missed, then a list, which may break off the first time. */
static void relist(struct run *run, size_t kind)
{
    const uint32_t missed = random_below(&run->draw, 6);
    for (uint32_t i = 0; i < missed; i++) {
        if (random_below(&run->draw, 2) == 0) {
            upsert(run, kind, /* told= */ false);
        } else {
            take_out(run, kind, /* told= */ false);
        }
    }
    if (random_below(&run->draw, 4) == 0) {
        sink_bench_list(&run->bench, kind, /* complete= */ false);
    }
    sink_bench_list(&run->bench, kind, /* complete= */ true);
}

static void step(struct run *run)
{
    const size_t kind = draw_kind(run);
    run->bench.now_ns += 1000000;
    switch (random_below(&run->draw, 12)) {
    case 0:
        relist(run, kind);
        break;
    case 1:
    case 2:
    case 3:
        take_out(run, kind, /* told= */ true);
        break;
    default:
        upsert(run, kind, /* told= */ true);
    }
}

static void compare(struct run *run, unsigned at)
{
    char where[64];
    struct sink_twin twin;
    sink_bench_check(&run->bench);
    sink_twin_open(&twin, &run->bench);
    for (unsigned i = 0; i < ASKED && !run->pending; i++) {
        (void)snprintf(where, sizeof(where), "step %u, pod %u", at, i);
        random_asking_write(&run->draw, &run->json);
        run->verdicts[sink_twin_compare(&twin, &run->bench, pf_buf_view(&run->json), where)]++;
    }
    sink_twin_close(&twin);
}

static void play(uint64_t seed, unsigned steps, bool pending)
{
    struct run run = {.draw = {.state = seed}, .pending = pending, .version = 100};
    uint64_t late = 0;
    sink_bench_open(&run.bench, OBJECTS);
    pf_buf_init(&run.json, OBJECT_MAX);
    for (size_t i = 0; i < run.bench.live.follow_count; i++) {
        sink_bench_list(&run.bench, i, /* complete= */ true);
    }
    for (unsigned i = 1; i <= steps; i++) {
        step(&run);
        if (i % COMPARE == 0) {
            compare(&run, i);
        }
    }
    for (size_t i = 0; i < run.bench.live.follow_count; i++) {
        late += run.bench.live.follows[i].late;
    }
    assert_int_equal(late, run.late);
    assert_true(late > 0);
    if (!pending) { /* the pods that were asked about are not all alike */
        assert_true(run.verdicts[PF_VERDICT_FITS] > steps / 50);
        assert_true(run.verdicts[PF_VERDICT_FULL] > 0);
        assert_true(run.verdicts[PF_VERDICT_NEVER] > 0);
    }
    pf_buf_done(&run.json);
    sink_bench_close(&run.bench);
}

static void test_verdicts(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        play(seed * UINT64_C(88172645463325252), 1500, /* pending= */ false);
    }
}

/* Pods that wait hold room where they were placed first, so that two models may differ; the checker must agree all the same. */
static void test_waiting_pods(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        play(seed * UINT64_C(0x9E3779B97F4A7C15), 1500, /* pending= */ true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_waiting_pods),
    };
    struct pf_err err = {0};
    if (pf_log_configure("error", /* json= */ false, &err) != PF_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

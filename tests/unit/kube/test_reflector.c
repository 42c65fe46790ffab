/* The reflector over time: what a script in one go does not show. The faults of lists and watches: test_reflector_lists.c, test_reflector_watches.c. */

#include <fake_api.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "reflector_bench.h"
#include <podfit/reflector.h>

static void out_of_memory_in_the_sink_leads_to_a_list(void **state)
{
    (void)state;
    static const struct fake_api_answer script[] = {
        LISTED, LISTED, STAY(ASK_WATCH("10"), ADDED("b", "11")), {.expect = NULL}};
    struct bench bench;
    bench_open(&bench, script, /* streaming= */ false);
    bench.full = true;
    bench_play(&bench);
    assert_string_equal(bench.log.data, "begin a+5 broken " LOG_LISTED "b+11 @11 ");
    bench_close(&bench);
}

/* nobody listens for a minute: few requests, and the watch resumes where it was */
static void refused_for_a_minute(void **state)
{
    (void)state;
    static const struct fake_api_answer script[] = {LISTED,
                                                    CUT(ASK_WATCH("10"), ADDED("b", "11")),
                                                    STAY(ASK_WATCH("11"), ADDED("c", "12")),
                                                    {.expect = NULL}};
    struct bench bench;
    bench_open(&bench, script, /* streaming= */ false);
    while (fake_api_requests(bench.api) < 2 || bench_round(&bench) == 0) {
        (void)bench_round(&bench);
    }
    fake_api_listen(bench.api, /* on= */ false);
    const int64_t until_ns = bench.now_ns + (int64_t)60 * 1000000000;
    const uint64_t before = pf_kube_client_stats(bench.client).requests;
    while (bench.now_ns < until_ns) {
        bench.now_ns += bench_round(&bench) * 1000000;
        /* asked for, but nobody has accepted it */
        const struct pf_reflector_stats stats = pf_reflector_stats(bench.reflector);
        assert_true(fake_api_requests(bench.api) == 2 && !stats.open);
    }
    const uint64_t requests = pf_kube_client_stats(bench.client).requests - before;
    assert_true(requests >= 3 && requests <= 8);
    assert_non_null(strstr(pf_reflector_stats(bench.reflector).last_failure, "refused"));
    assert_true(pf_reflector_stats(bench.reflector).synced);
    assert_false(pf_reflector_stats(bench.reflector).open);
    fake_api_listen(bench.api, /* on= */ true);
    bench_play(&bench);
    assert_string_equal(bench.log.data, LOG_LISTED "b+11 @11 c+12 @12 ");
    assert_int_equal(pf_reflector_stats(bench.reflector).lists, 1);
    bench_close(&bench);
}

/* a long healthy watch makes the next back-off a short one */
static void health_resets_the_back_off(void **state)
{
    (void)state;
    static const struct fake_api_answer script[] = {REPEATED(ASK_LIST, 500, NULL, NULL, 5),
                                                    LISTED,
                                                    STAY(ASK_WATCH("10"), BOOKMARK("11")),
                                                    STAY(ASK_WATCH("11"), BOOKMARK("12")),
                                                    {.expect = NULL}};
    struct bench bench;
    bench_open(&bench, script, /* streaming= */ false);
    while (!pf_reflector_stats(bench.reflector).bookmarks) {
        bench.now_ns += bench_round(&bench) * 1000000;
    }
    const int64_t start_ns = bench.now_ns;
    bench_play(&bench);
    const int64_t ms = (bench.now_ns - start_ns) / 1000000;
    assert_true(ms >= 150800 && ms <= 151700);
    bench_close(&bench);
}

static void the_selector_is_in_every_request(void **state)
{
    (void)state;
#define SELECTOR "&fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed"
    static const struct fake_api_answer script[] = {
        ANSWER(ASK_STREAM SELECTOR, 400, NULL),
        ANSWER("/api/v1/pods?limit=500" SELECTOR, 200, LIST("10", "x", "")),
        ANSWER("/api/v1/pods?limit=500&continue=x" SELECTOR, 200, LIST("10", "", "")),
        STAY(ASK_WATCH("10") SELECTOR, NULL),
        {.expect = NULL}};
    struct bench bench;
    bench_open(&bench, script, /* streaming= */ true);
    const struct pf_reflector_options options = {.client = bench.client,
                                                 .clock = &bench.clock,
                                                 .name = "pods",
                                                 .path = "/api/v1/pods",
                                                 .field_selector =
                                                     "status.phase!=Succeeded,status.phase!=Failed",
                                                 .streaming_lists = true,
                                                 .seed = 1,
                                                 .sink = &bench_sink,
                                                 .ctx = &bench};
    pf_reflector_free(bench.reflector);
    assert_int_equal(pf_reflector_new(&options, &bench.reflector, NULL), PF_OK);
    bench_play(&bench);
    assert_string_equal(bench.log.data, "begin end @10 ");
    bench_close(&bench);
}

/* the timeouts of watches lie between five and ten minutes, and differ: those of all replicas are not to end together */
static void timeouts_of_watches(void **state)
{
    (void)state;
    static const struct fake_api_answer script[] = {
        LISTED,
        REPEATED(ASK_WATCH("10"), 200, BOOKMARK("10"), NULL, 19),
        STAY(ASK_WATCH("10"), NULL),
        {.expect = NULL}};
    static const char name[] = "timeoutSeconds=";
    struct bench bench;
    int64_t least = INT64_MAX;
    int64_t most = 0;
    bench_open(&bench, script, /* streaming= */ false);
    bench_play(&bench);
    for (const char *at = strstr(fake_api_log(bench.api), name); at != NULL;
         at = strstr(at + 1, name)) {
        int64_t seconds = 0;
        assert_true(pf_sv_to_i64((struct pf_sv){.ptr = at + sizeof(name) - 1, .len = 3}, &seconds));
        assert_in_range(seconds, 300, 599);
        least = seconds < least ? seconds : least;
        most = seconds > most ? seconds : most;
    }
    assert_true(most - least > 100); /* 21 of them, from a seed that is always the same */
    bench_close(&bench);
}

static void free_while_a_watch_is_open(void **state)
{
    (void)state;
    static const struct fake_api_answer script[] = {LISTED, OPEN_AT("10"), {.expect = NULL}};
    struct bench bench;
    bench_open(&bench, script, /* streaming= */ false);
    bench_play(&bench);
    assert_true(pf_reflector_stats(bench.reflector).watching);
    pf_reflector_free(bench.reflector);
    bench.reflector = NULL;
    pf_kube_client_step(bench.client, 1);
    pf_reflector_free(NULL);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(out_of_memory_in_the_sink_leads_to_a_list),
        cmocka_unit_test(refused_for_a_minute),
        cmocka_unit_test(health_resets_the_back_off),
        cmocka_unit_test(the_selector_is_in_every_request),
        cmocka_unit_test(timeouts_of_watches),
        cmocka_unit_test(free_while_a_watch_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every allocation of podfit's own while a reflector lists and watches fails once: it starts over and arrives at the same state. */

#include <fail_alloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "reflector_bench.h"

static const struct fake_api_answer script[] = {
    DRIBBLE(ASK_LIST, LIST("10", "x", OBJECT("a", "5"))),
    ANSWER(ASK_LIST "&continue=x", 200, LIST("10", "", OBJECT("b", "6"))),
    STAY(ASK_STREAM, ADDED("a", "5") ADDED("b", "6") INITIAL_END("10") ADDED("c", "11")),
    STAY(ASK_WATCH("10"), ADDED("c", "11")),
    STAY(ASK_WATCH("11"), NULL),
    {.expect = NULL}};

/* the whole list, then the event; before it there may have been tries */
static bool arrived(const struct bench *bench)
{
    const char *last = bench->log.data != NULL ? strstr(bench->log.data, "c+11 @11 ") : NULL;
    return last != NULL && strcmp(last, "c+11 @11 ") == 0;
}

static void play_failing(struct bench *bench)
{
    for (int rounds = 0, idle = 0; rounds < 20000 && !arrived(bench); rounds++) {
        const size_t before = bench->log.len;
        const int64_t wish = pf_reflector_tick(bench->reflector);
        pf_kube_client_step(bench->client, idle != 0 ? 1 : 0);
        const long left = fail_countdown;
        fail_countdown = -1; /* the server's memory is not at stake */
        const bool served = fake_api_step(bench->api, 0);
        fail_countdown = left;
        idle = served || bench->log.len != before ? 0 : idle + 1;
        if (idle > 5) {
            bench->now_ns += wish * 1000000;
            idle = 0;
        }
    }
    if (!arrived(bench)) {
        fail_msg("not in sync: log '%s', last failure '%s', '%s'", bench->log.data,
                 pf_reflector_stats(bench->reflector).last_failure, fake_api_fault(bench->api));
    }
}

/* @return whether the @p n-th allocation was there */
static bool fail_one(bool streaming, long n)
{
    struct bench bench;
    bench_open(&bench, script, streaming);
    fake_api_any_order(bench.api);
    assert_non_null(pf_buf_reserve(&bench.log, 4096)); /* so that the sink allocates nothing */
    pf_buf_reset(&bench.log); /* what is reserved holds anything, a former log too */
    fail_alloc_after(n);
    play_failing(&bench);
    const bool failed = fail_alloc_count() > n;
    fail_alloc_after(-1);
    const struct pf_reflector_stats stats = pf_reflector_stats(bench.reflector);
    if (!stats.synced || stats.lists != 1) {
        fail_msg("allocation %ld: %llu lists, log '%s', last failure '%s'", n,
                 (unsigned long long)stats.lists, bench.log.data, stats.last_failure);
    }
    assert_string_equal(stats.resource_version, "11");
    assert_string_equal(fake_api_fault(bench.api), "");
    assert_non_null(strstr(bench.log.data, "a+5 b+6 end @10 c+11 @11 "));
    bench_close(&bench);
    return failed;
}

static void lists_survive(void **state)
{
    (void)state;
    long n = 0;
    while (fail_one(/* streaming= */ false, n)) {
        n++;
    }
    assert_true(n > 10);
}

static void streaming_lists_survive(void **state)
{
    (void)state;
    long n = 0;
    while (fail_one(/* streaming= */ true, n)) {
        n++;
    }
    assert_true(n > 3);
}

static void no_memory_for_a_reflector(void **state)
{
    (void)state;
    struct pf_err err = {0};
    struct pf_reflector *reflector = NULL;
    const struct pf_reflector_options options = {.name = "pods", .path = "/api/v1/pods"};
    fail_alloc_after(0);
    assert_int_equal(pf_reflector_new(&options, &reflector, &err), PF_E_NO_MEMORY);
    fail_alloc_after(-1);
    assert_null(reflector);
    assert_non_null(strstr(err.text, "pods"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_survive),
        cmocka_unit_test(streaming_lists_survive),
        cmocka_unit_test(no_memory_for_a_reflector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

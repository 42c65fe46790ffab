/* The reflector against a scripted server: every fault of a list or a watch is a row. */

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

struct row {
    const char *name;
    bool streaming;
    struct fake_api_answer script[12];
    const char *log;
    int64_t min_ms; /* virtual time until the script is played; 0: not looked at */
    int64_t max_ms;
    uint64_t failures;
    uint64_t restarts;
    uint64_t watches;
    const char *failure; /* part of the last one; NULL: not looked at */
};

static const struct row rows[] = {
    {"list, then watch",
     false,
     {LISTED, STAY(ASK_WATCH("10"),
                   ADDED("b", "11") MODIFIED("a", "12") DELETED("b", "13") BOOKMARK("20"))},
     LOG_LISTED "b+11 @11 a=12 @12 b-13 @13 @20 ",
     0,
     1,
     0,
     0,
     1,
     NULL},
    {"an empty list",
     false,
     {ANSWER(ASK_LIST, 200, LIST("3", "", "")), OPEN_AT("3")},
     "begin end @3 ",
     0,
     1,
     0,
     0,
     0,
     NULL},
    {"pages",
     false,
     {ANSWER(ASK_LIST, 200, LIST("10", "x/1=", OBJECT("a", "5") "," OBJECT("b", "6"))),
      ANSWER(ASK_LIST "&continue=x%2F1%3D", 200, LIST("10", "y", OBJECT("c", "7"))),
      ANSWER(ASK_LIST "&continue=y", 200, LIST("10", "", OBJECT("d", "8"))), OPEN_AT("10")},
     "begin a+5 b+6 c+7 d+8 end @10 ",
     0,
     1,
     0,
     0,
     0,
     NULL},
    {"a later page is newer: the watch begins at the first",
     false,
     {ANSWER(ASK_LIST, 200, LIST("10", "x", OBJECT("a", "5"))),
      ANSWER(ASK_LIST "&continue=x", 200, LIST("12", "", OBJECT("b", "11"))),
      STAY(ASK_WATCH("10"), ADDED("b", "11"))},
     "begin a+5 b+11 end @10 b+11 @11 ",
     0,
     1,
     0,
     0,
     1,
     NULL},
    {"a streaming list becomes the watch",
     true,
     {STAY(ASK_STREAM,
           ADDED("a", "5") ADDED("b", "9") INITIAL_END("10") MODIFIED("a", "11") BOOKMARK("12"))},
     "begin a+5 b+9 end @10 a=11 @11 @12 ",
     0,
     1,
     0,
     0,
     1,
     NULL},
    {"changes while a streaming list runs",
     true,
     {STAY(ASK_STREAM, ADDED("a", "5") MODIFIED("a", "11") DELETED("b", "12") INITIAL_END("12"))},
     "begin a+5 a=11 b-12 end @12 ",
     0,
     1,
     0,
     0,
     1,
     NULL},
    {"a streaming list of nothing",
     true,
     {STAY(ASK_STREAM, INITIAL_END("4"))},
     "begin end @4 ",
     0,
     1,
     0,
     0,
     1,
     NULL},
    {"streaming lists are refused with 400, for good",
     true,
     {ANSWER(ASK_STREAM, 400, STATUS("400", "BadRequest", "sendInitialEvents is forbidden")),
      LISTED, ANSWER(ASK_WATCH("10"), 410, STATUS("410", "Expired", "too old")), LISTED,
      OPEN_AT("10")},
     LOG_LISTED LOG_LISTED,
     800,
     1700,
     2,
     0,
     0,
     "too old"},
    {"streaming lists are refused with 422",
     true,
     {ANSWER(ASK_STREAM, 422, STATUS("422", "Invalid", "sendInitialEvents: Forbidden")), LISTED,
      OPEN_AT("10")},
     LOG_LISTED,
     0,
     10,
     1,
     0,
     0,
     "Forbidden"},
    {"streaming lists are ignored: a bookmark without the annotation",
     true,
     {STAY(ASK_STREAM, ADDED("a", "5") BOOKMARK("9")), LISTED, OPEN_AT("10")},
     "begin a+5 broken " LOG_LISTED,
     0,
     10,
     1,
     0,
     0,
     "no streaming lists"},
    {"streaming lists are ignored: no end comes",
     true,
     {STAY(ASK_STREAM, ADDED("a", "5")), STAY(ASK_STREAM, ADDED("a", "5")), LISTED, OPEN_AT("10")},
     "begin a+5 broken begin a+5 broken " LOG_LISTED,
     120000,
     130000,
     2,
     0,
     0,
     "took too long"},
    {"streaming lists are ignored, and the cluster is empty and still",
     true,
     {STAY(ASK_STREAM, NULL), ANSWER(ASK_STREAM, 200, NULL), LISTED, OPEN_AT("10")},
     LOG_LISTED,
     60000,
     66000,
     2,
     0,
     0,
     "before its end bookmark"},
    {"a streaming list breaks before its end: nothing is removed",
     true,
     {CUT(ASK_STREAM, ADDED("a", "5")), STAY(ASK_STREAM, ADDED("a", "5") INITIAL_END("10"))},
     "begin a+5 broken begin a+5 end @10 ",
     800,
     1700,
     1,
     0,
     1,
     NULL},
    {"an ERROR in a streaming list",
     true,
     {STAY(ASK_STREAM, ADDED("a", "5") FAILED("500", "InternalError", "etcd")),
      STAY(ASK_STREAM, INITIAL_END("10"))},
     "begin a+5 broken begin end @10 ",
     800,
     1700,
     1,
     0,
     1,
     "500 InternalError etcd"},
    {"who may list but not watch gets a list",
     true,
     {ANSWER(ASK_STREAM, 403, STATUS("403", "Forbidden", "no watch")), LISTED,
      ANSWER(ASK_WATCH("10"), 403, STATUS("403", "Forbidden", "no watch")),
      ANSWER(ASK_WATCH("10"), 403, STATUS("403", "Forbidden", "no watch")),
      STAY(ASK_WATCH("10"), ADDED("b", "11"))},
     LOG_LISTED "denied403 b+11 @11 ",
     60000,
     120000,
     3,
     0,
     1,
     "no watch"},
    {"410 for a watch",
     false,
     {LISTED, ANSWER(ASK_WATCH("10"), 410, STATUS("410", "Gone", "too old resource version")),
      ANSWER(ASK_LIST, 200, LIST("20", "", OBJECT("b", "15"))), OPEN_AT("20")},
     LOG_LISTED "begin b+15 end @20 ",
     800,
     1700,
     1,
     0,
     0,
     "too old"},
    {"410 as an ERROR event",
     false,
     {LISTED, STAY(ASK_WATCH("10"), ADDED("b", "11") FAILED("410", "Expired", "too old")),
      ANSWER(ASK_LIST, 200, LIST("20", "", "")), OPEN_AT("20")},
     LOG_LISTED "b+11 @11 begin end @20 ",
     800,
     1700,
     1,
     1,
     1,
     "410 Expired too old"},
    {"another ERROR event",
     false,
     {LISTED, STAY(ASK_WATCH("10"), FAILED("500", "InternalError", "decode")), LISTED,
      OPEN_AT("10")},
     LOG_LISTED LOG_LISTED,
     800,
     1700,
     1,
     1,
     1,
     "decode"},
    {"429 as an ERROR event",
     false,
     {LISTED, STAY(ASK_WATCH("10"), FAILED("429", "TooManyRequests", "later")), OPEN_AT("10")},
     LOG_LISTED,
     800,
     1700,
     1,
     1,
     1,
     "later"},
    {"410 for a list",
     false,
     {ANSWER(ASK_LIST, 410, STATUS("410", "Expired", "too old")), LISTED, OPEN_AT("10")},
     LOG_LISTED,
     800,
     1700,
     1,
     0,
     0,
     NULL},
    {"410 for a continue token: larger pages, then all at once",
     false,
     {ANSWER(ASK_LIST, 200, LIST("10", "x", OBJECT("a", "5"))),
      ANSWER(ASK_LIST "&continue=x", 410, STATUS("410", "Expired", "continue is too old")),
      ANSWER("/api/v1/pods?limit=8", 200, LIST("11", "y", OBJECT("a", "5"))),
      ANSWER("/api/v1/pods?limit=8&continue=y", 410,
             STATUS("410", "Expired", "continue is too old")),
      ANSWER("/api/v1/pods?limit=0", 200, LIST("12", "", OBJECT("a", "5"))), OPEN_AT("12")},
     "begin a+5 broken begin a+5 broken begin a+5 end @12 ",
     2400,
     4900,
     2,
     0,
     0,
     "continue"},
    {"too large resource version: a list",
     false,
     {LISTED,
      ANSWER(ASK_WATCH("10"), 504,
             STATUS("504", "Timeout", "Timeout: Too large resource version: 10, current: 3")),
      ANSWER(ASK_LIST, 200, LIST("3", "", "")), STAY(ASK_WATCH("3"), ADDED("b", "4"))},
     LOG_LISTED "begin end @3 b+4 @4 ",
     800,
     1700,
     1,
     0,
     1,
     NULL},
    {"429 with Retry-After while listing",
     false,
     {REPEATED(ASK_LIST, 429, STATUS("429", "TooManyRequests", "slow down"), "Retry-After: 20\r\n",
               0),
      LISTED, OPEN_AT("10")},
     LOG_LISTED,
     20000,
     30100,
     1,
     0,
     0,
     "slow down"},
    {"429 with Retry-After while watching: no new list",
     false,
     {LISTED,
      REPEATED(ASK_WATCH("10"), 429, STATUS("429", "TooManyRequests", "slow down"),
               "Retry-After: 7\r\n", 3),
      OPEN_AT("10")},
     LOG_LISTED,
     28000,
     60000,
     4,
     0,
     0,
     "slow down"},
    {"an absurd Retry-After",
     false,
     {REPEATED(ASK_LIST, 503, NULL, "Retry-After: 999999999\r\n", 0), LISTED, OPEN_AT("10")},
     LOG_LISTED,
     300000,
     450100,
     1,
     0,
     0,
     NULL},
    {"401 and 403 are told once each",
     false,
     {REPEATED(ASK_LIST, 403, STATUS("403", "Forbidden", "cannot list"), NULL, 2),
      ANSWER(ASK_LIST, 404, STATUS("404", "NotFound", "no such resource")), LISTED, OPEN_AT("10")},
     "denied403 denied404 " LOG_LISTED,
     120000,
     240100,
     4,
     0,
     0,
     NULL},
    {"denied in the midst of a list",
     false,
     {ANSWER(ASK_LIST, 200, LIST("10", "x", OBJECT("a", "5"))),
      ANSWER(ASK_LIST "&continue=x", 403, STATUS("403", "Forbidden", "no more")), LISTED,
      OPEN_AT("10")},
     "begin a+5 denied403 broken " LOG_LISTED,
     30000,
     60100,
     1,
     0,
     0,
     NULL},
    {"500 while listing",
     false,
     {REPEATED(ASK_LIST, 500, STATUS("500", "InternalError", "etcd"), NULL, 2), LISTED,
      OPEN_AT("10")},
     LOG_LISTED,
     5600,
     11300,
     3,
     0,
     0,
     "etcd"},
    {"500 for a page: the same page again",
     false,
     {ANSWER(ASK_LIST, 200, LIST("10", "x", OBJECT("a", "5"))),
      REPEATED(ASK_LIST "&continue=x", 500, STATUS("500", "InternalError", "etcd"), NULL, 2),
      ANSWER(ASK_LIST "&continue=x", 200, LIST("10", "", OBJECT("b", "6"))), OPEN_AT("10")},
     "begin a+5 b+6 end @10 ",
     5600,
     11300,
     3,
     0,
     0,
     "etcd"},
    {"500 for a page, four times: the list begins anew",
     false,
     {ANSWER(ASK_LIST, 200, LIST("10", "x", OBJECT("a", "5"))),
      REPEATED(ASK_LIST "&continue=x", 500, NULL, NULL, 3), LISTED, OPEN_AT("10")},
     "begin a+5 broken " LOG_LISTED,
     12000,
     24100,
     4,
     0,
     0,
     NULL},
    {"a page breaks off: it comes again",
     false,
     {ANSWER(ASK_LIST, 200, LIST("10", "x", OBJECT("a", "5"))),
      CUT(ASK_LIST "&continue=x", "{\"items\":[" OBJECT("b", "6")),
      ANSWER(ASK_LIST "&continue=x", 200, LIST("10", "", OBJECT("b", "6") "," OBJECT("c", "7"))),
      OPEN_AT("10")},
     "begin a+5 b+6 b+6 c+7 end @10 ",
     800,
     1700,
     1,
     0,
     0,
     NULL},
    {"a list is cut off though HTTP ends in order",
     false,
     {ANSWER(ASK_LIST, 200,
             "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[" OBJECT("a", "5")),
      LISTED, OPEN_AT("10")},
     "begin a+5 broken " LOG_LISTED,
     800,
     1700,
     1,
     0,
     0,
     "cut off after"},
    {"a Status instead of a list removes nothing",
     false,
     {ANSWER(ASK_LIST, 200, STATUS("200", "", "hello")), LISTED, OPEN_AT("10")},
     LOG_LISTED,
     800,
     1700,
     1,
     0,
     0,
     "no list"},
    {"an HTML page instead of a list",
     false,
     {ANSWER(ASK_LIST, 200, "<html>"), LISTED, OPEN_AT("10")},
     LOG_LISTED,
     800,
     1700,
     1,
     0,
     0,
     "not part of a list"},
    {"a list stalls",
     false,
     {STAY(ASK_LIST, "{\"items\":[" OBJECT("a", "5")), LISTED, OPEN_AT("10")},
     "begin a+5 broken " LOG_LISTED,
     60800,
     61700,
     1,
     0,
     0,
     "took too long"},
    {"a slow server dribbles",
     false,
     {DRIBBLE(ASK_LIST, LIST_A10), DRIBBLE(ASK_WATCH("10"), ADDED("b", "11")), OPEN_AT("11")},
     LOG_LISTED "b+11 @11 ",
     0,
     2000,
     0,
     1,
     1,
     NULL},
    {"no answer at all",
     false,
     {HANG_UP(ASK_LIST), HANG_UP(ASK_LIST), LISTED, HANG_UP(ASK_WATCH("10")), OPEN_AT("10")},
     LOG_LISTED,
     5600,
     11300,
     3,
     0,
     0,
     NULL},
    {"a watch breaks: it resumes where it was",
     false,
     {LISTED, CUT(ASK_WATCH("10"), ADDED("b", "11") BOOKMARK("15")), OPEN_AT("15")},
     LOG_LISTED "b+11 @11 @15 ",
     800,
     1700,
     1,
     1,
     1,
     NULL},
    {"a watch breaks in the midst of an event",
     false,
     {LISTED, ANSWER(ASK_WATCH("10"), 200, ADDED("b", "11") "{\"type\":\"ADDED\",\"object\":{"),
      STAY(ASK_WATCH("11"), ADDED("c", "12"))},
     LOG_LISTED "b+11 @11 c+12 @12 ",
     800,
     1700,
     1,
     1,
     2,
     "cut off"},
    {"a watch of garbage",
     false,
     {LISTED, STAY(ASK_WATCH("10"), ADDED("b", "11") "{\"type\":\"ADDED\"}\n"), OPEN_AT("11")},
     LOG_LISTED "b+11 @11 ",
     800,
     1700,
     1,
     1,
     1,
     "needs type and object"},
    {"500 while watching: again, and after a minute a list",
     false,
     {LISTED, REPEATED(ASK_WATCH("10"), 500, STATUS("500", "InternalError", "etcd"), NULL, 6),
      ANSWER(ASK_LIST, 200, LIST("30", "", "")), OPEN_AT("30")},
     LOG_LISTED "begin end @30 ",
     60000,
     170000,
     7,
     0,
     0,
     "etcd"},
    {"watches that end at once without an event are failures",
     false,
     {LISTED, REPEATED(ASK_WATCH("10"), 200, NULL, NULL, 2), OPEN_AT("10")},
     LOG_LISTED,
     5600,
     11300,
     3,
     3,
     3,
     "ended at once"},
    {"watches that end after an event do not follow one another faster than once a second",
     false,
     {LISTED, ANSWER(ASK_WATCH("10"), 200, ADDED("b", "11")),
      ANSWER(ASK_WATCH("11"), 200, BOOKMARK("12")), ANSWER(ASK_WATCH("12"), 200, BOOKMARK("12")),
      OPEN_AT("12")},
     LOG_LISTED "b+11 @11 @12 @12 ",
     3000,
     3100,
     0,
     3,
     3,
     NULL},
    {"a silent watch of a server with bookmarks is given up after 150 s",
     false,
     {LISTED, STAY(ASK_WATCH("10"), BOOKMARK("11")), STAY(ASK_WATCH("11"), ADDED("b", "12"))},
     LOG_LISTED "@11 b+12 @12 ",
     150800,
     151700,
     1,
     1,
     2,
     "silent"},
    {"a silent watch of a server without bookmarks: its timeoutSeconds and 30 s",
     false,
     {LISTED, STAY(ASK_WATCH("10"), ADDED("b", "11")), STAY(ASK_WATCH("11"), ADDED("c", "12"))},
     LOG_LISTED "b+11 @11 c+12 @12 ",
     330000,
     632000,
     1,
     1,
     2,
     "silent"},
    {"two watches of which nothing comes: a list (etcd was restored, our version lies in the future)",
     false,
     {LISTED, STAY(ASK_WATCH("10"), NULL), STAY(ASK_WATCH("10"), NULL),
      ANSWER(ASK_LIST, 200, LIST("3", "", OBJECT("a", "2"))), OPEN_AT("3")},
     LOG_LISTED "begin a+2 end @3 ",
     660000,
     1300000,
     2,
     2,
     2,
     "silent"},
    {"events that come twice",
     false,
     {LISTED, STAY(ASK_WATCH("10"), ADDED("b", "11") ADDED("b", "11") MODIFIED("b", "12")
                                        ADDED("b", "11") MODIFIED("b", "12"))},
     LOG_LISTED "b+11 @11 b=12 @12 ",
     0,
     10,
     0,
     0,
     1,
     NULL},
    {"events older than the list do not bring back what is gone",
     false,
     {LISTED, STAY(ASK_WATCH("10"), ADDED("z", "9") MODIFIED("z", "10") ADDED("b", "11"))},
     LOG_LISTED "b+11 @11 ",
     0,
     10,
     0,
     0,
     1,
     NULL},
    {"an event out of order that was not seen before: a list tells the truth",
     false,
     {LISTED, STAY(ASK_WATCH("10"), MODIFIED("a", "14") MODIFIED("b", "12")),
      ANSWER(ASK_LIST, 200, LIST("14", "", OBJECT("a", "14") "," OBJECT("b", "12"))),
      OPEN_AT("14")},
     LOG_LISTED "a=14 @14 begin a+14 b+12 end @14 ",
     800,
     1700,
     1,
     1,
     1,
     "out of order"},
    {"versions that are no numbers are not compared",
     false,
     {ANSWER(ASK_LIST, 200, LIST("x-9", "", "")),
      STAY(ASK_WATCH("x-9"), ADDED("b", "x-8") MODIFIED("b", "x-7"))},
     "begin end @x-9 b+x-8 @x-8 b=x-7 @x-7 ",
     0,
     10,
     0,
     0,
     1,
     NULL},
    {"a version that is too long is none",
     false,
     {ANSWER(ASK_LIST, 200, LIST("123456789012345678901234567890123", "", "")), LISTED,
      OPEN_AT("10")},
     LOG_LISTED,
     800,
     1700,
     1,
     0,
     0,
     "too long"},
    {"unknown events are counted",
     false,
     {LISTED, STAY(ASK_WATCH("10"), EVENT("PATCHED", "a", "11") ADDED("b", "12"))},
     LOG_LISTED "b+12 @12 ",
     0,
     10,
     0,
     0,
     1,
     NULL},
    {"what was deleted while nobody watched is not in the next list",
     false,
     {ANSWER(ASK_LIST, 200, LIST("10", "", OBJECT("a", "5") "," OBJECT("b", "6"))),
      ANSWER(ASK_WATCH("10"), 410, STATUS("410", "Expired", "compacted")),
      ANSWER(ASK_LIST, 200, LIST("40", "", OBJECT("b", "6"))),
      STAY(ASK_WATCH("40"), DELETED("b", "41"))},
     "begin a+5 b+6 end @10 begin b+6 end @40 b-41 @41 ",
     800,
     1700,
     1,
     0,
     1,
     NULL},
};

static void check_row(const struct row *row, const struct bench *bench)
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

static void scripts(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct bench bench;
        bench_open(&bench, rows[i].script, rows[i].streaming);
        bench_play(&bench);
        check_row(&rows[i], &bench);
        bench_close(&bench);
    }
}

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

/* the timeouts of watches lie between five and ten minutes, and differ */
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
        cmocka_unit_test(scripts),
        cmocka_unit_test(out_of_memory_in_the_sink_leads_to_a_list),
        cmocka_unit_test(refused_for_a_minute),
        cmocka_unit_test(health_resets_the_back_off),
        cmocka_unit_test(the_selector_is_in_every_request),
        cmocka_unit_test(free_while_a_watch_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

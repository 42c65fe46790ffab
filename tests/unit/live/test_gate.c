/* Pods behind our scheduling gate: in which order they are let go, what the patch says, and what a refusal leads to. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "live_bench.h"
#include <podfit/log.h>

#define AT(name_) "/api/v1/namespaces/space/pods/" name_
#define GATED(name_, version_, class_, created_, memory_)                                    \
    POD_WITH("'name':'" name_ "','uid':'uid-" name_ "','resourceVersion':'" version_         \
             "','creationTimestamp':'2026-01-01T00:00:" created_                             \
             "Z','annotations':{'podfit.io/class':'" class_ "','podfit.io/review':'r-" name_ \
             "','podfit.io/verdict':'full','podfit.io/reason':'no room'}",                   \
             memory_, ",'schedulingGates':[{'name':'podfit.io/capacity'}]")
#define PATCH(name_)                                                                          \
    "PATCH " AT(name_) " [{\"op\":\"test\",\"path\":\"/metadata/uid\",\"value\":\"uid-" name_ \
                       "\"},{\"op\":\"test\",\"path\":\"/spec/schedulingGates/0/name\","      \
                       "\"value\":\"podfit.io/capacity\"},{\"op\":\"remove\",\"path\":"       \
                       "\"/spec/schedulingGates/0\"},{\"op\":\"replace\",\"path\":"           \
                       "\"/metadata/annotations/podfit.io~1verdict\",\"value\":\"fits\"},"    \
                       "{\"op\":\"remove\",\"path\":"                                         \
                       "\"/metadata/annotations/podfit.io~1reason\"}]\n"

#define EARLY GATED("early", "20", "a", "01", "3Gi")
#define LATE  GATED("late", "20", "a", "02", "1Gi")
#define OTHER GATED("other", "20", "b", "03", "1Gi")

/* A node of 4 Gi and these pods. */
static void open_node(struct live_bench *bench, const char *pods)
{
    bench_open(bench, 36);
    bench->ungate = true;
    bench_initial(bench, "nodes", "10", ADDED(NODE("n1", "5", "4Gi")));
    bench_initial(bench, "namespaces", "10", ADDED(NAMESPACE("space", "4")));
    bench_initial(bench, "pods", "20", pods);
    bench_answer(bench, "GET " AT("early"), 200, EARLY);
    bench_answer(bench, "GET " AT("late"), 200, LATE);
    bench_answer(bench, "GET " AT("other"), 200, OTHER);
    bench_answer(bench, "PATCH " AT("*"), 200, "{}");
}

static size_t place_of(const struct live_bench *bench, const char *line)
{
    const char *found = strstr(fake_api_log(bench->api), line);
    return found != NULL ? (size_t)(found - fake_api_log(bench->api)) : SIZE_MAX;
}

/* Oldest first, each read, judged, held and patched before the next. */
static void test_order(void **state)
{
    struct live_bench bench;
    (void)state;
    open_node(&bench, ADDED(LATE) ADDED(EARLY));
    bench_sync(&bench);
    bench_wait(&bench, pf_live_gates(bench.live).removed == 2);
    assert_int_equal(pf_live_gates(bench.live).waiting, 0);
    assert_int_equal(pf_live_gates(bench.live).failed, 0);
    assert_int_equal(bench_count(&bench, "GET " AT("*")), 2);
    assert_int_equal(bench_count(&bench, "PATCH **"), 2);
    assert_true(place_of(&bench, "GET " AT("early")) < place_of(&bench, PATCH("early")));
    assert_true(place_of(&bench, PATCH("early")) < place_of(&bench, "GET " AT("late")));
    assert_true(place_of(&bench, PATCH("late")) != SIZE_MAX);
    /* 3 and 1 Gi are held until the watch shows the pods */
    assert_int_equal(bench_stats(&bench).reservations, 2);
    assert_int_equal(bench_verdict(&bench, ASKING("1Gi")), PF_VERDICT_FULL);
    bench_close(&bench);
}

/* A head that finds no room keeps its own queue waiting, and no other; room lets it go. */
static void test_queue_waits_for_its_head(void **state)
{
    struct live_bench bench;
    (void)state;
    open_node(&bench,
              ADDED(POD("big", "7", "2Gi", ON("n1"))) ADDED(EARLY) ADDED(LATE) ADDED(OTHER));
    bench_sync(&bench);
    bench_wait(&bench, pf_live_gates(bench.live).removed == 1);
    assert_int_equal(bench_count(&bench, "PATCH " AT("other") " **"), 1);
    assert_int_equal(bench_count(&bench, "GET " AT("late")), 0);
    bench_send(&bench, "pods", DELETED(POD("big", "21", "2Gi", ON("n1"))));
    bench.pace_ms = 10;
    bench_wait(&bench, bench_count(&bench, "PATCH " AT("early") " **") == 1);
    assert_int_equal(bench_count(&bench, "GET " AT("late")), 0);
    bench_close(&bench);
}

/* Who comes after a head that found no room does not overtake it, though there is room for the small one. */
static void test_newcomer_does_not_overtake(void **state)
{
    struct live_bench bench;
    (void)state;
    open_node(&bench, ADDED(POD("big", "7", "2Gi", ON("n1"))) ADDED(EARLY));
    bench_sync(&bench);
    bench.pace_ms = 10;
    /* once as it comes, once because the model is new to it; then nothing changes */
    bench_wait(&bench, bench_count(&bench, "GET " AT("early")) == 2);
    bench_send(&bench, "pods", ADDED(GATED("late", "21", "a", "02", "1Gi")));
    bench_wait(&bench, pf_live_gates(bench.live).waiting == 2);
    bench_send(&bench, "pods", DELETED(POD("big", "22", "2Gi", ON("n1"))));
    bench_wait(&bench, pf_live_gates(bench.live).removed == 2);
    assert_true(place_of(&bench, PATCH("early")) < place_of(&bench, "GET " AT("late")));
    bench_close(&bench);
}

/* Another replica was faster, or the server refuses: the room is given back, and the pod's turn comes again. */
static void test_conflict(void **state)
{
    static const int statuses[] = {409, 422, 403, 500};
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(statuses); i++) {
        struct live_bench bench;
        open_node(&bench, ADDED(EARLY));
        bench_answer(&bench, "PATCH " AT("*"), statuses[i], STATUS("409", "Conflict", "not now"));
        bench_sync(&bench);
        bench_wait(&bench, pf_live_gates(bench.live).failed == 1);
        assert_int_equal(pf_live_gates(bench.live).removed, 0);
        assert_int_equal(pf_live_gates(bench.live).waiting, 1);
        assert_int_equal(bench_stats(&bench).reservations, 0);
        assert_int_equal(bench_verdict(&bench, ASKING("4Gi")), PF_VERDICT_FITS);
        bench_answer(&bench, "PATCH " AT("*"), 200, "{}");
        bench.pace_ms = 100;
        bench_wait(&bench, pf_live_gates(bench.live).removed == 1);
        bench_close(&bench);
    }
}

/* A server that is busy says when it wants to be asked again, and that goes for every pod that waits, not for this one alone. */
static void test_busy_server(void **state)
{
    struct live_bench bench;
    (void)state;
    open_node(&bench, ADDED(EARLY) ADDED(OTHER));
    bench_answer_headers(&bench, "GET " AT("early"), 429, "Retry-After: 30\r\n");
    bench_sync(&bench);
    const int64_t until_ns =
        bench.now_ns + INT64_C(29000) * 1000000; /* before the server asks for it */
    bench_wait(&bench, pf_live_gates(bench.live).failed == 1);
    bench_answer(&bench, "GET " AT("early"), 200, EARLY);
    bench.pace_ms = 100;
    bench_wait(&bench, bench.now_ns >= until_ns);
    assert_int_equal(bench_count(&bench, "GET " AT("*")), 1);
    bench_wait(&bench, pf_live_gates(bench.live).removed == 2);
    bench_close(&bench);
}

/* What the server has now decides: gone, ungated, another pod of the same name, one with a second gate. */
static void test_pod_changed_meanwhile(void **state)
{
    static const struct {
        const char *name;
        int status;
        const char *body;
    } rows[] = {
        {"gone", 404, STATUS("404", "NotFound", "no such pod")},
        {"ungated", 200, POD("early", "22", "3Gi", "")},
        {"another uid", 200,
         POD_WITH("'name':'early','uid':'uid-2','resourceVersion':'22'", "3Gi",
                  ",'schedulingGates':[{'name':'podfit.io/capacity'}]")},
        {"a second gate", 200,
         POD("early", "22", "3Gi",
             ",'schedulingGates':[{'name':'podfit.io/capacity'},{'name':'their/gate'}]")},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct live_bench bench;
        open_node(&bench, ADDED(EARLY));
        bench_answer(&bench, "GET " AT("early"), rows[i].status, rows[i].body);
        bench_sync(&bench);
        bench_wait(&bench, bench_count(&bench, "GET " AT("early")) == 1);
        bench_wait(&bench, pf_live_gates(bench.live).waiting == 0);
        assert_int_equal(bench_count(&bench, "PATCH **"), 0);
        assert_int_equal(pf_live_gates(bench.live).removed, 0);
        bench_close(&bench);
    }
}

/* An answer that is no pod is put off, not taken for one. */
static void test_unreadable_pod(void **state)
{
    struct live_bench bench;
    (void)state;
    open_node(&bench, ADDED(EARLY));
    bench_answer(&bench, "GET " AT("early"), 200, "<html>");
    bench_sync(&bench);
    bench_wait(&bench, pf_live_gates(bench.live).failed == 1);
    assert_int_equal(pf_live_gates(bench.live).waiting, 1);
    assert_int_equal(bench_count(&bench, "PATCH **"), 0);
    bench_close(&bench);
}

/* Who is not ours to let go is not even asked for. */
static void test_gates_that_are_not_ours(void **state)
{
    struct live_bench bench;
    (void)state;
    open_node(&bench,
              ADDED(POD("foreign", "7", "1Gi", ",'schedulingGates':[{'name':'their/gate'}]"))
                  ADDED(POD("both", "8", "1Gi",
                            ",'schedulingGates':[{'name':'their/gate'},"
                            "{'name':'podfit.io/capacity'}]")));
    bench_sync(&bench);
    bench_advance(&bench, 20000);
    bench_send(&bench, "pods", ADDED(POD("last", "21", "1Gi", ON("n1"))));
    bench_wait(&bench, bench_stats(&bench).pods == 3);
    bench_wait(&bench, bench_kind(&bench, "pods").events == 1);
    assert_int_equal(pf_live_gates(bench.live).waiting, 0);
    assert_int_equal(bench_count(&bench, "GET " AT("*")), 0);
    bench_close(&bench);
}

/* A gated pod that is deleted, or that a list does not bring, waits no longer. */
static void test_waiting_pod_goes(void **state)
{
    struct live_bench bench;
    (void)state;
    open_node(&bench, ADDED(POD("big", "7", "4Gi", ON("n1"))) ADDED(EARLY) ADDED(LATE));
    bench_sync(&bench);
    bench_wait(&bench, pf_live_gates(bench.live).waiting == 2);
    bench_send(&bench, "pods", DELETED(GATED("late", "21", "a", "02", "1Gi")));
    bench_wait(&bench, pf_live_gates(bench.live).waiting == 1);
    bench_initial(&bench, "pods", "30", ADDED(POD("big", "7", "4Gi", ON("n1"))));
    bench_send(&bench, "pods", EXPIRED);
    bench.pace_ms = 10;
    bench_wait(&bench, pf_live_gates(bench.live).waiting == 0);
    bench_close(&bench);
}

/* A model that is too old lets nobody go; one that is young again does. */
static void test_never_on_an_old_model(void **state)
{
    struct live_bench bench;
    (void)state;
    open_node(&bench, "");
    bench_answer_end(&bench, "/api/v1/namespaces?limit=1", NULL, FAKE_API_STALL);
    bench_sync(&bench);
    bench_advance(&bench, 61000);
    bench_wait(&bench, bench_verdict(&bench, ASKING("1Gi")) == PF_VERDICT_UNKNOWN);
    bench_send(
        &bench, "pods",
        ADDED(GATED("early", "21", "a", "01", "3Gi"))); /* pods are young now, nodes are not */
    bench_wait(&bench, bench_count(&bench, "GET " AT("early")) == 1);
    for (unsigned i = 0; i < 5; i++) {
        bench_advance(&bench, 10000);
        bench_wait(&bench, bench_count(&bench, "GET " AT("early")) >= 2 + i);
    }
    assert_int_equal(bench_count(&bench, "PATCH **"), 0);
    bench_send(&bench, "nodes", BOOKMARK("40"));
    bench_send(&bench, "namespaces", BOOKMARK("40"));
    bench_send(&bench, "pods", BOOKMARK("40"));
    bench.pace_ms = 10;
    bench_wait(&bench, pf_live_gates(bench.live).removed == 1);
    bench_close(&bench);
}

/* Nobody asked for it: gates stay. */
static void test_off(void **state)
{
    struct live_bench bench;
    (void)state;
    open_node(&bench, ADDED(EARLY));
    bench.ungate = false;
    bench_sync(&bench);
    bench_advance(&bench, 20000);
    bench_send(&bench, "pods", ADDED(POD("last", "21", "1Gi", ON("n1"))));
    bench_wait(&bench, bench_stats(&bench).pods == 2);
    assert_int_equal(bench_count(&bench, "GET " AT("*")), 0);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_queue_waits_for_its_head),
        cmocka_unit_test(test_newcomer_does_not_overtake),
        cmocka_unit_test(test_conflict),
        cmocka_unit_test(test_busy_server),
        cmocka_unit_test(test_pod_changed_meanwhile),
        cmocka_unit_test(test_unreadable_pod),
        cmocka_unit_test(test_gates_that_are_not_ours),
        cmocka_unit_test(test_waiting_pod_goes),
        cmocka_unit_test(test_never_on_an_old_model),
        cmocka_unit_test(test_off),
    };
    struct pf_err err = {0};
    if (pf_log_configure("error", /* json= */ false, &err) != PF_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

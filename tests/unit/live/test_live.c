/* A live model against a scripted API server: what is asked for, what the model holds, and what is said while something is wrong. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "live_bench.h"
#include <podfit/log.h>

#define N1         NODE("n1", "5", "4Gi")
#define N2         NODE("n2", "6", "4Gi")
#define SPACE      NAMESPACE("space", "4")
#define P1         POD("p1", "7", "3Gi", ON("n1"))
#define P2         POD("p2", "8", "3Gi", ON("n2"))
#define STREAM(p_) p_ "?watch=1&sendInitialEvents=true&**"
#define RESUME(p_) p_ "?watch=1&allowWatchBookmarks=true&resourceVersion=*&**"
#define NODES      "/api/v1/nodes"
#define PODS       "/api/v1/pods"
#define CLAIMS     "/api/v1/persistentvolumeclaims"
#define MINUTE_MS  60000

/* Two nodes with a pod each: 1 Gi is free on either. */
static void open_two_nodes(struct live_bench *bench)
{
    bench_open(bench, 36);
    bench_initial(bench, "nodes", "10", ADDED(N1) ADDED(N2));
    bench_initial(bench, "namespaces", "10", ADDED(SPACE));
    bench_initial(bench, "pods", "10", ADDED(P1) ADDED(P2));
}

static void test_first_sync(void **state)
{
    struct live_bench bench;
    struct pf_live_kind kinds[PF_LIVE_KINDS_MAX];
    char version[16];
    (void)state;
    open_two_nodes(&bench);
    bench_sync(&bench);
    assert_int_equal(bench_stats(&bench).nodes, 2);
    assert_int_equal(bench_stats(&bench).pods, 2);
    assert_int_equal(bench_stats(&bench).namespaces, 1);
    assert_int_equal(bench_verdict(&bench, ASKING("1Gi")), PF_VERDICT_FITS);
    assert_int_equal(bench_verdict(&bench, ASKING("2Gi")), PF_VERDICT_FULL);
    assert_string_equal(bench.said, "0/2 nodes are available: 2 Insufficient memory.");
    assert_int_equal(bench_verdict(&bench, ASKING("5Gi")), PF_VERDICT_NEVER);
    pf_live_kubernetes_version(bench.live, version);
    assert_string_equal(version, "1.36");
    assert_int_equal(atomic_load(&bench.minor), 36);
    const size_t count = pf_live_kinds(bench.live, kinds, PF_LIVE_KINDS_MAX);
    assert_int_equal(count, PF_FEED_COUNT);
    for (size_t i = 0; i < count; i++) {
        assert_true(kinds[i].synced && !kinds[i].denied && !kinds[i].absent);
        assert_int_equal(kinds[i].lists, 1);
        assert_int_equal(kinds[i].failures, 0);
        assert_true(kinds[i].age_ms >= 0);
    }
    bench_close(&bench);
}

/* What is not answered is asked again, with nothing else before it. */
static void test_version_comes_first(void **state)
{
    struct live_bench bench;
    struct pf_err err = {0};
    (void)state;
    open_two_nodes(&bench);
    bench_answer(&bench, "/version", 503, STATUS("503", "ServiceUnavailable", "starting"));
    bench.pace_ms = 1000;
    bench_start(&bench, NULL);
    bench_wait(&bench, bench_count(&bench, "/version") >= 3);
    assert_int_equal(bench_count(&bench, "**"), bench_count(&bench, "/version"));
    assert_int_equal(atomic_load(&bench.minor), 0);
    assert_int_equal(pf_live_wait_synced(bench.live, 0, &err), PF_E_STATE);
    assert_non_null(strstr(err.text, "starting"));
    bench_answer(&bench, "/version", 200, "{'major':'1','minor':'34+'}");
    bench_wait(&bench, bench_is_synced(&bench));
    assert_int_equal(atomic_load(&bench.minor), 34);
    bench_close(&bench);
}

/* Versions that cannot be read are judged as the newest, forbidden ones too; one that is too old as the oldest. */
static void test_odd_versions(void **state)
{
    static const struct {
        const char *body;
        int status;
        int minor;
    } rows[] = {
        {"{'major':'1','minor':'99'}", 200, PF_KUBE_MINOR_NEWEST},
        {"{'major':'1','minor':'20'}", 200, PF_KUBE_MINOR_OLDEST},
        {"{'major':'2'}", 200, PF_KUBE_MINOR_NEWEST},
        {"<html>", 200, PF_KUBE_MINOR_NEWEST},
        {FORBIDDEN, 403, PF_KUBE_MINOR_NEWEST},
        {NULL, 404, PF_KUBE_MINOR_NEWEST},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct live_bench bench;
        bench_open(&bench, rows[i].minor);
        bench_answer(&bench, "/version", rows[i].status, rows[i].body);
        bench_sync(&bench);
        assert_int_equal(atomic_load(&bench.minor), rows[i].minor);
        bench_close(&bench);
    }
}

/* The paths are those of the server's version; what is judged as follows fit.kubernetesVersion. */
static void test_kubernetes_version_is_configured(void **state)
{
    struct live_bench bench;
    (void)state;
    bench_open(&bench, 33);
    bench_start(&bench, "fit: {kubernetesVersion: '1.35'}\n");
    bench_wait(&bench, bench_is_synced(&bench));
    assert_int_equal(atomic_load(&bench.minor), 33);
    assert_int_equal(bench_count(&bench, STREAM("/apis/resource.k8s.io/v1beta2/deviceclasses")), 1);
    assert_int_equal(bench_count(&bench, "/apis/resource.k8s.io/v1/**"), 0);
    assert_int_equal(bench.config->fit.features.minor, 35);
    bench_close(&bench);
}

/* RBAC forbids a kind: the rest is judged, and what needs it is unknown and says so. Later it is granted. */
static void test_denied_kind(void **state)
{
    struct live_bench bench;
    (void)state;
    open_two_nodes(&bench);
    bench_refuse(&bench, "persistentvolumeclaims", 403, FORBIDDEN);
    bench_sync(&bench);
    assert_true(bench_kind(&bench, "persistentvolumeclaims").denied);
    assert_false(bench_kind(&bench, "persistentvolumeclaims").synced);
    assert_non_null(strstr(bench_kind(&bench, "persistentvolumeclaims").failure, "not for you"));
    assert_int_equal(bench_verdict(&bench, ASKING("1Gi")), PF_VERDICT_FITS);
    assert_int_equal(bench_verdict(&bench, POD("asking", "0", "1Gi", CLAIM("c"))),
                     PF_VERDICT_UNKNOWN);
    if (strstr(bench.said, "PersistentVolumeClaim") == NULL) {
        fail_msg("%s", bench.said);
    }
    bench_initial(&bench, "persistentvolumeclaims", "10", "");
    bench.pace_ms = 1000;
    bench_wait(&bench, bench_kind(&bench, "persistentvolumeclaims").synced);
    bench_wait(&bench, !bench_kind(&bench, "persistentvolumeclaims").denied);
    bench.pace_ms = 1;
    (void)bench_verdict(&bench, POD("asking", "0", "1Gi", CLAIM("c")));
    assert_non_null(strstr(bench.said, "persistentvolumeclaim \"c\" not found"));
    bench_close(&bench);
}

/* Without nodes nothing is judged, and the text says what to grant. */
static void test_needed_kind_is_denied(void **state)
{
    struct live_bench bench;
    struct pf_err err = {0};
    (void)state;
    open_two_nodes(&bench);
    bench_refuse(&bench, "nodes", 403, FORBIDDEN);
    bench_start(&bench, NULL);
    bench.pace_ms = 10;
    bench_wait(&bench, bench_kind(&bench, "nodes").denied);
    bench_wait(&bench, bench_kind(&bench, "pods").synced);
    assert_int_equal(pf_live_wait_synced(bench.live, 0, &err), PF_E_STATE);
    assert_non_null(strstr(err.text, "nodes are not listed yet"));
    assert_int_equal(bench_verdict(&bench, ASKING("1Gi")), PF_VERDICT_UNKNOWN);
    bench_close(&bench);
}

/* A resource that the server lacks has no objects: nothing is unknown for want of it. */
static void test_absent_kind(void **state)
{
    struct live_bench bench;
    (void)state;
    open_two_nodes(&bench);
    bench_refuse(&bench, "persistentvolumeclaims", 404, "404 page not found");
    bench_refuse(&bench, "deviceclasses", 404, NULL);
    bench_sync(&bench);
    assert_true(bench_kind(&bench, "persistentvolumeclaims").absent);
    assert_false(bench_kind(&bench, "persistentvolumeclaims").denied);
    (void)bench_verdict(&bench, POD("asking", "0", "1Gi", CLAIM("c")));
    assert_non_null(strstr(bench.said, "persistentvolumeclaim \"c\" not found"));
    bench_close(&bench);
}

/* 410: a list replaces what was known, whether a node, a pod or a namespace is gone. */
static void test_expired_watches(void **state)
{
    struct live_bench bench;
    (void)state;
    open_two_nodes(&bench);
    bench_sync(&bench);
    bench_initial(&bench, "nodes", "30", ADDED(NODE("n1", "5", "4Gi")));
    bench_initial(&bench, "pods", "30", ADDED(POD("p3", "21", "1Gi", ON("n1"))));
    bench_initial(&bench, "namespaces", "30", "");
    bench_send(&bench, "nodes", EXPIRED);
    bench_send(&bench, "pods", EXPIRED);
    bench_send(&bench, "namespaces", EXPIRED);
    bench.pace_ms = 100;
    bench_wait(&bench, bench_kind(&bench, "nodes").lists == 2);
    bench_wait(&bench, bench_kind(&bench, "pods").lists == 2);
    bench_wait(&bench, bench_kind(&bench, "namespaces").lists == 2);
    assert_int_equal(bench_stats(&bench).nodes, 1);
    assert_int_equal(bench_stats(&bench).pods, 1);
    assert_int_equal(bench_stats(&bench).namespaces, 0);
    assert_int_equal(bench_verdict(&bench, ASKING("3Gi")), PF_VERDICT_FITS);
    assert_int_equal(bench_verdict(&bench, ASKING("4Gi")), PF_VERDICT_FULL);
    bench_close(&bench);
}

/* A list that breaks off takes nothing away. */
static void test_broken_list_removes_nothing(void **state)
{
    struct live_bench bench;
    (void)state;
    open_two_nodes(&bench);
    bench_sync(&bench);
    bench_answer_end(&bench, STREAM(NODES), ADDED(N1), FAKE_API_CUT);
    bench_send(&bench, "nodes", EXPIRED);
    bench.pace_ms = 100;
    bench_wait(&bench, bench_count(&bench, STREAM(NODES)) >= 2);
    assert_int_equal(bench_stats(&bench).nodes, 2);
    assert_int_equal(bench_kind(&bench, "nodes").lists, 1);
    bench_answer(&bench, NODES "?limit=*", 200,
                 "{'kind':'NodeList','metadata':{'resourceVersion':'30'},'items':[" N2 "]}");
    bench_initial(&bench, "nodes", "30", ADDED(N2));
    bench_wait(&bench, bench_stats(&bench).nodes == 1);
    bench_close(&bench);
}

static void test_events(void **state)
{
    struct live_bench bench;
    (void)state;
    open_two_nodes(&bench);
    bench_sync(&bench);
    bench_send(&bench, "pods", DELETED(POD("p1", "11", "3Gi", ON("n1"))));
    bench_wait(&bench, bench_stats(&bench).pods == 1);
    assert_int_equal(bench_verdict(&bench, ASKING("4Gi")), PF_VERDICT_FITS);
    bench_send(&bench, "nodes", MODIFIED(NODE("n1", "12", "2Gi")));
    bench_wait(&bench, bench_verdict(&bench, ASKING("4Gi")) == PF_VERDICT_FULL);
    bench_send(&bench, "nodes", ADDED(NODE("n3", "13", "8Gi")) DELETED(NODE("n2", "14", "4Gi")));
    bench_wait(&bench, bench_kind(&bench, "nodes").events == 3);
    assert_int_equal(bench_verdict(&bench, ASKING("8Gi")), PF_VERDICT_FITS);
    assert_int_equal(bench_stats(&bench).nodes, 2);
    bench_close(&bench);
}

/* An object that cannot be read is counted; what was known of it stays, also through a list. */
static void test_unreadable_objects(void **state)
{
    static const char broken[] = "{'metadata':{'name':'n1','resourceVersion':'11'},"
                                 "'status':{'allocatable':{'memory':'much'}}}";
    struct live_bench bench;
    char events[512];
    (void)state;
    open_two_nodes(&bench);
    bench_sync(&bench);
    (void)snprintf(events, sizeof(events), MODIFIED("%s"), broken);
    bench_send(&bench, "nodes", events);
    bench_wait(&bench, bench_kind(&bench, "nodes").rejected_objects == 1);
    assert_non_null(strstr(bench_kind(&bench, "nodes").failure, "n1"));
    assert_int_equal(bench_verdict(&bench, ASKING("1Gi")), PF_VERDICT_FITS);
    (void)snprintf(events, sizeof(events), ADDED("%s"), broken);
    bench_initial(&bench, "nodes", "20", events);
    bench_send(&bench, "nodes", EXPIRED);
    bench.pace_ms = 100;
    bench_wait(&bench, bench_kind(&bench, "nodes").lists == 2);
    assert_int_equal(bench_stats(&bench).nodes, 1); /* n2 did not come, n1 is kept */
    assert_int_equal(bench_verdict(&bench, ASKING("1Gi")), PF_VERDICT_FITS);
    bench_close(&bench);
}

/* The server is gone: ready stays, verdicts become unknown when the model is too old, and come back with the server. */
static void test_lost_server(void **state)
{
    struct live_bench bench;
    (void)state;
    open_two_nodes(&bench);
    bench_sync(&bench);
    bench_advance(&bench, MINUTE_MS / 2);
    fake_api_listen(bench.api, /* on= */ false);
    assert_int_equal(bench_verdict(&bench, ASKING("1Gi")), PF_VERDICT_FITS);
    bench_advance(&bench, MINUTE_MS);
    bench_wait(&bench, bench_verdict(&bench, ASKING("1Gi")) == PF_VERDICT_UNKNOWN);
    assert_non_null(strstr(bench.said, "old"));
    assert_true(bench_is_synced(&bench));
    fake_api_listen(bench.api, /* on= */ true);
    bench_answer_end(&bench, RESUME(NODES), BOOKMARK("20"), FAKE_API_STALL);
    bench_answer_end(&bench, RESUME(PODS), BOOKMARK("20"), FAKE_API_STALL);
    bench_answer_end(&bench, RESUME("/api/v1/namespaces"), BOOKMARK("20"), FAKE_API_STALL);
    bench.pace_ms = 1;
    bench_wait(&bench, bench_verdict(&bench, ASKING("1Gi")) == PF_VERDICT_FITS);
    bench_close(&bench);
}

/* Open watches of a quiet cluster: a small question now and then keeps the model young, as long as it is answered. */
static void test_quiet_server(void **state)
{
    struct live_bench bench;
    (void)state;
    open_two_nodes(&bench);
    bench_sync(&bench);
    for (size_t i = 1; i <= 6; i++) {
        bench_advance(&bench, MINUTE_MS / 3);
        bench_wait(&bench, bench_count(&bench, "/api/v1/namespaces?limit=1") >= i);
        bench_wait(&bench, bench_verdict(&bench, ASKING("1Gi")) == PF_VERDICT_FITS);
    }
    assert_int_equal(bench_kind(&bench, "nodes").failures, 0);
    bench_answer(&bench, "/api/v1/namespaces?limit=1", 500, NULL);
    bench_advance(&bench, MINUTE_MS + MINUTE_MS / 3);
    bench_wait(&bench, bench_verdict(&bench, ASKING("1Gi")) == PF_VERDICT_UNKNOWN);
    bench_close(&bench);
}

/* A watch that is forbidden later: unknown at once where the kind is needed. */
static void test_watch_is_denied_later(void **state)
{
    struct live_bench bench;
    (void)state;
    open_two_nodes(&bench);
    bench_sync(&bench);
    bench_refuse(&bench, "persistentvolumeclaims", 403, FORBIDDEN);
    assert_int_equal(fake_api_hang_up(bench.api, CLAIMS "?**"), 1);
    bench.pace_ms = 100;
    bench_wait(&bench, bench_kind(&bench, "persistentvolumeclaims").denied);
    bench.pace_ms = 1;
    assert_int_equal(bench_verdict(&bench, POD("asking", "0", "1Gi", CLAIM("c"))),
                     PF_VERDICT_UNKNOWN);
    bench_answer_end(&bench, RESUME(CLAIMS), BOOKMARK("40"), FAKE_API_STALL);
    bench.pace_ms = 1000;
    bench_wait(&bench, !bench_kind(&bench, "persistentvolumeclaims").denied);
    (void)bench_verdict(&bench, POD("asking", "0", "1Gi", CLAIM("c")));
    assert_non_null(strstr(bench.said, "not found"));
    bench_close(&bench);
}

/* Requests that hang do not keep the thread from ending. */
static void test_stop(void **state)
{
    static const char *const hanging[] = {"/version", STREAM(NODES), "/never-asked"};
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(hanging); i++) {
        struct live_bench bench;
        open_two_nodes(&bench);
        bench_answer_end(&bench, hanging[i], NULL, FAKE_API_STALL);
        bench_start(&bench, NULL);
        bench_wait(&bench, i == 2 ? bench_is_synced(&bench) : bench_count(&bench, hanging[i]) != 0);
        const int64_t before = pf_clock_mono_ns(pf_clock_system());
        pf_live_stop(bench.live);
        pf_live_stop(bench.live);
        assert_true(pf_clock_mono_ns(pf_clock_system()) - before < INT64_C(30) * 1000000000);
        bench_close(&bench);
    }
}

/* nodes, check: one list, nothing is watched on, and the thread ends by itself. */
static void test_list_once(void **state)
{
    struct live_bench bench;
    (void)state;
    open_two_nodes(&bench);
    bench.follow = false;
    bench_sync(&bench);
    pf_live_stop(bench.live);
    bench_advance(&bench, 100 * (int64_t)MINUTE_MS); /* what was listed once does not age */
    assert_int_equal(bench_verdict(&bench, ASKING("1Gi")), PF_VERDICT_FITS);
    bench_close(&bench);
}

/* A pod that waits for another scheduler holds no room, until the configuration says that it is ours. */
static void test_reload_reads_pods_again(void **state)
{
    struct live_bench bench;
    (void)state;
    open_two_nodes(&bench);
    bench_initial(&bench, "pods", "10",
                  ADDED(P1) ADDED(P2) ADDED(POD("other", "9", "1Gi", ",'schedulerName':'mine'")));
    bench_start(&bench, NULL);
    bench_wait(&bench, bench_is_synced(&bench));
    assert_int_equal(bench_stats(&bench).pods_pending, 0);
    struct pf_config *same = bench_config("fit: {maxModelAge: 50s}\n");
    pf_live_set_config(bench.live, same);
    bench_wait(&bench, bench_verdict(&bench, ASKING("1Gi")) == PF_VERDICT_FITS);
    struct pf_config *mine = bench_config("fit: {schedulerConfig: mine.yaml}\n");
    pf_live_set_config(bench.live, mine);
    bench.pace_ms = 10;
    bench_wait(&bench, bench_stats(&bench).pods_pending == 1);
    assert_int_equal(bench_kind(&bench, "pods").failures, 0);
    bench_wait(&bench, bench_kind(&bench, "pods").lists == 2);
    struct pf_config *older = bench_config("fit: {kubernetesVersion: '1.33'}\n");
    pf_live_set_config(bench.live, older);
    bench_wait(&bench, bench_kind(&bench, "pods").lists == 3);
    bench_wait(&bench, bench_stats(&bench).pods_pending == 0);
    assert_int_equal(bench_kind(&bench, "nodes").lists, 1);
    pf_config_unref(same);
    pf_config_unref(mine);
    pf_config_unref(older);
    bench_close(&bench);
}

static void test_reports(void **state)
{
    struct live_bench bench;
    struct pf_buf text = {0};
    struct pf_writer w;
    (void)state;
    open_two_nodes(&bench);
    bench_refuse(&bench, "services", 403, FORBIDDEN);
    bench_sync(&bench);
    pf_buf_init(&text, (size_t)1024 * 1024);
    pf_live_metrics(bench.live, &text);
    assert_non_null(strstr(text.data, "podfit_watch_synced{kind=\"nodes\"} 1\n"));
    assert_non_null(strstr(text.data, "podfit_watch_denied{kind=\"services\"} 1\n"));
    assert_non_null(strstr(text.data, "podfit_api_requests_total{method=\"GET\",code=\"403\"} "));
    assert_non_null(strstr(text.data, "podfit_api_requests_total{method=\"GET\",code=\"2xx\"} "));
    assert_null(strstr(text.data, "method=\"PUT\""));
    assert_non_null(strstr(text.data, "podfit_api_received_bytes_total "));
    pf_buf_reset(&text);
    pf_write_init(&w, &text);
    pf_write_begin_object(&w);
    pf_live_stats(bench.live, &w);
    pf_write_end_object(&w);
    assert_non_null(strstr(text.data, "\"kubernetesVersion\":\"1.36\""));
    assert_non_null(strstr(text.data, "\"nodes\":{\"synced\":true,"));
    pf_buf_reset(&text);
    pf_live_detail(bench.live, &text);
    assert_non_null(strstr(text.data, "services: "));
    assert_non_null(strstr(text.data, "not for you"));
    pf_buf_done(&text);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_sync),
        cmocka_unit_test(test_version_comes_first),
        cmocka_unit_test(test_odd_versions),
        cmocka_unit_test(test_kubernetes_version_is_configured),
        cmocka_unit_test(test_denied_kind),
        cmocka_unit_test(test_needed_kind_is_denied),
        cmocka_unit_test(test_absent_kind),
        cmocka_unit_test(test_expired_watches),
        cmocka_unit_test(test_broken_list_removes_nothing),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_unreadable_objects),
        cmocka_unit_test(test_lost_server),
        cmocka_unit_test(test_quiet_server),
        cmocka_unit_test(test_watch_is_denied_later),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_list_once),
        cmocka_unit_test(test_reload_reads_pods_again),
        cmocka_unit_test(test_reports),
    };
    struct pf_err err = {0};
    if (pf_log_configure("error", /* json= */ false, &err) != PF_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

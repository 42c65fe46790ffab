/* Each allocation of the live thread fails once: the cluster is followed in the end, and nothing is wrong or lost. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FAIL_ALLOC_STORAGE _Thread_local
#include "fail_alloc.h"
#include "live_bench.h"
#include <podfit/log.h>

/* Every allocation up to here, then ever fewer of them. */
#define DENSE 48

static atomic_long chosen; /* which allocation fails */

static void arm(struct live_bench *bench)
{
    pf_live_set_config(bench->live, bench->config); /* as a server does when the version is known */
    fail_alloc_after(atomic_load(&chosen));
}

static void follow_once(long n)
{
    struct live_bench bench;
    atomic_store(&chosen, n);
    bench_open(&bench, 36);
    bench.on_thread = arm;
    bench.ungate = true;
    bench_initial(&bench, "nodes", "10",
                  ADDED(NODE("n1", "5", "4Gi")) ADDED(NODE("n2", "6", "4Gi")));
    bench_initial(&bench, "namespaces", "10", ADDED(NAMESPACE("space", "4")));
    bench_initial(&bench, "pods", "10",
                  ADDED(POD("p1", "7", "3Gi", ON("n1"))) ADDED(POD("w", "8", "1Gi", "")));
    bench.pace_ms = 20;
    bench_sync(&bench);
    bench_send(&bench, "pods", ADDED(POD("p2", "11", "4Gi", ON("n2"))));
    bench_wait(&bench, bench_stats(&bench).pods == 3);
    assert_int_equal(bench_stats(&bench).nodes, 2);
    assert_int_equal(bench_stats(&bench).pods_pending, 1);
    bench_wait(&bench,
               bench_verdict(&bench, ASKING("1Gi")) == PF_VERDICT_FULL); /* w has the place */
    bench_close(&bench);
}

static void test_following(void **state)
{
    (void)state;
    for (long n = 0; n < 600; n += n < DENSE ? 1 : 13) {
        follow_once(n);
    }
}

static void test_new(void **state)
{
    (void)state;
    struct live_bench bench;
    bench_open(&bench, 36);
    bench_sync(&bench);
    pf_live_stop(bench.live);
    const struct pf_live_options options = {.model = bench.model,
                                            .kube = &bench.kube,
                                            .clock = &bench.clock,
                                            .user_agent = "podfit-test",
                                            .ungate = true};
    enum pf_code code = PF_E_NO_MEMORY;
    long n = 0;
    while (code != PF_OK) {
        struct pf_live *live = NULL;
        struct pf_err err = {0};
        fail_alloc_after(n++);
        code = pf_live_new(&options, &live, &err);
        fail_alloc_after(-1);
        assert_true(code == PF_OK || (code == PF_E_NO_MEMORY && live == NULL));
        pf_live_free(live);
    }
    assert_true(n > 2);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_following),
    };
    struct pf_err err = {0};
    if (pf_log_configure("server=error,live=error", /* json= */ false, &err) != PF_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Each allocation of the feed fails once, for objects of every kind that come, change and go: an error, the model as it was, and no leak. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include "random_cluster.h"
#include "sink_bench.h"
#include <podfit/limits.h>
#include <podfit/log.h>

#define OBJECT_MAX ((size_t)64 * 1024)

static size_t count_of(struct sink_bench *bench, unsigned feed)
{
    const struct pf_model_stats stats = pf_model_stats(bench->live.options.model);
    switch (feed) {
    case PF_FEED_NODE:
        return stats.nodes;
    case PF_FEED_POD:
        return stats.pods;
    case PF_FEED_NAMESPACE:
        return stats.namespaces;
    default:
        return pf_model_object_count(bench->live.options.model,
                                     (enum pf_kind)(feed - PF_FEED_OBJECT));
    }
}

/* @return allocations that failed before there was memory for it */
static long apply(struct sink_bench *bench, const struct pf_live_follow *follow, struct pf_sv json)
{
    const size_t before = count_of(bench, follow->spec->feed);
    enum pf_code code = PF_E_NO_MEMORY;
    long n = 0;
    while (code != PF_OK) {
        struct pf_err err = {0};
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
        fail_alloc_after(n++);
        code = pf_feed_apply(bench->live.options.model, &follow->kind, json, &arena, &err);
        fail_alloc_after(-1);
        assert_true(code == PF_OK || code == PF_E_NO_MEMORY);
        if (code != PF_OK) {
            assert_int_equal(count_of(bench, follow->spec->feed), before);
        }
        sink_bench_check(bench);
    }
    return n - 1;
}

static void test_every_kind(void **state)
{
    struct sink_bench bench;
    struct pf_buf json = {0};
    struct random_draw draw = {.state = UINT64_C(88172645463325252)};
    char key[64];
    long failed = 0;
    (void)state;
    sink_bench_open(&bench, 1);
    pf_buf_init(&json, OBJECT_MAX);
    for (unsigned i = 0; i < 6 * (unsigned)bench.live.follow_count; i++) {
        const struct pf_live_follow *follow = &bench.live.follows[i % bench.live.follow_count];
        const struct random_object object = {.kind = follow->spec->kind,
                                             .api_version = follow->spec->api_version,
                                             .version = i + 1,
                                             .number = i / 40,
                                             .uid = i % 2};
        random_object_write(&draw, &object, /* pending= */ true, &json, key);
        failed += apply(&bench, follow, pf_buf_view(&json));
    }
    assert_true(failed > 100);
    /* what is taken away needs no memory */
    fail_alloc_after(0);
    for (size_t i = 0; i < bench.live.follow_count; i++) {
        const unsigned feed = bench.live.follows[i].spec->feed;
        pf_feed_doubt(bench.live.options.model, feed);
        (void)pf_feed_sweep(bench.live.options.model, feed);
    }
    fail_alloc_after(-1);
    for (size_t i = 0; i < bench.live.follow_count; i++) {
        assert_int_equal(count_of(&bench, bench.live.follows[i].spec->feed), 0);
    }
    sink_bench_check(&bench);
    pf_buf_done(&json);
    sink_bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),
    };
    struct pf_err err = {0};
    if (pf_log_configure("error", /* json= */ false, &err) != PF_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

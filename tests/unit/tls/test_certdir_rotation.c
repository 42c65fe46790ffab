#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "certdir_fixture.h"

/* One moment of the timeline: what was in the folder. */
struct moment {
    int64_t at_ns;
    struct pf_buf leaf;
    struct pf_buf bundle;
};

/* Clients hold bundles, servers leaves, of up to 20 hours ago; the publish delay is 24. */
#define STALE_STEPS ((size_t)5)
#define STEP_NS     (4 * HOUR_NS)
#define MOMENTS     ((size_t)300)

/* Leaves and bundles that may be in use at a moment, each with each. @return how many leaves were refused */
static size_t count_refused(const struct moment *moments, size_t now, size_t *checked)
{
    const size_t first = now >= STALE_STEPS ? now - STALE_STEPS : 0;
    size_t refused = 0;
    for (size_t leaf = first; leaf <= now; leaf++) {
        const struct pf_sv leaf_pem = pf_buf_view(&moments[leaf].leaf);
        if (leaf > first && pf_sv_eq(leaf_pem, pf_buf_view(&moments[leaf - 1].leaf))) {
            continue;
        }
        for (size_t bundle = first; bundle <= now; bundle++) {
            const struct pf_sv bundle_pem = pf_buf_view(&moments[bundle].bundle);
            if (bundle > first && pf_sv_eq(bundle_pem, pf_buf_view(&moments[bundle - 1].bundle))) {
                continue;
            }
            refused +=
                pf_cert_verify(leaf_pem, bundle_pem, HOST, moments[now].at_ns, NULL) != PF_OK;
            (*checked)++;
        }
    }
    return refused;
}

struct timeline {
    size_t switches;
    size_t drops;
    size_t refused;
    size_t checked;
    size_t largest_bundle;
};

/* CA of 30 days, leaf of 6, a renewal each four hours for 50 days. */
static void run_timeline(struct fixture *fixture, struct timeline *timeline)
{
    struct moment *moments = calloc(MOMENTS, sizeof(*moments));
    assert_non_null(moments);
    fixture->options.ca_lifetime_s = 30 * DAY_S;
    fixture->options.leaf_lifetime_s = 6 * DAY_S;
    fixture_create(fixture);
    for (size_t i = 0; i < MOMENTS; i++) {
        fixture->now_ns = START_NS + (int64_t)i * STEP_NS;
        const unsigned acts = fixture_renew(fixture);
        timeline->switches += (acts & PF_CERTPLAN_SWITCH_CA) != 0;
        timeline->drops += (acts & PF_CERTPLAN_DROP_CA) != 0;
        moments[i].at_ns = fixture->now_ns;
        fixture_read_text(fixture, "tls.crt", &moments[i].leaf);
        fixture_read_text(fixture, "ca-bundle.crt", &moments[i].bundle);
        if (moments[i].bundle.len > timeline->largest_bundle) {
            timeline->largest_bundle = moments[i].bundle.len;
        }
        timeline->refused += count_refused(moments, i, &timeline->checked);
    }
    for (size_t i = 0; i < MOMENTS; i++) {
        pf_buf_done(&moments[i].leaf);
        pf_buf_done(&moments[i].bundle);
    }
    free(moments);
}

static void test_rotation_timeline(void **state)
{
    struct fixture *fixture = *state;
    struct timeline timeline = {0};
    fixture->options.publish_delay_s = DAY_S;
    run_timeline(fixture, &timeline);
    assert_int_equal(timeline.refused, 0);
    assert_int_equal(timeline.switches, 2); /* every 21 days: 20 to publish, 1 to wait */
    assert_int_equal(timeline.drops, 2);
    assert_true(timeline.checked > MOMENTS);
    /* the old leaf ends before the next CA is published: never more than two CAs at once, of about 700 bytes each */
    assert_true(timeline.largest_bundle > 1000 && timeline.largest_bundle < 1700);
}

/* The same without waiting: the check above does find what a stale bundle refuses. */
static void test_rotation_without_delay(void **state)
{
    struct fixture *fixture = *state;
    struct timeline timeline = {0};
    fixture->options.publish_delay_s = 0;
    run_timeline(fixture, &timeline);
    assert_true(timeline.refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rotation_timeline, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_rotation_without_delay, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

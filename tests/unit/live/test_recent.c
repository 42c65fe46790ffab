#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "live_internal.h"

/** One event after those before it. */
struct event {
    const char *name;
    const char *version;
    bool late;
};

static void test_order_of_events(void **state)
{
    static const struct event events[] = {
        {"a", "10", false}, {"a", "12", false}, {"a", "11", true},   {"b", "11", false},
        {"a", "12", false}, {"a", "9", true},   {"a", "100", false}, {"a", "99", true},
        {"a", "", false},   {"a", "x1", false}, {"b", "10", true},
    };
    (void)state;
    struct pf_live_recent recent;
    pf_live_recent_clear(&recent);
    for (size_t i = 0; i < PF_ARRAY_LEN(events); i++) {
        const struct pf_meta meta = {.namespace_ = PF_SV("space"),
                                     .name = pf_sv_from(events[i].name),
                                     .resource_version = pf_sv_from(events[i].version)};
        if (pf_live_recent_is_late(&recent, &meta) != events[i].late) {
            fail_msg("event %zu: %s %s", i, events[i].name, events[i].version);
        }
    }
}

/* After a list its versions count, whatever came before: a restored etcd counts from an earlier number. */
static void test_a_list_begins_anew(void **state)
{
    (void)state;
    struct pf_live_recent recent;
    const struct pf_meta newer = {.name = PF_SV("n"), .resource_version = PF_SV("50")};
    const struct pf_meta older = {.name = PF_SV("n"), .resource_version = PF_SV("7")};
    pf_live_recent_clear(&recent);
    assert_false(pf_live_recent_is_late(&recent, &newer));
    assert_true(pf_live_recent_is_late(&recent, &older));
    pf_live_recent_clear(&recent);
    assert_false(pf_live_recent_is_late(&recent, &older));
}

/* Each kind that the model reads is followed exactly once, whatever the version. */
static void test_specs_cover_every_kind(void **state)
{
    (void)state;
    for (int minor = PF_KUBE_MINOR_OLDEST; minor <= PF_KUBE_MINOR_NEWEST; minor++) {
        const struct pf_live_spec *specs[PF_LIVE_KINDS_MAX] = {NULL};
        const size_t count = pf_live_specs(minor, specs);
        unsigned times[PF_FEED_COUNT] = {0};
        assert_int_equal(count, PF_FEED_COUNT);
        for (size_t i = 0; i < count; i++) {
            times[specs[i]->feed]++;
            assert_int_equal(times[specs[i]->feed], 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_events),
        cmocka_unit_test(test_a_list_begins_anew),
        cmocka_unit_test(test_specs_cover_every_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/recent.h>

static struct pf_recent *fresh(void)
{
    struct pf_recent *recent = NULL;
    assert_int_equal(pf_recent_new(pf_clock_system(), &recent, NULL), PF_OK);
    return recent;
}

static void put(struct pf_recent *recent, const char *name, enum pf_verdict verdict,
                enum pf_action action)
{
    struct pf_pod pod = {.meta = {.name = pf_sv_from(name)}};
    const struct pf_decision decision = {
        .covered = true,
        .action = action,
        .pod = &pod,
        .class_name = PF_SV("projects"),
        .namespace_ = PF_SV("ns"),
        .judgement = {.verdict = verdict,
                      .nodes = 7,
                      .nodes_fit = 3,
                      .request = {.milli_cpu = 50, .memory = 1000}},
        .explanation = verdict == PF_VERDICT_FITS ? PF_SV("") : PF_SV("no room"),
    };
    pf_recent_put(recent, &decision, 1500);
}

static void order_and_bound(void **state)
{
    (void)state;
    struct pf_recent *recent = fresh();
    struct pf_recent_list *list = calloc(1, sizeof(*list));
    assert_non_null(list);
    pf_recent_copy(recent, /* rejections= */ false, list);
    assert_int_equal(list->count, 0);
    char name[16];
    for (int i = 0; i < PF_RECENT_MAX + 5; i++) {
        const int len = snprintf(name, sizeof(name), "p%d", i);
        assert_true(len > 0);
        put(recent, name, i % 2 == 0 ? PF_VERDICT_FITS : PF_VERDICT_FULL,
            i % 2 == 0 ? PF_ACTION_ALLOW : PF_ACTION_REJECT);
    }
    pf_recent_copy(recent, /* rejections= */ false, list);
    assert_int_equal(list->count, PF_RECENT_MAX);
    assert_string_equal(list->entries[0].pod, "p54");
    assert_string_equal(list->entries[0].sentence, "3 of 7 nodes have room for it");
    assert_int_equal(list->entries[0].latency_us, 1);
    assert_string_equal(list->entries[PF_RECENT_MAX - 1].pod, "p5");
    pf_recent_copy(recent, /* rejections= */ true, list);
    assert_int_equal(list->count, 27);
    assert_string_equal(list->entries[0].pod, "p53");
    assert_string_equal(list->entries[0].sentence, "no room");
    free(list);
    pf_recent_free(recent);
}

static void uncovered_is_ignored(void **state)
{
    (void)state;
    struct pf_recent *recent = fresh();
    struct pf_recent_list *list = calloc(1, sizeof(*list));
    assert_non_null(list);
    const struct pf_decision decision = {.skipped = "not a pod"};
    pf_recent_put(recent, &decision, 1);
    pf_recent_copy(recent, /* rejections= */ false, list);
    assert_int_equal(list->count, 0);
    free(list);
    pf_recent_free(recent);
}

/* What is too long ends before a character that does not fit whole. */
static void long_texts(void **state)
{
    (void)state;
    struct pf_recent *recent = fresh();
    struct pf_recent_list *list = calloc(1, sizeof(*list));
    char name[400];
    assert_non_null(list);
    for (size_t i = 0; i + 2 < sizeof(name); i += 2) {
        memcpy(name + i, "\xc3\xbc", 3);
    }
    put(recent, name, PF_VERDICT_FITS, PF_ACTION_ALLOW);
    pf_recent_copy(recent, /* rejections= */ false, list);
    assert_int_equal(strlen(list->entries[0].pod), 252);
    assert_true(pf_sv_is_utf8(pf_sv_from(list->entries[0].pod)));
    free(list);
    pf_recent_free(recent);
}

static void latest_request(void **state)
{
    (void)state;
    struct pf_recent *recent = fresh();
    int64_t milli_cpu = -1;
    int64_t memory = -1;
    put(recent, "p", PF_VERDICT_UNKNOWN, PF_ACTION_ANNOTATE);
    assert_false(pf_recent_request(recent, PF_SV("projects"), &milli_cpu, &memory));
    assert_int_equal(milli_cpu, -1);
    put(recent, "p", PF_VERDICT_FULL, PF_ACTION_REJECT);
    assert_true(pf_recent_request(recent, PF_SV("projects"), &milli_cpu, &memory));
    assert_int_equal(milli_cpu, 50);
    assert_int_equal(memory, 1000);
    assert_false(pf_recent_request(recent, PF_SV("other"), &milli_cpu, &memory));
    pf_recent_free(recent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_bound),
        cmocka_unit_test(uncovered_is_ignored),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(latest_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include "outcome_internal.h"

#define MS INT64_C(1000000)

static int64_t now_ns;

static int64_t read_now(void *opaque)
{
    (void)opaque;
    return now_ns;
}

static const struct pf_clock test_clock = {.mono_ns = read_now, .wall_ns = read_now};

/** A pod with podfit's annotations; verdict NULL: without. */
static struct pf_pod make_pod(const char *verdict, struct pf_label labels[2])
{
    struct pf_pod pod = {.phase = PF_PHASE_PENDING};
    pod.meta.namespace_ = PF_SV("cocalc");
    pod.meta.name = PF_SV("project-1");
    pod.meta.uid = PF_SV("uid-1");
    labels[0] = (struct pf_label){PF_SV("podfit.io/review"), PF_SV("r")};
    labels[1] = (struct pf_label){PF_SV("podfit.io/verdict"), pf_sv_from(verdict)};
    if (verdict != NULL) {
        pod.meta.annotations = (struct pf_labels){.items = labels, .count = 2};
    }
    return pod;
}

static int setup(void **state)
{
    struct pf_outcomes *outcomes = NULL;
    now_ns = 1000 * MS;
    const int failed = pf_outcomes_new(&test_clock, NULL, &outcomes) != PF_OK;
    *state = outcomes;
    return failed;
}

static int teardown(void **state)
{
    pf_outcomes_free(*state);
    return 0;
}

static bool metrics_have(struct pf_outcomes *outcomes, const char *line)
{
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, (size_t)1024 * 1024);
    pf_outcomes_metrics(outcomes, &buf);
    return buf.data != NULL && strstr(buf.data, line) != NULL;
}

/** What podfit said, what happened after how long, and what it counts as. */
struct row {
    const char *name;
    const char *verdict;
    int64_t after_ms;
    struct pf_outcome_totals wanted;
    const char *line; /**< of the metrics */
    bool bound;
    bool unschedulable;
    bool nominated;
};

#define LINE(verdict, outcome, count) \
    "{verdict=\"" verdict "\",outcome=\"" outcome "\"} " count "\n"

static const struct row rows[] = {
    {.name = "fits, bound",
     .verdict = "fits",
     .after_ms = 10,
     .bound = true,
     .wanted = {.right = 1},
     .line = LINE("fits", "bound", "1")},
    {.name = "fits, unschedulable",
     .verdict = "fits",
     .after_ms = 10,
     .unschedulable = true,
     .wanted = {.wrong = 1},
     .line = LINE("fits", "unschedulable", "1")},
    {.name = "fits, preempts",
     .verdict = "fits",
     .after_ms = 10,
     .unschedulable = true,
     .nominated = true,
     .line = LINE("fits", "gone", "1")},
    {.name = "full, unschedulable",
     .verdict = "full",
     .after_ms = 10,
     .unschedulable = true,
     .wanted = {.right = 1},
     .line = LINE("full", "unschedulable", "1")},
    {.name = "full, bound at once",
     .verdict = "full",
     .after_ms = PF_OUTCOME_BIND_MS,
     .bound = true,
     .wanted = {.early = 1},
     .line = LINE("full", "bound", "1")},
    {.name = "full, bound later",
     .verdict = "full",
     .after_ms = PF_OUTCOME_BIND_MS + 1,
     .bound = true,
     .line = LINE("full", "bound", "1")},
    {.name = "never, bound at once",
     .verdict = "never",
     .after_ms = 1,
     .bound = true,
     .wanted = {.early = 1},
     .line = LINE("never", "bound", "1")},
    {.name = "unknown, bound",
     .verdict = "unknown",
     .after_ms = 1,
     .bound = true,
     .line = LINE("unknown", "bound", "1")},
    {.name = "gone", .verdict = "fits", .after_ms = 1, .line = LINE("fits", "gone", "1")},
    {.name = "never, unschedulable",
     .verdict = "never",
     .after_ms = 1,
     .unschedulable = true,
     .wanted = {.right = 1},
     .line = LINE("never", "unschedulable", "1")},
    {.name = "never, bound later",
     .verdict = "never",
     .after_ms = PF_OUTCOME_BIND_MS + 1,
     .bound = true,
     .line = LINE("never", "bound", "1")},
    {.name = "unknown, unschedulable",
     .verdict = "unknown",
     .after_ms = 1,
     .unschedulable = true,
     .line = LINE("unknown", "unschedulable", "1")},
    {.name = "not judged, bound",
     .verdict = "notJudged",
     .after_ms = 1,
     .bound = true,
     .line = LINE("notJudged", "bound", "1")},
    {.name = "full, preempts",
     .verdict = "full",
     .after_ms = 1,
     .unschedulable = true,
     .nominated = true,
     .line = LINE("full", "gone", "1")},
    {.name = "full, gone", .verdict = "full", .after_ms = 1, .line = LINE("full", "gone", "1")},
    {.name = "nobody's verdict",
     .verdict = "perhaps",
     .after_ms = 1,
     .bound = true,
     .line = LINE("fits", "bound", "0")},
};

static void run_row(const struct row *row)
{
    struct pf_label labels[2];
    void *state = NULL;
    assert_int_equal(setup(&state), 0);
    struct pf_outcomes *outcomes = state;
    struct pf_pod pod = make_pod(row->verdict, labels);
    pf_outcomes_pod(outcomes, &pod);
    now_ns += row->after_ms * MS;
    pod.node_name = row->bound ? PF_SV("n1") : PF_SV("");
    pod.unschedulable = row->unschedulable;
    pod.nominated_node_name = row->nominated ? PF_SV("n1") : PF_SV("");
    pf_outcomes_pod(outcomes, &pod);
    pf_outcomes_pod(outcomes, &pod); /* counts once */
    pf_outcomes_gone(outcomes, &pod);
    const struct pf_outcome_totals totals = pf_outcomes_totals(outcomes);
    if (totals.right != row->wanted.right || totals.wrong != row->wanted.wrong ||
        totals.early != row->wanted.early || !metrics_have(outcomes, row->line)) {
        fail_msg("%s", row->name);
    }
    (void)teardown(&state);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        run_row(&rows[i]);
    }
}

/* A pod that a list does not bring is gone; one that it brings stays and is not counted again. */
static void test_lists(void **state)
{
    struct pf_outcomes *outcomes = *state;
    struct pf_label labels[2];
    struct pf_pod pod = make_pod("fits", labels);
    struct pf_pod other = make_pod("fits", labels);
    other.meta.uid = PF_SV("uid-2");
    pf_outcomes_pod(outcomes, &pod);
    pf_outcomes_pod(outcomes, &other);
    pf_outcomes_replace_begin(outcomes);
    pod.node_name = PF_SV("n1");
    pf_outcomes_pod(outcomes, &pod);
    pf_outcomes_replace_end(outcomes);
    assert_int_equal(pf_outcomes_totals(outcomes).right, 1);
    assert_true(metrics_have(outcomes, LINE("fits", "gone", "1")));
    assert_true(metrics_have(outcomes, LINE("fits", "bound", "1")));
}

/* A class that only observes annotates nothing: its decision meets the pod by namespace and name, or generateName. */
static void test_observed(void **state)
{
    struct pf_outcomes *outcomes = *state;
    struct pf_label labels[2];
    struct pf_pod pod = make_pod(NULL, labels);
    pod.meta.name = PF_SV("web-abcde");
    pod.meta.generate_name = PF_SV("web-");
    struct pf_pod asked = pod;
    asked.meta.name = PF_SV("");
    const struct pf_decision decision = {
        .covered = true,
        .observed = true,
        .namespace_ = PF_SV("cocalc"),
        .pod = &asked,
        .judgement = {.verdict = PF_VERDICT_FULL, .message = PF_SV("0/1 nodes")}};
    pf_outcomes_decided(outcomes, &decision);
    pod.node_name = PF_SV("n1");
    pf_outcomes_pod(outcomes, &pod);
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, (size_t)1024 * 1024);
    struct pf_writer w;
    pf_write_init(&w, &buf);
    pf_write_begin_object(&w);
    pf_outcomes_stats(outcomes, /* details= */ true, &w);
    pf_write_end_object(&w);
    assert_non_null(buf.data);
    assert_non_null(strstr(buf.data, "\"verdict\":\"full\""));
    assert_non_null(strstr(buf.data, "\"full\":{\"bound\":1,"));
    /* whoever may not see names gets the numbers */
    pf_buf_reset(&buf);
    pf_write_init(&w, &buf);
    pf_write_begin_object(&w);
    pf_outcomes_stats(outcomes, /* details= */ false, &w);
    pf_write_end_object(&w);
    assert_non_null(strstr(buf.data, "\"full\":{\"bound\":1,"));
    assert_null(strstr(buf.data, "mispredictions"));
    assert_null(strstr(buf.data, "0/1 nodes"));
}

/* The second pod of a burst has no decision left, and a decision does not wait for ever. */
static void test_observed_is_used_once_and_expires(void **state)
{
    struct pf_outcomes *outcomes = *state;
    struct pf_label labels[2];
    struct pf_pod pod = make_pod(NULL, labels);
    const struct pf_decision decision = {.covered = true,
                                         .observed = true,
                                         .namespace_ = PF_SV("cocalc"),
                                         .pod = &pod,
                                         .judgement = {.verdict = PF_VERDICT_FITS}};
    pf_outcomes_decided(outcomes, &decision);
    pod.node_name = PF_SV("n1");
    pf_outcomes_pod(outcomes, &pod);
    pod.meta.uid = PF_SV("uid-2");
    pf_outcomes_pod(outcomes, &pod);
    assert_int_equal(pf_outcomes_totals(outcomes).right, 1);
    pf_outcomes_decided(outcomes, &decision);
    now_ns += PF_OBSERVED_TTL_MS * MS;
    pod.meta.uid = PF_SV("uid-3");
    pf_outcomes_pod(outcomes, &pod);
    assert_int_equal(pf_outcomes_totals(outcomes).right, 1);
}

/* What is seen of one pod, in order; it counts once, by what is decided first. */
struct step {
    const char *verdict;
    bool bound;
    bool unschedulable;
    bool nominated;
};

struct course {
    const char *name;
    struct step steps[4];
    size_t count;
    struct pf_outcome_totals wanted;
};

static void run_course(const struct course *course)
{
    struct pf_label labels[2];
    void *state = NULL;
    assert_int_equal(setup(&state), 0);
    struct pf_outcomes *outcomes = state;
    struct pf_pod pod = {.phase = PF_PHASE_PENDING};
    for (size_t i = 0; i < course->count; i++) {
        const struct step *step = &course->steps[i];
        pod = make_pod(step->verdict, labels);
        pod.node_name = step->bound ? PF_SV("n1") : PF_SV("");
        pod.unschedulable = step->unschedulable;
        pod.nominated_node_name = step->nominated ? PF_SV("n1") : PF_SV("");
        pf_outcomes_pod(outcomes, &pod);
        now_ns += 1000 * MS;
    }
    pf_outcomes_gone(outcomes, &pod);
    const struct pf_outcome_totals totals = pf_outcomes_totals(outcomes);
    if (totals.right != course->wanted.right || totals.wrong != course->wanted.wrong ||
        totals.early != course->wanted.early) {
        fail_msg("%s", course->name);
    }
    (void)teardown(&state);
}

static void test_courses(void **state)
{
    static const struct course courses[] = {
        {"its gate is removed, then it is bound",
         {{.verdict = "full"}, {.verdict = "fits"}, {.verdict = "fits", .bound = true}},
         3,
         {.right = 1}},
        {"its gate is removed, and there is no room after all",
         {{.verdict = "full"}, {.verdict = "fits"}, {.verdict = "fits", .unschedulable = true}},
         3,
         {.wrong = 1}},
        {"preempts, then is bound",
         {{.verdict = "fits"},
          {.verdict = "fits", .unschedulable = true, .nominated = true},
          {.verdict = "fits", .bound = true}},
         3,
         {.right = 1}},
        {"preempts in vain",
         {{.verdict = "fits", .unschedulable = true, .nominated = true},
          {.verdict = "fits", .unschedulable = true}},
         2,
         {.wrong = 1}},
        {"unschedulable first, bound when room came",
         {{.verdict = "full"},
          {.verdict = "full", .unschedulable = true},
          {.verdict = "full", .bound = true}},
         3,
         {.right = 1}},
        {"wrong once is wrong",
         {{.verdict = "fits", .unschedulable = true}, {.verdict = "fits", .bound = true}},
         2,
         {.wrong = 1}},
        {"seen for the first time when it is bound already",
         {{.verdict = "fits", .bound = true}},
         1,
         {.right = 1}},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(courses); i++) {
        run_course(&courses[i]);
    }
}

/* After a restart a list brings what was there before: what is decided already is told by the pods themselves, times by their conditions. */
static void test_restart(void **state)
{
    static const struct {
        const char *verdict;
        const char *scheduled;
        struct pf_outcome_totals wanted;
    } restarts[] = {
        {"fits", "2026-01-01T00:00:01Z", {.right = 1}},
        {"full", "2026-01-01T00:00:02Z", {.early = 1}},
        {"full", "2026-01-01T00:10:00Z", {.right = 0}},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(restarts); i++) {
        struct pf_label labels[2];
        void *fresh = NULL;
        assert_int_equal(setup(&fresh), 0);
        struct pf_pod pod = make_pod(restarts[i].verdict, labels);
        pod.node_name = PF_SV("n1");
        pod.meta.creation_timestamp = PF_SV("2026-01-01T00:00:00Z");
        pod.scheduled_since = pf_sv_from(restarts[i].scheduled);
        pf_outcomes_replace_begin(fresh);
        pf_outcomes_pod(fresh, &pod);
        pf_outcomes_replace_end(fresh);
        pf_outcomes_pod(fresh, &pod);
        const struct pf_outcome_totals totals = pf_outcomes_totals(fresh);
        assert_int_equal(totals.right, restarts[i].wanted.right);
        assert_int_equal(totals.early, restarts[i].wanted.early);
        assert_int_equal(totals.wrong, 0);
        (void)teardown(&fresh);
    }
}

#define MANY           100000U
#define MANY_MAX_BYTES ((size_t)16 * 1024 * 1024)

/* 100,000 pods at a time, all replaced twice: places are used again, and every pod is counted. */
static void test_many_pods(void **state)
{
    struct pf_outcomes *outcomes = *state;
    struct pf_label labels[2];
    char uid[32];
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < MANY; i++) {
            struct pf_pod pod = make_pod("fits", labels);
            (void)snprintf(uid, sizeof(uid), "%u-%u", round, i);
            pod.meta.uid = pf_sv_from(uid);
            pod.node_name = i % 2 == 0 ? PF_SV("n1") : PF_SV("");
            pf_outcomes_pod(outcomes, &pod);
        }
        assert_int_equal(outcomes->tracked.count, MANY);
        assert_true(outcomes->tracked.cap * sizeof(*outcomes->tracked.slots) <= MANY_MAX_BYTES);
        pf_outcomes_replace_begin(outcomes);
        pf_outcomes_replace_end(outcomes); /* an empty list: all are gone */
        assert_int_equal(outcomes->tracked.count, 0);
    }
    assert_int_equal(pf_outcomes_totals(outcomes).right, 3 * (uint64_t)MANY / 2);
    assert_int_equal(pf_outcomes_totals(outcomes).untracked, 0);
    assert_true(metrics_have(outcomes, LINE("fits", "gone", "150000")));
}

/* Decisions of classes that only observe are bounded: the oldest makes room. */
static void test_many_decisions(void **state)
{
    struct pf_outcomes *outcomes = *state;
    struct pf_label labels[2];
    char name[32];
    for (unsigned i = 0; i < MANY; i++) {
        struct pf_pod pod = make_pod(NULL, labels);
        (void)snprintf(name, sizeof(name), "p-%u", i);
        pod.meta.name = pf_sv_from(name);
        const struct pf_decision decision = {.covered = true,
                                             .observed = true,
                                             .namespace_ = PF_SV("cocalc"),
                                             .pod = &pod,
                                             .judgement = {.verdict = PF_VERDICT_FITS}};
        pf_outcomes_decided(outcomes, &decision);
    }
    assert_true(outcomes->observed.count <= PF_OUTCOME_OBSERVED_MAX);
    assert_int_equal(pf_outcomes_totals(outcomes).untracked, 0);
}

/* Each allocation fails once: the pod is not counted, and that is. */
static void test_no_memory(void **state)
{
    struct pf_outcomes *none = NULL;
    (void)state;
    for (long n = 0; n < 2; n++) {
        fail_alloc_after(n);
        assert_int_equal(pf_outcomes_new(&test_clock, NULL, &none), PF_E_NO_MEMORY);
        fail_alloc_after(-1);
        assert_null(none);
    }
    struct pf_label labels[2];
    void *fresh = NULL;
    assert_int_equal(setup(&fresh), 0);
    struct pf_pod pod = make_pod("fits", labels);
    struct pf_pod seen = make_pod(NULL, labels);
    const struct pf_decision decision = {.covered = true,
                                         .observed = true,
                                         .namespace_ = PF_SV("cocalc"),
                                         .pod = &seen,
                                         .judgement = {.verdict = PF_VERDICT_FITS}};
    (void)make_pod("fits", labels);
    fail_alloc_after(0);
    pf_outcomes_pod(fresh, &pod);
    fail_alloc_after(0);
    pf_outcomes_decided(fresh, &decision);
    fail_alloc_after(-1);
    assert_int_equal(pf_outcomes_totals(fresh).untracked, 2);
    pod.node_name = PF_SV("n1");
    pf_outcomes_pod(fresh, &pod); /* its turn comes with the next event */
    assert_int_equal(pf_outcomes_totals(fresh).right, 1);
    (void)teardown(&fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_courses),
        cmocka_unit_test(test_restart),
        cmocka_unit_test_setup_teardown(test_many_pods, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_decisions, setup, teardown),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(test_observed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_observed_is_used_once_and_expires, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

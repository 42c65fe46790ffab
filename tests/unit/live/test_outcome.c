#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/outcome.h>

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
    pf_outcomes_stats(outcomes, &w);
    pf_write_end_object(&w);
    assert_non_null(buf.data);
    assert_non_null(strstr(buf.data, "\"verdict\":\"full\""));
    assert_non_null(strstr(buf.data, "\"full\":{\"bound\":1,"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(test_observed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_observed_is_used_once_and_expires, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

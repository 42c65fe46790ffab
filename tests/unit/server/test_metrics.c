#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <podfit/metrics.h>
#include <podfit/prom.h>

static struct pf_metrics *fresh(void)
{
    struct pf_metrics *metrics = NULL;
    assert_int_equal(pf_metrics_new(&metrics, NULL), PF_OK);
    return metrics;
}

static void count(struct pf_metrics *metrics, const char *name, enum pf_verdict verdict,
                  enum pf_action action, bool observed)
{
    const struct pf_decision decision = {.covered = true,
                                         .observed = observed,
                                         .action = action,
                                         .judgement = {.verdict = verdict},
                                         .class_name = pf_sv_from(name)};
    pf_metrics_count_review(metrics, &decision, 70000);
}

/* Every line of the text, in order; histograms are long, so their buckets are compared by a prefix below. */
static void text(void **state)
{
    (void)state;
    struct pf_metrics *metrics = fresh();
    count(metrics, "projects", PF_VERDICT_FITS, PF_ACTION_ALLOW, false);
    count(metrics, "projects", PF_VERDICT_FITS, PF_ACTION_ALLOW, false);
    count(metrics, "projects", PF_VERDICT_FULL, PF_ACTION_REJECT, false);
    count(metrics, "a\"b", PF_VERDICT_NEVER, PF_ACTION_REJECT, true);
    const struct pf_decision skipped = {.skipped = "not a pod"};
    pf_metrics_count_review(metrics, &skipped, -5);
    pf_metrics_count_response(metrics, 200, 5000, 60000);
    pf_metrics_count_response(metrics, 200, 7340033, 20000000000);
    pf_metrics_count_response(metrics, 415, 0, 1);
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 65536);
    pf_metrics_write(metrics, &buf);
    static const char wanted[] =
        "# HELP podfit_reviews_total Reviews of covered pods by class, verdict and action.\n"
        "# TYPE podfit_reviews_total counter\n"
        "podfit_reviews_total{class=\"projects\",verdict=\"fits\",action=\"allow\"} 2\n"
        "podfit_reviews_total{class=\"projects\",verdict=\"full\",action=\"reject\"} 1\n"
        "# HELP podfit_reviews_observed_total Reviews of classes that only observe, by what would "
        "have been done.\n"
        "# TYPE podfit_reviews_observed_total counter\n"
        "podfit_reviews_observed_total{class=\"a\\\"b\",verdict=\"never\",action=\"reject\"} 1\n"
        "# HELP podfit_reviews_skipped_total Reviews that were allowed untouched, by reason.\n"
        "# TYPE podfit_reviews_skipped_total counter\n"
        "podfit_reviews_skipped_total{reason=\"not a pod\"} 1\n"
        "# HELP podfit_http_responses_total Answers of the webhook listener by HTTP status.\n"
        "# TYPE podfit_http_responses_total counter\n"
        "podfit_http_responses_total{code=\"200\"} 2\n"
        "podfit_http_responses_total{code=\"415\"} 1\n"
        "# HELP podfit_review_duration_seconds Time from a complete review to its decision.\n"
        "# TYPE podfit_review_duration_seconds histogram\n"
        "podfit_review_duration_seconds_bucket{le=\"0.00005\"} 1\n"
        "podfit_review_duration_seconds_bucket{le=\"0.0001\"} 5\n";
    assert_memory_equal(buf.data, wanted, sizeof(wanted) - 1);
    static const char *const parts[] = {
        "podfit_review_duration_seconds_bucket{le=\"10\"} 5\n"
        "podfit_review_duration_seconds_bucket{le=\"+Inf\"} 5\n"
        "podfit_review_duration_seconds_sum 0.000280000\n"
        "podfit_review_duration_seconds_count 5\n",
        "podfit_http_request_duration_seconds_bucket{le=\"10\"} 2\n"
        "podfit_http_request_duration_seconds_bucket{le=\"+Inf\"} 3\n"
        "podfit_http_request_duration_seconds_sum 20.000060001\n"
        "podfit_http_request_duration_seconds_count 3\n",
        "podfit_http_request_body_bytes_bucket{le=\"1024\"} 1\n",
        "podfit_http_request_body_bytes_bucket{le=\"16384\"} 2\n",
        "podfit_http_request_body_bytes_bucket{le=\"7340032\"} 2\n"
        "podfit_http_request_body_bytes_bucket{le=\"+Inf\"} 3\n"
        "podfit_http_request_body_bytes_sum 7345033\n"
        "podfit_http_request_body_bytes_count 3\n",
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(parts); i++) {
        if (strstr(buf.data, parts[i]) == NULL) {
            fail_msg("missing: %s", parts[i]);
        }
    }
    pf_metrics_free(metrics);
}

static void labels_are_bounded(void **state)
{
    (void)state;
    struct pf_metrics *metrics = fresh();
    char name[80] = "";
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof(name), "class-%d", i);
        count(metrics, name, PF_VERDICT_FITS, PF_ACTION_ALLOW, false);
    }
    memset(name, 'x', sizeof(name));
    name[70] = '\0'; /* longer than any class name can be */
    count(metrics, name, PF_VERDICT_FITS, PF_ACTION_ALLOW, false);
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, (size_t)1024 * 1024);
    pf_metrics_write(metrics, &buf);
    size_t lines = 0;
    for (const char *at = buf.data; (at = strstr(at, "podfit_reviews_total{")) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, PF_METRICS_CLASSES_MAX + 1);
    assert_non_null(strstr(buf.data, "{class=\"other\",verdict=\"fits\",action=\"allow\"} 937\n"));
    assert_null(strstr(buf.data, "xxxx"));
    pf_metrics_free(metrics);
}

static void a_long_name_first(void **state)
{
    (void)state;
    struct pf_metrics *metrics = fresh();
    char name[65];
    memset(name, 'x', sizeof(name));
    name[64] = '\0'; /* one over */
    count(metrics, name, PF_VERDICT_FITS, PF_ACTION_ALLOW, false);
    name[63] = '\0'; /* at the limit */
    count(metrics, name, PF_VERDICT_FITS, PF_ACTION_ALLOW, false);
    count(metrics, "other", PF_VERDICT_FITS, PF_ACTION_ALLOW, false);
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 65536);
    pf_metrics_write(metrics, &buf);
    assert_non_null(strstr(buf.data, "{class=\"other\",verdict=\"fits\",action=\"allow\"} 2\n"));
    assert_non_null(strstr(buf.data, name));
    pf_metrics_free(metrics);
}

static void totals(void **state)
{
    (void)state;
    struct pf_metrics *metrics = fresh();
    count(metrics, "a", PF_VERDICT_FITS, PF_ACTION_ALLOW, false);
    count(metrics, "b", PF_VERDICT_FULL, PF_ACTION_GATE, false);
    count(metrics, "b", PF_VERDICT_FULL, PF_ACTION_REJECT, true);
    const struct pf_decision skipped = {.skipped = NULL};
    pf_metrics_count_review(metrics, &skipped, 1);
    const struct pf_metrics_totals sum = pf_metrics_totals(metrics);
    assert_int_equal(sum.reviews, 4);
    assert_int_equal(sum.covered, 3);
    assert_int_equal(sum.observed, 1);
    assert_int_equal(sum.actions[PF_ACTION_ALLOW], 1);
    assert_int_equal(sum.actions[PF_ACTION_GATE], 1);
    assert_int_equal(sum.actions[PF_ACTION_REJECT], 0);
    pf_metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text),
        cmocka_unit_test(labels_are_bounded),
        cmocka_unit_test(a_long_name_first),
        cmocka_unit_test(totals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "outcome_internal.h"

/* From the 5 ms of an idle scheduler to the minutes of a new node. */
static const int64_t bind_limits[] = {
    INT64_C(5000000),     INT64_C(10000000),    INT64_C(25000000),    INT64_C(50000000),
    INT64_C(100000000),   INT64_C(250000000),   INT64_C(500000000),   INT64_C(1000000000),
    INT64_C(2500000000),  INT64_C(5000000000),  INT64_C(10000000000), INT64_C(30000000000),
    INT64_C(60000000000), INT64_C(300000000000)};
static const char *const bind_texts[] = {"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5",
                                         "1",     "2.5",  "5",     "10",   "30",  "60",   "300"};
_Static_assert(PF_ARRAY_LEN(bind_limits) == PF_ARRAY_LEN(bind_texts), "one text a limit");

const struct pf_histogram_bounds pf_outcome_bind_bounds = {
    .name = "podfit_pod_bind_seconds",
    .help = "Time from the creation of an admitted pod to its binding.",
    .bounds = bind_limits,
    .texts = bind_texts,
    .count = PF_ARRAY_LEN(bind_limits),
    .nano = true,
};

void pf_outcomes_metrics(struct pf_outcomes *outcomes, struct pf_buf *buf)
{
    static const char outcomes_name[] = "podfit_prediction_outcomes_total";
    static const char results_name[] = "podfit_predictions_total";
    (void)pthread_mutex_lock(&outcomes->lock);
    const struct pf_outcome_totals totals = outcomes->totals;
    pf_prom_family(buf, outcomes_name, PF_PROM_COUNTER,
                   "Admitted pods by what podfit said and what became of them.");
    for (size_t i = 0; i < PF_OUTCOME_VERDICTS; i++) {
        for (size_t j = 0; j < PF_OUTCOME_COUNT; j++) {
            const struct pf_prom_label labels[] = {
                {"verdict", pf_sv_from(pf_verdict_name((enum pf_verdict)i))},
                {"outcome", pf_sv_from(pf_outcome_name((enum pf_outcome)j))}};
            pf_prom_sample(buf, outcomes_name, labels, 2, outcomes->counts[i][j]);
        }
    }
    (void)pthread_mutex_unlock(&outcomes->lock);
    pf_prom_family(buf, results_name, PF_PROM_COUNTER,
                   "Predictions that the cluster confirmed or not; early: a misfit that was bound "
                   "at once, room may have come free.");
    const struct pf_prom_label right = {"result", PF_SV("right")};
    const struct pf_prom_label wrong = {"result", PF_SV("wrong")};
    const struct pf_prom_label early = {"result", PF_SV("early")};
    pf_prom_sample(buf, results_name, &right, 1, totals.right);
    pf_prom_sample(buf, results_name, &wrong, 1, totals.wrong);
    pf_prom_sample(buf, results_name, &early, 1, totals.early);
    pf_prom_single(buf, "podfit_prediction_untracked_total", PF_PROM_COUNTER,
                   "Admitted pods that could not be tracked for want of memory.", totals.untracked);
    pf_histogram_write(&outcomes->bind, &pf_outcome_bind_bounds, buf);
}

static void put_miss(struct pf_writer *w, const struct pf_outcome_miss *miss)
{
    char time[PF_TIME_TEXT_BYTES];
    pf_clock_format(miss->wall_ns, time);
    pf_write_begin_object(w);
    pf_write_string_member(w, "time", pf_sv_from(time));
    pf_write_string_member(w, "pod", pf_sv_from(miss->pod));
    pf_write_string_member(w, "class", pf_sv_from(miss->class_name));
    pf_write_bool_member(w, "observed", miss->observed);
    pf_write_bool_member(w, "early", miss->early);
    pf_write_string_member(w, "verdict", pf_sv_from(pf_verdict_name(miss->verdict)));
    pf_write_string_member(w, "outcome", pf_sv_from(pf_outcome_name(miss->outcome)));
    pf_write_string_member(w, "said", pf_sv_from(miss->said));
    pf_write_string_member(w, "happened", pf_sv_from(miss->happened));
    pf_write_end_object(w);
}

static void put_counts(struct pf_writer *w, const struct pf_outcomes *outcomes)
{
    pf_write_key(w, PF_SV("outcomes"));
    pf_write_begin_object(w);
    for (size_t i = 0; i < PF_OUTCOME_VERDICTS; i++) {
        pf_write_key(w, pf_sv_from(pf_verdict_name((enum pf_verdict)i)));
        pf_write_begin_object(w);
        for (size_t j = 0; j < PF_OUTCOME_COUNT; j++) {
            pf_write_u64_member(w, pf_outcome_name((enum pf_outcome)j), outcomes->counts[i][j]);
        }
        pf_write_end_object(w);
    }
    pf_write_end_object(w);
}

static void put_misses(struct pf_writer *w, const struct pf_outcomes *outcomes)
{
    pf_write_key(w, PF_SV("mispredictions"));
    pf_write_begin_array(w);
    for (uint64_t i = 0; i < PF_OUTCOME_KEPT && i < outcomes->missed_count; i++) {
        put_miss(w, &outcomes->missed[(outcomes->missed_count - 1 - i) % PF_OUTCOME_KEPT]);
    }
    pf_write_end_array(w);
}

void pf_outcomes_stats(struct pf_outcomes *outcomes, bool details, struct pf_writer *w)
{
    (void)pthread_mutex_lock(&outcomes->lock);
    const struct pf_outcome_totals *totals = &outcomes->totals;
    const uint64_t judged = totals->right + totals->wrong + totals->early;
    pf_write_key(w, PF_SV("predictions"));
    pf_write_begin_object(w);
    pf_write_u64_member(w, "right", totals->right);
    pf_write_u64_member(w, "wrong", totals->wrong);
    pf_write_u64_member(w, "early", totals->early);
    pf_write_u64_member(w, "untracked", totals->untracked);
    pf_write_key(w, PF_SV("accuracy"));
    if (judged != 0) {
        /* six digits, so that one mistake in 100,000 is not rounded away */
        pf_buf_printf(w->buf, "%.6f", (double)totals->right / (double)judged);
        w->comma = true;
    } else {
        pf_write_put_null(w);
    }
    put_counts(w, outcomes);
    if (details) {
        put_misses(w, outcomes);
    }
    pf_write_end_object(w);
    (void)pthread_mutex_unlock(&outcomes->lock);
}

#ifndef PODFIT_OUTCOME_H
#define PODFIT_OUTCOME_H

/**
 * podfit checks itself: what became of every pod that it admitted. The watch shows whether the pod was bound and how soon, or got PodScheduled=False with
 * kube-scheduler's sentence. A pod's own annotations (podfit.io/verdict, podfit.io/reason) say what podfit had said, so nothing is remembered twice and a restart forgets nothing.
 *
 * Right: `fits` then bound; `full` or `never` (admitted by annotate or observe) then PodScheduled=False. Wrong: `fits` then PodScheduled=False; `full` or `never` then bound
 * within PF_OUTCOME_BIND_MS of its creation although nothing else changed is counted apart (room may have come free). Each pod counts once.
 */

#include <stdint.h>

#include <podfit/audit.h>
#include <podfit/buf.h>
#include <podfit/clock.h>
#include <podfit/pod.h>

/** What was observed. */
enum pf_outcome {
    PF_OUTCOME_BOUND,         /**< bound to a node */
    PF_OUTCOME_UNSCHEDULABLE, /**< PodScheduled=False, reason Unschedulable */
    PF_OUTCOME_GONE,          /**< deleted before either */
    PF_OUTCOME_COUNT,
};
/** `bound`, `unschedulable`, `gone`. Static. */
const char *pf_outcome_name(enum pf_outcome outcome);

/** Mispredictions that are kept for /stats. */
#define PF_OUTCOME_KEPT 100

struct pf_outcomes;
/** @return PF_OK or PF_E_NO_MEMORY. @param audit may be NULL */
enum pf_code pf_outcomes_new(const struct pf_clock *clock, struct pf_audit *audit,
                             struct pf_outcomes **ret_outcomes) PF_MUST_CHECK;
void pf_outcomes_free(struct pf_outcomes *outcomes);

/** A pod of the watch, as it is now. Pods without podfit's annotations are ignored. One thread (the watch's). */
void pf_outcomes_pod(struct pf_outcomes *outcomes, const struct pf_pod *pod);
/** A pod is gone. */
void pf_outcomes_gone(struct pf_outcomes *outcomes, const struct pf_pod *pod);

/** Prometheus families `podfit_prediction_outcomes_total{verdict,outcome}` and `podfit_pod_bind_seconds` (histogram). Thread-safe. */
void pf_outcomes_metrics(struct pf_outcomes *outcomes, struct pf_buf *buf);
/** The member `predictions` of /stats: counts, accuracy, the kept mispredictions with both sentences. Thread-safe. */
void pf_outcomes_stats(struct pf_outcomes *outcomes, struct pf_buf *buf);

#endif

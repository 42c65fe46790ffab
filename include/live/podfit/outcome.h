#ifndef PODFIT_OUTCOME_H
#define PODFIT_OUTCOME_H

/**
 * podfit checks itself: what became of every pod that it admitted. The watch shows whether the pod was bound and how soon, or got PodScheduled=False with
 * kube-scheduler's sentence. A pod's own annotations (podfit.io/verdict, podfit.io/reason) say what podfit had said, so nothing is remembered twice and a restart forgets
 * nothing. Pods of classes that only observe carry no annotation: for them the decision itself is kept for a moment (pf_outcomes_observed()).
 *
 * Right: `fits` then bound; `full` or `never` (admitted by annotate or observe) then PodScheduled=False. Wrong: `fits` then PodScheduled=False, unless kube-scheduler
 * preempts for it (status.nominatedNodeName). Early: `full` or `never` then bound within PF_OUTCOME_BIND_MS of its creation; room may have come free in between, so these
 * are told apart. Bound later than that: room came, neither right nor wrong. Each pod counts once.
 */

#include <stdint.h>

#include <podfit/admission.h>
#include <podfit/audit.h>
#include <podfit/buf.h>
#include <podfit/clock.h>
#include <podfit/pod.h>
#include <podfit/write.h>

/** What was observed. */
enum pf_outcome {
    PF_OUTCOME_BOUND,         /**< bound to a node */
    PF_OUTCOME_UNSCHEDULABLE, /**< PodScheduled=False, reason Unschedulable */
    PF_OUTCOME_GONE,          /**< deleted before either */
    PF_OUTCOME_COUNT,         /**< how many there are */
};
/** `bound`, `unschedulable`, `gone`. Static. */
const char *pf_outcome_name(enum pf_outcome outcome);

/** Mispredictions that are kept for /stats. */
#define PF_OUTCOME_KEPT 100
/** A pod that does not fit and is bound this soon was probably judged wrongly; the scheduler takes milliseconds, a pod that ends and leaves its room some seconds. */
#define PF_OUTCOME_BIND_MS 5000

struct pf_outcomes;
/** @param audit  mispredictions are written here; may be NULL; borrowed as the clock @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_outcomes_new(const struct pf_clock *clock, struct pf_audit *audit,
                             struct pf_outcomes **ret_outcomes) PF_MUST_CHECK;
/** NULL is ignored. */
void pf_outcomes_free(struct pf_outcomes *outcomes);

/* All below are thread-safe. No memory means that a pod is not counted (podfit_prediction_untracked_total). */

/** A pod of the watch, as it is now. Pods about which podfit said nothing are ignored. */
void pf_outcomes_pod(struct pf_outcomes *outcomes, const struct pf_pod *pod);
/** A pod is gone; its last known content. */
void pf_outcomes_gone(struct pf_outcomes *outcomes, const struct pf_pod *pod);
/** A complete list of pods begins and ends: pods that did not come in between are gone. */
void pf_outcomes_replace_begin(struct pf_outcomes *outcomes);
void pf_outcomes_replace_end(struct pf_outcomes *outcomes);

/** A review was answered: decisions of classes that only observe are kept until their pod appears (PF_OBSERVED_TTL_MS at most), all others are ignored. */
void pf_outcomes_decided(struct pf_outcomes *outcomes, const struct pf_decision *decision);
/** The API server refuses or stores a pod within its own timeout of 30 s. */
#define PF_OBSERVED_TTL_MS INT64_C(60000)

/** What was counted. */
struct pf_outcome_totals {
    uint64_t right;
    uint64_t wrong;
    uint64_t early;
    uint64_t untracked; /**< pods that could not be kept for want of memory */
};
struct pf_outcome_totals pf_outcomes_totals(struct pf_outcomes *outcomes);

/** Prometheus families `podfit_prediction_outcomes_total{verdict,outcome}`, `podfit_predictions_total{result}` and `podfit_pod_bind_seconds` (histogram). */
void pf_outcomes_metrics(struct pf_outcomes *outcomes, struct pf_buf *buf);
/** The member `predictions` of /stats: counts, accuracy and, with @p details, the kept mispredictions with pod and both sentences, newest first. */
void pf_outcomes_stats(struct pf_outcomes *outcomes, bool details, struct pf_writer *w);

#endif

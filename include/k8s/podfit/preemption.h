#ifndef PODFIT_PREEMPTION_H
#define PODFIT_PREEMPTION_H

/** PriorityClass and PodDisruptionBudget: what decides who may evict whom (scheduler-fit section 9). */

#include <podfit/pod.h>

/** scheduling.k8s.io PriorityClass. */
struct pf_priority_class {
    struct pf_sv name;
    int32_t value;
    bool global_default;
    bool never; /**< preemptionPolicy: Never */
};

/** policy PodDisruptionBudget. */
struct pf_budget {
    struct pf_sv namespace_;
    struct pf_sv name;
    struct pf_label_selector selector; /**< absent or empty: no pod */
    struct pf_sv *disrupted;           /**< keys of status.disruptedPods, in list order */
    size_t disrupted_count;
    int32_t allowed; /**< status.disruptionsAllowed */
    bool invalid;    /**< the selector cannot be parsed: no pod */
};

/** Decode a PriorityClass. Contract as pf_pod_decode(). */
enum pf_code pf_priority_class_decode(struct pf_sv bytes, struct pf_arena *arena,
                                      struct pf_priority_class *ret_class,
                                      struct pf_err *err) PF_MUST_CHECK;
/** Decode a PodDisruptionBudget. Contract as pf_pod_decode(). */
enum pf_code pf_budget_decode(struct pf_sv bytes, struct pf_arena *arena,
                              struct pf_budget *ret_budget, struct pf_err *err) PF_MUST_CHECK;

#endif

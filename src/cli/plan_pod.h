#ifndef PODFIT_PLAN_POD_H
#define PODFIT_PLAN_POD_H

/** The project of a plan: a pod as the webhook would rewrite it, and what the scheduler would see if it asked for its expected use or for its limits. */

#include "plan_spec.h"
#include <podfit/arena.h>
#include <podfit/buf.h>
#include <podfit/class.h>
#include <podfit/rewrite.h>

/** What a pod without a template is made of. */
struct pf_plan_pod_wish {
    const struct pf_class *
        class_; /**< gives namespace, labels, container name, toleration and node selector of the pool */
    bool member;                     /**< labels of the class's members */
    struct pf_plan_amounts requests; /**< that its container carries before the rewrite */
    struct pf_plan_amounts limits;
};
/** Append a Pod that the class covers. @param arena  for the call only @return PF_OK or the buffer's failure */
enum pf_code pf_plan_pod_write(const struct pf_plan_pod_wish *wish, struct pf_arena *arena,
                               struct pf_buf *buf, struct pf_err *err) PF_MUST_CHECK;

/** How a pod is counted. */
enum pf_plan_basis {
    PF_PLAN_REQUESTS,    /**< as the webhook would hand it to the scheduler */
    PF_PLAN_USAGE,       /**< as if it asked for what it is expected to use */
    PF_PLAN_LIMITS,      /**< as if it asked for its limits */
    PF_PLAN_BASIS_COUNT, /**< how many there are */
};
/** `requests`, `usage`, `limits`. Static. */
const char *pf_plan_pod_basis_name(enum pf_plan_basis basis);

/** A pod that can be judged, and whether each of its containers has a limit. */
struct pf_plan_pod {
    struct pf_pod *pods
        [PF_PLAN_BASIS_COUNT]; /**< defaulted; in the arena; usage is NULL when it is not known */
    bool cpu_limited;
    bool memory_limited;
};

/** What pods are made from. */
struct pf_plan_pod_source {
    struct pf_sv json;
    struct pf_sv namespace_;       /**< when the pod names none */
    const struct pf_class *class_; /**< the rules; NULL: the pod is taken as it is */
    const struct pf_plan_amounts *usage;
    const struct pf_kube_features *features;
};

/**
 * Rewrite the pod with the class (pf_rewrite_pod(), as in a review) and derive the other two from it.
 *
 * @param arena  takes the result
 * @return PF_OK; PF_E_INVALID (not a pod, or one with a request over its limit), PF_E_UNSUPPORTED (a pod that is not rewritten: its defect), PF_E_TOO_BIG, PF_E_NO_MEMORY
 */
enum pf_code pf_plan_pod_make(const struct pf_plan_pod_source *source, struct pf_arena *arena,
                              struct pf_plan_pod *ret_pod, struct pf_err *err) PF_MUST_CHECK;

#endif

#ifndef PODFIT_DECIDE_H
#define PODFIT_DECIDE_H

/** Inside admission: one pod through class, rewrite, verdict and reservation. */

#include <podfit/admission.h>

/** Configuration with the fit engine built from it; one review uses one of them from beginning to end. */
struct pf_decide_rules {
    struct pf_config *config;
    struct pf_fit *fit;
    struct pf_model *model;
};

/** What is known about the request beside the pod. */
struct pf_decide_input {
    const struct pf_admission_request *request;
    struct pf_sv pod_json;
    struct pf_pod
        *pod;    /**< decoded already and given away to the decision; NULL: pod_json is decoded */
    bool resize; /**< pods/resize: resources change on a running pod, nothing is placed */
    const struct pf_pod *
        as_it_is; /**< set by pf_decide_pod() for a class that observes: the pod before the rewrite, defaulted; NULL: no room is held */
};

/** Contract of pf_admission_judge_pod(). */
enum pf_code pf_decide_pod(const struct pf_decide_rules *rules, const struct pf_decide_input *input,
                           struct pf_arena *arena, struct pf_decision *ret_decision,
                           struct pf_err *err) PF_MUST_CHECK;

/** A copy whose resource lists may be defaulted while the original keeps what stood in the document. @return NULL: no memory */
struct pf_pod *pf_decide_copy_pod(const struct pf_pod *pod, struct pf_arena *arena) PF_MUST_CHECK;

/**
 * Do to a manifest what the API server's RuntimeClass plug-in would have done before a webhook: see pf_runtime_class_apply(). A pod with an overhead has been
 * through that plug-in and is left alone, as one that is placed.
 *
 * @param[out] ret_why  untouched unless the class cannot be applied: a sentence in @p arena, the pod's fit is unknown then
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_decide_runtime_class(struct pf_model *model, struct pf_pod *pod,
                                     struct pf_arena *arena, const char **ret_why) PF_MUST_CHECK;

/**
 * Judge the rewritten pod and hold room for it: one critical section of the model.
 *
 * @param pod  rewritten and defaulted
 * @param request  of the pod
 * @param[in,out] decision  class and rewrite are set; judgement, action, origin and review_uid (the key of the reservation) are filled in
 */
enum pf_code pf_judge_and_reserve(const struct pf_decide_rules *rules,
                                  const struct pf_decide_input *input,
                                  const struct pf_class *class_, struct pf_arena *arena,
                                  struct pf_decision *decision, struct pf_err *err) PF_MUST_CHECK;

/** The verdict `unknown` for a pod whose numbers podfit does not hold: nothing is judged, no room is held. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_judge_unknown(const struct pf_decide_rules *rules,
                              const struct pf_decide_input *input, const struct pf_class *class_,
                              const char *why, struct pf_arena *arena,
                              struct pf_decision *decision) PF_MUST_CHECK;

/** Drop the reservation that this decision made: its answer will not be given. Takes the model's lock. */
void pf_judge_give_back(struct pf_model *model, struct pf_decision *decision);

/**
 * The sentence a user gets when the pod does not fit: kube-scheduler's message, the requests before and after the rewrite, what binds. Equal for equal
 * causes, so that Events aggregate.
 */
enum pf_code pf_explanation_write(const struct pf_decide_rules *rules,
                                  const struct pf_decision *decision, struct pf_arena *arena,
                                  struct pf_sv *ret_text, struct pf_err *err) PF_MUST_CHECK;

/** Append the AdmissionReview v1 response for a decision. @param uid of the review, echoed */
void pf_response_write(struct pf_buf *buf, struct pf_sv uid, const struct pf_decision *decision);

#endif

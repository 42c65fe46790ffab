#ifndef PODFIT_FIT_MESSAGE_H
#define PODFIT_FIT_MESSAGE_H

/** Texts of outcomes: reasons, their tally, kube-scheduler's sentence (scheduler-fit section 8). Inside of the fit module. */

#include "outcomes.h"

/** Reasons of one result, in the filter's order. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_message_reasons(const struct pf_filter_input *input, const struct pf_result *result,
                                struct pf_arena *arena, struct pf_sv **ret_reasons,
                                size_t *ret_count) PF_MUST_CHECK;

/** Fill message, reasons and reason_count of a pod that does not fit; judgement->nodes is read. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_message_compose(const struct pf_filter_input *input,
                                const struct pf_outcomes *outcomes, struct pf_arena *arena,
                                struct pf_judgement *judgement) PF_MUST_CHECK;

/** Why eviction of pods does not help, node by node. */
struct pf_message_preemption {
    const struct pf_outcomes
        *vain;            /**< nodes on which the pod does not fit without its victims either */
    uint32_t no_victims;  /**< nodes without a pod of lower priority */
    uint32_t not_helpful; /**< nodes that no eviction can change */
    uint32_t nodes;
};

/** What PostFilter adds to the message, such as `no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.` */
enum pf_code pf_message_preemption(const struct pf_filter_input *input,
                                   const struct pf_message_preemption *found,
                                   struct pf_arena *arena, struct pf_sv *ret_text) PF_MUST_CHECK;
/**
 * Does PostFilter end in an error? After a PreFilter that rejected the pod, DynamicResources does not find its own state, and DefaultPreemption is never asked.
 *
 * @param[out] ret_text  of the error, static; untouched when it does not
 */
bool pf_message_fails(const struct pf_filter_input *input, struct pf_sv *ret_text);
/** The same for a pod that evicts nobody, `preemption: not eligible due to WHY.` @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_message_ineligible(const struct pf_filter_input *input, const char *why,
                                   struct pf_arena *arena, struct pf_sv *ret_text) PF_MUST_CHECK;

#endif

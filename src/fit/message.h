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

#endif

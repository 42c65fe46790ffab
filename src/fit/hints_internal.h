#ifndef PODFIT_HINTS_INTERNAL_H
#define PODFIT_HINTS_INTERNAL_H

/** The steps of pf_fit_hints(). Inside of the fit module; under the model's lock. */

#include "engine.h"
#include <podfit/hints.h>

/** One search for hints. */
struct pf_hints_search {
    struct pf_fit *fit;
    const struct pf_pod *pod;
    const struct pf_request *request; /**< of the pod */
    struct pf_arena *arena;           /**< of the caller, for what is kept */
    struct pf_arena trial;            /**< of one trial, reset before each */
    struct pf_fit_hints *hints;
};

/** Judge a changed pod node by node. @param answer  zeroed; pf_answer_done() also on failure */
enum pf_code pf_hints_try(struct pf_hints_search *search, const struct pf_pod *pod,
                          struct pf_answer *answer) PF_MUST_CHECK;
/** Does @p id of an answer's node stand for one that fits? */
static inline bool pf_hints_fits(const struct pf_answer *answer, uint32_t slot)
{
    return answer->input.columns->shape[slot] != PF_SHAPE_NONE &&
           answer->outcomes->items[answer->scan.ids[slot]].result.filter == PF_FILTER_COUNT;
}

/** The one toleration or label (hints_rules.c). @param own  of the pod itself */
enum pf_code pf_hints_rules_find(struct pf_hints_search *search,
                                 const struct pf_answer *own) PF_MUST_CHECK;
/** How many pods like it would have to leave (hints_leaving.c). @param answer  of the pod itself */
enum pf_code pf_hints_leaving_find(struct pf_hints_search *search,
                                   const struct pf_answer *answer) PF_MUST_CHECK;

#endif

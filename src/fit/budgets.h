#ifndef PODFIT_FIT_BUDGETS_H
#define PODFIT_FIT_BUDGETS_H

/** PodDisruptionBudgets while victims of one node are chosen. Inside of the fit module; under the model's lock. */

#include <podfit/residents.h>
#include <podfit/volumes.h>

/** What is left of a budget. */
struct pf_budget_left {
    const struct pf_budget *budget; /**< borrowed from the model */
    int64_t allowed;
};

struct pf_budgets {
    struct pf_budget_left *items; /**< owned; those that a pod was taken from */
    size_t count;
    size_t cap;
};

/** Free. Accepts a zeroed struct, which is also one to begin with. */
void pf_budgets_done(struct pf_budgets *budgets);
/** Every budget is whole again. */
void pf_budgets_reset(struct pf_budgets *budgets);

/**
 * Take one pod from all budgets that cover it. Source: defaultpreemption filterPodsWithPDBViolation().
 *
 * @param[out] ret_violates  is one of them overdrawn by it?
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_budgets_take(struct pf_budgets *budgets, const struct pf_model *model,
                             const struct pf_resident *pod, bool *ret_violates) PF_MUST_CHECK;

#endif

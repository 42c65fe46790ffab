#ifndef PODFIT_PLAN_WHATIF_H
#define PODFIT_PLAN_WHATIF_H

/** `--what-if KEY=VALUE`: one input of a plan, changed. */

#include "plan_calc.h"

/** What a change may refer to. */
struct pf_plan_whatif_base {
    size_t nodes;     /**< of the cluster as it came */
    bool equal_nodes; /**< they are all of one --node: `count` means something */
};

/**
 * Change settings. Keys: those of default_quotas and of the percent fields that the class has; pods, node-cpu, node-memory, count, add; projects, users,
 * users-per-pod, projects-per-user, users-per-hub; usage-cpu, usage-memory; volume; cpu-hour, memory-gb-hour, gb-month.
 *
 * @param text  `KEY=VALUE`
 * @param[in,out] settings  untouched on failure
 * @return PF_OK; PF_E_INVALID, PF_E_RANGE (says what is allowed); PF_E_NO_MEMORY
 */
enum pf_code pf_plan_whatif_apply(struct pf_sv text, const struct pf_plan_whatif_base *base,
                                  struct pf_plan_settings *settings,
                                  struct pf_err *err) PF_MUST_CHECK;

#endif

#ifndef PODFIT_FIT_DRY_RUN_H
#define PODFIT_FIT_DRY_RUN_H

/**
 * One node judged as if pods had come to it and gone from it: nominated pods and victims of preemption (scheduler-fit section 9). Inside of the fit module;
 * under the model's lock. Sources: framework/runtime/framework.go RunFilterPluginsWithNominatedPods, AddPod and RemovePod of the plug-ins.
 */

#include "topology.h"
#include <podfit/residents.h>

struct pf_dry_run {
    struct pf_trial trial;
    struct pf_topology_change *changes; /**< owned; one a group */
    size_t change_count;
    size_t change_cap;
    bool unread; /**< no topology filter will ask: changes are not noted */
};

/** Free. Accepts a zeroed struct, which is also one to begin with. */
void pf_dry_run_done(struct pf_dry_run *run);

/**
 * Begin with the node as it is.
 *
 * @param by_topology  false: pf_dry_run_judge() will be given no topology until the next start
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_dry_run_start(struct pf_dry_run *run, const struct pf_model *model, uint32_t slot,
                              bool by_topology) PF_MUST_CHECK;
/** A pod comes. @return PF_OK or PF_E_NO_MEMORY (start again) */
enum pf_code pf_dry_run_add(struct pf_dry_run *run, const struct pf_resident *pod) PF_MUST_CHECK;
/** A pod leaves. @return PF_OK or PF_E_NO_MEMORY (start again) */
enum pf_code pf_dry_run_sub(struct pf_dry_run *run, const struct pf_resident *pod) PF_MUST_CHECK;

/** Does a pod nominated to some node count for the question's pod: is it as important at least, and another one? */
bool pf_dry_run_is_rival(const struct pf_filter_input *input, const struct pf_resident *pod);
/** Begin with the node as it is and the nominated pods that count. @param[out] ret_any  is there one? @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_dry_run_nominated(struct pf_dry_run *run, const struct pf_filter_input *input,
                                  uint32_t slot, bool *ret_any) PF_MUST_CHECK;

/**
 * Run all filters on the node as the dry run has it, with the nominated pods that count and without them.
 *
 * @param topology  finished; NULL when no topology filter has a say
 * @param[out] ret_result  of the first failure; filter is PF_FILTER_COUNT when the pod fits both times
 * @return PF_OK, PF_E_NO_MEMORY, or PF_E_NOT_FOUND (that depends on labels of namespaces, and no Namespace is known)
 */
enum pf_code pf_dry_run_judge(struct pf_dry_run *run, const struct pf_filter_input *input,
                              const struct pf_topology *topology, uint32_t slot,
                              struct pf_result *ret_result) PF_MUST_CHECK;

/** Have the filters by topology a say on a node with this result of the others? */
static inline bool pf_dry_run_is_open(const struct pf_result *result)
{
    return pf_filter_is_behind_topology(result->filter) || result->first_turn;
}

/**
 * pf_topology_check() with the nominated pods that count, and without them.
 *
 * @param first_turn  pf_result.first_turn: only with them
 * @return as pf_dry_run_judge()
 */
enum pf_code pf_dry_run_topology(const struct pf_topology *topology,
                                 const struct pf_filter_input *input, uint32_t slot,
                                 bool first_turn, enum pf_topology_fault *ret_fault) PF_MUST_CHECK;

#endif

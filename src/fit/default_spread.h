#ifndef PODFIT_FIT_DEFAULT_SPREAD_H
#define PODFIT_FIT_DEFAULT_SPREAD_H

/**
 * The constraints that kube-scheduler spreads pods by that have none of their own: over hosts and zones, among the pods that their Services and their controller
 * select. Inside of the fit module; under the model's lock. Source: podtopologyspread/plugin.go and common.go, plugins/helper/spread.go.
 */

#include <podfit/filter.h>
#include <podfit/volumes.h>

/**
 * A kind that tells what selects the pod, and that the model does not know. Only a constraint that filters needs it: without the kind a score is a guess.
 *
 * @return false: none
 */
bool pf_default_spread_lacks(const struct pf_model *model, const struct pf_pod *pod,
                             enum pf_kind *ret_kind);

/**
 * Give a pod without constraints those of PodTopologySpreadArgs, where something selects it.
 *
 * @param[in,out] pod  replaced by a copy in the arena, which borrows from it and from the model
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_default_spread_add(const struct pf_model *model,
                                   const struct pf_fit_profile *profile, struct pf_arena *arena,
                                   const struct pf_pod **pod) PF_MUST_CHECK;

/** Is there a Service or a controller that selects by something? */
bool pf_default_spread_applies(const struct pf_model *model, const struct pf_pod *pod);

/**
 * The system's constraints.
 *
 * @param[out] ret_spreads  in the arena, marked DoNotSchedule; none when nothing selects the pod
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_default_spread_build(const struct pf_model *model, const struct pf_pod *pod,
                                     struct pf_arena *arena, struct pf_spread **ret_spreads,
                                     size_t *ret_count) PF_MUST_CHECK;

#endif

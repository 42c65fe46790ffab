#ifndef PODFIT_FIT_DEFAULT_SPREAD_H
#define PODFIT_FIT_DEFAULT_SPREAD_H

/**
 * The constraints that kube-scheduler spreads pods by that have none of their own: over hosts and zones, among the pods that their Services and their controller
 * select. Inside of the fit module; under the model's lock. Source: podtopologyspread/plugin.go and common.go, plugins/helper/spread.go.
 */

#include <podfit/filter.h>

/** Is there a Service or a controller that selects by something? */
bool pf_default_spread_applies(const struct pf_model *model, const struct pf_pod *pod);

/**
 * @param[out] ret_spreads  in the arena, marked DoNotSchedule; none when nothing selects the pod
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_default_spread_build(const struct pf_model *model, const struct pf_pod *pod,
                                     struct pf_arena *arena, struct pf_spread **ret_spreads,
                                     size_t *ret_count) PF_MUST_CHECK;

#endif

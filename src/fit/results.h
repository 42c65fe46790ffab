#ifndef PODFIT_FIT_RESULTS_H
#define PODFIT_FIT_RESULTS_H

/** The result of each node, of a scan or of what is remembered. Inside of the fit module; under the model's lock. */

#include "outcomes.h"
#include "topology.h"

/** Borrowed. */
struct pf_results {
    const struct pf_outcomes *outcomes;
    const uint32_t *ids; /**< by slot: final outcomes; NULL: remembered ones */
    const uint16_t
        *node_outcome; /**< by slot: remembered outcome + 1 before the topology filters */
};

/** Is the result of each node known? */
static inline bool pf_results_known(const struct pf_results *results)
{
    return results->ids != NULL || results->node_outcome != NULL;
}

/**
 * Result of a slot with a Node, topology filters included.
 *
 * @param topology  finished; NULL when no topology filter has a say
 * @return PF_OK, PF_E_NO_MEMORY or PF_E_NOT_FOUND as pf_dry_run_topology()
 */
enum pf_code pf_results_find(const struct pf_results *results, const struct pf_filter_input *input,
                             const struct pf_topology *topology, uint32_t slot,
                             struct pf_result *ret_result) PF_MUST_CHECK;

#endif

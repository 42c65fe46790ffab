#ifndef PODFIT_FIT_SETTLE_H
#define PODFIT_FIT_SETTLE_H

/** From what the filters before the topology filters say of every node to the final outcomes. Inside of the fit module. */

#include "best.h"
#include "outcomes.h"
#include "topology.h"

struct pf_settle {
    const struct pf_outcomes *before;    /**< outcomes without the topology filters */
    const uint16_t *node_outcome;        /**< by slot: outcome id + 1, 0 = no Node */
    uint32_t slots;                      /**< of the model */
    const struct pf_best *best;          /**< scores of nodes that pass the others */
    const struct pf_topology *topology;  /**< finished */
    const struct pf_filter_input *input; /**< with the question itself */
};

/**
 * One pass over the nodes that no earlier filter excludes.
 *
 * @param[in,out] after  emptied and filled
 * @param[out] ret_best  slot with the highest score, the lowest of equals; PF_NODE_NONE
 * @return PF_OK, PF_E_NO_MEMORY, or PF_E_NOT_FOUND as pf_dry_run_topology()
 */
enum pf_code pf_settle_run(const struct pf_settle *settle, struct pf_outcomes *after,
                           uint32_t *ret_best) PF_MUST_CHECK;

#endif

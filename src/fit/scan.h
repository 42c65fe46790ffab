#ifndef PODFIT_FIT_SCAN_H
#define PODFIT_FIT_SCAN_H

/** Ask every node, remembering nothing. Inside of the fit module; under the model's lock. */

#include "outcomes.h"
#include "topology.h"

struct pf_scan {
    struct pf_outcomes outcomes; /**< owned: pf_outcomes_done() */
    struct pf_topology
        topology;  /**< owned: pf_topology_done(); zeroed when the question has no plan */
    uint32_t best; /**< slot with the highest score, the lowest of equals; PF_NODE_NONE */
    uint8_t
        *values; /**< in the arena, by slot: pf_score_plain() + 1, or 0 when the pod does not fit */
    uint32_t
        *ids; /**< in the arena: outcome id of each slot that has a Node; NULL when not wanted */
};

/**
 * @param model      the same as input->model; the index of node names may be rebuilt
 * @param input      with a resolved question
 * @param want_ids   false: a narrowed question looks at its own nodes only
 * @param[out] ret_scan  untouched on failure
 * @return PF_OK, PF_E_NO_MEMORY, or PF_E_NOT_FOUND (a nominated pod's terms need labels of namespaces, and no Namespace is known)
 */
enum pf_code pf_scan_run(struct pf_model *model, const struct pf_filter_input *input, bool want_ids,
                         struct pf_arena *arena, struct pf_scan *ret_scan) PF_MUST_CHECK;

#endif

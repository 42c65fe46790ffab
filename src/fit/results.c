#include "results.h"

#include "dry_run.h"

enum pf_code pf_results_find(const struct pf_results *results, const struct pf_filter_input *input,
                             const struct pf_topology *topology, uint32_t slot,
                             struct pf_result *ret_result)
{
    const uint32_t id =
        results->ids != NULL ? results->ids[slot] : results->node_outcome[slot] - 1U;
    struct pf_result result = results->outcomes->items[id].result;
    if (results->ids == NULL && topology != NULL && pf_dry_run_is_open(&result)) {
        enum pf_topology_fault fault = PF_TOPOLOGY_PASSES;
        const enum pf_code code =
            pf_dry_run_topology(topology, input, slot, result.first_turn, &fault);
        if (code != PF_OK) {
            return code;
        }
        if (fault != PF_TOPOLOGY_PASSES) {
            pf_topology_blame(fault, &result);
        }
    }
    *ret_result = result;
    return PF_OK;
}

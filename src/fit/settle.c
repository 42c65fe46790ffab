#include "settle.h"

#include "dry_run.h"
#include <podfit/mem.h>

/* Nodes that a topology filter excludes, by fault and by whether they could take the pod. */
struct excluded {
    uint32_t nodes[PF_TOPOLOGY_FAULTS][2];
};

struct pass {
    struct excluded excluded;
    uint32_t *moved; /* by outcome id: nodes that are excluded now */
    uint8_t highest;
    uint32_t best;
};

static enum pf_code visit_open(const struct pf_settle *settle, uint32_t slot, uint32_t id,
                               struct pass *pass)
{
    enum pf_topology_fault fault = PF_TOPOLOGY_PASSES;
    const struct pf_result *result = &settle->before->items[id].result;
    const enum pf_code code =
        pf_dry_run_topology(settle->topology, settle->input, slot, result->first_turn, &fault);
    if (fault != PF_TOPOLOGY_PASSES) {
        const bool could =
            result->could &&
            pf_topology_could(settle->topology, settle->input->question->active, slot);
        pass->excluded.nodes[fault][could ? 1 : 0]++;
        pass->moved[id]++;
        return code;
    }
    const uint8_t score = pf_best_value(settle->best, slot);
    if (result->filter == PF_FILTER_COUNT && score > pass->highest) {
        pass->highest = score;
        pass->best = slot;
    }
    return code;
}

static enum pf_code fill(const struct pf_settle *settle, const struct pass *pass,
                         struct pf_outcomes *after)
{
    uint32_t id = 0;
    enum pf_code code = PF_OK;
    for (uint32_t i = 0; i < settle->before->count && code == PF_OK; i++) {
        const struct pf_outcome *outcome = &settle->before->items[i];
        if (outcome->nodes != pass->moved[i]) {
            code = pf_outcomes_add(after, &outcome->result, outcome->nodes - pass->moved[i], &id);
        }
    }
    for (unsigned i = 0; i < PF_TOPOLOGY_FAULTS * 2 && code == PF_OK; i++) {
        const uint32_t nodes = pass->excluded.nodes[i / 2][i % 2];
        struct pf_result result = {.could = i % 2 != 0};
        pf_topology_blame((enum pf_topology_fault)(i / 2), &result);
        if (nodes != 0) {
            code = pf_outcomes_add(after, &result, nodes, &id);
        }
    }
    return code;
}

enum pf_code pf_settle_run(const struct pf_settle *settle, struct pf_outcomes *after,
                           uint32_t *ret_best)
{
    pf_autofree uint32_t *moved = pf_mem_calloc(settle->before->count, sizeof(*moved));
    if (moved == NULL) {
        return PF_E_NO_MEMORY;
    }
    struct pass pass = {.moved = moved, .best = PF_NODE_NONE};
    enum pf_code code = PF_OK;
    for (uint32_t slot = 0; slot < settle->slots && code == PF_OK; slot++) {
        const uint16_t outcome = settle->node_outcome[slot];
        if (outcome != 0 && pf_dry_run_is_open(&settle->before->items[outcome - 1].result)) {
            code = visit_open(settle, slot, outcome - 1U, &pass);
        }
    }
    pf_outcomes_reset(after);
    code = code == PF_OK ? fill(settle, &pass, after) : code;
    if (code == PF_OK) {
        *ret_best = pass.best;
    }
    return code;
}

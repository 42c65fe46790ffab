#include "score.h"

#include <podfit/limits.h>

/* Weights: apis/config/v1/default_plugins.go. */
static const struct pf_scorer *const scorers[PF_SCORE_COUNT] = {
    [PF_SCORE_TAINT_TOLERATION] = &pf_taint_toleration_scorer,
    [PF_SCORE_NODE_AFFINITY] = &pf_node_affinity_scorer,
    [PF_SCORE_POD_TOPOLOGY_SPREAD] = &pf_pod_topology_spread_scorer,
    [PF_SCORE_INTER_POD_AFFINITY] = &pf_inter_pod_affinity_scorer,
    [PF_SCORE_NODE_RESOURCES_FIT] = &pf_node_resources_fit_scorer,
    [PF_SCORE_BALANCED_ALLOCATION] = &pf_node_resources_balanced_allocation_scorer,
    [PF_SCORE_IMAGE_LOCALITY] = &pf_image_locality_scorer,
};

const struct pf_fit_profile *pf_score_profile(const struct pf_filter_input *input)
{
    static const struct pf_fit_profile usual = {.strategy = PF_FIT_LEAST_ALLOCATED,
                                                .hard_pod_affinity_weight = 1};
    return input->profile != NULL ? input->profile : &usual;
}

const struct pf_scorer *pf_score_get(enum pf_score_id id)
{
    return scorers[id];
}

uint8_t pf_score_plain(const struct pf_filter_input *input, uint32_t slot)
{
    const int64_t least = pf_node_resources_fit_score(input, slot);
    const int64_t balanced = pf_node_resources_balanced_allocation_score(input, slot);
    return (uint8_t)(least * pf_node_resources_fit_scorer.weight +
                     balanced * pf_node_resources_balanced_allocation_scorer.weight);
}

void pf_score_normalize(int64_t *scores, uint32_t count, bool reverse)
{
    int64_t highest = 0;
    for (uint32_t i = 0; i < count; i++) {
        highest = scores[i] > highest ? scores[i] : highest;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (highest != 0) {
            scores[i] = PF_SCORE_MAX * scores[i] / highest;
        }
        if (reverse) {
            scores[i] = PF_SCORE_MAX - scores[i];
        }
    }
}

bool pf_score_is_too_much(const struct pf_filter_input *input, uint64_t entries)
{
    return entries > PF_FIT_WORK_FREE && entries * input->columns->nodes > PF_FIT_WORK_MAX;
}

#include "score.h"

#include <podfit/limits.h>

static const struct pf_scorer *const scorers[PF_SCORE_COUNT] = {
    [PF_SCORE_TAINT_TOLERATION] = &pf_taint_toleration_scorer,
    [PF_SCORE_NODE_AFFINITY] = &pf_node_affinity_scorer,
    [PF_SCORE_POD_TOPOLOGY_SPREAD] = &pf_pod_topology_spread_scorer,
    [PF_SCORE_INTER_POD_AFFINITY] = &pf_inter_pod_affinity_scorer,
    [PF_SCORE_NODE_RESOURCES_FIT] = &pf_node_resources_fit_scorer,
    [PF_SCORE_BALANCED_ALLOCATION] = &pf_node_resources_balanced_allocation_scorer,
    [PF_SCORE_IMAGE_LOCALITY] = &pf_image_locality_scorer,
};

static const struct pf_fit_resource default_resources[] = {
    {.name = PF_SV_INIT("cpu"), .weight = 1, .kind = PF_FIT_RESOURCE_CPU},
    {.name = PF_SV_INIT("memory"), .weight = 1, .kind = PF_FIT_RESOURCE_MEMORY},
};

static const struct pf_fit_scores default_scores = {
    .weights = {[PF_SCORE_TAINT_TOLERATION] = 3,
                [PF_SCORE_NODE_AFFINITY] = 2,
                [PF_SCORE_POD_TOPOLOGY_SPREAD] = 2,
                [PF_SCORE_INTER_POD_AFFINITY] = 2,
                [PF_SCORE_NODE_RESOURCES_FIT] = 1,
                [PF_SCORE_BALANCED_ALLOCATION] = 1,
                [PF_SCORE_IMAGE_LOCALITY] = 1},
    .strategy = PF_FIT_LEAST_ALLOCATED,
    .resources = {.items = default_resources, .count = PF_ARRAY_LEN(default_resources)},
    .balanced = {.items = default_resources, .count = PF_ARRAY_LEN(default_resources)},
    .hard_pod_affinity_weight = 1,
};

const struct pf_fit_scores *pf_fit_scores_default(void)
{
    return &default_scores;
}

const char *pf_fit_score_name(enum pf_score_id id)
{
    return (unsigned)id < PF_SCORE_COUNT ? scorers[id]->name : NULL;
}

const struct pf_fit_scores *pf_score_settings(const struct pf_filter_input *input)
{
    return input->profile != NULL && input->profile->scores != NULL ? input->profile->scores
                                                                    : &default_scores;
}

const struct pf_scorer *pf_score_get(enum pf_score_id id)
{
    return scorers[id];
}

const char *pf_score_failure(const struct pf_filter_input *input)
{
    const struct pf_fit_scores *settings = pf_score_settings(input);
    if (settings->broken != 0) {
        return "a plug-in is on at score and off at preScore, and kube-scheduler fails for lack of "
               "it";
    }
    for (unsigned i = 0; i < PF_SCORE_COUNT; i++) {
        const bool runs = settings->weights[i] != 0 || (settings->only_prepared >> i & 1) != 0;
        const char *why = runs && scorers[i]->failure != NULL ? scorers[i]->failure(input) : NULL;
        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

static bool is_valid(int64_t score)
{
    return score >= 0 && score <= PF_SCORE_MAX;
}

int64_t pf_score_sum(const struct pf_filter_input *input, uint32_t slot, bool *ret_valid)
{
    const int64_t *weights = pf_score_settings(input)->weights;
    const int64_t fit_weight = weights[PF_SCORE_NODE_RESOURCES_FIT];
    const int64_t balanced_weight = weights[PF_SCORE_BALANCED_ALLOCATION];
    const int64_t fit = fit_weight != 0 ? pf_node_resources_fit_score(input, slot) : 0;
    const int64_t balanced =
        balanced_weight != 0 ? pf_node_resources_balanced_allocation_score(input, slot) : 0;
    *ret_valid = is_valid(fit) && is_valid(balanced);
    return *ret_valid ? fit_weight * fit + balanced_weight * balanced : 0;
}

/* The most that pf_score_sum() can be: weights are below 2^31. */
static int64_t highest_sum(const struct pf_filter_input *input)
{
    const int64_t *weights = pf_score_settings(input)->weights;
    return PF_SCORE_MAX *
           (weights[PF_SCORE_NODE_RESOURCES_FIT] + weights[PF_SCORE_BALANCED_ALLOCATION]);
}

bool pf_score_is_coarse(const struct pf_filter_input *input)
{
    return highest_sum(input) > PF_SCORE_PLAIN_MAX;
}

uint8_t pf_score_plain(const struct pf_filter_input *input, uint32_t slot, bool *ret_valid)
{
    const int64_t sum = pf_score_sum(input, slot, ret_valid);
    const int64_t highest = highest_sum(input);
    return (uint8_t)(highest > PF_SCORE_PLAIN_MAX ? sum * PF_SCORE_PLAIN_MAX / highest : sum);
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

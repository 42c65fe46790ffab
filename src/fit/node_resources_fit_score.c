#include <math.h>

#include "go_int.h"
#include "score.h"

/* Source: pkg/scheduler/framework/plugins/noderesources/{least_allocated,most_allocated,requested_to_capacity_ratio}.go, helper/shape_score.go. */

/* A point's score is 0 to 10 in the file. */
#define SCORE_PER_POINT (PF_SCORE_MAX / 10)

/* Go's integers wrap, which nodes with some 92 PB of memory or more come to feel. @param whole  not 0 */
static int64_t percent(int64_t part, int64_t whole)
{
    return pf_go_int_div(pf_go_int_mul(part, PF_SCORE_MAX), whole);
}

/* BuildBrokenLinearFunction(); integer division cuts off, as in Go. */
static int64_t score_by_shape(const struct pf_fit_scores *scores, int64_t utilization)
{
    const struct pf_fit_point *shape = scores->shape;
    for (size_t i = 0; i < scores->shape_count; i++) {
        if (utilization > shape[i].utilization) {
            continue;
        }
        if (i == 0) {
            return shape[0].score * SCORE_PER_POINT;
        }
        const int64_t rise = (shape[i].score - shape[i - 1].score) * SCORE_PER_POINT;
        return shape[i - 1].score * SCORE_PER_POINT +
               rise * (utilization - shape[i - 1].utilization) /
                   (shape[i].utilization - shape[i - 1].utilization);
    }
    return scores->shape_count != 0 ? shape[scores->shape_count - 1].score * SCORE_PER_POINT : 0;
}

/* Sums of nodes and pods may have wrapped, so that `requested` is any number. */
static int64_t score_one(const struct pf_fit_scores *scores, struct pf_score_share share)
{
    const int64_t requested = pf_go_int_add(share.used, share.wanted);
    const bool over = requested > share.allocatable;
    switch (scores->strategy) {
    case PF_FIT_MOST_ALLOCATED:
        return percent(over ? share.allocatable : requested, share.allocatable);
    case PF_FIT_REQUESTED_TO_CAPACITY_RATIO:
        return score_by_shape(scores, over ? 100 : percent(requested, share.allocatable));
    case PF_FIT_LEAST_ALLOCATED:
    default:
        return over ? 0 : percent(pf_go_int_sub(share.allocatable, requested), share.allocatable);
    }
}

int64_t pf_node_resources_fit_score(const struct pf_filter_input *input, uint32_t slot)
{
    const struct pf_fit_scores *scores = pf_score_settings(input);
    const bool by_shape = scores->strategy == PF_FIT_REQUESTED_TO_CAPACITY_RATIO;
    int64_t sum = 0;
    int64_t weights = 0;
    for (size_t i = 0; i < scores->resources.count; i++) {
        const struct pf_fit_resource *resource = &scores->resources.items[i];
        const struct pf_score_share share =
            pf_score_share_of(input, slot, resource, /* nonzero= */ true);
        const int64_t score = share.allocatable != 0 ? score_one(scores, share) : 0;
        /* a resource that scores 0 by the shape does not weigh */
        const bool weighs = by_shape ? score > 0 : share.allocatable != 0;
        sum = weighs ? pf_go_int_add(sum, pf_go_int_mul(score, resource->weight)) : sum;
        weights += weighs ? resource->weight : 0;
    }
    if (weights == 0) {
        return 0;
    }
    return by_shape ? pf_go_int_of(round((double)sum / (double)weights)) : sum / weights;
}

static enum pf_code run(const struct pf_score_input *in, int64_t *scores, bool *ret_skipped)
{
    for (uint32_t i = 0; i < in->count; i++) {
        scores[i] = pf_node_resources_fit_score(in->input, in->slots[i]);
    }
    *ret_skipped = false;
    return PF_OK;
}

const struct pf_scorer pf_node_resources_fit_scorer = {
    .name = "NodeResourcesFit",
    .run = run,
};

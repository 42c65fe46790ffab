#include "score.h"
#include <podfit/num.h>

/* Source: pkg/scheduler/framework/plugins/noderesources/least_allocated.go, most_allocated.go and resource_allocation.go. */

/* @param part  up to @p whole, which is over 0 */
static int64_t percent(int64_t part, int64_t whole)
{
    return part <= INT64_MAX / PF_SCORE_MAX ? part * PF_SCORE_MAX / whole
                                            : (int64_t)((pf_i128)part * PF_SCORE_MAX / whole);
}

/* allocatable is over 0 */
static int64_t score_one(bool most, int64_t allocatable, int64_t used, int64_t wanted)
{
    int64_t requested = 0;
    const bool absurd = __builtin_add_overflow(used, wanted, &requested) || requested < 0;
    if (absurd || requested > allocatable) {
        return most && !absurd ? PF_SCORE_MAX : 0;
    }
    return percent(most ? requested : allocatable - requested, allocatable);
}

int64_t pf_node_resources_fit_score(const struct pf_filter_input *input, uint32_t slot)
{
    const struct pf_columns *columns = input->columns;
    const struct pf_request *request = &input->question->request;
    const bool most = pf_score_profile(input)->strategy == PF_FIT_MOST_ALLOCATED;
    int64_t sum = 0;
    int64_t weights = 0;
    if (columns->allocatable_milli_cpu[slot] > 0) {
        sum += score_one(most, columns->allocatable_milli_cpu[slot],
                         columns->used_nonzero_milli_cpu[slot], request->nonzero_milli_cpu);
        weights++;
    }
    if (columns->allocatable_memory[slot] > 0) {
        sum += score_one(most, columns->allocatable_memory[slot],
                         columns->used_nonzero_memory[slot], request->nonzero_memory);
        weights++;
    }
    return weights != 0 ? sum / weights : 0;
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
    .weight = 1,
    .run = run,
};

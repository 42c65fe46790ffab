#include "evaluate.h"
#include <podfit/num.h>

#define SCORE_MAX 100

/* leastRequestedScore of pkg/scheduler/framework/plugins/noderesources/least_allocated.go; allocatable is over 0. */
static int64_t least_requested(int64_t allocatable, int64_t used, int64_t wanted)
{
    int64_t requested = 0;
    if (__builtin_add_overflow(used, wanted, &requested) || requested > allocatable ||
        requested < 0) {
        return 0;
    }
    const int64_t left = allocatable - requested;
    if (left <= INT64_MAX / SCORE_MAX) {
        return left * SCORE_MAX / allocatable;
    }
    return (int64_t)((pf_i128)left * SCORE_MAX / allocatable);
}

uint8_t pf_score_node(const struct pf_filter_input *input, uint32_t slot)
{
    const struct pf_columns *columns = input->columns;
    const struct pf_request *request = &input->question->request;
    int64_t sum = 0;
    int64_t weights = 0;
    if (columns->allocatable_milli_cpu[slot] > 0) {
        sum += least_requested(columns->allocatable_milli_cpu[slot],
                               columns->used_nonzero_milli_cpu[slot], request->nonzero_milli_cpu);
        weights++;
    }
    if (columns->allocatable_memory[slot] > 0) {
        sum += least_requested(columns->allocatable_memory[slot],
                               columns->used_nonzero_memory[slot], request->nonzero_memory);
        weights++;
    }
    return weights != 0 ? (uint8_t)(sum / weights) : 0;
}

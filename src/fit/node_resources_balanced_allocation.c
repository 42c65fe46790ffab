#include <math.h>

#include "room.h"
#include "score.h"

/* Source: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go. */

/* From this minor on the score tells how the pod changes the balance. */
#define FIRST_MINOR_BY_CHANGE 36

static bool skips(const struct pf_request *request)
{
    return request->milli_cpu == 0 && request->memory == 0;
}

static double fraction_of(struct pf_room room, int64_t wanted)
{
    const int64_t requested = (int64_t)((uint64_t)room.used + (uint64_t)wanted);
    const double fraction = (double)requested / (double)room.allocatable;
    return fraction > 1 ? 1 : fraction;
}

/* How even cpu and memory are used, from 0 to 100; a resource that the node does not have is left out, and one alone is even. */
static int64_t balance(struct pf_room cpu, struct pf_room memory, int64_t milli_cpu, int64_t bytes)
{
    if (cpu.allocatable == 0 || memory.allocatable == 0) {
        return PF_SCORE_MAX;
    }
    const double spread = fabs((fraction_of(cpu, milli_cpu) - fraction_of(memory, bytes)) / 2);
    /* negative sums of absurd nodes make it more than 1 */
    return spread < 1 ? (int64_t)((1 - spread) * PF_SCORE_MAX) : 0;
}

int64_t pf_node_resources_balanced_allocation_score(const struct pf_filter_input *input,
                                                    uint32_t slot)
{
    const struct pf_request *request = &input->question->request;
    if (skips(request)) {
        return 0;
    }
    const struct pf_room cpu = pf_room_cpu(input->columns, slot);
    const struct pf_room memory = pf_room_memory(input->columns, slot);
    const int64_t with = balance(cpu, memory, request->milli_cpu, request->memory);
    if (input->options->features.minor < FIRST_MINOR_BY_CHANGE) {
        return with;
    }
    const int64_t half = PF_SCORE_MAX / 2;
    const int64_t score = half + (half + with - balance(cpu, memory, 0, 0)) / 2;
    return score > PF_SCORE_MAX ? PF_SCORE_MAX : score;
}

static enum pf_code run(const struct pf_score_input *in, int64_t *scores, bool *ret_skipped)
{
    *ret_skipped = skips(&in->input->question->request);
    for (uint32_t i = 0; i < in->count; i++) {
        scores[i] = pf_node_resources_balanced_allocation_score(in->input, in->slots[i]);
    }
    return PF_OK;
}

const struct pf_scorer pf_node_resources_balanced_allocation_scorer = {
    .name = "NodeResourcesBalancedAllocation",
    .weight = 1,
    .run = run,
};

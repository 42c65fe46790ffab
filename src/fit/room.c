#include "room.h"

#include "dry_run.h"

struct pf_room pf_room_scalar(const struct pf_filter_input *input, uint32_t slot, size_t index)
{
    const struct pf_node_extra *extra = pf_filter_extra(input, slot);
    const uint32_t id = input->question->scalar_ids[index];
    size_t low = 0;
    size_t high = extra != NULL && id != PF_INTERN_NONE ? extra->scalar_count : 0;
    const size_t end = high;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (extra->scalars[middle].name < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == end || extra->scalars[low].name != id) {
        return (struct pf_room){0};
    }
    return (struct pf_room){.allocatable = extra->scalars[low].allocatable,
                            .used = extra->scalars[low].used};
}

static void count(struct pf_room_slots *slots, size_t constraint, uint64_t fit)
{
    slots->by[constraint] = fit;
    slots->slots = fit < slots->slots ? fit : slots->slots;
}

static void count_amount(struct pf_room_slots *slots, size_t constraint, struct pf_room room,
                         int64_t wanted)
{
    if (wanted > 0) {
        const int64_t free_amount = pf_room_free(room);
        count(slots, constraint, free_amount > 0 ? (uint64_t)(free_amount / wanted) : 0);
    }
}

void pf_room_count(const struct pf_filter_input *input, uint32_t slot,
                   struct pf_room_slots *ret_slots)
{
    const struct pf_question *question = input->question;
    const struct pf_request *request = &question->request;
    struct pf_room_slots slots = {.slots = UINT64_MAX};
    for (size_t i = 0; i < PF_ARRAY_LEN(slots.by); i++) {
        slots.by[i] = UINT64_MAX;
    }
    if ((question->active & 1U << PF_FILTER_NODE_RESOURCES_FIT) != 0) {
        count_amount(&slots, PF_SHORT_PODS, pf_room_pods(input, slot), 1);
        count_amount(&slots, PF_SHORT_CPU, pf_room_cpu(input, slot), request->milli_cpu);
        count_amount(&slots, PF_SHORT_MEMORY, pf_room_memory(input, slot), request->memory);
        count_amount(&slots, PF_SHORT_EPHEMERAL_STORAGE, pf_room_ephemeral_storage(input, slot),
                     request->ephemeral_storage);
        for (size_t i = 0; i < request->scalar_count; i++) {
            if (!question->scalar_ignored[i]) {
                count_amount(&slots, PF_SHORT_SCALARS + i, pf_room_scalar(input, slot, i),
                             request->scalars[i].amount);
            }
        }
    }
    if ((question->active & 1U << PF_FILTER_NODE_PORTS) != 0) {
        count(&slots, PF_ROOM_PORTS, 1);
    }
    *ret_slots = slots;
}

bool pf_room_count_nominated(const struct pf_filter_input *input, uint32_t slot,
                             struct pf_room_slots *ret_slots)
{
    struct pf_filter_input changed = *input;
    bool any = false;
    if (pf_model_nominated(input->model, slot) != 0) {
        if (pf_dry_run_nominated(input->dry_run, input, slot, &any) != PF_OK) {
            return false;
        }
        changed.used = &input->dry_run->trial.used;
    }
    pf_room_count(&changed, slot, ret_slots);
    return true;
}

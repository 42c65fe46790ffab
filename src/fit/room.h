#ifndef PODFIT_FIT_ROOM_H
#define PODFIT_FIT_ROOM_H

/** What a node has of one resource and what is taken of it (scheduler-fit section 6). Inside of the fit module. */

#include <podfit/filter.h>

struct pf_room {
    int64_t allocatable;
    int64_t used;
};

/** allocatable - used as Go computes it: wrapping (allocatable of absurd nodes wraps already when it is read, scheduler-fit 4.3). */
static inline int64_t pf_room_free(struct pf_room room)
{
    return (int64_t)((uint64_t)room.allocatable - (uint64_t)room.used);
}

static inline struct pf_room pf_room_cpu(const struct pf_filter_input *input, uint32_t slot)
{
    return (struct pf_room){.allocatable = input->columns->allocatable_milli_cpu[slot],
                            .used = input->used != NULL ? input->used->milli_cpu
                                                        : input->columns->used_milli_cpu[slot]};
}

static inline struct pf_room pf_room_memory(const struct pf_filter_input *input, uint32_t slot)
{
    return (struct pf_room){.allocatable = input->columns->allocatable_memory[slot],
                            .used = input->used != NULL ? input->used->memory
                                                        : input->columns->used_memory[slot]};
}

static inline struct pf_room pf_room_ephemeral_storage(const struct pf_filter_input *input,
                                                       uint32_t slot)
{
    return (struct pf_room){.allocatable = input->columns->allocatable_ephemeral_storage[slot],
                            .used = input->used != NULL
                                        ? input->used->ephemeral_storage
                                        : input->columns->used_ephemeral_storage[slot]};
}

static inline struct pf_room pf_room_pods(const struct pf_filter_input *input, uint32_t slot)
{
    return (struct pf_room){.allocatable = input->columns->allocatable_pods[slot],
                            .used = input->used != NULL ? input->used->pods
                                                        : input->columns->used_pods[slot]};
}

/** Of the question's scalar number @p index; both 0 when the node does not have it. */
struct pf_room pf_room_scalar(const struct pf_filter_input *input, uint32_t slot, size_t index);

/** How many pods like the question's still fit on a node that passed every filter. */
struct pf_room_slots {
    uint64_t slots;
    /** Slots by constraint: enum pf_shortage, then the host ports; UINT64_MAX where it is not asked for. */
    uint64_t by[64 + 1];
};
/** Index of the host ports in pf_room_slots.by. */
#define PF_ROOM_PORTS 64

void pf_room_count(const struct pf_filter_input *input, uint32_t slot,
                   struct pf_room_slots *ret_slots);
/** The same as if the pods that are nominated to the node were there. @return false: no memory */
bool pf_room_count_nominated(const struct pf_filter_input *input, uint32_t slot,
                             struct pf_room_slots *ret_slots) PF_MUST_CHECK;

#endif

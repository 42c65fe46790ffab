#ifndef PODFIT_CLUSTER_SLOT_SET_H
#define PODFIT_CLUSTER_SLOT_SET_H

/** A set of node slots: a sorted list while it is small, then a bit a slot. Internal to cluster. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <podfit/macro.h>

struct pf_slot_set {
    uint32_t *slots; /**< owned, sorted; NULL once there are bits */
    uint64_t *bits;  /**< owned */
    uint32_t cap;    /**< entries of slots, or words of bits */
    uint32_t count;
};

/** Free. Accepts a zeroed struct, which is also an empty set. */
void pf_slot_set_done(struct pf_slot_set *set);
bool pf_slot_set_has(const struct pf_slot_set *set, uint32_t slot);
/** Make room for @p slot. @param slot_cap  over @p slot: how many slots there may be. @return false: no memory */
bool pf_slot_set_reserve(struct pf_slot_set *set, uint32_t slot, uint32_t slot_cap) PF_MUST_CHECK;
/** After pf_slot_set_reserve() for that slot; nothing happens when it is there. */
void pf_slot_set_add(struct pf_slot_set *set, uint32_t slot);
/** @return was it there? */
bool pf_slot_set_remove(struct pf_slot_set *set, uint32_t slot);
/** Slots in ascending order. */
void pf_slot_set_each(const struct pf_slot_set *set, void (*visit)(void *opaque, uint32_t slot),
                      void *opaque);
/** Memory held. */
size_t pf_slot_set_bytes(const struct pf_slot_set *set);

#endif

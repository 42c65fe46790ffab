#include "outcome_internal.h"
#include <podfit/mem.h>

void pf_tracked_done(struct pf_tracked_set *set)
{
    for (size_t i = 0; i < set->cap; i++) {
        free(set->slots[i].said);
    }
    free(set->slots);
    *set = (struct pf_tracked_set){.slots = NULL};
}

/* Place of a key, or of the free slot where it belongs. */
static size_t place(const struct pf_tracked *slots, size_t cap, uint64_t key)
{
    size_t at = (size_t)key & (cap - 1);
    while (slots[at].key != 0 && slots[at].key != key) {
        at = (at + 1) & (cap - 1);
    }
    return at;
}

struct pf_tracked *pf_tracked_find(struct pf_tracked_set *set, uint64_t key)
{
    if (set->cap == 0) {
        return NULL;
    }
    struct pf_tracked *slot = &set->slots[place(set->slots, set->cap, key)];
    return slot->key != 0 ? slot : NULL;
}

/* At most 3/4 full. */
static bool reserve(struct pf_tracked_set *set)
{
    if (set->count + 1 <= set->cap - set->cap / 4) {
        return true;
    }
    const size_t cap = set->cap != 0 ? set->cap * 2 : 64;
    struct pf_tracked *slots = pf_mem_calloc(cap, sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < set->cap; i++) {
        if (set->slots[i].key != 0) {
            slots[place(slots, cap, set->slots[i].key)] = set->slots[i];
        }
    }
    free(set->slots);
    set->slots = slots;
    set->cap = cap;
    return true;
}

struct pf_tracked *pf_tracked_add(struct pf_tracked_set *set, uint64_t key)
{
    if (!reserve(set)) {
        return NULL;
    }
    struct pf_tracked *slot = &set->slots[place(set->slots, set->cap, key)];
    *slot = (struct pf_tracked){.key = key};
    set->count++;
    return slot;
}

void pf_tracked_remove(struct pf_tracked_set *set, struct pf_tracked *tracked)
{
    const size_t mask = set->cap - 1;
    size_t hole = (size_t)(tracked - set->slots);
    free(tracked->said);
    for (size_t at = (hole + 1) & mask; set->slots[at].key != 0; at = (at + 1) & mask) {
        const size_t home = (size_t)set->slots[at].key & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            set->slots[hole] = set->slots[at];
            hole = at;
        }
    }
    set->slots[hole] = (struct pf_tracked){.key = 0};
    set->count--;
}

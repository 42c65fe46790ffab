#include "cluster_internal.h"

uint32_t pf_podset_hash(const struct pf_podset *set, uint32_t space, struct pf_sv name)
{
    return (uint32_t)pf_sv_hash(name, set->seed + space);
}

struct pf_record *pf_podset_find(const struct pf_podset *set, uint32_t space, struct pf_sv name)
{
    if (set->cap == 0) {
        return NULL;
    }
    const uint32_t hash = pf_podset_hash(set, space, name);
    for (size_t at = hash & (set->cap - 1); set->slots[at] != NULL;
         at = (at + 1) & (set->cap - 1)) {
        struct pf_record *record = set->slots[at];
        if (record->hash == hash && record->namespace_ == space &&
            pf_sv_eq(pf_record_name(record), name)) {
            return record;
        }
    }
    return NULL;
}

static void place(struct pf_record **slots, size_t cap, struct pf_record *record)
{
    size_t at = record->hash & (cap - 1);
    while (slots[at] != NULL) {
        at = (at + 1) & (cap - 1);
    }
    slots[at] = record;
}

bool pf_podset_reserve(struct pf_podset *set)
{
    /* at most 3/4 full */
    if (set->count + 1 <= set->cap - set->cap / 4) {
        return true;
    }
    const size_t cap = set->cap != 0 ? set->cap * 2 : 16;
    struct pf_record **slots = pf_mem_calloc(cap, sizeof(struct pf_record *));
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < set->cap; i++) {
        if (set->slots[i] != NULL) {
            place(slots, cap, set->slots[i]);
        }
    }
    free(set->slots);
    set->slots = slots;
    set->cap = cap;
    return true;
}

void pf_podset_insert(struct pf_podset *set, struct pf_record *record)
{
    place(set->slots, set->cap, record);
    set->count++;
}

void pf_podset_remove(struct pf_podset *set, const struct pf_record *record)
{
    const size_t mask = set->cap - 1;
    size_t hole = record->hash & mask;
    while (set->slots[hole] != record) {
        hole = (hole + 1) & mask;
    }
    /* backward shift: no tombstones, so churn does not slow it down */
    for (size_t at = (hole + 1) & mask; set->slots[at] != NULL; at = (at + 1) & mask) {
        const size_t home = set->slots[at]->hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            set->slots[hole] = set->slots[at];
            hole = at;
        }
    }
    set->slots[hole] = NULL;
    set->count--;
}

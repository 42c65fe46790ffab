#include "tally.h"

#include <podfit/mem.h>

void pf_tally_done(struct pf_tally *tally)
{
    free(tally->entries);
    *tally = (struct pf_tally){.entries = NULL};
}

static uint64_t key_of(uint32_t axis, uint32_t value)
{
    return ((uint64_t)axis + 1) << 32 | value;
}

static size_t probe(const struct pf_tally *tally, uint64_t key)
{
    size_t at = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (tally->cap - 1);
    while (tally->entries[at].key != 0 && tally->entries[at].key != key) {
        at = (at + 1) & (tally->cap - 1);
    }
    return at;
}

static bool grow(struct pf_tally *tally)
{
    struct pf_tally bigger = {.cap = tally->cap != 0 ? tally->cap * 2 : 64, .count = tally->count};
    bigger.entries = pf_mem_calloc(bigger.cap, sizeof(*bigger.entries));
    if (bigger.entries == NULL) {
        return false;
    }
    for (size_t i = 0; i < tally->cap; i++) {
        if (tally->entries[i].key != 0) {
            bigger.entries[probe(&bigger, tally->entries[i].key)] = tally->entries[i];
        }
    }
    free(tally->entries);
    *tally = bigger;
    return true;
}

int64_t *pf_tally_enter(struct pf_tally *tally, uint32_t axis, uint32_t value)
{
    if (tally->count + 1 > tally->cap / 2 && !grow(tally)) {
        return NULL;
    }
    struct pf_tally_entry *entry = &tally->entries[probe(tally, key_of(axis, value))];
    if (entry->key == 0) {
        entry->key = key_of(axis, value);
        tally->count++;
    }
    return &entry->sum;
}

int64_t *pf_tally_find(const struct pf_tally *tally, uint32_t axis, uint32_t value)
{
    if (tally->cap == 0) {
        return NULL;
    }
    struct pf_tally_entry *entry = &tally->entries[probe(tally, key_of(axis, value))];
    return entry->key != 0 ? &entry->sum : NULL;
}

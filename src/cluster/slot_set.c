#include "slot_set.h"

#include <string.h>

#include <podfit/mem.h>

#define WORD_BITS 64U

void pf_slot_set_done(struct pf_slot_set *set)
{
    free(set->slots);
    free(set->bits);
    *set = (struct pf_slot_set){.slots = NULL};
}

static uint64_t bit_of(uint32_t slot)
{
    return UINT64_C(1) << slot % WORD_BITS;
}

/* Place of the slot in the list, or where it belongs. */
static uint32_t place_of(const struct pf_slot_set *set, uint32_t slot)
{
    uint32_t low = 0;
    uint32_t high = set->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (set->slots[middle] < slot) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool pf_slot_set_has(const struct pf_slot_set *set, uint32_t slot)
{
    if (set->bits != NULL) {
        return slot / WORD_BITS < set->cap && (set->bits[slot / WORD_BITS] & bit_of(slot)) != 0;
    }
    const uint32_t at = place_of(set, slot);
    return at < set->count && set->slots[at] == slot;
}

static uint32_t words_for(uint32_t slots)
{
    return slots / WORD_BITS + 1;
}

static bool reserve_bits(struct pf_slot_set *set, uint32_t slot_cap)
{
    const uint32_t words = words_for(slot_cap);
    uint64_t *bits = pf_mem_resize(set->bits, words, sizeof(*bits));
    if (bits == NULL) {
        return false;
    }
    const uint32_t old = set->bits != NULL ? set->cap : 0;
    memset(bits + old, 0, (words - old) * sizeof(*bits));
    for (uint32_t i = 0; set->slots != NULL && i < set->count; i++) {
        bits[set->slots[i] / WORD_BITS] |= bit_of(set->slots[i]);
    }
    free(set->slots);
    set->slots = NULL;
    set->bits = bits;
    set->cap = words;
    return true;
}

bool pf_slot_set_reserve(struct pf_slot_set *set, uint32_t slot, uint32_t slot_cap)
{
    if (set->bits != NULL) {
        return slot / WORD_BITS < set->cap || reserve_bits(set, slot_cap);
    }
    if (set->count < set->cap) {
        return true;
    }
    const uint32_t cap = set->cap != 0 ? set->cap * 2 : 4;
    if (cap > words_for(slot_cap) * (sizeof(uint64_t) / sizeof(uint32_t))) {
        return reserve_bits(set, slot_cap);
    }
    uint32_t *slots = pf_mem_resize(set->slots, cap, sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    set->slots = slots;
    set->cap = cap;
    return true;
}

void pf_slot_set_add(struct pf_slot_set *set, uint32_t slot)
{
    if (pf_slot_set_has(set, slot)) {
        return;
    }
    if (set->bits != NULL) {
        set->bits[slot / WORD_BITS] |= bit_of(slot);
    } else {
        uint32_t *at = set->slots + place_of(set, slot);
        memmove(at + 1, at, (size_t)(set->slots + set->count - at) * sizeof(*at));
        *at = slot;
    }
    set->count++;
}

bool pf_slot_set_remove(struct pf_slot_set *set, uint32_t slot)
{
    if (!pf_slot_set_has(set, slot)) {
        return false;
    }
    set->count--;
    if (set->bits != NULL) {
        set->bits[slot / WORD_BITS] &= ~bit_of(slot);
    } else {
        uint32_t *at = set->slots + place_of(set, slot);
        memmove(at, at + 1, (size_t)(set->slots + set->count - at) * sizeof(*at));
    }
    return true;
}

void pf_slot_set_each(const struct pf_slot_set *set, void (*visit)(void *opaque, uint32_t slot),
                      void *opaque)
{
    if (set->bits == NULL) {
        for (uint32_t i = 0; i < set->count; i++) {
            visit(opaque, set->slots[i]);
        }
        return;
    }
    for (uint32_t i = 0; i < set->cap; i++) {
        for (uint64_t left = set->bits[i]; left != 0; left &= left - 1) {
            visit(opaque, i * WORD_BITS + (uint32_t)__builtin_ctzll(left));
        }
    }
}

size_t pf_slot_set_bytes(const struct pf_slot_set *set)
{
    return set->cap * (set->bits != NULL ? sizeof(*set->bits) : sizeof(*set->slots));
}

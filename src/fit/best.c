#include "best.h"

#include <string.h>

#include <podfit/mem.h>

void pf_best_done(struct pf_best *best)
{
    free(best->tree);
    *best = (struct pf_best){0};
}

bool pf_best_fit_slots(struct pf_best *best, uint32_t slots)
{
    if (slots <= best->leaves && best->tree != NULL) {
        return true;
    }
    uint32_t leaves = 1;
    while (leaves < slots) {
        if (leaves > UINT32_MAX / 4) {
            return false;
        }
        leaves *= 2;
    }
    uint8_t *tree = pf_mem_calloc((size_t)leaves * 2, sizeof(*tree));
    if (tree == NULL) {
        return false;
    }
    if (best->tree != NULL) {
        memcpy(tree + leaves, best->tree + best->leaves, best->leaves);
    }
    free(best->tree);
    best->tree = tree;
    best->leaves = leaves;
    pf_best_build(best);
    return true;
}

static uint8_t winner(const uint8_t *tree, uint32_t at)
{
    const uint8_t left = tree[(size_t)at * 2];
    const uint8_t right = tree[(size_t)at * 2 + 1];
    return left >= right ? left : right;
}

void pf_best_set(struct pf_best *best, uint32_t slot, uint8_t value)
{
    uint32_t at = best->leaves + slot;
    best->tree[at] = value;
    for (at /= 2; at != 0; at /= 2) {
        const uint8_t highest = winner(best->tree, at);
        if (best->tree[at] == highest) {
            return;
        }
        best->tree[at] = highest;
    }
}

uint8_t pf_best_value(const struct pf_best *best, uint32_t slot)
{
    return best->tree[best->leaves + slot];
}

const uint8_t *pf_best_values(const struct pf_best *best)
{
    return best->tree + best->leaves;
}

void pf_best_clear(struct pf_best *best)
{
    if (best->tree != NULL) {
        memset(best->tree, 0, (size_t)best->leaves * 2);
    }
}

void pf_best_put(struct pf_best *best, uint32_t slot, uint8_t value)
{
    best->tree[best->leaves + slot] = value;
}

void pf_best_build(struct pf_best *best)
{
    for (uint32_t at = best->leaves - 1; at != 0 && at < best->leaves; at--) {
        best->tree[at] = winner(best->tree, at);
    }
}

uint32_t pf_best_slot(const struct pf_best *best)
{
    if (best->tree == NULL || best->tree[1] == 0) {
        return UINT32_MAX;
    }
    uint32_t at = 1;
    while (at < best->leaves) {
        at *= 2;
        if (best->tree[at] != best->tree[1]) {
            at++;
        }
    }
    return at - best->leaves;
}

size_t pf_best_bytes(const struct pf_best *best)
{
    return (size_t)best->leaves * 2;
}

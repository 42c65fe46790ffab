#include "outcomes.h"

#include <podfit/mem.h>

#define FIRST_CAP 8U
/* Entries of `index` a possible id: ids that were given to another result leave their entry behind until the next rebuild. */
#define INDEX_PER_ID 4U

void pf_outcomes_done(struct pf_outcomes *outcomes)
{
    free(outcomes->items);
    free(outcomes->index);
    *outcomes = (struct pf_outcomes){0};
}

static void clear_index(struct pf_outcomes *outcomes)
{
    for (size_t i = 0; i < (size_t)outcomes->cap * INDEX_PER_ID; i++) {
        outcomes->index[i] = 0;
    }
}

void pf_outcomes_reset(struct pf_outcomes *outcomes)
{
    clear_index(outcomes);
    *outcomes = (struct pf_outcomes){
        .items = outcomes->items, .cap = outcomes->cap, .index = outcomes->index};
}

static bool equal(const struct pf_result *a, const struct pf_result *b)
{
    return a->mask == b->mask && a->key == b->key && a->value == b->value &&
           a->filter == b->filter && a->code == b->code && a->could == b->could &&
           a->outside == b->outside && a->first_turn == b->first_turn &&
           a->unscorable == b->unscorable;
}

static uint64_t hash(const struct pf_result *result)
{
    const uint64_t small = (uint64_t)result->filter | (uint64_t)result->code << 8 |
                           (result->could ? 1U : 0U) << 16 | (result->outside ? 1U : 0U) << 17 |
                           (result->first_turn ? 1U : 0U) << 18 |
                           (result->unscorable ? 1U : 0U) << 19;
    uint64_t mixed = result->mask ^ small << 40;
    mixed ^= ((uint64_t)result->key << 32 | result->value) * UINT64_C(0x9e3779b97f4a7c15);
    mixed *= UINT64_C(0xff51afd7ed558ccd);
    return mixed ^ mixed >> 32;
}

/* Position of the result's entry, or of the empty one where it belongs. */
static size_t probe(const struct pf_outcomes *outcomes, const struct pf_result *result)
{
    const size_t mask = (size_t)outcomes->cap * INDEX_PER_ID - 1;
    size_t at = (size_t)hash(result) & mask;
    while (outcomes->index[at] != 0 &&
           !equal(&outcomes->items[outcomes->index[at] - 1].result, result)) {
        at = (at + 1) & mask;
    }
    return at;
}

static void rebuild_index(struct pf_outcomes *outcomes)
{
    clear_index(outcomes);
    for (uint32_t id = 0; id < outcomes->count; id++) {
        if (outcomes->items[id].nodes != 0) {
            outcomes->index[probe(outcomes, &outcomes->items[id].result)] = id + 1;
        }
    }
}

static bool grow(struct pf_outcomes *outcomes)
{
    if (outcomes->cap > UINT32_MAX / 2 / INDEX_PER_ID) {
        return false;
    }
    const uint32_t cap = outcomes->cap != 0 ? outcomes->cap * 2 : FIRST_CAP;
    uint32_t *index = pf_mem_calloc((size_t)cap * INDEX_PER_ID, sizeof(*index));
    if (index == NULL) {
        return false;
    }
    struct pf_outcome *items = pf_mem_resize(outcomes->items, cap, sizeof(*items));
    if (items == NULL) {
        free(index);
        return false;
    }
    free(outcomes->index);
    outcomes->items = items;
    outcomes->index = index;
    outcomes->cap = cap;
    rebuild_index(outcomes);
    outcomes->recycle = outcomes->count;
    return true;
}

/* Is at least half of the table free, so that ids are given again rather than the table grown? */
static bool begin_recycling(struct pf_outcomes *outcomes)
{
    uint32_t dead = 0;
    for (uint32_t id = 0; id < outcomes->count; id++) {
        dead += outcomes->items[id].nodes == 0 ? 1 : 0;
    }
    if (dead == 0 || dead < outcomes->count / 2) {
        return false;
    }
    rebuild_index(outcomes);
    outcomes->recycle = 0;
    return true;
}

static bool take_recycled(struct pf_outcomes *outcomes, uint32_t *ret_id)
{
    while (outcomes->recycle < outcomes->count) {
        const uint32_t id = outcomes->recycle++;
        if (outcomes->items[id].nodes == 0) {
            *ret_id = id;
            return true;
        }
    }
    return false;
}

static bool take_id(struct pf_outcomes *outcomes, uint32_t *ret_id)
{
    if (outcomes->count == outcomes->cap) {
        if (take_recycled(outcomes, ret_id)) {
            return true;
        }
        if (begin_recycling(outcomes) && take_recycled(outcomes, ret_id)) {
            return true;
        }
        if (!grow(outcomes)) {
            return false;
        }
    }
    *ret_id = outcomes->count++;
    outcomes->recycle = outcomes->count;
    return true;
}

static void count_nodes(struct pf_outcomes *outcomes, const struct pf_result *result,
                        uint32_t nodes)
{
    /* unsigned arithmetic: a drop adds the complement */
    if (result->filter == PF_FILTER_COUNT) {
        outcomes->fits += nodes;
        outcomes->unscorable += result->unscorable ? nodes : 0;
    } else {
        outcomes->excluded += nodes;
        outcomes->failed += result->code == PF_FIT_ERROR ? nodes : 0;
        outcomes->open += result->code == PF_FIT_UNDECIDED ? nodes : 0;
    }
    if (result->could) {
        outcomes->could += nodes;
    }
}

enum pf_code pf_outcomes_add(struct pf_outcomes *outcomes, const struct pf_result *result,
                             uint32_t nodes, uint32_t *ret_id)
{
    uint32_t id = outcomes->last;
    const bool again = id < outcomes->count && outcomes->items[id].nodes != 0 &&
                       equal(&outcomes->items[id].result, result);
    const size_t found = !again && outcomes->cap != 0 ? probe(outcomes, result) : 0;
    if (again) {
        /* most neighbours are alike */
    } else if (outcomes->cap != 0 && outcomes->index[found] != 0) {
        id = outcomes->index[found] - 1;
    } else {
        if (!take_id(outcomes, &id)) {
            return PF_E_NO_MEMORY;
        }
        outcomes->items[id] = (struct pf_outcome){.result = *result};
        outcomes->index[probe(outcomes, result)] = id + 1;
    }
    outcomes->last = id;
    outcomes->items[id].nodes += nodes;
    count_nodes(outcomes, result, nodes);
    *ret_id = id;
    return PF_OK;
}

void pf_outcomes_drop(struct pf_outcomes *outcomes, uint32_t id)
{
    struct pf_outcome *outcome = &outcomes->items[id];
    outcome->nodes--;
    count_nodes(outcomes, &outcome->result, UINT32_MAX);
}

size_t pf_outcomes_bytes(const struct pf_outcomes *outcomes)
{
    return (size_t)outcomes->cap *
           (sizeof(*outcomes->items) + INDEX_PER_ID * sizeof(*outcomes->index));
}

#include "evictions.h"

#include <podfit/limits.h>
#include <podfit/mem.h>

/* kube-scheduler stops when it has found this many candidates, or this share of the nodes: DefaultPreemptionArgs. */
#define CANDIDATES_MIN     100U
#define CANDIDATES_PERCENT 10U

enum eviction_state {
    STATE_UNKNOWN, /* not looked at */
    STATE_CLOSED,  /* no eviction can help: its filter's code is not Unschedulable */
    STATE_EMPTY,   /* no pod of lower priority is there */
    STATE_SPARED,  /* every victim may stay, which may depend on the budgets */
    STATE_FOUND,   /* one of `found` */
    STATE_VAIN,    /* this plus the id of an outcome in `vain` */
};

/* One search. */
struct search {
    struct pf_evictions *evictions;
    const struct pf_eviction_ask *ask;
    struct pf_victims *victims;
    const uint32_t *by_name;
    uint32_t nodes;
    const struct pf_eviction *best; /* of those that were considered */
    uint32_t considered;
    bool replayed;
    bool undecided; /* replayed: of a node that a search from the beginning would have looked at */
    bool exhausted; /* a further one would have been too many */
};

void pf_evictions_done(struct pf_evictions *evictions)
{
    free(evictions->states);
    free(evictions->moves);
    free(evictions->found);
    free(evictions->dirty);
    pf_outcomes_done(&evictions->vain);
    *evictions = (struct pf_evictions){.states = NULL};
}

size_t pf_evictions_bytes(const struct pf_evictions *evictions)
{
    return evictions->slots * (sizeof(*evictions->states) + sizeof(*evictions->moves)) +
           evictions->found_cap * sizeof(*evictions->found) +
           evictions->dirty_cap * sizeof(*evictions->dirty) + pf_outcomes_bytes(&evictions->vain);
}

static bool reserve_slots(struct pf_evictions *evictions, uint32_t slots)
{
    if (slots <= evictions->slots) {
        return true;
    }
    const uint32_t want = slots + slots / 8; /* so that single new nodes do not resize */
    uint32_t *states = pf_mem_resize(evictions->states, want, sizeof(*states));
    evictions->states = states != NULL ? states : evictions->states;
    uint32_t *moves = pf_mem_resize(evictions->moves, want, sizeof(*moves));
    evictions->moves = moves != NULL ? moves : evictions->moves;
    if (states == NULL || moves == NULL) {
        return false;
    }
    for (uint32_t i = evictions->slots; i < want; i++) {
        states[i] = STATE_UNKNOWN;
        moves[i] = 0;
    }
    evictions->slots = want;
    return true;
}

/* Nothing is known; memory is kept. */
static void clear(struct pf_evictions *evictions)
{
    for (uint32_t i = 0; i < evictions->slots; i++) {
        evictions->states[i] = STATE_UNKNOWN;
        evictions->moves[i] = 0;
    }
    pf_outcomes_reset(&evictions->vain);
    *evictions = (struct pf_evictions){
        .states = evictions->states,
        .moves = evictions->moves,
        .slots = evictions->slots,
        .found = evictions->found,
        .found_cap = evictions->found_cap,
        .dirty = evictions->dirty,
        .dirty_cap = evictions->dirty_cap,
        .vain = evictions->vain,
    };
}

/* ---- one node ---- */

/* Its own code, topology filters included. */
static enum pf_code find_code(const struct search *search, uint32_t slot, uint8_t *ret_code)
{
    const struct pf_eviction_ask *ask = search->ask;
    struct pf_result result;
    const enum pf_code code =
        pf_results_find(&ask->results, ask->input, ask->topology, slot, &result);
    if (code == PF_OK) {
        *ret_code = result.code;
    }
    return code;
}

static bool is_before(const struct search *search, uint32_t a, uint32_t b)
{
    const struct pf_filter_input *input = search->ask->input;
    return pf_sv_cmp(pf_intern_text(input->strings, input->columns->name[a]),
                     pf_intern_text(input->strings, input->columns->name[b])) < 0;
}

static enum pf_code insert_found(const struct search *search, uint32_t slot)
{
    struct pf_evictions *e = search->evictions;
    if (!pf_mem_grow(&e->found, &e->found_cap, e->found_count, sizeof(*e->found))) {
        return PF_E_NO_MEMORY;
    }
    size_t high = e->found_count;
    const bool is_last = high == 0 || is_before(search, e->found[high - 1].slot, slot);
    size_t low = is_last ? high : 0; /* most come behind all others */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (is_before(search, e->found[middle].slot, slot)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    memmove(e->found + low + 1, e->found + low, (e->found_count - low) * sizeof(*e->found));
    e->found[low] = (struct pf_eviction){.slot = slot, .rank = pf_victims_rank(search->victims)};
    e->found_count++;
    return PF_OK;
}

static enum pf_code note_vain(struct pf_evictions *evictions, const struct pf_result *result,
                              uint32_t *ret_state)
{
    uint32_t id = 0;
    const enum pf_code code = pf_outcomes_add(&evictions->vain, result, 1, &id);
    *ret_state = STATE_VAIN + id;
    return code;
}

/* Think the pods of an open node away. */
static enum pf_code try_node(const struct search *search, uint32_t slot, uint32_t *ret_state)
{
    struct pf_evictions *evictions = search->evictions;
    enum pf_victims_outcome outcome = PF_VICTIMS_NONE;
    struct pf_result result;
    const enum pf_code code = pf_victims_find(search->victims, search->ask->input,
                                              search->ask->topology, slot, &outcome, &result);
    if (code != PF_OK) {
        return code;
    }
    switch (outcome) {
    case PF_VICTIMS_NONE:
        evictions->no_victims++;
        *ret_state = search->victims->count == 0 ? STATE_EMPTY : STATE_SPARED;
        return PF_OK;
    case PF_VICTIMS_VAIN:
        return note_vain(evictions, &result, ret_state);
    case PF_VICTIMS_FOUND:
    default:
        *ret_state = STATE_FOUND;
        return insert_found(search, slot);
    }
}

/* Look at a node that is not known. On failure nothing that is kept is right any more. */
static enum pf_code look_at(const struct search *search, uint32_t slot, uint8_t code_on)
{
    struct pf_evictions *evictions = search->evictions;
    const uint64_t before = search->victims->moves;
    uint32_t state = STATE_CLOSED;
    if (code_on == PF_FIT_UNSCHEDULABLE) {
        const enum pf_code code = try_node(search, slot, &state);
        if (code != PF_OK) {
            return code;
        }
    }
    evictions->states[slot] = state;
    evictions->moves[slot] = (uint32_t)(search->victims->moves - before);
    evictions->moves_total += evictions->moves[slot];
    evictions->known++;
    return PF_OK;
}

/* A node that is known changed; it stays in `found` until drop_dirty(). */
static void forget_node(struct pf_evictions *evictions, uint32_t slot)
{
    const uint32_t state = evictions->states[slot];
    if (state >= STATE_VAIN) {
        pf_outcomes_drop(&evictions->vain, state - STATE_VAIN);
    } else if (state == STATE_EMPTY || state == STATE_SPARED) {
        evictions->no_victims--;
    }
    evictions->states[slot] = STATE_UNKNOWN;
    evictions->moves_total -= evictions->moves[slot];
    evictions->moves[slot] = 0;
    evictions->known--;
}

/* ---- bringing up to date ---- */

struct refresh {
    struct pf_evictions *evictions;
    bool failed;
};

static void mark_dirty(void *opaque, uint32_t slot)
{
    struct refresh *refresh = opaque;
    struct pf_evictions *e = refresh->evictions;
    if (refresh->failed || slot >= e->slots || e->states[slot] == STATE_UNKNOWN) {
        return;
    }
    if (!pf_mem_grow(&e->dirty, &e->dirty_cap, e->dirty_count, sizeof(*e->dirty))) {
        refresh->failed = true;
        return;
    }
    e->dirty[e->dirty_count++] = slot;
    forget_node(e, slot);
}

/* Who may be evicted first is another question now; that all victims together do not help is not. */
static void mark_budgeted(struct refresh *refresh)
{
    const struct pf_evictions *evictions = refresh->evictions;
    for (uint32_t i = 0; i < evictions->slots; i++) {
        if (evictions->states[i] == STATE_FOUND || evictions->states[i] == STATE_SPARED) {
            mark_dirty(refresh, i);
        }
    }
}

static void drop_dirty(struct pf_evictions *evictions)
{
    size_t kept = 0;
    for (size_t i = 0; i < evictions->found_count; i++) {
        if (evictions->states[evictions->found[i].slot] == STATE_FOUND) {
            evictions->found[kept++] = evictions->found[i];
        }
    }
    evictions->found_count = kept;
}

static enum pf_code look_again(const struct search *search, uint32_t slot)
{
    uint8_t code_on = 0;
    if (search->victims->moves > PF_FIT_PREEMPTION_MOVES_MAX) {
        return PF_E_TOO_BIG; /* so many at once are not worth more than a new search */
    }
    const enum pf_code code = find_code(search, slot, &code_on);
    return code == PF_OK ? look_at(search, slot, code_on) : code;
}

/* Nodes came or went: find the frontier in the new order, and look at those that came before it. */
static enum pf_code rejoin(const struct search *search)
{
    struct pf_evictions *evictions = search->evictions;
    enum pf_code code = PF_OK;
    uint32_t at = 0;
    for (uint32_t passed = 0; passed < evictions->known && code == PF_OK; passed++) {
        const uint32_t slot = search->by_name[at++];
        if (evictions->states[slot] == STATE_UNKNOWN) {
            code = look_again(search, slot);
        }
    }
    evictions->frontier = at;
    return code;
}

static enum pf_code look_at_dirty(const struct search *search)
{
    const struct pf_evictions *evictions = search->evictions;
    enum pf_code code = PF_OK;
    for (size_t i = 0; i < evictions->dirty_count && code == PF_OK; i++) {
        code = look_again(search, evictions->dirty[i]);
    }
    return code;
}

/* What is known is right when this returns PF_OK. */
static enum pf_code bring_up_to_date(const struct search *search)
{
    struct pf_evictions *evictions = search->evictions;
    const struct pf_model *model = search->ask->model;
    const uint64_t names_version = pf_model_names_version(model);
    const uint64_t budgets_version = pf_model_budgets_version(model);
    struct refresh refresh = {.evictions = evictions};
    if (evictions->seen == 0 || evictions->stamp != search->ask->stamp) {
        clear(evictions);
    }
    const uint64_t now = evictions->seen != 0
                             ? pf_model_changes_since(model, evictions->seen, mark_dirty, &refresh)
                             : 0;
    if (now == 0) {
        clear(evictions);
    } else if (evictions->budgets_version != budgets_version) {
        mark_budgeted(&refresh);
    }
    const bool same_names = evictions->names_version == names_version;
    evictions->seen = now != 0 ? now : pf_model_change_number(model);
    evictions->stamp = search->ask->stamp;
    evictions->names_version = names_version;
    evictions->budgets_version = budgets_version;
    if (refresh.failed) {
        return PF_E_NO_MEMORY;
    }
    enum pf_code code = PF_OK;
    if (evictions->dirty_count != 0) {
        drop_dirty(evictions);
    }
    if (!same_names) {
        code = rejoin(search);
    } else {
        code = look_at_dirty(search);
    }
    evictions->dirty_count = 0;
    return code;
}

/* ---- the choice ---- */

/* As many candidates as kube-scheduler is content with, one of which violates no budget. */
static bool is_enough(const struct search *search)
{
    const uint32_t share = (uint32_t)((uint64_t)search->ask->open * CANDIDATES_PERCENT / 100);
    return search->best != NULL && search->best->rank.violations == 0 &&
           search->considered >= (share > CANDIDATES_MIN ? share : CANDIDATES_MIN);
}

/* In the order of names, so that of equals always the same is chosen. */
static void consider(struct search *search, const struct pf_eviction *eviction)
{
    search->considered++;
    if (search->best == NULL || pf_victims_better(&eviction->rank, &search->best->rank)) {
        search->best = eviction;
    }
}

/* Known nodes in the order of names, up to where a search from the beginning would have given up. */
static void replay(struct search *search)
{
    const struct pf_evictions *evictions = search->evictions;
    uint64_t moves = 0;
    size_t found = 0;
    for (uint32_t i = 0; i < evictions->frontier && !is_enough(search); i++) {
        const uint32_t state = evictions->states[search->by_name[i]];
        search->exhausted = state != STATE_CLOSED && moves > PF_FIT_PREEMPTION_MOVES_MAX;
        if (search->exhausted) {
            return;
        }
        moves += evictions->moves[search->by_name[i]];
        if (state == STATE_FOUND) {
            consider(search, &evictions->found[found++]);
        } else if (state >= STATE_VAIN) {
            const struct pf_outcome *outcome = &evictions->vain.items[state - STATE_VAIN];
            search->undecided = search->undecided || outcome->result.code == PF_FIT_UNDECIDED;
        }
    }
}

/* Candidates among the known nodes. */
static void recall(struct search *search)
{
    const struct pf_evictions *evictions = search->evictions;
    if (evictions->moves_total > PF_FIT_PREEMPTION_MOVES_MAX) {
        search->replayed = true;
        replay(search);
        return;
    }
    for (size_t i = 0; i < evictions->found_count && !is_enough(search); i++) {
        consider(search, &evictions->found[i]);
    }
}

/* The next node in the order of names. */
static enum pf_code advance(struct search *search)
{
    struct pf_evictions *evictions = search->evictions;
    const uint32_t slot = search->by_name[evictions->frontier];
    const size_t best = search->best != NULL ? (size_t)(search->best - evictions->found) : 0;
    uint8_t code_on = 0;
    enum pf_code code = find_code(search, slot, &code_on);
    search->exhausted =
        code_on == PF_FIT_UNSCHEDULABLE && evictions->moves_total > PF_FIT_PREEMPTION_MOVES_MAX;
    if (code == PF_OK && !search->exhausted) {
        code = look_at(search, slot, code_on);
        evictions->frontier++;
    }
    if (search->best != NULL) {
        search->best = &evictions->found[best]; /* the array may have moved */
    }
    if (code == PF_OK && evictions->states[slot] == STATE_FOUND) {
        consider(search, &evictions->found[evictions->found_count - 1]);
    }
    return code;
}

static enum pf_code run(struct search *search, struct pf_eviction_answer *ret_answer)
{
    struct pf_evictions *evictions = search->evictions;
    enum pf_code code = reserve_slots(evictions, search->ask->input->columns->count)
                            ? bring_up_to_date(search)
                            : PF_E_NO_MEMORY;
    if (code == PF_OK) {
        recall(search);
    }
    while (code == PF_OK && !search->exhausted && evictions->frontier < search->nodes &&
           !is_enough(search)) {
        code = advance(search);
    }
    if (code != PF_OK) {
        clear(evictions);
        return code;
    }
    *ret_answer = (struct pf_eviction_answer){
        .best = search->best != NULL ? search->best->slot : PF_NODE_NONE,
        .undecided = search->replayed ? search->undecided : evictions->vain.open != 0,
        .exhausted = search->exhausted,
    };
    return PF_OK;
}

enum pf_code pf_evictions_search(struct pf_evictions *evictions, const struct pf_eviction_ask *ask,
                                 struct pf_victims *victims, struct pf_eviction_answer *ret_answer)
{
    struct search search = {.evictions = evictions, .ask = ask, .victims = victims};
    search.by_name = pf_model_nodes_by_name(ask->model, &search.nodes);
    if (search.by_name == NULL) {
        return PF_E_NO_MEMORY;
    }
    const bool anew = evictions->seen == 0;
    struct search first = search;
    enum pf_code code = run(&first, ret_answer);
    if (code != PF_OK && code != PF_E_NO_MEMORY && !anew) {
        /* of a node that a search from the beginning might not have come to */
        victims->moves = 0;
        code = run(&search, ret_answer);
    }
    return code;
}

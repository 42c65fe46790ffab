#include "evaluate.h"
#include "hints_internal.h"
#include "room.h"

/* One node with some pods less on it: the columns that change, as far as its slot. */
struct thinned {
    struct pf_columns columns;
    struct pf_node_extra extra;
};

static int64_t less(int64_t used, int64_t request, uint64_t pods)
{
    return (int64_t)((uint64_t)used - (uint64_t)request * pods);
}

/* Copy of a column up to the slot, which gets another value. @return NULL: no memory */
static int64_t *replace(const int64_t *column, uint32_t slot, int64_t value, struct pf_arena *arena)
{
    int64_t *copy = pf_arena_calloc(arena, (size_t)slot + 1, sizeof(*copy));
    if (copy != NULL) {
        memcpy(copy, column, ((size_t)slot + 1) * sizeof(*copy));
        copy[slot] = value;
    }
    return copy;
}

static bool replace_scalars(const struct pf_answer *answer, uint32_t slot, uint64_t pods,
                            struct pf_arena *arena, struct thinned *thin)
{
    const struct pf_question *question = &answer->question;
    const struct pf_node_extra *extra = answer->input.columns->extra[slot];
    if (extra == NULL || question->request.scalar_count == 0) {
        return true;
    }
    struct pf_node_extra **extras =
        pf_arena_calloc(arena, (size_t)slot + 1, sizeof(struct pf_node_extra *));
    struct pf_node_scalar *scalars = pf_arena_calloc(arena, extra->scalar_count, sizeof(*scalars));
    if (extras == NULL || scalars == NULL) {
        return false;
    }
    for (size_t i = 0; i < extra->scalar_count; i++) {
        scalars[i] = extra->scalars[i];
        for (size_t k = 0; k < question->request.scalar_count; k++) {
            if (question->scalar_ids[k] == scalars[i].name) {
                scalars[i].used = less(scalars[i].used, question->request.scalars[k].amount, pods);
            }
        }
    }
    thin->extra = *extra;
    thin->extra.scalars = scalars;
    extras[slot] = &thin->extra;
    thin->columns.extra = extras;
    return true;
}

/* @return false: no memory */
static bool make_thinned(const struct pf_answer *answer, uint32_t slot, uint64_t pods,
                         struct pf_arena *arena, struct thinned *thin)
{
    const struct pf_columns *columns = answer->input.columns;
    const struct pf_request *request = &answer->question.request;
    thin->columns = *columns;
    thin->columns.used_milli_cpu =
        replace(columns->used_milli_cpu, slot,
                less(columns->used_milli_cpu[slot], request->milli_cpu, pods), arena);
    thin->columns.used_memory = replace(
        columns->used_memory, slot, less(columns->used_memory[slot], request->memory, pods), arena);
    thin->columns.used_ephemeral_storage = replace(
        columns->used_ephemeral_storage, slot,
        less(columns->used_ephemeral_storage[slot], request->ephemeral_storage, pods), arena);
    thin->columns.used_pods = pf_arena_calloc(arena, (size_t)slot + 1, sizeof(uint32_t));
    if (thin->columns.used_milli_cpu == NULL || thin->columns.used_memory == NULL ||
        thin->columns.used_ephemeral_storage == NULL || thin->columns.used_pods == NULL) {
        return false;
    }
    thin->columns.used_pods[slot] = columns->used_pods[slot] - (uint32_t)pods;
    return replace_scalars(answer, slot, pods, arena, thin);
}

/* Pods like it that have to leave until @p wanted is free. */
static uint64_t count_leaving(struct pf_room room, int64_t wanted)
{
    const int64_t free = pf_room_free(room);
    if (wanted <= 0 || wanted <= free) {
        return 0;
    }
    const uint64_t missing = (uint64_t)wanted - (uint64_t)free;
    return missing / (uint64_t)wanted + (missing % (uint64_t)wanted != 0 ? 1 : 0);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t count_on(const struct pf_answer *answer, uint32_t slot)
{
    const struct pf_columns *columns = answer->input.columns;
    const struct pf_request *request = &answer->question.request;
    const struct pf_room pods = {.allocatable = columns->allocatable_pods[slot],
                                 .used = columns->used_pods[slot]};
    uint64_t count = count_leaving(pods, 1);
    count = larger(count, count_leaving(pf_room_cpu(columns, slot), request->milli_cpu));
    count = larger(count, count_leaving(pf_room_memory(columns, slot), request->memory));
    count = larger(
        count, count_leaving(pf_room_ephemeral_storage(columns, slot), request->ephemeral_storage));
    for (size_t i = 0; i < request->scalar_count; i++) {
        if (!answer->question.scalar_ignored[i]) {
            count = larger(count, count_leaving(pf_room_scalar(&answer->input, slot, i),
                                                request->scalars[i].amount));
        }
    }
    return count;
}

/* Run the filters on the node with so many pods less. */
static enum pf_code prove(struct pf_hints_search *search, const struct pf_answer *answer,
                          uint32_t slot, uint64_t pods, bool *ret_fits)
{
    struct thinned thin;
    struct pf_result result;
    pf_arena_reset(&search->trial);
    *ret_fits = false;
    if (!make_thinned(answer, slot, pods, &search->trial, &thin)) {
        return PF_E_NO_MEMORY;
    }
    struct pf_evaluation evaluation = {.input = answer->input};
    evaluation.input.columns = &thin.columns;
    *ret_fits = pf_evaluate_node(&evaluation, slot, &result) && result.filter == PF_FILTER_COUNT;
    return PF_OK;
}

enum pf_code pf_hints_leaving_find(struct pf_hints_search *search, const struct pf_answer *answer)
{
    const struct pf_columns *columns = answer->input.columns;
    uint64_t fewest = UINT64_MAX;
    if (answer->question.plan != NULL || answer->question.rejection != NULL) {
        return PF_OK; /* which pods they are decides there, not how many */
    }
    for (uint32_t slot = 0; slot < columns->count; slot++) {
        const struct pf_result *result =
            columns->shape[slot] != PF_SHAPE_NONE
                ? &answer->outcomes->items[answer->scan.ids[slot]].result
                : NULL;
        if (result == NULL || result->filter != PF_FILTER_NODE_RESOURCES_FIT || !result->could) {
            continue;
        }
        const uint64_t count = count_on(answer, slot);
        bool fits = false;
        /* no more can leave than are there */
        if (count == 0 || count >= fewest || count > columns->used_pods[slot]) {
            continue;
        }
        const enum pf_code code = prove(search, answer, slot, count, &fits);
        if (code != PF_OK) {
            return code;
        }
        if (!fits) {
            continue;
        }
        fewest = count;
        const struct pf_sv name = pf_intern_text(answer->input.strings, columns->name[slot]);
        if (!pf_arena_dup_sv(search->arena, name, &search->hints->leaving_node)) {
            return PF_E_NO_MEMORY;
        }
    }
    search->hints->has_leaving = fewest != UINT64_MAX;
    search->hints->leaving = search->hints->has_leaving ? fewest : 0;
    return PF_OK;
}

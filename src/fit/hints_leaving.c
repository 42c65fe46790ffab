#include "evaluate.h"
#include "hints_internal.h"
#include "room.h"

static int64_t less(int64_t used, int64_t request, uint64_t pods)
{
    return (int64_t)((uint64_t)used - (uint64_t)request * pods);
}

static bool thin_scalars(const struct pf_answer *answer, uint32_t slot, uint64_t pods,
                         struct pf_arena *arena, struct pf_used *used)
{
    const struct pf_question *question = &answer->question;
    const struct pf_node_extra *extra = answer->input.columns->extra[slot];
    if (extra == NULL) {
        return true;
    }
    struct pf_node_scalar *scalars = pf_arena_calloc(arena, extra->scalar_count, sizeof(*scalars));
    if (scalars == NULL) {
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
    used->extra = *extra;
    used->extra.scalars = scalars;
    return true;
}

/* What is taken on a node with some pods like the question's less on it. @return false: no memory */
static bool thin(const struct pf_answer *answer, uint32_t slot, uint64_t pods,
                 struct pf_arena *arena, struct pf_used *used)
{
    const struct pf_columns *columns = answer->input.columns;
    const struct pf_request *request = &answer->question.request;
    *used = (struct pf_used){
        .milli_cpu = less(columns->used_milli_cpu[slot], request->milli_cpu, pods),
        .memory = less(columns->used_memory[slot], request->memory, pods),
        .ephemeral_storage =
            less(columns->used_ephemeral_storage[slot], request->ephemeral_storage, pods),
        .pods = columns->used_pods[slot] - (uint32_t)pods,
    };
    return thin_scalars(answer, slot, pods, arena, used);
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
    const struct pf_filter_input *input = &answer->input;
    const struct pf_request *request = &answer->question.request;
    uint64_t count = count_leaving(pf_room_pods(input, slot), 1);
    count = larger(count, count_leaving(pf_room_cpu(input, slot), request->milli_cpu));
    count = larger(count, count_leaving(pf_room_memory(input, slot), request->memory));
    count = larger(
        count, count_leaving(pf_room_ephemeral_storage(input, slot), request->ephemeral_storage));
    for (size_t i = 0; i < request->scalar_count; i++) {
        if (!answer->question.scalar_ignored[i]) {
            count = larger(
                count, count_leaving(pf_room_scalar(input, slot, i), request->scalars[i].amount));
        }
    }
    return count;
}

/* Run the filters on the node with so many pods less. */
static enum pf_code prove(struct pf_hints_search *search, const struct pf_answer *answer,
                          uint32_t slot, uint64_t pods, bool *ret_fits)
{
    struct pf_used used;
    struct pf_result result;
    pf_arena_reset(&search->trial);
    *ret_fits = false;
    if (!thin(answer, slot, pods, &search->trial, &used)) {
        return PF_E_NO_MEMORY;
    }
    struct pf_evaluation evaluation = {.input = answer->input};
    evaluation.input.used = &used;
    *ret_fits = pf_evaluate_node(&evaluation, slot, &result) && result.filter == PF_FILTER_COUNT;
    return evaluation.code;
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

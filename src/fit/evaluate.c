#include "evaluate.h"

#include "dry_run.h"

static void run(const struct pf_filter_input *input, struct pf_filter_target *target,
                unsigned filters, struct pf_result *result)
{
    for (unsigned left = filters; left != 0; left &= left - 1) {
        const unsigned i = (unsigned)__builtin_ctz(left);
        if (!pf_filter_get((enum pf_filter_id)i)->check(input, target, result)) {
            result->filter = (uint8_t)i;
            return;
        }
    }
}

static bool run_could(const struct pf_filter_input *input, struct pf_filter_target *target,
                      unsigned filters)
{
    for (unsigned left = filters; left != 0; left &= left - 1) {
        const struct pf_filter *filter = pf_filter_get((enum pf_filter_id)__builtin_ctz(left));
        if (filter->could != NULL && !filter->could(input, target)) {
            return false;
        }
    }
    return true;
}

static struct pf_result evaluate_all(const struct pf_filter_input *input,
                                     struct pf_filter_target *target)
{
    struct pf_result result = {.filter = PF_FILTER_COUNT};
    run(input, target, input->question->active & ~input->question->by_topology, &result);
    result.could =
        result.filter == PF_FILTER_COUNT || run_could(input, target, input->question->active);
    return result;
}

static void fill_memo(const struct pf_filter_input *input, struct pf_filter_target *target,
                      struct pf_memo *memo)
{
    struct pf_result result = {.filter = PF_FILTER_COUNT};
    const unsigned filters = input->question->active & input->question->by_shape;
    target->name_seen = false;
    run(input, target, filters, &result);
    const bool could = result.filter == PF_FILTER_COUNT || run_could(input, target, filters);
    *memo = (struct pf_memo){
        .generation = target->shape->generation,
        .key = result.key,
        .value = result.value,
        .state = target->name_seen ? PF_MEMO_BY_NODE : PF_MEMO_SHAPE,
        .filter = result.filter & 0x3fU,
        .code = result.code & 0x3U,
        .could = could,
    };
}

struct pf_result pf_evaluate_as_used(const struct pf_filter_input *input, uint32_t slot)
{
    struct pf_filter_target target = {
        .slot = slot,
        .shape = pf_model_shape(input->model, input->columns->shape[slot]),
    };
    return evaluate_all(input, &target);
}

/* With the pods that are nominated to the node. @return does it pass? (also when no such pod counts, or when evaluation->code was set) */
static bool passes_with_nominated(struct pf_evaluation *evaluation, uint32_t slot,
                                  struct pf_result *result)
{
    struct pf_filter_input input = evaluation->input;
    bool any = false;
    evaluation->code = pf_dry_run_nominated(input.dry_run, &input, slot, &any);
    if (evaluation->code != PF_OK || !any) {
        return true;
    }
    input.used = &input.dry_run->trial.used;
    const struct pf_result with = pf_evaluate_as_used(&input, slot);
    if (with.filter == PF_FILTER_COUNT) {
        return true;
    }
    *result = with;
    return false;
}

bool pf_evaluate_node(struct pf_evaluation *evaluation, uint32_t slot, struct pf_result *ret_result)
{
    const struct pf_filter_input *input = &evaluation->input;
    const uint32_t shape = input->columns->shape[slot];
    if (shape == PF_SHAPE_NONE) {
        return false;
    }
    if (pf_model_nominated(input->model, slot) != 0 &&
        !passes_with_nominated(evaluation, slot, ret_result)) {
        return true;
    }
    if (evaluation->code != PF_OK) {
        return false;
    }
    struct pf_filter_target target = {
        .slot = slot,
        .shape = pf_model_shape(input->model, shape),
    };
    if (input->question->by_name || shape >= evaluation->memo_count) {
        *ret_result = evaluate_all(input, &target);
        return true;
    }
    struct pf_memo *memo = &evaluation->memo[shape];
    if (memo->state == PF_MEMO_EMPTY || memo->generation != target.shape->generation) {
        fill_memo(input, &target, memo);
    }
    if (memo->state == PF_MEMO_BY_NODE) {
        *ret_result = evaluate_all(input, &target);
        return true;
    }
    const unsigned others = input->question->active & ~input->question->by_shape;
    const unsigned filters = others & ~input->question->by_topology;
    /* written in place: a copy of a struct whose bytes were just written stalls */
    ret_result->mask = 0;
    ret_result->key = memo->key;
    ret_result->value = memo->value;
    ret_result->filter = memo->filter;
    ret_result->code = memo->code;
    ret_result->outside = false;
    if (memo->filter == PF_FILTER_COUNT) {
        run(input, &target, filters, ret_result);
    }
    ret_result->could =
        ret_result->filter == PF_FILTER_COUNT || (memo->could && run_could(input, &target, others));
    return true;
}

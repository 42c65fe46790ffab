#include "evaluate.h"

#include "dry_run.h"

/* @return false, as it never passes */
static bool passes_broken(const struct pf_filter *filter, const struct pf_filter_input *input,
                          struct pf_filter_target *target, struct pf_result *result)
{
    if (filter->check_broken == NULL || filter->check_broken(input, target, result)) {
        result->code = PF_FIT_ERROR;
    }
    return false;
}

/* Filters to run on a node, those that look at the pods of all nodes left out. */
static unsigned filters_of(const struct pf_question *question)
{
    return (question->active & ~question->by_topology) | question->broken;
}

static void run(const struct pf_filter_input *input, struct pf_filter_target *target,
                unsigned filters, struct pf_result *result)
{
    for (unsigned left = filters; left != 0; left &= left - 1) {
        const unsigned i = (unsigned)__builtin_ctz(left);
        const struct pf_filter *filter = pf_filter_get((enum pf_filter_id)i);
        const bool is_broken = (input->question->broken >> i & 1) != 0;
        const bool passes = is_broken ? passes_broken(filter, input, target, result)
                                      : filter->check(input, target, result);
        if (!passes) {
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
    run(input, target, filters_of(input->question), &result);
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

/*
 * The first turn, with the pods that are nominated to the node. @param[out] ret_any  false: no such pod counts
 * @return does it pass? (also when none counts, or when evaluation->code was set)
 */
static bool passes_with_nominated(struct pf_evaluation *evaluation, uint32_t slot, bool *ret_any,
                                  struct pf_result *result)
{
    struct pf_filter_input input = evaluation->input;
    evaluation->code = pf_dry_run_nominated(input.dry_run, &input, slot, ret_any);
    if (evaluation->code != PF_OK || !*ret_any) {
        return true;
    }
    input.used = &input.dry_run->trial.used;
    struct pf_result with = pf_evaluate_as_used(&input, slot);
    if (with.filter == PF_FILTER_COUNT) {
        return true;
    }
    with.first_turn = pf_filter_is_behind_topology(with.filter);
    *result = with;
    return false;
}

static void evaluate_shared(struct pf_evaluation *evaluation, uint32_t slot, uint32_t shape,
                            struct pf_result *ret_result)
{
    const struct pf_filter_input *input = &evaluation->input;
    struct pf_filter_target target = {
        .slot = slot,
        .shape = pf_model_shape(input->model, shape),
    };
    if (input->question->by_name || shape >= evaluation->memo_count) {
        *ret_result = evaluate_all(input, &target);
        return;
    }
    struct pf_memo *memo = &evaluation->memo[shape];
    if (memo->state == PF_MEMO_EMPTY || memo->generation != target.shape->generation) {
        fill_memo(input, &target, memo);
    }
    if (memo->state == PF_MEMO_BY_NODE) {
        *ret_result = evaluate_all(input, &target);
        return;
    }
    const unsigned others = input->question->active & ~input->question->by_shape;
    const unsigned filters = filters_of(input->question) & ~input->question->by_shape;
    /* written in place: a copy of a struct whose bytes were just written stalls */
    ret_result->mask = 0;
    ret_result->key = memo->key;
    ret_result->value = memo->value;
    ret_result->filter = memo->filter;
    ret_result->code = memo->code;
    ret_result->outside = false;
    ret_result->first_turn = false;
    ret_result->unscorable = false;
    if (memo->filter == PF_FILTER_COUNT) {
        run(input, &target, filters, ret_result);
    }
    ret_result->could =
        ret_result->filter == PF_FILTER_COUNT || (memo->could && run_could(input, &target, others));
}

bool pf_evaluate_node(struct pf_evaluation *evaluation, uint32_t slot, struct pf_result *ret_result)
{
    const struct pf_filter_input *input = &evaluation->input;
    const uint32_t shape = input->columns->shape[slot];
    bool nominated = false;
    if (shape == PF_SHAPE_NONE) {
        return false;
    }
    if (pf_model_nominated(input->model, slot) != 0 &&
        !passes_with_nominated(evaluation, slot, &nominated, ret_result)) {
        return true;
    }
    if (evaluation->code != PF_OK) {
        return false;
    }
    evaluate_shared(evaluation, slot, shape, ret_result);
    if (nominated) {
        ret_result->first_turn = ret_result->filter < PF_FILTER_POD_TOPOLOGY_SPREAD;
    }
    return true;
}

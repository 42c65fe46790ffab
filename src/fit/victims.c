#include "victims.h"

#include "evaluate.h"
#include <podfit/mem.h>

void pf_victims_done(struct pf_victims *victims)
{
    free(victims->items);
    pf_budgets_done(&victims->budgets);
    *victims = (struct pf_victims){.items = NULL};
}

/* Pods of lower priority, terminating ones and protected ones included. */
static enum pf_code collect(struct pf_victims *victims, const struct pf_filter_input *input,
                            uint32_t slot)
{
    const void *cursor = NULL;
    struct pf_resident pod;
    victims->count = 0;
    if (pf_model_lowest_on(input->model, slot) >= input->priority) {
        return PF_OK;
    }
    while (pf_model_residents_next(input->model, slot, PF_RESIDENT_BOUND, &cursor, &pod)) {
        if (pod.priority >= input->priority) {
            continue;
        }
        if (!pf_mem_grow(&victims->items, &victims->cap, victims->count, sizeof(*victims->items))) {
            return PF_E_NO_MEMORY;
        }
        victims->items[victims->count] =
            (struct pf_victim){.pod = pod, .order = (uint32_t)victims->count};
        victims->count++;
    }
    return PF_OK;
}

/*
 * util.MoreImportantPod. Of equals the first on the node comes first, as an insertion sort leaves them; without start times, which kube-scheduler takes for the
 * present moment each time it asks, every pod is before the one it is compared with, which turns them round.
 */
static int compare_importance(const void *a, const void *b)
{
    const struct pf_victim *left = a;
    const struct pf_victim *right = b;
    if (left->pod.priority != right->pod.priority) {
        return left->pod.priority > right->pod.priority ? -1 : 1;
    }
    if (left->pod.start_s != right->pod.start_s) {
        return left->pod.start_s < right->pod.start_s ? -1 : 1;
    }
    const int order = (left->order > right->order) - (left->order < right->order);
    return left->pod.start_s == PF_START_UNKNOWN ? -order : order;
}

static enum pf_code remove_all(struct pf_victims *victims, const struct pf_filter_input *input,
                               const struct pf_topology *topology, uint32_t slot)
{
    struct pf_dry_run *run = input->dry_run;
    enum pf_code code =
        pf_dry_run_start(run, input->model, slot, /* by_topology= */ topology != NULL);
    for (size_t i = 0; i < victims->count && code == PF_OK; i++) {
        code = pf_dry_run_sub(run, &victims->items[i].pod);
    }
    victims->moves += victims->count;
    return code;
}

static enum pf_code sort_out(struct pf_victims *victims, const struct pf_model *model)
{
    enum pf_code code = PF_OK;
    qsort(victims->items, victims->count, sizeof(*victims->items), compare_importance);
    pf_budgets_reset(&victims->budgets);
    const bool any = pf_model_object_count(model, PF_KIND_BUDGET) != 0;
    for (size_t i = 0; any && i < victims->count && code == PF_OK; i++) {
        struct pf_victim *victim = &victims->items[i];
        code = pf_budgets_take(&victims->budgets, model, &victim->pod, &victim->violates);
    }
    return code;
}

/* Put victims back one by one as long as the pod still fits. */
static enum pf_code reprieve(struct pf_victims *victims, bool violating,
                             const struct pf_filter_input *input,
                             const struct pf_topology *topology, uint32_t slot)
{
    struct pf_dry_run *run = input->dry_run;
    enum pf_code code = PF_OK;
    for (size_t i = 0; i < victims->count && code == PF_OK; i++) {
        struct pf_victim *victim = &victims->items[i];
        if (victim->violates != violating) {
            continue;
        }
        struct pf_result result = {.filter = PF_FILTER_COUNT};
        victims->moves++;
        code = pf_dry_run_add(run, &victim->pod);
        if (code == PF_OK) {
            code = pf_dry_run_judge(run, input, topology, slot, &result);
        }
        victim->reprieved = result.filter == PF_FILTER_COUNT;
        if (code == PF_OK && !victim->reprieved) {
            code = pf_dry_run_sub(run, &victim->pod);
        }
    }
    return code;
}

static bool any_left(const struct pf_victims *victims)
{
    for (size_t i = 0; i < victims->count; i++) {
        if (!victims->items[i].reprieved) {
            return true;
        }
    }
    return false;
}

/* Does the pod ask for nothing but what nodes are summed up by, so that its victims need not be looked at one by one? */
static bool is_plain(const struct pf_filter_input *input, const struct pf_topology *topology,
                     uint32_t slot)
{
    const struct pf_question *question = input->question;
    return topology == NULL && question->request.scalar_count == 0 && question->port_count == 0 &&
           question->volumes == NULL && question->broken == 0 &&
           pf_model_nominated(input->model, slot) == 0;
}

/* The same result as after all victims were thought away one by one. */
static struct pf_result judge_without(const struct pf_filter_input *input, uint32_t slot,
                                      const struct pf_yield *yield)
{
    const struct pf_columns *columns = input->columns;
    struct pf_filter_input changed = *input;
    const struct pf_used used = {
        .milli_cpu =
            (int64_t)((uint64_t)columns->used_milli_cpu[slot] - (uint64_t)yield->milli_cpu),
        .memory = (int64_t)((uint64_t)columns->used_memory[slot] - (uint64_t)yield->memory),
        .ephemeral_storage = (int64_t)((uint64_t)columns->used_ephemeral_storage[slot] -
                                       (uint64_t)yield->ephemeral_storage),
        .pods = columns->used_pods[slot] - yield->pods,
    };
    changed.used = &used;
    return pf_evaluate_as_used(&changed, slot);
}

/* Is it decided by sums? @param[out] ret_outcome  PF_VICTIMS_NONE or PF_VICTIMS_VAIN, when it is */
static bool decide_by_sums(struct pf_victims *victims, const struct pf_filter_input *input,
                           const struct pf_topology *topology, uint32_t slot,
                           enum pf_victims_outcome *ret_outcome, struct pf_result *ret_result)
{
    if (!is_plain(input, topology, slot)) {
        return false;
    }
    const struct pf_yield yield = pf_model_yield(input->model, slot, input->priority);
    victims->count = yield.pods;
    if (yield.pods == 0) {
        *ret_outcome = PF_VICTIMS_NONE;
        return true;
    }
    const struct pf_result result = judge_without(input, slot, &yield);
    if (result.filter == PF_FILTER_COUNT) {
        return false;
    }
    victims->moves++;
    *ret_outcome = PF_VICTIMS_VAIN;
    *ret_result = result;
    return true;
}

enum pf_code pf_victims_find(struct pf_victims *victims, const struct pf_filter_input *input,
                             const struct pf_topology *topology, uint32_t slot,
                             enum pf_victims_outcome *ret_outcome, struct pf_result *ret_result)
{
    struct pf_result result = {.filter = PF_FILTER_COUNT};
    if (decide_by_sums(victims, input, topology, slot, ret_outcome, ret_result)) {
        return PF_OK;
    }
    enum pf_code code = collect(victims, input, slot);
    if (code != PF_OK || victims->count == 0) {
        *ret_outcome = PF_VICTIMS_NONE;
        return code;
    }
    code = remove_all(victims, input, topology, slot);
    if (code == PF_OK) {
        code = pf_dry_run_judge(input->dry_run, input, topology, slot, &result);
    }
    if (code != PF_OK || result.filter != PF_FILTER_COUNT) {
        *ret_outcome = PF_VICTIMS_VAIN;
        *ret_result = result;
        return code;
    }
    code = sort_out(victims, input->model);
    if (code == PF_OK) {
        code = reprieve(victims, /* violating= */ true, input, topology, slot);
    }
    if (code == PF_OK) {
        code = reprieve(victims, /* violating= */ false, input, topology, slot);
    }
    *ret_outcome = any_left(victims) ? PF_VICTIMS_FOUND : PF_VICTIMS_NONE;
    return code;
}

struct pf_victims_rank pf_victims_rank(const struct pf_victims *victims)
{
    struct pf_victims_rank rank = {.highest = INT64_MIN};
    for (size_t i = 0; i < victims->count; i++) {
        const struct pf_victim *victim = &victims->items[i];
        if (victim->reprieved) {
            continue;
        }
        rank.violations += victim->violates;
        rank.sum += (int64_t)victim->pod.priority + (INT64_C(1) << 31);
        rank.count++;
        if (rank.highest == INT64_MIN) {
            /* sorted: the first is the most important and, of those, the first that started */
            rank.highest = victim->pod.priority;
            rank.start_s = victim->pod.start_s;
        }
    }
    return rank;
}

bool pf_victims_better(const struct pf_victims_rank *a, const struct pf_victims_rank *b)
{
    const int64_t rows[][2] = {
        {a->violations, b->violations}, {a->highest, b->highest}, {a->sum, b->sum},
        {a->count, b->count},           {b->start_s, a->start_s},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if (rows[i][0] != rows[i][1]) {
            return rows[i][0] < rows[i][1];
        }
    }
    return false;
}

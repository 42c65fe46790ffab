#include "scan.h"

#include "dry_run.h"
#include "evaluate.h"
#include "score.h"

struct walk {
    struct pf_evaluation evaluation;
    struct pf_scan scan;
    int best_score;
};

static enum pf_code record(struct walk *walk, uint32_t slot, const struct pf_result *result)
{
    uint32_t id = 0;
    const enum pf_code code = pf_outcomes_add(&walk->scan.outcomes, result, 1, &id);
    if (code == PF_OK && walk->scan.ids != NULL) {
        walk->scan.ids[slot] = id;
    }
    return code;
}

/* Count the pods of every node, for the filters that look at them. */
static enum pf_code count_pods(struct walk *walk)
{
    const struct pf_filter_input *input = &walk->evaluation.input;
    struct pf_topology *topology = &walk->scan.topology;
    enum pf_code code = pf_topology_init(topology, input->question->plan);
    if (code == PF_OK) {
        code = pf_topology_reserve(topology, input);
    }
    for (uint32_t i = 0; i < input->columns->count && code == PF_OK; i++) {
        code = pf_topology_update(topology, input, i);
    }
    if (code == PF_OK) {
        pf_topology_finish(topology);
    }
    return code;
}

static enum pf_code check_topology(struct walk *walk, uint32_t slot, struct pf_result *result)
{
    const struct pf_topology *topology = &walk->scan.topology;
    const struct pf_filter_input *input = &walk->evaluation.input;
    enum pf_topology_fault fault = PF_TOPOLOGY_PASSES;
    const enum pf_code code =
        pf_dry_run_topology(topology, input, slot, result->first_turn, &fault);
    if (fault != PF_TOPOLOGY_PASSES) {
        result->could = result->could && pf_topology_could(topology, input->question->active, slot);
        pf_topology_blame(fault, result);
    }
    return code;
}

static enum pf_code visit_node(struct walk *walk, uint32_t slot)
{
    struct pf_result result;
    if (!pf_evaluate_node(&walk->evaluation, slot, &result)) {
        return walk->evaluation.code;
    }
    if (walk->scan.topology.plan != NULL && pf_dry_run_is_open(&result)) {
        const enum pf_code code = check_topology(walk, slot, &result);
        if (code != PF_OK) {
            return code;
        }
    }
    if (result.filter == PF_FILTER_COUNT) {
        bool valid = true;
        const int score = pf_score_plain(&walk->evaluation.input, slot, &valid);
        result.unscorable = !valid;
        walk->scan.values[slot] = (uint8_t)(score + 1);
        if (score > walk->best_score || (score == walk->best_score && slot < walk->scan.best)) {
            walk->best_score = score;
            walk->scan.best = slot;
        }
    }
    return record(walk, slot, &result);
}

static enum pf_code visit_all(struct walk *walk)
{
    enum pf_code code = PF_OK;
    for (uint32_t i = 0; i < walk->evaluation.input.columns->count && code == PF_OK; i++) {
        code = visit_node(walk, i);
    }
    return code;
}

/* Every node gets the same result without being asked. */
static enum pf_code assign_all(struct walk *walk, const struct pf_result *result)
{
    const struct pf_columns *columns = walk->evaluation.input.columns;
    enum pf_code code = PF_OK;
    for (uint32_t i = 0; i < columns->count && code == PF_OK; i++) {
        if (columns->shape[i] != PF_SHAPE_NONE) {
            code = record(walk, i, result);
        }
    }
    return code;
}

static int compare_to_name(const struct walk *walk, uint32_t slot, struct pf_sv name)
{
    const struct pf_filter_input *input = &walk->evaluation.input;
    return pf_sv_cmp(pf_intern_text(input->strings, input->columns->name[slot]), name);
}

static uint32_t find_node(const struct walk *walk, const uint32_t *by_name, uint32_t count,
                          struct pf_sv name)
{
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (compare_to_name(walk, by_name[middle], name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == count || compare_to_name(walk, by_name[low], name) != 0) {
        return PF_NODE_NONE;
    }
    return by_name[low];
}

/* Nodes outside of the names that PreFilter left in: UU, and no wait can help (scheduler-fit 1.2). */
static const struct pf_result left_out = {
    .filter = PF_FILTER_NODE_AFFINITY,
    .code = PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE,
    .outside = true,
};

static enum pf_code visit_named(struct walk *walk, const uint32_t *by_name, uint32_t count)
{
    const struct pf_question *question = walk->evaluation.input.question;
    uint32_t inside = 0;
    enum pf_code code = PF_OK;
    for (size_t i = 0; i < question->name_count && code == PF_OK; i++) {
        const uint32_t slot = find_node(walk, by_name, count, question->names[i]);
        if (slot != PF_NODE_NONE) {
            inside++;
            code = visit_node(walk, slot);
        }
    }
    uint32_t id = 0;
    if (code == PF_OK && count > inside) {
        code = pf_outcomes_add(&walk->scan.outcomes, &left_out, count - inside, &id);
    }
    return code;
}

/* For an explanation: each slot needs its id, so the names are merged with the nodes in name order. */
static enum pf_code visit_merged(struct walk *walk, const uint32_t *by_name, uint32_t count)
{
    const struct pf_question *question = walk->evaluation.input.question;
    size_t name = 0;
    enum pf_code code = PF_OK;
    for (uint32_t i = 0; i < count && code == PF_OK; i++) {
        while (name < question->name_count &&
               compare_to_name(walk, by_name[i], question->names[name]) > 0) {
            name++;
        }
        const bool inside = name < question->name_count &&
                            compare_to_name(walk, by_name[i], question->names[name]) == 0;
        code = inside ? visit_node(walk, by_name[i]) : record(walk, by_name[i], &left_out);
    }
    return code;
}

static enum pf_code visit(struct walk *walk, struct pf_model *model)
{
    const struct pf_question *question = walk->evaluation.input.question;
    if (question->rejection != NULL) {
        const struct pf_result rejected = {
            .filter = (uint8_t)question->rejected_by,
            .code = PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE,
            .could = question->rejection_could,
        };
        return assign_all(walk, &rejected);
    }
    if (!question->narrowed) {
        return visit_all(walk);
    }
    uint32_t count = 0;
    const uint32_t *by_name = pf_model_nodes_by_name(model, &count);
    if (by_name == NULL) {
        return PF_E_NO_MEMORY;
    }
    return walk->scan.ids != NULL ? visit_merged(walk, by_name, count)
                                  : visit_named(walk, by_name, count);
}

enum pf_code pf_scan_run(struct pf_model *model, const struct pf_filter_input *input, bool want_ids,
                         struct pf_arena *arena, struct pf_scan *ret_scan)
{
    struct walk walk = {
        .evaluation = {.input = *input},
        .scan = {.best = PF_NODE_NONE},
        .best_score = -1,
    };
    if (!input->question->by_name) {
        walk.evaluation.memo_count = pf_model_shape_count(model);
        walk.evaluation.memo =
            pf_arena_calloc(arena, walk.evaluation.memo_count, sizeof(*walk.evaluation.memo));
        if (walk.evaluation.memo == NULL) {
            return PF_E_NO_MEMORY;
        }
    }
    walk.scan.values = pf_arena_calloc(arena, input->columns->count, sizeof(*walk.scan.values));
    if (walk.scan.values == NULL) {
        return PF_E_NO_MEMORY;
    }
    if (want_ids) {
        walk.scan.ids = pf_arena_calloc(arena, input->columns->count, sizeof(*walk.scan.ids));
        if (walk.scan.ids == NULL) {
            return PF_E_NO_MEMORY;
        }
    }
    enum pf_code code = input->question->plan != NULL ? count_pods(&walk) : PF_OK;
    if (code == PF_OK) {
        code = visit(&walk, model);
    }
    if (code != PF_OK) {
        pf_outcomes_done(&walk.scan.outcomes);
        pf_topology_done(&walk.scan.topology);
        return code;
    }
    *ret_scan = walk.scan;
    return PF_OK;
}

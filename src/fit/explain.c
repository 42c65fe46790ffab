#include "binding.h"
#include "engine.h"
#include "message.h"
#include <podfit/reservation.h>

/* Left out by NodeAffinity's PreFilter: kube-scheduler names no filter for such a node. */
#define PREFILTER "prefilter"

/* What nodes of one outcome have in common. */
struct rendered {
    struct pf_sv *reasons;
    size_t reason_count;
    struct pf_sv binding;
};

/* Slots of all nodes that fit, by constraint, and which constraints the pod has. */
struct totals {
    struct pf_room_slots sums;
    unsigned constraints[PF_ROOM_PORTS + 1];
    size_t constraint_count;
};

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static struct rendered *render_outcomes(const struct pf_answer *answer, struct pf_arena *arena)
{
    struct rendered *rendered = pf_arena_calloc(arena, answer->outcomes->count, sizeof(*rendered));
    for (uint32_t i = 0; rendered != NULL && i < answer->outcomes->count; i++) {
        const struct pf_result *result = &answer->outcomes->items[i].result;
        if (pf_message_reasons(&answer->input, result, arena, &rendered[i].reasons,
                               &rendered[i].reason_count) != PF_OK ||
            pf_binding_of_result(&answer->input, result, arena, &rendered[i].binding) != PF_OK) {
            return NULL;
        }
    }
    return rendered;
}

static const char *plugin_of(const struct pf_result *result)
{
    if (result->filter == PF_FILTER_COUNT) {
        return NULL;
    }
    return result->outside ? PREFILTER : pf_filter_name((enum pf_filter_id)result->filter);
}

/* Slots by constraint: of a node that fits, or where only resources are short. @return false: no memory */
static bool fill_constraints(struct pf_fit_node *node, const struct pf_room_slots *slots,
                             const struct totals *totals, struct pf_arena *arena)
{
    uint64_t *room = pf_arena_calloc(arena, totals->constraint_count, sizeof(*room));
    for (size_t i = 0; room != NULL && i < totals->constraint_count; i++) {
        room[i] = slots->by[totals->constraints[i]];
    }
    node->room = room;
    return room != NULL;
}

/* Room that is left on a node that fits. @return false: no memory */
static bool fill_room(const struct pf_answer *answer, struct pf_room_slots slots,
                      struct pf_fit_node *node, struct totals *totals, struct pf_arena *arena)
{
    if (answer->topology != NULL) {
        const uint64_t room =
            pf_topology_room(answer->topology, answer->question.active, node->slot);
        slots.slots = room < slots.slots ? room : slots.slots;
    }
    node->slots = slots.slots;
    for (size_t i = 0; i < PF_ARRAY_LEN(slots.by); i++) {
        totals->sums.by[i] = add_saturating(totals->sums.by[i], slots.by[i]);
    }
    totals->sums.slots = add_saturating(totals->sums.slots, slots.slots);
    struct pf_sv binding = {0};
    if (pf_binding_of_slots(&answer->input, &slots, arena, &binding) != PF_OK) {
        return false;
    }
    node->binding = binding.ptr != NULL ? binding.ptr : "";
    return true;
}

static bool fill_node(const struct pf_answer *answer, const struct rendered *rendered,
                      struct totals *totals, struct pf_arena *arena, struct pf_fit_node *node)
{
    const uint32_t id = answer->scan.ids[node->slot];
    const struct pf_result *result = &answer->outcomes->items[id].result;
    const struct pf_sv name =
        pf_intern_text(answer->input.strings, answer->input.columns->name[node->slot]);
    if (!pf_arena_dup_sv(arena, name, &node->name)) {
        return false;
    }
    node->fits = result->filter == PF_FILTER_COUNT;
    node->could = result->could;
    node->plugin = plugin_of(result);
    node->code = (enum pf_fit_code)result->code;
    if (node->fits || result->filter == PF_FILTER_NODE_RESOURCES_FIT) {
        struct pf_room_slots slots;
        if (!pf_room_count_nominated(&answer->input, node->slot, &slots) ||
            !fill_constraints(node, &slots, totals, arena)) {
            return false;
        }
        if (node->fits) {
            return fill_room(answer, slots, node, totals, arena);
        }
    }
    node->reasons = rendered[id].reasons;
    node->reason_count = rendered[id].reason_count;
    node->binding = rendered[id].binding.ptr;
    return true;
}

/* The constraints are the question's, whatever the node. @return false: no memory */
static bool name_constraints(const struct pf_answer *answer, uint32_t slot, struct totals *totals,
                             struct pf_arena *arena, struct pf_explanation *explanation)
{
    struct pf_room_slots slots;
    pf_room_count(&answer->input, slot, &slots);
    struct pf_sv *names = pf_arena_calloc(arena, PF_ARRAY_LEN(slots.by), sizeof(*names));
    for (unsigned i = 0; names != NULL && i < PF_ARRAY_LEN(slots.by); i++) {
        if (slots.by[i] == UINT64_MAX) {
            continue;
        }
        const size_t at = totals->constraint_count++;
        totals->constraints[at] = i;
        if (pf_binding_name(&answer->input, i, arena, &names[at]) != PF_OK) {
            return false;
        }
    }
    explanation->constraints = names;
    explanation->constraint_count = totals->constraint_count;
    return names != NULL;
}

static enum pf_code fill_nodes(struct pf_fit *fit, struct pf_answer *answer, struct pf_arena *arena,
                               struct pf_explanation *explanation)
{
    uint32_t count = 0;
    const uint32_t *by_name = pf_model_nodes_by_name(fit->model, &count);
    struct pf_fit_node *nodes = pf_arena_calloc(arena, count, sizeof(*nodes));
    const struct rendered *rendered = render_outcomes(answer, arena);
    if (by_name == NULL || nodes == NULL || rendered == NULL) {
        return PF_E_NO_MEMORY;
    }
    struct totals totals = {.sums = {.slots = 0}};
    if (count != 0 && !name_constraints(answer, by_name[0], &totals, arena, explanation)) {
        return PF_E_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        nodes[i].slot = by_name[i];
        if (!fill_node(answer, rendered, &totals, arena, &nodes[i])) {
            return PF_E_NO_MEMORY;
        }
    }
    explanation->nodes = nodes;
    explanation->node_count = count;
    explanation->slots = totals.sums.slots;
    if (answer->judgement.verdict == PF_VERDICT_FITS && answer->judgement.preemption == NULL) {
        return pf_binding_of_slots(&answer->input, &totals.sums, arena, &answer->judgement.binding);
    }
    return PF_OK;
}

enum pf_code pf_fit_explain_ask(struct pf_fit *fit, const struct pf_fit_ask *ask,
                                struct pf_arena *arena, struct pf_explanation *ret_explanation,
                                struct pf_err *err)
{
    (void)pf_reservation_expire(fit->model); /* how many ran out does not matter here */
    pf_autoanswer struct pf_answer answer = {.outcomes = NULL};
    enum pf_code code = pf_answer_find(fit, ask->pod, PF_ANSWER_SCANNED, arena, &answer, err);
    if (code != PF_OK) {
        return code;
    }
    struct pf_explanation explanation = {.node_count = 0};
    if (!ask->ignore_preemption) {
        code = pf_preemption_find(fit, &answer, arena);
    }
    code = code == PF_OK ? pf_answer_assume(&answer, arena) : code;
    if (code == PF_OK && answer.outcomes != NULL &&
        answer.judgement.verdict != PF_VERDICT_UNKNOWN) {
        code = fill_nodes(fit, &answer, arena, &explanation);
    }
    if (code == PF_OK) {
        code = pf_answer_compose(&answer, arena);
    }
    if (code != PF_OK) {
        return pf_err_set(err, code, "no memory to explain the judgement");
    }
    explanation.judgement = answer.judgement;
    *ret_explanation = explanation;
    return PF_OK;
}

enum pf_code pf_fit_explain(struct pf_fit *fit, const struct pf_pod *pod, struct pf_arena *arena,
                            struct pf_explanation *ret_explanation, struct pf_err *err)
{
    const struct pf_fit_ask ask = {.pod = pod};
    return pf_fit_explain_ask(fit, &ask, arena, ret_explanation, err);
}

#include "hints_internal.h"

/* Different taints and labels that are compared, and how many are tried. */
#define CANDIDATES_MAX 64
#define TRIALS_MAX     12

struct candidate {
    enum pf_hint_rule rule;
    struct pf_shape_taint taint; /* PF_HINT_TOLERATION */
    size_t label;                /* PF_HINT_NODE_SELECTOR: index */
    uint32_t nodes;              /* it excludes */
};

struct candidates {
    struct candidate items[CANDIDATES_MAX];
    size_t count;
};

static void add_taint(struct candidates *candidates, const struct pf_shape_taint *taint,
                      uint32_t nodes)
{
    for (size_t i = 0; i < candidates->count; i++) {
        struct candidate *known = &candidates->items[i];
        if (known->taint.key == taint->key && known->taint.value == taint->value &&
            known->taint.effect == taint->effect) {
            known->nodes += nodes;
            return;
        }
    }
    if (candidates->count < CANDIDATES_MAX) {
        candidates->items[candidates->count++] =
            (struct candidate){.rule = PF_HINT_TOLERATION, .taint = *taint, .nodes = nodes};
    }
}

static bool excludes(const struct pf_hints_search *search, const struct pf_shape_taint *taint)
{
    const struct pf_intern *strings = pf_model_strings(search->fit->model);
    const struct pf_sv effect = pf_intern_text(strings, taint->effect);
    return (pf_sv_eq_cstr(effect, "NoSchedule") || pf_sv_eq_cstr(effect, "NoExecute")) &&
           !pf_pod_tolerates(search->pod, pf_intern_text(strings, taint->key),
                             pf_intern_text(strings, taint->value), effect,
                             &search->fit->profile->options.features);
}

static void collect_taints(const struct pf_hints_search *search, struct candidates *candidates)
{
    const struct pf_model *model = search->fit->model;
    for (uint32_t id = 0; id < pf_model_shape_count(model); id++) {
        const struct pf_shape *shape = pf_model_shape(model, id);
        for (size_t i = 0; shape->nodes != 0 && i < shape->taint_count; i++) {
            if (excludes(search, &shape->taints[i])) {
                add_taint(candidates, &shape->taints[i], shape->nodes);
            }
        }
    }
}

static bool shape_has(const struct pf_shape *shape, uint32_t key, uint32_t value)
{
    for (size_t i = 0; i < shape->label_count; i++) {
        if (shape->labels[i].key == key) {
            return shape->labels[i].value == value;
        }
    }
    return false;
}

/* Nodes without the label, by shape; a label with the node's own name as value excludes all but one. */
static uint32_t count_without(const struct pf_model *model, const struct pf_label *label)
{
    const struct pf_intern *strings = pf_model_strings(model);
    const uint32_t key = pf_intern_find(strings, label->key);
    const uint32_t value = pf_intern_find(strings, label->value);
    uint32_t nodes = 0;
    for (uint32_t id = 0; id < pf_model_shape_count(model); id++) {
        const struct pf_shape *shape = pf_model_shape(model, id);
        if (key == PF_INTERN_NONE || value == PF_INTERN_NONE || !shape_has(shape, key, value)) {
            nodes += shape->nodes;
        }
    }
    return nodes;
}

/* Nodes that the affinity (or nodeSelector) of the pod excludes. */
static uint32_t count_by_affinity(const struct pf_answer *own)
{
    uint32_t nodes = 0;
    for (uint32_t i = 0; i < own->outcomes->count; i++) {
        const struct pf_outcome *outcome = &own->outcomes->items[i];
        nodes += outcome->result.filter == PF_FILTER_NODE_AFFINITY ? outcome->nodes : 0;
    }
    return nodes;
}

static void collect_labels(const struct pf_hints_search *search, const struct pf_answer *own,
                           struct candidates *candidates)
{
    const struct pf_pod *pod = search->pod;
    for (size_t i = 0; i < pod->node_selector.count && candidates->count < CANDIDATES_MAX; i++) {
        const uint32_t nodes = count_without(search->fit->model, &pod->node_selector.items[i]);
        if (nodes != 0) {
            candidates->items[candidates->count++] = (struct candidate){
                .rule = PF_HINT_NODE_SELECTOR,
                .taint = {.key = PF_INTERN_NONE},
                .label = i,
                .nodes = nodes,
            };
        }
    }
    if (pod->node_affinity.present && candidates->count < CANDIDATES_MAX) {
        candidates->items[candidates->count++] =
            (struct candidate){.rule = PF_HINT_NODE_AFFINITY,
                               .taint = {.key = PF_INTERN_NONE},
                               .nodes = count_by_affinity(own)};
    }
}

static int compare(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    return (x->nodes < y->nodes) - (x->nodes > y->nodes);
}

/* @return false: no memory */
static bool add_toleration(struct pf_hints_search *search, const struct candidate *candidate,
                           struct pf_pod *pod)
{
    const struct pf_intern *strings = pf_model_strings(search->fit->model);
    struct pf_toleration *more =
        pf_arena_calloc(&search->trial, pod->toleration_count + 1, sizeof(*more));
    if (more == NULL) {
        return false;
    }
    for (size_t i = 0; i < pod->toleration_count; i++) {
        more[i] = pod->tolerations[i];
    }
    more[pod->toleration_count] = (struct pf_toleration){
        .key = pf_intern_text(strings, candidate->taint.key),
        .value = pf_intern_text(strings, candidate->taint.value),
        .effect = pf_intern_text(strings, candidate->taint.effect),
        .operator_ = PF_TOLERATION_EQUAL,
    };
    pod->tolerations = more;
    pod->toleration_count++;
    return true;
}

/* @return false: no memory */
static bool drop_label(struct pf_hints_search *search, size_t label, struct pf_pod *pod)
{
    struct pf_label *fewer =
        pf_arena_calloc(&search->trial, pod->node_selector.count, sizeof(*fewer));
    if (fewer == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < pod->node_selector.count; i++) {
        if (i != label) {
            fewer[count++] = pod->node_selector.items[i];
        }
    }
    pod->node_selector = (struct pf_labels){.items = fewer, .count = count};
    return true;
}

static bool change(struct pf_hints_search *search, const struct candidate *candidate,
                   struct pf_pod *pod)
{
    switch (candidate->rule) {
    case PF_HINT_TOLERATION:
        return add_toleration(search, candidate, pod);
    case PF_HINT_NODE_SELECTOR:
        return drop_label(search, candidate->label, pod);
    case PF_HINT_NODE_AFFINITY:
        pod->node_affinity = (struct pf_node_selector){.present = false};
        break;
    }
    return true;
}

static const char *text_of(struct pf_hints_search *search, const struct candidate *candidate)
{
    const struct pf_intern *strings = pf_model_strings(search->fit->model);
    if (candidate->rule == PF_HINT_TOLERATION) {
        const struct pf_sv key = pf_intern_text(strings, candidate->taint.key);
        const struct pf_sv value = pf_intern_text(strings, candidate->taint.value);
        const struct pf_sv effect = pf_intern_text(strings, candidate->taint.effect);
        return pf_arena_printf(search->arena, "%.*s%s%.*s:%.*s", PF_SV_ARG(key),
                               value.len != 0 ? "=" : "", PF_SV_ARG(value), PF_SV_ARG(effect));
    }
    if (candidate->rule == PF_HINT_NODE_SELECTOR) {
        const struct pf_label *label = &search->pod->node_selector.items[candidate->label];
        return pf_arena_printf(search->arena, "%.*s=%.*s", PF_SV_ARG(label->key),
                               PF_SV_ARG(label->value));
    }
    return "requiredDuringSchedulingIgnoredDuringExecution";
}

static enum pf_code keep(struct pf_hints_search *search, const struct candidate *candidate,
                         uint32_t fits)
{
    const char *text = text_of(search, candidate);
    struct pf_fit_hints *hints = search->hints;
    if (text == NULL) {
        return PF_E_NO_MEMORY;
    }
    hints->has_rule = true;
    hints->rule = candidate->rule;
    hints->rule_text = pf_sv_from(text);
    hints->rule_nodes = candidate->nodes;
    hints->rule_fits = fits;
    return PF_OK;
}

enum pf_code pf_hints_rules_find(struct pf_hints_search *search, const struct pf_answer *own)
{
    struct candidates candidates = {.count = 0};
    collect_taints(search, &candidates);
    collect_labels(search, own, &candidates);
    qsort(candidates.items, candidates.count, sizeof(candidates.items[0]), compare);
    const size_t trials = candidates.count < TRIALS_MAX ? candidates.count : TRIALS_MAX;
    for (size_t i = 0; i < trials; i++) {
        pf_autoanswer struct pf_answer answer = {.outcomes = NULL};
        struct pf_pod pod = *search->pod;
        pf_arena_reset(&search->trial);
        enum pf_code code = change(search, &candidates.items[i], &pod)
                                ? pf_hints_try(search, &pod, &answer)
                                : PF_E_NO_MEMORY;
        if (code != PF_OK) {
            return code;
        }
        if (answer.outcomes != NULL && answer.judgement.nodes_fit != 0) {
            return keep(search, &candidates.items[i], answer.judgement.nodes_fit);
        }
    }
    return PF_OK;
}

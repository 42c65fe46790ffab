#include "topology.h"

/* First minor in which a namespaceSelector of the pod itself is also tried against no labels (kubernetes issue 141526; 1.33 is right). */
#define FIRST_LEAKY_MINOR 34

static bool runs(const struct pf_question *question, enum pf_filter_id filter)
{
    return (question->active & 1U << filter) != 0;
}

static void count_selector(const struct pf_label_selector *selector, struct pf_topology_plan *sizes)
{
    sizes->requirement_count += (uint32_t)selector->requirement_count;
    for (size_t i = 0; i < selector->requirement_count; i++) {
        sizes->id_count += (uint32_t)selector->requirements[i].value_count;
    }
}

static void count_terms(const struct pf_pod_terms *terms, struct pf_topology_plan *sizes)
{
    for (size_t i = 0; i < terms->count; i++) {
        count_selector(&terms->items[i].selector, sizes);
        sizes->id_count += (uint32_t)terms->items[i].namespace_count + 1;
    }
}

static struct pf_topology_plan measure(const struct pf_question *question, uint32_t existing_count)
{
    const struct pf_pod *pod = question->pod;
    struct pf_topology_plan sizes = {.existing_count = existing_count};
    for (size_t i = 0; runs(question, PF_FILTER_POD_TOPOLOGY_SPREAD) && i < pod->spread_count;
         i++) {
        if (pod->spreads[i].do_not_schedule) {
            sizes.spread_count++;
            count_selector(&pod->spreads[i].selector, &sizes);
        }
    }
    if (runs(question, PF_FILTER_INTER_POD_AFFINITY)) {
        sizes.affinity_count = (uint32_t)pod->terms[PF_TERMS_AFFINITY].count;
        sizes.anti_count = (uint32_t)pod->terms[PF_TERMS_ANTI_AFFINITY].count;
        count_terms(&pod->terms[PF_TERMS_AFFINITY], &sizes);
        count_terms(&pod->terms[PF_TERMS_ANTI_AFFINITY], &sizes);
    }
    return sizes;
}

static bool allocate(struct pf_topology_plan *plan, struct pf_arena *arena)
{
    const size_t own = (size_t)plan->spread_count + plan->affinity_count + plan->anti_count;
    const size_t most = own + plan->existing_count;
    plan->keys = pf_arena_calloc(arena, most, sizeof(*plan->keys));
    plan->key_ids = pf_arena_calloc(arena, most, sizeof(*plan->key_ids));
    plan->counter_axis = pf_arena_calloc(arena, most, sizeof(*plan->counter_axis));
    plan->spreads = pf_arena_calloc(arena, plan->spread_count, sizeof(*plan->spreads));
    plan->terms = pf_arena_calloc(arena, (size_t)plan->affinity_count + plan->anti_count,
                                  sizeof(*plan->terms));
    plan->requirements =
        pf_arena_calloc(arena, plan->requirement_count, sizeof(*plan->requirements));
    plan->ids = pf_arena_calloc(arena, plan->id_count, sizeof(*plan->ids));
    return plan->keys != NULL && plan->key_ids != NULL && plan->counter_axis != NULL &&
           plan->spreads != NULL && plan->terms != NULL && plan->requirements != NULL &&
           plan->ids != NULL;
}

static uint32_t axis_of(struct pf_topology_plan *plan, struct pf_sv key)
{
    for (uint32_t i = 0; i < plan->axis_count; i++) {
        if (pf_sv_eq(plan->keys[i], key)) {
            return i;
        }
    }
    plan->keys[plan->axis_count] = key;
    return plan->axis_count++;
}

static uint32_t add_counter(struct pf_topology_plan *plan, uint32_t axis, uint64_t *mask)
{
    const uint32_t counter = plan->counter_count++;
    plan->counter_axis[counter] = axis;
    *mask |= counter < PF_FIT_TOPOLOGY_MAX ? UINT64_C(1) << counter : 0;
    return counter;
}

/* The counter of an axis among those of the mask, made when there is none. */
static uint32_t counter_of(struct pf_topology_plan *plan, uint32_t axis, uint64_t *mask)
{
    for (uint32_t i = 0; i < plan->counter_count && i < PF_FIT_TOPOLOGY_MAX; i++) {
        if ((*mask >> i & 1) != 0 && plan->counter_axis[i] == axis) {
            return i;
        }
    }
    return add_counter(plan, axis, mask);
}

/* Layout of a selector; the ids are found by pf_topology_plan_resolve(). */
static void add_selector(struct pf_topology_plan *plan, const struct pf_label_selector *from,
                         struct pf_id_selector *ret_selector)
{
    *ret_selector = (struct pf_id_selector){.present = from->present ? 1 : 0,
                                            .first = plan->requirement_count,
                                            .count = (uint32_t)from->requirement_count};
    for (size_t i = 0; i < from->requirement_count; i++) {
        plan->requirements[plan->requirement_count++] =
            (struct pf_id_requirement){.operator_ = (uint32_t)from->requirements[i].operator_,
                                       .first = plan->id_count,
                                       .count = (uint32_t)from->requirements[i].value_count};
        plan->id_count += (uint32_t)from->requirements[i].value_count;
    }
}

static void add_spreads(struct pf_topology_plan *plan, const struct pf_pod *pod)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < pod->spread_count && plan->spread_count != 0; i++) {
        const struct pf_spread *text = &pod->spreads[i];
        if (!text->do_not_schedule) {
            continue;
        }
        const uint32_t axis = axis_of(plan, text->topology_key);
        struct pf_topology_plan_spread *spread = &plan->spreads[add_counter(plan, axis, &mask)];
        *spread = (struct pf_topology_plan_spread){
            .text = text,
            .axis = axis,
            .counts = text->selector.present && text->selector.requirement_count != 0,
            .self = pf_label_selector_matches(&text->selector, &pod->meta.labels)};
        add_selector(plan, &text->selector, &spread->selector);
    }
}

static void add_term(struct pf_topology_plan *plan, const struct pf_pod_term *text, uint64_t *mask,
                     struct pf_topology_plan_term *term)
{
    const struct pf_labels none = {.count = 0};
    const uint32_t axis = axis_of(plan, text->topology_key);
    *term = (struct pf_topology_plan_term){
        .text = text,
        .axis = axis,
        .counter = counter_of(plan, axis, mask),
        .selects_empty = pf_label_selector_matches(&text->namespace_selector, &none)};
    add_selector(plan, &text->selector, &term->selector);
    term->space_first = plan->id_count;
    const bool own = text->namespace_count == 0 && !text->namespace_selector.present;
    term->space_count = own ? 1 : (uint32_t)text->namespace_count;
    plan->id_count += term->space_count;
    plan->by_namespace = plan->by_namespace || text->namespace_selector.requirement_count != 0;
}

/* AffinityTerm.Matches of the pod against itself, with no namespace labels as upstream calls it; 1.33 has put the names of the selected namespaces in. */
static bool own_term_matches(const struct pf_topology_plan *plan,
                             const struct pf_topology_plan_term *term, const struct pf_pod *pod,
                             const struct pf_labels *space_labels)
{
    const struct pf_pod_term *text = term->text;
    bool in_space = text->namespace_count == 0 && !text->namespace_selector.present;
    for (size_t i = 0; i < text->namespace_count && !in_space; i++) {
        in_space = pf_sv_eq(text->namespaces[i], plan->space);
    }
    if (!in_space && text->namespace_selector.present) {
        in_space = text->namespace_selector.requirement_count == 0 ||
                   (plan->leaky_namespace && term->selects_empty) ||
                   (space_labels != NULL &&
                    pf_label_selector_matches(&text->namespace_selector, space_labels));
    }
    return in_space && pf_label_selector_matches(&text->selector, &pod->meta.labels);
}

static bool is_full(const struct pf_topology_plan *plan)
{
    return plan->counter_count > PF_FIT_TOPOLOGY_MAX;
}

static void add_terms(struct pf_topology_plan *plan, const struct pf_pod *pod)
{
    const struct pf_pod_terms *affinity = &pod->terms[PF_TERMS_AFFINITY];
    const struct pf_pod_terms *anti = &pod->terms[PF_TERMS_ANTI_AFFINITY];
    for (uint32_t i = 0; i < plan->affinity_count && !is_full(plan); i++) {
        add_term(plan, &affinity->items[i], &plan->affinity_mask, &plan->terms[i]);
    }
    for (uint32_t i = 0; i < plan->anti_count && !is_full(plan); i++) {
        add_term(plan, &anti->items[i], &plan->anti_mask, &plan->terms[plan->affinity_count + i]);
    }
}

/* Axes of existing pods' terms are apart from those of the pod: their key ids are known already. */
static void add_existing(struct pf_topology_plan *plan)
{
    const uint32_t first = plan->axis_count;
    for (uint32_t i = 0; i < plan->existing_count && !is_full(plan); i++) {
        struct pf_topology_plan_existing *existing = &plan->existing[i];
        uint32_t axis = first;
        while (axis < plan->axis_count && plan->key_ids[axis] != existing->topology_key) {
            axis++;
        }
        if (axis == plan->axis_count) {
            plan->key_ids[plan->axis_count++] = existing->topology_key;
        }
        existing->counter = counter_of(plan, axis, &plan->existing_mask);
    }
}

enum pf_code pf_topology_plan_build(const struct pf_question *question,
                                    const struct pf_fit_options *options,
                                    struct pf_topology_plan_existing *existing,
                                    uint32_t existing_count, struct pf_arena *arena,
                                    struct pf_topology_plan **ret_plan)
{
    struct pf_topology_plan *plan = pf_arena_calloc(arena, 1, sizeof(*plan));
    if (plan == NULL) {
        return PF_E_NO_MEMORY;
    }
    *plan = measure(question, existing_count);
    if (plan->spread_count > PF_FIT_TOPOLOGY_MAX) {
        return PF_E_TOO_BIG;
    }
    if (!allocate(plan, arena)) {
        return PF_E_NO_MEMORY;
    }
    plan->space = question->pod->meta.namespace_;
    plan->existing = existing;
    plan->leaky_namespace = options->features.minor >= FIRST_LEAKY_MINOR;
    plan->requirement_count = 0;
    plan->id_count = 0;
    add_spreads(plan, question->pod);
    add_terms(plan, question->pod);
    add_existing(plan);
    if (is_full(plan)) {
        return PF_E_TOO_BIG;
    }
    *ret_plan = plan;
    return PF_OK;
}

void pf_topology_plan_match_self(struct pf_topology_plan *plan, const struct pf_pod *pod,
                                 const struct pf_labels *space_labels)
{
    plan->own_affinity = plan->affinity_count != 0;
    for (uint32_t i = 0; i < plan->affinity_count + plan->anti_count; i++) {
        struct pf_topology_plan_term *term = &plan->terms[i];
        term->self = own_term_matches(plan, term, pod, space_labels);
        plan->own_affinity = plan->own_affinity && (i >= plan->affinity_count || term->self);
    }
}

static int compare_ids(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a;
    const uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void resolve_texts(const struct pf_intern *strings, const struct pf_sv *texts, size_t count,
                          uint32_t *ids)
{
    for (size_t i = 0; i < count; i++) {
        ids[i] = pf_intern_find(strings, texts[i]);
    }
    if (count > 1) {
        qsort(ids, count, sizeof(*ids), compare_ids);
    }
}

static void resolve_selector(struct pf_topology_plan *plan, const struct pf_intern *strings,
                             const struct pf_label_selector *text,
                             const struct pf_id_selector *selector)
{
    for (uint32_t i = 0; i < selector->count; i++) {
        struct pf_id_requirement *requirement = &plan->requirements[selector->first + i];
        const struct pf_requirement *from = &text->requirements[i];
        requirement->key = pf_intern_find(strings, from->key);
        resolve_texts(strings, from->values, from->value_count, plan->ids + requirement->first);
    }
}

void pf_topology_plan_resolve(struct pf_topology_plan *plan, const struct pf_intern *strings)
{
    plan->space_id = pf_intern_find(strings, plan->space);
    for (uint32_t i = 0; i < plan->axis_count; i++) {
        if (plan->keys[i].ptr != NULL) {
            plan->key_ids[i] = pf_intern_find(strings, plan->keys[i]);
        }
    }
    for (uint32_t i = 0; i < plan->spread_count; i++) {
        resolve_selector(plan, strings, &plan->spreads[i].text->selector,
                         &plan->spreads[i].selector);
    }
    for (uint32_t i = 0; i < plan->affinity_count + plan->anti_count; i++) {
        const struct pf_topology_plan_term *term = &plan->terms[i];
        const struct pf_pod_term *text = term->text;
        resolve_selector(plan, strings, &text->selector, &term->selector);
        const bool own = text->namespace_count == 0 && term->space_count != 0;
        resolve_texts(strings, own ? &plan->space : text->namespaces, term->space_count,
                      plan->ids + term->space_first);
    }
}

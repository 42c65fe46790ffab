#include "topology.h"
#include <podfit/limits.h>

static int compare_labels(const void *a, const void *b)
{
    const struct pf_shape_label *left = a;
    const struct pf_shape_label *right = b;
    return (left->key > right->key) - (left->key < right->key);
}

bool pf_topology_labels(const struct pf_intern *strings, const struct pf_labels *labels,
                        struct pf_arena *arena, struct pf_id_labels *ret_labels)
{
    struct pf_shape_label *items = pf_arena_calloc(arena, labels->count, sizeof(*items));
    if (items == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < labels->count; i++) {
        const uint32_t key = pf_intern_find(strings, labels->items[i].key);
        if (key != PF_INTERN_NONE) {
            items[count++] = (struct pf_shape_label){
                .key = key, .value = pf_intern_find(strings, labels->items[i].value)};
        }
    }
    if (count > 1) {
        qsort(items, count, sizeof(*items), compare_labels);
    }
    *ret_labels = (struct pf_id_labels){.items = items, .count = count};
    return true;
}

/* One pod against many term sets. */
struct matching {
    struct pf_topology_subject subject;
    struct pf_topology_matches matches;
    uint32_t cap;
    bool failed; /* no memory */
};

bool pf_topology_subject_init(const struct pf_model *model, const struct pf_pod *pod,
                              struct pf_arena *arena, struct pf_topology_subject *ret_subject)
{
    struct pf_topology_subject subject = {
        .model = model,
        .pod = pod,
        .arena = arena,
        .space = pf_intern_find(pf_model_strings(model), pod->meta.namespace_),
    };
    if (!pf_topology_labels(pf_model_strings(model), &pod->meta.labels, arena, &subject.labels)) {
        return false;
    }
    *ret_subject = subject;
    return true;
}

/* GetNamespaceLabelsSnapshot: a namespace that is not there has no labels. */
static const struct pf_id_labels *space_labels(struct pf_topology_subject *subject)
{
    const struct pf_labels none = {.count = 0};
    if (!subject->space_known) {
        const struct pf_labels *found =
            pf_model_namespace_find(subject->model, subject->pod->meta.namespace_);
        subject->failed =
            subject->failed ||
            !pf_topology_labels(pf_model_strings(subject->model), found != NULL ? found : &none,
                                subject->arena, &subject->space_labels);
        subject->space_known = true;
    }
    return &subject->space_labels;
}

static bool is_in_namespace(struct pf_topology_subject *subject, const struct pf_term_set *set,
                            const struct pf_term *term)
{
    const uint32_t *ids = pf_term_set_ids(set);
    if (subject->space != PF_INTERN_NONE &&
        pf_ids_contain(ids + term->space_first, term->space_count, subject->space)) {
        return true;
    }
    if (term->namespace_selector.present == 0 || term->namespace_selector.count == 0) {
        return term->namespace_selector.present != 0;
    }
    if (pf_model_namespace_count(subject->model) == 0) {
        subject->namespaces_missing = true;
        return false;
    }
    return pf_id_selector_matches(&term->namespace_selector, pf_term_set_requirements(set), ids,
                                  space_labels(subject));
}

bool pf_topology_is_selected(struct pf_topology_subject *subject, const struct pf_term_set *set,
                             const struct pf_term *term)
{
    return pf_id_selector_matches(&term->selector, pf_term_set_requirements(set),
                                  pf_term_set_ids(set), &subject->labels) &&
           is_in_namespace(subject, set, term);
}

static void record(struct matching *m, uint32_t terms, uint32_t topology_key)
{
    struct pf_topology_matches *matches = &m->matches;
    if (matches->count == m->cap) {
        const uint32_t cap = m->cap * 2 + 4;
        struct pf_topology_plan_existing *bigger =
            pf_arena_calloc(m->subject.arena, cap, sizeof(*bigger));
        if (bigger == NULL) {
            m->failed = true;
            return;
        }
        if (matches->count != 0) {
            memcpy(bigger, matches->items, matches->count * sizeof(*bigger));
        }
        matches->items = bigger;
        m->cap = cap;
    }
    matches->items[matches->count++] = (struct pf_topology_plan_existing){
        .terms = terms,
        .generation = pf_model_term_set_generation(m->subject.model, terms),
        .topology_key = topology_key};
}

static void match_set(struct matching *m, uint32_t terms)
{
    const struct pf_term_set *set = pf_model_term_set(m->subject.model, terms);
    for (uint32_t i = 0; i < set->term_count && !m->failed; i++) {
        const struct pf_term *term = &set->terms[i];
        if (term->kind == PF_TERMS_ANTI_AFFINITY &&
            pf_topology_is_selected(&m->subject, set, term)) {
            record(m, terms, term->topology_key);
        }
        m->failed = m->failed || m->subject.failed;
    }
}

static int compare_existing(const void *a, const void *b)
{
    const struct pf_topology_plan_existing *left = a;
    const struct pf_topology_plan_existing *right = b;
    if (left->terms != right->terms) {
        return left->terms < right->terms ? -1 : 1;
    }
    return (left->topology_key > right->topology_key) - (left->topology_key < right->topology_key);
}

/* A set may have been asked twice, and two of its terms may name the same key. */
static void sort_unique(struct pf_topology_matches *matches)
{
    if (matches->count < 2) {
        return;
    }
    qsort(matches->items, matches->count, sizeof(*matches->items), compare_existing);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < matches->count; i++) {
        if (compare_existing(&matches->items[i], &matches->items[kept - 1]) != 0) {
            matches->items[kept++] = matches->items[i];
        }
    }
    matches->count = kept;
}

static void match_listed(struct matching *m, uint32_t space)
{
    size_t count = 0;
    const struct pf_anti *entries = pf_model_anti(m->subject.model, space, &count);
    for (size_t i = 0; i < count && !m->failed; i++) {
        match_set(m, entries[i].terms);
    }
}

enum pf_code pf_topology_match(const struct pf_model *model, const struct pf_pod *pod,
                               struct pf_arena *arena, struct pf_topology_matches *ret_matches)
{
    struct matching m = {.cap = 0};
    const uint32_t space = pf_intern_find(pf_model_strings(model), pod->meta.namespace_);
    size_t any = 0;
    size_t own = 0;
    (void)pf_model_anti(model, PF_ANTI_ANY, &any);
    if (space != PF_INTERN_NONE) {
        (void)pf_model_anti(model, space, &own);
    }
    if (any + own != 0) {
        m.failed = !pf_topology_subject_init(model, pod, arena, &m.subject);
        if (!m.failed) {
            match_listed(&m, PF_ANTI_ANY);
        }
        if (!m.failed && m.subject.space != PF_INTERN_NONE) {
            match_listed(&m, m.subject.space);
        }
    }
    if (m.failed) {
        return PF_E_NO_MEMORY;
    }
    sort_unique(&m.matches);
    m.matches.namespaces_missing = m.subject.namespaces_missing;
    *ret_matches = m.matches;
    return PF_OK;
}

enum pf_code pf_topology_marks(const struct pf_filter_input *input, uint32_t terms, uint32_t slot,
                               bool *ret_marked)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    struct matching m = {.cap = 0};
    m.failed = !pf_topology_subject_init(input->model, input->question->pod, &arena, &m.subject);
    if (!m.failed) {
        match_set(&m, terms);
    }
    if (m.failed) {
        return PF_E_NO_MEMORY;
    }
    if (m.subject.namespaces_missing) {
        return PF_E_NOT_FOUND;
    }
    bool marked = false;
    for (uint32_t i = 0; i < m.matches.count; i++) {
        marked = marked ||
                 pf_topology_value(input, slot, m.matches.items[i].topology_key) != PF_INTERN_NONE;
    }
    *ret_marked = marked;
    return PF_OK;
}

#define SPREAD_BIT   (1U << PF_FILTER_POD_TOPOLOGY_SPREAD)
#define AFFINITY_BIT (1U << PF_FILTER_INTER_POD_AFFINITY)

static bool screen_work(const struct pf_topology_plan *plan, const struct pf_model *model)
{
    const uint64_t work = pf_topology_plan_work(plan);
    const uint64_t nodes = pf_model_columns(model)->nodes;
    const uint64_t groups = pf_model_group_count(model);
    return work > PF_FIT_WORK_FREE && work * (nodes > groups ? nodes : groups) > PF_FIT_WORK_MAX;
}

/* @return PF_OK; a cause may be set */
static enum pf_code make_plan(struct pf_question *question, const struct pf_fit_options *options,
                              const struct pf_model *model, struct pf_topology_matches *matches,
                              struct pf_arena *arena, const char **ret_cause)
{
    struct pf_topology_plan *plan = NULL;
    const enum pf_code code =
        pf_topology_plan_build(question, options, matches->items, matches->count, arena, &plan);
    if (code == PF_E_TOO_BIG) {
        *ret_cause = "spread constraints and affinity terms use more topology keys than podfit "
                     "judges";
        return PF_OK;
    }
    if (code != PF_OK) {
        return code;
    }
    if (plan->by_namespace && pf_model_namespace_count(model) == 0) {
        *ret_cause = "a namespaceSelector of the pod's affinity needs kind Namespace, of which the "
                     "model has none";
        return PF_OK;
    }
    if (screen_work(plan, model)) {
        *ret_cause = "spread constraints and affinity terms of the pod have too many entries to "
                     "compare with every pod";
        return PF_OK;
    }
    pf_topology_plan_match_self(plan, question->pod,
                                pf_model_namespace_find(model, question->pod->meta.namespace_));
    question->plan = plan;
    return PF_OK;
}

enum pf_code pf_topology_ask(struct pf_question *question, const struct pf_fit_options *options,
                             const struct pf_model *model, struct pf_arena *arena,
                             const char **ret_cause)
{
    struct pf_topology_matches matches = {.count = 0};
    if (question->rejection != NULL) {
        return PF_OK;
    }
    if ((options->disabled & AFFINITY_BIT) == 0) {
        const enum pf_code code = pf_topology_match(model, question->pod, arena, &matches);
        if (code != PF_OK) {
            return code;
        }
    }
    if (matches.namespaces_missing) {
        *ret_cause = "required anti-affinity of existing pods has a namespaceSelector that needs "
                     "kind Namespace, of which the model has none";
        return PF_OK;
    }
    if (matches.count != 0) {
        question->active |= AFFINITY_BIT;
    }
    if ((question->active & (SPREAD_BIT | AFFINITY_BIT)) == 0) {
        return PF_OK;
    }
    return make_plan(question, options, model, &matches, arena, ret_cause);
}

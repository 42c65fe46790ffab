#include "cluster_internal.h"

/* Parts of a term set that is being made; the arrays are large enough. */
struct term_draft {
    struct pf_term *terms;
    struct pf_id_requirement *requirements;
    uint32_t *ids; /* values and namespaces; every one a reference */
    uint32_t term_count;
    uint32_t requirement_count;
    uint32_t id_count;
    uint32_t key_refs; /* keys of requirements that are referenced */
    uint32_t topology_refs;
};

static int compare_ids(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a;
    const uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void sort_ids(uint32_t *ids, uint32_t count)
{
    if (count > 1) {
        qsort(ids, count, sizeof(*ids), compare_ids);
    }
}

bool pf_ids_contain(const uint32_t *ids, size_t count, uint32_t id)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (ids[middle] < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && ids[low] == id;
}

static const struct pf_shape_label *find_label(const struct pf_id_labels *labels, uint32_t key)
{
    size_t low = 0;
    size_t high = labels->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (labels->items[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < labels->count && labels->items[low].key == key ? &labels->items[low] : NULL;
}

static bool matches(const struct pf_id_requirement *requirement, const uint32_t *ids,
                    const struct pf_id_labels *labels)
{
    const struct pf_shape_label *label = find_label(labels, requirement->key);
    switch ((enum pf_selector_operator)requirement->operator_) {
    case PF_SELECTOR_IN:
        return label != NULL &&
               pf_ids_contain(ids + requirement->first, requirement->count, label->value);
    case PF_SELECTOR_NOT_IN:
        return label == NULL ||
               !pf_ids_contain(ids + requirement->first, requirement->count, label->value);
    case PF_SELECTOR_EXISTS:
        return label != NULL;
    case PF_SELECTOR_DOES_NOT_EXIST:
        return label == NULL;
    case PF_SELECTOR_GT:
    case PF_SELECTOR_LT:
    case PF_SELECTOR_UNKNOWN:
    default:
        return false;
    }
}

bool pf_id_selector_matches(const struct pf_id_selector *selector,
                            const struct pf_id_requirement *requirements, const uint32_t *ids,
                            const struct pf_id_labels *labels)
{
    if (selector->present == 0) {
        return false;
    }
    for (uint32_t i = 0; i < selector->count; i++) {
        if (!matches(&requirements[selector->first + i], ids, labels)) {
            return false;
        }
    }
    return true;
}

static bool add_id(struct pf_model *model, struct term_draft *draft, struct pf_sv text)
{
    const uint32_t id = pf_intern_ref(&model->strings, text);
    if (id != PF_INTERN_NONE) {
        draft->ids[draft->id_count++] = id;
    }
    return id != PF_INTERN_NONE;
}

static bool add_selector(struct pf_model *model, struct term_draft *draft,
                         const struct pf_label_selector *from, struct pf_id_selector *ret_selector)
{
    *ret_selector = (struct pf_id_selector){.present = from->present ? 1 : 0,
                                            .first = draft->requirement_count,
                                            .count = (uint32_t)from->requirement_count};
    for (size_t i = 0; i < from->requirement_count; i++) {
        const struct pf_requirement *requirement = &from->requirements[i];
        struct pf_id_requirement *made = &draft->requirements[draft->requirement_count];
        *made = (struct pf_id_requirement){.operator_ = (uint32_t)requirement->operator_,
                                           .first = draft->id_count};
        made->key = pf_intern_ref(&model->strings, requirement->key);
        if (made->key == PF_INTERN_NONE) {
            return false;
        }
        draft->requirement_count++;
        for (size_t k = 0; k < requirement->value_count; k++) {
            if (!add_id(model, draft, requirement->values[k])) {
                return false;
            }
        }
        made->count = draft->id_count - made->first;
        sort_ids(draft->ids + made->first, made->count);
    }
    return true;
}

/* getNamespacesFromPodAffinityTerm: without names and without a selector the pod's own namespace. */
static bool add_namespaces(struct pf_model *model, struct term_draft *draft,
                           const struct pf_pod_term *from, struct pf_sv own, struct pf_term *term)
{
    term->space_first = draft->id_count;
    bool added = true;
    if (from->namespace_count == 0 && !from->namespace_selector.present) {
        added = add_id(model, draft, own);
    }
    for (size_t i = 0; added && i < from->namespace_count; i++) {
        added = add_id(model, draft, from->namespaces[i]);
    }
    term->space_count = draft->id_count - term->space_first;
    sort_ids(draft->ids + term->space_first, term->space_count);
    return added;
}

static bool add_term(struct pf_model *model, struct term_draft *draft,
                     const struct pf_pod_term *from, struct pf_sv own, unsigned kind)
{
    struct pf_term *term = &draft->terms[draft->term_count];
    *term = (struct pf_term){.kind = kind, .weight = from->weight};
    term->topology_key = pf_intern_ref(&model->strings, from->topology_key);
    if (term->topology_key == PF_INTERN_NONE) {
        return false;
    }
    draft->term_count++;
    return add_selector(model, draft, &from->selector, &term->selector) &&
           add_selector(model, draft, &from->namespace_selector, &term->namespace_selector) &&
           add_namespaces(model, draft, from, own, term);
}

static void count_selector(const struct pf_label_selector *selector, struct pf_term_set *sizes)
{
    sizes->requirement_count += (uint32_t)selector->requirement_count;
    for (size_t i = 0; i < selector->requirement_count; i++) {
        sizes->id_count += (uint32_t)selector->requirements[i].value_count;
    }
}

/* A list that cannot be parsed counts as empty (NewPodInfo of pkg/scheduler/framework/types.go). */
static size_t usable(const struct pf_pod_terms *terms)
{
    return terms->invalid ? 0 : terms->count;
}

/* Adds to what stands in @p sizes. Not returned: GCC has a note to make about flexible arrays by value. */
static void measure(const struct pf_pod *pod, struct pf_term_set *sizes)
{
    for (unsigned kind = 0; kind < PF_TERMS_COUNT; kind++) {
        for (size_t i = 0; i < usable(&pod->terms[kind]); i++) {
            const struct pf_pod_term *term = &pod->terms[kind].items[i];
            sizes->term_count++;
            sizes->id_count += (uint32_t)term->namespace_count + 1;
            count_selector(&term->selector, sizes);
            count_selector(&term->namespace_selector, sizes);
        }
    }
}

static size_t bytes_of(const struct pf_term_set *set)
{
    return sizeof(*set) + set->term_count * sizeof(struct pf_term) +
           set->requirement_count * sizeof(struct pf_id_requirement) +
           set->id_count * sizeof(uint32_t);
}

static void unref_draft(struct pf_model *model, const struct term_draft *draft)
{
    for (uint32_t i = 0; i < draft->term_count; i++) {
        pf_intern_unref(&model->strings, draft->terms[i].topology_key);
    }
    for (uint32_t i = 0; i < draft->requirement_count; i++) {
        pf_intern_unref(&model->strings, draft->requirements[i].key);
    }
    for (uint32_t i = 0; i < draft->id_count; i++) {
        pf_intern_unref(&model->strings, draft->ids[i]);
    }
}

static void unref_set(struct pf_model *model, const struct pf_term_set *set)
{
    for (uint32_t i = 0; i < set->term_count; i++) {
        pf_intern_unref(&model->strings, set->terms[i].topology_key);
    }
    for (uint32_t i = 0; i < set->requirement_count; i++) {
        pf_intern_unref(&model->strings, pf_term_set_requirements(set)[i].key);
    }
    for (uint32_t i = 0; i < set->id_count; i++) {
        pf_intern_unref(&model->strings, pf_term_set_ids(set)[i]);
    }
}

static bool fill_draft(struct pf_model *model, struct term_draft *draft, const struct pf_pod *pod,
                       struct pf_sv own)
{
    for (unsigned kind = 0; kind < PF_TERMS_COUNT; kind++) {
        for (size_t i = 0; i < usable(&pod->terms[kind]); i++) {
            if (!add_term(model, draft, &pod->terms[kind].items[i], own, kind)) {
                return false;
            }
        }
    }
    return true;
}

/* The draft as one block; a term that names its namespace takes fewer ids than were measured. @return NULL: no memory */
static struct pf_term_set *join(struct pf_model *model, const struct term_draft *draft)
{
    const struct pf_term_set sizes = {.term_count = draft->term_count,
                                      .requirement_count = draft->requirement_count,
                                      .id_count = draft->id_count};
    struct pf_term_set *set = pf_arena_calloc(&model->scratch, 1, bytes_of(&sizes));
    if (set == NULL) {
        return NULL;
    }
    *set = sizes;
    char *at = (char *)set->terms;
    memcpy(at, draft->terms, sizes.term_count * sizeof(*draft->terms));
    at += sizes.term_count * sizeof(*draft->terms);
    memcpy(at, draft->requirements, sizes.requirement_count * sizeof(*draft->requirements));
    at += sizes.requirement_count * sizeof(*draft->requirements);
    memcpy(at, draft->ids, sizes.id_count * sizeof(*draft->ids));
    return set;
}

/* Room for the counter of one more set. */
static bool reserve_placed(struct pf_model *model)
{
    const size_t old = model->placed_cap;
    if (model->term_sets.count < old) {
        return true;
    }
    const size_t cap = old * 2 + 16;
    uint32_t *bigger = pf_mem_resize(model->placed, cap, sizeof(*bigger));
    if (bigger == NULL) {
        return false;
    }
    for (size_t i = old; i < cap; i++) {
        bigger[i] = 0;
    }
    model->placed = bigger;
    model->placed_cap = cap;
    return true;
}

/* Take the set's strings over into the table, or drop them when it is known. */
static uint32_t intern(struct pf_model *model, const struct pf_term_set *set)
{
    const struct pf_sv block = {.ptr = (const char *)set, .len = bytes_of(set)};
    uint32_t id = pf_pool_find(&model->term_sets, block);
    if (id != PF_POOL_NONE) {
        unref_set(model, set);
        model->term_sets.entries[id].refs++;
        return id;
    }
    id = reserve_placed(model) ? pf_pool_add(&model->term_sets, block) : PF_POOL_NONE;
    if (id == PF_POOL_NONE) {
        unref_set(model, set);
    }
    return id;
}

bool pf_term_set_acquire(struct pf_model *model, const struct pf_pod *pod, struct pf_sv own,
                         uint32_t *ret_id)
{
    struct pf_term_set sizes = {.term_count = 0};
    measure(pod, &sizes);
    if (sizes.term_count == 0) {
        *ret_id = PF_TERM_SET_NONE;
        return true;
    }
    struct term_draft draft = {
        .terms = pf_arena_calloc(&model->scratch, sizes.term_count, sizeof(*draft.terms)),
        .requirements =
            pf_arena_calloc(&model->scratch, sizes.requirement_count, sizeof(*draft.requirements)),
        .ids = pf_arena_calloc(&model->scratch, sizes.id_count, sizeof(*draft.ids)),
    };
    if (draft.terms == NULL || draft.requirements == NULL || draft.ids == NULL) {
        return false;
    }
    const struct pf_term_set *set =
        fill_draft(model, &draft, pod, own) ? join(model, &draft) : NULL;
    if (set == NULL) {
        unref_draft(model, &draft);
        return false;
    }
    const uint32_t id = intern(model, set);
    if (id == PF_POOL_NONE) {
        return false;
    }
    *ret_id = id;
    return true;
}

void pf_term_set_release(struct pf_model *model, uint32_t id)
{
    if (id == PF_TERM_SET_NONE) {
        return;
    }
    struct pf_pool_entry *entry = &model->term_sets.entries[id];
    entry->refs--;
    if (entry->refs == 0) {
        unref_set(model, pf_model_term_set(model, id));
        pf_pool_remove(&model->term_sets, id);
    }
}

const struct pf_term_set *pf_model_term_set(const struct pf_model *model, uint32_t terms)
{
    return (const struct pf_term_set *)(const void *)model->term_sets.entries[terms].block;
}

uint32_t pf_model_term_set_generation(const struct pf_model *model, uint32_t terms)
{
    return model->term_sets.entries[terms].generation;
}

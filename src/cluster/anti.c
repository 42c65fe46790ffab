#include "cluster_internal.h"

/*
 * Which term sets may match a pod of a namespace, those with required anti-affinity for the filter and the others for scores: entries sorted by namespace and
 * set. A set is listed once a namespace that one of its terms names, and under PF_ANTI_ANY when one has a namespaceSelector.
 */

bool pf_anti_is_of(enum pf_anti_use use, uint32_t kind)
{
    return (kind == PF_TERMS_ANTI_AFFINITY) == (use == PF_ANTI_FILTER);
}

static size_t place_of(const struct pf_anti_index *index, uint32_t space, uint32_t terms)
{
    size_t low = 0;
    size_t high = index->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct pf_anti *entry = &index->items[middle];
        if (entry->namespace_ < space || (entry->namespace_ == space && entry->terms < terms)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_there(const struct pf_anti_index *index, size_t at, uint32_t space, uint32_t terms)
{
    return at < index->count && index->items[at].namespace_ == space &&
           index->items[at].terms == terms;
}

static void put(struct pf_anti_index *index, uint32_t space, uint32_t terms)
{
    const size_t at = place_of(index, space, terms);
    if (!is_there(index, at, space, terms)) {
        struct pf_anti *entry = &index->items[at];
        memmove(entry + 1, entry, (index->count - at) * sizeof(*entry));
        *entry = (struct pf_anti){.namespace_ = space, .terms = terms};
        index->count++;
    }
}

static void take(struct pf_anti_index *index, uint32_t space, uint32_t terms)
{
    const size_t at = place_of(index, space, terms);
    if (is_there(index, at, space, terms)) {
        struct pf_anti *entry = &index->items[at];
        index->count--;
        memmove(entry, entry + 1, (index->count - at) * sizeof(*entry));
    }
}

static void each_namespace(struct pf_model *model, uint32_t terms,
                           void (*change)(struct pf_anti_index *index, uint32_t space,
                                          uint32_t terms))
{
    const struct pf_term_set *set = pf_model_term_set(model, terms);
    for (uint32_t i = 0; i < set->term_count; i++) {
        const struct pf_term *term = &set->terms[i];
        struct pf_anti_index *index =
            &model
                 ->anti[pf_anti_is_of(PF_ANTI_FILTER, term->kind) ? PF_ANTI_FILTER : PF_ANTI_SCORE];
        if (term->namespace_selector.present != 0) {
            change(index, PF_ANTI_ANY, terms);
        }
        for (uint32_t k = 0; k < term->space_count; k++) {
            change(index, pf_term_set_ids(set)[term->space_first + k], terms);
        }
    }
}

static uint32_t terms_of(const struct pf_model *model, uint32_t group)
{
    return pf_model_group(model, group)->terms;
}

static bool reserve(struct pf_anti_index *index, size_t more)
{
    while (index->cap - index->count < more) {
        if (!pf_mem_grow(&index->items, &index->cap, index->cap, sizeof(*index->items))) {
            return false;
        }
    }
    return true;
}

bool pf_anti_prepare(struct pf_model *model, uint32_t group)
{
    const uint32_t terms = terms_of(model, group);
    if (terms == PF_TERM_SET_NONE || model->placed[terms] != 0) {
        return true;
    }
    const struct pf_term_set *set = pf_model_term_set(model, terms);
    size_t more[PF_ANTI_USES] = {0};
    for (uint32_t i = 0; i < set->term_count; i++) {
        /* more than is needed where namespaces come twice */
        const bool filter = pf_anti_is_of(PF_ANTI_FILTER, set->terms[i].kind);
        more[filter ? PF_ANTI_FILTER : PF_ANTI_SCORE] += (size_t)set->terms[i].space_count + 1;
    }
    return reserve(&model->anti[PF_ANTI_FILTER], more[PF_ANTI_FILTER]) &&
           reserve(&model->anti[PF_ANTI_SCORE], more[PF_ANTI_SCORE]);
}

void pf_anti_add(struct pf_model *model, uint32_t group)
{
    const uint32_t terms = terms_of(model, group);
    if (terms == PF_TERM_SET_NONE) {
        return;
    }
    model->placed[terms]++;
    if (model->placed[terms] == 1) {
        each_namespace(model, terms, put);
    }
}

void pf_anti_sub(struct pf_model *model, uint32_t group)
{
    const uint32_t terms = terms_of(model, group);
    if (terms == PF_TERM_SET_NONE) {
        return;
    }
    model->placed[terms]--;
    if (model->placed[terms] == 0) {
        each_namespace(model, terms, take);
    }
}

static const struct pf_anti *entries_of(const struct pf_anti_index *index, uint32_t namespace_,
                                        size_t *ret_count)
{
    const size_t first = place_of(index, namespace_, 0);
    size_t end = first;
    while (end < index->count && index->items[end].namespace_ == namespace_) {
        end++;
    }
    *ret_count = end - first;
    return first < index->count ? &index->items[first] : NULL;
}

const struct pf_anti *pf_model_anti(const struct pf_model *model, uint32_t namespace_,
                                    size_t *ret_count)
{
    return entries_of(&model->anti[PF_ANTI_FILTER], namespace_, ret_count);
}

const struct pf_anti *pf_model_scoring_terms(const struct pf_model *model, uint32_t namespace_,
                                             size_t *ret_count)
{
    return entries_of(&model->anti[PF_ANTI_SCORE], namespace_, ret_count);
}

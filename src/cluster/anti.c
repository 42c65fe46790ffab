#include "cluster_internal.h"

/*
 * Which term sets with required anti-affinity may match a pod of a namespace: entries sorted by namespace and set. A set is listed once a namespace that one of
 * its terms names, and under PF_ANTI_ANY when one has a namespaceSelector.
 */

static size_t place_of(const struct pf_model *model, uint32_t space, uint32_t terms)
{
    size_t low = 0;
    size_t high = model->anti_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct pf_anti *entry = &model->anti[middle];
        if (entry->namespace_ < space || (entry->namespace_ == space && entry->terms < terms)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_there(const struct pf_model *model, size_t at, uint32_t space, uint32_t terms)
{
    return at < model->anti_count && model->anti[at].namespace_ == space &&
           model->anti[at].terms == terms;
}

static void put(struct pf_model *model, uint32_t space, uint32_t terms)
{
    const size_t at = place_of(model, space, terms);
    if (!is_there(model, at, space, terms)) {
        struct pf_anti *entry = &model->anti[at];
        memmove(entry + 1, entry, (model->anti_count - at) * sizeof(*entry));
        *entry = (struct pf_anti){.namespace_ = space, .terms = terms};
        model->anti_count++;
    }
}

static void take(struct pf_model *model, uint32_t space, uint32_t terms)
{
    const size_t at = place_of(model, space, terms);
    if (is_there(model, at, space, terms)) {
        struct pf_anti *entry = &model->anti[at];
        model->anti_count--;
        memmove(entry, entry + 1, (model->anti_count - at) * sizeof(*entry));
    }
}

static void each_namespace(struct pf_model *model, uint32_t terms,
                           void (*change)(struct pf_model *model, uint32_t space, uint32_t terms))
{
    const struct pf_term_set *set = pf_model_term_set(model, terms);
    for (uint32_t i = 0; i < set->term_count; i++) {
        const struct pf_term *term = &set->terms[i];
        if (term->kind != PF_TERMS_ANTI_AFFINITY) {
            continue;
        }
        if (term->namespace_selector.present != 0) {
            change(model, PF_ANTI_ANY, terms);
        }
        for (uint32_t k = 0; k < term->space_count; k++) {
            change(model, pf_term_set_ids(set)[term->space_first + k], terms);
        }
    }
}

static uint32_t terms_of(const struct pf_model *model, uint32_t group)
{
    return pf_model_group(model, group)->terms;
}

bool pf_anti_prepare(struct pf_model *model, uint32_t group)
{
    const uint32_t terms = terms_of(model, group);
    if (terms == PF_TERM_SET_NONE || model->placed[terms] != 0) {
        return true;
    }
    const struct pf_term_set *set = pf_model_term_set(model, terms);
    size_t more = 0;
    for (uint32_t i = 0; i < set->term_count; i++) {
        if (set->terms[i].kind == PF_TERMS_ANTI_AFFINITY) {
            more += (size_t)set->terms[i].space_count + 1;
        }
    }
    /* more than is needed where namespaces come twice */
    while (model->anti_cap - model->anti_count < more) {
        if (!pf_mem_grow(&model->anti, &model->anti_cap, model->anti_cap, sizeof(*model->anti))) {
            return false;
        }
    }
    return true;
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

const struct pf_anti *pf_model_anti(const struct pf_model *model, uint32_t namespace_,
                                    size_t *ret_count)
{
    const size_t first = place_of(model, namespace_, 0);
    size_t end = first;
    while (end < model->anti_count && model->anti[end].namespace_ == namespace_) {
        end++;
    }
    *ret_count = end - first;
    return first < model->anti_count ? &model->anti[first] : NULL;
}

#include "cluster_internal.h"

/** One pod that holds room. */
struct place {
    uint32_t slot;
    uint32_t group;
};

/** Counted anew. */
struct recount {
    struct place *places;
    size_t place_count;
    uint32_t *group_refs; /* by group */
    uint32_t *set_refs;   /* by term set */
    uint32_t *placed;     /* by term set */
};

static bool count_hold(const struct pf_model *model, struct recount *recount,
                       const struct pf_hold *hold)
{
    if (hold->group >= model->groups.count || pf_model_group(model, hold->group) == NULL ||
        pf_model_group(model, hold->group)->namespace_ != hold->namespace_) {
        return false;
    }
    recount->group_refs[hold->group]++;
    if (hold->node != PF_NODE_NONE) {
        recount->places[recount->place_count++] =
            (struct place){.slot = hold->node, .group = hold->group};
        const uint32_t terms = pf_model_group(model, hold->group)->terms;
        if (terms != PF_TERM_SET_NONE) {
            recount->placed[terms]++;
        }
    }
    return true;
}

static bool count_holds(const struct pf_model *model, struct recount *recount)
{
    bool good = true;
    for (size_t i = 0; good && i < model->pods.cap; i++) {
        if (model->pods.slots[i] != NULL) {
            const struct pf_hold hold = pf_record_hold(model->pods.slots[i]);
            good = count_hold(model, recount, &hold);
        }
    }
    for (const struct pf_reservation *r = model->reservations.oldest; good && r != NULL;
         r = r->next) {
        good = count_hold(model, recount, &r->hold);
    }
    return good;
}

static int compare_places(const void *a, const void *b)
{
    const struct place *left = a;
    const struct place *right = b;
    const uint64_t x = (uint64_t)left->slot << 32 | left->group;
    const uint64_t y = (uint64_t)right->slot << 32 | right->group;
    return (x > y) - (x < y);
}

/* Are the slots' lists exactly the sorted places? */
static bool same_places(const struct pf_model *model, struct recount *recount)
{
    if (recount->place_count != 0) {
        qsort(recount->places, recount->place_count, sizeof(*recount->places), compare_places);
    }
    size_t at = 0;
    for (uint32_t slot = 0; slot < model->columns.count; slot++) {
        const struct pf_slot_groups *list = &model->slot_groups[slot];
        for (uint32_t i = 0; i < list->count; i++) {
            const struct place wanted = {.slot = slot, .group = list->items[i].group};
            uint32_t pods = 0;
            while (at < recount->place_count &&
                   compare_places(&recount->places[at], &wanted) == 0) {
                pods++;
                at++;
            }
            if (pods == 0 || pods != list->items[i].pods) {
                return false;
            }
        }
    }
    return at == recount->place_count;
}

static bool same_refs(const struct pf_model *model, struct recount *recount)
{
    bool good = true;
    for (uint32_t id = 0; good && id < model->groups.count; id++) {
        const struct pf_group *group = pf_model_group(model, id);
        good = (group != NULL) == (recount->group_refs[id] != 0) &&
               (group == NULL || model->groups.entries[id].refs == recount->group_refs[id]);
        if (good && group != NULL && group->terms != PF_TERM_SET_NONE) {
            recount->set_refs[group->terms]++;
        }
    }
    for (uint32_t id = 0; good && id < model->term_sets.count; id++) {
        const bool live = pf_model_term_set(model, id) != NULL;
        good = live == (recount->set_refs[id] != 0) &&
               (!live || model->term_sets.entries[id].refs == recount->set_refs[id]) &&
               model->placed[id] == recount->placed[id];
    }
    return good;
}

static bool is_listed(const struct pf_anti_index *index, uint32_t space, uint32_t terms)
{
    for (size_t i = 0; i < index->count; i++) {
        if (index->items[i].namespace_ == space && index->items[i].terms == terms) {
            return true;
        }
    }
    return false;
}

/* Does a term of the set that is of this use name the namespace (or select namespaces, for PF_ANTI_ANY)? */
static bool names(const struct pf_term_set *set, enum pf_anti_use use, uint32_t space)
{
    for (uint32_t i = 0; i < set->term_count; i++) {
        const struct pf_term *term = &set->terms[i];
        if (pf_anti_is_of(use, term->kind) &&
            (space == PF_ANTI_ANY ? term->namespace_selector.present != 0
                                  : pf_ids_contain(pf_term_set_ids(set) + term->space_first,
                                                   term->space_count, space))) {
            return true;
        }
    }
    return false;
}

static bool is_complete(const struct pf_model *model, enum pf_anti_use use, uint32_t id)
{
    const struct pf_term_set *set = pf_model_term_set(model, id);
    const struct pf_anti_index *index = &model->anti[use];
    if (names(set, use, PF_ANTI_ANY) && !is_listed(index, PF_ANTI_ANY, id)) {
        return false;
    }
    for (uint32_t i = 0; i < set->term_count; i++) {
        const struct pf_term *term = &set->terms[i];
        for (uint32_t k = 0; pf_anti_is_of(use, term->kind) && k < term->space_count; k++) {
            if (!is_listed(index, pf_term_set_ids(set)[term->space_first + k], id)) {
                return false;
            }
        }
    }
    return true;
}

static bool same_anti(const struct pf_model *model, enum pf_anti_use use)
{
    bool good = true;
    for (size_t i = 0; good && i < model->anti[use].count; i++) {
        const struct pf_anti *entry = &model->anti[use].items[i];
        const struct pf_anti *before = i != 0 ? entry - 1 : NULL;
        good = model->placed[entry->terms] != 0 &&
               names(pf_model_term_set(model, entry->terms), use, entry->namespace_) &&
               (before == NULL || before->namespace_ < entry->namespace_ ||
                (before->namespace_ == entry->namespace_ && before->terms < entry->terms));
    }
    for (uint32_t id = 0; good && id < model->term_sets.count; id++) {
        good = model->placed[id] == 0 || is_complete(model, use, id);
    }
    return good;
}

enum pf_code pf_check_groups(const struct pf_model *model, struct pf_err *err)
{
    const size_t holders = model->pods.count + model->reservations.by_uid.count;
    pf_autofree struct place *places = pf_mem_calloc(holders, sizeof(*places));
    pf_autofree uint32_t *group_refs = pf_mem_calloc(model->groups.count, sizeof(*group_refs));
    pf_autofree uint32_t *set_refs = pf_mem_calloc(model->term_sets.count, sizeof(*set_refs));
    pf_autofree uint32_t *placed = pf_mem_calloc(model->term_sets.count, sizeof(*placed));
    if (places == NULL || group_refs == NULL || set_refs == NULL || placed == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to check the model");
    }
    struct recount recount = {
        .places = places, .group_refs = group_refs, .set_refs = set_refs, .placed = placed};
    const char *fault = pf_pool_check(&model->groups);
    fault = fault != NULL ? fault : pf_pool_check(&model->term_sets);
    if (fault != NULL) {
        return pf_err_set(err, PF_E_INTERNAL, "groups: %s", fault);
    }
    if (!count_holds(model, &recount)) {
        return pf_err_set(err, PF_E_INTERNAL, "a pod has a group that does not exist");
    }
    if (!same_places(model, &recount)) {
        return pf_err_set(err, PF_E_INTERNAL, "groups on a node are miscounted");
    }
    if (!same_refs(model, &recount)) {
        return pf_err_set(err, PF_E_INTERNAL, "references to groups or terms are miscounted");
    }
    return same_anti(model, PF_ANTI_FILTER) && same_anti(model, PF_ANTI_SCORE)
               ? PF_OK
               : pf_err_set(err, PF_E_INTERNAL, "the index of affinity terms is wrong");
}

#include "cluster_internal.h"

static int compare_labels(const void *a, const void *b)
{
    const struct pf_shape_label *left = a;
    const struct pf_shape_label *right = b;
    return (left->key > right->key) - (left->key < right->key);
}

static size_t bytes_of(const struct pf_group *group)
{
    return sizeof(*group) + group->label_count * sizeof(group->labels[0]);
}

static void unref_group(struct pf_model *model, const struct pf_group *group)
{
    for (uint32_t i = 0; i < group->label_count; i++) {
        pf_intern_unref(&model->strings, group->labels[i].key);
        pf_intern_unref(&model->strings, group->labels[i].value);
    }
    pf_intern_unref(&model->strings, group->namespace_);
    pf_term_set_release(model, group->terms);
}

static bool fill_labels(struct pf_model *model, struct pf_group *group,
                        const struct pf_labels *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        const uint32_t key = pf_intern_ref(&model->strings, labels->items[i].key);
        const uint32_t value = pf_intern_ref(&model->strings, labels->items[i].value);
        if (key == PF_INTERN_NONE || value == PF_INTERN_NONE) {
            pf_intern_unref(&model->strings, key);
            pf_intern_unref(&model->strings, value);
            return false;
        }
        group->labels[group->label_count++] = (struct pf_shape_label){.key = key, .value = value};
    }
    if (group->label_count > 1) {
        qsort(group->labels, group->label_count, sizeof(group->labels[0]), compare_labels);
    }
    return true;
}

/* Take the candidate's references over into the table, or drop them when the group is known. */
static uint32_t intern(struct pf_model *model, const struct pf_group *candidate)
{
    const struct pf_sv block = {.ptr = (const char *)candidate, .len = bytes_of(candidate)};
    uint32_t id = pf_pool_find(&model->groups, block);
    if (id != PF_POOL_NONE) {
        unref_group(model, candidate);
        model->groups.entries[id].refs++;
        return id;
    }
    id = pf_pool_add(&model->groups, block);
    if (id == PF_POOL_NONE) {
        unref_group(model, candidate);
    }
    return id;
}

uint32_t pf_group_acquire(struct pf_model *model, const struct pf_pod *pod, struct pf_sv space)
{
    const size_t labels = pod->meta.labels.count;
    struct pf_group *candidate =
        labels <= UINT32_MAX / 64
            ? pf_arena_calloc(&model->scratch, 1,
                              sizeof(*candidate) + labels * sizeof(candidate->labels[0]))
            : NULL;
    if (candidate == NULL) {
        return PF_GROUP_NONE;
    }
    candidate->terms = PF_TERM_SET_NONE;
    candidate->terminating = pod->meta.deleting ? 1 : 0;
    candidate->namespace_ = pf_intern_ref(&model->strings, space);
    if (candidate->namespace_ == PF_INTERN_NONE ||
        !fill_labels(model, candidate, &pod->meta.labels) ||
        !pf_term_set_acquire(model, pod, space, &candidate->terms)) {
        unref_group(model, candidate);
        return PF_GROUP_NONE;
    }
    return intern(model, candidate);
}

void pf_group_release(struct pf_model *model, uint32_t id)
{
    if (id == PF_GROUP_NONE) {
        return;
    }
    struct pf_pool_entry *entry = &model->groups.entries[id];
    entry->refs--;
    if (entry->refs == 0) {
        unref_group(model, pf_model_group(model, id));
        pf_pool_remove(&model->groups, id);
    }
}

/* ---- groups of a slot ---- */

static uint32_t place_of(const struct pf_slot_groups *list, uint32_t group)
{
    uint32_t low = 0;
    uint32_t high = list->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (list->items[middle].group < group) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool pf_group_prepare(struct pf_model *model, uint32_t slot)
{
    struct pf_slot_groups *list = &model->slot_groups[slot];
    if (list->count < list->cap) {
        return true;
    }
    if (list->cap > UINT32_MAX / 2) {
        return false;
    }
    /* half as much again: most nodes have some tens of pods, and nodes are many */
    const uint32_t cap = list->cap + list->cap / 2 + 4;
    struct pf_slot_group *bigger = pf_mem_resize(list->items, cap, sizeof(*bigger));
    if (bigger == NULL) {
        return false;
    }
    list->items = bigger;
    list->cap = cap;
    return true;
}

void pf_group_add(struct pf_model *model, uint32_t slot, uint32_t group)
{
    struct pf_slot_groups *list = &model->slot_groups[slot];
    const uint32_t at = place_of(list, group);
    struct pf_slot_group *entry = &list->items[at];
    if (at == list->count || entry->group != group) {
        memmove(entry + 1, entry, (list->count - at) * sizeof(*entry));
        *entry = (struct pf_slot_group){.group = group};
        list->count++;
    }
    entry->pods++;
}

void pf_group_sub(struct pf_model *model, uint32_t slot, uint32_t group)
{
    struct pf_slot_groups *list = &model->slot_groups[slot];
    const uint32_t at = place_of(list, group);
    struct pf_slot_group *entry = &list->items[at];
    entry->pods--;
    if (entry->pods == 0) {
        list->count--;
        memmove(entry, entry + 1, (list->count - at) * sizeof(*entry));
    }
    if (list->count == 0) {
        free(list->items);
        *list = (struct pf_slot_groups){.items = NULL};
    }
}

/* ---- for the fit engine ---- */

const struct pf_slot_group *pf_model_slot_groups(const struct pf_model *model, uint32_t slot,
                                                 uint32_t *ret_count)
{
    *ret_count = model->slot_groups[slot].count;
    return model->slot_groups[slot].items;
}

uint32_t pf_model_group_count(const struct pf_model *model)
{
    return model->groups.count;
}

const struct pf_group *pf_model_group(const struct pf_model *model, uint32_t group)
{
    return (const struct pf_group *)(const void *)model->groups.entries[group].block;
}

uint32_t pf_model_group_generation(const struct pf_model *model, uint32_t group)
{
    return model->groups.entries[group].generation;
}

uint32_t pf_model_group_of_pod(const struct pf_model *model, struct pf_sv space, struct pf_sv name)
{
    const uint32_t id = pf_intern_find(&model->strings, space);
    const struct pf_record *record =
        id != PF_INTERN_NONE ? pf_podset_find(&model->pods, id, name) : NULL;
    return record != NULL ? record->group : PF_GROUP_NONE;
}

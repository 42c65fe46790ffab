#include "cluster_internal.h"

uint32_t pf_slot_find(const struct pf_model *model, struct pf_sv name)
{
    const uint32_t id = pf_intern_find(&model->strings, name);
    return id != PF_INTERN_NONE && id < model->slot_of_name_cap ? model->slot_of_name[id]
                                                                : PF_NODE_NONE;
}

static bool index_reserve(struct pf_model *model, uint32_t id)
{
    if (id < model->slot_of_name_cap) {
        return true;
    }
    const size_t cap = (size_t)id + id / 4 + 64;
    uint32_t *bigger = pf_mem_resize(model->slot_of_name, cap, sizeof(*bigger));
    if (bigger == NULL) {
        return false;
    }
    for (size_t i = model->slot_of_name_cap; i < cap; i++) {
        bigger[i] = PF_NODE_NONE;
    }
    model->slot_of_name = bigger;
    model->slot_of_name_cap = cap;
    return true;
}

/* Arrays that were enlarged before one fails are merely larger than slot_cap says. */
static bool columns_reserve(struct pf_model *model)
{
    struct pf_columns *c = &model->columns;
    if (model->free_slot_count != 0 || c->count < model->slot_cap) {
        return true;
    }
    if (c->count > UINT32_MAX / 2) {
        return false;
    }
    const size_t cap = (size_t)model->slot_cap + model->slot_cap / 4 + 16;
    const struct {
        void *array; /* address of the pointer */
        size_t bytes_each;
    } arrays[] = {
        {&c->name, sizeof(*c->name)},
        {&c->shape, sizeof(*c->shape)},
        {&c->allocatable_milli_cpu, sizeof(int64_t)},
        {&c->allocatable_memory, sizeof(int64_t)},
        {&c->allocatable_ephemeral_storage, sizeof(int64_t)},
        {&c->allocatable_pods, sizeof(int64_t)},
        {&c->used_milli_cpu, sizeof(int64_t)},
        {&c->used_memory, sizeof(int64_t)},
        {&c->used_ephemeral_storage, sizeof(int64_t)},
        {&c->used_nonzero_milli_cpu, sizeof(int64_t)},
        {&c->used_nonzero_memory, sizeof(int64_t)},
        {&c->used_pods, sizeof(*c->used_pods)},
        {&c->extra, sizeof(struct pf_node_extra *)},
        {&model->free_slots, sizeof(*model->free_slots)},
        {&model->slot_groups, sizeof(*model->slot_groups)},
        {&model->residents, sizeof(*model->residents)},
        {&model->image_prints, sizeof(*model->image_prints)},
        {&model->slot_doubtful, sizeof(*model->slot_doubtful)},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(arrays); i++) {
        void **array = arrays[i].array;
        void *bigger = pf_mem_resize(*array, cap, arrays[i].bytes_each);
        if (bigger == NULL) {
            return false;
        }
        *array = bigger;
    }
    model->slot_cap = (uint32_t)cap;
    return true;
}

static void clear_slot(struct pf_model *model, uint32_t slot, uint32_t name)
{
    struct pf_columns *c = &model->columns;
    c->name[slot] = name;
    c->shape[slot] = PF_SHAPE_NONE;
    c->allocatable_milli_cpu[slot] = 0;
    c->allocatable_memory[slot] = 0;
    c->allocatable_ephemeral_storage[slot] = 0;
    c->allocatable_pods[slot] = 0;
    c->used_milli_cpu[slot] = 0;
    c->used_memory[slot] = 0;
    c->used_ephemeral_storage[slot] = 0;
    c->used_nonzero_milli_cpu[slot] = 0;
    c->used_nonzero_memory[slot] = 0;
    c->used_pods[slot] = 0;
    c->extra[slot] = NULL;
    model->slot_groups[slot] = (struct pf_slot_groups){.items = NULL};
    model->residents[slot] = (struct pf_residents){.lowest = INT32_MAX};
    model->image_prints[slot] = 0;
    model->slot_doubtful[slot] = false;
}

uint32_t pf_slot_acquire(struct pf_model *model, struct pf_sv name)
{
    const uint32_t found = pf_slot_find(model, name);
    if (found != PF_NODE_NONE) {
        return found;
    }
    const uint32_t id = pf_intern_ref(&model->strings, name);
    if (id == PF_INTERN_NONE) {
        return PF_NODE_NONE;
    }
    if (!index_reserve(model, id) || !columns_reserve(model)) {
        pf_intern_unref(&model->strings, id);
        return PF_NODE_NONE;
    }
    struct pf_columns *c = &model->columns;
    const uint32_t slot =
        model->free_slot_count != 0 ? model->free_slots[--model->free_slot_count] : c->count++;
    clear_slot(model, slot, id);
    model->slot_of_name[id] = slot;
    return slot;
}

void pf_slot_release(struct pf_model *model, uint32_t slot)
{
    struct pf_columns *c = &model->columns;
    if (slot == PF_NODE_NONE || c->shape[slot] != PF_SHAPE_NONE || c->used_pods[slot] != 0 ||
        model->residents[slot].first != NULL || c->name[slot] == PF_INTERN_NONE) {
        return;
    }
    pf_extra_tidy(model, slot);
    free(model->slot_groups[slot].items); /* room for a group that did not come */
    pf_tier_tidy(&model->residents[slot]);
    const uint32_t id = c->name[slot];
    model->slot_of_name[id] = PF_NODE_NONE;
    pf_intern_unref(&model->strings, id);
    clear_slot(model, slot, PF_INTERN_NONE);
    model->free_slots[model->free_slot_count++] = slot;
}

uint64_t pf_model_change_number(const struct pf_model *model)
{
    return model->change_last;
}

void pf_slot_changed(struct pf_model *model, uint32_t slot)
{
    model->change_last++;
    model->changes[model->change_last % PF_CHANGES_MAX] = slot;
}

uint64_t pf_model_changes_since(const struct pf_model *model, uint64_t since,
                                void (*visit)(void *opaque, uint32_t slot), void *opaque)
{
    if (since == 0 || since > model->change_last || model->change_last - since > PF_CHANGES_MAX) {
        return 0;
    }
    for (uint64_t i = since + 1; i <= model->change_last; i++) {
        visit(opaque, model->changes[i % PF_CHANGES_MAX]);
    }
    return model->change_last;
}

const struct pf_columns *pf_model_columns(const struct pf_model *model)
{
    return &model->columns;
}

static int compare_slots(const struct pf_model *model, uint32_t left, uint32_t right)
{
    return pf_sv_cmp(pf_intern_text(&model->strings, model->columns.name[left]),
                     pf_intern_text(&model->strings, model->columns.name[right]));
}

static int compare_names(const void *a, const void *b, void *opaque)
{
    return compare_slots(opaque, *(const uint32_t *)a, *(const uint32_t *)b);
}

static bool reserve_names(struct pf_model *model, size_t count)
{
    if (count <= model->by_name_cap && model->by_name != NULL) {
        return true;
    }
    const size_t cap = count + count / 8; /* so that single new nodes do not resize */
    uint32_t *bigger = pf_mem_resize(model->by_name, cap, sizeof(*bigger));
    if (bigger == NULL) {
        return false;
    }
    model->by_name = bigger;
    model->by_name_cap = cap;
    return true;
}

/* Index among the first @p count names where the slot stands or belongs. */
static uint32_t find_name(const struct pf_model *model, uint32_t slot, uint32_t count)
{
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (compare_slots(model, model->by_name[middle], slot) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void pf_slot_name_enter(struct pf_model *model, uint32_t slot)
{
    const uint32_t count = model->columns.nodes;
    model->names_version++;
    model->by_name_valid = model->by_name_valid && reserve_names(model, count);
    if (!model->by_name_valid) {
        return;
    }
    const uint32_t at = find_name(model, slot, count - 1);
    memmove(model->by_name + at + 1, model->by_name + at,
            (count - 1 - at) * sizeof(*model->by_name));
    model->by_name[at] = slot;
}

void pf_slot_name_leave(struct pf_model *model, uint32_t slot)
{
    model->names_version++;
    if (!model->by_name_valid) {
        return;
    }
    const uint32_t count = model->columns.nodes;
    const uint32_t at = find_name(model, slot, count + 1);
    memmove(model->by_name + at, model->by_name + at + 1, (count - at) * sizeof(*model->by_name));
}

uint64_t pf_model_names_version(const struct pf_model *model)
{
    return model->names_version;
}

const uint32_t *pf_model_nodes_by_name(struct pf_model *model, uint32_t *ret_count)
{
    const struct pf_columns *c = &model->columns;
    if (!model->by_name_valid) {
        if (!reserve_names(model, c->nodes)) {
            return NULL;
        }
        uint32_t count = 0;
        for (uint32_t slot = 0; slot < c->count; slot++) {
            if (c->shape[slot] != PF_SHAPE_NONE) {
                model->by_name[count++] = slot;
            }
        }
        qsort_r(model->by_name, count, sizeof(*model->by_name), compare_names, model);
        model->by_name_valid = true;
    }
    *ret_count = c->nodes;
    return model->by_name;
}

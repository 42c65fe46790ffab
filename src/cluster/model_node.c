#include "cluster_internal.h"

/** What a change of a node needs, allocated before anything is changed. */
struct node_change {
    uint32_t slot;
    uint32_t shape;
    int64_t milli_cpu;
    int64_t memory;
    int64_t ephemeral_storage;
    int64_t pods;
    struct pf_demand_scalar *scalars; /* name: a reference held by this change */
    size_t scalar_count;
    struct pf_image_change images;
};

static void drop_change(struct pf_model *model, struct node_change *change)
{
    for (size_t i = 0; i < change->scalar_count; i++) {
        pf_intern_unref(&model->strings, change->scalars[i].name);
    }
    change->scalar_count = 0;
}

/* Resource.Add (pkg/scheduler/framework/types.go): cpu in thousandths, the rest in units, names that no filter reads left out. */
static bool read_allocatable(struct pf_model *model, const struct pf_resource_list *list,
                             struct node_change *change)
{
    change->scalars = pf_arena_calloc(&model->scratch, list->count != 0 ? list->count : 1,
                                      sizeof(*change->scalars));
    if (change->scalars == NULL) {
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct pf_resource *resource = &list->items[i];
        if (pf_sv_eq_cstr(resource->name, "cpu")) {
            change->milli_cpu = pf_quantity_milli(&resource->amount);
            continue;
        }
        const int64_t value = pf_quantity_value(&resource->amount);
        if (pf_sv_eq_cstr(resource->name, "memory")) {
            change->memory = value;
        } else if (pf_sv_eq_cstr(resource->name, "ephemeral-storage")) {
            change->ephemeral_storage = value;
        } else if (pf_sv_eq_cstr(resource->name, "pods")) {
            change->pods = value;
        } else if (value != 0 && pf_request_is_scalar(resource->name)) {
            const uint32_t name = pf_intern_ref(&model->strings, resource->name);
            if (name == PF_INTERN_NONE) {
                return false;
            }
            change->scalars[change->scalar_count++] =
                (struct pf_demand_scalar){.amount = value, .name = name};
        }
    }
    return true;
}

/* Undo what prepare_node() did. */
static void abandon(struct pf_model *model, struct node_change *change)
{
    drop_change(model, change);
    pf_image_abandon(model, &change->images);
    pf_shape_release(model, change->shape);
    if (change->slot != PF_NODE_NONE) {
        pf_extra_tidy(model, change->slot);
        pf_slot_release(model, change->slot);
    }
}

static bool prepare_node(struct pf_model *model, const struct pf_node *node,
                         struct node_change *change)
{
    change->slot = pf_slot_acquire(model, node->meta.name);
    if (change->slot == PF_NODE_NONE) {
        return false;
    }
    change->shape = pf_shape_acquire(model, node);
    return change->shape != PF_SHAPE_NONE && read_allocatable(model, &node->allocatable, change) &&
           pf_extra_prepare(model, change->slot, change->scalar_count, 0) &&
           pf_image_prepare(model, node, change->slot, &change->images);
}

/* @return did a scalar change? */
static bool commit_scalars(struct pf_model *model, const struct node_change *change)
{
    const struct pf_node_extra *extra = model->columns.extra[change->slot];
    if (extra == NULL) {
        return false;
    }
    bool changed = false;
    for (size_t i = 0; i < change->scalar_count; i++) {
        (void)pf_extra_scalar(model, change->slot, change->scalars[i].name);
    }
    for (size_t i = 0; i < extra->scalar_count; i++) {
        int64_t amount = 0;
        for (size_t j = 0; j < change->scalar_count; j++) {
            if (change->scalars[j].name == extra->scalars[i].name) {
                amount = change->scalars[j].amount;
            }
        }
        changed = changed || extra->scalars[i].allocatable != amount;
        extra->scalars[i].allocatable = amount;
    }
    pf_extra_tidy(model, change->slot);
    return changed;
}

static void replace(int64_t *value, int64_t by, bool *changed)
{
    *changed = *changed || *value != by;
    *value = by;
}

static void commit_node(struct pf_model *model, struct node_change *change)
{
    struct pf_columns *c = &model->columns;
    const uint32_t slot = change->slot;
    const uint32_t old_shape = c->shape[slot];
    /* releasing the old shape first could not free the new one, which this change holds */
    pf_shape_release(model, old_shape);
    bool changed = old_shape != change->shape;
    c->shape[slot] = change->shape;
    model->slot_doubtful[slot] = false;
    replace(&c->allocatable_milli_cpu[slot], change->milli_cpu, &changed);
    replace(&c->allocatable_memory[slot], change->memory, &changed);
    replace(&c->allocatable_ephemeral_storage[slot], change->ephemeral_storage, &changed);
    replace(&c->allocatable_pods[slot], change->pods, &changed);
    const bool scalars_changed = commit_scalars(model, change);
    pf_image_commit(model, &change->images, slot);
    drop_change(model, change);
    if (old_shape == PF_SHAPE_NONE) {
        c->nodes++;
        pf_slot_name_enter(model, slot);
        pf_pending_renominate(model, slot);
    }
    if (changed || scalars_changed) {
        pf_pending_displace(model, slot);
        model->pending.version++;
        pf_slot_changed(model, slot);
    }
}

enum pf_code pf_model_apply_node(struct pf_model *model, const struct pf_node *node,
                                 struct pf_err *err)
{
    pf_arena_reset(&model->scratch);
    struct node_change change = {.slot = PF_NODE_NONE, .shape = PF_SHAPE_NONE};
    if (!prepare_node(model, node, &change)) {
        abandon(model, &change);
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for node '%.*s'",
                          PF_SV_ARG(node->meta.name));
    }
    commit_node(model, &change);
    return PF_OK;
}

bool pf_model_remove_node(struct pf_model *model, struct pf_sv name)
{
    struct pf_columns *c = &model->columns;
    const uint32_t slot = pf_slot_find(model, name);
    if (slot == PF_NODE_NONE || c->shape[slot] == PF_SHAPE_NONE) {
        return false;
    }
    pf_shape_release(model, c->shape[slot]);
    c->shape[slot] = PF_SHAPE_NONE;
    c->allocatable_milli_cpu[slot] = 0;
    c->allocatable_memory[slot] = 0;
    c->allocatable_ephemeral_storage[slot] = 0;
    c->allocatable_pods[slot] = 0;
    (void)commit_scalars(model, &(struct node_change){.slot = slot});
    pf_image_commit(model, &(struct pf_image_change){.count = 0}, slot);
    c->nodes--;
    pf_slot_name_leave(model, slot);
    model->pending.version++;
    pf_slot_changed(model, slot);
    pf_pending_displace(model, slot);
    pf_slot_release(model, slot);
    return true;
}

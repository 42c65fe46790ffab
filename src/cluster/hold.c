#include "cluster_internal.h"

static size_t anti_place(const struct pf_model *model, uint32_t space)
{
    size_t low = 0;
    size_t high = model->anti_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (model->anti[middle].namespace_ < space) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void anti_add(struct pf_model *model, uint32_t space)
{
    const size_t at = anti_place(model, space);
    struct pf_anti *entry = &model->anti[at];
    if (at == model->anti_count || entry->namespace_ != space) {
        memmove(entry + 1, entry, (model->anti_count - at) * sizeof(*entry));
        *entry = (struct pf_anti){.namespace_ = space};
        model->anti_count++;
        pf_intern_ref_id(&model->strings, space);
    }
    entry->pods++;
}

static void anti_sub(struct pf_model *model, uint32_t space)
{
    const size_t at = anti_place(model, space);
    struct pf_anti *entry = &model->anti[at];
    entry->pods--;
    if (entry->pods == 0) {
        pf_intern_unref(&model->strings, space);
        model->anti_count--;
        memmove(entry, entry + 1, (model->anti_count - at) * sizeof(*entry));
    }
}

bool pf_hold_prepare(struct pf_model *model, const struct pf_hold *hold)
{
    if (hold->node == PF_NODE_NONE) {
        return true;
    }
    if (hold->anti &&
        !pf_mem_grow(&model->anti, &model->anti_cap, model->anti_count, sizeof(*model->anti))) {
        return false;
    }
    return pf_extra_prepare(model, hold->node, hold->demand->scalar_count,
                            hold->demand->port_count);
}

void pf_hold_add(struct pf_model *model, const struct pf_hold *hold)
{
    const uint32_t slot = hold->node;
    if (slot == PF_NODE_NONE) {
        return;
    }
    struct pf_columns *c = &model->columns;
    const struct pf_demand *d = hold->demand;
    c->used_milli_cpu[slot] = pf_wrap_add(c->used_milli_cpu[slot], d->milli_cpu);
    c->used_memory[slot] = pf_wrap_add(c->used_memory[slot], d->memory);
    c->used_ephemeral_storage[slot] =
        pf_wrap_add(c->used_ephemeral_storage[slot], d->ephemeral_storage);
    c->used_nonzero_milli_cpu[slot] =
        pf_wrap_add(c->used_nonzero_milli_cpu[slot], d->nonzero_milli_cpu);
    c->used_nonzero_memory[slot] = pf_wrap_add(c->used_nonzero_memory[slot], d->nonzero_memory);
    c->used_pods[slot]++;
    for (uint32_t i = 0; i < d->scalar_count; i++) {
        struct pf_node_scalar *scalar = pf_extra_scalar(model, slot, d->scalars[i].name);
        scalar->used = pf_wrap_add(scalar->used, d->scalars[i].amount);
        scalar->pods++;
    }
    for (uint32_t i = 0; i < d->port_count; i++) {
        pf_extra_add_port(model, slot, &pf_demand_ports(d)[i]);
    }
    if (hold->anti) {
        anti_add(model, hold->namespace_);
    }
    model->anti_other += hold->anti_other;
    pf_slot_changed(model, slot);
}

void pf_hold_sub(struct pf_model *model, const struct pf_hold *hold)
{
    const uint32_t slot = hold->node;
    if (slot == PF_NODE_NONE) {
        return;
    }
    struct pf_columns *c = &model->columns;
    const struct pf_demand *d = hold->demand;
    c->used_milli_cpu[slot] = pf_wrap_sub(c->used_milli_cpu[slot], d->milli_cpu);
    c->used_memory[slot] = pf_wrap_sub(c->used_memory[slot], d->memory);
    c->used_ephemeral_storage[slot] =
        pf_wrap_sub(c->used_ephemeral_storage[slot], d->ephemeral_storage);
    c->used_nonzero_milli_cpu[slot] =
        pf_wrap_sub(c->used_nonzero_milli_cpu[slot], d->nonzero_milli_cpu);
    c->used_nonzero_memory[slot] = pf_wrap_sub(c->used_nonzero_memory[slot], d->nonzero_memory);
    c->used_pods[slot]--;
    for (uint32_t i = 0; i < d->scalar_count; i++) {
        struct pf_node_scalar *scalar = pf_extra_scalar(model, slot, d->scalars[i].name);
        scalar->used = pf_wrap_sub(scalar->used, d->scalars[i].amount);
        scalar->pods--;
    }
    for (uint32_t i = 0; i < d->port_count; i++) {
        pf_extra_sub_port(model, slot, &pf_demand_ports(d)[i]);
    }
    if (d->scalar_count != 0 || d->port_count != 0) {
        pf_extra_tidy(model, slot);
    }
    if (hold->anti) {
        anti_sub(model, hold->namespace_);
    }
    model->anti_other -= hold->anti_other;
    pf_slot_changed(model, slot);
    pf_slot_release(model, slot);
}

bool pf_model_anti_affinity_may_match(const struct pf_model *model, struct pf_sv space)
{
    if (model->anti_other != 0) {
        return true;
    }
    const uint32_t id = pf_intern_find(&model->strings, space);
    const size_t at = anti_place(model, id);
    return id != PF_INTERN_NONE && at < model->anti_count && model->anti[at].namespace_ == id;
}

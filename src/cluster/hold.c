#include "cluster_internal.h"

bool pf_hold_prepare(struct pf_model *model, const struct pf_hold *hold)
{
    if (hold->node == PF_NODE_NONE) {
        return true;
    }
    return pf_anti_prepare(model, hold->group) && pf_group_prepare(model, hold->node) &&
           pf_extra_prepare(model, hold->node, hold->demand->scalar_count,
                            hold->demand->port_count) &&
           pf_extra_prepare_volumes(model, hold->node, hold->demand->volume_count);
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
    pf_extra_add_volumes(model, slot, d);
    pf_group_add(model, slot, hold->group);
    pf_anti_add(model, hold->group);
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
    pf_extra_sub_volumes(model, slot, d);
    if (d->scalar_count != 0 || d->port_count != 0 || d->volume_count != 0) {
        pf_extra_tidy(model, slot);
    }
    pf_group_sub(model, slot, hold->group);
    pf_anti_sub(model, hold->group);
    pf_slot_changed(model, slot);
    pf_slot_release(model, slot);
}

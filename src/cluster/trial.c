#include "cluster_internal.h"
#include <podfit/residents.h>

void pf_trial_done(struct pf_trial *trial)
{
    free(trial->used.extra.scalars);
    free(trial->used.extra.ports);
    free(trial->used.extra.volumes);
    *trial = (struct pf_trial){.used = {.pods = 0}};
}

/* Room for @p count entries in all. */
static bool reserve(void *array, size_t *cap, size_t count, size_t bytes_each)
{
    while (*cap < count) {
        if (!pf_mem_grow(array, cap, *cap, bytes_each)) {
            return false;
        }
    }
    return true;
}

static bool reserve_all(struct pf_node_extra *extra, size_t scalars, size_t ports, size_t volumes)
{
    return reserve(&extra->scalars, &extra->scalar_cap, scalars, sizeof(*extra->scalars)) &&
           reserve(&extra->ports, &extra->port_cap, ports, sizeof(*extra->ports)) &&
           reserve(&extra->volumes, &extra->volume_cap, volumes, sizeof(*extra->volumes));
}

static void copy(void *to, const void *from, size_t count, size_t bytes_each)
{
    if (count != 0) {
        memcpy(to, from, count * bytes_each);
    }
}

enum pf_code pf_trial_start(struct pf_trial *trial, const struct pf_model *model, uint32_t slot)
{
    const struct pf_columns *c = &model->columns;
    const struct pf_node_extra none = {.scalars = NULL};
    const struct pf_node_extra *from = c->extra[slot] != NULL ? c->extra[slot] : &none;
    struct pf_used *used = &trial->used;
    struct pf_node_extra *extra = &used->extra;
    if (!reserve_all(extra, from->scalar_count, from->port_count, from->volume_count)) {
        return PF_E_NO_MEMORY;
    }
    used->milli_cpu = c->used_milli_cpu[slot];
    used->memory = c->used_memory[slot];
    used->ephemeral_storage = c->used_ephemeral_storage[slot];
    used->pods = c->used_pods[slot];
    copy(extra->scalars, from->scalars, from->scalar_count, sizeof(*extra->scalars));
    copy(extra->ports, from->ports, from->port_count, sizeof(*extra->ports));
    copy(extra->volumes, from->volumes, from->volume_count, sizeof(*extra->volumes));
    extra->scalar_count = from->scalar_count;
    extra->port_count = from->port_count;
    extra->volume_count = from->volume_count;
    return PF_OK;
}

/* Entry of a scalar; room for it was reserved. */
static struct pf_node_scalar *enter_scalar(struct pf_node_extra *extra, uint32_t name)
{
    size_t at = 0;
    while (at < extra->scalar_count && extra->scalars[at].name < name) {
        at++;
    }
    struct pf_node_scalar *entry = &extra->scalars[at];
    if (at == extra->scalar_count || entry->name != name) {
        memmove(entry + 1, entry, (extra->scalar_count - at) * sizeof(*entry));
        extra->scalar_count++;
        *entry = (struct pf_node_scalar){.name = name};
    }
    return entry;
}

static void add_port(struct pf_node_extra *extra, const struct pf_demand_port *port)
{
    struct pf_used_port *used = pf_extra_find_port(extra, port);
    if (used == NULL) {
        used = &extra->ports[extra->port_count++];
        *used =
            (struct pf_used_port){.ip = port->ip, .port = port->port, .protocol = port->protocol};
    }
    used->count++;
}

/* @param wholly  whoever else uses it */
static void sub_port(struct pf_node_extra *extra, const struct pf_demand_port *port, bool wholly)
{
    struct pf_used_port *used = pf_extra_find_port(extra, port);
    if (used == NULL) {
        return; /* given free by another user that left */
    }
    used->count--;
    if (used->count == 0 || wholly) {
        *used = extra->ports[--extra->port_count];
    }
}

static void add_volume(struct pf_node_extra *extra, uint32_t space,
                       const struct pf_demand_volume *volume)
{
    struct pf_used_volume *used = pf_extra_find_volume(extra, space, volume);
    if (used == NULL) {
        used = &extra->volumes[extra->volume_count++];
        *used = (struct pf_used_volume){.namespace_ = space,
                                        .name = volume->name,
                                        .other = volume->other,
                                        .kind = volume->kind,
                                        .read_only = volume->read_only != 0,
                                        .untranslatable = volume->untranslatable != 0};
    }
    used->pods++;
}

static void sub_volume(struct pf_node_extra *extra, uint32_t space,
                       const struct pf_demand_volume *volume)
{
    struct pf_used_volume *used = pf_extra_find_volume(extra, space, volume);
    used->pods--;
    if (used->pods == 0) {
        *used = extra->volumes[--extra->volume_count];
    }
}

enum pf_code pf_trial_add(struct pf_trial *trial, const struct pf_resident *pod)
{
    const struct pf_demand *demand = ((const struct pf_record *)pod->pod)->demand;
    struct pf_used *used = &trial->used;
    struct pf_node_extra *extra = &used->extra;
    if (!reserve_all(extra, extra->scalar_count + demand->scalar_count,
                     extra->port_count + demand->port_count,
                     extra->volume_count + demand->volume_count)) {
        return PF_E_NO_MEMORY;
    }
    used->milli_cpu = pf_wrap_add(used->milli_cpu, demand->milli_cpu);
    used->memory = pf_wrap_add(used->memory, demand->memory);
    used->ephemeral_storage = pf_wrap_add(used->ephemeral_storage, demand->ephemeral_storage);
    used->pods++;
    for (uint32_t i = 0; i < demand->scalar_count; i++) {
        struct pf_node_scalar *scalar = enter_scalar(extra, demand->scalars[i].name);
        scalar->used = pf_wrap_add(scalar->used, demand->scalars[i].amount);
        scalar->pods++;
    }
    for (uint32_t i = 0; i < demand->port_count; i++) {
        add_port(extra, &pf_demand_ports(demand)[i]);
    }
    for (uint32_t i = 0; i < demand->volume_count; i++) {
        add_volume(extra, demand->namespace_, &pf_demand_volumes(demand)[i]);
    }
    return PF_OK;
}

static void sub(struct pf_trial *trial, const struct pf_resident *pod, bool wholly)
{
    const struct pf_demand *demand = ((const struct pf_record *)pod->pod)->demand;
    struct pf_used *used = &trial->used;
    struct pf_node_extra *extra = &used->extra;
    used->milli_cpu = pf_wrap_sub(used->milli_cpu, demand->milli_cpu);
    used->memory = pf_wrap_sub(used->memory, demand->memory);
    used->ephemeral_storage = pf_wrap_sub(used->ephemeral_storage, demand->ephemeral_storage);
    used->pods--;
    for (uint32_t i = 0; i < demand->scalar_count; i++) {
        struct pf_node_scalar *scalar = enter_scalar(extra, demand->scalars[i].name);
        scalar->used = pf_wrap_sub(scalar->used, demand->scalars[i].amount);
        scalar->pods--;
    }
    for (uint32_t i = 0; i < demand->port_count; i++) {
        sub_port(extra, &pf_demand_ports(demand)[i], wholly);
    }
    for (uint32_t i = 0; i < demand->volume_count; i++) {
        sub_volume(extra, demand->namespace_, &pf_demand_volumes(demand)[i]);
    }
}

void pf_trial_sub(struct pf_trial *trial, const struct pf_resident *pod)
{
    sub(trial, pod, /* wholly= */ true);
}

void pf_trial_undo(struct pf_trial *trial, const struct pf_resident *pod)
{
    sub(trial, pod, /* wholly= */ false);
}

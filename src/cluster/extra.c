#include "cluster_internal.h"

bool pf_extra_prepare(struct pf_model *model, uint32_t slot, size_t scalars, size_t ports)
{
    if (scalars == 0 && ports == 0) {
        return true;
    }
    struct pf_node_extra *extra = model->columns.extra[slot];
    if (extra == NULL) {
        extra = pf_mem_calloc(1, sizeof(*extra));
        if (extra == NULL) {
            return false;
        }
        model->columns.extra[slot] = extra;
    }
    /* exact, not doubled: most nodes that have an entry have one or two for ever */
    const size_t scalar_need = extra->scalar_count + scalars;
    if (scalar_need > extra->scalar_cap) {
        void *bigger = pf_mem_resize(extra->scalars, scalar_need, sizeof(*extra->scalars));
        if (bigger == NULL) {
            return false;
        }
        extra->scalars = bigger;
        extra->scalar_cap = scalar_need;
    }
    while (extra->port_cap < extra->port_count + ports) {
        if (!pf_mem_grow(&extra->ports, &extra->port_cap, extra->port_cap, sizeof(*extra->ports))) {
            return false;
        }
    }
    return true;
}

/* Index of the entry, or where it belongs. */
static size_t scalar_place(const struct pf_node_extra *extra, uint32_t name)
{
    size_t low = 0;
    size_t high = extra->scalar_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (extra->scalars[middle].name < name) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct pf_node_scalar *pf_extra_scalar(struct pf_model *model, uint32_t slot, uint32_t name)
{
    struct pf_node_extra *extra = model->columns.extra[slot];
    const size_t at = scalar_place(extra, name);
    struct pf_node_scalar *entry = &extra->scalars[at];
    if (at < extra->scalar_count && entry->name == name) {
        return entry;
    }
    memmove(entry + 1, entry, (extra->scalar_count - at) * sizeof(*entry));
    extra->scalar_count++;
    pf_intern_ref_id(&model->strings, name);
    *entry = (struct pf_node_scalar){.name = name};
    return entry;
}

struct pf_used_port *pf_extra_find_port(const struct pf_node_extra *extra,
                                        const struct pf_demand_port *port)
{
    for (size_t i = 0; i < extra->port_count; i++) {
        struct pf_used_port *used = &extra->ports[i];
        if (used->ip == port->ip && used->port == port->port && used->protocol == port->protocol) {
            return used;
        }
    }
    return NULL;
}

void pf_extra_add_port(struct pf_model *model, uint32_t slot, const struct pf_demand_port *port)
{
    struct pf_node_extra *extra = model->columns.extra[slot];
    struct pf_used_port *used = pf_extra_find_port(extra, port);
    if (used == NULL) {
        used = &extra->ports[extra->port_count++];
        *used =
            (struct pf_used_port){.ip = port->ip, .port = port->port, .protocol = port->protocol};
        pf_intern_ref_id(&model->strings, port->ip);
    }
    used->count++;
}

void pf_extra_sub_port(struct pf_model *model, uint32_t slot, const struct pf_demand_port *port)
{
    struct pf_node_extra *extra = model->columns.extra[slot];
    struct pf_used_port *used = pf_extra_find_port(extra, port);
    used->count--;
    if (used->count == 0) {
        pf_intern_unref(&model->strings, used->ip);
        *used = extra->ports[--extra->port_count];
    }
}

void pf_extra_tidy(struct pf_model *model, uint32_t slot)
{
    struct pf_node_extra *extra = model->columns.extra[slot];
    if (extra == NULL) {
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < extra->scalar_count; i++) {
        const struct pf_node_scalar entry = extra->scalars[i];
        if (entry.allocatable == 0 && entry.pods == 0) {
            pf_intern_unref(&model->strings, entry.name);
        } else {
            extra->scalars[kept++] = entry;
        }
    }
    extra->scalar_count = kept;
    if (kept == 0 && extra->port_count == 0 && extra->volume_count == 0) {
        free(extra->scalars);
        free(extra->ports);
        free(extra->volumes);
        free(extra);
        model->columns.extra[slot] = NULL;
    }
}

size_t pf_extra_bytes(const struct pf_node_extra *extra)
{
    return pf_heap_cost(sizeof(*extra)) +
           (extra->scalars != NULL ? pf_heap_cost(extra->scalar_cap * sizeof(*extra->scalars))
                                   : 0) +
           (extra->ports != NULL ? pf_heap_cost(extra->port_cap * sizeof(*extra->ports)) : 0) +
           (extra->volumes != NULL ? pf_heap_cost(extra->volume_cap * sizeof(*extra->volumes)) : 0);
}

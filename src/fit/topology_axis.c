#include "topology_axis.h"

#include <podfit/mem.h>

void pf_topology_axis_done(struct pf_topology_axis *axis)
{
    free(axis->values);
    free(axis->nodes);
    free(axis->index);
    *axis = (struct pf_topology_axis){.values = NULL};
}

void pf_topology_axis_reset(struct pf_topology_axis *axis)
{
    for (size_t i = 0; i < axis->index_cap; i++) {
        axis->index[i] = 0;
    }
    axis->count = 0;
    axis->live = 0;
    axis->free_head = UINT32_MAX;
}

size_t pf_topology_axis_bytes(const struct pf_topology_axis *axis)
{
    return (axis->cap * 2 + axis->index_cap) * sizeof(uint32_t);
}

/* ids are dense and ours: spreading them is enough */
static size_t hash_of(uint32_t value)
{
    return (size_t)value * 2654435761U >> 7;
}

static size_t probe(const struct pf_topology_axis *axis, uint32_t value)
{
    const size_t mask = axis->index_cap - 1;
    size_t at = hash_of(value) & mask;
    while (axis->index[at] != 0 && axis->values[axis->index[at] - 1] != value) {
        at = (at + 1) & mask;
    }
    return at;
}

static bool grow(struct pf_topology_axis *axis)
{
    size_t cap = axis->cap;
    if (!pf_mem_grow(&axis->nodes, &cap, axis->count, sizeof(*axis->nodes))) {
        return false;
    }
    if (cap != axis->cap) {
        uint32_t *values = pf_mem_resize(axis->values, cap, sizeof(*values));
        if (values == NULL) {
            return false; /* the other array is merely larger than cap says */
        }
        axis->values = values;
        axis->cap = cap;
    }
    if (axis->index_cap >= 2 * ((size_t)axis->live + 1)) {
        return true;
    }
    const size_t index_cap = axis->index_cap != 0 ? axis->index_cap * 2 : 16;
    uint32_t *index = pf_mem_calloc(index_cap, sizeof(*index));
    if (index == NULL) {
        return false;
    }
    free(axis->index);
    axis->index = index;
    axis->index_cap = index_cap;
    for (uint32_t i = 0; i < axis->count; i++) {
        if (axis->nodes[i] != 0) {
            axis->index[probe(axis, axis->values[i])] = i + 1;
        }
    }
    return true;
}

uint32_t pf_topology_axis_enter(struct pf_topology_axis *axis, uint32_t value)
{
    const size_t at = axis->index_cap != 0 ? probe(axis, value) : 0;
    if (axis->index_cap != 0 && axis->index[at] != 0) {
        axis->nodes[axis->index[at] - 1]++;
        return axis->index[at];
    }
    if (!grow(axis)) {
        return 0;
    }
    uint32_t domain = axis->free_head;
    if (domain != UINT32_MAX) {
        axis->free_head = axis->values[domain];
    } else {
        domain = axis->count++;
    }
    axis->values[domain] = value;
    axis->nodes[domain] = 1;
    axis->index[probe(axis, value)] = domain + 1;
    axis->live++;
    return domain + 1;
}

void pf_topology_axis_leave(struct pf_topology_axis *axis, uint32_t domain)
{
    axis->nodes[domain]--;
    if (axis->nodes[domain] != 0) {
        return;
    }
    const size_t mask = axis->index_cap - 1;
    size_t hole = probe(axis, axis->values[domain]);
    for (size_t at = (hole + 1) & mask; axis->index[at] != 0; at = (at + 1) & mask) {
        const size_t home = hash_of(axis->values[axis->index[at] - 1]) & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            axis->index[hole] = axis->index[at];
            hole = at;
        }
    }
    axis->index[hole] = 0;
    axis->values[domain] = axis->free_head;
    axis->free_head = domain;
    axis->live--;
}

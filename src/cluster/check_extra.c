#include "cluster_internal.h"

static struct pf_node_scalar *copy_scalars(const struct pf_model *model, size_t **ret_first)
{
    const struct pf_columns *c = &model->columns;
    size_t count = 0;
    pf_autofree size_t *first = pf_mem_calloc((size_t)c->count + 1, sizeof(*first));
    for (uint32_t slot = 0; first != NULL && slot < c->count; slot++) {
        first[slot] = count;
        count += c->extra[slot] != NULL ? c->extra[slot]->scalar_count : 0;
    }
    struct pf_node_scalar *copy = first != NULL ? pf_mem_calloc(count, sizeof(*copy)) : NULL;
    if (copy == NULL) {
        return NULL;
    }
    first[c->count] = count;
    for (uint32_t slot = 0; slot < c->count; slot++) {
        if (c->extra[slot] != NULL && c->extra[slot]->scalar_count != 0) {
            memcpy(&copy[first[slot]], c->extra[slot]->scalars,
                   c->extra[slot]->scalar_count * sizeof(*copy));
        }
    }
    *ret_first = PF_TAKE(first);
    return copy;
}

/** The rare part of all nodes, from which holds are taken away until nothing may be left. */
struct rest {
    const struct pf_model *model;
    struct pf_node_scalar *scalars;
    const size_t *first; /* of a slot in scalars; one more entry at the end */
    uint32_t *ports;     /* uses that are left, by position of the entry */
    const size_t *first_port;
};

static bool take_scalar(struct rest *rest, uint32_t slot, const struct pf_demand_scalar *scalar)
{
    for (size_t i = rest->first[slot]; i < rest->first[slot + 1]; i++) {
        struct pf_node_scalar *entry = &rest->scalars[i];
        if (entry->name == scalar->name && entry->pods != 0) {
            entry->pods--;
            entry->used = pf_wrap_sub(entry->used, scalar->amount);
            return true;
        }
    }
    return false;
}

static bool take_port(struct rest *rest, uint32_t slot, const struct pf_demand_port *port)
{
    const struct pf_node_extra *extra = rest->model->columns.extra[slot];
    for (size_t i = 0; extra != NULL && i < extra->port_count; i++) {
        uint32_t *left = &rest->ports[rest->first_port[slot] + i];
        if (extra->ports[i].ip == port->ip && extra->ports[i].port == port->port &&
            extra->ports[i].protocol == port->protocol && *left != 0) {
            (*left)--;
            return true;
        }
    }
    return false;
}

static bool take_hold(struct rest *rest, const struct pf_hold *hold)
{
    if (hold->node == PF_NODE_NONE) {
        return true;
    }
    for (uint32_t i = 0; i < hold->demand->scalar_count; i++) {
        if (!take_scalar(rest, hold->node, &hold->demand->scalars[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < hold->demand->port_count; i++) {
        if (!take_port(rest, hold->node, &pf_demand_ports(hold->demand)[i])) {
            return false;
        }
    }
    return true;
}

static bool take_all(struct rest *rest)
{
    const struct pf_podset *set = &rest->model->pods;
    for (size_t i = 0; i < set->cap; i++) {
        if (set->slots[i] != NULL) {
            const struct pf_hold hold = pf_record_hold(set->slots[i]);
            if (!take_hold(rest, &hold)) {
                return false;
            }
        }
    }
    for (const struct pf_reservation *r = rest->model->reservations.oldest; r != NULL;
         r = r->next) {
        if (!take_hold(rest, &r->hold)) {
            return false;
        }
    }
    return true;
}

static enum pf_code check_rest(const struct rest *rest, struct pf_err *err)
{
    const struct pf_columns *c = &rest->model->columns;
    for (uint32_t slot = 0; slot < c->count; slot++) {
        const struct pf_node_extra *extra = c->extra[slot];
        bool good = extra == NULL || extra->scalar_count != 0 || extra->port_count != 0 ||
                    extra->volume_count != 0;
        for (size_t i = rest->first[slot]; i < rest->first[slot + 1]; i++) {
            const bool sorted =
                i == rest->first[slot] || rest->scalars[i - 1].name < rest->scalars[i].name;
            const struct pf_node_scalar *kept = &extra->scalars[i - rest->first[slot]];
            good = good && sorted && rest->scalars[i].pods == 0 && rest->scalars[i].used == 0 &&
                   (kept->allocatable != 0 || kept->pods != 0);
        }
        for (size_t i = 0; extra != NULL && i < extra->port_count; i++) {
            good =
                good && rest->ports[rest->first_port[slot] + i] == 0 && extra->ports[i].count != 0;
        }
        if (!good) {
            return pf_err_set(err, PF_E_INTERNAL, "slot %u has scalars or ports that nobody uses",
                              slot);
        }
    }
    return PF_OK;
}

enum pf_code pf_check_extra(const struct pf_model *model, struct pf_err *err)
{
    const struct pf_columns *c = &model->columns;
    size_t ports = 0;
    pf_autofree size_t *first = NULL;
    pf_autofree struct pf_node_scalar *scalars = copy_scalars(model, &first);
    pf_autofree size_t *first_port = pf_mem_calloc((size_t)c->count + 1, sizeof(*first_port));
    for (uint32_t slot = 0; first_port != NULL && slot < c->count; slot++) {
        first_port[slot] = ports;
        ports += c->extra[slot] != NULL ? c->extra[slot]->port_count : 0;
    }
    pf_autofree uint32_t *left = pf_mem_calloc(ports, sizeof(*left));
    if (scalars == NULL || first_port == NULL || left == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to check the model");
    }
    for (uint32_t slot = 0; slot < c->count; slot++) {
        for (size_t i = 0; c->extra[slot] != NULL && i < c->extra[slot]->port_count; i++) {
            left[first_port[slot] + i] = c->extra[slot]->ports[i].count;
        }
    }
    struct rest rest = {.model = model,
                        .scalars = scalars,
                        .first = first,
                        .ports = left,
                        .first_port = first_port};
    if (!take_all(&rest)) {
        return pf_err_set(err, PF_E_INTERNAL, "a scalar or port is used and not counted");
    }
    return check_rest(&rest, err);
}

#include "cluster_internal.h"

/** What is left of the volumes of the nodes when their users are taken away. */
struct rest {
    const struct pf_model *model;
    uint32_t *pods; /* one a volume of a node, nodes in slot order */
    size_t *first;  /* by slot */
};

static bool is_same(const struct pf_used_volume *used, uint32_t space,
                    const struct pf_demand_volume *volume)
{
    return used->namespace_ == space && used->name == volume->name &&
           used->other == volume->other && used->kind == volume->kind &&
           used->read_only == (volume->read_only != 0) &&
           used->untranslatable == (volume->untranslatable != 0);
}

static bool take_volume(struct rest *rest, uint32_t slot, uint32_t space,
                        const struct pf_demand_volume *volume)
{
    const struct pf_node_extra *extra = rest->model->columns.extra[slot];
    for (size_t i = 0; extra != NULL && i < extra->volume_count; i++) {
        if (is_same(&extra->volumes[i], space, volume)) {
            uint32_t *left = &rest->pods[rest->first[slot] + i];
            if (*left == 0) {
                return false;
            }
            (*left)--;
            return true;
        }
    }
    return false;
}

static bool take(struct rest *rest, uint32_t slot, const struct pf_demand *demand)
{
    for (uint32_t i = 0; slot != PF_NODE_NONE && i < demand->volume_count; i++) {
        if (!take_volume(rest, slot, demand->namespace_, &pf_demand_volumes(demand)[i])) {
            return false;
        }
    }
    return true;
}

static bool take_all(struct rest *rest)
{
    const struct pf_podset *set = &rest->model->pods;
    for (size_t i = 0; i < set->cap; i++) {
        const struct pf_record *record = set->slots[i];
        if (record != NULL && !take(rest, pf_record_hold(record).node, record->demand)) {
            return false;
        }
    }
    const struct pf_reservation *r = rest->model->reservations.oldest;
    while (r != NULL && take(rest, r->hold.node, r->hold.demand)) {
        r = r->next;
    }
    return r == NULL;
}

enum pf_code pf_check_volumes(const struct pf_model *model, struct pf_err *err)
{
    const struct pf_columns *c = &model->columns;
    size_t count = 0;
    pf_autofree size_t *first = pf_mem_calloc((size_t)c->count + 1, sizeof(*first));
    for (uint32_t slot = 0; first != NULL && slot < c->count; slot++) {
        first[slot] = count;
        count += c->extra[slot] != NULL ? c->extra[slot]->volume_count : 0;
    }
    pf_autofree uint32_t *pods = pf_mem_calloc(count, sizeof(*pods));
    if (first == NULL || pods == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to check the model");
    }
    for (uint32_t slot = 0; slot < c->count; slot++) {
        for (size_t i = 0; c->extra[slot] != NULL && i < c->extra[slot]->volume_count; i++) {
            pods[first[slot] + i] = c->extra[slot]->volumes[i].pods;
        }
    }
    struct rest rest = {.model = model, .pods = pods, .first = first};
    bool good = take_all(&rest);
    for (size_t i = 0; i < count; i++) {
        good = good && pods[i] == 0;
    }
    return good ? PF_OK : pf_err_set(err, PF_E_INTERNAL, "volumes of a node are miscounted");
}

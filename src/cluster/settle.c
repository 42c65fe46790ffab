#include "cluster_internal.h"

/*
 * kube-scheduler breaks ties by chance, so a pod may be bound elsewhere than its room was held. The node it was bound to then holds one
 * pod more than it can take, and the place it was expected at is free: promised to a newcomer, it would be missing for somebody who was
 * admitted. So whoever is held on an overfull node moves to the place that got free, by the amounts alone. Pending pods are placed again by all filters before the
 * next judgement; until then they must hold room as well, or the place that their own binding vacates would be lost when it is seen before that judgement.
 */

static bool is_overfull(const struct pf_model *model, uint32_t slot)
{
    const struct pf_columns *c = &model->columns;
    if (c->shape[slot] == PF_SHAPE_NONE) {
        return false; /* a node that nobody knows is judged by nobody */
    }
    if (c->used_pods[slot] > c->allocatable_pods[slot] ||
        c->used_milli_cpu[slot] > c->allocatable_milli_cpu[slot] ||
        c->used_memory[slot] > c->allocatable_memory[slot] ||
        c->used_ephemeral_storage[slot] > c->allocatable_ephemeral_storage[slot]) {
        return true;
    }
    const struct pf_node_extra *extra = c->extra[slot];
    for (size_t i = 0; extra != NULL && i < extra->scalar_count; i++) {
        if (extra->scalars[i].used > extra->scalars[i].allocatable) {
            return true;
        }
    }
    return false;
}

/* Hold the same on @p to as well. @return false: there is no memory or room for it */
static bool hold_also(struct pf_model *model, struct pf_hold hold, uint32_t to)
{
    hold.node = to;
    if (!pf_hold_prepare(model, &hold)) {
        pf_extra_tidy(model, to);
        return false;
    }
    pf_hold_add(model, &hold);
    if (is_overfull(model, to)) {
        pf_hold_sub(model, &hold);
        return false;
    }
    return true;
}

/* @return false: it stays where it is */
static bool move_pending(struct pf_model *model, struct pf_waiting *waiting, uint32_t to)
{
    struct pf_record *record = waiting->record;
    const struct pf_hold old = pf_record_hold(record);
    if (!hold_also(model, old, to)) {
        return false;
    }
    pf_resident_unlink(model, record);
    record->node = to;
    pf_resident_link(model, record);
    pf_hold_sub(model, &old);
    waiting->guessed = true;
    model->pending.version++;
    return true;
}

/* The youngest first: the order in which kube-scheduler would be without room for them. */
static void displace_pending(struct pf_model *model, uint32_t slot, uint32_t vacated)
{
    struct pf_pending_table *table = &model->pending;
    for (size_t i = table->order_count; i > 0 && is_overfull(model, slot); i--) {
        struct pf_waiting *waiting = table->slots[table->order[i - 1]];
        if (waiting->record->node == slot && !waiting->record->nominated &&
            (vacated == PF_NODE_NONE || !move_pending(model, waiting, vacated))) {
            pf_pending_unplace(model, waiting);
        }
    }
}

/* Without memory or room it stays where it is: too much is held there rather than too little. */
static void move_reservation(struct pf_model *model, struct pf_reservation *reservation,
                             uint32_t to)
{
    const struct pf_hold old = reservation->hold;
    if (!hold_also(model, old, to)) {
        return;
    }
    reservation->hold.node = to;
    reservation->guessed = true;
    pf_hold_sub(model, &old);
}

void pf_settle(struct pf_model *model, uint32_t slot, uint32_t vacated)
{
    if (slot == vacated) {
        return;
    }
    if (vacated != PF_NODE_NONE && model->columns.shape[vacated] == PF_SHAPE_NONE) {
        vacated = PF_NODE_NONE;
    }
    displace_pending(model, slot, vacated);
    if (vacated == PF_NODE_NONE) {
        return;
    }
    struct pf_reservation *reservation = model->reservations.newest;
    while (reservation != NULL && is_overfull(model, slot)) {
        struct pf_reservation *older = reservation->prev;
        if (reservation->hold.node == slot) {
            move_reservation(model, reservation, vacated);
        }
        reservation = older;
    }
}

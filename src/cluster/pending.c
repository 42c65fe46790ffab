#include "cluster_internal.h"

/* Position in the order of a handle, or where a pod of that age belongs. */
static size_t order_place(const struct pf_pending_table *table, const struct pf_waiting *waiting)
{
    size_t low = 0;
    size_t high = table->order_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct pf_waiting *other = table->slots[table->order[middle]];
        if (other->created_ns < waiting->created_ns ||
            (other->created_ns == waiting->created_ns && other->sequence < waiting->sequence)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool pf_pending_reserve(struct pf_model *model)
{
    struct pf_pending_table *table = &model->pending;
    /* one free entry for each slot, so that taking out never allocates */
    return table->slot_count < PF_PENDING_NONE - 1 &&
           pf_mem_grow(&table->slots, &table->slot_cap, table->slot_count,
                       sizeof(struct pf_waiting *)) &&
           pf_mem_grow(&table->order, &table->order_cap, table->order_count,
                       sizeof(*table->order)) &&
           pf_mem_grow(&table->free_slots, &table->free_cap, table->slot_count,
                       sizeof(*table->free_slots));
}

uint32_t pf_pending_insert(struct pf_model *model, struct pf_waiting *waiting)
{
    struct pf_pending_table *table = &model->pending;
    const uint32_t handle = table->free_count != 0 ? table->free_slots[--table->free_count]
                                                   : (uint32_t)table->slot_count++;
    if (waiting->sequence == 0) {
        waiting->sequence = ++table->sequence;
    }
    const size_t at = order_place(table, waiting);
    memmove(&table->order[at + 1], &table->order[at],
            (table->order_count - at) * sizeof(*table->order));
    table->order[at] = handle;
    table->order_count++;
    table->slots[handle] = waiting;
    model->heap_bytes += pf_heap_cost(waiting->block_bytes);
    return handle;
}

void pf_pending_remove(struct pf_model *model, uint32_t handle)
{
    struct pf_pending_table *table = &model->pending;
    struct pf_waiting *waiting = table->slots[handle];
    const size_t at = order_place(table, waiting);
    table->order_count--;
    memmove(&table->order[at], &table->order[at + 1],
            (table->order_count - at) * sizeof(*table->order));
    table->slots[handle] = NULL;
    table->free_slots[table->free_count++] = handle;
    model->heap_bytes -= pf_heap_cost(waiting->block_bytes);
    pf_assumed_release(model, waiting->assumed);
    free(waiting);
}

void pf_pending_unplace(struct pf_model *model, struct pf_waiting *waiting)
{
    struct pf_record *record = waiting->record;
    const struct pf_hold hold = pf_record_hold(record);
    pf_resident_unlink(model, record);
    record->node = PF_NODE_NONE;
    waiting->guessed = false;
    pf_hold_sub(model, &hold);
    model->pending.version++;
}

void pf_model_pending_forget(struct pf_model *model, uint32_t pod)
{
    struct pf_waiting *waiting = model->pending.slots[pod];
    pf_assumed_release(model, PF_TAKE(waiting->assumed));
    if (waiting->guessed) {
        pf_pending_unplace(model, waiting);
        model->pending.version--; /* whoever places it knows */
    }
}

void pf_pending_displace(struct pf_model *model, uint32_t slot)
{
    struct pf_pending_table *table = &model->pending;
    for (size_t i = 0; i < table->order_count; i++) {
        struct pf_waiting *waiting = table->slots[table->order[i]];
        if (waiting->record->node == slot && !waiting->record->nominated) {
            pf_pending_unplace(model, waiting);
        }
    }
}

void pf_pending_renominate(struct pf_model *model, uint32_t slot)
{
    const struct pf_sv name = pf_intern_text(&model->strings, model->columns.name[slot]);
    const struct pf_pending_table *table = &model->pending;
    for (size_t i = 0; i < table->order_count; i++) {
        struct pf_waiting *waiting = table->slots[table->order[i]];
        struct pf_record *record = waiting->record;
        if (record->nominated || !pf_sv_eq(waiting->pod.nominated_node_name, name)) {
            continue;
        }
        const struct pf_hold hold = pf_record_hold(record);
        const uint32_t old_place = record->node;
        pf_resident_unlink(model, record);
        record->node = slot;
        record->nominated = true;
        waiting->guessed = false;
        pf_resident_link(model, record);
        pf_hold_sub(model, &hold);
        pf_slot_release(model, old_place);
    }
}

void pf_pending_done(struct pf_model *model)
{
    for (size_t i = 0; i < model->pending.slot_count; i++) {
        if (model->pending.slots[i] != NULL) {
            free(model->pending.slots[i]->assumed);
        }
        free(model->pending.slots[i]);
    }
    free(model->pending.slots);
    free(model->pending.order);
    free(model->pending.free_slots);
    model->pending = (struct pf_pending_table){0};
}

uint64_t pf_model_pending_version(const struct pf_model *model)
{
    return model->pending.order_count != 0 ? model->pending.version : 0;
}

/* Does it hold room on a node that exists, or is it nominated to one? */
static bool is_placed(const struct pf_model *model, const struct pf_record *record)
{
    return record->node != PF_NODE_NONE && model->columns.shape[record->node] != PF_SHAPE_NONE;
}

enum pf_code pf_model_pending_next(const struct pf_model *model, uint32_t *cursor,
                                   struct pf_arena *arena, struct pf_pending *ret_pending)
{
    (void)arena; /* the pod is kept whole, nothing has to be built */
    const struct pf_pending_table *table = &model->pending;
    for (; *cursor < table->order_count; (*cursor)++) {
        const struct pf_waiting *waiting = table->slots[table->order[*cursor]];
        if (waiting->guessed || !is_placed(model, waiting->record)) {
            *ret_pending =
                (struct pf_pending){.pod = table->order[*cursor], .pod_view = &waiting->pod};
            (*cursor)++;
            return PF_OK;
        }
    }
    return PF_E_NOT_FOUND;
}

enum pf_code pf_model_pending_place(struct pf_model *model, uint32_t pod, uint32_t node,
                                    const struct pf_binds *binds, struct pf_err *err)
{
    struct pf_waiting *waiting = model->pending.slots[pod];
    struct pf_record *record = waiting->record;
    if (record->node == node || (node == PF_NODE_NONE && !is_placed(model, record))) {
        return PF_OK;
    }
    const struct pf_hold old = pf_record_hold(record);
    const uint32_t old_place = record->node;
    struct pf_hold hold = old;
    hold.node = node;
    struct pf_assumed_set *assumed = NULL;
    if (!pf_hold_prepare(model, &hold) ||
        !pf_assumed_acquire(model, waiting->pod.meta.namespace_, binds, node, &assumed)) {
        if (node != PF_NODE_NONE) {
            pf_extra_tidy(model, node);
        }
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to place a pending pod");
    }
    pf_hold_add(model, &hold);
    pf_resident_unlink(model, record);
    record->node = node;
    record->nominated = false;
    pf_resident_link(model, record);
    pf_hold_sub(model, &old);
    pf_slot_release(model, old_place);
    pf_assumed_release(model, PF_TAKE(waiting->assumed));
    waiting->assumed = pf_assumed_keep(model, assumed);
    return PF_OK;
}

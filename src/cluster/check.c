#include "cluster_internal.h"

/** Sums per slot, made anew from the objects. */
struct sums {
    int64_t milli_cpu;
    int64_t memory;
    int64_t ephemeral_storage;
    int64_t nonzero_milli_cpu;
    int64_t nonzero_memory;
    uint32_t pods;
};

struct checker {
    const struct pf_model *model;
    struct sums *sums; /* by slot */
    size_t heap_bytes;
};

static void add_hold(struct checker *checker, const struct pf_hold *hold)
{
    if (hold->node == PF_NODE_NONE) {
        return;
    }
    struct sums *sums = &checker->sums[hold->node];
    const struct pf_demand *d = hold->demand;
    sums->milli_cpu = pf_wrap_add(sums->milli_cpu, d->milli_cpu);
    sums->memory = pf_wrap_add(sums->memory, d->memory);
    sums->ephemeral_storage = pf_wrap_add(sums->ephemeral_storage, d->ephemeral_storage);
    sums->nonzero_milli_cpu = pf_wrap_add(sums->nonzero_milli_cpu, d->nonzero_milli_cpu);
    sums->nonzero_memory = pf_wrap_add(sums->nonzero_memory, d->nonzero_memory);
    sums->pods++;
}

static void add_assumed(struct checker *checker, const struct pf_assumed_set *set)
{
    checker->heap_bytes += set != NULL ? pf_heap_cost(pf_assumed_set_bytes(set)) : 0;
}

static enum pf_code check_record(struct checker *checker, const struct pf_record *record,
                                 struct pf_err *err)
{
    const struct pf_model *model = checker->model;
    const struct pf_hold hold = pf_record_hold(record);
    const bool pending = record->state == PF_POD_PENDING;
    const char *fault = NULL;
    if (pf_podset_find(&model->pods, record->namespace_, pf_record_name(record)) != record) {
        fault = "is not found by its name";
    } else if (record->node != PF_NODE_NONE &&
               (record->node >= model->columns.count ||
                model->columns.name[record->node] == PF_INTERN_NONE)) {
        fault = "stands on a free slot";
    } else if ((record->state == PF_POD_BOUND) && record->node == PF_NODE_NONE) {
        fault = "is bound to nothing";
    } else if (record->nominated &&
               (record->state == PF_POD_BOUND || record->node == PF_NODE_NONE)) {
        fault = "is nominated and does not wait";
    } else if (record->state == PF_POD_OTHER && hold.node != PF_NODE_NONE) {
        fault = "holds room and should not";
    } else if (pending != (record->pending != PF_PENDING_NONE)) {
        fault = "waits and is not on the list, or the other way round";
    } else if (pending && (record->pending >= model->pending.slot_count ||
                           model->pending.slots[record->pending] == NULL ||
                           model->pending.slots[record->pending]->record != record)) {
        fault = "has a foreign entry on the list of waiting pods";
    }
    if (fault != NULL) {
        return pf_err_set(err, PF_E_INTERNAL, "pod '%.*s' %s", PF_SV_ARG(pf_record_name(record)),
                          fault);
    }
    checker->heap_bytes += pf_heap_cost(pf_record_bytes(record->name_len));
    add_hold(checker, &hold);
    return PF_OK;
}

static enum pf_code check_pods(struct checker *checker, struct pf_err *err)
{
    const struct pf_podset *set = &checker->model->pods;
    size_t count = 0;
    for (size_t i = 0; i < set->cap; i++) {
        if (set->slots[i] == NULL) {
            continue;
        }
        count++;
        const enum pf_code code = check_record(checker, set->slots[i], err);
        if (code != PF_OK) {
            return code;
        }
    }
    return count == set->count
               ? PF_OK
               : pf_err_set(err, PF_E_INTERNAL, "%zu pods are kept, not %zu", count, set->count);
}

static enum pf_code check_pending(struct checker *checker, struct pf_err *err)
{
    const struct pf_pending_table *table = &checker->model->pending;
    if (table->order_count + table->free_count != table->slot_count) {
        return pf_err_set(err, PF_E_INTERNAL, "%zu of %zu waiting pods are in order and %zu free",
                          table->order_count, table->slot_count, table->free_count);
    }
    for (size_t i = 0; i < table->order_count; i++) {
        const struct pf_waiting *waiting = table->slots[table->order[i]];
        const struct pf_waiting *before = i != 0 ? table->slots[table->order[i - 1]] : NULL;
        if (waiting == NULL || waiting->record->pending != table->order[i]) {
            return pf_err_set(err, PF_E_INTERNAL, "waiting pod %zu is not known", i);
        }
        if (before != NULL && (before->created_ns > waiting->created_ns ||
                               (before->created_ns == waiting->created_ns &&
                                before->sequence >= waiting->sequence))) {
            return pf_err_set(err, PF_E_INTERNAL, "waiting pod %zu is out of order", i);
        }
        checker->heap_bytes += pf_heap_cost(waiting->block_bytes);
        add_assumed(checker, waiting->assumed);
    }
    return PF_OK;
}

static enum pf_code check_reservations(struct checker *checker, struct pf_err *err)
{
    const struct pf_reservation_list *list = &checker->model->reservations;
    const struct pf_reservation *before = NULL;
    size_t count = 0;
    for (const struct pf_reservation *r = list->oldest; r != NULL; r = r->next) {
        const struct pf_sv uid = {.ptr = r->uid, .len = r->uid_len};
        uint64_t found = 0;
        if (r->prev != before || !pf_map_get(&list->by_uid, uid, &found) || found != (uintptr_t)r ||
            (before != NULL && before->made_ns > r->made_ns)) {
            return pf_err_set(err, PF_E_INTERNAL, "reservation '%.*s' is out of place",
                              PF_SV_ARG(uid));
        }
        add_hold(checker, &r->hold);
        checker->heap_bytes += pf_heap_cost(sizeof(*r) + r->uid_len + r->pod_key.len);
        add_assumed(checker, r->assumed);
        before = r;
        count++;
    }
    return before == list->newest && count == list->by_uid.count
               ? PF_OK
               : pf_err_set(err, PF_E_INTERNAL, "%zu reservations are listed, %zu are filed", count,
                            list->by_uid.count);
}

static enum pf_code check_slot(const struct checker *checker, uint32_t slot, struct pf_err *err)
{
    const struct pf_model *model = checker->model;
    const struct pf_columns *c = &model->columns;
    const struct sums *sums = &checker->sums[slot];
    const char *fault = NULL;
    if (c->name[slot] == PF_INTERN_NONE) {
        fault = c->shape[slot] != PF_SHAPE_NONE || sums->pods != 0 || c->used_pods[slot] != 0 ||
                        c->extra[slot] != NULL || model->slot_groups[slot].items != NULL ||
                        model->residents[slot].first != NULL
                    ? "a free slot is not empty"
                    : NULL;
    } else if (model->slot_of_name[c->name[slot]] != slot) {
        fault = "it is not found by its name";
    } else if (c->shape[slot] == PF_SHAPE_NONE && sums->pods == 0 &&
               model->residents[slot].first == NULL) {
        fault = "it is kept for nothing";
    } else if (c->used_pods[slot] != sums->pods) {
        fault = "pods differ";
    } else if (c->used_milli_cpu[slot] != sums->milli_cpu) {
        fault = "cpu differs";
    } else if (c->used_memory[slot] != sums->memory) {
        fault = "memory differs";
    } else if (c->used_ephemeral_storage[slot] != sums->ephemeral_storage) {
        fault = "ephemeral storage differs";
    } else if (c->used_nonzero_milli_cpu[slot] != sums->nonzero_milli_cpu ||
               c->used_nonzero_memory[slot] != sums->nonzero_memory) {
        fault = "requests for scoring differ";
    }
    return fault == NULL ? PF_OK : pf_err_set(err, PF_E_INTERNAL, "slot %u: %s", slot, fault);
}

static enum pf_code check_slots(const struct checker *checker, struct pf_err *err)
{
    const struct pf_model *model = checker->model;
    const struct pf_columns *c = &model->columns;
    uint32_t nodes = 0;
    uint32_t unused = 0;
    size_t indexed = 0;
    for (uint32_t slot = 0; slot < c->count; slot++) {
        const enum pf_code code = check_slot(checker, slot, err);
        if (code != PF_OK) {
            return code;
        }
        nodes += c->shape[slot] != PF_SHAPE_NONE;
        unused += c->name[slot] == PF_INTERN_NONE;
    }
    for (size_t i = 0; i < model->slot_of_name_cap; i++) {
        indexed += model->slot_of_name[i] != PF_NODE_NONE;
    }
    return nodes == c->nodes && unused == model->free_slot_count && indexed == c->count - unused
               ? PF_OK
               : pf_err_set(err, PF_E_INTERNAL,
                            "%u nodes counted as %u, %u free slots as %u, %zu names in the index",
                            nodes, c->nodes, unused, model->free_slot_count, indexed);
}

static enum pf_code check_by_name(const struct pf_model *model, struct pf_err *err)
{
    const struct pf_columns *c = &model->columns;
    for (uint32_t i = 0; model->by_name_valid && i < c->nodes; i++) {
        const uint32_t slot = model->by_name[i];
        if (slot >= c->count || c->shape[slot] == PF_SHAPE_NONE ||
            (i != 0 && pf_sv_cmp(pf_intern_text(&model->strings, c->name[model->by_name[i - 1]]),
                                 pf_intern_text(&model->strings, c->name[slot])) >= 0)) {
            return pf_err_set(err, PF_E_INTERNAL, "order of the node names is wrong at %u", i);
        }
    }
    return PF_OK;
}

static enum pf_code check_shapes(struct checker *checker, struct pf_err *err)
{
    const struct pf_model *model = checker->model;
    const struct pf_columns *c = &model->columns;
    pf_autofree uint32_t *nodes = pf_mem_calloc(model->shape_count, sizeof(*nodes));
    if (nodes == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to check the model");
    }
    for (uint32_t slot = 0; slot < c->count; slot++) {
        if (c->shape[slot] != PF_SHAPE_NONE) {
            nodes[c->shape[slot]]++;
        }
    }
    uint32_t live = 0;
    for (uint32_t id = 0; id < model->shape_count; id++) {
        const struct pf_shape_entry *entry = &model->shapes[id];
        const struct pf_sv key = {.ptr = entry->block, .len = entry->block_bytes};
        uint64_t found = 0;
        if (nodes[id] != entry->view.nodes || (nodes[id] != 0) != (entry->block != NULL) ||
            (entry->block != NULL &&
             (!pf_map_get(&model->shape_ids, key, &found) || found != id))) {
            return pf_err_set(err, PF_E_INTERNAL, "shape %u is of %u nodes, not of %u", id,
                              nodes[id], entry->view.nodes);
        }
        live += entry->block != NULL;
        checker->heap_bytes += entry->block != NULL ? pf_heap_cost(entry->block_bytes) : 0;
    }
    return live == model->shapes_live && live == model->shape_ids.count
               ? PF_OK
               : pf_err_set(err, PF_E_INTERNAL, "%u shapes are counted as %u", live,
                            model->shapes_live);
}

static enum pf_code check_bytes(struct checker *checker, struct pf_err *err)
{
    const struct pf_model *model = checker->model;
    size_t cursor = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&model->demands, &cursor, &key, &address)) {
        checker->heap_bytes +=
            pf_heap_cost(pf_demand_bytes((const struct pf_demand *)(uintptr_t)address));
    }
    cursor = 0;
    while (pf_map_next(&model->namespaces, &cursor, &key, &address)) {
        const struct pf_namespace_entry *entry =
            (const struct pf_namespace_entry *)(uintptr_t)address;
        checker->heap_bytes += pf_heap_cost(entry->block_bytes);
    }
    cursor = 0;
    while (pf_map_next(&model->assumed.by_claim, &cursor, &key, &address)) {
        checker->heap_bytes +=
            pf_heap_cost(pf_assumed_bytes((const struct pf_assumed *)(uintptr_t)address));
    }
    size_t object_bytes = 0;
    const enum pf_code code = pf_store_check(&model->stores, &object_bytes, err);
    if (code != PF_OK) {
        return code;
    }
    checker->heap_bytes += object_bytes;
    return checker->heap_bytes == model->heap_bytes
               ? PF_OK
               : pf_err_set(err, PF_E_INTERNAL, "%zu bytes are held and counted as %zu",
                            checker->heap_bytes, model->heap_bytes);
}

enum pf_code pf_model_check(const struct pf_model *model, struct pf_err *err)
{
    pf_autofree struct sums *sums = pf_mem_calloc(model->columns.count, sizeof(*sums));
    if (sums == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to check the model");
    }
    struct checker checker = {.model = model, .sums = sums};
    enum pf_code (*const steps[])(struct checker *, struct pf_err *) = {
        check_pods, check_pending, check_reservations, check_shapes, check_bytes};
    for (size_t i = 0; i < PF_ARRAY_LEN(steps); i++) {
        const enum pf_code code = steps[i](&checker, err);
        if (code != PF_OK) {
            return code;
        }
    }
    enum pf_code code = check_slots(&checker, err);
    code = code == PF_OK ? pf_check_residents(model, err) : code;
    code = code == PF_OK ? pf_check_groups(model, err) : code;
    code = code == PF_OK ? check_by_name(model, err) : code;
    code = code == PF_OK ? pf_check_extra(model, err) : code;
    code = code == PF_OK ? pf_check_volumes(model, err) : code;
    return code == PF_OK ? pf_check_refs(model, err) : code;
}

#include "cluster_internal.h"

/* Names of schedulers: a hundred profiles of 253 bytes, and the list. */
#define SCHEDULERS_MAX_BYTES ((size_t)128 * 1024)

static bool init_mutex(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;
    if (pthread_mutexattr_init(&attributes) != 0) {
        return false;
    }
    const bool done = pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE) == 0 &&
                      pthread_mutex_init(mutex, &attributes) == 0;
    (void)pthread_mutexattr_destroy(&attributes);
    return done;
}

static bool init_model(struct pf_model *model, const struct pf_model_options *options)
{
    model->options = *options;
    if (model->options.clock == NULL) {
        model->options.clock = pf_clock_system();
    }
    if (model->options.reservation_ttl_ms == 0) {
        model->options.reservation_ttl_ms = 15000;
    }
    if (model->options.reservations_max == 0) {
        model->options.reservations_max = PF_RESERVATIONS_MAX;
    }
    model->change_last = 1;
    model->free_shape = PF_SHAPE_NONE;
    model->pending.version = 1;
    model->pods.seed = pf_random_u64();
    pf_arena_init(&model->scratch, PF_REVIEW_ARENA_MAX_BYTES);
    pf_map_init(&model->shape_ids, pf_random_u64());
    pf_map_init(&model->demands, pf_random_u64());
    pf_map_init(&model->namespaces, pf_random_u64());
    pf_store_init(&model->stores);
    pf_image_init(model);
    pf_assumed_init(model);
    pf_map_init(&model->reservations.by_uid, pf_random_u64());
    pf_map_init(&model->reservations.by_pod, pf_random_u64());
    pf_pool_init(&model->groups, pf_random_u64());
    pf_pool_init(&model->term_sets, pf_random_u64());
    model->namespace_version = 1;
    model->lowest = (struct pf_lowest){.priority = INT32_MAX, .known = true};
    model->changes = pf_mem_calloc(PF_CHANGES_MAX, sizeof(*model->changes));
    return model->changes != NULL && pf_intern_init(&model->strings, pf_random_u64());
}

static bool init_locks(struct pf_model *model)
{
    if (!init_mutex(&model->turn)) {
        return false;
    }
    if (!init_mutex(&model->mutex)) {
        (void)pthread_mutex_destroy(&model->turn);
        return false;
    }
    return true;
}

enum pf_code pf_model_new(const struct pf_model_options *options, struct pf_model **ret_model,
                          struct pf_err *err)
{
    struct pf_model *model = pf_mem_calloc(1, sizeof(*model));
    if (model == NULL || !init_locks(model)) {
        free(model);
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for the capacity model");
    }
    if (!init_model(model, options)) {
        pf_model_free(model);
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for the capacity model");
    }
    *ret_model = model;
    return PF_OK;
}

enum pf_code pf_model_set_schedulers(struct pf_model *model, const struct pf_sv *names,
                                     size_t count)
{
    struct pf_arena arena = {0};
    pf_arena_init(&arena, SCHEDULERS_MAX_BYTES);
    struct pf_sv *copy = pf_arena_calloc(&arena, count + 1, sizeof(*copy));
    bool ok = copy != NULL;
    for (size_t i = 0; i < count && ok; i++) {
        ok = pf_arena_dup_sv(&arena, names[i], &copy[i]);
    }
    if (!ok) {
        pf_arena_done(&arena);
        return PF_E_NO_MEMORY;
    }
    pf_arena_done(&model->schedulers_arena);
    model->schedulers_arena = arena;
    model->schedulers = copy;
    model->scheduler_count = count;
    return PF_OK;
}

void pf_model_set_features(struct pf_model *model, const struct pf_kube_features *features)
{
    model->options.features = *features;
}

void pf_model_set_reservation_ttl(struct pf_model *model, int64_t ttl_ms)
{
    model->options.reservation_ttl_ms = ttl_ms;
}

static void free_columns(struct pf_model *model)
{
    struct pf_columns *c = &model->columns;
    for (uint32_t slot = 0; slot < c->count; slot++) {
        if (c->extra[slot] != NULL) {
            free(c->extra[slot]->scalars);
            free(c->extra[slot]->ports);
            free(c->extra[slot]->volumes);
            free(c->extra[slot]);
        }
        free(model->slot_groups[slot].items);
        free(model->residents[slot].more);
    }
    void *arrays[] = {c->name,
                      c->shape,
                      c->allocatable_milli_cpu,
                      c->allocatable_memory,
                      c->allocatable_ephemeral_storage,
                      c->allocatable_pods,
                      c->used_milli_cpu,
                      c->used_memory,
                      c->used_ephemeral_storage,
                      c->used_nonzero_milli_cpu,
                      c->used_nonzero_memory,
                      c->used_pods,
                      (void *)c->extra,
                      model->free_slots,
                      model->slot_groups,
                      model->residents,
                      model->image_prints,
                      model->slot_doubtful,
                      model->slot_of_name,
                      model->by_name,
                      model->changes};
    for (size_t i = 0; i < PF_ARRAY_LEN(arrays); i++) {
        free(arrays[i]);
    }
}

static void free_objects(struct pf_model *model)
{
    for (size_t i = 0; i < model->pods.cap; i++) {
        free(model->pods.slots[i]);
    }
    free(model->pods.slots);
    size_t cursor = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&model->demands, &cursor, &key, &address)) {
        free((struct pf_demand *)(uintptr_t)address);
    }
    pf_map_done(&model->demands);
    for (uint32_t i = 0; i < model->shape_count; i++) {
        free(model->shapes[i].block);
    }
    free(model->shapes);
    pf_pool_done(&model->groups);
    pf_pool_done(&model->term_sets);
    free(model->placed);
    pf_map_done(&model->shape_ids);
}

void pf_model_free(struct pf_model *model)
{
    if (model == NULL) {
        return;
    }
    pf_pending_done(model);
    pf_reservation_done(model);
    pf_assumed_done(model);
    pf_model_namespaces_done(model);
    pf_store_done(&model->stores);
    free_columns(model);
    free_objects(model);
    pf_image_done(model);
    free(model->anti[PF_ANTI_FILTER].items);
    free(model->anti[PF_ANTI_SCORE].items);
    pf_intern_done(&model->strings);
    pf_arena_done(&model->scratch);
    pf_arena_done(&model->schedulers_arena);
    (void)pthread_mutex_destroy(&model->mutex);
    (void)pthread_mutex_destroy(&model->turn);
    free(model);
}

/* Locking fails only for a mutex that was not initialised. */
void pf_model_lock(struct pf_model *model)
{
    /* free, or held by this thread, which must not wait for its turn */
    if (pthread_mutex_trylock(&model->mutex) != 0) {
        pf_model_lock_in_turn(model);
    }
}

void pf_model_lock_in_turn(struct pf_model *model)
{
    (void)pthread_mutex_lock(&model->turn);
    (void)pthread_mutex_lock(&model->mutex);
    (void)pthread_mutex_unlock(&model->turn);
}

void pf_model_unlock(struct pf_model *model)
{
    (void)pthread_mutex_unlock(&model->mutex); /* as above */
}

const struct pf_intern *pf_model_strings(const struct pf_model *model)
{
    return &model->strings;
}

void pf_model_set_origin(struct pf_model *model, const struct pf_model_origin *origin)
{
    pf_model_lock(model);
    model->origin = *origin;
    pf_model_unlock(model);
}

struct pf_model_origin pf_model_origin(const struct pf_model *model)
{
    return model->origin;
}

static size_t table_bytes(const struct pf_model *model)
{
    const struct pf_columns *c = &model->columns;
    const size_t bytes_a_slot = 9 * sizeof(int64_t) + sizeof(struct pf_node_extra *) +
                                sizeof(*c->name) + sizeof(*c->shape) + sizeof(*c->used_pods) +
                                sizeof(*model->free_slots) + sizeof(*model->slot_groups) +
                                sizeof(*model->residents) + sizeof(*model->image_prints) +
                                sizeof(*model->slot_doubtful);
    size_t bytes =
        sizeof(*model) + model->slot_cap * bytes_a_slot +
        model->slot_of_name_cap * sizeof(*model->slot_of_name) +
        model->by_name_cap * sizeof(*model->by_name) + PF_CHANGES_MAX * sizeof(*model->changes) +
        model->shape_cap * sizeof(*model->shapes) + model->pods.cap * sizeof(struct pf_record *) +
        (model->anti[PF_ANTI_FILTER].cap + model->anti[PF_ANTI_SCORE].cap) *
            sizeof(struct pf_anti) +
        model->placed_cap * sizeof(*model->placed) + pf_pool_bytes(&model->groups) +
        pf_pool_bytes(&model->term_sets);
    bytes += model->pending.slot_cap * sizeof(struct pf_waiting *) +
             (model->pending.order_cap + model->pending.free_cap) * sizeof(uint32_t);
    for (uint32_t slot = 0; slot < c->count; slot++) {
        bytes += c->extra[slot] != NULL ? pf_extra_bytes(c->extra[slot]) : 0;
        const uint32_t cap = model->slot_groups[slot].cap;
        bytes += cap != 0 ? pf_heap_cost(cap * sizeof(struct pf_slot_group)) : 0;
        bytes += pf_tier_bytes(&model->residents[slot]);
    }
    return bytes + pf_map_bytes(&model->shape_ids) + pf_map_bytes(&model->demands) +
           pf_map_bytes(&model->namespaces) + pf_map_bytes(&model->reservations.by_uid) +
           pf_map_bytes(&model->reservations.by_pod) + pf_map_bytes(&model->assumed.by_claim) +
           pf_map_bytes(&model->assumed.by_volume) + pf_store_table_bytes(&model->stores) +
           pf_image_bytes(model) + pf_intern_bytes(&model->strings);
}

/* Room on nodes that exist which is not a bound pod's. */
static uint32_t count_other_holders(const struct pf_model *model)
{
    uint32_t count = 0;
    for (size_t i = 0; i < model->pending.order_count; i++) {
        const uint32_t node =
            pf_record_hold(model->pending.slots[model->pending.order[i]]->record).node;
        count += node != PF_NODE_NONE && model->columns.shape[node] != PF_SHAPE_NONE;
    }
    for (const struct pf_reservation *r = model->reservations.oldest; r != NULL; r = r->next) {
        count +=
            r->hold.node != PF_NODE_NONE && model->columns.shape[r->hold.node] != PF_SHAPE_NONE;
    }
    return count;
}

struct pf_model_stats pf_model_stats(const struct pf_model *model)
{
    const struct pf_columns *c = &model->columns;
    struct pf_model_stats stats = {.nodes = c->nodes,
                                   .pods = (uint32_t)model->pods.count,
                                   .pods_pending = (uint32_t)model->pending.order_count,
                                   .namespaces = (uint32_t)model->namespaces.count,
                                   .reservations = (uint32_t)model->reservations.by_uid.count,
                                   .shapes = model->shapes_live,
                                   .changes = model->change_last,
                                   .bytes = model->heap_bytes + table_bytes(model)};
    for (uint32_t slot = 0; slot < c->count; slot++) {
        stats.pods_bound += c->shape[slot] != PF_SHAPE_NONE ? c->used_pods[slot] : 0;
    }
    stats.pods_bound -= count_other_holders(model);
    return stats;
}

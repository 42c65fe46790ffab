#include "store.h"

#include <assert.h>

#include "cluster_internal.h"

const char *pf_kind_name(enum pf_kind kind)
{
    static const char *const names[PF_KIND_COUNT] = {
        [PF_KIND_CLAIM] = "PersistentVolumeClaim",
        [PF_KIND_VOLUME] = "PersistentVolume",
        [PF_KIND_STORAGE_CLASS] = "StorageClass",
        [PF_KIND_CSI_NODE] = "CSINode",
        [PF_KIND_CSI_DRIVER] = "CSIDriver",
        [PF_KIND_STORAGE_CAPACITY] = "CSIStorageCapacity",
        [PF_KIND_ATTACHMENT] = "VolumeAttachment",
        [PF_KIND_DEVICE_CLASS] = "DeviceClass",
        [PF_KIND_SERVICE] = "Service",
        [PF_KIND_REPLICATION_CONTROLLER] = "ReplicationController",
        [PF_KIND_REPLICA_SET] = "ReplicaSet",
        [PF_KIND_STATEFUL_SET] = "StatefulSet",
        [PF_KIND_RUNTIME_CLASS] = "RuntimeClass",
        [PF_KIND_PRIORITY_CLASS] = "PriorityClass",
        [PF_KIND_BUDGET] = "PodDisruptionBudget",
    };
    return names[kind];
}

void pf_store_init(struct pf_stores *stores)
{
    for (size_t i = 0; i < PF_KIND_COUNT; i++) {
        pf_map_init(&stores->kinds[i].by_key, pf_random_u64());
        pf_map_init(&stores->kinds[i].chains, pf_random_u64());
    }
    stores->version = 1;
}

void pf_store_done(struct pf_stores *stores)
{
    for (size_t i = 0; i < PF_KIND_COUNT; i++) {
        struct pf_store *store = &stores->kinds[i];
        size_t cursor = 0;
        struct pf_sv key = {0};
        uint64_t address = 0;
        while (pf_map_next(&store->by_key, &cursor, &key, &address)) {
            free((struct pf_object *)(uintptr_t)address);
        }
        pf_map_done(&store->by_key);
        pf_map_done(&store->chains);
    }
}

size_t pf_store_table_bytes(const struct pf_stores *stores)
{
    size_t bytes = 0;
    for (size_t i = 0; i < PF_KIND_COUNT; i++) {
        bytes += pf_map_bytes(&stores->kinds[i].by_key) + pf_map_bytes(&stores->kinds[i].chains);
    }
    return bytes;
}

static struct pf_object *lookup(const struct pf_map *map, struct pf_sv key)
{
    uint64_t address = 0;
    return pf_map_get(map, key, &address) ? (struct pf_object *)(uintptr_t)address : NULL;
}

/* `space/name`, or the name alone; @return false: longer than any object's key */
static bool join_key(struct pf_sv space, struct pf_sv name, char text[PF_OBJECT_KEY_MAX],
                     struct pf_sv *ret_key)
{
    if (space.len == 0) {
        *ret_key = name;
        return true;
    }
    if (space.len >= PF_OBJECT_KEY_MAX || name.len >= PF_OBJECT_KEY_MAX - space.len) {
        return false;
    }
    memcpy(text, space.ptr, space.len);
    text[space.len] = '/';
    if (name.len != 0) {
        memcpy(text + space.len + 1, name.ptr, name.len);
    }
    *ret_key = (struct pf_sv){.ptr = text, .len = space.len + 1 + name.len};
    return true;
}

static struct pf_object *find(const struct pf_map *map, struct pf_sv space, struct pf_sv name)
{
    char text[PF_OBJECT_KEY_MAX];
    struct pf_sv key = {0};
    return join_key(space, name, text, &key) ? lookup(map, key) : NULL;
}

/* @return false: no memory, nothing changed */
static bool link_chain(struct pf_store *store, struct pf_object *object)
{
    object->prev = NULL;
    object->next = NULL;
    if (object->chain.len == 0) {
        return true;
    }
    struct pf_object *head = lookup(&store->chains, object->chain);
    if (head == NULL) {
        return pf_map_put(&store->chains, object->chain, (uintptr_t)object);
    }
    object->prev = head;
    object->next = head->next;
    if (head->next != NULL) {
        head->next->prev = object;
    }
    head->next = object;
    return true;
}

static void unlink_chain(struct pf_store *store, struct pf_object *object)
{
    if (object->chain.len == 0) {
        return;
    }
    struct pf_object *next = object->next;
    if (next != NULL) {
        next->prev = object->prev;
    }
    if (object->prev != NULL) {
        object->prev->next = next;
        return;
    }
    (void)pf_map_remove(&store->chains, object->chain);
    if (next != NULL) {
        const bool put = pf_map_put(&store->chains, next->chain, (uintptr_t)next);
        assert(put); /* a place was made free right before */
        (void)put;
    }
}

/* The table borrows the key of the block, so the old entry has to go before the new one comes. */
static bool swap_in(struct pf_store *store, struct pf_object *old, struct pf_object *object)
{
    if (old == NULL) {
        return pf_map_put(&store->by_key, object->key, (uintptr_t)object);
    }
    unlink_chain(store, old);
    (void)pf_map_remove(&store->by_key, old->key);
    return pf_map_put(&store->by_key, object->key, (uintptr_t)object);
}

static enum pf_code apply(struct pf_model *model, enum pf_kind kind, const void *view,
                          struct pf_err *err)
{
    struct pf_store *store = &model->stores.kinds[kind];
    struct pf_object *object = pf_store_pack(kind, view);
    if (object == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for a %s", pf_kind_name(kind));
    }
    if (object->key.len > PF_OBJECT_KEY_MAX) {
        const enum pf_code code =
            pf_err_set(err, PF_E_TOO_BIG, "the name of a %s has %zu bytes, the limit is %d",
                       pf_kind_name(kind), object->key.len, PF_OBJECT_KEY_MAX);
        free(object);
        return code;
    }
    struct pf_object *old = lookup(&store->by_key, object->key);
    if (!link_chain(store, object)) {
        free(object);
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for a %s", pf_kind_name(kind));
    }
    if (!swap_in(store, old, object)) {
        unlink_chain(store, object);
        free(object);
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for a %s", pf_kind_name(kind));
    }
    model->heap_bytes += pf_heap_cost(object->block_bytes);
    model->heap_bytes -= old != NULL ? pf_heap_cost(old->block_bytes) : 0;
    pf_store_note_kind(model, kind, /* known= */ true);
    if (old != NULL) {
        pf_store_note_reach(model, kind, old);
    }
    pf_store_note_change(model, kind, object);
    free(old);
    if (kind == PF_KIND_VOLUME) {
        pf_assumed_see_volume(model, pf_object_view(object));
    }
    return PF_OK;
}

enum pf_code pf_model_apply_claim(struct pf_model *model, const struct pf_claim *claim,
                                  struct pf_err *err)
{
    return apply(model, PF_KIND_CLAIM, claim, err);
}

enum pf_code pf_model_apply_volume(struct pf_model *model, const struct pf_volume *volume,
                                   struct pf_err *err)
{
    return apply(model, PF_KIND_VOLUME, volume, err);
}

enum pf_code pf_model_apply_storage_class(struct pf_model *model,
                                          const struct pf_storage_class *storage_class,
                                          struct pf_err *err)
{
    return apply(model, PF_KIND_STORAGE_CLASS, storage_class, err);
}

enum pf_code pf_model_apply_csi_node(struct pf_model *model, const struct pf_csi_node *node,
                                     struct pf_err *err)
{
    return apply(model, PF_KIND_CSI_NODE, node, err);
}

enum pf_code pf_model_apply_csi_driver(struct pf_model *model, const struct pf_csi_driver *driver,
                                       struct pf_err *err)
{
    return apply(model, PF_KIND_CSI_DRIVER, driver, err);
}

enum pf_code pf_model_apply_storage_capacity(struct pf_model *model,
                                             const struct pf_storage_capacity *capacity,
                                             struct pf_err *err)
{
    return apply(model, PF_KIND_STORAGE_CAPACITY, capacity, err);
}

enum pf_code pf_model_apply_attachment(struct pf_model *model,
                                       const struct pf_attachment *attachment, struct pf_err *err)
{
    return apply(model, PF_KIND_ATTACHMENT, attachment, err);
}

enum pf_code pf_model_apply_device_class(struct pf_model *model,
                                         const struct pf_device_class *device_class,
                                         struct pf_err *err)
{
    return apply(model, PF_KIND_DEVICE_CLASS, device_class, err);
}

enum pf_code pf_model_apply_runtime_class(struct pf_model *model,
                                          const struct pf_runtime_class_text *runtime_class,
                                          struct pf_err *err)
{
    return apply(model, PF_KIND_RUNTIME_CLASS, runtime_class, err);
}

enum pf_code pf_model_apply_workload(struct pf_model *model, enum pf_kind kind,
                                     const struct pf_workload *workload, struct pf_err *err)
{
    return apply(model, kind, workload, err);
}

enum pf_code pf_model_apply_priority_class(struct pf_model *model,
                                           const struct pf_priority_class *priority_class,
                                           struct pf_err *err)
{
    return apply(model, PF_KIND_PRIORITY_CLASS, priority_class, err);
}

enum pf_code pf_model_apply_budget(struct pf_model *model, const struct pf_budget *budget,
                                   struct pf_err *err)
{
    return apply(model, PF_KIND_BUDGET, budget, err);
}

static void lose_assumed(struct pf_model *model, enum pf_kind kind, const struct pf_object *object)
{
    if (kind == PF_KIND_VOLUME) {
        pf_assumed_lose_volume(model, object->key);
    } else if (kind == PF_KIND_CLAIM) {
        const struct pf_claim *claim = pf_object_view(object);
        pf_assumed_lose_claim(model, claim->namespace_, claim->name);
    }
}

static void remove_object(struct pf_model *model, enum pf_kind kind, struct pf_object *object)
{
    struct pf_store *store = &model->stores.kinds[kind];
    lose_assumed(model, kind, object);
    unlink_chain(store, object);
    (void)pf_map_remove(&store->by_key, object->key);
    model->heap_bytes -= pf_heap_cost(object->block_bytes);
    pf_store_note_change(model, kind, object);
    free(object);
}

bool pf_model_remove_object(struct pf_model *model, enum pf_kind kind, struct pf_sv space,
                            struct pf_sv name)
{
    struct pf_store *store = &model->stores.kinds[kind];
    struct pf_object *object = find(&store->by_key, space, name);
    if (object == NULL) {
        return false;
    }
    remove_object(model, kind, object);
    return true;
}

void pf_store_doubt(struct pf_store *store)
{
    size_t cursor = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&store->by_key, &cursor, &key, &address)) {
        ((struct pf_object *)(uintptr_t)address)->doubtful = true;
    }
}

void pf_store_keep(struct pf_store *store, struct pf_sv space, struct pf_sv name)
{
    struct pf_object *object = find(&store->by_key, space, name);
    if (object != NULL) {
        object->doubtful = false;
    }
}

size_t pf_store_sweep(struct pf_model *model, enum pf_kind kind)
{
    const struct pf_store *store = &model->stores.kinds[kind];
    size_t removed = 0;
    size_t cursor = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&store->by_key, &cursor, &key, &address)) {
        struct pf_object *object = (struct pf_object *)(uintptr_t)address;
        if (object->doubtful) {
            remove_object(model, kind, object);
            removed++;
            cursor--; /* another may have moved here */
        }
    }
    return removed;
}

static const void *view_of(const struct pf_model *model, enum pf_kind kind, struct pf_sv space,
                           struct pf_sv name)
{
    const struct pf_store *store = &model->stores.kinds[kind];
    const struct pf_object *object = store->known ? find(&store->by_key, space, name) : NULL;
    return object != NULL ? pf_object_view(object) : NULL;
}

const struct pf_claim *pf_model_claim(const struct pf_model *model, struct pf_sv space,
                                      struct pf_sv name)
{
    return view_of(model, PF_KIND_CLAIM, space, name);
}

const struct pf_claim *pf_store_claim(const struct pf_stores *stores, struct pf_sv key)
{
    const struct pf_object *object = lookup(&stores->kinds[PF_KIND_CLAIM].by_key, key);
    return object != NULL ? pf_object_view(object) : NULL;
}

const struct pf_volume *pf_model_volume(const struct pf_model *model, struct pf_sv name)
{
    return view_of(model, PF_KIND_VOLUME, (struct pf_sv){0}, name);
}

const struct pf_storage_class *pf_model_storage_class(const struct pf_model *model,
                                                      struct pf_sv name)
{
    return view_of(model, PF_KIND_STORAGE_CLASS, (struct pf_sv){0}, name);
}

const struct pf_csi_node *pf_model_csi_node(const struct pf_model *model, struct pf_sv name)
{
    return view_of(model, PF_KIND_CSI_NODE, (struct pf_sv){0}, name);
}

const struct pf_csi_driver *pf_model_csi_driver(const struct pf_model *model, struct pf_sv name)
{
    return view_of(model, PF_KIND_CSI_DRIVER, (struct pf_sv){0}, name);
}

const struct pf_device_class *pf_model_device_class(const struct pf_model *model, struct pf_sv name)
{
    return view_of(model, PF_KIND_DEVICE_CLASS, (struct pf_sv){0}, name);
}

const struct pf_runtime_class_text *pf_model_runtime_class(const struct pf_model *model,
                                                           struct pf_sv name)
{
    return view_of(model, PF_KIND_RUNTIME_CLASS, (struct pf_sv){0}, name);
}

const struct pf_priority_class *pf_model_priority_class(const struct pf_model *model,
                                                        struct pf_sv name)
{
    return view_of(model, PF_KIND_PRIORITY_CLASS, (struct pf_sv){0}, name);
}

const struct pf_workload *pf_model_workload(const struct pf_model *model, enum pf_kind kind,
                                            struct pf_sv space, struct pf_sv name)
{
    return view_of(model, kind, space, name);
}

const void *pf_model_next_of(const struct pf_model *model, enum pf_kind kind, struct pf_sv space,
                             struct pf_sv name, const void *previous)
{
    const struct pf_store *store = &model->stores.kinds[kind];
    const struct pf_object *object = NULL;
    if (previous != NULL) {
        object = ((const struct pf_object *)previous)[-1].next;
    } else if (store->known) {
        object = find(&store->chains, space, name);
    }
    return object != NULL ? pf_object_view(object) : NULL;
}

size_t pf_model_object_count(const struct pf_model *model, enum pf_kind kind)
{
    return model->stores.kinds[kind].by_key.count;
}

/* Objects of one chain; @return false: a wrong link */
static bool count_chain(const struct pf_object *head, size_t *count)
{
    const struct pf_object *before = NULL;
    for (const struct pf_object *object = head; object != NULL; object = object->next) {
        if (object->prev != before || !pf_sv_eq(object->chain, head->chain)) {
            return false;
        }
        before = object;
        (*count)++;
    }
    return true;
}

static bool check_store(const struct pf_store *store, size_t *heap_bytes)
{
    size_t cursor = 0;
    size_t chained = 0;
    size_t found = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&store->by_key, &cursor, &key, &address)) {
        const struct pf_object *object = (const struct pf_object *)(uintptr_t)address;
        if (key.ptr != object->key.ptr || lookup(&store->by_key, key) != object) {
            return false;
        }
        chained += object->chain.len != 0;
        *heap_bytes += pf_heap_cost(object->block_bytes);
    }
    cursor = 0;
    while (pf_map_next(&store->chains, &cursor, &key, &address)) {
        const struct pf_object *head = (const struct pf_object *)(uintptr_t)address;
        if (key.ptr != head->chain.ptr || !count_chain(head, &found)) {
            return false;
        }
    }
    return found == chained;
}

enum pf_code pf_store_check(const struct pf_stores *stores, size_t *ret_heap_bytes,
                            struct pf_err *err)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < PF_KIND_COUNT; i++) {
        if (!check_store(&stores->kinds[i], &bytes)) {
            return pf_err_set(err, PF_E_INTERNAL, "objects of kind %s are linked wrongly",
                              pf_kind_name((enum pf_kind)i));
        }
    }
    *ret_heap_bytes = bytes;
    return PF_OK;
}

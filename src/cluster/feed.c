#include "feed_parts.h"
#include "snapshot_internal.h"
#include <podfit/feed.h>

/* Places looked at under one lock: some 0.3 ms of a cold walk, so that a review never waits longer. */
#define PIECE 512

enum pf_code pf_feed_apply_node(struct pf_model *model, struct pf_arena *arena, struct pf_sv json,
                                struct pf_err *err)
{
    struct pf_node node = {0};
    enum pf_code code = pf_node_decode(json, arena, &node, err);
    if (code != PF_OK) {
        return code;
    }
    pf_model_lock(model);
    code = pf_model_apply_node(model, &node, err);
    pf_model_unlock(model);
    return code;
}

enum pf_code pf_feed_apply_pod(struct pf_model *model, struct pf_arena *arena, struct pf_sv json,
                               struct pf_err *err)
{
    struct pf_pod pod = {0};
    enum pf_code code = pf_pod_decode(json, arena, &pod, err);
    if (code == PF_OK && pod.meta.namespace_.len == 0) {
        pod.meta.namespace_ = PF_SV("default"); /* as kubectl does */
    }
    if (code != PF_OK) {
        return code;
    }
    pf_model_lock(model);
    code = pf_model_apply_pod(model, &pod, err);
    pf_model_unlock(model);
    return code;
}

enum pf_code pf_feed_apply_namespace(struct pf_model *model, struct pf_arena *arena,
                                     struct pf_sv json, struct pf_err *err)
{
    struct pf_namespace ns = {0};
    enum pf_code code = pf_namespace_decode(json, arena, &ns, err);
    if (code != PF_OK) {
        return code;
    }
    pf_model_lock(model);
    code = pf_model_apply_namespace(model, &ns, err);
    pf_model_unlock(model);
    return code;
}

enum pf_code pf_feed_apply(struct pf_model *model, const struct pf_feed_kind *kind,
                           struct pf_sv json, struct pf_arena *arena, struct pf_err *err)
{
    switch (kind->feed) {
    case PF_FEED_NODE:
        return pf_feed_apply_node(model, arena, json, err);
    case PF_FEED_POD:
        return pf_feed_apply_pod(model, arena, json, err);
    case PF_FEED_NAMESPACE:
        return pf_feed_apply_namespace(model, arena, json, err);
    default:
        break;
    }
    const struct pf_snapshot_head head = {.api_version = kind->api_version, .kind = kind->kind};
    const enum pf_code code = pf_snapshot_object(model, arena, &head, json, err);
    return code != PF_E_NOT_FOUND
               ? code
               : pf_err_set(err, PF_E_UNSUPPORTED, "kind '%.*s' of '%.*s' is not read",
                            PF_SV_ARG(kind->kind), PF_SV_ARG(kind->api_version));
}

bool pf_feed_remove(struct pf_model *model, unsigned feed, const struct pf_feed_key *key)
{
    bool removed = false;
    pf_model_lock(model);
    if (feed == PF_FEED_NODE) {
        removed = pf_model_remove_node(model, key->name);
    } else if (feed == PF_FEED_POD) {
        removed = pf_model_remove_pod(model, key->namespace_, key->name, key->uid);
    } else if (feed == PF_FEED_NAMESPACE) {
        removed = pf_model_remove_namespace(model, key->name);
    } else if (feed < PF_FEED_COUNT) {
        removed = pf_model_remove_object(model, (enum pf_kind)(feed - PF_FEED_OBJECT),
                                         key->namespace_, key->name);
    }
    pf_model_unlock(model);
    return removed;
}

/** One kind's walk over its objects; each is called with the lock held. */
struct walk {
    size_t (*size)(const struct pf_model *model);
    void (*doubt)(struct pf_model *model, size_t from, size_t to);
    /** @return number removed from places [from, to) */
    size_t (*sweep)(struct pf_model *model, size_t from, size_t to);
};

static size_t pods_size(const struct pf_model *model)
{
    return model->pods.cap;
}

static void pods_doubt(struct pf_model *model, size_t from, size_t to)
{
    for (size_t i = from; i < to && i < model->pods.cap; i++) {
        if (model->pods.slots[i] != NULL) {
            model->pods.slots[i]->doubtful = true;
        }
    }
}

/* Removing moves later pods forward, so a place is looked at again until it holds one that stays. */
static size_t pods_sweep(struct pf_model *model, size_t from, size_t to)
{
    size_t removed = 0;
    for (size_t i = from; i < to && i < model->pods.cap; i++) {
        while (model->pods.slots[i] != NULL && model->pods.slots[i]->doubtful) {
            pf_model_remove_record(model, model->pods.slots[i]);
            removed++;
        }
    }
    return removed;
}

static size_t nodes_size(const struct pf_model *model)
{
    return model->columns.count;
}

static void nodes_doubt(struct pf_model *model, size_t from, size_t to)
{
    for (size_t i = from; i < to && i < model->columns.count; i++) {
        model->slot_doubtful[i] = model->columns.shape[i] != PF_SHAPE_NONE;
    }
}

static size_t nodes_sweep(struct pf_model *model, size_t from, size_t to)
{
    size_t removed = 0;
    for (size_t i = from; i < to && i < model->columns.count; i++) {
        if (model->slot_doubtful[i] && model->columns.shape[i] != PF_SHAPE_NONE) {
            removed += pf_model_remove_node(
                model, pf_intern_text(&model->strings, model->columns.name[i]));
        }
        model->slot_doubtful[i] = false;
    }
    return removed;
}

static const struct walk walks[] = {
    [PF_FEED_NODE] = {.size = nodes_size, .doubt = nodes_doubt, .sweep = nodes_sweep},
    [PF_FEED_POD] = {.size = pods_size, .doubt = pods_doubt, .sweep = pods_sweep},
};

static void walk_doubt(struct pf_model *model, const struct walk *walk)
{
    pf_model_lock_in_turn(model);
    for (size_t at = 0; at < walk->size(model); at += PIECE) {
        walk->doubt(model, at, at + PIECE);
        pf_model_unlock(model); /* let a review in */
        pf_model_lock_in_turn(model);
    }
    pf_model_unlock(model);
}

static size_t walk_sweep(struct pf_model *model, const struct walk *walk)
{
    size_t removed = 0;
    pf_model_lock_in_turn(model);
    for (size_t at = 0; at < walk->size(model); at += PIECE) {
        removed += walk->sweep(model, at, at + PIECE);
        pf_model_unlock(model);
        pf_model_lock_in_turn(model);
    }
    pf_model_unlock(model);
    return removed;
}

void pf_feed_doubt(struct pf_model *model, unsigned feed)
{
    if (feed < PF_ARRAY_LEN(walks)) {
        walk_doubt(model, &walks[feed]);
        return;
    }
    pf_model_lock(model);
    if (feed == PF_FEED_NAMESPACE) {
        pf_model_namespaces_doubt(model);
    } else if (feed < PF_FEED_COUNT) {
        pf_store_doubt(&model->stores.kinds[feed - PF_FEED_OBJECT]);
    }
    pf_model_unlock(model);
}

size_t pf_feed_sweep(struct pf_model *model, unsigned feed)
{
    if (feed < PF_ARRAY_LEN(walks)) {
        return walk_sweep(model, &walks[feed]);
    }
    size_t removed = 0;
    pf_model_lock(model);
    if (feed == PF_FEED_NAMESPACE) {
        removed = pf_model_namespaces_sweep(model);
    } else if (feed < PF_FEED_COUNT) {
        removed = pf_store_sweep(model, (enum pf_kind)(feed - PF_FEED_OBJECT));
    }
    pf_model_unlock(model);
    return removed;
}

void pf_feed_keep(struct pf_model *model, unsigned feed, const struct pf_feed_key *key)
{
    pf_model_lock(model);
    if (feed == PF_FEED_NODE) {
        const uint32_t slot = pf_slot_find(model, key->name);
        if (slot != PF_NODE_NONE) {
            model->slot_doubtful[slot] = false;
        }
    } else if (feed == PF_FEED_POD) {
        pf_model_keep_record(model, key->namespace_, key->name);
    } else if (feed == PF_FEED_NAMESPACE) {
        pf_model_namespace_keep(model, key->name);
    } else if (feed < PF_FEED_COUNT) {
        pf_store_keep(&model->stores.kinds[feed - PF_FEED_OBJECT], key->namespace_, key->name);
    }
    pf_model_unlock(model);
}

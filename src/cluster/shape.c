#include "cluster_internal.h"

/* The key: four counts, then labels, taints and features as they stand in the view; no padding in any of them. */
struct shape_head {
    uint32_t label_count;
    uint32_t taint_count;
    uint32_t unschedulable;
    uint32_t feature_count;
};

struct shape_draft {
    struct shape_head *head;
    struct pf_shape_label *labels;
    struct pf_shape_taint *taints;
    uint32_t *features;
    size_t bytes;
};

static void unref_draft(struct pf_model *model, const struct shape_draft *draft)
{
    struct pf_intern *strings = &model->strings;
    for (uint32_t i = 0; i < draft->head->label_count; i++) {
        pf_intern_unref(strings, draft->labels[i].key);
        if (draft->labels[i].value != PF_VALUE_NODE_NAME) {
            pf_intern_unref(strings, draft->labels[i].value);
        }
    }
    for (uint32_t i = 0; i < draft->head->taint_count; i++) {
        pf_intern_unref(strings, draft->taints[i].key);
        pf_intern_unref(strings, draft->taints[i].value);
        pf_intern_unref(strings, draft->taints[i].effect);
    }
    for (uint32_t i = 0; i < draft->head->feature_count; i++) {
        pf_intern_unref(strings, draft->features[i]);
    }
}

static int compare_labels(const void *a, const void *b)
{
    const struct pf_shape_label *left = a;
    const struct pf_shape_label *right = b;
    return (left->key > right->key) - (left->key < right->key);
}

static bool draft_labels(struct pf_model *model, struct shape_draft *draft,
                         const struct pf_node *node)
{
    struct pf_intern *strings = &model->strings;
    for (size_t i = 0; i < node->meta.labels.count; i++) {
        const struct pf_label *label = &node->meta.labels.items[i];
        const uint32_t key = pf_intern_ref(strings, label->key);
        if (key == PF_INTERN_NONE) {
            return false;
        }
        const bool own = pf_sv_eq(label->value, node->meta.name);
        const uint32_t value = own ? PF_VALUE_NODE_NAME : pf_intern_ref(strings, label->value);
        if (value == PF_INTERN_NONE) {
            pf_intern_unref(strings, key);
            return false;
        }
        draft->labels[draft->head->label_count++] =
            (struct pf_shape_label){.key = key, .value = value};
    }
    qsort(draft->labels, draft->head->label_count, sizeof(draft->labels[0]), compare_labels);
    return true;
}

static bool draft_taints(struct pf_model *model, struct shape_draft *draft,
                         const struct pf_node *node)
{
    struct pf_intern *strings = &model->strings;
    for (size_t i = 0; i < node->taint_count; i++) {
        const struct pf_taint *taint = &node->taints[i];
        const struct pf_shape_taint ids = {.key = pf_intern_ref(strings, taint->key),
                                           .value = pf_intern_ref(strings, taint->value),
                                           .effect = pf_intern_ref(strings, taint->effect)};
        if (ids.key == PF_INTERN_NONE || ids.value == PF_INTERN_NONE ||
            ids.effect == PF_INTERN_NONE) {
            pf_intern_unref(strings, ids.key);
            pf_intern_unref(strings, ids.value);
            pf_intern_unref(strings, ids.effect);
            return false;
        }
        draft->taints[draft->head->taint_count++] = ids;
    }
    return true;
}

static bool draft_features(struct pf_model *model, struct shape_draft *draft,
                           const struct pf_node *node)
{
    for (size_t i = 0; i < node->declared_feature_count; i++) {
        const uint32_t id = pf_intern_ref(&model->strings, node->declared_features[i]);
        if (id == PF_INTERN_NONE) {
            return false;
        }
        draft->features[draft->head->feature_count++] = id;
    }
    return true;
}

static bool draft_shape(struct pf_model *model, const struct pf_node *node,
                        struct shape_draft *ret_draft)
{
    struct shape_draft draft = {.bytes = sizeof(*draft.head) +
                                         node->meta.labels.count * sizeof(*draft.labels) +
                                         node->taint_count * sizeof(*draft.taints) +
                                         node->declared_feature_count * sizeof(*draft.features)};
    char *block = pf_arena_calloc(&model->scratch, 1, draft.bytes);
    if (block == NULL) {
        return false;
    }
    draft.head = (struct shape_head *)(void *)block;
    draft.labels = (struct pf_shape_label *)(void *)(block + sizeof(*draft.head));
    draft.taints = (struct pf_shape_taint *)(void *)(draft.labels + node->meta.labels.count);
    draft.features = (uint32_t *)(draft.taints + node->taint_count);
    draft.head->unschedulable = node->unschedulable;
    if (!draft_labels(model, &draft, node) || !draft_taints(model, &draft, node) ||
        !draft_features(model, &draft, node)) {
        unref_draft(model, &draft);
        return false;
    }
    *ret_draft = draft;
    return true;
}

/* A free id; it stays free until it is filled. */
static uint32_t free_id(struct pf_model *model)
{
    if (model->free_shape != PF_SHAPE_NONE) {
        return model->free_shape;
    }
    if (model->shape_count >= PF_SHAPE_NONE - 1 ||
        !pf_mem_grow(&model->shapes, &model->shape_cap, model->shape_count,
                     sizeof(*model->shapes))) {
        return PF_SHAPE_NONE;
    }
    model->shapes[model->shape_count] = (struct pf_shape_entry){.next_free = PF_SHAPE_NONE};
    model->free_shape = model->shape_count;
    return model->shape_count++;
}

static uint32_t count_soft_taints(const struct pf_model *model, const struct shape_draft *draft)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < draft->head->taint_count; i++) {
        const struct pf_sv effect = pf_intern_text(&model->strings, draft->taints[i].effect);
        count += pf_sv_eq(effect, PF_SV("PreferNoSchedule")) ? 1 : 0;
    }
    return count;
}

static uint32_t add_shape(struct pf_model *model, const struct shape_draft *draft)
{
    const uint32_t id = free_id(model);
    char *block = id != PF_SHAPE_NONE ? pf_mem_calloc(1, draft->bytes) : NULL;
    if (block == NULL) {
        return PF_SHAPE_NONE;
    }
    memcpy(block, draft->head, draft->bytes);
    if (!pf_map_put(&model->shape_ids, (struct pf_sv){.ptr = block, .len = draft->bytes}, id)) {
        free(block);
        return PF_SHAPE_NONE;
    }
    struct pf_shape_entry *entry = &model->shapes[id];
    struct pf_shape_label *labels =
        (struct pf_shape_label *)(void *)(block + sizeof(struct shape_head));
    struct pf_shape_taint *taints =
        (struct pf_shape_taint *)(void *)(labels + draft->head->label_count);
    const uint32_t generation = entry->view.generation + 1;
    const uint32_t soft = count_soft_taints(model, draft);
    model->soft_taint_shapes += soft != 0 ? 1 : 0;
    model->free_shape = entry->next_free;
    *entry = (struct pf_shape_entry){
        .view = {.labels = labels,
                 .label_count = draft->head->label_count,
                 .taints = taints,
                 .taint_count = draft->head->taint_count,
                 .soft_taint_count = soft,
                 .features = (uint32_t *)(taints + draft->head->taint_count),
                 .feature_count = draft->head->feature_count,
                 .unschedulable = draft->head->unschedulable != 0,
                 .nodes = 1,
                 .generation = generation},
        .block = block,
        .block_bytes = (uint32_t)draft->bytes,
        .next_free = PF_SHAPE_NONE};
    model->shapes_live++;
    model->heap_bytes += pf_heap_cost(draft->bytes);
    return id;
}

uint32_t pf_shape_acquire(struct pf_model *model, const struct pf_node *node)
{
    struct shape_draft draft = {0};
    if (node->meta.labels.count > UINT32_MAX / 64 || node->taint_count > UINT32_MAX / 64 ||
        node->declared_feature_count > UINT32_MAX / 64 || !draft_shape(model, node, &draft)) {
        return PF_SHAPE_NONE;
    }
    uint64_t found = 0;
    const struct pf_sv key = {.ptr = (const char *)draft.head, .len = draft.bytes};
    if (pf_map_get(&model->shape_ids, key, &found)) {
        unref_draft(model, &draft);
        model->shapes[found].view.nodes++;
        return (uint32_t)found;
    }
    const uint32_t id = add_shape(model, &draft);
    if (id == PF_SHAPE_NONE) {
        unref_draft(model, &draft);
    }
    return id;
}

void pf_shape_release(struct pf_model *model, uint32_t shape)
{
    if (shape == PF_SHAPE_NONE) {
        return;
    }
    struct pf_shape_entry *entry = &model->shapes[shape];
    entry->view.nodes--;
    if (entry->view.nodes != 0) {
        return;
    }
    const struct shape_draft draft = {.head = (struct shape_head *)(void *)entry->block,
                                      .labels = entry->view.labels,
                                      .taints = entry->view.taints,
                                      .features = entry->view.features,
                                      .bytes = entry->block_bytes};
    (void)pf_map_remove(&model->shape_ids,
                        (struct pf_sv){.ptr = entry->block, .len = entry->block_bytes});
    unref_draft(model, &draft);
    model->soft_taint_shapes -= entry->view.soft_taint_count != 0 ? 1 : 0;
    model->heap_bytes -= pf_heap_cost(entry->block_bytes);
    free(entry->block);
    *entry = (struct pf_shape_entry){.view = {.generation = entry->view.generation},
                                     .next_free = model->free_shape};
    model->free_shape = shape;
    model->shapes_live--;
}

uint32_t pf_model_shape_count(const struct pf_model *model)
{
    return model->shape_count;
}

const struct pf_shape *pf_model_shape(const struct pf_model *model, uint32_t shape)
{
    return &model->shapes[shape].view;
}

uint32_t pf_model_soft_taint_shapes(const struct pf_model *model)
{
    return model->soft_taint_shapes;
}

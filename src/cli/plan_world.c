#include "plan_world.h"

#include <stdio.h>

#include "plan_spec.h"
#include <podfit/columns.h>

/* A node's labels, taints and images of 20,000 nodes fit several times. */
#define ARENA_MAX_BYTES ((size_t)2 * 1024 * 1024 * 1024)

static enum pf_code no_memory(struct pf_err *err)
{
    return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
}

static int by_key(const void *a, const void *b)
{
    const struct pf_label *left = a;
    const struct pf_label *right = b;
    return pf_sv_cmp(left->key, right->key);
}

static bool copy_text(struct pf_plan_world *world, uint32_t id, struct pf_sv *ret_text)
{
    return pf_arena_dup_sv(&world->arena, pf_intern_text(pf_model_strings(world->model), id),
                           ret_text);
}

static bool copy_labels(struct pf_plan_world *world, const struct pf_shape *shape,
                        struct pf_node *node)
{
    struct pf_label *labels = pf_arena_calloc(&world->arena, shape->label_count, sizeof(*labels));
    if (labels == NULL) {
        return false;
    }
    for (size_t i = 0; i < shape->label_count; i++) {
        const bool own = shape->labels[i].value == PF_VALUE_NODE_NAME;
        if (!copy_text(world, shape->labels[i].key, &labels[i].key) ||
            (!own && !copy_text(world, shape->labels[i].value, &labels[i].value))) {
            return false;
        }
        if (own) {
            labels[i].value = node->meta.name;
        }
    }
    qsort(labels, shape->label_count, sizeof(*labels), by_key);
    node->meta.labels = (struct pf_labels){.items = labels, .count = shape->label_count};
    return true;
}

static bool copy_taints(struct pf_plan_world *world, const struct pf_shape *shape,
                        struct pf_node *node)
{
    node->taints = pf_arena_calloc(&world->arena, shape->taint_count, sizeof(*node->taints));
    node->declared_features =
        pf_arena_calloc(&world->arena, shape->feature_count, sizeof(*node->declared_features));
    bool ok = node->taints != NULL && node->declared_features != NULL;
    for (size_t i = 0; i < shape->taint_count && ok; i++) {
        ok = copy_text(world, shape->taints[i].key, &node->taints[i].key) &&
             copy_text(world, shape->taints[i].value, &node->taints[i].value) &&
             copy_text(world, shape->taints[i].effect, &node->taints[i].effect);
    }
    for (size_t i = 0; i < shape->feature_count && ok; i++) {
        ok = copy_text(world, shape->features[i], &node->declared_features[i]);
    }
    node->taint_count = shape->taint_count;
    node->declared_feature_count = shape->feature_count;
    node->unschedulable = shape->unschedulable;
    return ok;
}

static bool set_amount(struct pf_plan_world *world, struct pf_node *node, struct pf_sv name,
                       int64_t amount, int32_t scale)
{
    const struct pf_quantity quantity = pf_quantity_from_i64(amount, scale, PF_QUANTITY_DECIMAL_SI);
    return pf_resource_list_set(&node->allocatable, name, &quantity, &world->arena) == PF_OK;
}

static bool copy_allocatable(struct pf_plan_world *world, uint32_t slot, struct pf_node *node)
{
    const struct pf_columns *columns = pf_model_columns(world->model);
    const struct pf_node_extra *extra = columns->extra[slot];
    bool ok = set_amount(world, node, PF_SV("cpu"), columns->allocatable_milli_cpu[slot], -3) &&
              set_amount(world, node, PF_SV("memory"), columns->allocatable_memory[slot], 0) &&
              set_amount(world, node, PF_SV("ephemeral-storage"),
                         columns->allocatable_ephemeral_storage[slot], 0) &&
              set_amount(world, node, PF_SV("pods"), columns->allocatable_pods[slot], 0);
    for (size_t i = 0; ok && extra != NULL && i < extra->scalar_count; i++) {
        struct pf_sv name = {0};
        ok = copy_text(world, extra->scalars[i].name, &name) &&
             set_amount(world, node, name, extra->scalars[i].allocatable, 0);
    }
    return ok;
}

/* The Node object that the model's columns stand for, without images, which only rank nodes. */
static bool copy_node(struct pf_plan_world *world, uint32_t slot, struct pf_node *node)
{
    const struct pf_columns *columns = pf_model_columns(world->model);
    const struct pf_shape *shape = pf_model_shape(world->model, columns->shape[slot]);
    return copy_text(world, columns->name[slot], &node->meta.name) &&
           copy_labels(world, shape, node) && copy_taints(world, shape, node) &&
           copy_allocatable(world, slot, node);
}

/* [locked] */
static bool copy_nodes(struct pf_plan_world *world)
{
    uint32_t count = 0;
    const uint32_t *by_name = pf_model_nodes_by_name(world->model, &count);
    if (by_name == NULL) {
        return false;
    }
    world->nodes = pf_arena_calloc(&world->arena, count, sizeof(*world->nodes));
    bool ok = world->nodes != NULL;
    for (uint32_t i = 0; i < count && ok; i++) {
        ok = copy_node(world, by_name[i], &world->nodes[i]);
    }
    world->node_count = count;
    return ok;
}

enum pf_code pf_plan_world_init(struct pf_plan_world *world, struct pf_model *model,
                                const struct pf_config *config, struct pf_err *err)
{
    *world = (struct pf_plan_world){.model = model};
    pf_arena_init(&world->arena, ARENA_MAX_BYTES);
    const enum pf_code code = pf_fit_new(model, &config->fit, &world->fit, err);
    if (code != PF_OK) {
        return code;
    }
    pf_model_lock(model);
    const bool ok = copy_nodes(world);
    pf_model_unlock(model);
    return ok ? PF_OK : no_memory(err);
}

void pf_plan_world_done(struct pf_plan_world *world)
{
    pf_fit_free(world->fit);
    world->fit = NULL;
    pf_arena_done(&world->arena);
}

/* A view of @p node whose allocatable is changed, in @p arena. */
static bool changed(const struct pf_node *node, const struct pf_plan_world_change *change,
                    struct pf_arena *arena, struct pf_node *ret_node)
{
    static const struct {
        struct pf_sv name;
        size_t offset;
        int32_t scale;
    } rows[] = {
        {PF_SV_INIT("pods"), offsetof(struct pf_plan_world_change, pods), 0},
        {PF_SV_INIT("cpu"), offsetof(struct pf_plan_world_change, milli_cpu), -3},
        {PF_SV_INIT("memory"), offsetof(struct pf_plan_world_change, memory), 0},
    };
    *ret_node = *node;
    struct pf_resource *items = pf_arena_calloc(arena, node->allocatable.count, sizeof(*items));
    if (items == NULL) {
        return false;
    }
    memcpy(items, node->allocatable.items, node->allocatable.count * sizeof(*items));
    ret_node->allocatable.items = items;
    ret_node->allocatable.cap = 0;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const int64_t value =
            *(const int64_t *)(const void *)((const char *)change + rows[i].offset);
        const struct pf_quantity quantity =
            pf_quantity_from_i64(value, rows[i].scale, PF_QUANTITY_DECIMAL_SI);
        if (value != 0 &&
            pf_resource_list_set(&ret_node->allocatable, rows[i].name, &quantity, arena) != PF_OK) {
            return false;
        }
    }
    return true;
}

/* [locked] */
static enum pf_code change_nodes(struct pf_plan_world *world,
                                 const struct pf_plan_world_change *change, struct pf_arena *arena,
                                 struct pf_err *err)
{
    enum pf_code code = PF_OK;
    for (size_t i = 0; i < world->node_count && code == PF_OK; i++) {
        struct pf_node node;
        if (change->keep != 0 && i >= change->keep) {
            (void)pf_model_remove_node(world->model, world->nodes[i].meta.name); /* or is gone */
            continue;
        }
        code = changed(&world->nodes[i], change, arena, &node)
                   ? pf_model_apply_node(world->model, &node, err)
                   : no_memory(err);
        pf_arena_reset(arena);
    }
    return code;
}

struct added_name {
    char text[40];
    struct pf_sv view;
};

/* Neither a node's name nor a Kubernetes name: it cannot hide a node that is there. */
static void name_added(uint32_t number, struct added_name *name)
{
    const int len = snprintf(name->text, sizeof(name->text), "+podfit-plan-%u", number);
    name->view = (struct pf_sv){.ptr = name->text, .len = (size_t)len};
}

/* [locked] */
static enum pf_code add_one(struct pf_plan_world *world, const struct pf_plan_world_shape *shape,
                            uint32_t number, struct pf_arena *arena, struct pf_err *err)
{
    const struct pf_node *like = &world->nodes[shape->like];
    struct pf_node node;
    struct added_name name;
    name_added(number, &name);
    if (!changed(like, &shape->change, arena, &node)) {
        return no_memory(err);
    }
    struct pf_label *labels = pf_arena_calloc(arena, like->meta.labels.count, sizeof(*labels));
    if (labels == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < like->meta.labels.count; i++) {
        labels[i] = like->meta.labels.items[i];
        if (pf_sv_eq(labels[i].value, like->meta.name)) {
            labels[i].value = name.view; /* kubernetes.io/hostname */
        }
    }
    node.meta.name = name.view;
    node.meta.labels.items = labels;
    node.unschedulable = false;
    return pf_model_apply_node(world->model, &node, err);
}

/* Those that are there go first: they may be like another node. [locked] */
static enum pf_code add_nodes(struct pf_plan_world *world, const struct pf_plan_world_shape *shape,
                              struct pf_arena *arena, struct pf_err *err)
{
    enum pf_code code = PF_OK;
    for (; world->added != 0; world->added--) {
        struct added_name name;
        name_added(world->added - 1, &name);
        (void)pf_model_remove_node(world->model, name.view); /* it is there: we added it */
    }
    while (world->added < shape->add && code == PF_OK) {
        code = add_one(world, shape, world->added, arena, err);
        world->added += code == PF_OK ? 1 : 0;
        pf_arena_reset(arena);
    }
    return code;
}

enum pf_code pf_plan_world_set(struct pf_plan_world *world, const struct pf_plan_world_shape *shape,
                               struct pf_err *err)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_MAX_BYTES);
    pf_model_lock(world->model);
    enum pf_code code = change_nodes(world, &shape->change, &arena, err);
    code = code == PF_OK ? add_nodes(world, shape, &arena, err) : code;
    code = code == PF_OK ? pf_fit_place_pending(world->fit, err) : code;
    pf_model_unlock(world->model);
    return code;
}

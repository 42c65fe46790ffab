#include "nodemap_pool.h"

#include <stdlib.h>

#include <podfit/columns.h>
#include <podfit/limits.h>

/* A taint's key may have 317 bytes, its value 63; longer texts are no use to people. */
#define TAINT_SHOWN_MAX 160

struct pf_nodemap_shape {
    uint32_t generation;
    uint32_t pool;
    struct pf_sv *taints;
    size_t taint_count;
    size_t taints_more;
    bool cordoned;
    bool broken;
};

bool pf_nodemap_pools_init(struct pf_nodemap_pools *pools, struct pf_model *model,
                           const struct pf_config *config, uint32_t shape_count,
                           struct pf_nodemap *map)
{
    *pools = (struct pf_nodemap_pools){
        .model = model, .config = config, .map = map, .shape_count = shape_count};
    pools->shapes = pf_arena_calloc(&map->arena, shape_count, sizeof(struct pf_nodemap_shape *));
    map->pools = pf_arena_calloc(&map->arena, PF_NODEMAP_POOLS_MAX, sizeof(*map->pools));
    return pools->shapes != NULL && map->pools != NULL;
}

static struct pf_sv text_of(const struct pf_nodemap_pools *pools, uint32_t id)
{
    return pf_intern_text(pf_model_strings(pools->model), id);
}

static bool find_label(const struct pf_nodemap_pools *pools, const struct pf_shape *shape,
                       struct pf_sv key, struct pf_sv *ret_value)
{
    for (size_t i = 0; i < shape->label_count; i++) {
        const struct pf_shape_label *label = &shape->labels[i];
        if (label->value != PF_VALUE_NODE_NAME && pf_sv_eq(text_of(pools, label->key), key)) {
            *ret_value = text_of(pools, label->value);
            return true;
        }
    }
    return false;
}

static bool has_labels(const struct pf_nodemap_pools *pools, const struct pf_shape *shape,
                       const struct pf_labels *wanted)
{
    struct pf_sv value = {0};
    for (size_t i = 0; i < wanted->count; i++) {
        if (!find_label(pools, shape, wanted->items[i].key, &value) ||
            !pf_sv_eq(value, wanted->items[i].value)) {
            return false;
        }
    }
    return true;
}

static bool has_taint(const struct pf_nodemap_pools *pools, const struct pf_shape *shape,
                      const struct pf_taint *wanted)
{
    for (size_t i = 0; i < shape->taint_count; i++) {
        const struct pf_shape_taint *taint = &shape->taints[i];
        if (pf_sv_eq(text_of(pools, taint->key), wanted->key) &&
            pf_sv_eq(text_of(pools, taint->value), wanted->value)) {
            return true;
        }
    }
    return false;
}

static bool is_member(const struct pf_nodemap_pools *pools, const struct pf_shape *shape,
                      const struct pf_class *class_)
{
    if (!class_->has_pool) {
        return false;
    }
    if (class_->pool_selector.count != 0) {
        return has_labels(pools, shape, &class_->pool_selector);
    }
    return class_->pool_taint.key.len != 0 && has_taint(pools, shape, &class_->pool_taint);
}

/* The first class whose pool the node belongs to; NULL: none. */
static const struct pf_class *class_of(const struct pf_nodemap_pools *pools,
                                       const struct pf_shape *shape)
{
    for (size_t i = 0; i < pools->config->class_count; i++) {
        if (is_member(pools, shape, &pools->config->classes[i])) {
            return &pools->config->classes[i];
        }
    }
    return NULL;
}

/* @return NULL: no memory */
static const char *class_pool_name(const struct pf_class *class_, struct pf_arena *arena)
{
    const struct pf_labels *selector = &class_->pool_selector;
    const struct pf_taint *taint = &class_->pool_taint;
    const struct pf_sv key = selector->count != 0 ? selector->items[0].key : taint->key;
    const struct pf_sv value = selector->count != 0 ? selector->items[0].value : taint->value;
    return pf_arena_printf(arena, "%.*s%s%.*s", PF_SV_ARG(key), value.len != 0 ? "=" : "",
                           PF_SV_ARG(value));
}

/* @return NULL: no memory */
static const char *pool_name(const struct pf_nodemap_pools *pools, const struct pf_shape *shape)
{
    /* GKE, EKS (managed, eksctl), AKS, Karpenter, DigitalOcean, Cluster API, kOps */
    static const char *const labels[] = {"cloud.google.com/gke-nodepool",
                                         "eks.amazonaws.com/nodegroup",
                                         "alpha.eksctl.io/nodegroup-name",
                                         "kubernetes.azure.com/agentpool",
                                         "karpenter.sh/nodepool",
                                         "doks.digitalocean.com/node-pool",
                                         "cluster.x-k8s.io/deployment-name",
                                         "kops.k8s.io/instancegroup"};
    const struct pf_class *class_ = class_of(pools, shape);
    if (class_ != NULL) {
        return class_pool_name(class_, &pools->map->arena);
    }
    struct pf_sv value = {0};
    for (size_t i = 0; i < PF_ARRAY_LEN(labels); i++) {
        if (find_label(pools, shape, pf_sv_from(labels[i]), &value) && value.len != 0) {
            return pf_arena_dup(&pools->map->arena, value);
        }
    }
    const bool control =
        find_label(pools, shape, PF_SV("node-role.kubernetes.io/control-plane"), &value);
    return control ? "control-plane" : "other";
}

static uint32_t find_pool(struct pf_nodemap *map, struct pf_sv name)
{
    for (size_t i = 0; i < map->pool_count; i++) {
        if (pf_sv_eq(map->pools[i].name, name)) {
            return (uint32_t)i;
        }
    }
    if (map->pool_count == PF_NODEMAP_POOLS_MAX) {
        map->pools[map->pool_count - 1].name = PF_SV("(more pools)");
        return (uint32_t)map->pool_count - 1;
    }
    map->pools[map->pool_count].name = name;
    return (uint32_t)map->pool_count++;
}

static bool copy_taints(const struct pf_nodemap_pools *pools, const struct pf_shape *from,
                        struct pf_nodemap_shape *to)
{
    const size_t count =
        from->taint_count < PF_NODEMAP_TAINTS_MAX ? from->taint_count : PF_NODEMAP_TAINTS_MAX;
    to->taints = pf_arena_calloc(&pools->map->arena, count, sizeof(*to->taints));
    if (to->taints == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct pf_sv key = text_of(pools, from->taints[i].key);
        const struct pf_sv value = text_of(pools, from->taints[i].value);
        const struct pf_sv effect = text_of(pools, from->taints[i].effect);
        const char *text =
            pf_arena_printf(&pools->map->arena, "%.*s%s%.*s:%.*s", PF_SV_ARG(key),
                            value.len != 0 ? "=" : "", PF_SV_ARG(value), PF_SV_ARG(effect));
        if (text == NULL) {
            return false;
        }
        to->taints[i] = pf_sv_from(text);
        if (to->taints[i].len > TAINT_SHOWN_MAX) {
            to->taints[i].len = TAINT_SHOWN_MAX;
        }
    }
    to->taint_count = count;
    to->taints_more = from->taint_count - count;
    return true;
}

/* Taints of the node lifecycle controller. Source: k8s.io/api/core/v1 well_known_taints.go */
static bool is_broken(const struct pf_nodemap_pools *pools, const struct pf_shape *shape)
{
    for (size_t i = 0; i < shape->taint_count; i++) {
        const struct pf_sv key = text_of(pools, shape->taints[i].key);
        if (pf_sv_eq_cstr(key, "node.kubernetes.io/not-ready") ||
            pf_sv_eq_cstr(key, "node.kubernetes.io/unreachable")) {
            return true;
        }
    }
    return false;
}

/* [locked] @return NULL: no memory */
static const struct pf_nodemap_shape *view_shape(struct pf_nodemap_pools *pools, uint32_t id)
{
    const struct pf_shape *shape = pf_model_shape(pools->model, id);
    const bool kept = id < pools->shape_count;
    if (kept && pools->shapes[id] != NULL && pools->shapes[id]->generation == shape->generation) {
        return pools->shapes[id];
    }
    struct pf_nodemap_shape *made = pf_arena_calloc(&pools->map->arena, 1, sizeof(*made));
    const char *name = made != NULL ? pool_name(pools, shape) : NULL;
    if (name == NULL || !copy_taints(pools, shape, made)) {
        return NULL;
    }
    made->generation = shape->generation;
    made->pool = find_pool(pools->map, pf_sv_from(name));
    made->cordoned = shape->unschedulable;
    made->broken = is_broken(pools, shape);
    if (kept) {
        pools->shapes[id] = made;
    }
    return made;
}

bool pf_nodemap_pools_place(struct pf_nodemap_pools *pools, uint32_t shape,
                            struct pf_nodemap_node *node)
{
    const struct pf_nodemap_shape *view = view_shape(pools, shape);
    if (view == NULL) {
        return false;
    }
    node->pool = view->pool;
    node->taints = view->taints;
    node->taint_count = view->taint_count;
    node->taints_more = view->taints_more;
    node->cordoned = view->cordoned;
    node->broken = view->broken;
    return true;
}

struct sort_context {
    const struct pf_nodemap_pool *pools;
};

static int by_pool_and_name(const void *a, const void *b, void *opaque)
{
    const struct sort_context *context = opaque;
    const struct pf_nodemap_node *left = a;
    const struct pf_nodemap_node *right = b;
    if (left->pool != right->pool) {
        const int order =
            pf_sv_cmp(context->pools[left->pool].name, context->pools[right->pool].name);
        return order != 0 ? order : (left->pool < right->pool ? -1 : 1);
    }
    return pf_sv_cmp(left->name, right->name);
}

static int by_name(const void *a, const void *b)
{
    const struct pf_nodemap_pool *left = a;
    const struct pf_nodemap_pool *right = b;
    return pf_sv_cmp(left->name, right->name);
}

static void add(struct pf_nodemap_amount *sum, const struct pf_nodemap_amount *one)
{
    if (__builtin_add_overflow(sum->allocatable, one->allocatable, &sum->allocatable)) {
        sum->allocatable = INT64_MAX;
    }
    if (__builtin_add_overflow(sum->used, one->used, &sum->used)) {
        sum->used = INT64_MAX;
    }
    if (__builtin_add_overflow(sum->reserved, one->reserved, &sum->reserved)) {
        sum->reserved = INT64_MAX;
    }
}

static void count_node(struct pf_nodemap_pool *pool, const struct pf_nodemap_node *node)
{
    add(&pool->cpu, &node->cpu);
    add(&pool->memory, &node->memory);
    add(&pool->pods, &node->pods);
    pool->nodes++;
    pool->cordoned += node->cordoned ? 1 : 0;
    pool->broken += node->broken ? 1 : 0;
    const size_t step = node->fullness * PF_NODEMAP_STEPS / 100;
    pool->steps[step < PF_NODEMAP_STEPS ? step : PF_NODEMAP_STEPS - 1]++;
}

static bool has_text(const struct pf_sv *texts, size_t count, struct pf_sv text)
{
    for (size_t i = 0; i < count; i++) {
        if (pf_sv_eq(texts[i], text)) {
            return true;
        }
    }
    return false;
}

bool pf_nodemap_is_common(const struct pf_nodemap_pool *pool, struct pf_sv taint)
{
    return has_text(pool->taints, pool->taint_count, taint);
}

/* @param before  node of the same pool, NULL: this is its first */
static void keep_common_taints(struct pf_nodemap_pool *pool, const struct pf_nodemap_node *before,
                               const struct pf_nodemap_node *node)
{
    if (before == NULL) {
        for (size_t i = 0; i < node->taint_count; i++) {
            pool->taints[pool->taint_count++] = node->taints[i];
        }
        return;
    }
    if (before->taints == node->taints) {
        return; /* of one shape */
    }
    size_t kept = 0;
    for (size_t i = 0; i < pool->taint_count; i++) {
        if (has_text(node->taints, node->taint_count, pool->taints[i])) {
            pool->taints[kept++] = pool->taints[i];
        }
    }
    pool->taint_count = kept;
}

void pf_nodemap_pools_sum(struct pf_nodemap *map)
{
    struct sort_context context = {.pools = map->pools};
    qsort_r(map->nodes, map->node_count, sizeof(*map->nodes), by_pool_and_name, &context);
    size_t run = 0;
    for (size_t i = 0; i < map->node_count; i++) {
        struct pf_nodemap_pool *pool = &map->pools[map->nodes[i].pool];
        if (i == 0 || map->nodes[i].pool != map->nodes[i - 1].pool) {
            run = i;
        }
        pool->first = run;
        keep_common_taints(pool, i == run ? NULL : &map->nodes[i - 1], &map->nodes[i]);
        count_node(pool, &map->nodes[i]);
    }
    qsort(map->pools, map->pool_count, sizeof(*map->pools), by_name);
    /* pools stand as their nodes do, so that the runs number them anew */
    for (size_t p = 0; p < map->pool_count; p++) {
        for (size_t i = 0; i < map->pools[p].nodes; i++) {
            map->nodes[map->pools[p].first + i].pool = (uint32_t)p;
        }
    }
}

const struct pf_nodemap_pool *pf_nodemap_find(const struct pf_nodemap *map, struct pf_sv name)
{
    for (size_t i = 0; i < map->pool_count; i++) {
        if (pf_sv_eq(map->pools[i].name, name)) {
            return &map->pools[i];
        }
    }
    return NULL;
}

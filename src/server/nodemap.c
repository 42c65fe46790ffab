#include "nodemap_pool.h"
#include <podfit/columns.h>
#include <podfit/limits.h>
#include <podfit/num.h>
#include <podfit/reservation.h>

/* Slots that are copied under one lock: some 20 us, at the worst (every node with labels of its own) ten times that. */
#define SLOTS_PER_LOCK 64
/* Nodes that may come while the picture is taken. */
#define SLACK 64
/* A node's numbers, its name and its share of taints have below 1 KiB. */
#define ARENA_MAX_BYTES ((size_t)PF_NODEMAP_NODES_MAX * 2 * 1024)

void pf_nodemap_done(struct pf_nodemap *map)
{
    pf_arena_done(&map->arena);
    *map = (struct pf_nodemap){.node_count = 0};
}

unsigned pf_nodemap_percent(const struct pf_nodemap_amount *amount)
{
    if (amount->used <= 0) {
        return 0;
    }
    if (amount->used >= amount->allocatable) {
        return 100;
    }
    return (unsigned)((pf_i128)amount->used * 100 / amount->allocatable);
}

static struct pf_nodemap_amount amount(int64_t allocatable, int64_t used)
{
    return (struct pf_nodemap_amount){.allocatable = allocatable > 0 ? allocatable : 0,
                                      .used = used > 0 ? used : 0};
}

static void grade(struct pf_nodemap_node *node)
{
    const struct {
        const char *name;
        const struct pf_nodemap_amount *amount;
    } rows[] = {{"memory", &node->memory}, {"cpu", &node->cpu}, {"pods", &node->pods}};
    node->fullest = rows[0].name;
    node->fullness = 0;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const unsigned percent = pf_nodemap_percent(rows[i].amount);
        if (percent > node->fullness) {
            node->fullness = percent;
            node->fullest = rows[i].name;
        }
    }
}

struct take {
    struct pf_model *model;
    struct pf_nodemap *map;
    struct pf_nodemap_pools pools;
    uint32_t *by_slot; /* index of a slot's node, or UINT32_MAX */
    uint32_t slots;
    size_t room; /* nodes allocated */
};

/* [locked] */
static bool take_slot(struct take *take, uint32_t slot)
{
    const struct pf_columns *columns = pf_model_columns(take->model);
    if (columns->shape[slot] == PF_SHAPE_NONE) {
        return true;
    }
    if (take->map->node_count == take->room) {
        take->map->left_out++;
        return true;
    }
    struct pf_nodemap_node *node = &take->map->nodes[take->map->node_count];
    *node = (struct pf_nodemap_node){
        .slot = slot,
        .cpu = amount(columns->allocatable_milli_cpu[slot], columns->used_milli_cpu[slot]),
        .memory = amount(columns->allocatable_memory[slot], columns->used_memory[slot]),
        .pods = amount(columns->allocatable_pods[slot], columns->used_pods[slot]),
    };
    if (!pf_arena_dup_sv(&take->map->arena,
                         pf_intern_text(pf_model_strings(take->model), columns->name[slot]),
                         &node->name) ||
        !pf_nodemap_pools_place(&take->pools, columns->shape[slot], node)) {
        return false;
    }
    grade(node);
    take->by_slot[slot] = (uint32_t)take->map->node_count;
    take->map->node_count++;
    return true;
}

static bool take_nodes(struct take *take)
{
    bool ok = true;
    bool more = true;
    for (uint32_t slot = 0; ok && more;) {
        pf_model_lock_in_turn(take->model);
        const uint32_t count = pf_model_columns(take->model)->count;
        const uint32_t end = count < take->slots ? count : take->slots;
        for (uint32_t i = 0; i < SLOTS_PER_LOCK && slot < end && ok; i++, slot++) {
            ok = take_slot(take, slot);
        }
        more = slot < end;
        pf_model_unlock(take->model);
    }
    return ok;
}

static void add_reserved(void *opaque, const struct pf_reserved *reserved)
{
    struct take *take = opaque;
    const uint32_t index =
        reserved->node < take->slots ? take->by_slot[reserved->node] : UINT32_MAX;
    if (index == UINT32_MAX) {
        return;
    }
    struct pf_nodemap_node *node = &take->map->nodes[index];
    node->pods.reserved++;
    /* sums that do not fit are no room that anybody has */
    if (__builtin_add_overflow(node->cpu.reserved, reserved->milli_cpu, &node->cpu.reserved)) {
        node->cpu.reserved = INT64_MAX;
    }
    if (__builtin_add_overflow(node->memory.reserved, reserved->memory, &node->memory.reserved)) {
        node->memory.reserved = INT64_MAX;
    }
}

static enum pf_code prepare(struct take *take, const struct pf_config *config)
{
    pf_model_lock(take->model);
    const struct pf_columns *columns = pf_model_columns(take->model);
    take->slots = columns->count;
    take->room = columns->nodes < PF_NODEMAP_NODES_MAX - SLACK ? columns->nodes + SLACK
                                                               : PF_NODEMAP_NODES_MAX;
    const uint32_t shapes = pf_model_shape_count(take->model);
    pf_model_unlock(take->model);
    struct pf_arena *arena = &take->map->arena;
    take->map->nodes = pf_arena_calloc(arena, take->room, sizeof(*take->map->nodes));
    take->by_slot = pf_arena_calloc(arena, take->slots, sizeof(*take->by_slot));
    if (take->map->nodes == NULL || take->by_slot == NULL ||
        !pf_nodemap_pools_init(&take->pools, take->model, config, shapes, take->map)) {
        return PF_E_NO_MEMORY;
    }
    for (uint32_t i = 0; i < take->slots; i++) {
        take->by_slot[i] = UINT32_MAX;
    }
    return PF_OK;
}

enum pf_code pf_nodemap_take(struct pf_model *model, const struct pf_config *config,
                             struct pf_nodemap *ret_map, struct pf_err *err)
{
    struct pf_nodemap map = {.node_count = 0};
    pf_arena_init(&map.arena, ARENA_MAX_BYTES);
    struct take take = {.model = model, .map = &map};
    enum pf_code code = prepare(&take, config);
    if (code == PF_OK && !take_nodes(&take)) {
        code = PF_E_NO_MEMORY;
    }
    if (code != PF_OK) {
        pf_arena_done(&map.arena);
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the map of the nodes");
    }
    pf_model_lock(model);
    pf_reservation_each(model, add_reserved, &take);
    pf_model_unlock(model);
    pf_nodemap_pools_sum(&map);
    *ret_map = map;
    return PF_OK;
}

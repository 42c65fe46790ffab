#include "cluster_internal.h"

static uint32_t hash_of(const struct pf_pool *pool, struct pf_sv block)
{
    return (uint32_t)pf_sv_hash(block, pool->seed);
}

static bool is_block(const struct pf_pool_entry *entry, struct pf_sv block, uint32_t hash)
{
    return entry->hash == hash && entry->bytes == block.len &&
           memcmp(entry->block, block.ptr, block.len) == 0;
}

static size_t bytes_of(size_t len)
{
    return pf_heap_cost(len);
}

/* Place of the block in the index, or of the hole where it belongs. */
static size_t probe(const struct pf_pool *pool, struct pf_sv block, uint32_t hash)
{
    size_t at = hash & (pool->index_cap - 1);
    while (pool->index[at] != 0 && !is_block(&pool->entries[pool->index[at] - 1], block, hash)) {
        at = (at + 1) & (pool->index_cap - 1);
    }
    return at;
}

static bool reserve_index(struct pf_pool *pool)
{
    /* at most 3/4 full */
    if (pool->live + 1 <= pool->index_cap - pool->index_cap / 4) {
        return true;
    }
    const size_t cap = pool->index_cap != 0 ? pool->index_cap * 2 : 16;
    uint32_t *index = pf_mem_calloc(cap, sizeof(*index));
    if (index == NULL) {
        return false;
    }
    for (uint32_t id = 0; id < pool->count; id++) {
        if (pool->entries[id].block != NULL) {
            size_t at = pool->entries[id].hash & (cap - 1);
            while (index[at] != 0) {
                at = (at + 1) & (cap - 1);
            }
            index[at] = id + 1;
        }
    }
    free(pool->index);
    pool->index = index;
    pool->index_cap = cap;
    return true;
}

/* A free id; it stays free until it is filled. */
static uint32_t free_id(struct pf_pool *pool)
{
    if (pool->free_head != PF_POOL_NONE) {
        return pool->free_head;
    }
    if (pool->count >= PF_POOL_NONE - 1 ||
        !pf_mem_grow(&pool->entries, &pool->cap, pool->count, sizeof(*pool->entries))) {
        return PF_POOL_NONE;
    }
    pool->entries[pool->count] = (struct pf_pool_entry){.refs = PF_POOL_NONE};
    pool->free_head = pool->count;
    return pool->count++;
}

void pf_pool_init(struct pf_pool *pool, uint64_t seed)
{
    *pool = (struct pf_pool){.seed = seed, .free_head = PF_POOL_NONE};
}

void pf_pool_done(struct pf_pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        free(pool->entries[i].block);
    }
    free(pool->entries);
    free(pool->index);
    *pool = (struct pf_pool){.free_head = PF_POOL_NONE};
}

uint32_t pf_pool_find(const struct pf_pool *pool, struct pf_sv block)
{
    if (pool->index_cap == 0) {
        return PF_POOL_NONE;
    }
    const uint32_t found = pool->index[probe(pool, block, hash_of(pool, block))];
    return found != 0 ? found - 1 : PF_POOL_NONE;
}

uint32_t pf_pool_add(struct pf_pool *pool, struct pf_sv block)
{
    if (block.len > UINT32_MAX || !reserve_index(pool)) {
        return PF_POOL_NONE;
    }
    const uint32_t id = free_id(pool);
    char *copy = id != PF_POOL_NONE ? pf_mem_calloc(1, block.len) : NULL;
    if (copy == NULL) {
        return PF_POOL_NONE;
    }
    memcpy(copy, block.ptr, block.len);
    const uint32_t hash = hash_of(pool, block);
    struct pf_pool_entry *entry = &pool->entries[id];
    pool->index[probe(pool, block, hash)] = id + 1;
    pool->free_head = entry->refs;
    *entry = (struct pf_pool_entry){.block = copy,
                                    .bytes = (uint32_t)block.len,
                                    .hash = hash,
                                    .refs = 1,
                                    .generation = entry->generation + 1};
    pool->live++;
    pool->heap_bytes += bytes_of(block.len);
    return id;
}

/* Backward shift: no tombstones, so churn does not slow it down. */
static void remove_from_index(struct pf_pool *pool, uint32_t id)
{
    const size_t mask = pool->index_cap - 1;
    size_t hole = pool->entries[id].hash & mask;
    while (pool->index[hole] != id + 1) {
        hole = (hole + 1) & mask;
    }
    for (size_t at = (hole + 1) & mask; pool->index[at] != 0; at = (at + 1) & mask) {
        const size_t home = pool->entries[pool->index[at] - 1].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            pool->index[hole] = pool->index[at];
            hole = at;
        }
    }
    pool->index[hole] = 0;
}

void pf_pool_remove(struct pf_pool *pool, uint32_t id)
{
    struct pf_pool_entry *entry = &pool->entries[id];
    remove_from_index(pool, id);
    pool->heap_bytes -= bytes_of(entry->bytes);
    free(entry->block);
    *entry = (struct pf_pool_entry){.refs = pool->free_head, .generation = entry->generation};
    pool->free_head = id;
    pool->live--;
}

size_t pf_pool_bytes(const struct pf_pool *pool)
{
    return pool->heap_bytes + pool->cap * sizeof(*pool->entries) +
           pool->index_cap * sizeof(*pool->index);
}

const char *pf_pool_check(const struct pf_pool *pool)
{
    uint32_t live = 0;
    size_t heap_bytes = 0;
    for (uint32_t id = 0; id < pool->count; id++) {
        const struct pf_pool_entry *entry = &pool->entries[id];
        if (entry->block == NULL) {
            continue;
        }
        live++;
        heap_bytes += bytes_of(entry->bytes);
        if (pf_pool_find(pool, (struct pf_sv){.ptr = entry->block, .len = entry->bytes}) != id) {
            return "a block is not found by its bytes";
        }
    }
    if (live != pool->live) {
        return "blocks are miscounted";
    }
    return heap_bytes == pool->heap_bytes ? NULL : "bytes of blocks are miscounted";
}

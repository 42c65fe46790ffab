#ifndef PODFIT_CLUSTER_POOL_H
#define PODFIT_CLUSTER_POOL_H

/** pool.c: blocks of bytes by their content, each with an id. Inside of the cluster module; one thread at a time. */

#include <podfit/map.h>
#include <podfit/sv.h>

#define PF_POOL_NONE UINT32_MAX

struct pf_pool_entry {
    char *block; /**< owned; NULL: free, then refs is the next free id */
    uint32_t bytes;
    uint32_t hash;
    uint32_t refs;
    uint32_t generation; /**< grows each time the id is given to another block */
};

struct pf_pool {
    struct pf_pool_entry *entries;
    uint32_t *index; /**< open addressing: id + 1, 0 = empty */
    size_t cap;
    size_t index_cap; /**< power of two, 0 while empty */
    size_t heap_bytes;
    uint64_t seed;
    uint32_t count; /**< ids, free ones included */
    uint32_t live;
    uint32_t free_head;
};

void pf_pool_init(struct pf_pool *pool, uint64_t seed);
void pf_pool_done(struct pf_pool *pool);
/** @return PF_POOL_NONE when there is no such block */
uint32_t pf_pool_find(const struct pf_pool *pool, struct pf_sv block);
/** Copy a block that is not there, with one reference. @return PF_POOL_NONE: no memory, nothing changed */
uint32_t pf_pool_add(struct pf_pool *pool, struct pf_sv block) PF_MUST_CHECK;
/** Free a block that nobody refers to. */
void pf_pool_remove(struct pf_pool *pool, uint32_t id);
/** Memory held, blocks and tables. */
size_t pf_pool_bytes(const struct pf_pool *pool);
/** @return what is wrong with the pool's own tables (static), or NULL */
const char *pf_pool_check(const struct pf_pool *pool);

#endif

#ifndef PODFIT_NODEMAP_H
#define PODFIT_NODEMAP_H

/**
 * A picture of the nodes for people: by pool, with what is taken and held. Copied from the model a few hundred nodes at a time, so that reviews never wait for it;
 * nodes that change while it is taken may be seen before or after. One thread at a time.
 *
 * The pool of a node: the first class whose pool it belongs to (all labels of its selector, else its taint), else the label that a provider or autoscaler names node
 * pools with, else `control-plane`, else `other`.
 */

#include <podfit/arena.h>
#include <podfit/config.h>
#include <podfit/model.h>

/** Taints of one node that are told. */
#define PF_NODEMAP_TAINTS_MAX 8
/** Steps of the distribution of fullness: 0 to 9 %, ..., 90 % and more. */
#define PF_NODEMAP_STEPS 10

struct pf_nodemap_amount {
    int64_t allocatable;
    int64_t used;     /**< by bound pods, pods on their way and reservations */
    int64_t reserved; /**< of that: by reservations */
};

struct pf_nodemap_node {
    struct pf_sv name;
    uint32_t slot;
    uint32_t pool;                /**< index */
    struct pf_nodemap_amount cpu; /**< milli */
    struct pf_nodemap_amount memory;
    struct pf_nodemap_amount pods;
    unsigned fullness;    /**< percent of what is fullest, at most 100 */
    const char *fullest;  /**< `cpu`, `memory`, `pods`; static */
    struct pf_sv *taints; /**< `key=value:Effect` */
    size_t taint_count;
    size_t taints_more; /**< above PF_NODEMAP_TAINTS_MAX */
    bool cordoned;
    bool broken; /**< not ready or not reachable, as its taints say */
};

struct pf_nodemap_pool {
    struct pf_sv name;
    size_t first; /**< index of its first node */
    size_t nodes;
    size_t cordoned;
    size_t broken;
    struct pf_nodemap_amount cpu;
    struct pf_nodemap_amount memory;
    struct pf_nodemap_amount pods;
    uint32_t steps[PF_NODEMAP_STEPS];           /**< nodes by fullness */
    struct pf_sv taints[PF_NODEMAP_TAINTS_MAX]; /**< that all of its nodes have */
    size_t taint_count;
};

/** Everything lives in the arena. A zeroed struct is an empty map. */
struct pf_nodemap {
    struct pf_arena arena;
    struct pf_nodemap_node *nodes; /**< by pool, then by name */
    size_t node_count;
    size_t left_out;               /**< nodes above PF_NODEMAP_NODES_MAX */
    struct pf_nodemap_pool *pools; /**< by name; the last one may be `(more pools)` */
    size_t pool_count;
};

/**
 * Take the picture. Takes the model's lock some times for microseconds.
 *
 * @param[out] ret_map  released with pf_nodemap_done(); untouched on failure
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_nodemap_take(struct pf_model *model, const struct pf_config *config,
                             struct pf_nodemap *ret_map, struct pf_err *err) PF_MUST_CHECK;
/** Free. Accepts a zeroed struct; may be called twice. */
void pf_nodemap_done(struct pf_nodemap *map);

/** @return used of allocatable in whole percent, 0 to 100 */
unsigned pf_nodemap_percent(const struct pf_nodemap_amount *amount);
/** Do all nodes of the pool have it? */
bool pf_nodemap_is_common(const struct pf_nodemap_pool *pool, struct pf_sv taint);
/** @return NULL when no pool has that name */
const struct pf_nodemap_pool *pf_nodemap_find(const struct pf_nodemap *map, struct pf_sv name);

#endif

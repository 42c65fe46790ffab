#ifndef PODFIT_NODEMAP_POOL_H
#define PODFIT_NODEMAP_POOL_H

/** Inside the map of the nodes: pools and what nodes of one shape have in common. */

#include <podfit/nodemap.h>

struct pf_nodemap_shape;

struct pf_nodemap_pools {
    struct pf_model *model;
    const struct pf_config *config;
    struct pf_nodemap *map;
    struct pf_nodemap_shape **shapes; /* by shape id; NULL: not met yet */
    uint32_t shape_count;
};

/** @return false: no memory */
bool pf_nodemap_pools_init(struct pf_nodemap_pools *pools, struct pf_model *model,
                           const struct pf_config *config, uint32_t shape_count,
                           struct pf_nodemap *map) PF_MUST_CHECK;
/** Fill in pool, taints and state of a node. [locked] @return false: no memory */
bool pf_nodemap_pools_place(struct pf_nodemap_pools *pools, uint32_t shape,
                            struct pf_nodemap_node *node) PF_MUST_CHECK;
/** Sort pools and nodes, and sum up. */
void pf_nodemap_pools_sum(struct pf_nodemap *map);

#endif

#ifndef PODFIT_PLAN_WORLD_H
#define PODFIT_PLAN_WORLD_H

/**
 * The cluster of a plan: a model and its fit engine, whose nodes may be changed, multiplied and put back. One thread; functions take the model's lock.
 */

#include <podfit/arena.h>
#include <podfit/config.h>
#include <podfit/fit.h>

struct pf_plan_world {
    struct pf_model *model; /**< borrowed */
    struct pf_fit *fit;     /**< owned */
    struct pf_arena arena;  /**< of the nodes */
    struct pf_node *nodes;  /**< as they came, in name order */
    size_t node_count;
    uint32_t added; /**< nodes that were added and are there */
};

/** What is to be different on every node; 0: as it is. */
struct pf_plan_world_change {
    int64_t pods;
    int64_t milli_cpu;
    int64_t memory;
    uint32_t keep; /**< only so many of the nodes that came */
};

/** @param config  borrowed, outlives the world @return PF_OK or PF_E_NO_MEMORY; pf_plan_world_done() either way */
enum pf_code pf_plan_world_init(struct pf_plan_world *world, struct pf_model *model,
                                const struct pf_config *config, struct pf_err *err) PF_MUST_CHECK;
void pf_plan_world_done(struct pf_plan_world *world);

/** A cluster as it is to be. */
struct pf_plan_world_shape {
    struct pf_plan_world_change change; /**< of the nodes that came, and of those that are added */
    size_t like;                        /**< index into nodes: which one is added */
    uint32_t add;                       /**< how many empty ones, uncordoned */
};

/** Bring the nodes into that shape; an empty one puts everything back. Waiting pods are placed anew. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_plan_world_set(struct pf_plan_world *world, const struct pf_plan_world_shape *shape,
                               struct pf_err *err) PF_MUST_CHECK;

#endif

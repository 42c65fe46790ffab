#ifndef PODFIT_FIT_VICTIMS_H
#define PODFIT_FIT_VICTIMS_H

/** The pods that would have to leave one node. Inside of the fit module; under the model's lock. Source: defaultpreemption SelectVictimsOnNode(). */

#include "budgets.h"
#include "dry_run.h"

struct pf_victim {
    struct pf_resident pod;
    uint32_t order; /**< in which it stands on the node */
    bool violates;  /**< its eviction would violate a PodDisruptionBudget */
    bool reprieved; /**< may stay */
};

/** What nodes are chosen by, in this order; lower is better but for the start. */
struct pf_victims_rank {
    int64_t violations;
    int64_t highest; /**< priority of the most important victim */
    int64_t sum;     /**< of all priorities, each moved by 2^31 so that every victim adds */
    int64_t count;
    int64_t start_s; /**< when the first of the most important victims started; later is better */
};

/** The search on one node; its arrays are used again for the next one. */
struct pf_victims {
    struct pf_victim *items; /**< owned; after a search the most important first */
    size_t count;
    size_t cap;
    struct pf_budgets budgets;
    uint64_t moves; /**< pods that were thought added or taken, of all searches */
};

/** What a search on a node found. */
enum pf_victims_outcome {
    PF_VICTIMS_NONE,  /**< no pod of lower priority is there */
    PF_VICTIMS_VAIN,  /**< the pod does not fit without them either: *ret_result says why */
    PF_VICTIMS_FOUND, /**< the items that are not reprieved */
};

/** Free. Accepts a zeroed struct, which is also one to begin with. */
void pf_victims_done(struct pf_victims *victims);

/**
 * Search one node.
 *
 * @param topology  finished; NULL when no topology filter has a say
 * @return PF_OK, PF_E_NO_MEMORY, or PF_E_NOT_FOUND as pf_dry_run_judge()
 */
enum pf_code pf_victims_find(struct pf_victims *victims, const struct pf_filter_input *input,
                             const struct pf_topology *topology, uint32_t slot,
                             enum pf_victims_outcome *ret_outcome,
                             struct pf_result *ret_result) PF_MUST_CHECK;
/** Of what was found. */
struct pf_victims_rank pf_victims_rank(const struct pf_victims *victims);
/** Would kube-scheduler choose a node with rank @p a rather than one with rank @p b? (pickOneNodeForPreemption) */
bool pf_victims_better(const struct pf_victims_rank *a, const struct pf_victims_rank *b);

#endif

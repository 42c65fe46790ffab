#ifndef PODFIT_FIT_EVICTIONS_H
#define PODFIT_FIT_EVICTIONS_H

/**
 * What eviction of less important pods would do on each node for one question, and the node that DefaultPreemption would choose. Nodes are looked at in the order of
 * their names, only as far as kube-scheduler would; what was found is kept and brought up to date from the model's change log, so that the next equal pod costs what
 * changed. The answer is always that of a search from the beginning. Inside of the fit module; under the model's lock.
 */

#include "results.h"
#include "victims.h"

/** A node on which the pod would fit without its victims. */
struct pf_eviction {
    uint32_t slot;
    struct pf_victims_rank rank;
};

/** What is kept of one question. Nodes before the frontier are known, the others are not. A zeroed struct is an empty one. */
struct pf_evictions {
    uint32_t *states;          /**< owned; by slot: enum eviction_state of evictions.c */
    uint32_t *moves;           /**< owned; by slot: pods that were thought moved to find that out */
    uint32_t slots;            /**< of both */
    struct pf_outcomes vain;   /**< nodes where the pod does not fit without its victims either */
    uint32_t no_victims;       /**< nodes without a pod that would have to leave */
    struct pf_eviction *found; /**< owned; in the order of names */
    size_t found_count;
    size_t found_cap;
    uint32_t *dirty; /**< owned scratch: known nodes that changed */
    size_t dirty_count;
    size_t dirty_cap;
    uint64_t moves_total; /**< of all known nodes */
    uint32_t known;       /**< nodes */
    uint32_t frontier;    /**< as many nodes, in the order of names, are known */
    uint64_t seen;        /**< sequence number of the model; 0: nothing is known */
    uint64_t stamp;
    uint64_t names_version;
    uint64_t budgets_version;
};

/** One search. Everything is borrowed for the call. */
struct pf_eviction_ask {
    struct pf_model *model;
    const struct pf_filter_input *input;
    const struct pf_topology *topology; /**< finished; NULL when no topology filter has a say */
    struct pf_results results;          /**< of all nodes */
    uint32_t open;                      /**< nodes whose code is Unschedulable */
    uint64_t stamp; /**< another number than at the last search: what is kept is void */
};

struct pf_eviction_answer {
    uint32_t best;  /**< slot; PF_NODE_NONE: no eviction helps on the nodes that were looked at */
    bool undecided; /**< whether eviction helps cannot be told of one of them */
    bool
        exhausted; /**< more than PF_FIT_PREEMPTION_MOVES_MAX moves: not all nodes were looked at */
};

/** Free. Accepts a zeroed struct. */
void pf_evictions_done(struct pf_evictions *evictions);
/** Memory held. */
size_t pf_evictions_bytes(const struct pf_evictions *evictions);

/**
 * Search, or bring up to date what an earlier search of an equal question found.
 *
 * @param victims  scratch
 * @return PF_OK, PF_E_NO_MEMORY, or PF_E_NOT_FOUND as pf_dry_run_judge(); then nothing is kept
 */
enum pf_code pf_evictions_search(struct pf_evictions *evictions, const struct pf_eviction_ask *ask,
                                 struct pf_victims *victims,
                                 struct pf_eviction_answer *ret_answer) PF_MUST_CHECK;

#endif

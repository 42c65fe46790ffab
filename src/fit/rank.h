#ifndef PODFIT_FIT_RANK_H
#define PODFIT_FIT_RANK_H

/**
 * Where kube-scheduler would put the pod: the node with the highest sum of all scores. Inside of the fit module; under the model's lock.
 *
 * Of equals the one in the lowest slot is taken, that is the one that podfit has known longest; kube-scheduler takes any of them. With 100 nodes or more
 * kube-scheduler stops looking when it has found enough nodes, beginning where it stopped the last time, which no one outside can know: podfit compares all.
 */

#include "score.h"
#include "topology.h"

/** Nodes that pass every filter. */
struct pf_candidates {
    const uint8_t *values; /**< by slot: pf_score_plain() + 1; 0: excluded */
    const struct pf_topology *
        topology; /**< that excludes some of them; NULL: values say all. The question's active filters are asked */
};

/** Can a score besides those in pf_score_plain() put one node before another? */
bool pf_rank_matters(const struct pf_filter_input *input);

/**
 * The best node by all scores, in one pass over the candidates.
 *
 * @param[in,out] best  unchanged when there is no candidate
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_rank_best(const struct pf_filter_input *input,
                          const struct pf_candidates *candidates, struct pf_arena *arena,
                          uint32_t *best) PF_MUST_CHECK;

/** All scores of one node, weighted. */
struct pf_rank_row {
    uint32_t slot;
    int64_t weighted[PF_SCORE_COUNT]; /**< by enum pf_score_id */
    int64_t total;
};

struct pf_rank_table {
    struct pf_rank_row *rows; /**< in slot order, in the arena */
    uint32_t count;
    unsigned
        skipped; /**< mask of 1 << enum pf_score_id: plug-ins that kube-scheduler skips for this pod */
};

/** The same with every score shown, whether it matters or not: for tests. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_rank_explain(const struct pf_filter_input *input,
                             const struct pf_candidates *candidates, struct pf_arena *arena,
                             struct pf_rank_table *ret_table) PF_MUST_CHECK;

struct pf_fit;
/** Judge the pod, then pf_rank_explain(); no rows for a pod that does not fit. [locked] @return as pf_fit_judge() */
enum pf_code pf_score_explain(struct pf_fit *fit, const struct pf_pod *pod, struct pf_arena *arena,
                              struct pf_rank_table *ret_table, struct pf_err *err) PF_MUST_CHECK;

#endif

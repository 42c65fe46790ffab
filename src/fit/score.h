#ifndef PODFIT_FIT_SCORE_H
#define PODFIT_FIT_SCORE_H

/**
 * The score plug-ins of kube-scheduler, and the table of them all (scheduler-fit section 10). Inside of the fit module; under the model's lock.
 *
 * NodeResourcesFit and NodeResourcesBalancedAllocation look at one node only: their sum is kept in the tournament tree of each remembered question. The others
 * compare the nodes that fit, so they cost a pass over these; `matters` tells when such a pass cannot change the order. One score is one file with one const
 * struct, listed in score.c.
 */

#include <podfit/filter.h>

enum pf_score_id {
    PF_SCORE_TAINT_TOLERATION,    /**< PreferNoSchedule taints */
    PF_SCORE_NODE_AFFINITY,       /**< preferred node affinity */
    PF_SCORE_POD_TOPOLOGY_SPREAD, /**< ScheduleAnyway constraints, or the system's */
    PF_SCORE_INTER_POD_AFFINITY,  /**< preferred pod affinity, and what existing pods like */
    PF_SCORE_NODE_RESOURCES_FIT,  /**< NodeResourcesFit */
    PF_SCORE_BALANCED_ALLOCATION, /**< NodeResourcesBalancedAllocation */
    PF_SCORE_IMAGE_LOCALITY,      /**< images that a node has */
    PF_SCORE_COUNT,               /**< how many there are */
};

#define PF_SCORE_MAX 100

/** Nodes that passed every filter, in ascending order. */
struct pf_score_input {
    const struct pf_filter_input *input;
    const uint32_t *slots;
    uint32_t count;
    struct pf_arena *arena; /**< for whatever a score needs meanwhile */
};

struct pf_scorer {
    const char *name;
    int64_t weight;
    /** Can it put one node before another? Cheap: neither nodes nor pods are walked. NULL: it is part of pf_score_plain(). */
    bool (*matters)(const struct pf_filter_input *input);
    /**
     * PreScore, Score and NormalizeScore.
     *
     * @param[in,out] scores  one a node, 0 to begin with; 0 to 100 in the end
     * @param[out] ret_skipped  true: kube-scheduler skips the plug-in for this pod, scores are untouched
     * @return PF_OK or PF_E_NO_MEMORY
     */
    enum pf_code (*run)(const struct pf_score_input *in, int64_t *scores, bool *ret_skipped);
};

/** @return static; never NULL for an id below PF_SCORE_COUNT */
const struct pf_scorer *pf_score_get(enum pf_score_id id);

extern const struct pf_scorer pf_taint_toleration_scorer;
extern const struct pf_scorer pf_node_affinity_scorer;
extern const struct pf_scorer pf_pod_topology_spread_scorer;
extern const struct pf_scorer pf_inter_pod_affinity_scorer;
extern const struct pf_scorer pf_node_resources_fit_scorer;
extern const struct pf_scorer pf_node_resources_balanced_allocation_scorer;
extern const struct pf_scorer pf_image_locality_scorer;

/** What kube-scheduler has by default where the configuration says nothing. Never NULL. */
const struct pf_fit_profile *pf_score_profile(const struct pf_filter_input *input);

/** LeastAllocated, or MostAllocated where the profile says so, over cpu and memory with the pod's non-zero request. @return 0 to 100 */
int64_t pf_node_resources_fit_score(const struct pf_filter_input *input, uint32_t slot);
/** BalancedAllocation of the minor; 0 when the pod asks for neither cpu nor memory. @return 0 to 100 */
int64_t pf_node_resources_balanced_allocation_score(const struct pf_filter_input *input,
                                                    uint32_t slot);

/** The sum of the weighted scores that look at one node only. @return 0 to 200 */
uint8_t pf_score_plain(const struct pf_filter_input *input, uint32_t slot);

/** DefaultNormalizeScore: 100 * score / highest, from 100 downwards when @p reverse. */
void pf_score_normalize(int64_t *scores, uint32_t count, bool reverse);

/** Is comparing this many entries with every node too much for one judgement? A plug-in whose pod is over it does not matter. */
bool pf_score_is_too_much(const struct pf_filter_input *input, uint64_t entries);

#endif

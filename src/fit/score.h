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
    /** Why kube-scheduler fails with an error where it has to score the pod; static. NULL, or a result of NULL: it does not. */
    const char *(*failure)(const struct pf_filter_input *input);
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

/** pf_scorer.failure of the first plug-in on that has one, and of those that lack their PreScore. @return static; NULL: none */
const char *pf_score_failure(const struct pf_filter_input *input);

/** How the profile at hand scores. Never NULL. */
const struct pf_fit_scores *pf_score_settings(const struct pf_filter_input *input);

/** One resource of one node, as scores count it. */
struct pf_score_share {
    int64_t allocatable; /**< 0: the resource is left out of the score */
    int64_t used;
    int64_t wanted; /**< by the pod */
};
/** @param nonzero  with 100m and 200MiB for containers that ask for no cpu or memory */
struct pf_score_share pf_score_share_of(const struct pf_filter_input *input, uint32_t slot,
                                        const struct pf_fit_resource *resource, bool nonzero);
/** What the pod asks for, without such defaults. */
int64_t pf_score_wanted(const struct pf_question *question, const struct pf_fit_resource *resource);

/** The profile's strategy over its resources, with the pod's non-zero request. @return 0 to 100, or anything for an absurd node or pod */
int64_t pf_node_resources_fit_score(const struct pf_filter_input *input, uint32_t slot);
/** BalancedAllocation of the minor over the profile's resources; 0 when the pod asks for none of them. @return as above */
int64_t pf_node_resources_balanced_allocation_score(const struct pf_filter_input *input,
                                                    uint32_t slot);

/**
 * The sum of the weighted scores that look at one node only.
 *
 * @param[out] ret_valid  false: one of them is outside of 0 to 100, and kube-scheduler fails where it has to score the node (RunScorePlugins in
 *                        framework/runtime/framework.go)
 * @return 0 to 100 times their weights; 0 when it is not valid
 */
int64_t pf_score_sum(const struct pf_filter_input *input, uint32_t slot, bool *ret_valid);
/** Can that sum be more than PF_SCORE_PLAIN_MAX? */
bool pf_score_is_coarse(const struct pf_filter_input *input);
#define PF_SCORE_PLAIN_MAX 254
/** The same for a byte: scaled down where it is coarse. @return 0 to PF_SCORE_PLAIN_MAX */
uint8_t pf_score_plain(const struct pf_filter_input *input, uint32_t slot, bool *ret_valid);

/** DefaultNormalizeScore: 100 * score / highest, from 100 downwards when @p reverse. */
void pf_score_normalize(int64_t *scores, uint32_t count, bool reverse);

/** Is comparing this many entries with every node too much for one judgement? A plug-in whose pod is over it does not matter. */
bool pf_score_is_too_much(const struct pf_filter_input *input, uint64_t entries);

#endif

#ifndef PODFIT_FIT_PROFILE_H
#define PODFIT_FIT_PROFILE_H

/**
 * What a KubeSchedulerConfiguration changes about the fit: profiles, each with its plug-ins and their arguments, and extenders.
 *
 * Source: kube-scheduler/config/v1 and pkg/scheduler/apis/config (facts), scheduler-fit 1, 7.4, 7.6, 7.11. Immutable, borrowed by the engine.
 */

#include <podfit/pod.h>

/** Score plug-ins. */
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
/** kube-scheduler's plug-in name, such as `ImageLocality`. Static; NULL when out of range. */
const char *pf_fit_score_name(enum pf_score_id id);

/** NodeResourcesFitArgs.scoringStrategy.type. */
enum pf_fit_strategy {
    PF_FIT_LEAST_ALLOCATED,             /**< the default */
    PF_FIT_MOST_ALLOCATED,              /**< fills nodes up */
    PF_FIT_REQUESTED_TO_CAPACITY_RATIO, /**< by a shape */
};

/** Where a node keeps what it has of a resource. */
enum pf_fit_resource_kind {
    PF_FIT_RESOURCE_CPU,               /**< cpu */
    PF_FIT_RESOURCE_MEMORY,            /**< memory */
    PF_FIT_RESOURCE_EPHEMERAL_STORAGE, /**< ephemeral-storage */
    PF_FIT_RESOURCE_SCALAR, /**< any other; it counts for pods that ask for it, on nodes that have it */
};
enum pf_fit_resource_kind pf_fit_resource_kind_of(struct pf_sv name);

/** One entry of `resources` in arguments of score plug-ins. */
struct pf_fit_resource {
    struct pf_sv name;
    int64_t weight; /**< 1 to 100 */
    enum pf_fit_resource_kind kind;
};

struct pf_fit_resources {
    const struct pf_fit_resource *items;
    size_t count;
};

/** A point of RequestedToCapacityRatio's shape. */
struct pf_fit_point {
    int64_t utilization; /**< percent, rising from point to point */
    int64_t score;       /**< 0 to 10 */
};

/** How a profile scores nodes. */
struct pf_fit_scores {
    int64_t weights[PF_SCORE_COUNT]; /**< 1 to INT32_MAX; 0: the plug-in does not score */
    enum pf_fit_strategy strategy;
    struct pf_fit_resources resources; /**< of scoringStrategy */
    const struct pf_fit_point *shape;  /**< at least one for RequestedToCapacityRatio */
    size_t shape_count;
    struct pf_fit_resources balanced; /**< NodeResourcesBalancedAllocationArgs */
    const struct pf_preferred_node_term
        *added_preferred; /**< NodeAffinityArgs.addedAffinity, the preferred part */
    size_t added_preferred_count;
    unsigned
        broken; /**< mask of 1 << enum pf_score_id: on at score and off at preScore, without which they fail */
    /** Mask of 1 << enum pf_score_id: off at score and on at preScore, which may fail all the same. */
    unsigned only_prepared;
    int64_t hard_pod_affinity_weight;  /**< InterPodAffinityArgs, 0 to 100 */
    bool ignore_preferred_of_existing; /**< ignorePreferredTermsOfExistingPods */
};
/** Weights and arguments that kube-scheduler has by default. Static. Source: apis/config/v1/default_plugins.go and defaults.go. */
const struct pf_fit_scores *pf_fit_scores_default(void);

/**
 * Where a profile has a plug-in on at one point and off at another; masks of 1 << enum pf_filter_id. Source: Filter of each plug-in and what it does without
 * the state that its PreFilter leaves (pkg/scheduler/framework/plugins).
 */
struct pf_fit_points {
    unsigned
        broken; /**< on at filter, off at preFilter: kube-scheduler fails on each node that gets to it; `disabled`, too */
    unsigned
        unprepared; /**< the same, for those that do without: NodeAffinity, NodeVolumeLimits, VolumeZone */
    unsigned prepared;  /**< on at preFilter, off at filter, and PreFilter may reject or narrow */
    bool claims_silent; /**< DynamicResources is off at postFilter */
    bool
        claims_unready; /**< DynamicResources is off at preFilter, on which its PostFilter depends */
};

/** One profile of kube-scheduler. */
struct pf_fit_profile {
    struct pf_sv scheduler_name;           /**< of the pods it takes */
    const struct pf_sv *ignored_resources; /**< NodeResourcesFitArgs */
    size_t ignored_resource_count;
    const struct pf_sv *ignored_resource_groups;
    size_t ignored_resource_group_count;
    struct pf_node_selector added_affinity; /**< NodeAffinityArgs, the required part */
    /** A plug-in that podfit does not have decides, too, such as `an out-of-tree plug-in, 'X' at permit, ...`; empty: none. */
    struct pf_sv foreign;
    /** A combination of kube-scheduler's own plug-ins that podfit does not model: every verdict is unknown; empty: none. */
    struct pf_sv unmodelled;
    const struct pf_fit_scores *scores; /**< NULL: pf_fit_scores_default() */
    /**
     * PodTopologySpreadArgs with defaultingType List: what pods without constraints of their own have, instead of the system's constraints. The selector is
     * made for each pod.
     */
    const struct pf_spread *default_spreads;
    size_t default_spread_count;
    unsigned disabled; /**< mask of 1 << enum pf_filter_id: plug-ins that do not filter */
    struct pf_fit_points points;
    bool default_spreads_listed;
    bool no_preemption; /**< DefaultPreemption is off: nothing is evicted for a pod */
};

/** An HTTP extender that filters. */
struct pf_fit_extender {
    size_t index; /**< in the file's list */
    const struct pf_sv
        *resources; /**< it is asked for pods that name one of these; none: for every pod */
    size_t resource_count;
};

#endif

#ifndef PODFIT_FIT_PROFILE_H
#define PODFIT_FIT_PROFILE_H

/**
 * What a KubeSchedulerConfiguration changes about the fit: profiles, each with its plug-ins and their arguments, and extenders.
 *
 * Source: kube-scheduler/config/v1 and pkg/scheduler/apis/config (facts), scheduler-fit 1, 7.4, 7.6, 7.11. Immutable, borrowed by the engine.
 */

#include <podfit/pod.h>

/** NodeResourcesFitArgs.scoringStrategy.type. */
enum pf_fit_strategy {
    PF_FIT_LEAST_ALLOCATED,             /**< the default */
    PF_FIT_MOST_ALLOCATED,              /**< fills nodes up */
    PF_FIT_REQUESTED_TO_CAPACITY_RATIO, /**< by a shape */
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
    int64_t hard_pod_affinity_weight; /**< InterPodAffinityArgs, 0 to 100 */
    unsigned disabled; /**< mask of 1 << enum pf_filter_id: plug-ins that do not filter */
    enum pf_fit_strategy strategy;
    /** PodTopologySpreadArgs has a default constraint with DoNotSchedule: pods without constraints of their own are `unknown`. */
    bool default_spread;
    bool no_preemption; /**< DefaultPreemption is off: nothing is evicted for a pod */
    bool ignore_preferred_of_existing; /**< ignorePreferredTermsOfExistingPods */
};

/** An HTTP extender that filters. */
struct pf_fit_extender {
    size_t index; /**< in the file's list */
    const struct pf_sv
        *resources; /**< it is asked for pods that name one of these; none: for every pod */
    size_t resource_count;
};

#endif

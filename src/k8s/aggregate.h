#ifndef PODFIT_K8S_AGGREGATE_H
#define PODFIT_K8S_AGGREGATE_H

/**
 * Internal to k8s: the request of a pod, resource by resource (component-helpers/resource PodRequests and
 * AggregateContainerRequests, scheduler-fit section 5), as exact quantities.
 */

#include <podfit/pod.h>

/** What is summed. Zero-initialised: the containers' spec requests and nothing else. */
struct pf_aggregate_options {
    bool limits;             /**< the containers' limits in place of their requests */
    bool use_status;         /**< mix in the status of an in-place resize */
    bool pod_level;          /**< spec.resources replaces the containers' sum */
    bool in_place_pod_level; /**< mix in the pod's own status, too */
    bool overhead;           /**< add spec.overhead */
};

/** One resource of a pod. */
struct pf_aggregate_sum {
    struct pf_sv name;
    bool present;              /**< somebody asks for it; false: only the scoring defaults do */
    struct pf_quantity amount; /**< 0 unless present */
    /**
     * cpu and memory: with 100m and 200 MiB for each container and init container that lacks a request
     * (pkg/scheduler/util/pod_resources.go); others: as amount
     */
    struct pf_quantity nonzero;
};

/** Sums sorted by name. */
struct pf_aggregate {
    struct pf_aggregate_sum *sums;
    size_t count;
};

/**
 * @param pod              borrowed by the result: names are views into it
 * @param arena            takes the result and scratch space
 * @param[out] ret_result  untouched on failure
 * @return PF_OK, PF_E_NO_MEMORY, or PF_E_TOO_BIG (a sum that podfit refuses to hold)
 */
enum pf_code pf_aggregate_pod(const struct pf_pod *pod, const struct pf_aggregate_options *options,
                              struct pf_arena *arena, struct pf_aggregate *ret_result,
                              struct pf_err *err) PF_MUST_CHECK;

/** Does this resource count at pod level? (component-helpers/resource IsSupportedPodLevelResource) */
bool pf_aggregate_is_pod_level(struct pf_sv name);

#endif

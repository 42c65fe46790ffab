#ifndef PODFIT_K8S_POD_PARTS_H
#define PODFIT_K8S_POD_PARTS_H

/** Internal to k8s: the parts of pf_pod_decode(). Each reads the value that comes next; errors stay in the decoder. */

#include "fields.h"
#include <podfit/pod.h>

/**
 * A Pod whose object was just entered: pf_pod_decode() for a decoder that is on its way through something larger (a review). What is in @p ret_pod counts only
 * when the decoder finishes without an error.
 */
void pf_pod_decode_at(struct pf_decode *d, struct pf_pod *ret_pod);

/** An array of containers that grows in the arena. */
struct pf_pod_containers_list {
    struct pf_container *items;
    size_t count;
    size_t cap;
};

/**
 * spec.containers (PF_CONTAINER_MAIN) or spec.initContainers (PF_CONTAINER_INIT, sidecars are told apart).
 *
 * @param pod  its `needs` and the decoder's defect are set when a container asks for it
 * @param room containers that may still be read; one more is a defect
 */
void pf_pod_containers_decode(struct pf_decode *d, enum pf_container_kind kind, size_t room,
                              struct pf_pod *pod, struct pf_pod_containers_list *ret_list);

/** A ResourceRequirements: requests and limits. @return whether it stood there as an object */
bool pf_pod_containers_resources(struct pf_decode *d, struct pf_resource_list *ret_requests,
                                 struct pf_resource_list *ret_limits);

/** spec.affinity */
void pf_pod_affinity_decode(struct pf_decode *d, struct pf_pod *pod);
/** A NodeSelector. */
void pf_pod_affinity_selector(struct pf_decode *d, struct pf_node_selector *ret_selector);

/** An array of PodAffinityTerm, or of WeightedPodAffinityTerm when @p weighted. */
void pf_pod_terms_decode(struct pf_decode *d, bool weighted, struct pf_pod_terms *ret_terms);
/** A LabelSelector; matchLabels become In with one value. @return false: it cannot be parsed as upstream does */
bool pf_pod_terms_selector(struct pf_decode *d, struct pf_label_selector *ret_selector);
/** An array of LabelSelectorRequirement or NodeSelectorRequirement, validated. */
void pf_pod_terms_requirements(struct pf_decode *d, bool node, struct pf_requirement **ret_items,
                               size_t *ret_count);
/** An array of requirements on fields of a node, validated. */
void pf_pod_terms_fields(struct pf_decode *d, struct pf_requirement **ret_items, size_t *ret_count);

/** Merge label keys into the selectors (scheduler-fit 3.5). Lists that change are copied. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_pod_keys_merge(struct pf_pod *pod, bool stored,
                               struct pf_arena *arena) PF_MUST_CHECK;

/** spec.tolerations */
void pf_pod_rules_tolerations(struct pf_decode *d, struct pf_pod *pod);
/** spec.schedulingGates */
void pf_pod_rules_gates(struct pf_decode *d, struct pf_pod *pod);
/** spec.topologySpreadConstraints */
void pf_pod_spread_decode(struct pf_decode *d, struct pf_pod *pod);
/** spec.volumes */
void pf_pod_volumes_decode(struct pf_decode *d, struct pf_pod *pod);

/** status */
void pf_pod_status_decode(struct pf_decode *d, struct pf_pod *pod);

#endif

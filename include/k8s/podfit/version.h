#ifndef PODFIT_VERSION_H
#define PODFIT_VERSION_H

/**
 * Kubernetes minor versions podfit knows, and the feature gates that change what its filters answer.
 * Source: scheduler-fit section 13; pkg/features/kube_features.go of 1.33 to 1.36.
 */

#include <stdbool.h>

#include <podfit/error.h>
#include <podfit/sv.h>

#define PF_KUBE_MINOR_OLDEST 33
#define PF_KUBE_MINOR_NEWEST 36

/** Behaviour of one control plane. Plain value. */
struct pf_kube_features {
    int minor;                         /**< 33 to 36 */
    bool pod_level_resources;          /**< gate PodLevelResources */
    bool in_place_pod_level_resources; /**< gate InPlacePodLevelResourcesVerticalScaling */
    bool taint_comparison_operators;   /**< gate TaintTolerationComparisonOperators */
    bool dra_extended_resource;        /**< gate DRAExtendedResource */
    bool dynamic_resource_allocation;  /**< gate DynamicResourceAllocation */
    bool node_declared_features;       /**< gate NodeDeclaredFeatures */
};

/** Defaults of a minor. @param minor 33 to 36, others are clamped to the nearest */
struct pf_kube_features pf_kube_features_default(int minor);

/**
 * Minor of a version text: `1.36`, `v1.36.3`, `1.36+`.
 * @return PF_OK, PF_E_INVALID (not a version) or PF_E_UNSUPPORTED (older than 1.33; newer ones count as the newest known)
 */
enum pf_code pf_kube_version_parse(struct pf_sv text, int *ret_minor,
                                   struct pf_err *err) PF_MUST_CHECK;

/** Set one gate by its Kubernetes name. @return PF_OK or PF_E_NOT_FOUND: no gate that changes what podfit judges; that may be a real one all the same */
enum pf_code pf_kube_features_set(struct pf_kube_features *features, struct pf_sv gate,
                                  bool on) PF_MUST_CHECK;

#endif

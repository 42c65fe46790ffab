#ifndef PODFIT_POD_H
#define PODFIT_POD_H

/**
 * core/v1 Pod, reduced to what podfit reads. Decoded in one pass over the bytes; nothing else of the pod is kept.
 * Everything lives in the arena given to pf_pod_decode() or in the decoded bytes.
 */

#include <podfit/object.h>
#include <podfit/version.h>

enum pf_container_kind {
    PF_CONTAINER_MAIN,    /**< spec.containers */
    PF_CONTAINER_INIT,    /**< spec.initContainers, runs to completion */
    PF_CONTAINER_SIDECAR, /**< spec.initContainers with restartPolicy Always */
};

enum pf_protocol {
    PF_PROTOCOL_TCP,
    PF_PROTOCOL_UDP,
    PF_PROTOCOL_SCTP,
    PF_PROTOCOL_OTHER, /**< the API server refuses it */
};

struct pf_port {
    int32_t host_port; /**< 0: none (API defaulting sets it to container_port with hostNetwork) */
    int32_t container_port;
    enum pf_protocol protocol;
    struct pf_sv host_ip; /**< empty: 0.0.0.0 */
};

struct pf_container {
    struct pf_sv name;
    struct pf_sv image;
    enum pf_container_kind kind;
    uint32_t index;         /**< position in its own list (containers or initContainers) */
    bool present;           /**< the item stood there as an object, not as null */
    bool resources_present; /**< `resources` stood there as an object */
    struct pf_resource_list requests;
    struct pf_resource_list limits;
    struct pf_port *ports;
    size_t port_count;
};

/** Entry of status.containerStatuses or initContainerStatuses. */
struct pf_container_status {
    struct pf_sv name;
    bool init;
    bool resources_present;
    struct pf_resource_list requests;  /**< resources.requests */
    struct pf_resource_list allocated; /**< allocatedResources */
};

enum pf_toleration_operator {
    PF_TOLERATION_EQUAL, /**< also when absent */
    PF_TOLERATION_EXISTS,
    PF_TOLERATION_GT,
    PF_TOLERATION_LT,
    PF_TOLERATION_OTHER, /**< tolerates nothing */
};

struct pf_toleration {
    struct pf_sv key;
    struct pf_sv value;
    struct pf_sv effect;
    enum pf_toleration_operator operator_;
};

enum pf_selector_operator {
    PF_SELECTOR_IN,
    PF_SELECTOR_NOT_IN,
    PF_SELECTOR_EXISTS,
    PF_SELECTOR_DOES_NOT_EXIST,
    PF_SELECTOR_GT, /**< node selectors only */
    PF_SELECTOR_LT, /**< node selectors only */
    PF_SELECTOR_UNKNOWN,
};

struct pf_requirement {
    struct pf_sv key;
    struct pf_sv *values;
    size_t value_count;
    int64_t integer; /**< the value of GT and LT when valid */
    enum pf_selector_operator operator_;
    bool
        valid; /**< parses as upstream's labels.NewRequirement would; an invalid one makes its term match nothing */
};

/** One NodeSelectorTerm: everything in it is ANDed; with neither list it matches nothing. */
struct pf_node_selector_term {
    struct pf_requirement *expressions;
    size_t expression_count;
    struct pf_requirement *fields; /**< key metadata.name only */
    size_t field_count;
};

struct pf_node_selector {
    bool present; /**< present with no term matches nothing */
    struct pf_node_selector_term *terms;
    size_t term_count;
};

/** One of preferredDuringSchedulingIgnoredDuringExecution of nodeAffinity. */
struct pf_preferred_node_term {
    struct pf_node_selector_term term;
    int32_t weight;
};

/** metav1.LabelSelector. Absent and empty mean different things: look at `present`. */
struct pf_label_selector {
    bool present;
    struct pf_requirement *requirements; /**< matchLabels become In with one value; ANDed */
    size_t requirement_count;
};

/** One term of podAffinity or podAntiAffinity. */
struct pf_pod_term {
    struct pf_label_selector selector; /**< absent matches no pod, empty every one */
    struct pf_label_selector
        namespace_selector; /**< absent: none besides `namespaces`; empty: every namespace */
    struct pf_sv topology_key;
    struct pf_sv *namespaces; /**< none, and no namespace_selector: the namespace of the pod */
    size_t namespace_count;
    struct pf_sv *match_label_keys; /**< merged into selector by pf_pod_apply_defaults() */
    size_t match_label_key_count;
    struct pf_sv *mismatch_label_keys; /**< as match_label_keys */
    size_t mismatch_label_key_count;
    int32_t weight; /**< of a preferred term */
};

/** The four lists of terms of a pod. */
enum pf_pod_terms_kind {
    PF_TERMS_AFFINITY,                /**< podAffinity, required */
    PF_TERMS_ANTI_AFFINITY,           /**< podAntiAffinity, required */
    PF_TERMS_PREFERRED_AFFINITY,      /**< podAffinity, preferred */
    PF_TERMS_PREFERRED_ANTI_AFFINITY, /**< podAntiAffinity, preferred */
    PF_TERMS_COUNT,                   /**< how many there are */
};

struct pf_pod_terms {
    struct pf_pod_term *items;
    size_t count;
    bool
        invalid; /**< a selector in it cannot be parsed: kube-scheduler drops the list of an existing pod and rejects an incoming one */
};

/** One of spec.topologySpreadConstraints. */
struct pf_spread {
    struct pf_sv topology_key;
    struct pf_label_selector selector; /**< absent matches nothing, empty counts nothing */
    struct pf_sv *match_label_keys;    /**< merged into selector by pf_pod_apply_defaults() */
    size_t match_label_key_count;
    int32_t max_skew;
    int32_t min_domains;       /**< 1 when absent */
    bool do_not_schedule;      /**< whenUnsatisfiable: DoNotSchedule */
    bool schedule_anyway;      /**< whenUnsatisfiable: ScheduleAnyway; it only scores */
    bool ignore_node_affinity; /**< nodeAffinityPolicy: Ignore; Honor when absent */
    bool honor_node_taints;    /**< nodeTaintsPolicy: Honor; Ignore when absent */
    bool invalid;              /**< the selector cannot be parsed */
};

/** Parts of a pod that decide its fit through filters not listed in the fit table. */
enum pf_pod_needs {
    PF_NEEDS_POD_AFFINITY = 1 << 0,    /**< required podAffinity or podAntiAffinity terms */
    PF_NEEDS_TOPOLOGY_SPREAD = 1 << 1, /**< a DoNotSchedule constraint */
    PF_NEEDS_VOLUMES = 1 << 2,         /**< has an entry in `volumes` */
    PF_NEEDS_RESOURCE_CLAIMS = 1 << 3, /**< spec.resourceClaims */
    PF_NEEDS_DECLARED_FEATURES =
        1 << 4, /**< features inferred by NodeDeclaredFeatures (scheduler-fit 7.14) */
};

/** Features that NodeDeclaredFeatures infers from a pod in 1.36; bits. */
enum pf_pod_feature {
    PF_FEATURE_RESTART_ALL_CONTAINERS =
        1 << 0, /**< RestartAllContainersOnContainerExits: a restartPolicyRule with that action */
    PF_FEATURE_USER_NAMESPACES_HOST_NETWORK =
        1 << 1, /**< UserNamespacesHostNetworkSupport: hostNetwork with hostUsers false */
};

/** Sources of volumes that a filter looks at; all others pass every filter (scheduler-fit section 12). */
enum pf_pod_volume_kind {
    PF_POD_VOLUME_CLAIM,      /**< persistentVolumeClaim: name is the claim */
    PF_POD_VOLUME_EPHEMERAL,  /**< ephemeral: name is the volume's; the claim is POD-VOLUME */
    PF_POD_VOLUME_GCE_DISK,   /**< gcePersistentDisk: name is pdName */
    PF_POD_VOLUME_AWS_DISK,   /**< awsElasticBlockStore: name is volumeID */
    PF_POD_VOLUME_ISCSI,      /**< iscsi: name is iqn */
    PF_POD_VOLUME_RBD,        /**< rbd: name is `pool/image`, and monitors */
    PF_POD_VOLUME_AZURE_DISK, /**< azureDisk: name is diskURI */
    PF_POD_VOLUME_CINDER,     /**< cinder: name is volumeID */
    PF_POD_VOLUME_PORTWORX,   /**< portworxVolume: name is volumeID */
};

/** One entry of spec.volumes. */
struct pf_pod_volume {
    struct pf_sv name;
    struct pf_sv handle; /**< in-tree disks that moved to CSI: the volumeHandle there */
    struct pf_sv *monitors;
    size_t monitor_count;
    enum pf_pod_volume_kind kind;
    bool read_only;
    bool untranslatable; /**< csi-translation-lib fails on it */
};

enum pf_pod_phase {
    PF_PHASE_PENDING, /**< also when absent */
    PF_PHASE_RUNNING,
    PF_PHASE_SUCCEEDED,
    PF_PHASE_FAILED,
    PF_PHASE_UNKNOWN,
};

struct pf_pod {
    struct pf_meta meta;
    struct pf_sv node_name;
    struct pf_sv scheduler_name; /**< `default-scheduler` when absent */
    struct pf_sv runtime_class;  /**< runtimeClassName; empty when absent */
    int32_t priority;            /**< 0 when absent */
    struct pf_sv priority_class; /**< priorityClassName; empty when absent */
    bool priority_present;
    bool preempt_never;   /**< preemptionPolicy: Never */
    bool preempt_present; /**< preemptionPolicy stood there */
    bool host_network;
    bool mirror;            /**< annotation kubernetes.io/config.mirror */
    bool meta_present;      /**< metadata stood there as an object: a patch may add below it */
    bool spec_present;      /**< spec stood there as an object */
    bool resources_present; /**< spec.resources stood there */
    bool node_selector_present;
    bool tolerations_present;
    bool scheduling_gates_present;
    bool anti_affinity;                  /**< has a required podAntiAffinity term */
    bool anti_affinity_other_namespaces; /**< one of them names namespaces or a namespaceSelector */
    struct pf_container
        *containers; /**< init containers and sidecars in their order, then main containers */
    size_t container_count;
    struct pf_resource_list requests; /**< spec.resources.requests (pod level) */
    struct pf_resource_list limits;
    struct pf_resource_list overhead;
    struct pf_labels node_selector;
    struct pf_node_selector node_affinity; /**< requiredDuringSchedulingIgnoredDuringExecution */
    struct pf_preferred_node_term *preferred_nodes; /**< preferred node affinity */
    size_t preferred_node_count;
    struct pf_pod_terms terms[PF_TERMS_COUNT]; /**< by enum pf_pod_terms_kind */
    struct pf_spread *spreads;
    size_t spread_count;
    struct pf_toleration *tolerations;
    size_t toleration_count;
    struct pf_sv *scheduling_gates;
    size_t scheduling_gate_count;
    struct pf_pod_volume *volumes; /**< those that a filter looks at, in list order */
    size_t volume_count;
    unsigned features; /**< set of enum pf_pod_feature */
    unsigned needs;    /**< set of enum pf_pod_needs */
    /* status; ignored for an incoming pod */
    enum pf_pod_phase phase;
    struct pf_sv nominated_node_name;
    struct pf_sv start_time; /**< RFC 3339 text, empty when absent */
    bool preempted; /**< condition DisruptionTarget: kube-scheduler evicts it for another pod */
    struct pf_container_status *statuses;
    size_t status_count;
    bool status_resources_present; /**< status.resources of the pod (1.36) */
    bool resize_infeasible;        /**< condition PodResizePending with reason Infeasible */
    bool unschedulable;            /**< condition PodScheduled is False with reason Unschedulable */
    struct pf_sv scheduled_message; /**< of condition PodScheduled: kube-scheduler's sentence */
    struct pf_sv scheduled_since;   /**< its lastTransitionTime */
    struct pf_resource_list status_requests;
    struct pf_resource_list status_allocated;
    /**
     * Why this pod cannot be judged or rewritten exactly, empty when it can: a number podfit refuses to hold, more than PF_POD_MAX_CONTAINERS
     * containers. A sentence with the path.
     */
    struct pf_sv defect;
};

/**
 * Decode a Pod from the JSON bytes of one object (as in a review, a list or a watch event).
 *
 * @param bytes  borrowed and referenced by the result: keep them as long as it
 * @param arena  receives what the result points to
 * @param[out] ret_pod  untouched on failure
 * @return PF_OK, PF_E_INVALID (not JSON, or a field we read has the wrong type; the text names its path), PF_E_TOO_BIG (depth), PF_E_NO_MEMORY
 * @note `null` is the same as absent everywhere. Unknown fields are skipped. A field that is read and stands twice is PF_E_INVALID.
 */
enum pf_code pf_pod_decode(struct pf_sv bytes, struct pf_arena *arena, struct pf_pod *ret_pod,
                           struct pf_err *err) PF_MUST_CHECK;

/**
 * What the API server does to the pod before the scheduler sees it (scheduler-fit section 3, points 1 to 6): requests from limits, rounding up to a
 * milli, hostNetwork ports, pod-level resources, label keys of affinity terms (of an incoming pod only: a stored one has them merged) and of spread constraints
 * (1.33 does that in the scheduler, with the same outcome). Idempotent.
 *
 * @param stored  true for a pod that was read from the API (status quantities are rounded, too), false for an incoming one
 * @return PF_OK, PF_E_NO_MEMORY or PF_E_TOO_BIG (a sum of the containers that podfit refuses to hold exactly)
 */
enum pf_code pf_pod_apply_defaults(struct pf_pod *pod, const struct pf_kube_features *features,
                                   bool stored, struct pf_arena *arena,
                                   struct pf_err *err) PF_MUST_CHECK;

/** Does one of the tolerations tolerate the taint? Source: staging/src/k8s.io/api/core/v1/toleration.go (scheduler-fit 7.3). */
bool pf_toleration_tolerates(const struct pf_toleration *toleration, struct pf_sv key,
                             struct pf_sv value, struct pf_sv effect,
                             const struct pf_kube_features *features);
bool pf_pod_tolerates(const struct pf_pod *pod, struct pf_sv key, struct pf_sv value,
                      struct pf_sv effect, const struct pf_kube_features *features);

/** Does the selector match these labels? (absent selector: false; empty: true). Source: k8s.io/apimachinery pkg/labels. */
bool pf_label_selector_matches(const struct pf_label_selector *selector,
                               const struct pf_labels *labels);
/** Does one requirement of a label or node selector match? @param value NULL when the object lacks the key */
bool pf_requirement_matches(const struct pf_requirement *requirement, const struct pf_sv *value);
/** Fill `valid` and `integer` of a requirement. @param node  true: node selector rules (Gt, Lt allowed) */
void pf_requirement_validate(struct pf_requirement *requirement, bool node);

#endif

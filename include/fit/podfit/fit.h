#ifndef PODFIT_FIT_H
#define PODFIT_FIT_H

/**
 * Would kube-scheduler place this pod, and if not, why: its filters in its order over the model (scheduler-fit sections 1 to 8).
 *
 * The engine remembers, for each distinct question (requests, tolerations, selectors, ports), every node's answer and brings it up to date from the model's
 * change log, so that the cost of a repeated question does not depend on the size of the cluster. All calls need the model's lock.
 */

#include <podfit/assumed.h>
#include <podfit/fit_profile.h>
#include <podfit/hints.h>
#include <podfit/model.h>

struct pf_fit;

enum pf_verdict {
    PF_VERDICT_FITS, /**< a node passes every filter now */
    PF_VERDICT_FULL, /**< no node now, but one could once pods leave, a cordon is lifted or a node recovers */
    PF_VERDICT_NEVER, /**< no node of this cluster could take it even empty, uncordoned and healthy */
    PF_VERDICT_UNKNOWN, /**< model not synced or too old, or a filter is needed that podfit lacks */
    PF_VERDICT_NOT_JUDGED, /**< kube-scheduler does not look for a node: nodeName set, mirror pod, another schedulerName, being deleted, or held by scheduling gates (the cause says which) */
};
/** `fits`, `full`, `never`, `unknown`, `notJudged`. Static. */
const char *pf_verdict_name(enum pf_verdict verdict);

/**
 * Filters in kube-scheduler's order; a mask of them can be switched off. A pod that needs one which is not built into podfit is `unknown`, unless that
 * filter is switched off.
 */
enum pf_filter_id {
    PF_FILTER_NODE_UNSCHEDULABLE,     /**< spec.unschedulable */
    PF_FILTER_NODE_NAME,              /**< spec.nodeName */
    PF_FILTER_TAINT_TOLERATION,       /**< NoSchedule and NoExecute taints */
    PF_FILTER_NODE_AFFINITY,          /**< nodeSelector and required node affinity */
    PF_FILTER_NODE_PORTS,             /**< host ports */
    PF_FILTER_NODE_RESOURCES_FIT,     /**< requests and the number of pods */
    PF_FILTER_VOLUME_RESTRICTIONS,    /**< disks used by other pods, ReadWriteOncePod claims */
    PF_FILTER_NODE_VOLUME_LIMITS,     /**< CSI volumes a node attaches */
    PF_FILTER_VOLUME_BINDING,         /**< claims: bound, bindable or provisionable on the node */
    PF_FILTER_VOLUME_ZONE,            /**< zone and region labels of PersistentVolumes */
    PF_FILTER_POD_TOPOLOGY_SPREAD,    /**< topologySpreadConstraints */
    PF_FILTER_INTER_POD_AFFINITY,     /**< required pod affinity and anti-affinity */
    PF_FILTER_DYNAMIC_RESOURCES,      /**< devices; podfit decides only for pods without them */
    PF_FILTER_NODE_DECLARED_FEATURES, /**< status.declaredFeatures */
    PF_FILTER_COUNT,                  /**< how many there are */
};
/** kube-scheduler's plug-in name, such as `NodeResourcesFit`. Static; NULL when out of range. */
const char *pf_filter_name(enum pf_filter_id filter);
/** @return true and *ret_filter for the name of a filter plug-in of kube-scheduler, built into podfit or not */
bool pf_filter_find(struct pf_sv name, enum pf_filter_id *ret_filter);

struct pf_fit_options {
    struct pf_kube_features features;
    const struct pf_clock *clock; /**< for the model's age; borrowed; NULL: the system's clock */
    unsigned disabled;            /**< mask of 1 << enum pf_filter_id */
    struct pf_fit_points points;  /**< of the profile; zeroed in what a caller gives */
    /**
     * Claims that are still to come (not found, waiting for the ephemeral volume controller, Immediate ones not bound yet, a PersistentVolume not found).
     * kube-scheduler rejects the pod until then and tries again. true: say so, as it does this moment. false: such a pod is `unknown`, unless no node
     * passes the other filters anyway; a webhook that refused it would keep an ephemeral claim from ever being made. (fit.awaitedClaims)
     */
    bool claims_now;
    int64_t max_model_age_ms; /**< live models older than this: verdict unknown */
    const struct pf_sv *
        ignored_resources; /**< NodeResourcesFitArgs.ignoredResources; borrowed, outlives the engine */
    size_t ignored_resource_count;
    const struct pf_sv *ignored_resource_groups; /**< prefixes before '/' */
    size_t ignored_resource_group_count;
    struct pf_node_selector
        added_affinity; /**< NodeAffinityArgs.addedAffinity, the required part; borrowed as above */
    /**
     * Profiles of kube-scheduler's configuration; borrowed. What they switch off or ignore is added to the members above, for their pods. None: one
     * profile, `default-scheduler`, with every default. A pod that names none of them is not judged.
     */
    const struct pf_fit_profile *profiles;
    size_t profile_count;
    const struct pf_fit_extender *extenders; /**< of every profile; borrowed */
    size_t extender_count;
    bool ignore_extenders; /**< judge as if there were neither extenders nor out-of-tree plug-ins */
    size_t
        cache_max_bytes; /**< memory for remembered answers; 0: the default of 8 MiB (at least two questions are kept) */
};

/** @param model  borrowed, outlives the engine */
enum pf_code pf_fit_new(struct pf_model *model, const struct pf_fit_options *options,
                        struct pf_fit **ret_fit, struct pf_err *err) PF_MUST_CHECK;
void pf_fit_free(struct pf_fit *fit);

/** Tell the model whose waiting pods hold room: the schedulers of these profiles. [locked] @return PF_OK or PF_E_NO_MEMORY (nothing changed) */
enum pf_code pf_fit_tell_schedulers(struct pf_model *model, const struct pf_fit_options *options,
                                    struct pf_err *err) PF_MUST_CHECK;

/** One entry of the tally: `7 Too many pods`. */
struct pf_fit_reason {
    struct pf_sv text;
    uint32_t nodes;
};

/** Whom kube-scheduler would evict so that a pod gets a place. */
struct pf_preemption {
    struct pf_sv node;
    struct pf_sv *
        victims; /**< `namespace/name`, most important first; pods that are being deleted already are left out */
    size_t victim_count;
};

/** Answer for one pod; everything in it lives in the caller's arena or is static. */
struct pf_judgement {
    enum pf_verdict verdict;
    uint32_t
        node; /**< slot where kube-scheduler is predicted to put it; PF_NODE_NONE when it does not fit */
    uint32_t
        predicted; /**< node, or for `unknown` where it would be put as far as podfit can tell; else PF_NODE_NONE */
    struct pf_binds binds; /**< of the pod's unbound claims there */
    uint32_t nodes;        /**< Node objects */
    uint32_t nodes_fit;    /**< that pass every filter */
    struct pf_sv
        message; /**< kube-scheduler's, such as `0/12 nodes are available: 3 Insufficient memory, 9 Too many pods.`; empty when it fits as things are or is not judged */
    /**
     * The pod fits nowhere now, but it would get a place by eviction: the verdict is `fits`, `node` the place, nodes_fit 0, and message what kube-scheduler
     * says first. NULL: not so.
     */
    const struct pf_preemption *preemption;
    struct pf_sv
        post_filter; /**< what kube-scheduler adds to message when no eviction helps, such as `preemption: not eligible due to preemptionPolicy=Never.`; empty: nothing */
    struct pf_sv cause; /**< unknown and notJudged: a sentence that says why; else empty */
    /**
     * The resource or plug-in that binds. Misfit: what excludes most of the nodes that could take the pod (full), or of those that came furthest
     * through the filters (never): nodes of another pool say nothing about what is short. Fits: what runs out first, set by pf_fit_explain().
     */
    struct pf_sv binding;
    struct pf_fit_reason *reasons; /**< tally, in the message's order */
    size_t reason_count;
    struct pf_request request; /**< of the pod, as the scheduler counts it */
};

/** What is asked. */
struct pf_fit_ask {
    const struct pf_pod
        *pod; /**< as the scheduler would see it: rewritten, then pf_pod_apply_defaults() */
    bool ignore_preemption; /**< room that pods of lower priority would give up is none */
};

/**
 * Judge one pod. [locked] Places pending pods of the model first where that is due.
 *
 * @param pod    as the scheduler would see it: rewritten, then pf_pod_apply_defaults(); for an ask: see struct pf_fit_ask
 * @param arena  for the answer; may be reset after it was used
 * @return PF_OK, PF_E_NO_MEMORY or PF_E_TOO_BIG (a request podfit refuses to hold: answer `unknown`)
 */
enum pf_code pf_fit_judge(struct pf_fit *fit, const struct pf_pod *pod, struct pf_arena *arena,
                          struct pf_judgement *ret_judgement, struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_fit_judge_ask(struct pf_fit *fit, const struct pf_fit_ask *ask,
                              struct pf_arena *arena, struct pf_judgement *ret_judgement,
                              struct pf_err *err) PF_MUST_CHECK;

/**
 * Judge the resize of a running pod (pods/resize): what its node's kubelet will say. [locked]
 *
 * `never`: Infeasible, its request is over what the node has at all (1.36: the API server refuses it). `full`: Deferred until room is free. `fits`:
 * allocated at once. The message is the kubelet's. What the kubelet's own configuration decides (static CPU or memory manager, swap) is not in the API and
 * counts as absent. Room held for pods on their way counts as taken, and a pending resize of another pod as done.
 * Sources: pkg/kubelet/allocation, pkg/kubelet/lifecycle/predicate.go, plugin/pkg/admission/podresize (1.36).
 *
 * @param pod  with the resources it shall have and its status, after pf_pod_apply_defaults() with stored
 * @return as pf_fit_judge()
 */
enum pf_code pf_fit_judge_resize(struct pf_fit *fit, const struct pf_pod *pod,
                                 struct pf_arena *arena, struct pf_judgement *ret_judgement,
                                 struct pf_err *err) PF_MUST_CHECK;

/** Status codes of kube-scheduler. */
enum pf_fit_code {
    PF_FIT_SUCCESS,                        /**< fits */
    PF_FIT_UNSCHEDULABLE,                  /**< preemption may help */
    PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE, /**< preemption will not help */
    PF_FIT_ERROR, /**< a filter fails with an error, which ends the attempt: the pod is `unknown` */
    PF_FIT_UNDECIDED, /**< podfit cannot tell: `unknown`, unless another node passes */
};
/** `Success`, `Unschedulable`, `UnschedulableAndUnresolvable`, `Error`, `Undecided`. Static. */
const char *pf_fit_code_name(enum pf_fit_code code);

struct pf_fit_node {
    uint32_t slot;
    struct pf_sv name;
    bool fits;
    bool could; /**< would fit if empty, uncordoned and healthy */
    const char *
        plugin; /**< the filter that failed first; NULL when it fits; `prefilter` when NodeAffinity's PreFilter left the node out */
    enum pf_fit_code code;
    struct pf_sv *reasons;
    size_t reason_count;
    uint64_t slots; /**< how many pods like this one still fit on the node */
    const uint64_t *
        room; /**< how many by each of the explanation's constraints alone; NULL: a filter other than NodeResourcesFit failed, so none were counted */
    const char *binding; /**< what runs out first there; in the explanation's arena or static */
};

struct pf_explanation {
    struct pf_judgement judgement; /**< with binding and slots filled in */
    struct pf_fit_node
        *nodes; /**< every node in name order; none when the verdict is unknown or notJudged */
    size_t node_count;
    uint64_t slots; /**< sum over nodes, saturating */
    struct pf_sv *
        constraints; /**< what the pod asks for: `pods`, `cpu`, `memory`, `ephemeral-storage`, scalars, `NodePorts` for host ports */
    size_t constraint_count;
    struct pf_fit_hints hints; /**< none, until the caller asks pf_fit_hints() */
};

/** Judge node by node. [locked] Time is linear in the number of nodes. Contract as pf_fit_judge(), except that pending pods are not placed first. */
enum pf_code pf_fit_explain(struct pf_fit *fit, const struct pf_pod *pod, struct pf_arena *arena,
                            struct pf_explanation *ret_explanation,
                            struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_fit_explain_ask(struct pf_fit *fit, const struct pf_fit_ask *ask,
                                struct pf_arena *arena, struct pf_explanation *ret_explanation,
                                struct pf_err *err) PF_MUST_CHECK;

/**
 * Look for what would help. [locked] Judges the pod some 20 times node by node: not for the webhook's own path.
 *
 * @param pod  as given to pf_fit_explain(), whose verdict was full or never
 * @param[out] ret_hints  without a hint when nothing helps, or when the pod fits or is not judged
 * @return PF_OK, PF_E_NO_MEMORY
 */
enum pf_code pf_fit_hints(struct pf_fit *fit, const struct pf_pod *pod, struct pf_arena *arena,
                          struct pf_fit_hints *ret_hints, struct pf_err *err) PF_MUST_CHECK;

/**
 * Settle some pending pods, as a judgement does before it answers: for a model that follows a cluster while no reviews come. [locked]
 *
 * @param[out] ret_more  call again: some have not been asked yet
 */
enum pf_code pf_fit_place_some(struct pf_fit *fit, bool *ret_more,
                               struct pf_err *err) PF_MUST_CHECK;

/** Settle pending pods now (after a snapshot was loaded), so that they hold room where the scheduler is predicted to put them. [locked] */
enum pf_code pf_fit_place_pending(struct pf_fit *fit, struct pf_err *err) PF_MUST_CHECK;

#endif

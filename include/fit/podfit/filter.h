#ifndef PODFIT_FILTER_H
#define PODFIT_FILTER_H

/**
 * The filters of kube-scheduler, inside of the fit module: what a filter is given, what it answers, and the table of them all.
 *
 * A filter has up to three parts: `prepare` runs once for a pod (kube-scheduler's PreFilter), `check` runs for a node, `could` asks whether the node could
 * take the pod if it were empty, uncordoned and healthy. A filter with `by_shape` looks at labels and taints only, so its answer is shared by all nodes of a
 * shape. One filter is one file with one const struct, listed in filter_table.c.
 */

#include <podfit/columns.h>
#include <podfit/fit.h>
#include <podfit/residents.h>

struct pf_volume_plan;
struct pf_dry_run;
struct pf_soft_cache;

/** Bits of pf_result.mask: what NodeResourcesFit found short. */
enum pf_shortage {
    PF_SHORT_PODS,              /**< allocatable pods */
    PF_SHORT_CPU,               /**< cpu */
    PF_SHORT_MEMORY,            /**< memory */
    PF_SHORT_EPHEMERAL_STORAGE, /**< ephemeral-storage */
    PF_SHORT_SCALARS,           /**< the first scalar of the request; the others follow */
};

struct pf_topology_plan;

/** What filters say about one node. Nodes with equal results form one outcome. */
struct pf_result {
    uint64_t mask; /**< NodeResourcesFit: 1 << enum pf_shortage; VolumeBinding: one bit a reason */
    uint32_t
        key; /**< TaintToleration up to 1.33: intern ids of the taint that the text names; NodeAffinity, PodTopologySpread and InterPodAffinity: which reason */
    uint32_t value; /**< 0 in every other case */
    uint8_t filter; /**< enum pf_filter_id of the first that failed; PF_FILTER_COUNT: fits */
    uint8_t code;   /**< enum pf_fit_code */
    bool could;     /**< would fit if empty, uncordoned and healthy */
    bool outside;   /**< NodeAffinity's PreFilter left the node out: no filter ran */
    /** Filters by topology have a say in the first turn only, the one with nominated pods (scheduler-fit section 9): that turn ended after them, or the
     *  second one before them. */
    bool first_turn;
    bool
        unscorable; /**< fits, and has a score at which kube-scheduler fails when other nodes fit, too */
};

/** A pod as filters see it. The arrays live in the arena given to pf_question_prepare(). */
struct pf_question {
    const struct pf_pod *pod;
    struct pf_request request;
    struct pf_port *ports; /**< host ports of containers and sidecars */
    size_t port_count;
    uint32_t *port_ips;     /**< intern id of each port's address; pf_question_resolve() */
    uint32_t any_ip;        /**< intern id of 0.0.0.0 */
    uint32_t *scalar_ids;   /**< intern id of each scalar's name; pf_question_resolve() */
    bool *scalar_ignored;   /**< by ignoredResources or ignoredResourceGroups */
    bool *scalar_delegated; /**< a DeviceClass gives it to nodes that have none of their own */
    unsigned active;        /**< mask of the filters to run: not switched off, not skipped */
    unsigned broken;   /**< mask of those that fail on each node that gets to them: pf_fit_points */
    unsigned by_shape; /**< mask of those that look at the shape only */
    bool by_name;      /**< a filter looks at the node's name: nothing is shared by shape */
    bool narrowed;     /**< only nodes of `names` are filtered */
    struct pf_sv *names; /**< sorted, each once */
    size_t name_count;
    unsigned by_topology;          /**< mask of those that look at the pods of all nodes */
    struct pf_topology_plan *plan; /**< for those, NULL when none has a say; pf_topology_ask() */
    const char *
        failure; /**< PreFilter fails with an error: kube-scheduler does not place the pod, nor does it say why; NULL */
    const char *rejection; /**< PreFilter rejects the pod on every node with this text; NULL */
    enum pf_filter_id rejected_by;
    bool rejection_could;           /**< what the rejection asks for may come to be */
    struct pf_volume_plan *volumes; /**< for the volume filters; NULL: they are not active */
    const char *unsure;             /**< why a pod that passes is `unknown` all the same; NULL */
    const char *unsure_misfit;      /**< why one that does not pass is; NULL */
};

/**
 * Do the filters by topology come before this one? InterPodAffinity is named by a result of the others only where it is broken (pf_question.broken), and
 * PodTopologySpread comes first then. PF_FILTER_COUNT: they all do.
 */
static inline bool pf_filter_is_behind_topology(unsigned filter)
{
    return filter >= PF_FILTER_INTER_POD_AFFINITY;
}

/** Everything a filter may look at. Borrowed, valid under the model's lock. */
struct pf_filter_input {
    const struct pf_fit_options *options;
    const struct pf_question *question;
    const struct pf_model *model;
    const struct pf_columns *columns;
    const struct pf_intern *strings;
    const struct pf_fit_profile *profile; /**< for scores; NULL: every default */
    const struct pf_used *used; /**< taken on the node in question; NULL: what the columns say */
    struct pf_dry_run *dry_run; /**< scratch for nodes to which pods are nominated */
    struct pf_soft_cache *soft; /**< sums that scores remember; never NULL for a score */
    uint64_t
        own_uid_hash; /**< of the pod when it is nominated itself, which does not count; 0: it is not */
    int32_t priority; /**< of the pod: nominated pods of a lower one do not count */
};

/** The rare part of a node; NULL: empty. */
static inline const struct pf_node_extra *pf_filter_extra(const struct pf_filter_input *input,
                                                          uint32_t slot)
{
    return input->used != NULL ? &input->used->extra : input->columns->extra[slot];
}

/** The node in question. */
struct pf_filter_target {
    uint32_t slot;
    const struct pf_shape *shape;
    bool name_seen; /**< set by a by_shape filter whose answer depends on the node's name */
};

/** Receives the reasons of a result one by one. @return PF_OK or a code that ends the walk */
typedef enum pf_code pf_filter_reason_fn(void *opaque, struct pf_sv text);

struct pf_filter {
    const char *name;
    unsigned needs; /**< enum pf_pod_needs that this filter answers */
    bool built;     /**< false: podfit lacks it, a pod that needs it is `unknown` */
    bool by_shape;
    bool by_topology; /**< judged by topology.h after the filters before it, `check` is NULL */
    /** Once for a pod: decide whether the filter is skipped (clear its bit in `active`), narrow or reject. May be NULL. @return PF_OK or PF_E_NO_MEMORY */
    enum pf_code (*prepare)(struct pf_question *question, const struct pf_fit_options *options,
                            struct pf_arena *arena);
    /** @return true when the node passes; otherwise code, mask, key and value of *result are filled in */
    bool (*check)(const struct pf_filter_input *input, struct pf_filter_target *target,
                  struct pf_result *result);
    /** What the filter finds out before it misses what PreFilter leaves (pf_fit_points.broken); as check. NULL: nothing */
    bool (*check_broken)(const struct pf_filter_input *input, struct pf_filter_target *target,
                         struct pf_result *result);
    /** Would an empty, uncordoned, healthy node pass? NULL: yes */
    bool (*could)(const struct pf_filter_input *input, struct pf_filter_target *target);
    /** Texts of a result with the filter's id, rendered into @p arena or static. */
    enum pf_code (*reasons)(const struct pf_filter_input *input, const struct pf_result *result,
                            struct pf_arena *arena, pf_filter_reason_fn *visit, void *opaque);
};

/** @return the filter, static; never NULL for an id below PF_FILTER_COUNT */
const struct pf_filter *pf_filter_get(enum pf_filter_id filter);

extern const struct pf_filter pf_node_unschedulable_filter;
extern const struct pf_filter pf_node_name_filter;
extern const struct pf_filter pf_taint_toleration_filter;
extern const struct pf_filter pf_node_affinity_filter;
extern const struct pf_filter pf_node_ports_filter;
extern const struct pf_filter pf_node_resources_fit_filter;
extern const struct pf_filter pf_pod_topology_spread_filter;
extern const struct pf_filter pf_inter_pod_affinity_filter;

/** Do nodeSelector and required node affinity of the pod let it onto the node? (scheduler-fit 7.4, without what the scheduler's configuration adds) */
bool pf_node_affinity_matches(const struct pf_filter_input *input, struct pf_filter_target *target);
/** Does one term of a node selector match the node? target->name_seen is set when a label whose value is the node's name was asked for. */
bool pf_node_affinity_term_matches(const struct pf_filter_input *input,
                                   struct pf_filter_target *target,
                                   const struct pf_node_selector_term *term);
/** Does the pod tolerate the node's NoSchedule and NoExecute taints? */
bool pf_taint_toleration_passes(const struct pf_filter_input *input,
                                const struct pf_filter_target *target);
extern const struct pf_filter pf_volume_restrictions_filter;
extern const struct pf_filter pf_node_volume_limits_filter;
extern const struct pf_filter pf_volume_binding_filter;
extern const struct pf_filter pf_volume_zone_filter;
extern const struct pf_filter pf_dynamic_resources_filter;
extern const struct pf_filter pf_node_declared_features_filter;

/**
 * SchedulingGates (a PreEnqueue plug-in): a pod with spec.schedulingGates is held, no node is looked at, so there is no verdict.
 *
 * @param[out] ret_cause  `waiting for scheduling gates: [a b]` in @p arena, untouched when the pod has none
 * @return PF_OK (also without gates: *ret_held is false) or PF_E_NO_MEMORY
 */
enum pf_code pf_scheduling_gates_check(const struct pf_pod *pod, struct pf_arena *arena,
                                       bool *ret_held, struct pf_sv *ret_cause) PF_MUST_CHECK;

#endif

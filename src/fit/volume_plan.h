#ifndef PODFIT_FIT_VOLUME_PLAN_H
#define PODFIT_FIT_VOLUME_PLAN_H

/**
 * What the volume filters know of a pod before a node is looked at: PreFilter of VolumeRestrictions, VolumeBinding and VolumeZone. Everything is borrowed from
 * the model or lives in the arena of the judgement, so it is made for each judgement; whatever filters read of it has to be in pf_volume_key(), by which answers are
 * remembered. Inside of the fit module; under the model's lock.
 * Sources: pkg/scheduler/framework/plugins/{volumerestrictions,nodevolumelimits,volumebinding,volumezone} (scheduler-fit 7.7 to 7.10).
 */

#include <podfit/assumed.h>
#include <podfit/buf.h>
#include <podfit/filter.h>
#include <podfit/limits.h>
#include <podfit/volumes.h>

/** One claim of the pod. */
struct pf_volume_want {
    const struct pf_claim *claim;
    const struct pf_volume *volume;        /**< of a bound claim; NULL: gone */
    const struct pf_storage_class *class_; /**< of an unbound one */
    struct pf_sv node;                     /**< placed: where it is to be provisioned */
    const struct pf_volume **candidates;   /**< that may be bound, the best first */
    size_t candidate_count;
    const struct pf_storage_capacity **capacities; /**< large enough, when `by_capacity` */
    size_t capacity_count;
    bool by_capacity; /**< the driver publishes its capacity */
    bool
        prebound; /**< the first candidate names the claim, or is assumed to be its own: no other will do */
};

/** A zone or region label of a bound PersistentVolume. */
struct pf_volume_zone {
    struct pf_sv key;
    struct pf_sv values; /**< separated by `__` */
};

/** Identity of an attachable volume. */
struct pf_volume_id {
    struct pf_sv driver;
    struct pf_sv handle;
    const struct pf_claim *unbound; /**< stands for the handle of a volume that is not made yet */
};

struct pf_volume_plan {
    struct pf_volume_want *bound; /**< in list order */
    size_t bound_count;
    struct pf_volume_want *placed; /**< unbound, with a selected node: to be provisioned there */
    size_t placed_count;
    struct pf_volume_want *open; /**< unbound: smallest request first */
    size_t open_count;
    struct pf_volume_zone *zones;
    size_t zone_count;
    const char *
        zone_refusal; /**< what VolumeZone says on each node that gets to it, where its PreFilter is off; NULL: nothing */
    const struct pf_claim **claims; /**< all claims of the pod that exist */
    size_t claim_count;
    const char *limits_refusal;   /**< the same of NodeVolumeLimits, where VolumeBinding is off */
    const struct pf_claim **rwop; /**< ReadWriteOncePod claims of the pod */
    size_t rwop_count;
    int64_t rwop_used; /**< how many of them a pod on some node uses */
    bool has_disks;    /**< the pod has disks that VolumeRestrictions compares */
    uint64_t *table;   /**< scratch for counting: 2 * PF_FIT_ATTACHED_MAX */
};

/**
 * Build the plan of a question that pf_question_prepare() made: sets volumes, clears `active` bits of filters that are skipped, and sets rejection, unsure and
 * unsure_misfit.
 *
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_volume_plan_build(const struct pf_model *model,
                                  const struct pf_fit_options *options, struct pf_arena *arena,
                                  struct pf_question *question) PF_MUST_CHECK;

/* ---- volume_key.c ---- */

/**
 * Append the canonical bytes of a question with a plan: equal for two pods exactly when the volume filters say the same of them on every node, as long as
 * pf_model_storage_version() and the node stay.
 */
void pf_volume_key(const struct pf_question *question, const struct pf_model *model,
                   struct pf_buf *key);

/* ---- volume_ids.c ---- */

/**
 * Driver and handle by which NodeVolumeLimits counts the volume of a claim (getCSIDriverInfo).
 *
 * @param node  of the node, not NULL
 * @return false: it is not counted
 */
bool pf_volume_ids_of_claim(const struct pf_model *model, const struct pf_claim *claim,
                            const struct pf_csi_node *node, int minor, struct pf_volume_id *ret_id);
/** Has an in-tree type moved to CSI on the node, as NodeVolumeLimits sees it? */
bool pf_volume_ids_moved(const struct pf_csi_node *node, enum pf_in_tree type, int minor);
/** Type of a pod's inline disk; PF_IN_TREE_NONE for all other volumes. */
enum pf_in_tree pf_volume_ids_in_tree(enum pf_pod_volume_kind kind);
bool pf_volume_ids_equal(const struct pf_volume_id *a, const struct pf_volume_id *b);
uint64_t pf_volume_ids_hash(const struct pf_volume_id *id);

/* ---- volume_binding.c ---- */

/**
 * The claims that are not bound, as VolumeBinding would assume them on a node that it lets pass.
 *
 * @param[out] ret_binds  in @p arena
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_volume_binding_assume(const struct pf_filter_input *input, uint32_t slot,
                                      struct pf_arena *arena,
                                      struct pf_binds *ret_binds) PF_MUST_CHECK;

/* ---- volume_zone.c ---- */

/** LabelZonesToSet(): a list of zones, none of them empty. */
bool pf_volume_zones_valid(struct pf_sv text);

/* ---- volume_node.c ---- */

/** @return false: the node has no such label */
bool pf_volume_node_label(const struct pf_filter_input *input,
                          const struct pf_filter_target *target, struct pf_sv key,
                          struct pf_sv *ret_value);
/** MatchNodeSelectorTerms on labels alone: a node without a name. */
bool pf_volume_node_matches(const struct pf_filter_input *input,
                            const struct pf_filter_target *target,
                            const struct pf_node_selector *selector);
/** A label selector on the node's labels. */
bool pf_volume_node_selected(const struct pf_filter_input *input,
                             const struct pf_filter_target *target,
                             const struct pf_label_selector *selector);
struct pf_sv pf_volume_node_name(const struct pf_filter_input *input,
                                 const struct pf_filter_target *target);

#endif

#ifndef PODFIT_COLUMNS_H
#define PODFIT_COLUMNS_H

/**
 * What the fit engine reads of the model: one array a property, indexed by node slot. All [locked], all borrowed until the next change of the model.
 */

#include <podfit/assumed.h>
#include <podfit/intern.h>

/** No Node object of that name exists (a free slot, or pods that name a node we have not seen). */
#define PF_SHAPE_NONE UINT32_MAX

/** Scalar resource of a node; entries with allocatable 0 that no pod asks for are dropped. */
struct pf_node_scalar {
    uint32_t name; /**< intern id */
    uint32_t pods; /**< that ask for it; their sum may have wrapped to 0 */
    int64_t allocatable;
    int64_t used;
};

struct pf_used_port {
    uint32_t ip; /**< intern id of the address; `0.0.0.0` for all */
    uint16_t port;
    uint8_t protocol; /**< enum pf_protocol */
    uint32_t count;   /**< pods that use it (more than one is possible with nodeName set) */
};

/** A volume that pods on a node use and that a filter looks at. */
struct pf_used_volume {
    uint32_t namespace_; /**< intern ids */
    uint32_t name;       /**< claim (of ephemeral volumes, too), disk, iqn or pool/image */
    uint32_t
        other; /**< rbd: a monitor; ephemeral: the pod's uid; disks that moved to CSI: the handle; else empty */
    uint32_t pods; /**< that use it */
    uint8_t kind;  /**< enum pf_pod_volume_kind */
    bool read_only;
    bool untranslatable; /**< see struct pf_pod_volume */
};

/** The rare part of a node. */
struct pf_node_extra {
    struct pf_node_scalar *scalars; /**< sorted by name id */
    size_t scalar_count;
    size_t scalar_cap;
    struct pf_used_port *ports;
    size_t port_count;
    size_t port_cap;
    struct pf_used_volume *volumes; /**< in no order, each combination once */
    size_t volume_count;
    size_t volume_cap;
};

struct pf_columns {
    uint32_t count;  /**< slots, unused ones included */
    uint32_t nodes;  /**< slots with a Node object */
    uint32_t *name;  /**< intern id */
    uint32_t *shape; /**< shape id or PF_SHAPE_NONE */
    int64_t *allocatable_milli_cpu;
    int64_t *allocatable_memory;
    int64_t *allocatable_ephemeral_storage;
    int64_t *allocatable_pods;
    int64_t
        *used_milli_cpu; /**< bound pods, and pending pods and reservations where they hold room */
    int64_t *used_memory;
    int64_t *used_ephemeral_storage;
    int64_t *used_nonzero_milli_cpu; /**< for scoring */
    int64_t *used_nonzero_memory;
    uint32_t *used_pods;
    struct pf_node_extra **extra; /**< NULL for most nodes */
};

const struct pf_columns *pf_model_columns(const struct pf_model *model);
const struct pf_intern *pf_model_strings(const struct pf_model *model);

/** A label of a shape; a value equal to the node's own name (kubernetes.io/hostname nearly always is) is PF_VALUE_NODE_NAME, so that such nodes share a shape. */
#define PF_VALUE_NODE_NAME (UINT32_MAX - 1)
struct pf_shape_label {
    uint32_t key;   /**< intern ids */
    uint32_t value; /**< intern id or PF_VALUE_NODE_NAME */
};

struct pf_shape_taint {
    uint32_t key;
    uint32_t value;
    uint32_t effect;
};

/** What taint and selector filters see of a node; equal for many nodes. */
struct pf_shape {
    struct pf_shape_label *labels; /**< sorted by key id */
    size_t label_count;
    struct pf_shape_taint *taints; /**< in list order */
    size_t taint_count;
    uint32_t soft_taint_count; /**< taints with effect PreferNoSchedule */
    uint32_t *features;        /**< status.declaredFeatures: intern ids, in list order */
    size_t feature_count;
    bool unschedulable;
    uint32_t nodes;      /**< that have it; 0: a free id */
    uint32_t generation; /**< grows each time the id is given to another shape */
};

/** Number of shape ids, free ones included. */
uint32_t pf_model_shape_count(const struct pf_model *model);
const struct pf_shape *pf_model_shape(const struct pf_model *model, uint32_t shape);

/** Shapes of nodes with a PreferNoSchedule taint. */
uint32_t pf_model_soft_taint_shapes(const struct pf_model *model);

/** Slots in byte order of the node names, slots without a Node left out; rebuilt on demand. @return NULL: no memory */
const uint32_t *pf_model_nodes_by_name(struct pf_model *model, uint32_t *ret_count);
/** Grows when a node comes or goes, so that the order of the names is another one. */
uint64_t pf_model_names_version(const struct pf_model *model);

/** Sequence number of the last change of a slot. */
uint64_t pf_model_change_number(const struct pf_model *model);
/**
 * Slots whose state changed after sequence number @p since (a slot may come more than once), oldest first.
 *
 * @param visit  called for each
 * @return the present sequence number, or 0 when @p since is too old to be answered: start over. Sequence numbers start at 1.
 */
uint64_t pf_model_changes_since(const struct pf_model *model, uint64_t since,
                                void (*visit)(void *opaque, uint32_t slot), void *opaque);

/** What a bound pod takes of its node. */
struct pf_bound {
    uint32_t node; /**< slot; it may be without a Node object */
    int64_t milli_cpu;
    int64_t memory;
    int64_t ephemeral_storage;
};
/** @param uid  empty: whatever uid. [locked] @return false: no bound pod of that name and uid is known, *ret_bound is untouched */
bool pf_model_find_bound(const struct pf_model *model, struct pf_sv space, struct pf_sv name,
                         struct pf_sv uid, struct pf_bound *ret_bound);

/** A pending pod that the fit engine has to place. */
struct pf_pending {
    uint32_t pod; /**< handle for pf_model_pending_place() */
    const struct pf_pod
        *pod_view; /**< defaulted; borrowed until the model changes other than by placing */
};
/**
 * Pending pods that hold room on no existing node, or where only the amounts say that they fit, in the order of their creation, each as a pod that can be judged (what filters read, nothing else).
 * A pod that was placed does not come again until its place is void (its node went, or changed its shape or allocatable), nor does one that
 * status.nominatedNodeName or a claimed reservation gave a place.
 *
 * @param[in,out] cursor  0 to begin; placing pods in between is allowed
 * @return PF_OK, PF_E_NOT_FOUND at the end, PF_E_NO_MEMORY
 */
enum pf_code pf_model_pending_next(const struct pf_model *model, uint32_t *cursor,
                                   struct pf_arena *arena,
                                   struct pf_pending *ret_pending) PF_MUST_CHECK;
/** Before it is judged: what it holds by a guess, and what was assumed of its claims there or at a place that is void, is given free. */
void pf_model_pending_forget(struct pf_model *model, uint32_t pod);
/** Let a pending pod hold its room on @p node (PF_NODE_NONE: nowhere). @param binds  of its claims there; NULL: none @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_model_pending_place(struct pf_model *model, uint32_t pod, uint32_t node,
                                    const struct pf_binds *binds, struct pf_err *err) PF_MUST_CHECK;
/** Number that changes whenever a pending pod came or went, or a node did or changed while some wait; 0: no pending pods, nothing to place. */
uint64_t pf_model_pending_version(const struct pf_model *model);

#endif

#ifndef PODFIT_CLUSTER_PODS_H
#define PODFIT_CLUSTER_PODS_H

/** Pods as the model keeps them: records by name, on their slots, and those that wait. Internal to cluster; under the model's lock. */

#include <stddef.h>

#include <podfit/model.h>

struct pf_assumed_set;
struct pf_demand;

/* ---- hold.c: room taken on a node, by whomever ---- */

/** Room of one pod. The holder owns the references to the demand, the group and the namespace. */
struct pf_hold {
    uint32_t node; /**< slot, or PF_NODE_NONE: counts nowhere */
    uint32_t namespace_;
    struct pf_demand *demand;
    uint32_t group; /**< referenced by the holder, as the demand */
};

/** Allocate what pf_hold_add() can need. @return false: no memory */
bool pf_hold_prepare(struct pf_model *model, const struct pf_hold *hold) PF_MUST_CHECK;
void pf_hold_add(struct pf_model *model, const struct pf_hold *hold);
/** Give room back; frees a slot that nobody needs any more. */
void pf_hold_sub(struct pf_model *model, const struct pf_hold *hold);

/* ---- podset.c: pods by namespace and name ---- */

enum pf_pod_state {
    PF_POD_BOUND,   /**< has a node name; hold.node is its slot */
    PF_POD_PENDING, /**< waits for a scheduler podfit judges; hold.node is a prediction */
    PF_POD_OTHER, /**< gated, being deleted, or another scheduler's: holds nothing; one that is being deleted may be nominated */
};

/** pf_record.start_s of a pod that does not say when it started. */
#define PF_RECORD_START_NONE UINT32_MAX

/** What is kept of a pod. */
struct pf_record {
    uint64_t uid_hash; /**< 0: no uid */
    struct pf_demand *demand;
    struct pf_record *before; /**< on the same slot; of the first: the last */
    struct pf_record *after;  /**< NULL: the last */
    uint32_t hash;            /**< of namespace and name */
    uint32_t namespace_;
    uint32_t node;    /**< where it holds room or is nominated to */
    uint32_t pending; /**< index into the waiting pods, or PF_PENDING_NONE */
    uint32_t name_len;
    uint32_t group;
    int32_t priority;
    uint32_t start_s; /**< seconds since 1970, cut to the years 1970 to 2105 */
    uint8_t state;    /**< enum pf_pod_state */
    bool nominated;   /**< waits, and node comes from status.nominatedNodeName: no room is held */
    bool preempted;   /**< kube-scheduler evicts it */
    bool doubtful;    /**< pf_feed_doubt() */
    char name[];
};

/** Hash set of records: 8 bytes a slot, where pf_map takes 32. */
struct pf_podset {
    struct pf_record **slots;
    size_t cap; /**< power of two, 0 while empty */
    size_t count;
    uint64_t seed;
};

static inline struct pf_sv pf_record_name(const struct pf_record *record)
{
    return (struct pf_sv){.ptr = record->name, .len = record->name_len};
}
static inline size_t pf_record_bytes(size_t name_len)
{
    const size_t bytes = offsetof(struct pf_record, name) + name_len;
    return bytes < sizeof(struct pf_record) ? sizeof(struct pf_record) : bytes;
}

uint32_t pf_podset_hash(const struct pf_podset *set, uint32_t space, struct pf_sv name);
/** @return NULL when there is none */
struct pf_record *pf_podset_find(const struct pf_podset *set, uint32_t space, struct pf_sv name);
/** Room for one more. @return false: no memory */
bool pf_podset_reserve(struct pf_podset *set) PF_MUST_CHECK;
/** After pf_podset_reserve(); the key must not be there. */
void pf_podset_insert(struct pf_podset *set, struct pf_record *record);
/** The record must be there; it is not freed. */
void pf_podset_remove(struct pf_podset *set, const struct pf_record *record);

/* ---- pending.c ---- */

#define PF_PENDING_NONE UINT32_MAX

/** A pod that waits: one heap block with all that filters read of it. */
struct pf_waiting {
    struct pf_record *record; /**< borrowed */
    int64_t created_ns;       /**< wall clock; INT64_MAX when the pod does not say */
    uint64_t sequence;        /**< order of arrival among equal times */
    size_t block_bytes;
    bool
        guessed; /**< its place was found by amounts only: before the next judgement it is placed by the filters */
    struct pf_assumed_set *assumed; /**< owned: of its claims at its place; NULL: none */
    struct pf_pod pod;              /**< points into this block only */
};

struct pf_pending_table {
    struct pf_waiting **slots; /**< by handle; NULL: free */
    uint32_t *order;           /**< handles, oldest first */
    uint32_t *free_slots;      /**< handles to use again */
    size_t slot_count;
    size_t slot_cap;
    size_t order_count;
    size_t order_cap;
    size_t free_count;
    size_t free_cap;
    uint64_t version;
    uint64_t sequence;
};

/** Room for one more. @return false: no memory */
bool pf_pending_reserve(struct pf_model *model) PF_MUST_CHECK;
/** After pf_pending_reserve(). A sequence of 0 becomes the next one. @return its handle */
uint32_t pf_pending_insert(struct pf_model *model, struct pf_waiting *waiting);
/** Take out and free. */
void pf_pending_remove(struct pf_model *model, uint32_t handle);
/** Void the prediction of a pod that is placed and not nominated: it holds no room until it is placed again, but its claims keep what is assumed of them. */
void pf_pending_unplace(struct pf_model *model, struct pf_waiting *waiting);
/** Predictions for @p slot are void: pods placed there (those nominated are not) hold room nowhere until they are placed again. */
void pf_pending_displace(struct pf_model *model, uint32_t slot);
/** A node came in @p slot: pods that are nominated to it, and were expected elsewhere while it was gone, are so again. */
void pf_pending_renominate(struct pf_model *model, uint32_t slot);
void pf_pending_done(struct pf_model *model);

/* ---- settle.c ---- */

/** A pod was bound to @p slot and held room on @p vacated (PF_NODE_NONE: nowhere) before: what is held on @p slot for others, and is too much there now, moves. */
void pf_settle(struct pf_model *model, uint32_t slot, uint32_t vacated);

/* ---- resident.c: which pods are on a slot ---- */

/** What the bound pods of one priority take of a slot. */
struct pf_tier {
    int64_t milli_cpu;
    int64_t memory;
    int64_t ephemeral_storage;
    int32_t priority;
    uint32_t pods; /**< 0: nothing is here */
};

struct pf_residents {
    struct pf_record *first;
    uint32_t nominated;   /**< how many of them */
    int32_t lowest;       /**< no bound pod's priority is lower; INT32_MAX without a pod */
    struct pf_tier tier;  /**< empty: there is no other one either */
    struct pf_tier *more; /**< owned; each priority once */
    uint32_t more_count;
    uint32_t more_cap;
};

/* ---- tier.c: sums by priority, so that whether eviction can make room is seen without a walk over pods ---- */

/** Room for a pod of a priority. @return false: no memory */
bool pf_tier_prepare(struct pf_model *model, uint32_t slot, int32_t priority) PF_MUST_CHECK;
/** A bound pod counts on its slot; after pf_tier_prepare(). */
void pf_tier_add(struct pf_model *model, const struct pf_record *record);
/** It does no longer; with the demand and priority that it was added with. */
void pf_tier_sub(struct pf_model *model, const struct pf_record *record);
/** Free the room that nobody took. */
void pf_tier_tidy(struct pf_residents *list);
/** Heap memory held. */
size_t pf_tier_bytes(const struct pf_residents *list);

/** The lowest priority of all bound pods. */
struct pf_lowest {
    int32_t priority;
    uint32_t pods; /**< that have it */
    bool known;    /**< false: to be looked for */
};

/** Append a record to the list of record->node, if it has one. Priority, state and nominated must not change while it is linked. */
void pf_resident_link(struct pf_model *model, struct pf_record *record);
void pf_resident_unlink(struct pf_model *model, struct pf_record *record);
/** The lists, numbers and bounds of all slots against the pods. @return as pf_model_check() */
enum pf_code pf_check_residents(const struct pf_model *model, struct pf_err *err) PF_MUST_CHECK;

/** The room that a record holds. */
static inline struct pf_hold pf_record_hold(const struct pf_record *record)
{
    return (struct pf_hold){.node = record->nominated ? PF_NODE_NONE : record->node,
                            .namespace_ = record->namespace_,
                            .demand = record->demand,
                            .group = record->group};
}

#endif

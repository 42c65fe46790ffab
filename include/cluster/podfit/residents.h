#ifndef PODFIT_RESIDENTS_H
#define PODFIT_RESIDENTS_H

/**
 * Pods node by node, as nominated pods and preemption need them: who is on a node and how important, who is nominated to it, and what would be taken there if
 * some of them left or came. All [locked], all borrowed until the next change of the model. Source: scheduler-fit section 9.
 */

#include <podfit/columns.h>

/** A start time that is not known: later than every other (util.GetPodStartTime: now). */
#define PF_START_UNKNOWN INT64_MAX

/** A pod on a node. */
struct pf_resident {
    const void *pod;   /**< handle for pf_trial_add() and pf_trial_sub() */
    int64_t start_s;   /**< status.startTime in seconds, or PF_START_UNKNOWN */
    uint64_t uid_hash; /**< as pf_model_uid_hash() */
    struct pf_sv name; /**< metadata.name */
    uint32_t space;    /**< intern id of the namespace */
    uint32_t group;    /**< see podfit/groups.h */
    int32_t priority;  /**< 0 when absent */
    bool terminating;  /**< deletionTimestamp is set */
    bool preempted;    /**< is evicted by kube-scheduler for another pod */
};

/** Which pods of a node. */
enum pf_resident_kind {
    PF_RESIDENT_BOUND,     /**< spec.nodeName */
    PF_RESIDENT_NOMINATED, /**< wait, and status.nominatedNodeName names the node: they hold no room, filters count them for pods that are not more important */
};

/**
 * Walk over the pods of a slot in the order in which they came.
 *
 * @param[in,out] cursor  NULL to begin
 * @return false: the end, *ret_resident is untouched
 */
bool pf_model_residents_next(const struct pf_model *model, uint32_t slot,
                             enum pf_resident_kind kind, const void **cursor,
                             struct pf_resident *ret_resident) PF_MUST_CHECK;

/** Number of pods nominated to a slot. */
uint32_t pf_model_nominated(const struct pf_model *model, uint32_t slot);
/** Number of pods nominated to any slot. */
uint32_t pf_model_nominated_total(const struct pf_model *model);
/** No bound pod of the slot has a lower priority than this (one may have a higher one); INT32_MAX without a pod. */
int32_t pf_model_lowest_on(const struct pf_model *model, uint32_t slot);
/** What bound pods take of a slot. */
struct pf_yield {
    int64_t milli_cpu; /**< sums wrap as Go's int64 */
    int64_t memory;
    int64_t ephemeral_storage;
    uint32_t pods;
};
/** Of all bound pods of the slot with a lower priority. A walk over the priorities that the slot's pods have. */
struct pf_yield pf_model_yield(const struct pf_model *model, uint32_t slot, int32_t priority);
/** The lowest priority of all bound pods, INT32_MAX without one; a walk over all pods when the last pod with the lowest has gone. */
int32_t pf_model_lowest_priority(struct pf_model *model);
/** Hash of a pod's uid as the model keeps it; 0 for an empty one. */
uint64_t pf_model_uid_hash(const struct pf_model *model, struct pf_sv uid);

/** Is this very pod (by namespace, name and uid, which must not be empty) nominated to some node? */
bool pf_model_is_nominated(const struct pf_model *model, const struct pf_meta *meta);

/** What is taken on a node. */
struct pf_used {
    int64_t milli_cpu;
    int64_t memory;
    int64_t ephemeral_storage;
    uint32_t pods;
    struct pf_node_extra extra; /**< entries without a user are left out, but for scalars */
};

/** What would be taken on a node if pods left or came; nothing of it is in the model. A zeroed struct is a valid one. */
struct pf_trial {
    struct pf_used used; /**< its arrays are owned */
};

/** Free. */
void pf_trial_done(struct pf_trial *trial);
/** Begin with what is taken on @p slot now; memory of an earlier use is used again. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_trial_start(struct pf_trial *trial, const struct pf_model *model,
                            uint32_t slot) PF_MUST_CHECK;
/** One pod comes. @return PF_OK or PF_E_NO_MEMORY (begin again) */
enum pf_code pf_trial_add(struct pf_trial *trial, const struct pf_resident *pod) PF_MUST_CHECK;
/** One pod leaves. As in kube-scheduler its host ports are free then, even when another pod uses them, too (HostPortInfo.Remove). */
void pf_trial_sub(struct pf_trial *trial, const struct pf_resident *pod);
/** The last pf_trial_add() that is not undone yet never was. */
void pf_trial_undo(struct pf_trial *trial, const struct pf_resident *pod);

#endif

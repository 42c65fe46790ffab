#ifndef PODFIT_ASSUMED_H
#define PODFIT_ASSUMED_H

/**
 * Claims that are not bound yet, as they will be once their pods are placed: what kube-scheduler notes when it assumes a pod's volumes, so that the same
 * PersistentVolume is not promised twice. All [locked]. Reservations and waiting pods hold what the fit engine chose for their place; a bound pod's stays until
 * the PersistentVolume shows its claim, for a TTL of reservations at most. The capacity of CSIStorageCapacity is not reduced, as upstream.
 * Sources: pkg/scheduler/framework/plugins/volumebinding/binder.go AssumePodVolumes, assume_cache.go (scheduler-fit 7.9).
 */

#include <podfit/model.h>

/** One claim of a pod, which is in the pod's namespace. */
struct pf_bind {
    struct pf_sv claim;
    struct pf_sv volume; /**< name of the PersistentVolume; empty: one is to be provisioned */
};

struct pf_binds {
    const struct pf_bind *items;
    size_t count;
};

/** What is assumed of a claim. Borrowed until the model changes. */
struct pf_assumption {
    struct pf_sv volume; /**< empty: provisioned on the node */
    struct pf_sv node;
};

/** @return false: nothing is assumed */
bool pf_model_assumed(const struct pf_model *model, struct pf_sv space, struct pf_sv claim,
                      struct pf_assumption *ret_assumption);
/** Is a PersistentVolume assumed to be bound to another claim than this one? */
bool pf_model_volume_is_taken(const struct pf_model *model, struct pf_sv volume, struct pf_sv space,
                              struct pf_sv claim);
/** Claims of which something is assumed. */
size_t pf_model_assumed_count(const struct pf_model *model);

#endif

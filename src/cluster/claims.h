#ifndef PODFIT_CLUSTER_CLAIMS_H
#define PODFIT_CLUSTER_CLAIMS_H

/** Internal to cluster: assumed claims and who holds them. Under the model's lock. */

#include <podfit/assumed.h>
#include <podfit/map.h>
#include <podfit/volumes.h>

/** One assumed claim; shared by the pods that use it. */
struct pf_assumed {
    struct pf_assumed *older; /**< on the list of those that linger */
    struct pf_assumed *newer;
    int64_t until_ns; /**< lingers: in time that pods have been watched */
    struct pf_sv key; /**< `namespace/claim`, in text */
    uint32_t refs;    /**< holders, and 1 while it lingers */
    uint32_t volume;  /**< intern id, referenced; PF_INTERN_NONE: provisioned, or lost */
    uint32_t node;    /**< intern id, referenced */
    bool lingers;
    bool lost; /**< its PersistentVolume went to another claim: nothing is assumed */
    char text[];
};

/** What one holder holds; the claims' references are its own. */
struct pf_assumed_set {
    uint32_t count;
    struct pf_assumed *items[];
};

struct pf_assumed_table {
    struct pf_map by_claim;
    struct pf_map by_volume; /**< interned names */
    struct pf_assumed *oldest;
    struct pf_assumed *newest;
};

void pf_assumed_init(struct pf_model *model);
/** Free what is known; holders free their sets. */
void pf_assumed_done(struct pf_model *model);

/**
 * Assume the claims of a pod in @p space on a slot. A claim that is assumed already stays as it is; a PersistentVolume that another claim has is left out.
 *
 * @param binds  NULL: none
 * @param[out] ret_set  NULL when there is nothing to hold; then pf_assumed_keep() or pf_assumed_abandon()
 * @return false: no memory
 */
bool pf_assumed_acquire(struct pf_model *model, struct pf_sv space, const struct pf_binds *binds,
                        uint32_t slot, struct pf_assumed_set **ret_set) PF_MUST_CHECK;
/** The set is held from now on. @return it */
struct pf_assumed_set *pf_assumed_keep(struct pf_model *model, struct pf_assumed_set *set);
/** Instead of keeping it: nothing has changed. NULL is ignored. */
void pf_assumed_abandon(struct pf_model *model, struct pf_assumed_set *set);
/** NULL is ignored. */
void pf_assumed_release(struct pf_model *model, struct pf_assumed_set *set);
/** The pod was bound: kube-scheduler has told the API server about its volumes, and that is not seen yet. Takes the set over. */
void pf_assumed_linger(struct pf_model *model, struct pf_assumed_set *set);
/** A pod that waited was bound to a slot: its claims that nothing is known of took some volume. */
void pf_assumed_expect(struct pf_model *model, const struct pf_pod *pod, uint32_t slot);
/** Drop what lingers for too long. @param watched_ns  time that pods have been watched */
void pf_assumed_expire(struct pf_model *model, int64_t watched_ns);
size_t pf_assumed_set_bytes(const struct pf_assumed_set *set);
size_t pf_assumed_bytes(const struct pf_assumed *assumed);

/** A PersistentVolume came or changed: what was assumed otherwise is put right. */
void pf_assumed_see_volume(struct pf_model *model, const struct pf_volume *volume);
/** It went, or nobody can bind it. */
void pf_assumed_lose_volume(struct pf_model *model, struct pf_sv volume);
/** The claim went. */
void pf_assumed_lose_claim(struct pf_model *model, struct pf_sv space, struct pf_sv claim);

/** Recount. @param strings  by intern id: references, added to @return as pf_model_check() */
enum pf_code pf_check_assumed(const struct pf_model *model, uint32_t *strings,
                              struct pf_err *err) PF_MUST_CHECK;

#endif

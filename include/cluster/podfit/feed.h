#ifndef PODFIT_FEED_H
#define PODFIT_FEED_H

/**
 * Objects of a living cluster into the model, kind by kind: the decoders are those of snapshots, a complete list replaces what was known (webhook practice K-15).
 * All functions take the model's lock themselves, long walks piece by piece, so that reviews go on. One thread feeds a model at a time.
 */

#include <podfit/volumes.h>

/** Kinds of objects: three of their own, then those of podfit/volumes.h. */
enum pf_feed {
    PF_FEED_NODE,      /**< Node */
    PF_FEED_POD,       /**< Pod */
    PF_FEED_NAMESPACE, /**< Namespace */
    PF_FEED_OBJECT,    /**< this plus an enum pf_kind */
};
/** How many there are. */
#define PF_FEED_COUNT ((unsigned)PF_FEED_OBJECT + (unsigned)PF_KIND_COUNT)

/** Which kind, in its numbers and in the API's words. Static. */
struct pf_feed_kind {
    unsigned feed;            /**< enum pf_feed, or PF_FEED_OBJECT + enum pf_kind */
    struct pf_sv api_version; /**< `storage.k8s.io/v1` */
    struct pf_sv kind;        /**< `StorageClass` */
};

/**
 * Decode one object and add or replace it.
 *
 * @param json   borrowed during the call; apiVersion and kind in it are not looked at (items of lists lack them)
 * @param arena  for the decoded object; reset by the caller
 * @return PF_OK; PF_E_INVALID, PF_E_TOO_BIG, PF_E_NO_MEMORY (the model is as before); PF_E_UNSUPPORTED: no such kind and version
 */
enum pf_code pf_feed_apply(struct pf_model *model, const struct pf_feed_kind *kind,
                           struct pf_sv json, struct pf_arena *arena,
                           struct pf_err *err) PF_MUST_CHECK;

/** What names an object. Empty namespace: the kind has none. */
struct pf_feed_key {
    struct pf_sv namespace_;
    struct pf_sv name;
    struct pf_sv uid; /**< pods: one of another uid is left alone; empty: whatever uid */
};
/** @return true when it was there */
bool pf_feed_remove(struct pf_model *model, unsigned feed, const struct pf_feed_key *key);

/** A complete list follows: what is known of the kind is in doubt until it is applied again (or pf_feed_keep() is called). */
void pf_feed_doubt(struct pf_model *model, unsigned feed);
/** An object of the list that could not be taken over: what was known of it stays. */
void pf_feed_keep(struct pf_model *model, unsigned feed, const struct pf_feed_key *key);
/** The list is complete: remove what is still in doubt. @return number removed */
size_t pf_feed_sweep(struct pf_model *model, unsigned feed);

#endif

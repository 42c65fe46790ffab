#ifndef PODFIT_OBJECT_H
#define PODFIT_OBJECT_H

/** What all Kubernetes objects share: metadata, string maps, resource lists. Views borrow from the decoded bytes or the decoder's arena. */

#include <stdbool.h>
#include <stdint.h>

#include <podfit/arena.h>
#include <podfit/quantity.h>
#include <podfit/sv.h>

struct pf_label {
    struct pf_sv key;
    struct pf_sv value;
};

/** A string map (labels, nodeSelector), sorted by key, each key once. */
struct pf_labels {
    struct pf_label *items;
    size_t count;
};

/** @return the entry or NULL; binary search */
const struct pf_label *pf_labels_find(const struct pf_labels *labels, struct pf_sv key);

struct pf_resource {
    struct pf_sv name;
    struct pf_quantity amount;
};

/** A ResourceList in the order of its text (sorted by name when it came from an API server), each name once. */
struct pf_resource_list {
    struct pf_resource *items;
    size_t count;
    size_t
        cap; /**< items that fit without asking the arena again; 0: `items` are not this list's own to append to */
    bool present; /**< the key stood there as an object, maybe empty: a patch may add below it */
};

/** @return the entry or NULL */
struct pf_resource *pf_resource_list_find(const struct pf_resource_list *list, struct pf_sv name);
/** Set or add. @return PF_OK or PF_E_NO_MEMORY (list unchanged) */
enum pf_code pf_resource_list_set(struct pf_resource_list *list, struct pf_sv name,
                                  const struct pf_quantity *amount,
                                  struct pf_arena *arena) PF_MUST_CHECK;
/** As pf_resource_list_set() for a @p name that the list is known not to have: no search. */
enum pf_code pf_resource_list_append(struct pf_resource_list *list, struct pf_sv name,
                                     const struct pf_quantity *amount,
                                     struct pf_arena *arena) PF_MUST_CHECK;

struct pf_meta {
    struct pf_sv
        namespace_; /**< empty for cluster-scoped objects and where the review's namespace stands in */
    struct pf_sv name;
    struct pf_sv generate_name;
    struct pf_sv uid;
    struct pf_sv resource_version;
    struct pf_sv creation_timestamp; /**< RFC 3339 text, empty when absent */
    struct pf_labels labels;
    bool deleting;            /**< deletionTimestamp is set */
    bool annotations_present; /**< the key stood there as an object */
    struct pf_labels
        annotations; /**< only those podfit reads: podfit.io/..., kubernetes.io/config.mirror, and what volume filters look at */
    struct pf_sv owner_kind; /**< the controller among ownerReferences; empty when there is none */
    struct pf_sv owner_api_version;
    struct pf_sv owner_name;
    struct pf_sv owner_uid;
};

/** @return value of an annotation that is kept, borrowed; empty with a NULL pointer when there is none */
struct pf_sv pf_meta_annotation(const struct pf_meta *meta, struct pf_sv key);

#endif

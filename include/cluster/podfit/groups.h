#ifndef PODFIT_GROUPS_H
#define PODFIT_GROUPS_H

/**
 * Pods as topology filters see them. Pods with equal namespace, labels and affinity terms form a *group*, and a node keeps how many of each group it has, so
 * that nothing has to walk pods. Equal lists of affinity terms are kept once, as a *term set*, whatever labels their pods have. All [locked], all borrowed
 * until the next change of the model. Ids are given again; a generation tells two uses of an id apart.
 */

#include <podfit/columns.h>

#define PF_GROUP_NONE    UINT32_MAX
#define PF_TERM_SET_NONE UINT32_MAX

/** One group; strings are intern ids. The struct has no padding: its bytes are its key. */
struct pf_group {
    uint32_t namespace_;
    uint32_t terms;       /**< term set, or PF_TERM_SET_NONE */
    uint32_t terminating; /**< deletionTimestamp is set: 1 */
    uint32_t label_count;
    struct pf_shape_label labels[]; /**< sorted by key id; values are always intern ids */
};

/** How many pods of a group hold room on a slot: bound ones, and pending pods and reservations where they are predicted. */
struct pf_slot_group {
    uint32_t group;
    uint32_t pods;
};

/** One requirement of a label selector; values are ids[first] to ids[first + count - 1], sorted. */
struct pf_id_requirement {
    uint32_t key;
    uint32_t operator_; /**< enum pf_selector_operator, none of node selectors */
    uint32_t first;
    uint32_t count;
};

/** A label selector as a range of requirements. */
struct pf_id_selector {
    uint32_t present; /**< 0: absent, which matches nothing */
    uint32_t first;
    uint32_t count;
};

/** One affinity term of an existing pod. */
struct pf_term {
    uint32_t kind; /**< enum pf_pod_terms_kind */
    int32_t weight;
    uint32_t topology_key;
    uint32_t
        space_first; /**< namespaces by name, the pod's own where it names none: a range of ids, sorted */
    uint32_t space_count;
    struct pf_id_selector selector;
    struct pf_id_selector namespace_selector;
};

/** All affinity terms of a pod; those of a list that cannot be parsed are left out, as kube-scheduler does. Without padding, as pf_group. */
struct pf_term_set {
    uint32_t term_count;
    uint32_t requirement_count;
    uint32_t id_count;
    uint32_t zero;
    struct pf_term terms[]; /**< then the requirements, then the ids */
};

static inline const struct pf_id_requirement *
pf_term_set_requirements(const struct pf_term_set *set)
{
    return (const struct pf_id_requirement *)(const void *)(set->terms + set->term_count);
}

static inline const uint32_t *pf_term_set_ids(const struct pf_term_set *set)
{
    return (const uint32_t *)(const void *)(pf_term_set_requirements(set) + set->requirement_count);
}

/** A label of something that is matched against a selector; ids, sorted by key id, each key once. */
struct pf_id_labels {
    const struct pf_shape_label *items;
    size_t count;
};

/**
 * Does a selector match these labels? One side of the comparison must come from the model, so that PF_INTERN_NONE never equals PF_INTERN_NONE.
 *
 * @param requirements  the array that the selector's range is of
 * @param ids           the array that the requirements' ranges are of
 */
bool pf_id_selector_matches(const struct pf_id_selector *selector,
                            const struct pf_id_requirement *requirements, const uint32_t *ids,
                            const struct pf_id_labels *labels);
/** Is @p id in the sorted range? */
bool pf_ids_contain(const uint32_t *ids, size_t count, uint32_t id);

/** Groups on a slot, sorted by group id. */
const struct pf_slot_group *pf_model_slot_groups(const struct pf_model *model, uint32_t slot,
                                                 uint32_t *ret_count);
/** Number of group ids, free ones included. */
uint32_t pf_model_group_count(const struct pf_model *model);
/** @param group  of a slot */
const struct pf_group *pf_model_group(const struct pf_model *model, uint32_t group);
/** Grows each time the id is given to another group. */
uint32_t pf_model_group_generation(const struct pf_model *model, uint32_t group);
/** Group of a pod that the model knows; PF_GROUP_NONE when it does not. */
uint32_t pf_model_group_of_pod(const struct pf_model *model, struct pf_sv space, struct pf_sv name);

/** @param terms  of a group or of pf_model_anti() */
const struct pf_term_set *pf_model_term_set(const struct pf_model *model, uint32_t terms);
uint32_t pf_model_term_set_generation(const struct pf_model *model, uint32_t terms);

/** A term set with required anti-affinity, of pods that hold room. */
struct pf_anti {
    uint32_t namespace_; /**< that a term names, or PF_ANTI_ANY for a namespaceSelector */
    uint32_t terms;
};
#define PF_ANTI_ANY UINT32_MAX

/**
 * Term sets with a required anti-affinity term that may match pods of a namespace.
 *
 * @param namespace_  intern id, or PF_ANTI_ANY: those with a namespaceSelector, which may match pods of any
 * @return the first of @p ret_count entries
 */
const struct pf_anti *pf_model_anti(const struct pf_model *model, uint32_t namespace_,
                                    size_t *ret_count);

/** The same for required affinity and preferred terms of both kinds, which InterPodAffinity scores by. */
const struct pf_anti *pf_model_scoring_terms(const struct pf_model *model, uint32_t namespace_,
                                             size_t *ret_count);

/** Grows when a namespace comes, goes or has other labels. Never 0. */
uint64_t pf_model_namespace_version(const struct pf_model *model);
/** Namespace objects known; 0 means that the kind is missing, a cluster always has some. */
size_t pf_model_namespace_count(const struct pf_model *model);
/** Labels of a namespace, NULL when there is no such object. */
const struct pf_labels *pf_model_namespace_find(const struct pf_model *model, struct pf_sv name);

#endif

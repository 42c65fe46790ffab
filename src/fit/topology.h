#ifndef PODFIT_FIT_TOPOLOGY_H
#define PODFIT_FIT_TOPOLOGY_H

/**
 * What PodTopologySpread and InterPodAffinity read of the whole cluster. A *plan* is what a pod asks, compiled to ids; a *topology* holds the counts for one
 * plan and is brought up to date slot by slot. An *axis* is a topology key with the domains that its values form; a *counter* counts pods by the domain of an
 * axis. Inside of the fit module; under the model's lock. Sources: scheduler-fit 7.11 and 7.12.
 */

#include "topology_axis.h"
#include <podfit/buf.h>
#include <podfit/filter.h>
#include <podfit/groups.h>
#include <podfit/limits.h>

/** One DoNotSchedule constraint; counter i belongs to spread i. */
struct pf_topology_plan_spread {
    const struct pf_spread *text;
    uint32_t axis;
    struct pf_id_selector selector;
    bool counts; /**< false: the selector is empty or absent, nothing is counted */
    bool self;   /**< the pod's own labels match */
};

/** One required term of the pod itself. */
struct pf_topology_plan_term {
    const struct pf_pod_term *text;
    uint32_t axis;
    uint32_t counter;
    struct pf_id_selector selector;
    uint32_t space_first; /**< resolved namespaces in ids, sorted */
    uint32_t space_count;
    bool self;          /**< the pod matches it itself */
    bool selects_empty; /**< the namespaceSelector matches a namespace without labels */
};

/** A required anti-affinity term of existing pods that matches the pod. */
struct pf_topology_plan_existing {
    uint32_t terms; /**< term set */
    uint32_t generation;
    uint32_t topology_key; /**< intern id, alive as long as the set is */
    uint32_t counter;      /**< filled in by pf_topology_plan_build() */
};

struct pf_topology_plan {
    struct pf_sv space; /**< namespace of the pod */
    uint32_t space_id;
    struct pf_sv
        *keys; /**< of the axes that the pod itself names; empty for those of existing pods */
    uint32_t *key_ids; /**< by axis */
    uint32_t axis_count;
    uint32_t counter_count;
    uint32_t *counter_axis; /**< by counter */
    struct pf_topology_plan_spread *spreads;
    uint32_t spread_count;
    struct pf_topology_plan_term *terms; /**< affinity first */
    uint32_t affinity_count;
    uint32_t anti_count;
    struct pf_topology_plan_existing *existing; /**< sorted by terms, then by topology_key */
    uint32_t existing_count;
    uint64_t affinity_mask; /**< counters of affinity terms */
    uint64_t anti_mask;
    uint64_t existing_mask;
    struct pf_id_requirement *requirements;
    uint32_t requirement_count;
    uint32_t *ids;
    uint32_t id_count;
    bool own_affinity;    /**< the pod matches all its own affinity terms */
    bool by_namespace;    /**< a term has a namespaceSelector with requirements */
    bool leaky_namespace; /**< 1.34 and later: see selects_empty (kubernetes issue 141526) */
};

/* ---- topology_match.c ---- */

/** What existing pods' anti-affinity has to do with a pod. */
struct pf_topology_matches {
    struct pf_topology_plan_existing *items; /**< in the arena */
    uint32_t count;
    bool
        namespaces_missing; /**< a term depends on labels of namespaces, and no Namespace is known */
};

/** Labels as ids, sorted, values that nobody holds as PF_INTERN_NONE; keys that nobody holds are left out. @return false: no memory */
bool pf_topology_labels(const struct pf_intern *strings, const struct pf_labels *labels,
                        struct pf_arena *arena, struct pf_id_labels *ret_labels) PF_MUST_CHECK;
/** A pod as affinity terms of existing pods see it. */
struct pf_topology_subject {
    const struct pf_model *model;
    const struct pf_pod *pod;
    struct pf_arena *arena;
    struct pf_id_labels labels;
    struct pf_id_labels space_labels; /**< looked up when a term asks for them first */
    uint32_t space;
    bool space_known;
    bool
        namespaces_missing; /**< set when a term depends on labels of namespaces, and no Namespace is known */
    bool failed;            /**< set when there was no memory */
};
/** @return false: no memory */
bool pf_topology_subject_init(const struct pf_model *model, const struct pf_pod *pod,
                              struct pf_arena *arena,
                              struct pf_topology_subject *ret_subject) PF_MUST_CHECK;
/** Does a term of an existing pod select the pod? */
bool pf_topology_is_selected(struct pf_topology_subject *subject, const struct pf_term_set *set,
                             const struct pf_term *term);
/** Required anti-affinity terms of existing pods that match the pod. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_topology_match(const struct pf_model *model, const struct pf_pod *pod,
                               struct pf_arena *arena,
                               struct pf_topology_matches *ret_matches) PF_MUST_CHECK;

/**
 * Does anti-affinity of a term set mark this node for the question's pod, if a pod that has it comes there?
 *
 * @return PF_OK, PF_E_NO_MEMORY, or PF_E_NOT_FOUND (that depends on labels of namespaces, and no Namespace is known)
 */
enum pf_code pf_topology_marks(const struct pf_filter_input *input, uint32_t terms, uint32_t slot,
                               bool *ret_marked) PF_MUST_CHECK;
/**
 * Find out what a prepared question has to do with other pods: fills in its plan, or leaves it NULL when no topology filter has a say.
 *
 * @param[out] ret_cause  why the pod cannot be judged, in the arena; untouched when it can
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_topology_ask(struct pf_question *question, const struct pf_fit_options *options,
                             const struct pf_model *model, struct pf_arena *arena,
                             const char **ret_cause) PF_MUST_CHECK;

/* ---- topology_plan.c ---- */

/**
 * Compile a pod's question.
 *
 * @param question  its pod, its active filters; ids are not resolved yet
 * @param existing  borrowed from the arena of the plan; counters are filled in
 * @return PF_OK, PF_E_NO_MEMORY, PF_E_TOO_BIG (more than PF_FIT_TOPOLOGY_MAX counters)
 */
enum pf_code pf_topology_plan_build(const struct pf_question *question,
                                    const struct pf_fit_options *options,
                                    struct pf_topology_plan_existing *existing,
                                    uint32_t existing_count, struct pf_arena *arena,
                                    struct pf_topology_plan **ret_plan) PF_MUST_CHECK;
/** Does the pod match all its own affinity terms? Call it once, after pf_topology_plan_build(). @param space_labels  of the pod's namespace, NULL when it is not known */
void pf_topology_plan_match_self(struct pf_topology_plan *plan, const struct pf_pod *pod,
                                 const struct pf_labels *space_labels);
/** Deep copy of what a plan reads of the pod, and of the plan. @p ret_pod receives terms and constraints. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_topology_plan_copy(const struct pf_question *question, struct pf_arena *arena,
                                   struct pf_pod *ret_pod,
                                   struct pf_topology_plan **ret_plan) PF_MUST_CHECK;
/** Requirements that have to be compared with every group. */
uint64_t pf_topology_plan_work(const struct pf_topology_plan *plan);
/** Look up ids; to be repeated whenever the model's strings may have changed. */
void pf_topology_plan_resolve(struct pf_topology_plan *plan, const struct pf_intern *strings);
/** Append the canonical bytes. */
void pf_topology_plan_key(const struct pf_topology_plan *plan, struct pf_buf *key);

/* ---- topology.c ---- */

/** Why a node does not pass. */
enum pf_topology_fault {
    PF_TOPOLOGY_PASSES,        /**< it does */
    PF_TOPOLOGY_SPREAD_LABEL,  /**< it lacks the label of a constraint */
    PF_TOPOLOGY_SPREAD_SKEW,   /**< one more pod would be too many there */
    PF_TOPOLOGY_AFFINITY,      /**< the pod's affinity */
    PF_TOPOLOGY_ANTI_AFFINITY, /**< the pod's anti-affinity */
    PF_TOPOLOGY_EXISTING,      /**< anti-affinity of existing pods */
    PF_TOPOLOGY_FAULTS,        /**< how many there are */
};

struct pf_topology_counter {
    uint32_t *pods;    /**< by domain of the axis */
    uint32_t *members; /**< spread: nodes that take part, by domain */
    size_t cap;
    uint64_t total;
    /* spread, after pf_topology_finish(): */
    uint32_t domains; /**< with a member */
    uint32_t least;   /**< fewest pods in one of them; 0 when there is none */
    uint32_t least_domain;
    uint32_t second; /**< fewest in the others; UINT32_MAX when there is none */
};

struct pf_topology {
    const struct pf_topology_plan *plan; /**< borrowed */
    uint32_t *domains; /**< by slot and axis: domain + 1, 0: the node lacks the key */
    uint32_t *own;     /**< by slot and counter: pods that the node has added */
    uint64_t *member;  /**< by slot: mask of the spreads it takes part in */
    uint32_t slots;
    struct pf_topology_axis *axes;
    struct pf_topology_counter *counters;
    struct {
        uint64_t mask;
        uint32_t generation; /**< 0: empty */
    } * memo;                /**< by group: the counters that its pods add to */
    uint32_t memo_count;
    uint64_t namespace_version;
    uint64_t
        version; /**< grows when a node adds other numbers to counters, or to others, than before */
};

/** @param plan  outlives the topology. @return PF_OK or PF_E_NO_MEMORY (release with pf_topology_done() all the same) */
enum pf_code pf_topology_init(struct pf_topology *topology,
                              const struct pf_topology_plan *plan) PF_MUST_CHECK;
/** Free. Accepts a zeroed struct. */
void pf_topology_done(struct pf_topology *topology);
/** Forget everything counted; memory is kept. */
void pf_topology_reset(struct pf_topology *topology);
/** Room for all slots and groups of the model. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_topology_reserve(struct pf_topology *topology,
                                 const struct pf_filter_input *input) PF_MUST_CHECK;
/** Must everything be counted anew, because namespaces changed that a term selects? */
bool pf_topology_is_stale(const struct pf_topology *topology, const struct pf_model *model);
/**
 * Take over the present state of a slot. After pf_topology_reserve(), with a resolved plan.
 *
 * @return PF_OK, or PF_E_NO_MEMORY: the topology is no longer right, pf_topology_reset() or forget it
 */
enum pf_code pf_topology_update(struct pf_topology *topology, const struct pf_filter_input *input,
                                uint32_t slot) PF_MUST_CHECK;
/** After the last update: what the checks need to know of all domains. */
void pf_topology_finish(struct pf_topology *topology);
/** @param active  mask of active filters: those that are switched off are not asked */
enum pf_topology_fault pf_topology_check(const struct pf_topology *topology, unsigned active,
                                         uint32_t slot);
/** Has the node every label that spread constraints and affinity terms need, so that other pods alone decide? */
bool pf_topology_could(const struct pf_topology *topology, unsigned active, uint32_t slot);
/** Write the fault into a result that passed all filters before. */
void pf_topology_blame(enum pf_topology_fault fault, struct pf_result *result);
/** Pods like the question's that may still go to a node that passes, before its own domain is full; UINT64_MAX when nothing limits them. */
uint64_t pf_topology_room(const struct pf_topology *topology, unsigned active, uint32_t slot);
/** Memory held. */
size_t pf_topology_bytes(const struct pf_topology *topology);

/* ---- topology_change.c ---- */

/** Pods of a group that are thought added to a node (positive) or taken from it (negative). */
struct pf_topology_change {
    uint32_t group;
    int32_t pods;
};

/**
 * The check of one node as if pods had come to it and gone from it, as preemption's dry run and nominated pods need; nothing is changed. As in kube-scheduler's
 * AddPod and RemovePod, the change counts terminating pods and empty selectors in spread constraints (podtopologyspread/filtering.go updateWithPod), and
 * InterPodAffinity is not asked when no existing pod and no own term gave it anything to do.
 *
 * @param topology  finished, of the question or of an equal one
 * @param input     with the question itself: its pod's labels are read
 * @return PF_OK with *ret_fault, PF_E_NO_MEMORY, or PF_E_NOT_FOUND (an added pod selects namespaces, and no Namespace is known)
 */
enum pf_code pf_topology_check_changed(const struct pf_topology *topology,
                                       const struct pf_filter_input *input, uint32_t slot,
                                       const struct pf_topology_change *changes, size_t count,
                                       enum pf_topology_fault *ret_fault) PF_MUST_CHECK;

/* ---- shared by topology.c and topology_change.c ---- */

/** Value of an axis on a node: intern id, or PF_INTERN_NONE when the node lacks the key. */
uint32_t pf_topology_value(const struct pf_filter_input *input, uint32_t slot, uint32_t key);
/** Does a term of the pod itself select pods of a group? */
bool pf_topology_term_matches(const struct pf_topology_plan *plan,
                              const struct pf_topology_plan_term *term,
                              const struct pf_model *model, const struct pf_group *group);
/** Counters that pods of a group add to. @param raw  as updateWithPod sees it: terminating pods and empty selectors count in spreads */
uint64_t pf_topology_mask(const struct pf_topology_plan *plan, const struct pf_model *model,
                          uint32_t group, bool raw);

#endif

#ifndef PODFIT_PLAN_INTERNAL_H
#define PODFIT_PLAN_INTERNAL_H

/**
 * Internal to policy: the plan of one rewrite. Every value that may be written, cpu and memory under requests and limits of each
 * container and of the pod level, with what stands there, what stood there before podfit first came, and what was decided.
 *
 * A plan lives in one arena and borrows from its class and pod. One thread at a time.
 */

#include <podfit/rewrite.h>

/** The resources podfit rewrites. */
enum pf_plan_resource {
    PF_PLAN_CPU,       /**< counted in milli */
    PF_PLAN_MEMORY,    /**< counted in bytes */
    PF_PLAN_RESOURCES, /**< how many */
};

/** One value of a ResourceList. */
struct pf_plan_value {
    const struct pf_quantity *now;    /**< in the pod; NULL: absent */
    const struct pf_quantity *before; /**< as it came: `now`, or what our own annotation says */
    bool decided;
    enum pf_rule rule;        /**< only when decided */
    struct pf_quantity after; /**< only when decided */
};

/** A container, or the pod level. */
struct pf_plan_entity {
    struct pf_container *container; /**< NULL: pod level */
    struct pf_resource_list *requests;
    struct pf_resource_list *limits;
    struct pf_plan_value request[PF_PLAN_RESOURCES];
    struct pf_plan_value limit[PF_PLAN_RESOURCES];
    bool derived[PF_PLAN_RESOURCES]; /**< plan_level.c: the request follows from the class */
    bool carries;                    /**< the class's rules cover it */
    bool largest;                    /**< carries the floors, and the limits that are missing */
    bool kept;                       /**< holds a quantity that cannot be handled: never touched */
};

struct pf_plan {
    const struct pf_class *class_;
    struct pf_pod *pod;
    struct pf_arena *arena;
    struct pf_plan_entity *entities; /**< pod->containers in their order, then the pod level */
    size_t container_count;
    size_t init_count;                /**< of them, init containers and sidecars; they come first */
    size_t count;                     /**< container_count, or one more */
    struct pf_plan_entity *pod_level; /**< the last entity, or NULL */
    bool member;
};

/** `cpu`, `memory`. Static. */
struct pf_sv pf_plan_resource_name(enum pf_plan_resource resource);

/** Collect what stands in the pod; nothing is decided yet. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_plan_build(const struct pf_class *class_, struct pf_pod *pod,
                           struct pf_arena *arena, struct pf_plan *ret_plan) PF_MUST_CHECK;

/** Decide everything anew from the `before` values. */
void pf_plan_decide(struct pf_plan *plan);
/** Take every decision back. */
void pf_plan_undo(struct pf_plan *plan);

/** Can podfit calculate with this quantity: not negative, and within int64 bytes or milli? */
bool pf_plan_is_sane(const struct pf_quantity *quantity, enum pf_plan_resource resource);
/** In bytes or milli, rounded up. @param quantity sane */
int64_t pf_plan_amount(const struct pf_quantity *quantity, enum pf_plan_resource resource);
/** What will stand in the pod, or NULL: a value that is not decided stays as it came (pf_record_is_replayed()). */
const struct pf_quantity *pf_plan_final(const struct pf_plan_value *value);
/** Decide a value; when it equals what stands there the pod's own text is kept. */
void pf_plan_set(struct pf_plan_value *value, const struct pf_quantity *quantity,
                 enum pf_rule rule);
/** pf_plan_set() with an amount in milli. */
void pf_plan_set_cpu(struct pf_plan_value *value, int64_t milli, enum pf_rule rule);
/** pf_plan_set() with an amount in bytes. */
void pf_plan_set_memory(struct pf_plan_value *value, int64_t bytes, enum pf_quantity_format format,
                        enum pf_rule rule);
/** The pod's own explicit request under `requests: raise`, or NULL: one that equals its limit was put there by API defaulting. */
const struct pf_quantity *pf_plan_own_request(const struct pf_plan *plan,
                                              const struct pf_plan_entity *entity,
                                              enum pf_plan_resource resource);
/** Smallest request other than the limit itself: 1m, or one unit of memory. */
int64_t pf_plan_least(const struct pf_plan *plan, enum pf_plan_resource resource);

/** Decide by the class's quota. (plan_quota.c) */
void pf_plan_quota_decide(struct pf_plan *plan);
/** Decide by the class's percent fields. (plan_percent.c) */
void pf_plan_percent_decide(struct pf_plan *plan);

/**
 * Make pod-level and container requests agree, so that the API server accepts the pod (ValidatePodResources: a pod-level request is at least the
 * aggregate of the containers' and at most the pod-level limit). (plan_level.c)
 */
void pf_plan_level_reconcile(struct pf_plan *plan);
/** Aggregate of the containers' requests as the API server counts them, saturating. @param before  as it came, not as it will be */
int64_t pf_plan_level_aggregate(const struct pf_plan *plan, enum pf_plan_resource resource,
                                bool before);

#endif

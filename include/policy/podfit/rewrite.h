#ifndef PODFIT_REWRITE_H
#define PODFIT_REWRITE_H

/**
 * Rewriting: a pod and its class in, resource changes out. Pure: no I/O, no clock. Rules: design section 5, quota-semantics.
 */

#include <podfit/class.h>

/** Which rule decided a container's values; written into the podfit.io/requests annotation and `check -o json`. */
enum pf_rule {
    PF_RULE_KEEP,    /**< untouched: requests: keep, not covered, or nothing to do */
    PF_RULE_RATIO,   /**< limit / ratio */
    PF_RULE_DEFAULT, /**< the rounded default (D or E of the formula) */
    PF_RULE_FLOOR,   /**< the floor */
    PF_RULE_CAP,     /**< max_upgrades */
    PF_RULE_LIMIT,   /**< clamped to the limit */
    PF_RULE_OWN,     /**< raise: the pod's own explicit request was larger */
    PF_RULE_PERCENT, /**< a percent field */
};
/** `keep`, `ratio`, `default`, `floor`, `cap`, `limit`, `own`, `percent`. Static. */
const char *pf_rule_name(enum pf_rule rule);

/** One value that is written: container `container`, `requests` or `limits`, resource `name`. */
struct pf_rewrite_change {
    const struct pf_container
        *container;        /**< entry of pod->containers; NULL: pod level (spec.resources) */
    bool limit;            /**< true: under limits */
    struct pf_sv resource; /**< `cpu` or `memory` */
    bool had_before;
    struct pf_quantity before; /**< only when had_before */
    struct pf_quantity after;
    enum pf_rule rule;
};

/** Per container what stood there before and what stands there after; for the annotation, `check` and the audit log. */
struct pf_rewrite_container {
    const struct pf_container *container; /**< NULL: pod level */
    struct pf_resource_list
        requests_before; /**< as they came (from our own annotation on a reinvocation) */
    struct pf_resource_list limits_before;
    enum pf_rule
        rule; /**< the rule of its memory request if that was decided, else of cpu, else keep */
};

struct pf_rewrite {
    struct pf_rewrite_change
        *changes; /**< only real ones: after differs from what stands in the pod */
    size_t change_count;
    struct pf_rewrite_container
        *containers; /**< every container in pod->containers order, then the pod level if present */
    size_t container_count;
    bool inject_toleration; /**< pool.inject and the pod does not tolerate the pool's taint yet */
    bool inject_selector;   /**< pool.inject and nodeSelector lacks one of the pool's labels */
    bool
        selector_conflict; /**< nodeSelector has a pool key with another value: nothing is injected, the pod is judged as it is */
    bool
        annotation_trusted; /**< podfit.io/requests was there and agrees with the pod's present values: decisions started from its `before` values */
    struct pf_sv
        annotation; /**< JSON text for podfit.io/requests: per container, resource by resource, before, after, rule; empty when nothing was decided; equal to what the pod carries when nothing new was decided */
};

/**
 * Decide and apply: @p pod is changed as the patch will change it (resource lists, tolerations, nodeSelector), so that it can be judged.
 * The `present` flags of @p pod keep saying what stood in the document. A pod with a defect, one whose record would exceed what an annotation may hold,
 * and a container with a quantity that is negative or over 64 bits are not rewritten.
 *
 * Without a `containers` list the main container with the largest memory limit (the first of equals) carries floors and missing limits; every
 * other container with a limit gets limit / ratio. A pod-level limit carries the quota instead of a container: its request follows the formula, the
 * containers get limit / ratio and are scaled down to fit into it, first those requests that do not follow from the class (with a list, or under
 * `raise`, the pod-level request grows instead).
 *
 * Idempotent: on its own output it finds no change and produces the same annotation.
 *
 * @param pod  decoded, not yet defaulted
 * @return PF_OK, PF_E_NO_MEMORY
 */
enum pf_code pf_rewrite_pod(const struct pf_class *class_, struct pf_pod *pod,
                            struct pf_arena *arena, struct pf_rewrite *ret_rewrite,
                            struct pf_err *err) PF_MUST_CHECK;

#endif

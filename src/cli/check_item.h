#ifndef PODFIT_CHECK_ITEM_H
#define PODFIT_CHECK_ITEM_H

/** What `podfit check` says about one pod, and how it is written. */

#include <podfit/admission.h>
#include <podfit/buf.h>

/** Values of one container (or of the pod as a whole) before and after the rewrite. */
struct pf_check_container {
    struct pf_sv name;
    bool init; /**< init container or sidecar */
    const struct pf_resource_list *requests_before;
    const struct pf_resource_list *limits_before;
    const struct pf_resource_list *requests;
    const struct pf_resource_list *limits;
    enum pf_rule rule; /**< of the container as a whole */
    const struct pf_rewrite_change
        *changes; /**< of this container, borrowed; with the rules of single values */
    size_t change_count;
};

/** One item of a CheckList; everything is borrowed from the arena of the judgement. */
struct pf_check_item {
    struct pf_sv namespace_;
    struct pf_sv name;       /**< or generateName */
    struct pf_sv class_name; /**< empty: no class covers it */
    enum pf_verdict verdict;
    enum pf_action action;
    bool observed;            /**< the class only observes */
    struct pf_sv message;     /**< kube-scheduler's sentence */
    struct pf_sv post_filter; /**< what it adds when no eviction helps; empty: nothing */
    const struct pf_preemption *preemption; /**< the pod fits by eviction only; NULL: not so */
    struct pf_sv explanation; /**< the whole sentence a user would get, or why nothing was judged */
    const struct pf_check_container *containers;
    size_t container_count;
    const struct pf_check_container *pod_level; /**< NULL: spec.resources is absent */
    struct pf_request request;                  /**< as the scheduler counts it */
    const struct pf_fit_node *nodes;
    size_t node_count;
    uint64_t slots;
    struct pf_sv binding;
    const struct pf_fit_hints *hints; /**< what would help a misfit; NULL: nothing was looked for */
    struct pf_sv patch;               /**< RFC 6902, or empty */
};

/** What an item is made from. */
struct pf_check_source {
    const struct pf_decision *decision;
    const struct pf_explanation *explanation; /**< NULL: nothing was judged node by node */
    const struct pf_kube_features *features;
    struct pf_sv namespace_;
    struct pf_sv name; /**< used where the pod has none */
    bool
        bare; /**< no configuration was given: the pod is judged as it is, no class and no patch are told */
};

/** Collect. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_check_item_make(const struct pf_check_source *source, struct pf_arena *arena,
                                struct pf_check_item *ret_item, struct pf_err *err) PF_MUST_CHECK;

/** Append the item as JSON: the contract of design section 8. */
void pf_check_item_write(const struct pf_check_item *item, struct pf_buf *buf);

/**
 * Append what a person reads.
 *
 * @param explain  what the nodes answer, too: pf_check_nodes_put()
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_check_text_put(const struct pf_check_item *item, bool explain, bool colour,
                               struct pf_arena *arena, struct pf_buf *buf) PF_MUST_CHECK;

/**
 * Append the table of what the nodes answer. Nodes whose answers are equal (fit, slots, filter, reasons) share a row: how many there are, and the first by name.
 *
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_check_nodes_put(const struct pf_check_item *item, bool colour,
                                struct pf_arena *arena, struct pf_buf *buf) PF_MUST_CHECK;

#endif

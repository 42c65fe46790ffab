#ifndef PODFIT_CLASS_H
#define PODFIT_CLASS_H

/** Classes: which pods a rule set covers and what happens to them (design section 4). Immutable once built. */

#include <podfit/node.h>
#include <podfit/pod.h>
#include <podfit/quota.h>

enum pf_requests_mode {
    PF_REQUESTS_REPLACE, /**< the formula decides */
    PF_REQUESTS_RAISE,   /**< max of the pod's own explicit request and the formula */
    PF_REQUESTS_KEEP,    /**< never touched, only the fit is verified */
};

/** What is done with a pod that does not fit. */
enum pf_action {
    PF_ACTION_ALLOW,    /**< it fits, or nothing covers it */
    PF_ACTION_ANNOTATE, /**< admitted, the reason written into it */
    PF_ACTION_GATE,   /**< admitted with a scheduling gate that podfit removes when there is room */
    PF_ACTION_REJECT, /**< refused with one sentence */
};
/** `allow`, `annotate`, `gate`, `reject`. Static. */
const char *pf_action_name(enum pf_action action);

/** OpenShift ClusterResourceOverride fields; 0: absent. cpu_to_memory may exceed 100. */
struct pf_percents {
    uint32_t memory_request_to_limit;
    uint32_t cpu_request_to_limit;
    uint32_t limit_cpu_to_memory;
    uint32_t cpu_request_to_request;
};

struct pf_class {
    struct pf_sv name;
    struct pf_sv *namespaces; /**< names; with none and no selector every namespace matches */
    size_t namespace_count;
    struct pf_label_selector
        namespace_selector;                   /**< absent: not used. Needs the namespace's labels */
    struct pf_label_selector pod_selector;    /**< absent: every pod */
    struct pf_label_selector member_selector; /**< absent: no members */
    bool has_quota;
    struct pf_quota quota;
    bool has_percents; /**< a class has a quota or percents, not both */
    struct pf_percents percents;
    struct pf_sv *containers; /**< names that carry the quota; none: every container with a limit */
    size_t container_count;
    enum pf_requests_mode requests;
    bool has_pool;
    struct pf_taint pool_taint; /**< key empty: no taint */
    struct pf_labels pool_selector;
    bool pool_inject;
    enum pf_action on_never; /**< reject or annotate */
    enum pf_action on_full;  /**< reject, annotate or gate */
    bool observe;
    bool
        ignore_preemption; /**< preemption: ignore: room that lower-priority pods would give up is none */
};

/** Labels of a namespace, or NULL when it is not known (a class that asks for labels then does not match). */
typedef const struct pf_labels *(*pf_namespace_labels_fn)(void *opaque, struct pf_sv namespace_);

/** First class that matches, or NULL. @param namespace_ of the review. Pure; thread-safe. */
const struct pf_class *pf_class_match(const struct pf_class *classes, size_t count,
                                      const struct pf_pod *pod, struct pf_sv namespace_,
                                      pf_namespace_labels_fn namespace_labels, void *opaque);
/** Is this pod a member of the class (memberSelector)? */
bool pf_class_is_member(const struct pf_class *class_, const struct pf_pod *pod);

/** `key=value:Effect`, `key:Effect` as kubectl writes a taint. Views borrow from @p text. @return PF_OK or PF_E_INVALID */
enum pf_code pf_class_parse_taint(struct pf_sv text, struct pf_taint *ret_taint,
                                  struct pf_err *err) PF_MUST_CHECK;

#endif

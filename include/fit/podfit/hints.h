#ifndef PODFIT_HINTS_H
#define PODFIT_HINTS_H

/** What would help a pod that does not fit now. Each hint was tried: with it, kube-scheduler's filters pass. */

#include <podfit/model.h>

/** Kind of a rule that keeps a pod off nodes. */
enum pf_hint_rule {
    PF_HINT_TOLERATION,    /**< a taint that the pod does not tolerate */
    PF_HINT_NODE_SELECTOR, /**< a label of spec.nodeSelector */
    PF_HINT_NODE_AFFINITY, /**< the required node affinity as a whole */
};
/** `toleration`, `nodeSelector`, `nodeAffinity`. Static. */
const char *pf_hint_rule_name(enum pf_hint_rule rule);

struct pf_fit_hints {
    /** Largest pod requests with which it fits, all else as asked. A member that was lowered alone is set; both, when only both together help. */
    bool has_cpu;
    bool has_memory;
    bool together;     /**< cpu and memory have to be lowered both */
    int64_t milli_cpu; /**< pod request as the scheduler counts it */
    int64_t memory;    /**< bytes */
    bool has_rule;     /**< the one toleration or label that excludes most nodes */
    enum pf_hint_rule rule;
    struct pf_sv rule_text; /**< `key=value:NoSchedule`, `key=value`; in the arena */
    uint32_t rule_nodes;    /**< nodes it excludes */
    uint32_t rule_fits;     /**< nodes on which the pod fits without it */
    bool has_leaving;       /**< pods that ask for the same have to leave one node */
    uint64_t leaving;
    struct pf_sv leaving_node; /**< where the fewest have to; in the arena */
};

#endif

#ifndef PODFIT_PLAN_NODE_H
#define PODFIT_PLAN_NODE_H

/** Nodes that `podfit plan --node` describes: read, less what kubelet keeps for itself, as the objects an API server would list. */

#include "plan_spec.h"
#include <podfit/buf.h>

/** One `--node`: @p count equal nodes. Views borrow from the text. */
struct pf_plan_node_spec {
    struct pf_sv name;               /**< of the first, `-1` is added; empty: not given */
    int64_t count;                   /**< 1 to PF_PLAN_NODES_MAX; 1 when absent */
    int64_t pods;                    /**< 1 to PF_PLAN_PODS_MAX; kubelet's 110 when absent */
    struct pf_plan_amounts capacity; /**< cpu and memory are always there */
    struct pf_resource *scalars;     /**< other resources, such as `nvidia.com/gpu` */
    size_t scalar_count;
    struct pf_taint *taints;
    size_t taint_count;
    struct pf_label *labels; /**< in the order given, each key once */
    size_t label_count;
};

/**
 * `count=3,cpu=24,memory=64Gi,pods=110,taint=K=V:NoSchedule,label=K=V,name=big,nvidia.com/gpu=2`; taint and label may be repeated.
 *
 * @param arena  takes the lists
 * @return as pf_plan_spec_amounts(); PF_E_TOO_BIG (PF_PLAN_NODE_PARTS_MAX), PF_E_NO_MEMORY
 */
enum pf_code pf_plan_node_parse(struct pf_sv text, struct pf_arena *arena,
                                struct pf_plan_node_spec *ret_spec,
                                struct pf_err *err) PF_MUST_CHECK;

/** What kubelet takes off a node's capacity: --kube-reserved, --system-reserved, --eviction-hard. */
struct pf_plan_node_reserves {
    const struct pf_plan_amounts *items;
    size_t count;
};

/**
 * Append a `kind: List` of Node objects, as a snapshot has it: allocatable = capacity - reserves
 * (kubelet: Node Allocatable). Names are unique: `node-1`, `node-2`, and `node2-1` for a second description without a name.
 *
 * @return PF_OK; PF_E_INVALID (a name twice), PF_E_RANGE (the reserves leave nothing; more than PF_PLAN_NODES_MAX nodes), the buffer's failure
 */
enum pf_code pf_plan_node_write(const struct pf_plan_node_spec *specs, size_t count,
                                const struct pf_plan_node_reserves *reserves, struct pf_buf *buf,
                                struct pf_err *err) PF_MUST_CHECK;

#endif

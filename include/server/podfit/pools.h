#ifndef PODFIT_POOLS_H
#define PODFIT_POOLS_H

/**
 * How full the pool of each class is: families podfit_pool_* of /metrics. The pool of a class is the nodes that its pool.nodeSelector selects; without a selector those
 * that carry its taint; of a class without a pool, all nodes.
 *
 * Nodes that take no new pod now (cordoned, or with a taint of node.kubernetes.io/ that keeps pods away) are counted apart, and their amounts are left out: room on
 * them is of no use to anybody.
 */

#include <podfit/buf.h>
#include <podfit/class.h>
#include <podfit/model.h>

/** Resources beside cpu, memory, ephemeral-storage and pods that get a label; those that come later in the model are left out. */
#define PF_POOLS_SCALARS_MAX 16
/** Classes that get a label, in the order of the configuration: one bit each. */
#define PF_POOLS_CLASSES_MAX 64

/** Nodes that are counted while the model is held: some 0.1 ms with as many classes that share them all. */
#define PF_POOLS_NODES_A_HOLD 128

/**
 * Append the families. Takes the model's lock for a piece of its nodes at a time; a node counts as it is when its turn comes, and reviews that wait come first.
 *
 * @param classes  borrowed
 * @return PF_OK; PF_E_NO_MEMORY, nothing was appended
 * @note Thread-safe.
 */
enum pf_code pf_pools_write(struct pf_model *model, const struct pf_class *classes, size_t count,
                            struct pf_buf *buf, struct pf_err *err) PF_MUST_CHECK;

#endif

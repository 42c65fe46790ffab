#ifndef PODFIT_BENCH_OBJECTS_H
#define PODFIT_BENCH_OBJECTS_H

/** Nodes and pods at the sizes that they have in real clusters, most of it managedFields. One thread at a time appends to a text; the struct may be shared. */

#include <podfit/buf.h>

#define OBJECTS_NODE_BYTES 13000
#define OBJECTS_POD_BYTES  9000
#define OBJECTS_NAMESPACES 40 /* of the pods: team-0, team-1, ... */

struct objects {
    unsigned nodes; /**< that the pods are spread over */
    struct pf_buf node_filler;
    struct pf_buf pod_filler;
};

void objects_init(struct objects *objects, unsigned nodes);
void objects_done(struct objects *objects);
/** The @p i-th node as compact JSON with a resourceVersion. */
void objects_append_node(struct pf_buf *text, const struct objects *objects, unsigned i,
                         uint64_t version);
/** The @p i-th pod; one in 200 is pending, the others are bound in turn to the nodes. */
void objects_append_pod(struct pf_buf *text, const struct objects *objects, unsigned i,
                        uint64_t version);

#endif

#ifndef PODFIT_TEST_PROMISES_H
#define PODFIT_TEST_PROMISES_H

/** Room that is promised once, to pods on their way. Two nodes, a in zone a and b in zone b. */

#include "volume_rows.h"
#include "world.h"

#define PROMISES_MAX 6
#define LOCAL        CLASS("local", "kubernetes.io/no-provisioner", WAIT, "")
#define AT(node)                                                                            \
    ",'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'zone'," \
    "'operator':'In','values':['" node "']}]}]}}"
#define FIVE_CLAIMS            \
    LATE("c0", "local", "5Gi") \
    LATE("c1", "local", "5Gi") \
    LATE("c2", "local", "5Gi") LATE("c3", "local", "5Gi") LATE("c4", "local", "5Gi") LOCAL
#define PAIR FIVE_CLAIMS FREE("va", "local", "9Gi", AT("a")) FREE("vb", "local", "9Gi", AT("b"))

/** How much is seen of a pod that was admitted. */
enum promise_mode {
    RESERVED, /* nothing of them is seen */
    SEEN,     /* as pods that wait, where their room was held */
    WAITING,  /* as pods that podfit had not been asked about */
    PROMISE_MODES,
};

/** A world of the nodes a and b with these objects; failures end the test, here and below. Release with world_done(). */
void promises_begin(struct world *world, const char *objects);
/** More objects; the first character is the comma that the macros begin with. */
void promises_add(struct world *world, const char *objects);
/** The model's checker must agree. @param name  of the row, for the message */
void promises_check(struct world *world, const char *name);

/**
 * JSON of pod @p number, in the world's arena.
 *
 * @param pod   its volumes, or its whole spec when it begins with a quote
 * @param node  NULL: it has none yet
 */
struct pf_sv promises_pod(struct world *world, unsigned number, const char *pod, bool annotated,
                          const char *node);
/** Judge a pod and let it be admitted. @return its place or verdict and a space, in the world's arena */
const char *promises_make(struct world *world, unsigned number, const char *pod,
                          enum promise_mode mode);
/** Give pods that wait their places. */
void promises_place(struct world *world);
/** Reservations run out, and all pods go. */
void promises_forget(struct world *world);

#endif

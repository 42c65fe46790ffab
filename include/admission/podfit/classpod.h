#ifndef PODFIT_CLASSPOD_H
#define PODFIT_CLASSPOD_H

/** A pod that a class covers, made up from the class alone: what plans and headroom are counted in. */

#include <podfit/arena.h>
#include <podfit/buf.h>
#include <podfit/class.h>

/** Quantities as they are written in a pod; empty ones are left out. Borrowed. */
struct pf_classpod_amounts {
    struct pf_sv cpu;
    struct pf_sv memory;
    struct pf_sv storage; /**< ephemeral-storage */
};

struct pf_classpod {
    const struct pf_class *
        class_; /**< gives namespace, labels, container name, toleration and node selector of the pool */
    bool member;                         /**< labels of the class's members */
    struct pf_classpod_amounts requests; /**< that its container carries before the rewrite */
    struct pf_classpod_amounts limits;
};

/** Append the Pod as JSON. @param arena  for the call only @return PF_OK, PF_E_NO_MEMORY or the buffer's failure. Thread-safe */
enum pf_code pf_classpod_write(const struct pf_classpod *wish, struct pf_arena *arena,
                               struct pf_buf *buf, struct pf_err *err) PF_MUST_CHECK;

#endif

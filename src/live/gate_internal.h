#ifndef PODFIT_LIVE_GATE_INTERNAL_H
#define PODFIT_LIVE_GATE_INTERNAL_H

/** Inside gate: who waits (gate.c), and what is done about it (gate_step.c). */

#include "live_internal.h"
#include <podfit/map.h>
#include <podfit/mutation.h>

/** Largest pod that is read: the API server stores 1.5 MiB. */
#define PF_GATE_POD_MAX_BYTES ((size_t)4 * 1024 * 1024)

/** A pod behind our gate and no other; one heap block. */
struct pf_gate_entry {
    struct pf_sv key; /* namespace/name */
    struct pf_sv namespace_;
    struct pf_sv name;
    struct pf_sv uid;
    struct pf_sv class_name; /* pods of a class stand in one queue */
    int64_t created_ns;
    int64_t retry_at_ns;
    uint64_t pass; /* nothing more to do in this pass */
    bool doubtful;
    char texts[];
};

struct pf_live_gate {
    struct pf_live *live;
    struct pf_map entries; /* key to address */
    uint64_t pass;
    int64_t pass_began_ns;
    uint64_t seen;      /* last change of the model that was looked at */
    int64_t next_at_ns; /* of the next request */
    bool told;          /* that the right to get or patch is missing; once per change */
    struct pf_live_gates counts;

    /* the pod that is being looked at */
    struct pf_kube_call *call; /* NULL: none */
    char *key;                 /* owned; of its entry, which may go meanwhile */
    char *review;              /* owned; reservation that was made for it; NULL: none */
    struct pf_buf body;
};

/** @return NULL when there is none */
struct pf_gate_entry *pf_gate_find(const struct pf_live_gate *gate, struct pf_sv key);
/** Forget; NULL is ignored. */
void pf_gate_drop(struct pf_live_gate *gate, struct pf_gate_entry *entry);
/** Does this pod wait for us alone? Other gates are other controllers' business: as long as one stands, room would be held for nobody knows how long. */
bool pf_gate_is_ours(const struct pf_pod *pod);

#endif

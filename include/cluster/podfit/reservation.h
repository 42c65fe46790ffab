#ifndef PODFIT_RESERVATION_H
#define PODFIT_RESERVATION_H

/**
 * Room held for pods that were admitted and that the watch has not shown yet. Keyed by the uid of the review (a pod has no uid at CREATE and often no name).
 * All [locked]. Sources: design section 6, webhook-practice P-24, apiserver-facts "What arrives".
 */

#include <podfit/assumed.h>

/** What a reservation holds. */
struct pf_reservation_spec {
    struct pf_sv review_uid; /**< key */
    struct pf_sv namespace_;
    const struct pf_pod
        *pod; /**< after rewriting and defaulting; ports and labels are kept as filters need them */
    const struct pf_request *request;
    uint32_t
        node; /**< slot, or PF_NODE_NONE: the pod was admitted without a place (annotated misfit, unknown) and only its key is kept */
    bool
        guessed; /**< podfit is not sure that it fits there: its pod is placed by the filters when it appears */
    struct pf_binds binds; /**< of the pod's claims on that node; copied */
    struct pf_sv
        pod_name; /**< metadata.name, else generateName, of a pod that will carry no annotation of ours (observed); empty: it carries the key */
};

/** Drop what has run out by the model's clock; called before each judgement. @return number dropped */
uint32_t pf_reservation_expire(struct pf_model *model);

/**
 * Nobody can claim a reservation while pods are not watched, so its time stands still until they are again. One that was held when the watch was cut needs a
 * second TTL of watching: a pod may have been stored up to the end of the first, and what was missed comes before what is new. The time of all openings is
 * added up, each counts as TTL / PF_RESERVATION_CUTS at least; so a watch that is cut again and again frees what nobody claims, too. How many are held stays
 * bounded by reservations_max. Harmless when nothing changes. Source: a burst while the watch was cut for longer than the TTL
 * (tests/e2e/cluster/test_faults.py) promised room twice.
 */
void pf_reservation_pause(struct pf_model *model, bool paused);

/** Make or replace (same key) a reservation; its TTL starts now. @return PF_OK, PF_E_NO_MEMORY, or PF_E_TOO_BIG (reservations_max held) */
enum pf_code pf_reservation_put(struct pf_model *model, const struct pf_reservation_spec *spec,
                                struct pf_err *err) PF_MUST_CHECK;

/** Is there an unclaimed reservation with this key, namespace and request? A reinvocation continues it; anything else is a stranger's annotation. */
bool pf_reservation_matches(const struct pf_model *model, struct pf_sv review_uid,
                            struct pf_sv space, const struct pf_request *request);

/** Give its room back for the moment of judging its own pod again. @return node slot it held (PF_NODE_NONE when none) */
uint32_t pf_reservation_lift(struct pf_model *model, struct pf_sv review_uid);

/** Drop it. @return true when it was there */
bool pf_reservation_drop(struct pf_model *model, struct pf_sv review_uid);

/** Drop what is held for an unannotated pod of this name (not generateName): an earlier attempt, or an earlier call about the same pod. @return true when it was there */
bool pf_reservation_drop_named(struct pf_model *model, struct pf_sv space, struct pf_sv name);

/** Room that one reservation holds. */
struct pf_reserved {
    uint32_t node; /**< slot */
    int64_t milli_cpu;
    int64_t memory;
};
/** Visit the reservations that hold room on a node, oldest first. At most PF_RESERVATIONS_MAX steps of some nanoseconds. */
void pf_reservation_each(const struct pf_model *model,
                         void (*visit)(void *opaque, const struct pf_reserved *reserved),
                         void *opaque);

#endif

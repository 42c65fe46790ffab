#ifndef PODFIT_RECORD_INTERNAL_H
#define PODFIT_RECORD_INTERNAL_H

/**
 * Internal to policy: the annotation podfit.io/requests. Its form, compact and in the pod's order, one entry a container in which something was
 * decided:
 *
 *     [{"container":"project","index":0,"requests":{"cpu":{"before":"1","after":"50m","rule":"ratio"}},
 *       "limits":{"memory":{"before":null,"after":"2000Mi","rule":"default"}}},
 *      {"container":"setup","init":true,"index":0,...},
 *      {"pod":true,...}]
 *
 * `before` null: the key was absent. `"init":true`: an entry of initContainers; `index`: in its own list; `"pod":true`: pod-level resources.
 *
 * Anybody may write such an annotation into the pod he creates. So it is never proof: it only says from which values a decision starts, those values
 * are decided again from there, and whatever it claims but podfit would not decide is ignored (pf_record_is_replayed()). Who forges
 * one gets what the pod he claims to have sent would have got.
 */

#include "plan_internal.h"

/** The API server allows 256 KiB for all annotations of an object (TotalAnnotationSizeLimitB); a quarter is left to others. */
#define PF_RECORD_MAX_BYTES ((size_t)192 * 1024)

/** What pf_record_read() found. */
enum pf_record_state {
    PF_RECORD_ABSENT,   /**< no annotation */
    PF_RECORD_DISTRUST, /**< an entry is malformed or disagrees with the pod, and was ignored */
    PF_RECORD_AGREES,   /**< every `after` stands in the pod */
};

/**
 * Take the `before` values of entries that agree with the pod into the plan.
 *
 * @param[out] ret_state  untouched on failure
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_record_read(struct pf_plan *plan, enum pf_record_state *ret_state) PF_MUST_CHECK;
/** Forget what pf_record_read() took. */
void pf_record_forget(struct pf_plan *plan);
/** After pf_plan_decide(): was every value with a `before` of its own decided again? */
bool pf_record_is_replayed(const struct pf_plan *plan);

/**
 * Text of what was decided, in the plan's arena; empty when nothing was.
 *
 * @return PF_OK, PF_E_TOO_BIG (over PF_RECORD_MAX_BYTES) or PF_E_NO_MEMORY
 */
enum pf_code pf_record_write(const struct pf_plan *plan, struct pf_sv *ret_text) PF_MUST_CHECK;

#endif

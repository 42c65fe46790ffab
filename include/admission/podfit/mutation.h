#ifndef PODFIT_MUTATION_H
#define PODFIT_MUTATION_H

/** The RFC 6902 patch of a decision: resources, pool, gate, annotations. Sources: design section 5, webhook-practice P-12, P-32 to P-36. */

#include <podfit/admission.h>

/** Name of the scheduling gate that `onFull: gate` adds. */
#define PF_MUTATION_GATE "podfit.io/capacity"

/** What stood in the pod before it was rewritten: whether parents exist decides between `add` of a whole object and `add` of a member. */
struct pf_mutation_origin {
    const struct pf_container *containers; /**< copy of pod->containers before the rewrite */
    bool resources_present;
    bool requests_present;
    bool limits_present;
    bool tolerations_present;
    bool node_selector_present;
};

/** Remember what the patch needs. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_mutation_origin_take(const struct pf_pod *pod, struct pf_arena *arena,
                                     struct pf_mutation_origin *ret_origin) PF_MUST_CHECK;

/**
 * Compose the patch.
 *
 * @param decision  class, rewrite, verdict, action and explanation are set; nothing is patched for an observed or rejected pod
 * @param class_  of the decision
 * @param metadata  false for pods/resize, where only resources may change
 * @param[out] ret_patch  in the arena; empty when there is nothing to do
 */
enum pf_code pf_mutation_patch(const struct pf_decision *decision, const struct pf_class *class_,
                               const struct pf_mutation_origin *origin, bool metadata,
                               struct pf_arena *arena, struct pf_sv *ret_patch) PF_MUST_CHECK;

/** Index of our gate in pod->scheduling_gates, or SIZE_MAX. */
size_t pf_mutation_gate_index(const struct pf_pod *pod);

#endif

#ifndef PODFIT_FIT_BINDING_H
#define PODFIT_FIT_BINDING_H

/**
 * The constraint that binds: a resource (`cpu`, `memory`, `pods`, `nvidia.com/gpu`) or the plug-in that excludes. Inside of the fit module.
 *
 * Ties are decided by memory, cpu, pods, ephemeral-storage, scalars by name, then plug-ins in kube-scheduler's order: what an overcommitted cluster runs out
 * of most often comes first, so that equal causes get an equal text.
 */

#include "outcomes.h"
#include "room.h"

/** Name of a constraint by its index in pf_room_slots.by, in the arena or static. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_binding_name(const struct pf_filter_input *input, unsigned constraint,
                             struct pf_arena *arena, struct pf_sv *ret_name) PF_MUST_CHECK;
/** The constraint that excludes most nodes; empty without a node. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_binding_of_misfit(const struct pf_filter_input *input,
                                  const struct pf_outcomes *outcomes, struct pf_arena *arena,
                                  struct pf_sv *ret_binding) PF_MUST_CHECK;
/** The same of one node's result. */
enum pf_code pf_binding_of_result(const struct pf_filter_input *input,
                                  const struct pf_result *result, struct pf_arena *arena,
                                  struct pf_sv *ret_binding) PF_MUST_CHECK;
/** The constraint with the fewest slots; empty when nothing limits them. */
enum pf_code pf_binding_of_slots(const struct pf_filter_input *input,
                                 const struct pf_room_slots *slots, struct pf_arena *arena,
                                 struct pf_sv *ret_binding) PF_MUST_CHECK;

#endif

#ifndef PODFIT_FIT_VOLUME_BUILDER_H
#define PODFIT_FIT_VOLUME_BUILDER_H

/** The making of a plan of volumes, shared by its parts. Inside of the fit module. */

#include "volume_plan.h"

#define PF_VOLUME_FILTERS                                                       \
    (1U << PF_FILTER_VOLUME_RESTRICTIONS | 1U << PF_FILTER_NODE_VOLUME_LIMITS | \
     1U << PF_FILTER_VOLUME_BINDING | 1U << PF_FILTER_VOLUME_ZONE)

/** One building of a plan. */
struct pf_volume_builder {
    const struct pf_model *model;
    const struct pf_fit_options *options;
    struct pf_arena *arena;
    struct pf_question *question;
    struct pf_volume_plan *plan;
    bool ended; /**< rejected or unsure: no filter has to look at a node */
    enum pf_code code;
};

/** Has the filter something to say still? */
bool pf_volume_builder_is_active(const struct pf_volume_builder *b, enum pf_filter_id filter);
/** The filters do not run; whether the pod fits is not known unless the others leave no node. @param text  NULL: no memory */
void pf_volume_builder_give_up(struct pf_volume_builder *b, const char *text);
void pf_volume_builder_reject(struct pf_volume_builder *b, enum pf_filter_id filter,
                              const char *text);
/** A rejection that ends by itself: see struct pf_fit_options, claims_now. */
void pf_volume_builder_reject_for_now(struct pf_volume_builder *b, enum pf_filter_id filter,
                                      const char *text);
/** @return false: the model does not know the kind, and the pod is unsure for that */
bool pf_volume_builder_require(struct pf_volume_builder *b, enum pf_kind kind);
/** A kind that can only help: without it a misfit is not sure. */
void pf_volume_builder_wish(struct pf_volume_builder *b, enum pf_kind kind);
/** Text of a NotFound error. */
const char *pf_volume_builder_not_found(struct pf_volume_builder *b, const char *resource,
                                        struct pf_sv name);
bool pf_volume_builder_uses_claim(const struct pf_pod_volume *volume);
/** Name of the claim behind a volume; ephemeral: POD-VOLUME. */
struct pf_sv pf_volume_builder_claim_name(struct pf_volume_builder *b,
                                          const struct pf_pod_volume *volume);
const struct pf_claim *pf_volume_builder_find_claim(const struct pf_volume_builder *b,
                                                    struct pf_sv name);

/* ---- volume_claims.c ---- */

/** PreFilter of VolumeBinding, and what its Filter needs of each claim. */
void pf_volume_claims_plan(struct pf_volume_builder *b);

#endif

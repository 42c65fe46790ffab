#ifndef PODFIT_POOL_INTERNAL_H
#define PODFIT_POOL_INTERNAL_H

/** Internal to policy: toleration and node selector of a class's pool. */

#include <podfit/rewrite.h>

/** Inject what is missing into @p pod, and say so in @p rewrite. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_pool_inject(const struct pf_class *class_, struct pf_pod *pod,
                            struct pf_arena *arena, struct pf_rewrite *rewrite) PF_MUST_CHECK;

#endif

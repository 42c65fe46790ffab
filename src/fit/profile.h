#ifndef PODFIT_FIT_PROFILES_H
#define PODFIT_FIT_PROFILES_H

/** The options of the engine as each profile has them. Inside of the fit module; immutable once made. */

#include <podfit/fit.h>

/** Options of one profile: those of the engine with the profile's own added. */
struct pf_profile {
    struct pf_fit_options options; /**< profiles, profile_count 0 */
    const struct pf_fit_profile *source;
    uint32_t index;
};

struct pf_profiles {
    struct pf_profile *items; /**< owned */
    struct pf_sv *names;      /**< owned: the ignored resources of all profiles */
    size_t count;
};

/** @param options  borrowed for as long as the result lives @return PF_OK or PF_E_NO_MEMORY (nothing to release) */
enum pf_code pf_profile_make_all(const struct pf_fit_options *options,
                                 struct pf_profiles *ret_profiles) PF_MUST_CHECK;
void pf_profile_done_all(struct pf_profiles *profiles);

/** The profile that takes pods of this schedulerName (empty: default-scheduler), or NULL. */
const struct pf_profile *pf_profile_find(const struct pf_profiles *profiles, struct pf_sv name);

/** Why the pod names no profile: `spec.schedulerName is 'x', not 'default-scheduler'`. @return NULL: no memory */
const char *pf_profile_missing(const struct pf_profiles *profiles, struct pf_sv name,
                               struct pf_arena *arena);

/** Why pods of this profile, or this pod, cannot be judged; *ret_why stays NULL when they can. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_profile_doubt(const struct pf_profile *profile, const struct pf_pod *pod,
                              struct pf_arena *arena, const char **ret_why) PF_MUST_CHECK;

#endif

#ifndef PODFIT_REGISTRATION_FOLLOWED_H
#define PODFIT_REGISTRATION_FOLLOWED_H

/* One API object that is followed by watch: its newest JSON. */

#include <podfit/reflector.h>

struct pf_followed {
    struct pf_reflector *reflector;
    struct pf_buf json; /**< of the object; meaningful while present */
    bool present;
    bool synced;   /**< what is known has been complete at least once */
    bool seen;     /**< in the list that is under way */
    bool changed;  /**< since pf_followed_take() */
    char why[256]; /**< why it cannot be followed; empty: it can */
    char path[640];
    char selector[320];
};

/** What pf_followed_begin() needs. Path and selector are copied, the rest is borrowed. */
struct pf_followed_options {
    struct pf_kube_client *client;
    const struct pf_clock *clock;
    const char *what; /**< for messages; static */
    const char *list_path;
    const char *name;
    uint64_t seed;
};

/** @param followed  zero-initialised; stays where it is until pf_followed_end() @return PF_OK, PF_E_TOO_BIG (names), PF_E_NO_MEMORY */
enum pf_code pf_followed_begin(struct pf_followed *followed,
                               const struct pf_followed_options *options,
                               struct pf_err *err) PF_MUST_CHECK;
/** Accepts a zeroed struct. The JSON is overwritten. */
void pf_followed_end(struct pf_followed *followed);

/** A newer state than the watch brought: an answer to a request of ours. @return false: no memory, nothing changed */
bool pf_followed_put(struct pf_followed *followed, struct pf_sv json);
/** It turned out that it is not there. */
void pf_followed_remove(struct pf_followed *followed);
/** Has it changed since the last call, or become synced? */
bool pf_followed_take(struct pf_followed *followed);

#endif

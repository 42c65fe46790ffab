#ifndef PODFIT_PATHTOKEN_H
#define PODFIT_PATHTOKEN_H

/** The secret part of the webhook's path, `/mutate/<token>`: any pod of a cluster can reach the port, only the API server is told the path. */

#include <pthread.h>
#include <stdbool.h>

#include <podfit/error.h>
#include <podfit/sv.h>

/** 16 characters of base64url hold 96 bits; the longest leaves room in a request line. */
#define PF_PATHTOKEN_MIN_BYTES 16
#define PF_PATHTOKEN_MAX_BYTES 256

struct pf_pathtoken {
    pthread_mutex_t lock; /**< guards the rest: a reload may exchange it */
    bool required;
    size_t len;
    char text[PF_PATHTOKEN_MAX_BYTES];
};

/** No token is asked for until one is set. */
void pf_pathtoken_init(struct pf_pathtoken *token);
/** Overwrites the secret. */
void pf_pathtoken_done(struct pf_pathtoken *token);

/**
 * Ask for this token from now on.
 *
 * @param text  borrowed; contents of the token file, white space around it is cut; letters, digits and `-._~`
 * @return PF_OK or PF_E_INVALID (the text never quotes the token); the old one stays then
 */
enum pf_code pf_pathtoken_set(struct pf_pathtoken *token, struct pf_sv text,
                              struct pf_err *err) PF_MUST_CHECK;

/** Is @p path the webhook's? `/mutate` when no token is set, else `/mutate/<token>`, compared in constant time. Thread-safe. */
bool pf_pathtoken_matches(struct pf_pathtoken *token, struct pf_sv path);

#endif

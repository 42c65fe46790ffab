#ifndef PODFIT_TLS_CERTSTATE_H
#define PODFIT_TLS_CERTSTATE_H

/* What the files of a certificate folder mean: which CA signed which leaf, which CAs are still needed. */

#include "certstore.h"
#include "ossl.h"
#include <podfit/certdir.h>
#include <podfit/limits.h>

/** The certificates of a folder. Zero-initialise; release with pf_certstate_done(). */
struct pf_certstate {
    STACK_OF(X509) *
        ca; /**< one or more, the first counts; NULL when it cannot be read, and so on */
    STACK_OF(X509) * next;
    STACK_OF(X509) *
        leaf; /**< NULL also when its key does not match or it may not be served for another lasting reason */
    STACK_OF(X509) * bundle;
    STACK_OF(X509) * old; /**< replaced leaves */
    int64_t old_needed_until_wall_ns[PF_CERT_CHAIN_MAX];
    size_t old_count;
    struct pf_err
        leaf_error; /**< why the leaf cannot be served now, expired included; code PF_OK: it can */
};

/** Release. */
void pf_certstate_done(struct pf_certstate *state);

/**
 * Read what can be read. What cannot is NULL; only the current CA must be there.
 *
 * @param[out] ret_state  owned by the caller, untouched on failure
 * @return PF_OK; PF_E_NOT_FOUND (no ca.crt), PF_E_INVALID (ca.crt is no CA certificate), PF_E_IO (ca.crt cannot be read), PF_E_NO_MEMORY
 */
enum pf_code pf_certstate_read(const struct pf_certstore *store, int64_t now_wall_ns,
                               struct pf_certstate *ret_state, struct pf_err *err) PF_MUST_CHECK;

/**
 * What the decision depends on.
 *
 * @param options         borrowed; names, delay and (@p renewing only) force
 * @param[out] ret_view   borrows from @p state
 */
enum pf_code pf_certstate_view(const struct pf_certstate *state,
                               const struct pf_certdir_options *options, bool renewing,
                               struct pf_certplan_view *ret_view, struct pf_err *err) PF_MUST_CHECK;

/**
 * Write the bundle (current CA, next CA, those of the old bundle and the old CA that are still needed) and the replaced leaves that say so.
 *
 * @param before  state before the change; borrowed
 * @param store   holds the new CA, next CA and leaf; its bundle and tls-old.crt are replaced
 */
enum pf_code pf_certstate_rebuild(const struct pf_certstate *before, struct pf_certstore *store,
                                  int64_t now_wall_ns, struct pf_err *err) PF_MUST_CHECK;

#define pf_autocertstate __attribute__((cleanup(pf_certstate_done)))

#endif

#ifndef PODFIT_TLS_CERTROTATE_H
#define PODFIT_TLS_CERTROTATE_H

/* Creating and rotating CA and leaf in memory: what a folder (certdir) and a set (certset) have in common. Nothing is written. */

#include "certstate.h"

/**
 * Defaults filled in, relations between the options checked; single lifetimes are certmake's business.
 *
 * @return PF_OK or PF_E_INVALID
 */
enum pf_code pf_certrotate_options(const struct pf_certdir_options *given,
                                   struct pf_certdir_options *ret,
                                   struct pf_err *err) PF_MUST_CHECK;

/** A first CA and leaf. @param store  empty; filled */
enum pf_code pf_certrotate_create(struct pf_certstore *store,
                                  const struct pf_certdir_options *options, int64_t now_wall_ns,
                                  struct pf_err *err) PF_MUST_CHECK;

/** Broken CA files are not replaced silently: nobody could tell which clients trust what. @return PF_OK or PF_E_INVALID */
enum pf_code pf_certrotate_check(const struct pf_certstore *store, const struct pf_certstate *state,
                                 struct pf_err *err) PF_MUST_CHECK;

/**
 * Do what was decided.
 *
 * @param acts    enum pf_certplan_act
 * @param store   a copy of what @p before was read from; becomes the new generation
 * @param before  state before the change
 */
enum pf_code pf_certrotate_execute(unsigned acts, struct pf_certstore *store,
                                   const struct pf_certstate *before,
                                   const struct pf_certdir_options *options, int64_t now_wall_ns,
                                   struct pf_err *err) PF_MUST_CHECK;

#endif

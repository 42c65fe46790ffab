#ifndef PODFIT_TLS_CERTREPORT_H
#define PODFIT_TLS_CERTREPORT_H

/* Findings about a certificate folder for `show`, and for what create and renew tell at their end. */

#include "certstore.h"
#include <podfit/certdir.h>

/** Add problems of the files themselves: not readable, keys that are open to others. */
void pf_certreport_files(const char *dir, const struct pf_certstore *store,
                         struct pf_certdir_report *report);

/**
 * Fill in certificates, what is due, and problems of the contents.
 *
 * @param report  filled even in part on failure; the caller releases it
 * @return as pf_certstate_read()
 */
enum pf_code pf_certreport_state(const struct pf_certstore *store,
                                 const struct pf_certdir_options *options, int64_t now_wall_ns,
                                 struct pf_certdir_report *report,
                                 struct pf_err *err) PF_MUST_CHECK;

#endif

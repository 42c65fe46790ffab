#ifndef PODFIT_TLS_CERTINFO_H
#define PODFIT_TLS_CERTINFO_H

#include "ossl.h"
#include <podfit/cert.h>

/** Kind and size of a certificate's public key; PF_CERT_KEY_OTHER and 0 when it cannot be read. */
enum pf_cert_key_type pf_certinfo_key(X509 *cert, unsigned *ret_bits);

/**
 * What all certificates of a stack say.
 *
 * @param[out] ret_list  owned by the caller; untouched on failure
 * @return PF_OK, PF_E_INVALID (malformed names), PF_E_TOO_BIG, PF_E_NO_MEMORY
 */
enum pf_code pf_certinfo_list(const STACK_OF(X509) * certs, struct pf_cert_list *ret_list,
                              struct pf_err *err) PF_MUST_CHECK;

#endif

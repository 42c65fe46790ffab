#ifndef PODFIT_SERVING_TRIAL_H
#define PODFIT_SERVING_TRIAL_H

/** Inside serving: does a pair work before it is put in force? */

#include <podfit/serving.h>

/** TLS 1.2 and 1.3, no exchange of keys without forward secrecy (webhook practice M-05, T-02). */
#define PF_SERVING_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA"

/**
 * One handshake in memory with a client that trusts everybody, through the TLS stack and with the settings that clients meet: a pair may belong together, be valid today and
 * still serve nobody (a key that GnuTLS, or its system-wide policy, does not sign with). Readiness has no other proof of it (webhook practice H-11).
 *
 * @return PF_OK; PF_E_INVALID: no handshake succeeds, the text says why; PF_E_NO_MEMORY
 */
enum pf_code pf_serving_try(struct pf_serving_generation *generation,
                            struct pf_err *err) PF_MUST_CHECK;

#endif

#ifndef PODFIT_CERTMAKE_H
#define PODFIT_CERTMAKE_H

/**
 * Making certificates: P-256 keys, ECDSA with SHA-256, random 128-bit serials, NotBefore one hour back (webhook practice C-04). Randomness is
 * OpenSSL's, the time is the caller's. No state; thread-safe.
 */

#include <podfit/cert.h>

/** NotBefore lies this far before the moment of issue, for clients whose clocks are behind (C-04: what kyverno and OPA use). */
#define PF_CERTMAKE_BACKDATE_S INT64_C(3600)
/** Shortest and longest lifetime that can be asked for. A minute is for tests; 50 years stay within 64-bit nanoseconds until 2212. */
#define PF_CERTMAKE_LIFETIME_MIN_S INT64_C(60)
#define PF_CERTMAKE_LIFETIME_MAX_S (INT64_C(50) * 365 * 86400)

/** A certificate authority: critical CA:TRUE with pathlen 0, critical keyUsage keyCertSign and cRLSign, SKI and AKI. */
struct pf_certmake_ca {
    const char *
        common_name; /**< borrowed, 1 to 40 bytes of printable ASCII; NULL: `podfit webhook CA`. 8 digits of the serial are added so that two CAs differ in their name. */
    int64_t lifetime_s; /**< counted from now, not from NotBefore */
};

/** A serving certificate: CA:FALSE, digitalSignature, serverAuth, SKI and AKI; the common name is the first DNS name of at most 64 bytes. */
struct pf_certmake_leaf {
    const char *const *
        names; /**< borrowed; DNS names (also `*.x`) and IP addresses, told apart by their form; at least one */
    size_t names_count; /**< 1 to PF_CERT_SANS_MAX */
    int64_t lifetime_s; /**< counted from now; cut to what the CA has left */
};

/**
 * Create a self-signed CA.
 *
 * @param[out] ret_ca  owned by the caller; untouched on failure
 * @param[out] err     may be NULL
 * @return PF_OK, PF_E_RANGE (lifetime, or a date beyond the year 2261), PF_E_INVALID (common name), PF_E_NO_MEMORY, PF_E_INTERNAL (OpenSSL refused)
 */
enum pf_code pf_certmake_ca(const struct pf_certmake_ca *options, int64_t now_wall_ns,
                            struct pf_cert_pair *ret_ca, struct pf_err *err) PF_MUST_CHECK;

/**
 * Create a key and have the CA sign a serving certificate for it.
 *
 * @param ca            borrowed; a CA with its key, made here or elsewhere (RSA, EC or Ed25519)
 * @param[out] ret_leaf owned by the caller; untouched on failure
 * @param[out] err      may be NULL
 * @return PF_OK; PF_E_INVALID (a name that is none, the CA's PEM, not a CA, key of another CA); PF_E_STATE (CA not valid now); PF_E_RANGE (lifetime);
 *         PF_E_TOO_BIG (number of names); PF_E_UNSUPPORTED (encrypted CA key); PF_E_NO_MEMORY; PF_E_INTERNAL
 */
enum pf_code pf_certmake_leaf(const struct pf_cert_pair *ca, const struct pf_certmake_leaf *options,
                              int64_t now_wall_ns, struct pf_cert_pair *ret_leaf,
                              struct pf_err *err) PF_MUST_CHECK;

#endif

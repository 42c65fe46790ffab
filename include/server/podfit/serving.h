#ifndef PODFIT_SERVING_H
#define PODFIT_SERVING_H

/**
 * The certificate and key in force, exchanged without a restart. A generation is immutable and counted: a connection holds the one its handshake used
 * until it closes, so that a reload never takes a key away from a handshake (webhook practice M-06).
 */

#include <stdint.h>

#include <podfit/error.h>
#include <podfit/sv.h>

struct pf_serving;
struct pf_serving_generation;
struct gnutls_pcert_st;
struct gnutls_privkey_st;

enum pf_code pf_serving_new(struct pf_serving **ret_serving, struct pf_err *err) PF_MUST_CHECK;
/** Generations that connections hold live on until those are released. NULL is ignored. */
void pf_serving_free(struct pf_serving *serving);

/**
 * Use this pair for new handshakes. The caller has checked it (pf_cert_check_pair()); here one handshake is tried with it, in memory.
 *
 * @param cert_pem,key_pem  borrowed; leaf first
 * @return PF_OK; PF_E_INVALID (GnuTLS cannot read it, or no handshake succeeds with it); PF_E_NO_MEMORY. On failure the old pair stays.
 */
enum pf_code pf_serving_install(struct pf_serving *serving, struct pf_sv cert_pem,
                                struct pf_sv key_pem, struct pf_err *err) PF_MUST_CHECK;

/** @return the generation in force with one reference for the caller; NULL before the first pf_serving_install(). Thread-safe. */
struct pf_serving_generation *pf_serving_acquire(struct pf_serving *serving);
/** Thread-safe; NULL is ignored. */
void pf_serving_release(struct pf_serving_generation *generation);

/** What the TLS library is given: borrowed from the generation. Used by one thread at a time. */
void pf_serving_pair(struct pf_serving_generation *generation, struct gnutls_pcert_st **ret_chain,
                     unsigned *ret_count, struct gnutls_privkey_st **ret_key);

#endif

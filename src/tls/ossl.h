#ifndef PODFIT_TLS_OSSL_H
#define PODFIT_TLS_OSSL_H

/* What the files of this folder share about OpenSSL: cleanup, errors, PEM. Not visible outside src/tls. */

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <podfit/buf.h>
#include <podfit/error.h>
#include <podfit/sv.h>

static inline void pf_ossl_cleanup_bio(BIO **bio)
{
    (void)BIO_free(*bio); /* a memory BIO overwrites its bytes before it frees them */
}
static inline void pf_ossl_cleanup_x509(X509 **cert)
{
    X509_free(*cert);
}
static inline void pf_ossl_cleanup_stack(STACK_OF(X509) * *stack)
{
    sk_X509_pop_free(*stack, X509_free);
}
static inline void pf_ossl_cleanup_pkey(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
static inline void pf_ossl_cleanup_mdctx(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}
static inline void pf_ossl_cleanup_names(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}
#define pf_autobio   __attribute__((cleanup(pf_ossl_cleanup_bio)))
#define pf_autox509  __attribute__((cleanup(pf_ossl_cleanup_x509)))
#define pf_autostack __attribute__((cleanup(pf_ossl_cleanup_stack)))
#define pf_autopkey  __attribute__((cleanup(pf_ossl_cleanup_pkey)))
#define pf_automdctx __attribute__((cleanup(pf_ossl_cleanup_mdctx)))
#define pf_autonames __attribute__((cleanup(pf_ossl_cleanup_names)))

/**
 * Turn what OpenSSL's error queue holds into an error and empty the queue (style H6).
 *
 * @param code  used unless the queue says that memory is exhausted
 * @param what  what was being done; the reason of the earliest entry is appended
 */
enum pf_code pf_ossl_fail(struct pf_err *err, enum pf_code code, const char *what);

/**
 * All CERTIFICATE blocks of a PEM text.
 *
 * @param what           how the text is called in errors, such as `certificate`
 * @param[out] ret_certs owned; at least one and at most PF_CERT_CHAIN_MAX; untouched on failure
 * @return PF_OK, PF_E_INVALID, PF_E_TOO_BIG, PF_E_NO_MEMORY
 */
enum pf_code pf_ossl_read_certs(struct pf_sv pem, const char *what, STACK_OF(X509) * *ret_certs,
                                struct pf_err *err) PF_MUST_CHECK;

/**
 * A private key. Never asks for a password.
 *
 * @param what  how the text is called in errors, such as `key`
 * @return PF_OK, PF_E_INVALID, PF_E_UNSUPPORTED (encrypted), PF_E_TOO_BIG, PF_E_NO_MEMORY
 */
enum pf_code pf_ossl_read_key(struct pf_sv pem, const char *what, EVP_PKEY **ret_key,
                              struct pf_err *err) PF_MUST_CHECK;

/**
 * Is it the key of this certificate? Compares the public parts, then signs and verifies, because a key file can carry a public part that is not its own.
 *
 * @return PF_OK, PF_E_INVALID, PF_E_NO_MEMORY
 */
enum pf_code pf_ossl_match(X509 *cert, EVP_PKEY *key, struct pf_err *err) PF_MUST_CHECK;

/** Did @p issuer issue and sign @p cert? (Names, key identifiers, key usage, signature; not the dates.) */
bool pf_ossl_issued(X509 *issuer, X509 *cert);

/** The digest to sign with: SHA-256, or NULL where the algorithm has its own (Ed25519). */
const EVP_MD *pf_ossl_digest(const EVP_PKEY *key);

/** Bytes of a memory BIO, appended. */
enum pf_code pf_ossl_take(BIO *bio, struct pf_buf *buf, struct pf_err *err) PF_MUST_CHECK;

/** Append a certificate as PEM. */
enum pf_code pf_ossl_append_cert(const X509 *cert, struct pf_buf *buf,
                                 struct pf_err *err) PF_MUST_CHECK;

/** Date as wall clock nanoseconds, in whole seconds, cut to what 64 bits hold; the earliest when it is no date. */
int64_t pf_ossl_wall_ns(const ASN1_TIME *when);

#endif

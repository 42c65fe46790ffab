#ifndef PODFIT_CERT_H
#define PODFIT_CERT_H

/**
 * Reading and checking certificates and keys (PEM), without a terminal, a file system lookup or the system's trust store. Nothing here
 * keeps state; all functions are thread-safe. Times are wall clock nanoseconds since 1970 as struct pf_clock gives them; a date outside
 * the years 1678 to 2261 is cut to that range.
 *
 * When an allocation inside OpenSSL fails, the code is PF_E_NO_MEMORY where OpenSSL says so and the code of the failed check where it does not; never PF_OK for
 * something that was not checked.
 *
 * The form of the checks is what the API server's Go client demands (crypto/x509, crypto/tls) and what webhook practice C-04 and C-09 ask.
 */

#include <stdbool.h>
#include <stdint.h>

#include <podfit/arena.h>
#include <podfit/buf.h>
#include <podfit/error.h>
#include <podfit/sv.h>

/** Kind of the public key in a certificate. */
enum pf_cert_key_type {
    PF_CERT_KEY_OTHER,   /**< none of those below; never passes pf_cert_check_pair() */
    PF_CERT_KEY_RSA,     /**< RSA or RSA-PSS */
    PF_CERT_KEY_EC,      /**< elliptic curve; P-256, P-384 and P-521 pass pf_cert_check_pair() */
    PF_CERT_KEY_ED25519, /**< Ed25519 */
};

/** One name of a certificate. Bytes that are not printable ASCII stand as \xNN. */
struct pf_cert_san {
    bool is_ip;       /**< false: DNS name, may start with `*.` */
    const char *text; /**< such as `podfit.podfit.svc` or `10.0.0.1` or `fe80::1` */
};

/** What one certificate says. All pointers belong to the list that holds it. */
struct pf_cert_info {
    const char *subject; /**< RFC 2253, such as `CN=podfit.podfit.svc` */
    const char *issuer;
    const struct pf_cert_san *sans; /**< DNS names and IP addresses only */
    size_t sans_count;
    const char *serial; /**< upper-case hexadecimal as `openssl x509 -serial` prints it */
    int64_t not_before_wall_ns;
    int64_t not_after_wall_ns;
    char sha256[65]; /**< fingerprint of the DER form, lower-case hexadecimal */
    bool is_ca;      /**< basicConstraints CA:TRUE */
    enum pf_cert_key_type key_type;
    unsigned key_bits;
};

/** The certificates of one PEM text in their order. Zero-initialise; release with pf_cert_list_done(). */
struct pf_cert_list {
    struct pf_arena arena;
    struct pf_cert_info *items; /**< for a pair: [0] is the leaf, the rest its chain */
    size_t count;
};

/** Certificate chain and key as PEM, owned. Zero-initialise; release with pf_cert_pair_done(). */
struct pf_cert_pair {
    struct pf_buf cert_pem; /**< leaf first */
    struct pf_buf key_pem;  /**< PKCS #8 when podfit made it */
};

/** Free; accepts a zeroed struct, may be called twice. */
void pf_cert_list_done(struct pf_cert_list *list);

/** Free, the key is overwritten before. Accepts a zeroed struct, may be called twice. */
void pf_cert_pair_done(struct pf_cert_pair *pair);

/** Move a pair out of a scope that would release it. */
static inline struct pf_cert_pair pf_cert_pair_take(struct pf_cert_pair *pair)
{
    const struct pf_cert_pair taken = *pair;
    *pair = (struct pf_cert_pair){0};
    return taken;
}

/**
 * Read what the certificates of a PEM text say, expired or not, in any order; other blocks and text between blocks are skipped.
 *
 * @param pem            borrowed; at most PF_CERT_PEM_MAX_BYTES
 * @param[out] ret_list  owned by the caller; at least one certificate; untouched on failure
 * @param[out] err       may be NULL
 * @return PF_OK; PF_E_INVALID (empty, no certificate, cut off, not a certificate); PF_E_TOO_BIG (text, PF_CERT_CHAIN_MAX certificates,
 *         PF_CERT_SANS_MAX names); PF_E_NO_MEMORY
 */
enum pf_code pf_cert_list_read(struct pf_sv pem, struct pf_cert_list *ret_list,
                               struct pf_err *err) PF_MUST_CHECK;

/**
 * May this pair be served now? Checks, in this order: certificates parse; key parses and is not encrypted (nobody is asked for a password);
 * the key belongs to the first certificate (same public key, and a signature made with it verifies); key type and size (RSA 2048 to 8192 bits,
 * P-256, P-384, P-521, Ed25519) and digest (no SHA-1, no MD5; a self-signed end of the chain is exempt, nobody verifies it) of every certificate;
 * each certificate is issued and signed by the next, which must be a CA; all are valid at @p now_wall_ns; the first has at least one DNS or IP
 * name; its extended key usage, if there is one, allows serverAuth.
 *
 * It does not ask who trusts the chain: see pf_cert_verify().
 *
 * @param cert_pem        borrowed; leaf first
 * @param key_pem         borrowed; PKCS #8, or RSA or EC form
 * @param[out] ret_chain  owned by the caller; untouched on failure; may be NULL
 * @param[out] err        may be NULL; says `certificate ...` or `key ...` and which check failed, never a part of the key
 * @return PF_OK; PF_E_INVALID (malformed, mismatch, order, signature, no name); PF_E_STATE (expired, not yet valid); PF_E_UNSUPPORTED
 *         (encrypted key, key type or size, digest, usage); PF_E_TOO_BIG; PF_E_NO_MEMORY
 */
enum pf_code pf_cert_check_pair(struct pf_sv cert_pem, struct pf_sv key_pem, int64_t now_wall_ns,
                                struct pf_cert_list *ret_chain, struct pf_err *err) PF_MUST_CHECK;

/**
 * Read two files and pf_cert_check_pair() them. Errors name the file.
 *
 * @param[out] ret_pair   owned by the caller; untouched on failure
 * @param[out] ret_chain  as in pf_cert_check_pair(); may be NULL
 * @return as pf_cert_check_pair(); PF_E_NOT_FOUND or PF_E_IO for the files
 * @note A reader may meet the instant at which a pair is exchanged and get a mismatch; it keeps its old pair and reads again (C-09).
 */
enum pf_code pf_cert_load_pair(const char *cert_path, const char *key_path, int64_t now_wall_ns,
                               struct pf_cert_pair *ret_pair, struct pf_cert_list *ret_chain,
                               struct pf_err *err) PF_MUST_CHECK;

/**
 * Does the first certificate cover this name? By subjectAltName only: the common name is not looked at (as Go, T-02).
 *
 * @param name  borrowed; DNS name or IP address
 * @return PF_OK; PF_E_NOT_FOUND (it does not); PF_E_INVALID, PF_E_TOO_BIG, PF_E_NO_MEMORY as pf_cert_list_read()
 */
enum pf_code pf_cert_check_name(struct pf_sv cert_pem, const char *name,
                                struct pf_err *err) PF_MUST_CHECK;

/**
 * Would a TLS client that trusts exactly @p bundle_pem accept this chain for a server at this time? (RFC 5280 path validation by OpenSSL.)
 *
 * @param chain_pem   borrowed; leaf first, the rest intermediates
 * @param bundle_pem  borrowed; the trusted certificates (caBundle)
 * @param name        borrowed; name the client connects to; NULL: not compared
 * @return PF_OK; PF_E_STATE with the reason when it would not; PF_E_INVALID, PF_E_TOO_BIG, PF_E_NO_MEMORY as pf_cert_list_read()
 */
enum pf_code pf_cert_verify(struct pf_sv chain_pem, struct pf_sv bundle_pem, const char *name,
                            int64_t now_wall_ns, struct pf_err *err) PF_MUST_CHECK;

/**
 * Read a key file without leaving copies in freed memory.
 *
 * @param[out] ret_key  zero-initialised by the caller, who releases it with pf_cert_secret_done(); untouched on failure
 * @return PF_OK, PF_E_NOT_FOUND, PF_E_IO, PF_E_TOO_BIG (over PF_CERT_PEM_MAX_BYTES), PF_E_NO_MEMORY
 */
enum pf_code pf_cert_secret_read(const char *path, struct pf_buf *ret_key,
                                 struct pf_err *err) PF_MUST_CHECK;

/** Overwrite the bytes, then free. Accepts a zeroed struct, may be called twice. */
void pf_cert_secret_done(struct pf_buf *key);

#define pf_autocertlist __attribute__((cleanup(pf_cert_list_done)))
#define pf_autocertpair __attribute__((cleanup(pf_cert_pair_done)))
#define pf_autosecret   __attribute__((cleanup(pf_cert_secret_done)))

#endif

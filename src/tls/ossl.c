#include "ossl.h"

#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include <podfit/clock.h>
#include <podfit/limits.h>

enum pf_code pf_ossl_fail(struct pf_err *err, enum pf_code code, const char *what)
{
    unsigned long first = 0;
    for (unsigned long entry = ERR_get_error(); entry != 0; entry = ERR_get_error()) {
        first = first != 0 ? first : entry;
        if (ERR_GET_REASON(entry) == ERR_R_MALLOC_FAILURE) {
            code = PF_E_NO_MEMORY;
        }
    }
    if (code == PF_E_NO_MEMORY) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    const char *reason = first != 0 ? ERR_reason_error_string(first) : NULL;
    return reason != NULL ? pf_err_set(err, code, "%s: %s", what, reason)
                          : pf_err_set(err, code, "%s", what);
}

static enum pf_code check_size(struct pf_sv pem, const char *what, struct pf_err *err)
{
    if (pem.len == 0) {
        return pf_err_set(err, PF_E_INVALID, "%s is empty", what);
    }
    if (pem.len > PF_CERT_PEM_MAX_BYTES) {
        return pf_err_set(err, PF_E_TOO_BIG, "%s has %zu bytes, limit %zu", what, pem.len,
                          PF_CERT_PEM_MAX_BYTES);
    }
    return PF_OK;
}

/* The PEM reader takes a cut-off BEGIN line for text between blocks. */
static bool is_cut_off(struct pf_sv pem)
{
    static const struct pf_sv end_mark = PF_SV_INIT("-----END ");
    struct pf_sv rest = pem;
    for (size_t at = pf_sv_find(rest, end_mark); at != SIZE_MAX; at = pf_sv_find(rest, end_mark)) {
        rest.ptr += at + end_mark.len;
        rest.len -= at + end_mark.len;
    }
    const size_t line = pf_sv_find(rest, PF_SV("\n"));
    if (line == SIZE_MAX) {
        return false;
    }
    rest.ptr += line;
    rest.len -= line;
    return pf_sv_find(rest, PF_SV("-----")) != SIZE_MAX;
}

/* One block that is a certificate; what it is called comes from the caller's text. */
static enum pf_code push_cert(STACK_OF(X509) * certs, const unsigned char *der, long len,
                              const char *what, struct pf_err *err)
{
    if (sk_X509_num(certs) >= PF_CERT_CHAIN_MAX) {
        return pf_err_set(err, PF_E_TOO_BIG, "%s holds more than %d certificates", what,
                          PF_CERT_CHAIN_MAX);
    }
    char text[96];
    (void)snprintf(text, sizeof(text), "%s: block %d is not a certificate", what,
                   sk_X509_num(certs) + 1);
    const unsigned char *at = der;
    pf_autox509 X509 *cert = d2i_X509(NULL, &at, len);
    if (cert == NULL) {
        return pf_ossl_fail(err, PF_E_INVALID, text);
    }
    if (at != der + len) {
        return pf_err_set(err, PF_E_INVALID, "%s: %ld bytes follow it", text,
                          len - (long)(at - der));
    }
    if (sk_X509_push(certs, cert) <= 0) {
        return pf_ossl_fail(err, PF_E_NO_MEMORY, what);
    }
    cert = NULL;
    return PF_OK;
}

/* @return PF_OK with *ret_more false at the end of the text */
static enum pf_code read_block(BIO *bio, STACK_OF(X509) * certs, const char *what, bool *ret_more,
                               struct pf_err *err)
{
    char *name = NULL;
    char *header = NULL;
    unsigned char *data = NULL;
    long len = 0;
    if (PEM_read_bio(bio, &name, &header, &data, &len) <= 0) {
        if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
            ERR_clear_error();
            *ret_more = false;
            return PF_OK;
        }
        char text[96];
        (void)snprintf(text, sizeof(text), "%s is cut off or not PEM", what);
        return pf_ossl_fail(err, PF_E_INVALID, text);
    }
    enum pf_code code = PF_OK;
    if (strcmp(name, PEM_STRING_X509) == 0) {
        code = header[0] == '\0' ? push_cert(certs, data, len, what, err)
                                 : pf_err_set(err, PF_E_INVALID, "%s has PEM headers", what);
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, (size_t)len); /* may be the key of a combined file */
    if (code == PF_OK) {
        *ret_more = true;
    }
    return code;
}

enum pf_code pf_ossl_read_certs(struct pf_sv pem, const char *what, STACK_OF(X509) * *ret_certs,
                                struct pf_err *err)
{
    enum pf_code code = check_size(pem, what, err);
    if (code != PF_OK) {
        return code;
    }
    ERR_clear_error();
    pf_autobio BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    pf_autostack STACK_OF(X509) *certs = sk_X509_new_null();
    if (bio == NULL || certs == NULL) {
        return pf_ossl_fail(err, PF_E_NO_MEMORY, what);
    }
    bool more = true;
    while (more) {
        code = read_block(bio, certs, what, &more, err);
        if (code != PF_OK) {
            return code;
        }
    }
    if (is_cut_off(pem)) {
        return pf_err_set(err, PF_E_INVALID, "%s is cut off", what);
    }
    if (sk_X509_num(certs) == 0) {
        return pf_err_set(err, PF_E_INVALID,
                          "%s has no block '-----BEGIN CERTIFICATE-----' (PEM is expected)", what);
    }
    *ret_certs = PF_TAKE(certs);
    return PF_OK;
}

/* In the place of OpenSSL's own, which would ask on the terminal. */
static int refuse_password(char *text, int size, int writing, void *opaque)
{
    (void)writing;
    if (size > 0) {
        text[0] = '\0';
    }
    *(bool *)opaque = true;
    return -1;
}

enum pf_code pf_ossl_read_key(struct pf_sv pem, const char *what, EVP_PKEY **ret_key,
                              struct pf_err *err)
{
    const enum pf_code code = check_size(pem, what, err);
    if (code != PF_OK) {
        return code;
    }
    ERR_clear_error();
    pf_autobio BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    if (bio == NULL) {
        return pf_ossl_fail(err, PF_E_NO_MEMORY, what);
    }
    bool asked = false;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, refuse_password, &asked);
    if (asked) {
        EVP_PKEY_free(key);
        ERR_clear_error();
        return pf_err_set(err, PF_E_UNSUPPORTED,
                          "%s is encrypted: podfit does not ask for passwords, store it decrypted",
                          what);
    }
    if (key == NULL) {
        char text[96];
        (void)snprintf(text, sizeof(text), "%s is no private key in PEM form", what);
        return pf_ossl_fail(err, PF_E_INVALID, text);
    }
    ERR_clear_error(); /* decoders that were tried in vain leave entries */
    *ret_key = key;
    return PF_OK;
}

const EVP_MD *pf_ossl_digest(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ? NULL : EVP_sha256();
}

enum pf_code pf_ossl_match(X509 *cert, EVP_PKEY *key, struct pf_err *err)
{
    static const unsigned char message[] = "podfit checks that this key signs for its certificate";
    ERR_clear_error();
    EVP_PKEY *public_key = X509_get0_pubkey(cert);
    if (public_key == NULL || EVP_PKEY_eq(public_key, key) != 1) {
        return pf_ossl_fail(err, PF_E_INVALID, "key does not belong to the certificate");
    }
    unsigned char signature[2048]; /* RSA with 16,384 bits, OpenSSL's largest, signs 2,048 bytes */
    size_t len = sizeof(signature);
    const EVP_MD *digest = pf_ossl_digest(key);
    pf_automdctx EVP_MD_CTX *sign = EVP_MD_CTX_new();
    pf_automdctx EVP_MD_CTX *verify = EVP_MD_CTX_new();
    if (sign == NULL || verify == NULL) {
        return pf_ossl_fail(err, PF_E_NO_MEMORY, "key");
    }
    if (EVP_DigestSignInit(sign, NULL, digest, NULL, key) != 1 ||
        EVP_DigestSign(sign, signature, &len, message, sizeof(message)) != 1 ||
        EVP_DigestVerifyInit(verify, NULL, digest, NULL, public_key) != 1 ||
        EVP_DigestVerify(verify, signature, len, message, sizeof(message)) != 1) {
        return pf_ossl_fail(err, PF_E_INVALID,
                            "key does not sign what the certificate's key verifies");
    }
    ERR_clear_error();
    return PF_OK;
}

bool pf_ossl_issued(X509 *issuer, X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    const bool issued =
        key != NULL && X509_check_issued(issuer, cert) == X509_V_OK && X509_verify(cert, key) == 1;
    ERR_clear_error();
    return issued;
}

enum pf_code pf_ossl_take(BIO *bio, struct pf_buf *buf, struct pf_err *err)
{
    char *data = NULL;
    const long len = BIO_get_mem_data(bio, &data);
    if (len > 0) {
        pf_buf_append(buf, data, (size_t)len);
    }
    return pf_buf_status(buf, err);
}

enum pf_code pf_ossl_append_cert(const X509 *cert, struct pf_buf *buf, struct pf_err *err)
{
    ERR_clear_error();
    pf_autobio BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio_X509(bio, cert) != 1) {
        return pf_ossl_fail(err, PF_E_NO_MEMORY, "certificate");
    }
    return pf_ossl_take(bio, buf, err);
}

int64_t pf_ossl_wall_ns(const ASN1_TIME *when)
{
    /* whole seconds, so that nobody who splits off a fraction passes the end of 64 bits */
    static const int64_t first_s = INT64_MIN / PF_NS_PER_S;
    static const int64_t last_s = INT64_MAX / PF_NS_PER_S;
    struct tm parts = {0};
    if (ASN1_TIME_to_tm(when, &parts) != 1) {
        ERR_clear_error();
        return first_s * PF_NS_PER_S;
    }
    const int64_t seconds = (int64_t)timegm(&parts);
    if (seconds > last_s) {
        return last_s * PF_NS_PER_S;
    }
    return (seconds < first_s ? first_s : seconds) * PF_NS_PER_S;
}

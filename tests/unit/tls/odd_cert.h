#ifndef PODFIT_TEST_ODD_CERT_H
#define PODFIT_TEST_ODD_CERT_H

/* Certificates that podfit itself never makes, for the tests of what it reads. */

#include <stdbool.h>
#include <stdint.h>

#include <podfit/cert.h>

/** Kinds of keys. */
enum odd_key {
    ODD_P256,
    ODD_P224, /**< a curve that is not served */
    ODD_RSA2048,
    ODD_RSA1024, /**< too short */
    ODD_ED25519,
};

struct odd_recipe {
    enum odd_key key;
    const char *digest; /**< NULL: sha256 */
    const char *sans;   /**< OpenSSL configuration syntax; NULL: no subjectAltName */
    const char *eku;    /**< NULL: no extended key usage */
    const char *usage;  /**< NULL: no key usage */
    const char *common_name;
    bool is_ca;
    int64_t not_before_s; /**< wall clock */
    int64_t not_after_s;
};

/** The names of a recipe's certificate and a new key, signed by @p issuer (NULL: by itself). Fails the test on any error. */
struct odd_cert;
struct odd_cert *odd_cert_new(const struct odd_recipe *recipe, const struct odd_cert *issuer);
void odd_cert_free(struct odd_cert *cert);

/** Append the certificate. */
void odd_cert_append_pem(const struct odd_cert *cert, struct pf_buf *buf);

/** Append the key; @p password NULL: not encrypted; @p traditional: the form before PKCS #8. */
void odd_cert_append_key(const struct odd_cert *cert, const char *password, bool traditional,
                         struct pf_buf *buf);

#endif

#include "odd_cert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

struct odd_cert {
    EVP_PKEY *key;
    X509 *cert;
};

static EVP_PKEY *new_key(enum odd_key kind)
{
    switch (kind) {
    case ODD_P224:
        return EVP_EC_gen("P-224");
    case ODD_RSA2048:
        return EVP_RSA_gen(2048);
    case ODD_RSA1024:
        return EVP_RSA_gen(1024);
    case ODD_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case ODD_P256:
    default:
        return EVP_EC_gen("P-256");
    }
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    if (value == NULL) {
        return;
    }
    X509V3_CTX ctx = {0};
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

struct odd_cert *odd_cert_new(const struct odd_recipe *recipe, const struct odd_cert *issuer)
{
    struct odd_cert *odd = calloc(1, sizeof(*odd));
    assert_non_null(odd);
    odd->key = new_key(recipe->key);
    odd->cert = X509_new();
    assert_non_null(odd->key);
    assert_non_null(odd->cert);
    const struct odd_cert *by = issuer != NULL ? issuer : odd;
    X509 *cert = odd->cert;
    assert_int_equal(X509_set_version(cert, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 0x1234), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)recipe->not_before_s));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)recipe->not_after_s));
    assert_int_equal(X509_set_pubkey(cert, odd->key), 1);
    assert_int_equal(
        X509_NAME_add_entry_by_NID(X509_get_subject_name(cert), NID_commonName, MBSTRING_ASC,
                                   (const unsigned char *)recipe->common_name, -1, -1, 0),
        1);
    assert_int_equal(X509_set_issuer_name(cert, X509_get_subject_name(by->cert)), 1);
    add_extension(cert, by->cert, NID_basic_constraints,
                  recipe->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(cert, by->cert, NID_subject_alt_name, recipe->sans);
    add_extension(cert, by->cert, NID_ext_key_usage, recipe->eku);
    add_extension(cert, by->cert, NID_key_usage, recipe->usage);
    const char *digest = recipe->digest != NULL ? recipe->digest : "sha256";
    const EVP_MD *md = EVP_PKEY_is_a(by->key, "ED25519") ? NULL : EVP_get_digestbyname(digest);
    assert_true(X509_sign(cert, by->key, md) > 0);
    return odd;
}

void odd_cert_free(struct odd_cert *cert)
{
    if (cert != NULL) {
        EVP_PKEY_free(cert->key);
        X509_free(cert->cert);
        free(cert);
    }
}

static void take(BIO *bio, struct pf_buf *buf)
{
    char *data = NULL;
    const long len = BIO_get_mem_data(bio, &data);
    pf_buf_append(buf, data, (size_t)len);
    assert_int_equal(BIO_free(bio), 1);
}

void odd_cert_append_pem(const struct odd_cert *cert, struct pf_buf *buf)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, cert->cert), 1);
    take(bio, buf);
}

void odd_cert_append_key(const struct odd_cert *cert, const char *password, bool traditional,
                         struct pf_buf *buf)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const EVP_CIPHER *cipher = password != NULL ? EVP_aes_128_cbc() : NULL;
    const int len = password != NULL ? (int)strlen(password) : 0;
    const unsigned char *bytes = (const unsigned char *)password;
    const int done =
        traditional
            ? PEM_write_bio_PrivateKey_traditional(bio, cert->key, cipher, bytes, len, NULL, NULL)
            : PEM_write_bio_PrivateKey(bio, cert->key, cipher, bytes, len, NULL, NULL);
    assert_int_equal(done, 1);
    take(bio, buf);
}

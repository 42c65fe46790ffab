#include <arpa/inet.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "ossl.h"
#include <podfit/certmake.h>
#include <podfit/clock.h>
#include <podfit/limits.h>

#define SERIAL_BITS       128
#define CA_NAME_MAX_BYTES 40 /* with a blank and 8 digits below the 64 that X.520 allows */
#define COMMON_NAME_MAX   64 /* X.520 ub-common-name */
#define DNS_NAME_MAX      253
#define DNS_LABEL_MAX     63
#define DEFAULT_CA_NAME   "podfit webhook CA"
#define DEFAULT_LEAF_NAME "podfit"

/* One line of an extension table: OpenSSL's name and its configuration syntax. */
struct extension {
    int nid;
    const char *value;
};

static const struct extension ca_extensions[] = {
    {.nid = NID_basic_constraints, .value = "critical,CA:TRUE,pathlen:0"},
    {.nid = NID_key_usage, .value = "critical,keyCertSign,cRLSign"},
    {.nid = NID_subject_key_identifier, .value = "hash"},
    {.nid = NID_authority_key_identifier, .value = "keyid:always"},
};

static const struct extension leaf_extensions[] = {
    {.nid = NID_basic_constraints, .value = "critical,CA:FALSE"},
    {.nid = NID_key_usage, .value = "critical,digitalSignature"},
    {.nid = NID_ext_key_usage, .value = "serverAuth"},
    {.nid = NID_subject_key_identifier, .value = "hash"},
    {.nid = NID_authority_key_identifier, .value = "keyid:always"},
};

static enum pf_code refused(struct pf_err *err)
{
    return pf_ossl_fail(err, PF_E_INTERNAL, "cannot build a certificate");
}

static enum pf_code check_lifetime(int64_t lifetime_s, int64_t now_wall_ns, struct pf_err *err)
{
    if (lifetime_s < PF_CERTMAKE_LIFETIME_MIN_S || lifetime_s > PF_CERTMAKE_LIFETIME_MAX_S) {
        return pf_err_set(err, PF_E_RANGE, "lifetime of %lld seconds, allowed are %lld to %lld",
                          (long long)lifetime_s, (long long)PF_CERTMAKE_LIFETIME_MIN_S,
                          (long long)PF_CERTMAKE_LIFETIME_MAX_S);
    }
    const int64_t now_s = now_wall_ns / PF_NS_PER_S;
    if (now_s < PF_CERTMAKE_BACKDATE_S || now_s > INT64_MAX / PF_NS_PER_S - lifetime_s) {
        return pf_err_set(err, PF_E_RANGE,
                          "the clock says %lld seconds since 1970, the "
                          "certificate's dates would lie before 1970 or after 2261",
                          (long long)now_s);
    }
    return PF_OK;
}

static bool set_serial(X509 *cert, char text[9])
{
    BIGNUM *serial = BN_new();
    const bool ok = serial != NULL &&
                    BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) != NULL;
    unsigned char bytes[SERIAL_BITS / 8] = {0};
    if (ok) {
        (void)BN_bn2binpad(serial, bytes, sizeof(bytes));
        (void)snprintf(text, 9, "%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3]);
    }
    BN_free(serial);
    return ok;
}

/* Version, serial, dates and public key; the caller sets names and extensions. */
static X509 *new_cert(EVP_PKEY *key, int64_t not_before_s, int64_t not_after_s, char text[9])
{
    pf_autox509 X509 *cert = X509_new();
    if (cert == NULL || X509_set_version(cert, X509_VERSION_3) != 1 || !set_serial(cert, text) ||
        ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)not_before_s) == NULL ||
        ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)not_after_s) == NULL ||
        X509_set_pubkey(cert, key) != 1) {
        return NULL;
    }
    return PF_TAKE(cert);
}

static bool set_common_name(X509 *cert, const char *text)
{
    X509_NAME *name = X509_get_subject_name(cert);
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
                                      (const unsigned char *)text, -1, -1, 0) == 1;
}

static bool add_extensions(X509 *cert, X509 *issuer, const struct extension *table, size_t count)
{
    X509V3_CTX ctx = {0};
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, table[i].nid, table[i].value);
        const bool ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
        X509_EXTENSION_free(extension);
        if (!ok) {
            return false;
        }
    }
    return true;
}

static enum pf_code write_pair(const X509 *cert, const EVP_PKEY *key, struct pf_cert_pair *ret_pair,
                               struct pf_err *err)
{
    pf_autocertpair struct pf_cert_pair pair = {0};
    pf_buf_init(&pair.cert_pem, PF_CERT_PEM_MAX_BYTES);
    pf_buf_init(&pair.key_pem, PF_CERT_PEM_MAX_BYTES);
    enum pf_code code = pf_ossl_append_cert(cert, &pair.cert_pem, err);
    if (code != PF_OK) {
        return code;
    }
    pf_autobio BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
        return refused(err);
    }
    code = pf_ossl_take(bio, &pair.key_pem, err);
    if (code == PF_OK) {
        *ret_pair = pf_cert_pair_take(&pair);
    }
    return code;
}

static bool is_ca_name(const char *name)
{
    const size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        if (name[i] < ' ' || name[i] > '~') {
            return false;
        }
    }
    return len > 0 && len <= CA_NAME_MAX_BYTES;
}

enum pf_code pf_certmake_ca(const struct pf_certmake_ca *options, int64_t now_wall_ns,
                            struct pf_cert_pair *ret_ca, struct pf_err *err)
{
    const char *name = options->common_name != NULL ? options->common_name : DEFAULT_CA_NAME;
    const enum pf_code code = check_lifetime(options->lifetime_s, now_wall_ns, err);
    if (code != PF_OK) {
        return code;
    }
    if (!is_ca_name(name)) {
        return pf_err_set(
            err, PF_E_INVALID,
            "name of the CA is '%.80s', allowed are 1 to %d printable ASCII characters", name,
            CA_NAME_MAX_BYTES);
    }
    ERR_clear_error();
    const int64_t now_s = now_wall_ns / PF_NS_PER_S;
    char serial[9] = "";
    char common_name[COMMON_NAME_MAX + 1] = "";
    pf_autopkey EVP_PKEY *key = EVP_EC_gen("P-256");
    pf_autox509 X509 *cert = key != NULL ? new_cert(key, now_s - PF_CERTMAKE_BACKDATE_S,
                                                    now_s + options->lifetime_s, serial)
                                         : NULL;
    (void)snprintf(common_name, sizeof(common_name), "%s %s", name, serial);
    if (cert == NULL || !set_common_name(cert, common_name) ||
        X509_set_issuer_name(cert, X509_get_subject_name(cert)) != 1 ||
        !add_extensions(cert, cert, ca_extensions, PF_ARRAY_LEN(ca_extensions)) ||
        X509_sign(cert, key, EVP_sha256()) <= 0) {
        return refused(err);
    }
    return write_pair(cert, key, ret_ca, err);
}

static bool is_label(struct pf_sv label)
{
    if (label.len == 0 || label.len > DNS_LABEL_MAX || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.len; i++) {
        const char c = label.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_')) {
            return false;
        }
    }
    return true;
}

static bool is_number(struct pf_sv label)
{
    for (size_t i = 0; i < label.len; i++) {
        if (label.ptr[i] < '0' || label.ptr[i] > '9') {
            return false;
        }
    }
    return true;
}

/* RFC 1123 labels, `_` as Go allows it, one leading `*.` */
static bool is_dns_name(const char *text)
{
    struct pf_sv rest = pf_sv_from(text);
    if (rest.len > DNS_NAME_MAX) {
        return false;
    }
    if (pf_sv_starts_with(rest, PF_SV("*."))) {
        rest.ptr += 2;
        rest.len -= 2;
    }
    for (;;) {
        const size_t dot = pf_sv_find(rest, PF_SV("."));
        const struct pf_sv label = {.ptr = rest.ptr, .len = dot != SIZE_MAX ? dot : rest.len};
        if (!is_label(label)) {
            return false;
        }
        if (dot == SIZE_MAX) {
            return !is_number(label); /* 999.1.1.1 is a mistyped address, no name */
        }
        rest.ptr += dot + 1;
        rest.len -= dot + 1;
    }
}

/* An address in its binary form, or a DNS name. @return NULL: no memory, or neither (then *ret_bad is true) */
static GENERAL_NAME *new_name(const char *text, bool *ret_bad)
{
    unsigned char address[16];
    int len = 0;
    if (inet_pton(AF_INET, text, address) == 1) {
        len = 4;
    } else if (inet_pton(AF_INET6, text, address) == 1) {
        len = 16;
    } else if (!is_dns_name(text)) {
        *ret_bad = true;
        return NULL;
    }
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value =
        len != 0 ? ASN1_OCTET_STRING_new() : ASN1_STRING_type_new(V_ASN1_IA5STRING);
    if (name == NULL || value == NULL ||
        ASN1_STRING_set(value, len != 0 ? (const void *)address : text, len != 0 ? len : -1) != 1) {
        ASN1_STRING_free(value);
        GENERAL_NAME_free(name);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, len != 0 ? GEN_IPADD : GEN_DNS, value);
    return name;
}

static enum pf_code add_names(X509 *cert, const struct pf_certmake_leaf *options,
                              struct pf_err *err)
{
    pf_autonames GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    for (size_t i = 0; names != NULL && i < options->names_count; i++) {
        bool bad = false;
        GENERAL_NAME *name = new_name(options->names[i], &bad);
        if (bad) {
            return pf_err_set(err, PF_E_INVALID, "'%.260s' is neither a DNS name nor an IP address",
                              options->names[i]);
        }
        if (name == NULL || sk_GENERAL_NAME_push(names, name) <= 0) {
            GENERAL_NAME_free(name);
            return pf_ossl_fail(err, PF_E_NO_MEMORY, "names");
        }
    }
    if (names == NULL || X509_add1_ext_i2d(cert, NID_subject_alt_name, names, /* critical= */ 0,
                                           X509V3_ADD_DEFAULT) != 1) {
        return pf_ossl_fail(err, PF_E_NO_MEMORY, "names");
    }
    return PF_OK;
}

static const char *leaf_common_name(const struct pf_certmake_leaf *options)
{
    for (size_t i = 0; i < options->names_count; i++) {
        unsigned char address[16];
        const char *name = options->names[i];
        if (strlen(name) <= COMMON_NAME_MAX && inet_pton(AF_INET, name, address) != 1 &&
            inet_pton(AF_INET6, name, address) != 1) {
            return name;
        }
    }
    return DEFAULT_LEAF_NAME;
}

static enum pf_code read_ca(const struct pf_cert_pair *ca, int64_t now_wall_ns,
                            STACK_OF(X509) * *ret_certs, EVP_PKEY **ret_key, struct pf_err *err)
{
    pf_autostack STACK_OF(X509) *certs = NULL;
    pf_autopkey EVP_PKEY *key = NULL;
    enum pf_code code =
        pf_ossl_read_certs(pf_buf_view(&ca->cert_pem), "certificate of the CA", &certs, err);
    if (code == PF_OK) {
        code = pf_ossl_read_key(pf_buf_view(&ca->key_pem), "key of the CA", &key, err);
    }
    if (code != PF_OK) {
        return code;
    }
    X509 *cert = sk_X509_value(certs, 0);
    struct pf_err why = {0};
    code = pf_ossl_match(cert, key, &why);
    if (code != PF_OK) {
        return pf_err_set(err, code, "CA: %s", why.text);
    }
    if (X509_check_ca(cert) != 1 || (X509_get_key_usage(cert) & KU_KEY_CERT_SIGN) == 0) {
        return pf_err_set(err, PF_E_INVALID, "certificate of the CA may not sign certificates");
    }
    if (now_wall_ns < pf_ossl_wall_ns(X509_get0_notBefore(cert)) ||
        now_wall_ns > pf_ossl_wall_ns(X509_get0_notAfter(cert))) {
        return pf_err_set(err, PF_E_STATE, "certificate of the CA is not valid now");
    }
    *ret_certs = PF_TAKE(certs);
    *ret_key = PF_TAKE(key);
    return PF_OK;
}

static enum pf_code sign_leaf(X509 *cert, X509 *ca, EVP_PKEY *ca_key,
                              const struct pf_certmake_leaf *options, struct pf_err *err)
{
    const enum pf_code code = add_names(cert, options, err);
    if (code != PF_OK) {
        return code;
    }
    if (!set_common_name(cert, leaf_common_name(options)) ||
        X509_set_issuer_name(cert, X509_get_subject_name(ca)) != 1 ||
        !add_extensions(cert, ca, leaf_extensions, PF_ARRAY_LEN(leaf_extensions)) ||
        X509_sign(cert, ca_key, pf_ossl_digest(ca_key)) <= 0) {
        return refused(err);
    }
    return PF_OK;
}

enum pf_code pf_certmake_leaf(const struct pf_cert_pair *ca, const struct pf_certmake_leaf *options,
                              int64_t now_wall_ns, struct pf_cert_pair *ret_leaf,
                              struct pf_err *err)
{
    if (options->names_count == 0 || options->names_count > PF_CERT_SANS_MAX) {
        return pf_err_set(err, options->names_count == 0 ? PF_E_INVALID : PF_E_TOO_BIG,
                          "certificate for %zu names, allowed are 1 to %d", options->names_count,
                          PF_CERT_SANS_MAX);
    }
    pf_autostack STACK_OF(X509) *ca_certs = NULL;
    pf_autopkey EVP_PKEY *ca_key = NULL;
    enum pf_code code = check_lifetime(options->lifetime_s, now_wall_ns, err);
    if (code == PF_OK) {
        code = read_ca(ca, now_wall_ns, &ca_certs, &ca_key, err);
    }
    if (code != PF_OK) {
        return code;
    }
    ERR_clear_error();
    X509 *ca_cert = sk_X509_value(ca_certs, 0);
    const int64_t now_s = now_wall_ns / PF_NS_PER_S;
    const int64_t ca_end_s = pf_ossl_wall_ns(X509_get0_notAfter(ca_cert)) / PF_NS_PER_S;
    const int64_t end_s = now_s + options->lifetime_s;
    char serial[9] = "";
    pf_autopkey EVP_PKEY *key = EVP_EC_gen("P-256");
    pf_autox509 X509 *cert = key != NULL ? new_cert(key, now_s - PF_CERTMAKE_BACKDATE_S,
                                                    end_s < ca_end_s ? end_s : ca_end_s, serial)
                                         : NULL;
    if (cert == NULL) {
        return refused(err);
    }
    code = sign_leaf(cert, ca_cert, ca_key, options, err);
    return code == PF_OK ? write_pair(cert, key, ret_leaf, err) : code;
}

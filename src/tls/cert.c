#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "certinfo.h"
#include "ossl.h"
#include <podfit/cert.h>
#include <podfit/clock.h>
#include <podfit/file.h>
#include <podfit/limits.h>

/* crypto/tls refuses RSA below 1024 and above 8192 bits; 2048 is what CA/Browser and GnuTLS "medium" ask */
#define RSA_MIN_BITS 2048
#define RSA_MAX_BITS 8192

void pf_cert_list_done(struct pf_cert_list *list)
{
    pf_arena_done(&list->arena);
    list->items = NULL;
    list->count = 0;
}

void pf_cert_secret_done(struct pf_buf *key)
{
    if (key->data != NULL) {
        OPENSSL_cleanse(key->data, key->cap);
    }
    pf_buf_done(key);
}

void pf_cert_pair_done(struct pf_cert_pair *pair)
{
    pf_buf_done(&pair->cert_pem);
    pf_cert_secret_done(&pair->key_pem);
}

enum pf_code pf_cert_list_read(struct pf_sv pem, struct pf_cert_list *ret_list, struct pf_err *err)
{
    pf_autostack STACK_OF(X509) *certs = NULL;
    const enum pf_code code = pf_ossl_read_certs(pem, "certificate", &certs, err);
    return code == PF_OK ? pf_certinfo_list(certs, ret_list, err) : code;
}

/* The key of another certificate of the file is the usual sign of a chain in the wrong order. */
static enum pf_code check_key(const STACK_OF(X509) * certs, EVP_PKEY *key, struct pf_err *err)
{
    struct pf_err first = {0};
    const enum pf_code code = pf_ossl_match(sk_X509_value(certs, 0), key, &first);
    if (code == PF_OK) {
        return PF_OK;
    }
    for (int i = 1; code != PF_E_NO_MEMORY && i < sk_X509_num(certs); i++) {
        if (pf_ossl_match(sk_X509_value(certs, i), key, NULL) == PF_OK) {
            return pf_err_set(err, PF_E_INVALID,
                              "certificate %d is the one the key belongs to: it must come first",
                              i + 1);
        }
    }
    return pf_err_set(err, code, "%s", first.text);
}

static bool is_good_curve(const EVP_PKEY *key)
{
    static const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1"};
    char name[64] = "";
    size_t len = 0;
    if (EVP_PKEY_get_group_name(key, name, sizeof(name), &len) != 1) {
        ERR_clear_error();
        return false;
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(curves); i++) {
        if (strcmp(name, curves[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum pf_code check_strength(X509 *cert, int number, struct pf_err *err)
{
    unsigned bits = 0;
    const enum pf_cert_key_type type = pf_certinfo_key(cert, &bits);
    if (type == PF_CERT_KEY_RSA && (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)) {
        return pf_err_set(err, PF_E_UNSUPPORTED,
                          "certificate %d has an RSA key of %u bits, allowed are %d to %d", number,
                          bits, RSA_MIN_BITS, RSA_MAX_BITS);
    }
    if (type == PF_CERT_KEY_OTHER ||
        (type == PF_CERT_KEY_EC && !is_good_curve(X509_get0_pubkey(cert)))) {
        return pf_err_set(err, PF_E_UNSUPPORTED,
                          "certificate %d has a key of a kind that is not served: allowed are RSA, "
                          "P-256, P-384, P-521, Ed25519",
                          number);
    }
    return PF_OK;
}

static enum pf_code check_digest(X509 *cert, int number, struct pf_err *err)
{
    static const int good[] = {NID_sha256, NID_sha384, NID_sha512};
    int digest = NID_undef;
    int key = NID_undef;
    if (X509_get_signature_info(cert, &digest, &key, NULL, NULL) != 1) {
        ERR_clear_error();
        return pf_err_set(err, PF_E_UNSUPPORTED,
                          "certificate %d is signed with an unknown algorithm", number);
    }
    bool ok = key == NID_ED25519;
    for (size_t i = 0; i < PF_ARRAY_LEN(good); i++) {
        ok = ok || digest == good[i];
    }
    if (!ok) {
        const char *name = OBJ_nid2sn(digest);
        return pf_err_set(err, PF_E_UNSUPPORTED,
                          "certificate %d is signed with %s, allowed are SHA256, SHA384, SHA512",
                          number, name != NULL ? name : "an unknown digest");
    }
    return PF_OK;
}

static enum pf_code check_issuer(X509 *cert, X509 *issuer, int number, struct pf_err *err)
{
    if (X509_check_ca(issuer) != 1) {
        return pf_err_set(
            err, PF_E_INVALID,
            "certificate %d is followed by one that is no CA: the order is leaf, then "
            "each one's issuer",
            number);
    }
    if (!pf_ossl_issued(issuer, cert)) {
        return pf_err_set(
            err, PF_E_INVALID,
            "certificate %d was not issued by certificate %d: the order is leaf, then "
            "each one's issuer",
            number, number + 1);
    }
    return PF_OK;
}

static enum pf_code check_dates(X509 *cert, int number, int64_t now_wall_ns, struct pf_err *err)
{
    const int64_t not_before = pf_ossl_wall_ns(X509_get0_notBefore(cert));
    const int64_t not_after = pf_ossl_wall_ns(X509_get0_notAfter(cert));
    char date[PF_TIME_TEXT_BYTES];
    if (now_wall_ns < not_before) {
        pf_clock_format(not_before, date);
        return pf_err_set(err, PF_E_STATE, "certificate %d is not valid before '%s'", number, date);
    }
    if (now_wall_ns > not_after) {
        pf_clock_format(not_after, date);
        return pf_err_set(err, PF_E_STATE, "certificate %d expired at '%s'", number, date);
    }
    return PF_OK;
}

static enum pf_code check_form(X509 *cert, int number, bool is_root, struct pf_err *err)
{
    if ((X509_get_extension_flags(cert) & EXFLAG_INVALID) != 0) {
        ERR_clear_error();
        return pf_err_set(err, PF_E_INVALID, "certificate %d has malformed extensions", number);
    }
    const enum pf_code code = check_strength(cert, number, err);
    return code == PF_OK && !is_root ? check_digest(cert, number, err) : code;
}

static enum pf_code check_chain(const STACK_OF(X509) * certs, int64_t now_wall_ns,
                                struct pf_err *err)
{
    const int count = sk_X509_num(certs);
    enum pf_code code = PF_OK;
    for (int i = 0; code == PF_OK && i < count; i++) {
        X509 *cert = sk_X509_value(certs, i);
        const bool is_root =
            i > 0 && i == count - 1 && (X509_get_extension_flags(cert) & EXFLAG_SS) != 0;
        code = check_form(cert, i + 1, is_root, err);
    }
    for (int i = 0; code == PF_OK && i + 1 < count; i++) {
        code = check_issuer(sk_X509_value(certs, i), sk_X509_value(certs, i + 1), i + 1, err);
    }
    for (int i = 0; code == PF_OK && i < count; i++) {
        code = check_dates(sk_X509_value(certs, i), i + 1, now_wall_ns, err);
    }
    return code;
}

static enum pf_code check_leaf(X509 *leaf, const struct pf_cert_info *info, struct pf_err *err)
{
    if (info->sans_count == 0) {
        return pf_err_set(
            err, PF_E_INVALID,
            "certificate 1 has no DNS name or IP address in subjectAltName (the common "
            "name '%s' is not looked at)",
            info->subject);
    }
    const uint32_t usage = X509_get_extended_key_usage(leaf); /* UINT32_MAX: not limited */
    if ((usage & (XKU_SSL_SERVER | XKU_ANYEKU)) == 0) {
        return pf_err_set(
            err, PF_E_UNSUPPORTED,
            "certificate 1 is not for servers: its extended key usage lacks serverAuth");
    }
    /* every key exchange that is served is signed (PF_SERVING_PRIORITIES) */
    if ((X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) == 0) {
        return pf_err_set(err, PF_E_UNSUPPORTED,
                          "certificate 1 may not sign: its key usage lacks digitalSignature, "
                          "without which nobody could connect");
    }
    return PF_OK;
}

enum pf_code pf_cert_check_pair(struct pf_sv cert_pem, struct pf_sv key_pem, int64_t now_wall_ns,
                                struct pf_cert_list *ret_chain, struct pf_err *err)
{
    pf_autostack STACK_OF(X509) *certs = NULL;
    pf_autopkey EVP_PKEY *key = NULL;
    pf_autocertlist struct pf_cert_list list = {0};
    enum pf_code code = pf_ossl_read_certs(cert_pem, "certificate", &certs, err);
    if (code == PF_OK) {
        code = pf_ossl_read_key(key_pem, "key", &key, err);
    }
    if (code == PF_OK) {
        code = check_key(certs, key, err);
    }
    if (code == PF_OK) {
        code = check_chain(certs, now_wall_ns, err);
    }
    if (code == PF_OK) {
        code = pf_certinfo_list(certs, &list, err);
    }
    if (code == PF_OK) {
        code = check_leaf(sk_X509_value(certs, 0), &list.items[0], err);
    }
    ERR_clear_error();
    if (code == PF_OK && ret_chain != NULL) {
        *ret_chain = list;
        list = (struct pf_cert_list){0};
    }
    return code;
}

static enum pf_code read_into(int fd, const char *path, struct pf_buf *key, struct pf_err *err)
{
    /* one allocation of full size: growing would leave parts of the key in freed memory */
    char *room = pf_buf_reserve(key, PF_CERT_PEM_MAX_BYTES + 1);
    if (room == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    while (key->len <= PF_CERT_PEM_MAX_BYTES) {
        const ssize_t got = read(fd, room + key->len, PF_CERT_PEM_MAX_BYTES + 1 - key->len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return pf_err_set_errno(err, PF_E_IO, errno, "cannot read '%s'", path);
        }
        if (got == 0) {
            return PF_OK;
        }
        key->len += (size_t)got;
        room[key->len] = '\0';
    }
    return pf_err_set(err, PF_E_TOO_BIG, "'%s' has more than %zu bytes", path,
                      PF_CERT_PEM_MAX_BYTES);
}

enum pf_code pf_cert_secret_read(const char *path, struct pf_buf *ret_key, struct pf_err *err)
{
    /* O_NONBLOCK: a FIFO in the place of a file must not hang us; it is refused below */
    pf_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        const enum pf_code code = errno == ENOENT ? PF_E_NOT_FOUND : PF_E_IO;
        return pf_err_set_errno(err, code, errno, "cannot open '%s'", path);
    }
    struct stat info = {0};
    if (fstat(fd, &info) != 0) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot read '%s'", path);
    }
    if (!S_ISREG(info.st_mode)) {
        return pf_err_set(err, PF_E_IO, "'%s' is not a regular file", path);
    }
    pf_autosecret struct pf_buf key = {0};
    pf_buf_init(&key, PF_CERT_PEM_MAX_BYTES + 1);
    const enum pf_code code = read_into(fd, path, &key, err);
    if (code == PF_OK) {
        *ret_key = key;
        key = (struct pf_buf){0};
    }
    return code;
}

/* Which of the two files an error is about, by the word its text starts with. */
static const char *file_at_fault(const struct pf_err *err, const char *cert_path,
                                 const char *key_path)
{
    return strncmp(err->text, "key", 3) == 0 ? key_path : cert_path;
}

enum pf_code pf_cert_load_pair(const char *cert_path, const char *key_path, int64_t now_wall_ns,
                               struct pf_cert_pair *ret_pair, struct pf_cert_list *ret_chain,
                               struct pf_err *err)
{
    pf_autocertpair struct pf_cert_pair pair = {0};
    enum pf_code code = pf_cert_secret_read(cert_path, &pair.cert_pem, err);
    if (code == PF_OK) {
        code = pf_cert_secret_read(key_path, &pair.key_pem, err);
    }
    if (code != PF_OK) {
        return code;
    }
    struct pf_err why = {0};
    code = pf_cert_check_pair(pf_buf_view(&pair.cert_pem), pf_buf_view(&pair.key_pem), now_wall_ns,
                              ret_chain, &why);
    if (code != PF_OK) {
        return pf_err_set(err, code, "'%s': %s", file_at_fault(&why, cert_path, key_path),
                          why.text);
    }
    *ret_pair = pf_cert_pair_take(&pair);
    return PF_OK;
}

static bool is_address(const char *name)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

#define HOST_FLAGS (X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)

enum pf_code pf_cert_check_name(struct pf_sv cert_pem, const char *name, struct pf_err *err)
{
    pf_autostack STACK_OF(X509) *certs = NULL;
    const enum pf_code code = pf_ossl_read_certs(cert_pem, "certificate", &certs, err);
    if (code != PF_OK) {
        return code;
    }
    X509 *leaf = sk_X509_value(certs, 0);
    const int found = is_address(name) ? X509_check_ip_asc(leaf, name, 0)
                                       : X509_check_host(leaf, name, 0, HOST_FLAGS, NULL);
    if (found < 0) {
        return pf_ossl_fail(err, found == -1 ? PF_E_NO_MEMORY : PF_E_INVALID,
                            "cannot compare the names of the certificate");
    }
    ERR_clear_error();
    return found == 1 ? PF_OK
                      : pf_err_set(err, PF_E_NOT_FOUND,
                                   "certificate 1 does not cover the name '%s'", name);
}

static bool set_name(X509_VERIFY_PARAM *param, const char *name)
{
    if (name == NULL) {
        return true;
    }
    if (is_address(name)) {
        return X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1;
    }
    X509_VERIFY_PARAM_set_hostflags(param, HOST_FLAGS);
    return X509_VERIFY_PARAM_set1_host(param, name, 0) == 1;
}

static enum pf_code verify_in(X509_STORE_CTX *ctx, struct pf_err *err)
{
    if (X509_verify_cert(ctx) == 1) {
        ERR_clear_error();
        return PF_OK;
    }
    const int why = X509_STORE_CTX_get_error(ctx);
    ERR_clear_error();
    if (why == X509_V_ERR_OUT_OF_MEM) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    return pf_err_set(err, PF_E_STATE, "certificate %d is not accepted: %s",
                      X509_STORE_CTX_get_error_depth(ctx) + 1, X509_verify_cert_error_string(why));
}

static enum pf_code verify_with(X509_STORE_CTX *ctx, X509_STORE *store, STACK_OF(X509) * chain,
                                const char *name, int64_t now_wall_ns, struct pf_err *err)
{
    if (X509_STORE_CTX_init(ctx, store, sk_X509_value(chain, 0), chain) != 1) {
        return pf_ossl_fail(err, PF_E_NO_MEMORY, "cannot verify");
    }
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    /* a client in Go takes every certificate of its bundle for an anchor, self-signed or not */
    (void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_time(param, (time_t)(now_wall_ns / PF_NS_PER_S));
    if (X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER) != 1 ||
        !set_name(param, name)) {
        return pf_ossl_fail(err, PF_E_NO_MEMORY, "cannot verify");
    }
    return verify_in(ctx, err);
}

enum pf_code pf_cert_verify(struct pf_sv chain_pem, struct pf_sv bundle_pem, const char *name,
                            int64_t now_wall_ns, struct pf_err *err)
{
    pf_autostack STACK_OF(X509) *chain = NULL;
    pf_autostack STACK_OF(X509) *bundle = NULL;
    enum pf_code code = pf_ossl_read_certs(chain_pem, "certificate", &chain, err);
    if (code == PF_OK) {
        code = pf_ossl_read_certs(bundle_pem, "bundle", &bundle, err);
    }
    if (code != PF_OK) {
        return code;
    }
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (store == NULL || ctx == NULL) {
        code = pf_ossl_fail(err, PF_E_NO_MEMORY, "cannot verify");
    }
    for (int i = 0; code == PF_OK && i < sk_X509_num(bundle); i++) {
        if (X509_STORE_add_cert(store, sk_X509_value(bundle, i)) != 1) {
            code = pf_ossl_fail(err, PF_E_NO_MEMORY, "cannot verify");
        }
    }
    if (code == PF_OK) {
        code = verify_with(ctx, store, chain, name, now_wall_ns, err);
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return code;
}

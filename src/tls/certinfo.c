#include "certinfo.h"

#include <arpa/inet.h>

#include <openssl/err.h>

#include <podfit/limits.h>

/* PF_CERT_PEM_MAX_BYTES of PEM hold 192 KiB of DER; an unprintable byte becomes 4 (\xNN), and subject and issuer are printed with escapes too */
#define LIST_ARENA_MAX_BYTES (8 * PF_CERT_PEM_MAX_BYTES)

enum pf_cert_key_type pf_certinfo_key(X509 *cert, unsigned *ret_bits)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    if (key == NULL) {
        ERR_clear_error();
        *ret_bits = 0;
        return PF_CERT_KEY_OTHER;
    }
    const int bits = EVP_PKEY_get_bits(key);
    *ret_bits = bits > 0 ? (unsigned)bits : 0;
    if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS")) {
        return PF_CERT_KEY_RSA;
    }
    if (EVP_PKEY_is_a(key, "EC")) {
        return PF_CERT_KEY_EC;
    }
    return EVP_PKEY_is_a(key, "ED25519") ? PF_CERT_KEY_ED25519 : PF_CERT_KEY_OTHER;
}

static enum pf_code bio_text(BIO *bio, struct pf_arena *arena, const char **ret_text,
                             struct pf_err *err)
{
    char *data = NULL;
    const long len = BIO_get_mem_data(bio, &data);
    char *copy = pf_arena_dup(arena, (struct pf_sv){.ptr = data, .len = len > 0 ? (size_t)len : 0});
    if (copy == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    *ret_text = copy;
    return PF_OK;
}

static enum pf_code name_text(const X509_NAME *name, struct pf_arena *arena, const char **ret_text,
                              struct pf_err *err)
{
    pf_autobio BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL) {
        return pf_ossl_fail(err, PF_E_NO_MEMORY, "certificate");
    }
    if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) < 0) {
        return pf_ossl_fail(err, PF_E_INVALID, "certificate has a malformed name");
    }
    return bio_text(bio, arena, ret_text, err);
}

static enum pf_code serial_text(X509 *cert, struct pf_arena *arena, const char **ret_text,
                                struct pf_err *err)
{
    pf_autobio BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL || i2a_ASN1_INTEGER(bio, X509_get0_serialNumber(cert)) <= 0) {
        return pf_ossl_fail(err, PF_E_NO_MEMORY, "certificate");
    }
    return bio_text(bio, arena, ret_text, err);
}

static const char *dns_text(const ASN1_STRING *name, struct pf_arena *arena)
{
    const unsigned char *bytes = ASN1_STRING_get0_data(name);
    const size_t len = (size_t)ASN1_STRING_length(name);
    char *text = pf_arena_alloc(arena, 4 * len + 1);
    if (text == NULL) {
        return NULL;
    }
    char *out = text;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] > ' ' && bytes[i] < 0x7f && bytes[i] != '\\') {
            *out++ = (char)bytes[i];
        } else {
            out += snprintf(out, 5, "\\x%02X", bytes[i]);
        }
    }
    *out = '\0';
    return text;
}

static const char *ip_text(const ASN1_STRING *address, struct pf_arena *arena)
{
    char text[INET6_ADDRSTRLEN] = "";
    const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
    (void)inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof(text));
    return pf_arena_dup(arena, pf_sv_from(text));
}

/* DNS names and addresses of 4 or 16 bytes; the other kinds say nothing about a server. */
static bool add_san(const GENERAL_NAME *name, struct pf_arena *arena, struct pf_cert_info *info,
                    struct pf_cert_san *sans)
{
    struct pf_cert_san *san = &sans[info->sans_count];
    if (name->type == GEN_DNS) {
        *san = (struct pf_cert_san){.text = dns_text(name->d.dNSName, arena)};
    } else if (name->type == GEN_IPADD && (ASN1_STRING_length(name->d.iPAddress) == 4 ||
                                           ASN1_STRING_length(name->d.iPAddress) == 16)) {
        *san = (struct pf_cert_san){.is_ip = true, .text = ip_text(name->d.iPAddress, arena)};
    } else {
        return true;
    }
    info->sans_count++;
    return san->text != NULL;
}

static enum pf_code fill_sans(X509 *cert, struct pf_arena *arena, struct pf_cert_info *info,
                              struct pf_err *err)
{
    int found = 0;
    pf_autonames GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, &found, NULL);
    if (names == NULL) {
        return found == -1
                   ? PF_OK
                   : pf_ossl_fail(err, PF_E_INVALID, "certificate has a malformed subjectAltName");
    }
    const int count = sk_GENERAL_NAME_num(names);
    if (count > PF_CERT_SANS_MAX) {
        return pf_err_set(err, PF_E_TOO_BIG, "certificate has %d names, limit %d", count,
                          PF_CERT_SANS_MAX);
    }
    struct pf_cert_san *sans = pf_arena_calloc(arena, (size_t)count + 1, sizeof(*sans));
    if (sans == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    info->sans = sans;
    for (int i = 0; i < count; i++) {
        if (!add_san(sk_GENERAL_NAME_value(names, i), arena, info, sans)) {
            return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
        }
    }
    return PF_OK;
}

static enum pf_code fill(X509 *cert, struct pf_arena *arena, struct pf_cert_info *info,
                         struct pf_err *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    unsigned len = 0;
    if (X509_digest(cert, EVP_sha256(), digest, &len) != 1 || len != 32) {
        return pf_ossl_fail(err, PF_E_INTERNAL, "cannot hash a certificate");
    }
    for (unsigned i = 0; i < len; i++) {
        (void)snprintf(info->sha256 + (size_t)2 * i, 3, "%02x", digest[i]);
    }
    info->not_before_wall_ns = pf_ossl_wall_ns(X509_get0_notBefore(cert));
    info->not_after_wall_ns = pf_ossl_wall_ns(X509_get0_notAfter(cert));
    info->is_ca = X509_check_ca(cert) == 1; /* 3 to 5 are kinds without basicConstraints */
    info->key_type = pf_certinfo_key(cert, &info->key_bits);
    enum pf_code code = name_text(X509_get_subject_name(cert), arena, &info->subject, err);
    if (code == PF_OK) {
        code = name_text(X509_get_issuer_name(cert), arena, &info->issuer, err);
    }
    if (code == PF_OK) {
        code = serial_text(cert, arena, &info->serial, err);
    }
    if (code == PF_OK) {
        code = fill_sans(cert, arena, info, err);
    }
    return code;
}

enum pf_code pf_certinfo_list(const STACK_OF(X509) * certs, struct pf_cert_list *ret_list,
                              struct pf_err *err)
{
    struct pf_cert_list list = {0};
    pf_arena_init(&list.arena, LIST_ARENA_MAX_BYTES);
    const int count = sk_X509_num(certs);
    enum pf_code code = PF_OK;
    list.items = pf_arena_calloc(&list.arena, (size_t)count, sizeof(*list.items));
    if (list.items == NULL) {
        code = pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    ERR_clear_error();
    for (int i = 0; code == PF_OK && i < count; i++) {
        code = fill(sk_X509_value(certs, i), &list.arena, &list.items[i], err);
    }
    ERR_clear_error(); /* X509_check_ca and others leave entries for what they merely noticed */
    if (code != PF_OK) {
        pf_arena_done(&list.arena);
        return code;
    }
    list.count = (size_t)count;
    *ret_list = list;
    return PF_OK;
}

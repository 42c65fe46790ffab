#include "certstate.h"

#include <openssl/err.h>

#include "certinfo.h"
#include <podfit/certmake.h>

/* A client whose clock is behind takes a leaf for valid a little longer; the same hour as at the other end of a certificate's life. */
#define SKEW_NS (PF_CERTMAKE_BACKDATE_S * PF_NS_PER_S)

void pf_certstate_done(struct pf_certstate *state)
{
    pf_ossl_cleanup_stack(&state->ca);
    pf_ossl_cleanup_stack(&state->next);
    pf_ossl_cleanup_stack(&state->leaf);
    pf_ossl_cleanup_stack(&state->bundle);
    pf_ossl_cleanup_stack(&state->old);
    *state = (struct pf_certstate){0};
}

/* Certificates of a file that may be missing or broken; only a lack of memory is a failure. */
static enum pf_code read_optional(const struct pf_certstore *store, enum pf_certstore_file file,
                                  STACK_OF(X509) * *ret_certs, struct pf_err *err)
{
    const struct pf_sv pem = pf_certstore_view(store, file);
    if (pem.len == 0) {
        return PF_OK;
    }
    const enum pf_code code = pf_ossl_read_certs(pem, pf_certstore_name(file), ret_certs, NULL);
    return code == PF_E_NO_MEMORY ? pf_err_set(err, code, "out of memory") : PF_OK;
}

static enum pf_code read_ca(const struct pf_certstore *store, STACK_OF(X509) * *ret_certs,
                            struct pf_err *err)
{
    const struct pf_certstore_entry *entry = &store->entries[PF_CERTSTORE_CA_CRT];
    if (entry->error.code != PF_OK) {
        return pf_err_set(err, entry->error.code, "%s", entry->error.text);
    }
    if (entry->bytes.len == 0 && entry->mode == 0) {
        return pf_err_set(err, PF_E_NOT_FOUND, "there is no 'ca.crt'");
    }
    pf_autostack STACK_OF(X509) *certs = NULL;
    const enum pf_code code =
        pf_ossl_read_certs(pf_buf_view(&entry->bytes), "'ca.crt'", &certs, err);
    if (code != PF_OK) {
        return code;
    }
    if (X509_check_ca(sk_X509_value(certs, 0)) != 1) {
        ERR_clear_error();
        return pf_err_set(err, PF_E_INVALID, "'ca.crt' is not the certificate of a CA");
    }
    *ret_certs = PF_TAKE(certs);
    return PF_OK;
}

static enum pf_code read_leaf(const struct pf_certstore *store, int64_t now_wall_ns,
                              struct pf_certstate *state, struct pf_err *err)
{
    const struct pf_certstore_entry *cert = &store->entries[PF_CERTSTORE_TLS_CRT];
    const struct pf_certstore_entry *key = &store->entries[PF_CERTSTORE_TLS_KEY];
    enum pf_code code = cert->error.code != PF_OK ? cert->error.code : key->error.code;
    if (code != PF_OK) {
        state->leaf_error = cert->error.code != PF_OK ? cert->error : key->error;
    } else {
        code = pf_cert_check_pair(pf_buf_view(&cert->bytes), pf_buf_view(&key->bytes), now_wall_ns,
                                  NULL, &state->leaf_error);
    }
    switch (code) {
    case PF_OK:
    case PF_E_STATE: /* expired or not yet valid: its dates count */
    case PF_E_IO:    /* a key that only root may read, looked at by somebody else */
        return read_optional(store, PF_CERTSTORE_TLS_CRT, &state->leaf, err);
    case PF_E_NO_MEMORY:
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    default:
        return PF_OK;
    }
}

static bool contains(const STACK_OF(X509) * certs, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(certs); i++) {
        if (X509_cmp(sk_X509_value(certs, i), cert) == 0) {
            return true;
        }
    }
    return false;
}

static X509 *first(const STACK_OF(X509) * certs)
{
    return sk_X509_num(certs) > 0 ? sk_X509_value(certs, 0) : NULL;
}

static int64_t not_after(const X509 *cert)
{
    return pf_ossl_wall_ns(X509_get0_notAfter(cert));
}

/* End of the last leaf in @p leaves that @p ca signed; INT64_MIN: none. */
static int64_t last_leaf_end(X509 *ca, const STACK_OF(X509) * leaves)
{
    int64_t end = INT64_MIN;
    for (int i = 0; i < sk_X509_num(leaves); i++) {
        X509 *leaf = sk_X509_value(leaves, i);
        if (not_after(leaf) > end && pf_ossl_issued(ca, leaf)) {
            end = not_after(leaf);
        }
    }
    return end;
}

/* How long an old CA stays in the bundle. Without any leaf that tells, as long as it lives itself. */
static int64_t needed_until(const struct pf_certstate *state, X509 *ca)
{
    const int64_t own_end = not_after(ca);
    int64_t end = last_leaf_end(ca, state->old);
    X509 *leaf = first(state->leaf);
    if (leaf != NULL && not_after(leaf) > end && pf_ossl_issued(ca, leaf)) {
        end = not_after(leaf);
    }
    if (end == INT64_MIN || end > own_end) {
        end = own_end;
    }
    return end > INT64_MAX - SKEW_NS ? INT64_MAX : end + SKEW_NS;
}

static void fill_old(struct pf_certstate *state)
{
    const X509 *ca = first(state->ca);
    const X509 *next = first(state->next);
    for (int i = 0; i < sk_X509_num(state->bundle) && i < PF_CERT_CHAIN_MAX; i++) {
        X509 *cert = sk_X509_value(state->bundle, i);
        if (X509_cmp(cert, ca) != 0 && (next == NULL || X509_cmp(cert, next) != 0)) {
            state->old_needed_until_wall_ns[state->old_count] = needed_until(state, cert);
            state->old_count++;
        }
    }
}

enum pf_code pf_certstate_read(const struct pf_certstore *store, int64_t now_wall_ns,
                               struct pf_certstate *ret_state, struct pf_err *err)
{
    pf_autocertstate struct pf_certstate state = {0};
    enum pf_code code = read_ca(store, &state.ca, err);
    if (code == PF_OK) {
        code = read_optional(store, PF_CERTSTORE_NEXT_CRT, &state.next, err);
    }
    if (code == PF_OK) {
        code = read_optional(store, PF_CERTSTORE_BUNDLE, &state.bundle, err);
    }
    if (code == PF_OK) {
        code = read_optional(store, PF_CERTSTORE_OLD_CRT, &state.old, err);
    }
    if (code == PF_OK) {
        code = read_leaf(store, now_wall_ns, &state, err);
    }
    if (code != PF_OK) {
        return code;
    }
    fill_old(&state);
    *ret_state = state;
    state = (struct pf_certstate){0};
    return PF_OK;
}

static struct pf_certplan_dates dates_of(const STACK_OF(X509) * certs)
{
    const X509 *cert = first(certs);
    if (cert == NULL) {
        return (struct pf_certplan_dates){0};
    }
    return (struct pf_certplan_dates){
        .present = true,
        .not_before_wall_ns = pf_ossl_wall_ns(X509_get0_notBefore(cert)),
        .not_after_wall_ns = not_after(cert),
    };
}

static bool has_name(const struct pf_cert_info *leaf, const char *name)
{
    for (size_t i = 0; i < leaf->sans_count; i++) {
        if (strcasecmp(leaf->sans[i].text, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Another spelling of an IPv6 address counts as another name: at worst a leaf is issued that was not needed, once. */
static enum pf_code names_differ(const struct pf_certstate *state,
                                 const struct pf_certdir_options *options, bool *ret_differ,
                                 struct pf_err *err)
{
    if (options->names_count == 0 || state->leaf == NULL) {
        *ret_differ = false;
        return PF_OK;
    }
    pf_autocertlist struct pf_cert_list leaf = {0};
    const enum pf_code code = pf_certinfo_list(state->leaf, &leaf, err);
    if (code != PF_OK) {
        return code;
    }
    bool differ = !options->keep_names && leaf.items[0].sans_count != options->names_count;
    for (size_t i = 0; i < options->names_count; i++) {
        differ = differ || !has_name(&leaf.items[0], options->names[i]);
    }
    *ret_differ = differ;
    return PF_OK;
}

enum pf_code pf_certstate_view(const struct pf_certstate *state,
                               const struct pf_certdir_options *options, bool renewing,
                               struct pf_certplan_view *ret_view, struct pf_err *err)
{
    bool differ = false;
    const enum pf_code code = names_differ(state, options, &differ, err);
    if (code != PF_OK) {
        return code;
    }
    X509 *leaf = first(state->leaf);
    const X509 *next = first(state->next);
    *ret_view = (struct pf_certplan_view){
        .ca = dates_of(state->ca),
        .next = dates_of(state->next),
        .leaf = dates_of(state->leaf),
        .leaf_by_ca = leaf != NULL && pf_ossl_issued(first(state->ca), leaf),
        .leaf_names_differ = differ,
        .force_leaf = renewing && options->force,
        .force_ca = renewing && options->force_ca,
        .hold_switch = options->hold_switch,
        .bundle_complete = contains(state->bundle, first(state->ca)) &&
                           (next == NULL || contains(state->bundle, next)),
        .old_needed_until_wall_ns = state->old_needed_until_wall_ns,
        .old_count = state->old_count,
        .publish_delay_s = options->publish_delay_s,
    };
    return PF_OK;
}

static bool push_new(STACK_OF(X509) * certs, X509 *cert)
{
    if (cert == NULL || contains(certs, cert) || sk_X509_num(certs) >= PF_CERT_CHAIN_MAX) {
        return true;
    }
    if (sk_X509_push(certs, cert) <= 0) {
        return false;
    }
    (void)X509_up_ref(cert);
    return true;
}

static bool push_needed(const struct pf_certstate *before, const STACK_OF(X509) * candidates,
                        int64_t now_wall_ns, STACK_OF(X509) * bundle)
{
    for (int i = 0; i < sk_X509_num(candidates); i++) {
        X509 *cert = sk_X509_value(candidates, i);
        if (needed_until(before, cert) >= now_wall_ns && !push_new(bundle, cert)) {
            return false;
        }
    }
    return true;
}

/* For each CA of the bundle the longest-lived leaf that was replaced: it says how long the CA is needed once it is an old one. */
static bool push_witnesses(const struct pf_certstate *before, const STACK_OF(X509) * bundle,
                           const X509 *new_leaf, STACK_OF(X509) * old)
{
    pf_autostack STACK_OF(X509) *leaves = sk_X509_new_null();
    bool ok = leaves != NULL && push_new(leaves, first(before->leaf));
    for (int i = 0; ok && i < sk_X509_num(before->old); i++) {
        ok = push_new(leaves, sk_X509_value(before->old, i));
    }
    for (int i = 0; ok && i < sk_X509_num(bundle); i++) {
        X509 *ca = sk_X509_value(bundle, i);
        const int64_t end = last_leaf_end(ca, leaves);
        bool found = false;
        for (int j = 0; ok && !found && j < sk_X509_num(leaves); j++) {
            X509 *leaf = sk_X509_value(leaves, j);
            found = not_after(leaf) == end && pf_ossl_issued(ca, leaf);
            /* the leaf in use is in tls.crt and speaks for itself */
            const bool in_use = new_leaf != NULL && X509_cmp(leaf, new_leaf) == 0;
            ok = !found || in_use || push_new(old, leaf);
        }
    }
    return ok;
}

static enum pf_code put_certs(struct pf_certstore *store, enum pf_certstore_file file,
                              const STACK_OF(X509) * certs, struct pf_err *err)
{
    pf_autobuf struct pf_buf pem = {0};
    pf_buf_init(&pem, PF_CERT_PEM_MAX_BYTES);
    for (int i = 0; i < sk_X509_num(certs); i++) {
        const enum pf_code code = pf_ossl_append_cert(sk_X509_value(certs, i), &pem, err);
        if (code != PF_OK) {
            return pf_err_wrap(err, code, "cannot write '%s'", pf_certstore_name(file));
        }
    }
    pf_certstore_put(store, file, &pem);
    return PF_OK;
}

enum pf_code pf_certstate_rebuild(const struct pf_certstate *before, struct pf_certstore *store,
                                  int64_t now_wall_ns, struct pf_err *err)
{
    pf_autostack STACK_OF(X509) *ca = NULL;
    pf_autostack STACK_OF(X509) *next = NULL;
    pf_autostack STACK_OF(X509) *leaf = NULL;
    enum pf_code code = read_optional(store, PF_CERTSTORE_CA_CRT, &ca, err);
    if (code == PF_OK) {
        code = read_optional(store, PF_CERTSTORE_NEXT_CRT, &next, err);
    }
    if (code == PF_OK) {
        code = read_optional(store, PF_CERTSTORE_TLS_CRT, &leaf, err);
    }
    if (code != PF_OK) {
        return code;
    }
    pf_autostack STACK_OF(X509) *bundle = sk_X509_new_null();
    pf_autostack STACK_OF(X509) *old = sk_X509_new_null();
    if (bundle == NULL || old == NULL || !push_new(bundle, first(ca)) ||
        !push_new(bundle, first(next)) || !push_needed(before, before->ca, now_wall_ns, bundle) ||
        !push_needed(before, before->bundle, now_wall_ns, bundle) ||
        !push_witnesses(before, bundle, first(leaf), old)) {
        return pf_ossl_fail(err, PF_E_NO_MEMORY, "bundle");
    }
    code = put_certs(store, PF_CERTSTORE_BUNDLE, bundle, err);
    return code == PF_OK ? put_certs(store, PF_CERTSTORE_OLD_CRT, old, err) : code;
}

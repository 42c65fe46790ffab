#include "certrotate.h"

#include <strings.h>

#include <podfit/certmake.h>
#include <podfit/limits.h>

/* Defaults filled in, relations between the options checked; single lifetimes are certmake's business. */
enum pf_code pf_certrotate_options(const struct pf_certdir_options *given,
                                   struct pf_certdir_options *ret, struct pf_err *err)
{
    struct pf_certdir_options options = *given;
    if (options.leaf_lifetime_s == 0) {
        options.leaf_lifetime_s = PF_CERTDIR_LEAF_LIFETIME_S;
    }
    if (options.ca_lifetime_s == 0) {
        options.ca_lifetime_s = PF_CERTDIR_CA_LIFETIME_S;
    }
    if (options.publish_delay_s < 0) {
        options.publish_delay_s = PF_CERTDIR_PUBLISH_DELAY_S;
    }
    if (options.ca_lifetime_s < options.leaf_lifetime_s) {
        return pf_err_set(err, PF_E_INVALID,
                          "lifetime of the CA is %lld seconds, allowed is at least that of the "
                          "certificate, %lld",
                          (long long)options.ca_lifetime_s, (long long)options.leaf_lifetime_s);
    }
    /* the CA is renewed when a third of its life is left: the overlap must fit in there */
    if (options.publish_delay_s >= options.ca_lifetime_s / 3) {
        return pf_err_set(err, PF_E_INVALID,
                          "publish delay is %lld seconds, allowed is less than a third of the CA's "
                          "lifetime, %lld",
                          (long long)options.publish_delay_s,
                          (long long)(options.ca_lifetime_s / 3));
    }
    *ret = options;
    return PF_OK;
}

static void put_pair(struct pf_certstore *store, enum pf_certstore_file cert,
                     enum pf_certstore_file key, struct pf_cert_pair *pair)
{
    pf_certstore_put(store, cert, &pair->cert_pem);
    pf_certstore_put(store, key, &pair->key_pem);
}

static enum pf_code issue_ca(struct pf_certstore *store, const struct pf_certdir_options *options,
                             enum pf_certstore_file cert, enum pf_certstore_file key,
                             int64_t now_wall_ns, struct pf_err *err)
{
    const struct pf_certmake_ca wanted = {.common_name = options->ca_name,
                                          .lifetime_s = options->ca_lifetime_s};
    pf_autocertpair struct pf_cert_pair ca = {0};
    const enum pf_code code = pf_certmake_ca(&wanted, now_wall_ns, &ca, err);
    if (code == PF_OK) {
        put_pair(store, cert, key, &ca);
    }
    return code;
}

static enum pf_code issue_leaf(struct pf_certstore *store, const struct pf_certdir_options *options,
                               const char *const *names, size_t names_count, int64_t now_wall_ns,
                               struct pf_err *err)
{
    const struct pf_certmake_leaf wanted = {
        .names = names, .names_count = names_count, .lifetime_s = options->leaf_lifetime_s};
    if (store->entries[PF_CERTSTORE_CA_KEY].bytes.len == 0) {
        return pf_err_set(err, PF_E_STATE, "a certificate is due and there is no 'ca.key'");
    }
    /* borrowed by the pair, which therefore is not released */
    const struct pf_cert_pair ca = {.cert_pem = store->entries[PF_CERTSTORE_CA_CRT].bytes,
                                    .key_pem = store->entries[PF_CERTSTORE_CA_KEY].bytes};
    pf_autocertpair struct pf_cert_pair leaf = {0};
    const enum pf_code code = pf_certmake_leaf(&ca, &wanted, now_wall_ns, &leaf, err);
    if (code == PF_OK) {
        put_pair(store, PF_CERTSTORE_TLS_CRT, PF_CERTSTORE_TLS_KEY, &leaf);
    }
    return code;
}

static bool is_named(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Does the leaf lack one of the names that are wanted? */
static bool is_incomplete(const struct pf_cert_info *leaf, const struct pf_certdir_options *options)
{
    const char *has[PF_CERT_SANS_MAX] = {NULL};
    for (size_t i = 0; i < leaf->sans_count; i++) {
        has[i] = leaf->sans[i].text;
    }
    bool lacks = false;
    for (size_t i = 0; i < options->names_count; i++) {
        lacks = lacks || !is_named(has, leaf->sans_count, options->names[i]);
    }
    return lacks;
}

/* Names for the next leaf: those that are wanted; also those of the present leaf, when it is shared with processes that want others. */
static size_t choose_names(const struct pf_cert_info *leaf,
                           const struct pf_certdir_options *options,
                           const char *names[PF_CERT_SANS_MAX])
{
    size_t count = 0;
    while (count < options->names_count && count < PF_CERT_SANS_MAX) {
        names[count] = options->names[count];
        count++;
    }
    const bool both = options->keep_names && leaf != NULL && is_incomplete(leaf, options);
    const size_t more = leaf != NULL && (options->names_count == 0 || both) ? leaf->sans_count : 0;
    for (size_t i = 0; i < more && count < PF_CERT_SANS_MAX; i++) {
        if (!is_named(names, count, leaf->sans[i].text)) {
            names[count] = leaf->sans[i].text;
            count++;
        }
    }
    return count;
}

/* A leaf for the names that are wanted, or else for those of the leaf that is replaced, also when that one's key is lost. */
static enum pf_code issue_successor(struct pf_certstore *store,
                                    const struct pf_certdir_options *options, int64_t now_wall_ns,
                                    struct pf_err *err)
{
    pf_autocertlist struct pf_cert_list leaf = {0};
    const enum pf_code code =
        pf_cert_list_read(pf_certstore_view(store, PF_CERTSTORE_TLS_CRT), &leaf, NULL);
    if (code == PF_E_NO_MEMORY) {
        return pf_err_set(err, code, "out of memory");
    }
    const char *names[PF_CERT_SANS_MAX] = {NULL};
    const size_t count = choose_names(code == PF_OK ? &leaf.items[0] : NULL, options, names);
    if (count == 0) {
        return pf_err_set(err, PF_E_INVALID,
                          "a certificate is due and 'tls.crt' says no names: give them");
    }
    return issue_leaf(store, options, names, count, now_wall_ns, err);
}

/* @p store becomes the new generation; nothing is written yet. */
enum pf_code pf_certrotate_execute(unsigned acts, struct pf_certstore *store,
                                   const struct pf_certstate *before,
                                   const struct pf_certdir_options *options, int64_t now_wall_ns,
                                   struct pf_err *err)
{
    enum pf_code code = PF_OK;
    if ((acts & PF_CERTPLAN_PUBLISH_CA) != 0) {
        code = issue_ca(store, options, PF_CERTSTORE_NEXT_CRT, PF_CERTSTORE_NEXT_KEY, now_wall_ns,
                        err);
    }
    if (code == PF_OK && (acts & PF_CERTPLAN_SWITCH_CA) != 0) {
        struct pf_certstore_entry *next = store->entries;
        pf_certstore_put(store, PF_CERTSTORE_CA_CRT, &next[PF_CERTSTORE_NEXT_CRT].bytes);
        pf_certstore_put(store, PF_CERTSTORE_CA_KEY, &next[PF_CERTSTORE_NEXT_KEY].bytes);
    }
    if (code == PF_OK && (acts & PF_CERTPLAN_ISSUE_LEAF) != 0) {
        code = issue_successor(store, options, now_wall_ns, err);
    }
    return code == PF_OK ? pf_certstate_rebuild(before, store, now_wall_ns, err) : code;
}

/* Broken CA files are not replaced silently: nobody could tell which clients trust what. */
enum pf_code pf_certrotate_check(const struct pf_certstore *store, const struct pf_certstate *state,
                                 struct pf_err *err)
{
    static const struct {
        enum pf_certstore_file file;
        size_t offset;
    } rows[] = {
        {.file = PF_CERTSTORE_NEXT_CRT, .offset = offsetof(struct pf_certstate, next)},
        {.file = PF_CERTSTORE_BUNDLE, .offset = offsetof(struct pf_certstate, bundle)},
        {.file = PF_CERTSTORE_OLD_CRT, .offset = offsetof(struct pf_certstate, old)},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const STACK_OF(X509) *const *certs = (const void *)((const char *)state + rows[i].offset);
        if (*certs == NULL && pf_certstore_view(store, rows[i].file).len != 0) {
            return pf_err_set(err, PF_E_INVALID, "'%s' holds no certificate that can be read",
                              pf_certstore_name(rows[i].file));
        }
    }
    return PF_OK;
}

enum pf_code pf_certrotate_create(struct pf_certstore *store,
                                  const struct pf_certdir_options *options, int64_t now_wall_ns,
                                  struct pf_err *err)
{
    const struct pf_certstate nothing = {0};
    enum pf_code code =
        issue_ca(store, options, PF_CERTSTORE_CA_CRT, PF_CERTSTORE_CA_KEY, now_wall_ns, err);
    if (code == PF_OK) {
        code = issue_leaf(store, options, options->names, options->names_count, now_wall_ns, err);
    }
    return code == PF_OK ? pf_certstate_rebuild(&nothing, store, now_wall_ns, err) : code;
}

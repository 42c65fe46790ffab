#include "certreport.h"
#include "certstate.h"
#include "certstore.h"
#include <podfit/certdir.h>
#include <podfit/certmake.h>
#include <podfit/file.h>

#define NS_PER_S INT64_C(1000000000)

struct pf_certdir_options pf_certdir_options_default(void)
{
    return (struct pf_certdir_options){
        .leaf_lifetime_s = PF_CERTDIR_LEAF_LIFETIME_S,
        .ca_lifetime_s = PF_CERTDIR_CA_LIFETIME_S,
        .publish_delay_s = PF_CERTDIR_PUBLISH_DELAY_S,
    };
}

void pf_certdir_report_done(struct pf_certdir_report *report)
{
    pf_cert_list_done(&report->ca);
    pf_cert_list_done(&report->next);
    pf_cert_list_done(&report->leaf);
    pf_cert_list_done(&report->bundle);
    *report = (struct pf_certdir_report){0};
}
#define pf_autoreport __attribute__((cleanup(pf_certdir_report_done)))

/* Defaults filled in, relations between the options checked; single lifetimes are certmake's business. */
static enum pf_code resolve(const struct pf_certdir_options *given, struct pf_certdir_options *ret,
                            struct pf_err *err)
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

enum pf_code pf_certdir_show(const char *dir, const struct pf_certdir_options *options,
                             const struct pf_clock *clock, struct pf_certdir_report *ret_report,
                             struct pf_err *err)
{
    struct pf_certdir_options resolved = {0};
    pf_autocertstore struct pf_certstore store = {0};
    pf_autoreport struct pf_certdir_report report = {0};
    enum pf_code code = resolve(options, &resolved, err);
    if (code == PF_OK) {
        code = pf_certstore_load(dir, &store, err);
    }
    if (code == PF_OK) {
        pf_certreport_files(dir, &store, &report);
        code = pf_certreport_state(&store, &resolved, pf_clock_wall_ns(clock), &report, err);
    }
    if (code != PF_OK) {
        return pf_err_wrap(err, code, "certificates in '%s'", dir);
    }
    *ret_report = report;
    report = (struct pf_certdir_report){0};
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

/* A leaf for the names that are wanted, or else for those of the leaf that is replaced, also when that one's key is lost. */
static enum pf_code issue_successor(struct pf_certstore *store,
                                    const struct pf_certdir_options *options, int64_t now_wall_ns,
                                    struct pf_err *err)
{
    if (options->names_count != 0) {
        return issue_leaf(store, options, options->names, options->names_count, now_wall_ns, err);
    }
    pf_autocertlist struct pf_cert_list leaf = {0};
    const enum pf_code code =
        pf_cert_list_read(pf_certstore_view(store, PF_CERTSTORE_TLS_CRT), &leaf, NULL);
    if (code == PF_E_NO_MEMORY) {
        return pf_err_set(err, code, "out of memory");
    }
    const char *names[PF_CERT_SANS_MAX] = {NULL};
    const size_t count = code == PF_OK ? leaf.items[0].sans_count : 0;
    for (size_t i = 0; i < count; i++) {
        names[i] = leaf.items[0].sans[i].text;
    }
    if (count == 0) {
        return pf_err_set(err, PF_E_INVALID,
                          "a certificate is due and 'tls.crt' says no names: give them");
    }
    return issue_leaf(store, options, names, count, now_wall_ns, err);
}

/* @p store becomes the new generation; nothing is written yet. */
static enum pf_code execute(unsigned acts, struct pf_certstore *store,
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

static enum pf_code check_readable(const struct pf_certstore *store, struct pf_err *err)
{
    for (unsigned i = 0; i < PF_CERTSTORE_COUNT; i++) {
        const struct pf_err *error = &store->entries[i].error;
        if (error->code != PF_OK) {
            return pf_err_set(err, error->code, "%s", error->text);
        }
    }
    return PF_OK;
}

/* Broken CA files are not replaced silently: nobody could tell which clients trust what. */
static enum pf_code check_state(const struct pf_certstore *store, const struct pf_certstate *state,
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

/* One change of a folder. */
struct change {
    const char *dir;
    struct pf_certdir_options options;
    int64_t now_wall_ns;
    int lock_fd;
    struct pf_certstore before; /* as found */
    struct pf_certstore store;  /* the new generation */
    struct pf_certdir_report report;
};

static void change_done(struct change *change)
{
    pf_certstore_done(&change->before);
    pf_certstore_done(&change->store);
    pf_certdir_report_done(&change->report);
    pf_file_close_cleanup(&change->lock_fd);
}
#define pf_autochange __attribute__((cleanup(change_done)))

static enum pf_code begin(struct change *change, const struct pf_certdir_options *options,
                          bool create, struct pf_err *err)
{
    enum pf_code code = resolve(options, &change->options, err);
    if (code == PF_OK) {
        code = pf_certstore_lock(change->dir, create, &change->lock_fd, err);
    }
    if (code == PF_OK) {
        code = pf_certstore_load(change->dir, &change->before, err);
    }
    if (code == PF_OK) {
        code = check_readable(&change->before, err);
    }
    return code;
}

/* The report is made before the first write: nothing can fail for want of memory after the change is in force. */
static enum pf_code commit(struct change *change, unsigned acts, struct pf_err *err)
{
    const struct pf_certstore *store = acts != 0 ? &change->store : &change->before;
    pf_certreport_files(change->dir, &change->before, &change->report);
    const enum pf_code code =
        pf_certreport_state(store, &change->options, change->now_wall_ns, &change->report, err);
    if (code != PF_OK) {
        return code;
    }
    change->report.acts = acts;
    return acts != 0 ? pf_certstore_commit(change->dir, &change->before, store, err)
                     : pf_certstore_tidy(change->dir, err);
}

static enum pf_code end(struct change *change, enum pf_code code, struct pf_certdir_report *ret,
                        struct pf_err *err)
{
    if (code != PF_OK) {
        return pf_err_wrap(err, code, "certificates in '%s'", change->dir);
    }
    if (ret != NULL) {
        *ret = change->report;
        change->report = (struct pf_certdir_report){0};
    }
    return PF_OK;
}

static enum pf_code create_in(struct change *change, struct pf_err *err)
{
    const struct pf_certstore_entry *entries = change->before.entries;
    const struct pf_certstate nothing = {0};
    const struct pf_certdir_options *options = &change->options;
    if (!options->force &&
        (entries[PF_CERTSTORE_CA_CRT].mode != 0 || entries[PF_CERTSTORE_CA_KEY].mode != 0)) {
        return pf_err_set(err, PF_E_EXISTS, "there is a CA already");
    }
    enum pf_code code = issue_ca(&change->store, options, PF_CERTSTORE_CA_CRT, PF_CERTSTORE_CA_KEY,
                                 change->now_wall_ns, err);
    if (code == PF_OK) {
        code = issue_leaf(&change->store, options, options->names, options->names_count,
                          change->now_wall_ns, err);
    }
    if (code == PF_OK) {
        code = pf_certstate_rebuild(&nothing, &change->store, change->now_wall_ns, err);
    }
    return code == PF_OK
               ? commit(change,
                        PF_CERTPLAN_PUBLISH_CA | PF_CERTPLAN_SWITCH_CA | PF_CERTPLAN_ISSUE_LEAF,
                        err)
               : code;
}

enum pf_code pf_certdir_create(const char *dir, const struct pf_certdir_options *options,
                               const struct pf_clock *clock, struct pf_certdir_report *ret_report,
                               struct pf_err *err)
{
    pf_autochange struct change change = {
        .dir = dir, .now_wall_ns = pf_clock_wall_ns(clock), .lock_fd = -1};
    enum pf_code code = begin(&change, options, /* create= */ true, err);
    if (code == PF_OK) {
        code = create_in(&change, err);
    }
    return end(&change, code, ret_report, err);
}

static enum pf_code renew_in(struct change *change, struct pf_err *err)
{
    pf_autocertstate struct pf_certstate state = {0};
    struct pf_certplan_view view = {0};
    enum pf_code code = pf_certstate_read(&change->before, change->now_wall_ns, &state, err);
    if (code == PF_OK) {
        code = check_state(&change->before, &state, err);
    }
    if (code == PF_OK) {
        code = pf_certstate_view(&state, &change->options, /* renewing= */ true, &view, err);
    }
    if (code != PF_OK) {
        return code;
    }
    const unsigned acts = pf_certplan_decide(&view, change->now_wall_ns).acts;
    if (acts != 0) {
        code = pf_certstore_load(change->dir, &change->store, err);
    }
    if (code == PF_OK && acts != 0) {
        code = execute(acts, &change->store, &state, &change->options, change->now_wall_ns, err);
    }
    return code == PF_OK ? commit(change, acts, err) : code;
}

enum pf_code pf_certdir_renew(const char *dir, const struct pf_certdir_options *options,
                              const struct pf_clock *clock, struct pf_certdir_report *ret_report,
                              struct pf_err *err)
{
    pf_autochange struct change change = {
        .dir = dir, .now_wall_ns = pf_clock_wall_ns(clock), .lock_fd = -1};
    enum pf_code code = begin(&change, options, /* create= */ false, err);
    if (code == PF_OK) {
        code = renew_in(&change, err);
    }
    return end(&change, code, ret_report, err);
}

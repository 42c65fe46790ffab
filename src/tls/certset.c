#include "certreport.h"
#include "certrotate.h"
#include <podfit/certset.h>
#include <podfit/limits.h>

static const struct {
    const char *name;
    enum pf_certstore_file file;
} rows[PF_CERTSET_PARTS] = {
    [PF_CERTSET_BUNDLE] = {.name = "ca.crt", .file = PF_CERTSTORE_BUNDLE},
    [PF_CERTSET_CA_KEY] = {.name = "ca.key", .file = PF_CERTSTORE_CA_KEY},
    [PF_CERTSET_TLS_CRT] = {.name = "tls.crt", .file = PF_CERTSTORE_TLS_CRT},
    [PF_CERTSET_TLS_KEY] = {.name = "tls.key", .file = PF_CERTSTORE_TLS_KEY},
    [PF_CERTSET_NEXT_CRT] = {.name = "ca-next.crt", .file = PF_CERTSTORE_NEXT_CRT},
    [PF_CERTSET_NEXT_KEY] = {.name = "ca-next.key", .file = PF_CERTSTORE_NEXT_KEY},
    [PF_CERTSET_OLD_CRT] = {.name = "tls-old.crt", .file = PF_CERTSTORE_OLD_CRT},
};

const char *pf_certset_name(enum pf_certset_part part)
{
    return rows[part].name;
}

void pf_certset_done(struct pf_certset *set)
{
    for (unsigned i = 0; i < PF_CERTSET_PARTS; i++) {
        pf_cert_secret_done(&set->parts[i]);
    }
}

static enum pf_code copy_bytes(struct pf_sv pem, struct pf_buf *ret, struct pf_err *err)
{
    struct pf_buf copy = {0};
    pf_buf_init(&copy, PF_CERT_PEM_MAX_BYTES);
    char *room = pem.len != 0 ? pf_buf_reserve(&copy, pem.len) : NULL; /* grows once: no copies */
    if (room != NULL) {
        pf_buf_append_sv(&copy, pem);
    }
    const enum pf_code code = pf_buf_status(&copy, err);
    if (code != PF_OK) {
        pf_cert_secret_done(&copy);
        return code;
    }
    *ret = copy;
    return PF_OK;
}

enum pf_code pf_certset_put(struct pf_certset *set, enum pf_certset_part part, struct pf_sv pem,
                            struct pf_err *err)
{
    struct pf_buf copy = {0};
    const enum pf_code code = copy_bytes(pem, &copy, err);
    if (code != PF_OK) {
        return pf_err_wrap(err, code, "'%s'", rows[part].name);
    }
    pf_cert_secret_done(&set->parts[part]);
    set->parts[part] = copy;
    return PF_OK;
}

struct pf_sv pf_certset_view(const struct pf_certset *set, enum pf_certset_part part)
{
    return pf_buf_view(&set->parts[part]);
}

enum pf_code pf_certset_copy(const struct pf_certset *set, struct pf_certset *ret_copy,
                             struct pf_err *err)
{
    pf_autocertset struct pf_certset copy = {0};
    for (unsigned i = 0; i < PF_CERTSET_PARTS; i++) {
        const enum pf_code code = pf_certset_put(
            &copy, (enum pf_certset_part)i, pf_certset_view(set, (enum pf_certset_part)i), err);
        if (code != PF_OK) {
            return code;
        }
    }
    *ret_copy = pf_certset_take(&copy);
    return PF_OK;
}

bool pf_certset_is_empty(const struct pf_certset *set)
{
    bool empty = true;
    for (unsigned i = 0; i < PF_CERTSET_PARTS; i++) {
        empty = empty && set->parts[i].len == 0;
    }
    return empty;
}

/* The CA that signs is the first of the bundle. */
static enum pf_code put_ca(struct pf_sv bundle, struct pf_certstore *store, struct pf_err *err)
{
    if (bundle.len == 0) {
        return PF_OK;
    }
    pf_autostack STACK_OF(X509) *certs = NULL;
    pf_autobuf struct pf_buf pem = {0};
    pf_buf_init(&pem, PF_CERT_PEM_MAX_BYTES);
    enum pf_code code = pf_ossl_read_certs(bundle, "'ca.crt'", &certs, err);
    if (code == PF_OK) {
        code = pf_ossl_append_cert(sk_X509_value(certs, 0), &pem, err);
    }
    if (code == PF_OK) {
        pf_certstore_put(store, PF_CERTSTORE_CA_CRT, &pem);
    }
    return code;
}

static enum pf_code to_store(const struct pf_certset *set, struct pf_certstore *ret,
                             struct pf_err *err)
{
    for (unsigned i = 0; i < PF_CERTSET_PARTS; i++) {
        struct pf_buf copy = {0};
        const enum pf_code code =
            copy_bytes(pf_certset_view(set, (enum pf_certset_part)i), &copy, err);
        if (code != PF_OK) {
            return code;
        }
        pf_certstore_put(ret, rows[i].file, &copy);
    }
    return put_ca(pf_certset_view(set, PF_CERTSET_BUNDLE), ret, err);
}

/* The store is empty afterwards but for the CA, which the bundle holds. */
static void from_store(struct pf_certstore *store, struct pf_certset *ret)
{
    for (unsigned i = 0; i < PF_CERTSET_PARTS; i++) {
        ret->parts[i] = store->entries[rows[i].file].bytes;
        store->entries[rows[i].file].bytes = (struct pf_buf){0};
    }
}

enum pf_code pf_certset_create(const struct pf_certdir_options *options, int64_t now_wall_ns,
                               struct pf_certset *ret_set, struct pf_err *err)
{
    struct pf_certdir_options resolved = {0};
    pf_autocertstore struct pf_certstore store = {0};
    enum pf_code code = pf_certrotate_options(options, &resolved, err);
    if (code == PF_OK) {
        code = pf_certrotate_create(&store, &resolved, now_wall_ns, err);
    }
    if (code == PF_OK) {
        from_store(&store, ret_set);
    }
    return code;
}

enum pf_code pf_certset_renew(const struct pf_certset *set,
                              const struct pf_certdir_options *options, int64_t now_wall_ns,
                              struct pf_certset *ret_fresh, unsigned *ret_acts, struct pf_err *err)
{
    struct pf_certdir_options resolved = {0};
    struct pf_certplan_view view = {0};
    pf_autocertstore struct pf_certstore store = {0};
    pf_autocertstate struct pf_certstate state = {0};
    enum pf_code code = pf_certrotate_options(options, &resolved, err);
    if (code == PF_OK) {
        code = to_store(set, &store, err);
    }
    if (code == PF_OK) {
        code = pf_certstate_read(&store, now_wall_ns, &state, err);
    }
    if (code == PF_OK) {
        code = pf_certrotate_check(&store, &state, err);
    }
    if (code == PF_OK) {
        code = pf_certstate_view(&state, &resolved, /* renewing= */ true, &view, err);
    }
    const unsigned acts = code == PF_OK ? pf_certplan_decide(&view, now_wall_ns).acts : 0;
    if (acts != 0) {
        code = pf_certrotate_execute(acts, &store, &state, &resolved, now_wall_ns, err);
    }
    if (code != PF_OK) {
        return code;
    }
    if (acts != 0) {
        from_store(&store, ret_fresh);
    }
    *ret_acts = acts;
    return PF_OK;
}

enum pf_code pf_certset_show(const struct pf_certset *set, const struct pf_certdir_options *options,
                             int64_t now_wall_ns, struct pf_certdir_report *ret_report,
                             struct pf_err *err)
{
    struct pf_certdir_options resolved = {0};
    struct pf_certdir_report report = {0};
    pf_autocertstore struct pf_certstore store = {0};
    enum pf_code code = pf_certrotate_options(options, &resolved, err);
    if (code == PF_OK) {
        code = to_store(set, &store, err);
    }
    if (code == PF_OK) {
        code = pf_certreport_state(&store, &resolved, now_wall_ns, &report, err);
    }
    if (code != PF_OK) {
        pf_certdir_report_done(&report);
        return code;
    }
    *ret_report = report;
    return PF_OK;
}

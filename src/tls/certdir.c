#include "certreport.h"
#include "certrotate.h"
#include "certstate.h"
#include "certstore.h"
#include <podfit/certdir.h>
#include <podfit/file.h>

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

enum pf_code pf_certdir_show(const char *dir, const struct pf_certdir_options *options,
                             const struct pf_clock *clock, struct pf_certdir_report *ret_report,
                             struct pf_err *err)
{
    struct pf_certdir_options resolved = {0};
    pf_autocertstore struct pf_certstore store = {0};
    pf_autoreport struct pf_certdir_report report = {0};
    enum pf_code code = pf_certrotate_options(options, &resolved, err);
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
    enum pf_code code = pf_certrotate_options(options, &change->options, err);
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
    const struct pf_certdir_options *options = &change->options;
    if (!options->force &&
        (entries[PF_CERTSTORE_CA_CRT].mode != 0 || entries[PF_CERTSTORE_CA_KEY].mode != 0)) {
        return pf_err_set(err, PF_E_EXISTS,
                          "there is a CA already; renewing does what is due, --force replaces it");
    }
    const enum pf_code code =
        pf_certrotate_create(&change->store, options, change->now_wall_ns, err);
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
        code = pf_certrotate_check(&change->before, &state, err);
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
        code = pf_certrotate_execute(acts, &change->store, &state, &change->options,
                                     change->now_wall_ns, err);
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

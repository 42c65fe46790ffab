#include "certreport.h"

#include "certinfo.h"
#include "certstate.h"

static void add_problem(struct pf_certdir_report *report, enum pf_code code, const char *text)
{
    if (report->problems_count < PF_CERTDIR_PROBLEMS_MAX) {
        struct pf_err *problem = &report->problems[report->problems_count];
        pf_err_clear(problem);
        (void)pf_err_set(problem, code, "%s", text);
        report->problems_count++;
    }
}

void pf_certreport_files(const char *dir, const struct pf_certstore *store,
                         struct pf_certdir_report *report)
{
    for (unsigned i = 0; i < PF_CERTSTORE_COUNT; i++) {
        const struct pf_certstore_entry *entry = &store->entries[i];
        const char *name = pf_certstore_name((enum pf_certstore_file)i);
        if (entry->error.code != PF_OK) {
            add_problem(report, entry->error.code, entry->error.text);
        }
        if (pf_certstore_is_secret((enum pf_certstore_file)i) && (entry->mode & 077) != 0) {
            struct pf_err text = {0};
            const enum pf_code code = pf_err_set(
                &text, PF_E_STATE,
                "'%s/%s' is open to others (mode '%04o'): make it '0600', and renew if somebody may "
                "have read it",
                dir, name, (unsigned)entry->mode);
            add_problem(report, code, text.text);
        }
    }
}

static void report_key(const struct pf_certstore *store, const struct pf_certstate *state,
                       struct pf_certdir_report *report)
{
    const struct pf_sv pem = pf_certstore_view(store, PF_CERTSTORE_CA_KEY);
    struct pf_err why = {0};
    pf_autopkey EVP_PKEY *key = NULL;
    if (pem.len == 0) {
        if (store->entries[PF_CERTSTORE_CA_KEY].error.code == PF_OK) {
            add_problem(report, PF_E_STATE, "there is no 'ca.key': nothing can be renewed");
        }
        return;
    }
    enum pf_code code = pf_ossl_read_key(pem, "'ca.key'", &key, &why);
    if (code == PF_OK) {
        code = pf_ossl_match(sk_X509_value(state->ca, 0), key, &why);
        (void)pf_err_wrap(&why, code, "'ca.key'");
    }
    if (code != PF_OK) {
        add_problem(report, code, why.text);
    }
}

static void report_state(const struct pf_certstore *store, const struct pf_certstate *state,
                         int64_t now_wall_ns, struct pf_certdir_report *report)
{
    report_key(store, state, report);
    const bool is_known = store->entries[PF_CERTSTORE_TLS_CRT].error.code != PF_OK ||
                          store->entries[PF_CERTSTORE_TLS_KEY].error.code != PF_OK;
    if (state->leaf_error.code != PF_OK && !is_known) {
        struct pf_err why = state->leaf_error;
        const enum pf_code code = pf_err_wrap(&why, why.code, "tls.crt and tls.key");
        add_problem(report, code, why.text);
    }
    const struct pf_sv bundle = pf_certstore_view(store, PF_CERTSTORE_BUNDLE);
    if (state->bundle == NULL) {
        add_problem(report, PF_E_STATE, "there is no 'ca-bundle.crt' that can be read");
    } else if (state->leaf != NULL && state->leaf_error.code != PF_E_STATE) {
        struct pf_err why = {0};
        const enum pf_code code = pf_cert_verify(pf_certstore_view(store, PF_CERTSTORE_TLS_CRT),
                                                 bundle, NULL, now_wall_ns, &why);
        if (code != PF_OK) {
            (void)pf_err_wrap(&why, code, "clients that trust 'ca-bundle.crt' refuse 'tls.crt'");
            add_problem(report, code, why.text);
        }
    }
}

static enum pf_code report_list(const STACK_OF(X509) * certs, struct pf_cert_list *ret_list,
                                struct pf_err *err)
{
    return certs != NULL ? pf_certinfo_list(certs, ret_list, err) : PF_OK;
}

enum pf_code pf_certreport_state(const struct pf_certstore *store,
                                 const struct pf_certdir_options *options, int64_t now_wall_ns,
                                 struct pf_certdir_report *report, struct pf_err *err)
{
    pf_autocertstate struct pf_certstate state = {0};
    struct pf_certplan_view view = {0};
    enum pf_code code = pf_certstate_read(store, now_wall_ns, &state, err);
    if (code == PF_OK) {
        code = pf_certstate_view(&state, options, /* renewing= */ false, &view, err);
    }
    if (code == PF_OK) {
        code = report_list(state.ca, &report->ca, err);
    }
    if (code == PF_OK) {
        code = report_list(state.next, &report->next, err);
    }
    if (code == PF_OK) {
        code = report_list(state.leaf, &report->leaf, err);
    }
    if (code == PF_OK) {
        code = report_list(state.bundle, &report->bundle, err);
    }
    if (code != PF_OK) {
        return code;
    }
    const struct pf_certplan plan = pf_certplan_decide(&view, now_wall_ns);
    report->acts = plan.acts;
    report->next_due_wall_ns = plan.next_due_wall_ns;
    report_state(store, &state, now_wall_ns, report);
    return PF_OK;
}

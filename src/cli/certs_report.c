#include "certs_report.h"

#include <podfit/cliout.h>
#include <podfit/write.h>

static const struct {
    unsigned act;
    const char *name; /* in JSON */
    const char *done;
    const char *due;
} acts[] = {
    {PF_CERTPLAN_PUBLISH_CA, "publish-ca", "published the next certificate authority",
     "publish the next certificate authority"},
    {PF_CERTPLAN_SWITCH_CA, "switch-ca", "switched to the published certificate authority",
     "switch to the published certificate authority"},
    {PF_CERTPLAN_ISSUE_LEAF, "issue-leaf", "issued a serving certificate",
     "issue a serving certificate"},
    {PF_CERTPLAN_DROP_CA, "drop-ca", "dropped an old certificate authority from the bundle",
     "drop an old certificate authority from the bundle"},
    {PF_CERTPLAN_MEND_BUNDLE, "mend-bundle", "wrote the bundle anew", "write the bundle anew"},
};

static const char *key_type_name(enum pf_cert_key_type type)
{
    switch (type) {
    case PF_CERT_KEY_RSA:
        return "RSA";
    case PF_CERT_KEY_EC:
        return "EC";
    case PF_CERT_KEY_ED25519:
        return "Ed25519";
    case PF_CERT_KEY_OTHER:
        break;
    }
    return "other";
}

static void put_cert_text(const char *label, const struct pf_cert_list *list, struct pf_buf *buf)
{
    if (list->count == 0) {
        return;
    }
    const struct pf_cert_info *cert = &list->items[0];
    char from[PF_TIME_TEXT_BYTES];
    char to[PF_TIME_TEXT_BYTES];
    pf_clock_format(cert->not_before_wall_ns, from);
    pf_clock_format(cert->not_after_wall_ns, to);
    pf_buf_printf(buf, "%s: ", label);
    pf_cliout_put_text(buf, pf_sv_from(cert->subject));
    pf_buf_printf(buf, "\n  valid   %s to %s\n  key     %s, %u bits\n  serial  %s\n  sha256  %s\n",
                  from, to, key_type_name(cert->key_type), cert->key_bits, cert->serial,
                  cert->sha256);
    for (size_t i = 0; i < cert->sans_count; i++) {
        pf_buf_printf(buf, "  %s ", cert->sans[i].is_ip ? "ip     " : "dns    ");
        pf_cliout_put_text(buf, pf_sv_from(cert->sans[i].text));
        pf_buf_append_char(buf, '\n');
    }
}

void pf_certs_report_text(const struct pf_certdir_report *report, const char *dir,
                          enum pf_certs_report_tense tense, struct pf_buf *buf)
{
    const bool done = tense == PF_CERTS_REPORT_DONE;
    const unsigned shown = tense == PF_CERTS_REPORT_CREATED ? 0 : report->acts;
    if (tense == PF_CERTS_REPORT_CREATED) {
        pf_buf_append_cstr(buf, "created a certificate authority and a serving certificate\n");
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(acts); i++) {
        if ((shown & acts[i].act) != 0) {
            pf_buf_printf(buf, "%s%s\n",
                          done ? "" : "due now: ", done ? acts[i].done : acts[i].due);
        }
    }
    if (done && report->acts == 0) {
        pf_buf_append_cstr(buf, "nothing was due\n");
    }
    pf_buf_append_cstr(buf, "folder: ");
    pf_cliout_put_text(buf, pf_sv_from(dir));
    pf_buf_append_char(buf, '\n');
    put_cert_text("authority", &report->ca, buf);
    put_cert_text("next authority", &report->next, buf);
    put_cert_text("serving certificate", &report->leaf, buf);
    pf_buf_printf(buf, "bundle: %zu %s\n", report->bundle.count,
                  report->bundle.count == 1 ? "authority" : "authorities");
    char due[PF_TIME_TEXT_BYTES];
    pf_clock_format(report->next_due_wall_ns, due);
    pf_buf_printf(buf, "next due: %s\n", due);
    for (size_t i = 0; i < report->problems_count; i++) {
        pf_buf_append_cstr(buf, "problem: ");
        pf_cliout_put_text(buf, pf_sv_from(report->problems[i].text));
        pf_buf_append_char(buf, '\n');
    }
}

static void put_time(struct pf_writer *w, const char *key, int64_t wall_ns)
{
    char text[PF_TIME_TEXT_BYTES];
    pf_clock_format(wall_ns, text);
    pf_write_string_member(w, key, pf_sv_from(text));
}

static void put_cert(struct pf_writer *w, const struct pf_cert_info *cert)
{
    pf_write_begin_object(w);
    pf_write_string_member(w, "subject", pf_sv_from(cert->subject));
    pf_write_string_member(w, "issuer", pf_sv_from(cert->issuer));
    pf_write_key(w, PF_SV("names"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < cert->sans_count; i++) {
        pf_write_put_string(w, pf_sv_from(cert->sans[i].text));
    }
    pf_write_end_array(w);
    pf_write_string_member(w, "serial", pf_sv_from(cert->serial));
    put_time(w, "notBefore", cert->not_before_wall_ns);
    put_time(w, "notAfter", cert->not_after_wall_ns);
    pf_write_string_member(w, "sha256", pf_sv_from(cert->sha256));
    pf_write_bool_member(w, "ca", cert->is_ca);
    pf_write_string_member(w, "keyType", pf_sv_from(key_type_name(cert->key_type)));
    pf_write_i64_member(w, "keyBits", (int64_t)cert->key_bits);
    pf_write_end_object(w);
}

static void put_first(struct pf_writer *w, const char *key, const struct pf_cert_list *list)
{
    pf_write_key(w, pf_sv_from(key));
    if (list->count != 0) {
        put_cert(w, &list->items[0]);
    } else {
        pf_write_put_null(w);
    }
}

void pf_certs_report_json(const struct pf_certdir_report *report, const char *dir,
                          struct pf_buf *buf)
{
    struct pf_writer writer = {0};
    struct pf_writer *w = &writer;
    pf_write_init(w, buf);
    pf_write_begin_object(w);
    pf_write_string_member(w, "apiVersion", PF_SV("podfit.io/v1"));
    pf_write_string_member(w, "kind", PF_SV("Certificates"));
    pf_write_string_member(w, "directory", pf_sv_from(dir));
    put_first(w, "authority", &report->ca);
    put_first(w, "nextAuthority", &report->next);
    put_first(w, "serving", &report->leaf);
    pf_write_key(w, PF_SV("bundle"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < report->bundle.count; i++) {
        put_cert(w, &report->bundle.items[i]);
    }
    pf_write_end_array(w);
    pf_write_key(w, PF_SV("acts"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < PF_ARRAY_LEN(acts); i++) {
        if ((report->acts & acts[i].act) != 0) {
            pf_write_put_string(w, pf_sv_from(acts[i].name));
        }
    }
    pf_write_end_array(w);
    put_time(w, "nextDue", report->next_due_wall_ns);
    pf_write_key(w, PF_SV("problems"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < report->problems_count; i++) {
        pf_write_put_string(w, pf_sv_from(report->problems[i].text));
    }
    pf_write_end_array(w);
    pf_write_end_object(w);
}

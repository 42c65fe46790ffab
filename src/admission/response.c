#include <string.h>

#include <podfit/decide.h>
#include <podfit/write.h>

/* API server: at most 4,096 characters of warnings in all, 256 each when there are more; 120 are advised (P-22). */
#define WARNING_MAX_BYTES ((size_t)256)

/* A warning with a control character is dropped whole by the API server: spaces instead. */
static void put_warning(struct pf_writer *w, const struct pf_decision *decision)
{
    char text[WARNING_MAX_BYTES];
    const struct pf_sv lead = decision->resize ? PF_SV("podfit: this resize may not take place: ")
                                               : PF_SV("podfit: this pod may stay Pending: ");
    size_t at = lead.len;
    memcpy(text, lead.ptr, at);
    const struct pf_sv reason = decision->judgement.message.len != 0 ? decision->judgement.message
                                                                     : decision->judgement.cause;
    for (size_t i = 0; i < reason.len && at < sizeof(text); i++) {
        const char c = reason.ptr[i];
        const bool plain = c >= ' ' && c <= '~';
        text[at] = ' ';
        if (plain) {
            text[at] = c;
        }
        at++;
    }
    pf_write_key(w, PF_SV("warnings"));
    pf_write_begin_array(w);
    pf_write_put_string(w, (struct pf_sv){.ptr = text, .len = at});
    pf_write_end_array(w);
}

static void put_status(struct pf_writer *w, const struct pf_decision *decision)
{
    pf_write_key(w, PF_SV("status"));
    pf_write_begin_object(w);
    pf_write_string_member(w, "status", PF_SV("Failure"));
    pf_write_string_member(w, "message", decision->explanation);
    pf_write_string_member(w, "reason", PF_SV("Forbidden"));
    pf_write_i64_member(w, "code", 403);
    pf_write_end_object(w);
}

/* Bare names and text values: the API server stores them as WEBHOOK/KEY (P-23). Never the patch or anything of the pod's contents. */
static void put_audit_annotations(struct pf_writer *w, const struct pf_decision *decision)
{
    pf_write_key(w, PF_SV("auditAnnotations"));
    pf_write_begin_object(w);
    pf_write_string_member(w, "class", decision->class_name);
    pf_write_string_member(w, "verdict", pf_sv_from(pf_verdict_name(decision->judgement.verdict)));
    pf_write_string_member(w, "action", pf_sv_from(pf_action_name(decision->action)));
    if (decision->observed) {
        pf_write_string_member(w, "observed", PF_SV("true"));
    }
    pf_write_end_object(w);
}

static void put_patch(struct pf_writer *w, struct pf_buf *buf, struct pf_sv patch)
{
    pf_write_string_member(w, "patchType", PF_SV("JSONPatch"));
    pf_write_key(w, PF_SV("patch"));
    pf_buf_append_char(buf, '"');
    pf_buf_append_base64(buf, patch);
    pf_buf_append_char(buf, '"');
    w->comma = true; /* the value was written past the writer */
}

void pf_response_write(struct pf_buf *buf, struct pf_sv uid, const struct pf_decision *decision)
{
    struct pf_writer w = {0};
    pf_write_init(&w, buf);
    const bool enforced = decision->covered && !decision->observed;
    const bool allowed = !enforced || decision->action != PF_ACTION_REJECT;
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "kind", PF_SV("AdmissionReview"));
    pf_write_string_member(&w, "apiVersion", PF_SV("admission.k8s.io/v1"));
    pf_write_key(&w, PF_SV("response"));
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "uid", uid);
    pf_write_bool_member(&w, "allowed", allowed);
    if (!allowed) {
        put_status(&w, decision);
    } else if (enforced && decision->patch.len != 0) {
        put_patch(&w, buf, decision->patch);
    }
    if (enforced && allowed && decision->explanation.len != 0) {
        put_warning(&w, decision);
    }
    if (decision->covered) {
        /* values are escaped by the writer; audit annotations must be UTF-8, which it guarantees */
        put_audit_annotations(&w, decision);
    }
    pf_write_end_object(&w);
    pf_write_end_object(&w);
    pf_buf_append_char(buf, '\n');
}

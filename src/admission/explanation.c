#include <podfit/decide.h>
#include <podfit/limits.h>

static void put_amount(struct pf_buf *buf, const char *name, int64_t amount, int32_t scale,
                       enum pf_quantity_format format)
{
    char text[PF_QUANTITY_TEXT_BYTES];
    const struct pf_quantity quantity = pf_quantity_from_i64(amount, scale, format);
    (void)pf_quantity_format(&quantity, text);
    pf_buf_printf(buf, "%s %s", name, text);
}

/* `cpu 50m, memory 200Mi, nvidia.com/gpu 1`: what the scheduler counts; zeros are left out. */
static void put_request(struct pf_buf *buf, const struct pf_request *request)
{
    const struct {
        const char *name;
        int64_t amount;
        int32_t scale;
        enum pf_quantity_format format;
    } fixed[] = {
        {"cpu", request->milli_cpu, -3, PF_QUANTITY_DECIMAL_SI},
        {"memory", request->memory, 0, PF_QUANTITY_BINARY_SI},
        {"ephemeral-storage", request->ephemeral_storage, 0, PF_QUANTITY_BINARY_SI},
    };
    const size_t start = buf->len;
    for (size_t i = 0; i < PF_ARRAY_LEN(fixed); i++) {
        if (fixed[i].amount != 0) {
            pf_buf_append_cstr(buf, buf->len != start ? ", " : "");
            put_amount(buf, fixed[i].name, fixed[i].amount, fixed[i].scale, fixed[i].format);
        }
    }
    for (size_t i = 0; i < request->scalar_count; i++) {
        if (request->scalars[i].amount != 0) {
            pf_buf_printf(buf, "%s%.*s %lld", buf->len != start ? ", " : "",
                          PF_SV_ARG(request->scalars[i].name),
                          (long long)request->scalars[i].amount);
        }
    }
    if (buf->len == start) {
        pf_buf_append_cstr(buf, "nothing");
    }
}

static void restore_list(struct pf_resource_list *list, const struct pf_resource_list *before)
{
    *list = *before;
    list->cap = 0; /* what defaulting appends goes into a list of its own */
}

/* What the pod held before podfit's first look at it: on a reinvocation our own annotation knows. */
static void restore_resources(struct pf_pod *pod, const struct pf_rewrite *rewrite)
{
    for (size_t i = 0; i < rewrite->container_count; i++) {
        const struct pf_rewrite_container *before = &rewrite->containers[i];
        if (before->container == NULL) {
            restore_list(&pod->requests, &before->requests_before);
            restore_list(&pod->limits, &before->limits_before);
        } else if (i < pod->container_count) {
            restore_list(&pod->containers[i].requests, &before->requests_before);
            restore_list(&pod->containers[i].limits, &before->limits_before);
        }
    }
}

/* A copy, for defaulting changes it. Only misfits pay for it. */
static enum pf_code request_before(const struct pf_decide_rules *rules,
                                   const struct pf_decision *decision, struct pf_arena *arena,
                                   struct pf_request *ret_request, struct pf_err *err)
{
    const struct pf_kube_features *features = &rules->config->fit.features;
    struct pf_pod *pod = pf_decide_copy_pod(decision->pod, arena);
    if (pod == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    restore_resources(pod, &decision->rewrite);
    const enum pf_code code = pf_pod_apply_defaults(pod, features, /* stored= */ false, arena, err);
    return code == PF_OK ? pf_request_of_incoming(pod, features, arena, ret_request, err) : code;
}

static void put_requests(struct pf_buf *buf, const struct pf_decision *decision,
                         const struct pf_request *before)
{
    pf_autobuf struct pf_buf earlier = {0};
    pf_buf_init(&earlier, buf->max_bytes);
    put_request(&earlier, before);
    pf_buf_append_cstr(buf, " The pod requests ");
    const size_t start = buf->len;
    put_request(buf, &decision->judgement.request);
    if (buf->failed != PF_OK || earlier.failed != PF_OK) {
        buf->failed = buf->failed != PF_OK ? buf->failed : earlier.failed;
        return;
    }
    const struct pf_sv now = {.ptr = buf->data + start, .len = buf->len - start};
    if (!pf_sv_eq(now, pf_buf_view(&earlier))) {
        pf_buf_printf(buf, " (%.*s before class '%.*s' rewrote it)",
                      PF_SV_ARG(pf_buf_view(&earlier)), PF_SV_ARG(decision->class_name));
    }
    if (decision->judgement.binding.len != 0) {
        pf_buf_printf(buf, "; %.*s is what binds", PF_SV_ARG(decision->judgement.binding));
    }
    pf_buf_append_char(buf, '.');
}

/* Not every sentence of kube-scheduler and kubelet has one: `no nodes available to schedule pods`. */
static void put_full_stop(struct pf_buf *buf)
{
    if (buf->failed == PF_OK && buf->len != 0 && buf->data[buf->len - 1] != '.') {
        pf_buf_append_char(buf, '.');
    }
}

/* Cut to the limit at a character boundary. */
static struct pf_sv bounded(struct pf_sv text)
{
    if (text.len > PF_MESSAGE_MAX_BYTES) {
        text.len = PF_MESSAGE_MAX_BYTES;
        while (text.len != 0 && ((unsigned char)text.ptr[text.len] & 0xC0) == 0x80) {
            text.len--;
        }
    }
    return text;
}

enum pf_code pf_explanation_write(const struct pf_decide_rules *rules,
                                  const struct pf_decision *decision, struct pf_arena *arena,
                                  struct pf_sv *ret_text, struct pf_err *err)
{
    const struct pf_judgement *judgement = &decision->judgement;
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 4 * PF_MESSAGE_MAX_BYTES + judgement->message.len + judgement->cause.len);
    if (judgement->verdict == PF_VERDICT_UNKNOWN) {
        pf_buf_printf(&buf, "podfit cannot tell whether the %s: %.*s.",
                      decision->resize ? "resize can be done" : "pod fits",
                      PF_SV_ARG(judgement->cause));
    } else {
        struct pf_request before = {0};
        struct pf_err local = {0};
        const enum pf_code code = request_before(rules, decision, arena, &before, &local);
        if (code != PF_OK && code != PF_E_TOO_BIG) {
            return pf_err_set(err, code, "%s", local.text);
        }
        /* what the pod asked for before may be a number that podfit does not hold: it is left out then */
        pf_buf_append_sv(&buf, judgement->message);
        put_full_stop(&buf);
        put_requests(&buf, decision, code == PF_OK ? &before : &judgement->request);
        if (judgement->verdict == PF_VERDICT_NEVER) {
            pf_buf_append_cstr(&buf, decision->resize
                                         ? " Its node does not have that much even if empty."
                                         : " No node of this cluster could take it even if empty.");
        }
    }
    const enum pf_code code = pf_buf_status(&buf, err);
    if (code != PF_OK) {
        return code;
    }
    if (!pf_arena_dup_sv(arena, bounded(pf_buf_view(&buf)), ret_text)) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    return PF_OK;
}

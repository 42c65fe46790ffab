#include "check_item.h"

#include <podfit/write.h>

/* Changes stand in the order of the containers: those from *at on that concern @p container (NULL: the pod level). */
static void take_changes(const struct pf_rewrite *rewrite, const struct pf_container *container,
                         size_t *at, struct pf_check_container *to)
{
    const size_t first = *at;
    while (*at < rewrite->change_count && rewrite->changes[*at].container == container) {
        (*at)++;
    }
    if (*at != first) {
        to->changes = &rewrite->changes[first];
        to->change_count = *at - first;
    }
}

static enum pf_code fill_containers(const struct pf_check_source *source, struct pf_arena *arena,
                                    struct pf_check_item *item)
{
    const struct pf_pod *pod = source->decision->pod;
    const struct pf_rewrite *rewrite = &source->decision->rewrite;
    const size_t count = pod->container_count;
    struct pf_check_container *containers =
        pf_arena_calloc(arena, count + 1, sizeof(*containers)); /* one more: the pod level */
    if (containers == NULL) {
        return PF_E_NO_MEMORY;
    }
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const struct pf_container *container = &pod->containers[i];
        const struct pf_rewrite_container *done =
            i < rewrite->container_count ? &rewrite->containers[i] : NULL;
        containers[i] = (struct pf_check_container){
            .name = container->name,
            .init = container->kind != PF_CONTAINER_MAIN,
            .requests_before = done != NULL ? &done->requests_before : &container->requests,
            .limits_before = done != NULL ? &done->limits_before : &container->limits,
            .requests = &container->requests,
            .limits = &container->limits,
            .rule = done != NULL ? done->rule : PF_RULE_KEEP,
        };
        take_changes(rewrite, container, &at, &containers[i]);
    }
    if (pod->resources_present) {
        const struct pf_rewrite_container *done =
            count < rewrite->container_count ? &rewrite->containers[count] : NULL;
        containers[count] = (struct pf_check_container){
            .requests_before = done != NULL ? &done->requests_before : &pod->requests,
            .limits_before = done != NULL ? &done->limits_before : &pod->limits,
            .requests = &pod->requests,
            .limits = &pod->limits,
            .rule = done != NULL ? done->rule : PF_RULE_KEEP,
        };
        take_changes(rewrite, NULL, &at, &containers[count]);
        item->pod_level = &containers[count];
    }
    item->containers = containers;
    item->container_count = count;
    return PF_OK;
}

/* Requests of a pod that was not judged: counted here, on a copy, since defaulting changes resource lists. */
static enum pf_code fill_request(const struct pf_check_source *source, struct pf_arena *arena,
                                 struct pf_check_item *item)
{
    const struct pf_decision *decision = source->decision;
    if (decision->covered) {
        item->request = decision->judgement.request;
        return PF_OK;
    }
    struct pf_pod copy = *decision->pod;
    copy.containers = pf_arena_calloc(arena, copy.container_count + 1, sizeof(*copy.containers));
    if (copy.containers == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < copy.container_count; i++) {
        copy.containers[i] = decision->pod->containers[i];
        copy.containers[i].requests.cap = 0; /* an appended resource gets a list of its own */
        copy.containers[i].limits.cap = 0;
    }
    copy.requests.cap = 0;
    copy.limits.cap = 0;
    enum pf_code code =
        pf_pod_apply_defaults(&copy, source->features, /* stored= */ false, arena, NULL);
    if (code == PF_OK) {
        code = pf_request_of_incoming(&copy, source->features, arena, &item->request, NULL);
    }
    /* sums that podfit refuses to hold are left out of a pod that nobody judges */
    return code == PF_E_NO_MEMORY ? code : PF_OK;
}

static struct pf_sv explanation_of(const struct pf_decision *decision, struct pf_arena *arena)
{
    if (decision->skipped != NULL) {
        const char *text = pf_arena_printf(arena, "not judged: %s", decision->skipped);
        return pf_sv_from(text);
    }
    if (decision->explanation.len == 0 && decision->judgement.cause.len != 0) {
        const char *text =
            pf_arena_printf(arena, "not judged: %.*s", PF_SV_ARG(decision->judgement.cause));
        return pf_sv_from(text);
    }
    return decision->explanation;
}

static void fill_name(const struct pf_meta *meta, struct pf_check_item *item)
{
    if (meta->namespace_.len != 0) {
        item->namespace_ = meta->namespace_;
    }
    if (meta->name.len != 0) {
        item->name = meta->name;
    } else if (meta->generate_name.len != 0) {
        item->name = meta->generate_name;
    }
}

static bool is_misfit(enum pf_verdict verdict)
{
    return verdict == PF_VERDICT_FULL || verdict == PF_VERDICT_NEVER;
}

/* @param explanation  NULL: nothing was judged node by node */
static void fill_nodes(const struct pf_explanation *explanation, struct pf_check_item *item)
{
    if (explanation == NULL) {
        return;
    }
    item->nodes = explanation->nodes;
    item->node_count = explanation->node_count;
    item->slots = explanation->slots;
    item->hints = is_misfit(item->verdict) ? &explanation->hints : NULL;
}

enum pf_code pf_check_item_make(const struct pf_check_source *source, struct pf_arena *arena,
                                struct pf_check_item *ret_item, struct pf_err *err)
{
    const struct pf_decision *decision = source->decision;
    const bool judged = decision->covered && decision->skipped == NULL;
    const struct pf_preemption *preemption = judged ? decision->judgement.preemption : NULL;
    const bool told = preemption != NULL || (judged && is_misfit(decision->judgement.verdict));
    struct pf_check_item item = {
        .namespace_ = source->namespace_,
        .name = source->name,
        .class_name = decision->class_name,
        .verdict = judged ? decision->judgement.verdict : PF_VERDICT_NOT_JUDGED,
        .action = judged ? decision->action : PF_ACTION_ALLOW,
        .observed = decision->observed,
        .message = told ? decision->judgement.message : (struct pf_sv){0},
        .post_filter = told ? decision->judgement.post_filter : (struct pf_sv){0},
        .preemption = preemption,
        .explanation = explanation_of(decision, arena),
        .binding = judged ? decision->judgement.binding : (struct pf_sv){0},
        .patch = decision->patch,
    };
    if (source->bare) {
        item.class_name = (struct pf_sv){0};
        item.patch = (struct pf_sv){0};
    }
    enum pf_code code = PF_OK;
    if (decision->pod != NULL) {
        fill_name(&decision->pod->meta, &item);
        code = fill_containers(source, arena, &item);
        code = code == PF_OK ? fill_request(source, arena, &item) : code;
    }
    if (code != PF_OK) {
        return pf_err_set(err, code, "out of memory");
    }
    fill_nodes(judged ? source->explanation : NULL, &item);
    *ret_item = item;
    return PF_OK;
}

static void put_list(struct pf_writer *w, const char *key, const struct pf_resource_list *list)
{
    pf_write_key(w, pf_sv_from(key));
    pf_write_begin_object(w);
    for (size_t i = 0; i < list->count; i++) {
        char text[PF_QUANTITY_TEXT_BYTES];
        const size_t len = pf_quantity_format(&list->items[i].amount, text);
        pf_write_key(w, list->items[i].name);
        pf_write_put_string(w, (struct pf_sv){.ptr = text, .len = len});
    }
    pf_write_end_object(w);
}

static void put_values(struct pf_writer *w, const struct pf_check_container *container)
{
    pf_write_key(w, PF_SV("before"));
    pf_write_begin_object(w);
    put_list(w, "requests", container->requests_before);
    put_list(w, "limits", container->limits_before);
    pf_write_end_object(w);
    pf_write_key(w, PF_SV("after"));
    pf_write_begin_object(w);
    put_list(w, "requests", container->requests);
    put_list(w, "limits", container->limits);
    pf_write_end_object(w);
    pf_write_string_member(w, "rule", pf_sv_from(pf_rule_name(container->rule)));
}

static void put_containers(struct pf_writer *w, const struct pf_check_item *item)
{
    pf_write_key(w, PF_SV("containers"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < item->container_count; i++) {
        pf_write_begin_object(w);
        pf_write_string_member(w, "name", item->containers[i].name);
        pf_write_bool_member(w, "init", item->containers[i].init);
        put_values(w, &item->containers[i]);
        pf_write_end_object(w);
    }
    pf_write_end_array(w);
    if (item->pod_level != NULL) {
        pf_write_key(w, PF_SV("podResources"));
        pf_write_begin_object(w);
        put_values(w, item->pod_level);
        pf_write_end_object(w);
    }
}

static void put_amount(struct pf_writer *w, struct pf_sv name, int64_t amount, int32_t scale,
                       enum pf_quantity_format format)
{
    char text[PF_QUANTITY_TEXT_BYTES];
    const struct pf_quantity quantity = pf_quantity_from_i64(amount, scale, format);
    const size_t len = pf_quantity_format(&quantity, text);
    pf_write_key(w, name);
    pf_write_put_string(w, (struct pf_sv){.ptr = text, .len = len});
}

static void put_request(struct pf_writer *w, const struct pf_request *request)
{
    pf_write_key(w, PF_SV("podRequests"));
    pf_write_begin_object(w);
    put_amount(w, PF_SV("cpu"), request->milli_cpu, -3, PF_QUANTITY_DECIMAL_SI);
    put_amount(w, PF_SV("memory"), request->memory, 0, PF_QUANTITY_BINARY_SI);
    if (request->ephemeral_storage != 0) {
        put_amount(w, PF_SV("ephemeral-storage"), request->ephemeral_storage, 0,
                   PF_QUANTITY_BINARY_SI);
    }
    for (size_t i = 0; i < request->scalar_count; i++) {
        put_amount(w, request->scalars[i].name, request->scalars[i].amount, 0,
                   PF_QUANTITY_DECIMAL_SI);
    }
    pf_write_end_object(w);
}

static void put_preemption(struct pf_writer *w, const struct pf_preemption *preemption)
{
    pf_write_key(w, PF_SV("preemption"));
    pf_write_begin_object(w);
    pf_write_string_member(w, "node", preemption->node);
    pf_write_key(w, PF_SV("victims"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < preemption->victim_count; i++) {
        pf_write_put_string(w, preemption->victims[i]);
    }
    pf_write_end_array(w);
    pf_write_end_object(w);
}

static void put_nodes(struct pf_writer *w, const struct pf_check_item *item)
{
    pf_write_key(w, PF_SV("nodes"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < item->node_count; i++) {
        const struct pf_fit_node *node = &item->nodes[i];
        pf_write_begin_object(w);
        pf_write_string_member(w, "name", node->name);
        pf_write_bool_member(w, "fits", node->fits);
        pf_write_string_member(w, "plugin", pf_sv_from(node->plugin));
        pf_write_string_member(w, "code", pf_sv_from(pf_fit_code_name(node->code)));
        pf_write_key(w, PF_SV("reasons"));
        pf_write_begin_array(w);
        for (size_t k = 0; k < node->reason_count; k++) {
            pf_write_put_string(w, node->reasons[k]);
        }
        pf_write_end_array(w);
        pf_write_u64_member(w, "slots", node->slots);
        pf_write_end_object(w);
    }
    pf_write_end_array(w);
}

/* What would help: each was tried. */
static void put_hints(struct pf_writer *w, const struct pf_fit_hints *hints)
{
    pf_write_key(w, PF_SV("hints"));
    pf_write_begin_object(w);
    if (hints->has_cpu || hints->has_memory) {
        pf_write_key(w, PF_SV("largestRequest"));
        pf_write_begin_object(w);
        if (hints->has_cpu) {
            put_amount(w, PF_SV("cpu"), hints->milli_cpu, -3, PF_QUANTITY_DECIMAL_SI);
        }
        if (hints->has_memory) {
            put_amount(w, PF_SV("memory"), hints->memory, 0, PF_QUANTITY_BINARY_SI);
        }
        pf_write_bool_member(w, "together", hints->together);
        pf_write_end_object(w);
    }
    if (hints->has_rule) {
        pf_write_key(w, PF_SV("excludedBy"));
        pf_write_begin_object(w);
        pf_write_string_member(w, "kind", pf_sv_from(pf_hint_rule_name(hints->rule)));
        pf_write_string_member(w, "rule", hints->rule_text);
        pf_write_i64_member(w, "nodes", hints->rule_nodes);
        pf_write_i64_member(w, "nodesThatFitWithout", hints->rule_fits);
        pf_write_end_object(w);
    }
    if (hints->has_leaving) {
        pf_write_key(w, PF_SV("leave"));
        pf_write_begin_object(w);
        pf_write_u64_member(w, "pods", hints->leaving);
        pf_write_string_member(w, "node", hints->leaving_node);
        pf_write_end_object(w);
    }
    pf_write_end_object(w);
}

void pf_check_item_write(const struct pf_check_item *item, struct pf_buf *buf)
{
    struct pf_writer writer = {0};
    struct pf_writer *w = &writer;
    pf_write_init(w, buf);
    pf_write_begin_object(w);
    pf_write_string_member(w, "namespace", item->namespace_);
    pf_write_string_member(w, "name", item->name);
    pf_write_string_member(w, "class", item->class_name);
    pf_write_string_member(w, "verdict", pf_sv_from(pf_verdict_name(item->verdict)));
    pf_write_string_member(w, "action", pf_sv_from(pf_action_name(item->action)));
    if (item->observed) {
        pf_write_bool_member(w, "observed", true);
    }
    pf_write_string_member(w, "message", item->message);
    if (item->post_filter.len != 0) {
        pf_write_string_member(w, "postFilter", item->post_filter);
    }
    if (item->preemption != NULL) {
        put_preemption(w, item->preemption);
    }
    pf_write_string_member(w, "explanation", item->explanation);
    put_containers(w, item);
    put_request(w, &item->request);
    put_nodes(w, item);
    pf_write_u64_member(w, "slots", item->slots);
    pf_write_string_member(w, "binding", item->binding);
    if (item->hints != NULL) {
        put_hints(w, item->hints);
    }
    pf_write_key(w, PF_SV("patch"));
    pf_write_put_raw(w, item->patch.len != 0 ? item->patch : PF_SV("[]"));
    pf_write_end_object(w);
}

#include "plan_pod.h"

#include <podfit/classpod.h>
#include <podfit/decide.h>

const char *pf_plan_pod_basis_name(enum pf_plan_basis basis)
{
    static const char *const names[PF_PLAN_BASIS_COUNT] = {
        [PF_PLAN_REQUESTS] = "requests", [PF_PLAN_USAGE] = "usage", [PF_PLAN_LIMITS] = "limits"};
    return names[basis];
}

static struct pf_classpod_amounts amounts_of(const struct pf_plan_amounts *amounts)
{
    const struct pf_sv none = {0};
    return (struct pf_classpod_amounts){
        .cpu = amounts->has_cpu ? amounts->cpu_text : none,
        .memory = amounts->has_memory ? amounts->memory_text : none,
        .storage = amounts->has_storage ? amounts->storage_text : none,
    };
}

enum pf_code pf_plan_pod_write(const struct pf_plan_pod_wish *wish, struct pf_arena *arena,
                               struct pf_buf *buf, struct pf_err *err)
{
    const struct pf_classpod pod = {.class_ = wish->class_,
                                    .member = wish->member,
                                    .requests = amounts_of(&wish->requests),
                                    .limits = amounts_of(&wish->limits)};
    return pf_classpod_write(&pod, arena, buf, err);
}

/* Requests become the limits where there are some. */
static enum pf_code raise_to_limits(struct pf_resource_list *requests,
                                    const struct pf_resource_list *limits, struct pf_arena *arena)
{
    requests->cap = 0;
    struct pf_resource *items =
        pf_arena_calloc(arena, requests->count + limits->count, sizeof(*items));
    if (items == NULL) {
        return PF_E_NO_MEMORY;
    }
    if (requests->count != 0) {
        memcpy(items, requests->items, requests->count * sizeof(*items));
    }
    requests->items = items;
    requests->cap = requests->count + limits->count;
    enum pf_code code = PF_OK;
    for (size_t i = 0; i < limits->count && code == PF_OK; i++) {
        code =
            pf_resource_list_set(requests, limits->items[i].name, &limits->items[i].amount, arena);
    }
    return code;
}

static enum pf_code use_limits(struct pf_pod *pod, struct pf_arena *arena)
{
    enum pf_code code = raise_to_limits(&pod->requests, &pod->limits, arena);
    for (size_t i = 0; i < pod->container_count && code == PF_OK; i++) {
        code = raise_to_limits(&pod->containers[i].requests, &pod->containers[i].limits, arena);
    }
    return code;
}

static enum pf_code set_amount(struct pf_resource_list *list, const char *name, int64_t amount,
                               int32_t scale, struct pf_arena *arena)
{
    const struct pf_quantity quantity = pf_quantity_from_i64(amount, scale, PF_QUANTITY_DECIMAL_SI);
    return pf_resource_list_set(list, pf_sv_from(name), &quantity, arena);
}

/* The use is the whole pod's: its first main container stands for it. */
static enum pf_code use_usage(struct pf_pod *pod, const struct pf_plan_amounts *usage,
                              struct pf_arena *arena)
{
    const struct pf_resource_list none = {0};
    pod->requests = none;
    pod->limits = none;
    pod->overhead = none;
    pod->resources_present = false;
    struct pf_container *first = NULL;
    for (size_t i = 0; i < pod->container_count; i++) {
        struct pf_container *container = &pod->containers[i];
        container->requests = none;
        container->limits = none;
        first = first == NULL && container->kind == PF_CONTAINER_MAIN ? container : first;
    }
    enum pf_code code = PF_OK;
    if (first != NULL && usage->has_cpu) {
        code = set_amount(&first->requests, "cpu", usage->milli_cpu, -3, arena);
    }
    if (first != NULL && usage->has_memory && code == PF_OK) {
        code = set_amount(&first->requests, "memory", usage->memory, 0, arena);
    }
    return code;
}

/* Does every container that keeps running have a limit, or the pod as a whole? */
static bool is_limited(const struct pf_pod *pod, struct pf_sv name)
{
    if (pf_resource_list_find(&pod->limits, name) != NULL) {
        return true;
    }
    bool limited = pod->container_count != 0;
    for (size_t i = 0; i < pod->container_count; i++) {
        const struct pf_container *container = &pod->containers[i];
        limited = limited && (container->kind == PF_CONTAINER_INIT ||
                              pf_resource_list_find(&container->limits, name) != NULL);
    }
    return limited;
}

static enum pf_code derive(const struct pf_plan_pod_source *source, const struct pf_pod *rewritten,
                           enum pf_plan_basis basis, struct pf_arena *arena,
                           struct pf_pod **ret_pod, struct pf_err *err)
{
    struct pf_pod *pod = pf_decide_copy_pod(rewritten, arena);
    enum pf_code code = pod != NULL ? PF_OK : PF_E_NO_MEMORY;
    if (code == PF_OK && basis == PF_PLAN_USAGE) {
        code = use_usage(pod, source->usage, arena);
    } else if (code == PF_OK && basis == PF_PLAN_LIMITS) {
        code = use_limits(pod, arena);
    }
    if (code != PF_OK) {
        return pf_err_set(err, code, "out of memory");
    }
    code = pf_pod_apply_defaults(pod, source->features, /* stored= */ false, arena, err);
    if (code == PF_OK) {
        *ret_pod = pod;
    }
    return code;
}

/* The API server refuses such a pod, and its sums would make no sense. */
static enum pf_code check_limits(const struct pf_resource_list *requests,
                                 const struct pf_resource_list *limits, struct pf_err *err)
{
    for (size_t i = 0; i < requests->count; i++) {
        const struct pf_resource *request = &requests->items[i];
        const struct pf_resource *limit = pf_resource_list_find(limits, request->name);
        if (limit == NULL || pf_quantity_cmp(&request->amount, &limit->amount) <= 0) {
            continue;
        }
        char asked[PF_QUANTITY_TEXT_BYTES];
        char most[PF_QUANTITY_TEXT_BYTES];
        (void)pf_quantity_format(&request->amount, asked);
        (void)pf_quantity_format(&limit->amount, most);
        return pf_err_set(
            err, PF_E_INVALID,
            "the project requests more than its limit: %.*s '%s', allowed: up to '%s'",
            PF_SV_ARG(request->name), asked, most);
    }
    return PF_OK;
}

static enum pf_code check_pod(const struct pf_pod *pod, struct pf_err *err)
{
    enum pf_code code = check_limits(&pod->requests, &pod->limits, err);
    for (size_t i = 0; i < pod->container_count && code == PF_OK; i++) {
        code = check_limits(&pod->containers[i].requests, &pod->containers[i].limits, err);
    }
    return code;
}

enum pf_code pf_plan_pod_make(const struct pf_plan_pod_source *source, struct pf_arena *arena,
                              struct pf_plan_pod *ret_pod, struct pf_err *err)
{
    struct pf_pod *pod = pf_arena_calloc(arena, 1, sizeof(*pod));
    if (pod == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    enum pf_code code = pf_pod_decode(source->json, arena, pod, err);
    if (code != PF_OK) {
        return code;
    }
    if (pod->defect.len != 0) {
        return pf_err_set(err, PF_E_UNSUPPORTED, "%.*s", PF_SV_ARG(pod->defect));
    }
    if (pod->meta.namespace_.len == 0) {
        pod->meta.namespace_ = source->namespace_;
    }
    struct pf_rewrite rewrite = {.change_count = 0};
    if (source->class_ != NULL) {
        code = pf_rewrite_pod(source->class_, pod, arena, &rewrite, err);
    }
    code = code == PF_OK ? check_pod(pod, err) : code;
    struct pf_plan_pod made = {
        .cpu_limited = is_limited(pod, PF_SV("cpu")),
        .memory_limited = is_limited(pod, PF_SV("memory")),
    };
    for (unsigned i = 0; i < PF_PLAN_BASIS_COUNT && code == PF_OK; i++) {
        const bool wanted =
            i != PF_PLAN_USAGE || source->usage->has_cpu || source->usage->has_memory;
        code =
            wanted ? derive(source, pod, (enum pf_plan_basis)i, arena, &made.pods[i], err) : PF_OK;
    }
    if (code == PF_OK) {
        *ret_pod = made;
    }
    return code;
}

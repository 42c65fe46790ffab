#include "default_spread.h"

/* systemDefaultConstraints of podtopologyspread/plugin.go */
static const struct {
    struct pf_sv key;
    int32_t max_skew;
} constraints[] = {
    {PF_SV_INIT("kubernetes.io/hostname"), 3},
    {PF_SV_INIT("topology.kubernetes.io/zone"), 5},
};

/* The kind of the controller among the pod's owners, where it is one that counts. @return false: it is not */
static bool find_controller_kind(const struct pf_pod *pod, enum pf_kind *ret_kind)
{
    static const struct {
        struct pf_sv api_version;
        struct pf_sv name;
        enum pf_kind kind;
    } kinds[] = {
        {PF_SV_INIT("v1"), PF_SV_INIT("ReplicationController"), PF_KIND_REPLICATION_CONTROLLER},
        {PF_SV_INIT("apps/v1"), PF_SV_INIT("ReplicaSet"), PF_KIND_REPLICA_SET},
        {PF_SV_INIT("apps/v1"), PF_SV_INIT("StatefulSet"), PF_KIND_STATEFUL_SET},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(kinds); i++) {
        if (pf_sv_eq(pod->meta.owner_kind, kinds[i].name) &&
            pf_sv_eq(pod->meta.owner_api_version, kinds[i].api_version)) {
            *ret_kind = kinds[i].kind;
            return true;
        }
    }
    return false;
}

/* That controller, where it is known. */
static const struct pf_workload *controller_of(const struct pf_model *model,
                                               const struct pf_pod *pod, enum pf_kind *ret_kind)
{
    return find_controller_kind(pod, ret_kind)
               ? pf_model_workload(model, *ret_kind, pod->meta.namespace_, pod->meta.owner_name)
               : NULL;
}

/* An absent or unreadable selector adds nothing (LabelSelectorAsSelector gives labels.Nothing() or an error). */
static size_t count_usable(const struct pf_workload *workload)
{
    return workload != NULL && !workload->invalid ? workload->selector.requirement_count : 0;
}

/* The next Service after @p previous (NULL: the first) that selects the pod. */
static const struct pf_workload *next_service(const struct pf_model *model,
                                              const struct pf_pod *pod,
                                              const struct pf_workload *previous)
{
    const struct pf_sv none = {0};
    const struct pf_workload *service = previous;
    do {
        service = pf_model_next_of(model, PF_KIND_SERVICE, none, pod->meta.namespace_, service);
    } while (service != NULL && !pf_label_selector_matches(&service->selector, &pod->meta.labels));
    return service;
}

static size_t count_requirements(const struct pf_model *model, const struct pf_pod *pod)
{
    enum pf_kind kind = PF_KIND_COUNT;
    size_t count = count_usable(controller_of(model, pod, &kind));
    for (const struct pf_workload *service = next_service(model, pod, NULL); service != NULL;
         service = next_service(model, pod, service)) {
        count += service->selector.requirement_count;
    }
    return count;
}

bool pf_default_spread_applies(const struct pf_model *model, const struct pf_pod *pod)
{
    return count_requirements(model, pod) != 0;
}

static bool has_key(const struct pf_workload *workload, struct pf_sv key)
{
    for (size_t i = 0; i < workload->selector.requirement_count; i++) {
        if (pf_sv_eq(workload->selector.requirements[i].key, key)) {
            return true;
        }
    }
    return false;
}

/* helper.DefaultSelector: a ReplicationController's labels take the place of equal keys, the others' requirements are added. */
static size_t list_requirements(const struct pf_model *model, const struct pf_pod *pod,
                                struct pf_requirement *items)
{
    enum pf_kind kind = PF_KIND_COUNT;
    const struct pf_workload *controller = controller_of(model, pod, &kind);
    const bool replaces = controller != NULL && kind == PF_KIND_REPLICATION_CONTROLLER;
    size_t count = 0;
    for (const struct pf_workload *service = next_service(model, pod, NULL); service != NULL;
         service = next_service(model, pod, service)) {
        for (size_t i = 0; i < service->selector.requirement_count; i++) {
            const struct pf_requirement *requirement = &service->selector.requirements[i];
            if (!replaces || !has_key(controller, requirement->key)) {
                items[count++] = *requirement;
            }
        }
    }
    for (size_t i = 0; i < count_usable(controller); i++) {
        items[count++] = controller->selector.requirements[i];
    }
    return count;
}

/* helper.DefaultSelector. @param[out] ret_selector  without requirements: nothing selects the pod */
static enum pf_code make_selector(const struct pf_model *model, const struct pf_pod *pod,
                                  struct pf_arena *arena, struct pf_label_selector *ret_selector)
{
    const size_t most = count_requirements(model, pod);
    struct pf_requirement *items = NULL;
    if (most != 0) {
        items = pf_arena_calloc(arena, most, sizeof(*items));
        if (items == NULL) {
            return PF_E_NO_MEMORY;
        }
    }
    *ret_selector = (struct pf_label_selector){
        .present = true,
        .requirements = items,
        .requirement_count = most != 0 ? list_requirements(model, pod, items) : 0};
    return PF_OK;
}

enum pf_code pf_default_spread_build(const struct pf_model *model, const struct pf_pod *pod,
                                     struct pf_arena *arena, struct pf_spread **ret_spreads,
                                     size_t *ret_count)
{
    struct pf_label_selector selector = {.present = true};
    const enum pf_code code = make_selector(model, pod, arena, &selector);
    *ret_count = 0;
    if (code != PF_OK || selector.requirement_count == 0) {
        return code;
    }
    struct pf_spread *spreads = pf_arena_calloc(arena, PF_ARRAY_LEN(constraints), sizeof(*spreads));
    if (spreads == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(constraints); i++) {
        spreads[i] = (struct pf_spread){.topology_key = constraints[i].key,
                                        .selector = selector,
                                        .max_skew = constraints[i].max_skew,
                                        .min_domains = 1,
                                        .do_not_schedule = true};
    }
    *ret_spreads = spreads;
    *ret_count = PF_ARRAY_LEN(constraints);
    return PF_OK;
}

bool pf_default_spread_lacks(const struct pf_model *model, const struct pf_pod *pod,
                             enum pf_kind *ret_kind)
{
    enum pf_kind kind = PF_KIND_SERVICE;
    if (pf_model_knows_kind(model, kind) &&
        (!find_controller_kind(pod, &kind) || pf_model_knows_kind(model, kind))) {
        return false;
    }
    *ret_kind = kind;
    return true;
}

enum pf_code pf_default_spread_add(const struct pf_model *model,
                                   const struct pf_fit_profile *profile, struct pf_arena *arena,
                                   const struct pf_pod **pod)
{
    struct pf_label_selector selector = {.present = true};
    const enum pf_code code = make_selector(model, *pod, arena, &selector);
    const size_t count = profile->default_spread_count;
    if (code != PF_OK || selector.requirement_count == 0 || count == 0) {
        return code;
    }
    struct pf_pod *copy = pf_arena_calloc(arena, 1, sizeof(*copy));
    struct pf_spread *spreads = pf_arena_calloc(arena, count, sizeof(*spreads));
    if (copy == NULL || spreads == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        spreads[i] = profile->default_spreads[i];
        spreads[i].selector = selector;
    }
    *copy = **pod;
    copy->spreads = spreads;
    copy->spread_count = count;
    *pod = copy;
    return PF_OK;
}

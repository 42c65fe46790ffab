#include "default_spread.h"

#include <podfit/volumes.h>

/* systemDefaultConstraints of podtopologyspread/plugin.go */
static const struct {
    struct pf_sv key;
    int32_t max_skew;
} constraints[] = {
    {PF_SV_INIT("kubernetes.io/hostname"), 3},
    {PF_SV_INIT("topology.kubernetes.io/zone"), 5},
};

/* The controller among the pod's owners, where it is of a kind that counts and known. */
static const struct pf_workload *controller_of(const struct pf_model *model,
                                               const struct pf_pod *pod, enum pf_kind *ret_kind)
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
            return pf_model_workload(model, kinds[i].kind, pod->meta.namespace_,
                                     pod->meta.owner_name);
        }
    }
    return NULL;
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

enum pf_code pf_default_spread_build(const struct pf_model *model, const struct pf_pod *pod,
                                     struct pf_arena *arena, struct pf_spread **ret_spreads,
                                     size_t *ret_count)
{
    const size_t most = count_requirements(model, pod);
    *ret_count = 0;
    if (most == 0) {
        return PF_OK;
    }
    struct pf_requirement *items = pf_arena_calloc(arena, most, sizeof(*items));
    struct pf_spread *spreads = pf_arena_calloc(arena, PF_ARRAY_LEN(constraints), sizeof(*spreads));
    if (items == NULL || spreads == NULL) {
        return PF_E_NO_MEMORY;
    }
    const struct pf_label_selector selector = {.present = true,
                                               .requirements = items,
                                               .requirement_count =
                                                   list_requirements(model, pod, items)};
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

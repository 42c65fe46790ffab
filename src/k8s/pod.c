#include "pod_parts.h"
#include <podfit/limits.h>

/** Lists of one pod in the order of the text, which need not be the order of pf_pod. */
struct spec_lists {
    struct pf_pod_containers_list mains;
    struct pf_pod_containers_list inits;
    bool host_users;
};

enum spec_field {
    CONTAINERS,
    INIT_CONTAINERS,
    NODE_NAME,
    NODE_SELECTOR,
    AFFINITY,
    TOLERATIONS,
    SCHEDULER_NAME,
    RUNTIME_CLASS,
    PRIORITY,
    PRIORITY_CLASS,
    PREEMPTION_POLICY,
    HOST_NETWORK,
    HOST_USERS,
    OVERHEAD,
    RESOURCES,
    RESOURCE_CLAIMS,
    SCHEDULING_GATES,
    SPREAD,
    VOLUMES,
};

static const struct pf_sv spec_keys[] = {
    [CONTAINERS] = PF_SV_INIT("containers"),
    [INIT_CONTAINERS] = PF_SV_INIT("initContainers"),
    [NODE_NAME] = PF_SV_INIT("nodeName"),
    [NODE_SELECTOR] = PF_SV_INIT("nodeSelector"),
    [AFFINITY] = PF_SV_INIT("affinity"),
    [TOLERATIONS] = PF_SV_INIT("tolerations"),
    [SCHEDULER_NAME] = PF_SV_INIT("schedulerName"),
    [RUNTIME_CLASS] = PF_SV_INIT("runtimeClassName"),
    [PRIORITY] = PF_SV_INIT("priority"),
    [PRIORITY_CLASS] = PF_SV_INIT("priorityClassName"),
    [PREEMPTION_POLICY] = PF_SV_INIT("preemptionPolicy"),
    [HOST_NETWORK] = PF_SV_INIT("hostNetwork"),
    [HOST_USERS] = PF_SV_INIT("hostUsers"),
    [OVERHEAD] = PF_SV_INIT("overhead"),
    [RESOURCES] = PF_SV_INIT("resources"),
    [RESOURCE_CLAIMS] = PF_SV_INIT("resourceClaims"),
    [SCHEDULING_GATES] = PF_SV_INIT("schedulingGates"),
    [SPREAD] = PF_SV_INIT("topologySpreadConstraints"),
    [VOLUMES] = PF_SV_INIT("volumes"),
};

static void decode_claims(struct pf_decode *d, struct pf_pod *pod)
{
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        pod->needs |= PF_NEEDS_RESOURCE_CLAIMS;
    }
}

/* fields that are one value */
static void decode_spec_value(struct pf_decode *d, enum spec_field field, struct pf_pod *pod,
                              struct spec_lists *lists)
{
    struct pf_sv text = {0};
    switch (field) {
    case NODE_NAME:
        pf_decode_string(d, &pod->node_name);
        break;
    case SCHEDULER_NAME:
        pf_decode_string(d, &pod->scheduler_name);
        break;
    case RUNTIME_CLASS:
        pf_decode_string(d, &pod->runtime_class);
        break;
    case PRIORITY:
        pod->priority_present = pf_decode_is_set(d);
        pf_decode_i32(d, &pod->priority);
        break;
    case PRIORITY_CLASS:
        pf_decode_string(d, &pod->priority_class);
        break;
    case PREEMPTION_POLICY:
        pf_decode_string(d, &text);
        pod->preempt_present = text.len != 0;
        pod->preempt_never = pf_sv_eq(text, PF_SV("Never"));
        break;
    case HOST_NETWORK:
        pf_decode_bool(d, &pod->host_network);
        break;
    default: /* HOST_USERS */
        pf_decode_bool(d, &lists->host_users);
        break;
    }
}

static void decode_spec_field(struct pf_decode *d, enum spec_field field, struct pf_pod *pod,
                              struct spec_lists *lists)
{
    switch (field) {
    case CONTAINERS:
        pf_pod_containers_decode(d, PF_CONTAINER_MAIN, PF_POD_MAX_CONTAINERS - lists->inits.count,
                                 pod, &lists->mains);
        break;
    case INIT_CONTAINERS:
        pf_pod_containers_decode(d, PF_CONTAINER_INIT, PF_POD_MAX_CONTAINERS - lists->mains.count,
                                 pod, &lists->inits);
        break;
    case NODE_SELECTOR:
        pod->node_selector_present = pf_fields_labels(d, &pod->node_selector);
        break;
    case AFFINITY:
        pf_pod_affinity_decode(d, pod);
        break;
    case TOLERATIONS:
        pf_pod_rules_tolerations(d, pod);
        break;
    case OVERHEAD:
        pf_fields_resources(d, &pod->overhead);
        break;
    case RESOURCES:
        pod->resources_present = pf_pod_containers_resources(d, &pod->requests, &pod->limits);
        break;
    case RESOURCE_CLAIMS:
        decode_claims(d, pod);
        break;
    case SCHEDULING_GATES:
        pf_pod_rules_gates(d, pod);
        break;
    case SPREAD:
        pf_pod_spread_decode(d, pod);
        break;
    case VOLUMES:
        pf_pod_volumes_decode(d, pod);
        break;
    default:
        decode_spec_value(d, field, pod, lists);
        break;
    }
}

/* init containers first: that is the order in which upstream's peak is computed */
static void join_containers(struct pf_decode *d, const struct spec_lists *lists, struct pf_pod *pod)
{
    const size_t inits = lists->inits.count;
    const size_t mains = lists->mains.count;
    if (inits == 0) {
        pod->containers = lists->mains.items;
        pod->container_count = mains;
        return;
    }
    struct pf_container *all = pf_arena_calloc(d->arena, inits + mains, sizeof(*all));
    if (all == NULL) {
        (void)pf_cursor_fail(&d->cursor, PF_E_NO_MEMORY, "no memory for a list");
        return;
    }
    memcpy(all, lists->inits.items, inits * sizeof(*all));
    if (mains != 0) {
        memcpy(all + inits, lists->mains.items, mains * sizeof(*all));
    }
    pod->containers = all;
    pod->container_count = inits + mains;
}

static void decode_spec(struct pf_decode *d, struct pf_pod *pod)
{
    struct spec_lists lists = {.host_users = true};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, spec_keys, PF_ARRAY_LEN(spec_keys), &seen, &field)) {
        decode_spec_field(d, (enum spec_field)field, pod, &lists);
    }
    if (pod->host_network && !lists.host_users) {
        pod->needs |= PF_NEEDS_DECLARED_FEATURES;
        pod->features |= PF_FEATURE_USER_NAMESPACES_HOST_NETWORK;
    }
    join_containers(d, &lists, pod);
}

void pf_pod_decode_at(struct pf_decode *d, struct pf_pod *ret_pod)
{
    enum { METADATA, SPEC, STATUS };
    static const struct pf_sv keys[] = {
        [METADATA] = PF_SV_INIT("metadata"),
        [SPEC] = PF_SV_INIT("spec"),
        [STATUS] = PF_SV_INIT("status"),
    };
    uint64_t seen = 0;
    size_t field = 0;
    *ret_pod = (struct pf_pod){0};
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case METADATA:
            ret_pod->meta_present = pf_decode_is_set(d);
            pf_fields_meta(d, &ret_pod->meta);
            break;
        case SPEC:
            ret_pod->spec_present = pf_decode_is_set(d);
            decode_spec(d, ret_pod);
            break;
        default:
            pf_pod_status_decode(d, ret_pod);
            break;
        }
    }
    if (ret_pod->scheduler_name.len == 0) {
        ret_pod->scheduler_name = PF_SV("default-scheduler");
    }
    ret_pod->mirror =
        pf_labels_find(&ret_pod->meta.annotations, PF_SV("kubernetes.io/config.mirror")) != NULL;
    ret_pod->defect = d->defect;
}

enum pf_code pf_pod_decode(struct pf_sv bytes, struct pf_arena *arena, struct pf_pod *ret_pod,
                           struct pf_err *err)
{
    struct pf_decode d;
    struct pf_pod pod;
    pf_decode_init(&d, bytes, arena);
    pf_decode_enter_root(&d);
    pf_pod_decode_at(&d, &pod);
    const enum pf_code code = pf_decode_finish(&d, err);
    if (code == PF_OK) {
        *ret_pod = pod;
    }
    return code;
}

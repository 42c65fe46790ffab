#include "pod_parts.h"

/** Fields of a condition. */
enum condition_field {
    CONDITION_TYPE,
    CONDITION_STATUS,
    CONDITION_REASON,
    CONDITION_MESSAGE,
    CONDITION_SINCE
};

/** An array of container statuses that grows in the arena. */
struct status_list {
    struct pf_container_status *items;
    size_t count;
    size_t cap;
};

static void decode_status(struct pf_decode *d, struct pf_container_status *status)
{
    enum { NAME, RESOURCES, ALLOCATED };
    static const struct pf_sv keys[] = {
        [NAME] = PF_SV_INIT("name"),
        [RESOURCES] = PF_SV_INIT("resources"),
        [ALLOCATED] = PF_SV_INIT("allocatedResources"),
    };
    struct pf_resource_list limits = {0}; /* of no use to the scheduler */
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case NAME:
            pf_decode_string(d, &status->name);
            break;
        case RESOURCES:
            status->resources_present = pf_pod_containers_resources(d, &status->requests, &limits);
            break;
        default:
            pf_fields_resources(d, &status->allocated);
            break;
        }
    }
}

static void decode_statuses(struct pf_decode *d, bool init, struct status_list *ret_list)
{
    struct status_list list = {0};
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_container_status *grown =
            pf_decode_grow(d, list.items, list.count, &list.cap, sizeof(*list.items));
        if (grown == NULL) {
            return;
        }
        list.items = grown;
        struct pf_container_status *status = &list.items[list.count++];
        *status = (struct pf_container_status){.init = init};
        decode_status(d, status);
    }
    *ret_list = list;
}

/* A condition of interest: of each type the first decides. */
struct conditions {
    bool resize_pending;
    bool disruption_target;
    bool scheduled;
};

/* As component-helpers IsPodResizeInfeasible() and defaultpreemption podTerminatingByPreemption() read them. */
static void take_condition(const struct pf_sv *texts, struct conditions *seen, struct pf_pod *pod)
{
    const struct pf_sv type = texts[CONDITION_TYPE];
    const struct pf_sv reason = texts[CONDITION_REASON];
    if (!seen->resize_pending && pf_sv_eq(type, PF_SV("PodResizePending"))) {
        seen->resize_pending = true;
        pod->resize_infeasible = pf_sv_eq(reason, PF_SV("Infeasible"));
    }
    if (!seen->disruption_target && pf_sv_eq(type, PF_SV("DisruptionTarget"))) {
        seen->disruption_target = true;
        pod->preempted = pf_sv_eq(reason, PF_SV("PreemptionByScheduler")) &&
                         pf_sv_eq(texts[CONDITION_STATUS], PF_SV("True"));
    }
    if (!seen->scheduled && pf_sv_eq(type, PF_SV("PodScheduled"))) {
        seen->scheduled = true;
        pod->unschedulable = pf_sv_eq(texts[CONDITION_STATUS], PF_SV("False")) &&
                             pf_sv_eq(reason, PF_SV("Unschedulable"));
        pod->scheduled_message = texts[CONDITION_MESSAGE];
        pod->scheduled_since = texts[CONDITION_SINCE];
    }
}

static void decode_conditions(struct pf_decode *d, struct pf_pod *pod)
{
    static const struct pf_sv keys[] = {
        [CONDITION_TYPE] = PF_SV_INIT("type"),
        [CONDITION_STATUS] = PF_SV_INIT("status"),
        [CONDITION_REASON] = PF_SV_INIT("reason"),
        [CONDITION_MESSAGE] = PF_SV_INIT("message"),
        [CONDITION_SINCE] = PF_SV_INIT("lastTransitionTime"),
    };
    struct conditions conditions = {0};
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_sv texts[PF_ARRAY_LEN(keys)] = {{0}};
        uint64_t seen = 0;
        size_t field = 0;
        (void)pf_decode_enter_object(d);
        while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
            pf_decode_string(d, &texts[field]);
        }
        take_condition(texts, &conditions, pod);
    }
}

static enum pf_pod_phase phase_of(struct pf_sv text)
{
    static const struct pf_sv names[] = {
        [PF_PHASE_PENDING] = PF_SV_INIT("Pending"),
        [PF_PHASE_RUNNING] = PF_SV_INIT("Running"),
        [PF_PHASE_SUCCEEDED] = PF_SV_INIT("Succeeded"),
        [PF_PHASE_FAILED] = PF_SV_INIT("Failed"),
    };
    return text.len == 0 ? PF_PHASE_PENDING
                         : (enum pf_pod_phase)pf_cursor_match(text, names, PF_ARRAY_LEN(names));
}

/* upstream keeps both lists in one map by name, init containers last */
static void join_statuses(struct pf_decode *d, const struct status_list *containers,
                          const struct status_list *inits, struct pf_pod *pod)
{
    const size_t count = containers->count + inits->count;
    if (inits->count == 0) {
        pod->statuses = containers->items;
        pod->status_count = count;
        return;
    }
    struct pf_container_status *all = pf_arena_calloc(d->arena, count, sizeof(*all));
    if (all == NULL) {
        (void)pf_cursor_fail(&d->cursor, PF_E_NO_MEMORY, "no memory for a list");
        return;
    }
    if (containers->count != 0) {
        memcpy(all, containers->items, containers->count * sizeof(*all));
    }
    memcpy(all + containers->count, inits->items, inits->count * sizeof(*all));
    pod->statuses = all;
    pod->status_count = count;
}

void pf_pod_status_decode(struct pf_decode *d, struct pf_pod *pod)
{
    enum { PHASE, NOMINATED, START, STATUSES, INIT_STATUSES, CONDITIONS, RESOURCES, ALLOCATED };
    static const struct pf_sv keys[] = {
        [PHASE] = PF_SV_INIT("phase"),
        [NOMINATED] = PF_SV_INIT("nominatedNodeName"),
        [START] = PF_SV_INIT("startTime"),
        [STATUSES] = PF_SV_INIT("containerStatuses"),
        [INIT_STATUSES] = PF_SV_INIT("initContainerStatuses"),
        [CONDITIONS] = PF_SV_INIT("conditions"),
        [RESOURCES] = PF_SV_INIT("resources"),
        [ALLOCATED] = PF_SV_INIT("allocatedResources"),
    };
    struct status_list containers = {0};
    struct status_list inits = {0};
    struct pf_resource_list limits = {0};
    struct pf_sv phase = {0};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case PHASE:
            pf_decode_string(d, &phase);
            break;
        case NOMINATED:
            pf_decode_string(d, &pod->nominated_node_name);
            break;
        case START:
            pf_decode_string(d, &pod->start_time);
            break;
        case STATUSES:
            decode_statuses(d, /* init= */ false, &containers);
            break;
        case INIT_STATUSES:
            decode_statuses(d, /* init= */ true, &inits);
            break;
        case CONDITIONS:
            decode_conditions(d, pod);
            break;
        case RESOURCES:
            pod->status_resources_present =
                pf_pod_containers_resources(d, &pod->status_requests, &limits);
            break;
        default:
            pf_fields_resources(d, &pod->status_allocated);
            break;
        }
    }
    pod->phase = phase_of(phase);
    join_statuses(d, &containers, &inits, pod);
}

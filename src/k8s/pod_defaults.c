#include "aggregate.h"
#include "order.h"
#include "pod_parts.h"

/* lists of this many entries are searched in place: a pod names two to four resources */
#define DIRECT_MAX ((size_t)16)

/* each item of @p from that is absent from @p into is appended; n log n for lists that somebody made long */
static enum pf_code copy_missing(const struct pf_resource_list *from, struct pf_resource_list *into,
                                 struct pf_arena *arena)
{
    const size_t known = into->count;
    struct pf_order_item *order = NULL;
    if (known > DIRECT_MAX) {
        order = pf_arena_calloc(arena, known, sizeof(*order));
        if (order == NULL) {
            return PF_E_NO_MEMORY;
        }
        for (size_t i = 0; i < known; i++) {
            order[i].name = into->items[i].name;
        }
        pf_order_sort(order, known);
    }
    enum pf_code code = PF_OK;
    for (size_t i = 0; i < from->count && code == PF_OK; i++) {
        const struct pf_sv name = from->items[i].name;
        const struct pf_resource_list old = {.items = into->items, .count = known};
        const bool found = order != NULL ? pf_order_find(order, known, name) != NULL
                                         : pf_resource_list_find(&old, name) != NULL;
        if (!found) {
            code = pf_resource_list_append(into, name, &from->items[i].amount, arena);
        }
    }
    return code;
}

/* The API server writes a sum down, kube-scheduler reads it: a binary one above 2^63-1 is capped there (ParseQuantity). */
static enum pf_code write_and_read(const struct pf_quantity *sum, struct pf_quantity *ret_read,
                                   struct pf_err *err)
{
    char text[PF_QUANTITY_TEXT_BYTES];
    const size_t len = pf_quantity_format(sum, text);
    return pf_quantity_parse((struct pf_sv){.ptr = text, .len = len}, ret_read, err);
}

/* the sums of @p aggregate that are wanted, as a list */
static enum pf_code pick(const struct pf_aggregate *aggregate, bool hugepages,
                         struct pf_arena *arena, struct pf_resource_list *ret_list,
                         struct pf_err *err)
{
    struct pf_resource_list list = {0};
    for (size_t i = 0; i < aggregate->count; i++) {
        const struct pf_aggregate_sum *sum = &aggregate->sums[i];
        const bool huge = pf_sv_starts_with(sum->name, PF_SV("hugepages-"));
        if (!sum->present || huge != hugepages || !pf_aggregate_is_pod_level(sum->name)) {
            continue;
        }
        struct pf_quantity amount;
        enum pf_code code = write_and_read(&sum->amount, &amount, err);
        if (code == PF_OK) {
            code = pf_resource_list_append(&list, sum->name, &amount, arena);
        }
        if (code != PF_OK) {
            return code;
        }
    }
    *ret_list = list;
    return PF_OK;
}

static enum pf_code pick_pod_level(const struct pf_resource_list *from, struct pf_arena *arena,
                                   struct pf_resource_list *ret_list)
{
    struct pf_resource_list list = {0};
    for (size_t i = 0; i < from->count; i++) {
        if (!pf_aggregate_is_pod_level(from->items[i].name)) {
            continue;
        }
        const enum pf_code code =
            pf_resource_list_append(&list, from->items[i].name, &from->items[i].amount, arena);
        if (code != PF_OK) {
            return code;
        }
    }
    *ret_list = list;
    return PF_OK;
}

/* defaultHugePagePodLimits: only sizes that have neither a pod-level limit nor a pod-level request */
static enum pf_code default_hugepage_limits(struct pf_pod *pod, struct pf_arena *arena,
                                            struct pf_err *err)
{
    struct pf_aggregate limits = {0};
    struct pf_resource_list wanted = {0};
    struct pf_resource_list known = {0};
    enum pf_code code =
        pf_aggregate_pod(pod, &(struct pf_aggregate_options){.limits = true}, arena, &limits, err);
    if (code == PF_OK) {
        code = pick(&limits, /* hugepages= */ true, arena, &wanted, err);
    }
    if (code != PF_OK || wanted.count == 0) {
        return code;
    }
    code = copy_missing(&pod->requests, &known, arena);
    if (code != PF_OK) {
        return code;
    }
    const size_t requested = known.count;
    code = copy_missing(&wanted, &known, arena);
    const struct pf_resource_list fresh = {.items = known.items + requested,
                                           .count = known.count - requested};
    return code == PF_OK ? copy_missing(&fresh, &pod->limits, arena) : code;
}

/* defaultPodRequests: only with pod-level limits; containers' cpu and memory first, then those limits */
static enum pf_code default_requests(struct pf_pod *pod, struct pf_arena *arena, struct pf_err *err)
{
    struct pf_aggregate requests = {0};
    struct pf_resource_list sums = {0};
    struct pf_resource_list limits = {0};
    if (pod->limits.count == 0) {
        return PF_OK;
    }
    enum pf_code code =
        pf_aggregate_pod(pod, &(struct pf_aggregate_options){0}, arena, &requests, err);
    if (code == PF_OK) {
        code = pick(&requests, /* hugepages= */ false, arena, &sums, err);
    }
    if (code == PF_OK) {
        code = copy_missing(&sums, &pod->requests, arena);
    }
    if (code == PF_OK) {
        code = pick_pod_level(&pod->limits, arena, &limits);
    }
    return code == PF_OK ? copy_missing(&limits, &pod->requests, arena) : code;
}

static enum pf_code default_pod_level(struct pf_pod *pod, struct pf_arena *arena,
                                      struct pf_err *err)
{
    if (!pod->resources_present || pod->requests.count + pod->limits.count == 0) {
        return PF_OK;
    }
    const enum pf_code code = default_hugepage_limits(pod, arena, err);
    return code == PF_OK ? default_requests(pod, arena, err) : code;
}

static void round_list(const struct pf_resource_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        pf_quantity_round_up_milli(&list->items[i].amount);
    }
}

static void round_pod(const struct pf_pod *pod)
{
    for (size_t i = 0; i < pod->container_count; i++) {
        round_list(&pod->containers[i].requests);
        round_list(&pod->containers[i].limits);
    }
    round_list(&pod->requests);
    round_list(&pod->limits);
    round_list(&pod->overhead);
    for (size_t i = 0; i < pod->status_count; i++) {
        round_list(&pod->statuses[i].requests);
        round_list(&pod->statuses[i].allocated);
    }
    round_list(&pod->status_requests);
    round_list(&pod->status_allocated);
}

/* defaultHostNetworkPorts */
static void default_ports(const struct pf_pod *pod)
{
    for (size_t i = 0; pod->host_network && i < pod->container_count; i++) {
        const struct pf_container *container = &pod->containers[i];
        for (size_t k = 0; k < container->port_count; k++) {
            struct pf_port *port = &container->ports[k];
            port->host_port = port->host_port == 0 ? port->container_port : port->host_port;
        }
    }
}

/* what the registry strategy does to a pod that is created: its status starts anew, fields of disabled features go */
static void reset_incoming(struct pf_pod *pod, const struct pf_kube_features *features)
{
    pod->phase = PF_PHASE_PENDING;
    pod->nominated_node_name = (struct pf_sv){0};
    pod->status_count = 0;
    pod->status_resources_present = false;
    pod->status_requests.count = 0;
    pod->status_allocated.count = 0;
    pod->resize_infeasible = false;
    if (!features->pod_level_resources) {
        pod->requests.count = 0;
        pod->limits.count = 0;
    }
}

enum pf_code pf_pod_apply_defaults(struct pf_pod *pod, const struct pf_kube_features *features,
                                   bool stored, struct pf_arena *arena, struct pf_err *err)
{
    enum pf_code code = PF_OK;
    if (!stored) {
        reset_incoming(pod, features);
    }
    for (size_t i = 0; i < pod->container_count && code == PF_OK; i++) {
        code = copy_missing(&pod->containers[i].limits, &pod->containers[i].requests, arena);
    }
    if (code == PF_OK && features->pod_level_resources) {
        code = default_pod_level(pod, arena, err);
    }
    if (code == PF_OK) {
        code = pf_pod_keys_merge(pod, stored, arena);
    }
    if (code != PF_OK) {
        return pf_err_set(err, code, "no memory for the defaults of a pod");
    }
    round_pod(pod);
    default_ports(pod);
    return PF_OK;
}

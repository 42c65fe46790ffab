#include "cluster_internal.h"

static bool dup_list(struct pf_resource_list *list, struct pf_arena *arena)
{
    if (list->count == 0) {
        list->items = NULL;
        list->cap = 0;
        return true;
    }
    struct pf_resource *items = pf_arena_calloc(arena, list->count, sizeof(*items));
    if (items == NULL) {
        return false;
    }
    memcpy(items, list->items, list->count * sizeof(*items));
    list->items = items;
    list->cap = list->count;
    return true;
}

static bool dup_container(struct pf_container *container, struct pf_arena *arena)
{
    if (container->port_count != 0) {
        struct pf_port *ports = pf_arena_calloc(arena, container->port_count, sizeof(*ports));
        if (ports == NULL) {
            return false;
        }
        memcpy(ports, container->ports, container->port_count * sizeof(*ports));
        container->ports = ports;
    }
    return dup_list(&container->requests, arena) && dup_list(&container->limits, arena);
}

static bool dup_containers(struct pf_pod *pod, struct pf_arena *arena)
{
    if (pod->container_count == 0) {
        return true;
    }
    struct pf_container *containers =
        pf_arena_calloc(arena, pod->container_count, sizeof(*containers));
    if (containers == NULL) {
        return false;
    }
    memcpy(containers, pod->containers, pod->container_count * sizeof(*containers));
    pod->containers = containers;
    for (size_t i = 0; i < pod->container_count; i++) {
        if (!dup_container(&containers[i], arena)) {
            return false;
        }
    }
    return true;
}

static bool dup_statuses(struct pf_pod *pod, struct pf_arena *arena)
{
    if (pod->status_count == 0) {
        return true;
    }
    struct pf_container_status *statuses =
        pf_arena_calloc(arena, pod->status_count, sizeof(*statuses));
    if (statuses == NULL) {
        return false;
    }
    memcpy(statuses, pod->statuses, pod->status_count * sizeof(*statuses));
    pod->statuses = statuses;
    for (size_t i = 0; i < pod->status_count; i++) {
        if (!dup_list(&statuses[i].requests, arena) || !dup_list(&statuses[i].allocated, arena)) {
            return false;
        }
    }
    return true;
}

bool pf_podcopy_writable(const struct pf_pod *pod, struct pf_arena *arena, struct pf_pod *ret_copy)
{
    struct pf_pod copy = *pod;
    if (!dup_containers(&copy, arena) || !dup_statuses(&copy, arena) ||
        !dup_list(&copy.requests, arena) || !dup_list(&copy.limits, arena) ||
        !dup_list(&copy.overhead, arena) || !dup_list(&copy.status_requests, arena) ||
        !dup_list(&copy.status_allocated, arena)) {
        return false;
    }
    *ret_copy = copy;
    return true;
}

/* Packs copies one behind the other; without a base it only counts, so that the same code measures and copies. */
struct packer {
    char *base;
    size_t used;
};

static void *pack(struct packer *packer, const void *from, size_t count, size_t bytes_each)
{
    if (count == 0) {
        return NULL;
    }
    if (packer->base == NULL) {
        packer->used += 7 + count * bytes_each; /* whatever the alignment will cost */
        return NULL;
    }
    const size_t at = (packer->used + 7) & ~(size_t)7;
    packer->used = at + count * bytes_each;
    return memcpy(packer->base + at, from, count * bytes_each);
}

static struct pf_sv pack_sv(struct packer *packer, struct pf_sv text)
{
    const size_t at = packer->used;
    packer->used += text.len;
    if (packer->base == NULL || text.len == 0) {
        return (struct pf_sv){0};
    }
    memcpy(packer->base + at, text.ptr, text.len);
    return (struct pf_sv){.ptr = packer->base + at, .len = text.len};
}

static struct pf_sv *pack_svs(struct packer *packer, const struct pf_sv *from, size_t count)
{
    struct pf_sv *to = pack(packer, from, count, sizeof(*from));
    for (size_t i = 0; i < count; i++) {
        const struct pf_sv text = pack_sv(packer, from[i]);
        if (to != NULL) {
            to[i] = text;
        }
    }
    return to;
}

static struct pf_resource_list pack_list(struct packer *packer, const struct pf_resource_list *from)
{
    struct pf_resource *to = pack(packer, from->items, from->count, sizeof(*from->items));
    for (size_t i = 0; i < from->count; i++) {
        const struct pf_sv name = pack_sv(packer, from->items[i].name);
        if (to != NULL) {
            to[i].name = name;
        }
    }
    return (struct pf_resource_list){
        .items = to, .count = from->count, .cap = from->count, .present = from->present};
}

static struct pf_labels pack_labels(struct packer *packer, const struct pf_labels *from)
{
    struct pf_label *to = pack(packer, from->items, from->count, sizeof(*from->items));
    for (size_t i = 0; i < from->count; i++) {
        const struct pf_sv key = pack_sv(packer, from->items[i].key);
        const struct pf_sv value = pack_sv(packer, from->items[i].value);
        if (to != NULL) {
            to[i] = (struct pf_label){.key = key, .value = value};
        }
    }
    return (struct pf_labels){.items = to, .count = from->count};
}

static struct pf_requirement *pack_requirements(struct packer *packer,
                                                const struct pf_requirement *from, size_t count)
{
    struct pf_requirement *to = pack(packer, from, count, sizeof(*from));
    for (size_t i = 0; i < count; i++) {
        const struct pf_sv key = pack_sv(packer, from[i].key);
        struct pf_sv *values = pack_svs(packer, from[i].values, from[i].value_count);
        if (to != NULL) {
            to[i].key = key;
            to[i].values = values;
        }
    }
    return to;
}

static struct pf_node_selector pack_selector(struct packer *packer,
                                             const struct pf_node_selector *from)
{
    struct pf_node_selector_term *to =
        pack(packer, from->terms, from->term_count, sizeof(*from->terms));
    for (size_t i = 0; i < from->term_count; i++) {
        const struct pf_node_selector_term *term = &from->terms[i];
        struct pf_requirement *expressions =
            pack_requirements(packer, term->expressions, term->expression_count);
        struct pf_requirement *fields = pack_requirements(packer, term->fields, term->field_count);
        if (to != NULL) {
            to[i].expressions = expressions;
            to[i].fields = fields;
        }
    }
    return (struct pf_node_selector){
        .present = from->present, .terms = to, .term_count = from->term_count};
}

static struct pf_preferred_node_term *pack_preferred(struct packer *packer,
                                                     const struct pf_pod *pod)
{
    const size_t count = pod->preferred_node_count;
    struct pf_preferred_node_term *to =
        pack(packer, pod->preferred_nodes, count, sizeof(*pod->preferred_nodes));
    for (size_t i = 0; i < count; i++) {
        const struct pf_node_selector_term *term = &pod->preferred_nodes[i].term;
        struct pf_requirement *expressions =
            pack_requirements(packer, term->expressions, term->expression_count);
        struct pf_requirement *fields = pack_requirements(packer, term->fields, term->field_count);
        if (to != NULL) {
            to[i].term.expressions = expressions;
            to[i].term.fields = fields;
        }
    }
    return to;
}

static struct pf_label_selector pack_label_selector(struct packer *packer,
                                                    const struct pf_label_selector *from)
{
    return (struct pf_label_selector){
        .present = from->present,
        .requirements = pack_requirements(packer, from->requirements, from->requirement_count),
        .requirement_count = from->requirement_count};
}

static struct pf_pod_terms pack_terms(struct packer *packer, const struct pf_pod_terms *from)
{
    struct pf_pod_term *to = pack(packer, from->items, from->count, sizeof(*from->items));
    for (size_t i = 0; i < from->count; i++) {
        const struct pf_pod_term *term = &from->items[i];
        const struct pf_pod_term copy = {
            .selector = pack_label_selector(packer, &term->selector),
            .namespace_selector = pack_label_selector(packer, &term->namespace_selector),
            .topology_key = pack_sv(packer, term->topology_key),
            .namespaces = pack_svs(packer, term->namespaces, term->namespace_count),
            .namespace_count = term->namespace_count,
            .weight = term->weight};
        if (to != NULL) {
            to[i] = copy;
        }
    }
    return (struct pf_pod_terms){.items = to, .count = from->count, .invalid = from->invalid};
}

static struct pf_spread *pack_spreads(struct packer *packer, const struct pf_pod *pod)
{
    struct pf_spread *to = pack(packer, pod->spreads, pod->spread_count, sizeof(*pod->spreads));
    for (size_t i = 0; i < pod->spread_count; i++) {
        const struct pf_spread *from = &pod->spreads[i];
        const struct pf_sv key = pack_sv(packer, from->topology_key);
        const struct pf_label_selector selector = pack_label_selector(packer, &from->selector);
        if (to != NULL) {
            to[i].topology_key = key;
            to[i].selector = selector;
            to[i].match_label_keys = NULL;
            to[i].match_label_key_count = 0; /* defaulting merged them */
        }
    }
    return to;
}

static struct pf_toleration *pack_tolerations(struct packer *packer, const struct pf_pod *pod)
{
    struct pf_toleration *to =
        pack(packer, pod->tolerations, pod->toleration_count, sizeof(*pod->tolerations));
    for (size_t i = 0; i < pod->toleration_count; i++) {
        const struct pf_toleration *from = &pod->tolerations[i];
        const struct pf_sv key = pack_sv(packer, from->key);
        const struct pf_sv value = pack_sv(packer, from->value);
        const struct pf_sv effect = pack_sv(packer, from->effect);
        if (to != NULL) {
            to[i] = (struct pf_toleration){
                .key = key, .value = value, .effect = effect, .operator_ = from->operator_};
        }
    }
    return to;
}

static struct pf_port *pack_ports(struct packer *packer, const struct pf_container *container)
{
    struct pf_port *to =
        pack(packer, container->ports, container->port_count, sizeof(*container->ports));
    for (size_t i = 0; i < container->port_count; i++) {
        const struct pf_sv ip = pack_sv(packer, container->ports[i].host_ip);
        if (to != NULL) {
            to[i].host_ip = ip;
        }
    }
    return to;
}

static struct pf_container *pack_containers(struct packer *packer, const struct pf_pod *pod)
{
    struct pf_container *to =
        pack(packer, pod->containers, pod->container_count, sizeof(*pod->containers));
    for (size_t i = 0; i < pod->container_count; i++) {
        const struct pf_container *from = &pod->containers[i];
        const struct pf_container copy = {.kind = from->kind,
                                          .index = from->index,
                                          .resources_present = from->resources_present,
                                          .name = pack_sv(packer, from->name),
                                          .image = pack_sv(packer, from->image),
                                          .requests = pack_list(packer, &from->requests),
                                          .ports = pack_ports(packer, from),
                                          .port_count = from->port_count};
        if (to != NULL) {
            to[i] = copy;
        }
    }
    return to;
}

static struct pf_pod_volume *pack_volumes(struct packer *packer, const struct pf_pod *pod)
{
    struct pf_pod_volume *to = pack(packer, pod->volumes, pod->volume_count, sizeof(*pod->volumes));
    for (size_t i = 0; i < pod->volume_count; i++) {
        struct pf_pod_volume copy = pod->volumes[i];
        copy.name = pack_sv(packer, pod->volumes[i].name);
        copy.handle = pack_sv(packer, pod->volumes[i].handle);
        copy.monitors = pack_svs(packer, pod->volumes[i].monitors, copy.monitor_count);
        if (to != NULL) {
            to[i] = copy;
        }
    }
    return to;
}

/* What filters, scores and the request of the pod read, and nothing else. */
static struct pf_pod pack_pod(struct packer *packer, const struct pf_pod *pod)
{
    const struct pf_pod_terms terms[PF_TERMS_COUNT] = {
        pack_terms(packer, &pod->terms[0]), pack_terms(packer, &pod->terms[1]),
        pack_terms(packer, &pod->terms[2]), pack_terms(packer, &pod->terms[3])};
    return (struct pf_pod){.meta = {.namespace_ = pack_sv(packer, pod->meta.namespace_),
                                    .labels = pack_labels(packer, &pod->meta.labels),
                                    .name = pack_sv(packer, pod->meta.name),
                                    .uid = pack_sv(packer, pod->meta.uid),
                                    .owner_kind = pack_sv(packer, pod->meta.owner_kind),
                                    .owner_api_version =
                                        pack_sv(packer, pod->meta.owner_api_version),
                                    .owner_name = pack_sv(packer, pod->meta.owner_name)},
                           .scheduler_name = pack_sv(packer, pod->scheduler_name),
                           .priority = pod->priority,
                           .priority_present = pod->priority_present,
                           .preempt_never = pod->preempt_never,
                           .host_network = pod->host_network,
                           .containers = pack_containers(packer, pod),
                           .container_count = pod->container_count,
                           .resources_present = pod->resources_present,
                           .requests = pack_list(packer, &pod->requests),
                           .overhead = pack_list(packer, &pod->overhead),
                           .node_selector = pack_labels(packer, &pod->node_selector),
                           .node_selector_present = pod->node_selector_present,
                           .node_affinity = pack_selector(packer, &pod->node_affinity),
                           .preferred_nodes = pack_preferred(packer, pod),
                           .preferred_node_count = pod->preferred_node_count,
                           .terms = {terms[0], terms[1], terms[2], terms[3]},
                           .spreads = pack_spreads(packer, pod),
                           .spread_count = pod->spread_count,
                           .tolerations = pack_tolerations(packer, pod),
                           .toleration_count = pod->toleration_count,
                           .tolerations_present = pod->tolerations_present,
                           .volumes = pack_volumes(packer, pod),
                           .volume_count = pod->volume_count,
                           .features = pod->features,
                           .needs = pod->needs,
                           .anti_affinity = pod->anti_affinity,
                           .anti_affinity_other_namespaces = pod->anti_affinity_other_namespaces,
                           .phase = pod->phase,
                           .nominated_node_name = pack_sv(packer, pod->nominated_node_name)};
}

struct pf_waiting *pf_podcopy_waiting(const struct pf_pod *pod)
{
    struct packer packer = {.used = sizeof(struct pf_waiting)};
    (void)pack_pod(&packer, pod); /* measures only */
    const size_t bytes = packer.used;
    struct pf_waiting *waiting = pf_mem_calloc(1, bytes);
    if (waiting == NULL) {
        return NULL;
    }
    packer = (struct packer){.base = (char *)waiting, .used = sizeof(*waiting)};
    waiting->pod = pack_pod(&packer, pod);
    waiting->block_bytes = bytes;
    if (!pf_clock_parse(pod->meta.creation_timestamp.ptr, pod->meta.creation_timestamp.len,
                        &waiting->created_ns)) {
        waiting->created_ns = INT64_MAX; /* without a time it comes last */
    }
    return waiting;
}

#include "pod_parts.h"

bool pf_pod_containers_resources(struct pf_decode *d, struct pf_resource_list *ret_requests,
                                 struct pf_resource_list *ret_limits)
{
    enum { REQUESTS, LIMITS };
    static const struct pf_sv keys[] = {
        [REQUESTS] = PF_SV_INIT("requests"),
        [LIMITS] = PF_SV_INIT("limits"),
    };
    uint64_t seen = 0;
    size_t field = 0;
    const bool present = pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_fields_resources(d, field == REQUESTS ? ret_requests : ret_limits);
    }
    return present;
}

static enum pf_protocol protocol_of(struct pf_sv text)
{
    static const struct pf_sv names[] = {
        [PF_PROTOCOL_TCP] = PF_SV_INIT("TCP"),
        [PF_PROTOCOL_UDP] = PF_SV_INIT("UDP"),
        [PF_PROTOCOL_SCTP] = PF_SV_INIT("SCTP"),
    };
    /* the API defaults an absent protocol to TCP */
    return text.len == 0 ? PF_PROTOCOL_TCP
                         : (enum pf_protocol)pf_cursor_match(text, names, PF_ARRAY_LEN(names));
}

static void decode_port(struct pf_decode *d, struct pf_port *ret_port)
{
    enum { CONTAINER, HOST, PROTOCOL, IP };
    static const struct pf_sv keys[] = {
        [CONTAINER] = PF_SV_INIT("containerPort"),
        [HOST] = PF_SV_INIT("hostPort"),
        [PROTOCOL] = PF_SV_INIT("protocol"),
        [IP] = PF_SV_INIT("hostIP"),
    };
    struct pf_sv protocol = {0};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case CONTAINER:
            pf_decode_i32(d, &ret_port->container_port);
            break;
        case HOST:
            pf_decode_i32(d, &ret_port->host_port);
            break;
        case PROTOCOL:
            pf_decode_string(d, &protocol);
            break;
        default:
            pf_decode_string(d, &ret_port->host_ip);
            break;
        }
    }
    ret_port->protocol = protocol_of(protocol);
}

static void decode_ports(struct pf_decode *d, struct pf_container *container)
{
    size_t cap = 0;
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_port *grown = pf_decode_grow(d, container->ports, container->port_count, &cap,
                                               sizeof(*container->ports));
        if (grown == NULL) {
            return;
        }
        container->ports = grown;
        struct pf_port *port = &container->ports[container->port_count++];
        *port = (struct pf_port){0};
        decode_port(d, port);
    }
}

/* restartPolicyRules: only the action that NodeDeclaredFeatures infers a feature from (scheduler-fit 7.14) */
static void decode_restart_rules(struct pf_decode *d, struct pf_pod *pod)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("action")};
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_sv action = {0};
        uint64_t seen = 0;
        size_t field = 0;
        (void)pf_decode_enter_object(d);
        while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
            pf_decode_string(d, &action);
        }
        if (pf_sv_eq(action, PF_SV("RestartAllContainers"))) {
            pod->needs |= PF_NEEDS_DECLARED_FEATURES;
            pod->features |= PF_FEATURE_RESTART_ALL_CONTAINERS;
        }
    }
}

static void decode_container(struct pf_decode *d, struct pf_pod *pod,
                             struct pf_container *container)
{
    enum { NAME, IMAGE, RESOURCES, PORTS, POLICY, RULES };
    static const struct pf_sv keys[] = {
        [NAME] = PF_SV_INIT("name"),
        [IMAGE] = PF_SV_INIT("image"),
        [RESOURCES] = PF_SV_INIT("resources"),
        [PORTS] = PF_SV_INIT("ports"),
        [POLICY] = PF_SV_INIT("restartPolicy"),
        [RULES] = PF_SV_INIT("restartPolicyRules"),
    };
    struct pf_sv policy = {0};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case NAME:
            pf_decode_string(d, &container->name);
            break;
        case IMAGE:
            pf_decode_string(d, &container->image);
            break;
        case RESOURCES:
            container->resources_present =
                pf_pod_containers_resources(d, &container->requests, &container->limits);
            break;
        case PORTS:
            decode_ports(d, container);
            break;
        case POLICY:
            pf_decode_string(d, &policy);
            break;
        default:
            decode_restart_rules(d, pod);
            break;
        }
    }
    if (container->kind == PF_CONTAINER_INIT && pf_sv_eq(policy, PF_SV("Always"))) {
        container->kind = PF_CONTAINER_SIDECAR;
    }
}

void pf_pod_containers_decode(struct pf_decode *d, enum pf_container_kind kind, size_t room,
                              struct pf_pod *pod, struct pf_pod_containers_list *ret_list)
{
    struct pf_pod_containers_list list = {0};
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        if (list.count == room) {
            pf_decode_set_defect(d, "the pod has more containers than podfit judges");
            pf_decode_leave(d);
            break;
        }
        struct pf_container *grown =
            pf_decode_grow(d, list.items, list.count, &list.cap, sizeof(*list.items));
        if (grown == NULL) {
            return;
        }
        list.items = grown;
        struct pf_container *container = &list.items[list.count];
        *container = (struct pf_container){
            .kind = kind, .index = (uint32_t)list.count, .present = pf_decode_is_set(d)};
        list.count++;
        decode_container(d, pod, container);
    }
    *ret_list = list;
}

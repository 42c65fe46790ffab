#include "random_pod.h"

#include <stdio.h>

const struct random_request random_requests[RANDOM_REQUESTS] = {
    {100, 1 << 20, 0, 0, true},
    {250, 0, 1, 0, false},
    {0, 0, 0, 8080, false},
    {1000, 1 << 30, 2, 8081, true},
    {0, (int64_t)1 << 62, 0, 0, false},
};

struct pf_sv random_node_name(uint32_t node, char text[16])
{
    return (struct pf_sv){.ptr = text, .len = (size_t)snprintf(text, 16, "node-%u", node)};
}

struct pf_sv random_print(char text[16], const char *prefix, uint32_t number)
{
    return (struct pf_sv){.ptr = text, .len = (size_t)snprintf(text, 16, "%s%u", prefix, number)};
}

static void ask(struct random_pod *parts, unsigned request)
{
    const struct {
        struct pf_sv name;
        int64_t amount;
        int32_t scale;
    } amounts[] = {{PF_SV_INIT("cpu"), random_requests[request].milli_cpu, -3},
                   {PF_SV_INIT("memory"), random_requests[request].memory, 0},
                   {PF_SV_INIT("example.com/gpu"), random_requests[request].gpus, 0}};
    size_t count = 0;
    for (size_t i = 0; i < PF_ARRAY_LEN(amounts); i++) {
        if (amounts[i].amount != 0) {
            parts->items[count++] = (struct pf_resource){
                .name = amounts[i].name,
                .amount = pf_quantity_from_i64(amounts[i].amount, amounts[i].scale,
                                               PF_QUANTITY_DECIMAL_SI)};
        }
    }
    parts->port =
        (struct pf_port){.host_port = random_requests[request].port, .container_port = 80};
    parts->container =
        (struct pf_container){.name = PF_SV_INIT("c"),
                              .resources_present = true,
                              .requests = {.items = parts->items, .count = count, .present = true},
                              .ports = &parts->port,
                              .port_count = random_requests[request].port != 0};
    parts->pod.containers = &parts->container;
    parts->pod.container_count = 1;
}

/* Labels and affinity terms, from few values, so that pods share groups and term sets. */
static void group(struct random_pod *parts, unsigned uid, unsigned request)
{
    static struct pf_sv values[] = {PF_SV_INIT("b"), PF_SV_INIT("a")};
    static struct pf_sv spaces[] = {PF_SV_INIT("ns-1"), PF_SV_INIT("ns-0"), PF_SV_INIT("ns-0")};
    parts->label = (struct pf_label){.key = PF_SV_INIT("app"), .value = values[uid % 2]};
    parts->pod.meta.labels = (struct pf_labels){.items = &parts->label, .count = uid % 3 != 0};
    parts->requirement = (struct pf_requirement){.key = PF_SV_INIT("app"),
                                                 .values = values,
                                                 .value_count = 2,
                                                 .operator_ = PF_SELECTOR_IN,
                                                 .valid = true};
    const struct pf_label_selector selector = {
        .present = true, .requirements = &parts->requirement, .requirement_count = 1};
    parts->terms[0] =
        (struct pf_pod_term){.selector = selector, .topology_key = PF_SV_INIT("zone")};
    parts->terms[1] = (struct pf_pod_term){.selector = selector,
                                           .topology_key = PF_SV_INIT("host"),
                                           .namespaces = spaces,
                                           .namespace_count = uid % 4,
                                           .namespace_selector = {.present = uid % 2 == 0}};
    if (random_requests[request].anti) {
        parts->pod.terms[PF_TERMS_ANTI_AFFINITY] =
            (struct pf_pod_terms){.items = parts->terms, .count = 2, .invalid = uid % 5 == 0};
        parts->pod.terms[PF_TERMS_AFFINITY] =
            (struct pf_pod_terms){.items = parts->terms, .count = 1};
    }
}

/* Volumes from few names, so that pods share them, by uid only: a pod does not change its volumes. */
static void mount(struct random_pod *parts, unsigned uid)
{
    static struct pf_sv monitors[] = {PF_SV_INIT("m1"), PF_SV_INIT("m2"), PF_SV_INIT("m1")};
    static const struct pf_sv claims[] = {PF_SV_INIT("c0"), PF_SV_INIT("c1"), PF_SV_INIT("c2")};
    parts->volumes[0] =
        (struct pf_pod_volume){.kind = PF_POD_VOLUME_CLAIM, .name = claims[uid % 3]};
    parts->volumes[1] = (struct pf_pod_volume){.kind = PF_POD_VOLUME_RBD,
                                               .name = PF_SV_INIT("pool/image"),
                                               .monitors = monitors,
                                               .monitor_count = uid % 4,
                                               .read_only = uid % 2 == 0};
    parts->volumes[2] = uid % 5 == 0 ? parts->volumes[0]
                                     : (struct pf_pod_volume){.kind = PF_POD_VOLUME_EPHEMERAL,
                                                              .name = PF_SV_INIT("scratch")};
    parts->pod.volumes = parts->volumes;
    parts->pod.volume_count = uid % 7 < 3 ? uid % 7 + 1 : 0;
}

static struct pf_sv pod_namespace(uint32_t pod, char text[16])
{
    return random_print(text, "ns-", pod % RANDOM_NAMESPACES);
}

void random_pod_init(struct random_pod *parts, uint32_t pod, unsigned uid, unsigned request)
{
    *parts = (struct random_pod){.pod = {.scheduler_name = PF_SV_INIT("default-scheduler")}};
    parts->pod.meta.name = random_print(parts->name, "pod-", pod);
    parts->pod.meta.namespace_ = pod_namespace(pod, parts->namespace_);
    parts->pod.meta.uid = random_print(parts->uid, "uid-", uid);
    parts->pod.meta.creation_timestamp = PF_SV("2026-01-01T00:00:00Z");
    ask(parts, request);
    group(parts, uid, request);
    mount(parts, uid);
}

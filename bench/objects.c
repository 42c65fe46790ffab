#include "objects.h"

#include <inttypes.h>
#include <stdio.h>

/* managedFields of the usual form, repeated to the size wanted */
static void append_filler(struct pf_buf *text, size_t bytes)
{
    static const char entry[] =
        "{\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:metadata\":{\"f:"
        "labels\":{\".\":{},\"f:app.kubernetes.io/name\":{},\"f:pod-template-hash\":{}},\"f:"
        "ownerReferences\":{\".\":{},\"k:{\\\"uid\\\":\\\"5c6c5b0e\\\"}\":{}}},\"f:spec\":{\"f:"
        "containers\":{\"k:{\\\"name\\\":\\\"project\\\"}\":{\".\":{},\"f:env\":{\".\":{}},\"f:"
        "image\":{},\"f:imagePullPolicy\":{},\"f:resources\":{\".\":{},\"f:limits\":{}}}}}},"
        "\"manager\":\"kube-controller-manager\",\"operation\":\"Update\",\"time\":\"2026-11-22T04:"
        "37:00Z\"}";
    pf_buf_append_cstr(text, "\"managedFields\":[");
    for (size_t len = 0; len < bytes; len += sizeof(entry)) {
        pf_buf_append_cstr(text, len != 0 ? "," : "");
        pf_buf_append_cstr(text, entry);
    }
    pf_buf_append_cstr(text, "]");
}

void objects_init(struct objects *objects, unsigned nodes)
{
    objects->nodes = nodes;
    pf_buf_init(&objects->node_filler, (size_t)1 << 20);
    pf_buf_init(&objects->pod_filler, (size_t)1 << 20);
    append_filler(&objects->node_filler, OBJECTS_NODE_BYTES - 900);
    append_filler(&objects->pod_filler, OBJECTS_POD_BYTES - 900);
}

void objects_done(struct objects *objects)
{
    pf_buf_done(&objects->node_filler);
    pf_buf_done(&objects->pod_filler);
}

void objects_append_node(struct pf_buf *text, const struct objects *objects, unsigned i,
                         uint64_t version)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "ip-10-%u-%u-%u.eu-central-1.compute.internal",
                   i >> 16 & 255, i >> 8 & 255, i & 255);
    pf_buf_printf(
        text,
        "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"%s\",\"resourceVersion\":\"%" PRIu64
        "\",\"labels\":"
        "{\"kubernetes.io/hostname\":\"%s\",\"kubernetes.io/arch\":\"amd64\",\"kubernetes."
        "io/os\":\"linux\",\"node.kubernetes.io/instance-type\":\"m5.4xlarge\",\"topology."
        "kubernetes.io/zone\":\"eu-central-1%c\",\"topology.kubernetes.io/region\":\"eu-"
        "central-1\",\"cocalc-role\":\"projects\"},",
        name, version, name, 'a' + (int)(i % 3));
    pf_buf_append_sv(text, pf_buf_view(&objects->node_filler));
    pf_buf_append_cstr(
        text,
        "},\"spec\":{\"taints\":[{\"key\":\"cocalc-projects\",\"value\":\"true\",\"effect\":"
        "\"NoSchedule\"}]},\"status\":{\"allocatable\":{\"cpu\":\"15890m\",\"ephemeral-storage"
        "\":\"95491281146\",\"hugepages-1Gi\":\"0\",\"hugepages-2Mi\":\"0\",\"memory\":"
        "\"62952960Ki\",\"pods\":\"234\"}}}");
}

void objects_append_pod(struct pf_buf *text, const struct objects *objects, unsigned i,
                        uint64_t version)
{
    static const char *const memory[] = {"200Mi", "400Mi", "1Gi", "2Gi", "100Mi"};
    const unsigned node = i % (objects->nodes != 0 ? objects->nodes : 1);
    pf_buf_printf(
        text,
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"project-%08x-4d1c-"
        "4b60-9b60-%012x\",\"namespace\":\"team-%u\",\"uid\":\"%08x-77aa-4c6e-8e67-%012x\","
        "\"resourceVersion\":\"%" PRIu64
        "\",\"creationTimestamp\":\"2026-11-22T04:37:00Z\",\"labels\":{\"run\":\"project\"},",
        i * 2654435761U, i, i % OBJECTS_NAMESPACES, i * 40503U, i, version);
    pf_buf_append_sv(text, pf_buf_view(&objects->pod_filler));
    pf_buf_append_cstr(text, "},\"spec\":{");
    if (i % 200 != 0) {
        pf_buf_printf(text, "\"nodeName\":\"ip-10-%u-%u-%u.eu-central-1.compute.internal\",",
                      node >> 16 & 255, node >> 8 & 255, node & 255);
    }
    pf_buf_printf(text,
                  "\"schedulerName\":\"default-scheduler\",\"containers\":[{\"name\":\"project\","
                  "\"image\":\"registry/project:1\",\"resources\":{\"limits\":{\"cpu\":\"%u\","
                  "\"memory\":\"4Gi\"},\"requests\":{\"cpu\":\"%um\",\"memory\":\"%s\"}}}],"
                  "\"tolerations\":[{\"key\":\"cocalc-projects\",\"operator\":\"Exists\"}]},"
                  "\"status\":{\"phase\":\"%s\"}}",
                  1 + i % 3, 10 + i % 7 * 10, memory[i % 5], i % 200 != 0 ? "Running" : "Pending");
}

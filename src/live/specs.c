#include "live_internal.h"

/* kube-scheduler's own selector (pkg/scheduler/scheduler.go newPodInformer); a pod that ends comes as DELETED (webhook practice K-16). */
#define NOT_TERMINAL "status.phase!=Succeeded,status.phase!=Failed"

#define OBJECT(kind_) ((unsigned)PF_FEED_OBJECT + (unsigned)(kind_))

/* Nodes and namespaces first: they are small, and pods find their nodes there. */
static const struct pf_live_spec rows[] = {
    {.name = "nodes",
     .path = "/api/v1/nodes",
     .kind = "Node",
     .api_version = "v1",
     .feed = PF_FEED_NODE,
     .needed = true},
    {.name = "namespaces",
     .path = "/api/v1/namespaces",
     .kind = "Namespace",
     .api_version = "v1",
     .feed = PF_FEED_NAMESPACE,
     .needed = true},
    {.name = "pods",
     .path = "/api/v1/pods",
     .field_selector = NOT_TERMINAL,
     .kind = "Pod",
     .api_version = "v1",
     .feed = PF_FEED_POD,
     .needed = true},
    {.name = "persistentvolumeclaims",
     .path = "/api/v1/persistentvolumeclaims",
     .kind = "PersistentVolumeClaim",
     .api_version = "v1",
     .feed = OBJECT(PF_KIND_CLAIM)},
    {.name = "persistentvolumes",
     .path = "/api/v1/persistentvolumes",
     .kind = "PersistentVolume",
     .api_version = "v1",
     .feed = OBJECT(PF_KIND_VOLUME)},
    {.name = "storageclasses",
     .path = "/apis/storage.k8s.io/v1/storageclasses",
     .kind = "StorageClass",
     .api_version = "storage.k8s.io/v1",
     .feed = OBJECT(PF_KIND_STORAGE_CLASS)},
    {.name = "csinodes",
     .path = "/apis/storage.k8s.io/v1/csinodes",
     .kind = "CSINode",
     .api_version = "storage.k8s.io/v1",
     .feed = OBJECT(PF_KIND_CSI_NODE)},
    {.name = "csidrivers",
     .path = "/apis/storage.k8s.io/v1/csidrivers",
     .kind = "CSIDriver",
     .api_version = "storage.k8s.io/v1",
     .feed = OBJECT(PF_KIND_CSI_DRIVER)},
    {.name = "csistoragecapacities",
     .path = "/apis/storage.k8s.io/v1/csistoragecapacities",
     .kind = "CSIStorageCapacity",
     .api_version = "storage.k8s.io/v1",
     .feed = OBJECT(PF_KIND_STORAGE_CAPACITY)},
    {.name = "volumeattachments",
     .path = "/apis/storage.k8s.io/v1/volumeattachments",
     .kind = "VolumeAttachment",
     .api_version = "storage.k8s.io/v1",
     .feed = OBJECT(PF_KIND_ATTACHMENT)},
    /* resource.k8s.io/v1 since 1.34; before, the group is served only where somebody switched it on */
    {.name = "deviceclasses",
     .path = "/apis/resource.k8s.io/v1beta2/deviceclasses",
     .kind = "DeviceClass",
     .api_version = "resource.k8s.io/v1beta2",
     .feed = OBJECT(PF_KIND_DEVICE_CLASS),
     .minor_to = 33},
    {.name = "deviceclasses",
     .path = "/apis/resource.k8s.io/v1/deviceclasses",
     .kind = "DeviceClass",
     .api_version = "resource.k8s.io/v1",
     .feed = OBJECT(PF_KIND_DEVICE_CLASS),
     .minor_from = 34},
    {.name = "services",
     .path = "/api/v1/services",
     .kind = "Service",
     .api_version = "v1",
     .feed = OBJECT(PF_KIND_SERVICE)},
    {.name = "replicationcontrollers",
     .path = "/api/v1/replicationcontrollers",
     .kind = "ReplicationController",
     .api_version = "v1",
     .feed = OBJECT(PF_KIND_REPLICATION_CONTROLLER)},
    {.name = "replicasets",
     .path = "/apis/apps/v1/replicasets",
     .kind = "ReplicaSet",
     .api_version = "apps/v1",
     .feed = OBJECT(PF_KIND_REPLICA_SET)},
    {.name = "statefulsets",
     .path = "/apis/apps/v1/statefulsets",
     .kind = "StatefulSet",
     .api_version = "apps/v1",
     .feed = OBJECT(PF_KIND_STATEFUL_SET)},
    {.name = "runtimeclasses",
     .path = "/apis/node.k8s.io/v1/runtimeclasses",
     .kind = "RuntimeClass",
     .api_version = "node.k8s.io/v1",
     .feed = OBJECT(PF_KIND_RUNTIME_CLASS)},
    {.name = "priorityclasses",
     .path = "/apis/scheduling.k8s.io/v1/priorityclasses",
     .kind = "PriorityClass",
     .api_version = "scheduling.k8s.io/v1",
     .feed = OBJECT(PF_KIND_PRIORITY_CLASS)},
    {.name = "poddisruptionbudgets",
     .path = "/apis/policy/v1/poddisruptionbudgets",
     .kind = "PodDisruptionBudget",
     .api_version = "policy/v1",
     .feed = OBJECT(PF_KIND_BUDGET)},
};

_Static_assert(PF_ARRAY_LEN(rows) <= PF_LIVE_KINDS_MAX, "more kinds than there is room for");

size_t pf_live_specs(int minor, const struct pf_live_spec *ret_specs[PF_LIVE_KINDS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if (minor >= rows[i].minor_from && (rows[i].minor_to == 0 || minor <= rows[i].minor_to)) {
            ret_specs[count++] = &rows[i];
        }
    }
    return count;
}

size_t pf_live_resources(int minor, struct pf_live_resource *ret_resources, size_t max)
{
    const struct pf_live_spec *specs[PF_LIVE_KINDS_MAX] = {NULL};
    const size_t all = pf_live_specs(minor, specs);
    const size_t count = all < max ? all : max;
    for (size_t i = 0; i < count; i++) {
        ret_resources[i] = (struct pf_live_resource){
            .name = specs[i]->name,
            .path = specs[i]->path,
            .field_selector = specs[i]->field_selector,
            .kind = specs[i]->kind,
            .api_version = specs[i]->api_version,
            .needed = specs[i]->needed,
        };
    }
    return count;
}

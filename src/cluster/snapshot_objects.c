#include "snapshot_internal.h"
#include <podfit/volumes.h>

/* A claim without namespace is in `default`, as kubectl puts it. */
static struct pf_sv space_of(struct pf_sv space)
{
    return space.len != 0 ? space : PF_SV("default");
}

static enum pf_code load_claim(struct pf_model *model, struct pf_arena *arena, struct pf_sv json,
                               struct pf_err *err)
{
    struct pf_claim claim = {0};
    const enum pf_code code = pf_claim_decode(json, arena, &claim, err);
    claim.namespace_ = space_of(claim.namespace_);
    return code == PF_OK ? pf_model_apply_claim(model, &claim, err) : code;
}

static enum pf_code load_volume(struct pf_model *model, struct pf_arena *arena, struct pf_sv json,
                                struct pf_err *err)
{
    struct pf_volume volume = {0};
    const enum pf_code code = pf_volume_decode(json, arena, &volume, err);
    return code == PF_OK ? pf_model_apply_volume(model, &volume, err) : code;
}

static enum pf_code load_storage_class(struct pf_model *model, struct pf_arena *arena,
                                       struct pf_sv json, struct pf_err *err)
{
    struct pf_storage_class storage_class = {0};
    const enum pf_code code = pf_storage_class_decode(json, arena, &storage_class, err);
    return code == PF_OK ? pf_model_apply_storage_class(model, &storage_class, err) : code;
}

static enum pf_code load_csi_node(struct pf_model *model, struct pf_arena *arena, struct pf_sv json,
                                  struct pf_err *err)
{
    struct pf_csi_node node = {0};
    const enum pf_code code = pf_csi_node_decode(json, arena, &node, err);
    return code == PF_OK ? pf_model_apply_csi_node(model, &node, err) : code;
}

static enum pf_code load_csi_driver(struct pf_model *model, struct pf_arena *arena,
                                    struct pf_sv json, struct pf_err *err)
{
    struct pf_csi_driver driver = {0};
    const enum pf_code code = pf_csi_driver_decode(json, arena, &driver, err);
    return code == PF_OK ? pf_model_apply_csi_driver(model, &driver, err) : code;
}

static enum pf_code load_capacity(struct pf_model *model, struct pf_arena *arena, struct pf_sv json,
                                  struct pf_err *err)
{
    struct pf_storage_capacity capacity = {0};
    const enum pf_code code = pf_storage_capacity_decode(json, arena, &capacity, err);
    capacity.namespace_ = space_of(capacity.namespace_);
    return code == PF_OK ? pf_model_apply_storage_capacity(model, &capacity, err) : code;
}

static enum pf_code load_attachment(struct pf_model *model, struct pf_arena *arena,
                                    struct pf_sv json, struct pf_err *err)
{
    struct pf_attachment attachment = {0};
    const enum pf_code code = pf_attachment_decode(json, arena, &attachment, err);
    return code == PF_OK ? pf_model_apply_attachment(model, &attachment, err) : code;
}

static enum pf_code load_device_class(struct pf_model *model, struct pf_arena *arena,
                                      struct pf_sv json, struct pf_err *err)
{
    struct pf_device_class device_class = {0};
    const enum pf_code code = pf_device_class_decode(json, arena, &device_class, err);
    return code == PF_OK ? pf_model_apply_device_class(model, &device_class, err) : code;
}

static enum pf_code load_workload(struct pf_model *model, struct pf_arena *arena, struct pf_sv json,
                                  enum pf_kind kind, struct pf_err *err)
{
    struct pf_workload workload = {0};
    const bool by_map = kind == PF_KIND_SERVICE || kind == PF_KIND_REPLICATION_CONTROLLER;
    const enum pf_code code = pf_workload_decode(json, by_map, arena, &workload, err);
    workload.namespace_ = space_of(workload.namespace_);
    return code == PF_OK ? pf_model_apply_workload(model, kind, &workload, err) : code;
}

static enum pf_code load_service(struct pf_model *model, struct pf_arena *arena, struct pf_sv json,
                                 struct pf_err *err)
{
    return load_workload(model, arena, json, PF_KIND_SERVICE, err);
}

static enum pf_code load_controller(struct pf_model *model, struct pf_arena *arena,
                                    struct pf_sv json, struct pf_err *err)
{
    return load_workload(model, arena, json, PF_KIND_REPLICATION_CONTROLLER, err);
}

static enum pf_code load_replica_set(struct pf_model *model, struct pf_arena *arena,
                                     struct pf_sv json, struct pf_err *err)
{
    return load_workload(model, arena, json, PF_KIND_REPLICA_SET, err);
}

static enum pf_code load_stateful_set(struct pf_model *model, struct pf_arena *arena,
                                      struct pf_sv json, struct pf_err *err)
{
    return load_workload(model, arena, json, PF_KIND_STATEFUL_SET, err);
}

/* Decoded to see that it can be. */
static enum pf_code load_runtime_class(struct pf_model *model, struct pf_arena *arena,
                                       struct pf_sv json, struct pf_err *err)
{
    struct pf_runtime_class runtime_class = {.toleration_count = 0};
    const enum pf_code code = pf_runtime_class_decode(json, arena, &runtime_class, err);
    const struct pf_runtime_class_text text = {.name = runtime_class.name, .json = json};
    return code == PF_OK ? pf_model_apply_runtime_class(model, &text, err) : code;
}

static enum pf_code load_priority_class(struct pf_model *model, struct pf_arena *arena,
                                        struct pf_sv json, struct pf_err *err)
{
    struct pf_priority_class priority_class = {0};
    const enum pf_code code = pf_priority_class_decode(json, arena, &priority_class, err);
    return code == PF_OK ? pf_model_apply_priority_class(model, &priority_class, err) : code;
}

static enum pf_code load_budget(struct pf_model *model, struct pf_arena *arena, struct pf_sv json,
                                struct pf_err *err)
{
    struct pf_budget budget = {0};
    const enum pf_code code = pf_budget_decode(json, arena, &budget, err);
    budget.namespace_ = space_of(budget.namespace_);
    return code == PF_OK ? pf_model_apply_budget(model, &budget, err) : code;
}

static const struct {
    struct pf_sv api_version;
    struct pf_sv kind;
    enum pf_code (*load)(struct pf_model *model, struct pf_arena *arena, struct pf_sv json,
                         struct pf_err *err);
} rows[] = {
    {PF_SV_INIT("v1"), PF_SV_INIT("PersistentVolumeClaim"), load_claim},
    {PF_SV_INIT("v1"), PF_SV_INIT("PersistentVolume"), load_volume},
    {PF_SV_INIT("storage.k8s.io/v1"), PF_SV_INIT("StorageClass"), load_storage_class},
    {PF_SV_INIT("storage.k8s.io/v1"), PF_SV_INIT("CSINode"), load_csi_node},
    {PF_SV_INIT("storage.k8s.io/v1"), PF_SV_INIT("CSIDriver"), load_csi_driver},
    {PF_SV_INIT("storage.k8s.io/v1"), PF_SV_INIT("CSIStorageCapacity"), load_capacity},
    {PF_SV_INIT("storage.k8s.io/v1"), PF_SV_INIT("VolumeAttachment"), load_attachment},
    {PF_SV_INIT("resource.k8s.io/v1"), PF_SV_INIT("DeviceClass"), load_device_class},
    {PF_SV_INIT("resource.k8s.io/v1beta2"), PF_SV_INIT("DeviceClass"), load_device_class},
    {PF_SV_INIT("resource.k8s.io/v1beta1"), PF_SV_INIT("DeviceClass"), load_device_class},
    {PF_SV_INIT("v1"), PF_SV_INIT("Service"), load_service},
    {PF_SV_INIT("v1"), PF_SV_INIT("ReplicationController"), load_controller},
    {PF_SV_INIT("apps/v1"), PF_SV_INIT("ReplicaSet"), load_replica_set},
    {PF_SV_INIT("apps/v1"), PF_SV_INIT("StatefulSet"), load_stateful_set},
    {PF_SV_INIT("node.k8s.io/v1"), PF_SV_INIT("RuntimeClass"), load_runtime_class},
    {PF_SV_INIT("scheduling.k8s.io/v1"), PF_SV_INIT("PriorityClass"), load_priority_class},
    {PF_SV_INIT("policy/v1"), PF_SV_INIT("PodDisruptionBudget"), load_budget},
};

/* @return index into `rows`, or their number */
static size_t find_row(const struct pf_snapshot_head *head)
{
    size_t i = 0;
    while (i < PF_ARRAY_LEN(rows) &&
           (!pf_sv_eq(head->kind, rows[i].kind) ||
            (head->api_version.len != 0 && !pf_sv_eq(head->api_version, rows[i].api_version)))) {
        i++;
    }
    return i;
}

bool pf_snapshot_object_known(const struct pf_snapshot_head *head)
{
    return find_row(head) < PF_ARRAY_LEN(rows);
}

enum pf_code pf_snapshot_object(struct pf_model *model, struct pf_arena *arena,
                                const struct pf_snapshot_head *head, struct pf_sv json,
                                struct pf_err *err)
{
    const size_t row = find_row(head);
    if (row == PF_ARRAY_LEN(rows)) {
        return PF_E_NOT_FOUND;
    }
    pf_model_lock(model);
    const enum pf_code code = rows[row].load(model, arena, json, err);
    pf_model_unlock(model);
    return code;
}

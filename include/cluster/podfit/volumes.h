#ifndef PODFIT_VOLUMES_H
#define PODFIT_VOLUMES_H

/**
 * Objects of the model besides nodes, pods and namespaces: what the volume filters and DeviceClass rules read. All [locked]; whatever is handed out is
 * borrowed until the next change of the model.
 *
 * A snapshot does not say whether a kind has no objects or was left out. podfit knows a kind by its presence: as soon as one object of it was applied, or
 * pf_model_mark_kind() was called (a watch has listed it), it counts as known for ever.
 */

#include <podfit/model.h>
#include <podfit/preemption.h>
#include <podfit/runtime_class.h>
#include <podfit/storage.h>
#include <podfit/workload.h>

enum pf_kind {
    PF_KIND_CLAIM,            /**< PersistentVolumeClaim */
    PF_KIND_VOLUME,           /**< PersistentVolume */
    PF_KIND_STORAGE_CLASS,    /**< StorageClass */
    PF_KIND_CSI_NODE,         /**< CSINode */
    PF_KIND_CSI_DRIVER,       /**< CSIDriver */
    PF_KIND_STORAGE_CAPACITY, /**< CSIStorageCapacity */
    PF_KIND_ATTACHMENT,       /**< VolumeAttachment */
    PF_KIND_DEVICE_CLASS,     /**< DeviceClass */
    PF_KIND_SERVICE,          /**< Service; this and the following do not filter, they only score */
    PF_KIND_REPLICATION_CONTROLLER, /**< ReplicationController */
    PF_KIND_REPLICA_SET,            /**< ReplicaSet */
    PF_KIND_STATEFUL_SET,           /**< StatefulSet */
    PF_KIND_RUNTIME_CLASS,          /**< RuntimeClass, for pods that were not admitted yet */
    PF_KIND_PRIORITY_CLASS,         /**< PriorityClass; this and the next decide about eviction */
    PF_KIND_BUDGET,                 /**< PodDisruptionBudget */
    PF_KIND_COUNT,                  /**< how many there are */
};
/** Such as `PersistentVolumeClaim`. Static. */
const char *pf_kind_name(enum pf_kind kind);

/**
 * Add or replace an object by its name (and namespace).
 *
 * @return PF_OK; PF_E_NO_MEMORY or PF_E_TOO_BIG (namespace and name over 640 bytes): the model is as before
 */
enum pf_code pf_model_apply_claim(struct pf_model *model, const struct pf_claim *claim,
                                  struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_model_apply_volume(struct pf_model *model, const struct pf_volume *volume,
                                   struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_model_apply_storage_class(struct pf_model *model,
                                          const struct pf_storage_class *storage_class,
                                          struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_model_apply_csi_node(struct pf_model *model, const struct pf_csi_node *node,
                                     struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_model_apply_csi_driver(struct pf_model *model, const struct pf_csi_driver *driver,
                                       struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_model_apply_storage_capacity(struct pf_model *model,
                                             const struct pf_storage_capacity *capacity,
                                             struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_model_apply_attachment(struct pf_model *model,
                                       const struct pf_attachment *attachment,
                                       struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_model_apply_device_class(struct pf_model *model,
                                         const struct pf_device_class *device_class,
                                         struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_model_apply_runtime_class(struct pf_model *model,
                                          const struct pf_runtime_class_text *runtime_class,
                                          struct pf_err *err) PF_MUST_CHECK;
/** @param kind  PF_KIND_SERVICE to PF_KIND_STATEFUL_SET */
enum pf_code pf_model_apply_workload(struct pf_model *model, enum pf_kind kind,
                                     const struct pf_workload *workload,
                                     struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_model_apply_priority_class(struct pf_model *model,
                                           const struct pf_priority_class *priority_class,
                                           struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_model_apply_budget(struct pf_model *model, const struct pf_budget *budget,
                                   struct pf_err *err) PF_MUST_CHECK;
/** @param space  empty for kinds without namespace @return true when it was there */
bool pf_model_remove_object(struct pf_model *model, enum pf_kind kind, struct pf_sv space,
                            struct pf_sv name);

/** @return NULL when there is none */
const struct pf_claim *pf_model_claim(const struct pf_model *model, struct pf_sv space,
                                      struct pf_sv name);
const struct pf_volume *pf_model_volume(const struct pf_model *model, struct pf_sv name);
const struct pf_storage_class *pf_model_storage_class(const struct pf_model *model,
                                                      struct pf_sv name);
const struct pf_csi_node *pf_model_csi_node(const struct pf_model *model, struct pf_sv name);
const struct pf_csi_driver *pf_model_csi_driver(const struct pf_model *model, struct pf_sv name);
const struct pf_device_class *pf_model_device_class(const struct pf_model *model,
                                                    struct pf_sv name);
const struct pf_runtime_class_text *pf_model_runtime_class(const struct pf_model *model,
                                                           struct pf_sv name);
const struct pf_priority_class *pf_model_priority_class(const struct pf_model *model,
                                                        struct pf_sv name);
/** @param kind  PF_KIND_SERVICE to PF_KIND_STATEFUL_SET */
const struct pf_workload *pf_model_workload(const struct pf_model *model, enum pf_kind kind,
                                            struct pf_sv space, struct pf_sv name);

/**
 * Walk over objects that have something in common, in no order: PersistentVolumes without claimRef by class name, or (with @p space) those with a claimRef of
 * that namespace and name; CSIStorageCapacities by class name; VolumeAttachments by node name; DeviceClasses by extendedResourceName; Services and
 * PodDisruptionBudgets by namespace (in @p name); PriorityClasses with globalDefault by `default`.
 *
 * @param previous  what the last call gave, NULL to begin
 * @return an object of the kind's struct, NULL at the end
 */
const void *pf_model_next_of(const struct pf_model *model, enum pf_kind kind, struct pf_sv space,
                             struct pf_sv name, const void *previous);

/** Does the model know this kind? */
bool pf_model_knows_kind(const struct pf_model *model, enum pf_kind kind);
/** From now on a kind without objects has none. */
void pf_model_mark_kind(struct pf_model *model, enum pf_kind kind);
/** The kind cannot be followed any more: its objects are kept, but nobody sees them until pf_model_mark_kind() or the next object. */
void pf_model_unmark_kind(struct pf_model *model, enum pf_kind kind);
/** Number that changes with every object of the kinds that filters read. */
uint64_t pf_model_objects_version(const struct pf_model *model);
/**
 * Number that changes with what the volume filters read of the cluster besides nodes and their pods. CSINodes and VolumeAttachments are changes of their node
 * (pf_model_changes_since()), and a claim that no pod names changes nothing for pods that do not ask for it.
 */
uint64_t pf_model_storage_version(const struct pf_model *model);
/** Number that changes with every PodDisruptionBudget. */
uint64_t pf_model_budgets_version(const struct pf_model *model);
/** Objects of a kind. */
size_t pf_model_object_count(const struct pf_model *model, enum pf_kind kind);

#endif

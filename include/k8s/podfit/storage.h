#ifndef PODFIT_STORAGE_H
#define PODFIT_STORAGE_H

/**
 * The objects that kube-scheduler's volume filters read, reduced to what they read (scheduler-fit 7.7 to 7.10 and section 12), and DeviceClass (7.6).
 *
 * All decoders: pf_pod_decode()'s contract. Everything lives in the arena or in the decoded bytes. Quantities that podfit refuses to hold are
 * PF_E_TOO_BIG. Thread-safe as long as two threads do not share an arena.
 */

#include <podfit/pod.h>

/** accessModes as a set. */
enum pf_access_mode {
    PF_ACCESS_READ_WRITE_ONCE = 1 << 0,     /**< ReadWriteOnce */
    PF_ACCESS_READ_ONLY_MANY = 1 << 1,      /**< ReadOnlyMany */
    PF_ACCESS_READ_WRITE_MANY = 1 << 2,     /**< ReadWriteMany */
    PF_ACCESS_READ_WRITE_ONCE_POD = 1 << 3, /**< ReadWriteOncePod */
    PF_ACCESS_OTHER = 1 << 4,               /**< a word that the API server refuses */
};

/** core/v1 PersistentVolumeClaim. */
struct pf_claim {
    struct pf_sv namespace_;
    struct pf_sv name;
    struct pf_sv uid;
    struct pf_sv owner_uid; /**< of the controller among ownerReferences */
    struct pf_sv
        class_name; /**< annotation volume.beta.kubernetes.io/storage-class, else spec.storageClassName; empty: none */
    struct pf_sv volume_name;      /**< spec.volumeName */
    struct pf_sv selected_node;    /**< annotation volume.kubernetes.io/selected-node */
    struct pf_sv attributes_class; /**< spec.volumeAttributesClassName */
    struct pf_label_selector selector;
    struct pf_quantity request; /**< spec.resources.requests.storage, 0 when absent */
    unsigned access_modes;      /**< set of enum pf_access_mode */
    bool has_request;           /**< spec.resources.requests has storage */
    bool has_selected_node;     /**< the annotation is there, maybe empty */
    bool selector_invalid;      /**< cannot be parsed as upstream does */
    bool block;                 /**< volumeMode: Block; otherwise Filesystem */
    bool bind_completed;        /**< annotation pv.kubernetes.io/bind-completed */
    bool deleting;
    bool lost; /**< status.phase: Lost */
};

/** In-tree volume types that csi-translation-lib moves to CSI drivers, as far as a filter looks at them. */
enum pf_in_tree {
    PF_IN_TREE_NONE,       /**< a CSI volume, or a type that is not moved */
    PF_IN_TREE_GCE_DISK,   /**< kubernetes.io/gce-pd */
    PF_IN_TREE_AWS_DISK,   /**< kubernetes.io/aws-ebs */
    PF_IN_TREE_CINDER,     /**< kubernetes.io/cinder */
    PF_IN_TREE_AZURE_DISK, /**< kubernetes.io/azure-disk */
    PF_IN_TREE_PORTWORX,   /**< kubernetes.io/portworx-volume */
    PF_IN_TREE_COUNT,      /**< how many there are */
};
/** Plug-in name such as `kubernetes.io/gce-pd`; empty for PF_IN_TREE_NONE. Static. */
struct pf_sv pf_in_tree_name(enum pf_in_tree type);
/** CSI driver that took its place, such as `pd.csi.storage.gke.io`. Static. */
struct pf_sv pf_in_tree_driver(enum pf_in_tree type);
/** The type whose volumes a StorageClass's provisioner makes, *ret_counted false for the moved types that no limit counts (azure-file, vsphere-volume). */
enum pf_in_tree pf_in_tree_of_provisioner(struct pf_sv provisioner, bool *ret_counted);

/** core/v1 PersistentVolume. */
struct pf_volume {
    struct pf_sv name;
    struct pf_labels labels;
    struct pf_sv
        class_name; /**< annotation volume.beta.kubernetes.io/storage-class, else spec.storageClassName */
    struct pf_sv claim_namespace; /**< spec.claimRef */
    struct pf_sv claim_name;
    struct pf_sv claim_uid;
    struct pf_sv attributes_class;    /**< spec.volumeAttributesClassName */
    struct pf_sv driver;              /**< CSI driver, after translation; empty: none */
    struct pf_sv handle;              /**< CSI volumeHandle, after translation */
    struct pf_node_selector affinity; /**< spec.nodeAffinity.required */
    struct pf_node_selector
        moved_affinity; /**< the same as csi-translation-lib rewrites it; meaningful for in-tree types only */
    struct pf_quantity capacity; /**< spec.capacity.storage, 0 when absent */
    enum pf_in_tree in_tree;
    unsigned access_modes; /**< set of enum pf_access_mode */
    bool has_claim;        /**< spec.claimRef is there */
    bool csi;              /**< spec.csi is there (not translated) */
    bool untranslatable;   /**< csi-translation-lib fails on it */
    bool block;            /**< volumeMode: Block */
    bool available;        /**< status.phase: Available */
    bool deleting;
};

/** storage.k8s.io/v1 StorageClass. */
struct pf_storage_class {
    struct pf_sv name;
    struct pf_sv provisioner;
    struct pf_node_selector topologies; /**< allowedTopologies; no term: every node */
    bool wait_for_first_consumer;       /**< volumeBindingMode; otherwise Immediate */
};

/** One of CSINode spec.drivers. */
struct pf_csi_limit {
    struct pf_sv driver;
    int32_t count; /**< allocatable.count */
    bool limited;  /**< it has a count */
};

/** storage.k8s.io/v1 CSINode. */
struct pf_csi_node {
    struct pf_sv name; /**< of the node */
    struct pf_csi_limit *limits;
    size_t limit_count;
    unsigned
        moved; /**< set of 1 << enum pf_in_tree: annotation storage.alpha.kubernetes.io/migrated-plugins */
};

/** storage.k8s.io/v1 CSIDriver. */
struct pf_csi_driver {
    struct pf_sv name;
    bool storage_capacity; /**< spec.storageCapacity */
};

/** storage.k8s.io/v1 CSIStorageCapacity. */
struct pf_storage_capacity {
    struct pf_sv namespace_;
    struct pf_sv name;
    struct pf_sv class_name;
    struct pf_label_selector topology; /**< nodeTopology; absent: no node */
    struct pf_quantity limit;          /**< maximumVolumeSize, else capacity */
    bool has_limit;                    /**< one of them is there */
    bool topology_invalid;             /**< cannot be parsed: no node */
};

/** storage.k8s.io/v1 VolumeAttachment. */
struct pf_attachment {
    struct pf_sv name;
    struct pf_sv node_name;
    struct pf_sv attacher;
    struct pf_sv volume_name; /**< spec.source.persistentVolumeName; empty: inline */
};

/** resource.k8s.io DeviceClass. */
struct pf_device_class {
    struct pf_sv name;
    struct pf_sv extended_resource; /**< spec.extendedResourceName; empty: none */
};

enum pf_code pf_claim_decode(struct pf_sv bytes, struct pf_arena *arena, struct pf_claim *ret_claim,
                             struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_volume_decode(struct pf_sv bytes, struct pf_arena *arena,
                              struct pf_volume *ret_volume, struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_storage_class_decode(struct pf_sv bytes, struct pf_arena *arena,
                                     struct pf_storage_class *ret_class,
                                     struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_csi_node_decode(struct pf_sv bytes, struct pf_arena *arena,
                                struct pf_csi_node *ret_node, struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_csi_driver_decode(struct pf_sv bytes, struct pf_arena *arena,
                                  struct pf_csi_driver *ret_driver,
                                  struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_storage_capacity_decode(struct pf_sv bytes, struct pf_arena *arena,
                                        struct pf_storage_capacity *ret_capacity,
                                        struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_attachment_decode(struct pf_sv bytes, struct pf_arena *arena,
                                  struct pf_attachment *ret_attachment,
                                  struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_device_class_decode(struct pf_sv bytes, struct pf_arena *arena,
                                    struct pf_device_class *ret_class,
                                    struct pf_err *err) PF_MUST_CHECK;

/** Is the volume bound to the claim, by name and, where the volume has one, by uid? (component-helpers/storage/volume IsVolumeBoundToClaim) */
bool pf_volume_is_bound_to(const struct pf_volume *volume, const struct pf_claim *claim);

#endif

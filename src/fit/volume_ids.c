#include "volume_plan.h"

/* Source: pkg/scheduler/framework/plugins/nodevolumelimits/{csi,utils}.go. */

/* Up to this minor NodeVolumeLimits asks the CSINode whether an in-tree type has moved. */
#define LAST_MINOR_ASKING_THE_NODE 35

bool pf_volume_ids_moved(const struct pf_csi_node *node, enum pf_in_tree type, int minor)
{
    return type != PF_IN_TREE_NONE &&
           (minor > LAST_MINOR_ASKING_THE_NODE || (node->moved & 1U << type) != 0);
}

enum pf_in_tree pf_volume_ids_in_tree(enum pf_pod_volume_kind kind)
{
    static const enum pf_in_tree types[] = {
        [PF_POD_VOLUME_CLAIM] = PF_IN_TREE_NONE,
        [PF_POD_VOLUME_EPHEMERAL] = PF_IN_TREE_NONE,
        [PF_POD_VOLUME_GCE_DISK] = PF_IN_TREE_GCE_DISK,
        [PF_POD_VOLUME_AWS_DISK] = PF_IN_TREE_AWS_DISK,
        [PF_POD_VOLUME_ISCSI] = PF_IN_TREE_NONE,
        [PF_POD_VOLUME_RBD] = PF_IN_TREE_NONE,
        [PF_POD_VOLUME_AZURE_DISK] = PF_IN_TREE_AZURE_DISK,
        [PF_POD_VOLUME_CINDER] = PF_IN_TREE_CINDER,
        [PF_POD_VOLUME_PORTWORX] = PF_IN_TREE_PORTWORX,
    };
    return types[kind];
}

/* A volume that is not made yet counts by its StorageClass. */
static bool id_of_class(const struct pf_model *model, const struct pf_claim *claim,
                        const struct pf_csi_node *node, int minor, struct pf_volume_id *id)
{
    const struct pf_storage_class *storage_class =
        claim->class_name.len != 0 ? pf_model_storage_class(model, claim->class_name) : NULL;
    if (storage_class == NULL) {
        return false;
    }
    bool counted = true;
    const enum pf_in_tree type = pf_in_tree_of_provisioner(storage_class->provisioner, &counted);
    if (!counted || (type != PF_IN_TREE_NONE && !pf_volume_ids_moved(node, type, minor))) {
        return false;
    }
    id->driver = type != PF_IN_TREE_NONE ? pf_in_tree_driver(type) : storage_class->provisioner;
    id->unbound = claim;
    return id->driver.len != 0;
}

bool pf_volume_ids_of_claim(const struct pf_model *model, const struct pf_claim *claim,
                            const struct pf_csi_node *node, int minor, struct pf_volume_id *ret_id)
{
    struct pf_volume_id id = {.unbound = NULL};
    const struct pf_volume *volume =
        claim->volume_name.len != 0 ? pf_model_volume(model, claim->volume_name) : NULL;
    if (volume == NULL) {
        if (!id_of_class(model, claim, node, minor, &id)) {
            return false;
        }
    } else {
        if (!volume->csi &&
            (volume->untranslatable || !pf_volume_ids_moved(node, volume->in_tree, minor))) {
            return false;
        }
        id.driver = volume->driver;
        id.handle = volume->handle;
        if (id.driver.len == 0 || id.handle.len == 0) {
            return false;
        }
    }
    *ret_id = id;
    return true;
}

bool pf_volume_ids_equal(const struct pf_volume_id *a, const struct pf_volume_id *b)
{
    return a->unbound == b->unbound && pf_sv_eq(a->driver, b->driver) &&
           pf_sv_eq(a->handle, b->handle);
}

uint64_t pf_volume_ids_hash(const struct pf_volume_id *id)
{
    uint64_t hash = pf_sv_hash(id->driver, 1);
    hash = pf_sv_hash(id->handle, hash);
    if (id->unbound != NULL) {
        hash = pf_sv_hash(id->unbound->namespace_, hash + 1);
        hash = pf_sv_hash(id->unbound->name, hash);
    }
    return hash;
}

#ifndef PODFIT_K8S_IN_TREE_H
#define PODFIT_K8S_IN_TREE_H

/** Internal to k8s: in-tree disks and what csi-translation-lib makes of them. Source: staging/src/k8s.io/csi-translation-lib/plugins. */

#include "fields.h"
#include <podfit/storage.h>

/** Fields of an in-tree disk, of a pod's volume or a PersistentVolume alike. */
struct pf_in_tree_disk {
    struct pf_sv id; /**< pdName, volumeID or diskURI */
    bool read_only;
    bool managed; /**< azureDisk: kind is Managed in any case */
};

/** Read the disk that comes next. */
void pf_in_tree_decode(struct pf_decode *d, struct pf_in_tree_disk *ret_disk);

/**
 * KubernetesVolumeIDToEBSVolumeID: `aws://ZONE/vol-1`, `aws:///vol-1` or whatever does not begin with aws:// .
 *
 * @return false: it fails
 */
bool pf_in_tree_aws_handle(struct pf_sv id, struct pf_sv *ret_handle);

/**
 * Fill volume->driver, handle, untranslatable and moved_affinity of an in-tree volume from its disk.
 *
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_volume_move(struct pf_volume *volume, const struct pf_in_tree_disk *disk,
                            struct pf_arena *arena) PF_MUST_CHECK;

/** Words of accessModes as a set of enum pf_access_mode. */
unsigned pf_claim_access_modes(struct pf_decode *d);
/** volumeMode. @return whether it is Block */
bool pf_claim_is_block(struct pf_decode *d);

#endif

#include "in_tree.h"

static const struct {
    struct pf_sv name;
    struct pf_sv driver;
} types[PF_IN_TREE_COUNT] = {
    [PF_IN_TREE_NONE] = {PF_SV_INIT(""), PF_SV_INIT("")},
    [PF_IN_TREE_GCE_DISK] = {PF_SV_INIT("kubernetes.io/gce-pd"),
                             PF_SV_INIT("pd.csi.storage.gke.io")},
    [PF_IN_TREE_AWS_DISK] = {PF_SV_INIT("kubernetes.io/aws-ebs"), PF_SV_INIT("ebs.csi.aws.com")},
    [PF_IN_TREE_CINDER] = {PF_SV_INIT("kubernetes.io/cinder"),
                           PF_SV_INIT("cinder.csi.openstack.org")},
    [PF_IN_TREE_AZURE_DISK] = {PF_SV_INIT("kubernetes.io/azure-disk"),
                               PF_SV_INIT("disk.csi.azure.com")},
    [PF_IN_TREE_PORTWORX] = {PF_SV_INIT("kubernetes.io/portworx-volume"),
                             PF_SV_INIT("pxd.portworx.com")},
};

struct pf_sv pf_in_tree_name(enum pf_in_tree type)
{
    return types[type].name;
}

struct pf_sv pf_in_tree_driver(enum pf_in_tree type)
{
    return types[type].driver;
}

enum pf_in_tree pf_in_tree_of_provisioner(struct pf_sv provisioner, bool *ret_counted)
{
    *ret_counted = !pf_sv_eq_cstr(provisioner, "kubernetes.io/azure-file") &&
                   !pf_sv_eq_cstr(provisioner, "kubernetes.io/vsphere-volume");
    for (unsigned i = PF_IN_TREE_NONE + 1; i < PF_IN_TREE_COUNT; i++) {
        if (pf_sv_eq(provisioner, types[i].name)) {
            return (enum pf_in_tree)i;
        }
    }
    return PF_IN_TREE_NONE;
}

static bool is_managed(struct pf_sv kind)
{
    static const char managed[] = "managed";
    if (kind.len != sizeof(managed) - 1) {
        return false;
    }
    for (size_t i = 0; i < kind.len; i++) {
        if ((kind.ptr[i] | 0x20) != managed[i]) {
            return false;
        }
    }
    return true;
}

void pf_in_tree_decode(struct pf_decode *d, struct pf_in_tree_disk *ret_disk)
{
    enum { PD_NAME, VOLUME_ID, DISK_URI, KIND, READ_ONLY };
    static const struct pf_sv keys[] = {
        [PD_NAME] = PF_SV_INIT("pdName"),     [VOLUME_ID] = PF_SV_INIT("volumeID"),
        [DISK_URI] = PF_SV_INIT("diskURI"),   [KIND] = PF_SV_INIT("kind"),
        [READ_ONLY] = PF_SV_INIT("readOnly"),
    };
    struct pf_in_tree_disk disk = {0};
    struct pf_sv kind = {0};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case KIND:
            pf_decode_string(d, &kind);
            break;
        case READ_ONLY:
            pf_decode_bool(d, &disk.read_only);
            break;
        default:
            pf_decode_string(d, &disk.id);
            break;
        }
    }
    /* an absent kind is defaulted to Shared (SetDefaults_AzureDiskVolumeSource) */
    disk.managed = is_managed(kind);
    *ret_disk = disk;
}

static struct pf_sv cut_at(struct pf_sv text, char c)
{
    const char *found = text.len != 0 ? memchr(text.ptr, c, text.len) : NULL;
    if (found != NULL) {
        text.len = (size_t)(found - text.ptr);
    }
    return text;
}

bool pf_in_tree_aws_handle(struct pf_sv id, struct pf_sv *ret_handle)
{
    const struct pf_sv scheme = PF_SV("aws://");
    if (!pf_sv_starts_with(id, scheme)) {
        *ret_handle = id;
        return true;
    }
    const struct pf_sv rest = {.ptr = id.ptr + scheme.len, .len = id.len - scheme.len};
    struct pf_sv path = cut_at(cut_at(rest, '#'), '?');
    const struct pf_sv host = cut_at(path, '/');
    path.ptr += host.len;
    path.len -= host.len;
    while (path.len != 0 && path.ptr[0] == '/') {
        path.ptr++;
        path.len--;
    }
    while (path.len != 0 && path.ptr[path.len - 1] == '/') {
        path.len--;
    }
    /* url.Parse would decode percent signs, and refuse some bytes: no volume id has them */
    if (!pf_sv_starts_with(path, PF_SV("vol-")) || cut_at(path, '/').len != path.len ||
        cut_at(rest, '%').len != rest.len) {
        return false;
    }
    *ret_handle = path;
    return true;
}

#include "in_tree.h"
#include "pod_parts.h"
#include "table.h"

struct part {
    struct pf_meta meta;
    struct pf_sv phase;
    struct pf_volume volume;
    struct pf_in_tree_disk disk;
};

static void read_capacity(struct pf_decode *d, void *at)
{
    struct pf_quantity *amount = at;
    struct pf_resource_list capacity = {0};
    pf_fields_resources(d, &capacity);
    const struct pf_resource *storage = pf_resource_list_find(&capacity, PF_SV("storage"));
    if (storage != NULL) {
        *amount = storage->amount;
        pf_quantity_round_up_milli(amount);
    }
}

static void read_modes(struct pf_decode *d, void *at)
{
    struct pf_volume *volume = at;
    volume->access_modes = pf_claim_access_modes(d);
}

static void read_volume_mode(struct pf_decode *d, void *at)
{
    struct pf_volume *volume = at;
    volume->block = pf_claim_is_block(d);
}

static void read_claim_ref(struct pf_decode *d, void *at)
{
    static const struct pf_table_row ref_rows[] = {
        PF_TABLE_VALUE("namespace", pf_table_string, struct pf_volume, claim_namespace),
        PF_TABLE_VALUE("name", pf_table_string, struct pf_volume, claim_name),
        PF_TABLE_VALUE("uid", pf_table_string, struct pf_volume, claim_uid),
    };
    struct pf_volume *volume = at;
    volume->has_claim = pf_table_read(d, ref_rows, PF_ARRAY_LEN(ref_rows), volume);
}

static void read_csi(struct pf_decode *d, void *at)
{
    static const struct pf_table_row csi_rows[] = {
        PF_TABLE_VALUE("driver", pf_table_string, struct pf_volume, driver),
        PF_TABLE_VALUE("volumeHandle", pf_table_string, struct pf_volume, handle),
    };
    struct pf_volume *volume = at;
    volume->csi = pf_table_read(d, csi_rows, PF_ARRAY_LEN(csi_rows), volume);
}

static void read_affinity(struct pf_decode *d, void *at)
{
    pf_pod_affinity_selector(d, at);
}

static void read_disk(struct pf_decode *d, struct part *part, enum pf_in_tree type)
{
    if (pf_decode_is_set(d)) {
        part->volume.in_tree = type;
        pf_in_tree_decode(d, &part->disk);
    }
}

static void read_gce_disk(struct pf_decode *d, void *at)
{
    read_disk(d, at, PF_IN_TREE_GCE_DISK);
}

static void read_aws_disk(struct pf_decode *d, void *at)
{
    read_disk(d, at, PF_IN_TREE_AWS_DISK);
}

static void read_cinder(struct pf_decode *d, void *at)
{
    read_disk(d, at, PF_IN_TREE_CINDER);
}

static void read_azure_disk(struct pf_decode *d, void *at)
{
    read_disk(d, at, PF_IN_TREE_AZURE_DISK);
}

static void read_portworx(struct pf_decode *d, void *at)
{
    read_disk(d, at, PF_IN_TREE_PORTWORX);
}

static const struct pf_table_row affinity_rows[] = {
    PF_TABLE_VALUE("required", read_affinity, struct part, volume.affinity),
};

static const struct pf_table_row spec_rows[] = {
    PF_TABLE_VALUE("capacity", read_capacity, struct part, volume.capacity),
    PF_TABLE_VALUE("accessModes", read_modes, struct part, volume),
    PF_TABLE_VALUE("claimRef", read_claim_ref, struct part, volume),
    PF_TABLE_VALUE("storageClassName", pf_table_string, struct part, volume.class_name),
    PF_TABLE_VALUE("volumeMode", read_volume_mode, struct part, volume),
    PF_TABLE_OBJECT("nodeAffinity", affinity_rows),
    PF_TABLE_VALUE("volumeAttributesClassName", pf_table_string, struct part,
                   volume.attributes_class),
    PF_TABLE_VALUE("csi", read_csi, struct part, volume),
    PF_TABLE_PART("gcePersistentDisk", read_gce_disk),
    PF_TABLE_PART("awsElasticBlockStore", read_aws_disk),
    PF_TABLE_PART("cinder", read_cinder),
    PF_TABLE_PART("azureDisk", read_azure_disk),
    PF_TABLE_PART("portworxVolume", read_portworx),
};

static const struct pf_table_row status_rows[] = {
    PF_TABLE_VALUE("phase", pf_table_string, struct part, phase),
};

static const struct pf_table_row rows[] = {
    PF_TABLE_VALUE("metadata", pf_table_meta, struct part, meta),
    PF_TABLE_OBJECT("spec", spec_rows),
    PF_TABLE_OBJECT("status", status_rows),
};

_Static_assert(PF_ARRAY_LEN(spec_rows) <= PF_TABLE_ROWS_MAX, "the largest table");

static void apply_meta(const struct pf_meta *meta, struct pf_volume *volume)
{
    const struct pf_label *class_name =
        pf_labels_find(&meta->annotations, PF_SV("volume.beta.kubernetes.io/storage-class"));
    volume->name = meta->name;
    volume->labels = meta->labels;
    volume->deleting = meta->deleting;
    if (class_name != NULL) {
        volume->class_name = class_name->value;
    }
}

enum pf_code pf_volume_decode(struct pf_sv bytes, struct pf_arena *arena,
                              struct pf_volume *ret_volume, struct pf_err *err)
{
    static const struct pf_table_row object = PF_TABLE_OBJECT("", rows);
    struct part part = {.volume = {.capacity = pf_quantity_zero}};
    enum pf_code code = pf_table_decode(bytes, arena, &object, &part, err);
    if (code != PF_OK) {
        return code;
    }
    apply_meta(&part.meta, &part.volume);
    part.volume.available = pf_sv_eq_cstr(part.phase, "Available");
    if (part.volume.in_tree != PF_IN_TREE_NONE && !part.volume.csi) {
        code = pf_volume_move(&part.volume, &part.disk, arena);
        if (code != PF_OK) {
            return pf_err_set(err, code, "no memory for a volume");
        }
    }
    *ret_volume = part.volume;
    return PF_OK;
}

bool pf_volume_is_bound_to(const struct pf_volume *volume, const struct pf_claim *claim)
{
    return volume->has_claim && pf_sv_eq(volume->claim_name, claim->name) &&
           pf_sv_eq(volume->claim_namespace, claim->namespace_) &&
           (volume->claim_uid.len == 0 || pf_sv_eq(volume->claim_uid, claim->uid));
}

#include "in_tree.h"
#include "pod_parts.h"

enum spec_field {
    CAPACITY,
    MODES,
    CLAIM_REF,
    CLASS,
    MODE,
    AFFINITY,
    ATTRIBUTES,
    CSI,
    GCE_DISK,
    AWS_DISK,
    CINDER,
    AZURE_DISK,
    PORTWORX,
};

static const struct pf_sv spec_keys[] = {
    [CAPACITY] = PF_SV_INIT("capacity"),
    [MODES] = PF_SV_INIT("accessModes"),
    [CLAIM_REF] = PF_SV_INIT("claimRef"),
    [CLASS] = PF_SV_INIT("storageClassName"),
    [MODE] = PF_SV_INIT("volumeMode"),
    [AFFINITY] = PF_SV_INIT("nodeAffinity"),
    [ATTRIBUTES] = PF_SV_INIT("volumeAttributesClassName"),
    [CSI] = PF_SV_INIT("csi"),
    [GCE_DISK] = PF_SV_INIT("gcePersistentDisk"),
    [AWS_DISK] = PF_SV_INIT("awsElasticBlockStore"),
    [CINDER] = PF_SV_INIT("cinder"),
    [AZURE_DISK] = PF_SV_INIT("azureDisk"),
    [PORTWORX] = PF_SV_INIT("portworxVolume"),
};

static void decode_capacity(struct pf_decode *d, struct pf_volume *volume)
{
    struct pf_resource_list capacity = {0};
    pf_fields_resources(d, &capacity);
    const struct pf_resource *storage = pf_resource_list_find(&capacity, PF_SV("storage"));
    if (storage != NULL) {
        volume->capacity = storage->amount;
        pf_quantity_round_up_milli(&volume->capacity);
    }
}

static void decode_claim_ref(struct pf_decode *d, struct pf_volume *volume)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("namespace"), PF_SV_INIT("name"),
                                        PF_SV_INIT("uid")};
    struct pf_sv *const texts[] = {&volume->claim_namespace, &volume->claim_name,
                                   &volume->claim_uid};
    uint64_t seen = 0;
    size_t field = 0;
    volume->has_claim = pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_decode_string(d, texts[field]);
    }
}

static void decode_affinity(struct pf_decode *d, struct pf_volume *volume)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("required")};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_pod_affinity_selector(d, &volume->affinity);
    }
}

static void decode_csi(struct pf_decode *d, struct pf_volume *volume)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("driver"), PF_SV_INIT("volumeHandle")};
    struct pf_sv *const texts[] = {&volume->driver, &volume->handle};
    uint64_t seen = 0;
    size_t field = 0;
    volume->csi = pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_decode_string(d, texts[field]);
    }
}

static void decode_disk(struct pf_decode *d, enum spec_field field, struct pf_volume *volume,
                        struct pf_in_tree_disk *disk)
{
    static const enum pf_in_tree types[] = {
        [GCE_DISK] = PF_IN_TREE_GCE_DISK, [AWS_DISK] = PF_IN_TREE_AWS_DISK,
        [CINDER] = PF_IN_TREE_CINDER,     [AZURE_DISK] = PF_IN_TREE_AZURE_DISK,
        [PORTWORX] = PF_IN_TREE_PORTWORX,
    };
    if (pf_decode_is_set(d)) {
        volume->in_tree = types[field];
        pf_in_tree_decode(d, disk);
    }
}

static void decode_spec_field(struct pf_decode *d, enum spec_field field, struct pf_volume *volume,
                              struct pf_in_tree_disk *disk)
{
    switch (field) {
    case CAPACITY:
        decode_capacity(d, volume);
        break;
    case MODES:
        volume->access_modes = pf_claim_access_modes(d);
        break;
    case CLAIM_REF:
        decode_claim_ref(d, volume);
        break;
    case CLASS:
        pf_decode_string(d, &volume->class_name);
        break;
    case MODE:
        volume->block = pf_claim_is_block(d);
        break;
    case AFFINITY:
        decode_affinity(d, volume);
        break;
    case ATTRIBUTES:
        pf_decode_string(d, &volume->attributes_class);
        break;
    case CSI:
        decode_csi(d, volume);
        break;
    case GCE_DISK:
    case AWS_DISK:
    case CINDER:
    case AZURE_DISK:
    case PORTWORX:
    default:
        decode_disk(d, field, volume, disk);
        break;
    }
}

static void decode_status(struct pf_decode *d, struct pf_volume *volume)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("phase")};
    struct pf_sv phase = {0};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_decode_string(d, &phase);
    }
    volume->available = pf_sv_eq_cstr(phase, "Available");
}

static void decode_parts(struct pf_decode *d, struct pf_volume *volume,
                         struct pf_in_tree_disk *disk)
{
    enum { METADATA, SPEC, STATUS };
    static const struct pf_sv keys[] = {
        [METADATA] = PF_SV_INIT("metadata"),
        [SPEC] = PF_SV_INIT("spec"),
        [STATUS] = PF_SV_INIT("status"),
    };
    struct pf_meta meta = {0};
    uint64_t seen = 0;
    uint64_t spec_seen = 0;
    size_t field = 0;
    pf_decode_enter_root(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == METADATA) {
            pf_fields_meta(d, &meta);
            continue;
        }
        if (field == STATUS) {
            decode_status(d, volume);
            continue;
        }
        (void)pf_decode_enter_object(d);
        while (pf_decode_next_field(d, spec_keys, PF_ARRAY_LEN(spec_keys), &spec_seen, &field)) {
            decode_spec_field(d, (enum spec_field)field, volume, disk);
        }
    }
    const struct pf_label *class_name =
        pf_labels_find(&meta.annotations, PF_SV("volume.beta.kubernetes.io/storage-class"));
    volume->name = meta.name;
    volume->labels = meta.labels;
    volume->deleting = meta.deleting;
    if (class_name != NULL) {
        volume->class_name = class_name->value;
    }
}

enum pf_code pf_volume_decode(struct pf_sv bytes, struct pf_arena *arena,
                              struct pf_volume *ret_volume, struct pf_err *err)
{
    struct pf_decode d;
    struct pf_volume volume = {.capacity = pf_quantity_zero};
    struct pf_in_tree_disk disk = {0};
    pf_decode_init(&d, bytes, arena);
    decode_parts(&d, &volume, &disk);
    enum pf_code code = pf_decode_finish_whole(&d, err);
    if (code == PF_OK && volume.in_tree != PF_IN_TREE_NONE && !volume.csi) {
        code = pf_volume_move(&volume, &disk, arena);
        if (code != PF_OK) {
            return pf_err_set(err, code, "no memory for a volume");
        }
    }
    if (code == PF_OK) {
        *ret_volume = volume;
    }
    return code;
}

bool pf_volume_is_bound_to(const struct pf_volume *volume, const struct pf_claim *claim)
{
    return volume->has_claim && pf_sv_eq(volume->claim_name, claim->name) &&
           pf_sv_eq(volume->claim_namespace, claim->namespace_) &&
           (volume->claim_uid.len == 0 || pf_sv_eq(volume->claim_uid, claim->uid));
}

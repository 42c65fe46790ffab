#include "in_tree.h"
#include "pod_parts.h"

/* What filters look at in a pod's volumes; the order is that of enum pf_pod_volume_kind. */
static const struct pf_sv source_keys[] = {
    [PF_POD_VOLUME_CLAIM] = PF_SV_INIT("persistentVolumeClaim"),
    [PF_POD_VOLUME_EPHEMERAL] = PF_SV_INIT("ephemeral"),
    [PF_POD_VOLUME_GCE_DISK] = PF_SV_INIT("gcePersistentDisk"),
    [PF_POD_VOLUME_AWS_DISK] = PF_SV_INIT("awsElasticBlockStore"),
    [PF_POD_VOLUME_ISCSI] = PF_SV_INIT("iscsi"),
    [PF_POD_VOLUME_RBD] = PF_SV_INIT("rbd"),
    [PF_POD_VOLUME_AZURE_DISK] = PF_SV_INIT("azureDisk"),
    [PF_POD_VOLUME_CINDER] = PF_SV_INIT("cinder"),
    [PF_POD_VOLUME_PORTWORX] = PF_SV_INIT("portworxVolume"),
    [PF_POD_VOLUME_PORTWORX + 1] = PF_SV_INIT("name"),
};
#define NAME_KEY (PF_POD_VOLUME_PORTWORX + 1)

static void join(struct pf_decode *d, const char *format, struct pf_sv a, struct pf_sv b,
                 struct pf_sv *ret_text)
{
    const size_t len = strlen(format) + a.len + b.len;
    char *text = pf_arena_alloc(d->arena, len + 1);
    if (text == NULL) {
        (void)pf_cursor_fail(&d->cursor, PF_E_NO_MEMORY, "no memory for a volume");
        return;
    }
    size_t at = 0;
    const struct pf_sv parts[] = {a, pf_sv_from(format), b};
    for (size_t i = 0; i < PF_ARRAY_LEN(parts); i++) {
        if (parts[i].len != 0) {
            memcpy(text + at, parts[i].ptr, parts[i].len);
            at += parts[i].len;
        }
    }
    *ret_text = (struct pf_sv){.ptr = text, .len = at};
}

static void decode_claim(struct pf_decode *d, struct pf_pod_volume *volume)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("claimName")};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_decode_string(d, &volume->name);
    }
}

static void decode_iscsi(struct pf_decode *d, struct pf_pod_volume *volume)
{
    enum { IQN, READ_ONLY };
    static const struct pf_sv keys[] = {
        [IQN] = PF_SV_INIT("iqn"),
        [READ_ONLY] = PF_SV_INIT("readOnly"),
    };
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == IQN) {
            pf_decode_string(d, &volume->name);
        } else {
            pf_decode_bool(d, &volume->read_only);
        }
    }
}

static void decode_rbd(struct pf_decode *d, struct pf_pod_volume *volume)
{
    enum { MONITORS, IMAGE, POOL, READ_ONLY };
    static const struct pf_sv keys[] = {
        [MONITORS] = PF_SV_INIT("monitors"),
        [IMAGE] = PF_SV_INIT("image"),
        [POOL] = PF_SV_INIT("pool"),
        [READ_ONLY] = PF_SV_INIT("readOnly"),
    };
    struct pf_sv image = {0};
    struct pf_sv pool = {0};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case MONITORS:
            (void)pf_decode_strings(d, &volume->monitors, &volume->monitor_count);
            break;
        case IMAGE:
            pf_decode_string(d, &image);
            break;
        case POOL:
            pf_decode_string(d, &pool);
            break;
        default:
            pf_decode_bool(d, &volume->read_only);
            break;
        }
    }
    /* SetDefaults_RBDVolumeSource */
    join(d, "/", pool.len != 0 ? pool : PF_SV("rbd"), image, &volume->name);
}

static void decode_disk(struct pf_decode *d, struct pf_pod_volume *volume)
{
    struct pf_in_tree_disk disk = {0};
    pf_in_tree_decode(d, &disk);
    volume->name = disk.id;
    volume->handle = disk.id;
    volume->read_only = disk.read_only;
    if (volume->kind == PF_POD_VOLUME_GCE_DISK) {
        join(d, "", PF_SV("projects/UNSPECIFIED/zones/UNSPECIFIED/disks/"), disk.id,
             &volume->handle);
    } else if (volume->kind == PF_POD_VOLUME_AWS_DISK) {
        volume->untranslatable = !pf_in_tree_aws_handle(disk.id, &volume->handle);
    } else if (volume->kind == PF_POD_VOLUME_AZURE_DISK) {
        volume->untranslatable = !disk.managed;
    }
}

static void decode_source(struct pf_decode *d, struct pf_pod_volume *volume)
{
    switch (volume->kind) {
    case PF_POD_VOLUME_CLAIM:
        decode_claim(d, volume);
        break;
    case PF_POD_VOLUME_EPHEMERAL:
        break;
    case PF_POD_VOLUME_ISCSI:
        decode_iscsi(d, volume);
        break;
    case PF_POD_VOLUME_RBD:
        decode_rbd(d, volume);
        break;
    case PF_POD_VOLUME_GCE_DISK:
    case PF_POD_VOLUME_AWS_DISK:
    case PF_POD_VOLUME_AZURE_DISK:
    case PF_POD_VOLUME_CINDER:
    case PF_POD_VOLUME_PORTWORX:
    default:
        decode_disk(d, volume);
        break;
    }
}

/* the entry for the source that stands there, if a filter looks at it */
static bool decode_volume(struct pf_decode *d, struct pf_pod_volume *ret_volume)
{
    struct pf_sv name = {0};
    bool found = false;
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, source_keys, PF_ARRAY_LEN(source_keys), &seen, &field)) {
        if (field == NAME_KEY) {
            pf_decode_string(d, &name);
        } else if (!found && pf_decode_is_set(d)) {
            /* a second source is refused by the API server */
            *ret_volume = (struct pf_pod_volume){.kind = (enum pf_pod_volume_kind)field};
            decode_source(d, ret_volume);
            found = true;
        }
    }
    if (found && ret_volume->kind == PF_POD_VOLUME_EPHEMERAL) {
        ret_volume->name = name;
    }
    return found;
}

void pf_pod_volumes_decode(struct pf_decode *d, struct pf_pod *pod)
{
    size_t cap = 0;
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_pod_volume volume = {0};
        if (!decode_volume(d, &volume)) {
            continue;
        }
        struct pf_pod_volume *grown =
            pf_decode_grow(d, pod->volumes, pod->volume_count, &cap, sizeof(*pod->volumes));
        if (grown == NULL) {
            return;
        }
        pod->volumes = grown;
        pod->volumes[pod->volume_count++] = volume;
        pod->needs |= PF_NEEDS_VOLUMES;
    }
}

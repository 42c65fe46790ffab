#include "in_tree.h"
#include "pod_parts.h"

unsigned pf_claim_access_modes(struct pf_decode *d)
{
    static const struct pf_sv words[] = {
        PF_SV_INIT("ReadWriteOnce"),
        PF_SV_INIT("ReadOnlyMany"),
        PF_SV_INIT("ReadWriteMany"),
        PF_SV_INIT("ReadWriteOncePod"),
    };
    unsigned modes = 0;
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_sv word = {0};
        pf_decode_string(d, &word);
        modes |= 1U << pf_cursor_match(word, words, PF_ARRAY_LEN(words));
    }
    return modes;
}

bool pf_claim_is_block(struct pf_decode *d)
{
    struct pf_sv mode = {0};
    pf_decode_string(d, &mode);
    return pf_sv_eq_cstr(mode, "Block");
}

static void decode_requests(struct pf_decode *d, struct pf_claim *claim)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("requests")};
    struct pf_resource_list requests = {0};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_fields_resources(d, &requests);
    }
    const struct pf_resource *storage = pf_resource_list_find(&requests, PF_SV("storage"));
    if (storage != NULL) {
        claim->request = storage->amount;
        claim->has_request = true;
        pf_quantity_round_up_milli(&claim->request);
    }
}

static void decode_spec(struct pf_decode *d, struct pf_claim *claim)
{
    enum { MODES, RESOURCES, CLASS, VOLUME, MODE, SELECTOR, ATTRIBUTES };
    static const struct pf_sv keys[] = {
        [MODES] = PF_SV_INIT("accessModes"),
        [RESOURCES] = PF_SV_INIT("resources"),
        [CLASS] = PF_SV_INIT("storageClassName"),
        [VOLUME] = PF_SV_INIT("volumeName"),
        [MODE] = PF_SV_INIT("volumeMode"),
        [SELECTOR] = PF_SV_INIT("selector"),
        [ATTRIBUTES] = PF_SV_INIT("volumeAttributesClassName"),
    };
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case MODES:
            claim->access_modes = pf_claim_access_modes(d);
            break;
        case RESOURCES:
            decode_requests(d, claim);
            break;
        case CLASS:
            pf_decode_string(d, &claim->class_name);
            break;
        case VOLUME:
            pf_decode_string(d, &claim->volume_name);
            break;
        case MODE:
            claim->block = pf_claim_is_block(d);
            break;
        case SELECTOR:
            claim->selector_invalid = !pf_pod_terms_selector(d, &claim->selector);
            break;
        default:
            pf_decode_string(d, &claim->attributes_class);
            break;
        }
    }
}

static void apply_meta(const struct pf_meta *meta, struct pf_claim *claim)
{
    const struct pf_labels *annotations = &meta->annotations;
    const struct pf_label *class_name =
        pf_labels_find(annotations, PF_SV("volume.beta.kubernetes.io/storage-class"));
    const struct pf_label *node =
        pf_labels_find(annotations, PF_SV("volume.kubernetes.io/selected-node"));
    claim->namespace_ = meta->namespace_;
    claim->name = meta->name;
    claim->uid = meta->uid;
    claim->owner_uid = meta->owner_uid;
    claim->deleting = meta->deleting;
    claim->bind_completed =
        pf_labels_find(annotations, PF_SV("pv.kubernetes.io/bind-completed")) != NULL;
    if (class_name != NULL) {
        claim->class_name = class_name->value;
    }
    if (node != NULL) {
        claim->has_selected_node = true;
        claim->selected_node = node->value;
    }
}

static void decode_status(struct pf_decode *d, struct pf_claim *claim)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("phase")};
    struct pf_sv phase = {0};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_decode_string(d, &phase);
    }
    claim->lost = pf_sv_eq_cstr(phase, "Lost");
}

enum pf_code pf_claim_decode(struct pf_sv bytes, struct pf_arena *arena, struct pf_claim *ret_claim,
                             struct pf_err *err)
{
    enum { METADATA, SPEC, STATUS };
    static const struct pf_sv keys[] = {
        [METADATA] = PF_SV_INIT("metadata"),
        [SPEC] = PF_SV_INIT("spec"),
        [STATUS] = PF_SV_INIT("status"),
    };
    struct pf_decode d;
    struct pf_meta meta = {0};
    struct pf_claim claim = {.request = pf_quantity_zero};
    uint64_t seen = 0;
    size_t field = 0;
    pf_decode_init(&d, bytes, arena);
    pf_decode_enter_root(&d);
    while (pf_decode_next_field(&d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case METADATA:
            pf_fields_meta(&d, &meta);
            break;
        case SPEC:
            decode_spec(&d, &claim);
            break;
        default:
            decode_status(&d, &claim);
            break;
        }
    }
    const enum pf_code code = pf_decode_finish_whole(&d, err);
    if (code == PF_OK) {
        apply_meta(&meta, &claim);
        *ret_claim = claim;
    }
    return code;
}

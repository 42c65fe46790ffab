#include "in_tree.h"
#include "pod_parts.h"
#include "table.h"

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

struct part {
    struct pf_meta meta;
    struct pf_resource_list requests;
    struct pf_sv phase;
    struct pf_claim claim;
};

static void read_modes(struct pf_decode *d, void *at)
{
    struct pf_claim *claim = at;
    claim->access_modes = pf_claim_access_modes(d);
}

static void read_volume_mode(struct pf_decode *d, void *at)
{
    struct pf_claim *claim = at;
    claim->block = pf_claim_is_block(d);
}

static void read_selector(struct pf_decode *d, void *at)
{
    struct pf_claim *claim = at;
    claim->selector_invalid = !pf_pod_terms_selector(d, &claim->selector);
}

static const struct pf_table_row resource_rows[] = {
    PF_TABLE_VALUE("requests", pf_table_resources, struct part, requests),
};

static const struct pf_table_row spec_rows[] = {
    PF_TABLE_VALUE("accessModes", read_modes, struct part, claim),
    PF_TABLE_OBJECT("resources", resource_rows),
    PF_TABLE_VALUE("storageClassName", pf_table_string, struct part, claim.class_name),
    PF_TABLE_VALUE("volumeName", pf_table_string, struct part, claim.volume_name),
    PF_TABLE_VALUE("volumeMode", read_volume_mode, struct part, claim),
    PF_TABLE_VALUE("selector", read_selector, struct part, claim),
    PF_TABLE_VALUE("volumeAttributesClassName", pf_table_string, struct part,
                   claim.attributes_class),
};

static const struct pf_table_row status_rows[] = {
    PF_TABLE_VALUE("phase", pf_table_string, struct part, phase),
};

static const struct pf_table_row rows[] = {
    PF_TABLE_VALUE("metadata", pf_table_meta, struct part, meta),
    PF_TABLE_OBJECT("spec", spec_rows),
    PF_TABLE_OBJECT("status", status_rows),
};

static void apply_request(const struct pf_resource_list *requests, struct pf_claim *claim)
{
    const struct pf_resource *storage = pf_resource_list_find(requests, PF_SV("storage"));
    if (storage != NULL) {
        claim->request = storage->amount;
        claim->has_request = true;
        pf_quantity_round_up_milli(&claim->request);
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

enum pf_code pf_claim_decode(struct pf_sv bytes, struct pf_arena *arena, struct pf_claim *ret_claim,
                             struct pf_err *err)
{
    static const struct pf_table_row object = PF_TABLE_OBJECT("", rows);
    struct part part = {.claim = {.request = pf_quantity_zero}};
    const enum pf_code code = pf_table_decode(bytes, arena, &object, &part, err);
    if (code == PF_OK) {
        apply_request(&part.requests, &part.claim);
        apply_meta(&part.meta, &part.claim);
        part.claim.lost = pf_sv_eq_cstr(part.phase, "Lost");
        *ret_claim = part.claim;
    }
    return code;
}

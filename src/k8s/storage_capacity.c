#include "pod_parts.h"
#include <podfit/storage.h>

enum pf_code pf_storage_capacity_decode(struct pf_sv bytes, struct pf_arena *arena,
                                        struct pf_storage_capacity *ret_capacity,
                                        struct pf_err *err)
{
    enum { METADATA, CLASS, TOPOLOGY, CAPACITY, MAXIMUM };
    static const struct pf_sv keys[] = {
        [METADATA] = PF_SV_INIT("metadata"),         [CLASS] = PF_SV_INIT("storageClassName"),
        [TOPOLOGY] = PF_SV_INIT("nodeTopology"),     [CAPACITY] = PF_SV_INIT("capacity"),
        [MAXIMUM] = PF_SV_INIT("maximumVolumeSize"),
    };
    struct pf_quantity room = pf_quantity_zero;
    struct pf_quantity maximum = pf_quantity_zero;
    bool has_maximum = false;
    struct pf_decode d;
    struct pf_meta meta = {0};
    struct pf_storage_capacity capacity = {0};
    uint64_t seen = 0;
    size_t field = 0;
    pf_decode_init(&d, bytes, arena);
    pf_decode_enter_root(&d);
    while (pf_decode_next_field(&d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case METADATA:
            pf_fields_meta(&d, &meta);
            break;
        case CLASS:
            pf_decode_string(&d, &capacity.class_name);
            break;
        case TOPOLOGY:
            capacity.topology_invalid = !pf_pod_terms_selector(&d, &capacity.topology);
            break;
        case CAPACITY:
            capacity.has_limit = pf_decode_is_set(&d);
            pf_fields_quantity(&d, &room);
            break;
        default:
            has_maximum = pf_decode_is_set(&d);
            pf_fields_quantity(&d, &maximum);
            break;
        }
    }
    const enum pf_code code = pf_decode_finish_whole(&d, err);
    if (code == PF_OK) {
        capacity.namespace_ = meta.namespace_;
        capacity.name = meta.name;
        capacity.limit = has_maximum ? maximum : room;
        capacity.has_limit = capacity.has_limit || has_maximum;
        *ret_capacity = capacity;
    }
    return code;
}

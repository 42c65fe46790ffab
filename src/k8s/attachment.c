#include "fields.h"
#include <podfit/storage.h>

static void decode_source(struct pf_decode *d, struct pf_attachment *attachment)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("persistentVolumeName")};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_decode_string(d, &attachment->volume_name);
    }
}

static void decode_spec(struct pf_decode *d, struct pf_attachment *attachment)
{
    enum { ATTACHER, NODE, SOURCE };
    static const struct pf_sv keys[] = {
        [ATTACHER] = PF_SV_INIT("attacher"),
        [NODE] = PF_SV_INIT("nodeName"),
        [SOURCE] = PF_SV_INIT("source"),
    };
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case ATTACHER:
            pf_decode_string(d, &attachment->attacher);
            break;
        case NODE:
            pf_decode_string(d, &attachment->node_name);
            break;
        default:
            decode_source(d, attachment);
            break;
        }
    }
}

enum pf_code pf_attachment_decode(struct pf_sv bytes, struct pf_arena *arena,
                                  struct pf_attachment *ret_attachment, struct pf_err *err)
{
    enum { METADATA, SPEC };
    static const struct pf_sv keys[] = {
        [METADATA] = PF_SV_INIT("metadata"),
        [SPEC] = PF_SV_INIT("spec"),
    };
    struct pf_decode d;
    struct pf_meta meta = {0};
    struct pf_attachment attachment = {0};
    uint64_t seen = 0;
    size_t field = 0;
    pf_decode_init(&d, bytes, arena);
    pf_decode_enter_root(&d);
    while (pf_decode_next_field(&d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == METADATA) {
            pf_fields_meta(&d, &meta);
        } else {
            decode_spec(&d, &attachment);
        }
    }
    const enum pf_code code = pf_decode_finish_whole(&d, err);
    if (code == PF_OK) {
        attachment.name = meta.name;
        *ret_attachment = attachment;
    }
    return code;
}

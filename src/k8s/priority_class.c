#include "fields.h"
#include <podfit/preemption.h>

enum pf_code pf_priority_class_decode(struct pf_sv bytes, struct pf_arena *arena,
                                      struct pf_priority_class *ret_class, struct pf_err *err)
{
    enum { METADATA, VALUE, GLOBAL_DEFAULT, POLICY };
    static const struct pf_sv keys[] = {
        [METADATA] = PF_SV_INIT("metadata"),
        [VALUE] = PF_SV_INIT("value"),
        [GLOBAL_DEFAULT] = PF_SV_INIT("globalDefault"),
        [POLICY] = PF_SV_INIT("preemptionPolicy"),
    };
    struct pf_decode d;
    struct pf_meta meta = {0};
    struct pf_sv policy = {0};
    struct pf_priority_class priority_class = {0};
    uint64_t seen = 0;
    size_t field = 0;
    pf_decode_init(&d, bytes, arena);
    pf_decode_enter_root(&d);
    while (pf_decode_next_field(&d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case METADATA:
            pf_fields_meta(&d, &meta);
            break;
        case VALUE:
            pf_decode_i32(&d, &priority_class.value);
            break;
        case GLOBAL_DEFAULT:
            pf_decode_bool(&d, &priority_class.global_default);
            break;
        default:
            pf_decode_string(&d, &policy);
            break;
        }
    }
    const enum pf_code code = pf_decode_finish_whole(&d, err);
    if (code == PF_OK) {
        priority_class.name = meta.name;
        priority_class.never = pf_sv_eq(policy, PF_SV("Never"));
        *ret_class = priority_class;
    }
    return code;
}

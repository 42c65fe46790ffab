#include "pod_parts.h"
#include <podfit/preemption.h>

static void decode_spec(struct pf_decode *d, struct pf_budget *budget)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("selector")};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        budget->invalid = !pf_pod_terms_selector(d, &budget->selector);
    }
}

/* A map from the name of a pod to the time at which its eviction began. */
static void decode_disrupted(struct pf_decode *d, struct pf_budget *budget)
{
    size_t cap = 0;
    struct pf_sv name = {0};
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_key(d, &name)) {
        struct pf_sv *grown = pf_decode_grow(d, budget->disrupted, budget->disrupted_count, &cap,
                                             sizeof(*budget->disrupted));
        if (grown == NULL) {
            return;
        }
        budget->disrupted = grown;
        budget->disrupted[budget->disrupted_count++] = name;
    }
}

static void decode_status(struct pf_decode *d, struct pf_budget *budget)
{
    enum { ALLOWED, DISRUPTED };
    static const struct pf_sv keys[] = {
        [ALLOWED] = PF_SV_INIT("disruptionsAllowed"),
        [DISRUPTED] = PF_SV_INIT("disruptedPods"),
    };
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == ALLOWED) {
            pf_decode_i32(d, &budget->allowed);
        } else {
            decode_disrupted(d, budget);
        }
    }
}

enum pf_code pf_budget_decode(struct pf_sv bytes, struct pf_arena *arena,
                              struct pf_budget *ret_budget, struct pf_err *err)
{
    enum { METADATA, SPEC, STATUS };
    static const struct pf_sv keys[] = {
        [METADATA] = PF_SV_INIT("metadata"),
        [SPEC] = PF_SV_INIT("spec"),
        [STATUS] = PF_SV_INIT("status"),
    };
    struct pf_decode d;
    struct pf_meta meta = {0};
    struct pf_budget budget = {0};
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
            decode_spec(&d, &budget);
            break;
        default:
            decode_status(&d, &budget);
            break;
        }
    }
    const enum pf_code code = pf_decode_finish_whole(&d, err);
    if (code == PF_OK) {
        budget.namespace_ = meta.namespace_;
        budget.name = meta.name;
        *ret_budget = budget;
    }
    return code;
}

#include "pod_parts.h"
#include <podfit/workload.h>

/* labels.Set.AsSelector: nothing is validated */
static void selector_of_map(struct pf_decode *d, struct pf_label_selector *selector)
{
    struct pf_labels labels = {0};
    selector->present = pf_fields_labels(d, &labels);
    struct pf_requirement *requirements =
        pf_arena_calloc(d->arena, labels.count, sizeof(*requirements));
    if (requirements == NULL) {
        (void)pf_cursor_fail(&d->cursor, PF_E_NO_MEMORY, "no memory for a selector");
        return;
    }
    for (size_t i = 0; i < labels.count; i++) {
        requirements[i] = (struct pf_requirement){.key = labels.items[i].key,
                                                  .values = &labels.items[i].value,
                                                  .value_count = 1,
                                                  .operator_ = PF_SELECTOR_IN,
                                                  .valid = true};
    }
    selector->requirements = requirements;
    selector->requirement_count = labels.count;
}

static void decode_spec(struct pf_decode *d, bool by_map, struct pf_workload *workload)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("selector")};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (by_map) {
            selector_of_map(d, &workload->selector);
        } else {
            workload->invalid = !pf_pod_terms_selector(d, &workload->selector);
        }
    }
}

enum pf_code pf_workload_decode(struct pf_sv bytes, bool by_map, struct pf_arena *arena,
                                struct pf_workload *ret_workload, struct pf_err *err)
{
    enum { METADATA, SPEC };
    static const struct pf_sv keys[] = {
        [METADATA] = PF_SV_INIT("metadata"),
        [SPEC] = PF_SV_INIT("spec"),
    };
    struct pf_decode d;
    struct pf_meta meta = {0};
    struct pf_workload workload = {0};
    uint64_t seen = 0;
    size_t field = 0;
    pf_decode_init(&d, bytes, arena);
    pf_decode_enter_root(&d);
    while (pf_decode_next_field(&d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == METADATA) {
            pf_fields_meta(&d, &meta);
        } else {
            decode_spec(&d, by_map, &workload);
        }
    }
    const enum pf_code code = pf_decode_finish_whole(&d, err);
    if (code == PF_OK) {
        workload.namespace_ = meta.namespace_;
        workload.name = meta.name;
        *ret_workload = workload;
    }
    return code;
}

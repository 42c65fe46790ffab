#include "pod_parts.h"
#include <podfit/storage.h>

/* TopologySelectorLabelRequirements have no operator: they mean In */
static void decode_expressions(struct pf_decode *d, struct pf_node_selector_term *term)
{
    pf_pod_terms_requirements(d, /* node= */ false, &term->expressions, &term->expression_count);
    for (size_t i = 0; i < term->expression_count; i++) {
        term->expressions[i].operator_ = PF_SELECTOR_IN;
        pf_requirement_validate(&term->expressions[i], /* node= */ false);
    }
}

static void decode_topologies(struct pf_decode *d, struct pf_node_selector *selector)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("matchLabelExpressions")};
    size_t cap = 0;
    selector->present = pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_node_selector_term *grown = pf_decode_grow(
            d, selector->terms, selector->term_count, &cap, sizeof(*selector->terms));
        if (grown == NULL) {
            return;
        }
        selector->terms = grown;
        struct pf_node_selector_term *term = &selector->terms[selector->term_count++];
        *term = (struct pf_node_selector_term){0};
        uint64_t seen = 0;
        size_t field = 0;
        (void)pf_decode_enter_object(d);
        while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
            decode_expressions(d, term);
        }
    }
}

enum pf_code pf_storage_class_decode(struct pf_sv bytes, struct pf_arena *arena,
                                     struct pf_storage_class *ret_class, struct pf_err *err)
{
    enum { METADATA, PROVISIONER, MODE, TOPOLOGIES };
    static const struct pf_sv keys[] = {
        [METADATA] = PF_SV_INIT("metadata"),
        [PROVISIONER] = PF_SV_INIT("provisioner"),
        [MODE] = PF_SV_INIT("volumeBindingMode"),
        [TOPOLOGIES] = PF_SV_INIT("allowedTopologies"),
    };
    struct pf_sv mode = {0};
    struct pf_decode d;
    struct pf_meta meta = {0};
    struct pf_storage_class storage_class = {0};
    uint64_t seen = 0;
    size_t field = 0;
    pf_decode_init(&d, bytes, arena);
    pf_decode_enter_root(&d);
    while (pf_decode_next_field(&d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case METADATA:
            pf_fields_meta(&d, &meta);
            break;
        case PROVISIONER:
            pf_decode_string(&d, &storage_class.provisioner);
            break;
        case MODE:
            pf_decode_string(&d, &mode);
            break;
        default:
            decode_topologies(&d, &storage_class.topologies);
            break;
        }
    }
    const enum pf_code code = pf_decode_finish_whole(&d, err);
    if (code == PF_OK) {
        storage_class.name = meta.name;
        storage_class.wait_for_first_consumer = pf_sv_eq_cstr(mode, "WaitForFirstConsumer");
        *ret_class = storage_class;
    }
    return code;
}

#include "pod_parts.h"
#include "table.h"
#include <podfit/storage.h>

struct part {
    struct pf_meta meta;
    struct pf_sv mode;
    struct pf_storage_class storage_class;
};

/* TopologySelectorLabelRequirements have no operator: they mean In */
static void read_expressions(struct pf_decode *d, void *at)
{
    struct pf_node_selector_term *term = at;
    pf_pod_terms_requirements(d, /* node= */ false, &term->expressions, &term->expression_count);
    for (size_t i = 0; i < term->expression_count; i++) {
        term->expressions[i].operator_ = PF_SELECTOR_IN;
        pf_requirement_validate(&term->expressions[i], /* node= */ false);
    }
}

static void read_topologies(struct pf_decode *d, void *at)
{
    static const struct pf_table_row term_rows[] = {
        PF_TABLE_PART("matchLabelExpressions", read_expressions),
    };
    struct pf_node_selector *selector = at;
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
        (void)pf_table_read(d, term_rows, PF_ARRAY_LEN(term_rows), term);
    }
}

static const struct pf_table_row rows[] = {
    PF_TABLE_VALUE("metadata", pf_table_meta, struct part, meta),
    PF_TABLE_VALUE("provisioner", pf_table_string, struct part, storage_class.provisioner),
    PF_TABLE_VALUE("volumeBindingMode", pf_table_string, struct part, mode),
    PF_TABLE_VALUE("allowedTopologies", read_topologies, struct part, storage_class.topologies),
};

enum pf_code pf_storage_class_decode(struct pf_sv bytes, struct pf_arena *arena,
                                     struct pf_storage_class *ret_class, struct pf_err *err)
{
    static const struct pf_table_row object = PF_TABLE_OBJECT("", rows);
    struct part part = {.meta = {.deleting = false}};
    const enum pf_code code = pf_table_decode(bytes, arena, &object, &part, err);
    if (code == PF_OK) {
        part.storage_class.name = part.meta.name;
        part.storage_class.wait_for_first_consumer =
            pf_sv_eq_cstr(part.mode, "WaitForFirstConsumer");
        *ret_class = part.storage_class;
    }
    return code;
}

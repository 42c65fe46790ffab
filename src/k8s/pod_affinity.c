#include "pod_parts.h"

static void decode_node_term(struct pf_decode *d, struct pf_node_selector_term *term)
{
    enum { EXPRESSIONS, FIELDS };
    static const struct pf_sv keys[] = {
        [EXPRESSIONS] = PF_SV_INIT("matchExpressions"),
        [FIELDS] = PF_SV_INIT("matchFields"),
    };
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == EXPRESSIONS) {
            pf_pod_terms_requirements(d, /* node= */ true, &term->expressions,
                                      &term->expression_count);
        } else {
            pf_pod_terms_fields(d, &term->fields, &term->field_count);
        }
    }
}

static void decode_node_terms(struct pf_decode *d, struct pf_node_selector *selector)
{
    size_t cap = 0;
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_node_selector_term *grown = pf_decode_grow(
            d, selector->terms, selector->term_count, &cap, sizeof(*selector->terms));
        if (grown == NULL) {
            return;
        }
        selector->terms = grown;
        struct pf_node_selector_term *term = &selector->terms[selector->term_count++];
        *term = (struct pf_node_selector_term){0};
        decode_node_term(d, term);
    }
}

void pf_pod_affinity_selector(struct pf_decode *d, struct pf_node_selector *ret_selector)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("nodeSelectorTerms")};
    struct pf_node_selector selector = {.present = pf_decode_enter_object(d)};
    uint64_t seen = 0;
    size_t field = 0;
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        decode_node_terms(d, &selector);
    }
    *ret_selector = selector;
}

static void decode_preferred_node(struct pf_decode *d, struct pf_preferred_node_term *preferred)
{
    enum { WEIGHT, PREFERENCE };
    static const struct pf_sv keys[] = {
        [WEIGHT] = PF_SV_INIT("weight"),
        [PREFERENCE] = PF_SV_INIT("preference"),
    };
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == WEIGHT) {
            pf_decode_i32(d, &preferred->weight);
        } else {
            decode_node_term(d, &preferred->term);
        }
    }
}

static void decode_preferred_nodes(struct pf_decode *d, struct pf_pod *pod)
{
    size_t cap = 0;
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_preferred_node_term *grown =
            pf_decode_grow(d, pod->preferred_nodes, pod->preferred_node_count, &cap,
                           sizeof(*pod->preferred_nodes));
        if (grown == NULL) {
            return;
        }
        pod->preferred_nodes = grown;
        struct pf_preferred_node_term *preferred =
            &pod->preferred_nodes[pod->preferred_node_count++];
        *preferred = (struct pf_preferred_node_term){.weight = 0};
        decode_preferred_node(d, preferred);
    }
}

static const struct pf_sv affinity_keys[] = {
    PF_SV_INIT("requiredDuringSchedulingIgnoredDuringExecution"),
    PF_SV_INIT("preferredDuringSchedulingIgnoredDuringExecution"),
};

static void decode_node_affinity(struct pf_decode *d, struct pf_pod *pod)
{
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, affinity_keys, PF_ARRAY_LEN(affinity_keys), &seen, &field)) {
        if (field == 0) {
            pf_pod_affinity_selector(d, &pod->node_affinity);
        } else {
            decode_preferred_nodes(d, pod);
        }
    }
}

static bool names_other_namespaces(const struct pf_pod_terms *terms)
{
    for (size_t i = 0; i < terms->count; i++) {
        if (terms->items[i].namespace_count != 0 || terms->items[i].namespace_selector.present) {
            return true;
        }
    }
    return false;
}

static void decode_pod_terms(struct pf_decode *d, bool anti, struct pf_pod *pod)
{
    enum { REQUIRED, PREFERRED };
    static const struct pf_sv keys[] = {
        [REQUIRED] = PF_SV_INIT("requiredDuringSchedulingIgnoredDuringExecution"),
        [PREFERRED] = PF_SV_INIT("preferredDuringSchedulingIgnoredDuringExecution"),
    };
    struct pf_pod_terms *required = &pod->terms[anti ? PF_TERMS_ANTI_AFFINITY : PF_TERMS_AFFINITY];
    struct pf_pod_terms *preferred =
        &pod->terms[anti ? PF_TERMS_PREFERRED_ANTI_AFFINITY : PF_TERMS_PREFERRED_AFFINITY];
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_pod_terms_decode(d, /* weighted= */ field == PREFERRED,
                            field == PREFERRED ? preferred : required);
    }
    if (required->count != 0) {
        pod->needs |= PF_NEEDS_POD_AFFINITY;
    }
    if (anti) {
        pod->anti_affinity = required->count != 0;
        pod->anti_affinity_other_namespaces = names_other_namespaces(required);
    }
}

void pf_pod_affinity_decode(struct pf_decode *d, struct pf_pod *pod)
{
    enum { NODE, POD, ANTI };
    static const struct pf_sv keys[] = {
        [NODE] = PF_SV_INIT("nodeAffinity"),
        [POD] = PF_SV_INIT("podAffinity"),
        [ANTI] = PF_SV_INIT("podAntiAffinity"),
    };
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == NODE) {
            decode_node_affinity(d, pod);
        } else {
            decode_pod_terms(d, /* anti= */ field == ANTI, pod);
        }
    }
}

#include "pod_parts.h"

static enum pf_selector_operator operator_of(struct pf_sv text)
{
    static const struct pf_sv names[] = {
        [PF_SELECTOR_IN] = PF_SV_INIT("In"),
        [PF_SELECTOR_NOT_IN] = PF_SV_INIT("NotIn"),
        [PF_SELECTOR_EXISTS] = PF_SV_INIT("Exists"),
        [PF_SELECTOR_DOES_NOT_EXIST] = PF_SV_INIT("DoesNotExist"),
        [PF_SELECTOR_GT] = PF_SV_INIT("Gt"),
        [PF_SELECTOR_LT] = PF_SV_INIT("Lt"),
    };
    return (enum pf_selector_operator)pf_cursor_match(text, names, PF_ARRAY_LEN(names));
}

static void decode_requirement(struct pf_decode *d, struct pf_requirement *requirement)
{
    enum { KEY, OPERATOR, VALUES };
    static const struct pf_sv keys[] = {
        [KEY] = PF_SV_INIT("key"),
        [OPERATOR] = PF_SV_INIT("operator"),
        [VALUES] = PF_SV_INIT("values"),
    };
    struct pf_sv name = {0};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case KEY:
            pf_decode_string(d, &requirement->key);
            break;
        case OPERATOR:
            pf_decode_string(d, &name);
            break;
        default:
            (void)pf_decode_strings(d, &requirement->values, &requirement->value_count);
            break;
        }
    }
    requirement->operator_ = operator_of(name);
}

/* only metadata.name In or NotIn with one value (nodeaffinity.go nodeSelectorRequirementsAsFieldSelector, scheduler-fit 7.4) */
static void validate_field(struct pf_requirement *requirement)
{
    requirement->valid =
        pf_sv_eq(requirement->key, PF_SV("metadata.name")) && requirement->value_count == 1 &&
        (requirement->operator_ == PF_SELECTOR_IN || requirement->operator_ == PF_SELECTOR_NOT_IN);
}

static void decode_requirements(struct pf_decode *d, bool fields, struct pf_requirement **ret_items,
                                size_t *ret_count)
{
    struct pf_requirement *items = NULL;
    size_t count = 0;
    size_t cap = 0;
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_requirement *grown = pf_decode_grow(d, items, count, &cap, sizeof(*items));
        if (grown == NULL) {
            return;
        }
        items = grown;
        struct pf_requirement *requirement = &items[count++];
        *requirement = (struct pf_requirement){0};
        decode_requirement(d, requirement);
        if (fields) {
            validate_field(requirement);
        } else {
            pf_requirement_validate(requirement, /* node= */ true);
        }
    }
    *ret_items = items;
    *ret_count = count;
}

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
            decode_requirements(d, /* fields= */ false, &term->expressions,
                                &term->expression_count);
        } else {
            decode_requirements(d, /* fields= */ true, &term->fields, &term->field_count);
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

/* of the three affinities podfit reads this one key: preferred terms never filter */
static const struct pf_sv required_keys[] = {
    PF_SV_INIT("requiredDuringSchedulingIgnoredDuringExecution"),
};

static void decode_node_affinity(struct pf_decode *d, struct pf_node_selector *selector)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("nodeSelectorTerms")};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, required_keys, PF_ARRAY_LEN(required_keys), &seen, &field)) {
        uint64_t terms_seen = 0;
        selector->present = pf_decode_enter_object(d);
        while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &terms_seen, &field)) {
            decode_node_terms(d, selector);
        }
    }
}

/* @return whether the term names namespaces or has a namespaceSelector */
static bool decode_pod_term(struct pf_decode *d)
{
    enum { NAMESPACES, SELECTOR };
    static const struct pf_sv keys[] = {
        [NAMESPACES] = PF_SV_INIT("namespaces"),
        [SELECTOR] = PF_SV_INIT("namespaceSelector"),
    };
    bool other = false;
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == SELECTOR) {
            other = pf_decode_is_set(d) || other;
            continue;
        }
        (void)pf_decode_enter_array(d);
        while (pf_decode_next_item(d)) {
            other = true;
        }
    }
    return other;
}

static void decode_pod_terms(struct pf_decode *d, bool anti, struct pf_pod *pod)
{
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, required_keys, PF_ARRAY_LEN(required_keys), &seen, &field)) {
        (void)pf_decode_enter_array(d);
        while (pf_decode_next_item(d)) {
            const bool other = decode_pod_term(d);
            pod->needs |= PF_NEEDS_POD_AFFINITY;
            pod->anti_affinity = pod->anti_affinity || anti;
            pod->anti_affinity_other_namespaces =
                pod->anti_affinity_other_namespaces || (anti && other);
        }
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
            decode_node_affinity(d, &pod->node_affinity);
        } else {
            decode_pod_terms(d, /* anti= */ field == ANTI, pod);
        }
    }
}

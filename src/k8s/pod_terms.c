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

static void decode_list(struct pf_decode *d, struct pf_requirement **ret_items, size_t *ret_count,
                        void (*validate)(struct pf_requirement *requirement))
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
        validate(requirement);
    }
    *ret_items = items;
    *ret_count = count;
}

static void validate_node(struct pf_requirement *requirement)
{
    pf_requirement_validate(requirement, /* node= */ true);
}

static void validate_label(struct pf_requirement *requirement)
{
    pf_requirement_validate(requirement, /* node= */ false);
}

void pf_pod_terms_requirements(struct pf_decode *d, bool node, struct pf_requirement **ret_items,
                               size_t *ret_count)
{
    decode_list(d, ret_items, ret_count, node ? validate_node : validate_label);
}

void pf_pod_terms_fields(struct pf_decode *d, struct pf_requirement **ret_items, size_t *ret_count)
{
    decode_list(d, ret_items, ret_count, validate_field);
}

/* matchLabels and matchExpressions as one list of requirements */
static void join_requirements(struct pf_decode *d, const struct pf_labels *labels,
                              const struct pf_requirement *expressions, size_t expression_count,
                              struct pf_label_selector *selector)
{
    const size_t count = labels->count + expression_count;
    struct pf_requirement *all = pf_arena_calloc(d->arena, count, sizeof(*all));
    if (all == NULL) {
        (void)pf_cursor_fail(&d->cursor, PF_E_NO_MEMORY, "no memory for a selector");
        return;
    }
    for (size_t i = 0; i < labels->count; i++) {
        all[i] = (struct pf_requirement){.key = labels->items[i].key,
                                         .values = &labels->items[i].value,
                                         .value_count = 1,
                                         .operator_ = PF_SELECTOR_IN};
        validate_label(&all[i]);
    }
    if (expression_count != 0) {
        memcpy(all + labels->count, expressions, expression_count * sizeof(*all));
    }
    selector->requirements = all;
    selector->requirement_count = count;
}

bool pf_pod_terms_selector(struct pf_decode *d, struct pf_label_selector *ret_selector)
{
    enum { LABELS, EXPRESSIONS };
    static const struct pf_sv keys[] = {
        [LABELS] = PF_SV_INIT("matchLabels"),
        [EXPRESSIONS] = PF_SV_INIT("matchExpressions"),
    };
    struct pf_labels labels = {0};
    struct pf_requirement *expressions = NULL;
    size_t expression_count = 0;
    uint64_t seen = 0;
    size_t field = 0;
    struct pf_label_selector selector = {.present = pf_decode_enter_object(d)};
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == LABELS) {
            (void)pf_fields_labels(d, &labels);
        } else {
            pf_pod_terms_requirements(d, /* node= */ false, &expressions, &expression_count);
        }
    }
    if (labels.count + expression_count != 0) {
        join_requirements(d, &labels, expressions, expression_count, &selector);
    }
    bool valid = true;
    for (size_t i = 0; i < selector.requirement_count; i++) {
        valid = valid && selector.requirements[i].valid;
    }
    *ret_selector = selector;
    return valid;
}

/* @return false: a selector cannot be parsed */
static bool decode_term(struct pf_decode *d, struct pf_pod_term *term)
{
    enum { SELECTOR, SPACE_SELECTOR, SPACES, TOPOLOGY_KEY, MATCH, MISMATCH };
    static const struct pf_sv keys[] = {
        [SELECTOR] = PF_SV_INIT("labelSelector"),
        [SPACE_SELECTOR] = PF_SV_INIT("namespaceSelector"),
        [SPACES] = PF_SV_INIT("namespaces"),
        [TOPOLOGY_KEY] = PF_SV_INIT("topologyKey"),
        [MATCH] = PF_SV_INIT("matchLabelKeys"),
        [MISMATCH] = PF_SV_INIT("mismatchLabelKeys"),
    };
    bool valid = true;
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case SELECTOR:
            valid = pf_pod_terms_selector(d, &term->selector) && valid;
            break;
        case SPACE_SELECTOR:
            valid = pf_pod_terms_selector(d, &term->namespace_selector) && valid;
            break;
        case SPACES:
            (void)pf_decode_strings(d, &term->namespaces, &term->namespace_count);
            break;
        case TOPOLOGY_KEY:
            pf_decode_string(d, &term->topology_key);
            break;
        case MATCH:
            (void)pf_decode_strings(d, &term->match_label_keys, &term->match_label_key_count);
            break;
        default:
            (void)pf_decode_strings(d, &term->mismatch_label_keys, &term->mismatch_label_key_count);
            break;
        }
    }
    return valid;
}

static bool decode_weighted(struct pf_decode *d, struct pf_pod_term *term)
{
    enum { TERM, WEIGHT };
    static const struct pf_sv keys[] = {
        [TERM] = PF_SV_INIT("podAffinityTerm"),
        [WEIGHT] = PF_SV_INIT("weight"),
    };
    bool valid = true;
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == TERM) {
            valid = decode_term(d, term);
        } else {
            pf_decode_i32(d, &term->weight);
        }
    }
    return valid;
}

void pf_pod_terms_decode(struct pf_decode *d, bool weighted, struct pf_pod_terms *ret_terms)
{
    struct pf_pod_terms terms = {0};
    size_t cap = 0;
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_pod_term *grown =
            pf_decode_grow(d, terms.items, terms.count, &cap, sizeof(*terms.items));
        if (grown == NULL) {
            return;
        }
        terms.items = grown;
        struct pf_pod_term *term = &terms.items[terms.count++];
        *term = (struct pf_pod_term){0};
        const bool valid = weighted ? decode_weighted(d, term) : decode_term(d, term);
        terms.invalid = terms.invalid || !valid;
    }
    *ret_terms = terms;
}

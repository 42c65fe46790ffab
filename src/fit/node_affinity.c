#include <podfit/filter.h>

/*
 * Sources: pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go and
 * staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go (scheduler-fit 7.4).
 */

#define FIELD_NAME PF_SV("metadata.name")

/* pf_result.key: NodeAffinityArgs.addedAffinity excludes the node, not the pod's own affinity. */
#define ENFORCED 1U

static bool names_contain(const struct pf_sv *names, size_t count, struct pf_sv name)
{
    for (size_t i = 0; i < count; i++) {
        if (pf_sv_eq(names[i], name)) {
            return true;
        }
    }
    return false;
}

static bool is_name_in(const struct pf_requirement *field)
{
    return field->operator_ == PF_SELECTOR_IN && pf_sv_eq(field->key, FIELD_NAME);
}

/* Is the name in every `metadata.name In` of the term? */
static bool term_keeps(const struct pf_node_selector_term *term, struct pf_sv name)
{
    for (size_t i = 0; i < term->field_count; i++) {
        const struct pf_requirement *field = &term->fields[i];
        if (is_name_in(field) && !names_contain(field->values, field->value_count, name)) {
            return false;
        }
    }
    return true;
}

/* The first `metadata.name In` of the term, or NULL: such a term leaves every node in. */
static const struct pf_requirement *first_name_in(const struct pf_node_selector_term *term)
{
    for (size_t i = 0; i < term->field_count; i++) {
        if (is_name_in(&term->fields[i])) {
            return &term->fields[i];
        }
    }
    return NULL;
}

static int compare_names(const void *a, const void *b)
{
    return pf_sv_cmp(*(const struct pf_sv *)a, *(const struct pf_sv *)b);
}

static size_t sort_unique(struct pf_sv *names, size_t count)
{
    if (count == 0) {
        return 0;
    }
    qsort(names, count, sizeof(*names), compare_names);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++) {
        if (!pf_sv_eq(names[i], names[kept - 1])) {
            names[kept++] = names[i];
        }
    }
    return kept;
}

/* Union over terms of the intersection inside each term; *ret_names NULL: every node is left in. */
static enum pf_code collect_names(const struct pf_node_selector *selector, struct pf_arena *arena,
                                  struct pf_sv **ret_names, size_t *ret_count)
{
    size_t most = 0;
    for (size_t i = 0; i < selector->term_count; i++) {
        const struct pf_requirement *field = first_name_in(&selector->terms[i]);
        if (field == NULL) {
            return PF_OK;
        }
        most += field->value_count;
    }
    struct pf_sv *names = pf_arena_calloc(arena, most != 0 ? most : 1, sizeof(*names));
    if (names == NULL) {
        return PF_E_NO_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < selector->term_count; i++) {
        const struct pf_requirement *field = first_name_in(&selector->terms[i]);
        for (size_t k = 0; field != NULL && k < field->value_count; k++) {
            if (term_keeps(&selector->terms[i], field->values[k])) {
                names[count++] = field->values[k];
            }
        }
    }
    *ret_count = sort_unique(names, count);
    *ret_names = names;
    return PF_OK;
}

static bool has_fields(const struct pf_node_selector *selector)
{
    for (size_t i = 0; i < selector->term_count; i++) {
        if (selector->terms[i].field_count != 0) {
            return true;
        }
    }
    return false;
}

static enum pf_code prepare(struct pf_question *question, const struct pf_fit_options *options,
                            struct pf_arena *arena)
{
    const struct pf_node_selector *selector = &question->pod->node_affinity;
    question->by_name = question->by_name || has_fields(&options->added_affinity);
    if (!selector->present) {
        if (question->pod->node_selector.count == 0 && !options->added_affinity.present) {
            question->active &= ~(1U << PF_FILTER_NODE_AFFINITY);
        }
        return PF_OK;
    }
    if (!has_fields(selector)) {
        return PF_OK;
    }
    question->by_name = true;
    if ((options->points.unprepared & 1U << PF_FILTER_NODE_AFFINITY) != 0) {
        return PF_OK;
    }
    struct pf_sv *names = NULL;
    size_t count = 0;
    const enum pf_code code = collect_names(selector, arena, &names, &count);
    if (code != PF_OK || names == NULL) {
        return code;
    }
    if (count == 0) {
        question->rejection = "pod affinity terms conflict";
        question->rejected_by = PF_FILTER_NODE_AFFINITY;
        return PF_OK;
    }
    question->narrowed = true;
    question->names = names;
    question->name_count = count;
    return PF_OK;
}

static struct pf_sv node_name(const struct pf_filter_input *input,
                              const struct pf_filter_target *target)
{
    return pf_intern_text(input->strings, input->columns->name[target->slot]);
}

/* Value of a label of the node; the answer then depends on the node's name where the value is that name. @return false: no such label */
static bool find_label(const struct pf_filter_input *input, struct pf_filter_target *target,
                       struct pf_sv key, struct pf_sv *ret_value)
{
    const uint32_t id = pf_intern_find(input->strings, key);
    if (id == PF_INTERN_NONE) {
        return false;
    }
    const struct pf_shape *shape = target->shape;
    size_t low = 0;
    size_t high = shape->label_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (shape->labels[middle].key < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == shape->label_count || shape->labels[low].key != id) {
        return false;
    }
    if (shape->labels[low].value == PF_VALUE_NODE_NAME) {
        target->name_seen = true;
        *ret_value = node_name(input, target);
    } else {
        *ret_value = pf_intern_text(input->strings, shape->labels[low].value);
    }
    return true;
}

static bool match_field(const struct pf_requirement *field, struct pf_sv name)
{
    if (!pf_sv_eq(field->key, FIELD_NAME) || field->value_count != 1) {
        return false;
    }
    const bool equal = pf_sv_eq(field->values[0], name);
    return (field->operator_ == PF_SELECTOR_IN && equal) ||
           (field->operator_ == PF_SELECTOR_NOT_IN && !equal);
}

bool pf_node_affinity_term_matches(const struct pf_filter_input *input,
                                   struct pf_filter_target *target,
                                   const struct pf_node_selector_term *term)
{
    if (term->expression_count == 0 && term->field_count == 0) {
        return false;
    }
    for (size_t i = 0; i < term->expression_count; i++) {
        const struct pf_requirement *requirement = &term->expressions[i];
        if (!requirement->valid) {
            return false;
        }
        struct pf_sv value = {0};
        const bool found = find_label(input, target, requirement->key, &value);
        if (!pf_requirement_matches(requirement, found ? &value : NULL)) {
            return false;
        }
    }
    for (size_t i = 0; i < term->field_count; i++) {
        if (!match_field(&term->fields[i], node_name(input, target))) {
            return false;
        }
    }
    return true;
}

static bool match_selector(const struct pf_filter_input *input, struct pf_filter_target *target,
                           const struct pf_node_selector *selector)
{
    if (!selector->present) {
        return true;
    }
    for (size_t i = 0; i < selector->term_count; i++) {
        if (pf_node_affinity_term_matches(input, target, &selector->terms[i])) {
            return true;
        }
    }
    return false;
}

bool pf_node_affinity_matches(const struct pf_filter_input *input, struct pf_filter_target *target)
{
    const struct pf_pod *pod = input->question->pod;
    for (size_t i = 0; i < pod->node_selector.count; i++) {
        const struct pf_label *wanted = &pod->node_selector.items[i];
        struct pf_sv value = {0};
        if (!find_label(input, target, wanted->key, &value) || !pf_sv_eq(value, wanted->value)) {
            return false;
        }
    }
    return match_selector(input, target, &pod->node_affinity);
}

static bool check(const struct pf_filter_input *input, struct pf_filter_target *target,
                  struct pf_result *result)
{
    const bool added = match_selector(input, target, &input->options->added_affinity);
    if (added && pf_node_affinity_matches(input, target)) {
        return true;
    }
    result->code = PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE;
    result->key = added ? 0 : ENFORCED;
    return false;
}

static bool could(const struct pf_filter_input *input, struct pf_filter_target *target)
{
    return match_selector(input, target, &input->options->added_affinity) &&
           pf_node_affinity_matches(input, target);
}

static enum pf_code reasons(const struct pf_filter_input *input PF_UNUSED,
                            const struct pf_result *result, struct pf_arena *arena PF_UNUSED,
                            pf_filter_reason_fn *visit, void *opaque)
{
    if (result->key == ENFORCED) {
        return visit(opaque, PF_SV("node(s) didn't match scheduler-enforced node affinity"));
    }
    return visit(opaque, result->outside
                             ? PF_SV("node(s) didn't satisfy plugin(s) [NodeAffinity]")
                             : PF_SV("node(s) didn't match Pod's node affinity/selector"));
}

const struct pf_filter pf_node_affinity_filter = {
    .name = "NodeAffinity",
    .built = true,
    .by_shape = true,
    .prepare = prepare,
    .check = check,
    .could = could,
    .reasons = reasons,
};

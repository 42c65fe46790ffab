#include "volume_plan.h"

struct pf_sv pf_volume_node_name(const struct pf_filter_input *input,
                                 const struct pf_filter_target *target)
{
    return pf_intern_text(input->strings, input->columns->name[target->slot]);
}

bool pf_volume_node_label(const struct pf_filter_input *input,
                          const struct pf_filter_target *target, struct pf_sv key,
                          struct pf_sv *ret_value)
{
    const struct pf_shape *shape = target->shape;
    const uint32_t id = pf_intern_find(input->strings, key);
    size_t low = 0;
    size_t high = id != PF_INTERN_NONE ? shape->label_count : 0;
    const size_t end = high;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (shape->labels[middle].key < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == end || shape->labels[low].key != id) {
        return false;
    }
    const uint32_t value = shape->labels[low].value;
    *ret_value = value == PF_VALUE_NODE_NAME ? pf_volume_node_name(input, target)
                                             : pf_intern_text(input->strings, value);
    return true;
}

static bool match_requirements(const struct pf_filter_input *input,
                               const struct pf_filter_target *target,
                               const struct pf_requirement *requirements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct pf_sv value = {0};
        const bool found = pf_volume_node_label(input, target, requirements[i].key, &value);
        if (!pf_requirement_matches(&requirements[i], found ? &value : NULL)) {
            return false;
        }
    }
    return true;
}

/* CheckNodeAffinity makes up a node that has labels and no name. */
static bool match_fields(const struct pf_node_selector_term *term)
{
    for (size_t i = 0; i < term->field_count; i++) {
        const struct pf_requirement *field = &term->fields[i];
        const bool empty = field->valid && field->values[0].len == 0;
        if (!field->valid || (field->operator_ == PF_SELECTOR_IN) != empty) {
            return false;
        }
    }
    return true;
}

bool pf_volume_node_matches(const struct pf_filter_input *input,
                            const struct pf_filter_target *target,
                            const struct pf_node_selector *selector)
{
    for (size_t i = 0; i < selector->term_count; i++) {
        const struct pf_node_selector_term *term = &selector->terms[i];
        if ((term->expression_count != 0 || term->field_count != 0) && match_fields(term) &&
            match_requirements(input, target, term->expressions, term->expression_count)) {
            return true;
        }
    }
    return false;
}

bool pf_volume_node_selected(const struct pf_filter_input *input,
                             const struct pf_filter_target *target,
                             const struct pf_label_selector *selector)
{
    return selector->present &&
           match_requirements(input, target, selector->requirements, selector->requirement_count);
}

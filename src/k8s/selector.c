#include "labelname.h"
#include <podfit/pod.h>

/* strconv.ParseInt(text, 10, 64): as pf_sv_to_i64() with an optional plus */
static bool parse_int(struct pf_sv text, int64_t *ret_value)
{
    if (text.len > 1 && text.ptr[0] == '+' && text.ptr[1] != '-') {
        text.ptr++;
        text.len--;
    }
    return pf_sv_to_i64(text, ret_value);
}

/* number and kind of values that the operator takes */
static bool values_fit(struct pf_requirement *requirement, bool node)
{
    switch (requirement->operator_) {
    case PF_SELECTOR_IN:
    case PF_SELECTOR_NOT_IN:
        return requirement->value_count != 0;
    case PF_SELECTOR_EXISTS:
    case PF_SELECTOR_DOES_NOT_EXIST:
        return requirement->value_count == 0;
    case PF_SELECTOR_GT:
    case PF_SELECTOR_LT:
        return node && requirement->value_count == 1 &&
               parse_int(requirement->values[0], &requirement->integer);
    case PF_SELECTOR_UNKNOWN:
    default:
        return false;
    }
}

void pf_requirement_validate(struct pf_requirement *requirement, bool node)
{
    bool valid = pf_labelname_is_qualified(requirement->key, 0) && values_fit(requirement, node);
    for (size_t i = 0; valid && i < requirement->value_count; i++) {
        valid = pf_labelname_is_value(requirement->values[i]);
    }
    requirement->valid = valid;
}

static bool has_value(const struct pf_requirement *requirement, struct pf_sv value)
{
    for (size_t i = 0; i < requirement->value_count; i++) {
        if (pf_sv_eq(requirement->values[i], value)) {
            return true;
        }
    }
    return false;
}

bool pf_requirement_matches(const struct pf_requirement *requirement, const struct pf_sv *value)
{
    int64_t number = 0;
    if (!requirement->valid) {
        return false;
    }
    switch (requirement->operator_) {
    case PF_SELECTOR_IN:
        return value != NULL && has_value(requirement, *value);
    case PF_SELECTOR_NOT_IN:
        return value == NULL || !has_value(requirement, *value);
    case PF_SELECTOR_EXISTS:
        return value != NULL;
    case PF_SELECTOR_DOES_NOT_EXIST:
        return value == NULL;
    case PF_SELECTOR_GT:
        return value != NULL && parse_int(*value, &number) && number > requirement->integer;
    case PF_SELECTOR_LT:
        return value != NULL && parse_int(*value, &number) && number < requirement->integer;
    case PF_SELECTOR_UNKNOWN:
    default:
        return false;
    }
}

bool pf_label_selector_matches(const struct pf_label_selector *selector,
                               const struct pf_labels *labels)
{
    if (!selector->present) {
        return false;
    }
    for (size_t i = 0; i < selector->requirement_count; i++) {
        const struct pf_requirement *requirement = &selector->requirements[i];
        const struct pf_label *label = pf_labels_find(labels, requirement->key);
        if (!pf_requirement_matches(requirement, label != NULL ? &label->value : NULL)) {
            return false;
        }
    }
    return true;
}

#include <podfit/class.h>

const char *pf_action_name(enum pf_action action)
{
    static const char *const names[] = {
        [PF_ACTION_ALLOW] = "allow",
        [PF_ACTION_ANNOTATE] = "annotate",
        [PF_ACTION_GATE] = "gate",
        [PF_ACTION_REJECT] = "reject",
    };

    return names[action];
}

static bool lists_namespace(const struct pf_class *class_, struct pf_sv namespace_)
{
    for (size_t i = 0; i < class_->namespace_count; i++) {
        if (pf_sv_eq(class_->namespaces[i], namespace_)) {
            return true;
        }
    }
    return class_->namespace_count == 0;
}

static bool covers(const struct pf_class *class_, const struct pf_pod *pod, struct pf_sv namespace_,
                   pf_namespace_labels_fn namespace_labels, void *opaque)
{
    if (!lists_namespace(class_, namespace_)) {
        return false;
    }
    if (class_->pod_selector.present &&
        !pf_label_selector_matches(&class_->pod_selector, &pod->meta.labels)) {
        return false;
    }
    if (class_->namespace_selector.present) {
        const struct pf_labels *const labels =
            namespace_labels != NULL ? namespace_labels(opaque, namespace_) : NULL;

        return labels != NULL && pf_label_selector_matches(&class_->namespace_selector, labels);
    }
    return true;
}

const struct pf_class *pf_class_match(const struct pf_class *classes, size_t count,
                                      const struct pf_pod *pod, struct pf_sv namespace_,
                                      pf_namespace_labels_fn namespace_labels, void *opaque)
{
    for (size_t i = 0; i < count; i++) {
        if (covers(&classes[i], pod, namespace_, namespace_labels, opaque)) {
            return &classes[i];
        }
    }
    return NULL;
}

bool pf_class_is_member(const struct pf_class *class_, const struct pf_pod *pod)
{
    return class_->member_selector.present &&
           pf_label_selector_matches(&class_->member_selector, &pod->meta.labels);
}

/** Taints are named as labels are: a requirement with this key, or this value, must be a valid one. */
static bool is_key(struct pf_sv key)
{
    struct pf_requirement requirement = {.key = key, .operator_ = PF_SELECTOR_EXISTS};

    pf_requirement_validate(&requirement, /* node= */ false);
    return requirement.valid;
}

static bool is_value(struct pf_sv value)
{
    struct pf_requirement requirement = {
        .key = PF_SV("a"), .operator_ = PF_SELECTOR_IN, .values = &value, .value_count = 1};

    pf_requirement_validate(&requirement, /* node= */ false);
    return requirement.valid;
}

static bool is_effect(struct pf_sv effect)
{
    return pf_sv_eq(effect, PF_SV("NoSchedule")) || pf_sv_eq(effect, PF_SV("PreferNoSchedule")) ||
           pf_sv_eq(effect, PF_SV("NoExecute"));
}

enum pf_code pf_class_parse_taint(struct pf_sv text, struct pf_taint *ret_taint, struct pf_err *err)
{
    const int shown = text.len < 400 ? (int)text.len : 400;
    const size_t colon = pf_sv_find(text, PF_SV(":"));
    struct pf_taint taint = {0};
    size_t equals = SIZE_MAX;

    if (colon == SIZE_MAX) {
        return pf_err_set(err, PF_E_INVALID,
                          "taint '%.*s' has no effect, allowed: key=value:Effect or key:Effect",
                          shown, text.len != 0 ? text.ptr : "");
    }
    taint.effect = (struct pf_sv){.ptr = text.ptr + colon + 1, .len = text.len - colon - 1};
    taint.key = (struct pf_sv){.ptr = text.ptr, .len = colon};
    equals = pf_sv_find(taint.key, PF_SV("="));
    if (equals != SIZE_MAX) {
        taint.value = (struct pf_sv){.ptr = text.ptr + equals + 1, .len = colon - equals - 1};
        taint.key.len = equals;
    }
    if (!is_effect(taint.effect)) {
        return pf_err_set(
            err, PF_E_INVALID,
            "taint '%.*s' has the wrong effect, allowed: NoSchedule, PreferNoSchedule, NoExecute",
            shown, text.ptr);
    }
    if (!is_key(taint.key)) {
        return pf_err_set(err, PF_E_INVALID, "taint '%.*s' has no valid key, allowed: a label key",
                          shown, text.ptr);
    }
    if (!is_value(taint.value)) {
        return pf_err_set(err, PF_E_INVALID,
                          "taint '%.*s' has no valid value, allowed: a label value or nothing",
                          shown, text.ptr);
    }
    *ret_taint = taint;
    return PF_OK;
}

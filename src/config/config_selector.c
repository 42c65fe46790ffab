#include "config_internal.h"

static const struct {
    const char *name;
    enum pf_selector_operator operator_;
} operators[] = {
    {"In", PF_SELECTOR_IN},
    {"NotIn", PF_SELECTOR_NOT_IN},
    {"Exists", PF_SELECTOR_EXISTS},
    {"DoesNotExist", PF_SELECTOR_DOES_NOT_EXIST},
};

bool pf_config_is_label_key(struct pf_sv key)
{
    struct pf_requirement requirement = {.key = key, .operator_ = PF_SELECTOR_EXISTS};

    pf_requirement_validate(&requirement, /* node= */ false);
    return requirement.valid;
}

bool pf_config_is_label_value(struct pf_sv value)
{
    struct pf_requirement requirement = {
        .key = PF_SV("a"), .operator_ = PF_SELECTOR_IN, .values = &value, .value_count = 1};

    pf_requirement_validate(&requirement, /* node= */ false);
    return requirement.valid;
}

static enum pf_code no_memory(const struct pf_option_run *run)
{
    return pf_err_set(run->err, PF_E_NO_MEMORY, "out of memory while reading a selector");
}

/** A label key or value as it stands in a message: cut, and never NULL. */
static int shown(struct pf_sv text)
{
    return text.len < 80 ? (int)text.len : 80;
}

static enum pf_code decode_label(struct pf_option_run *run, const struct pf_yaml_member *label,
                                 const struct pf_problems_path *path,
                                 struct pf_requirement *ret_requirement)
{
    const struct pf_problems_path here = {.parent = path, .key = label->key};
    const struct pf_sv text = label->value->text;
    struct pf_sv *const value = pf_arena_calloc(run->arena, 1, sizeof(*value));
    struct pf_requirement requirement = {
        .operator_ = PF_SELECTOR_IN, .values = value, .value_count = 1};

    if (value == NULL || !pf_arena_dup_sv(run->arena, text, value) ||
        !pf_arena_dup_sv(run->arena, label->key, &requirement.key)) {
        return no_memory(run);
    }
    if (!pf_config_is_label_key(label->key)) {
        pf_problems_add(run->problems, label->key_mark, &here, "'%.*s' is not a label key",
                        shown(label->key), label->key.ptr);
    } else if (!pf_config_is_label_value(text)) {
        pf_problems_add(run->problems, label->value->mark, &here, "'%.*s' is not a label value",
                        shown(text), text.ptr);
    }
    requirement.valid = true;
    *ret_requirement = requirement;
    return PF_OK;
}

static bool find_operator(const struct pf_yaml_node *node, enum pf_selector_operator *ret_operator)
{
    for (size_t i = 0; node != NULL && i < PF_ARRAY_LEN(operators); i++) {
        if (node->type == PF_YAML_STRING && pf_sv_eq_cstr(node->text, operators[i].name)) {
            *ret_operator = operators[i].operator_;
            return true;
        }
    }
    return false;
}

static enum pf_code decode_values(struct pf_option_run *run, const struct pf_yaml_node *node,
                                  const struct pf_problems_path *path,
                                  struct pf_requirement *requirement)
{
    const struct pf_problems_path here = {.parent = path, .key = PF_SV("values")};

    if (node == NULL || node->type == PF_YAML_NULL) {
        return PF_OK;
    }
    if (node->type != PF_YAML_SEQ) {
        pf_problems_add(run->problems, node->mark, &here,
                        "found a value of type %s, allowed is a list of strings",
                        pf_yaml_type_name(node->type));
        return PF_OK;
    }
    requirement->values = pf_arena_calloc(run->arena, node->count + 1, sizeof(struct pf_sv));
    if (requirement->values == NULL) {
        return no_memory(run);
    }
    for (size_t i = 0; i < node->count; i++) {
        const struct pf_yaml_node *const item = node->value.items[i];
        const struct pf_problems_path place = {.parent = &here, .index = i};

        if (item->type != PF_YAML_STRING || !pf_config_is_label_value(item->text)) {
            pf_problems_add(run->problems, item->mark, &place,
                            "'%.*s' is not a label value (a string)", shown(item->text),
                            item->text.len != 0 ? item->text.ptr : "");
        } else if (!pf_arena_dup_sv(run->arena, item->text, &requirement->values[i])) {
            return no_memory(run);
        }
    }
    requirement->value_count = node->count;
    return PF_OK;
}

static void refuse_unknown(struct pf_option_run *run, const struct pf_yaml_node *node,
                           const struct pf_problems_path *path)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct pf_yaml_member *const member = &node->value.members[i];
        const struct pf_problems_path here = {.parent = path, .key = member->key};

        if (!pf_sv_eq_cstr(member->key, "key") && !pf_sv_eq_cstr(member->key, "operator") &&
            !pf_sv_eq_cstr(member->key, "values")) {
            pf_problems_add(run->problems, member->key_mark, &here,
                            "unknown key '%.*s', allowed are key, operator, values",
                            shown(member->key), member->key.ptr);
        }
    }
}

static enum pf_code decode_expression(struct pf_option_run *run, const struct pf_yaml_node *node,
                                      const struct pf_problems_path *path,
                                      struct pf_requirement *ret_requirement)
{
    const struct pf_yaml_node *const key = pf_yaml_get(node, "key");
    const size_t before = run->problems->total;
    struct pf_requirement requirement = {.operator_ = PF_SELECTOR_UNKNOWN};
    enum pf_code code = PF_OK;

    if (node->type != PF_YAML_MAP) {
        pf_problems_add(run->problems, node->mark, path,
                        "found a value of type %s, allowed is a map with key, operator, values",
                        pf_yaml_type_name(node->type));
        return PF_OK;
    }
    refuse_unknown(run, node, path);
    if (key == NULL || key->type != PF_YAML_STRING || !pf_config_is_label_key(key->text)) {
        pf_problems_add(run->problems, key != NULL ? key->mark : node->mark, path,
                        "key is missing or not a label key");
    } else if (!pf_arena_dup_sv(run->arena, key->text, &requirement.key)) {
        return no_memory(run);
    }
    if (!find_operator(pf_yaml_get(node, "operator"), &requirement.operator_)) {
        pf_problems_add(run->problems, node->mark, path,
                        "operator is missing or not one of In, NotIn, Exists, DoesNotExist");
    }
    code = decode_values(run, pf_yaml_get(node, "values"), path, &requirement);
    if (code != PF_OK || run->problems->total != before) {
        return code;
    }
    pf_requirement_validate(&requirement, /* node= */ false);
    if (!requirement.valid) {
        pf_problems_add(run->problems, node->mark, path,
                        "In and NotIn need values, Exists and DoesNotExist have none");
    }
    *ret_requirement = requirement;
    return PF_OK;
}

enum pf_code pf_config_selector_decode(struct pf_option_run *run, const struct pf_yaml_node *node,
                                       const struct pf_problems_path *path, void *field)
{
    const struct pf_yaml_node *const labels = pf_yaml_get(node, "matchLabels");
    const struct pf_yaml_node *const expressions = pf_yaml_get(node, "matchExpressions");
    const struct pf_problems_path labels_path = {.parent = path, .key = PF_SV("matchLabels")};
    const struct pf_problems_path expressions_path = {.parent = path,
                                                      .key = PF_SV("matchExpressions")};
    const size_t label_count = labels != NULL ? labels->count : 0;
    const size_t expression_count = expressions != NULL ? expressions->count : 0;
    struct pf_label_selector selector = {.present = true};
    enum pf_code code = PF_OK;

    selector.requirement_count = label_count + expression_count;
    selector.requirements =
        pf_arena_calloc(run->arena, selector.requirement_count + 1, sizeof(*selector.requirements));
    if (selector.requirements == NULL) {
        return no_memory(run);
    }
    for (size_t i = 0; code == PF_OK && i < label_count; i++) {
        code =
            decode_label(run, &labels->value.members[i], &labels_path, &selector.requirements[i]);
    }
    for (size_t i = 0; code == PF_OK && i < expression_count; i++) {
        const struct pf_problems_path here = {.parent = &expressions_path, .index = i};

        code = decode_expression(run, expressions->value.items[i], &here,
                                 &selector.requirements[label_count + i]);
    }
    if (code == PF_OK) {
        memcpy(field, &selector, sizeof(selector));
    }
    return code;
}

#include <stdlib.h>

#include "config_internal.h"
#include <podfit/map.h>

static int shown(struct pf_sv text)
{
    return text.len < 80 ? (int)text.len : 80;
}

static enum pf_code no_memory(const struct pf_option_run *run)
{
    return pf_err_set(run->err, PF_E_NO_MEMORY, "out of memory while reading the configuration");
}

enum pf_code pf_config_check_name(struct pf_option_run *run, const struct pf_yaml_node *node,
                                  const struct pf_problems_path *path, void *field)
{
    const struct pf_sv *const name = field;
    struct pf_config_context *const context = run->opaque;
    struct pf_map *const seen = &context->names;

    if (!pf_config_is_label_value(*name)) {
        pf_problems_add(run->problems, node->mark, path,
                        "'%.*s' is not allowed: letters, digits, '-', '_' and '.', begun and ended "
                        "by a letter or digit",
                        shown(*name), name->ptr);
    } else if (pf_map_get(seen, *name, NULL)) {
        pf_problems_add(run->problems, node->mark, path,
                        "another class has the name '%.*s', names must be unique", shown(*name),
                        name->ptr);
    } else if (!pf_map_put(seen, *name, 1)) {
        return no_memory(run);
    }
    return PF_OK;
}

enum pf_code pf_config_check_names(struct pf_option_run *run, const struct pf_yaml_node *node,
                                   const struct pf_problems_path *path, void *field)
{
    struct pf_option_strings names = {.count = 0};

    memcpy(&names, field, sizeof(names));
    for (size_t i = 0; i < names.count; i++) {
        const struct pf_problems_path here = {.parent = path, .index = i};

        if (names.items[i].len == 0 || !pf_config_is_label_value(names.items[i])) {
            pf_problems_add(run->problems, node->value.items[i]->mark, &here,
                            "'%.*s' is not a name", shown(names.items[i]), names.items[i].ptr);
        }
    }
    return PF_OK;
}

enum pf_code pf_config_check_match(struct pf_option_run *run, const struct pf_yaml_node *node,
                                   const struct pf_problems_path *path, void *field)
{
    const struct pf_config_class *const class_ = field;

    if (class_->class_.namespace_count != 0 && class_->class_.namespace_selector.present) {
        pf_problems_add(run->problems, node->mark, path,
                        "found namespaces and namespaceSelector, allowed is one of them");
    }
    return PF_OK;
}

enum pf_code pf_config_check_taint(struct pf_option_run *run, const struct pf_yaml_node *node,
                                   const struct pf_problems_path *path, void *field)
{
    void *const base = (char *)field - offsetof(struct pf_config_class, taint);
    struct pf_config_class *const class_ = base;
    struct pf_err err = {0};

    if (pf_class_parse_taint(class_->taint, &class_->class_.pool_taint, &err) != PF_OK) {
        pf_problems_add(run->problems, node->mark, path, "%.500s", err.text);
    }
    return PF_OK;
}

static int compare_labels(const void *a, const void *b)
{
    const struct pf_label *const x = a;
    const struct pf_label *const y = b;

    return pf_sv_cmp(x->key, y->key);
}

enum pf_code pf_config_check_node_selector(struct pf_option_run *run,
                                           const struct pf_yaml_node *node,
                                           const struct pf_problems_path *path, void *field)
{
    void *const base = (char *)field - offsetof(struct pf_config_class, node_selector);
    struct pf_config_class *const class_ = base;
    const struct pf_option_pairs *const pairs = &class_->node_selector;
    struct pf_label *const labels = pf_arena_calloc(run->arena, pairs->count + 1, sizeof(*labels));

    if (labels == NULL) {
        return no_memory(run);
    }
    for (size_t i = 0; i < pairs->count; i++) {
        const struct pf_option_pair *const pair = &pairs->items[i];
        const struct pf_problems_path here = {.parent = path, .key = pair->key};

        labels[i] = (struct pf_label){.key = pair->key, .value = pair->value};
        if (!pf_config_is_label_key(pair->key)) {
            pf_problems_add(run->problems, node->value.members[i].key_mark, &here,
                            "'%.*s' is not a label key", shown(pair->key), pair->key.ptr);
        } else if (!pf_config_is_label_value(pair->value)) {
            pf_problems_add(run->problems, node->value.members[i].value->mark, &here,
                            "'%.*s' is not a label value", shown(pair->value), pair->value.ptr);
        }
    }
    qsort(labels, pairs->count, sizeof(*labels), compare_labels);
    class_->class_.pool_selector = (struct pf_labels){.items = labels, .count = pairs->count};
    return PF_OK;
}

enum pf_code pf_config_check_pool(struct pf_option_run *run, const struct pf_yaml_node *node,
                                  const struct pf_problems_path *path, void *field)
{
    const struct pf_config_class *const class_ = field;

    if (class_->taint.len == 0 && class_->node_selector.count == 0) {
        pf_problems_add(run->problems, node->mark, path,
                        "a pool needs a taint or a nodeSelector, found neither");
    }
    return PF_OK;
}

enum pf_code pf_config_check_class(struct pf_option_run *run, const struct pf_yaml_node *node,
                                   const struct pf_problems_path *path, void *field)
{
    const struct pf_config_class *const class_ = field;
    const struct pf_percents *const percents = &class_->class_.percents;
    const bool has_percents =
        percents->memory_request_to_limit != 0 || percents->cpu_request_to_limit != 0 ||
        percents->limit_cpu_to_memory != 0 || percents->cpu_request_to_request != 0;

    if (has_percents && (class_->quotas_given || class_->upgrades_given)) {
        pf_problems_add(run->problems, node->mark, path,
                        "found %s and percent fields, allowed is one of them",
                        class_->quotas_given ? "defaultQuotas" : "maxUpgrades");
    }
    return PF_OK;
}

static const char *filter_candidate(const void *opaque, size_t i)
{
    (void)opaque;
    return i < PF_FILTER_COUNT ? pf_filter_name((enum pf_filter_id)i) : NULL;
}

static void refuse_filter(struct pf_option_run *run, const struct pf_yaml_node *node,
                          const struct pf_problems_path *path)
{
    pf_autobuf struct pf_buf names = {0};
    const char *const nearest = pf_problems_nearest(node->text, filter_candidate, NULL);

    pf_buf_init(&names, 1024);
    for (size_t i = 0; i < PF_FILTER_COUNT; i++) {
        pf_buf_printf(&names, "%s%s", i != 0 ? ", " : "", pf_filter_name((enum pf_filter_id)i));
    }
    pf_problems_add(run->problems, node->mark, path, "unknown filter '%.*s'%s%s%s, allowed are %s",
                    shown(node->text), node->text.ptr, nearest != NULL ? " (did you mean '" : "",
                    nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "",
                    names.data != NULL ? names.data : "kube-scheduler's filters");
}

enum pf_code pf_config_check_filters(struct pf_option_run *run, const struct pf_yaml_node *node,
                                     const struct pf_problems_path *path, void *field)
{
    const struct pf_option_strings *const names = field;

    for (size_t i = 0; i < names->count; i++) {
        const struct pf_problems_path here = {.parent = path, .index = i};
        enum pf_filter_id filter = PF_FILTER_COUNT;

        if (!pf_filter_find(names->items[i], &filter)) {
            refuse_filter(run, node->value.items[i], &here);
        }
    }
    return PF_OK;
}

enum pf_code pf_config_check_version(struct pf_option_run *run, const struct pf_yaml_node *node,
                                     const struct pf_problems_path *path, void *field)
{
    const struct pf_sv *const version = field;
    struct pf_err err = {0};
    int minor = 0;

    if (version->len > 80 || pf_kube_version_parse(*version, &minor, &err) != PF_OK) {
        pf_problems_add(run->problems, node->mark, path, "%.500s",
                        err.code != PF_OK ? err.text : "a version has at most 80 bytes");
    }
    return PF_OK;
}

enum pf_code pf_config_check_groups(struct pf_option_run *run, const struct pf_yaml_node *node,
                                    const struct pf_problems_path *path, void *field)
{
    struct pf_option_strings groups = {.count = 0};

    memcpy(&groups, field, sizeof(groups));
    for (size_t i = 0; i < groups.count; i++) {
        const struct pf_problems_path here = {.parent = path, .index = i};

        if (groups.items[i].len == 0 || pf_sv_find(groups.items[i], PF_SV("/")) != SIZE_MAX) {
            pf_problems_add(run->problems, node->value.items[i]->mark, &here,
                            "found '%.*s', allowed is what stands before the '/' of a resource",
                            shown(groups.items[i]), groups.items[i].ptr);
        }
    }
    return PF_OK;
}

/** A gate of Kubernetes: upper-case first, letters and digits. Those that change nothing podfit judges are accepted and without effect. */
static bool is_gate(struct pf_sv name)
{
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        const bool upper = c >= 'A' && c <= 'Z';

        if (!upper && (i == 0 || !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))) {
            return false;
        }
    }
    return name.len != 0;
}

enum pf_code pf_config_decode_gates(struct pf_option_run *run, const struct pf_yaml_node *node,
                                    const struct pf_problems_path *path, void *field)
{
    struct pf_config_gates *const gates = field;

    if (node->type != PF_YAML_MAP) {
        pf_problems_add(
            run->problems, node->mark, path,
            "found a value of type %s, allowed is a map from feature gate to true or false",
            pf_yaml_type_name(node->type));
        return PF_OK;
    }
    gates->items = pf_arena_calloc(run->arena, node->count + 1, sizeof(*gates->items));
    if (gates->items == NULL) {
        return no_memory(run);
    }
    for (size_t i = 0; i < node->count; i++) {
        const struct pf_yaml_member *const member = &node->value.members[i];
        const struct pf_problems_path here = {.parent = path, .key = member->key};

        if (!is_gate(member->key)) {
            pf_problems_add(run->problems, member->key_mark, &here,
                            "'%.*s' is not a feature gate such as 'PodLevelResources'",
                            shown(member->key), member->key.ptr);
        } else if (member->value->type != PF_YAML_BOOL) {
            pf_problems_add(run->problems, member->value->mark, &here,
                            "found a value of type %s, allowed is true or false",
                            pf_yaml_type_name(member->value->type));
        } else if (!pf_arena_dup_sv(run->arena, member->key, &gates->items[i].name)) {
            return no_memory(run);
        } else {
            gates->items[i].on = member->value->value.boolean;
        }
    }
    gates->count = node->count;
    return PF_OK;
}

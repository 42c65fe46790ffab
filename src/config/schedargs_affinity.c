#include "schedargs.h"
#include <podfit/limits.h>

/* NodeAffinityArgs */
struct node_affinity {
    struct pf_schedargs_meta meta;
    const struct pf_yaml_node *added;
};

/* InterPodAffinityArgs */
struct inter_pod {
    struct pf_schedargs_meta meta;
    int64_t hard_weight;
    bool ignore_preferred;
};

static const struct pf_option node_affinity_rows[] = {
    PF_SCHEDARGS_META(struct node_affinity),
    {.key = "addedAffinity",
     .type = PF_OPTION_CUSTOM,
     .decode = pf_schedconfig_keep_node,
     .offset = offsetof(struct node_affinity, added)},
};
static const struct pf_option_table node_affinity_table =
    PF_OPTION_TABLE(node_affinity_rows, struct node_affinity);

static const struct pf_option inter_pod_rows[] = {
    PF_SCHEDARGS_META(struct inter_pod),
    {.key = "hardPodAffinityWeight",
     .type = PF_OPTION_INT,
     .min = 0,
     .max = 100,
     .fallback = "1",
     .offset = offsetof(struct inter_pod, hard_weight)},
    {.key = "ignorePreferredTermsOfExistingPods",
     .type = PF_OPTION_BOOL,
     .fallback = "false",
     .offset = offsetof(struct inter_pod, ignore_preferred)},
};
static const struct pf_option_table inter_pod_table =
    PF_OPTION_TABLE(inter_pod_rows, struct inter_pod);

static bool is_valid_term(const struct pf_node_selector_term *term)
{
    for (size_t i = 0; i < term->expression_count; i++) {
        if (!term->expressions[i].valid) {
            return false;
        }
    }
    for (size_t i = 0; i < term->field_count; i++) {
        const struct pf_requirement *field = &term->fields[i];
        if (!pf_sv_eq_cstr(field->key, "metadata.name") || field->value_count != 1 ||
            (field->operator_ != PF_SELECTOR_IN && field->operator_ != PF_SELECTOR_NOT_IN)) {
            return false;
        }
    }
    return true;
}

/* The affinity goes through the decoder of pods, so that both are read alike. */
static enum pf_code decode_affinity(const struct pf_schedargs *a, const struct pf_yaml_node *node,
                                    struct pf_pod *ret_pod, bool *ret_decoded)
{
    pf_autobuf struct pf_buf json = {0};
    struct pf_err err = {0};
    pf_buf_init(&json, 4 * PF_CONFIG_MAX_BYTES);
    pf_buf_append_cstr(&json, "{\"spec\":{\"affinity\":{\"nodeAffinity\":");
    enum pf_code code = pf_yaml_json_write(node, &json, &err);
    pf_buf_append_cstr(&json, "}}}");
    code = code == PF_OK ? pf_buf_status(&json, &err) : code;
    struct pf_sv text = {0};
    if (code == PF_OK && !pf_arena_dup_sv(a->run->arena, pf_buf_view(&json), &text)) {
        code = PF_E_NO_MEMORY;
    }
    if (code == PF_OK) {
        code = pf_pod_decode(text, a->run->arena, ret_pod, &err);
    }
    *ret_decoded = code == PF_OK;
    if (code != PF_OK && code != PF_E_NO_MEMORY) {
        pf_problems_add(a->run->problems, node->mark, a->path, "addedAffinity: %.400s", err.text);
        return PF_OK;
    }
    return code;
}

static void check_term(const struct pf_schedargs *a, const struct pf_yaml_node *node,
                       const struct pf_node_selector_term *term, const char *what, size_t index)
{
    if (!is_valid_term(term)) {
        pf_problems_add(a->run->problems, node->mark, a->path,
                        "addedAffinity: %s %zu has a requirement that cannot be parsed", what,
                        index);
    }
}

static enum pf_code apply_node_affinity(const struct pf_schedargs *a, const void *opaque)
{
    const struct node_affinity *args = opaque;
    const struct pf_yaml_node *node = args->added;
    struct pf_pod pod = {.defect = {0}};
    bool decoded = false;
    if (node == NULL) {
        return PF_OK;
    }
    const enum pf_code code = decode_affinity(a, node, &pod, &decoded);
    if (code != PF_OK || !decoded) {
        return code;
    }
    for (size_t i = 0; i < pod.node_affinity.term_count; i++) {
        check_term(a, node, &pod.node_affinity.terms[i], "term", i);
    }
    for (size_t i = 0; i < pod.preferred_node_count; i++) {
        check_term(a, node, &pod.preferred_nodes[i].term, "preferred term", i);
    }
    a->profile->added_affinity = pod.node_affinity;
    a->scores->added_preferred = pod.preferred_nodes;
    a->scores->added_preferred_count = pod.preferred_node_count;
    return PF_OK;
}

static enum pf_code apply_inter_pod(const struct pf_schedargs *a, const void *opaque)
{
    const struct inter_pod *args = opaque;
    a->scores->hard_pod_affinity_weight = args->hard_weight;
    a->scores->ignore_preferred_of_existing = args->ignore_preferred;
    return PF_OK;
}

const struct pf_schedargs_reader pf_schedargs_node_affinity = {
    .plugin = "NodeAffinity", .table = &node_affinity_table, .apply = apply_node_affinity};
const struct pf_schedargs_reader pf_schedargs_inter_pod = {
    .plugin = "InterPodAffinity", .table = &inter_pod_table, .apply = apply_inter_pod};

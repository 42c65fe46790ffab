#include <inttypes.h>

#include "config_internal.h"
#include "schedconfig.h"
#include <podfit/limits.h>

#define GROUP_VERSION "kubescheduler.config.k8s.io/v1"

/* One topology spread constraint of PodTopologySpreadArgs. */
struct constraint {
    int64_t max_skew;
    struct pf_sv topology_key;
    int when;
    int64_t min_domains;
    struct pf_sv affinity_policy;
    struct pf_sv taints_policy;
};

enum when { DO_NOT_SCHEDULE, SCHEDULE_ANYWAY };
enum defaulting { DEFAULTING_SYSTEM, DEFAULTING_LIST };

/* Arguments of all plug-ins that podfit reads; each table sits at offset 0 of it. */
struct args {
    struct pf_sv api_version;
    struct pf_sv kind;
    struct pf_option_strings ignored;
    struct pf_option_strings ignored_groups;
    int strategy;
    bool strategy_given;
    struct pf_sched_plugins strategy_resources; /* name and weight */
    const struct pf_yaml_node *added_affinity;
    struct constraint *constraints;
    size_t constraint_count;
    int defaulting;
    int64_t hard_weight;
    bool ignore_preferred;
    int64_t percentage;
    int64_t absolute;
    int64_t timeout;
};

static enum pf_code keep_node(struct pf_option_run *run PF_UNUSED, const struct pf_yaml_node *node,
                              const struct pf_problems_path *path PF_UNUSED, void *field)
{
    memcpy(field, (const void *)&node, sizeof(const struct pf_yaml_node *));
    return PF_OK;
}

static enum pf_code accept(struct pf_option_run *run PF_UNUSED,
                           const struct pf_yaml_node *node PF_UNUSED,
                           const struct pf_problems_path *path PF_UNUSED, void *field PF_UNUSED)
{
    return PF_OK;
}

#define META                                                                                       \
    {.key = "apiVersion", .type = PF_OPTION_STRING, .offset = offsetof(struct args, api_version)}, \
    {                                                                                              \
        .key = "kind", .type = PF_OPTION_STRING, .offset = offsetof(struct args, kind)             \
    }

static const struct pf_option_choice strategies[] = {
    {.name = "LeastAllocated", .value = PF_FIT_LEAST_ALLOCATED},
    {.name = "MostAllocated", .value = PF_FIT_MOST_ALLOCATED},
    {.name = "RequestedToCapacityRatio", .value = PF_FIT_REQUESTED_TO_CAPACITY_RATIO},
    {.name = NULL}};
static const struct pf_option resource_rows[] = {
    {.key = "name",
     .type = PF_OPTION_STRING,
     .required = true,
     .offset = offsetof(struct pf_sched_plugin, name)},
    {.key = "weight",
     .type = PF_OPTION_INT,
     .offset = offsetof(struct pf_sched_plugin, weight),
     .min = 0,
     .max = 100},
};
static const struct pf_option_table resource_table =
    PF_OPTION_TABLE(resource_rows, struct pf_sched_plugin);
static const struct pf_option strategy_rows[] = {
    {.key = "type",
     .type = PF_OPTION_ENUM,
     .offset = offsetof(struct args, strategy),
     .choices = strategies,
     .fallback = "LeastAllocated"},
    {.key = "resources",
     .type = PF_OPTION_OBJECT_LIST,
     .table = &resource_table,
     .offset = offsetof(struct args, strategy_resources)},
    {.key = "requestedToCapacityRatio", .type = PF_OPTION_CUSTOM, .decode = accept},
};
static const struct pf_option_table strategy_table = PF_OPTION_TABLE(strategy_rows, struct args);
static const struct pf_option fit_rows[] = {
    META,
    {.key = "ignoredResources",
     .type = PF_OPTION_STRING_LIST,
     .offset = offsetof(struct args, ignored)},
    {.key = "ignoredResourceGroups",
     .type = PF_OPTION_STRING_LIST,
     .offset = offsetof(struct args, ignored_groups),
     .check = pf_config_check_groups},
    {.key = "scoringStrategy",
     .type = PF_OPTION_OBJECT,
     .table = &strategy_table,
     .given_offset = PF_OPTION_GIVEN(struct args, strategy_given)},
};
static const struct pf_option_table fit_table = PF_OPTION_TABLE(fit_rows, struct args);

static const struct pf_option affinity_rows[] = {
    META,
    {.key = "addedAffinity",
     .type = PF_OPTION_CUSTOM,
     .decode = keep_node,
     .offset = offsetof(struct args, added_affinity)},
};
static const struct pf_option_table affinity_table = PF_OPTION_TABLE(affinity_rows, struct args);

static const struct pf_option_choice whens[] = {
    {.name = "DoNotSchedule", .value = DO_NOT_SCHEDULE},
    {.name = "ScheduleAnyway", .value = SCHEDULE_ANYWAY},
    {.name = NULL}};
static const struct pf_option_choice defaultings[] = {
    {.name = "System", .value = DEFAULTING_SYSTEM},
    {.name = "List", .value = DEFAULTING_LIST},
    {.name = NULL}};
/* labelSelector and matchLabelKeys are refused by kube-scheduler, too: they come from what owns the pod */
static const struct pf_option constraint_rows[] = {
    {.key = "maxSkew",
     .type = PF_OPTION_INT,
     .required = true,
     .offset = offsetof(struct constraint, max_skew),
     .min = 1,
     .max = INT32_MAX},
    {.key = "topologyKey",
     .type = PF_OPTION_STRING,
     .required = true,
     .min = 1,
     .max = 0,
     .offset = offsetof(struct constraint, topology_key)},
    {.key = "whenUnsatisfiable",
     .type = PF_OPTION_ENUM,
     .required = true,
     .choices = whens,
     .offset = offsetof(struct constraint, when)},
    {.key = "minDomains",
     .type = PF_OPTION_INT,
     .min = 1,
     .max = INT32_MAX,
     .offset = offsetof(struct constraint, min_domains)},
    {.key = "nodeAffinityPolicy",
     .type = PF_OPTION_STRING,
     .offset = offsetof(struct constraint, affinity_policy)},
    {.key = "nodeTaintsPolicy",
     .type = PF_OPTION_STRING,
     .offset = offsetof(struct constraint, taints_policy)},
};
static const struct pf_option_table constraint_table =
    PF_OPTION_TABLE(constraint_rows, struct constraint);
static const struct pf_option spread_rows[] = {
    META,
    {.key = "defaultConstraints",
     .type = PF_OPTION_OBJECT_LIST,
     .table = &constraint_table,
     .offset = offsetof(struct args, constraints)},
    {.key = "defaultingType",
     .type = PF_OPTION_ENUM,
     .choices = defaultings,
     .fallback = "System",
     .offset = offsetof(struct args, defaulting)},
};
static const struct pf_option_table spread_table = PF_OPTION_TABLE(spread_rows, struct args);

static const struct pf_option inter_pod_rows[] = {
    META,
    {.key = "hardPodAffinityWeight",
     .type = PF_OPTION_INT,
     .min = 0,
     .max = 100,
     .fallback = "1",
     .offset = offsetof(struct args, hard_weight)},
    {.key = "ignorePreferredTermsOfExistingPods",
     .type = PF_OPTION_BOOL,
     .fallback = "false",
     .offset = offsetof(struct args, ignore_preferred)},
};
static const struct pf_option_table inter_pod_table = PF_OPTION_TABLE(inter_pod_rows, struct args);

static const struct pf_option preemption_rows[] = {
    META,
    {.key = "minCandidateNodesPercentage",
     .type = PF_OPTION_INT,
     .min = 0,
     .max = 100,
     .fallback = "10",
     .offset = offsetof(struct args, percentage)},
    {.key = "minCandidateNodesAbsolute",
     .type = PF_OPTION_INT,
     .min = 0,
     .max = INT32_MAX,
     .fallback = "100",
     .offset = offsetof(struct args, absolute)},
};
static const struct pf_option_table preemption_table =
    PF_OPTION_TABLE(preemption_rows, struct args);

static const struct pf_option binding_rows[] = {
    META,
    {.key = "bindTimeoutSeconds",
     .type = PF_OPTION_INT,
     .min = 0,
     .max = INT32_MAX,
     .offset = offsetof(struct args, timeout)},
    {.key = "shape", .type = PF_OPTION_CUSTOM, .decode = accept},
};
static const struct pf_option_table binding_table = PF_OPTION_TABLE(binding_rows, struct args);

static const struct pf_option balanced_rows[] = {
    META,
    {.key = "resources",
     .type = PF_OPTION_OBJECT_LIST,
     .table = &resource_table,
     .offset = offsetof(struct args, strategy_resources)},
};
static const struct pf_option_table balanced_table = PF_OPTION_TABLE(balanced_rows, struct args);

static const struct pf_option dynamic_rows[] = {
    META,
    {.key = "filterTimeout", .type = PF_OPTION_CUSTOM, .decode = accept},
    {.key = "bindingTimeout", .type = PF_OPTION_CUSTOM, .decode = accept},
};
static const struct pf_option_table dynamic_table = PF_OPTION_TABLE(dynamic_rows, struct args);

/* ---- what becomes of them ---- */

/* State of one profile. */
struct applying {
    struct pf_option_run *run;
    struct pf_sched_notes *notes;
    struct pf_fit_profile *profile;
    const struct pf_problems_path *path; /* of the args */
    const struct pf_yaml_node *node;     /* the args */
};

static void note_scores(const struct applying *a, const char *what)
{
    pf_schedconfig_note(a->notes,
                        "profile '%.*s': %s change scores; podfit expects a pod where the default "
                        "ones place it",
                        PF_SV_ARG(a->profile->scheduler_name), what);
}

static enum pf_code apply_fit(const struct applying *a, const struct args *args)
{
    a->profile->ignored_resources = args->ignored.items;
    a->profile->ignored_resource_count = args->ignored.count;
    a->profile->ignored_resource_groups = args->ignored_groups.items;
    a->profile->ignored_resource_group_count = args->ignored_groups.count;
    a->profile->strategy = (enum pf_fit_strategy)args->strategy;
    if (args->strategy_given &&
        (args->strategy != PF_FIT_LEAST_ALLOCATED || args->strategy_resources.count != 0)) {
        note_scores(a, "NodeResourcesFitArgs");
    }
    return PF_OK;
}

static enum pf_code apply_balanced(const struct applying *a, const struct args *args)
{
    if (args->strategy_resources.count != 0) {
        note_scores(a, "NodeResourcesBalancedAllocationArgs");
    }
    return PF_OK;
}

static enum pf_code apply_inter_pod(const struct applying *a, const struct args *args)
{
    a->profile->hard_pod_affinity_weight = args->hard_weight;
    a->profile->ignore_preferred_of_existing = args->ignore_preferred;
    if (args->hard_weight != 1 || args->ignore_preferred) {
        note_scores(a, "InterPodAffinityArgs");
    }
    return PF_OK;
}

static enum pf_code apply_spread(const struct applying *a, const struct args *args)
{
    if (args->constraint_count != 0 && args->defaulting == DEFAULTING_SYSTEM) {
        pf_problems_add(a->run->problems, a->node->mark, a->path,
                        "found defaultConstraints, allowed is none unless defaultingType is List");
        return PF_OK;
    }
    for (size_t i = 0; i < args->constraint_count; i++) {
        a->profile->default_spread =
            a->profile->default_spread || args->constraints[i].when == DO_NOT_SCHEDULE;
    }
    if (a->profile->default_spread) {
        pf_schedconfig_note(a->notes,
                            "profile '%.*s': default topology spread constraints with "
                            "DoNotSchedule: pods without constraints of their own are unknown",
                            PF_SV_ARG(a->profile->scheduler_name));
    } else if (args->defaulting == DEFAULTING_LIST) {
        note_scores(a, "PodTopologySpreadArgs");
    }
    return PF_OK;
}

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
static enum pf_code decode_affinity(const struct applying *a, const struct pf_yaml_node *node,
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

static enum pf_code apply_affinity(const struct applying *a, const struct args *args)
{
    const struct pf_yaml_node *node = args->added_affinity;
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
        if (!is_valid_term(&pod.node_affinity.terms[i])) {
            pf_problems_add(a->run->problems, node->mark, a->path,
                            "addedAffinity: term %zu has a requirement that cannot be parsed", i);
            return PF_OK;
        }
    }
    a->profile->added_affinity = pod.node_affinity;
    if (pf_yaml_get(node, "preferredDuringSchedulingIgnoredDuringExecution") != NULL) {
        note_scores(a, "NodeAffinityArgs");
    }
    return PF_OK;
}

static enum pf_code apply_nothing(const struct applying *a PF_UNUSED,
                                  const struct args *args PF_UNUSED)
{
    return PF_OK;
}

static const struct {
    const char *name;
    const struct pf_option_table *table;
    enum pf_code (*apply)(const struct applying *a, const struct args *args);
} readers[] = {
    {"NodeResourcesFit", &fit_table, apply_fit},
    {"NodeAffinity", &affinity_table, apply_affinity},
    {"PodTopologySpread", &spread_table, apply_spread},
    {"InterPodAffinity", &inter_pod_table, apply_inter_pod},
    {"DefaultPreemption", &preemption_table, apply_nothing},
    {"VolumeBinding", &binding_table, apply_nothing},
    {"NodeResourcesBalancedAllocation", &balanced_table, apply_balanced},
    {"DynamicResources", &dynamic_table, apply_nothing},
};

static void check_meta(const struct applying *a, const char *name, const struct args *args)
{
    if (args->api_version.len != 0 && !pf_sv_eq_cstr(args->api_version, GROUP_VERSION)) {
        pf_problems_add(a->run->problems, a->node->mark, a->path,
                        "found apiVersion '%.60s', allowed is '" GROUP_VERSION "'",
                        args->api_version.ptr);
    }
    const size_t len = strlen(name);
    const bool ours = args->kind.len == len + 4 && memcmp(args->kind.ptr, name, len) == 0 &&
                      memcmp(args->kind.ptr + len, "Args", 4) == 0;
    if (args->kind.len != 0 && !ours) {
        pf_problems_add(a->run->problems, a->node->mark, a->path,
                        "found kind '%.60s', allowed is '%sArgs'", args->kind.ptr, name);
    }
}

static enum pf_code apply_one(struct applying *a, const struct pf_sched_args *entry)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(readers); i++) {
        if (!pf_sv_eq_cstr(entry->name, readers[i].name)) {
            continue;
        }
        struct args args = {.hard_weight = 1};
        enum pf_code code =
            pf_options_decode_at(readers[i].table, entry->args, a->path, a->run, &args);
        if (code == PF_E_INVALID) {
            return PF_OK; /* the problems tell */
        }
        if (code == PF_OK) {
            check_meta(a, readers[i].name, &args);
            code = readers[i].apply(a, &args);
        }
        return code;
    }
    return PF_OK; /* a plug-in without arguments that podfit reads */
}

enum pf_code pf_schedargs_apply(const struct pf_sched_profile *from,
                                const struct pf_problems_path *path, struct pf_option_run *run,
                                struct pf_sched_notes *notes, struct pf_fit_profile *profile)
{
    const struct pf_problems_path list = {.parent = path, .key = PF_SV("pluginConfig")};
    profile->hard_pod_affinity_weight = 1;
    for (size_t i = 0; i < from->args_count; i++) {
        const struct pf_problems_path entry = {.parent = &list, .index = i};
        const struct pf_problems_path key = {.parent = &entry, .key = PF_SV("args")};
        struct applying a = {.run = run,
                             .notes = notes,
                             .profile = profile,
                             .path = &key,
                             .node = from->args[i].args};
        for (size_t k = 0; k < i; k++) {
            if (pf_sv_eq(from->args[k].name, from->args[i].name) && a.node != NULL) {
                pf_problems_add(run->problems, a.node->mark, &entry,
                                "arguments of '%.60s' stand there twice", from->args[i].name.ptr);
            }
        }
        if (a.node != NULL) {
            const enum pf_code code = apply_one(&a, &from->args[i]);
            if (code != PF_OK) {
                return code;
            }
        }
    }
    return PF_OK;
}

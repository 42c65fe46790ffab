#include "schedargs.h"
#include <podfit/limits.h>

/* Source: apis/config/validation/validation_pluginargs.go, framework/plugins/podtopologyspread. */

/* One topology spread constraint. */
struct constraint {
    int64_t max_skew;
    struct pf_sv topology_key;
    int when;
    int64_t min_domains;
    int affinity_policy;
    int taints_policy;
};

enum when {
    DO_NOT_SCHEDULE, /* filters */
    SCHEDULE_ANYWAY, /* scores */
};
enum defaulting {
    DEFAULTING_SYSTEM, /* kube-scheduler's own */
    DEFAULTING_LIST,   /* those in defaultConstraints */
};
enum policy {
    POLICY_HONOR,  /* nodes that do not match are left out */
    POLICY_IGNORE, /* every node counts */
};

/* PodTopologySpreadArgs */
struct args {
    struct pf_schedargs_meta meta;
    struct constraint *constraints;
    size_t count;
    int defaulting;
};

static const struct pf_option_choice whens[] = {
    {.name = "DoNotSchedule", .value = DO_NOT_SCHEDULE},
    {.name = "ScheduleAnyway", .value = SCHEDULE_ANYWAY},
    {.name = NULL}};
static const struct pf_option_choice defaultings[] = {
    {.name = "System", .value = DEFAULTING_SYSTEM},
    {.name = "List", .value = DEFAULTING_LIST},
    {.name = NULL}};
static const struct pf_option_choice policies[] = {{.name = "Honor", .value = POLICY_HONOR},
                                                   {.name = "Ignore", .value = POLICY_IGNORE},
                                                   {.name = NULL}};

/* kube-scheduler refuses labelSelector, too: it comes from what owns the pod, and takes the place of matchLabelKeys */
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
     .fallback = "1",
     .offset = offsetof(struct constraint, min_domains)},
    {.key = "nodeAffinityPolicy",
     .type = PF_OPTION_ENUM,
     .choices = policies,
     .fallback = "Honor",
     .offset = offsetof(struct constraint, affinity_policy)},
    {.key = "nodeTaintsPolicy",
     .type = PF_OPTION_ENUM,
     .choices = policies,
     .fallback = "Ignore",
     .offset = offsetof(struct constraint, taints_policy)},
    {.key = "matchLabelKeys", .type = PF_OPTION_CUSTOM, .decode = pf_schedconfig_accept},
};
static const struct pf_option_table constraint_table =
    PF_OPTION_TABLE(constraint_rows, struct constraint);

static const struct pf_option rows[] = {
    PF_SCHEDARGS_META(struct args),
    {.key = "defaultConstraints",
     .type = PF_OPTION_OBJECT_LIST,
     .table = &constraint_table,
     .min = 0,
     .max = PF_FIT_TOPOLOGY_MAX,
     .offset = offsetof(struct args, constraints)},
    {.key = "defaultingType",
     .type = PF_OPTION_ENUM,
     .choices = defaultings,
     .fallback = "System",
     .offset = offsetof(struct args, defaulting)},
};
static const struct pf_option_table table = PF_OPTION_TABLE(rows, struct args);

static void check_repeated(const struct pf_schedargs *a, const struct args *args, size_t index)
{
    const struct constraint *constraint = &args->constraints[index];
    for (size_t i = 0; i < index; i++) {
        if (args->constraints[i].when == constraint->when &&
            pf_sv_eq(args->constraints[i].topology_key, constraint->topology_key)) {
            pf_problems_add(a->run->problems, a->node->mark, a->path,
                            "defaultConstraints[%zu]: another one has topologyKey '%.60s' and the "
                            "same whenUnsatisfiable",
                            index, constraint->topology_key.ptr);
        }
    }
}

static enum pf_code apply(const struct pf_schedargs *a, const void *opaque)
{
    const struct args *args = opaque;
    if (args->defaulting == DEFAULTING_SYSTEM) {
        if (args->count != 0) {
            pf_problems_add(
                a->run->problems, a->node->mark, a->path,
                "found defaultConstraints, allowed is none unless defaultingType is List");
        }
        return PF_OK;
    }
    struct pf_spread *spreads = pf_arena_calloc(a->run->arena, args->count + 1, sizeof(*spreads));
    if (spreads == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < args->count; i++) {
        const struct constraint *from = &args->constraints[i];
        check_repeated(a, args, i);
        spreads[i] = (struct pf_spread){
            .topology_key = from->topology_key,
            .max_skew = (int32_t)from->max_skew,
            .min_domains = (int32_t)from->min_domains,
            .do_not_schedule = from->when == DO_NOT_SCHEDULE,
            .schedule_anyway = from->when == SCHEDULE_ANYWAY,
            .ignore_node_affinity = from->affinity_policy == POLICY_IGNORE,
            .honor_node_taints = from->taints_policy == POLICY_HONOR,
        };
    }
    a->profile->default_spreads = spreads;
    a->profile->default_spread_count = args->count;
    a->profile->default_spreads_listed = true;
    return PF_OK;
}

const struct pf_schedargs_reader pf_schedargs_spread = {
    .plugin = "PodTopologySpread", .table = &table, .apply = apply};

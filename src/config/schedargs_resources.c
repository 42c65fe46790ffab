#include "config_internal.h"
#include "schedargs.h"

/* Sources: apis/config/v1/defaults.go and apis/config/validation/validation_pluginargs.go. */

/* A plug-in scores few resources; each costs a look at every node. */
#define RESOURCES_MAX 32
/* Utilizations are integers from 0 to 100. */
#define POINTS_MAX 101

/* NodeResourcesFitArgs */
struct fit {
    struct pf_schedargs_meta meta;
    struct pf_option_strings ignored;
    struct pf_option_strings ignored_groups;
    int strategy;
    bool strategy_given;
    bool shape_given;
    struct pf_fit_resource *resources;
    size_t resource_count;
    struct pf_fit_point *shape;
    size_t shape_count;
};

/* NodeResourcesBalancedAllocationArgs */
struct balanced {
    struct pf_schedargs_meta meta;
    struct pf_fit_resource *resources;
    size_t resource_count;
};

static const struct pf_option_choice strategies[] = {
    {.name = "LeastAllocated", .value = PF_FIT_LEAST_ALLOCATED},
    {.name = "MostAllocated", .value = PF_FIT_MOST_ALLOCATED},
    {.name = "RequestedToCapacityRatio", .value = PF_FIT_REQUESTED_TO_CAPACITY_RATIO},
    {.name = NULL}};

static const struct pf_option resource_rows[] = {
    {.key = "name",
     .type = PF_OPTION_STRING,
     .required = true,
     .offset = offsetof(struct pf_fit_resource, name)},
    {.key = "weight",
     .type = PF_OPTION_INT,
     .offset = offsetof(struct pf_fit_resource, weight),
     .min = 0,
     .max = 100},
};
static const struct pf_option_table resource_table =
    PF_OPTION_TABLE(resource_rows, struct pf_fit_resource);

static const struct pf_option point_rows[] = {
    {.key = "utilization",
     .type = PF_OPTION_INT,
     .required = true,
     .offset = offsetof(struct pf_fit_point, utilization),
     .min = 0,
     .max = 100},
    {.key = "score",
     .type = PF_OPTION_INT,
     .required = true,
     .offset = offsetof(struct pf_fit_point, score),
     .min = 0,
     .max = 10},
};
static const struct pf_option_table point_table = PF_OPTION_TABLE(point_rows, struct pf_fit_point);

/* Objects in the object: their tables sit at offset 0 of it. */
static const struct pf_option ratio_rows[] = {
    {.key = "shape",
     .type = PF_OPTION_OBJECT_LIST,
     .table = &point_table,
     .required = true,
     .min = 1,
     .max = POINTS_MAX,
     .offset = offsetof(struct fit, shape)},
};
static const struct pf_option_table ratio_table = PF_OPTION_TABLE(ratio_rows, struct fit);
static const struct pf_option strategy_rows[] = {
    {.key = "type",
     .type = PF_OPTION_ENUM,
     .offset = offsetof(struct fit, strategy),
     .choices = strategies,
     .fallback = "LeastAllocated"},
    {.key = "resources",
     .type = PF_OPTION_OBJECT_LIST,
     .table = &resource_table,
     .min = 0,
     .max = RESOURCES_MAX,
     .offset = offsetof(struct fit, resources)},
    {.key = "requestedToCapacityRatio",
     .type = PF_OPTION_OBJECT,
     .table = &ratio_table,
     .given_offset = PF_OPTION_GIVEN(struct fit, shape_given)},
};
static const struct pf_option_table strategy_table = PF_OPTION_TABLE(strategy_rows, struct fit);
static const struct pf_option fit_rows[] = {
    PF_SCHEDARGS_META(struct fit),
    {.key = "ignoredResources",
     .type = PF_OPTION_STRING_LIST,
     .offset = offsetof(struct fit, ignored)},
    {.key = "ignoredResourceGroups",
     .type = PF_OPTION_STRING_LIST,
     .offset = offsetof(struct fit, ignored_groups),
     .check = pf_config_check_groups},
    {.key = "scoringStrategy",
     .type = PF_OPTION_OBJECT,
     .table = &strategy_table,
     .given_offset = PF_OPTION_GIVEN(struct fit, strategy_given)},
};
static const struct pf_option_table fit_table = PF_OPTION_TABLE(fit_rows, struct fit);

static const struct pf_option balanced_rows[] = {
    PF_SCHEDARGS_META(struct balanced),
    {.key = "resources",
     .type = PF_OPTION_OBJECT_LIST,
     .table = &resource_table,
     .min = 0,
     .max = RESOURCES_MAX,
     .offset = offsetof(struct balanced, resources)},
};
static const struct pf_option_table balanced_table =
    PF_OPTION_TABLE(balanced_rows, struct balanced);

/* None: the default ones stay. A weight of 0 is 1, too. */
static void take_resources(struct pf_fit_resource *items, size_t count,
                           struct pf_fit_resources *ret_resources)
{
    for (size_t i = 0; i < count; i++) {
        items[i].weight = items[i].weight != 0 ? items[i].weight : 1;
        items[i].kind = pf_fit_resource_kind_of(items[i].name);
    }
    if (count != 0) {
        *ret_resources = (struct pf_fit_resources){.items = items, .count = count};
    }
}

static void check_shape(const struct pf_schedargs *a, const struct fit *args)
{
    const bool wanted = args->strategy == PF_FIT_REQUESTED_TO_CAPACITY_RATIO;
    if (wanted != args->shape_given) {
        pf_problems_add(a->run->problems, a->node->mark, a->path,
                        "scoringStrategy: requestedToCapacityRatio %s",
                        wanted ? "is missing, allowed are its shape's points"
                               : "stands there, allowed is none with this type");
    }
    for (size_t i = 1; i < args->shape_count; i++) {
        if (args->shape[i - 1].utilization >= args->shape[i].utilization) {
            pf_problems_add(a->run->problems, a->node->mark, a->path,
                            "scoringStrategy: point %zu of the shape, allowed is a utilization "
                            "above that of the point before",
                            i);
        }
    }
}

static enum pf_code apply_fit(const struct pf_schedargs *a, const void *opaque)
{
    const struct fit *args = opaque;
    a->profile->ignored_resources = args->ignored.items;
    a->profile->ignored_resource_count = args->ignored.count;
    a->profile->ignored_resource_groups = args->ignored_groups.items;
    a->profile->ignored_resource_group_count = args->ignored_groups.count;
    if (args->strategy_given) {
        check_shape(a, args);
        a->scores->strategy = (enum pf_fit_strategy)args->strategy;
        a->scores->shape = args->shape;
        a->scores->shape_count = args->shape_count;
        take_resources(args->resources, args->resource_count, &a->scores->resources);
    }
    return PF_OK;
}

static enum pf_code apply_balanced(const struct pf_schedargs *a, const void *opaque)
{
    const struct balanced *args = opaque;
    take_resources(args->resources, args->resource_count, &a->scores->balanced);
    for (size_t i = 0; i < args->resource_count; i++) {
        const struct pf_fit_resource *resource = &args->resources[i];
        if (resource->weight != 1) {
            pf_problems_add(a->run->problems, a->node->mark, a->path,
                            "resources[%zu]: found the weight '%lld', allowed is 1", i,
                            (long long)resource->weight);
        }
        for (size_t k = 0; k < i; k++) {
            if (pf_sv_eq(args->resources[k].name, resource->name)) {
                pf_problems_add(a->run->problems, a->node->mark, a->path,
                                "resources[%zu]: '%.60s' stands there twice", i,
                                resource->name.ptr);
            }
        }
    }
    return PF_OK;
}

const struct pf_schedargs_reader pf_schedargs_fit = {
    .plugin = "NodeResourcesFit", .table = &fit_table, .apply = apply_fit};
const struct pf_schedargs_reader pf_schedargs_balanced = {
    .plugin = "NodeResourcesBalancedAllocation", .table = &balanced_table, .apply = apply_balanced};

_Static_assert(sizeof(struct fit) <= PF_SCHEDARGS_BYTES, "the args fit the reader's buffer");

#include "schedconfig.h"

#include <stdarg.h>
#include <stdio.h>

#include "config_internal.h"
#include <podfit/limits.h>

/* Profiles of one kube-scheduler; each costs a comparison a pod. */
#define PROFILES_MAX 100

/* One entry of `extenders`. */
struct extender {
    struct pf_sv url;
    struct pf_sv filter;
    struct pf_sv preempt;
    struct pf_sv prioritize;
    struct pf_sv bind;
    int64_t weight;
    bool https;
    bool cache_capable;
    bool ignorable;
    struct resource *resources;
    size_t resource_count;
};

struct resource {
    struct pf_sv name;
    bool ignored;
};

/* The whole file. */
struct file {
    int api_version;
    int kind;
    int64_t number; /* of a key that changes no verdict */
    bool flag;
    struct pf_sched_profile *profiles;
    size_t profile_count;
    struct extender *extenders;
    size_t extender_count;
};

enum pf_code pf_schedconfig_keep_node(struct pf_option_run *run PF_UNUSED,
                                      const struct pf_yaml_node *node,
                                      const struct pf_problems_path *path PF_UNUSED, void *field)
{
    memcpy(field, (const void *)&node, sizeof(const struct pf_yaml_node *));
    return PF_OK;
}

enum pf_code pf_schedconfig_accept(struct pf_option_run *run PF_UNUSED,
                                   const struct pf_yaml_node *node PF_UNUSED,
                                   const struct pf_problems_path *path PF_UNUSED,
                                   void *field PF_UNUSED)
{
    return PF_OK;
}

static const struct pf_option plugin_rows[] = {
    {.key = "name",
     .type = PF_OPTION_STRING,
     .required = true,
     .min = 1,
     .max = 253,
     .offset = offsetof(struct pf_sched_plugin, name)},
    {.key = "weight",
     .type = PF_OPTION_INT,
     .min = 0,
     .max = INT32_MAX,
     .offset = offsetof(struct pf_sched_plugin, weight)},
};
static const struct pf_option_table plugin_table =
    PF_OPTION_TABLE(plugin_rows, struct pf_sched_plugin);

static const struct pf_option set_rows[] = {
    {.key = "enabled",
     .type = PF_OPTION_OBJECT_LIST,
     .table = &plugin_table,
     .offset = offsetof(struct pf_sched_set, enabled)},
    {.key = "disabled",
     .type = PF_OPTION_OBJECT_LIST,
     .table = &plugin_table,
     .offset = offsetof(struct pf_sched_set, disabled)},
};
static const struct pf_option_table set_table = PF_OPTION_TABLE(set_rows, struct pf_sched_set);

#define POINT(key_, point_)                                           \
    {                                                                 \
        .key = (key_), .type = PF_OPTION_OBJECT, .table = &set_table, \
        .offset = offsetof(struct pf_sched_profile, points[point_])   \
    }
static const struct pf_option point_rows[] = {
    POINT("preEnqueue", PF_SCHED_PRE_ENQUEUE),
    POINT("queueSort", PF_SCHED_QUEUE_SORT),
    POINT("preFilter", PF_SCHED_PRE_FILTER),
    POINT("filter", PF_SCHED_FILTER),
    POINT("postFilter", PF_SCHED_POST_FILTER),
    POINT("preScore", PF_SCHED_PRE_SCORE),
    POINT("score", PF_SCHED_SCORE),
    POINT("reserve", PF_SCHED_RESERVE),
    POINT("permit", PF_SCHED_PERMIT),
    POINT("preBind", PF_SCHED_PRE_BIND),
    POINT("bind", PF_SCHED_BIND),
    POINT("postBind", PF_SCHED_POST_BIND),
    POINT("placementGenerate", PF_SCHED_PLACEMENT_GENERATE),
    POINT("placementScore", PF_SCHED_PLACEMENT_SCORE),
    POINT("multiPoint", PF_SCHED_MULTI_POINT),
};
/* `plugins` is an object of the file; its sets belong to the profile itself, so the table sits at offset 0 of it */
static const struct pf_option_table point_table =
    PF_OPTION_TABLE(point_rows, struct pf_sched_profile);

static const struct pf_option args_rows[] = {
    {.key = "name",
     .type = PF_OPTION_STRING,
     .required = true,
     .min = 1,
     .max = 253,
     .offset = offsetof(struct pf_sched_args, name)},
    {.key = "args",
     .type = PF_OPTION_CUSTOM,
     .decode = pf_schedconfig_keep_node,
     .offset = offsetof(struct pf_sched_args, args)},
};
static const struct pf_option_table args_table = PF_OPTION_TABLE(args_rows, struct pf_sched_args);

static const struct pf_option profile_rows[] = {
    {.key = "schedulerName",
     .type = PF_OPTION_STRING,
     .fallback = "default-scheduler",
     .min = 1,
     .max = 253,
     .offset = offsetof(struct pf_sched_profile, scheduler_name),
     .given_offset = PF_OPTION_GIVEN(struct pf_sched_profile, named)},
    {.key = "percentageOfNodesToScore",
     .type = PF_OPTION_INT,
     .min = 0,
     .max = 100,
     .offset = offsetof(struct pf_sched_profile, percentage)},
    {.key = "plugins", .type = PF_OPTION_OBJECT, .table = &point_table},
    {.key = "pluginConfig",
     .type = PF_OPTION_OBJECT_LIST,
     .table = &args_table,
     .offset = offsetof(struct pf_sched_profile, args)},
};
static const struct pf_option_table profile_table =
    PF_OPTION_TABLE(profile_rows, struct pf_sched_profile);

static const struct pf_option managed_rows[] = {
    {.key = "name",
     .type = PF_OPTION_STRING,
     .required = true,
     .offset = offsetof(struct resource, name)},
    {.key = "ignoredByScheduler",
     .type = PF_OPTION_BOOL,
     .offset = offsetof(struct resource, ignored)},
};
static const struct pf_option_table managed_table = PF_OPTION_TABLE(managed_rows, struct resource);

#define TEXT(key_, member_)                                                                   \
    {                                                                                         \
        .key = (key_), .type = PF_OPTION_STRING, .offset = offsetof(struct extender, member_) \
    }
static const struct pf_option extender_rows[] = {
    {.key = "urlPrefix",
     .type = PF_OPTION_STRING,
     .required = true,
     .offset = offsetof(struct extender, url)},
    TEXT("filterVerb", filter),
    TEXT("preemptVerb", preempt),
    TEXT("prioritizeVerb", prioritize),
    TEXT("bindVerb", bind),
    {.key = "weight", .type = PF_OPTION_INT, .offset = offsetof(struct extender, weight)},
    {.key = "enableHTTPS", .type = PF_OPTION_BOOL, .offset = offsetof(struct extender, https)},
    {.key = "tlsConfig", .type = PF_OPTION_CUSTOM, .decode = pf_schedconfig_accept},
    {.key = "httpTimeout", .type = PF_OPTION_CUSTOM, .decode = pf_schedconfig_accept},
    {.key = "nodeCacheCapable",
     .type = PF_OPTION_BOOL,
     .offset = offsetof(struct extender, cache_capable)},
    {.key = "managedResources",
     .type = PF_OPTION_OBJECT_LIST,
     .table = &managed_table,
     .offset = offsetof(struct extender, resources)},
    {.key = "ignorable", .type = PF_OPTION_BOOL, .offset = offsetof(struct extender, ignorable)},
};
static const struct pf_option_table extender_table =
    PF_OPTION_TABLE(extender_rows, struct extender);

static const struct pf_option_choice api_versions[] = {
    {.name = "kubescheduler.config.k8s.io/v1", .value = 1}, {.name = NULL}};
static const struct pf_option_choice kinds[] = {{.name = "KubeSchedulerConfiguration", .value = 1},
                                                {.name = NULL}};
#define NUMBER(key_)                                                                  \
    {                                                                                 \
        .key = (key_), .type = PF_OPTION_INT, .offset = offsetof(struct file, number) \
    }
#define FLAG(key_)                                                                   \
    {                                                                                \
        .key = (key_), .type = PF_OPTION_BOOL, .offset = offsetof(struct file, flag) \
    }
static const struct pf_option file_rows[] = {
    {.key = "apiVersion",
     .type = PF_OPTION_ENUM,
     .required = true,
     .choices = api_versions,
     .offset = offsetof(struct file, api_version)},
    {.key = "kind",
     .type = PF_OPTION_ENUM,
     .required = true,
     .choices = kinds,
     .offset = offsetof(struct file, kind)},
    NUMBER("parallelism"),
    {.key = "leaderElection", .type = PF_OPTION_CUSTOM, .decode = pf_schedconfig_accept},
    {.key = "clientConnection", .type = PF_OPTION_CUSTOM, .decode = pf_schedconfig_accept},
    FLAG("enableProfiling"),
    FLAG("enableContentionProfiling"),
    NUMBER("percentageOfNodesToScore"),
    NUMBER("podInitialBackoffSeconds"),
    NUMBER("podMaxBackoffSeconds"),
    {.key = "profiles",
     .type = PF_OPTION_OBJECT_LIST,
     .table = &profile_table,
     .min = 0,
     .max = PROFILES_MAX,
     .offset = offsetof(struct file, profiles)},
    {.key = "extenders",
     .type = PF_OPTION_OBJECT_LIST,
     .table = &extender_table,
     .offset = offsetof(struct file, extenders)},
    FLAG("delayCacheUntilActive"),
};
static const struct pf_option_table file_table = PF_OPTION_TABLE(file_rows, struct file);

void pf_schedconfig_note(struct pf_sched_notes *notes, const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args); /* cut off is good enough */
    va_end(args);
    if (notes->count == notes->cap) {
        const size_t cap = notes->cap != 0 ? 2 * notes->cap : 8;
        struct pf_sv *bigger = pf_arena_calloc(notes->arena, cap, sizeof(*bigger));
        if (bigger == NULL) {
            notes->no_memory = true;
            return;
        }
        if (notes->count != 0) {
            memcpy(bigger, notes->items, notes->count * sizeof(*bigger));
        }
        notes->items = bigger;
        notes->cap = cap;
    }
    if (!pf_arena_dup_sv(notes->arena, pf_sv_from(text), &notes->items[notes->count])) {
        notes->no_memory = true;
        return;
    }
    notes->count++;
}

static void check_names(const struct file *file, const struct pf_yaml_node *root,
                        struct pf_option_run *run)
{
    const struct pf_yaml_node *list = pf_yaml_get(root, "profiles");
    const struct pf_problems_path above = {.key = PF_SV("profiles")};
    for (size_t i = 0; i < file->profile_count; i++) {
        const struct pf_problems_path path = {.parent = &above, .index = i};
        const struct pf_sched_profile *profile = &file->profiles[i];
        if (file->profile_count > 1 && !profile->named) {
            pf_problems_add(run->problems, list->value.items[i]->mark, &path,
                            "required key 'schedulerName' is missing, one of several profiles "
                            "needs a name");
            continue;
        }
        for (size_t k = 0; k < i; k++) {
            if (pf_sv_eq(file->profiles[k].scheduler_name, profile->scheduler_name)) {
                pf_problems_add(run->problems, list->value.items[i]->mark, &path,
                                "another profile has the schedulerName '%.60s'",
                                profile->scheduler_name.ptr);
                break;
            }
        }
    }
}

/* The resources that extenders take from NodeResourcesFit, behind those that the profile ignores. */
static enum pf_code ignore_more(const struct file *file, struct pf_arena *arena,
                                struct pf_fit_profile *profile)
{
    size_t count = profile->ignored_resource_count;
    for (size_t i = 0; i < file->extender_count; i++) {
        count += file->extenders[i].resource_count;
    }
    struct pf_sv *all = pf_arena_calloc(arena, count + 1, sizeof(*all));
    if (all == NULL) {
        return PF_E_NO_MEMORY;
    }
    size_t used = 0;
    for (; used < profile->ignored_resource_count; used++) {
        all[used] = profile->ignored_resources[used];
    }
    for (size_t i = 0; i < file->extender_count; i++) {
        for (size_t k = 0; k < file->extenders[i].resource_count; k++) {
            if (file->extenders[i].resources[k].ignored) {
                all[used++] = file->extenders[i].resources[k].name;
            }
        }
    }
    profile->ignored_resources = all;
    profile->ignored_resource_count = used;
    return PF_OK;
}

static enum pf_code make_profile(const struct pf_sched_profile *from,
                                 const struct pf_problems_path *path, struct pf_option_run *run,
                                 struct pf_sched_notes *notes, struct pf_fit_profile *profile)
{
    struct pf_fit_scores *scores = pf_arena_calloc(run->arena, 1, sizeof(*scores));
    struct pf_sched_result result = {.profile = profile, .scores = scores};
    if (scores == NULL) {
        return PF_E_NO_MEMORY;
    }
    *scores = *pf_fit_scores_default();
    profile->scores = scores;
    profile->scheduler_name = from->scheduler_name;
    const enum pf_code code = pf_schedplugins_apply(from, notes, run->arena, &result);
    return code == PF_OK ? pf_schedargs_apply(from, path, run, notes, &result) : code;
}

static enum pf_code make_profiles(const struct file *file, struct pf_option_run *run,
                                  struct pf_sched_notes *notes, struct pf_schedconfig *config)
{
    static const struct pf_sched_profile by_default = {.scheduler_name =
                                                           PF_SV_INIT("default-scheduler")};
    const struct pf_problems_path list = {.key = PF_SV("profiles")};
    const size_t count = file->profile_count != 0 ? file->profile_count : 1;
    config->profiles = pf_arena_calloc(run->arena, count, sizeof(*config->profiles));
    enum pf_code code = config->profiles != NULL ? PF_OK : PF_E_NO_MEMORY;
    for (size_t i = 0; i < count && code == PF_OK; i++) {
        const struct pf_sched_profile *from =
            file->profile_count != 0 ? &file->profiles[i] : &by_default;
        const struct pf_problems_path path = {.parent = &list, .index = i};
        struct pf_fit_profile *profile = &config->profiles[i];
        code = make_profile(from, &path, run, notes, profile);
        if (code == PF_OK) {
            code = ignore_more(file, run->arena, profile);
        }
    }
    config->profile_count = count;
    return code;
}

static enum pf_code keep_resources(const struct extender *from, size_t index,
                                   struct pf_arena *arena, struct pf_fit_extender *extender)
{
    struct pf_sv *names = pf_arena_calloc(arena, from->resource_count + 1, sizeof(*names));
    if (names == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < from->resource_count; i++) {
        names[i] = from->resources[i].name;
    }
    *extender = (struct pf_fit_extender){
        .index = index, .resources = names, .resource_count = from->resource_count};
    return PF_OK;
}

static enum pf_code make_extenders(const struct file *file, struct pf_arena *arena,
                                   struct pf_sched_notes *notes, struct pf_schedconfig *config)
{
    config->extenders =
        pf_arena_calloc(arena, file->extender_count + 1, sizeof(*config->extenders));
    if (config->extenders == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < file->extender_count; i++) {
        const struct extender *from = &file->extenders[i];
        if (from->filter.len == 0) {
            pf_schedconfig_note(notes,
                                "extenders[%zu] does not filter: it has no part in the verdict", i);
            continue;
        }
        pf_schedconfig_note(
            notes,
            "extenders[%zu] filters nodes: verdicts %s are unknown, unless "
            "fit.extenders is ignore",
            i, from->resource_count != 0 ? "of pods that ask for its resources" : "of all pods");
        const enum pf_code code =
            keep_resources(from, i, arena, &config->extenders[config->extender_count++]);
        if (code != PF_OK) {
            return code;
        }
    }
    return PF_OK;
}

static enum pf_code read_tree(struct pf_sv yaml, struct pf_option_run *run,
                              const struct pf_yaml_node **ret_root)
{
    struct pf_err err = {0};
    const enum pf_code code = pf_yaml_parse_one(run->problems->file, yaml, PF_CONFIG_MAX_BYTES,
                                                run->arena, ret_root, &err);
    if (code != PF_OK && code != PF_E_NO_MEMORY) {
        struct pf_yaml_mark mark = {0};
        const char *text = pf_config_take_mark(run->problems->file, err.text, &mark);
        pf_problems_add(run->problems, mark, NULL, "%.600s", text);
        return PF_OK;
    }
    return code;
}

enum pf_code pf_schedconfig_parse(struct pf_sv yaml, struct pf_option_run *run,
                                  struct pf_schedconfig *ret_config)
{
    const struct pf_yaml_node *root = NULL;
    struct pf_sched_notes notes = {.arena = run->arena};
    struct pf_schedconfig config = {.profile_count = 0};
    struct file file = {.profile_count = 0};
    enum pf_code code = read_tree(yaml, run, &root);
    if (code != PF_OK || root == NULL) {
        return code;
    }
    code = pf_options_decode(&file_table, root, run, &file);
    if (code == PF_OK) {
        check_names(&file, root, run);
        code = make_profiles(&file, run, &notes, &config);
    }
    if (code == PF_OK) {
        code = make_extenders(&file, run->arena, &notes, &config);
    }
    if (code != PF_OK) {
        return code == PF_E_INVALID ? PF_OK : code; /* the problems tell */
    }
    config.notes = notes.items;
    config.note_count = notes.count;
    *ret_config = config;
    return notes.no_memory ? PF_E_NO_MEMORY : PF_OK;
}

#include "profile.h"

#include <podfit/buf.h>
#include <podfit/mem.h>

#define DEFAULT_NAME PF_SV("default-scheduler")
/* Names of profiles that a cause lists before it is cut. */
#define SHOWN_NAMES 5

static const struct pf_fit_profile default_profile = {
    .scheduler_name = PF_SV_INIT("default-scheduler"),
};

static const struct pf_fit_profile *source_of(const struct pf_fit_options *options, size_t i)
{
    return options->profile_count != 0 ? &options->profiles[i] : &default_profile;
}

static size_t count_names(const struct pf_fit_options *options, size_t profiles)
{
    size_t count = 0;
    for (size_t i = 0; i < profiles; i++) {
        const struct pf_fit_profile *source = source_of(options, i);
        count += options->ignored_resource_count + source->ignored_resource_count +
                 options->ignored_resource_group_count + source->ignored_resource_group_count;
    }
    return count;
}

/* Both lists, one after the other, at *at, which is moved behind them. */
static const struct pf_sv *join(struct pf_sv **at, const struct pf_sv *first, size_t first_count,
                                const struct pf_sv *second, size_t second_count)
{
    struct pf_sv *start = *at;
    for (size_t i = 0; i < first_count; i++) {
        *(*at)++ = first[i];
    }
    for (size_t i = 0; i < second_count; i++) {
        *(*at)++ = second[i];
    }
    return start;
}

static struct pf_fit_options options_of(const struct pf_fit_options *all,
                                        const struct pf_fit_profile *source, struct pf_sv **names)
{
    struct pf_fit_options options = *all;
    options.profiles = NULL;
    options.profile_count = 0;
    options.disabled |= source->disabled;
    options.points = source->points;
    options.ignored_resources = join(names, all->ignored_resources, all->ignored_resource_count,
                                     source->ignored_resources, source->ignored_resource_count);
    options.ignored_resource_count += source->ignored_resource_count;
    options.ignored_resource_groups =
        join(names, all->ignored_resource_groups, all->ignored_resource_group_count,
             source->ignored_resource_groups, source->ignored_resource_group_count);
    options.ignored_resource_group_count += source->ignored_resource_group_count;
    if (source->added_affinity.present) {
        options.added_affinity = source->added_affinity;
    }
    return options;
}

enum pf_code pf_profile_make_all(const struct pf_fit_options *options,
                                 struct pf_profiles *ret_profiles)
{
    const size_t count = options->profile_count != 0 ? options->profile_count : 1;
    struct pf_profiles profiles = {
        .items = pf_mem_calloc(count, sizeof(*profiles.items)),
        .names = pf_mem_calloc(count_names(options, count) + 1, sizeof(*profiles.names)),
        .count = count,
    };
    if (profiles.items == NULL || profiles.names == NULL) {
        pf_profile_done_all(&profiles);
        return PF_E_NO_MEMORY;
    }
    struct pf_sv *names = profiles.names;
    for (size_t i = 0; i < count; i++) {
        const struct pf_fit_profile *source = source_of(options, i);
        profiles.items[i] = (struct pf_profile){
            .options = options_of(options, source, &names),
            .source = source,
            .index = (uint32_t)i,
        };
    }
    *ret_profiles = profiles;
    return PF_OK;
}

void pf_profile_done_all(struct pf_profiles *profiles)
{
    free(profiles->items);
    free(profiles->names);
    *profiles = (struct pf_profiles){.count = 0};
}

const struct pf_profile *pf_profile_find(const struct pf_profiles *profiles, struct pf_sv name)
{
    const struct pf_sv wanted = name.len != 0 ? name : DEFAULT_NAME;
    for (size_t i = 0; i < profiles->count; i++) {
        if (pf_sv_eq(profiles->items[i].source->scheduler_name, wanted)) {
            return &profiles->items[i];
        }
    }
    return NULL;
}

const char *pf_profile_missing(const struct pf_profiles *profiles, struct pf_sv name,
                               struct pf_arena *arena)
{
    const struct pf_sv asked = name.len != 0 ? name : DEFAULT_NAME;
    const char *text =
        pf_arena_printf(arena, "spec.schedulerName is '%.*s', not '%.*s'", PF_SV_ARG(asked),
                        PF_SV_ARG(profiles->items[0].source->scheduler_name));
    for (size_t i = 1; i < profiles->count && text != NULL; i++) {
        if (i == SHOWN_NAMES) {
            return pf_arena_printf(arena, "%s or one of %zu more profiles", text,
                                   profiles->count - i);
        }
        text = pf_arena_printf(arena, "%s or '%.*s'", text,
                               PF_SV_ARG(profiles->items[i].source->scheduler_name));
    }
    return text;
}

static bool list_names(const struct pf_resource_list *list, struct pf_sv name)
{
    return pf_resource_list_find(list, name) != NULL;
}

/* Source: pkg/scheduler/extender.go, IsInterested: requests and limits of containers and init containers. */
static bool asks_extender(const struct pf_fit_extender *extender, const struct pf_pod *pod)
{
    for (size_t i = 0; i < extender->resource_count; i++) {
        for (size_t k = 0; k < pod->container_count; k++) {
            if (list_names(&pod->containers[k].requests, extender->resources[i]) ||
                list_names(&pod->containers[k].limits, extender->resources[i])) {
                return true;
            }
        }
    }
    return extender->resource_count == 0;
}

/* @return the first extender that would be asked for the pod, or NULL */
static const struct pf_fit_extender *find_extender(const struct pf_fit_options *options,
                                                   const struct pf_pod *pod)
{
    for (size_t i = 0; i < options->extender_count && !options->ignore_extenders; i++) {
        if (asks_extender(&options->extenders[i], pod)) {
            return &options->extenders[i];
        }
    }
    return NULL;
}

enum pf_code pf_profile_doubt(const struct pf_profile *profile, const struct pf_pod *pod,
                              struct pf_arena *arena, const char **ret_why)
{
    const struct pf_fit_profile *source = profile->source;
    const struct pf_fit_options *options = &profile->options;
    const struct pf_fit_extender *extender = find_extender(options, pod);
    const char *why = NULL;
    if (source->unmodelled.len != 0) {
        why = pf_arena_printf(arena, "profile '%.*s' of kube-scheduler: %.*s",
                              PF_SV_ARG(source->scheduler_name), PF_SV_ARG(source->unmodelled));
    } else if (source->foreign.len != 0 && !options->ignore_extenders) {
        why = pf_arena_printf(arena, "profile '%.*s' of kube-scheduler has %.*s",
                              PF_SV_ARG(source->scheduler_name), PF_SV_ARG(source->foreign));
    } else if (extender != NULL) {
        why = pf_arena_printf(
            arena,
            "extenders[%zu] of kube-scheduler filters nodes, too, and podfit does not ask it",
            extender->index);
    } else {
        return PF_OK;
    }
    if (why == NULL) {
        return PF_E_NO_MEMORY;
    }
    *ret_why = why;
    return PF_OK;
}

enum pf_code pf_fit_tell_schedulers(struct pf_model *model, const struct pf_fit_options *options,
                                    struct pf_err *err)
{
    const size_t count = options->profile_count;
    pf_autofree struct pf_sv *names = pf_mem_calloc(count + 1, sizeof(*names));
    enum pf_code code = names != NULL ? PF_OK : PF_E_NO_MEMORY;
    for (size_t i = 0; i < count && code == PF_OK; i++) {
        names[i] = options->profiles[i].scheduler_name;
    }
    if (code == PF_OK) {
        code = pf_model_set_schedulers(model, names, count);
    }
    return code == PF_OK ? PF_OK : pf_err_set(err, code, "out of memory");
}

#include "schedconfig.h"

/* Plug-ins of kube-scheduler 1.33 to 1.36 in the order in which multiPoint enables them. */
static const struct {
    const char *name;
    bool by_default; /* whatever the feature gates */
} plugins[] = {
    {"SchedulingGates", true},
    {"PrioritySort", true},
    {"NodeUnschedulable", true},
    {"NodeName", true},
    {"TaintToleration", true},
    {"NodeAffinity", true},
    {"NodePorts", true},
    {"NodeResourcesFit", true},
    {"VolumeRestrictions", true},
    {"NodeVolumeLimits", true},
    {"VolumeBinding", true},
    {"VolumeZone", true},
    {"PodTopologySpread", true},
    {"InterPodAffinity", true},
    {"DynamicResources", true},
    {"DefaultPreemption", true},
    {"NodeResourcesBalancedAllocation", true},
    {"ImageLocality", true},
    {"DefaultBinder", true},
    {"NodeDeclaredFeatures", true},
    {"GangScheduling", false},
    {"TopologyPlacementGenerator", false},
    {"PodGroupPodsCount", false},
};

/* Filters without a PreFilter of their own. */
#define NO_PRE_FILTER                                                 \
    (1U << PF_FILTER_NODE_UNSCHEDULABLE | 1U << PF_FILTER_NODE_NAME | \
     1U << PF_FILTER_TAINT_TOLERATION)
/* Filters whose PreFilter excludes pods or nodes: switching off `filter` leaves that. */
#define PRE_FILTER_DECIDES                                                 \
    (1U << PF_FILTER_NODE_AFFINITY | 1U << PF_FILTER_VOLUME_RESTRICTIONS | \
     1U << PF_FILTER_VOLUME_BINDING | 1U << PF_FILTER_VOLUME_ZONE)
/* Filters that find out by themselves what their PreFilter has not left; the others fail with an error. */
#define WITHOUT_PRE_FILTER                                                \
    (1U << PF_FILTER_NODE_AFFINITY | 1U << PF_FILTER_NODE_VOLUME_LIMITS | \
     1U << PF_FILTER_VOLUME_ZONE)

const char *pf_sched_point_name(enum pf_sched_point point)
{
    static const char *const names[PF_SCHED_POINTS] = {
        "preEnqueue", "queueSort", "preFilter",         "filter",         "postFilter",
        "preScore",   "score",     "reserve",           "permit",         "preBind",
        "bind",       "postBind",  "placementGenerate", "placementScore", "multiPoint",
    };
    return names[point];
}

static size_t find_plugin(struct pf_sv name)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(plugins); i++) {
        if (pf_sv_eq_cstr(name, plugins[i].name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool lists(const struct pf_sched_plugins *list, struct pf_sv name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (pf_sv_eq(list->items[i].name, name)) {
            return true;
        }
    }
    return false;
}

static bool switches_off(const struct pf_sched_set *set, struct pf_sv name)
{
    return lists(&set->disabled, PF_SV("*")) || lists(&set->disabled, name);
}

/* Does multiPoint, merged with the default one, enable the plug-in? Source: mergePluginSet in apis/config/v1/default_plugins.go */
static bool on_at_multi_point(const struct pf_sched_profile *profile, struct pf_sv name)
{
    const struct pf_sched_set *multi = &profile->points[PF_SCHED_MULTI_POINT];
    const size_t i = find_plugin(name);
    const bool by_default = i != SIZE_MAX && plugins[i].by_default;
    return lists(&multi->enabled, name) || (by_default && !switches_off(multi, name));
}

/* Source: expandMultiPointPlugins in framework/runtime/framework.go */
static bool is_on(const struct pf_sched_profile *profile, enum pf_sched_point point,
                  struct pf_sv name)
{
    const struct pf_sched_set *set = &profile->points[point];
    return lists(&set->enabled, name) ||
           (!switches_off(set, name) && on_at_multi_point(profile, name));
}

/* ---- the order of the filters ---- */

struct order {
    int last;
    bool changed;
};

static void see(struct order *order, struct pf_sv name)
{
    enum pf_filter_id filter = PF_FILTER_COUNT;
    if (pf_filter_find(name, &filter)) {
        order->changed = order->changed || (int)filter < order->last;
        order->last = (int)filter;
    }
}

static void see_multi_point(struct order *order, const struct pf_sched_profile *profile,
                            struct pf_sv name)
{
    const struct pf_sched_set *filter = &profile->points[PF_SCHED_FILTER];
    if (!switches_off(filter, name) && !lists(&filter->enabled, name)) {
        see(order, name);
    }
}

/* Overrides of multiPoint, what is left of multiPoint, the rest of `filter`. */
static bool order_differs(const struct pf_sched_profile *profile)
{
    const struct pf_sched_set *filter = &profile->points[PF_SCHED_FILTER];
    const struct pf_sched_set *multi = &profile->points[PF_SCHED_MULTI_POINT];
    struct order order = {.last = -1};
    for (size_t i = 0; i < filter->enabled.count; i++) {
        const struct pf_sv name = filter->enabled.items[i].name;
        if (on_at_multi_point(profile, name) && !switches_off(filter, name)) {
            see(&order, name);
        }
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(plugins); i++) {
        const struct pf_sv name = pf_sv_from(plugins[i].name);
        if (plugins[i].by_default && !switches_off(multi, name)) {
            see_multi_point(&order, profile, name);
        }
    }
    for (size_t i = 0; i < multi->enabled.count; i++) {
        const struct pf_sv name = multi->enabled.items[i].name;
        const size_t known = find_plugin(name);
        if (known == SIZE_MAX || !plugins[known].by_default || switches_off(multi, name)) {
            see_multi_point(&order, profile, name);
        }
    }
    for (size_t i = 0; i < filter->enabled.count; i++) {
        const struct pf_sv name = filter->enabled.items[i].name;
        if (!on_at_multi_point(profile, name) || switches_off(filter, name)) {
            see(&order, name);
        }
    }
    return order.changed;
}

/* ---- what podfit does not model ---- */

static bool decides(enum pf_sched_point point)
{
    return point != PF_SCHED_QUEUE_SORT && point != PF_SCHED_PRE_SCORE && point != PF_SCHED_SCORE &&
           point != PF_SCHED_POST_BIND && point != PF_SCHED_PLACEMENT_GENERATE &&
           point != PF_SCHED_PLACEMENT_SCORE;
}

/* A plug-in that is not kube-scheduler's own. @return false: no memory */
static bool meet_foreign(const struct pf_sched_profile *from, enum pf_sched_point point,
                         struct pf_sv name, struct pf_sched_notes *notes,
                         struct pf_fit_profile *profile)
{
    const char *const where = pf_sched_point_name(point);
    const bool matters = decides(point);
    pf_schedconfig_note(notes, "profile '%.*s': out-of-tree plug-in '%.*s' at %s%s",
                        PF_SV_ARG(from->scheduler_name), PF_SV_ARG(name), where,
                        matters ? ": verdicts are unknown, unless fit.extenders is ignore"
                        : point == PF_SCHED_SCORE
                            ? " is not asked: podfit expects a pod where the other scores place it"
                            : " has no part in the verdict");
    if (!matters || profile->foreign.len != 0) {
        return true;
    }
    const char *text = pf_arena_printf(
        notes->arena, "an out-of-tree plug-in, '%.*s' at %s, which podfit does not ask",
        PF_SV_ARG(name), where);
    profile->foreign = pf_sv_from(text);
    return text != NULL;
}

/* Each is noted; one that can refuse a pod makes the verdict unknown. */
static enum pf_code apply_foreign(const struct pf_sched_profile *from, struct pf_sched_notes *notes,
                                  struct pf_fit_profile *profile)
{
    for (unsigned point = 0; point < PF_SCHED_POINTS; point++) {
        const struct pf_sched_plugins *enabled = &from->points[point].enabled;
        for (size_t i = 0; i < enabled->count; i++) {
            const struct pf_sv name = enabled->items[i].name;
            if (find_plugin(name) == SIZE_MAX &&
                !meet_foreign(from, (enum pf_sched_point)point, name, notes, profile)) {
                return PF_E_NO_MEMORY;
            }
        }
    }
    return PF_OK;
}

/* @return false: no memory */
static bool set_unmodelled(struct pf_fit_profile *profile, struct pf_arena *arena, const char *name,
                           const char *why)
{
    if (profile->unmodelled.len != 0) {
        return true;
    }
    const char *text =
        pf_arena_printf(arena, "plug-in %s %s, which podfit does not model", name, why);
    profile->unmodelled = pf_sv_from(text);
    return text != NULL;
}

/*
 * DynamicResources that prepares and does not filter counts as on: pods without devices are not touched, and those with devices are undecided either way, as
 * kube-scheduler fails to reserve what Filter has not chosen.
 */
static void apply_filter(const struct pf_sched_profile *from, enum pf_filter_id filter,
                         struct pf_sched_notes *notes, struct pf_fit_profile *profile)
{
    const char *name = pf_filter_name(filter);
    const unsigned bit = 1U << filter;
    const bool filters = is_on(from, PF_SCHED_FILTER, pf_sv_from(name));
    const bool prepares =
        (NO_PRE_FILTER & bit) != 0 ? filters : is_on(from, PF_SCHED_PRE_FILTER, pf_sv_from(name));
    if (filters && !prepares && (WITHOUT_PRE_FILTER & bit) != 0) {
        profile->points.unprepared |= bit;
    } else if (filters && !prepares) {
        profile->points.broken |= bit;
        profile->disabled |= bit;
        pf_schedconfig_note(notes,
                            "profile '%.*s': plug-in %s is on at filter and off at preFilter: "
                            "kube-scheduler fails on each node that gets to it",
                            PF_SV_ARG(from->scheduler_name), name);
    } else if (!filters && prepares && (PRE_FILTER_DECIDES & bit) != 0) {
        profile->points.prepared |= bit;
    } else if (!filters && !(prepares && filter == PF_FILTER_DYNAMIC_RESOURCES)) {
        profile->disabled |= bit;
    }
}

/* getValidScoreWeights(): `score` comes before multiPoint, and no weight is 1 where a plug-in is named. */
static int64_t weight_of(const struct pf_sched_profile *from, struct pf_sv name, int64_t by_default)
{
    const enum pf_sched_point points[] = {PF_SCHED_SCORE, PF_SCHED_MULTI_POINT};
    for (size_t i = 0; i < PF_ARRAY_LEN(points); i++) {
        const struct pf_sched_plugins *enabled = &from->points[points[i]].enabled;
        for (size_t k = 0; k < enabled->count; k++) {
            if (pf_sv_eq(enabled->items[k].name, name)) {
                return enabled->items[k].weight != 0 ? enabled->items[k].weight : 1;
            }
        }
    }
    return by_default;
}

/* Score plug-ins that fail without what their PreScore found. The others find it themselves. */
static bool needs_pre_score(enum pf_score_id id)
{
    return id == PF_SCORE_TAINT_TOLERATION || id == PF_SCORE_POD_TOPOLOGY_SPREAD ||
           id == PF_SCORE_INTER_POD_AFFINITY;
}

static void apply_scores(const struct pf_sched_profile *from, struct pf_sched_notes *notes,
                         struct pf_sched_result *result)
{
    for (unsigned i = 0; i < PF_SCORE_COUNT; i++) {
        const enum pf_score_id id = (enum pf_score_id)i;
        const struct pf_sv name = pf_sv_from(pf_fit_score_name(id));
        int64_t *weight = &result->scores->weights[i];
        *weight = is_on(from, PF_SCHED_SCORE, name) ? weight_of(from, name, *weight) : 0;
        const bool prepares = is_on(from, PF_SCHED_PRE_SCORE, name);
        result->scores->only_prepared |= *weight == 0 && prepares ? 1U << i : 0;
        if (*weight != 0 && needs_pre_score(id) && !prepares) {
            result->scores->broken |= 1U << i;
            pf_schedconfig_note(notes,
                                "profile '%.*s': plug-in %s is on at score and off at preScore: "
                                "kube-scheduler fails where several nodes fit",
                                PF_SV_ARG(from->scheduler_name), name.ptr);
        }
    }
}

enum pf_code pf_schedplugins_apply(const struct pf_sched_profile *from,
                                   struct pf_sched_notes *notes, struct pf_arena *arena,
                                   struct pf_sched_result *result)
{
    struct pf_fit_profile *profile = result->profile;
    for (unsigned i = 0; i < PF_FILTER_COUNT; i++) {
        apply_filter(from, (enum pf_filter_id)i, notes, profile);
    }
    const struct pf_sv claims = PF_SV("DynamicResources");
    profile->points.claims_silent = !is_on(from, PF_SCHED_POST_FILTER, claims);
    profile->points.claims_unready = !is_on(from, PF_SCHED_PRE_FILTER, claims);
    apply_scores(from, notes, result);
    if (!is_on(from, PF_SCHED_PRE_ENQUEUE, PF_SV("SchedulingGates")) &&
        !set_unmodelled(profile, arena, "SchedulingGates", "is off")) {
        return PF_E_NO_MEMORY;
    }
    profile->no_preemption = !is_on(from, PF_SCHED_POST_FILTER, PF_SV("DefaultPreemption"));
    if (profile->unmodelled.len != 0) {
        pf_schedconfig_note(notes, "profile '%.*s': %.*s: verdicts are unknown",
                            PF_SV_ARG(from->scheduler_name), PF_SV_ARG(profile->unmodelled));
    }
    if (order_differs(from)) {
        pf_schedconfig_note(notes,
                            "profile '%.*s': filters in another order than by default; where "
                            "several exclude a node podfit names the one that is first by default",
                            PF_SV_ARG(from->scheduler_name));
    }
    return apply_foreign(from, notes, profile);
}

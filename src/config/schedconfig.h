#ifndef PODFIT_SCHEDCONFIG_H
#define PODFIT_SCHEDCONFIG_H

/**
 * Internal to config: KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1) as kube-scheduler reads it, reduced to what changes a verdict.
 *
 * Sources (facts): staging/src/k8s.io/kube-scheduler/config/v1, pkg/scheduler/apis/config/{v1,validation}, framework/runtime (multiPoint).
 */

#include <podfit/fit.h>
#include <podfit/options.h>

/** What a file says. */
struct pf_schedconfig {
    struct pf_fit_profile *profiles; /**< at least one */
    size_t profile_count;
    struct pf_fit_extender *extenders; /**< those that filter */
    size_t extender_count;
    struct pf_sv *notes; /**< a sentence for each thing that podfit does not model */
    size_t note_count;
};

/** Extension points, in the order of the file format. */
enum pf_sched_point {
    PF_SCHED_PRE_ENQUEUE,        /**< before the queue */
    PF_SCHED_QUEUE_SORT,         /**< order of the queue */
    PF_SCHED_PRE_FILTER,         /**< once for a pod */
    PF_SCHED_FILTER,             /**< for a node */
    PF_SCHED_POST_FILTER,        /**< when no node fits: preemption */
    PF_SCHED_PRE_SCORE,          /**< before scores */
    PF_SCHED_SCORE,              /**< which of the nodes */
    PF_SCHED_RESERVE,            /**< may refuse the chosen node */
    PF_SCHED_PERMIT,             /**< may refuse or wait */
    PF_SCHED_PRE_BIND,           /**< may fail */
    PF_SCHED_BIND,               /**< may fail */
    PF_SCHED_POST_BIND,          /**< informative */
    PF_SCHED_PLACEMENT_GENERATE, /**< of groups of pods, 1.36 */
    PF_SCHED_PLACEMENT_SCORE,    /**< of groups of pods, 1.36 */
    PF_SCHED_MULTI_POINT,        /**< all that a plug-in implements */
    PF_SCHED_POINTS,             /**< how many there are */
};
/** `multiPoint`. Static. */
const char *pf_sched_point_name(enum pf_sched_point point);

struct pf_sched_plugin {
    struct pf_sv name;
    int64_t weight; /**< 0: not given */
};

struct pf_sched_plugins {
    struct pf_sched_plugin *items;
    size_t count;
};

/** One extension point of a profile. */
struct pf_sched_set {
    struct pf_sched_plugins enabled;
    struct pf_sched_plugins disabled; /**< `*`: all of the default ones */
};

/** One entry of pluginConfig. */
struct pf_sched_args {
    struct pf_sv name;
    const struct pf_yaml_node *args; /**< NULL: none */
};

struct pf_sched_profile {
    struct pf_sv scheduler_name;
    bool named;
    int64_t percentage;
    struct pf_sched_set points[PF_SCHED_POINTS];
    struct pf_sched_args *args;
    size_t args_count;
};

/** Collects the notes of a file. */
struct pf_sched_notes {
    struct pf_arena *arena;
    struct pf_sv *items;
    size_t count;
    size_t cap;
    bool no_memory;
};
/** The profile that is made, and how it scores. */
struct pf_sched_result {
    struct pf_fit_profile *profile;
    struct pf_fit_scores *scores; /**< profile->scores */
};

/** Decode hook that keeps a value as it stands: the member is a const struct pf_yaml_node *. */
enum pf_code pf_schedconfig_keep_node(struct pf_option_run *run, const struct pf_yaml_node *node,
                                      const struct pf_problems_path *path, void *field);
/** Decode hook for a value that changes nothing. */
enum pf_code pf_schedconfig_accept(struct pf_option_run *run, const struct pf_yaml_node *node,
                                   const struct pf_problems_path *path, void *field);

/** Add a note; running out of memory is remembered. */
void pf_schedconfig_note(struct pf_sched_notes *notes, const char *format, ...) PF_PRINTF(2, 3);

/**
 * Read a file.
 *
 * @param yaml  borrowed for the call
 * @param run   problems are added to run->problems (whose `file` names it) and PF_OK is returned; memory comes from run->arena
 * @param[out] ret_config  of use when no problem was added
 * @return PF_OK, PF_E_NO_MEMORY
 */
enum pf_code pf_schedconfig_parse(struct pf_sv yaml, struct pf_option_run *run,
                                  struct pf_schedconfig *ret_config) PF_MUST_CHECK;

/** Which filters run, what scores with which weight, what podfit cannot model: disabled, foreign, unmodelled and no_preemption of the profile. (schedplugins.c) */
enum pf_code pf_schedplugins_apply(const struct pf_sched_profile *from,
                                   struct pf_sched_notes *notes, struct pf_arena *arena,
                                   struct pf_sched_result *result) PF_MUST_CHECK;

/** Decode and check pluginConfig. @return as pf_schedconfig_parse() (schedargs.c) */
enum pf_code pf_schedargs_apply(const struct pf_sched_profile *from,
                                const struct pf_problems_path *path, struct pf_option_run *run,
                                struct pf_sched_notes *notes,
                                struct pf_sched_result *result) PF_MUST_CHECK;

#endif

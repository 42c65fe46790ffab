#ifndef PODFIT_PLAN_CALC_H
#define PODFIT_PLAN_CALC_H

/** What a plan says: how many projects fit by which constraint, what would make a wanted number fit, what they cost. */

#include "plan_cost.h"
#include "plan_pod.h"
#include "plan_world.h"

/** One side of a plan: everything that --what-if can change, by value. Strings are borrowed. */
struct pf_plan_settings {
    struct pf_class class_; /**< without quota and percents: the pod as it is */
    struct pf_sv pod_json;
    struct pf_sv namespace_;
    const struct pf_kube_features *features;
    struct pf_plan_amounts usage;
    struct pf_plan_price price;
    bool price_by_requests; /**< otherwise by limits */
    int64_t hours_per_day;
    int64_t days_per_month;
    int64_t volume;                      /**< bytes a project; 0: none */
    int64_t projects;                    /**< wanted; 0: not said, see users */
    int64_t users;                       /**< 0: not said */
    struct pf_decimal users_per_pod;     /**< digits 0: not said */
    struct pf_decimal projects_per_user; /**< digits 0: not said */
    int64_t users_per_hub;               /**< 0: not said */
    struct pf_plan_world_change change;  /**< of nodes */
    uint32_t add;                        /**< nodes more, like the most usual one */
};

/** Constraints of one basis: how many fit by this one alone. */
struct pf_plan_line {
    enum pf_plan_basis basis;
    struct pf_sv constraint; /**< `pods`, `cpu`, ... */
    uint64_t total;          /**< over all nodes */
    uint64_t
        node_least; /**< on the node with the fewest, and with the most, of the nodes that count */
    uint64_t node_most;
};

/** Nodes for which everything below is equal. */
struct pf_plan_group {
    struct pf_sv first; /**< name, in name order */
    uint32_t nodes;
    bool counts;        /**< a project may run here: no filter other than resources excludes it */
    const char *plugin; /**< the filter that excludes these nodes; NULL */
    int64_t milli_cpu;  /**< allocatable */
    int64_t memory;
    int64_t pods;
    int64_t used_milli_cpu; /**< requests of what runs and waits there */
    int64_t used_memory;
    int64_t used_pods;
    uint64_t slots; /**< projects that fit on each */
    struct pf_sv binding;
};

/** A change that makes the wanted number fit: `mem_oc` to `12.5`. */
struct pf_plan_setting {
    const char *key; /**< as --what-if takes it; static */
    char value[24];
};
#define PF_PLAN_RATIOS_MAX 2
/** What would make the wanted number fit, each alone; every one was tried with the fit engine. */
struct pf_plan_remedies {
    int64_t pods;      /**< smallest pod limit of every node; 0: no limit helps */
    uint32_t more;     /**< smallest number of nodes more; 0: none helps */
    struct pf_sv like; /**< the node that is multiplied */
    struct pf_plan_setting
        ratios[PF_PLAN_RATIOS_MAX]
              [2]; /**< alternatives of one change or two (key NULL: no second one) */
    size_t ratio_count;
};

struct pf_plan {
    struct pf_plan_pod pod;
    struct pf_request request
        [PF_PLAN_BASIS_COUNT]; /**< of one project; usage and limits only where they are known */
    uint32_t nodes;
    uint32_t nodes_counting; /**< that a project may run on */
    int64_t milli_cpu;       /**< allocatable of those */
    int64_t memory;
    int64_t pods;
    int64_t used_milli_cpu;
    int64_t used_memory;
    int64_t used_pods;
    struct pf_plan_line *lines;
    size_t line_count;
    uint64_t admitted;    /**< projects that the scheduler places: the judge's slots */
    uint64_t fits;        /**< of those, that also have room for their expected use */
    size_t binding;       /**< index of the line that runs out first; line_count: none */
    size_t next;          /**< index of the next one; line_count: none */
    struct pf_sv message; /**< kube-scheduler's, when none fits */
    struct pf_plan_group *groups;
    size_t group_count;
    int64_t wanted; /**< projects asked for; 0: none */
    int64_t users;
    int64_t hubs;                     /**< 0: not asked */
    struct pf_plan_remedies remedies; /**< when the wanted number does not fit */
    int64_t bought; /**< projects that totals and cost are about: wanted, or what fits */
    int64_t total_milli_cpu[PF_PLAN_BASIS_COUNT];
    int64_t total_memory[PF_PLAN_BASIS_COUNT];
    int64_t total_volume;
    struct pf_plan_cost cost;
};

/**
 * Make a plan. The world is left as it was.
 *
 * @param arena  takes the result
 * @return PF_OK; PF_E_INVALID, PF_E_UNSUPPORTED (the pod cannot be planned, the text says why), PF_E_RANGE (sums), PF_E_NO_MEMORY
 */
enum pf_code pf_plan_calc(const struct pf_plan_settings *settings, struct pf_plan_world *world,
                          struct pf_arena *arena, struct pf_plan *ret_plan,
                          struct pf_err *err) PF_MUST_CHECK;

/** Every project uses its limits, and what runs already what it requests: the model does not keep limits of running pods. */
struct pf_plan_worst {
    int64_t projects; /**< those that fit, no more than PF_PLAN_COUNT_MAX */
    bool has_cpu;     /**< CPU is limited */
    bool has_memory;
    int64_t milli_cpu; /**< saturating */
    int64_t memory;
};
struct pf_plan_worst pf_plan_calc_worst(const struct pf_plan *plan);

/** Answers of the fit engine to one set of settings, node by node in name order; usage and limits only where they are known. */
struct pf_plan_answers {
    struct pf_plan_pod pod;
    struct pf_explanation by[PF_PLAN_BASIS_COUNT];
    uint64_t fits; /**< sum over nodes of what fits by requests and by expected use */
};
/** Ask. @param all  limits, too @return as pf_plan_calc() */
enum pf_code pf_plan_calc_ask(const struct pf_plan_settings *settings, struct pf_plan_world *world,
                              bool all, struct pf_arena *arena, struct pf_plan_answers *ret_answers,
                              struct pf_err *err) PF_MUST_CHECK;

/** Does a filter other than resources let the project onto this node? */
static inline bool pf_plan_calc_counts(const struct pf_fit_node *node)
{
    return node->room != NULL;
}

/** Which node is multiplied when nodes are added: the most usual size of those that count, of equals the one with most pod slots. @return false: none counts */
bool pf_plan_usual_find(const struct pf_explanation *explanation, struct pf_plan_world *world,
                        size_t *ret_like) PF_MUST_CHECK;

/** Where a search starts. */
struct pf_plan_remedy_task {
    const struct pf_plan_settings *settings;
    struct pf_plan_world *world;
    struct pf_plan_world_shape shape; /**< of the world at present */
    bool growable;                    /**< shape.like is a node that takes the project */
    int64_t wanted;
    uint64_t fits;     /**< at present, fewer than wanted */
    int64_t used_pods; /**< most pods that run on one node */
};
/** Look for what would make the wanted number fit. The world may be in another shape afterwards. @return as pf_plan_calc() */
enum pf_code pf_plan_remedy_find(const struct pf_plan_remedy_task *task,
                                 struct pf_plan_remedies *ret_remedies,
                                 struct pf_err *err) PF_MUST_CHECK;

/** Projects that users need: users / users a pod, or users x projects a user, rounded up. @return PF_OK or PF_E_RANGE */
enum pf_code pf_plan_calc_wanted(const struct pf_plan_settings *settings, int64_t *ret_wanted,
                                 struct pf_err *err) PF_MUST_CHECK;

#endif

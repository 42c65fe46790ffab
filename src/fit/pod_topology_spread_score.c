#include <math.h>

#include "default_spread.h"
#include "score.h"
#include "tally.h"
#include "topology.h"
#include <podfit/limits.h>

/* Source: pkg/scheduler/framework/plugins/podtopologyspread/scoring.go. */

#define SPREADS_MAX 63U
/* Of a group's memo: it was asked. */
#define KNOWN (UINT64_C(1) << SPREADS_MAX)

/** One pass. */
struct pass {
    const struct pf_score_input *in;
    struct pf_topology_plan *plan;
    bool *hostname;   /* by constraint: its key is kubernetes.io/hostname, so a domain is a node */
    double *weight;   /* by constraint: of a pod in a domain */
    uint64_t *memo;   /* by group: constraints that count its pods, and KNOWN */
    uint64_t *counts; /* by constraint: pods on the node at hand */
    bool *ignored;    /* by candidate: lacks a key */
    uint32_t ignored_count;
    bool all_keys; /* only nodes with all keys take part */
    bool by_host;  /* a constraint has kubernetes.io/hostname */
    struct pf_tally tally;
};

/* A profile that lists constraints of its own gives them to the pod: pf_default_spread_add(). */
static bool has_system_defaults(const struct pf_filter_input *input)
{
    return input->profile == NULL || !input->profile->default_spreads_listed;
}

static bool matters(const struct pf_filter_input *input)
{
    const struct pf_pod *pod = input->question->pod;
    for (size_t i = 0; i < pod->spread_count; i++) {
        if (pod->spreads[i].schedule_anyway) {
            return true;
        }
    }
    return pod->spread_count == 0 && has_system_defaults(input) &&
           pf_default_spread_applies(input->model, pod);
}

/* The pod's own, or the system's for a pod without any; marked as a plan takes them. @return false: no memory */
static bool list_constraints(const struct pf_score_input *in, struct pf_spread **ret_spreads,
                             size_t *ret_count)
{
    const struct pf_pod *pod = in->input->question->pod;
    if (pod->spread_count == 0) {
        *ret_count = 0;
        return !has_system_defaults(in->input) ||
               pf_default_spread_build(in->input->model, pod, in->arena, ret_spreads, ret_count) ==
                   PF_OK;
    }
    struct pf_spread *spreads = pf_arena_calloc(in->arena, pod->spread_count, sizeof(*spreads));
    size_t count = 0;
    for (size_t i = 0; spreads != NULL && i < pod->spread_count; i++) {
        if (pod->spreads[i].schedule_anyway) {
            spreads[count] = pod->spreads[i];
            spreads[count++].do_not_schedule = true;
        }
    }
    *ret_spreads = spreads;
    *ret_count = count;
    return spreads != NULL;
}

/* The constraints that score as those of a plan. @return PF_OK with *ret_plan NULL: none, or more than podfit compares */
static enum pf_code build_plan(const struct pf_score_input *in, struct pf_topology_plan **ret_plan)
{
    const struct pf_filter_input *input = in->input;
    struct pf_pod soft = *input->question->pod;
    if (!list_constraints(in, &soft.spreads, &soft.spread_count)) {
        return PF_E_NO_MEMORY;
    }
    const size_t count = soft.spread_count;
    const struct pf_question question = {.pod = &soft,
                                         .active = 1U << PF_FILTER_POD_TOPOLOGY_SPREAD};
    if (count == 0 || count > SPREADS_MAX) {
        return PF_OK;
    }
    struct pf_topology_plan *plan = NULL;
    const enum pf_code code =
        pf_topology_plan_build(&question, input->options, NULL, 0, in->arena, &plan);
    if (code == PF_OK && !pf_score_is_too_much(input, pf_topology_plan_work(plan))) {
        pf_topology_plan_resolve(plan, input->strings);
        *ret_plan = plan;
    }
    return code == PF_E_NO_MEMORY ? code : PF_OK;
}

static uint32_t value_of(const struct pass *pass, uint32_t slot, uint32_t spread)
{
    const struct pf_topology_plan *plan = pass->plan;
    return pf_topology_value(pass->in->input, slot, plan->key_ids[plan->spreads[spread].axis]);
}

static bool has_all_keys(const struct pass *pass, uint32_t slot)
{
    for (uint32_t i = 0; i < pass->plan->spread_count; i++) {
        if (value_of(pass, slot, i) == PF_INTERN_NONE) {
            return false;
        }
    }
    return true;
}

/* Pods on the node by constraint. */
static void count_slot(struct pass *pass, uint32_t slot)
{
    const struct pf_model *model = pass->in->input->model;
    uint32_t count = 0;
    const struct pf_slot_group *groups = pf_model_slot_groups(model, slot, &count);
    for (uint32_t i = 0; i < pass->plan->spread_count; i++) {
        pass->counts[i] = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t *memo = &pass->memo[groups[i].group];
        if (*memo == 0) {
            *memo = KNOWN | pf_topology_mask(pass->plan, model, groups[i].group, /* raw= */ false);
        }
        for (uint64_t mask = *memo & ~KNOWN; mask != 0; mask &= mask - 1) {
            pass->counts[__builtin_ctzll(mask)] += groups[i].pods;
        }
    }
}

/* initPreScoreState: domains are those of the nodes that passed the filters; a node without the key is of the domain "". */
static enum pf_code find_domains(struct pass *pass)
{
    const struct pf_score_input *in = pass->in;
    const uint32_t spreads = pass->plan->spread_count;
    uint32_t *domains = pf_arena_calloc(in->arena, spreads, sizeof(*domains));
    if (domains == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (uint32_t k = 0; k < in->count; k++) {
        if (pass->all_keys && !has_all_keys(pass, in->slots[k])) {
            pass->ignored[k] = true;
            pass->ignored_count++;
            continue;
        }
        for (uint32_t i = 0; i < spreads; i++) {
            const size_t before = pass->tally.count;
            if (!pass->hostname[i] &&
                pf_tally_enter(&pass->tally, i, value_of(pass, in->slots[k], i)) == NULL) {
                return PF_E_NO_MEMORY;
            }
            domains[i] += pass->tally.count != before ? 1 : 0;
        }
    }
    for (uint32_t i = 0; i < spreads; i++) {
        const uint32_t size = pass->hostname[i] ? in->count - pass->ignored_count : domains[i];
        pass->weight[i] = log((double)size + 2);
    }
    return PF_OK;
}

/* matchNodeInclusionPolicies */
static bool is_included(const struct pf_filter_input *input, const struct pf_spread *spread,
                        struct pf_filter_target *target)
{
    return (spread->ignore_node_affinity || pf_node_affinity_matches(input, target)) &&
           (!spread->honor_node_taints || pf_taint_toleration_passes(input, target));
}

/* PreScore: pods of all nodes, also of those that did not pass, in the domains found. */
static void count_domains(struct pass *pass)
{
    const struct pf_filter_input *input = pass->in->input;
    for (uint32_t slot = 0; slot < input->columns->count; slot++) {
        if (input->columns->shape[slot] == PF_SHAPE_NONE ||
            (pass->all_keys && !has_all_keys(pass, slot))) {
            continue;
        }
        struct pf_filter_target target = {
            .slot = slot, .shape = pf_model_shape(input->model, input->columns->shape[slot])};
        count_slot(pass, slot);
        for (uint32_t i = 0; i < pass->plan->spread_count; i++) {
            int64_t *sum = pass->counts[i] != 0 && !pass->hostname[i]
                               ? pf_tally_find(&pass->tally, i, value_of(pass, slot, i))
                               : NULL;
            if (sum != NULL && is_included(input, pass->plan->spreads[i].text, &target)) {
                *sum += (int64_t)pass->counts[i];
            }
        }
    }
}

static int64_t score_of(struct pass *pass, uint32_t slot)
{
    double score = 0;
    if (pass->by_host) {
        count_slot(pass, slot);
    }
    for (uint32_t i = 0; i < pass->plan->spread_count; i++) {
        const uint32_t value = value_of(pass, slot, i);
        if (value == PF_INTERN_NONE) {
            continue;
        }
        const int64_t *sum = pf_tally_find(&pass->tally, i, value);
        const int64_t pods = pass->hostname[i] ? (int64_t)pass->counts[i] : sum != NULL ? *sum : 0;
        const int64_t slack = (int64_t)pass->plan->spreads[i].text->max_skew - 1;
        score += (double)pods * pass->weight[i] + (double)slack;
    }
    return (int64_t)round(score);
}

/* NormalizeScore: the fewer the better; nodes that lack a key get 0. */
static void normalize(const struct pass *pass, int64_t *scores)
{
    int64_t lowest = INT64_MAX;
    int64_t highest = 0;
    for (uint32_t k = 0; k < pass->in->count; k++) {
        if (!pass->ignored[k]) {
            lowest = scores[k] < lowest ? scores[k] : lowest;
            highest = scores[k] > highest ? scores[k] : highest;
        }
    }
    for (uint32_t k = 0; k < pass->in->count; k++) {
        if (pass->ignored[k]) {
            scores[k] = 0;
        } else if (highest == 0) {
            scores[k] = PF_SCORE_MAX;
        } else {
            scores[k] = PF_SCORE_MAX * (highest + lowest - scores[k]) / highest;
        }
    }
}

static bool allocate(struct pass *pass)
{
    struct pf_arena *arena = pass->in->arena;
    const uint32_t spreads = pass->plan->spread_count;
    pass->hostname = pf_arena_calloc(arena, spreads, sizeof(*pass->hostname));
    pass->weight = pf_arena_calloc(arena, spreads, sizeof(*pass->weight));
    pass->counts = pf_arena_calloc(arena, spreads, sizeof(*pass->counts));
    pass->ignored = pf_arena_calloc(arena, pass->in->count, sizeof(*pass->ignored));
    pass->memo =
        pf_arena_calloc(arena, pf_model_group_count(pass->in->input->model), sizeof(*pass->memo));
    return pass->hostname != NULL && pass->weight != NULL && pass->counts != NULL &&
           pass->ignored != NULL && pass->memo != NULL;
}

static enum pf_code run_pass(struct pass *pass, int64_t *scores)
{
    bool by_domain = false;
    if (!allocate(pass)) {
        return PF_E_NO_MEMORY;
    }
    for (uint32_t i = 0; i < pass->plan->spread_count; i++) {
        pass->hostname[i] =
            pf_sv_eq(pass->plan->spreads[i].text->topology_key, PF_SV("kubernetes.io/hostname"));
        by_domain = by_domain || !pass->hostname[i];
        pass->by_host = pass->by_host || pass->hostname[i];
    }
    const enum pf_code code = find_domains(pass);
    if (code != PF_OK) {
        return code;
    }
    if (by_domain) {
        count_domains(pass);
    }
    for (uint32_t k = 0; k < pass->in->count; k++) {
        scores[k] = pass->ignored[k] ? 0 : score_of(pass, pass->in->slots[k]);
    }
    normalize(pass, scores);
    return PF_OK;
}

static enum pf_code run(const struct pf_score_input *in, int64_t *scores, bool *ret_skipped)
{
    /* the system's constraints spread over hosts also where nodes have no zone */
    struct pass pass = {.in = in, .all_keys = in->input->question->pod->spread_count != 0};
    enum pf_code code = build_plan(in, &pass.plan);
    *ret_skipped = pass.plan == NULL;
    if (code == PF_OK && pass.plan != NULL) {
        code = run_pass(&pass, scores);
    }
    pf_tally_done(&pass.tally);
    return code;
}

const struct pf_scorer pf_pod_topology_spread_scorer = {
    .name = "PodTopologySpread",
    .matters = matters,
    .run = run,
};

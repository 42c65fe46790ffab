#include <math.h>

#include "default_spread.h"
#include "question.h"
#include "score.h"
#include "soft.h"
#include <podfit/limits.h>

/* Source: pkg/scheduler/framework/plugins/podtopologyspread/scoring.go. */

#define SPREADS_MAX (PF_SOFT_COLUMNS_MAX - 1)
#define BIT(i)      (UINT64_C(1) << (i))

/** One pass; a column of the sums is a constraint. */
struct pass {
    const struct pf_score_input *in;
    struct pf_topology_plan *plan;
    const struct pf_soft *soft;
    uint64_t
        hostname; /* mask of constraints whose key is kubernetes.io/hostname, so that a domain is a node */
    double *weight; /* by constraint: of a pod in a domain */
    bool *ignored;  /* by candidate: lacks a key */
    uint32_t ignored_count;
    bool all_keys; /* only nodes with all keys take part */
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

/* ---- what is remembered ---- */

static uint64_t gain_of(const void *asker, const struct pf_model *model, uint32_t group,
                        int64_t *gains)
{
    const struct pass *pass = asker;
    const uint64_t columns = pf_topology_mask(pass->plan, model, group, /* raw= */ false);
    for (uint64_t mask = columns; mask != 0; mask &= mask - 1) {
        gains[__builtin_ctzll(mask)] = 1;
    }
    return columns;
}

/* matchNodeInclusionPolicies */
static bool is_included(const struct pf_filter_input *input, const struct pf_spread *spread,
                        struct pf_filter_target *target)
{
    return (spread->ignore_node_affinity || pf_node_affinity_matches(input, target)) &&
           (!spread->honor_node_taints || pf_taint_toleration_passes(input, target));
}

/* PreScore: pods of all nodes count, also of those that did not pass the filters. */
static uint64_t include(const void *asker, const struct pf_filter_input *input, uint32_t slot,
                        const uint32_t *domains)
{
    const struct pass *pass = asker;
    struct pf_filter_target target = {
        .slot = slot, .shape = pf_model_shape(input->model, input->columns->shape[slot])};
    uint64_t mask = 0;
    for (uint32_t i = 0; i < pass->plan->spread_count; i++) {
        if (domains[i] == 0 && pass->all_keys) {
            return 0;
        }
        if (domains[i] != 0 && is_included(input, pass->plan->spreads[i].text, &target)) {
            mask |= BIT(i);
        }
    }
    return mask;
}

static enum pf_code ask(struct pass *pass)
{
    const struct pf_filter_input *input = pass->in->input;
    const uint32_t spreads = pass->plan->spread_count;
    uint32_t *keys = pf_arena_calloc(pass->in->arena, spreads, sizeof(*keys));
    if (keys == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (uint32_t i = 0; i < spreads; i++) {
        keys[i] = pass->plan->key_ids[pass->plan->spreads[i].axis];
    }
    pf_autobuf struct pf_buf key;
    pf_buf_init(&key, PF_FIT_SOFT_KEY_MAX_BYTES);
    pf_buf_append_char(&key, pass->all_keys ? 'S' : 's');
    pf_topology_plan_key(pass->plan, &key);
    pf_question_key_nodes(input->question, &key);
    if (pf_buf_status(&key, NULL) != PF_OK) {
        return PF_E_NO_MEMORY;
    }
    const struct pf_soft_question question = {.key = pf_buf_view(&key),
                                              .columns = spreads,
                                              .keys = keys,
                                              .by_node = pass->hostname,
                                              .asker = pass,
                                              .gain = gain_of,
                                              .include = include};
    return pf_soft_ask(input->soft, input, &question, &pass->soft);
}

/* ---- the pass ---- */

static const uint32_t *domains_of(const struct pass *pass, uint32_t slot)
{
    return pass->soft->domains + (size_t)slot * pass->soft->columns;
}

static bool lacks_key(const struct pass *pass, uint32_t slot)
{
    const uint32_t *domains = domains_of(pass, slot);
    for (uint32_t i = 0; i < pass->soft->columns; i++) {
        if (domains[i] == 0) {
            return true;
        }
    }
    return false;
}

/* Different domains of the candidates; a node without the key is of the domain "". @return false: no memory */
static bool count_domains(const struct pass *pass, uint32_t spread, uint32_t *ret_domains)
{
    const struct pf_score_input *in = pass->in;
    uint32_t count = 0;
    bool *met =
        pf_arena_calloc(in->arena, (size_t)pass->soft->column[spread].axis.count + 1, sizeof(*met));
    for (uint32_t k = 0; met != NULL && k < in->count; k++) {
        bool *seen = &met[domains_of(pass, in->slots[k])[spread]];
        if (!pass->ignored[k] && !*seen) {
            *seen = true;
            count++;
        }
    }
    *ret_domains = count;
    return met != NULL;
}

/* initPreScoreState */
static enum pf_code find_weights(struct pass *pass)
{
    const struct pf_score_input *in = pass->in;
    for (uint32_t k = 0; pass->all_keys && k < in->count; k++) {
        pass->ignored[k] = lacks_key(pass, in->slots[k]);
        pass->ignored_count += pass->ignored[k] ? 1 : 0;
    }
    for (uint32_t i = 0; i < pass->soft->columns; i++) {
        uint32_t size = in->count - pass->ignored_count;
        if ((pass->hostname & BIT(i)) == 0 && !count_domains(pass, i, &size)) {
            return PF_E_NO_MEMORY;
        }
        pass->weight[i] = log((double)size + 2);
    }
    return PF_OK;
}

/* math.Round; inline for what scores really are */
static int64_t round_score(double score)
{
    if (score < 0 || score >= 4503599627370496.0) { /* 2^52: from here on there are no fractions */
        return (int64_t)round(score);
    }
    const int64_t whole = (int64_t)score;
    return whole + (score - (double)whole >= 0.5 ? 1 : 0);
}

static int64_t score_of(const struct pass *pass, uint32_t slot)
{
    const struct pf_soft *soft = pass->soft;
    const uint32_t *domains = domains_of(pass, slot);
    double score = 0;
    for (uint32_t i = 0; i < soft->columns; i++) {
        if (domains[i] == 0) {
            continue;
        }
        const int64_t pods = (pass->hostname & BIT(i)) != 0
                                 ? soft->own[(size_t)slot * soft->columns + i]
                                 : pf_soft_sum(soft, slot, i);
        const int64_t slack = (int64_t)pass->plan->spreads[i].text->max_skew - 1;
        score += (double)pods * pass->weight[i] + (double)slack;
    }
    return round_score(score);
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

static enum pf_code run_pass(struct pass *pass, int64_t *scores)
{
    const struct pf_score_input *in = pass->in;
    const uint32_t spreads = pass->plan->spread_count;
    pass->weight = pf_arena_calloc(in->arena, spreads, sizeof(*pass->weight));
    pass->ignored = pf_arena_calloc(in->arena, in->count, sizeof(*pass->ignored));
    if (pass->weight == NULL || pass->ignored == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (uint32_t i = 0; i < spreads; i++) {
        pass->hostname |=
            pf_sv_eq(pass->plan->spreads[i].text->topology_key, PF_SV("kubernetes.io/hostname"))
                ? BIT(i)
                : 0;
    }
    enum pf_code code = ask(pass);
    if (code == PF_OK) {
        code = find_weights(pass);
    }
    if (code != PF_OK) {
        return code;
    }
    for (uint32_t k = 0; k < in->count; k++) {
        scores[k] = pass->ignored[k] ? 0 : score_of(pass, in->slots[k]);
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
    return code;
}

const struct pf_scorer pf_pod_topology_spread_scorer = {
    .name = "PodTopologySpread",
    .matters = matters,
    .run = run,
};

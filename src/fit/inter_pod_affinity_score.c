#include "score.h"
#include "tally.h"
#include "topology.h"
#include <podfit/limits.h>

/* Source: pkg/scheduler/framework/plugins/interpodaffinity/scoring.go. */

/** What a pod of a group adds to the nodes of its domain. */
struct gain {
    uint32_t axis;
    int64_t weight;
};

/** Gains of one group. */
struct memo {
    uint32_t first;
    uint32_t count;
    bool known;
};

/** A term of existing pods that selects the pod. */
struct liking {
    uint32_t terms; /* term set */
    struct gain gain;
};

struct likings {
    struct liking *items; /* sorted by terms */
    uint32_t count;
    uint32_t cap;
};

/** One pass. */
struct pass {
    const struct pf_score_input *in;
    struct pf_topology_plan
        *plan; /* preferred terms of the pod, as if they were required anti-affinity; NULL: none */
    int64_t *weights; /* by term of the plan */
    uint32_t *keys;   /* by axis: intern id of the topology key */
    uint32_t axis_count;
    uint32_t axis_cap;
    struct likings likings;
    struct memo *memo; /* by group */
    struct gain *gains;
    uint32_t gain_count;
    uint32_t gain_cap;
    struct pf_tally tally;
};

static size_t count_entries(const struct pf_model *model, uint32_t space)
{
    size_t count = 0;
    (void)pf_model_scoring_terms(model, space, &count);
    return count;
}

static size_t count_preferred(const struct pf_pod *pod)
{
    return pod->terms[PF_TERMS_PREFERRED_AFFINITY].count +
           pod->terms[PF_TERMS_PREFERRED_ANTI_AFFINITY].count;
}

static bool matters(const struct pf_filter_input *input)
{
    const struct pf_pod *pod = input->question->pod;
    const uint32_t space = pf_intern_find(input->strings, pod->meta.namespace_);
    if (count_preferred(pod) == 0 && pf_score_settings(input)->ignore_preferred_of_existing) {
        return false;
    }
    return count_preferred(pod) != 0 || count_entries(input->model, PF_ANTI_ANY) != 0 ||
           (space != PF_INTERN_NONE && count_entries(input->model, space) != 0);
}

/* An array of the arena with room for one more. @return NULL: no memory */
static void *grow(struct pf_arena *arena, void *items, uint32_t count, uint32_t *cap,
                  size_t bytes_each)
{
    if (count < *cap) {
        return items;
    }
    const uint32_t want = *cap * 2 + 8;
    void *bigger = pf_arena_calloc(arena, want, bytes_each);
    if (bigger != NULL) {
        if (count != 0) {
            memcpy(bigger, items, count * bytes_each);
        }
        *cap = want;
    }
    return bigger;
}

/* @return false: no memory */
static bool axis_of(struct pass *pass, uint32_t key, uint32_t *ret_axis)
{
    uint32_t axis = 0;
    while (axis < pass->axis_count && pass->keys[axis] != key) {
        axis++;
    }
    if (axis == pass->axis_count) {
        uint32_t *keys =
            grow(pass->in->arena, pass->keys, pass->axis_count, &pass->axis_cap, sizeof(*keys));
        if (keys == NULL) {
            return false;
        }
        pass->keys = keys;
        pass->keys[pass->axis_count++] = key;
    }
    *ret_axis = axis;
    return true;
}

/* ---- terms of existing pods ---- */

static int64_t weight_of(const struct pf_fit_scores *scores, const struct pf_term *term)
{
    switch ((enum pf_pod_terms_kind)term->kind) {
    case PF_TERMS_AFFINITY:
        return scores->hard_pod_affinity_weight;
    case PF_TERMS_PREFERRED_AFFINITY:
        return term->weight;
    case PF_TERMS_PREFERRED_ANTI_AFFINITY:
        return -(int64_t)term->weight;
    case PF_TERMS_ANTI_AFFINITY:
    case PF_TERMS_COUNT:
    default:
        return 0;
    }
}

static bool like_set(struct pass *pass, struct pf_topology_subject *subject, uint32_t terms)
{
    struct likings *likings = &pass->likings;
    const struct pf_term_set *set = pf_model_term_set(subject->model, terms);
    const struct pf_fit_scores *scores = pf_score_settings(pass->in->input);
    for (uint32_t i = 0; i < set->term_count; i++) {
        const struct pf_term *term = &set->terms[i];
        const int64_t weight = weight_of(scores, term);
        const bool counts = term->kind != PF_TERMS_AFFINITY || weight != 0;
        if (term->kind == PF_TERMS_ANTI_AFFINITY || !counts ||
            !pf_topology_is_selected(subject, set, term)) {
            continue;
        }
        struct liking liking = {.terms = terms, .gain = {.weight = weight}};
        struct liking *items =
            grow(pass->in->arena, likings->items, likings->count, &likings->cap, sizeof(*items));
        if (items == NULL || !axis_of(pass, term->topology_key, &liking.gain.axis)) {
            return false;
        }
        likings->items = items;
        likings->items[likings->count++] = liking;
    }
    return !subject->failed;
}

/* A set may be listed under the pod's namespace and under PF_ANTI_ANY. */
static bool is_listed_twice(const struct pf_model *model, const struct pf_anti *entry,
                            uint32_t space)
{
    if (entry->namespace_ != space || space == PF_ANTI_ANY) {
        return false;
    }
    size_t count = 0;
    const struct pf_anti *any = pf_model_scoring_terms(model, PF_ANTI_ANY, &count);
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (any[middle].terms < entry->terms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && any[low].terms == entry->terms;
}

static bool like_listed(struct pass *pass, struct pf_topology_subject *subject, uint32_t space)
{
    size_t count = 0;
    const struct pf_anti *entries = pf_model_scoring_terms(subject->model, space, &count);
    for (size_t i = 0; i < count; i++) {
        if (!is_listed_twice(subject->model, &entries[i], space) &&
            !like_set(pass, subject, entries[i].terms)) {
            return false;
        }
    }
    return true;
}

static int compare_likings(const void *a, const void *b)
{
    const struct liking *left = a;
    const struct liking *right = b;
    return (left->terms > right->terms) - (left->terms < right->terms);
}

static bool find_likings(struct pass *pass)
{
    const struct pf_filter_input *input = pass->in->input;
    struct pf_topology_subject subject;
    if (!pf_topology_subject_init(input->model, input->question->pod, pass->in->arena, &subject) ||
        !like_listed(pass, &subject, PF_ANTI_ANY) ||
        (subject.space != PF_INTERN_NONE && !like_listed(pass, &subject, subject.space))) {
        return false;
    }
    if (pass->likings.count > 1) {
        qsort(pass->likings.items, pass->likings.count, sizeof(*pass->likings.items),
              compare_likings);
    }
    return true;
}

/* ---- terms of the pod ---- */

/* @return PF_OK; pass->plan stays NULL for a pod without preferred terms, or with more than podfit compares */
static enum pf_code build_plan(struct pass *pass)
{
    const struct pf_score_input *in = pass->in;
    const struct pf_pod *pod = in->input->question->pod;
    const struct pf_pod_terms *likes = &pod->terms[PF_TERMS_PREFERRED_AFFINITY];
    const struct pf_pod_terms *dislikes = &pod->terms[PF_TERMS_PREFERRED_ANTI_AFFINITY];
    const size_t count = count_preferred(pod);
    if (count == 0 || count > PF_FIT_WORK_MAX) {
        return PF_OK;
    }
    struct pf_pod_term *terms = pf_arena_calloc(in->arena, count, sizeof(*terms));
    pass->weights = pf_arena_calloc(in->arena, count, sizeof(*pass->weights));
    if (terms == NULL || pass->weights == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const bool like = i < likes->count;
        terms[i] = like ? likes->items[i] : dislikes->items[i - likes->count];
        pass->weights[i] = like ? terms[i].weight : -(int64_t)terms[i].weight;
    }
    struct pf_pod soft = *pod;
    soft.terms[PF_TERMS_AFFINITY] = (struct pf_pod_terms){.count = 0};
    soft.terms[PF_TERMS_ANTI_AFFINITY] = (struct pf_pod_terms){.items = terms, .count = count};
    const struct pf_question question = {.pod = &soft,
                                         .active = 1U << PF_FILTER_INTER_POD_AFFINITY};
    struct pf_topology_plan *plan = NULL;
    const enum pf_code code =
        pf_topology_plan_build(&question, in->input->options, NULL, 0, in->arena, &plan);
    if (code == PF_OK && !pf_score_is_too_much(in->input, pf_topology_plan_work(plan))) {
        pf_topology_plan_resolve(plan, in->input->strings);
        pass->plan = plan;
    }
    return code == PF_E_NO_MEMORY ? code : PF_OK;
}

/* ---- the pass ---- */

static bool add_gain(struct pass *pass, struct gain gain)
{
    struct gain *gains =
        grow(pass->in->arena, pass->gains, pass->gain_count, &pass->gain_cap, sizeof(*gains));
    if (gains == NULL) {
        return false;
    }
    pass->gains = gains;
    pass->gains[pass->gain_count++] = gain;
    return true;
}

static bool add_own_gains(struct pass *pass, const struct pf_group *group)
{
    const struct pf_topology_plan *plan = pass->plan;
    for (uint32_t i = 0; plan != NULL && i < plan->anti_count; i++) {
        struct gain gain = {.weight = pass->weights[i]};
        if (pf_topology_term_matches(plan, &plan->terms[i], pass->in->input->model, group) &&
            (!axis_of(pass, plan->key_ids[plan->terms[i].axis], &gain.axis) ||
             !add_gain(pass, gain))) {
            return false;
        }
    }
    return true;
}

static bool add_existing_gains(struct pass *pass, uint32_t terms)
{
    uint32_t low = 0;
    uint32_t high = pass->likings.count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (pass->likings.items[middle].terms < terms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < pass->likings.count && pass->likings.items[low].terms == terms; low++) {
        if (!add_gain(pass, pass->likings.items[low].gain)) {
            return false;
        }
    }
    return true;
}

static bool learn_group(struct pass *pass, uint32_t id)
{
    const struct pf_group *group = pf_model_group(pass->in->input->model, id);
    struct memo *memo = &pass->memo[id];
    *memo = (struct memo){.first = pass->gain_count, .known = true};
    if (!add_own_gains(pass, group) ||
        (group->terms != PF_TERM_SET_NONE && !add_existing_gains(pass, group->terms))) {
        return false;
    }
    memo->count = pass->gain_count - memo->first;
    return true;
}

/* processExistingPod, for all pods of a group on a node at once */
static bool tally_group(struct pass *pass, uint32_t slot, const struct pf_slot_group *pods)
{
    if (!pass->memo[pods->group].known && !learn_group(pass, pods->group)) {
        return false;
    }
    const struct memo *memo = &pass->memo[pods->group];
    for (uint32_t i = 0; i < memo->count && pass->gains != NULL && pass->keys != NULL; i++) {
        const struct gain gain = pass->gains[memo->first + i];
        const uint32_t value = pf_topology_value(pass->in->input, slot, pass->keys[gain.axis]);
        if (value == PF_INTERN_NONE) {
            continue;
        }
        int64_t *sum = pf_tally_enter(&pass->tally, gain.axis, value);
        if (sum == NULL) {
            return false;
        }
        *sum = pf_tally_sum(*sum, gain.weight * (int64_t)pods->pods);
    }
    return true;
}

static bool tally_all(struct pass *pass)
{
    const struct pf_filter_input *input = pass->in->input;
    for (uint32_t slot = 0; slot < input->columns->count; slot++) {
        uint32_t count = 0;
        const struct pf_slot_group *groups = input->columns->shape[slot] != PF_SHAPE_NONE
                                                 ? pf_model_slot_groups(input->model, slot, &count)
                                                 : NULL;
        for (uint32_t i = 0; i < count; i++) {
            if (!tally_group(pass, slot, &groups[i])) {
                return false;
            }
        }
    }
    return true;
}

static int64_t score_of(const struct pass *pass, uint32_t slot)
{
    int64_t score = 0;
    for (uint32_t axis = 0; axis < pass->axis_count; axis++) {
        const uint32_t value = pf_topology_value(pass->in->input, slot, pass->keys[axis]);
        const int64_t *sum =
            value != PF_INTERN_NONE ? pf_tally_find(&pass->tally, axis, value) : NULL;
        score = sum != NULL ? pf_tally_sum(score, *sum) : score;
    }
    return score;
}

static void normalize(int64_t *scores, uint32_t count)
{
    int64_t lowest = INT64_MAX;
    int64_t highest = INT64_MIN;
    for (uint32_t i = 0; i < count; i++) {
        lowest = scores[i] < lowest ? scores[i] : lowest;
        highest = scores[i] > highest ? scores[i] : highest;
    }
    const double range = (double)highest - (double)lowest;
    for (uint32_t i = 0; i < count; i++) {
        const double over = (double)scores[i] - (double)lowest;
        scores[i] = range > 0 ? (int64_t)(PF_SCORE_MAX * (over / range)) : 0;
    }
}

static enum pf_code run_pass(struct pass *pass, int64_t *scores, bool *ret_skipped)
{
    const struct pf_score_input *in = pass->in;
    const enum pf_code code = build_plan(pass);
    if (code != PF_OK) {
        return code;
    }
    if (!find_likings(pass)) {
        return PF_E_NO_MEMORY;
    }
    *ret_skipped = true;
    if (pass->plan == NULL &&
        (pass->likings.count == 0 || pf_score_settings(in->input)->ignore_preferred_of_existing)) {
        return PF_OK;
    }
    pass->memo =
        pf_arena_calloc(in->arena, pf_model_group_count(in->input->model), sizeof(*pass->memo));
    if (pass->memo == NULL || !tally_all(pass)) {
        return PF_E_NO_MEMORY;
    }
    if (pass->tally.count == 0) {
        return PF_OK;
    }
    for (uint32_t i = 0; i < in->count; i++) {
        scores[i] = score_of(pass, in->slots[i]);
    }
    normalize(scores, in->count);
    *ret_skipped = false;
    return PF_OK;
}

static enum pf_code run(const struct pf_score_input *in, int64_t *scores, bool *ret_skipped)
{
    struct pass pass = {.in = in};
    const enum pf_code code = run_pass(&pass, scores, ret_skipped);
    pf_tally_done(&pass.tally);
    return code;
}

const struct pf_scorer pf_inter_pod_affinity_scorer = {
    .name = "InterPodAffinity",
    .matters = matters,
    .run = run,
};

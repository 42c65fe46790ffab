#include "score.h"
#include "soft.h"
#include <podfit/limits.h>

/* Source: pkg/scheduler/framework/plugins/interpodaffinity/scoring.go. */

/** What a pod of a group adds to the nodes of its domain. */
struct gain {
    uint32_t axis;
    int64_t weight;
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

/** One pass; a column of the sums is an axis. */
struct pass {
    const struct pf_score_input *in;
    struct pf_topology_plan
        *plan; /* preferred terms of the pod, as if they were required anti-affinity; NULL: none */
    int64_t *weights; /* by term of the plan */
    uint32_t *axes;   /* by term of the plan */
    uint32_t *keys;   /* by axis: intern id of the topology key */
    uint32_t axis_count;
    uint32_t axis_cap;
    struct likings likings;
    const struct pf_soft *soft;
};

/* As Go's int64. */
static int64_t wrapping_sum(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

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

/* Axes of the pod's own terms. @return false: no memory */
static bool find_axes(struct pass *pass)
{
    const struct pf_topology_plan *plan = pass->plan;
    if (plan == NULL) {
        return true;
    }
    pass->axes = pf_arena_calloc(pass->in->arena, plan->anti_count, sizeof(*pass->axes));
    for (uint32_t i = 0; pass->axes != NULL && i < plan->anti_count; i++) {
        if (!axis_of(pass, plan->key_ids[plan->terms[i].axis], &pass->axes[i])) {
            return false;
        }
    }
    return pass->axes != NULL;
}

/* ---- what is remembered ---- */

static uint64_t add_gain(int64_t *gains, uint32_t axis, int64_t weight)
{
    gains[axis] = wrapping_sum(gains[axis], weight);
    return UINT64_C(1) << axis;
}

static uint64_t add_existing_gains(const struct likings *likings, uint32_t terms, int64_t *gains)
{
    uint32_t low = 0;
    uint32_t high = likings->count;
    uint64_t mask = 0;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (likings->items[middle].terms < terms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < likings->count && likings->items[low].terms == terms; low++) {
        const struct gain *gain = &likings->items[low].gain;
        mask |= add_gain(gains, gain->axis, gain->weight);
    }
    return mask;
}

/* processExistingPod */
static uint64_t gain_of(const void *asker, const struct pf_model *model, uint32_t group,
                        int64_t *gains)
{
    const struct pass *pass = asker;
    const struct pf_topology_plan *plan = pass->plan;
    const struct pf_group *pods = pf_model_group(model, group);
    uint64_t mask = 0;
    for (uint32_t i = 0; plan != NULL && i < plan->anti_count; i++) {
        if (pf_topology_term_matches(plan, &plan->terms[i], model, pods)) {
            mask |= add_gain(gains, pass->axes[i], pass->weights[i]);
        }
    }
    if (pods->terms != PF_TERM_SET_NONE) {
        mask |= add_existing_gains(&pass->likings, pods->terms, gains);
    }
    return mask;
}

static uint64_t include_all(const void *asker PF_UNUSED,
                            const struct pf_filter_input *input PF_UNUSED, uint32_t slot PF_UNUSED,
                            const uint32_t *domains PF_UNUSED)
{
    return UINT64_MAX;
}

static void put_key(const struct pass *pass, struct pf_buf *key)
{
    const struct pf_model *model = pass->in->input->model;
    pf_buf_append_char(key, 'i');
    if (pass->plan != NULL) {
        pf_topology_plan_key(pass->plan, key);
        pf_buf_append(key, pass->weights, pass->plan->anti_count * sizeof(*pass->weights));
    }
    for (uint32_t i = 0; i < pass->likings.count; i++) {
        const struct liking *liking = &pass->likings.items[i];
        const uint32_t numbers[] = {liking->terms,
                                    pf_model_term_set_generation(model, liking->terms),
                                    pass->keys[liking->gain.axis]};
        pf_buf_append(key, numbers, sizeof(numbers));
        pf_buf_append(key, &liking->gain.weight, sizeof(liking->gain.weight));
    }
}

static enum pf_code ask(struct pass *pass)
{
    const struct pf_filter_input *input = pass->in->input;
    pf_autobuf struct pf_buf key;
    pf_buf_init(&key, PF_FIT_SOFT_KEY_MAX_BYTES);
    put_key(pass, &key);
    if (pf_buf_status(&key, NULL) != PF_OK) {
        return PF_E_NO_MEMORY;
    }
    const struct pf_soft_question question = {.key = pf_buf_view(&key),
                                              .columns = pass->axis_count,
                                              .keys = pass->keys,
                                              .by_namespace =
                                                  pass->plan != NULL && pass->plan->by_namespace,
                                              .asker = pass,
                                              .gain = gain_of,
                                              .include = include_all};
    return pf_soft_ask(input->soft, input, &question, &pass->soft);
}

/* ---- the pass ---- */

static int64_t score_of(const struct pass *pass, uint32_t slot)
{
    int64_t score = 0;
    for (uint32_t axis = 0; axis < pass->axis_count; axis++) {
        score = wrapping_sum(score, pf_soft_sum(pass->soft, slot, axis));
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
    if (!find_axes(pass)) {
        return PF_E_NO_MEMORY;
    }
    if (pass->axis_count > PF_SOFT_COLUMNS_MAX) {
        return PF_OK; /* more than podfit compares */
    }
    const enum pf_code asked = ask(pass);
    if (asked != PF_OK || pass->soft->counting == 0) {
        return asked;
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
    return run_pass(&pass, scores, ret_skipped);
}

const struct pf_scorer pf_inter_pod_affinity_scorer = {
    .name = "InterPodAffinity",
    .matters = matters,
    .run = run,
};

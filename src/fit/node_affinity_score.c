#include "score.h"

/* Source: pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go PreScore and Score, component-helpers nodeaffinity.go PreferredSchedulingTerms. */

/** What is known of a shape. */
struct memo {
    int64_t score;
    bool known;
};

/** Terms of the pod and of the scheduler's configuration. */
struct terms {
    const struct pf_preferred_node_term *items[2];
    size_t counts[2];
};

static struct terms terms_of(const struct pf_filter_input *input)
{
    const struct pf_pod *pod = input->question->pod;
    const struct pf_fit_scores *scores = pf_score_settings(input);
    return (struct terms){.items = {scores->added_preferred, pod->preferred_nodes},
                          .counts = {scores->added_preferred_count, pod->preferred_node_count}};
}

static bool is_empty(const struct terms *terms)
{
    return terms->counts[0] == 0 && terms->counts[1] == 0;
}

static uint64_t count_entries(const struct pf_preferred_node_term *items, size_t count)
{
    uint64_t entries = 0;
    for (size_t i = 0; i < count; i++) {
        const struct pf_node_selector_term *term = &items[i].term;
        entries += 1 + term->field_count;
        for (size_t k = 0; k < term->expression_count; k++) {
            entries += 1 + term->expressions[k].value_count;
        }
    }
    return entries;
}

static bool matters(const struct pf_filter_input *input)
{
    const struct terms terms = terms_of(input);
    return !is_empty(&terms) &&
           !pf_score_is_too_much(input, count_entries(terms.items[0], terms.counts[0]) +
                                            count_entries(terms.items[1], terms.counts[1]));
}

static bool parses(const struct pf_node_selector_term *term)
{
    for (size_t i = 0; i < term->expression_count; i++) {
        if (!term->expressions[i].valid) {
            return false;
        }
    }
    for (size_t i = 0; i < term->field_count; i++) {
        const enum pf_selector_operator operator_ = term->fields[i].operator_;
        if (term->fields[i].value_count != 1 ||
            (operator_ != PF_SELECTOR_IN && operator_ != PF_SELECTOR_NOT_IN)) {
            return false;
        }
    }
    return true;
}

/* NewPreferredSchedulingTerms(): PreScore fails where a term that weighs cannot be parsed. */
static const char *failure(const struct pf_filter_input *input)
{
    const struct pf_pod *pod = input->question->pod;
    for (size_t i = 0; i < pod->preferred_node_count; i++) {
        if (pod->preferred_nodes[i].weight != 0 && !parses(&pod->preferred_nodes[i].term)) {
            return "a term of preferred node affinity cannot be parsed, at which kube-scheduler "
                   "fails";
        }
    }
    return NULL;
}

static bool reads_fields(const struct pf_preferred_node_term *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].term.field_count != 0) {
            return true;
        }
    }
    return false;
}

static int64_t sum_weights(const struct pf_filter_input *input, struct pf_filter_target *target,
                           const struct pf_preferred_node_term *items, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i].weight != 0 && pf_node_affinity_term_matches(input, target, &items[i].term)) {
            sum += items[i].weight;
        }
    }
    return sum;
}

static enum pf_code run(const struct pf_score_input *in, int64_t *scores, bool *ret_skipped)
{
    const struct pf_filter_input *input = in->input;
    const struct terms terms = terms_of(input);
    *ret_skipped = is_empty(&terms);
    if (*ret_skipped) {
        return PF_OK;
    }
    const bool by_node = reads_fields(terms.items[0], terms.counts[0]) ||
                         reads_fields(terms.items[1], terms.counts[1]);
    struct memo *memo =
        pf_arena_calloc(in->arena, pf_model_shape_count(input->model), sizeof(*memo));
    if (memo == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (uint32_t i = 0; i < in->count; i++) {
        const uint32_t shape = input->columns->shape[in->slots[i]];
        if (memo[shape].known) {
            scores[i] = memo[shape].score;
            continue;
        }
        struct pf_filter_target target = {.slot = in->slots[i],
                                          .shape = pf_model_shape(input->model, shape)};
        scores[i] = sum_weights(input, &target, terms.items[0], terms.counts[0]) +
                    sum_weights(input, &target, terms.items[1], terms.counts[1]);
        memo[shape] = (struct memo){.score = scores[i], .known = !by_node && !target.name_seen};
    }
    pf_score_normalize(scores, in->count, /* reverse= */ false);
    return PF_OK;
}

const struct pf_scorer pf_node_affinity_scorer = {
    .name = "NodeAffinity",
    .failure = failure,
    .matters = matters,
    .run = run,
};

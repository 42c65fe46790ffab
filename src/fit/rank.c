#include "rank.h"

#include "dry_run.h"
#include "engine.h"

/* Does the plug-in score in this profile, and can it put one node before another? */
static bool decides(const struct pf_filter_input *input, enum pf_score_id id)
{
    const struct pf_scorer *scorer = pf_score_get(id);
    return scorer->matters != NULL && pf_score_settings(input)->weights[id] != 0 &&
           scorer->matters(input);
}

bool pf_rank_matters(const struct pf_filter_input *input)
{
    for (unsigned i = 0; i < PF_SCORE_COUNT; i++) {
        if (decides(input, (enum pf_score_id)i)) {
            return true;
        }
    }
    return pf_score_is_coarse(input);
}

static enum pf_code ask_candidate(const struct pf_filter_input *input,
                                  const struct pf_candidates *candidates, uint32_t slot,
                                  bool *ret_is)
{
    enum pf_topology_fault fault = PF_TOPOLOGY_PASSES;
    enum pf_code code = PF_OK;
    *ret_is = candidates->values[slot] != 0;
    if (*ret_is && candidates->topology != NULL) {
        code =
            pf_dry_run_topology(candidates->topology, input, slot, /* first_turn= */ false, &fault);
        *ret_is = fault == PF_TOPOLOGY_PASSES;
    }
    return code;
}

/* @return PF_OK or PF_E_NO_MEMORY */
static enum pf_code collect(const struct pf_filter_input *input,
                            const struct pf_candidates *candidates, struct pf_arena *arena,
                            struct pf_score_input *ret_in)
{
    uint32_t count = 0;
    uint32_t *slots = pf_arena_calloc(arena, input->columns->count, sizeof(*slots));
    if (slots == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (uint32_t slot = 0; slot < input->columns->count; slot++) {
        bool is = false;
        const enum pf_code code = ask_candidate(input, candidates, slot, &is);
        if (code != PF_OK) {
            return code;
        }
        if (is) {
            slots[count++] = slot;
        }
    }
    *ret_in =
        (struct pf_score_input){.input = input, .slots = slots, .count = count, .arena = arena};
    return PF_OK;
}

/* Add one plug-in's weighted scores to the sums. */
static enum pf_code add_scores(const struct pf_score_input *in, enum pf_score_id id,
                               int64_t *scores, int64_t *sums)
{
    const int64_t weight = pf_score_settings(in->input)->weights[id];
    bool skipped = false;
    for (uint32_t i = 0; i < in->count; i++) {
        scores[i] = 0;
    }
    const enum pf_code code = pf_score_get(id)->run(in, scores, &skipped);
    for (uint32_t i = 0; code == PF_OK && !skipped && i < in->count; i++) {
        sums[i] += weight * scores[i];
    }
    return code;
}

enum pf_code pf_rank_best(const struct pf_filter_input *input,
                          const struct pf_candidates *candidates, struct pf_arena *arena,
                          uint32_t *best)
{
    struct pf_score_input in = {.count = 0};
    enum pf_code code = collect(input, candidates, arena, &in);
    if (code != PF_OK) {
        return code;
    }
    int64_t *scores = pf_arena_calloc(arena, in.count, sizeof(*scores));
    int64_t *sums = pf_arena_calloc(arena, in.count, sizeof(*sums));
    const bool coarse = pf_score_is_coarse(input);
    if (scores == NULL || sums == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (uint32_t i = 0; i < in.count; i++) {
        bool valid = true; /* where one is not, the verdict does not name the node */
        sums[i] =
            coarse ? pf_score_sum(input, in.slots[i], &valid) : candidates->values[in.slots[i]];
    }
    for (unsigned i = 0; i < PF_SCORE_COUNT && code == PF_OK; i++) {
        if (decides(input, (enum pf_score_id)i)) {
            code = add_scores(&in, (enum pf_score_id)i, scores, sums);
        }
    }
    int64_t highest = -1;
    for (uint32_t i = 0; i < in.count && code == PF_OK; i++) {
        if (sums[i] > highest) {
            highest = sums[i];
            *best = in.slots[i];
        }
    }
    return code;
}

enum pf_code pf_rank_explain(const struct pf_filter_input *input,
                             const struct pf_candidates *candidates, struct pf_arena *arena,
                             struct pf_rank_table *ret_table)
{
    struct pf_score_input in = {.count = 0};
    enum pf_code code = collect(input, candidates, arena, &in);
    if (code != PF_OK) {
        return code;
    }
    struct pf_rank_table table = {.count = in.count};
    table.rows = pf_arena_calloc(arena, in.count, sizeof(*table.rows));
    for (unsigned i = 0; i < PF_SCORE_COUNT && code == PF_OK && table.rows != NULL; i++) {
        const int64_t weight = pf_score_settings(input)->weights[i];
        int64_t *scores = pf_arena_calloc(arena, in.count, sizeof(*scores));
        bool skipped = weight == 0;
        code = scores != NULL ? PF_OK : PF_E_NO_MEMORY;
        if (code == PF_OK && !skipped) {
            code = pf_score_get((enum pf_score_id)i)->run(&in, scores, &skipped);
        }
        table.skipped |= skipped ? 1U << i : 0;
        for (uint32_t k = 0; k < in.count && code == PF_OK && !skipped; k++) {
            table.rows[k].weighted[i] = weight * scores[k];
            table.rows[k].total += table.rows[k].weighted[i];
        }
    }
    for (uint32_t k = 0; k < in.count && table.rows != NULL; k++) {
        table.rows[k].slot = in.slots[k];
    }
    if (code == PF_OK && table.rows != NULL) {
        *ret_table = table;
    }
    return table.rows != NULL ? code : PF_E_NO_MEMORY;
}

enum pf_code pf_score_explain(struct pf_fit *fit, const struct pf_pod *pod, struct pf_arena *arena,
                              struct pf_rank_table *ret_table, struct pf_err *err)
{
    pf_autoanswer struct pf_answer answer = {.outcomes = NULL};
    struct pf_rank_table table = {.count = 0};
    enum pf_code code = pf_answer_find(fit, pod, PF_ANSWER_SCANNED, arena, &answer, err);
    if (code == PF_OK && answer.judgement.verdict == PF_VERDICT_FITS) {
        code = pf_rank_explain(&answer.input, &answer.candidates, arena, &table);
    }
    if (code == PF_OK) {
        *ret_table = table;
    }
    return code;
}

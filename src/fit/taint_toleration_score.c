#include "score.h"

/* Source: pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go, PreScore, Score and NormalizeScore. */

static bool matters(const struct pf_filter_input *input)
{
    return pf_model_soft_taint_shapes(input->model) != 0 &&
           !pf_score_is_too_much(input, input->question->pod->toleration_count);
}

/* PreferNoSchedule taints that the pod does not tolerate; a toleration of another effect tolerates none of them. */
static uint32_t count_untolerated(const struct pf_filter_input *input, const struct pf_shape *shape)
{
    uint32_t count = 0;
    for (size_t i = 0; i < shape->taint_count && shape->soft_taint_count != 0; i++) {
        const struct pf_shape_taint *taint = &shape->taints[i];
        const struct pf_sv effect = pf_intern_text(input->strings, taint->effect);
        if (pf_sv_eq(effect, PF_SV("PreferNoSchedule")) &&
            !pf_pod_tolerates(input->question->pod, pf_intern_text(input->strings, taint->key),
                              pf_intern_text(input->strings, taint->value), effect,
                              &input->options->features)) {
            count++;
        }
    }
    return count;
}

static enum pf_code run(const struct pf_score_input *in, int64_t *scores, bool *ret_skipped)
{
    const struct pf_filter_input *input = in->input;
    uint32_t *memo =
        pf_arena_calloc(in->arena, pf_model_shape_count(input->model), sizeof(*memo)); /* + 1 */
    if (memo == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (uint32_t i = 0; i < in->count; i++) {
        const uint32_t shape = input->columns->shape[in->slots[i]];
        if (memo[shape] == 0) {
            memo[shape] = count_untolerated(input, pf_model_shape(input->model, shape)) + 1;
        }
        scores[i] = memo[shape] - 1;
    }
    pf_score_normalize(scores, in->count, /* reverse= */ true);
    *ret_skipped = false;
    return PF_OK;
}

const struct pf_scorer pf_taint_toleration_scorer = {
    .name = "TaintToleration",
    .matters = matters,
    .run = run,
};

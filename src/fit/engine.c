#include "engine.h"

#include <podfit/limits.h>
#include <podfit/mem.h>
#include <podfit/reservation.h>

enum pf_code pf_fit_new(struct pf_model *model, const struct pf_fit_options *options,
                        struct pf_fit **ret_fit, struct pf_err *err)
{
    struct pf_fit *fit = pf_mem_calloc(1, sizeof(*fit));
    if (fit == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for the fit engine");
    }
    if (pf_profile_make_all(options, &fit->profiles) != PF_OK) {
        free(fit);
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for the fit engine");
    }
    fit->model = model;
    fit->profile = fit->profiles.items;
    fit->clock = options->clock != NULL ? options->clock : pf_clock_system();
    pf_cache_init(&fit->cache,
                  options->cache_max_bytes != 0 ? options->cache_max_bytes : PF_FIT_CACHE_BYTES);
    pf_soft_cache_init(&fit->soft, PF_FIT_SOFT_CACHE_BYTES);
    pf_buf_init(&fit->key, PF_FIT_KEY_MAX_BYTES);
    pf_arena_init(&fit->scratch, PF_REVIEW_ARENA_MAX_BYTES);
    *ret_fit = fit;
    return PF_OK;
}

void pf_fit_free(struct pf_fit *fit)
{
    if (fit == NULL) {
        return;
    }
    pf_cache_done(&fit->cache);
    pf_soft_cache_done(&fit->soft);
    pf_profile_done_all(&fit->profiles);
    pf_buf_done(&fit->key);
    pf_arena_done(&fit->scratch);
    pf_dry_run_done(&fit->dry_run);
    free(fit);
}

enum pf_code pf_fit_judge_ask(struct pf_fit *fit, const struct pf_fit_ask *ask,
                              struct pf_arena *arena, struct pf_judgement *ret_judgement,
                              struct pf_err *err)
{
    (void)pf_reservation_expire(fit->model); /* how many ran out does not matter here */
    enum pf_code code = pf_placing_step(fit, err);
    if (code != PF_OK) {
        return code;
    }
    pf_autoanswer struct pf_answer answer = {.outcomes = NULL};
    code = pf_answer_find(fit, ask->pod, PF_ANSWER_CACHED, arena, &answer, err);
    if (code != PF_OK) {
        return code;
    }
    if (!ask->ignore_preemption) {
        code = pf_preemption_find(fit, &answer, arena);
    }
    if (code == PF_OK) {
        code = pf_answer_assume(&answer, arena);
    }
    if (code == PF_OK) {
        code = pf_answer_compose(&answer, arena);
    }
    if (code != PF_OK) {
        return pf_err_set(err, code, "no memory for the judgement's text");
    }
    *ret_judgement = answer.judgement;
    return PF_OK;
}

enum pf_code pf_fit_judge(struct pf_fit *fit, const struct pf_pod *pod, struct pf_arena *arena,
                          struct pf_judgement *ret_judgement, struct pf_err *err)
{
    const struct pf_fit_ask ask = {.pod = pod};
    return pf_fit_judge_ask(fit, &ask, arena, ret_judgement, err);
}

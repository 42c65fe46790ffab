#include "engine.h"

/*
 * Pods that came are placed in the next judgements, this many in each. When only nodes changed, pods that found no room are asked
 * again, few at a time: each judgement is followed by such a change (its own reservation).
 */
#define BUDGET_NEW     64
#define BUDGET_CHANGED 8

static void ignore_change(void *opaque PF_UNUSED, uint32_t slot PF_UNUSED)
{
}

static enum pf_code place(struct pf_fit *fit, const struct pf_pending *pending, struct pf_err *err)
{
    pf_autoanswer struct pf_answer answer = {.outcomes = NULL};
    struct pf_err why = {0};
    pf_model_pending_forget(fit->model, pending->pod);
    const enum pf_code code =
        pf_answer_find(fit, pending->pod_view, PF_ANSWER_CACHED, &fit->scratch, &answer, &why);
    if (code == PF_E_TOO_BIG) {
        return PF_OK; /* it cannot be judged, so it holds room nowhere */
    }
    if (code != PF_OK) {
        return pf_err_set(err, code, "%s", why.text);
    }
    if (answer.judgement.verdict != PF_VERDICT_FITS) {
        return PF_OK;
    }
    if (pf_answer_assume(&answer, &fit->scratch) != PF_OK) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to place a pending pod");
    }
    return pf_model_pending_place(fit->model, pending->pod, answer.judgement.node,
                                  &answer.judgement.binds, err);
}

/* Ask up to @p budget pods, until the end was reached as often as is due. */
static enum pf_code advance(struct pf_fit *fit, unsigned budget, struct pf_err *err)
{
    struct pf_placing *placing = &fit->placing;
    while (placing->laps != 0 && budget != 0) {
        pf_arena_reset(&fit->scratch);
        struct pf_pending pending = {0};
        enum pf_code code =
            pf_model_pending_next(fit->model, &placing->cursor, &fit->scratch, &pending);
        if (code == PF_E_NOT_FOUND) {
            placing->cursor = 0;
            placing->laps--;
            continue;
        }
        if (code != PF_OK) {
            return pf_err_set(err, code, "no memory to place a pending pod");
        }
        code = place(fit, &pending, err);
        if (code != PF_OK) {
            return code;
        }
        budget--;
    }
    return PF_OK;
}

/* From the middle, the end has to be reached twice until everybody was asked. */
static void start(struct pf_placing *placing, unsigned budget)
{
    placing->laps = placing->cursor == 0 ? 1 : 2;
    placing->budget = budget;
}

enum pf_code pf_placing_step(struct pf_fit *fit, struct pf_err *err)
{
    struct pf_placing *placing = &fit->placing;
    const uint64_t version = pf_model_pending_version(fit->model);
    if (version == 0) {
        *placing = (struct pf_placing){0};
        return PF_OK;
    }
    const uint64_t changes =
        pf_model_changes_since(fit->model, placing->changes, ignore_change, NULL);
    if (version != placing->version) {
        start(placing, BUDGET_NEW);
    } else if (placing->laps == 0 && (changes == 0 || changes != placing->changes)) {
        start(placing, BUDGET_CHANGED);
    }
    if (placing->laps == 0) {
        return PF_OK;
    }
    placing->version = version;
    const enum pf_code code = advance(fit, placing->budget, err);
    placing->changes = changes != 0 ? changes : pf_model_change_number(fit->model);
    return code;
}

enum pf_code pf_fit_place_some(struct pf_fit *fit, bool *ret_more, struct pf_err *err)
{
    const enum pf_code code = pf_placing_step(fit, err);
    if (code == PF_OK) {
        *ret_more = fit->placing.laps != 0;
    }
    return code;
}

enum pf_code pf_fit_place_pending(struct pf_fit *fit, struct pf_err *err)
{
    struct pf_placing *placing = &fit->placing;
    placing->version = pf_model_pending_version(fit->model);
    placing->cursor = 0;
    placing->laps = 1;
    const enum pf_code code = advance(fit, UINT32_MAX, err);
    placing->changes = pf_model_change_number(fit->model);
    return code;
}

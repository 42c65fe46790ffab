#include <podfit/annotations.h>
#include <podfit/decide.h>
#include <podfit/reservation.h>

static enum pf_action action_for(const struct pf_config *config, const struct pf_class *class_,
                                 enum pf_verdict verdict)
{
    switch (verdict) {
    case PF_VERDICT_FULL:
        return class_->on_full;
    case PF_VERDICT_NEVER:
        return class_->on_never;
    case PF_VERDICT_UNKNOWN:
        return config->on_unknown;
    case PF_VERDICT_FITS:
    case PF_VERDICT_NOT_JUDGED:
        break;
    }
    return PF_ACTION_ALLOW;
}

static enum pf_code unknown(struct pf_judgement *judgement, const char *why, struct pf_arena *arena)
{
    *judgement = (struct pf_judgement){
        .verdict = PF_VERDICT_UNKNOWN, .node = PF_NODE_NONE, .predicted = PF_NODE_NONE};
    return pf_arena_dup_sv(arena, pf_sv_from(why), &judgement->cause) ? PF_OK : PF_E_NO_MEMORY;
}

static enum pf_code explain_node_by_node(const struct pf_decide_rules *rules,
                                         const struct pf_fit_ask *fit_ask,
                                         struct pf_explanation *explain, struct pf_arena *arena,
                                         struct pf_err *err)
{
    const enum pf_code code = pf_fit_explain_ask(rules->fit, fit_ask, arena, explain, err);
    if (code != PF_OK) {
        return code;
    }
    const enum pf_verdict verdict = explain->judgement.verdict;
    return verdict == PF_VERDICT_FULL || verdict == PF_VERDICT_NEVER
               ? pf_fit_hints(rules->fit, fit_ask->pod, arena, &explain->hints, err)
               : PF_OK;
}

/* Ask the engine; a request that podfit refuses to hold exactly is `unknown`, not an error. */
static enum pf_code ask(const struct pf_decide_rules *rules, const struct pf_decide_input *input,
                        const struct pf_fit_ask *fit_ask, struct pf_arena *arena,
                        struct pf_judgement *ret_judgement, struct pf_err *err)
{
    struct pf_explanation *explain = input->request->explain;
    struct pf_err local = {0};
    enum pf_code code = PF_OK;
    if (input->resize) {
        code = pf_fit_judge_resize(rules->fit, fit_ask->pod, arena, ret_judgement, &local);
        if (explain != NULL && code == PF_OK) {
            *explain = (struct pf_explanation){.judgement = *ret_judgement};
        }
    } else if (explain != NULL) {
        code = explain_node_by_node(rules, fit_ask, explain, arena, &local);
        if (code == PF_OK) {
            *ret_judgement = explain->judgement;
        }
    } else {
        code = pf_fit_judge_ask(rules->fit, fit_ask, arena, ret_judgement, &local);
    }
    if (code == PF_E_TOO_BIG || code == PF_E_RANGE) {
        code = unknown(ret_judgement, local.text, arena);
        if (explain != NULL && code == PF_OK) {
            *explain = (struct pf_explanation){.judgement = *ret_judgement};
        }
    }
    return code == PF_OK ? PF_OK : pf_err_set(err, code, "%s", local.text);
}

/* The reservation that the pod's own annotation continues, if it is ours, unclaimed and fits; otherwise a stranger's text. */
static bool continues(const struct pf_decide_rules *rules, const struct pf_decision *decision,
                      const struct pf_request *request, struct pf_sv *ret_key)
{
    const struct pf_sv own = pf_meta_annotation(&decision->pod->meta, PF_SV(PF_ANNOTATION_REVIEW));
    if (own.ptr == NULL ||
        !pf_reservation_matches(rules->model, own, decision->pod->meta.namespace_, request)) {
        return false;
    }
    *ret_key = own;
    return true;
}

static enum pf_code hold(const struct pf_decide_rules *rules, struct pf_decision *decision,
                         const struct pf_request *request, struct pf_err *err)
{
    const struct pf_judgement *judgement = &decision->judgement;
    const struct pf_reservation_spec spec = {
        .review_uid = decision->review_uid,
        .namespace_ = decision->pod->meta.namespace_,
        .pod = decision->pod,
        .request = request,
        .node = judgement->predicted,
        .guessed = judgement->verdict == PF_VERDICT_UNKNOWN,
        .binds = judgement->binds,
    };
    return pf_reservation_put(rules->model, &spec, err);
}

/* What became of holding room. */
static enum pf_code conclude(const struct pf_decide_rules *rules, const struct pf_class *class_,
                             enum pf_code code, struct pf_arena *arena,
                             struct pf_decision *decision)
{
    decision->reserved = code == PF_OK;
    if (code == PF_E_TOO_BIG) {
        /* without a reservation a burst could be promised the same room: say that we do not know */
        (void)pf_reservation_drop(rules->model, decision->review_uid);
        code =
            unknown(&decision->judgement, "more reservations are held than podfit may keep", arena);
        decision->action = action_for(rules->config, class_, PF_VERDICT_UNKNOWN);
    }
    return code;
}

static bool may_reserve(const struct pf_decide_input *input, const struct pf_decision *decision)
{
    return input->request->reserve && !decision->dry_run && !input->resize &&
           decision->review_uid.len != 0;
}

/*
 * A pod that is only observed is created whatever podfit says, and as it was: kube-scheduler will look for a place for that. It carries no annotation of
 * ours, so its name has to do.
 */
static enum pf_code hold_observed(const struct pf_decide_rules *rules,
                                  const struct pf_decide_input *input,
                                  const struct pf_class *class_, struct pf_arena *arena,
                                  struct pf_decision *decision)
{
    const struct pf_pod *pod = input->as_it_is;
    const struct pf_meta *meta = &pod->meta;
    const struct pf_fit_ask fit_ask = {.pod = pod};
    struct pf_judgement judgement = {.node = PF_NODE_NONE};
    struct pf_err local = {0};
    enum pf_code code = pf_fit_judge_ask(rules->fit, &fit_ask, arena, &judgement, &local);
    if (code != PF_OK || judgement.predicted == PF_NODE_NONE) {
        return code == PF_E_NO_MEMORY ? code : PF_OK; /* it will wait, and hold nothing */
    }
    const struct pf_reservation_spec spec = {
        .review_uid = decision->review_uid,
        .namespace_ = meta->namespace_,
        .pod = pod,
        .request = &judgement.request,
        .node = judgement.predicted,
        .guessed = judgement.verdict == PF_VERDICT_UNKNOWN,
        .binds = judgement.binds,
        .pod_name = meta->name.len != 0 ? meta->name : meta->generate_name,
    };
    return spec.pod_name.len == 0
               ? PF_OK
               : conclude(rules, class_, pf_reservation_put(rules->model, &spec, &local), arena,
                          decision);
}

/* [locked] */
static enum pf_code decide(const struct pf_decide_rules *rules, const struct pf_decide_input *input,
                           const struct pf_class *class_, const struct pf_request *request,
                           struct pf_arena *arena, struct pf_decision *decision)
{
    const bool reserve = may_reserve(input, decision);
    const bool annotated = reserve && !decision->observed;
    (void)pf_reservation_expire(rules->model); /* the number dropped is in the model's statistics */
    decision->origin = pf_model_origin(rules->model);
    struct pf_sv key = {0};
    const bool continued = annotated && continues(rules, decision, request, &key);
    if (continued) {
        decision->review_uid = key;
        (void)pf_reservation_lift(rules->model, key); /* judged as if it held nothing */
    }
    if (reserve && decision->observed) { /* the same pod again, or one that did not come to be */
        (void)pf_reservation_drop_named(rules->model, decision->pod->meta.namespace_,
                                        decision->pod->meta.name);
    }
    struct pf_err local = {0};
    const struct pf_fit_ask fit_ask = {.pod = decision->pod,
                                       .ignore_preemption = class_->ignore_preemption};
    enum pf_code code = ask(rules, input, &fit_ask, arena, &decision->judgement, &local);
    if (code == PF_OK) {
        decision->action = action_for(rules->config, class_, decision->judgement.verdict);
        if (input->resize && decision->action == PF_ACTION_GATE) {
            decision->action = PF_ACTION_ANNOTATE; /* a running pod takes no gate */
        }
    }
    const bool admitted = code == PF_OK && decision->action != PF_ACTION_REJECT;
    if (code == PF_OK && reserve && input->as_it_is != NULL) {
        code = hold_observed(rules, input, class_, arena, decision);
    } else if (admitted && annotated) {
        code = conclude(rules, class_, hold(rules, decision, request, &local), arena, decision);
        decision->reserved = decision->reserved && !continued;
    } else if (continued) {
        (void)pf_reservation_drop(rules->model, key);
    }
    return code;
}

void pf_judge_give_back(struct pf_model *model, struct pf_decision *decision)
{
    if (decision->reserved) {
        pf_model_lock(model);
        (void)pf_reservation_drop(model, decision->review_uid);
        pf_model_unlock(model);
        decision->reserved = false;
    }
}

enum pf_code pf_judge_unknown(const struct pf_decide_rules *rules,
                              const struct pf_decide_input *input, const struct pf_class *class_,
                              const char *why, struct pf_arena *arena, struct pf_decision *decision)
{
    const enum pf_code code = unknown(&decision->judgement, why, arena);
    decision->origin = (struct pf_model_origin){0};
    decision->action = action_for(rules->config, class_, PF_VERDICT_UNKNOWN);
    if (input->request->explain != NULL && code == PF_OK) {
        *input->request->explain = (struct pf_explanation){.judgement = decision->judgement};
    }
    return code;
}

enum pf_code pf_judge_and_reserve(const struct pf_decide_rules *rules,
                                  const struct pf_decide_input *input,
                                  const struct pf_class *class_, struct pf_arena *arena,
                                  struct pf_decision *decision, struct pf_err *err)
{
    struct pf_request request = {0};
    struct pf_err local = {0};
    enum pf_code code = pf_request_of_incoming(decision->pod, &rules->config->fit.features, arena,
                                               &request, &local);
    if (code == PF_E_TOO_BIG) {
        code = pf_judge_unknown(rules, input, class_, local.text, arena, decision);
    } else if (code == PF_OK) {
        pf_model_lock(rules->model);
        code = decide(rules, input, class_, &request, arena, decision);
        pf_model_unlock(rules->model);
    }
    if (code != PF_OK) {
        return pf_err_set(err, code, "cannot judge the pod");
    }
    return PF_OK;
}

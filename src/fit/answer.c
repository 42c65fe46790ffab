#include "binding.h"
#include "device_classes.h"
#include "engine.h"
#include "message.h"
#include "rank.h"
#include "volume_plan.h"
#include <podfit/limits.h>

void pf_answer_done(struct pf_answer *answer)
{
    pf_outcomes_done(&answer->scan.outcomes);
    pf_topology_done(&answer->scan.topology);
}

/* Is there something that the key does not have: a request that wrapped, what odd profiles make volume filters say, one nominated pod? */
static bool has_no_key(const struct pf_answer *answer)
{
    const struct pf_question *question = &answer->question;
    const struct pf_volume_plan *volumes = question->volumes;
    return question->request.unclamped != NULL || question->narrowed ||
           question->rejection != NULL || answer->input.own_uid_hash != 0 ||
           (question->broken & 1U << PF_FILTER_VOLUME_RESTRICTIONS) != 0 ||
           (volumes != NULL && (volumes->zone_refusal != NULL || volumes->limits_refusal != NULL));
}

/* Into fit->key. @return false: not remembered */
static bool make_key(struct pf_fit *fit, struct pf_answer *answer)
{
    if (has_no_key(answer)) {
        return false;
    }
    pf_buf_reset(&fit->key);
    pf_buf_append(&fit->key, &fit->profile->index, sizeof(fit->profile->index));
    pf_buf_append(&fit->key, &answer->priority.value, sizeof(answer->priority.value));
    pf_question_key(&answer->question, &fit->key);
    if (answer->question.volumes != NULL) {
        pf_volume_key(&answer->question, fit->model, &fit->key);
        pf_question_resolve(&answer->question, answer->input.strings);
    }
    return pf_buf_status(&fit->key, NULL) == PF_OK;
}

/* @return false: not remembered, scan */
static bool ask_cache(struct pf_fit *fit, struct pf_answer *answer)
{
    if (!make_key(fit, answer)) {
        return false;
    }
    const struct pf_sv key = pf_buf_view(&fit->key);
    if (answer->warm_most != 0 && pf_cache_warm(&fit->cache, &answer->input, key, answer->warm_most,
                                                &answer->warmth) != PF_OK) {
        return false;
    }
    if (answer->warmth.more) {
        return true;
    }
    struct pf_cache_answer cached = {0};
    if (pf_cache_ask(&fit->cache, &answer->input, key, &cached) != PF_OK) {
        return false;
    }
    answer->outcomes = cached.outcomes;
    answer->best = cached.best;
    answer->topology = cached.topology;
    answer->results = cached.results;
    answer->evictions = cached.evictions;
    answer->stamp = cached.stamp;
    answer->candidates =
        (struct pf_candidates){.values = cached.values, .topology = cached.topology};
    return true;
}

static struct pf_filter_input input_of(struct pf_fit *fit, const struct pf_answer *answer)
{
    const struct pf_pod *pod = answer->question.pod;
    return (struct pf_filter_input){
        .options = &fit->profile->options,
        .question = &answer->question,
        .model = fit->model,
        .columns = pf_model_columns(fit->model),
        .strings = pf_model_strings(fit->model),
        .profile = fit->profile->source,
        .dry_run = &fit->dry_run,
        .soft = &fit->soft,
        .priority = answer->priority.unknown != NULL ? INT32_MIN : answer->priority.value,
        .own_uid_hash = pf_model_is_nominated(fit->model, &pod->meta)
                            ? pf_model_uid_hash(fit->model, pod->meta.uid)
                            : 0,
    };
}

/* A nominated pod has terms that nobody can resolve. */
static void doubt_namespaces(struct pf_answer *answer)
{
    answer->outcomes = NULL;
    answer->judgement.verdict = PF_VERDICT_UNKNOWN;
    answer->judgement.cause =
        PF_SV("a namespaceSelector of a nominated pod's anti-affinity needs kind Namespace, of "
              "which the snapshot has no object");
}

static enum pf_code ask_nodes(struct pf_fit *fit, enum pf_answer_way way, struct pf_arena *arena,
                              struct pf_answer *answer, struct pf_err *err)
{
    answer->input = input_of(fit, answer);
    if (way != PF_ANSWER_CACHED || !ask_cache(fit, answer)) {
        pf_question_resolve(&answer->question, answer->input.strings);
        const enum pf_code code =
            pf_scan_run(fit->model, &answer->input,
                        /* want_ids= */ way == PF_ANSWER_SCANNED, arena, &answer->scan);
        if (code == PF_E_NOT_FOUND) {
            doubt_namespaces(answer);
            return PF_OK;
        }
        if (code != PF_OK) {
            return pf_err_set(err, code, "no memory to judge the pod");
        }
        answer->outcomes = &answer->scan.outcomes;
        answer->best = answer->scan.best;
        answer->topology = answer->scan.topology.plan != NULL ? &answer->scan.topology : NULL;
        answer->candidates = (struct pf_candidates){.values = answer->scan.values};
        answer->results =
            (struct pf_results){.outcomes = answer->outcomes, .ids = answer->scan.ids};
    }
    if (answer->warmth.more) {
        return PF_OK;
    }
    answer->judgement.verdict = pf_verdict_of(answer->outcomes);
    answer->judgement.nodes_fit = answer->outcomes->fits;
    if (answer->outcomes->fits > 1 && answer->outcomes->fits <= PF_FIT_RANKED_MAX &&
        pf_rank_matters(&answer->input) &&
        pf_rank_best(&answer->input, &answer->candidates, arena, &answer->best) != PF_OK) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to predict a place");
    }
    answer->judgement.node = answer->best;
    answer->judgement.predicted = answer->outcomes->failed == 0 ? answer->best : PF_NODE_NONE;
    const enum pf_code code =
        pf_verdict_doubt(&answer->input, answer->outcomes, arena, &answer->judgement);
    return code == PF_OK ? PF_OK : pf_err_set(err, code, "no memory to judge the pod");
}

/* PreFilter of every filter, in two steps: what the pod alone tells, then what other objects of the model do. */
static enum pf_code prepare(const struct pf_fit *fit, const struct pf_pod *pod,
                            struct pf_arena *arena, struct pf_answer *answer)
{
    struct pf_question *question = &answer->question;
    enum pf_code code = pf_question_prepare(pod, &answer->judgement.request, &fit->profile->options,
                                            arena, question);
    if (code == PF_OK) {
        code = pf_priority_find(fit->model, pod, arena, &answer->priority);
    }
    if (code == PF_OK) {
        pf_device_classes_mark(fit->model, &fit->profile->options, question);
        code = pf_volume_plan_build(fit->model, &fit->profile->options, arena, question);
        question->active &= ~fit->profile->options.points.prepared;
    }
    return code;
}

static bool is_rejected_before_topology(const struct pf_question *question)
{
    return question->rejection != NULL && question->rejected_by < PF_FILTER_POD_TOPOLOGY_SPREAD;
}

enum pf_code pf_answer_find(struct pf_fit *fit, const struct pf_pod *pod, enum pf_answer_way way,
                            struct pf_arena *arena, struct pf_answer *ret_answer,
                            struct pf_err *err)
{
    struct pf_judgement *judgement = &ret_answer->judgement;
    judgement->node = PF_NODE_NONE;
    judgement->predicted = PF_NODE_NONE;
    judgement->nodes = pf_model_columns(fit->model)->nodes;
    bool decided = false;
    const struct pf_profile *profile = pf_profile_find(&fit->profiles, pod->scheduler_name);
    fit->profile = profile != NULL ? profile : fit->profiles.items;
    enum pf_code code = pf_verdict_screen(fit, pod, arena, judgement, &decided);
    if (code != PF_OK) {
        return pf_err_set(err, code, "no memory to judge the pod");
    }
    if (pod->defect.len == 0) {
        struct pf_err why = {0};
        code = pf_request_of_incoming(pod, &fit->profile->options.features, arena,
                                      &judgement->request, &why);
        if (code != PF_OK && !(decided && code == PF_E_TOO_BIG)) {
            return pf_err_set(err, code, "%s", why.text);
        }
    }
    if (decided) {
        return PF_OK;
    }
    code = pf_verdict_screen_request(fit, &judgement->request, arena, judgement, &decided);
    if (code == PF_OK && !decided) {
        code = pf_verdict_screen_spread(fit, arena, &pod, judgement, &decided);
    }
    if (code == PF_OK && !decided) {
        code = prepare(fit, pod, arena, ret_answer);
    }
    if (code == PF_OK && !decided && !is_rejected_before_topology(&ret_answer->question)) {
        code = pf_verdict_screen_topology(fit, &ret_answer->question, arena, judgement, &decided);
    }
    if (code == PF_OK && !decided) {
        code = pf_verdict_screen_work(fit, &ret_answer->question, arena, judgement, &decided);
    }
    if (code != PF_OK) {
        return pf_err_set(err, code, "no memory to judge the pod");
    }
    return decided ? PF_OK : ask_nodes(fit, way, arena, ret_answer, err);
}

enum pf_code pf_answer_assume(struct pf_answer *answer, struct pf_arena *arena)
{
    const struct pf_question *question = &answer->question;
    const struct pf_volume_plan *plan = question->volumes;
    if (answer->judgement.predicted == PF_NODE_NONE || plan == NULL ||
        (question->active & 1U << PF_FILTER_VOLUME_BINDING) == 0 ||
        plan->placed_count + plan->open_count == 0) {
        return PF_OK;
    }
    return pf_volume_binding_assume(&answer->input, answer->judgement.predicted, arena,
                                    &answer->judgement.binds);
}

enum pf_code pf_answer_compose(struct pf_answer *answer, struct pf_arena *arena)
{
    const struct pf_judgement *judgement = &answer->judgement;
    if (answer->outcomes == NULL || judgement->verdict == PF_VERDICT_UNKNOWN ||
        (judgement->verdict == PF_VERDICT_FITS && judgement->preemption == NULL)) {
        return PF_OK;
    }
    const enum pf_code code =
        pf_binding_of_misfit(&answer->input, answer->outcomes, arena, &answer->judgement.binding);
    if (code != PF_OK) {
        return code;
    }
    return pf_message_compose(&answer->input, answer->outcomes, arena, &answer->judgement);
}

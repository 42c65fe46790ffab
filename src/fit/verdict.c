#include <inttypes.h>

#include "default_spread.h"
#include "engine.h"
#include "score.h"
#include <podfit/limits.h>

const char *pf_verdict_name(enum pf_verdict verdict)
{
    static const char *const names[] = {
        [PF_VERDICT_FITS] = "fits",
        [PF_VERDICT_FULL] = "full",
        [PF_VERDICT_NEVER] = "never",
        [PF_VERDICT_UNKNOWN] = "unknown",
        [PF_VERDICT_NOT_JUDGED] = "notJudged",
    };
    return (size_t)verdict < PF_ARRAY_LEN(names) ? names[verdict] : "unknown";
}

const char *pf_fit_code_name(enum pf_fit_code code)
{
    static const char *const names[] = {
        [PF_FIT_SUCCESS] = "Success",
        [PF_FIT_UNSCHEDULABLE] = "Unschedulable",
        [PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE] = "UnschedulableAndUnresolvable",
        [PF_FIT_ERROR] = "Error",
        [PF_FIT_UNDECIDED] = "Undecided",
    };
    return (size_t)code < PF_ARRAY_LEN(names) ? names[code] : "Error";
}

enum pf_verdict pf_verdict_of(const struct pf_outcomes *outcomes)
{
    if (outcomes->fits != 0) {
        return PF_VERDICT_FITS;
    }
    return outcomes->could != 0 ? PF_VERDICT_FULL : PF_VERDICT_NEVER;
}

/* Keeps the first reason of a result. */
static enum pf_code keep_first(void *opaque, struct pf_sv text)
{
    struct pf_sv *kept = opaque;
    *kept = kept->ptr == NULL ? text : *kept;
    return PF_OK;
}

enum pf_code pf_verdict_doubt_of_node(const struct pf_filter_input *input,
                                      const struct pf_outcomes *outcomes, enum pf_fit_code wanted,
                                      struct pf_arena *arena, struct pf_sv *ret_cause)
{
    for (uint32_t i = 0; i < outcomes->count; i++) {
        const struct pf_outcome *outcome = &outcomes->items[i];
        if (outcome->nodes == 0 || outcome->result.code != (uint8_t)wanted ||
            outcome->result.filter == PF_FILTER_COUNT) {
            continue;
        }
        const struct pf_filter *filter = pf_filter_get((enum pf_filter_id)outcome->result.filter);
        struct pf_sv reason = {0};
        const bool is_broken = (input->question->broken >> outcome->result.filter & 1) != 0;
        const enum pf_code code =
            is_broken ? keep_first(&reason, PF_SV("is on at filter and off at preFilter, and "
                                                  "kube-scheduler fails for lack of it"))
                      : filter->reasons(input, &outcome->result, arena, keep_first, &reason);
        if (code != PF_OK) {
            return code;
        }
        const char *text = pf_arena_printf(arena, "%s: %.*s", filter->name, PF_SV_ARG(reason));
        *ret_cause = pf_sv_from(text);
        return text != NULL ? PF_OK : PF_E_NO_MEMORY;
    }
    return PF_OK;
}

enum pf_code pf_verdict_doubt(const struct pf_filter_input *input,
                              const struct pf_outcomes *outcomes, struct pf_arena *arena,
                              struct pf_judgement *judgement)
{
    const struct pf_question *question = input->question;
    struct pf_sv cause = {0};
    enum pf_code code = PF_OK;
    if (outcomes->failed != 0) {
        code = pf_verdict_doubt_of_node(input, outcomes, PF_FIT_ERROR, arena, &cause);
    } else if (outcomes->fits > 1 && outcomes->unscorable != 0) {
        cause = PF_SV("a score of NodeResourcesFit or NodeResourcesBalancedAllocation is outside "
                      "of 0 to 100, at which kube-scheduler fails: sums of absurd amounts wrap");
    } else if (outcomes->fits > 1 && pf_score_failure(input) != NULL) {
        cause = pf_sv_from(pf_score_failure(input));
    } else if (outcomes->fits != 0) {
        cause = pf_sv_from(question->unsure);
    } else if (outcomes->open != 0) {
        code = pf_verdict_doubt_of_node(input, outcomes, PF_FIT_UNDECIDED, arena, &cause);
    } else {
        cause = pf_sv_from(question->unsure_misfit);
    }
    if (code == PF_OK && cause.ptr != NULL) {
        judgement->verdict = PF_VERDICT_UNKNOWN;
        judgement->cause = cause;
        judgement->node = PF_NODE_NONE;
        if (cause.ptr != question->unsure) {
            judgement->predicted = PF_NODE_NONE; /* kube-scheduler fails, too, or nobody can tell */
        }
        judgement->nodes_fit = 0;
    }
    return code;
}

/* @return PF_E_NO_MEMORY when @p cause could not be rendered */
static enum pf_code decide(struct pf_judgement *judgement, enum pf_verdict verdict,
                           const char *cause, bool *ret_decided)
{
    if (cause == NULL) {
        return PF_E_NO_MEMORY;
    }
    judgement->verdict = verdict;
    judgement->cause = pf_sv_from(cause);
    *ret_decided = true;
    return PF_OK;
}

/* Pods that kube-scheduler does not look for a node for (scheduler-fit 1.1, section 11 on mirror pods). */
static enum pf_code screen_not_judged(const struct pf_fit *fit, const struct pf_pod *pod,
                                      struct pf_arena *arena, struct pf_judgement *judgement,
                                      bool *ret_decided)
{
    if (pod->mirror) {
        return decide(judgement, PF_VERDICT_NOT_JUDGED,
                      "a mirror pod: the kubelet runs it, not the scheduler", ret_decided);
    }
    if (pod->node_name.len != 0) {
        return decide(judgement, PF_VERDICT_NOT_JUDGED,
                      pf_arena_printf(arena, "spec.nodeName is '%.*s': no scheduler is asked",
                                      PF_SV_ARG(pod->node_name)),
                      ret_decided);
    }
    if (pf_profile_find(&fit->profiles, pod->scheduler_name) == NULL) {
        return decide(judgement, PF_VERDICT_NOT_JUDGED,
                      pf_profile_missing(&fit->profiles, pod->scheduler_name, arena), ret_decided);
    }
    if (pod->meta.deleting) {
        return decide(judgement, PF_VERDICT_NOT_JUDGED, "the pod is being deleted", ret_decided);
    }
    bool held = false;
    struct pf_sv cause = {0};
    const enum pf_code code = pf_scheduling_gates_check(pod, arena, &held, &cause);
    if (code == PF_OK && held) {
        return decide(judgement, PF_VERDICT_NOT_JUDGED, cause.ptr, ret_decided);
    }
    return code;
}

enum pf_code pf_verdict_screen_model(const struct pf_fit *fit, struct pf_arena *arena,
                                     struct pf_judgement *judgement, bool *ret_decided)
{
    const struct pf_model_origin origin = pf_model_origin(fit->model);
    if (!origin.synced) {
        return decide(judgement, PF_VERDICT_UNKNOWN, "the model of the cluster is not synced yet",
                      ret_decided);
    }
    if (!origin.live) {
        return PF_OK;
    }
    const int64_t age_ms = (pf_clock_mono_ns(fit->clock) - origin.updated_mono_ns) / PF_NS_PER_MS;
    if (age_ms <= fit->profile->options.max_model_age_ms) {
        return PF_OK;
    }
    return decide(judgement, PF_VERDICT_UNKNOWN,
                  pf_arena_printf(arena,
                                  "the model of the cluster is %" PRId64
                                  " ms old, more than %" PRId64 " ms",
                                  age_ms, fit->profile->options.max_model_age_ms),
                  ret_decided);
}

/* Needs that a control plane with these features does not know of: it drops the fields. */
static unsigned known_needs(const struct pf_kube_features *features)
{
    unsigned known = ~0U;
    if (!features->dynamic_resource_allocation) {
        known &= ~(unsigned)PF_NEEDS_RESOURCE_CLAIMS;
    }
    if (!features->node_declared_features) {
        known &= ~(unsigned)PF_NEEDS_DECLARED_FEATURES;
    }
    return known;
}

/* Unknown when a filter that is not built and not switched off answers one of @p needs. @param who  what needs it, with a final space, or empty */
static enum pf_code screen_needs(const struct pf_fit *fit, unsigned needs, const char *who,
                                 struct pf_arena *arena, struct pf_judgement *judgement,
                                 bool *ret_decided)
{
    const char *names = NULL;
    bool several = false;
    for (unsigned i = 0; i < PF_FILTER_COUNT; i++) {
        const struct pf_filter *filter = pf_filter_get((enum pf_filter_id)i);
        if (filter->built || (filter->needs & needs) == 0 ||
            (fit->profile->options.disabled & 1U << i) != 0) {
            continue;
        }
        several = names != NULL;
        names =
            names == NULL ? filter->name : pf_arena_printf(arena, "%s, %s", names, filter->name);
        if (names == NULL) {
            return PF_E_NO_MEMORY;
        }
    }
    if (names == NULL) {
        return PF_OK;
    }
    return decide(judgement, PF_VERDICT_UNKNOWN,
                  pf_arena_printf(arena,
                                  "%sneeds filter%s %s, which this version of podfit does not have",
                                  who, several ? "s" : "", names),
                  ret_decided);
}

enum pf_code pf_verdict_screen(const struct pf_fit *fit, const struct pf_pod *pod,
                               struct pf_arena *arena, struct pf_judgement *judgement,
                               bool *ret_decided)
{
    *ret_decided = false;
    enum pf_code code = screen_not_judged(fit, pod, arena, judgement, ret_decided);
    if (code == PF_OK && !*ret_decided) {
        code = pf_verdict_screen_model(fit, arena, judgement, ret_decided);
    }
    if (code != PF_OK || *ret_decided) {
        return code;
    }
    if (pod->defect.len != 0) {
        return decide(judgement, PF_VERDICT_UNKNOWN, pf_arena_dup(arena, pod->defect), ret_decided);
    }
    const char *doubt = NULL;
    code = pf_profile_doubt(fit->profile, pod, arena, &doubt);
    if (code != PF_OK || doubt != NULL) {
        return code == PF_OK ? decide(judgement, PF_VERDICT_UNKNOWN, doubt, ret_decided) : code;
    }
    const unsigned needs = pod->needs & known_needs(&fit->profile->options.features);
    if ((needs & PF_NEEDS_RESOURCE_CLAIMS) != 0 &&
        (fit->profile->options.disabled & 1U << PF_FILTER_DYNAMIC_RESOURCES) == 0) {
        return decide(judgement, PF_VERDICT_UNKNOWN,
                      "needs filter DynamicResources to evaluate CEL expressions over devices, "
                      "which this version of podfit does not have",
                      ret_decided);
    }
    if (needs != 0) {
        code = screen_needs(fit, needs, "", arena, judgement, ret_decided);
    }
    return code;
}

static bool has_hard_default(const struct pf_profile *profile)
{
    const struct pf_fit_profile *source = profile->source;
    for (size_t i = 0; i < source->default_spread_count; i++) {
        if (source->default_spreads[i].do_not_schedule) {
            return (profile->options.disabled & 1U << PF_FILTER_POD_TOPOLOGY_SPREAD) == 0;
        }
    }
    return false;
}

enum pf_code pf_verdict_screen_spread(const struct pf_fit *fit, struct pf_arena *arena,
                                      const struct pf_pod **pod, struct pf_judgement *judgement,
                                      bool *ret_decided)
{
    enum pf_kind missing = PF_KIND_COUNT;
    *ret_decided = false;
    if ((*pod)->spread_count != 0 || !fit->profile->source->default_spreads_listed) {
        return PF_OK;
    }
    if (has_hard_default(fit->profile) && pf_default_spread_lacks(fit->model, *pod, &missing)) {
        return decide(judgement, PF_VERDICT_UNKNOWN,
                      pf_arena_printf(arena, "needs kind %s, of which the snapshot has no object",
                                      pf_kind_name(missing)),
                      ret_decided);
    }
    return pf_default_spread_add(fit->model, fit->profile->source, arena, pod);
}

enum pf_code pf_verdict_screen_request(const struct pf_fit *fit, const struct pf_request *request,
                                       struct pf_arena *arena, struct pf_judgement *judgement,
                                       bool *ret_decided)
{
    *ret_decided = false;
    if (request->scalar_count > PF_FIT_SCALARS_MAX) {
        return decide(judgement, PF_VERDICT_UNKNOWN,
                      pf_arena_printf(arena,
                                      "the pod asks for %zu extended resources, podfit judges %d",
                                      request->scalar_count, PF_FIT_SCALARS_MAX),
                      ret_decided);
    }
    if (!fit->profile->options.features.dra_extended_resource) {
        return PF_OK;
    }
    /* such a name is a device class, which DynamicResources allocates (scheduler-fit 7.6) */
    const struct pf_sv prefix = PF_SV("deviceclass.resource.kubernetes.io/");
    for (size_t i = 0; i < request->scalar_count; i++) {
        if (pf_sv_starts_with(request->scalars[i].name, prefix) &&
            !pf_model_knows_kind(fit->model, PF_KIND_DEVICE_CLASS)) {
            return decide(judgement, PF_VERDICT_UNKNOWN,
                          "needs kind DeviceClass, of which the snapshot has no object",
                          ret_decided);
        }
    }
    return PF_OK;
}

enum pf_code pf_verdict_screen_topology(const struct pf_fit *fit, struct pf_question *question,
                                        struct pf_arena *arena, struct pf_judgement *judgement,
                                        bool *ret_decided)
{
    *ret_decided = false;
    const char *cause = question->failure;
    const enum pf_code code =
        cause == NULL ? pf_topology_ask(question, &fit->profile->options, fit->model, arena, &cause)
                      : PF_OK;
    return code == PF_OK && cause != NULL
               ? decide(judgement, PF_VERDICT_UNKNOWN, cause, ret_decided)
               : code;
}

enum pf_code pf_verdict_screen_work(const struct pf_fit *fit, const struct pf_question *question,
                                    struct pf_arena *arena, struct pf_judgement *judgement,
                                    bool *ret_decided)
{
    *ret_decided = false;
    const uint64_t work = pf_question_work(question);
    const uint64_t nodes = pf_model_columns(fit->model)->nodes;
    if (work <= PF_FIT_WORK_FREE || work * nodes <= PF_FIT_WORK_MAX) {
        return PF_OK;
    }
    return decide(judgement, PF_VERDICT_UNKNOWN,
                  pf_arena_printf(arena,
                                  "tolerations, selectors and ports of the pod have %" PRIu64
                                  " entries, too many to compare with %" PRIu64 " nodes",
                                  work, nodes),
                  ret_decided);
}

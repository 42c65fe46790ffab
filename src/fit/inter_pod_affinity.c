#include "topology.h"

/* Source: pkg/scheduler/framework/plugins/interpodaffinity/filtering.go (scheduler-fit 7.12); topology.c has the counts. */

static const char *invalid_text(const struct pf_pod *pod)
{
    static const char *const texts[PF_TERMS_COUNT] = {
        [PF_TERMS_AFFINITY] = "parsing pod: requiredAffinityTerms: invalid label selector",
        [PF_TERMS_ANTI_AFFINITY] = "parsing pod: requiredAntiAffinityTerms: invalid label selector",
        [PF_TERMS_PREFERRED_AFFINITY] =
            "parsing pod: preferredAffinityTerms: invalid label selector",
        [PF_TERMS_PREFERRED_ANTI_AFFINITY] =
            "parsing pod: preferredAntiAffinityTerms: invalid label selector",
    };
    for (unsigned i = 0; i < PF_TERMS_COUNT; i++) {
        if (pod->terms[i].invalid) {
            return texts[i];
        }
    }
    return NULL;
}

/* Existing pods may call the filter in later: pf_topology_ask(). */
static enum pf_code prepare(struct pf_question *question,
                            const struct pf_fit_options *options PF_UNUSED,
                            struct pf_arena *arena PF_UNUSED)
{
    const struct pf_pod *pod = question->pod;
    const char *invalid = invalid_text(pod);
    if (invalid != NULL && question->rejection == NULL && question->failure == NULL) {
        question->rejection = invalid;
        question->rejected_by = PF_FILTER_INTER_POD_AFFINITY;
    }
    if (pod->terms[PF_TERMS_AFFINITY].count + pod->terms[PF_TERMS_ANTI_AFFINITY].count == 0) {
        question->active &= ~(1U << PF_FILTER_INTER_POD_AFFINITY);
    }
    return PF_OK;
}

/* A node that lacks a label of an affinity term never takes the pod; the rest is up to other pods. */
static bool could(const struct pf_filter_input *input, struct pf_filter_target *target)
{
    const struct pf_topology_plan *plan = input->question->plan;
    for (uint32_t i = 0; plan != NULL && i < plan->affinity_count; i++) {
        if (pf_topology_value(input, target->slot, plan->key_ids[plan->terms[i].axis]) ==
            PF_INTERN_NONE) {
            return false;
        }
    }
    return true;
}

static enum pf_code reasons(const struct pf_filter_input *input PF_UNUSED,
                            const struct pf_result *result, struct pf_arena *arena PF_UNUSED,
                            pf_filter_reason_fn *visit, void *opaque)
{
    if (result->key == PF_TOPOLOGY_AFFINITY) {
        return visit(opaque, PF_SV("node(s) didn't match pod affinity rules"));
    }
    return visit(opaque, result->key == PF_TOPOLOGY_ANTI_AFFINITY
                             ? PF_SV("node(s) didn't match pod anti-affinity rules")
                             : PF_SV("node(s) didn't satisfy existing pods anti-affinity rules"));
}

const struct pf_filter pf_inter_pod_affinity_filter = {
    .name = "InterPodAffinity",
    .needs = PF_NEEDS_POD_AFFINITY,
    .built = true,
    .by_topology = true,
    .prepare = prepare,
    .could = could,
    .reasons = reasons,
};

#include "topology.h"

/* Source: pkg/scheduler/framework/plugins/podtopologyspread/filtering.go (scheduler-fit 7.11); topology.c has the counts. */

static enum pf_code prepare(struct pf_question *question,
                            const struct pf_fit_options *options PF_UNUSED,
                            struct pf_arena *arena PF_UNUSED)
{
    const struct pf_pod *pod = question->pod;
    bool any = false;
    for (size_t i = 0; i < pod->spread_count; i++) {
        const struct pf_spread *spread = &pod->spreads[i];
        any = any || spread->do_not_schedule;
        if (spread->do_not_schedule && spread->invalid && question->rejection == NULL &&
            question->failure == NULL) {
            question->failure = "a topologySpreadConstraint has a labelSelector that cannot be "
                                "parsed: kube-scheduler fails with an error";
        }
    }
    if (!any) {
        question->active &= ~(1U << PF_FILTER_POD_TOPOLOGY_SPREAD);
    }
    return PF_OK;
}

/* A node that lacks a label never takes the pod; how full its domains are is up to other pods. */
static bool could(const struct pf_filter_input *input, struct pf_filter_target *target)
{
    const struct pf_topology_plan *plan = input->question->plan;
    for (uint32_t i = 0; plan != NULL && i < plan->spread_count; i++) {
        if (pf_topology_value(input, target->slot, plan->key_ids[plan->spreads[i].axis]) ==
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
    return visit(opaque,
                 result->key == PF_TOPOLOGY_SPREAD_LABEL
                     ? PF_SV("node(s) didn't match pod topology spread constraints (missing "
                             "required label)")
                     : PF_SV("node(s) didn't match pod topology spread constraints"));
}

const struct pf_filter pf_pod_topology_spread_filter = {
    .name = "PodTopologySpread",
    .needs = PF_NEEDS_TOPOLOGY_SPREAD,
    .built = true,
    .by_topology = true,
    .prepare = prepare,
    .could = could,
    .reasons = reasons,
};

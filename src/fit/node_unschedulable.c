#include <podfit/filter.h>

/* Source: pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go (scheduler-fit 7.1). */

static bool check(const struct pf_filter_input *input, struct pf_filter_target *target,
                  struct pf_result *result)
{
    if (!target->shape->unschedulable ||
        pf_pod_tolerates(input->question->pod, PF_SV("node.kubernetes.io/unschedulable"),
                         (struct pf_sv){0}, PF_SV("NoSchedule"), &input->options->features)) {
        return true;
    }
    result->code = PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE;
    return false;
}

static enum pf_code reasons(const struct pf_filter_input *input PF_UNUSED,
                            const struct pf_result *result PF_UNUSED,
                            struct pf_arena *arena PF_UNUSED, pf_filter_reason_fn *visit,
                            void *opaque)
{
    return visit(opaque, PF_SV("node(s) were unschedulable"));
}

const struct pf_filter pf_node_unschedulable_filter = {
    .name = "NodeUnschedulable",
    .built = true,
    .by_shape = true,
    .check = check,
    .reasons = reasons,
};

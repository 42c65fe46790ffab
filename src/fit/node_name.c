#include <podfit/filter.h>

/* Source: pkg/scheduler/framework/plugins/nodename/node_name.go (scheduler-fit 7.2). */

static enum pf_code prepare(struct pf_question *question,
                            const struct pf_fit_options *options PF_UNUSED,
                            struct pf_arena *arena PF_UNUSED)
{
    if (question->pod->node_name.len == 0) {
        question->active &= ~(1U << PF_FILTER_NODE_NAME);
    } else {
        question->by_name = true;
    }
    return PF_OK;
}

static bool matches(const struct pf_filter_input *input, const struct pf_filter_target *target)
{
    const struct pf_sv name = pf_intern_text(input->strings, input->columns->name[target->slot]);
    return pf_sv_eq(name, input->question->pod->node_name);
}

static bool check(const struct pf_filter_input *input, struct pf_filter_target *target,
                  struct pf_result *result)
{
    if (matches(input, target)) {
        return true;
    }
    result->code = PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE;
    return false;
}

static bool could(const struct pf_filter_input *input, struct pf_filter_target *target)
{
    return matches(input, target);
}

static enum pf_code reasons(const struct pf_filter_input *input PF_UNUSED,
                            const struct pf_result *result PF_UNUSED,
                            struct pf_arena *arena PF_UNUSED, pf_filter_reason_fn *visit,
                            void *opaque)
{
    return visit(opaque, PF_SV("node(s) didn't match the requested node name"));
}

const struct pf_filter pf_node_name_filter = {
    .name = "NodeName",
    .built = true,
    .prepare = prepare,
    .check = check,
    .could = could,
    .reasons = reasons,
};

#include <podfit/filter.h>

/* Source: pkg/scheduler/framework/plugins/nodedeclaredfeatures/nodedeclaredfeatures.go (scheduler-fit 7.14). */

/* By the bits of enum pf_pod_feature. */
static const struct pf_sv names[] = {
    PF_SV_INIT("RestartAllContainersOnContainerExits"),
    PF_SV_INIT("UserNamespacesHostNetworkSupport"),
};

static enum pf_code prepare(struct pf_question *question, const struct pf_fit_options *options,
                            struct pf_arena *arena PF_UNUSED)
{
    if (question->pod->features == 0 || !options->features.node_declared_features) {
        question->active &= ~(1U << PF_FILTER_NODE_DECLARED_FEATURES);
    }
    return PF_OK;
}

static bool declares(const struct pf_filter_input *input, const struct pf_shape *shape,
                     struct pf_sv name)
{
    for (size_t i = 0; i < shape->feature_count; i++) {
        if (pf_sv_eq(pf_intern_text(input->strings, shape->features[i]), name)) {
            return true;
        }
    }
    return false;
}

static bool match(const struct pf_filter_input *input, struct pf_filter_target *target)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        if ((input->question->pod->features & 1U << i) != 0 &&
            !declares(input, target->shape, names[i])) {
            return false;
        }
    }
    return true;
}

static bool check(const struct pf_filter_input *input, struct pf_filter_target *target,
                  struct pf_result *result)
{
    if (match(input, target)) {
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
    return visit(opaque, PF_SV("node(s) didn't match Pod's required features"));
}

const struct pf_filter pf_node_declared_features_filter = {
    .name = "NodeDeclaredFeatures",
    .needs = PF_NEEDS_DECLARED_FEATURES,
    .built = true,
    .prepare = prepare,
    .check = check,
    .could = match,
    .reasons = reasons,
};

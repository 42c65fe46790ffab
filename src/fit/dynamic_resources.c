#include "room.h"
#include <podfit/request.h>

/*
 * DynamicResources allocates devices by CEL expressions, which podfit does not evaluate: pods with spec.resourceClaims are screened (verdict.c), and a node that
 * would have to give an extended resource by its DeviceClass is undecided (scheduler-fit 7.6 and 7.13).
 * Source: pkg/scheduler/framework/plugins/dynamicresources/extendeddynamicresources.go.
 */

static enum pf_code prepare(struct pf_question *question,
                            const struct pf_fit_options *options PF_UNUSED,
                            struct pf_arena *arena PF_UNUSED)
{
    /* pf_device_classes_mark() switches it on */
    question->active &= ~(1U << PF_FILTER_DYNAMIC_RESOURCES);
    return PF_OK;
}

static bool check(const struct pf_filter_input *input, struct pf_filter_target *target,
                  struct pf_result *result)
{
    const struct pf_request *request = &input->question->request;
    for (size_t i = 0; i < request->scalar_count; i++) {
        /* one that is not delegated gets here where NodeResourcesFit is off or ignores it */
        const bool asked =
            request->scalars[i].amount != 0 && (input->question->scalar_delegated[i] ||
                                                pf_request_is_extended(request->scalars[i].name));
        if (asked && pf_room_scalar(input, target->slot, i).allocatable <= 0) {
            result->code = PF_FIT_UNDECIDED;
            return false;
        }
    }
    return true;
}

static enum pf_code reasons(const struct pf_filter_input *input PF_UNUSED,
                            const struct pf_result *result PF_UNUSED,
                            struct pf_arena *arena PF_UNUSED, pf_filter_reason_fn *visit,
                            void *opaque)
{
    return visit(opaque, PF_SV("an extended resource comes from a DeviceClass, whose devices "
                               "podfit does not choose"));
}

const struct pf_filter pf_dynamic_resources_filter = {
    .name = "DynamicResources",
    .needs = PF_NEEDS_RESOURCE_CLAIMS,
    .built = true,
    .prepare = prepare,
    .check = check,
    .reasons = reasons,
};

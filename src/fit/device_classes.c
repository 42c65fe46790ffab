#include "device_classes.h"

#include <podfit/request.h>
#include <podfit/volumes.h>

#define IMPLICIT PF_SV("deviceclass.resource.kubernetes.io/")

static bool has_class(const struct pf_model *model, struct pf_sv name)
{
    if (pf_sv_starts_with(name, IMPLICIT)) {
        const struct pf_sv class_name = {.ptr = name.ptr + IMPLICIT.len,
                                         .len = name.len - IMPLICIT.len};
        return pf_model_device_class(model, class_name) != NULL;
    }
    return pf_request_is_extended(name) &&
           pf_model_next_of(model, PF_KIND_DEVICE_CLASS, (struct pf_sv){0}, name, NULL) != NULL;
}

void pf_device_classes_mark(const struct pf_model *model, const struct pf_fit_options *options,
                            struct pf_question *question)
{
    bool any = false;
    for (size_t i = 0; i < question->request.scalar_count; i++) {
        question->scalar_delegated[i] = options->features.dra_extended_resource &&
                                        has_class(model, question->request.scalars[i].name);
        any = any || question->scalar_delegated[i];
    }
    if (any && (options->disabled & 1U << PF_FILTER_DYNAMIC_RESOURCES) == 0) {
        question->active |= 1U << PF_FILTER_DYNAMIC_RESOURCES;
    }
}

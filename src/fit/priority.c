#include "engine.h"
#include <podfit/volumes.h>

/* Classes that every cluster has. */
static const struct pf_priority_class system_classes[] = {
    {.name = PF_SV_INIT("system-cluster-critical"), .value = 2000000000},
    {.name = PF_SV_INIT("system-node-critical"), .value = 2000001000},
};

static const struct pf_priority_class *find_named(const struct pf_model *model, struct pf_sv name)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(system_classes); i++) {
        if (pf_sv_eq(name, system_classes[i].name)) {
            return &system_classes[i];
        }
    }
    return pf_model_priority_class(model, name);
}

/* Of several with globalDefault the lowest counts (getDefaultPriorityClass). */
static const struct pf_priority_class *find_default(const struct pf_model *model)
{
    const struct pf_priority_class *lowest = NULL;
    const struct pf_priority_class *each = NULL;
    while ((each = pf_model_next_of(model, PF_KIND_PRIORITY_CLASS, (struct pf_sv){0},
                                    PF_SV("default"), each)) != NULL) {
        lowest = lowest == NULL || each->value < lowest->value ? each : lowest;
    }
    return lowest;
}

static enum pf_code explain_missing(const struct pf_model *model, const struct pf_pod *pod,
                                    struct pf_arena *arena, const char **ret_why)
{
    *ret_why = pf_model_knows_kind(model, PF_KIND_PRIORITY_CLASS)
                   ? pf_arena_printf(arena,
                                     "there is no PriorityClass '%.*s': the API server refuses the "
                                     "pod",
                                     PF_SV_ARG(pod->priority_class))
                   : pf_arena_printf(arena,
                                     "priorityClassName '%.*s' needs kind PriorityClass, of which "
                                     "the snapshot has no object",
                                     PF_SV_ARG(pod->priority_class));
    return *ret_why != NULL ? PF_OK : PF_E_NO_MEMORY;
}

enum pf_code pf_priority_find(const struct pf_model *model, const struct pf_pod *pod,
                              struct pf_arena *arena, struct pf_priority *ret_priority)
{
    struct pf_priority priority = {.value = pod->priority, .never = pod->preempt_never};
    if (!pod->priority_present) {
        const struct pf_priority_class *found = pod->priority_class.len != 0
                                                    ? find_named(model, pod->priority_class)
                                                    : find_default(model);
        if (found != NULL) {
            priority.value = found->value;
            priority.never = pod->preempt_present ? pod->preempt_never : found->never;
        } else if (pod->priority_class.len != 0 &&
                   explain_missing(model, pod, arena, &priority.unknown) != PF_OK) {
            return PF_E_NO_MEMORY;
        }
    }
    *ret_priority = priority;
    return PF_OK;
}

#include "room.h"

/* Source: pkg/scheduler/framework/plugins/noderesources/fit.go, fitsRequest (scheduler-fit 7.6). */

/* Up to this minor the code is always Unschedulable. */
#define LAST_MINOR_ALWAYS_RESOLVABLE 33

static bool is_ignored(struct pf_sv name, const struct pf_fit_options *options)
{
    if (!pf_request_is_extended(name)) {
        return false;
    }
    for (size_t i = 0; i < options->ignored_resource_count; i++) {
        if (pf_sv_eq(name, options->ignored_resources[i])) {
            return true;
        }
    }
    const size_t slash = pf_sv_find(name, PF_SV("/"));
    const struct pf_sv group = {.ptr = name.ptr, .len = slash < name.len ? slash : name.len};
    for (size_t i = 0; i < options->ignored_resource_group_count; i++) {
        if (pf_sv_eq(group, options->ignored_resource_groups[i])) {
            return true;
        }
    }
    return false;
}

static enum pf_code prepare(struct pf_question *question, const struct pf_fit_options *options,
                            struct pf_arena *arena PF_UNUSED)
{
    for (size_t i = 0; i < question->request.scalar_count; i++) {
        question->scalar_ignored[i] = is_ignored(question->request.scalars[i].name, options);
    }
    return PF_OK;
}

struct shortage {
    uint64_t mask;
    bool unresolvable; /* one of them is over what the node has at all */
};

static void compare(struct shortage *found, struct pf_room room, int64_t wanted, unsigned bit)
{
    if (wanted > pf_room_free(room)) {
        found->mask |= UINT64_C(1) << bit;
        found->unresolvable = found->unresolvable || wanted > room.allocatable;
    }
}

static void compare_scalars(const struct pf_filter_input *input, uint32_t slot,
                            struct shortage *found)
{
    const struct pf_request *request = &input->question->request;
    for (size_t i = 0; i < request->scalar_count; i++) {
        if (request->scalars[i].amount == 0 || input->question->scalar_ignored[i]) {
            continue;
        }
        const struct pf_room room = pf_room_scalar(input, slot, i);
        if (!input->question->scalar_delegated[i] || room.allocatable > 0) {
            compare(found, room, request->scalars[i].amount, PF_SHORT_SCALARS + (unsigned)i);
        }
    }
}

static bool check(const struct pf_filter_input *input, struct pf_filter_target *target,
                  struct pf_result *result)
{
    const struct pf_request *request = &input->question->request;
    const uint32_t slot = target->slot;
    struct shortage found = {0};
    const struct pf_room pods = pf_room_pods(input, slot);
    if (pods.used + 1 > pods.allocatable) {
        found.mask |= UINT64_C(1) << PF_SHORT_PODS;
    }
    if (request->milli_cpu > 0) {
        compare(&found, pf_room_cpu(input, slot), request->milli_cpu, PF_SHORT_CPU);
    }
    if (request->memory > 0) {
        compare(&found, pf_room_memory(input, slot), request->memory, PF_SHORT_MEMORY);
    }
    if (request->ephemeral_storage > 0) {
        compare(&found, pf_room_ephemeral_storage(input, slot), request->ephemeral_storage,
                PF_SHORT_EPHEMERAL_STORAGE);
    }
    if (request->scalar_count != 0) {
        compare_scalars(input, slot, &found);
    }
    if (found.mask == 0) {
        return true;
    }
    const bool resolvable =
        !found.unresolvable || input->options->features.minor <= LAST_MINOR_ALWAYS_RESOLVABLE;
    result->mask = found.mask;
    result->code = resolvable ? PF_FIT_UNSCHEDULABLE : PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE;
    return false;
}

static bool could(const struct pf_filter_input *input, struct pf_filter_target *target)
{
    const struct pf_request *request = &input->question->request;
    const struct pf_columns *columns = input->columns;
    const uint32_t slot = target->slot;
    if (columns->allocatable_pods[slot] < 1 ||
        (request->milli_cpu > 0 && request->milli_cpu > columns->allocatable_milli_cpu[slot]) ||
        (request->memory > 0 && request->memory > columns->allocatable_memory[slot]) ||
        (request->ephemeral_storage > 0 &&
         request->ephemeral_storage > columns->allocatable_ephemeral_storage[slot])) {
        return false;
    }
    for (size_t i = 0; i < request->scalar_count; i++) {
        const int64_t amount = request->scalars[i].amount;
        const int64_t allocatable = pf_room_scalar(input, slot, i).allocatable;
        const bool delegated = input->question->scalar_delegated[i] && allocatable <= 0;
        if (amount != 0 && !input->question->scalar_ignored[i] && !delegated &&
            amount > allocatable) {
            return false;
        }
    }
    return true;
}

static enum pf_code reasons(const struct pf_filter_input *input, const struct pf_result *result,
                            struct pf_arena *arena, pf_filter_reason_fn *visit, void *opaque)
{
    static const struct pf_sv fixed[PF_SHORT_SCALARS] = {
        [PF_SHORT_PODS] = PF_SV_INIT("Too many pods"),
        [PF_SHORT_CPU] = PF_SV_INIT("Insufficient cpu"),
        [PF_SHORT_MEMORY] = PF_SV_INIT("Insufficient memory"),
        [PF_SHORT_EPHEMERAL_STORAGE] = PF_SV_INIT("Insufficient ephemeral-storage"),
    };
    for (unsigned bit = 0; bit < 64 && result->mask >> bit != 0; bit++) {
        if ((result->mask >> bit & 1) == 0) {
            continue;
        }
        struct pf_sv text = {0};
        if (bit < PF_SHORT_SCALARS) {
            text = fixed[bit];
        } else {
            const struct pf_sv name = input->question->request.scalars[bit - PF_SHORT_SCALARS].name;
            text = pf_sv_from(pf_arena_printf(arena, "Insufficient %.*s", PF_SV_ARG(name)));
        }
        const enum pf_code code = text.ptr != NULL ? visit(opaque, text) : PF_E_NO_MEMORY;
        if (code != PF_OK) {
            return code;
        }
    }
    return PF_OK;
}

const struct pf_filter pf_node_resources_fit_filter = {
    .name = "NodeResourcesFit",
    .built = true,
    .prepare = prepare,
    .check = check,
    .could = could,
    .reasons = reasons,
};

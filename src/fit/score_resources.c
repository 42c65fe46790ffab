#include "room.h"
#include "score.h"
#include <podfit/request.h>

/* Source: pkg/scheduler/framework/plugins/noderesources/resource_allocation.go. */

enum pf_fit_resource_kind pf_fit_resource_kind_of(struct pf_sv name)
{
    static const struct {
        struct pf_sv name;
        enum pf_fit_resource_kind kind;
    } rows[] = {
        {PF_SV_INIT("cpu"), PF_FIT_RESOURCE_CPU},
        {PF_SV_INIT("memory"), PF_FIT_RESOURCE_MEMORY},
        {PF_SV_INIT("ephemeral-storage"), PF_FIT_RESOURCE_EPHEMERAL_STORAGE},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if (pf_sv_eq(name, rows[i].name)) {
            return rows[i].kind;
        }
    }
    return PF_FIT_RESOURCE_SCALAR;
}

/* @return scalar_count when the pod does not ask for it */
static size_t find_scalar(const struct pf_request *request, struct pf_sv name)
{
    size_t i = 0;
    while (i < request->scalar_count && !pf_sv_eq(request->scalars[i].name, name)) {
        i++;
    }
    return i;
}

/* Scores do not raise negative sums to 0, as filters do. */
static const struct pf_request *request_of(const struct pf_question *question)
{
    const struct pf_request *request = &question->request;
    return request->unclamped != NULL ? request->unclamped : request;
}

int64_t pf_score_wanted(const struct pf_question *question, const struct pf_fit_resource *resource)
{
    const struct pf_request *request = request_of(question);
    size_t at = 0;
    switch (resource->kind) {
    case PF_FIT_RESOURCE_CPU:
        return request->milli_cpu;
    case PF_FIT_RESOURCE_MEMORY:
        return request->memory;
    case PF_FIT_RESOURCE_EPHEMERAL_STORAGE:
        return request->ephemeral_storage;
    case PF_FIT_RESOURCE_SCALAR:
    default:
        at = find_scalar(request, resource->name);
        return at < request->scalar_count ? request->scalars[at].amount : 0;
    }
}

static struct pf_score_share share(struct pf_room room, int64_t wanted)
{
    return (struct pf_score_share){
        .allocatable = room.allocatable, .used = room.used, .wanted = wanted};
}

static struct pf_score_share nonzero_share(const struct pf_filter_input *input, uint32_t slot,
                                           enum pf_fit_resource_kind kind)
{
    const struct pf_columns *columns = input->columns;
    const struct pf_request *request = request_of(input->question);
    const bool cpu = kind == PF_FIT_RESOURCE_CPU;
    return (struct pf_score_share){
        .allocatable =
            cpu ? columns->allocatable_milli_cpu[slot] : columns->allocatable_memory[slot],
        .used = cpu ? columns->used_nonzero_milli_cpu[slot] : columns->used_nonzero_memory[slot],
        .wanted = cpu ? request->nonzero_milli_cpu : request->nonzero_memory};
}

static struct pf_score_share scalar_share(const struct pf_filter_input *input, uint32_t slot,
                                          struct pf_sv name)
{
    const struct pf_request *request = request_of(input->question);
    const size_t at = find_scalar(request, name);
    if (at == request->scalar_count || request->scalars[at].amount == 0) {
        return (struct pf_score_share){.allocatable = 0};
    }
    return share(pf_room_scalar(input, slot, at), request->scalars[at].amount);
}

struct pf_score_share pf_score_share_of(const struct pf_filter_input *input, uint32_t slot,
                                        const struct pf_fit_resource *resource, bool nonzero)
{
    const int64_t wanted =
        resource->kind != PF_FIT_RESOURCE_SCALAR ? pf_score_wanted(input->question, resource) : 0;
    switch (resource->kind) {
    case PF_FIT_RESOURCE_CPU:
        return nonzero ? nonzero_share(input, slot, resource->kind)
                       : share(pf_room_cpu(input, slot), wanted);
    case PF_FIT_RESOURCE_MEMORY:
        return nonzero ? nonzero_share(input, slot, resource->kind)
                       : share(pf_room_memory(input, slot), wanted);
    case PF_FIT_RESOURCE_EPHEMERAL_STORAGE:
        return share(pf_room_ephemeral_storage(input, slot), wanted);
    case PF_FIT_RESOURCE_SCALAR:
    default:
        return scalar_share(input, slot, resource->name);
    }
}

#include "aggregate.h"
#include "labelname.h"
#include <podfit/request.h>

bool pf_request_is_extended(struct pf_sv name)
{
    const struct pf_sv quota =
        PF_SV("requests."); /* stands in front of the name in a ResourceQuota */
    return pf_sv_find(name, PF_SV("/")) != SIZE_MAX &&
           pf_sv_find(name, PF_SV("kubernetes.io/")) == SIZE_MAX &&
           !pf_sv_starts_with(name, quota) && pf_labelname_is_qualified(name, quota.len);
}

bool pf_request_is_scalar(struct pf_sv name)
{
    return pf_sv_starts_with(name, PF_SV("hugepages-")) ||
           pf_sv_starts_with(name, PF_SV("attachable-volumes-")) ||
           pf_sv_find(name, PF_SV("kubernetes.io/")) != SIZE_MAX || pf_request_is_extended(name);
}

static void set_named(struct pf_request *request, const struct pf_aggregate_sum *sum, bool incoming,
                      bool pod_level_set)
{
    /* NodeInfo leaves out the defaults of a resource that a pod with pod-level requests asks for anywhere; the scorer of an incoming pod does not */
    const struct pf_quantity *nonzero =
        !incoming && pod_level_set && sum->present ? &sum->amount : &sum->nonzero;
    if (pf_sv_eq(sum->name, PF_SV("cpu"))) {
        request->milli_cpu = pf_quantity_milli(&sum->amount);
        request->nonzero_milli_cpu = pf_quantity_milli(nonzero);
    } else if (pf_sv_eq(sum->name, PF_SV("memory"))) {
        request->memory = pf_quantity_value(&sum->amount);
        request->nonzero_memory = pf_quantity_value(nonzero);
    } else if (pf_sv_eq(sum->name, PF_SV("ephemeral-storage"))) {
        request->ephemeral_storage = pf_quantity_value(&sum->amount);
    } else if (request->scalars != NULL && pf_request_is_scalar(sum->name)) {
        request->scalars[request->scalar_count++] = (struct pf_scalar){
            .name = sum->name,
            .amount = pf_quantity_value(&sum->amount),
        };
    }
}

static bool has_pod_level_requests(const struct pf_pod *pod)
{
    for (size_t i = 0; i < pod->requests.count; i++) {
        if (pf_aggregate_is_pod_level(pod->requests.items[i].name)) {
            return true;
        }
    }
    return false;
}

static enum pf_code request_of(const struct pf_pod *pod, const struct pf_aggregate_options *options,
                               struct pf_arena *arena, struct pf_request *ret_request,
                               struct pf_err *err)
{
    const bool incoming = !options->use_status;
    const bool pod_level = options->pod_level && has_pod_level_requests(pod);
    struct pf_aggregate sums = {0};
    struct pf_request request = {0};
    const enum pf_code code = pf_aggregate_pod(pod, options, arena, &sums, err);
    if (code != PF_OK) {
        return code;
    }
    size_t scalars = 0;
    for (size_t i = 0; i < sums.count; i++) {
        scalars += pf_request_is_scalar(sums.sums[i].name) ? 1 : 0;
    }
    if (scalars != 0) {
        request.scalars = pf_arena_calloc(arena, scalars, sizeof(*request.scalars));
        if (request.scalars == NULL) {
            return pf_err_set(err, PF_E_NO_MEMORY, "no memory for the requests of a pod");
        }
    }
    for (size_t i = 0; i < sums.count; i++) {
        set_named(&request, &sums.sums[i], incoming, pod_level);
    }
    *ret_request = request;
    return PF_OK;
}

static int64_t at_least_zero(int64_t amount)
{
    return amount < 0 ? 0 : amount;
}

/* Resource.SetMaxResource() of an incoming pod starts from 0, Resource.Add() of an existing one does not. */
static enum pf_code clamp(struct pf_arena *arena, struct pf_request *request, struct pf_err *err)
{
    struct pf_request *unclamped = pf_arena_calloc(arena, 1, sizeof(*unclamped));
    struct pf_scalar *scalars = pf_arena_calloc(arena, request->scalar_count + 1, sizeof(*scalars));
    if (unclamped == NULL || scalars == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for the requests of a pod");
    }
    *unclamped = *request;
    request->milli_cpu = at_least_zero(request->milli_cpu);
    request->memory = at_least_zero(request->memory);
    request->ephemeral_storage = at_least_zero(request->ephemeral_storage);
    request->nonzero_milli_cpu = at_least_zero(request->nonzero_milli_cpu);
    request->nonzero_memory = at_least_zero(request->nonzero_memory);
    for (size_t i = 0; i < request->scalar_count; i++) {
        scalars[i] = (struct pf_scalar){
            .name = request->scalars[i].name,
            .amount = at_least_zero(request->scalars[i].amount),
        };
    }
    request->scalars = request->scalar_count != 0 ? scalars : NULL;
    request->unclamped = unclamped;
    return PF_OK;
}

static bool has_negative(const struct pf_request *request)
{
    bool any = request->milli_cpu < 0 || request->memory < 0 || request->ephemeral_storage < 0 ||
               request->nonzero_milli_cpu < 0 || request->nonzero_memory < 0;
    for (size_t i = 0; i < request->scalar_count; i++) {
        any = any || request->scalars[i].amount < 0;
    }
    return any;
}

/* The scorer of NodeResourcesFit does not read pod-level resources of an incoming pod (nodeResourceStrategyTypeMap in noderesources/fit.go leaves the gate out). */
static enum pf_code score_without_pod_level(const struct pf_pod *pod, struct pf_arena *arena,
                                            struct pf_request *request, struct pf_err *err)
{
    const struct pf_aggregate_options options = {.overhead = true};
    struct pf_request plain = {0};
    const enum pf_code code = request_of(pod, &options, arena, &plain, err);
    if (code == PF_OK) {
        request->nonzero_milli_cpu = plain.nonzero_milli_cpu;
        request->nonzero_memory = plain.nonzero_memory;
    }
    return code;
}

enum pf_code pf_request_of_incoming(const struct pf_pod *pod,
                                    const struct pf_kube_features *features, struct pf_arena *arena,
                                    struct pf_request *ret_request, struct pf_err *err)
{
    const struct pf_aggregate_options options = {
        .pod_level = features->pod_level_resources,
        .overhead = true,
    };
    struct pf_request request = {0};
    enum pf_code code = request_of(pod, &options, arena, &request, err);
    if (code == PF_OK && options.pod_level && has_pod_level_requests(pod)) {
        code = score_without_pod_level(pod, arena, &request, err);
    }
    if (code == PF_OK && has_negative(&request)) {
        code = clamp(arena, &request, err);
    }
    if (code == PF_OK) {
        *ret_request = request;
    }
    return code;
}

enum pf_code pf_request_of_existing(const struct pf_pod *pod,
                                    const struct pf_kube_features *features, struct pf_arena *arena,
                                    struct pf_request *ret_request, struct pf_err *err)
{
    const struct pf_aggregate_options options = {
        .use_status = true,
        .pod_level = features->pod_level_resources,
        .in_place_pod_level = features->in_place_pod_level_resources,
        .overhead = true,
    };
    return request_of(pod, &options, arena, ret_request, err);
}

#include "hints_internal.h"
#include "room.h"
#include <podfit/limits.h>

const char *pf_hint_rule_name(enum pf_hint_rule rule)
{
    static const char *const names[] = {"toleration", "nodeSelector", "nodeAffinity"};
    return (size_t)rule < PF_ARRAY_LEN(names) ? names[rule] : "toleration";
}

enum pf_code pf_hints_try(struct pf_hints_search *search, const struct pf_pod *pod,
                          struct pf_answer *answer)
{
    return pf_answer_find(search->fit, pod, PF_ANSWER_SCANNED, &search->trial, answer, NULL);
}

/* ---- the largest request ---- */

struct amounts {
    int64_t milli_cpu;
    int64_t memory;
};

static bool put(struct pf_resource_list *list, struct pf_sv name, int64_t amount, int32_t scale,
                struct pf_arena *arena)
{
    const struct pf_quantity quantity = pf_quantity_from_i64(amount, scale, PF_QUANTITY_DECIMAL_SI);
    return pf_resource_list_append(list, name, &quantity, arena) == PF_OK;
}

/* The pod with this request: its first container asks for everything, the others, overhead and the pod level for nothing. @return false: no memory */
static bool make_variant(struct pf_hints_search *search, struct amounts amounts,
                         struct pf_pod *ret_pod)
{
    const struct pf_request *request = search->request;
    struct pf_arena *arena = &search->trial;
    struct pf_pod pod = *search->pod;
    pod.containers = pf_arena_calloc(arena, pod.container_count, sizeof(*pod.containers));
    if (pod.containers == NULL) {
        return false;
    }
    struct pf_container *first = NULL;
    for (size_t i = 0; i < pod.container_count; i++) {
        pod.containers[i] = search->pod->containers[i];
        pod.containers[i].requests = (struct pf_resource_list){.present = true};
        pod.containers[i].limits = (struct pf_resource_list){.present = true};
        first = pod.containers[i].kind == PF_CONTAINER_MAIN && first == NULL ? &pod.containers[i]
                                                                             : first;
    }
    pod.requests = (struct pf_resource_list){.count = 0};
    pod.limits = (struct pf_resource_list){.count = 0};
    pod.overhead = (struct pf_resource_list){.count = 0};
    pod.resources_present = false;
    bool ok =
        put(&first->requests, PF_SV("cpu"), amounts.milli_cpu, -3, arena) &&
        put(&first->requests, PF_SV("memory"), amounts.memory, 0, arena) &&
        put(&first->requests, PF_SV("ephemeral-storage"), request->ephemeral_storage, 0, arena);
    for (size_t i = 0; i < request->scalar_count && ok; i++) {
        ok = put(&first->requests, request->scalars[i].name, request->scalars[i].amount, 0, arena);
    }
    *ret_pod = pod;
    return ok;
}

/* Judge the pod with other amounts. @param answer  as in pf_hints_try() */
static enum pf_code try_amounts(struct pf_hints_search *search, struct amounts amounts,
                                struct pf_answer *answer)
{
    struct pf_pod variant;
    pf_arena_reset(&search->trial);
    return make_variant(search, amounts, &variant) ? pf_hints_try(search, &variant, answer)
                                                   : PF_E_NO_MEMORY;
}

static bool is_fit(const struct pf_answer *answer)
{
    return answer->outcomes != NULL && answer->judgement.verdict == PF_VERDICT_FITS;
}

static enum pf_code check_amounts(struct pf_hints_search *search, struct amounts amounts,
                                  bool *ret_fits)
{
    pf_autoanswer struct pf_answer answer = {.outcomes = NULL};
    const enum pf_code code = try_amounts(search, amounts, &answer);
    *ret_fits = code == PF_OK && is_fit(&answer);
    return code;
}

static int64_t at_most(int64_t free, int64_t wanted)
{
    return free < 0 ? 0 : free < wanted ? free : wanted;
}

static struct amounts free_on(const struct pf_answer *answer, uint32_t slot)
{
    return (struct amounts){
        .milli_cpu = pf_room_free(pf_room_cpu(&answer->input, slot)),
        .memory = pf_room_free(pf_room_memory(&answer->input, slot)),
    };
}

/* How much of what the pod asks for is there, in units of 1/1000: the scarcer one counts. */
static int64_t share_of(struct amounts part, struct amounts whole)
{
    const int64_t cpu = whole.milli_cpu > 0
                            ? (int64_t)((double)part.milli_cpu * 1000.0 / (double)whole.milli_cpu)
                            : 1000;
    const int64_t memory =
        whole.memory > 0 ? (int64_t)((double)part.memory * 1000.0 / (double)whole.memory) : 1000;
    return cpu < memory ? cpu : memory;
}

/* Of the nodes that take the pod with @p floor instead of its amounts, the one that leaves it most. */
static enum pf_code best_amounts(struct pf_hints_search *search, struct amounts floor,
                                 struct amounts *ret_best, bool *ret_found)
{
    pf_autoanswer struct pf_answer answer = {.outcomes = NULL};
    const struct amounts asked = {.milli_cpu = search->request->milli_cpu,
                                  .memory = search->request->memory};
    const enum pf_code code = try_amounts(search, floor, &answer);
    int64_t best = -1;
    *ret_found = false;
    if (code != PF_OK || !is_fit(&answer)) {
        return code;
    }
    for (uint32_t slot = 0; slot < answer.input.columns->count; slot++) {
        if (!pf_hints_fits(&answer, slot)) {
            continue;
        }
        const struct amounts free = free_on(&answer, slot);
        const struct amounts fitting = {
            .milli_cpu = floor.milli_cpu == asked.milli_cpu
                             ? asked.milli_cpu
                             : at_most(free.milli_cpu, asked.milli_cpu),
            .memory =
                floor.memory == asked.memory ? asked.memory : at_most(free.memory, asked.memory),
        };
        const int64_t share = share_of(fitting, asked);
        const bool more = share == best && (fitting.milli_cpu > ret_best->milli_cpu ||
                                            fitting.memory > ret_best->memory);
        if (share > best || more) {
            best = share;
            *ret_best = fitting;
            *ret_found = true;
        }
    }
    return PF_OK;
}

/* @return PF_OK; *ret_helps: the pod with less fits, and what was found was tried */
static enum pf_code lower(struct pf_hints_search *search, struct amounts floor,
                          struct amounts *ret_amounts, bool *ret_helps)
{
    bool found = false;
    enum pf_code code = best_amounts(search, floor, ret_amounts, &found);
    *ret_helps = false;
    if (code == PF_OK && found) {
        code = check_amounts(search, *ret_amounts, ret_helps);
    }
    return code;
}

static enum pf_code find_amounts(struct pf_hints_search *search)
{
    const struct pf_request *request = search->request;
    struct pf_fit_hints *hints = search->hints;
    struct amounts amounts = {0};
    enum pf_code code = PF_OK;
    if (request->milli_cpu > 0) {
        code =
            lower(search, (struct amounts){.memory = request->memory}, &amounts, &hints->has_cpu);
        hints->milli_cpu = amounts.milli_cpu;
    }
    if (code == PF_OK && request->memory > 0) {
        code = lower(search, (struct amounts){.milli_cpu = request->milli_cpu}, &amounts,
                     &hints->has_memory);
        hints->memory = amounts.memory;
    }
    if (code == PF_OK && !hints->has_cpu && !hints->has_memory && request->milli_cpu > 0 &&
        request->memory > 0) {
        code = lower(search, (struct amounts){.milli_cpu = 0}, &amounts, &hints->together);
        hints->has_cpu = hints->together;
        hints->has_memory = hints->together;
        hints->milli_cpu = amounts.milli_cpu;
        hints->memory = amounts.memory;
    }
    return code;
}

static bool has_main_container(const struct pf_pod *pod)
{
    for (size_t i = 0; i < pod->container_count; i++) {
        if (pod->containers[i].kind == PF_CONTAINER_MAIN) {
            return true;
        }
    }
    return false;
}

static enum pf_code search_all(struct pf_hints_search *search)
{
    pf_autoarena struct pf_arena first = {0}; /* before the answer: it outlives it */
    pf_arena_init(&first, PF_REVIEW_ARENA_MAX_BYTES);
    pf_autoanswer struct pf_answer answer = {.outcomes = NULL};
    enum pf_code code =
        pf_answer_find(search->fit, search->pod, PF_ANSWER_SCANNED, &first, &answer, NULL);
    const bool misfit = code == PF_OK && answer.outcomes != NULL &&
                        (answer.judgement.verdict == PF_VERDICT_FULL ||
                         answer.judgement.verdict == PF_VERDICT_NEVER);
    if (misfit) {
        search->request = &answer.judgement.request;
        code = pf_hints_leaving_find(search, &answer);
        if (code == PF_OK && has_main_container(search->pod)) {
            code = find_amounts(search);
        }
        if (code == PF_OK) {
            code = pf_hints_rules_find(search, &answer);
        }
    }
    return code;
}

enum pf_code pf_fit_hints(struct pf_fit *fit, const struct pf_pod *pod, struct pf_arena *arena,
                          struct pf_fit_hints *ret_hints, struct pf_err *err)
{
    struct pf_fit_hints hints = {.has_cpu = false};
    struct pf_hints_search search = {.fit = fit, .pod = pod, .arena = arena, .hints = &hints};
    pf_arena_init(&search.trial, PF_REVIEW_ARENA_MAX_BYTES);
    const enum pf_code code = search_all(&search);
    pf_arena_done(&search.trial);
    if (code == PF_E_NO_MEMORY) {
        return pf_err_set(err, code, "no memory to look for what would help");
    }
    *ret_hints = code == PF_OK ? hints : (struct pf_fit_hints){.has_cpu = false};
    return PF_OK;
}

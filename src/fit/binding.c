#include "binding.h"

/* Constraints by number: enum pf_shortage, host ports at PF_ROOM_PORTS (as NodePorts), plug-ins from FIRST_PLUGIN. */
#define FIRST_PLUGIN     (PF_ROOM_PORTS + 1)
#define CONSTRAINT_COUNT (FIRST_PLUGIN + PF_FILTER_COUNT)

static const unsigned preferred[] = {PF_SHORT_MEMORY, PF_SHORT_CPU, PF_SHORT_PODS};

enum pf_code pf_binding_name(const struct pf_filter_input *input, unsigned constraint,
                             struct pf_arena *arena, struct pf_sv *ret_name)
{
    static const struct pf_sv fixed[PF_SHORT_SCALARS] = {
        [PF_SHORT_PODS] = PF_SV_INIT("pods"),
        [PF_SHORT_CPU] = PF_SV_INIT("cpu"),
        [PF_SHORT_MEMORY] = PF_SV_INIT("memory"),
        [PF_SHORT_EPHEMERAL_STORAGE] = PF_SV_INIT("ephemeral-storage"),
    };
    if (constraint < PF_SHORT_SCALARS) {
        *ret_name = fixed[constraint];
        return PF_OK;
    }
    if (constraint == PF_ROOM_PORTS) {
        *ret_name = pf_sv_from(pf_filter_name(PF_FILTER_NODE_PORTS));
        return PF_OK;
    }
    if (constraint >= FIRST_PLUGIN) {
        *ret_name = pf_sv_from(pf_filter_name((enum pf_filter_id)(constraint - FIRST_PLUGIN)));
        return PF_OK;
    }
    const struct pf_scalar *scalar =
        &input->question->request.scalars[constraint - PF_SHORT_SCALARS];
    return pf_arena_dup_sv(arena, scalar->name, ret_name) ? PF_OK : PF_E_NO_MEMORY;
}

/* Is a before b where their counts are equal? */
static bool precedes(unsigned a, unsigned b)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(preferred); i++) {
        if (a == preferred[i] || b == preferred[i]) {
            return a == preferred[i];
        }
    }
    return a < b;
}

struct count {
    uint64_t nodes[CONSTRAINT_COUNT];
};

static void count_result(struct count *count, const struct pf_result *result, uint64_t nodes)
{
    if (result->filter == PF_FILTER_COUNT) {
        return;
    }
    if (result->mask == 0 || result->filter != PF_FILTER_NODE_RESOURCES_FIT) {
        count->nodes[FIRST_PLUGIN + result->filter] += nodes;
        return;
    }
    for (uint64_t mask = result->mask; mask != 0; mask &= mask - 1) {
        count->nodes[__builtin_ctzll(mask)] += nodes;
    }
}

static enum pf_code name_most(const struct pf_filter_input *input, const struct count *count,
                              struct pf_arena *arena, struct pf_sv *ret_binding)
{
    unsigned most = 0;
    for (unsigned i = 1; i < CONSTRAINT_COUNT; i++) {
        if (count->nodes[i] > count->nodes[most] ||
            (count->nodes[i] == count->nodes[most] && precedes(i, most))) {
            most = i;
        }
    }
    if (count->nodes[most] == 0) {
        *ret_binding = (struct pf_sv){0};
        return PF_OK;
    }
    return pf_binding_name(input, most, arena, ret_binding);
}

/* The last filter, in their order, at which a node failed; PF_FILTER_COUNT when none did. */
static enum pf_filter_id furthest_filter(const struct pf_outcomes *outcomes)
{
    int furthest = -1;
    for (uint32_t i = 0; i < outcomes->count; i++) {
        const struct pf_outcome *outcome = &outcomes->items[i];
        if (outcome->nodes != 0 && outcome->result.filter != PF_FILTER_COUNT &&
            (int)outcome->result.filter > furthest) {
            furthest = (int)outcome->result.filter;
        }
    }
    return furthest >= 0 ? (enum pf_filter_id)furthest : PF_FILTER_COUNT;
}

enum pf_code pf_binding_of_misfit(const struct pf_filter_input *input,
                                  const struct pf_outcomes *outcomes, struct pf_arena *arena,
                                  struct pf_sv *ret_binding)
{
    /* Nodes the pod was never meant for say nothing about what is short: where some node could take it (full), those count; otherwise (never) those
       that came furthest through the filters. */
    const bool full = outcomes->could != 0;
    const enum pf_filter_id furthest = furthest_filter(outcomes);
    struct count count = {.nodes = {0}};
    for (uint32_t i = 0; i < outcomes->count; i++) {
        const struct pf_outcome *outcome = &outcomes->items[i];
        if (full ? outcome->result.could : outcome->result.filter == furthest) {
            count_result(&count, &outcome->result, outcome->nodes);
        }
    }
    return name_most(input, &count, arena, ret_binding);
}

enum pf_code pf_binding_of_result(const struct pf_filter_input *input,
                                  const struct pf_result *result, struct pf_arena *arena,
                                  struct pf_sv *ret_binding)
{
    struct count count = {.nodes = {0}};
    count_result(&count, result, 1);
    return name_most(input, &count, arena, ret_binding);
}

enum pf_code pf_binding_of_slots(const struct pf_filter_input *input,
                                 const struct pf_room_slots *slots, struct pf_arena *arena,
                                 struct pf_sv *ret_binding)
{
    unsigned least = 0;
    for (unsigned i = 1; i <= PF_ROOM_PORTS; i++) {
        if (slots->by[i] < slots->by[least] ||
            (slots->by[i] == slots->by[least] && precedes(i, least))) {
            least = i;
        }
    }
    if (slots->by[least] == UINT64_MAX) {
        *ret_binding = (struct pf_sv){0};
        return PF_OK;
    }
    return pf_binding_name(input, least, arena, ret_binding);
}

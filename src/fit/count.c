#include "binding.h"
#include "engine.h"
#include <podfit/fit_count.h>
#include <podfit/reservation.h>

_Static_assert(PF_FIT_CONSTRAINTS_MAX == PF_ROOM_PORTS + 1, "constraints of pf_room_slots");

/* One step. */
struct step {
    struct pf_answer *answer;
    struct pf_fit_count *count;
    struct pf_arena *arena;
};

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static void add_all(uint64_t *sums, const struct pf_room_slots *slots)
{
    for (size_t i = 0; i < PF_FIT_CONSTRAINTS_MAX; i++) {
        sums[i] = add_saturating(sums[i], slots->by[i]);
    }
}

static void add_fitting(const struct step *step, uint32_t slot, struct pf_room_slots *slots)
{
    const struct pf_answer *answer = step->answer;
    if (answer->topology != NULL) {
        const uint64_t room = pf_topology_room(answer->topology, answer->question.active, slot);
        slots->slots = room < slots->slots ? room : slots->slots;
    }
    add_all(step->count->sums, slots);
    step->count->pods = add_saturating(step->count->pods, slots->slots);
    step->count->nodes += slots->slots != 0;
}

static enum pf_code count_node(const struct step *step, uint32_t slot)
{
    const struct pf_answer *answer = step->answer;
    struct pf_result result;
    const enum pf_code code =
        pf_results_find(&answer->results, &answer->input, answer->topology, slot, &result);
    if (code != PF_OK) {
        return code;
    }
    if (result.filter != PF_FILTER_COUNT && result.filter != PF_FILTER_NODE_RESOURCES_FIT) {
        return PF_OK;
    }
    struct pf_room_slots slots;
    if (!pf_room_count_nominated(&answer->input, slot, &slots)) {
        return PF_E_NO_MEMORY;
    }
    add_all(step->count->rooms, &slots);
    if (result.filter == PF_FILTER_COUNT) {
        add_fitting(step, slot, &slots);
    }
    return PF_OK;
}

static enum pf_code count_nodes(const struct step *step, uint32_t most)
{
    struct pf_fit_count *count = step->count;
    const struct pf_columns *columns = step->answer->input.columns;
    enum pf_code code = PF_OK;
    while (code == PF_OK && count->next < columns->count && count->handled < most) {
        count->handled++;
        if (columns->shape[count->next] != PF_SHAPE_NONE) {
            code = count_node(step, count->next);
        }
        count->next++;
    }
    count->more = count->next < columns->count;
    return code;
}

/* What the pod asks for is the same on every node. */
static enum pf_code name_constraints(const struct step *step)
{
    struct pf_fit_count *count = step->count;
    const struct pf_filter_input *input = &step->answer->input;
    struct pf_room_slots slots;
    if (input->columns->count == 0) {
        return PF_OK;
    }
    pf_room_count(input, 0, &slots);
    enum pf_code code = PF_OK;
    for (unsigned i = 0; i < PF_FIT_CONSTRAINTS_MAX && code == PF_OK; i++) {
        if (slots.by[i] != UINT64_MAX) {
            count->of[count->constraint_count] = (uint8_t)i;
            code = pf_binding_name(input, i, step->arena,
                                   &count->constraints[count->constraint_count++]);
        }
    }
    return code;
}

/* After the last node. */
static enum pf_code finish(const struct step *step)
{
    struct pf_answer *answer = step->answer;
    enum pf_code code = name_constraints(step);
    if (code == PF_OK) {
        code = pf_answer_compose(answer, step->arena);
    }
    if (code == PF_OK && answer->judgement.verdict == PF_VERDICT_FITS) {
        struct pf_room_slots totals = {.slots = step->count->pods};
        memcpy(totals.by, step->count->sums, sizeof(totals.by));
        code =
            pf_binding_of_slots(&answer->input, &totals, step->arena, &answer->judgement.binding);
    }
    return code;
}

static enum pf_code run(const struct step *step, uint32_t most)
{
    struct pf_answer *answer = step->answer;
    struct pf_fit_count *count = step->count;
    if (answer->outcomes == NULL || answer->judgement.verdict == PF_VERDICT_UNKNOWN) {
        count->next = 0;
        return PF_OK; /* nothing to count */
    }
    pf_question_resolve(&answer->question, answer->input.strings);
    enum pf_code code = count_nodes(step, most);
    return code == PF_OK && !count->more ? finish(step) : code;
}

enum pf_code pf_fit_count_step(struct pf_fit *fit, const struct pf_fit_ask *ask, uint32_t most,
                               struct pf_arena *arena, struct pf_fit_count *count,
                               struct pf_err *err)
{
    (void)pf_reservation_expire(fit->model); /* how many ran out does not matter here */
    pf_autoanswer struct pf_answer answer = {.warm_most = most};
    pf_autoanswer struct pf_answer scanned = {.outcomes = NULL};
    struct step step = {.answer = &answer, .count = count, .arena = arena};
    enum pf_code code = pf_answer_find(fit, ask->pod, PF_ANSWER_CACHED, arena, &answer, err);
    if (code != PF_OK) {
        return code;
    }
    count->handled = answer.warmth.asked;
    count->more = answer.warmth.asked != 0;
    if (count->more) {
        return PF_OK;
    }
    if (answer.outcomes != NULL && !pf_results_known(&answer.results)) {
        code = pf_answer_find(fit, ask->pod, PF_ANSWER_SCANNED, arena, &scanned, err);
        if (code != PF_OK) {
            return code;
        }
        step.answer = &scanned;
        most = UINT32_MAX;
    }
    code = run(&step, most);
    if (code != PF_OK) {
        return pf_err_set(err, code, "no memory to count pods");
    }
    count->judgement = step.answer->judgement;
    return PF_OK;
}

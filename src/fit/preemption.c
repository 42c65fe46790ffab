#include "engine.h"
#include "evaluate.h"
#include "message.h"
#include "victims.h"

/*
 * What DefaultPreemption does in PostFilter, without evicting anybody (scheduler-fit section 9). Sources: framework/preemption/preemption.go,
 * plugins/defaultpreemption/default_preemption.go.
 */

struct search {
    struct pf_fit *fit;
    struct pf_answer *answer;
    struct pf_arena *arena;
    struct pf_scan own_scan; /* when the answer has no codes of all nodes */
    struct pf_victims victims;
    struct pf_evictions own_evictions; /* when the answer is not remembered */
    struct pf_evictions *evictions;
    struct pf_eviction_answer found;
    uint32_t no_victims;
    uint32_t not_helpful;
    struct pf_preemption *choice;
};

static void done(struct search *search)
{
    pf_outcomes_done(&search->own_scan.outcomes);
    pf_topology_done(&search->own_scan.topology);
    pf_victims_done(&search->victims);
    pf_evictions_done(&search->own_evictions);
}

static enum pf_code refuse(struct pf_answer *answer, struct pf_sv why)
{
    answer->judgement.verdict = PF_VERDICT_UNKNOWN;
    answer->judgement.cause = why;
    return PF_OK;
}

/* Nodes by what their own result says about preemption. */
static void count_codes(const struct pf_outcomes *outcomes, uint32_t *ret_open,
                        uint32_t *ret_closed)
{
    *ret_open = 0;
    *ret_closed = 0;
    for (uint32_t i = 0; i < outcomes->count; i++) {
        const struct pf_outcome *outcome = &outcomes->items[i];
        if (outcome->result.code == PF_FIT_UNSCHEDULABLE) {
            *ret_open += outcome->nodes;
        } else {
            *ret_closed += outcome->nodes;
        }
    }
}

/* The results of all nodes, by slot. */
static enum pf_code scan_nodes(struct search *search, struct pf_eviction_ask *ask)
{
    struct pf_answer *answer = search->answer;
    pf_question_resolve(&answer->question, answer->input.strings);
    ask->results = answer->results;
    ask->topology = answer->topology;
    ask->stamp = answer->stamp;
    if (pf_results_known(&ask->results)) {
        return PF_OK;
    }
    const enum pf_code code = pf_scan_run(search->fit->model, &answer->input, /* want_ids= */ true,
                                          search->arena, &search->own_scan);
    ask->results =
        (struct pf_results){.outcomes = &search->own_scan.outcomes, .ids = search->own_scan.ids};
    ask->topology = search->own_scan.topology.plan != NULL ? &search->own_scan.topology : NULL;
    return code;
}

/* `namespace/name` of everybody who would really be deleted. */
static enum pf_code name_victims(struct search *search, uint32_t slot)
{
    const struct pf_filter_input *input = &search->answer->input;
    const struct pf_victims *victims = &search->victims;
    struct pf_preemption *choice = pf_arena_calloc(search->arena, 1, sizeof(*choice));
    struct pf_sv *names = pf_arena_calloc(search->arena, victims->count, sizeof(*names));
    if (choice == NULL || names == NULL ||
        !pf_arena_dup_sv(search->arena, pf_intern_text(input->strings, input->columns->name[slot]),
                         &choice->node)) {
        return PF_E_NO_MEMORY;
    }
    choice->victims = names;
    for (size_t i = 0; i < victims->count; i++) {
        const struct pf_victim *victim = &victims->items[i];
        if (victim->reprieved || victim->pod.terminating) {
            continue;
        }
        const char *name =
            pf_arena_printf(search->arena, "%.*s/%.*s",
                            PF_SV_ARG(pf_intern_text(input->strings, victim->pod.space)),
                            PF_SV_ARG(victim->pod.name));
        if (name == NULL) {
            return PF_E_NO_MEMORY;
        }
        choice->victims[choice->victim_count++] = pf_sv_from(name);
    }
    search->choice = choice;
    return PF_OK;
}

/* Once more, for the victims' names. */
static enum pf_code keep_choice(struct search *search, const struct pf_eviction_ask *ask)
{
    enum pf_victims_outcome outcome = PF_VICTIMS_NONE;
    struct pf_result result;
    const enum pf_code code = pf_victims_find(&search->victims, ask->input, ask->topology,
                                              search->found.best, &outcome, &result);
    return code == PF_OK ? name_victims(search, search->found.best) : code;
}

static enum pf_code search_nodes(struct search *search, uint32_t open)
{
    struct pf_answer *answer = search->answer;
    struct pf_eviction_ask ask = {
        .model = search->fit->model, .input = &answer->input, .open = open};
    enum pf_code code = scan_nodes(search, &ask);
    if (code != PF_OK) {
        return code;
    }
    search->evictions = answer->evictions != NULL ? answer->evictions : &search->own_evictions;
    code = pf_evictions_search(search->evictions, &ask, &search->victims, &search->found);
    if (code == PF_OK && search->found.best != PF_NODE_NONE) {
        code = keep_choice(search, &ask);
    }
    return code;
}

/* What PostFilter adds to the message; nothing where a filter fails with an error on a node without its victims: kube-scheduler adds that error's text, which is its code's. */
static enum pf_code say_why_not(struct search *search)
{
    if (search->evictions->vain.failed != 0) {
        return PF_OK;
    }
    const struct pf_message_preemption found = {
        .vain = &search->evictions->vain,
        .no_victims = search->no_victims,
        .not_helpful = search->not_helpful,
        .nodes = search->answer->judgement.nodes,
    };
    return pf_message_preemption(&search->answer->input, &found, search->arena,
                                 &search->answer->judgement.post_filter);
}

/* A node that is left without its less important pods cannot be told about either: devices behind a DeviceClass, or more volumes than podfit counts. */
static enum pf_code refuse_undecided(struct search *search)
{
    struct pf_sv why = {0};
    const enum pf_code code = pf_verdict_doubt_of_node(
        &search->answer->input, &search->evictions->vain, PF_FIT_UNDECIDED, search->arena, &why);
    const char *cause = pf_arena_printf(
        search->arena, "whether eviction of pods would help cannot be told: %.*s", PF_SV_ARG(why));
    return code == PF_OK && cause != NULL ? refuse(search->answer, pf_sv_from(cause))
                                          : PF_E_NO_MEMORY;
}

static enum pf_code conclude(struct search *search)
{
    struct pf_answer *answer = search->answer;
    struct pf_judgement *judgement = &answer->judgement;
    const char *unsure = answer->question.unsure;
    if (search->choice == NULL && search->found.undecided) {
        return refuse_undecided(search);
    }
    if (search->choice == NULL && search->found.exhausted) {
        return refuse(answer, PF_SV("too many pods would have to be considered for eviction"));
    }
    if (search->choice == NULL) {
        search->no_victims = search->evictions->no_victims;
        return say_why_not(search);
    }
    if (unsure != NULL) {
        return refuse(answer, pf_sv_from(unsure));
    }
    judgement->verdict = PF_VERDICT_FITS;
    judgement->node = search->found.best;
    judgement->predicted = search->found.best;
    judgement->preemption = search->choice;
    return PF_OK;
}

static enum pf_code run(struct search *search)
{
    struct pf_answer *answer = search->answer;
    uint32_t open = 0;
    count_codes(answer->outcomes, &open, &search->not_helpful);
    if (open != 0 && answer->priority.unknown != NULL) {
        return refuse(answer, pf_sv_from(answer->priority.unknown));
    }
    if (open == 0 || pf_model_lowest_priority(search->fit->model) >= answer->priority.value) {
        search->no_victims = open;
        return say_why_not(search);
    }
    const enum pf_code code = search_nodes(search, open);
    if (code == PF_E_NOT_FOUND) {
        return refuse(answer, PF_SV("a namespaceSelector of a pod's anti-affinity needs kind "
                                    "Namespace, of which the snapshot has no object"));
    }
    return code == PF_OK ? conclude(search) : code;
}

/* Are victims of an earlier preemption for this pod still on their way out? (PodEligibleToPreemptOthers) */
static bool waits_for_victims(const struct pf_answer *answer, uint32_t slot)
{
    const void *cursor = NULL;
    struct pf_resident pod;
    while (pf_model_residents_next(answer->input.model, slot, PF_RESIDENT_BOUND, &cursor, &pod)) {
        if (pod.priority < answer->priority.value && pod.preempted) {
            return true;
        }
    }
    return false;
}

/* @return PF_NODE_NONE: the pod is not nominated, or its node takes it never */
static uint32_t nominated_slot(const struct pf_fit *fit, const struct pf_answer *answer)
{
    const struct pf_sv name = answer->question.pod->nominated_node_name;
    const struct pf_columns *columns = answer->input.columns;
    for (uint32_t slot = 0; name.len != 0 && slot < columns->count; slot++) {
        if (columns->shape[slot] != PF_SHAPE_NONE &&
            pf_sv_eq(pf_intern_text(pf_model_strings(fit->model), columns->name[slot]), name)) {
            struct pf_evaluation evaluation = {.input = answer->input};
            struct pf_result result = {.code = PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE};
            const bool judged = pf_evaluate_node(&evaluation, slot, &result);
            return judged && result.code != PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE ? slot
                                                                                  : PF_NODE_NONE;
        }
    }
    return PF_NODE_NONE;
}

enum pf_code pf_preemption_find(struct pf_fit *fit, struct pf_answer *answer,
                                struct pf_arena *arena)
{
    const enum pf_verdict verdict = answer->judgement.verdict;
    const struct pf_fit_profile *profile = fit->profile->source;
    if (answer->outcomes == NULL || answer->judgement.nodes == 0 ||
        (verdict != PF_VERDICT_FULL && verdict != PF_VERDICT_NEVER) ||
        (profile != NULL && profile->no_preemption) ||
        pf_message_fails(&answer->input, &answer->judgement.post_filter)) {
        return PF_OK;
    }
    if (answer->priority.never) {
        return pf_message_ineligible(&answer->input, "preemptionPolicy=Never", arena,
                                     &answer->judgement.post_filter);
    }
    const uint32_t nominated = nominated_slot(fit, answer);
    if (nominated != PF_NODE_NONE && waits_for_victims(answer, nominated)) {
        return pf_message_ineligible(&answer->input, "a terminating pod on the nominated node",
                                     arena, &answer->judgement.post_filter);
    }
    struct search search = {.fit = fit, .answer = answer, .arena = arena};
    search.evictions = &search.own_evictions;
    const enum pf_code code = run(&search);
    done(&search);
    if (answer->evictions != NULL) {
        pf_cache_recount(&fit->cache);
    }
    return code;
}

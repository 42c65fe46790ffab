#include "dry_run.h"

#include "evaluate.h"
#include <podfit/mem.h>

void pf_dry_run_done(struct pf_dry_run *run)
{
    pf_trial_done(&run->trial);
    free(run->changes);
    *run = (struct pf_dry_run){.changes = NULL};
}

enum pf_code pf_dry_run_start(struct pf_dry_run *run, const struct pf_model *model, uint32_t slot,
                              bool by_topology)
{
    run->change_count = 0;
    run->unread = !by_topology;
    return pf_trial_start(&run->trial, model, slot);
}

/* Pods of one group are one change. */
static enum pf_code note_change(struct pf_dry_run *run, uint32_t group, int32_t pods)
{
    if (run->unread) {
        return PF_OK;
    }
    for (size_t i = 0; i < run->change_count; i++) {
        if (run->changes[i].group == group) {
            run->changes[i].pods += pods;
            return PF_OK;
        }
    }
    if (!pf_mem_grow(&run->changes, &run->change_cap, run->change_count, sizeof(*run->changes))) {
        return PF_E_NO_MEMORY;
    }
    run->changes[run->change_count++] = (struct pf_topology_change){.group = group, .pods = pods};
    return PF_OK;
}

enum pf_code pf_dry_run_add(struct pf_dry_run *run, const struct pf_resident *pod)
{
    const enum pf_code code = pf_trial_add(&run->trial, pod);
    return code == PF_OK ? note_change(run, pod->group, 1) : code;
}

enum pf_code pf_dry_run_sub(struct pf_dry_run *run, const struct pf_resident *pod)
{
    pf_trial_sub(&run->trial, pod);
    return note_change(run, pod->group, -1);
}

static enum pf_code undo(struct pf_dry_run *run, const struct pf_resident *pod)
{
    pf_trial_undo(&run->trial, pod);
    return note_change(run, pod->group, -1);
}

bool pf_dry_run_is_rival(const struct pf_filter_input *input, const struct pf_resident *pod)
{
    return pod->priority >= input->priority &&
           (input->own_uid_hash == 0 || pod->uid_hash != input->own_uid_hash);
}

/* The nominated pods that count come or go. */
static enum pf_code
move_rivals(struct pf_dry_run *run, const struct pf_filter_input *input, uint32_t slot,
            enum pf_code (*move)(struct pf_dry_run *, const struct pf_resident *), bool *ret_any)
{
    const void *cursor = NULL;
    struct pf_resident pod;
    enum pf_code code = PF_OK;
    *ret_any = false;
    if (pf_model_nominated(input->model, slot) == 0) {
        return PF_OK;
    }
    while (code == PF_OK &&
           pf_model_residents_next(input->model, slot, PF_RESIDENT_NOMINATED, &cursor, &pod)) {
        if (pf_dry_run_is_rival(input, &pod)) {
            *ret_any = true;
            code = move(run, &pod);
        }
    }
    return code;
}

enum pf_code pf_dry_run_nominated(struct pf_dry_run *run, const struct pf_filter_input *input,
                                  uint32_t slot, bool *ret_any)
{
    const enum pf_code code = pf_dry_run_start(run, input->model, slot, /* by_topology= */ true);
    return code == PF_OK ? move_rivals(run, input, slot, pf_dry_run_add, ret_any) : code;
}

static enum pf_code judge_once(const struct pf_dry_run *run, const struct pf_filter_input *input,
                               const struct pf_topology *topology, uint32_t slot,
                               struct pf_result *ret_result)
{
    struct pf_filter_input changed = *input;
    changed.used = &run->trial.used;
    struct pf_result result = pf_evaluate_as_used(&changed, slot);
    enum pf_code code = PF_OK;
    if (topology != NULL && pf_filter_is_behind_topology(result.filter)) {
        enum pf_topology_fault fault = PF_TOPOLOGY_PASSES;
        code = pf_topology_check_changed(topology, input, slot, run->changes, run->change_count,
                                         &fault);
        if (fault != PF_TOPOLOGY_PASSES) {
            pf_topology_blame(fault, &result);
        }
    }
    *ret_result = result;
    return code;
}

enum pf_code pf_dry_run_judge(struct pf_dry_run *run, const struct pf_filter_input *input,
                              const struct pf_topology *topology, uint32_t slot,
                              struct pf_result *ret_result)
{
    bool any = false;
    enum pf_code code = move_rivals(run, input, slot, pf_dry_run_add, &any);
    struct pf_result result = {.filter = PF_FILTER_COUNT};
    if (code == PF_OK && any) {
        code = judge_once(run, input, topology, slot, &result);
    }
    if (code == PF_OK && any) {
        code = move_rivals(run, input, slot, undo, &any);
    }
    if (code == PF_OK && result.filter == PF_FILTER_COUNT) {
        code = judge_once(run, input, topology, slot, &result);
    }
    if (code == PF_OK) {
        *ret_result = result;
    }
    return code;
}

enum pf_code pf_dry_run_topology(const struct pf_topology *topology,
                                 const struct pf_filter_input *input, uint32_t slot,
                                 bool first_turn, enum pf_topology_fault *ret_fault)
{
    enum pf_topology_fault fault = PF_TOPOLOGY_PASSES;
    if (pf_model_nominated(input->model, slot) != 0) {
        struct pf_dry_run *run = input->dry_run;
        bool any = false;
        enum pf_code code = pf_dry_run_nominated(run, input, slot, &any);
        if (code == PF_OK && any) {
            code = pf_topology_check_changed(topology, input, slot, run->changes, run->change_count,
                                             &fault);
        }
        if (code != PF_OK) {
            return code;
        }
    }
    *ret_fault = fault != PF_TOPOLOGY_PASSES || first_turn
                     ? fault
                     : pf_topology_check(topology, input->question->active, slot);
    return PF_OK;
}

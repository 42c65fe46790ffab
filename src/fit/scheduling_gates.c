#include <podfit/buf.h>
#include <podfit/filter.h>
#include <podfit/limits.h>

/* Source: pkg/scheduler/framework/plugins/schedulinggates/scheduling_gates.go (scheduler-fit 1.1); Go's %v prints a list as [a b]. */

enum pf_code pf_scheduling_gates_check(const struct pf_pod *pod, struct pf_arena *arena,
                                       bool *ret_held, struct pf_sv *ret_cause)
{
    if (pod->scheduling_gate_count == 0) {
        *ret_held = false;
        return PF_OK;
    }
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, PF_REVIEW_MAX_BYTES);
    pf_buf_append_cstr(&text, "waiting for scheduling gates: [");
    for (size_t i = 0; i < pod->scheduling_gate_count; i++) {
        if (i != 0) {
            pf_buf_append_char(&text, ' ');
        }
        pf_buf_append_sv(&text, pod->scheduling_gates[i]);
    }
    pf_buf_append_char(&text, ']');
    if (pf_buf_status(&text, NULL) != PF_OK ||
        !pf_arena_dup_sv(arena, pf_buf_view(&text), ret_cause)) {
        return PF_E_NO_MEMORY;
    }
    *ret_held = true;
    return PF_OK;
}

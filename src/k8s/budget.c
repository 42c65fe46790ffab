#include "pod_parts.h"
#include "table.h"
#include <podfit/preemption.h>

struct part {
    struct pf_meta meta;
    struct pf_budget budget;
};

static void read_selector(struct pf_decode *d, void *at)
{
    struct pf_budget *budget = at;
    budget->invalid = !pf_pod_terms_selector(d, &budget->selector);
}

/* A map from the name of a pod to the time at which its eviction began. */
static void read_disrupted(struct pf_decode *d, void *at)
{
    struct pf_budget *budget = at;
    size_t cap = 0;
    struct pf_sv name = {0};
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_key(d, &name)) {
        struct pf_sv *grown = pf_decode_grow(d, budget->disrupted, budget->disrupted_count, &cap,
                                             sizeof(*budget->disrupted));
        if (grown == NULL) {
            return;
        }
        budget->disrupted = grown;
        budget->disrupted[budget->disrupted_count++] = name;
    }
}

static const struct pf_table_row spec_rows[] = {
    PF_TABLE_VALUE("selector", read_selector, struct part, budget),
};

static const struct pf_table_row status_rows[] = {
    PF_TABLE_VALUE("disruptionsAllowed", pf_table_i32, struct part, budget.allowed),
    PF_TABLE_VALUE("disruptedPods", read_disrupted, struct part, budget),
};

static const struct pf_table_row rows[] = {
    PF_TABLE_VALUE("metadata", pf_table_meta, struct part, meta),
    PF_TABLE_OBJECT("spec", spec_rows),
    PF_TABLE_OBJECT("status", status_rows),
};

enum pf_code pf_budget_decode(struct pf_sv bytes, struct pf_arena *arena,
                              struct pf_budget *ret_budget, struct pf_err *err)
{
    static const struct pf_table_row object = PF_TABLE_OBJECT("", rows);
    struct part part = {.meta = {.deleting = false}};
    const enum pf_code code = pf_table_decode(bytes, arena, &object, &part, err);
    if (code == PF_OK) {
        part.budget.namespace_ = part.meta.namespace_;
        part.budget.name = part.meta.name;
        *ret_budget = part.budget;
    }
    return code;
}

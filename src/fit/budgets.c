#include "budgets.h"

#include <podfit/groups.h>
#include <podfit/mem.h>

void pf_budgets_done(struct pf_budgets *budgets)
{
    free(budgets->items);
    *budgets = (struct pf_budgets){.items = NULL};
}

void pf_budgets_reset(struct pf_budgets *budgets)
{
    budgets->count = 0;
}

static bool label_of(const struct pf_model *model, const struct pf_group *group, struct pf_sv key,
                     struct pf_sv *ret_value)
{
    const struct pf_intern *strings = pf_model_strings(model);
    for (uint32_t i = 0; i < group->label_count; i++) {
        if (pf_sv_eq(pf_intern_text(strings, group->labels[i].key), key)) {
            *ret_value = pf_intern_text(strings, group->labels[i].value);
            return true;
        }
    }
    return false;
}

static bool selects(const struct pf_model *model, const struct pf_budget *budget,
                    const struct pf_group *group)
{
    const struct pf_label_selector *selector = &budget->selector;
    if (budget->invalid || !selector->present || selector->requirement_count == 0) {
        return false; /* an empty selector selects nothing here */
    }
    for (size_t i = 0; i < selector->requirement_count; i++) {
        struct pf_sv value = {0};
        const bool found = label_of(model, group, selector->requirements[i].key, &value);
        if (!pf_requirement_matches(&selector->requirements[i], found ? &value : NULL)) {
            return false;
        }
    }
    return true;
}

/* Its eviction is under way and counted already. */
static bool is_disrupted(const struct pf_budget *budget, struct pf_sv name)
{
    for (size_t i = 0; i < budget->disrupted_count; i++) {
        if (pf_sv_eq(budget->disrupted[i], name)) {
            return true;
        }
    }
    return false;
}

static struct pf_budget_left *enter(struct pf_budgets *budgets, const struct pf_budget *budget)
{
    for (size_t i = 0; i < budgets->count; i++) {
        if (budgets->items[i].budget == budget) {
            return &budgets->items[i];
        }
    }
    if (!pf_mem_grow(&budgets->items, &budgets->cap, budgets->count, sizeof(*budgets->items))) {
        return NULL;
    }
    struct pf_budget_left *left = &budgets->items[budgets->count++];
    *left = (struct pf_budget_left){.budget = budget, .allowed = budget->allowed};
    return left;
}

enum pf_code pf_budgets_take(struct pf_budgets *budgets, const struct pf_model *model,
                             const struct pf_resident *pod, bool *ret_violates)
{
    const struct pf_group *group = pf_model_group(model, pod->group);
    const struct pf_sv space = pf_intern_text(pf_model_strings(model), pod->space);
    const struct pf_budget *budget = NULL;
    bool violates = false;
    while (group->label_count != 0 &&
           (budget = pf_model_next_of(model, PF_KIND_BUDGET, (struct pf_sv){0}, space, budget)) !=
               NULL) {
        if (!selects(model, budget, group) || is_disrupted(budget, pod->name)) {
            continue;
        }
        struct pf_budget_left *left = enter(budgets, budget);
        if (left == NULL) {
            return PF_E_NO_MEMORY;
        }
        left->allowed--;
        violates = violates || left->allowed < 0;
    }
    *ret_violates = violates;
    return PF_OK;
}

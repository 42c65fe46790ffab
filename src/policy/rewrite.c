#include "pool_internal.h"
#include "record_internal.h"

const char *pf_rule_name(enum pf_rule rule)
{
    static const char *const names[] = {
        [PF_RULE_KEEP] = "keep",   [PF_RULE_RATIO] = "ratio",     [PF_RULE_DEFAULT] = "default",
        [PF_RULE_FLOOR] = "floor", [PF_RULE_CAP] = "cap",         [PF_RULE_LIMIT] = "limit",
        [PF_RULE_OWN] = "own",     [PF_RULE_PERCENT] = "percent",
    };

    return names[rule];
}

/** Decide, starting from what our own annotation says where it can be believed. */
static enum pf_code decide(struct pf_plan *plan, struct pf_rewrite *rewrite)
{
    const struct pf_class *const class_ = plan->class_;
    enum pf_record_state state = PF_RECORD_ABSENT;
    enum pf_code code = PF_OK;

    if (class_->requests == PF_REQUESTS_KEEP || (!class_->has_quota && !class_->has_percents) ||
        plan->pod->defect.len != 0) {
        return PF_OK;
    }
    code = pf_record_read(plan, &state);
    if (code != PF_OK) {
        return code;
    }
    pf_plan_decide(plan);
    if (state != PF_RECORD_ABSENT && !pf_record_is_replayed(plan)) {
        pf_record_forget(plan);
        state = PF_RECORD_DISTRUST;
        pf_plan_decide(plan);
    }
    rewrite->annotation_trusted = state == PF_RECORD_AGREES;
    code = pf_record_write(plan, &rewrite->annotation);
    if (code == PF_E_TOO_BIG) {
        /* what cannot be written down is not done */
        pf_plan_undo(plan);
        pf_record_forget(plan);
        rewrite->annotation_trusted = false;
        return PF_OK;
    }
    return code;
}

static bool is_change(const struct pf_plan_value *value)
{
    return value->decided &&
           (value->now == NULL || pf_quantity_cmp(value->now, &value->after) != 0);
}

static void add_changes(const struct pf_plan_entity *entity, bool limit, struct pf_rewrite *rewrite)
{
    const struct pf_plan_value *const values = limit ? entity->limit : entity->request;

    for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
        const struct pf_plan_value *const value = &values[r];

        if (!is_change(value)) {
            continue;
        }
        rewrite->changes[rewrite->change_count++] = (struct pf_rewrite_change){
            .container = entity->container,
            .limit = limit,
            .resource = pf_plan_resource_name(r),
            .had_before = value->now != NULL,
            .before = value->now != NULL ? *value->now : pf_quantity_zero,
            .after = value->after,
            .rule = value->rule,
        };
    }
}

static size_t count_changes(const struct pf_plan *plan)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->count; i++) {
        for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
            count += is_change(&plan->entities[i].request[r]) ? 1 : 0;
            count += is_change(&plan->entities[i].limit[r]) ? 1 : 0;
        }
    }
    return count;
}

/** The list as it came: what stands in the pod, with the `before` values of our annotation. */
static enum pf_code list_before(const struct pf_resource_list *list,
                                const struct pf_plan_value *values, struct pf_arena *arena,
                                struct pf_resource_list *ret_before)
{
    struct pf_resource_list before = {.present = list->present, .cap = list->count};
    bool same = true;

    for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
        same = same && values[r].before == values[r].now && !is_change(&values[r]);
    }
    if (same || list->count == 0) {
        *ret_before = *list; /* nobody is going to write to the items */
        ret_before->cap = list->count;
        return PF_OK;
    }
    before.items = pf_arena_calloc(arena, list->count, sizeof(*before.items));
    if (before.items == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct pf_resource item = list->items[i];
        bool dropped = false;

        for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
            if (values[r].now == &list->items[i].amount && values[r].before != values[r].now) {
                dropped = values[r].before == NULL;
                item.amount = dropped ? item.amount : *values[r].before;
            }
        }
        if (!dropped) {
            before.items[before.count++] = item;
        }
    }
    *ret_before = before;
    return PF_OK;
}

static enum pf_rule rule_of(const struct pf_plan_entity *entity)
{
    if (entity->request[PF_PLAN_MEMORY].decided) {
        return entity->request[PF_PLAN_MEMORY].rule;
    }
    return entity->request[PF_PLAN_CPU].decided ? entity->request[PF_PLAN_CPU].rule : PF_RULE_KEEP;
}

/** Everything the caller gets about resources; the pod is still as it came. */
static enum pf_code report(const struct pf_plan *plan, struct pf_rewrite *rewrite)
{
    const size_t change_count = count_changes(plan);
    struct pf_arena *const arena = plan->arena;

    if (change_count != 0) {
        rewrite->changes = pf_arena_calloc(arena, change_count, sizeof(*rewrite->changes));
    }
    if (plan->count != 0) {
        rewrite->containers = pf_arena_calloc(arena, plan->count, sizeof(*rewrite->containers));
    }
    if ((change_count != 0 && rewrite->changes == NULL) ||
        (plan->count != 0 && rewrite->containers == NULL)) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < plan->count; i++) {
        const struct pf_plan_entity *const entity = &plan->entities[i];
        struct pf_rewrite_container *const container = &rewrite->containers[i];

        container->container = entity->container;
        container->rule = rule_of(entity);
        if (list_before(entity->requests, entity->request, arena, &container->requests_before) !=
                PF_OK ||
            list_before(entity->limits, entity->limit, arena, &container->limits_before) != PF_OK) {
            return PF_E_NO_MEMORY;
        }
        add_changes(entity, /* limit= */ false, rewrite);
        add_changes(entity, /* limit= */ true, rewrite);
    }
    rewrite->container_count = plan->count;
    return PF_OK;
}

/** Write the decided values of one list; `present` keeps saying what stood in the document. */
static enum pf_code apply_list(struct pf_resource_list *list, const struct pf_plan_value *values,
                               struct pf_arena *arena)
{
    const bool present = list->present;

    for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
        if (is_change(&values[r]) && pf_resource_list_set(list, pf_plan_resource_name(r),
                                                          &values[r].after, arena) != PF_OK) {
            return PF_E_NO_MEMORY;
        }
    }
    list->present = present;
    return PF_OK;
}

static enum pf_code apply(const struct pf_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct pf_plan_entity *const entity = &plan->entities[i];

        if (apply_list(entity->requests, entity->request, plan->arena) != PF_OK ||
            apply_list(entity->limits, entity->limit, plan->arena) != PF_OK) {
            return PF_E_NO_MEMORY;
        }
    }
    return PF_OK;
}

enum pf_code pf_rewrite_pod(const struct pf_class *class_, struct pf_pod *pod,
                            struct pf_arena *arena, struct pf_rewrite *ret_rewrite,
                            struct pf_err *err)
{
    struct pf_rewrite rewrite = {0};
    struct pf_plan plan = {0};

    if (pf_plan_build(class_, pod, arena, &plan) != PF_OK || decide(&plan, &rewrite) != PF_OK ||
        report(&plan, &rewrite) != PF_OK || apply(&plan) != PF_OK ||
        pf_pool_inject(class_, pod, arena, &rewrite) != PF_OK) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory while rewriting requests");
    }
    *ret_rewrite = rewrite;
    return PF_OK;
}

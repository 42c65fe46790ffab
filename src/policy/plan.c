#include "plan_internal.h"

static const struct pf_sv resource_names[PF_PLAN_RESOURCES] = {
    [PF_PLAN_CPU] = PF_SV_INIT("cpu"),
    [PF_PLAN_MEMORY] = PF_SV_INIT("memory"),
};

#define UNIT_MI INT64_C(1048576)

struct pf_sv pf_plan_resource_name(enum pf_plan_resource resource)
{
    return resource_names[resource];
}

bool pf_plan_is_sane(const struct pf_quantity *quantity, enum pf_plan_resource resource)
{
    const struct pf_quantity most =
        pf_quantity_from_i64(INT64_MAX, resource == PF_PLAN_CPU ? -3 : 0, PF_QUANTITY_DECIMAL_SI);

    return pf_quantity_sign(quantity) >= 0 && pf_quantity_cmp(quantity, &most) <= 0;
}

int64_t pf_plan_amount(const struct pf_quantity *quantity, enum pf_plan_resource resource)
{
    return resource == PF_PLAN_CPU ? pf_quantity_milli(quantity) : pf_quantity_value(quantity);
}

const struct pf_quantity *pf_plan_final(const struct pf_plan_value *value)
{
    return value->decided ? &value->after : value->before;
}

void pf_plan_set(struct pf_plan_value *value, const struct pf_quantity *quantity, enum pf_rule rule)
{
    const bool same = value->now != NULL && pf_quantity_cmp(value->now, quantity) == 0;

    value->after = same ? *value->now : *quantity;
    value->decided = true;
    value->rule = rule;
}

void pf_plan_set_cpu(struct pf_plan_value *value, int64_t milli, enum pf_rule rule)
{
    const struct pf_quantity quantity = pf_quantity_from_i64(milli, -3, PF_QUANTITY_DECIMAL_SI);

    pf_plan_set(value, &quantity, rule);
}

void pf_plan_set_memory(struct pf_plan_value *value, int64_t bytes, enum pf_quantity_format format,
                        enum pf_rule rule)
{
    /* what has no binary suffix reads as decimal */
    const bool plain = format == PF_QUANTITY_BINARY_SI && bytes % 1024 != 0;
    const struct pf_quantity quantity =
        pf_quantity_from_i64(bytes, 0, plain ? PF_QUANTITY_DECIMAL_SI : format);

    pf_plan_set(value, &quantity, rule);
}

const struct pf_quantity *pf_plan_own_request(const struct pf_plan *plan,
                                              const struct pf_plan_entity *entity,
                                              enum pf_plan_resource resource)
{
    const struct pf_quantity *const own = entity->request[resource].before;
    const struct pf_quantity *const limit = entity->limit[resource].before;

    if (plan->class_->requests != PF_REQUESTS_RAISE || own == NULL) {
        return NULL;
    }
    if (limit != NULL && pf_quantity_cmp(own, limit) == 0) {
        return NULL;
    }
    /* a pod-level request that was left out is filled with the aggregate of the containers' before webhooks run */
    if (entity->container == NULL && limit != NULL &&
        pf_plan_amount(own, resource) ==
            pf_plan_level_aggregate(plan, resource, /* before= */ true)) {
        return NULL;
    }
    return own;
}

int64_t pf_plan_least(const struct pf_plan *plan, enum pf_plan_resource resource)
{
    if (resource == PF_PLAN_CPU) {
        return 1;
    }
    return plan->class_->has_quota ? plan->class_->quota.memory_unit_bytes : UNIT_MI;
}

static bool names_container(const struct pf_class *class_, struct pf_sv name)
{
    for (size_t i = 0; i < class_->container_count; i++) {
        if (pf_sv_eq(class_->containers[i], name)) {
            return true;
        }
    }
    return class_->container_count == 0;
}

static void collect(struct pf_plan_entity *entity)
{
    for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
        const struct pf_resource *const request =
            pf_resource_list_find(entity->requests, resource_names[r]);
        const struct pf_resource *const limit =
            pf_resource_list_find(entity->limits, resource_names[r]);

        if (request != NULL) {
            entity->request[r].now = &request->amount;
            entity->request[r].before = &request->amount;
            entity->kept = entity->kept || !pf_plan_is_sane(&request->amount, r);
        }
        if (limit != NULL) {
            entity->limit[r].now = &limit->amount;
            entity->limit[r].before = &limit->amount;
            entity->kept = entity->kept || !pf_plan_is_sane(&limit->amount, r);
        }
    }
}

enum pf_code pf_plan_build(const struct pf_class *class_, struct pf_pod *pod,
                           struct pf_arena *arena, struct pf_plan *ret_plan)
{
    const size_t count = pod->container_count + (pod->resources_present ? 1 : 0);
    struct pf_plan plan = {
        .class_ = class_,
        .pod = pod,
        .arena = arena,
        .container_count = pod->container_count,
        .count = count,
        .member = pf_class_is_member(class_, pod),
    };

    plan.entities = pf_arena_calloc(arena, count != 0 ? count : 1, sizeof(*plan.entities));
    if (plan.entities == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < pod->container_count; i++) {
        struct pf_container *const container = &pod->containers[i];

        plan.entities[i] = (struct pf_plan_entity){
            .container = container,
            .requests = &container->requests,
            .limits = &container->limits,
            .carries = names_container(class_, container->name),
        };
        plan.init_count += container->kind != PF_CONTAINER_MAIN ? 1 : 0;
        collect(&plan.entities[i]);
    }
    if (pod->resources_present) {
        plan.pod_level = &plan.entities[pod->container_count];
        *plan.pod_level = (struct pf_plan_entity){
            .requests = &pod->requests,
            .limits = &pod->limits,
            .carries = true,
        };
        collect(plan.pod_level);
    }
    *ret_plan = plan;
    return PF_OK;
}

/** request <= limit wherever podfit wrote one of the two. */
static void clamp_to_limits(struct pf_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct pf_plan_entity *const entity = &plan->entities[i];

        for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
            const struct pf_quantity *const request = pf_plan_final(&entity->request[r]);
            const struct pf_quantity *const limit = pf_plan_final(&entity->limit[r]);

            if ((entity->request[r].decided || entity->limit[r].decided) && request != NULL &&
                limit != NULL && pf_quantity_cmp(request, limit) > 0) {
                pf_plan_set(&entity->request[r], limit, PF_RULE_LIMIT);
            }
        }
    }
}

/** The main container with the largest memory limit, the first one of equals. */
static void find_largest(struct pf_plan *plan)
{
    struct pf_plan_entity *largest = NULL;

    for (size_t i = 0; i < plan->container_count; i++) {
        struct pf_plan_entity *const entity = &plan->entities[i];
        const struct pf_quantity *const limit = entity->limit[PF_PLAN_MEMORY].before;
        const struct pf_quantity *const most =
            largest != NULL ? largest->limit[PF_PLAN_MEMORY].before : NULL;

        entity->largest = false;
        if (entity->container->kind != PF_CONTAINER_MAIN || entity->kept) {
            continue;
        }
        if (largest == NULL ||
            (limit != NULL && (most == NULL || pf_quantity_cmp(limit, most) > 0))) {
            largest = entity;
        }
    }
    if (largest != NULL) {
        largest->largest = true;
    }
}

void pf_plan_undo(struct pf_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
            plan->entities[i].request[r].decided = false;
            plan->entities[i].limit[r].decided = false;
        }
    }
}

void pf_plan_decide(struct pf_plan *plan)
{
    pf_plan_undo(plan);
    find_largest(plan);
    if (plan->class_->has_quota) {
        pf_plan_quota_decide(plan);
    } else if (plan->class_->has_percents) {
        pf_plan_percent_decide(plan);
    }
    clamp_to_limits(plan);
    pf_plan_level_reconcile(plan);
}

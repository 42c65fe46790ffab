#include "plan_internal.h"
#include "quota_internal.h"

static struct pf_quota_input input_of(const struct pf_plan *plan,
                                      const struct pf_plan_entity *entity, bool floors)
{
    const struct pf_quantity *const cpu = entity->limit[PF_PLAN_CPU].before;
    const struct pf_quantity *const memory = entity->limit[PF_PLAN_MEMORY].before;

    return (struct pf_quota_input){
        .has_cpu_limit = cpu != NULL,
        .has_memory_limit = memory != NULL,
        .cpu_limit_milli = cpu != NULL ? pf_plan_amount(cpu, PF_PLAN_CPU) : 0,
        .memory_limit_bytes = memory != NULL ? pf_plan_amount(memory, PF_PLAN_MEMORY) : 0,
        .member = plan->member,
        .floors = floors,
    };
}

static void write_value(const struct pf_plan *plan, struct pf_plan_value *value,
                        enum pf_plan_resource resource, int64_t amount, enum pf_rule rule)
{
    if (resource == PF_PLAN_CPU) {
        pf_plan_set_cpu(value, amount, rule);
    } else {
        pf_plan_set_memory(value, amount,
                           plan->class_->quota.memory_unit_bytes == INT64_C(1048576)
                               ? PF_QUANTITY_BINARY_SI
                               : PF_QUANTITY_DECIMAL_SI,
                           rule);
    }
}

/** @param main  this entity gets the whole formula, and the limit it lacks; others get limit / ratio */
static void decide_resource(struct pf_plan *plan, struct pf_plan_entity *entity,
                            enum pf_plan_resource resource, bool main)
{
    const struct pf_quota *const quota = &plan->class_->quota;
    const struct pf_quota_input input = input_of(plan, entity, /* floors= */ main);
    const struct pf_quantity *const own = pf_plan_own_request(plan, entity, resource);
    const bool has_ratio = resource == PF_PLAN_CPU ? quota->has_cpu_oc : quota->has_mem_oc;
    const struct pf_quantity *limit = NULL;
    struct pf_quota_choice choice = {0};

    if (!main && (entity->limit[resource].before == NULL || !has_ratio)) {
        return;
    }
    choice = resource == PF_PLAN_CPU ? pf_quota_choose_cpu(quota, &input)
                                     : pf_quota_choose_memory(quota, &input);
    if (entity->limit[resource].before == NULL) {
        write_value(plan, &entity->limit[resource], resource, choice.limit, choice.limit_rule);
    }
    write_value(plan, &entity->request[resource], resource, choice.request, choice.request_rule);
    limit = pf_plan_final(&entity->limit[resource]);
    if (pf_quantity_cmp(&entity->request[resource].after, limit) == 0) {
        pf_plan_set(&entity->request[resource], limit, choice.request_rule); /* in its own text */
    }
    if (own != NULL && pf_quantity_cmp(own, &entity->request[resource].after) > 0) {
        pf_plan_set(&entity->request[resource], own, PF_RULE_OWN);
    }
}

void pf_plan_quota_decide(struct pf_plan *plan)
{
    const bool listed = plan->class_->container_count != 0;
    struct pf_plan_entity *const level = plan->pod_level;

    for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
        /* a pod-level limit is the budget of all containers: it carries the quota instead of one of them */
        const bool by_level = level != NULL && level->limit[r].before != NULL;

        for (size_t i = 0; i < plan->container_count; i++) {
            struct pf_plan_entity *const entity = &plan->entities[i];

            if (entity->carries && !entity->kept) {
                decide_resource(plan, entity, r, !by_level && (listed || entity->largest));
            }
        }
        if (by_level && !level->kept) {
            decide_resource(plan, level, r, /* main= */ true);
        }
    }
}

#include "plan_internal.h"
#include <podfit/num.h>

/* OpenShift cluster-resource-override-admission-operator, pkg/clusterresourceoverride/mutator.go; floors 1m and 1Mi */
#define UNIT_MI INT64_C(1048576)
#define UNIT_MB INT64_C(1000000)
#define UNIT_GI INT64_C(1073741824)

/** amount x percent / 100 in integers, rounded down; through a double 29, 57 and 58 percent would be one less. */
static int64_t percent_of(int64_t amount, uint32_t percent)
{
    const pf_u128 product = (pf_u128)(uint64_t)amount * percent / 100;

    return product > INT64_MAX ? INT64_MAX : (int64_t)product;
}

/** Thousandths of a core for a memory limit, at 1 core a Gi = 100 %. */
static int64_t cpu_for_memory(int64_t bytes, uint32_t percent)
{
    const pf_u128 milli = (pf_u128)(uint64_t)bytes * percent * 10 / (pf_u128)UNIT_GI;

    return milli > INT64_MAX ? INT64_MAX : (int64_t)milli;
}

static int64_t at_least_one(int64_t milli)
{
    return milli > 0 ? milli : 1;
}

static void decide_memory(struct pf_plan *plan, struct pf_plan_entity *entity)
{
    const uint32_t percent = plan->class_->percents.memory_request_to_limit;
    const struct pf_quantity *const limit = entity->limit[PF_PLAN_MEMORY].before;
    const struct pf_quantity *const own = pf_plan_own_request(plan, entity, PF_PLAN_MEMORY);
    struct pf_plan_value *const request = &entity->request[PF_PLAN_MEMORY];
    enum pf_quantity_format format = PF_QUANTITY_BINARY_SI;
    int64_t bytes = 0;
    int64_t unit = UNIT_MI;

    if (percent == 0 || limit == NULL) {
        return;
    }
    if (limit->format != PF_QUANTITY_BINARY_SI) {
        unit = UNIT_MB;
        format = PF_QUANTITY_DECIMAL_SI;
    }
    bytes = percent_of(pf_plan_amount(limit, PF_PLAN_MEMORY), percent);
    bytes -= bytes % unit;
    if (bytes < UNIT_MI) {
        bytes = UNIT_MI;
        format = PF_QUANTITY_BINARY_SI;
    }
    pf_plan_set_memory(request, bytes, format, PF_RULE_PERCENT);
    if (own != NULL && pf_quantity_cmp(own, &request->after) > 0) {
        pf_plan_set(request, own, PF_RULE_OWN);
    }
}

static void decide_cpu_limit(struct pf_plan *plan, struct pf_plan_entity *entity)
{
    const uint32_t percent = plan->class_->percents.limit_cpu_to_memory;
    const struct pf_quantity *const memory = entity->limit[PF_PLAN_MEMORY].before;

    if (percent != 0 && memory != NULL) {
        pf_plan_set_cpu(
            &entity->limit[PF_PLAN_CPU],
            at_least_one(cpu_for_memory(pf_plan_amount(memory, PF_PLAN_MEMORY), percent)),
            PF_RULE_PERCENT);
    }
}

static void decide_cpu_request(struct pf_plan *plan, struct pf_plan_entity *entity)
{
    const struct pf_percents *const percents = &plan->class_->percents;
    struct pf_plan_value *const request = &entity->request[PF_PLAN_CPU];
    const struct pf_quantity *const own = pf_plan_own_request(plan, entity, PF_PLAN_CPU);
    const struct pf_plan_value *const limit = &entity->limit[PF_PLAN_CPU];
    const struct pf_quantity *const most = limit->decided ? &limit->after : limit->before;

    if (percents->cpu_request_to_limit != 0 && most != NULL) {
        const int64_t milli =
            percent_of(pf_plan_amount(most, PF_PLAN_CPU), percents->cpu_request_to_limit);

        pf_plan_set_cpu(request, at_least_one(milli), PF_RULE_PERCENT);
    }
    if (percents->cpu_request_to_request != 0 && request->before != NULL) {
        const int64_t milli = percent_of(pf_plan_amount(request->before, PF_PLAN_CPU),
                                         percents->cpu_request_to_request);

        pf_plan_set_cpu(request, at_least_one(milli), PF_RULE_PERCENT);
    }
    if (own != NULL && request->decided && pf_quantity_cmp(own, &request->after) > 0) {
        pf_plan_set(request, own, PF_RULE_OWN);
    }
}

/** No container's CPU limit may be above the pod level's: one that was decided grows, one of the user's cuts what was decided. */
static void align_cpu_limits(struct pf_plan *plan)
{
    struct pf_plan_value *const level =
        plan->pod_level != NULL ? &plan->pod_level->limit[PF_PLAN_CPU] : NULL;

    if (level == NULL || pf_plan_final(level) == NULL || plan->pod_level->kept) {
        return;
    }
    for (size_t i = 0; i < plan->container_count; i++) {
        struct pf_plan_value *const limit = &plan->entities[i].limit[PF_PLAN_CPU];
        const struct pf_quantity *const most = pf_plan_final(limit);

        if (most == NULL || pf_quantity_cmp(most, pf_plan_final(level)) <= 0) {
            continue;
        }
        if (level->decided) {
            pf_plan_set(level, most, PF_RULE_PERCENT);
        } else if (limit->decided) {
            pf_plan_set(limit, pf_plan_final(level), PF_RULE_LIMIT);
        }
    }
}

void pf_plan_percent_decide(struct pf_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct pf_plan_entity *const entity = &plan->entities[i];

        if (entity->carries && !entity->kept) {
            decide_memory(plan, entity);
            decide_cpu_limit(plan, entity);
        }
    }
    align_cpu_limits(plan);
    for (size_t i = 0; i < plan->count; i++) {
        struct pf_plan_entity *const entity = &plan->entities[i];

        if (entity->carries && !entity->kept) {
            decide_cpu_request(plan, entity);
        }
    }
}

#include "plan_internal.h"
#include <podfit/num.h>

/** What a container will ask for: its request or, as API defaulting has it, its limit. NULL: nothing. */
static const struct pf_quantity *effective(const struct pf_plan_entity *entity,
                                           enum pf_plan_resource resource, bool before)
{
    const struct pf_plan_value *const request = &entity->request[resource];
    const struct pf_plan_value *const limit = &entity->limit[resource];
    const struct pf_quantity *const asked = before ? request->before : pf_plan_final(request);

    if (asked != NULL) {
        return asked;
    }
    return before ? limit->before : pf_plan_final(limit);
}

/** Whose requests are added up. */
enum part {
    PART_BEFORE,  /**< of all containers, as they came */
    PART_ALL,     /**< of all containers, as they will be */
    PART_DERIVED, /**< those that follow from the class */
    PART_OWN,     /**< the others */
};

static bool is_in(const struct pf_plan_entity *entity, enum pf_plan_resource resource,
                  enum part part)
{
    return part == PART_DERIVED ? entity->derived[resource]
                                : part != PART_OWN || !entity->derived[resource];
}

static int64_t add_up(const struct pf_plan *plan, enum pf_plan_resource resource, enum part part)
{
    /* at most 20,000 containers of up to 2^63: far from 2^127 */
    pf_i128 sum = 0;
    pf_i128 sidecars = 0;
    pf_i128 peak = 0;

    for (size_t i = 0; i < plan->container_count; i++) {
        const struct pf_plan_entity *const entity = &plan->entities[i];
        const struct pf_quantity *const asked = effective(entity, resource, part == PART_BEFORE);
        pf_i128 here = 0;

        if (!is_in(entity, resource, part) || asked == NULL || !pf_plan_is_sane(asked, resource)) {
            continue;
        }
        here = pf_plan_amount(asked, resource);
        if (entity->container->kind == PF_CONTAINER_INIT) {
            peak = here + sidecars > peak ? here + sidecars : peak;
            continue;
        }
        sum += here;
        if (entity->container->kind == PF_CONTAINER_SIDECAR) {
            sidecars += here;
        }
    }
    sum = peak > sum ? peak : sum;
    return sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
}

int64_t pf_plan_level_aggregate(const struct pf_plan *plan, enum pf_plan_resource resource,
                                bool before)
{
    return add_up(plan, resource, before ? PART_BEFORE : PART_ALL);
}

static void set_amount(struct pf_plan_value *value, enum pf_plan_resource resource, int64_t amount,
                       const struct pf_quantity *like, enum pf_rule rule)
{
    if (resource == PF_PLAN_CPU) {
        pf_plan_set_cpu(value, amount, rule);
    } else {
        pf_plan_set_memory(value, amount, (enum pf_quantity_format)like->format, rule);
    }
}

/** Lower one request to @p share, or to its limit when that is smaller. */
static void lower(struct pf_plan_entity *entity, enum pf_plan_resource resource, int64_t share,
                  const struct pf_quantity *asked)
{
    struct pf_plan_value *const request = &entity->request[resource];
    const struct pf_quantity *const limit = pf_plan_final(&entity->limit[resource]);

    set_amount(request, resource, share, asked, PF_RULE_LIMIT);
    if (limit != NULL && pf_quantity_cmp(&request->after, limit) > 0) {
        pf_plan_set(request, limit, PF_RULE_LIMIT);
    }
}

/** Scale the requests of @p part by room / aggregate, rounded down, never to 0: with @p room 0 all get the least there is. */
static void scale(struct pf_plan *plan, enum pf_plan_resource resource, enum part part,
                  int64_t room, int64_t aggregate)
{
    const int64_t least = pf_plan_least(plan, resource);

    for (size_t i = 0; i < plan->container_count; i++) {
        struct pf_plan_entity *const entity = &plan->entities[i];
        const struct pf_quantity *const asked = effective(entity, resource, /* before= */ false);
        int64_t amount = 0;
        int64_t share = 0;

        if (!is_in(entity, resource, part) || asked == NULL || aggregate <= 0) {
            continue;
        }
        amount = pf_plan_amount(asked, resource);
        share = (int64_t)((pf_u128)(uint64_t)amount * (uint64_t)room / (uint64_t)aggregate);
        share -= share % least;
        share = share > 0 ? share : least;
        if (share < amount) {
            lower(entity, resource, share, asked);
        }
    }
}

static void mark_derived(struct pf_plan *plan, enum pf_plan_resource resource)
{
    for (size_t i = 0; i < plan->container_count; i++) {
        plan->entities[i].derived[resource] = plan->entities[i].request[resource].decided;
    }
}

/** Take back what was decided about requests that do not follow from the class. */
static void restore_own(struct pf_plan *plan, enum pf_plan_resource resource)
{
    for (size_t i = 0; i < plan->container_count; i++) {
        struct pf_plan_entity *const entity = &plan->entities[i];

        if (!entity->derived[resource]) {
            entity->request[resource].decided = false;
        }
    }
}

/**
 * Scale the containers' requests into @p room. Those that follow from the class come first and the others share what is left: a resize cannot
 * write down what stood there before, so that the result must lead to itself again, and scaled together the others would get less each time.
 */
static void shrink(struct pf_plan *plan, enum pf_plan_resource resource, int64_t room)
{
    int64_t own = 0;

    mark_derived(plan, resource);
    own = add_up(plan, resource, PART_OWN);
    scale(plan, resource, PART_OWN, 0, own);
    if (add_up(plan, resource, PART_ALL) > room) {
        const int64_t rest = room - add_up(plan, resource, PART_OWN);

        scale(plan, resource, PART_DERIVED, rest > 0 ? rest : 0,
              add_up(plan, resource, PART_DERIVED));
        return;
    }
    restore_own(plan, resource);
    /* not negative: with the least of the others it fits */
    scale(plan, resource, PART_OWN, room - add_up(plan, resource, PART_DERIVED), own);
    if (add_up(plan, resource, PART_ALL) > room) {
        scale(plan, resource, PART_OWN, 0, own);
    }
}

static bool is_touched(const struct pf_plan *plan, enum pf_plan_resource resource)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->entities[i].request[resource].decided ||
            plan->entities[i].limit[resource].decided) {
            return true;
        }
    }
    return false;
}

static bool is_kept(const struct pf_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->entities[i].kept) {
            return true;
        }
    }
    return false;
}

static void keep(struct pf_plan *plan, enum pf_plan_resource resource)
{
    for (size_t i = 0; i < plan->count; i++) {
        plan->entities[i].request[resource].decided = false;
        plan->entities[i].limit[resource].decided = false;
    }
}

/** The pod level has a request and no limit: it follows its containers. */
static void follow_containers(struct pf_plan *plan, enum pf_plan_resource resource)
{
    const int64_t aggregate = pf_plan_level_aggregate(plan, resource, /* before= */ false);
    const struct pf_quantity *const own = pf_plan_own_request(plan, plan->pod_level, resource);
    struct pf_plan_value *const request = &plan->pod_level->request[resource];

    if (own != NULL && pf_plan_amount(own, resource) >= aggregate) {
        pf_plan_set(request, own, PF_RULE_OWN);
    } else if (aggregate > 0) {
        set_amount(request, resource, aggregate, request->before, PF_RULE_RATIO);
    }
}

/** The pod level has a limit. @return false: no request between the containers' and the limit exists */
static bool fit_into_limit(struct pf_plan *plan, enum pf_plan_resource resource)
{
    struct pf_plan_value *const request = &plan->pod_level->request[resource];
    const struct pf_quantity *const limit = pf_plan_final(&plan->pod_level->limit[resource]);
    const struct pf_quantity *const asked = pf_plan_final(request);
    const int64_t room = pf_plan_amount(asked != NULL ? asked : limit, resource);
    int64_t aggregate = pf_plan_level_aggregate(plan, resource, /* before= */ false);

    if (aggregate <= room) {
        return true;
    }
    /* what unlisted containers or licences ask for is theirs: then the pod level grows instead */
    if (plan->class_->requests != PF_REQUESTS_RAISE && plan->class_->container_count == 0) {
        shrink(plan, resource, room);
        aggregate = pf_plan_level_aggregate(plan, resource, /* before= */ false);
    }
    if (aggregate > pf_plan_amount(limit, resource)) {
        return false;
    }
    if (aggregate > room) {
        set_amount(request, resource, aggregate, limit, PF_RULE_FLOOR);
        if (pf_quantity_cmp(&request->after, limit) > 0) {
            pf_plan_set(request, limit,
                        PF_RULE_LIMIT); /* a limit of a fraction, counted rounded up */
        }
    }
    return true;
}

void pf_plan_level_reconcile(struct pf_plan *plan)
{
    const struct pf_plan_entity *const level = plan->pod_level;

    if (level == NULL) {
        return;
    }
    for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
        const bool limited = pf_plan_final(&level->limit[r]) != NULL;

        if (!is_touched(plan, r) || (!limited && level->request[r].before == NULL)) {
            continue;
        }
        if (!is_kept(plan) && !limited) {
            follow_containers(plan, r);
        } else if (is_kept(plan) || !fit_into_limit(plan, r)) {
            keep(plan, r);
        }
    }
}

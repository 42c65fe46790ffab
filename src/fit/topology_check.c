#include "topology.h"

static void find_least(struct pf_topology_counter *counter, uint32_t count)
{
    uint32_t least = UINT32_MAX;
    uint32_t second = UINT32_MAX;
    counter->domains = 0;
    counter->least_domain = UINT32_MAX;
    for (uint32_t i = 0; i < count; i++) {
        if (counter->members[i] == 0) {
            continue;
        }
        counter->domains++;
        if (counter->pods[i] < least || counter->least_domain == UINT32_MAX) {
            second = least;
            least = counter->pods[i];
            counter->least_domain = i;
        } else if (counter->pods[i] < second) {
            second = counter->pods[i];
        }
    }
    counter->least = counter->domains != 0 ? least : 0;
    counter->second = second;
}

void pf_topology_finish(struct pf_topology *topology)
{
    const struct pf_topology_plan *plan = topology->plan;
    for (uint32_t i = 0; i < plan->spread_count; i++) {
        find_least(&topology->counters[i], topology->axes[plan->spreads[i].axis].count);
    }
}

static const uint32_t *domains_of(const struct pf_topology *topology, uint32_t slot)
{
    return topology->domains + (size_t)slot * topology->plan->axis_count;
}

/* Global minimum; 0 with fewer domains than minDomains (filtering.go minMatchNum). */
static int64_t minimum(const struct pf_topology_plan_spread *spread,
                       const struct pf_topology_counter *counter)
{
    return (int64_t)counter->domains < spread->text->min_domains ? 0 : (int64_t)counter->least;
}

/* Pods in the domain; those of a node's value that no member has are none. */
static int64_t pods_in(const struct pf_topology_counter *counter, uint32_t domain)
{
    return counter->pods[domain];
}

static enum pf_topology_fault check_spread(const struct pf_topology *topology,
                                           const uint32_t *domains)
{
    const struct pf_topology_plan *plan = topology->plan;
    for (uint32_t i = 0; i < plan->spread_count; i++) {
        const struct pf_topology_plan_spread *spread = &plan->spreads[i];
        const struct pf_topology_counter *counter = &topology->counters[i];
        if (domains[spread->axis] == 0) {
            return PF_TOPOLOGY_SPREAD_LABEL;
        }
        const int64_t skew = pods_in(counter, domains[spread->axis] - 1) + (spread->self ? 1 : 0) -
                             minimum(spread, counter);
        if (skew > spread->text->max_skew) {
            return PF_TOPOLOGY_SPREAD_SKEW;
        }
    }
    return PF_TOPOLOGY_PASSES;
}

static bool is_counted(const struct pf_topology *topology, uint64_t mask)
{
    for (; mask != 0; mask &= mask - 1) {
        if (topology->counters[__builtin_ctzll(mask)].total != 0) {
            return true;
        }
    }
    return false;
}

/* satisfyPodAffinity; the first pod of a series that has affinity to itself may go anywhere that has the keys. */
static bool has_affinity(const struct pf_topology *topology, const uint32_t *domains)
{
    const struct pf_topology_plan *plan = topology->plan;
    bool found = true;
    for (uint64_t mask = plan->affinity_mask; mask != 0; mask &= mask - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(mask);
        const uint32_t domain = domains[plan->counter_axis[i]];
        if (domain == 0) {
            return false;
        }
        found = found && topology->counters[i].pods[domain - 1] != 0;
    }
    return found || (plan->own_affinity && !is_counted(topology, plan->affinity_mask));
}

static bool is_marked(const struct pf_topology *topology, const uint32_t *domains, uint64_t mask)
{
    for (; mask != 0; mask &= mask - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(mask);
        const uint32_t domain = domains[topology->plan->counter_axis[i]];
        if (domain != 0 && topology->counters[i].pods[domain - 1] != 0) {
            return true;
        }
    }
    return false;
}

enum pf_topology_fault pf_topology_check(const struct pf_topology *topology, unsigned active,
                                         uint32_t slot)
{
    const struct pf_topology_plan *plan = topology->plan;
    const uint32_t *domains = domains_of(topology, slot);
    if ((active & 1U << PF_FILTER_POD_TOPOLOGY_SPREAD) != 0) {
        const enum pf_topology_fault fault = check_spread(topology, domains);
        if (fault != PF_TOPOLOGY_PASSES) {
            return fault;
        }
    }
    if ((active & 1U << PF_FILTER_INTER_POD_AFFINITY) == 0) {
        return PF_TOPOLOGY_PASSES;
    }
    if (plan->affinity_mask != 0 && !has_affinity(topology, domains)) {
        return PF_TOPOLOGY_AFFINITY;
    }
    if (is_marked(topology, domains, plan->anti_mask)) {
        return PF_TOPOLOGY_ANTI_AFFINITY;
    }
    return is_marked(topology, domains, plan->existing_mask) ? PF_TOPOLOGY_EXISTING
                                                             : PF_TOPOLOGY_PASSES;
}

bool pf_topology_could(const struct pf_topology *topology, unsigned active, uint32_t slot)
{
    const struct pf_topology_plan *plan = topology->plan;
    const uint32_t *domains = domains_of(topology, slot);
    for (uint32_t i = 0; i < plan->spread_count; i++) {
        if ((active & 1U << PF_FILTER_POD_TOPOLOGY_SPREAD) != 0 &&
            domains[plan->spreads[i].axis] == 0) {
            return false;
        }
    }
    for (uint32_t i = 0; i < plan->affinity_count; i++) {
        if ((active & 1U << PF_FILTER_INTER_POD_AFFINITY) != 0 &&
            domains[plan->terms[i].axis] == 0) {
            return false;
        }
    }
    return true;
}

void pf_topology_blame(enum pf_topology_fault fault, struct pf_result *result)
{
    const bool spread = fault == PF_TOPOLOGY_SPREAD_LABEL || fault == PF_TOPOLOGY_SPREAD_SKEW;
    const bool unresolvable = fault == PF_TOPOLOGY_SPREAD_LABEL || fault == PF_TOPOLOGY_AFFINITY;
    result->mask = 0;
    result->key = (uint32_t)fault;
    result->value = 0;
    result->first_turn = false;
    result->unscorable = false;
    result->filter =
        (uint8_t)(spread ? PF_FILTER_POD_TOPOLOGY_SPREAD : PF_FILTER_INTER_POD_AFFINITY);
    result->code =
        (uint8_t)(unresolvable ? PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE : PF_FIT_UNSCHEDULABLE);
}

uint64_t pf_topology_room(const struct pf_topology *topology, unsigned active, uint32_t slot)
{
    const struct pf_topology_plan *plan = topology->plan;
    const uint32_t *domains = domains_of(topology, slot);
    uint64_t room = UINT64_MAX;
    for (uint32_t i = 0; i < plan->spread_count; i++) {
        const struct pf_topology_plan_spread *spread = &plan->spreads[i];
        const struct pf_topology_counter *counter = &topology->counters[i];
        if ((active & 1U << PF_FILTER_POD_TOPOLOGY_SPREAD) == 0 || !spread->self ||
            !spread->counts || (topology->member[slot] >> i & 1) == 0) {
            continue;
        }
        const int64_t left = spread->text->max_skew + minimum(spread, counter) -
                             pods_in(counter, domains[spread->axis] - 1);
        room = left >= 0 && (uint64_t)left < room ? (uint64_t)left : room;
    }
    for (uint32_t i = plan->affinity_count; i < plan->affinity_count + plan->anti_count; i++) {
        if ((active & 1U << PF_FILTER_INTER_POD_AFFINITY) != 0 && plan->terms[i].self &&
            domains[plan->terms[i].axis] != 0) {
            return 1; /* the first keeps the second away */
        }
    }
    return room;
}

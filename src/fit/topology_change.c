#include "topology.h"

/* Sums of changes by counter, on one node. */
struct changed {
    const struct pf_topology *topology;
    const uint32_t *domains;
    int64_t sums[PF_FIT_TOPOLOGY_MAX];
    bool marked; /* an added pod's anti-affinity, on a key that no existing pod's term has */
};

static int64_t pods_of(const struct changed *c, unsigned counter)
{
    const uint32_t domain = c->domains[c->topology->plan->counter_axis[counter]];
    return domain == 0
               ? 0
               : (int64_t)c->topology->counters[counter].pods[domain - 1] + c->sums[counter];
}

/* The minimum over all domains when that of the node has changed. */
static int64_t minimum(const struct changed *c, uint32_t spread)
{
    const struct pf_topology_counter *counter = &c->topology->counters[spread];
    const struct pf_topology_plan_spread *asked = &c->topology->plan->spreads[spread];
    const uint32_t domain = c->domains[asked->axis] - 1;
    if ((int64_t)counter->domains < asked->text->min_domains || counter->domains == 0) {
        return 0;
    }
    if (counter->members[domain] == 0) {
        return counter->least;
    }
    const int64_t others =
        domain == counter->least_domain ? (int64_t)counter->second : (int64_t)counter->least;
    const int64_t own = pods_of(c, spread);
    return counter->domains == 1 || own < others ? own : others;
}

static enum pf_topology_fault check_spread(const struct changed *c)
{
    const struct pf_topology_plan *plan = c->topology->plan;
    for (uint32_t i = 0; i < plan->spread_count; i++) {
        const struct pf_topology_plan_spread *spread = &plan->spreads[i];
        if (c->domains[spread->axis] == 0) {
            return PF_TOPOLOGY_SPREAD_LABEL;
        }
        if (pods_of(c, i) + (spread->self ? 1 : 0) - minimum(c, i) > spread->text->max_skew) {
            return PF_TOPOLOGY_SPREAD_SKEW;
        }
    }
    return PF_TOPOLOGY_PASSES;
}

static bool is_marked(const struct changed *c, uint64_t mask)
{
    for (; mask != 0; mask &= mask - 1) {
        if (pods_of(c, (unsigned)__builtin_ctzll(mask)) > 0) {
            return true;
        }
    }
    return false;
}

/* Is there a matching pod anywhere, this node's changes included? */
static bool is_counted(const struct changed *c, uint64_t mask)
{
    for (; mask != 0; mask &= mask - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(mask);
        const bool here = c->domains[c->topology->plan->counter_axis[i]] != 0;
        if ((int64_t)c->topology->counters[i].total + (here ? c->sums[i] : 0) > 0) {
            return true;
        }
    }
    return false;
}

static bool has_affinity(const struct changed *c)
{
    const struct pf_topology_plan *plan = c->topology->plan;
    bool found = true;
    for (uint64_t mask = plan->affinity_mask; mask != 0; mask &= mask - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(mask);
        if (c->domains[plan->counter_axis[i]] == 0) {
            return false;
        }
        found = found && pods_of(c, i) > 0;
    }
    return found || (plan->own_affinity && !is_counted(c, plan->affinity_mask));
}

/* PreFilter skips the plug-in when neither an existing pod nor the pod itself gives it anything to do. */
static bool asks_affinity(const struct pf_topology *topology, const struct pf_filter_input *input)
{
    const struct pf_topology_plan *plan = topology->plan;
    bool any = plan->affinity_count + plan->anti_count != 0;
    for (uint64_t mask = plan->existing_mask; mask != 0; mask &= mask - 1) {
        any = any || topology->counters[__builtin_ctzll(mask)].total != 0;
    }
    return any && (input->question->active & 1U << PF_FILTER_INTER_POD_AFFINITY) != 0;
}

static enum pf_topology_fault check(const struct changed *c, const struct pf_filter_input *input)
{
    const struct pf_topology_plan *plan = c->topology->plan;
    if ((input->question->active & 1U << PF_FILTER_POD_TOPOLOGY_SPREAD) != 0) {
        const enum pf_topology_fault fault = check_spread(c);
        if (fault != PF_TOPOLOGY_PASSES) {
            return fault;
        }
    }
    if (!asks_affinity(c->topology, input)) {
        return PF_TOPOLOGY_PASSES;
    }
    if (plan->affinity_mask != 0 && !has_affinity(c)) {
        return PF_TOPOLOGY_AFFINITY;
    }
    if (is_marked(c, plan->anti_mask)) {
        return PF_TOPOLOGY_ANTI_AFFINITY;
    }
    return c->marked || is_marked(c, plan->existing_mask) ? PF_TOPOLOGY_EXISTING
                                                          : PF_TOPOLOGY_PASSES;
}

static void add_change(struct changed *c, const struct pf_model *model, uint32_t slot,
                       const struct pf_topology_change *change)
{
    const struct pf_topology_plan *plan = c->topology->plan;
    const uint64_t spreads = plan->spread_count != 0 ? UINT64_MAX >> (64 - plan->spread_count) : 0;
    uint64_t mask = pf_topology_mask(plan, model, change->group, /* raw= */ true);
    mask &= ~spreads | c->topology->member[slot];
    for (; mask != 0; mask &= mask - 1) {
        c->sums[__builtin_ctzll(mask)] += change->pods;
    }
}

/* Terms of pods that hold room nowhere are not among those of the plan. */
static enum pf_code mark_unplanned(struct changed *c, const struct pf_filter_input *input,
                                   uint32_t slot, const struct pf_topology_change *change)
{
    const struct pf_topology_plan *plan = c->topology->plan;
    const uint32_t terms = pf_model_group(input->model, change->group)->terms;
    if (change->pods <= 0 || terms == PF_TERM_SET_NONE) {
        return PF_OK;
    }
    for (uint32_t i = 0; i < plan->existing_count; i++) {
        if (plan->existing[i].terms == terms) {
            return PF_OK;
        }
    }
    bool marked = false;
    const enum pf_code code = pf_topology_marks(input, terms, slot, &marked);
    c->marked = c->marked || marked;
    return code;
}

enum pf_code pf_topology_check_changed(const struct pf_topology *topology,
                                       const struct pf_filter_input *input, uint32_t slot,
                                       const struct pf_topology_change *changes, size_t count,
                                       enum pf_topology_fault *ret_fault)
{
    struct changed c = {
        .topology = topology,
        .domains = topology->domains + (size_t)slot * topology->plan->axis_count,
    };
    for (size_t i = 0; i < count; i++) {
        add_change(&c, input->model, slot, &changes[i]);
        const enum pf_code code = mark_unplanned(&c, input, slot, &changes[i]);
        if (code != PF_OK) {
            return code;
        }
    }
    *ret_fault = check(&c, input);
    return PF_OK;
}

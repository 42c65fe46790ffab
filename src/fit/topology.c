#include "topology.h"

#include <podfit/mem.h>

#define BIT(i) (UINT64_C(1) << (i))

/* ---- which counters a pod adds to ---- */

static bool is_in_namespace(const struct pf_topology_plan *plan,
                            const struct pf_topology_plan_term *term, const struct pf_model *model,
                            uint32_t space)
{
    const struct pf_label_selector *selector = &term->text->namespace_selector;
    if (pf_ids_contain(plan->ids + term->space_first, term->space_count, space)) {
        return true;
    }
    if (!selector->present || selector->requirement_count == 0 ||
        (plan->leaky_namespace && term->selects_empty)) {
        return selector->present;
    }
    const struct pf_labels *labels =
        pf_model_namespace_find(model, pf_intern_text(pf_model_strings(model), space));
    return labels != NULL && pf_label_selector_matches(selector, labels);
}

bool pf_topology_term_matches(const struct pf_topology_plan *plan,
                              const struct pf_topology_plan_term *term,
                              const struct pf_model *model, const struct pf_group *group)
{
    const struct pf_id_labels labels = {.items = group->labels, .count = group->label_count};
    return pf_id_selector_matches(&term->selector, plan->requirements, plan->ids, &labels) &&
           is_in_namespace(plan, term, model, group->namespace_);
}

static uint64_t spread_mask(const struct pf_topology_plan *plan, const struct pf_group *group,
                            bool raw)
{
    const struct pf_id_labels labels = {.items = group->labels, .count = group->label_count};
    uint64_t mask = 0;
    if (group->namespace_ != plan->space_id || (group->terminating != 0 && !raw)) {
        return 0;
    }
    for (uint32_t i = 0; i < plan->spread_count; i++) {
        const struct pf_topology_plan_spread *spread = &plan->spreads[i];
        if ((raw || spread->counts) &&
            pf_id_selector_matches(&spread->selector, plan->requirements, plan->ids, &labels)) {
            mask |= BIT(i);
        }
    }
    return mask;
}

static uint64_t term_mask(const struct pf_topology_plan *plan, const struct pf_model *model,
                          const struct pf_group *group)
{
    uint64_t mask = plan->affinity_mask; /* all terms at once, or none */
    for (uint32_t i = 0; i < plan->affinity_count && mask != 0; i++) {
        mask = pf_topology_term_matches(plan, &plan->terms[i], model, group) ? mask : 0;
    }
    for (uint32_t i = 0; i < plan->anti_count; i++) {
        const struct pf_topology_plan_term *term = &plan->terms[plan->affinity_count + i];
        if ((mask & BIT(term->counter)) == 0 &&
            pf_topology_term_matches(plan, term, model, group)) {
            mask |= BIT(term->counter);
        }
    }
    return mask;
}

static uint64_t existing_mask(const struct pf_topology_plan *plan, uint32_t terms)
{
    uint32_t low = 0;
    uint32_t high = plan->existing_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (plan->existing[middle].terms < terms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    uint64_t mask = 0;
    for (; low < plan->existing_count && plan->existing[low].terms == terms; low++) {
        mask |= BIT(plan->existing[low].counter);
    }
    return mask;
}

uint64_t pf_topology_mask(const struct pf_topology_plan *plan, const struct pf_model *model,
                          uint32_t group, bool raw)
{
    const struct pf_group *pods = pf_model_group(model, group);
    uint64_t mask = spread_mask(plan, pods, raw) | term_mask(plan, model, pods);
    if (pods->terms != PF_TERM_SET_NONE) {
        mask |= existing_mask(plan, pods->terms);
    }
    return mask;
}

static uint64_t remembered_mask(struct pf_topology *topology, const struct pf_model *model,
                                uint32_t group)
{
    const uint32_t generation = pf_model_group_generation(model, group);
    if (topology->memo[group].generation != generation) {
        topology->memo[group].mask =
            pf_topology_mask(topology->plan, model, group, /* raw= */ false);
        topology->memo[group].generation = generation;
    }
    return topology->memo[group].mask;
}

/* ---- domains ---- */

/* Room for all domains of an axis in its counters. */
static bool grow_counters(struct pf_topology *topology, uint32_t axis)
{
    const struct pf_topology_plan *plan = topology->plan;
    for (uint32_t i = 0; i < plan->counter_count; i++) {
        struct pf_topology_counter *counter = &topology->counters[i];
        const size_t want = topology->axes[axis].cap;
        if (plan->counter_axis[i] != axis || counter->cap >= want) {
            continue;
        }
        uint32_t *pods = pf_mem_resize(counter->pods, want, sizeof(*pods));
        counter->pods = pods != NULL ? pods : counter->pods;
        uint32_t *members = pf_mem_resize(counter->members, want, sizeof(*members));
        counter->members = members != NULL ? members : counter->members;
        if (pods == NULL || members == NULL) {
            return false;
        }
        for (size_t k = counter->cap; k < want; k++) {
            pods[k] = 0;
            members[k] = 0;
        }
        counter->cap = want;
    }
    return true;
}

uint32_t pf_topology_value(const struct pf_filter_input *input, uint32_t slot, uint32_t key)
{
    const struct pf_shape *shape = pf_model_shape(input->model, input->columns->shape[slot]);
    size_t low = 0;
    size_t high = shape->label_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (shape->labels[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == shape->label_count || shape->labels[low].key != key) {
        return PF_INTERN_NONE;
    }
    return shape->labels[low].value == PF_VALUE_NODE_NAME ? input->columns->name[slot]
                                                          : shape->labels[low].value;
}

/* ---- life ---- */

enum pf_code pf_topology_init(struct pf_topology *topology, const struct pf_topology_plan *plan)
{
    *topology = (struct pf_topology){.plan = plan};
    topology->axes = pf_mem_calloc(plan->axis_count, sizeof(*topology->axes));
    topology->counters = pf_mem_calloc(plan->counter_count, sizeof(*topology->counters));
    if (topology->axes == NULL || topology->counters == NULL) {
        return PF_E_NO_MEMORY;
    }
    pf_topology_reset(topology);
    return PF_OK;
}

void pf_topology_done(struct pf_topology *topology)
{
    for (uint32_t i = 0; topology->axes != NULL && i < topology->plan->axis_count; i++) {
        pf_topology_axis_done(&topology->axes[i]);
    }
    for (uint32_t i = 0; topology->counters != NULL && i < topology->plan->counter_count; i++) {
        free(topology->counters[i].pods);
        free(topology->counters[i].members);
    }
    free(topology->axes);
    free(topology->counters);
    free(topology->domains);
    free(topology->own);
    free(topology->member);
    free(topology->memo);
    *topology = (struct pf_topology){.plan = NULL};
}

void pf_topology_reset(struct pf_topology *topology)
{
    const struct pf_topology_plan *plan = topology->plan;
    topology->version++;
    for (uint32_t i = 0; i < plan->axis_count; i++) {
        pf_topology_axis_reset(&topology->axes[i]);
    }
    for (uint32_t i = 0; i < plan->counter_count; i++) {
        struct pf_topology_counter *counter = &topology->counters[i];
        counter->total = 0;
        for (size_t k = 0; k < counter->cap; k++) {
            counter->pods[k] = 0;
            counter->members[k] = 0;
        }
    }
    for (size_t i = 0; i < (size_t)topology->slots * plan->axis_count; i++) {
        topology->domains[i] = 0;
    }
    for (size_t i = 0; i < (size_t)topology->slots * plan->counter_count; i++) {
        topology->own[i] = 0;
    }
    for (uint32_t i = 0; i < topology->slots; i++) {
        topology->member[i] = 0;
    }
    for (uint32_t i = 0; i < topology->memo_count; i++) {
        topology->memo[i].generation = 0;
    }
}

static bool reserve_slots(struct pf_topology *topology, uint32_t slots)
{
    if (slots <= topology->slots) {
        return true;
    }
    const size_t want = (size_t)slots + slots / 8 + 1; /* so that single new nodes do not resize */
    const size_t axes = topology->plan->axis_count;
    const size_t counters = topology->plan->counter_count;
    uint32_t *domains = pf_mem_resize(topology->domains, want * axes, sizeof(*domains));
    topology->domains = domains != NULL ? domains : topology->domains;
    uint32_t *own = pf_mem_resize(topology->own, want * counters, sizeof(*own));
    topology->own = own != NULL ? own : topology->own;
    uint64_t *member = pf_mem_resize(topology->member, want, sizeof(*member));
    topology->member = member != NULL ? member : topology->member;
    if (domains == NULL || own == NULL || member == NULL) {
        return false;
    }
    const size_t old = topology->slots;
    memset(domains + old * axes, 0, (want - old) * axes * sizeof(*domains));
    memset(own + old * counters, 0, (want - old) * counters * sizeof(*own));
    memset(member + old, 0, (want - old) * sizeof(*member));
    topology->slots = (uint32_t)want;
    return true;
}

enum pf_code pf_topology_reserve(struct pf_topology *topology, const struct pf_filter_input *input)
{
    const uint32_t groups = pf_model_group_count(input->model);
    if (!reserve_slots(topology, input->columns->count)) {
        return PF_E_NO_MEMORY;
    }
    if (groups > topology->memo_count) {
        const uint32_t want = groups + groups / 8 + 1;
        void *memo = pf_mem_resize(topology->memo, want, sizeof(*topology->memo));
        if (memo == NULL) {
            return PF_E_NO_MEMORY;
        }
        topology->memo = memo;
        for (uint32_t i = topology->memo_count; i < want; i++) {
            topology->memo[i].generation = 0;
        }
        topology->memo_count = want;
    }
    return PF_OK;
}

size_t pf_topology_bytes(const struct pf_topology *topology)
{
    const struct pf_topology_plan *plan = topology->plan;
    if (plan == NULL) {
        return 0;
    }
    size_t bytes = (size_t)topology->memo_count * sizeof(*topology->memo) +
                   topology->slots * (sizeof(uint64_t) + plan->axis_count * sizeof(uint32_t) +
                                      plan->counter_count * sizeof(uint32_t));
    for (uint32_t i = 0; i < plan->axis_count; i++) {
        bytes += pf_topology_axis_bytes(&topology->axes[i]);
    }
    for (uint32_t i = 0; i < plan->counter_count; i++) {
        bytes += topology->counters[i].cap * 2 * sizeof(uint32_t);
    }
    return bytes;
}

bool pf_topology_is_stale(const struct pf_topology *topology, const struct pf_model *model)
{
    return topology->plan->by_namespace &&
           topology->namespace_version != pf_model_namespace_version(model);
}

/* ---- counting ---- */

static void forget_slot(struct pf_topology *topology, uint32_t slot)
{
    const struct pf_topology_plan *plan = topology->plan;
    uint32_t *domains = topology->domains + (size_t)slot * plan->axis_count;
    uint32_t *own = topology->own + (size_t)slot * plan->counter_count;
    for (uint32_t i = 0; i < plan->counter_count; i++) {
        struct pf_topology_counter *counter = &topology->counters[i];
        const uint32_t domain = domains[plan->counter_axis[i]];
        if (own[i] != 0) {
            counter->pods[domain - 1] -= own[i];
            counter->total -= own[i];
            own[i] = 0;
        }
        if ((topology->member[slot] >> i & 1) != 0) {
            counter->members[domain - 1]--;
        }
    }
    topology->member[slot] = 0;
    for (uint32_t i = 0; i < plan->axis_count; i++) {
        if (domains[i] != 0) {
            pf_topology_axis_leave(&topology->axes[i], domains[i] - 1);
            domains[i] = 0;
        }
    }
}

/* Spreads whose domains this node is one of: it has every key, and the policies let it in (common.go matchNodeInclusionPolicies). */
static uint64_t find_member(const struct pf_topology *topology, const struct pf_filter_input *input,
                            uint32_t slot, const uint32_t *domains)
{
    const struct pf_topology_plan *plan = topology->plan;
    struct pf_filter_target target = {
        .slot = slot, .shape = pf_model_shape(input->model, input->columns->shape[slot])};
    for (uint32_t i = 0; i < plan->spread_count; i++) {
        if (domains[plan->spreads[i].axis] == 0) {
            return 0;
        }
    }
    uint64_t mask = 0;
    for (uint32_t i = 0; i < plan->spread_count; i++) {
        const struct pf_spread *spread = plan->spreads[i].text;
        if ((spread->ignore_node_affinity || pf_node_affinity_matches(input, &target)) &&
            (!spread->honor_node_taints || pf_taint_toleration_passes(input, &target))) {
            mask |= BIT(i);
        }
    }
    return mask;
}

static void count_groups(struct pf_topology *topology, const struct pf_filter_input *input,
                         uint32_t slot, uint64_t counted)
{
    uint32_t count = 0;
    const struct pf_slot_group *groups = pf_model_slot_groups(input->model, slot, &count);
    uint32_t *own = topology->own + (size_t)slot * topology->plan->counter_count;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t mask = remembered_mask(topology, input->model, groups[i].group) & counted;
        for (; mask != 0; mask &= mask - 1) {
            own[__builtin_ctzll(mask)] += groups[i].pods;
        }
    }
}

static enum pf_code count_slot(struct pf_topology *topology, const struct pf_filter_input *input,
                               uint32_t slot)
{
    const struct pf_topology_plan *plan = topology->plan;
    if (input->columns->shape[slot] == PF_SHAPE_NONE) {
        return PF_OK;
    }
    uint32_t *domains = topology->domains + (size_t)slot * plan->axis_count;
    for (uint32_t i = 0; i < plan->axis_count; i++) {
        const uint32_t value = pf_topology_value(input, slot, plan->key_ids[i]);
        if (value != PF_INTERN_NONE) {
            domains[i] = pf_topology_axis_enter(&topology->axes[i], value);
            if (domains[i] == 0 || !grow_counters(topology, i)) {
                return PF_E_NO_MEMORY;
            }
        }
    }
    topology->member[slot] = find_member(topology, input, slot, domains);
    uint64_t counted = topology->member[slot];
    for (uint32_t i = plan->spread_count; i < plan->counter_count; i++) {
        counted |= domains[plan->counter_axis[i]] != 0 ? BIT(i) : 0;
    }
    count_groups(topology, input, slot, counted);
    const uint32_t *own = topology->own + (size_t)slot * plan->counter_count;
    for (; counted != 0; counted &= counted - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(counted);
        const uint32_t domain = domains[plan->counter_axis[i]] - 1;
        topology->counters[i].pods[domain] += own[i];
        topology->counters[i].members[domain]++;
        topology->counters[i].total += own[i];
    }
    return PF_OK;
}

/* What a slot adds to the counters. */
struct share {
    uint32_t domains[PF_FIT_TOPOLOGY_MAX];
    uint32_t own[PF_FIT_TOPOLOGY_MAX];
    uint64_t member;
};

static void copy_share(const struct pf_topology *topology, uint32_t slot, struct share *share)
{
    const struct pf_topology_plan *plan = topology->plan;
    memcpy(share->domains, topology->domains + (size_t)slot * plan->axis_count,
           plan->axis_count * sizeof(*share->domains));
    memcpy(share->own, topology->own + (size_t)slot * plan->counter_count,
           plan->counter_count * sizeof(*share->own));
    share->member = topology->member[slot];
}

static bool same_share(const struct pf_topology *topology, uint32_t slot, const struct share *share)
{
    const struct pf_topology_plan *plan = topology->plan;
    return share->member == topology->member[slot] &&
           memcmp(share->domains, topology->domains + (size_t)slot * plan->axis_count,
                  plan->axis_count * sizeof(*share->domains)) == 0 &&
           memcmp(share->own, topology->own + (size_t)slot * plan->counter_count,
                  plan->counter_count * sizeof(*share->own)) == 0;
}

enum pf_code pf_topology_update(struct pf_topology *topology, const struct pf_filter_input *input,
                                uint32_t slot)
{
    struct share before;
    copy_share(topology, slot, &before);
    topology->namespace_version = pf_model_namespace_version(input->model);
    forget_slot(topology, slot);
    const enum pf_code code = count_slot(topology, input, slot);
    topology->version += code != PF_OK || !same_share(topology, slot, &before);
    return code;
}

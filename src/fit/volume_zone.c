#include "volume_plan.h"

/* Source: pkg/scheduler/framework/plugins/volumezone/volume_zone.go (scheduler-fit 7.10). */

#define DELIMITER PF_SV("__")

static const struct pf_sv topology_labels[] = {
    PF_SV_INIT("failure-domain.beta.kubernetes.io/zone"),
    PF_SV_INIT("failure-domain.beta.kubernetes.io/region"),
    PF_SV_INIT("topology.kubernetes.io/zone"),
    PF_SV_INIT("topology.kubernetes.io/region"),
};
/* The label of general availability for each of them. */
static const size_t stable_label[] = {2, 3, 2, 3};

static enum pf_code prepare(struct pf_question *question,
                            const struct pf_fit_options *options PF_UNUSED,
                            struct pf_arena *arena PF_UNUSED)
{
    if (question->pod->volume_count == 0) {
        question->active &= ~(1U << PF_FILTER_VOLUME_ZONE);
    }
    return PF_OK;
}

/* The value before the next delimiter. @return false: there is none left */
static bool next_value(struct pf_sv *rest, bool *more, struct pf_sv *ret_value)
{
    if (!*more) {
        return false;
    }
    const size_t at = pf_sv_find(*rest, DELIMITER);
    *more = at != SIZE_MAX;
    *ret_value = pf_sv_trim((struct pf_sv){.ptr = rest->ptr, .len = *more ? at : rest->len});
    const size_t skip = *more ? at + DELIMITER.len : rest->len;
    rest->ptr += skip;
    rest->len -= skip;
    return true;
}

static bool has_value(struct pf_sv values, struct pf_sv wanted)
{
    bool more = true;
    struct pf_sv value = {0};
    while (next_value(&values, &more, &value)) {
        if (pf_sv_eq(value, wanted)) {
            return true;
        }
    }
    return false;
}

bool pf_volume_zones_valid(struct pf_sv text)
{
    bool more = true;
    struct pf_sv value = {0};
    while (next_value(&text, &more, &value)) {
        if (value.len == 0) {
            return false;
        }
    }
    return true;
}

static size_t label_index(struct pf_sv key)
{
    size_t i = 0;
    while (!pf_sv_eq(key, topology_labels[i])) {
        i++;
    }
    return i;
}

static bool node_has(const struct pf_filter_input *input, const struct pf_filter_target *target,
                     const struct pf_volume_zone *zone)
{
    struct pf_sv value = {0};
    if (!pf_volume_node_label(input, target, zone->key, &value)) {
        const size_t label = label_index(zone->key);
        if (!pf_volume_node_label(input, target, topology_labels[stable_label[label]], &value)) {
            return false;
        }
    }
    return has_value(zone->values, value);
}

static bool match(const struct pf_filter_input *input, struct pf_filter_target *target)
{
    const struct pf_volume_plan *plan = input->question->volumes;
    bool constrained = false;
    for (size_t i = 0; i < PF_ARRAY_LEN(topology_labels) && !constrained; i++) {
        struct pf_sv value = {0};
        constrained = pf_volume_node_label(input, target, topology_labels[i], &value);
    }
    for (size_t i = 0; constrained && i < plan->zone_count; i++) {
        if (!node_has(input, target, &plan->zones[i])) {
            return false;
        }
    }
    return true;
}

static bool check(const struct pf_filter_input *input, struct pf_filter_target *target,
                  struct pf_result *result)
{
    if (input->question->volumes->zone_refusal == NULL && match(input, target)) {
        return true;
    }
    result->code = PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE;
    return false;
}

static enum pf_code reasons(const struct pf_filter_input *input,
                            const struct pf_result *result PF_UNUSED,
                            struct pf_arena *arena PF_UNUSED, pf_filter_reason_fn *visit,
                            void *opaque)
{
    const char *refusal = input->question->volumes->zone_refusal;
    return visit(opaque, refusal != NULL ? pf_sv_from(refusal)
                                         : PF_SV("node(s) had no available volume zone"));
}

const struct pf_filter pf_volume_zone_filter = {
    .name = "VolumeZone",
    .needs = PF_NEEDS_VOLUMES,
    .built = true,
    .prepare = prepare,
    .check = check,
    .could = match,
    .reasons = reasons,
};

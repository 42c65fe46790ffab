#include "cluster_internal.h"

/** What the list of one slot says. */
struct list_count {
    uint32_t pods;
    uint32_t nominated;
    int32_t lowest;
    bool broken;
};

static struct list_count count_list(const struct pf_model *model, uint32_t slot)
{
    const struct pf_residents *list = &model->residents[slot];
    struct list_count count = {.lowest = INT32_MAX};
    const struct pf_record *before = NULL;
    for (const struct pf_record *r = list->first; r != NULL && !count.broken; r = r->after) {
        const struct pf_record *wanted = before != NULL ? before : r->before;
        count.broken = r->node != slot || r->before != wanted || count.pods > model->pods.count;
        count.pods++;
        count.nominated += r->nominated;
        if (r->state == PF_POD_BOUND && r->priority < count.lowest) {
            count.lowest = r->priority;
        }
        before = r;
    }
    count.broken = count.broken || (before != NULL && list->first->before != before);
    return count;
}

/* What one tier should be. */
static struct pf_tier sum_tier(const struct pf_residents *list, int32_t priority)
{
    struct pf_tier sum = {.priority = priority};
    for (const struct pf_record *r = list->first; r != NULL; r = r->after) {
        if (r->state == PF_POD_BOUND && r->priority == priority) {
            sum.milli_cpu = pf_wrap_add(sum.milli_cpu, r->demand->milli_cpu);
            sum.memory = pf_wrap_add(sum.memory, r->demand->memory);
            sum.ephemeral_storage =
                pf_wrap_add(sum.ephemeral_storage, r->demand->ephemeral_storage);
            sum.pods++;
        }
    }
    return sum;
}

static bool is_right(const struct pf_residents *list, const struct pf_tier *tier)
{
    const struct pf_tier sum = sum_tier(list, tier->priority);
    return tier->milli_cpu == sum.milli_cpu && tier->memory == sum.memory &&
           tier->ephemeral_storage == sum.ephemeral_storage && tier->pods == sum.pods;
}

/* Every tier right, and as many pods in them as are bound: each priority has one then. */
static bool are_tiers_right(const struct pf_residents *list)
{
    uint32_t bound = 0;
    uint32_t counted = list->tier.pods;
    bool right = (list->tier.pods == 0 || is_right(list, &list->tier)) &&
                 list->more_count <= list->more_cap &&
                 (list->tier.pods != 0 || list->more_count == 0);
    for (uint32_t i = 0; i < list->more_count && right; i++) {
        right = list->more[i].pods != 0 && is_right(list, &list->more[i]);
        counted += list->more[i].pods;
    }
    for (const struct pf_record *r = list->first; r != NULL; r = r->after) {
        bound += r->state == PF_POD_BOUND;
    }
    return right && bound == counted;
}

static enum pf_code check_lowest(const struct pf_model *model, struct pf_err *err)
{
    const struct pf_lowest *lowest = &model->lowest;
    uint32_t same = 0;
    for (size_t i = 0; lowest->known && i < model->pods.cap; i++) {
        const struct pf_record *record = model->pods.slots[i];
        if (record == NULL || record->state != PF_POD_BOUND) {
            continue;
        }
        same += record->priority == lowest->priority;
        if (record->priority < lowest->priority) {
            return pf_err_set(err, PF_E_INTERNAL, "a pod's priority is under the lowest one");
        }
    }
    return !lowest->known || same == lowest->pods
               ? PF_OK
               : pf_err_set(err, PF_E_INTERNAL, "%u pods have the lowest priority, not %u", same,
                            lowest->pods);
}

enum pf_code pf_check_residents(const struct pf_model *model, struct pf_err *err)
{
    uint32_t listed = 0;
    uint32_t nominated = 0;
    uint32_t placed = 0;
    for (uint32_t slot = 0; slot < model->columns.count; slot++) {
        const struct pf_residents *list = &model->residents[slot];
        const struct list_count count = count_list(model, slot);
        if (count.broken || count.nominated != list->nominated || count.lowest < list->lowest) {
            return pf_err_set(err, PF_E_INTERNAL, "slot %u: the list of its pods is wrong", slot);
        }
        if (!are_tiers_right(list)) {
            return pf_err_set(err, PF_E_INTERNAL, "slot %u: sums by priority are wrong", slot);
        }
        listed += count.pods;
        nominated += count.nominated;
    }
    for (size_t i = 0; i < model->pods.cap; i++) {
        placed += model->pods.slots[i] != NULL && model->pods.slots[i]->node != PF_NODE_NONE;
    }
    if (listed != placed || nominated != model->nominated) {
        return pf_err_set(err, PF_E_INTERNAL, "%u pods are listed, %u stand on nodes", listed,
                          placed);
    }
    return check_lowest(model, err);
}

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

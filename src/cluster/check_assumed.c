#include "cluster_internal.h"

/* Every reference of one assumed claim: sets of all holders, and the list of those that linger. */
static uint32_t count_holders(const struct pf_assumed_set *set, const struct pf_assumed *assumed)
{
    uint32_t count = 0;
    for (uint32_t i = 0; set != NULL && i < set->count; i++) {
        count += set->items[i] == assumed;
    }
    return count;
}

static uint32_t count_refs(const struct pf_model *model, const struct pf_assumed *assumed)
{
    uint32_t count = 0;
    for (const struct pf_reservation *r = model->reservations.oldest; r != NULL; r = r->next) {
        count += count_holders(r->assumed, assumed);
    }
    for (size_t i = 0; i < model->pending.order_count; i++) {
        count += count_holders(model->pending.slots[model->pending.order[i]]->assumed, assumed);
    }
    return count;
}

static const char *check_one(const struct pf_model *model, const struct pf_assumed *assumed,
                             struct pf_sv key)
{
    uint64_t found = 0;
    if (!pf_sv_eq(key, assumed->key)) {
        return "is filed under a foreign key";
    }
    if (assumed->volume != PF_INTERN_NONE &&
        (assumed->lost ||
         !pf_map_get(&model->assumed.by_volume, pf_intern_text(&model->strings, assumed->volume),
                     &found) ||
         found != (uintptr_t)assumed)) {
        return "is not found by its volume";
    }
    return count_refs(model, assumed) + (assumed->lingers ? 1 : 0) == assumed->refs
               ? NULL
               : "has a wrong number of holders";
}

static size_t count_lingering(const struct pf_assumed_table *table)
{
    const struct pf_assumed *before = NULL;
    size_t count = 0;
    for (const struct pf_assumed *at = table->oldest; at != NULL; at = at->newer) {
        if (at->older != before || !at->lingers ||
            (before != NULL && before->until_ns > at->until_ns)) {
            return SIZE_MAX;
        }
        before = at;
        count++;
    }
    return before == table->newest ? count : SIZE_MAX;
}

enum pf_code pf_check_assumed(const struct pf_model *model, uint32_t *strings, struct pf_err *err)
{
    const struct pf_assumed_table *table = &model->assumed;
    size_t cursor = 0;
    size_t volumes = 0;
    size_t lingering = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&table->by_claim, &cursor, &key, &address)) {
        const struct pf_assumed *assumed = (const struct pf_assumed *)(uintptr_t)address;
        const char *fault = check_one(model, assumed, key);
        if (fault != NULL) {
            return pf_err_set(err, PF_E_INTERNAL, "assumed claim '%.*s' %s", PF_SV_ARG(key), fault);
        }
        strings[assumed->node]++;
        if (assumed->volume != PF_INTERN_NONE) {
            strings[assumed->volume]++;
            volumes++;
        }
        lingering += assumed->lingers;
    }
    return volumes == table->by_volume.count && lingering == count_lingering(table)
               ? PF_OK
               : pf_err_set(err, PF_E_INTERNAL,
                            "assumed volumes or lingering claims are miscounted");
}

#include "cluster_internal.h"
#include <podfit/residents.h>

/* The tier of a priority on a slot; NULL: there is none. */
static struct pf_tier *find(struct pf_residents *list, int32_t priority)
{
    if (list->tier.pods != 0 && list->tier.priority == priority) {
        return &list->tier;
    }
    for (uint32_t i = 0; i < list->more_count; i++) {
        if (list->more[i].priority == priority) {
            return &list->more[i];
        }
    }
    return NULL;
}

size_t pf_tier_bytes(const struct pf_residents *list)
{
    return list->more_cap != 0 ? pf_heap_cost(list->more_cap * sizeof(*list->more)) : 0;
}

bool pf_tier_prepare(struct pf_model *model, uint32_t slot, int32_t priority)
{
    struct pf_residents *list = &model->residents[slot];
    if (list->tier.pods == 0 || list->more_count < list->more_cap || find(list, priority) != NULL) {
        return true;
    }
    const uint32_t cap = list->more_cap + 1; /* a node has pods of few priorities */
    struct pf_tier *bigger = pf_mem_resize(list->more, cap, sizeof(*bigger));
    if (bigger == NULL) {
        return false;
    }
    list->more = bigger;
    list->more_cap = cap;
    return true;
}

void pf_tier_add(struct pf_model *model, const struct pf_record *record)
{
    struct pf_residents *list = &model->residents[record->node];
    const struct pf_demand *demand = record->demand;
    struct pf_tier *tier = find(list, record->priority);
    if (tier == NULL) {
        tier = list->tier.pods == 0 ? &list->tier : &list->more[list->more_count++];
        *tier = (struct pf_tier){.priority = record->priority};
    }
    tier->milli_cpu = pf_wrap_add(tier->milli_cpu, demand->milli_cpu);
    tier->memory = pf_wrap_add(tier->memory, demand->memory);
    tier->ephemeral_storage = pf_wrap_add(tier->ephemeral_storage, demand->ephemeral_storage);
    tier->pods++;
}

void pf_tier_sub(struct pf_model *model, const struct pf_record *record)
{
    struct pf_residents *list = &model->residents[record->node];
    const struct pf_demand *demand = record->demand;
    struct pf_tier *tier = find(list, record->priority);
    tier->milli_cpu = pf_wrap_sub(tier->milli_cpu, demand->milli_cpu);
    tier->memory = pf_wrap_sub(tier->memory, demand->memory);
    tier->ephemeral_storage = pf_wrap_sub(tier->ephemeral_storage, demand->ephemeral_storage);
    tier->pods--;
    if (tier->pods != 0) {
        return;
    }
    if (tier != &list->tier) {
        *tier = list->more[list->more_count - 1];
    } else if (list->more_count != 0) {
        list->tier = list->more[list->more_count - 1];
    }
    list->more_count -= list->more_count != 0;
}

void pf_tier_tidy(struct pf_residents *list)
{
    if (list->more_count == 0) {
        free(list->more);
        list->more = NULL;
        list->more_cap = 0;
    }
}

static void add_below(const struct pf_tier *tier, int32_t priority, struct pf_yield *sum)
{
    if (tier->pods != 0 && tier->priority < priority) {
        sum->milli_cpu = pf_wrap_add(sum->milli_cpu, tier->milli_cpu);
        sum->memory = pf_wrap_add(sum->memory, tier->memory);
        sum->ephemeral_storage = pf_wrap_add(sum->ephemeral_storage, tier->ephemeral_storage);
        sum->pods += tier->pods;
    }
}

struct pf_yield pf_model_yield(const struct pf_model *model, uint32_t slot, int32_t priority)
{
    const struct pf_residents *list = &model->residents[slot];
    struct pf_yield sum = {.pods = 0};
    add_below(&list->tier, priority, &sum);
    for (uint32_t i = 0; i < list->more_count; i++) {
        add_below(&list->more[i], priority, &sum);
    }
    return sum;
}

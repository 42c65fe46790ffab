#include "cluster_internal.h"

/** References counted anew. */
struct recount {
    uint32_t *strings;                /* by intern id */
    const struct pf_demand **demands; /* one entry a reference */
    size_t demand_count;
};

static void count_demand(struct recount *recount, const struct pf_demand *demand)
{
    recount->demands[recount->demand_count++] = demand;
}

static void count_pods(const struct pf_model *model, struct recount *recount)
{
    for (size_t i = 0; i < model->pods.cap; i++) {
        const struct pf_record *record = model->pods.slots[i];
        if (record != NULL) {
            recount->strings[record->namespace_]++;
            count_demand(recount, record->demand);
        }
    }
    for (const struct pf_reservation *r = model->reservations.oldest; r != NULL; r = r->next) {
        recount->strings[r->hold.namespace_]++;
        count_demand(recount, r->hold.demand);
    }
}

static void count_slots(const struct pf_model *model, struct recount *recount)
{
    const struct pf_columns *c = &model->columns;
    for (uint32_t slot = 0; slot < c->count; slot++) {
        if (c->name[slot] != PF_INTERN_NONE) {
            recount->strings[c->name[slot]]++;
        }
        const struct pf_node_extra *extra = c->extra[slot];
        for (size_t i = 0; extra != NULL && i < extra->scalar_count; i++) {
            recount->strings[extra->scalars[i].name]++;
        }
        for (size_t i = 0; extra != NULL && i < extra->port_count; i++) {
            recount->strings[extra->ports[i].ip]++;
        }
        for (size_t i = 0; extra != NULL && i < extra->volume_count; i++) {
            recount->strings[extra->volumes[i].namespace_]++;
            recount->strings[extra->volumes[i].name]++;
            recount->strings[extra->volumes[i].other]++;
        }
    }
}

static void count_groups(const struct pf_model *model, struct recount *recount)
{
    for (uint32_t id = 0; id < model->groups.count; id++) {
        const struct pf_group *group = pf_model_group(model, id);
        if (group == NULL) {
            continue;
        }
        recount->strings[group->namespace_]++;
        for (uint32_t i = 0; i < group->label_count; i++) {
            recount->strings[group->labels[i].key]++;
            recount->strings[group->labels[i].value]++;
        }
    }
    for (uint32_t id = 0; id < model->term_sets.count; id++) {
        const struct pf_term_set *set = pf_model_term_set(model, id);
        for (uint32_t i = 0; set != NULL && i < set->term_count; i++) {
            recount->strings[set->terms[i].topology_key]++;
        }
        for (uint32_t i = 0; set != NULL && i < set->requirement_count; i++) {
            recount->strings[pf_term_set_requirements(set)[i].key]++;
        }
        for (uint32_t i = 0; set != NULL && i < set->id_count; i++) {
            recount->strings[pf_term_set_ids(set)[i]]++;
        }
    }
}

static void count_shapes(const struct pf_model *model, struct recount *recount)
{
    for (uint32_t id = 0; id < model->shape_count; id++) {
        const struct pf_shape *shape = &model->shapes[id].view;
        for (size_t i = 0; i < shape->label_count; i++) {
            recount->strings[shape->labels[i].key]++;
            if (shape->labels[i].value != PF_VALUE_NODE_NAME) {
                recount->strings[shape->labels[i].value]++;
            }
        }
        for (size_t i = 0; i < shape->taint_count; i++) {
            recount->strings[shape->taints[i].key]++;
            recount->strings[shape->taints[i].value]++;
            recount->strings[shape->taints[i].effect]++;
        }
        for (size_t i = 0; i < shape->feature_count; i++) {
            recount->strings[shape->features[i]]++;
        }
    }
}

static enum pf_code check_demand_strings(const struct pf_model *model, struct recount *recount,
                                         struct pf_err *err)
{
    size_t cursor = 0;
    size_t seen = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&model->demands, &cursor, &key, &address)) {
        const struct pf_demand *demand = (const struct pf_demand *)(uintptr_t)address;
        seen++;
        if (!pf_sv_eq(key, pf_demand_key(demand))) {
            return pf_err_set(err, PF_E_INTERNAL, "a demand is filed under a foreign key");
        }
        for (uint32_t i = 0; i < demand->scalar_count; i++) {
            recount->strings[demand->scalars[i].name]++;
        }
        for (uint32_t i = 0; i < demand->port_count; i++) {
            recount->strings[pf_demand_ports(demand)[i].ip]++;
        }
        for (uint32_t i = 0; i < demand->volume_count; i++) {
            recount->strings[pf_demand_volumes(demand)[i].name]++;
            recount->strings[pf_demand_volumes(demand)[i].other]++;
        }
        recount->strings[demand->namespace_]++;
    }
    return seen == model->demands.count
               ? PF_OK
               : pf_err_set(err, PF_E_INTERNAL, "demand table holds %zu entries and says %zu", seen,
                            model->demands.count);
}

static int compare_addresses(const void *a, const void *b)
{
    const uintptr_t left = (uintptr_t) * (const struct pf_demand *const *)a;
    const uintptr_t right = (uintptr_t) * (const struct pf_demand *const *)b;
    return (left > right) - (left < right);
}

static enum pf_code check_demands(const struct pf_model *model, const struct recount *recount,
                                  struct pf_err *err)
{
    size_t distinct = 0;
    qsort((void *)recount->demands, recount->demand_count, sizeof(const struct pf_demand *),
          compare_addresses);
    for (size_t i = 0; i < recount->demand_count;) {
        const struct pf_demand *demand = recount->demands[i];
        size_t refs = 0;
        while (i < recount->demand_count && recount->demands[i] == demand) {
            refs++;
            i++;
        }
        if (demand == NULL || demand->refs != refs) {
            return pf_err_set(err, PF_E_INTERNAL, "a demand has %llu references, %zu are held",
                              demand != NULL ? (unsigned long long)demand->refs : 0ULL, refs);
        }
        distinct++;
    }
    return distinct == model->demands.count
               ? PF_OK
               : pf_err_set(err, PF_E_INTERNAL, "%zu demands are kept, %zu are used",
                            model->demands.count, distinct);
}

static enum pf_code check_strings(const struct pf_model *model, const struct recount *recount,
                                  struct pf_err *err)
{
    /* the empty string is always there and not counted */
    for (uint32_t id = 1; id < model->strings.count; id++) {
        const uint32_t refs = pf_intern_refs(&model->strings, id);
        if (refs != recount->strings[id]) {
            return pf_err_set(err, PF_E_INTERNAL, "string %u has %u references, %u are held", id,
                              refs, recount->strings[id]);
        }
    }
    return PF_OK;
}

enum pf_code pf_check_refs(const struct pf_model *model, struct pf_err *err)
{
    pf_autofree uint32_t *strings = pf_mem_calloc(model->strings.count, sizeof(*strings));
    pf_autofree const struct pf_demand **demands = pf_mem_calloc(
        model->pods.count + model->reservations.by_uid.count, sizeof(const struct pf_demand *));
    if (strings == NULL || demands == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to check the model");
    }
    struct recount recount = {.strings = strings, .demands = demands};
    count_pods(model, &recount);
    count_slots(model, &recount);
    count_shapes(model, &recount);
    count_groups(model, &recount);
    enum pf_code code = pf_check_images(model, strings, err);
    code = code == PF_OK ? pf_check_assumed(model, strings, err) : code;
    if (code == PF_OK) {
        code = check_demand_strings(model, &recount, err);
    }
    if (code == PF_OK) {
        code = check_demands(model, &recount, err);
    }
    return code == PF_OK ? check_strings(model, &recount, err) : code;
}

#include "plan_show.h"
#include <podfit/write.h>

static void put_cpu(struct pf_writer *w, int64_t milli_cpu)
{
    char text[PF_QUANTITY_TEXT_BYTES];
    const struct pf_quantity quantity = pf_quantity_from_i64(milli_cpu, -3, PF_QUANTITY_DECIMAL_SI);
    const size_t len = pf_quantity_format(&quantity, text);
    pf_write_key(w, PF_SV("cpu"));
    pf_write_put_string(w, (struct pf_sv){.ptr = text, .len = len});
}

static void put_bytes(struct pf_writer *w, const char *key, int64_t bytes)
{
    char text[PF_QUANTITY_TEXT_BYTES];
    const size_t len = pf_plan_text_exact(bytes, text);
    pf_write_key(w, pf_sv_from(key));
    pf_write_put_string(w, (struct pf_sv){.ptr = text, .len = len});
}

/* What is not known is left out. */
static void put_amounts(struct pf_writer *w, const char *key, const int64_t *milli_cpu,
                        const int64_t *memory)
{
    pf_write_key(w, pf_sv_from(key));
    pf_write_begin_object(w);
    if (milli_cpu != NULL) {
        put_cpu(w, *milli_cpu);
    }
    if (memory != NULL) {
        put_bytes(w, "memory", *memory);
    }
    pf_write_end_object(w);
}

static void put_capacity(struct pf_writer *w, const char *key, int64_t milli_cpu, int64_t memory,
                         int64_t pods)
{
    pf_write_key(w, pf_sv_from(key));
    pf_write_begin_object(w);
    put_cpu(w, milli_cpu);
    put_bytes(w, "memory", memory);
    pf_write_i64_member(w, "pods", pods);
    pf_write_end_object(w);
}

static void put_basis(struct pf_writer *w, const struct pf_plan_settings *settings,
                      const struct pf_plan *plan, const int64_t *milli_cpu, const int64_t *memory)
{
    const struct pf_plan_amounts *usage = &settings->usage;
    put_amounts(w, "requests", &milli_cpu[PF_PLAN_REQUESTS], &memory[PF_PLAN_REQUESTS]);
    put_amounts(w, "limits", plan->pod.cpu_limited ? &milli_cpu[PF_PLAN_LIMITS] : NULL,
                plan->pod.memory_limited ? &memory[PF_PLAN_LIMITS] : NULL);
    if (usage->has_cpu || usage->has_memory) {
        put_amounts(w, "usage", usage->has_cpu ? &milli_cpu[PF_PLAN_USAGE] : NULL,
                    usage->has_memory ? &memory[PF_PLAN_USAGE] : NULL);
    }
}

static void put_project(struct pf_writer *w, const struct pf_plan_settings *settings,
                        const struct pf_plan *plan)
{
    int64_t milli_cpu[PF_PLAN_BASIS_COUNT];
    int64_t memory[PF_PLAN_BASIS_COUNT];
    for (unsigned i = 0; i < PF_PLAN_BASIS_COUNT; i++) {
        milli_cpu[i] = plan->request[i].milli_cpu;
        memory[i] = plan->request[i].memory;
    }
    pf_write_string_member(w, "class", settings->class_.name);
    pf_write_key(w, PF_SV("project"));
    pf_write_begin_object(w);
    put_basis(w, settings, plan, milli_cpu, memory);
    pf_write_end_object(w);
}

static void put_nodes(struct pf_writer *w, const struct pf_plan *plan)
{
    pf_write_key(w, PF_SV("nodes"));
    pf_write_begin_object(w);
    pf_write_i64_member(w, "total", plan->nodes);
    pf_write_i64_member(w, "usable", plan->nodes_counting);
    put_capacity(w, "allocatable", plan->milli_cpu, plan->memory, plan->pods);
    put_capacity(w, "requested", plan->used_milli_cpu, plan->used_memory, plan->used_pods);
    pf_write_end_object(w);
    pf_write_key(w, PF_SV("groups"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < plan->group_count; i++) {
        const struct pf_plan_group *group = &plan->groups[i];
        pf_write_begin_object(w);
        pf_write_string_member(w, "first", group->first);
        pf_write_i64_member(w, "nodes", group->nodes);
        pf_write_bool_member(w, "usable", group->counts);
        pf_write_string_member(w, "plugin", pf_sv_from(group->plugin));
        pf_write_u64_member(w, "projects", group->slots);
        pf_write_string_member(w, "binding", group->binding);
        put_capacity(w, "allocatable", group->milli_cpu, group->memory, group->pods);
        put_capacity(w, "requested", group->used_milli_cpu, group->used_memory, group->used_pods);
        pf_write_end_object(w);
    }
    pf_write_end_array(w);
}

static void put_line_name(struct pf_writer *w, const char *key, const struct pf_plan *plan,
                          size_t index)
{
    pf_write_key(w, pf_sv_from(key));
    if (index >= plan->line_count) {
        pf_write_put_null(w);
        return;
    }
    const struct pf_plan_line *line = &plan->lines[index];
    pf_write_begin_object(w);
    pf_write_string_member(w, "basis", pf_sv_from(pf_plan_pod_basis_name(line->basis)));
    pf_write_string_member(w, "constraint", line->constraint);
    pf_write_u64_member(w, "projects", line->total);
    pf_write_end_object(w);
}

static void put_lines(struct pf_writer *w, const struct pf_plan *plan)
{
    pf_write_key(w, PF_SV("constraints"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < plan->line_count; i++) {
        const struct pf_plan_line *line = &plan->lines[i];
        pf_write_begin_object(w);
        pf_write_string_member(w, "basis", pf_sv_from(pf_plan_pod_basis_name(line->basis)));
        pf_write_string_member(w, "constraint", line->constraint);
        pf_write_u64_member(w, "projects", line->total);
        pf_write_u64_member(w, "leastPerNode", line->node_least);
        pf_write_u64_member(w, "mostPerNode", line->node_most);
        pf_write_end_object(w);
    }
    pf_write_end_array(w);
    pf_write_u64_member(w, "admitted", plan->admitted);
    pf_write_u64_member(w, "fits", plan->fits);
    put_line_name(w, "binding", plan, plan->binding);
    put_line_name(w, "next", plan, plan->next);
    pf_write_string_member(w, "message", plan->message);
}

static void put_ratio(struct pf_writer *w, const char *key, int64_t part, int64_t whole)
{
    char text[PF_PLAN_COST_TEXT_BYTES];
    const int64_t ratio = pf_plan_text_ratio(part, whole);
    pf_write_key(w, pf_sv_from(key));
    if (ratio < 0) {
        pf_write_put_null(w);
        return;
    }
    const size_t len = pf_plan_cost_format(ratio, text);
    pf_write_put_string(w, (struct pf_sv){.ptr = text, .len = len});
}

static void put_worst(struct pf_writer *w, const struct pf_plan *plan)
{
    const struct pf_plan_worst worst = pf_plan_calc_worst(plan);
    pf_write_key(w, PF_SV("worstCase"));
    pf_write_begin_object(w);
    pf_write_i64_member(w, "projects", worst.projects);
    if (worst.has_cpu) {
        put_ratio(w, "cpuLimitsToAllocatable", worst.milli_cpu, plan->milli_cpu);
    }
    if (worst.has_memory) {
        put_ratio(w, "memoryLimitsToAllocatable", worst.memory, plan->memory);
    }
    pf_write_end_object(w);
}

static void put_remedies(struct pf_writer *w, const struct pf_plan *plan)
{
    const struct pf_plan_remedies *remedies = &plan->remedies;
    pf_write_key(w, PF_SV("remedies"));
    pf_write_begin_object(w);
    if (remedies->pods != 0) {
        pf_write_i64_member(w, "pods", remedies->pods);
    }
    if (remedies->more != 0) {
        pf_write_key(w, PF_SV("nodes"));
        pf_write_begin_object(w);
        pf_write_i64_member(w, "more", remedies->more);
        pf_write_i64_member(w, "total", (int64_t)plan->nodes + remedies->more);
        pf_write_string_member(w, "like", remedies->like);
        pf_write_end_object(w);
    }
    pf_write_key(w, PF_SV("ratios"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < remedies->ratio_count; i++) {
        pf_write_begin_object(w);
        for (size_t k = 0; k < 2 && remedies->ratios[i][k].key != NULL; k++) {
            pf_write_string_member(w, remedies->ratios[i][k].key,
                                   pf_sv_from(remedies->ratios[i][k].value));
        }
        pf_write_end_object(w);
    }
    pf_write_end_array(w);
    pf_write_end_object(w);
}

static void put_wanted(struct pf_writer *w, const struct pf_plan *plan)
{
    if (plan->wanted == 0) {
        return;
    }
    const bool fits = plan->fits >= (uint64_t)plan->wanted;
    pf_write_key(w, PF_SV("wanted"));
    pf_write_begin_object(w);
    pf_write_i64_member(w, "projects", plan->wanted);
    pf_write_bool_member(w, "fits", fits);
    pf_write_u64_member(w, "missing", fits ? 0 : (uint64_t)plan->wanted - plan->fits);
    if (!fits) {
        put_remedies(w, plan);
    }
    pf_write_end_object(w);
}

static void put_money(struct pf_writer *w, const char *key, int64_t hundredths)
{
    char text[PF_PLAN_COST_TEXT_BYTES];
    const size_t len = pf_plan_cost_format(hundredths, text);
    pf_write_key(w, pf_sv_from(key));
    pf_write_put_string(w, (struct pf_sv){.ptr = text, .len = len});
}

static void put_cost(struct pf_writer *w, const struct pf_plan_settings *settings,
                     const struct pf_plan_cost *cost)
{
    if (!cost->has_compute && !cost->has_storage) {
        return;
    }
    pf_write_key(w, PF_SV("cost"));
    pf_write_begin_object(w);
    pf_write_string_member(w, "priceBy",
                           settings->price_by_requests ? PF_SV("requests") : PF_SV("limits"));
    pf_write_i64_member(w, "hoursPerDay", settings->hours_per_day);
    pf_write_i64_member(w, "daysPerMonth", settings->days_per_month);
    if (cost->has_compute) {
        put_money(w, "computePerDay", cost->compute_day);
        put_money(w, "computePerMonth", cost->compute_month);
    }
    if (cost->has_storage) {
        put_money(w, "storagePerMonth", cost->storage_month);
    }
    put_money(w, "perMonth", cost->month);
    put_money(w, "perMonthAbout", cost->month_about);
    if (cost->has_users) {
        put_money(w, "perUser", cost->user);
        put_money(w, "perUserAbout", cost->user_about);
    }
    pf_write_end_object(w);
}

static void put_totals(struct pf_writer *w, const struct pf_plan_settings *settings,
                       const struct pf_plan *plan)
{
    if (plan->users != 0) {
        pf_write_i64_member(w, "users", plan->users);
    }
    if (plan->hubs != 0) {
        pf_write_key(w, PF_SV("hubs"));
        pf_write_begin_object(w);
        pf_write_i64_member(w, "usersPerHub", settings->users_per_hub);
        pf_write_i64_member(w, "hubs", plan->hubs);
        pf_write_end_object(w);
    }
    pf_write_key(w, PF_SV("totals"));
    pf_write_begin_object(w);
    pf_write_i64_member(w, "projects", plan->bought);
    put_basis(w, settings, plan, plan->total_milli_cpu, plan->total_memory);
    if (settings->volume != 0) {
        put_bytes(w, "storage", plan->total_volume);
    }
    pf_write_end_object(w);
    put_cost(w, settings, &plan->cost);
}

static void put_plan(struct pf_writer *w, const struct pf_plan_settings *settings,
                     const struct pf_plan *plan)
{
    pf_write_begin_object(w);
    put_project(w, settings, plan);
    put_nodes(w, plan);
    put_lines(w, plan);
    put_worst(w, plan);
    put_wanted(w, plan);
    put_totals(w, settings, plan);
    pf_write_end_object(w);
}

void pf_plan_json_put(const struct pf_plan_show *show, struct pf_buf *buf)
{
    struct pf_writer writer = {0};
    struct pf_writer *w = &writer;
    pf_write_init(w, buf);
    pf_write_begin_object(w);
    pf_write_string_member(w, "apiVersion", PF_SV("podfit.io/v1"));
    pf_write_string_member(w, "kind", PF_SV("Plan"));
    pf_write_key(w, PF_SV("plan"));
    put_plan(w, show->settings[0], show->plans[0]);
    if (show->plans[1] != NULL) {
        pf_write_key(w, PF_SV("whatIf"));
        pf_write_begin_object(w);
        pf_write_key(w, PF_SV("changes"));
        pf_write_begin_array(w);
        for (size_t i = 0; i < show->change_count; i++) {
            pf_write_put_string(w, pf_sv_from(show->changes[i]));
        }
        pf_write_end_array(w);
        pf_write_key(w, PF_SV("plan"));
        put_plan(w, show->settings[1], show->plans[1]);
        pf_write_end_object(w);
    }
    pf_write_end_object(w);
}

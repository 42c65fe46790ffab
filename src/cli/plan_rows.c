#include "plan_rows.h"

#include <stdarg.h>
#include <stdio.h>

const char *pf_plan_rows_name(enum pf_plan_row row)
{
    static const char *const names[PF_PLAN_ROW_COUNT] = {
        [PF_PLAN_ROW_FITS] = "projects that fit",
        [PF_PLAN_ROW_BINDING] = "runs out first",
        [PF_PLAN_ROW_NEXT] = "runs out next",
        [PF_PLAN_ROW_WORST_CPU] = "all at their limit, CPU",
        [PF_PLAN_ROW_WORST_MEMORY] = "all at their limit, memory",
        [PF_PLAN_ROW_USERS] = "users",
        [PF_PLAN_ROW_WANTED] = "projects wanted",
        [PF_PLAN_ROW_PODS] = "  would fit with pods",
        [PF_PLAN_ROW_NODES] = "  would fit with nodes",
        [PF_PLAN_ROW_RATIO] = "  would fit with ratio",
        [PF_PLAN_ROW_OTHER_RATIO] = "  would fit with ratio",
        [PF_PLAN_ROW_NOTHING] = "  would fit with",
        [PF_PLAN_ROW_HUBS] = "hubs",
        [PF_PLAN_ROW_PROJECTS] = "projects",
        [PF_PLAN_ROW_CPU] = "  CPU, requests to limits",
        [PF_PLAN_ROW_MEMORY] = "  memory, requests to limits",
        [PF_PLAN_ROW_STORAGE] = "  volumes",
        [PF_PLAN_ROW_COMPUTE_DAY] = "  compute a day",
        [PF_PLAN_ROW_COMPUTE_MONTH] = "  compute a month",
        [PF_PLAN_ROW_STORAGE_MONTH] = "  storage a month",
        [PF_PLAN_ROW_MONTH] = "  all in all a month",
        [PF_PLAN_ROW_USER] = "  a user and month",
        [PF_PLAN_ROW_ASSUMED] = "  priced by",
    };
    return names[row];
}

static void say(struct pf_plan_column *column, enum pf_plan_row row, const char *format, ...)
    PF_PRINTF(3, 4);

static void say(struct pf_plan_column *column, enum pf_plan_row row, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args); /* longer ones are cut */
    va_end(args);
    column->texts[row] = pf_arena_dup(column->arena, pf_sv_from(text));
    column->failed = column->failed || column->texts[row] == NULL;
}

static void say_fit(struct pf_plan_column *column, const struct pf_plan *plan)
{
    char number[PF_PLAN_TEXT_BYTES];
    char name[PF_PLAN_TEXT_LINE_BYTES];
    if (plan->fits == plan->admitted) {
        say(column, PF_PLAN_ROW_FITS, "%s", pf_plan_text_count(plan->fits, number));
    } else {
        char admitted[PF_PLAN_TEXT_BYTES];
        say(column, PF_PLAN_ROW_FITS, "%s (the scheduler would place %s)",
            pf_plan_text_count(plan->fits, number), pf_plan_text_count(plan->admitted, admitted));
    }
    if (plan->binding < plan->line_count) {
        say(column, PF_PLAN_ROW_BINDING, "%s",
            pf_plan_text_line(&plan->lines[plan->binding], name));
    }
    if (plan->next < plan->line_count && plan->binding < plan->line_count) {
        const uint64_t next = plan->lines[plan->next].total;
        const uint64_t first = plan->lines[plan->binding].total;
        say(column, PF_PLAN_ROW_NEXT, "%s, %llu projects later",
            pf_plan_text_line(&plan->lines[plan->next], name), (unsigned long long)(next - first));
    }
}

static void say_worst(struct pf_plan_column *column, const struct pf_plan *plan)
{
    const struct pf_plan_worst worst = pf_plan_calc_worst(plan);
    char part[PF_PLAN_TEXT_BYTES];
    char whole[PF_PLAN_TEXT_BYTES];
    char ratio[PF_PLAN_COST_TEXT_BYTES];
    const int64_t cpu = pf_plan_text_ratio(worst.milli_cpu, plan->milli_cpu);
    const int64_t memory = pf_plan_text_ratio(worst.memory, plan->memory);
    if (worst.has_cpu && cpu >= 0) {
        (void)pf_plan_cost_format(cpu, ratio);
        say(column, PF_PLAN_ROW_WORST_CPU, "%s of %s (%s : 1)",
            pf_plan_text_cpu(worst.milli_cpu, part), pf_plan_text_cpu(plan->milli_cpu, whole),
            ratio);
    }
    if (worst.has_memory && memory >= 0) {
        (void)pf_plan_cost_format(memory, ratio);
        say(column, PF_PLAN_ROW_WORST_MEMORY, "%s of %s (%s : 1)",
            pf_plan_text_bytes(worst.memory, part), pf_plan_text_bytes(plan->memory, whole), ratio);
    }
}

static void say_ratio(struct pf_plan_column *column, enum pf_plan_row row,
                      const struct pf_plan_setting *settings)
{
    if (settings[1].key == NULL) {
        say(column, row, "%s %s", settings[0].key, settings[0].value);
    } else {
        say(column, row, "%s %s and %s %s", settings[0].key, settings[0].value, settings[1].key,
            settings[1].value);
    }
}

static void say_remedies(struct pf_plan_column *column, const struct pf_plan *plan)
{
    const struct pf_plan_remedies *remedies = &plan->remedies;
    if (remedies->pods != 0) {
        say(column, PF_PLAN_ROW_PODS, "%lld on each node", (long long)remedies->pods);
    }
    if (remedies->more != 0) {
        say(column, PF_PLAN_ROW_NODES, "%llu, that is %u more like %.*s",
            (unsigned long long)plan->nodes + remedies->more, remedies->more,
            PF_SV_ARG(remedies->like));
    }
    for (size_t i = 0; i < remedies->ratio_count; i++) {
        say_ratio(column, i == 0 ? PF_PLAN_ROW_RATIO : PF_PLAN_ROW_OTHER_RATIO,
                  remedies->ratios[i]);
    }
    if (remedies->pods == 0 && remedies->more == 0 && remedies->ratio_count == 0) {
        say(column, PF_PLAN_ROW_NOTHING, "no single change of ratio, pod limit or number of nodes");
    }
}

static void say_wanted(struct pf_plan_column *column, const struct pf_plan_settings *settings,
                       const struct pf_plan *plan)
{
    if (plan->users != 0) {
        say(column, PF_PLAN_ROW_USERS, "%lld", (long long)plan->users);
    }
    if (plan->hubs != 0) {
        say(column, PF_PLAN_ROW_HUBS, "%lld of at most %lld users", (long long)plan->hubs,
            (long long)settings->users_per_hub);
    }
    if (plan->wanted == 0) {
        return;
    }
    if (plan->fits >= (uint64_t)plan->wanted) {
        say(column, PF_PLAN_ROW_WANTED, "%lld, they fit", (long long)plan->wanted);
    } else {
        say(column, PF_PLAN_ROW_WANTED, "%lld, %llu too many", (long long)plan->wanted,
            (unsigned long long)plan->wanted - plan->fits);
        say_remedies(column, plan);
    }
}

static void say_totals(struct pf_plan_column *column, const struct pf_plan_settings *settings,
                       const struct pf_plan *plan)
{
    char from[PF_PLAN_TEXT_BYTES];
    char to[PF_PLAN_TEXT_BYTES];
    say(column, PF_PLAN_ROW_PROJECTS, "%lld", (long long)plan->bought);
    say(column, PF_PLAN_ROW_CPU, "%s to %s",
        pf_plan_text_cpu(plan->total_milli_cpu[PF_PLAN_REQUESTS], from),
        plan->pod.cpu_limited ? pf_plan_text_cpu(plan->total_milli_cpu[PF_PLAN_LIMITS], to)
                              : "no limit");
    say(column, PF_PLAN_ROW_MEMORY, "%s to %s",
        pf_plan_text_bytes(plan->total_memory[PF_PLAN_REQUESTS], from),
        plan->pod.memory_limited ? pf_plan_text_bytes(plan->total_memory[PF_PLAN_LIMITS], to)
                                 : "no limit");
    if (settings->volume != 0) {
        say(column, PF_PLAN_ROW_STORAGE, "%s", pf_plan_text_bytes(plan->total_volume, from));
    }
}

static void say_money(struct pf_plan_column *column, enum pf_plan_row row, bool known,
                      int64_t amount, int64_t about)
{
    char exact[PF_PLAN_COST_TEXT_BYTES];
    char rounded[PF_PLAN_COST_TEXT_BYTES];
    (void)pf_plan_cost_format(amount, exact);
    (void)pf_plan_cost_format(about, rounded);
    if (known && about >= 0) {
        say(column, row, "%s (about %s)", exact, rounded);
    } else if (known) {
        say(column, row, "%s", exact);
    }
}

static void say_cost(struct pf_plan_column *column, const struct pf_plan_settings *settings,
                     const struct pf_plan_cost *cost)
{
    const bool any = cost->has_compute || cost->has_storage;
    say_money(column, PF_PLAN_ROW_COMPUTE_DAY, cost->has_compute, cost->compute_day, -1);
    say_money(column, PF_PLAN_ROW_COMPUTE_MONTH, cost->has_compute, cost->compute_month, -1);
    say_money(column, PF_PLAN_ROW_STORAGE_MONTH, cost->has_storage, cost->storage_month, -1);
    say_money(column, PF_PLAN_ROW_MONTH, any, cost->month, cost->month_about);
    say_money(column, PF_PLAN_ROW_USER, any && cost->has_users, cost->user, cost->user_about);
    if (any) {
        say(column, PF_PLAN_ROW_ASSUMED, "%s, %lld h a day, %lld days a month",
            settings->price_by_requests ? "requests" : "limits", (long long)settings->hours_per_day,
            (long long)settings->days_per_month);
    }
}

bool pf_plan_rows_make(const struct pf_plan_settings *settings, const struct pf_plan *plan,
                       struct pf_arena *arena, struct pf_plan_column *column)
{
    *column = (struct pf_plan_column){.arena = arena};
    say_fit(column, plan);
    say_worst(column, plan);
    say_wanted(column, settings, plan);
    say_totals(column, settings, plan);
    say_cost(column, settings, &plan->cost);
    return !column->failed;
}

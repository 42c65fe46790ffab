#include "plan_calc.h"

#include <podfit/columns.h>
#include <podfit/num.h>

#define SCRATCH_MAX_BYTES ((size_t)1024 * 1024 * 1024)

static enum pf_code no_memory(struct pf_err *err)
{
    return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* Absurd nodes of a snapshot must not overflow. */
static void add_to(int64_t *sum, int64_t value)
{
    if (__builtin_add_overflow(*sum, value, sum)) {
        *sum = value < 0 ? INT64_MIN : INT64_MAX;
    }
}

enum pf_code pf_plan_calc_wanted(const struct pf_plan_settings *settings, int64_t *ret_wanted,
                                 struct pf_err *err)
{
    pf_u128 num = (pf_u128)settings->users;
    pf_u128 den = 1;
    if (settings->projects != 0 || settings->users == 0) {
        *ret_wanted = settings->projects;
        return PF_OK;
    }
    const bool per_pod = settings->users_per_pod.digits != 0;
    const struct pf_decimal *ratio =
        per_pod ? &settings->users_per_pod : &settings->projects_per_user;
    pf_u128 scale = 1;
    for (unsigned i = 0; i < ratio->scale; i++) {
        scale *= 10;
    }
    /* at most 10^9 x 10^18 */
    const pf_u128 digits = (pf_u128)ratio->digits;
    if (digits != 0) {
        num = num * (per_pod ? scale : digits);
        den = per_pod ? digits : scale;
    }
    const pf_u128 wanted = (num + den - 1) / den;
    if (wanted > (pf_u128)PF_PLAN_COUNT_MAX) {
        return pf_err_set(err, PF_E_RANGE,
                          "the users need more projects than podfit plans, allowed: up to %lld",
                          (long long)PF_PLAN_COUNT_MAX);
    }
    *ret_wanted = (int64_t)wanted;
    return PF_OK;
}

static enum pf_code refuse_verdict(const struct pf_judgement *judgement, struct pf_err *err)
{
    return pf_err_set(err, PF_E_UNSUPPORTED,
                      "the project cannot be planned, its verdict is %s: %.*s",
                      pf_verdict_name(judgement->verdict), PF_SV_ARG(judgement->cause));
}

/* What fits on every node by both: the expected use takes room that requests do not show. */
static uint64_t sum_of_fits(const struct pf_plan_answers *answers)
{
    const struct pf_explanation *requests = &answers->by[PF_PLAN_REQUESTS];
    const struct pf_explanation *usage = &answers->by[PF_PLAN_USAGE];
    uint64_t sum = 0;
    for (size_t i = 0; i < requests->node_count; i++) {
        const uint64_t admitted = requests->nodes[i].slots;
        const bool scarce = answers->pod.pods[PF_PLAN_USAGE] != NULL && i < usage->node_count &&
                            usage->nodes[i].slots < admitted;
        sum = add_saturating(sum, scarce ? usage->nodes[i].slots : admitted);
    }
    return sum;
}

enum pf_code pf_plan_calc_ask(const struct pf_plan_settings *settings, struct pf_plan_world *world,
                              bool all, struct pf_arena *arena, struct pf_plan_answers *ret_answers,
                              struct pf_err *err)
{
    struct pf_plan_answers answers = {.fits = 0};
    const struct pf_plan_pod_source source = {
        .json = settings->pod_json,
        .namespace_ = settings->namespace_,
        .class_ = &settings->class_,
        .usage = &settings->usage,
        .features = settings->features,
    };
    enum pf_code code = pf_plan_pod_make(&source, arena, &answers.pod, err);
    pf_model_lock(world->model);
    for (unsigned i = 0; i < PF_PLAN_BASIS_COUNT && code == PF_OK; i++) {
        if (answers.pod.pods[i] == NULL || (i == PF_PLAN_LIMITS && !all)) {
            continue;
        }
        /* room that lower-priority pods would have to give up is not room to plan with */
        const struct pf_fit_ask ask = {.pod = answers.pod.pods[i], .ignore_preemption = true};
        code = pf_fit_explain_ask(world->fit, &ask, arena, &answers.by[i], err);
        const enum pf_verdict verdict = answers.by[i].judgement.verdict;
        if (code == PF_OK && (verdict == PF_VERDICT_UNKNOWN || verdict == PF_VERDICT_NOT_JUDGED)) {
            code = refuse_verdict(&answers.by[i].judgement, err);
        }
    }
    pf_model_unlock(world->model);
    if (code != PF_OK) {
        return code;
    }
    answers.fits = sum_of_fits(&answers);
    *ret_answers = answers;
    return PF_OK;
}

/* The constraint @p index of one basis, alone. */
static struct pf_plan_line line_of(const struct pf_explanation *explanation,
                                   enum pf_plan_basis basis, size_t index)
{
    struct pf_plan_line line = {
        .basis = basis,
        .constraint = explanation->constraints[index],
        .node_least = UINT64_MAX,
    };
    for (size_t i = 0; i < explanation->node_count; i++) {
        const struct pf_fit_node *node = &explanation->nodes[i];
        if (!pf_plan_calc_counts(node)) {
            continue;
        }
        const uint64_t room = node->room[index];
        line.total = add_saturating(line.total, room);
        line.node_least = room < line.node_least ? room : line.node_least;
        line.node_most = room > line.node_most ? room : line.node_most;
    }
    line.node_least = line.node_least > line.node_most ? 0 : line.node_least;
    return line;
}

static bool is_line(const struct pf_plan_answers *answers, enum pf_plan_basis basis,
                    struct pf_sv constraint)
{
    if (basis == PF_PLAN_REQUESTS) {
        return true;
    }
    const bool cpu = pf_sv_eq_cstr(constraint, "cpu");
    const bool memory = pf_sv_eq_cstr(constraint, "memory");
    return basis == PF_PLAN_USAGE
               ? cpu || memory
               : (cpu && answers->pod.cpu_limited) || (memory && answers->pod.memory_limited);
}

static enum pf_code fill_lines(const struct pf_plan_answers *answers, struct pf_arena *arena,
                               struct pf_plan *plan)
{
    size_t most = 0;
    for (unsigned b = 0; b < PF_PLAN_BASIS_COUNT; b++) {
        most += answers->by[b].constraint_count;
    }
    plan->lines = pf_arena_calloc(arena, most, sizeof(*plan->lines));
    if (plan->lines == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (unsigned b = 0; b < PF_PLAN_BASIS_COUNT; b++) {
        const struct pf_explanation *explanation = &answers->by[b];
        for (size_t i = 0; i < explanation->constraint_count; i++) {
            if (is_line(answers, (enum pf_plan_basis)b, explanation->constraints[i])) {
                plan->lines[plan->line_count++] = line_of(explanation, (enum pf_plan_basis)b, i);
            }
        }
    }
    return PF_OK;
}

/* The line that is least, @p but left out; of equals the one that the engine says, then the first. Limits are overcommitted on purpose. */
static size_t least_line(const struct pf_plan *plan, struct pf_sv binding, size_t but)
{
    size_t least = plan->line_count;
    for (size_t i = 0; i < plan->line_count; i++) {
        const struct pf_plan_line *line = &plan->lines[i];
        if (i == but || line->basis == PF_PLAN_LIMITS) {
            continue;
        }
        const bool said = line->basis == PF_PLAN_REQUESTS && pf_sv_eq(line->constraint, binding);
        if (least == plan->line_count || line->total < plan->lines[least].total ||
            (said && line->total == plan->lines[least].total)) {
            least = i;
        }
    }
    return least;
}

/* [locked] Allocatable and what is taken of one node. */
static struct pf_plan_group describe(const struct pf_columns *columns,
                                     const struct pf_fit_node *node, uint64_t slots)
{
    const uint32_t slot = node->slot;
    return (struct pf_plan_group){
        .first = node->name,
        .nodes = 1,
        .counts = pf_plan_calc_counts(node),
        .plugin = pf_plan_calc_counts(node) ? NULL : node->plugin,
        .milli_cpu = columns->allocatable_milli_cpu[slot],
        .memory = columns->allocatable_memory[slot],
        .pods = columns->allocatable_pods[slot],
        .used_milli_cpu = columns->used_milli_cpu[slot],
        .used_memory = columns->used_memory[slot],
        .used_pods = columns->used_pods[slot],
        .slots = slots,
        .binding = pf_sv_from(node->binding),
    };
}

/* Text that is equal for nodes of one group. */
static struct pf_sv group_key(const struct pf_plan_group *g, struct pf_arena *arena)
{
    return pf_sv_from(pf_arena_printf(
        arena, "%lld %lld %lld %lld %lld %lld %llu %d %s %.*s", (long long)g->milli_cpu,
        (long long)g->memory, (long long)g->pods, (long long)g->used_milli_cpu,
        (long long)g->used_memory, (long long)g->used_pods, (unsigned long long)g->slots,
        g->counts ? 1 : 0, g->plugin != NULL ? g->plugin : "", PF_SV_ARG(g->binding)));
}

static enum pf_code add_to_group(struct pf_plan *plan, struct pf_map *groups,
                                 const struct pf_plan_group *node, struct pf_arena *scratch)
{
    const struct pf_sv key = group_key(node, scratch);
    uint64_t index = 0;
    if (key.ptr == NULL) {
        return PF_E_NO_MEMORY;
    }
    if (pf_map_get(groups, key, &index)) {
        plan->groups[index].nodes++;
        return PF_OK;
    }
    plan->groups[plan->group_count] = *node;
    return pf_map_put(groups, key, plan->group_count++) ? PF_OK : PF_E_NO_MEMORY;
}

static void add_capacity(struct pf_plan *plan, const struct pf_plan_group *node)
{
    plan->nodes++;
    if (!node->counts) {
        return;
    }
    plan->nodes_counting++;
    add_to(&plan->milli_cpu, node->milli_cpu);
    add_to(&plan->memory, node->memory);
    add_to(&plan->pods, node->pods);
    add_to(&plan->used_milli_cpu, node->used_milli_cpu);
    add_to(&plan->used_memory, node->used_memory);
    add_to(&plan->used_pods, node->used_pods);
}

static enum pf_code fill_groups(const struct pf_plan_answers *answers,
                                const struct pf_plan_world *world, struct pf_arena *arena,
                                struct pf_plan *plan)
{
    const struct pf_explanation *requests = &answers->by[PF_PLAN_REQUESTS];
    const struct pf_explanation *usage = &answers->by[PF_PLAN_USAGE];
    pf_autoarena struct pf_arena scratch = {0};
    pf_arena_init(&scratch, SCRATCH_MAX_BYTES);
    struct pf_map groups;
    pf_map_init(&groups, pf_random_u64());
    plan->groups = pf_arena_calloc(arena, requests->node_count, sizeof(*plan->groups));
    enum pf_code code = plan->groups != NULL ? PF_OK : PF_E_NO_MEMORY;
    pf_model_lock(world->model);
    for (size_t i = 0; i < requests->node_count && code == PF_OK; i++) {
        uint64_t slots = requests->nodes[i].slots;
        if (i < usage->node_count && usage->nodes[i].slots < slots) {
            slots = usage->nodes[i].slots;
        }
        const struct pf_plan_group node =
            describe(pf_model_columns(world->model), &requests->nodes[i], slots);
        add_capacity(plan, &node);
        code = add_to_group(plan, &groups, &node, &scratch);
    }
    pf_model_unlock(world->model);
    pf_map_done(&groups);
    return code;
}

static enum pf_code total(int64_t each, int64_t count, int64_t *ret_total, struct pf_err *err)
{
    int64_t sum = 0;
    if (__builtin_mul_overflow(each, count, &sum)) {
        return pf_err_set(err, PF_E_RANGE,
                          "what %lld projects ask for is out of range, allowed: up to 2^63",
                          (long long)count);
    }
    *ret_total = sum;
    return PF_OK;
}

static enum pf_code fill_totals(const struct pf_plan_settings *settings, struct pf_plan *plan,
                                struct pf_err *err)
{
    const uint64_t most = (uint64_t)PF_PLAN_COUNT_MAX;
    const int64_t fits = plan->fits < most ? (int64_t)plan->fits : PF_PLAN_COUNT_MAX;
    plan->bought = plan->wanted != 0 ? plan->wanted : fits;
    enum pf_code code = total(settings->volume, plan->bought, &plan->total_volume, err);
    for (unsigned i = 0; i < PF_PLAN_BASIS_COUNT && code == PF_OK; i++) {
        code = total(plan->request[i].milli_cpu, plan->bought, &plan->total_milli_cpu[i], err);
        if (code == PF_OK) {
            code = total(plan->request[i].memory, plan->bought, &plan->total_memory[i], err);
        }
    }
    return code;
}

static enum pf_code fill_cost(const struct pf_plan_settings *settings, struct pf_plan *plan,
                              struct pf_err *err)
{
    const enum pf_plan_basis basis =
        settings->price_by_requests ? PF_PLAN_REQUESTS : PF_PLAN_LIMITS;
    const struct pf_plan_cost_input input = {
        .projects = plan->bought,
        .milli_cpu = plan->request[basis].milli_cpu,
        .memory = plan->request[basis].memory,
        .volume = settings->volume,
        .hours_per_day = settings->hours_per_day,
        .days_per_month = settings->days_per_month,
        .users = settings->users,
        .price = &settings->price,
    };
    const char *missing = settings->price.has_cpu && !plan->pod.cpu_limited         ? "CPU"
                          : settings->price.has_memory && !plan->pod.memory_limited ? "memory"
                                                                                    : NULL;
    if (missing != NULL && !settings->price_by_requests) {
        return pf_err_set(err, PF_E_INVALID,
                          "the project has no %s limit to pay for, allowed: --price-by requests",
                          missing);
    }
    return pf_plan_cost_compute(&input, &plan->cost, err);
}

static enum pf_code fill(const struct pf_plan_settings *settings,
                         const struct pf_plan_answers *answers, const struct pf_plan_world *world,
                         struct pf_arena *arena, struct pf_plan *plan)
{
    plan->pod = answers->pod;
    plan->fits = answers->fits;
    plan->admitted = answers->by[PF_PLAN_REQUESTS].slots;
    plan->users = settings->users;
    if (settings->users_per_hub != 0) {
        plan->hubs = (settings->users + settings->users_per_hub - 1) / settings->users_per_hub;
    }
    for (unsigned i = 0; i < PF_PLAN_BASIS_COUNT; i++) {
        plan->request[i] = answers->by[i].judgement.request;
    }
    if (answers->by[PF_PLAN_REQUESTS].judgement.verdict != PF_VERDICT_FITS) {
        plan->message = answers->by[PF_PLAN_REQUESTS].judgement.message;
    }
    const enum pf_code code = fill_lines(answers, arena, plan);
    const struct pf_sv binding = answers->by[PF_PLAN_REQUESTS].judgement.binding;
    plan->binding = least_line(plan, binding, SIZE_MAX);
    plan->next = least_line(plan, binding, plan->binding);
    return code == PF_OK ? fill_groups(answers, world, arena, plan) : code;
}

static enum pf_code find_remedies(const struct pf_plan_settings *settings,
                                  struct pf_plan_world *world,
                                  const struct pf_plan_world_shape *shape, bool growable,
                                  struct pf_plan *plan, struct pf_err *err)
{
    struct pf_plan_remedy_task task = {
        .settings = settings,
        .world = world,
        .shape = *shape,
        .growable = growable,
        .wanted = plan->wanted,
        .fits = plan->fits,
    };
    for (size_t i = 0; i < plan->group_count; i++) {
        const int64_t used = plan->groups[i].used_pods;
        task.used_pods = used > task.used_pods ? used : task.used_pods;
    }
    return pf_plan_remedy_find(&task, &plan->remedies, err);
}

static enum pf_code calc(const struct pf_plan_settings *settings, struct pf_plan_world *world,
                         struct pf_arena *arena, struct pf_plan *plan, struct pf_err *err)
{
    struct pf_plan_world_shape shape = {.change = settings->change};
    struct pf_plan_answers answers = {.fits = 0};
    enum pf_code code = pf_plan_world_set(world, &shape, err);
    code = code == PF_OK ? pf_plan_calc_ask(settings, world, /* all= */ true, arena, &answers, err)
                         : code;
    if (code != PF_OK) {
        return code;
    }
    const bool growable = pf_plan_usual_find(&answers.by[PF_PLAN_REQUESTS], world, &shape.like);
    if (settings->add != 0) {
        if (!growable) {
            return pf_err_set(err, PF_E_INVALID,
                              "no node takes the project, so none can be added like it");
        }
        shape.add = settings->add;
        code = pf_plan_world_set(world, &shape, err);
        code = code == PF_OK
                   ? pf_plan_calc_ask(settings, world, /* all= */ true, arena, &answers, err)
                   : code;
    }
    if (code == PF_OK && fill(settings, &answers, world, arena, plan) != PF_OK) {
        code = no_memory(err);
    }
    if (code == PF_OK && plan->wanted != 0 && plan->fits < (uint64_t)plan->wanted) {
        code = find_remedies(settings, world, &shape, growable, plan, err);
    }
    return code;
}

enum pf_code pf_plan_calc(const struct pf_plan_settings *settings, struct pf_plan_world *world,
                          struct pf_arena *arena, struct pf_plan *ret_plan, struct pf_err *err)
{
    const struct pf_plan_world_shape as_it_was = {.add = 0};
    struct pf_plan plan = {.nodes = 0};
    enum pf_code code = pf_plan_calc_wanted(settings, &plan.wanted, err);
    code = code == PF_OK ? calc(settings, world, arena, &plan, err) : code;
    code = code == PF_OK ? fill_totals(settings, &plan, err) : code;
    code = code == PF_OK ? fill_cost(settings, &plan, err) : code;
    if (code == PF_OK) {
        code = pf_plan_world_set(world, &as_it_was, err);
    }
    if (code == PF_OK) {
        *ret_plan = plan;
    }
    return code;
}

static int64_t worst_of(int64_t used, int64_t each, int64_t count)
{
    int64_t all = 0;
    if (__builtin_mul_overflow(each, count, &all)) {
        return INT64_MAX;
    }
    add_to(&all, used);
    return all;
}

struct pf_plan_worst pf_plan_calc_worst(const struct pf_plan *plan)
{
    const uint64_t most = (uint64_t)PF_PLAN_COUNT_MAX;
    const int64_t fits = plan->fits < most ? (int64_t)plan->fits : PF_PLAN_COUNT_MAX;
    const struct pf_request *limits = &plan->request[PF_PLAN_LIMITS];
    return (struct pf_plan_worst){
        .projects = fits,
        .has_cpu = plan->pod.cpu_limited,
        .has_memory = plan->pod.memory_limited,
        .milli_cpu = worst_of(plan->used_milli_cpu, limits->milli_cpu, fits),
        .memory = worst_of(plan->used_memory, limits->memory, fits),
    };
}

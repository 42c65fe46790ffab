#include <stdio.h>

#include "plan_calc.h"

/* Ratios are tried in tenths, up to 1:1,000,000, where every request is its floor. */
#define TENTHS_MAX      INT64_C(10000000)
#define TRIAL_MAX_BYTES ((size_t)1024 * 1024 * 1024)

/* A search: each trial asks the fit engine. */
struct search {
    const struct pf_plan_remedy_task *task;
    struct pf_plan_settings settings; /* of the trial */
    struct pf_plan_world_shape shape; /* of the trial */
    struct pf_arena arena;            /* of one trial */
    struct pf_err *err;
};

/* Would the wanted number fit? */
static enum pf_code fits_with(struct search *s, uint64_t *ret_fits)
{
    struct pf_plan_answers answers = {.fits = 0};
    pf_arena_reset(&s->arena);
    const enum pf_code code = pf_plan_calc_ask(&s->settings, s->task->world, /* all= */ false,
                                               &s->arena, &answers, s->err);
    if (code == PF_OK) {
        *ret_fits = answers.fits;
    }
    return code;
}

static enum pf_code fits_in_shape(struct search *s, uint64_t *ret_fits)
{
    const enum pf_code code = pf_plan_world_set(s->task->world, &s->shape, s->err);
    return code == PF_OK ? fits_with(s, ret_fits) : code;
}

typedef enum pf_code (*trial_fn)(struct search *s, const void *knob, int64_t value,
                                 uint64_t *ret_fits);

/* Smallest value of a knob with which the wanted number fits; more of it never makes fewer fit. *ret_value is 0: not even the largest does. */
static enum pf_code smallest(struct search *s, trial_fn trial, const void *knob, int64_t from,
                             int64_t to, int64_t *ret_value)
{
    uint64_t fits = 0;
    int64_t low = from;
    int64_t high = to;
    *ret_value = 0;
    enum pf_code code = low <= high ? trial(s, knob, high, &fits) : PF_OK;
    if (code != PF_OK || low > high || fits < (uint64_t)s->task->wanted) {
        return code;
    }
    while (low < high && code == PF_OK) {
        const int64_t middle = low + (high - low) / 2;
        code = trial(s, knob, middle, &fits);
        if (fits >= (uint64_t)s->task->wanted) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    *ret_value = high;
    return code;
}

static enum pf_code try_pods(struct search *s, const void *knob, int64_t value, uint64_t *ret_fits)
{
    (void)knob;
    s->shape.change.pods = value;
    return fits_in_shape(s, ret_fits);
}

static enum pf_code find_pods(struct search *s, struct pf_plan_remedies *remedies)
{
    /* with so many slots on each node the limit cannot be what binds */
    const int64_t most = s->task->wanted + s->task->used_pods;
    const enum pf_code code = smallest(
        s, try_pods, NULL, 1, most < PF_PLAN_PODS_MAX ? most : PF_PLAN_PODS_MAX, &remedies->pods);
    s->shape = s->task->shape;
    return code;
}

static enum pf_code find_nodes(struct search *s, struct pf_plan_remedies *remedies)
{
    const uint64_t missing = (uint64_t)s->task->wanted - s->task->fits;
    const size_t room = s->task->world->node_count + s->shape.add;
    uint64_t fits = 0;
    s->shape.add++;
    enum pf_code code = fits_in_shape(s, &fits);
    const uint64_t gain = fits > s->task->fits ? fits - s->task->fits : 0;
    const uint64_t more = gain != 0 ? (missing + gain - 1) / gain : UINT64_MAX;
    if (code == PF_OK && room < PF_PLAN_NODES_MAX && more <= PF_PLAN_NODES_MAX - room) {
        /* rules between pods may let a later node take fewer: only what was tried is said */
        s->shape.add = s->task->shape.add + (uint32_t)more;
        code = fits_in_shape(s, &fits);
        remedies->more = fits >= (uint64_t)s->task->wanted ? (uint32_t)more : 0;
        remedies->like = s->task->world->nodes[s->shape.like].meta.name;
    }
    s->shape = s->task->shape;
    return code;
}

/* A ratio of the class: how far it is turned, and what is written then. */
struct knob {
    const char *key;
    size_t offset; /* in struct pf_class */
    bool percent;  /* uint32_t; otherwise struct pf_decimal */
    size_t has;    /* of the flag; percents are there when they are not 0 */
};

#define QUOTA_KNOB(name, field)                                          \
    {                                                                    \
        .key = (name), .offset = offsetof(struct pf_class, quota.field), \
        .has = offsetof(struct pf_class, quota.has_##field)              \
    }
#define PERCENT_KNOB(name, field)                                                           \
    {                                                                                       \
        .key = (name), .offset = offsetof(struct pf_class, percents.field), .percent = true \
    }

static const struct knob quota_knobs[2] = {
    QUOTA_KNOB("cpu_oc", cpu_oc),
    QUOTA_KNOB("mem_oc", mem_oc),
};
static const struct knob percent_knobs[2] = {
    PERCENT_KNOB("cpuRequestToLimitPercent", cpu_request_to_limit),
    PERCENT_KNOB("memoryRequestToLimitPercent", memory_request_to_limit),
};

static void *field_of(struct pf_class *class_, size_t offset)
{
    return (char *)class_ + offset;
}

/* Where a knob stands: tenths of a ratio rounded up, or what is taken off 100 percent. 0: the class does not have it. */
static int64_t position(const struct search *s, const struct knob *knob)
{
    struct pf_class class_ = s->task->settings->class_;
    if (knob->percent) {
        const uint32_t percent = *(const uint32_t *)field_of(&class_, knob->offset);
        return percent != 0 ? 101 - (int64_t)percent : 0;
    }
    const struct pf_decimal *ratio = field_of(&class_, knob->offset);
    if (!*(const bool *)field_of(&class_, knob->has)) {
        return 0;
    }
    int64_t tenths = ratio->digits;
    for (unsigned scale = ratio->scale; scale > 1; scale--) {
        tenths = (tenths + 9) / 10;
    }
    /* a ratio is at most 10^15 */
    return ratio->scale == 0 ? tenths * 10 : tenths;
}

static int64_t furthest(const struct knob *knob)
{
    return knob->percent ? 100 : TENTHS_MAX;
}

static void turn(struct search *s, const struct knob *knob, int64_t value)
{
    if (knob->percent) {
        *(uint32_t *)field_of(&s->settings.class_, knob->offset) = (uint32_t)(101 - value);
    } else {
        *(struct pf_decimal *)field_of(&s->settings.class_, knob->offset) =
            (struct pf_decimal){.digits = value, .scale = 1};
    }
}

static enum pf_code try_knob(struct search *s, const void *opaque, int64_t value,
                             uint64_t *ret_fits)
{
    turn(s, opaque, value);
    return fits_with(s, ret_fits);
}

static void say(const struct knob *knob, int64_t value, struct pf_plan_setting *setting)
{
    setting->key = knob->key;
    if (knob->percent) {
        (void)snprintf(setting->value, sizeof(setting->value), "%lld", (long long)(101 - value));
    } else if (value % 10 == 0) {
        (void)snprintf(setting->value, sizeof(setting->value), "%lld", (long long)(value / 10));
    } else {
        (void)snprintf(setting->value, sizeof(setting->value), "%lld.%lld", (long long)(value / 10),
                       (long long)(value % 10));
    }
}

/* One of them alone. */
static enum pf_code find_alone(struct search *s, const struct knob *knobs,
                               struct pf_plan_remedies *remedies)
{
    enum pf_code code = PF_OK;
    for (size_t i = 0; i < 2 && code == PF_OK; i++) {
        const int64_t from = position(s, &knobs[i]);
        int64_t value = 0;
        if (from != 0) {
            code = smallest(s, try_knob, &knobs[i], from, furthest(&knobs[i]), &value);
            s->settings = *s->task->settings;
        }
        if (value != 0) {
            say(&knobs[i], value, &remedies->ratios[remedies->ratio_count++][0]);
        }
    }
    return code;
}

/* Both: the first as far as it must be while the second is as far as it goes, then the second. */
static enum pf_code find_both(struct search *s, const struct knob *knobs,
                              struct pf_plan_remedies *remedies)
{
    const int64_t first_from = position(s, &knobs[0]);
    const int64_t second_from = position(s, &knobs[1]);
    int64_t first = 0;
    int64_t second = 0;
    if (first_from == 0 || second_from == 0) {
        return PF_OK;
    }
    turn(s, &knobs[1], furthest(&knobs[1]));
    enum pf_code code = smallest(s, try_knob, &knobs[0], first_from, furthest(&knobs[0]), &first);
    if (code == PF_OK && first != 0) {
        turn(s, &knobs[0], first);
        code = smallest(s, try_knob, &knobs[1], second_from, furthest(&knobs[1]), &second);
    }
    if (second != 0) {
        say(&knobs[0], first, &remedies->ratios[0][0]);
        say(&knobs[1], second, &remedies->ratios[0][1]);
        remedies->ratio_count = 1;
    }
    s->settings = *s->task->settings;
    return code;
}

static enum pf_code find_ratios(struct search *s, struct pf_plan_remedies *remedies)
{
    const struct pf_class *class_ = &s->task->settings->class_;
    if (class_->requests == PF_REQUESTS_KEEP || (!class_->has_quota && !class_->has_percents)) {
        return PF_OK;
    }
    const struct knob *knobs = class_->has_quota ? quota_knobs : percent_knobs;
    enum pf_code code = pf_plan_world_set(s->task->world, &s->shape, s->err);
    code = code == PF_OK ? find_alone(s, knobs, remedies) : code;
    return code == PF_OK && remedies->ratio_count == 0 ? find_both(s, knobs, remedies) : code;
}

enum pf_code pf_plan_remedy_find(const struct pf_plan_remedy_task *task,
                                 struct pf_plan_remedies *ret_remedies, struct pf_err *err)
{
    struct search search = {
        .task = task, .settings = *task->settings, .shape = task->shape, .err = err};
    struct pf_plan_remedies remedies = {.pods = 0};
    pf_arena_init(&search.arena, TRIAL_MAX_BYTES);
    enum pf_code code = find_ratios(&search, &remedies);
    code = code == PF_OK ? find_pods(&search, &remedies) : code;
    if (code == PF_OK && task->growable) {
        code = find_nodes(&search, &remedies);
    }
    pf_arena_done(&search.arena);
    if (code == PF_OK) {
        *ret_remedies = remedies;
    }
    return code;
}

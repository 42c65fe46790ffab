#include "plan_whatif.h"

#include <podfit/write.h>

#define SHOWN_MAX 100
#define SHOWN(v)  (int)((v).len < SHOWN_MAX ? (v).len : SHOWN_MAX), (v).len != 0 ? (v).ptr : ""

/* A value may be long; nobody writes more. */
#define VALUE_MAX_BYTES ((size_t)1024)

struct change {
    struct pf_plan_settings *settings;
    const struct pf_plan_whatif_base *base;
    struct pf_sv key;
    struct pf_sv value;
};

typedef enum pf_code (*apply_fn)(const struct change *change, struct pf_err *err);

/* A key of default_quotas, read as in the configuration: there is one parser of quotas. */
static enum pf_code apply_quota(const struct change *change, struct pf_err *err)
{
    struct pf_class *class_ = &change->settings->class_;
    if (!class_->has_quota) {
        return pf_err_set(err, PF_E_INVALID, "the class has no default_quotas to change");
    }
    struct pf_decimal number = {0};
    enum pf_code code = pf_decimal_parse(change->value, &number, err);
    if (code != PF_OK) {
        return code;
    }
    pf_autobuf struct pf_buf json = {0};
    pf_buf_init(&json, VALUE_MAX_BYTES * 2);
    pf_buf_append_char(&json, '{');
    pf_write_string(&json, change->key);
    pf_buf_append_char(&json, ':');
    pf_buf_append_sv(&json, change->value);
    pf_buf_append_char(&json, '}');
    code = pf_buf_status(&json, err);
    struct pf_quota_problem problem = {0};
    if (code == PF_OK) {
        code = pf_quota_parse_defaults(pf_buf_view(&json), /* lenient= */ false, &class_->quota,
                                       &problem);
    }
    return code == PF_OK ? PF_OK : pf_err_set(err, code, "%.400s", problem.err.text);
}

static enum pf_code apply_percent(const struct change *change, struct pf_err *err)
{
    static const struct {
        const char *key;
        size_t offset;
        int64_t max;
    } rows[] = {
        {"memoryRequestToLimitPercent", offsetof(struct pf_percents, memory_request_to_limit), 100},
        {"cpuRequestToLimitPercent", offsetof(struct pf_percents, cpu_request_to_limit), 100},
        {"limitCPUToMemoryPercent", offsetof(struct pf_percents, limit_cpu_to_memory), 1000000},
        {"cpuRequestToRequestPercent", offsetof(struct pf_percents, cpu_request_to_request), 100},
    };
    struct pf_class *class_ = &change->settings->class_;
    if (!class_->has_percents) {
        return pf_err_set(err, PF_E_INVALID, "the class has no percent fields to change");
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if (pf_sv_eq_cstr(change->key, rows[i].key)) {
            int64_t percent = 0;
            const enum pf_code code = pf_plan_spec_count(change->value, rows[i].max, &percent, err);
            if (code == PF_OK) {
                *(uint32_t *)(void *)((char *)&class_->percents + rows[i].offset) =
                    (uint32_t)percent;
            }
            return code;
        }
    }
    return pf_err_set(err, PF_E_INTERNAL, "no such percent field");
}

static enum pf_code apply_count_of(const struct change *change, struct pf_err *err)
{
    int64_t count = 0;
    if (!change->base->equal_nodes) {
        return pf_err_set(err, PF_E_INVALID,
                          "exactly one '--node' is needed; add=NUMBER adds nodes to any cluster");
    }
    const enum pf_code code = pf_plan_spec_count(change->value, PF_PLAN_NODES_MAX, &count, err);
    if (code != PF_OK) {
        return code;
    }
    const int64_t nodes = (int64_t)change->base->nodes;
    change->settings->change.keep = count < nodes ? (uint32_t)count : 0;
    change->settings->add = count > nodes ? (uint32_t)(count - nodes) : 0;
    return PF_OK;
}

static enum pf_code apply_add(const struct change *change, struct pf_err *err)
{
    int64_t count = 0;
    const enum pf_code code = pf_plan_spec_count(change->value, PF_PLAN_NODES_MAX, &count, err);
    if (code == PF_OK && (size_t)count + change->base->nodes > PF_PLAN_NODES_MAX) {
        return pf_err_set(err, PF_E_RANGE, "'%.*s' nodes more are out of range, allowed: %d in all",
                          SHOWN(change->value), PF_PLAN_NODES_MAX);
    }
    if (code == PF_OK) {
        change->settings->add = (uint32_t)count;
    }
    return code;
}

static enum pf_code apply_pods(const struct change *change, struct pf_err *err)
{
    return pf_plan_spec_count(change->value, PF_PLAN_PODS_MAX, &change->settings->change.pods, err);
}

static enum pf_code apply_node_cpu(const struct change *change, struct pf_err *err)
{
    return pf_plan_spec_cpu(change->value, &change->settings->change.milli_cpu, err);
}

static enum pf_code apply_node_memory(const struct change *change, struct pf_err *err)
{
    return pf_plan_spec_bytes(change->value, &change->settings->change.memory, err);
}

/* A number of projects takes the place of what users need, and the other way round. */
static enum pf_code apply_projects(const struct change *change, struct pf_err *err)
{
    return pf_plan_spec_count(change->value, PF_PLAN_COUNT_MAX, &change->settings->projects, err);
}

static enum pf_code apply_users(const struct change *change, struct pf_err *err)
{
    return pf_plan_spec_count(change->value, PF_PLAN_COUNT_MAX, &change->settings->users, err);
}

static enum pf_code need_users(const struct change *change, struct pf_err *err)
{
    return change->settings->users != 0 ? PF_OK
                                        : pf_err_set(err, PF_E_INVALID, "'--users' is needed");
}

static enum pf_code apply_users_per_pod(const struct change *change, struct pf_err *err)
{
    struct pf_plan_settings *settings = change->settings;
    enum pf_code code = need_users(change, err);
    code = code == PF_OK ? pf_plan_spec_ratio(change->value, &settings->users_per_pod, err) : code;
    if (code == PF_OK) {
        settings->projects = 0;
        settings->projects_per_user.digits = 0;
    }
    return code;
}

static enum pf_code apply_projects_per_user(const struct change *change, struct pf_err *err)
{
    struct pf_plan_settings *settings = change->settings;
    enum pf_code code = need_users(change, err);
    code =
        code == PF_OK ? pf_plan_spec_ratio(change->value, &settings->projects_per_user, err) : code;
    if (code == PF_OK) {
        settings->projects = 0;
        settings->users_per_pod.digits = 0;
    }
    return code;
}

static enum pf_code apply_users_per_hub(const struct change *change, struct pf_err *err)
{
    const enum pf_code code = need_users(change, err);
    return code == PF_OK ? pf_plan_spec_count(change->value, PF_PLAN_COUNT_MAX,
                                              &change->settings->users_per_hub, err)
                         : code;
}

static enum pf_code apply_usage_cpu(const struct change *change, struct pf_err *err)
{
    change->settings->usage.has_cpu = true;
    return pf_plan_spec_cpu(change->value, &change->settings->usage.milli_cpu, err);
}

static enum pf_code apply_usage_memory(const struct change *change, struct pf_err *err)
{
    change->settings->usage.has_memory = true;
    return pf_plan_spec_bytes(change->value, &change->settings->usage.memory, err);
}

static enum pf_code apply_volume(const struct change *change, struct pf_err *err)
{
    int64_t bytes = 0;
    const enum pf_code code = pf_plan_spec_volume(change->value, &bytes, err);
    if (code == PF_OK) {
        change->settings->volume = bytes;
    }
    return code;
}

static enum pf_code apply_price(const struct change *change, struct pf_err *err)
{
    struct pf_plan_price *price = &change->settings->price;
    struct pf_decimal amount = {0};
    const enum pf_code code = pf_decimal_parse(change->value, &amount, err);
    if (code != PF_OK) {
        return code;
    }
    if (pf_sv_eq_cstr(change->key, "cpu-hour")) {
        price->has_cpu = true;
        price->cpu_hour = amount;
    } else if (pf_sv_eq_cstr(change->key, "gb-month")) {
        price->has_storage = true;
        price->gb_month = amount;
    } else {
        price->has_memory = true;
        price->memory_gb_hour = amount;
    }
    return PF_OK;
}

static const struct {
    const char *key;
    apply_fn apply;
} rows[] = {
    {"mem", apply_quota},
    {"mem_oc", apply_quota},
    {"cpu", apply_quota},
    {"cpu_oc", apply_quota},
    {"memoryRequestToLimitPercent", apply_percent},
    {"cpuRequestToLimitPercent", apply_percent},
    {"limitCPUToMemoryPercent", apply_percent},
    {"cpuRequestToRequestPercent", apply_percent},
    {"pods", apply_pods},
    {"node-cpu", apply_node_cpu},
    {"node-memory", apply_node_memory},
    {"count", apply_count_of},
    {"add", apply_add},
    {"projects", apply_projects},
    {"users", apply_users},
    {"users-per-pod", apply_users_per_pod},
    {"projects-per-user", apply_projects_per_user},
    {"users-per-hub", apply_users_per_hub},
    {"usage-cpu", apply_usage_cpu},
    {"usage-memory", apply_usage_memory},
    {"volume", apply_volume},
    {"cpu-hour", apply_price},
    {"memory-gb-hour", apply_price},
    {"gb-month", apply_price},
};

static enum pf_code refuse(struct pf_sv key, struct pf_err *err)
{
    const char *names[PF_ARRAY_LEN(rows) + 1] = {NULL};
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        names[i] = rows[i].key;
    }
    return pf_plan_spec_refuse(key, names,
                               "mem, mem_oc, cpu, cpu_oc, percent fields, pods, node-cpu, "
                               "node-memory, count, add, projects, users, users-per-pod, "
                               "projects-per-user, users-per-hub, usage-cpu, usage-memory, volume, "
                               "cpu-hour, memory-gb-hour, gb-month",
                               err);
}

enum pf_code pf_plan_whatif_apply(struct pf_sv text, const struct pf_plan_whatif_base *base,
                                  struct pf_plan_settings *settings, struct pf_err *err)
{
    const size_t equals = text.len != 0 ? pf_sv_find(text, PF_SV("=")) : SIZE_MAX;
    if (equals == SIZE_MAX || equals == 0 || equals + 1 == text.len ||
        text.len - equals > VALUE_MAX_BYTES) {
        return pf_err_set(err, PF_E_INVALID, "'%.*s' is not KEY=VALUE", SHOWN(text));
    }
    struct pf_plan_settings next = *settings;
    const struct change change = {
        .settings = &next,
        .base = base,
        .key = {.ptr = text.ptr, .len = equals},
        .value = {.ptr = text.ptr + equals + 1, .len = text.len - equals - 1},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if (!pf_sv_eq_cstr(change.key, rows[i].key)) {
            continue;
        }
        const enum pf_code code = rows[i].apply(&change, err);
        if (code != PF_OK) {
            return pf_err_wrap(err, code, "%s", rows[i].key);
        }
        *settings = next;
        return PF_OK;
    }
    return refuse(change.key, err);
}

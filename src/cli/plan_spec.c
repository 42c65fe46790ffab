#include "plan_spec.h"

#include <podfit/problems.h>

/* Bytes of a value that a message repeats. */
#define SHOWN_MAX 100
#define SHOWN(v)  (int)((v).len < SHOWN_MAX ? (v).len : SHOWN_MAX), (v).len != 0 ? (v).ptr : ""

static struct pf_sv from(struct pf_sv text, size_t start)
{
    return (struct pf_sv){.ptr = text.ptr + start, .len = text.len - start};
}

/* The text before @p separator, or all of it; *rest is what follows. @return was there a separator? */
static bool cut(struct pf_sv text, struct pf_sv separator, struct pf_sv *before, struct pf_sv *rest)
{
    const size_t at = text.len != 0 ? pf_sv_find(text, separator) : SIZE_MAX;
    *before = (struct pf_sv){.ptr = text.ptr, .len = at == SIZE_MAX ? text.len : at};
    *rest = at == SIZE_MAX ? (struct pf_sv){0} : from(text, at + separator.len);
    return at != SIZE_MAX;
}

enum pf_code pf_plan_spec_pairs(struct pf_sv text, pf_plan_spec_pair_fn each, void *opaque,
                                struct pf_err *err)
{
    struct pf_sv rest = text;
    bool more = true;
    while (more) {
        struct pf_sv pair = {0};
        struct pf_sv key = {0};
        struct pf_sv value = {0};
        more = cut(rest, PF_SV(","), &pair, &rest);
        if (!cut(pair, PF_SV("="), &key, &value) || key.len == 0 || value.len == 0) {
            return pf_err_set(err, PF_E_INVALID, "'%.*s' is not KEY=VALUE", SHOWN(pair));
        }
        const enum pf_code code = each(opaque, key, value, err);
        if (code != PF_OK) {
            return code;
        }
    }
    return PF_OK;
}

static enum pf_code refuse_twice(struct pf_sv key, struct pf_err *err)
{
    return pf_err_set(err, PF_E_INVALID, "'%.*s' is given twice", SHOWN(key));
}

static const char *name_at(const void *opaque, size_t i)
{
    return ((const char *const *)opaque)[i];
}

enum pf_code pf_plan_spec_refuse(struct pf_sv key, const char *const *names, const char *allowed,
                                 struct pf_err *err)
{
    const char *near = pf_problems_nearest(key, name_at, names);
    if (near != NULL) {
        return pf_err_set(err, PF_E_INVALID, "unknown key '%.*s', did you mean '%s'?", SHOWN(key),
                          near);
    }
    return pf_err_set(err, PF_E_INVALID, "unknown key '%.*s', allowed: %s", SHOWN(key), allowed);
}

enum pf_code pf_plan_spec_count(struct pf_sv text, int64_t max, int64_t *ret_count,
                                struct pf_err *err)
{
    int64_t count = 0;
    if (!pf_sv_to_i64(text, &count)) {
        return pf_err_set(err, PF_E_INVALID, "'%.*s' is not a whole number, allowed: 1 to %lld",
                          SHOWN(text), (long long)max);
    }
    if (count < 1 || count > max) {
        return pf_err_set(err, PF_E_RANGE, "'%.*s' is out of range, allowed: 1 to %lld",
                          SHOWN(text), (long long)max);
    }
    *ret_count = count;
    return PF_OK;
}

enum pf_code pf_plan_spec_ratio(struct pf_sv text, struct pf_decimal *ret_ratio, struct pf_err *err)
{
    struct pf_decimal ratio = {0};
    const enum pf_code code = pf_decimal_parse(text, &ratio, err);
    if (code == PF_OK && ratio.digits == 0) {
        return pf_err_set(err, PF_E_RANGE, "'%.*s' is out of range, allowed: above 0", SHOWN(text));
    }
    if (code == PF_OK) {
        *ret_ratio = ratio;
    }
    return code;
}

/* A quantity from one unit to @p max units of 10^scale. */
static enum pf_code parse_amount(struct pf_sv text, int32_t scale, int64_t max, const char *allowed,
                                 int64_t *ret_amount, struct pf_err *err)
{
    struct pf_quantity quantity = pf_quantity_zero;
    const struct pf_quantity most = pf_quantity_from_i64(max, scale, PF_QUANTITY_DECIMAL_SI);
    if (pf_quantity_parse(text, &quantity, NULL) != PF_OK) {
        return pf_err_set(err, PF_E_INVALID, "'%.*s' is not a quantity, allowed: %s", SHOWN(text),
                          allowed);
    }
    if (pf_quantity_sign(&quantity) <= 0 || pf_quantity_cmp(&quantity, &most) > 0) {
        return pf_err_set(err, PF_E_RANGE, "'%.*s' is out of range, allowed: %s", SHOWN(text),
                          allowed);
    }
    *ret_amount = scale == 0 ? pf_quantity_value(&quantity) : pf_quantity_milli(&quantity);
    return PF_OK;
}

enum pf_code pf_plan_spec_cpu(struct pf_sv text, int64_t *ret_milli_cpu, struct pf_err *err)
{
    return parse_amount(text, -3, PF_PLAN_MILLI_CPU_MAX, "cores such as 500m or 2, up to 1000000",
                        ret_milli_cpu, err);
}

enum pf_code pf_plan_spec_bytes(struct pf_sv text, int64_t *ret_bytes, struct pf_err *err)
{
    return parse_amount(text, 0, PF_PLAN_BYTES_MAX, "bytes such as 500M or 2Gi, up to 1Ei",
                        ret_bytes, err);
}

struct amounts_run {
    struct pf_plan_amounts amounts;
    enum pf_plan_amounts_allowed allowed;
};

bool pf_plan_spec_take_amount(struct pf_plan_amounts *amounts, struct pf_sv key, struct pf_sv value,
                              enum pf_code *ret_code, struct pf_err *err)
{
    const bool cpu = pf_sv_eq_cstr(key, "cpu");
    const bool memory = pf_sv_eq_cstr(key, "memory");
    bool *has = cpu ? &amounts->has_cpu : memory ? &amounts->has_memory : &amounts->has_storage;
    if (!cpu && !memory && !pf_sv_eq_cstr(key, "ephemeral-storage")) {
        return false;
    }
    if (*has) {
        *ret_code = refuse_twice(key, err);
        return true;
    }
    *has = true;
    *(cpu ? &amounts->cpu_text : memory ? &amounts->memory_text : &amounts->storage_text) = value;
    *ret_code = cpu ? pf_plan_spec_cpu(value, &amounts->milli_cpu, err)
                    : pf_plan_spec_bytes(
                          value, memory ? &amounts->memory : &amounts->ephemeral_storage, err);
    if (*ret_code != PF_OK) {
        *ret_code = pf_err_wrap(err, *ret_code, "%.*s", SHOWN(key));
    }
    return true;
}

static enum pf_code amounts_pair(void *opaque, struct pf_sv key, struct pf_sv value,
                                 struct pf_err *err)
{
    static const char *const names[] = {"cpu", "memory", "ephemeral-storage", NULL};
    static const char *const two_names[] = {"cpu", "memory", NULL};
    struct amounts_run *run = opaque;
    const bool storage = run->allowed == PF_PLAN_CPU_MEMORY_STORAGE;
    enum pf_code code = PF_OK;
    if ((!storage && pf_sv_eq_cstr(key, "ephemeral-storage")) ||
        !pf_plan_spec_take_amount(&run->amounts, key, value, &code, err)) {
        return pf_plan_spec_refuse(key, storage ? names : two_names,
                                   storage ? "cpu, memory, ephemeral-storage" : "cpu, memory", err);
    }
    return code;
}

enum pf_code pf_plan_spec_amounts(struct pf_sv text, enum pf_plan_amounts_allowed allowed,
                                  struct pf_plan_amounts *ret_amounts, struct pf_err *err)
{
    struct amounts_run run = {.allowed = allowed};
    const enum pf_code code = pf_plan_spec_pairs(text, amounts_pair, &run, err);
    if (code == PF_OK) {
        *ret_amounts = run.amounts;
    }
    return code;
}

static enum pf_code price_pair(void *opaque, struct pf_sv key, struct pf_sv value,
                               struct pf_err *err)
{
    static const char *const names[] = {"cpu-hour", "memory-gb-hour", "gb-month", NULL};
    struct pf_plan_price *price = opaque;
    bool *const has[] = {&price->has_cpu, &price->has_memory, &price->has_storage};
    struct pf_decimal *const to[] = {&price->cpu_hour, &price->memory_gb_hour, &price->gb_month};
    for (size_t i = 0; names[i] != NULL; i++) {
        if (!pf_sv_eq_cstr(key, names[i])) {
            continue;
        }
        if (*has[i]) {
            return refuse_twice(key, err);
        }
        *has[i] = true;
        const enum pf_code code = pf_decimal_parse(value, to[i], err);
        return code == PF_OK ? PF_OK : pf_err_wrap(err, code, "%s", names[i]);
    }
    return pf_plan_spec_refuse(key, names, "cpu-hour, memory-gb-hour, gb-month", err);
}

enum pf_code pf_plan_spec_price(struct pf_sv text, struct pf_plan_price *ret_price,
                                struct pf_err *err)
{
    struct pf_plan_price price = {.has_cpu = false};
    const enum pf_code code = pf_plan_spec_pairs(text, price_pair, &price, err);
    if (code == PF_OK) {
        *ret_price = price;
    }
    return code;
}

enum pf_code pf_plan_spec_volume(struct pf_sv text, int64_t *bytes, struct pf_err *err)
{
    struct pf_sv rest = text;
    int64_t sum = *bytes;
    bool more = true;
    while (more) {
        struct pf_sv part = {0};
        int64_t amount = 0;
        more = cut(rest, PF_SV("+"), &part, &rest);
        const enum pf_code code = pf_plan_spec_bytes(part, &amount, err);
        if (code != PF_OK) {
            return code;
        }
        sum += amount; /* both are at most 2^60 */
        if (sum > PF_PLAN_BYTES_MAX) {
            return pf_err_set(err, PF_E_RANGE,
                              "'%.*s': the sum is out of range, allowed: up to 1Ei", SHOWN(text));
        }
    }
    *bytes = sum;
    return PF_OK;
}

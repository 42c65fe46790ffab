#include "plan_cost.h"

#include <stdio.h>

#include <podfit/num.h>

/* Largest amount that is printed: 10^15 of the currency. */
#define HUNDREDTHS_MAX INT64_C(100000000000000000)
#define GB_BYTES       (INT64_C(1) << 30)

/* A sum of fractions with one denominator. */
struct money {
    pf_u128 num;
    pf_u128 den;
    bool overflow;
};

static void times(pf_u128 *value, pf_u128 by, bool *overflow)
{
    *overflow = __builtin_mul_overflow(*value, by, value) || *overflow;
}

static pf_u128 power_of_ten(unsigned exponent)
{
    pf_u128 power = 1;
    for (unsigned i = 0; i < exponent; i++) {
        power *= 10;
    }
    return power;
}

/* factors x price / unit */
static struct money money_of(const int64_t *factors, size_t count, const struct pf_decimal *price,
                             int64_t unit)
{
    struct money money = {.num = (pf_u128)price->digits, .den = power_of_ten(price->scale)};
    times(&money.den, (pf_u128)unit, &money.overflow);
    for (size_t i = 0; i < count; i++) {
        times(&money.num, (pf_u128)factors[i], &money.overflow);
    }
    return money;
}

static pf_u128 common_divisor(pf_u128 a, pf_u128 b)
{
    while (b != 0) {
        const pf_u128 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void reduce(struct money *money)
{
    const pf_u128 divisor = common_divisor(money->den, money->num);
    money->num /= divisor;
    money->den /= divisor;
}

static struct money plus(struct money a, struct money b)
{
    struct money sum;
    reduce(&a);
    reduce(&b);
    pf_u128 other = b.num;
    sum = (struct money){.num = a.num, .den = a.den, .overflow = a.overflow || b.overflow};
    times(&sum.num, b.den, &sum.overflow);
    times(&sum.den, b.den, &sum.overflow);
    times(&other, a.den, &sum.overflow);
    sum.overflow = __builtin_add_overflow(sum.num, other, &sum.num) || sum.overflow;
    return sum;
}

/* Hundredths, rounded half up. @return false: too large */
static bool round_half_up(struct money money, int64_t *ret_hundredths)
{
    times(&money.num, 200, &money.overflow);
    times(&money.den, 2, &money.overflow);
    pf_u128 sum = 0;
    if (money.overflow || __builtin_add_overflow(money.num, money.den / 2, &sum) ||
        sum / money.den > (pf_u128)HUNDREDTHS_MAX) {
        return false;
    }
    *ret_hundredths = (int64_t)(sum / money.den);
    return true;
}

/* What CPU and memory cost for @p hours of one project's day, times projects and days. */
static struct money compute_of(const struct pf_plan_cost_input *input, int64_t days)
{
    const int64_t cpu[] = {input->projects, input->milli_cpu, input->hours_per_day, days};
    const int64_t memory[] = {input->projects, input->memory, input->hours_per_day, days};
    struct money sum = {.den = 1};
    if (input->price->has_cpu) {
        sum = plus(sum, money_of(cpu, PF_ARRAY_LEN(cpu), &input->price->cpu_hour, 1000));
    }
    if (input->price->has_memory) {
        sum = plus(sum,
                   money_of(memory, PF_ARRAY_LEN(memory), &input->price->memory_gb_hour, GB_BYTES));
    }
    return sum;
}

/* Two significant figures, half up. */
static int64_t about(int64_t hundredths)
{
    int64_t unit = 1;
    while (hundredths / unit >= 100) {
        unit *= 10;
    }
    return (hundredths + unit / 2) / unit * unit;
}

static int64_t divide_half_up(int64_t value, int64_t by)
{
    return (value + by / 2) / by;
}

enum pf_code pf_plan_cost_compute(const struct pf_plan_cost_input *input,
                                  struct pf_plan_cost *ret_cost, struct pf_err *err)
{
    const int64_t storage[] = {input->projects, input->volume};
    struct pf_plan_cost cost = {
        .has_compute = input->price->has_cpu || input->price->has_memory,
        .has_storage = input->price->has_storage && input->volume != 0,
        .has_users = input->users != 0,
    };
    bool ok = true;
    if (cost.has_compute) {
        ok = round_half_up(compute_of(input, 1), &cost.compute_day) &&
             round_half_up(compute_of(input, input->days_per_month), &cost.compute_month);
    }
    if (cost.has_storage) {
        ok = ok && round_half_up(
                       money_of(storage, PF_ARRAY_LEN(storage), &input->price->gb_month, GB_BYTES),
                       &cost.storage_month);
    }
    if (!ok) {
        return pf_err_set(
            err, PF_E_RANGE,
            "the cost is out of range, allowed: up to 10^15 with prices of few digits");
    }
    cost.month = cost.compute_month + cost.storage_month;
    cost.month_about = about(cost.month);
    if (cost.has_users) {
        cost.user = divide_half_up(cost.month, input->users);
        cost.user_about = divide_half_up(cost.month_about, input->users);
    }
    *ret_cost = cost;
    return PF_OK;
}

size_t pf_plan_cost_format(int64_t hundredths, char text[PF_PLAN_COST_TEXT_BYTES])
{
    const int len = snprintf(text, PF_PLAN_COST_TEXT_BYTES, "%lld.%02lld",
                             (long long)(hundredths / 100), (long long)(hundredths % 100));
    return (size_t)len;
}

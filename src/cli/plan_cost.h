#ifndef PODFIT_PLAN_COST_H
#define PODFIT_PLAN_COST_H

/**
 * Money of `podfit plan`. Exact: integers of 128 bits, no floating point. Every figure is computed from the prices as written and rounded once, half up, to
 * hundredths; a month's sum is the sum of its printed lines, so that a bill adds up. Pure, thread-safe.
 */

#include "plan_spec.h"

/** What is bought. */
struct pf_plan_cost_input {
    int64_t projects;
    int64_t milli_cpu;      /**< of one project */
    int64_t memory;         /**< bytes of one project */
    int64_t volume;         /**< bytes of one project's volumes; 0: none */
    int64_t hours_per_day;  /**< a project runs; 1 to 24 */
    int64_t days_per_month; /**< 1 to 31 */
    int64_t users;          /**< that share the bill; 0: not said */
    const struct pf_plan_price *price;
};

/** Hundredths of the price's currency. */
struct pf_plan_cost {
    bool has_compute; /**< a price of CPU or memory was given */
    bool has_storage; /**< a price of storage was given, and volumes */
    bool has_users;
    int64_t compute_day;
    int64_t compute_month;
    int64_t storage_month;
    int64_t month;
    int64_t month_about; /**< month, rounded half up to two significant figures */
    int64_t user;        /**< month / users */
    int64_t user_about;  /**< month_about / users */
};

/** @return PF_OK or PF_E_RANGE (numbers too large for exact arithmetic in 128 bits) */
enum pf_code pf_plan_cost_compute(const struct pf_plan_cost_input *input,
                                  struct pf_plan_cost *ret_cost, struct pf_err *err) PF_MUST_CHECK;

/** Room for the text of an amount of money. */
#define PF_PLAN_COST_TEXT_BYTES 32
/** `501.40` @return length without NUL */
size_t pf_plan_cost_format(int64_t hundredths, char text[PF_PLAN_COST_TEXT_BYTES]);

#endif

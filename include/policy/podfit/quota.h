#ifndef PODFIT_QUOTA_H
#define PODFIT_QUOTA_H

/**
 * CoCalc's `default_quotas` and `max_upgrades`, and the request formula (quota-semantics). Exact decimals; no floating point.
 * Plain values, no I/O, thread-safe.
 */

#include <stdbool.h>
#include <stdint.h>

#include <podfit/error.h>
#include <podfit/sv.h>

/** A decimal number as written: digits x 10^-scale, not negative. Holds 18 significant digits. */
struct pf_decimal {
    int64_t digits;
    uint8_t scale;
};

/** @return PF_OK, PF_E_INVALID (not a plain or exponent decimal, or negative) or PF_E_RANGE (more than 18 significant digits or beyond 10^15) */
enum pf_code pf_decimal_parse(struct pf_sv text, struct pf_decimal *ret_decimal,
                              struct pf_err *err) PF_MUST_CHECK;

/** default_quotas with max_upgrades. `has_x` false: the key is absent. */
struct pf_quota {
    bool has_mem, has_mem_oc, has_cpu, has_cpu_oc;
    struct pf_decimal mem;    /**< units of memory_unit_bytes */
    struct pf_decimal mem_oc; /**< ratio 1:N, at least 1 */
    struct pf_decimal cpu;    /**< cores */
    struct pf_decimal cpu_oc;
    bool internet; /**< kept and reported */
    struct pf_decimal idle_timeout;
    struct pf_decimal disk_quota;
    struct pf_decimal max_memory;         /**< max_upgrades.memory, default 16000 */
    struct pf_decimal max_memory_request; /**< default 8000 */
    struct pf_decimal max_cores;          /**< default 3 */
    struct pf_decimal max_cpu_shares;     /**< default 2048; 1024 = one core */
    int64_t memory_unit_bytes;            /**< 1048576 (Mi, default) or 1000000 (M) */
};

/** The quota of an empty setting. */
struct pf_quota pf_quota_default(void);

/** Position inside a JSON text; both 1-based, 0: no position. */
struct pf_quota_problem {
    unsigned line;
    unsigned column;
    struct pf_err err;
};

/**
 * Read `default_quotas` (a JSON object).
 *
 * @param lenient  CoCalc's own behaviour: a wrong type is as if absent, a ratio below 1 is 1, unknown keys are ignored
 * @param[in,out] quota  starts as pf_quota_default(); untouched on failure
 * @param[out] ret_problem  may be NULL; the first problem, with its position in @p json
 * @return PF_OK, PF_E_INVALID (not JSON, unknown key, wrong type, negative, ratio below 1: says what is allowed), PF_E_RANGE, PF_E_NO_MEMORY
 */
enum pf_code pf_quota_parse_defaults(struct pf_sv json, bool lenient, struct pf_quota *quota,
                                     struct pf_quota_problem *ret_problem) PF_MUST_CHECK;
/** Read `max_upgrades`; a key replaces the built-in value. As above. */
enum pf_code pf_quota_parse_upgrades(struct pf_sv json, bool lenient, struct pf_quota *quota,
                                     struct pf_quota_problem *ret_problem) PF_MUST_CHECK;

/** Limits of a container as it came; absent ones are filled in by the formula. */
struct pf_quota_input {
    bool has_memory_limit;
    bool has_cpu_limit;
    int64_t memory_limit_bytes;
    int64_t cpu_limit_milli;
    bool member; /**< raises the floors */
    bool
        floors; /**< false: this container gets limit / ratio without a floor (containers other than the pod's largest) */
};

/** What the container gets. request <= limit, never 0 unless the limit is 0. */
struct pf_quota_result {
    int64_t memory_request_bytes; /**< a whole number of units, or the limit itself if smaller */
    int64_t memory_limit_bytes;
    int64_t cpu_request_milli; /**< rounded up to a whole milli */
    int64_t cpu_limit_milli;
};

/** The formula. Cannot fail for a quota that was parsed and limits >= 0. */
struct pf_quota_result pf_quota_apply(const struct pf_quota *quota,
                                      const struct pf_quota_input *input);

/** A non-negative exact fraction, for callers who want the numbers before rounding (plan, tests). den > 0. */
struct pf_fraction {
    int64_t num;
    int64_t den;
};
struct pf_quota_exact {
    struct pf_fraction
        cpu_request_cores; /**< before the clamp to the limit and before Kubernetes rounding */
    struct pf_fraction cpu_limit_cores;
    struct pf_fraction memory_request_units;
    struct pf_fraction memory_limit_units;
};
struct pf_quota_exact pf_quota_exact(const struct pf_quota *quota,
                                     const struct pf_quota_input *input);

#endif

#include "quota_internal.h"
#include "ratio_internal.h"

/* Built-in values of CoCalc (quota-semantics "The setting", "The formula") */
#define DEFAULT_MEM          1000
#define DEFAULT_CPU          1
#define DEFAULT_IDLE_TIMEOUT 1800
#define DEFAULT_DISK_QUOTA   3000
#define CAP_MEMORY           16000
#define CAP_MEMORY_REQUEST   8000
#define CAP_CORES            3
#define CAP_CPU_SHARES       2048
#define SHARES_PER_CORE      1024
#define FLOOR_MEMORY         200
#define FLOOR_MEMORY_MEMBER  300
#define FLOOR_CPU_CENTI      2 /* hundredths of a core */
#define FLOOR_CPU_MEMBER     5
#define UNIT_MI              INT64_C(1048576)

/** One resource of the formula before the clamp and before rounding; units of `mem`, or cores. */
struct outcome {
    struct pf_ratio limit;
    struct pf_ratio request;
    enum pf_rule limit_rule;
    enum pf_rule request_rule;
};

/** The parts of `max(floor, min(cap, max(rounded default, ratio)))`. */
struct terms {
    struct pf_ratio floor;
    struct pf_ratio cap;
    struct pf_ratio fallback; /**< D or E; 0 when it does not count */
    struct pf_ratio ratio;    /**< 0 without a ratio */
    bool whole;               /**< the capped part is rounded down to a whole number */
};

static struct pf_ratio whole(int64_t value)
{
    return pf_ratio_make((uint64_t)value, 1);
}

struct pf_quota pf_quota_default(void)
{
    return (struct pf_quota){
        .idle_timeout = {.digits = DEFAULT_IDLE_TIMEOUT},
        .disk_quota = {.digits = DEFAULT_DISK_QUOTA},
        .max_memory = {.digits = CAP_MEMORY},
        .max_memory_request = {.digits = CAP_MEMORY_REQUEST},
        .max_cores = {.digits = CAP_CORES},
        .max_cpu_shares = {.digits = CAP_CPU_SHARES},
        .memory_unit_bytes = UNIT_MI,
    };
}

static void choose_request(const struct terms *terms, struct outcome *out)
{
    const bool rounded = pf_ratio_cmp(terms->fallback, terms->ratio) > 0;
    const struct pf_ratio wanted = rounded ? terms->fallback : terms->ratio;
    struct pf_ratio capped = pf_ratio_min(terms->cap, wanted);

    out->request_rule = rounded ? PF_RULE_DEFAULT : PF_RULE_RATIO;
    if (pf_ratio_cmp(capped, wanted) < 0) {
        out->request_rule = PF_RULE_CAP;
    }
    if (terms->whole) {
        capped = whole(pf_ratio_floor(capped));
    }
    if (pf_ratio_cmp(terms->floor, capped) > 0) {
        out->request_rule = PF_RULE_FLOOR;
    }
    out->request = pf_ratio_max(terms->floor, capped);
}

static struct outcome memory_outcome(const struct pf_quota *quota,
                                     const struct pf_quota_input *input)
{
    const struct pf_ratio cap = pf_ratio_of(&quota->max_memory);
    const struct pf_ratio mem = quota->has_mem ? pf_ratio_of(&quota->mem) : whole(DEFAULT_MEM);
    const struct pf_ratio capped = pf_ratio_min(mem, cap);
    const struct pf_ratio least = whole(input->member ? FLOOR_MEMORY_MEMBER : FLOOR_MEMORY);
    struct outcome out = {.limit_rule = PF_RULE_KEEP};
    struct terms terms = {
        .cap = pf_ratio_of(&quota->max_memory_request),
        .floor = whole(0),
        .fallback = whole(0),
        .ratio = whole(0),
        .whole = true,
    };

    if (input->has_memory_limit) {
        out.limit =
            pf_ratio_make((uint64_t)input->memory_limit_bytes, (uint64_t)quota->memory_unit_bytes);
    } else {
        out.limit =
            pf_ratio_max(pf_ratio_min(whole(DEFAULT_MEM), cap), whole(pf_ratio_floor(capped)));
        out.limit_rule = pf_ratio_cmp(cap, mem) < 0 ? PF_RULE_CAP : PF_RULE_DEFAULT;
    }
    if (quota->has_mem_oc) {
        terms.ratio = pf_ratio_div(out.limit, &quota->mem_oc);
    }
    if (input->floors) {
        terms.floor = pf_ratio_min(least, terms.cap);
        if (quota->has_mem && quota->has_mem_oc &&
            (!input->has_memory_limit || pf_ratio_cmp(out.limit, capped) >= 0)) {
            terms.fallback =
                pf_ratio_min(terms.cap, whole(pf_ratio_round(pf_ratio_div(mem, &quota->mem_oc))));
        }
    }
    choose_request(&terms, &out);
    return out;
}

static struct outcome cpu_outcome(const struct pf_quota *quota, const struct pf_quota_input *input)
{
    const struct pf_ratio cap = pf_ratio_of(&quota->max_cores);
    const struct pf_ratio cpu = quota->has_cpu ? pf_ratio_of(&quota->cpu) : whole(DEFAULT_CPU);
    const struct pf_ratio capped = pf_ratio_min(cpu, cap);
    const struct pf_ratio least =
        pf_ratio_make(input->member ? FLOOR_CPU_MEMBER : FLOOR_CPU_CENTI, 100);
    struct outcome out = {.limit_rule = PF_RULE_KEEP};
    struct terms terms = {
        .cap = pf_ratio_of_part(&quota->max_cpu_shares, SHARES_PER_CORE),
        .floor = whole(0),
        .fallback = whole(0),
        .ratio = whole(0),
    };

    if (input->has_cpu_limit) {
        out.limit = pf_ratio_make((uint64_t)input->cpu_limit_milli, 1000);
    } else {
        out.limit = capped;
        out.limit_rule = pf_ratio_cmp(cap, cpu) < 0 ? PF_RULE_CAP : PF_RULE_DEFAULT;
    }
    if (quota->has_cpu_oc) {
        terms.ratio = pf_ratio_div(out.limit, &quota->cpu_oc);
    }
    if (input->floors) {
        terms.floor = pf_ratio_min(least, terms.cap);
        if (quota->has_cpu && quota->has_cpu_oc &&
            (!input->has_cpu_limit || pf_ratio_cmp(out.limit, capped) >= 0)) {
            terms.fallback = pf_ratio_min(terms.cap, pf_ratio_div(cpu, &quota->cpu_oc));
        }
    }
    choose_request(&terms, &out);
    return out;
}

struct pf_quota_choice pf_quota_choose_memory(const struct pf_quota *quota,
                                              const struct pf_quota_input *input)
{
    const int64_t unit = quota->memory_unit_bytes;
    const int64_t most = INT64_MAX / unit;
    const struct outcome out = memory_outcome(quota, input);
    struct pf_quota_choice choice = {
        .limit = input->memory_limit_bytes,
        .request_rule = out.request_rule,
        .limit_rule = out.limit_rule,
    };
    int64_t units = pf_ratio_floor(out.request);

    if (!input->has_memory_limit) {
        const int64_t limit_units = pf_ratio_floor(out.limit);

        /* a cap of a fraction of a unit still gives that fraction */
        choice.limit = limit_units == 0
                           ? pf_ratio_floor((struct pf_ratio){.num = out.limit.num * (uint64_t)unit,
                                                              .den = out.limit.den})
                           : (limit_units > most ? most : limit_units) * unit;
    }
    if (units > choice.limit / unit) {
        units = choice.limit / unit;
        choice.request_rule = PF_RULE_LIMIT;
    }
    choice.request = units * unit;
    if (units == 0) {
        choice.request = unit < choice.limit ? unit : choice.limit;
    }
    return choice;
}

struct pf_quota_choice pf_quota_choose_cpu(const struct pf_quota *quota,
                                           const struct pf_quota_input *input)
{
    const struct outcome out = cpu_outcome(quota, input);
    struct pf_quota_choice choice = {
        .request = pf_ratio_milli_ceil(out.request),
        .limit = input->has_cpu_limit ? input->cpu_limit_milli : pf_ratio_milli_ceil(out.limit),
        .request_rule = out.request_rule,
        .limit_rule = out.limit_rule,
    };

    if (choice.request > choice.limit) {
        choice.request = choice.limit;
        choice.request_rule = PF_RULE_LIMIT;
    }
    if (choice.request == 0 && choice.limit > 0) {
        choice.request = 1;
    }
    return choice;
}

struct pf_quota_result pf_quota_apply(const struct pf_quota *quota,
                                      const struct pf_quota_input *input)
{
    const struct pf_quota_choice memory = pf_quota_choose_memory(quota, input);
    const struct pf_quota_choice cpu = pf_quota_choose_cpu(quota, input);

    return (struct pf_quota_result){
        .memory_request_bytes = memory.request,
        .memory_limit_bytes = memory.limit,
        .cpu_request_milli = cpu.request,
        .cpu_limit_milli = cpu.limit,
    };
}

struct pf_quota_exact pf_quota_exact(const struct pf_quota *quota,
                                     const struct pf_quota_input *input)
{
    const struct outcome memory = memory_outcome(quota, input);
    const struct outcome cpu = cpu_outcome(quota, input);

    return (struct pf_quota_exact){
        .cpu_request_cores = pf_ratio_fraction(cpu.request),
        .cpu_limit_cores = pf_ratio_fraction(cpu.limit),
        .memory_request_units = pf_ratio_fraction(memory.request),
        .memory_limit_units = pf_ratio_fraction(memory.limit),
    };
}

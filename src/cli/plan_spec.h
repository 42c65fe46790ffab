#ifndef PODFIT_PLAN_SPEC_H
#define PODFIT_PLAN_SPEC_H

/** Values of `podfit plan`'s options as they are typed: nodes, amounts, prices, volumes. Pure, thread-safe; messages say what is allowed. */

#include <podfit/arena.h>
#include <podfit/limits.h>
#include <podfit/node.h>
#include <podfit/quota.h>

/** `cpu=2,memory=4Gi,ephemeral-storage=10Gi`; each may be absent. */
struct pf_plan_amounts {
    bool has_cpu;
    bool has_memory;
    bool has_storage;
    int64_t milli_cpu;         /**< 1 to PF_PLAN_MILLI_CPU_MAX when present */
    int64_t memory;            /**< bytes, 1 to PF_PLAN_BYTES_MAX when present */
    int64_t ephemeral_storage; /**< likewise */
    struct pf_sv
        cpu_text; /**< as typed: percent fields round by the unit that a limit is written in; borrowed */
    struct pf_sv memory_text;
    struct pf_sv storage_text;
};

/** Which amounts an option takes. */
enum pf_plan_amounts_allowed {
    PF_PLAN_CPU_MEMORY,         /**< cpu and memory */
    PF_PLAN_CPU_MEMORY_STORAGE, /**< ephemeral-storage, too */
};

/** @return PF_OK; PF_E_INVALID (not KEY=VALUE, unknown key, a key twice, not a quantity), PF_E_RANGE (0, negative, too large) */
enum pf_code pf_plan_spec_amounts(struct pf_sv text, enum pf_plan_amounts_allowed allowed,
                                  struct pf_plan_amounts *ret_amounts,
                                  struct pf_err *err) PF_MUST_CHECK;

/** `cpu-hour=0.031,memory-gb-hour=0.004,gb-month=0.10`; a GB is 2^30 bytes, as the price lists of clouds count it. */
struct pf_plan_price {
    bool has_cpu;
    bool has_memory;
    bool has_storage;
    struct pf_decimal cpu_hour;
    struct pf_decimal memory_gb_hour;
    struct pf_decimal gb_month;
};
/** @return PF_OK, PF_E_INVALID, PF_E_RANGE (more than 18 digits) */
enum pf_code pf_plan_spec_price(struct pf_sv text, struct pf_plan_price *ret_price,
                                struct pf_err *err) PF_MUST_CHECK;

/** Add `50Gi` or `50Gi+5Gi` to the bytes of a project's volumes. @param[in,out] bytes  untouched on failure @return PF_OK, PF_E_INVALID, PF_E_RANGE */
enum pf_code pf_plan_spec_volume(struct pf_sv text, int64_t *bytes,
                                 struct pf_err *err) PF_MUST_CHECK;

/** One KEY=VALUE; both are not empty. @return PF_OK, or an error that ends the walk */
typedef enum pf_code (*pf_plan_spec_pair_fn)(void *opaque, struct pf_sv key, struct pf_sv value,
                                             struct pf_err *err);
/** Hand out the parts of `KEY=VALUE,KEY=VALUE`; a value may hold '='. @return PF_OK, PF_E_INVALID, what @p each returned */
enum pf_code pf_plan_spec_pairs(struct pf_sv text, pf_plan_spec_pair_fn each, void *opaque,
                                struct pf_err *err) PF_MUST_CHECK;
/** Is @p key one of the amounts? Then *ret_code says how taking its value went. */
bool pf_plan_spec_take_amount(struct pf_plan_amounts *amounts, struct pf_sv key, struct pf_sv value,
                              enum pf_code *ret_code, struct pf_err *err);
/** Refuse an unknown key, with the nearest of @p names (ended by NULL), or with @p allowed, which says them for people. @return PF_E_INVALID */
enum pf_code pf_plan_spec_refuse(struct pf_sv key, const char *const *names, const char *allowed,
                                 struct pf_err *err);

/** A whole number from 1 to @p max. @return PF_OK, PF_E_INVALID, PF_E_RANGE */
enum pf_code pf_plan_spec_count(struct pf_sv text, int64_t max, int64_t *ret_count,
                                struct pf_err *err) PF_MUST_CHECK;
/** A decimal above 0, such as users a pod. @return as pf_decimal_parse() */
enum pf_code pf_plan_spec_ratio(struct pf_sv text, struct pf_decimal *ret_ratio,
                                struct pf_err *err) PF_MUST_CHECK;
/** A CPU quantity from 1m on. @return PF_OK, PF_E_INVALID, PF_E_RANGE */
enum pf_code pf_plan_spec_cpu(struct pf_sv text, int64_t *ret_milli_cpu,
                              struct pf_err *err) PF_MUST_CHECK;
/** A quantity of bytes from 1 on. @return PF_OK, PF_E_INVALID, PF_E_RANGE */
enum pf_code pf_plan_spec_bytes(struct pf_sv text, int64_t *ret_bytes,
                                struct pf_err *err) PF_MUST_CHECK;

#endif

#ifndef PODFIT_PLAN_OPTIONS_H
#define PODFIT_PLAN_OPTIONS_H

/** The options of `podfit plan`, and what they amount to. */

#include "plan_calc.h"
#include "source.h"
#include <podfit/cliopt.h>
#include <podfit/cliout.h>

/** As typed; filled by pf_cliopt_begin(). */
struct pf_plan_options {
    struct pf_source_options source;
    struct pf_cliopt_strings nodes;
    const char *kube_reserved;
    const char *system_reserved;
    const char *eviction_hard;
    const char *config;
    const char *class_;
    const char *quotas;
    const char *file;
    const char *requests;
    const char *limits;
    const char *usage;
    const char *users_per_pod;
    const char *projects_per_user;
    const char *price;
    struct pf_cliopt_strings volumes;
    struct pf_cliopt_strings what_ifs;
    int64_t projects;
    int64_t users;
    int64_t users_per_hub;
    int64_t hours_per_day;
    int64_t days_per_month;
    bool member;
    int price_by; /**< 0: limits, 1: requests */
    int format;   /**< enum pf_cliout_format */
};

/** The table of options. Static. */
extern const struct pf_cliopt_command pf_plan_options_command;

/** What a plan is made from. */
struct pf_plan_inputs {
    struct pf_plan_settings settings;
    struct pf_config *given; /**< owned: as the file says; what settings refer to */
    struct pf_config
        *config; /**< owned: the same for the cluster's version; never NULL after success */
    struct pf_model *model; /**< owned */
    struct pf_arena arena;  /**< of what settings refer to */
    struct pf_buf pod;      /**< JSON of the project */
};

/**
 * Read options, files and the cluster.
 *
 * @param[out] ret_inputs  release with pf_plan_options_done(), also after a failure
 * @return PF_OK; PF_E_INVALID, PF_E_RANGE (an option: says which, and what is allowed); what loading files returns. Problems of a configuration file are
 *         printed, @p err is empty then
 */
enum pf_code pf_plan_options_read(const struct pf_plan_options *options,
                                  struct pf_plan_inputs *ret_inputs,
                                  struct pf_err *err) PF_MUST_CHECK;
/** Accepts a zeroed struct. */
void pf_plan_options_done(struct pf_plan_inputs *inputs);

#endif

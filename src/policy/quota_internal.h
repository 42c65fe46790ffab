#ifndef PODFIT_QUOTA_INTERNAL_H
#define PODFIT_QUOTA_INTERNAL_H

/** Internal to policy: the formula with the rule that decided each value, resource by resource. */

#include <podfit/quota.h>
#include <podfit/rewrite.h>

/** Request and limit of one resource, in bytes or milli-CPU. */
struct pf_quota_choice {
    int64_t request;
    int64_t limit;
    enum pf_rule request_rule;
    enum pf_rule
        limit_rule; /**< of a limit that was absent; PF_RULE_KEEP when the container has one */
};

struct pf_quota_choice pf_quota_choose_memory(const struct pf_quota *quota,
                                              const struct pf_quota_input *input);
struct pf_quota_choice pf_quota_choose_cpu(const struct pf_quota *quota,
                                           const struct pf_quota_input *input);

#endif

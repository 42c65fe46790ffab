#ifndef PODFIT_WEBHOOK_H
#define PODFIT_WEBHOOK_H

/** The webhook as an application of a listener: who may post what where, then admission, then metrics and the audit record. */

#include <podfit/admission.h>
#include <podfit/audit.h>
#include <podfit/listener.h>
#include <podfit/metrics.h>
#include <podfit/pathtoken.h>
#include <podfit/recent.h>

struct pf_webhook;

/** All borrowed; they outlive the webhook. */
struct pf_webhook_options {
    struct pf_admission *admission;
    struct pf_audit *audit; /**< may be NULL */
    struct pf_metrics *metrics;
    struct pf_recent *recent; /**< the latest decisions for the status page; may be NULL */
    struct pf_pathtoken *token;
    const struct pf_clock *clock;
    void (*decided)(
        void *ctx,
        const struct pf_decision *decision); /**< before the answer is sent; may be NULL */
    void *ctx;
};

enum pf_code pf_webhook_new(const struct pf_webhook_options *options,
                            struct pf_webhook **ret_webhook, struct pf_err *err) PF_MUST_CHECK;
void pf_webhook_free(struct pf_webhook *webhook);

/** For one listener; its opaque is the webhook. */
struct pf_listener_app pf_webhook_app(struct pf_webhook *webhook);

/**
 * Log that reviews were answered with a status of 500 or above since this was called last, with how many and the last sentence; at most one line in
 * ten seconds. For one thread, which is not the listener's: writing may wait.
 *
 * @param now  nanoseconds of the clock's monotonic time
 */
void pf_webhook_tell_failures(struct pf_webhook *webhook, int64_t now);

/** Is this Content-Type JSON (parameters and case do not matter)? */
bool pf_webhook_is_json(struct pf_sv content_type);

#endif

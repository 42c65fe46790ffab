#ifndef PODFIT_METRICS_H
#define PODFIT_METRICS_H

/**
 * What the server counts itself. Counting is done by the listener's thread and takes nanoseconds; reading is done by the ops listener. Label sets are bounded: class
 * names stop at PF_METRICS_CLASSES_MAX (the rest is `other`), nothing a user chooses becomes a label (webhook practice S-14).
 */

#include <podfit/admission.h>

/** Class names kept; a reload may bring new ones for ever. */
#define PF_METRICS_CLASSES_MAX 64

struct pf_metrics;

enum pf_code pf_metrics_new(struct pf_metrics **ret_metrics, struct pf_err *err) PF_MUST_CHECK;
void pf_metrics_free(struct pf_metrics *metrics);

/** One answered review. */
void pf_metrics_count_review(struct pf_metrics *metrics, const struct pf_decision *decision,
                             int64_t review_ns);
/** One HTTP answer of the webhook listener. @param request_ns from request line to queued answer */
void pf_metrics_count_response(struct pf_metrics *metrics, unsigned status, uint64_t body_bytes,
                               int64_t request_ns);

/** Append all families. */
void pf_metrics_write(struct pf_metrics *metrics, struct pf_buf *buf);

struct pf_metrics_totals {
    uint64_t reviews;
    uint64_t covered;
    uint64_t actions[PF_ACTION_REJECT + 1]; /**< by enum pf_action; observed ones not included */
    uint64_t observed;                      /**< decisions of classes that only observe */
};
struct pf_metrics_totals pf_metrics_totals(struct pf_metrics *metrics);

#endif

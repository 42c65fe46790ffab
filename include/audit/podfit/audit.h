#ifndef PODFIT_AUDIT_H
#define PODFIT_AUDIT_H

/**
 * The rejection log: JSON lines that answer "why was I refused" months later (design section 7). Writing never blocks a review: records go through a
 * bounded queue to one writer thread; what does not fit is counted.
 */

#include <podfit/buf.h>
#include <podfit/clock.h>
#include <podfit/error.h>
#include <podfit/sv.h>

struct pf_audit;

struct pf_audit_options {
    const char *path;  /**< borrowed; `-` is standard output; NULL: no log, every call is a no-op */
    int64_t max_bytes; /**< rotate to path.1, path.2 ... above this size; 0: never */
    unsigned keep;     /**< rotated files kept, at most PF_AUDIT_KEEP_MAX; 0: the default, 5 */
    int64_t
        repeat_window_ms; /**< repeats of one cause by one owner inside this window are counted, not written; default 60,000; 0: off */
    const struct pf_clock
        *clock; /**< borrowed; for windows of repeats and `time` of lines that are no decision */
};

/**
 * Open the log and start its thread.
 *
 * @param options  borrowed during the call, but for the clock, which must outlive the log
 * @param[out] ret_audit  owned, pf_audit_free(); untouched on failure
 * @param err      may be NULL
 * @return PF_OK; PF_E_IO: the file cannot be opened (a FIFO that nobody reads is opened later), or no thread; PF_E_RANGE: an
 *         option, `keep` over PF_AUDIT_KEEP_MAX for example; PF_E_TOO_BIG: the path; PF_E_NO_MEMORY
 * @note Later errors do not stop anything: records that cannot be written are counted (pf_audit_stats()), the file is opened again after
 *       0.1 to 30 seconds, and what was lost is reported in the log itself.
 */
enum pf_code pf_audit_new(const struct pf_audit_options *options, struct pf_audit **ret_audit,
                          struct pf_err *err) PF_MUST_CHECK;
/** Write what is queued (at most some seconds), stop the thread, free. Accepts NULL. No other thread may use @p audit any more. */
void pf_audit_free(struct pf_audit *audit);

struct pf_audit_reason {
    struct pf_sv text;
    uint32_t nodes;
};

/** One decision. Views are copied by pf_audit_put(). */
struct pf_audit_record {
    const char *
        record; /**< static; NULL: a decision. `misprediction`: what became of a pod that was admitted is not what podfit had said */
    const char *outcome;           /**< of a misprediction: `bound` or `unschedulable`; static */
    struct pf_sv observed_message; /**< of a misprediction: kube-scheduler's sentence */
    int64_t wall_ns;
    struct pf_sv review_uid;
    bool dry_run;
    bool observed;
    struct pf_sv class_name;
    const char *verdict; /**< static names of fit and policy */
    const char *action;
    struct pf_sv namespace_;
    struct pf_sv name; /**< empty with generateName */
    struct pf_sv generate_name;
    struct pf_sv owner_kind;
    struct pf_sv owner_name;
    struct pf_sv user;
    struct pf_sv requests; /**< JSON, as in the podfit.io/requests annotation; empty: none */
    struct pf_sv message;  /**< kube-scheduler's sentence, or the cause of `unknown` */
    const struct pf_audit_reason *reasons;
    size_t reason_count;
    struct pf_sv binding;
    struct pf_sv preemption_node; /**< the pod gets its place there by eviction; empty: not so */
    struct pf_sv victims;         /**< `namespace/name` of those who are evicted, commas between */
    uint64_t slots;               /**< free slots for this pod's shape */
    struct pf_sv resource_version;
    int64_t model_age_ms;
    int64_t latency_us;
};

/** Queue a record. Thread-safe, never blocks, never fails: a full queue or no memory counts as dropped. Accepts a NULL log. */
void pf_audit_put(struct pf_audit *audit, const struct pf_audit_record *record);
/** Reopen the file (SIGHUP, after logrotate). Accepts NULL. Thread-safe, never blocks. */
void pf_audit_reopen(struct pf_audit *audit);

/** Each record that was put is in exactly one of these, but for `failed`, which also has lines about repeats that could not be written. */
struct pf_audit_stats {
    uint64_t written;
    uint64_t repeated; /**< counted instead of written */
    uint64_t dropped;  /**< queue full or no memory */
    uint64_t failed;   /**< write errors, for example a full disk */
    uint64_t queued;   /**< waiting now */
};
/** Accepts NULL. Thread-safe. */
struct pf_audit_stats pf_audit_stats(struct pf_audit *audit);

#endif

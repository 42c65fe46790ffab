#ifndef PODFIT_AUDIT_QUERY_H
#define PODFIT_AUDIT_QUERY_H

/**
 * Read rejection logs (audit.h writes them): files in the order of their rotation, line by line with bounded memory. Torn, overlong and foreign
 * lines are counted and passed over. Nothing here is shared between threads.
 */

#include <stdbool.h>
#include <stdint.h>

#include <podfit/audit.h>
#include <podfit/error.h>
#include <podfit/sv.h>

/** What a line of the log is about. */
enum pf_audit_kind {
    PF_AUDIT_DECISION, /**< one pod */
    PF_AUDIT_REPEATS,  /**< `count` more decisions with the same cause, not written one by one */
    PF_AUDIT_DROPPED,  /**< `count` records were lost because the queue was full */
    PF_AUDIT_FAILED,   /**< `count` records were lost because the file could not be written */
    PF_AUDIT_MISPREDICTION, /**< what became of one pod is not what podfit had said */
};

/** One line. Every view is borrowed and valid during the call that gives it; a field that is absent is empty or 0. */
struct pf_audit_line {
    enum pf_audit_kind kind;
    struct pf_sv raw; /**< the line as written: one JSON object without the newline */
    int64_t wall_ns;  /**< `time` */
    uint64_t count;   /**< decisions (or lost records) this line stands for, at least 1 */
    int64_t first_ns; /**< of what it stands for; `time` for one decision */
    int64_t last_ns;  /**< likewise */
    bool truncated;   /**< long texts were cut when it was written */
    bool dry_run;
    bool observed;
    struct pf_sv review_uid; /**< PF_AUDIT_REPEATS: of the decision that is repeated */
    struct pf_sv class_name;
    struct pf_sv verdict;
    struct pf_sv action;
    struct pf_sv namespace_;
    struct pf_sv name;
    struct pf_sv generate_name;
    struct pf_sv owner_kind;
    struct pf_sv owner_name;
    struct pf_sv user;
    struct pf_sv requests; /**< raw JSON */
    struct pf_sv message;
    struct pf_sv outcome;          /**< of a misprediction */
    struct pf_sv observed_message; /**< of a misprediction */
    const struct pf_audit_reason *reasons;
    size_t reason_count;
    struct pf_sv binding;
    struct pf_sv preemption; /**< raw JSON */
    uint64_t slots;
    struct pf_sv resource_version;
    int64_t model_age_ms;
    int64_t latency_us;
};

/** Which lines are wanted; a zeroed member (an empty view, 0) does not restrict. PF_AUDIT_DROPPED and _FAILED pass only without class, namespace, verdict and cause. */
struct pf_audit_filter {
    int64_t since_ns; /**< inclusive; a line counts as inside when any of what it stands for is */
    int64_t until_ns; /**< exclusive */
    struct pf_sv class_name;
    struct pf_sv namespace_;
    struct pf_sv verdict;
    struct pf_sv cause; /**< equal to `binding`, or a part of `message` */
};

/** What was met on the way. */
struct pf_audit_counts {
    uint64_t files;
    uint64_t lines;    /**< not empty; with those below */
    uint64_t matched;  /**< given to the callback */
    uint64_t garbage;  /**< not a record: skipped */
    uint64_t overlong; /**< over PF_AUDIT_LINE_MAX_BYTES: skipped */
    uint64_t torn;     /**< files whose last line has no newline and is no record: skipped */
};

/** Gets one line that passed the filter. @return false to stop reading (which is not an error) */
typedef bool pf_audit_query_fn(void *opaque, const struct pf_audit_line *line);

struct pf_audit_query {
    struct pf_audit_filter filter;
    pf_audit_query_fn *each;
    void *opaque;
};

/**
 * Read files in the order given; `-` is standard input.
 *
 * @param rotated     true: before each file also PATH.n ... PATH.1 beside it (beside its target, when it is a symbolic link), oldest first; PATH itself may
 *                    be missing then, when one of those is there. A rotation while they are read loses nothing.
 * @param[in,out] counts  added to; also when reading fails half-way
 * @param err         may be NULL; names the file
 * @return PF_OK; PF_E_NOT_FOUND; PF_E_IO; PF_E_NO_MEMORY
 */
enum pf_code pf_audit_query_files(const struct pf_audit_query *query, const char *const *paths,
                                  size_t count, bool rotated, struct pf_audit_counts *counts,
                                  struct pf_err *err) PF_MUST_CHECK;

/** The same for text that is in memory: tests and fuzzers. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_audit_query_text(const struct pf_audit_query *query, struct pf_sv text,
                                 struct pf_audit_counts *counts, struct pf_err *err) PF_MUST_CHECK;

/** Does a line pass? Pure. */
bool pf_audit_query_matches(const struct pf_audit_filter *filter, const struct pf_audit_line *line);

/** `decision`, `repeats`, `dropped`, `misprediction` or `failed`: the value of `record`. Static, never NULL. */
const char *pf_audit_query_kind_name(enum pf_audit_kind kind);

#endif

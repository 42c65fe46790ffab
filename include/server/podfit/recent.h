#ifndef PODFIT_RECENT_H
#define PODFIT_RECENT_H

/**
 * The latest decisions and rejections, for people who look at the status page. Written by the webhook's thread after an answer is composed, read by the ops thread:
 * a mutex is held for the copy of one entry, or of all of them (some 20 us).
 */

#include <podfit/admission.h>
#include <podfit/clock.h>

/** Of each kind. */
#define PF_RECENT_MAX 50
/** Sentences are cut above this; the audit log has them whole. */
#define PF_RECENT_SENTENCE_BYTES 1024
/** Classes whose latest request is kept. */
#define PF_RECENT_CLASSES_MAX 64

/** One decision; texts are cut where they do not fit, at a character's end. */
struct pf_recent_entry {
    int64_t wall_ns;
    int64_t latency_us;
    enum pf_verdict verdict;
    enum pf_action action;
    bool observed;
    bool dry_run;
    bool resize;
    char class_name[64];
    char namespace_[64];
    char pod[254];   /**< name, or generateName */
    char owner[320]; /**< `Kind/name`, or empty */
    char binding[128];
    char sentence[PF_RECENT_SENTENCE_BYTES];
};

/** Newest first. */
struct pf_recent_list {
    size_t count;
    struct pf_recent_entry entries[PF_RECENT_MAX];
};

struct pf_recent;

enum pf_code pf_recent_new(const struct pf_clock *clock, struct pf_recent **ret_recent,
                           struct pf_err *err) PF_MUST_CHECK;
/** NULL is ignored. */
void pf_recent_free(struct pf_recent *recent);

/* Thread-safe. */

/** Keep a covered decision; others are ignored. */
void pf_recent_put(struct pf_recent *recent, const struct pf_decision *decision, int64_t review_ns);
/** Copy the latest decisions, or those that were rejections (of classes that only observe, too). */
void pf_recent_copy(struct pf_recent *recent, bool rejections, struct pf_recent_list *ret_list);
/** What the latest judged pod of a class asked for. @return false: none was seen, the outputs are untouched */
bool pf_recent_request(struct pf_recent *recent, struct pf_sv class_name, int64_t *ret_milli_cpu,
                       int64_t *ret_memory) PF_MUST_CHECK;

#endif

#ifndef PODFIT_OUTCOME_INTERNAL_H
#define PODFIT_OUTCOME_INTERNAL_H

/** Inside outcome: the pods that are tracked, the decisions that wait for their pod, what was counted. */

#include <pthread.h>

#include <podfit/fit.h>
#include <podfit/histogram.h>
#include <podfit/limits.h>
#include <podfit/outcome.h>

/** Bytes of a sentence that are kept of a misprediction. */
#define PF_OUTCOME_TEXT_BYTES 512

/* ---- tracked.c: pods by uid ---- */

/** One pod that podfit admitted: 40 bytes, so that 150,000 of them take 8 MiB. */
struct pf_tracked {
    uint64_t key; /**< hash of the uid; 0: free */
    int64_t
        seen_ns; /**< monotonic: first seen without a node by the watch; 0: it came with a list */
    char *
        said; /**< owned: sentence of an observed decision; NULL: the pod's own annotation has it */
    uint8_t verdict; /**< enum pf_verdict */
    bool decided;    /**< counted */
    bool observed;   /**< its class only observes */
    bool doubtful;   /**< a list is under way and has not brought it yet */
};

/** Hash set with backward shift. */
struct pf_tracked_set {
    struct pf_tracked *slots;
    size_t cap; /**< power of two; 0 while empty */
    size_t count;
};

void pf_tracked_done(struct pf_tracked_set *set);
/** @return NULL when there is none; valid until the set changes */
struct pf_tracked *pf_tracked_find(struct pf_tracked_set *set, uint64_t key);
/** Add a key that is not there. @return NULL: no memory */
struct pf_tracked *pf_tracked_add(struct pf_tracked_set *set, uint64_t key) PF_MUST_CHECK;
/** Take out and free its sentence. */
void pf_tracked_remove(struct pf_tracked_set *set, struct pf_tracked *tracked);

/* ---- observed.c: decisions without annotation, waiting for their pod ---- */

/** One decision; one heap block. */
struct pf_observed {
    struct pf_observed *older;
    struct pf_observed *newer;
    int64_t expires_ns;
    uint64_t key; /**< hash of namespace and name, or generateName */
    enum pf_verdict verdict;
    char said[PF_OUTCOME_TEXT_BYTES];
};

/** By age; at most PF_OUTCOME_OBSERVED_MAX, the oldest makes room. */
struct pf_observed_list {
    struct pf_observed *oldest;
    struct pf_observed *newest;
    size_t count;
};

void pf_observed_done(struct pf_observed_list *list);
/** @return false: no memory */
bool pf_observed_put(struct pf_observed_list *list, uint64_t key, enum pf_verdict verdict,
                     struct pf_sv said, int64_t now) PF_MUST_CHECK;
/** Take the oldest decision with this key. @return owned, free(3); NULL: there is none */
struct pf_observed *pf_observed_take(struct pf_observed_list *list, uint64_t key, int64_t now);

/* ---- outcome.c ---- */

/** A misprediction as /stats shows it. */
struct pf_outcome_miss {
    int64_t wall_ns;
    enum pf_verdict verdict;
    enum pf_outcome outcome;
    bool observed;
    bool early;
    char pod[512]; /**< namespace/name */
    char class_name[64];
    char said[PF_OUTCOME_TEXT_BYTES];
    char happened[PF_OUTCOME_TEXT_BYTES];
};

#define PF_OUTCOME_VERDICTS ((size_t)PF_VERDICT_NOT_JUDGED + 1)

struct pf_outcomes {
    const struct pf_clock *clock;
    struct pf_audit *audit;
    uint64_t seed;
    pthread_mutex_t lock; /**< guards the rest */
    bool listing;
    struct pf_tracked_set tracked;
    struct pf_observed_list observed;
    uint64_t counts[PF_OUTCOME_VERDICTS][PF_OUTCOME_COUNT];
    struct pf_outcome_totals totals;
    struct pf_histogram bind;
    struct pf_outcome_miss *missed; /**< ring of PF_OUTCOME_KEPT */
    uint64_t missed_count;          /**< ever */
};

extern const struct pf_histogram_bounds pf_outcome_bind_bounds;

#endif

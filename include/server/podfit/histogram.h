#ifndef PODFIT_HISTOGRAM_H
#define PODFIT_HISTOGRAM_H

/** Histogram of integers with fixed bounds. One thread adds, others read: relaxed atomics, so that a reader may see a sample in the sum a moment before its bucket. */

#include <stdatomic.h>

#include <podfit/prom.h>

#define PF_HISTOGRAM_BUCKETS_MAX 20

/** Bounds in the unit of the samples, ascending. */
struct pf_histogram_bounds {
    const char *name;
    const char *help;
    const int64_t *bounds;
    const char *const *texts; /**< values of the label `le` */
    size_t count;             /**< at most PF_HISTOGRAM_BUCKETS_MAX */
    bool nano;                /**< samples are nanoseconds and the sum is written in seconds */
};

struct pf_histogram {
    atomic_uint_fast64_t
        buckets[PF_HISTOGRAM_BUCKETS_MAX + 1]; /**< not cumulative; the last: above all bounds */
    atomic_uint_fast64_t sum;
};

/** Add a sample; negative ones count as 0. */
void pf_histogram_add(struct pf_histogram *histogram, const struct pf_histogram_bounds *bounds,
                      int64_t sample);
/** Append the family. */
void pf_histogram_write(struct pf_histogram *histogram, const struct pf_histogram_bounds *bounds,
                        struct pf_buf *buf);

#endif

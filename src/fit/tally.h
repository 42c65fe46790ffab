#ifndef PODFIT_FIT_TALLY_H
#define PODFIT_FIT_TALLY_H

/** Sums by topology key and value, for one pass of a score. Inside of the fit module. */

#include <stddef.h>
#include <stdint.h>

#include <podfit/macro.h>

struct pf_tally_entry {
    uint64_t key; /**< 0: empty */
    int64_t sum;
};

struct pf_tally {
    struct pf_tally_entry *entries; /**< owned; open addressing */
    size_t cap;
    size_t count;
};

/** Free. Accepts a zeroed struct, which is also an empty tally. */
void pf_tally_done(struct pf_tally *tally);
#define pf_autotally __attribute__((cleanup(pf_tally_done)))

/** The sum of a pair, 0 when it is new; valid until the next call. @param axis  below UINT32_MAX @return NULL: no memory */
int64_t *pf_tally_enter(struct pf_tally *tally, uint32_t axis, uint32_t value) PF_MUST_CHECK;
/** @return NULL when the pair never was entered */
int64_t *pf_tally_find(const struct pf_tally *tally, uint32_t axis, uint32_t value);

/** Wrapping, as Go's int64. */
static inline int64_t pf_tally_sum(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

#endif

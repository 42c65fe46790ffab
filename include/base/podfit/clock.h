#ifndef PODFIT_CLOCK_H
#define PODFIT_CLOCK_H

/** Time and randomness as values that are passed in, so that tests own them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <podfit/macro.h>

#define PF_NS_PER_MS INT64_C(1000000)
#define PF_NS_PER_S  INT64_C(1000000000)

struct pf_clock {
    int64_t (*mono_ns)(void *opaque); /**< CLOCK_MONOTONIC */
    int64_t (*wall_ns)(void *opaque); /**< since 1970-01-01T00:00:00Z */
    void *opaque;
};

/** The system's clock. Static, thread-safe. */
const struct pf_clock *pf_clock_system(void);

static inline int64_t pf_clock_mono_ns(const struct pf_clock *clock)
{
    return clock->mono_ns(clock->opaque);
}
static inline int64_t pf_clock_wall_ns(const struct pf_clock *clock)
{
    return clock->wall_ns(clock->opaque);
}

/** RFC 3339 UTC with milliseconds, such as 2026-11-22T04:37:00.123Z, and a NUL: exactly 25 bytes for years 0-9999. */
#define PF_TIME_TEXT_BYTES 32
void pf_clock_format(int64_t wall_ns, char text[PF_TIME_TEXT_BYTES]);

/** Parse RFC 3339 (`Z` or numeric offset, optional fraction). @return false when @p text is not; output untouched */
bool pf_clock_parse(const char *text, size_t len, int64_t *ret_wall_ns) PF_MUST_CHECK;

/** 64 random bits from the kernel. */
uint64_t pf_random_u64(void);

/** The next number below @p bound (0: 0) of a generator whose state the caller has seeded: jitter that tests can repeat, no secret. SplitMix64. */
uint64_t pf_random_below(uint64_t *state, uint64_t bound);

#endif

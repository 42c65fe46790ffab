#ifndef PODFIT_DURATION_H
#define PODFIT_DURATION_H

/** Durations as text: `60s`, `15m`, `1h30m`, `1.5s`, `250ms`; the part of Go's time.ParseDuration that makes sense in a configuration. */

#include <stdbool.h>
#include <stdint.h>

#include <podfit/sv.h>

/** Longest text of pf_duration_format(), NUL included. */
#define PF_DURATION_TEXT_BYTES 40

/**
 * Parse a duration: a sequence of numbers, each with an optional fraction and a unit (h, m, s, ms, us, ns), optional sign; or `0`.
 *
 * @return false when @p text is none, is not a whole number of milliseconds, or does not fit 64 bits; output untouched
 */
bool pf_duration_parse(struct pf_sv text, int64_t *ret_ms) PF_MUST_CHECK;

/** Shortest text that pf_duration_parse() reads as @p ms again: `1h30m`, `250ms`, `0s`. */
void pf_duration_format(int64_t ms, char text[PF_DURATION_TEXT_BYTES]);

#endif

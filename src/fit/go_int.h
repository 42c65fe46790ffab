#ifndef PODFIT_FIT_GO_INT_H
#define PODFIT_FIT_GO_INT_H

/**
 * Go's int64 arithmetic, which scores of absurd nodes come to feel: it wraps where C's is undefined (Go specification, "Integer overflow", "Integer
 * operators", "Conversions between numeric types"). Inside of the fit module; pure functions, thread-safe.
 */

#include <stdint.h>

static inline int64_t pf_go_int_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t pf_go_int_sub(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static inline int64_t pf_go_int_mul(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

/** Cut off towards zero; INT64_MIN / -1 is INT64_MIN. @param b  not 0 */
static inline int64_t pf_go_int_div(int64_t a, int64_t b)
{
    return b == -1 ? pf_go_int_sub(0, a) : a / b;
}

/** int64(f): cut off; what does not fit becomes INT64_MIN, as on amd64 (CVTTSD2SQ). Go leaves that to the machine. */
static inline int64_t pf_go_int_of(double f)
{
    const double edge = 9223372036854775808.0; /* 2^63 */
    return f >= -edge && f < edge ? (int64_t)f : INT64_MIN;
}

#endif

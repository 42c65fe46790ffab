#ifndef PODFIT_SKIP_H
#define PODFIT_SKIP_H

/**
 * Internal to json: pass over JSON and check each byte. A function gets the place to start at and returns the place after what it
 * passed, or NULL with the cursor's error recorded at the fault. The cursor's `at` moves on errors only.
 */

#include <podfit/cursor.h>

/** What a string held. */
struct pf_skip_text {
    unsigned escapes; /**< not 0: it has escapes */
    unsigned high;    /**< not 0: it has bytes over 0x7F, so UTF-8 is still to be checked */
};

/** Record the first error at @p at. @return NULL */
const char *pf_skip_fail(struct pf_cursor *c, const char *at, enum pf_code code, const char *text);

/** @param p after the opening quote @return after the closing quote */
const char *pf_skip_string(struct pf_cursor *c, const char *p, struct pf_skip_text *ret_text);

/** @param p at a digit or minus @param[out] ret_integer no fraction and no exponent @return after the number */
const char *pf_skip_number(struct pf_cursor *c, const char *p, bool *ret_integer);

/** @param p at `t`, `f` or `n` @return after true, false or null */
const char *pf_skip_literal(struct pf_cursor *c, const char *p);

/** Any value. @param p may stand on white space @return after the value */
const char *pf_skip_value(struct pf_cursor *c, const char *p);

/** Open a container: one level more. @return false: too deep; the error is recorded at @p at */
bool pf_skip_push(struct pf_cursor *c, const char *at, bool object);

/** Is the innermost open container an object? depth must not be 0 */
static inline bool pf_skip_in_object(const struct pf_cursor *c)
{
    const uint32_t top = c->depth - 1;
    return (c->objects[top / 64] >> (top % 64) & 1U) != 0;
}

#endif

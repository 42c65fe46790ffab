#ifndef PODFIT_AUDIT_DECODE_H
#define PODFIT_AUDIT_DECODE_H

/** Inside audit: one line of the log as a struct. */

#include <podfit/arena.h>
#include <podfit/audit_query.h>

/** Bound of the arena: the strings of a line and its reasons. */
#define PF_AUDIT_DECODE_ARENA_MAX_BYTES (4 * PF_AUDIT_LINE_MAX_BYTES)

/**
 * @param line   borrowed
 * @param arena  takes strings with escapes, and the reasons
 * @param[out] ret_line  views of @p line and @p arena; untouched on failure
 * @return PF_OK; PF_E_INVALID, PF_E_RANGE, PF_E_TOO_BIG: not a record; PF_E_NO_MEMORY
 */
enum pf_code pf_audit_decode_line(struct pf_sv line, struct pf_arena *arena,
                                  struct pf_audit_line *ret_line) PF_MUST_CHECK;

#endif

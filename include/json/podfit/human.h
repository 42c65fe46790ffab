#ifndef PODFIT_HUMAN_H
#define PODFIT_HUMAN_H

/**
 * JSON that people write (quotas), through jansson: strict, duplicate keys refused, errors with line and column. jansson.h is included by the
 * json module only.
 *
 * One text is read with two parsers on purpose: jansson decides whether it is accepted, and the wire cursor then walks the
 * accepted text for what jansson does not keep: the characters of numbers (quota ratios such as 6.66 must be exact) and
 * positions. The danger of two parsers is that they disagree on what a body says. Here that cannot happen silently: the cursor
 * must also accept the text (else PF_E_INTERNAL), texts on which parsers differ (duplicate keys, escaped NUL, invalid UTF-8, lone
 * surrogates) are refused before, and fuzz_json compares the values of both.
 *
 * Thread-safe. The program must not call setlocale(LC_NUMERIC): jansson reads numbers with strtod.
 */

#include <stdint.h>

#include <podfit/arena.h>
#include <podfit/error.h>
#include <podfit/json_kind.h>
#include <podfit/sv.h>

/** A member of an object as it was written. */
struct pf_human_member {
    struct pf_sv
        key; /**< escapes resolved; borrowed from the text, or from the arena when it has escapes */
    enum pf_json_kind kind;
    struct pf_sv
        text; /**< string: its value, escapes resolved, borrowed likewise; other kinds: empty */
    struct pf_sv
        raw; /**< the characters of the value as written: `6.66`, `"1Gi"`, `{ ... }`; borrowed from the text */
    uint32_t line;   /**< of the key, from 1 */
    uint32_t column; /**< of the key, in characters, from 1 */
};

/**
 * List the members of one JSON object in the order written. For nested objects call it again with `raw` (positions then count
 * from the start of `raw`).
 *
 * @param text              borrowed, must outlive the result
 * @param max_bytes         longest text accepted, for example PF_CONFIG_MAX_BYTES
 * @param arena             takes the array and what has escapes
 * @param[out] ret_members  in @p arena; NULL when there are none; untouched on failure
 * @param[out] ret_count    untouched on failure
 * @param err               may be NULL; the text names line and column: `line 3, column 7: duplicate object key near '"cpu"'`
 * @return PF_OK; PF_E_INVALID: not JSON, no object, a key twice, a NUL byte or an escaped one, invalid UTF-8, a lone surrogate;
 *         PF_E_RANGE: an integer outside int64 or a real outside double; PF_E_TOO_BIG: longer than @p max_bytes or nested deeper
 *         than 2048 (jansson's limit); PF_E_NO_MEMORY
 */
enum pf_code pf_human_members(struct pf_sv text, size_t max_bytes, struct pf_arena *arena,
                              struct pf_human_member **ret_members, size_t *ret_count,
                              struct pf_err *err) PF_MUST_CHECK;

#endif

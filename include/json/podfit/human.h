#ifndef PODFIT_HUMAN_H
#define PODFIT_HUMAN_H

/**
 * JSON that people write (quotas, values in configuration, files of unknown origin), through jansson: strict, duplicate keys
 * refused, errors with line and column. jansson.h is included by the json module only.
 *
 * pf_human_members() reads one text with two parsers on purpose: jansson decides whether it is accepted, and the wire cursor then walks the
 * accepted text for what jansson does not keep: the characters of numbers (quota ratios such as 6.66 must be exact) and
 * positions. The danger of two parsers is that they disagree on what a body says. Here that cannot happen silently: the cursor
 * must also accept the text (else PF_E_INTERNAL), texts on which parsers differ (duplicate keys, escaped NUL, invalid UTF-8, lone
 * surrogates) are refused before, and fuzz_json compares the values of both.
 *
 * Thread-safe as long as a document is used by one thread at a time. The program must not call setlocale(LC_NUMERIC): jansson
 * reads numbers with strtod.
 */

#include <stdbool.h>
#include <stdint.h>

#include <podfit/arena.h>
#include <podfit/error.h>
#include <podfit/json_kind.h>
#include <podfit/sv.h>

/** A document; owns everything that the getters give. Opaque. */
struct pf_human;
/** A value of a document (a json_t); borrowed from it. */
struct json_t;

/**
 * Parse one object or array.
 *
 * @param text          borrowed; not needed after the call
 * @param max_bytes     longest text accepted, for example PF_CONFIG_MAX_BYTES
 * @param[out] ret_doc  owned by the caller, pf_human_free(); untouched on failure
 * @param err           may be NULL; the text names line and column: `line 3, column 7: duplicate object key near '"cpu"'`
 * @return PF_OK; PF_E_INVALID: not JSON, neither object nor array, a key twice, a NUL byte or an escaped one, invalid
 *         UTF-8, a lone surrogate;         PF_E_RANGE: an integer outside int64 or a real outside double; PF_E_TOO_BIG: longer than @p max_bytes or nested deeper
 *         than 2048 (jansson's limit); PF_E_NO_MEMORY
 */
enum pf_code pf_human_parse(struct pf_sv text, size_t max_bytes, struct pf_human **ret_doc,
                            struct pf_err *err) PF_MUST_CHECK;

/** Accepts NULL. */
void pf_human_free(struct pf_human *doc);

static inline void pf_human_free_cleanup(struct pf_human **doc)
{
    pf_human_free(*doc);
}
/** `pf_autohuman struct pf_human *doc = NULL;` */
#define pf_autohuman __attribute__((cleanup(pf_human_free_cleanup)))

/** Parse and throw away: is @p text acceptable? Codes and errors as pf_human_parse(). Afterwards the cursor may walk it. */
enum pf_code pf_human_check(struct pf_sv text, size_t max_bytes, struct pf_err *err) PF_MUST_CHECK;

/** @return the root: an object or an array */
const struct json_t *pf_human_root(const struct pf_human *doc);

/* Getters; all accept NULL (absent) and say "no" to it. */

/** @return PF_JSON_NONE for NULL */
enum pf_json_kind pf_human_kind(const struct json_t *value);
/** Member of an object; case counts. @return NULL: not an object, or no such member */
const struct json_t *pf_human_get(const struct json_t *value, const char *key);
/** Item of an array. @return NULL: not an array, or no such item */
const struct json_t *pf_human_at(const struct json_t *value, size_t index);
/** @return number of items or members; 0 for other kinds */
size_t pf_human_size(const struct json_t *value);
/** @return the text of a string, followed by NUL; an empty view with ptr NULL for other kinds */
struct pf_sv pf_human_string(const struct json_t *value);
/** @return true and *ret_value for a number without fraction and exponent; untouched otherwise */
bool pf_human_i64(const struct json_t *value, int64_t *ret_value) PF_MUST_CHECK;
/** @return true and *ret_value for true and false; untouched otherwise */
bool pf_human_bool(const struct json_t *value, bool *ret_value) PF_MUST_CHECK;

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
 * @param max_bytes         as pf_human_parse()
 * @param arena             takes the array and what has escapes
 * @param[out] ret_members  in @p arena; NULL when there are none; untouched on failure
 * @param[out] ret_count    untouched on failure
 * @param err               may be NULL
 * @return as pf_human_parse(); also PF_E_INVALID when the root is not an object
 */
enum pf_code pf_human_members(struct pf_sv text, size_t max_bytes, struct pf_arena *arena,
                              struct pf_human_member **ret_members, size_t *ret_count,
                              struct pf_err *err) PF_MUST_CHECK;

#endif

#ifndef PODFIT_WIRE_H
#define PODFIT_WIRE_H

/**
 * Small subtrees of machine-written JSON (spans of pf_cursor_span()) as cJSON trees in an arena, and getters for them. cJSON.h is
 * included by the json module only; others hold `const struct cJSON *`. Trees are read-only and die with their arena; never
 * give one to cJSON_Delete().
 *
 * cJSON is lax; what it lacks is checked here before and after: the grammar of RFC 8259, depth, valid UTF-8, the whole text
 * consumed, no escaped NUL (cJSON would cut the string there), no duplicate keys, integers without a double.
 *
 * pf_wire_parse() is thread-safe. Getters read only. All getters accept NULL (absent) and say "no" to it, so chains need no tests.
 */

#include <stdbool.h>
#include <stdint.h>

#include <podfit/arena.h>
#include <podfit/error.h>
#include <podfit/json_kind.h>
#include <podfit/sv.h>

struct cJSON;

/**
 * Build the tree of one JSON value.
 *
 * @param span           borrowed; not needed after the call
 * @param arena          owns the tree; what a failed call took from it stays taken until its reset
 * @param[out] ret_tree  untouched on failure
 * @param err            may be NULL
 * @return PF_OK; PF_E_INVALID: not JSON, bytes after the value, invalid UTF-8, an escaped NUL, a lone surrogate escape (cJSON has
 *         no form for it), a key twice in one object, a number of more than 63 characters; PF_E_TOO_BIG: nested deeper than
 *         PF_JSON_TREE_MAX_DEPTH or longer than PF_OBJECT_MAX_BYTES; PF_E_NO_MEMORY
 */
enum pf_code pf_wire_parse(struct pf_sv span, struct pf_arena *arena, const struct cJSON **ret_tree,
                           struct pf_err *err) PF_MUST_CHECK;

/** @return PF_JSON_NONE for NULL */
enum pf_json_kind pf_wire_kind(const struct cJSON *tree);

static inline bool pf_wire_is_object(const struct cJSON *tree)
{
    return pf_wire_kind(tree) == PF_JSON_OBJECT;
}
static inline bool pf_wire_is_array(const struct cJSON *tree)
{
    return pf_wire_kind(tree) == PF_JSON_ARRAY;
}
static inline bool pf_wire_is_string(const struct cJSON *tree)
{
    return pf_wire_kind(tree) == PF_JSON_STRING;
}
static inline bool pf_wire_is_number(const struct cJSON *tree)
{
    return pf_wire_kind(tree) == PF_JSON_NUMBER;
}
static inline bool pf_wire_is_bool(const struct cJSON *tree)
{
    return pf_wire_kind(tree) == PF_JSON_BOOL;
}
static inline bool pf_wire_is_null(const struct cJSON *tree)
{
    return pf_wire_kind(tree) == PF_JSON_NULL;
}

/** Member of an object; case counts. @return NULL: not an object, or no such member */
const struct cJSON *pf_wire_get(const struct cJSON *tree, const char *key);

/** As pf_wire_get() with a view as key. */
const struct cJSON *pf_wire_get_sv(const struct cJSON *tree, struct pf_sv key);

/** @return the text of a string, borrowed from the tree and followed by NUL; an empty view with ptr NULL for other kinds */
struct pf_sv pf_wire_string(const struct cJSON *tree);

/** @return the characters of a number as they were written (`1e3`, `-0.50`); an empty view with ptr NULL for other kinds */
struct pf_sv pf_wire_number(const struct cJSON *tree);

/** @return true and *ret_value: a number without fraction and exponent that fits, read from its characters; untouched otherwise */
bool pf_wire_i64(const struct cJSON *tree, int64_t *ret_value) PF_MUST_CHECK;

/** @return true and *ret_value when it is true or false; untouched otherwise */
bool pf_wire_bool(const struct cJSON *tree, bool *ret_value) PF_MUST_CHECK;

/** @return first item or member, NULL: none, or no container */
const struct cJSON *pf_wire_first(const struct cJSON *tree);

/** @return the item or member after @p item, NULL at the end */
const struct cJSON *pf_wire_next(const struct cJSON *item);

/** @return the key of a member of an object, borrowed from the tree; empty for items of arrays */
struct pf_sv pf_wire_key(const struct cJSON *item);

/** @return number of items or members; it counts them, so keep it out of loops */
size_t pf_wire_size(const struct cJSON *tree);

#endif

#ifndef PODFIT_CURSOR_H
#define PODFIT_CURSOR_H

/**
 * The wire cursor: reads machine-written JSON (reviews, lists, watch events) from front to back without building a tree.
 *
 * A decoder is a straight loop and looks at the error once, at the end:
 *
 *     struct pf_cursor c;
 *     struct pf_sv key;
 *     pf_cursor_init(&c, body);
 *     pf_cursor_enter_object(&c);
 *     while (pf_cursor_next_key(&c, &key)) {
 *         if (pf_sv_eq_cstr(key, "uid")) {
 *             pf_cursor_string(&c, arena, &uid);
 *         }                                      (a value that is not read is skipped by the next call)
 *     }
 *     pf_cursor_end(&c);
 *     return pf_cursor_error(&c, err);
 *
 * Rules that hold for every function:
 *
 * * Errors are sticky: the first one stays, and from then on every function does nothing and returns false (or PF_JSON_NONE).
 *   Outputs of a call that returns false are untouched.
 * * **null is the same as absent**, as in Go's decoder: pf_cursor_string(), _i64() and _bool() consume it, return true and leave
 *   the output as it was, so give outputs their default before the call; pf_cursor_enter_object() and _enter_array() enter an
 *   empty container. Who must tell them apart asks pf_cursor_null() first.
 * * Every byte that the cursor passes is checked, skipped ones too: RFC 8259 grammar (commas, colons, literals, numbers), closed
 *   strings without raw control characters and with valid escapes, brackets that match and are nested at most max_depth deep.
 *   Two things are checked only in keys and strings that are *read*: UTF-8, and duplicates of keys (pf_cursor_next_field()).
 *   Nothing recurses; time is linear in the bytes passed.
 * * The text is borrowed and must outlive the cursor and every view that comes from it. It need not end in NUL.
 *
 * One thread uses a cursor at a time. The struct is some 1.6 KB: keep it on the stack, pass a pointer.
 */

#include <stdbool.h>
#include <stdint.h>

#include <podfit/arena.h>
#include <podfit/error.h>
#include <podfit/json_kind.h>
#include <podfit/limits.h>
#include <podfit/sv.h>

/** Bytes of a key after its escapes are resolved that pf_cursor_next_key() can hold; a key without escapes has no limit. */
#define PF_CURSOR_KEY_BYTES ((size_t)320) /* a qualified label name: 253 + 1 + 63, rounded up */

/** What the cursor expects next; private. */
enum pf_cursor_state {
    PF_CURSOR_VALUE, /**< a value: at the root, after a key, or an array item */
    PF_CURSOR_FIRST, /**< the first member or the end of the container just entered */
    PF_CURSOR_AFTER, /**< a comma or the end of the container (at the root: the end of the text) */
    PF_CURSOR_EMPTY, /**< the end of a container that was written as null */
};

/** All fields are private but for reading `at`. */
struct pf_cursor {
    const char *begin;
    const char *at;
    const char *end;
    const char *fault; /**< static text of the first error, NULL while there is none */
    enum pf_code code; /**< code of the first error */
    enum pf_cursor_state state;
    uint32_t depth;     /**< containers that are open */
    uint32_t max_depth; /**< at most PF_JSON_MAX_DEPTH */
    uint64_t objects[(PF_JSON_MAX_DEPTH + 63) /
                     64];          /**< bit n: container n is an object; valid below depth */
    char key[PF_CURSOR_KEY_BYTES]; /**< the last key that had escapes */
};

/** Start at the root value of @p text (borrowed, up to 4 GiB); nesting limit PF_JSON_MAX_DEPTH. Cannot fail. */
void pf_cursor_init(struct pf_cursor *c, struct pf_sv text);

/** As pf_cursor_init() with a smaller nesting limit, at most PF_JSON_MAX_DEPTH. */
void pf_cursor_init_depth(struct pf_cursor *c, struct pf_sv text, uint32_t max_depth);

/** Has nothing gone wrong so far? */
static inline bool pf_cursor_ok(const struct pf_cursor *c)
{
    return c->fault == NULL;
}

/** Bytes from the start of the text to the cursor; after an error the place of the error. */
static inline size_t pf_cursor_offset(const struct pf_cursor *c)
{
    return (size_t)(c->at - c->begin);
}

/**
 * The first error as code and text: `byte 17: expected an object`. Module boundaries wrap it (pf_err_wrap()).
 *
 * @param err  may be NULL
 * @return PF_OK when there is none; PF_E_INVALID: not JSON, or not of the kind that was asked for, or a key twice;
 *         PF_E_RANGE: integer outside int64; PF_E_TOO_BIG: nested too deep, or a key with escapes over PF_CURSOR_KEY_BYTES;
 *         PF_E_NO_MEMORY: the arena is exhausted; PF_E_INTERNAL: a call that does not fit the place (a fault of the caller);
 *         or what pf_cursor_fail() was given
 */
enum pf_code pf_cursor_error(const struct pf_cursor *c, struct pf_err *err);

/**
 * Record a decoder's own error at the present place, for example a value out of its range. The first error stays.
 *
 * @param text  static text (it is not copied), house style: lower case, no full stop
 * @return false, so that it can be returned
 */
bool pf_cursor_fail(struct pf_cursor *c, enum pf_code code, const char *text);

/** Kind of the value that comes next, by its first byte. Consumes white space only; never an error. */
enum pf_json_kind pf_cursor_kind(struct pf_cursor *c);

/** Enter an object, or null as an empty one; then call pf_cursor_next_key() until it returns false. @return false: other kind */
bool pf_cursor_enter_object(struct pf_cursor *c);

/**
 * Go to the next member of the object that was entered last. A value of the member before that was not read is skipped.
 *
 * @param[out] ret_key  escapes resolved (`n\u0061me` is `name`), NUL kept by length, valid UTF-8; borrowed from the text, or, when it
 *                      has escapes, from the cursor: valid until the next pf_cursor_next_key() or pf_cursor_next_field() then
 * @return false at the end of the object, which is left then, and on errors (PF_E_TOO_BIG: PF_CURSOR_KEY_BYTES)
 */
bool pf_cursor_next_key(struct pf_cursor *c, struct pf_sv *ret_key) PF_MUST_CHECK;

/** As pf_cursor_next_key() for maps (labels, annotations): a key with escapes lives in @p arena, and has no length limit. */
bool pf_cursor_next_key_in(struct pf_cursor *c, struct pf_arena *arena,
                           struct pf_sv *ret_key) PF_MUST_CHECK;

/**
 * Go to the next member whose key is in a table; members with other keys are skipped, a second one with the same key in the
 * table is an error (PF_E_INVALID).
 *
 * @param keys           the table; keys are compared byte by byte, so case counts
 * @param count          at most 64
 * @param[in,out] seen   bit set of the keys seen; 0 before the first call for an object. Bit n afterwards: keys[n] was there
 * @param[out] ret_index index into @p keys
 * @return false at the end of the object, which is left then, and on errors
 */
bool pf_cursor_next_field(struct pf_cursor *c, const struct pf_sv *keys, size_t count,
                          uint64_t *seen, size_t *ret_index) PF_MUST_CHECK;

/** @return index of @p key in @p keys (bytes and length equal), or @p count */
size_t pf_cursor_match(struct pf_sv key, const struct pf_sv *keys, size_t count);

/** Enter an array, or null as an empty one; then call pf_cursor_next_item() until it returns false. @return false: other kind */
bool pf_cursor_enter_array(struct pf_cursor *c);

/** Go to the next item; one before that was not read is skipped. @return false at the end, which leaves the array, and on errors */
bool pf_cursor_next_item(struct pf_cursor *c) PF_MUST_CHECK;

/** Skip the rest of the object or array that was entered last and leave it: for a loop that ends early. */
bool pf_cursor_leave(struct pf_cursor *c);

/** Skip the value that comes next, whatever it is. */
bool pf_cursor_skip(struct pf_cursor *c);

/** Skip the value that comes next and give its bytes (borrowed from the text, no white space around); null is given as such. */
bool pf_cursor_span(struct pf_cursor *c, struct pf_sv *ret_span);

/**
 * Read a string. An escaped NUL is kept (the view has a length), lone surrogates become U+FFFD, both as Go's encoding/json does.
 *
 * @param arena          takes the copy of a string that has escapes
 * @param[out] ret_text  valid UTF-8, borrowed from the text or from @p arena; untouched on null
 * @return false: not a string (nor null), bad escape, invalid UTF-8 (PF_E_INVALID), no memory
 */
bool pf_cursor_string(struct pf_cursor *c, struct pf_arena *arena, struct pf_sv *ret_text);

/**
 * Read an integer, never through a double.
 *
 * @param[out] ret_value  untouched on null
 * @return false: not a number (nor null), or with fraction or exponent, 1.0 and 1e3 included (PF_E_INVALID, as Go decides for
 *         an int64 field), or outside int64 (PF_E_RANGE)
 */
bool pf_cursor_i64(struct pf_cursor *c, int64_t *ret_value);

/** Read true or false. @param[out] ret_value untouched on null @return false: other kind */
bool pf_cursor_bool(struct pf_cursor *c, bool *ret_value);

/** Is the value that comes next null? @return true and it is consumed; false and nothing is consumed, or it is no JSON (nul) */
bool pf_cursor_null(struct pf_cursor *c);

/** After the root value: only white space may follow. A root that was not read is skipped. @return pf_cursor_ok() */
bool pf_cursor_end(struct pf_cursor *c);

#endif

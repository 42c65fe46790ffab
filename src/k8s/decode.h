#ifndef PODFIT_K8S_DECODE_H
#define PODFIT_K8S_DECODE_H

/**
 * Internal to k8s: a wire cursor that knows its path (`spec.containers[0].name`). Errors are
 * sticky as in podfit/cursor.h: a decoder is a straight loop and pf_decode_finish() says at the end what went wrong where.
 */

#include <podfit/cursor.h>
#include <podfit/sv.h>

/** Levels of the deepest path read (spec.affinity.nodeAffinity.required.nodeSelectorTerms[].matchExpressions[].values[]), and room. */
#define PF_DECODE_PATH_MAX 16
/** A sentence about one value, its text cut to 40 characters. */
#define PF_DECODE_DETAIL_BYTES 160

/** One level of the path: a key of an object or a place in an array. */
struct pf_decode_step {
    struct pf_sv key; /**< empty between two fields */
    size_t index;     /**< place + 1; 0 for objects */
};

struct pf_decode {
    struct pf_arena *arena; /**< borrowed */
    struct pf_sv defect;    /**< first thing podfit cannot hold, with its path; in the arena */
    uint32_t depth;
    uint32_t base; /**< first level of the path that a defect names */
    struct pf_decode_step path[PF_DECODE_PATH_MAX];
    char detail[PF_DECODE_DETAIL_BYTES]; /**< takes the place of the cursor's error text */
    struct pf_cursor cursor;
};

/** @param bytes borrowed, as @p arena */
void pf_decode_init(struct pf_decode *d, struct pf_sv bytes, struct pf_arena *arena);

/** After the root. @return PF_OK or the first error, its path in front; PF_E_RANGE becomes PF_E_INVALID */
enum pf_code pf_decode_finish(struct pf_decode *d, struct pf_err *err) PF_MUST_CHECK;
/** The same for an object that is of no use with a defect: PF_E_TOO_BIG then. */
enum pf_code pf_decode_finish_whole(struct pf_decode *d, struct pf_err *err) PF_MUST_CHECK;

/** Enter the root, which must be an object: null is none. */
void pf_decode_enter_root(struct pf_decode *d);
/** Enter an object; null is an empty one. @return whether it stood there as an object */
bool pf_decode_enter_object(struct pf_decode *d);
/** Enter an array; null is an empty one. @return whether it stood there as an array */
bool pf_decode_enter_array(struct pf_decode *d);
/** Next member whose key is in the table; pf_cursor_next_field() with the path kept. @param seen 0 before the first call */
bool pf_decode_next_field(struct pf_decode *d, const struct pf_sv *keys, size_t count,
                          uint64_t *seen, size_t *ret_index) PF_MUST_CHECK;
/** Next member of a map. @param[out] ret_key borrowed from the bytes or the arena */
bool pf_decode_next_key(struct pf_decode *d, struct pf_sv *ret_key) PF_MUST_CHECK;
bool pf_decode_next_item(struct pf_decode *d) PF_MUST_CHECK;
/** Skip the rest of the array entered last. */
void pf_decode_leave(struct pf_decode *d);

/** From here on defects name paths below the object entered last, as if it were the root; errors keep the whole path. */
void pf_decode_rebase(struct pf_decode *d);

/** Does the value that comes next differ from null? Nothing is consumed. */
bool pf_decode_is_set(struct pf_decode *d);
void pf_decode_string(struct pf_decode *d, struct pf_sv *ret_text);
void pf_decode_bool(struct pf_decode *d, bool *ret_value);
/** An integer of 32 bits. */
void pf_decode_i32(struct pf_decode *d, int32_t *ret_value);
/** An array of strings. @return whether it stood there as an array */
bool pf_decode_strings(struct pf_decode *d, struct pf_sv **ret_items, size_t *ret_count);

/** Record what podfit cannot hold, unless there is a defect already. @param text static; the path is put in front */
void pf_decode_set_defect(struct pf_decode *d, const char *text);

/** The printable ASCII of @p text and '?' for the rest, so that an error stays one line. @param[out] out room for max + 1 bytes */
void pf_decode_show(struct pf_sv text, size_t max, char *out);

/**
 * Room for one more item in an array of the arena.
 *
 * @param items       NULL to begin
 * @param[in,out] cap items that fit
 * @return the array, maybe moved, or NULL with PF_E_NO_MEMORY recorded
 */
void *pf_decode_grow(struct pf_decode *d, void *items, size_t count, size_t *cap,
                     size_t bytes_each) PF_MUST_CHECK;

#endif

#ifndef PODFIT_PATCH_H
#define PODFIT_PATCH_H

/**
 * Build an RFC 6902 patch as text. Only add, replace and remove: the API server applies the patch to the very object of the
 * review, so a `test` could only turn an allowed pod into a rejected one. Paths are RFC 6901 pointers, given as segments.
 * Whether parents exist is the caller's duty. Failure is kept by the buffer (pf_buf_status()). One thread at a time.
 */

#include <stddef.h>

#include <podfit/buf.h>
#include <podfit/sv.h>

struct pf_patch {
    struct pf_buf *buf; /**< borrowed */
    size_t count;       /**< operations so far */
};

/** Start the array. @param buf borrowed; text is appended to what it holds */
void pf_patch_begin(struct pf_patch *patch, struct pf_buf *buf);

/**
 * `add`: a member is set or replaced, an array item is inserted (segment `-`: appended).
 *
 * @param segments  plain keys and decimal indexes from the root down; escaped here, for the pointer and for JSON
 * @param count     0 is the whole document
 * @param value     one JSON value, appended as it is; the caller answers for it
 */
void pf_patch_add(struct pf_patch *patch, const struct pf_sv *segments, size_t count,
                  struct pf_sv value);
/** `replace`: the target must exist. Parameters as pf_patch_add(). */
void pf_patch_replace(struct pf_patch *patch, const struct pf_sv *segments, size_t count,
                      struct pf_sv value);
/** `remove`: the target must exist. Parameters as pf_patch_add(). */
void pf_patch_remove(struct pf_patch *patch, const struct pf_sv *segments, size_t count);

/** End the array. A patch without operations is `[]`; see pf_patch_count(). */
void pf_patch_end(struct pf_patch *patch);

/** @return operations so far */
size_t pf_patch_count(const struct pf_patch *patch);

/** Append one segment with `~` as `~0` and `/` as `~1` (RFC 6901 section 3), without the slash before it and without JSON escapes. */
void pf_patch_escape(struct pf_buf *buf, struct pf_sv segment);

/** Append the whole pointer, a slash before each segment, without JSON escapes: for messages. */
void pf_patch_pointer(struct pf_buf *buf, const struct pf_sv *segments, size_t count);

#endif

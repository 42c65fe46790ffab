#ifndef PODFIT_WRITE_H
#define PODFIT_WRITE_H

/**
 * Write compact JSON onto a buffer. Failure is kept by the buffer (pf_buf_status()). One thread at a time.
 *
 * `"`, `\` and U+0000 to U+001F are escaped, everything else is written as it is; bytes that are not UTF-8 become U+FFFD, one for
 * each byte, as Go does. What comes out is valid JSON for any input.
 */

#include <stdbool.h>
#include <stdint.h>

#include <podfit/buf.h>
#include <podfit/sv.h>

/** Append @p text as a JSON string, quotes included. */
void pf_write_string(struct pf_buf *buf, struct pf_sv text);

/** Append @p text with escapes but without quotes: for strings that are put together from pieces. */
void pf_write_escaped(struct pf_buf *buf, struct pf_sv text);

/**
 * Writes values and keeps the commas. The order of calls is the caller's duty (key before each value in an object, as many ends
 * as begins).
 */
struct pf_writer {
    struct pf_buf *buf; /**< borrowed */
    bool comma;         /**< the next key or item needs a comma before it */
};

/** @param buf borrowed; text is appended to what it holds */
void pf_write_init(struct pf_writer *w, struct pf_buf *buf);

void pf_write_begin_object(struct pf_writer *w);
void pf_write_end_object(struct pf_writer *w);
void pf_write_begin_array(struct pf_writer *w);
void pf_write_end_array(struct pf_writer *w);
/** Key of the next value. */
void pf_write_key(struct pf_writer *w, struct pf_sv key);
void pf_write_put_string(struct pf_writer *w, struct pf_sv text);
void pf_write_put_i64(struct pf_writer *w, int64_t value);
void pf_write_put_u64(struct pf_writer *w, uint64_t value);
void pf_write_put_bool(struct pf_writer *w, bool value);
void pf_write_put_null(struct pf_writer *w);
/** @param json one JSON value, appended as it is; the caller answers for it */
void pf_write_put_raw(struct pf_writer *w, struct pf_sv json);

/* Key and value in one call. */

void pf_write_string_member(struct pf_writer *w, const char *key, struct pf_sv text);
void pf_write_i64_member(struct pf_writer *w, const char *key, int64_t value);
void pf_write_u64_member(struct pf_writer *w, const char *key, uint64_t value);
void pf_write_bool_member(struct pf_writer *w, const char *key, bool value);
/** @p bytes as a string in base64 (RFC 4648 section 4). */
void pf_write_base64_member(struct pf_writer *w, const char *key, struct pf_sv bytes);

#endif

#ifndef PODFIT_BUF_H
#define PODFIT_BUF_H

/**
 * Growing byte buffer with a maximum. A failed append makes the buffer `failed` and every later append a no-op, so that a writer
 * checks once at the end (pf_buf_status()). One thread at a time.
 */

#include <stdbool.h>
#include <stdint.h>

#include <podfit/error.h>
#include <podfit/sv.h>

struct pf_buf {
    char *data;          /**< owned; NUL-terminated whenever not NULL */
    size_t len;          /**< bytes without the NUL */
    size_t cap;          /**< bytes allocated */
    size_t max_bytes;    /**< the limit on len */
    enum pf_code failed; /**< PF_OK, PF_E_NO_MEMORY or PF_E_TOO_BIG */
    bool secret;         /**< memory is overwritten before it is freed, when it grows too */
};

void pf_buf_init(struct pf_buf *buf, size_t max_bytes);
/** For keys and passwords. pf_buf_take() hands the bytes over as they are. */
void pf_buf_init_secret(struct pf_buf *buf, size_t max_bytes);
/** Free. Accepts a zeroed struct; may be called twice. */
void pf_buf_done(struct pf_buf *buf);
/** Empty it and clear `failed`; memory is kept. */
void pf_buf_reset(struct pf_buf *buf);

/** pf_buf_append() where the memory does not suffice yet, or the buffer has failed. */
void pf_buf_append_slow(struct pf_buf *buf, const void *bytes, size_t len);

/** Do @p len more bytes fit the memory that is there? What is allocated may go over max_bytes by the last doubling. */
static inline bool pf_buf_has_room(const struct pf_buf *buf, size_t len)
{
    return PF_LIKELY(buf->cap - buf->len > len && buf->max_bytes - buf->len >= len &&
                     buf->failed == PF_OK);
}

/** @param bytes may be NULL when @p len is 0 */
static inline void pf_buf_append(struct pf_buf *buf, const void *bytes, size_t len)
{
    if (PF_UNLIKELY(len == 0 || !pf_buf_has_room(buf, len))) {
        pf_buf_append_slow(buf, bytes, len);
        return;
    }
    memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

static inline void pf_buf_append_sv(struct pf_buf *buf, struct pf_sv text)
{
    pf_buf_append(buf, text.ptr, text.len);
}

/** The length of a literal is known where it is written. */
static inline void pf_buf_append_cstr(struct pf_buf *buf, const char *text)
{
    pf_buf_append(buf, text, strlen(text));
}

static inline void pf_buf_append_char(struct pf_buf *buf, char c)
{
    pf_buf_append(buf, &c, 1);
}

void pf_buf_append_i64(struct pf_buf *buf, int64_t value);
void pf_buf_append_u64(struct pf_buf *buf, uint64_t value);
void pf_buf_printf(struct pf_buf *buf, const char *format, ...) PF_PRINTF(2, 3);
/** Standard base64 with padding (RFC 4648 section 4). */
void pf_buf_append_base64(struct pf_buf *buf, struct pf_sv bytes);
/** pf_buf_reserve() where the memory does not suffice yet, or the buffer has failed. */
char *pf_buf_reserve_slow(struct pf_buf *buf, size_t len) PF_MUST_CHECK;
/** Room for @p len more bytes at data + len; the caller writes them, a NUL behind them, and adds to len itself. @return NULL on failure */
static inline PF_MUST_CHECK char *pf_buf_reserve(struct pf_buf *buf, size_t len)
{
    return pf_buf_has_room(buf, len) ? buf->data + buf->len : pf_buf_reserve_slow(buf, len);
}
/** Cut back to @p len bytes (at most the present length). */
void pf_buf_truncate(struct pf_buf *buf, size_t len);

/** @return PF_OK, or the code of the first failed append with a text in @p err (may be NULL) */
enum pf_code pf_buf_status(const struct pf_buf *buf, struct pf_err *err) PF_MUST_CHECK;
/** View of the contents; borrowed until the next append. */
struct pf_sv pf_buf_view(const struct pf_buf *buf);
/** Hand the bytes over (release with free(3)); NULL when nothing was ever appended. The buffer is empty afterwards. */
char *pf_buf_take(struct pf_buf *buf);

static inline void pf_buf_done_cleanup(struct pf_buf *buf)
{
    pf_buf_done(buf);
}
#define pf_autobuf __attribute__((cleanup(pf_buf_done_cleanup)))

#endif

#include <errno.h>
#include <unistd.h>

#include "snapshot_internal.h"

static enum pf_code read_fd(struct pf_source *source, char *bytes, size_t cap, size_t *ret_len,
                            struct pf_err *err)
{
    ssize_t got = -1;
    do {
        got = source->seekable
                  ? pread(source->fd, bytes, cap, (off_t)(source->start + source->offset))
                  : read(source->fd, bytes, cap);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot read");
    }
    *ret_len = (size_t)got;
    return PF_OK;
}

enum pf_code pf_source_read(void *opaque, char *bytes, size_t cap, size_t *ret_len,
                            struct pf_err *err)
{
    struct pf_source *source = opaque;
    size_t len = 0;
    if (source->fd < 0) {
        const size_t left = source->bytes.len - (size_t)source->offset;
        len = left < cap ? left : cap;
        if (len != 0) {
            memcpy(bytes, source->bytes.ptr + source->offset, len);
        }
    } else if (source->peeked_at < source->peeked_len) {
        const size_t left = source->peeked_len - source->peeked_at;
        len = left < cap ? left : cap;
        memcpy(bytes, source->peeked + source->peeked_at, len);
        source->peeked_at += len;
    } else {
        const enum pf_code code = read_fd(source, bytes, cap, &len, err);
        if (code != PF_OK) {
            return code;
        }
    }
    source->offset += len;
    *ret_len = len;
    return PF_OK;
}

enum pf_code pf_source_seek(struct pf_source *source, uint64_t offset, struct pf_err *err)
{
    if (source->fd >= 0 && !source->seekable) {
        return pf_err_set(err, PF_E_UNSUPPORTED, "a pipe cannot be read twice");
    }
    source->offset = offset;
    return PF_OK;
}

static bool is_space(char c)
{
    /* the last three are the UTF-8 byte order mark */
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\xEF' || c == '\xBB' ||
           c == '\xBF';
}

/* A file of zeros, as a crash leaves them, is refused at its first byte: '\0' means the end to the caller. */
static enum pf_code take_first(char byte, char *ret_byte, struct pf_err *err)
{
    if (byte == '\0') {
        return pf_err_set(err, PF_E_INVALID, "it begins with a NUL byte: neither JSON nor YAML");
    }
    *ret_byte = byte;
    return PF_OK;
}

/* Read on until something else than white space was seen: a pipe keeps only what fits, more blanks than that are no snapshot. */
static enum pf_code peek_pipe(struct pf_source *source, char *ret_byte, struct pf_err *err)
{
    size_t len = 1;
    while (len != 0 && source->peeked_len < sizeof(source->peeked)) {
        const enum pf_code code = read_fd(source, source->peeked + source->peeked_len,
                                          sizeof(source->peeked) - source->peeked_len, &len, err);
        if (code != PF_OK) {
            return code;
        }
        for (size_t i = source->peeked_len; i < source->peeked_len + len; i++) {
            if (!is_space(source->peeked[i])) {
                source->peeked_len += len;
                return take_first(source->peeked[i], ret_byte, err);
            }
        }
        source->peeked_len += len;
    }
    *ret_byte = '\0';
    return PF_OK;
}

enum pf_code pf_source_first(struct pf_source *source, char *ret_byte, struct pf_err *err)
{
    if (source->fd >= 0 && !source->seekable) {
        return peek_pipe(source, ret_byte, err);
    }
    const uint64_t start = source->offset;
    char bytes[512];
    size_t len = 0;
    size_t i = 0;
    do {
        const enum pf_code code = pf_source_read(source, bytes, sizeof(bytes), &len, err);
        if (code != PF_OK) {
            return code;
        }
        i = 0;
        while (i < len && is_space(bytes[i])) {
            i++;
        }
    } while (len != 0 && i == len);
    source->offset = start;
    if (len != 0) {
        return take_first(bytes[i], ret_byte, err);
    }
    *ret_byte = '\0';
    return PF_OK;
}

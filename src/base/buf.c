#include <stdarg.h>
#include <stdio.h>

#include <podfit/buf.h>
#include <podfit/mem.h>

void pf_buf_init(struct pf_buf *buf, size_t max_bytes)
{
    *buf = (struct pf_buf){.max_bytes = max_bytes};
}

void pf_buf_done(struct pf_buf *buf)
{
    free(buf->data);
    *buf = (struct pf_buf){.max_bytes = buf->max_bytes};
}

void pf_buf_reset(struct pf_buf *buf)
{
    buf->len = 0;
    buf->failed = PF_OK;
    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }
}

static bool make_room(struct pf_buf *buf, size_t len)
{
    if (buf->failed != PF_OK) {
        return false;
    }
    if (len > buf->max_bytes - buf->len) {
        buf->failed = PF_E_TOO_BIG;
        return false;
    }
    const size_t need = buf->len + len + 1; /* cannot overflow: max_bytes is far below SIZE_MAX */
    if (need <= buf->cap) {
        return true;
    }
    size_t cap = buf->cap != 0 ? buf->cap : 256;
    while (cap < need) {
        cap *= 2;
    }
    char *bigger = pf_mem_resize(buf->data, cap, 1);
    if (bigger == NULL) {
        buf->failed = PF_E_NO_MEMORY;
        return false;
    }
    buf->data = bigger;
    buf->cap = cap;
    buf->data[buf->len] = '\0'; /* of fresh memory: whoever reserves it may write nothing */
    return true;
}

void pf_buf_append(struct pf_buf *buf, const void *bytes, size_t len)
{
    if (len == 0 || !make_room(buf, len)) {
        return;
    }
    memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void pf_buf_append_sv(struct pf_buf *buf, struct pf_sv text)
{
    pf_buf_append(buf, text.ptr, text.len);
}

void pf_buf_append_cstr(struct pf_buf *buf, const char *text)
{
    pf_buf_append(buf, text, strlen(text));
}

void pf_buf_append_char(struct pf_buf *buf, char c)
{
    pf_buf_append(buf, &c, 1);
}

void pf_buf_append_u64(struct pf_buf *buf, uint64_t value)
{
    char digits[20]; /* 2^64 - 1 has 20 digits */
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    pf_buf_append(buf, digits + at, sizeof(digits) - at);
}

void pf_buf_append_i64(struct pf_buf *buf, int64_t value)
{
    if (value < 0) {
        pf_buf_append_char(buf, '-');
        pf_buf_append_u64(buf, 0 - (uint64_t)value);
        return;
    }
    pf_buf_append_u64(buf, (uint64_t)value);
}

void pf_buf_printf(struct pf_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    const int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len > 0 && make_room(buf, (size_t)len)) {
        (void)vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void pf_buf_append_base64(struct pf_buf *buf, struct pf_sv bytes)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (bytes.len > SIZE_MAX / 2 || !make_room(buf, (bytes.len + 2) / 3 * 4)) {
        return;
    }
    const unsigned char *in = (const unsigned char *)bytes.ptr;
    char *out = buf->data + buf->len;
    size_t i = 0;
    for (; i + 2 < bytes.len; i += 3) {
        const unsigned word = ((unsigned)in[i] << 16) | ((unsigned)in[i + 1] << 8) | in[i + 2];
        *out++ = alphabet[word >> 18];
        *out++ = alphabet[(word >> 12) & 63];
        *out++ = alphabet[(word >> 6) & 63];
        *out++ = alphabet[word & 63];
    }
    if (i < bytes.len) {
        const bool two = i + 1 < bytes.len;
        const unsigned word = ((unsigned)in[i] << 16) | (two ? (unsigned)in[i + 1] << 8 : 0U);
        *out++ = alphabet[word >> 18];
        *out++ = alphabet[(word >> 12) & 63];
        *out++ = (char)(two ? alphabet[(word >> 6) & 63] : '=');
        *out++ = '=';
    }
    *out = '\0';
    buf->len = (size_t)(out - buf->data);
}

char *pf_buf_reserve(struct pf_buf *buf, size_t len)
{
    return make_room(buf, len) ? buf->data + buf->len : NULL;
}

void pf_buf_truncate(struct pf_buf *buf, size_t len)
{
    if (len < buf->len) {
        buf->len = len;
        buf->data[len] = '\0';
    }
}

enum pf_code pf_buf_status(const struct pf_buf *buf, struct pf_err *err)
{
    if (buf->failed == PF_E_TOO_BIG) {
        return pf_err_set(err, PF_E_TOO_BIG, "more than %zu bytes", buf->max_bytes);
    }
    if (buf->failed != PF_OK) {
        return pf_err_set(err, buf->failed, "out of memory");
    }
    return PF_OK;
}

struct pf_sv pf_buf_view(const struct pf_buf *buf)
{
    return (struct pf_sv){.ptr = buf->data, .len = buf->len};
}

char *pf_buf_take(struct pf_buf *buf)
{
    char *data = PF_TAKE(buf->data);
    pf_buf_done(buf);
    return data;
}

#include <podfit/scan.h>
#include <podfit/write.h>

#define SHORT_BYTES ((size_t)4096)

static void escape_byte(struct pf_buf *buf, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "btnvfr"; /* from U+0008 on; there is no \v in JSON */
    if (byte == '"' || byte == '\\') {
        const char pair[2] = {'\\', (char)byte};
        pf_buf_append(buf, pair, sizeof(pair));
    } else if (byte >= '\b' && byte <= '\r' && byte != '\v') {
        const char pair[2] = {'\\', letters[byte - '\b']};
        pf_buf_append(buf, pair, sizeof(pair));
    } else {
        const char code[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
        pf_buf_append(buf, code, sizeof(code));
    }
}

/* length of the valid UTF-8 sequence of more than one byte at the start of @p text, 0 when there is none */
static size_t sequence_len(struct pf_sv text)
{
    for (size_t len = 2; len <= 4 && len <= text.len; len++) {
        if (pf_sv_is_utf8((struct pf_sv){.ptr = text.ptr, .len = len})) {
            return len;
        }
    }
    return 0;
}

/* plain text (nothing to escape) with bytes over 0x7F; mostly it is valid as a whole */
static void append_high(struct pf_buf *buf, struct pf_sv text)
{
    if (pf_sv_is_utf8(text)) {
        pf_buf_append_sv(buf, text);
        return;
    }
    size_t i = 0;
    while (i < text.len) {
        if ((unsigned char)text.ptr[i] < 0x80) {
            pf_buf_append_char(buf, text.ptr[i++]);
            continue;
        }
        const size_t len = sequence_len((struct pf_sv){.ptr = text.ptr + i, .len = text.len - i});
        pf_buf_append(buf, len != 0 ? text.ptr + i : "\xEF\xBF\xBD", len != 0 ? len : 3);
        i += len != 0 ? len : 1;
    }
}

/* Texts with many quotes (JSON inside of JSON) a byte at a time, where the worst case fits. @return bytes of @p text written */
static size_t escape_ascii(struct pf_buf *buf, struct pf_sv text)
{
    const size_t worst = 2 * text.len; /* every byte a quote; control characters end the loop */
    if (text.len > SHORT_BYTES || worst > buf->max_bytes - buf->len) {
        return 0;
    }
    char *out = pf_buf_reserve(buf, worst);
    if (out == NULL) {
        return 0;
    }
    size_t i = 0;
    for (; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c > 0x7F) {
            break;
        }
        if (c == '"' || c == '\\') {
            *out++ = '\\';
        }
        *out++ = (char)c;
    }
    *out = '\0';
    buf->len = (size_t)(out - buf->data);
    return i;
}

void pf_write_escaped(struct pf_buf *buf, struct pf_sv text)
{
    if (text.len == 0) {
        return; /* its pointer may be NULL */
    }
    const size_t done = escape_ascii(buf, text);
    const char *p = text.ptr + done;
    size_t left = text.len - done;
    while (left != 0) {
        unsigned high = 0;
        const struct pf_sv plain = {.ptr = p,
                                    .len = (size_t)(pf_scan_text(p, p + left, &high) - p)};
        if (high != 0) {
            append_high(buf, plain);
        } else {
            pf_buf_append_sv(buf, plain);
        }
        p += plain.len;
        left -= plain.len;
        if (left != 0) {
            escape_byte(buf, (unsigned char)*p);
            p++;
            left--;
        }
    }
}

void pf_write_string(struct pf_buf *buf, struct pf_sv text)
{
    pf_buf_append_char(buf, '"');
    pf_write_escaped(buf, text);
    pf_buf_append_char(buf, '"');
}

void pf_write_init(struct pf_writer *w, struct pf_buf *buf)
{
    *w = (struct pf_writer){.buf = buf};
}

static void begin(struct pf_writer *w, char bracket)
{
    const char text[2] = {',', bracket};
    pf_buf_append(w->buf, w->comma ? text : text + 1, w->comma ? 2 : 1);
    w->comma = false;
}

static void end(struct pf_writer *w, char bracket)
{
    pf_buf_append_char(w->buf, bracket);
    w->comma = true;
}

static void separate(struct pf_writer *w)
{
    if (w->comma) {
        pf_buf_append_char(w->buf, ',');
    }
    w->comma = true;
}

void pf_write_begin_object(struct pf_writer *w)
{
    begin(w, '{');
}

void pf_write_end_object(struct pf_writer *w)
{
    end(w, '}');
}

void pf_write_begin_array(struct pf_writer *w)
{
    begin(w, '[');
}

void pf_write_end_array(struct pf_writer *w)
{
    end(w, ']');
}

void pf_write_key(struct pf_writer *w, struct pf_sv key)
{
    separate(w);
    pf_write_string(w->buf, key);
    pf_buf_append_char(w->buf, ':');
    w->comma = false;
}

void pf_write_put_string(struct pf_writer *w, struct pf_sv text)
{
    separate(w);
    pf_write_string(w->buf, text);
}

void pf_write_put_i64(struct pf_writer *w, int64_t value)
{
    separate(w);
    pf_buf_append_i64(w->buf, value);
}

void pf_write_put_u64(struct pf_writer *w, uint64_t value)
{
    separate(w);
    pf_buf_append_u64(w->buf, value);
}

void pf_write_put_bool(struct pf_writer *w, bool value)
{
    separate(w);
    pf_buf_append_cstr(w->buf, value ? "true" : "false");
}

void pf_write_put_null(struct pf_writer *w)
{
    separate(w);
    pf_buf_append_cstr(w->buf, "null");
}

void pf_write_put_raw(struct pf_writer *w, struct pf_sv json)
{
    separate(w);
    pf_buf_append_sv(w->buf, json);
}

void pf_write_string_member(struct pf_writer *w, const char *key, struct pf_sv text)
{
    pf_write_key(w, pf_sv_from(key));
    pf_write_put_string(w, text);
}

void pf_write_i64_member(struct pf_writer *w, const char *key, int64_t value)
{
    pf_write_key(w, pf_sv_from(key));
    pf_write_put_i64(w, value);
}

void pf_write_bool_member(struct pf_writer *w, const char *key, bool value)
{
    pf_write_key(w, pf_sv_from(key));
    pf_write_put_bool(w, value);
}

#include <endian.h>

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

/* Plain bytes at the start of a word (little-endian, as le64toh() gives it): those before the first byte that is escaped or not ASCII. 8: all of it */
static inline unsigned plain_bytes(uint64_t word)
{
    const uint64_t quote = word ^ (PF_SCAN_ONES * '"');
    const uint64_t slash = word ^ (PF_SCAN_ONES * '\\');
    /* as in pf_scan_text_scalar(): the lowest hit is exact, and only that one counts */
    const uint64_t hit = (((quote - PF_SCAN_ONES) & ~quote) | ((slash - PF_SCAN_ONES) & ~slash) |
                          ((word - PF_SCAN_ONES * 0x20) & ~word) | word) &
                         PF_SCAN_HIGHS;
    return hit != 0 ? (unsigned)__builtin_ctzll(hit) / 8 : 8;
}

static inline uint64_t load_word(const char *p)
{
    uint64_t word = 0;
    memcpy(&word, p, sizeof(word));
    return le64toh(word);
}

/* One to seven bytes as the lower ones of a word; above them are zeros, which plain_bytes() does not count. */
static inline uint64_t load_few(const char *p, size_t len)
{
    if (len >= 4) {
        uint32_t first = 0;
        uint32_t last = 0; /* may overlap the first: the same bytes at the same places */
        memcpy(&first, p, sizeof(first));
        memcpy(&last, p + len - 4, sizeof(last));
        return le32toh(first) | (uint64_t)le32toh(last) << (8 * (len - 4));
    }
    const unsigned char *bytes = (const unsigned char *)p;
    return bytes[0] | (uint64_t)bytes[len / 2] << (8 * (len / 2)) |
           (uint64_t)bytes[len - 1] << (8 * (len - 1));
}

/* Where a text is read and its escaped form written. */
struct escaping {
    const char *from;
    const char *end;
    char *to; /* room for the worst case and a word */
};

/* Writes the bytes of a word up to the first that is not plain, and that one when it is a quote or a backslash. @return false: another one, or the end */
static inline bool escape_word(struct escaping *e, uint64_t word, unsigned len)
{
    const unsigned plain = plain_bytes(word);
    word = htole64(word);
    memcpy(e->to, &word, sizeof(word)); /* those too many are overwritten by what follows */
    e->from += plain;
    e->to += plain;
    if (plain == len) {
        return e->from != e->end;
    }
    if (*e->from != '"' && *e->from != '\\') {
        return false;
    }
    *e->to++ = '\\';
    *e->to++ = *e->from++;
    return e->from != e->end;
}

/* The beginning of a text, or all of it, where the worst case fits. @return bytes of @p text written */
static size_t escape_ascii(struct pf_buf *buf, struct pf_sv text)
{
    /* every byte a quote (control characters end the loop), and a word that is stored whole */
    const size_t worst = 2 * text.len + 8;
    if (text.len > SHORT_BYTES || worst > buf->max_bytes - buf->len) {
        return 0;
    }
    struct escaping e = {.from = text.ptr, .end = text.ptr + text.len};
    e.to = pf_buf_reserve(buf, worst);
    if (e.to == NULL) {
        return 0;
    }
    bool more = true;
    while (more) {
        const size_t left = (size_t)(e.end - e.from);
        more = left >= 8 ? escape_word(&e, load_word(e.from), 8)
                         : escape_word(&e, load_few(e.from, left), (unsigned)left);
    }
    *e.to = '\0';
    buf->len = (size_t)(e.to - buf->data);
    return (size_t)(e.from - text.ptr);
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

void pf_write_u64_member(struct pf_writer *w, const char *key, uint64_t value)
{
    pf_write_key(w, pf_sv_from(key));
    pf_write_put_u64(w, value);
}

void pf_write_bool_member(struct pf_writer *w, const char *key, bool value)
{
    pf_write_key(w, pf_sv_from(key));
    pf_write_put_bool(w, value);
}

void pf_write_base64_member(struct pf_writer *w, const char *key, struct pf_sv bytes)
{
    pf_write_key(w, pf_sv_from(key));
    separate(w);
    pf_buf_append_char(w->buf, '"');
    pf_buf_append_base64(w->buf, bytes); /* needs no escapes */
    pf_buf_append_char(w->buf, '"');
}

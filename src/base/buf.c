#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <podfit/buf.h>
#include <podfit/mem.h>

void pf_buf_init(struct pf_buf *buf, size_t max_bytes)
{
    *buf = (struct pf_buf){.max_bytes = max_bytes};
}

void pf_buf_init_secret(struct pf_buf *buf, size_t max_bytes)
{
    *buf = (struct pf_buf){.max_bytes = max_bytes, .secret = true};
}

/* Give memory back. */
static void release(char *data, size_t cap, bool secret)
{
    if (secret && data != NULL) {
        explicit_bzero(data, cap);
    }
    free(data);
}

void pf_buf_done(struct pf_buf *buf)
{
    release(buf->data, buf->cap, buf->secret);
    *buf = (struct pf_buf){.max_bytes = buf->max_bytes, .secret = buf->secret};
}

void pf_buf_reset(struct pf_buf *buf)
{
    buf->len = 0;
    buf->failed = PF_OK;
    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }
}

/* realloc would leave a copy behind. */
static char *grow_in_secret(struct pf_buf *buf, size_t cap)
{
    char *bigger = pf_mem_calloc(cap, 1);
    if (bigger != NULL && buf->data != NULL) {
        memcpy(bigger, buf->data, buf->len + 1);
        release(buf->data, buf->cap, /* secret= */ true);
    }
    return bigger;
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
    char *bigger = buf->secret ? grow_in_secret(buf, cap) : pf_mem_resize(buf->data, cap, 1);
    if (bigger == NULL) {
        buf->failed = PF_E_NO_MEMORY;
        return false;
    }
    buf->data = bigger;
    buf->cap = cap;
    buf->data[buf->len] = '\0'; /* of fresh memory: whoever reserves it may write nothing */
    return true;
}

void pf_buf_append_slow(struct pf_buf *buf, const void *bytes, size_t len)
{
    if (len == 0 || !make_room(buf, len)) {
        return;
    }
    memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
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

/* two digits of base64 for each value of twelve bits: row is the first digit */
#define ALPHABET(x)                                                                             \
    x "A" x "B" x "C" x "D" x "E" x "F" x "G" x "H" x "I" x "J" x "K" x "L" x "M" x "N" x "O" x \
      "P" x "Q" x "R" x "S" x "T" x "U" x "V" x "W" x "X" x "Y" x "Z" x "a" x "b" x "c" x "d" x \
      "e" x "f" x "g" x "h" x "i" x "j" x "k" x "l" x "m" x "n" x "o" x "p" x "q" x "r" x "s" x \
      "t" x "u" x "v" x "w" x "x" x "y" x "z" x "0" x "1" x "2" x "3" x "4" x "5" x "6" x "7" x \
      "8" x "9" x "+" x "/"

static const char base64_pairs[64][128] = {
    ALPHABET("A"), ALPHABET("B"), ALPHABET("C"), ALPHABET("D"), ALPHABET("E"), ALPHABET("F"),
    ALPHABET("G"), ALPHABET("H"), ALPHABET("I"), ALPHABET("J"), ALPHABET("K"), ALPHABET("L"),
    ALPHABET("M"), ALPHABET("N"), ALPHABET("O"), ALPHABET("P"), ALPHABET("Q"), ALPHABET("R"),
    ALPHABET("S"), ALPHABET("T"), ALPHABET("U"), ALPHABET("V"), ALPHABET("W"), ALPHABET("X"),
    ALPHABET("Y"), ALPHABET("Z"), ALPHABET("a"), ALPHABET("b"), ALPHABET("c"), ALPHABET("d"),
    ALPHABET("e"), ALPHABET("f"), ALPHABET("g"), ALPHABET("h"), ALPHABET("i"), ALPHABET("j"),
    ALPHABET("k"), ALPHABET("l"), ALPHABET("m"), ALPHABET("n"), ALPHABET("o"), ALPHABET("p"),
    ALPHABET("q"), ALPHABET("r"), ALPHABET("s"), ALPHABET("t"), ALPHABET("u"), ALPHABET("v"),
    ALPHABET("w"), ALPHABET("x"), ALPHABET("y"), ALPHABET("z"), ALPHABET("0"), ALPHABET("1"),
    ALPHABET("2"), ALPHABET("3"), ALPHABET("4"), ALPHABET("5"), ALPHABET("6"), ALPHABET("7"),
    ALPHABET("8"), ALPHABET("9"), ALPHABET("+"), ALPHABET("/"),
};

/* the digits of the lower twelve bits of @p word */
static inline void put_pair(char *out, unsigned word)
{
    const size_t column = word & 63;
    memcpy(out, &base64_pairs[word >> 6 & 63][2 * column], 2);
}

void pf_buf_append_base64(struct pf_buf *buf, struct pf_sv bytes)
{
    if (bytes.len > SIZE_MAX / 2 || !make_room(buf, (bytes.len + 2) / 3 * 4)) {
        return;
    }
    const unsigned char *in = (const unsigned char *)bytes.ptr;
    char *out = buf->data + buf->len;
    size_t i = 0;
    for (; i + 2 < bytes.len; i += 3) {
        const unsigned word = ((unsigned)in[i] << 16) | ((unsigned)in[i + 1] << 8) | in[i + 2];
        put_pair(out, word >> 12);
        put_pair(out + 2, word);
        out += 4;
    }
    if (i < bytes.len) {
        const bool two = i + 1 < bytes.len;
        const unsigned word = ((unsigned)in[i] << 16) | (two ? (unsigned)in[i + 1] << 8 : 0U);
        put_pair(out, word >> 12);
        put_pair(out + 2, word);
        if (!two) {
            out[2] = '=';
        }
        out[3] = '=';
        out += 4;
    }
    *out = '\0';
    buf->len = (size_t)(out - buf->data);
}

char *pf_buf_reserve_slow(struct pf_buf *buf, size_t len)
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

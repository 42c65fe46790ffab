#include <podfit/unescape.h>

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    const char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int32_t pf_unescape_hex4(const char *digits)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        const int digit = hex_digit(digits[i]);
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

static size_t put_utf8(uint32_t rune, char *out)
{
    if (rune < 0x80) {
        out[0] = (char)rune;
        return 1;
    }
    if (rune < 0x800) {
        out[0] = (char)(0xC0 | rune >> 6);
        out[1] = (char)(0x80 | (rune & 0x3F));
        return 2;
    }
    if (rune < 0x10000) {
        out[0] = (char)(0xE0 | rune >> 12);
        out[1] = (char)(0x80 | (rune >> 6 & 0x3F));
        out[2] = (char)(0x80 | (rune & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | rune >> 18);
    out[1] = (char)(0x80 | (rune >> 12 & 0x3F));
    out[2] = (char)(0x80 | (rune >> 6 & 0x3F));
    out[3] = (char)(0x80 | (rune & 0x3F));
    return 4;
}

/* @p p stands after the `\u`; returns the place after the escape, or after both of a surrogate pair */
static const char *take_unicode(const char *p, const char *end, uint32_t *ret_rune)
{
    const uint32_t unit = (uint32_t)pf_unescape_hex4(p);
    p += 4;
    *ret_rune = unit;
    if (unit < 0xD800 || unit > 0xDFFF) {
        return p;
    }
    *ret_rune = 0xFFFD;
    if (unit > 0xDBFF || end - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return p;
    }
    const uint32_t low = (uint32_t)pf_unescape_hex4(p + 2);
    if (low < 0xDC00 || low > 0xDFFF) {
        return p; /* the second escape stands for itself, as in Go */
    }
    *ret_rune = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    return p + 6;
}

static char simple_escape(char letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter; /* `"`, `\` and `/` */
    }
}

size_t pf_unescape_text(struct pf_sv raw, char *out)
{
    const char *p = raw.ptr;
    const char *const end = raw.ptr + raw.len;
    char *to = out;
    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        const size_t plain = (size_t)((slash != NULL ? slash : end) - p);
        memcpy(to, p, plain);
        to += plain;
        p += plain;
        if (slash == NULL) {
            break;
        }
        if (p[1] != 'u') {
            *to++ = simple_escape(p[1]);
            p += 2;
            continue;
        }
        uint32_t rune = 0;
        p = take_unicode(p + 2, end, &rune);
        to += put_utf8(rune, to);
    }
    return (size_t)(to - out);
}

#include <podfit/num.h>
#include <podfit/sv.h>

int pf_sv_cmp(struct pf_sv a, struct pf_sv b)
{
    const size_t common = a.len < b.len ? a.len : b.len;
    const int order = common != 0 ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order != 0) {
        return order;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

size_t pf_sv_find(struct pf_sv text, struct pf_sv needle)
{
    if (needle.len == 0) {
        return 0;
    }
    if (text.len < needle.len) {
        return SIZE_MAX;
    }
    const char *hit = memmem(text.ptr, text.len, needle.ptr, needle.len);
    return hit != NULL ? (size_t)(hit - text.ptr) : SIZE_MAX;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct pf_sv pf_sv_trim(struct pf_sv text)
{
    while (text.len != 0 && is_space(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len != 0 && is_space(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

bool pf_sv_to_i64(struct pf_sv text, int64_t *ret_value)
{
    const bool negative = text.len != 0 && text.ptr[0] == '-';
    size_t i = negative ? 1 : 0;
    if (i == text.len) {
        return false;
    }
    int64_t value = 0; /* accumulated as a negative number: INT64_MIN has no positive twin */
    for (; i < text.len; i++) {
        const char c = text.ptr[i];
        if (c < '0' || c > '9') {
            return false;
        }
        if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_sub_overflow(value, (int64_t)(c - '0'), &value)) {
            return false;
        }
    }
    if (!negative && value == INT64_MIN) {
        return false;
    }
    *ret_value = negative ? value : -value;
    return true;
}

/* Length of the UTF-8 sequence at p (1-4), or 0 when it is not valid; table 3-7 of the Unicode standard. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80) {
        return 1;
    }
    size_t len = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        len = 2;
    } else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        len = 3;
        low = p[0] == 0xE0 ? 0xA0 : 0x80;
        high = p[0] == 0xED ? 0x9F : 0xBF;
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        len = 4;
        low = p[0] == 0xF0 ? 0x90 : 0x80;
        high = p[0] == 0xF4 ? 0x8F : 0xBF;
    }
    if (len == 0 || left < len || p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if (p[i] < 0x80 || p[i] > 0xBF) {
            return 0;
        }
    }
    return len;
}

bool pf_sv_is_utf8(struct pf_sv text)
{
    const unsigned char *p = (const unsigned char *)text.ptr;
    size_t left = text.len;
    while (left != 0) {
        const size_t step = utf8_sequence(p, left);
        if (step == 0) {
            return false;
        }
        p += step;
        left -= step;
    }
    return true;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    const pf_u128 product = (pf_u128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t pf_sv_hash(struct pf_sv text, uint64_t seed)
{
    const char *p = text.ptr;
    size_t left = text.len;
    uint64_t hash = seed ^ 0xA0761D6478BD642FULL;
    while (left >= 16) {
        uint64_t a = 0;
        uint64_t b = 0;
        memcpy(&a, p, 8);
        memcpy(&b, p + 8, 8);
        hash = mix(a ^ 0xE7037ED1A0B428DBULL ^ seed, b ^ hash);
        p += 16;
        left -= 16;
    }
    uint64_t tail[2] = {0, 0};
    if (left != 0) {
        memcpy(tail, p, left);
    }
    hash = mix(tail[0] ^ 0x8EBC6AF09C88C6E3ULL ^ seed, tail[1] ^ hash);
    return mix(hash ^ 0x589965CC75374CC3ULL, (uint64_t)text.len ^ 0x1D8E4E27C47D124FULL);
}

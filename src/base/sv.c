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

/* First byte, second byte and length of every valid sequence: table 3-7 of the Unicode standard. */
static const struct {
    unsigned char first_low, first_high, second_low, second_high, len;
} utf8_forms[] = {
    {0x00, 0x7F, 0x00, 0xFF, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

/* Length of the UTF-8 sequence at p (1-4), or 0 when it is not valid. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    size_t form = 0;
    while (form < PF_ARRAY_LEN(utf8_forms) && p[0] > utf8_forms[form].first_high) {
        form++;
    }
    if (form == PF_ARRAY_LEN(utf8_forms) || p[0] < utf8_forms[form].first_low ||
        left < utf8_forms[form].len) {
        return 0;
    }
    const size_t len = utf8_forms[form].len;
    if (len > 1 && (p[1] < utf8_forms[form].second_low || p[1] > utf8_forms[form].second_high)) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80) {
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

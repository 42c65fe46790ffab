#include <stdio.h>

#include <podfit/clock.h>
#include <podfit/duration.h>
#include <podfit/num.h>

/* 10^18 is the largest power of ten whose digits fit 64 bits */
#define FRACTION_MAX_DIGITS 18

static const struct unit {
    const char *name;
    uint64_t ns;
} units[] = {
    {.name = "ns", .ns = 1},
    {.name = "us", .ns = 1000},
    {.name = "\xc2\xb5s", .ns = 1000}, /* U+00B5, micro sign */
    {.name = "\xce\xbcs", .ns = 1000}, /* U+03BC, Greek mu */
    {.name = "ms", .ns = PF_NS_PER_MS},
    {.name = "s", .ns = (uint64_t)1000 * PF_NS_PER_MS},
    {.name = "m", .ns = (uint64_t)60 * 1000 * PF_NS_PER_MS},
    {.name = "h", .ns = (uint64_t)3600 * 1000 * PF_NS_PER_MS},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char peek(struct pf_sv text)
{
    if (text.len == 0) {
        return '\0';
    }
    return text.ptr[0];
}

static void advance(struct pf_sv *text, size_t bytes)
{
    text->ptr += bytes;
    text->len -= bytes;
}

/* digits as whole + fraction / scale */
struct number {
    uint64_t whole;
    uint64_t fraction;
    uint64_t scale;
};

static bool take_number(struct pf_sv *text, struct number *ret_number)
{
    struct number number = {.scale = 1};
    size_t digits = 0;
    for (; is_digit(peek(*text)); advance(text, 1), digits++) {
        uint64_t digit = (uint64_t)(peek(*text) - '0');
        if (__builtin_mul_overflow(number.whole, (uint64_t)10, &number.whole) ||
            __builtin_add_overflow(number.whole, digit, &number.whole)) {
            return false;
        }
    }
    if (peek(*text) == '.') {
        advance(text, 1);
        size_t places = 0;
        for (; is_digit(peek(*text)); advance(text, 1), places++) {
            if (places == FRACTION_MAX_DIGITS) {
                return false;
            }
            number.fraction = number.fraction * 10 + (uint64_t)(peek(*text) - '0');
            number.scale *= 10;
        }
        digits += places;
    }
    *ret_number = number;
    return digits != 0;
}

/* the unit is everything up to the next digit or point, as in Go */
static const struct unit *take_unit(struct pf_sv *text)
{
    size_t len = 0;
    while (len < text->len && !is_digit(text->ptr[len]) && text->ptr[len] != '.') {
        len++;
    }
    struct pf_sv name = {.ptr = text->ptr, .len = len};
    for (size_t i = 0; i < PF_ARRAY_LEN(units); i++) {
        if (pf_sv_eq_cstr(name, units[i].name)) {
            advance(text, len);
            return &units[i];
        }
    }
    return NULL;
}

static bool take_term(struct pf_sv *text, pf_u128 *total_ns)
{
    struct number number = {.scale = 1};
    if (!take_number(text, &number)) {
        return false;
    }
    const struct unit *unit = take_unit(text);
    if (unit == NULL) {
        return false;
    }
    /* 2^64 x 3.6 x 10^12 and 10^18 x 3.6 x 10^12 are both below 2^107 */
    pf_u128 fraction_ns = (pf_u128)number.fraction * unit->ns;
    if (fraction_ns % number.scale != 0) {
        return false;
    }
    *total_ns += (pf_u128)number.whole * unit->ns + fraction_ns / number.scale;
    return *total_ns < (pf_u128)1 << 120;
}

bool pf_duration_parse(struct pf_sv text, int64_t *ret_ms)
{
    bool negative = peek(text) == '-';
    pf_u128 total_ns = 0;
    if (negative || peek(text) == '+') {
        advance(&text, 1);
    }
    if (pf_sv_eq(text, PF_SV("0"))) {
        *ret_ms = 0;
        return true;
    }
    if (text.len == 0) {
        return false;
    }
    while (text.len != 0) {
        if (!take_term(&text, &total_ns)) {
            return false;
        }
    }
    pf_u128 total_ms = total_ns / PF_NS_PER_MS;
    if (total_ns % PF_NS_PER_MS != 0 || total_ms > (pf_u128)INT64_MAX + (negative ? 1 : 0)) {
        return false;
    }
    *ret_ms = negative ? (int64_t) - (pf_i128)total_ms : (int64_t)total_ms;
    return true;
}

void pf_duration_format(int64_t ms, char text[PF_DURATION_TEXT_BYTES])
{
    uint64_t rest = ms < 0 ? (uint64_t) - (ms + 1) + 1 : (uint64_t)ms;
    const struct {
        const char *name;
        uint64_t ms;
    } parts[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    size_t len = 0;
    if (ms < 0) {
        text[len++] = '-';
    }
    /* longest: -2562047788015h12m55s808ms, 27 bytes */
    for (size_t i = 0; i < PF_ARRAY_LEN(parts); i++) {
        uint64_t count = rest / parts[i].ms;
        rest %= parts[i].ms;
        if (count != 0 || (ms == 0 && parts[i].ms == 1000)) {
            int written = snprintf(text + len, PF_DURATION_TEXT_BYTES - len, "%llu%s",
                                   (unsigned long long)count, parts[i].name);
            len += written > 0 ? (size_t)written : 0;
        }
    }
}

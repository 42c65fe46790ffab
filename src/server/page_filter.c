#include <inttypes.h>
#include <stdio.h>

#include "page.h"
#include <podfit/clock.h>
#include <podfit/macro.h>

/* What stands where nothing is known. */
#define NOTHING "\xe2\x80\x93"

static void put_nothing(struct pf_buf *buf)
{
    pf_buf_append_cstr(buf, NOTHING);
}

/* 1234567 as 1,234,567; from the characters, since 64 bits without sign are in use, too. */
static void put_digits(struct pf_buf *buf, struct pf_sv digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (i != 0 && (digits.len - i) % 3 == 0 && digits.ptr[i - 1] != '-') {
            pf_buf_append_char(buf, ',');
        }
        pf_buf_append_char(buf, digits.ptr[i]);
    }
}

static void put_count(const struct pf_template_filter *filter, const struct cJSON *value,
                      struct pf_buf *buf)
{
    (void)filter;
    const struct pf_sv digits = pf_wire_number(value);
    if (digits.len == 0) {
        put_nothing(buf);
    }
    put_digits(buf, digits);
}

/* One digit behind the point below a hundred, none above. */
static void put_scaled(struct pf_buf *buf, int64_t value, int64_t unit, const char *name)
{
    const int64_t whole = value / unit;
    const int64_t tenth = value % unit * 10 / unit;
    if (whole < 100 && tenth != 0) {
        pf_buf_printf(buf, "%" PRId64 ".%" PRId64 "%s", whole, tenth, name);
    } else {
        char digits[24];
        const int len = snprintf(digits, sizeof(digits), "%" PRId64, whole);
        put_digits(buf, (struct pf_sv){.ptr = digits, .len = (size_t)len});
        pf_buf_append_cstr(buf, name);
    }
}

static void put_bytes(const struct pf_template_filter *filter, const struct cJSON *value,
                      struct pf_buf *buf)
{
    (void)filter;
    static const struct {
        int shift;
        const char *name;
    } units[] = {{50, " PiB"}, {40, " TiB"}, {30, " GiB"}, {20, " MiB"}, {10, " KiB"}};
    int64_t bytes = 0;
    if (!pf_wire_i64(value, &bytes)) {
        put_nothing(buf);
        return;
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(units); i++) {
        const int64_t unit = INT64_C(1) << units[i].shift;
        if (bytes >= unit) {
            put_scaled(buf, bytes, unit, units[i].name);
            return;
        }
    }
    pf_buf_printf(buf, "%" PRId64 " B", bytes);
}

static void put_cores(const struct pf_template_filter *filter, const struct cJSON *value,
                      struct pf_buf *buf)
{
    (void)filter;
    int64_t milli = 0;
    if (!pf_wire_i64(value, &milli)) {
        put_nothing(buf);
    } else if (milli != 0 && milli < 100) {
        pf_buf_printf(buf, "%" PRId64 "m", milli);
    } else if (milli < 10000 && milli % 100 != 0) {
        pf_buf_printf(buf, "%" PRId64 ".%02" PRId64, milli / 1000, milli % 1000 / 10);
    } else {
        put_scaled(buf, milli, 1000, "");
    }
}

static void put_seconds(struct pf_buf *buf, int64_t seconds)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{INT64_C(2) * 86400, " days"}, {INT64_C(2) * 3600, " h"}, {120, " min"}};
    static const int64_t sizes[] = {86400, 3600, 60};
    for (size_t i = 0; i < PF_ARRAY_LEN(units); i++) {
        if (seconds >= units[i].seconds) {
            pf_buf_printf(buf, "%" PRId64 "%s", seconds / sizes[i], units[i].name);
            return;
        }
    }
    pf_buf_printf(buf, "%" PRId64 " s", seconds);
}

static void put_age(const struct pf_template_filter *filter, const struct cJSON *value,
                    struct pf_buf *buf)
{
    (void)filter;
    int64_t ms = 0;
    if (pf_wire_i64(value, &ms)) {
        put_seconds(buf, ms / 1000);
    } else {
        put_nothing(buf);
    }
}

/* How long ago; below 0: never. */
static void put_heard(const struct pf_template_filter *filter, const struct cJSON *value,
                      struct pf_buf *buf)
{
    int64_t ms = 0;
    if (!pf_wire_i64(value, &ms) || ms < 0) {
        put_nothing(buf);
        return;
    }
    put_age(filter, value, buf);
    pf_buf_append_cstr(buf, " ago");
}

static bool read_time(const struct cJSON *value, int64_t *ret_wall_ns)
{
    const struct pf_sv text = pf_wire_string(value);
    return text.len != 0 && pf_clock_parse(text.ptr, text.len, ret_wall_ns);
}

/* The time that has passed since. */
static void put_since(const struct pf_template_filter *filter, const struct cJSON *value,
                      struct pf_buf *buf)
{
    int64_t then = 0;
    if (!read_time(value, &then)) {
        put_nothing(buf);
        return;
    }
    const int64_t passed = filter->now_wall_ns - then;
    put_seconds(buf, passed > 0 ? passed / PF_NS_PER_S : 0);
}

static void put_until(const struct pf_template_filter *filter, const struct cJSON *value,
                      struct pf_buf *buf)
{
    int64_t then = 0;
    if (!read_time(value, &then)) {
        put_nothing(buf);
        return;
    }
    const int64_t left = then - filter->now_wall_ns;
    if (left < 0) {
        pf_buf_append_cstr(buf, "expired ");
        put_seconds(buf, -left / PF_NS_PER_S);
        pf_buf_append_cstr(buf, " ago");
    } else {
        put_seconds(buf, left / PF_NS_PER_S);
    }
}

/* HH:MM:SS of a time in UTC. */
static void put_clock(const struct pf_template_filter *filter, const struct cJSON *value,
                      struct pf_buf *buf)
{
    (void)filter;
    int64_t then = 0;
    if (!read_time(value, &then) || then < 0) {
        put_nothing(buf);
        return;
    }
    const int64_t second = then / PF_NS_PER_S % 86400;
    pf_buf_printf(buf, "%02" PRId64 ":%02" PRId64 ":%02" PRId64, second / 3600, second / 60 % 60,
                  second % 60);
}

/* 0.987654 as 98.77 %: the digits behind the point decide, no floating point. */
static void put_rate(const struct pf_template_filter *filter, const struct cJSON *value,
                     struct pf_buf *buf)
{
    (void)filter;
    const struct pf_sv text = pf_wire_number(value);
    int64_t fraction = 0;
    int64_t whole = 0;
    const bool six = text.len == 8 && text.ptr[1] == '.';
    if (!six || !pf_sv_to_i64((struct pf_sv){.ptr = text.ptr, .len = 1}, &whole) ||
        !pf_sv_to_i64((struct pf_sv){.ptr = text.ptr + 2, .len = 6}, &fraction)) {
        put_nothing(buf);
        return;
    }
    const int64_t hundredths = (whole * 1000000 + fraction) / 100;
    pf_buf_printf(buf, "%" PRId64 ".%02" PRId64, hundredths / 100, hundredths % 100);
}

/* For the query of a link. */
static void put_url(const struct pf_template_filter *filter, const struct cJSON *value,
                    struct pf_buf *buf)
{
    (void)filter;
    static const char hex[] = "0123456789ABCDEF";
    const struct pf_sv text = pf_wire_string(value);
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.ptr[i];
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
        if (plain) {
            pf_buf_append_char(buf, text.ptr[i]);
        } else {
            const char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
            pf_buf_append(buf, escaped, sizeof(escaped));
        }
    }
}

size_t pf_page_filters(int64_t now_wall_ns, struct pf_template_filter filters[PF_PAGE_FILTERS_MAX])
{
    static const struct pf_template_filter all[] = {
        {.name = "count", .append = put_count}, {.name = "bytes", .append = put_bytes},
        {.name = "cores", .append = put_cores}, {.name = "age", .append = put_age},
        {.name = "since", .append = put_since}, {.name = "until", .append = put_until},
        {.name = "clock", .append = put_clock}, {.name = "rate", .append = put_rate},
        {.name = "url", .append = put_url},     {.name = "heard", .append = put_heard},
    };
    _Static_assert(PF_ARRAY_LEN(all) <= PF_PAGE_FILTERS_MAX, "room for all filters");
    for (size_t i = 0; i < PF_ARRAY_LEN(all); i++) {
        filters[i] = all[i];
        filters[i].now_wall_ns = now_wall_ns;
    }
    return PF_ARRAY_LEN(all);
}

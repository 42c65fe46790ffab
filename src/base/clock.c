#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include <podfit/clock.h>
#include <podfit/sv.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now); /* cannot fail for the two clocks used here */
    return (int64_t)now.tv_sec * PF_NS_PER_S + now.tv_nsec;
}

static int64_t system_mono_ns(void *opaque)
{
    (void)opaque;
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t system_wall_ns(void *opaque)
{
    (void)opaque;
    return read_clock(CLOCK_REALTIME);
}

const struct pf_clock *pf_clock_system(void)
{
    static const struct pf_clock system_clock = {.mono_ns = system_mono_ns,
                                                 .wall_ns = system_wall_ns};
    return &system_clock;
}

void pf_clock_format(int64_t wall_ns, char text[PF_TIME_TEXT_BYTES])
{
    const int64_t rest = wall_ns % PF_NS_PER_S;
    const int64_t ns = rest < 0 ? rest + PF_NS_PER_S : rest;
    const time_t seconds =
        (time_t)(wall_ns / PF_NS_PER_S - (rest < 0 ? 1 : 0)); /* floor, also at INT64_MIN */
    struct tm parts = {0};
    (void)gmtime_r(&seconds, &parts); /* int64 nanoseconds span the years 1677 to 2262 */
    char date[24] = "";
    (void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(text, PF_TIME_TEXT_BYTES, "%s.%03dZ", date, (int)(ns / PF_NS_PER_MS));
}

static bool take_digits(struct pf_sv *text, size_t count, int *ret_value)
{
    int value = 0;
    if (text->len < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char c = text->ptr[i];
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    text->ptr += count;
    text->len -= count;
    *ret_value = value;
    return true;
}

static bool take_char(struct pf_sv *text, const char *allowed, char *ret_char)
{
    if (text->len == 0 || text->ptr[0] == '\0' || strchr(allowed, text->ptr[0]) == NULL) {
        return false;
    }
    *ret_char = text->ptr[0];
    text->ptr++;
    text->len--;
    return true;
}

static bool take_fraction(struct pf_sv *text, int64_t *ret_ns)
{
    char c = 0;
    *ret_ns = 0;
    if (!take_char(text, ".", &c)) {
        return true;
    }
    int64_t unit = PF_NS_PER_S / 10;
    bool any = false;
    while (take_char(text, "0123456789", &c)) {
        *ret_ns += (c - '0') * unit;
        unit /= 10;
        any = true;
    }
    return any;
}

static bool take_zone(struct pf_sv *text, int64_t *ret_offset_s)
{
    char sign = 0;
    int hours = 0;
    int minutes = 0;
    char colon = 0;
    *ret_offset_s = 0;
    if (take_char(text, "Zz", &sign)) {
        return true;
    }
    if (!take_char(text, "+-", &sign) || !take_digits(text, 2, &hours) ||
        !take_char(text, ":", &colon) || !take_digits(text, 2, &minutes)) {
        return false;
    }
    *ret_offset_s = ((int64_t)hours * 3600 + (int64_t)minutes * 60) * (sign == '-' ? -1 : 1);
    return true;
}

/* Is there such a day? timegm() takes 30 February for 2 March. */
static bool is_day(const struct tm *parts)
{
    struct tm day = {.tm_year = parts->tm_year, .tm_mon = parts->tm_mon, .tm_mday = parts->tm_mday};
    (void)timegm(&day);
    return day.tm_mon == parts->tm_mon && day.tm_mday == parts->tm_mday;
}

bool pf_clock_parse(const char *text, size_t len, int64_t *ret_wall_ns)
{
    struct pf_sv rest = {.ptr = text, .len = len};
    struct tm parts = {0};
    char c = 0;
    int64_t fraction_ns = 0;
    int64_t offset_s = 0;
    const bool ok = take_digits(&rest, 4, &parts.tm_year) && take_char(&rest, "-", &c) &&
                    take_digits(&rest, 2, &parts.tm_mon) && take_char(&rest, "-", &c) &&
                    take_digits(&rest, 2, &parts.tm_mday) && take_char(&rest, "Tt ", &c) &&
                    take_digits(&rest, 2, &parts.tm_hour) && take_char(&rest, ":", &c) &&
                    take_digits(&rest, 2, &parts.tm_min) && take_char(&rest, ":", &c) &&
                    take_digits(&rest, 2, &parts.tm_sec) && take_fraction(&rest, &fraction_ns) &&
                    take_zone(&rest, &offset_s) && rest.len == 0;
    if (!ok || parts.tm_year < 1678 || parts.tm_year > 2261 || parts.tm_mon < 1 ||
        parts.tm_mon > 12 || parts.tm_mday < 1 || parts.tm_mday > 31 || parts.tm_hour > 23 ||
        parts.tm_min > 59 || parts.tm_sec > 60) {
        return false;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    if (!is_day(&parts)) {
        return false;
    }
    *ret_wall_ns = ((int64_t)timegm(&parts) - offset_s) * PF_NS_PER_S + fraction_ns;
    return true;
}

uint64_t pf_random_u64(void)
{
    uint64_t value = 0;
    if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value)) {
        /* only before the kernel's pool is ready, and GRND_NONBLOCK is not set: practically never */
        value = (uint64_t)read_clock(CLOCK_MONOTONIC) * 0x9E3779B97F4A7C15ULL;
    }
    return value;
}

uint64_t pf_random_below(uint64_t *state, uint64_t bound)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return bound != 0 ? z % bound : 0;
}

/* The portable scanner and the SSE2 scanner against a plain loop, at every alignment, length and stop. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/macro.h>
#include <podfit/scan.h>

#define AREA_BYTES 128
#define MAX_LEN    70 /* four SSE2 steps and a tail */

typedef const char *scan_fn(const char *p, const char *end, unsigned *high);

static const struct {
    const char *name;
    scan_fn *scan;
} scanners[] = {
    {"tail", pf_scan_text_tail},
    {"scalar", pf_scan_text_scalar},
#if PF_SCAN_SSE2
    {"sse2", pf_scan_text_sse2},
#endif
    {"chosen", pf_scan_text},
};

static const char *plain_loop(const char *p, const char *end, unsigned *high)
{
    for (; p < end; p++) {
        const unsigned char byte = (unsigned char)*p;
        if (byte == '"' || byte == '\\' || byte <= 0x1F) {
            return p;
        }
        if (byte >= 0x80) {
            *high = 1;
        }
    }
    return end;
}

static void compare(const char *start, const char *end, const char *what)
{
    unsigned want_high = 0;
    const char *want = plain_loop(start, end, &want_high);
    for (size_t i = 0; i < PF_ARRAY_LEN(scanners); i++) {
        unsigned high = 0;
        const char *got = scanners[i].scan(start, end, &high);
        if (got != want || (high != 0) != (want_high != 0)) {
            fail_msg("%s, %s: offset %td instead of %td, high %u instead of %u", what,
                     scanners[i].name, got - start, want - start, high, want_high);
        }
    }
}

static void test_every_alignment_length_and_stop(void **state PF_UNUSED)
{
    static const char stops[] = {'"', '\\', 0x1F, 0x00, '\n'};
    char area[AREA_BYTES];
    for (size_t align = 0; align < 16; align++) {
        for (size_t len = 0; len <= MAX_LEN; len++) {
            memset(area, '"',
                   sizeof(area)); /* behind the end there is a stop that must not count */
            char *const text = area + align;
            memset(text, 'x', len);
            compare(text, text + len, "no stop");
            for (size_t at = 0; at < len; at++) {
                text[at] = stops[(at + len) % sizeof(stops)];
                compare(text, text + len, "one stop");
                text[at] = 'x';
            }
        }
    }
}

static void test_every_byte_value(void **state PF_UNUSED)
{
    char text[40];
    for (unsigned value = 0; value < 256; value++) {
        for (size_t at = 0; at < sizeof(text); at++) {
            memset(text, 'a', sizeof(text));
            text[at] = (char)value;
            compare(text, text + sizeof(text), "byte value");
        }
    }
}

static void test_high_bytes_around_a_stop(void **state PF_UNUSED)
{
    char text[48];
    for (size_t stop = 0; stop < sizeof(text); stop++) {
        for (size_t high = 0; high < sizeof(text); high++) {
            memset(text, 'a', sizeof(text));
            text[high] = '\xC3';
            text[stop] = '"';
            compare(text, text + sizeof(text), "high byte and stop");
        }
    }
}

static void test_high_is_never_cleared(void **state PF_UNUSED)
{
    const char *text = "plain text without a stop";
    for (size_t i = 0; i < PF_ARRAY_LEN(scanners); i++) {
        unsigned high = 1;
        (void)scanners[i].scan(text, text + strlen(text), &high);
        assert_int_not_equal(high, 0);
    }
}

static void test_random_text(void **state PF_UNUSED)
{
    uint64_t seed = 0x9E3779B97F4A7C15ULL;
    char text[AREA_BYTES];
    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < sizeof(text); i++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            const unsigned byte = (unsigned)(seed >> 56);
            text[i] = (char)(byte < 0x24 && (seed >> 40 & 7) != 0 ? 'k' : byte);
        }
        const size_t start = seed >> 33 & 31;
        compare(text + start, text + start + (seed >> 20 & 63), "random");
    }
}

static void test_space(void **state PF_UNUSED)
{
    const char *text = " \t\r\n\v x";
    assert_ptr_equal(pf_scan_space(text, text + 7), text + 4); /* \v is no JSON white space */
    assert_ptr_equal(pf_scan_space(text, text + 3), text + 3);
    assert_ptr_equal(pf_scan_space(text, text), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_alignment_length_and_stop),
        cmocka_unit_test(test_every_byte_value),
        cmocka_unit_test(test_high_bytes_around_a_stop),
        cmocka_unit_test(test_high_is_never_cleared),
        cmocka_unit_test(test_random_text),
        cmocka_unit_test(test_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

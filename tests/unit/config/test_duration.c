#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/duration.h>

#define UNTOUCHED 4711

static void test_parse(PF_UNUSED void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t ms;
    } rows[] = {
        {"0", true, 0},
        {"0s", true, 0},
        {"60s", true, 60000},
        {"15m", true, 900000},
        {"1h30m", true, 5400000},
        {"1.5s", true, 1500},
        {".5s", true, 500},
        {"1.s", true, 1000},
        {"250ms", true, 250},
        {"1000us", true, 1},
        {"1000\xc2\xb5s", true, 1},
        {"1000\xce\xbcs", true, 1},
        {"1000000ns", true, 1},
        {"0.001h", true, 3600},
        {"500us500us", true, 1},
        {"-5s", true, -5000},
        {"+5s", true, 5000},
        {"-0", true, 0},
        {"9223372036854775807ms", true, INT64_MAX},
        {"-9223372036854775808ms", true, INT64_MIN},
        {"9223372036854775808ms", false, 0},
        {"-9223372036854775809ms", false, 0},
        {"18446744073709551615h", false, 0},
        {"18446744073709551616s", false, 0},
        {"1us", false, 0},
        {"0.0001s", false, 0},
        {"0.0000000000000000001s", false, 0},
        {"", false, 0},
        {"5", false, 0},
        {"00", false, 0},
        {"s", false, 0},
        {".s", false, 0},
        {"-", false, 0},
        {"--5s", false, 0},
        {"5 s", false, 0},
        {" 5s", false, 0},
        {"5s ", false, 0},
        {"5S", false, 0},
        {"5d", false, 0},
        {"1e3s", false, 0},
        {"5s5", false, 0},
        {"1h-5m", false, 0},
        {"fast", false, 0},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        int64_t ms = UNTOUCHED;
        bool ok = pf_duration_parse(pf_sv_from(rows[i].text), &ms);
        if (ok != rows[i].ok || ms != (ok ? rows[i].ms : UNTOUCHED)) {
            print_error("'%s': %d %lld\n", rows[i].text, ok, (long long)ms);
        }
        assert_int_equal(ok, rows[i].ok);
        assert_true(ms == (ok ? rows[i].ms : UNTOUCHED));
    }
    assert_false(pf_duration_parse((struct pf_sv){.ptr = NULL}, &(int64_t){0}));
}

static void test_format(PF_UNUSED void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "0s"},
        {1, "1ms"},
        {60000, "1m"},
        {5400000, "1h30m"},
        {3600001, "1h1ms"},
        {-1500, "-1s500ms"},
        {INT64_MAX, "2562047788015h12m55s807ms"},
        {INT64_MIN, "-2562047788015h12m55s808ms"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        char text[PF_DURATION_TEXT_BYTES];
        int64_t ms = UNTOUCHED;
        pf_duration_format(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
        assert_true(pf_duration_parse(pf_sv_from(text), &ms));
        assert_true(ms == rows[i].ms);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

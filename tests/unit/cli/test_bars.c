/* Bars: what is drawn for which part of a whole. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bars.h"

static const struct pf_bars blocks = {.shown = true, .utf8 = true};
static const struct pf_bars ascii = {.shown = true};
static const struct pf_bars piped = {.utf8 = true};

static void test_draw(void **state)
{
    static const struct {
        const char *name;
        const struct pf_bars *bars;
        uint64_t part;
        uint64_t whole;
        unsigned width;
        const char *want;
    } cases[] = {
        {"nothing", &ascii, 0, 10, 5, "     "},
        {"half", &ascii, 5, 10, 4, "##  "},
        {"all", &ascii, 10, 10, 4, "####"},
        {"more than all", &ascii, 11, 10, 4, "####"},
        {"something is never nothing", &ascii, 1, UINT64_MAX, 4, "#   "},
        {"nearly all is never all", &ascii, UINT64_MAX - 1, UINT64_MAX, 4, "### "},
        {"of nothing", &ascii, 3, 0, 3, "   "},
        {"no width", &ascii, 3, 4, 0, ""},
        {"piped", &piped, 3, 4, 8, ""},
        {"blocks: all", &blocks, 2, 2, 2, "\xE2\x96\x88\xE2\x96\x88"},
        {"blocks: half a column", &blocks, 1, 4, 2, "\xE2\x96\x8C "},
        {"blocks: an eighth", &blocks, 1, 1000, 2, "\xE2\x96\x8F "},
        {"blocks: one and seven eighths", &blocks, 15, 16, 2, "\xE2\x96\x88\xE2\x96\x89"},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(cases); i++) {
        char text[PF_BARS_TEXT_BYTES] = "untouched";
        const struct pf_sv got =
            pf_bars_draw(cases[i].bars, cases[i].part, cases[i].whole, cases[i].width, text);
        if (!pf_sv_eq_cstr(got, cases[i].want) || text[got.len] != '\0') {
            fail_msg("%s: '%s'", cases[i].name, text);
        }
    }
}

static void test_widest(void **state)
{
    char text[PF_BARS_TEXT_BYTES];
    (void)state;
    assert_int_equal(pf_bars_draw(&blocks, 1, 1, UINT32_MAX, text).len, PF_BARS_WIDTH_MAX * 3);
}

static void test_style(void **state)
{
    static const struct {
        const char *name;
        uint64_t part;
        uint64_t whole;
        enum pf_cliout_style want;
    } cases[] = {
        {"empty", 0, 10, PF_CLIOUT_GOOD},
        {"nothing of nothing", 0, 0, PF_CLIOUT_GOOD},
        {"something of nothing", 1, 0, PF_CLIOUT_BAD},
        {"below 80 %", 799, 1000, PF_CLIOUT_GOOD},
        {"80 %", 800, 1000, PF_CLIOUT_DOUBT},
        {"below 90 %", 899, 1000, PF_CLIOUT_DOUBT},
        {"90 %", 900, 1000, PF_CLIOUT_BAD},
        {"huge", UINT64_MAX - 1, UINT64_MAX, PF_CLIOUT_BAD},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(cases); i++) {
        if (pf_bars_style(cases[i].part, cases[i].whole) != cases[i].want) {
            fail_msg("%s", cases[i].name);
        }
    }
}

static void test_locale(void **state)
{
    static const struct {
        const char *name;
        bool want;
    } cases[] = {
        {NULL, false},         {"", false},
        {"C", false},          {"C.UTF-8", true},
        {"de_DE.utf8", true},  {"de_DE.UTF-8@euro", true},
        {"de_DE@utf8", false}, {"en_US.ISO-8859-1", false},
        {"C.UTF-16", false},   {"C.", false},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(cases); i++) {
        if (pf_bars_is_utf8(cases[i].name) != cases[i].want) {
            fail_msg("'%s'", cases[i].name != NULL ? cases[i].name : "not set");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draw),
        cmocka_unit_test(test_widest),
        cmocka_unit_test(test_style),
        cmocka_unit_test(test_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

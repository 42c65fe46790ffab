#include "bars.h"

#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include <podfit/num.h>

/* Marks a column: a block of UTF-8 has eight widths, an ASCII mark is whole. */
#define EIGHTHS 8U

#define DOUBT_PERCENT 80U
#define BAD_PERCENT   90U

bool pf_bars_is_utf8(const char *name)
{
    const char *charset = name != NULL ? strchr(name, '.') : NULL;
    if (charset == NULL) {
        return false;
    }
    charset++;
    const size_t len = strcspn(charset, "@");
    return (len == 5 && strncasecmp(charset, "utf-8", len) == 0) ||
           (len == 4 && strncasecmp(charset, "utf8", len) == 0);
}

/* The locale as setlocale(3) would find it; podfit itself never calls that, since it would change how numbers are read. */
static bool locale_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        /* commands run in the main thread before any other, nobody changes the environment */
        const char *value = getenv(names[i]); /* NOLINT(concurrency-mt-unsafe) */
        if (value != NULL && value[0] != '\0') {
            return pf_bars_is_utf8(value);
        }
    }
    return false;
}

struct pf_bars pf_bars_terminal(void)
{
    return (struct pf_bars){
        .shown = pf_cliout_width(STDOUT_FILENO) != 0,
        .colour = pf_cliout_colour(),
        .utf8 = locale_is_utf8(),
    };
}

/* @p part of @p whole in marks, of @p total: only all of it is all of them, and something is at least one. */
static unsigned marks_of(uint64_t part, uint64_t whole, unsigned total)
{
    if (whole == 0 || part == 0) {
        return 0;
    }
    if (part >= whole) {
        return total;
    }
    const unsigned marks = (unsigned)((pf_u128)part * total / whole);
    return marks != 0 ? marks : 1;
}

struct pf_sv pf_bars_draw(const struct pf_bars *bars, uint64_t part, uint64_t whole, unsigned width,
                          char text[PF_BARS_TEXT_BYTES])
{
    text[0] = '\0';
    if (!bars->shown) {
        return (struct pf_sv){.ptr = text, .len = 0};
    }
    const unsigned columns = width < PF_BARS_WIDTH_MAX ? width : PF_BARS_WIDTH_MAX;
    const unsigned each = bars->utf8 ? EIGHTHS : 1;
    const unsigned marks = marks_of(part, whole, columns * each);
    size_t len = 0;
    for (unsigned i = 0; i < columns; i++) {
        const unsigned left = marks > i * each ? marks - i * each : 0;
        if (left == 0) {
            text[len++] = ' ';
        } else if (!bars->utf8) {
            text[len++] = '#';
        } else {
            /* U+2588 is the full block, U+2589 to U+258F are seven eighths down to one */
            const unsigned eighths = left < EIGHTHS ? left : EIGHTHS;
            text[len++] = '\xE2';
            text[len++] = '\x96';
            text[len++] = (char)(0x90U - eighths);
        }
    }
    text[len] = '\0';
    return (struct pf_sv){.ptr = text, .len = len};
}

enum pf_cliout_style pf_bars_style(uint64_t part, uint64_t whole)
{
    const pf_u128 filled = (pf_u128)part * 100;
    if (part != 0 && filled >= (pf_u128)whole * BAD_PERCENT) {
        return PF_CLIOUT_BAD;
    }
    return part != 0 && filled >= (pf_u128)whole * DOUBT_PERCENT ? PF_CLIOUT_DOUBT : PF_CLIOUT_GOOD;
}

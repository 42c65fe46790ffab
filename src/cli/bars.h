#ifndef PODFIT_BARS_H
#define PODFIT_BARS_H

/** Bars for people: how full something is, drawn on a terminal only. One thread. */

#include <podfit/cliout.h>

/** Widest bar in columns. */
#define PF_BARS_WIDTH_MAX 60
/** Room for the text of a bar: three bytes a column and NUL. */
#define PF_BARS_TEXT_BYTES (PF_BARS_WIDTH_MAX * 3 + 1)

/** What stdout can show. */
struct pf_bars {
    bool shown;  /**< stdout is a terminal: bars are drawn */
    bool colour; /**< as pf_cliout_colour() */
    bool utf8;   /**< the locale is UTF-8: blocks of an eighth of a column, otherwise '#' */
};

/** Look at stdout and the environment (LC_ALL, LC_CTYPE, LANG in this order, NO_COLOR, TERM). Plain when piped, and with TERM=dumb. */
struct pf_bars pf_bars_terminal(void);

/** Does this value of LC_ALL, LC_CTYPE or LANG name a UTF-8 locale? @param name  NULL: not set */
bool pf_bars_is_utf8(const char *name);

/**
 * Draw @p part of @p whole.
 *
 * A part above 0 shows at least the smallest mark, and one below the whole never fills the bar; more than the whole is a full bar.
 *
 * @param width  columns, at most PF_BARS_WIDTH_MAX
 * @param[out] text  exactly @p width columns, NUL-terminated; spaces behind the bar. Empty when bars are not shown
 * @return view of @p text
 */
struct pf_sv pf_bars_draw(const struct pf_bars *bars, uint64_t part, uint64_t whole, unsigned width,
                          char text[PF_BARS_TEXT_BYTES]);

/** Colour of a fill: green below 80 %, yellow below 90 %, red from there on: what alerts of utilisation use. 0 of 0 is green. */
enum pf_cliout_style pf_bars_style(uint64_t part, uint64_t whole);

#endif

#ifndef PODFIT_CLIOUT_H
#define PODFIT_CLIOUT_H

/** What commands print: messages and colours. One thread. */

#include <podfit/buf.h>

/** Output formats of `-o`; the order is that of pf_cliout_formats. */
enum pf_cliout_format {
    PF_CLIOUT_TABLE, /**< for people */
    PF_CLIOUT_JSON,  /**< the stable contract */
    PF_CLIOUT_YAML,  /**< the same as YAML */
};
/** `table`, `json`, `yaml`, NULL: choices of an `-o` option. */
extern const char *const pf_cliout_formats[];
/** The row of `-o`, all but its sentence. @param member_  an int: enum pf_cliout_format */
#define PF_CLIOUT_OPTION(struct_, member_)                                                         \
    .name = "output", .letter = 'o', .type = PF_CLIOPT_ENUM, .offset = offsetof(struct_, member_), \
    .value = "FORMAT", .fallback = "table", .choices = pf_cliout_formats

/** Colours and emphasis that a terminal can show. */
enum pf_cliout_style {
    PF_CLIOUT_PLAIN,  /**< none */
    PF_CLIOUT_GOOD,   /**< green */
    PF_CLIOUT_BAD,    /**< red */
    PF_CLIOUT_DOUBT,  /**< yellow */
    PF_CLIOUT_STRONG, /**< bold */
    PF_CLIOUT_FAINT,  /**< dim */
};

/** Is stdout a terminal that wants colour? (NO_COLOR, TERM=dumb: no) */
bool pf_cliout_colour(void);

/** Print `podfit: TEXT` as a line on stderr. */
void pf_cliout_error(const char *format, ...) PF_PRINTF(1, 2);

/**
 * Print the buffer on stdout and empty it.
 *
 * @return PF_OK; the buffer's failure; PF_E_IO
 */
enum pf_code pf_cliout_flush(struct pf_buf *buf, struct pf_err *err) PF_MUST_CHECK;

/** Append foreign text for a terminal: control characters, also C1 and invalid UTF-8, become `\xNN`, so that a pod's name cannot move the cursor. */
void pf_cliout_put_text(struct pf_buf *buf, struct pf_sv text);

/** Append text in a style. */
void pf_cliout_put_styled(struct pf_buf *buf, bool colour, enum pf_cliout_style style,
                          struct pf_sv text);

#endif

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

/** Columns of the terminal behind a descriptor; 0: it is none, or TERM is `dumb`; PF_CLIOUT_WIDTH_USUAL when it does not tell. */
unsigned pf_cliout_width(int fd);
/** The same with lines, and PF_CLIOUT_HEIGHT_USUAL. */
unsigned pf_cliout_height(int fd);
/** Columns and lines of a terminal that does not tell. */
#define PF_CLIOUT_WIDTH_USUAL  80
#define PF_CLIOUT_HEIGHT_USUAL 24

/** Columns that a text takes: one a character; wide ones are rare in the names of Kubernetes objects. */
size_t pf_cliout_columns(struct pf_sv text);

/** Append text, at most so many columns of it; what is cut off is marked by a last `~`. No styles in it. */
void pf_cliout_put_cut(struct pf_buf *buf, struct pf_sv text, size_t columns);

/** Print `podfit: TEXT` as a line on stderr. */
void pf_cliout_error(const char *format, ...) PF_PRINTF(1, 2);

/** Print lines on stderr as they are, each made harmless for a terminal. */
void pf_cliout_error_lines(struct pf_sv text);

/**
 * Print the buffer on stdout and empty it.
 *
 * @return PF_OK; the buffer's failure; PF_E_IO
 */
enum pf_code pf_cliout_flush(struct pf_buf *buf, struct pf_err *err) PF_MUST_CHECK;

/** The last output of a command: pf_cliout_flush(), and what fails is told. @return PF_COMMAND_OK or PF_COMMAND_ERROR */
int pf_cliout_finish(struct pf_buf *buf) PF_MUST_CHECK;

/** Append foreign text for a terminal: control characters, also C1 and invalid UTF-8, become `\xNN`, so that a pod's name cannot move the cursor. */
void pf_cliout_put_text(struct pf_buf *buf, struct pf_sv text);

/** Append text in a style. */
void pf_cliout_put_styled(struct pf_buf *buf, bool colour, enum pf_cliout_style style,
                          struct pf_sv text);

#endif

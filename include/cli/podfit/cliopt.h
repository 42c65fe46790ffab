#ifndef PODFIT_CLIOPT_H
#define PODFIT_CLIOPT_H

/**
 * Options of a command as one const table that drives the parser and `--help`:
 *
 *     struct values { const char *config; bool explain; };
 *     static const struct pf_cliopt rows[] = {
 *         {PF_CLIOPT_TEXT(struct values, config), .name = "config", .value = "FILE", .help = "..."},
 *         {PF_CLIOPT_SWITCH(struct values, explain), .name = "explain", .help = "..."},
 *     };
 *
 * Accepted forms: `--name value`, `--name=value`, `-f value`, `-fvalue`; flags take no value but `=true` and `=false`; `--` ends the options; `-` is an
 * argument. Options and arguments may be mixed. `--help` and `-h` exist everywhere. Names are not abbreviated. One thread.
 */

#include <podfit/arena.h>
#include <podfit/buf.h>

/** Type of an option and of the struct member at its offset. */
enum pf_cliopt_type {
    PF_CLIOPT_FLAG, /**< bool */
    PF_CLIOPT_STRING, /**< const char *; NULL when not given and without fallback; never empty; once */
    PF_CLIOPT_STRINGS, /**< struct pf_cliopt_strings; may be given several times */
    PF_CLIOPT_ENUM,    /**< int: index into choices */
    PF_CLIOPT_INT,     /**< int64_t within min..max */
    PF_CLIOPT_DURATION, /**< int64_t in milliseconds within min..max; `90d` is accepted beside config/duration's forms */
};

/** Values of a repeated option, or the arguments; in the order given. */
struct pf_cliopt_strings {
    const char **items; /**< in the arena; the strings are those of argv */
    size_t count;
};

struct pf_cliopt {
    const char *name; /**< without dashes */
    char letter;      /**< short form, 0: none */
    enum pf_cliopt_type type;
    size_t offset;
    const char *value; /**< name of the value in --help; `FILE` and `DIR` are completed as such */
    const char *fallback;       /**< default, as it would be typed; NULL: zero */
    const char *const *choices; /**< ENUM: ended by NULL */
    int64_t min;                /**< INT, DURATION (ms) */
    int64_t max;
    const char *help; /**< one sentence: lower-case, no full stop */
};

/** Type and offset of the two commonest kinds of option. */
#define PF_CLIOPT_TEXT(struct_, member_) \
    .type = PF_CLIOPT_STRING, .offset = offsetof(struct_, member_)
#define PF_CLIOPT_SWITCH(struct_, member_) \
    .type = PF_CLIOPT_FLAG, .offset = offsetof(struct_, member_)

struct pf_cliopt_command {
    const char *name;  /**< as typed: `podfit certs create` */
    const char *usage; /**< what follows the name, such as `[OPTIONS] FILE...` */
    const char *about; /**< a paragraph; lines are not wrapped */
    const struct pf_cliopt *rows;
    size_t count;
    size_t args_min; /**< arguments that are not options */
    size_t args_max;
    const char *args_name;           /**< for messages, such as `FILE`; NULL when there are none */
    const char *const *args_choices; /**< for completion, ended by NULL; or NULL */
    /** For completion, where the choices come from elsewhere: each with a sentence, borrowed for the call; or NULL. */
    void (*args_each)(void (*visit)(void *opaque, const char *choice, const char *sentence),
                      void *opaque);
    const char *notes;    /**< printed after the options: exit statuses, formats; may be NULL */
    const char *examples; /**< lines */
};

/** What a command is started with, and where its values go. */
struct pf_cliopt_start {
    int argc;
    char *const *argv;      /**< [0] is skipped; strings are borrowed */
    struct pf_arena *arena; /**< takes lists */
    void *
        values; /**< the caller's struct: fallbacks are written first; undefined on failure; may be NULL when there are no options */
    struct pf_cliopt_strings *ret_args; /**< untouched on failure; may be NULL */
};

/**
 * Parse.
 *
 * @param[out] ret_help  true: --help was asked for, nothing else was looked at; values are undefined then
 * @return PF_OK; PF_E_INVALID (unknown option, with a suggestion; missing, superfluous or malformed value; number of arguments), PF_E_RANGE, PF_E_NO_MEMORY
 */
enum pf_code pf_cliopt_parse(const struct pf_cliopt_command *command,
                             const struct pf_cliopt_start *start, bool *ret_help,
                             struct pf_err *err) PF_MUST_CHECK;

/** Append what `--help` says of one option: sentence, choices, default; one line. */
void pf_cliopt_help_sentence(const struct pf_cliopt *row, struct pf_buf *text);

/** Append what `--help` prints. */
void pf_cliopt_help(const struct pf_cliopt_command *command, struct pf_buf *buf);

/**
 * Parse and deal with the outcome: help goes to stdout, a usage error with a hint to stderr.
 *
 * @return true: go on; false: return *ret_exit
 */
bool pf_cliopt_begin(const struct pf_cliopt_command *command, const struct pf_cliopt_start *start,
                     int *ret_exit) PF_MUST_CHECK;

#endif

#ifndef PODFIT_COMPLETE_H
#define PODFIT_COMPLETE_H

/** Completion of a command line from the option tables; what the shells' scripts and kubectl's plug-in completion ask. One thread. */

#include <podfit/buf.h>
#include <podfit/command.h>

/** The first word of a question; no command, so it is in no list. The protocol is Cobra's (kubectl speaks it to plug-ins). */
#define PF_COMPLETE_WORD "__complete"

/** Last line of an answer, after a colon; the numbers are those of Cobra's ShellCompDirective. */
enum pf_complete_directive {
    PF_COMPLETE_FILES = 0,    /**< without candidates: names of files */
    PF_COMPLETE_NO_FILES = 4, /**< the candidates are all there are */
    PF_COMPLETE_FOLDERS = 16, /**< names of folders */
};

/**
 * Append the answer: a line a candidate, `CANDIDATE<TAB>SENTENCE`, then `:DIRECTIVE`.
 *
 * @param words  what stands behind the program's name; the last one is the one to complete, perhaps empty; any bytes
 * @param count  with 0 it is the empty word
 */
void pf_complete_put(const struct pf_command_group *program, char *const *words, size_t count,
                     struct pf_buf *buf);

#endif

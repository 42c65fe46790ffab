#ifndef PODFIT_COMMAND_H
#define PODFIT_COMMAND_H

/**
 * The command line as tables: `podfit COMMAND ...` and `podfit COMMAND SUBCOMMAND ...`. A command prints its results on stdout, everything else on
 * stderr, and returns its exit status. Called once, from main.
 */

#include <podfit/sv.h>

/** Exit statuses of every command. */
enum pf_command_exit {
    PF_COMMAND_OK = 0, /**< done; `check`: every pod fits */
    PF_COMMAND_NO = 1, /**< done, and the answer is no: a pod does not fit, a file is not valid */
    PF_COMMAND_ERROR = 2, /**< usage, files, memory */
};

struct pf_cliopt_command;
struct pf_command_group;

/** One command or subcommand. Help, manual pages and completion are made from its options or its group. */
struct pf_command {
    const char *name;
    const char *also;                        /**< another name that is understood; NULL: none */
    const char *summary;                     /**< half a line for the list of commands */
    const struct pf_cliopt_command *options; /**< NULL: it has subcommands */
    const struct pf_command_group *group;    /**< its subcommands; `run` is NULL then */
    /** @param argv  [0] is the command's name; the strings live until the program ends @return enum pf_command_exit */
    int (*run)(int argc, char **argv);
};

/** A command that has subcommands, or the program itself. */
struct pf_command_group {
    const char *name;  /**< as typed: `podfit certs` */
    const char *about; /**< a sentence or two for --help */
    const struct pf_command *commands;
    size_t count;
    const char *examples; /**< lines for --help */
};

/** `podfit` itself: all commands. */
extern const struct pf_command_group pf_command_program;

/** The command with this name, or NULL. */
const struct pf_command *pf_command_find(const struct pf_command_group *group, struct pf_sv name);

/** Run the subcommand named by argv[1]; help, and usage errors with a suggestion, are dealt with here. */
int pf_command_run_group(const struct pf_command_group *group, int argc, char **argv);

/** The whole program: main calls this and nothing else. Output that could not be written is an error. */
int pf_command_main(int argc, char **argv);

#endif

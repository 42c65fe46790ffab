#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd.h"
#include "complete.h"
#include "plan_options.h"
#include <podfit/cliout.h>
#include <podfit/command.h>
#include <podfit/macro.h>
#include <podfit/mem.h>
#include <podfit/problems.h>

#define HELP_MAX_BYTES ((size_t)64 * 1024)

static const struct pf_command commands[] = {
    {.name = "serve",
     .summary = "run the webhook",
     .options = &pf_cmd_serve_options,
     .run = pf_cmd_serve_run},
    {.name = "check",
     .summary = "what would be done to a pod, and why",
     .options = &pf_cmd_check_options,
     .run = pf_cmd_check_run},
    {.name = "nodes",
     .summary = "what the model believes of each node",
     .options = &pf_cmd_nodes_options,
     .run = pf_cmd_nodes_run},
    {.name = "snapshot",
     .summary = "save a living cluster to a file",
     .options = &pf_cmd_snapshot_options,
     .run = pf_cmd_snapshot_run},
    {.name = "plan",
     .summary = "how many projects fit, and what it costs",
     .options = &pf_plan_options_command,
     .run = pf_cmd_plan_run},
    {.name = "certs",
     .summary = "create, inspect and renew certificates",
     .group = &pf_cmd_certs_group},
    {.name = "config",
     .summary = "check, show and explain a configuration",
     .group = &pf_cmd_config_group},
    {.name = "audit",
     .summary = "query and summarise a rejection log",
     .options = &pf_cmd_audit_options,
     .run = pf_cmd_audit_run},
    {.name = "completion",
     .summary = "print what a shell needs to complete these commands",
     .options = &pf_cmd_completion_options,
     .run = pf_cmd_completion_run},
    {.name = "man",
     .summary = "print the manual pages",
     .options = &pf_cmd_man_options,
     .run = pf_cmd_man_run},
    {.name = "version",
     .summary = "print versions",
     .options = &pf_cmd_version_options,
     .run = pf_cmd_version_run},
};

const struct pf_command_group pf_command_program = {
    .name = "podfit",
    .about =
        "A Kubernetes admission webhook that rewrites the resource requests of project pods, judges with\n"
        "kube-scheduler's own filter rules whether a node can take them, and says why when none can.",
    .commands = commands,
    .count = PF_ARRAY_LEN(commands),
    .examples =
        "  podfit check -f pod.yaml --explain          is there room, and if not, why\n"
        "  podfit serve --cert-dir certs               serve on the embedded example cluster\n"
        "  podfit help certs create                    help on a subcommand\n"
        "  podfit help man check                       its manual page, as roff",
};

static const char *command_name(const void *opaque, size_t i)
{
    const struct pf_command_group *group = opaque;
    return i < group->count ? group->commands[i].name : NULL;
}

const struct pf_command *pf_command_find(const struct pf_command_group *group, struct pf_sv name)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct pf_command *command = &group->commands[i];
        if (pf_sv_eq_cstr(name, command->name) ||
            (command->also != NULL && pf_sv_eq_cstr(name, command->also))) {
            return command;
        }
    }
    return NULL;
}

static int run_command(const struct pf_command *command, int argc, char **argv)
{
    return command->group != NULL ? pf_command_run_group(command->group, argc, argv)
                                  : command->run(argc, argv);
}

static int group_help(const struct pf_command_group *group)
{
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, HELP_MAX_BYTES);
    pf_buf_printf(&buf, "Usage: %s COMMAND [OPTIONS]\n\n%s\n\nCommands:\n", group->name,
                  group->about);
    for (size_t i = 0; i < group->count; i++) {
        pf_buf_printf(&buf, "  %-10s %s\n", group->commands[i].name, group->commands[i].summary);
    }
    pf_buf_printf(&buf, "\nExamples:\n%s\n\nHelp on a command: %s COMMAND --help\n",
                  group->examples, group->name);
    return pf_cliout_finish(&buf);
}

static int group_usage_error(const struct pf_command_group *group, const char *word)
{
    if (word == NULL) {
        pf_cliout_error("'%s' needs a command (see '%s --help')", group->name, group->name);
        return PF_COMMAND_ERROR;
    }
    const char *what = word[0] == '-' ? "option" : "command";
    const char *near = pf_problems_nearest(pf_sv_from(word), command_name, group);
    if (near != NULL) {
        pf_cliout_error("unknown %s '%s', did you mean '%s %s'? (see '%s --help')", what, word,
                        group->name, near, group->name);
    } else {
        pf_cliout_error("unknown %s '%s' (see '%s --help')", what, word, group->name);
    }
    return PF_COMMAND_ERROR;
}

/* `help certs create` is `certs create --help`; `help man ...` is `man ...`. */
static int group_help_on(const struct pf_command_group *group, int argc, char **argv)
{
    static char option[] = "--help";
    if (argc < 3) {
        return group_help(group);
    }
    const struct pf_command *command = pf_command_find(group, pf_sv_from(argv[2]));
    if (command == NULL) {
        return group_usage_error(group, argv[2]);
    }
    if (command->options == &pf_cmd_man_options) {
        return command->run(argc - 2, argv + 2);
    }
    pf_autofree char **args = pf_mem_calloc((size_t)argc + 1, sizeof(*args));
    if (args == NULL) {
        pf_cliout_error("out of memory");
        return PF_COMMAND_ERROR;
    }
    for (int i = 2; i < argc; i++) {
        args[i - 2] = argv[i];
    }
    args[argc - 2] = option;
    return run_command(command, argc - 1, args);
}

int pf_command_run_group(const struct pf_command_group *group, int argc, char **argv)
{
    if (argc < 2) {
        return group_usage_error(group, NULL);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        return group_help(group);
    }
    if (strcmp(argv[1], "help") == 0) {
        return group_help_on(group, argc, argv);
    }
    const struct pf_command *command = pf_command_find(group, pf_sv_from(argv[1]));
    return command != NULL ? run_command(command, argc - 1, argv + 1)
                           : group_usage_error(group, argv[1]);
}

static int run_program(const struct pf_command_group *program, int argc, char **argv)
{
    static char version[] = "version";
    char *version_argv[] = {version, NULL};
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        return pf_cmd_version_run(1, version_argv);
    }
    if (argc > 1 && strcmp(argv[1], PF_COMPLETE_WORD) == 0) {
        return pf_cmd_completion_answer(argc - 1, argv + 1);
    }
    return pf_command_run_group(program, argc, argv);
}

/* kubectl runs a file `kubectl-podfit` of the PATH for `kubectl podfit`. */
static bool is_plugin(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash != NULL ? slash + 1 : path, "kubectl-podfit") == 0;
}

/* A file or socket must not become standard output because that was closed when podfit started. Read only: writing to it is still an error. */
static void occupy_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            (void)open("/dev/null", O_RDONLY | O_CLOEXEC); /* the lowest free one, which is fd */
        }
    }
}

int pf_command_main(int argc, char **argv)
{
    struct pf_command_group program = pf_command_program;
    occupy_standard_descriptors();
    if (argc > 0 && is_plugin(argv[0])) {
        program.name = "kubectl podfit";
    }
    const int status = run_program(&program, argc, argv);
    const bool lost = fflush(stdout) != 0 || ferror(stdout) != 0;
    if (lost && status != PF_COMMAND_ERROR) { /* else the command has said what went wrong */
        struct pf_err err = {0};
        (void)pf_err_set_errno(&err, PF_E_IO, errno, "cannot write to standard output");
        pf_cliout_error("%s", err.text);
        return PF_COMMAND_ERROR;
    }
    return status;
}

#include "cmd.h"
#include "complete.h"
#include <podfit/cliopt.h>
#include <podfit/cliout.h>
#include <podfit/command.h>
#include <podfit/embed.h>

#define ARENA_MAX_BYTES ((size_t)1024 * 1024)
/* every option of a command with its sentence, many times over */
#define OUTPUT_MAX_BYTES ((size_t)1024 * 1024)

PF_EMBED("pf_cmd_completion_bash", PF_COMPLETION_DIR "/podfit.bash");
PF_EMBED("pf_cmd_completion_zsh", PF_COMPLETION_DIR "/podfit.zsh");
PF_EMBED("pf_cmd_completion_fish", PF_COMPLETION_DIR "/podfit.fish");
PF_EMBED("pf_cmd_completion_kubectl", PF_COMPLETION_DIR "/kubectl_complete-podfit");

extern const char pf_cmd_completion_bash_begin[];
extern const char pf_cmd_completion_zsh_begin[];
extern const char pf_cmd_completion_fish_begin[];
extern const char pf_cmd_completion_kubectl_begin[];

/* In the order of `scripts` below. */
static const char *const shells[] = {"bash", "zsh", "fish", "kubectl", NULL};

const struct pf_cliopt_command pf_cmd_completion_options = {
    .name = "podfit completion",
    .usage = "SHELL",
    .about =
        "Print what a shell needs to complete podfit's commands, options and their values: for bash, zsh\n"
        "or fish; or, for kubectl, the program 'kubectl_complete-podfit' that completes 'kubectl podfit'.",
    .args_min = 1,
    .args_max = 1,
    .args_name = "SHELL",
    .args_choices = shells,
    .notes = "What is printed asks the program each time, so it need not be renewed with it.",
    .examples =
        "  source <(podfit completion bash)          this shell; in ~/.bashrc: every one\n"
        "  podfit completion zsh > ~/.zfunc/_podfit  a folder of $fpath\n"
        "  podfit completion fish > ~/.config/fish/completions/podfit.fish\n"
        "  podfit completion kubectl > /usr/local/bin/kubectl_complete-podfit && chmod +x $_",
};

int pf_cmd_completion_run(int argc, char **argv)
{
    static const char *const scripts[] = {
        pf_cmd_completion_bash_begin,
        pf_cmd_completion_zsh_begin,
        pf_cmd_completion_fish_begin,
        pf_cmd_completion_kubectl_begin,
    };
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_MAX_BYTES);
    struct pf_cliopt_strings args = {0};
    int status = PF_COMMAND_ERROR;
    const struct pf_cliopt_start start = {
        .argc = argc, .argv = argv, .arena = &arena, .ret_args = &args};
    if (!pf_cliopt_begin(&pf_cmd_completion_options, &start, &status)) {
        return status;
    }
    for (size_t i = 0; shells[i] != NULL; i++) {
        if (strcmp(args.items[0], shells[i]) == 0) {
            pf_autobuf struct pf_buf out = {0};
            pf_buf_init(&out, OUTPUT_MAX_BYTES);
            pf_buf_append_cstr(&out, scripts[i]);
            return pf_cliout_finish(&out);
        }
    }
    pf_cliout_error("unknown shell '%s', allowed: bash, zsh, fish, kubectl", args.items[0]);
    return PF_COMMAND_ERROR;
}

int pf_cmd_completion_answer(int argc, char **argv)
{
    pf_autobuf struct pf_buf out = {0};
    pf_buf_init(&out, OUTPUT_MAX_BYTES);
    pf_complete_put(&pf_command_program, argv + 1, (size_t)argc - 1, &out);
    return pf_cliout_finish(&out);
}

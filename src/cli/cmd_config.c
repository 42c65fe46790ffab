#include "cmd.h"
#include "load.h"
#include <podfit/cliopt.h>
#include <podfit/cliout.h>
#include <podfit/command.h>
#include <podfit/limits.h>

#define ARENA_MAX_BYTES ((size_t)4 * 1024 * 1024)

static const struct pf_cliopt_command check_command = {
    .name = "podfit config check",
    .usage = "FILE...",
    .about = "Read configurations and report every problem with file, line, column and key.",
    .args_min = 1,
    .args_max = 10000,
    .args_name = "FILE",
    .notes = "Exit status: 0 all are valid, 1 one is not, 2 usage or a file that cannot be read.",
    .examples = "  podfit config check podfit.yaml\n"
                "  podfit config check deploy/*/podfit.yaml",
};

static const struct pf_cliopt_command show_command = {
    .name = "podfit config show",
    .usage = "[FILE]",
    .about = "Print the effective configuration with every default, as YAML that can be used as a\n"
             "configuration. Without FILE: the embedded example.",
    .args_max = 1,
    .args_name = "FILE",
    .notes = "Exit status: 0 shown, 1 the file is not valid, 2 error.",
    .examples = "  podfit config show podfit.yaml\n  podfit config show > podfit.yaml",
};

static const struct pf_cliopt_command document_command = {
    .name = "podfit config document",
    .usage = "",
    .about = "Print a markdown table of every key of the configuration.",
    .examples = "  podfit config document",
};

static const struct pf_cliopt_command schema_command = {
    .name = "podfit config schema",
    .usage = "",
    .about =
        "Print a JSON Schema (draft 7) of the configuration: editors complete and check with it.",
    .notes =
        "It knows what can be said of one key at a time; 'podfit config check' knows the rest. It wants a\n"
        "value after each key, and quotas as they are read without cocalcLenient.\n\n"
        "A file names it for editors in its first line:\n"
        "  # yaml-language-server: $schema=config.schema.json",
    .examples = "  podfit config schema > config.schema.json",
};

static void each_key(void (*visit)(void *opaque, const char *choice, const char *sentence),
                     void *opaque)
{
    const enum pf_code code = pf_config_each_key(visit, opaque);
    (void)code; /* without memory some keys are not offered */
}

static const struct pf_cliopt_command explain_command = {
    .name = "podfit config explain",
    .usage = "[KEY]",
    .about =
        "Say what a key of the configuration does: its type, default and allowed values, and the keys\n"
        "below it. Without KEY: the keys of the file.",
    .args_max = 1,
    .args_name = "KEY",
    .args_each = each_key,
    .notes = "Exit status: 0 done, 1 there is no such key, 2 error.",
    .examples = "  podfit config explain classes.onFull\n  podfit config explain fit",
};

/* A file that is not a configuration is an answer; one that cannot be read is an error. */
static int exit_of(enum pf_code code)
{
    return code == PF_E_INVALID || code == PF_E_TOO_BIG ? PF_COMMAND_NO : PF_COMMAND_ERROR;
}

static int run_check(int argc, char **argv)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_MAX_BYTES);
    struct pf_cliopt_strings files = {0};
    int status = PF_COMMAND_ERROR;
    const struct pf_cliopt_start start = {
        .argc = argc, .argv = argv, .arena = &arena, .ret_args = &files};
    if (!pf_cliopt_begin(&check_command, &start, &status)) {
        return status;
    }
    pf_autobuf struct pf_buf out = {0};
    pf_buf_init(&out, ARENA_MAX_BYTES);
    status = PF_COMMAND_OK;
    for (size_t i = 0; i < files.count; i++) {
        struct pf_config *config = NULL;
        const enum pf_code code = pf_load_config(files.items[i], &config);
        if (code != PF_OK) {
            const int worse = exit_of(code);
            status = worse > status ? worse : status;
            continue;
        }
        pf_load_say_notes(config);
        pf_cliout_put_text(&out, pf_sv_from(files.items[i]));
        pf_buf_printf(&out, ": valid, %zu %s\n", config->class_count,
                      config->class_count == 1 ? "class" : "classes");
        pf_config_unref(config);
    }
    const int printed = pf_cliout_finish(&out);
    return printed != PF_COMMAND_OK ? printed : status;
}

static int run_show(int argc, char **argv)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_MAX_BYTES);
    struct pf_cliopt_strings files = {0};
    int status = PF_COMMAND_ERROR;
    const struct pf_cliopt_start start = {
        .argc = argc, .argv = argv, .arena = &arena, .ret_args = &files};
    if (!pf_cliopt_begin(&show_command, &start, &status)) {
        return status;
    }
    struct pf_config *config = NULL;
    const enum pf_code code = pf_load_config(files.count != 0 ? files.items[0] : NULL, &config);
    if (code != PF_OK) {
        return exit_of(code);
    }
    pf_autobuf struct pf_buf out = {0};
    pf_buf_init(&out, 16 * PF_CONFIG_MAX_BYTES);
    pf_config_show(config, &out);
    pf_config_unref(config);
    return pf_cliout_finish(&out);
}

/* What is made of the option tables alone. */
static int run_tables(const struct pf_cliopt_command *command, void (*put)(struct pf_buf *buf),
                      int argc, char **argv)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_MAX_BYTES);
    int status = PF_COMMAND_ERROR;
    const struct pf_cliopt_start start = {.argc = argc, .argv = argv, .arena = &arena};
    if (!pf_cliopt_begin(command, &start, &status)) {
        return status;
    }
    pf_autobuf struct pf_buf out = {0};
    pf_buf_init(&out, PF_CONFIG_MAX_BYTES);
    put(&out);
    return pf_cliout_finish(&out);
}

static int run_document(int argc, char **argv)
{
    return run_tables(&document_command, pf_config_document, argc, argv);
}

static int run_schema(int argc, char **argv)
{
    return run_tables(&schema_command, pf_config_schema, argc, argv);
}

static int run_explain(int argc, char **argv)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_MAX_BYTES);
    struct pf_cliopt_strings keys = {0};
    int status = PF_COMMAND_ERROR;
    const struct pf_cliopt_start start = {
        .argc = argc, .argv = argv, .arena = &arena, .ret_args = &keys};
    if (!pf_cliopt_begin(&explain_command, &start, &status)) {
        return status;
    }
    pf_autobuf struct pf_buf out = {0};
    pf_buf_init(&out, PF_CONFIG_MAX_BYTES);
    struct pf_err err = {0};
    const struct pf_sv key = keys.count != 0 ? pf_sv_from(keys.items[0]) : (struct pf_sv){0};
    enum pf_code code = pf_config_explain(key, &out, &err);
    code = code == PF_OK ? pf_cliout_flush(&out, &err) : code;
    if (code != PF_OK) {
        pf_cliout_error("%s", err.text);
        return code == PF_E_NOT_FOUND ? PF_COMMAND_NO : PF_COMMAND_ERROR;
    }
    return PF_COMMAND_OK;
}

static const struct pf_command commands[] = {
    {.name = "check",
     .also = "validate",
     .summary = "report every problem of a file",
     .options = &check_command,
     .run = run_check},
    {.name = "show",
     .also = "view",
     .summary = "print it with every default",
     .options = &show_command,
     .run = run_show},
    {.name = "explain",
     .summary = "say what a key does",
     .options = &explain_command,
     .run = run_explain},
    {.name = "migrate",
     .summary = "write the class that does what another program's settings do",
     .options = &pf_cmd_migrate_options,
     .run = pf_cmd_migrate_run},
    {.name = "document",
     .summary = "print a table of every key",
     .options = &document_command,
     .run = run_document},
    {.name = "schema",
     .summary = "print a JSON Schema for editors",
     .options = &schema_command,
     .run = run_schema},
};

const struct pf_command_group pf_cmd_config_group = {
    .name = "podfit config",
    .about = "Check, show and explain the webhook's configuration.",
    .commands = commands,
    .count = PF_ARRAY_LEN(commands),
    .examples = "  podfit config check podfit.yaml\n  podfit config show podfit.yaml",
};

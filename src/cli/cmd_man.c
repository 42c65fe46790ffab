#include "cmd.h"
#include "man.h"
#include <podfit/cliopt.h>
#include <podfit/cliout.h>
#include <podfit/command.h>
#include <podfit/file.h>

#define ARENA_MAX_BYTES ((size_t)1024 * 1024)
#define PAGE_MAX_BYTES  ((size_t)1024 * 1024)
#define PATH_MAX_BYTES  ((size_t)4096)
#define PAGE_MODE       0644

struct values {
    const char *folder;
};

static const struct pf_cliopt rows[] = {
    {PF_CLIOPT_TEXT(struct values, folder), .name = "folder", .value = "DIR",
     .help = "write every page into this folder, which must be there, as NAME.1"},
};

const struct pf_cliopt_command pf_cmd_man_options = {
    .name = "podfit man",
    .usage = "[OPTIONS] [COMMAND [SUBCOMMAND]]",
    .about =
        "Print the manual page of a command, or podfit's own, as roff. 'podfit help man' is the same.",
    .rows = rows,
    .count = PF_ARRAY_LEN(rows),
    .args_max = 2,
    .args_name = "COMMAND",
    .examples = "  podfit help man check | man -l -\n"
                "  podfit man --folder /usr/local/share/man/man1",
};

static enum pf_code find_page(const struct pf_cliopt_strings *words, struct pf_man_page *ret_page,
                              struct pf_err *err)
{
    struct pf_man_page page = {.group = &pf_command_program};
    for (size_t i = 0; i < words->count; i++) {
        if (page.command != NULL) {
            page.group = page.command->group;
        }
        page.command =
            page.group != NULL ? pf_command_find(page.group, pf_sv_from(words->items[i])) : NULL;
        if (page.command == NULL) {
            return pf_err_set(err, PF_E_NOT_FOUND, "unknown command '%s' (see 'podfit --help')",
                              words->items[i]);
        }
    }
    *ret_page = page;
    return PF_OK;
}

static enum pf_code write_page(const struct pf_man_page *page, const char *folder,
                               struct pf_err *err)
{
    pf_autobuf struct pf_buf path = {0};
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&path, PATH_MAX_BYTES);
    pf_buf_init(&text, PAGE_MAX_BYTES);
    pf_buf_printf(&path, "%s/", folder);
    pf_man_put_name(page, &path);
    pf_buf_append_cstr(&path, ".1");
    pf_man_put(page, &text);
    enum pf_code code = pf_buf_status(&path, err);
    code = code == PF_OK ? pf_buf_status(&text, err) : code;
    return code == PF_OK ? pf_file_write_atomic(path.data, pf_buf_view(&text), PAGE_MODE, err)
                         : code;
}

static enum pf_code write_group(const struct pf_command_group *group, const char *folder,
                                struct pf_err *err)
{
    enum pf_code code = PF_OK;
    for (size_t i = 0; i < group->count && code == PF_OK; i++) {
        const struct pf_man_page page = {.group = group, .command = &group->commands[i]};
        code = write_page(&page, folder, err);
    }
    return code;
}

/* Subcommands have no subcommands of their own. */
static enum pf_code write_all(const char *folder, struct pf_err *err)
{
    const struct pf_man_page program = {.group = &pf_command_program};
    enum pf_code code = write_page(&program, folder, err);
    code = code == PF_OK ? write_group(&pf_command_program, folder, err) : code;
    for (size_t i = 0; i < pf_command_program.count && code == PF_OK; i++) {
        const struct pf_command_group *group = pf_command_program.commands[i].group;
        code = group != NULL ? write_group(group, folder, err) : PF_OK;
    }
    return code;
}

static enum pf_code print_page(const struct pf_cliopt_strings *words, struct pf_err *err)
{
    struct pf_man_page page = {.group = NULL};
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, PAGE_MAX_BYTES);
    const enum pf_code code = find_page(words, &page, err);
    if (code != PF_OK) {
        return code;
    }
    pf_man_put(&page, &text);
    return pf_cliout_flush(&text, err);
}

int pf_cmd_man_run(int argc, char **argv)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_MAX_BYTES);
    struct values values = {.folder = NULL};
    struct pf_cliopt_strings words = {0};
    int status = PF_COMMAND_ERROR;
    const struct pf_cliopt_start start = {
        .argc = argc, .argv = argv, .arena = &arena, .values = &values, .ret_args = &words};
    if (!pf_cliopt_begin(&pf_cmd_man_options, &start, &status)) {
        return status;
    }
    if (values.folder != NULL && words.count != 0) {
        pf_cliout_error("option '--folder' writes every page; leave out '%s'", words.items[0]);
        return PF_COMMAND_ERROR;
    }
    struct pf_err err = {0};
    const enum pf_code code =
        values.folder != NULL ? write_all(values.folder, &err) : print_page(&words, &err);
    if (code != PF_OK) {
        pf_cliout_error("%s", err.text);
        return PF_COMMAND_ERROR;
    }
    return PF_COMMAND_OK;
}

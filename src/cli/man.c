#include "man.h"

#include <podfit/cliopt.h>

/** A name and what it is for. */
struct entry {
    const char *name;
    const char *text;
};

static const struct entry environment[] = {
    {"KUBECONFIG", "list of kubeconfig files, as for kubectl"},
    {"KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT",
     "set in a pod: its cluster is followed, with its service account"},
    {"HTTPS_PROXY, NO_PROXY", "proxy to an API server that is not on this machine"},
    {"NO_COLOR", "when set, no colours on a terminal"},
    {"PF_LOG", "log level of podfit serve, also by module: server=debug,tls=info"},
};

static const struct entry exit_statuses[] = {
    {"0", "done; podfit check: every pod fits"},
    {"1", "done, and the answer is no: a pod does not fit, a file is not valid"},
    {"2", "usage, files, network, memory"},
};

/* What roff would read as something else: its escape, its control characters at the start of a line, and the signs it makes typographic. */
static void put_char(char c, bool begins_line, struct pf_buf *buf)
{
    static const struct {
        char c;
        const char *roff;
    } signs[] = {{'\\', "\\e"},  {'-', "\\-"},   {'\'', "\\(aq"},
                 {'`', "\\(ga"}, {'^', "\\(ha"}, {'~', "\\(ti"}};
    for (size_t i = 0; i < PF_ARRAY_LEN(signs); i++) {
        if (signs[i].c == c) {
            pf_buf_append_cstr(buf, signs[i].roff);
            return;
        }
    }
    if (begins_line && c == '.') {
        pf_buf_append_cstr(buf, "\\&");
    }
    pf_buf_append_char(buf, c);
}

static void put_text(const char *text, struct pf_buf *buf)
{
    for (const char *p = text; *p != '\0'; p++) {
        put_char(*p, p == text || p[-1] == '\n', buf);
    }
}

/* Lines as they are; a paragraph's blank line is a request, since roff frowns on empty lines. */
static void put_lines(const char *text, struct pf_buf *buf)
{
    pf_buf_append_cstr(buf, ".nf\n");
    for (const char *p = text; *p != '\0'; p++) {
        if (p[0] == '\n' && p[1] == '\n') {
            pf_buf_append_cstr(buf, "\n.sp\n");
            p++;
        } else {
            put_char(*p, p == text || p[-1] == '\n', buf);
        }
    }
    pf_buf_append_cstr(buf, "\n.fi\n");
}

static void put_section(const char *title, const char *lines, struct pf_buf *buf)
{
    if (lines != NULL) {
        pf_buf_printf(buf, ".SH %s\n", title);
        put_lines(lines, buf);
    }
}

static void put_entry(const char *name, const char *text, struct pf_buf *buf)
{
    pf_buf_append_cstr(buf, ".TP\n.B ");
    put_text(name, buf);
    pf_buf_append_char(buf, '\n');
    put_text(text, buf);
    pf_buf_append_char(buf, '\n');
}

static void put_entries(const char *title, const struct entry *entries, size_t count,
                        struct pf_buf *buf)
{
    pf_buf_printf(buf, ".SH %s\n", title);
    for (size_t i = 0; i < count; i++) {
        put_entry(entries[i].name, entries[i].text, buf);
    }
}

static void put_option(const struct pf_cliopt *row, struct pf_buf *buf)
{
    pf_buf_append_cstr(buf, ".TP\n");
    if (row->letter != 0) {
        pf_buf_printf(buf, "\\fB\\-%c\\fR, ", row->letter);
    }
    pf_buf_append_cstr(buf, "\\fB\\-\\-");
    put_text(row->name, buf);
    pf_buf_append_cstr(buf, "\\fR");
    if (row->type != PF_CLIOPT_FLAG) {
        pf_buf_append_cstr(buf, " \\fI");
        put_text(row->value != NULL ? row->value : "VALUE", buf);
        pf_buf_append_cstr(buf, "\\fR");
    }
    pf_autobuf struct pf_buf sentence = {0};
    pf_buf_init(&sentence, 4096);
    pf_cliopt_help_sentence(row, &sentence);
    pf_buf_append_char(buf, '\n');
    put_text(sentence.data != NULL ? sentence.data : "", buf);
    pf_buf_append_char(buf, '\n');
}

static void put_options(const struct pf_cliopt_command *command, struct pf_buf *buf)
{
    static const struct pf_cliopt help_row = {
        .name = "help", .letter = 'h', .type = PF_CLIOPT_FLAG, .help = "print a summary of this"};
    pf_buf_append_cstr(buf, ".SH OPTIONS\n");
    for (size_t i = 0; i < command->count; i++) {
        put_option(&command->rows[i], buf);
    }
    put_option(&help_row, buf);
}

static const struct pf_command_group *group_of(const struct pf_man_page *page)
{
    return page->command != NULL ? page->command->group : page->group;
}

/* `podfit certs create` */
static const char *full_name(const struct pf_man_page *page)
{
    const struct pf_command_group *group = group_of(page);
    return group != NULL ? group->name : page->command->options->name;
}

static void put_dashed(const char *name, bool capitals, struct pf_buf *buf)
{
    static const char small[] = "abcdefghijklmnopqrstuvwxyz";
    static const char large[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (const char *p = name; *p != '\0'; p++) {
        const char *letter = capitals ? strchr(small, *p) : NULL;
        if (letter != NULL) {
            pf_buf_append_char(buf, large[letter - small]);
        } else {
            pf_buf_append_cstr(buf, *p == ' ' ? "-" : (char[]){*p, '\0'});
        }
    }
}

void pf_man_put_name(const struct pf_man_page *page, struct pf_buf *buf)
{
    put_dashed(full_name(page), /* capitals= */ false, buf);
}

static void put_head(const struct pf_man_page *page, struct pf_buf *buf)
{
    const char *summary =
        page->command != NULL
            ? page->command->summary
            : "rewrite the requests of pods, and say whether a node can take them";
    pf_buf_append_cstr(buf, ".TH ");
    put_dashed(full_name(page), /* capitals= */ true, buf);
    pf_buf_printf(buf, " 1 \"%s\" \"podfit %s\" \"podfit manual\"\n.nh\n.ad l\n.SH NAME\n",
                  PF_RELEASE_DATE, PF_VERSION);
    pf_man_put_name(page, buf);
    pf_buf_append_cstr(buf, " \\- ");
    put_text(summary, buf);
    pf_buf_append_cstr(buf, "\n.SH SYNOPSIS\n.B ");
    put_text(full_name(page), buf);
    pf_buf_append_char(buf, '\n');
}

static void put_reference(const char *name, const char *end, struct pf_buf *buf)
{
    pf_buf_append_cstr(buf, ".BR ");
    put_dashed(name, /* capitals= */ false, buf);
    pf_buf_printf(buf, " (1)%s\n", end);
}

static void put_group(const struct pf_command_group *group, struct pf_buf *buf)
{
    pf_buf_append_cstr(buf, ".I COMMAND\n[\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n");
    put_text(group->about, buf);
    pf_buf_append_cstr(buf, "\n.SH COMMANDS\n");
    for (size_t i = 0; i < group->count; i++) {
        put_entry(group->commands[i].name, group->commands[i].summary, buf);
    }
}

static void put_command(const struct pf_cliopt_command *command, struct pf_buf *buf)
{
    put_text(command->usage, buf);
    pf_buf_append_cstr(buf,
                       command->usage[0] != '\0' ? "\n.SH DESCRIPTION\n" : ".SH DESCRIPTION\n");
    put_text(command->about, buf);
    pf_buf_append_char(buf, '\n');
    put_options(command, buf);
    put_section("NOTES", command->notes, buf);
}

static void put_see_also(const struct pf_man_page *page, struct pf_buf *buf)
{
    const struct pf_command_group *group = group_of(page);
    pf_buf_append_cstr(buf, ".SH SEE ALSO\n");
    for (size_t i = 0; group != NULL && i < group->count; i++) {
        const struct pf_man_page below = {.group = group, .command = &group->commands[i]};
        put_reference(full_name(&below), i + 1 < group->count || page->command != NULL ? "," : "",
                      buf);
    }
    if (group == NULL && page->group != &pf_command_program) {
        put_reference(page->group->name, ",", buf);
    }
    if (page->command != NULL) {
        put_reference(pf_command_program.name, "", buf);
    }
}

void pf_man_put(const struct pf_man_page *page, struct pf_buf *buf)
{
    const struct pf_command_group *group = group_of(page);
    put_head(page, buf);
    if (group != NULL) {
        put_group(group, buf);
    } else {
        put_command(page->command->options, buf);
    }
    if (page->command == NULL) {
        put_entries("EXIT STATUS", exit_statuses, PF_ARRAY_LEN(exit_statuses), buf);
        put_entries("ENVIRONMENT", environment, PF_ARRAY_LEN(environment), buf);
    }
    put_section("EXAMPLES", group != NULL ? group->examples : page->command->options->examples,
                buf);
    put_see_also(page, buf);
}

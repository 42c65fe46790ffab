#include <stdio.h>

#include <podfit/cliopt.h>

#define HELP_COLUMN  30
#define HELP_COLUMNS 100

static void put_spaces(struct pf_buf *buf, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pf_buf_append_char(buf, ' ');
    }
}

/* Words of @p text from column @p at, wrapped, continued at HELP_COLUMN. */
static void put_wrapped(struct pf_buf *buf, size_t at, struct pf_sv text)
{
    size_t column = at;
    while (text.len != 0) {
        const size_t space = pf_sv_find(text, PF_SV(" "));
        const size_t word = space == SIZE_MAX ? text.len : space;
        if (column + 1 + word > HELP_COLUMNS) {
            pf_buf_append_char(buf, '\n');
            put_spaces(buf, HELP_COLUMN);
            column = HELP_COLUMN;
        } else if (column != at) {
            pf_buf_append_char(buf, ' ');
            column++;
        }
        pf_buf_append(buf, text.ptr, word);
        column += word;
        const size_t used = space == SIZE_MAX ? word : word + 1;
        text = (struct pf_sv){.ptr = text.ptr + used, .len = text.len - used};
    }
    pf_buf_append_char(buf, '\n');
}

void pf_cliopt_help_sentence(const struct pf_cliopt *row, struct pf_buf *text)
{
    pf_buf_append_cstr(text, row->help);
    if (row->choices != NULL) {
        pf_buf_append_cstr(text, ": ");
        for (size_t i = 0; row->choices[i] != NULL; i++) {
            pf_buf_printf(text, "%s%s", i != 0 ? ", " : "", row->choices[i]);
        }
    }
    if (row->fallback != NULL) {
        pf_buf_printf(text, " (default: %s)", row->fallback);
    }
    if (row->type == PF_CLIOPT_STRINGS) {
        pf_buf_append_cstr(text, " (repeatable)");
    }
}

static void put_row(const struct pf_cliopt *row, struct pf_buf *buf)
{
    char head[128];
    char letter[8] = "    ";
    if (row->letter != 0) {
        (void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
    }
    const char *value = row->value != NULL ? row->value : "VALUE";
    const bool flag = row->type == PF_CLIOPT_FLAG;
    (void)snprintf(head, sizeof(head), "  %s--%s%s%s", letter, row->name, flag ? "" : " ",
                   flag ? "" : value);
    const size_t len = strlen(head);
    pf_buf_append_cstr(buf, head);
    if (len + 2 > HELP_COLUMN) {
        pf_buf_append_char(buf, '\n');
        put_spaces(buf, HELP_COLUMN);
    } else {
        put_spaces(buf, HELP_COLUMN - len);
    }
    pf_autobuf struct pf_buf sentence = {0};
    pf_buf_init(&sentence, 4096);
    pf_cliopt_help_sentence(row, &sentence);
    put_wrapped(buf, HELP_COLUMN, pf_buf_view(&sentence));
}

void pf_cliopt_help(const struct pf_cliopt_command *command, struct pf_buf *buf)
{
    static const struct pf_cliopt help_row = {
        .name = "help", .letter = 'h', .type = PF_CLIOPT_FLAG, .help = "print this"};
    pf_buf_printf(buf, "Usage: %s %s\n\n%s\n\nOptions:\n", command->name, command->usage,
                  command->about);
    for (size_t i = 0; i < command->count; i++) {
        put_row(&command->rows[i], buf);
    }
    put_row(&help_row, buf);
    if (command->notes != NULL) {
        pf_buf_printf(buf, "\n%s\n", command->notes);
    }
    pf_buf_printf(buf, "\nExamples:\n%s\n", command->examples);
}

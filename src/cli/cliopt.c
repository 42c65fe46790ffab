#include <podfit/cliopt.h>
#include <podfit/cliout.h>
#include <podfit/command.h>
#include <podfit/duration.h>
#include <podfit/problems.h>

#define HELP_MAX_BYTES ((size_t)64 * 1024)
#define DAY_MS         INT64_C(86400000)

struct parser {
    const struct pf_cliopt_command *command;
    struct pf_arena *arena;
    void *values;
    struct pf_cliopt_strings args;
    uint64_t seen; /* bit per row; tables are shorter than 64 */
    struct pf_err *err;
};

static const char *option_name(const void *opaque, size_t i)
{
    const struct pf_cliopt_command *command = opaque;
    /* help is every command's last option */
    return i < command->count ? command->rows[i].name : i == command->count ? "help" : NULL;
}

static const char *choice_name(const void *opaque, size_t i)
{
    return ((const char *const *)opaque)[i];
}

static void *member(const struct parser *p, const struct pf_cliopt *row)
{
    return (char *)p->values + row->offset;
}

/* `90d` beside what config/duration reads */
static bool parse_duration(struct pf_sv text, int64_t *ret_ms)
{
    int64_t days = 0;
    if (text.len > 1 && text.ptr[text.len - 1] == 'd') {
        const struct pf_sv digits = {.ptr = text.ptr, .len = text.len - 1};
        return pf_sv_to_i64(digits, &days) && !__builtin_mul_overflow(days, DAY_MS, ret_ms);
    }
    return pf_duration_parse(text, ret_ms);
}

static enum pf_code set_number(const struct parser *p, const struct pf_cliopt *row,
                               const char *text)
{
    const bool duration = row->type == PF_CLIOPT_DURATION;
    int64_t value = 0;
    const bool ok = duration ? parse_duration(pf_sv_from(text), &value)
                             : pf_sv_to_i64(pf_sv_from(text), &value);
    if (!ok) {
        return pf_err_set(p->err, PF_E_INVALID, "option '--%s': '%s' is not %s", row->name, text,
                          duration ? "a duration such as '90d', '1h30m' or '250ms'" : "a number");
    }
    if (value < row->min || value > row->max) {
        char from[PF_DURATION_TEXT_BYTES];
        char to[PF_DURATION_TEXT_BYTES];
        if (!duration) {
            return pf_err_set(p->err, PF_E_RANGE, "option '--%s': '%s' is not within %lld to %lld",
                              row->name, text, (long long)row->min, (long long)row->max);
        }
        pf_duration_format(row->min, from);
        pf_duration_format(row->max, to);
        return pf_err_set(p->err, PF_E_RANGE, "option '--%s': '%s' is not within %s to %s",
                          row->name, text, from, to);
    }
    *(int64_t *)member(p, row) = value;
    return PF_OK;
}

static enum pf_code set_choice(const struct parser *p, const struct pf_cliopt *row,
                               const char *text)
{
    char allowed[256] = "";
    size_t len = 0;
    for (int i = 0; row->choices[i] != NULL; i++) {
        if (strcmp(row->choices[i], text) == 0) {
            *(int *)member(p, row) = i;
            return PF_OK;
        }
        const size_t bytes = strlen(row->choices[i]);
        if (len + bytes + 3 < sizeof(allowed)) {
            memcpy(allowed + len, i == 0 ? "" : ", ", i == 0 ? 0 : 2);
            len += i == 0 ? 0 : 2;
            memcpy(allowed + len, row->choices[i], bytes + 1);
            len += bytes;
        }
    }
    const char *near = pf_problems_nearest(pf_sv_from(text), choice_name, row->choices);
    return pf_err_set(p->err, PF_E_INVALID, "option '--%s': '%s' is not one of %s%s%s%s", row->name,
                      text, allowed, near != NULL ? "; did you mean '" : "",
                      near != NULL ? near : "", near != NULL ? "'?" : "");
}

static enum pf_code append(struct parser *p, struct pf_cliopt_strings *list, const char *text)
{
    const bool full = list->count == 0 || (list->count & (list->count - 1)) == 0;
    if (full) {
        const char **items =
            pf_arena_calloc(p->arena, list->count != 0 ? list->count * 2 : 1, sizeof(*items));
        if (items == NULL) {
            return pf_err_set(p->err, PF_E_NO_MEMORY, "out of memory");
        }
        for (size_t i = 0; i < list->count; i++) {
            items[i] = list->items[i];
        }
        list->items = items;
    }
    list->items[list->count++] = text;
    return PF_OK;
}

static enum pf_code set_flag(const struct parser *p, const struct pf_cliopt *row, const char *text)
{
    const bool on = strcmp(text, "true") == 0;
    if (!on && strcmp(text, "false") != 0) {
        return pf_err_set(p->err, PF_E_INVALID, "option '--%s': '%s' is not true or false",
                          row->name, text);
    }
    *(bool *)member(p, row) = on;
    return PF_OK;
}

static enum pf_code set_value(struct parser *p, const struct pf_cliopt *row, const char *text)
{
    if (text[0] == '\0') {
        return pf_err_set(p->err, PF_E_INVALID, "option '--%s': the value is empty, a %s is needed",
                          row->name, row->value != NULL ? row->value : "value");
    }
    switch (row->type) {
    case PF_CLIOPT_FLAG:
        return set_flag(p, row, text);
    case PF_CLIOPT_STRING:
        *(const char **)member(p, row) = text;
        return PF_OK;
    case PF_CLIOPT_STRINGS:
        return append(p, member(p, row), text);
    case PF_CLIOPT_ENUM:
        return set_choice(p, row, text);
    case PF_CLIOPT_INT:
    case PF_CLIOPT_DURATION:
        return set_number(p, row, text);
    }
    return PF_OK;
}

static enum pf_code set_fallbacks(struct parser *p)
{
    for (size_t i = 0; i < p->command->count; i++) {
        const struct pf_cliopt *row = &p->command->rows[i];
        if (row->type == PF_CLIOPT_STRINGS) {
            *(struct pf_cliopt_strings *)member(p, row) = (struct pf_cliopt_strings){0};
        }
        const enum pf_code code = row->fallback != NULL ? set_value(p, row, row->fallback) : PF_OK;
        if (code != PF_OK) {
            return code;
        }
    }
    return PF_OK;
}

static enum pf_code unknown_option(const struct parser *p, struct pf_sv name, bool is_long)
{
    const char *near = is_long ? pf_problems_nearest(name, option_name, p->command) : NULL;
    const char *dashes = is_long ? "--" : "-";
    if (near != NULL) {
        return pf_err_set(p->err, PF_E_INVALID, "unknown option '%s%.*s', did you mean '--%s'?",
                          dashes, PF_SV_ARG(name), near);
    }
    return pf_err_set(p->err, PF_E_INVALID, "unknown option '%s%.*s'", dashes, PF_SV_ARG(name));
}

static enum pf_code set_option(struct parser *p, size_t index, const char *text)
{
    const struct pf_cliopt *row = &p->command->rows[index];
    const uint64_t bit = UINT64_C(1) << index;
    if ((p->seen & bit) != 0 && row->type != PF_CLIOPT_STRINGS) {
        return pf_err_set(p->err, PF_E_INVALID, "option '--%s' is given twice", row->name);
    }
    p->seen |= bit;
    return set_value(p, row, text);
}

/* One word that is an option, taken apart. */
struct word {
    bool is_long;
    struct pf_sv name;
    const char *attached; /* value in the same word, or NULL */
};

static struct word take_apart(const char *text)
{
    struct word word = {.is_long = text[1] == '-'};
    const char *name = text + (word.is_long ? 2 : 1);
    const char *equals = word.is_long ? strchr(name, '=') : NULL;
    word.name = (struct pf_sv){.ptr = name, .len = 1};
    if (word.is_long) {
        word.name.len = equals != NULL ? (size_t)(equals - name) : strlen(name);
        word.attached = equals != NULL ? equals + 1 : NULL;
    } else if (name[1] != '\0') {
        word.attached = name + 1;
    }
    return word;
}

/* @return index of the row, or command->count */
static size_t find_row(const struct pf_cliopt_command *command, const struct word *word)
{
    for (size_t i = 0; i < command->count; i++) {
        const struct pf_cliopt *row = &command->rows[i];
        const bool hit = word->is_long ? pf_sv_eq_cstr(word->name, row->name)
                                       : row->letter != 0 && row->letter == word->name.ptr[0];
        if (hit) {
            return i;
        }
    }
    return command->count;
}

/* One option at argv[*at]; *at is left on its last word. */
static enum pf_code parse_option(struct parser *p, int argc, char *const *argv, int *at)
{
    const struct word word = take_apart(argv[*at]);
    const size_t index = find_row(p->command, &word);
    if (index == p->command->count) {
        return unknown_option(p, word.name, word.is_long);
    }
    const struct pf_cliopt *row = &p->command->rows[index];
    if (word.attached != NULL) {
        return set_option(p, index, word.attached);
    }
    if (row->type == PF_CLIOPT_FLAG) {
        return set_option(p, index, "true");
    }
    if (*at + 1 >= argc) {
        return pf_err_set(p->err, PF_E_INVALID, "option '--%s' needs a value: %s", row->name,
                          row->value != NULL ? row->value : "VALUE");
    }
    *at += 1;
    return set_option(p, index, argv[*at]);
}

/* `SHELL is missing`, and what it may be. */
static enum pf_code missing_argument(const struct parser *p)
{
    const struct pf_cliopt_command *command = p->command;
    pf_autobuf struct pf_buf choices = {0};
    pf_buf_init(&choices, PF_ERR_TEXT_BYTES);
    for (size_t i = 0; command->args_choices != NULL && command->args_choices[i] != NULL; i++) {
        pf_buf_printf(&choices, "%s%s", i != 0 ? ", " : ", allowed: ", command->args_choices[i]);
    }
    return pf_err_set(p->err, PF_E_INVALID, "%s is missing%s", command->args_name,
                      choices.len != 0 ? choices.data : "");
}

/* Commands that take a file by option and nothing else: kubectl's users expect `-f`, others none. */
static bool takes_file_by_option(const struct pf_cliopt_command *command)
{
    for (size_t i = 0; i < command->count; i++) {
        if (command->rows[i].letter == 'f') {
            return command->args_max == 0;
        }
    }
    return false;
}

static enum pf_code check_count(const struct parser *p)
{
    const struct pf_cliopt_command *command = p->command;
    if (p->args.count < command->args_min) {
        return missing_argument(p);
    }
    if (p->args.count > command->args_max && takes_file_by_option(command)) {
        return pf_err_set(p->err, PF_E_INVALID, "superfluous argument '%s', did you mean '-f %s'?",
                          p->args.items[0], p->args.items[0]);
    }
    if (p->args.count > command->args_max) {
        return pf_err_set(p->err, PF_E_INVALID, "superfluous argument '%s'",
                          p->args.items[command->args_max]);
    }
    return PF_OK;
}

/* Is --help or -h among the words before `--`? Asked first: help must not depend on the rest being right. */
static bool asks_help(int argc, char *const *argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

enum pf_code pf_cliopt_parse(const struct pf_cliopt_command *command,
                             const struct pf_cliopt_start *start, bool *ret_help,
                             struct pf_err *err)
{
    struct parser p = {
        .command = command, .arena = start->arena, .values = start->values, .err = err};
    const int argc = start->argc;
    char *const *argv = start->argv;
    if (asks_help(argc, argv)) {
        *ret_help = true;
        return PF_OK;
    }
    enum pf_code code = set_fallbacks(&p);
    bool options = true;
    for (int i = 1; i < argc && code == PF_OK; i++) {
        const bool dashed = argv[i][0] == '-' && argv[i][1] != '\0';
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
        } else if (options && dashed) {
            code = parse_option(&p, argc, argv, &i);
        } else {
            code = append(&p, &p.args, argv[i]);
        }
    }
    code = code == PF_OK ? check_count(&p) : code;
    if (code != PF_OK) {
        return code;
    }
    *ret_help = false;
    if (start->ret_args != NULL) {
        *start->ret_args = p.args;
    }
    return PF_OK;
}

bool pf_cliopt_begin(const struct pf_cliopt_command *command, const struct pf_cliopt_start *start,
                     int *ret_exit)
{
    struct pf_err err = {0};
    bool help = false;
    if (pf_cliopt_parse(command, start, &help, &err) != PF_OK) {
        pf_cliout_error("%s (see '%s --help')", err.text, command->name);
        *ret_exit = PF_COMMAND_ERROR;
        return false;
    }
    if (!help) {
        return true;
    }
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, HELP_MAX_BYTES);
    pf_cliopt_help(command, &buf);
    *ret_exit = pf_cliout_finish(&buf);
    return false;
}

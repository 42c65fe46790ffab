#include "complete.h"

#include "cmd.h"
#include <podfit/cliopt.h>

/** Where the words before the last one lead. */
struct place {
    const struct pf_command_group *group;    /**< its commands are asked for; or NULL */
    const struct pf_cliopt_command *options; /**< of the command that was named; or NULL */
    char *const *words;                      /**< those behind the command's name */
    size_t count;
    const struct pf_cliopt *pending; /**< the option whose value is asked for; or NULL */
    bool arguments_only;             /**< `--` was there */
    struct pf_sv prefix;             /**< what is there of the word */
    struct pf_sv head;               /**< what candidates begin with: `--output=`, `-o` */
    struct pf_buf *buf;
};

/* Sentences are one line and have no tab: they are ours. */
static void put_candidate(const struct place *place, const char *dashes, const char *name,
                          const char *sentence)
{
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, 256);
    pf_buf_append_cstr(&text, dashes);
    pf_buf_append_cstr(&text, name);
    if (pf_sv_starts_with(pf_buf_view(&text), place->prefix)) {
        pf_buf_append_sv(place->buf, place->head);
        pf_buf_append_sv(place->buf, pf_buf_view(&text));
        pf_buf_printf(place->buf, "\t%s\n", sentence);
    }
}

static void put_choices(const struct place *place, const char *const *choices)
{
    for (size_t i = 0; choices[i] != NULL; i++) {
        put_candidate(place, "", choices[i], "");
    }
}

static void put_commands(const struct place *place)
{
    const struct pf_command_group *group = place->group;
    for (size_t i = 0; i < group->count; i++) {
        put_candidate(place, "", group->commands[i].name, group->commands[i].summary);
    }
    put_candidate(place, "", "help", "help on a command");
    if (place->prefix.len != 0 && place->prefix.ptr[0] == '-') {
        put_candidate(place, "--", "help", "print help");
    }
}

/* `FILE`, `DIR`, `FILE...` */
static enum pf_complete_directive names_of(const char *value)
{
    const struct pf_sv name = pf_sv_from(value);
    if (pf_sv_starts_with(name, PF_SV("FILE"))) {
        return PF_COMPLETE_FILES;
    }
    return pf_sv_starts_with(name, PF_SV("DIR")) ? PF_COMPLETE_FOLDERS : PF_COMPLETE_NO_FILES;
}

static enum pf_complete_directive put_value(const struct place *place, const struct pf_cliopt *row)
{
    static const char *const booleans[] = {"true", "false", NULL};
    if (row->type == PF_CLIOPT_FLAG) {
        put_choices(place, booleans);
        return PF_COMPLETE_NO_FILES;
    }
    if (row->choices != NULL) {
        put_choices(place, row->choices);
        return PF_COMPLETE_NO_FILES;
    }
    return names_of(row->value);
}

/* `--name`, `--name=...` or, with its letter, `-n`, `-nVALUE` */
static bool names(const char *word, const struct pf_cliopt *row)
{
    struct pf_sv text = pf_sv_from(word);
    if (text.len < 2 || text.ptr[0] != '-') {
        return false;
    }
    if (text.ptr[1] != '-') {
        return row->letter != 0 && text.ptr[1] == row->letter;
    }
    const size_t equals = pf_sv_find(text, PF_SV("="));
    text.len = equals == SIZE_MAX ? text.len : equals;
    return pf_sv_eq_cstr((struct pf_sv){.ptr = text.ptr + 2, .len = text.len - 2}, row->name);
}

static const struct pf_cliopt *find_row(const struct pf_cliopt_command *command, const char *word)
{
    for (size_t i = 0; i < command->count; i++) {
        if (names(word, &command->rows[i])) {
            return &command->rows[i];
        }
    }
    return NULL;
}

/* Most options may be given once; those that were are not offered again. */
static bool is_spent(const struct place *place, const struct pf_cliopt *row)
{
    bool given = false;
    for (size_t i = 0; i + 1 < place->count && !given; i++) {
        given = names(place->words[i], row);
    }
    return given && row->type != PF_CLIOPT_STRINGS;
}

static void put_options(const struct place *place)
{
    for (size_t i = 0; i < place->options->count; i++) {
        const struct pf_cliopt *row = &place->options->rows[i];
        if (!is_spent(place, row)) {
            put_candidate(place, "--", row->name, row->help);
        }
    }
    put_candidate(place, "--", "help", "print help");
}

/* A value is attached when something follows `--name=` or the letter; a flag takes none in the next word. */
static bool wants_next(const struct pf_cliopt *row, const char *word)
{
    const bool is_long = word[1] == '-';
    const bool attached = is_long ? strchr(word, '=') != NULL : word[2] != '\0';
    return row->type != PF_CLIOPT_FLAG && !attached;
}

/* Go over the words before the last one. */
static void read_options(struct place *place)
{
    for (size_t i = 0; i + 1 < place->count && !place->arguments_only; i++) {
        const char *word = place->words[i];
        const struct pf_cliopt *row = find_row(place->options, word);
        place->pending = NULL;
        if (strcmp(word, "--") == 0) {
            place->arguments_only = true;
        } else if (row != NULL && wants_next(row, word)) {
            i++;
            place->pending = i + 1 == place->count ? row : NULL;
        }
    }
}

/* `--output=ta` and `-ota`: the value is a part of the word. @return its option, or NULL */
static const struct pf_cliopt *split_last(struct place *place)
{
    const struct pf_sv word = place->prefix;
    const size_t equals = pf_sv_find(word, PF_SV("="));
    const bool dashed = word.len > 2 && word.ptr[0] == '-' && !place->arguments_only;
    const bool is_long = dashed && word.ptr[1] == '-';
    if (!dashed || (is_long && equals == SIZE_MAX)) {
        return NULL;
    }
    const struct pf_cliopt *row = find_row(place->options, word.ptr);
    if (row == NULL || (!is_long && row->type == PF_CLIOPT_FLAG)) {
        return NULL;
    }
    place->head.ptr = word.ptr;
    place->head.len = is_long ? equals + 1 : 2;
    place->prefix.ptr = word.ptr + place->head.len;
    place->prefix.len = word.len - place->head.len;
    return row;
}

static void visit_candidate(void *opaque, const char *choice, const char *sentence)
{
    put_candidate(opaque, "", choice, sentence);
}

static enum pf_complete_directive put_arguments(const struct place *place)
{
    if (place->options->args_each != NULL) {
        struct place copy = *place;
        place->options->args_each(visit_candidate, &copy);
        return PF_COMPLETE_NO_FILES;
    }
    if (place->options->args_choices != NULL) {
        put_choices(place, place->options->args_choices);
        return PF_COMPLETE_NO_FILES;
    }
    return place->options->args_name != NULL ? names_of(place->options->args_name)
                                             : PF_COMPLETE_NO_FILES;
}

static enum pf_complete_directive put_for_command(struct place *place)
{
    read_options(place);
    if (place->pending != NULL) {
        return put_value(place, place->pending);
    }
    const struct pf_cliopt *row = split_last(place);
    if (row != NULL) {
        return put_value(place, row);
    }
    if (place->prefix.len != 0 && place->prefix.ptr[0] == '-' && !place->arguments_only) {
        put_options(place);
        return PF_COMPLETE_NO_FILES;
    }
    return put_arguments(place);
}

/* Follow the names of commands; after `help` only names lead on. */
static void walk(struct place *place, const struct pf_command_group *program)
{
    bool helping = false;
    place->group = program;
    while (place->count > 1 && place->group != NULL) {
        const struct pf_sv word = pf_sv_from(place->words[0]);
        const struct pf_command *command = pf_command_find(place->group, word);
        const bool help = pf_sv_eq(word, PF_SV("help"));
        helping = helping || help;
        place->words++;
        place->count--;
        if (help || (helping && command != NULL && command->options == &pf_cmd_man_options)) {
            continue;
        }
        place->group = command != NULL ? command->group : NULL;
        place->options = command != NULL && !helping ? command->options : NULL;
    }
}

void pf_complete_put(const struct pf_command_group *program, char *const *words, size_t count,
                     struct pf_buf *buf)
{
    enum pf_complete_directive directive = PF_COMPLETE_NO_FILES;
    struct place place = {.words = words, .count = count, .buf = buf};
    place.prefix = count != 0 ? pf_sv_from(words[count - 1]) : PF_SV("");
    walk(&place, program);
    if (place.group != NULL) {
        put_commands(&place);
    } else if (place.options != NULL) {
        directive = put_for_command(&place);
    }
    pf_buf_printf(buf, ":%d\n", (int)directive);
}

#include <stdlib.h>

#include "complete.h"
#include "plan_options.h"
#include <podfit/address.h>
#include <podfit/cliopt.h>
#include <podfit/config.h>
#include <podfit/log.h>
#include <podfit/pathtoken.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MAX 32

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Words are lines; NUL cannot be in them. @return how many */
static int split(struct pf_sv text, struct pf_arena *arena, char *words[WORDS_MAX + 1])
{
    int count = 0;
    size_t begin = 0;
    for (size_t i = 0; i <= text.len && count < WORDS_MAX; i++) {
        if (i == text.len || text.ptr[i] == '\n' || text.ptr[i] == '\0') {
            const struct pf_sv word = {.ptr = text.ptr + begin, .len = i - begin};
            words[count] = pf_arena_dup(arena, word);
            demand(words[count] != NULL);
            count++;
            begin = i + 1;
        }
    }
    words[count] = NULL;
    return count;
}

/* An answer is lines of candidate and sentence, and a directive. */
static void complete(char *const *words, int count)
{
    pf_autobuf struct pf_buf answer = {0};
    pf_buf_init(&answer, (size_t)1 << 20);
    pf_complete_put(&pf_command_program, words, (size_t)count, &answer);
    demand(answer.failed == PF_OK && answer.len >= 3);
    demand(answer.data[answer.len - 1] == '\n');
    const struct pf_sv text = pf_buf_view(&answer);
    demand(pf_sv_find(text, PF_SV(":0\n")) != SIZE_MAX ||
           pf_sv_find(text, PF_SV(":4\n")) != SIZE_MAX ||
           pf_sv_find(text, PF_SV(":16\n")) != SIZE_MAX);
}

/* The command with the most options, with every type of them. */
static void parse_options(char *const *words, int count, struct pf_arena *arena)
{
    struct pf_plan_options values = {.nodes = {.count = 0}};
    struct pf_cliopt_strings args = {0};
    const struct pf_cliopt_start start = {
        .argc = count, .argv = words, .arena = arena, .values = &values, .ret_args = &args};
    bool help = false;
    struct pf_err err = {0};
    const enum pf_code code = pf_cliopt_parse(&pf_plan_options_command, &start, &help, &err);
    demand(code == PF_OK || err.text[0] != '\0');
    demand(pf_sv_find(pf_sv_from(err.text), PF_SV("\n")) == SIZE_MAX);
}

/* Values that are not read by the option tables alone: --listen, PF_LOG, --path-token-file, the key of `config explain`. */
static void parse_values(struct pf_sv word)
{
    struct pf_address address;
    char text[PF_ADDRESS_TEXT_BYTES];
    if (pf_address_parse(word, &address, NULL) == PF_OK) {
        struct pf_address again;
        pf_address_format(&address, text);
        demand(pf_address_parse(pf_sv_from(text), &again, NULL) == PF_OK);
        demand(pf_address_port(&again) == pf_address_port(&address));
    }
    struct pf_pathtoken token;
    pf_pathtoken_init(&token);
    if (pf_pathtoken_set(&token, word, NULL) == PF_OK) {
        demand(!pf_pathtoken_matches(&token, PF_SV("/mutate")));
    }
    pf_pathtoken_done(&token);
    pf_autobuf struct pf_buf said = {0};
    pf_buf_init(&said, (size_t)1 << 20);
    struct pf_err err = {0};
    demand(pf_config_explain(word, &said, &err) == PF_OK || err.code == PF_E_NOT_FOUND);
}

/** What the command line and the environment say, a word a line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pf_sv text = {.ptr = (const char *)data, .len = size};
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, (size_t)16 << 20);
    char *words[WORDS_MAX + 1];
    const int count = split(text, &arena, words);
    complete(words, count);
    parse_options(words, count, &arena);
    struct pf_err err = {0};
    demand(pf_log_configure(words[0], /* json= */ true, &err) == PF_OK || err.text[0] != '\0');
    parse_values(pf_sv_from(words[0]));
    return 0;
}

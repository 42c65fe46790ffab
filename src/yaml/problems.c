#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include <podfit/problems.h>

/* longest text of one problem: a path, a value and a sentence */
#define TEXT_MAX_BYTES ((size_t)1024)
/* words longer than this are not compared; the longest key we have is 27 bytes */
#define WORD_MAX_BYTES 64

void pf_problems_init(struct pf_problems *problems, struct pf_arena *arena, const char *file)
{
    problems->arena = arena;
    problems->file = file;
    problems->count = 0;
    problems->total = 0;
    problems->no_memory = false;
}

static bool is_simple_key(struct pf_sv key)
{
    for (size_t i = 0; i < key.len; i++) {
        unsigned char c = (unsigned char)key.ptr[i];
        if (isalnum(c) == 0 && c != '_' && c != '-') {
            return false;
        }
    }
    return key.len != 0;
}

/* a path has at most PF_YAML_MAX_DEPTH steps, so recursion is bounded */
void pf_problems_path(const struct pf_problems_path *path, struct pf_buf *buf)
{
    if (path == NULL) {
        return;
    }
    pf_problems_path(path->parent, buf);
    if (path->key.ptr == NULL) {
        pf_buf_printf(buf, "[%zu]", path->index);
    } else if (is_simple_key(path->key)) {
        if (path->parent != NULL) {
            pf_buf_append_char(buf, '.');
        }
        pf_buf_append_sv(buf, path->key);
    } else {
        pf_buf_append_cstr(buf, "['");
        pf_buf_append_sv(buf, path->key);
        pf_buf_append_cstr(buf, "']");
    }
}

/* the file's bytes must not break the line or steer a terminal */
static void neutralise(char *text)
{
    for (char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c == 0x7F) {
            *p = '?';
        }
    }
}

void pf_problems_add(struct pf_problems *problems, struct pf_yaml_mark mark,
                     const struct pf_problems_path *path, const char *format, ...)
{
    problems->total++;
    if (problems->count == PF_PROBLEMS_MAX) {
        return;
    }
    pf_autobuf struct pf_buf where = {.data = NULL};
    char sentence[TEXT_MAX_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, args); /* cut off is good enough */
    va_end(args);
    pf_buf_init(&where, TEXT_MAX_BYTES);
    pf_problems_path(path, &where);
    bool has_path = where.len != 0;
    char *text = pf_arena_printf(problems->arena, "%s%s%s", has_path ? where.data : "",
                                 has_path ? ": " : "", sentence);
    if (text == NULL) {
        problems->no_memory = true;
        return;
    }
    neutralise(text);
    problems->items[problems->count++] =
        (struct pf_problem){.mark = mark, .text = text, .file = problems->file};
}

static void append_problem(const struct pf_problem *problem, struct pf_buf *buf)
{
    const char *file = strcmp(problem->file, "-") == 0 ? "stdin" : problem->file;
    pf_buf_append_cstr(buf, file);
    if (problem->mark.line != 0) {
        pf_buf_printf(buf, ":%u:%u", problem->mark.line, problem->mark.column);
    }
    pf_buf_append_cstr(buf, ": ");
    pf_buf_append_cstr(buf, problem->text);
}

/* @param main  the file whose problems come first */
static bool is_before(const struct pf_problem *a, const struct pf_problem *b, const char *main)
{
    if (a->file != b->file) {
        return a->file == main;
    }
    return a->mark.line != b->mark.line ? a->mark.line < b->mark.line
                                        : a->mark.column < b->mark.column;
}

/* insertion sort of at most PF_PROBLEMS_MAX indexes; stable, so that equal positions keep their order */
static void sort_by_position(const struct pf_problems *problems, size_t order[PF_PROBLEMS_MAX])
{
    for (size_t i = 0; i < problems->count; i++) {
        size_t at = i;
        while (at > 0 &&
               is_before(&problems->items[i], &problems->items[order[at - 1]], problems->file)) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

void pf_problems_format(const struct pf_problems *problems, struct pf_buf *buf)
{
    size_t order[PF_PROBLEMS_MAX] = {0};
    sort_by_position(problems, order);
    for (size_t i = 0; i < problems->count; i++) {
        append_problem(&problems->items[order[i]], buf);
        pf_buf_append_char(buf, '\n');
    }
    if (problems->total > problems->count) {
        pf_buf_printf(buf, "and %zu more\n", problems->total - problems->count);
    }
}

enum pf_code pf_problems_status(const struct pf_problems *problems, struct pf_err *err)
{
    if (problems->total == 0) {
        return PF_OK;
    }
    if (problems->count == 0) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for the text of %zu problems",
                          problems->total);
    }
    size_t order[PF_PROBLEMS_MAX] = {0};
    pf_autobuf struct pf_buf text = {.data = NULL};
    sort_by_position(problems, order);
    pf_buf_init(&text, PF_ERR_TEXT_BYTES);
    append_problem(&problems->items[order[0]], &text);
    const char *first = text.data != NULL ? text.data : problems->items[order[0]].text;
    if (problems->total == 1) {
        return pf_err_set(err, PF_E_INVALID, "%s", first);
    }
    return pf_err_set(err, PF_E_INVALID, "%.500s (and %zu more problems)", first,
                      problems->total - 1);
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* optimal string alignment: insert, delete, replace, swap neighbours; three rows are enough */
static size_t distance(struct pf_sv a, struct pf_sv b)
{
    size_t rows[3][WORD_MAX_BYTES + 1] = {{0}};
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = same_letter(a.ptr[i - 1], b.ptr[j - 1]) ? 0 : 1;
            row[j] = min_size(above[j - 1] + change, min_size(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same_letter(a.ptr[i - 1], b.ptr[j - 2]) &&
                same_letter(a.ptr[i - 2], b.ptr[j - 1])) {
                row[j] = min_size(row[j], above2[j - 2] + 1);
            }
        }
    }
    return rows[a.len % 3][b.len];
}

const char *pf_problems_nearest(struct pf_sv word,
                                const char *(*candidate)(const void *opaque, size_t i),
                                const void *opaque)
{
    const char *best = NULL;
    size_t best_distance = SIZE_MAX;
    if (word.len == 0 || word.len > WORD_MAX_BYTES) {
        return NULL;
    }
    for (size_t i = 0; candidate(opaque, i) != NULL; i++) {
        struct pf_sv text = pf_sv_from(candidate(opaque, i));
        if (text.len > WORD_MAX_BYTES) {
            continue;
        }
        size_t longest = text.len > word.len ? text.len : word.len;
        size_t allowed = longest < 3 ? 1 : longest / 3;
        size_t d = distance(word, text);
        if (d <= allowed && d < best_distance) {
            best = text.ptr;
            best_distance = d;
        }
    }
    return best;
}

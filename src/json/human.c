#include <pthread.h>

#include <jansson.h>

#include <podfit/cursor.h>
#include <podfit/human.h>

static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

/* jansson seeds its hash on first use; it asks for this call before threads share it */
static void seed_hash(void)
{
    json_object_seed(0);
}

/*
 * jansson reports some failed allocations as a syntax error. A text in which the cursor finds no fault was refused for want of
 * memory; lone surrogates are the one syntax error of jansson that is none for the cursor.
 */
static bool is_syntax_error(struct pf_sv text, const json_error_t *error)
{
    struct pf_cursor cursor;
    pf_cursor_init(&cursor, text);
    const enum pf_json_kind kind = pf_cursor_kind(&cursor);
    const bool sound = pf_cursor_end(&cursor) && (kind == PF_JSON_OBJECT || kind == PF_JSON_ARRAY);
    return !sound || strstr(error->text, "invalid Unicode") != NULL;
}

static enum pf_code code_of(struct pf_sv text, const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_out_of_memory:
        return PF_E_NO_MEMORY;
    case json_error_stack_overflow:
        return PF_E_TOO_BIG;
    case json_error_numeric_overflow:
        return PF_E_RANGE;
    case json_error_invalid_syntax:
        return is_syntax_error(text, error) ? PF_E_INVALID : PF_E_NO_MEMORY;
    default:
        return error->text[0] != '\0' ? PF_E_INVALID : PF_E_NO_MEMORY; /* malloc failed: no text */
    }
}

/* Line and column of a place in UTF-8 text, moved on from place to place so that a whole text is passed once. */
struct position {
    const char *at;
    uint32_t line;
    uint32_t column;
};

static void position_move(struct position *position, const char *to)
{
    for (; position->at < to; position->at++) {
        if (*position->at == '\n') {
            position->line++;
            position->column = 1;
        } else if (((unsigned char)*position->at & 0xC0) != 0x80) {
            position->column++; /* characters: continuation bytes do not count */
        }
    }
}

/* jansson 2.14 passes over a NUL byte after a number (`{"a":5<NUL>}`), so none reaches it. */
static enum pf_code check_no_nul(struct pf_sv text, struct pf_err *err)
{
    const char *nul = text.len != 0 ? memchr(text.ptr, '\0', text.len) : NULL;
    if (nul == NULL) {
        return PF_OK;
    }
    struct position position = {.at = text.ptr, .line = 1, .column = 1};
    position_move(&position, nul);
    return pf_err_set(err, PF_E_INVALID, "line %u, column %u: a NUL byte", position.line,
                      position.column);
}

static enum pf_code load(struct pf_sv text, size_t max_bytes, json_t **ret_root, struct pf_err *err)
{
    if (text.len > max_bytes) {
        return pf_err_set(err, PF_E_TOO_BIG, "JSON has %zu bytes, at most %zu are allowed",
                          text.len, max_bytes);
    }
    const enum pf_code code = check_no_nul(text, err);
    if (code != PF_OK) {
        return code;
    }
    if (pthread_once(&seed_once, seed_hash) != 0) {
        return pf_err_set(err, PF_E_INTERNAL, "cannot seed the hash of jansson");
    }
    json_error_t error = {0};
    json_t *root =
        json_loadb(text.len != 0 ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        const enum pf_code refusal = code_of(text, &error);
        if (refusal == PF_E_NO_MEMORY) {
            return pf_err_set(err, refusal, "no memory for a JSON document");
        }
        return pf_err_set(err, refusal, "line %d, column %d: %s", error.line, error.column,
                          error.text);
    }
    *ret_root = root;
    return PF_OK;
}

/* The opening quote of the key that the cursor has just passed lies in [from, at); only a comma, a bracket and white space before it. */
static const char *key_start(const char *from, const char *at)
{
    const char *quote = memchr(from, '"', (size_t)(at - from));
    return quote != NULL ? quote : at;
}

static bool read_member(struct pf_cursor *cursor, struct pf_arena *arena,
                        struct pf_human_member *member)
{
    member->kind = pf_cursor_kind(cursor);
    const char *const start = cursor->at;
    if (member->kind != PF_JSON_STRING) {
        return pf_cursor_span(cursor, &member->raw);
    }
    if (!pf_cursor_string(cursor, arena, &member->text)) {
        return false;
    }
    member->raw = (struct pf_sv){.ptr = start, .len = (size_t)(cursor->at - start)};
    return true;
}

/* fill @p members; jansson accepted the text and counted them */
static enum pf_code walk(struct pf_sv text, struct pf_arena *arena, struct pf_human_member *members,
                         size_t count, struct pf_err *err)
{
    struct pf_cursor cursor;
    struct position position = {.at = text.ptr, .line = 1, .column = 1};
    size_t index = 0;
    pf_cursor_init(&cursor, text);
    (void)pf_cursor_enter_object(&cursor);
    const char *from = cursor.at;
    struct pf_sv key = {0};
    while (index < count && pf_cursor_next_key_in(&cursor, arena, &key)) {
        position_move(&position, key_start(from, cursor.at));
        struct pf_human_member member = {
            .key = key, .line = position.line, .column = position.column};
        if (!read_member(&cursor, arena, &member)) {
            break;
        }
        members[index++] = member;
        from = cursor.at;
    }
    (void)pf_cursor_leave(&cursor);
    (void)pf_cursor_end(&cursor);
    if (cursor.code == PF_E_NO_MEMORY) {
        return pf_cursor_error(&cursor, err);
    }
    if (!pf_cursor_ok(&cursor) || index != count) {
        return pf_err_set(err, PF_E_INTERNAL, "the JSON parsers disagree at byte %zu",
                          pf_cursor_offset(&cursor));
    }
    return PF_OK;
}

enum pf_code pf_human_members(struct pf_sv text, size_t max_bytes, struct pf_arena *arena,
                              struct pf_human_member **ret_members, size_t *ret_count,
                              struct pf_err *err)
{
    json_t *root = NULL;
    const enum pf_code code = load(text, max_bytes, &root, err);
    if (code != PF_OK) {
        return code;
    }
    const bool object = json_is_object(root);
    const size_t count = json_object_size(root);
    json_decref(root);
    if (!object) {
        return pf_err_set(err, PF_E_INVALID, "line 1, column 1: expected an object");
    }
    struct pf_human_member *members = NULL;
    if (count != 0) {
        members = pf_arena_calloc(arena, count, sizeof(*members));
        if (members == NULL) {
            return pf_err_set(err, PF_E_NO_MEMORY, "no memory for %zu members", count);
        }
    }
    const enum pf_code walked = walk(text, arena, members, count, err);
    if (walked != PF_OK) {
        return walked;
    }
    *ret_members = members;
    *ret_count = count;
    return PF_OK;
}

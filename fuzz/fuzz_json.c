/*
 * The cursor against cJSON and jansson: what each accepts and the values they read must agree, but for differences that are
 * known and wanted:
 *
 *  - cJSON alone also takes raw control characters, leading zeros, `1.`, invalid UTF-8, an escaped NUL (cuts the string there),
 *    duplicate keys and a UTF-8 byte order mark; it refuses numbers over 63 characters and lone surrogates. So it is asked only
 *    about texts that pf_wire_parse() accepted; it must accept them then, with the same number of values.
 *  - jansson refuses an escaped NUL, invalid UTF-8, lone surrogates, numbers out of range, duplicate keys, and depth over 2048,
 *    where a skipping cursor does not look. What it accepts the cursor must accept. One fault of jansson 2.14: it passes over a
 *    NUL byte that follows a number, so texts with NUL bytes are not given to it (nor does human.c).
 *
 * Also: skipping, walking and spans of the cursor agree; the writer's output reads back as the same value.
 */

#include <stdint.h>
#include <stdlib.h>

#include <cjson/cJSON.h>
#include <jansson.h>

#include <podfit/cursor.h>
#include <podfit/human.h>
#include <podfit/patch.h>
#include <podfit/wire.h>
#include <podfit/write.h>

#define MAX_BYTES   ((size_t)1024 * 1024)
#define ARENA_BYTES ((size_t)256 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What a walk through the whole text saw. */
struct walked {
    size_t values;
    size_t string_bytes;
    int64_t integers; /* sum, wrapping */
};

static void walk_scalar(struct pf_cursor *c, struct pf_arena *arena, struct walked *sum)
{
    int64_t number = 0;
    struct pf_sv text = {0};
    switch (pf_cursor_kind(c)) {
    case PF_JSON_STRING:
        (void)pf_cursor_string(c, arena, &text);
        check(pf_sv_is_utf8(text));
        sum->string_bytes += text.len;
        break;
    case PF_JSON_NUMBER: {
        struct pf_cursor again;
        struct pf_sv span = {0};
        (void)pf_cursor_span(c, &span);
        pf_cursor_init(&again, span);
        (void)pf_cursor_i64(&again, &number);
        sum->integers = (int64_t)((uint64_t)sum->integers + (uint64_t)number);
        break;
    }
    default:
        (void)pf_cursor_skip(c);
        break;
    }
}

/* the value that is due: enter it or read it */
static void walk_value(struct pf_cursor *c, struct pf_arena *arena, bool *objects, size_t *depth,
                       struct walked *sum)
{
    const enum pf_json_kind kind = pf_cursor_kind(c);
    sum->values++;
    if (kind != PF_JSON_OBJECT && kind != PF_JSON_ARRAY) {
        walk_scalar(c, arena, sum);
        return;
    }
    const bool object = kind == PF_JSON_OBJECT;
    if (object ? pf_cursor_enter_object(c) : pf_cursor_enter_array(c)) {
        objects[(*depth)++] = object;
    }
}

/* the next member or item; false: the container was left */
static bool walk_next(struct pf_cursor *c, struct pf_arena *arena, bool object, struct walked *sum)
{
    struct pf_sv key = {0};
    if (!object) {
        return pf_cursor_next_item(c);
    }
    const bool more = pf_cursor_next_key_in(c, arena, &key);
    sum->string_bytes += key.len;
    return more;
}

static struct walked walk(struct pf_sv text, struct pf_arena *arena, bool *ret_ok)
{
    static bool objects[PF_JSON_MAX_DEPTH];
    struct walked sum = {0};
    struct pf_cursor c;
    size_t depth = 0;
    bool value = true;
    pf_cursor_init(&c, text);
    do {
        if (value) {
            walk_value(&c, arena, objects, &depth, &sum);
        }
        if (depth != 0) {
            value = walk_next(&c, arena, objects[depth - 1], &sum);
            depth -= !value;
        }
    } while (depth != 0 && pf_cursor_ok(&c));
    *ret_ok = pf_cursor_end(&c);
    check(c.at >= c.begin && c.at <= c.end);
    return sum;
}

static size_t cjson_values(const cJSON *tree, size_t *string_bytes)
{
    size_t count = 0;
    for (const cJSON *node = tree; node != NULL; node = node->next) {
        *string_bytes += node->string != NULL ? strlen(node->string) : 0;
        *string_bytes += cJSON_IsString(node) ? strlen(node->valuestring) : 0;
        count += 1 + cjson_values(node->child, string_bytes);
    }
    return count;
}

static size_t jansson_values(json_t *value, size_t *string_bytes, int64_t *integers)
{
    size_t count = 1;
    size_t index = 0;
    const char *key = NULL;
    json_t *item = NULL;
    if (json_is_string(value)) {
        *string_bytes += json_string_length(value);
    }
    *integers = (int64_t)((uint64_t)*integers + (uint64_t)json_integer_value(value));
    json_array_foreach(value, index, item)
    {
        count += jansson_values(item, string_bytes, integers);
    }
    json_object_foreach(value, key, item)
    {
        *string_bytes += strlen(key);
        count += jansson_values(item, string_bytes, integers);
    }
    return count;
}

static void compare_cjson(struct pf_sv text, struct pf_arena *arena, bool skipped,
                          const struct walked *sum)
{
    const struct cJSON *tree = NULL;
    struct pf_err err = {0};
    const enum pf_code code = pf_wire_parse(text, arena, &tree, &err);
    check((code == PF_OK) == (tree != NULL) && err.code == code);
    check(code != PF_E_NO_MEMORY);
    if (code != PF_OK) {
        return;
    }
    check(skipped);
    size_t string_bytes = 0;
    check(cjson_values(tree, &string_bytes) == sum->values);
    check(string_bytes == sum->string_bytes);
    cJSON *plain = cJSON_ParseWithLength(text.ptr, text.len); /* without arena */
    char *plain_text = cJSON_PrintUnformatted(plain);
    char *tree_text = cJSON_PrintUnformatted(tree);
    check(plain_text != NULL && tree_text != NULL && strcmp(plain_text, tree_text) == 0);
    cJSON_free(plain_text);
    cJSON_free(tree_text);
    cJSON_Delete(plain);
}

static void compare_jansson(struct pf_sv text, bool walked, const struct walked *sum)
{
    if (text.len != 0 && memchr(text.ptr, '\0', text.len) != NULL) {
        return;
    }
    json_t *root = json_loadb(text.len != 0 ? text.ptr : "", text.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (root == NULL) {
        return;
    }
    check(walked);
    size_t string_bytes = 0;
    int64_t integers = 0;
    check(jansson_values(root, &string_bytes, &integers) == sum->values);
    check(string_bytes == sum->string_bytes && integers == sum->integers);
    json_decref(root);
}

static enum pf_json_kind kind_of(const json_t *value)
{
    static const enum pf_json_kind kinds[] = {
        [JSON_OBJECT] = PF_JSON_OBJECT, [JSON_ARRAY] = PF_JSON_ARRAY,
        [JSON_STRING] = PF_JSON_STRING, [JSON_INTEGER] = PF_JSON_NUMBER,
        [JSON_REAL] = PF_JSON_NUMBER,   [JSON_TRUE] = PF_JSON_BOOL,
        [JSON_FALSE] = PF_JSON_BOOL,    [JSON_NULL] = PF_JSON_NULL,
    };
    return value != NULL ? kinds[json_typeof(value)] : PF_JSON_NONE;
}

static void compare_members(struct pf_sv text, struct pf_arena *arena)
{
    struct pf_human_member *members = NULL;
    size_t count = 0;
    const enum pf_code code = pf_human_members(text, MAX_BYTES, arena, &members, &count, NULL);
    check(code != PF_E_INTERNAL && code != PF_E_NO_MEMORY);
    if (code != PF_OK) {
        return;
    }
    json_t *root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    check(json_is_object(root) && json_object_size(root) == count);
    for (size_t i = 0; i < count; i++) {
        const char *key = pf_arena_dup(arena, members[i].key);
        check(key != NULL);
        const json_t *value = json_object_get(root, key);
        const struct pf_sv string = {.ptr = json_string_value(value),
                                     .len = json_string_length(value)};
        check(kind_of(value) == members[i].kind);
        check(pf_sv_eq(string, members[i].text));
        check(members[i].line >= 1 && members[i].column >= 1);
    }
    json_decref(root);
}

/* any bytes written as a string are JSON, and read back unchanged when they are UTF-8 */
static void write_and_read(struct pf_sv text, struct pf_arena *arena)
{
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, MAX_BYTES * 8);
    struct pf_patch patch;
    pf_patch_begin(&patch, &buf);
    pf_patch_remove(&patch, &text, 1);
    pf_patch_end(&patch);
    bool sound = false;
    (void)walk(pf_buf_view(&buf), arena, &sound);
    check(sound && pf_buf_status(&buf, NULL) == PF_OK);
    pf_buf_reset(&buf);
    pf_write_string(&buf, text);
    struct pf_cursor c;
    struct pf_sv got = {0};
    pf_cursor_init(&c, pf_buf_view(&buf));
    check(pf_cursor_string(&c, arena, &got) && pf_cursor_end(&c));
    check(!pf_sv_is_utf8(text) || pf_sv_eq(got, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pf_sv text = {.ptr = (const char *)data, .len = size};
    if (size > MAX_BYTES) {
        return 0;
    }
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    struct pf_cursor c;
    struct pf_sv span = {0};
    pf_cursor_init(&c, text);
    const bool spanned = pf_cursor_span(&c, &span);
    const bool skipped = pf_cursor_end(&c);
    bool walked = false;
    const struct walked sum = walk(text, &arena, &walked);
    check(!walked || skipped);
    check(walked || !skipped ||
          !pf_sv_is_utf8(text)); /* the walk reads strings, so it also wants UTF-8 */
    check(!skipped || (spanned && span.ptr >= text.ptr && span.len <= text.len));
    compare_cjson(text, &arena, skipped, &sum);
    compare_jansson(text, walked, &sum);
    compare_members(text, &arena);
    write_and_read(text, &arena);
    return 0;
}

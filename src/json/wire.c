#include <pthread.h>

#include <cjson/cJSON.h>

#include <podfit/clock.h>
#include <podfit/cursor.h>
#include <podfit/map.h>
#include <podfit/scan.h>
#include <podfit/wire.h>

/* cJSON copies a number into a buffer of 64 bytes and silently leaves the rest unread */
#define NUMBER_MAX_CHARS ((size_t)63)
/* up to here keys are compared pair by pair, above with a hash map: 16 x 15 / 2 comparisons at most */
#define PAIRWISE_MAX_KEYS ((size_t)16)

/* One call of pf_wire_parse(). */
struct wire_call {
    struct pf_arena *arena;
    bool no_memory; /* the arena refused: tells cJSON's two kinds of NULL apart */
};

/*
 * The exception to "no mutable file-level state": cJSON takes its allocator once for the whole program and gives it no argument.
 * It is set once (hooks_once) and finds the arena through this pointer, which is not NULL only inside pf_wire_parse() on this
 * thread. Outside of it, cJSON (in tests) allocates with malloc as if there were no hooks.
 */
static _Thread_local struct wire_call *current_call;
static pthread_once_t hooks_once = PTHREAD_ONCE_INIT;

static void *hook_malloc(size_t bytes)
{
    if (current_call == NULL) {
        return malloc(bytes);
    }
    void *memory = pf_arena_alloc(current_call->arena, bytes);
    if (memory == NULL) {
        current_call->no_memory = true;
    }
    return memory;
}

static void hook_free(void *memory)
{
    if (current_call == NULL) {
        free(memory);
    }
}

static void install_hooks(void)
{
    cJSON_Hooks hooks = {.malloc_fn = hook_malloc, .free_fn = hook_free};
    cJSON_InitHooks(&hooks);
}

/* In valid JSON: is there an escaped NUL? The backslash must not itself be escaped by one before it. */
static bool has_escaped_nul(struct pf_sv text)
{
    const char *p = text.ptr;
    const char *const end = text.ptr + text.len;
    for (;;) {
        p = memmem(p, (size_t)(end - p), "\\u0000", 6);
        if (p == NULL) {
            return false;
        }
        const char *run = p;
        while (run > text.ptr && run[-1] == '\\') {
            run--;
        }
        if ((p - run) % 2 == 0) {
            return true;
        }
        p++;
    }
}

/* everything that cJSON would let through */
static enum pf_code check_text(struct pf_sv span, struct pf_err *err)
{
    if (span.len > PF_OBJECT_MAX_BYTES) {
        return pf_err_set(err, PF_E_TOO_BIG, "JSON has %zu bytes, at most %zu are allowed",
                          span.len, PF_OBJECT_MAX_BYTES);
    }
    struct pf_cursor cursor;
    pf_cursor_init_depth(&cursor, span, PF_JSON_TREE_MAX_DEPTH);
    if (!pf_cursor_end(&cursor)) {
        return pf_cursor_error(&cursor, err);
    }
    if (!pf_sv_is_utf8(span)) {
        return pf_err_set(err, PF_E_INVALID, "JSON is not UTF-8");
    }
    if (has_escaped_nul(span)) {
        return pf_err_set(err, PF_E_INVALID, "a NUL character ('\\u0000') is not allowed here");
    }
    return PF_OK;
}

/* In valid JSON: the next number in [*at, end); *at moves behind it. NULL ptr: none left. */
static struct pf_sv next_number(const char **at, const char *end)
{
    const char *p = *at;
    while (p < end) {
        const char byte = *p;
        if (byte == '-' || (byte >= '0' && byte <= '9')) {
            const char *const start = p;
            while (p < end && (strchr("+-.eE", *p) != NULL || (*p >= '0' && *p <= '9'))) {
                p++;
            }
            *at = p;
            return (struct pf_sv){.ptr = start, .len = (size_t)(p - start)};
        }
        p++;
        unsigned high = 0;
        while (byte == '"' && *p != '"') {
            p = pf_scan_text(p, end, &high);
            p += *p == '\\' ? 2 : 0;
        }
        p += byte == '"';
    }
    return (struct pf_sv){0};
}

static enum pf_code check_numbers(struct pf_sv span, struct pf_err *err)
{
    const char *at = span.ptr;
    for (;;) {
        const struct pf_sv number = next_number(&at, span.ptr + span.len);
        if (number.ptr == NULL) {
            return PF_OK;
        }
        if (number.len > NUMBER_MAX_CHARS) {
            return pf_err_set(err, PF_E_INVALID,
                              "byte %zu: number has %zu characters, at most %zu are allowed",
                              (size_t)(number.ptr - span.ptr), number.len, NUMBER_MAX_CHARS);
        }
    }
}

static enum pf_code twice(const char *key, struct pf_err *err)
{
    return pf_err_set(err, PF_E_INVALID, "key '%.200s' appears twice in an object", key);
}

static enum pf_code check_keys_few(const cJSON *object, struct pf_err *err)
{
    for (const cJSON *a = object->child; a != NULL; a = a->next) {
        for (const cJSON *b = a->next; b != NULL; b = b->next) {
            if (strcmp(a->string, b->string) == 0) {
                return twice(a->string, err);
            }
        }
    }
    return PF_OK;
}

static enum pf_code check_keys_many(const cJSON *object, struct pf_err *err)
{
    struct pf_map keys;
    pf_map_init(&keys, pf_random_u64());
    enum pf_code code = PF_OK;
    for (const cJSON *member = object->child; member != NULL && code == PF_OK;
         member = member->next) {
        const struct pf_sv key = pf_sv_from(member->string);
        if (pf_map_get(&keys, key, NULL)) {
            code = twice(member->string, err);
        } else if (!pf_map_put(&keys, key, 1)) {
            code = pf_err_set(err, PF_E_NO_MEMORY, "no memory for the keys of an object");
        }
    }
    pf_map_done(&keys);
    return code;
}

static enum pf_code check_keys(const cJSON *object, struct pf_err *err)
{
    size_t count = 0;
    const cJSON *member = object->child;
    while (member != NULL && count <= PAIRWISE_MAX_KEYS) {
        member = member->next;
        count++;
    }
    return count <= PAIRWISE_MAX_KEYS ? check_keys_few(object, err) : check_keys_many(object, err);
}

/* one node of the tree: keys of an object, characters of a number (in valuestring, which cJSON leaves NULL for numbers) */
static enum pf_code finish_node(cJSON *node, struct pf_sv span, const char **at,
                                struct pf_arena *arena, struct pf_err *err)
{
    if (cJSON_IsObject(node)) {
        return check_keys(node, err);
    }
    if (!cJSON_IsNumber(node)) {
        return PF_OK;
    }
    const struct pf_sv number = next_number(at, span.ptr + span.len);
    node->valuestring = pf_arena_dup(arena, number);
    if (node->valuestring == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for a number");
    }
    return PF_OK;
}

/* walk the tree in the order of the text, so that its numbers meet the numbers of the text */
static enum pf_code finish_tree(cJSON *root, struct pf_sv span, struct pf_arena *arena,
                                struct pf_err *err)
{
    cJSON *parents[PF_JSON_TREE_MAX_DEPTH + 1];
    size_t depth = 0;
    const char *at = span.ptr;
    cJSON *node = root;
    while (node != NULL) {
        const enum pf_code code = finish_node(node, span, &at, arena, err);
        if (code != PF_OK) {
            return code;
        }
        if (node->child != NULL) {
            parents[depth++] = node; /* the text was checked: at most PF_JSON_TREE_MAX_DEPTH */
            node = node->child;
            continue;
        }
        while (node != root && node->next == NULL) {
            node = parents[--depth];
        }
        node = node != root ? node->next : NULL;
    }
    return PF_OK;
}

enum pf_code pf_wire_parse(struct pf_sv span, struct pf_arena *arena, const struct cJSON **ret_tree,
                           struct pf_err *err)
{
    enum pf_code code = check_text(span, err);
    if (code == PF_OK) {
        code = check_numbers(span, err);
    }
    if (code != PF_OK) {
        return code;
    }
    if (pthread_once(&hooks_once, install_hooks) != 0) {
        return pf_err_set(err, PF_E_INTERNAL, "cannot install the allocator of cJSON");
    }
    struct wire_call call = {.arena = arena};
    current_call = &call;
    const char *parse_end = NULL;
    cJSON *tree = cJSON_ParseWithLengthOpts(span.ptr, span.len, &parse_end, /* null_end= */ 0);
    current_call = NULL;
    if (tree == NULL && call.no_memory) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for a JSON tree");
    }
    if (tree == NULL) {
        const size_t offset = parse_end != NULL ? (size_t)(parse_end - span.ptr) : 0;
        return pf_err_set(err, PF_E_INVALID, "byte %zu: lone surrogate in a string", offset);
    }
    code = finish_tree(tree, span, arena, err);
    if (code != PF_OK) {
        return code;
    }
    *ret_tree = tree;
    return PF_OK;
}

enum pf_json_kind pf_wire_kind(const struct cJSON *tree)
{
    switch (tree != NULL ? tree->type & 0xFF : cJSON_Invalid) {
    case cJSON_False:
    case cJSON_True:
        return PF_JSON_BOOL;
    case cJSON_NULL:
        return PF_JSON_NULL;
    case cJSON_Number:
        return PF_JSON_NUMBER;
    case cJSON_String:
        return PF_JSON_STRING;
    case cJSON_Array:
        return PF_JSON_ARRAY;
    case cJSON_Object:
        return PF_JSON_OBJECT;
    default:
        return PF_JSON_NONE;
    }
}

const struct cJSON *pf_wire_get_sv(const struct cJSON *tree, struct pf_sv key)
{
    if (!pf_wire_is_object(tree)) {
        return NULL;
    }
    const cJSON *member = tree->child;
    while (member != NULL && !pf_sv_eq_cstr(key, member->string)) {
        member = member->next;
    }
    return member;
}

const struct cJSON *pf_wire_get(const struct cJSON *tree, const char *key)
{
    return pf_wire_get_sv(tree, pf_sv_from(key));
}

struct pf_sv pf_wire_string(const struct cJSON *tree)
{
    return pf_wire_is_string(tree) ? pf_sv_from(tree->valuestring) : (struct pf_sv){0};
}

struct pf_sv pf_wire_number(const struct cJSON *tree)
{
    return pf_wire_is_number(tree) ? pf_sv_from(tree->valuestring) : (struct pf_sv){0};
}

bool pf_wire_i64(const struct cJSON *tree, int64_t *ret_value)
{
    return pf_sv_to_i64(pf_wire_number(tree), ret_value);
}

bool pf_wire_bool(const struct cJSON *tree, bool *ret_value)
{
    if (!pf_wire_is_bool(tree)) {
        return false;
    }
    *ret_value = (tree->type & 0xFF) == cJSON_True;
    return true;
}

const struct cJSON *pf_wire_first(const struct cJSON *tree)
{
    return tree != NULL ? tree->child : NULL;
}

const struct cJSON *pf_wire_next(const struct cJSON *item)
{
    return item != NULL ? item->next : NULL;
}

struct pf_sv pf_wire_key(const struct cJSON *item)
{
    return pf_sv_from(item != NULL ? item->string : NULL);
}

size_t pf_wire_size(const struct cJSON *tree)
{
    size_t count = 0;
    for (const cJSON *item = pf_wire_first(tree); item != NULL; item = item->next) {
        count++;
    }
    return count;
}

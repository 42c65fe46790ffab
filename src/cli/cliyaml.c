#include "cliyaml.h"

#include <podfit/cursor.h>
#include <podfit/yaml.h>

/* What our own writers nest is flatter by far; the arena bounds the rest. */
#define DEPTH_MAX 64

struct converter {
    struct pf_cursor *cursor;
    struct pf_arena *arena;
    unsigned depth;
};

static struct pf_yaml_node *convert(struct converter *c);

static struct pf_yaml_node *new_node(struct converter *c, enum pf_yaml_type type)
{
    struct pf_yaml_node *node = pf_arena_calloc(c->arena, 1, sizeof(*node));
    if (node == NULL) {
        (void)pf_cursor_fail(c->cursor, PF_E_NO_MEMORY, "out of memory");
        return NULL;
    }
    node->type = type;
    node->style = type == PF_YAML_SEQ || type == PF_YAML_MAP ? PF_YAML_BLOCK : PF_YAML_PLAIN;
    node->height = 1;
    node->nodes = 1;
    return node;
}

/* The array of @p count elements with room for one more, doubled when it is full; NULL: no memory. */
static void *with_room(struct converter *c, void *array, size_t count, size_t bytes_each)
{
    const bool full = count == 0 || (count & (count - 1)) == 0;
    if (!full) {
        return array;
    }
    void *bigger = pf_arena_calloc(c->arena, count != 0 ? count * 2 : 1, bytes_each);
    if (bigger == NULL) {
        (void)pf_cursor_fail(c->cursor, PF_E_NO_MEMORY, "out of memory");
        return NULL;
    }
    if (count != 0 && array != NULL) {
        memcpy(bigger, array, count * bytes_each);
    }
    return bigger;
}

static void adopt(struct pf_yaml_node *node, const struct pf_yaml_node *child)
{
    node->count++;
    node->nodes += child->nodes;
    node->height = child->height + 1 > node->height ? child->height + 1 : node->height;
}

static struct pf_yaml_node *convert_object(struct converter *c)
{
    struct pf_yaml_node *node = new_node(c, PF_YAML_MAP);
    struct pf_yaml_member *members = NULL;
    struct pf_sv key = {0};
    pf_cursor_enter_object(c->cursor);
    while (node != NULL && pf_cursor_next_key_in(c->cursor, c->arena, &key)) {
        members = with_room(c, members, node->count, sizeof(*members));
        const struct pf_yaml_node *value = members != NULL ? convert(c) : NULL;
        if (value == NULL) {
            return NULL;
        }
        members[node->count] = (struct pf_yaml_member){.key = key, .value = value};
        adopt(node, value);
    }
    if (node != NULL) {
        node->value.members = members;
    }
    return node;
}

static struct pf_yaml_node *convert_array(struct converter *c)
{
    struct pf_yaml_node *node = new_node(c, PF_YAML_SEQ);
    const struct pf_yaml_node **items = NULL;
    pf_cursor_enter_array(c->cursor);
    while (node != NULL && pf_cursor_next_item(c->cursor)) {
        items = with_room(c, items, node->count, sizeof(const struct pf_yaml_node *));
        const struct pf_yaml_node *value = items != NULL ? convert(c) : NULL;
        if (value == NULL) {
            return NULL;
        }
        items[node->count] = value;
        adopt(node, value);
    }
    if (node != NULL) {
        node->value.items = items;
    }
    return node;
}

static struct pf_yaml_node *convert_number(struct converter *c)
{
    struct pf_sv text = {0};
    struct pf_yaml_node *node = new_node(c, PF_YAML_INT);
    if (!pf_cursor_span(c->cursor, &text) || node == NULL) {
        return NULL;
    }
    node->text = text;
    node->value.integer.negative = text.ptr[0] == '-';
    for (size_t i = node->value.integer.negative ? 1 : 0; i < text.len; i++) {
        const bool digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        const uint64_t value = digit ? (uint64_t)(text.ptr[i] - '0') : 0;
        if (!digit ||
            __builtin_mul_overflow(node->value.integer.magnitude, (uint64_t)10,
                                   &node->value.integer.magnitude) ||
            __builtin_add_overflow(node->value.integer.magnitude, value,
                                   &node->value.integer.magnitude)) {
            node->type = PF_YAML_FLOAT;
            break;
        }
    }
    return node;
}

static struct pf_yaml_node *convert_scalar(struct converter *c, enum pf_json_kind kind)
{
    if (kind == PF_JSON_NUMBER) {
        return convert_number(c);
    }
    struct pf_yaml_node *node = new_node(c, kind == PF_JSON_STRING ? PF_YAML_STRING
                                            : kind == PF_JSON_BOOL ? PF_YAML_BOOL
                                                                   : PF_YAML_NULL);
    if (node == NULL) {
        return NULL;
    }
    bool done = false;
    if (kind == PF_JSON_STRING) {
        done = pf_cursor_string(c->cursor, c->arena, &node->text);
    } else if (kind == PF_JSON_BOOL) {
        done = pf_cursor_bool(c->cursor, &node->value.boolean);
    } else {
        done = pf_cursor_skip(c->cursor);
    }
    return done ? node : NULL;
}

static struct pf_yaml_node *convert(struct converter *c)
{
    const enum pf_json_kind kind = pf_cursor_kind(c->cursor);
    if (kind != PF_JSON_OBJECT && kind != PF_JSON_ARRAY) {
        return convert_scalar(c, kind);
    }
    if (c->depth == DEPTH_MAX) {
        (void)pf_cursor_fail(c->cursor, PF_E_TOO_BIG, "nested too deep");
        return NULL;
    }
    c->depth++;
    struct pf_yaml_node *node = kind == PF_JSON_OBJECT ? convert_object(c) : convert_array(c);
    c->depth--;
    return node;
}

enum pf_code pf_cliyaml_put(struct pf_buf *buf, struct pf_sv json, unsigned indent,
                            struct pf_arena *arena, struct pf_err *err)
{
    struct pf_cursor cursor;
    pf_cursor_init(&cursor, json);
    struct converter c = {.cursor = &cursor, .arena = arena};
    const struct pf_yaml_node *root = convert(&c);
    (void)pf_cursor_end(&cursor); /* the error is read next */
    const enum pf_code code = pf_cursor_error(&cursor, err);
    if (code != PF_OK || root == NULL) {
        return code != PF_OK ? code : pf_err_set(err, PF_E_INVALID, "not JSON");
    }
    return pf_yaml_write(root, indent, buf, err);
}

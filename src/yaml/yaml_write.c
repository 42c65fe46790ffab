#include "resolve.h"
#include <podfit/yaml.h>

#define INDENT_STEP 2
/* libyaml finds the colon of a key within 1024 characters only; an escaped byte takes up to 6 */
#define SIMPLE_KEY_MAX_BYTES 128

/* bytes that are safe anywhere in a plain scalar; '-', '.', ':' and the like are judged by place */
static bool is_plain_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("_-./+@", c) != NULL;
}

static bool is_plain_text(struct pf_sv text)
{
    if (!pf_resolve_is_plain_string(text)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool inner = i != 0 && i + 1 < text.len;
        /* `a b`, `a:b` and `a=b` are one scalar; `a: b`, `a:` and `a #b` are not */
        bool joined = inner && (c == '=' || c == ',' || (c == ':' && text.ptr[i + 1] != ' ') ||
                                (c == ' ' && text.ptr[i + 1] != '#'));
        if (c == '\0' || (!is_plain_byte(c) && !joined)) {
            return false;
        }
    }
    return strchr("@", text.ptr[0]) == NULL;
}

/* characters libyaml refuses in its input although they are UTF-8: C1 controls, surrogate-like ends, U+FEFF, line separators */
static size_t unprintable_bytes(struct pf_sv text, size_t at, unsigned *ret_point)
{
    const unsigned char *p = (const unsigned char *)text.ptr + at;
    size_t left = text.len - at;
    if (left >= 2 && p[0] == 0xC2 && p[1] < 0xA1) {
        *ret_point = p[1];
        return 2;
    }
    if (left >= 3 && p[0] == 0xE2 && p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9)) {
        *ret_point = 0x2000U + (p[2] - 0x80U);
        return 3;
    }
    if (left >= 3 && p[0] == 0xEF && p[1] == 0xBB && p[2] == 0xBF) {
        *ret_point = 0xFEFF;
        return 3;
    }
    if (left >= 3 && p[0] == 0xEF && p[1] == 0xBF && p[2] >= 0xBE) {
        *ret_point = 0xFFC0U + (p[2] - 0x80U);
        return 3;
    }
    return 0;
}

static void append_quoted(struct pf_sv text, struct pf_buf *buf)
{
    pf_buf_append_char(buf, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        unsigned point = 0;
        size_t bytes = unprintable_bytes(text, i, &point);
        if (bytes != 0) {
            pf_buf_printf(buf, "\\u%04X", point);
            i += bytes - 1;
        } else if (c == '"' || c == '\\') {
            pf_buf_append_char(buf, '\\');
            pf_buf_append_char(buf, (char)c);
        } else if (c == '\n') {
            pf_buf_append_cstr(buf, "\\n");
        } else if (c < 0x20 || c == 0x7F) {
            pf_buf_printf(buf, "\\x%02X", c);
        } else {
            pf_buf_append_char(buf, (char)c);
        }
    }
    pf_buf_append_char(buf, '"');
}

void pf_yaml_write_string(struct pf_sv text, struct pf_buf *buf)
{
    if (is_plain_text(text)) {
        pf_buf_append_sv(buf, text);
    } else {
        append_quoted(text, buf);
    }
}

static bool is_scalar(const struct pf_yaml_node *node)
{
    return node->type != PF_YAML_MAP && node->type != PF_YAML_SEQ;
}

static void append_indent(struct pf_buf *buf, unsigned indent)
{
    for (unsigned i = 0; i < indent; i++) {
        pf_buf_append_char(buf, ' ');
    }
}

static void append_scalar(const struct pf_yaml_node *node, struct pf_buf *buf)
{
    switch (node->type) {
    case PF_YAML_NULL:
        pf_buf_append_cstr(buf, "null");
        break;
    case PF_YAML_BOOL:
        pf_buf_append_cstr(buf, node->value.boolean ? "true" : "false");
        break;
    case PF_YAML_INT:
        if (node->value.integer.negative) {
            pf_buf_append_char(buf, '-');
        }
        pf_buf_append_u64(buf, node->value.integer.magnitude);
        break;
    case PF_YAML_FLOAT:
        /* `!!float 5`, quoted or not, must stay a number of that kind */
        pf_buf_append_cstr(buf, "!!float ");
        pf_buf_append_sv(buf, node->text);
        break;
    case PF_YAML_STRING:
    case PF_YAML_SEQ:
    case PF_YAML_MAP:
    default:
        pf_yaml_write_string(node->text, buf);
        break;
    }
}

static void append_node(const struct pf_yaml_node *node, unsigned indent, struct pf_buf *buf);

/* what stands after `key:` or `-`; a list below a key is not indented further, as kubectl writes it */
static void append_value(const struct pf_yaml_node *node, unsigned indent, struct pf_buf *buf)
{
    if (is_scalar(node)) {
        pf_buf_append_char(buf, ' ');
        append_scalar(node, buf);
        pf_buf_append_char(buf, '\n');
    } else if (node->count == 0) {
        pf_buf_append_cstr(buf, node->type == PF_YAML_MAP ? " {}\n" : " []\n");
    } else {
        pf_buf_append_char(buf, '\n');
        append_node(node, node->type == PF_YAML_MAP ? indent + INDENT_STEP : indent, buf);
    }
}

static void append_item(const struct pf_yaml_node *node, unsigned indent, struct pf_buf *buf)
{
    size_t start = buf->len;
    append_node(node, indent + INDENT_STEP, buf);
    if (buf->failed == PF_OK) {
        /* the first line is indented by what `- ` takes */
        buf->data[start + indent] = '-';
    }
}

static void append_key(struct pf_sv key, unsigned indent, struct pf_buf *buf)
{
    append_indent(buf, indent);
    if (key.len > SIMPLE_KEY_MAX_BYTES) {
        pf_buf_append_cstr(buf, "? ");
        pf_yaml_write_string(key, buf);
        pf_buf_append_char(buf, '\n');
        append_indent(buf, indent);
    } else {
        pf_yaml_write_string(key, buf);
    }
    pf_buf_append_char(buf, ':');
}

/* recursion is bounded by PF_YAML_MAX_DEPTH */
static void append_node(const struct pf_yaml_node *node, unsigned indent, struct pf_buf *buf)
{
    if (buf->failed != PF_OK) {
        return;
    }
    if (is_scalar(node) || node->count == 0) {
        append_indent(buf, indent);
        if (is_scalar(node)) {
            append_scalar(node, buf);
        } else {
            pf_buf_append_cstr(buf, node->type == PF_YAML_MAP ? "{}" : "[]");
        }
        pf_buf_append_char(buf, '\n');
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        if (node->type == PF_YAML_SEQ) {
            append_item(node->value.items[i], indent, buf);
            continue;
        }
        append_key(node->value.members[i].key, indent, buf);
        append_value(node->value.members[i].value, indent, buf);
    }
}

enum pf_code pf_yaml_write(const struct pf_yaml_node *node, unsigned indent, struct pf_buf *buf,
                           struct pf_err *err)
{
    append_node(node, indent, buf);
    return pf_buf_status(buf, err);
}

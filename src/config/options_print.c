#include "options_text.h"
#include <podfit/duration.h>
#include <podfit/limits.h>

#define INDENT_STEP 2
/* of a default that is printed as it stands in the table */
#define FALLBACK_ARENA_BYTES ((size_t)256 * 1024)

static void print_object(const struct pf_option_table *table, const struct pf_yaml_node *node,
                         const char *object, unsigned indent, struct pf_buf *buf);

static void append_indent(struct pf_buf *buf, unsigned indent)
{
    for (unsigned i = 0; i < indent; i++) {
        pf_buf_append_char(buf, ' ');
    }
}

/* a NULL view is a string that was not given; reading null gives it again */
static void append_string(struct pf_sv text, struct pf_buf *buf)
{
    if (text.ptr == NULL) {
        pf_buf_append_cstr(buf, "null");
    } else {
        pf_yaml_write_string(text, buf);
    }
}

static int64_t load_int(const struct pf_option *option, const char *field)
{
    int64_t value = 0;
    uint32_t low = 0;
    if (option->int_bytes != sizeof(low)) {
        memcpy(&value, field, sizeof(value));
        return value;
    }
    memcpy(&low, field, sizeof(low));
    /* a member whose minimum is negative is a signed one */
    return option->min < 0 && low > INT32_MAX ? (int64_t)low - UINT32_MAX - 1 : (int64_t)low;
}

static void append_choice(const struct pf_option *option, const char *field, struct pf_buf *buf)
{
    int value = 0;
    memcpy(&value, field, sizeof(value));
    for (const struct pf_option_choice *c = option->choices; c->name != NULL; c++) {
        if (c->value == value) {
            pf_yaml_write_string(pf_sv_from(c->name), buf);
            return;
        }
    }
    /* an enum without default that was not given */
    pf_buf_append_cstr(buf, "null");
}

static void append_scalar(const struct pf_option *option, const char *field, struct pf_buf *buf)
{
    char duration[PF_DURATION_TEXT_BYTES];
    struct pf_sv text = {.ptr = NULL};
    int64_t ms = 0;
    bool flag = false;
    switch (option->type) {
    case PF_OPTION_BOOL:
        memcpy(&flag, field, sizeof(flag));
        pf_buf_append_cstr(buf, flag ? "true" : "false");
        break;
    case PF_OPTION_INT:
        pf_buf_append_i64(buf, load_int(option, field));
        break;
    case PF_OPTION_DURATION:
        memcpy(&ms, field, sizeof(ms));
        pf_duration_format(ms, duration);
        pf_buf_append_cstr(buf, duration);
        break;
    case PF_OPTION_ENUM:
        append_choice(option, field, buf);
        break;
    case PF_OPTION_STRING:
    default:
        memcpy(&text, field, sizeof(text));
        append_string(text, buf);
        break;
    }
}

static void print_strings(const char *field, unsigned indent, struct pf_buf *buf)
{
    struct pf_option_strings list = {.count = 0};
    memcpy((void *)&list, field, sizeof(list));
    pf_buf_append_cstr(buf, list.count == 0 ? " []\n" : "\n");
    for (size_t i = 0; i < list.count; i++) {
        append_indent(buf, indent);
        pf_buf_append_cstr(buf, "- ");
        append_string(list.items[i], buf);
        pf_buf_append_char(buf, '\n');
    }
}

static void print_pairs(const char *field, unsigned indent, struct pf_buf *buf)
{
    struct pf_option_pairs map = {.count = 0};
    memcpy((void *)&map, field, sizeof(map));
    pf_buf_append_cstr(buf, map.count == 0 ? " {}\n" : "\n");
    for (size_t i = 0; i < map.count; i++) {
        append_indent(buf, indent + INDENT_STEP);
        append_string(map.items[i].key, buf);
        pf_buf_append_cstr(buf, ": ");
        append_string(map.items[i].value, buf);
        pf_buf_append_char(buf, '\n');
    }
}

static void print_objects(const struct pf_option *option, const struct pf_yaml_node *node,
                          const char *field, unsigned indent, struct pf_buf *buf)
{
    struct pf_option_objects list = {.count = 0};
    memcpy((void *)&list, field, sizeof(list));
    pf_buf_append_cstr(buf, list.count == 0 ? " []\n" : "\n");
    for (size_t i = 0; i < list.count; i++) {
        const struct pf_yaml_node *item =
            node != NULL && node->type == PF_YAML_SEQ && i < node->count ? node->value.items[i]
                                                                         : NULL;
        size_t start = buf->len;
        print_object(option->table, item,
                     (const char *)list.items + i * option->table->struct_bytes,
                     indent + INDENT_STEP, buf);
        if (buf->failed == PF_OK && buf->len > start) {
            /* the first line is indented by what `- ` takes */
            buf->data[start + indent] = '-';
        }
    }
}

/* as it was written */
static void print_node(const struct pf_yaml_node *node, unsigned indent, struct pf_buf *buf)
{
    bool inner = (node->type == PF_YAML_MAP || node->type == PF_YAML_SEQ) && node->count != 0;
    pf_buf_append_char(buf, inner ? '\n' : ' ');
    enum pf_code code = pf_yaml_write(node, inner ? indent + INDENT_STEP : 0, buf, NULL);
    (void)code; /* the buffer keeps it, and the caller asks once, at the end */
}

static void print_fallback(const struct pf_option *option, unsigned indent, struct pf_buf *buf)
{
    pf_autoarena struct pf_arena arena = {.head = NULL};
    const struct pf_yaml_node *node = NULL;
    pf_arena_init(&arena, FALLBACK_ARENA_BYTES);
    if (option->fallback == NULL ||
        pf_yaml_parse_one("default", pf_sv_from(option->fallback), PF_CONFIG_MAX_BYTES, &arena,
                          &node, NULL) != PF_OK) {
        pf_buf_append_cstr(buf, " null\n");
        return;
    }
    print_node(node, indent, buf);
}

static void print_custom(const struct pf_option *option, const struct pf_yaml_node *node,
                         const char *field, unsigned indent, struct pf_buf *buf)
{
    if (option->print != NULL) {
        option->print(field, indent, buf);
    } else if (node != NULL) {
        print_node(node, indent, buf);
    } else {
        print_fallback(option, indent, buf);
    }
}

static void print_value(const struct pf_option *option, const struct pf_yaml_node *node,
                        const char *field, unsigned indent, struct pf_buf *buf)
{
    switch (option->type) {
    case PF_OPTION_OBJECT:
        pf_buf_append_char(buf, '\n');
        print_object(option->table, node, field, indent + INDENT_STEP, buf);
        break;
    case PF_OPTION_OBJECT_LIST:
        print_objects(option, node, field, indent, buf);
        break;
    case PF_OPTION_STRING_LIST:
        print_strings(field, indent, buf);
        break;
    case PF_OPTION_STRING_MAP:
        print_pairs(field, indent, buf);
        break;
    case PF_OPTION_SELECTOR:
    case PF_OPTION_CUSTOM:
        print_custom(option, node, field, indent, buf);
        break;
    case PF_OPTION_BOOL:
    case PF_OPTION_INT:
    case PF_OPTION_DURATION:
    case PF_OPTION_STRING:
    case PF_OPTION_ENUM:
    default:
        pf_buf_append_char(buf, ' ');
        append_scalar(option, field, buf);
        pf_buf_append_char(buf, '\n');
        break;
    }
}

/* whether nothing stands for this option: then null is printed, which reads as not given */
static bool is_absent(const struct pf_option *option, const char *object)
{
    if (option->given_offset == 0 || option->fallback != NULL) {
        return false;
    }
    bool given = false;
    memcpy(&given, object + option->given_offset - 1, sizeof(given));
    return !given;
}

static void print_object(const struct pf_option_table *table, const struct pf_yaml_node *node,
                         const char *object, unsigned indent, struct pf_buf *buf)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct pf_option *option = &table->rows[i];
        const struct pf_yaml_node *value = pf_yaml_get(node, option->key);
        if (value != NULL && value->type == PF_YAML_NULL) {
            value = NULL;
        }
        append_indent(buf, indent);
        pf_yaml_write_string(pf_sv_from(option->key), buf);
        pf_buf_append_char(buf, ':');
        if (is_absent(option, object)) {
            pf_buf_append_cstr(buf, " null\n");
        } else {
            print_value(option, value, object + option->offset, indent, buf);
        }
    }
}

enum pf_code pf_options_print(const struct pf_option_table *table, const struct pf_yaml_node *node,
                              const void *object, struct pf_buf *buf, struct pf_err *err)
{
    print_object(table, node, object, 0, buf);
    return pf_buf_status(buf, err);
}

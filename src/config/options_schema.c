#include "options_text.h"
#include <podfit/write.h>

#define MAX_TABLE_DEPTH 16

/** Types in JSON; of CUSTOM values the row has it. */
static const char *const type_names[] = {
    [PF_OPTION_BOOL] = "boolean",      [PF_OPTION_INT] = "integer",
    [PF_OPTION_DURATION] = "string",   [PF_OPTION_STRING] = "string",
    [PF_OPTION_ENUM] = "string",       [PF_OPTION_STRING_LIST] = "array",
    [PF_OPTION_STRING_MAP] = "object", [PF_OPTION_OBJECT] = "object",
    [PF_OPTION_OBJECT_LIST] = "array", [PF_OPTION_SELECTOR] = "object",
    [PF_OPTION_CUSTOM] = NULL,
};

/** What pf_duration_parse() reads, without a sign. */
#define DURATION_MEMBERS ",\"pattern\":\"^([0-9]+([.][0-9]*)?(h|m|s|ms|us|ns))+$\""
/** metav1.LabelSelector. */
#define SELECTOR_MEMBERS                                                                          \
    ",\"properties\":{"                                                                           \
    "\"matchLabels\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},"       \
    "\"matchExpressions\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"    \
    "\"key\":{\"type\":\"string\",\"minLength\":1},"                                              \
    "\"operator\":{\"type\":\"string\",\"enum\":[\"In\",\"NotIn\",\"Exists\",\"DoesNotExist\"]}," \
    "\"values\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"                           \
    "\"required\":[\"key\",\"operator\"],\"additionalProperties\":false}}},"                      \
    "\"additionalProperties\":false"

static void put_table(const struct pf_option_table *table, unsigned depth, struct pf_buf *buf);

static void put_string(const char *text, struct pf_buf *buf)
{
    pf_write_string(buf, pf_sv_from(text));
}

/* The sentence, and what the choices mean. */
static void put_description(const struct pf_option *option, struct pf_buf *buf)
{
    pf_autobuf struct pf_buf text = {.data = NULL};
    pf_buf_init(&text, 4096);
    pf_buf_append_cstr(&text, option->help);
    for (const struct pf_option_choice *c = option->choices; c != NULL && c->name != NULL; c++) {
        if (c->help != NULL) {
            pf_buf_printf(&text, "\n%s: %s", c->name, c->help);
        }
    }
    pf_buf_append_cstr(buf, "\"description\":");
    pf_write_string(buf, pf_buf_view(&text));
}

/* A key without a default may be empty, which is as if it were not there. */
static bool may_be_null(const struct pf_option *option)
{
    return !option->required && option->fallback == NULL;
}

static void put_type(const struct pf_option *option, struct pf_buf *buf)
{
    const char *name = type_names[option->type];
    if (name != NULL) {
        pf_buf_printf(buf, may_be_null(option) ? ",\"type\":[\"%s\",\"null\"]" : ",\"type\":\"%s\"",
                      name);
    }
}

static void put_choices(const struct pf_option *option, struct pf_buf *buf)
{
    pf_buf_append_cstr(buf, "\"enum\":[");
    for (const struct pf_option_choice *c = option->choices; c->name != NULL; c++) {
        pf_buf_append_cstr(buf, c != option->choices ? "," : "");
        put_string(c->name, buf);
    }
    pf_buf_append_cstr(buf, may_be_null(option) && option->type == PF_OPTION_ENUM ? ",null]" : "]");
}

static void put_bounds(const struct pf_option *option, const char *min_key, const char *max_key,
                       struct pf_buf *buf)
{
    if (pf_options_text_has_min(option)) {
        pf_buf_printf(buf, ",\"%s\":%lld", min_key, (long long)option->min);
    }
    if (pf_options_text_has_max(option)) {
        pf_buf_printf(buf, ",\"%s\":%lld", max_key, (long long)option->max);
    }
}

static void put_elements(const struct pf_option *option, unsigned depth, struct pf_buf *buf)
{
    put_bounds(option, "minItems", "maxItems", buf);
    pf_buf_append_cstr(buf, ",\"items\":");
    if (option->type == PF_OPTION_OBJECT_LIST) {
        pf_buf_append_cstr(buf, "{\"type\":\"object\",");
        put_table(option->table, depth + 1, buf);
        pf_buf_append_char(buf, '}');
    } else {
        pf_buf_append_cstr(buf, "{\"type\":\"string\"");
        if (option->choices != NULL) {
            pf_buf_append_char(buf, ',');
            put_choices(option, buf);
        }
        pf_buf_append_char(buf, '}');
    }
}

/* Bounds of a string count bytes, those of a schema characters; a character has at most four bytes. */
static void put_lengths(const struct pf_option *option, struct pf_buf *buf)
{
    struct pf_option characters = *option;
    characters.min = (option->min + 3) / 4;
    put_bounds(&characters, "minLength", "maxLength", buf);
}

static void put_details(const struct pf_option *option, unsigned depth, struct pf_buf *buf)
{
    switch (option->type) {
    case PF_OPTION_INT:
        put_bounds(option, "minimum", "maximum", buf);
        break;
    case PF_OPTION_STRING:
        put_lengths(option, buf);
        break;
    case PF_OPTION_ENUM:
        pf_buf_append_char(buf, ',');
        put_choices(option, buf);
        break;
    case PF_OPTION_STRING_LIST:
    case PF_OPTION_OBJECT_LIST:
        put_elements(option, depth, buf);
        break;
    case PF_OPTION_OBJECT:
        pf_buf_append_char(buf, ',');
        put_table(option->table, depth + 1, buf);
        break;
    case PF_OPTION_DURATION:
        pf_buf_append_cstr(buf, DURATION_MEMBERS);
        break;
    case PF_OPTION_SELECTOR:
        pf_buf_append_cstr(buf, SELECTOR_MEMBERS);
        break;
    case PF_OPTION_STRING_MAP:
        pf_buf_append_cstr(buf, ",\"additionalProperties\":{\"type\":\"string\"}");
        put_bounds(option, "minProperties", "maxProperties", buf);
        break;
    case PF_OPTION_BOOL:
    case PF_OPTION_CUSTOM:
        break;
    }
}

/* Defaults are YAML text: of numbers, booleans and `{}` the same as JSON, of the others a string. */
static void put_default(const struct pf_option *option, struct pf_buf *buf)
{
    const bool text = option->type == PF_OPTION_STRING || option->type == PF_OPTION_ENUM ||
                      option->type == PF_OPTION_DURATION;
    if (option->fallback == NULL) {
        return;
    }
    pf_buf_append_cstr(buf, ",\"default\":");
    if (text) {
        put_string(option->fallback, buf);
    } else {
        pf_buf_append_cstr(buf, option->fallback);
    }
}

static void put_option(const struct pf_option *option, unsigned depth, struct pf_buf *buf)
{
    put_string(option->key, buf);
    pf_buf_append_cstr(buf, ":{");
    put_description(option, buf);
    put_type(option, buf);
    put_details(option, depth, buf);
    if (option->schema != NULL) {
        pf_buf_printf(buf, ",%s", option->schema);
    }
    put_default(option, buf);
    pf_buf_append_char(buf, '}');
}

/* The members of an object's schema. Recursion is bounded; a table that contains itself is cut there. */
static void put_table(const struct pf_option_table *table, unsigned depth, struct pf_buf *buf)
{
    const char *comma = "";
    pf_buf_append_cstr(buf, "\"properties\":{");
    for (size_t i = 0; depth <= MAX_TABLE_DEPTH && i < table->count; i++) {
        pf_buf_append_cstr(buf, i != 0 ? "," : "");
        put_option(&table->rows[i], depth, buf);
    }
    pf_buf_append_cstr(buf, "},\"required\":[");
    for (size_t i = 0; i < table->count; i++) {
        if (table->rows[i].required) {
            pf_buf_append_cstr(buf, comma);
            put_string(table->rows[i].key, buf);
            comma = ",";
        }
    }
    pf_buf_append_cstr(buf, "],\"additionalProperties\":false");
}

static void put_line(unsigned depth, struct pf_buf *buf)
{
    pf_buf_append_char(buf, '\n');
    for (unsigned i = 0; i < depth; i++) {
        pf_buf_append_cstr(buf, "  ");
    }
}

/** What has been written of a text that is indented on the way. */
struct indent {
    unsigned depth; /**< open objects */
    bool listing;   /**< within a list */
};

/* A character outside of strings. @param ends  it is followed by an end of its object */
static void put_sign(struct indent *indent, char c, bool ends, struct pf_buf *buf)
{
    const struct pf_sv before = pf_buf_view(buf);
    const bool empty = before.len != 0 && before.ptr[before.len - 1] == '{';
    if (c == '}') {
        indent->depth--;
        if (!empty) {
            put_line(indent->depth, buf);
        }
    }
    pf_buf_append_char(buf, c);
    indent->listing = c == '[' || (indent->listing && c != ']');
    indent->depth += c == '{' ? 1 : 0;
    if ((c == '{' && !ends) || (c == ',' && !indent->listing)) {
        put_line(indent->depth, buf);
    } else if (c == ',' || c == ':') {
        pf_buf_append_char(buf, ' ');
    }
}

/* One member a line; lists, which hold words only, on one. */
static void put_indented(struct pf_sv json, struct pf_buf *buf)
{
    struct indent indent = {.depth = 0};
    bool quoted = false;
    for (size_t i = 0; i < json.len; i++) {
        const char c = json.ptr[i];
        if (c == '"') {
            quoted = !quoted;
        }
        if (!quoted && c != '"') {
            put_sign(&indent, c, i + 1 < json.len && json.ptr[i + 1] == '}', buf);
            continue;
        }
        pf_buf_append_char(buf, c);
        if (c == '\\') {
            pf_buf_append_char(buf, json.ptr[++i]);
        }
    }
    pf_buf_append_char(buf, '\n');
}

enum pf_code pf_options_schema(const struct pf_option_table *table, const char *title,
                               struct pf_buf *buf, struct pf_err *err)
{
    pf_autobuf struct pf_buf json = {.data = NULL};
    pf_buf_init(&json, buf->max_bytes);
    pf_buf_append_cstr(&json,
                       "{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"title\":");
    put_string(title, &json);
    pf_buf_append_cstr(&json, ",\"type\":\"object\",");
    put_table(table, 1, &json);
    pf_buf_append_char(&json, '}');
    put_indented(pf_buf_view(&json), buf);
    return pf_buf_status(json.failed != PF_OK ? &json : buf, err);
}

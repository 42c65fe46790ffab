#include "options_text.h"

/* of a path of keys, a hundred levels of them */
#define PATH_MAX_BYTES ((size_t)4096)
/* width of the labels of explain, `required: ` */
#define LABEL_COLUMNS   10
#define MAX_TABLE_DEPTH 16

static bool has_keys(const struct pf_option *option)
{
    return option->type == PF_OPTION_OBJECT || option->type == PF_OPTION_OBJECT_LIST;
}

static const char *default_text(const struct pf_option *option)
{
    return option->fallback != NULL ? option->fallback : "";
}

/* ---- markdown ---- */

/* a cell must not end its column */
static void append_cell(const char *text, struct pf_buf *buf)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '|') {
            pf_buf_append_char(buf, '\\');
        }
        if (*p == '\n') {
            pf_buf_append_char(buf, ' ');
        } else {
            pf_buf_append_char(buf, *p);
        }
    }
}

static void append_row(const struct pf_option *option, struct pf_sv path, struct pf_buf *buf)
{
    pf_autobuf struct pf_buf allowed = {.data = NULL};
    pf_buf_init(&allowed, PATH_MAX_BYTES);
    pf_options_text_allowed(option, &allowed);
    pf_buf_printf(buf, "| `%.*s` | %s | ", PF_SV_ARG(path), pf_options_text_type(option->type));
    if (option->required) {
        pf_buf_append_cstr(buf, "required");
    } else if (option->fallback != NULL) {
        pf_buf_append_char(buf, '`');
        append_cell(option->fallback, buf);
        pf_buf_append_char(buf, '`');
    }
    pf_buf_append_cstr(buf, " | ");
    append_cell(allowed.data != NULL ? allowed.data : "", buf);
    pf_buf_append_cstr(buf, " | ");
    append_cell(option->help != NULL ? option->help : "", buf);
    pf_buf_append_cstr(buf, " |\n");
}

/* recursion is bounded by MAX_TABLE_DEPTH; a table that contains itself is cut there */
static void append_table(const struct pf_option_table *table, struct pf_buf *path, unsigned depth,
                         struct pf_buf *buf)
{
    size_t base = path->len;
    for (size_t i = 0; i < table->count; i++) {
        const struct pf_option *option = &table->rows[i];
        pf_buf_append_cstr(path, base != 0 ? "." : "");
        pf_buf_append_cstr(path, option->key);
        append_row(option, pf_buf_view(path), buf);
        if (has_keys(option) && depth < MAX_TABLE_DEPTH) {
            pf_buf_append_cstr(path, option->type == PF_OPTION_OBJECT_LIST ? "[]" : "");
            append_table(option->table, path, depth + 1, buf);
        }
        pf_buf_truncate(path, base);
    }
}

enum pf_code pf_options_docs_markdown(const struct pf_option_table *table, struct pf_buf *buf,
                                      struct pf_err *err)
{
    pf_autobuf struct pf_buf path = {.data = NULL};
    pf_buf_init(&path, PATH_MAX_BYTES);
    pf_buf_append_cstr(buf, "| key | type | default | allowed | what it does |\n"
                            "| --- | --- | --- | --- | --- |\n");
    append_table(table, &path, 1, buf);
    return pf_buf_status(path.failed != PF_OK ? &path : buf, err);
}

/* ---- every key ---- */

struct visitor {
    pf_option_visit_fn visit;
    void *opaque;
};

/* recursion is bounded as above */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void visit_table(const struct pf_option_table *table, struct pf_buf *path, unsigned depth,
                        const struct visitor *visitor)
{
    const size_t base = path->len;
    for (size_t i = 0; i < table->count && path->failed == PF_OK; i++) {
        const struct pf_option *option = &table->rows[i];
        pf_buf_append_cstr(path, base != 0 ? "." : "");
        pf_buf_append_cstr(path, option->key);
        if (path->failed == PF_OK) {
            visitor->visit(visitor->opaque, path->data, option->help != NULL ? option->help : "");
        }
        if (has_keys(option) && depth < MAX_TABLE_DEPTH) {
            visit_table(option->table, path, depth + 1, visitor);
        }
        pf_buf_truncate(path, base);
    }
}

enum pf_code pf_options_docs_each(const struct pf_option_table *table, pf_option_visit_fn visit,
                                  void *opaque)
{
    const struct visitor visitor = {.visit = visit, .opaque = opaque};
    pf_autobuf struct pf_buf path = {.data = NULL};
    pf_buf_init(&path, PATH_MAX_BYTES);
    visit_table(table, &path, 1, &visitor);
    return pf_buf_status(&path, NULL);
}

/* ---- explain ---- */

static void append_label(const char *label, const char *text, struct pf_buf *buf)
{
    if (text[0] != '\0') {
        pf_buf_printf(buf, "  %-*s%s\n", LABEL_COLUMNS, label, text);
    }
}

static void append_list(const struct pf_option_table *table, struct pf_buf *buf)
{
    size_t width = 0;
    for (size_t i = 0; i < table->count; i++) {
        size_t len = strlen(table->rows[i].key);
        width = len > width ? len : width;
    }
    for (size_t i = 0; i < table->count; i++) {
        const struct pf_option *option = &table->rows[i];
        pf_buf_printf(buf, "  %-*s  <%s>%s  %s\n", (int)width, option->key,
                      pf_options_text_type(option->type), option->required ? " required" : "",
                      option->help != NULL ? option->help : "");
    }
}

static void append_option(const struct pf_option *option, struct pf_sv path, struct pf_buf *buf)
{
    pf_autobuf struct pf_buf allowed = {.data = NULL};
    pf_buf_init(&allowed, PATH_MAX_BYTES);
    pf_options_text_allowed(option, &allowed);
    pf_buf_printf(buf, "%.*s: %s\n", PF_SV_ARG(path), option->help != NULL ? option->help : "");
    append_label("type:", pf_options_text_type(option->type), buf);
    append_label("required:", option->required ? "yes" : "", buf);
    append_label("default:", default_text(option), buf);
    append_label("allowed:", allowed.data != NULL ? allowed.data : "", buf);
    for (const struct pf_option_choice *c = option->choices; c != NULL && c->name != NULL; c++) {
        if (c->help != NULL) {
            pf_buf_printf(buf, "    %s: %s\n", c->name, c->help);
        }
    }
    if (has_keys(option)) {
        pf_buf_append_cstr(buf, "keys:\n");
        append_list(option->table, buf);
    }
}

/* cut the first key off a path: up to the next point, without `[...]` */
static struct pf_sv take_key(struct pf_sv *path)
{
    struct pf_sv key = *path;
    size_t end = 0;
    while (end < path->len && path->ptr[end] != '.') {
        end++;
    }
    key.len = end;
    for (size_t i = 0; i < key.len; i++) {
        if (key.ptr[i] == '[') {
            key.len = i;
        }
    }
    size_t taken = end < path->len ? end + 1 : end;
    path->ptr += taken;
    path->len -= taken;
    return key;
}

/* nothing is like the key: every key there is */
static enum pf_code refuse_unlike(const struct pf_option_table *table, struct pf_sv key,
                                  struct pf_sv path, struct pf_err *err)
{
    pf_autobuf struct pf_buf keys = {0};
    pf_buf_init(&keys, PF_ERR_TEXT_BYTES);
    for (size_t i = 0; i < table->count; i++) {
        pf_buf_printf(&keys, "%s%s", i != 0 ? ", " : "", table->rows[i].key);
    }
    return pf_err_set(err, PF_E_NOT_FOUND, "unknown key '%.*s': there is no '%.*s', allowed: %s",
                      PF_SV_ARG(path), PF_SV_ARG(key), keys.len != 0 ? keys.data : "none");
}

static enum pf_code refuse_path(const struct pf_option_table *table, struct pf_sv key,
                                struct pf_sv path, struct pf_err *err)
{
    if (table == NULL) {
        return pf_err_set(err, PF_E_NOT_FOUND, "unknown key '%.*s': there is no '%.*s'",
                          PF_SV_ARG(path), PF_SV_ARG(key));
    }
    const char *nearest = pf_options_text_nearest_key(table, key);
    if (nearest == NULL) {
        return refuse_unlike(table, key, path, err);
    }
    return pf_err_set(err, PF_E_NOT_FOUND,
                      "unknown key '%.*s': there is no '%.*s' (did you mean '%s'?)",
                      PF_SV_ARG(path), PF_SV_ARG(key), nearest);
}

enum pf_code pf_options_docs_explain(const struct pf_option_table *table, struct pf_sv path,
                                     struct pf_buf *buf, struct pf_err *err)
{
    const struct pf_option *option = NULL;
    struct pf_sv rest = path;
    if (path.len > PATH_MAX_BYTES) {
        return pf_err_set(err, PF_E_NOT_FOUND, "no key has %zu bytes", path.len);
    }
    while (rest.len != 0) {
        struct pf_sv key = take_key(&rest);
        const struct pf_option *found = table != NULL ? pf_options_text_find(table, key) : NULL;
        if (found == NULL) {
            return refuse_path(table, key, path, err);
        }
        option = found;
        table = has_keys(option) ? option->table : NULL;
    }
    if (option == NULL) {
        append_list(table, buf);
    } else {
        append_option(option, path, buf);
    }
    return pf_buf_status(buf, err);
}

#include <stdio.h>
#include <string.h>

#include "kubeconfig_internal.h"
#include <podfit/limits.h>

/* Names that a message lists. */
#define NAMES_SHOWN 10

enum pf_code pf_kubeconfig_file_fail(const struct pf_kubeconfig_entry *entry,
                                     const struct pf_yaml_node *node, enum pf_code code,
                                     const char *text, struct pf_err *err)
{
    if (node == NULL) {
        return pf_err_set(err, code, "%s: %s '%s': %s", entry->file->path, entry->section,
                          entry->name, text);
    }
    return pf_err_set(err, code, "%s:%u:%u: %s '%s': %s", entry->file->path, node->mark.line,
                      node->mark.column, entry->section, entry->name, text);
}

static enum pf_code fail_at(const char *path, const struct pf_yaml_node *node, const char *what,
                            struct pf_err *err)
{
    return pf_err_set(err, PF_E_INVALID, "%s:%u:%u: %s", path, node->mark.line, node->mark.column,
                      what);
}

/* A member that is there and not null. */
static const struct pf_yaml_node *member(const struct pf_yaml_node *map, const char *key)
{
    const struct pf_yaml_node *node = pf_yaml_get(map, key);
    return node != NULL && node->type != PF_YAML_NULL ? node : NULL;
}

static struct pf_sv text_member(const struct pf_yaml_node *map, const char *key)
{
    const struct pf_yaml_node *node = member(map, key);
    return node != NULL && node->type == PF_YAML_STRING ? node->text : (struct pf_sv){0};
}

/* The name of the i-th entry is none of those before it. */
static bool is_repeated(const struct pf_yaml_node *list, size_t i)
{
    const struct pf_sv name = text_member(list->value.items[i], "name");
    for (size_t k = 0; k < i; k++) {
        if (pf_sv_eq(text_member(list->value.items[k], "name"), name)) {
            return true;
        }
    }
    return false;
}

static enum pf_code check_list(const char *path, const struct pf_yaml_node *root, const char *key,
                               const char *section, struct pf_err *err)
{
    const struct pf_yaml_node *list = member(root, key);
    if (list == NULL) {
        return PF_OK;
    }
    if (list->type != PF_YAML_SEQ) {
        return pf_err_set(err, PF_E_INVALID, "%s:%u:%u: %s is a %s, not a list", path,
                          list->mark.line, list->mark.column, key, pf_yaml_type_name(list->type));
    }
    if (list->count > PF_KUBECONFIG_MAX_ENTRIES) {
        return pf_err_set(err, PF_E_TOO_BIG, "%s: %s has %zu entries, limit %d", path, key,
                          list->count, PF_KUBECONFIG_MAX_ENTRIES);
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct pf_yaml_node *item = list->value.items[i];
        const struct pf_sv name = text_member(item, "name");
        const struct pf_yaml_node *body = member(item, section);
        if (item->type != PF_YAML_MAP || name.len == 0) {
            return fail_at(path, item, "an entry needs a name, a string that is not empty", err);
        }
        if (memchr(name.ptr, '\0', name.len) != NULL) {
            return fail_at(path, item, "a name with a NUL character", err);
        }
        if (body != NULL && body->type != PF_YAML_MAP) {
            return pf_err_set(err, PF_E_INVALID, "%s:%u:%u: %s is a %s, not a map", path,
                              body->mark.line, body->mark.column, section,
                              pf_yaml_type_name(body->type));
        }
        if (is_repeated(list, i)) {
            return pf_err_set(err, PF_E_INVALID, "%s:%u:%u: %s has the name '%.*s' twice", path,
                              item->mark.line, item->mark.column, key, PF_SV_ARG(name));
        }
    }
    return PF_OK;
}

static enum pf_code check_version(const char *path, const struct pf_yaml_node *root,
                                  struct pf_err *err)
{
    static const struct {
        const char *key;
        const char *wanted;
    } rows[] = {{"apiVersion", "v1"}, {"kind", "Config"}};
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_yaml_node *node = member(root, rows[i].key);
        if (node != NULL && !pf_sv_eq_cstr(node->text, rows[i].wanted)) {
            return pf_err_set(err, PF_E_INVALID, "%s:%u:%u: not a kubeconfig: %s is not '%s'", path,
                              node->mark.line, node->mark.column, rows[i].key, rows[i].wanted);
        }
    }
    return PF_OK;
}

static const char *folder_of(const char *path, struct pf_arena *arena)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return ".";
    }
    const size_t len = slash == path ? 1 : (size_t)(slash - path);
    return pf_arena_dup(arena, (struct pf_sv){.ptr = path, .len = len});
}

enum pf_code pf_kubeconfig_file_parse(struct pf_sv text, const char *path, struct pf_arena *arena,
                                      struct pf_kubeconfig_file *ret_file, struct pf_err *err)
{
    static const char *const lists[][2] = {
        {"clusters", "cluster"}, {"users", "user"}, {"contexts", "context"}};
    struct pf_yaml_docs docs = {0};
    struct pf_kubeconfig_file file = {
        .path = pf_arena_dup(arena, pf_sv_from(path)),
        .folder = folder_of(path, arena),
    };
    if (file.path == NULL || file.folder == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for '%s'", path);
    }
    enum pf_code code = pf_yaml_parse(path, text, PF_KUBECONFIG_MAX_BYTES, arena, &docs, err);
    if (code == PF_OK && docs.count > 1) {
        code = fail_at(path, docs.roots[1], "a second document; a kubeconfig is one", err);
    }
    if (code != PF_OK) {
        return code;
    }
    if (docs.count == 1 && docs.roots[0]->type != PF_YAML_NULL) {
        file.root = docs.roots[0];
        if (file.root->type != PF_YAML_MAP) {
            return fail_at(path, file.root, "not a kubeconfig: not a map", err);
        }
        code = check_version(path, file.root, err);
        for (size_t i = 0; code == PF_OK && i < PF_ARRAY_LEN(lists); i++) {
            code = check_list(path, file.root, lists[i][0], lists[i][1], err);
        }
    }
    if (code == PF_OK) {
        *ret_file = file;
    }
    return code;
}

/* ` (there are 'a', 'b')`, shortened. */
static void append_names(const struct pf_kubeconfig_files *files, const char *list_key,
                         struct pf_buf *buf)
{
    size_t shown = 0;
    for (size_t i = 0; i < files->count; i++) {
        const struct pf_yaml_node *list = member(files->items[i].root, list_key);
        for (size_t k = 0; list != NULL && k < list->count; k++, shown++) {
            if (shown < NAMES_SHOWN) {
                const struct pf_sv name = text_member(list->value.items[k], "name");
                pf_buf_printf(buf, "%s'%.*s'", shown == 0 ? "; there are " : ", ",
                              (int)(name.len < 60 ? name.len : 60), name.ptr);
            }
        }
    }
    if (shown > NAMES_SHOWN) {
        pf_buf_printf(buf, " and %zu more", shown - NAMES_SHOWN);
    } else if (shown == 0) {
        pf_buf_append_cstr(buf, "; there are none");
    }
}

enum pf_code pf_kubeconfig_file_find(const struct pf_kubeconfig_files *files, const char *list,
                                     const char *section, const char *name,
                                     struct pf_kubeconfig_entry *ret_entry, struct pf_err *err)
{
    for (size_t i = 0; i < files->count; i++) {
        const struct pf_yaml_node *entries = member(files->items[i].root, list);
        for (size_t k = 0; entries != NULL && k < entries->count; k++) {
            const struct pf_yaml_node *item = entries->value.items[k];
            if (pf_sv_eq_cstr(text_member(item, "name"), name)) {
                *ret_entry = (struct pf_kubeconfig_entry){
                    .file = &files->items[i],
                    .body = member(item, section),
                    .section = section,
                    .name = text_member(item, "name").ptr,
                };
                return PF_OK;
            }
        }
    }
    pf_autobuf struct pf_buf names = {0};
    pf_buf_init(&names, (size_t)PF_ERR_TEXT_BYTES * 2);
    append_names(files, list, &names);
    return pf_err_set(err, PF_E_NOT_FOUND, "no %s '%s' in kubeconfig '%s'%s%s", section, name,
                      files->items[0].path, files->count > 1 ? " and the others of its list" : "",
                      names.data != NULL ? names.data : "");
}

enum pf_code pf_kubeconfig_file_text(const struct pf_kubeconfig_entry *entry,
                                     const struct pf_yaml_node *map, const char *key,
                                     struct pf_arena *arena, const char **ret_text,
                                     struct pf_err *err)
{
    const struct pf_yaml_node *node = member(map, key);
    char what[128];
    if (node == NULL || (node->type == PF_YAML_STRING && node->text.len == 0)) {
        return PF_OK;
    }
    if (node->type != PF_YAML_STRING) {
        (void)snprintf(what, sizeof(what), "%s is a %s, not a string", key,
                       pf_yaml_type_name(node->type));
        return pf_kubeconfig_file_fail(entry, node, PF_E_INVALID, what, err);
    }
    if (memchr(node->text.ptr, '\0', node->text.len) != NULL) {
        (void)snprintf(what, sizeof(what), "%s holds a NUL character", key);
        return pf_kubeconfig_file_fail(entry, node, PF_E_INVALID, what, err);
    }
    const char *text = pf_arena_dup(arena, node->text);
    if (text == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for a kubeconfig");
    }
    *ret_text = text;
    return PF_OK;
}

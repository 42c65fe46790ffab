#include <string.h>

#include "kubeconfig_internal.h"
#include <podfit/file.h>
#include <podfit/limits.h>

/* Trees of all files: some 100 bytes a node and the texts. */
#define TREES_ARENA_BYTES ((size_t)128 * 1024 * 1024)

static enum pf_code no_memory(struct pf_err *err)
{
    return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for a kubeconfig");
}

/* The context's name: what was asked for, else the first current-context of the list. */
static enum pf_code context_name(const struct pf_kubeconfig_files *files, const char *asked,
                                 const char **ret_name, struct pf_err *err)
{
    if (asked != NULL && asked[0] != '\0') {
        *ret_name = asked;
        return PF_OK;
    }
    for (size_t i = 0; i < files->count; i++) {
        const struct pf_yaml_node *node = pf_yaml_get(files->items[i].root, "current-context");
        if (node != NULL && node->type == PF_YAML_STRING && node->text.len != 0) {
            *ret_name = node->text.ptr;
            return PF_OK;
        }
    }
    return pf_err_set(err, PF_E_NOT_FOUND,
                      "kubeconfig '%s' has no current-context; choose one with --context",
                      files->items[0].path);
}

/* What a context names. */
struct context {
    struct pf_kubeconfig_entry entry;
    const char *cluster;
    const char *user;
    const char *space;
};

static enum pf_code read_context(const struct pf_kubeconfig_files *files, const char *asked,
                                 struct pf_arena *arena, struct context *ret_context,
                                 struct pf_err *err)
{
    struct context context = {.space = "default"};
    const char *name = NULL;
    enum pf_code code = context_name(files, asked, &name, err);
    if (code == PF_OK) {
        code = pf_kubeconfig_file_find(files, "contexts", "context", name, &context.entry, err);
    }
    const struct {
        const char *key;
        const char **place;
    } rows[] = {
        {"cluster", &context.cluster},
        {"user", &context.user},
        {"namespace", &context.space},
    };
    for (size_t i = 0; code == PF_OK && i < PF_ARRAY_LEN(rows); i++) {
        code = pf_kubeconfig_file_text(&context.entry, context.entry.body, rows[i].key, arena,
                                       rows[i].place, err);
    }
    if (code == PF_OK && context.cluster == NULL) {
        code = pf_kubeconfig_file_fail(&context.entry, context.entry.body, PF_E_INVALID,
                                       "it names no cluster", err);
    }
    if (code == PF_OK) {
        *ret_context = context;
    }
    return code;
}

static enum pf_code resolve(const struct pf_kubeconfig_files *files, const char *asked,
                            struct pf_arena *arena, struct pf_kube_config *ret_config,
                            struct pf_err *err)
{
    struct context context = {0};
    struct pf_kubeconfig_entry cluster = {0};
    struct pf_kubeconfig_entry user = {0};
    struct pf_kube_config config = {0};
    enum pf_code code = read_context(files, asked, arena, &context, err);
    if (code == PF_OK) {
        code =
            pf_kubeconfig_file_find(files, "clusters", "cluster", context.cluster, &cluster, err);
    }
    if (code == PF_OK) {
        code = pf_kubeconfig_cluster(&cluster, arena, &config, err);
    }
    if (code == PF_OK && context.user != NULL) {
        code = pf_kubeconfig_file_find(files, "users", "user", context.user, &user, err);
        if (code == PF_OK) {
            code = pf_kubeconfig_user(&user, arena, &config, err);
        }
    }
    if (code != PF_OK) {
        return code;
    }
    config.space = context.space;
    config.context = pf_arena_dup(arena, pf_sv_from(context.entry.name));
    config.origin = pf_arena_printf(arena, "context '%s' of kubeconfig '%s'", context.entry.name,
                                    context.entry.file->path);
    if (config.context == NULL || config.origin == NULL) {
        return no_memory(err);
    }
    *ret_config = config;
    return PF_OK;
}

enum pf_code pf_kubeconfig_parse(struct pf_sv text, const char *path, const char *context,
                                 struct pf_arena *arena, struct pf_kube_config *ret_config,
                                 struct pf_err *err)
{
    pf_autoarena struct pf_arena trees = {0};
    struct pf_kubeconfig_file file = {0};
    const struct pf_kubeconfig_files files = {.items = &file, .count = 1, .arena = &trees};
    pf_arena_init(&trees, TREES_ARENA_BYTES);
    pf_arena_keep_secret(&trees);
    pf_arena_keep_secret(arena);
    const enum pf_code code = pf_kubeconfig_file_parse(text, path, &trees, &file, err);
    return code == PF_OK ? resolve(&files, context, arena, ret_config, err) : code;
}

/* Read and parse one file, and add it. */
static enum pf_code add_file(struct pf_kubeconfig_files *files, const char *path,
                             struct pf_err *err)
{
    pf_autobuf struct pf_buf text = {0};
    struct pf_kubeconfig_file file = {0};
    pf_buf_init_secret(&text, PF_KUBECONFIG_MAX_BYTES);
    enum pf_code code = pf_file_read(path, &text, err);
    if (code == PF_OK) {
        code = pf_kubeconfig_file_parse(pf_buf_view(&text), path, files->arena, &file, err);
    }
    if (code == PF_OK) {
        files->items[files->count++] = file;
    }
    return code;
}

/* The files of a KUBECONFIG list; those that are not there are left out. */
static enum pf_code add_list(struct pf_kubeconfig_files *files, const char *list,
                             struct pf_err *err)
{
    while (*list != '\0') {
        const size_t len = strcspn(list, ":");
        if (len != 0) {
            struct pf_err own = {0};
            const char *path = pf_arena_dup(files->arena, (struct pf_sv){.ptr = list, .len = len});
            if (path == NULL) {
                return no_memory(err);
            }
            if (files->count == PF_KUBECONFIG_MAX_FILES) {
                return pf_err_set(err, PF_E_TOO_BIG, "KUBECONFIG lists more than %d files",
                                  PF_KUBECONFIG_MAX_FILES);
            }
            const enum pf_code code = add_file(files, path, &own);
            if (code != PF_OK && code != PF_E_NOT_FOUND) {
                return pf_err_set(err, code, "%s", own.text);
            }
        }
        list += len + (list[len] == ':');
    }
    return files->count != 0
               ? PF_OK
               : pf_err_set(err, PF_E_NOT_FOUND, "none of the files that KUBECONFIG lists exists");
}

static enum pf_code add_home(struct pf_kubeconfig_files *files, const char *home,
                             struct pf_err *err)
{
    if (home == NULL || home[0] == '\0') {
        return pf_err_set(err, PF_E_NOT_FOUND,
                          "no kubeconfig: neither --kubeconfig nor KUBECONFIG nor HOME is set");
    }
    const char *path = pf_arena_printf(files->arena, "%s/.kube/config", home);
    return path != NULL ? add_file(files, path, err) : no_memory(err);
}

enum pf_code pf_kubeconfig_load(const struct pf_kube_config_source *source, struct pf_arena *arena,
                                struct pf_kube_config *ret_config, struct pf_err *err)
{
    pf_autoarena struct pf_arena trees = {0};
    struct pf_kubeconfig_files files = {.arena = &trees};
    enum pf_code code = PF_OK;
    pf_arena_init(&trees, TREES_ARENA_BYTES);
    pf_arena_keep_secret(&trees);
    pf_arena_keep_secret(arena);
    files.items = pf_arena_calloc(&trees, PF_KUBECONFIG_MAX_FILES, sizeof(*files.items));
    if (files.items == NULL) {
        return no_memory(err);
    }
    if (source->kubeconfig != NULL) {
        code = add_file(&files, source->kubeconfig, err);
    } else if (source->kubeconfig_env != NULL && source->kubeconfig_env[0] != '\0') {
        code = add_list(&files, source->kubeconfig_env, err);
    } else {
        code = add_home(&files, source->home, err);
    }
    return code == PF_OK ? resolve(&files, source->context, arena, ret_config, err) : code;
}

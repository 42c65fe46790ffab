#include <string.h>

#include "kubeconfig_internal.h"
#include <podfit/limits.h>

/* What the parts of an exec section are read with. */
struct reader {
    const struct pf_kubeconfig_entry *entry;
    const struct pf_yaml_node *map;
    struct pf_arena *arena;
    struct pf_err *err;
};

static enum pf_code no_memory(const struct reader *r)
{
    return pf_err_set(r->err, PF_E_NO_MEMORY, "out of memory for a kubeconfig");
}

static enum pf_code invalid(const struct reader *r, const struct pf_yaml_node *node,
                            const char *text)
{
    return pf_kubeconfig_file_fail(r->entry, node, PF_E_INVALID, text, r->err);
}

/* A list of at most PF_KUBE_EXEC_MAX_ARGS. @param[out] ret_list NULL when it is absent */
static enum pf_code get_list(const struct reader *r, const char *key, const char *fault,
                             const struct pf_yaml_node **ret_list)
{
    const struct pf_yaml_node *list = pf_yaml_get(r->map, key);
    if (list == NULL || list->type == PF_YAML_NULL) {
        return PF_OK;
    }
    if (list->type != PF_YAML_SEQ || list->count > PF_KUBE_EXEC_MAX_ARGS) {
        return invalid(r, list, fault);
    }
    *ret_list = list;
    return PF_OK;
}

static bool is_text(const struct pf_yaml_node *node)
{
    return node != NULL && node->type == PF_YAML_STRING &&
           (node->text.len == 0 || memchr(node->text.ptr, '\0', node->text.len) == NULL);
}

static enum pf_code get_args(const struct reader *r, const char *const **ret_args)
{
    static const char fault[] = "exec.args is not a list of at most 256 strings";
    const struct pf_yaml_node *list = NULL;
    const enum pf_code code = get_list(r, "args", fault, &list);
    const size_t count = list != NULL ? list->count : 0;
    if (code != PF_OK) {
        return code;
    }
    const char **args = pf_arena_calloc(r->arena, count + 1, sizeof(*args));
    if (args == NULL) {
        return no_memory(r);
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_text(list->value.items[i])) {
            return invalid(r, list->value.items[i], fault);
        }
        args[i] = pf_arena_dup(r->arena, list->value.items[i]->text);
        if (args[i] == NULL) {
            return no_memory(r);
        }
    }
    *ret_args = args;
    return PF_OK;
}

static enum pf_code get_environment(const struct reader *r, const char *const **ret_environment)
{
    static const char fault[] =
        "exec.env is not a list of at most 256 maps with name and value, both strings";
    const struct pf_yaml_node *list = NULL;
    const enum pf_code code = get_list(r, "env", fault, &list);
    const size_t count = list != NULL ? list->count : 0;
    if (code != PF_OK) {
        return code;
    }
    const char **environment = pf_arena_calloc(r->arena, count + 1, sizeof(*environment));
    if (environment == NULL) {
        return no_memory(r);
    }
    for (size_t i = 0; i < count; i++) {
        const struct pf_yaml_node *name = pf_yaml_get(list->value.items[i], "name");
        const struct pf_yaml_node *value = pf_yaml_get(list->value.items[i], "value");
        if (!is_text(name) || !is_text(value) || name->text.len == 0 ||
            memchr(name->text.ptr, '=', name->text.len) != NULL) {
            return invalid(r, list->value.items[i], fault);
        }
        environment[i] = pf_arena_printf(r->arena, "%s=%s", name->text.ptr, value->text.ptr);
        if (environment[i] == NULL) {
            return no_memory(r);
        }
    }
    *ret_environment = environment;
    return PF_OK;
}

static enum pf_code get_interactive(const struct reader *r, bool required,
                                    enum pf_kube_interactive *ret_interactive)
{
    static const struct {
        const char *text;
        enum pf_kube_interactive value;
    } rows[] = {
        {"Never", PF_KUBE_INTERACTIVE_NEVER},
        {"IfAvailable", PF_KUBE_INTERACTIVE_IF_AVAILABLE},
        {"Always", PF_KUBE_INTERACTIVE_ALWAYS},
    };
    const struct pf_yaml_node *node = pf_yaml_get(r->map, "interactiveMode");
    if (node == NULL || node->type == PF_YAML_NULL) {
        if (required) {
            return invalid(r, r->map,
                           "exec needs interactiveMode (Never, IfAvailable or Always) in v1");
        }
        *ret_interactive = PF_KUBE_INTERACTIVE_IF_AVAILABLE;
        return PF_OK;
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if (pf_sv_eq_cstr(node->text, rows[i].text)) {
            *ret_interactive = rows[i].value;
            return PF_OK;
        }
    }
    return invalid(r, node, "exec.interactiveMode is none of Never, IfAvailable, Always");
}

static enum pf_code get_texts(const struct reader *r, struct pf_kube_exec *exec)
{
    const struct {
        const char *key;
        const char **place;
    } rows[] = {
        {"command", &exec->command},
        {"apiVersion", &exec->api_version},
        {"installHint", &exec->install_hint},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const enum pf_code code =
            pf_kubeconfig_file_text(r->entry, r->map, rows[i].key, r->arena, rows[i].place, r->err);
        if (code != PF_OK) {
            return code;
        }
    }
    if (exec->command == NULL) {
        return invalid(r, r->map, "exec has no command");
    }
    if (strchr(exec->command, '/') != NULL) {
        exec->command = pf_kubeconfig_path(r->entry->file, exec->command, r->arena);
    }
    return exec->command != NULL ? PF_OK : no_memory(r);
}

static enum pf_code check_version(const struct reader *r, const char *version, bool *ret_v1)
{
    *ret_v1 = version != NULL && strcmp(version, "client.authentication.k8s.io/v1") == 0;
    if (*ret_v1 ||
        (version != NULL && strcmp(version, "client.authentication.k8s.io/v1beta1") == 0)) {
        return PF_OK;
    }
    return pf_kubeconfig_file_fail(r->entry, r->map, PF_E_UNSUPPORTED,
                                   "exec.apiVersion is neither client.authentication.k8s.io/v1 nor "
                                   "client.authentication.k8s.io/v1beta1",
                                   r->err);
}

enum pf_code pf_kubeconfig_exec(const struct pf_kubeconfig_entry *entry,
                                const struct pf_yaml_node *map, struct pf_arena *arena,
                                struct pf_kube_exec *ret_exec, struct pf_err *err)
{
    const struct reader r = {.entry = entry, .map = map, .arena = arena, .err = err};
    struct pf_kube_exec exec = {.cluster_config = ret_exec->cluster_config};
    bool v1 = false;
    if (map->type != PF_YAML_MAP) {
        return invalid(&r, map, "exec is not a map");
    }
    enum pf_code code = get_texts(&r, &exec);
    if (code == PF_OK) {
        code = check_version(&r, exec.api_version, &v1);
    }
    if (code == PF_OK) {
        code = get_args(&r, &exec.args);
    }
    if (code == PF_OK) {
        code = get_environment(&r, &exec.environment);
    }
    if (code == PF_OK) {
        code = get_interactive(&r, v1, &exec.interactive);
    }
    const struct pf_yaml_node *info = pf_yaml_get(map, "provideClusterInfo");
    if (code == PF_OK && info != NULL && info->type != PF_YAML_NULL && info->type != PF_YAML_BOOL) {
        code = invalid(&r, info, "exec.provideClusterInfo is not a boolean");
    }
    if (code != PF_OK) {
        return code;
    }
    exec.provide_cluster_info = info != NULL && info->type == PF_YAML_BOOL && info->value.boolean;
    *ret_exec = exec;
    return PF_OK;
}

#include <stdio.h>
#include <string.h>

#include "kubeconfig_internal.h"
#include "transfer.h"
#include <podfit/base64.h>
#include <podfit/limits.h>

/* How a member becomes a field of struct pf_kube_config. */
enum field_kind {
    FIELD_TEXT, /* const char * */
    FIELD_PATH, /* const char *, resolved against the folder */
    FIELD_DATA, /* struct pf_sv, out of base64 */
};

struct field {
    const char *key;
    enum field_kind kind;
    size_t offset;
};

#define FIELD(key_, kind_, member_)                                                        \
    {                                                                                      \
        .key = (key_), .kind = (kind_), .offset = offsetof(struct pf_kube_config, member_) \
    }

const char *pf_kubeconfig_path(const struct pf_kubeconfig_file *file, const char *path,
                               struct pf_arena *arena)
{
    if (path[0] == '/') {
        return path;
    }
    return pf_arena_printf(arena, "%s/%s", file->folder, path);
}

static enum pf_code put_data(const struct pf_kubeconfig_entry *entry, const struct field *field,
                             const char *text, struct pf_arena *arena, struct pf_sv *ret_bytes,
                             struct pf_err *err)
{
    bool no_memory = false;
    if (pf_base64_decode(pf_sv_from(text), arena, ret_bytes, &no_memory)) {
        return PF_OK;
    }
    if (no_memory) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for a kubeconfig");
    }
    char what[128];
    (void)snprintf(what, sizeof(what), "%s is not base64", field->key);
    return pf_kubeconfig_file_fail(entry, pf_yaml_get(entry->body, field->key), PF_E_INVALID, what,
                                   err);
}

static enum pf_code put_field(const struct pf_kubeconfig_entry *entry, const struct field *field,
                              struct pf_arena *arena, struct pf_kube_config *config,
                              struct pf_err *err)
{
    void *place = (char *)config + field->offset;
    const char *text = NULL;
    const enum pf_code code =
        pf_kubeconfig_file_text(entry, entry->body, field->key, arena, &text, err);
    if (code != PF_OK || text == NULL) {
        return code;
    }
    if (field->kind == FIELD_DATA) {
        return put_data(entry, field, text, arena, place, err);
    }
    if (field->kind == FIELD_PATH) {
        text = pf_kubeconfig_path(entry->file, text, arena);
        if (text == NULL) {
            return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for a kubeconfig");
        }
    }
    *(const char **)place = text;
    return PF_OK;
}

/* Members that podfit refuses, because to ignore them would be to act as somebody else or to trust anybody. */
static enum pf_code refuse(const struct pf_kubeconfig_entry *entry, const char *key,
                           const char *why, struct pf_err *err)
{
    const struct pf_yaml_node *node = pf_yaml_get(entry->body, key);
    const bool absent = node == NULL || node->type == PF_YAML_NULL ||
                        (node->type == PF_YAML_BOOL && !node->value.boolean) ||
                        (node->type == PF_YAML_STRING && node->text.len == 0);
    return absent ? PF_OK : pf_kubeconfig_file_fail(entry, node, PF_E_UNSUPPORTED, why, err);
}

/* What may stand in a URL or a header without ending it. */
static bool is_visible(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text <= 0x20 || *text == 0x7F) {
            return false;
        }
    }
    return true;
}

static const char *server_fault(struct pf_sv server, enum pf_code *ret_code)
{
    const bool plain = pf_sv_starts_with(server, PF_SV("http://"));
    const size_t start = plain ? 7 : 8;
    *ret_code = PF_E_INVALID;
    if (!plain && !pf_sv_starts_with(server, PF_SV("https://"))) {
        return "server must be a URL that starts with https://";
    }
    const struct pf_sv rest = {.ptr = server.ptr + start, .len = server.len - start};
    const size_t authority = strcspn(rest.ptr, "/");
    if (authority == 0 || rest.ptr[0] == ':') {
        return "server has no host";
    }
    if (strcspn(rest.ptr, "@?#\\\"<>") != rest.len) {
        return "server is a host with an optional port and path, without user, query and fragment";
    }
    struct pf_sv port = {0};
    const struct pf_sv place = {.ptr = rest.ptr, .len = authority};
    if (plain && !pf_endpoint_is_loopback(pf_endpoint_split(place, &port))) {
        *ret_code = PF_E_UNSUPPORTED;
        return "server is not encrypted: http is only allowed to this machine (127.0.0.1, "
               "localhost)";
    }
    return NULL;
}

static enum pf_code check_server(const struct pf_kubeconfig_entry *entry, struct pf_arena *arena,
                                 struct pf_kube_config *config, struct pf_err *err)
{
    const struct pf_yaml_node *node = pf_yaml_get(entry->body, "server");
    struct pf_sv server = pf_sv_from(config->server);
    if (config->server == NULL) {
        return pf_kubeconfig_file_fail(entry, entry->body, PF_E_INVALID, "it has no server", err);
    }
    if (!is_visible(config->server)) {
        return pf_kubeconfig_file_fail(entry, node, PF_E_INVALID,
                                       "server holds a space or a control character", err);
    }
    enum pf_code code = PF_OK;
    const char *fault = server_fault(server, &code);
    if (fault != NULL) {
        return pf_kubeconfig_file_fail(entry, node, code, fault, err);
    }
    while (server.ptr[server.len - 1] == '/') {
        server.len--;
    }
    config->server = pf_arena_dup(arena, server);
    return config->server != NULL
               ? PF_OK
               : pf_err_set(err, PF_E_NO_MEMORY, "out of memory for a kubeconfig");
}

static enum pf_code check_names(const struct pf_kubeconfig_entry *entry, struct pf_arena *arena,
                                struct pf_kube_config *config, struct pf_err *err)
{
    static const char name_bytes[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
    const char *name = config->tls_server_name;
    if (name != NULL && strspn(name, name_bytes) != strlen(name)) {
        return pf_kubeconfig_file_fail(entry, pf_yaml_get(entry->body, "tls-server-name"),
                                       PF_E_INVALID, "tls-server-name is not a host name", err);
    }
    const struct pf_sv proxy = pf_sv_from(config->proxy_url);
    const struct pf_sv socks = PF_SV("socks5://");
    if (proxy.len == 0) {
        return PF_OK;
    }
    if (!is_visible(config->proxy_url) ||
        (!pf_sv_starts_with(proxy, PF_SV("http://")) &&
         !pf_sv_starts_with(proxy, PF_SV("https://")) && !pf_sv_starts_with(proxy, socks))) {
        return pf_kubeconfig_file_fail(entry, pf_yaml_get(entry->body, "proxy-url"), PF_E_INVALID,
                                       "proxy-url must start with http://, https:// or socks5://",
                                       err);
    }
    if (pf_sv_starts_with(
            proxy, socks)) { /* Go lets the proxy resolve the name; curl calls that socks5h */
        config->proxy_url = pf_arena_printf(arena, "socks5h://%s", config->proxy_url + socks.len);
    }
    return config->proxy_url != NULL
               ? PF_OK
               : pf_err_set(err, PF_E_NO_MEMORY, "out of memory for a kubeconfig");
}

/* JSON that the cluster has for the plug-in. Source: client-go clientcmd (extension key of exec). */
static enum pf_code put_extension(const struct pf_kubeconfig_entry *entry, struct pf_arena *arena,
                                  struct pf_kube_config *config, struct pf_err *err)
{
    const struct pf_yaml_node *list = pf_yaml_get(entry->body, "extensions");
    for (size_t i = 0; list != NULL && list->type == PF_YAML_SEQ && i < list->count; i++) {
        const struct pf_yaml_node *name = pf_yaml_get(list->value.items[i], "name");
        const struct pf_yaml_node *value = pf_yaml_get(list->value.items[i], "extension");
        if (name == NULL || value == NULL ||
            !pf_sv_eq_cstr(name->text, "client.authentication.k8s.io/exec")) {
            continue;
        }
        pf_autobuf struct pf_buf json = {0};
        pf_buf_init(&json, PF_KUBECONFIG_MAX_BYTES);
        enum pf_code code = pf_yaml_json_write(value, &json, err);
        if (code != PF_OK) {
            return pf_err_wrap(err, code, "%s: cluster '%s'", entry->file->path, entry->name);
        }
        config->exec.cluster_config = pf_arena_dup(arena, pf_buf_view(&json));
        if (config->exec.cluster_config == NULL) {
            return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for a kubeconfig");
        }
    }
    return PF_OK;
}

enum pf_code pf_kubeconfig_cluster(const struct pf_kubeconfig_entry *entry, struct pf_arena *arena,
                                   struct pf_kube_config *config, struct pf_err *err)
{
    static const struct field fields[] = {
        FIELD("server", FIELD_TEXT, server),
        FIELD("tls-server-name", FIELD_TEXT, tls_server_name),
        FIELD("proxy-url", FIELD_TEXT, proxy_url),
        FIELD("certificate-authority", FIELD_PATH, ca_file),
        FIELD("certificate-authority-data", FIELD_DATA, ca_pem),
    };
    enum pf_code code = refuse(entry, "insecure-skip-tls-verify",
                               "insecure-skip-tls-verify is not supported: a server is always "
                               "verified; give its CA as certificate-authority",
                               err);
    for (size_t i = 0; code == PF_OK && i < PF_ARRAY_LEN(fields); i++) {
        code = put_field(entry, &fields[i], arena, config, err);
    }
    if (code == PF_OK) {
        code = check_server(entry, arena, config, err);
    }
    if (code == PF_OK) {
        code = check_names(entry, arena, config, err);
    }
    return code == PF_OK ? put_extension(entry, arena, config, err) : code;
}

static enum pf_code refuse_user(const struct pf_kubeconfig_entry *entry, struct pf_err *err)
{
    static const char *const rows[][2] = {
        {"auth-provider", "auth-provider is not supported: Kubernetes 1.26 removed it; use exec"},
        {"username", "username and password are not supported: Kubernetes 1.19 removed them"},
        {"password", "username and password are not supported: Kubernetes 1.19 removed them"},
        {"as", "impersonation (as) is not supported"},
        {"as-uid", "impersonation (as-uid) is not supported"},
        {"as-groups", "impersonation (as-groups) is not supported"},
        {"as-user-extra", "impersonation (as-user-extra) is not supported"},
    };
    enum pf_code code = PF_OK;
    for (size_t i = 0; code == PF_OK && i < PF_ARRAY_LEN(rows); i++) {
        code = refuse(entry, rows[i][0], rows[i][1], err);
    }
    return code;
}

static enum pf_code check_user(const struct pf_kubeconfig_entry *entry,
                               const struct pf_kube_config *config, struct pf_err *err)
{
    const bool cert = config->client_cert_file != NULL || config->client_cert_pem.len != 0;
    const bool key = config->client_key_file != NULL || config->client_key_pem.len != 0;
    if (cert != key) {
        return pf_kubeconfig_file_fail(entry, entry->body, PF_E_INVALID,
                                       cert ? "it has a client-certificate without client-key"
                                            : "it has a client-key without client-certificate",
                                       err);
    }
    if (config->token != NULL &&
        (!is_visible(config->token) || strlen(config->token) > PF_KUBE_TOKEN_MAX_BYTES)) {
        return pf_kubeconfig_file_fail(entry, pf_yaml_get(entry->body, "token"), PF_E_INVALID,
                                       "token holds a space or a control character, or is too long",
                                       err);
    }
    return PF_OK;
}

enum pf_code pf_kubeconfig_user(const struct pf_kubeconfig_entry *entry, struct pf_arena *arena,
                                struct pf_kube_config *config, struct pf_err *err)
{
    static const struct field fields[] = {
        FIELD("client-certificate", FIELD_PATH, client_cert_file),
        FIELD("client-certificate-data", FIELD_DATA, client_cert_pem),
        FIELD("client-key", FIELD_PATH, client_key_file),
        FIELD("client-key-data", FIELD_DATA, client_key_pem),
        FIELD("token", FIELD_TEXT, token),
        FIELD("tokenFile", FIELD_PATH, token_file),
    };
    enum pf_code code = refuse_user(entry, err);
    for (size_t i = 0; code == PF_OK && i < PF_ARRAY_LEN(fields); i++) {
        code = put_field(entry, &fields[i], arena, config, err);
    }
    if (code == PF_OK) {
        code = check_user(entry, config, err);
    }
    const struct pf_yaml_node *exec = pf_yaml_get(entry->body, "exec");
    if (code != PF_OK || exec == NULL || exec->type == PF_YAML_NULL) {
        return code;
    }
    struct pf_kube_exec plugin = {.cluster_config = config->exec.cluster_config};
    code = pf_kubeconfig_exec(entry, exec, arena, &plugin, err);
    if (code == PF_OK && config->token == NULL && config->token_file == NULL) {
        config->exec = plugin; /* a token wins, as in client-go */
    }
    return code;
}

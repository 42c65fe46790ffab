#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <podfit/file.h>
#include <podfit/kubeconfig.h>

/* A name of at most 63 characters and a newline. */
#define SPACE_FILE_MAX_BYTES ((size_t)4096)

static enum pf_code need_file(const char *path, const char *what, struct pf_err *err)
{
    if (path == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    if (access(path, R_OK) != 0) {
        return pf_err_set_errno(
            err, PF_E_NOT_FOUND, errno,
            "not in a cluster: cannot read the service account's %s '%s' (a pod "
            "has it unless automountServiceAccountToken is false)",
            what, path);
    }
    return PF_OK;
}

/* Our own namespace; `default` when the file is not there, as clientcmd says. */
static const char *read_space(const char *folder, struct pf_arena *arena)
{
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, SPACE_FILE_MAX_BYTES);
    const char *path = pf_arena_printf(arena, "%s/namespace", folder);
    if (path == NULL || pf_file_read(path, &text, NULL) != PF_OK) {
        return "default";
    }
    const struct pf_sv space = pf_sv_trim(pf_buf_view(&text));
    const char *copy = space.len != 0 ? pf_arena_dup(arena, space) : NULL;
    return copy != NULL ? copy : "default";
}

/* A port is digits; a host has none of the bytes that would end it inside a URL. */
static bool is_place(const char *host, const char *port)
{
    return strspn(port, "0123456789") == strlen(port) && strlen(port) <= 5 &&
           strcspn(host, "/?#@ \t\r\n\\") == strlen(host);
}

enum pf_code pf_kubeconfig_in_cluster(const char *folder, const char *host, const char *port,
                                      struct pf_arena *arena, struct pf_kube_config *ret_config,
                                      struct pf_err *err)
{
    if (host == NULL || host[0] == '\0' || port == NULL || port[0] == '\0') {
        return pf_err_set(err, PF_E_NOT_FOUND,
                          "not in a cluster: KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is "
                          "not set");
    }
    if (!is_place(host, port)) {
        return pf_err_set(err, PF_E_NOT_FOUND,
                          "not in a cluster: KUBERNETES_SERVICE_HOST '%s' with "
                          "KUBERNETES_SERVICE_PORT '%s' is no address",
                          host, port);
    }
    const bool bare_v6 = strchr(host, ':') != NULL && host[0] != '[';
    struct pf_kube_config config = {
        .server = pf_arena_printf(arena, "https://%s%s%s:%s", bare_v6 ? "[" : "", host,
                                  bare_v6 ? "]" : "", port),
        .ca_file = pf_arena_printf(arena, "%s/ca.crt", folder),
        .token_file = pf_arena_printf(arena, "%s/token", folder),
        .origin = pf_arena_printf(arena, "service account '%s'", folder),
        .in_cluster = true,
    };
    enum pf_code code = need_file(config.token_file, "token", err);
    if (code == PF_OK) {
        code = need_file(config.ca_file, "CA", err);
    }
    if (code != PF_OK) {
        return code;
    }
    if (config.server == NULL || config.origin == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    config.space = read_space(folder, arena);
    *ret_config = config;
    return PF_OK;
}

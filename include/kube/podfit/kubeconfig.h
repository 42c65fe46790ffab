#ifndef PODFIT_KUBECONFIG_H
#define PODFIT_KUBECONFIG_H

/**
 * Where the API server is and who we are there: from kubeconfig files or from the service account of the pod we run in.
 * Source: client-go tools/clientcmd (merge and precedence), rest/config.go (in-cluster), kubeconfig v1 reference.
 *
 * Unknown keys of a kubeconfig are ignored, as clientcmd does; what podfit cannot honour (auth-provider, insecure-skip-tls-verify) is refused with its reason:
 * a server is always verified.
 */

#include <stdbool.h>

#include <podfit/arena.h>
#include <podfit/error.h>
#include <podfit/sv.h>

/** Where pods find their service account. Source: client-go rest/config.go. */
#define PF_SERVICE_ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

/** When a credential plug-in may use the terminal. */
enum pf_kube_interactive {
    PF_KUBE_INTERACTIVE_NEVER,        /**< its standard input is empty */
    PF_KUBE_INTERACTIVE_IF_AVAILABLE, /**< it gets ours when that is a terminal */
    PF_KUBE_INTERACTIVE_ALWAYS,       /**< it is not run without one */
};

/** A credential plug-in (client.authentication.k8s.io/v1 and v1beta1): prints an ExecCredential with a token or a client certificate. */
struct pf_kube_exec {
    const char *
        command; /**< a path, relative to the kubeconfig's folder when it has a slash, else searched in PATH; NULL: no plug-in */
    const char *const *args;        /**< NULL-terminated, without the command */
    const char *const *environment; /**< NULL-terminated `NAME=value`, added to ours */
    const char *api_version;
    const char *install_hint; /**< what to print when the command is not there; may be NULL */
    bool provide_cluster_info;
    const char *
        cluster_config; /**< JSON of the cluster's extension `client.authentication.k8s.io/exec`; may be NULL */
    enum pf_kube_interactive interactive;
};

/** What one context resolves to. Strings live in the arena that it was loaded with; NULL: not given. Files are paths, resolved against their kubeconfig's folder. */
struct pf_kube_config {
    const char *server; /**< `https://host:port` with an optional path, without a trailing slash */
    const char *tls_server_name;
    const char *proxy_url;
    const char *ca_file;
    struct pf_sv ca_pem; /**< certificate-authority-data decoded; wins over the file */
    const char *client_cert_file;
    const char *client_key_file;
    struct pf_sv client_cert_pem;
    struct pf_sv client_key_pem;
    const char *token;
    const char *token_file; /**< wins over `token`; re-read as it rotates */
    struct pf_kube_exec exec;
    const char *space;   /**< namespace of the context; `default` when it has none */
    const char *context; /**< name of the context; NULL in a cluster */
    bool in_cluster;
    const char *
        origin; /**< for messages, never NULL: `context 'a' of kubeconfig '/home/u/.kube/config'`, `service account '/var/run/...'` */
};

/** Where to look. All NULL: as kubectl does. */
struct pf_kube_config_source {
    const char *
        kubeconfig; /**< --kubeconfig: exactly this file; NULL: the list in $KUBECONFIG, else ~/.kube/config */
    const char *context; /**< --context; NULL: current-context */
    const char *
        kubeconfig_env; /**< value of $KUBECONFIG, NULL when unset; missing files of the list are left out */
    const char *home; /**< value of $HOME */
};

/**
 * Load, merge (the first file that sets a value wins), resolve the context.
 *
 * @param arena  takes the strings; overwritten from now on when it is done (pf_arena_keep_secret())
 * @return PF_OK; PF_E_NOT_FOUND (no file, no such context, cluster or user: the text says which exist); PF_E_INVALID (file, line, column, key);
 *         PF_E_UNSUPPORTED (auth-provider, insecure-skip-tls-verify, http: to anything but loopback); PF_E_TOO_BIG, PF_E_IO, PF_E_NO_MEMORY
 */
enum pf_code pf_kubeconfig_load(const struct pf_kube_config_source *source, struct pf_arena *arena,
                                struct pf_kube_config *ret_config,
                                struct pf_err *err) PF_MUST_CHECK;

/**
 * As pf_kubeconfig_load() with one file whose bytes are there already. Reads no file: paths are resolved, not opened.
 *
 * @param path     borrowed; name for messages, and relative paths start in its folder
 * @param context  NULL: current-context
 */
enum pf_code pf_kubeconfig_parse(struct pf_sv text, const char *path, const char *context,
                                 struct pf_arena *arena, struct pf_kube_config *ret_config,
                                 struct pf_err *err) PF_MUST_CHECK;

/**
 * The service account of the pod that we run in.
 *
 * @param folder  PF_SERVICE_ACCOUNT_DIR (another in tests)
 * @param host    $KUBERNETES_SERVICE_HOST, IPv6 without brackets allowed; @param port $KUBERNETES_SERVICE_PORT
 * @return PF_OK; PF_E_NOT_FOUND (host or port unset, token or CA missing: the text names it); PF_E_NO_MEMORY
 */
enum pf_code pf_kubeconfig_in_cluster(const char *folder, const char *host, const char *port,
                                      struct pf_arena *arena, struct pf_kube_config *ret_config,
                                      struct pf_err *err) PF_MUST_CHECK;

#endif

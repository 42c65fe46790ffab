#ifndef PODFIT_EXEC_PLUGIN_H
#define PODFIT_EXEC_PLUGIN_H

/**
 * Internal to kube: runs one credential plug-in without blocking: started, then looked after until it has ended or its time is up.
 * Source: client-go plugin/pkg/client/auth/exec/exec.go, client.authentication.k8s.io/v1.
 */

#include <podfit/buf.h>
#include <podfit/clock.h>
#include <podfit/kubeconfig.h>

/** Time for a plug-in that asks nobody, and for one that has our terminal (a login in a browser). client-go has no limit; `aws` and `gcloud` need some seconds. */
#define PF_EXEC_PLUGIN_TIMEOUT_MS             INT64_C(60000)
#define PF_EXEC_PLUGIN_INTERACTIVE_TIMEOUT_MS INT64_C(300000)

/** What a plug-in gave. Zero-initialise it. Texts are owned and NUL-terminated; ptr NULL: not given. */
struct pf_exec_credential {
    char *token;
    char *cert_pem;
    char *key_pem;
    int64_t expires_wall_ns; /**< INT64_MAX: never */
};
/** Overwrite and free; zeroed afterwards. */
void pf_exec_credential_done(struct pf_exec_credential *credential);

/**
 * Read an ExecCredential.
 *
 * @param output       what the plug-in printed; borrowed
 * @param api_version  that it must have
 * @return PF_OK; PF_E_INVALID (not JSON, another kind or version, neither token nor certificate with key, a date that is none), PF_E_NO_MEMORY. Never quotes the output.
 */
enum pf_code pf_exec_credential_parse(struct pf_sv output, const char *api_version,
                                      struct pf_exec_credential *ret_credential,
                                      struct pf_err *err) PF_MUST_CHECK;

/**
 * The JSON of KUBERNETES_EXEC_INFO.
 *
 * @param ca_pem       of the cluster; empty: none
 * @param interactive  does it get a terminal?
 */
void pf_exec_credential_info(const struct pf_kube_config *config, struct pf_sv ca_pem,
                             bool interactive, struct pf_buf *buf);

struct pf_exec_plugin;

/**
 * Start the plug-in of @p config; it inherits our environment.
 *
 * @param config      borrowed until the plug-in is freed
 * @param ca_pem      borrowed for the call
 * @param timeout_ms  0: the times above
 * @return PF_OK; PF_E_NOT_FOUND (no such command; with its install hint), PF_E_STATE (wants a terminal), PF_E_IO, PF_E_NO_MEMORY
 */
enum pf_code pf_exec_plugin_start(const struct pf_kube_config *config, const struct pf_clock *clock,
                                  struct pf_sv ca_pem, int64_t timeout_ms,
                                  struct pf_exec_plugin **ret_plugin,
                                  struct pf_err *err) PF_MUST_CHECK;
/** Ends it (with all of its processes, unless it has our terminal) if it still runs. NULL is ignored. */
void pf_exec_plugin_free(struct pf_exec_plugin *plugin);

/** Descriptors to wait on for reading; -1: none. @param[out] ret_fds  standard output, standard error */
void pf_exec_plugin_fds(const struct pf_exec_plugin *plugin, int ret_fds[2]);

/**
 * Take what it printed; end it when its time is up. Never blocks.
 *
 * @param[out] ret_credential  of a plug-in that ended well; untouched otherwise
 * @return PF_OK: it ended well; PF_E_STATE: it still runs; PF_E_IO (exit status or signal, with the end of what it wrote to standard error; its time is up),
 *         PF_E_TOO_BIG, PF_E_INVALID, PF_E_NO_MEMORY: it failed
 */
enum pf_code pf_exec_plugin_step(struct pf_exec_plugin *plugin,
                                 struct pf_exec_credential *ret_credential,
                                 struct pf_err *err) PF_MUST_CHECK;

#endif

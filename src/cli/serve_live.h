#ifndef PODFIT_CLI_SERVE_LIVE_H
#define PODFIT_CLI_SERVE_LIVE_H

/** The parts of `podfit serve` that follow a cluster, and their ties to the server. */

#include <podfit/audit.h>
#include <podfit/config.h>
#include <podfit/kubeconfig.h>
#include <podfit/server.h>

struct pf_serve_live;

/** All borrowed; they outlive it. */
struct pf_serve_live_options {
    struct pf_model *model;
    struct pf_config *config; /**< in force at start */
    struct pf_audit *audit;
    const struct pf_kube_config *kube;
    const struct pf_clock *clock;
};

/** Nothing runs yet. @return PF_OK, PF_E_NO_MEMORY and what pf_kube_client_new() returns */
enum pf_code pf_serve_live_new(const struct pf_serve_live_options *options,
                               struct pf_serve_live **ret_live, struct pf_err *err) PF_MUST_CHECK;
/** For pf_server_options. @return NULL for NULL */
const struct pf_server_hooks *pf_serve_live_hooks(const struct pf_serve_live *live);
/** Begin to follow. NULL is PF_OK. @param server  told the cluster's version; outlives pf_serve_live_stop() */
enum pf_code pf_serve_live_start(struct pf_serve_live *live, struct pf_server *server,
                                 struct pf_err *err) PF_MUST_CHECK;
/** Follow no longer; the server's hooks still work. NULL is ignored. */
void pf_serve_live_stop(struct pf_serve_live *live);
/** After the server has gone. NULL is ignored. */
void pf_serve_live_free(struct pf_serve_live *live);

#endif

#ifndef PODFIT_KEEPER_H
#define PODFIT_KEEPER_H

/**
 * Internal to kube: who we are to the API server, and whom we trust, at one moment; and the keeper that renews it from files and credential plug-ins.
 * One thread. Key material is overwritten before it is freed. Source: client-go transport/token_source.go, plugin/pkg/client/auth/exec/exec.go.
 */

#include <podfit/clock.h>
#include <podfit/exec_plugin.h>
#include <podfit/kubeconfig.h>

/** A token file is read again at least this often. Source: client-go transport/token_source.go. */
#define PF_KEEPER_TOKEN_PERIOD_NS (60 * PF_NS_PER_S)

/** Immutable; counted references. Borrowed views are NUL-terminated; ptr NULL: not given. */
struct pf_identity {
    unsigned refs;
    const char *authorization; /**< a whole header line `Authorization: Bearer ...`; NULL: none */
    struct pf_sv ca_pem;       /**< empty: the trust store of the system */
    struct pf_sv cert_pem;
    struct pf_sv key_pem;
};

/** NULL is ignored. The last reference overwrites and frees. */
void pf_keeper_release(struct pf_identity *identity);

struct pf_keeper;

/**
 * @param config  borrowed, as is @p clock
 * @return PF_OK; PF_E_NOT_FOUND, PF_E_IO, PF_E_TOO_BIG, PF_E_INVALID (a file; it is named), PF_E_NO_MEMORY
 */
enum pf_code pf_keeper_new(const struct pf_kube_config *config, const struct pf_clock *clock,
                           struct pf_keeper **ret_keeper, struct pf_err *err) PF_MUST_CHECK;
/** Ends a plug-in that runs. NULL is ignored. */
void pf_keeper_free(struct pf_keeper *keeper);

/**
 * The present identity: files that changed are read again, a plug-in is started when its credential is not there, has expired or was refused.
 * A file that cannot be read any more leaves what was read from it in use.
 *
 * @param[out] ret_identity  a reference of the caller; untouched unless PF_OK
 * @return PF_OK; PF_E_STATE: a plug-in runs, ask again after pf_keeper_step(); else why there is none (the plug-in failed; the next call runs it again)
 */
enum pf_code pf_keeper_get(struct pf_keeper *keeper, struct pf_identity **ret_identity,
                           struct pf_err *err) PF_MUST_CHECK;

/**
 * The server answered 401 to @p identity.
 *
 * @return true: another one is there or can be had, try again; false: there is nothing new to try
 */
bool pf_keeper_reject(struct pf_keeper *keeper, const struct pf_identity *identity) PF_MUST_CHECK;

/** The plug-in that runs, to be waited for; NULL: none does. Borrowed until the next call. */
const struct pf_exec_plugin *pf_keeper_plugin(const struct pf_keeper *keeper);
/** See how the plug-in that runs is getting on. Never blocks. */
void pf_keeper_step(struct pf_keeper *keeper);

#endif

#ifndef PODFIT_LIVE_H
#define PODFIT_LIVE_H

/**
 * A model that follows a living cluster. One thread of its own owns the API client: list and watch of every kind that the filters read, staleness, outcomes of admitted pods
 * (outcome.h), removal of our scheduling gates (`onFull: gate`). Reviews never wait for it: it takes the model's lock for one object at a time.
 */

#include <podfit/audit.h>
#include <podfit/config.h>
#include <podfit/kube_client.h>
#include <podfit/model.h>

struct pf_live;

/** All pointers are borrowed and outlive the live model. */
struct pf_live_options {
    struct pf_model *model;
    const struct pf_kube_config *kube;
    const struct pf_clock *clock;
    struct pf_audit *audit; /**< mispredictions are written here; may be NULL */
    const char *user_agent;
    bool follow; /**< false: list everything once (podfit snapshot, nodes, check), then stop */
    bool ungate; /**< remove our scheduling gate from pods for which there is room */
};

/** Start the thread. @return PF_OK; PF_E_NO_MEMORY, PF_E_IO, and what pf_kube_client_new() returns */
enum pf_code pf_live_start(const struct pf_live_options *options, struct pf_live **ret_live,
                           struct pf_err *err) PF_MUST_CHECK;
/** Stop the thread (a request under way is cut) and free. NULL is ignored. */
void pf_live_stop(struct pf_live *live);

/** The configuration in force (a reload): which gates are ours to remove. Thread-safe; takes a reference. */
void pf_live_set_config(struct pf_live *live, struct pf_config *config);

/**
 * Wait until every kind has been listed or is known to be denied, and nodes, pods and namespaces are there.
 *
 * @param timeout_ms  0: only look
 * @return PF_OK; PF_E_STATE: not yet (the text says what is missing and why: the last failure of a kind, with what to grant); thread-safe
 */
enum pf_code pf_live_wait_synced(struct pf_live *live, int64_t timeout_ms,
                                 struct pf_err *err) PF_MUST_CHECK;

/** Version of the API server from /version, `1.36`; empty until it is known. Copied. Thread-safe. */
void pf_live_kubernetes_version(struct pf_live *live, char ret_version[16]);

/** How one kind is doing; for /metrics, /stats and the status page. */
struct pf_live_kind {
    const char *name; /**< `pods`; static */
    bool synced;
    bool denied; /**< 401, 403 or 404: see failure */
    uint64_t lists;
    uint64_t watches;
    uint64_t restarts;
    uint64_t failures;
    uint64_t events;
    uint64_t rejected_objects; /**< objects that could not be decoded */
    int64_t age_ms;            /**< since the server last spoke about it; -1: never */
    char failure[256];         /**< last failure; empty: none */
};
/** Kinds in a fixed order. @return how many were written, at most @p max. Thread-safe */
size_t pf_live_kinds(struct pf_live *live, struct pf_live_kind *ret_kinds, size_t max);
/** How many there are at the most. */
#define PF_LIVE_KINDS_MAX 24

#endif

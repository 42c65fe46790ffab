#ifndef PODFIT_LIVE_H
#define PODFIT_LIVE_H

/**
 * A model that follows a living cluster. One thread of its own owns the API client: version, list and watch of every kind that the filters read, staleness, outcomes of
 * admitted pods (outcome.h), removal of our scheduling gates (`onFull: gate`). Reviews never wait for it: it takes the model's lock for one object at a time.
 */

#include <podfit/audit.h>
#include <podfit/config.h>
#include <podfit/feed.h>
#include <podfit/kube_client.h>
#include <podfit/model.h>
#include <podfit/outcome.h>

struct pf_live;

/** All pointers are borrowed and outlive the live model. */
struct pf_live_options {
    struct pf_model *model;
    const struct pf_kube_config *kube;
    const struct pf_clock *clock;
    struct pf_outcomes *outcomes; /**< what became of admitted pods is told here; may be NULL */
    const char *user_agent;
    bool follow; /**< false: list everything once (nodes, check), then stop */
    bool
        impatient; /**< somebody waits: give up when what fails before everything is listed is not going to pass (refused, not there) */
    bool ungate;   /**< remove our scheduling gate from pods for which there is room */
    /**
     * The API server's version is known (once, before anything is listed): called on the live thread, so that the configuration in force can follow. The model's own
     * features are set by then. May be NULL.
     *
     * @param minor  as in pf_kube_features_default()
     */
    void (*on_version)(void *ctx, int minor);
    void *ctx; /**< of on_version */
};

/** Prepare; no thread runs yet. @return PF_OK; PF_E_NO_MEMORY and what pf_kube_client_new() returns */
enum pf_code pf_live_new(const struct pf_live_options *options, struct pf_live **ret_live,
                         struct pf_err *err) PF_MUST_CHECK;
/** Start the thread. Once. @return PF_OK or PF_E_IO */
enum pf_code pf_live_start(struct pf_live *live, struct pf_err *err) PF_MUST_CHECK;
/** Stop the thread (a request under way is cut): nothing is called back from now on. NULL is ignored. */
void pf_live_stop(struct pf_live *live);
/** Stop and free. NULL is ignored. */
void pf_live_free(struct pf_live *live);

/**
 * The configuration in force (at start, after a reload): which version and gates the model assumes, how old it may be, who is judged when gates are removed. Thread-safe;
 * takes a reference.
 */
void pf_live_set_config(struct pf_live *live, struct pf_config *config);

/**
 * Wait until every kind has been listed or is known to be denied, and nodes, pods and namespaces are there.
 *
 * @param timeout_ms  0: only look; one that is impatient may end before its time
 * @return PF_OK; PF_E_STATE: not yet (the text says what is missing and why: the last failure of a kind, with what to grant); thread-safe
 */
enum pf_code pf_live_wait_synced(struct pf_live *live, int64_t timeout_ms,
                                 struct pf_err *err) PF_MUST_CHECK;

/** Version of the API server from /version, `1.36`; empty until it is known. Copied. Thread-safe. */
void pf_live_kubernetes_version(struct pf_live *live, char ret_version[16]);

/** Minor version of what /version answers. @return PF_OK; PF_E_INVALID, PF_E_NO_MEMORY; PF_E_UNSUPPORTED: older than what is known */
enum pf_code pf_live_read_version(struct pf_sv body, struct pf_arena *arena, int *ret_minor,
                                  struct pf_err *err) PF_MUST_CHECK;

/** A resource that is followed; static texts. */
struct pf_live_resource {
    const char *name;           /**< `pods` */
    const char *path;           /**< `/api/v1/pods` */
    const char *field_selector; /**< NULL: none */
    const char *kind;           /**< `Pod` */
    const char *api_version;    /**< `v1` */
    bool needed;                /**< nothing is judged without it */
};
/** Resources of a server of this minor version, in the order in which they are listed. @return how many were written, at most @p max */
size_t pf_live_resources(int minor, struct pf_live_resource *ret_resources, size_t max);

/** How one kind is doing; for /metrics, /stats and the status page. */
struct pf_live_kind {
    const char *name; /**< `pods`; static */
    bool synced;
    bool open;   /**< its watch is open now */
    bool denied; /**< 401 or 403: see failure */
    bool absent; /**< 404: the server does not have the resource, so there are no objects of it */
    uint64_t lists;
    uint64_t watches;
    uint64_t restarts;
    uint64_t failures;
    uint64_t events;
    uint64_t rejected_objects; /**< objects that could not be decoded */
    uint64_t stale_events;     /**< events older than what was known, left out */
    uint64_t
        repeated_events; /**< events of a watch that were not newer than the one before, left out */
    uint64_t unknown_events;   /**< events of a type that is not known, left out */
    char resource_version[32]; /**< up to where it is known; empty: never listed */
    int64_t age_ms;            /**< since the server last spoke about it; -1: never */
    char failure[256];         /**< last failure; empty: none */
};
/** How many there are at the most. */
#define PF_LIVE_KINDS_MAX 32
/** Kinds in a fixed order. @return how many were written, at most @p max. Thread-safe */
size_t pf_live_kinds(struct pf_live *live, struct pf_live_kind *ret_kinds, size_t max);

/** Requests to the API server that follow the cluster, as of the last 0.1 s. Thread-safe. */
struct pf_kube_client_stats pf_live_requests(struct pf_live *live);

/** Prometheus families `podfit_watch_*` by kind, `podfit_api_*` and `podfit_gates_*`. Thread-safe. */
void pf_live_metrics(struct pf_live *live, struct pf_buf *buf);
/** The members `watch` and `gates` of /stats. Thread-safe. */
void pf_live_stats(struct pf_live *live, struct pf_writer *w);
/** A remark for /readyz: what is missing, what cannot be followed, how long the server has been silent; nothing when all is well. Thread-safe. */
void pf_live_detail(struct pf_live *live, struct pf_buf *buf);

/** Pods whose gates are ours to remove. */
struct pf_live_gates {
    uint64_t waiting; /**< gated pods that are known */
    uint64_t removed; /**< gates removed by us */
    uint64_t failed;  /**< attempts that the API server refused, conflicts included */
};
/** Thread-safe. */
struct pf_live_gates pf_live_gates(struct pf_live *live);

#endif

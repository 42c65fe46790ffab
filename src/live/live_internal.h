#ifndef PODFIT_LIVE_INTERNAL_H
#define PODFIT_LIVE_INTERNAL_H

/** Inside live: what its files share. Everything but struct pf_live_shared belongs to the live thread. */

#include <pthread.h>
#include <stdatomic.h>

#include <podfit/fit.h>
#include <podfit/kube_client.h>
#include <podfit/live.h>
#include <podfit/reflector.h>

/* ---- specs.c: which kinds are followed ---- */

/** One kind; a row in the table is all that a new one needs. */
struct pf_live_spec {
    const char *name;           /**< `pods` */
    const char *path;           /**< `/api/v1/pods` */
    const char *field_selector; /**< NULL: none */
    const char *kind;           /**< `Pod` */
    const char *api_version;    /**< `v1` */
    unsigned feed;              /**< enum pf_feed, or PF_FEED_OBJECT + enum pf_kind */
    int minor_from;             /**< first Kubernetes minor where the row holds; 0: all */
    int minor_to;               /**< last one; 0: all */
    bool needed;                /**< nothing is judged without it */
};

/** Rows that hold for a minor, in their order. @return how many, at most PF_LIVE_KINDS_MAX */
size_t pf_live_specs(int minor, const struct pf_live_spec *ret_specs[PF_LIVE_KINDS_MAX]);

/* ---- recent.c: events that come late ---- */

/** Places of the table; what is overwritten is forgotten. */
#define PF_LIVE_RECENT 256

/**
 * The newest version of what events were about last, deletions included. A watch is in order, but a proxy that replays or a server that is mended is not bound to be:
 * an older event never wins over a newer one.
 */
struct pf_live_recent {
    struct {
        uint64_t key; /**< hash of namespace and name */
        uint64_t version;
    } items[PF_LIVE_RECENT];
};

/** Forget all: a list follows, which is the truth whatever its versions are. */
void pf_live_recent_clear(struct pf_live_recent *recent);
/** @return true: the event is older than one that was seen, leave it out. Versions that are no decimal numbers are never late (KEP-5504: 1.35 and later have numbers) */
bool pf_live_recent_is_late(struct pf_live_recent *recent, const struct pf_meta *meta);

/* ---- sink.c: one kind ---- */

struct pf_live_follow {
    struct pf_live *live;
    const struct pf_live_spec *spec;
    struct pf_feed_kind kind;
    struct pf_reflector *reflector;
    struct pf_live_recent recent;
    bool listing; /**< between replace_begin() and replace_end() */
    bool synced;  /**< a list was complete once */
    bool denied;
    bool absent;
    bool known; /**< the model was told that the kind is known */
    uint64_t rejected;
    uint64_t late;
    int64_t alive_mono_ns;   /**< its watch or list spoke; 0: never */
    int64_t vouched_mono_ns; /**< of the last probe whose answer spoke for its watch; 0: none */
    char resource_version[32];
    char failure[256]; /**< of the last denial or rejected object */
};

extern const struct pf_reflector_sink pf_live_sink;
/** From now on the model knows the kind, or verdicts that need it are `unknown`. */
void pf_live_sink_known(struct pf_live_follow *follow, bool known);

/* ---- gate.c: pods that wait behind our gate ---- */

struct pf_live_gate;
/** @return NULL: no memory */
struct pf_live_gate *pf_live_gate_new(struct pf_live *live) PF_MUST_CHECK;
void pf_live_gate_free(struct pf_live_gate *gate);
/** A pod as it is now. @return false: no memory */
bool pf_live_gate_pod(struct pf_live_gate *gate, const struct pf_pod *pod) PF_MUST_CHECK;
void pf_live_gate_gone(struct pf_live_gate *gate, const struct pf_meta *meta);
/** A list of pods begins, ends: who does not come is gone. */
void pf_live_gate_replace_begin(struct pf_live_gate *gate);
void pf_live_gate_replace_end(struct pf_live_gate *gate);
/** Do what is due. @return milliseconds until it wants to be called again, at least 1 */
int64_t pf_live_gate_tick(struct pf_live_gate *gate);
struct pf_live_gates pf_live_gate_counts(const struct pf_live_gate *gate);

/* ---- probe.c: is the server still there while it has nothing to say? ---- */

/**
 * Bookmarks come about once a minute, which is as old as a model may be by default. While the watches are open and silent, a list of one namespace is asked for: a
 * consistent read, which the API server answers only when its own cache is up with etcd. Over HTTP/2 the answer says something of the watches on its own connection only;
 * those on another, such as one that the server has sent away (GOAWAY), are opened anew, and until then are as old as they were.
 */
struct pf_live_probe {
    struct pf_kube_call *call;
    int64_t asked_mono_ns;  /**< start of the call under way, or of the last one */
    int64_t answer_mono_ns; /**< start of the last call that was answered; 0: none */
    int64_t
        connection; /**< of that answer; -1: HTTP/1.1, every watch has a connection of its own */
};
/** Does the last answer say that this open watch is alive? */
bool pf_live_probe_vouches(const struct pf_live_probe *probe,
                           const struct pf_reflector_stats *watch);
void pf_live_probe_tick(struct pf_live *live, int64_t now);
void pf_live_probe_stop(struct pf_live *live);

/* ---- live.c ---- */

/** What other threads read; guarded by lock. */
struct pf_live_shared {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool synced;
    bool gave_up; /**< nothing more will come: failure says why; only where it is impatient */
    int minor;    /**< 0: not known yet */
    struct pf_config *fresh; /**< set and not taken over yet; owned */
    size_t kind_count;
    struct pf_live_kind kinds[PF_LIVE_KINDS_MAX];
    int64_t alive_mono_ns[PF_LIVE_KINDS_MAX];
    struct pf_live_gates gates;
    struct pf_kube_client_stats requests;
    char failure[PF_ERR_TEXT_BYTES]; /**< why it is not synced; empty: nothing known */
};

struct pf_live {
    struct pf_live_options options;
    struct pf_kube_client *client;
    pthread_t thread;
    bool started;
    atomic_bool stop;
    struct pf_live_shared shared;

    struct pf_config *config; /**< owned reference; NULL: none was set */
    struct pf_fit *fit;       /**< of config */
    int minor;                /**< of the server; 0: not known yet */
    bool synced;
    bool config_unused;    /**< no memory for a new configuration; it was told */
    bool changed;          /**< the model changed since it was settled */
    struct pf_arena arena; /**< of one object */
    struct pf_live_follow follows[PF_LIVE_KINDS_MAX];
    size_t follow_count;
    struct pf_live_gate *gate; /**< NULL: gates are not removed */
    struct pf_live_probe probe;
};

/** Milliseconds from now until a monotonic time, at least 1. */
int64_t pf_live_until_ms(const struct pf_live *live, int64_t at_mono_ns);

/* ---- configure.c: a new configuration ---- */

/** Use the configuration that was set last, if it is not in use; one for which there is no memory is tried again at the next call. */
void pf_live_configure_take(struct pf_live *live);

/* ---- version.c: what the server is ---- */

/**
 * Ask for /version until there is an answer, the thread is to stop, or (when somebody waits) a failure is none of those that pass; what is known of it goes into
 * live->minor. A server that forbids or garbles it counts as the newest
 * known.
 */
void pf_live_version_run(struct pf_live *live);

/* ---- publish.c: what others see ---- */

/** Take over what the reflectors count, and tell the model how old it is. */
void pf_live_publish(struct pf_live *live, int64_t now);
/** Has everything been listed that can be? @param why  receives what is missing */
bool pf_live_is_complete(const struct pf_live *live, struct pf_err *why);
/** Is it of no use to wait for a list, when somebody sits before the terminal? @param why  receives the reason */
bool pf_live_is_hopeless(const struct pf_live *live, struct pf_err *why);
/** Tell who waits that there will be no model. @param why  at most PF_ERR_TEXT_BYTES with its NUL */
void pf_live_give_up(struct pf_live *live, const char *why);

#endif

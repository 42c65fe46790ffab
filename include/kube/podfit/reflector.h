#ifndef PODFIT_REFLECTOR_H
#define PODFIT_REFLECTOR_H

/**
 * List and watch of one resource, as client-go's reflector does it: a streaming initial list where the server has it, else a paged list; then a watch that resumes at
 * the last resourceVersion; a new list after 410, ERROR events and gaps; back-off with full jitter. Never gives up. It decodes nothing of an object but
 * metadata.resourceVersion.
 *
 * Belongs to the thread that steps the client. Source: client-go tools/cache/reflector.go; webhook practice K-11 to K-23, K-30, K-32.
 */

#include <podfit/kube_client.h>
#include <podfit/watch_stream.h>

struct pf_reflector;

/** Where the objects go. All run on the client's thread; texts are borrowed during the call. */
struct pf_reflector_sink {
    /**
     * A complete list follows: object() with PF_WATCH_ADDED for each, then replace_end(). What was known and does not come is to be removed at replace_end().
     * An object may come twice (a page that broke off is asked for again), and while a streaming list runs it may also be PF_WATCH_MODIFIED or PF_WATCH_DELETED.
     */
    void (*replace_begin)(void *ctx);
    /**
     * @param type  PF_WATCH_ADDED, PF_WATCH_MODIFIED or PF_WATCH_DELETED (the previous content)
     * @return false: out of memory; the reflector starts over with a list after its back-off. An object that cannot be decoded is the sink's to count and report.
     */
    bool (*object)(void *ctx, enum pf_watch_type type, struct pf_sv object);
    /** @param complete  false: the list broke off, nothing is to be removed; a new replace_begin() will follow */
    void (*replace_end)(void *ctx, bool complete);
    /** The server has spoken (event, bookmark, list): what is known is as of now. @param resource_version  borrowed */
    void (*alive)(void *ctx, struct pf_sv resource_version);
    /** 401 or 403 on list or watch (the reflector goes on trying, each 30 to 60 s), or 404: the server does not have the resource. Once per change. */
    void (*denied)(void *ctx, int status, struct pf_sv message);
};

struct pf_reflector_options {
    struct pf_kube_client *client; /**< borrowed */
    const struct pf_clock *clock;  /**< borrowed */
    const char *name;              /**< for messages and metrics: `pods`; static */
    const char *path;              /**< `/api/v1/pods`; static */
    const char *field_selector;    /**< not encoded; NULL: none; static */
    bool
        streaming_lists; /**< try WatchList first; a server that refuses or ignores it gets lists from then on */
    uint32_t page_limit;                  /**< objects a page of a list; 0: 500 */
    uint64_t seed;                        /**< of the jitter */
    const struct pf_reflector_sink *sink; /**< static */
    void *ctx;
};

/** @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_reflector_new(const struct pf_reflector_options *options,
                              struct pf_reflector **ret_reflector,
                              struct pf_err *err) PF_MUST_CHECK;
/** Cancels what is under way. NULL is ignored. */
void pf_reflector_free(struct pf_reflector *reflector);

/** Do what is due: start a list, start a watch, give up a silent one. @return milliseconds until it wants to be called again, at least 1 */
int64_t pf_reflector_tick(struct pf_reflector *reflector);

/**
 * Start over with a list at the next tick, because what is read of the objects has changed. What was known stays in force until the list is complete. Not from inside a
 * sink.
 */
void pf_reflector_relist(struct pf_reflector *reflector);

/** Open the watch anew, from where it is, on whatever connection new requests take now. Without a watch nothing happens. Not from inside a sink. */
void pf_reflector_resume(struct pf_reflector *reflector);

struct pf_reflector_stats {
    bool synced;       /**< a complete list has been taken over */
    bool watching;     /**< a watch is open or being opened now */
    bool open;         /**< the server has accepted the watch, and it has not ended */
    uint64_t lists;    /**< complete ones */
    uint64_t watches;  /**< opened */
    uint64_t restarts; /**< watches that ended otherwise than by their own time-out */
    uint64_t failures; /**< lists and watches that failed */
    uint64_t events;   /**< ADDED, MODIFIED, DELETED of watches */
    uint64_t bookmarks;
    uint64_t unknown_events;
    uint64_t repeated;     /**< events that were not newer than what is known, dropped */
    int64_t alive_mono_ns; /**< when the server last spoke; 0: never */
    int64_t connection; /**< of the watch, answered or not: pf_kube_client_connection(); -1: none */
    char resource_version[32];
    char last_failure[256]; /**< one line; empty: none so far */
};
/** Any thread may not: the client's thread only. */
struct pf_reflector_stats pf_reflector_stats(const struct pf_reflector *reflector);

#endif

#ifndef PODFIT_WATCH_STREAM_H
#define PODFIT_WATCH_STREAM_H

/**
 * Two incremental readers for what the API server sends: the items of a list and the events of a watch, one object in memory at a time. Bytes may be split anywhere.
 * Source: webhook practice K-18 to K-20, K-22; API concepts (watch, chunking). Both are fuzzed.
 */

#include <podfit/buf.h>

/** Type of a watch event. */
enum pf_watch_type {
    PF_WATCH_ADDED,
    PF_WATCH_MODIFIED,
    PF_WATCH_DELETED,
    PF_WATCH_BOOKMARK,
    PF_WATCH_ERROR, /**< the object is a Status */
    PF_WATCH_OTHER, /**< unknown: to be counted and ignored */
};

/** One frame. Views are borrowed during the callback. */
struct pf_watch_event {
    enum pf_watch_type type;
    struct pf_sv object;           /**< its JSON text */
    struct pf_sv resource_version; /**< metadata.resourceVersion; empty when absent */
    bool initial_events_end;       /**< a bookmark annotated `k8s.io/initial-events-end: "true"` */
    int status_code;               /**< of an ERROR's Status; 0 when absent */
    struct pf_sv status_reason;
    struct pf_sv status_message;
};

typedef bool pf_watch_on_event(void *ctx, const struct pf_watch_event *event);

/** Zero it with pf_watch_stream_init(). */
struct pf_watch_stream {
    struct pf_buf frame; /**< what has come of the frame that is not complete */
    pf_watch_on_event *on_event;
    void *ctx;
};
/** @param max_frame_bytes  a larger frame is an error */
void pf_watch_stream_init(struct pf_watch_stream *stream, size_t max_frame_bytes,
                          pf_watch_on_event *on_event, void *ctx);
void pf_watch_stream_done(struct pf_watch_stream *stream);
/**
 * Take the next bytes; runs on_event for every frame that they complete.
 *
 * @return PF_OK; PF_E_STATE (on_event said no); PF_E_INVALID (not a watch event), PF_E_TOO_BIG, PF_E_NO_MEMORY: the stream must be given up
 */
enum pf_code pf_watch_stream_feed(struct pf_watch_stream *stream, struct pf_sv bytes,
                                  struct pf_err *err) PF_MUST_CHECK;

/** Called for each item; the text is borrowed. @return false: stop */
typedef bool pf_list_on_item(void *ctx, struct pf_sv item);

/** Reads `{"kind":"PodList","metadata":{...},"items":[...]}` in any order of keys. Private but for metadata. */
struct pf_list_stream;
/** @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_list_stream_new(size_t max_item_bytes, pf_list_on_item *on_item, void *ctx,
                                struct pf_list_stream **ret_stream) PF_MUST_CHECK;
void pf_list_stream_free(struct pf_list_stream *stream);
/** As pf_watch_stream_feed(). */
enum pf_code pf_list_stream_feed(struct pf_list_stream *stream, struct pf_sv bytes,
                                 struct pf_err *err) PF_MUST_CHECK;
/** The end of an answer. @return PF_OK; PF_E_INVALID: it was cut off, or has no items or no resourceVersion */
enum pf_code pf_list_stream_end(struct pf_list_stream *stream, struct pf_err *err) PF_MUST_CHECK;
/** The end of a file. As pf_list_stream_end(), but kubectl gives the lists that it prints no resourceVersion. */
enum pf_code pf_list_stream_end_file(struct pf_list_stream *stream,
                                     struct pf_err *err) PF_MUST_CHECK;
/** metadata.resourceVersion and metadata.continue; complete after pf_list_stream_end(); borrowed from the stream. */
struct pf_sv pf_list_stream_resource_version(const struct pf_list_stream *stream);
struct pf_sv pf_list_stream_continue(const struct pf_list_stream *stream);

#endif

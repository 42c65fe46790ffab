#ifndef PODFIT_LISTENER_H
#define PODFIT_LISTENER_H

/**
 * An HTTP/1.1 listener on libmicrohttpd, with TLS or without: one thread in poll mode (design section 9 says why), limits on body, memory, connections and
 * time, and an application that sees whole requests. The application's functions run in the listener's thread and must not block.
 */

#include <podfit/clientca.h>
#include <podfit/clock.h>
#include <podfit/conntable.h>
#include <podfit/exchange.h>
#include <podfit/serving.h>

struct pf_listener;

/** What answers requests. */
struct pf_listener_app {
    /** The head has arrived. Refuse with pf_exchange_decide(), or leave it undecided to get the body. */
    void (*begin)(void *opaque, struct pf_exchange *exchange);
    /** The body is there: decide and write the answer. */
    void (*answer)(void *opaque, struct pf_exchange *exchange);
    /** The response is queued, its status known: count and record; may be NULL. */
    void (*after)(void *opaque, struct pf_exchange *exchange, unsigned status);
    void *opaque;
};

struct pf_listener_options {
    const char *name; /**< static; for the log */
    const struct pf_clock *clock;
    int listen_fd;                /**< taken over, also on failure */
    struct pf_serving *serving;   /**< borrowed; NULL: plain HTTP */
    struct pf_clientca *clientca; /**< borrowed; not NULL: clients are asked for a certificate */
    unsigned max_connections;
    int64_t first_ms;
    int64_t request_ms;
    int64_t idle_ms;
    size_t body_max_bytes;
    size_t answer_max_bytes;
    size_t budget_bytes;
    struct pf_listener_app app;
};

/** Room above the limit in which new connections are taken in while older ones are being closed. */
#define PF_LISTENER_HEADROOM 64

/** Start serving. @return PF_OK, PF_E_IO (the daemon does not start), PF_E_NO_MEMORY */
enum pf_code pf_listener_start(const struct pf_listener_options *options,
                               struct pf_listener **ret_listener, struct pf_err *err) PF_MUST_CHECK;
/** From now on every answer carries `Connection: close`. Thread-safe. */
void pf_listener_close_connections(struct pf_listener *listener);
/** Stop accepting; connections go on. Thread-safe. */
void pf_listener_quiesce(struct pf_listener *listener);
/** Stop: open connections are cut. Frees. NULL is ignored. */
void pf_listener_stop(struct pf_listener *listener);

struct pf_listener_stats {
    struct pf_conntable_stats connections;
    uint64_t handshakes;       /**< completed */
    uint64_t handshake_errors; /**< connections that ended before their handshake did */
    int64_t
        busy_mono_ns; /**< since when the thread is inside the application; 0: it is not. An old value means it hangs */
    int64_t sweep_mono_ns; /**< last sweep of deadlines */
};
struct pf_listener_stats pf_listener_stats(struct pf_listener *listener);

/** Has the client of this request shown a good certificate? GOOD when none is asked for. */
enum pf_clientca_answer pf_listener_client(const struct pf_exchange *exchange);
/** Does this request come from the machine (or pod) itself: 127.0.0.0/8 or ::1? */
bool pf_listener_is_local(const struct pf_exchange *exchange);

#endif

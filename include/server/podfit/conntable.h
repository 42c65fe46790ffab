#ifndef PODFIT_CONNTABLE_H
#define PODFIT_CONNTABLE_H

/**
 * The connections of one listener and how long each may stay as it is. libmicrohttpd's own timer is one of inactivity: a byte a second resets it, and
 * when its limit is reached it stops accepting, so that good clients hang (webhook practice M-09 to M-11). Here a connection has a deadline
 * for its first request, for each request from request line to last byte, and for being idle; above the limit the one that is missed least is closed.
 *
 * Closing is shutdown(2): the server's thread sees the end of the stream and cleans up. All functions are thread-safe; an entry leaves the table before its
 * descriptor is closed, so a reused descriptor is never shut down.
 */

#include <stdbool.h>
#include <stdint.h>

#include <podfit/clock.h>
#include <podfit/error.h>

/** What a connection is doing; each state has its deadline. */
enum pf_conn_state {
    PF_CONN_FRESH,   /**< accepted, no request line yet: TLS handshake or silence */
    PF_CONN_BUSY,    /**< between a request line and the last byte of the answer */
    PF_CONN_IDLE,    /**< kept alive between two requests */
    PF_CONN_CLOSING, /**< shut down by us, waits for the server's thread */
    PF_CONN_STATES,  /**< how many there are */
};

/** Why the table closed a connection. */
enum pf_conn_end {
    PF_CONN_END_FIRST,   /**< no request in time after it was accepted */
    PF_CONN_END_REQUEST, /**< a request took too long */
    PF_CONN_END_IDLE,    /**< idle for too long */
    PF_CONN_END_EVICTED, /**< closed to make room for a new one */
    PF_CONN_ENDS,        /**< how many there are */
};
/** `first-request`, `request`, `idle`, `evicted`. Static. */
const char *pf_conn_end_name(enum pf_conn_end end);

/** One entry; embedded in the listener's own struct. */
struct pf_conn {
    struct pf_conn *prev;
    struct pf_conn *next;
    int fd;
    enum pf_conn_state state;
    int64_t since_mono_ns; /**< of the state */
};

struct pf_conntable_options {
    const struct pf_clock *clock; /**< borrowed, outlives the table */
    unsigned max_connections;     /**< above it one is closed for each new one */
    int64_t first_ms;             /**< from accept to the first request line */
    int64_t request_ms;
    int64_t idle_ms;
};

struct pf_conntable;

enum pf_code pf_conntable_new(const struct pf_conntable_options *options,
                              struct pf_conntable **ret_table, struct pf_err *err) PF_MUST_CHECK;
/** The table must be empty. NULL is ignored. */
void pf_conntable_free(struct pf_conntable *table);

/** A new connection. When there are more than the limit: shut down the oldest that never sent a request and is older than a second, else the one that
 * has been idle longest, else the one whose request has taken longest and more than a second (reviews take milliseconds: its client trickles, or does not
 * read), else the oldest without a request. @param conn borrowed until pf_conntable_remove() */
void pf_conntable_add(struct pf_conntable *table, struct pf_conn *conn, int fd);
void pf_conntable_remove(struct pf_conntable *table, struct pf_conn *conn);
/** FRESH, IDLE -> BUSY and back to IDLE; a connection that is being closed stays so. */
void pf_conntable_begin(struct pf_conntable *table, struct pf_conn *conn);
void pf_conntable_end(struct pf_conntable *table, struct pf_conn *conn);

/** Shut down what is past its deadline. @return how many */
unsigned pf_conntable_sweep(struct pf_conntable *table);

struct pf_conntable_stats {
    unsigned open[PF_CONN_STATES];
    uint64_t accepted;
    uint64_t ended[PF_CONN_ENDS];
    int64_t last_request_mono_ns; /**< when a request began or ended last; 0: never */
};
struct pf_conntable_stats pf_conntable_stats(struct pf_conntable *table);

#endif

#ifndef PODFIT_LISTENER_INTERNAL_H
#define PODFIT_LISTENER_INTERNAL_H

/** Inside the listener: what its sources share. See listener.h for the contract. */

#include <pthread.h>
#include <stdatomic.h>

#include <microhttpd.h>

#include <podfit/listener.h>
#include <podfit/outgoing.h>

/** Sockets whose request was answered before it had been read; see linger.c. */
#define PF_LINGER_MAX 64

struct pf_linger {
    struct {
        int fd;
        int64_t until_mono_ns;
    } items[PF_LINGER_MAX];
    unsigned count;
};

struct pf_listener {
    struct pf_listener_options options;
    struct MHD_Daemon *daemon;
    struct pf_conntable *table;
    struct pf_exchange_pool pool; /* of the listener's thread */
    atomic_bool closing;
    atomic_bool quiesced;
    atomic_uint_fast64_t handshakes;
    atomic_uint_fast64_t handshake_errors;
    atomic_int_fast64_t busy_mono_ns;
    atomic_int_fast64_t sweep_mono_ns;
    pthread_t sweeper;
    bool sweeper_runs;
    pthread_mutex_t lock; /* guards stop and linger */
    pthread_cond_t wake;
    bool stop;
    struct pf_linger linger;
};

/** One connection; lives from accept to close. */
struct pf_link {
    struct pf_conn conn;
    struct pf_listener *listener;
    struct gnutls_session_int *session; /* NULL: plain HTTP */
    struct pf_serving_generation *generation;
    struct pf_clientca_memory client;
    bool handshake_done;
    int64_t request_start_ns;
    struct pf_outgoing outgoing; /* of TLS only */
};

/* connection.c: callbacks of libmicrohttpd about connections. */

void pf_connection_notify(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code);
/** gnutls_certificate_retrieve_function2 */
void *pf_connection_certificate_callback(void);
void *pf_connection_request_line(void *cls, const char *uri, struct MHD_Connection *connection);
struct pf_link *pf_connection_link(struct MHD_Connection *connection);

/* request.c: callbacks of libmicrohttpd about requests. */

enum MHD_Result pf_request_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **state);
void pf_request_completed(void *cls, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode reason);

/* linger.c */

/**
 * Keep the socket of a request that is answered before it was read open for two more seconds: closing a socket with unread bytes makes the kernel send a
 * reset, and that may destroy the answer before the client has read it. Best effort; thread-safe.
 */
void pf_linger_hold(struct pf_listener *listener, int fd);
/** Close those whose time is over, or all. Under the listener's lock. */
void pf_linger_sweep(struct pf_linger *linger, int64_t now, bool all);

#endif

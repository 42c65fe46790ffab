#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "listener_internal.h"
#include "serving_trial.h"
#include <podfit/log.h>
#include <podfit/mem.h>
#include <podfit/thread.h>

/* Deadlines are kept to this. */
#define SWEEP_MS 250
/* libmicrohttpd's default: request line and headers must fit; half of it is the first read buffer. */
#define CONNECTION_MEMORY_BYTES ((size_t)32 * 1024)
/* Second line behind the table's deadlines: a connection it has lost sight of. */
#define BACKSTOP_S 60

static void on_log(void *cls, const char *format, va_list args) PF_PRINTF(2, 0);

static void on_log(void *cls, const char *format, va_list args)
{
    const struct pf_listener *listener = cls;
    if (!pf_log_enabled("server", PF_LOG_DEBUG)) {
        return; /* broken handshakes are the client's affair: counted, not logged */
    }
    char text[512];
    (void)vsnprintf(text, sizeof(text), format, args); /* a cut message is still one */
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == '\n') {
        text[--len] = '\0';
    }
    pf_log_debug("server", "%s: %s", listener->options.name, text);
}

/* libmicrohttpd cannot go on: say so as everything else is said, and end with a core (webhook practice M-14). */
static void on_panic(void *cls PF_UNUSED, const char *file, unsigned line, const char *reason)
{
    pf_log_error("server", "libmicrohttpd gives up in %s:%u: %s", file, line,
                 reason != NULL ? reason : "no reason given");
    abort();
}

static void *sweep_forever(void *opaque)
{
    struct pf_listener *listener = opaque;
    pthread_mutex_lock(&listener->lock);
    while (!listener->stop) {
        const struct timespec until =
            pf_thread_time(pf_clock_mono_ns(pf_clock_system()) + SWEEP_MS * PF_NS_PER_MS);
        (void)pthread_cond_timedwait(&listener->wake, &listener->lock, &until);
        const int64_t now = pf_clock_mono_ns(listener->options.clock);
        pf_linger_sweep(&listener->linger, now, /* all= */ listener->stop);
        atomic_store_explicit(&listener->sweep_mono_ns, now, memory_order_relaxed);
        pthread_mutex_unlock(&listener->lock);
        (void)pf_conntable_sweep(listener->table);
        pthread_mutex_lock(&listener->lock);
    }
    pf_linger_sweep(&listener->linger, 0, /* all= */ true);
    pthread_mutex_unlock(&listener->lock);
    return NULL;
}

static void destroy(struct pf_listener *listener)
{
    if (listener->sweeper_runs) {
        pthread_mutex_lock(&listener->lock);
        listener->stop = true;
        pthread_cond_signal(&listener->wake);
        pthread_mutex_unlock(&listener->lock);
        (void)pthread_join(listener->sweeper, NULL);
    }
    pf_exchange_pool_done(&listener->pool);
    pf_conntable_free(listener->table);
    (void)pthread_cond_destroy(&listener->wake);
    (void)pthread_mutex_destroy(&listener->lock);
    free(listener);
}

static enum pf_code start_daemon(struct pf_listener *listener, struct pf_err *err)
{
    const struct pf_listener_options *options = &listener->options;
    const bool tls = options->serving != NULL;
    struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)PF_SERVING_PRIORITIES},
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, pf_connection_certificate_callback()},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem no_options[] = {{MHD_OPTION_END, 0, NULL}};
    const unsigned flags = (unsigned)MHD_USE_POLL_INTERNAL_THREAD | (unsigned)MHD_USE_ITC |
                           (unsigned)MHD_USE_ERROR_LOG | (tls ? (unsigned)MHD_USE_TLS : 0U);
    MHD_set_panic_func(on_panic, NULL); /* of the process, and the same for each listener */
    listener->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, pf_request_handle, listener, MHD_OPTION_EXTERNAL_LOGGER, on_log,
        listener, MHD_OPTION_LISTEN_SOCKET, options->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        options->max_connections + PF_LISTENER_HEADROOM, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(options->idle_ms / 1000) + BACKSTOP_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION,
        pf_connection_notify, listener, MHD_OPTION_NOTIFY_COMPLETED, pf_request_completed, listener,
        MHD_OPTION_URI_LOG_CALLBACK, pf_connection_request_line, listener, MHD_OPTION_ARRAY,
        tls ? tls_options : no_options, MHD_OPTION_END);
    if (listener->daemon == NULL) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot start the %s listener", options->name);
    }
    return PF_OK;
}

static enum pf_code start_sweeper(struct pf_listener *listener, struct pf_err *err)
{
    const struct pf_listener_options *options = &listener->options;
    const struct pf_conntable_options limits = {
        .clock = options->clock,
        .max_connections = options->max_connections,
        .first_ms = options->first_ms,
        .request_ms = options->request_ms,
        .idle_ms = options->idle_ms,
    };
    enum pf_code code = pf_conntable_new(&limits, &listener->table, err);
    if (code != PF_OK) {
        return code;
    }
    code =
        pf_thread_start("connections' deadlines", sweep_forever, listener, &listener->sweeper, err);
    listener->sweeper_runs = code == PF_OK;
    return code;
}

enum pf_code pf_listener_start(const struct pf_listener_options *options,
                               struct pf_listener **ret_listener, struct pf_err *err)
{
    struct pf_listener *listener = pf_mem_calloc(1, sizeof(*listener));
    if (listener == NULL || !pf_thread_cond_init(&listener->wake)) {
        (void)close(options->listen_fd); /* taken over, and of no use */
        free(listener);
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the %s listener", options->name);
    }
    listener->options = *options;
    atomic_init(&listener->sweep_mono_ns, pf_clock_mono_ns(options->clock));
    pf_exchange_pool_init(&listener->pool, options->body_max_bytes, options->answer_max_bytes,
                          options->budget_bytes);
    (void)pthread_mutex_init(&listener->lock, NULL); /* cannot fail with default attributes */
    enum pf_code code = start_sweeper(listener, err);
    if (code != PF_OK) {
        (void)close(options->listen_fd); /* taken over, and of no use */
        destroy(listener);
        return code;
    }
    code = start_daemon(listener, err); /* on failure libmicrohttpd has closed the socket */
    if (code != PF_OK) {
        destroy(listener);
        return code;
    }
    *ret_listener = listener;
    return PF_OK;
}

void pf_listener_close_connections(struct pf_listener *listener)
{
    atomic_store(&listener->closing, true);
}

void pf_listener_quiesce(struct pf_listener *listener)
{
    if (atomic_exchange(&listener->quiesced, true)) {
        return;
    }
    const MHD_socket fd = MHD_quiesce_daemon(listener->daemon);
    if (fd != MHD_INVALID_SOCKET) {
        (void)close(fd); /* ours from here on; new clients are refused */
    }
}

void pf_listener_stop(struct pf_listener *listener)
{
    if (listener == NULL) {
        return;
    }
    MHD_stop_daemon(listener->daemon); /* joins its thread; closes the listening socket */
    destroy(listener);
}

struct pf_listener_stats pf_listener_stats(struct pf_listener *listener)
{
    return (struct pf_listener_stats){
        .connections = pf_conntable_stats(listener->table),
        .handshakes = atomic_load_explicit(&listener->handshakes, memory_order_relaxed),
        .handshake_errors = atomic_load_explicit(&listener->handshake_errors, memory_order_relaxed),
        .busy_mono_ns = atomic_load_explicit(&listener->busy_mono_ns, memory_order_relaxed),
        .sweep_mono_ns = atomic_load_explicit(&listener->sweep_mono_ns, memory_order_relaxed),
    };
}

bool pf_listener_is_local(const struct pf_exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || info->client_addr == NULL) {
        return false;
    }
    if (info->client_addr->sa_family == AF_INET) {
        const struct sockaddr_in *four = (const void *)info->client_addr;
        return ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    if (info->client_addr->sa_family != AF_INET6) {
        return false;
    }
    const struct in6_addr *six =
        &((const struct sockaddr_in6 *)(const void *)info->client_addr)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(six) ||
           (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == IN_LOOPBACKNET);
}

enum pf_clientca_answer pf_listener_client(const struct pf_exchange *exchange)
{
    struct pf_link *link = exchange->link;
    if (link == NULL) {
        return PF_CLIENTCA_NONE;
    }
    const struct pf_listener_options *options = &link->listener->options;
    if (options->clientca == NULL) {
        return PF_CLIENTCA_GOOD;
    }
    if (link->session == NULL) {
        return PF_CLIENTCA_NONE;
    }
    return pf_clientca_check(options->clientca, link->session, &link->client,
                             pf_clock_mono_ns(options->clock));
}

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd.h"
#include "load.h"
#include "progress.h"
#include "serve_certificate.h"
#include "serve_live.h"
#include "source.h"
#include <podfit/cliopt.h>
#include <podfit/cliout.h>
#include <podfit/command.h>
#include <podfit/example.h>
#include <podfit/file.h>
#include <podfit/limits.h>
#include <podfit/log.h>
#include <podfit/server.h>

#define ARENA_BYTES ((size_t)1024 * 1024)
/* http.Transport of client-go */
#define API_SERVER_IDLE_MS 90000
/* Descriptors beside the webhook's connections: ops connections, headroom of both listeners, files, log. */
#define SPARE_DESCRIPTORS 320

struct serve_options {
    const char *config;
    struct pf_source_options source;
    const char *listen;
    const char *ops_listen;
    const char *port_file;
    struct pf_serve_certificate_options certificate;
    const char *client_ca;
    const char *path_token_file;
    const char *audit_log;
    int64_t audit_max_bytes;
    int64_t audit_keep;
    int64_t max_connections;
    int64_t idle_ms;
    int64_t request_ms;
    int64_t shutdown_delay_ms;
    int64_t drain_ms;
    int status_page;
    const char *log_level;
    int log_format;
};

static const char *const log_formats[] = {"auto", "json", "text", NULL};

/* as enum pf_server_page */
static const char *const page_modes[] = {"on", "loopback", "off", NULL};

#define ROW(name_, type_, member_) \
    .name = (name_), .type = (type_), .offset = offsetof(struct serve_options, member_)

static const struct pf_cliopt rows[] = {
    {ROW("config", PF_CLIOPT_STRING, config), .value = "FILE",
     .help = "configuration, reloaded when it changes; without it the embedded example"},
    {ROW("snapshot", PF_CLIOPT_STRING, source.snapshot), .value = "FILE",
     .help = "judge against this file, as kubectl get -o json|yaml prints it; 'example' is the "
             "embedded one"},
    PF_SOURCE_ROWS(struct serve_options, source),
    {ROW("listen", PF_CLIOPT_STRING, listen), .value = "IP:PORT", .fallback = ":8443",
     .help = "address of the webhook (HTTPS); without IP all of this machine, IPv4 and IPv6; port "
             "0: any free one"},
    {ROW("ops-listen", PF_CLIOPT_STRING, ops_listen), .value = "IP:PORT", .fallback = ":8080",
     .help = "address of the status page (/), /livez, /readyz, /metrics and /stats (HTTP)"},
    {ROW("status-page", PF_CLIOPT_ENUM, status_page), .value = "WHO", .fallback = "on",
     .choices = page_modes,
     .help = "who sees the status page at / of --ops-listen, and the names of nodes and pods in "
             "/stats: on: whoever reaches it; loopback: who asks from this machine or pod (kubectl "
             "port-forward does); off: nobody"},
    {ROW("port-file", PF_CLIOPT_STRING, port_file), .value = "FILE",
     .help = "write both ports in force to this file, a line each, once serving"},
    PF_SERVE_CERTIFICATE_ROWS(struct serve_options, certificate),
    {ROW("client-ca", PF_CLIOPT_STRING, client_ca), .value = "FILE",
     .help = "answer only clients with a certificate of these authorities (PEM)"},
    {ROW("path-token-file", PF_CLIOPT_STRING, path_token_file), .value = "FILE",
     .help = "answer only at /mutate/TOKEN; the file holds the token"},
    {ROW("audit-log", PF_CLIOPT_STRING, audit_log), .value = "FILE|-",
     .help = "write rejections and misfits as JSON lines; - is standard output"},
    {ROW("audit-max-bytes", PF_CLIOPT_INT, audit_max_bytes), .value = "BYTES",
     .fallback = "104857600", .min = 0, .max = INT64_MAX,
     .help = "rotate the audit log above this size; 0: never"},
    {ROW("audit-keep", PF_CLIOPT_INT, audit_keep), .value = "N", .fallback = "5", .min = 1,
     .max = PF_AUDIT_KEEP_MAX, .help = "rotated audit logs kept"},
    {ROW("max-connections", PF_CLIOPT_INT, max_connections), .value = "N", .fallback = "1000",
     .min = 1, .max = 100000,
     .help = "open webhook connections; above it the one that is missed least is closed"},
    {ROW("idle-timeout", PF_CLIOPT_DURATION, idle_ms), .value = "DURATION", .fallback = "120s",
     .min = 1000, .max = 86400000,
     .help = "close connections that are idle for so long; API servers keep theirs for 90s"},
    {ROW("request-timeout", PF_CLIOPT_DURATION, request_ms), .value = "DURATION", .fallback = "10s",
     .min = 100, .max = 300000,
     .help = "time for one request, from its first line to the last byte of the answer"},
    {ROW("shutdown-delay", PF_CLIOPT_DURATION, shutdown_delay_ms), .value = "DURATION",
     .fallback = "10s", .min = 0, .max = 600000,
     .help = "keep serving for so long after SIGTERM, with readiness off"},
    {ROW("drain-timeout", PF_CLIOPT_DURATION, drain_ms), .value = "DURATION", .fallback = "15s",
     .min = 0, .max = 600000, .help = "after that, wait so long at most for clients to finish"},
    {ROW("log-level", PF_CLIOPT_STRING, log_level), .value = "LEVEL",
     .help = "error, warning, info or debug, also by module: server=debug (default: $PF_LOG or "
             "info)"},
    {ROW("log-format", PF_CLIOPT_ENUM, log_format), .value = "FORMAT", .fallback = "auto",
     .choices = log_formats, .help = "auto: text on a terminal, else json"},
};

const struct pf_cliopt_command pf_cmd_serve_options = {
    .name = "podfit serve",
    .usage = "[OPTIONS]",
    .about = "Run the webhook: POST /mutate over TLS, with /livez, /readyz, /metrics and /stats on "
             "a second, plain port.",
    .rows = rows,
    .count = PF_ARRAY_LEN(rows),
    .notes =
        "Signals: SIGTERM and SIGINT stop gracefully, a second one at once; SIGHUP loads all files\n"
        "again and reopens the audit log.\n\n"
        "Exit status: 0 stopped on request, 2 could not start; 130 and 143 when SIGINT or SIGTERM came\n"
        "while a snapshot was still being read.",
    .examples =
        "  podfit certs create certs --dns localhost --ip 127.0.0.1\n"
        "  podfit serve --cert-dir certs\n"
        "  podfit serve --config podfit.yaml --snapshot cluster.json --cert-dir certs --audit-log -",
};

/* What one run owns; released in the reverse order. */
struct serve {
    char pod[PF_SOURCE_POD_BYTES]; /* empty: it runs in none */
    struct serve_options options;
    struct pf_config *config;
    struct pf_source source;
    struct pf_model *model;
    struct pf_audit *audit;
    struct pf_serve_live *live; /* NULL: a snapshot */
    struct pf_server *server;
    struct pf_serve_certificate certificate;
    struct pf_serve_registration *registration; /* NULL: files */
    int signals;                                /* signalfd */
};

static enum pf_code configure_log(const struct serve_options *options, struct pf_err *err)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs yet and nothing writes the environment */
    const char *spec = options->log_level != NULL ? options->log_level : getenv("PF_LOG");
    const bool json =
        options->log_format == 1 || (options->log_format == 0 && isatty(STDERR_FILENO) == 0);
    return pf_log_configure(spec, json, err);
}

/* poll(2) has no limit of its own, so only the process's limit matters. */
static enum pf_code raise_descriptors(int64_t max_connections, struct pf_err *err)
{
    struct rlimit limit = {.rlim_cur = 0};
    const rlim_t wanted = (rlim_t)max_connections + SPARE_DESCRIPTORS;
    (void)getrlimit(RLIMIT_NOFILE, &limit); /* cannot fail */
    if (limit.rlim_cur >= wanted) {
        return PF_OK;
    }
    if (limit.rlim_max >= wanted) {
        limit.rlim_cur = wanted;
        if (setrlimit(RLIMIT_NOFILE, &limit) == 0) {
            return PF_OK;
        }
    }
    return pf_err_set(
        err, PF_E_RANGE,
        "option '--max-connections': %" PRId64 " need %llu file descriptors, the limit is "
        "%llu (ulimit -n)",
        max_connections, (unsigned long long)wanted, (unsigned long long)limit.rlim_max);
}

static enum pf_code block_signals(int *ret_fd, struct pf_err *err)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) !=
        0) { /* before any thread, so that all inherit it */
        return pf_err_set(err, PF_E_IO, "cannot block signals");
    }
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL); /* a client that went away is an error of write(2) */
    const int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot wait for signals");
    }
    *ret_fd = fd;
    return PF_OK;
}

static void end_at_once(int signal_number)
{
    _exit(128 + signal_number); /* as a shell counts; nothing is to be put away yet */
}

/* Nobody reads the descriptor of signals during this, which takes long with a large file: SIGTERM and SIGINT end the program. A handler, and not the default action, which
 * process 1 of a container does not have. */
static enum pf_code load_snapshot(struct serve *serve, struct pf_err *err)
{
    const struct sigaction ending = {.sa_handler = end_at_once};
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    struct pf_progress_ticker ticker = {.running = false};
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    pf_progress_ticker_start(&ticker, serve->model, pf_source_name(&serve->source));
    (void)sigaction(SIGTERM, &ending, NULL);
    (void)sigaction(SIGINT, &ending, NULL);
    (void)pthread_sigmask(SIG_UNBLOCK, &set,
                          NULL); /* none of these can fail with these arguments */
    const enum pf_code code =
        pf_load_fill(serve->model, serve->source.snapshot, serve->config, err);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)sigaction(SIGTERM, &usual, NULL);
    (void)sigaction(SIGINT, &usual, NULL);
    pf_progress_ticker_stop(&ticker);
    return code;
}

static enum pf_code load_world(struct serve *serve, struct pf_err *err)
{
    const struct serve_options *options = &serve->options;
    enum pf_code code = pf_load_config(options->config, &serve->config);
    if (code != PF_OK) {
        return pf_err_set(err, code, "the configuration cannot be used, see above");
    }
    code = pf_load_empty(serve->config, &serve->model, err);
    if (code == PF_OK && serve->source.kind != PF_SOURCE_LIVE) {
        code = load_snapshot(serve, err);
    }
    if (code != PF_OK) {
        return code;
    }
    pf_model_lock(serve->model);
    pf_model_set_reservation_ttl(serve->model, serve->config->reservation_ttl_ms);
    const struct pf_model_stats stats = pf_model_stats(serve->model);
    pf_model_unlock(serve->model);
    if (serve->source.kind == PF_SOURCE_LIVE) {
        pf_log_info("server", "judging against the cluster at %s", pf_source_name(&serve->source));
    } else {
        pf_log_info("server", "judging against %s: %u nodes, %u pods",
                    pf_source_name(&serve->source), stats.nodes, stats.pods);
    }
    if (options->config == NULL) {
        pf_log_info("server", "configured by the " PF_EXAMPLE_CONFIG_NAME);
    }
    const struct pf_audit_options audit = {
        .path = options->audit_log,
        .max_bytes = options->audit_max_bytes,
        .keep = (unsigned)options->audit_keep,
        .repeat_window_ms = 60000,
        .clock = pf_clock_system(),
    };
    return pf_audit_new(&audit, &serve->audit, err);
}

/* What follows the cluster is made before the server, which reports on it, and started after it. */
static enum pf_code prepare_live(struct serve *serve, struct pf_err *err)
{
    if (serve->source.kind != PF_SOURCE_LIVE) {
        return PF_OK;
    }
    const struct pf_serve_live_options options = {
        .model = serve->model,
        .config = serve->config,
        .audit = serve->audit,
        .kube = &serve->source.kube,
        .clock = pf_clock_system(),
    };
    return pf_serve_live_new(&options, &serve->live, err);
}

static enum pf_code prepare_registration(struct serve *serve, struct pf_err *err)
{
    return serve->certificate.registered
               ? pf_serve_registration_new(&serve->options.certificate, &serve->certificate,
                                           &serve->source.kube, &serve->registration, err)
               : PF_OK;
}

static enum pf_code read_address(const char *option, const char *text,
                                 struct pf_address *ret_address, struct pf_err *err)
{
    const enum pf_code code = pf_address_parse(pf_sv_from(text), ret_address, err);
    return code == PF_OK ? PF_OK : pf_err_wrap(err, code, "%s", option);
}

/* A client whose connection is closed while it sends its review on it is not told, and Go does not send a POST twice (webhook practice T-05). */
static void warn_of_early_close(const struct serve_options *options)
{
    if (options->idle_ms <= API_SERVER_IDLE_MS) {
        pf_log_warning("server",
                       "option '--idle-timeout': %" PRId64
                       "ms is not above the %dms for which API servers "
                       "keep connections: reviews sent at that moment fail",
                       options->idle_ms, API_SERVER_IDLE_MS);
    }
}

static enum pf_code start_server(struct serve *serve, struct pf_err *err)
{
    const struct serve_options *options = &serve->options;
    const bool files = !serve->certificate.registered;
    struct pf_server_options server = {
        .model = serve->model,
        .config = serve->config,
        .audit = serve->audit,
        .clock = pf_clock_system(),
        .config_path = options->config,
        .cert_path = files ? serve->certificate.cert_path : NULL,
        .key_path = files ? serve->certificate.key_path : NULL,
        .cert_dir = options->certificate.cert_dir,
        .names = options->certificate.services.items,
        .names_count = options->certificate.services.count,
        .client_ca_path = options->client_ca,
        .token_path = options->path_token_file,
        .version = PF_VERSION,
        .replica = pf_source_pod(serve->pod) ? serve->pod : NULL,
        .max_connections = (unsigned)options->max_connections,
        .idle_ms = options->idle_ms,
        .request_ms = options->request_ms,
        .shutdown_delay_ms = options->shutdown_delay_ms,
        .drain_ms = options->drain_ms,
        .live = serve->live != NULL,
        .hooks = pf_serve_live_hooks(serve->live),
        .certificates = pf_serve_registration_certificates(serve->registration),
        .status_page = (enum pf_server_page)options->status_page,
    };
    enum pf_code code = read_address("option '--listen'", options->listen, &server.listen, err);
    if (code == PF_OK) {
        code = read_address("option '--ops-listen'", options->ops_listen, &server.ops_listen, err);
    }
    warn_of_early_close(options);
    return code == PF_OK ? pf_server_start(&server, &serve->server, err) : code;
}

static enum pf_code announce(const struct serve *serve, struct pf_err *err)
{
    const struct pf_address address = pf_server_address(serve->server);
    const struct pf_address ops = pf_server_ops_address(serve->server);
    char address_text[PF_ADDRESS_TEXT_BYTES];
    char ops_text[PF_ADDRESS_TEXT_BYTES];
    pf_address_format(&address, address_text);
    pf_address_format(&ops, ops_text);
    pf_log_info("server", "podfit %s serves https://%s/mutate%s, http://%s/readyz", PF_VERSION,
                address_text, serve->options.path_token_file != NULL ? "/(token)" : "", ops_text);
    if (serve->options.port_file == NULL) {
        return PF_OK;
    }
    char ports[16];
    const int len = snprintf(ports, sizeof(ports), "%u\n%u\n", (unsigned)pf_address_port(&address),
                             (unsigned)pf_address_port(&ops));
    return pf_file_write_atomic(serve->options.port_file,
                                (struct pf_sv){.ptr = ports, .len = (size_t)len}, 0644, err);
}

/* @return false: stop at once */
static bool take_signals(const struct serve *serve, bool *stopping)
{
    struct signalfd_siginfo info;
    while (read(serve->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGHUP) {
            pf_log_info("server", "loading all files again");
            pf_server_reload(serve->server);
        } else if (*stopping) {
            pf_log_warning("server", "stopping at once");
            return false;
        } else {
            pf_log_info("server", "stopping; serving on for %" PRId64 " ms",
                        serve->options.shutdown_delay_ms);
            *stopping = true;
            pf_server_drain(serve->server);
        }
    }
    return true;
}

static void serve_until_stopped(const struct serve *serve)
{
    bool stopping = false;
    bool go_on = true;
    while (go_on && !pf_server_drained(serve->server)) {
        const int timeout_ms = pf_server_tick(serve->server);
        struct pollfd fds[] = {
            {.fd = serve->signals, .events = POLLIN},
            {.fd = pf_server_fd(serve->server), .events = POLLIN}, /* negative: ignored by poll */
        };
        (void)poll(fds, PF_ARRAY_LEN(fds), timeout_ms); /* EINTR and time-out: look again */
        go_on = take_signals(serve, &stopping);
    }
}

/* What the command line says, checked before anything is loaded. */
static enum pf_code settle_options(struct serve *serve, struct pf_arena *arena, struct pf_err *err)
{
    const struct serve_options *options = &serve->options;
    enum pf_code code = configure_log(options, err);
    if (code == PF_OK) {
        code = pf_source_choose(&options->source, PF_SOURCE_DEFAULT_EXAMPLE, arena, &serve->source,
                                err);
    }
    if (code == PF_OK) {
        const struct pf_kube_config *kube =
            serve->source.kind == PF_SOURCE_LIVE ? &serve->source.kube : NULL;
        code = pf_serve_certificate_choose(&options->certificate, kube, arena, &serve->certificate,
                                           err);
    }
    return code;
}

/* In this order; what has begun is ended by the caller. */
static enum pf_code start(struct serve *serve, struct pf_err *err)
{
    enum pf_code code = load_world(serve, err);
    if (code == PF_OK) {
        code = prepare_live(serve, err);
    }
    if (code == PF_OK) {
        code = prepare_registration(serve, err);
    }
    if (code == PF_OK) {
        code = start_server(serve, err);
    }
    if (code == PF_OK) {
        code = pf_serve_live_start(serve->live, serve->server, err);
    }
    if (code == PF_OK) {
        code = pf_serve_registration_start(serve->registration, serve->server, err);
    }
    return code == PF_OK ? announce(serve, err) : code;
}

static enum pf_code run(struct serve *serve, struct pf_arena *arena, struct pf_err *err)
{
    enum pf_code code = settle_options(serve, arena, err);
    if (code == PF_OK) {
        code = raise_descriptors(serve->options.max_connections, err);
    }
    if (code == PF_OK) {
        code = block_signals(&serve->signals, err);
    }
    if (code == PF_OK) {
        code = start(serve, err);
    }
    if (code == PF_OK) {
        serve_until_stopped(serve);
        pf_log_info("server", "stopped");
    }
    return code;
}

int pf_cmd_serve_run(int argc, char **argv)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    struct serve serve = {.signals = -1};
    int status = PF_COMMAND_OK;
    const struct pf_cliopt_start begin = {
        .argc = argc, .argv = argv, .arena = &arena, .values = &serve.options};
    if (!pf_cliopt_begin(&pf_cmd_serve_options, &begin, &status)) {
        return status;
    }
    struct pf_err err = {0};
    if (run(&serve, &arena, &err) != PF_OK) {
        pf_cliout_error("%s", err.text);
        status = PF_COMMAND_ERROR;
    }
    pf_serve_registration_stop(serve.registration); /* these two call the server */
    pf_serve_live_stop(serve.live);
    pf_server_stop(serve.server); /* it reports on what they do */
    pf_serve_registration_free(serve.registration);
    pf_serve_live_free(serve.live);
    pf_audit_free(serve.audit);
    pf_model_free(serve.model);
    pf_config_unref(serve.config);
    if (serve.signals >= 0) {
        (void)close(serve.signals); /* the process ends */
    }
    return status;
}

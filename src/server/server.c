#include <string.h>

#include "server_internal.h"
#include <podfit/limits.h>
#include <podfit/mem.h>

/* A client that needs longer than this from connect to request line is stuck or hostile; API servers give a handshake 10 s. */
#define FIRST_MS 5000
/* Large bodies and answers together: eight reviews of the largest size. */
#define BUDGET_BYTES ((size_t)64 * 1024 * 1024)
/* Probes, Prometheus and a person or two. */
#define OPS_CONNECTIONS  64
#define OPS_IDLE_MS      60000
#define OPS_REQUEST_MS   5000
#define OPS_BODY_BYTES   ((size_t)4096)
#define OPS_ANSWER_BYTES ((size_t)4 * 1024 * 1024)
/* Of large answers that wait for their reader: four at least. */
#define OPS_BUDGET_BYTES ((size_t)32 * 1024 * 1024)

static enum pf_code start_webhook(struct pf_server *server, struct pf_err *err)
{
    const struct pf_server_options *options = &server->options;
    const struct pf_webhook_options webhook = {
        .admission = server->admission,
        .audit = options->audit,
        .metrics = server->metrics,
        .recent = server->recent,
        .token = &server->token,
        .clock = options->clock,
        .decided = options->hooks != NULL ? options->hooks->decided : NULL,
        .ctx = options->hooks != NULL ? options->hooks->ctx : NULL,
    };
    enum pf_code code = pf_webhook_new(&webhook, &server->webhook, err);
    int fd = -1;
    if (code == PF_OK) {
        code = pf_address_listen(&options->listen, &fd, &server->address, err);
        code = code == PF_OK ? PF_OK : pf_err_wrap(err, code, "webhook (--listen)");
    }
    if (code != PF_OK) {
        return code;
    }
    const struct pf_listener_options listener = {
        .name = "webhook",
        .clock = options->clock,
        .listen_fd = fd,
        .serving = server->serving,
        .clientca = server->clientca,
        .max_connections = options->max_connections,
        .first_ms = FIRST_MS,
        .request_ms = options->request_ms,
        .idle_ms = options->idle_ms,
        .body_max_bytes = PF_REVIEW_MAX_BYTES,
        .answer_max_bytes = PF_RESPONSE_MAX_BYTES,
        .budget_bytes = BUDGET_BYTES,
        .app = pf_webhook_app(server->webhook),
    };
    return pf_listener_start(&listener, &server->listener, err);
}

static enum pf_code start_ops(struct pf_server *server, struct pf_err *err)
{
    int fd = -1;
    const enum pf_code code =
        pf_address_listen(&server->options.ops_listen, &fd, &server->ops_address, err);
    if (code != PF_OK) {
        return pf_err_wrap(err, code, "status, health and metrics (--ops-listen)");
    }
    const struct pf_listener_options listener = {
        .name = "ops",
        .clock = server->options.clock,
        .listen_fd = fd,
        .max_connections = OPS_CONNECTIONS,
        .first_ms = FIRST_MS,
        .request_ms = OPS_REQUEST_MS,
        .idle_ms = OPS_IDLE_MS,
        .body_max_bytes = OPS_BODY_BYTES,
        .answer_max_bytes = OPS_ANSWER_BYTES,
        .budget_bytes = OPS_BUDGET_BYTES,
        .app = pf_ops_app(server),
    };
    return pf_listener_start(&listener, &server->ops, err);
}

static enum pf_code start_reload(struct pf_server *server, struct pf_err *err)
{
    const struct pf_server_options *options = &server->options;
    const struct pf_reload_options reload = {
        .config_path = options->config_path,
        .cert_path = options->cert_path,
        .key_path = options->key_path,
        .names = options->names,
        .names_count = options->names_count,
        .client_ca_path = options->client_ca_path,
        .token_path = options->token_path,
        .model = options->model,
        .admission = server->admission,
        .configured = options->hooks != NULL ? options->hooks->configured : NULL,
        .ctx = options->hooks != NULL ? options->hooks->ctx : NULL,
        .serving = server->serving,
        .clientca = server->clientca,
        .token = &server->token,
        .clock = options->clock,
    };
    enum pf_code code = pf_reload_new(&reload, options->config, &server->reload, err);
    if (code == PF_OK) {
        code = pf_watch_new(options->clock, &server->watch, err);
    }
    const struct {
        const char *path;
        enum pf_reload_kind kind;
    } files[] = {
        {options->config_path, PF_RELOAD_CONFIG},   {options->cert_path, PF_RELOAD_CERTIFICATE},
        {options->key_path, PF_RELOAD_CERTIFICATE}, {options->client_ca_path, PF_RELOAD_CLIENT_CA},
        {options->token_path, PF_RELOAD_TOKEN},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(files) && code == PF_OK; i++) {
        unsigned bit = 0;
        if (files[i].path != NULL) {
            code = pf_watch_add(server->watch, files[i].path, &bit, err);
            server->bits[files[i].kind] |= bit;
        }
    }
    for (unsigned kind = PF_RELOAD_CERTIFICATE; kind < PF_RELOAD_KINDS && code == PF_OK; kind++) {
        if (server->bits[kind] != 0) {
            code = pf_reload_load(server->reload, (enum pf_reload_kind)kind, err);
        }
    }
    return code;
}

static enum pf_code start_status(struct pf_server *server, struct pf_err *err)
{
    const enum pf_code code = pf_recent_new(server->options.clock, &server->recent, err);
    const struct pf_status_options status = {
        .model = server->options.model, .recent = server->recent, .clock = server->options.clock};
    return code == PF_OK ? pf_status_new(&status, &server->status, err) : code;
}

static enum pf_code start_all(struct pf_server *server, struct pf_err *err)
{
    const struct pf_server_options *options = &server->options;
    enum pf_code code = pf_admission_new(options->model, options->config, &server->admission, err);
    if (code == PF_OK) {
        code = pf_metrics_new(&server->metrics, err);
    }
    if (code == PF_OK) {
        code = start_status(server, err);
    }
    if (code == PF_OK) {
        code = pf_serving_new(&server->serving, err);
    }
    if (code == PF_OK && options->client_ca_path != NULL) {
        code = pf_clientca_new(&server->clientca, err);
    }
    if (code == PF_OK) {
        /* a certificate that ran out while nobody served is replaced before it is looked at */
        pf_lifecycle_renew(server, pf_clock_mono_ns(options->clock));
        code = start_reload(server, err);
    }
    if (code == PF_OK) {
        code = start_webhook(server, err);
    }
    return code == PF_OK ? start_ops(server, err) : code;
}

enum pf_code pf_server_start(const struct pf_server_options *options, struct pf_server **ret_server,
                             struct pf_err *err)
{
    struct pf_server *server = pf_mem_calloc(1, sizeof(*server));
    if (server == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the server");
    }
    server->options = *options;
    pf_pathtoken_init(&server->token);
    atomic_init(&server->phase, PF_SERVER_SERVING);
    atomic_init(&server->tick_mono_ns, pf_clock_mono_ns(options->clock));
    server->start_wall_ns = pf_clock_wall_ns(options->clock);
    const enum pf_code code = start_all(server, err);
    if (code != PF_OK) {
        pf_server_stop(server);
        return code;
    }
    pf_reload_warn(options->config, options->live);
    *ret_server = server;
    return PF_OK;
}

void pf_server_stop(struct pf_server *server)
{
    if (server == NULL) {
        return;
    }
    pf_listener_stop(server->ops); /* it reads all the rest */
    pf_listener_stop(server->listener);
    pf_webhook_free(server->webhook);
    pf_watch_free(server->watch);
    pf_reload_free(server->reload);
    pf_pathtoken_done(&server->token);
    pf_clientca_free(server->clientca);
    pf_serving_free(server->serving);
    pf_status_free(server->status);
    pf_recent_free(server->recent);
    pf_metrics_free(server->metrics);
    pf_admission_free(server->admission);
    free(server);
}

struct pf_address pf_server_address(const struct pf_server *server)
{
    return server->address;
}

struct pf_address pf_server_ops_address(const struct pf_server *server)
{
    return server->ops_address;
}

enum pf_code pf_server_set_minor(struct pf_server *server, int minor, struct pf_err *err)
{
    return pf_reload_set_minor(server->reload, minor, err);
}

enum pf_code pf_server_set_certificate(struct pf_server *server, struct pf_sv cert_pem,
                                       struct pf_sv key_pem, struct pf_err *err)
{
    return pf_reload_set_certificate(server->reload, cert_pem, key_pem, err);
}

int pf_server_fd(const struct pf_server *server)
{
    return pf_watch_fd(server->watch);
}

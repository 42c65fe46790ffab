#include <stdio.h>

#include "server_internal.h"
#include <podfit/health.h>
#include <podfit/prom.h>

/* Longer inside one request, or without a beat, means that a thread hangs. Everything they do takes microseconds to milliseconds; a reload of a large
 * configuration may take seconds on a throttled CPU. */
#define HANG_NS (30 * PF_NS_PER_S)

/* A remark on each kind that cannot be followed. */
#define MODEL_DETAIL_MAX_BYTES ((size_t)16 * 1024)

static bool is_old(int64_t since_ns, int64_t now)
{
    return since_ns != 0 && now - since_ns > HANG_NS;
}

static bool livez(struct pf_server *server, bool verbose, struct pf_buf *buf)
{
    const int64_t now = pf_clock_mono_ns(server->options.clock);
    const struct pf_listener_stats stats = pf_listener_stats(server->listener);
    const struct pf_health_check checks[] = {
        {.name = "webhook-thread", .good = !is_old(stats.busy_mono_ns, now)},
        {.name = "deadline-thread", .good = !is_old(stats.sweep_mono_ns, now)},
        {.name = "main-thread", .good = !is_old(atomic_load(&server->tick_mono_ns), now)},
    };
    return pf_health_write("livez", checks, PF_ARRAY_LEN(checks), verbose, buf);
}

/* @param text  holds the detail */
static struct pf_health_check check_model(struct pf_server *server, struct pf_buf *text)
{
    pf_model_lock(server->options.model);
    const bool synced = pf_model_origin(server->options.model).synced;
    pf_model_unlock(server->options.model);
    const struct pf_server_hooks *hooks = server->options.hooks;
    if (hooks != NULL && hooks->model_detail != NULL) {
        hooks->model_detail(hooks->ctx, text);
    }
    const struct pf_sv said = text->failed == PF_OK ? pf_buf_view(text) : PF_SV("");
    const struct pf_sv detail = !synced && said.len == 0 ? PF_SV("not synced yet") : said;
    return (struct pf_health_check){.name = "model", .good = synced, .detail = detail};
}

static struct pf_health_check check_certificate(struct pf_server *server)
{
    const struct pf_reload_certificate certificate = pf_reload_certificate(server->reload);
    const int64_t now = pf_clock_wall_ns(server->options.clock);
    struct pf_health_check check = {.name = "certificate", .good = false};
    if (certificate.not_after_wall_ns == 0) {
        check.detail = PF_SV("none is loaded");
    } else if (now > certificate.not_after_wall_ns) {
        check.detail = PF_SV("it has expired");
    } else if (now < certificate.not_before_wall_ns) {
        check.detail = PF_SV("it is not valid yet");
    } else {
        check.good = true;
    }
    return check;
}

/* The API server must trust the certificate before it sends anything (webhook practice C-07). @param text  holds the detail */
static struct pf_health_check check_registration(const struct pf_server *server,
                                                 struct pf_buf *text)
{
    const struct pf_server_certificates *certificates = server->options.certificates;
    struct pf_health_check check = {.name = "registration", .good = true};
    if (certificates != NULL) {
        check.good = certificates->ready(certificates->ctx, text);
        check.detail = text->failed == PF_OK ? pf_buf_view(text) : PF_SV("");
    }
    return check;
}

/* A file that cannot be used is shown, but the old one serves: still ready. */
static struct pf_health_check check_file(struct pf_server *server, enum pf_reload_kind kind,
                                         const char *name, char *text, size_t text_bytes)
{
    const struct pf_reload_state state = pf_reload_state(server->reload, kind);
    struct pf_health_check check = {.name = name, .good = true};
    if (state.broken) {
        (void)snprintf(text, text_bytes, "the new file is not used, the old one stays in force: %s",
                       state.error);
        check.detail = pf_sv_from(text);
    }
    return check;
}

static bool readyz(struct pf_server *server, bool verbose, struct pf_buf *buf)
{
    char texts[PF_RELOAD_KINDS][PF_ERR_TEXT_BYTES + 64];
    pf_autobuf struct pf_buf model_text = {0};
    pf_autobuf struct pf_buf registration_text = {0};
    pf_buf_init(&model_text, MODEL_DETAIL_MAX_BYTES);
    pf_buf_init(&registration_text, MODEL_DETAIL_MAX_BYTES);
    const bool draining = atomic_load(&server->phase) != PF_SERVER_SERVING;
    const struct pf_health_check checks[] = {
        check_model(server, &model_text),
        check_certificate(server),
        check_file(server, PF_RELOAD_CONFIG, "config-file", texts[0], sizeof(texts[0])),
        check_file(server, PF_RELOAD_CERTIFICATE, "certificate-file", texts[1], sizeof(texts[1])),
        check_file(server, PF_RELOAD_CLIENT_CA, "client-ca-file", texts[2], sizeof(texts[2])),
        check_file(server, PF_RELOAD_TOKEN, "token-file", texts[3], sizeof(texts[3])),
        {.name = "shutdown",
         .good = !draining,
         .detail = draining ? PF_SV("the server is stopping") : PF_SV("")},
        check_registration(server, &registration_text),
    };
    const size_t unused = server->options.certificates == NULL ? 1 : 0; /* the last */
    return pf_health_write("readyz", checks, PF_ARRAY_LEN(checks) - unused, verbose, buf);
}

bool pf_ops_is_ready(struct pf_server *server)
{
    pf_autobuf struct pf_buf unused = {0};
    pf_buf_init(&unused, MODEL_DETAIL_MAX_BYTES);
    return readyz(server, /* verbose= */ false, &unused);
}

static void answer_metrics(struct pf_server *server, struct pf_exchange *exchange)
{
    exchange->content_type = PF_PROM_CONTENT_TYPE;
    pf_exposition_write(server, &exchange->answer);
    pf_exchange_decide(exchange, PF_REPLY_OK);
}

static void answer_livez(struct pf_server *server, struct pf_exchange *exchange)
{
    const bool good = livez(server, exchange->verbose, &exchange->answer);
    pf_exchange_decide(exchange, good ? PF_REPLY_OK : PF_REPLY_NOT_READY);
}

static void answer_readyz(struct pf_server *server, struct pf_exchange *exchange)
{
    const bool good = readyz(server, exchange->verbose, &exchange->answer);
    pf_exchange_decide(exchange, good ? PF_REPLY_OK : PF_REPLY_NOT_READY);
}

static const struct {
    const char *path;
    void (*answer)(struct pf_server *server, struct pf_exchange *exchange);
} pages[] = {
    {"/livez", answer_livez},      {"/readyz", answer_readyz}, {"/metrics", answer_metrics},
    {"/stats", pf_ops_page_stats}, {"/", pf_ops_page_answer},
};

static void begin(void *opaque, struct pf_exchange *exchange)
{
    (void)opaque;
    if (strcmp(exchange->method, "GET") != 0 && strcmp(exchange->method, "HEAD") != 0) {
        pf_exchange_decide(exchange, PF_REPLY_GET_ONLY);
    }
}

static void answer(void *opaque, struct pf_exchange *exchange)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(pages); i++) {
        if (pf_sv_eq_cstr(exchange->path, pages[i].path)) {
            pages[i].answer(opaque, exchange);
            return;
        }
    }
    pf_exchange_decide(exchange, PF_REPLY_NO_PAGE);
}

struct pf_listener_app pf_ops_app(struct pf_server *server)
{
    return (struct pf_listener_app){.begin = begin, .answer = answer, .opaque = server};
}

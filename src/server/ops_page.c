#include "page.h"
#include "server_internal.h"
#include <podfit/log.h>

/* Of /stats while the page is made from it. */
#define STATS_MAX_BYTES ((size_t)4 * 1024 * 1024)

/* A page of another site that a browser was led to by a name of that site's must not read ours through it (DNS rebinding). */
static bool names_loopback(struct pf_sv host)
{
    static const struct pf_sv names[] = {PF_SV_INIT("localhost"), PF_SV_INIT("[::1]")};
    size_t end = host.len;
    while (end != 0 && host.ptr[end - 1] >= '0' && host.ptr[end - 1] <= '9') {
        end--;
    }
    if (end != 0 && host.ptr[end - 1] == ':') {
        host.len = end - 1;
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        if (pf_sv_eq(host, names[i])) {
            return true;
        }
    }
    if (!pf_sv_starts_with(host, PF_SV("127."))) {
        return false;
    }
    for (size_t i = 0; i < host.len; i++) {
        if (host.ptr[i] != '.' && (host.ptr[i] < '0' || host.ptr[i] > '9')) {
            return false;
        }
    }
    return true;
}

static bool may_see(const struct pf_server *server, const struct pf_exchange *exchange)
{
    switch (server->options.status_page) {
    case PF_SERVER_PAGE_ON:
        return true;
    case PF_SERVER_PAGE_LOOPBACK:
        return pf_listener_is_local(exchange) &&
               names_loopback(pf_exchange_header(exchange, "Host"));
    case PF_SERVER_PAGE_OFF:
        break;
    }
    return false;
}

static struct pf_status_ask read_ask(const struct pf_server *server,
                                     const struct pf_exchange *exchange)
{
    struct pf_status_ask ask = {.details = may_see(server, exchange),
                                .pool = pf_exchange_query(exchange, "pool"),
                                .page = 1};
    int64_t page = 0;
    if (pf_sv_to_i64(pf_exchange_query(exchange, "page"), &page)) {
        ask.page = page;
    }
    return ask;
}

void pf_ops_page_stats(struct pf_server *server, struct pf_exchange *exchange)
{
    const struct pf_status_ask ask = read_ask(server, exchange);
    exchange->content_type = "application/json";
    pf_stats_write(server, &ask, &exchange->answer);
    pf_exchange_decide(exchange, PF_REPLY_OK);
}

void pf_ops_page_answer(struct pf_server *server, struct pf_exchange *exchange)
{
    const struct pf_status_ask ask = read_ask(server, exchange);
    if (!ask.details) {
        pf_exchange_decide(exchange, PF_REPLY_NOT_FOUND);
        return;
    }
    pf_autobuf struct pf_buf stats = {0};
    pf_buf_init(&stats, STATS_MAX_BYTES);
    pf_stats_write(server, &ask, &stats);
    char nonce[PF_PAGE_NONCE_BYTES];
    struct pf_err err = {0};
    enum pf_code code = pf_buf_status(&stats, &err);
    if (code == PF_OK) {
        pf_page_policy(nonce, exchange->policy);
        code = pf_page_render(pf_buf_view(&stats), nonce, pf_clock_wall_ns(server->options.clock),
                              &exchange->answer, &err);
    }
    if (code != PF_OK) {
        pf_log_error("server", "cannot show the status page: %s", err.text);
        pf_exchange_decide(exchange, PF_REPLY_INTERNAL);
        return;
    }
    exchange->content_type = "text/html; charset=utf-8";
    pf_exchange_decide(exchange, PF_REPLY_OK);
}

#include "server_internal.h"
#include <podfit/log.h>

/* How often the certificate folder is looked at: by wall clock and often, a long timer sleeps through a suspend (webhook practice C-02). */
#define RENEW_EVERY_NS (INT64_C(60000) * PF_NS_PER_MS)
/* No request has begun or ended for so long: quiet. */
#define QUIET_NS (1000 * PF_NS_PER_MS)
/* A heartbeat at least this often. */
#define TICK_MAX_MS   1000
#define DRAIN_TICK_MS 50

/* @param asked  by a person, who is answered even when nothing is new */
static void load_logged(struct pf_server *server, enum pf_reload_kind kind, bool asked)
{
    const struct pf_reload_state before = pf_reload_state(server->reload, kind);
    struct pf_err err = {0};
    if (pf_reload_load(server->reload, kind, &err) == PF_OK) {
        pf_log_info("server", "reloaded the %s", pf_reload_kind_name(kind));
        return;
    }
    pf_watch_retry(server->watch, before.broken ? 0 : server->bits[kind]);
    if (asked || !pf_reload_state(server->reload, kind).repeated) {
        pf_log_error("server", "cannot reload the %s, the old one stays in force: %s",
                     pf_reload_kind_name(kind), err.text);
    }
}

static void reload_changed(struct pf_server *server, unsigned bits, bool asked)
{
    for (unsigned kind = 0; kind < PF_RELOAD_KINDS; kind++) {
        if ((bits & server->bits[kind]) != 0) {
            load_logged(server, (enum pf_reload_kind)kind, asked);
        }
    }
}

void pf_server_reload(struct pf_server *server)
{
    unsigned all = 0;
    for (unsigned kind = 0; kind < PF_RELOAD_KINDS; kind++) {
        all |= server->bits[kind];
    }
    reload_changed(server, all, /* asked= */ true);
    if (server->options.audit != NULL) {
        pf_audit_reopen(server->options.audit);
    }
}

void pf_lifecycle_renew(struct pf_server *server, int64_t now)
{
    if (server->options.cert_dir == NULL || now < server->renew_mono_ns) {
        return;
    }
    server->renew_mono_ns = now + RENEW_EVERY_NS;
    const struct pf_certdir_options options = pf_certdir_options_default();
    struct pf_certdir_report report = {.acts = 0};
    struct pf_err err = {0};
    if (pf_certdir_renew(server->options.cert_dir, &options, server->options.clock, &report,
                         &err) != PF_OK) {
        pf_log_error("server", "cannot renew the certificate in '%s', ignoring: %s",
                     server->options.cert_dir, err.text);
        return;
    }
    if (report.acts != 0) {
        pf_log_info("server", "renewed certificates in '%s' (acts %u)", server->options.cert_dir,
                    report.acts);
    }
    if (report.ca.count != 0) {
        atomic_store(&server->ca_not_after_wall_ns, report.ca.items[0].not_after_wall_ns);
    }
    pf_certdir_report_done(&report);
}

static void enter_phase(struct pf_server *server, enum pf_server_phase phase, int64_t now)
{
    atomic_store(&server->phase, (int)phase);
    server->phase_mono_ns = now;
}

/* Without a connection nobody is there to be told: then only a client that is between two of them is waited for. */
static bool is_quiet(struct pf_server *server, int64_t now)
{
    const struct pf_conntable_stats stats = pf_listener_stats(server->listener).connections;
    const bool alone =
        stats.open[PF_CONN_FRESH] + stats.open[PF_CONN_BUSY] + stats.open[PF_CONN_IDLE] == 0;
    int64_t last = stats.last_request_mono_ns;
    if (alone && last == 0) {
        return true;
    }
    if (!alone && last < server->phase_mono_ns) {
        last = server->phase_mono_ns;
    }
    return stats.open[PF_CONN_BUSY] == 0 && now - last >= QUIET_NS;
}

/* Webhook practice H-06, H-07: nothing is closed under a client until it has been told on an answer, or everything is quiet. */
static void drain_step(struct pf_server *server, int64_t now)
{
    const int64_t passed_ms = (now - server->phase_mono_ns) / PF_NS_PER_MS;
    switch ((enum pf_server_phase)atomic_load(&server->phase)) {
    case PF_SERVER_DELAY:
        if (passed_ms >= server->options.shutdown_delay_ms) {
            pf_log_info("server", "closing connections after their next answer");
            pf_listener_close_connections(server->listener);
            enter_phase(server, PF_SERVER_CLOSING, now);
        }
        return;
    case PF_SERVER_CLOSING:
        if (is_quiet(server, now)) {
            pf_listener_quiesce(server->listener);
            enter_phase(server, PF_SERVER_DRAINED, now);
        } else if (passed_ms >= server->options.drain_ms) {
            pf_log_warning("server", "clients kept sending for %lld ms, stopping all the same",
                           (long long)passed_ms);
            pf_listener_quiesce(server->listener);
            enter_phase(server, PF_SERVER_DRAINED, now);
        }
        return;
    case PF_SERVER_SERVING:
    case PF_SERVER_DRAINED:
        return;
    }
}

int pf_server_tick(struct pf_server *server)
{
    const int64_t now = pf_clock_mono_ns(server->options.clock);
    atomic_store(&server->tick_mono_ns, now);
    pf_lifecycle_renew(server, now);
    pf_webhook_tell_failures(server->webhook, now);
    reload_changed(server, pf_watch_poll(server->watch), /* asked= */ false);
    int phase = atomic_load(&server->phase);
    for (bool moving = true; moving;) {
        drain_step(server, now);
        const int after = atomic_load(&server->phase);
        moving = after != phase;
        phase = after;
    }
    if (phase != PF_SERVER_SERVING) {
        return phase == PF_SERVER_DRAINED ? 0 : DRAIN_TICK_MS;
    }
    const int watch_ms = pf_watch_timeout_ms(server->watch);
    return watch_ms < TICK_MAX_MS ? watch_ms : TICK_MAX_MS;
}

void pf_server_drain(struct pf_server *server)
{
    if (atomic_load(&server->phase) == PF_SERVER_SERVING) {
        enter_phase(server, PF_SERVER_DELAY, pf_clock_mono_ns(server->options.clock));
    }
}

bool pf_server_drained(const struct pf_server *server)
{
    return atomic_load(&server->phase) == PF_SERVER_DRAINED;
}

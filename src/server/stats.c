#include "server_internal.h"
#include <podfit/write.h>

/* A certificate that was to be renewed and was not: podfit renews its own with a third of their time left, cert-manager likewise. */
#define SOON_NS (INT64_C(7) * 86400 * 1000000000)

static void put_time(struct pf_writer *w, const char *key, int64_t wall_ns)
{
    char text[PF_TIME_TEXT_BYTES];
    if (wall_ns == 0) {
        pf_write_key(w, pf_sv_from(key));
        pf_write_put_null(w);
        return;
    }
    pf_clock_format(wall_ns, text);
    pf_write_string_member(w, key, pf_sv_from(text));
}

static void put_object(struct pf_writer *w, const char *key)
{
    pf_write_key(w, pf_sv_from(key));
    pf_write_begin_object(w);
}

/* @param max_age_ms  above which every verdict is unknown */
static void put_age(struct pf_writer *w, const struct pf_model_origin *origin, int64_t now_mono_ns,
                    int64_t max_age_ms)
{
    const int64_t age_ms =
        origin->live ? (now_mono_ns - origin->updated_mono_ns) / PF_NS_PER_MS : 0;
    pf_write_u64_member(w, "ageMs", age_ms > 0 ? (uint64_t)age_ms : 0);
    pf_write_i64_member(w, "maxAgeMs", max_age_ms);
    pf_write_bool_member(w, "stale", origin->synced && age_ms > max_age_ms);
}

static void put_model(struct pf_writer *w, struct pf_server *server, int64_t max_age_ms)
{
    pf_model_lock(server->options.model);
    const struct pf_model_stats stats = pf_model_stats(server->options.model);
    const struct pf_model_origin origin = pf_model_origin(server->options.model);
    pf_model_unlock(server->options.model);
    put_object(w, "model");
    pf_write_bool_member(w, "synced", origin.synced);
    pf_write_bool_member(w, "live", origin.live);
    pf_write_string_member(w, "resourceVersion", pf_sv_from(origin.resource_version));
    pf_write_u64_member(w, "nodes", stats.nodes);
    pf_write_u64_member(w, "pods", stats.pods);
    pf_write_u64_member(w, "podsBound", stats.pods_bound);
    pf_write_u64_member(w, "podsPending", stats.pods_pending);
    pf_write_u64_member(w, "namespaces", stats.namespaces);
    pf_write_u64_member(w, "reservations", stats.reservations);
    pf_write_u64_member(w, "shapes", stats.shapes);
    pf_write_u64_member(w, "bytes", stats.bytes);
    put_age(w, &origin, pf_clock_mono_ns(server->options.clock), max_age_ms);
    pf_write_end_object(w);
}

static void put_reviews(struct pf_writer *w, struct pf_server *server)
{
    const struct pf_metrics_totals totals = pf_metrics_totals(server->metrics);
    put_object(w, "reviews");
    pf_write_u64_member(w, "total", totals.reviews);
    pf_write_u64_member(w, "covered", totals.covered);
    pf_write_u64_member(w, "observed", totals.observed);
    for (size_t i = 0; i < PF_ARRAY_LEN(totals.actions); i++) {
        pf_write_u64_member(w, pf_action_name((enum pf_action)i), totals.actions[i]);
    }
    pf_write_end_object(w);
}

static void put_connections(struct pf_writer *w, struct pf_server *server)
{
    const struct pf_listener_stats stats = pf_listener_stats(server->listener);
    put_object(w, "connections");
    pf_write_u64_member(w, "fresh", stats.connections.open[PF_CONN_FRESH]);
    pf_write_u64_member(w, "busy", stats.connections.open[PF_CONN_BUSY]);
    pf_write_u64_member(w, "idle", stats.connections.open[PF_CONN_IDLE]);
    pf_write_u64_member(w, "max", server->options.max_connections);
    pf_write_u64_member(w, "accepted", stats.connections.accepted);
    pf_write_u64_member(w, "handshakes", stats.handshakes);
    pf_write_u64_member(w, "handshakeErrors", stats.handshake_errors);
    pf_write_end_object(w);
}

static void put_files(struct pf_writer *w, struct pf_server *server)
{
    put_object(w, "files");
    for (size_t i = 0; i < PF_RELOAD_KINDS; i++) {
        const struct pf_reload_state state =
            pf_reload_state(server->reload, (enum pf_reload_kind)i);
        put_object(w, pf_reload_kind_name((enum pf_reload_kind)i));
        pf_write_bool_member(w, "used", state.used);
        pf_write_bool_member(w, "broken", state.broken);
        pf_write_string_member(w, "error", pf_sv_from(state.error));
        pf_write_u64_member(w, "successes", state.successes);
        pf_write_u64_member(w, "failures", state.failures);
        put_time(w, "loadedAt", state.success_wall_ns);
        pf_write_end_object(w);
    }
    pf_write_end_object(w);
}

static void put_certificate(struct pf_writer *w, struct pf_server *server)
{
    const struct pf_reload_certificate certificate = pf_reload_certificate(server->reload);
    put_object(w, "certificate");
    pf_write_string_member(w, "subject", pf_sv_from(certificate.subject));
    pf_write_string_member(w, "sha256", pf_sv_from(certificate.sha256));
    put_time(w, "notBefore", certificate.not_before_wall_ns);
    put_time(w, "notAfter", certificate.not_after_wall_ns);
    const int64_t left_ns = certificate.not_after_wall_ns - pf_clock_wall_ns(server->options.clock);
    pf_write_bool_member(w, "expired", left_ns < 0);
    pf_write_bool_member(w, "expiresSoon", left_ns < SOON_NS);
    pf_write_end_object(w);
}

static void put_audit(struct pf_writer *w, struct pf_server *server)
{
    struct pf_audit_stats stats = {.written = 0};
    if (server->options.audit != NULL) {
        stats = pf_audit_stats(server->options.audit);
    }
    put_object(w, "audit");
    pf_write_u64_member(w, "written", stats.written);
    pf_write_u64_member(w, "repeated", stats.repeated);
    pf_write_u64_member(w, "dropped", stats.dropped);
    pf_write_u64_member(w, "failed", stats.failed);
    pf_write_u64_member(w, "queued", stats.queued);
    pf_write_end_object(w);
}

void pf_stats_write(struct pf_server *server, const struct pf_status_ask *ask, struct pf_buf *buf)
{
    struct pf_writer w;
    struct pf_config *config = pf_reload_config(server->reload);
    char digest[17];
    pf_reload_config_digest(server->reload, digest);
    pf_write_init(&w, buf);
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "apiVersion", PF_SV("podfit.io/v1"));
    pf_write_string_member(&w, "kind", PF_SV("Stats"));
    pf_write_string_member(&w, "version", pf_sv_from(server->options.version));
    if (ask->details && server->options.replica != NULL) {
        pf_write_string_member(&w, "replica", pf_sv_from(server->options.replica));
    }
    put_time(&w, "startTime", server->start_wall_ns);
    put_time(&w, "time", pf_clock_wall_ns(server->options.clock));
    pf_write_bool_member(&w, "ready", atomic_load(&server->phase) == PF_SERVER_SERVING);
    pf_write_bool_member(&w, "serving", pf_ops_is_ready(server));
    pf_write_string_member(&w, "configDigest", pf_sv_from(digest));
    put_reviews(&w, server);
    put_model(&w, server, config->fit.max_model_age_ms);
    put_connections(&w, server);
    put_certificate(&w, server);
    put_files(&w, server);
    put_audit(&w, server);
    pf_status_write(server->status, config, ask, &w);
    pf_config_unref(config);
    const struct pf_server_hooks *hooks = server->options.hooks;
    if (hooks != NULL && hooks->stats != NULL) {
        hooks->stats(hooks->ctx, ask->details, &w);
    }
    const struct pf_server_certificates *certificates = server->options.certificates;
    if (certificates != NULL) {
        certificates->stats(certificates->ctx, ask->details, &w);
    }
    pf_write_end_object(&w);
    pf_buf_append_char(buf, '\n');
}

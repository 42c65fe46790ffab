#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server_internal.h"
#include <podfit/file.h>
#include <podfit/log.h>
#include <podfit/pools.h>
#include <podfit/prom.h>

#define STATM_MAX_BYTES ((size_t)4096)

static void write_model(struct pf_server *server, struct pf_buf *buf)
{
    pf_model_lock(server->options.model);
    const struct pf_model_stats stats = pf_model_stats(server->options.model);
    const struct pf_model_origin origin = pf_model_origin(server->options.model);
    pf_model_unlock(server->options.model);
    int64_t age_ns = 0;
    if (origin.live) {
        age_ns = pf_clock_mono_ns(server->options.clock) - origin.updated_mono_ns;
    }
    pf_prom_single(buf, "podfit_model_synced", PF_PROM_GAUGE,
                   "1 when the model holds a complete picture of the cluster.", origin.synced);
    pf_prom_single(buf, "podfit_model_nodes", PF_PROM_GAUGE, "Nodes in the model.", stats.nodes);
    pf_prom_family(buf, "podfit_model_pods", PF_PROM_GAUGE, "Pods in the model by state.");
    const struct pf_prom_label bound = {"state", PF_SV("bound")};
    const struct pf_prom_label pending = {"state", PF_SV("pending")};
    const struct pf_prom_label other = {"state", PF_SV("other")};
    const uint32_t known = stats.pods_bound + stats.pods_pending;
    pf_prom_sample(buf, "podfit_model_pods", &bound, 1, stats.pods_bound);
    pf_prom_sample(buf, "podfit_model_pods", &pending, 1, stats.pods_pending);
    pf_prom_sample(buf, "podfit_model_pods", &other, 1,
                   stats.pods > known ? stats.pods - known : 0);
    pf_prom_single(buf, "podfit_model_reservations", PF_PROM_GAUGE,
                   "Reservations that no pod has claimed yet.", stats.reservations);
    pf_prom_single(buf, "podfit_model_bytes", PF_PROM_GAUGE, "Memory held by the model.",
                   stats.bytes);
    pf_prom_single_nano(buf, "podfit_model_age_seconds",
                        "Time since the model was last known to be current; 0 for a snapshot.",
                        age_ns > 0 ? age_ns : 0);
}

static void write_pools(struct pf_server *server, struct pf_buf *buf)
{
    struct pf_config *config = pf_reload_config(server->reload);
    struct pf_err err = {0};
    if (pf_pools_write(server->options.model, config->classes, config->class_count, buf, &err) !=
        PF_OK) {
        pf_log_warning("server", "metrics of pools are left out: %s, ignoring", err.text);
    }
    pf_config_unref(config);
}

static void write_connections(struct pf_server *server, struct pf_buf *buf)
{
    static const char *const states[PF_CONN_STATES] = {
        [PF_CONN_FRESH] = "fresh",
        [PF_CONN_BUSY] = "busy",
        [PF_CONN_IDLE] = "idle",
        [PF_CONN_CLOSING] = "closing",
    };
    const struct pf_listener_stats stats = pf_listener_stats(server->listener);
    pf_prom_family(buf, "podfit_connections", PF_PROM_GAUGE,
                   "Open connections of the webhook listener by state; busy ones have a request in "
                   "flight.");
    for (size_t i = 0; i < PF_CONN_STATES; i++) {
        const struct pf_prom_label label = {"state", pf_sv_from(states[i])};
        pf_prom_sample(buf, "podfit_connections", &label, 1, stats.connections.open[i]);
    }
    pf_prom_single(buf, "podfit_connections_max", PF_PROM_GAUGE,
                   "Connections above which the one that is missed least is closed.",
                   server->options.max_connections);
    pf_prom_single(buf, "podfit_connections_accepted_total", PF_PROM_COUNTER,
                   "Connections accepted by the webhook listener.", stats.connections.accepted);
    pf_prom_family(buf, "podfit_connections_ended_total", PF_PROM_COUNTER,
                   "Connections that podfit closed before their client did, by what was exceeded.");
    for (size_t i = 0; i < PF_CONN_ENDS; i++) {
        const struct pf_prom_label label = {"reason",
                                            pf_sv_from(pf_conn_end_name((enum pf_conn_end)i))};
        pf_prom_sample(buf, "podfit_connections_ended_total", &label, 1,
                       stats.connections.ended[i]);
    }
    pf_prom_family(buf, "podfit_tls_handshakes_total", PF_PROM_COUNTER,
                   "TLS handshakes by result; failed: the connection ended before.");
    const struct pf_prom_label good = {"result", PF_SV("ok")};
    const struct pf_prom_label bad = {"result", PF_SV("failed")};
    pf_prom_sample(buf, "podfit_tls_handshakes_total", &good, 1, stats.handshakes);
    pf_prom_sample(buf, "podfit_tls_handshakes_total", &bad, 1, stats.handshake_errors);
}

static void write_reloads(struct pf_server *server, struct pf_buf *buf)
{
    struct pf_reload_state states[PF_RELOAD_KINDS];
    for (size_t i = 0; i < PF_RELOAD_KINDS; i++) {
        states[i] = pf_reload_state(server->reload, (enum pf_reload_kind)i);
    }
    pf_prom_family(buf, "podfit_reloads_total", PF_PROM_COUNTER,
                   "Loads of a file by what it holds and result, the first one included.");
    for (size_t i = 0; i < PF_RELOAD_KINDS; i++) {
        const struct pf_sv kind = pf_sv_from(pf_reload_kind_name((enum pf_reload_kind)i));
        const struct pf_prom_label good[] = {{"kind", kind}, {"result", PF_SV("success")}};
        const struct pf_prom_label bad[] = {{"kind", kind}, {"result", PF_SV("failure")}};
        pf_prom_sample(buf, "podfit_reloads_total", good, 2, states[i].successes);
        pf_prom_sample(buf, "podfit_reloads_total", bad, 2, states[i].failures);
    }
    pf_prom_family(buf, "podfit_reload_broken", PF_PROM_GAUGE,
                   "1 while the newest file cannot be used and an older one is in force.");
    for (size_t i = 0; i < PF_RELOAD_KINDS; i++) {
        const struct pf_prom_label label = {
            "kind", pf_sv_from(pf_reload_kind_name((enum pf_reload_kind)i))};
        pf_prom_sample(buf, "podfit_reload_broken", &label, 1, states[i].broken);
    }
    pf_prom_family(buf, "podfit_reload_success_timestamp_seconds", PF_PROM_GAUGE,
                   "When the file in force was loaded.");
    for (size_t i = 0; i < PF_RELOAD_KINDS; i++) {
        const struct pf_prom_label label = {
            "kind", pf_sv_from(pf_reload_kind_name((enum pf_reload_kind)i))};
        pf_prom_sample_nano(buf, "podfit_reload_success_timestamp_seconds", &label, 1,
                            states[i].success_wall_ns);
    }
    pf_prom_single_nano(buf, "podfit_certificate_expiry_timestamp_seconds",
                        "When the serving certificate in force expires.",
                        pf_reload_certificate(server->reload).not_after_wall_ns);
    const int64_t ca_ns = atomic_load(&server->ca_not_after_wall_ns);
    if (ca_ns != 0) {
        pf_prom_single_nano(
            buf, "podfit_ca_expiry_timestamp_seconds",
            "When the CA that signs serving certificates expires; 0: none is known.", ca_ns);
    }
}

static void write_audit(struct pf_server *server, struct pf_buf *buf)
{
    struct pf_audit_stats stats = {.written = 0};
    if (server->options.audit != NULL) {
        stats = pf_audit_stats(server->options.audit);
    }
    pf_prom_family(buf, "podfit_audit_records_total", PF_PROM_COUNTER,
                   "Audit records by what became of them.");
    const struct {
        struct pf_sv name;
        uint64_t value;
    } rows[] = {{PF_SV("written"), stats.written},
                {PF_SV("repeated"), stats.repeated},
                {PF_SV("dropped"), stats.dropped},
                {PF_SV("failed"), stats.failed}};
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_prom_label label = {"result", rows[i].name};
        pf_prom_sample(buf, "podfit_audit_records_total", &label, 1, rows[i].value);
    }
    pf_prom_single(buf, "podfit_audit_queued", PF_PROM_GAUGE,
                   "Audit records waiting to be written.", stats.queued);
}

static uint64_t count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) {
        return 0;
    }
    uint64_t count = 0;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): glibc's readdir is safe for different streams */
    while (readdir(folder) != NULL) {
        count++;
    }
    (void)closedir(folder);
    return count > 3 ? count - 3 : 0; /* `.`, `..` and the folder itself */
}

/* Second and first number of /proc/self/statm: pages resident, pages in all. */
static void read_memory(uint64_t *ret_virtual, uint64_t *ret_resident)
{
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, STATM_MAX_BYTES);
    if (pf_file_read("/proc/self/statm", &text, NULL) != PF_OK) {
        return;
    }
    uint64_t pages[2] = {0, 0};
    size_t field = 0;
    for (size_t i = 0; i < text.len && field < 2; i++) {
        const char c = text.data[i];
        if (c >= '0' && c <= '9') {
            pages[field] = pages[field] * 10 + (uint64_t)(c - '0');
        } else {
            field++;
        }
    }
    const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    *ret_virtual = pages[0] * page_bytes;
    *ret_resident = pages[1] * page_bytes;
}

static void write_process(struct pf_server *server, struct pf_buf *buf)
{
    const struct pf_prom_label version = {"version", pf_sv_from(server->options.version)};
    pf_prom_family(buf, "podfit_build_info", PF_PROM_GAUGE, "1, with the version of this program.");
    pf_prom_sample(buf, "podfit_build_info", &version, 1, 1);
    pf_prom_single_nano(buf, "process_start_time_seconds", "When the server started.",
                        server->start_wall_ns);
    struct rusage usage = {.ru_maxrss = 0};
    (void)getrusage(RUSAGE_SELF, &usage); /* cannot fail */
    const int64_t cpu_us = ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    pf_prom_family(buf, "process_cpu_seconds_total", PF_PROM_COUNTER, "User and system CPU time.");
    pf_prom_sample_nano(buf, "process_cpu_seconds_total", NULL, 0, cpu_us * 1000);
    uint64_t virtual_bytes = 0;
    uint64_t resident_bytes = 0;
    read_memory(&virtual_bytes, &resident_bytes);
    pf_prom_single(buf, "process_resident_memory_bytes", PF_PROM_GAUGE, "Resident memory.",
                   resident_bytes);
    pf_prom_single(buf, "process_virtual_memory_bytes", PF_PROM_GAUGE, "Virtual memory.",
                   virtual_bytes);
    pf_prom_single(buf, "process_open_fds", PF_PROM_GAUGE, "Open file descriptors.",
                   count_descriptors());
    struct rlimit limit = {.rlim_cur = 0};
    (void)getrlimit(RLIMIT_NOFILE, &limit); /* cannot fail */
    pf_prom_single(buf, "process_max_fds", PF_PROM_GAUGE, "Limit of open file descriptors.",
                   limit.rlim_cur);
}

static void write_headroom(struct pf_server *server, struct pf_buf *buf)
{
    struct pf_config *config = pf_reload_config(server->reload);
    const struct pf_headroom_view view = pf_status_headroom(server->status, config);
    pf_headroom_metrics(&view, buf);
    pf_config_unref(config);
}

void pf_exposition_write(struct pf_server *server, struct pf_buf *buf)
{
    pf_metrics_write(server->metrics, buf);
    write_connections(server, buf);
    write_model(server, buf);
    write_pools(server, buf);
    write_reloads(server, buf);
    write_audit(server, buf);
    write_headroom(server, buf);
    const struct pf_server_hooks *hooks = server->options.hooks;
    if (hooks != NULL && hooks->metrics != NULL) {
        hooks->metrics(hooks->ctx, buf);
    }
    const struct pf_server_certificates *certificates = server->options.certificates;
    if (certificates != NULL) {
        certificates->metrics(certificates->ctx, buf);
    }
    write_process(server, buf);
}

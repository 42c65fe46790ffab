#include <inttypes.h>
#include <stddef.h>

#include "live_internal.h"
#include <podfit/prom.h>
#include <podfit/write.h>

/* Silence of the server that is worth a remark: two bookmarks. */
#define SILENT_MS INT64_C(120000)

/** One family with a sample a kind; the value is at an offset of struct pf_live_kind. */
struct family {
    const char *name;
    const char *help;
    size_t offset;
    enum pf_prom_type type;
    bool flag; /**< a bool, else a uint64_t */
};

#define MEMBER(member) offsetof(struct pf_live_kind, member)

static const struct family families[] = {
    {"podfit_watch_synced", "1 when the kind has been listed completely.", MEMBER(synced),
     PF_PROM_GAUGE, true},
    {"podfit_watch_denied", "1 while RBAC or authentication forbids the kind.", MEMBER(denied),
     PF_PROM_GAUGE, true},
    {"podfit_watch_lists_total", "Complete lists taken over.", MEMBER(lists), PF_PROM_COUNTER,
     false},
    {"podfit_watch_watches_total", "Watches opened.", MEMBER(watches), PF_PROM_COUNTER, false},
    {"podfit_watch_restarts_total", "Watches that ended otherwise than by their own time-out.",
     MEMBER(restarts), PF_PROM_COUNTER, false},
    {"podfit_watch_failures_total", "Lists and watches that failed.", MEMBER(failures),
     PF_PROM_COUNTER, false},
    {"podfit_watch_events_total", "Events of watches.", MEMBER(events), PF_PROM_COUNTER, false},
    {"podfit_watch_objects_rejected_total", "Objects that could not be read.",
     MEMBER(rejected_objects), PF_PROM_COUNTER, false},
    {"podfit_watch_events_stale_total", "Events left out because a newer one had come before.",
     MEMBER(stale_events), PF_PROM_COUNTER, false},
    {"podfit_watch_events_repeated_total",
     "Events left out because their resourceVersion was not newer than that of the event before.",
     MEMBER(repeated_events), PF_PROM_COUNTER, false},
    {"podfit_watch_events_unknown_total", "Events left out because their type is not known.",
     MEMBER(unknown_events), PF_PROM_COUNTER, false},
};

static uint64_t value_of(const struct pf_live_kind *kind, const struct family *family)
{
    const char *at = (const char *)kind + family->offset;
    return family->flag ? *(const bool *)at : *(const uint64_t *)(const void *)at;
}

static void put_requests(struct pf_live *live, struct pf_buf *buf)
{
    const struct pf_kube_client_stats stats = pf_live_requests(live);
    pf_prom_family(
        buf, "podfit_api_requests_total", PF_PROM_COUNTER,
        "Requests to the API server that ended, those that follow the cluster, by method "
        "and status.");
    for (size_t i = 0; i < PF_TALLY_METHODS; i++) {
        for (size_t j = 0; j < PF_TALLY_STATUSES; j++) {
            const struct pf_prom_label labels[] = {{"method", pf_sv_from(pf_tally_method(i))},
                                                   {"code", pf_sv_from(pf_tally_status(j))}};
            if (stats.tally.ended[i][j] != 0) { /* most never happen */
                pf_prom_sample(buf, "podfit_api_requests_total", labels, PF_ARRAY_LEN(labels),
                               stats.tally.ended[i][j]);
            }
        }
    }
    pf_prom_single(buf, "podfit_api_received_bytes_total", PF_PROM_COUNTER,
                   "Bytes of lists, watches and other answers.", stats.bytes_received);
    pf_prom_single(buf, "podfit_api_reauthentications_total", PF_PROM_COUNTER,
                   "Requests that were repeated with a new credential after a 401.",
                   stats.reauthentications);
    pf_prom_single(buf, "podfit_api_reconnections_total", PF_PROM_COUNTER,
                   "Times that open connections were given up because nobody answered on them.",
                   stats.reconnections);
}

void pf_live_metrics(struct pf_live *live, struct pf_buf *buf)
{
    struct pf_live_kind kinds[PF_LIVE_KINDS_MAX];
    const size_t count = pf_live_kinds(live, kinds, PF_LIVE_KINDS_MAX);
    for (size_t i = 0; i < PF_ARRAY_LEN(families); i++) {
        pf_prom_family(buf, families[i].name, families[i].type, families[i].help);
        for (size_t j = 0; j < count; j++) {
            const struct pf_prom_label label = {"kind", pf_sv_from(kinds[j].name)};
            pf_prom_sample(buf, families[i].name, &label, 1, value_of(&kinds[j], &families[i]));
        }
    }
    pf_prom_family(buf, "podfit_watch_age_seconds", PF_PROM_GAUGE,
                   "Time since the API server last spoke about the kind.");
    for (size_t j = 0; j < count; j++) {
        const struct pf_prom_label label = {"kind", pf_sv_from(kinds[j].name)};
        if (kinds[j].age_ms >= 0) {
            pf_prom_sample_nano(buf, "podfit_watch_age_seconds", &label, 1,
                                kinds[j].age_ms * PF_NS_PER_MS);
        }
    }
    put_requests(live, buf);
    const struct pf_live_gates gates = pf_live_gates(live);
    pf_prom_single(buf, "podfit_gates_waiting", PF_PROM_GAUGE,
                   "Pods that wait behind podfit's scheduling gate.", gates.waiting);
    pf_prom_single(buf, "podfit_gates_removed_total", PF_PROM_COUNTER,
                   "Scheduling gates removed by this replica.", gates.removed);
    pf_prom_single(buf, "podfit_gates_failed_total", PF_PROM_COUNTER,
                   "Attempts to remove a gate that failed, conflicts with other replicas included.",
                   gates.failed);
}

static void put_kind(struct pf_writer *w, const struct pf_live_kind *kind)
{
    pf_write_key(w, pf_sv_from(kind->name));
    pf_write_begin_object(w);
    pf_write_bool_member(w, "synced", kind->synced);
    pf_write_bool_member(w, "open", kind->open);
    pf_write_bool_member(w, "denied", kind->denied);
    pf_write_bool_member(w, "absent", kind->absent);
    pf_write_i64_member(w, "ageMs", kind->age_ms);
    pf_write_string_member(w, "resourceVersion", pf_sv_from(kind->resource_version));
    pf_write_u64_member(w, "lists", kind->lists);
    pf_write_u64_member(w, "watches", kind->watches);
    pf_write_u64_member(w, "restarts", kind->restarts);
    pf_write_u64_member(w, "failures", kind->failures);
    pf_write_u64_member(w, "events", kind->events);
    pf_write_u64_member(w, "objectsRejected", kind->rejected_objects);
    pf_write_u64_member(w, "eventsStale", kind->stale_events);
    pf_write_u64_member(w, "eventsRepeated", kind->repeated_events);
    pf_write_u64_member(w, "eventsUnknown", kind->unknown_events);
    pf_write_string_member(w, "failure", pf_sv_from(kind->failure));
    pf_write_end_object(w);
}

void pf_live_stats(struct pf_live *live, struct pf_writer *w)
{
    struct pf_live_kind kinds[PF_LIVE_KINDS_MAX];
    const size_t count = pf_live_kinds(live, kinds, PF_LIVE_KINDS_MAX);
    char version[16];
    pf_live_kubernetes_version(live, version);
    pf_write_string_member(w, "kubernetesVersion", pf_sv_from(version));
    pf_write_key(w, PF_SV("watch"));
    pf_write_begin_object(w);
    for (size_t i = 0; i < count; i++) {
        put_kind(w, &kinds[i]);
    }
    pf_write_end_object(w);
    const struct pf_live_gates gates = pf_live_gates(live);
    pf_write_key(w, PF_SV("gates"));
    pf_write_begin_object(w);
    pf_write_u64_member(w, "waiting", gates.waiting);
    pf_write_u64_member(w, "removed", gates.removed);
    pf_write_u64_member(w, "failed", gates.failed);
    pf_write_end_object(w);
}

static void put_separator(struct pf_buf *buf)
{
    pf_buf_append_cstr(buf, buf->len != 0 ? "; " : "");
}

void pf_live_detail(struct pf_live *live, struct pf_buf *buf)
{
    struct pf_err err = {0};
    if (pf_live_wait_synced(live, /* timeout_ms= */ 0, &err) != PF_OK) {
        pf_buf_printf(buf, "not synced yet: %s", err.text);
        return;
    }
    struct pf_live_kind kinds[PF_LIVE_KINDS_MAX];
    const size_t count = pf_live_kinds(live, kinds, PF_LIVE_KINDS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (kinds[i].denied) {
            put_separator(buf);
            pf_buf_printf(buf, "%s: %s", kinds[i].name, kinds[i].failure);
        } else if (kinds[i].age_ms > SILENT_MS) {
            put_separator(buf);
            pf_buf_printf(buf, "%s: the API server has been silent for %" PRId64 " s%s%s",
                          kinds[i].name, kinds[i].age_ms / 1000,
                          kinds[i].failure[0] != '\0' ? ": " : "", kinds[i].failure);
        }
    }
}

#include <stdio.h>
#include <string.h>

#include "live_internal.h"

/* Failures of one list after which a person is told: 10 to 25 s with the reflector's back-off. */
#define FAILURES_MAX 5U
/* Two bookmarks and a half: the reflector gives up a watch that is silent for longer, whatever else the server answers. */
#define SILENT_MAX_NS (150000 * PF_NS_PER_MS)

/* What is known of the kind is as of when? A watch that is open and silent is as fresh as the last word of its server; one that is opened anew is as fresh as it was. */
static int64_t fresh_ns(const struct pf_live *live, struct pf_live_follow *follow,
                        const struct pf_reflector_stats *stats, int64_t now)
{
    const int64_t own = follow->alive_mono_ns;
    if (own != 0 && now - own < SILENT_MAX_NS && pf_live_probe_vouches(&live->probe, stats)) {
        follow->vouched_mono_ns = live->probe.answer_mono_ns;
    }
    return follow->vouched_mono_ns > own ? follow->vouched_mono_ns : own;
}

static void describe(const struct pf_live_follow *follow, const struct pf_reflector_stats *stats,
                     struct pf_live_kind *kind)
{
    *kind = (struct pf_live_kind){
        .name = follow->spec->name,
        .synced = follow->synced,
        .open = stats->open,
        .denied = follow->denied,
        .absent = follow->absent,
        .lists = stats->lists,
        .watches = stats->watches,
        .restarts = stats->restarts,
        .failures = stats->failures,
        .events = stats->events,
        .rejected_objects = follow->rejected,
        .stale_events = follow->late,
        .repeated_events = stats->repeated,
        .unknown_events = stats->unknown_events,
    };
    const char *failure = follow->failure[0] != '\0' ? follow->failure : stats->last_failure;
    memcpy(kind->failure, failure, sizeof(kind->failure));
    memcpy(kind->resource_version, follow->resource_version, sizeof(kind->resource_version));
}

/* A kind whose watch has been down for longer than the model may be old says nothing reliable any more; the three that are always needed age with the model itself. */
static void hide_old(const struct pf_live *live, struct pf_live_follow *follow, bool watching,
                     int64_t fresh, int64_t now)
{
    if (!follow->synced || follow->denied || live->config == NULL) {
        return;
    }
    const int64_t age_ms = (now - fresh) / PF_NS_PER_MS;
    const bool old = !watching && age_ms > live->config->fit.max_model_age_ms;
    pf_live_sink_known(follow, /* known= */ !old);
}

static void set_origin(const struct pf_live *live, int64_t oldest, const char resource_version[32])
{
    struct pf_model_origin origin = {
        .synced = live->synced, .live = live->options.follow, .updated_mono_ns = oldest};
    memcpy(origin.resource_version, resource_version, sizeof(origin.resource_version));
    pf_model_set_origin(live->options.model, &origin);
}

/** What is gathered before others may see it. */
struct gathered {
    struct pf_live_kind kinds[PF_LIVE_KINDS_MAX];
    int64_t alive_mono_ns[PF_LIVE_KINDS_MAX];
    int64_t oldest; /* of the kinds that are needed */
    char resource_version[32];
};

static void gather(struct pf_live *live, int64_t now, struct gathered *all)
{
    for (size_t i = 0; i < live->follow_count; i++) {
        struct pf_live_follow *follow = &live->follows[i];
        const struct pf_reflector_stats stats = pf_reflector_stats(follow->reflector);
        const int64_t fresh = fresh_ns(live, follow, &stats, now);
        describe(follow, &stats, &all->kinds[i]);
        all->alive_mono_ns[i] = follow->alive_mono_ns;
        if (follow->spec->needed && fresh < all->oldest) {
            all->oldest = fresh;
        }
        if (follow->spec->feed == PF_FEED_POD) {
            memcpy(all->resource_version, follow->resource_version, sizeof(all->resource_version));
        }
        hide_old(live, follow, stats.watching, fresh, now);
    }
}

void pf_live_publish(struct pf_live *live, int64_t now)
{
    struct pf_live_shared *shared = &live->shared;
    struct gathered all = {.oldest = now};
    gather(live, now, &all);
    struct pf_err why = {0};
    (void)pf_live_is_complete(live, &why);
    const struct pf_live_gates gates =
        live->gate != NULL ? pf_live_gate_counts(live->gate) : (struct pf_live_gates){0};
    const struct pf_kube_client_stats requests = pf_kube_client_stats(live->client);
    (void)pthread_mutex_lock(&shared->lock);
    shared->kind_count = live->follow_count;
    memcpy(shared->kinds, all.kinds, sizeof(shared->kinds));
    memcpy(shared->alive_mono_ns, all.alive_mono_ns, sizeof(shared->alive_mono_ns));
    memcpy(shared->failure, why.text, sizeof(shared->failure));
    shared->gates = gates;
    shared->requests = requests;
    (void)pthread_mutex_unlock(&shared->lock);
    set_origin(live, all.oldest, all.resource_version);
}

bool pf_live_is_hopeless(const struct pf_live *live, struct pf_err *why)
{
    for (size_t i = 0; i < live->follow_count; i++) {
        const struct pf_live_follow *follow = &live->follows[i];
        const char *name = follow->spec->name;
        if (follow->spec->needed && follow->denied) {
            (void)pf_err_set(why, PF_E_STATE,
                             "%s; nothing is judged without it: grant 'list' and 'watch' "
                             "on %s (see manifests/base)",
                             follow->failure, name);
            return true;
        }
        if (follow->spec->needed && follow->absent) {
            (void)pf_err_set(why, PF_E_STATE, "what answers has no %s: is it an API server?", name);
            return true;
        }
        const struct pf_reflector_stats stats = pf_reflector_stats(follow->reflector);
        if (!follow->synced && stats.failures >= FAILURES_MAX) {
            (void)pf_err_set(why, PF_E_STATE, "%s; given up after %u failures", stats.last_failure,
                             FAILURES_MAX);
            return true;
        }
    }
    return false;
}

void pf_live_give_up(struct pf_live *live, const char *why)
{
    (void)pthread_mutex_lock(&live->shared.lock);
    (void)snprintf(live->shared.failure, sizeof(live->shared.failure), "%s", why);
    live->shared.gave_up = true;
    (void)pthread_cond_broadcast(&live->shared.changed);
    (void)pthread_mutex_unlock(&live->shared.lock);
}

bool pf_live_is_complete(const struct pf_live *live, struct pf_err *why)
{
    bool complete = live->follow_count != 0;
    for (size_t i = 0; i < live->follow_count; i++) {
        const struct pf_live_follow *follow = &live->follows[i];
        const bool settled =
            follow->synced || (!follow->spec->needed && (follow->denied || follow->absent));
        if (settled) {
            continue;
        }
        complete = false;
        const struct pf_reflector_stats stats = pf_reflector_stats(follow->reflector);
        const char *text = follow->failure[0] != '\0' ? follow->failure : stats.last_failure;
        if (text[0] != '\0') {
            (void)pf_err_set(why, PF_E_STATE, "%s are not listed yet: %s", follow->spec->name,
                             text);
        }
    }
    if (!complete) {
        (void)pf_err_set(why, PF_E_STATE, "the cluster is still being listed");
    }
    return complete;
}

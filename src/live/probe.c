#include "live_internal.h"

/* Asked for when a needed kind has been silent for a quarter of what the model's age may be, at most so often. */
#define PROBE_MIN_NS (2000 * PF_NS_PER_MS)
#define PROBE_MAX_NS (15000 * PF_NS_PER_MS)
/* Without an answer for so long, or until the next would be due, the client takes its connections for dead (kube_client.h). */
#define PROBE_TIMEOUT_MS INT64_C(10000)
#define PROBE_MAX_BYTES  ((size_t)4 * 1024 * 1024)

static bool ignore_bytes(void *ctx PF_UNUSED, struct pf_sv bytes PF_UNUSED)
{
    return true;
}

bool pf_live_probe_vouches(const struct pf_live_probe *probe,
                           const struct pf_reflector_stats *watch)
{
    return watch->open && (probe->connection < 0 || probe->connection == watch->connection);
}

static void answered(void *ctx, const struct pf_kube_result *result)
{
    struct pf_live *live = ctx;
    struct pf_live_probe *probe = &live->probe;
    probe->call = NULL;
    if (result->code != PF_OK) {
        return;
    }
    probe->answer_mono_ns = probe->asked_mono_ns;
    probe->connection = result->shared ? result->connection : -1;
    for (size_t i = 0; i < live->follow_count; i++) {
        struct pf_reflector *reflector = live->follows[i].reflector;
        const struct pf_reflector_stats watch = pf_reflector_stats(reflector);
        if (probe->connection >= 0 && watch.connection >= 0 &&
            probe->connection != watch.connection) {
            pf_reflector_resume(reflector); /* answered or not: it would stay where it is */
        }
    }
}

static int64_t interval_ns(const struct pf_live *live)
{
    const int64_t quarter =
        live->config != NULL ? live->config->fit.max_model_age_ms / 4 * PF_NS_PER_MS : PROBE_MAX_NS;
    if (quarter < PROBE_MIN_NS) {
        return PROBE_MIN_NS;
    }
    return quarter < PROBE_MAX_NS ? quarter : PROBE_MAX_NS;
}

static int64_t quietest_ns(const struct pf_live *live, int64_t now)
{
    int64_t oldest = now;
    for (size_t i = 0; i < live->follow_count; i++) {
        const struct pf_live_follow *follow = &live->follows[i];
        if (follow->spec->needed && follow->alive_mono_ns < oldest) {
            oldest = follow->alive_mono_ns;
        }
    }
    return oldest;
}

void pf_live_probe_tick(struct pf_live *live, int64_t now)
{
    struct pf_live_probe *probe = &live->probe;
    const int64_t interval = interval_ns(live);
    if (!live->synced || !live->options.follow || probe->call != NULL ||
        now - probe->asked_mono_ns < interval || now - quietest_ns(live, now) < interval) {
        return;
    }
    const int64_t interval_ms = interval / PF_NS_PER_MS;
    const int64_t timeout_ms = interval_ms < PROBE_TIMEOUT_MS ? interval_ms : PROBE_TIMEOUT_MS;
    const struct pf_kube_request request = {
        .method = "GET",
        .path = "/api/v1/namespaces?limit=1",
        .what = "look whether the API server is there",
        .timeout_ms = timeout_ms,
        .max_bytes = PROBE_MAX_BYTES,
        .on_data = ignore_bytes,
        .on_done = answered,
        .ctx = live,
    };
    probe->asked_mono_ns = now;
    struct pf_err err = {0};
    if (pf_kube_client_start(live->client, &request, &probe->call, &err) != PF_OK) {
        probe->call = NULL; /* no memory: the model ages, and that is what is to happen */
    }
}

void pf_live_probe_stop(struct pf_live *live)
{
    pf_kube_client_cancel(live->client, live->probe.call);
    live->probe.call = NULL;
}

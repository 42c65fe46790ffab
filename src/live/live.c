#include <stdio.h>
#include <string.h>

#include "live_internal.h"
#include <podfit/limits.h>
#include <podfit/log.h>
#include <podfit/mem.h>
#include <podfit/reservation.h>
#include <podfit/thread.h>

/* Ages and counters are told to others so often. */
#define PUBLISH_NS (100 * PF_NS_PER_MS)
/* The thread looks around at least so often. */
#define STEP_MAX_MS 500
/* Rounds of 64 pending pods that are placed between two looks at the network. */
#define SETTLE_ROUNDS 16

int64_t pf_live_until_ms(const struct pf_live *live, int64_t at_mono_ns)
{
    const int64_t left = (at_mono_ns - pf_clock_mono_ns(live->options.clock)) / PF_NS_PER_MS + 1;
    return left > 1 ? left : 1;
}

/* ---- making and ending ---- */

static bool init_shared(struct pf_live_shared *shared)
{
    if (!pf_thread_cond_init(&shared->changed)) {
        return false;
    }
    (void)pthread_mutex_init(&shared->lock, NULL); /* cannot fail with default attributes */
    return true;
}

static enum pf_code make_parts(struct pf_live *live, struct pf_err *err)
{
    const struct pf_kube_client_options client = {.config = live->options.kube,
                                                  .clock = live->options.clock,
                                                  .user_agent = live->options.user_agent};
    const enum pf_code code = pf_kube_client_new(&client, &live->client, err);
    if (code != PF_OK) {
        return code;
    }
    if (live->options.ungate) {
        live->gate = pf_live_gate_new(live);
        if (live->gate == NULL) {
            return pf_err_set(err, PF_E_NO_MEMORY, "no memory for the live model");
        }
    }
    return PF_OK;
}

enum pf_code pf_live_new(const struct pf_live_options *options, struct pf_live **ret_live,
                         struct pf_err *err)
{
    struct pf_live *live = pf_mem_calloc(1, sizeof(*live));
    if (live == NULL || !init_shared(&live->shared)) {
        free(live);
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for the live model");
    }
    live->options = *options;
    atomic_init(&live->stop, false);
    pf_arena_init(&live->arena, PF_REVIEW_ARENA_MAX_BYTES);
    const enum pf_code code = make_parts(live, err);
    if (code != PF_OK) {
        pf_live_free(live);
        return code;
    }
    pf_model_set_origin(options->model,
                        &(struct pf_model_origin){.synced = false, .live = options->follow});
    *ret_live = live;
    return PF_OK;
}

static void free_follows(struct pf_live *live)
{
    for (size_t i = 0; i < live->follow_count; i++) {
        pf_reflector_free(live->follows[i].reflector);
        live->follows[i].reflector = NULL;
    }
    live->follow_count = 0;
}

void pf_live_stop(struct pf_live *live)
{
    if (live != NULL && live->started) {
        atomic_store(&live->stop, true);
        pf_kube_client_wake(live->client);
        (void)pthread_join(live->thread, NULL);
        live->started = false;
    }
}

void pf_live_free(struct pf_live *live)
{
    if (live == NULL) {
        return;
    }
    pf_live_stop(live);
    free_follows(live);
    pf_live_gate_free(live->gate);
    pf_kube_client_free(live->client);
    pf_fit_free(live->fit);
    pf_config_unref(live->config);
    pf_config_unref(live->shared.fresh);
    pf_arena_done(&live->arena);
    (void)pthread_cond_destroy(&live->shared.changed);
    (void)pthread_mutex_destroy(&live->shared.lock);
    free(live);
}

/* ---- configuration ---- */

void pf_live_set_config(struct pf_live *live, struct pf_config *config)
{
    struct pf_config *taken = pf_config_ref(config);
    (void)pthread_mutex_lock(&live->shared.lock);
    struct pf_config *old = live->shared.fresh;
    live->shared.fresh = taken;
    (void)pthread_mutex_unlock(&live->shared.lock);
    pf_config_unref(old);
    pf_kube_client_wake(live->client);
}

/* ---- the thread ---- */

static enum pf_code start_follows(struct pf_live *live, struct pf_err *err)
{
    const struct pf_live_spec *specs[PF_LIVE_KINDS_MAX] = {NULL};
    const size_t count = pf_live_specs(live->minor, specs);
    for (size_t i = 0; i < count; i++) {
        struct pf_live_follow *follow = &live->follows[i];
        *follow = (struct pf_live_follow){
            .live = live,
            .spec = specs[i],
            .kind = {.feed = specs[i]->feed,
                     .api_version = pf_sv_from(specs[i]->api_version),
                     .kind = pf_sv_from(specs[i]->kind)},
        };
        const struct pf_reflector_options options = {
            .client = live->client,
            .clock = live->options.clock,
            .name = specs[i]->name,
            .path = specs[i]->path,
            .field_selector = specs[i]->field_selector,
            .streaming_lists = true,
            .seed = pf_random_u64(),
            .sink = &pf_live_sink,
            .ctx = follow,
        };
        const enum pf_code code = pf_reflector_new(&options, &follow->reflector, err);
        if (code != PF_OK) {
            return code;
        }
        live->follow_count++;
    }
    return PF_OK;
}

/* Pending pods hold room where the scheduler is predicted to put them, also while no review asks. */
static void settle(struct pf_live *live)
{
    bool more = live->changed && live->fit != NULL;
    for (unsigned i = 0; i < SETTLE_ROUNDS && more; i++) {
        struct pf_err err = {0};
        pf_model_lock(live->options.model);
        (void)pf_reservation_expire(live->options.model); /* those that ran out hold no room */
        const enum pf_code code = pf_fit_place_some(live->fit, &more, &err);
        pf_model_unlock(live->options.model);
        if (code != PF_OK) {
            pf_log_warning("live", "waiting pods are not placed, ignoring: %s", err.text);
            more = false;
        }
    }
    live->changed = more;
}

static int64_t tick(struct pf_live *live)
{
    int64_t wait_ms = live->changed ? 1 : STEP_MAX_MS;
    for (size_t i = 0; i < live->follow_count; i++) {
        const int64_t ms = pf_reflector_tick(live->follows[i].reflector);
        wait_ms = ms < wait_ms ? ms : wait_ms;
    }
    if (live->gate != NULL && live->synced) {
        const int64_t ms = pf_live_gate_tick(live->gate);
        wait_ms = ms < wait_ms ? ms : wait_ms;
    }
    return wait_ms;
}

static void tell_synced(struct pf_live *live)
{
    pf_model_lock(live->options.model);
    const struct pf_model_stats stats = pf_model_stats(live->options.model);
    pf_model_unlock(live->options.model);
    if (live->options.outcomes != NULL) { /* a server, not a command that prints something else */
        pf_log_info("live", "the model is synced: %u nodes, %u pods, %u namespaces", stats.nodes,
                    stats.pods, stats.namespaces);
    }
    (void)pthread_mutex_lock(&live->shared.lock);
    live->shared.synced = true;
    (void)pthread_cond_broadcast(&live->shared.changed);
    (void)pthread_mutex_unlock(&live->shared.lock);
}

/* The model is not let go before waiting pods have their places: a first judgement must not see room that is promised already. */
static void sync_first(struct pf_live *live, int64_t now)
{
    if (live->synced || !pf_live_is_complete(live, NULL)) {
        return;
    }
    pf_model_lock(live->options.model);
    live->changed = true;
    live->synced = true;
    pf_live_publish(live, now);
    while (live->changed && live->fit != NULL && !atomic_load(&live->stop)) {
        settle(live);
    }
    pf_model_unlock(live->options.model);
    tell_synced(live);
}

/* Nobody claims a reservation while pods are not watched. At each step: the gap between two watches may be short. */
static void pause_expiry(const struct pf_live *live)
{
    bool open = false;
    if (!live->options.follow) {
        return; /* a model of one moment: nobody will claim anything */
    }
    for (size_t i = 0; i < live->follow_count; i++) {
        const struct pf_live_follow *follow = &live->follows[i];
        open = open ||
               (follow->spec->feed == PF_FEED_POD && pf_reflector_stats(follow->reflector).open);
    }
    pf_model_lock(live->options.model);
    pf_reservation_pause(live->options.model, !open);
    pf_model_unlock(live->options.model);
}

/* A server tries for ever; a person who waits is told why there is nothing. */
static bool is_over(struct pf_live *live)
{
    struct pf_err why = {0};
    const bool over = live->options.impatient && !live->synced && pf_live_is_hopeless(live, &why);
    if (over) {
        pf_live_give_up(live, why.text);
    }
    return over;
}

static void follow(struct pf_live *live)
{
    int64_t publish_at = 0;
    bool go_on = true;
    while (go_on && !atomic_load(&live->stop)) {
        pf_live_configure_take(live);
        const int64_t wait_ms = tick(live);
        pf_kube_client_step(live->client, (int)wait_ms);
        pause_expiry(live);
        const int64_t now = pf_clock_mono_ns(live->options.clock);
        pf_live_probe_tick(live, now);
        sync_first(live, now);
        if (now >= publish_at) {
            pf_live_publish(live, now);
            publish_at = now + PUBLISH_NS;
        }
        if (live->synced) {
            settle(live);
        }
        go_on = !is_over(live) && (live->options.follow || !live->synced);
    }
}

/* What follows goes on trying; what lists once says so. @return false: stopped or given up */
static bool start_all(struct pf_live *live)
{
    bool told = false;
    while (!atomic_load(&live->stop)) {
        struct pf_err err = {0};
        if (start_follows(live, &err) == PF_OK) {
            return true;
        }
        free_follows(live);
        if (!told) {
            pf_log_error("live", "the cluster is not followed: %s", err.text);
        }
        told = true;
        if (!live->options.follow) {
            pf_live_give_up(live, err.text);
            return false;
        }
        pf_kube_client_step(live->client, STEP_MAX_MS);
    }
    return false;
}

static void *run(void *opaque)
{
    struct pf_live *live = opaque;
    pf_live_version_run(live);
    if (live->minor == 0) {
        return NULL; /* stopped, or given up */
    }
    pf_live_configure_take(live);
    if (live->options.on_version != NULL) {
        live->options.on_version(live->options.ctx, live->minor);
    }
    pf_live_configure_take(live);
    if (start_all(live)) {
        follow(live);
    }
    pf_live_probe_stop(live);
    free_follows(live);
    return NULL;
}

enum pf_code pf_live_start(struct pf_live *live, struct pf_err *err)
{
    const enum pf_code code = pf_thread_start("the live model", run, live, &live->thread, err);
    live->started = code == PF_OK;
    return code;
}

/* ---- what others see ---- */

enum pf_code pf_live_wait_synced(struct pf_live *live, int64_t timeout_ms, struct pf_err *err)
{
    const struct timespec until =
        pf_thread_time(pf_clock_mono_ns(pf_clock_system()) + timeout_ms * PF_NS_PER_MS);
    struct pf_live_shared *shared = &live->shared;
    (void)pthread_mutex_lock(&shared->lock);
    int waited = 0;
    while (!shared->synced && !shared->gave_up && waited == 0 && timeout_ms > 0) {
        waited = pthread_cond_timedwait(&shared->changed, &shared->lock, &until);
    }
    const bool synced = shared->synced;
    const enum pf_code code =
        synced ? PF_OK
               : pf_err_set(err, PF_E_STATE, "%s",
                            shared->failure[0] != '\0' ? shared->failure
                                                       : "the API server has not answered yet");
    (void)pthread_mutex_unlock(&shared->lock);
    return code;
}

void pf_live_kubernetes_version(struct pf_live *live, char ret_version[16])
{
    (void)pthread_mutex_lock(&live->shared.lock);
    const int minor = live->shared.minor;
    (void)pthread_mutex_unlock(&live->shared.lock);
    ret_version[0] = '\0';
    if (minor != 0) {
        (void)snprintf(ret_version, 16, "1.%d", minor);
    }
}

size_t pf_live_kinds(struct pf_live *live, struct pf_live_kind *ret_kinds, size_t max)
{
    const int64_t now = pf_clock_mono_ns(live->options.clock);
    struct pf_live_shared *shared = &live->shared;
    (void)pthread_mutex_lock(&shared->lock);
    const size_t count = shared->kind_count < max ? shared->kind_count : max;
    for (size_t i = 0; i < count; i++) {
        ret_kinds[i] = shared->kinds[i];
        const int64_t alive = shared->alive_mono_ns[i];
        ret_kinds[i].age_ms = alive != 0 ? (now - alive) / PF_NS_PER_MS : -1;
    }
    (void)pthread_mutex_unlock(&shared->lock);
    return count;
}

struct pf_kube_client_stats pf_live_requests(struct pf_live *live)
{
    (void)pthread_mutex_lock(&live->shared.lock);
    const struct pf_kube_client_stats requests = live->shared.requests;
    (void)pthread_mutex_unlock(&live->shared.lock);
    return requests;
}

struct pf_live_gates pf_live_gates(struct pf_live *live)
{
    (void)pthread_mutex_lock(&live->shared.lock);
    const struct pf_live_gates gates = live->shared.gates;
    (void)pthread_mutex_unlock(&live->shared.lock);
    return gates;
}

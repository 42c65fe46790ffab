#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "registration_internal.h"
#include <podfit/limits.h>
#include <podfit/log.h>
#include <podfit/mem.h>
#include <podfit/thread.h>

#define ARENA_BYTES      ((size_t)256 * 1024)
#define HOOK_ARENA_BYTES (2 * PF_OBJECT_MAX_BYTES)
/* Writes that lead to the next one, in one step: create, bundle, and what a conflict brings. */
#define ROUNDS 4
/* The Lease's release is one request. */
#define RELEASE_MS INT64_C(2000)

void pf_registration_settle(struct pf_registration *self, enum pf_registration_trouble kind)
{
    self->troubles[kind][0] = '\0';
}

void pf_registration_trouble(struct pf_registration *self, enum pf_registration_trouble kind,
                             const char *format, ...)
{
    char fresh[PF_TROUBLE_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(fresh, sizeof(fresh), format, args);
    va_end(args);
    if (strcmp(self->troubles[kind], fresh) != 0) {
        pf_log_warning("registration", "%s", fresh);
        memcpy(self->troubles[kind], fresh, sizeof(fresh));
    }
}

/* The next CA does not sign before the API server is known to trust it for long enough; without a webhook configuration nobody has to. */
static bool must_hold(const struct pf_registration *self)
{
    const int64_t delay_ns = self->options.publish_delay_s * PF_NS_PER_S;
    const int64_t now = pf_clock_mono_ns(self->options.clock);
    const bool nobody = self->hook_known && !self->hook.present;
    const bool known =
        self->right_since_mono_ns != 0 && now - self->right_since_mono_ns >= delay_ns;
    return !nobody && !known;
}

struct pf_certdir_options pf_registration_wanted(const struct pf_registration *self)
{
    const struct pf_registration_options *options = &self->options;
    return (struct pf_certdir_options){
        .names = options->names,
        .names_count = options->names_count,
        .leaf_lifetime_s = options->leaf_lifetime_s,
        .ca_lifetime_s = options->ca_lifetime_s,
        .publish_delay_s = options->publish_delay_s,
        .force = self->rotate == PF_SECRET_ROTATE_LEAF,
        .force_ca = self->rotate == PF_SECRET_ROTATE_CA,
        .hold_switch = must_hold(self),
        .keep_names = true,
    };
}

/* ---- making and ending ---- */

static bool copy_text(struct pf_arena *arena, const char **text)
{
    *text = pf_arena_dup(arena, pf_sv_from(*text));
    return *text != NULL;
}

static bool copy_names(struct pf_arena *arena, struct pf_registration_options *options)
{
    const char **names = pf_arena_calloc(arena, options->names_count, sizeof(*names));
    bool ok = names != NULL;
    for (size_t i = 0; ok && i < options->names_count; i++) {
        names[i] = options->names[i];
        ok = copy_text(arena, &names[i]);
    }
    options->names = names;
    return ok;
}

static bool copy_options(struct pf_registration *self, const struct pf_registration_options *given)
{
    struct pf_arena *arena = &self->arena;
    struct pf_registration_options *options = &self->options;
    *options = *given;
    const char **const texts[] = {
        &options->user_agent,  &options->hook_name,  &options->secret_space, &options->secret_name,
        &options->lease_space, &options->lease_name, &options->identity};
    bool ok = copy_names(arena, options);
    for (size_t i = 0; ok && i < PF_ARRAY_LEN(texts); i++) {
        ok = copy_text(arena, texts[i]);
    }
    return ok;
}

static const char *escaped(struct pf_arena *arena, const char *text)
{
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, ARENA_BYTES);
    pf_kube_escape(&buf, pf_sv_from(text));
    return buf.failed == PF_OK ? pf_arena_dup(arena, pf_buf_view(&buf)) : NULL;
}

static bool make_paths(struct pf_registration *self)
{
    struct pf_arena *arena = &self->arena;
    const char *space = escaped(arena, self->options.secret_space);
    const char *secret = escaped(arena, self->options.secret_name);
    const char *hook = escaped(arena, self->options.hook_name);
    if (space == NULL || secret == NULL || hook == NULL) {
        return false;
    }
    self->secrets_path = pf_arena_printf(arena, "/api/v1/namespaces/%s/secrets", space);
    self->secret_path = pf_arena_printf(arena, "/api/v1/namespaces/%s/secrets/%s", space, secret);
    self->hook_path =
        pf_arena_printf(arena,
                        "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/%s"
                        "?fieldManager=" PF_HOOK_FIELD_MANAGER "&force=true",
                        hook);
    return self->secrets_path != NULL && self->secret_path != NULL && self->hook_path != NULL;
}

/* Names and lifetimes are tried once: what could never be issued is told at start. */
static enum pf_code try_options(const struct pf_registration *self, struct pf_err *err)
{
    pf_autocertset struct pf_certset set = {0};
    const struct pf_certdir_options wanted = pf_registration_wanted(self);
    return pf_certset_create(&wanted, pf_clock_wall_ns(self->options.clock), &set, err);
}

static enum pf_code begin_follow(struct pf_registration *self, struct pf_err *err)
{
    struct pf_followed_options options = {
        .client = self->client,
        .clock = self->options.clock,
        .what = "the Secret of certificates",
        .list_path = self->secrets_path,
        .name = self->options.secret_name,
        .seed = self->options.seed,
    };
    const enum pf_code code = pf_followed_begin(&self->secret, &options, err);
    if (code != PF_OK) {
        return code;
    }
    options.what = "mutatingwebhookconfigurations";
    options.list_path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    options.name = self->options.hook_name;
    options.seed++;
    return pf_followed_begin(&self->hook, &options, err);
}

static enum pf_code make_parts(struct pf_registration *self, struct pf_err *err)
{
    const struct pf_registration_options *options = &self->options;
    const struct pf_kube_client_options client = {
        .config = options->config, .clock = options->clock, .user_agent = options->user_agent};
    enum pf_code code = try_options(self, err);
    if (code == PF_OK) {
        code = pf_kube_client_new(&client, &self->client, err);
    }
    if (code == PF_OK) {
        const struct pf_lease_options lease = {
            .client = self->client,
            .clock = options->clock,
            .space = options->lease_space,
            .name = options->lease_name,
            .identity = options->identity,
            .seed = options->seed,
            .duration_ms = options->lease_duration_ms,
            .renew_deadline_ms = options->lease_renew_deadline_ms,
        };
        code = pf_lease_new(&lease, &self->lease, err);
    }
    return code == PF_OK ? begin_follow(self, err) : code;
}

enum pf_code pf_registration_new(const struct pf_registration_options *options,
                                 struct pf_registration **ret_registration, struct pf_err *err)
{
    struct pf_registration *self = pf_mem_calloc(1, sizeof(*self));
    if (self == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the registration");
    }
    atomic_init(&self->stop, false);
    (void)pthread_mutex_init(&self->lock, NULL); /* cannot fail with default attributes */
    pf_arena_init(&self->arena, ARENA_BYTES);
    pf_arena_init(&self->hook_arena, HOOK_ARENA_BYTES);
    self->random = options->seed;
    enum pf_code code = PF_OK;
    if (options->names_count == 0 || options->names_count > PF_CERT_SANS_MAX) {
        code = pf_err_set(err, PF_E_INVALID, "a certificate has 1 to %d names", PF_CERT_SANS_MAX);
    } else if (!copy_options(self, options) || !make_paths(self)) {
        code = pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the registration");
    } else {
        if (self->options.publish_delay_s < 0) {
            self->options.publish_delay_s = PF_REGISTRATION_PUBLISH_DELAY_S;
        }
        code = make_parts(self, err);
    }
    if (code != PF_OK) {
        pf_registration_free(self);
        return code;
    }
    *ret_registration = self;
    return PF_OK;
}

void pf_registration_free(struct pf_registration *registration)
{
    if (registration == NULL) {
        return;
    }
    pf_registration_stop(registration);
    pf_followed_end(&registration->secret);
    pf_followed_end(&registration->hook);
    pf_lease_free(registration->lease);
    pf_kube_client_free(registration->client);
    pf_install_done(registration);
    pf_certset_done(&registration->set);
    pf_arena_done(&registration->hook_arena);
    pf_arena_done(&registration->arena);
    (void)pthread_mutex_destroy(&registration->lock);
    free(registration);
}

/* ---- a step ---- */

static const char *first_trouble(const struct pf_registration *self)
{
    for (size_t i = 0; i < PF_TROUBLE_KINDS; i++) {
        if (self->troubles[i][0] != '\0') {
            return self->troubles[i];
        }
    }
    return "";
}

static void publish(struct pf_registration *self)
{
    const struct pf_lease_stats lease = pf_lease_stats(self->lease);
    struct pf_registration_stats *stats = &self->stats;
    stats->lease_held = lease.held;
    memcpy(stats->lease_holder, lease.holder, sizeof(stats->lease_holder));
    (void)snprintf(stats->problem, sizeof(stats->problem), "%s", first_trouble(self));
    (void)pthread_mutex_lock(&self->lock);
    self->shared = *stats;
    (void)pthread_mutex_unlock(&self->lock);
}

/* Dates pass by the wall clock, which may jump either way, and the delay before a CA signs by the other one. */
static bool is_time_for_a_close_look(const struct pf_registration *self)
{
    const int64_t period_ns = PF_REGISTRATION_CLOSE_LOOK_MS * PF_NS_PER_MS;
    const int64_t wall_ns = pf_clock_wall_ns(self->options.clock) - self->closely_wall_ns;
    const int64_t mono_ns = pf_clock_mono_ns(self->options.clock) - self->closely_mono_ns;
    return wall_ns < 0 || wall_ns >= period_ns || mono_ns >= period_ns;
}

static void look_closely(struct pf_registration *self)
{
    self->closely_mono_ns = pf_clock_mono_ns(self->options.clock);
    self->closely_wall_ns = pf_clock_wall_ns(self->options.clock);
    pf_observe_look(self, /* closely= */ true);
    if (pf_install_step(self)) {
        pf_observe_look(self, /* closely= */ true); /* trust is in what is in force now */
    }
}

static void look_and_act(struct pf_registration *self)
{
    bool again = true;
    for (unsigned i = 0; again && i < ROUNDS && !atomic_load(&self->stop); i++) {
        const bool changed = pf_observe_take(self);
        if (changed || i != 0 || is_time_for_a_close_look(self)) {
            look_closely(self);
        } else {
            pf_observe_look(self, /* closely= */ false);
        }
        again = pf_duty_step(self);
    }
}

static int64_t tick(struct pf_registration *self)
{
    int64_t wait_ms = pf_lease_tick(self->lease);
    const int64_t secret_ms = pf_reflector_tick(self->secret.reflector);
    const int64_t hook_ms = pf_reflector_tick(self->hook.reflector);
    wait_ms = secret_ms < wait_ms ? secret_ms : wait_ms;
    wait_ms = hook_ms < wait_ms ? hook_ms : wait_ms;
    return wait_ms < PF_REGISTRATION_LOOK_MS ? wait_ms : PF_REGISTRATION_LOOK_MS;
}

int64_t pf_registration_step(struct pf_registration *registration, int timeout_ms)
{
    struct pf_registration *self = registration;
    const int64_t wait_ms = tick(self);
    pf_kube_client_step(self->client, wait_ms < timeout_ms ? (int)wait_ms : timeout_ms);
    const int64_t now = pf_clock_mono_ns(self->options.clock);
    const bool held = pf_lease_held(self->lease);
    if (self->secret.changed || self->hook.changed || held != self->stats.lease_held ||
        now >= self->look_mono_ns) {
        look_and_act(self);
        self->look_mono_ns = now + PF_REGISTRATION_LOOK_MS * PF_NS_PER_MS;
    }
    publish(self);
    return wait_ms > 1 ? wait_ms : 1;
}

struct pf_registration_stats pf_registration_stats(struct pf_registration *registration)
{
    (void)pthread_mutex_lock(&registration->lock);
    const struct pf_registration_stats stats = registration->shared;
    (void)pthread_mutex_unlock(&registration->lock);
    return stats;
}

/* ---- the thread ---- */

/* Another need not wait for its time to run out. */
static void release_lease(struct pf_registration *self)
{
    const int64_t until = pf_clock_mono_ns(self->options.clock) + RELEASE_MS * PF_NS_PER_MS;
    pf_lease_release(self->lease);
    while (!pf_lease_released(self->lease) && pf_clock_mono_ns(self->options.clock) < until) {
        const int64_t wait_ms = pf_lease_tick(self->lease);
        pf_kube_client_step(self->client, (int)(wait_ms < 100 ? wait_ms : 100));
    }
}

static void *run(void *opaque)
{
    struct pf_registration *self = opaque;
    while (!atomic_load(&self->stop)) {
        (void)pf_registration_step(self, (int)PF_REGISTRATION_LOOK_MS);
    }
    release_lease(self);
    return NULL;
}

enum pf_code pf_registration_start(struct pf_registration *registration, struct pf_err *err)
{
    const enum pf_code code =
        pf_thread_start("the registration", run, registration, &registration->thread, err);
    registration->started = code == PF_OK;
    return code;
}

void pf_registration_stop(struct pf_registration *registration)
{
    if (registration == NULL || !registration->started) {
        return;
    }
    atomic_store(&registration->stop, true);
    pf_kube_client_wake(registration->client);
    (void)pthread_join(registration->thread, NULL);
    registration->started = false;
}

#include <stdio.h>
#include <string.h>

#include "registration_internal.h"
#include <podfit/log.h>

/* ---- the Secret ---- */

static void secret_trouble(struct pf_registration *self, const char *why)
{
    pf_registration_trouble(
        self, PF_TROUBLE_SECRET,
        "the Secret '%s/%s' cannot be used (%s): what was loaded before stays in force; to have "
        "podfit make new certificates, empty its data",
        self->options.secret_space, self->options.secret_name, why);
}

/* @return PF_OK when a CA bundle is there that can be read: the rest can be renewed from it, or told */
static enum pf_code check_set(const struct pf_registration *self, const struct pf_certset *set,
                              struct pf_err *err)
{
    struct pf_certdir_report report = {.acts = 0};
    const struct pf_certdir_options wanted = pf_registration_wanted(self);
    const enum pf_code code =
        pf_certset_show(set, &wanted, pf_clock_wall_ns(self->options.clock), &report, err);
    if (code == PF_OK) {
        pf_certdir_report_done(&report);
    }
    return code;
}

/* A new set: whether its bundle is in place is to be seen. */
static void use_set(struct pf_registration *self, struct pf_certset *set)
{
    const bool same_bundle = pf_sv_eq(pf_certset_view(set, PF_CERTSET_BUNDLE),
                                      pf_certset_view(&self->set, PF_CERTSET_BUNDLE));
    if (!same_bundle) {
        self->was_right = false;
        self->right_since_mono_ns = 0;
    }
    pf_certset_done(&self->set);
    self->set = pf_certset_take(set);
    self->state = PF_SECRET_USABLE;
}

static void take_secret(struct pf_registration *self)
{
    pf_autosecretobject struct pf_secret_object object = {.rotate = PF_SECRET_ROTATE_NOTHING};
    struct pf_err err = {0};
    self->rotate = PF_SECRET_ROTATE_NOTHING;
    self->version[0] = '\0';
    if (!self->secret.present) {
        self->state = PF_SECRET_ABSENT;
        pf_registration_settle(self, PF_TROUBLE_SECRET);
        return;
    }
    enum pf_code code = pf_secret_object_decode(pf_buf_view(&self->secret.json), &object, &err);
    if (code == PF_OK && strcmp(object.name, self->options.secret_name) != 0) {
        code = pf_err_set(&err, PF_E_INVALID, "another Secret was answered, '%s'", object.name);
    }
    const bool empty = code == PF_OK && pf_certset_is_empty(&object.set);
    if (code == PF_OK && !empty) {
        code = check_set(self, &object.set, &err);
    }
    if (code == PF_E_NO_MEMORY) {
        self->secret.changed = true; /* it is as good as before: to be read again */
    }
    if (code != PF_OK) {
        self->state = PF_SECRET_UNUSABLE;
        secret_trouble(self, err.text);
        return;
    }
    memcpy(self->version, object.resource_version, sizeof(self->version));
    self->rotate = object.rotate;
    pf_registration_settle(self, PF_TROUBLE_SECRET);
    if (empty) {
        self->state = PF_SECRET_EMPTY;
    } else {
        use_set(self, &object.set);
    }
}

/* ---- the webhook configuration ---- */

static void read_hook(struct pf_registration *self)
{
    const char *name = self->options.hook_name;
    struct pf_err err = {0};
    const enum pf_code code = pf_hook_object_decode(pf_buf_view(&self->hook.json),
                                                    &self->hook_arena, &self->entries, &err);
    if (code == PF_OK && self->entries.count == 0) {
        pf_registration_trouble(self, PF_TROUBLE_HOOK,
                                "the MutatingWebhookConfiguration '%s' has no webhooks", name);
    } else if (code == PF_OK) {
        pf_registration_settle(self, PF_TROUBLE_HOOK);
    } else {
        self->hook.changed = code == PF_E_NO_MEMORY; /* to be read again */
        self->entries = (struct pf_hook_object){.count = 0};
        pf_registration_trouble(self, PF_TROUBLE_HOOK,
                                "the MutatingWebhookConfiguration '%s' cannot be read: %s", name,
                                err.text);
    }
}

static void take_hook(struct pf_registration *self)
{
    pf_arena_reset(&self->hook_arena);
    self->entries = (struct pf_hook_object){.count = 0};
    self->hook_known = true;
    if (self->hook.present) {
        read_hook(self);
    } else {
        pf_registration_trouble(self, PF_TROUBLE_HOOK,
                                "there is no MutatingWebhookConfiguration '%s'",
                                self->options.hook_name);
    }
}

static bool is_right(const struct pf_registration *self)
{
    const struct pf_sv bundle = pf_certset_view(&self->set, PF_CERTSET_BUNDLE);
    bool right = bundle.len != 0 && self->entries.count != 0;
    for (size_t i = 0; i < self->entries.count; i++) {
        right = right && pf_sv_eq(self->entries.entries[i].ca_pem, bundle);
    }
    return right;
}

bool pf_observe_is_trusted(const struct pf_registration *self, struct pf_sv chain_pem)
{
    const int64_t now = pf_clock_wall_ns(self->options.clock);
    bool trusted = chain_pem.len != 0 && self->entries.count != 0;
    for (size_t i = 0; trusted && i < self->entries.count; i++) {
        const struct pf_sv bundle = self->entries.entries[i].ca_pem;
        trusted = bundle.len != 0 && pf_cert_verify(chain_pem, bundle, NULL, now, NULL) == PF_OK;
    }
    return trusted;
}

/* The first time is forgiven at once; whoever does it again and again is not fought with every second. */
#define RESET_WAIT_MS    INT64_C(1000)
#define RESET_LONGEST_MS INT64_C(60000)
#define RESET_CALM_NS    (INT64_C(600) * PF_NS_PER_S)

static void note_reset(struct pf_registration *self, int64_t now)
{
    self->stats.bundle_resets++;
    if (self->reset_mono_ns == 0 || now - self->reset_mono_ns > RESET_CALM_NS) {
        self->reset_wait_ms = 0;
    }
    self->reset_mono_ns = now;
    self->bundle_pace.next_mono_ns = now + self->reset_wait_ms * PF_NS_PER_MS;
    pf_log_warning("registration",
                   "somebody changed the caBundle of '%s'; it is put right in %lld ms",
                   self->options.hook_name, (long long)self->reset_wait_ms);
    const int64_t doubled = self->reset_wait_ms == 0 ? RESET_WAIT_MS : 2 * self->reset_wait_ms;
    self->reset_wait_ms = doubled < RESET_LONGEST_MS ? doubled : RESET_LONGEST_MS;
}

static void look_at_bundle(struct pf_registration *self)
{
    const int64_t now = pf_clock_mono_ns(self->options.clock);
    const bool right = is_right(self);
    if (right && self->right_since_mono_ns == 0) {
        self->right_since_mono_ns = now;
    }
    /* a configuration that is gone was not reset */
    if (!right && self->was_right && self->entries.count != 0) {
        note_reset(self, now);
    }
    if (!right) {
        self->right_since_mono_ns = 0;
    }
    self->was_right = right;
    self->stats.bundle_right = right;
    self->stats.entries = (unsigned)self->entries.count;
}

static void look_at_trust(struct pf_registration *self)
{
    self->stats.trusted = pf_observe_is_trusted(self, pf_buf_view(&self->served.cert_pem));
    self->stats.ready = self->stats.ready || (self->stats.serving && self->stats.trusted);
}

/* ---- dates ---- */

static int64_t not_after(const struct pf_cert_list *list)
{
    return list->count != 0 ? list->items[0].not_after_wall_ns : 0;
}

static void look_at_dates(struct pf_registration *self)
{
    struct pf_certdir_report report = {.acts = 0};
    struct pf_err err = {0};
    const struct pf_certdir_options wanted = pf_registration_wanted(self);
    self->acts_due = 0;
    if (self->state != PF_SECRET_USABLE) {
        return;
    }
    if (pf_certset_show(&self->set, &wanted, pf_clock_wall_ns(self->options.clock), &report,
                        &err) != PF_OK) {
        secret_trouble(self, err.text);
        return;
    }
    pf_registration_settle(self, PF_TROUBLE_SECRET); /* of a look that failed */
    self->acts_due = report.acts;
    self->stats.leaf_not_after_wall_ns = not_after(&report.leaf);
    self->stats.ca_not_after_wall_ns = not_after(&report.ca);
    self->stats.next_ca = report.next.count != 0;
    pf_certdir_report_done(&report);
}

static void tell_watch(struct pf_registration *self, enum pf_registration_trouble kind,
                       const struct pf_followed *followed)
{
    if (followed->why[0] != '\0') {
        pf_registration_trouble(self, kind, "%s", followed->why);
    } else {
        pf_registration_settle(self, kind);
    }
}

void pf_observe_look(struct pf_registration *self, bool closely)
{
    if (self->secret.synced) {
        look_at_bundle(self);
    }
    if (self->secret.synced && closely) {
        look_at_trust(self);
        look_at_dates(self);
    }
    tell_watch(self, PF_TROUBLE_SECRET_WATCH, &self->secret);
    tell_watch(self, PF_TROUBLE_HOOK_WATCH, &self->hook);
    if (self->rotate == PF_SECRET_ROTATE_UNKNOWN) {
        pf_registration_trouble(self, PF_TROUBLE_ROTATE,
                                "the annotation '" PF_SECRET_ROTATE_ANNOTATION
                                "' of the Secret '%s/%s' is ignored: allowed are 'ca' and 'leaf'",
                                self->options.secret_space, self->options.secret_name);
    } else {
        pf_registration_settle(self, PF_TROUBLE_ROTATE);
    }
}

bool pf_observe_take(struct pf_registration *self)
{
    const bool secret = self->secret.synced && pf_followed_take(&self->secret);
    const bool hook = self->hook.synced && pf_followed_take(&self->hook);
    if (secret) {
        take_secret(self);
    }
    if (hook) {
        take_hook(self);
    }
    return secret || hook;
}

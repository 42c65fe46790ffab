#include <stdio.h>
#include <string.h>

#include "registration_internal.h"
#include <podfit/limits.h>
#include <podfit/log.h>

/* Below the deadline by which the Lease has to be renewed, which waits for it. */
#define CALL_MS         INT64_C(4000)
#define CONFLICT_MS     INT64_C(100)
#define FIRST_WAIT_MS   INT64_C(1000)
#define LONGEST_WAIT_MS INT64_C(60000)

/* ---- when ---- */

/* @return is it ours to do, now? */
static bool may(struct pf_registration *self, struct pf_registration_pace *pace, bool due)
{
    const int64_t now = pf_clock_mono_ns(self->options.clock);
    if (!due) {
        pace->due_since_mono_ns = 0;
        return false;
    }
    if (pace->due_since_mono_ns == 0) {
        pace->due_since_mono_ns = now;
    }
    const int64_t patience_ns = PF_REGISTRATION_STEP_IN_MS * PF_NS_PER_MS;
    const bool ours = pf_lease_held(self->lease) || now - pace->due_since_mono_ns >= patience_ns;
    return ours && now >= pace->next_mono_ns;
}

static void done(struct pf_registration_pace *pace)
{
    pace->wait_ms = 0;
    pace->due_since_mono_ns = 0;
}

/* Doubled, with jitter, so that replicas do not come together; longer if the API server wishes so. */
static void wait_longer(struct pf_registration *self, struct pf_registration_pace *pace)
{
    const int64_t doubled = pace->wait_ms == 0 ? FIRST_WAIT_MS : 2 * pace->wait_ms;
    pace->wait_ms = doubled < LONGEST_WAIT_MS ? doubled : LONGEST_WAIT_MS;
    const int64_t jitter_ms = (int64_t)pf_random_below(&self->random, (uint64_t)pace->wait_ms / 2);
    const int64_t patience_ms = pf_kube_client_patience_ms(self->client);
    const int64_t wait_ms = pace->wait_ms + jitter_ms;
    pace->next_mono_ns = pf_clock_mono_ns(self->options.clock) +
                         (wait_ms > patience_ms ? wait_ms : patience_ms) * PF_NS_PER_MS;
}

/* ---- requests ---- */

struct sent {
    const char *method;
    const char *path;
    const char *what;
    const char *content_type; /* NULL: JSON */
    struct pf_sv body;
};

/* @param answer  overwritten by the caller when it holds keys */
static enum pf_code send(struct pf_registration *self, const struct sent *sent,
                         struct pf_buf *answer, int *ret_status, struct pf_err *err)
{
    const struct pf_kube_request request = {
        .method = sent->method,
        .path = sent->path,
        .what = sent->what,
        .content_type = sent->content_type,
        .body = sent->body,
        .timeout_ms = CALL_MS,
        .max_bytes = PF_OBJECT_MAX_BYTES,
    };
    return pf_kube_client_call(self->client, &request, answer, ret_status, err);
}

/* Read the Secret: the watch may be behind. @return PF_OK also when it is not there */
static enum pf_code read_secret(struct pf_registration *self, struct pf_err *err)
{
    pf_autosecret struct pf_buf answer = {0};
    pf_buf_init_secret(&answer, PF_OBJECT_MAX_BYTES);
    int status = 0;
    const struct sent sent = {
        .method = "GET", .path = self->secret_path, .what = "read the Secret of certificates"};
    struct pf_err why = {0};
    const enum pf_code code = send(self, &sent, &answer, &status, &why);
    if (code == PF_E_NOT_FOUND) {
        pf_followed_remove(&self->secret);
        return PF_OK;
    }
    if (code != PF_OK) {
        return pf_err_set(err, code, "%s", why.text);
    }
    return pf_followed_put(&self->secret, pf_buf_view(&answer))
               ? PF_OK
               : pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the Secret");
}

/* ---- the Secret ---- */

static void tell_acts(const struct pf_registration *self, unsigned acts)
{
    static const struct {
        unsigned act;
        const char *text;
    } rows[] = {
        {PF_CERTPLAN_PUBLISH_CA, "a next CA is published"},
        {PF_CERTPLAN_SWITCH_CA, "the next CA signs from now on"},
        {PF_CERTPLAN_ISSUE_LEAF, "a new serving certificate is issued"},
        {PF_CERTPLAN_DROP_CA, "a CA that nothing needs any more is dropped"},
        {PF_CERTPLAN_MEND_BUNDLE, "the bundle is written anew"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if ((acts & rows[i].act) != 0) {
            pf_log_info("registration", "Secret '%s/%s': %s", self->options.secret_space,
                        self->options.secret_name, rows[i].text);
        }
    }
}

/* What the Secret is to hold. @param[out] ret_acts  0: the same as now, but for the annotation */
static enum pf_code compose(const struct pf_registration *self, struct pf_certset *ret_set,
                            unsigned *ret_acts, struct pf_err *err)
{
    const struct pf_certdir_options wanted = pf_registration_wanted(self);
    const int64_t now = pf_clock_wall_ns(self->options.clock);
    const bool missing = self->state != PF_SECRET_USABLE;
    *ret_acts = 0;
    if (missing && pf_certset_is_empty(&self->set)) {
        *ret_acts = PF_CERTPLAN_PUBLISH_CA | PF_CERTPLAN_SWITCH_CA | PF_CERTPLAN_ISSUE_LEAF;
        return pf_certset_create(&wanted, now, ret_set, err);
    }
    if (!missing) {
        const enum pf_code code =
            pf_certset_renew(&self->set, &wanted, now, ret_set, ret_acts, err);
        if (code != PF_OK || *ret_acts != 0) {
            return code;
        }
    }
    /* deleted under us: what is trusted and served now comes back, no review fails */
    return pf_certset_copy(&self->set, ret_set, err);
}

static enum pf_code write_secret(struct pf_registration *self, const struct pf_certset *set,
                                 struct pf_err *err)
{
    pf_autosecret struct pf_buf body = {0};
    pf_autosecret struct pf_buf answer = {0};
    pf_buf_init_secret(&body, PF_OBJECT_MAX_BYTES);
    pf_buf_init_secret(&answer, PF_OBJECT_MAX_BYTES);
    struct sent sent = {.what = "write the Secret of certificates"};
    if (self->state == PF_SECRET_ABSENT) {
        sent.method = "POST";
        sent.path = self->secrets_path;
        pf_secret_object_create(&body, self->options.secret_space, self->options.secret_name, set);
    } else {
        sent.method = "PATCH";
        sent.path = self->secret_path;
        sent.content_type = "application/merge-patch+json";
        pf_secret_object_patch(&body, self->version, set);
    }
    enum pf_code code = pf_buf_status(&body, err);
    if (code != PF_OK) {
        return code;
    }
    int status = 0;
    sent.body = pf_buf_view(&body);
    code = send(self, &sent, &answer, &status, err);
    if (code == PF_OK && !pf_followed_put(&self->secret, pf_buf_view(&answer))) {
        code = pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the Secret");
    }
    return code;
}

/* @return was another faster? Then what it wrote has been read. */
static bool yield_to_another(struct pf_registration *self, enum pf_code code)
{
    const bool gone = code == PF_E_NOT_FOUND && self->state != PF_SECRET_ABSENT;
    if (code != PF_E_EXISTS && !gone) {
        return false;
    }
    self->stats.conflicts++;
    self->secret_pace.next_mono_ns =
        pf_clock_mono_ns(self->options.clock) + CONFLICT_MS * PF_NS_PER_MS;
    return read_secret(self, NULL) == PF_OK;
}

static bool is_secret_due(const struct pf_registration *self)
{
    switch (self->state) {
    case PF_SECRET_ABSENT:
    case PF_SECRET_EMPTY:
        return true;
    case PF_SECRET_USABLE:
        return self->acts_due != 0 || self->rotate == PF_SECRET_ROTATE_CA ||
               self->rotate == PF_SECRET_ROTATE_LEAF;
    case PF_SECRET_UNKNOWN:
    case PF_SECRET_UNUSABLE:
        return false;
    }
    return false;
}

static void fail_secret(struct pf_registration *self, const struct pf_err *err)
{
    self->stats.failures++;
    pf_registration_trouble(self, PF_TROUBLE_WRITE,
                            "cannot renew the certificates in the Secret '%s/%s': %s",
                            self->options.secret_space, self->options.secret_name, err->text);
    wait_longer(self, &self->secret_pace);
}

static bool step_secret(struct pf_registration *self)
{
    const bool due = is_secret_due(self);
    if (!due && self->state == PF_SECRET_USABLE) {
        pf_registration_settle(self, PF_TROUBLE_WRITE); /* another replica may have done it */
    }
    if (!may(self, &self->secret_pace, due)) {
        return false;
    }
    pf_autocertset struct pf_certset set = {0};
    struct pf_err err = {0};
    unsigned acts = 0;
    enum pf_code code = compose(self, &set, &acts, &err);
    if (code == PF_OK) {
        code = write_secret(self, &set, &err);
        if (yield_to_another(self, code)) {
            done(&self->secret_pace);
            return true;
        }
    }
    if (code != PF_OK) {
        fail_secret(self, &err);
        return false;
    }
    tell_acts(self, acts);
    self->stats.secret_writes++;
    pf_registration_settle(self, PF_TROUBLE_WRITE);
    done(&self->secret_pace);
    return true;
}

/* ---- the bundle ---- */

/*
 * The bundle comes from the Secret as it is now: a replica whose watch is behind must not bring an old one back. Only when there is none to read, from what it held
 * before. @return PF_OK: write; PF_E_STATE without a text: something newer has been read, look again
 */
static enum pf_code check_newest(struct pf_registration *self, struct pf_err *err)
{
    const enum pf_code code = read_secret(self, err);
    if (code != PF_OK) {
        return code;
    }
    return self->secret.changed ? PF_E_STATE : PF_OK;
}

static enum pf_code write_bundle(struct pf_registration *self, struct pf_err *err)
{
    pf_autobuf struct pf_buf body = {0};
    pf_autobuf struct pf_buf answer = {0};
    pf_buf_init(&body, PF_OBJECT_MAX_BYTES);
    pf_buf_init(&answer, PF_OBJECT_MAX_BYTES);
    pf_hook_object_apply(&body, &self->entries, pf_certset_view(&self->set, PF_CERTSET_BUNDLE));
    enum pf_code code = pf_buf_status(&body, err);
    if (code != PF_OK) {
        return code;
    }
    const struct sent sent = {
        .method = "PATCH",
        .path = self->hook_path,
        .what = "write the CA bundle of the webhook configuration",
        .content_type = "application/apply-patch+yaml",
        .body = pf_buf_view(&body),
    };
    int status = 0;
    code = send(self, &sent, &answer, &status, err);
    if (code == PF_OK && !pf_followed_put(&self->hook, pf_buf_view(&answer))) {
        code = pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the webhook configuration");
    }
    return code;
}

static bool step_bundle(struct pf_registration *self)
{
    const bool known = !pf_certset_is_empty(&self->set) && self->entries.count != 0;
    if (known && self->stats.bundle_right) {
        pf_registration_settle(self, PF_TROUBLE_BUNDLE);
    }
    if (!may(self, &self->bundle_pace, known && !self->stats.bundle_right)) {
        return false;
    }
    struct pf_err err = {0};
    enum pf_code code = check_newest(self, &err);
    if (code == PF_E_STATE && err.code == PF_OK) {
        return true;
    }
    if (code == PF_OK) {
        code = write_bundle(self, &err);
    }
    if (code != PF_OK) {
        self->stats.failures++;
        pf_registration_trouble(self, PF_TROUBLE_BUNDLE, "%s", err.text);
        wait_longer(self, &self->bundle_pace);
        return false;
    }
    pf_log_info("registration", "wrote the CA bundle of '%s' (%zu webhooks)",
                self->options.hook_name, self->entries.count);
    self->stats.bundle_writes++;
    pf_registration_settle(self, PF_TROUBLE_BUNDLE);
    done(&self->bundle_pace);
    return true;
}

bool pf_duty_step(struct pf_registration *self)
{
    if (!self->secret.synced) {
        return false;
    }
    const bool secret = step_secret(self);
    return step_bundle(self) || secret;
}

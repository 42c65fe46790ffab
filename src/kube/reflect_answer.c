#include <stdio.h>

#include "reflect.h"

/* a watch of this length has shown that the server is well. Source: client-go tools/cache/reflector.go (backoff reset) */
#define HEALTHY_NS (120 * PF_NS_PER_S)
/* server errors that go on for so long may come from our resourceVersion. Source: client-go tools/cache/reflector.go (MaxInternalErrorRetryDuration) */
#define TROUBLE_NS (60 * PF_NS_PER_S)
/* two watches do not start closer together; one that ends in less without an event counts as a failure */
#define WATCH_PACE_NS PF_NS_PER_S
/* the server ends a watch at its timeoutSeconds, not to the second */
#define TIMEOUT_SLACK_NS (5 * PF_NS_PER_S)
/* a page is asked for again so often before the list begins anew */
#define PAGE_TRIES 3
/* streaming lists that do not come to their end, until paged ones are used */
#define MAX_STRIKES 2

static int64_t now(const struct pf_reflector *self)
{
    return pf_clock_mono_ns(self->options.clock);
}

void pf_reflect_drop_readers(struct pf_reflector *self)
{
    pf_list_stream_free(self->list);
    self->list = NULL;
    pf_watch_stream_done(&self->watch);
    self->stats.watching = false;
}

/* the reader is to stop the call: why */
static bool stop(struct pf_reflector *self, enum reflect_verdict verdict, const char *why)
{
    if (self->verdict == REFLECT_FINE) {
        self->verdict = verdict;
        (void)snprintf(self->why, sizeof(self->why), "%s of %s: %s",
                       self->mode == REFLECT_WATCH ? "watch" : "list", self->options.name, why);
    }
    return false;
}

static void begin_replace(struct pf_reflector *self)
{
    if (!self->replacing) {
        self->replacing = true;
        self->options.sink->replace_begin(self->options.ctx);
    }
}

static void end_replace(struct pf_reflector *self, bool complete)
{
    if (self->replacing) {
        self->replacing = false;
        self->options.sink->replace_end(self->options.ctx, complete);
    }
    self->list_ns = 0;
    self->page_tries = 0;
    pf_buf_reset(&self->token);
}

static void alive(struct pf_reflector *self)
{
    self->stats.alive_mono_ns = now(self);
    self->options.sink->alive(self->options.ctx, pf_sv_from(self->stats.resource_version));
}

/* the server has given something of use */
static void progress(struct pf_reflector *self)
{
    self->trouble_ns = 0;
    self->denied = 0;
    self->silent = 0;
}

static void advance(struct pf_reflector *self, struct pf_sv version)
{
    const uint64_t number = pf_reflect_number(version);
    if (version.len == 0 || version.len >= sizeof(self->stats.resource_version) ||
        (number != 0 && number < self->last)) {
        return;
    }
    memcpy(self->stats.resource_version, version.ptr, version.len);
    self->stats.resource_version[version.len] = '\0';
    self->last = number;
    self->recent[self->recent_at++ % REFLECT_RECENT] = number;
}

/* all objects are known as of @p version */
static void list_done(struct pf_reflector *self, struct pf_sv version)
{
    begin_replace(self);
    end_replace(self, /* complete= */ true);
    self->stats.synced = true;
    self->stats.lists++;
    self->strikes = 0;
    self->expired = 0;
    self->gap_pending = false;
    self->last = 0;
    memset(self->recent, 0, sizeof(self->recent));
    advance(self, version);
    self->floor = self->last;
    self->mode = REFLECT_WATCH;
    progress(self);
    alive(self);
}

static bool is_usable(struct pf_sv version)
{
    return version.len != 0 &&
           version.len < sizeof(((struct pf_reflector_stats *)0)->resource_version);
}

static bool on_bookmark(struct pf_reflector *self, const struct pf_watch_event *event)
{
    self->stats.bookmarks++;
    self->sees_bookmarks = true;
    if (self->mode == REFLECT_WATCH) {
        progress(self);
        advance(self, event->resource_version);
        alive(self);
        return true;
    }
    if (!event->initial_events_end) {
        /* an older server ignores sendInitialEvents: it watches from any state and never says where that ends */
        self->streaming = false;
        return stop(self, REFLECT_PLAIN, "the server has no streaming lists");
    }
    if (!is_usable(event->resource_version)) {
        return stop(self, REFLECT_RETRY, "the end has no usable resourceVersion");
    }
    list_done(self, event->resource_version);
    pf_reflect_count_watch(self);
    self->stats.watching = true;
    return true;
}

static bool on_error(struct pf_reflector *self, const struct pf_watch_event *event)
{
    char why[200];
    enum reflect_verdict verdict = pf_reflect_judge(self->mode, event->status_code,
                                                    event->status_reason, event->status_message);
    if (verdict != REFLECT_PLAIN && event->status_code != 429) {
        verdict = REFLECT_RELIST; /* the stream has lost something */
    }
    (void)snprintf(why, sizeof(why), "the server ended it: %d %.*s %.*s", event->status_code,
                   PF_SV_ARG(event->status_reason), PF_SV_ARG(event->status_message));
    return stop(self, verdict, why);
}

/*
 * Events of a watch come in the order of their resourceVersions, which are decimal numbers (docs since 1.35, etcd revisions before). One that is not newer is dropped:
 * it may be of an object that has been deleted since. Was it seen before, or is it older than the list, nothing is lost by that; otherwise a list is owed.
 */
static bool is_newer(struct pf_reflector *self, struct pf_sv version)
{
    const uint64_t number = pf_reflect_number(version);
    if (number == 0 || self->last == 0 || number > self->last) {
        return true;
    }
    self->stats.repeated++;
    bool seen = number <= self->floor;
    for (size_t i = 0; i < REFLECT_RECENT && !seen; i++) {
        seen = self->recent[i] == number;
    }
    self->gap_pending = self->gap_pending || !seen;
    return false;
}

static bool on_change(struct pf_reflector *self, const struct pf_watch_event *event)
{
    const bool watching = self->mode == REFLECT_WATCH;
    if (watching) {
        self->stats.events++;
        progress(self);
        if (!is_newer(self, event->resource_version)) {
            return true;
        }
    } else {
        begin_replace(self);
    }
    if (!self->options.sink->object(self->options.ctx, event->type, event->object)) {
        return stop(self, REFLECT_RELIST, "out of memory");
    }
    if (watching) {
        advance(self, event->resource_version);
        alive(self);
    }
    return true;
}

bool pf_reflect_on_event(void *ctx, const struct pf_watch_event *event)
{
    struct pf_reflector *self = ctx;
    self->heard++;
    self->heard_ns = now(self);
    switch (event->type) {
    case PF_WATCH_BOOKMARK:
        return on_bookmark(self, event);
    case PF_WATCH_ERROR:
        return on_error(self, event);
    case PF_WATCH_OTHER:
        self->stats.unknown_events++;
        return true;
    default:
        return on_change(self, event);
    }
}

bool pf_reflect_on_item(void *ctx, struct pf_sv item)
{
    struct pf_reflector *self = ctx;
    begin_replace(self);
    return self->options.sink->object(self->options.ctx, PF_WATCH_ADDED, item) ||
           stop(self, REFLECT_RELIST, "out of memory");
}

bool pf_reflect_on_data(void *ctx, struct pf_sv bytes)
{
    struct pf_reflector *self = ctx;
    struct pf_err err = {0};
    enum pf_code code = PF_OK;
    if (self->mode == REFLECT_LIST) {
        self->heard_ns = now(self);
        code = pf_list_stream_feed(self->list, bytes, &err);
    } else {
        if (self->mode == REFLECT_WATCH) {
            pf_reflect_count_watch(self);
        }
        code = pf_watch_stream_feed(&self->watch, bytes, &err);
    }
    return code == PF_OK || stop(self, REFLECT_RETRY, err.text);
}

/* a page is whole: ask for the next, or take over the list */
static void page_done(struct pf_reflector *self)
{
    struct pf_err err = {0};
    const struct pf_sv version = pf_list_stream_resource_version(self->list);
    enum pf_code code = pf_list_stream_end(self->list, &err);
    if (code == PF_OK && !is_usable(version)) {
        code = pf_err_set(&err, PF_E_INVALID, "resourceVersion is too long");
    }
    if (code != PF_OK) {
        (void)stop(self, REFLECT_RETRY, err.text);
        pf_reflect_drop_readers(self);
        pf_reflect_fail(self, self->verdict, -1, pf_sv_from(self->why));
        return;
    }
    if (self->token.len == 0) {
        /* pages of one list have one version; should a later one be newer, the watch from the first brings what lies between again */
        (void)snprintf(self->list_version, sizeof(self->list_version), "%.*s", PF_SV_ARG(version));
    }
    const struct pf_sv token = pf_list_stream_continue(self->list);
    pf_buf_reset(&self->token);
    pf_buf_append_sv(&self->token, token);
    self->page_tries = 0;
    self->due_ns = now(self);
    const bool more = self->token.len != 0;
    const bool lost = self->token.failed != PF_OK;
    pf_reflect_drop_readers(self);
    if (lost) {
        pf_reflect_fail(self, REFLECT_RELIST, -1, PF_SV("out of memory"));
    } else if (!more) {
        list_done(self, pf_sv_from(self->list_version));
    }
}

/* the server has closed a watch in an orderly way */
static void watch_ended(struct pf_reflector *self)
{
    const int64_t lasted_ns = now(self) - self->begun_ns;
    const bool torn = self->watch.frame.len != 0;
    pf_reflect_count_watch(self);
    pf_reflect_drop_readers(self);
    if (torn || (lasted_ns < WATCH_PACE_NS && self->heard == 0)) {
        (void)stop(self, torn ? REFLECT_WAIT : REFLECT_RETRY,
                   torn ? "cut off" : "ended at once, without an event");
        pf_reflect_fail(self, self->verdict, -1, pf_sv_from(self->why));
        return;
    }
    if (lasted_ns >= HEALTHY_NS) {
        self->step = 0;
    }
    self->stats.restarts += lasted_ns < self->timeout_s * PF_NS_PER_S - TIMEOUT_SLACK_NS;
    self->due_ns = lasted_ns < WATCH_PACE_NS ? self->begun_ns + WATCH_PACE_NS : now(self);
}

void pf_reflect_on_done(void *ctx, const struct pf_kube_result *result)
{
    struct pf_reflector *self = ctx;
    self->call = NULL;
    self->stats.watching = false;
    if (self->verdict == REFLECT_FINE && result->code == PF_OK && self->mode == REFLECT_LIST) {
        page_done(self);
        return;
    }
    if (self->verdict == REFLECT_FINE && result->code == PF_OK && self->mode == REFLECT_WATCH) {
        watch_ended(self);
        return;
    }
    pf_reflect_drop_readers(self);
    if (self->verdict == REFLECT_FINE && result->code == PF_OK) {
        self->heard++;
        (void)stop(self, REFLECT_WAIT, "ended before its end bookmark");
    }
    if (self->verdict != REFLECT_FINE) {
        pf_reflect_fail(self, self->verdict, -1, pf_sv_from(self->why));
        return;
    }
    const enum reflect_verdict verdict =
        pf_reflect_judge(self->mode, result->status, result->reason, result->message);
    if (verdict == REFLECT_DENIED && self->denied != result->status) {
        self->denied = result->status;
        self->options.sink->denied(self->options.ctx, result->status, result->message);
    }
    if (result->status == 400 || result->status == 422) {
        self->streaming = self->streaming && self->mode != REFLECT_STREAM;
    }
    pf_reflect_fail(self, verdict, result->retry_after_ms, result->message);
}

/* an expired token: the whole list took longer than etcd remembers, so that pages grow until one is enough */
static void token_expired(struct pf_reflector *self)
{
    self->expired++;
    self->page_limit = self->expired >= 2 ? 0 : self->page_limit * 4;
}

/* which request a list begins with */
static enum reflect_mode first_mode(const struct pf_reflector *self)
{
    return self->streaming ? REFLECT_STREAM : REFLECT_LIST;
}

void pf_reflect_start_over(struct pf_reflector *self)
{
    end_replace(self, /* complete= */ false);
    self->mode = first_mode(self);
}

static void list_failed(struct pf_reflector *self, enum reflect_verdict verdict)
{
    const bool again = verdict == REFLECT_WAIT || verdict == REFLECT_RETRY;
    if (again && self->token.len != 0 && ++self->page_tries <= PAGE_TRIES) {
        return; /* the same page once more */
    }
    if (verdict == REFLECT_RELIST && self->token.len != 0 && self->verdict == REFLECT_FINE) {
        token_expired(self);
    }
    pf_reflect_start_over(self);
}

static void stream_failed(struct pf_reflector *self, enum reflect_verdict verdict)
{
    if (self->heard != 0 && verdict != REFLECT_PLAIN && ++self->strikes >= MAX_STRIKES) {
        self->streaming = false;
    }
    end_replace(self, /* complete= */ false);
    self->mode = verdict == REFLECT_PLAIN ? REFLECT_LIST : first_mode(self);
}

void pf_reflect_fail(struct pf_reflector *self, enum reflect_verdict verdict,
                     int64_t retry_after_ms, struct pf_sv message)
{
    const int64_t at_ns = now(self);
    self->stats.failures++;
    (void)snprintf(self->stats.last_failure, sizeof(self->stats.last_failure), "%.*s",
                   PF_SV_ARG(message));
    if (self->trouble_ns == 0 && verdict == REFLECT_RETRY) {
        self->trouble_ns = at_ns;
    }
    switch (self->mode) {
    case REFLECT_LIST:
        list_failed(self, verdict);
        break;
    case REFLECT_STREAM:
        stream_failed(self, verdict);
        break;
    case REFLECT_WATCH:
        self->stats.restarts += self->counted;
        self->step = at_ns - self->begun_ns >= HEALTHY_NS && self->heard != 0 ? 0 : self->step;
        if (verdict == REFLECT_RELIST ||
            (verdict == REFLECT_RETRY && at_ns - self->trouble_ns >= TROUBLE_NS)) {
            self->mode = first_mode(self);
        }
        break;
    }
    self->due_ns = at_ns + pf_reflect_delay_ns(self, verdict, retry_after_ms);
}

#include <stdio.h>

#include "live_internal.h"
#include <podfit/log.h>

/* The first ones of a kind are told one by one, later ones are only counted: a controller may write thousands. */
#define REJECTED_LOGGED 10

static void remember(char *text, size_t bytes, struct pf_sv message)
{
    (void)snprintf(text, bytes, "%.*s", PF_SV_ARG(message)); /* cut when it is too long */
}

static void replace_begin(void *ctx)
{
    struct pf_live_follow *follow = ctx;
    follow->listing = true;
    pf_live_recent_clear(&follow->recent);
    pf_feed_doubt(follow->live->options.model, follow->spec->feed);
    if (follow->spec->feed != PF_FEED_POD) {
        return;
    }
    if (follow->live->gate != NULL) {
        pf_live_gate_replace_begin(follow->live->gate);
    }
    if (follow->live->options.outcomes != NULL) {
        pf_outcomes_replace_begin(follow->live->options.outcomes);
    }
}

/* The model knows the kind from now on; until then a verdict that needs it is `unknown`. */
void pf_live_sink_known(struct pf_live_follow *follow, bool known)
{
    struct pf_model *model = follow->live->options.model;
    if (follow->spec->feed < PF_FEED_OBJECT || follow->known == known) {
        return;
    }
    const enum pf_kind kind = (enum pf_kind)(follow->spec->feed - PF_FEED_OBJECT);
    pf_model_lock(model);
    if (known) {
        pf_model_mark_kind(model, kind);
    } else {
        pf_model_unmark_kind(model, kind);
    }
    pf_model_unlock(model);
    follow->known = known;
}

static void replace_end(void *ctx, bool complete)
{
    struct pf_live_follow *follow = ctx;
    follow->listing = false;
    if (!complete) {
        return;
    }
    (void)pf_feed_sweep(follow->live->options.model, follow->spec->feed);
    if (follow->spec->feed == PF_FEED_POD && follow->live->gate != NULL) {
        pf_live_gate_replace_end(follow->live->gate);
    }
    if (follow->spec->feed == PF_FEED_POD && follow->live->options.outcomes != NULL) {
        pf_outcomes_replace_end(follow->live->options.outcomes);
    }
    follow->live->changed = true;
    if (follow->denied || follow->absent) {
        pf_log_info("live", "%s can be listed now", follow->spec->name);
    }
    follow->denied = false;
    follow->absent = false;
    follow->synced = true;
    pf_live_sink_known(follow, /* known= */ true);
}

static void alive(void *ctx, struct pf_sv resource_version)
{
    struct pf_live_follow *follow = ctx;
    follow->alive_mono_ns = pf_clock_mono_ns(follow->live->options.clock);
    if (follow->denied && follow->synced) {
        follow->denied = false; /* the watch goes on where it was */
        pf_live_sink_known(follow, /* known= */ true);
        pf_log_info("live", "%s can be watched again", follow->spec->name);
    }
    if (resource_version.len != 0) {
        remember(follow->resource_version, sizeof(follow->resource_version), resource_version);
    }
}

static void denied(void *ctx, int status, struct pf_sv message)
{
    struct pf_live_follow *follow = ctx;
    const char *name = follow->spec->name;
    follow->absent = status == 404;
    follow->denied = status != 404;
    remember(follow->failure, sizeof(follow->failure), message);
    if (follow->absent) {
        /* a resource that the server does not have has no objects */
        pf_feed_doubt(follow->live->options.model, follow->spec->feed);
        (void)pf_feed_sweep(follow->live->options.model, follow->spec->feed);
        pf_log_info("live", "the API server does not have %s", name);
        pf_live_sink_known(follow, /* known= */ true);
        return;
    }
    pf_live_sink_known(follow, /* known= */ false);
    if (follow->live->options.impatient && (follow->spec->needed || !follow->live->synced)) {
        return; /* whoever waits for the list says it */
    }
    pf_log_warning(
        "live", "%.*s; %s: grant 'list' and 'watch' on %s (see manifests/base), trying on",
        PF_SV_ARG(message),
        follow->spec->needed ? "nothing is judged without it" : "verdicts that need it are unknown",
        name);
}

/* What was known of an object that cannot be read stays: better old than gone. */
static void reject(struct pf_live_follow *follow, const struct pf_meta *meta,
                   const struct pf_err *why)
{
    const struct pf_feed_key key = {.namespace_ = meta->namespace_, .name = meta->name};
    pf_feed_keep(follow->live->options.model, follow->spec->feed, &key);
    follow->rejected++;
    (void)snprintf(follow->failure, sizeof(follow->failure), "%.*s/%.*s: %.160s",
                   PF_SV_ARG(meta->namespace_), PF_SV_ARG(meta->name), why->text);
    if (follow->rejected <= REJECTED_LOGGED) {
        pf_log_warning("live", "%s: cannot use '%.*s/%.*s', ignoring: %s", follow->spec->name,
                       PF_SV_ARG(meta->namespace_), PF_SV_ARG(meta->name), why->text);
    }
}

/* One decoded pod goes to everybody who wants to know. @return PF_OK or PF_E_NO_MEMORY, others: rejected */
static enum pf_code take_pod(struct pf_live *live, const struct pf_pod *pod, struct pf_err *err)
{
    pf_model_lock(live->options.model);
    const enum pf_code code = pf_model_apply_pod(live->options.model, pod, err);
    pf_model_unlock(live->options.model);
    if (code != PF_OK) {
        return code;
    }
    if (live->options.outcomes != NULL) {
        pf_outcomes_pod(live->options.outcomes, pod);
    }
    const bool kept = live->gate == NULL || pf_live_gate_pod(live->gate, pod);
    return kept ? PF_OK : pf_err_set(err, PF_E_NO_MEMORY, "no memory for a gated pod");
}

static void drop_pod(struct pf_live *live, const struct pf_pod *pod)
{
    const struct pf_feed_key key = {
        .namespace_ = pod->meta.namespace_, .name = pod->meta.name, .uid = pod->meta.uid};
    (void)pf_feed_remove(live->options.model, PF_FEED_POD, &key);
    if (live->gate != NULL) {
        pf_live_gate_gone(live->gate, &pod->meta);
    }
    if (live->options.outcomes != NULL) {
        pf_outcomes_gone(live->options.outcomes, pod);
    }
}

static enum pf_code on_pod(struct pf_live_follow *follow, enum pf_watch_type type,
                           struct pf_sv object, struct pf_err *err)
{
    struct pf_live *live = follow->live;
    struct pf_pod pod = {.phase = PF_PHASE_PENDING};
    const enum pf_code code = pf_pod_decode(object, &live->arena, &pod, err);
    if (code != PF_OK) {
        return code;
    }
    if (!follow->listing && pf_live_recent_is_late(&follow->recent, &pod.meta)) {
        follow->late++;
        return PF_OK;
    }
    if (type == PF_WATCH_DELETED) {
        drop_pod(live, &pod);
        return PF_OK;
    }
    return take_pod(live, &pod, err);
}

static enum pf_code on_other(struct pf_live_follow *follow, enum pf_watch_type type,
                             const struct pf_meta *meta, struct pf_sv object, struct pf_err *err)
{
    struct pf_live *live = follow->live;
    if (!follow->listing && pf_live_recent_is_late(&follow->recent, meta)) {
        follow->late++;
        return PF_OK;
    }
    if (type == PF_WATCH_DELETED) {
        const struct pf_feed_key key = {.namespace_ = meta->namespace_, .name = meta->name};
        (void)pf_feed_remove(live->options.model, follow->spec->feed, &key);
        return PF_OK;
    }
    return pf_feed_apply(live->options.model, &follow->kind, object, &live->arena, err);
}

/* Name, namespace and version of any object: a namespace is nothing but metadata. */
static struct pf_meta meta_of(struct pf_live *live, struct pf_sv object)
{
    struct pf_namespace any = {.meta = {.deleting = false}};
    struct pf_err ignored = {0};
    const enum pf_code code = pf_namespace_decode(object, &live->arena, &any, &ignored);
    return code == PF_OK ? any.meta : (struct pf_meta){.deleting = false};
}

static bool take_object(void *ctx, enum pf_watch_type type, struct pf_sv object)
{
    struct pf_live_follow *follow = ctx;
    struct pf_live *live = follow->live;
    struct pf_err err = {0};
    struct pf_meta meta = {.deleting = false};
    enum pf_code code = PF_OK;
    pf_arena_reset(&live->arena);
    if (follow->spec->feed == PF_FEED_POD) {
        code = on_pod(follow, type, object, &err);
    } else {
        meta = meta_of(live, object);
        code = on_other(follow, type, &meta, object, &err);
    }
    live->changed = true;
    if (code == PF_OK) {
        return true;
    }
    /* an object that fills the arena is hostile, not a lack of memory: a new list would bring it again */
    if (code == PF_E_NO_MEMORY && live->arena.used_bytes < live->arena.max_bytes / 2) {
        remember(follow->failure, sizeof(follow->failure), pf_sv_from(err.text));
        return false;
    }
    pf_arena_reset(&live->arena);
    meta = meta_of(live, object);
    reject(follow, &meta, &err);
    return true;
}

const struct pf_reflector_sink pf_live_sink = {
    .replace_begin = replace_begin,
    .object = take_object,
    .replace_end = replace_end,
    .alive = alive,
    .denied = denied,
};

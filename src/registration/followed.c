#include "followed.h"

#include <stdio.h>
#include <string.h>

#include <podfit/cert.h>
#include <podfit/limits.h>

bool pf_followed_put(struct pf_followed *followed, struct pf_sv json)
{
    if (followed->present && pf_sv_eq(pf_buf_view(&followed->json), json)) {
        return true;
    }
    struct pf_buf copy = {0};
    pf_buf_init(&copy, PF_OBJECT_MAX_BYTES);
    if (pf_buf_reserve(&copy, json.len) == NULL) { /* grows once: no copies of keys */
        return false;
    }
    pf_buf_append_sv(&copy, json);
    pf_cert_secret_done(&followed->json);
    followed->json = copy;
    followed->present = true;
    followed->changed = true;
    return true;
}

void pf_followed_remove(struct pf_followed *followed)
{
    followed->changed = followed->changed || followed->present;
    followed->present = false;
    pf_cert_secret_done(&followed->json);
}

bool pf_followed_take(struct pf_followed *followed)
{
    const bool changed = followed->changed;
    followed->changed = false;
    return changed;
}

static void replace_begin(void *ctx)
{
    struct pf_followed *followed = ctx;
    followed->seen = false;
}

/* The selector leaves exactly one. */
static bool object(void *ctx, enum pf_watch_type type, struct pf_sv json)
{
    struct pf_followed *followed = ctx;
    if (type == PF_WATCH_DELETED) {
        followed->seen = false;
        pf_followed_remove(followed);
        return true;
    }
    followed->seen = true;
    return pf_followed_put(followed, json);
}

static void replace_end(void *ctx, bool complete)
{
    struct pf_followed *followed = ctx;
    if (!complete) {
        return;
    }
    if (!followed->seen) {
        pf_followed_remove(followed);
    }
    followed->changed = followed->changed || !followed->synced;
    followed->synced = true;
    followed->why[0] = '\0';
}

static void alive(void *ctx, struct pf_sv resource_version)
{
    struct pf_followed *followed = ctx;
    (void)resource_version;
    followed->why[0] = '\0';
}

static void denied(void *ctx, int status, struct pf_sv message)
{
    struct pf_followed *followed = ctx;
    (void)status;
    (void)snprintf(followed->why, sizeof(followed->why), "%.*s", PF_SV_ARG(message));
}

static const struct pf_reflector_sink sink = {
    .replace_begin = replace_begin,
    .object = object,
    .replace_end = replace_end,
    .alive = alive,
    .denied = denied,
};

enum pf_code pf_followed_begin(struct pf_followed *followed,
                               const struct pf_followed_options *options, struct pf_err *err)
{
    const int path = snprintf(followed->path, sizeof(followed->path), "%s", options->list_path);
    const int selector =
        snprintf(followed->selector, sizeof(followed->selector), "metadata.name=%s", options->name);
    if (path >= (int)sizeof(followed->path) || selector >= (int)sizeof(followed->selector)) {
        return pf_err_set(err, PF_E_TOO_BIG, "the name of the %s is too long", options->what);
    }
    const struct pf_reflector_options reflector = {
        .client = options->client,
        .clock = options->clock,
        .name = options->what,
        .path = followed->path,
        .field_selector = followed->selector,
        .streaming_lists = true,
        .seed = options->seed,
        .sink = &sink,
        .ctx = followed,
    };
    return pf_reflector_new(&reflector, &followed->reflector, err);
}

void pf_followed_end(struct pf_followed *followed)
{
    pf_reflector_free(followed->reflector);
    followed->reflector = NULL;
    pf_cert_secret_done(&followed->json);
}

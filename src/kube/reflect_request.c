#include <stdio.h>

#include "reflect.h"

/* five to ten minutes, so that watches do not end together. Source: client-go tools/cache/reflector.go (minWatchTimeout) */
#define WATCH_MIN_S  300
#define WATCH_SPAN_S 300

/* the token is a key of etcd in base64, three times as long when all of it needs an escape */
#define PATH_MAX_BYTES (4 * PF_LIST_METADATA_MAX_BYTES)

static void append_watch(struct pf_reflector *self, struct pf_buf *path)
{
    self->timeout_s = WATCH_MIN_S + (int64_t)pf_random_below(&self->random, WATCH_SPAN_S);
    if (self->mode == REFLECT_STREAM) {
        pf_buf_append_cstr(path, "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                                 "&allowWatchBookmarks=true");
    } else {
        pf_buf_append_cstr(path, "watch=1&allowWatchBookmarks=true&resourceVersion=");
        pf_kube_escape(path, pf_sv_from(self->stats.resource_version));
    }
    pf_buf_printf(path, "&timeoutSeconds=%lld", (long long)self->timeout_s);
}

/*
 * Without resourceVersion a list is as of now. With `0` it would come from the watch cache, may lie before what is known, and the server would ignore the limit:
 * a gigabyte in one answer that it cuts off after 60 s.
 */
static void append_list(const struct pf_reflector *self, struct pf_buf *path)
{
    pf_buf_printf(path, "limit=%lu", (unsigned long)self->page_limit);
    if (self->token.len != 0) {
        pf_buf_append_cstr(path, "&continue=");
        pf_kube_escape(path, pf_buf_view(&self->token));
    }
}

static enum pf_code build_path(struct pf_reflector *self, struct pf_buf *path, struct pf_err *err)
{
    pf_buf_append_cstr(path, self->options.path);
    pf_buf_append_char(path, '?');
    if (self->mode == REFLECT_LIST) {
        append_list(self, path);
    } else {
        append_watch(self, path);
    }
    if (self->options.field_selector != NULL) {
        pf_buf_append_cstr(path, "&fieldSelector=");
        pf_kube_escape(path, pf_sv_from(self->options.field_selector));
    }
    return pf_buf_status(path, err);
}

static enum pf_code open_reader(struct pf_reflector *self)
{
    if (self->mode == REFLECT_LIST) {
        return pf_list_stream_new(PF_OBJECT_MAX_BYTES, pf_reflect_on_item, self, &self->list);
    }
    pf_watch_stream_init(&self->watch, PF_OBJECT_MAX_BYTES, pf_reflect_on_event, self);
    return PF_OK;
}

static enum pf_code ask(struct pf_reflector *self, struct pf_err *err)
{
    pf_autobuf struct pf_buf path = {0};
    char what[64];
    pf_buf_init(&path, PATH_MAX_BYTES);
    enum pf_code code = build_path(self, &path, err);
    if (code != PF_OK) {
        return code;
    }
    code = open_reader(self);
    if (code != PF_OK) {
        return pf_err_set(err, code, "no memory for a list of %s", self->options.name);
    }
    (void)snprintf(what, sizeof(what), "%s %s", self->mode == REFLECT_WATCH ? "watch" : "list",
                   self->options.name);
    const struct pf_kube_request request = {
        .method = "GET",
        .path = path.data,
        .what = what,
        .on_data = pf_reflect_on_data,
        .on_done = pf_reflect_on_done,
        .ctx = self,
    };
    return pf_kube_client_start(self->options.client, &request, &self->call, err);
}

void pf_reflect_start(struct pf_reflector *self, int64_t now_ns)
{
    struct pf_err err = {0};
    self->begun_ns = now_ns;
    self->heard_ns = now_ns;
    self->heard = 0;
    self->counted = false;
    self->verdict = REFLECT_FINE;
    if (self->mode != REFLECT_WATCH && self->list_ns == 0) {
        self->list_ns = now_ns;
    }
    if (ask(self, &err) != PF_OK) {
        self->call = NULL;
        pf_reflect_drop_readers(self);
        pf_reflect_fail(self, REFLECT_WAIT, -1, pf_sv_from(err.text));
        return;
    }
    self->stats.watching = self->mode == REFLECT_WATCH;
}

#include "part.h"
#include <podfit/arena.h>
#include <podfit/cursor.h>
#include <podfit/watch_stream.h>

/** Where the end of a streaming list is told. Source: KEP-3157. */
#define END_ANNOTATION "k8s.io/initial-events-end"

void pf_watch_stream_init(struct pf_watch_stream *stream, size_t max_frame_bytes,
                          pf_watch_on_event *on_event, void *ctx)
{
    *stream = (struct pf_watch_stream){.on_event = on_event, .ctx = ctx};
    pf_buf_init(&stream->frame, max_frame_bytes);
}

void pf_watch_stream_done(struct pf_watch_stream *stream)
{
    pf_buf_done(&stream->frame);
}

static enum pf_watch_type type_of(struct pf_sv name)
{
    static const struct pf_sv names[] = {
        [PF_WATCH_ADDED] = PF_SV_INIT("ADDED"),     [PF_WATCH_MODIFIED] = PF_SV_INIT("MODIFIED"),
        [PF_WATCH_DELETED] = PF_SV_INIT("DELETED"), [PF_WATCH_BOOKMARK] = PF_SV_INIT("BOOKMARK"),
        [PF_WATCH_ERROR] = PF_SV_INIT("ERROR"),
    };
    return (enum pf_watch_type)pf_cursor_match(name, names, PF_ARRAY_LEN(names));
}

/* the annotations of a bookmark */
static void read_annotations(struct pf_cursor *c, struct pf_arena *arena,
                             struct pf_watch_event *event)
{
    static const struct pf_sv keys[] = {PF_SV_INIT(END_ANNOTATION)};
    struct pf_sv value = {0};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (pf_cursor_string(c, arena, &value)) {
            event->initial_events_end = pf_sv_eq_cstr(value, "true");
        }
    }
}

/* false: what is wanted has been found, the rest need not be looked at */
static bool read_metadata(struct pf_cursor *c, struct pf_arena *arena, struct pf_watch_event *event)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("resourceVersion"), PF_SV_INIT("annotations")};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == 0) {
            (void)pf_cursor_string(c, arena, &event->resource_version);
            if (event->type != PF_WATCH_BOOKMARK) {
                return false;
            }
        } else if (event->type == PF_WATCH_BOOKMARK) {
            read_annotations(c, arena, event);
        }
    }
    return event->type == PF_WATCH_BOOKMARK;
}

static void read_status(struct pf_cursor *c, struct pf_arena *arena, struct pf_watch_event *event)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("code"), PF_SV_INIT("reason"),
                                        PF_SV_INIT("message")};
    uint64_t seen = 0;
    size_t field = 0;
    int64_t code = 0;
    (void)pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == 0) {
            (void)pf_cursor_i64(c, &code);
        } else {
            (void)pf_cursor_string(c, arena,
                                   field == 1 ? &event->status_reason : &event->status_message);
        }
    }
    event->status_code = code >= 100 && code <= 999 ? (int)code : 0;
}

static void read_object(struct pf_cursor *c, struct pf_arena *arena, struct pf_watch_event *event)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("metadata")};
    uint64_t seen = 0;
    size_t field = 0;
    pf_cursor_init(c, event->object);
    if (event->type == PF_WATCH_ERROR) {
        read_status(c, arena, event);
        return;
    }
    (void)pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (!read_metadata(c, arena, event)) {
            return; /* the envelope's reader has checked the whole object */
        }
    }
}

/* type and object; every byte of the frame is checked here */
static void read_envelope(struct pf_cursor *c, struct pf_arena *arena, struct pf_watch_event *event)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("type"), PF_SV_INIT("object")};
    struct pf_sv type = {0};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == 0) {
            (void)pf_cursor_string(c, arena, &type);
        } else if (pf_cursor_kind(c) != PF_JSON_OBJECT) {
            (void)pf_cursor_fail(c, PF_E_INVALID, "the object of a watch event is none");
        } else {
            (void)pf_cursor_span(c, &event->object);
        }
    }
    if (pf_cursor_end(c) && (type.len == 0 || event->object.len == 0)) {
        (void)pf_cursor_fail(c, PF_E_INVALID, "a watch event needs type and object");
    }
    event->type = type_of(type);
}

static enum pf_code take_frame(const struct pf_watch_stream *stream, struct pf_sv text,
                               struct pf_err *err)
{
    pf_autoarena struct pf_arena arena = {0};
    struct pf_watch_event event = {0};
    struct pf_cursor c;
    text = pf_sv_trim(text);
    if (text.len == 0) {
        return PF_OK;
    }
    pf_arena_init(&arena, stream->frame.max_bytes);
    pf_cursor_init(&c, text);
    read_envelope(&c, &arena, &event);
    if (pf_cursor_ok(&c)) {
        read_object(&c, &arena, &event);
    }
    if (!pf_cursor_ok(&c)) {
        (void)pf_cursor_error(&c, err);
        return pf_err_wrap(err, c.code, "watch event");
    }
    if (!stream->on_event(stream->ctx, &event)) {
        return pf_err_set(err, PF_E_STATE, "the watch is not wanted any more");
    }
    return PF_OK;
}

/* bytes up to a newline, after those that came before */
static enum pf_code end_frame(struct pf_watch_stream *stream, struct pf_sv piece,
                              struct pf_err *err)
{
    struct pf_sv text = piece;
    if (stream->frame.len != 0) {
        pf_buf_append_sv(&stream->frame, piece);
        text = pf_buf_view(&stream->frame);
    }
    enum pf_code code = pf_buf_status(&stream->frame, err);
    if (code == PF_OK && text.len > stream->frame.max_bytes) {
        code = pf_err_set(err, PF_E_TOO_BIG, "a watch event is over %zu bytes",
                          stream->frame.max_bytes);
    }
    if (code == PF_OK) {
        code = take_frame(stream, text, err);
    }
    pf_part_reset(&stream->frame);
    return code;
}

enum pf_code pf_watch_stream_feed(struct pf_watch_stream *stream, struct pf_sv bytes,
                                  struct pf_err *err)
{
    while (bytes.len != 0) {
        const char *newline = memchr(bytes.ptr, '\n', bytes.len);
        if (newline == NULL) {
            pf_buf_append_sv(&stream->frame, bytes);
            return pf_buf_status(&stream->frame, err);
        }
        const struct pf_sv piece = {.ptr = bytes.ptr, .len = (size_t)(newline - bytes.ptr)};
        const enum pf_code code = end_frame(stream, piece, err);
        if (code != PF_OK) {
            return code;
        }
        bytes = (struct pf_sv){.ptr = newline + 1, .len = bytes.len - piece.len - 1};
    }
    return PF_OK;
}

/*
 * The reader of watch frames: the first two bytes say how the rest is cut. Whole, cut at the two places and byte by byte it must give the same events and the same
 * result; what it hands out is JSON.
 */

#include <stdint.h>
#include <stdlib.h>

#include <podfit/cursor.h>
#include <podfit/watch_stream.h>

#define MAX_BYTES ((size_t)64 * 1024)
#define LIMIT     ((size_t)2048)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t hash;
    size_t events;
};

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool on_event(void *ctx, const struct pf_watch_event *event)
{
    struct seen *seen = ctx;
    struct pf_cursor c;
    pf_cursor_init(&c, event->object);
    check(pf_cursor_kind(&c) == PF_JSON_OBJECT && pf_cursor_end(&c));
    check(pf_sv_is_utf8(event->resource_version) && pf_sv_is_utf8(event->status_message));
    check(event->status_code == 0 || (event->status_code >= 100 && event->status_code <= 999));
    check(!event->initial_events_end || event->type == PF_WATCH_BOOKMARK);
    seen->hash = seen->hash * 31 + (uint64_t)event->type + pf_sv_hash(event->object, 1) +
                 3 * pf_sv_hash(event->resource_version, 2) +
                 5 * pf_sv_hash(event->status_reason, 3) + event->initial_events_end;
    seen->events++;
    return seen->events < 100;
}

static enum pf_code play(struct pf_sv text, const size_t *step, struct seen *seen)
{
    struct pf_watch_stream stream;
    struct pf_err err = {0};
    enum pf_code code = PF_OK;
    pf_watch_stream_init(&stream, LIMIT, on_event, seen);
    for (size_t at = 0, i = 0; code == PF_OK && at < text.len; i++) {
        const size_t wanted = step[i < 2 ? i : 2];
        const size_t len = text.len - at < wanted ? text.len - at : wanted;
        code =
            pf_watch_stream_feed(&stream, (struct pf_sv){.ptr = text.ptr + at, .len = len}, &err);
        at += len;
    }
    check(code == err.code);
    pf_watch_stream_done(&stream);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > MAX_BYTES) {
        return 0;
    }
    const struct pf_sv text = {.ptr = (const char *)data + 2, .len = size - 2};
    const size_t whole[] = {SIZE_MAX, SIZE_MAX, SIZE_MAX};
    const size_t cut[] = {data[0] + (size_t)1, data[1] + (size_t)1, SIZE_MAX};
    const size_t bytes[] = {1, 1, 1};
    struct seen first = {0};
    struct seen second = {0};
    struct seen third = {0};
    const enum pf_code code = play(text, whole, &first);
    check(play(text, cut, &second) == code && play(text, bytes, &third) == code);
    check(first.hash == second.hash && first.events == second.events);
    check(first.hash == third.hash && first.events == third.events);
    return 0;
}

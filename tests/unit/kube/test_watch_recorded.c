/* The raw streams that a real API server sent (tests/reference/recorded/watch), cut in pieces: the list and the watch after it give the state that the server had. Every cut: test_stream_cuts.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <podfit/arena.h>
#include <podfit/cursor.h>
#include <podfit/file.h>
#include <podfit/limits.h>
#include <podfit/watch_stream.h>

#define FOLDER       PF_TEST_DATA "/reference/recorded/watch/"
#define MAX_OBJECTS  256
#define STREAM_BYTES ((size_t)4 * 1024 * 1024)

struct object {
    char key[128]; /* namespace/name */
    char version[24];
    uint64_t hash; /* of the text */
};

struct state {
    struct object objects[MAX_OBJECTS];
    size_t count;
    size_t events;
    size_t bookmarks;
    bool ended; /* the initial events have ended */
    char version[24];
};

static void read_object(struct pf_sv text, struct object *object)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("metadata")};
    static const struct pf_sv meta[] = {PF_SV_INIT("namespace"), PF_SV_INIT("name"),
                                        PF_SV_INIT("resourceVersion")};
    pf_autoarena struct pf_arena arena = {0};
    struct pf_sv values[3] = {{0}};
    struct pf_cursor c;
    uint64_t seen = 0;
    size_t field = 0;
    pf_arena_init(&arena, 4096);
    pf_cursor_init(&c, text);
    (void)pf_cursor_enter_object(&c);
    while (pf_cursor_next_field(&c, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        uint64_t inner = 0;
        (void)pf_cursor_enter_object(&c);
        while (pf_cursor_next_field(&c, meta, PF_ARRAY_LEN(meta), &inner, &field)) {
            (void)pf_cursor_string(&c, &arena, &values[field]);
        }
    }
    assert_true(pf_cursor_end(&c));
    assert_true(values[1].len != 0 && values[2].len != 0);
    (void)snprintf(object->key, sizeof(object->key), "%.*s/%.*s", PF_SV_ARG(values[0]),
                   PF_SV_ARG(values[1]));
    (void)snprintf(object->version, sizeof(object->version), "%.*s", PF_SV_ARG(values[2]));
    object->hash = pf_sv_hash(text, 1);
}

static size_t find(const struct state *state, const char *key)
{
    size_t i = 0;
    while (i < state->count && strcmp(state->objects[i].key, key) != 0) {
        i++;
    }
    return i;
}

static void put(struct state *state, struct pf_sv text)
{
    struct object object = {0};
    read_object(text, &object);
    const size_t i = find(state, object.key);
    assert_true(i < MAX_OBJECTS);
    state->objects[i] = object;
    state->count += i == state->count;
}

static void drop(struct state *state, struct pf_sv text)
{
    struct object object = {0};
    read_object(text, &object);
    const size_t i = find(state, object.key);
    assert_true(i < state->count);
    state->objects[i] = state->objects[--state->count];
}

static bool on_item(void *ctx, struct pf_sv item)
{
    put(ctx, item);
    return true;
}

static bool on_event(void *ctx, const struct pf_watch_event *event)
{
    struct state *state = ctx;
    switch (event->type) {
    case PF_WATCH_BOOKMARK:
        state->bookmarks++;
        state->ended = state->ended || event->initial_events_end;
        break;
    case PF_WATCH_DELETED:
        drop(state, event->object);
        state->events++;
        break;
    default:
        assert_true(event->type == PF_WATCH_ADDED || event->type == PF_WATCH_MODIFIED);
        put(state, event->object);
        state->events++;
        break;
    }
    (void)snprintf(state->version, sizeof(state->version), "%.*s",
                   PF_SV_ARG(event->resource_version));
    return true;
}

static void load(const char *name, struct pf_buf *text)
{
    char path[512];
    struct pf_err err = {0};
    (void)snprintf(path, sizeof(path), FOLDER "%s", name);
    pf_buf_init(text, STREAM_BYTES);
    if (pf_file_read(path, text, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

static void play_watch(const char *name, size_t step, struct state *state)
{
    pf_autobuf struct pf_buf text = {0};
    struct pf_watch_stream stream;
    struct pf_err err = {0};
    load(name, &text);
    pf_watch_stream_init(&stream, PF_OBJECT_MAX_BYTES, on_event, state);
    for (size_t at = 0; at < text.len; at += step) {
        const size_t len = text.len - at < step ? text.len - at : step;
        const struct pf_sv piece = {.ptr = text.data + at, .len = len};
        if (pf_watch_stream_feed(&stream, piece, &err) != PF_OK) {
            fail_msg("%s: %s", name, err.text);
        }
    }
    assert_int_equal(stream.frame.len, 0);
    pf_watch_stream_done(&stream);
}

static void play_list(const char *name, size_t step, bool more, struct state *state)
{
    pf_autobuf struct pf_buf text = {0};
    struct pf_list_stream *stream = NULL;
    struct pf_err err = {0};
    load(name, &text);
    assert_int_equal(pf_list_stream_new(PF_OBJECT_MAX_BYTES, on_item, state, &stream), PF_OK);
    for (size_t at = 0; at < text.len; at += step) {
        const size_t len = text.len - at < step ? text.len - at : step;
        const struct pf_sv piece = {.ptr = text.data + at, .len = len};
        if (pf_list_stream_feed(stream, piece, &err) != PF_OK) {
            fail_msg("%s: %s", name, err.text);
        }
    }
    assert_int_equal(pf_list_stream_end(stream, &err), PF_OK);
    assert_true(pf_sv_eq_cstr(pf_list_stream_resource_version(stream), "473"));
    assert_int_equal(pf_list_stream_continue(stream).len != 0, more);
    pf_list_stream_free(stream);
}

/* every object of one is in the other, at the same version; @p texts: with the same text */
static void assert_equal(const struct state *a, const struct state *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const size_t k = find(b, a->objects[i].key);
        assert_true(k < b->count);
        assert_string_equal(a->objects[i].version, b->objects[k].version);
    }
}

static const size_t steps[] = {1, 2, 3, 7, 64, 1000, 1460, 4096, 16384, STREAM_BYTES};

static void pods_replay(void **unused)
{
    (void)unused;
    static struct state lists;
    static struct state streamed;
    for (size_t i = 0; i < PF_ARRAY_LEN(steps); i++) {
        lists = (struct state){0};
        streamed = (struct state){0};
        play_list("list-pods-page-1.json", steps[i], true, &lists);
        assert_int_equal(lists.count, 50);
        play_list("list-pods-page-2.json", steps[i], false, &lists);
        assert_int_equal(lists.count, 100);
        play_watch("pods.jsonl", steps[i], &lists);
        assert_true(lists.events > 100);
        assert_int_equal(lists.bookmarks, 1);
        assert_false(lists.ended);
        assert_int_equal(lists.count, 130);
        play_watch("initial-events-pods.jsonl", steps[i], &streamed);
        assert_true(streamed.ended);
        assert_int_equal(streamed.events, 130);
        assert_string_equal(lists.version, streamed.version);
        assert_equal(&lists, &streamed);
    }
}

static void nodes_replay(void **unused)
{
    (void)unused;
    static struct state lists;
    static struct state streamed;
    for (size_t i = 0; i < PF_ARRAY_LEN(steps); i++) {
        lists = (struct state){0};
        streamed = (struct state){0};
        play_list("list-nodes.json", steps[i], false, &lists);
        play_watch("nodes.jsonl", steps[i], &lists);
        play_watch("initial-events-nodes.jsonl", steps[i], &streamed);
        assert_true(streamed.ended && lists.events > 0);
        assert_equal(&lists, &streamed);
    }
}

static bool on_any(void *ctx, struct pf_sv item)
{
    size_t *seen = ctx;
    *seen += item.len != 0;
    return true;
}

static bool keep_error(void *ctx, const struct pf_watch_event *event)
{
    assert_int_equal(event->type, PF_WATCH_ERROR);
    assert_true(pf_sv_eq_cstr(event->status_reason, "Expired"));
    *(int *)ctx = event->status_code;
    return false;
}

static void expired_watch_is_an_error_event(void **unused)
{
    (void)unused;
    static const char *const names[] = {"expired-watch.jsonl", "expired-watch-nodes.jsonl"};
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        pf_autobuf struct pf_buf text = {0};
        struct pf_watch_stream stream;
        int code = 0;
        load(names[i], &text);
        pf_watch_stream_init(&stream, PF_OBJECT_MAX_BYTES, keep_error, &code);
        assert_int_equal(pf_watch_stream_feed(&stream, pf_buf_view(&text), NULL), PF_E_STATE);
        assert_int_equal(code, 410);
        pf_watch_stream_done(&stream);
    }
}

static void a_status_is_no_list(void **unused)
{
    (void)unused;
    static const char *const names[] = {"expired-continue.json", "future-list.json"};
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        pf_autobuf struct pf_buf text = {0};
        size_t seen = 0;
        struct pf_list_stream *stream = NULL;
        load(names[i], &text);
        assert_int_equal(pf_list_stream_new(PF_OBJECT_MAX_BYTES, on_any, &seen, &stream), PF_OK);
        const enum pf_code code = pf_list_stream_feed(stream, pf_buf_view(&text), NULL);
        assert_true(code == PF_OK || code == PF_E_INVALID);
        assert_int_equal(pf_list_stream_end(stream, NULL), PF_E_INVALID);
        assert_int_equal(seen, 0);
        pf_list_stream_free(stream);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pods_replay),
        cmocka_unit_test(nodes_replay),
        cmocka_unit_test(expired_watch_is_an_error_event),
        cmocka_unit_test(a_status_is_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

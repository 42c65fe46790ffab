/*
 * The raw streams of a real API server (tests/reference/recorded/watch) under every split of their bytes: in two at each byte, and in pieces of 1 to 64 bytes. What comes
 * out is compared byte by byte with what an undivided stream gives; that this is the recorded state is test_watch_recorded.c.
 *
 * A cut inside of an event or an item is tried with this one alone, because a reader holds nothing of those before it. That is looked at as well.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <podfit/cursor.h>
#include <podfit/file.h>
#include <podfit/limits.h>
#include <podfit/value_scan.h>
#include <podfit/watch_stream.h>

#define FOLDER       PF_TEST_DATA "/reference/recorded/watch/"
#define STREAM_BYTES ((size_t)4 * 1024 * 1024)
#define PARTS_MAX    512
#define PIECE_MAX    64
#define ITEM_BYTES   ((size_t)64 * 1024)

static const char *const watch_names[] = {
    "pods.jsonl",
    "nodes.jsonl",
    "initial-events-pods.jsonl",
    "initial-events-nodes.jsonl",
    "expired-watch.jsonl",
    "expired-watch-nodes.jsonl",
};
static const char *const list_names[] = {
    "list-nodes.json",
    "list-pods-page-1.json",
    "list-pods-page-2.json",
};

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

static struct pf_sv part_of(struct pf_sv text, size_t from, size_t to)
{
    return (struct pf_sv){.ptr = text.ptr + from, .len = to - from};
}

/* ---- events ---- */

/* What the undivided stream gave; texts are views into it. */
struct events {
    struct pf_watch_event items[PARTS_MAX];
    size_t count;
    size_t next; /* the one that has to come now */
};

static bool note_event(void *ctx, const struct pf_watch_event *event)
{
    struct events *events = ctx;
    assert_true(events->count < PARTS_MAX);
    events->items[events->count++] = *event;
    return true;
}

static bool same_event(const struct pf_watch_event *a, const struct pf_watch_event *b)
{
    return a->type == b->type && pf_sv_eq(a->object, b->object) &&
           pf_sv_eq(a->resource_version, b->resource_version) &&
           a->initial_events_end == b->initial_events_end && a->status_code == b->status_code &&
           pf_sv_eq(a->status_reason, b->status_reason) &&
           pf_sv_eq(a->status_message, b->status_message);
}

static bool check_event(void *ctx, const struct pf_watch_event *event)
{
    struct events *events = ctx;
    assert_true(events->next < events->count);
    assert_true(same_event(event, &events->items[events->next]));
    events->next++;
    return true;
}

static enum pf_code feed_watch(void *stream, struct pf_sv piece)
{
    return pf_watch_stream_feed(stream, piece, NULL);
}

static enum pf_code feed_list(void *stream, struct pf_sv piece)
{
    return pf_list_stream_feed(stream, piece, NULL);
}

static void feed_in_pieces(struct pf_sv text, size_t step,
                           enum pf_code (*feed)(void *stream, struct pf_sv piece), void *stream)
{
    for (size_t at = 0; at < text.len; at += step) {
        const size_t end = text.len - at < step ? text.len : at + step;
        assert_int_equal(feed(stream, part_of(text, at, end)), PF_OK);
    }
}

static void read_whole(struct pf_sv text, struct events *events)
{
    struct pf_watch_stream stream;
    *events = (struct events){.count = 0};
    pf_watch_stream_init(&stream, PF_OBJECT_MAX_BYTES, note_event, events);
    assert_int_equal(pf_watch_stream_feed(&stream, text, NULL), PF_OK);
    assert_int_equal(stream.frame.len, 0);
    pf_watch_stream_done(&stream);
    assert_true(events->count != 0);
}

static void events_in_pieces(void **unused)
{
    (void)unused;
    static struct events events;
    for (size_t i = 0; i < PF_ARRAY_LEN(watch_names); i++) {
        pf_autobuf struct pf_buf text = {0};
        load(watch_names[i], &text);
        read_whole(pf_buf_view(&text), &events);
        for (size_t step = 1; step <= PIECE_MAX; step++) {
            struct pf_watch_stream stream;
            events.next = 0;
            pf_watch_stream_init(&stream, PF_OBJECT_MAX_BYTES, check_event, &events);
            feed_in_pieces(pf_buf_view(&text), step, feed_watch, &stream);
            assert_int_equal(events.next, events.count);
            pf_watch_stream_done(&stream);
        }
    }
}

/*
 * What an event is depends on the text of its line alone. So a cut needs no decoding: it is enough that the decoder is given the very bytes of the line. It then gets a short
 * event in their place, or this would be a thousand times as slow.
 */
static struct {
    struct pf_sv line;
    size_t given; /* times that the decoder was given it */
} expected;

void __real_pf_cursor_init(struct pf_cursor *c, struct pf_sv text);
void __wrap_pf_cursor_init(struct pf_cursor *c, struct pf_sv text);
void __wrap_pf_cursor_init(struct pf_cursor *c, struct pf_sv text)
{
    if (expected.line.len != 0 && pf_sv_eq(text, expected.line)) {
        expected.given++;
        text = PF_SV("{\"type\":\"BOOKMARK\",\"object\":{}}");
    }
    __real_pf_cursor_init(c, text);
}

/* One line, cut at each byte; the last cut is behind its newline. */
static void cut_line(struct pf_watch_stream *stream, struct pf_sv line, struct events *events)
{
    const size_t index = events->next;
    for (size_t at = 0; at <= line.len; at++) {
        events->next = index;
        expected.given = 0;
        assert_int_equal(pf_watch_stream_feed(stream, part_of(line, 0, at), NULL), PF_OK);
        if (at < line.len) {
            assert_true(pf_sv_eq(pf_buf_view(&stream->frame), part_of(line, 0, at)));
            assert_true(expected.given == 0 && events->next == index);
        }
        assert_int_equal(pf_watch_stream_feed(stream, part_of(line, at, line.len), NULL), PF_OK);
        assert_int_equal(events->next, index + 1);
        /* nothing is left: the next line meets the reader as the first did */
        assert_true(stream->frame.len == 0 && stream->frame.failed == PF_OK);
    }
}

static bool count_event(void *ctx, const struct pf_watch_event *event)
{
    struct events *events = ctx;
    /* where the linker could not put our cursor in the place of the real one (LTO) the whole event is here */
    assert_true(expected.given == 1 || same_event(event, &events->items[events->next]));
    events->next++;
    return true;
}

static void events_cut_in_two(void **unused)
{
    (void)unused;
    static struct events events;
    for (size_t i = 0; i < PF_ARRAY_LEN(watch_names); i++) {
        pf_autobuf struct pf_buf text = {0};
        struct pf_watch_stream stream;
        load(watch_names[i], &text);
        const struct pf_sv whole = pf_buf_view(&text);
        read_whole(whole, &events);
        pf_watch_stream_init(&stream, PF_OBJECT_MAX_BYTES, count_event, &events);
        for (size_t at = 0; at < whole.len;) {
            const char *newline = memchr(whole.ptr + at, '\n', whole.len - at);
            assert_non_null(newline);
            const size_t end = (size_t)(newline - whole.ptr) + 1;
            expected.line = part_of(whole, at, end - 1);
            cut_line(&stream, part_of(whole, at, end), &events);
            at = end;
        }
        expected.line = (struct pf_sv){0};
        assert_int_equal(events.next, events.count);
        pf_watch_stream_done(&stream);
    }
}

/* ---- lists ---- */

struct items {
    struct pf_sv items[PARTS_MAX];
    size_t count;
    size_t next;
};

static bool note_item(void *ctx, struct pf_sv item)
{
    struct items *items = ctx;
    assert_true(items->count < PARTS_MAX);
    items->items[items->count++] = item;
    return true;
}

static bool check_item(void *ctx, struct pf_sv item)
{
    struct items *items = ctx;
    assert_true(items->next < items->count);
    assert_true(pf_sv_eq(item, items->items[items->next]));
    items->next++;
    return true;
}

static struct pf_list_stream *open_list(pf_list_on_item *on_item, struct items *items)
{
    struct pf_list_stream *stream = NULL;
    assert_int_equal(pf_list_stream_new(PF_OBJECT_MAX_BYTES, on_item, items, &stream), PF_OK);
    items->next = 0;
    return stream;
}

static void close_list(struct pf_list_stream *stream, const struct items *items)
{
    assert_int_equal(pf_list_stream_end(stream, NULL), PF_OK);
    assert_true(pf_sv_eq_cstr(pf_list_stream_resource_version(stream), "473"));
    assert_int_equal(items->next, items->count);
    pf_list_stream_free(stream);
}

static void read_items(struct pf_sv text, struct items *items)
{
    *items = (struct items){.count = 0};
    struct pf_list_stream *stream = open_list(note_item, items);
    assert_int_equal(pf_list_stream_feed(stream, text, NULL), PF_OK);
    items->next = items->count;
    close_list(stream, items);
    assert_true(items->count > 3);
}

static void cut_list(struct pf_sv text, size_t at, struct items *items)
{
    struct pf_list_stream *stream = open_list(check_item, items);
    assert_int_equal(pf_list_stream_feed(stream, part_of(text, 0, at), NULL), PF_OK);
    assert_int_equal(pf_list_stream_feed(stream, part_of(text, at, text.len), NULL), PF_OK);
    close_list(stream, items);
}

static void lists_in_pieces(void **unused)
{
    (void)unused;
    static struct items items;
    for (size_t i = 0; i < PF_ARRAY_LEN(list_names); i++) {
        pf_autobuf struct pf_buf text = {0};
        load(list_names[i], &text);
        read_items(pf_buf_view(&text), &items);
        for (size_t step = 1; step <= PIECE_MAX; step++) {
            struct pf_list_stream *stream = open_list(check_item, &items);
            feed_in_pieces(pf_buf_view(&text), step, feed_list, stream);
            close_list(stream, &items);
        }
    }
}

/* Each cut that lies between items, and one in the midst of each: of the whole list. */
static void cut_between(struct pf_sv text, struct items *items)
{
    size_t at = 0;
    for (size_t i = 0; i <= items->count; i++) {
        const size_t begin = i < items->count ? (size_t)(items->items[i].ptr - text.ptr) : text.len;
        for (; at <= begin; at++) {
            cut_list(text, at, items);
        }
        if (i < items->count) {
            cut_list(text, begin + items->items[i].len / 2, items);
            at = begin + items->items[i].len;
        }
    }
}

/*
 * Where the search for an item's end stands after each of its bytes, taken one by one. A cut inside of an item is answered from this table, or the whole test would search
 * gigabytes; that pieces of any length lead to the same places is looked at here, for each byte: the search takes 16 bytes a step, then what is left one by one, so pieces of
 * up to twice as many show every kind of step at every byte.
 */
#define STEP_BYTES ((size_t)16)

static struct {
    struct pf_sv item;
    struct pf_value_scan at[ITEM_BYTES];
} table;

const char *__real_pf_value_scan(struct pf_value_scan *scan, const char *p, const char *end);
const char *__wrap_pf_value_scan(struct pf_value_scan *scan, const char *p, const char *end);

static bool same_state(const struct pf_value_scan *a, const struct pf_value_scan *b)
{
    return a->depth == b->depth && a->begun == b->begun && a->text == b->text &&
           a->escaped == b->escaped;
}

const char *__wrap_pf_value_scan(struct pf_value_scan *scan, const char *p, const char *end)
{
    const uintptr_t from = (uintptr_t)p - (uintptr_t)table.item.ptr;
    if (from >= table.item.len || p == end || !same_state(scan, &table.at[from])) {
        return __real_pf_value_scan(scan, p, end);
    }
    const char *const last = table.item.ptr + table.item.len;
    const char *const stop = end < last ? end : last;
    *scan = table.at[stop - table.item.ptr];
    return stop == last ? last : NULL;
}

static void check_pieces(struct pf_sv item, size_t from)
{
    const size_t left = item.len - from;
    for (size_t len = 1; len <= 2 * STEP_BYTES && len <= left; len++) {
        struct pf_value_scan scan = table.at[from];
        const char *end = item.ptr + from + len;
        const char *stop = __real_pf_value_scan(&scan, item.ptr + from, end);
        assert_ptr_equal(stop, len == left ? end : NULL);
        assert_true(same_state(&scan, &table.at[from + len]));
    }
}

static void fill_table(struct pf_sv item)
{
    struct pf_value_scan scan = {0};
    assert_true(item.len < ITEM_BYTES);
    for (size_t at = 0; at < item.len; at++) {
        table.at[at] = scan;
        const char *stop = __real_pf_value_scan(&scan, item.ptr + at, item.ptr + at + 1);
        assert_true((stop != NULL) == (at + 1 == item.len));
    }
    table.at[item.len] = scan;
    for (size_t at = 0; at < item.len; at++) {
        check_pieces(item, at);
    }
    table.item = item;
}

/* Each cut inside of each item: of a list with this one only. */
static void cut_items(struct pf_sv text, const struct items *items)
{
    const struct pf_sv last = items->items[items->count - 1];
    const struct pf_sv head = part_of(text, 0, (size_t)(items->items[0].ptr - text.ptr));
    const struct pf_sv tail = part_of(text, (size_t)(last.ptr + last.len - text.ptr), text.len);
    for (size_t i = 0; i < items->count; i++) {
        static struct items one;
        pf_autobuf struct pf_buf list = {0};
        one = (struct items){.items = {items->items[i]}, .count = 1};
        pf_buf_init(&list, STREAM_BYTES);
        pf_buf_append_sv(&list, head);
        pf_buf_append_sv(&list, one.items[0]);
        pf_buf_append_sv(&list, tail);
        assert_int_equal(list.failed, PF_OK);
        fill_table(part_of(pf_buf_view(&list), head.len, head.len + one.items[0].len));
        for (size_t at = 1; at < one.items[0].len; at++) {
            cut_list(pf_buf_view(&list), head.len + at, &one);
        }
        table.item = (struct pf_sv){0};
    }
}

static void lists_cut_in_two(void **unused)
{
    (void)unused;
    static struct items items;
    for (size_t i = 0; i < PF_ARRAY_LEN(list_names); i++) {
        pf_autobuf struct pf_buf text = {0};
        load(list_names[i], &text);
        read_items(pf_buf_view(&text), &items);
        cut_between(pf_buf_view(&text), &items);
        cut_items(pf_buf_view(&text), &items);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_in_pieces),
        cmocka_unit_test(events_cut_in_two),
        cmocka_unit_test(lists_in_pieces),
        cmocka_unit_test(lists_cut_in_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

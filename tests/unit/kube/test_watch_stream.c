#include <fail_alloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <podfit/limits.h>
#include <podfit/watch_stream.h>

#define LIMIT ((size_t)160)

/* What a reading gave, as one text: `TYPE resourceVersion object;` for each event, then the code. */
struct seen {
    struct pf_buf text;
    bool stop; /* say no to the first */
};

static bool on_event(void *ctx, const struct pf_watch_event *event)
{
    static const char letters[] = {
        [PF_WATCH_ADDED] = 'A',    [PF_WATCH_MODIFIED] = 'M', [PF_WATCH_DELETED] = 'D',
        [PF_WATCH_BOOKMARK] = 'B', [PF_WATCH_ERROR] = 'E',    [PF_WATCH_OTHER] = '?',
    };
    struct seen *seen = ctx;
    pf_buf_append_char(&seen->text, letters[event->type]);
    pf_buf_append_char(&seen->text, ' ');
    if (event->type == PF_WATCH_ERROR) {
        pf_buf_printf(&seen->text, "%d %.*s %.*s;", event->status_code,
                      PF_SV_ARG(event->status_reason), PF_SV_ARG(event->status_message));
    } else {
        pf_buf_printf(&seen->text, "%.*s%s %.*s;", PF_SV_ARG(event->resource_version),
                      event->initial_events_end ? " end" : "", PF_SV_ARG(event->object));
    }
    return !seen->stop;
}

static enum pf_code feed_copy(struct pf_watch_stream *stream, struct pf_sv piece,
                              struct pf_err *err)
{
    char *copy = __real_malloc(piece.len != 0 ? piece.len : 1);
    assert_non_null(copy);
    if (piece.ptr != NULL) {
        memcpy(copy, piece.ptr, piece.len);
    }
    const enum pf_code code =
        pf_watch_stream_feed(stream, (struct pf_sv){.ptr = copy, .len = piece.len}, err);
    free(copy);
    return code;
}

static void read_cut(struct pf_sv text, size_t first, size_t second, struct seen *seen)
{
    const size_t ends[] = {first, second, text.len};
    struct pf_watch_stream stream;
    struct pf_err err = {0};
    enum pf_code code = PF_OK;
    pf_watch_stream_init(&stream, LIMIT, on_event, seen);
    for (size_t i = 0, at = 0; i < 3 && code == PF_OK; at = ends[i], i++) {
        code = feed_copy(&stream, (struct pf_sv){.ptr = text.ptr + at, .len = ends[i] - at}, &err);
    }
    assert_true(code == err.code && (code == PF_OK) == (err.text[0] == '\0'));
    pf_buf_append_cstr(&seen->text, pf_code_name(code));
    pf_watch_stream_done(&stream);
}

struct row {
    const char *name;
    const char *text;
    const char *expected;
    bool stop;
};

static const struct row rows[] = {
    {"two events",
     "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"5\"}}}\n"
     "{\"type\":\"MODIFIED\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"6\"}}}\n",
     "A 5 {\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"5\"}};"
     "M 6 {\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"6\"}};ok",
     false},
    {"object first",
     "{\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}},\"type\":\"DELETED\"}\n",
     "D 7 {\"metadata\":{\"resourceVersion\":\"7\"}};ok", false},
    {"white space and blank lines", "\n \r\n { \"type\" : \"ADDED\" , \"object\" : { } } \r\n\n",
     "A  { };ok", false},
    {"an incomplete last line is kept back", "{\"type\":\"ADDED\",\"object\":{}}\n{\"type\":\"ADD",
     "A  {};ok", false},
    {"no metadata", "{\"type\":\"ADDED\",\"object\":{\"spec\":{}}}\n", "A  {\"spec\":{}};ok",
     false},
    {"bookmark",
     "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"},\"spec\":{\"containers\":null}}}\n",
     "B 9 {\"metadata\":{\"resourceVersion\":\"9\"},\"spec\":{\"containers\":null}};ok", false},
    {"end of the initial events",
     "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\",\"annotations\":{\"k8s.io/"
     "initial-events-end\":\"true\"}}}}\n",
     "B 9 end {\"metadata\":{\"resourceVersion\":\"9\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}};ok",
     false},
    {"annotations before the version",
     "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"annotations\":{\"k8s.io/initial-events-end\":\"true\"},"
     "\"resourceVersion\":\"9\"}}}\n",
     "B 9 end {\"metadata\":{\"annotations\":{\"k8s.io/initial-events-end\":\"true\"},\"resourceVersion\":\"9\"}};ok",
     false},
    {"the annotation says no",
     "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"annotations\":{\"k8s.io/initial-events-end\":\"no\"}}}}\n",
     "B  {\"metadata\":{\"annotations\":{\"k8s.io/initial-events-end\":\"no\"}}};ok", false},
    {"the annotation of an object is none of a bookmark",
     "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n",
     "A  {\"metadata\":{\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}};ok", false},
    {"error",
     "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"metadata\":{},\"message\":\"too old: 4\",\"reason\":"
     "\"Expired\",\"code\":410}}\n",
     "E 410 Expired too old: 4;ok", false},
    {"error without a Status", "{\"type\":\"ERROR\",\"object\":{}}\n", "E 0  ;ok", false},
    {"error with an absurd code", "{\"type\":\"ERROR\",\"object\":{\"code\":9007199254740993}}\n",
     "E 0  ;ok", false},
    {"unknown type",
     "{\"type\":\"PATCHED\",\"object\":{\"metadata\":{\"resourceVersion\":\"1\"}}}\n",
     "? 1 {\"metadata\":{\"resourceVersion\":\"1\"}};ok", false},
    {"unknown keys", "{\"v\":[1],\"type\":\"ADDED\",\"object\":{},\"x\":{\"type\":\"DELETED\"}}\n",
     "A  {};ok", false},
    {"a frame of the limit",
     "{\"type\":\"ADDED\",\"object\":{\"a\":"
     "\"012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345\"}}\n",
     "A  {\"a\":\"012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345\"};ok",
     false},
    {"a frame over the limit",
     "{\"type\":\"ADDED\",\"object\":{}}\n{\"type\":\"ADDED\",\"object\":{\"a\":"
     "\"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123452\"}}\n",
     "A  {};too-big", false},
    {"stopped by the reader",
     "{\"type\":\"ADDED\",\"object\":{}}\n{\"type\":\"ADDED\",\"object\":{}}\n", "A  {};state",
     true},
    {"no type", "{\"object\":{}}\n", "invalid", false},
    {"no object", "{\"type\":\"ADDED\"}\n", "invalid", false},
    {"null object", "{\"type\":\"ADDED\",\"object\":null}\n", "invalid", false},
    {"object is a string", "{\"type\":\"ADDED\",\"object\":\"x\"}\n", "invalid", false},
    {"type is a number", "{\"type\":1,\"object\":{}}\n", "invalid", false},
    {"type twice", "{\"type\":\"ADDED\",\"object\":{},\"type\":\"DELETED\"}\n", "invalid", false},
    {"resourceVersion is a number",
     "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":5}}}\n", "invalid", false},
    {"metadata is a list", "{\"type\":\"ADDED\",\"object\":{\"metadata\":[]}}\n", "invalid", false},
    {"a fault far behind in the object",
     "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"5\"},\"spec\":{\"a\":tru}}}\n",
     "invalid", false},
    {"two events on a line",
     "{\"type\":\"ADDED\",\"object\":{}}{\"type\":\"ADDED\",\"object\":{}}\n", "invalid", false},
    {"a newline inside an event", "{\"type\":\"ADDED\",\n\"object\":{}}\n", "invalid", false},
    {"an HTML page", "<html>\n", "invalid", false},
};

static void check_cut(const struct row *row, size_t first, size_t second, struct seen *seen)
{
    pf_buf_reset(&seen->text);
    seen->stop = row->stop;
    read_cut(pf_sv_from(row->text), first, second, seen);
    if (!pf_sv_eq_cstr(pf_buf_view(&seen->text), row->expected)) {
        fail_msg("%s, cut at %zu and %zu: '%s' instead of '%s'", row->name, first, second,
                 seen->text.data, row->expected);
    }
}

static void every_cut_of(const struct row *row)
{
    const size_t len = strlen(row->text);
    struct seen seen = {0};
    pf_buf_init(&seen.text, 4096);
    for (size_t first = 0; first <= len; first++) {
        for (size_t second = first; second <= len; second++) {
            check_cut(row, first, second, &seen);
        }
    }
    pf_buf_done(&seen.text);
}

/* every row, whole and cut at every two places */
static void every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        every_cut_of(&rows[i]);
    }
}

static bool is_inside(void *ctx, const struct pf_watch_event *event)
{
    const struct pf_sv *whole = ctx;
    assert_true(event->object.ptr > whole->ptr &&
                event->object.ptr + event->object.len < whole->ptr + whole->len);
    return true;
}

static void whole_frames_are_not_copied(void **state)
{
    (void)state;
    struct pf_sv text =
        PF_SV("{\"type\":\"ADDED\",\"object\":{}}\n{\"type\":\"DELETED\",\"object\":{}}\n");
    struct pf_watch_stream stream;
    pf_watch_stream_init(&stream, LIMIT, is_inside, &text);
    assert_int_equal(pf_watch_stream_feed(&stream, text, NULL), PF_OK);
    assert_null(stream.frame.data);
    pf_watch_stream_done(&stream);
}

static bool ignore_event(void *ctx, const struct pf_watch_event *event)
{
    (*(unsigned *)ctx)++;
    return event->object.len != 0;
}

/* the memory of an unusually large object is given back after it */
static void large_frame_is_not_kept(void **state)
{
    (void)state;
    unsigned events = 0;
    struct pf_watch_stream stream;
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, PF_OBJECT_MAX_BYTES);
    pf_watch_stream_init(&stream, PF_OBJECT_MAX_BYTES, ignore_event, &events);
    pf_buf_append_cstr(&text, "{\"type\":\"ADDED\",\"object\":{\"a\":\"");
    while (text.len < 2 * PF_STREAM_KEEP_BYTES) {
        pf_buf_append_cstr(&text, "0123456789abcdef");
    }
    assert_int_equal(pf_watch_stream_feed(&stream, pf_buf_view(&text), NULL), PF_OK);
    assert_true(stream.frame.cap > PF_STREAM_KEEP_BYTES);
    assert_int_equal(pf_watch_stream_feed(&stream, PF_SV("\"}}\n"), NULL), PF_OK);
    assert_int_equal(events, 1);
    assert_true(stream.frame.cap <= PF_STREAM_KEEP_BYTES && stream.frame.len == 0);
    pf_watch_stream_done(&stream);
    pf_watch_stream_done(&stream);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const struct pf_sv text =
        PF_SV("{\"type\":\"ERROR\",\"object\":{\"message\":\"a \\\"b\\\"\",\"code\":500}}\n");
    long failed = 0;
    for (long n = 0;; n++) {
        unsigned events = 0;
        struct pf_watch_stream stream;
        enum pf_code code = PF_OK;
        pf_watch_stream_init(&stream, LIMIT, ignore_event, &events);
        fail_alloc_after(n);
        for (size_t i = 0; code == PF_OK && i < text.len; i++) {
            code =
                pf_watch_stream_feed(&stream, (struct pf_sv){.ptr = text.ptr + i, .len = 1}, NULL);
        }
        const bool all = fail_alloc_count() <= n;
        fail_alloc_after(-1);
        pf_watch_stream_done(&stream);
        assert_int_equal(code, all ? PF_OK : PF_E_NO_MEMORY);
        assert_int_equal(events, all ? 1 : 0);
        if (all) {
            break;
        }
        failed++;
    }
    assert_true(failed >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut),
        cmocka_unit_test(whole_frames_are_not_copied),
        cmocka_unit_test(large_frame_is_not_kept),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

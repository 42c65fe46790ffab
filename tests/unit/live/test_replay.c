/* What a real API server sent, through the sinks of the live model: the same state and the same verdicts as from a snapshot of that moment. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sink_bench.h"
#include <podfit/cursor.h>
#include <podfit/file.h>
#include <podfit/limits.h>
#include <podfit/log.h>
#include <podfit/watch_stream.h>

#define RECORDED       PF_TEST_DATA "/reference/recorded/"
#define FILE_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define OBJECTS        600

/* Text of a member as it stands; empty when there is none. */
static struct pf_sv member(struct pf_sv json, const char *name)
{
    struct pf_cursor c;
    struct pf_sv key = {0};
    struct pf_sv found = {0};
    pf_cursor_init(&c, json);
    (void)pf_cursor_enter_object(&c);
    while (pf_cursor_next_key(&c, &key)) {
        if (pf_sv_eq_cstr(key, name)) {
            (void)pf_cursor_span(&c, &found);
        }
    }
    assert_int_equal(pf_cursor_error(&c, NULL), PF_OK);
    return found;
}

/* A string without escapes. */
static struct pf_sv text_of(struct pf_sv json, const char *name)
{
    struct pf_sv text = member(json, name);
    if (text.len >= 2) {
        text.ptr++;
        text.len -= 2;
    }
    return text;
}

static struct pf_sv key_of(struct pf_sv object, char key[600])
{
    const struct pf_sv meta = member(object, "metadata");
    const int len = snprintf(key, 600, "%.*s/%.*s", PF_SV_ARG(text_of(meta, "namespace")),
                             PF_SV_ARG(text_of(meta, "name")));
    assert_true(len > 1 && len < 600);
    return (struct pf_sv){.ptr = key, .len = (size_t)len};
}

static void load(const char *scenario, const char *name, struct pf_buf *text)
{
    char path[512];
    struct pf_err err = {0};
    (void)snprintf(path, sizeof(path), RECORDED "%s/%s", scenario, name);
    pf_buf_init(text, FILE_MAX_BYTES);
    if (pf_file_read(path, text, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

/* The cluster changes: the state, and an event of it when there is one. */
static void change(struct sink_bench *bench, enum pf_watch_type type, struct pf_sv object,
                   bool event)
{
    char text[600];
    const size_t kind = sink_bench_kind(bench, text_of(object, "kind"));
    if (kind == SIZE_MAX) {
        return;
    }
    const struct pf_sv key = key_of(object, text);
    if (type == PF_WATCH_DELETED) {
        sink_bench_forget(bench, kind, key);
    } else {
        sink_bench_store(bench, kind, key, object, 0);
    }
    if (event) {
        sink_bench_event(bench, kind, type, object);
    }
}

/* ---- scenarios, step by step ---- */

static void begin(struct sink_bench *bench, const char *scenario)
{
    pf_autobuf struct pf_buf text = {0};
    struct pf_cursor c;
    struct pf_sv item = {0};
    load(scenario, "initial.json", &text);
    pf_cursor_init(&c, member(pf_buf_view(&text), "items"));
    (void)pf_cursor_enter_array(&c);
    while (pf_cursor_next_item(&c)) {
        (void)pf_cursor_span(&c, &item);
        change(bench, PF_WATCH_ADDED, item, /* event= */ false);
    }
    assert_true(pf_cursor_end(&c));
    for (size_t i = 0; i < bench->live.follow_count; i++) {
        sink_bench_list(bench, i, /* complete= */ true);
    }
}

static enum pf_watch_type type_of(struct pf_sv event)
{
    const struct pf_sv type = text_of(event, "type");
    if (pf_sv_eq(type, PF_SV("DELETED"))) {
        return PF_WATCH_DELETED;
    }
    return pf_sv_eq(type, PF_SV("ADDED")) ? PF_WATCH_ADDED : PF_WATCH_MODIFIED;
}

static size_t compare(struct sink_bench *bench, struct pf_sv pod, const char *where)
{
    struct sink_twin twin;
    sink_bench_check(bench);
    sink_twin_open(&twin, bench);
    const enum pf_verdict verdict = sink_twin_compare(&twin, bench, pod, where);
    sink_twin_close(&twin);
    return verdict == PF_VERDICT_FITS;
}

/* Reviews of new pods, and how many of them fit just then. */
struct row {
    const char *name;
    size_t steps;
    size_t fits; /* coditect-pvc: none, its claims are made after the pods */
};

static void replay(const struct row *wanted)
{
    pf_autobuf struct pf_buf text = {0};
    struct sink_bench bench;
    char where[128];
    const char *scenario = wanted->name;
    size_t steps = 0;
    size_t fits = 0;
    sink_bench_open(&bench, OBJECTS);
    begin(&bench, scenario);
    load(scenario, "steps.jsonl", &text);
    for (const char *at = text.data; *at != '\0';) {
        const struct pf_sv line = {.ptr = at, .len = strcspn(at, "\n")};
        const struct pf_sv event = member(line, "event");
        const struct pf_sv review = member(line, "review");
        if (event.len != 0) {
            change(&bench, type_of(event), member(event, "object"), /* event= */ true);
        } else if (review.len > 4) { /* null: the API server refused the pod */
            const struct pf_sv request = member(review, "request");
            (void)snprintf(where, sizeof(where), "%s, step %.*s", scenario,
                           PF_SV_ARG(member(line, "step")));
            if (pf_sv_eq(text_of(request, "operation"), PF_SV("CREATE"))) {
                fits += compare(&bench, member(request, "object"), where);
                steps++;
            }
        }
        at += line.len + (at[line.len] == '\n');
    }
    if (steps != wanted->steps || fits != wanted->fits) {
        fail_msg("%s: %zu pods judged, %zu fit", scenario, steps, fits);
    }
    assert_int_equal(bench.live.follows[2].late, 0);
    sink_bench_close(&bench);
}

static void test_scenarios(void **state)
{
    static const struct row rows[] = {
        {"cocalc-memory", 39, 30},   {"coditect", 30, 23},   {"coditect-burst", 42, 32},
        {"coditect-pvc", 27, 0},     {"jupyterhub", 35, 29}, {"mixed-api", 37, 35},
        {"mixed-resources", 50, 34},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        replay(&rows[i]);
    }
}

/* ---- raw streams ---- */

/* Where a stream goes: into the sink of a kind, into the state, or both. */
struct target {
    struct sink_bench *bench;
    size_t kind;
    bool listing;
    bool store;
    bool event;
};

static bool on_event(void *ctx, const struct pf_watch_event *event)
{
    struct target *target = ctx;
    if (event->type > PF_WATCH_DELETED) {
        if (target->listing && event->type == PF_WATCH_BOOKMARK) {
            pf_live_sink.replace_end(&target->bench->live.follows[target->kind], true);
            target->listing = false;
        }
        return true;
    }
    char text[600];
    if (target->store && event->type != PF_WATCH_DELETED) {
        sink_bench_store(target->bench, target->kind, key_of(event->object, text), event->object,
                         0);
    }
    if (target->event) {
        sink_bench_event(target->bench, target->kind, event->type, event->object);
    }
    return true;
}

static void play_watch(struct target *target, const char *name)
{
    pf_autobuf struct pf_buf text = {0};
    struct pf_watch_stream stream;
    struct pf_err err = {0};
    load("watch", name, &text);
    pf_watch_stream_init(&stream, PF_OBJECT_MAX_BYTES, on_event, target);
    if (pf_watch_stream_feed(&stream, pf_buf_view(&text), &err) != PF_OK) {
        fail_msg("%s: %s", name, err.text);
    }
    pf_watch_stream_done(&stream);
}

static bool on_item(void *ctx, struct pf_sv item)
{
    struct target *target = ctx;
    sink_bench_event(target->bench, target->kind, PF_WATCH_ADDED, item);
    return true;
}

static void play_list(struct target *target, const char *name)
{
    pf_autobuf struct pf_buf text = {0};
    struct pf_list_stream *stream = NULL;
    struct pf_err err = {0};
    load("watch", name, &text);
    assert_int_equal(pf_list_stream_new(PF_OBJECT_MAX_BYTES, on_item, target, &stream), PF_OK);
    if (pf_list_stream_feed(stream, pf_buf_view(&text), &err) != PF_OK ||
        pf_list_stream_end(stream, &err) != PF_OK) {
        fail_msg("%s: %s", name, err.text);
    }
    pf_list_stream_free(stream);
}

/* The pods of the scenario where the streams were recorded. */
static size_t judge_reviews(struct sink_bench *bench, struct sink_twin *twin)
{
    pf_autobuf struct pf_buf text = {0};
    size_t judged = 0;
    load("cocalc-memory", "steps.jsonl", &text);
    for (const char *at = text.data; *at != '\0';) {
        const struct pf_sv line = {.ptr = at, .len = strcspn(at, "\n")};
        const struct pf_sv review = member(line, "review");
        if (review.len > 4) {
            (void)sink_twin_compare(twin, bench, member(member(review, "request"), "object"),
                                    "streams");
            judged++;
        }
        at += line.len + (at[line.len] == '\n');
    }
    return judged;
}

/* List and watch on the one hand, streaming lists on the other: both are the server's last state. */
static void test_streams(void **state)
{
    (void)state;
    for (unsigned streaming = 0; streaming < 2; streaming++) {
        struct sink_bench bench;
        struct sink_twin twin;
        sink_bench_open(&bench, OBJECTS);
        struct target pods = {.bench = &bench, .kind = sink_bench_kind(&bench, PF_SV("Pod"))};
        struct target nodes = {.bench = &bench, .kind = sink_bench_kind(&bench, PF_SV("Node"))};
        for (size_t i = 0; i < bench.live.follow_count; i++) {
            sink_bench_list(&bench, i, /* complete= */ true); /* empty */
        }
        pods.store = true;
        nodes.store = true;
        pods.event = streaming != 0;
        nodes.event = streaming != 0;
        pods.listing = streaming != 0;
        nodes.listing = streaming != 0;
        if (streaming != 0) {
            pf_live_sink.replace_begin(&bench.live.follows[pods.kind]);
            pf_live_sink.replace_begin(&bench.live.follows[nodes.kind]);
        }
        play_watch(&pods, "initial-events-pods.jsonl");
        play_watch(&nodes, "initial-events-nodes.jsonl");
        if (streaming == 0) {
            pods.store = false;
            nodes.store = false;
            pf_live_sink.replace_begin(&bench.live.follows[pods.kind]);
            play_list(&pods, "list-pods-page-1.json");
            play_list(&pods, "list-pods-page-2.json");
            pf_live_sink.replace_end(&bench.live.follows[pods.kind], true);
            pf_live_sink.replace_begin(&bench.live.follows[nodes.kind]);
            play_list(&nodes, "list-nodes.json");
            pf_live_sink.replace_end(&bench.live.follows[nodes.kind], true);
            pods.event = true;
            nodes.event = true;
            play_watch(&nodes, "nodes.jsonl");
            play_watch(&pods, "pods.jsonl");
        }
        assert_false(pods.listing || nodes.listing);
        sink_bench_check(&bench);
        sink_twin_open(&twin, &bench);
        assert_int_equal(judge_reviews(&bench, &twin), 39);
        sink_twin_close(&twin);
        sink_bench_close(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenarios),
        cmocka_unit_test(test_streams),
    };
    struct pf_err err = {0};
    if (pf_log_configure("error", /* json= */ false, &err) != PF_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

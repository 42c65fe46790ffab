#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "audit_fixture.h"
#include <podfit/arena.h>
#include <podfit/limits.h>
#include <podfit/wire.h>

/* What is in the log, and when: fields, cutting, hostile texts, repeats. */

static void assert_sv(struct pf_sv got, struct pf_sv want)
{
    if (!pf_sv_eq(got, want)) {
        fail_msg("'%.*s' is not '%.*s'", PF_SV_ARG(got), PF_SV_ARG(want));
    }
}

static bool check_whole(void *opaque, const struct pf_audit_line *line)
{
    const struct pf_audit_record want = fixture_record();
    assert_int_equal(line->kind, PF_AUDIT_DECISION);
    assert_int_equal(line->wall_ns, want.wall_ns);
    assert_int_equal(line->first_ns, want.wall_ns);
    assert_int_equal(line->last_ns, want.wall_ns);
    assert_int_equal(line->count, 1);
    assert_false(line->truncated);
    assert_true(line->dry_run);
    assert_false(line->observed);
    assert_sv(line->review_uid, want.review_uid);
    assert_sv(line->class_name, want.class_name);
    assert_sv(line->verdict, pf_sv_from(want.verdict));
    assert_sv(line->action, pf_sv_from(want.action));
    assert_sv(line->namespace_, want.namespace_);
    assert_sv(line->name, want.name);
    assert_sv(line->generate_name, want.generate_name);
    assert_sv(line->owner_kind, want.owner_kind);
    assert_sv(line->owner_name, want.owner_name);
    assert_sv(line->user, want.user);
    assert_sv(line->requests, want.requests);
    assert_sv(line->message, want.message);
    assert_int_equal(line->reason_count, 2);
    assert_sv(line->reasons[1].text, PF_SV("Too many pods"));
    assert_int_equal(line->reasons[1].nodes, 7);
    assert_sv(line->binding, want.binding);
    assert_true(line->slots == UINT64_MAX);
    assert_sv(line->resource_version, want.resource_version);
    assert_int_equal(line->model_age_ms, want.model_age_ms);
    assert_int_equal(line->latency_us, want.latency_us);
    ++*(int *)opaque;
    return true;
}

static void test_fields(void **state)
{
    struct fixture *fixture = *state;
    pf_autobuf struct pf_buf text = {.data = NULL};
    struct stat info = {0};
    const struct pf_audit_record record = fixture_record();
    fixture_open(fixture);
    pf_audit_put(fixture->audit, &record);
    fixture_close(fixture);
    fixture_read(fixture->path, &text);
    assert_string_equal(
        text.data,
        "{\"time\":\"2026-11-22T04:37:00.123Z\",\"record\":\"decision\","
        "\"reviewUid\":\"705ab4f5-6393-11e8-b7cc-42010a800002\",\"dryRun\":true,\"observed\":false,"
        "\"class\":\"batch\",\"verdict\":\"full\",\"action\":\"reject\",\"namespace\":\"team-a\","
        "\"name\":\"web-1\",\"generateName\":\"web-\","
        "\"owner\":{\"kind\":\"ReplicaSet\",\"name\":\"web-7d4\"},"
        "\"user\":\"system:serviceaccount:kube-system:replicaset-controller\","
        "\"requests\":{\"app\":{\"cpu\":[\"1\",\"500m\",\"ratio\"]}},"
        "\"message\":\"0/10 nodes are available: 3 Insufficient memory, 7 Too many pods.\","
        "\"reasons\":[{\"text\":\"Insufficient memory\",\"nodes\":3},"
        "{\"text\":\"Too many pods\",\"nodes\":7}],\"binding\":\"memory\","
        "\"slots\":18446744073709551615,\"modelResourceVersion\":\"4711\",\"modelAgeMs\":250,"
        "\"latencyUs\":37}\n");
    int seen = 0;
    struct pf_audit_counts counts = {.files = 0};
    const struct pf_audit_query query = {.each = check_whole, .opaque = &seen};
    assert_int_equal(pf_audit_query_text(&query, pf_buf_view(&text), &counts, NULL), PF_OK);
    assert_int_equal(seen, 1);
    assert_int_equal(stat(fixture->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
}

/* Every line is JSON and below the limit, whatever the texts are. */
struct hostile {
    const char *name;
    size_t bytes; /* length of each text */
    size_t reasons;
    const char *requests;
    char fill; /* each text is made of it */
    bool truncated;
};

static const struct hostile hostile[] = {
    {"short control characters", 40, 2, "{}", '\x01', false},
    {"NUL", 64, 1, "[0]", '\0', false},
    {"quotes", 64, 1, "[0]", '"', false},
    {"line feeds", 64, 1, "[0]", '\n', false},
    {"not UTF-8", 64, 1, "[0]", '\xff', false},
    {"everything too long", 100000, 1000, "{}", 'x', true},
    {"everything too long, six bytes for one", 100000, 1000, "{}", '\x02', true},
    {"everything too long, cut inside a character", 100000, 1000, "{}", '\xbf', true},
    {"requests with line feeds", 9, 0, "{\n\"a\":\r\n1}", 'x', false},
    {"requests are not JSON", 9, 0, "{\"a\":", 'x', true},
    {"requests are not UTF-8", 9, 0, "\"\xff\"", 'x', true},
};

static void put_hostile(struct fixture *fixture, const struct hostile *row)
{
    char *fill = malloc(row->bytes);
    struct pf_audit_reason *reasons = calloc(row->reasons + 1, sizeof(*reasons));
    assert_non_null(fill);
    assert_non_null(reasons);
    memset(fill, row->fill, row->bytes);
    const struct pf_sv text = {.ptr = fill, .len = row->bytes};
    for (size_t i = 0; i < row->reasons; i++) {
        reasons[i].text = text;
    }
    const struct pf_audit_record record = {
        .review_uid = text,
        .class_name = text,
        .verdict = "full",
        .action = "reject",
        .namespace_ = text,
        .name = text,
        .generate_name = text,
        .owner_kind = text,
        .owner_name = text,
        .user = text,
        .requests = pf_sv_from(row->requests),
        .message = text,
        .reasons = reasons,
        .reason_count = row->reasons,
        .binding = text,
        .resource_version = text,
    };
    pf_audit_put(fixture->audit, &record);
    free(fill);
    free(reasons);
}

static void test_hostile_texts(void **state)
{
    struct fixture *fixture = *state;
    pf_autobuf struct pf_buf text = {.data = NULL};
    fixture_open(fixture);
    for (size_t i = 0; i < PF_ARRAY_LEN(hostile); i++) {
        put_hostile(fixture, &hostile[i]);
    }
    fixture_close(fixture);
    fixture_read(fixture->path, &text);
    struct pf_sv rest = pf_buf_view(&text);
    for (size_t i = 0; i < PF_ARRAY_LEN(hostile); i++) {
        pf_autoarena struct pf_arena arena = {.head = NULL};
        const struct cJSON *tree = NULL;
        struct pf_err err = {.code = PF_OK};
        bool truncated = false;
        const size_t len = pf_sv_find(rest, PF_SV("\n"));
        pf_arena_init(&arena, (size_t)4 * 1024 * 1024);
        assert_true(len < PF_AUDIT_LINE_MAX_BYTES);
        const struct pf_sv line = {.ptr = rest.ptr, .len = len};
        /* cJSON has no form for an escaped NUL: that row is looked at by the reader only */
        if (hostile[i].fill != '\0' && pf_wire_parse(line, &arena, &tree, &err) != PF_OK) {
            fail_msg("%s: %s", hostile[i].name, err.text);
        }
        const bool there = pf_wire_bool(pf_wire_get(tree, "truncated"), &truncated);
        if (there != hostile[i].truncated || truncated != there) {
            fail_msg("%s: truncated is %d", hostile[i].name, truncated);
        }
        rest.ptr += len + 1;
        rest.len -= len + 1;
    }
    assert_int_equal(rest.len, 0);
    struct gathered gathered;
    fixture_gather(fixture->path, &gathered);
    assert_int_equal(gathered.lines[PF_AUDIT_DECISION], PF_ARRAY_LEN(hostile));
    assert_int_equal(gathered.counts.garbage, 0);
}

static void put_message(struct fixture *fixture, const char *owner, const char *message)
{
    struct pf_audit_record record = fixture_record();
    record.owner_name = pf_sv_from(owner);
    record.message = pf_sv_from(message);
    record.wall_ns = START_WALL_NS + fixture->elapsed_ns;
    pf_audit_put(fixture->audit, &record);
}

static void test_repeats_at_shutdown(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.repeat_window_ms = 60000;
    fixture_open(fixture);
    for (int i = 0; i < 100; i++) {
        fixture->elapsed_ns = INT64_C(10) * i * MS;
        put_message(fixture, "web", "no memory");
    }
    put_message(fixture, "web", "no cpu");
    put_message(fixture, "api", "no memory");
    fixture_drain(fixture);
    const struct pf_audit_stats stats = pf_audit_stats(fixture->audit);
    assert_int_equal(stats.written, 3);
    assert_int_equal(stats.repeated, 99);
    fixture_close(fixture);
    struct gathered gathered;
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "no memory|no cpu|no memory|no memory|");
    assert_int_equal(gathered.lines[PF_AUDIT_REPEATS], 1);
    assert_int_equal(gathered.records[PF_AUDIT_REPEATS], 99);
    assert_string_equal(
        gathered.raw,
        "{\"time\":\"2026-11-22T04:37:00.990Z\",\"record\":\"repeats\","
        "\"reviewUid\":\"705ab4f5-6393-11e8-b7cc-42010a800002\",\"dryRun\":true,\"observed\":false,"
        "\"class\":\"batch\",\"verdict\":\"full\",\"action\":\"reject\",\"namespace\":\"team-a\","
        "\"owner\":{\"kind\":\"ReplicaSet\",\"name\":\"web\"},\"message\":\"no memory\","
        "\"reasons\":[{\"text\":\"Insufficient memory\",\"nodes\":3},"
        "{\"text\":\"Too many pods\",\"nodes\":7}],\"binding\":\"memory\",\"count\":99,"
        "\"firstTime\":\"2026-11-22T04:37:00.010Z\",\"lastTime\":\"2026-11-22T04:37:00.990Z\"}");
}

/* The window runs from the first decision; at its end the next one is written again, after what was counted. */
static void test_repeats_window(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.repeat_window_ms = 1000;
    fixture_open(fixture);
    put_message(fixture, "web", "first");
    fixture->elapsed_ns = 999 * MS;
    put_message(fixture, "web", "first");
    fixture->elapsed_ns = 1000 * MS;
    put_message(fixture, "web", "first");
    put_message(fixture, "web", "second");
    fixture_drain(fixture);
    const struct pf_audit_stats stats = pf_audit_stats(fixture->audit);
    assert_int_equal(stats.written, 3);
    assert_int_equal(stats.repeated, 1);
    fixture_close(fixture);
    struct gathered gathered;
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "first|first|first|second|");
    assert_int_equal(gathered.lines[PF_AUDIT_REPEATS], 1);
    assert_int_equal(gathered.lines[PF_AUDIT_DECISION], 3);
}

/* Without another record the writer finds the end of the window by itself. */
static void test_repeats_when_idle(void **state)
{
    struct fixture *fixture = *state;
    struct gathered gathered;
    fixture->options.repeat_window_ms = 50;
    fixture_open(fixture);
    put_message(fixture, "web", "idle");
    put_message(fixture, "web", "idle");
    fixture_drain(fixture);
    fixture_gather(fixture->path, &gathered);
    assert_int_equal(gathered.lines[PF_AUDIT_REPEATS], 0);
    fixture->elapsed_ns = 50 * MS;
    for (int i = 0; i < 20000 && gathered.lines[PF_AUDIT_REPEATS] == 0; i++) {
        const struct timespec pause = {.tv_nsec = 1000000};
        (void)nanosleep(&pause, NULL);
        fixture_gather(fixture->path, &gathered);
    }
    assert_int_equal(gathered.lines[PF_AUDIT_REPEATS], 1);
    assert_int_equal(gathered.records[PF_AUDIT_REPEATS], 1);
}

/* Over the bound the least recently used cause is written and forgotten: two too many here, and `kept` is the second oldest, but was used. */
static void test_repeats_evicted(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.repeat_window_ms = 60000;
    fixture_open(fixture);
    put_message(fixture, "old", "old");
    put_message(fixture, "old", "old");
    put_message(fixture, "kept", "kept");
    for (int i = 0; i < PF_AUDIT_REPEATS_MAX; i++) {
        char owner[32] = "";
        (void)snprintf(owner, sizeof(owner), "owner-%d", i);
        if (i == 100) {
            put_message(fixture, "kept", "kept"); /* used: goes to the end of the line */
        }
        put_message(fixture, owner, "");
        if (i % 1000 == 0) {
            fixture_drain(fixture); /* nothing may be dropped here */
        }
    }
    fixture_drain(fixture);
    struct gathered gathered;
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "old|kept|old|");
    assert_int_equal(gathered.lines[PF_AUDIT_REPEATS], 1);
    put_message(fixture, "kept", "kept");
    fixture_drain(fixture);
    assert_int_equal(pf_audit_stats(fixture->audit).repeated, 3);
    put_message(fixture, "old", "old");
    fixture_drain(fixture);
    assert_int_equal(pf_audit_stats(fixture->audit).repeated, 3);
    assert_int_equal(pf_audit_stats(fixture->audit).dropped, 0);
}

/* Which fields tell two causes apart. */
struct difference {
    const char *name;
    void (*change)(struct pf_audit_record *record);
    bool repeated;
};

static void change_class(struct pf_audit_record *record)
{
    record->class_name = PF_SV("other");
}
static void change_verdict(struct pf_audit_record *record)
{
    record->verdict = "never";
}
static void change_action(struct pf_audit_record *record)
{
    record->action = "gate";
}
static void change_owner(struct pf_audit_record *record)
{
    record->owner_name = PF_SV("x");
}
static void change_namespace(struct pf_audit_record *record)
{
    record->namespace_ = PF_SV("x");
}
static void change_message(struct pf_audit_record *record)
{
    record->message = PF_SV("x");
}
static void change_dry_run(struct pf_audit_record *record)
{
    record->dry_run = false;
}
static void change_name(struct pf_audit_record *record)
{
    record->name = PF_SV("x");
}
static void change_uid(struct pf_audit_record *record)
{
    record->review_uid = PF_SV("x");
}
static void change_latency(struct pf_audit_record *record)
{
    record->latency_us = 1;
}
static void change_split(struct pf_audit_record *record)
{
    record->class_name = PF_SV("batchteam-");
    record->namespace_ = PF_SV("a");
}

static const struct difference differences[] = {
    {"class", change_class, false},
    {"verdict", change_verdict, false},
    {"action", change_action, false},
    {"owner", change_owner, false},
    {"namespace", change_namespace, false},
    {"message", change_message, false},
    {"dry run", change_dry_run, false},
    {"name under an owner", change_name, true},
    {"uid", change_uid, true},
    {"latency", change_latency, true},
    {"the same bytes in other fields", change_split, false},
};

static void test_repeats_key(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.repeat_window_ms = 60000;
    fixture_open(fixture);
    const struct pf_audit_record base = fixture_record();
    pf_audit_put(fixture->audit, &base);
    for (size_t i = 0; i < PF_ARRAY_LEN(differences); i++) {
        struct pf_audit_record record = fixture_record();
        fixture_drain(fixture);
        const uint64_t before = pf_audit_stats(fixture->audit).repeated;
        differences[i].change(&record);
        pf_audit_put(fixture->audit, &record);
        fixture_drain(fixture);
        if ((pf_audit_stats(fixture->audit).repeated != before) != differences[i].repeated) {
            fail_msg("%s: repeated should be %d", differences[i].name, differences[i].repeated);
        }
    }
    struct pf_audit_record lone = fixture_record();
    lone.owner_name = PF_SV("");
    pf_audit_put(fixture->audit, &lone);
    lone.name = PF_SV("another");
    fixture_drain(fixture);
    const uint64_t before = pf_audit_stats(fixture->audit).repeated;
    pf_audit_put(fixture->audit, &lone);
    fixture_drain(fixture);
    assert_int_equal(pf_audit_stats(fixture->audit).repeated, before);
}

static void test_no_log(void **state)
{
    struct fixture *fixture = *state;
    const struct pf_audit_record record = fixture_record();
    fixture->options.path = NULL;
    fixture_open(fixture);
    pf_audit_put(fixture->audit, &record);
    pf_audit_reopen(fixture->audit);
    assert_int_equal(pf_audit_stats(fixture->audit).dropped, 0);
    fixture_close(fixture);
    pf_audit_put(NULL, &record);
    pf_audit_reopen(NULL);
    pf_audit_free(NULL);
    assert_int_equal(pf_audit_stats(NULL).queued, 0);
}

struct refused {
    const char *name;
    const char *path;
    int64_t max_bytes;
    int64_t window_ms;
    unsigned keep;
    enum pf_code code;
    const char *text; /* part of the message */
};

static const struct refused refused[] = {
    {"size", "/dev/null", -1, 0, 1, PF_E_RANGE, "'-1'"},
    {"keep at the limit", "/dev/null", 0, 0, PF_AUDIT_KEEP_MAX, PF_OK, ""},
    {"keep over the limit", "/dev/null", 0, 0, PF_AUDIT_KEEP_MAX + 1, PF_E_RANGE, "'101'"},
    {"negative window", "/dev/null", 0, -5, 1, PF_E_RANGE, "'-5'"},
    {"huge window", "/dev/null", 0, INT64_MAX, 1, PF_E_RANGE, "window"},
    {"no such folder", "/nonexistent/x.log", 0, 0, 1, PF_E_IO, "'/nonexistent/x.log': No such"},
    {"a folder", "/tmp", 0, 0, 1, PF_E_IO, "'/tmp': Is a directory"},
};

static void test_refused(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < PF_ARRAY_LEN(refused); i++) {
        const struct refused *row = &refused[i];
        struct pf_audit *const untouched = (struct pf_audit *)(void *)fixture;
        struct pf_audit *audit = untouched;
        struct pf_err err = {.code = PF_OK};
        const struct pf_audit_options options = {.path = row->path,
                                                 .max_bytes = row->max_bytes,
                                                 .keep = row->keep,
                                                 .repeat_window_ms = row->window_ms,
                                                 .clock = &fixture->clock};
        const enum pf_code code = pf_audit_new(&options, &audit, &err);
        if (code != row->code || strstr(err.text, row->text) == NULL) {
            fail_msg("%s: code %d, text '%s'", row->name, code, err.text);
        }
        if (code == PF_OK) {
            pf_audit_free(audit);
        } else {
            assert_ptr_equal(audit, untouched);
        }
    }
    char path[PATH_MAX + 1] = "";
    memset(path, 'x', PATH_MAX);
    fixture->options.path = path;
    assert_int_equal(pf_audit_new(&fixture->options, &fixture->audit, NULL), PF_E_TOO_BIG);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_fields),
        CASE(test_hostile_texts),
        CASE(test_repeats_at_shutdown),
        CASE(test_repeats_window),
        CASE(test_repeats_when_idle),
        CASE(test_repeats_evicted),
        CASE(test_repeats_key),
        CASE(test_no_log),
        CASE(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

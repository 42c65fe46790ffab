#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit_fixture.h"
#include <podfit/audit_summary.h>
#include <podfit/file.h>
#include <podfit/limits.h>

/* The reader: what is a record, what passes the filter, which files in which order, and the summary. */

#define T1 "\"time\":\"2026-11-22T04:37:00Z\""

static bool count_lines(void *opaque, const struct pf_audit_line *line)
{
    *(uint64_t *)opaque += line->count;
    return true;
}

struct text_case {
    const char *name;
    const char *text;
    uint64_t matched;
    uint64_t garbage;
    uint64_t torn;
    uint64_t records; /* sum of `count` */
};

static const struct text_case text_cases[] = {
    {"nothing", "", 0, 0, 0, 0},
    {"empty lines", "\n\r\n  \n", 0, 0, 0, 0},
    {"smallest", "{" T1 "}\n", 1, 0, 0, 1},
    {"without the last newline", "{" T1 "}", 1, 0, 0, 1},
    {"carriage return", "{" T1 "}\r\n", 1, 0, 0, 1},
    {"unknown key", "{" T1 ",\"new\":[{}]}\n", 1, 0, 0, 1},
    {"null is absent", "{" T1 ",\"class\":null,\"owner\":null,\"reasons\":null,\"slots\":null}\n",
     1, 0, 0, 1},
    {"no time", "{\"class\":\"a\"}\n", 0, 1, 0, 0},
    {"time is no time", "{\"time\":\"yesterday\"}\n", 0, 1, 0, 0},
    {"time is a number", "{\"time\":1}\n", 0, 1, 0, 0},
    {"key twice", "{" T1 "," T1 "}\n", 0, 1, 0, 0},
    {"unknown record", "{" T1 ",\"record\":\"x\"}\n", 0, 1, 0, 0},
    {"two values", "{" T1 "}{}\n", 0, 1, 0, 0},
    {"array", "[]\n", 0, 1, 0, 0},
    {"text", "hello\n", 0, 1, 0, 0},
    {"NUL", "{" T1 ",\"class\":\"\\u0000\"}\n", 1, 0, 0, 1},
    {"not UTF-8", "{" T1 ",\"class\":\"\xff\"}\n", 0, 1, 0, 0},
    {"class is a number", "{" T1 ",\"class\":1}\n", 0, 1, 0, 0},
    {"slots negative", "{" T1 ",\"slots\":-1}\n", 0, 1, 0, 0},
    {"slots too big", "{" T1 ",\"slots\":18446744073709551616}\n", 0, 1, 0, 0},
    {"slots with a fraction", "{" T1 ",\"slots\":1.0}\n", 0, 1, 0, 0},
    {"nodes too many", "{" T1 ",\"reasons\":[{\"nodes\":4294967296}]}\n", 0, 1, 0, 0},
    {"torn", "{" T1 "}\n{\"time\":\"2026-1", 1, 0, 1, 1},
    {"torn in the middle", "{\"time\":\"2026-1\n{" T1 "}\n", 1, 1, 0, 1},
    {"count of one decision", "{" T1 ",\"count\":5}\n", 1, 0, 0, 1},
    {"repeats", "{" T1 ",\"record\":\"repeats\",\"count\":5}\n", 1, 0, 0, 5},
    {"repeats without count", "{" T1 ",\"record\":\"repeats\"}\n", 1, 0, 0, 1},
    {"dropped", "{" T1 ",\"record\":\"dropped\",\"count\":7}\n", 1, 0, 0, 7},
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(text_cases); i++) {
        const struct text_case *row = &text_cases[i];
        uint64_t records = 0;
        struct pf_audit_counts counts = {.files = 0};
        const struct pf_audit_query query = {.each = count_lines, .opaque = &records};
        assert_int_equal(pf_audit_query_text(&query, pf_sv_from(row->text), &counts, NULL), PF_OK);
        if (counts.matched != row->matched || counts.garbage != row->garbage ||
            counts.torn != row->torn || records != row->records || counts.overlong != 0) {
            fail_msg("%s: matched %d, garbage %d, torn %d, records %d", row->name,
                     (int)counts.matched, (int)counts.garbage, (int)counts.torn, (int)records);
        }
    }
}

/* A line of exactly @p len bytes without its newline. */
static void put_line(struct pf_buf *buf, size_t len)
{
    const size_t from = buf->len;
    pf_buf_append_cstr(buf, "{" T1 ",\"message\":\"");
    while (buf->len - from + 2 < len) {
        pf_buf_append_char(buf, 'x');
    }
    pf_buf_append_cstr(buf, "\"}");
}

/* From a file, so that lines are cut by reads; and the limit, at it and one over. */
static void test_long_lines(void **state)
{
    struct fixture *fixture = *state;
    static const size_t lengths[] = {100,
                                     PF_AUDIT_LINE_MAX_BYTES - 1,
                                     PF_AUDIT_LINE_MAX_BYTES,
                                     3 * PF_AUDIT_LINE_MAX_BYTES,
                                     70,
                                     (size_t)1024 * 1024,
                                     64,
                                     PF_AUDIT_LINE_MAX_BYTES - 2};
    pf_autobuf struct pf_buf text = {.data = NULL};
    struct gathered gathered;
    pf_buf_init(&text, (size_t)8 * 1024 * 1024);
    for (size_t i = 0; i < PF_ARRAY_LEN(lengths); i++) {
        put_line(&text, lengths[i]);
        pf_buf_append_char(&text, '\n');
    }
    put_line(&text, 2 * PF_AUDIT_LINE_MAX_BYTES);
    assert_int_equal(pf_file_write_atomic(fixture->path, pf_buf_view(&text), 0600, NULL), PF_OK);
    fixture_gather(fixture->path, &gathered);
    assert_int_equal(gathered.counts.lines, PF_ARRAY_LEN(lengths) + 1);
    assert_int_equal(gathered.counts.matched, 5);
    assert_int_equal(gathered.counts.overlong, 4);
    assert_int_equal(gathered.counts.garbage + gathered.counts.torn, 0);
}

#define AT(s) (START_WALL_NS + INT64_C(1000) * (s)*MS)

struct filter_case {
    const char *name;
    struct pf_audit_filter filter;
    bool decision; /* of class a, namespace n, verdict full, binding cpu, from second 10 */
    bool repeats;  /* the same from second 20 to 30 */
    bool dropped;  /* at second 40 */
};

static const struct filter_case filter_cases[] = {
    {"none", {.since_ns = 0}, true, true, true},
    {"since before", {.since_ns = AT(10)}, true, true, true},
    {"since after the first", {.since_ns = AT(10) + 1}, false, true, true},
    {"since within repeats", {.since_ns = AT(30)}, false, true, true},
    {"since after repeats", {.since_ns = AT(30) + 1}, false, false, true},
    {"until exclusive", {.until_ns = AT(10)}, false, false, false},
    {"until within repeats", {.until_ns = AT(20) + 1}, true, true, false},
    {"until at repeats", {.until_ns = AT(20)}, true, false, false},
    {"class", {.class_name = PF_SV_INIT("a")}, true, true, false},
    {"other class", {.class_name = PF_SV_INIT("b")}, false, false, false},
    {"namespace", {.namespace_ = PF_SV_INIT("n")}, true, true, false},
    {"other namespace", {.namespace_ = PF_SV_INIT("nn")}, false, false, false},
    {"verdict", {.verdict = PF_SV_INIT("full")}, true, true, false},
    {"other verdict", {.verdict = PF_SV_INIT("never")}, false, false, false},
    {"cause is the binding", {.cause = PF_SV_INIT("cpu")}, true, true, false},
    {"cause is in the message", {.cause = PF_SV_INIT("Too many")}, true, true, false},
    {"cause is nowhere", {.cause = PF_SV_INIT("too many")}, false, false, false},
    {"all at once",
     {.class_name = PF_SV_INIT("a"), .namespace_ = PF_SV_INIT("n"), .verdict = PF_SV_INIT("never")},
     false,
     false,
     false},
};

static void test_filter(void **state)
{
    (void)state;
    struct pf_audit_line line = {.kind = PF_AUDIT_DECISION,
                                 .first_ns = AT(10),
                                 .last_ns = AT(10),
                                 .class_name = PF_SV("a"),
                                 .namespace_ = PF_SV("n"),
                                 .verdict = PF_SV("full"),
                                 .binding = PF_SV("cpu"),
                                 .message = PF_SV("0/1: 1 Too many pods")};
    struct pf_audit_line repeats = line;
    repeats.first_ns = AT(20);
    repeats.last_ns = AT(30);
    const struct pf_audit_line dropped = {
        .kind = PF_AUDIT_DROPPED, .first_ns = AT(40), .last_ns = AT(40)};
    for (size_t i = 0; i < PF_ARRAY_LEN(filter_cases); i++) {
        const struct filter_case *row = &filter_cases[i];
        if (pf_audit_query_matches(&row->filter, &line) != row->decision ||
            pf_audit_query_matches(&row->filter, &repeats) != row->repeats ||
            pf_audit_query_matches(&row->filter, &dropped) != row->dropped) {
            fail_msg("%s", row->name);
        }
    }
}

static void write_message(const struct fixture *fixture, const char *name, const char *message)
{
    char path[PATH_MAX];
    char text[256];
    (void)snprintf(text, sizeof(text), "{" T1 ",\"message\":\"%s\"}\n", message);
    assert_int_equal(
        pf_file_write_atomic(fixture_path(fixture, name, path), pf_sv_from(text), 0600, NULL),
        PF_OK);
}

static void test_file_order(void **state)
{
    struct fixture *fixture = *state;
    char other[PATH_MAX];
    struct gathered gathered;
    write_message(fixture, "reject.log.100", "oldest");
    write_message(fixture, "reject.log.101", "not ours");
    write_message(fixture, "reject.log.10", "ten");
    write_message(fixture, "reject.log.2", "two");
    write_message(fixture, "reject.log.1", "one");
    fixture_gather(fixture->path, &gathered); /* the log itself is not there */
    assert_string_equal(gathered.messages, "oldest|ten|two|one|");
    write_message(fixture, "reject.log", "now");
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "oldest|ten|two|one|now|");
    /* the same file under two names is read once */
    assert_int_equal(link(fixture->path, fixture_path(fixture, "reject.log.3", other)), 0);
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "oldest|ten|two|one|now|");
}

static void test_given_files(void **state)
{
    struct fixture *fixture = *state;
    char two[PATH_MAX];
    write_message(fixture, "reject.log", "now");
    write_message(fixture, "reject.log.1", "one");
    write_message(fixture, "reject.log.2", "two");
    const char *const paths[] = {fixture->path, fixture_path(fixture, "reject.log.2", two)};
    uint64_t records = 0;
    struct pf_audit_counts counts = {.files = 0};
    const struct pf_audit_query query = {.each = count_lines, .opaque = &records};
    assert_int_equal(pf_audit_query_files(&query, paths, 2, /* rotated= */ false, &counts, NULL),
                     PF_OK);
    assert_int_equal(counts.files, 2);
    assert_int_equal(records, 2);
}

struct missing {
    const char *name;
    const char *path;
    bool rotated;
    enum pf_code code;
    const char *text;
};

static const struct missing missing[] = {
    {"no file", "/nonexistent/x", false, PF_E_NOT_FOUND, "'/nonexistent/x': No such file"},
    {"no file and none rotated", "/nonexistent/x", true, PF_E_NOT_FOUND, "'/nonexistent/x'"},
    {"a folder", "/tmp", false, PF_E_IO, "'/tmp': cannot read: Is a directory"},
    {"below a file", "/dev/null/x", true, PF_E_IO, "'/dev/null/x': Not a directory"},
};

static void test_missing_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(missing); i++) {
        uint64_t records = 0;
        struct pf_audit_counts counts = {.files = 0};
        struct pf_err err = {.code = PF_OK};
        const struct pf_audit_query query = {.each = count_lines, .opaque = &records};
        const enum pf_code code =
            pf_audit_query_files(&query, &missing[i].path, 1, missing[i].rotated, &counts, &err);
        if (code != missing[i].code || strstr(err.text, missing[i].text) == NULL) {
            fail_msg("%s: code %d, text '%s'", missing[i].name, code, err.text);
        }
    }
}

static bool stop_at_two(void *opaque, const struct pf_audit_line *line)
{
    (void)line;
    return ++*(int *)opaque < 2;
}

static void test_callback_stops(void **state)
{
    struct fixture *fixture = *state;
    write_message(fixture, "reject.log.2", "two");
    write_message(fixture, "reject.log.1", "one");
    write_message(fixture, "reject.log", "now");
    const char *const paths[] = {fixture->path, fixture->path};
    int seen = 0;
    struct pf_audit_counts counts = {.files = 0};
    const struct pf_audit_query query = {.each = stop_at_two, .opaque = &seen};
    assert_int_equal(pf_audit_query_files(&query, paths, 2, /* rotated= */ true, &counts, NULL),
                     PF_OK);
    assert_int_equal(seen, 2);
    assert_int_equal(counts.matched, 2);
}

static void test_kind_names(void **state)
{
    (void)state;
    assert_string_equal(pf_audit_query_kind_name(PF_AUDIT_REPEATS), "repeats");
    assert_string_equal(pf_audit_query_kind_name((enum pf_audit_kind)99), "");
    assert_string_equal(pf_audit_summary_dimension_name(PF_AUDIT_BY_OWNER), "owner");
    assert_string_equal(pf_audit_summary_dimension_name(PF_AUDIT_DIMENSION_COUNT), "");
}

/* The summary */

static void add(struct pf_audit_summary *summary, const struct pf_audit_line *line)
{
    assert_int_equal(pf_audit_summary_add(summary, line, NULL), PF_OK);
}

/* b and a once each, c once and nine repeats; then what was lost. */
static struct pf_audit_summary *sample_summary(void)
{
    struct pf_audit_summary *summary = NULL;
    assert_int_equal(pf_audit_summary_new(&summary, NULL), PF_OK);
    struct pf_audit_line line = {.kind = PF_AUDIT_DECISION,
                                 .count = 1,
                                 .first_ns = 50,
                                 .last_ns = 50,
                                 .class_name = PF_SV("b"),
                                 .namespace_ = PF_SV("n"),
                                 .generate_name = PF_SV("web-"),
                                 .observed = true};
    add(summary, &line);
    line.class_name = PF_SV("a");
    line.name = PF_SV("web-1");
    line.observed = false;
    add(summary, &line);
    line.class_name = PF_SV("c");
    line.owner_kind = PF_SV("Job");
    line.owner_name = PF_SV("j");
    line.dry_run = true;
    add(summary, &line);
    line.kind = PF_AUDIT_REPEATS;
    line.count = 9;
    line.first_ns = 20;
    line.last_ns = 90;
    add(summary, &line);
    line.kind = PF_AUDIT_DROPPED;
    add(summary, &line);
    line.kind = PF_AUDIT_FAILED;
    line.count = UINT64_MAX;
    add(summary, &line);
    add(summary, &line);
    return summary;
}

static void test_summary_totals(void **state)
{
    (void)state;
    struct pf_audit_summary *summary = sample_summary();
    const struct pf_audit_totals totals = pf_audit_summary_totals(summary);
    assert_int_equal(totals.decisions, 12);
    assert_int_equal(totals.dry_run, 10);
    assert_int_equal(totals.observed, 1);
    assert_int_equal(totals.dropped, 9);
    assert_true(totals.failed == UINT64_MAX);
    assert_int_equal(totals.first_ns, 20);
    assert_int_equal(totals.last_ns, 90);
    pf_audit_summary_free(summary);
    pf_audit_summary_free(NULL);
}

struct top_case {
    const char *name;
    enum pf_audit_dimension dimension;
    size_t max_rows;
    size_t rows;
    const char *keys[3];
    uint64_t counts[3];
};

static const struct top_case top_cases[] = {
    {"class", PF_AUDIT_BY_CLASS, 4, 3, {"c", "a", "b"}, {10, 1, 1}},
    {"top one", PF_AUDIT_BY_CLASS, 1, 1, {"c"}, {10}},
    {"none wanted", PF_AUDIT_BY_CLASS, 0, 0, {NULL}, {0}},
    {"owner", PF_AUDIT_BY_OWNER, 4, 3, {"n/Job/j", "n/Pod/web-*", "n/Pod/web-1"}, {10, 1, 1}},
    {"namespace", PF_AUDIT_BY_NAMESPACE, 4, 1, {"n"}, {12}},
    {"absent", PF_AUDIT_BY_VERDICT, 4, 1, {""}, {12}},
};

static void check_top(struct pf_audit_summary *summary, const struct top_case *row)
{
    struct pf_audit_row rows[4] = {{.count = 0}};
    const size_t count = pf_audit_summary_top(summary, row->dimension, row->max_rows, rows);
    if (count != row->rows) {
        fail_msg("%s: %zu rows", row->name, count);
    }
    for (size_t k = 0; k < count; k++) {
        if (!pf_sv_eq_cstr(rows[k].key, row->keys[k]) || rows[k].count != row->counts[k]) {
            fail_msg("%s: row %zu is '%.*s'", row->name, k, PF_SV_ARG(rows[k].key));
        }
    }
}

static void test_summary_top(void **state)
{
    (void)state;
    struct pf_audit_summary *summary = sample_summary();
    struct pf_audit_row row = {.count = 0};
    for (size_t i = 0; i < PF_ARRAY_LEN(top_cases); i++) {
        check_top(summary, &top_cases[i]);
    }
    assert_int_equal(pf_audit_summary_rows(summary, PF_AUDIT_BY_CLASS), 3);
    assert_int_equal(pf_audit_summary_top(summary, PF_AUDIT_BY_CLASS, 1, &row), 1);
    assert_int_equal(row.first_ns, 20);
    assert_int_equal(row.last_ns, 90);
    pf_audit_summary_free(summary);
}

static void test_summary_empty(void **state)
{
    (void)state;
    struct pf_audit_summary *summary = NULL;
    struct pf_audit_row row = {.count = 0};
    assert_int_equal(pf_audit_summary_new(&summary, NULL), PF_OK);
    assert_int_equal(pf_audit_summary_top(summary, PF_AUDIT_BY_CLASS, 1, &row), 0);
    assert_int_equal(pf_audit_summary_totals(summary).decisions, 0);
    pf_audit_summary_free(summary);
}

static void test_summary_bounds(void **state)
{
    (void)state;
    struct pf_audit_summary *summary = NULL;
    static struct pf_audit_row rows[PF_AUDIT_SUMMARY_MAX + 2];
    assert_int_equal(pf_audit_summary_new(&summary, NULL), PF_OK);
    for (int i = 0; i < PF_AUDIT_SUMMARY_MAX + 3; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "ns-%d", i);
        const struct pf_audit_line line = {.count = i == 7 ? 2 : 1, .namespace_ = pf_sv_from(name)};
        add(summary, &line);
    }
    assert_int_equal(pf_audit_summary_rows(summary, PF_AUDIT_BY_NAMESPACE),
                     PF_AUDIT_SUMMARY_MAX + 1);
    assert_int_equal(pf_audit_summary_top(summary, PF_AUDIT_BY_NAMESPACE, PF_ARRAY_LEN(rows), rows),
                     PF_AUDIT_SUMMARY_MAX + 1);
    assert_true(pf_sv_eq_cstr(rows[0].key, "ns-7"));
    assert_false(rows[0].others);
    assert_true(rows[PF_AUDIT_SUMMARY_MAX].others);
    assert_int_equal(rows[PF_AUDIT_SUMMARY_MAX].count, 3);
    pf_audit_summary_free(summary);
}

/* Long keys count against the bytes: a new one after them goes to the others. */
static void test_summary_bytes(void **state)
{
    (void)state;
    struct pf_audit_summary *summary = NULL;
    const size_t len = PF_AUDIT_LINE_MAX_BYTES / 2;
    char *text = malloc(len);
    assert_non_null(text);
    assert_int_equal(pf_audit_summary_new(&summary, NULL), PF_OK);
    memset(text, 'x', len);
    const size_t fit = PF_AUDIT_SUMMARY_MAX_BYTES / len;
    for (size_t i = 0; i < fit + 5; i++) {
        (void)snprintf(text, len, "%zu", i);
        const struct pf_audit_line line = {.count = 1, .message = {.ptr = text, .len = len}};
        add(summary, &line);
    }
    const size_t rows = pf_audit_summary_rows(summary, PF_AUDIT_BY_MESSAGE);
    assert_true(rows >= fit - 1 && rows <= fit + 1);
    pf_audit_summary_free(summary);
    free(text);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_lines),          CASE(test_long_lines),    CASE(test_filter),
        CASE(test_file_order),     CASE(test_given_files),   CASE(test_missing_files),
        CASE(test_callback_stops), CASE(test_kind_names),    CASE(test_summary_totals),
        CASE(test_summary_top),    CASE(test_summary_empty), CASE(test_summary_bounds),
        CASE(test_summary_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

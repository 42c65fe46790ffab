#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit_fixture.h"
#include <podfit/file.h>

/* What happens to the file: rotation, reopening, full disks. */

static bool is_there(const struct fixture *fixture, const char *name)
{
    char path[PATH_MAX];
    struct stat info;
    return lstat(fixture_path(fixture, name, path), &info) == 0;
}

static off_t size_of(const struct fixture *fixture, const char *name)
{
    char path[PATH_MAX];
    struct stat info = {0};
    assert_int_equal(stat(fixture_path(fixture, name, path), &info), 0);
    return info.st_size;
}

static void write_file(const char *path, const char *text)
{
    assert_int_equal(pf_file_write_atomic(path, pf_sv_from(text), 0640, NULL), PF_OK);
}

/* A file is full with exactly max_bytes; one byte less for it and the line goes to the next. */
static void test_rotation_at_limit(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    fixture_put(fixture, 0);
    fixture_close(fixture);
    const off_t line_bytes = size_of(fixture, "reject.log");
    fixture->options.max_bytes = 2 * line_bytes;
    fixture->options.keep = 2;
    fixture_open(fixture);
    fixture_put(fixture, 1);
    fixture_drain(fixture);
    assert_int_equal(size_of(fixture, "reject.log"), 2 * line_bytes);
    assert_false(is_there(fixture, "reject.log.1"));
    fixture_put(fixture, 2);
    fixture_drain(fixture);
    assert_int_equal(size_of(fixture, "reject.log"), line_bytes);
    assert_int_equal(size_of(fixture, "reject.log.1"), 2 * line_bytes);
    struct gathered gathered;
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "0|1|2|");
    for (int i = 3; i < 8; i++) {
        fixture_put(fixture, i);
    }
    fixture_close(fixture);
    assert_false(is_there(fixture, "reject.log.3"));
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "2|3|4|5|6|7|");
    assert_int_equal(gathered.counts.files, 3);
    fixture->options.max_bytes = 2 * line_bytes - 1;
    fixture_open(fixture);
    fixture_put(fixture, 8);
    fixture_put(fixture, 9);
    fixture_close(fixture);
    assert_int_equal(size_of(fixture, "reject.log"), line_bytes);
}

/* A line that is longer than the limit still has a file. */
static void test_rotation_of_long_lines(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.max_bytes = 1;
    fixture->options.keep = 3;
    fixture_open(fixture);
    for (int i = 0; i < 6; i++) {
        fixture_put(fixture, i);
    }
    fixture_close(fixture);
    struct gathered gathered;
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "2|3|4|5|");
}

static void test_rotation_of_symlink(void **state)
{
    struct fixture *fixture = *state;
    char target[PATH_MAX];
    struct stat info = {0};
    fixture->options.max_bytes = 1;
    assert_int_equal(symlink("real.log", fixture->path), 0);
    assert_int_equal(symlink("/nonexistent", fixture_path(fixture, "real.log.2", target)), 0);
    fixture_open(fixture);
    fixture_put(fixture, 1);
    fixture_put(fixture, 2);
    fixture_put(fixture, 3);
    fixture_close(fixture);
    assert_int_equal(lstat(fixture->path, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_true(is_there(fixture, "real.log.1"));
    assert_false(is_there(fixture, "reject.log.1"));
    struct gathered gathered;
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "1|2|3|");
}

static void test_rotation_with_missing_files(void **state)
{
    struct fixture *fixture = *state;
    char path[PATH_MAX];
    fixture->options.max_bytes = 1;
    fixture->options.keep = 4;
    fixture_open(fixture);
    for (int i = 0; i < 4; i++) {
        fixture_put(fixture, i);
    }
    fixture_drain(fixture);
    assert_int_equal(unlink(fixture_path(fixture, "reject.log.2", path)), 0);
    fixture_put(fixture, 4);
    fixture_drain(fixture);
    struct gathered gathered;
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "0|2|3|4|");
    assert_int_equal(unlink(fixture->path), 0);
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "0|2|3|");
    fixture_put(fixture, 5);
    fixture_close(fixture);
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "0|2|3|5|");
}

/* A file that cannot be renamed grows on: the log is worth more than its size. */
static void test_rotation_refused(void **state)
{
    struct fixture *fixture = *state;
    char path[PATH_MAX];
    assert_int_equal(mkdir(fixture_path(fixture, "reject.log.1", path), 0700), 0);
    fixture->options.max_bytes = 1;
    fixture->options.keep = 1;
    fixture_open(fixture);
    for (int i = 0; i < 3; i++) {
        fixture_put(fixture, i);
    }
    fixture_drain(fixture);
    assert_int_equal(rmdir(path), 0);
    fixture_close(fixture);
    struct gathered gathered;
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "0|1|2|");
}

/* Somebody else rotated: the file that is there now is not ours to rename. */
static void test_rotation_by_others(void **state)
{
    struct fixture *fixture = *state;
    char moved[PATH_MAX];
    struct gathered gathered;
    fixture->options.max_bytes = 1;
    fixture_open(fixture);
    fixture_put(fixture, 1);
    fixture_drain(fixture);
    assert_int_equal(rename(fixture->path, fixture_path(fixture, "moved", moved)), 0);
    write_file(fixture->path, "{\"time\":\"2026-11-22T04:37:00Z\",\"message\":\"other\"}\n");
    fixture_put(fixture, 2);
    fixture_close(fixture);
    assert_false(is_there(fixture, "reject.log.1"));
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "other|2|");
}

static void test_reopen(void **state)
{
    struct fixture *fixture = *state;
    char moved[PATH_MAX];
    struct gathered gathered;
    fixture_open(fixture);
    fixture_put(fixture, 1);
    fixture_drain(fixture);
    assert_int_equal(rename(fixture->path, fixture_path(fixture, "moved", moved)), 0);
    fixture_put(fixture, 2);
    fixture_drain(fixture);
    assert_false(is_there(fixture, "reject.log"));
    pf_audit_reopen(fixture->audit);
    fixture_put(fixture, 3);
    fixture_close(fixture);
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "3|");
    fixture_gather(moved, &gathered);
    assert_string_equal(gathered.messages, "1|2|");
}

struct torn {
    const char *name;
    const char *before; /* what stands in the file */
    const char *after;  /* what stands before the new line */
    uint64_t garbage;
};

static const struct torn torn[] = {
    {"part of a line", "{\"time\":\"2026-11-22T04", "{\"time\":\"2026-11-22T04\n", 1},
    {"whole line", "{\"time\":\"2026-11-22T04:37:00Z\"}\n", "{\"time\":\"2026-11-22T04:37:00Z\"}\n",
     0},
    {"line without its newline", "{\"time\":\"2026-11-22T04:37:00Z\"}",
     "{\"time\":\"2026-11-22T04:37:00Z\"}\n", 0},
    {"empty", "", "", 0},
};

static void test_torn_by_crash(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < PF_ARRAY_LEN(torn); i++) {
        pf_autobuf struct pf_buf text = {.data = NULL};
        struct gathered gathered;
        write_file(fixture->path, torn[i].before);
        fixture_open(fixture);
        fixture_put(fixture, 1);
        fixture_close(fixture);
        fixture_read(fixture->path, &text);
        if (!pf_sv_starts_with(pf_buf_view(&text), pf_sv_from(torn[i].after)) ||
            text.data[strlen(torn[i].after)] != '{') {
            fail_msg("%s: %s", torn[i].name, text.data);
        }
        fixture_gather(fixture->path, &gathered);
        assert_int_equal(gathered.counts.garbage, torn[i].garbage);
        assert_string_equal(gathered.messages, "1|");
    }
}

static bool three_failed(const struct pf_audit_stats *stats)
{
    return stats->failed == 3;
}

static void test_dev_full(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.path = "/dev/full";
    fixture->options.max_bytes = 1;
    fixture_open(fixture);
    for (int i = 0; i < 3; i++) {
        fixture_put(fixture, i);
    }
    fixture_wait(fixture, three_failed);
    const struct pf_audit_stats stats = pf_audit_stats(fixture->audit);
    assert_int_equal(stats.written, 0);
    assert_int_equal(stats.queued, 0);
}

static bool one_failed(const struct pf_audit_stats *stats)
{
    return stats->failed == 1;
}

static bool two_written(const struct pf_audit_stats *stats)
{
    return stats->written == 2 && stats->queued == 0;
}

/* A limit of the process on file sizes cuts a line in the middle, as a full disk does. */
static void test_disk_full_and_well_again(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit old = {0};
    struct gathered gathered;
    fixture_open(fixture);
    fixture_put(fixture, 1);
    fixture_drain(fixture);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    const rlim_t limit = (rlim_t)size_of(fixture, "reject.log") + 20;
    assert_int_equal(
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = limit, .rlim_max = old.rlim_max}), 0);
    fixture_put(fixture, 2);
    fixture_wait(fixture, one_failed);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    fixture_put(fixture, 3);
    fixture_wait(fixture, two_written);
    fixture_close(fixture);
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "1|3|");
    assert_int_equal(gathered.counts.garbage, 1);
    assert_int_equal(gathered.lines[PF_AUDIT_FAILED], 1);
    assert_int_equal(gathered.records[PF_AUDIT_FAILED], 1);
}

/* The file's folder goes away and comes back. */
static void test_reopen_after_failure(void **state)
{
    struct fixture *fixture = *state;
    char folder[PATH_MAX];
    char away[PATH_MAX];
    char path[PATH_MAX];
    struct gathered gathered;
    assert_int_equal(mkdir(fixture_path(fixture, "logs", folder), 0700), 0);
    fixture->options.path = fixture_path(fixture, "logs/x", path);
    fixture_open(fixture);
    assert_int_equal(rename(folder, fixture_path(fixture, "away", away)), 0);
    pf_audit_reopen(fixture->audit);
    fixture_put(fixture, 1);
    fixture_wait(fixture, one_failed);
    assert_int_equal(rename(away, folder), 0);
    pf_audit_reopen(fixture->audit); /* does not wait for the end of the back-off */
    fixture_put(fixture, 2);
    fixture_close(fixture);
    fixture_gather(path, &gathered);
    assert_string_equal(gathered.messages, "2|");
    assert_int_equal(gathered.records[PF_AUDIT_FAILED], 1);
}

/* Run with standard output somewhere else; assertions wait until it is back. */
static struct pf_audit_stats put_to_stdout(struct fixture *fixture, int fd)
{
    (void)fflush(stdout);
    const int old = dup(STDOUT_FILENO);
    (void)dup2(fd, STDOUT_FILENO);
    fixture->options.path = "-";
    fixture->options.max_bytes = 1; /* is not rotated */
    fixture_open(fixture);
    fixture_put(fixture, 1);
    pf_audit_reopen(fixture->audit);
    fixture_put(fixture, 2);
    fixture_drain(fixture);
    const struct pf_audit_stats stats = pf_audit_stats(fixture->audit);
    fixture_close(fixture);
    (void)dup2(old, STDOUT_FILENO);
    (void)close(old);
    return stats;
}

static void test_stdout(void **state)
{
    struct fixture *fixture = *state;
    struct gathered gathered;
    const int fd = open(fixture->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    const struct pf_audit_stats stats = put_to_stdout(fixture, fd);
    assert_int_equal(stats.written, 2);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0); /* shared with others: left alone */
    (void)close(fd);
    fixture_gather(fixture->path, &gathered);
    assert_string_equal(gathered.messages, "1|2|");
}

/* Who read standard output has gone: records are lost, the process is not. */
static void test_stdout_broken(void **state)
{
    struct fixture *fixture = *state;
    int ends[2] = {-1, -1};
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    (void)close(ends[0]);
    const struct pf_audit_stats stats = put_to_stdout(fixture, ends[1]);
    (void)close(ends[1]);
    assert_int_equal(stats.failed, 2);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_rotation_at_limit),
        CASE(test_rotation_of_long_lines),
        CASE(test_rotation_of_symlink),
        CASE(test_rotation_with_missing_files),
        CASE(test_rotation_refused),
        CASE(test_rotation_by_others),
        CASE(test_reopen),
        CASE(test_torn_by_crash),
        CASE(test_dev_full),
        CASE(test_disk_full_and_well_again),
        CASE(test_reopen_after_failure),
        CASE(test_stdout),
        CASE(test_stdout_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

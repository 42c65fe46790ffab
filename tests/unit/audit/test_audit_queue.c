#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit_fixture.h"

/* The queue: readers that do not read, many threads, the end while something hangs. */

static bool one_failed(const struct pf_audit_stats *stats)
{
    return stats->failed == 1;
}

static int open_fifo(struct fixture *fixture)
{
    assert_int_equal(mkfifo(fixture->path, 0600), 0);
    const int fd = open(fixture->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

struct drain {
    int fd;
    const char *path;
};

static void *drain_fifo(void *opaque)
{
    const struct drain *drain = opaque;
    static char bytes[65536];
    FILE *file = fopen(drain->path, "w");
    ssize_t got = 1;
    if (file == NULL || fcntl(drain->fd, F_SETFL, 0) != 0) {
        return NULL;
    }
    while (got > 0) {
        got = read(drain->fd, bytes, sizeof(bytes));
        if (got > 0) {
            (void)fwrite(bytes, 1, (size_t)got, file);
        }
    }
    (void)fclose(file);
    return NULL;
}

static bool is_full(const struct pf_audit_stats *stats)
{
    return stats->queued == PF_AUDIT_QUEUE_MAX;
}

#define FLOOD (PF_AUDIT_QUEUE_MAX + 1000)

/* The reader of a FIFO stands still: the queue fills, what is over it is dropped and counted, and reported when there is room again. */
static void test_queue_overflow(void **state)
{
    struct fixture *fixture = *state;
    char copy[PATH_MAX];
    struct drain drain = {.fd = open_fifo(fixture), .path = fixture_path(fixture, "copy", copy)};
    struct gathered gathered;
    pthread_t thread;
    fixture_open(fixture);
    for (int i = 0; i < FLOOD; i++) {
        fixture_put(fixture, i);
    }
    fixture_wait(fixture, is_full);
    const struct pf_audit_stats stats = pf_audit_stats(fixture->audit);
    assert_int_equal(stats.written + stats.queued + stats.dropped, FLOOD);
    assert_true(stats.dropped > 0);
    for (int i = 0; i < 10; i++) {
        fixture_put(fixture, i);
    }
    assert_int_equal(pf_audit_stats(fixture->audit).dropped, stats.dropped + 10);
    assert_int_equal(pthread_create(&thread, NULL, drain_fifo, &drain), 0);
    fixture_drain(fixture);
    fixture_close(fixture);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(drain.fd);
    fixture_gather(copy, &gathered);
    assert_int_equal(gathered.lines[PF_AUDIT_DECISION], stats.written + PF_AUDIT_QUEUE_MAX);
    assert_int_equal(gathered.lines[PF_AUDIT_DROPPED], 1);
    /* reported with the record that is taken when half of the queue is free */
    assert_int_equal(gathered.before_drop, stats.written + PF_AUDIT_QUEUE_MAX / 2 + 1);
    assert_int_equal(gathered.records[PF_AUDIT_DROPPED], stats.dropped + 10);
    assert_int_equal(gathered.counts.garbage, 0);
}

/* Records of 20 KB: the bytes are bounded too. */
static void test_queue_bytes(void **state)
{
    struct fixture *fixture = *state;
    static char requests[20001];
    const int fd = open_fifo(fixture);
    struct pf_audit_record record = fixture_record();
    memset(requests, ' ', sizeof(requests));
    requests[sizeof(requests) - 1] = '1';
    record.requests = (struct pf_sv){.ptr = requests, .len = sizeof(requests)};
    fixture_open(fixture);
    for (int i = 0; i < 1000; i++) {
        pf_audit_put(fixture->audit, &record);
    }
    const struct pf_audit_stats stats = pf_audit_stats(fixture->audit);
    assert_true(stats.dropped > 0);
    assert_true(stats.queued < PF_AUDIT_QUEUE_MAX_BYTES / sizeof(requests));
    (void)close(fd); /* nobody reads: the rest fails at once */
    fixture_close(fixture);
}

/* Nobody reads and nobody will: the end comes all the same. */
static void test_free_while_blocked(void **state)
{
    struct fixture *fixture = *state;
    const int fd = open_fifo(fixture);
    fixture_open(fixture);
    for (int i = 0; i < 1000; i++) {
        fixture_put(fixture, i);
    }
    fixture_close(fixture);
    (void)close(fd);
}

/* A FIFO that nobody reads at the start is opened when somebody does. */
static void test_late_reader(void **state)
{
    struct fixture *fixture = *state;
    char copy[PATH_MAX];
    struct gathered gathered;
    assert_int_equal(mkfifo(fixture->path, 0600), 0);
    fixture_open(fixture);
    fixture_put(fixture, 1);
    fixture_wait(fixture, one_failed);
    struct drain drain = {.fd = open(fixture->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC),
                          .path = fixture_path(fixture, "copy", copy)};
    pf_audit_reopen(fixture->audit);
    fixture_put(fixture, 2);
    fixture_close(fixture);
    (void)drain_fifo(&drain);
    (void)close(drain.fd);
    fixture_gather(copy, &gathered);
    assert_string_equal(gathered.messages, "2|");
    assert_int_equal(gathered.records[PF_AUDIT_FAILED], 1);
}

#define THREADS    8
#define PER_THREAD 2000

static void *put_many(void *opaque)
{
    struct fixture *fixture = opaque;
    for (int i = 0; i < PER_THREAD; i++) {
        fixture_put(fixture, i);
        if (i % 500 == 0) {
            pf_audit_reopen(fixture->audit);
            (void)pf_audit_stats(fixture->audit);
        }
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    struct fixture *fixture = *state;
    pthread_t threads[THREADS];
    struct gathered gathered;
    fixture->options.max_bytes = (int64_t)1024 * 1024;
    fixture->options.keep = PF_AUDIT_KEEP_MAX;
    fixture->options.repeat_window_ms = 60000;
    fixture_open(fixture);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, fixture), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    fixture_drain(fixture);
    const struct pf_audit_stats stats = pf_audit_stats(fixture->audit);
    assert_int_equal(stats.written + stats.repeated + stats.dropped, THREADS * PER_THREAD);
    assert_int_equal(stats.failed, 0);
    fixture_close(fixture);
    fixture_gather(fixture->path, &gathered);
    assert_int_equal(gathered.counts.garbage, 0);
    assert_int_equal(gathered.records[PF_AUDIT_DECISION], stats.written);
    assert_int_equal(gathered.records[PF_AUDIT_REPEATS], stats.repeated);
    assert_int_equal(gathered.records[PF_AUDIT_DROPPED], stats.dropped);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_queue_overflow), CASE(test_queue_bytes),  CASE(test_free_while_blocked),
        CASE(test_late_reader),    CASE(test_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#ifndef PODFIT_AUDIT_FIXTURE_H
#define PODFIT_AUDIT_FIXTURE_H

/** A folder of its own, a clock that stands still, and records to put. */

#include <limits.h>
#include <stdatomic.h>

#include <podfit/audit_query.h>
#include <podfit/buf.h>
#include <podfit/limits.h>

#define START_WALL_NS INT64_C(1795322220000000000) /* 2026-11-22T04:37:00Z */
#define MS            INT64_C(1000000)

struct fixture {
    char dir[64];
    char path[128]; /**< of the log, in the folder */
    _Atomic int64_t elapsed_ns;
    struct pf_clock clock; /**< stands at START_WALL_NS + elapsed_ns */
    struct pf_audit_options options;
    struct pf_audit *audit;
};

int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/** Open the log with the options of the fixture. */
void fixture_open(struct fixture *fixture);
/** Free the log: everything that waits is written. */
void fixture_close(struct fixture *fixture);
/** Path of a file in the folder; @p text is filled and returned. */
const char *fixture_path(const struct fixture *fixture, const char *name, char text[PATH_MAX]);
/** The file's bytes; fails the test when it is not there. */
void fixture_read(const char *path, struct pf_buf *buf);
/** Wait (20 seconds, then the test fails) until nothing is queued. */
void fixture_drain(struct fixture *fixture);
/** Wait likewise until @p done says so. */
void fixture_wait(struct fixture *fixture, bool (*done)(const struct pf_audit_stats *stats));

/** A record with every field set. */
struct pf_audit_record fixture_record(void);
/** Put that record with the number as its message. */
void fixture_put(struct fixture *fixture, int number);

/** What was read: how often each kind came, what it stands for, and the last line of all. */
struct gathered {
    struct pf_audit_counts counts;
    uint64_t lines[4];                 /**< by kind */
    uint64_t records[4];               /**< likewise; sum of `count` */
    uint64_t before_drop;              /**< decisions before the first line about dropped ones */
    char messages[4096];               /**< of decisions and repeats, `|` after each */
    char raw[PF_AUDIT_LINE_MAX_BYTES]; /**< the last line */
};

/** Read @p path with what was rotated; fails the test on errors. */
void fixture_gather(const char *path, struct gathered *ret_gathered);

#endif

#ifndef PODFIT_TEST_CERTDIR_FIXTURE_H
#define PODFIT_TEST_CERTDIR_FIXTURE_H

#include <podfit/certdir.h>

#define NS_PER_S INT64_C(1000000000)
#define DAY_S    INT64_C(86400)
#define HOUR_NS  (3600 * NS_PER_S)
#define START_NS (INT64_C(1800000000) * NS_PER_S)
#define HOST     "podfit.podfit.svc"

/* A scratch folder and a clock that stands still. */
struct fixture {
    char dir[64];
    int64_t now_ns;
    struct pf_clock clock;
    struct pf_certdir_options options;
};

/** cmocka set-up and tear-down. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
/** Path of a file of the folder. */
void fixture_path_of(const struct fixture *fixture, const char *name, char path[128]);
/** A file of the folder; @p buf is initialised. */
void fixture_read_text(const struct fixture *fixture, const char *name, struct pf_buf *buf);
/** Permission bits, through links. */
unsigned fixture_mode_of(const struct fixture *fixture, const char *name);
/** Entries of a folder without `.` and `..`. */
size_t fixture_count_entries(const char *dir);
/** What renew did; a failure fails the test. */
unsigned fixture_renew(struct fixture *fixture);
void fixture_create(struct fixture *fixture);
/** Fail the test unless a server could serve the pair and a client with the bundle would accept it. */
void fixture_check_served(const struct fixture *fixture);

#endif

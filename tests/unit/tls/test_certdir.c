#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "certdir_fixture.h"
#include <podfit/certdir.h>
#include <podfit/certmake.h>
#include <podfit/file.h>
#include <podfit/limits.h>

static const char *const names[] = {HOST, "10.0.0.1"};
static const char *const other_names[] = {HOST, "10.0.0.2"};

static void test_create(void **state)
{
    struct fixture *fixture = *state;
    const mode_t before = umask(0077); /* the certificates must be readable all the same */
    struct pf_certdir_report report = {0};
    assert_int_equal(
        pf_certdir_create(fixture->dir, &fixture->options, &fixture->clock, &report, NULL), PF_OK);
    (void)umask(before);
    assert_int_equal(report.acts,
                     PF_CERTPLAN_PUBLISH_CA | PF_CERTPLAN_SWITCH_CA | PF_CERTPLAN_ISSUE_LEAF);
    assert_int_equal(report.ca.count, 1);
    assert_int_equal(report.next.count, 0);
    assert_int_equal(report.leaf.count, 1);
    assert_int_equal(report.bundle.count, 1);
    assert_int_equal(report.problems_count, 0);
    assert_true(report.next_due_wall_ns == START_NS + 60 * DAY_S * NS_PER_S);
    assert_string_equal(report.leaf.items[0].sans[1].text, "10.0.0.1");
    pf_certdir_report_done(&report);
    fixture_check_served(fixture);
    static const struct {
        const char *name;
        unsigned mode;
    } modes[] = {{"ca.crt", 0644},  {"ca.key", 0600},        {"tls.crt", 0644},
                 {"tls.key", 0600}, {"ca-bundle.crt", 0644}, {"..data", 0755}};
    for (size_t i = 0; i < PF_ARRAY_LEN(modes); i++) {
        assert_int_equal(fixture_mode_of(fixture, modes[i].name), modes[i].mode);
    }
    assert_int_equal(fixture_count_entries(fixture->dir),
                     7); /* five links, ..data, one generation */
}

static void test_create_twice(void **state)
{
    struct fixture *fixture = *state;
    fixture_create(fixture);
    pf_autobuf struct pf_buf first = {0};
    pf_autobuf struct pf_buf second = {0};
    pf_autobuf struct pf_buf third = {0};
    fixture_read_text(fixture, "ca.crt", &first);
    struct pf_err err = {0};
    struct pf_certdir_report report = {.acts = 0x55};
    assert_int_equal(
        pf_certdir_create(fixture->dir, &fixture->options, &fixture->clock, &report, &err),
        PF_E_EXISTS);
    assert_non_null(strstr(err.text, fixture->dir));
    assert_int_equal(report.acts, 0x55);
    fixture_read_text(fixture, "ca.crt", &second);
    assert_true(pf_sv_eq(pf_buf_view(&first), pf_buf_view(&second)));
    fixture->options.force = true;
    fixture_create(fixture);
    fixture_read_text(fixture, "ca.crt", &third);
    assert_false(pf_sv_eq(pf_buf_view(&first), pf_buf_view(&third)));
    fixture_check_served(fixture);
}

static void test_create_options(void **state)
{
    struct fixture *fixture = *state;
    static const char *const bad_names[] = {"not a name"};
    static const struct {
        const char *name;
        struct pf_certdir_options options;
        enum pf_code code;
    } rows[] = {
        {"no names", {.publish_delay_s = -1}, PF_E_INVALID},
        {"bad name", {.names = bad_names, .names_count = 1, .publish_delay_s = -1}, PF_E_INVALID},
        {"CA shorter than leaf",
         {.names = names, .names_count = 1, .ca_lifetime_s = DAY_S, .leaf_lifetime_s = DAY_S + 1},
         PF_E_INVALID},
        {"delay too long",
         {.names = names,
          .names_count = 1,
          .ca_lifetime_s = 3 * DAY_S,
          .leaf_lifetime_s = DAY_S,
          .publish_delay_s = DAY_S},
         PF_E_INVALID},
        {"leaf too short", {.names = names, .names_count = 1, .leaf_lifetime_s = 1}, PF_E_RANGE},
        {"leaf negative", {.names = names, .names_count = 1, .leaf_lifetime_s = -1}, PF_E_RANGE},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_err err = {0};
        const enum pf_code code =
            pf_certdir_create(fixture->dir, &rows[i].options, &fixture->clock, NULL, &err);
        if (code != rows[i].code) {
            fail_msg("%s: %s '%s'", rows[i].name, pf_code_name(code), err.text);
        }
        assert_int_equal(fixture_count_entries(fixture->dir), 0);
    }
}

static void test_no_folder(void **state)
{
    struct fixture *fixture = *state;
    struct pf_certdir_report report = {0};
    const struct pf_certdir_options *options = &fixture->options;
    assert_int_equal(pf_certdir_show("/nonexistent/x", options, &fixture->clock, &report, NULL),
                     PF_E_NOT_FOUND);
    assert_int_equal(pf_certdir_renew("/nonexistent/x", options, &fixture->clock, NULL, NULL),
                     PF_E_NOT_FOUND);
    assert_int_equal(pf_certdir_create("/nonexistent/x", options, &fixture->clock, NULL, NULL),
                     PF_E_IO);
    assert_int_equal(pf_certdir_show(fixture->dir, options, &fixture->clock, &report, NULL),
                     PF_E_NOT_FOUND);
    assert_int_equal(pf_certdir_renew(fixture->dir, options, &fixture->clock, NULL, NULL),
                     PF_E_NOT_FOUND);
}

static void test_renew_leaf(void **state)
{
    struct fixture *fixture = *state;
    fixture_create(fixture);
    static const struct {
        const char *name;
        int64_t at_day;
        unsigned acts;
    } rows[] = {
        {"fresh", 0, 0},
        {"before 2/3", 59, 0},
        {"at 2/3", 60, PF_CERTPLAN_ISSUE_LEAF},
        {"just done", 60, 0},
        {"clock jumps past expiry", 200, PF_CERTPLAN_ISSUE_LEAF},
        {"just done", 200, 0},
        {"clock jumps back before the leaf", 100, PF_CERTPLAN_ISSUE_LEAF},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        fixture->now_ns = START_NS + rows[i].at_day * DAY_S * NS_PER_S;
        if (i % 2 != 0) { /* names are kept when none are given */
            fixture->options.names_count = 0;
        }
        const unsigned acts = fixture_renew(fixture);
        if (acts != rows[i].acts) {
            fail_msg("%s: 0x%x", rows[i].name, acts);
        }
        fixture_check_served(fixture);
        assert_int_equal(fixture_count_entries(fixture->dir), 7);
        fixture->options.names_count = PF_ARRAY_LEN(names);
    }
    fixture->options.names = other_names;
    assert_int_equal(fixture_renew(fixture), PF_CERTPLAN_ISSUE_LEAF);
    assert_int_equal(fixture_renew(fixture), 0);
    fixture->options.force = true;
    assert_int_equal(fixture_renew(fixture), PF_CERTPLAN_ISSUE_LEAF);
}

static void test_ca_expired(void **state)
{
    struct fixture *fixture = *state;
    fixture_create(fixture);
    fixture->now_ns = START_NS + DAY_S * 6 * 365 * NS_PER_S;
    struct pf_certdir_report report = {0};
    assert_int_equal(
        pf_certdir_show(fixture->dir, &fixture->options, &fixture->clock, &report, NULL), PF_OK);
    assert_true(report.problems_count > 0);
    assert_non_null(strstr(report.problems[0].text, "expired"));
    assert_int_equal(report.acts,
                     PF_CERTPLAN_PUBLISH_CA | PF_CERTPLAN_SWITCH_CA | PF_CERTPLAN_ISSUE_LEAF);
    pf_certdir_report_done(&report);
    (void)fixture_renew(fixture);
    fixture_check_served(fixture);
    fixture->now_ns = START_NS; /* and back again */
    (void)fixture_renew(fixture);
    fixture_check_served(fixture);
    assert_int_equal(fixture_renew(fixture), 0);
}

static void test_problems(void **state)
{
    struct fixture *fixture = *state;
    fixture_create(fixture);
    char path[128];
    fixture_path_of(fixture, "ca.key", path);
    assert_int_equal(chmod(path, 0640), 0);
    struct pf_certdir_report report = {0};
    assert_int_equal(
        pf_certdir_show(fixture->dir, &fixture->options, &fixture->clock, &report, NULL), PF_OK);
    assert_int_equal(report.problems_count, 1);
    assert_non_null(strstr(report.problems[0].text, "ca.key"));
    assert_non_null(strstr(report.problems[0].text, "'0640'"));
    pf_certdir_report_done(&report);
    assert_int_equal(
        pf_certdir_renew(fixture->dir, &fixture->options, &fixture->clock, &report, NULL), PF_OK);
    assert_int_equal(report.problems_count, 1);
    pf_certdir_report_done(&report);
    fixture->options.force = true; /* a new generation has the right mode again */
    (void)fixture_renew(fixture);
    assert_int_equal(fixture_mode_of(fixture, "ca.key"), 0600);
}

static void put(const struct fixture *fixture, const char *name, struct pf_sv text)
{
    char path[128];
    fixture_path_of(fixture, name, path);
    assert_int_equal(pf_file_write_atomic(path, text, 0600, NULL), PF_OK);
}

static const struct {
    const char *name;
    const char *file; /* replaced in the generation */
    const char *text; /* NULL: removed */
    enum pf_code code;
    unsigned acts;
    const char *problem;
} damages[] = {
    {"leaf lost", "tls.crt", NULL, PF_OK, PF_CERTPLAN_ISSUE_LEAF, "certificate is empty"},
    {"leaf cut off", "tls.crt", "-----BEGIN CERTIFICATE-----\n", PF_OK, PF_CERTPLAN_ISSUE_LEAF,
     "cut off"},
    {"key lost", "tls.key", NULL, PF_OK, PF_CERTPLAN_ISSUE_LEAF, "key is empty"},
    {"key broken", "tls.key", "x", PF_OK, PF_CERTPLAN_ISSUE_LEAF, "key is no private key"},
    {"bundle lost", "ca-bundle.crt", NULL, PF_OK, PF_CERTPLAN_MEND_BUNDLE, "ca-bundle.crt"},
    {"bundle broken", "ca-bundle.crt", "x", PF_E_INVALID, 0, "ca-bundle.crt"},
    {"CA broken", "ca.crt", "x", PF_E_INVALID, 0, NULL},
    {"CA key lost", "ca.key", NULL, PF_OK, 0, "no 'ca.key'"},
    {"CA key broken", "ca.key", "x", PF_OK, 0, "ca.key"},
};

static void damage(const struct fixture *fixture, const char *file, const char *text)
{
    char name[64];
    char path[128];
    (void)snprintf(name, sizeof(name), "..data/%s", file);
    fixture_path_of(fixture, name, path);
    if (text != NULL) {
        put(fixture, name, pf_sv_from(text));
    } else {
        assert_int_equal(unlink(path), 0);
    }
}

static void check_shown(const struct fixture *fixture, const char *name, const char *problem)
{
    struct pf_certdir_report report = {0};
    const enum pf_code code =
        pf_certdir_show(fixture->dir, &fixture->options, &fixture->clock, &report, NULL);
    if (code != PF_OK || report.problems_count == 0 ||
        strstr(report.problems[0].text, problem) == NULL) {
        fail_msg("%s: %s, problem '%s'", name, pf_code_name(code), report.problems[0].text);
    }
    pf_certdir_report_done(&report);
}

static void test_damage(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < PF_ARRAY_LEN(damages); i++) {
        fixture->options.force = true;
        fixture_create(fixture);
        fixture->options.force = false;
        damage(fixture, damages[i].file, damages[i].text);
        if (damages[i].problem != NULL) {
            check_shown(fixture, damages[i].name, damages[i].problem);
        }
        struct pf_certdir_report report = {0};
        struct pf_err err = {0};
        const enum pf_code code =
            pf_certdir_renew(fixture->dir, &fixture->options, &fixture->clock, &report, &err);
        if (code != damages[i].code || report.acts != damages[i].acts) {
            fail_msg("%s: %s, acts 0x%x, '%s'", damages[i].name, pf_code_name(code), report.acts,
                     err.text);
        }
        pf_certdir_report_done(&report);
        if (code == PF_OK) {
            fixture_check_served(fixture);
        }
    }
}

static void test_ca_key_away(void **state)
{
    struct fixture *fixture = *state;
    fixture_create(fixture);
    damage(fixture, "ca.key", NULL);
    fixture->now_ns += 61 * DAY_S * NS_PER_S;
    struct pf_err err = {0};
    assert_int_equal(pf_certdir_renew(fixture->dir, &fixture->options, &fixture->clock, NULL, &err),
                     PF_E_STATE);
    assert_non_null(strstr(err.text, "ca.key"));
    fixture_check_served(fixture); /* what was in force is in force */
}

/* Files made by hand, without links. */
static void test_plain_folder(void **state)
{
    struct fixture *fixture = *state;
    struct pf_cert_pair ca = {0};
    struct pf_cert_pair leaf = {0};
    const struct pf_certmake_ca ca_wanted = {.common_name = "by hand", .lifetime_s = 365 * DAY_S};
    const struct pf_certmake_leaf leaf_wanted = {
        .names = names, .names_count = PF_ARRAY_LEN(names), .lifetime_s = 30 * DAY_S};
    assert_int_equal(pf_certmake_ca(&ca_wanted, START_NS, &ca, NULL), PF_OK);
    assert_int_equal(pf_certmake_leaf(&ca, &leaf_wanted, START_NS, &leaf, NULL), PF_OK);
    put(fixture, "ca.crt", pf_buf_view(&ca.cert_pem));
    put(fixture, "ca.key", pf_buf_view(&ca.key_pem));
    put(fixture, "tls.crt", pf_buf_view(&leaf.cert_pem));
    put(fixture, "tls.key", pf_buf_view(&leaf.key_pem));
    assert_int_equal(
        pf_certdir_create(fixture->dir, &fixture->options, &fixture->clock, NULL, NULL),
        PF_E_EXISTS);
    assert_int_equal(fixture_renew(fixture), PF_CERTPLAN_MEND_BUNDLE);
    fixture_check_served(fixture);
    pf_autobuf struct pf_buf now = {0};
    fixture_read_text(fixture, "tls.crt", &now);
    assert_true(pf_sv_eq(pf_buf_view(&now), pf_buf_view(&leaf.cert_pem)));
    assert_int_equal(fixture_count_entries(fixture->dir), 7);
    fixture->now_ns += 25 * DAY_S * NS_PER_S;
    assert_int_equal(fixture_renew(fixture), PF_CERTPLAN_ISSUE_LEAF);
    fixture_check_served(fixture);
    /* the same file again by hand is no conflict with a link, another one is */
    put(fixture, "tls.crt", pf_buf_view(&leaf.cert_pem));
    struct pf_err err = {0};
    assert_int_equal(pf_certdir_renew(fixture->dir, &fixture->options, &fixture->clock, NULL, &err),
                     PF_E_STATE);
    assert_non_null(strstr(err.text, "replaced by hand"));
    pf_cert_pair_done(&ca);
    pf_cert_pair_done(&leaf);
}

static void test_locked(void **state)
{
    struct fixture *fixture = *state;
    fixture_create(fixture);
    const int fd = open(fixture->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    struct pf_err err = {0};
    assert_int_equal(pf_certdir_renew(fixture->dir, &fixture->options, &fixture->clock, NULL, &err),
                     PF_E_STATE);
    assert_non_null(strstr(err.text, "another process"));
    struct pf_certdir_report report = {0};
    assert_int_equal(
        pf_certdir_show(fixture->dir, &fixture->options, &fixture->clock, &report, NULL), PF_OK);
    pf_certdir_report_done(&report);
    (void)close(fd);
    assert_int_equal(fixture_renew(fixture), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_create),      TEST(test_create_twice), TEST(test_create_options),
        TEST(test_no_folder),   TEST(test_renew_leaf),

        TEST(test_ca_expired),  TEST(test_problems),     TEST(test_damage),
        TEST(test_ca_key_away), TEST(test_plain_folder), TEST(test_locked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

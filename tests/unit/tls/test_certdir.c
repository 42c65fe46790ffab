#include <dirent.h>
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

#include <podfit/certdir.h>
#include <podfit/certmake.h>
#include <podfit/file.h>
#include <podfit/limits.h>

#define NS_PER_S INT64_C(1000000000)
#define DAY_S    INT64_C(86400)
#define HOUR_NS  (3600 * NS_PER_S)
#define START_NS (INT64_C(1800000000) * NS_PER_S)
#define HOST     "podfit.podfit.svc"

static const char *const names[] = {HOST, "10.0.0.1"};
static const char *const other_names[] = {HOST, "10.0.0.2"};

/* A scratch folder and a clock that stands still. */
struct fixture {
    char dir[64];
    int64_t now_ns;
    struct pf_clock clock;
    struct pf_certdir_options options;
};

/* Power cuts are not played here, and a thousand real ones take half a minute. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd;
    return 0;
}

static int64_t fixture_now(void *opaque)
{
    return ((const struct fixture *)opaque)->now_ns;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    (void)snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/podfit-certdir-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    fixture->now_ns = START_NS;
    fixture->clock =
        (struct pf_clock){.mono_ns = fixture_now, .wall_ns = fixture_now, .opaque = fixture};
    fixture->options = pf_certdir_options_default();
    fixture->options.names = names;
    fixture->options.names_count = PF_ARRAY_LEN(names);
    *state = fixture;
    return 0;
}

static void remove_tree(const char *dir)
{
    struct dirent **found = NULL;
    const int count = scandir(dir, &found, NULL, NULL);
    for (int i = 0; i < count; i++) {
        char path[512];
        struct stat info = {0};
        (void)snprintf(path, sizeof(path), "%s/%s", dir, found[i]->d_name);
        const bool is_self =
            strcmp(found[i]->d_name, ".") == 0 || strcmp(found[i]->d_name, "..") == 0;
        if (!is_self && lstat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
            remove_tree(path); /* generations: one level deep */
        } else if (!is_self) {
            (void)unlink(path);
        }
        free(found[i]);
    }
    free(found);
    (void)rmdir(dir);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    remove_tree(fixture->dir);
    free(fixture);
    return 0;
}

static void path_of(const struct fixture *fixture, const char *name, char path[128])
{
    (void)snprintf(path, 128, "%s/%s", fixture->dir, name);
}

static void read_text(const struct fixture *fixture, const char *name, struct pf_buf *buf)
{
    char path[128];
    struct pf_err err = {0};
    path_of(fixture, name, path);
    pf_buf_init(buf, PF_CERT_PEM_MAX_BYTES);
    if (pf_file_read(path, buf, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

static unsigned mode_of(const struct fixture *fixture, const char *name)
{
    char path[128];
    struct stat info = {0};
    path_of(fixture, name, path);
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

static size_t count_entries(const char *dir)
{
    struct dirent **found = NULL;
    const int count = scandir(dir, &found, NULL, NULL);
    assert_true(count >= 2);
    for (int i = 0; i < count; i++) {
        free(found[i]);
    }
    free(found);
    return (size_t)count - 2;
}

static unsigned renew(struct fixture *fixture)
{
    struct pf_err err = {0};
    struct pf_certdir_report report = {0};
    if (pf_certdir_renew(fixture->dir, &fixture->options, &fixture->clock, &report, &err) !=
        PF_OK) {
        fail_msg("renew: %s", err.text);
    }
    const unsigned acts = report.acts;
    pf_certdir_report_done(&report);
    return acts;
}

static void create(struct fixture *fixture)
{
    struct pf_err err = {0};
    if (pf_certdir_create(fixture->dir, &fixture->options, &fixture->clock, NULL, &err) != PF_OK) {
        fail_msg("create: %s", err.text);
    }
}

/* What a server and a client would do with the folder now. */
static void check_served(const struct fixture *fixture)
{
    char cert_path[128];
    char key_path[128];
    pf_autocertpair struct pf_cert_pair pair = {0};
    pf_autobuf struct pf_buf bundle = {0};
    struct pf_err err = {0};
    path_of(fixture, "tls.crt", cert_path);
    path_of(fixture, "tls.key", key_path);
    enum pf_code code = pf_cert_load_pair(cert_path, key_path, fixture->now_ns, &pair, NULL, &err);
    if (code == PF_OK) {
        read_text(fixture, "ca-bundle.crt", &bundle);
        code = pf_cert_verify(pf_buf_view(&pair.cert_pem), pf_buf_view(&bundle), HOST,
                              fixture->now_ns, &err);
    }
    if (code != PF_OK) {
        fail_msg("served pair: %s", err.text);
    }
}

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
    check_served(fixture);
    static const struct {
        const char *name;
        unsigned mode;
    } modes[] = {{"ca.crt", 0644},  {"ca.key", 0600},        {"tls.crt", 0644},
                 {"tls.key", 0600}, {"ca-bundle.crt", 0644}, {"..data", 0755}};
    for (size_t i = 0; i < PF_ARRAY_LEN(modes); i++) {
        assert_int_equal(mode_of(fixture, modes[i].name), modes[i].mode);
    }
    assert_int_equal(count_entries(fixture->dir), 7); /* five links, ..data, one generation */
}

static void test_create_twice(void **state)
{
    struct fixture *fixture = *state;
    create(fixture);
    pf_autobuf struct pf_buf first = {0};
    pf_autobuf struct pf_buf second = {0};
    pf_autobuf struct pf_buf third = {0};
    read_text(fixture, "ca.crt", &first);
    struct pf_err err = {0};
    struct pf_certdir_report report = {.acts = 0x55};
    assert_int_equal(
        pf_certdir_create(fixture->dir, &fixture->options, &fixture->clock, &report, &err),
        PF_E_EXISTS);
    assert_non_null(strstr(err.text, fixture->dir));
    assert_int_equal(report.acts, 0x55);
    read_text(fixture, "ca.crt", &second);
    assert_true(pf_sv_eq(pf_buf_view(&first), pf_buf_view(&second)));
    fixture->options.force = true;
    create(fixture);
    read_text(fixture, "ca.crt", &third);
    assert_false(pf_sv_eq(pf_buf_view(&first), pf_buf_view(&third)));
    check_served(fixture);
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
        assert_int_equal(count_entries(fixture->dir), 0);
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
    create(fixture);
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
        const unsigned acts = renew(fixture);
        if (acts != rows[i].acts) {
            fail_msg("%s: 0x%x", rows[i].name, acts);
        }
        check_served(fixture);
        assert_int_equal(count_entries(fixture->dir), 7);
        fixture->options.names_count = PF_ARRAY_LEN(names);
    }
    fixture->options.names = other_names;
    assert_int_equal(renew(fixture), PF_CERTPLAN_ISSUE_LEAF);
    assert_int_equal(renew(fixture), 0);
    fixture->options.force = true;
    assert_int_equal(renew(fixture), PF_CERTPLAN_ISSUE_LEAF);
}

/* One moment of the timeline: what was in the folder. */
struct moment {
    int64_t at_ns;
    struct pf_buf leaf;
    struct pf_buf bundle;
};

#define STEP_NS (2 * HOUR_NS)
#define MOMENTS ((size_t)1300)
#define STALE_STEPS \
    ((size_t)11) /* 22 hours: clients hold bundles up to that old, servers leaves; the delay is 24 */

/* Leaves and bundles that may be in use at a moment, each with each. @return how many leaves were refused */
static size_t count_refused(const struct moment *moments, size_t now, size_t *checked)
{
    const size_t first = now >= STALE_STEPS ? now - STALE_STEPS : 0;
    size_t refused = 0;
    for (size_t leaf = first; leaf <= now; leaf++) {
        const struct pf_sv leaf_pem = pf_buf_view(&moments[leaf].leaf);
        if (leaf > first && pf_sv_eq(leaf_pem, pf_buf_view(&moments[leaf - 1].leaf))) {
            continue;
        }
        for (size_t bundle = first; bundle <= now; bundle++) {
            const struct pf_sv bundle_pem = pf_buf_view(&moments[bundle].bundle);
            if (bundle > first && pf_sv_eq(bundle_pem, pf_buf_view(&moments[bundle - 1].bundle))) {
                continue;
            }
            refused +=
                pf_cert_verify(leaf_pem, bundle_pem, HOST, moments[now].at_ns, NULL) != PF_OK;
            (*checked)++;
        }
    }
    return refused;
}

struct timeline {
    size_t switches;
    size_t drops;
    size_t refused;
    size_t checked;
    size_t largest_bundle;
};

/* CA of 30 days, leaf of 6, a renewal each four hours for 108 days. */
static void run_timeline(struct fixture *fixture, struct timeline *timeline)
{
    struct moment *moments = calloc(MOMENTS, sizeof(*moments));
    assert_non_null(moments);
    fixture->options.ca_lifetime_s = 30 * DAY_S;
    fixture->options.leaf_lifetime_s = 6 * DAY_S;
    create(fixture);
    for (size_t i = 0; i < MOMENTS; i++) {
        fixture->now_ns = START_NS + (int64_t)i * STEP_NS;
        const unsigned acts = renew(fixture);
        timeline->switches += (acts & PF_CERTPLAN_SWITCH_CA) != 0;
        timeline->drops += (acts & PF_CERTPLAN_DROP_CA) != 0;
        moments[i].at_ns = fixture->now_ns;
        read_text(fixture, "tls.crt", &moments[i].leaf);
        read_text(fixture, "ca-bundle.crt", &moments[i].bundle);
        if (moments[i].bundle.len > timeline->largest_bundle) {
            timeline->largest_bundle = moments[i].bundle.len;
        }
        timeline->refused += count_refused(moments, i, &timeline->checked);
    }
    for (size_t i = 0; i < MOMENTS; i++) {
        pf_buf_done(&moments[i].leaf);
        pf_buf_done(&moments[i].bundle);
    }
    free(moments);
}

static void test_rotation_timeline(void **state)
{
    struct fixture *fixture = *state;
    struct timeline timeline = {0};
    fixture->options.publish_delay_s = DAY_S;
    run_timeline(fixture, &timeline);
    assert_int_equal(timeline.refused, 0);
    assert_int_equal(timeline.switches, 5); /* every 21 days: 20 to publish, 1 to wait */
    assert_int_equal(timeline.drops, 5);
    assert_true(timeline.checked > MOMENTS);
    /* the old leaf ends before the next CA is published: never more than two CAs at once, of about 700 bytes each */
    assert_true(timeline.largest_bundle > 1000 && timeline.largest_bundle < 1700);
}

/* The same without waiting: the check above does find what a stale bundle refuses. */
static void test_rotation_without_delay(void **state)
{
    struct fixture *fixture = *state;
    struct timeline timeline = {0};
    fixture->options.publish_delay_s = 0;
    run_timeline(fixture, &timeline);
    assert_true(timeline.refused > 0);
}

static void test_ca_expired(void **state)
{
    struct fixture *fixture = *state;
    create(fixture);
    fixture->now_ns = START_NS + DAY_S * 6 * 365 * NS_PER_S;
    struct pf_certdir_report report = {0};
    assert_int_equal(
        pf_certdir_show(fixture->dir, &fixture->options, &fixture->clock, &report, NULL), PF_OK);
    assert_true(report.problems_count > 0);
    assert_non_null(strstr(report.problems[0].text, "expired"));
    assert_int_equal(report.acts,
                     PF_CERTPLAN_PUBLISH_CA | PF_CERTPLAN_SWITCH_CA | PF_CERTPLAN_ISSUE_LEAF);
    pf_certdir_report_done(&report);
    (void)renew(fixture);
    check_served(fixture);
    fixture->now_ns = START_NS; /* and back again */
    (void)renew(fixture);
    check_served(fixture);
    assert_int_equal(renew(fixture), 0);
}

static void test_problems(void **state)
{
    struct fixture *fixture = *state;
    create(fixture);
    char path[128];
    path_of(fixture, "ca.key", path);
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
    (void)renew(fixture);
    assert_int_equal(mode_of(fixture, "ca.key"), 0600);
}

static void put(const struct fixture *fixture, const char *name, struct pf_sv text)
{
    char path[128];
    path_of(fixture, name, path);
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
    path_of(fixture, name, path);
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
        create(fixture);
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
            check_served(fixture);
        }
    }
}

static void test_ca_key_away(void **state)
{
    struct fixture *fixture = *state;
    create(fixture);
    damage(fixture, "ca.key", NULL);
    fixture->now_ns += 61 * DAY_S * NS_PER_S;
    struct pf_err err = {0};
    assert_int_equal(pf_certdir_renew(fixture->dir, &fixture->options, &fixture->clock, NULL, &err),
                     PF_E_STATE);
    assert_non_null(strstr(err.text, "ca.key"));
    check_served(fixture); /* what was in force is in force */
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
    assert_int_equal(renew(fixture), PF_CERTPLAN_MEND_BUNDLE);
    check_served(fixture);
    pf_autobuf struct pf_buf now = {0};
    read_text(fixture, "tls.crt", &now);
    assert_true(pf_sv_eq(pf_buf_view(&now), pf_buf_view(&leaf.cert_pem)));
    assert_int_equal(count_entries(fixture->dir), 7);
    fixture->now_ns += 25 * DAY_S * NS_PER_S;
    assert_int_equal(renew(fixture), PF_CERTPLAN_ISSUE_LEAF);
    check_served(fixture);
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
    create(fixture);
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
    assert_int_equal(renew(fixture), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_create),
        TEST(test_create_twice),
        TEST(test_create_options),
        TEST(test_no_folder),
        TEST(test_renew_leaf),
        TEST(test_rotation_timeline),
        TEST(test_rotation_without_delay),
        TEST(test_ca_expired),
        TEST(test_problems),
        TEST(test_damage),
        TEST(test_ca_key_away),
        TEST(test_plain_folder),
        TEST(test_locked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

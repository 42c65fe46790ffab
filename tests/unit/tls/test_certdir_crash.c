/* A crash at every step that changes the file system, and every allocation of ours failing once. */

#include <dirent.h>
#include <errno.h>
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

#include <podfit/certdir.h>
#include <podfit/certmake.h>
#include <podfit/file.h>

#define NS_PER_S INT64_C(1000000000)
#define DAY_S    INT64_C(86400)
#define START_NS (INT64_C(1800000000) * NS_PER_S)
#define HOST     "podfit.podfit.svc"

static const char *const names[] = {HOST};

/* Counters of the wrapped calls. -1: never fails. */
static long steps_left = -1;  /* after that many steps every step fails: the process is dead */
static long allocs_left = -1; /* after that many allocations one fails */

static bool is_dead(void)
{
    if (steps_left < 0) {
        return false;
    }
    if (steps_left == 0) {
        errno = EIO;
        return true;
    }
    steps_left--;
    return false;
}

static bool must_fail(void)
{
    return allocs_left >= 0 && allocs_left-- == 0;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return is_dead() ? -1 : __real_rename(from, to);
}

int __real_symlink(const char *target, const char *path);
int __wrap_symlink(const char *target, const char *path);
int __wrap_symlink(const char *target, const char *path)
{
    return is_dead() ? -1 : __real_symlink(target, path);
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
    return is_dead() ? -1 : __real_unlink(path);
}

int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);
int __wrap_rmdir(const char *path)
{
    return is_dead() ? -1 : __real_rmdir(path);
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
    return is_dead() ? -1 : __real_mkdir(path, mode);
}

ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    return is_dead() ? -1 : __real_write(fd, bytes, len);
}

/* Power cuts are not played here, and a real fsync each time takes minutes. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd;
    return 0;
}

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes)
{
    return must_fail() ? NULL : __real_malloc(bytes);
}

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes)
{
    return must_fail() ? NULL : __real_calloc(count, bytes);
}

void *__real_realloc(void *old, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes)
{
    return must_fail() ? NULL : __real_realloc(old, bytes);
}

static int64_t now_ns = START_NS;

static int64_t read_now(void *opaque)
{
    (void)opaque;
    return now_ns;
}

static const struct pf_clock test_clock = {.mono_ns = read_now, .wall_ns = read_now};

static struct pf_certdir_options options_now(void)
{
    struct pf_certdir_options options = pf_certdir_options_default();
    options.names = names;
    options.names_count = PF_ARRAY_LEN(names);
    options.ca_lifetime_s = 30 * DAY_S;
    options.leaf_lifetime_s = 6 * DAY_S;
    return options;
}

static void remove_tree(const char *dir)
{
    struct dirent **found = NULL;
    const int count = scandir(dir, &found, NULL, NULL);
    for (int i = 0; i < count; i++) {
        char path[512];
        struct stat info = {0};
        const char *name = found[i]->d_name;
        (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
        const bool is_self = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
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

static bool is_served(const char *dir)
{
    char cert[128];
    char key[128];
    char bundle_path[128];
    (void)snprintf(cert, sizeof(cert), "%s/tls.crt", dir);
    (void)snprintf(key, sizeof(key), "%s/tls.key", dir);
    (void)snprintf(bundle_path, sizeof(bundle_path), "%s/ca-bundle.crt", dir);
    pf_autocertpair struct pf_cert_pair pair = {0};
    pf_autosecret struct pf_buf bundle = {0};
    return pf_cert_load_pair(cert, key, now_ns, &pair, NULL, NULL) == PF_OK &&
           pf_cert_secret_read(bundle_path, &bundle, NULL) == PF_OK &&
           pf_cert_verify(pf_buf_view(&pair.cert_pem), pf_buf_view(&bundle), HOST, now_ns, NULL) ==
               PF_OK;
}

/* Which change is interrupted. */
enum scene {
    SCENE_CREATE,     /**< in an empty folder */
    SCENE_LEAF,       /**< a leaf is due */
    SCENE_PUBLISH,    /**< the next CA is due */
    SCENE_SWITCH,     /**< the next CA takes over */
    SCENE_BY_HAND,    /**< plain files are taken over and the leaf replaced */
    SCENE_START_OVER, /**< create with force over plain files */
};

static const struct {
    const char *name;
    enum scene scene;
    bool served_before; /* a pair is there, and must be at each moment */
} scenes[] = {
    {"create", SCENE_CREATE, false},          {"renew the leaf", SCENE_LEAF, true},
    {"publish a CA", SCENE_PUBLISH, true},    {"switch to the CA", SCENE_SWITCH, true},
    {"take over files", SCENE_BY_HAND, true}, {"start over", SCENE_START_OVER, true},
};

static void make_by_hand(const char *dir)
{
    const struct pf_certmake_ca ca_wanted = {.lifetime_s = 30 * DAY_S};
    const struct pf_certmake_leaf leaf_wanted = {
        .names = names, .names_count = 1, .lifetime_s = 6 * DAY_S};
    pf_autocertpair struct pf_cert_pair ca = {0};
    pf_autocertpair struct pf_cert_pair leaf = {0};
    assert_int_equal(pf_certmake_ca(&ca_wanted, now_ns, &ca, NULL), PF_OK);
    assert_int_equal(pf_certmake_leaf(&ca, &leaf_wanted, now_ns, &leaf, NULL), PF_OK);
    const struct {
        const char *name;
        const struct pf_buf *bytes;
    } files[] = {
        {"ca.crt", &ca.cert_pem},   {"ca.key", &ca.key_pem},         {"tls.crt", &leaf.cert_pem},
        {"tls.key", &leaf.key_pem}, {"ca-bundle.crt", &ca.cert_pem},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(files); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
        assert_int_equal(pf_file_write_atomic(path, pf_buf_view(files[i].bytes), 0600, NULL),
                         PF_OK);
    }
}

/* The folder as it is before the change, and the time at which that is due. */
static void prepare(enum scene scene, const char *dir)
{
    const struct pf_certdir_options options = options_now();
    now_ns = START_NS;
    if (scene == SCENE_BY_HAND || scene == SCENE_START_OVER) {
        make_by_hand(dir);
    } else if (scene != SCENE_CREATE) {
        assert_int_equal(pf_certdir_create(dir, &options, &test_clock, NULL, NULL), PF_OK);
    }
    if (scene == SCENE_LEAF || scene == SCENE_BY_HAND) {
        now_ns = START_NS + 5 * DAY_S * NS_PER_S;
    }
    if (scene == SCENE_PUBLISH || scene == SCENE_SWITCH) {
        now_ns = START_NS + 19 * DAY_S * NS_PER_S;
        assert_int_equal(pf_certdir_renew(dir, &options, &test_clock, NULL, NULL), PF_OK);
        now_ns = START_NS + 20 * DAY_S * NS_PER_S;
    }
    if (scene == SCENE_SWITCH) {
        assert_int_equal(pf_certdir_renew(dir, &options, &test_clock, NULL, NULL), PF_OK);
        now_ns = START_NS + 21 * DAY_S * NS_PER_S;
    }
}

static enum pf_code change(enum scene scene, const char *dir, struct pf_certdir_report *ret_report,
                           struct pf_err *err)
{
    struct pf_certdir_options options = options_now();
    options.force = scene == SCENE_START_OVER;
    return scene == SCENE_CREATE || scene == SCENE_START_OVER
               ? pf_certdir_create(dir, &options, &test_clock, ret_report, err)
               : pf_certdir_renew(dir, &options, &test_clock, ret_report, err);
}

static int count_entries(const char *dir)
{
    struct dirent **found = NULL;
    const int count = scandir(dir, &found, NULL, NULL);
    for (int i = 0; i < count; i++) {
        free(found[i]);
    }
    free(found);
    return count - 2; /* . and .. */
}

/* After the crash: create when nothing came to be, renew otherwise; twice, the second must find nothing to do. */
static void recover(const char *name, long step, const char *dir, enum scene scene)
{
    struct pf_err err = {0};
    const struct pf_certdir_options options = options_now();
    enum pf_code code = pf_certdir_renew(dir, &options, &test_clock, NULL, &err);
    if (scene == SCENE_CREATE && code == PF_E_NOT_FOUND) {
        pf_err_clear(&err);
        code = pf_certdir_create(dir, &options, &test_clock, NULL, &err);
    }
    struct pf_certdir_report report = {0};
    if (code == PF_OK) {
        code = pf_certdir_renew(dir, &options, &test_clock, &report, &err);
    }
    if (code != PF_OK || report.acts != 0 || !is_served(dir)) {
        fail_msg("%s, dead after %ld steps: recovery: acts 0x%x '%s'", name, step, report.acts,
                 err.text);
    }
    pf_certdir_report_done(&report);
    /* five links, ..data and one generation; or the five files made by hand when the change died before it took effect and nothing is due */
    const int count = count_entries(dir);
    assert_true(count == 7 || (scene == SCENE_START_OVER && count == 5));
}

/* @return the change came to its end */
static bool die_at(size_t scene, long step)
{
    char dir[] = "/tmp/podfit-crash-XXXXXX";
    assert_non_null(mkdtemp(dir));
    prepare(scenes[scene].scene, dir);
    steps_left = step;
    const enum pf_code code = change(scenes[scene].scene, dir, NULL, NULL);
    const bool finished = steps_left > 0;
    steps_left = -1;
    if (finished && code != PF_OK) {
        fail_msg("%s: does not work at all", scenes[scene].name);
    }
    if (scenes[scene].served_before && !is_served(dir)) {
        fail_msg("%s, dead after %ld steps: no usable pair", scenes[scene].name, step);
    }
    recover(scenes[scene].name, step, dir, scenes[scene].scene);
    remove_tree(dir);
    return finished;
}

static void test_crashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(scenes); i++) {
        long step = 0;
        while (!die_at(i, step)) {
            step++;
        }
        print_message("%s: %ld places to die\n", scenes[i].name, step);
        assert_true(step > 10);
    }
}

/* @return the change was made although (or before) that allocation failed: what is left are those of the best-effort clean-up */
static bool fail_allocation(size_t scene, const char *dir, long at)
{
    struct pf_certdir_report report = {.acts = 0x55};
    struct pf_err err = {0};
    allocs_left = at;
    const enum pf_code code = change(scenes[scene].scene, dir, &report, &err);
    allocs_left = -1;
    if (code == PF_OK) {
        pf_certdir_report_done(&report);
        return true;
    }
    if (code != PF_E_NO_MEMORY || err.code != code || report.acts != 0x55) {
        fail_msg("%s, allocation %ld: %s '%s'", scenes[scene].name, at, pf_code_name(code),
                 err.text);
    }
    return false;
}

static void test_allocations(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(scenes); i++) {
        char dir[] = "/tmp/podfit-alloc-XXXXXX";
        assert_non_null(mkdtemp(dir));
        prepare(scenes[i].scene, dir);
        long at = 0;
        while (!fail_allocation(i, dir, at)) {
            at++;
        }
        assert_true(at > 5);
        assert_true(is_served(dir));
        print_message("%s: %ld allocations failed\n", scenes[i].name, at);
        remove_tree(dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crashes),
        cmocka_unit_test(test_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <podfit/file.h>
#include <podfit/limits.h>
#include <podfit/watch.h>

#define MS INT64_C(1000000)

static int64_t now_ns;

static int64_t fake_now(void *opaque)
{
    (void)opaque;
    return now_ns;
}

static const struct pf_clock fake = {.mono_ns = fake_now, .wall_ns = fake_now};

struct fixture {
    char folder[64];
    struct pf_watch *watch;
    unsigned config;
    unsigned cert;
};

static void put(const struct fixture *f, const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    pf_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void link_to(const struct fixture *f, const char *target, const char *name)
{
    char path[128];
    char temporary[140];
    (void)snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    (void)snprintf(temporary, sizeof(temporary), "%s.tmp", path);
    assert_int_equal(symlink(target, temporary), 0);
    assert_int_equal(rename(temporary, path), 0);
}

static void watch_file(struct fixture *f, const char *name, unsigned *ret_bit)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    assert_int_equal(pf_watch_add(f->watch, path, ret_bit, NULL), PF_OK);
}

static void set_up(struct fixture *f)
{
    now_ns = 1000000 * MS;
    *f = (struct fixture){.folder = "/tmp/podfit-watch-XXXXXX"};
    assert_non_null(mkdtemp(f->folder));
    put(f, "config.yaml", "one");
    char generation[128];
    (void)snprintf(generation, sizeof(generation), "%s/gen1", f->folder);
    assert_int_equal(mkdir(generation, 0700), 0);
    (void)snprintf(generation, sizeof(generation), "%s/gen2", f->folder);
    assert_int_equal(mkdir(generation, 0700), 0);
    put(f, "gen1/tls.crt", "a");
    put(f, "gen2/tls.crt", "b");
    link_to(f, "gen1", "..data");
    link_to(f, "..data/tls.crt", "tls.crt");
    assert_int_equal(pf_watch_new(&fake, &f->watch, NULL), PF_OK);
    watch_file(f, "config.yaml", &f->config);
    watch_file(f, "tls.crt", &f->cert);
    assert_true(f->config != 0 && f->cert != 0 && f->config != f->cert);
    assert_int_equal(pf_watch_poll(f->watch), 0);
}

static void tear_down(const struct fixture *f)
{
    static const char *const names[] = {"config.yaml", "gen1/tls.crt", "gen2/tls.crt",
                                        "gen1",        "gen2",         "..data",
                                        "tls.crt",     "other",        "config.yaml.x"};
    pf_watch_free(f->watch);
    char path[128];
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", f->folder, names[i]);
        (void)remove(path);
    }
    assert_int_equal(rmdir(f->folder), 0);
}

/* inotify delivers at once: an event that was caused is there. */
static void take_event(struct fixture *f)
{
    struct pollfd fd = {.fd = pf_watch_fd(f->watch), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 5000), 1);
    assert_int_equal(pf_watch_poll(f->watch), 0); /* not before it is quiet */
}

static void ways_of_exchange(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    put(&f, "config.yaml", "in place");
    take_event(&f);
    assert_in_range(pf_watch_timeout_ms(f.watch), 1, 101);
    now_ns += 100 * MS;
    assert_int_equal(pf_watch_poll(f.watch), f.config);
    assert_int_equal(pf_watch_poll(f.watch), 0);

    put(&f, "config.yaml.x", "renamed over");
    char from[128];
    char to[128];
    (void)snprintf(from, sizeof(from), "%s/config.yaml.x", f.folder);
    (void)snprintf(to, sizeof(to), "%s/config.yaml", f.folder);
    assert_int_equal(rename(from, to), 0);
    take_event(&f);
    now_ns += 100 * MS;
    assert_int_equal(pf_watch_poll(f.watch), f.config);

    link_to(&f, "gen2", "..data");
    take_event(&f);
    now_ns += 100 * MS;
    assert_int_equal(pf_watch_poll(f.watch), f.cert);

    assert_int_equal(remove(to), 0);
    take_event(&f);
    now_ns += 100 * MS;
    assert_int_equal(pf_watch_poll(f.watch), f.config);

    put(&f, "other", "of no interest");
    take_event(&f);
    now_ns += 100 * MS;
    assert_int_equal(pf_watch_poll(f.watch), 0);
    tear_down(&f);
}

static void writer_that_goes_on(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    unsigned bits = 0;
    int steps = 0;
    for (; steps < 100 && bits == 0; steps++) { /* a write each 50 ms: never quiet for 100 ms */
        put(&f, "config.yaml", steps % 2 == 0 ? "x" : "yy");
        now_ns += 50 * MS;
        bits = pf_watch_poll(f.watch);
    }
    assert_int_equal(bits, f.config);
    assert_in_range(steps, 18, 22); /* a second after the first write all the same */
    tear_down(&f);
}

static void poll_without_events(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    put(&f, "gen1/tls.crt", "written where no folder is watched");
    assert_int_equal(pf_watch_poll(f.watch), 0);
    now_ns += (PF_RELOAD_POLL_MS - 1) * MS;
    assert_int_equal(pf_watch_poll(f.watch), 0);
    now_ns += MS;
    assert_int_equal(pf_watch_poll(f.watch), f.cert);
    tear_down(&f);
}

static void retry(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    pf_watch_retry(f.watch, f.cert);
    assert_int_equal(pf_watch_poll(f.watch), 0);
    now_ns += 1000 * MS;
    assert_int_equal(pf_watch_timeout_ms(f.watch), 0);
    assert_int_equal(pf_watch_poll(f.watch), f.cert);
    assert_int_equal(pf_watch_poll(f.watch), 0);
    tear_down(&f);
}

static void limit(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    unsigned bit = 0;
    for (int i = 2; i < PF_WATCH_FILES_MAX; i++) {
        assert_int_equal(pf_watch_add(f.watch, "/nonexistent/file", &bit, NULL), PF_OK);
    }
    bit = 12345;
    assert_int_equal(pf_watch_add(f.watch, "one-more", &bit, NULL), PF_E_TOO_BIG);
    assert_int_equal(bit, 12345);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ways_of_exchange),
        cmocka_unit_test(writer_that_goes_on),
        cmocka_unit_test(poll_without_events),
        cmocka_unit_test(retry),
        cmocka_unit_test(limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

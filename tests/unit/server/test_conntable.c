#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <podfit/conntable.h>

#define SECOND INT64_C(1000000000)
#define CONNS  8

static int64_t now_ns;

static int64_t fake_now(void *opaque)
{
    (void)opaque;
    return now_ns;
}

static const struct pf_clock fake = {.mono_ns = fake_now, .wall_ns = fake_now};

struct fixture {
    struct pf_conntable *table;
    struct pf_conn conns[CONNS];
    int clients[CONNS];
    int servers[CONNS];
};

static void open_all(struct fixture *f, unsigned max)
{
    now_ns = 100 * SECOND;
    const struct pf_conntable_options options = {.clock = &fake,
                                                 .max_connections = max,
                                                 .first_ms = 5000,
                                                 .request_ms = 10000,
                                                 .idle_ms = 120000};
    assert_int_equal(pf_conntable_new(&options, &f->table, NULL), PF_OK);
    for (size_t i = 0; i < CONNS; i++) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
                         0);
        f->clients[i] = pair[0];
        f->servers[i] = pair[1];
    }
}

static void close_all(struct fixture *f, size_t added)
{
    for (size_t i = 0; i < added; i++) {
        pf_conntable_remove(f->table, &f->conns[i]);
    }
    const struct pf_conntable_stats stats = pf_conntable_stats(f->table);
    for (size_t i = 0; i < PF_CONN_STATES; i++) {
        assert_int_equal(stats.open[i], 0);
    }
    for (size_t i = 0; i < CONNS; i++) {
        (void)close(f->clients[i]);
        (void)close(f->servers[i]);
    }
    pf_conntable_free(f->table);
}

static void add(struct fixture *f, size_t i)
{
    pf_conntable_add(f->table, &f->conns[i], f->servers[i]);
}

static bool is_cut(const struct fixture *f, size_t i)
{
    char byte = 0;
    return read(f->clients[i], &byte, 1) == 0;
}

static void deadlines(void **state)
{
    (void)state;
    struct fixture f;
    open_all(&f, 100);
    for (size_t i = 0; i < 3; i++) {
        add(&f, i);
    }
    pf_conntable_begin(f.table, &f.conns[1]);
    pf_conntable_begin(f.table, &f.conns[2]);
    pf_conntable_end(f.table, &f.conns[2]);
    now_ns += 5 * SECOND - 1;
    assert_int_equal(pf_conntable_sweep(f.table), 0);
    now_ns += 1; /* the limit for a first request */
    assert_int_equal(pf_conntable_sweep(f.table), 1);
    assert_true(is_cut(&f, 0));
    now_ns += 5 * SECOND - 1;
    assert_int_equal(pf_conntable_sweep(f.table), 0);
    now_ns += 1; /* the limit for a request */
    assert_int_equal(pf_conntable_sweep(f.table), 1);
    assert_true(is_cut(&f, 1));
    pf_conntable_end(f.table, &f.conns[1]); /* what is being closed stays so */
    now_ns += 110 * SECOND - 1;
    assert_int_equal(pf_conntable_sweep(f.table), 0);
    assert_false(is_cut(&f, 2));
    now_ns += 1; /* the limit for being idle */
    assert_int_equal(pf_conntable_sweep(f.table), 1);
    assert_true(is_cut(&f, 2));
    const struct pf_conntable_stats stats = pf_conntable_stats(f.table);
    assert_int_equal(stats.ended[PF_CONN_END_FIRST], 1);
    assert_int_equal(stats.ended[PF_CONN_END_REQUEST], 1);
    assert_int_equal(stats.ended[PF_CONN_END_IDLE], 1);
    assert_int_equal(stats.open[PF_CONN_CLOSING], 3);
    assert_int_equal(stats.accepted, 3);
    close_all(&f, 3);
}

static void each_request_has_its_own_deadline(void **state)
{
    (void)state;
    struct fixture f;
    open_all(&f, 100);
    add(&f, 0);
    for (int i = 0; i < 10; i++) {
        pf_conntable_begin(f.table, &f.conns[0]);
        now_ns += 9 * SECOND;
        assert_int_equal(pf_conntable_sweep(f.table), 0);
        pf_conntable_end(f.table, &f.conns[0]);
        now_ns += 100 * SECOND;
        assert_int_equal(pf_conntable_sweep(f.table), 0);
    }
    assert_false(is_cut(&f, 0));
    close_all(&f, 1);
}

static void the_least_missed_makes_room(void **state)
{
    (void)state;
    struct fixture f;
    open_all(&f, 3);
    add(&f, 0); /* will be idle longest */
    pf_conntable_begin(f.table, &f.conns[0]);
    pf_conntable_end(f.table, &f.conns[0]);
    add(&f, 1); /* busy */
    pf_conntable_begin(f.table, &f.conns[1]);
    now_ns += SECOND / 2;
    add(&f, 2); /* fresh, in its first second */
    add(&f, 3);
    assert_true(is_cut(&f, 0));
    assert_false(is_cut(&f, 2));
    now_ns += 2 * SECOND; /* 2 and 3 have not said anything for two seconds */
    add(&f, 4);
    assert_true(is_cut(&f, 2));
    assert_false(is_cut(&f, 3));
    add(&f, 5);
    assert_true(is_cut(&f, 3));
    pf_conntable_begin(f.table, &f.conns[4]);
    pf_conntable_begin(f.table, &f.conns[5]);
    add(&f,
        6); /* nobody says nothing: the request that takes longest, over two seconds, has to go */
    assert_true(is_cut(&f, 1));
    assert_false(is_cut(&f, 6));
    pf_conntable_begin(f.table, &f.conns[6]);
    add(&f, 7); /* all others have just begun a request: the new one itself has to go */
    assert_true(is_cut(&f, 7));
    assert_false(is_cut(&f, 4));
    assert_int_equal(pf_conntable_stats(f.table).ended[PF_CONN_END_EVICTED], 5);
    close_all(&f, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadlines),
        cmocka_unit_test(each_request_has_its_own_deadline),
        cmocka_unit_test(the_least_missed_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

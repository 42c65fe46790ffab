/* Reservations while pods are not watched: nothing runs out that nobody could have claimed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "two_nodes.h"

/* What happens in seconds, with a TTL of 15 s, and how many of two reservations (made at 0 and at 5) are left. */
struct pause_row {
    const char *name;
    int64_t paused_at; /* -1: never */
    int64_t resumed_at;
    int64_t paused_again_at;
    int64_t resumed_again_at;
    int64_t looked_at;
    uint32_t left;
};

static const struct pause_row pause_rows[] = {
    {"never paused", -1, -1, -1, -1, 15, 1},
    {"paused: nobody can claim", 6, -1, -1, -1, 1000, 2},
    {"paused from the start", 0, -1, -1, -1, 15, 2},
    {"cut once: two TTLs of watching", 6, 10, -1, -1, 33, 2},
    {"the first of them is over", 6, 10, -1, -1, 34, 1},
    {"and the second", 6, 10, -1, -1, 39, 0},
    {"back long after they would have run out", 6, 100, -1, -1, 123, 2},
    {"and then as after a short cut", 6, 100, -1, -1, 129, 0},
    {"lost again before the time is over", 6, 100, 110, -1, 200, 2},
    {"and back again: what was watched counts", 6, 100, 110, 200, 213, 2},
    {"the time of both openings", 6, 100, 110, 200, 214, 1},
    {"and of the second one", 6, 100, 110, 200, 219, 0},
    {"told again that all is well: no longer TTL", -1, 10, -1, 12, 15, 1},
};

static void pause_at(struct model_fixture *f, int64_t second, int64_t at, bool paused)
{
    if (second == at) {
        pf_reservation_pause(f->model, paused);
        pf_reservation_pause(f->model, paused); /* told at each step */
    }
}

static void test_pause(void **state)
{
    struct model_fixture *f = *state;
    for (size_t i = 0; i < PF_ARRAY_LEN(pause_rows); i++) {
        const struct pause_row *row = &pause_rows[i];
        for (int64_t second = 0; second <= row->looked_at; second++) {
            pause_at(f, second, row->paused_at, /* paused= */ true);
            pause_at(f, second, row->resumed_at, /* paused= */ false);
            pause_at(f, second, row->paused_again_at, /* paused= */ true);
            pause_at(f, second, row->resumed_again_at, /* paused= */ false);
            if (second == 0) {
                two_nodes_reserve(f, "r1", INCOMING, "n1");
            }
            if (second == 5) {
                two_nodes_reserve(f, "r2", INCOMING, "n2");
            }
            (void)pf_reservation_expire(f->model);
            f->now_ns += 1000000000LL;
        }
        if (two_nodes_reservations(f) != row->left ||
            two_nodes_used_pods(f, "n1") + two_nodes_used_pods(f, "n2") != row->left) {
            fail_msg("%s: %u are left", row->name, two_nodes_reservations(f));
        }
        pf_reservation_pause(f->model, /* paused= */ false);
        f->now_ns += 1000000000000LL;
        (void)pf_reservation_expire(f->model);
        assert_int_equal(two_nodes_reservations(f), 0);
        model_fixture_check(f);
    }
}

/* A watch that never holds for a TTL, and how long it takes until a reservation is free. */
struct storm_row {
    const char *name;
    int64_t closed_ms;
    int64_t open_ms;
    int64_t held_at_ms; /* still held, free_at_ms: no longer */
    int64_t free_at_ms;
};

static const struct storm_row storm_rows[] = {
    {"half of the time open, each opening short", 1000, 1000, 32000, 34000},
    {"a third of the time", 10000, 5000, 75000, 90000},
    {"never longer than it takes to be cut: 16 openings", 1000, 0, 16000, 18000},
    {"never", 1000000000, 1, 900000000, -1},
};

static void weather(struct model_fixture *f, const struct storm_row *row, int64_t until_ms)
{
    const int64_t begin_ms = f->now_ns / 1000000;
    for (int64_t at = 0; at < until_ms; at = f->now_ns / 1000000 - begin_ms) {
        pf_reservation_pause(f->model, /* paused= */ true);
        assert_int_equal(pf_reservation_expire(f->model), 0);
        f->now_ns += row->closed_ms * 1000000;
        pf_reservation_pause(f->model, /* paused= */ false);
        f->now_ns += row->open_ms * 1000000;
        (void)pf_reservation_expire(f->model);
    }
}

static void check_storm(struct model_fixture *f, const struct storm_row *row)
{
    f->now_ns += 100 * 1000000000LL; /* pods have been watched for long */
    two_nodes_reserve(f, "r1", INCOMING, "n1");
    weather(f, row, row->held_at_ms);
    if (two_nodes_reservations(f) != 1) {
        fail_msg("%s: freed too early", row->name);
    }
    if (row->free_at_ms >= 0) {
        weather(f, row, row->free_at_ms - row->held_at_ms);
        if (two_nodes_reservations(f) != 0) {
            fail_msg("%s: never freed", row->name);
        }
    }
    (void)pf_reservation_drop(f->model, PF_SV("r1"));
}

static void test_cut_again_and_again(void **state)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(storm_rows); i++) {
        check_storm(*state, &storm_rows[i]);
    }
}

/* A pod claims its reservation, and the limit holds, while nothing runs out. */
static void test_pause_claims_and_limit(void **state)
{
    struct model_fixture *f = *state;
    char uid[16];
    pf_reservation_pause(f->model, /* paused= */ true);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(uid, sizeof(uid), "r%d", i);
        two_nodes_reserve(f, uid, INCOMING, "n1");
        f->now_ns += 60 * 1000000000LL;
        assert_int_equal(pf_reservation_expire(f->model), 0);
    }
    struct pf_err err = {0};
    assert_int_equal(model_fixture_reserve(f, "one-more", INCOMING, PF_NODE_NONE, &err),
                     PF_E_TOO_BIG);
    model_fixture_apply_pod(f, POD("p", "," OF_REVIEW("r7"), "'nodeName':'n2'," SPEC, ""));
    assert_int_equal(two_nodes_reservations(f), 99);
    assert_int_equal(two_nodes_used_pods(f, "n1"), 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pause, two_nodes_setup, model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_cut_again_and_again, two_nodes_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_pause_claims_and_limit, two_nodes_setup,
                                        model_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

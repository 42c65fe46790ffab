/* Room that is held for pods on their way: what it takes, how long, how much of it there may be, and who is told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "two_nodes.h"

static void test_holds_everything(void **state)
{
    struct model_fixture *f = *state;
    const struct pf_columns *c = pf_model_columns(f->model);
    const uint32_t n1 = model_fixture_slot(f, "n1");
    two_nodes_reserve(f, "r1", INCOMING, "n1");
    assert_int_equal(c->used_milli_cpu[n1], 100);
    assert_int_equal(c->used_nonzero_milli_cpu[n1], 100);
    assert_int_equal(c->used_memory[n1], 1 << 30);
    assert_int_equal(c->used_pods[n1], 1);
    assert_int_equal(model_fixture_scalar(f, "n1", "example.com/gpu"), 1);
    assert_int_equal(model_fixture_port(f, "n1", 8080), 1);
    assert_int_equal(pf_model_stats(f->model).pods_bound, 0);
    assert_int_equal(two_nodes_reservations(f), 1);
    assert_true(pf_reservation_drop(f->model, PF_SV("r1")));
    assert_false(pf_reservation_drop(f->model, PF_SV("r1")));
    model_fixture_check(f);
    assert_int_equal(c->used_pods[n1], 0);
    assert_null(c->extra[n1]);
}

static void test_runs_out_in_order(void **state)
{
    struct model_fixture *f = *state;
    two_nodes_reserve(f, "r1", INCOMING, "n1");
    f->now_ns += 5 * 1000000000LL;
    two_nodes_reserve(f, "r2", INCOMING, "n2");
    f->now_ns += 5 * 1000000000LL;
    two_nodes_reserve(f, "r1", INCOMING, "n2"); /* the same key: moved, and its time starts anew */
    assert_int_equal(two_nodes_reservations(f), 2);
    assert_int_equal(two_nodes_used_pods(f, "n1"), 0);
    assert_int_equal(two_nodes_used_pods(f, "n2"), 2);
    f->now_ns += 10 * 1000000000LL - 1;
    assert_int_equal(pf_reservation_expire(f->model), 0);
    f->now_ns += 1;
    assert_int_equal(pf_reservation_expire(f->model), 1); /* r2, 15 s after it was made */
    model_fixture_check(f);
    assert_int_equal(two_nodes_used_pods(f, "n2"), 1);
    f->now_ns += 5 * 1000000000LL;
    assert_int_equal(pf_reservation_expire(f->model), 1);
    assert_int_equal(two_nodes_used_pods(f, "n2"), 0);
}

static void test_matches(void **state)
{
    struct model_fixture *f = *state;
    two_nodes_reserve(f, "r1", INCOMING, "n1");
    static const struct {
        const char *name;
        const char *uid;
        const char *json;
        bool matches;
    } rows[] = {
        {"the same", "r1", INCOMING, true},
        {"another key", "r2", INCOMING, false},
        {"another namespace", "r1", "{'metadata':{'namespace':'no'},'spec':{" SPEC "}}", false},
        {"nothing asked for", "r1",
         "{'metadata':{'namespace':'ns'},'spec':{'containers':[{'name':'c'}]}}", false},
        {"another scalar", "r1",
         "{'metadata':{'namespace':'ns'},'spec':{'containers':[{'name':'c','resources':{'requests':"
         "{'cpu':'100m','memory':'1Gi','example.com/fpga':'1'}}}]}}",
         false},
        {"more of the scalar", "r1",
         "{'metadata':{'namespace':'ns'},'spec':{'containers':[{'name':'c','resources':{'requests':"
         "{'cpu':'100m','memory':'1Gi','example.com/gpu':'2'}}}]}}",
         false},
        {"a scalar of 0 more, no ports", "r1",
         "{'metadata':{'namespace':'ns'},'spec':{'containers':[{'name':'c','resources':{'requests':"
         "{'cpu':'0.1','memory':'1Gi','example.com/gpu':'1','example.com/fpga':'0'}}}]}}",
         true},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if (model_fixture_matches(f, rows[i].uid, rows[i].json) != rows[i].matches) {
            fail_msg("%s", rows[i].name);
        }
    }
}

static void test_lift_and_put_back(void **state)
{
    struct model_fixture *f = *state;
    two_nodes_reserve(f, "r1", INCOMING, "n1");
    assert_int_equal(pf_reservation_lift(f->model, PF_SV("r2")), PF_NODE_NONE);
    assert_int_equal(pf_reservation_lift(f->model, PF_SV("r1")), model_fixture_slot(f, "n1"));
    model_fixture_check(f);
    assert_int_equal(two_nodes_used_pods(f, "n1"), 0);
    assert_int_equal(two_nodes_reservations(f), 1);
    assert_true(model_fixture_matches(f, "r1", INCOMING));
    assert_int_equal(pf_reservation_lift(f->model, PF_SV("r1")), PF_NODE_NONE);
    two_nodes_reserve(f, "r1", INCOMING, "n2");
    assert_int_equal(two_nodes_used_pods(f, "n2"), 1);
    two_nodes_reserve(f, "r3", INCOMING, NULL); /* admitted without a place */
    assert_int_equal(two_nodes_used_pods(f, "n1") + two_nodes_used_pods(f, "n2"), 1);
    assert_true(model_fixture_matches(f, "r3", INCOMING));
}

static void test_limit(void **state)
{
    struct model_fixture *f = *state;
    char uid[16];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(uid, sizeof(uid), "r%d", i);
        const uint32_t node = model_fixture_slot(f, "n1");
        assert_int_equal(model_fixture_reserve(f, uid, INCOMING, node, NULL), PF_OK);
    }
    struct pf_err err = {0};
    assert_int_equal(model_fixture_reserve(f, "one-more", INCOMING, PF_NODE_NONE, &err),
                     PF_E_TOO_BIG);
    assert_string_equal(err.text, "100 reservations are held, which is the limit");
    two_nodes_reserve(f, "r7", INCOMING, "n2"); /* replacing is no new one */
    assert_int_equal(two_nodes_used_pods(f, "n1"), 99);
}

/* A node that goes while room is held on it, and comes back. */
static void test_node_goes(void **state)
{
    struct model_fixture *f = *state;
    two_nodes_reserve(f, "r1", INCOMING, "n1");
    assert_true(pf_model_remove_node(f->model, PF_SV("n1")));
    model_fixture_check(f);
    assert_int_equal(model_fixture_node(f, NODE("n1"), NULL), PF_OK);
    assert_int_equal(two_nodes_used_pods(f, "n1"), 1);
    assert_true(pf_model_remove_node(f->model, PF_SV("n1")));
    assert_int_equal(pf_reservation_lift(f->model, PF_SV("r1")), PF_NODE_NONE);
    model_fixture_check(f);
}

struct seen {
    size_t count;
    struct pf_reserved items[4];
};

static void see(void *opaque, const struct pf_reserved *reserved)
{
    struct seen *seen = opaque;
    if (seen->count < PF_ARRAY_LEN(seen->items)) {
        seen->items[seen->count] = *reserved;
    }
    seen->count++;
}

/* Those that hold room, oldest first; one without a place is not told. */
static void walked(void **state)
{
    struct model_fixture *f = *state;
    two_nodes_reserve(f, "r1", INCOMING, "n2");
    two_nodes_reserve(f, "r2", INCOMING, NULL);
    two_nodes_reserve(f, "r3", INCOMING, "n1");
    struct seen seen = {.count = 0};
    pf_reservation_each(f->model, see, &seen);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.items[0].node, model_fixture_slot(f, "n2"));
    assert_int_equal(seen.items[0].milli_cpu, 100);
    assert_int_equal(seen.items[0].memory, 1 << 30);
    assert_int_equal(seen.items[1].node, model_fixture_slot(f, "n1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(walked, two_nodes_setup, model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_holds_everything, two_nodes_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_runs_out_in_order, two_nodes_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_matches, two_nodes_setup, model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_lift_and_put_back, two_nodes_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_limit, two_nodes_setup, model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_node_goes, two_nodes_setup, model_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

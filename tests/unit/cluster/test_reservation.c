#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "model_fixture.h"
#include <podfit/residents.h>

#define NODE(name)                                                                              \
    "{'metadata':{'name':'" name "'},'status':{'allocatable':{'cpu':'4','memory':'8Gi','pods':" \
    "'110'}}}"
#define SPEC                                                                                 \
    "'containers':[{'name':'c','ports':[{'containerPort':80,'hostPort':8080}],'resources':{" \
    "'requests':{'cpu':'100m','memory':'1Gi','example.com/gpu':'1'},"                        \
    "'limits':{'example.com/gpu':'1'}}}]"
#define INCOMING       "{'metadata':{'namespace':'ns','generateName':'p-'},'spec':{" SPEC "}}"
#define OF_REVIEW(uid) "'annotations':{'podfit.io/review':'" uid "'}"
#define POD(name, meta, spec, status)                                                           \
    "{'metadata':{'namespace':'ns','name':'" name "','uid':'u-" name "'" meta "},'spec':{" spec \
    "},'status':{" status "}}"

static int setup(void **state)
{
    static struct model_fixture fixture;
    *state = &fixture;
    return model_fixture_init(&fixture) &&
                   model_fixture_node(&fixture, NODE("n1"), NULL) == PF_OK &&
                   model_fixture_node(&fixture, NODE("n2"), NULL) == PF_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    model_fixture_done(*state);
    return 0;
}

static void reserve(struct model_fixture *f, const char *uid, const char *json, const char *node)
{
    struct pf_err err = {0};
    const uint32_t slot = node != NULL ? model_fixture_slot(f, node) : PF_NODE_NONE;
    if (model_fixture_reserve(f, uid, json, slot, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    model_fixture_check(f);
}

static void apply_pod(struct model_fixture *f, const char *json)
{
    struct pf_err err = {0};
    if (model_fixture_pod(f, json, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    model_fixture_check(f);
}

static uint32_t used_pods(const struct model_fixture *f, const char *node)
{
    return pf_model_columns(f->model)->used_pods[model_fixture_slot(f, node)];
}

static int64_t used_cpu(const struct model_fixture *f, const char *node)
{
    return pf_model_columns(f->model)->used_milli_cpu[model_fixture_slot(f, node)];
}

static uint32_t reservations(const struct model_fixture *f)
{
    return pf_model_stats(f->model).reservations;
}

static void test_holds_everything(void **state)
{
    struct model_fixture *f = *state;
    const struct pf_columns *c = pf_model_columns(f->model);
    const uint32_t n1 = model_fixture_slot(f, "n1");
    reserve(f, "r1", INCOMING, "n1");
    assert_int_equal(c->used_milli_cpu[n1], 100);
    assert_int_equal(c->used_nonzero_milli_cpu[n1], 100);
    assert_int_equal(c->used_memory[n1], 1 << 30);
    assert_int_equal(c->used_pods[n1], 1);
    assert_int_equal(model_fixture_scalar(f, "n1", "example.com/gpu"), 1);
    assert_int_equal(model_fixture_port(f, "n1", 8080), 1);
    assert_int_equal(pf_model_stats(f->model).pods_bound, 0);
    assert_int_equal(reservations(f), 1);
    assert_true(pf_reservation_drop(f->model, PF_SV("r1")));
    assert_false(pf_reservation_drop(f->model, PF_SV("r1")));
    model_fixture_check(f);
    assert_int_equal(c->used_pods[n1], 0);
    assert_null(c->extra[n1]);
}

static void test_runs_out_in_order(void **state)
{
    struct model_fixture *f = *state;
    reserve(f, "r1", INCOMING, "n1");
    f->now_ns += 5 * 1000000000LL;
    reserve(f, "r2", INCOMING, "n2");
    f->now_ns += 5 * 1000000000LL;
    reserve(f, "r1", INCOMING, "n2"); /* the same key: moved, and its time starts anew */
    assert_int_equal(reservations(f), 2);
    assert_int_equal(used_pods(f, "n1"), 0);
    assert_int_equal(used_pods(f, "n2"), 2);
    f->now_ns += 10 * 1000000000LL - 1;
    assert_int_equal(pf_reservation_expire(f->model), 0);
    f->now_ns += 1;
    assert_int_equal(pf_reservation_expire(f->model), 1); /* r2, 15 s after it was made */
    model_fixture_check(f);
    assert_int_equal(used_pods(f, "n2"), 1);
    f->now_ns += 5 * 1000000000LL;
    assert_int_equal(pf_reservation_expire(f->model), 1);
    assert_int_equal(used_pods(f, "n2"), 0);
}

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
                reserve(f, "r1", INCOMING, "n1");
            }
            if (second == 5) {
                reserve(f, "r2", INCOMING, "n2");
            }
            (void)pf_reservation_expire(f->model);
            f->now_ns += 1000000000LL;
        }
        if (reservations(f) != row->left || used_pods(f, "n1") + used_pods(f, "n2") != row->left) {
            fail_msg("%s: %u are left", row->name, reservations(f));
        }
        pf_reservation_pause(f->model, /* paused= */ false);
        f->now_ns += 1000000000000LL;
        (void)pf_reservation_expire(f->model);
        assert_int_equal(reservations(f), 0);
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
    reserve(f, "r1", INCOMING, "n1");
    weather(f, row, row->held_at_ms);
    if (reservations(f) != 1) {
        fail_msg("%s: freed too early", row->name);
    }
    if (row->free_at_ms >= 0) {
        weather(f, row, row->free_at_ms - row->held_at_ms);
        if (reservations(f) != 0) {
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
        reserve(f, uid, INCOMING, "n1");
        f->now_ns += 60 * 1000000000LL;
        assert_int_equal(pf_reservation_expire(f->model), 0);
    }
    struct pf_err err = {0};
    assert_int_equal(model_fixture_reserve(f, "one-more", INCOMING, PF_NODE_NONE, &err),
                     PF_E_TOO_BIG);
    apply_pod(f, POD("p", "," OF_REVIEW("r7"), "'nodeName':'n2'," SPEC, ""));
    assert_int_equal(reservations(f), 99);
    assert_int_equal(used_pods(f, "n1"), 99);
}

static void test_matches(void **state)
{
    struct model_fixture *f = *state;
    reserve(f, "r1", INCOMING, "n1");
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
    reserve(f, "r1", INCOMING, "n1");
    assert_int_equal(pf_reservation_lift(f->model, PF_SV("r2")), PF_NODE_NONE);
    assert_int_equal(pf_reservation_lift(f->model, PF_SV("r1")), model_fixture_slot(f, "n1"));
    model_fixture_check(f);
    assert_int_equal(used_pods(f, "n1"), 0);
    assert_int_equal(reservations(f), 1);
    assert_true(model_fixture_matches(f, "r1", INCOMING));
    assert_int_equal(pf_reservation_lift(f->model, PF_SV("r1")), PF_NODE_NONE);
    reserve(f, "r1", INCOMING, "n2");
    assert_int_equal(used_pods(f, "n2"), 1);
    reserve(f, "r3", INCOMING, NULL); /* admitted without a place */
    assert_int_equal(used_pods(f, "n1") + used_pods(f, "n2"), 1);
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
    reserve(f, "r7", INCOMING, "n2"); /* replacing is no new one */
    assert_int_equal(used_pods(f, "n1"), 99);
}

/* A node that goes while room is held on it, and comes back. */
static void test_node_goes(void **state)
{
    struct model_fixture *f = *state;
    reserve(f, "r1", INCOMING, "n1");
    assert_true(pf_model_remove_node(f->model, PF_SV("n1")));
    model_fixture_check(f);
    assert_int_equal(model_fixture_node(f, NODE("n1"), NULL), PF_OK);
    assert_int_equal(used_pods(f, "n1"), 1);
    assert_true(pf_model_remove_node(f->model, PF_SV("n1")));
    assert_int_equal(pf_reservation_lift(f->model, PF_SV("r1")), PF_NODE_NONE);
    model_fixture_check(f);
}

/* What becomes of a reservation when a pod with its annotation is seen. */
struct claim_row {
    const char *name;
    const char *json;
    uint32_t reservations;
    uint32_t n1;
    uint32_t n2;
    int64_t n1_cpu;
};

static const struct claim_row claim_rows[] = {
    {"bound where it was predicted", POD("p", "," OF_REVIEW("r1"), "'nodeName':'n1'," SPEC, ""), 0,
     1, 0, 100},
    {"bound elsewhere", POD("p", "," OF_REVIEW("r1"), "'nodeName':'n2'," SPEC, ""), 0, 0, 1, 0},
    {"pending: holds the room where the reservation did", POD("p", "," OF_REVIEW("r1"), SPEC, ""),
     0, 1, 0, 100},
    {"pending with another request: its own counts",
     POD("p", "," OF_REVIEW("r1"),
         "'containers':[{'name':'c','resources':{'requests':{'cpu':'1'}}}]", ""),
     0, 1, 0, 1000},
    {"nominated elsewhere", POD("p", "," OF_REVIEW("r1"), SPEC, "'nominatedNodeName':'n2'"), 0, 0,
     0, 0},
    {"gated: holds nothing",
     POD("p", "," OF_REVIEW("r1"), "'schedulingGates':[{'name':'g'}]," SPEC, ""), 0, 0, 0, 0},
    {"over already", POD("p", "," OF_REVIEW("r1"), "'nodeName':'n1'," SPEC, "'phase':'Failed'"), 0,
     0, 0, 0},
    {"of another namespace",
     "{'metadata':{'namespace':'no','name':'p'," OF_REVIEW("r1") "},'spec':{'nodeName':'n2'," SPEC
                                                                 "}}",
     1, 1, 1, 100},
    {"of another review", POD("p", "," OF_REVIEW("r9"), "'nodeName':'n2'," SPEC, ""), 1, 1, 1, 100},
    {"without annotation", POD("p", "", "'nodeName':'n2'," SPEC, ""), 1, 1, 1, 100},
};

static void test_claims(void **state)
{
    struct model_fixture *f = *state;
    for (size_t i = 0; i < PF_ARRAY_LEN(claim_rows); i++) {
        const struct claim_row *row = &claim_rows[i];
        reserve(f, "r1", INCOMING, "n1");
        apply_pod(f, row->json);
        if (reservations(f) != row->reservations || used_pods(f, "n1") != row->n1 ||
            used_pods(f, "n2") != row->n2 || used_cpu(f, "n1") != row->n1_cpu) {
            fail_msg("%s: %u reservations, pods %u and %u, cpu %d", row->name, reservations(f),
                     used_pods(f, "n1"), used_pods(f, "n2"), (int)used_cpu(f, "n1"));
        }
        (void)pf_reservation_drop(f->model, PF_SV("r1"));
        (void)pf_model_remove_pod(f->model, PF_SV("ns"), PF_SV("p"), PF_SV(""));
        (void)pf_model_remove_pod(f->model, PF_SV("no"), PF_SV("p"), PF_SV(""));
        model_fixture_check(f);
        assert_int_equal(used_pods(f, "n1") + used_pods(f, "n2"), 0);
    }
}

/* Two reservations of a pod name, one of a generateName, and which of them a new pod without annotation takes: n1 and n2 are pods there. */
struct named_row {
    const char *name;
    const char *pod;
    uint32_t reservations;
    uint32_t n1;
    uint32_t n2;
};

#define GENERATED "'generateName':'web-'"
static const struct named_row named_rows[] = {
    {"by its name", POD("p", "", SPEC, ""), 2, 2, 1},
    {"by its generateName: the newest", POD("web-x", "," GENERATED, SPEC, ""), 2, 2, 1},
    {"bound elsewhere", POD("web-x", "," GENERATED, "'nodeName':'n1'," SPEC, ""), 2, 3, 0},
    {"another webhook changed it: the newest",
     POD("web-x", "," GENERATED, "'containers':[{'name':'c'}]", ""), 2, 2, 1},
    {"a stranger", POD("x", "", SPEC, ""), 3, 2, 1},
    {"of another namespace", "{'metadata':{'namespace':'no','name':'p'},'spec':{" SPEC "}}", 3, 2,
     1},
    {"over already", POD("p", "", "'nodeName':'n1'," SPEC, "'phase':'Succeeded'"), 2, 1, 1},
};

static void reserve_named(struct model_fixture *f, const char *uid, const char *pod_name,
                          const char *node)
{
    struct pf_err err = {0};
    f->pod_name = pod_name;
    assert_int_equal(model_fixture_reserve(f, uid, INCOMING, model_fixture_slot(f, node), &err),
                     PF_OK);
    f->pod_name = NULL;
    model_fixture_check(f);
}

static void test_named(void **state)
{
    struct model_fixture *f = *state;
    for (size_t i = 0; i < PF_ARRAY_LEN(named_rows); i++) {
        const struct named_row *row = &named_rows[i];
        reserve_named(f, "r1", "p", "n1");
        reserve_named(f, "r2", "web-", "n1");
        reserve_named(f, "r3", "web-", "n2");
        apply_pod(f, row->pod);
        const uint32_t left = reservations(f);
        apply_pod(f, row->pod); /* known by now: takes no second one */
        if (left != row->reservations || reservations(f) != left || used_pods(f, "n1") != row->n1 ||
            used_pods(f, "n2") != row->n2) {
            fail_msg("%s: %u and %u reservations, pods %u and %u", row->name, left, reservations(f),
                     used_pods(f, "n1"), used_pods(f, "n2"));
        }
        f->now_ns += 15 * 1000000000LL;
        assert_int_equal(pf_reservation_expire(f->model), left);
        static const char *const names[] = {"p", "web-x", "x"};
        for (size_t k = 0; k < PF_ARRAY_LEN(names); k++) {
            (void)pf_model_remove_pod(f->model, PF_SV("ns"), pf_sv_from(names[k]), PF_SV(""));
        }
        (void)pf_model_remove_pod(f->model, PF_SV("no"), PF_SV("p"), PF_SV(""));
        model_fixture_check(f);
        assert_int_equal(used_pods(f, "n1") + used_pods(f, "n2"), 0);
    }
}

/* Pods of one generateName that ask for different things find each its own; and whoever is dropped in between leaves the others in order. */
static void test_named_chain(void **state)
{
    struct model_fixture *f = *state;
    reserve_named(f, "r1", "web-", "n1");
    reserve_named(f, "r2", "web-", "n1");
    reserve_named(f, "r3", "web-", "n2");
    assert_true(pf_reservation_drop(f->model, PF_SV("r2")));
    model_fixture_check(f);
    assert_true(pf_reservation_drop(f->model, PF_SV("r3")));
    model_fixture_check(f);
    assert_false(pf_reservation_drop_named(f->model, PF_SV("ns"), PF_SV("p")));
    assert_true(pf_reservation_drop_named(f->model, PF_SV("ns"), PF_SV("web-")));
    assert_false(pf_reservation_drop_named(f->model, PF_SV("ns"), PF_SV("web-")));
    assert_int_equal(reservations(f), 0);
    model_fixture_check(f);
}

/* Names of the pods that wait for a place, in order, such as `a b`. */
static const char *waiting(const struct model_fixture *f, char *text, size_t bytes)
{
    uint32_t cursor = 0;
    size_t len = 0;
    struct pf_pending pending = {0};
    struct pf_arena unused;
    pf_arena_init(&unused, 1024);
    text[0] = '\0';
    while (pf_model_pending_next(f->model, &cursor, &unused, &pending) == PF_OK) {
        len += (size_t)snprintf(text + len, bytes - len, "%s%.*s", len != 0 ? " " : "",
                                PF_SV_ARG(pending.pod_view->meta.name));
        assert_true(len < bytes);
    }
    pf_arena_done(&unused);
    return text;
}

static uint32_t handle_of(const struct model_fixture *f, const char *name)
{
    uint32_t cursor = 0;
    struct pf_pending pending = {0};
    struct pf_arena unused;
    pf_arena_init(&unused, 1024);
    while (pf_model_pending_next(f->model, &cursor, &unused, &pending) == PF_OK) {
        if (pf_sv_eq_cstr(pending.pod_view->meta.name, name)) {
            return pending.pod;
        }
    }
    fail_msg("pod '%s' does not wait", name);
    return 0;
}

static void place(struct model_fixture *f, const char *name, const char *node)
{
    struct pf_err err = {0};
    assert_int_equal(pf_model_pending_place(f->model, handle_of(f, name),
                                            model_fixture_slot(f, node), NULL, &err),
                     PF_OK);
    model_fixture_check(f);
}

#define CREATED(second) ",'creationTimestamp':'2026-01-01T00:00:" second "Z'"

static void test_pending_order(void **state)
{
    struct model_fixture *f = *state;
    char text[128];
    assert_int_equal(pf_model_pending_version(f->model), 0);
    apply_pod(f, POD("late", CREATED("09"), SPEC, ""));
    apply_pod(f, POD("a", CREATED("01"), SPEC, ""));
    apply_pod(f, POD("timeless", "", SPEC, ""));
    apply_pod(f, POD("b", CREATED("01"), SPEC, ""));
    assert_string_equal(waiting(f, text, sizeof(text)), "a b late timeless");
    const uint64_t version = pf_model_pending_version(f->model);
    assert_true(version != 0);
    apply_pod(f, POD("a", CREATED("01"), SPEC, "'conditions':[]")); /* a change of status */
    assert_string_equal(waiting(f, text, sizeof(text)), "a b late timeless");
    apply_pod(f, POD("b", CREATED("01"), "'nodeName':'n1'," SPEC, ""));
    assert_true(pf_model_pending_version(f->model) != version);
    assert_true(pf_model_remove_pod(f->model, PF_SV("ns"), PF_SV("late"), PF_SV("u-late")));
    model_fixture_check(f);
    assert_string_equal(waiting(f, text, sizeof(text)), "a timeless");
    apply_pod(f, POD("a", CREATED("01"), "'schedulingGates':[{'name':'g'}]," SPEC, ""));
    assert_string_equal(waiting(f, text, sizeof(text)), "timeless");
    assert_int_equal(pf_model_stats(f->model).pods_pending, 1);
}

static void test_pending_places(void **state)
{
    struct model_fixture *f = *state;
    char text[128];
    apply_pod(f, POD("a", CREATED("01"), SPEC, ""));
    apply_pod(f, POD("b", CREATED("02"), SPEC, ""));
    place(f, "a", "n1");
    place(f, "b", "n1");
    assert_int_equal(used_pods(f, "n1"), 2);
    assert_int_equal(pf_model_stats(f->model).pods_bound, 0);
    assert_string_equal(waiting(f, text, sizeof(text)), "");
    apply_pod(f, POD("a", CREATED("01"), SPEC, "'conditions':[]"));
    assert_int_equal(used_pods(f, "n1"), 2); /* the same pod keeps its place */
    apply_pod(f, POD("a", CREATED("01"), "'nodeName':'n2'," SPEC, ""));
    assert_int_equal(used_pods(f, "n1"), 1); /* the prediction was wrong and is corrected */
    assert_int_equal(used_pods(f, "n2"), 1);
    /* a taint: predictions for the node are void */
    assert_int_equal(model_fixture_node(f,
                                        "{'metadata':{'name':'n1'},'spec':{'taints':[{'key':'k',"
                                        "'effect':'NoSchedule'}]},'status':{'allocatable':{'cpu':"
                                        "'4','memory':'8Gi','pods':'110'}}}",
                                        NULL),
                     PF_OK);
    model_fixture_check(f);
    assert_string_equal(waiting(f, text, sizeof(text)), "b");
    assert_int_equal(used_pods(f, "n1"), 0);
    place(f, "b", "n2");
    assert_true(pf_model_remove_node(f->model, PF_SV("n2")));
    model_fixture_check(f);
    assert_string_equal(waiting(f, text, sizeof(text)), "b");
    assert_int_equal(pf_model_pending_place(f->model, handle_of(f, "b"), PF_NODE_NONE, NULL, NULL),
                     PF_OK);
    assert_string_equal(waiting(f, text, sizeof(text)), "b");
}

static void test_nominated(void **state)
{
    struct model_fixture *f = *state;
    char text[128];
    apply_pod(f, POD("a", "", SPEC, "'nominatedNodeName':'n3'"));
    assert_string_equal(waiting(f, text, sizeof(text)), "a"); /* that node does not exist */
    assert_int_equal(model_fixture_node(f, NODE("n3"), NULL), PF_OK);
    model_fixture_check(f);
    assert_string_equal(waiting(f, text, sizeof(text)), "");
    assert_int_equal(used_pods(f, "n3"), 0);
    assert_int_equal(pf_model_nominated(f->model, model_fixture_slot(f, "n3")), 1);
    assert_true(pf_model_remove_node(f->model, PF_SV("n3")));
    assert_string_equal(waiting(f, text, sizeof(text)), "a");
    place(f, "a", "n1");
    assert_int_equal(used_pods(f, "n1"), 1);
    apply_pod(f, POD("a", "", SPEC, "'nominatedNodeName':'n2'"));
    assert_int_equal(used_pods(f, "n1"), 0);
    assert_int_equal(used_pods(f, "n2"), 0);
    assert_int_equal(pf_model_nominated(f->model, model_fixture_slot(f, "n2")), 1);
    assert_int_equal(pf_model_nominated_total(f->model), 1);
    apply_pod(f, POD("a", "", SPEC, "")); /* the scheduler gave it up */
    assert_int_equal(pf_model_nominated_total(f->model), 0);
    assert_int_equal(used_pods(f, "n2"), 0);
    assert_string_equal(waiting(f, text, sizeof(text)), "a");
}

/* The copy that waits must say what the pod said. */
static void test_pending_view(void **state)
{
    struct model_fixture *f = *state;
    apply_pod(
        f, POD("a", "",
               "'priority':7,'schedulerName':'default-scheduler','nodeSelector':{'x':'y'},"
               "'overhead':{'cpu':'5m'},'tolerations':[{'key':'k','operator':'Exists','effect':"
               "'NoExecute'}],'affinity':{'nodeAffinity':{"
               "'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{"
               "'matchExpressions':[{'key':'e','operator':'In','values':['v1','v2']}],'matchFields'"
               ":[{'key':'metadata.name','operator':'In','values':['n1']}]}]}}},"
               "'initContainers':[{'name':'i','restartPolicy':'Always'}]," SPEC,
               ""));
    uint32_t cursor = 0;
    struct pf_pending pending = {0};
    assert_int_equal(pf_model_pending_next(f->model, &cursor, &f->arena, &pending), PF_OK);
    const struct pf_pod *pod = pending.pod_view;
    pf_arena_reset(&f->arena); /* nothing may point there */
    assert_int_equal(pod->priority, 7);
    assert_int_equal(pod->container_count, 2);
    assert_int_equal(pod->containers[0].kind, PF_CONTAINER_SIDECAR);
    assert_int_equal(pod->containers[1].ports[0].host_port, 8080);
    const struct pf_resource *cpu =
        pf_resource_list_find(&pod->containers[1].requests, PF_SV("cpu"));
    assert_non_null(cpu);
    assert_int_equal(pf_quantity_milli(&cpu->amount), 100);
    assert_int_equal(pf_quantity_milli(&pod->overhead.items[0].amount), 5);
    assert_true(pf_sv_eq_cstr(pod->node_selector.items[0].value, "y"));
    assert_true(pf_sv_eq_cstr(pod->tolerations[0].effect, "NoExecute"));
    assert_int_equal(pod->tolerations[0].operator_, PF_TOLERATION_EXISTS);
    assert_true(pod->node_affinity.present);
    assert_true(pf_sv_eq_cstr(pod->node_affinity.terms[0].expressions[0].values[1], "v2"));
    assert_true(pf_sv_eq_cstr(pod->node_affinity.terms[0].fields[0].values[0], "n1"));
    assert_int_equal(pf_model_pending_next(f->model, &cursor, &f->arena, &pending), PF_E_NOT_FOUND);
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
    reserve(f, "r1", INCOMING, "n2");
    reserve(f, "r2", INCOMING, NULL);
    reserve(f, "r3", INCOMING, "n1");
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
        cmocka_unit_test_setup_teardown(walked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_holds_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(test_runs_out_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pause, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_again_and_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_named, setup, teardown),
        cmocka_unit_test_setup_teardown(test_named_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pause_claims_and_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_matches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lift_and_put_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_node_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_claims, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pending_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pending_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nominated, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pending_view, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Pods that are seen take over their reservations: by the annotation, and by name or generateName. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "two_nodes.h"

static int64_t used_cpu(const struct model_fixture *f, const char *node)
{
    return pf_model_columns(f->model)->used_milli_cpu[model_fixture_slot(f, node)];
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
        two_nodes_reserve(f, "r1", INCOMING, "n1");
        model_fixture_apply_pod(f, row->json);
        if (two_nodes_reservations(f) != row->reservations ||
            two_nodes_used_pods(f, "n1") != row->n1 || two_nodes_used_pods(f, "n2") != row->n2 ||
            used_cpu(f, "n1") != row->n1_cpu) {
            fail_msg("%s: %u reservations, pods %u and %u, cpu %d", row->name,
                     two_nodes_reservations(f), two_nodes_used_pods(f, "n1"),
                     two_nodes_used_pods(f, "n2"), (int)used_cpu(f, "n1"));
        }
        (void)pf_reservation_drop(f->model, PF_SV("r1"));
        (void)pf_model_remove_pod(f->model, PF_SV("ns"), PF_SV("p"), PF_SV(""));
        (void)pf_model_remove_pod(f->model, PF_SV("no"), PF_SV("p"), PF_SV(""));
        model_fixture_check(f);
        assert_int_equal(two_nodes_used_pods(f, "n1") + two_nodes_used_pods(f, "n2"), 0);
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
        model_fixture_apply_pod(f, row->pod);
        const uint32_t left = two_nodes_reservations(f);
        model_fixture_apply_pod(f, row->pod); /* known by now: takes no second one */
        if (left != row->reservations || two_nodes_reservations(f) != left ||
            two_nodes_used_pods(f, "n1") != row->n1 || two_nodes_used_pods(f, "n2") != row->n2) {
            fail_msg("%s: %u and %u reservations, pods %u and %u", row->name, left,
                     two_nodes_reservations(f), two_nodes_used_pods(f, "n1"),
                     two_nodes_used_pods(f, "n2"));
        }
        f->now_ns += 15 * 1000000000LL;
        assert_int_equal(pf_reservation_expire(f->model), left);
        static const char *const names[] = {"p", "web-x", "x"};
        for (size_t k = 0; k < PF_ARRAY_LEN(names); k++) {
            (void)pf_model_remove_pod(f->model, PF_SV("ns"), pf_sv_from(names[k]), PF_SV(""));
        }
        (void)pf_model_remove_pod(f->model, PF_SV("no"), PF_SV("p"), PF_SV(""));
        model_fixture_check(f);
        assert_int_equal(two_nodes_used_pods(f, "n1") + two_nodes_used_pods(f, "n2"), 0);
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
    assert_int_equal(two_nodes_reservations(f), 0);
    model_fixture_check(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_named, two_nodes_setup, model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_named_chain, two_nodes_setup, model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_claims, two_nodes_setup, model_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

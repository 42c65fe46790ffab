/* Pods that are nominated: to a node that goes and comes back, and what they would take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model_fixture.h"
#include <podfit/residents.h>

#define NODE(name) \
    "{'metadata':{'name':'" name "'},'status':{'allocatable':{'cpu':'4','pods':'110'}}}"
#define NOMINATED(cpu)                                                                       \
    "{'metadata':{'namespace':'ns','name':'p','uid':'u'},'spec':{'containers':[{'name':'c'," \
    "'resources':{'requests':{'cpu':'" cpu "'}}}]},'status':{'nominatedNodeName':'gone'}}"

static void start(struct model_fixture *f)
{
    assert_true(model_fixture_init(f));
    assert_int_equal(model_fixture_node(f, NODE("gone"), NULL), PF_OK);
    assert_int_equal(model_fixture_node(f, NODE("other"), NULL), PF_OK);
}

/* The pod that waits for a place gets one on the other node. */
static void place_elsewhere(struct model_fixture *f)
{
    uint32_t cursor = 0;
    struct pf_pending pending;
    assert_int_equal(pf_model_pending_next(f->model, &cursor, &f->arena, &pending), PF_OK);
    assert_int_equal(
        pf_model_pending_place(f->model, pending.pod, model_fixture_slot(f, "other"), NULL, NULL),
        PF_OK);
    model_fixture_check(f);
}

static void test_node_comes_back(void **state)
{
    (void)state;
    struct model_fixture f;
    start(&f);
    const struct pf_columns *columns = pf_model_columns(f.model);
    const uint32_t other = model_fixture_slot(&f, "other");
    assert_int_equal(model_fixture_pod(&f, NOMINATED("1"), NULL), PF_OK);
    assert_int_equal(pf_model_nominated(f.model, model_fixture_slot(&f, "gone")), 1);
    assert_true(pf_model_remove_node(f.model, PF_SV("gone")));
    place_elsewhere(&f);
    assert_int_equal(pf_model_nominated_total(f.model), 0);
    assert_int_equal(columns->used_pods[other], 1);

    assert_int_equal(model_fixture_node(&f, NODE("gone"), NULL), PF_OK);
    model_fixture_check(&f);
    assert_int_equal(pf_model_nominated(f.model, model_fixture_slot(&f, "gone")), 1);
    assert_int_equal(columns->used_pods[other], 0);
    assert_int_equal(columns->used_milli_cpu[other], 0);
    model_fixture_done(&f);
}

static void test_other_node_comes(void **state)
{
    (void)state;
    struct model_fixture f;
    start(&f);
    assert_int_equal(model_fixture_pod(&f, NOMINATED("1"), NULL), PF_OK);
    assert_true(pf_model_remove_node(f.model, PF_SV("gone")));
    place_elsewhere(&f);
    assert_int_equal(model_fixture_node(&f, NODE("third"), NULL), PF_OK);
    model_fixture_check(&f);
    assert_int_equal(pf_model_nominated_total(f.model), 0);
    assert_int_equal(pf_model_columns(f.model)->used_pods[model_fixture_slot(&f, "other")], 1);
    model_fixture_done(&f);
}

/* NodeInfo adds a nominated pod as it adds a bound one: 2^63-1 cores are -1 core, which PreFilter of the pod itself would call 0. */
static void test_amount_wraps(void **state)
{
    (void)state;
    struct model_fixture f;
    start(&f);
    assert_int_equal(model_fixture_pod(&f, NOMINATED("8Ei"), NULL), PF_OK);
    assert_true(pf_model_remove_node(f.model, PF_SV("gone")));
    place_elsewhere(&f);
    assert_int_equal(pf_model_columns(f.model)->used_milli_cpu[model_fixture_slot(&f, "other")],
                     -1000);
    model_fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_node_comes_back),
        cmocka_unit_test(test_other_node_comes),
        cmocka_unit_test(test_amount_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Pods that wait: their order, the places they are given, nominations, and what is kept of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "two_nodes.h"
#include <podfit/residents.h>

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
    model_fixture_apply_pod(f, POD("late", CREATED("09"), SPEC, ""));
    model_fixture_apply_pod(f, POD("a", CREATED("01"), SPEC, ""));
    model_fixture_apply_pod(f, POD("timeless", "", SPEC, ""));
    model_fixture_apply_pod(f, POD("b", CREATED("01"), SPEC, ""));
    assert_string_equal(waiting(f, text, sizeof(text)), "a b late timeless");
    const uint64_t version = pf_model_pending_version(f->model);
    assert_true(version != 0);
    model_fixture_apply_pod(
        f, POD("a", CREATED("01"), SPEC, "'conditions':[]")); /* a change of status */
    assert_string_equal(waiting(f, text, sizeof(text)), "a b late timeless");
    model_fixture_apply_pod(f, POD("b", CREATED("01"), "'nodeName':'n1'," SPEC, ""));
    assert_true(pf_model_pending_version(f->model) != version);
    assert_true(pf_model_remove_pod(f->model, PF_SV("ns"), PF_SV("late"), PF_SV("u-late")));
    model_fixture_check(f);
    assert_string_equal(waiting(f, text, sizeof(text)), "a timeless");
    model_fixture_apply_pod(f,
                            POD("a", CREATED("01"), "'schedulingGates':[{'name':'g'}]," SPEC, ""));
    assert_string_equal(waiting(f, text, sizeof(text)), "timeless");
    assert_int_equal(pf_model_stats(f->model).pods_pending, 1);
}

static void test_pending_places(void **state)
{
    struct model_fixture *f = *state;
    char text[128];
    model_fixture_apply_pod(f, POD("a", CREATED("01"), SPEC, ""));
    model_fixture_apply_pod(f, POD("b", CREATED("02"), SPEC, ""));
    place(f, "a", "n1");
    place(f, "b", "n1");
    assert_int_equal(two_nodes_used_pods(f, "n1"), 2);
    assert_int_equal(pf_model_stats(f->model).pods_bound, 0);
    assert_string_equal(waiting(f, text, sizeof(text)), "");
    model_fixture_apply_pod(f, POD("a", CREATED("01"), SPEC, "'conditions':[]"));
    assert_int_equal(two_nodes_used_pods(f, "n1"), 2); /* the same pod keeps its place */
    model_fixture_apply_pod(f, POD("a", CREATED("01"), "'nodeName':'n2'," SPEC, ""));
    assert_int_equal(two_nodes_used_pods(f, "n1"),
                     1); /* the prediction was wrong and is corrected */
    assert_int_equal(two_nodes_used_pods(f, "n2"), 1);
    /* a taint: predictions for the node are void */
    assert_int_equal(model_fixture_node(f,
                                        "{'metadata':{'name':'n1'},'spec':{'taints':[{'key':'k',"
                                        "'effect':'NoSchedule'}]},'status':{'allocatable':{'cpu':"
                                        "'4','memory':'8Gi','pods':'110'}}}",
                                        NULL),
                     PF_OK);
    model_fixture_check(f);
    assert_string_equal(waiting(f, text, sizeof(text)), "b");
    assert_int_equal(two_nodes_used_pods(f, "n1"), 0);
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
    model_fixture_apply_pod(f, POD("a", "", SPEC, "'nominatedNodeName':'n3'"));
    assert_string_equal(waiting(f, text, sizeof(text)), "a"); /* that node does not exist */
    assert_int_equal(model_fixture_node(f, NODE("n3"), NULL), PF_OK);
    model_fixture_check(f);
    assert_string_equal(waiting(f, text, sizeof(text)), "");
    assert_int_equal(two_nodes_used_pods(f, "n3"), 0);
    assert_int_equal(pf_model_nominated(f->model, model_fixture_slot(f, "n3")), 1);
    assert_true(pf_model_remove_node(f->model, PF_SV("n3")));
    assert_string_equal(waiting(f, text, sizeof(text)), "a");
    place(f, "a", "n1");
    assert_int_equal(two_nodes_used_pods(f, "n1"), 1);
    model_fixture_apply_pod(f, POD("a", "", SPEC, "'nominatedNodeName':'n2'"));
    assert_int_equal(two_nodes_used_pods(f, "n1"), 0);
    assert_int_equal(two_nodes_used_pods(f, "n2"), 0);
    assert_int_equal(pf_model_nominated(f->model, model_fixture_slot(f, "n2")), 1);
    assert_int_equal(pf_model_nominated_total(f->model), 1);
    model_fixture_apply_pod(f, POD("a", "", SPEC, "")); /* the scheduler gave it up */
    assert_int_equal(pf_model_nominated_total(f->model), 0);
    assert_int_equal(two_nodes_used_pods(f, "n2"), 0);
    assert_string_equal(waiting(f, text, sizeof(text)), "a");
}

/* The copy that waits must say what the pod said. */
static void test_pending_view(void **state)
{
    struct model_fixture *f = *state;
    model_fixture_apply_pod(
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pending_order, two_nodes_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_pending_places, two_nodes_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_nominated, two_nodes_setup, model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_pending_view, two_nodes_setup, model_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

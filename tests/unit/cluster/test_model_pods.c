/* What pods count for, by what is said of them, and where. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "model_fixture.h"
#include "model_samples.h"

/* What one pod does to the counts; n1 exists. Sources: scheduler-fit sections 2 and 5. */
struct pod_row {
    const char *name;
    const char *json;
    int64_t milli_cpu;
    uint32_t pods;
    uint32_t bound;
    uint32_t pending;
    uint32_t used_pods;
};

#define DELETING \
    "'metadata':{'namespace':'ns','name':'p','deletionTimestamp':'2026-01-01T00:00:00Z'}"

static const struct pod_row pod_rows[] = {
    {"bound and running",
     "{" META ",'spec':{'nodeName':'n1'," CPU_100M "},'status':{'phase':'Running'}}", 100, 1, 1, 0,
     1},
    {"bound, no phase yet", "{" META ",'spec':{'nodeName':'n1'," CPU_100M "}}", 100, 1, 1, 0, 1},
    {"bound, phase unknown",
     "{" META ",'spec':{'nodeName':'n1'," CPU_100M "},'status':{'phase':'Unknown'}}", 100, 1, 1, 0,
     1},
    {"bound and terminating still counts",
     "{" DELETING ",'spec':{'nodeName':'n1'," CPU_100M "},'status':{'phase':'Running'}}", 100, 1, 1,
     0, 1},
    {"succeeded is not kept",
     "{" META ",'spec':{'nodeName':'n1'," CPU_100M "},'status':{'phase':'Succeeded'}}", 0, 0, 0, 0,
     0},
    {"failed is not kept",
     "{" META ",'spec':{'nodeName':'n1'," CPU_100M "},'status':{'phase':'Failed'}}", 0, 0, 0, 0, 0},
    {"on a node nobody knows", "{" META ",'spec':{'nodeName':'gone'," CPU_100M "}}", 0, 1, 0, 0, 0},
    {"static pod of a kubelet",
     "{'metadata':{'namespace':'ns','name':'p','annotations':{'kubernetes.io/config.mirror':'x'}},"
     "'spec':{'nodeName':'n1'," CPU_100M "}}",
     100, 1, 1, 0, 1},
    {"bound by another scheduler",
     "{" META ",'spec':{'schedulerName':'other','nodeName':'n1'," CPU_100M "}}", 100, 1, 1, 0, 1},
    {"without requests still takes a pod slot",
     "{" META ",'spec':{'nodeName':'n1','containers':[{'name':'c'}]}}", 0, 1, 1, 0, 1},
    {"pending", "{" META ",'spec':{" CPU_100M "},'status':{'phase':'Pending'}}", 0, 1, 0, 1, 0},
    {"pending of another scheduler", "{" META ",'spec':{'schedulerName':'other'," CPU_100M "}}", 0,
     1, 0, 0, 0},
    {"pending and gated", "{" META ",'spec':{'schedulingGates':[{'name':'g'}]," CPU_100M "}}", 0, 1,
     0, 0, 0},
    {"pending and being deleted", "{" DELETING ",'spec':{" CPU_100M "}}", 0, 1, 0, 0, 0},
    {"nominated holds no room",
     "{" META ",'spec':{" CPU_100M "},'status':{'nominatedNodeName':'n1'}}", 0, 1, 0, 1, 0},
    {"nominated to a node nobody knows",
     "{" META ",'spec':{" CPU_100M "},'status':{'nominatedNodeName':'gone'}}", 0, 1, 0, 1, 0},
    {"gated and nominated holds nothing",
     "{" META ",'spec':{'schedulingGates':[{'name':'g'}]," CPU_100M
     "},'status':{'nominatedNodeName':'n1'}}",
     0, 1, 0, 0, 0},
    {"requests come from limits by defaulting",
     "{" META ",'spec':{'nodeName':'n1','containers':[{'name':'c','resources':{'limits':{'cpu':"
     "'300m'}}}]}}",
     300, 1, 1, 0, 1},
    {"in-place resize in status counts",
     "{" META ",'spec':{'nodeName':'n1'," CPU_100M
     "},'status':{'containerStatuses':[{'name':'c','resources':{'requests':{'cpu':'700m'}}}]}}",
     700, 1, 1, 0, 1},
};

static void test_pod_kinds(void **state)
{
    struct model_fixture *f = *state;
    model_fixture_apply_node(f, NODE_N1);
    for (size_t i = 0; i < PF_ARRAY_LEN(pod_rows); i++) {
        const struct pod_row *row = &pod_rows[i];
        model_fixture_apply_pod(f, row->json);
        const struct pf_model_stats stats = pf_model_stats(f->model);
        const uint32_t slot = model_fixture_slot(f, "n1");
        const struct pf_columns *c = pf_model_columns(f->model);
        if (stats.pods != row->pods || stats.pods_bound != row->bound ||
            stats.pods_pending != row->pending || c->used_milli_cpu[slot] != row->milli_cpu ||
            c->used_pods[slot] != row->used_pods) {
            fail_msg("%s: pods %u bound %u pending %u cpu %lld on node %u", row->name, stats.pods,
                     stats.pods_bound, stats.pods_pending, (long long)c->used_milli_cpu[slot],
                     c->used_pods[slot]);
        }
        assert_int_equal(model_fixture_remove_pod(f, "p", ""), row->pods != 0);
        assert_int_equal(c->used_pods[slot], 0);
    }
}

static void test_pod_changes_by_name_and_uid(void **state)
{
    struct model_fixture *f = *state;
    model_fixture_apply_node(f, NODE_N1);
    model_fixture_apply_node(f, NODE_N2);
    const struct pf_columns *c = pf_model_columns(f->model);
    const uint32_t n1 = model_fixture_slot(f, "n1");
    const uint32_t n2 = model_fixture_slot(f, "n2");
    model_fixture_apply_pod(f, "{" META ",'spec':{'nodeName':'n1'," CPU_100M "}}");
    model_fixture_apply_pod(f, "{'metadata':{'namespace':'ns','name':'p','uid':'u2'},"
                               "'spec':{'nodeName':'n2'," CONTAINER("{'cpu':'250m'}") "}}");
    assert_int_equal(c->used_milli_cpu[n1], 0);
    assert_int_equal(c->used_milli_cpu[n2], 250);
    assert_false(model_fixture_remove_pod(f, "p", "u1")); /* the late delete of the first one */
    assert_int_equal(c->used_milli_cpu[n2], 250);
    assert_true(model_fixture_remove_pod(f, "p", "u2"));
    assert_int_equal(c->used_milli_cpu[n2], 0);
    assert_false(model_fixture_remove_pod(f, "p", "u2"));
    assert_int_equal(pf_model_stats(f->model).pods, 0);
}

static void test_ghosts(void **state)
{
    struct model_fixture *f = *state;
    const struct pf_columns *c = pf_model_columns(f->model);
    model_fixture_apply_pod(f, "{" META ",'spec':{'nodeName':'n1'," CPU_100M "}}");
    assert_int_equal(pf_model_stats(f->model).nodes, 0);
    assert_int_equal(pf_model_stats(f->model).pods_bound, 0);
    model_fixture_apply_node(f, NODE_N1);
    const uint32_t n1 = model_fixture_slot(f, "n1");
    assert_int_equal(c->used_milli_cpu[n1], 100);
    assert_int_equal(pf_model_stats(f->model).pods_bound, 1);
    assert_true(pf_model_remove_node(f->model, PF_SV("n1")));
    model_fixture_check(f);
    assert_false(pf_model_remove_node(f->model, PF_SV("n1")));
    assert_int_equal(model_fixture_slot(f, "n1"), PF_NODE_NONE);
    assert_int_equal(pf_model_stats(f->model).pods, 1);
    assert_int_equal(pf_model_stats(f->model).pods_bound, 0);
    model_fixture_apply_node(f, NODE_N1);
    assert_int_equal(model_fixture_slot(f, "n1"), n1); /* its pods kept the slot */
    assert_int_equal(c->used_pods[n1], 1);
    assert_true(pf_model_remove_node(f->model, PF_SV("n1")));
    assert_true(model_fixture_remove_pod(f, "p", ""));
    model_fixture_apply_node(f, NODE_N2); /* the slot is used again */
    assert_int_equal(model_fixture_slot(f, "n2"), n1);
    assert_int_equal(c->count, 1);
}

#define GPU_POD                                                                                 \
    "{'metadata':{'namespace':'ns','name':'%s'},'spec':{'nodeName':'n2','containers':[{'name':" \
    "'c','ports':[{'containerPort':80,'hostPort':8080},{'containerPort':81,'hostPort':8080}],"  \
    "'resources':{'requests':{'example.com/gpu':'3'},'limits':{'example.com/gpu':'3'}}}]}}"

static void test_scalars_and_ports(void **state)
{
    struct model_fixture *f = *state;
    model_fixture_apply_node(f, NODE_N2);
    char json[512];
    (void)snprintf(json, sizeof(json), GPU_POD, "a");
    model_fixture_apply_pod(f, json);
    (void)snprintf(json, sizeof(json), GPU_POD, "b");
    model_fixture_apply_pod(f, json);
    assert_int_equal(model_fixture_scalar(f, "n2", "example.com/gpu"), 6);
    assert_int_equal(model_fixture_port(f, "n2", 8080), 2); /* once a pod */
    assert_true(model_fixture_remove_pod(f, "a", ""));
    assert_int_equal(model_fixture_port(f, "n2", 8080), 1);
    assert_true(model_fixture_remove_pod(f, "b", ""));
    assert_null(pf_model_columns(f->model)->extra[model_fixture_slot(f, "n2")]);
}

static void test_sums_wrap(void **state)
{
    struct model_fixture *f = *state;
    char json[512];
    model_fixture_apply_node(f, NODE_N2);
    const struct pf_columns *c = pf_model_columns(f->model);
    const uint32_t slot = model_fixture_slot(f, "n2");
    for (int i = 0; i < 5; i++) {
        (void)snprintf(
            json, sizeof(json),
            "{'metadata':{'namespace':'ns','name':'p%d'},'spec':{'nodeName':'n2'," CONTAINER(
                "{'memory':'4611686018427387904','example.com/x':'4611686018427387904'}") "}}",
            i);
        model_fixture_apply_pod(f, json);
    }
    assert_true(model_fixture_remove_pod(f, "p4", "")); /* four are left: 4 x 2^62 is 0 */
    assert_int_equal(c->used_memory[slot], 0);
    assert_int_equal(model_fixture_scalar(f, "n2", "example.com/x"), 0); /* kept all the same */
    for (int i = 0; i < 4; i++) {
        (void)snprintf(json, sizeof(json), "p%d", i);
        assert_true(model_fixture_remove_pod(f, json, ""));
    }
    assert_int_equal(c->used_memory[slot], 0);
    assert_int_equal(model_fixture_scalar(f, "n2", "example.com/x"), -1);
}

/* Ordinary init containers take no port, sidecars do (scheduler-fit 7.5). */
static void test_ports_of_init_containers(void **state)
{
    struct model_fixture *f = *state;
    model_fixture_apply_node(f, NODE_N2);
    model_fixture_apply_pod(
        f, "{" META ",'spec':{'nodeName':'n2','initContainers':[{'name':'i','ports':[{"
           "'containerPort':1,'hostPort':1001}]},{'name':'s','restartPolicy':'Always','ports'"
           ":[{'containerPort':1,'hostPort':1002}]}],'containers':[{'name':'c','ports':[{"
           "'containerPort':1003}]}]}}");
    assert_int_equal(model_fixture_port(f, "n2", 1001), 0);
    assert_int_equal(model_fixture_port(f, "n2", 1002), 1);
    assert_int_equal(model_fixture_port(f, "n2", 1003), 0);
    model_fixture_apply_pod(
        f, "{" META ",'spec':{'nodeName':'n2','hostNetwork':true,'containers':[{'name':'c',"
           "'ports':[{'containerPort':1003}]}]}}");
    assert_int_equal(model_fixture_port(f, "n2", 1002), 0);
    assert_int_equal(model_fixture_port(f, "n2", 1003), 1);
}

/* Defaulting is done to a copy. */
static void test_pod_is_only_read(void **state)
{
    struct model_fixture *f = *state;
    struct pf_resource item = {.name = PF_SV_INIT("cpu"),
                               .amount = pf_quantity_from_i64(1, -4, PF_QUANTITY_DECIMAL_SI)};
    struct pf_port port = {.container_port = 80};
    struct pf_container container = {
        .requests = {.items = &item, .count = 1, .present = true}, .ports = &port, .port_count = 1};
    struct pf_container_status status = {.requests = {.items = &item, .count = 1, .present = true},
                                         .resources_present = true};
    const struct pf_pod pod = {.meta = {.namespace_ = PF_SV_INIT("ns"), .name = PF_SV_INIT("p")},
                               .node_name = PF_SV_INIT("n1"),
                               .host_network = true,
                               .containers = &container,
                               .container_count = 1,
                               .statuses = &status,
                               .status_count = 1};
    model_fixture_apply_node(f, NODE_N1);
    assert_int_equal(pf_model_apply_pod(f->model, &pod, NULL), PF_OK);
    assert_int_equal(pf_model_columns(f->model)->used_milli_cpu[model_fixture_slot(f, "n1")], 1);
    assert_int_equal(item.amount.scale, -4); /* 0.1m, not rounded up */
    assert_int_equal(port.host_port, 0);
    assert_ptr_equal(container.requests.items, &item);
}

/* With profiles of other names their waiting pods are pending, and those of the default one are not unless it is named. */
static void test_schedulers(void **state)
{
    static const struct pf_sv names[] = {PF_SV_INIT("one"), PF_SV_INIT("two")};
    static const struct {
        const char *name;
        uint32_t pending;
    } rows[] = {{"one", 1}, {"two", 1}, {"default-scheduler", 0}, {"three", 0}};
    struct model_fixture *f = *state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        char text[200];
        (void)snprintf(text, sizeof(text), "{" META ",'spec':{'schedulerName':'%s'," CPU_100M "}}",
                       rows[i].name);
        assert_int_equal(pf_model_set_schedulers(f->model, names, PF_ARRAY_LEN(names)), PF_OK);
        model_fixture_apply_pod(f, text);
        assert_int_equal(pf_model_stats(f->model).pods_pending, rows[i].pending);
        assert_int_equal(pf_model_set_schedulers(f->model, NULL, 0), PF_OK);
        model_fixture_apply_pod(f, text);
        assert_int_equal(pf_model_stats(f->model).pods_pending, i == 2 ? 1 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pod_kinds, model_fixture_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_schedulers, model_fixture_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_pod_changes_by_name_and_uid, model_fixture_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_ghosts, model_fixture_setup, model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_scalars_and_ports, model_fixture_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_sums_wrap, model_fixture_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_ports_of_init_containers, model_fixture_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_pod_is_only_read, model_fixture_setup,
                                        model_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "model_fixture.h"
#include <podfit/groups.h>

#define NODE_N1                                                                                  \
    "{'metadata':{'name':'n1','labels':{'kubernetes.io/hostname':'n1','zone':'a'}},"             \
    "'status':{'allocatable':{'cpu':'4','memory':'8Gi','ephemeral-storage':'10Gi','pods':'110'," \
    "'example.com/gpu':'2','hugepages-2Mi':'0'}}}"
#define NODE_N2                                                                      \
    "{'metadata':{'name':'n2','labels':{'kubernetes.io/hostname':'n2','zone':'a'}}," \
    "'status':{'allocatable':{'cpu':'2','memory':'4Gi','pods':'10'}}}"
#define CONTAINER(requests) "'containers':[{'name':'c','resources':{'requests':" requests "}}]"

static int setup(void **state)
{
    static struct model_fixture fixture;
    *state = &fixture;
    return model_fixture_init(&fixture) ? 0 : -1;
}

static int teardown(void **state)
{
    model_fixture_done(*state);
    return 0;
}

static void apply_node(struct model_fixture *f, const char *json)
{
    struct pf_err err = {0};
    if (model_fixture_node(f, json, &err) != PF_OK) {
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

static bool remove_pod(struct model_fixture *f, const char *name, const char *uid)
{
    const bool removed =
        pf_model_remove_pod(f->model, PF_SV("ns"), pf_sv_from(name), pf_sv_from(uid));
    model_fixture_check(f);
    return removed;
}

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

#define META     "'metadata':{'namespace':'ns','name':'p','uid':'u1'}"
#define CPU_100M CONTAINER("{'cpu':'100m','memory':'1Gi'}")
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
    apply_node(f, NODE_N1);
    for (size_t i = 0; i < PF_ARRAY_LEN(pod_rows); i++) {
        const struct pod_row *row = &pod_rows[i];
        apply_pod(f, row->json);
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
        assert_int_equal(remove_pod(f, "p", ""), row->pods != 0);
        assert_int_equal(c->used_pods[slot], 0);
    }
}

static void test_pod_changes_by_name_and_uid(void **state)
{
    struct model_fixture *f = *state;
    apply_node(f, NODE_N1);
    apply_node(f, NODE_N2);
    const struct pf_columns *c = pf_model_columns(f->model);
    const uint32_t n1 = model_fixture_slot(f, "n1");
    const uint32_t n2 = model_fixture_slot(f, "n2");
    apply_pod(f, "{" META ",'spec':{'nodeName':'n1'," CPU_100M "}}");
    apply_pod(f, "{'metadata':{'namespace':'ns','name':'p','uid':'u2'},"
                 "'spec':{'nodeName':'n2'," CONTAINER("{'cpu':'250m'}") "}}");
    assert_int_equal(c->used_milli_cpu[n1], 0);
    assert_int_equal(c->used_milli_cpu[n2], 250);
    assert_false(remove_pod(f, "p", "u1")); /* the late delete of the first one */
    assert_int_equal(c->used_milli_cpu[n2], 250);
    assert_true(remove_pod(f, "p", "u2"));
    assert_int_equal(c->used_milli_cpu[n2], 0);
    assert_false(remove_pod(f, "p", "u2"));
    assert_int_equal(pf_model_stats(f->model).pods, 0);
}

static void test_ghosts(void **state)
{
    struct model_fixture *f = *state;
    const struct pf_columns *c = pf_model_columns(f->model);
    apply_pod(f, "{" META ",'spec':{'nodeName':'n1'," CPU_100M "}}");
    assert_int_equal(pf_model_stats(f->model).nodes, 0);
    assert_int_equal(pf_model_stats(f->model).pods_bound, 0);
    apply_node(f, NODE_N1);
    const uint32_t n1 = model_fixture_slot(f, "n1");
    assert_int_equal(c->used_milli_cpu[n1], 100);
    assert_int_equal(pf_model_stats(f->model).pods_bound, 1);
    assert_true(pf_model_remove_node(f->model, PF_SV("n1")));
    model_fixture_check(f);
    assert_false(pf_model_remove_node(f->model, PF_SV("n1")));
    assert_int_equal(model_fixture_slot(f, "n1"), PF_NODE_NONE);
    assert_int_equal(pf_model_stats(f->model).pods, 1);
    assert_int_equal(pf_model_stats(f->model).pods_bound, 0);
    apply_node(f, NODE_N1);
    assert_int_equal(model_fixture_slot(f, "n1"), n1); /* its pods kept the slot */
    assert_int_equal(c->used_pods[n1], 1);
    assert_true(pf_model_remove_node(f->model, PF_SV("n1")));
    assert_true(remove_pod(f, "p", ""));
    apply_node(f, NODE_N2); /* the slot is used again */
    assert_int_equal(model_fixture_slot(f, "n2"), n1);
    assert_int_equal(c->count, 1);
}

static void test_node_values(void **state)
{
    struct model_fixture *f = *state;
    apply_node(f, NODE_N1);
    const struct pf_columns *c = pf_model_columns(f->model);
    const uint32_t n1 = model_fixture_slot(f, "n1");
    assert_int_equal(c->allocatable_milli_cpu[n1], 4000);
    assert_int_equal(c->allocatable_memory[n1], 8LL << 30);
    assert_int_equal(c->allocatable_ephemeral_storage[n1], 10LL << 30);
    assert_int_equal(c->allocatable_pods[n1], 110);
    assert_non_null(c->extra[n1]);
    assert_int_equal(c->extra[n1]->scalar_count, 1); /* hugepages of 0 say nothing */
    assert_int_equal(c->extra[n1]->scalars[0].allocatable, 2);
    assert_int_equal(model_fixture_scalar(f, "n1", "example.com/gpu"), 0);
    const uint64_t before = pf_model_stats(f->model).changes;
    apply_node(f, NODE_N1);
    assert_int_equal(pf_model_stats(f->model).changes, before); /* a heartbeat changes nothing */
    apply_node(f, "{'metadata':{'name':'n1'},'status':{'allocatable':{'cpu':'1'}}}");
    assert_int_equal(c->allocatable_pods[n1], 0); /* partial allocatable is not completed */
    assert_null(c->extra[n1]);
    assert_true(pf_model_stats(f->model).changes > before);
}

#define GPU_POD                                                                                 \
    "{'metadata':{'namespace':'ns','name':'%s'},'spec':{'nodeName':'n2','containers':[{'name':" \
    "'c','ports':[{'containerPort':80,'hostPort':8080},{'containerPort':81,'hostPort':8080}],"  \
    "'resources':{'requests':{'example.com/gpu':'3'},'limits':{'example.com/gpu':'3'}}}]}}"

static void test_scalars_and_ports(void **state)
{
    struct model_fixture *f = *state;
    apply_node(f, NODE_N2);
    char json[512];
    (void)snprintf(json, sizeof(json), GPU_POD, "a");
    apply_pod(f, json);
    (void)snprintf(json, sizeof(json), GPU_POD, "b");
    apply_pod(f, json);
    assert_int_equal(model_fixture_scalar(f, "n2", "example.com/gpu"), 6);
    assert_int_equal(model_fixture_port(f, "n2", 8080), 2); /* once a pod */
    assert_true(remove_pod(f, "a", ""));
    assert_int_equal(model_fixture_port(f, "n2", 8080), 1);
    assert_true(remove_pod(f, "b", ""));
    assert_null(pf_model_columns(f->model)->extra[model_fixture_slot(f, "n2")]);
}

static void test_sums_wrap(void **state)
{
    struct model_fixture *f = *state;
    char json[512];
    apply_node(f, NODE_N2);
    const struct pf_columns *c = pf_model_columns(f->model);
    const uint32_t slot = model_fixture_slot(f, "n2");
    for (int i = 0; i < 5; i++) {
        (void)snprintf(
            json, sizeof(json),
            "{'metadata':{'namespace':'ns','name':'p%d'},'spec':{'nodeName':'n2'," CONTAINER(
                "{'memory':'4611686018427387904','example.com/x':'4611686018427387904'}") "}}",
            i);
        apply_pod(f, json);
    }
    assert_true(remove_pod(f, "p4", "")); /* four are left: 4 x 2^62 is 0 */
    assert_int_equal(c->used_memory[slot], 0);
    assert_int_equal(model_fixture_scalar(f, "n2", "example.com/x"), 0); /* kept all the same */
    for (int i = 0; i < 4; i++) {
        (void)snprintf(json, sizeof(json), "p%d", i);
        assert_true(remove_pod(f, json, ""));
    }
    assert_int_equal(c->used_memory[slot], 0);
    assert_int_equal(model_fixture_scalar(f, "n2", "example.com/x"), -1);
}

/* Ordinary init containers take no port, sidecars do (scheduler-fit 7.5). */
static void test_ports_of_init_containers(void **state)
{
    struct model_fixture *f = *state;
    apply_node(f, NODE_N2);
    apply_pod(f, "{" META ",'spec':{'nodeName':'n2','initContainers':[{'name':'i','ports':[{"
                 "'containerPort':1,'hostPort':1001}]},{'name':'s','restartPolicy':'Always','ports'"
                 ":[{'containerPort':1,'hostPort':1002}]}],'containers':[{'name':'c','ports':[{"
                 "'containerPort':1003}]}]}}");
    assert_int_equal(model_fixture_port(f, "n2", 1001), 0);
    assert_int_equal(model_fixture_port(f, "n2", 1002), 1);
    assert_int_equal(model_fixture_port(f, "n2", 1003), 0);
    apply_pod(f, "{" META ",'spec':{'nodeName':'n2','hostNetwork':true,'containers':[{'name':'c',"
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
    apply_node(f, NODE_N1);
    assert_int_equal(pf_model_apply_pod(f->model, &pod, NULL), PF_OK);
    assert_int_equal(pf_model_columns(f->model)->used_milli_cpu[model_fixture_slot(f, "n1")], 1);
    assert_int_equal(item.amount.scale, -4); /* 0.1m, not rounded up */
    assert_int_equal(port.host_port, 0);
    assert_ptr_equal(container.requests.items, &item);
}

static void test_shapes(void **state)
{
    struct model_fixture *f = *state;
    apply_node(f, NODE_N1);
    apply_node(f, NODE_N2);
    const struct pf_columns *c = pf_model_columns(f->model);
    const uint32_t n1 = model_fixture_slot(f, "n1");
    const uint32_t n2 = model_fixture_slot(f, "n2");
    assert_int_equal(c->shape[n1], c->shape[n2]); /* their own names are the same label value */
    assert_int_equal(pf_model_stats(f->model).shapes, 1);
    const struct pf_shape *shape = pf_model_shape(f->model, c->shape[n1]);
    assert_int_equal(shape->nodes, 2);
    assert_int_equal(shape->label_count, 2);
    apply_node(f, "{'metadata':{'name':'n2','labels':{'zone':'a','kubernetes.io/hostname':'n2'}},"
                  "'spec':{'unschedulable':true,'taints':[{'key':'k','value':'v','effect':"
                  "'NoSchedule'}]},'status':{'allocatable':{'cpu':'2'}}}");
    const uint32_t cordoned = c->shape[n2];
    assert_int_not_equal(cordoned, c->shape[n1]);
    assert_true(pf_model_shape(f->model, cordoned)->unschedulable);
    assert_int_equal(pf_model_shape(f->model, cordoned)->taint_count, 1);
    const uint32_t generation = pf_model_shape(f->model, cordoned)->generation;
    apply_node(f, NODE_N2);
    assert_int_equal(pf_model_shape(f->model, cordoned)->nodes, 0);
    apply_node(f, "{'metadata':{'name':'n2'}}");
    assert_int_equal(c->shape[n2], cordoned); /* the free id, as another shape */
    assert_true(pf_model_shape(f->model, cordoned)->generation > generation);
    assert_int_equal(pf_model_shape_count(f->model), 2);
}

static void test_nodes_by_name(void **state)
{
    struct model_fixture *f = *state;
    static const char *const names[] = {"n10", "n2", "b", "n1"};
    static const char *const sorted[] = {"b", "n1", "n10", "n2"};
    char json[128];
    apply_pod(f, "{" META ",'spec':{'nodeName':'a-ghost'," CPU_100M "}}");
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        (void)snprintf(json, sizeof(json), "{'metadata':{'name':'%s'}}", names[i]);
        apply_node(f, json);
    }
    uint32_t count = 77;
    const uint32_t *order = pf_model_nodes_by_name(f->model, &count);
    assert_int_equal(count, PF_ARRAY_LEN(sorted));
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(order[i], model_fixture_slot(f, sorted[i]));
    }
    model_fixture_check(f);
    assert_true(pf_model_remove_node(f->model, PF_SV("n1")));
    (void)pf_model_nodes_by_name(f->model, &count);
    assert_int_equal(count, 3);
}

static void count_visit(void *opaque, uint32_t slot)
{
    uint32_t *counts = opaque;
    counts[slot]++;
}

static void test_change_log(void **state)
{
    struct model_fixture *f = *state;
    uint32_t counts[2] = {0};
    assert_int_equal(pf_model_changes_since(f->model, 0, count_visit, counts), 0);
    const uint64_t start = pf_model_changes_since(f->model, 1, count_visit, counts);
    assert_int_equal(start, 1);
    apply_node(f, NODE_N1);
    apply_node(f, NODE_N2);
    const uint64_t second = pf_model_changes_since(f->model, start, count_visit, counts);
    assert_int_equal(second, pf_model_stats(f->model).changes);
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[1], 1);
    assert_int_equal(pf_model_changes_since(f->model, second + 1, count_visit, counts), 0);
    struct pf_node node = {.meta = {.name = PF_SV_INIT("n1")}};
    for (uint32_t i = 0; i < 65536; i++) {
        node.unschedulable = i % 2 == 0;
        assert_int_equal(pf_model_apply_node(f->model, &node, NULL), PF_OK);
    }
    assert_int_equal(pf_model_stats(f->model).changes, second + 65536);
    counts[0] = 0;
    assert_int_equal(pf_model_changes_since(f->model, second, count_visit, counts), second + 65536);
    assert_int_equal(counts[0], 65536);
    assert_int_equal(pf_model_changes_since(f->model, second - 1, count_visit, counts), 0);
}

#define LONER                                                                                  \
    "{'metadata':{'namespace':'%s','name':'p'},'spec':{'nodeName':'n1','affinity':{"           \
    "'podAntiAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'z'," \
    "'labelSelector':{}%s}]}},'containers':[{'name':'c'}]}}"

/* Does a term set with anti-affinity name the namespace, or select namespaces? */
static bool may_match(const struct pf_model *model, struct pf_sv space)
{
    const uint32_t id = pf_intern_find(pf_model_strings(model), space);
    size_t any = 0;
    size_t own = 0;
    (void)pf_model_anti(model, PF_ANTI_ANY, &any);
    if (id != PF_INTERN_NONE) {
        (void)pf_model_anti(model, id, &own);
    }
    return any + own != 0;
}

static void test_anti_affinity(void **state)
{
    struct model_fixture *f = *state;
    char json[512];
    apply_node(f, NODE_N1);
    assert_false(may_match(f->model, PF_SV("ns")));
    (void)snprintf(json, sizeof(json), LONER, "ns", "");
    apply_pod(f, json);
    assert_true(may_match(f->model, PF_SV("ns")));
    assert_false(may_match(f->model, PF_SV("other")));
    assert_false(may_match(f->model, PF_SV("")));
    (void)snprintf(json, sizeof(json), LONER, "third", ",'namespaces':['x']");
    apply_pod(f, json);
    assert_false(may_match(f->model, PF_SV("other")));
    assert_false(may_match(f->model, PF_SV("third")));
    assert_true(may_match(f->model, PF_SV("x")));
    (void)snprintf(json, sizeof(json), LONER, "third", ",'namespaceSelector':{}");
    apply_pod(f, json);
    assert_true(may_match(f->model, PF_SV("other")));
    assert_true(may_match(f->model, PF_SV("x")));
    assert_true(pf_model_remove_pod(f->model, PF_SV("third"), PF_SV("p"), PF_SV("")));
    assert_false(may_match(f->model, PF_SV("other")));
    assert_true(remove_pod(f, "p", ""));
    assert_false(may_match(f->model, PF_SV("ns")));
}

static void test_namespaces(void **state)
{
    struct model_fixture *f = *state;
    struct pf_label items[] = {{PF_SV_INIT("a"), PF_SV_INIT("1")},
                               {PF_SV_INIT("b"), PF_SV_INIT("")}};
    struct pf_namespace ns = {
        .meta = {.name = PF_SV_INIT("ns"), .labels = {.items = items, .count = 2}}};
    struct pf_labels labels = {.count = 99};
    assert_int_equal(pf_model_namespace_labels(f->model, PF_SV("ns"), &f->arena, &labels),
                     PF_E_NOT_FOUND);
    assert_int_equal(labels.count, 99);
    assert_int_equal(pf_model_apply_namespace(f->model, &ns, NULL), PF_OK);
    model_fixture_check(f);
    assert_int_equal(pf_model_namespace_labels(f->model, PF_SV("ns"), &f->arena, &labels), PF_OK);
    assert_int_equal(labels.count, 2);
    assert_true(pf_sv_eq_cstr(pf_labels_find(&labels, PF_SV("a"))->value, "1"));
    ns.meta.labels.count = 1;
    assert_int_equal(pf_model_apply_namespace(f->model, &ns, NULL), PF_OK);
    model_fixture_check(f);
    assert_int_equal(pf_model_namespace_labels(f->model, PF_SV("ns"), &f->arena, &labels), PF_OK);
    assert_int_equal(labels.count, 1);
    assert_int_equal(pf_model_stats(f->model).namespaces, 1);
    assert_true(pf_model_remove_namespace(f->model, PF_SV("ns")));
    assert_false(pf_model_remove_namespace(f->model, PF_SV("ns")));
    model_fixture_check(f);
}

static void test_defects_and_origin(void **state)
{
    struct model_fixture *f = *state;
    apply_node(f, NODE_N1);
    const size_t bytes = pf_model_stats(f->model).bytes;
    struct pf_err err = {0};
    struct pf_pod pod = {
        .meta = {.namespace_ = PF_SV_INIT("ns"), .name = PF_SV_INIT("p")},
        .node_name = PF_SV_INIT("n1"),
        .defect = PF_SV_INIT("spec.containers[0].resources.requests.cpu: too many digits")};
    assert_int_equal(pf_model_apply_pod(f->model, &pod, &err), PF_E_TOO_BIG);
    assert_non_null(strstr(err.text, "'ns/p' cannot be held: spec.containers[0]"));
    assert_int_equal(pf_model_stats(f->model).bytes, bytes);
    model_fixture_check(f);
    assert_false(pf_model_origin(f->model).synced);
    const struct pf_model_origin origin = {
        .synced = true, .updated_mono_ns = 5, .resource_version = "42"};
    pf_model_set_origin(f->model, &origin);
    pf_model_lock(f->model);
    assert_true(pf_model_origin(f->model).synced);
    assert_string_equal(pf_model_origin(f->model).resource_version, "42");
    pf_model_unlock(f->model);
    pf_model_free(NULL);
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
        apply_pod(f, text);
        assert_int_equal(pf_model_stats(f->model).pods_pending, rows[i].pending);
        assert_int_equal(pf_model_set_schedulers(f->model, NULL, 0), PF_OK);
        apply_pod(f, text);
        assert_int_equal(pf_model_stats(f->model).pods_pending, i == 2 ? 1 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pod_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_schedulers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pod_changes_by_name_and_uid, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ghosts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_node_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scalars_and_ports, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sums_wrap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ports_of_init_containers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pod_is_only_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shapes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nodes_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_change_log, setup, teardown),
        cmocka_unit_test_setup_teardown(test_anti_affinity, setup, teardown),
        cmocka_unit_test_setup_teardown(test_namespaces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_defects_and_origin, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

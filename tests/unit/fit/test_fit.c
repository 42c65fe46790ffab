/* Verdicts, causes, messages, binding constraints, slots and predicted nodes of hand-made clusters. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "samples.h"
#include "world.h"
#include <podfit/buf.h>
#include <podfit/columns.h>

struct row {
    const char *name;
    const char *const *nodes; /* NULL-terminated */
    const char *const *pods;
    const char *pod;
    enum pf_verdict verdict;
    const char *message;
    const char *cause;
    const char *binding; /* as the explanation gives it */
    uint64_t slots;
};

static const char *const none[] = {NULL};
static const char *const one_node[] = {NODE("n1", "", ROOM), NULL};
static const char *const three_nodes[] = {
    NODE("n1", "\"unschedulable\":true", ROOM),
    NODE("n2", "\"taints\":[{\"key\":\"dedicated\",\"value\":\"x\",\"effect\":\"NoSchedule\"}]",
         ROOM),
    NODE("n3", "", ROOM),
    NULL,
};
/* one node of the pool, three of another one that takes no such pod */
#define OTHER(name) \
    NODE(name, "\"taints\":[{\"key\":\"dedicated\",\"effect\":\"NoSchedule\"}]", ROOM)
static const char *const small_pool[] = {NODE("n1", "", ROOM), OTHER("o1"), OTHER("o2"),
                                         OTHER("o3"), NULL};
static const char *const sick_node[] = {
    NODE("n1", "\"taints\":[{\"key\":\"node.kubernetes.io/not-ready\",\"effect\":\"NoExecute\"}]",
         ROOM),
    NULL,
};
static const char *const tainted_node[] = {
    NODE("n1", "\"taints\":[{\"key\":\"dedicated\",\"effect\":\"NoSchedule\"}]", ROOM), NULL};
static const char *const cordoned_node[] = {NODE("n1", "\"unschedulable\":true", ROOM), NULL};
static const char *const no_pod_slots[] = {
    NODE("n1", "", "\"cpu\":\"4\",\"memory\":\"8Gi\",\"pods\":\"0\""), NULL};
static const char *const gpu_nodes[] = {NODE("n1", "", ROOM ",\"example.com/gpu\":\"2\""),
                                        NODE("n2", "", ROOM), NULL};
static const char *const full_pods[] = {BOUND("a", "n1", "\"memory\":\"7Gi\",\"cpu\":\"3500m\""),
                                        NULL};
static const char *const full_n3[] = {BOUND("a", "n3", "\"memory\":\"8Gi\""), NULL};
static const char *const one_gpu_used[] = {BOUND("a", "n1", "\"example.com/gpu\":\"1\""), NULL};
static const char *const port_used[] = {
    "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"a\"},\"spec\":{\"nodeName\":\"n1\","
    "\"containers\":[{\"name\":\"c\",\"ports\":[{\"containerPort\":80,\"hostPort\":80}]}]}}",
    NULL};
#define NAMED_N(value)                                                                         \
    "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{"     \
    "\"nodeSelectorTerms\":[{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"In\"," \
    "\"values\":[\"" value "\"]}]}]}}},"

static const struct row rows[] = {
    {.name = "fits on an empty node, memory runs out first",
     .nodes = one_node,
     .pods = none,
     .pod = POD(C("\"cpu\":\"1\",\"memory\":\"4Gi\"")),
     .verdict = PF_VERDICT_FITS,
     .binding = "memory",
     .slots = 2},
    {.name = "nothing requested: pod slots bind",
     .nodes = one_node,
     .pods = full_pods,
     .pod = POD(C("")),
     .verdict = PF_VERDICT_FITS,
     .binding = "pods",
     .slots = 9},
    {.name = "cpu and memory tie: memory is named",
     .nodes = one_node,
     .pods = none,
     .pod = POD(C("\"cpu\":\"2\",\"memory\":\"4Gi\"")),
     .verdict = PF_VERDICT_FITS,
     .binding = "memory",
     .slots = 2},
    {.name = "a host port is there once a node",
     .nodes = one_node,
     .pods = none,
     .pod = POD(
         "\"containers\":[{\"name\":\"c\",\"ports\":[{\"containerPort\":80,\"hostPort\":80}]}]"),
     .verdict = PF_VERDICT_FITS,
     .binding = "NodePorts",
     .slots = 1},
    {.name = "scalars have slots",
     .nodes = gpu_nodes,
     .pods = one_gpu_used,
     .pod = POD(C("\"example.com/gpu\":\"1\"")),
     .verdict = PF_VERDICT_FITS,
     .binding = "example.com/gpu",
     .slots = 1},
    {.name = "full: room comes back when pods leave",
     .nodes = one_node,
     .pods = full_pods,
     .pod = POD(C("\"cpu\":\"1\",\"memory\":\"4Gi\"")),
     .verdict = PF_VERDICT_FULL,
     .message = "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.",
     .binding = "memory"},
    {.name = "full: nodes of another pool do not bind, however many",
     .nodes = small_pool,
     .pods = full_pods,
     .pod = POD(C("\"memory\":\"4Gi\"")),
     .verdict = PF_VERDICT_FULL,
     .message =
         "0/4 nodes are available: 1 Insufficient memory, 3 node(s) had untolerated taint(s).",
     .binding = "memory"},
    {.name = "never: what came furthest binds",
     .nodes = small_pool,
     .pods = none,
     .pod = POD(C("\"memory\":\"400Gi\"")),
     .verdict = PF_VERDICT_NEVER,
     .message =
         "0/4 nodes are available: 1 Insufficient memory, 3 node(s) had untolerated taint(s).",
     .binding = "memory"},
    {.name = "full: a cordon can be lifted",
     .nodes = cordoned_node,
     .pods = none,
     .pod = POD(C("\"cpu\":\"1\"")),
     .verdict = PF_VERDICT_FULL,
     .message = "0/1 nodes are available: 1 node(s) were unschedulable.",
     .binding = "NodeUnschedulable"},
    {.name = "full: a node can recover",
     .nodes = sick_node,
     .pods = none,
     .pod = POD(C("\"cpu\":\"1\"")),
     .verdict = PF_VERDICT_FULL,
     .message = "0/1 nodes are available: 1 node(s) had untolerated taint(s).",
     .binding = "TaintToleration"},
    {.name = "full: a port can become free",
     .nodes = one_node,
     .pods = port_used,
     .pod = POD(
         "\"containers\":[{\"name\":\"c\",\"ports\":[{\"containerPort\":80,\"hostPort\":80}]}]"),
     .verdict = PF_VERDICT_FULL,
     .message =
         "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
     .binding = "NodePorts"},
    {.name = "never: over what the node has",
     .nodes = one_node,
     .pods = none,
     .pod = POD(C("\"cpu\":\"5\"")),
     .verdict = PF_VERDICT_NEVER,
     .message = "0/1 nodes are available: 1 Insufficient cpu.",
     .binding = "cpu"},
    {.name = "never: over what a cordoned node has",
     .nodes = cordoned_node,
     .pods = none,
     .pod = POD(C("\"cpu\":\"5\"")),
     .verdict = PF_VERDICT_NEVER,
     .message = "0/1 nodes are available: 1 node(s) were unschedulable.",
     .binding = "NodeUnschedulable"},
    {.name = "never: a taint that stays",
     .nodes = tainted_node,
     .pods = none,
     .pod = POD(C("")),
     .verdict = PF_VERDICT_NEVER,
     .message = "0/1 nodes are available: 1 node(s) had untolerated taint(s).",
     .binding = "TaintToleration"},
    {.name = "never: no pod slots at all",
     .nodes = no_pod_slots,
     .pods = none,
     .pod = POD(C("")),
     .verdict = PF_VERDICT_NEVER,
     .message = "0/1 nodes are available: 1 Too many pods.",
     .binding = "pods"},
    {.name = "never: no node",
     .nodes = none,
     .pods = none,
     .pod = POD(C("")),
     .verdict = PF_VERDICT_NEVER,
     .message = "no nodes available to schedule pods"},
    {.name = "never: affinity terms conflict",
     .nodes = one_node,
     .pods = none,
     .pod = POD(
         "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{"
         "\"nodeSelectorTerms\":[{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"In\","
         "\"values\":[\"a\"]},{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"b\"]}]}]}}}," C(
             "")),
     .verdict = PF_VERDICT_NEVER,
     .message = "0/1 nodes are available: pod affinity terms conflict.",
     .binding = "NodeAffinity"},
    {.name = "tally: the most frequent binds, strings are sorted",
     .nodes = three_nodes,
     .pods = full_n3,
     .pod = POD(C("\"memory\":\"1Gi\"")),
     .verdict = PF_VERDICT_FULL,
     .message = "0/3 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated "
                "taint(s), 1 node(s) were unschedulable.",
     .binding = "memory"},
    {.name = "narrowed to a node by name, which is full",
     .nodes = three_nodes,
     .pods = full_n3,
     .pod = POD(NAMED_N("n3") C("\"memory\":\"1Gi\"")),
     .verdict = PF_VERDICT_FULL,
     .message = "0/3 nodes are available: 1 Insufficient memory, 2 node(s) didn't satisfy "
                "plugin(s) [NodeAffinity].",
     .binding = "memory"},
    {.name = "narrowed to a node that is not there",
     .nodes = three_nodes,
     .pods = none,
     .pod = POD(NAMED_N("n9") C("")),
     .verdict = PF_VERDICT_NEVER,
     .message = "0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity].",
     .binding = "NodeAffinity"},
    {.name = "narrowed to a node that fits",
     .nodes = three_nodes,
     .pods = none,
     .pod = POD(NAMED_N("n3") C("\"memory\":\"1Gi\"")),
     .verdict = PF_VERDICT_FITS,
     .binding = "memory",
     .slots = 8},
    {.name = "hostname selector tells nodes of one shape apart",
     .nodes = gpu_nodes,
     .pods = none,
     .pod = POD("\"nodeSelector\":{\"kubernetes.io/hostname\":\"n2\"}," C("\"memory\":\"1Gi\"")),
     .verdict = PF_VERDICT_FITS,
     .binding = "memory",
     .slots = 8},
    {.name = "not judged: node name",
     .nodes = one_node,
     .pods = none,
     .pod = POD("\"nodeName\":\"n9\"," C("")),
     .verdict = PF_VERDICT_NOT_JUDGED,
     .cause = "spec.nodeName is 'n9': no scheduler is asked"},
    {.name = "not judged: another scheduler",
     .nodes = one_node,
     .pods = none,
     .pod = POD("\"schedulerName\":\"mine\"," C("")),
     .verdict = PF_VERDICT_NOT_JUDGED,
     .cause = "spec.schedulerName is 'mine', not 'default-scheduler'"},
    {.name = "not judged: gates",
     .nodes = one_node,
     .pods = none,
     .pod = POD("\"schedulingGates\":[{\"name\":\"a.io/x\"},{\"name\":\"b\"}]," C("")),
     .verdict = PF_VERDICT_NOT_JUDGED,
     .cause = "waiting for scheduling gates: [a.io/x b]"},
    {.name = "not judged: mirror pod",
     .nodes = one_node,
     .pods = none,
     .pod = "{\"metadata\":{\"annotations\":{\"kubernetes.io/config.mirror\":\"1\"}},\"spec\":{"
            "\"nodeName\":\"n1\"," C("") "}}",
     .verdict = PF_VERDICT_NOT_JUDGED,
     .cause = "a mirror pod: the kubelet runs it, not the scheduler"},
    {.name = "not judged: being deleted",
     .nodes = one_node,
     .pods = none,
     .pod = "{\"metadata\":{\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"},\"spec\":{" C("") "}}",
     .verdict = PF_VERDICT_NOT_JUDGED,
     .cause = "the pod is being deleted"},
    {.name = "unknown: a claim",
     .nodes = one_node,
     .pods = none,
     .pod = POD(
         "\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"c\"}}]," C("")),
     .verdict = PF_VERDICT_UNKNOWN,
     .cause = "needs kind PersistentVolumeClaim, of which the snapshot has no object"},
    {.name = "unknown: a device class",
     .nodes = one_node,
     .pods = none,
     .pod = POD(C("\"deviceclass.resource.kubernetes.io/gpu\":\"1\"")),
     .verdict = PF_VERDICT_UNKNOWN,
     .cause = "needs kind DeviceClass, of which the snapshot has no object"},
    {.name = "unknown: resource claims",
     .nodes = one_node,
     .pods = none,
     .pod = POD("\"resourceClaims\":[{\"name\":\"gpu\"}]," C("")),
     .verdict = PF_VERDICT_UNKNOWN,
     .cause = "needs filter DynamicResources to evaluate CEL expressions over devices, which this "
              "version of podfit does not have"},
};

static void fill(struct world *world, const char *const *nodes, const char *const *pods)
{
    for (size_t i = 0; nodes[i] != NULL; i++) {
        world_node(world, pf_sv_from(nodes[i]));
    }
    for (size_t i = 0; pods[i] != NULL; i++) {
        world_pod(world, pf_sv_from(pods[i]));
    }
}

static bool same_text(const struct row *row, const char *what, const char *want, struct pf_sv got)
{
    if (pf_sv_eq(got, pf_sv_from(want))) {
        return true;
    }
    print_error("%s: %s is '%.*s'\n", row->name, what, PF_SV_ARG(got));
    return false;
}

/* The slots of a node that fits are its scarcest constraint's; nodes that other filters exclude have no room at all. */
static bool check_room(const struct row *row, const struct pf_explanation *e)
{
    for (size_t i = 0; i < e->node_count; i++) {
        const struct pf_fit_node *node = &e->nodes[i];
        uint64_t least = UINT64_MAX;
        for (size_t k = 0; node->room != NULL && k < e->constraint_count; k++) {
            least = node->room[k] < least ? node->room[k] : least;
        }
        const bool resources =
            node->fits || (node->plugin != NULL && strcmp(node->plugin, "NodeResourcesFit") == 0);
        if ((node->room != NULL) != resources || (node->fits && least != node->slots) ||
            (node->room != NULL && !node->fits && least != 0)) {
            print_error("%s: room on node %zu\n", row->name, i);
            return false;
        }
    }
    return true;
}

static bool check_row(const struct row *row)
{
    struct world world;
    world_init(&world, 36, NULL);
    fill(&world, row->nodes, row->pods);
    const struct pf_explanation e = world_explain(&world, pf_sv_from(row->pod));
    const struct pf_judgement j = world_judge(&world, pf_sv_from(row->pod));
    bool ok = world_same(&e.judgement, &j);
    ok = same_text(row, "verdict", pf_verdict_name(row->verdict),
                   pf_sv_from(pf_verdict_name(j.verdict))) &&
         ok;
    ok = same_text(row, "message", row->message, j.message) && ok;
    ok = same_text(row, "cause", row->cause, j.cause) && ok;
    ok = same_text(row, "binding", row->binding, e.judgement.binding) && ok;
    if (j.verdict == PF_VERDICT_FULL || j.verdict == PF_VERDICT_NEVER) {
        ok = same_text(row, "binding of judge", row->binding, j.binding) && ok;
    }
    ok = check_room(row, &e) && ok;
    if (e.slots != row->slots) {
        print_error("%s: %llu slots\n", row->name, (unsigned long long)e.slots);
        ok = false;
    }
    world_done(&world);
    return ok;
}

static void test_verdicts(void **state)
{
    (void)state;
    bool ok = true;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        ok = check_row(&rows[i]) && ok;
    }
    assert_true(ok);
}

static void test_origin(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 36, NULL);
    world_node(&world, pf_sv_from(one_node[0]));
    const struct pf_sv pod = PF_SV(POD(C("")));
    struct pf_model_origin origin = {.synced = false};
    pf_model_set_origin(world.model, &origin);
    struct pf_judgement j = world_judge(&world, pod);
    assert_int_equal(j.verdict, PF_VERDICT_UNKNOWN);
    assert_true(pf_sv_eq(j.cause, PF_SV("the model of the cluster is not synced yet")));
    origin = (struct pf_model_origin){.synced = true, .live = true, .updated_mono_ns = 1};
    pf_model_set_origin(world.model, &origin);
    world.now_ns = INT64_C(60000) * 1000000 + 1;
    assert_int_equal(world_judge(&world, pod).verdict, PF_VERDICT_FITS);
    world.now_ns += 1000000;
    j = world_judge(&world, pod);
    assert_int_equal(j.verdict, PF_VERDICT_UNKNOWN);
    assert_true(
        pf_sv_eq(j.cause, PF_SV("the model of the cluster is 60001 ms old, more than 60000 ms")));
    origin.live = false;
    pf_model_set_origin(world.model, &origin);
    assert_int_equal(world_judge(&world, pod).verdict, PF_VERDICT_FITS);
    world_done(&world);
}

struct disabled_row {
    const char *name;
    const char *const *nodes;
    const char *pod;
    unsigned disabled;
    enum pf_verdict verdict;
};

static void test_disabled_filters(void **state)
{
    (void)state;
    static const struct disabled_row table[] = {
        {.name = "taints are not looked at",
         .disabled = 1U << PF_FILTER_TAINT_TOLERATION,
         .nodes = tainted_node,
         .pod = POD(C("")),
         .verdict = PF_VERDICT_FITS},
        {.name = "a cordon is not looked at",
         .disabled = 1U << PF_FILTER_NODE_UNSCHEDULABLE,
         .nodes = cordoned_node,
         .pod = POD(C("")),
         .verdict = PF_VERDICT_FITS},
        {.name = "resources are not looked at",
         .disabled = 1U << PF_FILTER_NODE_RESOURCES_FIT,
         .nodes = no_pod_slots,
         .pod = POD(C("\"cpu\":\"99\"")),
         .verdict = PF_VERDICT_FITS},
        {.name = "selectors are not looked at, names neither",
         .disabled = 1U << PF_FILTER_NODE_AFFINITY,
         .nodes = one_node,
         .pod = POD(NAMED_N("n9") C("")),
         .verdict = PF_VERDICT_FITS},
        {.name = "a filter podfit lacks is not needed",
         .disabled = 1U << PF_FILTER_POD_TOPOLOGY_SPREAD,
         .nodes = one_node,
         .pod = POD("\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":\"zone\","
                    "\"whenUnsatisfiable\":\"DoNotSchedule\"}]," C("")),
         .verdict = PF_VERDICT_FITS},
        {.name = "one of several that podfit lacks",
         .disabled = 1U << PF_FILTER_VOLUME_ZONE,
         .nodes = one_node,
         .pod = POD(
             "\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"c\"}}]," C(
                 "")),
         .verdict = PF_VERDICT_UNKNOWN},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(table); i++) {
        struct world world;
        const struct pf_fit_options options = {.disabled = table[i].disabled};
        world_init(&world, 36, &options);
        fill(&world, table[i].nodes, none);
        const enum pf_verdict got = world_judge(&world, pf_sv_from(table[i].pod)).verdict;
        world_done(&world);
        if (got != table[i].verdict) {
            fail_msg("%s: %s", table[i].name, pf_verdict_name(got));
        }
    }
}

static void test_ignored_resources(void **state)
{
    (void)state;
    static const struct pf_sv names[] = {PF_SV_INIT("example.com/gpu")};
    static const struct pf_sv groups[] = {PF_SV_INIT("vendor.example")};
    const struct pf_fit_options options = {
        .ignored_resources = names,
        .ignored_resource_count = PF_ARRAY_LEN(names),
        .ignored_resource_groups = groups,
        .ignored_resource_group_count = PF_ARRAY_LEN(groups),
    };
    struct world world;
    world_init(&world, 36, &options);
    fill(&world, one_node, none);
    assert_int_equal(world_judge(&world, PF_SV(POD(C("\"example.com/gpu\":\"1\"")))).verdict,
                     PF_VERDICT_FITS);
    assert_int_equal(world_judge(&world, PF_SV(POD(C("\"vendor.example/x\":\"1\"")))).verdict,
                     PF_VERDICT_FITS);
    assert_int_equal(world_judge(&world, PF_SV(POD(C("\"example.com/fpga\":\"1\"")))).verdict,
                     PF_VERDICT_NEVER);
    assert_int_equal(world_judge(&world, PF_SV(POD(C("\"hugepages-2Mi\":\"2Mi\"")))).verdict,
                     PF_VERDICT_NEVER);
    world_done(&world);
}

/* Too many entries for one lock hold: unknown, not a hang; too many scalars: unknown. */
static void test_hostile_pods(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 36, NULL);
    fill(&world, one_node, none);
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, (size_t)1024 * 1024);
    pf_buf_append_cstr(&text,
                       "{\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{");
    for (unsigned i = 0; i < 61; i++) {
        pf_buf_printf(&text, "%s\"example.com/r%u\":\"1\"", i != 0 ? "," : "", i);
    }
    pf_buf_append_cstr(&text, "}}}]}}");
    struct pf_judgement j = world_judge(&world, pf_buf_view(&text));
    assert_int_equal(j.verdict, PF_VERDICT_UNKNOWN);
    assert_true(
        pf_sv_eq(j.cause, PF_SV("the pod asks for 61 extended resources, podfit judges 60")));
    for (unsigned i = 0; i < 3000; i++) {
        world_node(&world, pf_sv_from(pf_arena_printf(&world.arena,
                                                      "{\"metadata\":{\"name\":\"m%u\"}}", i)));
    }
    pf_buf_reset(&text);
    pf_buf_append_cstr(&text, "{\"spec\":{\"tolerations\":[");
    for (unsigned i = 0; i < 40000; i++) {
        pf_buf_printf(&text, "%s{\"key\":\"k\"}", i != 0 ? "," : "");
    }
    pf_buf_append_cstr(&text, "]," C("") "}}");
    j = world_judge(&world, pf_buf_view(&text));
    assert_int_equal(j.verdict, PF_VERDICT_UNKNOWN);
    assert_true(pf_sv_starts_with(j.cause, PF_SV("tolerations, selectors and ports of the pod")));
    world_done(&world);
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PF_FILTER_COUNT; i++) {
        enum pf_filter_id found = PF_FILTER_COUNT;
        assert_true(pf_filter_find(pf_sv_from(pf_filter_name((enum pf_filter_id)i)), &found));
        assert_int_equal(found, i);
    }
    enum pf_filter_id untouched = PF_FILTER_NODE_PORTS;
    assert_false(pf_filter_find(PF_SV("nodeports"), &untouched));
    assert_int_equal(untouched, PF_FILTER_NODE_PORTS);
    assert_null(pf_filter_name(PF_FILTER_COUNT));
    assert_string_equal(pf_verdict_name(PF_VERDICT_NOT_JUDGED), "notJudged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),         cmocka_unit_test(test_origin),
        cmocka_unit_test(test_disabled_filters), cmocka_unit_test(test_ignored_resources),
        cmocka_unit_test(test_hostile_pods),     cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

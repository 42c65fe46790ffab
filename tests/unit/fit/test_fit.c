/* Verdicts, causes, messages, binding constraints, slots and predicted nodes of hand-made clusters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fit_rows.h"
#include "world.h"
#include <podfit/buf.h>
#include <podfit/columns.h>

static void fill(struct world *world, const char *const *nodes, const char *const *pods)
{
    for (size_t i = 0; nodes[i] != NULL; i++) {
        world_node(world, pf_sv_from(nodes[i]));
    }
    for (size_t i = 0; pods[i] != NULL; i++) {
        world_pod(world, pf_sv_from(pods[i]));
    }
}

static bool same_text(const struct fit_row *row, const char *what, const char *want,
                      struct pf_sv got)
{
    if (pf_sv_eq(got, pf_sv_from(want))) {
        return true;
    }
    print_error("%s: %s is '%.*s'\n", row->name, what, PF_SV_ARG(got));
    return false;
}

/* The slots of a node that fits are its scarcest constraint's; nodes that other filters exclude have no room at all. */
static bool check_room(const struct fit_row *row, const struct pf_explanation *e)
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

static bool check_row(const struct fit_row *row)
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
    for (size_t i = 0; i < fit_row_count; i++) {
        ok = check_row(&fit_rows[i]) && ok;
    }
    assert_true(ok);
}

static void test_origin(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 36, NULL);
    world_node(&world, pf_sv_from(fit_one_node[0]));
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
         .nodes = fit_tainted_node,
         .pod = POD(C("")),
         .verdict = PF_VERDICT_FITS},
        {.name = "a cordon is not looked at",
         .disabled = 1U << PF_FILTER_NODE_UNSCHEDULABLE,
         .nodes = fit_cordoned_node,
         .pod = POD(C("")),
         .verdict = PF_VERDICT_FITS},
        {.name = "resources are not looked at",
         .disabled = 1U << PF_FILTER_NODE_RESOURCES_FIT,
         .nodes = fit_no_pod_slots,
         .pod = POD(C("\"cpu\":\"99\"")),
         .verdict = PF_VERDICT_FITS},
        {.name = "selectors are not looked at, names neither",
         .disabled = 1U << PF_FILTER_NODE_AFFINITY,
         .nodes = fit_one_node,
         .pod = POD(NAMED_N("n9") C("")),
         .verdict = PF_VERDICT_FITS},
        {.name = "a filter podfit lacks is not needed",
         .disabled = 1U << PF_FILTER_POD_TOPOLOGY_SPREAD,
         .nodes = fit_one_node,
         .pod = POD("\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":\"zone\","
                    "\"whenUnsatisfiable\":\"DoNotSchedule\"}]," C("")),
         .verdict = PF_VERDICT_FITS},
        {.name = "one of several that podfit lacks",
         .disabled = 1U << PF_FILTER_VOLUME_ZONE,
         .nodes = fit_one_node,
         .pod = POD(
             "\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"c\"}}]," C(
                 "")),
         .verdict = PF_VERDICT_UNKNOWN},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(table); i++) {
        struct world world;
        const struct pf_fit_options options = {.disabled = table[i].disabled};
        world_init(&world, 36, &options);
        fill(&world, table[i].nodes, fit_nothing);
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
    fill(&world, fit_one_node, fit_nothing);
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
    fill(&world, fit_one_node, fit_nothing);
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

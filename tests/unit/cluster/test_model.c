/* Nodes, namespaces and what the model makes of them for those who read it: columns, shapes, orders, the log of changes, groups of terms. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "model_fixture.h"
#include "model_samples.h"
#include <podfit/groups.h>

static void test_node_values(void **state)
{
    struct model_fixture *f = *state;
    model_fixture_apply_node(f, NODE_N1);
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
    model_fixture_apply_node(f, NODE_N1);
    assert_int_equal(pf_model_stats(f->model).changes, before); /* a heartbeat changes nothing */
    model_fixture_apply_node(f, "{'metadata':{'name':'n1'},'status':{'allocatable':{'cpu':'1'}}}");
    assert_int_equal(c->allocatable_pods[n1], 0); /* partial allocatable is not completed */
    assert_null(c->extra[n1]);
    assert_true(pf_model_stats(f->model).changes > before);
}

static void test_shapes(void **state)
{
    struct model_fixture *f = *state;
    model_fixture_apply_node(f, NODE_N1);
    model_fixture_apply_node(f, NODE_N2);
    const struct pf_columns *c = pf_model_columns(f->model);
    const uint32_t n1 = model_fixture_slot(f, "n1");
    const uint32_t n2 = model_fixture_slot(f, "n2");
    assert_int_equal(c->shape[n1], c->shape[n2]); /* their own names are the same label value */
    assert_int_equal(pf_model_stats(f->model).shapes, 1);
    const struct pf_shape *shape = pf_model_shape(f->model, c->shape[n1]);
    assert_int_equal(shape->nodes, 2);
    assert_int_equal(shape->label_count, 2);
    model_fixture_apply_node(
        f, "{'metadata':{'name':'n2','labels':{'zone':'a','kubernetes.io/hostname':'n2'}},"
           "'spec':{'unschedulable':true,'taints':[{'key':'k','value':'v','effect':"
           "'NoSchedule'}]},'status':{'allocatable':{'cpu':'2'}}}");
    const uint32_t cordoned = c->shape[n2];
    assert_int_not_equal(cordoned, c->shape[n1]);
    assert_true(pf_model_shape(f->model, cordoned)->unschedulable);
    assert_int_equal(pf_model_shape(f->model, cordoned)->taint_count, 1);
    const uint32_t generation = pf_model_shape(f->model, cordoned)->generation;
    model_fixture_apply_node(f, NODE_N2);
    assert_int_equal(pf_model_shape(f->model, cordoned)->nodes, 0);
    model_fixture_apply_node(f, "{'metadata':{'name':'n2'}}");
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
    model_fixture_apply_pod(f, "{" META ",'spec':{'nodeName':'a-ghost'," CPU_100M "}}");
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        (void)snprintf(json, sizeof(json), "{'metadata':{'name':'%s'}}", names[i]);
        model_fixture_apply_node(f, json);
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
    model_fixture_apply_node(f, NODE_N1);
    model_fixture_apply_node(f, NODE_N2);
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
    model_fixture_apply_node(f, NODE_N1);
    assert_false(may_match(f->model, PF_SV("ns")));
    (void)snprintf(json, sizeof(json), LONER, "ns", "");
    model_fixture_apply_pod(f, json);
    assert_true(may_match(f->model, PF_SV("ns")));
    assert_false(may_match(f->model, PF_SV("other")));
    assert_false(may_match(f->model, PF_SV("")));
    (void)snprintf(json, sizeof(json), LONER, "third", ",'namespaces':['x']");
    model_fixture_apply_pod(f, json);
    assert_false(may_match(f->model, PF_SV("other")));
    assert_false(may_match(f->model, PF_SV("third")));
    assert_true(may_match(f->model, PF_SV("x")));
    (void)snprintf(json, sizeof(json), LONER, "third", ",'namespaceSelector':{}");
    model_fixture_apply_pod(f, json);
    assert_true(may_match(f->model, PF_SV("other")));
    assert_true(may_match(f->model, PF_SV("x")));
    assert_true(pf_model_remove_pod(f->model, PF_SV("third"), PF_SV("p"), PF_SV("")));
    assert_false(may_match(f->model, PF_SV("other")));
    assert_true(model_fixture_remove_pod(f, "p", ""));
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
    model_fixture_apply_node(f, NODE_N1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_node_values, model_fixture_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_shapes, model_fixture_setup, model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_nodes_by_name, model_fixture_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_change_log, model_fixture_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_anti_affinity, model_fixture_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_namespaces, model_fixture_setup,
                                        model_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_defects_and_origin, model_fixture_setup,
                                        model_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

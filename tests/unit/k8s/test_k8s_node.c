/* Nodes, namespaces and Kubernetes versions. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/arena.h>
#include <podfit/limits.h>
#include <podfit/node.h>
#include <podfit/version.h>

static void decode(const char *json, struct pf_arena *arena, struct pf_node *ret_node)
{
    struct pf_err err = {0};
    pf_arena_init(arena, PF_REVIEW_ARENA_MAX_BYTES);
    if (pf_node_decode(pf_sv_from(json), arena, ret_node, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

static const char full_node[] =
    "{\"metadata\":{\"name\":\"n\",\"labels\":{\"l\":\"1\"}},\"spec\":{\"unschedulable\":true,"
    "\"podCIDR\":\"x\",\"taints\":[{\"key\":\"a\",\"value\":\"b\",\"effect\":\"NoSchedule\"},{\"key\":"
    "\"c\",\"effect\":\"NoExecute\",\"timeAdded\":\"2026-01-01T00:00:00Z\"}]},\"status\":{"
    "\"capacity\":{\"cpu\":\"8\"},\"allocatable\":{\"cpu\":\"3920m\",\"memory\":\"1500.5\",\"pods\":"
    "\"110\"},\"declaredFeatures\":[\"A\",\"B\"],\"images\":[{\"names\":[\"x\"]}]}}";

static void test_full(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    struct pf_node node;
    decode(full_node, &arena, &node);
    assert_true(pf_sv_eq_cstr(node.meta.name, "n"));
    assert_int_equal(node.meta.labels.count, 1);
    assert_true(node.unschedulable);
    assert_int_equal(node.taint_count, 2);
    assert_true(pf_sv_eq_cstr(node.taints[0].value, "b"));
    assert_true(pf_sv_eq_cstr(node.taints[1].effect, "NoExecute"));
    assert_int_equal(node.taints[1].value.len, 0);
    assert_int_equal(node.allocatable.count, 3);
    assert_int_equal(pf_quantity_milli(&node.allocatable.items[0].amount), 3920);
    assert_int_equal(node.declared_feature_count, 2);
    assert_true(pf_sv_eq_cstr(node.declared_features[1], "B"));
    assert_int_equal(node.defect.len, 0);
}

static void test_allocatable(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *json;
        size_t count;
        int64_t cpu;
    } rows[] = {
        {"neither", "{}", 0, 0},
        {"capacity stands in", "{\"status\":{\"capacity\":{\"cpu\":\"2\"}}}", 1, 2000},
        {"for null, too", "{\"status\":{\"allocatable\":null,\"capacity\":{\"cpu\":\"2\"}}}", 1,
         2000},
        {"present and partial",
         "{\"status\":{\"capacity\":{\"cpu\":\"2\",\"pods\":\"9\"},"
         "\"allocatable\":{\"cpu\":\"1\"}}}",
         1, 1000},
        {"rounded up to a milli", "{\"status\":{\"allocatable\":{\"cpu\":\"1.0001\"}}}", 1, 1001},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autoarena struct pf_arena arena = {0};
        struct pf_node node;
        decode(rows[i].json, &arena, &node);
        const struct pf_resource *cpu = pf_resource_list_find(&node.allocatable, PF_SV("cpu"));
        if (node.allocatable.count != rows[i].count ||
            (cpu != NULL ? pf_quantity_milli(&cpu->amount) : 0) != rows[i].cpu) {
            fail_msg("%s", rows[i].name);
        }
    }
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *text;
    } rows[] = {
        {"null", "expected an object"},
        {"{\"spec\":{\"unschedulable\":1}}", "spec.unschedulable: byte"},
        {"{\"spec\":{\"taints\":[{\"key\":1}]}}", "spec.taints[0].key: byte"},
        {"{\"status\":{\"allocatable\":{\"nvidia.com/gpu\":\"x\"}}}",
         "status.allocatable.nvidia.com/gpu: 'x' is not a quantity"},
        {"{\"status\":{\"declaredFeatures\":[1]}}", "status.declaredFeatures[0]: byte"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_err err = {0};
        pf_autoarena struct pf_arena arena = {0};
        struct pf_node node;
        struct pf_node untouched;
        memset(&node, 0x5a, sizeof(node));
        memset(&untouched, 0x5a, sizeof(untouched));
        pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
        const enum pf_code code = pf_node_decode(pf_sv_from(rows[i].json), &arena, &node, &err);
        if (code != PF_E_INVALID || strstr(err.text, rows[i].text) == NULL) {
            fail_msg("%s: '%s'", rows[i].json, err.text);
        }
        assert_memory_equal(&node, &untouched, sizeof(node));
    }
}

static void test_defect(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    struct pf_node node;
    decode("{\"status\":{\"allocatable\":{\"cpu\":\"1e20000\"}}}", &arena, &node);
    assert_true(pf_sv_eq_cstr(
        node.defect, "status.allocatable.cpu: '1e20000' is more than podfit holds exactly"));
}

static void test_no_memory(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    enum pf_code code = PF_E_NO_MEMORY;
    size_t failures = 0;
    for (size_t max = 0; code == PF_E_NO_MEMORY && max < 100000; max += 16) {
        struct pf_node node;
        pf_arena_done(&arena);
        pf_arena_init(&arena, max);
        code = pf_node_decode(PF_SV(full_node), &arena, &node, NULL);
        failures += code == PF_E_NO_MEMORY ? 1 : 0;
    }
    assert_int_equal(code, PF_OK);
    assert_true(failures > 5);
}

static void test_namespace(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    struct pf_namespace decoded;
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    assert_int_equal(pf_namespace_decode(PF_SV("{\"metadata\":{\"name\":\"x\",\"labels\":{\"a\":"
                                               "\"1\"}},\"spec\":{\"finalizers\":[]}}"),
                                         &arena, &decoded, NULL),
                     PF_OK);
    assert_true(pf_sv_eq_cstr(decoded.meta.name, "x"));
    assert_non_null(pf_labels_find(&decoded.meta.labels, PF_SV("a")));
    assert_int_equal(pf_namespace_decode(PF_SV("{\"metadata\":7}"), &arena, &decoded, NULL),
                     PF_E_INVALID);
}

static void test_version(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum pf_code code;
        int minor;
    } rows[] = {
        {"1.36", PF_OK, 36},
        {"v1.36.3", PF_OK, 36},
        {"1.36+", PF_OK, 36},
        {"v1.33.5-eks-1a2b3c", PF_OK, 33},
        {"v1.34.1+k3s1", PF_OK, 34},
        {"v1.35.0-rc.0", PF_OK, 35},
        {"1.37", PF_OK, 36},
        {"1.9999", PF_OK, 36},
        {"2.0", PF_OK, 36},
        {"1.32", PF_E_UNSUPPORTED, 0},
        {"v1.9.11", PF_E_UNSUPPORTED, 0},
        {"0.40", PF_E_UNSUPPORTED, 0},
        {"", PF_E_INVALID, 0},
        {"v", PF_E_INVALID, 0},
        {"1", PF_E_INVALID, 0},
        {"1.", PF_E_INVALID, 0},
        {".36", PF_E_INVALID, 0},
        {"1,36", PF_E_INVALID, 0},
        {"vv1.36", PF_E_INVALID, 0},
        {"1.36x", PF_E_INVALID, 0},
        {"1.36.3 ", PF_E_INVALID, 0},
        {"1.12345", PF_E_INVALID, 0},
        {"latest", PF_E_INVALID, 0},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        int minor = 0;
        struct pf_err err = {0};
        const enum pf_code code = pf_kube_version_parse(pf_sv_from(rows[i].text), &minor, &err);
        if (code != rows[i].code || minor != rows[i].minor) {
            fail_msg("'%s': %s, %d", rows[i].text, pf_code_name(code), minor);
        }
    }
}

static void test_features(void **state)
{
    (void)state;
    static const struct {
        int minor;
        struct pf_kube_features want;
    } rows[] = {
        {0, {.minor = 33}},
        {33, {.minor = 33}},
        {34, {.minor = 34, .pod_level_resources = true, .dynamic_resource_allocation = true}},
        {35, {.minor = 35, .pod_level_resources = true, .dynamic_resource_allocation = true}},
        {36,
         {.minor = 36,
          .pod_level_resources = true,
          .in_place_pod_level_resources = true,
          .dra_extended_resource = true,
          .dynamic_resource_allocation = true,
          .node_declared_features = true}},
        {99,
         {.minor = 36,
          .pod_level_resources = true,
          .in_place_pod_level_resources = true,
          .dra_extended_resource = true,
          .dynamic_resource_allocation = true,
          .node_declared_features = true}},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_kube_features got = pf_kube_features_default(rows[i].minor);
        assert_memory_equal(&got, &rows[i].want, sizeof(got));
    }
    static const char *const gates[] = {
        "PodLevelResources",    "InPlacePodLevelResourcesVerticalScaling",
        "DRAExtendedResource",  "TaintTolerationComparisonOperators",
        "NodeDeclaredFeatures", "DynamicResourceAllocation",
    };
    struct pf_kube_features features = pf_kube_features_default(33);
    for (size_t i = 0; i < PF_ARRAY_LEN(gates); i++) {
        assert_int_equal(pf_kube_features_set(&features, pf_sv_from(gates[i]), /* on= */ true),
                         PF_OK);
    }
    const struct pf_kube_features all = {33, true, true, true, true, true, true};
    assert_memory_equal(&features, &all, sizeof(all));
    assert_int_equal(pf_kube_features_set(&features, PF_SV("SidecarContainers"), /* on= */ true),
                     PF_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),      cmocka_unit_test(test_allocatable),
        cmocka_unit_test(test_errors),    cmocka_unit_test(test_defect),
        cmocka_unit_test(test_no_memory), cmocka_unit_test(test_namespace),
        cmocka_unit_test(test_version),   cmocka_unit_test(test_features),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

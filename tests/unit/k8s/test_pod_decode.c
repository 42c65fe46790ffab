/* Decoding of pods: every field that is read, every error with its path. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pod_sample.h"
#include <podfit/arena.h>
#include <podfit/limits.h>
#include <podfit/pod.h>

static enum pf_code decode(const char *json, struct pf_arena *arena, struct pf_pod *ret_pod,
                           struct pf_err *err)
{
    pf_arena_init(arena, PF_REVIEW_ARENA_MAX_BYTES);
    return pf_pod_decode(pf_sv_from(json), arena, ret_pod, err);
}

static void decode_ok(const char *json, struct pf_arena *arena, struct pf_pod *ret_pod)
{
    struct pf_err err = {0};
    if (decode(json, arena, ret_pod, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

static void assert_sv(struct pf_sv text, const char *want)
{
    if (!pf_sv_eq_cstr(text, want)) {
        fail_msg("'%.*s', not '%s'", PF_SV_ARG(text), want);
    }
}

static int64_t milli_of(const struct pf_resource_list *list, const char *name)
{
    const struct pf_resource *resource = pf_resource_list_find(list, pf_sv_from(name));
    assert_non_null(resource);
    return pf_quantity_milli(&resource->amount);
}

static void test_meta(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod pod;
    decode_ok(full_pod, &arena, &pod);
    assert_sv(pod.meta.name, "p");
    assert_sv(pod.meta.namespace_, "ns");
    assert_sv(pod.meta.generate_name, "g-");
    assert_sv(pod.meta.uid, "u");
    assert_sv(pod.meta.resource_version, "7");
    assert_sv(pod.meta.creation_timestamp, "2026-01-02T03:04:05Z");
    assert_true(pod.meta.deleting);
    assert_int_equal(pod.meta.labels.count, 3);
    assert_sv(pod.meta.labels.items[0].key, "a");
    assert_sv(pod.meta.labels.items[0].value, "1");
    assert_sv(pod.meta.labels.items[1].key, "b");
    assert_sv(pod.meta.labels.items[2].key, "name");
    assert_sv(pod.meta.labels.items[2].value, "x\ny");
    assert_true(pod.meta.annotations_present);
    assert_int_equal(pod.meta.annotations.count, 2);
    assert_sv(pf_labels_find(&pod.meta.annotations, PF_SV("podfit.io/class"))->value, "c");
    assert_null(pf_labels_find(&pod.meta.annotations, PF_SV("other")));
    assert_true(pod.mirror);
    assert_sv(pod.meta.owner_kind, "StatefulSet");
    assert_sv(pod.meta.owner_name, "s");
    assert_sv(pod.meta.owner_uid, "su");
}

static void test_containers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum pf_container_kind kind;
        uint32_t index;
    } rows[] = {
        {"i0", PF_CONTAINER_INIT, 0},
        {"i1", PF_CONTAINER_SIDECAR, 1},
        {"c0", PF_CONTAINER_MAIN, 0},
        {"c1", PF_CONTAINER_MAIN, 1},
    };
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod pod;
    decode_ok(full_pod, &arena, &pod);
    assert_int_equal(pod.container_count, PF_ARRAY_LEN(rows));
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        assert_sv(pod.containers[i].name, rows[i].name);
        assert_int_equal(pod.containers[i].kind, rows[i].kind);
        assert_int_equal(pod.containers[i].index, rows[i].index);
    }
    const struct pf_container *c = &pod.containers[2];
    assert_true(c->resources_present);
    assert_true(c->requests.present);
    assert_int_equal(milli_of(&c->requests, "cpu"), 250);
    assert_int_equal(milli_of(&c->requests, "memory"), 1000000);
    assert_int_equal(milli_of(&c->limits, "cpu"), 1000);
    assert_int_equal(c->port_count, 4);
    assert_int_equal(c->ports[0].host_port, 8080);
    assert_int_equal(c->ports[0].container_port, 80);
    assert_int_equal(c->ports[0].protocol, PF_PROTOCOL_UDP);
    assert_sv(c->ports[0].host_ip, "1.2.3.4");
    assert_int_equal(c->ports[1].protocol, PF_PROTOCOL_TCP);
    assert_int_equal(c->ports[2].protocol, PF_PROTOCOL_SCTP);
    assert_int_equal(c->ports[3].protocol, PF_PROTOCOL_OTHER);
    assert_false(pod.containers[3].resources_present);
    assert_false(pod.containers[3].requests.present);
}

static void test_spec(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod pod;
    decode_ok(full_pod, &arena, &pod);
    assert_sv(pod.node_name, "n1");
    assert_sv(pod.scheduler_name, "mine");
    assert_int_equal(pod.priority, -5);
    assert_true(pod.priority_present);
    assert_true(pod.preempt_never);
    assert_true(pod.host_network);
    assert_true(pod.resources_present);
    assert_int_equal(milli_of(&pod.requests, "cpu"), 2000);
    assert_int_equal(milli_of(&pod.limits, "cpu"), 3000);
    assert_int_equal(milli_of(&pod.overhead, "cpu"), 1);
    assert_int_equal(pod.node_selector.count, 2);
    assert_sv(pod.node_selector.items[0].key, "y");
    assert_int_equal(pod.toleration_count, 4);
    assert_int_equal(pod.tolerations[0].operator_, PF_TOLERATION_EXISTS);
    assert_sv(pod.tolerations[0].effect, "NoExecute");
    assert_int_equal(pod.tolerations[1].operator_, PF_TOLERATION_EQUAL);
    assert_sv(pod.tolerations[1].value, "v");
    assert_int_equal(pod.tolerations[2].operator_, PF_TOLERATION_LT);
    assert_int_equal(pod.tolerations[3].operator_, PF_TOLERATION_OTHER);
    assert_int_equal(pod.scheduling_gate_count, 2);
    assert_sv(pod.scheduling_gates[1], "g2");
    assert_int_equal(pod.needs, 0);
    assert_int_equal(pod.defect.len, 0);
    const struct pf_node_selector *selector = &pod.node_affinity;
    assert_true(selector->present);
    assert_int_equal(selector->term_count, 3);
    assert_int_equal(selector->terms[0].expression_count, 2);
    assert_int_equal(selector->terms[0].expressions[0].value_count, 2);
    assert_true(selector->terms[0].expressions[0].valid);
    assert_int_equal(selector->terms[0].expressions[1].integer, 5);
    assert_int_equal(selector->terms[1].field_count, 1);
    assert_true(selector->terms[1].fields[0].valid);
    assert_int_equal(selector->terms[2].expression_count + selector->terms[2].field_count, 0);
}

static void test_status(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod pod;
    decode_ok(full_pod, &arena, &pod);
    assert_int_equal(pod.phase, PF_PHASE_RUNNING);
    assert_sv(pod.nominated_node_name, "nn");
    assert_int_equal(pod.status_count, 2);
    assert_false(pod.statuses[0].init);
    assert_true(pod.statuses[0].resources_present);
    assert_int_equal(milli_of(&pod.statuses[0].requests, "cpu"), 4000);
    assert_int_equal(milli_of(&pod.statuses[0].allocated, "cpu"), 5000);
    assert_true(pod.statuses[1].init);
    assert_false(pod.statuses[1].resources_present);
    assert_true(pod.resize_infeasible);
    assert_true(pod.status_resources_present);
    assert_int_equal(milli_of(&pod.status_requests, "cpu"), 6000);
    assert_int_equal(milli_of(&pod.status_allocated, "cpu"), 7000);
}

/* everything absent, or null: the same pod */
static void test_absent_is_null(void **state)
{
    (void)state;
    static const char *const pods[] = {
        "{}",
        "{\"metadata\":null,\"spec\":null,\"status\":null}",
        "{\"metadata\":{\"name\":null,\"labels\":null,\"annotations\":null,\"ownerReferences\":null,"
        "\"deletionTimestamp\":null},\"spec\":{\"containers\":null,\"initContainers\":null,"
        "\"nodeName\":null,\"nodeSelector\":null,\"affinity\":null,\"tolerations\":null,"
        "\"schedulerName\":null,\"priority\":null,\"preemptionPolicy\":null,\"hostNetwork\":null,"
        "\"hostUsers\":null,\"overhead\":null,\"resources\":null,\"resourceClaims\":null,"
        "\"schedulingGates\":null,\"topologySpreadConstraints\":null,\"volumes\":null},"
        "\"status\":{\"phase\":null,\"nominatedNodeName\":null,\"containerStatuses\":null,"
        "\"initContainerStatuses\":null,\"conditions\":null,\"resources\":null,"
        "\"allocatedResources\":null}}",
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(pods); i++) {
        pf_autoarena struct pf_arena arena = {0};
        struct pf_pod pod;
        decode_ok(pods[i], &arena, &pod);
        const bool objects = i == 2; /* only there metadata and spec stand as objects */
        const struct pf_pod want = {
            .scheduler_name = pod.scheduler_name,
            .meta_present = objects,
            .spec_present = objects,
        };
        assert_sv(pod.scheduler_name, "default-scheduler");
        assert_memory_equal(&pod, &want, sizeof(pod));
    }
}

static void test_present(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod pod;
    decode_ok("{\"metadata\":{\"annotations\":{}},\"spec\":{\"containers\":[{\"resources\":{"
              "\"requests\":{},\"limits\":null}},null],\"resources\":{},\"nodeSelector\":{},"
              "\"tolerations\":[],\"schedulingGates\":[],\"affinity\":{\"nodeAffinity\":{"
              "\"requiredDuringSchedulingIgnoredDuringExecution\":{}}}}}",
              &arena, &pod);
    assert_true(pod.meta.annotations_present);
    assert_int_equal(pod.container_count, 2);
    assert_true(pod.containers[0].resources_present);
    assert_true(pod.containers[0].requests.present);
    assert_false(pod.containers[0].limits.present);
    assert_false(pod.containers[1].resources_present);
    assert_true(pod.resources_present);
    assert_false(pod.requests.present);
    assert_true(pod.node_selector_present);
    assert_true(pod.tolerations_present);
    assert_true(pod.scheduling_gates_present);
    assert_true(pod.node_affinity.present);
    assert_int_equal(pod.node_affinity.term_count, 0);
}

#define REQUIRED  "\"requiredDuringSchedulingIgnoredDuringExecution\""
#define VOLUME(v) "\"volumes\":[{\"name\":\"v\"," v "}]"

enum { ANTI = 1, OTHER = 2 };

static const struct {
    const char *name;
    const char *spec;
    unsigned needs;
    int anti;
} needs_rows[] = {
    {"config map", VOLUME("\"configMap\":{\"name\":\"x\"}"), 0, 0},
    {"projected", VOLUME("\"projected\":{}"), 0, 0},
    {"nfs", VOLUME("\"nfs\":{\"server\":\"x\"}"), 0, 0},
    {"no type", "\"volumes\":[{\"name\":\"csi\"},{}]", 0, 0},
    {"claim of null", VOLUME("\"persistentVolumeClaim\":null"), 0, 0},
    {"claim", VOLUME("\"persistentVolumeClaim\":{\"claimName\":\"x\"}"), PF_NEEDS_VOLUMES, 0},
    {"ephemeral", VOLUME("\"ephemeral\":{}"), PF_NEEDS_VOLUMES, 0},
    {"csi", VOLUME("\"csi\":{}"), 0, 0},
    {"gce", VOLUME("\"gcePersistentDisk\":{}"), PF_NEEDS_VOLUMES, 0},
    {"aws", VOLUME("\"awsElasticBlockStore\":{}"), PF_NEEDS_VOLUMES, 0},
    {"rbd", VOLUME("\"rbd\":{}"), PF_NEEDS_VOLUMES, 0},
    {"iscsi", VOLUME("\"iscsi\":{}"), PF_NEEDS_VOLUMES, 0},
    {"azure disk", VOLUME("\"azureDisk\":{}"), PF_NEEDS_VOLUMES, 0},
    {"azure file", VOLUME("\"azureFile\":{}"), 0, 0},
    {"cinder", VOLUME("\"cinder\":{}"), PF_NEEDS_VOLUMES, 0},
    {"vsphere", VOLUME("\"vsphereVolume\":{}"), 0, 0},
    {"portworx", VOLUME("\"portworxVolume\":{}"), PF_NEEDS_VOLUMES, 0},
    {"claims", "\"resourceClaims\":[{\"name\":\"x\"}]", PF_NEEDS_RESOURCE_CLAIMS, 0},
    {"no claims", "\"resourceClaims\":[]", 0, 0},
    {"spread anyway", "\"topologySpreadConstraints\":[{\"whenUnsatisfiable\":\"ScheduleAnyway\"}]",
     0, 0},
    {"spread", "\"topologySpreadConstraints\":[{},{\"whenUnsatisfiable\":\"DoNotSchedule\"}]",
     PF_NEEDS_TOPOLOGY_SPREAD, 0},
    {"affinity", "\"affinity\":{\"podAffinity\":{" REQUIRED ":[{\"namespaces\":[\"x\"]}]}}",
     PF_NEEDS_POD_AFFINITY, 0},
    {"no term", "\"affinity\":{\"podAffinity\":{" REQUIRED ":[]},\"podAntiAffinity\":null}", 0, 0},
    {"preferred",
     "\"affinity\":{\"podAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{}]}}", 0,
     0},
    {"anti", "\"affinity\":{\"podAntiAffinity\":{" REQUIRED ":[{}]}}", PF_NEEDS_POD_AFFINITY, ANTI},
    {"anti, no namespaces",
     "\"affinity\":{\"podAntiAffinity\":{" REQUIRED
     ":[{\"namespaces\":[],\"namespaceSelector\":null}]}}",
     PF_NEEDS_POD_AFFINITY, ANTI},
    {"anti, namespaces",
     "\"affinity\":{\"podAntiAffinity\":{" REQUIRED ":[{},{\"namespaces\":[\"x\"]}]}}",
     PF_NEEDS_POD_AFFINITY, ANTI | OTHER},
    {"anti, namespace selector",
     "\"affinity\":{\"podAntiAffinity\":{" REQUIRED ":[{\"namespaceSelector\":{}},{}]}}",
     PF_NEEDS_POD_AFFINITY, ANTI | OTHER},
    {"restart all",
     "\"containers\":[{\"restartPolicyRules\":[{\"action\":\"RestartAllContainers\"}]}]",
     PF_NEEDS_DECLARED_FEATURES, 0},
    {"restart one", "\"containers\":[{\"restartPolicyRules\":[{\"action\":\"Restart\"}]}]", 0, 0},
    {"host network without host users", "\"hostUsers\":false,\"hostNetwork\":true",
     PF_NEEDS_DECLARED_FEATURES, 0},
    {"without host users", "\"hostUsers\":false", 0, 0},
    {"host network", "\"hostUsers\":true,\"hostNetwork\":true", 0, 0},
};

static void test_needs(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(needs_rows); i++) {
        char json[512];
        pf_autoarena struct pf_arena arena = {0};
        struct pf_pod pod;
        (void)snprintf(json, sizeof(json), "{\"spec\":{%s}}", needs_rows[i].spec);
        decode_ok(json, &arena, &pod);
        if (pod.needs != needs_rows[i].needs ||
            pod.anti_affinity != ((needs_rows[i].anti & ANTI) != 0) ||
            pod.anti_affinity_other_namespaces != ((needs_rows[i].anti & OTHER) != 0)) {
            fail_msg("%s: needs %x", needs_rows[i].name, pod.needs);
        }
    }
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *text; /* what the error holds */
    } rows[] = {
        {"", "byte 0: "},
        {"null", "expected an object"},
        {"[]", "expected an object"},
        {"{\"spec\":{}", "byte 10: "},
        {"{} x", "text goes on"},
        {"{\"spec\":[]}", "spec: byte 8: expected an object"},
        {"{\"spec\":{},\"spec\":{}}", "appears twice"},
        {"{\"metadata\":{\"name\":1}}", "metadata.name: byte 20: expected a string"},
        {"{\"metadata\":{\"labels\":{\"a\":\"1\",\"b\":\"1\",\"a\":\"2\"}}}",
         "metadata.labels: byte 47: key appears twice"},
        {"{\"metadata\":{\"labels\":{\"a\":true}}}", "metadata.labels.a: byte"},
        {"{\"metadata\":{\"labels\":{\"a\\n\":1}}}", "metadata.labels.a?: byte"},
        {"{\"spec\":{\"containers\":[{},{\"name\":[]}]}}",
         "spec.containers[1].name: byte 34: expected a string"},
        {"{\"spec\":{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"abc\"}}}]}}",
         "spec.containers[0].resources.requests.cpu: 'abc' is not a quantity"},
        {"{\"spec\":{\"containers\":[{\"resources\":{\"limits\":{\"cpu\":true}}}]}}",
         "spec.containers[0].resources.limits.cpu: 'true' is not a quantity"},
        {"{\"spec\":{\"overhead\":{\"cpu\":\"\"}}}", "spec.overhead.cpu: '' is not a quantity"},
        {"{\"spec\":{\"overhead\":{\"cpu\":1,\"a\":2,\"cpu\":1}}}", "key appears twice"},
        {"{\"spec\":{\"priority\":2147483648}}", "spec.priority: byte 30: integer does not fit"},
        {"{\"spec\":{\"priority\":92233720368547758080}}", "spec.priority: "},
        {"{\"spec\":{\"priority\":1.5}}", "spec.priority: "},
        {"{\"spec\":{\"hostNetwork\":\"true\"}}", "spec.hostNetwork: "},
        {"{\"spec\":{\"tolerations\":[{\"key\":\"\xff\"}]}}",
         "spec.tolerations[0].key: byte 31: string is not UTF-8"},
        {"{\"spec\":{\"affinity\":{\"nodeAffinity\":{" REQUIRED
         ":{\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"values\":[1]}]}]}}}}}",
         "nodeSelectorTerms[0].matchExpressions[0].values[0]: "},
        {"{\"status\":{\"phase\":1}}", "status.phase: "},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_err err = {0};
        pf_autoarena struct pf_arena arena = {0};
        struct pf_pod pod;
        struct pf_pod untouched;
        memset(&pod, 0x5a, sizeof(pod));
        memset(&untouched, 0x5a, sizeof(untouched));
        const enum pf_code code = decode(rows[i].json, &arena, &pod, &err);
        if (code != PF_E_INVALID || strstr(err.text, rows[i].text) == NULL) {
            fail_msg("%s: %s '%s'", rows[i].json, pf_code_name(code), err.text);
        }
        assert_memory_equal(&pod, &untouched, sizeof(pod));
    }
}

static void test_defects(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *defect;
    } rows[] = {
        {"{\"spec\":{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"1e99999\"}}}]}}",
         "spec.containers[0].resources.requests.cpu: '1e99999' is more than podfit holds exactly"},
        {"{\"spec\":{\"overhead\":{\"a\":\"1e88888\",\"b\":\"1e99999\"}}}",
         "spec.overhead.a: '1e88888' is more than podfit holds exactly"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autoarena struct pf_arena arena = {0};
        struct pf_pod pod;
        decode_ok(rows[i].json, &arena, &pod);
        assert_sv(pod.defect, rows[i].defect);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meta),           cmocka_unit_test(test_containers),
        cmocka_unit_test(test_spec),           cmocka_unit_test(test_status),
        cmocka_unit_test(test_absent_is_null), cmocka_unit_test(test_present),
        cmocka_unit_test(test_needs),          cmocka_unit_test(test_errors),
        cmocka_unit_test(test_defects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

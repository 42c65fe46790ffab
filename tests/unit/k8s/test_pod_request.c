/* The request of a pod: scheduler-fit sections 3 and 5, rule by rule. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/arena.h>
#include <podfit/limits.h>
#include <podfit/request.h>

#define MIB ((int64_t)1024 * 1024)

/** What is done with the pod before its request is asked for. */
enum mode {
    INCOMING, /**< defaults of a new pod, request of an incoming one */
    EXISTING, /**< defaults of a stored pod, request of an existing one */
};

static void decode(const char *json, struct pf_arena *arena, struct pf_pod *ret_pod)
{
    struct pf_err err = {0};
    if (pf_pod_decode(pf_sv_from(json), arena, ret_pod, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

static void request_of(const char *json, int minor, enum mode mode, struct pf_arena *arena,
                       struct pf_request *ret_request)
{
    const struct pf_kube_features features = pf_kube_features_default(minor);
    struct pf_err err = {0};
    struct pf_pod pod;
    decode(json, arena, &pod);
    enum pf_code code =
        pf_pod_apply_defaults(&pod, &features, /* stored= */ mode == EXISTING, arena, &err);
    if (code == PF_OK) {
        code = mode == EXISTING ? pf_request_of_existing(&pod, &features, arena, ret_request, &err)
                                : pf_request_of_incoming(&pod, &features, arena, ret_request, &err);
    }
    if (code != PF_OK) {
        fail_msg("%s", err.text);
    }
}

/* cpu, memory, ephemeral-storage and then `name=amount` for each scalar */
static void render(const struct pf_request *request, char *text, size_t text_bytes)
{
    int len = snprintf(text, text_bytes, "%lld %lld %lld", (long long)request->milli_cpu,
                       (long long)request->memory, (long long)request->ephemeral_storage);
    for (size_t i = 0; i < request->scalar_count; i++) {
        len += snprintf(text + len, text_bytes - (size_t)len, " %.*s=%lld",
                        PF_SV_ARG(request->scalars[i].name), (long long)request->scalars[i].amount);
    }
}

struct row {
    const char *name;
    int minor;
    enum mode mode;
    const char *pod;
    const char *want;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[512];
        pf_autoarena struct pf_arena arena = {0};
        struct pf_request request = {0};
        pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
        request_of(rows[i].pod, rows[i].minor, rows[i].mode, &arena, &request);
        render(&request, text, sizeof(text));
        if (strcmp(text, rows[i].want) != 0) {
            fail_msg("%s: '%s', not '%s'", rows[i].name, text, rows[i].want);
        }
    }
}

#define CPU(n)      "\"cpu\":\"" n "\""
#define REQ(r)      "{\"resources\":{\"requests\":{" r "}}}"
#define SIDECAR(r)  "{\"restartPolicy\":\"Always\",\"resources\":{\"requests\":{" r "}}}"
#define PODS(c)     "{\"spec\":{\"containers\":[" c "]}}"
#define INITS(i, c) "{\"spec\":{\"initContainers\":[" i "],\"containers\":[" c "]}}"

static void test_containers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"no containers", 36, INCOMING, "{}", "0 0 0"},
        {"no requests", 36, INCOMING, PODS("{}"), "0 0 0"},
        {"sum", 36, INCOMING,
         PODS(REQ("\"cpu\":\"250m\",\"memory\":\"1Ki\"") "," REQ("\"cpu\":1,\"memory\":1")),
         "1250 1025 0"},
        {"other names", 36, INCOMING,
         PODS(REQ("\"ephemeral-storage\":\"1k\",\"storage\":\"1\",\"pods\":\"3\",\"foo\":1")),
         "0 0 1000"},
        {"scalars sorted", 36, INCOMING,
         PODS(REQ("\"nvidia.com/gpu\":2,\"hugepages-2Mi\":\"4Mi\",\"a.b/c\":\"0\"")),
         "0 0 0 a.b/c=0 hugepages-2Mi=4194304 nvidia.com/gpu=2"},
        {"rounded once", 36, INCOMING,
         PODS(REQ("\"memory\":\"100m\"") "," REQ("\"memory\":\"100m\"")), "0 1 0"},
        {"rounded to a milli per container", 36, INCOMING,
         PODS(REQ("\"cpu\":\"0.1m\"") "," REQ("\"cpu\":\"0.1m\"") "," REQ("\"cpu\":\"0.1m\"")),
         "3 0 0"},
        {"tenth of a byte", 36, INCOMING,
         PODS(REQ("\"memory\":\"0.1\"") "," REQ("\"memory\":\"0.01\"")), "0 1 0"},
        {"init is the maximum", 36, INCOMING,
         INITS(REQ("\"cpu\":\"2\"") "," REQ("\"cpu\":\"3\",\"memory\":\"1\""),
               REQ("\"cpu\":\"1\",\"memory\":\"5\"")),
         "3000 5 0"},
        {"sidecar counts with containers", 36, INCOMING,
         INITS(SIDECAR("\"cpu\":\"1\""), REQ("\"cpu\":\"2\"")), "3000 0 0"},
        {"sidecar before an init container counts with it", 36, INCOMING,
         INITS(SIDECAR("\"cpu\":\"1\"") "," REQ("\"cpu\":\"4\""), REQ("\"cpu\":\"2\"")),
         "5000 0 0"},
        {"sidecar after it does not", 36, INCOMING,
         INITS(REQ("\"cpu\":\"4\"") "," SIDECAR("\"cpu\":\"1\""), REQ("\"cpu\":\"2\"")),
         "4000 0 0"},
        {"initContainers before containers in the text", 36, INCOMING,
         "{\"spec\":{\"containers\":[" REQ("\"cpu\":\"2\"") "],\"initContainers\":[" SIDECAR(
             "\"cpu\":\"1\"") "," REQ("\"cpu\":\"4\"") "]}}",
         "5000 0 0"},
        {"negative becomes 0", 36, INCOMING, PODS(REQ("\"cpu\":\"-1\",\"memory\":\"-5\"")),
         "0 0 0"},
        {"wraps to nothing", 36, INCOMING, PODS(REQ("\"cpu\":\"10P\",\"memory\":\"50E\"")),
         "0 0 0"},
        {"wraps below 0: nothing for an incoming pod", 36, INCOMING,
         PODS(REQ("\"cpu\":\"9223372036854775807\"")), "0 0 0"},
        {"wraps below 0: kept for an existing pod", 36, EXISTING,
         PODS(REQ("\"cpu\":\"9223372036854775807\"")), "-1000 0 0"},
        {"limits are requests", 36, INCOMING,
         PODS("{\"resources\":{\"limits\":{\"cpu\":\"2\",\"memory\":\"7\"},\"requests\":{\"cpu\":"
              "\"1\"}}}"),
         "1000 7 0"},
        {"explicit 0 stays 0", 36, INCOMING,
         PODS("{\"resources\":{\"limits\":{\"cpu\":\"2\"},\"requests\":{\"cpu\":\"0\"}}}"),
         "0 0 0"},
        {"ephemeral containers never count", 36, INCOMING,
         "{\"spec\":{\"ephemeralContainers\":[" REQ("\"cpu\":\"2\"") "]}}", "0 0 0"},
        {"overhead after the maximum", 36, INCOMING,
         "{\"spec\":{\"initContainers\":[" REQ("\"cpu\":\"3\"") "],\"containers\":[" REQ(
             "\"cpu\":\"1\"") "],\"overhead\":{\"cpu\":\"250m\",\"memory\":\"1Mi\"}}}",
         "3250 1048576 0"},
    };
    check_rows(rows, PF_ARRAY_LEN(rows));
}

#define POD_LEVEL(r, rest) "{\"spec\":{\"resources\":" r "," rest "}}"

static void test_pod_level(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"replaces the sum", 34, INCOMING,
         POD_LEVEL("{\"requests\":{\"cpu\":\"5\"}}",
                   "\"containers\":[" REQ("\"cpu\":\"1\",\"memory\":\"3\"") "]"),
         "5000 3 0"},
        {"replaces a larger init peak", 34, INCOMING,
         POD_LEVEL("{\"requests\":{\"cpu\":\"1\"}}",
                   "\"initContainers\":[" REQ("\"cpu\":\"2\"") "]"),
         "1000 0 0"},
        {"off in 1.33", 33, INCOMING,
         POD_LEVEL("{\"requests\":{\"cpu\":\"5\"}}", "\"containers\":[" REQ("\"cpu\":\"1\"") "]"),
         "1000 0 0"},
        {"off in 1.33 for a stored pod, too", 33, EXISTING,
         POD_LEVEL("{\"requests\":{\"cpu\":\"5\"}}", "\"containers\":[" REQ("\"cpu\":\"1\"") "]"),
         "1000 0 0"},
        {"other names are ignored", 36, INCOMING,
         POD_LEVEL("{\"requests\":{\"ephemeral-storage\":\"5\",\"a.b/c\":\"1\"}}",
                   "\"containers\":[" REQ("\"cpu\":\"1\"") "]"),
         "1000 0 0"},
        {"hugepages", 36, INCOMING,
         POD_LEVEL("{\"requests\":{\"hugepages-2Mi\":\"2Mi\"}}", "\"containers\":[{}]"),
         "0 0 0 hugepages-2Mi=2097152"},
        {"overhead is added", 36, INCOMING,
         POD_LEVEL("{\"requests\":{\"cpu\":\"5\"}}", "\"overhead\":{\"cpu\":\"1\"}"), "6000 0 0"},
        {"request from the containers when there are limits", 36, INCOMING,
         POD_LEVEL("{\"limits\":{\"cpu\":\"5\",\"memory\":\"9\"}}",
                   "\"containers\":[" REQ("\"cpu\":\"1\"") "," REQ("\"cpu\":\"1\"") "]"),
         "2000 9 0"},
        {"requests alone add nothing", 36, INCOMING,
         POD_LEVEL("{\"requests\":{\"cpu\":\"5\"}}",
                   "\"containers\":[" REQ("\"memory\":\"4\"") "]"),
         "5000 4 0"},
        {"hugepages limits of containers move up with pod-level limits", 36, INCOMING,
         POD_LEVEL("{\"limits\":{\"cpu\":\"1\"}}",
                   "\"containers\":[{\"resources\":{\"limits\":{\"hugepages-2Mi\":\"2Mi\"}}},"
                   "{\"resources\":{\"limits\":{\"hugepages-2Mi\":\"4Mi\"}}}]"),
         "1000 0 0 hugepages-2Mi=6291456"},
    };
    check_rows(rows, PF_ARRAY_LEN(rows));
}

#define NAMED(n, r) "{\"name\":\"" n "\",\"resources\":{\"requests\":{" r "}}}"
#define STATUS(n, r, a) \
    "{\"name\":\"" n "\",\"resources\":{\"requests\":{" r "}},\"allocatedResources\":{" a "}}"
#define PENDING(reason) "\"conditions\":[{\"type\":\"PodResizePending\",\"reason\":\"" reason "\"}]"
#define RESIZED(spec, statuses, rest)                                                             \
    "{\"spec\":{\"containers\":[" spec "]},\"status\":{\"containerStatuses\":[" statuses "]" rest \
    "}}"

/* Requests of the pod as a whole, what else is in its spec, and its status. */
#define POD_RESIZED(r, rest, status) \
    "{\"spec\":{\"resources\":{\"requests\":{" r "}}" rest "},\"status\":{" status "}}"
#define RESOURCES(r) "\"resources\":{\"requests\":{" r "}}"
#define ALLOCATED(r) "\"allocatedResources\":{" r "}"

static void test_pod_level_resize(void **state)
{
    (void)state;
    static const char both[] =
        POD_RESIZED(CPU("1"), "", RESOURCES(CPU("2")) "," ALLOCATED(CPU("3")));
    const struct row rows[] = {
        {"status of 1.36", 36, EXISTING, both, "3000 0 0"},
        {"status is off in 1.35", 35, EXISTING, both, "1000 0 0"},
        {"allocated alone is not read", 36, EXISTING,
         POD_RESIZED(CPU("1"), "", ALLOCATED(CPU("3"))), "1000 0 0"},
        {"infeasible drops the spec", 36, EXISTING,
         POD_RESIZED(CPU("9"), "", RESOURCES(CPU("2")) "," PENDING("Infeasible")), "2000 0 0"},
        {"a name that only the status has does not count", 36, EXISTING,
         POD_RESIZED(CPU("1"), ",\"containers\":[" REQ("\"memory\":\"4\"") "]",
                     RESOURCES("\"cpu\":\"2\",\"memory\":\"9\"") "," ALLOCATED("\"memory\":\"8\"")),
         "2000 4 0"},
        {"infeasible without a status of that name is nothing", 36, EXISTING,
         POD_RESIZED(CPU("9"), ",\"overhead\":{\"cpu\":\"1\"},\"containers\":[" REQ(CPU("4")) "]",
                     "\"resources\":{}," PENDING("Infeasible")),
         "1000 0 0"},
    };
    check_rows(rows, PF_ARRAY_LEN(rows));
}

/* Defaults that the API server computes and writes down. */
static void test_pod_level_written(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"a binary sum of containers above 2^63-1 is capped as it is read", 36, INCOMING,
         POD_LEVEL(
             "{\"limits\":{\"cpu\":\"1\"}}",
             "\"containers\":[" REQ("\"memory\":\"0.25Gi\"") "," REQ("\"memory\":\"50E\"") "]"),
         "1000 9223372036854775807 0"},
        {"its format is that of the containers, which come before sidecars", 36, INCOMING,
         POD_LEVEL("{\"limits\":{\"cpu\":\"1\"}}",
                   "\"initContainers\":[" SIDECAR("\"memory\":\"50E\"") "],\"containers\":[" REQ(
                       "\"memory\":\"512Mi\"") "]"),
         "1000 9223372036854775807 0"},
    };
    check_rows(rows, PF_ARRAY_LEN(rows));
}

static void test_in_place_resize(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"maximum of the three: status", 33, EXISTING,
         RESIZED(NAMED("a", CPU("1")), STATUS("a", CPU("3"), CPU("2")), ""), "3000 0 0"},
        {"maximum of the three: allocated", 33, EXISTING,
         RESIZED(NAMED("a", CPU("1")), STATUS("a", CPU("2"), CPU("3")), ""), "3000 0 0"},
        {"maximum of the three: spec", 33, EXISTING,
         RESIZED(NAMED("a", CPU("3")), STATUS("a", CPU("2"), CPU("1")), ""), "3000 0 0"},
        {"resource by resource", 36, EXISTING,
         RESIZED(NAMED("a", "\"cpu\":\"1\",\"memory\":\"9\""),
                 STATUS("a", "\"cpu\":\"2\",\"memory\":\"5\"", "\"a.b/c\":\"1\""), ""),
         "2000 9 0 a.b/c=1"},
        {"incoming ignores it", 36, INCOMING,
         RESIZED(NAMED("a", CPU("1")), STATUS("a", CPU("2"), CPU("3")), ""), "1000 0 0"},
        {"infeasible drops the spec", 36, EXISTING,
         RESIZED(NAMED("a", CPU("9")), STATUS("a", CPU("1"), CPU("2")), "," PENDING("Infeasible")),
         "2000 0 0"},
        {"deferred changes nothing", 36, EXISTING,
         RESIZED(NAMED("a", CPU("9")), STATUS("a", CPU("1"), CPU("2")), "," PENDING("Deferred")),
         "9000 0 0"},
        {"in progress changes nothing", 36, EXISTING,
         RESIZED(NAMED("a", CPU("9")), STATUS("a", CPU("1"), CPU("2")),
                 ",\"conditions\":[{\"type\":\"PodResizeInProgress\",\"reason\":\"Infeasible\"}]"),
         "9000 0 0"},
        {"status of another name", 36, EXISTING,
         RESIZED(NAMED("a", CPU("1")), STATUS("b", CPU("2"), CPU("3")), ""), "1000 0 0"},
        {"infeasible without a status keeps the spec", 36, EXISTING,
         RESIZED(NAMED("a", CPU("1")), "", "," PENDING("Infeasible")), "1000 0 0"},
        {"allocated alone is not read", 36, EXISTING,
         RESIZED(NAMED("a", CPU("1")),
                 "{\"name\":\"a\",\"resources\":null,\"allocatedResources\":{\"cpu\":\"3\"}}", ""),
         "1000 0 0"},
        {"sidecars, not init containers", 36, EXISTING,
         "{\"spec\":{\"initContainers\":[{\"name\":\"s\",\"restartPolicy\":\"Always\"},{\"name\":"
         "\"i\"}]},\"status\":{\"initContainerStatuses\":[" STATUS("s", CPU("1"), "") "," STATUS(
             "i", CPU("7"), "") "]}}",
         "1000 0 0"},
    };
    check_rows(rows, PF_ARRAY_LEN(rows));
}

static void test_nonzero(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum mode mode;
        const char *pod;
        int64_t cpu;
        int64_t memory;
    } rows[] = {
        {"each container", INCOMING, PODS("{},{}"), 200, 400 * MIB},
        {"explicit 0", INCOMING, PODS(REQ("\"cpu\":\"0\"")), 0, 200 * MIB},
        {"only what lacks", INCOMING, PODS(REQ("\"cpu\":\"1\"") "," REQ("\"memory\":\"1Mi\"")),
         1100, 201 * MIB},
        {"init containers take part in the maximum", INCOMING,
         INITS("{}", REQ("\"cpu\":\"50m\",\"memory\":\"1Mi\"")), 100, 200 * MIB},
        {"sidecars", EXISTING, INITS("{\"restartPolicy\":\"Always\"}", "{}"), 200, 400 * MIB},
        {"overhead on top", EXISTING, "{\"spec\":{\"containers\":[{}],\"overhead\":{\"cpu\":1}}}",
         1100, 200 * MIB},
        {"no container", INCOMING, "{}", 0, 0},
        {"incoming with pod-level memory: not read, both defaults", INCOMING,
         POD_LEVEL("{\"requests\":{\"memory\":\"1Mi\"}}",
                   "\"containers\":[" REQ("\"cpu\":\"1\"") ",{}]"),
         1100, 400 * MIB},
        {"existing with pod-level memory: no default for what somebody asks", EXISTING,
         POD_LEVEL("{\"requests\":{\"memory\":\"1Mi\"}}",
                   "\"containers\":[" REQ("\"cpu\":\"1\"") ",{}]"),
         1000, 1 * MIB},
        {"existing with pod-level memory: default for what nobody asks", EXISTING,
         POD_LEVEL("{\"requests\":{\"memory\":\"1Mi\"}}", "\"containers\":[{},{}]"), 200, 1 * MIB},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autoarena struct pf_arena arena = {0};
        struct pf_request request = {0};
        pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
        request_of(rows[i].pod, 36, rows[i].mode, &arena, &request);
        if (request.nonzero_milli_cpu != rows[i].cpu || request.nonzero_memory != rows[i].memory) {
            fail_msg("%s: %lld %lld", rows[i].name, (long long)request.nonzero_milli_cpu,
                     (long long)request.nonzero_memory);
        }
    }
}

/* defaults applied twice are defaults applied once */
static void test_defaults_idempotent(void **state)
{
    (void)state;
    static const char json[] =
        "{\"spec\":{\"hostNetwork\":true,\"resources\":{\"limits\":{\"cpu\":\"0.5m\","
        "\"hugepages-1Gi\":\"2Gi\"}},\"containers\":[{\"ports\":[{\"containerPort\":80},{"
        "\"containerPort\":81,\"hostPort\":82}],\"resources\":{\"limits\":{\"memory\":\"0.5\","
        "\"hugepages-2Mi\":\"2Mi\"}}}]}}";
    const struct pf_kube_features features = pf_kube_features_default(36);
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod pod;
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    decode(json, &arena, &pod);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(pf_pod_apply_defaults(&pod, &features, /* stored= */ false, &arena, NULL),
                         PF_OK);
        assert_int_equal(pod.containers[0].requests.count, 2);
        assert_int_equal(pod.containers[0].ports[0].host_port, 80);
        assert_int_equal(pod.containers[0].ports[1].host_port, 82);
        assert_int_equal(pod.limits.count, 3);   /* hugepages-2Mi came from the container */
        assert_int_equal(pod.requests.count, 4); /* memory of the containers, the three limits */
        const struct pf_resource *cpu = pf_resource_list_find(&pod.requests, PF_SV("cpu"));
        assert_non_null(cpu);
        assert_int_equal(pf_quantity_milli(&cpu->amount), 1);
        const struct pf_quantity half = pf_quantity_from_i64(500, -3, PF_QUANTITY_DECIMAL_SI);
        const struct pf_resource *memory =
            pf_resource_list_find(&pod.containers[0].requests, PF_SV("memory"));
        assert_non_null(memory);
        assert_int_equal(pf_quantity_cmp(&memory->amount, &half), 0);
    }
}

static void test_defaults_reset_status(void **state)
{
    (void)state;
    static const char json[] = "{\"status\":{\"phase\":\"Running\",\"nominatedNodeName\":\"n\"}}";
    const struct pf_kube_features features = pf_kube_features_default(36);
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod pod;
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    decode(json, &arena, &pod);
    assert_int_equal(pf_pod_apply_defaults(&pod, &features, /* stored= */ true, &arena, NULL),
                     PF_OK);
    assert_int_equal(pod.phase, PF_PHASE_RUNNING);
    assert_true(pf_sv_eq_cstr(pod.nominated_node_name, "n"));
    assert_int_equal(pf_pod_apply_defaults(&pod, &features, /* stored= */ false, &arena, NULL),
                     PF_OK);
    assert_int_equal(pod.phase, PF_PHASE_PENDING);
    assert_int_equal(pod.nominated_node_name.len, 0);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool scalar;
        bool extended;
    } rows[] = {
        {"cpu", false, false},
        {"memory", false, false},
        {"pods", false, false},
        {"foo", false, false},
        {"", false, false},
        {"nvidia.com/gpu", true, true},
        {"a/b", true, true},
        {"A/b", false, false},
        {"a/b/c", false, false},
        {"/b", false, false},
        {"a/", false, false},
        {"a_b/c", false, false},
        {"kubernetes.io/x", true, false},
        {"x.kubernetes.io/y", true, false},
        {"requests.nvidia.com/gpu", false, false},
        {"hugepages-2Mi", true, false},
        {"hugepages-", true, false},
        {"attachable-volumes-csi-x", true, false},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_sv name = pf_sv_from(rows[i].name);
        if (pf_request_is_scalar(name) != rows[i].scalar ||
            pf_request_is_extended(name) != rows[i].extended) {
            fail_msg("'%s'", rows[i].name);
        }
    }
}

/* `requests.` stands in front of the prefix and counts: 253 - 9 = 244 */
static void test_extended_name_length(void **state)
{
    (void)state;
    char name[300];
    memset(name, 'a', sizeof(name));
    name[244] = '/';
    assert_true(pf_request_is_extended((struct pf_sv){.ptr = name, .len = 246}));
    memset(name, 'a', sizeof(name));
    name[245] = '/';
    assert_false(pf_request_is_extended((struct pf_sv){.ptr = name, .len = 247}));
}

/* each place where the arena may run out: PF_E_NO_MEMORY, output untouched */
static void test_no_memory(void **state)
{
    (void)state;
    static const char json[] =
        "{\"spec\":{\"resources\":{\"limits\":{\"cpu\":1}},\"containers\":[" NAMED(
            "a", "\"cpu\":1,\"x/y\":1") "]},\"status\":{\"containerStatuses\":[" STATUS("a",
                                                                                        "\"cpu\":2",
                                                                                        "") "]}}";
    const struct pf_kube_features features = pf_kube_features_default(36);
    pf_autoarena struct pf_arena arena = {0};
    pf_autoarena struct pf_arena scratch = {0};
    struct pf_pod pod;
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    decode(json, &arena, &pod);
    size_t failures = 0;
    enum pf_code code = PF_E_NO_MEMORY;
    for (size_t max = 0; code == PF_E_NO_MEMORY && max < 100000; max += 16) {
        struct pf_request request;
        struct pf_request untouched;
        struct pf_err err = {0};
        memset(&request, 0x5a, sizeof(request));
        memset(&untouched, 0x5a, sizeof(untouched));
        pf_arena_done(&scratch);
        pf_arena_init(&scratch, max);
        code = pf_request_of_existing(&pod, &features, &scratch, &request, &err);
        if (code == PF_E_NO_MEMORY) {
            failures++;
            assert_memory_equal(&request, &untouched, sizeof(request));
            assert_int_not_equal(err.text[0], '\0');
        } else {
            assert_int_equal(request.milli_cpu, 2000);
        }
    }
    assert_int_equal(code, PF_OK);
    assert_true(failures > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_containers),
        cmocka_unit_test(test_pod_level),
        cmocka_unit_test(test_pod_level_resize),
        cmocka_unit_test(test_pod_level_written),
        cmocka_unit_test(test_in_place_resize),
        cmocka_unit_test(test_nonzero),
        cmocka_unit_test(test_defaults_idempotent),
        cmocka_unit_test(test_defaults_reset_status),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_extended_name_length),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

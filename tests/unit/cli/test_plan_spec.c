/* Values of podfit plan's options: what is read, and what is refused with which words. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan_node.h"
#include "plan_spec.h"

/* A start value that no parser writes. */
#define UNTOUCHED INT64_C(-77)

static bool refused(const char *name, enum pf_code code, enum pf_code want_code,
                    const struct pf_err *err, const char *want)
{
    if (code == want_code && pf_sv_find(pf_sv_from(err->text), pf_sv_from(want)) != SIZE_MAX) {
        return true;
    }
    print_error("%s: code %d, '%s'\n", name, (int)code, err->text);
    return false;
}

static const struct {
    const char *text;
    enum pf_plan_amounts_allowed allowed;
    enum pf_code code;
    const char *message;
    struct pf_plan_amounts want;
} amounts_rows[] = {
    {"cpu=2", PF_PLAN_CPU_MEMORY, PF_OK, "", {.has_cpu = true, .milli_cpu = 2000}},
    {"memory=500M,cpu=0.1",
     PF_PLAN_CPU_MEMORY,
     PF_OK,
     "",
     {.has_cpu = true, .milli_cpu = 100, .has_memory = true, .memory = 500000000}},
    {"ephemeral-storage=1Gi",
     PF_PLAN_CPU_MEMORY_STORAGE,
     PF_OK,
     "",
     {.has_storage = true, .ephemeral_storage = 1073741824}},
    {"cpu=1000000", PF_PLAN_CPU_MEMORY, PF_OK, "", {.has_cpu = true, .milli_cpu = 1000000000}},
    {"memory=1Ei",
     PF_PLAN_CPU_MEMORY,
     PF_OK,
     "",
     {.has_memory = true, .memory = PF_PLAN_BYTES_MAX}},
    {"cpu=1000000001m", PF_PLAN_CPU_MEMORY, PF_E_RANGE, "up to 1000000", {0}},
    {"memory=1152921504606846977", PF_PLAN_CPU_MEMORY, PF_E_RANGE, "up to 1Ei", {0}},
    {"memory=1e9999", PF_PLAN_CPU_MEMORY, PF_E_RANGE, "memory: '1e9999' is out of range", {0}},
    {"cpu=0", PF_PLAN_CPU_MEMORY, PF_E_RANGE, "cpu: '0' is out of range", {0}},
    {"cpu=-1", PF_PLAN_CPU_MEMORY, PF_E_RANGE, "out of range", {0}},
    {"cpu=many", PF_PLAN_CPU_MEMORY, PF_E_INVALID, "cpu: 'many' is not a quantity", {0}},
    {"cpu=1,cpu=2", PF_PLAN_CPU_MEMORY, PF_E_INVALID, "'cpu' is given twice", {0}},
    {"memroy=1", PF_PLAN_CPU_MEMORY, PF_E_INVALID, "did you mean 'memory'?", {0}},
    {"gpu9=1",
     PF_PLAN_CPU_MEMORY_STORAGE,
     PF_E_INVALID,
     "allowed: cpu, memory, ephemeral-storage",
     {0}},
    {"ephemeral-storage=1", PF_PLAN_CPU_MEMORY, PF_E_INVALID, "allowed: cpu, memory", {0}},
    {"", PF_PLAN_CPU_MEMORY, PF_E_INVALID, "'' is not KEY=VALUE", {0}},
    {"cpu", PF_PLAN_CPU_MEMORY, PF_E_INVALID, "'cpu' is not KEY=VALUE", {0}},
    {"cpu=", PF_PLAN_CPU_MEMORY, PF_E_INVALID, "'cpu=' is not KEY=VALUE", {0}},
    {"=1", PF_PLAN_CPU_MEMORY, PF_E_INVALID, "'=1' is not KEY=VALUE", {0}},
    {"cpu=1,", PF_PLAN_CPU_MEMORY, PF_E_INVALID, "'' is not KEY=VALUE", {0}},
};

static void test_amounts(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(amounts_rows); i++) {
        struct pf_plan_amounts got = {.milli_cpu = UNTOUCHED};
        struct pf_err err = {0};
        const enum pf_code code = pf_plan_spec_amounts(pf_sv_from(amounts_rows[i].text),
                                                       amounts_rows[i].allowed, &got, &err);
        assert_true(refused(amounts_rows[i].text, code, amounts_rows[i].code, &err,
                            amounts_rows[i].message));
        if (code == PF_OK) {
            assert_int_equal(got.has_cpu, amounts_rows[i].want.has_cpu);
            assert_int_equal(got.milli_cpu, amounts_rows[i].want.milli_cpu);
            assert_int_equal(got.memory, amounts_rows[i].want.memory);
            assert_int_equal(got.ephemeral_storage, amounts_rows[i].want.ephemeral_storage);
        } else {
            assert_int_equal(got.milli_cpu, UNTOUCHED);
        }
    }
}

static void test_node(void **state)
{
    static const char full[] =
        "count=3,cpu=24,memory=64Gi,pods=250,ephemeral-storage=1Ti,taint=a=b:NoSchedule,"
        "taint=c:NoExecute,label=zone=eu,label=empty=,name=big,nvidia.com/gpu=2";
    struct pf_plan_node_spec spec = {.count = UNTOUCHED};
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 1 << 20);
    assert_int_equal(pf_plan_node_parse(pf_sv_from(full), &arena, &spec, NULL), PF_OK);
    assert_int_equal(spec.count, 3);
    assert_int_equal(spec.pods, 250);
    assert_int_equal(spec.capacity.milli_cpu, 24000);
    assert_int_equal(spec.taint_count, 2);
    assert_true(pf_sv_eq_cstr(spec.taints[0].value, "b"));
    assert_true(pf_sv_eq_cstr(spec.taints[1].effect, "NoExecute"));
    assert_int_equal(spec.label_count, 2);
    assert_true(pf_sv_eq_cstr(spec.labels[0].value, "eu"));
    assert_true(pf_sv_eq_cstr(spec.name, "big"));
    assert_int_equal(spec.scalar_count, 1);
    assert_int_equal(pf_quantity_value(&spec.scalars[0].amount), 2);
    assert_int_equal(pf_plan_node_parse(PF_SV("cpu=1,memory=1"), &arena, &spec, NULL), PF_OK);
    assert_int_equal(spec.count, 1);
    assert_int_equal(spec.pods, 110);
}

static void test_node_refused(void **state)
{
    static const struct {
        const char *text;
        enum pf_code code;
        const char *message;
    } rows[] = {
        {"memory=1Gi", PF_E_INVALID, "'cpu' is missing"},
        {"cpu=1", PF_E_INVALID, "'memory' is missing"},
        {"count=0,cpu=1,memory=1", PF_E_RANGE, "count: '0' is out of range, allowed: 1 to 20000"},
        {"count=20001,cpu=1,memory=1", PF_E_RANGE, "allowed: 1 to 20000"},
        {"count=99999999999999999999,cpu=1,memory=1", PF_E_INVALID, "is not a whole number"},
        {"count=1.5,cpu=1,memory=1", PF_E_INVALID, "count: '1.5' is not a whole number"},
        {"count=1,count=2,cpu=1,memory=1", PF_E_INVALID, "'count' is given twice"},
        {"pods=100001,cpu=1,memory=1", PF_E_RANGE, "pods: '100001' is out of range"},
        {"taint=a=b,cpu=1,memory=1", PF_E_INVALID, "taint 'a=b' has no effect"},
        {"taint=a:Never,cpu=1,memory=1", PF_E_INVALID, "allowed: NoSchedule, PreferNoSchedule"},
        {"label=a,cpu=1,memory=1", PF_E_INVALID, "label 'a' is not valid, allowed: key=value"},
        {"label=a b=c,cpu=1,memory=1", PF_E_INVALID, "label 'a b=c' is not valid"},
        {"label=a=1,label=a=2,cpu=1,memory=1", PF_E_INVALID, "label 'a' is given twice"},
        {"label=kubernetes.io/hostname=x,cpu=1,memory=1", PF_E_INVALID, "follows from the name"},
        {"name=Big,cpu=1,memory=1", PF_E_INVALID, "name 'Big' is not valid"},
        {"name=a,name=b,cpu=1,memory=1", PF_E_INVALID, "'name' is given twice"},
        {"cpus=1,memory=1", PF_E_INVALID, "unknown key 'cpus', did you mean 'cpu'?"},
        {"a b.kubernetes.io/gpu=1,cpu=1,memory=1", PF_E_INVALID,
         "resource 'a b.kubernetes.io/gpu' has no valid name"},
        {"nvidia.com/gpu=x,cpu=1,memory=1", PF_E_INVALID, "nvidia.com/gpu: 'x'"},
        {"nvidia.com/gpu=1,nvidia.com/gpu=1,cpu=1,memory=1", PF_E_INVALID, "given twice"},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, 1 << 20);
        struct pf_plan_node_spec spec = {.count = UNTOUCHED};
        struct pf_err err = {0};
        const enum pf_code code = pf_plan_node_parse(pf_sv_from(rows[i].text), &arena, &spec, &err);
        assert_true(refused(rows[i].text, code, rows[i].code, &err, rows[i].message));
        assert_int_equal(spec.count, UNTOUCHED);
    }
}

/* One more part than a node may have. */
static void test_node_parts(void **state)
{
    (void)state;
    for (size_t count = PF_PLAN_NODE_PARTS_MAX; count <= PF_PLAN_NODE_PARTS_MAX + 1; count++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_autobuf struct pf_buf text = {0};
        struct pf_plan_node_spec spec = {.count = 0};
        pf_arena_init(&arena, 1 << 20);
        pf_buf_init(&text, 65536);
        pf_buf_append_cstr(&text, "cpu=1,memory=1");
        for (size_t i = 0; i < count; i++) {
            pf_buf_printf(&text, ",label=l%zu=v,taint=t%zu:NoSchedule,example.com/r%zu=1", i, i, i);
        }
        const bool fits = count == PF_PLAN_NODE_PARTS_MAX;
        assert_int_equal(pf_plan_node_parse(pf_buf_view(&text), &arena, &spec, NULL),
                         fits ? PF_OK : PF_E_TOO_BIG);
    }
}

static const struct {
    const char *name;
    const char *nodes[2];
    const char *reserved;
    enum pf_code code;
    const char *message; /* of the error, or part of the list */
} write_rows[] = {
    {"less the reserves",
     {"cpu=4,memory=16Gi"},
     "cpu=500m,memory=2Gi",
     PF_OK,
     "\"cpu\":\"3500m\",\"memory\":\"14Gi\""},
    {"names", {"count=2,cpu=1,memory=1", "cpu=1,memory=1"}, NULL, PF_OK, "\"node2-1\""},
    {"own names", {"name=a,cpu=1,memory=1", "name=b,cpu=1,memory=1"}, NULL, PF_OK, "\"b-1\""},
    {"nothing left", {"cpu=1,memory=1Gi"}, "memory=1Gi", PF_E_RANGE, "leaves no memory"},
    {"no cpu left", {"cpu=1,memory=1Gi"}, "cpu=2", PF_E_RANGE, "leaves no cpu"},
    {"no storage left",
     {"cpu=1,memory=1Gi,ephemeral-storage=1"},
     "ephemeral-storage=2",
     PF_E_RANGE,
     "leaves no ephemeral-storage"},
    {"one name twice",
     {"name=a,cpu=1,memory=1", "name=a,cpu=1,memory=1"},
     NULL,
     PF_E_INVALID,
     "the name 'a' is given to two --node"},
    {"the usual name twice",
     {"cpu=1,memory=1", "name=node,cpu=1,memory=1"},
     NULL,
     PF_E_INVALID,
     "the name 'node'"},
    {"too many in all",
     {"count=20000,cpu=1,memory=1", "cpu=1,memory=1"},
     NULL,
     PF_E_RANGE,
     "20001 nodes are out of range"},
};

static void test_write(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(write_rows); i++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_autobuf struct pf_buf list = {0};
        struct pf_plan_node_spec specs[2];
        struct pf_plan_amounts reserved = {.has_cpu = false};
        const struct pf_plan_node_reserves reserves = {.items = &reserved, .count = 1};
        struct pf_err err = {0};
        size_t count = 0;
        pf_arena_init(&arena, 1 << 20);
        pf_buf_init(&list, (size_t)64 << 20);
        for (; count < 2 && write_rows[i].nodes[count] != NULL; count++) {
            assert_int_equal(pf_plan_node_parse(pf_sv_from(write_rows[i].nodes[count]), &arena,
                                                &specs[count], NULL),
                             PF_OK);
        }
        if (write_rows[i].reserved != NULL) {
            assert_int_equal(pf_plan_spec_amounts(pf_sv_from(write_rows[i].reserved),
                                                  PF_PLAN_CPU_MEMORY_STORAGE, &reserved, NULL),
                             PF_OK);
        }
        const enum pf_code code = pf_plan_node_write(specs, count, &reserves, &list, &err);
        assert_true(refused(write_rows[i].name, code, write_rows[i].code, &err,
                            code == PF_OK ? "" : write_rows[i].message));
        assert_true(code != PF_OK ||
                    pf_sv_find(pf_buf_view(&list), pf_sv_from(write_rows[i].message)) != SIZE_MAX);
    }
}

static void test_price_and_volume(void **state)
{
    static const struct {
        const char *text;
        enum pf_code code;
        const char *message;
    } prices[] = {
        {"cpu-hour=0.031,gb-month=0.10", PF_OK, ""},
        {"memory-gb-hour=0", PF_OK, ""},
        {"cpu-hour=-1", PF_E_INVALID, "cpu-hour: '-1' is negative"},
        {"cpu-hour=free", PF_E_INVALID, "cpu-hour: 'free' is not a decimal number"},
        {"cpu-hour=0.1234567890123456789", PF_E_RANGE, "cpu-hour: "},
        {"cpu-hour=1,cpu-hour=1", PF_E_INVALID, "'cpu-hour' is given twice"},
        {"cpu-hours=1", PF_E_INVALID, "did you mean 'cpu-hour'?"},
        {"node=1", PF_E_INVALID, "allowed: cpu-hour, memory-gb-hour, gb-month"},
    };
    static const struct {
        const char *text;
        int64_t start;
        enum pf_code code;
        int64_t want;
    } volumes[] = {
        {"55Gi", 0, PF_OK, INT64_C(59055800320)},
        {"50Gi+5Gi", 1, PF_OK, INT64_C(59055800321)},
        {"1Ei", 0, PF_OK, PF_PLAN_BYTES_MAX},
        {"1", PF_PLAN_BYTES_MAX, PF_E_RANGE, PF_PLAN_BYTES_MAX},
        {"1Ei+1", 0, PF_E_RANGE, 0},
        {"0", 0, PF_E_RANGE, 0},
        {"", 0, PF_E_INVALID, 0},
        {"1Gi+", 0, PF_E_INVALID, 0},
        {"+1Gi", 0, PF_E_INVALID, 0},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(prices); i++) {
        struct pf_plan_price price = {.has_cpu = false};
        struct pf_err err = {0};
        const enum pf_code code = pf_plan_spec_price(pf_sv_from(prices[i].text), &price, &err);
        assert_true(refused(prices[i].text, code, prices[i].code, &err, prices[i].message));
        assert_true(code == PF_OK || !price.has_cpu);
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(volumes); i++) {
        int64_t bytes = volumes[i].start;
        const enum pf_code code = pf_plan_spec_volume(pf_sv_from(volumes[i].text), &bytes, NULL);
        if (code != volumes[i].code || bytes != volumes[i].want) {
            fail_msg("'%s': code %d, %lld", volumes[i].text, (int)code, (long long)bytes);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amounts),      cmocka_unit_test(test_node),
        cmocka_unit_test(test_node_refused), cmocka_unit_test(test_node_parts),
        cmocka_unit_test(test_write),        cmocka_unit_test(test_price_and_volume),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

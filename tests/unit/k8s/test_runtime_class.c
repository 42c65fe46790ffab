/* RuntimeClasses: what is read of them, and what they do to a pod, with every allocation failing once. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/runtime_class.h>

#define CLASS(rest_)      "{\"metadata\":{\"name\":\"kata\"},\"handler\":\"h\"" rest_ "}"
#define OVERHEAD(list_)   ",\"overhead\":{\"podFixed\":{" list_ "}}"
#define SCHEDULING(list_) ",\"scheduling\":{" list_ "}"
#define POD(rest_)        "{\"spec\":{\"containers\":[{\"name\":\"c\"}]" rest_ "}}"
#define BOUND_MAX         4096

static const struct row {
    const char *name, *class_, *pod;
    const char *error; /* part of it; NULL: none */
    int64_t milli_cpu; /* of the pod's overhead afterwards */
    size_t labels;     /* of its nodeSelector */
    size_t tolerations;
} rows[] = {
    {"nothing in it", CLASS(""), POD(""), NULL, 0, 0, 0},
    {"nulls", CLASS(",\"overhead\":null,\"scheduling\":null"), POD(""), NULL, 0, 0, 0},
    {"nulls inside",
     CLASS(",\"overhead\":{\"podFixed\":null},\"scheduling\":{\"nodeSelector\":null,"
           "\"tolerations\":null}"),
     POD(""), NULL, 0, 0, 0},
    {"overhead", CLASS(OVERHEAD("\"cpu\":\"250m\"")), POD(""), NULL, 250, 0, 0},
    {"overhead of its own", CLASS(OVERHEAD("\"cpu\":\"250m\"")),
     POD(",\"overhead\":{\"cpu\":\"1\"}"), NULL, 1000, 0, 0},
    {"selector", CLASS(SCHEDULING("\"nodeSelector\":{\"a\":\"1\",\"b\":\"2\"}")), POD(""), NULL, 0,
     2, 0},
    {"selector merged", CLASS(SCHEDULING("\"nodeSelector\":{\"a\":\"1\",\"b\":\"2\"}")),
     POD(",\"nodeSelector\":{\"c\":\"3\",\"b\":\"2\"}"), NULL, 0, 3, 0},
    {"selector in conflict", CLASS(SCHEDULING("\"nodeSelector\":{\"b\":\"2\"}")),
     POD(",\"nodeSelector\":{\"b\":\"3\"}"),
     "conflict: runtimeClass.scheduling.nodeSelector[b] = 2; pod.spec.nodeSelector[b] = 3", 0, 1,
     0},
    {"tolerations",
     CLASS(SCHEDULING("\"tolerations\":[{\"key\":\"k\"},{\"operator\":\"Exists\"}]")),
     POD(",\"tolerations\":[{\"key\":\"own\"}]"), NULL, 0, 0, 3},
    {"a quantity that is none", CLASS(OVERHEAD("\"cpu\":\"x\"")), POD(""), "overhead.podFixed.cpu",
     0, 0, 0},
    {"a quantity too large to hold", CLASS(OVERHEAD("\"cpu\":\"1e20000\"")), POD(""),
     "overhead.podFixed.cpu", 0, 0, 0},
    {"overhead of a wrong type", CLASS(",\"overhead\":[1]"), POD(""), "overhead", 0, 0, 0},
    {"tolerations of a wrong type", CLASS(SCHEDULING("\"tolerations\":{}")), POD(""),
     "scheduling.tolerations", 0, 0, 0},
    {"no object", "[]", POD(""), "object", 0, 0, 0},
};

/* @param max_bytes  of memory for the class */
static enum pf_code run(const struct row *row, size_t max_bytes, struct pf_arena *pod_arena,
                        struct pf_pod *ret_pod, struct pf_err *err)
{
    pf_autoarena struct pf_arena arena = {0};
    struct pf_runtime_class class_ = {.toleration_count = 77};
    assert_int_equal(pf_pod_decode(pf_sv_from(row->pod), pod_arena, ret_pod, err), PF_OK);
    pf_arena_init(&arena, max_bytes);
    enum pf_code code = pf_runtime_class_decode(pf_sv_from(row->class_), &arena, &class_, err);
    if (code != PF_OK) {
        assert_int_equal(class_.toleration_count, 77);
        return code;
    }
    assert_true(pf_sv_eq_cstr(class_.name, "kata"));
    code = pf_runtime_class_apply(&class_, &arena, ret_pod, err);
    if (code == PF_OK) {
        assert_int_equal(ret_pod->node_selector.count, row->labels);
        for (size_t i = 0; i < ret_pod->node_selector.count; i++) {
            const struct pf_sv key = ret_pod->node_selector.items[i].key;
            assert_non_null(pf_labels_find(&ret_pod->node_selector, key)); /* sorted */
        }
        const struct pf_resource *cpu = pf_resource_list_find(&ret_pod->overhead, PF_SV("cpu"));
        assert_int_equal(cpu != NULL ? pf_quantity_milli(&cpu->amount) : 0, row->milli_cpu);
    }
    return code;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autoarena struct pf_arena arena = {0};
        struct pf_pod pod = {.defect = {0}};
        struct pf_err err = {0};
        pf_arena_init(&arena, 1 << 20);
        const enum pf_code code = run(&rows[i], 1 << 20, &arena, &pod, &err);
        const bool failed = code != PF_OK;
        if (failed != (rows[i].error != NULL) ||
            (failed && strstr(err.text, rows[i].error) == NULL) ||
            (!failed && pod.toleration_count != rows[i].tolerations)) {
            fail_msg("%s: %s '%s', %zu tolerations", rows[i].name, pf_code_name(code), err.text,
                     pod.toleration_count);
        }
    }
}

/* A pod to which a class could not be applied is as it was. */
static void test_conflict_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autoarena struct pf_arena arena = {0};
        struct pf_pod before = {.defect = {0}};
        struct pf_pod pod = {.defect = {0}};
        struct pf_err err = {0};
        pf_arena_init(&arena, 1 << 20);
        assert_int_equal(pf_pod_decode(pf_sv_from(rows[i].pod), &arena, &before, &err), PF_OK);
        if (run(&rows[i], 1 << 20, &arena, &pod, &err) != PF_OK) {
            assert_int_equal(pod.toleration_count, before.toleration_count);
            assert_int_equal(pod.node_selector.count, before.node_selector.count);
            assert_int_equal(pod.overhead.count, before.overhead.count);
        }
    }
}

/* Arenas take chunks of some size, so memory runs out at few places only. */
static void test_memory(void **state)
{
    (void)state;
    unsigned failures = 0;
    for (size_t bytes = 1; bytes < BOUND_MAX; bytes += 16) {
        pf_autoarena struct pf_arena arena = {0};
        struct pf_pod pod = {.defect = {0}};
        struct pf_err err = {0};
        pf_arena_init(&arena, 1 << 20);
        const enum pf_code code = run(&rows[6], bytes, &arena, &pod, &err);
        assert_true(code == PF_OK || code == PF_E_NO_MEMORY);
        failures += code != PF_OK ? 1 : 0;
    }
    assert_true(failures != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_conflict_changes_nothing),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rewrite_case.h"
#include <podfit/buf.h>

static void test_report(void **state)
{
    static const struct rewrite_setup setup = {.quotas = SEED};
    static const char spec[] =
        "{\"spec\":{\"containers\":[{\"name\":\"p\",\"resources\":{\"requests\":{\"memory\":\"500Mi\"}}}]}}";
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod pod = {0};
    struct pf_rewrite got = {0};

    (void)state;
    pf_arena_init(&arena, 1 << 20);
    rewrite_case_pod(PF_SV(spec), &arena, &pod);
    rewrite_case_run(&setup, &pod, &arena, &got);
    assert_int_equal(got.change_count, 4);
    assert_false(got.changes[0].limit);
    assert_true(pf_sv_eq_cstr(got.changes[0].resource, "cpu"));
    assert_false(got.changes[0].had_before);
    assert_true(got.changes[1].had_before);
    assert_int_equal(pf_quantity_value(&got.changes[1].before), 500 << 20);
    assert_ptr_equal(got.changes[3].container, &pod.containers[0]);
    assert_true(got.changes[3].limit);
    assert_int_equal(got.changes[3].rule, PF_RULE_DEFAULT);
    assert_int_equal(got.containers[0].requests_before.count, 1);
    assert_int_equal(pf_quantity_value(&got.containers[0].requests_before.items[0].amount),
                     500 << 20);
    assert_false(got.containers[0].limits_before.present);
    assert_false(pod.containers[0].limits.present);
    assert_int_equal(pod.containers[0].limits.count, 2);
    assert_true(pf_sv_eq_cstr(
        got.annotation,
        "[{\"container\":\"p\",\"index\":0,\"requests\":{\"cpu\":{\"before\":null,\"after\":\"50m\",\"rule\":\"ratio\"},"
        "\"memory\":{\"before\":\"500Mi\",\"after\":\"200Mi\",\"rule\":\"ratio\"}},"
        "\"limits\":{\"cpu\":{\"before\":null,\"after\":\"1\",\"rule\":\"default\"},"
        "\"memory\":{\"before\":null,\"after\":\"2000Mi\",\"rule\":\"default\"}}}]"));
}

#define ENTRY(before, after)                                                                    \
    "[{\"container\":\"main\",\"requests\":{\"memory\":{\"before\":" before ",\"after\":" after \
    ",\"rule\":\"ratio\"}}}]"

static const struct {
    const char *name, *annotation;
    enum pf_requests_mode mode;
    bool trusted;
    const char *expect;
} annotation_rows[] = {
    {"none", NULL, PF_REQUESTS_RAISE, false, "main: 100m 200Mi / 1 2000Mi"},
    {"agrees: own request back", ENTRY("\"1Gi\"", "\"200Mi\""), PF_REQUESTS_RAISE, true,
     "main: 100m 1Gi / 1 2000Mi"},
    {"agrees as a number", ENTRY("null", "209715200"), PF_REQUESTS_RAISE, true,
     "main: 100m 200Mi / 1 2000Mi"},
    {"disagrees", ENTRY("\"1Gi\"", "\"300Mi\""), PF_REQUESTS_RAISE, false,
     "main: 100m 200Mi / 1 2000Mi"},
    {"forged limit",
     "[{\"container\":\"main\",\"limits\":{\"memory\":{\"before\":\"100Mi\","
     "\"after\":\"2000Mi\",\"rule\":\"default\"}}}]",
     PF_REQUESTS_REPLACE, false, "main: 50m 200Mi / 1 2000Mi"},
    {"negative", ENTRY("\"-1Gi\"", "\"200Mi\""), PF_REQUESTS_RAISE, false,
     "main: 100m 200Mi / 1 2000Mi"},
    {"other resource",
     "[{\"container\":\"main\",\"requests\":{\"x\":{\"before\":null,\"after\":\"1\"}}}]",
     PF_REQUESTS_RAISE, false, "main: 100m 200Mi / 1 2000Mi"},
    {"other container",
     "[{\"container\":\"x\",\"requests\":{\"memory\":{\"before\":null,\"after\":\"200Mi\"}}}]",
     PF_REQUESTS_RAISE, false, "main: 100m 200Mi / 1 2000Mi"},
    {"no pod level", "[{\"pod\":true}]", PF_REQUESTS_RAISE, false, "main: 100m 200Mi / 1 2000Mi"},
    {"resource twice",
     "[{\"container\":\"main\",\"requests\":{\"memory\":{\"before\":null,\"after\":\"200Mi\"},"
     "\"memory\":{\"before\":null,\"after\":\"200Mi\"}}}]",
     PF_REQUESTS_RAISE, false, "main: 100m 200Mi / 1 2000Mi"},
    {"torn",
     "[{\"container\":\"main\",\"requests\":{\"memory\":{\"before\":\"1Gi\",\"after\":"
     "\"200Mi\",\"rule\":\"ratio\"}}},",
     PF_REQUESTS_RAISE, false, "main: 100m 200Mi / 1 2000Mi"},
    {"after text", ENTRY("\"1Gi\"", "\"200Mi\"") "x", PF_REQUESTS_RAISE, false,
     "main: 100m 200Mi / 1 2000Mi"},
    {"an object", "{}", PF_REQUESTS_RAISE, false, "main: 100m 200Mi / 1 2000Mi"},
    {"empty", "[]", PF_REQUESTS_RAISE, true, "main: 100m 200Mi / 1 2000Mi"},
    {"deep", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", PF_REQUESTS_RAISE, false,
     "main: 100m 200Mi / 1 2000Mi"},
    {"not JSON", "\xff\xfe", PF_REQUESTS_RAISE, false, "main: 100m 200Mi / 1 2000Mi"},
    {"huge exponent", ENTRY("\"1e2000000000\"", "\"1e2000000000\""), PF_REQUESTS_RAISE, false,
     "main: 100m 200Mi / 1 2000Mi"},
    {"keep looks at nothing", ENTRY("\"1Gi\"", "\"200Mi\""), PF_REQUESTS_KEEP, false,
     "main: 100m 200Mi / 1 2000Mi"},
};

/** What a pod gets that carries an annotation; requests 100m/200Mi, limits 1/2000Mi. */
static void test_annotation(void **state)
{
    static const char json[] = "{\"spec\":" ONE(CM("100m", "200Mi"), CM("1", "2000Mi")) "}";
    pf_autoarena struct pf_arena arena = {0};

    (void)state;
    pf_arena_init(&arena, 1 << 22);
    for (size_t i = 0; i < PF_ARRAY_LEN(annotation_rows); i++) {
        const struct rewrite_setup setup = {.quotas = SEED, .requests = annotation_rows[i].mode};
        pf_autobuf struct pf_buf text = {0};
        struct pf_pod pod = {0};
        struct pf_rewrite got = {0};

        pf_buf_init(&text, 1000);
        rewrite_case_pod(PF_SV(json), &arena, &pod);
        if (annotation_rows[i].annotation != NULL) {
            rewrite_case_annotate(&pod, pf_sv_from(annotation_rows[i].annotation), &arena);
        }
        rewrite_case_run(&setup, &pod, &arena, &got);
        rewrite_case_describe(&pod, &text);
        if (strcmp(text.data, annotation_rows[i].expect) != 0 ||
            got.annotation_trusted != annotation_rows[i].trusted) {
            fail_msg("%s: trusted %d, %s", annotation_rows[i].name, got.annotation_trusted,
                     text.data);
        }
        pf_arena_reset(&arena);
    }
}

/** A container that another webhook put in front does not disturb what is known of the others. */
static void test_reinvocation_with_sidecar(void **state)
{
    static const struct rewrite_setup setup = {.quotas = SEED, .requests = PF_REQUESTS_RAISE};
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod first = {0};
    struct pf_pod second = {0};
    struct pf_rewrite got = {0};
    struct pf_rewrite again = {0};

    (void)state;
    pf_arena_init(&arena, 1 << 20);
    rewrite_case_pod(PF_SV("{\"spec\":" ONE(CM("20m", "1Gi"), CM("1", "2000Mi")) "}"), &arena,
                     &first);
    rewrite_case_run(&setup, &first, &arena, &got);
    rewrite_case_pod(PF_SV("{\"spec\":{\"containers\":[" C("proxy", "", CM("1", "100Mi")) "," C(
                         "main", CM("50m", "1Gi"), CM("1", "2000Mi")) "]}}"),
                     &arena, &second);
    rewrite_case_annotate(&second, got.annotation, &arena);
    rewrite_case_run(&setup, &second, &arena, &again);
    assert_true(again.annotation_trusted);
    assert_int_equal(again.change_count, 2);
    assert_ptr_equal(again.changes[0].container, &second.containers[0]);
    assert_int_equal(pf_quantity_milli(&again.containers[1].requests_before.items[0].amount), 20);
    assert_true(pf_sv_find(again.annotation, PF_SV("{\"container\":\"proxy\"")) == 1);
}

/** A pod whose record would not fit into an annotation is not touched. */
static void test_record_limit(void **state)
{
    static const struct rewrite_setup setup = {.quotas = SEED};
    static const struct {
        size_t containers;
        bool touched;
    } table[] = {{1000, true}, {3000, false}};
    pf_autoarena struct pf_arena arena = {0};

    (void)state;
    pf_arena_init(&arena, (size_t)1 << 26);
    for (size_t i = 0; i < PF_ARRAY_LEN(table); i++) {
        pf_autobuf struct pf_buf json = {0};
        struct pf_pod pod = {0};
        struct pf_rewrite got = {0};

        pf_buf_init(&json, 1 << 22);
        pf_buf_append_cstr(&json, "{\"spec\":{\"containers\":[");
        for (size_t n = 0; n < table[i].containers; n++) {
            pf_buf_printf(&json,
                          "%s{\"name\":\"c%zu\",\"resources\":{\"limits\":{" CM("1", "1Gi") "}}}",
                          n != 0 ? "," : "", n);
        }
        pf_buf_append_cstr(&json, "]}}");
        rewrite_case_pod(pf_buf_view(&json), &arena, &pod);
        rewrite_case_run(&setup, &pod, &arena, &got);
        assert_int_equal(got.container_count, table[i].containers);
        assert_int_equal(got.change_count != 0, table[i].touched);
        assert_int_equal(got.annotation.len != 0, table[i].touched);
        pf_arena_reset(&arena);
    }
}

static void test_pool(void **state)
{
    static struct pf_label wanted[] = {{PF_SV_INIT("b"), PF_SV_INIT("2")},
                                       {PF_SV_INIT("d"), PF_SV_INIT("4")}};
    static const struct {
        const char *name, *spec;
        bool toleration, selector, conflict;
        size_t tolerations, labels;
    } table[] = {
        {"nothing", "{}", true, true, false, 1, 2},
        {"both there",
         "{\"nodeSelector\":{\"b\":\"2\",\"d\":\"4\"},\"tolerations\":[{\"key\":\"k\",\"value\":\"v\","
         "\"effect\":\"NoSchedule\"}]}",
         false, false, false, 1, 2},
        {"exists", "{\"tolerations\":[{\"operator\":\"Exists\"}]}", false, true, false, 1, 2},
        {"other value",
         "{\"tolerations\":[{\"key\":\"k\",\"value\":\"w\",\"effect\":\"NoSchedule\"}]}", true,
         true, false, 2, 2},
        {"merged", "{\"nodeSelector\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\",\"e\":\"5\"}}", true,
         true, false, 1, 5},
        {"conflict", "{\"nodeSelector\":{\"b\":\"other\"}}", false, false, true, 0, 1},
    };
    struct pf_class class_ = {
        .has_pool = true,
        .pool_inject = true,
        .pool_taint = {PF_SV("k"), PF_SV("v"), PF_SV("NoSchedule")},
        .pool_selector = {.items = wanted, .count = 2},
    };
    pf_autoarena struct pf_arena arena = {0};

    (void)state;
    pf_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < PF_ARRAY_LEN(table); i++) {
        const char *const json = pf_arena_printf(&arena, "{\"spec\":%s}", table[i].spec);
        struct pf_pod pod = {0};
        struct pf_rewrite got = {0};

        rewrite_case_pod(pf_sv_from(json), &arena, &pod);
        class_.pool_inject = true;
        assert_int_equal(pf_rewrite_pod(&class_, &pod, &arena, &got, NULL), PF_OK);
        if (got.inject_toleration != table[i].toleration ||
            got.inject_selector != table[i].selector ||
            got.selector_conflict != table[i].conflict ||
            pod.toleration_count != table[i].tolerations ||
            pod.node_selector.count != table[i].labels) {
            fail_msg("%s", table[i].name);
        }
        for (size_t n = 1; n < pod.node_selector.count; n++) {
            assert_true(
                pf_sv_cmp(pod.node_selector.items[n - 1].key, pod.node_selector.items[n].key) < 0);
        }
        assert_int_equal(pf_rewrite_pod(&class_, &pod, &arena, &got, NULL), PF_OK);
        assert_false(got.inject_toleration || got.inject_selector);
    }
}

static void test_without_pool(void **state)
{
    struct pf_class class_ = {.has_pool = true,
                              .pool_taint = {PF_SV("k"), PF_SV("v"), PF_SV("NoSchedule")}};
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod pod = {0};
    struct pf_rewrite got = {0};

    (void)state;
    pf_arena_init(&arena, 1 << 20);
    assert_int_equal(pf_rewrite_pod(&class_, &pod, &arena, &got, NULL), PF_OK);
    assert_false(got.inject_toleration);
    assert_int_equal(got.container_count, 0);
    assert_int_equal(got.annotation.len, 0);
}

/** Every arena limit on the way fails cleanly, and the result is left alone. */
static void test_no_memory(void **state)
{
    static const char json[] =
        "{\"spec\":" LEVEL(C("a", "", CM("4", "8000Mi")), CM("4", "8000Mi"), CM("4", "8000Mi")) "}";
    static const struct rewrite_setup setup = {.quotas = SEED};
    struct pf_class class_ = {0};
    size_t failures = 0;
    bool done = false;

    (void)state;
    rewrite_case_class(&setup, &class_);
    for (size_t room = 0; !done && room < 20000; room += 16) {
        pf_autoarena struct pf_arena arena = {0};
        pf_autoarena struct pf_arena small = {0};
        struct pf_pod pod = {0};
        struct pf_rewrite got = {.change_count = 77};
        struct pf_err err = {0};

        pf_arena_init(&arena, 1 << 20);
        pf_arena_init(&small, room);
        rewrite_case_pod(PF_SV(json), &arena, &pod);
        rewrite_case_annotate(
            &pod,
            PF_SV(
                "[{\"container\":\"a\",\"limits\":{\"cpu\":{\"before\":\"3\",\"after\":\"4\"}}}]"),
            &arena);
        if (pf_rewrite_pod(&class_, &pod, &small, &got, &err) == PF_OK) {
            done = true;
        } else {
            assert_int_equal(err.code, PF_E_NO_MEMORY);
            assert_int_equal(got.change_count, 77);
            failures++;
        }
    }
    assert_true(done);
    assert_true(failures > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {

        cmocka_unit_test(test_report),
        cmocka_unit_test(test_annotation),
        cmocka_unit_test(test_reinvocation_with_sidecar),
        cmocka_unit_test(test_record_limit),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_without_pool),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

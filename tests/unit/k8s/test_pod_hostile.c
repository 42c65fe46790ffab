/* Decoding of pods: hostile inputs, limits and lack of memory. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pod_sample.h"
#include <podfit/arena.h>
#include <podfit/buf.h>
#include <podfit/limits.h>
#include <podfit/pod.h>

/* a pod whose list @p open holds @p count times @p item */
static void build(struct pf_buf *buf, const char *open, const char *item, size_t count,
                  const char *close)
{
    pf_buf_init(buf, (size_t)64 * 1024 * 1024);
    pf_buf_append_cstr(buf, open);
    for (size_t i = 0; i < count; i++) {
        if (i != 0) {
            pf_buf_append_char(buf, ',');
        }
        if (strstr(item, "%zu") != NULL) {
            /* later names sort first: the worst case for a list that is kept in order */
            pf_buf_printf(buf, "\"k%08zu\":\"1\"", count - i);
        } else {
            pf_buf_append_cstr(buf, item);
        }
    }
    pf_buf_append_cstr(buf, close);
    assert_int_equal(pf_buf_status(buf, NULL), PF_OK);
}

static void test_container_limit(void **state)
{
    (void)state;
    static const struct {
        size_t mains;
        size_t want;
        bool defect;
    } rows[] = {
        {1000, 1000, false},
        {PF_POD_MAX_CONTAINERS, PF_POD_MAX_CONTAINERS, false},
        {PF_POD_MAX_CONTAINERS + 1, PF_POD_MAX_CONTAINERS, true},
        {100000, PF_POD_MAX_CONTAINERS, true},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_err err = {0};
        pf_autobuf struct pf_buf buf = {0};
        pf_autoarena struct pf_arena arena = {0};
        struct pf_pod pod;
        build(&buf, "{\"spec\":{\"containers\":[", "{\"name\":\"c\"}", rows[i].mains,
              "],\"nodeName\":\"n\"}}");
        pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
        if (pf_pod_decode(pf_buf_view(&buf), &arena, &pod, &err) != PF_OK) {
            fail_msg("%s", err.text);
        }
        assert_int_equal(pod.container_count, rows[i].want);
        assert_int_equal(pod.defect.len != 0, rows[i].defect);
        assert_true(pf_sv_eq_cstr(pod.node_name, "n"));
    }
}

static void test_container_limit_is_of_both(void **state)
{
    (void)state;
    pf_autobuf struct pf_buf buf = {0};
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod pod;
    build(&buf, "{\"spec\":{\"initContainers\":[{}],\"containers\":[", "{}", PF_POD_MAX_CONTAINERS,
          "]}}");
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    assert_int_equal(pf_pod_decode(pf_buf_view(&buf), &arena, &pod, NULL), PF_OK);
    assert_int_equal(pod.container_count, PF_POD_MAX_CONTAINERS);
    assert_true(pf_sv_starts_with(pod.defect, PF_SV("spec.containers")));
}

/* lists of 100,000 names in the worst order end within the test's time only when nothing is quadratic */
static void test_many_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *open;
        const char *close;
    } rows[] = {
        {"labels", "{\"metadata\":{\"labels\":{", "}}}"},
        {"nodeSelector", "{\"spec\":{\"nodeSelector\":{", "}}}"},
        {"overhead", "{\"spec\":{\"overhead\":{", "}}}"},
        {"limits", "{\"spec\":{\"containers\":[{\"resources\":{\"limits\":{", "}}}]}}"},
    };
    const struct pf_kube_features features = pf_kube_features_default(36);
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_err err = {0};
        pf_autobuf struct pf_buf buf = {0};
        pf_autoarena struct pf_arena arena = {0};
        struct pf_pod pod;
        build(&buf, rows[i].open, "%zu", 100000, rows[i].close);
        pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
        if (pf_pod_decode(pf_buf_view(&buf), &arena, &pod, &err) != PF_OK ||
            pf_pod_apply_defaults(&pod, &features, /* stored= */ false, &arena, &err) != PF_OK) {
            fail_msg("%s: %s", rows[i].name, err.text);
        }
    }
}

static void test_depth(void **state)
{
    (void)state;
    pf_autobuf struct pf_buf buf = {0};
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod pod;
    pf_buf_init(&buf, (size_t)64 * 1024);
    pf_buf_append_cstr(&buf, "{\"x\":");
    for (size_t i = 0; i < PF_JSON_MAX_DEPTH; i++) {
        pf_buf_append_char(&buf, '[');
    }
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    assert_int_equal(pf_pod_decode(pf_buf_view(&buf), &arena, &pod, NULL), PF_E_TOO_BIG);
}

/* each place where the arena may run out */
static void test_no_memory(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    enum pf_code code = PF_E_NO_MEMORY;
    size_t failures = 0;
    for (size_t max = 0; code == PF_E_NO_MEMORY && max < 100000; max += 16) {
        struct pf_err err = {0};
        struct pf_pod pod;
        struct pf_pod untouched;
        memset(&pod, 0x5a, sizeof(pod));
        memset(&untouched, 0x5a, sizeof(untouched));
        pf_arena_done(&arena);
        pf_arena_init(&arena, max);
        code = pf_pod_decode(PF_SV(full_pod), &arena, &pod, &err);
        if (code == PF_E_NO_MEMORY) {
            failures++;
            assert_memory_equal(&pod, &untouched, sizeof(pod));
            assert_int_not_equal(err.text[0], '\0');
        }
    }
    assert_int_equal(code, PF_OK);
    assert_true(failures > 50);
}

/* every cut of a pod is refused, none crashes */
static void test_truncated(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod pod;
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    for (size_t len = 0; len < sizeof(full_pod) - 1; len++) {
        const struct pf_sv cut = {.ptr = full_pod, .len = len};
        assert_int_equal(pf_pod_decode(cut, &arena, &pod, NULL), PF_E_INVALID);
        pf_arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_container_limit), cmocka_unit_test(test_container_limit_is_of_both),
        cmocka_unit_test(test_many_names),      cmocka_unit_test(test_depth),
        cmocka_unit_test(test_no_memory),       cmocka_unit_test(test_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

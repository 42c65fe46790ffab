/* Tolerations (scheduler-fit 7.3), selectors (7.4, 7.12), sorted maps and resource lists. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/arena.h>
#include <podfit/pod.h>

#define OP(name) PF_TOLERATION_##name

static void test_toleration(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *key;
        const char *value;
        const char *effect;
        const char *taint_value; /* of taint k:NoSchedule */
        enum pf_toleration_operator operator_;
        bool comparison; /* gate */
        bool want;
    } rows[] = {
        {"equal", "k", "v", "NoSchedule", "v", OP(EQUAL), false, true},
        {"equal, other value", "k", "v", "", "w", OP(EQUAL), false, false},
        {"equal, both empty", "k", "", "", "", OP(EQUAL), false, true},
        {"exists", "k", "", "", "w", OP(EXISTS), false, true},
        {"exists ignores its value", "k", "v", "", "w", OP(EXISTS), false, true},
        {"other effect", "k", "", "NoExecute", "w", OP(EXISTS), false, false},
        {"other key", "j", "", "", "w", OP(EXISTS), false, false},
        {"empty key matches all", "", "", "", "w", OP(EXISTS), false, true},
        {"empty key, equal", "", "v", "", "v", OP(EQUAL), false, true},
        {"unknown operator", "k", "v", "", "v", OP(OTHER), true, false},
        {"gt, gate off", "k", "5", "", "6", OP(GT), false, false},
        {"gt", "k", "5", "", "6", OP(GT), true, true},
        {"gt, equal numbers", "k", "5", "", "5", OP(GT), true, false},
        {"lt", "k", "5", "", "-6", OP(LT), true, true},
        {"lt, greater", "k", "5", "", "6", OP(LT), true, false},
        {"zero", "k", "0", "", "-1", OP(LT), true, true},
        {"minus zero", "k", "-0", "", "-1", OP(LT), true, false},
        {"leading zero", "k", "05", "", "6", OP(GT), true, false},
        {"leading zero in the taint", "k", "5", "", "06", OP(GT), true, false},
        {"negative with leading zero", "k", "-05", "", "6", OP(GT), true, false},
        {"plus", "k", "+5", "", "6", OP(GT), true, false},
        {"empty", "k", "", "", "6", OP(GT), true, false},
        {"minus alone", "k", "-", "", "6", OP(GT), true, false},
        {"largest", "k", "9223372036854775806", "", "9223372036854775807", OP(GT), true, true},
        {"over int64", "k", "1", "", "9223372036854775808", OP(GT), true, false},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_kube_features features = pf_kube_features_default(36);
        features.taint_comparison_operators = rows[i].comparison;
        struct pf_toleration tolerations[] = {
            {.key = PF_SV("other"), .operator_ = PF_TOLERATION_EXISTS},
            {.key = pf_sv_from(rows[i].key),
             .value = pf_sv_from(rows[i].value),
             .effect = pf_sv_from(rows[i].effect),
             .operator_ = rows[i].operator_},
        };
        const struct pf_pod pod = {.tolerations = tolerations, .toleration_count = 2};
        const struct pf_pod none = {.tolerations = tolerations, .toleration_count = 1};
        const struct pf_sv value = pf_sv_from(rows[i].taint_value);
        const bool got = pf_toleration_tolerates(&tolerations[1], PF_SV("k"), value,
                                                 PF_SV("NoSchedule"), &features);
        if (got != rows[i].want ||
            pf_pod_tolerates(&pod, PF_SV("k"), value, PF_SV("NoSchedule"), &features) != got) {
            fail_msg("%s", rows[i].name);
        }
        assert_false(pf_pod_tolerates(&none, PF_SV("k"), value, PF_SV("NoSchedule"), &features));
    }
}

#define SEL(name) PF_SELECTOR_##name
#define LONG_63   "a23456789012345678901234567890123456789012345678901234567890123"

/* for which rules a requirement is valid */
enum { NODE = 1, LABEL = 2, BOTH = NODE | LABEL };

static const struct requirement_row {
    const char *name;
    const char *key;
    const char *values[3];
    const char *label; /* NULL: absent */
    enum pf_selector_operator operator_;
    int valid;    /* for which rules */
    bool matches; /* under node rules */
} requirement_rows[] = {
    {"in", "k", {"a", "b"}, "b", SEL(IN), BOTH, true},
    {"in, other", "k", {"a", "b"}, "c", SEL(IN), BOTH, false},
    {"in, absent", "k", {"a"}, NULL, SEL(IN), BOTH, false},
    {"in, empty value", "k", {""}, "", SEL(IN), BOTH, true},
    {"in, no values", "k", {NULL}, "a", SEL(IN), 0, false},
    {"not in", "k", {"a"}, "b", SEL(NOT_IN), BOTH, true},
    {"not in, there", "k", {"a"}, "a", SEL(NOT_IN), BOTH, false},
    {"not in, absent", "k", {"a"}, NULL, SEL(NOT_IN), BOTH, true},
    {"not in, no values", "k", {NULL}, NULL, SEL(NOT_IN), 0, false},
    {"exists", "k", {NULL}, "", SEL(EXISTS), BOTH, true},
    {"exists, absent", "k", {NULL}, NULL, SEL(EXISTS), BOTH, false},
    {"exists with values", "k", {"a"}, "a", SEL(EXISTS), 0, false},
    {"does not exist", "k", {NULL}, NULL, SEL(DOES_NOT_EXIST), BOTH, true},
    {"does not exist, there", "k", {NULL}, "a", SEL(DOES_NOT_EXIST), BOTH, false},
    {"does not exist with values", "k", {"a"}, NULL, SEL(DOES_NOT_EXIST), 0, false},
    {"gt", "k", {"5"}, "6", SEL(GT), NODE, true},
    {"gt, equal", "k", {"5"}, "5", SEL(GT), NODE, false},
    {"gt, leading zero", "k", {"05"}, "006", SEL(GT), NODE, true},
    {"gt, no number", "k", {"5"}, "x", SEL(GT), NODE, false},
    {"gt, absent", "k", {"5"}, NULL, SEL(GT), NODE, false},
    {"gt, two values", "k", {"5", "6"}, "7", SEL(GT), 0, false},
    {"gt, no value", "k", {NULL}, "7", SEL(GT), 0, false},
    {"gt, not a label value", "k", {"-1"}, "7", SEL(GT), 0, false},
    {"gt, over int64", "k", {"9223372036854775808"}, "7", SEL(GT), 0, false},
    {"lt", "k", {"5"}, "4", SEL(LT), NODE, true},
    {"lt, greater", "k", {"5"}, "6", SEL(LT), NODE, false},
    {"unknown operator", "k", {"a"}, "a", SEL(UNKNOWN), 0, false},
    {"prefixed key", "a.b-c/K_e.y", {NULL}, "", SEL(EXISTS), BOTH, true},
    {"empty key", "", {NULL}, "", SEL(EXISTS), 0, false},
    {"empty prefix", "/k", {NULL}, "", SEL(EXISTS), 0, false},
    {"empty name", "a/", {NULL}, "", SEL(EXISTS), 0, false},
    {"two slashes", "a/b/c", {NULL}, "", SEL(EXISTS), 0, false},
    {"upper-case prefix", "A/k", {NULL}, "", SEL(EXISTS), 0, false},
    {"prefix ends in a dash", "a-/k", {NULL}, "", SEL(EXISTS), 0, false},
    {"prefix part ends in a dash", "a-.b/k", {NULL}, "", SEL(EXISTS), 0, false},
    {"prefix with two dots", "a..b/k", {NULL}, "", SEL(EXISTS), 0, false},
    {"prefix ends in a dot", "a./k", {NULL}, "", SEL(EXISTS), 0, false},
    {"key begins with a dash", "-k", {NULL}, "", SEL(EXISTS), 0, false},
    {"key ends in a dot", "k.", {NULL}, "", SEL(EXISTS), 0, false},
    {"key of 63", LONG_63, {NULL}, "", SEL(EXISTS), BOTH, true},
    {"key of 64", LONG_63 "4", {NULL}, "", SEL(EXISTS), 0, false},
    {"value of 63", "k", {LONG_63}, LONG_63, SEL(IN), BOTH, true},
    {"value of 64", "k", {LONG_63 "4"}, LONG_63 "4", SEL(IN), 0, false},
    {"one bad value", "k", {"a", "b c"}, "a", SEL(IN), 0, false},
    {"value of a dot", "k", {"."}, "a", SEL(NOT_IN), 0, false},
    {"value with a space", "k", {"a b"}, "a b", SEL(IN), 0, false},
};

/* node rules and label rules on a requirement, and what it matches */
static void test_requirement(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(requirement_rows); i++) {
        struct pf_sv values[3];
        struct pf_requirement r = {.key = pf_sv_from(requirement_rows[i].key),
                                   .operator_ = requirement_rows[i].operator_,
                                   .values = values};
        while (r.value_count < 3 && requirement_rows[i].values[r.value_count] != NULL) {
            values[r.value_count] = pf_sv_from(requirement_rows[i].values[r.value_count]);
            r.value_count++;
        }
        const struct pf_sv label = pf_sv_from(requirement_rows[i].label);
        pf_requirement_validate(&r, /* node= */ false);
        const bool as_label = r.valid;
        pf_requirement_validate(&r, /* node= */ true);
        if (r.valid != ((requirement_rows[i].valid & NODE) != 0) ||
            as_label != ((requirement_rows[i].valid & LABEL) != 0) ||
            pf_requirement_matches(&r, requirement_rows[i].label != NULL ? &label : NULL) !=
                requirement_rows[i].matches) {
            fail_msg("%s", requirement_rows[i].name);
        }
    }
}

/* a prefix has at most 253 characters */
static void test_prefix_length(void **state)
{
    (void)state;
    char key[300];
    struct pf_requirement r = {.operator_ = PF_SELECTOR_EXISTS};
    memset(key, 'a', sizeof(key));
    key[253] = '/';
    r.key = (struct pf_sv){.ptr = key, .len = 255};
    pf_requirement_validate(&r, /* node= */ false);
    assert_true(r.valid);
    key[253] = 'a';
    key[254] = '/';
    r.key.len = 256;
    pf_requirement_validate(&r, /* node= */ false);
    assert_false(r.valid);
}

/* matchFields: metadata.name In or NotIn with one value, nothing else */
static void test_match_fields(void **state)
{
    (void)state;
    static const struct {
        const char *requirement;
        bool valid;
    } rows[] = {
        {"\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"n\"]", true},
        {"\"key\":\"metadata.name\",\"operator\":\"NotIn\",\"values\":[\"not a label!\"]", true},
        {"\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"n\",\"m\"]", false},
        {"\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[]", false},
        {"\"key\":\"metadata.name\",\"operator\":\"Exists\"", false},
        {"\"key\":\"metadata.name\",\"operator\":\"in\",\"values\":[\"n\"]", false},
        {"\"key\":\"metadata.namespace\",\"operator\":\"In\",\"values\":[\"n\"]", false},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        char json[512];
        struct pf_err err = {0};
        pf_autoarena struct pf_arena arena = {0};
        struct pf_pod pod;
        (void)snprintf(json, sizeof(json),
                       "{\"spec\":{\"affinity\":{\"nodeAffinity\":{"
                       "\"requiredDuringSchedulingIgnoredDuringExecution\":{"
                       "\"nodeSelectorTerms\":[{\"matchFields\":[{%s}]}]}}}}}",
                       rows[i].requirement);
        pf_arena_init(&arena, 100000);
        if (pf_pod_decode(pf_sv_from(json), &arena, &pod, &err) != PF_OK ||
            pod.node_affinity.terms[0].fields[0].valid != rows[i].valid) {
            fail_msg("%s %s", rows[i].requirement, err.text);
        }
    }
}

static void test_label_selector(void **state)
{
    (void)state;
    struct pf_sv value = PF_SV("1");
    struct pf_label items[] = {{PF_SV_INIT("a"), PF_SV_INIT("1")},
                               {PF_SV_INIT("b"), PF_SV_INIT("2")}};
    const struct pf_labels labels = {.items = items, .count = 2};
    struct pf_requirement requirements[] = {
        {.key = PF_SV("a"), .operator_ = PF_SELECTOR_IN, .values = &value, .value_count = 1},
        {.key = PF_SV("c"), .operator_ = PF_SELECTOR_DOES_NOT_EXIST},
        {.key = PF_SV("b"), .operator_ = PF_SELECTOR_IN, .values = &value, .value_count = 1},
        {.key = PF_SV("not valid"), .operator_ = PF_SELECTOR_DOES_NOT_EXIST},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(requirements); i++) {
        pf_requirement_validate(&requirements[i], /* node= */ false);
    }
    const struct {
        const char *name;
        struct pf_label_selector selector;
        bool want;
    } rows[] = {
        {"absent", {.present = false}, false},
        {"empty", {.present = true}, true},
        {"one", {true, requirements, 1}, true},
        {"two", {true, requirements, 2}, true},
        {"three: other value", {true, requirements, 3}, false},
        {"invalid", {true, requirements + 3, 1}, false},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if (pf_label_selector_matches(&rows[i].selector, &labels) != rows[i].want) {
            fail_msg("%s", rows[i].name);
        }
    }
}

static void test_labels_find(void **state)
{
    (void)state;
    struct pf_label items[] = {{PF_SV_INIT("a"), PF_SV_INIT("1")},
                               {PF_SV_INIT("b"), PF_SV_INIT("2")},
                               {PF_SV_INIT("bb"), PF_SV_INIT("3")}};
    for (size_t count = 0; count <= 3; count++) {
        const struct pf_labels labels = {.items = items, .count = count};
        for (size_t i = 0; i < 3; i++) {
            const struct pf_label *found = pf_labels_find(&labels, items[i].key);
            assert_ptr_equal(found, i < count ? &items[i] : NULL);
        }
        assert_null(pf_labels_find(&labels, PF_SV("")));
        assert_null(pf_labels_find(&labels, PF_SV("aa")));
        assert_null(pf_labels_find(&labels, PF_SV("c")));
    }
}

static void test_resource_list_set(void **state)
{
    (void)state;
    static const char names[] = "abcdefghij";
    pf_autoarena struct pf_arena arena = {0};
    struct pf_resource_list list = {0};
    pf_arena_init(&arena, 100000);
    for (int64_t round = 1; round <= 2; round++) {
        for (size_t i = 0; i < 10; i++) {
            const struct pf_quantity amount =
                pf_quantity_from_i64((int64_t)i * round, 0, PF_QUANTITY_DECIMAL_SI);
            const struct pf_sv name = {.ptr = names + i, .len = 1};
            assert_int_equal(pf_resource_list_set(&list, name, &amount, &arena), PF_OK);
        }
    }
    assert_int_equal(list.count, 10);
    const struct pf_resource *last = pf_resource_list_find(&list, PF_SV("j"));
    assert_non_null(last);
    assert_int_equal(pf_quantity_value(&last->amount), 18);
    assert_null(pf_resource_list_find(&list, PF_SV("k")));

    pf_autoarena struct pf_arena none = {0};
    pf_arena_init(&none, 0);
    struct pf_resource_list empty = {.present = true};
    assert_int_equal(pf_resource_list_set(&empty, PF_SV("a"), &pf_quantity_zero, &none),
                     PF_E_NO_MEMORY);
    assert_int_equal(empty.count, 0);
    assert_null(empty.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_toleration),        cmocka_unit_test(test_requirement),
        cmocka_unit_test(test_prefix_length),     cmocka_unit_test(test_match_fields),
        cmocka_unit_test(test_label_selector),    cmocka_unit_test(test_labels_find),
        cmocka_unit_test(test_resource_list_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/pod.h>

/* Affinity terms and spread constraints as they are decoded, and label keys merged into their selectors. */

static const char text[] =
    "{\"metadata\":{\"labels\":{\"app\":\"x\",\"hash\":\"7\"}},\"spec\":{\"affinity\":{"
    "\"podAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":\"zone\","
    "\"namespaces\":[\"a\",\"b\"],\"namespaceSelector\":{},\"labelSelector\":{\"matchLabels\":{"
    "\"k\":\"v\"},\"matchExpressions\":[{\"key\":\"e\",\"operator\":\"NotIn\",\"values\":[\"1\","
    "\"2\"]}]},\"matchLabelKeys\":[\"hash\",\"absent\"],\"mismatchLabelKeys\":[\"app\"]}],"
    "\"preferredDuringSchedulingIgnoredDuringExecution\":[{\"weight\":30,\"podAffinityTerm\":{"
    "\"topologyKey\":\"host\",\"matchLabelKeys\":[\"app\"]}}]},\"podAntiAffinity\":{"
    "\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":\"zone\","
    "\"labelSelector\":{\"matchExpressions\":[{\"key\":\"e\",\"operator\":\"Gt\",\"values\":[\"1\"]}]"
    "}}]}},\"topologySpreadConstraints\":[{\"maxSkew\":2,\"topologyKey\":\"zone\","
    "\"whenUnsatisfiable\":\"DoNotSchedule\",\"minDomains\":3,\"nodeAffinityPolicy\":\"Ignore\","
    "\"nodeTaintsPolicy\":\"Honor\",\"labelSelector\":{},\"matchLabelKeys\":[\"hash\"]},{"
    "\"maxSkew\":1,\"topologyKey\":\"host\",\"whenUnsatisfiable\":\"ScheduleAnyway\","
    "\"nodeAffinityPolicy\":null,\"matchLabelKeys\":[\"hash\"]}]}}";

static void decode(struct pf_arena *arena, struct pf_pod *pod)
{
    struct pf_err err = {0};
    pf_arena_init(arena, (size_t)1024 * 1024);
    if (pf_pod_decode(PF_SV(text), arena, pod, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

static void expect(const struct pf_label_selector *selector, size_t index, const char *key,
                   enum pf_selector_operator operator_, const char *value)
{
    assert_true(index < selector->requirement_count);
    const struct pf_requirement *requirement = &selector->requirements[index];
    assert_true(pf_sv_eq_cstr(requirement->key, key));
    assert_int_equal(requirement->operator_, operator_);
    assert_true(requirement->valid);
    assert_true(pf_sv_eq_cstr(requirement->values[0], value));
}

static void test_decoded(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod pod;
    decode(&arena, &pod);
    const struct pf_pod_terms *near = &pod.terms[PF_TERMS_AFFINITY];
    assert_int_equal(near->count, 1);
    assert_false(near->invalid);
    assert_true(pf_sv_eq_cstr(near->items[0].topology_key, "zone"));
    assert_int_equal(near->items[0].namespace_count, 2);
    assert_true(near->items[0].namespace_selector.present);
    assert_int_equal(near->items[0].namespace_selector.requirement_count, 0);
    assert_int_equal(near->items[0].selector.requirement_count, 2);
    expect(&near->items[0].selector, 0, "k", PF_SELECTOR_IN, "v");
    expect(&near->items[0].selector, 1, "e", PF_SELECTOR_NOT_IN, "1");
    assert_int_equal(near->items[0].match_label_key_count, 2);
    const struct pf_pod_terms *preferred = &pod.terms[PF_TERMS_PREFERRED_AFFINITY];
    assert_int_equal(preferred->count, 1);
    assert_int_equal(preferred->items[0].weight, 30);
    assert_false(preferred->items[0].selector.present);
    assert_true(pod.terms[PF_TERMS_ANTI_AFFINITY].invalid); /* Gt is for node selectors */
    assert_int_equal(pod.terms[PF_TERMS_PREFERRED_ANTI_AFFINITY].count, 0);
    assert_int_equal(pod.spread_count, 2);
    assert_int_equal(pod.spreads[0].max_skew, 2);
    assert_int_equal(pod.spreads[0].min_domains, 3);
    assert_true(pod.spreads[0].do_not_schedule && !pod.spreads[0].schedule_anyway);
    assert_true(pod.spreads[0].ignore_node_affinity && pod.spreads[0].honor_node_taints);
    assert_int_equal(pod.spreads[1].min_domains, 1);
    assert_true(pod.spreads[1].schedule_anyway && !pod.spreads[1].do_not_schedule);
    assert_false(pod.spreads[1].ignore_node_affinity || pod.spreads[1].honor_node_taints);
}

static void check_spreads(const struct pf_pod *pod)
{
    assert_int_equal(pod->spreads[0].selector.requirement_count, 1);
    expect(&pod->spreads[0].selector, 0, "hash", PF_SELECTOR_IN, "7");
    assert_false(pod->spreads[1].selector.present); /* absent stays absent */
}

/* A stored pod's terms were merged when it was created. */
static void test_merged(void **state)
{
    (void)state;
    for (unsigned stored = 0; stored < 2; stored++) {
        const struct pf_kube_features features = pf_kube_features_default(36);
        pf_autoarena struct pf_arena arena = {0};
        struct pf_pod pod;
        decode(&arena, &pod);
        const struct pf_pod original = pod;
        const size_t wanted = stored != 0 ? 2 : 4;
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(pf_pod_apply_defaults(&pod, &features, stored != 0, &arena, NULL),
                             PF_OK);
            const struct pf_pod_term *term = &pod.terms[PF_TERMS_AFFINITY].items[0];
            assert_int_equal(term->selector.requirement_count, wanted);
            if (stored == 0) {
                expect(&term->selector, 2, "hash", PF_SELECTOR_IN, "7");
                expect(&term->selector, 3, "app", PF_SELECTOR_NOT_IN, "x");
            }
            assert_false(pod.terms[PF_TERMS_PREFERRED_AFFINITY].items[0].selector.present);
            check_spreads(&pod);
        }
        /* the lists of the first pod are as they were */
        assert_int_equal(original.spreads[0].selector.requirement_count, 0);
        assert_int_equal(original.terms[PF_TERMS_AFFINITY].items[0].selector.requirement_count, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decoded),
        cmocka_unit_test(test_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

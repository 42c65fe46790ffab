#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/class.h>

static struct pf_sv web_values[] = {PF_SV_INIT("web")};
static struct pf_requirement web[] = {{
    .key = PF_SV_INIT("app"),
    .operator_ = PF_SELECTOR_IN,
    .values = web_values,
    .value_count = 1,
    .valid = true,
}};
static struct pf_label web_labels[] = {{PF_SV_INIT("app"), PF_SV_INIT("web")}};
static struct pf_sv one_namespace[] = {PF_SV_INIT("cocalc")};

/** Namespace `known` has the label app=web, `bare` has none, others are unknown. */
static const struct pf_labels *labels_of(void *opaque, struct pf_sv namespace_)
{
    static const struct pf_labels known = {.items = web_labels, .count = 1};
    static const struct pf_labels bare = {0};

    (void)opaque;
    if (pf_sv_eq_cstr(namespace_, "known")) {
        return &known;
    }
    return pf_sv_eq_cstr(namespace_, "bare") ? &bare : NULL;
}

#define SELECTOR                                                     \
    {                                                                \
        .present = true, .requirements = web, .requirement_count = 1 \
    }

static void test_match(void **state)
{
    static const struct {
        const char *name;
        struct pf_class class_;
        const char *namespace_;
        bool labelled, expect;
    } rows[] = {
        {"everything", {.observe = false}, "any", false, true},
        {"namespace", {.namespaces = one_namespace, .namespace_count = 1}, "cocalc", false, true},
        {"other namespace",
         {.namespaces = one_namespace, .namespace_count = 1},
         "cocalc2",
         false,
         false},
        {"pod selector", {.pod_selector = SELECTOR}, "any", true, true},
        {"pod selector misses", {.pod_selector = SELECTOR}, "any", false, false},
        {"namespace selector", {.namespace_selector = SELECTOR}, "known", false, true},
        {"namespace selector misses", {.namespace_selector = SELECTOR}, "bare", false, false},
        {"namespace unknown", {.namespace_selector = SELECTOR}, "dark", false, false},
        {"both must hold",
         {.namespace_selector = SELECTOR, .pod_selector = SELECTOR},
         "known",
         false,
         false},
    };

    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_pod pod = {0};
        const struct pf_class *got = NULL;

        pod.meta.labels =
            (struct pf_labels){.items = web_labels, .count = rows[i].labelled ? 1 : 0};
        got = pf_class_match(&rows[i].class_, 1, &pod, pf_sv_from(rows[i].namespace_), labels_of,
                             NULL);
        if ((got != NULL) != rows[i].expect) {
            fail_msg("%s", rows[i].name);
        }
    }
}

static void test_first_wins(void **state)
{
    struct pf_class classes[] = {
        {.namespaces = one_namespace, .namespace_count = 1}, {.observe = true}, {.observe = true}};
    struct pf_pod pod = {0};

    (void)state;
    assert_ptr_equal(pf_class_match(classes, 3, &pod, PF_SV("x"), NULL, NULL), &classes[1]);
    assert_ptr_equal(pf_class_match(classes, 3, &pod, PF_SV("cocalc"), NULL, NULL), &classes[0]);
    assert_null(pf_class_match(classes, 1, &pod, PF_SV("x"), NULL, NULL));
    assert_null(pf_class_match(NULL, 0, &pod, PF_SV("x"), NULL, NULL));
}

static void test_member(void **state)
{
    struct pf_class class_ = {0};
    struct pf_pod pod = {0};

    (void)state;
    assert_false(pf_class_is_member(&class_, &pod));
    class_.member_selector =
        (struct pf_label_selector){.present = true, .requirements = web, .requirement_count = 1};
    assert_false(pf_class_is_member(&class_, &pod));
    pod.meta.labels = (struct pf_labels){.items = web_labels, .count = 1};
    assert_true(pf_class_is_member(&class_, &pod));
}

static const struct {
    const char *text, *key, *value, *effect, *error;
} taint_rows[] = {
    {"cocalc-projects=true:NoSchedule", "cocalc-projects", "true", "NoSchedule", NULL},
    {"dedicated:NoExecute", "dedicated", "", "NoExecute", NULL},
    {"a=:PreferNoSchedule", "a", "", "PreferNoSchedule", NULL},
    {"hub.jupyter.org/dedicated=user:NoSchedule", "hub.jupyter.org/dedicated", "user", "NoSchedule",
     NULL},
    {"", NULL, NULL, NULL, "has no effect"},
    {"a=b", NULL, NULL, NULL, "has no effect"},
    {"a=b:", NULL, NULL, NULL, "wrong effect"},
    {"a=b:noschedule", NULL, NULL, NULL, "wrong effect"},
    {"a=b:NoSchedule:NoSchedule", NULL, NULL, NULL, "wrong effect"},
    {"=b:NoSchedule", NULL, NULL, NULL, "no valid key"},
    {":NoSchedule", NULL, NULL, NULL, "no valid key"},
    {"a b=c:NoSchedule", NULL, NULL, NULL, "no valid key"},
    {"Upper.org/x=c:NoSchedule", NULL, NULL, NULL, "no valid key"},
    {"a..b/x=c:NoSchedule", NULL, NULL, NULL, "no valid key"},
    {"-a/x=c:NoSchedule", NULL, NULL, NULL, "no valid key"},
    {"a-/x=c:NoSchedule", NULL, NULL, NULL, "no valid key"},
    {"a.b/=c:NoSchedule", NULL, NULL, NULL, "no valid key"},
    {"/x=c:NoSchedule", NULL, NULL, NULL, "no valid key"},
    {"a/b/c=c:NoSchedule", NULL, NULL, NULL, "no valid key"},
    {"a=b=c:NoSchedule", NULL, NULL, NULL, "no valid value"},
    {"a=-:NoSchedule", NULL, NULL, NULL, "no valid value"},
    {"a=0123456789012345678901234567890123456789012345678901234567890123:NoSchedule", NULL, NULL,
     NULL, "no valid value"},
};

static void test_taint(void **state)
{

    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(taint_rows); i++) {
        struct pf_taint taint = {.key = PF_SV("untouched")};
        struct pf_err err = {0};
        const enum pf_code code =
            pf_class_parse_taint(pf_sv_from(taint_rows[i].text), &taint, &err);

        const bool refused = code == PF_E_INVALID && taint_rows[i].error != NULL &&
                             strstr(err.text, taint_rows[i].error) != NULL &&
                             pf_sv_eq_cstr(taint.key, "untouched");

        if (!refused && (code != PF_OK || taint_rows[i].error != NULL ||
                         !pf_sv_eq_cstr(taint.key, taint_rows[i].key) ||
                         !pf_sv_eq_cstr(taint.value, taint_rows[i].value) ||
                         !pf_sv_eq_cstr(taint.effect, taint_rows[i].effect))) {
            fail_msg("'%s': %s", taint_rows[i].text, err.text);
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(pf_action_name(PF_ACTION_ALLOW), "allow");
    assert_string_equal(pf_action_name(PF_ACTION_ANNOTATE), "annotate");
    assert_string_equal(pf_action_name(PF_ACTION_GATE), "gate");
    assert_string_equal(pf_action_name(PF_ACTION_REJECT), "reject");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),  cmocka_unit_test(test_first_wins),
        cmocka_unit_test(test_member), cmocka_unit_test(test_taint),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

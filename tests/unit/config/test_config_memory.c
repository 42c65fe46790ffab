#include <fail_alloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/config.h>

static const char yaml[] =
    "apiVersion: config.podfit.io/v1\n"
    "kind: PodfitConfiguration\n"
    "classes:\n"
    "- name: a\n"
    "  match: {podSelector: {matchExpressions: [{key: a, operator: In, values: [b]}]}}\n"
    "  defaultQuotas: '{\"mem\":2000}'\n"
    "  maxUpgrades: {cores: 2}\n"
    "  pool: {taint: 'a:NoSchedule', nodeSelector: {a: b}}\n"
    "fit: {featureGates: {PodLevelResources: true}, schedulerConfig: s}\n";
static const char scheduler[] =
    "apiVersion: kubescheduler.config.k8s.io/v1\n"
    "kind: KubeSchedulerConfiguration\n"
    "profiles:\n"
    "- schedulerName: a\n"
    "  plugins: {multiPoint: {enabled: [{name: X}], disabled: [{name: NodePorts}]}}\n"
    "  pluginConfig:\n"
    "  - {name: NodeResourcesFit, args: {ignoredResources: [a/b]}}\n"
    "  - name: NodeAffinity\n"
    "    args: {addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
    "{nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}}\n"
    "extenders: [{urlPrefix: u, filterVerb: f, managedResources: [{name: a/c}]}]\n";

static enum pf_code give(void *opaque, const char *path, struct pf_buf *buf, struct pf_err *err)
{
    (void)opaque;
    (void)path;
    pf_buf_append_cstr(buf, scheduler);
    return pf_buf_status(buf, err);
}

/** Every allocation fails once: the result is an error, and nothing is left behind (LeakSanitizer says so). */
static void test_every_allocation(void **state)
{
    bool succeeded = false;
    long failures = 0;

    (void)state;
    for (long n = 0; !succeeded && n < 10000; n++) {
        pf_autoarena struct pf_arena arena = {0};
        struct pf_problems problems;
        struct pf_config *config = NULL;
        enum pf_code code = PF_OK;

        pf_arena_init(&arena, 1 << 20);
        pf_problems_init(&problems, &arena, "f");
        fail_alloc_after(n);
        const struct pf_config_source source = {.yaml = PF_SV(yaml), .name = "f", .read = give};
        code = pf_config_parse_source(&source, &problems, &config);
        succeeded = fail_alloc_count() <= n;
        fail_alloc_after(-1);
        if (code == PF_OK) {
            assert_non_null(config);
        } else {
            assert_int_equal(code, PF_E_NO_MEMORY);
            assert_null(config);
            failures++;
        }
        pf_config_unref(config);
    }
    assert_true(succeeded);
    assert_true(failures > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

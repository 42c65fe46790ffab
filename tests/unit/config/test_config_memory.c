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
    "fit: {featureGates: {PodLevelResources: true}}\n";

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
        code = pf_config_parse(PF_SV(yaml), "f", &problems, &config);
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

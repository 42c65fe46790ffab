/*
 * Allocations of podfit's own fail, one in each run, while a registration begins from nothing: it says so, tries again and arrives where it would have been. Each of the first
 * ones, then ever fewer: what fails late fails in the same places again.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include "fleet_state.h"

#define DEADLINE_NS     (60 * NS_PER_S)
#define ALLOCATIONS_MAX 100000 /* far more than there are: the loop must end by itself */

static enum pf_code install(void *ctx, struct pf_sv cert_pem, struct pf_sv key_pem,
                            struct pf_err *err)
{
    unsigned *installs = ctx;
    assert_true(cert_pem.len != 0 && key_pem.len != 0);
    assert_non_null(err);
    ++*installs;
    return PF_OK;
}

/* As before the first start: no Secret, no Lease, a bundle that is not ours. */
static void forget(struct fleet *fleet)
{
    (void)fleet_send(fleet, "DELETE", SECRET_PATH, "");
    (void)fleet_send(fleet, "DELETE", LEASE_PATH, "");
    assert_int_equal(fleet_patch(fleet, HOOK_PATH, fleet_stranger), 200);
}

static bool is_settled(struct pf_registration *registration)
{
    const struct pf_registration_stats stats = pf_registration_stats(registration);
    return stats.ready && stats.trusted && stats.bundle_right && stats.problem[0] == '\0';
}

static void step_until_settled(struct fleet *fleet, struct pf_registration *registration, long n)
{
    const int64_t end = pf_clock_mono_ns(pf_clock_system()) + DEADLINE_NS;
    while (!is_settled(registration)) {
        fleet->mono_ahead_ns += fleet->hurry_ms * 1000000;
        fleet->wall_ahead_ns += fleet->hurry_ms * 1000000;
        assert_true(pf_registration_step(registration, 1) >= 1);
        if (pf_clock_mono_ns(pf_clock_system()) > end) {
            fail_msg("allocation %ld: '%s'", n, pf_registration_stats(registration).problem);
        }
    }
}

/* @return whether the @p n-th allocation was there */
static bool fail_one(struct fleet *fleet, long n)
{
    const char *const name = NAME;
    unsigned installs = 0;
    struct pf_registration_options options = fleet_options(fleet);
    options.names = &name;
    options.names_count = 1;
    options.seed = 1;
    options.lease_duration_ms = 3600000;
    options.lease_renew_deadline_ms = 3000000;
    options.install = install;
    options.ctx = &installs;
    struct pf_registration *registration = NULL;
    struct pf_err err = {0};
    forget(fleet);
    fail_alloc_after(n);
    const enum pf_code code = pf_registration_new(&options, &registration, &err);
    if (code == PF_OK) {
        step_until_settled(fleet, registration, n);
        assert_true(installs >= 1);
    } else {
        assert_int_equal(code, PF_E_NO_MEMORY);
        assert_null(registration);
    }
    const bool failed = fail_alloc_count() > n;
    fail_alloc_after(-1);
    pf_registration_free(registration);
    return failed;
}

static void from_nothing(void **state)
{
    long n = 0;
    while (fail_one(*state, n)) {
        n += 1 + n / 16;
        assert_true(n < ALLOCATIONS_MAX);
    }
    assert_true(n > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_nothing, fleet_setup, fleet_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

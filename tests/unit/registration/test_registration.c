/* One CA, the bundle in its place, readiness, rights; options and the thread. */

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fleet_state.h"
#include <podfit/registered_objects.h>

static void check_one_ca(struct fleet *fleet)
{
    pf_autocertset struct pf_certset set = {0};
    pf_autobuf struct pf_buf bundle = {0};
    fleet_secret(fleet, &set);
    fleet_bundle(fleet, &bundle);
    assert_int_equal(fleet_count(pf_certset_view(&set, PF_CERTSET_BUNDLE)), 1);
    assert_true(pf_sv_eq(pf_certset_view(&set, PF_CERTSET_BUNDLE), pf_buf_view(&bundle)));
    for (size_t i = 0; i < FLEET_MAX; i++) {
        assert_true(pf_sv_eq(pf_buf_view(&fleet->members[i].served),
                             pf_certset_view(&set, PF_CERTSET_TLS_CRT)));
    }
    assert_int_equal(fleet_writes(fleet), 1);
    fleet_check_sound(fleet);
}

static void three_at_once(void **state)
{
    fleet_begin(*state, 3);
    check_one_ca(*state);
}

/* Nobody can have the Lease: after a minute all try, and the resourceVersion decides. */
static void three_at_once_without_lease(void **state)
{
    struct fleet *fleet = *state;
    assert_int_equal(fleet_send(fleet, "PUT", "/control", "{\"fail\":{\"/apis/coord\":403}}"), 200);
    const int64_t begun = fleet->mono_ahead_ns;
    fleet_begin(fleet, 3);
    assert_true(fleet->mono_ahead_ns - begun > PF_REGISTRATION_STEP_IN_MS * 900000);
    check_one_ca(fleet);
}

/* Another version has the Lease, renews it and does nothing (webhook practice C-14). */
static void lease_of_another(void **state)
{
    struct fleet *fleet = *state;
    fleet_add(fleet, 0, NAME);
    fleet->hurry_ms = 250;
    const int64_t end = pf_clock_mono_ns(pf_clock_system()) + 40 * NS_PER_S;
    for (int i = 0; !fleet_all_ready(fleet); i++) {
        char body[400];
        (void)snprintf(
            body, sizeof(body),
            "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\",\"metadata\":{\"name\":"
            "\"certificates\"},\"spec\":{\"holderIdentity\":\"old\",\"leaseDurationSeconds\":15,"
            "\"renewTime\":\"2026-01-01T00:00:00.%06dZ\"}}",
            i);
        assert_int_equal(fleet_send(fleet, "PUT", LEASE_PATH, body), 200);
        fleet_step(fleet);
        assert_true(pf_clock_mono_ns(pf_clock_system()) < end);
    }
    assert_false(fleet_stats(fleet, 0).lease_held);
    fleet_check_sound(fleet);
}

static void conflict_is_read_again(void **state)
{
    struct fleet *fleet = *state;
    fleet_begin(fleet, 1);
    assert_int_equal(
        fleet_patch(fleet, SECRET_PATH,
                    "{\"metadata\":{\"annotations\":{\"podfit.io/rotate\":\"leaf\"}}}"),
        200);
    /* of the Lease's and the Secret's next writes */
    assert_int_equal(fleet_send(fleet, "PUT", "/control", "{\"conflicts\":3}"), 200);
    fleet_until(fleet, fleet_has_written_twice, "a new leaf");
    fleet_until(fleet, fleet_all_ready, "readiness");
    assert_int_equal(fleet_stats(fleet, 0).secret_writes, 2);
    fleet_check_sound(fleet);
}

static void reset_ten_times(void **state)
{
    struct fleet *fleet = *state;
    fleet_begin(fleet, 1);
    fleet->hurry_ms = 250;
    int64_t longest_ns = 0;
    for (uint64_t i = 1; i <= 10; i++) {
        const uint64_t writes = fleet_stats(fleet, 0).bundle_writes;
        const int64_t begun = pf_clock_mono_ns(&fleet->clock);
        assert_int_equal(fleet_patch(fleet, HOOK_PATH, fleet_stranger), 200);
        while (fleet_stats(fleet, 0).bundle_resets < i) {
            fleet_step(fleet);
        }
        fleet_until(fleet, fleet_all_ready, "the right bundle");
        assert_int_equal(fleet_stats(fleet, 0).bundle_writes, writes + 1);
        const int64_t took = pf_clock_mono_ns(&fleet->clock) - begun;
        longest_ns = took > longest_ns ? took : longest_ns;
    }
    const struct pf_registration_stats stats = fleet_stats(fleet, 0);
    assert_int_equal(stats.bundle_resets, 10);
    assert_true(longest_ns >= 60 * NS_PER_S); /* who does it for ever is not fought each second */
    assert_true(stats.ready);
    fleet_check_sound(fleet);
}

static void the_rest_of_the_hook_is_kept(void **state)
{
    struct fleet *fleet = *state;
    fleet_begin(fleet, 1);
    assert_int_equal(fleet_send(fleet, "GET", HOOK_PATH, ""), 200);
    assert_non_null(strstr(fleet->answer, "\"failurePolicy\": \"Fail\""));
    assert_non_null(strstr(fleet->answer, "\"url\": \"https://b/\""));
}

static void forbidden(void **state)
{
    struct fleet *fleet = *state;
    assert_int_equal(
        fleet_send(fleet, "PUT", "/control", "{\"fail\":{\"/api/v1/namespaces\":403}}"), 200);
    fleet_add(fleet, 0, NAME);
    fleet_until(fleet, fleet_has_problem, "a problem");
    assert_non_null(strstr(fleet_stats(fleet, 0).problem, "forbidden"));
    assert_false(fleet_stats(fleet, 0).ready);
    assert_int_equal(fleet_send(fleet, "PUT", "/control", "{\"fail\":{}}"), 200);
    fleet_until(fleet, fleet_all_ready, "readiness");
    assert_false(fleet_has_problem(fleet));
    fleet_check_sound(fleet);
}

static void hook_comes_later(void **state)
{
    struct fleet *fleet = *state;
    assert_int_equal(fleet_send(fleet, "GET", HOOK_PATH, ""), 200);
    pf_autobuf struct pf_buf hook = {0};
    pf_buf_init(&hook, sizeof(fleet->answer));
    pf_buf_append_cstr(&hook, fleet->answer);
    assert_int_equal(fleet_send(fleet, "DELETE", HOOK_PATH, ""), 200);
    fleet_add(fleet, 0, NAME);
    fleet_until(fleet, fleet_has_problem, "a problem");
    fleet_pass(fleet, 5000);
    assert_string_equal(fleet_stats(fleet, 0).problem,
                        "there is no MutatingWebhookConfiguration 'podfit'");
    assert_true(fleet_stats(fleet, 0).serving);
    assert_false(fleet_stats(fleet, 0).ready);
    assert_int_equal(fleet_send(fleet, "PUT", HOOK_PATH, hook.data), 200);
    fleet_until(fleet, fleet_all_ready, "readiness");
    /* once ready it stays so: what nobody is asked for any more is no reason to take a replica away */
    assert_int_equal(fleet_send(fleet, "DELETE", HOOK_PATH, ""), 200);
    fleet_until(fleet, fleet_has_problem, "a problem");
    assert_true(fleet_stats(fleet, 0).ready);
    assert_false(fleet_stats(fleet, 0).trusted);
    assert_int_equal(fleet_stats(fleet, 0).bundle_resets, 0);
}

static bool is_served(struct fleet *fleet)
{
    return fleet_stats(fleet, 0).serving;
}

static void install_fails(void **state)
{
    struct fleet *fleet = *state;
    fleet_add(fleet, 0, NAME);
    fleet->members[0].refuses = true;
    fleet_until(fleet, fleet_has_problem, "a problem");
    assert_non_null(strstr(fleet_stats(fleet, 0).problem, "not put in force: refused"));
    assert_int_equal(fleet_stats(fleet, 0).failures, 1);
    fleet->members[0].refuses = false;
    fleet_until(fleet, is_served, "a certificate in force");
    fleet_until(fleet, fleet_all_ready, "readiness");
    fleet_check_sound(fleet);
}

static void bad_options(void **state)
{
    struct fleet *fleet = *state;
    const char *const names[] = {"a b"};
    struct pf_registration_options options = fleet_options(fleet);
    options.names = names;
    struct pf_registration *registration = NULL;
    struct pf_err err = {0};
    assert_int_equal(pf_registration_new(&options, &registration, &err), PF_E_INVALID);
    options.names_count = 1;
    pf_err_clear(&err);
    assert_int_equal(pf_registration_new(&options, &registration, &err), PF_E_INVALID);
    assert_non_null(strstr(err.text, "'a b' is neither a DNS name nor an IP address"));
    assert_null(registration);
}

static void on_a_thread(void **state)
{
    struct fleet *fleet = *state;
    fleet_add(fleet, 0, NAME);
    struct pf_registration *registration = fleet->members[0].registration;
    assert_int_equal(pf_registration_start(registration, NULL), PF_OK);
    const int64_t end = pf_clock_mono_ns(pf_clock_system()) + 30 * NS_PER_S;
    while (!pf_registration_stats(registration).ready) {
        assert_true(pf_clock_mono_ns(pf_clock_system()) < end);
        (void)poll(NULL, 0, 10); /* a pause; the client is used by install() on the other thread */
    }
    pf_registration_stop(registration);
    assert_int_equal(fleet_send(fleet, "GET", LEASE_PATH, ""), 200);
    assert_non_null(strstr(fleet->answer, "\"holderIdentity\": \"\"")); /* released */
    assert_true(fleet_trusted(fleet));
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, fleet_setup, fleet_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(three_at_once),    TEST(three_at_once_without_lease),
        TEST(lease_of_another), TEST(conflict_is_read_again),
        TEST(reset_ten_times),  TEST(the_rest_of_the_hook_is_kept),
        TEST(forbidden),        TEST(hook_comes_later),
        TEST(install_fails),    TEST(bad_options),
        TEST(on_a_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

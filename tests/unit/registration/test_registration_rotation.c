/* Certificates are renewed: by time, by request, for another name. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fleet_state.h"
#include <podfit/registered_objects.h>

/* A leaf each 20 days; the CA at 200 of 300 days: published, after the delay it signs, the old one goes. */
static void years(void **state)
{
    struct fleet *fleet = *state;
    fleet_begin(fleet, 2);
    for (int day = 0; day < 200; day += 25) {
        fleet_remember(fleet);
        fleet_jump(fleet, 25);
        fleet_until(fleet, fleet_has_another_leaf, "a new leaf");
        fleet_until(fleet, fleet_serves_newest, "it in force everywhere");
        fleet_check_sound(fleet);
    }
    assert_true(fleet_stats(fleet, 0).next_ca); /* 200 days have passed with the last leaf */
    fleet_remember(fleet);
    assert_int_equal(fleet_count(pf_certset_view(&fleet->remembered, PF_CERTSET_BUNDLE)), 2);
    fleet_pass(fleet, 60000);
    assert_false(fleet_has_another(fleet, PF_CERTSET_CA_KEY)); /* not before the delay */
    fleet->mono_ahead_ns += PF_REGISTRATION_PUBLISH_DELAY_S * NS_PER_S;
    fleet->wall_ahead_ns += PF_REGISTRATION_PUBLISH_DELAY_S * NS_PER_S;
    fleet_until(fleet, fleet_has_another_ca, "the next CA");
    fleet_until(fleet, fleet_serves_newest, "its leaf in force everywhere");
    fleet_check_sound(fleet);
    assert_int_equal(fleet_stats(fleet, 0).next_ca, false);
    fleet_remember(fleet);
    assert_int_equal(fleet_count(pf_certset_view(&fleet->remembered, PF_CERTSET_BUNDLE)), 2);
    fleet_jump(fleet, 31); /* the last leaf of the old CA has expired */
    fleet_until(fleet, fleet_has_another_bundle, "a bundle without the old CA");
    fleet_remember(fleet);
    assert_int_equal(fleet_count(pf_certset_view(&fleet->remembered, PF_CERTSET_BUNDLE)), 1);
    fleet_check_sound(fleet);
}

static void past_every_end(void **state)
{
    struct fleet *fleet = *state;
    fleet_begin(fleet, 2);
    fleet_remember(fleet);
    fleet_jump(fleet, 4000);
    fleet_until(fleet, fleet_has_another_ca, "a new CA");
    fleet_until(fleet, fleet_serves_newest, "its leaf in force everywhere");
    assert_true(fleet_trusted(fleet));
}

/* The bundle cannot be written: the old CA goes on signing, however long that takes. */
static void held_until_published(void **state)
{
    struct fleet *fleet = *state;
    fleet_begin(fleet, 1);
    fleet_remember(fleet);
    assert_int_equal(fleet_patch(fleet, HOOK_PATH, fleet_stranger), 200);
    assert_int_equal(
        fleet_send(
            fleet, "PUT", "/control",
            "{\"fail\":{\"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/"
            "podfit\":500}}"),
        200);
    fleet_jump(fleet, 201);
    while (!fleet_stats(fleet, 0).next_ca) {
        fleet_step(fleet);
    }
    fleet->hurry_ms = 1000;
    for (int i = 0; i < 4; i++) { /* hours */
        fleet->mono_ahead_ns += 3600 * NS_PER_S;
        fleet->wall_ahead_ns += 3600 * NS_PER_S;
        fleet_pass(fleet, 20000);
        assert_false(fleet_has_another(fleet, PF_CERTSET_CA_KEY));
    }
    assert_non_null(strstr(fleet_stats(fleet, 0).problem, "CA bundle"));
    assert_int_equal(fleet_send(fleet, "PUT", "/control", "{\"fail\":{}}"), 200);
    fleet_until(fleet, fleet_all_ready, "the right bundle");
    fleet_pass(fleet, 20000);
    assert_false(fleet_has_another(fleet, PF_CERTSET_CA_KEY)); /* the delay begins now */
    fleet->mono_ahead_ns += PF_REGISTRATION_PUBLISH_DELAY_S * NS_PER_S;
    fleet_until(fleet, fleet_has_another_ca, "the next CA");
    fleet_until(fleet, fleet_serves_newest, "its leaf in force");
    fleet_check_sound(fleet);
}

static void on_request(void **state)
{
    struct fleet *fleet = *state;
    fleet_begin(fleet, 1);
    fleet_remember(fleet);
    assert_int_equal(
        fleet_patch(fleet, SECRET_PATH,
                    "{\"metadata\":{\"annotations\":{\"podfit.io/rotate\":\"everything\"}}}"),
        200);
    fleet_until(fleet, fleet_has_problem, "a word on the annotation");
    assert_non_null(strstr(fleet_stats(fleet, 0).problem, "allowed are 'ca' and 'leaf'"));
    assert_false(fleet_has_another(fleet, PF_CERTSET_TLS_CRT));
    assert_int_equal(fleet_patch(fleet, SECRET_PATH,
                                 "{\"metadata\":{\"annotations\":{\"podfit.io/rotate\":\"ca\"}}}"),
                     200);
    fleet_until(fleet, fleet_has_another_bundle, "a next CA");
    assert_false(fleet_has_another(fleet, PF_CERTSET_CA_KEY));
    assert_int_equal(fleet_send(fleet, "GET", SECRET_PATH, ""), 200);
    assert_null(strstr(fleet->answer, "podfit.io/rotate"));
    assert_false(fleet_has_problem(fleet));
    /* asked for again while it is under way: nothing but the annotation changes */
    fleet_remember(fleet);
    const uint64_t writes = fleet_writes(fleet);
    assert_int_equal(fleet_patch(fleet, SECRET_PATH,
                                 "{\"metadata\":{\"annotations\":{\"podfit.io/rotate\":\"ca\"}}}"),
                     200);
    while (fleet_writes(fleet) == writes) {
        fleet_step(fleet);
    }
    assert_false(fleet_has_another(fleet, PF_CERTSET_BUNDLE));
    fleet_check_sound(fleet);
}

static bool has_both_names(struct fleet *fleet)
{
    if (!fleet_all_ready(fleet)) {
        return false; /* spares a request */
    }
    pf_autocertset struct pf_certset set = {0};
    fleet_secret(fleet, &set);
    const struct pf_sv leaf = pf_certset_view(&set, PF_CERTSET_TLS_CRT);
    return pf_cert_check_name(leaf, NAME, NULL) == PF_OK &&
           pf_cert_check_name(leaf, "new.podfit.svc", NULL) == PF_OK;
}

/* The old version keeps the Lease, the new one wants another name: both are in the leaf, and it does not go to and fro. */
static void renamed_service(void **state)
{
    struct fleet *fleet = *state;
    fleet_begin(fleet, 1);
    fleet_add(fleet, 1, "new.podfit.svc");
    fleet_until(fleet, has_both_names, "both names");
    fleet_until(fleet, fleet_all_ready, "readiness");
    const uint64_t writes = fleet_writes(fleet);
    fleet_pass(fleet, 120000);
    assert_int_equal(fleet_writes(fleet), writes);
    assert_true(has_both_names(fleet));
    fleet_check_sound(fleet);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, fleet_setup, fleet_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(years),      TEST(past_every_end),  TEST(held_until_published),
        TEST(on_request), TEST(renamed_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A Secret that is not as it should be. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fleet_state.h"
#include <podfit/registered_objects.h>

static void broken_under_us(void **state)
{
    struct fleet *fleet = *state;
    fleet_begin(fleet, 1);
    assert_int_equal(fleet_patch(fleet, SECRET_PATH, "{\"data\":{\"ca.crt\":\"bm9uZQ==\"}}"), 200);
    fleet_until(fleet, fleet_has_problem, "a problem");
    assert_non_null(strstr(fleet_stats(fleet, 0).problem, "'podfit/certificates' cannot be used"));
    assert_true(fleet_stats(fleet, 0).ready);
    /* and the bundle is still put right, from what was known */
    assert_int_equal(fleet_patch(fleet, HOOK_PATH, fleet_stranger), 200);
    while (fleet_stats(fleet, 0).bundle_resets == 0) {
        fleet_step(fleet);
    }
    fleet_until(fleet, fleet_all_ready, "the right bundle");
    assert_int_equal(fleet_writes(fleet), 1); /* nothing is written over what is not ours */
    assert_int_equal(
        fleet_patch(
            fleet, SECRET_PATH,
            "{\"data\":{\"ca.crt\":null,\"ca.key\":null,\"tls.crt\":null,\"tls.key\":null}}"),
        200);
    fleet_until(fleet, fleet_has_written_twice, "the same contents");
    fleet_until(fleet, fleet_has_no_problem, "peace");
    assert_int_equal(fleet_stats(fleet, 0).installs, 1);
    fleet_check_sound(fleet);
}

static void broken_from_the_beginning(void **state)
{
    struct fleet *fleet = *state;
    assert_int_equal(fleet_send(fleet, "PUT", SECRET_PATH,
                                "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
                                "\"certificates\"},\"data\":{\"tls.crt\":\"!\"}}"),
                     200);
    fleet_add(fleet, 0, NAME);
    fleet_until(fleet, fleet_has_problem, "a problem");
    assert_non_null(strstr(fleet_stats(fleet, 0).problem, "'tls.crt' is not base64"));
    fleet_pass(fleet, 100000);
    assert_false(fleet_stats(fleet, 0).ready);
    assert_int_equal(fleet_writes(fleet), 0);
    /* made empty by the operator */
    assert_int_equal(fleet_patch(fleet, SECRET_PATH, "{\"data\":{\"tls.crt\":null}}"), 200);
    fleet_until(fleet, fleet_all_ready, "readiness");
    fleet_check_sound(fleet);
}

static void deleted_under_us(void **state)
{
    struct fleet *fleet = *state;
    fleet_begin(fleet, 2);
    fleet_remember(fleet);
    assert_int_equal(fleet_send(fleet, "DELETE", SECRET_PATH, ""), 200);
    fleet_until(fleet, fleet_has_written_twice, "the Secret");
    assert_false(fleet_has_another(fleet, PF_CERTSET_TLS_KEY));
    assert_false(fleet_has_another(fleet, PF_CERTSET_CA_KEY));
    fleet_pass(fleet, 5000);
    fleet_check_sound(fleet);
}

static bool has_failed(struct fleet *fleet)
{
    return fleet_stats(fleet, 0).failures + fleet_stats(fleet, 1).failures != 0;
}

/* Somebody puts a pair of another CA there, while the bundle cannot be written: it is not served before the API server trusts it. */
static void replaced_under_us(void **state)
{
    struct fleet *fleet = *state;
    fleet_begin(fleet, 2);
    pf_autocertset struct pf_certset set = {0};
    pf_autobuf struct pf_buf body = {0};
    const char *const name = NAME;
    const struct pf_certdir_options options = {.names = &name, .names_count = 1};
    assert_int_equal(pf_certset_create(&options, pf_clock_wall_ns(&fleet->clock), &set, NULL),
                     PF_OK);
    pf_buf_init(&body, (size_t)1 << 20);
    pf_secret_object_create(&body, "podfit", "certificates", &set);
    assert_int_equal(
        fleet_send(
            fleet, "PUT", "/control",
            "{\"fail\":{\"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/"
            "podfit\":500}}"),
        200);
    assert_int_equal(fleet_send(fleet, "PUT", SECRET_PATH, body.data), 200);
    fleet_until(fleet, has_failed, "a bundle that cannot be written");
    fleet_pass(fleet, 10000);
    assert_false(fleet_serves_newest(fleet));
    assert_int_equal(fleet_send(fleet, "PUT", "/control", "{\"fail\":{}}"), 200);
    fleet_until(fleet, fleet_serves_newest, "the new certificate");
    fleet_until(fleet, fleet_all_ready, "the right bundle");
    fleet_check_sound(fleet);
}

/* As cert-manager writes it: no key of the CA. */
static void without_ca_key(void **state)
{
    struct fleet *fleet = *state;
    fleet_begin(fleet, 1);
    assert_int_equal(fleet_patch(fleet, SECRET_PATH, "{\"data\":{\"ca.key\":null}}"), 200);
    fleet_jump(fleet, 25);
    fleet_until(fleet, fleet_has_problem, "a problem");
    assert_non_null(strstr(fleet_stats(fleet, 0).problem, "there is no 'ca.key'"));
    assert_true(fleet_stats(fleet, 0).trusted);
    fleet_check_sound(fleet);
}

/* Keys of a later version stay, and its Secret is read (webhook practice C-14). */
static void layout_of_another_version(void **state)
{
    struct fleet *fleet = *state;
    fleet_begin(fleet, 1);
    assert_int_equal(fleet_patch(fleet, SECRET_PATH, "{\"data\":{\"more.key\":\"bW9yZQ==\"}}"),
                     200);
    fleet_remove(fleet, 0);
    fleet_begin(fleet, 1);
    fleet_remember(fleet);
    fleet_jump(fleet, 25);
    fleet_until(fleet, fleet_has_another_leaf, "a new leaf");
    assert_int_equal(fleet_send(fleet, "GET", SECRET_PATH, ""), 200);
    assert_non_null(strstr(fleet->answer, "\"more.key\": \"bW9yZQ==\""));
    fleet_check_sound(fleet);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, fleet_setup, fleet_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(broken_under_us),  TEST(broken_from_the_beginning),
        TEST(deleted_under_us), TEST(replaced_under_us),
        TEST(without_ca_key),   TEST(layout_of_another_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

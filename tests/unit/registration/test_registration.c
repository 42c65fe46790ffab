#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fleet.h"
#include <podfit/registered_objects.h>

#define NAME "podfit.podfit.svc"

/* ---- conditions ---- */

static bool all_ready(struct fleet *fleet)
{
    bool ready = true;
    for (size_t i = 0; i < FLEET_MAX; i++) {
        if (fleet->members[i].registration != NULL) {
            const struct pf_registration_stats stats = fleet_stats(fleet, i);
            ready = ready && stats.ready && stats.bundle_right;
        }
    }
    return ready;
}

static uint64_t sum_writes(struct fleet *fleet)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < FLEET_MAX; i++) {
        sum += fleet->members[i].registration != NULL ? fleet_stats(fleet, i).secret_writes : 0;
    }
    return sum;
}

static bool has_problem(struct fleet *fleet)
{
    return fleet_stats(fleet, 0).problem[0] != '\0';
}

static bool has_failed(struct fleet *fleet)
{
    return fleet_stats(fleet, 0).failures + fleet_stats(fleet, 1).failures != 0;
}

static bool has_no_problem(struct fleet *fleet)
{
    return !has_problem(fleet);
}

/* What every test may expect at its end. */
static void check_sound(struct fleet *fleet)
{
    assert_int_equal(fleet->worse, 0);
    assert_true(fleet_trusted(fleet));
}

static void begin(struct fleet *fleet, size_t replicas)
{
    for (size_t i = 0; i < replicas; i++) {
        fleet_add(fleet, i, NAME);
    }
    fleet_until(fleet, all_ready, "readiness of all");
}

/* ---- one CA ---- */

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
    assert_int_equal(sum_writes(fleet), 1);
    check_sound(fleet);
}

static void three_at_once(void **state)
{
    begin(*state, 3);
    check_one_ca(*state);
}

/* Nobody can have the Lease: after a minute all try, and the resourceVersion decides. */
static void three_at_once_without_lease(void **state)
{
    struct fleet *fleet = *state;
    assert_int_equal(fleet_send(fleet, "PUT", "/control", "{\"fail\":{\"/apis/coord\":403}}"), 200);
    const int64_t begun = fleet->mono_ahead_ns;
    begin(fleet, 3);
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
    for (int i = 0; !all_ready(fleet); i++) {
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
    check_sound(fleet);
}

static bool has_written_twice(struct fleet *fleet)
{
    return sum_writes(fleet) == 2;
}

static void conflict_is_read_again(void **state)
{
    struct fleet *fleet = *state;
    begin(fleet, 1);
    assert_int_equal(
        fleet_patch(fleet, SECRET_PATH,
                    "{\"metadata\":{\"annotations\":{\"podfit.io/rotate\":\"leaf\"}}}"),
        200);
    /* of the Lease's and the Secret's next writes */
    assert_int_equal(fleet_send(fleet, "PUT", "/control", "{\"conflicts\":3}"), 200);
    fleet_until(fleet, has_written_twice, "a new leaf");
    fleet_until(fleet, all_ready, "readiness");
    assert_int_equal(fleet_stats(fleet, 0).secret_writes, 2);
    check_sound(fleet);
}

/* ---- the bundle ---- */

static const char stranger[] =
    "{\"webhooks\":[{\"name\":\"a.podfit.io\",\"clientConfig\":{\"url\":\"https://a/\"}},"
    "{\"name\":\"b.podfit.io\",\"clientConfig\":{\"url\":\"https://b/\",\"caBundle\":\"Cg==\"}}]}";

static void reset_ten_times(void **state)
{
    struct fleet *fleet = *state;
    begin(fleet, 1);
    fleet->hurry_ms = 250;
    int64_t longest_ns = 0;
    for (uint64_t i = 1; i <= 10; i++) {
        const uint64_t writes = fleet_stats(fleet, 0).bundle_writes;
        const int64_t begun = pf_clock_mono_ns(&fleet->clock);
        assert_int_equal(fleet_patch(fleet, HOOK_PATH, stranger), 200);
        while (fleet_stats(fleet, 0).bundle_resets < i) {
            fleet_step(fleet);
        }
        fleet_until(fleet, all_ready, "the right bundle");
        assert_int_equal(fleet_stats(fleet, 0).bundle_writes, writes + 1);
        const int64_t took = pf_clock_mono_ns(&fleet->clock) - begun;
        longest_ns = took > longest_ns ? took : longest_ns;
    }
    const struct pf_registration_stats stats = fleet_stats(fleet, 0);
    assert_int_equal(stats.bundle_resets, 10);
    assert_true(longest_ns >= 60 * NS_PER_S); /* who does it for ever is not fought each second */
    assert_true(stats.ready);
    check_sound(fleet);
}

static void the_rest_of_the_hook_is_kept(void **state)
{
    struct fleet *fleet = *state;
    begin(fleet, 1);
    assert_int_equal(fleet_send(fleet, "GET", HOOK_PATH, ""), 200);
    assert_non_null(strstr(fleet->answer, "\"failurePolicy\": \"Fail\""));
    assert_non_null(strstr(fleet->answer, "\"url\": \"https://b/\""));
}

/* ---- rotation by time ---- */

static void jump(struct fleet *fleet, int64_t days)
{
    fleet->wall_ahead_ns += days * DAY_S * NS_PER_S;
}

static struct pf_certset remembered;

static bool has_another(struct fleet *fleet, enum pf_certset_part part)
{
    pf_autocertset struct pf_certset set = {0};
    fleet_secret(fleet, &set);
    return !pf_sv_eq(pf_certset_view(&set, part), pf_certset_view(&remembered, part));
}

static bool has_another_leaf(struct fleet *fleet)
{
    return has_another(fleet, PF_CERTSET_TLS_CRT) && all_ready(fleet) && fleet_trusted(fleet);
}

static bool has_another_ca(struct fleet *fleet)
{
    return has_another(fleet, PF_CERTSET_CA_KEY) && all_ready(fleet) && fleet_trusted(fleet);
}

static bool has_another_bundle(struct fleet *fleet)
{
    return has_another(fleet, PF_CERTSET_BUNDLE) && all_ready(fleet) && fleet_trusted(fleet);
}

static void remember(struct fleet *fleet)
{
    pf_certset_done(&remembered);
    fleet_secret(fleet, &remembered);
}

static bool serves_newest(struct fleet *fleet)
{
    pf_autocertset struct pf_certset set = {0};
    fleet_secret(fleet, &set);
    bool same = true;
    for (size_t i = 0; i < FLEET_MAX; i++) {
        same = same && (fleet->members[i].registration == NULL ||
                        pf_sv_eq(pf_buf_view(&fleet->members[i].served),
                                 pf_certset_view(&set, PF_CERTSET_TLS_CRT)));
    }
    return same;
}

/* A leaf each 20 days; the CA at 200 of 300 days: published, after the delay it signs, the old one goes. */
static void years(void **state)
{
    struct fleet *fleet = *state;
    begin(fleet, 2);
    for (int day = 0; day < 200; day += 25) {
        remember(fleet);
        jump(fleet, 25);
        fleet_until(fleet, has_another_leaf, "a new leaf");
        fleet_until(fleet, serves_newest, "it in force everywhere");
        check_sound(fleet);
    }
    assert_true(fleet_stats(fleet, 0).next_ca); /* 200 days have passed with the last leaf */
    remember(fleet);
    assert_int_equal(fleet_count(pf_certset_view(&remembered, PF_CERTSET_BUNDLE)), 2);
    fleet_pass(fleet, 60000);
    assert_false(has_another(fleet, PF_CERTSET_CA_KEY)); /* not before the delay */
    fleet->mono_ahead_ns += PF_REGISTRATION_PUBLISH_DELAY_S * NS_PER_S;
    fleet->wall_ahead_ns += PF_REGISTRATION_PUBLISH_DELAY_S * NS_PER_S;
    fleet_until(fleet, has_another_ca, "the next CA");
    fleet_until(fleet, serves_newest, "its leaf in force everywhere");
    check_sound(fleet);
    assert_int_equal(fleet_stats(fleet, 0).next_ca, false);
    remember(fleet);
    assert_int_equal(fleet_count(pf_certset_view(&remembered, PF_CERTSET_BUNDLE)), 2);
    jump(fleet, 31); /* the last leaf of the old CA has expired */
    fleet_until(fleet, has_another_bundle, "a bundle without the old CA");
    remember(fleet);
    assert_int_equal(fleet_count(pf_certset_view(&remembered, PF_CERTSET_BUNDLE)), 1);
    check_sound(fleet);
}

static void past_every_end(void **state)
{
    struct fleet *fleet = *state;
    begin(fleet, 2);
    remember(fleet);
    jump(fleet, 4000);
    fleet_until(fleet, has_another_ca, "a new CA");
    fleet_until(fleet, serves_newest, "its leaf in force everywhere");
    assert_true(fleet_trusted(fleet));
}

/* The bundle cannot be written: the old CA goes on signing, however long that takes. */
static void held_until_published(void **state)
{
    struct fleet *fleet = *state;
    begin(fleet, 1);
    remember(fleet);
    assert_int_equal(fleet_patch(fleet, HOOK_PATH, stranger), 200);
    assert_int_equal(
        fleet_send(
            fleet, "PUT", "/control",
            "{\"fail\":{\"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/"
            "podfit\":500}}"),
        200);
    jump(fleet, 201);
    while (!fleet_stats(fleet, 0).next_ca) {
        fleet_step(fleet);
    }
    fleet->hurry_ms = 1000;
    for (int i = 0; i < 4; i++) { /* hours */
        fleet->mono_ahead_ns += 3600 * NS_PER_S;
        fleet->wall_ahead_ns += 3600 * NS_PER_S;
        fleet_pass(fleet, 20000);
        assert_false(has_another(fleet, PF_CERTSET_CA_KEY));
    }
    assert_non_null(strstr(fleet_stats(fleet, 0).problem, "CA bundle"));
    assert_int_equal(fleet_send(fleet, "PUT", "/control", "{\"fail\":{}}"), 200);
    fleet_until(fleet, all_ready, "the right bundle");
    fleet_pass(fleet, 20000);
    assert_false(has_another(fleet, PF_CERTSET_CA_KEY)); /* the delay begins now */
    fleet->mono_ahead_ns += PF_REGISTRATION_PUBLISH_DELAY_S * NS_PER_S;
    fleet_until(fleet, has_another_ca, "the next CA");
    fleet_until(fleet, serves_newest, "its leaf in force");
    check_sound(fleet);
}

/* ---- by request ---- */

static void on_request(void **state)
{
    struct fleet *fleet = *state;
    begin(fleet, 1);
    remember(fleet);
    assert_int_equal(
        fleet_patch(fleet, SECRET_PATH,
                    "{\"metadata\":{\"annotations\":{\"podfit.io/rotate\":\"everything\"}}}"),
        200);
    fleet_until(fleet, has_problem, "a word on the annotation");
    assert_non_null(strstr(fleet_stats(fleet, 0).problem, "allowed are 'ca' and 'leaf'"));
    assert_false(has_another(fleet, PF_CERTSET_TLS_CRT));
    assert_int_equal(fleet_patch(fleet, SECRET_PATH,
                                 "{\"metadata\":{\"annotations\":{\"podfit.io/rotate\":\"ca\"}}}"),
                     200);
    fleet_until(fleet, has_another_bundle, "a next CA");
    assert_false(has_another(fleet, PF_CERTSET_CA_KEY));
    assert_int_equal(fleet_send(fleet, "GET", SECRET_PATH, ""), 200);
    assert_null(strstr(fleet->answer, "podfit.io/rotate"));
    assert_false(has_problem(fleet));
    /* asked for again while it is under way: nothing but the annotation changes */
    remember(fleet);
    const uint64_t writes = sum_writes(fleet);
    assert_int_equal(fleet_patch(fleet, SECRET_PATH,
                                 "{\"metadata\":{\"annotations\":{\"podfit.io/rotate\":\"ca\"}}}"),
                     200);
    while (sum_writes(fleet) == writes) {
        fleet_step(fleet);
    }
    assert_false(has_another(fleet, PF_CERTSET_BUNDLE));
    check_sound(fleet);
}

/* ---- a Secret that is not as it should be ---- */

static void broken_under_us(void **state)
{
    struct fleet *fleet = *state;
    begin(fleet, 1);
    assert_int_equal(fleet_patch(fleet, SECRET_PATH, "{\"data\":{\"ca.crt\":\"bm9uZQ==\"}}"), 200);
    fleet_until(fleet, has_problem, "a problem");
    assert_non_null(strstr(fleet_stats(fleet, 0).problem, "'podfit/certificates' cannot be used"));
    assert_true(fleet_stats(fleet, 0).ready);
    /* and the bundle is still put right, from what was known */
    assert_int_equal(fleet_patch(fleet, HOOK_PATH, stranger), 200);
    while (fleet_stats(fleet, 0).bundle_resets == 0) {
        fleet_step(fleet);
    }
    fleet_until(fleet, all_ready, "the right bundle");
    assert_int_equal(sum_writes(fleet), 1); /* nothing is written over what is not ours */
    assert_int_equal(
        fleet_patch(
            fleet, SECRET_PATH,
            "{\"data\":{\"ca.crt\":null,\"ca.key\":null,\"tls.crt\":null,\"tls.key\":null}}"),
        200);
    fleet_until(fleet, has_written_twice, "the same contents");
    fleet_until(fleet, has_no_problem, "peace");
    assert_int_equal(fleet_stats(fleet, 0).installs, 1);
    check_sound(fleet);
}

static void broken_from_the_beginning(void **state)
{
    struct fleet *fleet = *state;
    assert_int_equal(fleet_send(fleet, "PUT", SECRET_PATH,
                                "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
                                "\"certificates\"},\"data\":{\"tls.crt\":\"!\"}}"),
                     200);
    fleet_add(fleet, 0, NAME);
    fleet_until(fleet, has_problem, "a problem");
    assert_non_null(strstr(fleet_stats(fleet, 0).problem, "'tls.crt' is not base64"));
    fleet_pass(fleet, 100000);
    assert_false(fleet_stats(fleet, 0).ready);
    assert_int_equal(sum_writes(fleet), 0);
    /* made empty by the operator */
    assert_int_equal(fleet_patch(fleet, SECRET_PATH, "{\"data\":{\"tls.crt\":null}}"), 200);
    fleet_until(fleet, all_ready, "readiness");
    check_sound(fleet);
}

static void deleted_under_us(void **state)
{
    struct fleet *fleet = *state;
    begin(fleet, 2);
    remember(fleet);
    assert_int_equal(fleet_send(fleet, "DELETE", SECRET_PATH, ""), 200);
    fleet_until(fleet, has_written_twice, "the Secret");
    assert_false(has_another(fleet, PF_CERTSET_TLS_KEY));
    assert_false(has_another(fleet, PF_CERTSET_CA_KEY));
    fleet_pass(fleet, 5000);
    check_sound(fleet);
}

/* Somebody puts a pair of another CA there, while the bundle cannot be written: it is not served before the API server trusts it. */
static void replaced_under_us(void **state)
{
    struct fleet *fleet = *state;
    begin(fleet, 2);
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
    assert_false(serves_newest(fleet));
    assert_int_equal(fleet_send(fleet, "PUT", "/control", "{\"fail\":{}}"), 200);
    fleet_until(fleet, serves_newest, "the new certificate");
    fleet_until(fleet, all_ready, "the right bundle");
    check_sound(fleet);
}

/* As cert-manager writes it: no key of the CA. */
static void without_ca_key(void **state)
{
    struct fleet *fleet = *state;
    begin(fleet, 1);
    assert_int_equal(fleet_patch(fleet, SECRET_PATH, "{\"data\":{\"ca.key\":null}}"), 200);
    jump(fleet, 25);
    fleet_until(fleet, has_problem, "a problem");
    assert_non_null(strstr(fleet_stats(fleet, 0).problem, "there is no 'ca.key'"));
    assert_true(fleet_stats(fleet, 0).trusted);
    check_sound(fleet);
}

/* Keys of a later version stay, and its Secret is read (webhook practice C-14). */
static void layout_of_another_version(void **state)
{
    struct fleet *fleet = *state;
    begin(fleet, 1);
    assert_int_equal(fleet_patch(fleet, SECRET_PATH, "{\"data\":{\"more.key\":\"bW9yZQ==\"}}"),
                     200);
    fleet_remove(fleet, 0);
    begin(fleet, 1);
    remember(fleet);
    jump(fleet, 25);
    fleet_until(fleet, has_another_leaf, "a new leaf");
    assert_int_equal(fleet_send(fleet, "GET", SECRET_PATH, ""), 200);
    assert_non_null(strstr(fleet->answer, "\"more.key\": \"bW9yZQ==\""));
    check_sound(fleet);
}

/* ---- names ---- */

static bool has_both_names(struct fleet *fleet)
{
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
    begin(fleet, 1);
    fleet_add(fleet, 1, "new.podfit.svc");
    fleet_until(fleet, has_both_names, "both names");
    fleet_until(fleet, all_ready, "readiness");
    const uint64_t writes = sum_writes(fleet);
    fleet_pass(fleet, 120000);
    assert_int_equal(sum_writes(fleet), writes);
    assert_true(has_both_names(fleet));
    check_sound(fleet);
}

/* ---- rights, and what is not there ---- */

static void forbidden(void **state)
{
    struct fleet *fleet = *state;
    assert_int_equal(
        fleet_send(fleet, "PUT", "/control", "{\"fail\":{\"/api/v1/namespaces\":403}}"), 200);
    fleet_add(fleet, 0, NAME);
    fleet_until(fleet, has_problem, "a problem");
    assert_non_null(strstr(fleet_stats(fleet, 0).problem, "forbidden"));
    assert_false(fleet_stats(fleet, 0).ready);
    assert_int_equal(fleet_send(fleet, "PUT", "/control", "{\"fail\":{}}"), 200);
    fleet_until(fleet, all_ready, "readiness");
    assert_false(has_problem(fleet));
    check_sound(fleet);
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
    fleet_until(fleet, has_problem, "a problem");
    fleet_pass(fleet, 5000);
    assert_string_equal(fleet_stats(fleet, 0).problem,
                        "there is no MutatingWebhookConfiguration 'podfit'");
    assert_true(fleet_stats(fleet, 0).serving);
    assert_false(fleet_stats(fleet, 0).ready);
    assert_int_equal(fleet_send(fleet, "PUT", HOOK_PATH, hook.data), 200);
    fleet_until(fleet, all_ready, "readiness");
    /* once ready it stays so: what nobody is asked for any more is no reason to take a replica away */
    assert_int_equal(fleet_send(fleet, "DELETE", HOOK_PATH, ""), 200);
    fleet_until(fleet, has_problem, "a problem");
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
    fleet_until(fleet, has_problem, "a problem");
    assert_non_null(strstr(fleet_stats(fleet, 0).problem, "not put in force: refused"));
    assert_int_equal(fleet_stats(fleet, 0).failures, 1);
    fleet->members[0].refuses = false;
    fleet_until(fleet, is_served, "a certificate in force");
    fleet_until(fleet, all_ready, "readiness");
    check_sound(fleet);
}

static void bad_options(void **state)
{
    struct fleet *fleet = *state;
    const char *const names[] = {"a b"};
    struct pf_registration_options options = {
        .config = &fleet->config,
        .clock = &fleet->clock,
        .user_agent = "test",
        .hook_name = "podfit",
        .secret_space = "podfit",
        .secret_name = "certificates",
        .lease_space = "podfit",
        .lease_name = "certificates",
        .identity = "me",
        .names = names,
        .publish_delay_s = -1,
    };
    struct pf_registration *registration = NULL;
    struct pf_err err = {0};
    assert_int_equal(pf_registration_new(&options, &registration, &err), PF_E_INVALID);
    options.names_count = 1;
    pf_err_clear(&err);
    assert_int_equal(pf_registration_new(&options, &registration, &err), PF_E_INVALID);
    assert_non_null(strstr(err.text, "'a b' is neither a DNS name nor an IP address"));
    assert_null(registration);
}

/* ---- its own thread ---- */

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

static int end_of_all(void **state)
{
    pf_certset_done(&remembered);
    return fleet_teardown(state);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, fleet_setup, end_of_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(three_at_once),
        TEST(three_at_once_without_lease),
        TEST(lease_of_another),
        TEST(conflict_is_read_again),
        TEST(reset_ten_times),
        TEST(the_rest_of_the_hook_is_kept),
        TEST(years),
        TEST(past_every_end),
        TEST(held_until_published),
        TEST(on_request),
        TEST(broken_under_us),
        TEST(broken_from_the_beginning),
        TEST(deleted_under_us),
        TEST(replaced_under_us),
        TEST(without_ca_key),
        TEST(layout_of_another_version),
        TEST(renamed_service),
        TEST(forbidden),
        TEST(hook_comes_later),
        TEST(install_fails),
        TEST(bad_options),
        TEST(on_a_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

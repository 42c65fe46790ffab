#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "stub.h"
#include <podfit/lease.h>

#define NS_PER_MS  INT64_C(1000000)
#define TICK_MS    INT64_C(100)
#define LEASE_PATH "/apis/coordination.k8s.io/v1/namespaces/podfit/leases/certificates"

/* Two replicas on one client; time goes on only with pass(). */
struct pair {
    struct stub *stub;
    struct pf_kube_client *client;
    struct pf_lease *leases[2];
    int changes[2];
};

static void on_changed(void *ctx, bool held)
{
    int *changes = ctx;
    *changes += held ? 1 : 100;
}

static struct pf_lease *make(struct pair *pair, const char *identity, size_t index)
{
    const struct pf_lease_options options = {
        .client = pair->client,
        .clock = &pair->stub->clock,
        .space = "podfit",
        .name = "certificates",
        .identity = identity,
        .seed = 1,
        .changed = on_changed,
        .ctx = &pair->changes[index],
    };
    struct pf_lease *lease = NULL;
    struct pf_err err = {0};
    if (pf_lease_new(&options, &lease, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    return lease;
}

static struct pair begin(struct stub *stub)
{
    struct pair pair = {.stub = stub, .client = stub_client(stub)};
    return pair;
}

static void end(struct pair *pair)
{
    pf_lease_free(pair->leases[0]);
    pf_lease_free(pair->leases[1]);
    pf_kube_client_free(pair->client);
}

/* Never two holders, whatever happens. */
static void pass(struct pair *pair, int64_t ms)
{
    for (int64_t passed = 0; passed < ms; passed += TICK_MS) {
        pair->stub->mono_ahead_ns += TICK_MS * NS_PER_MS;
        for (size_t i = 0; i < 2; i++) {
            if (pair->leases[i] != NULL) {
                assert_true(pf_lease_tick(pair->leases[i]) >= 1);
            }
        }
        while (pf_kube_client_stats(pair->client).under_way != 0) {
            pf_kube_client_step(pair->client, 100);
        }
        assert_false(pair->leases[0] != NULL && pair->leases[1] != NULL &&
                     pf_lease_held(pair->leases[0]) && pf_lease_held(pair->leases[1]));
    }
}

static void one_holder(void **state)
{
    struct pair pair = begin(*state);
    pair.leases[0] = make(&pair, "a", 0);
    pass(&pair, 1000);
    assert_true(pf_lease_held(pair.leases[0]));
    pair.leases[1] = make(&pair, "b", 1);
    pass(&pair, 60000); /* four times its duration */
    const struct pf_lease_stats a = pf_lease_stats(pair.leases[0]);
    const struct pf_lease_stats b = pf_lease_stats(pair.leases[1]);
    assert_true(a.held);
    assert_false(b.held);
    assert_string_equal(b.holder, "a");
    assert_true(a.renewals >= 25);
    assert_int_equal(a.failures + b.failures + a.losses, 0);
    assert_int_equal(pair.changes[0], 1);
    assert_int_equal(pair.changes[1], 0);
    const struct answer answer = stub_get(pair.client, LEASE_PATH);
    assert_non_null(strstr(answer.text, "\"kept\": \"yes\""));
    assert_non_null(strstr(answer.text, "\"leaseDurationSeconds\": 15"));
    end(&pair);
}

static void holder_dies(void **state)
{
    struct pair pair = begin(*state);
    pair.leases[0] = make(&pair, "a", 0);
    pair.leases[1] = make(&pair, "b", 1);
    pass(&pair, 5000);
    const size_t holder = pf_lease_held(pair.leases[0]) ? 0 : 1;
    const size_t other = 1 - holder;
    pf_lease_free(PF_TAKE(pair.leases[holder]));
    pass(&pair, 9000);
    assert_false(pf_lease_held(pair.leases[other])); /* it may still be alive */
    pass(&pair, 13000);
    assert_true(pf_lease_held(pair.leases[other]));
    const struct answer answer = stub_get(pair.client, LEASE_PATH);
    assert_non_null(strstr(answer.text, "\"leaseTransitions\": 1"));
    end(&pair);
}

static void released(void **state)
{
    struct pair pair = begin(*state);
    pair.leases[0] = make(&pair, "a", 0);
    pass(&pair, 1000);
    pair.leases[1] = make(&pair, "b", 1);
    pass(&pair, 1000);
    pf_lease_release(pair.leases[0]);
    assert_false(pf_lease_held(pair.leases[0]));
    assert_int_equal(pair.changes[0], 101);
    pass(&pair, 5000); /* at most one retry with its jitter */
    assert_true(pf_lease_released(pair.leases[0]));
    assert_true(pf_lease_held(pair.leases[1]));
    assert_int_equal(pf_lease_stats(pair.leases[0]).losses, 0);
    pf_lease_release(pair.leases[1]);
    pass(&pair, TICK_MS);
    assert_true(pf_lease_released(pair.leases[1]));
    end(&pair);
}

static void server_is_away(void **state)
{
    struct pair pair = begin(*state);
    pair.leases[0] = make(&pair, "a", 0);
    pass(&pair, 3000);
    assert_true(pf_lease_held(pair.leases[0]));
    stub_put(pair.stub, "output", "fail");
    pass(&pair, 5000);
    assert_true(pf_lease_held(pair.leases[0]));
    pass(&pair, 6000);
    assert_false(pf_lease_held(pair.leases[0])); /* before another may take it */
    assert_int_equal(pair.changes[0], 101);
    const struct pf_lease_stats stats = pf_lease_stats(pair.leases[0]);
    assert_true(stats.failures >= 3);
    assert_int_equal(stats.losses, 1);
    assert_non_null(strstr(stats.last_failure, "the lease: etcd is away"));
    char path[128];
    stub_path(pair.stub, "output", path);
    assert_int_equal(remove(path), 0);
    pass(&pair, 5000);
    assert_true(pf_lease_held(pair.leases[0]));
    pf_lease_release(pair.leases[0]);
    stub_put(pair.stub, "output", "fail");
    pass(&pair, TICK_MS);
    assert_true(pf_lease_released(pair.leases[0])); /* not well, but at its end */
    end(&pair);
}

static void touched_by_others(void **state)
{
    struct pair pair = begin(*state);
    pair.leases[0] = make(&pair, "a", 0);
    pass(&pair, 1000);
    for (int i = 0; i < 10; i++) {
        const struct answer answer = stub_get(pair.client, LEASE_PATH);
        char version[64] = "";
        const char *at = strstr(answer.text, "\"resourceVersion\": \"");
        assert_non_null(at);
        (void)snprintf(version, sizeof(version), "%.*s", (int)strcspn(at + 20, "\""), at + 20);
        char body[256];
        (void)snprintf(body, sizeof(body),
                       "{\"metadata\":{\"resourceVersion\":\"%s\"},\"spec\":{}}", version);
        const struct pf_kube_request touch = {
            .method = "PATCH", .path = LEASE_PATH, .what = "touch", .body = pf_sv_from(body)};
        pf_autobuf struct pf_buf got = {0};
        int status = 0;
        pf_buf_init(&got, 65536);
        assert_int_equal(pf_kube_client_call(pair.client, &touch, &got, &status, NULL), PF_OK);
        pass(&pair, 4000);
        assert_true(pf_lease_held(pair.leases[0]));
    }
    assert_int_equal(pf_lease_stats(pair.leases[0]).failures, 0);
    end(&pair);
}

static void decoded(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        enum pf_code code;
    } rows[] = {
        {"empty", "", PF_E_INVALID},
        {"another kind", "{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"1\"}}",
         PF_E_INVALID},
        {"no version", "{\"kind\":\"Lease\",\"metadata\":{}}", PF_E_INVALID},
        {"fraction",
         "{\"kind\":\"Lease\",\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{"
         "\"leaseDurationSeconds\":1.5}}",
         PF_E_INVALID},
        {"empty spec", "{\"kind\":\"Lease\",\"metadata\":{\"resourceVersion\":\"1\"}}", PF_OK},
        {"nulls",
         "{\"kind\":\"Lease\",\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{"
         "\"holderIdentity\":null,\"leaseDurationSeconds\":null}}",
         PF_OK},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autoarena struct pf_arena arena = {0};
        struct pf_lease_record record = {.transitions = 7};
        struct pf_err err = {0};
        pf_arena_init(&arena, 65536);
        const enum pf_code code = pf_lease_decode(pf_sv_from(rows[i].text), &arena, &record, &err);
        if (code != rows[i].code) {
            fail_msg("%s: %s '%s'", rows[i].name, pf_code_name(code), err.text);
        }
        assert_int_equal(record.transitions, code == PF_OK ? 0 : 7);
    }
}

static void bad_options(void **state)
{
    (void)state;
    static const struct {
        const char *identity;
        int64_t duration_ms;
        int64_t renew_deadline_ms;
        int64_t retry_ms;
    } rows[] = {
        {"", 0, 0, 0},          {"a", 500, 300, 100},    {"a", 1500, 300, 100},
        {"a", 2000, 2000, 100}, {"a", 2000, 1000, 1000}, {"a", 2000, 1000, -1},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_lease_options options = {
            .clock = pf_clock_system(),
            .space = "a",
            .name = "b",
            .identity = rows[i].identity,
            .duration_ms = rows[i].duration_ms,
            .renew_deadline_ms = rows[i].renew_deadline_ms,
            .retry_ms = rows[i].retry_ms,
        };
        struct pf_lease *lease = NULL;
        assert_int_equal(pf_lease_new(&options, &lease, NULL), PF_E_INVALID);
        assert_null(lease);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_holder, stub_setup_plain, stub_teardown),
        cmocka_unit_test_setup_teardown(holder_dies, stub_setup_plain, stub_teardown),
        cmocka_unit_test_setup_teardown(released, stub_setup_plain, stub_teardown),
        cmocka_unit_test_setup_teardown(server_is_away, stub_setup_plain, stub_teardown),
        cmocka_unit_test_setup_teardown(touched_by_others, stub_setup_plain, stub_teardown),
        cmocka_unit_test(decoded),
        cmocka_unit_test(bad_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

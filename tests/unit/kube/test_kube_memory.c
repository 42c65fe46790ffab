#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include "stub.h"
#include <podfit/exec_plugin.h>
#include <podfit/lease.h>

/* Every allocation of ours fails once: the result is an error or what it is without, and nothing leaks (AddressSanitizer looks). libcurl's own are its own. */

#define ALLOCATIONS_MAX 2000 /* far more than there are: the loop must end by itself */

static const char config_text[] =
    "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
    "contexts: [{name: c, context: {cluster: k, user: u, namespace: web}}]\n"
    "clusters:\n- name: k\n  cluster:\n    server: https://a/\n    proxy-url: socks5://b\n"
    "    certificate-authority-data: YQ==\n"
    "    extensions: [{name: client.authentication.k8s.io/exec, extension: {a: b}}]\n"
    "users: [{name: u, user: {client-certificate: c, client-key: k, exec: {command: ./x, args: [a], "
    "env: [{name: A, value: b}], apiVersion: client.authentication.k8s.io/v1beta1}}}]\n";

static void kubeconfig(void **state)
{
    (void)state;
    for (long n = 0; n < ALLOCATIONS_MAX; n++) {
        pf_autoarena struct pf_arena arena = {0};
        struct pf_kube_config config = {.space = "untouched"};
        struct pf_err err = {0};
        pf_arena_init(&arena, (size_t)1 << 20);
        fail_alloc_after(n);
        const enum pf_code code =
            pf_kubeconfig_parse(pf_sv_from(config_text), "kubeconfig", NULL, &arena, &config, &err);
        const bool all = fail_alloc_count() <= n;
        fail_alloc_after(-1);
        if (all) {
            assert_int_equal(code, PF_OK);
            return;
        }
        if (code != PF_OK) {
            assert_int_equal(code, PF_E_NO_MEMORY);
            assert_string_equal(config.space, "untouched");
        }
    }
    fail_msg("it never ended");
}

static void credential(void **state)
{
    (void)state;
    static const char text[] =
        "{\"apiVersion\":\"v\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"t\","
        "\"clientCertificateData\":\"a\\nb\",\"clientKeyData\":\"c\\nd\"}}";
    for (long n = 0; n < ALLOCATIONS_MAX; n++) {
        struct pf_exec_credential got = {0};
        struct pf_err err = {0};
        fail_alloc_after(n);
        const enum pf_code code = pf_exec_credential_parse(pf_sv_from(text), "v", &got, &err);
        const bool all = fail_alloc_count() <= n;
        fail_alloc_after(-1);
        assert_int_equal(code, all ? PF_OK : PF_E_NO_MEMORY);
        pf_exec_credential_done(&got);
        if (all) {
            return;
        }
    }
    fail_msg("it never ended");
}

/* A client from its start to its end, with a token that is refused once and a plug-in. */
static enum pf_code use_client(struct stub *stub, int *ret_status)
{
    const struct pf_kube_client_options options = {
        .config = &stub->config,
        .clock = &stub->clock,
        .user_agent = "x",
    };
    const struct pf_kube_request request = {
        .method = "POST",
        .path = "/auth",
        .what = "try",
        .body = PF_SV("{}"),
        .timeout_ms = 20000,
    };
    struct pf_kube_client *client = NULL;
    struct pf_err err = {0};
    pf_autobuf struct pf_buf body = {0};
    pf_buf_init(&body, 1000);
    enum pf_code code = pf_kube_client_new(&options, &client, &err);
    if (code != PF_OK) {
        assert_null(client);
        return code;
    }
    code = pf_kube_client_call(client, &request, &body, ret_status, &err);
    pf_kube_client_free(client);
    return code;
}

static void sweep_client(struct stub *stub)
{
    for (long n = 0; n < ALLOCATIONS_MAX; n++) {
        int status = 0;
        fail_alloc_after(n);
        const enum pf_code code = use_client(stub, &status);
        const bool all = fail_alloc_count() <= n;
        fail_alloc_after(-1);
        if (all) {
            assert_int_equal(code, PF_OK);
            return;
        }
        /* a refusal whose body could not be kept is still that refusal */
        assert_true(code == PF_OK || code == PF_E_NO_MEMORY || status == 401);
    }
    fail_msg("it never ended");
}

static void client_with_files(void **state)
{
    struct stub *stub = *state;
    stub->config.token_file = stub->token_file;
    sweep_client(stub);
}

static void client_with_plugin(void **state)
{
    struct stub *stub = *state;
    static const char *const list[] = {"A=b", NULL};
    stub_plugin(stub, "#!/bin/sh\n"
                      "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":"
                      "\"ExecCredential\",\"status\":{\"token\":\"first\"}}'\n");
    stub->config.exec.args = list;
    stub->config.exec.environment = list;
    stub->config.exec.provide_cluster_info = true;
    stub->config.tls_server_name = "127.0.0.1";
    sweep_client(stub);
}

/* A Lease taken, renewed and given up. */
static void use_lease(struct stub *stub, long n)
{
    const struct pf_kube_client_options options = {
        .config = &stub->config, .clock = &stub->clock, .user_agent = "x"};
    struct pf_kube_client *client = NULL;
    struct pf_lease *lease = NULL;
    assert_int_equal(pf_kube_client_new(&options, &client, NULL), PF_OK);
    const struct pf_lease_options wanted = {
        .client = client, .clock = &stub->clock, .space = "podfit", .name = "a", .identity = "me"};
    fail_alloc_after(n);
    const enum pf_code code = pf_lease_new(&wanted, &lease, NULL);
    assert_true(code == PF_OK || (code == PF_E_NO_MEMORY && lease == NULL));
    for (int rounds = 0; lease != NULL && !pf_lease_released(lease); rounds++) {
        assert_true(rounds < 1000);
        stub->mono_ahead_ns += INT64_C(100000000);
        (void)pf_lease_tick(lease);
        if (pf_kube_client_stats(client).under_way != 0) {
            pf_kube_client_step(client, 1000);
        }
        if (pf_lease_stats(lease).renewals >= 2) {
            pf_lease_release(lease);
        }
    }
    pf_lease_free(lease);
    pf_kube_client_free(client);
}

static void a_lease(void **state)
{
    for (long n = 0; n < ALLOCATIONS_MAX; n++) {
        use_lease(*state, n);
        const bool all = fail_alloc_count() <= n;
        fail_alloc_after(-1);
        if (all) {
            assert_true(n > 20);
            return;
        }
    }
    fail_msg("it never ended");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kubeconfig),
        cmocka_unit_test(credential),
        cmocka_unit_test_setup_teardown(client_with_files, stub_setup_plain, stub_teardown),
        cmocka_unit_test_setup_teardown(client_with_plugin, stub_setup_plain, stub_teardown),
        cmocka_unit_test_setup_teardown(a_lease, stub_setup_plain, stub_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

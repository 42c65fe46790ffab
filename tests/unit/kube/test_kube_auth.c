#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stub.h"
#include <podfit/exec_plugin.h>
#include <podfit/file.h>
#include <podfit/mem.h>

#define MINUTE_NS (INT64_C(60) * 1000000000)

/* A plug-in that counts its runs in the file `runs` and gives what the file `output` says. */
#define SCRIPT    \
    "#!/bin/sh\n" \
    "cd \"$(dirname \"$0\")\" && echo >>runs && cat output\n"
#define CREDENTIAL(status)                                                             \
    "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\"," \
    "\"status\":{" status "}}"

static size_t runs_of(const struct stub *stub)
{
    pf_autobuf struct pf_buf buf = {0};
    char path[128];
    stub_path(stub, "runs", path);
    pf_buf_init(&buf, 1000);
    return pf_file_read(path, &buf, NULL) == PF_OK ? buf.len : 0;
}

static void token_rotates(void **state)
{
    struct stub *stub = *state;
    stub->config.token_file = stub->token_file;
    struct pf_kube_client *client = stub_client(stub);
    stub_get_ok(client, "/auth", "in");
    stub_put(stub, "accepted", "second");
    struct answer answer = stub_get(client, "/auth");
    assert_int_equal(answer.status, 401); /* the file has nothing new to try */
    assert_non_null(strstr(answer.message, "cannot list pods: unauthorized: "));
    assert_non_null(strstr(answer.message, "of the context 'test' of kubeconfig 'stub'"));
    stub_put(stub, "token", "second");
    stub_get_ok(client, "/auth", "in");
    stub_put(stub, "token", ""); /* a file that is being written: the last good one stays */
    stub->mono_ahead_ns += MINUTE_NS;
    stub_get_ok(client, "/auth", "in");
    char path[128];
    stub_path(stub, "token", path);
    assert_int_equal(remove(path), 0);
    stub->mono_ahead_ns += MINUTE_NS;
    stub_get_ok(client, "/auth", "in");
    pf_kube_client_free(client);
}

/* Same size, same inode, same time: only the 401 and the minute find it. */
static void token_rotates_unseen(void **state)
{
    struct stub *stub = *state;
    stub->config.token_file = stub->token_file;
    struct pf_kube_client *client = stub_client(stub);
    stub_get_ok(client, "/auth", "in");
    stub_put(stub, "accepted", "other");
    stub_put(stub, "token", "other");
    stub_get_ok(client, "/auth", "in");
    assert_int_equal(pf_kube_client_stats(client).failures, 0);
    pf_kube_client_free(client);
}

static void fixed_token(void **state)
{
    struct stub *stub = *state;
    stub->config.token = "first";
    struct pf_kube_client *client = stub_client(stub);
    stub_get_ok(client, "/auth", "in");
    stub_put(stub, "accepted", "second");
    assert_int_equal(stub_get(client, "/auth").status, 401);
    const struct pf_kube_client_stats stats = pf_kube_client_stats(client);
    assert_int_equal(stats.reauthentications, 0);
    assert_int_equal(stats.failures, 1);
    pf_kube_client_free(client);
}

static void client_certificate(void **state)
{
    struct stub *stub = *state;
    char cert[128];
    char key[128];
    struct pf_kube_client *client = stub_client(stub);
    const struct answer answer = stub_get(client, "/ok");
    assert_int_equal(answer.code, PF_E_IO); /* it lets nobody in without */
    pf_kube_client_free(client);
    stub_path(stub, "client.crt", cert);
    stub_path(stub, "client.key", key);
    stub->config.client_cert_file = cert;
    stub->config.client_key_file = key;
    client = stub_client(stub);
    stub_get_ok(client, "/ok", "ok");
    pf_kube_client_free(client);
}

static void plugin_certificate(void **state)
{
    struct stub *stub = *state;
    stub_plugin(stub, "#!/usr/bin/env python3\n"
                      "import json, os\n"
                      "def text(name):\n"
                      "    return open(os.path.join(os.path.dirname(__file__), name)).read()\n"
                      "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', 'kind': "
                      "'ExecCredential', 'status': {'clientCertificateData': text('client.crt'), "
                      "'clientKeyData': text('client.key')}}))\n");
    struct pf_kube_client *client = stub_client(stub);
    stub_get_ok(client, "/ok", "ok");
    pf_kube_client_free(client);
}

static void server_certificate(void **state)
{
    struct stub *stub = *state;
    char missing[128];
    stub_certificates(stub, "10.0.0.1", /* ca_too= */ true);
    struct pf_kube_client *client = stub_client(stub);
    struct answer answer = stub_get(client, "/ok");
    assert_int_equal(answer.code, PF_E_IO);
    assert_int_equal(answer.status, 0);
    assert_non_null(strstr(answer.message, "its certificate is not accepted"));
    stub_certificates(stub, "127.0.0.1", /* ca_too= */ false);
    answer = stub_get(client, "/ok");
    assert_non_null(strstr(answer.message, "its certificate is not accepted"));
    assert_non_null(strstr(answer.message, stub->ca_file));
    stub_certificates(stub, "127.0.0.1", /* ca_too= */ true); /* the CA rotates */
    stub_get_ok(client, "/ok", "ok");
    stub_put(stub, "ca.crt", "half of a certif"); /* what is no CA does not replace one */
    stub_get_ok(client, "/ok", "ok");
    pf_kube_client_free(client);
    stub_path(stub, "none.crt", missing);
    stub->config.ca_file = missing;
    const struct pf_kube_client_options options = {
        .config = &stub->config, .clock = &stub->clock, .user_agent = "x"};
    struct pf_err err = {0};
    assert_int_equal(pf_kube_client_new(&options, &client, &err), PF_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "none.crt"));
}

static void server_name(void **state)
{
    struct stub *stub = *state;
    stub_certificates(stub, "kubernetes.default.svc", /* ca_too= */ true);
    stub->config.tls_server_name = "kubernetes.default.svc";
    struct pf_kube_client *client = stub_client(stub);
    const struct answer answer = stub_get(client, "/echo");
    char host[64];
    (void)snprintf(host, sizeof(host), "\"Host\": \"127.0.0.1:%d\"", stub->port);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.text, host));
    pf_kube_client_free(client);
}

static void nobody_there(void **state)
{
    struct stub *stub = *state;
    stub->config.server = "https://127.0.0.1:1";
    struct pf_kube_client *client = stub_client(stub);
    const struct answer answer = stub_get(client, "/ok");
    assert_int_equal(answer.code, PF_E_IO);
    assert_string_equal(answer.message,
                        "cannot list pods: cannot reach https://127.0.0.1:1: connection refused; "
                        "server of the context 'test' of kubeconfig 'stub'");
    pf_kube_client_free(client);
}

static void plugin_runs_when_needed(void **state)
{
    struct stub *stub = *state;
    stub_plugin(stub, SCRIPT);
    stub_put(stub, "output",
             CREDENTIAL("\"token\":\"first\",\"expirationTimestamp\":\"2100-01-01T00:00:00Z\""));
    struct pf_kube_client *client = stub_client(stub);
    assert_int_equal(runs_of(stub), 0);
    stub_get_ok(client, "/auth", "in");
    stub_get_ok(client, "/auth", "in");
    assert_int_equal(runs_of(stub), 1);
    stub_put(stub, "accepted", "second"); /* a 401 */
    stub_put(stub, "output",
             CREDENTIAL("\"token\":\"second\",\"expirationTimestamp\":\"2100-01-01T00:00:00Z\""));
    stub_get_ok(client, "/auth", "in");
    assert_int_equal(runs_of(stub), 2);
    assert_int_equal(pf_kube_client_stats(client).reauthentications, 1);
    stub->wall_ahead_ns = INT64_C(80) * 365 * 86400 * 1000000000; /* it has expired */
    stub_get_ok(client, "/auth", "in");
    assert_int_equal(runs_of(stub), 3);
    stub_put(stub, "accepted", "third"); /* a 401 to what it gives again: tried once, told once */
    const struct answer answer = stub_get(client, "/auth");
    assert_int_equal(answer.status, 401);
    pf_kube_client_free(client);
}

static void plugin_failures(void **state)
{
    static const struct {
        const char *name;
        const char *script;
        const char *message;
    } rows[] = {
        {"exit status", "#!/bin/sh\necho 'no\nsession' >&2\nexit 3\n",
         "ended with status 3: no session"},
        {"signal", "#!/bin/sh\nkill -9 $$\n", "was ended by signal 9"},
        {"nothing", "#!/bin/sh\n", "it printed no JSON"},
        {"another kind", "#!/bin/sh\necho '{\"kind\":\"Pod\"}'\n", "it printed no ExecCredential"},
        {"another version",
         "#!/bin/sh\necho '{\"kind\":\"ExecCredential\",\"apiVersion\":\"x/v1\"}'\n",
         "an ExecCredential of 'x/v1', the kubeconfig says 'client.authentication.k8s.io/v1'"},
        {"no credential", "#!/bin/sh\necho '" CREDENTIAL("") "'\n", "neither token nor"},
        {"certificate alone",
         "#!/bin/sh\necho '" CREDENTIAL("\"clientCertificateData\":\"x\"") "'\n", "without key"},
        {"two lines in the token",
         "#!/bin/sh\nprintf '%s' '" CREDENTIAL("\"token\":\"a\\nb\"") "'\n", "its token holds"},
        {"date",
         "#!/bin/sh\necho '" CREDENTIAL("\"token\":\"a\",\"expirationTimestamp\":\"x\"") "'\n",
         "expirationTimestamp is no"},
        {"too much", "#!/bin/sh\nexec cat /dev/zero\n", "printed more than 1048576 bytes"},
    };
    struct stub *stub = *state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        stub_plugin(stub, rows[i].script);
        struct pf_kube_client *client = stub_client(stub);
        const struct answer answer = stub_get(client, "/auth");
        if (answer.code != PF_E_IO || strstr(answer.message, rows[i].message) == NULL) {
            fail_msg("%s: %s '%s'", rows[i].name, pf_code_name(answer.code), answer.message);
        }
        pf_kube_client_free(client);
    }
}

static void plugin_is_missing(void **state)
{
    struct stub *stub = *state;
    stub_plugin(stub, "");
    stub->config.exec.command = "podfit-no-such-plugin";
    stub->config.exec.install_hint = "get it from the vendor";
    struct pf_kube_client *client = stub_client(stub);
    const struct answer answer = stub_get(client, "/auth");
    assert_string_equal(answer.message,
                        "cannot list pods: the credential plug-in 'podfit-no-such-plugin' is not "
                        "there: get it from the vendor");
    pf_kube_client_free(client);
}

/* Its children end with it, or the test would hang on the pipe. */
static void plugin_hangs(void **state)
{
    struct stub *stub = *state;
    stub_plugin(stub, "#!/bin/sh\nsleep 600 & sleep 600\n");
    struct pf_exec_plugin *plugin = NULL;
    struct pf_exec_credential credential = {0};
    struct pf_err err = {0};
    enum pf_code code = pf_exec_plugin_start(&stub->config, &stub->clock, (struct pf_sv){0},
                                             /* timeout_ms= */ 2000, &plugin, &err);
    assert_int_equal(code, PF_OK);
    assert_int_equal(pf_exec_plugin_step(plugin, &credential, &err), PF_E_STATE);
    stub->mono_ahead_ns = 2 * INT64_C(1000000000);
    assert_int_equal(pf_exec_plugin_step(plugin, &credential, &err), PF_E_IO);
    assert_non_null(strstr(err.text, "has not ended within 2 s and was killed"));
    assert_null(credential.token);
    pf_exec_plugin_free(plugin);
}

static void plugin_wants_a_terminal(void **state)
{
    struct stub *stub = *state;
    stub_plugin(stub, SCRIPT);
    stub->config.exec.interactive = PF_KUBE_INTERACTIVE_ALWAYS;
    struct pf_kube_client *client = stub_client(stub);
    const struct answer answer = stub_get(client, "/auth");
    assert_int_equal(answer.code, PF_E_IO);
    assert_non_null(strstr(answer.message, "wants a terminal (interactiveMode: Always)"));
    pf_kube_client_free(client);
}

static void plugin_environment(void **state)
{
    struct stub *stub = *state;
    static const char *const environment[] = {"PODFIT_ADDED=a b", "HOME=new", NULL};
    static const char *const args[] = {"one", "two words", NULL};
    stub_plugin(stub, "#!/bin/sh\ncd \"$(dirname \"$0\")\"\n"
                      "printf '%s|%s|%s|%s|%s|%s|' \"$#\" \"$2\" \"$PODFIT_ADDED\" "
                      "\"$HOME\" \"${PATH:+kept}\" \"$KUBERNETES_EXEC_INFO\" >runs\n"
                      "echo '" CREDENTIAL("\"token\":\"first\"") "'\n");
    stub->config.exec.environment = environment;
    stub->config.exec.args = args;
    stub->config.exec.provide_cluster_info = true;
    stub->config.exec.cluster_config = "{\"audience\":\"x\"}";
    struct pf_kube_client *client = stub_client(stub);
    stub_get_ok(client, "/auth", "in");
    pf_kube_client_free(client);
    pf_autobuf struct pf_buf told = {0};
    char path[128];
    pf_buf_init(&told, 65536);
    stub_path(stub, "runs", path);
    assert_int_equal(pf_file_read(path, &told, NULL), PF_OK);
    char wanted[256];
    (void)snprintf(wanted, sizeof(wanted),
                   "2|two words|a b|new|kept|{\"apiVersion\":\"client.authentication.k8s.io/v1\","
                   "\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false,\"cluster\":{"
                   "\"server\":\"%s\",\"certificate-authority-data\":\"LS0tLS1CRUdJTi",
                   stub->server);
    assert_int_equal(strncmp(told.data, wanted, strlen(wanted)), 0);
    assert_non_null(strstr(told.data, "\",\"config\":{\"audience\":\"x\"}}}}|"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(token_rotates, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(token_rotates_unseen, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(fixed_token, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(client_certificate, stub_setup_mutual, stub_teardown),
        cmocka_unit_test_setup_teardown(plugin_certificate, stub_setup_mutual, stub_teardown),
        cmocka_unit_test_setup_teardown(server_certificate, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(server_name, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(nobody_there, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(plugin_runs_when_needed, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(plugin_failures, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(plugin_is_missing, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(plugin_hangs, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(plugin_wants_a_terminal, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(plugin_environment, stub_setup, stub_teardown),
    };
    if (freopen("/dev/null", "r", stdin) == NULL) { /* no test has a terminal */
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

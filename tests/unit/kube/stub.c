#include "stub.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <podfit/certmake.h>
#include <podfit/file.h>
#include <podfit/mem.h>

#define LIFETIME_S      3600
#define TEST_TIMEOUT_MS 20000

void stub_path(const struct stub *stub, const char *name, char path[128])
{
    (void)snprintf(path, 128, "%s/%s", stub->folder, name);
}

static void put_bytes(const struct stub *stub, const char *name, struct pf_sv bytes, unsigned mode)
{
    char path[128];
    stub_path(stub, name, path);
    assert_int_equal(pf_file_write_atomic(path, bytes, mode, NULL), PF_OK);
}

void stub_put(const struct stub *stub, const char *name, const char *text)
{
    put_bytes(stub, name, pf_sv_from(text), 0600);
}

void stub_plugin(struct stub *stub, const char *script)
{
    put_bytes(stub, "plugin", pf_sv_from(script), 0700);
    stub_path(stub, "plugin", stub->plugin);
    stub->config.exec = (struct pf_kube_exec){
        .command = stub->plugin,
        .api_version = "client.authentication.k8s.io/v1",
        .interactive = PF_KUBE_INTERACTIVE_NEVER,
    };
}

static void make_pair(const char *name, struct pf_cert_pair *ret_ca, struct pf_cert_pair *ret_leaf)
{
    const struct pf_certmake_ca ca = {.lifetime_s = LIFETIME_S};
    const struct pf_certmake_leaf leaf = {
        .names = &name, .names_count = 1, .lifetime_s = LIFETIME_S};
    const int64_t now = pf_clock_wall_ns(pf_clock_system());
    assert_int_equal(pf_certmake_ca(&ca, now, ret_ca, NULL), PF_OK);
    assert_int_equal(pf_certmake_leaf(ret_ca, &leaf, now, ret_leaf, NULL), PF_OK);
}

void stub_certificates(struct stub *stub, const char *name, bool ca_too)
{
    struct pf_cert_pair ca = {0};
    struct pf_cert_pair leaf = {0};
    make_pair(name, &ca, &leaf);
    if (ca_too) {
        put_bytes(stub, "ca.crt", pf_buf_view(&ca.cert_pem), 0600);
    }
    put_bytes(stub, "tls.key", pf_buf_view(&leaf.key_pem), 0600);
    put_bytes(stub, "tls.crt", pf_buf_view(&leaf.cert_pem), 0600);
    pf_cert_pair_done(&ca);
    pf_cert_pair_done(&leaf);
}

static int64_t ahead_mono(void *opaque)
{
    const struct stub *stub = opaque;
    return pf_clock_mono_ns(pf_clock_system()) + stub->mono_ahead_ns;
}

static int64_t ahead_wall(void *opaque)
{
    const struct stub *stub = opaque;
    return pf_clock_wall_ns(pf_clock_system()) + stub->wall_ahead_ns;
}

static int read_port(int output)
{
    char text[16] = "";
    size_t len = 0;
    int64_t port = 0;
    while (len == 0 || text[len - 1] != '\n') {
        const ssize_t got = read(output, text + len, sizeof(text) - 1 - len);
        assert_true(got > 0);
        len += (size_t)got;
    }
    assert_true(pf_sv_to_i64(pf_sv_trim((struct pf_sv){.ptr = text, .len = len}), &port));
    return (int)port;
}

/* A program that prints its port. Its life hangs on a pipe, so that it ends with a test program that crashes. */
static struct stub_child start(const char *script, const char *const given[3])
{
    struct stub_child child = {.pid = 0};
    int input[2];
    int output[2];
    char path[256];
    char copies[3][128];
    char python[] = "python3";
    char flag[] = "-B";
    char *arguments[7] = {python, flag, path};
    posix_spawn_file_actions_t actions;
    (void)snprintf(path, sizeof(path), PF_SOURCE_DIR "/tests/unit/kube/%s", script);
    for (size_t i = 0; i < 3 && given[i] != NULL; i++) {
        (void)snprintf(copies[i], sizeof(copies[i]), "%s", given[i]);
        arguments[3 + i] = copies[i];
    }
    assert_int_equal(pipe2(input, O_CLOEXEC), 0);
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO), 0);
    assert_int_equal(posix_spawnp(&child.pid, python, &actions, NULL, arguments, environ), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(input[0]);
    (void)close(output[1]);
    child.input = input[1];
    child.port = read_port(output[0]);
    (void)close(output[0]);
    return child;
}

static void end(const struct stub_child *child)
{
    if (child->pid != 0) {
        (void)close(child->input);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}

int stub_proxy(struct stub *stub, const char *credentials)
{
    char target[16];
    (void)snprintf(target, sizeof(target), "%d", stub->port);
    end(&stub->proxy);
    stub->proxy =
        start("proxy_server.py", (const char *const[3]){stub->folder, target, credentials});
    return stub->proxy.port;
}

static int set_up(void **state, const char *mode)
{
    (void)signal(SIGPIPE, SIG_IGN);
    struct stub *stub = pf_mem_calloc(1, sizeof(*stub));
    assert_non_null(stub);
    (void)snprintf(stub->folder, sizeof(stub->folder), "/tmp/podfit-kube-XXXXXX");
    assert_non_null(mkdtemp(stub->folder));
    stub_certificates(stub, "127.0.0.1", /* ca_too= */ true);
    stub_put(stub, "accepted", "first");
    stub_put(stub, "token", "first\n");
    stub->child = start("stub_server.py", (const char *const[3]){stub->folder, mode, NULL});
    stub->port = stub->child.port;
    (void)snprintf(stub->server, sizeof(stub->server), "%s://127.0.0.1:%d",
                   strcmp(mode, "plain") == 0 ? "http" : "https", stub->port);
    stub_path(stub, "ca.crt", stub->ca_file);
    stub_path(stub, "token", stub->token_file);
    stub->clock = (struct pf_clock){.mono_ns = ahead_mono, .wall_ns = ahead_wall, .opaque = stub};
    stub->config = (struct pf_kube_config){
        .server = stub->server,
        .ca_file = stub->ca_file,
        .space = "default",
        .origin = "context 'test' of kubeconfig 'stub'",
    };
    *state = stub;
    return 0;
}

int stub_setup(void **state)
{
    return set_up(state, "tls");
}

int stub_setup_plain(void **state)
{
    return set_up(state, "plain");
}

int stub_setup_mutual(void **state)
{
    return set_up(state, "mutual");
}

int stub_teardown(void **state)
{
    static const char *const names[] = {
        "ca.crt",     "tls.crt", "tls.key", "accepted", "token",   "plugin", "client.crt",
        "client.key", "output",  "runs",    "ca2.crt",  "proxied", ""};
    struct stub *stub = *state;
    end(&stub->proxy);
    end(&stub->child);
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        char path[128];
        stub_path(stub, names[i], path);
        (void)remove(path); /* not all are there; the folder comes last */
    }
    free(stub);
    return 0;
}

struct pf_kube_client *stub_client(struct stub *stub)
{
    const struct pf_kube_client_options options = {
        .config = &stub->config,
        .clock = &stub->clock,
        .user_agent = "podfit/test",
    };
    struct pf_kube_client *client = NULL;
    struct pf_err err = {0};
    if (pf_kube_client_new(&options, &client, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    return client;
}

struct answer stub_get(struct pf_kube_client *client, const char *path)
{
    const struct pf_kube_request request = {
        .method = "GET",
        .path = path,
        .what = "list pods",
        .timeout_ms = TEST_TIMEOUT_MS,
    };
    struct answer answer = {.status = -1};
    struct pf_err err = {0};
    pf_autobuf struct pf_buf body = {0};
    pf_buf_init(&body, (size_t)1024 * 1024);
    answer.code = pf_kube_client_call(client, &request, &body, &answer.status, &err);
    (void)snprintf(answer.text, sizeof(answer.text), "%s", body.data != NULL ? body.data : "");
    (void)snprintf(answer.message, sizeof(answer.message), "%s", err.text);
    return answer;
}

void stub_get_ok(struct pf_kube_client *client, const char *path, const char *text)
{
    const struct answer answer = stub_get(client, path);
    if (answer.code != PF_OK || answer.status != 200 || strcmp(answer.text, text) != 0) {
        fail_msg("%s: %d '%s' '%s', wanted '%s'", path, answer.status, answer.text, answer.message,
                 text);
    }
}

/* The ways to the server (proxies, tls-server-name), and connections that are open and dead. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "stub.h"
#include <podfit/file.h>
#include <podfit/limits.h>

#define NAME       "api.example.test"
#define DEADLINE_S 30
#define FDS        256

/* ---- proxies ---- */

/* Where the proxy was asked to go. */
static void assert_proxied(const struct stub *stub, const char *places)
{
    pf_autobuf struct pf_buf buf = {0};
    char path[128];
    stub_path(stub, "proxied", path);
    pf_buf_init(&buf, 4096);
    const enum pf_code code = pf_file_read(path, &buf, NULL);
    assert_true(code == PF_OK || code == PF_E_NOT_FOUND);
    assert_string_equal(buf.data != NULL ? buf.data : "", places);
}

/* The server as if it were on another machine: only the proxy knows its name. */
static void call_it_by_name(struct stub *stub)
{
    stub_certificates(stub, NAME, /* ca_too= */ true);
    (void)snprintf(stub->server, sizeof(stub->server), "https://" NAME ":6443");
}

/* @param value  NULL: the variable is not there */
static void set_variable(const char *name, const char *value)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the only thread */
    const int failed = value != NULL ? setenv(name, value, 1) : unsetenv(name);
    assert_int_equal(failed, 0);
}

static void set_environment(const char *proxy, const char *no_proxy)
{
    set_variable("HTTPS_PROXY", proxy);
    set_variable("NO_PROXY", no_proxy);
}

static int forget_environment(void **state)
{
    set_variable("https_proxy", NULL);
    set_variable("no_proxy", NULL);
    set_environment(NULL, NULL);
    return stub_teardown(state);
}

struct way {
    const char *name;
    const char *wants;     /* credentials that the proxy wants; NULL: none */
    const char *proxy_url; /* of the kubeconfig: what stands before @HOST:PORT; NULL: none */
    const char *variable;  /* HTTPS_PROXY likewise */
    const char *no_proxy;
    const char *message; /* what a failure says; NULL: it works */
};

static const struct way ways[] = {
    {"proxy-url", NULL, "http://", NULL, NULL, NULL},
    {"proxy-url with credentials", "me:secret", "http://me:secret@", NULL, NULL, NULL},
    {"with escaped ones", "m e:se/cret", "http://m%20e:se%2Fcret@", NULL, NULL, NULL},
    {"without those that it wants", "me:secret", "http://", NULL, NULL,
     "the proxy refused with status 407"},
    {"with wrong ones", "me:secret", "http://me:wrongly@", NULL, NULL,
     "the proxy refused with status 407"},
    {"HTTPS_PROXY", NULL, NULL, "http://", NULL, NULL},
    {"HTTPS_PROXY with credentials", "me:secret", NULL, "http://me:secret@", NULL, NULL},
    {"NO_PROXY", NULL, NULL, "http://", "localhost,.example.test", "cannot be resolved"},
    {"NO_PROXY for others", NULL, NULL, "http://", "other.test,10.0.0.0/8", NULL},
    {"proxy-url stands over both", NULL, "http://", "http://127.0.0.1:1/", "*", NULL},
};

static const char *with_port(const char *start, int port, char text[128])
{
    if (start == NULL) {
        return NULL;
    }
    const bool whole = start[strlen(start) - 1] != '/' && start[strlen(start) - 1] != '@';
    (void)snprintf(text, 128,
                   whole || strcmp(start, "http://127.0.0.1:1/") == 0 ? "%s" : "%s127.0.0.1:%d",
                   start, port);
    return text;
}

static void try_way(struct stub *stub, const struct way *way)
{
    char url[128];
    char variable[128];
    const int port = stub_proxy(stub, way->wants);
    stub->config.proxy_url = with_port(way->proxy_url, port, url);
    set_environment(with_port(way->variable, port, variable), way->no_proxy);
    struct pf_kube_client *client = stub_client(stub);
    const struct answer answer = stub_get(client, "/ok");
    pf_kube_client_free(client);
    if ((answer.code == PF_OK) != (way->message == NULL) ||
        (way->message != NULL && strstr(answer.message, way->message) == NULL)) {
        fail_msg("%s: '%s'", way->name, answer.message);
    }
    if (strstr(answer.message, "secret") != NULL || strstr(answer.message, "wrongly") != NULL) {
        fail_msg("%s: it tells the password: '%s'", way->name, answer.message);
    }
}

static void proxies(void **state)
{
    struct stub *stub = *state;
    call_it_by_name(stub);
    for (size_t i = 0; i < PF_ARRAY_LEN(ways); i++) {
        try_way(stub, &ways[i]);
    }
    assert_proxied(stub, NAME ":6443\n" NAME ":6443\n" NAME ":6443\n" NAME ":6443\n" NAME
                              ":6443\n" NAME ":6443\n" NAME ":6443\n");
}

static void proxy_of_another_name(void **state)
{
    struct stub *stub = *state;
    char url[128];
    stub_certificates(stub, NAME, /* ca_too= */ true);
    stub->config.tls_server_name = NAME; /* the certificate's; the proxy is told the server's */
    stub->config.proxy_url = with_port("http://", stub_proxy(stub, NULL), url);
    struct pf_kube_client *client = stub_client(stub);
    stub_get_ok(client, "/ok", "ok");
    pf_kube_client_free(client);
    char place[64];
    (void)snprintf(place, sizeof(place), "127.0.0.1:%d\n", stub->port);
    assert_proxied(stub, place);
}

/* As Go does: what is on this machine needs no proxy. */
static void no_proxy_to_ourselves(void **state)
{
    struct stub *stub = *state;
    char variable[128];
    set_environment(with_port("http://", stub_proxy(stub, NULL), variable), NULL);
    struct pf_kube_client *client = stub_client(stub);
    stub_get_ok(client, "/ok", "ok");
    pf_kube_client_free(client);
    assert_proxied(stub, "");
}

static void proxy_refuses(void **state)
{
    struct stub *stub = *state;
    char url[128];
    stub->config.proxy_url = with_port("http://", stub_proxy(stub, NULL), url);
    (void)snprintf(stub->server, sizeof(stub->server), "https://forbidden.test:6443");
    struct pf_kube_client *client = stub_client(stub);
    const struct answer answer = stub_get(client, "/ok");
    assert_int_equal(answer.code, PF_E_IO);
    assert_non_null(strstr(answer.message, ": the proxy refused with status 403; server of"));
    pf_kube_client_free(client);
}

/* ---- dead connections ---- */

/* How a call ended. */
struct end {
    unsigned done;
    size_t bytes;
    enum pf_code code;
    char message[256];
};

static bool on_data(void *ctx, struct pf_sv bytes)
{
    struct end *end = ctx;
    end->bytes += bytes.len;
    return true;
}

static void on_done(void *ctx, const struct pf_kube_result *result)
{
    struct end *end = ctx;
    end->done++;
    end->code = result->code;
    (void)snprintf(end->message, sizeof(end->message), "%.*s", PF_SV_ARG(result->message));
}

static struct pf_kube_call *ask(struct pf_kube_client *client, const char *path, int64_t timeout_ms,
                                struct end *end)
{
    const struct pf_kube_request request = {
        .method = "GET",
        .path = path,
        .what = "watch pods",
        .timeout_ms = timeout_ms,
        .on_data = on_data,
        .on_done = on_done,
        .ctx = end,
    };
    struct pf_kube_call *call = NULL;
    assert_int_equal(pf_kube_client_start(client, &request, &call, NULL), PF_OK);
    return call;
}

static void step_until(struct pf_kube_client *client, const unsigned *done, unsigned wanted)
{
    const int64_t end = pf_clock_mono_ns(pf_clock_system()) + DEADLINE_S * INT64_C(1000000000);
    while (*done < wanted) {
        assert_true(pf_clock_mono_ns(pf_clock_system()) < end);
        pf_kube_client_step(client, 10);
    }
}

/* A watch that nothing comes of, and a request that is not answered: who was there is gone. */
static void nobody_answers(void **state)
{
    struct pf_kube_client *client = stub_client(*state);
    struct end watch = {.done = 0};
    struct end ping = {.done = 0};
    stub_get_ok(client, "/ok", "ok");
    (void)ask(client, "/hang", 0, &watch);
    (void)ask(client, "/hang", 100, &ping);
    step_until(client, &watch.done, 1);
    assert_int_equal(ping.done, 1);
    assert_non_null(strstr(ping.message, "timed out"));
    assert_int_equal(watch.code, PF_E_IO);
    assert_string_equal(watch.message,
                        "cannot watch pods: the connection is open, but nobody answers");
    assert_int_equal(pf_kube_client_stats(client).reconnections, 1);
    assert_int_equal(pf_kube_client_stats(client).under_way, 0);
    stub_get_ok(client, "/counts", "3 4"); /* two connections were left, this is a new one */
    pf_kube_client_wake(client);
    pf_kube_client_step(client, 1000);
    pf_kube_client_free(client);
}

/* A slow answer is none of a dead connection while something else comes. */
static void one_answer_is_late(void **state)
{
    struct pf_kube_client *client = stub_client(*state);
    struct end watch = {.done = 0};
    struct end late = {.done = 0};
    struct pf_kube_call *call = ask(client, "/drip", 0, &watch);
    while (watch.bytes == 0) {
        pf_kube_client_step(client, 10);
    }
    (void)ask(client, "/hang", 500, &late);
    step_until(client, &late.done, 1);
    assert_int_equal(watch.done, 0);
    assert_int_equal(pf_kube_client_stats(client).reconnections, 0);
    pf_kube_client_cancel(client, call);
    pf_kube_client_free(client);
}

/* Who cannot even be reached has no connection to be left. */
static void not_connected(void **state)
{
    struct stub *stub = *state;
    struct end end = {.done = 0};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(place);
    assert_int_equal(bind(fd, (struct sockaddr *)&place, size), 0);
    assert_int_equal(listen(fd, 1), 0); /* accepted by the kernel; TLS gets no answer */
    assert_int_equal(getsockname(fd, (struct sockaddr *)&place, &size), 0);
    (void)snprintf(stub->server, sizeof(stub->server), "https://127.0.0.1:%d",
                   ntohs(place.sin_port));
    struct pf_kube_client *client = stub_client(stub);
    (void)ask(client, "/ok", 100, &end);
    step_until(client, &end.done, 1);
    pf_kube_client_step(client, 1);
    assert_int_equal(end.code, PF_E_IO);
    assert_int_equal(pf_kube_client_stats(client).reconnections, 0);
    pf_kube_client_free(client);
    (void)close(fd);
}

static int option_of(int fd, int name)
{
    int value = -1;
    socklen_t size = sizeof(value);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, name, &value, &size), 0);
    return value;
}

/* Our side of the connection to the server. */
static int find_connection(int port)
{
    for (int fd = 0; fd < FDS; fd++) {
        struct sockaddr_in place = {.sin_family = AF_UNSPEC};
        socklen_t size = sizeof(place);
        if (getpeername(fd, (struct sockaddr *)&place, &size) == 0 && place.sin_family == AF_INET &&
            ntohs(place.sin_port) == port) {
            return fd;
        }
    }
    return -1;
}

/* What the network has lost is noticed in 30 s at most (docs/KUBERNETES.md); to wait for that takes a firewall. */
static void keep_alive(void **state)
{
    struct stub *stub = *state;
    struct pf_kube_client *client = stub_client(stub);
    stub_get_ok(client, "/ok", "ok");
    const int fd = find_connection(stub->port);
    int on = 0;
    socklen_t size = sizeof(on);
    assert_true(fd >= 0);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &size), 0);
    assert_int_not_equal(on, 0);
    assert_true(option_of(fd, TCP_KEEPIDLE) +
                    option_of(fd, TCP_KEEPCNT) * option_of(fd, TCP_KEEPINTVL) <=
                30);
    assert_true(option_of(fd, TCP_USER_TIMEOUT) == 30000);
    pf_kube_client_free(client);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, stub_setup, forget_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(proxies),
        TEST(proxy_of_another_name),
        TEST(no_proxy_to_ourselves),
        TEST(proxy_refuses),
        TEST(nobody_answers),
        TEST(one_answer_is_late),
        TEST(not_connected),
        TEST(keep_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

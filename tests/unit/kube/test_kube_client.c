#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "stub.h"
#include <podfit/mem.h>

#define STEP_MS    1000
#define DEADLINE_S 30

/* Calls of a test and what became of them. */
struct watcher {
    struct pf_kube_client *client;
    struct pf_kube_call *call;
    struct pf_kube_call *other; /* cancelled by the first that ends */
    unsigned done;
    unsigned good;
    size_t bytes;
    bool refuse; /* on_data says no */
    struct pf_kube_result last;
    char message[512];
    char reason[64];
};

static bool on_data(void *ctx, struct pf_sv bytes)
{
    struct watcher *w = ctx;
    w->bytes += bytes.len;
    return !w->refuse;
}

static void on_done(void *ctx, const struct pf_kube_result *result)
{
    struct watcher *w = ctx;
    w->done++;
    w->good += result->code == PF_OK;
    w->last = *result;
    (void)snprintf(w->message, sizeof(w->message), "%.*s", PF_SV_ARG(result->message));
    (void)snprintf(w->reason, sizeof(w->reason), "%.*s", PF_SV_ARG(result->reason));
    if (w->other != NULL) {
        pf_kube_client_cancel(w->client, PF_TAKE(w->other));
    }
}

static struct pf_kube_request request_of(const char *path, struct watcher *w)
{
    return (struct pf_kube_request){
        .method = "GET",
        .path = path,
        .what = "list pods",
        .on_data = on_data,
        .on_done = on_done,
        .ctx = w,
        .timeout_ms = 20000,
    };
}

static void begin(struct watcher *w, const struct pf_kube_request *request)
{
    struct pf_err err = {0};
    if (pf_kube_client_start(w->client, request, &w->call, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

static void finish(struct watcher *w, unsigned wanted)
{
    const int64_t end = pf_clock_mono_ns(pf_clock_system()) + DEADLINE_S * INT64_C(1000000000);
    while (w->done < wanted) {
        assert_true(pf_clock_mono_ns(pf_clock_system()) < end);
        pf_kube_client_step(w->client, STEP_MS);
    }
}

static struct watcher run(struct pf_kube_client *client, const struct pf_kube_request *request,
                          struct watcher *w)
{
    w->client = client;
    begin(w, request);
    finish(w, 1);
    return *w;
}

static void plain_answers(void **state)
{
    struct pf_kube_client *client = stub_client(*state);
    stub_get_ok(client, "/ok", "ok");
    const struct answer answer = stub_get(client, "/echo?labelSelector=a%3Db");
    assert_non_null(strstr(answer.text, "\"path\": \"/echo?labelSelector=a%3Db\""));
    assert_non_null(strstr(answer.text, "\"User-Agent\": \"podfit/test\""));
    assert_non_null(strstr(answer.text, "\"Accept\": \"application/json\""));
    assert_null(strstr(answer.text, "Authorization"));
    pf_kube_client_free(client);
}

static void a_body(void **state)
{
    struct pf_kube_client *client = stub_client(*state);
    pf_autobuf struct pf_buf body = {0};
    struct pf_err err = {0};
    int status = -1;
    const struct pf_kube_request request = {
        .method = "PATCH",
        .path = "/echo",
        .what = "patch",
        .content_type = "application/apply-patch+yaml",
        .body = PF_SV("a: 1"),
    };
    pf_buf_init(&body, 4096);
    assert_int_equal(pf_kube_client_call(client, &request, &body, &status, &err), PF_OK);
    assert_non_null(strstr(body.data, "\"method\": \"PATCH\""));
    assert_non_null(strstr(body.data, "\"body\": \"a: 1\""));
    assert_non_null(strstr(body.data, "\"Content-Type\": \"application/apply-patch+yaml\""));
    pf_kube_client_free(client);
}

static void keeps_the_connection(void **state)
{
    struct pf_kube_client *client = stub_client(*state);
    for (int i = 0; i < 5; i++) {
        stub_get_ok(client, "/ok", "ok");
    }
    stub_get_ok(client, "/counts", "1 6");
    const struct pf_kube_client_stats stats = pf_kube_client_stats(client);
    assert_int_equal(stats.requests, 6);
    assert_int_equal(stats.failures, 0);
    assert_int_equal(stats.bytes_received, 13);
    pf_kube_client_free(client);
}

static void refusals(void **state)
{
    static const struct {
        const char *path;
        int status;
        enum pf_code code;
        int64_t retry_after_ms;
        const char *reason;
        const char *message;
    } rows[] = {
        {"/forbidden", 403, PF_E_STATE, -1, "Forbidden",
         "cannot list pods: forbidden: User \"x\" cannot list resource \"pods\" in API group \"\" "
         "at the cluster scope"},
        {"/missing", 404, PF_E_NOT_FOUND, -1, "NotFound", "cannot list pods: pods \"a\" not found"},
        {"/conflict", 409, PF_E_EXISTS, -1, "Conflict",
         "cannot list pods: the object has been modified"},
        {"/busy", 429, PF_E_STATE, 7000, "TooManyRequests", "cannot list pods: too many requests"},
        {"/page", 502, PF_E_STATE, -1, "", "answered with status 502: <html>xxxx"},
        {"/redirect", 302, PF_E_STATE, -1, "", "answered with status 302"},
    };
    struct pf_kube_client *client = stub_client(*state);
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct watcher w = {0};
        const struct pf_kube_request request = request_of(rows[i].path, &w);
        run(client, &request, &w);
        if (w.last.status != rows[i].status || w.last.code != rows[i].code ||
            w.last.retry_after_ms != rows[i].retry_after_ms ||
            strcmp(w.reason, rows[i].reason) != 0 || strstr(w.message, rows[i].message) == NULL) {
            fail_msg("%s: %d %s '%s' '%s'", rows[i].path, w.last.status, pf_code_name(w.last.code),
                     w.reason, w.message);
        }
        assert_int_equal(w.bytes, 0); /* the body of a refusal is not data */
    }
    assert_int_equal(pf_kube_client_stats(client).failures, PF_ARRAY_LEN(rows));
    pf_kube_client_free(client);
}

/* @return how many requests of this method ended with this status */
static uint64_t ended(const struct pf_kube_client *client, const char *method, const char *status)
{
    const struct pf_kube_client_stats stats = pf_kube_client_stats(client);
    for (size_t i = 0; i < PF_TALLY_METHODS; i++) {
        for (size_t j = 0; j < PF_TALLY_STATUSES; j++) {
            if (strcmp(pf_tally_method(i), method) == 0 &&
                strcmp(pf_tally_status(j), status) == 0) {
                return stats.tally.ended[i][j];
            }
        }
    }
    fail_msg("there is no %s %s", method, status);
    return 0;
}

static void counted(void **state)
{
    static const struct {
        const char *path;
        const char *status;
    } rows[] = {{"/ok", "2xx"},         {"/forbidden", "403"}, {"/missing", "404"},
                {"/conflict", "409"},   {"/busy", "429"},      {"/page", "5xx"},
                {"/redirect", "other"}, {"/truncated", "none"}};
    struct pf_kube_client *client = stub_client(*state);
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct watcher w = {0};
        const struct pf_kube_request request = request_of(rows[i].path, &w);
        run(client, &request, &w);
        if (ended(client, "GET", rows[i].status) != 1) {
            fail_msg("%s is not counted as %s", rows[i].path, rows[i].status);
        }
    }
    assert_int_equal(ended(client, "PATCH", "2xx"), 0);
    pf_kube_client_free(client);
}

/* Retry-After: 7, and up to half as much again; it passes. */
static void asked_for_patience(void **state)
{
    struct stub *stub = *state;
    struct pf_kube_client *client = stub_client(stub);
    (void)stub_get(client, "/forbidden");
    (void)stub_get(client, "/ok");
    assert_int_equal(pf_kube_client_patience_ms(client), 0);
    (void)stub_get(client, "/busy");
    const int64_t asked = pf_kube_client_patience_ms(client);
    assert_in_range(asked, 1, 10500); /* some of it has passed already */
    (void)stub_get(client, "/ok");
    assert_in_range(pf_kube_client_patience_ms(client), 1,
                    asked); /* one good answer is no end of it */
    stub->mono_ahead_ns += INT64_C(10500) * 1000000;
    assert_int_equal(pf_kube_client_patience_ms(client), 0);
    pf_kube_client_free(client);
}

static void broken_answers(void **state)
{
    static const struct {
        const char *path;
        int64_t timeout_ms;
        size_t max_bytes;
        bool refuse;
        enum pf_code code;
        int status;
        const char *message;
    } rows[] = {
        {"/truncated", 20000, 0, false, PF_E_IO, 0, "the answer was cut off"},
        {"/hang", 200, 0, false, PF_E_IO, 0, "timed out"},
        {"/slow", 20000, 0, false, PF_OK, 200, ""},
        {"/slow", 20000, 20, false, PF_OK, 200, ""},
        {"/slow", 20000, 19, false, PF_E_TOO_BIG, 200, "more than 19 bytes"},
        {"/big", 20000, 99999, false, PF_E_TOO_BIG, 200, "more than 99999 bytes"},
        {"/big", 20000, 100000, false, PF_OK, 200, ""},
        {"/big", 20000, 0, true, PF_E_STATE, 200, "stopped by its reader"},
    };
    struct pf_kube_client *client = stub_client(*state);
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct watcher w = {.refuse = rows[i].refuse};
        struct pf_kube_request request = request_of(rows[i].path, &w);
        request.timeout_ms = rows[i].timeout_ms;
        request.max_bytes = rows[i].max_bytes;
        run(client, &request, &w);
        if (w.last.status != rows[i].status || w.last.code != rows[i].code ||
            strstr(w.message, rows[i].message) == NULL) {
            fail_msg("row %zu, %s: %d %s '%s'", i, rows[i].path, w.last.status,
                     pf_code_name(w.last.code), w.message);
        }
    }
    stub_get_ok(client, "/ok", "ok"); /* none of them has broken the client */
    pf_kube_client_free(client);
}

static void side_by_side(void **state)
{
    struct pf_kube_client *client = stub_client(*state);
    struct watcher w = {.client = client};
    const struct pf_kube_request request = request_of("/together", &w);
    for (int i = 0; i < 8; i++) {
        begin(&w, &request);
    }
    finish(&w, 8); /* the server answers only when all eight are there */
    assert_int_equal(w.good, 8);
    pf_kube_client_free(client);
}

static void cancelled(void **state)
{
    struct pf_kube_client *client = stub_client(*state);
    struct watcher hanging = {.client = client};
    struct watcher w = {.client = client};
    const struct pf_kube_request hang = request_of("/hang", &hanging);
    const struct pf_kube_request request = request_of("/ok", &w);
    begin(&hanging, &hang);
    pf_kube_client_cancel(client, hanging.call); /* not sent yet */
    begin(&hanging, &hang);
    begin(&w, &request);
    finish(&w, 1);
    pf_kube_client_cancel(client, hanging.call); /* under way */
    pf_kube_client_cancel(client, NULL);
    begin(&hanging, &hang);
    w.other = hanging.call; /* by another's on_done */
    begin(&w, &request);
    finish(&w, 2);
    begin(&hanging, &hang); /* by the end of the client */
    pf_kube_client_step(client, 0);
    pf_kube_client_free(client);
    assert_int_equal(hanging.done, 0);
    assert_int_equal(w.good, 2);
}

/* A call that starts the next in its on_done, and cannot wait for one there. */
struct chain {
    struct watcher w;
    unsigned left;
    enum pf_code nested;
};

static void on_link(void *ctx, const struct pf_kube_result *result)
{
    struct chain *chain = ctx;
    pf_autobuf struct pf_buf body = {0};
    struct pf_kube_request request = request_of("/ok", &chain->w);
    int status = 0;
    pf_buf_init(&body, 100);
    chain->nested = pf_kube_client_call(chain->w.client, &request, &body, &status, NULL);
    chain->w.good += result->code == PF_OK;
    if (chain->left-- == 0) {
        chain->w.done = 1;
        return;
    }
    request.on_done = on_link;
    request.ctx = chain;
    request.on_data = NULL;
    begin(&chain->w, &request);
}

static void chained(void **state)
{
    struct chain chain = {.w = {.client = stub_client(*state)}, .left = 3};
    struct pf_kube_request request = request_of("/ok", &chain.w);
    request.on_done = on_link;
    request.ctx = &chain;
    request.on_data = NULL;
    begin(&chain.w, &request);
    finish(&chain.w, 1);
    assert_int_equal(chain.w.good, 4);
    assert_int_equal(chain.nested, PF_E_STATE);
    pf_kube_client_free(chain.w.client);
}

static void bad_paths(void **state)
{
    static const char *const rows[] = {"", "ok", "/a b", "/a\r\nX: y", "/a#b"};
    struct pf_kube_client *client = stub_client(*state);
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        assert_int_equal(stub_get(client, rows[i]).code, PF_E_INVALID);
    }
    pf_kube_client_free(client);
}

static void escaped(void **state)
{
    (void)state;
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 100);
    pf_kube_escape(&buf, (struct pf_sv){.ptr = "aZ0-._~/=&+ %\xC3\xA4\0", .len = 16});
    assert_string_equal(buf.data, "aZ0-._~%2F%3D%26%2B%20%25%C3%A4%00");
}

static void not_encrypted(void **state)
{
    struct stub *stub = *state;
    struct pf_kube_client *client = stub_client(stub);
    stub_get_ok(client, "/ok", "ok");
    pf_kube_client_free(client);
    static const struct {
        const char *server;
        enum pf_code code;
    } rows[] = {
        {"http://10.0.0.1:80", PF_E_UNSUPPORTED},
        {"http://localhost.example.org", PF_E_UNSUPPORTED},
        {"10.0.0.1", PF_E_INVALID},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        stub->config.server = rows[i].server;
        const struct pf_kube_client_options options = {
            .config = &stub->config, .clock = &stub->clock, .user_agent = "x"};
        struct pf_err err = {0};
        client = NULL;
        assert_int_equal(pf_kube_client_new(&options, &client, &err), rows[i].code);
        assert_null(client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_answers, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(a_body, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(keeps_the_connection, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(counted, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(asked_for_patience, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(refusals, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(broken_answers, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(side_by_side, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(cancelled, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(chained, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(bad_paths, stub_setup, stub_teardown),
        cmocka_unit_test(escaped),
        cmocka_unit_test_setup_teardown(not_encrypted, stub_setup_plain, stub_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Reviews without a decision: what podfit's log says of them, and how often. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <podfit/exchange.h>
#include <podfit/log.h>
#include <podfit/mem.h>
#include <podfit/webhook.h>

#define SECOND_NS INT64_C(1000000000)

static void answered(struct pf_webhook *webhook, unsigned status, const char *sentence)
{
    struct pf_exchange exchange = {.reply = PF_REPLY_OK};
    pf_buf_init(&exchange.answer, 1024);
    pf_buf_append_cstr(&exchange.answer, sentence);
    const struct pf_listener_app app = pf_webhook_app(webhook);
    app.after(app.opaque, &exchange, status);
    pf_buf_done(&exchange.answer);
}

/* Of the line that is written, from "msg" on; empty: none. */
static void said(struct pf_webhook *webhook, int64_t now, char message[512])
{
    int ends[2] = {-1, -1};
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    const int saved = dup(STDERR_FILENO);
    (void)dup2(ends[1], STDERR_FILENO);
    pf_webhook_tell_failures(webhook, now);
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    (void)close(ends[1]);
    char line[512] = "";
    const ssize_t got = read(ends[0], line, sizeof(line) - 1);
    assert_true(got >= 0 || errno == EAGAIN);
    (void)close(ends[0]);
    const char *from = strstr(line, "\"msg\":");
    (void)snprintf(message, 512, "%s", from != NULL ? from : "");
}

static void told_in_turn(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned statuses[3]; /* that are answered before; 0: none more */
        int64_t at_s;
        const char *want;
    } rows[] = {
        {"nothing to tell", {0}, 0, ""},
        {"decisions and refusals of the client's are none", {200, 400, 413}, 1, ""},
        {"at once",
         {503},
         2,
         "\"msg\":\"reviews without a decision: 1, the last answered with status 503: podfit: 503\"}\n"},
        {"not again within ten seconds", {500, 503}, 11, ""},
        {"then all of them, and the last",
         {200, 500},
         12,
         "\"msg\":\"reviews without a decision: 3, the last answered with status 500: podfit: 500\"}\n"},
        {"never twice", {0}, 60, ""},
    };
    struct pf_metrics *metrics = NULL;
    assert_int_equal(pf_metrics_new(&metrics, NULL), PF_OK);
    const struct pf_webhook_options options = {.metrics = metrics, .clock = pf_clock_system()};
    struct pf_webhook *webhook = NULL;
    assert_int_equal(pf_webhook_new(&options, &webhook, NULL), PF_OK);
    assert_int_equal(pf_log_configure(NULL, /* json= */ true, NULL), PF_OK);
    for (size_t row = 0; row < PF_ARRAY_LEN(rows); row++) {
        for (size_t i = 0; i < PF_ARRAY_LEN(rows[row].statuses) && rows[row].statuses[i] != 0;
             i++) {
            char sentence[32];
            (void)snprintf(sentence, sizeof(sentence), "podfit: %u\n", rows[row].statuses[i]);
            answered(webhook, rows[row].statuses[i], sentence);
        }
        char message[512];
        said(webhook, rows[row].at_s * SECOND_NS, message);
        if (strcmp(message, rows[row].want) != 0) {
            fail_msg("%s: '%s'", rows[row].name, message);
        }
    }
    pf_webhook_free(webhook);
    pf_metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(told_in_turn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

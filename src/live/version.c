#include <stdio.h>
#include <string.h>

#include "live_internal.h"
#include <podfit/cursor.h>
#include <podfit/log.h>

#define VERSION_MAX_BYTES  ((size_t)64 * 1024)
#define VERSION_TIMEOUT_MS 10000
#define WAIT_FIRST_MS      500
#define WAIT_LAST_MS       10000

/** One question. */
struct question {
    struct pf_live *live;
    struct pf_kube_call *call; /**< NULL: answered */
    struct pf_buf body;
    int status;
    enum pf_code code;
    char message[PF_ERR_TEXT_BYTES];
};

static bool take_bytes(void *ctx, struct pf_sv bytes)
{
    struct question *question = ctx;
    pf_buf_append_sv(&question->body, bytes);
    return question->body.failed == PF_OK;
}

static void answered(void *ctx, const struct pf_kube_result *result)
{
    struct question *question = ctx;
    question->call = NULL;
    question->status = result->status;
    question->code = result->code;
    (void)snprintf(question->message, sizeof(question->message), "%.*s",
                   PF_SV_ARG(result->message));
}

/* {"major":"1","minor":"36",...}: managed clusters have a plus behind the minor. */
enum pf_code pf_live_read_version(struct pf_sv body, struct pf_arena *arena, int *ret_minor,
                                  struct pf_err *err)
{
    enum { MAJOR, MINOR };
    static const struct pf_sv keys[] = {
        [MAJOR] = PF_SV_INIT("major"), [MINOR] = PF_SV_INIT("minor")};
    struct pf_sv texts[PF_ARRAY_LEN(keys)] = {{0}};
    struct pf_cursor c;
    uint64_t seen = 0;
    size_t field = 0;
    pf_cursor_init(&c, body);
    (void)pf_cursor_enter_object(&c);
    while (pf_cursor_next_field(&c, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        (void)pf_cursor_string(&c, arena, &texts[field]);
    }
    (void)pf_cursor_end(&c);
    const enum pf_code code = pf_cursor_error(&c, err);
    if (code != PF_OK) {
        return code;
    }
    const char *text =
        pf_arena_printf(arena, "%.*s.%.*s", PF_SV_ARG(texts[MAJOR]), PF_SV_ARG(texts[MINOR]));
    return text != NULL ? pf_kube_version_parse(pf_sv_from(text), ret_minor, err)
                        : pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
}

/* @return true: the question needs no repetition */
static bool conclude(struct question *question, int *ret_minor)
{
    struct pf_err err = {0};
    if (question->code == PF_OK) {
        pf_arena_reset(&question->live->arena);
        const enum pf_code code = pf_live_read_version(pf_buf_view(&question->body),
                                                       &question->live->arena, ret_minor, &err);
        if (code == PF_E_UNSUPPORTED) {
            pf_log_warning("live", "%s; judging as 1.%d, the oldest that is known", err.text,
                           PF_KUBE_MINOR_OLDEST);
            *ret_minor = PF_KUBE_MINOR_OLDEST;
        } else if (code != PF_OK && question->live->options.impatient) {
            (void)snprintf(question->message, sizeof(question->message),
                           "what answers gives no version of an API server: %.200s", err.text);
            return false;
        } else if (code != PF_OK) {
            pf_log_warning("live", "the API server's version cannot be read, judging as 1.%d: %s",
                           PF_KUBE_MINOR_NEWEST, err.text);
            *ret_minor = PF_KUBE_MINOR_NEWEST;
        }
        return true;
    }
    if (question->status == 403 || question->status == 404) {
        pf_log_warning("live", "%s; judging as 1.%d", question->message, PF_KUBE_MINOR_NEWEST);
        *ret_minor = PF_KUBE_MINOR_NEWEST;
        return true;
    }
    return false; /* 401 too: a credential may become valid */
}

static bool stopping(const struct pf_live *live)
{
    return atomic_load(&live->stop);
}

static void ask(struct question *question)
{
    const struct pf_kube_request request = {
        .method = "GET",
        .path = "/version",
        .what = "get the API server's version",
        .timeout_ms = VERSION_TIMEOUT_MS,
        .max_bytes = VERSION_MAX_BYTES,
        .on_data = take_bytes,
        .on_done = answered,
        .ctx = question,
    };
    struct pf_err err = {0};
    pf_buf_reset(&question->body);
    question->status = 0;
    question->code = pf_kube_client_start(question->live->client, &request, &question->call, &err);
    if (question->code != PF_OK) {
        question->call = NULL;
        memcpy(question->message, err.text, sizeof(question->message));
    }
    while (question->call != NULL && !stopping(question->live)) {
        pf_kube_client_step(question->live->client, WAIT_FIRST_MS);
    }
    pf_kube_client_cancel(question->live->client, question->call);
}

static void wait_ms(const struct pf_live *live, int64_t wait)
{
    const int64_t until = pf_clock_mono_ns(live->options.clock) + wait * PF_NS_PER_MS;
    while (!stopping(live) && pf_clock_mono_ns(live->options.clock) < until) {
        pf_kube_client_step(live->client, (int)pf_live_until_ms(live, until));
    }
}

/* A busy or starting server may answer soon; who waits at a terminal for anything else waits in vain. */
static bool may_pass(const struct question *question)
{
    return !question->live->options.impatient || question->status == 429 || question->status >= 500;
}

static void tell_failure(struct pf_live *live, const char *message, bool first)
{
    (void)pthread_mutex_lock(&live->shared.lock);
    memcpy(live->shared.failure, message, sizeof(live->shared.failure));
    (void)pthread_mutex_unlock(&live->shared.lock);
    if (first) {
        pf_log_warning("live", "%s; trying on", message);
    }
}

void pf_live_version_run(struct pf_live *live)
{
    struct question question = {.live = live};
    pf_buf_init(&question.body, VERSION_MAX_BYTES);
    int64_t wait = WAIT_FIRST_MS;
    int minor = 0;
    bool known = false;
    bool given_up = false;
    while (!known && !given_up && !stopping(live)) {
        ask(&question);
        known = conclude(&question, &minor);
        given_up = !known && !may_pass(&question);
        if (given_up) {
            pf_live_give_up(live, question.message);
        } else if (!known) {
            tell_failure(live, question.message, /* first= */ wait == WAIT_FIRST_MS);
            /* at a terminal somebody waits */
            const int64_t patience =
                live->options.impatient ? 0 : pf_kube_client_patience_ms(live->client);
            wait_ms(live, wait > patience ? wait : patience);
            wait = wait * 2 < WAIT_LAST_MS ? wait * 2 : WAIT_LAST_MS;
        }
    }
    pf_buf_done(&question.body);
    if (known) {
        live->minor = minor;
        (void)pthread_mutex_lock(&live->shared.lock);
        live->shared.minor = minor;
        (void)pthread_mutex_unlock(&live->shared.lock);
    }
}

#include <stdio.h>
#include <string.h>

#include "transfer.h"
#include <podfit/limits.h>
#include <podfit/mem.h>

/* While a plug-in runs its end is looked for this often: a process has no descriptor that curl could wait on. */
#define PLUGIN_LOOK_MS 20
/* Decoded reason and message of a Status. */
#define ANSWER_ARENA_BYTES (PF_KUBE_STATUS_MAX_BYTES * 4)
#define SYNC_TIMEOUT_MS    30000
#define SYNC_STEP_MS       1000
/* A server may ask for patience, but not make us forget it; as for lists (reflect_rules.c). */
#define PATIENCE_MAX_MS INT64_C(300000)
#define NS_PER_MS       INT64_C(1000000)

enum pf_code pf_kube_client_new(const struct pf_kube_client_options *options,
                                struct pf_kube_client **ret_client, struct pf_err *err)
{
    struct pf_kube_client *client = pf_mem_calloc(1, sizeof(*client));
    if (client == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the API client");
    }
    client->options = *options;
    (void)pthread_mutex_init(&client->lock, NULL); /* cannot fail with default attributes */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)pthread_mutex_destroy(&client->lock);
        free(client);
        return pf_err_set(err, PF_E_INTERNAL, "cannot initialise libcurl");
    }
    enum pf_code code = pf_endpoint_resolve(client, err);
    if (code == PF_OK) {
        code = pf_keeper_new(options->config, options->clock, &client->keeper, err);
    }
    if (code == PF_OK) {
        client->multi = curl_multi_init();
        code = client->multi != NULL
                   ? PF_OK
                   : pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the API client");
    }
    if (code != PF_OK) {
        pf_kube_client_free(client);
        return code;
    }
    *ret_client = client;
    return PF_OK;
}

static void unlink_call(struct pf_kube_call *call)
{
    struct pf_kube_client *client = call->client;
    *(call->previous != NULL ? &call->previous->next : &client->first) = call->next;
    *(call->next != NULL ? &call->next->previous : &client->last) = call->previous;
    call->previous = NULL;
    call->next = NULL;
}

void pf_kube_client_free(struct pf_kube_client *client)
{
    if (client == NULL) {
        return;
    }
    while (client->first != NULL) {
        struct pf_kube_call *call = client->first;
        unlink_call(call);
        pf_transfer_free(call);
    }
    if (client->multi != NULL) {
        (void)curl_multi_cleanup(client->multi);
    }
    pf_keeper_free(client->keeper);
    free(client->base_url);
    free(client->host_header);
    free(client->connect_to);
    (void)pthread_mutex_destroy(&client->lock);
    free(client);
    curl_global_cleanup();
}

/* Nothing may be in a path that ends the request line. */
static bool is_path(const char *path)
{
    for (const char *p = path; *p != '\0'; p++) {
        if ((unsigned char)*p <= 0x20 || *p == 0x7F || *p == '#') {
            return false;
        }
    }
    return path[0] == '/';
}

enum pf_code pf_kube_client_start(struct pf_kube_client *client,
                                  const struct pf_kube_request *request,
                                  struct pf_kube_call **ret_call, struct pf_err *err)
{
    if (!is_path(request->path)) {
        return pf_err_set(err, PF_E_INVALID, "'%s' is not a percent-encoded path", request->path);
    }
    struct pf_kube_call *call = pf_transfer_new(client, request);
    if (call == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "cannot %s: out of memory", request->what);
    }
    call->previous = client->last;
    *(client->last != NULL ? &client->last->next : &client->first) = call;
    client->last = call;
    client->stats.requests++;
    *ret_call = call;
    return PF_OK;
}

void pf_kube_client_cancel(struct pf_kube_client *client, struct pf_kube_call *call)
{
    if (call == NULL) {
        return;
    }
    if (client->depth != 0) {
        call->cancelled = true; /* curl takes no handle away inside its callbacks */
        return;
    }
    unlink_call(call);
    pf_transfer_free(call);
}

/* Report the end of a call and free it. */
static void finish(struct pf_kube_call *call, const struct pf_kube_result *result)
{
    struct pf_kube_client *client = call->client;
    client->stats.failures += result->code != PF_OK;
    pf_tally_add(&client->stats.tally, call->request.method, result->status);
    unlink_call(call);
    pf_transfer_end(call);
    call->request.on_done(call->request.ctx, result);
    pf_transfer_free(call);
}

/* No request was made: there is no credential, or no memory. */
static void finish_unsent(struct pf_kube_call *call, enum pf_code code, const char *text)
{
    char message[PF_ERR_TEXT_BYTES + 128];
    (void)snprintf(message, sizeof(message), "cannot %s: %s", call->request.what, text);
    const struct pf_kube_result result = {
        .code = code == PF_E_NO_MEMORY ? code : PF_E_IO,
        .retry_after_ms = -1,
        .connection = -1,
        .message = pf_sv_from(message),
    };
    finish(call, &result);
}

/* Send what waits. @return has a call come to its end? */
static bool dispatch(struct pf_kube_client *client)
{
    struct pf_err err = {0};
    struct pf_identity *identity = NULL;
    bool ended = false;
    enum pf_code code = PF_E_STATE;
    struct pf_kube_call *next = client->first;
    /* one identity for all that wait: a plug-in that failed fails all of them and is not run again for each */
    const struct pf_kube_call *last = client->last;
    bool more = next != NULL;
    bool asked = false;
    while (more) {
        struct pf_kube_call *call = next;
        more = call != last;
        next = call->next;
        if (call->easy != NULL || call->cancelled) {
            continue;
        }
        if (!asked) {
            code = pf_keeper_get(client->keeper, &identity, &err);
            asked = true;
        }
        if (code == PF_E_STATE) {
            break; /* the plug-in runs */
        }
        struct pf_err own = err;
        const enum pf_code begun = code == PF_OK ? pf_transfer_begin(call, identity, &own) : code;
        if (begun != PF_OK) {
            finish_unsent(call, begun, own.text);
            ended = true;
        }
    }
    pf_keeper_release(identity);
    return ended;
}

/* With a part that is random, so that those who were sent away together do not come back together. */
static void mind_wish(struct pf_kube_client *client, const struct pf_kube_result *result)
{
    if (result->retry_after_ms <= 0 || (result->status != 429 && result->status < 500)) {
        return;
    }
    const int64_t wish =
        result->retry_after_ms < PATIENCE_MAX_MS ? result->retry_after_ms : PATIENCE_MAX_MS;
    const int64_t more = (int64_t)(pf_random_u64() % ((uint64_t)wish / 2 + 1));
    const int64_t until = pf_clock_mono_ns(client->options.clock) + (wish + more) * NS_PER_MS;
    client->patience_mono_ns = until > client->patience_mono_ns ? until : client->patience_mono_ns;
}

int64_t pf_kube_client_patience_ms(const struct pf_kube_client *client)
{
    const int64_t left = client->patience_mono_ns - pf_clock_mono_ns(client->options.clock);
    return client->patience_mono_ns != 0 && left > 0 ? (left + NS_PER_MS - 1) / NS_PER_MS : 0;
}

/* One attempt is over: try again with another credential, or report. */
static void conclude(struct pf_kube_call *call, CURLcode code)
{
    struct pf_kube_client *client = call->client;
    if (code == CURLE_OK && pf_transfer_status(call) == 401 && !call->retried &&
        pf_keeper_reject(client->keeper, call->identity)) {
        call->retried = true;
        client->stats.reauthentications++;
        pf_tally_add(&client->stats.tally, call->request.method, 401);
        pf_transfer_end(call);
        return;
    }
    client->dead =
        client->dead || (code == CURLE_OPERATION_TIMEDOUT && pf_transfer_is_unheard(call));
    pf_autoarena struct pf_arena arena = {0};
    pf_autobuf struct pf_buf message = {0};
    struct pf_kube_result result = {0};
    pf_arena_init(&arena, ANSWER_ARENA_BYTES);
    pf_buf_init(&message, PF_MESSAGE_MAX_BYTES);
    pf_kube_answer_compose(call, code, &arena, &message, &result);
    mind_wish(client, &result);
    finish(call, &result);
}

/* @return has a call come to its end? */
static bool harvest(struct pf_kube_client *client)
{
    bool ended = false;
    for (;;) {
        int left = 0;
        const CURLMsg *message = curl_multi_info_read(client->multi, &left);
        if (message == NULL) {
            return ended;
        }
        struct pf_kube_call *call = NULL;
        const CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE ||
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call) != CURLE_OK) {
            continue;
        }
        ended = true;
        if (call->cancelled) {
            pf_transfer_end(call);
        } else {
            conclude(call, code);
        }
    }
}

/* Free what was cancelled while callbacks ran. */
static void reap(struct pf_kube_client *client)
{
    struct pf_kube_call *next = NULL;
    for (struct pf_kube_call *call = client->first; call != NULL; call = next) {
        next = call->next;
        if (call->cancelled) {
            unlink_call(call);
            pf_transfer_free(call);
        }
    }
}

/*
 * A request was sent and has had all of its time, and meanwhile nothing has come, not even on a watch: a server that hangs behind a network that acknowledges for it, or one
 * that is gone behind a proxy. HTTP/2 would send the next request down the same connection. So all are given up: what is under way ends as with a connection that broke, and
 * begins anew on another. client-go does so when a ping is not answered; this libcurl has none.
 */
static bool leave_dead_connections(struct pf_kube_client *client)
{
    CURLM *fresh = client->dead ? curl_multi_init() : NULL;
    if (fresh == NULL) {
        return false; /* nothing to do, or no memory: at the next step */
    }
    client->dead = false;
    client->stats.reconnections++;
    struct pf_kube_call *next = client->first;
    const struct pf_kube_call *last = client->last;
    bool more = next != NULL;
    while (more) {
        struct pf_kube_call *call = next;
        more = call != last;
        next = call->next;
        if (call->cancelled) {
            pf_transfer_end(call);
        } else if (call->easy != NULL) {
            finish_unsent(call, PF_E_IO, "the connection is open, but nobody answers");
        }
    }
    CURLM *old = client->multi;
    (void)pthread_mutex_lock(&client->lock);
    client->multi = fresh;
    (void)pthread_mutex_unlock(&client->lock);
    (void)curl_multi_cleanup(old);
    return true;
}

static bool run(struct pf_kube_client *client)
{
    int running = 0;
    client->depth++;
    bool ended = leave_dead_connections(client);
    ended = dispatch(client) || ended;
    (void)curl_multi_perform(client->multi, &running); /* a handle's failure comes as its result */
    ended = harvest(client) || ended;
    client->depth--;
    reap(client);
    return ended;
}

static void wait_for_traffic(struct pf_kube_client *client, int timeout_ms)
{
    struct curl_waitfd extra[2] = {{0}};
    unsigned count = 0;
    const struct pf_exec_plugin *plugin = pf_keeper_plugin(client->keeper);
    if (plugin != NULL) {
        int fds[2];
        pf_exec_plugin_fds(plugin, fds);
        for (unsigned i = 0; i < 2; i++) {
            if (fds[i] >= 0) {
                extra[count++] = (struct curl_waitfd){.fd = fds[i], .events = CURL_WAIT_POLLIN};
            }
        }
        timeout_ms = timeout_ms < PLUGIN_LOOK_MS ? timeout_ms : PLUGIN_LOOK_MS;
    }
    (void)curl_multi_poll(client->multi, extra, count, timeout_ms > 0 ? timeout_ms : 0, NULL);
}

void pf_kube_client_step(struct pf_kube_client *client, int timeout_ms)
{
    if (run(client)) {
        return; /* what has ended may change what its owner does next */
    }
    wait_for_traffic(client, timeout_ms);
    (void)run(client);
}

void pf_kube_client_wake(struct pf_kube_client *client)
{
    (void)pthread_mutex_lock(&client->lock);
    (void)curl_multi_wakeup(client->multi);
    (void)pthread_mutex_unlock(&client->lock);
}

struct pf_kube_client_stats pf_kube_client_stats(const struct pf_kube_client *client)
{
    struct pf_kube_client_stats stats = client->stats;
    for (const struct pf_kube_call *call = client->first; call != NULL; call = call->next) {
        stats.under_way++;
    }
    return stats;
}

/* A request that somebody waits for. */
struct sync {
    struct pf_buf *body;
    struct pf_err *err;
    enum pf_code code;
    int status;
    bool done;
};

static bool sync_data(void *ctx, struct pf_sv bytes)
{
    const struct sync *sync = ctx;
    pf_buf_append_sv(sync->body, bytes);
    return sync->body->failed == PF_OK;
}

static void sync_done(void *ctx, const struct pf_kube_result *result)
{
    struct sync *sync = ctx;
    sync->done = true;
    sync->status = result->status;
    sync->code = result->code;
    if (sync->body->failed != PF_OK) {
        sync->code = pf_buf_status(sync->body, sync->err);
    } else if (result->code != PF_OK) {
        (void)pf_err_set(sync->err, result->code, "%.*s", PF_SV_ARG(result->message));
    }
}

enum pf_code pf_kube_client_call(struct pf_kube_client *client,
                                 const struct pf_kube_request *request, struct pf_buf *body,
                                 int *ret_status, struct pf_err *err)
{
    struct sync sync = {.body = body, .err = err};
    struct pf_kube_request own = *request;
    struct pf_kube_call *call = NULL;
    *ret_status = 0;
    if (client->depth != 0) {
        return pf_err_set(err, PF_E_STATE, "cannot %s: inside a callback", request->what);
    }
    own.on_data = sync_data;
    own.on_done = sync_done;
    own.ctx = &sync;
    own.max_bytes = own.max_bytes != 0 ? own.max_bytes : PF_KUBE_ANSWER_MAX_BYTES;
    own.timeout_ms = own.timeout_ms != 0 ? own.timeout_ms : SYNC_TIMEOUT_MS;
    const enum pf_code code = pf_kube_client_start(client, &own, &call, err);
    if (code != PF_OK) {
        return code;
    }
    while (!sync.done) {
        pf_kube_client_step(client, SYNC_STEP_MS);
    }
    *ret_status = sync.status;
    return sync.code;
}

void pf_kube_escape(struct pf_buf *buf, struct pf_sv text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char)text.ptr[i];
        if (byte != 0 && strchr(plain, byte) != NULL) {
            pf_buf_append_char(buf, (char)byte);
            continue;
        }
        const char escaped[3] = {'%', digits[byte >> 4], digits[byte & 0xF]};
        pf_buf_append(buf, escaped, sizeof(escaped));
    }
}

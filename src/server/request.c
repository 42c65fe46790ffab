#include "listener_internal.h"

/* A body this small is read to its end before a refusal, so that the connection stays usable. */
#define DISCARD_SMALL_BYTES ((uint64_t)64 * 1024)
/* A body without length is followed this far over its limit, to say 413; then the connection is cut. */
#define DISCARD_OVER_BYTES ((uint64_t)1024 * 1024)

/* Headers that say how long the body is. */
struct framing {
    unsigned lengths;
    unsigned encodings;
    bool chunked;
    bool bad;
    uint64_t length;
};

static enum MHD_Result read_framing(void *cls, enum MHD_ValueKind kind, const char *key,
                                    const char *value)
{
    (void)kind;
    struct framing *framing = cls;
    const struct pf_sv text = pf_sv_from(value);
    if (strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        int64_t length = 0;
        framing->lengths++;
        if (!pf_sv_to_i64(text, &length) || length < 0 || text.ptr[0] == '-') {
            framing->bad = true;
        } else {
            framing->length = (uint64_t)length;
        }
    } else if (strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        framing->encodings++;
        framing->chunked = strcasecmp(value != NULL ? value : "", "chunked") == 0;
    }
    return MHD_YES;
}

static bool framing_is_bad(const struct framing *framing)
{
    return framing->bad || framing->lengths + framing->encodings > 1 ||
           (framing->encodings != 0 && !framing->chunked);
}

struct pf_sv pf_exchange_header(const struct pf_exchange *exchange, const char *name)
{
    return pf_sv_from(MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name));
}

struct pf_sv pf_exchange_query(const struct pf_exchange *exchange, const char *name)
{
    const char *value = NULL;
    size_t len = 0;
    if (MHD_lookup_connection_value_n(exchange->connection, MHD_GET_ARGUMENT_KIND, name,
                                      strlen(name), &value, &len) != MHD_YES ||
        value == NULL) {
        return (struct pf_sv){.ptr = NULL};
    }
    return (struct pf_sv){.ptr = value, .len = len};
}

static void release_exchange(void *cls)
{
    pf_exchange_unref(cls);
}

static bool add_page_headers(struct MHD_Response *response, const char *policy)
{
    const struct {
        const char *name;
        const char *value;
    } rows[] = {{"Content-Security-Policy", policy},
                {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
                {"Referrer-Policy", "no-referrer"},
                {"Cross-Origin-Resource-Policy", "same-origin"}};
    bool good = true;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows) && good; i++) {
        good = MHD_add_response_header(response, rows[i].name, rows[i].value) == MHD_YES;
    }
    return good;
}

static bool add_headers(struct MHD_Response *response, const struct pf_exchange *exchange,
                        const struct pf_reply_info *info, bool closes)
{
    const char *type =
        exchange->content_type != NULL ? exchange->content_type : "text/plain; charset=utf-8";
    bool good = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
                MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES;
    if (good && exchange->policy[0] != '\0') {
        good = add_page_headers(response, exchange->policy);
    }
    if (good && info->allow != NULL) {
        good = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, info->allow) == MHD_YES;
    }
    if (good && info->retry_after) {
        good = MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1") == MHD_YES;
    }
    if (good && closes) {
        good = MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES;
    }
    return good;
}

/* Queue the decided answer. The response holds the exchange until its bytes are sent. */
static enum MHD_Result respond(struct pf_listener *listener, struct pf_exchange *exchange,
                               bool unread)
{
    pf_exchange_close_answer(exchange);
    const struct pf_reply_info *info = pf_reply_info(exchange->reply);
    const struct pf_sv answer = pf_buf_view(&exchange->answer);
    static char nothing[1] = "";
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        answer.len, answer.len != 0 ? exchange->answer.data : nothing, release_exchange, exchange);
    if (response == NULL) {
        return MHD_NO;
    }
    pf_exchange_ref(exchange);
    const bool closes = info->closes || unread || atomic_load(&listener->closing);
    enum MHD_Result result = MHD_NO;
    if (add_headers(response, exchange, info, closes)) {
        if (exchange->link != NULL && exchange->link->session != NULL && answer.len != 0 &&
            !exchange->head) {
            pf_outgoing_hold_next(&exchange->link->outgoing); /* the header, until the body comes */
        }
        result = MHD_queue_response(exchange->connection, info->status, response);
    }
    MHD_destroy_response(response); /* drops our share; the queue has its own */
    if (result != MHD_YES) {
        return MHD_NO;
    }
    exchange->queued = true;
    if (unread && exchange->link != NULL) {
        pf_linger_hold(listener, exchange->link->conn.fd);
    }
    if (listener->options.app.after != NULL) {
        listener->options.app.after(listener->options.app.opaque, exchange, info->status);
    }
    return MHD_YES;
}

/* `timeout=2s` of the query; the API server rounds its remaining time up to whole seconds (webhook practice P-16). */
static int64_t query_timeout_ms(struct MHD_Connection *connection)
{
    struct pf_sv text =
        pf_sv_from(MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "timeout"));
    int64_t seconds = 0;
    if (text.len < 2 || text.len > 5 || text.ptr[text.len - 1] != 's') {
        return 0;
    }
    text.len--;
    if (!pf_sv_to_i64(text, &seconds) || seconds <= 0) {
        return 0;
    }
    return seconds * 1000;
}

static enum MHD_Result first_call(struct pf_listener *listener, struct pf_exchange *exchange,
                                  struct MHD_Connection *connection)
{
    struct framing framing = {.lengths = 0};
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, read_framing, &framing);
    exchange->timeout_ms = query_timeout_ms(connection);
    exchange->verbose = MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, "verbose",
                                                      7, NULL, NULL) == MHD_YES;
    const bool bad = framing_is_bad(&framing);
    if (bad) {
        pf_exchange_decide(exchange, PF_REPLY_BAD_FRAMING);
    } else {
        listener->options.app.begin(listener->options.app.opaque, exchange);
    }
    if (framing.length > listener->options.body_max_bytes) {
        pf_exchange_decide(exchange, PF_REPLY_TOO_LARGE);
    }
    const bool drain = !bad && !framing.chunked && framing.length <= DISCARD_SMALL_BYTES;
    if (exchange->reply == PF_REPLY_NONE || drain) {
        return MHD_YES; /* the body comes next */
    }
    return respond(listener, exchange, /* unread= */ true);
}

static struct pf_exchange *start_exchange(struct pf_listener *listener,
                                          struct MHD_Connection *connection, const char *url,
                                          const char *method)
{
    struct pf_exchange *exchange = pf_exchange_get(&listener->pool);
    if (exchange == NULL) {
        return NULL;
    }
    exchange->connection = connection;
    exchange->link = pf_connection_link(connection);
    exchange->method = method;
    exchange->path = pf_sv_from(url);
    exchange->head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    exchange->start_mono_ns = exchange->link != NULL ? exchange->link->request_start_ns
                                                     : pf_clock_mono_ns(listener->options.clock);
    return exchange;
}

static enum MHD_Result take_body(struct pf_listener *listener, struct pf_exchange *exchange,
                                 const char *bytes, size_t *len)
{
    const struct pf_sv length = pf_exchange_header(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);
    int64_t expected = 0;
    if (!pf_sv_to_i64(length, &expected) || expected < 0) {
        expected = 0;
    }
    pf_exchange_collect(exchange, bytes, *len, (uint64_t)expected);
    *len = 0; /* all of it, always: libmicrohttpd may stall otherwise (webhook practice M-16) */
    const uint64_t over = (uint64_t)listener->options.body_max_bytes + DISCARD_OVER_BYTES;
    return exchange->body_total_bytes > over ? MHD_NO : MHD_YES;
}

/* NOLINTNEXTLINE(readability-function-size): libmicrohttpd fixes the parameters */
enum MHD_Result pf_request_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **state)
{
    (void)version;
    struct pf_listener *listener = cls;
    struct pf_exchange *exchange = *state;
    atomic_store_explicit(&listener->busy_mono_ns, pf_clock_mono_ns(listener->options.clock),
                          memory_order_relaxed);
    enum MHD_Result result = MHD_NO;
    if (exchange == NULL) {
        exchange = start_exchange(listener, connection, url, method);
        *state = exchange;
        if (exchange != NULL) {
            result = first_call(listener, exchange, connection);
        }
    } else if (*upload_data_size != 0) {
        result = take_body(listener, exchange, upload_data, upload_data_size);
    } else if (!exchange->queued) {
        if (exchange->reply == PF_REPLY_NONE) {
            exchange->path = pf_sv_from(url);
            pf_exchange_open_answer(exchange);
            listener->options.app.answer(listener->options.app.opaque, exchange);
        }
        result = respond(listener, exchange, /* unread= */ false);
    } else {
        result = MHD_YES;
    }
    atomic_store_explicit(&listener->busy_mono_ns, 0, memory_order_relaxed);
    return result;
}

void pf_request_completed(void *cls, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode reason)
{
    (void)reason;
    struct pf_listener *listener = cls;
    struct pf_exchange *exchange = *state;
    *state = NULL;
    struct pf_link *link = pf_connection_link(connection);
    if (link != NULL) {
        pf_conntable_end(listener->table, &link->conn);
    }
    if (exchange != NULL) {
        pf_exchange_unref(exchange);
    }
}

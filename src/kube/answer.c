#include <errno.h>
#include <string.h>

#include "transfer.h"
#include <podfit/cursor.h>

#define RETRY_AFTER_MAX_S \
    3600                     /* nobody means more; a hostile value must not stop podfit for ever */
#define BODY_QUOTE_BYTES 200 /* of an answer that is no Status, such as a proxy's page */

/* What the API server says in a meta/v1 Status. */
struct said {
    struct pf_sv reason;
    struct pf_sv message;
};

static bool read_status(struct pf_sv body, struct pf_arena *arena, struct said *ret_said)
{
    struct pf_cursor c;
    struct pf_sv key;
    struct pf_sv kind = {0};
    struct said said = {0};
    pf_cursor_init(&c, body);
    pf_cursor_enter_object(&c);
    while (pf_cursor_next_key(&c, &key)) {
        if (pf_sv_eq_cstr(key, "kind")) {
            pf_cursor_string(&c, arena, &kind);
        } else if (pf_sv_eq_cstr(key, "reason")) {
            pf_cursor_string(&c, arena, &said.reason);
        } else if (pf_sv_eq_cstr(key, "message")) {
            pf_cursor_string(&c, arena, &said.message);
        }
    }
    pf_cursor_end(&c);
    if (!pf_cursor_ok(&c) || !pf_sv_eq_cstr(kind, "Status")) {
        return false;
    }
    *ret_said = said;
    return true;
}

/* One line of printable text: control characters become spaces. */
static void append_line(struct pf_buf *buf, struct pf_sv text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        const bool control = (unsigned char)c < 0x20 || c == 0x7F;
        if (control) {
            pf_buf_append_char(buf, ' ');
        } else {
            pf_buf_append_char(buf, c);
        }
    }
}

static enum pf_code code_of(int status)
{
    if (pf_transfer_good(status)) {
        return PF_OK;
    }
    if (status == 404) {
        return PF_E_NOT_FOUND;
    }
    return status == 409 ? PF_E_EXISTS : PF_E_STATE;
}

/* `pods is forbidden: User ...` without its start, which `cannot list pods: forbidden:` says already. */
static struct pf_sv forbidden_because(struct pf_sv message)
{
    const struct pf_sv mark = PF_SV("is forbidden: ");
    const size_t at = pf_sv_find(message, mark);
    if (at == SIZE_MAX) {
        return message;
    }
    return (struct pf_sv){.ptr = message.ptr + at + mark.len, .len = message.len - at - mark.len};
}

static void append_refusal(const struct pf_kube_call *call, int status, const struct said *said,
                           struct pf_buf *buf)
{
    const struct pf_kube_config *config = call->client->options.config;
    const struct pf_sv body = pf_sv_trim(pf_buf_view(&call->refusal));
    if (status == 401) {
        pf_buf_printf(buf, "unauthorized: '%s' does not accept the credential of the %s",
                      config->server, config->origin);
    } else if (status == 403 && said->message.len != 0) {
        pf_buf_append_cstr(buf, "forbidden: ");
        append_line(buf, forbidden_because(said->message));
    } else if (said->message.len != 0) {
        append_line(buf, said->message);
    } else {
        pf_buf_printf(buf, "'%s' answered with status %d", config->server, status);
        if (body.len != 0) {
            pf_buf_append_cstr(buf, ": ");
            append_line(buf, (struct pf_sv){.ptr = body.ptr,
                                            .len = body.len < BODY_QUOTE_BYTES ? body.len
                                                                               : BODY_QUOTE_BYTES});
        }
    }
}

/* What curl's error means to a person, and what to do. */
static const char *sentence_of(CURLcode code)
{
    static const struct {
        CURLcode code;
        const char *text;
    } rows[] = {
        {CURLE_COULDNT_RESOLVE_HOST, "its name cannot be resolved"},
        {CURLE_COULDNT_RESOLVE_PROXY, "the name of the proxy cannot be resolved"},
        {CURLE_OPERATION_TIMEDOUT, "timed out"},
        {CURLE_PARTIAL_FILE, "the answer was cut off"},
        {CURLE_GOT_NOTHING, "the connection was closed without an answer"},
        {CURLE_RECV_ERROR, "the connection broke"},
        {CURLE_SEND_ERROR, "the connection broke"},
        {CURLE_HTTP2, "the HTTP/2 connection broke"},
        {CURLE_HTTP2_STREAM, "the HTTP/2 connection broke"},
        {CURLE_WEIRD_SERVER_REPLY, "what answers there is no HTTP server"},
        {CURLE_UNSUPPORTED_PROTOCOL, "what answers there is no HTTPS server"},
        {CURLE_SSL_CONNECT_ERROR, "the TLS handshake failed"},
        {CURLE_SSL_CERTPROBLEM, "our client certificate or its key cannot be used"},
        {CURLE_SSL_CACERT_BADFILE, "our certificate-authority cannot be used"},
        {CURLE_PEER_FAILED_VERIFICATION, "its certificate is not accepted"},
        {CURLE_OUT_OF_MEMORY, "out of memory"},
        {CURLE_PROXY, "the proxy refused"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if (rows[i].code == code) {
            return rows[i].text;
        }
    }
    return curl_easy_strerror(code);
}

/* The system's reason for a connection that did not come to be; NULL: none that people know. */
static const char *refused_why(const struct pf_kube_call *call, CURLcode code)
{
    static const struct {
        long number;
        const char *text;
    } rows[] = {
        {ECONNREFUSED, "connection refused"},
        {EHOSTUNREACH, "no route to the host"},
        {ENETUNREACH, "the network is unreachable"},
        {ETIMEDOUT, "timed out"},
        {ECONNRESET, "connection reset"},
    };
    long number = 0;
    if (code != CURLE_COULDNT_CONNECT ||
        curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &number) != CURLE_OK) {
        return NULL;
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if (rows[i].number == number) {
            return rows[i].text;
        }
    }
    return NULL;
}

/* What a proxy answered to CONNECT; 0: there is none, or it let us through. */
static long proxy_refusal(const struct pf_kube_call *call)
{
    long status = 0;
    (void)curl_easy_getinfo(call->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status >= 300 ? status : 0;
}

static void append_fault(const struct pf_kube_call *call, CURLcode code, struct pf_buf *buf)
{
    const struct pf_kube_config *config = call->client->options.config;
    const long refusal = proxy_refusal(call);
    const char *why = refused_why(call, code);
    if (refusal != 0) {
        pf_buf_printf(buf, "cannot reach %s: the proxy refused with status %ld%s; server of the %s",
                      config->server, refusal,
                      refusal == 407 ? " (it wants a user name and a password)" : "",
                      config->origin);
        return;
    }
    pf_buf_printf(buf, "cannot reach %s: %s", config->server,
                  why != NULL ? why : sentence_of(code));
    if (why == NULL && call->fault[0] != '\0' && code != CURLE_OPERATION_TIMEDOUT) {
        pf_buf_append_cstr(buf, " (");
        append_line(buf, pf_sv_trim(pf_sv_from(call->fault)));
        pf_buf_append_cstr(buf, ")");
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION && config->ca_pem.len == 0) {
        pf_buf_printf(buf, "; it was checked against %s%s%s",
                      config->ca_file != NULL ? "'" : "the trust store of this system",
                      config->ca_file != NULL ? config->ca_file : "",
                      config->ca_file != NULL ? "'" : "");
    }
    pf_buf_printf(buf, "; server of the %s", config->origin);
}

static int64_t retry_after(const struct pf_kube_call *call)
{
    curl_off_t seconds = 0;
    if (curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds <= 0) {
        return -1;
    }
    return (seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) * 1000;
}

static void compose_broken(const struct pf_kube_call *call, CURLcode code, struct pf_buf *buf,
                           struct pf_kube_result *result)
{
    if (call->too_big) {
        result->code = PF_E_TOO_BIG;
        pf_buf_printf(buf, "the answer has more than %zu bytes", call->request.max_bytes);
    } else if (call->stopped) {
        result->code = PF_E_STATE;
        pf_buf_append_cstr(buf, "stopped by its reader");
    } else {
        result->code = code == CURLE_OUT_OF_MEMORY ? PF_E_NO_MEMORY : PF_E_IO;
        result->status = 0;
        append_fault(call, code, buf);
    }
}

void pf_kube_answer_compose(const struct pf_kube_call *call, CURLcode code, struct pf_arena *arena,
                            struct pf_buf *buf, struct pf_kube_result *ret_result)
{
    const int status = pf_transfer_status(call);
    struct pf_kube_result result = {.status = status,
                                    .code = PF_OK,
                                    .retry_after_ms = -1,
                                    .connection = pf_kube_client_connection(call),
                                    .shared = pf_transfer_is_shared(call)};
    struct said said = {0};
    if (code == CURLE_OK && pf_transfer_good(status)) {
        *ret_result = result;
        return;
    }
    pf_buf_printf(buf, "cannot %s: ", call->request.what);
    if (code != CURLE_OK) {
        compose_broken(call, code, buf, &result);
    } else {
        (void)read_status(pf_buf_view(&call->refusal), arena, &said); /* else it stays empty */
        result.code = code_of(status);
        result.retry_after_ms = retry_after(call);
        result.reason = said.reason;
        append_refusal(call, status, &said, buf);
    }
    result.message = pf_buf_view(buf);
    *ret_result = result;
}

#include "transfer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "secret.h"
#include <podfit/limits.h>
#include <podfit/mem.h>

#define CONNECT_TIMEOUT_MS \
    10000 /* the API server's own dial limit is 30 s; people wait for this one */
/*
 * A peer that the network has lost is noticed within 30 s: 15 s of silence and three probes, or bytes that nobody acknowledges. client-go takes 45 s (HTTP/2 ping after
 * 30 s, 15 s for its answer: k8s.io/apimachinery pkg/util/net/http.go); podfit's model is too old after 60. One that acknowledges and does not answer: kube_client.c.
 */
#define KEEPALIVE_IDLE_S     15
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_PROBES     3
#define UNACKED_MS           30000

/* Options are set one after the other and looked at once. */
struct setup {
    CURL *easy;
    CURLcode code;
};

static void put_long(struct setup *s, CURLoption option, long value)
{
    const CURLcode code = curl_easy_setopt(s->easy, option, value);
    s->code = s->code != CURLE_OK ? s->code : code;
}

static void put_pointer(struct setup *s, CURLoption option, const void *value)
{
    const CURLcode code = curl_easy_setopt(s->easy, option, value);
    s->code = s->code != CURLE_OK ? s->code : code;
}

/* The bytes belong to the call's identity, which outlives the handle. */
static void put_blob(struct setup *s, CURLoption option, struct pf_sv bytes)
{
    struct curl_blob blob = {
        .data = (void *)(uintptr_t)bytes.ptr,
        .len = bytes.len,
        .flags = CURL_BLOB_NOCOPY,
    };
    if (bytes.len != 0) {
        put_pointer(s, option, &blob);
    }
}

int pf_transfer_status(const struct pf_kube_call *call)
{
    long status = 0;
    if (call->easy == NULL ||
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK) {
        return 0;
    }
    return (int)status;
}

int64_t pf_kube_client_connection(const struct pf_kube_call *call)
{
    long local_port = 0;
    long port = 0;
    const char *local = NULL;
    const char *address = NULL;
    char ends[160];
    /* not CURLINFO_ACTIVESOCKET: curl does not know it any more once the server has sent the connection away */
    if (call == NULL || call->easy == NULL ||
        curl_easy_getinfo(call->easy, CURLINFO_LOCAL_PORT, &local_port) != CURLE_OK ||
        curl_easy_getinfo(call->easy, CURLINFO_PRIMARY_PORT, &port) != CURLE_OK ||
        curl_easy_getinfo(call->easy, CURLINFO_LOCAL_IP, &local) != CURLE_OK ||
        curl_easy_getinfo(call->easy, CURLINFO_PRIMARY_IP, &address) != CURLE_OK ||
        local_port == 0 || local == NULL || address == NULL) {
        return -1;
    }
    (void)snprintf(ends, sizeof(ends), "%s %ld %s %ld", local, local_port, address, port);
    return (int64_t)(pf_sv_hash(pf_sv_from(ends), 0) >> 1);
}

bool pf_transfer_is_shared(const struct pf_kube_call *call)
{
    long version = 0;
    return call->easy != NULL &&
           curl_easy_getinfo(call->easy, CURLINFO_HTTP_VERSION, &version) == CURLE_OK &&
           version == CURL_HTTP_VERSION_2_0;
}

bool pf_transfer_is_unheard(const struct pf_kube_call *call)
{
    curl_off_t until_sent_us = 0;
    return call->easy != NULL &&
           curl_easy_getinfo(call->easy, CURLINFO_PRETRANSFER_TIME_T, &until_sent_us) == CURLE_OK &&
           until_sent_us > 0 && call->heard == call->client->stats.bytes_received;
}

/* @return what curl wants: the bytes taken, anything else ends the transfer */
static size_t take_body(struct pf_kube_call *call, struct pf_sv bytes)
{
    call->client->stats.bytes_received += bytes.len;
    if (!pf_transfer_good(pf_transfer_status(call))) {
        const size_t room = call->refusal.max_bytes - call->refusal.len;
        pf_buf_append(&call->refusal, bytes.ptr, bytes.len < room ? bytes.len : room);
        call->received += bytes.len;
        call->too_big = call->received > PF_KUBE_ANSWER_MAX_BYTES;
        return call->too_big ? 0 : bytes.len;
    }
    if (call->request.max_bytes != 0 && bytes.len > call->request.max_bytes - call->received) {
        call->too_big = true;
        return 0;
    }
    call->received += bytes.len;
    if (call->request.on_data != NULL && !call->request.on_data(call->request.ctx, bytes)) {
        call->stopped = true;
        return 0;
    }
    return bytes.len;
}

static size_t on_body(const char *bytes, size_t size, size_t count, void *ctx)
{
    struct pf_kube_call *call = ctx;
    const size_t len = size * count; /* size is 1 */
    if (call->cancelled) {
        return 0;
    }
    return len == 0 ? 0 : take_body(call, (struct pf_sv){.ptr = bytes, .len = len});
}

/* What curl has no options for. Without them it is only slower. */
static int on_socket(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
    (void)ctx;
    (void)purpose;
    static const struct {
        int option;
        int value;
    } rows[] = {
        {TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
        {TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
        {TCP_KEEPCNT, KEEPALIVE_PROBES},
        {TCP_USER_TIMEOUT, UNACKED_MS}, /* keep-alive does not probe while bytes are under way */
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        (void)setsockopt(fd, IPPROTO_TCP, rows[i].option, &rows[i].value, sizeof(rows[i].value));
    }
    return CURL_SOCKOPT_OK;
}

static bool add_header(struct pf_kube_call *call, const char *line)
{
    struct curl_slist *longer = line != NULL ? curl_slist_append(call->headers, line) : NULL;
    if (longer != NULL) {
        call->headers = longer;
    }
    return line == NULL || longer != NULL;
}

static bool add_headers(struct pf_kube_call *call)
{
    const struct pf_kube_request *request = &call->request;
    pf_autobuf struct pf_buf type = {0};
    pf_buf_init(&type, 1024);
    if (request->body.len != 0) {
        pf_buf_printf(&type, "Content-Type: %s",
                      request->content_type != NULL ? request->content_type : "application/json");
    }
    return type.failed == PF_OK && add_header(call, "Accept: application/json") &&
           add_header(call, type.data) &&
           add_header(call, "Expect:") && /* no pause before a body */
           add_header(call, call->client->host_header) &&
           add_header(call, call->identity->authorization);
}

static void put_tls(struct setup *s, const struct pf_identity *identity)
{
    put_long(s, CURLOPT_SSL_VERIFYPEER, 1L);
    put_long(s, CURLOPT_SSL_VERIFYHOST, 2L);
    put_long(s, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    put_long(s, CURLOPT_CA_CACHE_TIMEOUT, 60L); /* the system's store, which can change as well */
    if (identity->ca_pem.len != 0) {
        put_pointer(s, CURLOPT_CAINFO, NULL); /* this CA and no other: curl adds the system's */
        put_pointer(s, CURLOPT_CAPATH, NULL);
        put_blob(s, CURLOPT_CAINFO_BLOB, identity->ca_pem);
    }
    if (identity->cert_pem.len != 0) {
        put_pointer(s, CURLOPT_SSLCERTTYPE, "PEM");
        put_blob(s, CURLOPT_SSLCERT_BLOB, identity->cert_pem);
        put_blob(s, CURLOPT_SSLKEY_BLOB, identity->key_pem);
    }
}

static void put_connection(struct setup *s, const struct pf_kube_call *call)
{
    const struct pf_kube_client *client = call->client;
    const struct pf_kube_config *config = client->options.config;
    const int64_t connect_ms = client->options.connect_timeout_ms;
    put_pointer(s, CURLOPT_PROTOCOLS_STR, client->encrypted ? "https" : "http");
    put_long(s, CURLOPT_FOLLOWLOCATION, 0L);
    put_long(s, CURLOPT_NOSIGNAL, 1L);
    put_long(s, CURLOPT_HTTP_VERSION,
             client->encrypted ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1);
    put_long(s, CURLOPT_PIPEWAIT, client->encrypted ? 1L : 0L); /* one connection if it is HTTP/2 */
    put_long(s, CURLOPT_TCP_KEEPALIVE, 1L);
    const CURLcode code = curl_easy_setopt(s->easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
    s->code = s->code != CURLE_OK ? s->code : code;
    put_long(s, CURLOPT_CONNECTTIMEOUT_MS, connect_ms > 0 ? (long)connect_ms : CONNECT_TIMEOUT_MS);
    put_long(s, CURLOPT_TIMEOUT_MS, (long)call->request.timeout_ms);
    if (call->connect_to != NULL) {
        put_pointer(s, CURLOPT_CONNECT_TO, call->connect_to);
    }
    if (config->proxy_url != NULL) {
        put_pointer(s, CURLOPT_PROXY, config->proxy_url);
        put_pointer(s, CURLOPT_NOPROXY, ""); /* what a kubeconfig says stands over NO_PROXY */
    } else if (client->loopback) {
        put_pointer(s, CURLOPT_NOPROXY, "*"); /* as Go does */
    }
}

static void put_request(struct setup *s, struct pf_kube_call *call, const char *url)
{
    const struct pf_kube_request *request = &call->request;
    put_pointer(s, CURLOPT_URL, url);
    put_long(s, CURLOPT_PATH_AS_IS, 1L);
    put_pointer(s, CURLOPT_USERAGENT, call->client->options.user_agent);
    put_pointer(s, CURLOPT_ERRORBUFFER, call->fault);
    put_pointer(s, CURLOPT_PRIVATE, call);
    put_pointer(s, CURLOPT_WRITEDATA, call);
    const CURLcode code = curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_body);
    s->code = s->code != CURLE_OK ? s->code : code;
    put_pointer(s, CURLOPT_HTTPHEADER, call->headers);
    if (request->body.len != 0) {
        put_long(s, CURLOPT_POST, 1L);
        put_pointer(s, CURLOPT_POSTFIELDS, request->body.ptr);
        curl_off_t bytes = (curl_off_t)request->body.len;
        const CURLcode sized = curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, bytes);
        s->code = s->code != CURLE_OK ? s->code : sized;
    }
    put_pointer(s, CURLOPT_CUSTOMREQUEST, request->method);
}

static CURLcode set_up(struct pf_kube_call *call)
{
    const struct pf_kube_client *client = call->client;
    pf_autobuf struct pf_buf url = {0};
    struct setup s = {.easy = call->easy};
    pf_buf_init(&url, (size_t)64 * 1024);
    pf_buf_printf(&url, "%s%s", client->base_url, call->request.path);
    if (url.failed != PF_OK || !add_headers(call)) {
        return CURLE_OUT_OF_MEMORY;
    }
    if (client->connect_to != NULL) {
        call->connect_to = curl_slist_append(NULL, client->connect_to);
        if (call->connect_to == NULL) {
            return CURLE_OUT_OF_MEMORY;
        }
    }
    put_request(&s, call, url.data);
    put_connection(&s, call);
    put_tls(&s, call->identity);
    return s.code;
}

enum pf_code pf_transfer_begin(struct pf_kube_call *call, struct pf_identity *identity,
                               struct pf_err *err)
{
    identity->refs++;
    call->identity = identity;
    call->received = 0;
    call->heard = call->client->stats.bytes_received;
    call->stopped = false;
    call->too_big = false;
    call->fault[0] = '\0';
    pf_buf_reset(&call->refusal);
    call->easy = curl_easy_init();
    CURLcode code = call->easy != NULL ? set_up(call) : CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK && curl_multi_add_handle(call->client->multi, call->easy) != CURLM_OK) {
        code = CURLE_OUT_OF_MEMORY;
    }
    if (code == CURLE_OK) {
        return PF_OK;
    }
    pf_transfer_end(call);
    if (code == CURLE_OUT_OF_MEMORY) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    return pf_err_set(err, PF_E_INTERNAL, "curl refused an option: %s", curl_easy_strerror(code));
}

void pf_transfer_end(struct pf_kube_call *call)
{
    if (call->easy != NULL) {
        (void)curl_multi_remove_handle(call->client->multi,
                                       call->easy); /* it may not have been added */
        curl_easy_cleanup(call->easy);
        call->easy = NULL;
    }
    for (struct curl_slist *line = call->headers; line != NULL; line = line->next) {
        explicit_bzero(line->data, strlen(line->data));
    }
    curl_slist_free_all(call->headers);
    call->headers = NULL;
    curl_slist_free_all(call->connect_to);
    call->connect_to = NULL;
    pf_keeper_release(call->identity);
    call->identity = NULL;
}

static bool copy_cstr(const char **text)
{
    if (*text != NULL) {
        *text = pf_mem_dup(*text, strlen(*text));
        return *text != NULL;
    }
    return true;
}

struct pf_kube_call *pf_transfer_new(struct pf_kube_client *client,
                                     const struct pf_kube_request *request)
{
    struct pf_kube_call *call = pf_mem_calloc(1, sizeof(*call));
    if (call == NULL) {
        return NULL;
    }
    call->client = client;
    call->request = *request;
    pf_buf_init(&call->refusal, PF_KUBE_STATUS_MAX_BYTES);
    struct pf_kube_request *own = &call->request;
    bool good = copy_cstr(&own->method);
    good = copy_cstr(&own->path) && good;
    good = copy_cstr(&own->what) && good;
    good = copy_cstr(&own->content_type) && good;
    if (own->body.len != 0) {
        own->body.ptr = pf_mem_dup(own->body.ptr, own->body.len);
        good = own->body.ptr != NULL && good;
    } else {
        own->body.ptr = NULL;
    }
    if (!good) {
        pf_transfer_free(call);
        return NULL;
    }
    return call;
}

void pf_transfer_free(struct pf_kube_call *call)
{
    if (call == NULL) {
        return;
    }
    pf_transfer_end(call);
    pf_buf_done(&call->refusal);
    free((char *)(uintptr_t)call->request.method);
    free((char *)(uintptr_t)call->request.path);
    free((char *)(uintptr_t)call->request.what);
    free((char *)(uintptr_t)call->request.content_type);
    pf_secret_free((char *)(uintptr_t)call->request.body.ptr); /* a Secret may be written */
    free(call);
}

#include <arpa/inet.h>
#include <errno.h>
#include <fake_api.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <podfit/buf.h>
#include <podfit/mem.h>

#define REQUEST_BYTES 65536

struct fake_api {
    const struct fake_api_answer *script;
    size_t at;       /* answer that comes next */
    unsigned repeat; /* how often it has come */
    size_t requests;
    bool any_order;
    int listener;
    int spare; /* bound to the same port, so that it stays ours while nobody listens */
    int port;
    int client;                           /* -1: none */
    const struct fake_api_answer *answer; /* under way; NULL: the request is still coming */
    struct pf_buf request;
    struct pf_buf out;
    size_t sent;
    char fault[1024];
};

static int bind_to(int port, int *ret_port)
{
    const int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0 ||
        bind(fd, (struct sockaddr *)&address, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return -1;
    }
    *ret_port = ntohs(address.sin_port);
    return fd;
}

struct fake_api *fake_api_new(const struct fake_api_answer *script)
{
    struct fake_api *api = pf_mem_calloc(1, sizeof(*api));
    if (api == NULL) {
        return NULL;
    }
    api->script = script;
    api->client = -1;
    api->listener = -1;
    api->spare = bind_to(0, &api->port);
    pf_buf_init(&api->request, REQUEST_BYTES);
    pf_buf_init(&api->out, (size_t)64 * 1024 * 1024);
    fake_api_listen(api, /* on= */ true);
    if (api->listener < 0) {
        fake_api_free(api);
        return NULL;
    }
    return api;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

void fake_api_free(struct fake_api *api)
{
    if (api == NULL) {
        return;
    }
    close_fd(&api->listener);
    close_fd(&api->spare);
    close_fd(&api->client);
    pf_buf_done(&api->request);
    pf_buf_done(&api->out);
    free(api);
}

int fake_api_port(const struct fake_api *api)
{
    return api->port;
}

void fake_api_listen(struct fake_api *api, bool on)
{
    int port = 0;
    if (on && api->listener < 0 && api->spare >= 0) {
        api->listener = api->spare;
        api->spare = bind_to(api->port, &port);
        if (listen(api->listener, 16) != 0) {
            close_fd(&api->listener);
        }
    } else if (!on) {
        close_fd(&api->listener);
        close_fd(&api->client);
    }
}

static void fault(struct fake_api *api, const char *what, const char *target)
{
    if (api->fault[0] == '\0') {
        (void)snprintf(api->fault, sizeof(api->fault),
                       "request %zu: %s: '%.300s', expected '%.300s'", api->requests, what, target,
                       api->script[api->at].expect != NULL ? api->script[api->at].expect : "");
    }
}

/* `*` stands for any characters but `&` */
static bool matches(const char *pattern, const char *text)
{
    while (*pattern != '\0' && *pattern != '*') {
        if (*pattern++ != *text++) {
            return false;
        }
    }
    if (*pattern == '\0') {
        return *text == '\0';
    }
    pattern++;
    while (*text != '\0' && *text != '&') {
        text++;
    }
    return matches(pattern, text);
}

static void append_answer(struct fake_api *api, const struct fake_api_answer *answer)
{
    const struct pf_sv body = pf_sv_from(answer->body);
    pf_buf_printf(&api->out,
                  "HTTP/1.1 %d Scripted\r\nContent-Type: application/json\r\nConnection: close\r\n"
                  "%sTransfer-Encoding: chunked\r\n\r\n",
                  answer->status, answer->headers != NULL ? answer->headers : "");
    if (body.len != 0) {
        pf_buf_printf(&api->out, "%zx\r\n", body.len);
        pf_buf_append_sv(&api->out, body);
        pf_buf_append_cstr(&api->out, "\r\n");
    }
    if (answer->end == FAKE_API_COMPLETE || answer->end == FAKE_API_DRIBBLE) {
        pf_buf_append_cstr(&api->out, "0\r\n\r\n");
    }
}

static void end_client(struct fake_api *api)
{
    close_fd(&api->client);
    api->answer = NULL;
}

/* the request is whole: choose the answer */
static void choose(struct fake_api *api)
{
    static const struct fake_api_answer none = {.expect = "", .status = 0};
    char target[4096] = "";
    const char *begin = strchr(api->request.data, ' ');
    const char *end = begin != NULL ? strchr(begin + 1, ' ') : NULL;
    if (end != NULL) {
        (void)snprintf(target, sizeof(target), "%.*s", (int)(end - begin - 1), begin + 1);
    }
    api->requests++;
    const struct fake_api_answer *answer = &api->script[api->at];
    while (api->any_order && answer->expect != NULL && !matches(answer->expect, target)) {
        answer++;
    }
    if (answer->expect == NULL || !matches(answer->expect, target)) {
        fault(api, answer->expect == NULL ? "one too many" : "not the one expected", target);
        answer = &none;
    } else if (!api->any_order && api->repeat++ >= answer->repeats) {
        api->at++;
        api->repeat = 0;
    }
    pf_buf_reset(&api->out);
    api->sent = 0;
    api->answer = answer;
    if (answer->status == 0) {
        end_client(api);
        return;
    }
    append_answer(api, answer);
}

static bool take_request(struct fake_api *api)
{
    char block[4096];
    const ssize_t got = recv(api->client, block, sizeof(block), 0);
    if (got < 0 && errno == EAGAIN) {
        return false;
    }
    if (got <= 0) {
        end_client(api);
        return true;
    }
    pf_buf_append(&api->request, block, (size_t)got);
    if (pf_sv_find(pf_buf_view(&api->request), PF_SV("\r\n\r\n")) != SIZE_MAX) {
        choose(api);
    }
    return true;
}

static bool send_answer(struct fake_api *api)
{
    const size_t left = api->out.len - api->sent;
    const size_t part = api->answer->end == FAKE_API_DRIBBLE && left != 0 ? 1 : left;
    if (left == 0) {
        char byte = 0;
        if (api->answer->end == FAKE_API_STALL && recv(api->client, &byte, 1, MSG_DONTWAIT) < 0 &&
            errno == EAGAIN) {
            return false;
        }
        end_client(api);
        return true;
    }
    const ssize_t sent = send(api->client, api->out.data + api->sent, part, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
        return false;
    }
    if (sent < 0) {
        end_client(api); /* the client has had enough */
        return true;
    }
    api->sent += (size_t)sent;
    return true;
}

void fake_api_any_order(struct fake_api *api)
{
    api->any_order = true;
}

bool fake_api_step(struct fake_api *api, int timeout_ms)
{
    struct pollfd wait = {.fd = api->client >= 0 ? api->client : api->listener, .events = POLLIN};
    if (api->answer != NULL && api->sent < api->out.len) {
        wait.events = POLLOUT;
    }
    (void)poll(&wait, 1, timeout_ms);
    if (api->client < 0) {
        api->client = accept4(api->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        pf_buf_reset(&api->request);
        return api->client >= 0;
    }
    return api->answer == NULL ? take_request(api) : send_answer(api);
}

size_t fake_api_requests(const struct fake_api *api)
{
    return api->requests;
}

bool fake_api_played(const struct fake_api *api)
{
    const bool sending =
        api->answer != NULL && (api->sent < api->out.len || api->answer->end != FAKE_API_STALL);
    return api->script[api->at].expect == NULL && !sending;
}

const char *fake_api_fault(const struct fake_api *api)
{
    return api->fault;
}

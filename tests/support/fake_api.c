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
#define LOG_BYTES     ((size_t)64 * 1024 * 1024)
/* a watch for each kind that podfit follows, and requests beside them */
#define CLIENTS 48

/* One connection. */
struct client {
    int fd;                               /* -1: free */
    const struct fake_api_answer *answer; /* under way; NULL: the request is still coming */
    struct pf_buf request;
    struct pf_buf out;
    size_t sent;
    char line[4096]; /* method and target */
};

struct fake_api {
    const struct fake_api_answer *script;
    size_t at;       /* answer that comes next */
    unsigned repeat; /* how often it has come */
    size_t requests;
    bool any_order;
    int listener;
    int spare; /* bound to the same port, so that it stays ours while nobody listens */
    int port;
    struct client clients[CLIENTS];
    struct pf_buf log;
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
    for (size_t i = 0; i < CLIENTS; i++) {
        api->clients[i].fd = -1;
        pf_buf_init(&api->clients[i].request, REQUEST_BYTES);
        pf_buf_init(&api->clients[i].out, (size_t)64 * 1024 * 1024);
    }
    api->listener = -1;
    api->spare = bind_to(0, &api->port);
    pf_buf_init(&api->log, LOG_BYTES);
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

static void end_client(struct client *client)
{
    close_fd(&client->fd);
    client->answer = NULL;
}

void fake_api_free(struct fake_api *api)
{
    if (api == NULL) {
        return;
    }
    close_fd(&api->listener);
    close_fd(&api->spare);
    for (size_t i = 0; i < CLIENTS; i++) {
        close_fd(&api->clients[i].fd);
        pf_buf_done(&api->clients[i].request);
        pf_buf_done(&api->clients[i].out);
    }
    pf_buf_done(&api->log);
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
        for (size_t i = 0; i < CLIENTS; i++) {
            end_client(&api->clients[i]);
        }
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

/* `*` stands for any characters but `&`, `**` at the end for all the rest */
static bool matches(const char *pattern, const char *text)
{
    while (*pattern != '\0' && *pattern != '*') {
        if (*pattern++ != *text++) {
            return false;
        }
    }
    if (*pattern == '\0' || strcmp(pattern, "**") == 0) {
        return *pattern != '\0' || *text == '\0';
    }
    pattern++;
    while (*text != '\0' && *text != '&') {
        text++;
    }
    return matches(pattern, text);
}

/* a line is method, space, target */
static bool line_matches(const char *pattern, const char *line)
{
    const char *target = strchr(line, ' ');
    return matches(pattern, pattern[0] == '/' && target != NULL ? target + 1 : line);
}

static void append_chunk(struct pf_buf *out, const char *text)
{
    const struct pf_sv body = pf_sv_from(text);
    if (body.len != 0) {
        pf_buf_printf(out, "%zx\r\n", body.len);
        pf_buf_append_sv(out, body);
        pf_buf_append_cstr(out, "\r\n");
    }
}

static void append_answer(struct pf_buf *out, const struct fake_api_answer *answer)
{
    pf_buf_printf(out,
                  "HTTP/1.1 %d Scripted\r\nContent-Type: application/json\r\nConnection: close\r\n"
                  "%sTransfer-Encoding: chunked\r\n\r\n",
                  answer->status, answer->headers != NULL ? answer->headers : "");
    append_chunk(out, answer->body);
    if (answer->end == FAKE_API_COMPLETE || answer->end == FAKE_API_DRIBBLE) {
        pf_buf_append_cstr(out, "0\r\n\r\n");
    }
}

/* the request is whole: choose the answer */
static void choose(struct fake_api *api, struct client *client, struct pf_sv body)
{
    static const struct fake_api_answer none = {.expect = "", .status = 0};
    const struct fake_api_answer *answer = &api->script[api->at];
    const struct pf_sv request = pf_buf_view(&client->request);
    size_t end = pf_sv_find(request, PF_SV(" HTTP/"));
    end = end != SIZE_MAX ? end : 0;
    (void)snprintf(client->line, sizeof(client->line), "%.*s", (int)end, request.ptr);
    pf_buf_printf(&api->log, "%s%s%.*s\n", client->line, body.len != 0 ? " " : "", PF_SV_ARG(body));
    api->requests++;
    while (api->any_order && answer->expect != NULL &&
           !line_matches(answer->expect, client->line)) {
        answer++;
    }
    if (answer->expect == NULL || !line_matches(answer->expect, client->line)) {
        fault(api, answer->expect == NULL ? "one too many" : "not the one expected", client->line);
        answer = &none;
    } else if (!api->any_order && api->repeat++ >= answer->repeats) {
        api->at++;
        api->repeat = 0;
    }
    pf_buf_reset(&client->out);
    client->sent = 0;
    client->answer = answer;
    if (answer->status == 0) {
        end_client(client);
        return;
    }
    append_answer(&client->out, answer);
}

/* @return length of the body that the head announces */
static size_t body_bytes(struct pf_sv head)
{
    const size_t at = pf_sv_find(head, PF_SV("Content-Length: "));
    size_t bytes = 0;
    for (size_t i = at + strlen("Content-Length: ");
         at != SIZE_MAX && i < head.len && head.ptr[i] >= '0' && head.ptr[i] <= '9'; i++) {
        bytes = bytes * 10 + (size_t)(head.ptr[i] - '0');
    }
    return bytes;
}

static bool take_request(struct fake_api *api, struct client *client)
{
    char block[4096];
    const ssize_t got = recv(client->fd, block, sizeof(block), 0);
    if (got < 0 && errno == EAGAIN) {
        return false;
    }
    if (got <= 0) {
        end_client(client);
        return true;
    }
    pf_buf_append(&client->request, block, (size_t)got);
    const struct pf_sv request = pf_buf_view(&client->request);
    const size_t end = pf_sv_find(request, PF_SV("\r\n\r\n"));
    if (end == SIZE_MAX) {
        return true;
    }
    const struct pf_sv head = {.ptr = request.ptr, .len = end};
    const struct pf_sv body = {.ptr = request.ptr + end + 4, .len = request.len - end - 4};
    if (body.len >= body_bytes(head)) {
        choose(api, client, body);
    }
    return true;
}

static bool send_answer(struct client *client)
{
    const size_t left = client->out.len - client->sent;
    const size_t part = client->answer->end == FAKE_API_DRIBBLE && left != 0 ? 1 : left;
    if (left == 0) {
        char byte = 0;
        if (client->answer->end == FAKE_API_STALL && recv(client->fd, &byte, 1, MSG_DONTWAIT) < 0 &&
            errno == EAGAIN) {
            return false;
        }
        end_client(client);
        return true;
    }
    const ssize_t sent = send(client->fd, client->out.data + client->sent, part, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
        return false;
    }
    if (sent < 0) {
        end_client(client); /* the client has had enough */
        return true;
    }
    client->sent += (size_t)sent;
    return true;
}

void fake_api_any_order(struct fake_api *api)
{
    api->any_order = true;
}

void fake_api_script(struct fake_api *api, const struct fake_api_answer *script)
{
    api->script = script;
    api->at = 0;
    api->repeat = 0;
}

/* @return NULL: as many connections as there may be */
static struct client *free_client(struct fake_api *api)
{
    const size_t max = api->any_order ? CLIENTS : 1;
    size_t at = 0;
    while (at < max && api->clients[at].fd >= 0) {
        at++;
    }
    return at < max ? &api->clients[at] : NULL;
}

static bool take_client(struct fake_api *api)
{
    struct client *client = api->listener >= 0 ? free_client(api) : NULL;
    if (client == NULL) {
        return false;
    }
    client->fd = accept4(api->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    client->answer = NULL;
    pf_buf_reset(&client->request);
    return client->fd >= 0;
}

static void wait_traffic(struct fake_api *api, int timeout_ms)
{
    struct pollfd waits[CLIENTS + 1];
    nfds_t count = 0;
    if (api->listener >= 0 && free_client(api) != NULL) {
        waits[count++] = (struct pollfd){.fd = api->listener, .events = POLLIN};
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        const struct client *client = &api->clients[i];
        const bool sending = client->answer != NULL && client->sent < client->out.len;
        if (client->fd >= 0) {
            waits[count++] =
                (struct pollfd){.fd = client->fd, .events = sending ? POLLOUT : POLLIN};
        }
    }
    (void)poll(waits, count, timeout_ms);
}

bool fake_api_step(struct fake_api *api, int timeout_ms)
{
    wait_traffic(api, timeout_ms);
    bool done = take_client(api);
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *client = &api->clients[i];
        if (client->fd < 0) {
            continue;
        }
        const bool one = client->answer == NULL ? take_request(api, client) : send_answer(client);
        done = done || one;
    }
    return done;
}

size_t fake_api_push(struct fake_api *api, const char *pattern, const char *text)
{
    size_t count = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *client = &api->clients[i];
        if (client->fd >= 0 && client->answer != NULL && client->answer->end == FAKE_API_STALL &&
            line_matches(pattern, client->line)) {
            append_chunk(&client->out, text);
            count++;
        }
    }
    return count;
}

size_t fake_api_hang_up(struct fake_api *api, const char *pattern)
{
    size_t count = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *client = &api->clients[i];
        if (client->fd >= 0 && client->answer != NULL && line_matches(pattern, client->line)) {
            end_client(client);
            count++;
        }
    }
    return count;
}

const char *fake_api_log(const struct fake_api *api)
{
    return api->log.data != NULL ? api->log.data : "";
}

size_t fake_api_count(const struct fake_api *api, const char *pattern)
{
    char line[4096];
    size_t count = 0;
    for (const char *at = fake_api_log(api); *at != '\0';) {
        const size_t len = strcspn(at, "\n");
        (void)snprintf(line, sizeof(line), "%.*s", (int)len, at);
        count += line_matches(pattern, line);
        at += len + (at[len] == '\n');
    }
    return count;
}

size_t fake_api_requests(const struct fake_api *api)
{
    return api->requests;
}

bool fake_api_played(const struct fake_api *api)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        const struct client *client = &api->clients[i];
        if (client->fd >= 0 && client->answer != NULL &&
            (client->sent < client->out.len || client->answer->end != FAKE_API_STALL)) {
            return false;
        }
    }
    return api->script[api->at].expect == NULL;
}

const char *fake_api_fault(const struct fake_api *api)
{
    return api->fault;
}

/*
 * An API server of nothing but nodes and pods, made up as they are sent: plain HTTP/1.1 on loopback, lists in pages and streaming, watches with bookmarks and a steady
 * stream of events. For benchmarks and demos; it checks nothing.
 *
 * stub_api NODES PODS EVENTS STREAMING   EVENTS: changes of pods a second; STREAMING: 1, or 0 for a server without streaming lists
 *
 * Prints its port and runs until its standard input ends.
 */

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "objects.h"

#define BLOCK_BYTES  ((size_t)64 * 1024)
#define LIST_VERSION 1000000
#define BOOKMARK_NS  ((int64_t)60 * 1000000000)

enum kind { KIND_NODE, KIND_POD, KIND_NAMESPACE, KIND_NONE };

struct stub {
    struct objects objects;
    unsigned counts[KIND_NONE + 1];
    unsigned events;
    bool streaming;
    int listener;
};

/* One connection has a thread of its own. */
struct connection {
    const struct stub *stub;
    int fd;
    bool failed;
    struct pf_buf out;
};

/* What is asked for. */
struct query {
    enum kind kind;
    bool version; /* GET /version */
    bool watch;
    bool initial;
    unsigned limit; /* 0: none */
    unsigned start;
};

static void send_all(struct connection *c, const char *bytes, size_t len)
{
    size_t done = 0;
    while (done < len && !c->failed) {
        const ssize_t sent = send(c->fd, bytes + done, len - done, MSG_NOSIGNAL);
        c->failed = sent <= 0;
        done += sent > 0 ? (size_t)sent : 0;
    }
}

/* what is in the buffer, as one chunk */
static void flush(struct connection *c)
{
    char head[32];
    if (c->out.len == 0) {
        return;
    }
    const int len = snprintf(head, sizeof(head), "%zx\r\n", c->out.len);
    pf_buf_append_cstr(&c->out, "\r\n");
    send_all(c, head, (size_t)len);
    send_all(c, c->out.data, c->out.len);
    pf_buf_reset(&c->out);
}

static void append_object(struct connection *c, enum kind kind, unsigned i, uint64_t version)
{
    if (kind == KIND_NODE) {
        objects_append_node(&c->out, &c->stub->objects, i, version);
    } else if (kind == KIND_POD) {
        objects_append_pod(&c->out, &c->stub->objects, i, version);
    } else {
        pf_buf_printf(&c->out,
                      "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":"
                      "\"team-%u\",\"resourceVersion\":\"%" PRIu64 "\"}}",
                      i, version);
    }
}

static void write_list(struct connection *c, const struct query *q)
{
    const unsigned count = c->stub->counts[q->kind];
    const unsigned start = q->start < count ? q->start : count;
    const unsigned end = q->limit != 0 && q->limit < count - start ? start + q->limit : count;
    pf_buf_printf(
        &c->out,
        "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"%d\"",
        LIST_VERSION);
    if (end < count) {
        pf_buf_printf(&c->out, ",\"continue\":\"%u\"", end);
    }
    pf_buf_append_cstr(&c->out, "},\"items\":[");
    for (unsigned i = start; i < end && !c->failed; i++) {
        pf_buf_append_cstr(&c->out, i != start ? "," : "");
        append_object(c, q->kind, i, i + 1);
        if (c->out.len > BLOCK_BYTES) {
            flush(c);
        }
    }
    pf_buf_append_cstr(&c->out, "]}\n");
}

static void append_event(struct connection *c, const char *type, enum kind kind, unsigned i,
                         uint64_t version)
{
    pf_buf_printf(&c->out, "{\"type\":\"%s\",\"object\":", type);
    append_object(c, kind, i, version);
    pf_buf_append_cstr(&c->out, "}\n");
    if (c->out.len > BLOCK_BYTES) {
        flush(c);
    }
}

static void append_bookmark(struct connection *c, uint64_t version, bool end)
{
    pf_buf_printf(&c->out,
                  "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"%" PRIu64
                  "\"%s}}}\n",
                  version, end ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "");
    flush(c);
}

static int64_t now_ns(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* a hundred times a second the events that are due, until the client leaves */
static void write_watch(struct connection *c, const struct query *q)
{
    const unsigned count = c->stub->counts[q->kind];
    const struct timespec pause = {.tv_nsec = 10000000};
    uint64_t version = LIST_VERSION;
    for (unsigned i = 0; q->initial && i < count && !c->failed; i++) {
        append_event(c, "ADDED", q->kind, i, i + 1);
    }
    append_bookmark(c, version, q->initial);
    const int64_t start_ns = now_ns();
    int64_t marked_ns = start_ns;
    uint64_t sent = 0;
    while (!c->failed) {
        const int64_t at_ns = now_ns();
        const uint64_t due = q->kind == KIND_POD && count != 0
                                 ? (uint64_t)(at_ns - start_ns) / 1000000 * c->stub->events / 1000
                                 : 0;
        for (; sent < due && !c->failed; sent++) {
            append_event(c, "MODIFIED", KIND_POD, (unsigned)(sent * 7919 % count), ++version);
        }
        flush(c);
        if (at_ns - marked_ns > BOOKMARK_NS) {
            append_bookmark(c, version, /* end= */ false);
            marked_ns = at_ns;
        }
        char byte = 0;
        c->failed = c->failed || recv(c->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
        (void)nanosleep(&pause, NULL);
    }
}

static unsigned number_after(const char *target, const char *key)
{
    const char *at = strstr(target, key);
    int64_t value = 0;
    if (at == NULL) {
        return 0;
    }
    at += strlen(key);
    const struct pf_sv text = {.ptr = at, .len = strspn(at, "0123456789")};
    return pf_sv_to_i64(text, &value) && value < 100000000 ? (unsigned)value : 0;
}

static struct query parse(const char *target)
{
    static const char *const paths[] = {
        [KIND_NODE] = "/api/v1/nodes?",
        [KIND_POD] = "/api/v1/pods?",
        [KIND_NAMESPACE] = "/api/v1/namespaces?",
    };
    struct query q = {.kind = KIND_NONE,
                      .version = strncmp(target, "/version", 8) == 0,
                      .watch = strstr(target, "watch=1") != NULL,
                      .initial = strstr(target, "sendInitialEvents=true") != NULL,
                      .limit = number_after(target, "limit="),
                      .start = number_after(target, "continue=")};
    for (size_t i = 0; i < PF_ARRAY_LEN(paths); i++) {
        if (strncmp(target, paths[i], strlen(paths[i])) == 0) {
            q.kind = (enum kind)i;
        }
    }
    return q;
}

static void answer(struct connection *c, const char *target)
{
    const struct query q = parse(target);
    const bool refused = q.initial && !c->stub->streaming;
    char head[128];
    const int len = snprintf(head, sizeof(head),
                             "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n",
                             refused ? "400 Bad Request" : "200 OK");
    send_all(c, head, (size_t)len);
    if (refused) {
        pf_buf_append_cstr(&c->out, "{\"kind\":\"Status\",\"code\":400}");
    } else if (q.version) {
        pf_buf_append_cstr(&c->out,
                           "{\"major\":\"1\",\"minor\":\"36\",\"gitVersion\":\"v1.36.3\"}");
    } else if (q.watch) {
        write_watch(c, &q);
    } else {
        write_list(c, &q);
    }
    flush(c);
    send_all(c, "0\r\n\r\n", 5);
}

/* requests without a body, one after the other */
static void *serve(void *opaque)
{
    struct connection *c = opaque;
    char request[16384];
    size_t len = 0;
    while (!c->failed) {
        const ssize_t got = recv(c->fd, request + len, sizeof(request) - 1 - len, 0);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
        request[len] = '\0';
        char *end = strstr(request, "\r\n\r\n");
        char *target = strchr(request, ' ');
        char *space = target != NULL ? strchr(target + 1, ' ') : NULL;
        if (end != NULL && space != NULL) {
            *space = '\0';
            answer(c, target + 1);
            len = 0;
        }
    }
    (void)close(c->fd);
    pf_buf_done(&c->out);
    free(c);
    return NULL;
}

static void *take_connections(void *opaque)
{
    const struct stub *stub = opaque;
    const int one = 1;
    for (;;) {
        pthread_t thread;
        const int fd = accept4(stub->listener, NULL, NULL, SOCK_CLOEXEC);
        struct connection *c = fd >= 0 ? calloc(1, sizeof(*c)) : NULL;
        if (c == NULL) {
            return NULL;
        }
        *c = (struct connection){.stub = stub, .fd = fd};
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        pf_buf_init(&c->out, 4 * BLOCK_BYTES);
        if (pthread_create(&thread, NULL, serve, c) != 0) {
            return NULL;
        }
        (void)pthread_detach(thread);
    }
}

/* @return the port, 0: none */
static unsigned listen_on_loopback(struct stub *stub)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    stub->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (stub->listener < 0 || bind(stub->listener, (struct sockaddr *)&address, len) != 0 ||
        listen(stub->listener, 64) != 0 ||
        getsockname(stub->listener, (struct sockaddr *)&address, &len) != 0) {
        perror("stub_api");
        return 0;
    }
    return ntohs(address.sin_port);
}

static bool read_arguments(char **argv, int64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!pf_sv_to_i64(pf_sv_from(argv[i]), &values[i]) || values[i] < 0 ||
            values[i] > 10000000) {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct stub stub;
    int64_t values[4] = {0};
    pthread_t thread;
    char byte = 0;
    if (argc != 5 || !read_arguments(argv + 1, values, PF_ARRAY_LEN(values))) {
        (void)fprintf(stderr, "usage: stub_api NODES PODS EVENTS STREAMING\n");
        return 2;
    }
    objects_init(&stub.objects, (unsigned)values[0]);
    stub.counts[KIND_NODE] = (unsigned)values[0];
    stub.counts[KIND_POD] = (unsigned)values[1];
    stub.counts[KIND_NAMESPACE] = OBJECTS_NAMESPACES;
    stub.events = (unsigned)values[2];
    stub.streaming = values[3] != 0;
    const unsigned port = listen_on_loopback(&stub);
    if (port == 0 || pthread_create(&thread, NULL, take_connections, &stub) != 0) {
        return 1;
    }
    printf("%u\n", port);
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    _exit(0); /* the connections have threads that need no end of their own */
}

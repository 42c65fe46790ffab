/*
 * A client as the API server is: TLS 1.3 without session resumption, HTTP/1.1, one request at a time. It says what each request cost the server in CPU time,
 * from the scheduler's statistics of the server's threads (nanoseconds; nothing is sampled).
 *
 * load PORT PID keep|new COUNT BODIES: BODIES has one review a line. The last digits of each uid are counted through, so that reviews are different ones.
 * Prints: server CPU microseconds a request, wall clock microseconds a request.
 */

#include <arpa/inet.h>
#include <dirent.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include <podfit/buf.h>

#define BODIES_MAX     64
#define FILE_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define WARM_UP        300
#define UID_DIGITS     3 /* 1,000 different reviews of each body */
#define RESPONSE_BYTES ((size_t)64 * 1024)

struct request {
    struct pf_buf text;
    size_t uid_end; /* offset of the byte after the uid */
};

struct load {
    unsigned port;
    int64_t pid;
    bool fresh; /* a connection for each request */
    SSL_CTX *context;
    SSL *tls;
    int fd;
    struct request requests[BODIES_MAX];
    size_t request_count;
    uint64_t sent;
    char response[RESPONSE_BYTES];
};

static void die(const char *what)
{
    (void)fprintf(stderr, "load: %s\n", what);
    exit(1); /* NOLINT(concurrency-mt-unsafe): one thread */
}

static void add_request(struct load *load, struct pf_sv body)
{
    if (load->request_count == BODIES_MAX || body.len == 0) {
        return;
    }
    struct request *request = &load->requests[load->request_count++];
    pf_buf_init(&request->text, FILE_MAX_BYTES);
    pf_buf_printf(&request->text,
                  "POST /mutate?timeout=10s HTTP/1.1\r\nHost: podfit.podfit-system.svc:443\r\n"
                  "User-Agent: kube-apiserver-admission\r\nContent-Length: %zu\r\n"
                  "Accept: application/json, */*\r\nContent-Type: application/json\r\n"
                  "Accept-Encoding: gzip\r\n\r\n",
                  body.len + 1);
    const size_t head = request->text.len;
    pf_buf_append_sv(&request->text, body);
    pf_buf_append_char(&request->text, '\n');
    const size_t uid = pf_sv_find(body, PF_SV("\"uid\":\""));
    if (pf_buf_status(&request->text, NULL) != PF_OK || uid == SIZE_MAX) {
        die("a body is too large or has no uid");
    }
    const char *start = request->text.data + head + uid + strlen("\"uid\":\"");
    request->uid_end = (size_t)(strchr(start, '"') - request->text.data);
}

static void read_bodies(struct load *load, const char *path)
{
    static char text[FILE_MAX_BYTES];
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        die("cannot read the bodies");
    }
    const size_t len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    for (size_t from = 0, at = 0; at < len; at++) {
        if (text[at] == '\n') {
            add_request(load, (struct pf_sv){.ptr = text + from, .len = at - from});
            from = at + 1;
        }
    }
    if (load->request_count == 0) {
        die("no bodies");
    }
}

static void connect_server(struct load *load)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)load->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    load->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (load->fd < 0 ||
        connect(load->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        die("cannot connect");
    }
    (void)setsockopt(load->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    load->tls = SSL_new(load->context);
    if (load->tls == NULL || SSL_set_fd(load->tls, load->fd) != 1 || SSL_connect(load->tls) != 1) {
        die("no TLS handshake");
    }
}

static void disconnect(struct load *load)
{
    (void)SSL_shutdown(load->tls);
    SSL_free(load->tls);
    (void)close(load->fd);
    load->tls = NULL;
}

static void send_request(struct load *load)
{
    struct request *request = &load->requests[load->sent % load->request_count];
    uint64_t number = load->sent++ / load->request_count;
    for (size_t i = 1; i <= UID_DIGITS; i++, number /= 10) {
        request->text.data[request->uid_end - i] = (char)('0' + number % 10);
    }
    if (SSL_write(load->tls, request->text.data, (int)request->text.len) !=
        (int)request->text.len) {
        die("cannot send");
    }
}

/* bytes of the whole answer once its head is there, else 0 */
static size_t answer_bytes(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *field = strcasestr(text, "\r\nContent-Length: ");
    if (end == NULL) {
        return 0;
    }
    if (strncmp(text, "HTTP/1.1 200 ", 13) != 0 || field == NULL || field > end) {
        die(text);
    }
    field += strlen("\r\nContent-Length: ");
    int64_t len = 0;
    const struct pf_sv digits = {.ptr = field, .len = strcspn(field, "\r")};
    if (!pf_sv_to_i64(digits, &len) || len < 0 || (size_t)len > RESPONSE_BYTES / 2) {
        die("Content-Length");
    }
    return (size_t)(end - text) + 4 + (size_t)len;
}

static void receive(struct load *load)
{
    size_t have = 0;
    size_t wanted = 0;
    while (wanted == 0 || have < wanted) {
        const int got =
            SSL_read(load->tls, load->response + have, (int)(RESPONSE_BYTES - 1 - have));
        if (got <= 0) {
            die("the server closed the connection");
        }
        have += (size_t)got;
        load->response[have] = '\0';
        wanted = wanted != 0 ? wanted : answer_bytes(load->response);
    }
}

static void run(struct load *load, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        if (load->fresh) {
            connect_server(load);
        }
        send_request(load);
        receive(load);
        if (load->fresh) {
            disconnect(load);
        }
    }
}

/* time on a CPU of all threads of the server */
static int64_t server_cpu_ns(int64_t pid)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/task", pid);
    DIR *tasks = opendir(path);
    int64_t sum = 0;
    if (tasks == NULL) {
        die("no such server process");
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    for (const struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        char text[128] = "";
        (void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/task/%.20s/schedstat", pid,
                       task->d_name);
        FILE *file = task->d_name[0] != '.' ? fopen(path, "re") : NULL;
        if (file == NULL) {
            continue;
        }
        int64_t ns = 0;
        if (fgets(text, sizeof(text), file) != NULL &&
            pf_sv_to_i64((struct pf_sv){.ptr = text, .len = strcspn(text, " ")}, &ns)) {
            sum += ns;
        }
        (void)fclose(file);
    }
    (void)closedir(tasks);
    return sum;
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t number(const char *text)
{
    int64_t value = 0;
    if (!pf_sv_to_i64(pf_sv_from(text), &value) || value <= 0) {
        die("usage: load PORT PID keep|new COUNT BODIES");
    }
    return value;
}

int main(int argc, char **argv)
{
    static struct load load;
    if (argc != 6) {
        die("usage: load PORT PID keep|new COUNT BODIES");
    }
    load.port = (unsigned)number(argv[1]);
    load.pid = number(argv[2]);
    load.fresh = strcmp(argv[3], "new") == 0;
    const int64_t count = number(argv[4]);
    read_bodies(&load, argv[5]);
    load.context = SSL_CTX_new(TLS_client_method());
    if (load.context == NULL) {
        die("no TLS");
    }
    (void)SSL_CTX_set_session_cache_mode(load.context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_options(load.context, SSL_OP_NO_TICKET);
    if (!load.fresh) {
        connect_server(&load);
    }
    run(&load, load.fresh ? WARM_UP / 10 : WARM_UP);
    const int64_t cpu = server_cpu_ns(load.pid);
    const int64_t wall = now_ns();
    run(&load, count);
    printf("%.2f %.2f\n", (double)(server_cpu_ns(load.pid) - cpu) / 1e3 / (double)count,
           (double)(now_ns() - wall) / 1e3 / (double)count);
    if (!load.fresh) {
        disconnect(&load);
    }
    SSL_CTX_free(load.context);
    return 0;
}

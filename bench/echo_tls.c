/*
 * The yardstick of the webhook: a bare libmicrohttpd TLS server with the listener's settings that reads the body and answers a fixed text of the size of a
 * usual answer. What podfit costs more than this is podfit.
 *
 * echo_tls CERT.pem KEY.pem: prints the port and serves on loopback until standard input ends.
 */

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

/* as src/server/listener.c */
#define TLS_PRIORITIES          "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA"
#define CONNECTION_MEMORY_BYTES ((size_t)32 * 1024)
#define ANSWER_BYTES            600
#define PEM_BYTES               ((size_t)64 * 1024)

static enum MHD_Result answer(void *opaque, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_bytes, void **request)
{
    static char seen;
    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    if (*request == NULL) {
        *request = &seen;
        return MHD_YES;
    }
    if (*upload_bytes != 0) {
        *upload_bytes = 0;
        return MHD_YES;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(ANSWER_BYTES, opaque, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, "Content-Type", "application/json");
    const enum MHD_Result queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return queued;
}

static bool read_pem(const char *path, char text[PEM_BYTES])
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        perror(path);
        return false;
    }
    const size_t len = fread(text, 1, PEM_BYTES - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    return len != 0;
}

int main(int argc, char **argv)
{
    static char cert[PEM_BYTES];
    static char key[PEM_BYTES];
    static char body[ANSWER_BYTES + 1];
    if (argc != 3 || !read_pem(argv[1], cert) || !read_pem(argv[2], key)) {
        (void)fprintf(stderr, "usage: echo_tls CERT.pem KEY.pem\n");
        return 2;
    }
    memset(body, 'x', ANSWER_BYTES);
    memcpy(body, "{\"response\":\"", strlen("{\"response\":\""));
    memcpy(body + ANSWER_BYTES - 3, "\"}\n", 3);
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const unsigned flags =
        (unsigned)MHD_USE_POLL_INTERNAL_THREAD | (unsigned)MHD_USE_ITC | (unsigned)MHD_USE_TLS;
    struct MHD_Daemon *daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, answer, body, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_HTTPS_MEM_CERT, cert, MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_HTTPS_PRIORITIES,
        TLS_PRIORITIES, MHD_OPTION_CONNECTION_LIMIT, 1000U, MHD_OPTION_CONNECTION_TIMEOUT, 180U,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_END);
    if (daemon == NULL) {
        (void)fprintf(stderr, "echo_tls: cannot serve\n");
        return 1;
    }
    printf("%u\n", (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    (void)fflush(stdout);
    char c = 0;
    while (read(STDIN_FILENO, &c, 1) > 0) {
    }
    MHD_stop_daemon(daemon);
    return 0;
}

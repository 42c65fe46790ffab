#ifndef PODFIT_TEST_STUB_H
#define PODFIT_TEST_STUB_H

#include <podfit/kube_client.h>

/* A program that ends when its input is closed. */
struct stub_child {
    pid_t pid; /* 0: there is none */
    int input;
    int port;
};

/* An API server for tests (stub_server.py) with its certificates, and a client configuration for it. */
struct stub {
    char folder[64];
    struct stub_child child;
    struct stub_child proxy;
    int port;
    char server[64];
    char ca_file[128];
    char token_file[128];
    char plugin[128];
    struct pf_kube_config config;
    struct pf_clock clock; /* of the client: the system's plus the two below */
    int64_t mono_ahead_ns;
    int64_t wall_ahead_ns;
};

/* What came back; the text is cut. */
struct answer {
    enum pf_code code;
    int status;
    char text[1024];
    char message[1024];
};

/** cmocka set-up and tear-down of a server with TLS; without; with client certificates (client.crt, client.key). *state becomes a struct stub. */
int stub_setup(void **state);
int stub_setup_plain(void **state);
int stub_setup_mutual(void **state);
int stub_teardown(void **state);

/** A new CA and a serving certificate of it for @p name, in the files that server and client read. @param ca_too false: the client keeps its CA */
void stub_certificates(struct stub *stub, const char *name, bool ca_too);
void stub_put(const struct stub *stub, const char *name, const char *text);
/** A shell script as the plug-in of the configuration. */
void stub_plugin(struct stub *stub, const char *script);
void stub_path(const struct stub *stub, const char *name, char path[128]);

/** A proxy before the server (proxy_server.py), in the place of the last one. @param credentials `USER:PASSWORD` that it wants; NULL: none @return its port */
int stub_proxy(struct stub *stub, const char *credentials);

struct pf_kube_client *stub_client(struct stub *stub);
/** One GET with the time limit of a test; the client is asked once. */
struct answer stub_get(struct pf_kube_client *client, const char *path);
/** As stub_get(); the test fails unless status and text are these. */
void stub_get_ok(struct pf_kube_client *client, const char *path, const char *text);

#endif

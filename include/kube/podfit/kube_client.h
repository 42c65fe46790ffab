#ifndef PODFIT_KUBE_CLIENT_H
#define PODFIT_KUBE_CLIENT_H

/**
 * The API client: HTTP/2 or HTTP/1.1 over verified TLS on libcurl's multi interface. One thread owns a client and drives it with pf_kube_client_step(); callbacks
 * run inside that call. Only pf_kube_client_wake() may come from other threads. Nothing of podfit calls it while a review is answered.
 *
 * Done here, for every request: authentication (certificate, token, token file re-read at least each minute and after a 401, credential plug-in run again
 * when its credential expires or after a 401), one retry after a 401 with a new credential, CA file re-read when it changes, User-Agent, size and time limits,
 * leaving connections that are open and dead: when a request runs into its time limit and nothing has come since it was sent, every call under way ends as with a
 * connection that broke.
 * Not done here: back-off and Retry-After of the caller's next attempt (the result carries it), watching (reflector.h).
 * Source: webhook practice K-01 to K-10, K-32; client-go rest/.
 */

#include <stdint.h>

#include <podfit/buf.h>
#include <podfit/clock.h>
#include <podfit/kubeconfig.h>
#include <podfit/tally.h>

struct pf_kube_client;
struct pf_kube_call; /* one request under way */

struct pf_kube_client_options {
    const struct pf_kube_config *config; /**< borrowed with its arena, outlives the client */
    const struct pf_clock *clock;        /**< borrowed */
    const char *user_agent;              /**< such as `podfit/0.1.0 (linux/amd64)` */
    int64_t connect_timeout_ms;          /**< 0: 10,000 */
};

/**
 * The program must ignore SIGPIPE (a connection that the server closed). Reads the files of the configuration; runs no plug-in yet.
 *
 * @return PF_OK; PF_E_NOT_FOUND, PF_E_IO, PF_E_TOO_BIG (a file), PF_E_INVALID (certificate, key, CA, token), PF_E_NO_MEMORY
 */
enum pf_code pf_kube_client_new(const struct pf_kube_client_options *options,
                                struct pf_kube_client **ret_client,
                                struct pf_err *err) PF_MUST_CHECK;
/** Cancels every call without its on_done. NULL is ignored. */
void pf_kube_client_free(struct pf_kube_client *client);

/** How a request ended. Views are borrowed during the callback. */
struct pf_kube_result {
    int status; /**< HTTP status; 0: no answer (transport, TLS, time-out, cancelled by on_data) */
    enum pf_code
        code; /**< PF_OK for 2xx; PF_E_NOT_FOUND 404, PF_E_EXISTS 409, PF_E_IO no answer, PF_E_TOO_BIG over max_bytes, PF_E_STATE otherwise */
    int64_t retry_after_ms; /**< from Retry-After; -1: none */
    int64_t connection;     /**< pf_kube_client_connection() */
    bool shared;            /**< HTTP/2: other calls may be on the same connection */
    struct pf_sv
        reason; /**< Status.reason of the API server, such as `Expired`, `Forbidden`, `Conflict`; empty when there is none */
    /** One line for people: `cannot list pods: forbidden: User "x" cannot list resource "pods" ...`, `cannot reach https://...: connection refused`. */
    struct pf_sv message;
};

struct pf_kube_request {
    const char *method; /**< GET, POST, PUT, PATCH, DELETE */
    const char *path;   /**< with query, already percent-encoded (pf_kube_escape()); copied */
    const char *what;   /**< for messages: `list pods`; static or copied */
    const char *
        content_type; /**< of the body; NULL: application/json. application/apply-patch+yaml for server-side apply, application/json-patch+json, ... */
    struct pf_sv body; /**< copied; empty: none */
    int64_t
        timeout_ms; /**< for the whole request; 0: none (a watch: TCP keep-alive and the caller's liveness rule watch over it) */
    size_t max_bytes; /**< of the answer; 0: no limit (a stream that is decoded as it comes) */
    /** Bytes of a 2xx answer as they come. @return false: abort the request (result code PF_E_STATE, status kept) */
    bool (*on_data)(void *ctx, struct pf_sv bytes);
    /** Exactly once, last; the call is gone afterwards. New calls may be started in it. */
    void (*on_done)(void *ctx, const struct pf_kube_result *result);
    void *ctx;
};

/** Start a request. @return PF_OK; PF_E_INVALID (path without a leading slash or with a space or control character) or PF_E_NO_MEMORY (no callback will run) */
enum pf_code pf_kube_client_start(struct pf_kube_client *client,
                                  const struct pf_kube_request *request,
                                  struct pf_kube_call **ret_call, struct pf_err *err) PF_MUST_CHECK;
/** Drop it; on_done does not run. NULL is ignored. Not from its own on_data (return false there). */
void pf_kube_client_cancel(struct pf_kube_client *client, struct pf_kube_call *call);
/**
 * On which connection a call is. A server may send a connection of HTTP/2 away (GOAWAY): streams that are open stay there while new requests go elsewhere, so that an
 * answer to one proves nothing about the other.
 *
 * @param call  of this client; NULL is none
 * @return a number that stands for both ends of the connection, which no other open one has; -1: it is not on a connection yet
 */
int64_t pf_kube_client_connection(const struct pf_kube_call *call);
/** Wait for traffic at most @p timeout_ms (or a wake-up), then run what is due. */
void pf_kube_client_step(struct pf_kube_client *client, int timeout_ms);
/** Make a running or the next pf_kube_client_step() return at once. Thread-safe. */
void pf_kube_client_wake(struct pf_kube_client *client);

/**
 * One request from start to end (command line, registration): steps the client until it is done; other calls of the client go on meanwhile.
 *
 * @param request  on_data and on_done are not used; max_bytes 0 means 32 MiB, timeout_ms 0 means 30,000
 * @param body     receives the answer; initialised by the caller
 * @param ret_status  HTTP status, 0 when there was no answer; set also on failure
 * @return PF_OK for 2xx; otherwise the result's code with its message in @p err; PF_E_STATE also inside a callback of this client
 */
enum pf_code pf_kube_client_call(struct pf_kube_client *client,
                                 const struct pf_kube_request *request, struct pf_buf *body,
                                 int *ret_status, struct pf_err *err) PF_MUST_CHECK;

/** Percent-encode a path segment or query value onto @p buf (RFC 3986 unreserved characters stay). */
void pf_kube_escape(struct pf_buf *buf, struct pf_sv text);

struct pf_kube_client_stats {
    uint64_t requests;
    uint64_t failures;          /**< no answer, or a status of 400 and above */
    uint64_t reauthentications; /**< credentials renewed after a 401 */
    uint64_t reconnections;     /**< times that open connections did not answer and were given up */
    uint64_t bytes_received;
    uint64_t under_way; /**< calls that have not ended */
    struct pf_tally
        tally; /**< attempts that ended: one that got a 401 and was repeated counts twice, a cancelled one not at all */
};
struct pf_kube_client_stats pf_kube_client_stats(const struct pf_kube_client *client);

/**
 * For how long the API server has asked to be left alone: `Retry-After` of a 429 or 5xx, whatever was asked for, up to 5 minutes and a random half more. Nothing is held
 * back here: whoever asks often, or again, has to mind it (reflectors do so by themselves). Source: client-go rest/with_retry.go; webhook practice K-32.
 *
 * @return milliseconds; 0: go on
 */
int64_t pf_kube_client_patience_ms(const struct pf_kube_client *client);

#endif

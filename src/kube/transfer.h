#ifndef PODFIT_KUBE_TRANSFER_H
#define PODFIT_KUBE_TRANSFER_H

/** Inside kube: what the client, one call and its answer share. curl's types stay in this module. */

/* its checks are macros that clang-tidy counts as our branches */
#define CURL_DISABLE_TYPECHECK
#include <pthread.h>

#include <curl/curl.h>

#include <podfit/keeper.h>
#include <podfit/kube_client.h>

struct pf_kube_client {
    struct pf_kube_client_options options;
    CURLM *multi; /* changed with the lock held, which pf_kube_client_wake() takes */
    pthread_mutex_t lock;
    bool dead; /* a connection is open and nobody answers: all are given up at the next step */
    struct pf_keeper *keeper;
    char *base_url;    /* with tls-server-name in the place of the host */
    char *host_header; /* `Host: ...`, only with a tls-server-name; NULL otherwise */
    char *connect_to;  /* `::host:port`, likewise */
    bool loopback;     /* the server is this machine */
    bool encrypted;    /* https */
    struct pf_kube_call *first;
    struct pf_kube_call *last;
    unsigned depth;           /* callbacks may be running: handles stay where they are */
    int64_t patience_mono_ns; /* until when the server wants to be left alone; 0: it has not said */
    struct pf_kube_client_stats stats;
};

struct pf_kube_call {
    struct pf_kube_call *previous;
    struct pf_kube_call *next;
    struct pf_kube_client *client;
    struct pf_kube_request request; /* texts are copies of ours */
    CURL *easy;                     /* NULL: waits for a credential */
    struct curl_slist *headers;
    struct curl_slist *connect_to;
    struct pf_identity *identity;
    struct pf_buf refusal; /* the body of an answer that is not 2xx */
    size_t received;       /* bytes of this attempt's body */
    uint64_t heard;        /* what the client had received when this attempt began */
    bool retried;
    bool cancelled; /* to be freed once no callback runs */
    bool stopped;   /* by on_data */
    bool too_big;
    char fault[CURL_ERROR_SIZE];
};

/** Copy the request. @return NULL without memory */
struct pf_kube_call *pf_transfer_new(struct pf_kube_client *client,
                                     const struct pf_kube_request *request) PF_MUST_CHECK;
/** The call must not be in the client's list any more. NULL is ignored. */
void pf_transfer_free(struct pf_kube_call *call);
/** Make the handle and give it to the multi handle. @param identity  the call takes a reference of its own */
enum pf_code pf_transfer_begin(struct pf_kube_call *call, struct pf_identity *identity,
                               struct pf_err *err) PF_MUST_CHECK;
/** Take the handle back: the call waits again. */
void pf_transfer_end(struct pf_kube_call *call);
/** HTTP status of the attempt; 0: none. */
int pf_transfer_status(const struct pf_kube_call *call);
/** Is the answer HTTP/2, so that other calls may be on its connection? */
bool pf_transfer_is_shared(const struct pf_kube_call *call);
/** Was the request sent, and nothing at all has come to this client since? */
bool pf_transfer_is_unheard(const struct pf_kube_call *call);
/** A 2xx status. */
static inline bool pf_transfer_good(int status)
{
    return status >= 200 && status <= 299;
}

/** The result of an attempt, in words. @param buf  takes the message; initialised by the caller  @param arena  takes decoded texts */
void pf_kube_answer_compose(const struct pf_kube_call *call, CURLcode code, struct pf_arena *arena,
                            struct pf_buf *buf, struct pf_kube_result *ret_result);

/** Take base_url, host_header and connect_to out of the configuration. */
enum pf_code pf_endpoint_resolve(struct pf_kube_client *client, struct pf_err *err) PF_MUST_CHECK;
/** The host of `host:port`, `[v6]:port` or one without a port; a view of @p authority, brackets included. @param[out] ret_port  with its colon; empty when there is none */
struct pf_sv pf_endpoint_split(struct pf_sv authority, struct pf_sv *ret_port);
/** Is this host, in brackets or without, this machine? */
bool pf_endpoint_is_loopback(struct pf_sv host);

#endif

#ifndef PODFIT_EXCHANGE_H
#define PODFIT_EXCHANGE_H

/**
 * One request and its answer. Exchanges are reused: their buffers keep their memory, so that a review of usual size allocates nothing. The answer's bytes
 * are sent from here without a copy; the exchange goes back to the pool when both the request and its response are finished with it.
 * A pool belongs to the thread of its listener.
 */

#include <podfit/buf.h>
#include <podfit/reply.h>

/** A body is collected in memory of this size at once; what is larger is paid for by bytes that did arrive. Most reviews have 3 to 10 KiB. */
#define PF_EXCHANGE_SMALL_BYTES ((size_t)64 * 1024)
/** Buffers above this size are given back to the system at the end of the request. */
#define PF_EXCHANGE_KEEP_BYTES ((size_t)256 * 1024)
/** An answer has this much room however much others hold; it is larger for pods of more than a hundred containers only. */
#define PF_EXCHANGE_ANSWER_BYTES ((size_t)64 * 1024)
/** Exchanges kept for reuse: as many as an API server keeps connections (25), with both buffers at their largest 16 MiB. */
#define PF_EXCHANGE_POOL_MAX 32

/** A Content-Security-Policy with its NUL. */
#define PF_EXCHANGE_POLICY_BYTES 320

struct pf_exchange_pool;
struct MHD_Connection;
struct pf_link;

struct pf_exchange {
    struct pf_exchange *next; /**< in the pool */
    struct pf_exchange_pool *pool;
    unsigned refs;
    struct MHD_Connection *connection; /**< borrowed for the request */
    struct pf_link *link;              /**< borrowed for the request: its connection */
    const char *method;                /**< borrowed for the call */
    bool head;                         /**< HEAD: of the answer only the header is sent */
    struct pf_sv path;                 /**< without the query; borrowed for the call */
    int64_t start_mono_ns;             /**< when the request line had arrived */
    int64_t timeout_ms;                /**< of the query `?timeout=2s`; 0: none */
    bool verbose;                      /**< the query has `verbose` */
    uint64_t body_total_bytes;         /**< that arrived, discarded ones included */
    struct pf_buf body;
    struct pf_buf answer;                  /**< bytes of the response */
    const char *content_type;              /**< of the answer; static; NULL: text/plain */
    char policy[PF_EXCHANGE_POLICY_BYTES]; /**< Content-Security-Policy; empty: none is sent */
    enum pf_reply reply;                   /**< NONE until it is decided */
    bool queued;                           /**< the response is on its way */
    size_t charged_bytes;                  /**< of the pool's, held by this one */
};

struct pf_exchange_pool {
    struct pf_exchange *free_list;
    unsigned free_count;
    size_t body_max_bytes;   /**< limit of one body */
    size_t answer_max_bytes; /**< limit of one answer */
    size_t budget_bytes;     /**< limit of all large bodies and answers together */
    size_t charged_bytes;    /**< held by buffers above twice PF_EXCHANGE_SMALL_BYTES now */
};

void pf_exchange_pool_init(struct pf_exchange_pool *pool, size_t body_max_bytes,
                           size_t answer_max_bytes, size_t budget_bytes);
/** All exchanges must have been released. */
void pf_exchange_pool_done(struct pf_exchange_pool *pool);

/** @return an empty exchange with one reference, or NULL: no memory */
struct pf_exchange *pf_exchange_get(struct pf_exchange_pool *pool) PF_MUST_CHECK;
void pf_exchange_ref(struct pf_exchange *exchange);
/** The last reference returns it to the pool. */
void pf_exchange_unref(struct pf_exchange *exchange);

/**
 * Take over bytes of the body. What cannot be kept is counted and dropped, and `reply` says why: TOO_LARGE, or OVERLOADED (memory, budget).
 *
 * @param expected  bytes of the whole body as announced, 0: not known
 */
void pf_exchange_collect(struct pf_exchange *exchange, const char *bytes, size_t len,
                         uint64_t expected);

/**
 * The answer is written next: limit it to what the budget leaves, so that clients who do not read their answers hold no more than that. Its memory may be twice
 * its length, so it gets half.
 */
void pf_exchange_open_answer(struct pf_exchange *exchange);
/** The answer has been written: its memory counts from now on. One that did not get into its room becomes OVERLOADED, one that is broken INTERNAL. */
void pf_exchange_close_answer(struct pf_exchange *exchange);

/** Decide the reply; its fixed text becomes the answer when it has one. The first decision stands. */
void pf_exchange_decide(struct pf_exchange *exchange, enum pf_reply reply);
/** Value of a request header, or empty; borrowed for the call. */
struct pf_sv pf_exchange_header(const struct pf_exchange *exchange, const char *name);
/** Value of a query argument, decoded; ptr NULL: it is not there. Borrowed for the call. */
struct pf_sv pf_exchange_query(const struct pf_exchange *exchange, const char *name);

#endif

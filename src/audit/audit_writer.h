#ifndef PODFIT_AUDIT_WRITER_H
#define PODFIT_AUDIT_WRITER_H

/** Inside audit: the log with its queue, and the thread that empties it. */

#include <pthread.h>
#include <stdatomic.h>

#include "audit_repeats.h"
#include "audit_sink.h"
#include "audit_text.h"
#include <podfit/audit.h>
#include <podfit/limits.h>

struct pf_audit {
    const struct pf_clock *clock; /* NULL: there is no log */
    pthread_t thread;
    pthread_mutex_t lock; /* for what follows up to `finished`; never held during I/O */
    pthread_cond_t changed;
    struct pf_audit_item
        *ring[PF_AUDIT_QUEUE_MAX]; /* the first one stays in it while it is written */
    size_t head;
    size_t count;
    size_t bytes;
    struct pf_audit_loss dropped; /* not yet reported */
    struct pf_audit_stats stats;  /* without `queued` */
    bool reopen;
    bool stopping;
    int64_t stop_at_ns; /* when stopping: nothing is written after it */
    bool finished;
    bool started; /* there is a thread; of the thread that calls new and free */
    atomic_bool
        full; /* a look without the lock, so that a flood of records does not cost a copy each */

    /* only the writer */
    struct pf_audit_sink sink;
    struct pf_audit_repeats repeats;
    struct pf_buf line;
    struct pf_audit_loss failed; /* not yet reported */
    int64_t back_off_ns;
    int64_t retry_at_ns; /* nothing is written before it; 0: the file is well */
    int64_t give_up_ns;  /* nothing is written after it; 0: not stopping */
    int wake_fd;
};

/** The thread. @param opaque struct pf_audit @return NULL */
void *pf_audit_writer_run(void *opaque);

/** wait_ms of struct pf_audit_patience: not any longer when the file is to be reopened, until the last moment when stopping. @param opaque struct pf_audit */
int pf_audit_writer_wait_ms(void *opaque);

/** CLOCK_MONOTONIC, by which the thread waits whatever clock the log has. */
int64_t pf_audit_writer_now_ns(void);

/** Wait for `changed`, at most until @p at_ns (INT64_MAX: for ever); may return early. The lock is held. */
void pf_audit_writer_wait(struct pf_audit *audit, int64_t at_ns);

#endif

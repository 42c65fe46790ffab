#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "audit_repeats.h"
#include "audit_sink.h"
#include "audit_text.h"
#include <podfit/audit.h>
#include <podfit/file.h>
#include <podfit/limits.h>
#include <podfit/mem.h>

#define NS_PER_MS         INT64_C(1000000)
#define KEEP_DEFAULT      5U
#define BACK_OFF_FIRST_NS (100 * NS_PER_MS)
#define BACK_OFF_LAST_NS  (30000 * NS_PER_MS)
#define LOOK_AT_WINDOWS_NS \
    (1000 * NS_PER_MS) /* at least so often: the clock may be another one than that of the wait */
#define STOP_WRITING_NS (2000 * NS_PER_MS)
#define STOP_WAITING_NS \
    (5000 * NS_PER_MS) /* longer than the above: for a write(2) that hangs in the kernel */

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

static int64_t now_ns(void)
{
    return pf_clock_mono_ns(pf_clock_system());
}

/* The writer: waiting */

static int wait_ms(void *opaque)
{
    struct pf_audit *audit = opaque;
    (void)pthread_mutex_lock(&audit->lock);
    const bool reopen = audit->reopen;
    const bool stopping = audit->stopping;
    const int64_t stop_at_ns = audit->stop_at_ns;
    (void)pthread_mutex_unlock(&audit->lock);
    if (stopping) {
        const int64_t left_ns = stop_at_ns - now_ns();
        return left_ns > 0 ? (int)(left_ns / NS_PER_MS) + 1 : 0;
    }
    return reopen ? 0 : -1;
}

static void wait_until(struct pf_audit *audit, int64_t at_ns)
{
    if (at_ns == INT64_MAX) {
        (void)pthread_cond_wait(&audit->changed, &audit->lock);
        return;
    }
    const struct timespec at = {.tv_sec = at_ns / (1000 * NS_PER_MS),
                                .tv_nsec = at_ns % (1000 * NS_PER_MS)};
    (void)pthread_cond_timedwait(&audit->changed, &audit->lock, &at); /* the caller looks again */
}

/* What is dropped is reported when half of the queue is free again, so that an overload does not make a line for each record. */
static bool loss_due(const struct pf_audit *audit)
{
    return audit->failed.count != 0 ||
           (audit->dropped.count != 0 && audit->count <= PF_AUDIT_QUEUE_MAX / 2);
}

/* @return when there is something to do, 0: now; by the system's clock */
static int64_t next_work_ns(const struct pf_audit *audit)
{
    const int64_t now = now_ns();
    const int64_t window_end_ns = pf_audit_repeats_next_ns(&audit->repeats);
    if (audit->stopping || audit->reopen) {
        return 0;
    }
    if (audit->count != 0 || loss_due(audit)) {
        return audit->retry_at_ns > now ? audit->retry_at_ns : 0;
    }
    if (window_end_ns == INT64_MAX) {
        return INT64_MAX;
    }
    const int64_t left_ns = window_end_ns - pf_clock_mono_ns(audit->clock);
    if (left_ns <= 0) {
        return audit->retry_at_ns > now ? audit->retry_at_ns : 0;
    }
    return now + (left_ns < LOOK_AT_WINDOWS_NS ? left_ns : LOOK_AT_WINDOWS_NS);
}

/** What the writer found to do. */
struct work {
    struct pf_audit_item *item; /**< the first of the queue, still in it; NULL: none */
    bool reopen;
    int64_t give_up_ns; /**< 0: not stopping */
    bool report_dropped;
};

static struct work wait_for_work(struct pf_audit *audit)
{
    (void)pthread_mutex_lock(&audit->lock);
    int64_t at_ns = next_work_ns(audit);
    while (at_ns != 0) {
        wait_until(audit, at_ns);
        at_ns = next_work_ns(audit);
    }
    const struct work work = {
        .item = audit->count != 0 ? audit->ring[audit->head] : NULL,
        .reopen = audit->reopen,
        .give_up_ns = audit->stopping ? audit->stop_at_ns : 0,
        .report_dropped = audit->dropped.count != 0 && (audit->count <= PF_AUDIT_QUEUE_MAX / 2),
    };
    audit->reopen = false;
    (void)pthread_mutex_unlock(&audit->lock);
    return work;
}

/* The writer: writing */

/* Is it worth a try? When stopping there is no later. */
static bool may_write(const struct pf_audit *audit)
{
    return audit->give_up_ns != 0 || audit->retry_at_ns == 0 || audit->retry_at_ns <= now_ns();
}

static void reopen(struct pf_audit *audit)
{
    uint64_t ignored = 0;
    (void)!read(audit->wake_fd, &ignored, sizeof(ignored)); /* not blocking; only clears it */
    pf_audit_sink_close(&audit->sink);
    audit->retry_at_ns = 0;
    audit->back_off_ns = 0;
}

static void back_off(struct pf_audit *audit)
{
    const int64_t next_ns = audit->back_off_ns == 0 ? BACK_OFF_FIRST_NS : 2 * audit->back_off_ns;
    audit->back_off_ns = next_ns < BACK_OFF_LAST_NS ? next_ns : BACK_OFF_LAST_NS;
    audit->retry_at_ns = now_ns() + audit->back_off_ns;
    pf_audit_sink_close(&audit->sink); /* the next attempt opens whatever is there then */
}

/* Write the line that stands in the buffer. */
static bool write_line(struct pf_audit *audit)
{
    enum pf_code code = pf_buf_status(&audit->line, NULL);
    if (audit->give_up_ns != 0 && now_ns() > audit->give_up_ns) {
        return false;
    }
    if (code == PF_OK) {
        code = pf_audit_sink_open(&audit->sink, NULL);
    }
    if (code == PF_OK) {
        code = pf_audit_sink_make_room(
            &audit->sink, pf_audit_text_line(&audit->line, audit->sink.torn).len, NULL);
    }
    if (code == PF_OK) {
        code =
            pf_audit_sink_write(&audit->sink, pf_audit_text_line(&audit->line, audit->sink.torn));
    }
    if (code == PF_OK) {
        audit->retry_at_ns = 0;
        audit->back_off_ns = 0;
    } else {
        back_off(audit);
    }
    return code == PF_OK;
}

static void count_failed(struct pf_audit *audit, uint64_t records, int64_t wall_ns)
{
    pf_audit_text_lose(&audit->failed, records, wall_ns);
    (void)pthread_mutex_lock(&audit->lock);
    audit->stats.failed++;
    (void)pthread_mutex_unlock(&audit->lock);
}

/* @param item  taken over */
static void write_repeats(struct pf_audit *audit, struct pf_audit_item *item)
{
    if (item->repeats != 0) {
        pf_audit_text_repeats(&audit->line, item, pf_clock_wall_ns(audit->clock));
        if (!write_line(audit)) {
            count_failed(audit, item->repeats, item->last_wall_ns);
        }
    }
    free(item);
}

static void write_ended(struct pf_audit *audit, int64_t mono_ns)
{
    bool going = may_write(audit);
    while (going) {
        struct pf_audit_item *item = pf_audit_repeats_take_ended(&audit->repeats, mono_ns);
        going = item != NULL;
        if (item != NULL) {
            write_repeats(audit, item);
            going = may_write(audit);
        }
    }
}

/** What became of a record. */
enum fate {
    FATE_WRITTEN,  /**< it is in the log */
    FATE_REPEATED, /**< counted */
    FATE_FAILED,   /**< lost */
};

static void pop(struct pf_audit *audit, size_t bytes, enum fate fate)
{
    (void)pthread_mutex_lock(&audit->lock);
    audit->ring[audit->head] = NULL;
    audit->head = (audit->head + 1) % PF_AUDIT_QUEUE_MAX;
    audit->count--;
    audit->bytes -= bytes;
    audit->stats.written += fate == FATE_WRITTEN;
    audit->stats.repeated += fate == FATE_REPEATED;
    audit->stats.failed += fate == FATE_FAILED;
    atomic_store_explicit(&audit->full, false, memory_order_relaxed);
    (void)pthread_mutex_unlock(&audit->lock);
}

static void write_excess(struct pf_audit *audit)
{
    struct pf_audit_item *excess = pf_audit_repeats_take_excess(&audit->repeats);
    while (excess != NULL) {
        write_repeats(audit, excess);
        excess = pf_audit_repeats_take_excess(&audit->repeats);
    }
}

/* @param item  the first of the queue; taken over */
static void write_item(struct pf_audit *audit, struct pf_audit_item *item)
{
    const size_t bytes = item->bytes;
    bool kept = false;
    enum fate fate = FATE_REPEATED;
    if (!pf_audit_repeats_count(&audit->repeats, item)) {
        pf_audit_text_decision(&audit->line, item);
        fate = write_line(audit) ? FATE_WRITTEN : FATE_FAILED;
        if (fate == FATE_FAILED) {
            pf_audit_text_lose(&audit->failed, 1, item->record.wall_ns);
        }
        /* a cause that is not in the log must be written when it comes again */
        kept = fate == FATE_WRITTEN && pf_audit_repeats_add(&audit->repeats, item);
    }
    pop(audit, bytes, fate);
    if (!kept) {
        free(item);
    }
    write_excess(audit);
}

static void report(struct pf_audit *audit, bool dropped)
{
    const int64_t wall_ns = pf_clock_wall_ns(audit->clock);
    if (audit->failed.count != 0) {
        pf_audit_text_loss(&audit->line, "failed", &audit->failed, wall_ns);
        if (!write_line(audit)) {
            return;
        }
        audit->failed = (struct pf_audit_loss){.count = 0};
    }
    if (!dropped) {
        return;
    }
    (void)pthread_mutex_lock(&audit->lock);
    const struct pf_audit_loss loss = audit->dropped;
    audit->dropped = (struct pf_audit_loss){.count = 0};
    (void)pthread_mutex_unlock(&audit->lock);
    pf_audit_text_loss(&audit->line, "dropped", &loss, wall_ns);
    if (!write_line(audit)) {
        (void)pthread_mutex_lock(&audit->lock);
        pf_audit_text_lose(&audit->dropped, loss.count, loss.first_wall_ns);
        pf_audit_text_lose(&audit->dropped, 0, loss.last_wall_ns);
        (void)pthread_mutex_unlock(&audit->lock);
    }
}

static void finish(struct pf_audit *audit)
{
    struct pf_audit_item *item = pf_audit_repeats_take(&audit->repeats);
    while (item != NULL) {
        write_repeats(audit, item);
        item = pf_audit_repeats_take(&audit->repeats);
    }
    (void)pthread_mutex_lock(&audit->lock);
    const bool dropped = audit->dropped.count != 0;
    (void)pthread_mutex_unlock(&audit->lock);
    report(audit, dropped);
    pf_audit_sink_close(&audit->sink);
    (void)pthread_mutex_lock(&audit->lock);
    audit->finished = true;
    (void)pthread_cond_broadcast(&audit->changed);
    (void)pthread_mutex_unlock(&audit->lock);
}

static void *run(void *opaque)
{
    struct pf_audit *audit = opaque;
    bool going = true;
    while (going) {
        const struct work work = wait_for_work(audit);
        audit->give_up_ns = work.give_up_ns;
        if (work.reopen) {
            reopen(audit);
        }
        write_ended(audit, work.item != NULL ? work.item->mono_ns : pf_clock_mono_ns(audit->clock));
        if (work.item != NULL && may_write(audit)) {
            write_item(audit, work.item);
        }
        if ((audit->failed.count != 0 || work.report_dropped) && audit->give_up_ns == 0 &&
            may_write(audit)) {
            report(audit, work.report_dropped);
        }
        going = work.give_up_ns == 0 || work.item != NULL;
    }
    finish(audit);
    return NULL;
}

/* Making and ending */

static enum pf_code check_options(const struct pf_audit_options *options, struct pf_err *err)
{
    if (options->max_bytes < 0) {
        return pf_err_set(err, PF_E_RANGE,
                          "size of the audit log is '%lld', allowed are 0 and more",
                          (long long)options->max_bytes);
    }
    if (options->keep > PF_AUDIT_KEEP_MAX) {
        return pf_err_set(err, PF_E_RANGE,
                          "rotated audit logs to keep are '%u', allowed are up to %d",
                          options->keep, PF_AUDIT_KEEP_MAX);
    }
    if (options->repeat_window_ms < 0 || options->repeat_window_ms > INT64_MAX / NS_PER_MS) {
        return pf_err_set(err, PF_E_RANGE,
                          "repeat window of the audit log is '%lld' ms, allowed are 0 to %lld",
                          (long long)options->repeat_window_ms, (long long)(INT64_MAX / NS_PER_MS));
    }
    return PF_OK;
}

static enum pf_code start(struct pf_audit *audit, struct pf_err *err)
{
    sigset_t all;
    sigset_t old;
    (void)sigfillset(&all);
    /* signals are for main; SIGPIPE of standard output and SIGXFSZ of a full quota become errors of write(2) */
    const int masked = pthread_sigmask(SIG_BLOCK, &all, &old);
    const int failed = pthread_create(&audit->thread, NULL, run, audit);
    if (masked == 0) {
        (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
    if (failed != 0) {
        return pf_err_set_errno(err, PF_E_IO, failed, "cannot start the thread of the audit log");
    }
    audit->started = true;
    return PF_OK;
}

static enum pf_code set_up(struct pf_audit *audit, const struct pf_audit_options *options,
                           struct pf_err *err)
{
    enum pf_code code = pf_audit_text_init(&audit->line, err);
    if (code == PF_OK) {
        code = pf_audit_sink_init(&audit->sink, options->path, err);
    }
    if (code != PF_OK) {
        return code;
    }
    audit->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (audit->wake_fd < 0) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot make an eventfd for the audit log");
    }
    audit->sink.max_bytes = options->max_bytes;
    audit->sink.keep = options->keep != 0 ? options->keep : KEEP_DEFAULT;
    audit->sink.patience =
        (struct pf_audit_patience){.wait_ms = wait_ms, .opaque = audit, .wake_fd = audit->wake_fd};
    struct pf_err opened = {.code = PF_OK};
    code = pf_audit_sink_open(&audit->sink, &opened);
    if (code != PF_OK && opened.errno_value != ENXIO) { /* a reader of a FIFO may come later */
        return pf_err_set(err, code, "%s", opened.text);
    }
    return start(audit, err);
}

static void destroy(struct pf_audit *audit)
{
    for (size_t i = 0; i < PF_AUDIT_QUEUE_MAX; i++) {
        free(audit->ring[i]);
    }
    pf_audit_repeats_done(&audit->repeats);
    pf_audit_sink_done(&audit->sink);
    pf_buf_done(&audit->line);
    if (audit->wake_fd >= 0) {
        (void)close(audit->wake_fd);
    }
    (void)pthread_cond_destroy(&audit->changed);
    (void)pthread_mutex_destroy(&audit->lock);
    free(audit);
}

enum pf_code pf_audit_new(const struct pf_audit_options *options, struct pf_audit **ret_audit,
                          struct pf_err *err)
{
    enum pf_code code = check_options(options, err);
    if (code != PF_OK) {
        return code;
    }
    struct pf_audit *audit = pf_mem_calloc(1, sizeof(*audit));
    if (audit == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    pthread_condattr_t attributes;
    /* these cannot fail on Linux */
    (void)pthread_mutex_init(&audit->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&audit->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    audit->wake_fd = -1;
    audit->sink.fd = -1;
    if (options->path != NULL) {
        audit->clock = options->clock;
        pf_audit_repeats_init(&audit->repeats, options->repeat_window_ms * NS_PER_MS);
        code = set_up(audit, options, err);
    }
    if (code != PF_OK) {
        destroy(audit);
        return code;
    }
    *ret_audit = audit;
    return PF_OK;
}

static void wake(struct pf_audit *audit)
{
    const uint64_t one = 1;
    (void)pthread_cond_broadcast(&audit->changed);
    (void)!write(audit->wake_fd, &one, sizeof(one)); /* fails only when it is readable already */
}

void pf_audit_free(struct pf_audit *audit)
{
    if (audit == NULL) {
        return;
    }
    if (!audit->started) {
        destroy(audit);
        return;
    }
    (void)pthread_mutex_lock(&audit->lock);
    const int64_t begin_ns = now_ns();
    audit->stopping = true;
    audit->stop_at_ns = begin_ns + STOP_WRITING_NS;
    wake(audit);
    while (!audit->finished && now_ns() < begin_ns + STOP_WAITING_NS) {
        wait_until(audit, begin_ns + STOP_WAITING_NS);
    }
    const bool finished = audit->finished;
    (void)pthread_mutex_unlock(&audit->lock);
    if (!finished) {
        (void)pthread_detach(audit->thread);
        return; /* the thread hangs in the kernel and still needs the memory */
    }
    (void)pthread_join(audit->thread, NULL);
    destroy(audit);
}

/* Callers' side */

static bool has_room(const struct pf_audit *audit, size_t bytes)
{
    return audit->count < PF_AUDIT_QUEUE_MAX && bytes <= PF_AUDIT_QUEUE_MAX_BYTES - audit->bytes;
}

static void drop(struct pf_audit *audit, int64_t wall_ns)
{
    (void)pthread_mutex_lock(&audit->lock);
    audit->stats.dropped++;
    pf_audit_text_lose(&audit->dropped, 1, wall_ns);
    const bool wanted = audit->count == 0;
    (void)pthread_mutex_unlock(&audit->lock);
    if (wanted) { /* no memory: the queue is empty and the writer may sleep */
        (void)pthread_cond_signal(&audit->changed);
    }
}

void pf_audit_put(struct pf_audit *audit, const struct pf_audit_record *record)
{
    if (audit == NULL || !audit->started) {
        return;
    }
    struct pf_audit_item *item = NULL;
    if (!atomic_load_explicit(&audit->full, memory_order_relaxed)) {
        item = pf_audit_item_new(record, pf_clock_mono_ns(audit->clock));
    }
    if (item == NULL) {
        drop(audit, record->wall_ns);
        return;
    }
    (void)pthread_mutex_lock(&audit->lock);
    const bool room = has_room(audit, item->bytes);
    const bool first = audit->count == 0;
    if (room) {
        audit->ring[(audit->head + audit->count) % PF_AUDIT_QUEUE_MAX] = item;
        audit->count++;
        audit->bytes += item->bytes;
    } else {
        atomic_store_explicit(&audit->full, true, memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&audit->lock);
    if (!room) {
        free(item);
        drop(audit, record->wall_ns);
    } else if (first) {
        (void)pthread_cond_signal(&audit->changed);
    }
}

void pf_audit_reopen(struct pf_audit *audit)
{
    if (audit == NULL || !audit->started) {
        return;
    }
    (void)pthread_mutex_lock(&audit->lock);
    audit->reopen = true;
    wake(audit);
    (void)pthread_mutex_unlock(&audit->lock);
}

struct pf_audit_stats pf_audit_stats(struct pf_audit *audit)
{
    if (audit == NULL) {
        return (struct pf_audit_stats){.queued = 0};
    }
    (void)pthread_mutex_lock(&audit->lock);
    struct pf_audit_stats stats = audit->stats;
    stats.queued = audit->count;
    (void)pthread_mutex_unlock(&audit->lock);
    return stats;
}

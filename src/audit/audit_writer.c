#include "audit_writer.h"

#include <errno.h>
#include <unistd.h>

#include <podfit/log.h>
#include <podfit/thread.h>

#define BACK_OFF_FIRST_NS (100 * PF_NS_PER_MS)
#define BACK_OFF_LAST_NS  (30000 * PF_NS_PER_MS)
/* At least so often: the clock may be another one than that of the wait. */
#define LOOK_AT_WINDOWS_NS (1000 * PF_NS_PER_MS)

int64_t pf_audit_writer_now_ns(void)
{
    return pf_clock_mono_ns(pf_clock_system());
}

/* Waiting */

int pf_audit_writer_wait_ms(void *opaque)
{
    struct pf_audit *audit = opaque;
    (void)pthread_mutex_lock(&audit->lock);
    const bool reopen = audit->reopen;
    const bool stopping = audit->stopping;
    const int64_t stop_at_ns = audit->stop_at_ns;
    (void)pthread_mutex_unlock(&audit->lock);
    if (stopping) {
        const int64_t left_ns = stop_at_ns - pf_audit_writer_now_ns();
        return left_ns > 0 ? (int)(left_ns / PF_NS_PER_MS) + 1 : 0;
    }
    return reopen ? 0 : -1;
}

void pf_audit_writer_wait(struct pf_audit *audit, int64_t at_ns)
{
    if (at_ns == INT64_MAX) {
        (void)pthread_cond_wait(&audit->changed, &audit->lock);
        return;
    }
    const struct timespec at = pf_thread_time(at_ns);
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
    const int64_t now = pf_audit_writer_now_ns();
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
        pf_audit_writer_wait(audit, at_ns);
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

/* Writing */

/* Is it worth a try? When stopping there is no later. */
static bool may_write(const struct pf_audit *audit)
{
    return audit->give_up_ns != 0 || audit->retry_at_ns == 0 ||
           audit->retry_at_ns <= pf_audit_writer_now_ns();
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
    audit->retry_at_ns = pf_audit_writer_now_ns() + audit->back_off_ns;
    pf_audit_sink_close(&audit->sink); /* the next attempt opens whatever is there then */
}

/* Once when it begins to fail and once when it is over; how much is lost is counted, and said in the log itself. */
static void tell(const struct pf_audit *audit, enum pf_code code, const struct pf_err *why)
{
    const bool failed_before = audit->back_off_ns != 0;
    if (code != PF_OK && !failed_before) {
        pf_log_error("audit", "records are being lost: %s", why->text);
    } else if (code == PF_OK && failed_before) {
        pf_log_info("audit", "records are written again");
    }
}

/* Write the line that stands in the buffer. */
static bool write_line(struct pf_audit *audit)
{
    struct pf_err why = {0};
    enum pf_code code = pf_buf_status(&audit->line, &why);
    if (audit->give_up_ns != 0 && pf_audit_writer_now_ns() > audit->give_up_ns) {
        return false;
    }
    if (code == PF_OK) {
        code = pf_audit_sink_open(&audit->sink, &why);
    }
    if (code == PF_OK) {
        code = pf_audit_sink_make_room(
            &audit->sink, pf_audit_text_line(&audit->line, audit->sink.torn).len, &why);
    }
    if (code == PF_OK) {
        errno = 0;
        code =
            pf_audit_sink_write(&audit->sink, pf_audit_text_line(&audit->line, audit->sink.torn));
        if (code != PF_OK && errno == 0) {
            (void)pf_err_set(&why, code, "nobody reads the audit log '%s'", audit->sink.path);
        } else if (code != PF_OK) {
            (void)pf_err_set_errno(&why, code, errno, "cannot write to the audit log '%s'",
                                   audit->sink.path);
        }
    }
    tell(audit, code, &why);
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

void *pf_audit_writer_run(void *opaque)
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

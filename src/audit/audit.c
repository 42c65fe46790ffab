#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "audit_writer.h"
#include <podfit/mem.h>
#include <podfit/thread.h>

#define KEEP_DEFAULT    5U
#define STOP_WRITING_NS (2000 * PF_NS_PER_MS)
/* Longer than the above: for a write(2) that hangs in the kernel. */
#define STOP_WAITING_NS (5000 * PF_NS_PER_MS)

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
    if (options->repeat_window_ms < 0 || options->repeat_window_ms > INT64_MAX / PF_NS_PER_MS) {
        return pf_err_set(
            err, PF_E_RANGE, "repeat window of the audit log is '%lld' ms, allowed are 0 to %lld",
            (long long)options->repeat_window_ms, (long long)(INT64_MAX / PF_NS_PER_MS));
    }
    return PF_OK;
}

static enum pf_code start(struct pf_audit *audit, struct pf_err *err)
{
    const enum pf_code code =
        pf_thread_start("the audit log", pf_audit_writer_run, audit, &audit->thread, err);
    audit->started = code == PF_OK;
    return code;
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
    audit->sink.patience = (struct pf_audit_patience){
        .wait_ms = pf_audit_writer_wait_ms, .opaque = audit, .wake_fd = audit->wake_fd};
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
    if (!pf_thread_cond_init(&audit->changed)) {
        free(audit);
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    (void)pthread_mutex_init(&audit->lock, NULL); /* cannot fail with default attributes */
    audit->wake_fd = -1;
    audit->sink.fd = -1;
    if (options->path != NULL) {
        audit->clock = options->clock;
        pf_audit_repeats_init(&audit->repeats, options->repeat_window_ms * PF_NS_PER_MS);
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
    const int64_t begin_ns = pf_audit_writer_now_ns();
    audit->stopping = true;
    audit->stop_at_ns = begin_ns + STOP_WRITING_NS;
    wake(audit);
    while (!audit->finished && pf_audit_writer_now_ns() < begin_ns + STOP_WAITING_NS) {
        pf_audit_writer_wait(audit, begin_ns + STOP_WAITING_NS);
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

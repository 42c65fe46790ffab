#include "progress.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <podfit/cliout.h>
#include <podfit/clock.h>
#include <podfit/thread.h>

#define LINE_MAX_BYTES 512

void pf_progress_begin(struct pf_progress *progress)
{
    *progress = (struct pf_progress){
        .wanted = pf_cliout_width(STDERR_FILENO) != 0,
        .next_ns = pf_clock_mono_ns(pf_clock_system()) + PF_PROGRESS_AFTER_MS * PF_NS_PER_MS,
    };
}

static void write_line(const struct pf_buf *line)
{
    if (pf_buf_status(line, NULL) == PF_OK) {
        /* nothing is lost with a line that is drawn over anyway */
        (void)fwrite(line->data, 1, line->len, stderr);
        (void)fflush(stderr);
    }
}

void pf_progress_say(struct pf_progress *progress, const char *format, ...)
{
    const int64_t now = progress->wanted ? pf_clock_mono_ns(pf_clock_system()) : 0;
    if (!progress->wanted || now < progress->next_ns) {
        return;
    }
    char text[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args); /* a longer text is cut */
    va_end(args);
    pf_autobuf struct pf_buf clean = {0};
    pf_autobuf struct pf_buf line = {0};
    pf_buf_init(&clean, (size_t)LINE_MAX_BYTES * 4);
    pf_buf_init(&line, (size_t)LINE_MAX_BYTES * 4);
    pf_cliout_put_text(&clean, pf_sv_from(text));
    pf_buf_append_cstr(&line, "\r\033[K");
    /* the last column stays free: some terminals wrap when it is written to */
    pf_cliout_put_cut(&line, pf_buf_view(&clean), pf_cliout_width(STDERR_FILENO) - 1);
    write_line(&line);
    progress->drawn = true;
    progress->next_ns = now + PF_PROGRESS_EACH_MS * PF_NS_PER_MS;
}

void pf_progress_end(struct pf_progress *progress)
{
    if (progress->drawn) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
    }
    *progress = (struct pf_progress){.wanted = false};
}

static void draw(struct pf_progress_ticker *ticker)
{
    pf_model_lock(ticker->model);
    const struct pf_model_stats stats = pf_model_stats(ticker->model);
    pf_model_unlock(ticker->model);
    pf_progress_say(&ticker->progress, "reading %s: %u nodes, %u pods so far ...", ticker->name,
                    stats.nodes, stats.pods);
}

static void *tick(void *opaque)
{
    struct pf_progress_ticker *ticker = opaque;
    (void)pthread_mutex_lock(&ticker->lock);
    while (!ticker->stop) {
        const struct timespec until = pf_thread_time(pf_clock_mono_ns(pf_clock_system()) +
                                                     PF_PROGRESS_EACH_MS * PF_NS_PER_MS);
        if (pthread_cond_timedwait(&ticker->changed, &ticker->lock, &until) == ETIMEDOUT) {
            (void)pthread_mutex_unlock(&ticker->lock);
            draw(ticker);
            (void)pthread_mutex_lock(&ticker->lock);
        }
    }
    (void)pthread_mutex_unlock(&ticker->lock);
    return NULL;
}

void pf_progress_ticker_start(struct pf_progress_ticker *ticker, struct pf_model *model,
                              const char *name)
{
    *ticker = (struct pf_progress_ticker){.model = model, .name = name};
    pf_progress_begin(&ticker->progress);
    if (!ticker->progress.wanted || !pf_thread_cond_init(&ticker->changed)) {
        return;
    }
    (void)pthread_mutex_init(&ticker->lock, NULL); /* cannot fail with default attributes */
    /* without it nothing is told, which is no failure */
    ticker->running = pf_thread_start("progress", tick, ticker, &ticker->thread, NULL) == PF_OK;
    if (!ticker->running) {
        (void)pthread_cond_destroy(&ticker->changed);
        (void)pthread_mutex_destroy(&ticker->lock);
    }
}

void pf_progress_ticker_stop(struct pf_progress_ticker *ticker)
{
    if (!ticker->running) {
        return;
    }
    (void)pthread_mutex_lock(&ticker->lock);
    ticker->stop = true;
    (void)pthread_cond_signal(&ticker->changed);
    (void)pthread_mutex_unlock(&ticker->lock);
    (void)pthread_join(ticker->thread, NULL);
    (void)pthread_cond_destroy(&ticker->changed);
    (void)pthread_mutex_destroy(&ticker->lock);
    ticker->running = false;
    pf_progress_end(&ticker->progress);
}

#include "progress.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <podfit/cliout.h>
#include <podfit/clock.h>

#define NS_PER_MS      INT64_C(1000000)
#define NS_PER_S       INT64_C(1000000000)
#define LINE_MAX_BYTES 512

void pf_progress_begin(struct pf_progress *progress)
{
    *progress = (struct pf_progress){
        .wanted = pf_cliout_width(STDERR_FILENO) != 0,
        .next_ns = pf_clock_mono_ns(pf_clock_system()) + PF_PROGRESS_AFTER_MS * NS_PER_MS,
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
    progress->next_ns = now + PF_PROGRESS_EACH_MS * NS_PER_MS;
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
        struct timespec until = {.tv_sec = 0};
        (void)clock_gettime(CLOCK_MONOTONIC, &until); /* cannot fail */
        const int64_t at = until.tv_nsec + PF_PROGRESS_EACH_MS * NS_PER_MS;
        until.tv_sec += (time_t)(at / NS_PER_S);
        until.tv_nsec = (long)(at % NS_PER_S);
        if (pthread_cond_timedwait(&ticker->changed, &ticker->lock, &until) == ETIMEDOUT) {
            (void)pthread_mutex_unlock(&ticker->lock);
            draw(ticker);
            (void)pthread_mutex_lock(&ticker->lock);
        }
    }
    (void)pthread_mutex_unlock(&ticker->lock);
    return NULL;
}

static bool prepare(struct pf_progress_ticker *ticker)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0) {
        return false;
    }
    bool done = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
                pthread_mutex_init(&ticker->lock, NULL) == 0;
    if (done && pthread_cond_init(&ticker->changed, &attr) != 0) {
        (void)pthread_mutex_destroy(&ticker->lock);
        done = false;
    }
    (void)pthread_condattr_destroy(&attr);
    return done;
}

void pf_progress_ticker_start(struct pf_progress_ticker *ticker, struct pf_model *model,
                              const char *name)
{
    *ticker = (struct pf_progress_ticker){.model = model, .name = name};
    pf_progress_begin(&ticker->progress);
    if (!ticker->progress.wanted || !prepare(ticker)) {
        return;
    }
    ticker->running = pthread_create(&ticker->thread, NULL, tick, ticker) == 0;
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

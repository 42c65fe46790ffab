#ifndef PODFIT_CLI_PROGRESS_H
#define PODFIT_CLI_PROGRESS_H

/**
 * Progress of long work for somebody who waits: one line on stderr that is drawn over and wiped away at the end. Only when stderr is a terminal (TERM not `dumb`), and only
 * once the work has lasted PF_PROGRESS_AFTER_MS.
 */

#include <pthread.h>
#include <stdint.h>

#include <podfit/model.h>

/** Nobody wonders before that. */
#define PF_PROGRESS_AFTER_MS 700
/** Between two drawings. */
#define PF_PROGRESS_EACH_MS 200

/** Zero-initialise, then pf_progress_begin(). */
struct pf_progress {
    bool wanted; /**< somebody can see it */
    bool drawn;  /**< a line stands on the terminal */
    int64_t next_ns;
};

/** Start the clock. */
void pf_progress_begin(struct pf_progress *progress);
/** Draw this unless it is too early. One thread at a time; foreign text is made harmless, and cut at the terminal's width. */
void pf_progress_say(struct pf_progress *progress, const char *format, ...) PF_PRINTF(2, 3);
/** Wipe what was drawn. May be called twice. */
void pf_progress_end(struct pf_progress *progress);

/** A thread that draws how much a model holds while another one fills it. Zero-initialise. */
struct pf_progress_ticker {
    struct pf_progress progress;
    struct pf_model *model;
    const char *name;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool running;
    bool stop; /**< under lock */
};

/**
 * Start, if somebody can see it; that it cannot start is no failure of the work.
 *
 * @param model  borrowed until pf_progress_ticker_stop(); its lock is taken for moments
 * @param name   where the objects come from; borrowed likewise
 */
void pf_progress_ticker_start(struct pf_progress_ticker *ticker, struct pf_model *model,
                              const char *name);
/** Stop, and wipe what was drawn. Nothing happens when it does not run. */
void pf_progress_ticker_stop(struct pf_progress_ticker *ticker);

#endif

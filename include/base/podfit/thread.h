#ifndef PODFIT_THREAD_H
#define PODFIT_THREAD_H

/** Threads that leave signals to main, and waiting by CLOCK_MONOTONIC. */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <podfit/error.h>

/**
 * Start a thread that takes no signals: they are for main, and SIGPIPE and SIGXFSZ become errors of write(2).
 *
 * @param what              for the message: `cannot start the thread of WHAT`
 * @param[out] ret_thread   to be joined or detached by the caller; of no use on failure
 * @return PF_OK or PF_E_IO
 * @note Thread-safe.
 */
enum pf_code pf_thread_start(const char *what, void *(*run)(void *opaque), void *opaque,
                             pthread_t *ret_thread, struct pf_err *err) PF_MUST_CHECK;

/** A condition whose timed waits go by CLOCK_MONOTONIC. @return false: no memory, which glibc never says; nothing is to be destroyed then */
bool pf_thread_cond_init(pthread_cond_t *cond) PF_MUST_CHECK;

/** A time of pf_clock_system()'s mono_ns, not negative, as pthread_cond_timedwait(3) takes it for such a condition. */
struct timespec pf_thread_time(int64_t mono_ns);

#endif

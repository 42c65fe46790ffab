#include <signal.h>

#include <podfit/clock.h>
#include <podfit/thread.h>

enum pf_code pf_thread_start(const char *what, void *(*run)(void *opaque), void *opaque,
                             pthread_t *ret_thread, struct pf_err *err)
{
    sigset_t all;
    sigset_t old;
    (void)sigfillset(&all);
    const int masked = pthread_sigmask(SIG_BLOCK, &all, &old); /* the new thread inherits it */
    const int failed = pthread_create(ret_thread, NULL, run, opaque);
    if (masked == 0) {
        (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
    return failed == 0
               ? PF_OK
               : pf_err_set_errno(err, PF_E_IO, failed, "cannot start the thread of %s", what);
}

bool pf_thread_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    const bool done = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                      pthread_cond_init(cond, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
    return done;
}

struct timespec pf_thread_time(int64_t mono_ns)
{
    return (struct timespec){.tv_sec = (time_t)(mono_ns / PF_NS_PER_S),
                             .tv_nsec = (long)(mono_ns % PF_NS_PER_S)};
}

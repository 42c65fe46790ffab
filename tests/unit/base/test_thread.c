/* Threads that take no signals, waits by the monotonic clock, repeatable jitter. */

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/clock.h>
#include <podfit/thread.h>

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *opaque);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *opaque);

static int create_fails_with;

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *opaque)
{
    return create_fails_with != 0 ? create_fails_with
                                  : __real_pthread_create(thread, attr, run, opaque);
}

static void *tell_signals(void *opaque)
{
    (void)pthread_sigmask(SIG_SETMASK, NULL, opaque);
    return opaque;
}

/* what is blocked in this thread beside SIGUSR1 stays as it was */
static void assert_mask_is_kept(void)
{
    sigset_t now;
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &now), 0);
    assert_int_equal(sigismember(&now, SIGUSR1), 1);
    assert_int_equal(sigismember(&now, SIGTERM), 0);
    assert_int_equal(sigismember(&now, SIGPIPE), 0);
}

static int block_one(void **state)
{
    (void)state;
    sigset_t one;
    (void)sigemptyset(&one);
    (void)sigaddset(&one, SIGUSR1);
    return pthread_sigmask(SIG_SETMASK, &one, NULL);
}

static void test_thread_takes_no_signals(void **state)
{
    (void)state;
    sigset_t seen;
    (void)sigemptyset(&seen);
    pthread_t thread;
    struct pf_err err = {0};
    assert_int_equal(pf_thread_start("a test", tell_signals, &seen, &thread, &err), PF_OK);
    void *returned = NULL;
    assert_int_equal(pthread_join(thread, &returned), 0);
    assert_ptr_equal(returned, &seen);
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGXFSZ, SIGUSR1};
    for (size_t i = 0; i < PF_ARRAY_LEN(signals); i++) {
        assert_int_equal(sigismember(&seen, signals[i]), 1);
    }
    assert_mask_is_kept();
}

static void test_no_thread(void **state)
{
    (void)state;
    create_fails_with = EAGAIN;
    pthread_t thread;
    struct pf_err err = {0};
    assert_int_equal(pf_thread_start("a test", tell_signals, NULL, &thread, &err), PF_E_IO);
    create_fails_with = 0;
    assert_string_equal(err.text,
                        "cannot start the thread of a test: Resource temporarily unavailable");
    assert_int_equal(err.errno_value, EAGAIN);
    assert_mask_is_kept();
}

static void test_wait_goes_by_monotonic_clock(void **state)
{
    (void)state;
    const struct timespec time = pf_thread_time(3 * PF_NS_PER_S + 7);
    assert_int_equal(time.tv_sec, 3);
    assert_int_equal(time.tv_nsec, 7);

    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    assert_true(pf_thread_cond_init(&cond));
    assert_int_equal(pthread_mutex_lock(&mutex), 0);
    /* since the machine started: by the wall clock that would be over long ago, and the wait at once */
    const int64_t until_ns = pf_clock_mono_ns(pf_clock_system()) + 20 * PF_NS_PER_MS;
    const struct timespec until = pf_thread_time(until_ns);
    int waited = 0;
    while (waited == 0) {
        waited = pthread_cond_timedwait(&cond, &mutex, &until);
    }
    assert_int_equal(waited, ETIMEDOUT);
    assert_true(pf_clock_mono_ns(pf_clock_system()) >= until_ns);
    assert_int_equal(pthread_mutex_unlock(&mutex), 0);
    assert_int_equal(pthread_cond_destroy(&cond), 0);
}

static void test_jitter_repeats(void **state)
{
    (void)state;
    /* the first numbers of SplitMix64 from 1234567, as its author's program prints them */
    static const uint64_t want[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                    UINT64_C(9817491932198370423)};
    uint64_t seed = 1234567;
    for (size_t i = 0; i < PF_ARRAY_LEN(want); i++) {
        uint64_t copy = seed;
        assert_int_equal(pf_random_below(&copy, UINT64_MAX), want[i]);
        copy = seed;
        assert_int_equal(pf_random_below(&copy, 10), want[i] % 10);
        copy = seed;
        assert_int_equal(pf_random_below(&copy, 1), 0);
        assert_int_equal(pf_random_below(&seed, 0), 0);
        assert_int_equal(seed, copy); /* whatever the bound, it goes on by one */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_thread_takes_no_signals, block_one),
        cmocka_unit_test_setup(test_no_thread, block_one),
        cmocka_unit_test(test_wait_goes_by_monotonic_clock),
        cmocka_unit_test(test_jitter_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stub.h"

#define WAKES     200
#define STEP_MS   60000 /* far beyond the test's own time limit: only a wake-up ends it */
#define WAKE_NS   1000000
#define BUSY_LEFT 50

static void *wake_often(void *ctx)
{
    struct pf_kube_client *client = ctx;
    const struct timespec pause = {.tv_nsec = WAKE_NS};
    for (int i = 0; i < WAKES; i++) {
        pf_kube_client_wake(client);
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

static void wakes_an_idle_client(void **state)
{
    struct pf_kube_client *client = stub_client(*state);
    const int64_t start = pf_clock_mono_ns(pf_clock_system());
    pf_kube_client_wake(client); /* before the step: it counts for the next one */
    pf_kube_client_step(client, STEP_MS);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wake_often, client), 0);
    pf_kube_client_step(client, STEP_MS);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(pf_clock_mono_ns(pf_clock_system()) - start < STEP_MS * INT64_C(1000000));
    pf_kube_client_free(client);
}

static void wakes_a_busy_client(void **state)
{
    struct pf_kube_client *client = stub_client(*state);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wake_often, client), 0);
    for (int i = 0; i < BUSY_LEFT; i++) {
        stub_get_ok(client, "/ok", "ok");
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    pf_kube_client_free(client);
}

/* Two clients on two threads share nothing but curl's global state. */
static void *use_own_client(void *ctx)
{
    struct pf_kube_client *client = stub_client(ctx);
    for (int i = 0; i < 5; i++) {
        stub_get_ok(client, "/ok", "ok");
    }
    pf_kube_client_free(client);
    return NULL;
}

static void two_clients(void **state)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, use_own_client, *state), 0);
    (void)use_own_client(*state);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wakes_an_idle_client, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(wakes_a_busy_client, stub_setup, stub_teardown),
        cmocka_unit_test_setup_teardown(two_clients, stub_setup, stub_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

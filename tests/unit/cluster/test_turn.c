/* Whoever waits for the model gets it before the next piece of a long walk. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <podfit/model.h>

#define ROUNDS     200
#define DEADLINE_S 20

struct waiter {
    struct pf_model *model;
    _Atomic long thread; /* kernel's id; 0: not there yet */
    bool served;         /* guarded by the model */
};

static void *wait_for_model(void *opaque)
{
    struct waiter *waiter = opaque;
    atomic_store(&waiter->thread, syscall(SYS_gettid));
    pf_model_lock(waiter->model);
    waiter->served = true;
    pf_model_unlock(waiter->model);
    return NULL;
}

/* Does the thread sleep, as it only does for the model? */
static bool is_asleep(long thread)
{
    char path[64];
    char state = '?';
    (void)snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", thread);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
    assert_int_equal(fclose(file), 0);
    return state == 'S';
}

static void let_sleep(struct waiter *waiter)
{
    const time_t begin = time(NULL);
    while (atomic_load(&waiter->thread) == 0 || !is_asleep(atomic_load(&waiter->thread))) {
        assert_true(time(NULL) - begin < DEADLINE_S);
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
}

static void test_waiter_comes_first(void **state)
{
    (void)state;
    const struct pf_model_options options = {.clock = pf_clock_system()};
    struct pf_model *model = NULL;
    assert_int_equal(pf_model_new(&options, &model, NULL), PF_OK);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct waiter waiter = {.model = model};
        pthread_t thread;
        pf_model_lock_in_turn(model);
        pf_model_lock(model); /* again by the holder, which waits for nobody */
        pf_model_unlock(model);
        assert_int_equal(pthread_create(&thread, NULL, wait_for_model, &waiter), 0);
        let_sleep(&waiter);
        pf_model_unlock(model);
        pf_model_lock_in_turn(model);
        assert_true(waiter.served);
        pf_model_unlock(model);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    pf_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waiter_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

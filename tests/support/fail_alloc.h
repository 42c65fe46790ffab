#ifndef PODFIT_TEST_FAIL_ALLOC_H
#define PODFIT_TEST_FAIL_ALLOC_H

/**
 * Failing allocations for tests linked with WRAP malloc calloc realloc: the n-th allocation from now fails, once. Fresh memory is never zero by luck.
 * Include in one file of a test program.
 */

#include <stddef.h>
#include <string.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);

#ifndef FAIL_ALLOC_STORAGE
#define FAIL_ALLOC_STORAGE
#endif

static FAIL_ALLOC_STORAGE long fail_countdown = -1; /* -1: never */
static FAIL_ALLOC_STORAGE long allocations;

/** Let the @p n-th allocation from now fail (0: the next); -1: none. */
static inline void fail_alloc_after(long n)
{
    fail_countdown = n;
    allocations = 0;
}

/** Allocations since fail_alloc_after(). */
static inline long fail_alloc_count(void)
{
    return allocations;
}

static int fails_now(void)
{
    allocations++;
    if (fail_countdown < 0) {
        return 0;
    }
    return fail_countdown-- == 0;
}

static void *fresh(size_t bytes)
{
    void *memory = __real_malloc(bytes);
    return memory != NULL ? memset(memory, 0x5A, bytes) : NULL;
}

void *__wrap_malloc(size_t bytes)
{
    return fails_now() ? NULL : fresh(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails_now() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
    if (fails_now()) {
        return NULL;
    }
    return memory != NULL ? __real_realloc(memory, bytes) : fresh(bytes);
}

#endif

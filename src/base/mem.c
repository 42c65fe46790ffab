#include <stdint.h>
#include <string.h>

#include <podfit/mem.h>

void *pf_mem_calloc(size_t count, size_t bytes_each)
{
    return calloc(count != 0 ? count : 1, bytes_each);
}

void *pf_mem_resize(void *array, size_t count, size_t bytes_each)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, bytes_each, &bytes)) {
        return NULL;
    }
    return realloc(array, bytes != 0 ? bytes : 1);
}

char *pf_mem_dup(const char *text, size_t len)
{
    if (len == SIZE_MAX) {
        return NULL;
    }
    char *copy = malloc(len + 1);
    if (copy == NULL) {
        return NULL;
    }
    if (len != 0) {
        memcpy(copy, text, len);
    }
    copy[len] = '\0';
    return copy;
}

bool pf_mem_grow(void *array, size_t *cap, size_t count, size_t bytes_each)
{
    if (count < *cap) {
        return true;
    }
    size_t want = *cap != 0 ? *cap : 4;
    while (want <= count) {
        if (__builtin_mul_overflow(want, (size_t)2, &want)) {
            return false;
        }
    }
    void **slot = array;
    void *bigger = pf_mem_resize(*slot, want, bytes_each);
    if (bigger == NULL) {
        return false;
    }
    *slot = bigger;
    *cap = want;
    return true;
}

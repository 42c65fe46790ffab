#ifndef PODFIT_MEM_H
#define PODFIT_MEM_H

/** Checked allocation; the only callers of realloc(3) are here. All return NULL on failure or overflow. */

#include <stdbool.h>
#include <stddef.h>

#include <podfit/macro.h>

/** @return zeroed memory, released with free(3) */
void *pf_mem_calloc(size_t count, size_t bytes_each) PF_MUST_CHECK;
/** @return the array resized to @p count elements (contents kept, new ones uninitialised); @p array is still valid on failure */
void *pf_mem_resize(void *array, size_t count, size_t bytes_each) PF_MUST_CHECK;
/** @return NUL-terminated copy */
char *pf_mem_dup(const char *text, size_t len) PF_MUST_CHECK;
/**
 * Make room for one more element, doubling.
 *
 * @param[in,out] array  address of the array pointer (cast to void *); NULL array and *cap 0 to begin
 * @param[in,out] cap    elements allocated
 * @return false: no memory; array and cap are unchanged
 */
bool pf_mem_grow(void *array, size_t *cap, size_t count, size_t bytes_each) PF_MUST_CHECK;

#endif

#ifndef PODFIT_ARENA_H
#define PODFIT_ARENA_H

/**
 * Arena: memory that dies in one call, with an upper bound. One thread uses an arena at a time.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <podfit/macro.h>
#include <podfit/sv.h>

struct pf_arena_chunk;

struct pf_arena {
    struct pf_arena_chunk *head; /**< newest chunk; NULL until the first allocation */
    size_t used_bytes;           /**< handed out since the last reset, padding included */
    size_t max_bytes;
    bool secret; /**< chunks are overwritten before they are freed or used again */
};

/** Cannot fail; nothing is allocated yet. @param max_bytes bound on what is handed out between two resets */
void pf_arena_init(struct pf_arena *arena, size_t max_bytes);

/** It takes keys or passwords from now on: what it has handed out is overwritten when it is reset or done. */
void pf_arena_keep_secret(struct pf_arena *arena);

/** Free all chunks. Accepts a zeroed struct; may be called twice. */
void pf_arena_done(struct pf_arena *arena);

/** Everything handed out becomes invalid; one chunk of at most 256 KiB is kept for reuse, so that reviews do not call malloc. */
void pf_arena_reset(struct pf_arena *arena);

/** @return @p bytes of uninitialised memory aligned to 16, or NULL when memory or the bound is exhausted */
void *pf_arena_alloc(struct pf_arena *arena, size_t bytes) PF_MUST_CHECK;

/** Zeroed array; the product is checked. @return NULL as pf_arena_alloc() */
void *pf_arena_calloc(struct pf_arena *arena, size_t count, size_t bytes_each) PF_MUST_CHECK;

/** Copy @p text and terminate the copy with NUL (not counted). @return NULL as pf_arena_alloc() */
char *pf_arena_dup(struct pf_arena *arena, struct pf_sv text) PF_MUST_CHECK;

/** Copy as a view. @return false when memory or the bound is exhausted; @p ret_copy is untouched then */
bool pf_arena_dup_sv(struct pf_arena *arena, struct pf_sv text,
                     struct pf_sv *ret_copy) PF_MUST_CHECK;

/** asprintf into the arena. @return NULL as pf_arena_alloc() */
char *pf_arena_printf(struct pf_arena *arena, const char *format, ...)
    PF_PRINTF(2, 3) PF_MUST_CHECK;

static inline void pf_arena_done_cleanup(struct pf_arena *arena)
{
    pf_arena_done(arena);
}
/** `pf_autoarena struct pf_arena a = {0}; pf_arena_init(&a, max);` */
#define pf_autoarena __attribute__((cleanup(pf_arena_done_cleanup)))

#endif

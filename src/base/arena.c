#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include <podfit/arena.h>

#define CHUNK_BYTES      ((size_t)32 * 1024)  /* a 8 KB review needs one chunk */
#define KEPT_CHUNK_BYTES ((size_t)256 * 1024) /* what a reset may keep */
#define ALIGN_BYTES      ((size_t)16)

struct pf_arena_chunk {
    struct pf_arena_chunk *next; /* older */
    size_t cap;
    size_t used;
    alignas(16) char data[];
};

void pf_arena_init(struct pf_arena *arena, size_t max_bytes)
{
    *arena = (struct pf_arena){.max_bytes = max_bytes};
}

void pf_arena_keep_secret(struct pf_arena *arena)
{
    arena->secret = true;
}

static void forget(struct pf_arena_chunk *chunk, bool secret)
{
    if (secret) {
        explicit_bzero(chunk->data, chunk->used);
    }
}

static void free_chunks(struct pf_arena_chunk *chunk, bool secret)
{
    while (chunk != NULL) {
        struct pf_arena_chunk *next = chunk->next;
        forget(chunk, secret);
        free(chunk);
        chunk = next;
    }
}

void pf_arena_done(struct pf_arena *arena)
{
    free_chunks(arena->head, arena->secret);
    arena->head = NULL;
    arena->used_bytes = 0;
}

void pf_arena_reset(struct pf_arena *arena)
{
    arena->used_bytes = 0;
    if (arena->head == NULL) {
        return;
    }
    free_chunks(arena->head->next, arena->secret);
    forget(arena->head, arena->secret);
    arena->head->next = NULL;
    arena->head->used = 0;
    if (arena->head->cap > KEPT_CHUNK_BYTES) {
        free(arena->head);
        arena->head = NULL;
    }
}

static bool add_chunk(struct pf_arena *arena, size_t bytes)
{
    /* doubling keeps the number of chunks logarithmic in the bytes of the request */
    size_t cap = arena->head != NULL ? arena->head->cap * 2 : CHUNK_BYTES;
    if (cap > KEPT_CHUNK_BYTES) {
        cap = KEPT_CHUNK_BYTES;
    }
    cap = cap < bytes ? bytes : cap;
    struct pf_arena_chunk *chunk = malloc(sizeof(*chunk) + cap);
    if (chunk == NULL) {
        return false;
    }
    chunk->next = arena->head;
    chunk->cap = cap;
    chunk->used = 0;
    arena->head = chunk;
    return true;
}

void *pf_arena_alloc(struct pf_arena *arena, size_t bytes)
{
    if (bytes > arena->max_bytes || bytes > SIZE_MAX / 2) {
        return NULL;
    }
    const size_t padded = (bytes + ALIGN_BYTES - 1) & ~(ALIGN_BYTES - 1);
    if (padded > arena->max_bytes - arena->used_bytes) {
        return NULL;
    }
    struct pf_arena_chunk *chunk = arena->head;
    if (chunk == NULL || chunk->cap - chunk->used < padded) {
        if (!add_chunk(arena, padded)) {
            return NULL;
        }
        chunk = arena->head;
    }
    void *memory = chunk->data + chunk->used;
    chunk->used += padded;
    arena->used_bytes += padded;
    return memory;
}

void *pf_arena_calloc(struct pf_arena *arena, size_t count, size_t bytes_each)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, bytes_each, &bytes)) {
        return NULL;
    }
    void *memory = pf_arena_alloc(arena, bytes);
    if (memory != NULL) {
        memset(memory, 0, bytes);
    }
    return memory;
}

char *pf_arena_dup(struct pf_arena *arena, struct pf_sv text)
{
    char *copy = pf_arena_alloc(arena, text.len + 1);
    if (copy == NULL) {
        return NULL;
    }
    if (text.len != 0) {
        memcpy(copy, text.ptr, text.len);
    }
    copy[text.len] = '\0';
    return copy;
}

bool pf_arena_dup_sv(struct pf_arena *arena, struct pf_sv text, struct pf_sv *ret_copy)
{
    char *copy = pf_arena_dup(arena, text);
    if (copy == NULL) {
        return false;
    }
    *ret_copy = (struct pf_sv){.ptr = copy, .len = text.len};
    return true;
}

char *pf_arena_printf(struct pf_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    const int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len >= 0 ? pf_arena_alloc(arena, (size_t)len + 1) : NULL;
    if (text != NULL) {
        (void)vsnprintf(text, (size_t)len + 1, format, again);
    }
    va_end(again);
    return text;
}

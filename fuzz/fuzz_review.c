/* The envelope of a review: what it points to lies in the body and is JSON. */

#include <stdint.h>
#include <stdlib.h>

#include <podfit/arena.h>
#include <podfit/cursor.h>
#include <podfit/review.h>

#define ARENA_BYTES ((size_t)1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_span(struct pf_sv body, struct pf_sv span)
{
    struct pf_cursor c;
    if (span.len == 0) {
        return;
    }
    require(span.ptr >= body.ptr && span.ptr + span.len <= body.ptr + body.len);
    pf_cursor_init(&c, span);
    require(pf_cursor_end(&c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pf_sv body = {.ptr = (const char *)data, .len = size};
    struct pf_err err = {0};
    struct pf_arena arena;
    struct pf_review review;
    pf_arena_init(&arena, ARENA_BYTES);
    if (pf_review_decode(body, &arena, &review, &err) == PF_OK) {
        require(review.uid.len != 0 && pf_sv_is_utf8(review.uid));
        check_span(body, review.object);
        check_span(body, review.old_object);
    } else {
        require(err.text[0] != '\0');
    }
    pf_arena_done(&arena);
    return 0;
}

/* The envelope of a review: what it points to lies in the body and is JSON. */

#include <stdint.h>
#include <stdlib.h>

#include <podfit/arena.h>
#include <podfit/cursor.h>
#include <podfit/pod.h>
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

/* A pod decoded on the way is the pod its bytes give. */
static void check_pod(const struct pf_review *review)
{
    if (review->pod == NULL) {
        return;
    }
    struct pf_arena arena;
    struct pf_pod again;
    struct pf_err err = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    const enum pf_code code = pf_pod_decode(review->object, &arena, &again, &err);
    require(code == PF_OK || code == PF_E_NO_MEMORY);
    if (code == PF_OK) {
        require(again.container_count == review->pod->container_count &&
                again.needs == review->pod->needs && again.mirror == review->pod->mirror &&
                pf_sv_eq(again.defect, review->pod->defect) &&
                pf_sv_eq(again.meta.name, review->pod->meta.name) &&
                pf_sv_eq(again.scheduler_name, review->pod->scheduler_name));
    }
    pf_arena_done(&arena);
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
        check_pod(&review);
    } else {
        require(err.text[0] != '\0');
    }
    pf_arena_done(&arena);
    return 0;
}

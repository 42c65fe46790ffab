/* Random events of reviews, and time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "random_pod.h"
#include "random_world.h"

void random_world_reserve(struct random_world *w)
{
    const uint32_t number = random_world_draw(w, REVIEWS_MAX);
    const uint32_t node = random_world_draw(w, w->node_count);
    struct ref_review *review = &w->reviews[number];
    const struct pf_kube_features features = pf_kube_features_default(PF_KUBE_MINOR_NEWEST);
    struct random_pod parts;
    struct pf_request request = {0};
    char uid[16];
    *review = (struct ref_review){.held = true,
                                  .namespace_ = random_world_draw(w, RANDOM_NAMESPACES),
                                  .request = random_world_draw(w, RANDOM_REQUESTS),
                                  .node = w->nodes[node].exists ? node : NOWHERE,
                                  .expires_ns = w->f->now_ns + TTL_NS};
    random_pod_init(&parts, review->namespace_, 0, review->request);
    pf_arena_reset(&w->f->arena);
    assert_int_equal(pf_request_of_incoming(&parts.pod, &features, &w->f->arena, &request, NULL),
                     PF_OK);
    const struct pf_reservation_spec spec = {
        .review_uid = random_print(uid, "review-", number),
        .namespace_ = parts.pod.meta.namespace_,
        .pod = &parts.pod,
        .request = &request,
        .node = review->node != NOWHERE ? random_world_slot(w, node) : PF_NODE_NONE};
    assert_int_equal(pf_reservation_put(w->f->model, &spec, NULL), PF_OK);
    assert_true(pf_reservation_matches(w->f->model, spec.review_uid, spec.namespace_, &request));
}

void random_world_end_reservation(struct random_world *w)
{
    const uint32_t number = random_world_draw(w, REVIEWS_MAX);
    struct ref_review *review = &w->reviews[number];
    char uid[16];
    const struct pf_sv key = random_print(uid, "review-", number);
    if (random_world_draw(w, 2) == 0) {
        const uint32_t slot = pf_reservation_lift(w->f->model, key);
        if (review->held && review->node != NOWHERE && w->nodes[review->node].exists) {
            assert_int_equal(slot, random_world_slot(w, review->node));
        }
        review->node = NOWHERE;
    } else {
        assert_int_equal(pf_reservation_drop(w->f->model, key), review->held);
        review->held = false;
    }
}

void random_world_time(struct random_world *w)
{
    uint32_t due = 0;
    w->f->now_ns += (int64_t)random_world_draw(w, 3000) * 1000000;
    for (uint32_t i = 0; i < REVIEWS_MAX; i++) {
        const bool over = w->reviews[i].held && w->reviews[i].expires_ns <= w->f->now_ns;
        due += over;
        w->reviews[i].held = w->reviews[i].held && !over;
    }
    assert_int_equal(pf_reservation_expire(w->f->model), due);
}

/* Random events of pods. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "random_pod.h"
#include "random_world.h"

static struct ref_review *claim(struct random_world *w, struct random_pod *parts, uint32_t pod)
{
    if (random_world_draw(w, 3) != 0) {
        return NULL;
    }
    const uint32_t review = random_world_draw(w, REVIEWS_MAX);
    parts->annotation = (struct pf_label){.key = PF_SV_INIT("podfit.io/review"),
                                          .value = random_print(parts->review, "review-", review)};
    parts->pod.meta.annotations = (struct pf_labels){.items = &parts->annotation, .count = 1};
    struct ref_review *held = &w->reviews[review];
    return held->held && held->namespace_ == pod % RANDOM_NAMESPACES ? held : NULL;
}

static void choose_pending_node(struct random_world *w, struct random_pod *parts,
                                struct ref_pod *next, const struct ref_pod *old,
                                const struct ref_review *claimed)
{
    next->kind = REF_PENDING;
    if (random_world_draw(w, 6) == 0) {
        next->nominated = true;
        next->node = random_world_draw(w, w->node_count);
        next->wish = next->node;
        parts->pod.nominated_node_name = random_node_name(next->node, parts->nominated);
        return;
    }
    if (old->kind == REF_PENDING && old->uid == next->uid && !old->nominated &&
        old->request == next->request) {
        next->node = old->node;
    }
    if (next->node == NOWHERE && claimed != NULL) {
        next->node = claimed->node;
    }
}

void random_world_apply_pod(struct random_world *w)
{
    const uint32_t pod = random_world_draw(w, w->pod_count);
    struct ref_pod *old = &w->pods[pod];
    struct ref_pod next = {
        .uid = random_world_draw(w, 8) != 0 ? old->uid : old->uid + 1,
        .request = old->request,
        .node = NOWHERE,
        .wish = NOWHERE,
    };
    if (random_world_draw(w, 3) == 0) {
        next.request = random_world_draw(w, RANDOM_REQUESTS);
    }
    struct random_pod parts;
    random_pod_init(&parts, pod, next.uid, next.request);
    next.priority = (int32_t)random_world_draw(w, 4) - 2;
    parts.pod.priority = next.priority;
    struct ref_review *claimed = claim(w, &parts, pod);
    switch (random_world_draw(w, 8)) {
    case 0:
        parts.pod.phase = random_world_draw(w, 2) != 0 ? PF_PHASE_FAILED : PF_PHASE_SUCCEEDED;
        break;
    case 1:
        next.kind = REF_OTHER;
        parts.gate = PF_SV("gate");
        parts.pod.scheduling_gates = &parts.gate;
        parts.pod.scheduling_gate_count = 1;
        break;
    case 2:
    case 3:
    case 4:
        choose_pending_node(w, &parts, &next, old, claimed);
        break;
    default:
        next.kind = REF_BOUND;
        next.node = random_world_draw(w, w->node_count);
        parts.pod.node_name = random_node_name(next.node, parts.node);
        parts.pod.phase = PF_PHASE_RUNNING;
        parts.pod.meta.deleting = random_world_draw(w, 4) == 0;
    }
    assert_int_equal(pf_model_apply_pod(w->f->model, &parts.pod, NULL), PF_OK);
    *old = next;
    if (claimed != NULL) {
        claimed->held = false;
    }
}

void random_world_remove_pod(struct random_world *w)
{
    const uint32_t pod = random_world_draw(w, w->pod_count);
    struct ref_pod *old = &w->pods[pod];
    struct random_pod parts;
    const bool right_uid = random_world_draw(w, 4) != 0;
    random_pod_init(&parts, pod, right_uid ? old->uid : old->uid + 77, 0);
    const bool removed = pf_model_remove_pod(w->f->model, parts.pod.meta.namespace_,
                                             parts.pod.meta.name, parts.pod.meta.uid);
    assert_int_equal(removed, right_uid && old->kind != REF_ABSENT);
    if (removed) {
        old->kind = REF_ABSENT;
        old->node = NOWHERE;
    }
}

void random_world_place(struct random_world *w)
{
    struct pf_pending pending = {0};
    uint32_t cursor = 0;
    struct pf_sv name = {0};
    int64_t number = -1;
    if (pf_model_pending_next(w->f->model, &cursor, &w->f->arena, &pending) != PF_OK) {
        for (uint32_t i = 0; i < w->pod_count; i++) {
            const struct ref_pod *pod = &w->pods[i];
            assert_true(pod->kind != REF_PENDING ||
                        (pod->node != NOWHERE && w->nodes[pod->node].exists));
        }
        return;
    }
    name = pending.pod_view->meta.name;
    name.ptr += strlen("pod-");
    name.len -= strlen("pod-");
    assert_true(pf_sv_to_i64(name, &number));
    struct ref_pod *pod = &w->pods[number];
    const uint32_t node = random_world_draw(w, w->node_count);
    assert_true(pod->kind == REF_PENDING && (pod->node == NOWHERE || !w->nodes[pod->node].exists));
    if (!w->nodes[node].exists) {
        assert_int_equal(pf_model_pending_place(w->f->model, pending.pod, PF_NODE_NONE, NULL, NULL),
                         PF_OK);
        return;
    }
    assert_int_equal(
        pf_model_pending_place(w->f->model, pending.pod, random_world_slot(w, node), NULL, NULL),
        PF_OK);
    pod->node = node;
    pod->nominated = false;
}

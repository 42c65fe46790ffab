#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "model_fixture.h"
#include "random_pod.h"
#include <podfit/residents.h>
#include <podfit/volumes.h>

/*
 * Random events against a second, naive model that keeps objects only and adds everything up anew each time. Both must agree, and the checker with both:
 * after every event in small models, now and then in large ones.
 */

#define NODES_MAX     2000U
#define PODS_MAX      20000U
#define REVIEWS_MAX   40U
#define NOWHERE       UINT32_MAX
#define IMAGES        4U
#define TTL_NS        (15 * 1000000000LL)
#define NODE_VARIANTS 6U

enum ref_kind {
    REF_ABSENT,
    REF_BOUND,
    REF_PENDING,
    REF_OTHER,
};

struct ref_pod {
    enum ref_kind kind;
    unsigned uid;
    unsigned request; /* index of a request */
    uint32_t node;    /* index of a node, which may not exist, or NOWHERE */
    uint32_t wish;    /* the node that status.nominatedNodeName names, or NOWHERE */
    int32_t priority;
    bool nominated;
};

struct ref_review {
    bool held;
    unsigned namespace_;
    unsigned request;
    uint32_t node;
    int64_t expires_ns;
};

struct ref_node {
    bool exists;
    unsigned variant;
};

struct world {
    struct model_fixture *f;
    uint64_t random;
    uint32_t node_count;
    uint32_t pod_count;
    struct ref_node nodes[NODES_MAX];
    struct ref_pod pods[PODS_MAX];
    struct ref_review reviews[REVIEWS_MAX];
};

static uint32_t draw(struct world *w, uint32_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (uint32_t)((w->random >> 20) % below);
}

static struct ref_review *claim(struct world *w, struct random_pod *parts, uint32_t pod)
{
    if (draw(w, 3) != 0) {
        return NULL;
    }
    const uint32_t review = draw(w, REVIEWS_MAX);
    parts->annotation = (struct pf_label){.key = PF_SV_INIT("podfit.io/review"),
                                          .value = random_print(parts->review, "review-", review)};
    parts->pod.meta.annotations = (struct pf_labels){.items = &parts->annotation, .count = 1};
    struct ref_review *held = &w->reviews[review];
    return held->held && held->namespace_ == pod % RANDOM_NAMESPACES ? held : NULL;
}

static void choose_pending_node(struct world *w, struct random_pod *parts, struct ref_pod *next,
                                const struct ref_pod *old, const struct ref_review *claimed)
{
    next->kind = REF_PENDING;
    if (draw(w, 6) == 0) {
        next->nominated = true;
        next->node = draw(w, w->node_count);
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

static void event_apply_pod(struct world *w)
{
    const uint32_t pod = draw(w, w->pod_count);
    struct ref_pod *old = &w->pods[pod];
    struct ref_pod next = {
        .uid = draw(w, 8) != 0 ? old->uid : old->uid + 1,
        .request = old->request,
        .node = NOWHERE,
        .wish = NOWHERE,
    };
    if (draw(w, 3) == 0) {
        next.request = draw(w, RANDOM_REQUESTS);
    }
    struct random_pod parts;
    random_pod_init(&parts, pod, next.uid, next.request);
    next.priority = (int32_t)draw(w, 4) - 2;
    parts.pod.priority = next.priority;
    struct ref_review *claimed = claim(w, &parts, pod);
    switch (draw(w, 8)) {
    case 0:
        parts.pod.phase = draw(w, 2) != 0 ? PF_PHASE_FAILED : PF_PHASE_SUCCEEDED;
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
        next.node = draw(w, w->node_count);
        parts.pod.node_name = random_node_name(next.node, parts.node);
        parts.pod.phase = PF_PHASE_RUNNING;
        parts.pod.meta.deleting = draw(w, 4) == 0;
    }
    assert_int_equal(pf_model_apply_pod(w->f->model, &parts.pod, NULL), PF_OK);
    *old = next;
    if (claimed != NULL) {
        claimed->held = false;
    }
}

static void event_remove_pod(struct world *w)
{
    const uint32_t pod = draw(w, w->pod_count);
    struct ref_pod *old = &w->pods[pod];
    struct random_pod parts;
    const bool right_uid = draw(w, 4) != 0;
    random_pod_init(&parts, pod, right_uid ? old->uid : old->uid + 77, 0);
    const bool removed = pf_model_remove_pod(w->f->model, parts.pod.meta.namespace_,
                                             parts.pod.meta.name, parts.pod.meta.uid);
    assert_int_equal(removed, right_uid && old->kind != REF_ABSENT);
    if (removed) {
        old->kind = REF_ABSENT;
        old->node = NOWHERE;
    }
}

/* Predictions for a node that changed are void. */
static void displace(struct world *w, uint32_t node)
{
    for (uint32_t i = 0; i < w->pod_count; i++) {
        struct ref_pod *pod = &w->pods[i];
        if (pod->kind == REF_PENDING && !pod->nominated && pod->node == node) {
            pod->node = NOWHERE;
        }
    }
}

/* Pods that are nominated to a node that came are so again, wherever they were expected meanwhile. */
static void renominate(struct world *w, uint32_t node)
{
    for (uint32_t i = 0; i < w->pod_count; i++) {
        struct ref_pod *pod = &w->pods[i];
        if (pod->kind == REF_PENDING && pod->wish == node) {
            pod->node = node;
            pod->nominated = true;
        }
    }
}

/* Some images, a name maybe in two of them. */
static size_t draw_images(struct world *w, struct pf_sv *names, struct pf_node_image *images)
{
    const size_t count = draw(w, IMAGES);
    for (size_t i = 0; i < count; i++) {
        const unsigned first = draw(w, IMAGES);
        images[i] = (struct pf_node_image){.names = names + first,
                                           .name_count = draw(w, IMAGES - first + 1),
                                           .bytes = (int64_t)draw(w, 3) << 30};
    }
    return count;
}

static void event_apply_node(struct world *w)
{
    const uint32_t number = draw(w, w->node_count);
    const unsigned variant = draw(w, NODE_VARIANTS);
    const bool variant_is_soft = number % 2 != 0;
    char name[16];
    struct pf_label labels[2] = {
        {PF_SV_INIT("kubernetes.io/hostname"), random_node_name(number, name)},
        {PF_SV_INIT("zone"), (variant & 1U) != 0 ? PF_SV("a") : PF_SV("b")}};
    struct pf_taint taint = {PF_SV_INIT("k"), PF_SV_INIT("v"),
                             variant_is_soft ? PF_SV("PreferNoSchedule") : PF_SV("NoSchedule")};
    struct pf_sv image_names[IMAGES] = {PF_SV_INIT("a:1"), PF_SV_INIT("a@sha256:1"),
                                        PF_SV_INIT("b:1"), PF_SV_INIT("c:1")};
    struct pf_node_image images[IMAGES];
    const size_t image_count = draw_images(w, image_names, images);
    /* roomy: that pods move away from overfull nodes has a test of its own, test_settle.c */
    const int64_t pods = 1000000 + (variant < 4);
    struct pf_resource items[] = {
        {PF_SV_INIT("cpu"), pf_quantity_from_i64(1000000, 0, PF_QUANTITY_DECIMAL_SI)},
        {PF_SV_INIT("memory"), pf_quantity_from_i64(INT64_MAX, 0, PF_QUANTITY_DECIMAL_SI)},
        {PF_SV_INIT("pods"), pf_quantity_from_i64(pods, 0, PF_QUANTITY_DECIMAL_SI)},
        {PF_SV_INIT("example.com/gpu"), pf_quantity_from_i64(1000000, 0, PF_QUANTITY_DECIMAL_SI)}};
    const struct pf_node node = {
        .meta = {.name = labels[0].value, .labels = {.items = labels, .count = 2}},
        .unschedulable = variant == 2,
        .taints = &taint,
        .taint_count = variant == 3,
        .images = images,
        .image_count = image_count,
        .allocatable = {.items = items, .count = PF_ARRAY_LEN(items), .present = true}};
    assert_int_equal(pf_model_apply_node(w->f->model, &node, NULL), PF_OK);
    if (!w->nodes[number].exists || w->nodes[number].variant != variant) {
        displace(w, number);
    }
    if (!w->nodes[number].exists) {
        renominate(w, number);
    }
    w->nodes[number] = (struct ref_node){.exists = true, .variant = variant};
}

static void event_remove_node(struct world *w)
{
    const uint32_t number = draw(w, w->node_count);
    char name[16];
    const bool removed = pf_model_remove_node(w->f->model, random_node_name(number, name));
    assert_int_equal(removed, w->nodes[number].exists);
    if (removed) {
        w->nodes[number].exists = false;
        displace(w, number);
    }
}

static uint32_t slot_of(const struct world *w, uint32_t node)
{
    char name[16];
    (void)random_node_name(node, name);
    return model_fixture_slot(w->f, name);
}

static void event_reserve(struct world *w)
{
    const uint32_t number = draw(w, REVIEWS_MAX);
    const uint32_t node = draw(w, w->node_count);
    struct ref_review *review = &w->reviews[number];
    const struct pf_kube_features features = pf_kube_features_default(PF_KUBE_MINOR_NEWEST);
    struct random_pod parts;
    struct pf_request request = {0};
    char uid[16];
    *review = (struct ref_review){.held = true,
                                  .namespace_ = draw(w, RANDOM_NAMESPACES),
                                  .request = draw(w, RANDOM_REQUESTS),
                                  .node = w->nodes[node].exists ? node : NOWHERE,
                                  .expires_ns = w->f->now_ns + TTL_NS};
    random_pod_init(&parts, review->namespace_, 0, review->request);
    pf_arena_reset(&w->f->arena);
    assert_int_equal(pf_request_of_incoming(&parts.pod, &features, &w->f->arena, &request, NULL),
                     PF_OK);
    const struct pf_reservation_spec spec = {.review_uid = random_print(uid, "review-", number),
                                             .namespace_ = parts.pod.meta.namespace_,
                                             .pod = &parts.pod,
                                             .request = &request,
                                             .node = review->node != NOWHERE ? slot_of(w, node)
                                                                             : PF_NODE_NONE};
    assert_int_equal(pf_reservation_put(w->f->model, &spec, NULL), PF_OK);
    assert_true(pf_reservation_matches(w->f->model, spec.review_uid, spec.namespace_, &request));
}

static void event_end_reservation(struct world *w)
{
    const uint32_t number = draw(w, REVIEWS_MAX);
    struct ref_review *review = &w->reviews[number];
    char uid[16];
    const struct pf_sv key = random_print(uid, "review-", number);
    if (draw(w, 2) == 0) {
        const uint32_t slot = pf_reservation_lift(w->f->model, key);
        if (review->held && review->node != NOWHERE && w->nodes[review->node].exists) {
            assert_int_equal(slot, slot_of(w, review->node));
        }
        review->node = NOWHERE;
    } else {
        assert_int_equal(pf_reservation_drop(w->f->model, key), review->held);
        review->held = false;
    }
}

static void event_time(struct world *w)
{
    uint32_t due = 0;
    w->f->now_ns += (int64_t)draw(w, 3000) * 1000000;
    for (uint32_t i = 0; i < REVIEWS_MAX; i++) {
        const bool over = w->reviews[i].held && w->reviews[i].expires_ns <= w->f->now_ns;
        due += over;
        w->reviews[i].held = w->reviews[i].held && !over;
    }
    assert_int_equal(pf_reservation_expire(w->f->model), due);
}

static void event_place(struct world *w)
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
    const uint32_t node = draw(w, w->node_count);
    assert_true(pod->kind == REF_PENDING && (pod->node == NOWHERE || !w->nodes[pod->node].exists));
    if (!w->nodes[node].exists) {
        assert_int_equal(pf_model_pending_place(w->f->model, pending.pod, PF_NODE_NONE, NULL, NULL),
                         PF_OK);
        return;
    }
    assert_int_equal(pf_model_pending_place(w->f->model, pending.pod, slot_of(w, node), NULL, NULL),
                     PF_OK);
    pod->node = node;
    pod->nominated = false;
}

/* An object of another kind comes, changes or goes; few names, so that chains are long. */
static void event_object(struct world *w)
{
    char name[16];
    char other[16];
    const struct pf_sv id = random_print(name, "o", draw(w, 6));
    const struct pf_sv common = random_print(other, "x", draw(w, 3));
    const struct pf_claim claim = {.namespace_ = common, .name = id, .class_name = common};
    const struct pf_volume volume = {.name = id,
                                     .class_name = common,
                                     .has_claim = draw(w, 2) != 0,
                                     .claim_namespace = common,
                                     .claim_name = common};
    const struct pf_storage_capacity capacity = {
        .namespace_ = common, .name = id, .class_name = common};
    const struct pf_attachment attachment = {.name = id, .node_name = common};
    const struct pf_device_class device_class = {.name = id, .extended_resource = common};
    const struct pf_runtime_class_text runtime_class = {.name = id, .json = common};
    struct pf_model *model = w->f->model;
    switch (draw(w, 9)) {
    case 0:
        assert_int_equal(pf_model_apply_claim(model, &claim, NULL), PF_OK);
        break;
    case 1:
    case 2:
        assert_int_equal(pf_model_apply_volume(model, &volume, NULL), PF_OK);
        break;
    case 3:
        assert_int_equal(pf_model_apply_storage_capacity(model, &capacity, NULL), PF_OK);
        break;
    case 4:
        assert_int_equal(pf_model_apply_attachment(model, &attachment, NULL), PF_OK);
        break;
    case 5:
        assert_int_equal(pf_model_apply_device_class(model, &device_class, NULL), PF_OK);
        break;
    case 6:
        assert_int_equal(pf_model_apply_runtime_class(model, &runtime_class, NULL), PF_OK);
        assert_true(pf_sv_eq(pf_model_runtime_class(model, id)->json, common));
        break;
    default: {
        const enum pf_kind kind = (enum pf_kind)draw(w, PF_KIND_COUNT);
        const bool spaced = kind == PF_KIND_CLAIM || kind == PF_KIND_STORAGE_CAPACITY;
        const size_t before = pf_model_object_count(model, kind);
        const bool gone =
            pf_model_remove_object(model, kind, spaced ? common : (struct pf_sv){0}, id);
        assert_int_equal(pf_model_object_count(model, kind), before - gone);
        break;
    }
    }
}

static void event_order(struct world *w)
{
    uint32_t count = 0;
    uint32_t exist = 0;
    assert_non_null(pf_model_nodes_by_name(w->f->model, &count));
    for (uint32_t i = 0; i < w->node_count; i++) {
        exist += w->nodes[i].exists;
    }
    assert_int_equal(count, exist);
}

struct sums {
    uint64_t milli_cpu;
    uint64_t memory;
    uint64_t gpus;
    uint32_t pods;
    uint32_t ports;
};

static void add(struct sums *sums, uint32_t node, unsigned request)
{
    if (node == NOWHERE) {
        return;
    }
    sums[node].milli_cpu += (uint64_t)random_requests[request].milli_cpu;
    sums[node].memory += (uint64_t)random_requests[request].memory;
    sums[node].gpus += (uint64_t)random_requests[request].gpus;
    sums[node].ports += random_requests[request].port != 0;
    sums[node].pods++;
}

static void compare_node(const struct world *w, uint32_t node, const struct sums *sums)
{
    char name[16];
    const uint32_t slot = slot_of(w, node);
    assert_int_equal(slot != PF_NODE_NONE, w->nodes[node].exists);
    if (slot == PF_NODE_NONE) {
        return;
    }
    const struct pf_columns *c = pf_model_columns(w->f->model);
    const struct pf_shape *shape = pf_model_shape(w->f->model, c->shape[slot]);
    const struct pf_node_extra *extra = c->extra[slot];
    const unsigned variant = w->nodes[node].variant;
    uint32_t ports = 0;
    for (size_t i = 0; extra != NULL && i < extra->port_count; i++) {
        ports += extra->ports[i].count;
    }
    (void)random_node_name(node, name);
    const int64_t gpus = model_fixture_scalar(w->f, name, "example.com/gpu");
    assert_int_equal(c->used_milli_cpu[slot], sums->milli_cpu);
    assert_int_equal((uint64_t)c->used_memory[slot], sums->memory);
    assert_int_equal(c->used_pods[slot], sums->pods);
    assert_int_equal(gpus == -1 ? 0 : gpus, sums->gpus);
    assert_int_equal(ports, sums->ports);
    assert_int_equal(shape->unschedulable, variant == 2);
    assert_int_equal(shape->taint_count, variant == 3);
    assert_int_equal(shape->label_count, 2);
}

/* Bound pods of a node with the sum of their priorities, and nominated ones. */
struct crowd {
    uint32_t pods;
    uint32_t nominated;
    int64_t priorities;
    int32_t lowest;
};

static void compare_crowd(const struct world *w, uint32_t node, const struct crowd *crowd)
{
    const uint32_t slot = slot_of(w, node);
    struct crowd found = {.lowest = INT32_MAX};
    struct pf_resident pod;
    const void *cursor = NULL;
    if (slot == PF_NODE_NONE) {
        return;
    }
    while (pf_model_residents_next(w->f->model, slot, PF_RESIDENT_BOUND, &cursor, &pod)) {
        found.pods++;
        found.priorities += pod.priority;
    }
    cursor = NULL;
    while (pf_model_residents_next(w->f->model, slot, PF_RESIDENT_NOMINATED, &cursor, &pod)) {
        found.nominated++;
    }
    assert_int_equal(found.pods, crowd->pods);
    assert_int_equal(found.priorities, crowd->priorities);
    assert_int_equal(found.nominated, crowd->nominated);
    assert_int_equal(pf_model_nominated(w->f->model, slot), crowd->nominated);
    assert_true(pf_model_lowest_on(w->f->model, slot) <= crowd->lowest);
}

static void compare_residents(const struct world *w)
{
    static struct crowd crowds[NODES_MAX];
    int32_t lowest = INT32_MAX;
    uint32_t nominated = 0;
    for (uint32_t i = 0; i < w->node_count; i++) {
        crowds[i] = (struct crowd){.lowest = INT32_MAX};
    }
    for (uint32_t i = 0; i < w->pod_count; i++) {
        const struct ref_pod *pod = &w->pods[i];
        if (pod->kind == REF_BOUND) {
            struct crowd *crowd = &crowds[pod->node];
            crowd->pods++;
            crowd->priorities += pod->priority;
            crowd->lowest = pod->priority < crowd->lowest ? pod->priority : crowd->lowest;
            lowest = pod->priority < lowest ? pod->priority : lowest;
        } else if (pod->kind == REF_PENDING && pod->nominated) {
            crowds[pod->node].nominated++;
            nominated++;
        }
    }
    assert_int_equal(pf_model_lowest_priority(w->f->model), lowest);
    assert_int_equal(pf_model_nominated_total(w->f->model), nominated);
    for (uint32_t i = 0; i < w->node_count; i++) {
        compare_crowd(w, i, &crowds[i]);
    }
}

static void compare(const struct world *w)
{
    static struct sums sums[NODES_MAX];
    uint32_t pods = 0;
    uint32_t pending = 0;
    uint32_t held = 0;
    memset(sums, 0, sizeof(sums));
    for (uint32_t i = 0; i < w->pod_count; i++) {
        pods += w->pods[i].kind != REF_ABSENT;
        pending += w->pods[i].kind == REF_PENDING;
        add(sums, w->pods[i].nominated ? NOWHERE : w->pods[i].node, w->pods[i].request);
    }
    for (uint32_t i = 0; i < REVIEWS_MAX; i++) {
        if (w->reviews[i].held) {
            held++;
            add(sums, w->reviews[i].node, w->reviews[i].request);
        }
    }
    for (uint32_t i = 0; i < w->node_count; i++) {
        compare_node(w, i, &sums[i]);
    }
    const struct pf_model_stats stats = pf_model_stats(w->f->model);
    assert_int_equal(stats.pods, pods);
    assert_int_equal(stats.pods_pending, pending);
    assert_int_equal(stats.reservations, held);
    compare_residents(w);
    model_fixture_check(w->f);
}

static void run(uint32_t nodes, uint32_t pods, uint32_t events, uint32_t check_each)
{
    static struct world world;
    static void (*const table[])(struct world *) = {
        event_apply_pod,  event_apply_pod,   event_apply_pod, event_apply_pod,
        event_apply_pod,  event_apply_pod,   event_place,     event_place,
        event_remove_pod, event_remove_pod,  event_reserve,   event_apply_node,
        event_apply_node, event_remove_node, event_order,     event_end_reservation,
        event_time,       event_object,      event_object};
    struct model_fixture fixture;
    assert_true(model_fixture_init(&fixture));
    memset(&world, 0, sizeof(world));
    world.f = &fixture;
    world.random = 88172645463325252ULL + nodes;
    world.node_count = nodes;
    world.pod_count = pods;
    for (uint32_t i = 0; i < pods; i++) {
        world.pods[i].node = NOWHERE;
    }
    for (uint32_t i = 1; i <= events; i++) {
        table[draw(&world, PF_ARRAY_LEN(table))](&world);
        if (i % check_each == 0) {
            compare(&world);
        }
    }
    /* take everything out again: nothing may be left but the tables */
    for (uint32_t i = 0; i < pods; i++) {
        struct random_pod parts;
        random_pod_init(&parts, i, 0, 0);
        (void)pf_model_remove_pod(fixture.model, parts.pod.meta.namespace_, parts.pod.meta.name,
                                  PF_SV(""));
    }
    fixture.now_ns += 2 * TTL_NS;
    (void)pf_reservation_expire(fixture.model);
    for (uint32_t i = 0; i < nodes; i++) {
        char name[16];
        (void)pf_model_remove_node(fixture.model, random_node_name(i, name));
    }
    model_fixture_check(&fixture);
    assert_int_equal(pf_model_strings(fixture.model)->map.count, 1); /* the empty string */
    assert_int_equal(pf_model_stats(fixture.model).shapes, 0);
    model_fixture_done(&fixture);
}

static void test_small(void **state)
{
    (void)state;
    run(6, 40, 40000, 1);
}

static void test_tiny(void **state)
{
    (void)state;
    run(2, 4, 20000, 1);
}

static void test_large(void **state)
{
    (void)state;
    run(NODES_MAX, PODS_MAX, 40000, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiny),
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Random events of nodes and of the objects of other kinds. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "random_pod.h"
#include "random_world.h"
#include <podfit/volumes.h>

#define IMAGES        4U
#define NODE_VARIANTS 6U

/* Predictions for a node that changed are void. */
static void displace(struct random_world *w, uint32_t node)
{
    for (uint32_t i = 0; i < w->pod_count; i++) {
        struct ref_pod *pod = &w->pods[i];
        if (pod->kind == REF_PENDING && !pod->nominated && pod->node == node) {
            pod->node = NOWHERE;
        }
    }
}

/* Pods that are nominated to a node that came are so again, wherever they were expected meanwhile. */
static void renominate(struct random_world *w, uint32_t node)
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
static size_t draw_images(struct random_world *w, struct pf_sv *names, struct pf_node_image *images)
{
    const size_t count = random_world_draw(w, IMAGES);
    for (size_t i = 0; i < count; i++) {
        const unsigned first = random_world_draw(w, IMAGES);
        images[i] = (struct pf_node_image){.names = names + first,
                                           .name_count = random_world_draw(w, IMAGES - first + 1),
                                           .bytes = (int64_t)random_world_draw(w, 3) << 30};
    }
    return count;
}

void random_world_apply_node(struct random_world *w)
{
    const uint32_t number = random_world_draw(w, w->node_count);
    const unsigned variant = random_world_draw(w, NODE_VARIANTS);
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

void random_world_remove_node(struct random_world *w)
{
    const uint32_t number = random_world_draw(w, w->node_count);
    char name[16];
    const bool removed = pf_model_remove_node(w->f->model, random_node_name(number, name));
    assert_int_equal(removed, w->nodes[number].exists);
    if (removed) {
        w->nodes[number].exists = false;
        displace(w, number);
    }
}

void random_world_object(struct random_world *w)
{
    char name[16];
    char other[16];
    const struct pf_sv id = random_print(name, "o", random_world_draw(w, 6));
    const struct pf_sv common = random_print(other, "x", random_world_draw(w, 3));
    const struct pf_claim claim = {.namespace_ = common, .name = id, .class_name = common};
    const struct pf_volume volume = {.name = id,
                                     .class_name = common,
                                     .has_claim = random_world_draw(w, 2) != 0,
                                     .claim_namespace = common,
                                     .claim_name = common};
    const struct pf_storage_capacity capacity = {
        .namespace_ = common, .name = id, .class_name = common};
    const struct pf_attachment attachment = {.name = id, .node_name = common};
    const struct pf_device_class device_class = {.name = id, .extended_resource = common};
    const struct pf_runtime_class_text runtime_class = {.name = id, .json = common};
    struct pf_model *model = w->f->model;
    switch (random_world_draw(w, 9)) {
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
        const enum pf_kind kind = (enum pf_kind)random_world_draw(w, PF_KIND_COUNT);
        const bool spaced = kind == PF_KIND_CLAIM || kind == PF_KIND_STORAGE_CAPACITY;
        const size_t before = pf_model_object_count(model, kind);
        const bool gone =
            pf_model_remove_object(model, kind, spaced ? common : (struct pf_sv){0}, id);
        assert_int_equal(pf_model_object_count(model, kind), before - gone);
        break;
    }
    }
}

void random_world_order(struct random_world *w)
{
    uint32_t count = 0;
    uint32_t exist = 0;
    assert_non_null(pf_model_nodes_by_name(w->f->model, &count));
    for (uint32_t i = 0; i < w->node_count; i++) {
        exist += w->nodes[i].exists;
    }
    assert_int_equal(count, exist);
}

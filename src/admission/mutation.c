#include <stdio.h>
#include <string.h>

#include <podfit/annotations.h>
#include <podfit/limits.h>
#include <podfit/mutation.h>
#include <podfit/patch.h>
#include <podfit/write.h>

#define SEGMENTS_MAX 6
/* Room for the patch of a usual pod, and for its longest value: no growing in steps. */
#define PATCH_FIRST_BYTES ((size_t)2000)

enum pf_code pf_mutation_origin_take(const struct pf_pod *pod, struct pf_arena *arena,
                                     struct pf_mutation_origin *ret_origin)
{
    struct pf_container *copy = pf_arena_calloc(arena, pod->container_count, sizeof(*copy));
    if (copy == NULL) {
        return PF_E_NO_MEMORY;
    }
    if (pod->container_count != 0) {
        memcpy(copy, pod->containers, pod->container_count * sizeof(*copy));
    }
    *ret_origin = (struct pf_mutation_origin){
        .containers = copy,
        .resources_present = pod->resources_present,
        .requests_present = pod->requests.present,
        .limits_present = pod->limits.present,
        .tolerations_present = pod->tolerations_present,
        .node_selector_present = pod->node_selector_present,
    };
    return PF_OK;
}

size_t pf_mutation_gate_index(const struct pf_pod *pod)
{
    for (size_t i = 0; i < pod->scheduling_gate_count; i++) {
        if (pf_sv_eq(pod->scheduling_gates[i], PF_SV(PF_MUTATION_GATE))) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Builder of one patch: the text, and a scratch buffer for values. */
struct builder {
    struct pf_patch patch;
    struct pf_buf *value;
    const struct pf_decision *decision;
    const struct pf_mutation_origin *origin;
    bool
        resize; /* of a pod that runs: what cannot be resized is left alone, or the API server refuses the resize */
};

/* Where the resources of a container (or of the pod) are, and which parents stand there. */
struct place {
    struct pf_sv segments[SEGMENTS_MAX];
    size_t count; /* up to and with `resources` */
    bool container_present;
    bool resources_present;
    bool list_present[2]; /* requests, limits */
    char index[24];
};

static void place_of(const struct builder *b, const struct pf_container *container,
                     struct place *ret_place)
{
    *ret_place =
        (struct place){.segments = {PF_SV_INIT("spec")}, .count = 1, .container_present = true};
    if (container == NULL) {
        ret_place->resources_present = b->origin->resources_present;
        ret_place->list_present[0] = b->origin->requests_present;
        ret_place->list_present[1] = b->origin->limits_present;
    } else {
        const struct pf_container *before =
            &b->origin->containers[container - b->decision->pod->containers];
        ret_place->container_present = before->present;
        ret_place->resources_present = before->resources_present;
        ret_place->list_present[0] = before->requests.present;
        ret_place->list_present[1] = before->limits.present;
        ret_place->segments[1] =
            container->kind == PF_CONTAINER_MAIN ? PF_SV("containers") : PF_SV("initContainers");
        const int len =
            snprintf(ret_place->index, sizeof(ret_place->index), "%u", (unsigned)container->index);
        ret_place->segments[2] = (struct pf_sv){.ptr = ret_place->index, .len = (size_t)len};
        ret_place->count = 3;
    }
    ret_place->segments[ret_place->count++] = PF_SV("resources");
}

static void put_quantity(struct pf_writer *w, const struct pf_quantity *quantity)
{
    char text[PF_QUANTITY_TEXT_BYTES];
    const size_t len = pf_quantity_format(quantity, text);
    pf_write_put_string(w, (struct pf_sv){.ptr = text, .len = len});
}

/* {"cpu":"50m","memory":"200Mi"}: the changes [from, to) that concern limits or requests. */
static void put_list(struct pf_writer *w, const struct pf_rewrite *rewrite, size_t from, size_t to,
                     bool limit)
{
    pf_write_begin_object(w);
    for (size_t i = from; i < to; i++) {
        if (rewrite->changes[i].limit == limit) {
            pf_write_key(w, rewrite->changes[i].resource);
            put_quantity(w, &rewrite->changes[i].after);
        }
    }
    pf_write_end_object(w);
}

static struct pf_writer fresh_value(struct builder *b)
{
    struct pf_writer w = {0};
    pf_buf_reset(b->value);
    pf_write_init(&w, b->value);
    return w;
}

static bool touches(const struct pf_rewrite *rewrite, size_t from, size_t to, bool limit)
{
    for (size_t i = from; i < to; i++) {
        if (rewrite->changes[i].limit == limit) {
            return true;
        }
    }
    return false;
}

static void add_whole_resources(struct builder *b, const struct place *place, size_t from,
                                size_t to)
{
    const struct pf_rewrite *rewrite = &b->decision->rewrite;
    struct pf_writer w = fresh_value(b);
    pf_write_begin_object(&w);
    for (int limit = 1; limit >= 0; limit--) {
        if (touches(rewrite, from, to, limit != 0)) {
            pf_write_key(&w, limit != 0 ? PF_SV("limits") : PF_SV("requests"));
            put_list(&w, rewrite, from, to, limit != 0);
        }
    }
    pf_write_end_object(&w);
    pf_patch_add(&b->patch, place->segments, place->count, pf_buf_view(b->value));
}

static void patch_list(struct builder *b, struct place *place, size_t from, size_t to, bool limit)
{
    const struct pf_rewrite *rewrite = &b->decision->rewrite;
    if (!touches(rewrite, from, to, limit)) {
        return;
    }
    place->segments[place->count] = limit ? PF_SV("limits") : PF_SV("requests");
    if (!place->list_present[limit ? 1 : 0]) {
        struct pf_writer w = fresh_value(b);
        put_list(&w, rewrite, from, to, limit);
        pf_patch_add(&b->patch, place->segments, place->count + 1, pf_buf_view(b->value));
        return;
    }
    for (size_t i = from; i < to; i++) {
        const struct pf_rewrite_change *change = &rewrite->changes[i];
        if (change->limit != limit) {
            continue;
        }
        struct pf_writer w = fresh_value(b);
        put_quantity(&w, &change->after);
        place->segments[place->count + 1] = change->resource;
        if (change->had_before) {
            pf_patch_replace(&b->patch, place->segments, place->count + 2, pf_buf_view(b->value));
        } else {
            pf_patch_add(&b->patch, place->segments, place->count + 2, pf_buf_view(b->value));
        }
    }
}

/* A parent that an API server always sends; without it nothing below could be added. */
static void patch_parent(struct builder *b, struct pf_sv name, bool present)
{
    if (!present) {
        pf_patch_add(&b->patch, &name, 1, PF_SV("{}"));
    }
}

/* Changes of one container stand together. */
static void patch_resources(struct builder *b)
{
    const struct pf_rewrite *rewrite = &b->decision->rewrite;
    size_t from = 0;
    while (from < rewrite->change_count) {
        const struct pf_container *container = rewrite->changes[from].container;
        size_t to = from + 1;
        while (to < rewrite->change_count && rewrite->changes[to].container == container) {
            to++;
        }
        if (b->resize && container != NULL && container->kind == PF_CONTAINER_INIT) {
            from = to;
            continue;
        }
        struct place place = {0};
        place_of(b, container, &place);
        if (!place.container_present) {
            pf_patch_replace(&b->patch, place.segments, place.count - 1, PF_SV("{}"));
        }
        if (!place.resources_present) {
            add_whole_resources(b, &place, from, to);
        } else {
            patch_list(b, &place, from, to, /* limit= */ true);
            patch_list(b, &place, from, to, /* limit= */ false);
        }
        from = to;
    }
}

static void put_toleration(struct pf_writer *w, const struct pf_taint *taint)
{
    pf_write_begin_object(w);
    pf_write_string_member(w, "key", taint->key);
    pf_write_string_member(w, "operator", PF_SV("Equal"));
    pf_write_string_member(w, "value", taint->value);
    pf_write_string_member(w, "effect", taint->effect);
    pf_write_end_object(w);
}

static void patch_pool(struct builder *b, const struct pf_class *class_)
{
    if (b->decision->rewrite.inject_toleration || b->decision->rewrite.inject_selector) {
        patch_parent(b, PF_SV("spec"), b->decision->pod->spec_present);
    }
    if (b->decision->rewrite.inject_toleration) {
        struct pf_sv path[] = {PF_SV("spec"), PF_SV("tolerations"), PF_SV("-")};
        struct pf_writer w = fresh_value(b);
        if (b->origin->tolerations_present) {
            put_toleration(&w, &class_->pool_taint);
            pf_patch_add(&b->patch, path, 3, pf_buf_view(b->value));
        } else {
            pf_write_begin_array(&w);
            put_toleration(&w, &class_->pool_taint);
            pf_write_end_array(&w);
            pf_patch_add(&b->patch, path, 2, pf_buf_view(b->value));
        }
    }
    if (!b->decision->rewrite.inject_selector) {
        return;
    }
    struct pf_sv path[] = {PF_SV("spec"), PF_SV("nodeSelector"), {0}};
    if (!b->origin->node_selector_present) {
        struct pf_writer w = fresh_value(b);
        pf_write_begin_object(&w);
        for (size_t i = 0; i < class_->pool_selector.count; i++) {
            pf_write_key(&w, class_->pool_selector.items[i].key);
            pf_write_put_string(&w, class_->pool_selector.items[i].value);
        }
        pf_write_end_object(&w);
        pf_patch_add(&b->patch, path, 2, pf_buf_view(b->value));
        return;
    }
    for (size_t i = 0; i < class_->pool_selector.count; i++) {
        /* `add` of an equal value changes nothing: only the missing ones were found to be missing */
        struct pf_writer w = fresh_value(b);
        pf_write_put_string(&w, class_->pool_selector.items[i].value);
        path[2] = class_->pool_selector.items[i].key;
        pf_patch_add(&b->patch, path, 3, pf_buf_view(b->value));
    }
}

/* The gate that holds a pod back is taken away only when the pod is known to fit; who cannot tell leaves it where it is. */
static void patch_gate(struct builder *b)
{
    const struct pf_pod *pod = b->decision->pod;
    const size_t index = pf_mutation_gate_index(pod);
    const bool wanted = b->decision->action == PF_ACTION_GATE;
    const bool unwanted = b->decision->judgement.verdict == PF_VERDICT_FITS;
    struct pf_sv path[] = {PF_SV("spec"), PF_SV("schedulingGates"), PF_SV("-")};
    if (wanted && index == SIZE_MAX) {
        static const struct pf_sv gate = PF_SV_INIT("{\"name\":\"" PF_MUTATION_GATE "\"}");
        static const struct pf_sv list = PF_SV_INIT("[{\"name\":\"" PF_MUTATION_GATE "\"}]");
        const bool present = pod->scheduling_gates_present;
        pf_patch_add(&b->patch, path, present ? 3 : 2, present ? gate : list);
    } else if (unwanted && index != SIZE_MAX) {
        char text[24];
        const int len = snprintf(text, sizeof(text), "%zu", index);
        path[2] = (struct pf_sv){.ptr = text, .len = (size_t)len};
        pf_patch_remove(&b->patch, path, 3);
    }
}

struct annotation {
    struct pf_sv key;
    struct pf_sv value; /* ptr NULL: must not stand there */
};

static void patch_annotation(struct builder *b, const struct annotation *want)
{
    const struct pf_label *have = pf_labels_find(&b->decision->pod->meta.annotations, want->key);
    const struct pf_sv path[] = {PF_SV("metadata"), PF_SV("annotations"), want->key};
    if (want->value.ptr == NULL) {
        if (have != NULL) {
            pf_patch_remove(&b->patch, path, 3);
        }
        return;
    }
    if (have != NULL && pf_sv_eq(have->value, want->value)) {
        return;
    }
    pf_buf_reset(b->value);
    pf_write_string(b->value, want->value);
    if (have != NULL) {
        pf_patch_replace(&b->patch, path, 3, pf_buf_view(b->value));
    } else {
        pf_patch_add(&b->patch, path, 3, pf_buf_view(b->value));
    }
}

static void patch_annotations(struct builder *b)
{
    const struct pf_decision *decision = b->decision;
    const struct annotation wanted[] = {
        {PF_SV(PF_ANNOTATION_CLASS), decision->class_name},
        {PF_SV(PF_ANNOTATION_REVIEW), decision->review_uid},
        {PF_SV(PF_ANNOTATION_REQUESTS), decision->rewrite.annotation},
        {PF_SV(PF_ANNOTATION_VERDICT), pf_sv_from(pf_verdict_name(decision->judgement.verdict))},
        {PF_SV(PF_ANNOTATION_REASON), decision->explanation},
    };
    if (decision->pod->meta.annotations_present) {
        for (size_t i = 0; i < PF_ARRAY_LEN(wanted); i++) {
            patch_annotation(b, &wanted[i]);
        }
        return;
    }
    patch_parent(b, PF_SV("metadata"), decision->pod->meta_present);
    struct pf_writer w = fresh_value(b);
    pf_write_begin_object(&w);
    for (size_t i = 0; i < PF_ARRAY_LEN(wanted); i++) {
        if (wanted[i].value.ptr != NULL) {
            pf_write_key(&w, wanted[i].key);
            pf_write_put_string(&w, wanted[i].value);
        }
    }
    pf_write_end_object(&w);
    const struct pf_sv path[] = {PF_SV("metadata"), PF_SV("annotations")};
    pf_patch_add(&b->patch, path, 2, pf_buf_view(b->value));
}

enum pf_code pf_mutation_patch(const struct pf_decision *decision, const struct pf_class *class_,
                               const struct pf_mutation_origin *origin, bool metadata,
                               struct pf_arena *arena, struct pf_sv *ret_patch)
{
    *ret_patch = (struct pf_sv){0};
    if (decision->observed || decision->action == PF_ACTION_REJECT) {
        return PF_OK;
    }
    pf_autobuf struct pf_buf text = {0};
    pf_autobuf struct pf_buf value = {0};
    pf_buf_init(&text, PF_RESPONSE_MAX_BYTES);
    pf_buf_init(&value, PF_RESPONSE_MAX_BYTES);
    if (pf_buf_reserve(&text, PATCH_FIRST_BYTES) == NULL ||
        pf_buf_reserve(&value, PATCH_FIRST_BYTES) == NULL) {
        return PF_E_NO_MEMORY;
    }
    struct builder b = {
        .value = &value, .decision = decision, .origin = origin, .resize = !metadata};
    pf_patch_begin(&b.patch, &text);
    patch_resources(&b);
    if (metadata) {
        patch_pool(&b, class_);
        patch_gate(&b);
        patch_annotations(&b);
    }
    pf_patch_end(&b.patch);
    if (text.failed != PF_OK || value.failed != PF_OK) {
        return text.failed != PF_OK ? text.failed : value.failed;
    }
    if (pf_patch_count(&b.patch) == 0) {
        return PF_OK;
    }
    return pf_arena_dup_sv(arena, pf_buf_view(&text), ret_patch) ? PF_OK : PF_E_NO_MEMORY;
}

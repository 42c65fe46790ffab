#include "fields.h"
#include <podfit/node.h>

static void decode_taints(struct pf_decode *d, struct pf_node *node)
{
    enum { KEY, VALUE, EFFECT };
    static const struct pf_sv keys[] = {
        [KEY] = PF_SV_INIT("key"),
        [VALUE] = PF_SV_INIT("value"),
        [EFFECT] = PF_SV_INIT("effect"),
    };
    size_t cap = 0;
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_sv texts[PF_ARRAY_LEN(keys)] = {{0}};
        uint64_t seen = 0;
        size_t field = 0;
        struct pf_taint *grown =
            pf_decode_grow(d, node->taints, node->taint_count, &cap, sizeof(*node->taints));
        if (grown == NULL) {
            return;
        }
        node->taints = grown;
        (void)pf_decode_enter_object(d);
        while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
            pf_decode_string(d, &texts[field]);
        }
        node->taints[node->taint_count++] = (struct pf_taint){
            .key = texts[KEY],
            .value = texts[VALUE],
            .effect = texts[EFFECT],
        };
    }
}

static void decode_spec(struct pf_decode *d, struct pf_node *node)
{
    enum { UNSCHEDULABLE, TAINTS };
    static const struct pf_sv keys[] = {
        [UNSCHEDULABLE] = PF_SV_INIT("unschedulable"),
        [TAINTS] = PF_SV_INIT("taints"),
    };
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == UNSCHEDULABLE) {
            pf_decode_bool(d, &node->unschedulable);
        } else {
            decode_taints(d, node);
        }
    }
}

/* SetDefaults_NodeStatus and SetDefaults_ResourceList of pkg/apis/core/v1/defaults.go */
static void apply_defaults(struct pf_node *node, const struct pf_resource_list *capacity)
{
    if (!node->allocatable.present && capacity->present) {
        node->allocatable = *capacity;
    }
    for (size_t i = 0; i < node->allocatable.count; i++) {
        pf_quantity_round_up_milli(&node->allocatable.items[i].amount);
    }
}

static void decode_image(struct pf_decode *d, struct pf_node_image *image)
{
    enum { NAMES, BYTES };
    static const struct pf_sv keys[] = {
        [NAMES] = PF_SV_INIT("names"),
        [BYTES] = PF_SV_INIT("sizeBytes"),
    };
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == NAMES) {
            (void)pf_decode_strings(d, &image->names, &image->name_count);
        } else {
            (void)pf_cursor_i64(&d->cursor, &image->bytes); /* errors stay in the cursor */
        }
    }
}

static void decode_images(struct pf_decode *d, struct pf_node *node)
{
    size_t cap = 0;
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_node_image *grown =
            pf_decode_grow(d, node->images, node->image_count, &cap, sizeof(*node->images));
        if (grown == NULL) {
            return;
        }
        node->images = grown;
        struct pf_node_image *image = &node->images[node->image_count++];
        *image = (struct pf_node_image){.names = NULL};
        decode_image(d, image);
    }
}

static void decode_status(struct pf_decode *d, struct pf_node *node)
{
    enum { ALLOCATABLE, CAPACITY, FEATURES, IMAGES };
    static const struct pf_sv keys[] = {
        [ALLOCATABLE] = PF_SV_INIT("allocatable"),
        [CAPACITY] = PF_SV_INIT("capacity"),
        [FEATURES] = PF_SV_INIT("declaredFeatures"),
        [IMAGES] = PF_SV_INIT("images"),
    };
    struct pf_resource_list capacity = {0};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case ALLOCATABLE:
            pf_fields_resources(d, &node->allocatable);
            break;
        case CAPACITY:
            pf_fields_resources(d, &capacity);
            break;
        case IMAGES:
            decode_images(d, node);
            break;
        default:
            (void)pf_decode_strings(d, &node->declared_features, &node->declared_feature_count);
            break;
        }
    }
    apply_defaults(node, &capacity);
}

enum pf_code pf_node_decode(struct pf_sv bytes, struct pf_arena *arena, struct pf_node *ret_node,
                            struct pf_err *err)
{
    enum { METADATA, SPEC, STATUS };
    static const struct pf_sv keys[] = {
        [METADATA] = PF_SV_INIT("metadata"),
        [SPEC] = PF_SV_INIT("spec"),
        [STATUS] = PF_SV_INIT("status"),
    };
    struct pf_decode d;
    struct pf_node node = {0};
    uint64_t seen = 0;
    size_t field = 0;
    pf_decode_init(&d, bytes, arena);
    pf_decode_enter_root(&d);
    while (pf_decode_next_field(&d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case METADATA:
            pf_fields_meta(&d, &node.meta);
            break;
        case SPEC:
            decode_spec(&d, &node);
            break;
        default:
            decode_status(&d, &node);
            break;
        }
    }
    const enum pf_code code = pf_decode_finish(&d, err);
    if (code == PF_OK) {
        node.defect = d.defect;
        *ret_node = node;
    }
    return code;
}

enum pf_code pf_namespace_decode(struct pf_sv bytes, struct pf_arena *arena,
                                 struct pf_namespace *ret_namespace, struct pf_err *err)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("metadata")};
    struct pf_decode d;
    struct pf_namespace decoded = {0};
    uint64_t seen = 0;
    size_t field = 0;
    pf_decode_init(&d, bytes, arena);
    pf_decode_enter_root(&d);
    while (pf_decode_next_field(&d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_fields_meta(&d, &decoded.meta);
    }
    const enum pf_code code = pf_decode_finish(&d, err);
    if (code == PF_OK) {
        *ret_namespace = decoded;
    }
    return code;
}

#include "fields.h"
#include <podfit/storage.h>

static void decode_allocatable(struct pf_decode *d, struct pf_csi_limit *limit)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("count")};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        limit->limited = pf_decode_is_set(d);
        pf_decode_i32(d, &limit->count);
    }
}

static void decode_driver(struct pf_decode *d, struct pf_csi_limit *limit)
{
    enum { NAME, ALLOCATABLE };
    static const struct pf_sv keys[] = {
        [NAME] = PF_SV_INIT("name"),
        [ALLOCATABLE] = PF_SV_INIT("allocatable"),
    };
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == NAME) {
            pf_decode_string(d, &limit->driver);
        } else {
            decode_allocatable(d, limit);
        }
    }
}

static void decode_spec(struct pf_decode *d, struct pf_csi_node *node)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("drivers")};
    size_t cap = 0;
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        (void)pf_decode_enter_array(d);
        while (pf_decode_next_item(d)) {
            struct pf_csi_limit *grown =
                pf_decode_grow(d, node->limits, node->limit_count, &cap, sizeof(*node->limits));
            if (grown == NULL) {
                return;
            }
            node->limits = grown;
            struct pf_csi_limit *limit = &node->limits[node->limit_count++];
            *limit = (struct pf_csi_limit){0};
            decode_driver(d, limit);
        }
    }
}

/* names between commas, taken as they are (isPluginMigratedToCSIOnNode) */
static unsigned parse_moved(struct pf_sv text)
{
    unsigned moved = 0;
    while (text.len != 0) {
        const char *comma = memchr(text.ptr, ',', text.len);
        const size_t len = comma != NULL ? (size_t)(comma - text.ptr) : text.len;
        for (unsigned i = PF_IN_TREE_NONE + 1; i < PF_IN_TREE_COUNT; i++) {
            if (pf_sv_eq((struct pf_sv){.ptr = text.ptr, .len = len},
                         pf_in_tree_name((enum pf_in_tree)i))) {
                moved |= 1U << i;
            }
        }
        const size_t skip = comma != NULL ? len + 1 : len;
        text.ptr += skip;
        text.len -= skip;
    }
    return moved;
}

enum pf_code pf_csi_node_decode(struct pf_sv bytes, struct pf_arena *arena,
                                struct pf_csi_node *ret_node, struct pf_err *err)
{
    enum { METADATA, SPEC };
    static const struct pf_sv keys[] = {
        [METADATA] = PF_SV_INIT("metadata"),
        [SPEC] = PF_SV_INIT("spec"),
    };
    struct pf_decode d;
    struct pf_meta meta = {0};
    struct pf_csi_node node = {0};
    uint64_t seen = 0;
    size_t field = 0;
    pf_decode_init(&d, bytes, arena);
    pf_decode_enter_root(&d);
    while (pf_decode_next_field(&d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == METADATA) {
            pf_fields_meta(&d, &meta);
        } else {
            decode_spec(&d, &node);
        }
    }
    const enum pf_code code = pf_decode_finish_whole(&d, err);
    if (code == PF_OK) {
        const struct pf_label *moved = pf_labels_find(
            &meta.annotations, PF_SV("storage.alpha.kubernetes.io/migrated-plugins"));
        node.name = meta.name;
        node.moved = moved != NULL ? parse_moved(moved->value) : 0;
        *ret_node = node;
    }
    return code;
}

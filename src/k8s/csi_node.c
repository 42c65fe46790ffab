#include "table.h"
#include <podfit/storage.h>

struct part {
    struct pf_meta meta;
    struct pf_csi_node node;
};

static void read_count(struct pf_decode *d, void *at)
{
    struct pf_csi_limit *limit = at;
    limit->limited = pf_decode_is_set(d);
    pf_decode_i32(d, &limit->count);
}

static void read_drivers(struct pf_decode *d, void *at)
{
    static const struct pf_table_row allocatable_rows[] = {
        PF_TABLE_PART("count", read_count),
    };
    static const struct pf_table_row driver_rows[] = {
        PF_TABLE_VALUE("name", pf_table_string, struct pf_csi_limit, driver),
        PF_TABLE_OBJECT("allocatable", allocatable_rows),
    };
    struct pf_csi_node *node = at;
    size_t cap = 0;
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
        (void)pf_table_read(d, driver_rows, PF_ARRAY_LEN(driver_rows), limit);
    }
}

static const struct pf_table_row spec_rows[] = {
    PF_TABLE_VALUE("drivers", read_drivers, struct part, node),
};

static const struct pf_table_row rows[] = {
    PF_TABLE_VALUE("metadata", pf_table_meta, struct part, meta),
    PF_TABLE_OBJECT("spec", spec_rows),
};

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
    static const struct pf_table_row object = PF_TABLE_OBJECT("", rows);
    struct part part = {.meta = {.deleting = false}};
    const enum pf_code code = pf_table_decode(bytes, arena, &object, &part, err);
    if (code == PF_OK) {
        const struct pf_label *moved = pf_labels_find(
            &part.meta.annotations, PF_SV("storage.alpha.kubernetes.io/migrated-plugins"));
        part.node.name = part.meta.name;
        part.node.moved = moved != NULL ? parse_moved(moved->value) : 0;
        *ret_node = part.node;
    }
    return code;
}
